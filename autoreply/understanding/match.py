"""What a catalogue offers to compare a text with: its words, its lines with their nearest neighbours, its keywords."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ahocorasick_rs import AhoCorasick, MatchKind

from autoreply.model import NONE

from .augment import Line
from .catalogue import Catalogue, key_of, sample
from .features import kinds_of_words, says_something, view_of
from .index import Index
from .normalise import normalise
from .segment import Cut, segmenter

EXPANSIONS_USED = 20
"""Utterances of one template that are learned from and compared with."""
EXPANSION_IMPORTANCE = 0.5
HIDDEN = -1
"""Owner of an example that is not compared with."""


@dataclass(frozen=True)
class Reader:
    """What text is read with: the words of one catalogue."""

    cut: Cut
    kinds: Mapping[str, str]


def reader_of(catalogue: Catalogue) -> Reader:
    """A reader that knows the catalogue's keywords and classes as words."""
    kinds = kinds_of_words(catalogue.classes)
    keywords = [k for intent in catalogue.intents.values() for k in intent.keywords]
    return Reader(segmenter([*keywords, *kinds]), kinds)


def slugs_of(catalogue: Catalogue) -> list[str]:
    """All classes of a model: the intents and ``none``, sorted."""
    return sorted({*catalogue.intents, NONE})


def written_lines(catalogue: Catalogue) -> list[Line]:
    """All hand-written lines, with the intents they stand for, in the catalogue's order.

    A negative says "not this intent": it stands for ``none`` unless another intent has it as an example. A bare number
    (88 for a goodbye) teaches nothing: any number looks like it.
    """
    intents = catalogue.intents.values()
    lines = [Line(t, (i.slug,), 1.0) for i in intents for t in i.examples if i.slug == NONE or says_something(_view(t))]
    taken = {key_of(line.text) for line in lines}
    return lines + [Line(t, (NONE,), 1.0) for i in intents for t in i.negatives if key_of(t) not in taken]


def _view(text: str) -> str:
    return view_of(normalise(text).clean)


def expanded_lines(catalogue: Catalogue) -> list[Line]:
    """A sample of what the templates make, spread evenly."""
    return [
        Line(t, (i.slug,), EXPANSION_IMPORTANCE)
        for i in catalogue.intents.values()
        for t in sample(i.expanded, EXPANSIONS_USED * len(i.templates))
    ]


Near = Mapping[int, tuple[float, int]]
"""Class → likeness 0..1 of its nearest example, and that example's number. Classes without a near one are absent."""


@dataclass(frozen=True)
class Neighbours:
    """Examples to compare with."""

    index: Index
    texts: Sequence[str]
    owners: Sequence[int]
    """For each example of the index its text as written and the number of its class."""

    @staticmethod
    def of(lines: Sequence[Line], classes: Mapping[str, int]) -> "Neighbours":
        """The lines that say something, each view once."""
        views: dict[str, tuple[str, int]] = {}
        for line in lines:
            view = view_of(normalise(line.text).clean)
            if says_something(view):
                views.setdefault(view, (line.text, classes[line.slugs[0]]))
        return Neighbours(Index(list(views)), [t for t, _ in views.values()], [o for _, o in views.values()])

    def near(self, view: str) -> Near:
        """The nearest examples of a view by class."""
        found: dict[int, tuple[float, int]] = {}
        for candidate, likeness in self.index.nearest(view):
            if (owner := self.owners[candidate]) not in found and owner != HIDDEN:
                found[owner] = likeness, candidate
        return found

    def without(self, lines: Sequence[Line]) -> "Neighbours":
        """The same with some lines hidden, so that it looks as if they had never been written."""
        hidden = {line.text for line in lines}
        owners = [HIDDEN if text in hidden else owner for text, owner in zip(self.texts, self.owners, strict=True)]
        return Neighbours(self.index, self.texts, owners)


def neighbours_of(catalogue: Catalogue) -> Neighbours:
    """Everything that a catalogue says, written and expanded, to compare with."""
    classes = {slug: i for i, slug in enumerate(slugs_of(catalogue))}
    return Neighbours.of([*written_lines(catalogue), *expanded_lines(catalogue)], classes)


class Keywords:
    """Words that speak for one class each."""

    def __init__(self, owners: Mapping[str, int]) -> None:
        self._owners = list(owners.items())
        self._automaton = AhoCorasick(list(owners), matchkind=MatchKind.LeftmostLongest) if owners else None

    def find(self, clean: str) -> dict[int, str]:
        """Class → the first of its keywords in a clean text."""
        found: dict[int, str] = {}
        if self._automaton is not None:
            for index, _, _ in self._automaton.find_matches_as_indexes(clean):
                word, owner = self._owners[index]
                found.setdefault(owner, word)
        return found


def keywords_of(catalogue: Catalogue) -> dict[str, int]:
    """Keyword → number of its class. A keyword of two intents decides for neither."""
    numbers = {slug: i for i, slug in enumerate(slugs_of(catalogue))}
    owners: dict[str, set[int]] = {}
    for intent in catalogue.intents.values():
        for word in intent.keywords:
            owners.setdefault(word, set()).add(numbers[intent.slug])
    return {word: min(o) for word, o in owners.items() if len(o) == 1}
