"""When an order is sent: from the shop's cut-off, working days and dates of their own, never a day nothing backs.

Goods on presale, goods made to order and campaigns have dates of their own, and so has an order that the records know.
Who urges gets an apology and the order's state, then a task for the warehouse, then a person. Of late shipping no sum
is ever named to a buyer: the platform's own entry is, and a person looks (Tmall's rule on 延迟发货 of 2019).

Public holidays and make-up days come from chinesecalendar; for a year it does not know, a person answers.
"""

from datetime import date, datetime, time, timedelta

import chinese_calendar
from pydantic import BaseModel, Field, model_validator

from autoreply import Backed, Context, Escalate, Outcome, Priority, RegisterHandler, Reply, Section, hookimpl
from autoreply.facts import DayRange, Presale, Shipping, Word
from autoreply.records import Order, OrderState, RecordsDown

LOOK_AHEAD = 15
"""Days: the longest public holiday with its bridge days is shorter."""
WEEKDAYS = "一二三四五六日"
PAID = (
    "拍了 拍好 拍下 拍完 已拍 付了 付好 付完 付过 付款了 已付 已经付 下单了 下了单 已下单 买了 昨天 前天 "
    "我的单 我的订单 这个订单 我那单 这单 发了吗 发了没 发了么 发出了 发货了 发货没 没发 寄了吗 寄出了 出库了"
)
BUYING = "现在买 现在拍 现在下单 现在付 今天买 今天拍 今天下单 明天买 明天拍 马上买 马上拍 马上下单 再买 再拍 准备买"
NOT_YET = f"{BUYING} 如果 要是 的话 打算"
HOLIDAYS = "元旦 春节 过年 除夕 清明 五一 劳动节 端午 中秋 国庆 节假日 法定假 假期 放假 长假"
SALES = "双十一 双11 双十二 双12 618 六一八 年货节 大促"
CUSTOM = "定制 订制 定做 订做 刻字 印字 印图 印名字 来图"
LATE = "late-shipping"
"""The duty of a message that claims something for late shipping."""
CLAIM = "赔 补偿"


class Campaign(Section):
    """An order paid from ``first`` to ``last`` is sent within so many hours, or by a day."""

    name: Word = Field(description="how buyers call it", examples=["双11"])
    first: date = Field(description="orders paid from this day on")
    last: date = Field(description="to this day")
    within_hours: int | None = Field(None, ge=1, le=720, description="sent at the latest this many hours after payment")
    ships_by: date | None = Field(None, description="sent by this day")

    @model_validator(mode="after")
    def _sound(self) -> "Campaign":
        if self.last < self.first:
            raise ValueError("last lies before first")
        if (self.within_hours is None) == (self.ships_by is None):
            raise ValueError("give either within_hours or ships_by")
        if self.ships_by is not None and self.ships_by < self.first:
            raise ValueError("ships_by lies before first")
        return self


class Settings(Section):
    """``[plugins.shipping]``: dates of their own, besides ``[shop.shipping]``."""

    campaigns: tuple[Campaign, ...] = ()
    custom_days: DayRange | None = Field(None, description="days after payment in which goods made to order are sent")


class Urged(BaseModel):
    """How often the buyer has urged for which order; empty where it is not known."""

    order: str = ""
    times: int = 0


@hookimpl
def register_handlers(register: RegisterHandler) -> None:
    register("shipping_time", answer, settings=Settings, section="shipping", state=Urged)
    register("urge_shipping", urge, settings=Settings, section="shipping", state=Urged)


async def answer(ctx: Context[Settings, Urged]) -> Outcome:
    """The buyer's own order by its own deadline, goods by their own date; else by the cut-off and the calendar."""
    shipping, today = ctx.shop.shipping, ctx.now.date()
    if LATE in ctx.duties:
        return await urge(ctx)
    if (order := await _own(ctx)) is not None:
        return _of_order(ctx, order)
    if (own := await _own_date(ctx)) is not None:
        return own
    if (campaign := _campaign(ctx)) is not None:
        return _in_campaign(ctx, campaign)
    if ctx.says(SALES):
        return ctx.escalate("asks of a sale that [plugins.shipping] has no campaign for", "shipping_time.checked")
    if shipping.cutoff is None:
        if shipping.within_hours is None:
            return ctx.escalate("shipping_time: neither cutoff nor within_hours is set in [shop.shipping]")
        return ctx.reply("shipping_time.within")
    if ctx.says(PAID):
        return ctx.reply("shipping_time.paid")
    try:
        return by_calendar(ctx)
    except NotImplementedError:
        return ctx.escalate(f"shipping_time: no holiday calendar for {today.year} or the days after {today}")


# Goods and times with dates of their own ---------------------------------------------------------------------------


async def _own_date(ctx: Context[Settings, Urged]) -> Outcome | None:
    """Of goods on presale or made to order, by the settings or by the product's record."""
    today = ctx.now.date()
    if (goods := presale(ctx)) is not None and goods.ships_on > today:
        return ctx.reply("shipping_time.presale", date=Backed(goods.ships_on, "shop.shipping.presale"))
    custom = ctx.says(CUSTOM)
    if ctx.keeps("products"):
        try:
            named = await ctx.products()
        except RecordsDown as e:
            ctx.log.warning("products cannot be looked up; answered in general", reason=e.reason)
            named = []
        for product in named[:1]:
            if product.ships_on is not None and product.ships_on > today:
                source = f"product:{product.product_id}"
                return ctx.reply("shipping_time.presale", date=Backed(product.ships_on, source))
            custom = custom or product.custom
    if not custom:
        return None
    if ctx.settings.custom_days is None:
        task = "goods made to order: custom_days is not set in [plugins.shipping]"
        return ctx.escalate(task, "shipping_time.checked")
    return ctx.reply("shipping_time.custom", days=Backed(ctx.settings.custom_days, "plugins.shipping.custom_days"))


def presale(ctx: Context[Settings, Urged]) -> Presale | None:
    """The presale goods that the buyer names, or None."""
    return next((p for p in ctx.shop.shipping.presale if ctx.says(p.keywords)), None)


def _campaign(ctx: Context[Settings, Urged]) -> Campaign | None:
    """The campaign that runs now, or that the buyer names before it is over."""
    today = ctx.now.date()
    ahead = [c for c in ctx.settings.campaigns if today <= c.last]
    named = next((c for c in ahead if ctx.says([c.name])), None)
    return named or next((c for c in ahead if c.first <= today), None)


def _in_campaign(ctx: Context[Settings, Urged], campaign: Campaign) -> Reply:
    source = "plugins.shipping.campaigns"
    values = {"first": Backed(campaign.first, source), "last": Backed(campaign.last, source)}
    if campaign.ships_by is not None:
        return ctx.reply("shipping_time.campaign_by", by=Backed(campaign.ships_by, source), **values)
    return ctx.reply("shipping_time.campaign", hours=Backed(campaign.within_hours, source), **values)


# An order that the records know ------------------------------------------------------------------------------------


async def _own(ctx: Context[Settings, Urged]) -> Order | None:
    """The order that the buyer means: by its number, or one that is not sent yet; None: a question in general.

    Raises:
        RecordsDown, NotTheirs: an order is meant and cannot be read, or is another account's.
    """
    meant = ctx.says(PAID)
    if not ctx.keeps("orders") or ctx.says(NOT_YET) or (presale(ctx) is not None and not meant):
        return None
    if "order" in ctx.slots and (named := await ctx.order()) is not None:
        return named
    try:
        orders = await ctx.orders()
    except RecordsDown:
        if meant:
            raise
        return None
    return _unsent(orders) or next((o for o in orders if meant and o.state in _TOLD), None)


_TOLD = (OrderState.UNPAID, OrderState.SHIPPED)


def _unsent(orders: tuple[Order, ...]) -> Order | None:
    """Of the orders that are paid and not sent, the one that has waited longest."""
    return next((order for order in reversed(orders) if order.state is OrderState.PAID), None)


def _of_order(ctx: Context[Settings, Urged], order: Order) -> Outcome:
    """The state of one order, and by when it is sent. One that is late already is for a person at once."""
    source = f"order:{order.order_no}"
    number = Backed(order.masked_no, source)
    match order.state:
        case OrderState.PAID:
            until = deadline(ctx, order)
            if until is None:
                task = f"order {order.order_no} is paid; neither its record nor [shop.shipping] says when it is sent"
                return ctx.escalate(task, "shipping_time.checked")
            if until[0] <= ctx.now:
                return _late(ctx, order, until[0])
            return ctx.reply("shipping_time.order_paid", no=number, moment=Backed(_moment(until[0]), until[1]))
        case OrderState.SHIPPED if order.shipped_at is not None:
            day = Backed(order.shipped_at.date(), source)
            return ctx.reply("shipping_time.order_sent", no=number, date=day)
        case OrderState.SHIPPED | OrderState.SIGNED:
            return ctx.reply("shipping_time.order_gone", no=number)
        case OrderState.UNPAID:
            return ctx.reply("shipping_time.order_unpaid", no=number)
        case _:
            task = f"order {order.order_no} is {order.state} and the buyer asks when it is sent"
            return ctx.escalate(task, "shipping_time.checked")


def deadline(ctx: Context[Settings, Urged], order: Order) -> tuple[datetime, str] | None:
    """By when an order is to be sent, and what backs it: its record, a campaign, or the hours promised to all.

    Goods with a date of their own are in no such hours: without a date in the record, None.
    """
    if order.ship_by is not None:
        return order.ship_by, f"order:{order.order_no}"
    names = " ".join(item.name + item.sku for item in order.items)
    special = [*CUSTOM.split(), *(word for goods in ctx.shop.shipping.presale for word in goods.keywords), "预售"]
    if order.paid_at is None or any(word in names for word in special):
        return None
    for campaign in ctx.settings.campaigns:
        if campaign.first <= order.paid_at.date() <= campaign.last:
            if campaign.ships_by is not None:
                end = datetime.combine(campaign.ships_by, time(23, 59), order.paid_at.tzinfo)
            else:
                end = order.paid_at + timedelta(hours=campaign.within_hours or 0)
            return end, "plugins.shipping.campaigns"
    hours = ctx.shop.shipping.within_hours
    return None if hours is None else (order.paid_at + timedelta(hours=hours), "shop.shipping.within_hours")


def _moment(moment: datetime) -> str:
    return f"{moment.month}月{moment.day}日{moment:%H:%M}"


# Who urges ---------------------------------------------------------------------------------------------------------


async def urge(ctx: Context[Settings, Urged]) -> Outcome:
    """Apologise and say how the order stands; the second time a task for the warehouse, the third time a person.

    Without records the state of an order is for a person to look up, each time. Who has not bought yet urges nothing.
    """
    if LATE not in ctx.duties and ctx.says(BUYING) and not ctx.says(PAID):
        return await answer(ctx)
    order = None
    if ctx.keeps("orders"):
        order = (await ctx.order() if "order" in ctx.slots else None) or _meant(await ctx.orders())
        if order is None and LATE not in ctx.duties and ctx.asked != "order":
            return ctx.ask("order", "urge_shipping.which_order", give_up="urge_shipping.default")
    number = order.order_no if order is not None else ""
    times = ctx.state.times + 1 if ctx.state.order == number else 1
    ctx.state.order, ctx.state.times = number, times
    if LATE in ctx.duties or ctx.says(CLAIM):
        task = f"claims something for late shipping, name no sum and ask for no withdrawal; {_evidence(ctx, order)}"
        return ctx.escalate(task, "urge_shipping.claim", priority=Priority.HIGH)
    if order is None:
        priority = Priority.HIGH if times > 2 else Priority.NORMAL
        task = f"urges, time {times}: look up whether the order is sent; {_evidence(ctx, order)}"
        return ctx.escalate(task, "urge_shipping.default", priority=priority)
    if order.state is not OrderState.PAID:
        return _of_order(ctx, order)
    until = deadline(ctx, order)
    if until is not None and until[0] <= ctx.now:
        return _late(ctx, order, until[0])
    if times == 1 and until is not None:
        number = Backed(order.masked_no, f"order:{order.order_no}")
        return ctx.reply("urge_shipping.state", no=number, moment=Backed(_moment(until[0]), until[1]))
    if times <= 2:
        task = f"warehouse: send this order as early as can be; {_evidence(ctx, order)}"
        return ctx.escalate(task, "urge_shipping.warehouse")
    task = f"urges for the {times}th time: speak to the buyer; {_evidence(ctx, order)}"
    return ctx.escalate(task, "urge_shipping.person", priority=Priority.HIGH)


def _meant(orders: tuple[Order, ...]) -> Order | None:
    """The order that is urged for: one not sent yet, else the newest if that is sent or not paid."""
    newest = next(iter(orders), None)
    return _unsent(orders) or (newest if newest is not None and newest.state in _TOLD else None)


def _late(ctx: Context[Settings, Urged], order: Order, until: datetime) -> Escalate:
    task = f"LATE: was to be sent by {until:%Y-%m-%d %H:%M}; {_evidence(ctx, order)}. Send it or tell the buyer when"
    return ctx.escalate(task, "urge_shipping.late", priority=Priority.HIGH)


def _evidence(ctx: Context[Settings, Urged], order: Order | None) -> str:
    """What a person needs to act: the order as the record has it, and the buyer's words."""
    said = f"buyer: “{ctx.understanding.clean[:80]}”"
    if order is None:
        return said
    paid = f"{order.paid_at:%Y-%m-%d %H:%M}" if order.paid_at is not None else "at a time not recorded"
    return f"order {order.order_no} ({order.state}), paid {paid}, {said}"


# The calendar ------------------------------------------------------------------------------------------------------


def by_calendar(ctx: Context[Settings, Urged]) -> Reply | Escalate:
    """The day that the buyer asks about, or the next one on which the warehouse sends.

    Raises:
        NotImplementedError: the holiday calendar does not cover a day that matters.
    """
    shipping, today = ctx.shop.shipping, ctx.now.date()
    if ctx.says(HOLIDAYS) and not ctx.says([f"{name}前" for name in HOLIDAYS.split()]):
        return ctx.reply("shipping_time.holiday_open" if shipping.holidays else "shipping_time.holiday_closed")
    if (asked := asked_day(ctx)) is not None and asked > today:
        day = _named(asked, today, "shop.shipping.weekends")
        if sends_on(shipping, asked):
            return ctx.reply("shipping_time.open_on", day=day)
        if (following := first_shipping_day(shipping, asked)) is not None:
            return ctx.reply(
                "shipping_time.closed_on", day=day, next=_named(following, today, "shop.shipping.weekends")
            )
    late = shipping.cutoff is not None and ctx.now.time() >= shipping.cutoff
    following = first_shipping_day(shipping, today + timedelta(days=late))
    if following is None:
        return ctx.escalate(f"shipping_time: no shipping day within {LOOK_AHEAD} days")
    name = _named(following, today, "shop.shipping.cutoff")
    if following == today:
        return ctx.reply("shipping_time.today", day=name)
    return ctx.reply("shipping_time.after_cutoff" if sends_on(shipping, today) else "shipping_time.resting", day=name)


def asked_day(ctx: Context[Settings, Urged]) -> date | None:
    """The day of the week or of the month that the buyer names, the next one of that name. None beside 今天, 明天 …"""
    today = ctx.now.date()
    if "day" in ctx.slots:
        return None
    weekday = 6 if ctx.says("周末 双休") and today.isoweekday() < 6 else ctx.slots.get("weekday")
    if isinstance(weekday, int):
        return today + timedelta(days=(weekday - today.isoweekday()) % 7)
    named = str(ctx.slots.get("date", "")).split("-")
    days = (today + timedelta(days=n) for n in range(LOOK_AHEAD * 2 + 1))
    return next((d for d in days if f"{d:%Y-%m-%d}".split("-")[-len(named) :] == named), None)


def first_shipping_day(shipping: Shipping, start: date) -> date | None:
    """The first day from ``start`` on on which the warehouse sends; None if none comes soon.

    Raises:
        NotImplementedError: the holiday calendar does not cover a day that matters.
    """
    days = (start + timedelta(days=n) for n in range(LOOK_AHEAD))
    return next((day for day in days if sends_on(shipping, day)), None)


def sends_on(shipping: Shipping, day: date) -> bool:
    """Whether the warehouse sends on ``day``: make-up days count as working days, holidays by setting.

    Raises:
        NotImplementedError: the holiday calendar does not cover the day.
    """
    if shipping.weekends and shipping.holidays:
        return True
    resting, holiday = chinese_calendar.get_holiday_detail(day)
    if not resting:
        return True
    return shipping.holidays if holiday else shipping.weekends


def _named(day: date, today: date, source: str) -> Backed:
    """今天, 明天, 后天 or 12月1日（周二）."""
    near = ("今天", "明天", "后天")
    ahead = (day - today).days
    full = f"{day.month}月{day.day}日（周{WEEKDAYS[day.weekday()]}）"
    return Backed(near[ahead] if ahead < len(near) else full, source)
