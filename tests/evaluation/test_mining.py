"""Lines that were not understood, in groups."""

import random

import pytest

from autoreply.evaluation.mining import Group, grouped, unmatched
from autoreply.understanding import Catalogue, Understander

TEXTS = [
    "亲，盒子压扁了怎么处理",
    "盒子压扁了怎么处理呀",
    "你好 盒子压扁怎么处理",
    "纸盒子压扁了怎么处理",
    "羽毛球拍几根线",
    "这个羽毛球拍几根线啊",
    "给我来张电子票",  # understood
    "孩子刚睡着",  # listed as a line without an intent
    "😀",  # nothing is said
]


@pytest.fixture(scope="module")
def groups(understander: Understander, small: Catalogue) -> list[Group]:
    return grouped(unmatched(understander, small, [*TEXTS, TEXTS[0]], 400))


def test_lines_that_say_the_same_are_one_group_the_largest_first(groups: list[Group]) -> None:
    assert [(g.lines, set(g.texts)) for g in groups] == [(5, set(TEXTS[:4])), (2, set(TEXTS[4:6]))]
    assert groups[0].texts[0] == TEXTS[0]  # it was said twice


def test_what_is_understood_or_known_or_empty_is_in_no_group(groups: list[Group]) -> None:
    assert not {t for g in groups for t in g.texts} & set(TEXTS[6:])


def test_a_group_names_the_intent_that_comes_nearest(understander: Understander, small: Catalogue) -> None:
    texts = ["要张发票报账", "要张发票好报账"]
    [group] = grouped(unmatched(Understander(small, threshold=1.0, weights=understander.weights), small, texts, 400))
    assert group.proposed == "invoice"
    assert 0 < group.confidence <= 1


def test_an_id_belongs_to_the_lines_of_its_group(
    understander: Understander, small: Catalogue, groups: list[Group]
) -> None:
    shuffled = random.Random(1).sample([*TEXTS, TEXTS[0]], len(TEXTS) + 1)
    again = grouped(unmatched(understander, small, shuffled, 400))
    assert {g.id: set(g.texts) for g in again} == {g.id: set(g.texts) for g in groups}
    fewer = grouped(unmatched(understander, small, TEXTS[1:], 400))
    assert groups[0].id not in {g.id for g in fewer}
    assert groups[1].id in {g.id for g in fewer}


def test_every_line_is_in_one_group(understander: Understander, small: Catalogue) -> None:
    rng = random.Random(0)
    texts = ["".join(rng.choices("花盆土壤肥料浇水光照叶子黄枯", k=rng.randint(2, 9))) for _ in range(400)]
    found = unmatched(understander, small, texts, 400)
    groups = grouped(found)
    assert sum(g.lines for g in groups) == sum(u.lines for u in found)
    kept = [t for g in groups for t in g.texts]
    assert len(kept) == len(set(kept))
    assert [g.lines for g in groups] == sorted((g.lines for g in groups), reverse=True)


def test_nothing_to_group_is_no_group() -> None:
    assert grouped([]) == []
