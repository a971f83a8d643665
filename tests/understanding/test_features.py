"""What the model sees of a text: runs of characters, words and their kinds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoreply.understanding.features import (
    Vocabulary,
    located,
    runs,
    says_something,
    spans_of_runs,
    view_of,
    word_features,
    words_of,
)

VIEWS = st.text(st.sampled_from("发货快递几天到0ab "), max_size=12)


def spelled(key: int) -> str:
    return key.to_bytes(8, "big").decode("utf-16-be").lstrip("\x00")


def test_a_view_has_words_and_one_zero_for_each_number() -> None:
    assert view_of("3件12.5元,几天到?!") == "0件0元 几天到"
    assert not says_something(view_of("88 66"))


def test_runs_are_of_one_to_four_characters_with_the_ends_marked() -> None:
    assert [spelled(k) for k in runs("发货").tolist()] == [
        "^",
        "发",
        "货",
        "$",
        "^发",
        "发货",
        "货$",
        "^发货",
        "发货$",
        "^发货$",
    ]


def test_an_empty_view_has_its_ends_alone() -> None:
    assert [spelled(k) for k in runs("").tolist()] == ["^", "$", "^$"]


@given(VIEWS)
def test_each_run_stands_where_its_span_says(view: str) -> None:
    keys, spans = runs(view).tolist(), spans_of_runs(len(view)).tolist()
    assert len(keys) == len(spans)
    for key, (start, end) in zip(keys, spans, strict=True):
        assert view[start:end] == spelled(key).strip("^$")


def test_words_are_features_and_so_are_their_kinds_and_neighbours() -> None:
    found = word_features(["发", "顺丰", "发"], {"顺丰": "<courier>"})
    assert found == ["w发", "w顺丰", "k<courier>", "k^|发", "k发|<courier>", "k<courier>|发", "k发|$"]


def test_words_stand_in_the_view_as_they_were_cut_from_the_text() -> None:
    words = words_of(["3", "件", ",", "12.5", "元", "?"])
    assert words == ["0", "件", "0", "元"]
    assert list(located("0件 0元", words)) == [("w0", 0, 1), ("w件", 1, 2), ("w0", 3, 4), ("w元", 4, 5)]


def test_a_vocabulary_numbers_runs_first_and_words_after_them() -> None:
    vocabulary = Vocabulary(np.unique(runs("发货")), ["w发货", "k^|发货"])
    numbers, known = vocabulary.find(runs("发错"))
    assert [spelled(k) for k in runs("发错")[known].tolist()] == ["^", "发", "$", "^发"]
    assert [spelled(k) for k in vocabulary.runs[numbers[known]].tolist()] == ["^", "发", "$", "^发"]
    assert vocabulary.numbers == {"w发货": 10, "k^|发货": 11}


def test_long_runs_and_kinds_count_for_less() -> None:
    vocabulary = Vocabulary(np.unique(runs("发货")), ["w发货", "k^|发货"])
    assert vocabulary.scale() == pytest.approx([0.7] * 4 + [1.0] * 3 + [0.7] * 2 + [0.4] + [1.0, 0.3])


def test_a_part_of_a_vocabulary_is_numbered_anew() -> None:
    part = Vocabulary(np.unique(runs("发货")), ["w发货", "k^|发货"]).only([0, 3, 11])
    assert [spelled(k) for k in part.runs.tolist()] == ["$", "货"]
    assert part.numbers == {"k^|发货": 2}
    assert len(part) == 3


def test_what_is_no_vocabulary_is_refused() -> None:
    with pytest.raises(ValueError, match="vocabulary"):
        Vocabulary(np.array([2, 1], np.uint64), [])
    with pytest.raises(ValueError, match="vocabulary"):
        Vocabulary(np.array([1], np.uint64), ["x"])
