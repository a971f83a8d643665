"""Weights: reproducible, bound to their catalogue, safe to load."""

import io
import zipfile
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoreply.understanding import Catalogue, Understander, Weights, load_catalogue, train
from autoreply.understanding.linear import Linear, Rows, fit, sigmoid

from .conftest import Write


def test_the_same_catalogue_and_seed_give_the_same_weights(small: Catalogue, weights: Weights) -> None:
    assert train(small).dump() == weights.dump()


def test_weights_come_back_from_bytes(small: Catalogue, weights: Weights, understander: Understander) -> None:
    again = Understander(small, weights=Weights.load(weights.dump()))
    for text in ("台灯几时寄出", "走什么快递", "谢谢"):
        before, after = understander.understand(text), again.understand(text)
        assert [m.slug for m in after.matches] == [m.slug for m in before.matches]
        assert after.matches[0].confidence == pytest.approx(before.matches[0].confidence, abs=0.01)
    assert again.weights is not None
    assert again.weights.dump() == weights.dump()


def test_weights_of_another_catalogue_are_refused(weights: Weights, write: Write) -> None:
    other = load_catalogue([write("gift.toml", 'slug = "gift"\nexamples = ["送不送杯垫"]\n')])
    with pytest.raises(ValueError, match="another catalogue"):
        Understander(other, weights=weights)


@given(st.binary(max_size=200))
def test_damaged_bytes_are_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any message
        Weights.load(data)


@given(st.data())
def test_flipped_bytes_are_refused_or_harmless(weights: Weights, data: st.DataObject) -> None:
    stored = bytearray(weights.dump())
    for _ in range(data.draw(st.integers(1, 3))):
        stored[data.draw(st.integers(0, len(stored) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        again = Weights.load(bytes(stored))
    except ValueError:
        return
    assert again.catalogue == weights.catalogue


@given(st.data())
def test_a_file_cut_short_is_refused(weights: Weights, data: st.DataObject) -> None:
    stored = weights.dump()
    with pytest.raises(ValueError):  # noqa: PT011 - any message
        Weights.load(stored[: data.draw(st.integers(0, len(stored) - 1))])


def parts_of(weights: Weights) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(weights.dump())) as stored:
        return {name: stored[name] for name in stored.files}


def packed(parts: dict[str, np.ndarray]) -> bytes:
    out = io.BytesIO()
    np.savez(out, **parts)
    return out.getvalue()


def test_another_version_is_refused(weights: Weights) -> None:
    with pytest.raises(ValueError, match="version"):
        Weights.load(packed(parts_of(weights) | {"version": np.array(1)}))


@pytest.mark.parametrize(
    "name", ["version", "slugs", "words", "runs", "weights", "inner", "owners", "terms", "postings"]
)
def test_a_part_that_is_missing_or_does_not_fit_is_refused(weights: Weights, name: str) -> None:
    parts = parts_of(weights)
    assert Weights.load(packed(parts)).catalogue == weights.catalogue
    with pytest.raises(ValueError):  # noqa: PT011 - any message
        Weights.load(packed({n: p for n, p in parts.items() if n != name}))
    for wrong in (parts[name].ravel()[: parts[name].size // 2], np.full(parts[name].shape, np.nan), np.array("?")):
        with pytest.raises(ValueError):  # noqa: PT011 - any message
            Weights.load(packed(parts | {name: wrong}))


def test_a_pickle_in_the_archive_is_not_run(weights: Weights) -> None:
    buffer = io.BytesIO(weights.dump())
    with zipfile.ZipFile(buffer) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    evil = io.BytesIO()
    np.save(evil, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    parts["bias.npy"] = evil.getvalue()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with pytest.raises(ValueError, match="pickle"):
        Weights.load(out.getvalue())


def test_a_catalogue_of_one_example_can_be_trained(write: Write) -> None:
    lone = load_catalogue([write("gift.toml", 'slug = "gift"\nexamples = ["送不送杯垫"]\n')])
    understood = Understander(lone, weights=train(lone)).understand("送不送杯垫")
    assert understood.matches[0].slug == "gift"


def test_weights_of_a_catalogue_without_intents_to_pair_can_be_trained(write: Write) -> None:
    lines = ", ".join(f'"谢谢{n}"' for n in "你您啦哈哦呀亲店家们")
    talk = load_catalogue([write("thanks.toml", f'slug = "thanks"\nexamples = [{lines}]\n')])
    assert Understander(talk, weights=Weights.load(train(talk).dump())).understand("谢谢您").matches[0].slug == "thanks"


@pytest.mark.parametrize(
    "content",
    [
        'keywords = ["礼品卡"]',
        'templates = ["(有没有|送不送)(杯垫|勺子)(呀|)"]',
        "examples = [" + ", ".join(f'"买{n}件送不送杯垫"' for n in range(40)) + "]",
    ],
)
def test_a_shop_with_a_single_intent_starts_and_does_not_answer_all_with_it(content: str, write: Write) -> None:
    alone = load_catalogue([write("gift.toml", f'slug = "gift"\n{content}\n')])
    understander = Understander(alone, weights=Weights.load(train(alone).dump()))
    assert understander.understand("礼品卡送不送杯垫").matches[0].slug == "gift"
    assert understander.understand("天气真好啊").answered == ()


NO_DENSE = np.zeros((0, 0), np.float32)


def rows_of(*rows: list[int]) -> Rows:
    owners = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    return Rows.of(owners, np.array([n for row in rows for n in row], np.int32), len(rows))


def test_the_classifier_learns_what_tells_classes_apart() -> None:
    rows = rows_of(*[[0, 2], [0, 3], [1, 2], [1, 3]] * 1000)
    targets = np.array([[1, 0], [1, 0], [0, 1], [0, 1]] * 1000, np.float32)
    model = fit(rows, targets, np.ones(4000, np.float32), np.ones(4, np.float32), seed=0)
    first, second, neither = (sigmoid(model.odds([n])) for n in (0, 1, 2))
    assert first[0] > 0.5 > 0.1 > first[1]
    assert second[1] > 0.5 > 0.1 > second[0]
    assert neither[0] == pytest.approx(neither[1], abs=0.15)


def test_a_row_with_two_classes_is_sure_of_both() -> None:
    rows = rows_of(*[[0], [1], [2], [0, 1]] * 1000)
    targets = np.array([[1, 0], [0, 1], [0, 0], [1, 1]] * 1000, np.float32)
    model = fit(rows, targets, np.ones(4000, np.float32), np.ones(3, np.float32), seed=0)
    both, neither = sigmoid(model.odds([0, 1])), sigmoid(model.odds([2]))
    assert both.min() > 0.4
    assert neither.max() < 0.05


def test_a_row_without_importance_is_not_learned() -> None:
    rows = rows_of(*[[0], [1]] * 500)
    targets = np.array([[1], [0]] * 500, np.float32)
    shown = fit(rows, targets, np.ones(1000, np.float32), np.ones(2, np.float32), seed=0)
    hidden = fit(rows, targets, np.array([0, 1] * 500, np.float32), np.ones(2, np.float32), seed=0)
    assert shown.weights[0] > 0
    assert not hidden.weights[0].any()


def test_rows_are_made_of_numbers_in_any_order() -> None:
    rows = Rows.of(np.array([2, 0, 2, 0]), np.array([7, 1, 5, 3], np.int32), 3)
    assert [rows.numbers[s:e].tolist() for s, e in pairwise(rows.starts)] == [[1, 3], [], [7, 5]]


def test_sides_are_the_odds_of_the_features_on_each_side() -> None:
    model = Linear(
        np.arange(12, dtype=np.float32).reshape(4, 3), np.ones(4, np.float32), np.zeros(3, np.float32), NO_DENSE
    )
    spans = np.array([[2, 3], [0, 1], [1, 2], [0, 3]], np.int32)
    before, after = model.sides(np.arange(4, dtype=np.int32), spans, [1, 2])
    assert before == pytest.approx(np.array([model.odds([1]), model.odds([1, 2])]))
    assert after == pytest.approx(np.array([model.odds([2, 0]), model.odds([0])]))


def test_unclaimed_odds_leave_out_what_speaks_for_the_rival() -> None:
    weights = np.array([[2, 0.1], [1, 4], [0, -1], [5, 4]], np.float32)
    model = Linear(weights, np.ones(4, np.float32), np.zeros(2, np.float32), NO_DENSE)
    features = np.arange(4, dtype=np.int32)
    found = model.unclaimed(features, np.array([0, 1]), np.array([1, 0]))
    assert found == pytest.approx([7 / np.sqrt(3), 3 / np.sqrt(2)])  # without feature 1; without 0 and 3
