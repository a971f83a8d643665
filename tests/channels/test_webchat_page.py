"""The chat page in a real browser: what a buyer sees when typing, reloading, and when the line drops."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import unused_port

from autoreply.channels import stream

from .browser import CHROMIUM, Page, chromium
from .conftest import SECRET, Running, buyer_key, running

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"needs {CHROMIUM} to look at the page")

SIZES = [(390, 844), (1280, 800)]
ONLINE = "document.querySelector('#state').className === 'online'"
BUBBLES = "[...document.querySelectorAll('.bubble')].map((b) => b.textContent)"
NOTES = "[...document.querySelectorAll('.note')].map((n) => n.textContent)"


def said(count: int) -> str:
    return f"document.querySelectorAll('.bubble').length === {count}"


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    async with chromium(tmp_path / "profile") as page:
        yield page


async def enter(page: Page, shop: Running, size: tuple[int, int] = SIZES[0]) -> None:
    await page.open(shop.url + "/chat", *size)
    await page.until(ONLINE)


async def click(page: Page, selector: str) -> None:
    await page.js(f"document.querySelector({selector!r}).click()")


@pytest.mark.parametrize("size", SIZES)
async def test_a_buyer_types_and_reads_the_answer(shop: Running, page: Page, size: tuple[int, int]) -> None:
    await enter(page, shop, size)
    await click(page, ".chip")
    await page.until(said(2))
    await page.type("那明天能到吗")
    await page.until(said(4))
    assert await page.js(BUBBLES) == ["什么时候发货", "收到：什么时候发货", "那明天能到吗", "收到：那明天能到吗"]
    await page.until(f"{NOTES}.every((n) => /^\\d\\d:\\d\\d$/.test(n))")
    assert await page.js("document.querySelector('#welcome').hidden")
    await shop.host.say(buyer_key("webchat", conversation=await page.js("chat.conversation")), "长" * 300 + "a" * 300)
    await page.until(said(5))
    assert await page.js("document.documentElement.scrollWidth <= innerWidth")
    assert await page.js("$('log').scrollWidth <= $('log').clientWidth")
    sides = await page.js("[...document.querySelectorAll('.bubble')].map((b) => b.getBoundingClientRect().left)")
    assert sides[0] > sides[1]
    assert page.complaints == []


async def test_nothing_said_becomes_markup(shop: Running, page: Page) -> None:
    await enter(page, shop)
    await page.js("$('text').focus()")
    await page.type("<img src=x onerror=alert(1)><b>粗</b>")
    await page.until(said(2))
    assert (await page.js(BUBBLES))[1] == "收到：<img src=x onerror=alert(1)><b>粗</b>"
    assert await page.js("document.querySelectorAll('#log img, #log b').length") == 0


async def test_enter_chooses_a_word_while_composing_and_shift_enter_breaks_the_line(shop: Running, page: Page) -> None:
    await enter(page, shop)
    await page.js("$('text').focus()")
    await page.type("第一行", enter=False)
    composing = "new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true, cancelable: true})"
    assert await page.js(f"$('text').dispatchEvent({composing})")
    await page.press("Enter", 13, "\r", modifiers=8)
    await page.type("第二行")
    await page.until(said(2))
    assert (await page.js(BUBBLES))[0] == "第一行\n第二行"


async def test_a_reload_keeps_the_talk_and_shows_nothing_twice(shop: Running, page: Page) -> None:
    await enter(page, shop)
    await click(page, ".chip")
    await page.until(said(2))
    conversation = await page.js("chat.conversation")
    await page.open("about:blank", *SIZES[0])
    await shop.host.say(buyer_key("webchat", conversation=conversation), "您走开时说的")
    await enter(page, shop)
    await page.until(said(3))
    assert await page.js(BUBBLES) == ["什么时候发货", "收到：什么时候发货", "您走开时说的"]
    assert len(shop.host.messages) == 1


async def test_a_new_talk_starts_empty_with_another_id(shop: Running, page: Page) -> None:
    await enter(page, shop)
    await click(page, ".chip")
    await page.until(said(2))
    before = await page.js("chat.conversation")
    await click(page, "#fresh")
    await page.until(f"{said(0)} && {ONLINE}")
    assert not await page.js("document.querySelector('#welcome').hidden")
    await click(page, ".chip:last-child")
    await page.until(said(2))
    assert await page.js("chat.conversation") != before
    assert [m.text for m in shop.host.messages] == ["什么时候发货", "转人工"]


async def test_what_is_typed_while_the_shop_is_down_is_sent_once_when_it_is_back(
    tmp_path: Path, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_SECRET", SECRET)
    port = unused_port()
    async with running(tmp_path, {}, port) as shop:
        await enter(page, shop)
        await click(page, ".chip")
        await page.until(said(2))
    await page.until("document.querySelector('#state').className !== 'online'")
    await page.js("$('text').focus()")
    await page.type("还在吗")
    assert (await page.js(NOTES))[-1] == "发送中…"
    async with running(tmp_path, {}, port) as shop:
        await page.until(said(4))
        assert [m.text for m in shop.host.messages] == ["还在吗"]
        await page.until(f"{ONLINE} && !{NOTES}.includes('发送中…')")
    assert await page.js(BUBBLES) == ["什么时候发货", "收到：什么时候发货", "还在吗", "收到：还在吗"]


async def test_a_line_that_cannot_be_kept_now_is_sent_again_later(
    shop: Running, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "RETRY_AFTER", 1)
    await enter(page, shop)
    shop.host.broken = True
    await page.js("$('text').focus()")
    await page.type("先别急")
    await page.until(f"{NOTES}.includes('发送中…')")
    shop.host.broken = False
    await page.until(said(2))
    assert [m.text for m in shop.host.messages] == ["先别急"]


async def test_what_another_tab_wrote_is_shown_and_kept(shop: Running, page: Page) -> None:
    await enter(page, shop)
    await click(page, ".chip")
    await page.until(said(2))
    line = "{id: 'other-tab', who: 'buyer', text: '另一页说的', at: Date.now(), state: 'sent'}"
    await page.js(f"localStorage.setItem(STORE, JSON.stringify({{...load(), lines: [...load().lines, {line}]}}))")
    await page.js("window.dispatchEvent(new StorageEvent('storage', {key: STORE}))")
    await page.until(said(3))
    await page.js("$('text').focus()")
    await page.type("这一页说的")
    await page.until(said(5))
    kept = await page.js("load().lines.map((l) => l.text)")
    assert kept[2:] == ["另一页说的", "这一页说的", "收到：这一页说的"]
