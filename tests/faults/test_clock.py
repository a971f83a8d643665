"""A machine clock that jumps by hours, forward and back, while messages come in."""

import asyncio
import json
import random
import time
from collections.abc import Callable
from pathlib import Path

from autoreply.app import App
from autoreply.clock import SystemClock, Timer

from .form import runs, tell
from .web import message, web_shop

JUMPS = runs(20, 300)


class JumpingClock(SystemClock):
    """The machine's clock with somebody at its hands. Waiting goes on by the length it was asked for."""

    def __init__(self) -> None:
        self.off = 0.0

    def now(self) -> float:
        return time.time() + self.off

    async def sleep_until(self, moment: float) -> None:
        await super().sleep_until(moment - self.off)

    def call_at(self, moment: float, callback: Callable[[], object]) -> Timer:
        return super().call_at(moment - self.off, callback)


async def test_a_clock_that_jumps(app: App, tmp_path: Path) -> None:
    clock = JumpingClock()
    ids: list[str] = []
    async with web_shop(app, tmp_path, clock=clock) as shop:
        for _ in range(JUMPS):
            clock.off += random.choice((-1, 1)) * random.uniform(1, 7200)
            for _ in range(10):
                ids.append(f"m{len(ids)}")
                body = json.dumps(message(ids[-1], f"c{len(ids) % 17}"))
                assert (await shop.post(body))[0] == 202
                await asyncio.sleep(random.random() / 100)
        await shop.quiet()
        answered = await shop.answered()
        assert await shop.journal.run(lambda store: (store.undone(), store.unsent())) == ([], [])
    held = [id for id in answered if answered.count(id) > 1]
    assert sorted(answered) == sorted(ids), held
    tell("clock jumps by up to two hours", str(JUMPS), f"{len(ids)} messages: each answered once")
