"""Filling a text in all the ways that matter."""

from decimal import Decimal

import pytest

from autoreply.app import App, texts_of
from autoreply.facts import Cod, Delivery, Freight, Gifts, Promotion, Region, Shop
from autoreply.review.fillings import fillings, unreached, uses

COD = "{% if shop.cod.accepted is none %}待定{% elif shop.cod.accepted %}可以到付{% else %}线上付款{% endif %}"


def test_what_a_text_uses_is_read_from_it() -> None:
    source = (
        "满{{ shop.freight.free_over }}{% for r in shop.delivery.regions if r.served %}{{ r.fee }}{% endfor %}{{ day }}"
    )
    facts, names = uses(source)
    assert set(facts) == {("freight", "free_over"), ("delivery", "regions")}
    assert names == ["day"]


def test_a_text_without_facts_is_filled_once() -> None:
    assert [f.text for f in fillings("您好，在的。", Shop())] == ["您好，在的。"]


def test_the_shop_as_it_is_comes_first_and_every_branch_follows() -> None:
    found = list(fillings(COD, Shop(cod=Cod(accepted=True))))
    assert (found[0].text, found[0].how) == ("可以到付", "")
    assert {f.text for f in found} == {"可以到付", "线上付款", "待定"}
    assert next(f for f in found if f.text == "线上付款").how == "shop.cod.accepted = False"


def test_each_filling_knows_the_facts_it_was_filled_with() -> None:
    for filling in fillings("满{{ shop.freight.free_over }}元包邮", Shop(freight=Freight(free_over=Decimal(39)))):
        assert f"满{filling.shop.freight.free_over:f}元包邮" == filling.text
        assert filling.backed[f"{filling.shop.freight.free_over:f}"] == "shop.freight.free_over"


def test_amounts_are_tried_at_both_ends() -> None:
    texts = {f.text for f in fillings("{{ shop.freight.fee }}", Shop(freight=Freight(fee=Decimal(6))))}
    assert texts == {"6", "0", "99999999.99"}


def test_words_are_tried_long() -> None:
    texts = [f.text for f in fillings("{{ shop.gifts.text }}", Shop(gifts=Gifts(text="开壳器")))]
    assert texts[0] == "开壳器"
    assert max(map(len, texts)) >= 100


def test_lists_are_tried_empty_and_with_many_items() -> None:
    source = "外地：{{ shop.freight.excluded | join('、') }}{% if not shop.freight.excluded %}无{% endif %}"
    shop = Shop(freight=Freight(excluded=("新疆",)))
    with_items = [f.text for f in fillings(source, shop)]
    assert with_items[0] == "外地：新疆"
    assert any(text.count("、") > 30 for text in with_items)
    empty = "{% if shop.freight.excluded %}除外{% else %}全国一样{% endif %}"
    assert {f.text for f in fillings(empty, shop)} == {"除外", "全国一样"}


def test_items_of_a_list_are_tried_in_all_their_states() -> None:
    source = "配送。{% for r in shop.delivery.regions if r.served and r.fee %}{{ r.fee }}元。{% endfor %}"
    shop = Shop(delivery=Delivery(regions=(Region(regions=("新疆",), served=False),)))
    assert not unreached(source, (f.text for f in fillings(source, shop)))


def test_branches_within_branches_are_reached_from_a_shop_that_says_everything() -> None:
    source = "{% if shop.promotion.text %}活动{% if shop.promotion.until %}到期{% endif %}{% endif %}您好"
    assert {f.text for f in fillings(source, Shop())} == {"您好", "活动您好", "活动到期您好"}


def test_a_plugins_words_are_stood_in_for() -> None:
    found = list(fillings("{{ day }}发出", Shop()))
    assert all(f.by_plugin for f in found)
    assert len({f.text for f in found}) >= 3


def test_a_text_whose_fact_is_missing_is_filled_as_if_it_were_there() -> None:
    found = list(fillings("{{ shop.promotion.text }}", Shop()))
    assert found
    assert all(f.how for f in found)


def test_words_that_no_fact_leads_to_are_told() -> None:
    source = "{% if shop.freight.free_over == 77 %}幸运价{% endif %}您好"
    assert unreached(source, (f.text for f in fillings(source, Shop(promotion=Promotion())))) == ["幸运价"]


@pytest.mark.parametrize("said_nothing", [False, True], ids=["example shop", "a shop that has said nothing"])
def test_every_branch_of_the_shipped_texts_is_reached(app: App, said_nothing: bool) -> None:
    shop = Shop() if said_nothing else app.brain.shop
    for key, variants in texts_of(app.brain.catalogue).items():
        for source in variants:
            assert unreached(source, [f.text for f in fillings(source, shop)]) == [], key
