"""The test kit: what holds passes, and what does not is told with the trace."""

from typing import Any

import pytest

from autoreply.app import App
from autoreply.testing import Mismatch, Shop


@pytest.fixture
def shop(app: App) -> Shop:
    return Shop.of(app)


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
