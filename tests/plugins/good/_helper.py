"""A helper of other plugins: its name keeps it from being loaded as one."""

raise RuntimeError("a helper is not loaded by itself")
