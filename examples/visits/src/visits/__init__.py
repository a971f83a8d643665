"""Visits: asks for city, day, time of day and phone, reads all of it back, and hands a person the task.

Nothing is promised but that a person confirms. The state is one typed model; what the buyer says unasked is taken too.
"""

import re
from datetime import date, timedelta
from pathlib import Path

from pydantic import BaseModel, Field

from autoreply import Backed, Context, Outcome, RegisterFolder, RegisterHandler, RegisterSlot, Section, Slot, hookimpl

from .book import observe_turn, register_pages, startup

__all__ = ["observe_turn", "register_handlers", "register_intents", "register_pages", "register_slots", "startup"]

DAY = re.compile(
    r"(?:今|明|后|大后)[天日]|(?:周|星期|礼拜)[一二三四五六日天]|\d{1,2}[月./-]\d{1,2}[号日]?|\d{1,2}[号日]"
)
MOBILE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
SURE = {"no": "不 错了 写错 说错 改 换", "yes": "对 是 好 可以 行 嗯 没问题 没错 ok"}
"""Looked through in this order: 不对 holds 对."""


class Settings(Section):
    """``[plugins.visits]``."""

    cities: tuple[str, ...] = Field((), description="where fitters go; elsewhere a person answers")
    times: tuple[str, ...] = Field(("上午", "下午"), min_length=1, description="times of day to choose from")
    days_ahead: int = Field(14, ge=1, le=60, description="visits are booked from tomorrow on, so many days ahead")
    book: Path = Field(Path("var/visits.jsonl"), description="what the page lists; relative to the settings file")


class Visit(BaseModel):
    """What is known of the visit so far."""

    city: str = ""
    day: date | None = None
    time: str = ""
    phone: str = ""


@hookimpl
def register_handlers(register: RegisterHandler) -> None:
    register("visits", answer, settings=Settings, state=Visit)


@hookimpl
def register_intents(register: RegisterFolder) -> None:
    register(Path(__file__).parent / "intents")


@hookimpl
def register_slots(register: RegisterSlot) -> None:
    """Words that name a day, whichever way: so that any of them answers the question for it."""
    register("visit_day", lambda text: [Slot("visit_day", m[0], *m.span()) for m in DAY.finditer(text)])


async def answer(ctx: Context[Settings, Visit]) -> Outcome:
    """Take what this turn gives, then ask for the next thing that is missing."""
    visit = ctx.state
    if ctx.asked == "sure" and (outcome := _settled(ctx)) is not None:
        return outcome
    first, last = ctx.now.date() + timedelta(days=1), ctx.now.date() + timedelta(days=ctx.settings.days_ahead)
    named = day_of(ctx)
    _take(ctx, named)
    if not visit.city:
        return ctx.ask("city", "visits.which_city", give_up="visits.by_person")
    if visit.city not in ctx.settings.cities:
        return ctx.escalate(f"visit: no fitter goes to {visit.city}", "visits.not_there")
    if visit.day is None or not first <= visit.day <= last:
        key = "visits.which_day" if named is None else "visits.other_day"
        return ctx.ask("visit_day", key, give_up="visits.by_person", first=_backed(first), last=_backed(last))
    if not visit.time:
        choices = {time: time for time in ctx.settings.times}
        times = Backed("还是".join(ctx.settings.times), "plugins.visits.times")
        return ctx.ask("time", "visits.which_time", choices=choices, give_up="visits.by_person", times=times)
    if not visit.phone:
        key = "visits.wrong_phone" if ctx.asked == "phone" else "visits.which_phone"
        return ctx.ask("phone", key, give_up="visits.by_person")
    time = Backed(visit.time, "plugins.visits.times")
    sure = ctx.reply("visits.sure", day=_backed(visit.day), time=time, city=visit.city)
    return ctx.ask("sure", sure, choices=SURE, give_up="visits.by_person")


def _take(ctx: Context[Settings, Visit], named: date | None) -> None:
    """What this turn says of the visit, asked for or not. Only a place that is known counts as a city."""
    visit = ctx.state
    place = ctx.understanding.slot("city") or ctx.understanding.slot("province")  # 上海 is both
    visit.city = str(place or visit.city or ctx.shared.get("city") or "")
    if visit.city:
        ctx.shared["city"] = visit.city
    visit.day = named or visit.day
    visit.time = next((time for time in ctx.settings.times if ctx.says([time])), visit.time)
    if (phone := MOBILE.search(ctx.turn.text)) is not None:
        visit.phone = phone[0]


def _settled(ctx: Context[Settings, Visit]) -> Outcome | None:
    """The buyer was asked whether all is right: done, begun anew, or None where the answer says neither."""
    visit, sure = ctx.state, ctx.slots.get("sure")
    if sure == "yes" and visit.day is not None:
        # The page finds the visit in these words: see book.py.
        reason = f"book a visit: {visit.day} {visit.time} {visit.city}, phone {visit.phone}"
        reply = ctx.reply("visits.booked", day=_backed(visit.day), time=Backed(visit.time, "plugins.visits.times"))
        _forget(visit)
        return ctx.escalate(reason, reply)
    if sure == "no":
        _forget(visit)
        ctx.shared.pop("city", None)
        return ctx.ask("city", "visits.anew", give_up="visits.by_person")
    return None


def _forget(visit: Visit) -> None:
    visit.city, visit.day, visit.time, visit.phone = "", None, "", ""


def day_of(ctx: Context[Settings, Visit]) -> date | None:
    """The day that the buyer names, as a date that is not past; None: names none, or none that there is."""
    today = ctx.now.date()
    if isinstance(ahead := ctx.slots.get("day"), int):
        return today + timedelta(days=ahead)
    if isinstance(weekday := ctx.slots.get("weekday"), int):
        return today + timedelta(days=(weekday - today.isoweekday() - 1) % 7 + 1)
    if not isinstance(named := ctx.slots.get("date"), str):
        return None
    parts = [int(part) for part in named.split("-")]
    for month in range(12):  # "13": the next 13th there is; "03-13": in this year or the next
        then = today.month - 1 + month
        year, whole = today.year + then // 12, (then % 12 + 1, parts[-1])
        if len(parts) >= 2 and whole[0] != parts[-2]:
            continue
        try:
            found = date(parts[0] if len(parts) == 3 else year, *whole)
        except ValueError:
            continue
        if found >= today:
            return found
    return None


def _backed(day: date) -> Backed:
    return Backed(day, "plugins.visits.days_ahead")
