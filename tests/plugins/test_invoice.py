"""Invoices: one can be had, costs nothing and is for what was bought, however the question is put."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from talks import Talk, handlers, key_of, make_brain, passes, shop_with, text_of

from autoreply.model import Behaviour
from autoreply.pipeline import Result

REFUSALS = ("不能开", "无法开", "不开", "没有发票", "不提供", "不支持")


@pytest.mark.parametrize(
    ("line", "key"),
    [
        # can I have one
        ("亲 这个开发票不", "available"),
        ("请问有发票吗", "available"),
        ("买了都能开发票的对不对", "available"),
        ("你家没有发票吗", "available"),
        ("发票怎么弄", "available"),
        ("抬头可以写个人名字吗", "available"),
        ("要开公司抬头 需要给税号吗", "available"),
        ("我还没下单 想问下开不开票", "available"),
        ("没收到货 也可以先要发票吗", "available"),
        # what it costs
        ("开票要另外加税点吗", "no_surcharge"),
        ("发票的邮费谁出", "no_surcharge"),
        ("你们报价含税吗", "no_surcharge"),
        ("不开票便宜一些吗", "same_price"),
        ("不要发票的话给我优惠点行不", "same_price"),
        ("我不用发票 能少点吗", "same_price"),
        # what kind
        ("可以要纸质的吗", "kinds"),
        ("是电子发票吧", "kinds"),
        ("开的是什么发票", "kinds"),
        # when, where, what is on it
        ("发票多久能开出", "when"),
        ("发票是跟货一起寄吗", "when"),
        ("发票啥时候有", "when"),
        ("电子发票在哪里看", "where"),
        ("开好会发到邮箱吗", "where"),
        ("发票从哪儿下载", "where"),
        ("如何取我的电子票", "where"),
        ("发票金额按券后开吗", "content"),
        ("发票明细写商品名吗", "content"),
    ],
)
def test_questions_that_the_settings_answer(line: str, key: str) -> None:
    talk = Talk()
    result = passes(talk.say(line, "invoice"))
    assert (result.behaviour, key_of(talk, result)) == (Behaviour.ANSWER, f"invoice.{key}")
    assert not any(word in text_of(result) for word in REFUSALS)


@pytest.mark.parametrize(
    ("line", "key"),
    [
        # other goods, another seller, another amount
        ("能开成办公用品吗", "actual_goods_only"),
        ("品名写成茶叶行不", "actual_goods_only"),
        ("金额给我多开一点", "actual_goods_only"),
        ("用别的公司开也行", "actual_goods_only"),
        # a wrong one
        ("发票抬头写错了", "correct"),
        ("税号不对 帮我重新开一张", "correct"),
        ("开票信息还能改吗", "correct"),
        ("个人的想改成公司抬头", "correct"),
        # one that did not come
        ("发票没收到", "resend"),
        ("包裹里没有发票", "resend"),
        ("忘记要发票了 能补开不", "resend"),
        ("货收到了 发票还没收到", "resend"),
        # what is looked up or agreed by a person
        ("我的发票开好了没", "by_person"),
        ("三个订单合开一张行吗", "by_person"),
        ("退货了发票退不退", "by_person"),
        ("我单位不认电子的", "by_person"),
        ("资料给你们 直接帮我弄可以吗", "by_person"),
        ("催过几回了发票到今天也没影", "by_person"),
        # a special one
        ("可以开增值税专用发票吗", "special_by_person"),
        ("专票要加几个点", "special_by_person"),
    ],
)
def test_what_a_person_has_to_do_is_promised_and_handed_over(line: str, key: str) -> None:
    talk = Talk()
    result = passes(talk.say(line, "invoice"))
    assert (result.behaviour, key_of(talk, result)) == (Behaviour.ESCALATE, f"invoice.{key}")
    assert "发票" in text_of(result) or "开票" in text_of(result)
    assert not any(word in text_of(result) for word in REFUSALS)


def test_special_invoices_where_the_shop_issues_them() -> None:
    talk = Talk(make_brain(shop_with(invoice={"special_vat": True})))
    for line in ("可以开专票吗", "增票要加税点吗"):
        result = passes(talk.say(line, "invoice"))
        assert (result.behaviour, key_of(talk, result)) == (Behaviour.ANSWER, "invoice.special")
        assert "不收税点" in text_of(result) or "不另收费用" in text_of(result)


def test_the_days_are_those_of_the_shop() -> None:
    for _ in range(3):
        talk = Talk(make_brain(shop_with(invoice={"within_days": 0, "resend_days": 9})))
        assert "0天内" in text_of(passes(talk.say("发票几天能开", "invoice")))
        assert "9天内" in text_of(passes(talk.say("发票没寄给我", "invoice")))


def test_days_that_the_shop_has_not_said_are_not_promised() -> None:
    talk = Talk(make_brain(shop_with(invoice={"within_days": None, "resend_days": None})))
    when = passes(talk.say("发票几天能开", "invoice"))
    assert (when.behaviour, key_of(talk, when)) == (Behaviour.ESCALATE, "invoice.by_person")
    resend = passes(talk.say("发票没寄给我", "invoice"))
    assert key_of(talk, resend) == "invoice.resend_open"
    assert not any(char.isdigit() for char in text_of(when) + text_of(resend))


def test_the_kinds_are_those_of_the_shop() -> None:
    talk = Talk(make_brain(shop_with(invoice={"kinds": ["纸质普通发票", "电子普通发票"]})))
    assert "纸质普通发票、电子普通发票" in text_of(passes(talk.say("有纸质发票吗", "invoice")))


def test_a_buyer_goes_from_question_to_question() -> None:
    talk = Talk()
    lines = ("可以开发票吗", "要加税点吗", "多久开好呀", "那电子票怎么下载")
    keys = [key_of(talk, passes(talk.say(line, "invoice"))) for line in lines]
    assert keys == ["invoice.available", "invoice.no_surcharge", "invoice.when", "invoice.where"]


# Collected in the chat ----------------------------------------------------------------------------------------------


def code(body: str) -> str:
    """A unified social credit code of 17 signs with its check digit."""
    return next(f"{body}{sign}" for sign in "0123456789ABCDEFGHJKLMNPQRTUWXY" if valid(f"{body}{sign}"))


def valid(number: str) -> bool:
    check = handlers()["invoice"].handler.__globals__["valid_number"]
    return bool(check(number))


def test_the_check_digit_is_that_of_the_standard() -> None:
    assert valid("91350100M000100Y43")  # the sample code that guides to the standard use
    assert not valid("91350100M000100Y44")
    assert valid("330106123456789")
    assert not valid("1234567890")


@given(st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=17, max_size=17), st.integers(0, 16), st.integers(1, 30))
def test_one_wrong_sign_is_always_found(body: str, place: int, shift: int) -> None:
    signs = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    right = code(body)
    other = signs[(signs.index(right[place]) + shift) % 31]
    assert valid(right.lower())
    assert not valid(right[:place] + other + right[place + 1 :])


def test_kind_title_and_number_are_asked_for_one_after_the_other() -> None:
    chat = Talk()
    lines = (("帮我开张发票", "invoice"), ("公司的",), ("杭州青禾贸易有限公司",), (code("91330106MA2CEXTB0"),))
    results = [passes(chat.say(line, *told)) for line, *told in lines]
    assert [key_of_last(chat, r) for r in results] == ["whose", "title", "number", "registered"]
    last = results[-1]
    assert last.handover is not None
    assert "company, title 杭州青禾贸易有限公司, tax number 91330106MA2CEXTB0" in last.handover.reason


def test_all_at_once_is_taken_at_once_and_a_person_needs_no_number() -> None:
    number = code("91330106MA2CEXTB0")
    result = passes(Talk().say(f"帮我开发票 抬头：杭州青禾贸易有限公司 税号{number}", "invoice"))
    assert result.handover is not None
    assert number in result.handover.reason
    chat = Talk()
    passes(chat.say("帮我开张发票 个人的", "invoice"))
    private = passes(chat.say("李小禾"))
    assert private.handover is not None
    assert private.handover.reason == "make out an invoice: person, title 李小禾"


def test_a_wrong_number_is_asked_for_again_and_then_a_person_helps() -> None:
    chat = Talk()
    passes(chat.say("给我开发票 抬头：杭州青禾贸易有限公司", "invoice"))
    wrong = code("91330106MA2CEXTB0")[:-1] + "I"
    assert key_of_last(chat, passes(chat.say(f"税号 {wrong}"))) == "number_wrong"
    assert passes(chat.say("税号 91330106MA2CEXT")).behaviour is Behaviour.ESCALATE


def key_of_last(chat: Talk, result: Result) -> str:
    return key_of(chat, result).removeprefix("invoice.")
