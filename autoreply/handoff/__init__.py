"""Ways to tell people of the queue, one file each. The built-in ones register themselves by the hook that all use."""

from importlib import import_module
from types import ModuleType

BUILTIN = ("webhook",)


def builtin() -> list[ModuleType]:
    """The modules of the shipped notifiers."""
    return [import_module(f"{__name__}.{name}") for name in BUILTIN]
