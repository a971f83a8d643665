"""Sharpening: may knives be sent back for it, how many at once, and a task for a person.

It promises neither a price nor a date: a person settles those with the buyer.
"""

from pathlib import Path

from pydantic import Field

from autoreply import Backed, Context, Outcome, RegisterFolder, RegisterHandler, Section, hookimpl


class Settings(Section):
    """``[plugins.sharpening]``. What is left out, the shop has not said: a person answers then."""

    at_once: int | None = Field(None, ge=1, le=100, description="knives that may be sent in at once")


@hookimpl
def register_handlers(register: RegisterHandler) -> None:
    register("sharpening", answer, settings=Settings)


@hookimpl
def register_intents(register: RegisterFolder) -> None:
    register(Path(__file__).parent / "intents")


async def answer(ctx: Context[Settings]) -> Outcome:
    """How many there are is asked for, unless it was said; then a person takes over with the number."""
    if ctx.settings.at_once is None:
        return ctx.escalate("sharpening: the settings do not say whether it is offered", "sharpening.by_person")
    limit = Backed(ctx.settings.at_once, "plugins.sharpening.at_once")
    pieces = ctx.slots.get("pieces")  # found by autoreply in "三把"; after a question perhaps no number at all
    if not isinstance(pieces, int) or pieces < 1:
        return ctx.ask("pieces", "sharpening.how_many", limit=limit, give_up="sharpening.by_person")
    if pieces > ctx.settings.at_once:
        return ctx.ask("pieces", "sharpening.too_many", limit=limit, give_up="sharpening.by_person")
    return ctx.escalate(f"sharpening: tell the buyer how to send in {pieces}", "sharpening.noted")
