"""Checks on an outgoing text that no pattern can express. Each gives the folded spans that it objects to."""

import re
from bisect import bisect_left
from collections.abc import Callable
from functools import lru_cache

from autoreply.compliance.normalise import BREAKS
from autoreply.compliance.pattern import Hit
from autoreply.compliance.scanner import Scan

Check = Callable[[Scan], list[Hit]]

_FILLERS = frozenset("哦嗯恩啊呵哈喔噢额呃唉哎嘿嘻诶欸咦噗嗷昂嗬h")
_SOFT = frozenset("亲呢呐啦呀哒哟吧嘛的了么嘞咯喽呗滴")
_APOLOGY = re.compile("抱歉|对不起|不好意思|歉意|见谅|道歉|赔不是")
_REFUND = re.compile("退款|退钱|投诉")
_CHINESE_DIGITS = str.maketrans("零一二三四五六七八九", "0123456789")
_LONG_RUN = re.compile("[0-9零一二三四五六七八九]{11,}")
_MOBILE = re.compile("1[3-9][0-9]{9}")
_CARRIER = re.compile("派件|派送|快递|网点|站点|物流|驿站|代理点|配送|司机|师傅|菜鸟")
_RECIPIENT = re.compile(
    "收件|收货人|留的|机主|朋友|同事|家人|别人|另外?一个(?:账)?号|买家|登记的|填的|填写的|他|她|那单|下单人"
)
_REASON = re.compile(
    "因为|由于|已|为了|属于|规定|规则|统一|按|根据|正在|目前|仓库|系统|暂|可以|建议|售罄|缺货|断货|没货|库存|定制"
    "|您看|帮您|为您|给您|请您|会|需要|以|关系|超过|过了|过期|失效|所以|考虑|保护|保障|限制|只"
)
_FORBIDDEN = re.compile(
    "微信|联系方式|加好友|私下|私人|线下|站外|转账|汇款|返现|好评|改评|隐私|验证码|密码|虚开|多开|保证|承诺"
)
"""What no shop may give or say: a refusal of it needs no further reason."""
_REFUSAL = re.compile("无法|不能|没法|没办法|不可以|不了|不行|办不到|做不到|不支持|不接受|不提供")
_LABEL = re.compile("(?:ai|人工智能|智能|自动|机器)生成|ai回复|机器人回复|智能助手|智能客服|ai助手|ai客服|大模型")
_MAIL = re.compile(r"[A-Za-z0-9_.+-]{1,64} ?[@＠] ?[A-Za-z0-9-]{1,40}[.．。][A-Za-z]{2,12}")
_NEARBY = 40
"""Characters on either side of a phone number that tell whose it is."""


@lru_cache(maxsize=16)
def _long_runs(text: str) -> tuple[re.Match[str], ...]:
    """Rows of digits that may be a phone number; two checks ask for those of each text."""
    return tuple(_LONG_RUN.finditer(text))


def _mobiles(scan: Scan) -> list[tuple[Hit, str]]:
    """Mobile numbers, in digits or Chinese numerals, each with the words around it."""
    found = []
    text = scan.folded.text
    for run in _long_runs(text):
        if _MOBILE.fullmatch(run[0].translate(_CHINESE_DIGITS)):
            low, high = scan.place.sentence(*run.span())
            around = text[max(low, run.start() - _NEARBY) : min(high, run.end() + _NEARBY)]
            found.append((run.span(), around))
    return found


def _phone_other(scan: Scan) -> list[Hit]:
    """A buyer's phone number in full."""
    return [hit for hit, around in _mobiles(scan) if _RECIPIENT.search(around)]


def _phone_own(scan: Scan) -> list[Hit]:
    """A phone number to call the shop on, or an e-mail address; a courier's number is none."""
    phones = [hit for hit, around in _mobiles(scan) if not _CARRIER.search(around) and not _RECIPIENT.search(around)]
    return phones + _mail_addresses(scan)


def _mail_addresses(scan: Scan) -> list[Hit]:
    written = scan.folded.written
    if "@" not in written and "＠" not in written:
        return []
    origin = scan.folded.origin
    return [(bisect_left(origin, m.start()), bisect_left(origin, m.end())) for m in _MAIL.finditer(written)]


def _emoji(scan: Scan) -> list[Hit]:
    """More than one emoji, or any in an apology or about a refund."""
    at, text = scan.folded.emoji, scan.folded.text
    if not at:
        return []
    grave = _APOLOGY.search(text) or _REFUND.search(text)
    return [(0, len(text))] if len(at) > 1 or grave else []


def _filler(scan: Scan) -> list[Hit]:
    """Nothing but 哦, 嗯 and the like, with or without a particle or a term of address."""
    text = scan.folded.text
    only = all(c in _FILLERS or c in _SOFT or c in BREAKS for c in text) and any(c in _FILLERS for c in text)
    return [(0, len(text))] if only else []


def _no_reason(scan: Scan) -> list[Hit]:
    """An apology and a bare refusal, with neither a reason nor what can be done instead."""
    text = scan.folded.text
    if len(text) > 40 or not _REFUSAL.search(text) or not _APOLOGY.search(text):
        return []
    clauses = [c for c in re.split("[,;。!?\n]", text) if c and (_REFUSAL.search(c) or not _APOLOGY.search(c))]
    if (
        len(clauses) != 1
        or len(clauses[0]) > 16
        or _REASON.search(clauses[0])
        or _FORBIDDEN.search(text)
        or "不好意思" in clauses[0]
    ):
        return []
    start = text.index(clauses[0])
    return [(start, start + len(clauses[0]))] if _REFUSAL.search(clauses[0]) else []


def _label(scan: Scan) -> list[Hit]:
    """Generated text must say that it is."""
    text = scan.folded.text
    return [] if _LABEL.search(text) else [(0, len(text))]


BUILTINS: dict[str, Check] = {
    "phone-other": _phone_other,
    "phone-own": _phone_own,
    "emoji": _emoji,
    "filler": _filler,
    "no-reason": _no_reason,
    "label": _label,
}
