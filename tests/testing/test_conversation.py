"""The test kit: what holds passes, and what does not is told with the trace."""

from typing import Any

import pytest
from pydantic import ValidationError

from autoreply.app import App
from autoreply.handlers import OFF_AFTER
from autoreply.testing import Mismatch, Shop


@pytest.fixture
def shop(app: App) -> Shop:
    return Shop(app)


async def test_a_conversation_that_goes_as_wanted(shop: Shop) -> None:
    heard = await shop.buyer("能开发票吗", intent="invoice").replies("invoice.available").answers().passes_gate()
    assert "发票" in heard.text
    shop.later(minutes=5)
    await shop.buyer("能便宜点吗", intent="haggling").means("haggling").never_says("发票")
    await shop.buyer("转人工").hands_over()


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (lambda e: e.replies("invoice.no_such"), "the text invoice.no_such was not used, but invoice.available"),
        (lambda e: e.says("大象"), "the buyer does not read '大象'"),
        (lambda e: e.never_says("发票"), "the buyer reads '发票'"),
        (lambda e: e.means("courier"), "answered as invoice, not courier"),
        (lambda e: e.asks("city"), "behaviour is answer, not ask"),
        (lambda e: e.hands_over(), "behaviour is answer, not escalate"),
        (lambda e: e.is_silent(), "behaviour is answer, not silent"),
    ],
)
async def test_what_does_not_hold_is_told_with_the_trace(shop: Shop, wanted: Any, told: str) -> None:
    with pytest.raises(Mismatch) as failed:
        await wanted(shop.buyer("能开发票吗", intent="invoice"))
    first, *trace = str(failed.value).splitlines()
    assert told in first
    assert any(line.startswith("  gate: ") for line in trace)
    assert trace[-1].startswith("shop: ")


async def test_time_is_the_tests_own(shop: Shop) -> None:
    late = await shop.at("2026-03-11 23:30").buyer("转人工").hands_over()
    assert "host.handoff_closed" in late.keys or "human.default" in late.keys
    assert late.result.trace.steps


async def test_several_lines_and_a_picture_are_one_turn(shop: Shop) -> None:
    heard = await shop.buyer("能开发票吗", "电子的就行", picture=True)
    assert heard.result.turn.text == "能开发票吗\n电子的就行"
    assert len(heard.result.turn.messages) == 3


async def test_a_card_comes_before_what_is_written(shop: Shop) -> None:
    heard = await shop.buyer("能开发票吗", card="示例坚果 https://shop.example/item?id=N101", intent="invoice")
    assert sorted(heard.result.turn.kinds) == ["card", "text"]
    assert heard.result.intents == ("invoice",)


async def test_settings_are_changed_for_one_conversation_alone(shop: Shop, app: App) -> None:
    shop.set("shop.bargain", rounds=0)
    await shop.buyer("能便宜点吗", intent="haggling").hands_over("0 rounds")
    await Shop(app).buyer("能便宜点吗", intent="haggling").answers()


async def test_facts_that_are_set_back_what_is_said(shop: Shop) -> None:
    shop.set("shop.freight", free_over=77)
    await shop.buyer("多少钱包邮", intent="free_shipping").says("77").passes_gate()


async def test_a_plugins_settings_are_validated(shop: Shop) -> None:
    with pytest.raises(ValidationError, match="colect"):
        shop.set("plugins.invoice", colect=True)
    with pytest.raises(ValidationError, match="rounds"):
        shop.set("shop.bargain", rounds=-1)


@pytest.mark.parametrize("section", ["plugins.no_such", "shop.no_such", "server", "channels.http"])
def test_a_section_that_cannot_be_set_is_named(shop: Shop, section: str) -> None:
    with pytest.raises(KeyError, match=section):
        shop.set(section, x=1)


async def test_a_plugin_that_failed_in_one_test_is_asked_in_the_next(app: App) -> None:
    first = Shop(app)
    for _ in range(OFF_AFTER):
        first.brain.health.failed("shipped/invoice", "invoice: RuntimeError in its plugin")
    await first.buyer("能开发票吗", intent="invoice").hands_over("switched off")
    await Shop(app).buyer("能开发票吗", intent="invoice").answers()
