"""Words by dictionary: the same with and without rjieba, and one shop's words stay its own."""

import jieba
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoreply.understanding.normalise import normalise
from autoreply.understanding.segment import _frequencies, segmenter

WORDS = ["好评返现", "啥时候", "京东快递"]
PLAIN = segmenter(WORDS, fast=False)
LINES = [
    "请问这款枕头啥时候到货，想送长辈",
    "京东快递还是邮政ems都行 4号前要到",
    "好评返现是真的吗? 13.5元一斤",
    "iphone15的壳xl码 nb",
]


def test_a_catalogues_words_stay_whole() -> None:
    assert "好评返现" in PLAIN("你家好评返现吗")


def test_jiebas_global_dictionary_is_left_alone() -> None:
    assert "好评返现" not in jieba.lcut("你家好评返现吗", HMM=False)


def test_no_character_is_lost() -> None:
    for line in LINES:
        assert "".join(PLAIN(line)) == line


@pytest.mark.parametrize("line", LINES)
def test_rjieba_gives_the_same_words(line: str) -> None:
    pytest.importorskip("rjieba")
    assert segmenter(WORDS)(line) == PLAIN(line)


@given(st.text(st.sampled_from("发货快递什么时候好评返现京东啥到吗的了我你 ,.?!12a#№"), max_size=40))
def test_rjieba_gives_the_same_words_for_any_clean_text(text: str) -> None:
    pytest.importorskip("rjieba")
    clean = normalise(text).clean
    assert QUICK(clean) == PLAIN(clean)


QUICK = segmenter(WORDS)


def test_the_dictionary_is_read_as_jieba_reads_it() -> None:
    tokenizer = jieba.Tokenizer()
    assert _frequencies(tokenizer) == tokenizer.gen_pfdict(tokenizer.get_dict_file())
