"""A turn on its way: what the stages hand on to each other."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from autoreply.compliance import Draft, Gate
from autoreply.facts import Shop
from autoreply.model import Outcome, Priority, Reply, Trace, Turn, Understanding
from autoreply.pipeline.brain import Brain
from autoreply.pipeline.result import Handover, Spoken
from autoreply.texts import MissingFact, UnknownText

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Work:
    """A turn on its way through the stages. ``took`` holds the milliseconds of each stage."""

    brain: Brain
    turn: Turn
    state: dict[str, Any]
    now: datetime
    shop: Shop
    gate: Gate
    agent_present: bool
    handoff_open: bool
    given: Outcome | None = None
    trace: Trace = field(default_factory=Trace)
    understanding: Understanding | None = None
    intents: tuple[str, ...] = ()
    outcomes: list[tuple[str, Outcome]] = field(default_factory=list)
    duties: frozenset[str] = frozenset()
    draft: Draft | None = None
    parts: list[Draft] = field(default_factory=list)
    replies: list[Spoken] = field(default_factory=list)
    handover: Handover | None = None
    rules: list[str] = field(default_factory=list)
    took: dict[str, float] = field(default_factory=dict)

    def hand_over(self, reason: str, priority: Priority = Priority.NORMAL) -> None:
        """A person should look: several reasons make one handover, of the highest priority."""
        if self.handover is not None:
            reason = f"{self.handover.reason}; {reason}"
            priority = min(priority, self.handover.priority, key=list(Priority).index)
        self.handover = Handover(reason, priority)

    def host_text(self, key: str, **values: Any) -> Reply | None:
        """One of the framework's own texts; None where it cannot be filled."""
        used: dict[str, int] = self.state.setdefault("said", {})
        try:
            reply = self.brain.texts.fill(key, self.shop, seed=str(self.turn.key), used=used.get(key, 0), **values)
        except (MissingFact, UnknownText):
            log.error("host text cannot be used", key=key)
            return None
        used[key] = used.get(key, 0) + 1
        return reply
