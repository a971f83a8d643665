"""Booking a visit, turn by turn. The clock says Wednesday, 11 March 2026, 10:00, unless a test moves it."""

from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from visits import book as visits_book

from autoreply.testing import Shop


@pytest.fixture(autouse=True)
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> visits_book.Book:
    """An empty book."""
    monkeypatch.setattr(visits_book.book, "path", tmp_path / "var" / "visits.jsonl")
    return visits_book.book


async def test_one_question_after_the_other_then_a_task_for_a_person(shop: Shop) -> None:
    await shop.buyer("想预约师傅上门安装").means("visits").asks("city").passes_gate()
    await shop.buyer("杭州").asks("visit_day").says("3月12日", "3月25日").passes_gate()
    await shop.buyer("后天").asks("time").says("上午还是下午").passes_gate()
    await shop.buyer("下午").asks("phone").passes_gate()
    await shop.buyer("13812345678").asks("sure").says("3月13日下午", "杭州").never_says("13812345678").passes_gate()
    booked = await shop.buyer("对").hands_over("book a visit: 2026-03-13 下午 杭州, phone 13812345678").passes_gate()
    assert booked.keys == ("visits.booked",)


async def test_what_is_said_unasked_is_taken(shop: Shop) -> None:
    await shop.buyer("我在上海，周六上午能叫师傅过来装吗", intent="visits").asks("phone")
    await shop.buyer("手机13912340000").asks("sure").says("3月14日上午", "上海")


async def test_begun_anew_where_something_is_wrong(shop: Shop) -> None:
    await shop.buyer("上海 明天下午 13912340000 约安装", intent="visits").asks("sure")
    await shop.buyer("不对，说错了").asks("city").replies("visits.anew")
    await shop.buyer("杭州").asks("visit_day")


async def test_a_city_without_fitters_is_a_persons(shop: Shop) -> None:
    await shop.buyer("哈尔滨可以约师傅来装吗", intent="visits").hands_over("no fitter goes to 哈尔滨").passes_gate()


@pytest.mark.parametrize("day", ["今天", "3月11日", "5月1日", "11号"])
async def test_a_day_outside_of_the_span_is_asked_for_again(shop: Shop, day: str) -> None:
    await shop.buyer("杭州约安装", intent="visits").asks("visit_day")
    await shop.buyer(day).asks("visit_day").replies("visits.other_day").passes_gate()


@pytest.mark.parametrize(
    ("words", "day"), [("13号", "3月13日"), ("3月20日", "3月20日"), ("周三", "3月18日"), ("大后天", "3月14日")]
)
async def test_days_as_buyers_name_them(shop: Shop, words: str, day: str) -> None:
    await shop.buyer("杭州约安装，下午在家", intent="visits").asks("visit_day")
    await shop.buyer(f"{words}吧").asks("phone")
    await shop.buyer("13812345678").says(day)


async def test_over_the_turn_of_the_year(shop: Shop) -> None:
    shop.at("2026-12-30 10:00")
    await shop.buyer("杭州约安装，下午，电话13812345678", intent="visits").asks("visit_day")
    await shop.buyer("3号").asks("sure").says("1月3日")


async def test_who_does_not_answer_gets_a_person(shop: Shop) -> None:
    await shop.buyer("想预约师傅上门安装", intent="visits").asks("city")
    await shop.buyer("就是我家", intent="visits").asks("city")
    await shop.buyer("你猜", intent="visits").hands_over("asked 2 times for city").replies("visits.by_person")


async def test_a_number_that_is_too_short_is_asked_for_again(shop: Shop) -> None:
    await shop.buyer("杭州明天下午约安装", intent="visits").asks("phone")
    await shop.buyer("1381234567", intent="visits").asks("phone").replies("visits.wrong_phone")


async def test_the_city_is_not_asked_for_twice(shop: Shop) -> None:
    await shop.buyer("杭州明天下午约安装 13812345678", intent="visits").asks("sure")
    await shop.buyer("对").hands_over("book a visit")
    await shop.buyer("再约一次安装", intent="visits").asks("visit_day")


async def test_the_page_lists_what_was_agreed_to(shop: Shop, book: visits_book.Book) -> None:
    for words in ("杭州明天下午约安装 13812345678", "杭州后天上午约安装 13812345678"):
        await shop.buyer(words, intent="visits").asks("sure").passes_gate()
        visits_book.observe_turn((await shop.buyer("对").hands_over("book a visit").passes_gate()).result)
    assert [(v["day"], v["time"]) for v in book.all()] == [("2026-03-12", "下午"), ("2026-03-13", "上午")]
    app = web.Application()
    app.router.add_get("/booked", visits_book.show)
    async with TestClient(TestServer(app)) as client:
        page = await (await client.get("/booked")).text()
    assert "2026-03-12" in page
    assert "杭州" in page
    assert "13812345678" not in page + book.path.read_text(encoding="utf-8")


async def test_half_a_line_in_the_book_is_passed_over(book: visits_book.Book) -> None:
    book.add({"day": "2026-03-12", "time": "上午", "city": "杭州"})
    with book.path.open("a", encoding="utf-8") as file:
        file.write('{"day": "2026-03')
    assert len(list(book.all())) == 1
