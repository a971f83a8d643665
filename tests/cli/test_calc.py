"""``autoreply calc late-shipping``: the three cases of the platform's notice, by the command."""

import json
from pathlib import Path

import pytest

from .conftest import Call

TOGETHER = ["600@2019-07-01T09:00", "800@2019-07-01T13:00", "400@2019-07-02T08:59"]
APART = ["600@2019-07-01T09:00", "800@2019-07-01T13:00", "400@2019-07-05T09:00"]


def orders(texts: list[str]) -> list[str]:
    return [part for text in texts for part in ("--order", text)]


@pytest.mark.parametrize(
    ("texts", "claimed", "total"),
    [(TOGETHER, "2019-06-12", 540), (TOGETHER, "2019-07-10", 500), (APART, "2019-07-10", 540)],
    ids=["before the cap", "all within a day", "two within a day"],
)
def test_the_cases_of_the_notice(invoke: Call, texts: list[str], claimed: str, total: int) -> None:
    args = ["calc", "late-shipping", *orders(texts), "--claimed-on", claimed]
    data = json.loads(invoke(*args, "--json").out)
    assert [b["total"] for b in data["buyers"]] == [total]
    assert data["terms"]["source"] == "S0"
    assert f"total {total} yuan; for the shop alone, never quoted to a buyer" in invoke(*args).out


def test_the_steps_are_printed(invoke: Call) -> None:
    out = invoke("calc", "late-shipping", *orders(TOGETHER), "--claimed-on", "2019-07-10").out
    assert "30 % of each order, 500 yuan at most" in out
    assert "24 hours from 2019-07-01 09:00:00: 180 + 240 + 120 = 540 → 500" in out


def test_each_buyer_of_a_file_is_reckoned_alone(invoke: Call, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    rows = [f"{text.replace('@', ',')},{buyer}" for buyer in ("甲", "乙") for text in TOGETHER]
    path.write_bytes("\n".join(["amount,paid_at,buyer", *rows]).encode("gb18030"))
    data = json.loads(invoke("calc", "late-shipping", path, "--json").out)
    assert [(b["buyer"], b["total"]) for b in data["buyers"]] == [("甲", 500), ("乙", 500)]


def test_a_time_with_a_zone_is_brought_to_beijing(invoke: Call) -> None:
    data = json.loads(invoke("calc", "late-shipping", "--order", "100@2026-03-01T20:00:00+00:00", "--json").out)
    assert data["buyers"][0]["orders"][0]["paid_at"] == "2026-03-02T04:00:00"


def test_figures_of_a_later_rule_can_be_given(invoke: Call) -> None:
    args = [*orders(TOGETHER), "--rate", "10", "--cap", "100"]
    data = json.loads(invoke("calc", "late-shipping", *args, "--json").out)
    assert (data["buyers"][0]["total"], data["terms"]["source"]) == (100, "figures given here")


def test_before_the_rule_there_is_no_answer(invoke: Call) -> None:
    ran = invoke("calc", "late-shipping", *orders(TOGETHER), "--claimed-on", "2019-05-16")
    assert (ran.code, ran.out) == (1, "")
    assert "no rule on record for a claim of 2019-05-16; the first is in force from 2019-05-17" in ran.err


@pytest.mark.parametrize(
    "text", ["600", "x@2026-03-01", "600@yesterday", "-5@2026-03-01", "NaN@2026-03-01", "1e99@2026-03-01"]
)
def test_what_is_no_order_is_told(invoke: Call, text: str) -> None:
    ran = invoke("calc", "late-shipping", "--order", text)
    assert ran.code == 1
    assert "is no order; write AMOUNT@PAID_AT" in ran.err


def test_a_bad_row_is_told_with_its_line(invoke: Call, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("amount,paid_at\n600,2026-03-01T10:00\nlots,2026-03-01T10:00\n", encoding="utf-8")
    ran = invoke("calc", "late-shipping", path)
    assert ran.code == 1
    assert ran.err.startswith(f"{path}:3: lots@")


def test_a_file_without_the_columns_is_told(invoke: Call, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("金额,时间\n600,2026-03-01\n", encoding="utf-8")
    assert f"{path}:1: no column amount and paid_at" in invoke("calc", "late-shipping", path).err


def test_orders_and_a_file_are_not_given_together(invoke: Call, tmp_path: Path) -> None:
    assert invoke("calc", "late-shipping").code == 2
    assert invoke("calc", "late-shipping", tmp_path / "x.csv", *orders(TOGETHER)).code == 2
