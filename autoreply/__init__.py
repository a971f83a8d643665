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

_HOMES = {
    "autoreply.app": ("App",),
    "autoreply.context": ("PHOTO", "Context"),
    "autoreply.hookspecs": (
        "RegisterChannel",
        "RegisterCommand",
        "RegisterFeature",
        "RegisterFolder",
        "RegisterHandler",
        "RegisterNotifier",
        "RegisterPage",
        "RegisterRecordSource",
        "RegisterSlot",
        "hookimpl",
    ),
    "autoreply.model": ("Ask", "Behaviour", "Escalate", "Kind", "Outcome", "Priority", "Reply", "Silence", "Slot"),
    "autoreply.pipeline": ("Result",),
    "autoreply.settings": ("Section",),
    "autoreply.texts": ("Backed",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

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


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)
