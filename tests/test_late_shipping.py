"""Compensation for late shipping: the cases of the platform's notice, and what "any 24 hours" means."""

import ast
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoreply.late_shipping import HISTORY, WINDOW, Order, Terms, compensation, terms_on

ROOT = Path(__file__).resolve().parents[1]
NOON = datetime(2019, 6, 20, 12)
CAPPED = HISTORY[-1]


def orders(*given: tuple[int, float]) -> list[Order]:
    """Amounts in yuan, each with its payment in hours after noon."""
    return [Order(Decimal(amount), NOON + timedelta(hours=hours)) for amount, hours in given]


def total(*given: tuple[int, float], on: date = date(2019, 6, 20)) -> Decimal:
    terms = terms_on(on)
    assert terms is not None
    return compensation(orders(*given), terms).total


def test_three_orders_before_the_cap_was_in_force_come_to_540() -> None:
    assert total((600, 0), (800, 1), (400, 2), on=date(2019, 6, 12)) == 540


def test_all_three_paid_within_one_day_come_to_500() -> None:
    assert total((600, 0), (800, 1), (400, 2), on=date(2019, 6, 13)) == 500


def test_only_two_of_them_paid_within_one_day_come_to_540() -> None:
    assert total((600, 0), (800, 1), (400, 48)) == 540


def test_a_day_slides_and_does_not_begin_at_midnight() -> None:
    """The third is within a day of the second and not of the first: both pairs stay below the cap."""
    assert total((600, 0), (800, 20), (400, 30)) == 540


def test_an_order_between_two_days_gives_way_to_those_outside_of_it() -> None:
    """450 + 50 + 450: each day is at its cap. All of it for the one in the middle would leave 50 + 450 + 50."""
    assert total((1500, 0), (1500, 20), (1500, 40)) == 950


def test_payments_exactly_a_day_apart_are_under_two_caps() -> None:
    assert total((1500, 0), (1500, 24)) == 900
    assert total((1500, 0), (1500, 23.999)) == 500


def test_the_steps_show_each_day_that_holds_orders_together() -> None:
    found = compensation(orders((400, 48), (600, 0), (800, 1)), CAPPED)
    assert [(w.start, w.full, w.granted) for w in found.windows] == [
        (NOON, Decimal(420), Decimal(420)),
        (NOON + timedelta(hours=48), Decimal(120), Decimal(120)),
    ]
    assert [s.full for s in found.shares] == [180, 240, 120]


@pytest.mark.parametrize(
    ("day", "cap"),
    [("2019-05-17", None), ("2019-05-28", None), ("2019-06-12", None), ("2019-06-13", 500), ("2026-01-01", 500)],
)
def test_the_day_of_the_claim_decides_on_the_cap(day: str, cap: int | None) -> None:
    terms = terms_on(date.fromisoformat(day))
    assert terms is not None
    assert terms.cap == cap


def test_before_the_transition_there_is_no_arithmetic() -> None:
    assert terms_on(date(2019, 5, 16)) is None


def test_fractions_of_a_cent_are_rounded_half_up() -> None:
    assert compensation([Order(Decimal("0.05"), NOON)], CAPPED).total == Decimal("0.02")


many = st.lists(
    st.tuples(st.integers(0, 300_000), st.integers(0, 5 * 24 * 3600)).map(
        lambda g: Order(Decimal(g[0]) / 100, NOON + timedelta(seconds=g[1]))
    ),
    max_size=12,
)


@given(many)
def test_no_day_holds_more_than_the_cap_and_no_order_more_than_its_rate(given: list[Order]) -> None:
    found = compensation(given, CAPPED)
    assert all(0 <= s.granted <= s.full for s in found.shares)
    for first in found.shares:
        inside = [s.granted for s in found.shares if timedelta(0) <= s.order.paid_at - first.order.paid_at < WINDOW]
        assert sum(inside) <= 500
    assert found.total == sum(s.granted for s in found.shares)


@given(many, st.permutations(range(12)))
def test_the_order_in_which_orders_are_told_does_not_matter(given: list[Order], places: list[int]) -> None:
    mixed = [given[i] for i in places if i < len(given)]
    assert compensation(mixed, CAPPED).total == compensation(given, CAPPED).total


@given(many)
def test_every_order_is_in_a_window_and_no_window_lies_in_another(given: list[Order]) -> None:
    windows = [set(map(id, w.orders)) for w in compensation(given, CAPPED).windows]
    assert set().union(*windows) == set(map(id, given))
    assert not any(a < b for a in windows for b in windows)


few = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), max_size=4)


@given(few, st.integers(1, 5))
def test_no_other_split_gives_a_larger_total(given: list[tuple[int, int]], cap: int) -> None:
    """Against every split there is, in whole yuan, which is enough: some best split is one of whole yuan."""
    late = [Order(Decimal(a), NOON + timedelta(hours=8 * h)) for a, h in given]
    terms = Terms(date(2019, 6, 13), Decimal(1), Decimal(cap), "test")
    best = 0
    for split in product(*(range(int(o.amount) + 1) for o in late)):
        fits = all(
            sum(x for x, o in zip(split, late, strict=True) if timedelta(0) <= o.paid_at - start.paid_at < WINDOW)
            <= cap
            for start in late
        )
        best = max(best, sum(split)) if fits else best
    assert compensation(late, terms).total == best


def test_only_the_operators_command_knows_of_it() -> None:
    """An amount must never reach a buyer: no plugin, text or other part of the framework imports the arithmetic."""
    for path in [*(ROOT / "autoreply").rglob("*.py"), *(ROOT / "plugins").rglob("*.py")]:
        if path.name in ("late_shipping.py", "calc.py"):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom) for a in n.names}
        names |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
        assert not any("late_shipping" in name for name in names), path
    for path in (ROOT / "intents").rglob("*.toml"):
        assert "late_shipping" not in path.read_text(encoding="utf-8")
