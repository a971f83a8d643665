"""Few candidates out of many examples, the same ones every time."""

import numpy as np
import pytest

from autoreply.understanding.index import BUDGET, CANDIDATES, Index


def test_finds_the_nearest_first() -> None:
    index = Index(["几时能寄出", "用哪家快递", "几时能寄到"])
    near = index.nearest("几时能寄出呢")
    assert [n for n, _ in near] == [0, 2]
    assert near[0][1] > near[1][1]


def test_the_same_text_is_fully_alike() -> None:
    assert Index(["用哪家快递"]).nearest("用哪家快递") == [(0, 1.0)]


def test_nothing_in_common_finds_nothing() -> None:
    index = Index(["用哪家快递"])
    assert index.nearest("橙子甜不甜") == []
    assert index.nearest("") == []


def test_one_character_finds_examples_that_begin_as_short() -> None:
    assert Index(["退", "换"]).nearest("退") == [(0, 1.0)]


def test_work_is_bounded_however_many_examples_share_a_word() -> None:
    views = [f"台灯{i:05d}号" for i in range(20_000)]
    index = Index(views)
    assert len(index.nearest("台灯")) <= CANDIDATES
    assert max(len(p) for p in index._postings.values()) <= BUDGET
    assert views[index.nearest("台灯12345号")[0][0]] == "台灯12345号"


def test_an_index_comes_back_from_its_parts() -> None:
    views = ["几时能寄出", "用哪家快递", "退", ""]
    index = Index(views)
    again = Index.restored(views, *index.stored())
    for text in ("几时能寄出呢", "退", "橙子"):
        assert again.nearest(text) == index.nearest(text)


def test_parts_of_an_index_that_do_not_fit_are_refused() -> None:
    terms, lengths, postings = Index(["用哪家快递"]).stored()
    for wrong in (
        (terms[1:], lengths, postings),
        (terms, lengths, postings[1:]),
        (terms, lengths, postings + 1),
        (terms, -lengths, postings),
        (terms, np.zeros_like(lengths), postings[:0]),
    ):
        with pytest.raises(ValueError, match="fit"):
            Index.restored(["用哪家快递"], *wrong)
