"""How well the shipped catalogue understands buyers' sentences that it was not written from.

``data/utterances.tsv`` are everyday messages, ``data/hard.tsv`` adversarial ones (negations, neighbouring intents,
sarcasm, traditional characters, pinyin, typing errors, order cards). Both were written and labelled without sight of
the catalogue and stay out of it: a line copied from here into ``intents/`` makes these figures worthless.

The floors lie about 0.04 below what was measured when they were set, so a change that understands less fails here.
They hold for either install: beside them stands what was measured without / with the sentence encoder.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from autoreply.app import App
from autoreply.model import NONE, Understanding

DATA = Path(__file__).with_name("data")


@dataclass(frozen=True, slots=True)
class Line:
    """One held-out message. ``labels`` is empty for a line that expresses no intent of the catalogue."""

    text: str
    labels: frozenset[str]
    understood: Understanding

    @property
    def best(self) -> str:
        return next((m.slug for m in self.understood.matches), NONE)

    @property
    def answered(self) -> frozenset[str]:
        return frozenset(self.understood.answered) - {NONE}


def lines_of(name: str) -> Iterator[tuple[frozenset[str], str]]:
    rows = (DATA / name).read_text(encoding="utf-8").splitlines()
    assert rows[0] == "labels\ttext"
    for row in rows[1:]:
        labels, text = row.split("\t")
        yield frozenset(labels.split("+")) - {NONE}, text


def understood(app: App, name: str) -> list[Line]:
    understand = app.brain.understander.understand
    return [Line(text, labels, understand(text)) for labels, text in lines_of(name)]


@pytest.fixture(scope="module")
def everyday(app: App) -> list[Line]:
    return understood(app, "utterances.tsv")


@pytest.fixture(scope="module")
def hard(app: App) -> list[Line]:
    return understood(app, "hard.tsv")


def top_1(lines: list[Line]) -> float:
    """Share of the lines with an intent whose best match is one of their intents."""
    return share([line.best in line.labels for line in lines if line.labels])


def coverage(lines: list[Line]) -> float:
    """Share of the lines with an intent that are sure enough to be answered."""
    return share([bool(line.answered) for line in lines if line.labels])


def precision(lines: list[Line]) -> float:
    """Share of all intents answered, on any line, that the buyer did express."""
    return share([slug in line.labels for line in lines for slug in line.answered])


def false_answers(lines: list[Line]) -> float:
    """Share of the lines without an intent that are answered all the same."""
    return share([bool(line.answered) for line in lines if not line.labels])


def both_found(lines: list[Line]) -> float:
    """Share of the lines with two intents of which these are the two best matches."""
    two = [line for line in lines if len(line.labels) == 2]
    return share([line.labels == {m.slug for m in line.understood.matches[:2]} for line in two])


def both_answered(lines: list[Line]) -> float:
    """Share of the lines with two intents of which both are answered."""
    return share([line.labels <= line.answered for line in lines if len(line.labels) == 2])


def surety(lines: list[Line]) -> tuple[float, float]:
    """Of the best matches with confidences 0.5 to 0.9: their mean confidence, and the share of them that is right."""
    between = [(m.confidence, m.slug in (line.labels or {NONE})) for line in lines for m in line.understood.matches[:1]]
    between = [(confidence, right) for confidence, right in between if 0.5 <= confidence < 0.9]
    return sum(confidence for confidence, _ in between) / len(between), share([right for _, right in between])


def share(rights: list[bool]) -> float:
    return sum(rights) / len(rights)


def test_every_intent_is_held_out_ten_times_and_no_line_twice(app: App, everyday: list[Line], hard: list[Line]) -> None:
    slugs = set(app.brain.catalogue.intents) - {NONE}
    assert len(slugs) == 42
    for slug in slugs:
        assert sum(slug in line.labels for line in everyday) >= 10, slug
    assert {slug for line in everyday + hard for slug in line.labels} == slugs
    texts = [line.text for line in everyday + hard]
    assert len(texts) == len(set(texts))


def test_the_best_match_is_what_the_buyer_means(app: App, everyday: list[Line], hard: list[Line]) -> None:
    assert top_1(everyday) >= 0.885  # measured 0.921 / 0.932
    # The encoder knows no pinyin and no typing errors, and takes a negation for what it denies.
    assert top_1(hard) >= (0.755 if app.brain.understander.extras.encoder else 0.79)  # measured 0.855 / 0.795


def test_most_messages_are_answered_and_the_answers_are_right(everyday: list[Line], hard: list[Line]) -> None:
    assert coverage(everyday) >= 0.72  # measured 0.768 / 0.823
    assert precision(everyday) >= 0.94  # measured 0.963 / 0.970
    assert precision(hard) >= 0.79  # measured 0.833 / 0.869


def test_a_message_that_asks_nothing_is_left_alone(everyday: list[Line]) -> None:
    assert false_answers(everyday) <= 0.08  # measured 0.048 / 0.019


def test_two_wishes_in_one_message_are_both_found(everyday: list[Line]) -> None:
    assert both_found(everyday) >= 0.88  # measured 0.930 / 0.930
    assert both_answered(everyday) >= 0.30  # measured 0.351 / 0.509


def test_a_confidence_is_right_about_as_often_as_it_says(everyday: list[Line]) -> None:
    confidence, right = surety(everyday)
    assert confidence - 0.05 <= right <= confidence + 0.12  # measured 0.76 and 0.84 / 0.78 and 0.84


def test_no_held_out_line_is_in_the_catalogue(app: App, everyday: list[Line], hard: list[Line]) -> None:
    taught = {example for intent in app.brain.catalogue.intents.values() for example in intent.examples}
    assert not [line.text for line in everyday + hard if len(line.text) > 6 and line.text in taught]
