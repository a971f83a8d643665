"""A buyer's own orders: where the parcel is, what the order holds, changing and cancelling it, and thanks for it.

Only orders of the very account that writes are spoken of, always masked; the host declines for any other. Nothing is
changed here: a change is possible while the order is unsent, and is a task for a person with what the buyer gave for
it. An order is only ever closed by the buyer's own button. Basis: the platforms' rules on personal data, on closing
orders and on shipping; without order records connected, a person answers as before.
"""

import re
from datetime import datetime, timedelta

from pydantic import BaseModel, Field

from autoreply import Backed, Context, Escalate, Outcome, Priority, RegisterHandler, Reply, Section, hookimpl
from autoreply.records import Order, OrderState

UNSENT = {OrderState.UNPAID, OrderState.PAID}
NOT_HERE = "没收到 没有收到 未收到 没拿到 没见到 没看到 没人 不是我 不是本人 谁签 代签 丢了 丢件 找不到 弄丢 不在"
OTHER_ACCOUNT = (
    "另一个号 另外一个号 另一个账号 另外一个账号 别的号 别的账号 其他账号 其它账号 小号 换了个号 换号 帮别人查 "
    "查一下别人 朋友买的 朋友拍的 朋友的号 老公的号 老婆的号 老公买的 老婆买的 我妈买的 我爸买的 家人买的 "
    "同事买的 同事的号 代拍"
)
NUMBER = "单号 运单 快递号 快递单"
DIGITS = re.compile(r"[0-9*]{6,}")
STREET = re.compile(r"[路街道巷弄村镇乡区县号楼栋幢室单元小苑庄坊]")


class Settings(Section):
    """``[plugins.orders]``"""

    stuck_hours: int = Field(
        48, ge=12, le=240, description="no news of a parcel for so long: a person asks the courier"
    )
    confirm_hours: int = Field(24, ge=1, le=72, description="paid within so many hours is just placed")


class Memory(BaseModel):
    """How often the buyer has asked about the parcel today."""

    day: str = ""
    asked: int = 0


@hookimpl
def register_handlers(register: RegisterHandler) -> None:
    register("logistics", logistics, settings=Settings, section="orders", state=Memory)
    for slug, handler in (
        ("order_info", order_info),
        ("change_address", change_address),
        ("change_order", change_order),
        ("cancel_order", cancel_order),
        ("order_placed", order_placed),
    ):
        register(slug, handler, settings=Settings, section="orders")


# Where is it? ------------------------------------------------------------------------------------------------------


async def logistics(ctx: Context[Settings, Memory]) -> Outcome:
    """The state of the parcel; a person where it is missing, stands still, or is asked about for the third time."""
    if not ctx.keeps("orders"):
        return ctx.escalate("parcel asked about; no order records are connected", "logistics.default")
    order = await _meant(ctx, OrderState.SHIPPED, OrderState.PAID, OrderState.SIGNED)
    if order is None:
        return ctx.escalate("parcel asked about; this account has no order", "logistics.no_order")
    today = ctx.now.date().isoformat()
    ctx.state.asked = 1 + (ctx.state.asked if ctx.state.day == today else 0)
    ctx.state.day = today
    if ctx.says(NOT_HERE) and order.state in (OrderState.SHIPPED, OrderState.SIGNED):
        reason = f"parcel of order {order.order_no} ({order.courier} {order.tracking_no}) not received: {_words(ctx)}"
        return ctx.escalate(reason, "logistics.not_received", priority=Priority.HIGH)
    if ctx.state.asked > 2:
        return ctx.escalate(f"asked {ctx.state.asked} times today about order {order.order_no}", "logistics.person")
    match order.state:
        case OrderState.SHIPPED:
            return _on_its_way(ctx, order)
        case OrderState.PAID:
            return _unsent(ctx, order)
        case OrderState.UNPAID:
            return ctx.reply("logistics.unpaid")
        case OrderState.SIGNED if order.signed_at is not None:
            return ctx.reply("logistics.signed", day=_of(order, order.signed_at.date()))
        case OrderState.SIGNED:
            return ctx.reply("logistics.signed_plain")
        case _:
            return ctx.escalate(f"order {order.order_no} is {order.state}; parcel asked about", "logistics.person")


def _on_its_way(ctx: Context[Settings, Memory], order: Order) -> Reply | Escalate:
    news = order.last_event_at or order.shipped_at
    if news is not None and ctx.now - _local(ctx, news) > timedelta(hours=ctx.settings.stuck_hours):
        since = f"{_local(ctx, news):%m-%d %H:%M}"
        parcel = f"{order.courier} {order.tracking_no} (order {order.order_no})"
        return ctx.escalate(f"no news of {parcel} since {since}", "logistics.stuck")
    known = {name: _of(order, value) for name, value in _parcel(order).items() if value}
    if ctx.says(NUMBER) and "tracking" in known:
        key = "number" if "courier" in known else "number_plain"
    else:
        key = "on_way" if {"courier", "tracking", "event"} <= known.keys() else "on_way_plain"
    return ctx.reply(f"logistics.{key}", **known)


def _unsent(ctx: Context[Settings, Memory], order: Order) -> Reply | Escalate:
    if order.ship_by is None:
        return ctx.reply("logistics.unsent_plain")
    if (by := _local(ctx, order.ship_by)) < ctx.now:
        reason = f"order {order.order_no} should have been sent by {by:%m-%d %H:%M}"
        return ctx.escalate(reason, "logistics.overdue", priority=Priority.HIGH)
    return ctx.reply("logistics.unsent", day=_of(order, by.date()))


def _parcel(order: Order) -> dict[str, str]:
    """What may be said of a parcel. A courier's line may hold names and numbers: then it is left out."""
    event = order.last_event.strip()
    private = DIGITS.search(event) or len(event) > 60 or any(word in event for word in ("电话", "快递员", "手机"))
    return {
        "courier": order.courier,
        "tracking": order.masked_tracking,
        "event": "" if private else event.rstrip("。！!，,"),
    }


# What is in it? ----------------------------------------------------------------------------------------------------


async def order_info(ctx: Context[Settings]) -> Outcome:
    """Contents, state and masked address of the buyer's own order; for another account: to be asked from that one."""
    if ctx.says(OTHER_ACCOUNT):
        return ctx.reply("order_info.other_account")
    if not ctx.keeps("orders"):
        return ctx.escalate("order to be looked up; no order records are connected", "order_info.default")
    order = await _meant(ctx, OrderState.PAID, OrderState.SHIPPED, OrderState.UNPAID)
    if order is None:
        return ctx.reply("order_info.none")
    if order.state in (OrderState.CLOSED, OrderState.REFUNDING):
        return ctx.escalate(f"order {order.order_no} is {order.state}; asked: {_words(ctx)}", "order_info.person")
    known = {"number": order.masked_no, "goods": _goods(order), "address": order.masked_address}
    backed = {name: _of(order, value) for name, value in known.items() if value}
    key = f"order_info.{order.state}" if {"goods", "address"} <= backed.keys() else f"order_info.{order.state}_plain"
    return ctx.reply(key, **backed)


# Changing it -------------------------------------------------------------------------------------------------------


async def change_address(ctx: Context[Settings]) -> Outcome:
    """While unsent: the new address is asked for and becomes a person's task; else the courier may be asked."""
    order = await _to_change(ctx, "address to be changed")
    if not isinstance(order, Order):
        return order
    if order.state is not OrderState.PAID:
        reason = f"order {order.order_no} ({order.courier} {order.tracking_no}) is {order.state}; other address: "
        return ctx.escalate(reason + _words(ctx), "change_address.sent", priority=Priority.HIGH)
    given = str(ctx.slots.get("new_address", "")) or _words(ctx)
    if ctx.asked != "new_address" and not _is_address(given):
        return ctx.ask("new_address", "change_address.which", give_up="change_address.default")
    reason = f"before it is sent, change order {order.order_no} to: {given}"
    return ctx.escalate(reason, "change_address.task", priority=Priority.HIGH)


async def change_order(ctx: Context[Settings]) -> Outcome:
    """While unsent, what is to be different becomes a person's task; nothing is promised before."""
    order = await _to_change(ctx, "order to be changed")
    if not isinstance(order, Order):
        return order
    task = f"order {order.order_no}: {_words(ctx)}"
    if order.state is OrderState.PAID:
        return ctx.escalate(f"before it is sent, {task}", "change_order.task", priority=Priority.HIGH)
    return ctx.escalate(f"already {order.state}, {task}", "change_order.sent")


async def cancel_order(ctx: Context[Settings]) -> Outcome:
    """The buyer's own button; a person stops the parcel. The shop never closes an order, whoever asks for it."""
    order = await _to_change(ctx, "order to be cancelled")
    if not isinstance(order, Order):
        return order
    evidence = f"the buyer asked to cancel order {order.order_no}: {_words(ctx)}"
    match order.state:
        case OrderState.PAID:
            return ctx.escalate(f"do not send; {evidence}", "cancel_order.unsent", priority=Priority.HIGH)
        case OrderState.SHIPPED:
            reason = f"perhaps stop {order.courier} {order.tracking_no}; {evidence}"
            return ctx.escalate(reason, "cancel_order.sent", priority=Priority.HIGH)
        case OrderState.SIGNED:
            return ctx.reply("cancel_order.signed")
        case _:
            return ctx.escalate(f"order is {order.state} already; {evidence}", "cancel_order.person")


async def _to_change(ctx: Context[Settings], wish: str) -> Order | Outcome:
    """The order that a wish is about; unpaid, the buyer can do it alone; without one, a person reads the wish."""
    if not ctx.keeps("orders"):
        return ctx.escalate(f"{wish}: {_words(ctx)}", f"{ctx.slug}.default")
    order = await _meant(ctx, OrderState.PAID, OrderState.UNPAID, OrderState.SHIPPED)
    if order is None:
        return ctx.escalate(f"{wish}, no order found: {_words(ctx)}", f"{ctx.slug}.default")
    return ctx.reply(f"{ctx.slug}.unpaid") if order.state is OrderState.UNPAID else order


# Thanks ------------------------------------------------------------------------------------------------------------


async def order_placed(ctx: Context[Settings]) -> Outcome:
    """Thanks, and the masked address to be checked: by the order just paid where the records have it."""
    order = await _meant(ctx, OrderState.PAID, OrderState.UNPAID) if ctx.keeps("orders") else None
    if order is not None and _fresh(ctx, order):
        if order.state is OrderState.UNPAID:
            return ctx.reply("order_placed.unpaid")
        if order.state is OrderState.PAID and order.masked_address and (goods := _goods(order)):
            return ctx.reply("order_placed.confirm", goods=_of(order, goods), address=_of(order, order.masked_address))
    return ctx.reply("order_placed.default")


# Shared ------------------------------------------------------------------------------------------------------------


async def _meant(ctx: Context[Settings, Memory] | Context[Settings], *likely: OrderState) -> Order | None:
    """The order whose number the buyer gave; else the newest in one of the likely states; else the newest."""
    if "order" in ctx.slots:
        return await ctx.order()
    orders = await ctx.orders()
    for state in likely:
        if (found := next((o for o in orders if o.state is state), None)) is not None:
            return found
    return next(iter(orders), None)


def _fresh(ctx: Context[Settings], order: Order) -> bool:
    since = order.paid_at or order.created_at
    return since is not None and ctx.now - _local(ctx, since) <= timedelta(hours=ctx.settings.confirm_hours)


def _local(ctx: Context[Settings, Memory] | Context[Settings], moment: datetime) -> datetime:
    """A record's time as the shop's clock shows it, like ``ctx.now``."""
    return moment.astimezone(ctx.now.tzinfo)


def _is_address(text: str) -> bool:
    """Long enough and made of what addresses are made of: 县, 路, 号 …"""
    return len(text) >= 9 and len(STREET.findall(text)) >= 2 and any(c.isdigit() for c in text)


def _goods(order: Order) -> str:
    """``每日坚果 混合装 ×2 等3件``; empty where the record has no items."""
    if not order.items:
        return ""
    first = order.items[0]
    name = " ".join(part for part in (first.name, first.sku) if part)
    rest = sum(item.quantity for item in order.items)
    told = f"{name} ×{first.quantity}" if first.quantity > 1 else name
    return f"{told} 等{rest}件" if len(order.items) > 1 else told


def _of(order: Order, value: object) -> Backed:
    return Backed(value, f"order:{order.order_no}")


def _words(ctx: Context[Settings, Memory] | Context[Settings]) -> str:
    """What the buyer wrote, on one line: the evidence of a task."""
    return " / ".join(ctx.turn.text.split("\n"))
