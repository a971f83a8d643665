"""How well a catalogue understands its own examples when it has not seen them."""

from collections.abc import Callable
from dataclasses import replace

from autoreply.understanding import BASE, Catalogue, Extras, Intent, Understander, train
from autoreply.understanding.catalogue import key_of
from autoreply.understanding.match import written_lines

from .lines import Labelled
from .outcome import Outcome, outcomes

BLOCK = 8
"""Examples that stand together in a file are about the same sub-situation and are held out together."""
LENGTH = 400
"""Characters of an example at most."""


def cross_validate(
    catalogue: Catalogue,
    folds: int,
    *,
    threshold: float,
    margin: float,
    extras: Extras = BASE,
    progress: Callable[[str], None] = lambda text: None,
) -> list[Outcome]:
    """Understand every hand-written example and negative by a matcher trained without it.

    The lines of each intent are dealt out to ``folds`` parts, blocks of neighbours together. For each part a matcher
    is trained on the rest; templates stay, but for utterances that equal a line held out. Takes ``folds`` trainings.
    """
    parts = deal(catalogue, folds)
    found: list[Outcome] = []
    for number, held_out in enumerate(parts, 1):
        progress(f"cross-validation: training {number} of {folds}")
        rest = without(catalogue, held_out, name=f"{number}/{folds}")
        understander = Understander(
            rest, threshold=threshold, margin=margin, weights=train(rest, extras=extras), extras=extras
        )
        found += outcomes(understander, held_out, LENGTH)
    return sorted(found, key=lambda o: o.line)


def deal(catalogue: Catalogue, folds: int) -> list[list[Labelled]]:
    """The hand-written lines in ``folds`` parts, numbered in the order of the catalogue; each text once."""
    groups: dict[tuple[str, ...], list[Labelled]] = {}
    seen: set[str] = set()
    for number, line in enumerate(written_lines(catalogue), 1):
        key = key_of(line.text)
        if key not in seen:
            seen.add(key)
            groups.setdefault(line.slugs, []).append(Labelled(number, line.text, line.slugs))
    parts: list[list[Labelled]] = [[] for _ in range(folds)]
    for group in groups.values():
        block = max(1, min(BLOCK, len(group) // folds))
        for i, labelled in enumerate(group):
            parts[i // block % folds].append(labelled)
    return parts


def without(catalogue: Catalogue, held_out: list[Labelled], name: str) -> Catalogue:
    """The catalogue as if these lines had never been written; ``name`` tells its hash from the others."""
    keys = {key_of(line.text) for line in held_out}

    def kept(texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(t for t in texts if key_of(t) not in keys)

    def reduced(intent: Intent) -> Intent:
        return replace(
            intent,
            examples=kept(intent.examples),
            expanded=kept(intent.expanded),
            negatives=kept(intent.negatives),
        )

    intents = {slug: reduced(intent) for slug, intent in catalogue.intents.items()}
    return Catalogue(intents, catalogue.classes, catalogue.host_texts, f"{catalogue.hash} without {name}")
