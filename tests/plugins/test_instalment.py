"""Instalments and credit cards: what is configured, and for the rest the checkout decides."""

from typing import Any

import pytest
from talks import Talk, key_of, make_brain, passes, shop_with, text_of

from autoreply.model import Behaviour

HUABEI = {"name": "花呗", "periods": [3, 6, 12], "interest_free": [3]}
CARD = {"name": "招商银行信用卡", "periods": [3, 24], "interest_free": []}


def ask(line: str, slug: str = "instalment", /, **sections: Any) -> tuple[str, str]:
    talk = Talk(make_brain(shop_with(**sections)))
    result = passes(talk.say(line, slug))
    assert result.behaviour is Behaviour.ANSWER
    return key_of(talk, result), text_of(result)


def of(*providers: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"providers": providers, "threshold": None, "excluded": ()} | more


@pytest.mark.parametrize("line", ["可以分期吗", "支持花呗分期不", "蚂蚁花呗能用吗 分几期", "12期可以吗"])
def test_what_is_offered(line: str) -> None:
    key, text = ask(line, instalment=of(HUABEI))
    assert (key, "花呗3、6、12期" in text, "收银台" in text) == ("instalment.available", True, True)


def test_all_that_is_offered_where_the_buyer_names_none() -> None:
    assert "花呗3、6、12期，招商银行信用卡3、24期" in ask("能不能分期", instalment=of(HUABEI, CARD))[1]
    assert "花呗" not in ask("招商银行的卡能分期吗", instalment=of(HUABEI, CARD))[1]
    assert "信用卡" not in ask("花呗能分期吗", instalment=of(HUABEI, CARD))[1]


def test_the_amount_from_which_it_is_offered() -> None:
    key, text = ask("可以分期吗", instalment=of(HUABEI, threshold="600.00"))
    assert (key, "满600元" in text) == ("instalment.available_from", True)
    assert ask("599块钱能分期吗", instalment=of(HUABEI, threshold=600))[0] == "instalment.below"
    assert ask("600元能分期吗", instalment=of(HUABEI, threshold=600))[0] == "instalment.available_from"
    assert ask("1块能分期吗", instalment=of(HUABEI, threshold=0))[0] == "instalment.available_from"


def test_sales_without_instalments() -> None:
    config = of(HUABEI, excluded=["聚划算", "限时折扣"])
    key, text = ask("聚划算的能分期吗", instalment=config)
    assert (key, "聚划算" in text) == ("instalment.excluded", True)
    assert text.startswith("非常抱歉")
    assert ask("平时能分期吗", instalment=config)[0] == "instalment.available"


@pytest.mark.parametrize(
    ("line", "providers"),
    [
        ("可以分期吗", ()),
        ("花呗分期免息吗", ()),
        ("京东白条可以用吗", (HUABEI,)),
        ("抖音月付可以分期吗", (HUABEI,)),
        ("工行的卡能分几期", (HUABEI,)),
        ("白条有手续费吗", (HUABEI,)),
    ],
)
def test_what_is_not_configured_is_not_promised(line: str, providers: tuple[dict[str, Any], ...]) -> None:
    key, text = ask(line, instalment=of(*providers))
    assert (key, "收银台" in text, "花呗" in text) == ("instalment.checkout", True, False)


@pytest.mark.parametrize("line", ["能分24期吗", "二十四期有吗", "24期免息吗"])
def test_periods_that_are_not_offered(line: str) -> None:
    key, text = ask(line, instalment=of(HUABEI))
    assert (key, "花呗3、6、12期" in text, "24" in text) == ("instalment.other_periods", True, False)


def test_the_fee_is_never_the_shops() -> None:
    key, text = ask("分期有手续费吗", instalment=of(CARD))
    assert key == "instalment.fee"
    assert "支付机构收取" in text


@pytest.mark.parametrize("line", ["分期免息吗", "花呗分期要利息吗", "12期有手续费没"])
def test_periods_without_a_fee_are_those_that_the_shop_has_taken_over(line: str) -> None:
    key, text = ask(line, instalment=of(HUABEI, CARD))
    assert (key, "花呗3期" in text, "6" in text) == ("instalment.interest_free", True, False)


@pytest.mark.parametrize("line", ["为什么我不能分期", "怎么没有分期的选项", "花呗分期用不了"])
def test_who_sees_no_instalments_is_not_told_that_there_are_some(line: str) -> None:
    assert ask(line, instalment=of(HUABEI))[0] == "instalment.unavailable"


@pytest.mark.parametrize("line", ["白条怎么还款", "花呗账单几号出", "能提前还清吗"])
def test_paying_back_is_between_the_buyer_and_the_provider(line: str) -> None:
    assert ask(line, instalment=of(HUABEI))[0] == "instalment.repay"


# Credit cards ------------------------------------------------------------------------------------------------------


def test_credit_cards_are_accepted_and_cost_nothing() -> None:
    for _ in range(3):
        assert ask("能刷信用卡吗", "credit_card")[0] == "credit_card.accepted"
        key, text = ask("信用卡付款有手续费吗", "credit_card")
        assert (key, "不收" in text) == ("credit_card.no_surcharge", True)


def test_a_shop_of_a_special_category_refers_to_the_checkout() -> None:
    for line in ("能刷信用卡吗", "信用卡要手续费吗"):
        key, text = ask(line, "credit_card", card={"accepted": False})
        assert (key, "收银台" in text) == ("credit_card.checkout", True)
