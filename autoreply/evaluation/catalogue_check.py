"""What is doubtful in a catalogue: not wrong enough to refuse it, but likely to be answered wrongly.

That one example stands under two intents word for word is an error, which loading the catalogue tells.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autoreply.model import NONE, Decision
from autoreply.tomlfile import Problem, TomlFile
from autoreply.understanding import Catalogue, Understander
from autoreply.understanding.catalogue import sample
from autoreply.understanding.features import view_of
from autoreply.understanding.index import Index
from autoreply.understanding.normalise import normalise

NEAR = 0.95
"""Likeness (rapidfuzz ratio as 0..1) from which two examples count as near-duplicates."""
SHORTEST_TURNED = 4
"""Characters from which the same characters in another order count as that too; 不行 and 行不 differ."""
CAP = 20
"""Findings of one kind that are shown; of the others the number is told."""
UTTERANCES = 40
"""Utterances made from templates that are tried to reach an intent."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A hand-written line and where it stands."""

    slug: str
    text: str
    key: str
    """``examples`` or ``negatives``."""
    file: TomlFile
    index: int

    @property
    def place(self) -> str:
        return f"{self.file.path.name}:{self.file.line((self.key, self.index))}"

    def doubt(self, message: str) -> Problem:
        return self.file.problem((self.key, self.index), f"{self.text!r} {message}", "warning")


def near_duplicates(catalogue: Catalogue, files: Sequence[TomlFile]) -> list[Problem]:
    """Examples of different intents that hardly differ: the same but for punctuation and numbers, the same characters
    in another order, or a likeness of ``NEAR`` and more. ``files`` are those the catalogue was made from.
    """
    examples = [line for line in _lines(catalogue, files) if line.key == "examples"]
    views = [view_of(normalise(line.text).clean) for line in examples]
    bags = ["".join(sorted(view.replace(" ", ""))) for view in views]
    at_view, at_bag = _places(views), _places(bags)
    index = Index(list(at_view))
    found = []
    for number, (line, view, bag) in enumerate(zip(examples, views, bags, strict=True)):
        alike = list(at_view[view])
        alike += at_bag[bag] if len(bag) >= SHORTEST_TURNED else ()
        for candidate, likeness in index.nearest(view):
            alike += at_view[index.views[candidate]] if likeness >= NEAR else ()
        other = next((n for n in sorted(alike) if n < number and examples[n].slug != line.slug), None)
        if other is not None:
            earlier = examples[other]
            found.append(line.doubt(f"is all but an example of {earlier.slug}: {earlier.text!r} ({earlier.place})"))
    return _capped(found, "examples that are all but those of another intent")


def matcher_doubts(catalogue: Catalogue, files: Sequence[TomlFile], understander: Understander) -> list[Problem]:
    """Examples that the matcher itself takes for something else, lines without an intent that it answers, and intents
    that no line reaches: neither an example nor what the templates make is answered as it.

    Understands every hand-written line once: about a second for 5,000.
    """
    reached: set[str] = set()
    found = []
    for line in _lines(catalogue, files):
        seen = understander.understand(line.text)
        reached.update(seen.answered if line.slug in seen.answered else ())
        top = seen.matches[0].slug if seen.matches else NONE
        if line.key == "negatives" or line.slug == NONE:
            taken = line.slug in seen.answered if line.key == "negatives" else seen.decision is Decision.ANSWER
            if taken:
                found.append(line.doubt(f"is answered as {' and '.join(seen.answered)}, but stands for no intent"))
        elif line.slug != top and line.slug not in seen.answered:
            found.append(line.doubt(f"is taken for {top}, not for {line.slug}"))
    return [
        *_unreached(catalogue, files, understander, reached),
        *_capped(found, "lines that the matcher takes for something else"),
    ]


def _unreached(
    catalogue: Catalogue, files: Sequence[TomlFile], understander: Understander, reached: set[str]
) -> Iterator[Problem]:
    homes = {str(file.data.get("slug")): file for file in files}
    for intent in catalogue.intents.values():
        more = (*sample(intent.expanded, UTTERANCES), *intent.keywords)
        if intent.slug in reached or intent.slug == NONE:
            continue
        if not any(intent.slug in understander.understand(text).answered for text in more):
            tried = f"none of its {len(intent.examples)} examples and {len(more)} utterances and keywords"
            message = f"no line reaches {intent.slug}: {tried} is answered as it"
            yield homes[intent.slug].problem(("slug",), message, "warning")


def _lines(catalogue: Catalogue, files: Sequence[TomlFile]) -> Iterator[_Line]:
    """Every hand-written line that is in force, with its place."""
    for file in files:
        intent = catalogue.intents.get(str(file.data.get("slug")))
        if intent is None:
            continue
        for key, kept in (("examples", set(intent.examples)), ("negatives", set(intent.negatives))):
            for index, text in enumerate(file.data.get(key, ())):
                if text in kept:
                    yield _Line(intent.slug, text, key, file, index)


def _places(keys: Sequence[str]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for number, key in enumerate(keys):
        places.setdefault(key, []).append(number)
    return places


def _capped(found: list[Problem], what: str) -> list[Problem]:
    """The first ``CAP`` of them; the last one tells how many more there are."""
    if len(found) <= CAP:
        return found
    last = found[CAP]
    more = f"and {len(found) - CAP:,} more {what}"
    return [*found[:CAP], Problem(last.file, last.line, "", more, "warning")]
