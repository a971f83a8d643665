"""Auto-reply for Chinese online shops. What stands here is the public API for plugins.

The names are imported when they are first used, so that a command which needs none of them starts at once.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autoreply.app import App
    from autoreply.context import PHOTO, Context
    from autoreply.hookspecs import (
        RegisterChannel,
        RegisterCommand,
        RegisterFeature,
        RegisterFolder,
        RegisterHandler,
        RegisterNotifier,
        RegisterPage,
        RegisterRecordSource,
        RegisterSlot,
        hookimpl,
    )
    from autoreply.model import Ask, Behaviour, Escalate, Kind, Outcome, Priority, Reply, Silence, Slot
    from autoreply.pipeline import Result
    from autoreply.settings import Section
    from autoreply.texts import Backed

__version__ = "0.1.0"

__all__ = [
    "PHOTO",
    "App",
    "Ask",
    "Backed",
    "Behaviour",
    "Context",
    "Escalate",
    "Kind",
    "Outcome",
    "Priority",
    "RegisterChannel",
    "RegisterCommand",
    "RegisterFeature",
    "RegisterFolder",
    "RegisterHandler",
    "RegisterNotifier",
    "RegisterPage",
    "RegisterRecordSource",
    "RegisterSlot",
    "Reply",
    "Result",
    "Section",
    "Silence",
    "Slot",
    "hookimpl",
]

_HOMES = {
    "App": "app",
    "Backed": "texts",
    "Context": "context",
    "PHOTO": "context",
    "Result": "pipeline",
    "Section": "settings",
    "hookimpl": "hookspecs",
}
"""The module of a name; ``hookspecs`` for all that a hook is given to register with, and else ``model``."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = _HOMES.get(name) or ("hookspecs" if name.startswith("Register") else "model")
    return getattr(import_module(f"{__name__}.{home}"), name)
