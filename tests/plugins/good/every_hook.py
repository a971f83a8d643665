"""A plugin that uses every hook: carrying parcels upstairs, with the floor as a slot. Writes down what it sees."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import click
from aiohttp import web

from autoreply import (
    App,
    Backed,
    Context,
    Outcome,
    RegisterChannel,
    RegisterCommand,
    RegisterFeature,
    RegisterFolder,
    RegisterHandler,
    RegisterNotifier,
    RegisterPage,
    RegisterRecordSource,
    RegisterSlot,
    Reply,
    Result,
    Section,
    Slot,
    hookimpl,
)
from autoreply.channels.base import ChannelHome, Delivery, Host, Sending
from autoreply.model import ConversationKey, Message
from autoreply.records import Order, OrderState, RecordsHome

HERE = Path(__file__).parent / "every_hook"
FLOOR = re.compile(r"(\d{1,2})楼")
seen = Path("seen.jsonl")


class On(Section):
    enabled: bool = False


class Floors(Section):
    """``[plugins.upstairs]``."""

    lift_from: int = 4


def note(what: str, **more: Any) -> None:
    with seen.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"what": what, **more}, ensure_ascii=False) + "\n")


# What it answers ---------------------------------------------------------------------------------------------------


@hookimpl
def register_handlers(register: RegisterHandler) -> None:
    register("upstairs", answer, settings=Floors)


@hookimpl
def register_intents(register: RegisterFolder) -> None:
    register(HERE / "intents")


@hookimpl
def register_rulebooks(register: RegisterFolder) -> None:
    register(HERE / "rulebooks")


@hookimpl
def register_slots(register: RegisterSlot) -> None:
    register("floor", lambda text: [Slot("floor", int(m[1]), *m.span()) for m in FLOOR.finditer(text)])


@hookimpl
def register_features(register: RegisterFeature) -> None:
    register("has_floor", has_floor)


@cache
def has_floor(clean: str) -> float:
    if clean == "住3楼":
        note("feature")
    return float("楼" in clean)


async def answer(ctx: Context[Floors]) -> Outcome:
    if (floor := ctx.slots.get("floor")) is None:
        return ctx.ask("floor", "upstairs.which_floor")
    if int(floor) >= ctx.settings.lift_from:
        return Reply("天梯上楼服务马上安排。")  # which the rulebook of this plugin forbids
    order = await ctx.order()
    assert order is not None
    return ctx.reply("upstairs.yes", courier=Backed(order.courier, f"order:{order.order_no}"))


# What goes in and out ----------------------------------------------------------------------------------------------


class Letters:
    """A channel: POST a text, read the answers in the notes."""

    takes_key = False

    def __init__(self, settings: On, home: ChannelHome) -> None:
        self.name = home.name

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/letters", self._take)]

    async def start(self, host: Host) -> None:
        self._host = host

    async def stop(self) -> None:
        """The web server is not this channel's."""

    async def close(self) -> None:
        """Nothing is held open."""

    async def send(self, sending: Sending) -> Delivery:
        note("send", text=sending.released.text)
        return Delivery.DELIVERED

    async def _take(self, request: web.Request) -> web.Response:
        key = ConversationKey(self.name, self._host.shop_id, "c1")
        text = await request.text()
        receipt = await self._host.accept(Message(key, request.query["id"], "b1", text))
        return web.json_response({"seq": receipt.seq})


@hookimpl
def register_channels(register: RegisterChannel) -> None:
    register("letters", Letters, settings=On)


class OneOrder:
    """Orders: everybody has one that is on its way with this courier."""

    def __init__(self, settings: Section, home: RecordsHome) -> None:
        global seen
        seen = home.folder / "seen.jsonl"

    async def start(self) -> None:
        note("records open")

    async def close(self) -> None:
        note("records close")

    async def orders_of(self, shop_id: str, buyer_id: str) -> list[Order]:
        return [Order(order_no="1001", buyer_id=buyer_id, state=OrderState.SHIPPED, courier="中通")]

    async def order(self, shop_id: str, order_no: str) -> Order | None:
        return None


@hookimpl
def register_record_sources(register: RegisterRecordSource) -> None:
    register("one_order", orders=OneOrder, settings=Section)


class Bell:
    """A notifier."""

    def __init__(self, settings: On, folder: Path) -> None:
        """No settings."""

    async def tell(self, notice: Any) -> None:
        note("tell", kind=notice.kind, reason=notice.item.reason)

    async def close(self) -> None:
        note("bell close")


@hookimpl
def register_notifiers(register: RegisterNotifier) -> None:
    register("bell", Bell, settings=On)


# What people see ---------------------------------------------------------------------------------------------------


@hookimpl
def register_commands(register: RegisterCommand) -> None:
    @click.command("floors")
    def floors() -> None:
        """How many floors there are."""
        click.echo("99 floors")

    register(floors)


@hookimpl
def register_pages(register: RegisterPage) -> None:
    async def show(request: web.Request) -> web.Response:
        return web.Response(text="three parcels today")

    register("/today", show, title="Parcels upstairs")


# When it runs ------------------------------------------------------------------------------------------------------


@hookimpl
async def startup(app: App) -> None:
    note("startup", shop=app.brain.shop.id)


@hookimpl
def shutdown() -> None:
    note("shutdown")


@hookimpl
def observe_turn(result: Result) -> None:
    note("observe", behaviour=result.behaviour, intents=list(result.intents), rules=list(result.rules))
