"""An agent writes at a random moment around the answer: never a word of the bot's after the agent's.

``AUTOREPLY_FAULTS=100`` asks for 2,000 moments instead of 300.
"""

import asyncio
import os
import random
from collections import defaultdict
from pathlib import Path
from typing import Any

from conversation.bench import Line, Shop

from autoreply import Context, Reply
from autoreply.app import App
from autoreply.channels.base import Delivery, SendFailed, Sending

MOMENTS = 2000 if int(os.environ.get("AUTOREPLY_FAULTS", "4")) >= 100 else 300


async def some_turns(most: int) -> None:
    for _ in range(random.randint(0, most)):
        await asyncio.sleep(0)


async def thinks(ctx: Context[Any]) -> Reply:
    await some_turns(8)
    return Reply("您好，已为您查看")


class Heard(Line):
    """Writes down when each reply reaches the buyer, and refuses some at first."""

    def __init__(self) -> None:
        super().__init__()
        self.order: dict[str, list[str]] = defaultdict(list)

    async def send(self, sending: Sending) -> Delivery:
        if sending.attempt == 1 and random.random() < 0.2:
            raise SendFailed("peer answered 503", retry=True)
        self.order[sending.released.key.conversation].append("bot")
        await some_turns(8)
        return Delivery.DELIVERED


async def test_never_a_word_of_the_bots_after_the_agents(app: App, tmp_path: Path) -> None:
    line = Heard()
    shop = (
        Shop(app, tmp_path / "journal.db", line=line).set(merge_window=0, inbox=100_000).answers(shipping_time=thinks)
    )
    seed = random.randrange(1 << 32)
    random.seed(seed)

    async def talk(n: int) -> None:
        conversation = f"c{n}"
        await some_turns(20)
        await shop.buyer("什么时候发货？", conversation)
        if n % 3:
            await some_turns(120)
        else:
            await asyncio.sleep(random.random() / 20)
        if n % 7 == 0:
            await shop.buyer("什么时候发货？", conversation)
        await shop.agent(conversation=conversation)
        line.order[conversation].append("agent")
        await some_turns(20)
        await shop.buyer("什么时候发货？", conversation)

    async with shop:
        for start in range(0, MOMENTS, 50):
            await asyncio.gather(*(talk(n) for n in range(start, start + 50)))
            await shop.wait(60)  # what was refused is tried again
        assert await shop.left() == (0, 0)
        states = await shop.outbox()
    late = {c: order for c, order in line.order.items() if "bot" in order[order.index("agent") :]}
    assert not late, f"seed {seed}"
    assert len(line.order) == MOMENTS
    assert {"sent", "withdrawn"} >= set(states)
    assert shop.engine.in_hand == 0
