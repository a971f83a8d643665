"""Text → :class:`autoreply.model.Understanding`: the stages in order, and the decision."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from autoreply.model import NONE, Decision, Match, Slot, SlotValue, Understanding

from .catalogue import Catalogue
from .match import Keywords, keywords_of, neighbours_of, reader_of, slugs_of
from .matcher import Matcher, Pair, Reading
from .normalise import normalise
from .slots import find_slots
from .training import Weights

THRESHOLD = 0.8
MARGIN = 0.3
"""Set so that of the answers given to buyers' lines never seen at least 95 in 100 are right, with room to spare."""
NEAR = 0.35
"""From this confidence on a question back is worth asking."""
SHOWN = 5
NONE_LEADS = 0.6
"""Confidence from which ``none`` is listed, as the first; below it the best intent tells a reader more."""
TWO = 0.55
"""From this confidence on a message is taken to express two intents. The second is answered with the first: it needs
no threshold of its own, because the evidence for the pair is the evidence for it."""
FOLLOW_UP = 0.9
"""Confidence that a short follow-up goes on about the last intent."""
_GLUE = re.compile(
    "那么|那|如果|要是|换成|换|发到|寄到|送到|发|寄|送|到|我们|我|在|是|的|呢|吗|么|嘛|呀|啊|吧|可以|行|也|都|一样|哪"
    "|[ ,.?!~]"
)
"""What may stand around a slot in a follow-up (那换成申通可以吗)."""


@dataclass(frozen=True, slots=True)
class Previous:
    """The last intent of the conversation: what a short follow-up such as 那新疆呢 goes on about."""

    slug: str
    slots: Mapping[str, SlotValue]


class Understander:
    """Understands messages by one catalogue. Made once, then read-only: it may be called from several threads.

    The decision about a text is
      ``silent``    nothing was said: empty, blanks, emoji alone;
      ``answer``    an intent reaches ``threshold`` and leads the next one by ``margin``: it is ``answered``, together
                    with a second one where the message probably expresses two, which must then lead the third;
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
        """``threshold`` and ``margin`` are confidences 0..1. Without ``weights`` nearness and keywords alone decide.

        Raises:
            ValueError: ``weights`` were trained from another catalogue.
        """
        slugs = slugs_of(catalogue)
        if weights is not None and (weights.catalogue, list(weights.slugs)) != (catalogue.hash, slugs):
            raise ValueError("the weights were trained from another catalogue; train again")
        self.threshold = threshold
        self.margin = margin
        self.weights = weights
        self._known = frozenset(catalogue.intents)
        neighbours = weights.neighbours if weights else neighbours_of(catalogue)
        keywords, model = Keywords(keywords_of(catalogue)), weights.model if weights else None
        self._matcher = Matcher(slugs, reader_of(catalogue), neighbours, keywords, model)

    def understand(self, text: str, previous: Previous | None = None) -> Understanding:
        """What ``text`` means; never raises. ``previous`` lends its intent to a short follow-up."""
        normal = normalise(text)
        clean = normal.clean
        slots = find_slots(text, normal)
        words = self._matcher.reader.cut(clean)
        tokens = tuple(w for w in words if not w.isspace())
        if not tokens:
            return Understanding(text, clean, (), (), slots, Decision.SILENT, (), "nothing was said")
        whole = self._matcher.read(clean, words)
        pair, both = self._matcher.surest(self._matcher.pairs(whole))
        matches, both = self._matches(whole, pair, both)
        if previous is not None and previous.slug in self._known and self._goes_on(text, slots, matches):
            matches, both = _with_previous(previous, matches), 0.0
        decision, answered, reason = self._decide(matches, both)
        return Understanding(text, clean, tokens, matches, slots, decision, answered, reason)

    def _matches(self, whole: Reading, pair: Pair | None, both: float) -> tuple[tuple[Match, ...], float]:
        """The likeliest intents, best first, and how sure it is that the first two stand beside each other.

        ``both`` says so of the ``pair``; it counts for nothing where another intent is likelier than one of the two.
        """
        confidences = dict(whole.confidences)
        two = {pair.first, pair.second} if pair else set()
        for number in two:
            confidences[number] = both + (1 - both) * confidences.get(number, 0.0)
        ordered = sorted(confidences.items(), key=lambda c: (-c[1], c[0]))
        none = self._matcher.none
        if ordered[0][0] != none or ordered[0][1] < NONE_LEADS:
            ordered = [c for c in ordered if c[0] != none] or ordered
        matches = tuple(self._matcher.match(n, c, whole) for n, c in ordered[:SHOWN])
        return matches, both if {n for n, _ in ordered[:2]} == two else 0.0

    def _decide(self, matches: Sequence[Match], both: float) -> tuple[Decision, tuple[str, ...], str]:
        """``matches`` best first; ``both``: confidence that the first two are two intents and no rivals."""
        best = matches[0]
        leading = matches[: 2 if both >= TWO else 1]
        runner_up = max((m.confidence for m in matches[len(leading) :]), default=0.0)
        lead = leading[-1].confidence - runner_up
        if best.slug != NONE and best.confidence >= self.threshold:
            if lead >= self.margin:
                return Decision.ANSWER, tuple(m.slug for m in leading), "sure"
            return Decision.ASK, (), f"leads by {lead:.2f}, margin is {self.margin:.2f}"
        if best.slug != NONE and best.confidence >= NEAR:
            return Decision.ASK, (), f"{best.confidence:.2f} is below threshold {self.threshold:.2f}"
        return Decision.ESCALATE, (), "no intent can be told"

    def _goes_on(self, text: str, slots: Sequence[Slot], matches: Sequence[Match]) -> bool:
        """Whether the text says nothing but a new slot value (那新疆呢), so that the last intent is meant again."""
        if matches[0].slug != NONE and matches[0].confidence >= self.threshold:
            return False
        rest = list(text)
        for slot in slots:
            rest[slot.start : slot.end] = [" "] * (slot.end - slot.start)
        return bool(slots) and not _GLUE.sub("", normalise("".join(rest)).clean)


def _with_previous(previous: Previous, matches: Sequence[Match]) -> tuple[Match, ...]:
    """The last intent first; what the text alone looked like after it."""
    first = Match(previous.slug, FOLLOW_UP, "", {"previous": FOLLOW_UP})
    rest = [m for m in matches if m.slug != previous.slug]
    return (first, *(replace(m, confidence=min(m.confidence, 1 - FOLLOW_UP)) for m in rest))[:SHOWN]
