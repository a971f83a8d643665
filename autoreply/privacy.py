"""Hides what tells who a buyer is: in logs, kept traces, exports and what commands show.

Hidden characters become ``*`` one by one, so that a masked text is as long as the text as written and every span into
it still points at the same place. What is left (first three and last four digits, a surname, a district) is what the
platforms themselves show a seller; the privacy rule of the law rulebook draws the same line.

The journal's own texts stay as written: they are needed to answer, and age out (``autoreply.journal.retention``).
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any

HIDDEN = "*"

_LEAST = 4
"""Nothing shorter is hidden: 我叫 and a name of two characters."""

Span = tuple[int, int]

_compiled = cache(re.compile)  # when first needed: all of them take as long to compile as many a command runs

_HAN = "\u4e00-\u9fff"
_NUMERALS = {c: str(i) for i, c in enumerate("零一二三四五六七八九")} | {
    **{c: str(i + 1) for i, c in enumerate("壹贰叁肆伍陆柒捌玖")},
    **{"〇": "0", "○": "0", "幺": "1", "两": "2", "俩": "2"},
}


@cache
def _folding() -> dict[int, str]:
    """One character → one character: digits of all kinds, full width, blanks, hyphens and what has no width."""
    fold: dict[int, str] = {}
    for code in (*range(0x80, 0x3400), *range(0xFE00, 0x10000), *range(0x1D7CE, 0x1D800), *range(0x1F100, 0x1F10D)):
        char = chr(code)
        digit = unicodedata.digit(char, None)
        if digit is not None:
            fold[code] = str(digit)
        elif char.isspace() and char not in "\x85\u2028\u2029":
            fold[code] = " "
        elif unicodedata.category(char) == "Cf":
            fold[code] = "\u200b"
        elif unicodedata.category(char) == "Pd":
            fold[code] = "-"
        elif 0xFF01 <= code <= 0xFF5E:
            fold[code] = chr(code - 0xFEE0)
    return fold | {ord("\t"): " ", ord("。"): "."}


_SPOKEN = {ord(c): d for c, d in _NUMERALS.items()}

_GAP = "[ \u200b-]{0,3}"
_MOBILE = rf"(?<!\d)(?:(?:\+|00)?86{_GAP})?(?P<own>1{_GAP}[3-9](?:{_GAP}\d){{9}})(?!\d)"
_DOTTED = r"(?<![\d.])(?P<own>1[3-9]\d\.\d{4}\.\d{4})(?![\d.])"
_SPOKEN_MOBILE = rf"(?P<own>1{_GAP}[3-9](?:{_GAP}\d){{9}})"
_LANDLINE = rf"(?<!\d)\(?0\d{{2,3}}\)?{_GAP}(?P<own>\d{{7,8}})(?!\d)"
_NUMBER = r"(?<!\d)(?<!\d\.)\d{9,}[Xx]?"
_CARD = r"(?<!\d)\d{4}(?:[ \u200b-]\d{4}){3}(?:[ \u200b-]?\d{1,4})?(?!\d)"
_IDENTITY = r"(?<!\d)\d{6}[ \u200b-](?:19|20)\d{6}[ \u200b-]?\d{3}[\dXx]"
_MAIL = r"(?P<own>[A-Za-z0-9_.+-]{1,64}) ?@ ?[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{2,20})"
_ACCOUNT = (
    r"(?i)(?:微信|威信|vx|wx|wechat|weixin|qq|扣扣)(?:号码?|id)?[ :是为]{0,3}(?P<own>(?=[a-z_-]*\d)[a-z0-9_-]{5,20})"
)

_SURNAMES = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕张孔曹严华金魏陶姜戚谢邹喻柏窦章苏潘葛范彭郎鲁韦马苗方俞任袁柳"
    "鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于傅皮卞齐康伍余元顾孟黄穆萧尹姚邵汪祁毛狄米贝臧戴宋庞熊纪舒项祝董"
    "梁杜阮蓝闵季贾路江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万柯管卢莫房裘缪丁宣邓郁单杭洪包诸左石崔吉龚程邢"
    "裴陆荣翁荀甄曲封储靳焦牧隗山谷车侯全班仰秋仲伊宫宁仇栾甘厉戎祖武符刘景詹束龙叶司韶黎蓟薄印怀蒲从鄂索赖卓蔺"
    "屠蒙池乔阴胥苍双闻党翟谭贡劳姬申扶堵冉宰雍桑桂牛寿边燕冀郏浦尚农温庄晏柴瞿阎连茹习艾鱼容向古易慎戈廖庾终衡"
    "步耿满匡国文寇广禄阙东欧沃利越师巩聂晁敖冷辛阚简饶曾关肖佘"
)
_NO_NAME = (
    "马上|方便|方式|高兴|高级|安排|安全|任何|金额|金色|白色|黄色|红色|关闭|万一|于是|全部|全新|单独|文件|从来|向来|路上"
    "|包装|连接|容易|简单"
)
"""Words that begin like a surname."""
_AFTER_NAME = rf"$|[^{_HAN}]|电话|手机|联系|地址|住|收|的|先生|女士|小姐"
_NAME = (
    rf"(?!{_NO_NAME})(?:欧阳|上官|司马|诸葛|慕容|皇甫|[{_SURNAMES}])"
    rf"(?P<given>[{_HAN}]{{1,2}}?(?={_AFTER_NAME})|[{_HAN}]{{1,2}})"
)
_FORM = "收货人|收件人|联系人|签收人|姓名|名字|户名"
_LABEL = rf"{_FORM}|机主|我叫|寄给|发给|送给|转给|本人"
_COMMA = "[ ,:;、，；-]{0,3}"
_NAMED = rf"(?:{_LABEL})[ :是叫为]{{0,3}}{_NAME}"
_NAMED_FORM = rf"(?:{_FORM}) ?: ?[{_HAN}](?P<given>[{_HAN}·]{{1,9}})(?![{_HAN}·])"
_BEFORE_PHONE = (
    rf"(?<![{_HAN}]){_NAME}{_COMMA}(?:联系电话|电话|手机号码|手机号|手机|号码|tel)?[ :是]{{0,3}}"
    rf"(?:(?:\+|00)?86{_GAP})?$"
)
_AFTER_PHONE = rf"{_COMMA}{_NAME}(?=$|[^{_HAN}]|收|先生|女士|小姐)"

_STREET = "路|街|大道|巷|弄|胡同|村|屯|镇|乡|街道|社区|小区|花园|公寓|新村|家园|苑"
_SITE = rf"{_STREET}|广场|大厦|大学|学院|中学|小学|学校|医院|宿舍|工业区|开发区"
_COUNT = r"(?:\d{1,5}[a-zA-Z]?|[a-zA-Z]|[零一二三四五六七八九十百]{1,4})(?:[-#]\d{1,5}){0,3}"
_DOOR = rf"{_COUNT}(?:号楼|号院|弄|栋|幢|座|单元|室)"
_ANY_DOOR = rf"{_COUNT}(?:号楼|号院|弄|栋|幢|座|单元|室|号|楼|层|房|户|组|队)"
# A bare 号 or 楼 counts only right behind a street: 路上9号能到 is a date.
_ADDRESS = (
    rf"(?P<own>[{_HAN}A-Za-z0-9]{{1,12}}?"
    rf"(?:(?:{_STREET}) ?{_ANY_DOOR}|(?:{_SITE})[{_HAN}A-Za-z0-9 ()-]{{0,20}}?{_DOOR})"
    rf"(?:[ ,，]{{0,2}}[{_HAN}]{{0,6}}?{_ANY_DOOR}){{0,4}}(?:[ -]?\d{{1,5}}(?!\d))?)"
)
_PLACE = "省|市|区|县|旗|州|镇|乡|村|路|街|大道|巷|弄|小区|花园|公寓|苑|栋|幢|单元|室|号"
_TO = "地址|寄到|送到|发到|邮到|住在|家住"
_CLAUSE = "[^,，。.!！?？;；\n*]"
_LABELLED = rf"(?:{_TO})[ :是为改成到在]{{0,4}}(?P<own>(?:{_CLAUSE}{{1,20}}?(?:{_PLACE})){{2,8}}{_CLAUSE}{{0,20}})"
_DISTRICT = "(?:省|自治区|市|(?<![小社园校景])区|县|旗|州|盟)(?!场|政府|委|民)"

_ANYTHING = (
    rf"(?i)\d(?:{_GAP}\d){{6}}|@|[{''.join(_NUMERALS)}\d](?:{_GAP}[{''.join(_NUMERALS)}\d]){{10}}|\d\.\d{{4}}\.|{_LABEL}"
    rf"|{_TO}|微信|威信|vx|wx|wechat|weixin|qq|扣扣|(?:{_SITE}).{{0,24}}(?:{_ANY_DOOR})"
)
"""Nothing of all this occurs in a text that this does not find; most texts end here."""


def mask(text: str) -> str:
    """``text`` with what identifies a person hidden; the same length, and the same again when masked once more.

    Hidden are mobile numbers (in digits of any width, with blanks, or in Chinese numerals) and landlines but for their
    ends, every other number of nine digits or more (orders, parcels, ID and bank cards) but for its last four, e-mail
    and chat accounts, names beside a label or a phone number, and addresses below the district. A name or an address
    that nothing around it gives away is not found. Never raises.
    """
    return text if len(text) < _LEAST else _mask(text)


@lru_cache(maxsize=4096)
def _mask(text: str) -> str:
    while True:
        folded = text.translate(_folding())
        if _compiled(_ANYTHING).search(folded) is None:
            return text
        hidden = list(text)
        for start, end in _spans(folded):
            hidden[start:end] = HIDDEN * (end - start)
        if (shown := "".join(hidden)) == text:
            return text
        text = shown  # what is hidden now may have kept something beside it from being seen


def masked(value: Any) -> Any:
    """JSON data with every text in it masked, keys too; a whole number of eleven digits or more is masked as text."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {masked(k): masked(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [masked(v) for v in value]
    if isinstance(value, int) and abs(value) >= 10**10:
        return mask(str(value))
    return value


def _spans(folded: str) -> Iterator[Span]:
    """Where characters are to be hidden, in a folded text."""
    phones = list(_phones(folded))
    for phone in phones:
        yield _middle(folded, phone)
        yield from _names_beside(folded, phone)
    for match in _compiled(_LANDLINE).finditer(folded):
        yield match.start("own"), match.end() - 4
    for pattern in (_NUMBER, _CARD, _IDENTITY):
        for match in _compiled(pattern).finditer(folded):
            if not any(match.start() <= start and match.end() == end for start, end in phones):
                yield match.start(), match.end() - 4
    for match in _compiled(_MAIL).finditer(folded):
        start, end = match.span("own")
        yield (start if end - start == 1 else start + 1), end
    for match in _compiled(_ACCOUNT).finditer(folded):
        yield match.start("own") + 1, match.end("own")
    for pattern in (_NAMED, _NAMED_FORM):
        for match in _compiled(pattern).finditer(folded):
            yield match.span("given")
    for pattern in (_LABELLED, _ADDRESS):
        for match in _compiled(pattern).finditer(folded):
            yield _below_district(folded, match.span("own"))


def _phones(folded: str) -> Iterator[Span]:
    for pattern in (_MOBILE, _DOTTED):
        for match in _compiled(pattern).finditer(folded):
            if _is_one_number(match["own"]):
                yield match.span("own")
    spoken = folded.translate(_SPOKEN)
    if spoken != folded:
        for match in _compiled(_SPOKEN_MOBILE).finditer(spoken):
            start, end = match.span("own")
            if not folded[start:end].isascii() and any(c in _NUMERALS for c in folded[start:end]):
                yield start, end


def _is_one_number(written: str) -> bool:
    """Written in one piece, in a few groups, or digit by digit: and not a row of sizes or prices."""
    groups = re.findall(r"\d+", written)
    return len(groups) <= 5 or all(len(g) == 1 for g in groups)


def _middle(folded: str, phone: Span) -> Span:
    """From behind the third digit of a phone number to before its last four."""
    start, end = phone
    digits = [i for i in range(start, end) if folded[i] not in " \u200b-."]
    return digits[2] + 1, digits[-4]


def _names_beside(folded: str, phone: Span) -> Iterator[Span]:
    """``张三 138…`` and ``138…，张三``: how an address label is written."""
    start, end = phone
    base = max(0, start - 24)
    if (match := _compiled(_BEFORE_PHONE).search(folded[base:start])) is not None:
        yield base + match.start("given"), base + match.end("given")
    if (match := _compiled(_AFTER_PHONE).match(folded, end, min(len(folded), end + 12))) is not None:
        yield match.span("given")


def _below_district(folded: str, address: Span) -> Span:
    """The part of an address behind the last district, city or province it names."""
    start, end = address
    ends = [m.end() for m in _compiled(_DISTRICT).finditer(folded, start, end)]
    return (ends[-1] if ends else start), end
