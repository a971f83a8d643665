"""Folds a text so that disguised spellings meet the words of the rulebooks, and maps places back to what was written.

Each character is folded by itself: NFKC, lower case, traditional to simplified, look-alikes and homophones to one
canonical character; spaces, zero-width characters, emoji, brackets and other decoration vanish, because they are put
inside words to hide them. Only line breaks and sentence punctuation stay, as clause borders. Words of rulebooks pass
through the same folding, so it need not be good Chinese, only the same on both sides.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property, lru_cache

from opencc import OpenCC

BREAKS = frozenset(",;。!?\n")
"""Folded characters that end a clause."""
STOPS = frozenset("。!?\n")
"""Folded characters that end a sentence."""

_KEPT = frozenset(",;。!?\n、%:¥$")

# RULES section 3: homophones, look-alikes and the variants seen in seller texts, each to its canonical character.
_ALIKE = {
    "微": "薇溦威葳",
    "信": "伈杺芯訫",
    "不": "鈈钚吥卟罘唔",
    "有": "囿洧冇侑囩",
    "得": "嘚锝",
    "你": "妳伱祢沵迩袮",
    "您": "恁",
    "我": "莪硪",
    "的": "菂嘅旳",
    "在": "茬洅喺",
    "做": "莋",
    "到": "菿",
    "好": "恏",
    "开": "閞",
    "给": "畀俾",
    "们": "哋",
    "他": "佢",
    "宝": "寳",
    "扣": "筘",
    "账": "帐",
    "钱": "銭",
    "款": "欵",
    "现": "睍",
    "返": "仮",
    "评": "坪枰抨",
    "群": "裙",
    "退": "煺",
    "v": "νѵѴυ∨√",
    "x": "χхХ×✕❌",
    "q": "ԛԚ",
    "o": "оοОΟ",
    "a": "аАΑα",
    "e": "еЕΕ",
    "i": "іΙ",
    "p": "рРρΡ",
    "c": "сС",
    "1": "❶➊⓵壹",
    "2": "❷➋⓶贰",
    "3": "❸➌⓷叁",
    "4": "❹➍⓸肆",
    "5": "❺➎⓹伍",
    "6": "❻➏⓺陆",
    "7": "❼➐⓻柒",
    "8": "❽➑⓼捌",
    "9": "❾➒⓽玖",
    "0": "⓪⓿〇○",
    "加": "➕",
    "企鹅": "🐧",
}
_FOLDED = {alike: canonical for canonical, group in _ALIKE.items() for alike in group}
_INVISIBLE = frozenset("\u115f\u1160\u3164\uffa0\u2800")
_HEART = re.compile("(?<=[vVｖＶⅤ薇微威])[❤♥💗💓🧡💛💚💙]")


_SIMPLIFIED = OpenCC("t2s")


class _Fold(dict[str, str]):
    """What each character folds to, worked out when first met."""

    def __init__(self) -> None:
        super().__init__()
        self.emoji: set[str] = set()

    def __missing__(self, char: str) -> str:
        folded = self[char] = self._fold(char)
        return folded

    def _fold(self, char: str) -> str:
        if char in _FOLDED:
            return _FOLDED[char]
        if char in "\r\n\u2028\u2029\x85":
            return "\n"
        out = ""
        for c in unicodedata.normalize("NFKC", char).lower():
            simple = _SIMPLIFIED.convert(c)
            c = simple if len(simple) == 1 else c
            c = _FOLDED.get(c, c)
            if c in _KEPT or c in _FOLDED or (c not in _INVISIBLE and unicodedata.category(c)[0] in "LN"):
                out += c
        if not out and (unicodedata.category(char) == "So" or "\U0001f000" <= char <= "\U0001faff"):
            self.emoji.add(char)
        return out


_fold = _Fold()


@dataclass(frozen=True)
class Folded:
    """A folded text. ``text`` holds what is matched; ``parts`` what each character as written became."""

    written: str
    parts: list[str]
    text: str

    @cached_property
    def origin(self) -> list[int]:
        """For each folded character the index of the written one; one more entry for the end."""
        origin = [i for i, part in enumerate(self.parts) for _ in part]
        origin.append(len(self.written))
        return origin

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The written span of the folded span ``[start, end)``; decoration inside belongs to it."""
        return self.origin[start], self.origin[end - 1] + 1 if end > start else self.origin[start]

    @cached_property
    def emoji(self) -> list[int]:
        """Indices of the emoji in the text as written; one built of several characters counts once."""
        if len(self.text) == len(self.written):
            return []
        found = [i for i, c in enumerate(self.written) if c in _fold.emoji and c not in _MODIFIERS]
        return [i for i in found if not (i and self.written[i - 1] == "\u200d")]


_MODIFIERS = frozenset("\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff\ufe0f")


def fold(written: str) -> Folded:
    """Fold a text; takes linear time and never raises."""
    source = _HEART.sub("信", written) if "❤" in written or "♥" in written or "💗" in written else written
    parts = [_fold[c] for c in source]
    return Folded(written, parts, "".join(parts))


@lru_cache(maxsize=65536)
def fold_word(word: str) -> str:
    """A rulebook's word as it appears in folded texts."""
    return "".join(_fold[c] for c in word)
