"""Facts in a text: amounts, pieces, places, days, couriers, sizes … with their spans in the text as written.

Values are plain: ``amount`` in yuan, ``percentage`` as percent (八五折 is 15 off), ``pieces``, ``days``, ``periods`` as
numbers; ``day`` as days from today; ``weekday`` 1 (Monday) to 7; ``date`` as ``MM-DD``, ``YYYY-MM-DD`` or, where only
the day of a month is said, ``DD``; ``phone`` masked; ``order`` digits as written. What year or month is meant needs a
clock and is the caller's business.
"""

import re

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from autoreply.model import Slot, SlotValue

from . import lexicon
from .normalise import ORDER, PHONE, Normal

_LEXICON = lexicon.words()
_WORDS = list(_LEXICON)
_AUTOMATON = AhoCorasick(_WORDS, matchkind=MatchKind.LeftmostLongest, implementation=Implementation.DFA)

_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"两": 2, "俩": 2, "〇": 0, "仨": 3}
_UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10000}
_NUMERAL = r"(?:\d{1,8}(?:\.\d{1,2})?|[零〇一二两俩三四五六七八九十百千万]{1,9})"
_COUNTERS = (
    "件|个|包|袋|盒|箱|双|条|套|瓶|罐|支|只|把|张|块|斤|提|份|组|台|本|桶|片|枚|对|单|枝|串|颗|卷|床|顶|副|款|根|抽"
)
_DAY_OF_MONTH = r"3[01]|[12]\d|0?[1-9]"
_NUMBERS = re.compile(
    rf"""
    (?P<periods>(?P<n1>{_NUMERAL})(?:个)?期(?!待|间|望|限))
  | (?P<percentage>(?P<n2>\d{{1,3}}(?:\.\d{{1,2}})?)% | 百分之(?P<n3>{_NUMERAL})
        | (?P<discount>[一二三四五六七八九]{{1,2}}|\d(?:\.\d)?|\d\d)折)
  | (?P<date>(?:(?P<year>20\d\d)[年./-])?(?P<month>1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])(?:月|[./-](?=\d))
            (?P<dom>{_DAY_OF_MONTH}|[一二三四五六七八九十]{{1,3}})(?:日|号)?
        | (?<![\d.])(?P<only>{_DAY_OF_MONTH})[号日](?![码楼线色机门店]))
  | (?:周|星期|礼拜)(?P<weekday>[一二三四五六日天1-6])
  | (?P<days>(?P<n4>{_NUMERAL})(?:个)?(?:多)?(?:工作日|天|日(?!期)))
  | (?P<hours>(?P<n5>{_NUMERAL})(?:个)?小时)
  | (?P<amount>[¥$](?P<n6>\d{{1,8}}(?:\.\d{{1,2}})?)
        | (?P<n7>{_NUMERAL})(?:多)?(?:块钱|元钱|元|块(?!一?[包袋盒箱]))(?P<tail>[\d一二三四五六七八九](?!\d))?)
  | (?P<size>(?<![a-z0-9])(?:x{{1,5}}l|[2-6]xl|[sml])(?:码|号)?(?![a-z0-9])
        | (?<!\d)(?:[23]\d|4[0-8])(?:\.5)?码 | [大中小均加]码 | [大中小]号(?!码)
        | (?<!\d)1\d\d(?:/\d{{2,3}}a?|cm|厘米) | (?<!\d)\d{{2,3}}斤(?=穿|的?人|左右穿))
  | (?P<pieces>(?P<n8>{_NUMERAL})(?:{_COUNTERS}))
  | (?P<order>{ORDER})
  | (?P<phone>{PHONE})
    """,
    re.VERBOSE,
)
_BEGINS = re.compile(rf"[\d零〇一二两俩三四五六七八九十百千万周星礼¥$xsml大中小均加{ORDER}{PHONE}]")
"""What a match of ``_NUMBERS`` begins with: most messages have none of it."""
_COLLOQUIAL = 10


def find_slots(text: str, normal: Normal) -> tuple[Slot, ...]:
    """All slots of ``text`` (as written) from its normalised form, in order of their places. Never raises."""
    found: list[Slot] = []
    for index, start, end in _AUTOMATON.find_matches_as_indexes(normal.clean):
        span = normal.span(start, end)
        found += [Slot(name, value, *span) for name, value in _LEXICON[_WORDS[index]]]
    for match in _NUMBERS.finditer(normal.clean) if _BEGINS.search(normal.clean) else ():
        span = normal.span(*match.span())
        name, value = _value(match, text[slice(*span)])
        if value is not None:
            found.append(Slot(name, value, *span))
    return tuple(sorted(found, key=lambda s: (s.start, s.end)))


def _value(match: re.Match[str], written: str) -> tuple[str, SlotValue | None]:
    name = match.lastgroup or "weekday"
    if match["weekday"]:
        return "weekday", {"日": 7, "天": 7}.get(match["weekday"]) or _whole(match["weekday"])
    if match["percentage"]:
        return "percentage", _percentage(match)
    if match["date"]:
        return "date", _date(match)
    if match["amount"]:
        return "amount", _amount(match)
    if match["size"]:
        return "size", match["size"].upper()
    if match["order"]:
        return "order", written if any(c.isdigit() for c in written) else None
    if match["phone"]:
        digits = "".join(str(int(c)) for c in written if c.isdecimal())
        return "phone", f"{digits[:3]}****{digits[-4:]}" if digits else None
    for name, group in (("periods", "n1"), ("days", "n4"), ("hours", "n5"), ("pieces", "n8")):
        if match[name]:
            return name, _number(match[group])
    return name, None


def _amount(match: re.Match[str]) -> float | int | None:
    value = _number(match["n6"] or match["n7"])
    if value is not None and match["tail"]:  # 五块八 is 5.80
        return value + (_whole(match["tail"]) or 0) / _COLLOQUIAL
    return value


def _percentage(match: re.Match[str]) -> float | int | None:
    if match["discount"]:
        digits = "".join(str(_DIGITS.get(c, c)) for c in match["discount"] if c != ".")
        return round(100 - float(f"0.{digits}") * 100, 1)
    return _number(match["n2"] or match["n3"])


def _date(match: re.Match[str]) -> str | None:
    if match["only"]:
        return f"{int(match['only']):02d}"
    month, day = _whole(match["month"]), _whole(match["dom"])
    if not month or not day or month > 12 or day > 31:
        return None
    return f"{match['year']}-{month:02d}-{day:02d}" if match["year"] else f"{month:02d}-{day:02d}"


def _whole(numeral: str) -> int | None:
    value = _number(numeral)
    return None if value is None else int(value)


def _number(numeral: str) -> float | int | None:
    """``12``, ``12.5``, ``十二``, ``两百三``, ``一万二`` → a number; None where the characters make none."""
    if numeral[0].isdigit():
        return float(numeral) if "." in numeral else int(numeral)
    total = section = digit = 0
    last_unit = 1
    for char in numeral:
        if char in _DIGITS:
            digit = digit * 10 + _DIGITS[char] if last_unit == 1 and digit else _DIGITS[char]
            continue
        unit = _UNITS[char]
        if unit == 10000:
            total, section = total + max(section + digit, 1) * unit, 0
        else:
            section += max(digit, 1) * unit
        digit, last_unit = 0, unit
    if digit and last_unit >= 100 and numeral[-2] in _UNITS:  # 两百三 is 230, 一万二 12000
        digit *= last_unit // 10
    return total + section + digit
