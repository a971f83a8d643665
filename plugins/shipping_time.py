"""When an order is sent: from the shop's cut-off, working days and presale dates, and never a day nothing backs.

Public holidays and make-up days come from chinesecalendar; for a year it does not know, a person answers.
"""

from datetime import date, timedelta

import chinese_calendar

from autoreply import Backed, Context, Escalate, RegisterHandler, Reply, hookimpl
from autoreply.facts import Presale, Shipping

LOOK_AHEAD = 15
"""Days: the longest public holiday with its bridge days is shorter."""
WEEKDAYS = "一二三四五六日"
PAID = (
    "拍了 拍好 拍下 拍完 已拍 付了 付好 付完 付过 付款了 已付 已经付 下单了 下了单 已下单 买了 昨天 前天 "
    "我的单 我的订单 这个订单 我那单 这单 发了吗 发了没 发了么 发出了 发货了 发货没 没发 寄了吗 寄出了 出库了"
)
HOLIDAYS = "元旦 春节 过年 除夕 清明 五一 劳动节 端午 中秋 国庆 节假日 法定假 假期 放假 长假"


@hookimpl
def register_handlers(register: RegisterHandler) -> None:
    register("shipping_time", answer)


async def answer(ctx: Context[None]) -> Reply | Escalate:
    """Presale goods by their date; else the promised hours; else what the cut-off and the calendar say."""
    shipping, today = ctx.shop.shipping, ctx.now.date()
    if (goods := presale(ctx)) is not None and goods.ships_on > today:
        return ctx.reply("shipping_time.presale", date=Backed(goods.ships_on, "shop.shipping.presale"))
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


def by_calendar(ctx: Context[None]) -> Reply | Escalate:
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


def presale(ctx: Context[None]) -> Presale | None:
    """The presale goods that the buyer names, or None."""
    return next((p for p in ctx.shop.shipping.presale if ctx.says(p.keywords)), None)


def asked_day(ctx: Context[None]) -> date | None:
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
