"""Figures of a shop at work: the real loop, gate and journal, read back as Prometheus reads them."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from conversation.bench import Gateway, Line, Shop, delivers, refuses, rejects
from prometheus_client.parser import text_string_to_metric_families

from autoreply import Context, Outcome, Reply
from autoreply.app import App
from autoreply.channels.base import Channel
from autoreply.conversation import Engine
from autoreply.journal import Journal, Store
from autoreply.metrics import Metrics
from autoreply.model import ConversationKey, Message
from autoreply.reasons import CLASSES, POLICY, reason_class, reason_classes
from autoreply.server import WebServer
from autoreply.settings import Server

DOCS = Path(__file__).resolve().parents[1] / "docs"


class Measured(Shop):
    """The shop on its bench, with figures kept."""

    async def open(self, *, watch: bool = False) -> int:
        self.journal = Journal(self.path)
        self.journal.start()
        channels: dict[str, Channel] = {self.line.name: self.line}
        self.metrics = Metrics(lambda: self.brain, self.journal, self.clock, channels, "main")
        decided = self.metrics.decided
        self.engine = Engine(self.brain, self.journal, self.clock, self.settings, channels, decided, watch=self.metrics)
        return await self.engine.start(watch=watch)

    async def figures(self) -> dict[tuple[str, ...], float]:
        """Each figure by its name and the values of its labels in alphabetical order of the labels."""
        families = text_string_to_metric_families((await self.metrics.text()).decode())
        return {
            (s.name, *(v for _, v in sorted(s.labels.items()))): s.value for family in families for s in family.samples
        }


@pytest.fixture
async def shop(app: App, tmp_path: Path) -> AsyncIterator[Measured]:
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(Measured(app, tmp_path / "journal.db", line=Line()))  # type: ignore[arg-type]


async def test_a_turn_from_its_acceptance_to_its_reply(shop: Measured) -> None:
    await shop.asks("能开发票吗", id="m1")
    await shop.buyer("能开发票吗", id="m1")
    await shop.agent("我来回复您")
    found = await shop.figures()
    assert found["autoreply_messages_accepted_total", "buyer", "line"] == 1
    assert found["autoreply_messages_accepted_total", "agent", "line"] == 1
    assert found["autoreply_messages_duplicate_total", "line"] == 1
    assert found["autoreply_turns_total", "answer", "line"] == 1
    assert found["autoreply_answers_total", "invoice"] == 1
    assert found["autoreply_gate_texts_total", "pass"] == 1
    assert found["autoreply_replies_sent_total", "line"] == 1
    assert found["autoreply_first_reply_seconds_count", "line"] == 1
    assert found["autoreply_first_reply_seconds_sum", "line"] <= shop.settings.conversation.merge_window
    for stage in ("understand", "decide", "gate"):
        assert found["autoreply_stage_seconds_count", stage] == 1
    assert found["autoreply_mode", "line", "auto"] == 1
    assert found["autoreply_mode", "line", "off"] == 0


async def test_a_holding_line_is_the_first_word(app: App, tmp_path: Path) -> None:
    gate = Gateway()

    async def slow(ctx: Context[Any]) -> Outcome:
        await gate.open.wait()
        return Reply("可以开发票哦。")

    shop = Measured(app, tmp_path / "journal.db").answers(invoice=slow).set(plugin_timeout=60.0)
    async with shop:
        await shop.buyer("能开发票吗")
        await shop.tick(shop.settings.conversation.first_reply_within)
        gate.open.set()
        await shop.wait()
        found = await shop.figures()
    assert found["autoreply_turns_total", "hold", "line"] == 1
    assert found["autoreply_replies_sent_total", "line"] == 2
    assert found["autoreply_first_reply_seconds_count", "line"] == 1
    assert found["autoreply_first_reply_seconds_sum", "line"] == pytest.approx(
        shop.settings.conversation.first_reply_within
    )


async def test_people_failing_plugins_and_the_gate(app: App, tmp_path: Path) -> None:
    async def broken(ctx: Context[Any]) -> Outcome:
        raise ZeroDivisionError

    async def bad(ctx: Context[Any]) -> Outcome:
        return Reply("亲可以加我微信详聊的")

    async with Measured(app, tmp_path / "journal.db").answers(invoice=broken, courier=bad) as shop:
        await shop.asks("能开发票吗", "a")
        await shop.asks("发什么快递", "b")
        await shop.asks("转人工", "c")
        await shop.clock.advance_to(shop.clock.now() + 60, shop.engine.settle)
        found = await shop.figures()
    assert found["autoreply_plugin_failures_total", "invoice", "plugin_error"] == 1
    assert found["autoreply_escalations_total", "plugin_error"] == 1
    assert found["autoreply_escalations_total", "gate"] == 1
    assert found["autoreply_escalations_total", POLICY] == 1
    assert found["autoreply_gate_texts_total", "block"] == 1
    assert found["autoreply_gate_findings_total", "block", "off-contact"] == 1
    waiting = sum(found["autoreply_queue_depth", f"handoff_{p}"] for p in ("high", "normal", "low"))
    assert waiting == 3
    assert found["autoreply_queue_oldest_seconds", "handoff_high"] >= 60
    assert found["autoreply_queue_depth", "inbox"] == 0


async def test_sends_that_fail(shop: Measured) -> None:
    shop.line.plan.extend([refuses, delivers, rejects])
    await shop.asks("能开发票吗", "a")
    await shop.wait(5)
    await shop.asks("能开发票吗", "b")
    found = await shop.figures()
    assert found["autoreply_send_failures_total", "line", "retry"] == 2
    assert found["autoreply_send_failures_total", "line", "failed"] == 1
    assert found["autoreply_replies_sent_total", "line"] == 1


async def test_a_journal_that_does_not_answer_is_told_and_the_counts_stay(shop: Measured) -> None:
    await shop.asks("能开发票吗")
    await shop.journal.stop()
    found = await shop.figures()
    assert found["autoreply_journal_up",] == 0
    assert found["autoreply_answers_total", "invoice"] == 1
    assert not any(name == "autoreply_queue_depth" for name, *_ in found)
    shop.journal = Journal(shop.path)
    shop.journal.start()


async def test_what_waits_unanswered_is_seen_from_the_start(app: App, tmp_path: Path) -> None:
    store = Store(tmp_path / "journal.db")
    shop = Measured(app, tmp_path / "journal.db")
    with store:
        key = ConversationKey("line", "main", "c")
        store.accept(Message(key, "m1", "b", "在吗", received_at=shop.clock.now() - 30), 0.0)
    store.close()
    shop.journal = Journal(shop.path)
    shop.journal.start()
    shop.metrics = Metrics(lambda: shop.brain, shop.journal, shop.clock, ("line",), "main")
    found = await shop.figures()
    await shop.journal.stop()
    assert found["autoreply_queue_depth", "inbox"] == 1
    assert found["autoreply_queue_oldest_seconds", "inbox"] == 30


async def test_labels_stay_within_what_is_known(shop: Measured) -> None:
    """Nothing that a buyer or a peer sends may become a label."""
    metrics = shop.metrics
    from autoreply.journal import Accepted

    for n in range(50):
        key = ConversationKey(f"channel{n}", "main", f"c{n}")
        metrics.accepted(Message(key, f"m{n}", "b", "在吗"), Accepted(n))
    found = await shop.figures()
    assert found["autoreply_messages_accepted_total", "buyer", "other"] == 50
    assert not any("channel" in label for _, *labels in found for label in labels)


async def test_metrics_and_readiness_over_http(shop: Measured) -> None:
    works = True

    async def keeps() -> None:
        if not works:
            raise OSError("disk full")

    server = WebServer(Server(port=0), shop.metrics.routes(), lambda: shop.engine.running, keeps)
    await server.start()
    try:
        async with ClientSession(server.url) as client:
            answer = await client.get("/metrics")
            assert answer.status == 200
            assert answer.content_type == "text/plain"
            assert "autoreply_info{" in await answer.text()
            ready = await client.get("/readyz")
            assert (ready.status, await ready.json()) == (200, {"ready": True, "journal": True})
            works = False
            ready = await client.get("/readyz")
            assert (ready.status, await ready.json()) == (503, {"ready": False, "journal": False})
    finally:
        await server.stop()


# Reasons -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("not understood: below threshold", "not_understood"),
        ("invoice: the shop's settings have no shop.invoice.kinds", "missing_fact"),
        ("invoice: ZeroDivisionError in its plugin", "plugin_error"),
        ("invoice: no answer within 5 s", "plugin_timeout"),
        ("invoice: its plugin blocked the loop for more than 1 s", "plugin_blocked"),
        ("plugin invoice is switched off: invoice: KeyError in its plugin", "plugin_off"),
        ("KeyError in the framework", "framework_error"),
        ("OSError while the answer was made", "framework_error"),
        ("the gate stopped an answer: off-contact", "gate"),
        ("the buyer sent a picture", "picture"),
        ("asked 2 times for city and still not clear", "asked_in_vain"),
        ("reply r1-0 is unknown: no answer in time", "undelivered"),
        ("complaint (投诉): for a person", POLICY),
    ],
)
def test_reasons_fall_into_classes(reason: str, expected: str) -> None:
    assert reason_class(reason) == expected
    assert expected == POLICY or expected in CLASSES


def test_a_reason_of_several_counts_once_for_each_class() -> None:
    assert reason_classes("a: no answer within 5 s; b: no answer within 5 s; the buyer sent a picture") == {
        "plugin_timeout",
        "picture",
    }


# What is shown with them ---------------------------------------------------------------------------------------------


@pytest.fixture
async def names(shop: Measured) -> set[str]:
    """Every name that Prometheus may be asked for."""
    await shop.asks("能开发票吗")
    families = list(text_string_to_metric_families((await shop.metrics.text()).decode()))
    known = {sample.name for family in families for sample in family.samples}
    for family in families:
        if family.type == "counter":
            known.add(f"{family.name}_total")
        if family.type == "histogram":
            known |= {f"{family.name}_{part}" for part in ("bucket", "count", "sum")}
    return known


def named(text: str) -> set[str]:
    return set(re.findall(r"\b(?:autoreply|process)_[a-z_]+\b", text))


async def test_the_alerts_ask_for_figures_that_there_are(names: set[str]) -> None:
    text = (DOCS / "alerts.example.yml").read_text(encoding="utf-8")
    expressions = re.findall(r"^ +expr: (.+)$", text, re.MULTILINE)
    assert len(expressions) == text.count("- alert: ") >= 8
    for part in ("for: ", "severity: ", "summary: ", "description: "):
        assert text.count(part) == len(expressions), part
    for expression in expressions:
        assert named(expression), expression
        assert named(expression) <= names, expression


async def test_the_dashboard_asks_for_figures_that_there_are(names: set[str]) -> None:
    board = json.loads((DOCS / "grafana.dashboard.json").read_text(encoding="utf-8"))
    panels = [p for p in board["panels"] if p["type"] != "row"]
    assert len(panels) >= 8
    for panel in panels:
        for target in panel["targets"]:
            assert named(target["expr"]), panel["title"]
            assert named(target["expr"]) <= names, panel["title"]
    assert len({p["id"] for p in board["panels"]}) == len(board["panels"])


async def test_the_page_on_monitoring_describes_every_figure_and_no_other(shop: Measured) -> None:
    families = text_string_to_metric_families((await shop.metrics.text()).decode())
    own = {f.name + "_total" * (f.type == "counter") for f in families if f.name.startswith("autoreply_")}
    text = (DOCS / "monitoring.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(autoreply_[a-z_]+)`", text, re.MULTILINE)) == own


def test_every_class_of_reasons_is_described() -> None:
    _, _, text = (DOCS / "monitoring.md").read_text(encoding="utf-8").partition("### Classes of reasons")
    first_cells = re.findall(r"^\| (`.+?) \|", text, re.MULTILINE)
    assert {name for cell in first_cells for name in re.findall(r"`([a-z_]+)`", cell)} == {*CLASSES, POLICY}
