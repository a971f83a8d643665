"""Products by their records: what the record says, the question which one is meant, and a person for the rest."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from talks import Talk, key_of, make_brain, passes, shop_with, text_of

from autoreply.model import Behaviour, Kind
from autoreply.pipeline import Result
from autoreply.records.desk import Records
from autoreply.records.model import Faq, Product, SizeRow, Sku
from autoreply.testing import FakeProducts

SHIRT = Product(
    product_id="801",
    name="云朵棉衬衫",
    keywords=("衬衫",),
    url="https://item.taobao.com/item.htm?id=801",
    price="129.00",
    skus=(Sku(name="白色 M", stock=3), Sku(name="白色 L", stock=0), Sku(name="蓝色 L", stock=8), Sku(name="灰色 M")),
    attributes={"材质": "纯棉", "产地": "浙江"},
    sizes=(
        SizeRow(size="M", height=(155, 165), weight=(45, 55)),
        SizeRow(size="L", height=(163, 172), weight=(53, 63)),
    ),
    faq=(Faq(question="会缩水吗", answer="面料做过预缩处理，正常水洗缩水率在3%以内"),),
    how_to_use="冷水手洗，平铺晾干",
)
NUTS = Product(
    product_id="802",
    name="每日坚果礼盒",
    keywords=("坚果",),
    price="89",
    stock=5,
    attributes={"净含量": "750克", "产地": "安徽"},
    authentic="有品牌授权书，可在店铺资质页核对",
)
TEA = Product(
    product_id="803",
    name="山岚白茶",
    keywords=("白茶", "山岚茶"),
    price="168",
    stock=0,
    alternatives=("804",),
    attributes={"产地": "福建"},
)
OOLONG = Product(
    product_id="804",
    name="山岚乌龙茶",
    keywords=("乌龙茶", "山岚茶"),
    price="158",
    stock=9,
    attributes={"产地": "台湾", "口味": "清香"},
)
ALL = (SHIRT, NUTS, TEA, OOLONG)


def talk(*products: Product, **changes: Any) -> Talk:
    records = Records(products=FakeProducts(products or ALL))
    return Talk(replace(make_brain(shop_with(**changes)), records=records))


def said(chat: Talk, line: str, *slugs: str) -> tuple[str, str, Result]:
    result = passes(chat.say(line, *slugs))
    return key_of(chat, result), text_of(result), result


# Stock -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "key", "words"),
    [
        ("衬衫白色M码有货吗", "stock.available", "云朵棉衬衫（白色 M）"),
        ("衬衫白色L还有没有", "stock.other_choices", "白色 M、蓝色 L"),
        ("衬衫还有哪些有货", "stock.choices", "白色 M、蓝色 L"),
        ("坚果有货吗", "stock.available", "每日坚果礼盒"),
        ("白茶有货不", "stock.alternatives", "山岚乌龙茶"),
    ],
)
def test_stock_is_what_the_record_says_without_numbers(line: str, key: str, words: str) -> None:
    got, text, _ = said(talk(), line, "stock")
    assert (got, words in text) == (key, True)
    assert not any(f"{n}件" in text for n in range(10))


@pytest.mark.parametrize(("line", "key"), [("衬衫灰色M有货吗", "stock.default"), ("白茶什么时候补货", "stock.restock")])
def test_what_no_record_says_goes_to_a_person(line: str, key: str) -> None:
    got, _, result = said(talk(), line, "stock")
    assert (got, result.behaviour) == (key, Behaviour.ESCALATE)


def test_presale_goods_are_told_with_their_day() -> None:
    later = NUTS.model_copy(update={"ships_on": date(2026, 4, 1), "stock": 0})
    key, text, _ = said(talk(later), "坚果什么时候有货", "stock")
    assert (key, "4月1日" in text) == ("stock.presale", True)


# Which one? --------------------------------------------------------------------------------------------------------


def test_the_product_is_asked_for_once_and_the_question_kept() -> None:
    chat = talk()
    key, _, asked = said(chat, "产地是哪里", "product_info")
    assert (key, asked.behaviour) == ("product_info.which", Behaviour.ASK)
    key, text, _ = said(chat, "衬衫")
    assert (key, "产地是浙江" in text) == ("product_info.attribute", True)
    assert said(chat, "什么面料的", "product_info")[1].count("纯棉") == 1


def test_of_several_the_buyer_chooses() -> None:
    chat = talk()
    key, text, _ = said(chat, "山岚茶产地哪里", "product_info")
    assert (key, "山岚白茶、山岚乌龙茶" in text) == ("product_info.which_of", True)
    assert "台湾" in said(chat, "乌龙茶")[1]


def test_a_card_says_which_one() -> None:
    chat = talk()
    chat.hear(chat.turn(("每日坚果礼盒", Kind.CARD)), chat.brain)
    assert "750克" in said(chat, "多少克", "product_info")[1]


# Attributes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "key", "words"),
    [
        ("衬衫什么面料", "attribute", "材质是纯棉"),
        ("衬衫会不会缩水", "faq", "预缩处理"),
        ("衬衫怎么洗", "use", "冷水手洗"),
        ("白茶和乌龙茶有什么区别", "compared", "山岚白茶是福建，山岚乌龙茶是台湾"),
    ],
)
def test_the_record_answers(line: str, key: str, words: str) -> None:
    got, text, _ = said(talk(), line, "product_info")
    assert (got, words in text) == (f"product_info.{key}", True)


def test_what_the_record_does_not_say_is_being_checked() -> None:
    key, _, result = said(talk(), "坚果的保质期多久", "product_info")
    assert (key, result.behaviour) == ("product_info.checking", Behaviour.ESCALATE)


# Size --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "key", "words"),
    [
        ("衬衫158cm 100斤穿什么码", "fits", "M码"),
        ("衬衫身高170体重60公斤穿多大", "fits", "L码"),
        ("衬衫1米64 108斤", "between", "M码和L码"),
        ("衬衫 170 120", "fits", "L码"),
    ],
)
def test_height_and_weight_are_read_as_people_write_them(line: str, key: str, words: str) -> None:
    got, text, _ = said(talk(), line, "size")
    assert (got, words in text) == (f"size.{key}", True)


def test_what_is_missing_is_asked_for_and_kept() -> None:
    chat = talk()
    assert said(chat, "衬衫穿什么码", "size")[0] == "size.body"
    assert said(chat, "身高158")[0] == "size.weight"
    assert said(chat, "100斤")[0] == "size.fits"


@pytest.mark.parametrize("line", ["衬衫190cm 200斤穿什么码", "坚果穿多大"])
def test_nothing_is_guessed_beyond_the_chart(line: str) -> None:
    assert said(talk(), line, "size")[2].behaviour is Behaviour.ESCALATE


# Advice, authenticity, the page ------------------------------------------------------------------------------------


def test_advice_asks_once_and_names_what_fits_the_budget() -> None:
    chat = talk()
    assert said(chat, "帮我推荐一款", "recommend")[0] == "recommend.ask"
    key, text, _ = said(chat, "送人的 山岚茶 160元以内")
    assert (key, "山岚乌龙茶（158" in text, "白茶" in text) == ("recommend.list", True, False)


def test_who_cannot_be_advised_by_the_records_gets_a_person() -> None:
    chat = talk()
    said(chat, "帮我推荐一款", "recommend")
    assert said(chat, "随便都行")[0] == "recommend.person"


def test_authenticity_is_the_records_wording_or_the_shops_or_a_person() -> None:
    key, text, _ = said(talk(), "坚果是正品吗", "authenticity")
    assert (key, "品牌授权书" in text) == ("authenticity.product", True)
    shop = talk(goods={"authentic": "品牌授权书见店铺资质页"})
    assert said(shop, "衬衫是正品吗", "authenticity")[0] == "authenticity.default"
    assert talk().say("衬衫是正品吗", "authenticity").behaviour is Behaviour.ESCALATE


def test_the_page_of_the_product_is_given_to_who_asks_for_it() -> None:
    key, text, _ = said(talk(), "衬衫的链接发我一下", "how_to_order")
    assert (key, SHIRT.url in text) == ("how_to_order.link", True)
    assert said(talk(), "怎么下单", "how_to_order")[0] == "how_to_order.default"


@pytest.mark.parametrize("slug", ["stock", "product_info", "size", "recommend"])
def test_without_records_a_person_answers_as_before(slug: str) -> None:
    chat = Talk()
    key, _, result = said(chat, "这个怎么样", slug)
    assert (key, result.behaviour) == (f"{slug}.default", Behaviour.ESCALATE)


@pytest.mark.parametrize("slug", ["stock", "product_info", "size", "recommend"])
def test_while_the_records_are_down_nothing_is_guessed(slug: str) -> None:
    chat = Talk(replace(make_brain(), records=Records(products=FakeProducts(ALL, down=True))))
    assert said(chat, "衬衫怎么样", slug)[0] == "host.checking"
