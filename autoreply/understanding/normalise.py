"""Text as typed → clean text that the other stages read, with the way back to the characters as written.

Width, case, Chinese variant and repeated characters are folded. Links, long numbers, order cards and the platform's
masks (``[订单x]``) become one marker character each, so that what a buyer pastes does not drown what a buyer says.
"""

import re
import unicodedata
from dataclasses import dataclass

from opencc import OpenCC

MAX_CHARS = 400
"""Longer messages are read up to here; one full screen of a buyer's app holds less."""

NUMBER, ORDER, LINK, CARD, PHONE, EMAIL = "#", "№", "🔗", "🧾", "☎", "✉"
DATE, CLOCK, PERSON, PLACE, COMPANY = "📅", "🕐", "👤", "🏠", "🏢"
MARKERS = frozenset((NUMBER, ORDER, LINK, CARD, PHONE, EMAIL, DATE, CLOCK, PERSON, PLACE, COMPANY))
_MASKS = {
    "数字": NUMBER,
    "金额": NUMBER,
    "订单": ORDER,
    "父原始": ORDER,
    "子": ORDER,
    "身份证号": ORDER,
    "链接": LINK,
    "电话": PHONE,
    "邮箱": EMAIL,
    "日期": DATE,
    "时间": CLOCK,
    "姓名": PERSON,
    "地址": PLACE,
    "站点": PLACE,
    "组织机构": COMPANY,
}
_DROP = "\x00"
_SENTENCE = {"。": ".", "、": ",", "：": ":", "“": '"', "”": '"', "‘": "'", "’": "'", "…": ".", "～": "~", "〜": "~"}
_VARIANTS = {"妳": "你", "祢": "你", "麽": "么", "麼": "么", "嚒": "么", "咁": "这", "喺": "在", "冇": "没", "啲": "点"}


def _translation() -> tuple[dict[int, str], dict[str, str]]:
    """Tables of one character → one character, and of one character → several."""
    one: dict[int, str] = {}
    several: dict[str, str] = {}
    compatible = (*range(0xA0, 0x100), *range(0x2000, 0x3400), *range(0xF900, 0xFB00), *range(0xFE30, 0xFFF0))
    for code in (
        *range(0x250),
        *compatible,
        *range(0x1D400, 0x1D800),
        *range(0xD800, 0xE000),
        *range(0xE0000, 0xE0080),
    ):
        char = chr(code)
        category = unicodedata.category(char)
        folded = unicodedata.normalize("NFKC", char).lower()
        if char.isspace():
            one[code] = "\n" if char in "\r\n\x85\u2028\u2029" else " "
        elif category in ("Cc", "Cf", "Cs", "Cn", "Co", "Mn"):
            one[code] = _DROP
        elif len(folded) == 1:
            if folded != char:
                one[code] = folded
        else:
            several[char] = " ".join(folded.split()) or " "
    han = [chr(code) for code in (*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000))]
    for char, simple in zip(han, OpenCC("t2s").convert("\n".join(han)).split("\n"), strict=True):
        if len(simple) == 1 and simple != char:
            one[ord(char)] = simple
    one.update({ord(k): v for k, v in {**_SENTENCE, **_VARIANTS}.items()})
    for code in (0xFE0F, 0x20E3, 0xFFFD):
        one[code] = _DROP
    return one, {c: s for c, s in several.items() if ord(c) not in one}


_ONE, _SEVERAL = _translation()
_VALUE = r"(?:\[[^\[\]]{1,6}x\]|[\w.:-]{1,40})"
_FIELD = r"(?:订单(?:编号|号|金额)?|商品(?:id|号|编号)|下单时间|快递单号)"
_SCAN = re.compile(
    rf"""
    (?P<drop>\x00+ | /:[\^_a-z0-9$@*'"-]{{1,5}} | \#e-s(?:\[数字x\]|\d{{1,3}})
        | [\U0001f000-\U0001faff\u2600-\u26ff\u2700-\u2704\u2706-\u27bf]+ | \[[\u4e00-\u9fff]{{1,3}}\])
  | (?P<card>(?:顾客通过[^:]{{1,30}}发送:)?\[?(?:咨询|查询)?{_FIELD}:[ ]?{_VALUE}(?:[ ]?\[时间x\])?
        (?:[ ,;]{{0,6}}{_FIELD}:[ ]?{_VALUE}(?:[ ](?:\[时间x\]|\d\d:\d\d(?::\d\d)?))?)*\]?)
  | (?P<link>(?:https?://|www\.)[!-~]+ | [a-z0-9-]{{2,40}}\.(?:com|cn|net)(?:/[!-~]*)?)
  | (?P<mail>[a-z0-9._-]{{1,40}}@[a-z0-9.-]{{3,40}})
  | (?P<phone>(?<![0-9a-z])1[3-9]\d{{9}}(?![0-9a-z]))
  | (?P<order>(?<![0-9a-z.])(?:[a-z]{{0,4}}\d{{9,30}}|(?=[a-z]{{0,6}}\d[0-9a-z]{{12}})[0-9a-z]{{14,24}})(?![0-9a-z]))
  | \[(?P<mask>[\u4e00-\u9fff]{{1,4}})x\]
  | (?P<several>[{re.escape("".join(_SEVERAL))}])
  | (?P<again>(?P<same>[^\d\s])(?P=same){{2,}})
  | (?P<blank>[ \t]{{2,}})
    """,
    re.VERBOSE,
)
_PUNCTUATION = frozenset(",.!?~;:'\"-_=+*/\\|@&^%$()<>{}[]`·")
_WHOLE = {"card": CARD, "link": LINK, "mail": EMAIL, "phone": PHONE, "order": ORDER, "blank": " ", "drop": ""}


@dataclass(frozen=True, slots=True)
class Normal:
    """Clean text and, for each of its characters, where it begins and ends in the text as written."""

    clean: str
    starts: tuple[int, ...] | range
    ends: tuple[int, ...] | range

    def span(self, start: int, end: int) -> tuple[int, int]:
        """A span ``[start, end)`` of ``clean`` (not empty) as a span of the text as written."""
        return self.starts[start], self.ends[end - 1]


def normalise(text: str) -> Normal:
    """Fold ``text``; never raises, linear in its length, reads at most ``MAX_CHARS`` characters."""
    text = text[:MAX_CHARS]
    folded = text.translate(_ONE)
    if _SCAN.search(folded) is None:
        return Normal(folded, range(len(folded)), range(1, len(folded) + 1))
    parts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    last = 0
    for found in _SCAN.finditer(folded):
        start, end = found.span()
        parts.append(folded[last:start])
        starts.extend(range(last, start))
        ends.extend(range(last + 1, start + 1))
        put = _replacement(found)
        parts.append(put)
        starts.extend([start] * len(put))
        ends.extend([end] * len(put))
        last = end
    parts.append(folded[last:])
    starts.extend(range(last, len(folded)))
    ends.extend(range(last + 1, len(folded) + 1))
    return Normal("".join(parts), tuple(starts), tuple(ends))


def _replacement(found: re.Match[str]) -> str:
    kind = found.lastgroup or ""
    if kind in _WHOLE:
        return _WHOLE[kind]
    if kind == "mask":
        return _MASKS.get(found["mask"], "")
    if kind == "several":
        return _SEVERAL[found["several"]]
    same = found["same"]
    return same if same in _PUNCTUATION or same in MARKERS else same * 2
