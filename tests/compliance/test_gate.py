"""The gate: what it does with a text, who may release one, and what happens when it fails itself."""

import copy
import dataclasses
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mypy import api as mypy

from autoreply.compliance import GATE_ERROR, Draft, Gate, Released, Rulebook
from autoreply.compliance.gate import _Token
from autoreply.facts import Bargain, Shop
from autoreply.model import Action, ConversationKey, Severity, Verdict

KEY = ConversationKey("http", "main", "c1")
ORDINARY = "您好，尺码表在详情页，您可以对照平时穿的衣服量一下。"


def draft(text: str, origin: str = "canned", override: str | None = None) -> Draft:
    return Draft(KEY, text, {}, origin, override=override)  # type: ignore[arg-type]


def released(gate: Gate, text: str = ORDINARY) -> Released:
    result = gate.release(draft(text))
    assert isinstance(result, Released)
    return result


def test_an_ordinary_answer_leaves_as_it_is(gate: Gate) -> None:
    result = released(gate)
    assert (result.key, result.text) == (KEY, ORDINARY)
    assert result.verdict.action is Action.PASS
    assert result.rulebook_version == gate.rulebook.version


def test_a_block_never_leaves_and_names_rule_words_and_stake(gate: Gate) -> None:
    text = "可以的，您加我微\u200b信聊。"
    verdict = gate.release(draft(text))
    assert isinstance(verdict, Verdict)
    assert (verdict.action, verdict.text) == (Action.BLOCK, "")
    finding = next(f for f in verdict.findings if f.rule == "off-contact")
    assert text[finding.start : finding.end] == finding.matched
    assert "微\u200b信" in finding.matched
    assert finding.at_stake
    assert finding.suggestion


@pytest.mark.parametrize(
    ("written", "leaves"),
    [
        ("你好，你要的颜色有货。", "你好，您要的颜色有货。"),
        ("这款迷你风扇你可以看看。", "这款迷你风扇您可以看看。"),
        ("用的是顶级面料。", "用的是优质面料。"),
        ("您穿上肯定会喜欢的。", "您穿上正常情况下会喜欢的。"),
        ("您的建议我们一定会转达。", "您的建议我们会尽量转达。"),
        ("地址改不了，包裹已经在路上。", "非常抱歉，地址改不了，包裹已经在路上。"),
        ("非常抱歉，这个我们办不了。", "非常抱歉，这个我们办不了。我为您转给同事核实一下具体原因，请您稍等。"),
    ],
)
def test_a_safe_rewrite_is_applied_and_both_are_kept(gate: Gate, written: str, leaves: str) -> None:
    verdict = gate.check(written)
    assert (verdict.action, verdict.text) == (Action.REWRITE, leaves)
    assert all(written[f.start : f.end] == f.matched for f in verdict.findings)
    assert gate.check(leaves).action in (Action.PASS, Action.WARN)


def test_a_disguised_word_is_mended_like_the_plain_one(gate: Gate) -> None:
    assert gate.check("绝怼会尽快给您处理").text == gate.check("绝对会尽快给您处理").text == "正常情况下会尽快给您处理"


def test_a_person_may_say_that_they_are_one(gate: Gate) -> None:
    text = "您好，我是人工客服，请问有什么可以帮您"
    assert gate.check(text).rules == ("ai-label",)
    assert gate.check(text, by_agent=True).action is Action.PASS
    assert "off-contact" in gate.check("我是真人，加我微信聊", by_agent=True).rules


def test_a_warning_leaves_and_is_told(gate: Gate) -> None:
    verdict = gate.check("有货，但是要等三天左右。")
    assert verdict.action is Action.WARN
    assert verdict.rules == ("style-but",)
    assert verdict.text == "有货，但是要等三天左右。"


def test_an_agent_may_override_a_block_with_a_reason(gate: Gate) -> None:
    text = "我们家都可以货到付款的。"
    assert isinstance(gate.release(draft(text, "agent")), Verdict)
    assert isinstance(gate.release(draft(text, "agent", " ")), Verdict)
    result = gate.release(draft(text, "agent", "agreed with the platform's manager"))
    assert isinstance(result, Released)
    assert result.text == text
    assert result.verdict.action is Action.BLOCK
    assert result.verdict.override == "agreed with the platform's manager"


def test_an_agent_s_reason_keeps_a_text_from_being_rewritten(gate: Gate) -> None:
    as_typed = "收到你的照片了。"
    without, having = (
        gate.release(draft(as_typed, "agent", o)) for o in (None, "an old customer, on first-name terms")
    )
    assert isinstance(without, Released)
    assert isinstance(having, Released)
    assert (without.text, having.text) == ("收到您的照片了。", as_typed)
    assert having.verdict.override


@pytest.mark.parametrize("origin", ["plugin", "canned", "host", "generated"])
def test_nobody_but_an_agent_may_override(gate: Gate, origin: str) -> None:
    assert isinstance(gate.release(draft("加我微信", origin, "please")), Verdict)


def test_generated_text_carries_a_label(gate: Gate) -> None:
    blocked = gate.release(draft(ORDINARY, "generated"))
    assert isinstance(blocked, Verdict)
    assert blocked.rules == ("ai-label",)
    assert isinstance(gate.release(draft("（以下内容由AI生成）" + ORDINARY, "generated")), Released)


def test_when_the_gate_fails_nothing_leaves(rulebook: Rulebook) -> None:
    class Broken:
        def scan(self, folded: object) -> object:
            raise RuntimeError("out of memory")

    gate = Gate(rulebook, Shop())
    gate._scanner = Broken()  # type: ignore[assignment]
    result = gate.release(draft(ORDINARY, "agent", "let it out"))
    assert isinstance(result, Verdict)
    assert result.action is Action.BLOCK
    assert result.rules == (GATE_ERROR,)


@pytest.mark.parametrize(
    "make",
    [
        lambda r: Released(_Token(), KEY, "加我微信", r.verdict, ""),
        lambda r: Released(None, KEY, "加我微信", r.verdict, ""),
        copy.copy,
        copy.deepcopy,
        pickle.dumps,
        lambda r: dataclasses.replace(r, text="加我微信"),
        lambda r: setattr(r, "text", "加我微信"),
        lambda r: setattr(r, "_text", "加我微信"),
        lambda r: delattr(r, "_text"),
        lambda r: type("Mine", (Released,), {})(None, KEY, "加我微信", r.verdict, ""),
    ],
)
def test_only_the_gate_makes_a_released_reply(gate: Gate, make: Callable[[Released], object]) -> None:
    result = released(gate)
    with pytest.raises((TypeError, AttributeError)):
        make(result)
    assert result.text == ORDINARY


def test_mypy_refuses_a_channel_that_sends_anything_else(tmp_path: Path) -> None:
    code = (
        "from autoreply.compliance import Released\n"
        "from autoreply.model import ConversationKey, Verdict\n"
        "def send(reply: Released) -> None: ...\n"
        "def cheat(key: ConversationKey, verdict: Verdict) -> None:\n"
        "    send('加我微信')\n"
        "    send(Released(object(), key, '加我微信', verdict, ''))\n"
        "    send(Released(None, key, '加我微信', verdict, ''))\n"
    )
    channel = tmp_path / "cheating_channel.py"
    channel.write_text(code, encoding="utf-8")
    config = Path(__file__).parents[2] / "pyproject.toml"
    cache = f"--cache-dir={tmp_path / 'cache'}"
    out, _, status = mypy.run([f"--config-file={config}", cache, "--follow-imports=silent", str(channel)])
    assert status == 1
    assert [line.split(":")[1] for line in out.splitlines() if ": error:" in line] == ["5", "6", "7"]


@settings(deadline=None)
@given(st.text(max_size=200))
def test_no_text_makes_the_gate_fail(gate: Gate, text: str) -> None:
    verdict = gate.check(text)
    assert GATE_ERROR not in verdict.rules
    assert verdict.action is Action.BLOCK or verdict.text or not text
    assert all(text[f.start : f.end] == f.matched for f in verdict.findings if f.severity is not Severity.BLOCK)


VIOLATIONS = ["您加我微信聊", "五星好评返现三元", "我们家不开发票", "验证码发给我", "私下转账更便宜", "今天必发"]
NOISE = [" ", "\u3000", "\t", "\u200b", "\u200c", "\u2060", "\ufeff", "\u00ad", "\ufe0f"]


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(VIOLATIONS), st.data())
def test_noise_and_full_width_never_let_a_blocked_text_pass(gate: Gate, text: str, data: st.DataObject) -> None:
    written = ""
    for c in text:
        wide = chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c
        written += data.draw(st.sampled_from([c, wide])) + data.draw(st.sampled_from(["", "", *NOISE]))
    assert gate.check(written).action is Action.BLOCK


def test_twenty_thousand_characters_are_read_to_the_end(gate: Gate) -> None:
    verdict = gate.check("您好，尺码表在详情页。" * 1900 + "加我微信")
    assert verdict.rules == ("off-contact",)


def test_the_same_rules_judge_by_the_facts_of_another_shop(gate: Gate) -> None:
    text = "您下单的话，随单送您试吃装一份。"
    giving = gate.for_shop(Shop(bargain=Bargain(gift="试吃装一份")))
    assert gate.check(text).action is Action.BLOCK
    assert giving.check(text).action is Action.PASS
    assert gate.check(text).action is Action.BLOCK  # the first one stays as it was


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("图纸发 studio_9@mail.example 就行", ["studio_9@mail.example"]),
        ("写信到 a.b＠shop.cn。", ["a.b＠shop.cn"]),
        ("今天@所有人", []),
    ],
)
def test_an_e_mail_address_leads_off_the_platform(gate: Gate, text: str, found: list[str]) -> None:
    findings = [f for f in gate.check(text).findings if f.rule == "off-contact"]
    assert [f.matched for f in findings if "@" in f.matched or "＠" in f.matched] == found


@pytest.mark.parametrize(
    "text", ["书名是《等你回家》，有现货。", "贺卡上写“你最勇敢”，我备注好了。", "您要刻的是「想你」，对吗？"]
)
def test_a_title_and_the_buyers_own_wording_are_not_rewritten(gate: Gate, text: str) -> None:
    assert "style-you" not in gate.check(text).rules


def test_only_the_words_outside_the_quotation_marks_are_rewritten(gate: Gate) -> None:
    verdict = gate.check("你写的“想你”，我备注好了。")
    assert (verdict.action, verdict.text) == (Action.REWRITE, "您写的“想你”，我备注好了。")


@pytest.mark.parametrize(("text", "filler"), [("嗯呢", True), ("亲，哦哦", True), ("嗯啦", True), ("亲，好的", False)])
def test_a_particle_makes_no_sentence_of_a_filler(gate: Gate, text: str, filler: bool) -> None:
    assert ("style-filler" in gate.check(text).rules) is filler
