"""``autoreply gate``."""

from autoreply.app import App

from .conftest import Call

AWAY = "亲可以加我微信详聊的"


def test_a_text_in_gives_a_verdict_out(autoreply: Call) -> None:
    ran = autoreply("gate", "--jsonl", stdin=f"您好，可以开发票的。\n{AWAY}\n\n")
    fine, away, empty = ran.lines
    assert fine == {"action": "pass", "text": "您好，可以开发票的。", "findings": []}
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


def test_a_rewrite_shows_what_may_leave(invoke: Call) -> None:
    ran = invoke("gate", "你可以在订单页看一下")
    assert ran.out.startswith("rewrite ")
    assert "→ 您可以在订单页看一下" in ran.out
