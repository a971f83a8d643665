"""What a shop has said of itself: opening hours, campaigns that end, nothing said and an explicit 0."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from pydantic import ValidationError

from autoreply.facts import Delivery, Hours, Instalment, Shop, Terms, same_courier


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


def test_days_of_absence_close_the_shop_whatever_day_it_is() -> None:
    hours = Hours.model_validate({"absences": [{"first": "2026-03-11", "last": "2026-03-12"}]})
    assert [hours.staffed(at(day, 12)) for day in (10, 11, 12, 13)] == [True, False, False, True]
    assert hours.next_open(at(10, 23)) == at(13, 9)
    assert hours.next_open(at(10, 8)) == at(10, 9)
    with pytest.raises(ValidationError, match="last lies before first"):
        Hours.model_validate({"absences": [{"first": "2026-03-12", "last": "2026-03-11"}]})


def test_a_shop_that_is_never_open_has_no_next_opening() -> None:
    assert Hours.model_validate({"days": []}).next_open(at(10, 23)) is None


DELIVERY = Delivery.model_validate(
    {
        "days": "2-4",
        "regions": [
            {"regions": ["新疆"], "days": "6-10", "fee": 15},
            {"regions": ["喀什"], "free_over": 99},
            {"couriers": ["顺丰"], "days": "1-2"},
            {"regions": ["新疆"], "couriers": ["顺丰速运"], "days": "3-5"},
            {"regions": ["西藏"], "served": False},
        ],
    }
)


@pytest.mark.parametrize(
    ("place", "courier", "terms"),
    [
        ((), "", Terms("2-4", None, None, True)),
        (("杭州", "浙江"), "", Terms("2-4", None, None, True)),
        (("杭州", "浙江"), "顺丰", Terms("1-2", None, None, True)),
        (("新疆",), "", Terms("6-10", Decimal(15), None, True)),
        (("喀什", "新疆"), "", Terms("6-10", Decimal(15), Decimal(99), True)),
        (("喀什", "新疆"), "顺丰", Terms("3-5", Decimal(15), Decimal(99), True)),
        (("拉萨", "西藏"), "", Terms("2-4", None, None, False)),
        (("拉萨", "西藏"), "顺丰", Terms("1-2", None, None, False)),
    ],
)
def test_the_closest_exception_that_says_something_holds(place: tuple[str, ...], courier: str, terms: Terms) -> None:
    assert DELIVERY.to(place, courier) == terms


def test_an_exception_is_one_for_something() -> None:
    with pytest.raises(ValidationError, match="names neither regions nor couriers"):
        Delivery.model_validate({"regions": [{"days": "3-5"}]})


def test_couriers_by_any_of_their_names() -> None:
    assert same_courier("中通", "中通快递")
    assert same_courier("EMS", "ems")
    assert not same_courier("", "中通")
    assert not same_courier("圆通", "中通")
