"""Auto-reply for Chinese online shops. What stands here is the public API for plugins.

The names are imported when they are first used, so that a command which needs none of them starts at once.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autoreply.context import Context
    from autoreply.hookspecs import RegisterChannel, RegisterHandler, hookimpl
    from autoreply.model import Ask, Behaviour, Escalate, Kind, Outcome, Priority, Reply, Silence
    from autoreply.pipeline import Result
    from autoreply.settings import Section
    from autoreply.texts import Backed

__version__ = "0.1.0"

_HOMES = {
    "autoreply.context": ("Context",),
    "autoreply.hookspecs": ("RegisterChannel", "RegisterHandler", "hookimpl"),
    "autoreply.model": ("Ask", "Behaviour", "Escalate", "Kind", "Outcome", "Priority", "Reply", "Silence"),
    "autoreply.pipeline": ("Result",),
    "autoreply.settings": ("Section",),
    "autoreply.texts": ("Backed",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Ask",
    "Backed",
    "Behaviour",
    "Context",
    "Escalate",
    "Kind",
    "Outcome",
    "Priority",
    "RegisterChannel",
    "RegisterHandler",
    "Reply",
    "Result",
    "Section",
    "Silence",
    "hookimpl",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)
