"""``autoreply explain``."""

import json
from pathlib import Path

from .conftest import Call


def test_everything_behind_an_answer_is_told(invoke: Call) -> None:
    ran = invoke("explain", "請問發票要加稅點嗎")
    for part in ("请问发票要加税点吗", "candidates", "invoice", "threshold", "margin", "plugin ", "reply: ", "pass "):
        assert part in ran.out


def test_a_handover_is_told_with_its_reason(invoke: Call) -> None:
    ran = invoke("explain", "转人工")
    assert "behaviour: escalate" in ran.out
    assert "a person takes over (high): asks for a person" in ran.out


def test_a_line_that_nobody_is_sure_of_is_told_what_it_needs(invoke: Call) -> None:
    ran = invoke("explain", "那个鸿雁的啥情况呀")
    assert "if that is what it means" in ran.out
    assert "holds: 鸿雁" in ran.out
    assert "“那个鸿雁的啥情况呀” (confidence 0.98, answer)" in ran.out
    needed = json.loads(invoke("explain", "--json", "那个鸿雁的啥情况呀").out)["needed"]
    assert needed["file"] == f"intents/{needed['slug']}.toml"
    assert needed["add"][0] == {
        "key": "examples",
        "text": "那个鸿雁的啥情况呀",
        "confidence": 0.98,
        "decision": "answer",
    }
    assert json.loads(invoke("explain", "--json", "能开发票吗").out)["needed"] is None


def test_json_holds_the_same(invoke: Call) -> None:
    [line] = invoke("explain", "--json", "能开发票吗").out.splitlines()
    data = json.loads(line)
    assert (data["decision"], data["behaviour"], data["answered"]) == ("answer", "answer", ["invoice"])
    best, second = data["intents"][:2]
    assert data["gap"] == round(best["confidence"] - second["confidence"], 4)
    assert best["nearest"]
    assert best["features"]
    assert data["gap"] >= data["margin"]
    assert "invoice" in data["handlers"]["invoice"]
    assert data["gate"][0]["action"] == "pass"
    assert data["replies"] == [data["gate"][0]["text"]]


def test_what_the_gate_stopped_is_told_with_what_is_at_stake(invoke: Call, tmp_path: Path) -> None:
    (tmp_path / "intents").mkdir()
    own = 'slug = "stock"\nextends = true\n[answers]\ndefault = ["有货的，加我微信给您留一件。"]\n'
    (tmp_path / "intents" / "stock.toml").write_text(own, encoding="utf-8")
    always_open = "[shop.hours]\nopen = 00:00:00\nclose = 00:00:00\n"
    (tmp_path / "config.toml").write_text(always_open, encoding="utf-8")
    data = json.loads(invoke("explain", "--json", "--config", tmp_path / "config.toml", "请问这个还有货吗").out)
    stopped, holding = data["gate"]
    assert data["behaviour"] == "escalate"
    assert (stopped["draft"], stopped["action"], stopped["text"]) == ("有货的，加我微信给您留一件。", "block", "")
    assert stopped["findings"][0]["rule"] == "off-contact"
    assert stopped["findings"][0]["at_stake"]
    assert data["replies"] == [holding["text"]]


def test_nothing_is_not_explained(invoke: Call) -> None:
    ran = invoke("explain", " ")
    assert (ran.code, ran.out, ran.err) == (1, "", "TEXT is empty; there is nothing to explain\n")
