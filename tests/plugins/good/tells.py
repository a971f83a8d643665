"""Numbers about a text for the matcher: one that works, one that does not, one that is none."""

from autoreply import hookimpl


@hookimpl
def register_features(register):
    register("says_receipt", lambda clean: "receipt" in clean)
    register("breaks", breaks)
    register("is_none", lambda clean: float("nan"))


def breaks(clean: str) -> float:
    raise RuntimeError("no idea")
