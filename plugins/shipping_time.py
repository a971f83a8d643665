"""When an order is sent: from the shop's cut-off, working days and presale dates, and never a day nothing backs.

Public holidays and make-up days come from chinesecalendar; for a year it does not know, a person answers.
"""

from datetime import date, datetime, timedelta

import chinese_calendar

from autoreply import Backed, Context, Escalate, RegisterHandler, Reply, hookimpl
from autoreply.facts import Presale, Shipping

LOOK_AHEAD = 15
"""Days: the longest public holiday with its bridge days is shorter."""


@hookimpl
def register_handlers(register: RegisterHandler) -> None:
    register("shipping_time", answer)


async def answer(ctx: Context[None]) -> Reply | Escalate:
    """Presale goods by their date; else the next day on which the warehouse sends; else the promised hours."""
    shipping, today = ctx.shop.shipping, ctx.now.date()
    if (goods := presale(shipping, ctx.turn.text)) is not None and goods.ships_on > today:
        return ctx.reply("shipping_time.presale", date=Backed(goods.ships_on, "shop.shipping.presale"))
    if shipping.cutoff is None:
        if shipping.within_hours is None:
            return ctx.escalate("shipping_time: neither cutoff nor within_hours is set in [shop.shipping]")
        return ctx.reply("shipping_time.within")
    try:
        day = next_shipping_day(shipping, ctx.now)
    except NotImplementedError:
        return ctx.escalate(f"shipping_time: no holiday calendar for {today.year} or the days after {today}")
    if day is None:
        return ctx.escalate(f"shipping_time: no shipping day within {LOOK_AHEAD} days")
    name = Backed(day_name(day, today), "shop.shipping.cutoff")
    if day == today:
        return ctx.reply("shipping_time.today", day=name)
    resting = not sends_on(shipping, today)
    return ctx.reply("shipping_time.resting" if resting else "shipping_time.after_cutoff", day=name)


def presale(shipping: Shipping, text: str) -> Presale | None:
    """The presale goods that a text names, or None."""
    folded = text.casefold()
    return next((p for p in shipping.presale if any(w.casefold() in folded for w in p.keywords)), None)


def next_shipping_day(shipping: Shipping, now: datetime) -> date | None:
    """The day on which an order paid at ``now`` (shop's time) is sent; None if none comes soon.

    Raises:
        NotImplementedError: the holiday calendar does not cover a day that matters.
    """
    first = 0 if shipping.cutoff is None or now.time() < shipping.cutoff else 1
    days = (now.date() + timedelta(days=n) for n in range(first, LOOK_AHEAD))
    return next((day for day in days if sends_on(shipping, day)), None)


def sends_on(shipping: Shipping, day: date) -> bool:
    """Whether the warehouse sends on ``day``: make-up days count as working days, holidays by setting."""
    resting, holiday = chinese_calendar.get_holiday_detail(day)
    if not resting:
        return True
    return shipping.holidays if holiday else shipping.weekends


def day_name(day: date, today: date) -> str:
    """今天, 明天, 后天 or 12月1日."""
    near = ("今天", "明天", "后天")
    ahead = (day - today).days
    return near[ahead] if ahead < len(near) else f"{day.month}月{day.day}日"
