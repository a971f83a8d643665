"""Ways in and out, one file each. The built-in ones register themselves by the same hook as anyone's."""

from importlib import import_module
from types import ModuleType

BUILTIN = ("http", "websocket", "webchat")


def builtin() -> list[ModuleType]:
    """The modules of the shipped channels."""
    return [import_module(f"{__name__}.{name}") for name in BUILTIN]
