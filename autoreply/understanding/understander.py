"""Text → :class:`autoreply.model.Understanding`: the stages in order, and the decision."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from autoreply.model import NONE, Decision, Match, Slot, SlotValue, Understanding

from .advice import Advice, Remedy, unknown_words
from .catalogue import Catalogue
from .extras import BASE, Extras
from .match import Keywords, keywords_of, neighbours_of, reader_of, slugs_of
from .matcher import EXACT, Matcher, Reading
from .normalise import normalise
from .slots import find_slots
from .training import Weights

THRESHOLD = 0.8
MARGIN = 0.3
"""Set so that of the answers given to buyers' lines never seen 96 in 100 are right."""
NEAR = 0.35
"""From this confidence on a question back is worth asking."""
SHOWN = 5
ADVISED = 3
"""Remedies that are proposed for one line."""
NONE_LEADS = 0.75
"""Confidence from which ``none`` is listed, as the first; below it the best intent tells a reader more."""
TWO = 0.4
"""Confidence from which a second intent is answered beside a first that reaches the threshold. Lower than that, because
it is asked of few messages: what it lets through wrongly is little among all answers."""
FOLLOW_UP = 0.9
"""Confidence that a short follow-up goes on about the last intent."""
_REMEMBERED = 2048
"""Messages whose meaning is kept at hand: buyers ask the same things in the same words."""
_RECURS = 60
"""Characters above which a message is not likely to come again word for word."""
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
                    with a second one that reaches ``TWO``, which must then lead the third;
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
        extras: Extras = BASE,
    ) -> None:
        """``threshold`` and ``margin`` are confidences 0..1. Without ``weights`` nearness and keywords alone decide.
        ``extras`` are what the weights were trained with.

        Raises:
            ValueError: ``weights`` were trained from another catalogue, or with other extras.
        """
        slugs = slugs_of(catalogue)
        if weights is not None and (weights.catalogue, list(weights.slugs)) != (catalogue.hash, slugs):
            raise ValueError("the weights were trained from another catalogue; train again")
        if weights is not None and weights.extras != extras.mark:
            raise ValueError(f"the weights were trained with {weights.extras!r}, not with {extras.mark!r}; train again")
        self.threshold = threshold
        self.margin = margin
        self.weights = weights
        self.extras = extras
        self._intents = catalogue.intents
        neighbours = weights.neighbours if weights else neighbours_of(catalogue)
        keywords, model = Keywords(keywords_of(catalogue)), weights.model if weights else None
        self._matcher = Matcher(slugs, reader_of(catalogue), neighbours, keywords, model, extras)
        self._met_before = lru_cache(_REMEMBERED)(self._alone)

    def understand(self, text: str, previous: Previous | None = None) -> Understanding:
        """What ``text`` means; never raises. ``previous`` lends its intent to a short follow-up."""
        alone = self._met_before(text) if len(text) <= _RECURS else self._alone(text)
        if previous is None or previous.slug not in self._intents or not alone.matches:
            return alone
        if not self._goes_on(text, alone.slots, alone.matches):
            return alone
        matches = _with_previous(previous, alone.matches)
        decision, answered, reason = self._decide(matches)
        return replace(alone, matches=matches, decision=decision, answered=answered, reason=reason)

    def _alone(self, text: str) -> Understanding:
        """What ``text`` means by itself."""
        normal = normalise(text)
        clean = normal.clean
        slots = find_slots(text, normal)
        words = self._matcher.reader.cut(clean)
        tokens = tuple(w for w in words if not w.isspace())
        if not tokens:
            return Understanding(text, clean, (), (), slots, Decision.SILENT, (), "nothing was said")
        whole = self._matcher.read(clean, words)
        matches = self._matches(whole)
        decision, answered, reason = self._decide(matches)
        return Understanding(text, clean, tokens, matches, slots, decision, answered, reason)

    def advise(self, text: str) -> Advice | None:
        """What the nearest intent would need to answer ``text``: the line as an example, or a word of it as a keyword.

        None where the line is answered, or resembles no intent.
        """
        found = self._alone(text)
        best = next((m for m in found.matches if m.slug != NONE), None)
        if best is None or found.decision is Decision.ANSWER:
            return None
        cut = self._matcher.reader.cut
        reading = self._matcher.read(found.clean, cut(found.clean))
        unknown = unknown_words(self._intents[best.slug], cut, found.tokens)
        proposed: list[tuple[Literal["examples", "keywords"], str, float]] = [("examples", found.text.strip(), EXACT)]
        if best.features.get("keyword") != 1.0:
            confidence = self._matcher.with_keyword(reading, self._matcher.slugs.index(best.slug))
            proposed += [("keywords", w, confidence) for w in unknown if self._is_distinctive(w)]
        remedies = []
        for key, what, confidence in proposed:
            others = [m for m in found.matches if m.slug not in (best.slug, NONE)]
            then = sorted([replace(best, confidence=confidence), *others], key=lambda m: -m.confidence)
            remedies.append(Remedy(key, what, round(confidence, 4), self._decide(then)[0]))
        kept = [r for r in remedies if r.key == "examples" or r.decision is Decision.ANSWER]
        return Advice(best.slug, unknown, tuple(kept[:ADVISED]))

    def _is_distinctive(self, word: str) -> bool:
        """Whether a word may be a keyword: no line of the catalogue has it, so it decides nothing else."""
        return len(word) > 1 and not any(word in line for i in self._intents.values() for line in i.examples)

    def _matches(self, whole: Reading) -> tuple[Match, ...]:
        """The likeliest intents, best first; ``none`` among them only where it leads."""
        ordered = sorted(whole.confidences.items(), key=lambda c: (-c[1], c[0]))
        none = self._matcher.none
        if ordered[0][0] != none or ordered[0][1] < NONE_LEADS:
            ordered = [c for c in ordered if c[0] != none] or ordered
        return tuple(self._matcher.match(n, c, whole) for n, c in ordered[:SHOWN])

    def _decide(self, matches: Sequence[Match]) -> tuple[Decision, tuple[str, ...], str]:
        """What to do about ``matches``, best first."""
        best = matches[0]
        leading = [best, *(m for m in matches[1:2] if m.confidence >= TWO and NONE not in (m.slug, best.slug))]
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
