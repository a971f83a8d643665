"""After the parcel came: returns and exchanges, refunds, the way back and its cost, wrong or broken goods, faults.

The cause is asked first, for it decides the path and who pays: a fault, a wrong or broken delivery is the shop's, a
change of mind the buyer's unless the settings say otherwise. Seven days without a reason are the law; what it excludes
is named by the settings alone. A picture in the chat is asked for, the options are named, and a person decides money.
Basis: 消费者权益保护法 24 and 25, and the platforms' rules on return insurance and on refunds without return.
"""

from datetime import datetime, timedelta

from pydantic import BaseModel

from autoreply import PHOTO, Backed, Context, Escalate, Kind, Outcome, Priority, RegisterHandler, hookimpl
from autoreply.records import Order, OrderState

FAULT, WRONG, TRANSIT, MISMATCH, MIND, WORN = "fault", "wrong", "transit", "mismatch", "mind", "worn"
CAUSES = {
    WRONG: "发错 错发 寄错 少发 漏发 少了 缺了 缺件 没发全 不是我买的 不是我要的 不是我拍的 颜色不对 型号不对 款式不对",
    TRANSIT: "压坏 摔坏 碎了 压扁 运输 快递弄 快递摔 破损 漏液 洒了",
    FAULT: (
        "质量 坏了 坏的 瑕疵 有问题 毛病 故障 裂 异味 臭 掉色 褪色 开线 脱线 起球 不能用 用不了 没反应 "
        "过期 变质 发霉 破洞 漏"
    ),
    MISMATCH: "描述不符 不符 和图片 跟图片 色差 不一样 实物",
    WORN: "用过 洗过 穿过 拆封 拆了 开封 剪了吊牌 吊牌没了 没有包装 包装扔",
    MIND: (
        "不想要 不喜欢 不合适 不合身 大了 小了 太大 太小 买错 拍错 选错 买多 后悔 不需要 用不上 无理由 没理由 "
        "七天 7天 不满意"
    ),
}
"""Causes of a return by the words that buyers have for them; the first that is named holds."""
OURS = {FAULT, WRONG, TRANSIT, MISMATCH}
"""Causes for which the shop pays the way back."""
ONLY_REFUND = "仅退款 只退款 不退货退款 不退货只 直接退款 退款不退货 货不退 东西不退"
MONEY_WHEN = "到账 到帐 多久 什么时候 啥时候 几天 多长时间 进度 没收到 还没退 没退 退到哪 原路"
EXCHANGE = "换货 换一个 换一件 换大 换小 换个 调换 更换"


class Memory(BaseModel):
    """What is known of the case in this conversation."""

    cause: str = ""


@hookimpl
def register_handlers(register: RegisterHandler) -> None:
    for slug, handler in (
        ("return_exchange", return_exchange),
        ("return_freight", return_freight),
        ("refund", refund),
        ("wrong_item", wrong_item),
        ("quality", quality),
    ):
        register(slug, handler, state=Memory)


async def return_exchange(ctx: Context[None, Memory]) -> Outcome:
    """By the cause: the buyer's own way through the order page, or a picture and a person."""
    cause = _cause(ctx)
    if not cause:
        return ctx.ask("cause", "return_exchange.cause", choices=CAUSES, give_up="return_exchange.person")
    if cause in OURS:
        return _with_picture(ctx, cause, "return_exchange")
    order = await _received(ctx)
    if goods := _excluded(ctx, order):
        reason = f"return of what the law may exclude ({goods}): {_words(ctx)}"
        kind = Backed(goods, "shop.returns.no_reason_excluded")
        return ctx.escalate(reason, "return_exchange.excluded", kind=kind)
    if cause == WORN:
        return ctx.escalate(f"return of opened or used goods{_of(order)}: {_words(ctx)}", "return_exchange.worn")
    if order is not None and (last := _last_day(ctx, order)) is not None:
        if ctx.now.date() > last.date():
            reason = f"return asked for after the last day {last:%m-%d}{_of(order)}: {_words(ctx)}"
            return ctx.escalate(reason, "return_exchange.late")
        key = "exchange_until" if ctx.says(EXCHANGE) else "until"
        return ctx.reply(f"return_exchange.{key}", day=Backed(last.date(), f"order:{order.order_no}"))
    return ctx.reply("return_exchange.exchange" if ctx.says(EXCHANGE) else "return_exchange.no_reason")


async def return_freight(ctx: Context[None, Memory]) -> Outcome:
    """Who pays the way back, by the cause where one is named; the insurer pays what was insured, never the shop."""
    cause = _cause(ctx)
    if cause in OURS:
        return ctx.reply("return_freight.ours")
    if cause in (MIND, WORN) and ctx.shop.returns.buyer_pays_no_reason:
        return ctx.reply("return_freight.insured" if ctx.shop.returns.freight_insurance else "return_freight.buyers")
    return ctx.reply("return_freight.default")


async def refund(ctx: Context[None, Memory]) -> Outcome:
    """How far a refund has come, by the record; what is to be paid a person decides, and never without a return."""
    if ctx.says(ONLY_REFUND):
        return ctx.escalate(f"refund without return wished: {_words(ctx)}", "refund.person", priority=Priority.HIGH)
    if not ctx.keeps("orders"):
        return ctx.escalate(f"refund asked about: {_words(ctx)}", "refund.default")
    order = await ctx.order()
    if order is None:
        return ctx.escalate(f"refund asked about, no order found: {_words(ctx)}", "refund.default")
    if order.state is OrderState.REFUNDING:
        if ctx.says(MONEY_WHEN):
            return ctx.reply("refund.under_way")
        return ctx.escalate(f"refund of order {order.order_no} is under way: {_words(ctx)}", "refund.person")
    if order.state is OrderState.PAID:
        return ctx.escalate(f"refund before sending of order {order.order_no}: {_words(ctx)}", "refund.unsent")
    return ctx.escalate(f"refund of order {order.order_no} ({order.state}): {_words(ctx)}", "refund.default")


async def wrong_item(ctx: Context[None, Memory]) -> Outcome:
    """Wrong, missing or broken on arrival: sorry, a picture in the chat, the options, a person at once."""
    return _with_picture(ctx, _cause(ctx) or WRONG, "wrong_item")


async def quality(ctx: Context[None, Memory]) -> Outcome:
    """A fault found in use: sorry, a picture, a person; the warranty as the page words it where one is configured."""
    asked_for_warranty = ctx.says("保修 质保 保几年 保多久 三包 维修") and not ctx.says(CAUSES[FAULT])
    if asked_for_warranty and not ctx.asked:
        if ctx.shop.returns.warranty is None:
            return ctx.escalate("warranty asked for; shop.returns.warranty is not set", "quality.warranty_person")
        return ctx.reply("quality.warranty")
    return _with_picture(ctx, FAULT, "quality")


# Shared ------------------------------------------------------------------------------------------------------------


def _cause(ctx: Context[None, Memory]) -> str:
    """The cause: the one just chosen or named, else the one named before."""
    chosen = ctx.slots.get("cause")
    named = chosen if chosen in CAUSES else next((c for c, words in CAUSES.items() if ctx.says(words)), "")
    ctx.state.cause = str(named) or ctx.state.cause
    return ctx.state.cause


def _with_picture(ctx: Context[None, Memory], cause: str, slug: str) -> Outcome:
    """Ask for a picture, then hand over with it. Who would rather describe it may do so."""
    seen = ctx.slots.get(PHOTO)
    if seen == PHOTO or Kind.IMAGE in ctx.turn.kinds:
        return _case(ctx, cause, slug, "with a picture")
    if seen is not None:
        return _case(ctx, cause, slug, "described, no picture")
    return ctx.ask(PHOTO, f"{slug}.photo", give_up=f"{slug}.person")


def _case(ctx: Context[None, Memory], cause: str, slug: str, evidence: str) -> Escalate:
    reason = f"{slug}: {cause}, {evidence}: {_words(ctx) or 'see the picture'}"
    return ctx.escalate(reason, f"{slug}.case", priority=Priority.HIGH)


async def _received(ctx: Context[None, Memory]) -> Order | None:
    """The newest order that the buyer has in hand, where records are connected."""
    if not ctx.keeps("orders"):
        return None
    if "order" in ctx.slots:
        return await ctx.order()
    orders = await ctx.orders()
    return next((o for o in orders if o.state is OrderState.SIGNED), None)


def _last_day(ctx: Context[None, Memory], order: Order) -> datetime | None:
    """The last day on which goods may go back without a reason, counted from the day after the signing."""
    if order.signed_at is None:
        return None
    return order.signed_at.astimezone(ctx.now.tzinfo) + timedelta(days=ctx.shop.returns.days)


def _excluded(ctx: Context[None, Memory], order: Order | None) -> str:
    """The kind of goods that the law excludes, where the buyer or the order names one."""
    bought = " ".join(f"{i.name} {i.sku}" for i in order.items) if order is not None else ""
    kinds = ctx.shop.returns.no_reason_excluded
    return next((kind for kind in kinds if kind in bought or ctx.says([kind])), "")


def _of(order: Order | None) -> str:
    return f" of order {order.order_no}" if order is not None else ""


def _words(ctx: Context[None, Memory]) -> str:
    return " / ".join(line for line in ctx.turn.text.split("\n") if line)
