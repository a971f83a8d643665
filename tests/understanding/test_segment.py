"""Words by dictionary: the same as jieba's, with and without rjieba, and one shop's words stay its own."""

import logging

import jieba
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoreply.understanding.normalise import normalise
from autoreply.understanding.segment import segmenter

WORDS = ["好评返现", "啥时候", "京东快递", "在不在家都能收"]
PLAIN = segmenter(WORDS, fast=False)
QUICK = segmenter(WORDS)
LINES = [
    "请问这款枕头啥时候到货，想送长辈",
    "京东快递还是邮政ems都行 4号前要到",
    "好评返现是真的吗? 13.5元一斤",
    "iphone15的壳xl码 nb",
    "问下在不在家都能收吗",
    "中华人民共和国和中国科学院的关系",
    "🔗№#1a+b _-% 囍䶮𠮷\ud800x",
]
ANY_TEXT = st.one_of(
    st.text(
        st.sampled_from("发货快递什么时候好评返现京东啥到吗的了我你中国人民共和科学院 ,.?!12a#+-_%№🔗囍"), max_size=40
    ),
    st.text(max_size=40),
)


@pytest.fixture(scope="module")
def jiebas() -> jieba.Tokenizer:
    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True  # without the cache file that jieba would write into a shared folder
    for word in WORDS:
        tokenizer.add_word(word, 5000)
    return tokenizer


def test_a_catalogues_words_stay_whole() -> None:
    assert "好评返现" in PLAIN("你家好评返现吗")
    assert "在不在家都能收" in PLAIN("问下在不在家都能收吗")
    assert "好评返现" not in segmenter((), fast=False)("你家好评返现吗")


def test_what_jiebas_words_cannot_be_is_passed_over() -> None:
    assert segmenter(["吗 的", "a·b", "好"], fast=False)("a·b好吗 的") == ["a", "·", "b", "好", "吗", " ", "的"]


def test_no_character_is_lost() -> None:
    for line in LINES:
        assert "".join(PLAIN(line)) == line
    assert PLAIN("") == []


@given(ANY_TEXT)
def test_words_are_those_of_jieba(jiebas: jieba.Tokenizer, text: str) -> None:
    clean = normalise(text).clean
    assert PLAIN(clean) == jiebas.lcut(clean, HMM=False)


@pytest.mark.parametrize("line", LINES[:-1])
def test_rjieba_gives_the_same_words(line: str) -> None:
    pytest.importorskip("rjieba")
    assert QUICK(line) == PLAIN(line)


@given(ANY_TEXT)
def test_rjieba_gives_the_same_words_for_any_clean_text(text: str) -> None:
    pytest.importorskip("rjieba")
    clean = normalise(text).clean
    assert QUICK(clean) == PLAIN(clean)
