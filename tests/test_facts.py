"""What a shop has said of itself: opening hours, campaigns that end, nothing said and an explicit 0."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from pydantic import ValidationError

from autoreply.facts import Hours, Instalment, Shop


def at(weekday_of_march_2026: int, hour: int, minute: int = 0) -> datetime:
    """Monday 9 March 2026 is 9."""
    return datetime(2026, 3, weekday_of_march_2026, hour, minute)


def test_a_day_shift_has_its_first_minute_and_not_its_last() -> None:
    hours = Hours.model_validate({"open": "09:00", "close": "22:00"})
    assert hours.staffed(at(9, 9))
    assert hours.staffed(at(9, 21, 59))
    assert not hours.staffed(at(9, 22))
    assert not hours.staffed(at(9, 8, 59))


def test_a_day_off_is_a_day_off() -> None:
    hours = Hours.model_validate({"days": ["mon", "tue"]})
    assert hours.staffed(at(10, 12))
    assert not hours.staffed(at(11, 12))


def test_a_night_shift_belongs_to_the_day_on_which_it_began() -> None:
    hours = Hours.model_validate({"open": "18:00", "close": "02:00", "days": ["fri"]})
    assert hours.staffed(at(13, 23))
    assert hours.staffed(at(14, 1, 59))
    assert not hours.staffed(at(14, 2))
    assert not hours.staffed(at(13, 1))
    assert not hours.staffed(at(14, 19))


def test_open_and_close_alike_is_round_the_clock() -> None:
    hours = Hours.model_validate({"open": "00:00", "close": "00:00"})
    assert all(hours.staffed(at(9, hour)) for hour in range(24))


def test_a_campaign_is_a_fact_until_the_end_of_its_last_day() -> None:
    shop = Shop.model_validate({"promotion": {"text": "满99减10", "until": "2026-03-11"}})
    assert shop.on(date(2026, 3, 11)).promotion.text == "满99减10"
    assert shop.on(date(2026, 3, 12)).promotion.text is None
    assert shop.on(date(2026, 3, 12)).hours == shop.hours
    forever = Shop.model_validate({"promotion": {"text": "满99减10"}})
    assert forever.on(date(2036, 1, 1)).promotion.text == "满99减10"


def test_periods_without_a_fee_must_be_offered() -> None:
    offered = {"name": "花呗", "periods": [3, 6]}
    assert Instalment.model_validate({"providers": [offered | {"interest_free": [6]}]}).providers[0].interest_free == (
        6,
    )
    with pytest.raises(ValidationError, match=r"periods that periods does not offer: \[12, 24\]"):
        Instalment.model_validate({"providers": [offered | {"interest_free": [24, 12]}]})


@pytest.mark.parametrize(
    ("days", "sound"), [("3", True), ("3-5", True), ("5-5", True), ("5-3", False), ("3到5", False)]
)
def test_days_on_the_way(days: str, sound: bool) -> None:
    if sound:
        assert Shop.model_validate({"delivery": {"days": days}}).delivery.days == days
    else:
        with pytest.raises(ValidationError):
            Shop.model_validate({"delivery": {"days": days}})


def test_money_is_exact() -> None:
    shop = Shop.model_validate({"freight": {"fee": 0.1, "free_over": "39.90"}})
    assert (shop.freight.fee, shop.freight.free_over) == (Decimal("0.1"), Decimal("39.90"))


def test_facts_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        setattr(Shop().bargain, "rounds", 9)  # noqa: B010 - what the type checker refuses, tried all the same
