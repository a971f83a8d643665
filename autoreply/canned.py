"""The built-in handler, and what is asked of the outcome of any handler."""

from collections.abc import Mapping

from autoreply.context import Context
from autoreply.model import Ask, Escalate, Outcome, Priority, Reply, Silence
from autoreply.texts import MissingFact
from autoreply.understanding import Intent


async def canned(ctx: Context[Intent]) -> Outcome:
    """The built-in handler: an intent with an ``answers.default`` needs no code."""
    key = f"{ctx.slug}.default"
    match ctx.settings.then:
        case "silent":
            return Silence(f"{ctx.slug} calls for no answer")
        case "handoff":
            reason, priority = f"{ctx.slug} ({ctx.settings.name}): for a person", ctx.settings.priority
            try:
                return ctx.escalate(reason, key if key in ctx.texts else None, priority=priority)
            except MissingFact:  # the host's own line does as well
                return ctx.escalate(reason, priority=priority)
        case _ if key not in ctx.texts:
            return Escalate(f"{ctx.slug}: no answer is configured")
        case _:
            return ctx.reply(key)


def well_formed(outcome: object) -> bool:
    """A handler may be anyone's: what it returned is looked at before it is relied on."""
    match outcome:
        case Reply(text, backed, generated):
            pairs = [*backed.keys(), *backed.values()] if isinstance(backed, Mapping) else [None]
            told = isinstance(text, str) and bool(text.strip()) and isinstance(generated, bool)
            return told and all(isinstance(p, str) for p in pairs)
        case Ask(text, slot, backed, choices, tries, give_up, generated):
            words = [*choices.keys(), *choices.values()] if isinstance(choices, Mapping) else [None]
            numbers = isinstance(slot, str) and isinstance(tries, int) and all(isinstance(w, str) for w in words)
            last = give_up is None or (isinstance(give_up, Reply) and well_formed(give_up))
            return numbers and last and well_formed(Reply(text, backed, generated))
        case Escalate(reason, reply, priority):
            spoken = reply is None or (isinstance(reply, Reply) and well_formed(reply))
            return isinstance(reason, str) and isinstance(priority, Priority) and spoken
        case Silence(reason):
            return isinstance(reason, str)
        case _:
            return False
