"""Checks on an outgoing text that no pattern can express. Each gives the folded spans that it objects to."""

import re
from collections.abc import Callable

from autoreply.compliance.normalise import BREAKS
from autoreply.compliance.pattern import Hit
from autoreply.compliance.scanner import Scan

Check = Callable[[Scan], list[Hit]]

_FILLERS = frozenset("哦嗯恩啊呵哈喔噢额呃唉哎嘿嘻唔")
_APOLOGIES = ("抱歉", "对不起", "不好意思", "歉意", "见谅")
_REFUND = ("退款", "退货", "退钱", "赔", "投诉")
_CHINESE_DIGITS = str.maketrans("零一二三四五六七八九", "0123456789")
_LONG_RUN = re.compile("[0-9零一二三四五六七八九]{11,}")
_MOBILE = re.compile("1[3-9][0-9]{9}")
_CARRIER = ("派件", "派送", "快递", "网点", "站点", "物流", "驿站", "代理点", "配送", "司机", "师傅", "菜鸟")
_RECIPIENT = ("收件", "收货人", "留的", "机主", "朋友", "同事", "家人", "别人", "另一个号", "另外一个号", "另一个账号", "买家", "登记的", "填的", "填写的", "他", "她", "那单", "下单人")  # fmt: skip
_REASONS = ("因为", "由于", "已经", "已", "为了", "属于", "规定", "规则", "统一", "是按", "按照", "根据", "正在", "目前", "仓库", "系统", "暂", "可以", "建议", "售罄", "缺货", "断货", "没货", "库存", "定制", "您看", "帮您", "为您", "给您", "请您", "会", "需要", "以", "关系", "所以", "考虑", "保护", "保障", "限制", "只")  # fmt: skip
_REFUSALS = ("无法", "不能", "没法", "没办法", "不可以", "不了", "不行", "办不到", "做不到", "不支持", "不接受", "不提供")
_LABELS = ("ai生成", "人工智能生成", "智能生成", "自动生成", "机器生成", "ai回复", "智能助手", "智能客服", "机器人回复", "ai助手", "ai客服", "大模型")  # fmt: skip


def _mobiles(scan: Scan) -> list[Hit]:
    found = []
    for run in _LONG_RUN.finditer(scan.folded.text):
        digits = run[0].translate(_CHINESE_DIGITS)
        if len(digits) == 11 and _MOBILE.fullmatch(digits):
            found.append(run.span())
    return found


def _around(scan: Scan, hit: Hit) -> str:
    low, high = scan.place.sentence(*hit)
    return scan.folded.text[max(low, hit[0] - 40) : min(high, hit[1] + 40)]


def _phone_other(scan: Scan) -> list[Hit]:
    """A buyer's phone number in full."""
    return [h for h in _mobiles(scan) if any(w in _around(scan, h) for w in _RECIPIENT)]


def _phone_own(scan: Scan) -> list[Hit]:
    """A phone number to call the shop on; a courier's number is none."""
    return [h for h in _mobiles(scan) if not any(w in _around(scan, h) for w in _CARRIER + _RECIPIENT)]


def _emoji(scan: Scan) -> list[Hit]:
    """More than one emoji, or any in an apology or about a refund."""
    at = scan.folded.emoji
    grave = bool(at) and any(w in scan.folded.text for w in _APOLOGIES + _REFUND)
    return [(0, len(scan.folded.text))] if len(at) > 1 or grave else []


def _filler(scan: Scan) -> list[Hit]:
    text = scan.folded.text
    rest = [c for c in text if c not in BREAKS]
    return [(0, len(text))] if rest and all(c in _FILLERS for c in rest) else []


def _no_reason(scan: Scan) -> list[Hit]:
    """An apology and a bare refusal, with neither a reason nor what can be done instead."""
    text = scan.folded.text
    if len(text) > 40 or not any(a in text for a in _APOLOGIES) or not any(r in text for r in _REFUSALS):
        return []
    clauses = [c for c in re.split("[,;。!?\n]", text) if c]
    bare = [c for c in clauses if not any(a in c for a in _APOLOGIES) or any(r in c for r in _REFUSALS)]
    said = any(word in c for c in bare for word in _REASONS)
    if len(bare) != 1 or said or not any(r in bare[0] for r in _REFUSALS) or len(bare[0]) > 16:
        return []
    start = text.index(bare[0])
    return [(start, start + len(bare[0]))]


def _label(scan: Scan) -> list[Hit]:
    """Generated text must say that it is."""
    text = scan.folded.text
    return [] if any(label in text for label in _LABELS) else [(0, len(text))]


BUILTINS: dict[str, Check] = {
    "phone-other": _phone_other,
    "phone-own": _phone_own,
    "emoji": _emoji,
    "filler": _filler,
    "no-reason": _no_reason,
    "label": _label,
}
