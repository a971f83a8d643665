"""``autoreply gate``."""

import json

import pytest

from autoreply.app import App

from .conftest import Call

AWAY = "亲可以加我微信详聊的"


def test_a_text_in_gives_a_verdict_out(autoreply: Call) -> None:
    ran = autoreply("gate", "--jsonl", stdin=f"您好，可以开发票的。\n{AWAY}\n\n")
    fine, away, empty = ran.lines
    assert fine == {"action": "pass", "text": "您好，可以开发票的。", "findings": [], "passed": []}
    assert (away["action"], away["text"]) == ("block", "")
    found = away["findings"][0]
    assert found["rule"] == "off-contact"
    assert AWAY[slice(*found["span"])] == found["matched"]
    assert all(stake["source"] for stake in found["at_stake"])
    assert empty["findings"] == []


def test_for_people_the_place_is_pointed_at_and_the_rule_named(invoke: Call, app: App) -> None:
    ran = invoke("gate", AWAY)
    rule = app.brain.gate.rulebook.rule("off-contact")
    assert rule is not None
    lines = ran.out.splitlines()
    assert lines[0] == f"block   {AWAY}"
    assert set(lines[1].strip()) == {"~"}
    assert f"off-contact ({rule.name})" in ran.out
    assert "at stake: " in ran.out
    assert f"better: {rule.suggestion}" in ran.out


def test_people_see_the_beginning_of_a_long_pattern_and_programs_all(autoreply: Call, invoke: Call) -> None:
    (found,) = autoreply("gate", "--jsonl", stdin="您闭嘴吧\n").lines[0]["findings"]
    assert len(found["pattern"]) > 200
    (shown,) = (line.strip() for line in invoke("gate", "您闭嘴吧").out.splitlines() if "pattern: " in line)
    start = shown.removeprefix("pattern: ")
    assert start.endswith("…")
    assert found["pattern"].startswith(start[:-1])
    assert len(start) <= 80


def test_a_rewrite_shows_what_may_leave(invoke: Call) -> None:
    ran = invoke("gate", "你可以在订单页看一下")
    assert ran.out.startswith("rewrite ")
    assert "→ 您可以在订单页看一下" in ran.out


def test_one_document_of_all_verdicts(invoke: Call) -> None:
    fine, away = json.loads(invoke("gate", "--format", "json", "您好，在的。", AWAY).out)
    assert (fine["written"], fine["action"], fine["line"]) == ("您好，在的。", "pass", 1)
    assert (away["written"], away["action"], away["text"]) == (AWAY, "block", "")


def test_sarif_and_annotations_of_lines_on_stdin(invoke: Call) -> None:
    given = f"您好，在的。\n{AWAY}\n"
    (result,) = json.loads(invoke("gate", "--format", "sarif", stdin=given).out)["runs"][0]["results"]
    assert result["ruleId"] == "off-contact"
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 2
    (line,) = invoke("gate", "--format", "github", stdin=given).out.splitlines()
    assert line.startswith("::error file=stdin,line=2,")


@pytest.mark.parametrize("args", [[], ["--jsonl", "在吗"], ["--jsonl", "--format", "json"]], ids=" ".join)
def test_texts_come_from_one_place(invoke: Call, args: list[str]) -> None:
    assert invoke("gate", *args).code == 2
