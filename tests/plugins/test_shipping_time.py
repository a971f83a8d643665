"""When an order is sent, asked at many moments of the year 2026 as chinesecalendar has it.

National day 2026: Thursday 1 to Wednesday 7 October; Sunday 20 September and Saturday 10 October are worked instead.
"""

from datetime import datetime
from typing import Any

import chinese_calendar
import pytest
from talks import Talk, example_shop, key_of, make_brain, passes, shop_with, text_of

from autoreply.model import Behaviour, Priority
from autoreply.pipeline import Result

WEDNESDAY, FRIDAY, SATURDAY, SUNDAY = (f"2026-03-{day}" for day in (11, 13, 14, 15))


def ask(line: str, when: str, **shipping: Any) -> tuple[str, str]:
    """The key and the words of the answer to a line at a moment such as ``2026-03-11 10:00``; its gate passed."""
    talk = Talk(make_brain(shop_with(shipping=shipping)), now=datetime.fromisoformat(when))
    result = passes(talk.say(line, "shipping_time"))
    return key_of(talk, result), text_of(result)


def asked_of_a_person(line: str, when: str, **shipping: Any) -> Result:
    talk = Talk(make_brain(shop_with(shipping=shipping)), now=datetime.fromisoformat(when))
    result = passes(talk.say(line, "shipping_time"))
    assert result.behaviour is Behaviour.ESCALATE
    assert not any(day in text_of(result) for day in ("今天", "明天", "后天", "月"))
    return result


# Before and after the cut-off --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "key", "day"),
    [
        ("00:00:00", "today", "今天"),
        ("15:59:59", "today", "今天"),
        ("16:00:00", "after_cutoff", "明天"),
        ("23:59:59", "after_cutoff", "明天"),
    ],
)
def test_the_cut_off_is_meant_to_the_second(moment: str, key: str, day: str) -> None:
    answer = ask("现在下单啥时候给发呀", f"{WEDNESDAY} {moment}")
    assert answer[0] == f"shipping_time.{key}"
    assert day in answer[1]


def test_the_answer_names_the_cut_off_that_is_set() -> None:
    assert "14:30前" in ask("赶在今天发出来成吗", f"{WEDNESDAY} 10:00", cutoff="14:30")[1]


def test_the_shops_zone_decides_what_time_it_is() -> None:
    shop = shop_with().model_copy(update={"timezone": "Asia/Urumqi"})
    talk = Talk(make_brain(shop), now=datetime(2026, 3, 11, 15))
    assert key_of(talk, talk.say("今天能发吗", "shipping_time")) == "shipping_time.today"


def test_a_cut_off_at_midnight_is_never_in_time() -> None:
    assert ask("今天能发吗", f"{WEDNESDAY} 00:00", cutoff="00:00")[0] == "shipping_time.after_cutoff"


# Weekends ----------------------------------------------------------------------------------------------------------


def test_friday_evening_means_monday_where_weekends_are_free() -> None:
    key, text = ask("啥时候发", f"{FRIDAY} 18:00", weekends=False)
    assert (key, "3月16日（周一）" in text) == ("shipping_time.after_cutoff", True)


def test_friday_evening_means_saturday_where_they_are_not() -> None:
    assert "明天" in ask("啥时候发", f"{FRIDAY} 18:00", weekends=True)[1]


@pytest.mark.parametrize(("when", "day"), [(SATURDAY, "后天"), (SUNDAY, "明天")])
def test_at_a_free_weekend_the_warehouse_rests(when: str, day: str) -> None:
    key, text = ask("现在下单什么时候发出", f"{when} 10:00", weekends=False)
    assert (key, day in text) == ("shipping_time.resting", True)


def test_at_a_worked_weekend_it_does_not() -> None:
    key, text = ask("现在下单什么时候发出", f"{SATURDAY} 10:00", weekends=True)
    assert (key, "今天" in text) == ("shipping_time.today", True)


@pytest.mark.parametrize("line", ["周末发货吗", "周六能发货吗", "星期六发不发", "14号发货吗", "3月14日发货吗"])
def test_who_asks_for_the_weekend_hears_of_the_weekend(line: str) -> None:
    key, text = ask(line, f"{WEDNESDAY} 10:00", weekends=False)
    assert (key, "3月14日（周六）" in text, "3月16日（周一）" in text) == ("shipping_time.closed_on", True, True)
    key, text = ask(line, f"{WEDNESDAY} 10:00", weekends=True)
    assert (key, "3月14日（周六）" in text) == ("shipping_time.open_on", True)


def test_the_day_after_tomorrow_by_its_name() -> None:
    assert "后天" in ask("周五发货吗", f"{WEDNESDAY} 17:00")[1]


def test_the_weekday_that_is_today_is_today() -> None:
    assert ask("周三能发吗", f"{WEDNESDAY} 10:00")[0] == "shipping_time.today"
    assert ask("周末发货吗", f"{SATURDAY} 10:00", weekends=True)[0] == "shipping_time.today"


def test_today_and_tomorrow_are_answered_by_the_next_day_on_which_is_sent() -> None:
    assert ask("我周日要用 今天能发吗", f"{WEDNESDAY} 10:00")[0] == "shipping_time.today"
    assert "3月16日（周一）" in ask("明天能发吗", f"{FRIDAY} 17:00", weekends=False)[1]


# National day 2026 -------------------------------------------------------------------------------------------------


def test_the_calendar_says_what_these_tests_rely_on() -> None:
    days = chinese_calendar.get_dates(datetime(2026, 10, 1), datetime(2026, 10, 10))
    assert [chinese_calendar.is_holiday(d) for d in days] == [True] * 7 + [False] * 3
    assert not chinese_calendar.is_holiday(datetime(2026, 9, 20))


@pytest.mark.parametrize(
    ("when", "key", "day"),
    [
        ("2026-09-30 10:00", "today", "今天"),
        ("2026-09-30 17:00", "after_cutoff", "10月8日（周四）"),
        ("2026-10-01 10:00", "resting", "10月8日（周四）"),
        ("2026-10-06 10:00", "resting", "后天"),
        ("2026-10-07 23:59", "resting", "明天"),
        ("2026-10-08 10:00", "today", "今天"),
        ("2026-10-09 17:00", "after_cutoff", "明天"),
        ("2026-10-10 10:00", "today", "今天"),
        ("2026-10-10 17:00", "after_cutoff", "后天"),
        ("2026-09-20 10:00", "today", "今天"),
        ("2026-09-19 10:00", "resting", "明天"),
    ],
)
def test_national_day_and_the_days_worked_for_it(when: str, key: str, day: str) -> None:
    answer = ask("什么时候能发出", when, weekends=False, holidays=False)
    assert answer[0] == f"shipping_time.{key}"
    assert day in answer[1]


def test_a_shop_that_works_on_weekends_rests_on_public_holidays_all_the_same() -> None:
    assert "10月8日（周四）" in ask("什么时候发", "2026-10-03 10:00", weekends=True, holidays=False)[1]


def test_a_shop_that_works_on_public_holidays_sends_on_them() -> None:
    assert ask("什么时候发", "2026-10-01 10:00", weekends=False, holidays=True)[0] == "shipping_time.today"


def test_spring_festival_the_longest_of_all() -> None:
    assert "2月24日（周二）" in ask("什么时候发", "2026-02-14 17:00", weekends=False, holidays=False)[1]


@pytest.mark.parametrize("line", ["国庆发货吗", "放假期间发不发货", "中秋节仓库上班吗 发货吗"])
def test_who_asks_for_the_holidays_hears_of_the_holidays(line: str) -> None:
    assert ask(line, "2026-09-15 10:00", holidays=False)[0] == "shipping_time.holiday_closed"
    assert ask(line, "2026-09-15 10:00", holidays=True)[0] == "shipping_time.holiday_open"


def test_before_the_holidays_is_an_ordinary_question() -> None:
    assert ask("国庆前能发吗", "2026-09-15 10:00")[0] == "shipping_time.today"


# What the calendar does not know -----------------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["2026-12-31 17:00", "2035-03-01 10:00"])
def test_for_a_year_that_the_calendar_lacks_a_person_answers(when: str) -> None:
    result = asked_of_a_person("什么时候发货", when)
    assert result.handover is not None
    assert "no holiday calendar" in result.handover.reason
    assert result.handover.priority is Priority.NORMAL


def test_the_last_day_that_the_calendar_knows_is_answered() -> None:
    assert "今天" in ask("什么时候发货", "2026-12-31 10:00")[1]


def test_a_shop_that_never_rests_needs_no_calendar() -> None:
    assert "今天" in ask("什么时候发货", "2035-03-01 10:00", weekends=True, holidays=True)[1]


# Presale -----------------------------------------------------------------------------------------------------------

PRESALE = ({"keywords": ["年货礼盒", "Gift Box"], "ships_on": "2026-04-20"},)


@pytest.mark.parametrize("line", ["年货礼盒什么时候发货", "那个年貨禮盒幾時發", "GIFT BOX 什么时候发"])
def test_presale_goods_are_sent_from_their_day_on(line: str) -> None:
    key, text = ask(line, f"{WEDNESDAY} 10:00", presale=PRESALE)
    assert (key, "4月20日起" in text) == ("shipping_time.presale", True)


@pytest.mark.parametrize("when", ["2026-04-20 10:00", "2026-05-20 10:00"])
def test_from_that_day_on_they_are_goods_like_others(when: str) -> None:
    assert ask("年货礼盒什么时候发货", when, presale=PRESALE)[0] == "shipping_time.today"


def test_other_goods_do_not_wait_for_the_presale() -> None:
    assert ask("坚果什么时候发货", f"{WEDNESDAY} 10:00", presale=PRESALE)[0] == "shipping_time.today"


def test_presale_needs_neither_cut_off_nor_calendar() -> None:
    soon = ({"keywords": ["年货礼盒"], "ships_on": "2027-01-10"},)
    assert "1月10日起" in ask("年货礼盒几号发", "2026-12-31 18:00", presale=soon, cutoff=None, within_hours=None)[1]


# Paid already, or little said --------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["拍好了 什么时候发", "我昨天付款的 几点发", "我的订单发货了吗", "已经下单了今天发吗"])
def test_of_an_order_paid_at_an_unknown_time_the_rule_is_told(line: str) -> None:
    for when in (f"{WEDNESDAY} 10:00", f"{WEDNESDAY} 17:00", f"{SATURDAY} 10:00", "2035-03-01 10:00"):
        key, text = ask(line, when)
        assert (key, "16:00前" in text, "订单" in text) == ("shipping_time.paid", True, True)
        assert not any(day in text for day in ("今天", "明天"))


def test_without_a_cut_off_the_promised_hours_are_told() -> None:
    for line in ("什么时候发", "周末发货吗", "拍了多久发"):
        key, text = ask(line, f"{SATURDAY} 10:00", cutoff=None, within_hours=72)
        assert (key, "72小时内" in text) == ("shipping_time.within", True)


def test_a_shop_that_has_said_nothing_promises_nothing() -> None:
    result = asked_of_a_person("什么时候发货", f"{WEDNESDAY} 10:00", cutoff=None, within_hours=None)
    assert result.handover is not None
    assert result.handover.reason == "shipping_time: neither cutoff nor within_hours is set in [shop.shipping]"


def test_asked_again_and_again_it_finds_other_words() -> None:
    talk = Talk(make_brain(example_shop()))
    said = [text_of(passes(talk.say("今天能发吗", "shipping_time"))) for _ in range(3)]
    assert len(set(said)) == 3
