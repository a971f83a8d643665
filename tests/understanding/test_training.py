"""Weights: reproducible, bound to their catalogue, safe to load."""

import io
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoreply.understanding import Catalogue, Understander, Weights, load_catalogue, train
from autoreply.understanding.linear import Linear, fit, softmax

from .conftest import Write


def test_the_same_catalogue_and_seed_give_the_same_weights(small: Catalogue, weights: Weights) -> None:
    assert train(small).dump() == weights.dump()


def test_weights_come_back_from_bytes(small: Catalogue, weights: Weights, understander: Understander) -> None:
    again = Understander(small, weights=Weights.load(weights.dump()))
    for text in ("台灯几时寄出", "走什么快递", "谢谢"):
        before, after = understander.understand(text), again.understand(text)
        assert [m.slug for m in after.matches] == [m.slug for m in before.matches]
        assert after.matches[0].confidence == pytest.approx(before.matches[0].confidence, abs=0.01)


def test_weights_of_another_catalogue_are_refused(weights: Weights, write: Write) -> None:
    other = load_catalogue([write("gift.toml", 'slug = "gift"\nexamples = ["送不送杯垫"]\n')])
    with pytest.raises(ValueError, match="another catalogue"):
        Understander(other, weights=weights)


@given(st.binary(max_size=200))
def test_damaged_bytes_are_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any message
        Weights.load(data)


@given(st.data())
def test_a_flipped_byte_is_refused_or_harmless(weights: Weights, data: st.DataObject) -> None:
    stored = bytearray(weights.dump())
    at = data.draw(st.integers(0, len(stored) - 1))
    stored[at] ^= data.draw(st.integers(1, 255))
    try:
        again = Weights.load(bytes(stored))
    except ValueError:
        return
    assert again.catalogue == weights.catalogue


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


def test_the_classifier_learns_what_tells_classes_apart() -> None:
    rows = [np.array(r, np.int32) for r in ([0, 2], [0, 3], [1, 2], [1, 3])] * 20
    targets = np.array([[1, 0], [1, 0], [0, 1], [0, 1]] * 20, np.float32)
    model = fit(rows, targets, np.ones(80, np.float32), np.ones(4, np.float32), seed=0)
    assert softmax(model.logits([0]))[0] > 0.8
    assert softmax(model.logits([1]))[1] > 0.8
    assert softmax(model.logits([2]))[0] == pytest.approx(0.5, abs=0.1)


def test_halves_are_the_scores_of_the_features_on_each_side() -> None:
    model = Linear(np.arange(12, dtype=np.float32).reshape(4, 3), np.ones(4, np.float32), np.zeros(3, np.float32))
    spans = np.array([[2, 3], [0, 1], [1, 2], [0, 3]], np.int32)
    before, after = model.halves([0, 1, 2, 3], spans, [1, 2])
    assert before == pytest.approx(np.array([model.logits([1]), model.logits([1, 2])]))
    assert after == pytest.approx(np.array([model.logits([2, 0]), model.logits([0])]))
