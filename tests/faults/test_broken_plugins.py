"""Three broken plugins under load: one raises, one hangs, one blocks the loop. Nobody is lost, nobody sees an error."""

import asyncio
import re
import shutil
import signal
from collections.abc import Iterator, MutableMapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conversation.bench import Shop
from structlog.testing import capture_logs

from autoreply import handlers
from autoreply.app import App, load_app
from autoreply.clock import SystemClock
from autoreply.handlers import Health
from autoreply.pipeline import Result
from autoreply.reload import Reloader
from autoreply.shipped import shipped

from .form import runs, tell
from .test_load import accounted_for

BROKEN = Path(__file__).resolve().parents[1] / "plugins" / "broken"
CONVERSATIONS = runs(400, 10_000)
ONE_IN = 20
"""One conversation in so many is with a broken plugin: 5 %."""
ASKS = {"courier": "请问发什么快递", "size": "我穿什么尺码合适", "authenticity": "请问是正品吗"}
"""What buyers ask that a broken plugin is to answer. The others ask for an invoice."""
PLUGINS = {"courier": "shop/raises", "size": "shop/hangs", "authenticity": "shop/blocks"}
WRONG = {
    "courier": "courier: RuntimeError in its plugin",
    "size": "size: no answer within 1 s",
    "authenticity": "authenticity: its plugin blocked the loop for more than 1 s",
}
SOUND = """
from autoreply import hookimpl

@hookimpl
def register_handlers(register):
    register("{slug}", answer)

async def answer(ctx):
    return ctx.escalate("{slug} works again")
"""


@pytest.fixture(autouse=True)
def watchdog(no_watchdog: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The watchdog that a shop has, in the place of the patient one of the other fault tests."""
    before = signal.getsignal(signal.SIGUSR1) if hasattr(signal, "SIGUSR1") else None
    monkeypatch.setattr(handlers, "BLOCKED_AFTER", 1.0)
    monkeypatch.setattr(handlers, "_watchdog", handlers._Watchdog())
    yield
    if before is not None:
        signal.signal(signal.SIGUSR1, before)


@pytest.fixture
def config(app: App, tmp_path: Path) -> Path:
    """A shop of its own with the broken plugins; ``app`` has trained the matcher for it."""
    (tmp_path / "plugins").mkdir()
    for name in PLUGINS.values():
        shutil.copy(BROKEN / f"{name.removeprefix('shop/')}.py", tmp_path / "plugins")
    text = shipped("config.example.toml").read_text(encoding="utf-8")
    for number, put in (("merge_window = 1.5", "merge_window = 0.0"), ("plugin_timeout = 5.0", "plugin_timeout = 1.0")):
        assert number in text
        text = text.replace(number, put)
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def asked(conversation: int) -> str:
    """The intent that a conversation is about."""
    slugs = list(ASKS)
    return slugs[conversation // ONE_IN % len(slugs)] if conversation % ONE_IN == 0 else "invoice"


async def all_ask(shop: Shop, first: int, which: Sequence[int]) -> int:
    """Each of these conversations asks once; the number of the next message, once all is done."""
    calls = []
    for n, conversation in enumerate(which, first):
        text = f"{ASKS.get(asked(conversation), '能开发票吗')}？{n}"
        calls.append(asyncio.create_task(shop.buyer(text, str(conversation), id=str(n))))
        if n % 20 == 0:
            await asyncio.sleep(0.02)
    await asyncio.gather(*calls)
    async with asyncio.timeout(120):
        while shop.engine.in_hand:  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.05)
    assert await shop.left() == (0, 0)
    return first + len(which)


async def test_three_broken_plugins_under_load(config: Path, tmp_path: Path) -> None:
    app = load_app(config)
    shop = Shop(app, tmp_path / "journal.db", brain=replace(app.brain, health=Health()))
    shop.clock = SystemClock()  # type: ignore[assignment]
    everyone, broken = range(CONVERSATIONS), range(0, CONVERSATIONS, ONE_IN)
    with capture_logs() as logs:
        async with shop:
            count = await all_ask(shop, 0, everyone)
            first, shop.decided[:] = list(shop.decided), []
            count = await all_ask(shop, count, broken)
            second, shop.decided[:] = list(shop.decided), []
            await accounted_for(shop, count)
            await no_buyer_saw_an_error(shop)
            await repaired(config, app, shop, count, broken)
    decides(first, WRONG)
    healthy = [r for r in first if asked(int(r.turn.key.conversation)) == "invoice"]
    assert len(healthy) == CONVERSATIONS - len(broken)
    assert {(r.behaviour.value, r.intents) for r in healthy} == {("answer", ("invoice",))}
    off = {slug: f"plugin {PLUGINS[slug]} is switched off: {WRONG[slug]}" for slug in PLUGINS}
    assert set(shop.brain.health.off) == set(PLUGINS.values())
    decides(second, off)
    assert {r.trace.of("decide")["detail"] for r in second} == set(off.values())
    switched = [entry["plugin"] for entry in logs if entry["event"].startswith("plugin switched off")]
    assert sorted(switched) == sorted(PLUGINS.values())
    assert not unexpected(logs)
    tell(
        f"{100 // ONE_IN} % of plugins raise, hang or block",
        f"{CONVERSATIONS} conversations",
        "all accounted for, no error seen, all healthy ones answered; each broken one off until reload",
    )


def decides(results: Sequence[Result], details: dict[str, str]) -> None:
    """Each turn with a broken plugin names it in the trace with what is wrong, and hands over at once."""
    for slug, detail in details.items():
        mine = [r.trace.of("decide") for r in results if asked(int(r.turn.key.conversation)) == slug]
        assert mine
        assert {(d["intent"], d["plugin"], d["outcome"]) for d in mine} == {(slug, PLUGINS[slug], "escalate")}
        assert detail in {d["detail"] for d in mine}


async def no_buyer_saw_an_error(shop: Shop) -> None:
    """Who was with a broken plugin read lines of the framework's own and nothing else."""
    variants = [text for texts in shop.brain.catalogue.host_texts.values() for text in texts]
    line = re.compile("|".join(".+".join(map(re.escape, re.split(r"{{.*?}}", text))) for text in variants))
    rows = await shop.look(lambda s: s.db.execute("SELECT conversation, text FROM outbox").fetchall())
    said = [text for conversation, text in rows if asked(int(conversation)) != "invoice"]
    assert said
    assert not [text for text in said if not line.fullmatch(text)]
    assert not [text for _, text in rows if "密码" in text or "hunter2" in text or "Error" in text]


async def repaired(config: Path, app: App, shop: Shop, count: int, broken: Sequence[int]) -> None:
    """The plugins are mended on disk; a reload while the shop runs asks them again."""
    for slug, name in PLUGINS.items():
        path = config.parent / "plugins" / f"{name.removeprefix('shop/')}.py"
        path.write_text(SOUND.format(slug=slug), encoding="utf-8")

    async def adopt(new: App) -> None:
        shop.engine.adopt(new.brain, new.settings)

    assert await Reloader(app, adopt).reload()
    await all_ask(shop, count, broken)
    assert {r.trace.of("decide")["detail"] for r in shop.decided} == {f"{slug} works again" for slug in PLUGINS}


def unexpected(logs: Sequence[MutableMapping[str, Any]]) -> list[Any]:
    """Errors in the log that are not about the broken plugins."""
    mine = {"plugin failed", "reloaded"}
    grave = [e for e in logs if e["log_level"] in ("error", "critical")]
    return [e for e in grave if e["event"] not in mine and not e["event"].startswith("plugin switched off")]
