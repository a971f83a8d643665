"""Every hook, typed. Nothing else lives here. Hooks register callables; the host awaits those with a timeout."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import pluggy
from pydantic import BaseModel

from autoreply.model import Outcome

if TYPE_CHECKING:
    from autoreply.channels.base import Channel
    from autoreply.context import Context
    from autoreply.pipeline import Result

F = TypeVar("F", bound=Callable[..., Any])

hookspec = pluggy.HookspecMarker("autoreply")
_hookimpl = pluggy.HookimplMarker("autoreply")


def hookimpl(function: F) -> F:
    """Mark a plugin's function as the implementation of the hook of the same name."""
    return _hookimpl(function)


Handler = Callable[["Context[Any]"], Awaitable[Outcome]]
"""Answers one intent: reads the context, sends nothing, returns what is to be done."""

ChannelFactory = Callable[..., "Channel"]
"""Makes a channel from its validated settings and ``ChannelHome``."""


class RegisterHandler(Protocol):
    """``register("invoice", answer, settings=Settings)``: settings are read from ``[plugins.<slug>]``."""

    def __call__(self, slug: str, handler: Handler, *, settings: type[BaseModel] | None = None) -> None: ...


class RegisterChannel(Protocol):
    """``register("http", HttpChannel, settings=HttpSettings)``: settings are read from ``[channels.<name>]``."""

    def __call__(self, name: str, factory: ChannelFactory, *, settings: type[BaseModel]) -> None: ...


@hookspec
def register_handlers(register: RegisterHandler) -> None:
    """Register the handlers of this plugin, one call for each intent.

    A plugin from the shop's own folder wins over an installed one, that over a shipped one.
    """


@hookspec
def register_channels(register: RegisterChannel) -> None:
    """Register the channels of this plugin. A channel runs when its section in the settings says ``enabled``."""


@hookspec
def observe_turn(result: "Result") -> None:
    """See every decision after it is kept: for metrics and notices. What it raises is logged and goes no further."""
