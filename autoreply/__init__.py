"""Auto-reply for Chinese online shops. What stands here is the public API for plugins."""

from autoreply.context import Context
from autoreply.hookspecs import RegisterChannel, RegisterHandler, hookimpl
from autoreply.model import Ask, Behaviour, Escalate, Kind, Outcome, Priority, Reply, Silence
from autoreply.pipeline import Result
from autoreply.settings import Section
from autoreply.texts import Backed

__version__ = "0.1.0"

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
