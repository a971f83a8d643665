"""Rules that need facts: does a setting of the shop back what a sentence claims?"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from autoreply.compliance.normalise import fold_word
from autoreply.facts import Shop


class Standing(Enum):
    """How a claim relates to what the shop has said."""

    BACKED = "backed"
    DIFFERS = "differs"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Backed:
    """The standing of a claim and the setting that decides it."""

    standing: Standing
    setting: str


UNKNOWN = Backed(Standing.UNKNOWN, "")
Backer = Callable[[Shop, str, str], Backed]
"""Takes the shop, the folded words matched and the folded sentence around them."""


def _decide(agrees: bool, setting: str) -> Backed:
    return Backed(Standing.BACKED if agrees else Standing.DIFFERS, setting)


_DIGITS = str.maketrans("零一二两三四五六七八九", "01223456789")
_NUMBER = re.compile("[0-9零一二三四五六七八九十百千万两]{1,9}")


def numbers(folded: str) -> list[int]:
    """All whole numbers of a folded text, Chinese numerals too: 十二期, 12期 → 12."""
    return [_value(m[0]) for m in _NUMBER.finditer(folded)]


def _value(numeral: str) -> int:
    if numeral.isdecimal() and numeral.isascii():
        return int(numeral)
    if not any(unit in numeral for unit in "十百千万"):
        return int(numeral.translate(_DIGITS))
    total, section, digit = 0, 0, ""
    for c in numeral.translate(_DIGITS):
        if c in "十百千":
            section += int(digit or 1) * {"十": 10, "百": 100, "千": 1000}[c]
            digit = ""
        elif c == "万":
            total, section, digit = (total + section + int(digit or 0)) * 10000, 0, ""
        else:
            digit += c
    return total + section + int(digit or 0)


def _window(shop: Shop, matched: str, sentence: str) -> Backed:
    hours = shop.shipping.within_hours
    if hours is None:
        return UNKNOWN
    found = numbers(matched)
    claimed = (found[0] if found else 0) * (24 if "天" in matched or "日" in matched else 1)
    return _decide(claimed >= hours, "shop.shipping.within_hours")


def _wording(setting: str) -> Backer:
    """A backer that wants the sentence to hold the wording of one setting."""

    def back(shop: Shop, matched: str, sentence: str) -> Backed:
        said = _at(shop, setting)
        if not said:
            return UNKNOWN
        return _decide(_shares(fold_word(said), sentence), f"shop.{setting}")

    return back


def _at(shop: Shop, setting: str) -> str | None:
    value: object = shop
    for name in setting.split("."):
        value = getattr(value, name)
    return value if isinstance(value, str) else None


def _shares(said: str, sentence: str) -> bool:
    """Whether the sentence holds the wording, or a run of at least half of it (four characters at least)."""
    size = max(min(len(said), 4), len(said) // 2)
    return any(said[i : i + size] in sentence for i in range(len(said) - size + 1))


def _gift(shop: Shop, matched: str, sentence: str) -> Backed:
    said = {"shop.gifts.text": shop.gifts.text, "shop.bargain.gift": shop.bargain.gift}
    said |= {"shop.promotion.text": shop.promotion.text}
    known = {k: v for k, v in said.items() if v}
    for setting, wording in known.items():
        if _shares(fold_word(wording), sentence):
            return Backed(Standing.BACKED, setting)
    return Backed(Standing.DIFFERS, next(iter(known))) if known else UNKNOWN


def _freight(shop: Shop, matched: str, sentence: str) -> Backed:
    freight = shop.freight
    if freight.free_over is None:
        return UNKNOWN
    everywhere = any(word in sentence for word in ("全国", "全中国", "哪里都", "哪儿都", "任何地区", "偏远"))
    excluded = [fold_word(region) for region in freight.excluded]
    unserved = [r for region in shop.delivery.regions if not region.served for r in region.regions]
    named = [region for region in excluded + unserved if region in sentence]
    backed = freight.free_over == 0 and not named and not (everywhere and excluded)
    return _decide(backed, "shop.freight")


def _cod(shop: Shop, matched: str, sentence: str) -> Backed:
    return UNKNOWN if shop.cod.accepted is None else _decide(shop.cod.accepted, "shop.cod.accepted")


def _no_cod(shop: Shop, matched: str, sentence: str) -> Backed:
    return UNKNOWN if shop.cod.accepted is None else _decide(not shop.cod.accepted, "shop.cod.accepted")


def _card(shop: Shop, matched: str, sentence: str) -> Backed:
    return _decide(not shop.card.accepted, "shop.card.accepted")


def _instalment(shop: Shop, matched: str, sentence: str) -> Backed:
    providers = shop.instalment.providers
    if not providers:
        return UNKNOWN
    named = [p for p in providers if fold_word(p.name) in sentence]
    claimed = {_value(m[1]) for m in _PERIODS.finditer(sentence)}
    if _OTHER_LENDER.search(sentence) and not named:
        return Backed(Standing.DIFFERS, "shop.instalment.providers")
    if _AMOUNT.search(sentence) or not (named or claimed):
        return UNKNOWN
    free = bool(_FREE.search(sentence))
    offered = {n for p in named or providers for n in (p.interest_free if free else p.periods)}
    return _decide(bool(offered) and claimed <= offered, "shop.instalment.providers")


_OTHER_LENDER = re.compile("花呗|白条|月付|[招工建农交]行|银行|信用卡")
_FREE = re.compile(
    "免息|无息|[0零]利息|利息.{0,3}[不没免]|[不没]收?有?利息|[免0零]手续费|手续费.{0,3}[不没免]|[不没]收?有?手续费"
)
_AMOUNT = re.compile("每[期月]|[0-9一二三四五六七八九十]+[元块]|(?:我们|本店|店铺|店里)")
_PERIODS = re.compile("([0-9零一二三四五六七八九十两]{1,4})[个]?(?:期|月)")


def _courier(shop: Shop, matched: str, sentence: str) -> Backed:
    couriers = shop.couriers
    if not couriers.default and not couriers.on_request:
        return UNKNOWN
    known = [fold_word(name).removesuffix("快递") for name in couriers.default + couriers.on_request]
    return _decide(any(name in matched for name in known), "shop.couriers")


def _protection(shop: Shop, matched: str, sentence: str) -> Backed:
    days = shop.price_protection.days
    if days is None:
        return UNKNOWN
    return _decide(days > 0 and all(n <= days for n in numbers(matched)), "shop.price_protection.days")


def _threshold(shop: Shop, matched: str, sentence: str) -> Backed:
    over = shop.freight.free_over
    if over is None:
        return UNKNOWN
    found = numbers(matched)
    return _decide(bool(found) and found[0] >= over, "shop.freight.free_over")


def _return_days(shop: Shop, matched: str, sentence: str) -> Backed:
    return _decide(all(7 <= n <= shop.returns.days for n in numbers(matched)), "shop.returns.days")


def _returns(shop: Shop, matched: str, sentence: str) -> Backed:
    for goods in shop.returns.no_reason_excluded:
        if fold_word(goods) in sentence:
            return Backed(Standing.BACKED, "shop.returns.no_reason_excluded")
    return UNKNOWN


def _host(shop: Shop, matched: str, sentence: str) -> Backed:
    return UNKNOWN


BACKERS: dict[str, Backer] = {
    "host": _host,
    "window": _window,
    "gift": _gift,
    "promotion": _wording("promotion.text"),
    "freight": _freight,
    "cod": _cod,
    "no-cod": _no_cod,
    "card": _card,
    "instalment": _instalment,
    "courier": _courier,
    "goods": _wording("goods.authentic"),
    "warranty": _wording("returns.warranty"),
    "threshold": _threshold,
    "return-days": _return_days,
    "protection": _protection,
    "returns": _returns,
}
