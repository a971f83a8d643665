"""Clean text → words, by jieba; by rjieba where it is installed: the same words, faster to load and to run.

Each segmenter has a dictionary of its own; jieba's global one, which any library may change, is never used. Words are
found by dictionary alone (no HMM): an unknown word falls apart into characters, which the character features cover.
"""

import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import jieba

rjieba: Any = None
with suppress(ImportError):  # the base install does without
    import rjieba

jieba.setLogLevel(logging.WARNING)

DOMAIN_FREQUENCY = 5000
"""Frequency given to a catalogue's own words: about that of 发货, so that they win against their parts."""

Cut = Callable[[str], list[str]]


def segmenter(words: Iterable[str], *, fast: bool = True) -> Cut:
    """A function that cuts clean text into words, knowing ``words`` beside jieba's own dictionary.

    Args:
        words: domain words; those shorter than two characters or with blanks in them are passed over.
        fast: use rjieba where installed.
    """
    domain = sorted({w for w in words if len(w) > 1 and not any(c.isspace() for c in w)})
    if fast and rjieba is not None:
        quick = rjieba.Jieba()
        for word in domain:
            quick.add_word(word, DOMAIN_FREQUENCY, None)
        return lambda text: quick.cut(text, False)
    plain = jieba.Tokenizer()
    # Not plain.initialize(): it would read and write a cache file in the machine's temporary folder, and be no faster.
    plain.FREQ, plain.total = _frequencies(plain)
    plain.initialized = True
    for word in domain:
        plain.add_word(word, DOMAIN_FREQUENCY)
    return lambda text: plain.lcut(text, HMM=False)


def _frequencies(tokenizer: jieba.Tokenizer) -> tuple[dict[str, int], int]:
    """What ``tokenizer.gen_pfdict`` makes of jieba's dictionary, in two thirds of the time: every word with its
    frequency, every beginning of a word that is none with 0, and the sum of all frequencies."""
    with tokenizer.get_dict_file() as file:
        parts = file.read().decode().split()  # word, frequency, part of speech
    counts = list(map(int, parts[1::3]))
    found = dict(zip(parts[::3], counts, strict=True))
    for word in list(found):
        beginning = word[:-1]
        while beginning and beginning not in found:
            found[beginning] = 0
            beginning = beginning[:-1]
    return found, sum(counts)
