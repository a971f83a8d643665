"""What the matcher knows beside words: numbers from plugins, and a sentence encoder, here a made-up one."""

import io
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoreply.understanding import BASE, Catalogue, Extras, Feature, Sentences, Understander, Weights, train
from autoreply.understanding.semantic import DIMS, LENGTH, WIDTH, Floats, Space

SAME = str.maketrans("钞", "票")
"""Characters that mean the same to the made-up encoder."""


def characters(texts: list[str]) -> Floats:
    """A made-up encoder: every character points somewhere, a text to the sum of its characters."""
    vectors = [np.zeros(WIDTH, np.float32) for _ in texts]
    for vector, text in zip(vectors, texts, strict=True):
        for character in text.translate(SAME):
            vector += np.random.default_rng(ord(character)).normal(size=WIDTH)
    return np.array(vectors, np.float32)


@pytest.fixture(scope="module")
def encoded(small: Catalogue) -> Understander:
    return learned(small, Extras(Sentences("characters", characters)))


def learned(catalogue: Catalogue, extras: Extras) -> Understander:
    """An understander whose weights have been stored and loaded again."""
    weights = Weights.load(train(catalogue, extras=extras).dump())
    return Understander(catalogue, weights=weights, extras=extras)


# Numbers from plugins ----------------------------------------------------------------------------------------------


def says_receipt(clean: str) -> float:
    """A word that no example has, and those that examples have instead."""
    return float(any(word in clean for word in ("票", "receipt")))


def test_a_number_from_a_plugin_is_learned_like_a_word(small: Catalogue, understander: Understander) -> None:
    line = "请问能给我receipt吗"
    knowing = learned(small, Extras(features=(Feature("receipt", says_receipt),))).understand(line)
    assert knowing.matches[0].slug == "invoice"
    assert confidence(knowing.matches, "invoice") > confidence(understander.understand(line).matches, "invoice") + 0.1


def confidence(matches: object, slug: str) -> float:
    assert isinstance(matches, tuple)
    return next((m.confidence for m in matches if m.slug == slug), 0.0)


@pytest.mark.parametrize(("value", "learned_from"), [(7.0, 1.0), (-7.0, -1.0), (0.25, 0.25), (True, 1.0)])
def test_a_number_far_out_is_cut(value: float, learned_from: float) -> None:
    assert Extras(features=(Feature("far", lambda clean: value),)).values("在吗") == [learned_from]


def test_weights_are_for_what_they_were_learned_with(small: Catalogue, weights: Weights) -> None:
    one, other = (Extras(features=(Feature("receipt", says_receipt, mark),)) for mark in ("1", "2"))
    assert BASE.mark == weights.extras == ""
    assert len({BASE.mark, one.mark, other.mark, Extras(Sentences("characters", characters)).mark}) == 4
    with pytest.raises(ValueError, match="'receipt:1'"):
        Understander(small, weights=weights, extras=one)
    with pytest.raises(ValueError, match="'receipt:1', not with 'receipt:2'"):
        Understander(small, weights=train(small, extras=one), extras=other)


# A sentence encoder ------------------------------------------------------------------------------------------------


def test_what_means_the_same_is_understood_where_words_differ(
    encoded: Understander, understander: Understander
) -> None:
    line = "给张电子钞，钞几时寄给我"
    by_words = understander.understand(line).matches
    by_meaning = encoded.understand(line).matches
    assert by_meaning[0].slug == "invoice"
    assert by_meaning[0].confidence > confidence(by_words, "invoice")
    assert by_meaning[0].features["meaning"] > max(m.features["meaning"] for m in by_meaning[1:])
    assert "meaning" not in by_words[0].features


def test_stored_weights_understand_the_same(small: Catalogue, encoded: Understander) -> None:
    extras = encoded.extras
    fresh = Understander(small, weights=train(small, extras=extras), extras=extras)
    for text in ("台灯几时寄出", "走什么快递", "太贵了再降降", "在路上开车"):
        before, after = fresh.understand(text).matches, encoded.understand(text).matches
        assert [m.slug for m in after] == [m.slug for m in before]
        assert after[0].confidence == pytest.approx(before[0].confidence, abs=0.01)


@pytest.mark.parametrize("text", ["", " ", "😀😀", "88", "?" * 500, "票" * 5000, "\ud800发票", "a\x00b"])
def test_any_text_is_read(encoded: Understander, text: str) -> None:
    assert encoded.understand(text).text == text


def test_a_long_text_is_encoded_no_further_than_it_is_read() -> None:
    asked: list[str] = []

    def noted(texts: list[str]) -> Floats:
        asked.extend(texts)
        return characters(texts)

    sentences = Sentences("noted", noted)
    sentences.one("长" * 1000)
    sentences.learn(["长" * 1000, "短"])
    assert [len(text) for text in asked] == [LENGTH, LENGTH, 1]


def test_the_encoder_and_plugins_are_learned_together(small: Catalogue, encoded: Understander) -> None:
    extras = Extras(Sentences("characters", characters), (Feature("receipt", says_receipt),))
    assert extras.mark == "characters receipt"
    both = learned(small, extras)
    assert both.understand("请问能给我receipt吗").matches[0].slug == "invoice"
    assert both.weights is not None
    assert encoded.weights is not None
    assert both.weights.model.linear.dense.shape == (DIMS + 1, len(both.weights.slugs))
    assert encoded.weights.model.linear.dense.shape == (DIMS, len(both.weights.slugs))


# What was encoded is remembered ------------------------------------------------------------------------------------


class Counting:
    """The made-up encoder, counting what it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, texts: list[str]) -> Floats:
        self.asked += len(texts)
        return characters(texts)


def test_a_text_is_encoded_once_and_again_after_it_was_forgotten() -> None:
    count = Counting()
    sentences = Sentences("counting", count)
    sentences.learn(["在吗", "发货", "在吗"])
    sentences.learn(["发货", "开票"])
    assert sentences.one("开票") == pytest.approx(characters(["开票"])[0], abs=0.01)
    assert count.asked == 3
    sentences.forget()
    sentences.one("开票")
    assert count.asked == 4


def test_what_was_encoded_is_kept_between_processes_but_for_what_is_not_needed_any_more() -> None:
    first, second, third = (Sentences("counting", Counting()) for _ in range(3))
    first.learn(["在吗", "发货"])
    count = Counting()
    second = Sentences("counting", count)
    second.recall(first.dump())
    second.learn(["发货", "开票"])
    assert count.asked == 1
    assert second.one("发货").tolist() == first.one("发货").tolist()
    third.recall(second.dump())
    assert parts(third.dump())["vectors"].shape == (0, WIDTH)
    assert parts(second.dump())["vectors"].shape == (2, WIDTH)


def parts(data: bytes) -> Mapping[str, np.ndarray]:
    with np.load(io.BytesIO(data)) as stored:
        return {name: stored[name] for name in stored.files}


@given(st.data())
def test_damaged_embeddings_are_a_value_error(data: st.DataObject) -> None:
    sentences = Sentences("characters", characters)
    sentences.learn(["在吗", "发货"])
    stored = sentences.dump()
    damaged = data.draw(st.one_of(st.binary(max_size=100), st.integers(0, len(stored) - 1).map(lambda n: stored[:n])))
    with pytest.raises(ValueError, match="embeddings"):
        sentences.recall(damaged)


def test_embeddings_that_do_not_fit_their_texts_are_refused() -> None:
    sentences = Sentences("characters", characters)
    sentences.learn(["在吗", "发货"])
    for wrong in (np.zeros((1, WIDTH), np.float16), np.zeros((2, 7), np.float16), np.full((2, WIDTH), np.nan)):
        buffer = io.BytesIO()
        np.savez(buffer, texts=parts(sentences.dump())["texts"], vectors=wrong.astype(np.float16))
        with pytest.raises(ValueError, match="do not fit"):
            sentences.recall(buffer.getvalue())


# Where examples lie ------------------------------------------------------------------------------------------------


def test_likeness_is_that_of_the_nearest_example_of_each_class() -> None:
    texts = ["什么时候发货", "几时发货", "可以便宜吗"]
    space = Space.of(characters(texts), np.array([0, 0, 2], np.int32))
    place = space.place(characters(["几时发货"])[0])
    found = space.likeness(place, [0, 2, 1, 3])
    assert found[0] == pytest.approx(1.0, abs=1e-3)
    assert found[1] < 0.5
    assert found[2:] == [0.0, 0.0]
    without = space.only(np.array([True, False, True]))
    assert without.likeness(place, [0])[0] < 0.999


@pytest.mark.parametrize("name", ["extras", "dense", "mean", "axes", "examples", "example_owners"])
def test_weights_with_a_part_that_is_missing_or_does_not_fit_are_refused(encoded: Understander, name: str) -> None:
    assert encoded.weights is not None
    stored = dict(parts(encoded.weights.dump()))
    for wrong in ({}, {name: stored[name].ravel()[: stored[name].size // 2]}, {name: np.array(np.nan)}):
        buffer = io.BytesIO()
        np.savez(buffer, **({n: p for n, p in stored.items() if n != name} | wrong))
        if name == "extras" and wrong:
            continue  # any text names something; it is compared when the weights are used
        with pytest.raises(ValueError):  # noqa: PT011 - any message
            Weights.load(buffer.getvalue())
