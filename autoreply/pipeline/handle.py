"""One intent to its handler: what the handler sees, what is kept of it, and who takes over where it fails."""

from typing import Any

from autoreply.context import Context
from autoreply.handlers import Bound, PluginFailed, ask_handler
from autoreply.model import Ask, Escalate, Outcome, Priority, SlotValue, Understanding
from autoreply.pipeline.asking import counted
from autoreply.pipeline.memory import copied, plain, restored
from autoreply.pipeline.work import Work
from autoreply.records.desk import Desk, NoRecords, NotTheirs
from autoreply.records.sources import RecordsDown
from autoreply.texts import MissingFact, UnknownText


async def handle(
    work: Work, slug: str, understanding: Understanding, asked: str = "", answer: SlotValue | None = None
) -> Outcome:
    """One intent to its handler; whatever goes wrong there becomes a handover, never a text for the buyer.

    ``asked`` is the slot that the handler has asked for, ``answer`` what fills it: None for all that was written.
    """
    brain, bound = work.brain, work.brain.handlers[slug]
    memory_of = bound.memory or slug
    states = work.state.setdefault("plugins", {})
    slots: dict[str, SlotValue] = {s.name: s.value for s in reversed(understanding.slots)}
    if asked:
        slots[asked] = work.turn.text.strip() if answer is None else answer
    context = _context(work, slug, bound, understanding, slots, asked, restored(bound.state, states.get(memory_of)))
    try:
        outcome = await ask_handler(bound, context, brain.plugin_timeout, brain.health)
        kept = plain(context.state), plain(context.shared)  # only where all went well
        states[memory_of], work.state["shared"] = kept
    except MissingFact as e:
        outcome = Escalate(f"{slug}: the shop's settings have no {e}")
    except UnknownText as e:
        outcome = Escalate(f"{slug}: no text under {e}", priority=Priority.HIGH)
    except NoRecords as e:
        outcome = Escalate(f"{slug}: {e}")
    except RecordsDown as e:
        outcome = Escalate(f"{slug}: {e}", work.host_text("host.checking"))
    except NotTheirs as e:
        outcome = _not_theirs(work, slug, e)
    except PluginFailed as e:
        outcome = Escalate(str(e), priority=Priority.HIGH)
    except (TypeError, ValueError) as e:  # a state that is no JSON data
        brain.health.failed(bound.plugin or slug, f"{slug}: {e}")
        outcome = Escalate(f"{slug}: {type(e).__name__} in its plugin", priority=Priority.HIGH)
    if not states.get(memory_of):
        states.pop(memory_of, None)
    if not work.state.get("shared"):
        work.state.pop("shared", None)
    return counted(work, slug, outcome) if isinstance(outcome, Ask) else outcome


def _context(
    work: Work,
    slug: str,
    bound: Bound,
    understanding: Understanding,
    slots: dict[str, SlotValue],
    asked: str,
    state: Any,
) -> Context[Any, Any]:
    """The turn as the handler sees it."""
    return Context(
        slug=slug,
        shop=work.shop,
        settings=bound.settings,
        turn=work.turn,
        understanding=understanding,
        slots=slots,
        state=state,
        now=work.now,
        texts=work.brain.texts,
        said=work.state.setdefault("said", {}),
        shared=copied(work.state.get("shared", {})),
        desk=Desk(work.brain.records, work.brain.shop.id, work.turn.buyer_id),
        duties=work.duties,
        asked=asked,
        said_by_agent=tuple(map(str, work.state.get("agent_said", ()))),
    )


def _not_theirs(work: Work, slug: str, refused: NotTheirs) -> Outcome:
    """An order of another account: declined politely; a look-alike id is for a person to see."""
    line = work.host_text("host.not_yours")
    if refused.lookalike or line is None:
        return Escalate(f"{slug}: {refused}", line, Priority.HIGH)
    return line
