"""Text → :class:`autoreply.model.Understanding`: the stages in order, and the decision."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autoreply.model import NONE, Decision, Match, Slot, SlotValue, Understanding

from .catalogue import Catalogue
from .clauses import split_clauses
from .match import Matcher, Scores
from .normalise import normalise
from .slots import find_slots
from .train import Weights

THRESHOLD = 0.75
MARGIN = 0.1
NEAR = 0.35
"""From this confidence on a question back is worth asking."""
SHOWN = 5
MAX_ANSWERED = 3


@dataclass(frozen=True, slots=True)
class Previous:
    """The last intent of the conversation: what a short follow-up such as 那新疆呢 goes on about."""

    slug: str
    slots: Mapping[str, SlotValue]


class Understander:
    """Understands messages by one catalogue. Made once, then read-only: it may be called from several threads.

    The decision about a text is
      ``silent``    nothing was said: empty, blanks, emoji alone;
      ``answer``    at least one intent reaches ``threshold`` and leads the next one in its clause by ``margin``; those
                    are ``answered``, best first, three at most;
      ``ask``       an intent is near (just below the threshold, or two too close together), so a question may help;
      ``escalate``  otherwise: no intent can be told.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        *,
        threshold: float = THRESHOLD,
        margin: float = MARGIN,
        weights: Weights | None = None,
    ) -> None:
        """``threshold`` and ``margin`` are confidences 0..1.

        Raises:
            ValueError: ``weights`` were trained from another catalogue.
        """
        self.threshold = threshold
        self.margin = margin
        self._matcher = Matcher(catalogue, weights)

    def understand(self, text: str, previous: Previous | None = None) -> Understanding:
        """What ``text`` means; never raises. ``previous`` lends its intent to a short follow-up."""
        normal = normalise(text)
        slots = find_slots(text, normal)
        tokens = tuple(t for t in self._matcher.cut(normal.clean) if not t.isspace())
        if not tokens:
            return Understanding(text, normal.clean, (), (), slots, Decision.SILENT, (), "nothing was said")
        clauses = split_clauses(normal.clean)
        scores = self._matcher.scores(normal.clean, clauses)
        matches = self._matches(scores)
        decision, answered, reason = self._decide(matches)
        return Understanding(text, normal.clean, tokens, matches, slots, decision, answered, reason)

    def _matches(self, scores: Scores) -> tuple[Match, ...]:
        return tuple(self._matcher.match(scores, number) for number in scores.best(SHOWN))

    def _decide(self, matches: Sequence[Match]) -> tuple[Decision, tuple[str, ...], str]:
        if not matches:
            return Decision.ESCALATE, (), "no intent can be told"
        sure = [m for m in matches if m.slug != NONE and m.confidence >= self.threshold][:MAX_ANSWERED]
        best = matches[0]
        if sure and best.slug != NONE:
            second = next((m.confidence for m in matches if m not in sure), 0.0)
            if sure[0].confidence - second >= self.margin:
                return Decision.ANSWER, tuple(m.slug for m in sure), f"at least {self.threshold:.2f}"
            return Decision.ASK, (), f"margin below {self.margin:.2f}"
        near = [m for m in matches if m.slug != NONE and m.confidence >= NEAR]
        if near and best.slug != NONE:
            return Decision.ASK, (), f"below threshold {self.threshold:.2f}"
        return Decision.ESCALATE, (), "no intent can be told"


def slot_values(slots: Sequence[Slot]) -> dict[str, SlotValue]:
    """The first value of each slot: what :class:`Previous` keeps of a text."""
    return {s.name: s.value for s in reversed(slots)}
