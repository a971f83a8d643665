"""Thousands of conversations at once, one plugin in twenty hanging: all accounted for, the others hardly slower."""

import asyncio
import gc
import json
import statistics
import time
from array import array
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conversation.bench import Line, Shop

from autoreply import Context, Reply, handlers
from autoreply.app import App
from autoreply.channels.base import Delivery, Sending
from autoreply.clock import SystemClock
from autoreply.handlers import Health

from .form import SCALE, runs, tell

CONVERSATIONS = runs(200, 10_000)
MESSAGES = runs(800, 200_000)
RATE = 150
"""Messages a second. At 5 % hanging for five seconds each, 37 plugins hang at any moment."""
PLACES = 20
"""Turns that are worked on at once: fewer than hang."""
ONE_IN = 20


class Shown(Line):
    """A channel whose peer fetches; notes when each reply can be fetched."""

    fetched = True

    def __init__(self, count: int) -> None:
        super().__init__()
        self.began = array("d", bytes(8 * count))
        self.took = array("d", bytes(8 * count))

    async def send(self, sending: Sending) -> Delivery:
        if not sending.key.endswith("hold"):
            for id in sending.in_reply_to:
                self.took[int(id)] = time.perf_counter() - self.began[int(id)]
        return Delivery.OFFERED


def hangs(conversation: int) -> bool:
    return conversation % ONE_IN == 0


async def at_once(ctx: Context[Any]) -> Reply:
    return Reply(f"您好，已为您查看 {ctx.turn.messages[-1].message_id}")


async def perhaps(ctx: Context[Any]) -> Reply:
    """Never comes back in one conversation of twenty."""
    if hangs(int(ctx.turn.key.conversation)):
        await asyncio.Event().wait()
    return await at_once(ctx)


def resident() -> float:
    """MB of this process that are in memory; nan where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return float("nan")
    return pages * 4096 / 1e6


async def day(app: App, path: Path, count: int, handler: Any, plugin_timeout: float) -> tuple[Shown, list[float]]:
    """So many messages at an even rate; memory in MB, taken twenty times on the way."""
    gc.freeze()  # as the server does: what was loaded is passed over by collections
    line = Shown(count)
    shop = Shop(app, path, line=line)
    limits = {"inbox": 1_000_000, "buyer_per_minute": 1_000_000, "parallel_turns": PLACES}
    shop.set(merge_window=0, plugin_timeout=plugin_timeout, **limits)
    shop.answers(shipping_time=handler)
    shop.brain = replace(shop.brain, health=Health())
    shop.clock = SystemClock()  # type: ignore[assignment]
    shop.observe = lambda result: None
    memory: list[float] = []
    calls: set[asyncio.Task[Any]] = set()
    async with shop:
        start = time.perf_counter()
        for n in range(count):
            due = start + n / RATE
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            line.began[n] = time.perf_counter()
            conversation = str(n * 7919 % CONVERSATIONS)
            call = asyncio.create_task(shop.buyer(f"什么时候发货？编号{n}", conversation, id=str(n)))
            calls.add(call)
            call.add_done_callback(calls.discard)
            if n % (count // 20) == count // 20 - 1:
                memory.append(resident())
        await asyncio.gather(*calls)
        async with asyncio.timeout(120):
            while shop.engine.in_hand:  # noqa: ASYNC110 - nobody tells of it
                await asyncio.sleep(0.05)
        assert await shop.left() == (0, 0)
        await accounted_for(shop, count)
    return line, memory


async def accounted_for(shop: Shop, count: int) -> None:
    """Each message is answered once, or a person was called for its conversation."""
    rows = await shop.look(lambda s: s.db.execute("SELECT key, conversation, in_reply_to FROM outbox").fetchall())
    spoken = [int(id) for key, _, ids in rows if not key.endswith("hold") for id in json.loads(ids)]
    assert len(spoken) == len(set(spoken)), "answered twice"
    called = {item.conversation.conversation for item in await shop.queue()}
    inbox = await shop.look(lambda s: s.db.execute("SELECT message_id, conversation, done FROM inbox").fetchall())
    assert len(inbox) == count
    assert all(done for _, _, done in inbox)
    answered = set(spoken)
    lost = [id for id, conversation, _ in inbox if int(id) not in answered and conversation not in called]
    assert not lost


def p99(line: Shown) -> float:
    """Milliseconds from the message to its answer, of conversations whose plugin does not hang."""
    took = [t for n, t in enumerate(line.took) if not hangs(n * 7919 % CONVERSATIONS) and t]
    return statistics.quantiles(took, n=100)[98] * 1000


async def test_hanging_plugins_delay_only_their_own(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "OFF_AFTER", 10**9)  # a plugin that always fails would be switched off for all
    patience = 5.0 if SCALE else 1.0
    await day(app, tmp_path / "warm.db", 200, at_once, patience)
    without, _ = await day(app, tmp_path / "without.db", max(MESSAGES // 10, 800), at_once, patience)
    with_, memory = await day(app, tmp_path / "with.db", MESSAGES, perhaps, patience)
    healthy, hurt = p99(without), p99(with_)
    grown = memory[-1] / memory[1] - 1
    tell(
        f"{100 // ONE_IN} % of plugins hang, {CONVERSATIONS} conversations",
        f"{MESSAGES} messages",
        f"all accounted for; p99 of the healthy {hurt:.1f} ms, {healthy:.1f} ms without; memory {memory[1]:.0f} →"
        f" {memory[-1]:.0f} MB ({grown:+.1%} after the first tenth)",
    )
    if SCALE:  # figures of a quiet machine; CI has others beside it
        assert hurt <= 2 * max(healthy, 5.0)
        assert not grown > 0.10
