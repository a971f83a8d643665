"""At the door: greeting, thanks, goodbye, acknowledgement, and the way to a person in one step.

A day's first greeting is answered in full, with the campaign as ``[shop.promotion]`` words it. Outside of the hours in
which a person is there, on days of absence and at peak times it says so, and when a person is back (no silence: the
platforms count the first reply). Courtesies get one short line and never two in a row. Who asks for a person gets one
at once (个人信息保护法, section 24: a decision by machine alone can be refused).
"""

from datetime import date, datetime, time, timedelta

from pydantic import BaseModel, Field, model_validator

from autoreply import Backed, Context, Outcome, Priority, RegisterHandler, Section, Silence, hookimpl
from autoreply.facts import TimeOfDay

NAMES = "一二三四五六日"
AGAIN = 3
"""After so many calls for a person there is nothing new to say."""


class Peak(Section):
    """Times at which many write: every day, or on some days only; both ends of ``first`` to ``last`` belong to it."""

    first: date | None = Field(None, description="first day; left out: every day")
    last: date | None = Field(None, description="last day; left out: that of first, or every day")
    start: TimeOfDay = Field(time(0), description="time of day from which")
    end: TimeOfDay = Field(time(0), description="time of day until which; not after start: past midnight")

    @model_validator(mode="after")
    def _sound(self) -> "Peak":
        if self.first is None and (self.last is not None or self.start == self.end):
            raise ValueError("say when it is: first and last, or start and end")
        if self.first is not None and self.last is not None and self.last < self.first:
            raise ValueError("last lies before first")
        return self

    def covers(self, now: datetime) -> bool:
        """It is peak time at ``now``, the shop's local time. What runs past midnight belongs to the day it began."""
        clock, today = now.time(), now.date()
        if self.start < self.end:
            return self.start <= clock < self.end and self._on(today)
        return (clock >= self.start and self._on(today)) or (clock < self.end and self._on(today - timedelta(days=1)))

    def _on(self, day: date) -> bool:
        return self.first is None or self.first <= day <= (self.last or self.first)


class Settings(Section):
    """``[plugins.reception]``: when many write. When people are there stands in ``[shop.hours]``."""

    peaks: tuple[Peak, ...] = ()


class Met(BaseModel):
    """What was said at the door. ``said``: how many texts the conversation had heard after the last courtesy."""

    day: str = ""
    said: int = -1
    asked: int = 0


@hookimpl
def register_handlers(register: RegisterHandler) -> None:
    for slug, handler in (
        ("greeting", greeting),
        ("thanks", courtesy),
        ("bye", courtesy),
        ("ack", acknowledgement),
        ("human", human),
    ):
        register(slug, handler, settings=Settings, section="reception", state=Met)


async def greeting(ctx: Context[Settings, Met]) -> Outcome:
    """The whole greeting once a day, with what the buyer should know of the hour; after that a short one."""
    today = ctx.now.date().isoformat()
    again, ctx.state.day = ctx.state.day == today, today
    if again:
        return ctx.reply("greeting.again")
    if not ctx.shop.hours.staffed(ctx.now):
        back = ctx.shop.hours.next_open(ctx.now)
        if back is None:
            return ctx.reply("greeting.away_open")
        return ctx.reply("greeting.away", back=Backed(_named(back, ctx.now.date()), "shop.hours"))
    if busy(ctx):
        return ctx.reply("greeting.peak")
    return ctx.reply("greeting.campaign" if ctx.shop.promotion.text else "greeting.default")


async def courtesy(ctx: Context[Settings, Met]) -> Outcome:
    """Thanks and goodbye: one short line, unless the last thing said was such a line."""
    if in_a_row(ctx):
        return Silence("a courtesy was answered just now")
    reply = ctx.reply(f"{ctx.slug}.default")
    ctx.state.said = sum(ctx.said.values())
    return reply


async def acknowledgement(ctx: Context[Settings, Met]) -> Outcome:
    """An acknowledgement calls for no answer."""
    return Silence("an acknowledgement calls for no answer")


async def human(ctx: Context[Settings, Met]) -> Outcome:
    """A person, at once and without a question back; asked again, that one is on the way. When, the host adds."""
    ctx.state.asked += 1
    reason = f"asks for a person, time {ctx.state.asked}: {ctx.understanding.clean[:80]}"
    if ctx.state.asked > AGAIN:
        return ctx.escalate(reason, priority=Priority.HIGH)
    key = "again" if ctx.state.asked > 1 else "peak" if busy(ctx) else "default"
    return ctx.escalate(reason, f"human.{key}", priority=Priority.HIGH)


def in_a_row(ctx: Context[Settings, Met]) -> bool:
    """Nothing was said to the buyer since the last courtesy."""
    return sum(ctx.said.values()) == ctx.state.said


def busy(ctx: Context[Settings, Met]) -> bool:
    """It is one of the configured peak times."""
    return any(peak.covers(ctx.now) for peak in ctx.settings.peaks)


def _named(moment: datetime, today: date) -> str:
    """今天09:00, 明天09:00 or 3月16日（周一）09:00."""
    ahead = (moment.date() - today).days
    full = f"{moment.month}月{moment.day}日（周{NAMES[moment.weekday()]}）"
    return f"{('今天', '明天')[ahead] if ahead <= 1 else full}{moment:%H:%M}"
