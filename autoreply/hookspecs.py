"""Every hook, typed. Nothing else lives here. Hooks register callables; the host awaits those with a timeout."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import pluggy
from pydantic import BaseModel

from autoreply.model import Outcome, Slot

if TYPE_CHECKING:
    import click
    from aiohttp import web

    from autoreply.app import App
    from autoreply.channels.base import Channel
    from autoreply.context import Context
    from autoreply.conversation.notices import Notifier
    from autoreply.pipeline import Result
    from autoreply.records.sources import OrderSource, ProductSource

F = TypeVar("F", bound=Callable[..., Any])

hookspec = pluggy.HookspecMarker("autoreply")
_hookimpl = pluggy.HookimplMarker("autoreply")


def hookimpl(function: F) -> F:
    """Mark a plugin's function as the implementation of the hook of the same name."""
    return _hookimpl(function)


Handler = Callable[["Context[Any, Any]"], Awaitable[Outcome]]
"""Answers one intent: reads the context, sends nothing, returns what is to be done."""

ChannelFactory = Callable[..., "Channel"]
"""Makes a channel from its validated settings and ``ChannelHome``."""


class RegisterHandler(Protocol):
    """``register("invoice", answer, settings=Settings)``: settings are read from ``[plugins.invoice]``.

    ``section`` names another section, such as one that several handlers of a plugin share. ``state`` is the model of
    the handler's memory of a conversation; handlers of one plugin with the same model, or none, share that memory.
    Of two handlers for one intent the shop's own wins over an installed one, that over a shipped one; of the same
    origin the one of higher ``priority``, and the same priority is a problem.
    """

    def __call__(
        self,
        slug: str,
        handler: Handler,
        *,
        settings: type[BaseModel] | None = None,
        section: str | None = None,
        state: type[BaseModel] | None = None,
        priority: int = 0,
    ) -> None: ...


class RegisterChannel(Protocol):
    """``register("http", HttpChannel, settings=HttpSettings)``: settings are read from ``[channels.<name>]``."""

    def __call__(self, name: str, factory: ChannelFactory, *, settings: type[BaseModel]) -> None: ...


class RegisterFolder(Protocol):
    """``register(Path(__file__).parent / "…")``: a folder, of which every TOML file is read."""

    def __call__(self, folder: Path) -> None: ...


class RegisterSlot(Protocol):
    """``register("floor", find)``: ``find(text)`` gives the slots found in a text as written."""

    def __call__(self, name: str, find: Callable[[str], Sequence[Slot]]) -> None: ...


class RegisterFeature(Protocol):
    """``register("has_link", value)``: ``value(clean)`` is a number of about 0..1 that the matcher may learn from.

    It is called for every message and, in training, for every line, so it must be quick; what it gives is cut to -1..1.
    One that raises counts as 0 there, which is logged once. The matcher learns anew when the plugin's file changes.
    """

    def __call__(self, name: str, value: Callable[[str], float]) -> None: ...


class RegisterRecordSource(Protocol):
    """``register("table", orders=table_orders, products=table_products, settings=TableSettings)``.

    Used when ``source`` in ``[records.orders]`` or ``[records.products]`` names it. A factory is called with the
    validated settings of that section and ``RecordsHome``.
    """

    def __call__(
        self,
        name: str,
        *,
        settings: type[BaseModel],
        orders: "Callable[..., OrderSource] | None" = None,
        products: "Callable[..., ProductSource] | None" = None,
    ) -> None: ...


class RegisterNotifier(Protocol):
    """``register("webhook", make, settings=WebhookSettings)``: settings are read from ``[notify.<name>]``.

    ``make(settings, folder)`` gives an object with ``async tell(notice)`` and ``async close()``.
    """

    def __call__(self, name: str, factory: "Callable[..., Notifier]", *, settings: type[BaseModel]) -> None: ...


class RegisterCommand(Protocol):
    """``register(command)``: a click command, to be called as ``autoreply <its name>``."""

    def __call__(self, command: "click.Command") -> None: ...


class RegisterPage(Protocol):
    """``register("/visits", show, title="Visits")``: an aiohttp handler under ``/plugins/<plugin>/visits``."""

    def __call__(
        self, path: str, handler: "Callable[[web.Request], Awaitable[web.StreamResponse]]", *, title: str
    ) -> None: ...


@hookspec
def register_handlers(register: RegisterHandler) -> None:
    """Register the handlers of this plugin, one call for each intent."""


@hookspec
def register_intents(register: RegisterFolder) -> None:
    """Register folders of intent files that come with this plugin. The shop's own files of the same intent win."""


@hookspec
def register_rulebooks(register: RegisterFolder) -> None:
    """Register folders of rulebooks that come with this plugin; they are added to the shipped ones."""


@hookspec
def register_slots(register: RegisterSlot) -> None:
    """Register recognisers of facts in a buyer's words, for ``ctx.slots`` and ``ctx.ask``."""


@hookspec
def register_features(register: RegisterFeature) -> None:
    """Register numbers about a text that the matcher may learn from besides its words."""


@hookspec
def register_channels(register: RegisterChannel) -> None:
    """Register the channels of this plugin. A channel runs when its section in the settings says ``enabled``."""


@hookspec
def register_record_sources(register: RegisterRecordSource) -> None:
    """Register sources of order and product records."""


@hookspec
def register_notifiers(register: RegisterNotifier) -> None:
    """Register ways to tell people of a conversation that waits for them. Used when its section says ``enabled``."""


@hookspec
def register_commands(register: RegisterCommand) -> None:
    """Register commands for the command line."""


@hookspec
def register_pages(register: RegisterPage) -> None:
    """Register pages for the shop's people on the web server."""


@hookspec
def startup(app: "App") -> Awaitable[None] | None:
    """The responder starts and takes no messages yet. What is returned is awaited; what it raises stops the start."""


@hookspec
def shutdown(app: "App") -> Awaitable[None] | None:
    """The responder has stopped taking messages. What is returned is awaited; what it raises is logged."""


@hookspec
def observe_turn(result: "Result") -> None:
    """See every decision after it is kept: for metrics and notices. What it raises is logged and goes no further."""
