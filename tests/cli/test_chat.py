"""``autoreply chat``: conversations as events, and typed ones. The shop is that of the shipped example settings."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from autoreply.app import App

from .conftest import PROGRAM, Call

Decision = dict[str, Any]

CONVERSATIONS: dict[str, list[dict[str, Any]]] = {
    "shipping": [{"text": "上午付款的话今天能发出吗", "at": 0}],
    "surcharge": [{"text": "发票要加税点吧", "at": 0}],
    "cheaper": [{"text": "能便宜点吗", "at": n * 60} for n in range(3)],
    "instalment": [{"text": "花呗分期免息吗", "at": 0}],
    "card": [{"text": "刷信用卡要手续费吗", "at": 0}],
    "wechat": [{"text": "加个微信聊", "at": 0}],
    "other account": [{"text": "我另一个号拍的帮我查下", "at": 0}],
    "picture": [{"kind": "image", "at": 0}],
    "card only": [{"kind": "card", "text": "链接", "at": 0}],
    "merged": [{"text": "在吗", "at": 0}, {"text": "能开发票吗", "at": 1}],
    "apart": [{"text": "能开发票吗", "at": 0}, {"text": "能开发票吗", "at": 60}],
    "person": [{"text": "转人工", "at": 0}],
    "takeover": [
        {"text": "能开发票吗", "at": 0},
        {"agent": "您好，我来为您处理", "at": 30},
        {"text": "能开发票吗", "at": 60},
        {"agent": "可以的", "at": 90},
        {"text": "能开发票吗", "at": 90 + 29 * 60},
        {"text": "能开发票吗", "at": 90 + 31 * 60},
    ],
    "interrupted": [{"text": "有个问题想问", "at": 0}, {"agent": "在的，您说", "at": 1}],
    "delivered twice": [
        {"text": "有货吗", "at": 0, "message_id": "m1"},
        {"text": "有货吗", "at": 60, "message_id": "m1"},
    ],
}


@pytest.fixture(scope="module")
def decisions(app: App, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Decision]]:
    """All conversations above in one run of the program, one after the other, each from 0."""
    events = [
        {"conversation": name, "buyer_id": "b", **event} for name, all_ in CONVERSATIONS.items() for event in all_
    ]
    given = "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events)
    folder = tmp_path_factory.mktemp("chat")
    done = subprocess.run(  # noqa: S603
        [*PROGRAM, "chat", "--jsonl"], input=given.encode(), capture_output=True, timeout=120, cwd=folder, check=True
    )
    assert done.stderr == b""
    found: dict[str, list[Decision]] = {name: [] for name in CONVERSATIONS}
    for line in done.stdout.decode().splitlines():
        decision = json.loads(line)
        found[decision["conversation"]].append(decision)
    return found


def behaviours(decisions: list[Decision]) -> list[str]:
    return [d["behaviour"] for d in decisions]


def test_a_shipping_question_names_the_configured_cutoff(decisions: dict[str, list[Decision]]) -> None:
    [decision] = decisions["shipping"]
    assert (decision["behaviour"], decision["intents"]) == ("answer", ["shipping_time"])
    assert "16:00" in decision["replies"][0]


def test_an_invoice_never_costs_extra(decisions: dict[str, list[Decision]]) -> None:
    [decision] = decisions["surcharge"]
    assert (decision["behaviour"], decision["intents"]) == ("answer", ["invoice"])
    assert "发票" in decision["replies"][0]
    assert "可以" in decision["replies"][0]


def test_haggling_ends_with_a_person_after_the_configured_rounds(decisions: dict[str, list[Decision]]) -> None:
    assert behaviours(decisions["cheaper"]) == ["answer", "answer", "escalate"]
    first, second, _ = (d["replies"] for d in decisions["cheaper"])
    assert first != second


def test_instalments_name_what_is_configured(decisions: dict[str, list[Decision]]) -> None:
    [decision] = decisions["instalment"]
    assert (decision["behaviour"], decision["intents"]) == ("answer", ["instalment"])
    assert "3期" in decision["replies"][0]


def test_a_credit_card_is_accepted_without_a_fee(decisions: dict[str, list[Decision]]) -> None:
    [decision] = decisions["card"]
    assert (decision["behaviour"], decision["intents"]) == ("answer", ["credit_card"])


def test_nobody_is_led_away_from_the_platform(decisions: dict[str, list[Decision]]) -> None:
    [decision] = decisions["wechat"]
    assert decision["intents"] == ["contact"]
    assert not any(word in reply for reply in decision["replies"] for word in ("可以加", "加我", "微信号"))


def test_an_order_of_another_account_is_to_be_asked_about_from_that_one(decisions: dict[str, list[Decision]]) -> None:
    assert behaviours(decisions["other account"]) == ["answer"]


def test_a_picture_is_a_persons_matter_and_a_bare_card_is_asked_about(decisions: dict[str, list[Decision]]) -> None:
    assert behaviours(decisions["picture"]) == ["escalate"]
    assert behaviours(decisions["card only"]) == ["ask"]


def test_lines_close_together_are_one_turn(decisions: dict[str, list[Decision]]) -> None:
    [merged] = decisions["merged"]
    assert merged["messages"] == 2
    assert [d["messages"] for d in decisions["apart"]] == [1, 1]


def test_a_person_is_called_when_asked_for(decisions: dict[str, list[Decision]]) -> None:
    [decision] = decisions["person"]
    assert (decision["behaviour"], decision["intents"]) == ("escalate", ["human"])
    assert decision["replies"]


def test_the_bot_is_silent_while_a_person_has_the_conversation_and_answers_after(
    decisions: dict[str, list[Decision]],
) -> None:
    assert behaviours(decisions["takeover"]) == ["answer", "silent", "silent", "answer"]
    assert [d["replies"] == [] for d in decisions["takeover"]] == [False, True, True, False]


def test_a_person_who_writes_within_the_merge_window_comes_first(decisions: dict[str, list[Decision]]) -> None:
    assert behaviours(decisions["interrupted"]) == ["silent"]


def test_a_message_delivered_twice_is_answered_once(decisions: dict[str, list[Decision]]) -> None:
    assert len(decisions["delivered twice"]) == 1


def test_lines_that_are_no_events_are_told_and_passed_over(invoke: Call) -> None:
    given = '{"text": "转人工"}\n[1]\n\n{"text": \n{"conversation": "c", "text": "转人工", "kind": "film"}\n'
    ran = invoke("chat", "--jsonl", stdin=given)
    assert ran.code == 0
    assert [(line.get("line"), line.get("behaviour")) for line in ran.lines] == [
        (2, None),
        (4, None),
        (5, None),
        (None, "escalate"),
    ]
    assert invoke("chat", "--jsonl", "--strict", stdin=given).code == 1


def test_a_half_surrogate_pair_and_nul_do_no_harm(invoke: Call) -> None:
    ran = invoke("chat", "--jsonl", stdin='{"conversation": "\\ud83d", "text": "转人工\\udc00\\u0000"}\n')
    assert ran.code == 0
    assert [line["behaviour"] for line in ran.lines] == ["escalate"]


def test_typed_lines_are_answered_at_once(invoke: Call, tmp_path: Path) -> None:
    ran = invoke("chat", stdin="能开发票吗\n\n转人工\n嗯嗯\n")
    assert (ran.code, ran.err) == (0, "")
    assert "发票" in ran.out
    assert "⇢ a person, priority high" in ran.out
    assert "⇢ silence" in ran.out
    assert list(tmp_path.iterdir()) == []


def test_trace_shows_what_was_understood(invoke: Call) -> None:
    ran = invoke("chat", "--trace", stdin="能开发票吗\n")
    assert '"slug": "invoice"' in ran.out
