"""Conversations that must go as written. The clock stands still unless a test moves it; everything else is real."""

import pytest

from autoreply.testing import Shop

TALK = "sharpening"


@pytest.mark.parametrize("line", ["菜刀不锋利了，能寄回厂里磨吗", "你们家提供磨刀服务不", "刀钝了可以返厂开刃么"])
async def test_buyers_are_understood(shop: Shop, line: str) -> None:
    await shop.buyer(line).means(TALK).asks("pieces")


async def test_how_many_is_asked_for_and_a_person_gets_the_task(shop: Shop) -> None:
    await shop.buyer("刀用钝了可以寄回来磨吗").asks("pieces").replies("sharpening.how_many").says("3把").passes_gate()
    await shop.buyer("两把").hands_over("how to send in 2").replies("sharpening.noted").passes_gate()


async def test_a_number_that_was_said_is_not_asked_for(shop: Shop) -> None:
    await shop.buyer("我有三把刀要磨", intent=TALK).hands_over("how to send in 3")


async def test_more_than_may_be_sent_at_once(shop: Shop) -> None:
    await shop.buyer("五把刀想寄给你们磨", intent=TALK).asks("pieces").replies("sharpening.too_many").passes_gate()
    await shop.buyer("那先寄三把").hands_over("how to send in 3")


async def test_who_gives_no_number_gets_a_person(shop: Shop) -> None:
    await shop.buyer("刀钝了", intent=TALK).asks("pieces")
    await shop.buyer("挺多的", intent=TALK).asks("pieces")
    await shop.buyer("数不清", intent=TALK).hands_over().replies("sharpening.by_person").passes_gate()


async def test_a_shop_that_has_not_said_so_promises_nothing(shop: Shop) -> None:
    shop.set("plugins.sharpening", at_once=None)
    await shop.buyer("刀用钝了可以寄回来磨吗", intent=TALK).hands_over().never_says("可以寄").passes_gate()
