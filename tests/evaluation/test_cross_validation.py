"""Examples held out are not known to the matcher that is asked about them."""

from autoreply.evaluation.cross_validation import cross_validate, deal, without
from autoreply.understanding import Catalogue

THRESHOLDS = {"threshold": 0.8, "margin": 0.2}


def test_every_line_is_dealt_once_and_every_part_has_some_of_each_intent(small: Catalogue) -> None:
    parts = deal(small, 4)
    texts = [line.text for part in parts for line in part]
    assert sorted(texts) == sorted(t for i in small.intents.values() for t in i.examples)
    for part in parts:
        assert {line.labels for line in part} == {(slug,) for slug in small.intents}


def test_what_is_held_out_is_gone_from_the_catalogue(small: Catalogue) -> None:
    held_out = deal(small, 4)[0]
    rest = without(small, held_out, "1/4")
    left = {t for i in rest.intents.values() for t in (*i.examples, *i.expanded, *i.negatives)}
    assert not left & {line.text for line in held_out}
    assert sum(len(i.examples) for i in rest.intents.values()) == 32 - len(held_out)
    assert rest.hash != small.hash


def test_the_same_catalogue_gives_the_same_results(small: Catalogue) -> None:
    told: list[str] = []
    first = cross_validate(small, 2, **THRESHOLDS, progress=told.append)
    assert first == cross_validate(small, 2, **THRESHOLDS)
    assert [o.line for o in first] == list(range(1, 33))
    assert told == ["cross-validation: training 1 of 2", "cross-validation: training 2 of 2"]
