"""An agent writes at a random moment around the answer: never a word of the bot's after the agent's."""

import asyncio
import random
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from conversation.bench import Line, Shop

from autoreply import Context, Reply
from autoreply.app import App
from autoreply.channels.base import Delivery, SendFailed, Sending

from .form import runs, tell

MOMENTS = runs(300, 2000)


async def some_turns(most: int) -> None:
    for _ in range(random.randint(0, most)):
        await asyncio.sleep(0)


async def thinks(ctx: Context[Any]) -> Reply:
    await some_turns(8)
    return Reply("您好，已为您查看")


class Heard(Line):
    """Writes down when each reply reaches the buyer, and refuses some at first; ``fetched``: shows them instead."""

    def __init__(self, *, takes_key: bool = True, fetched: bool = False) -> None:
        super().__init__(takes_key=takes_key)
        self.fetched = fetched
        self.order: dict[str, list[str]] = defaultdict(list)

    async def send(self, sending: Sending) -> Delivery:
        if not self.fetched and sending.attempt == 1 and random.random() < 0.2:
            raise SendFailed("peer answered 503", retry=True)
        self.order[sending.released.key.conversation].append("bot")
        await some_turns(8)
        return Delivery.OFFERED if self.fetched else Delivery.DELIVERED


@pytest.mark.parametrize(
    "line",
    [
        pytest.param({}, id="pushed to a peer that knows keys"),
        pytest.param({"takes_key": False}, id="pushed to a peer that knows none"),
        pytest.param({"fetched": True}, id="fetched by the peer"),
    ],
)
async def test_never_a_word_of_the_bots_after_the_agents(
    app: App, tmp_path: Path, line: Any, request: pytest.FixtureRequest
) -> None:
    line = Heard(**line)
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
    assert {"sent", "offered", "withdrawn"} >= set(states)
    assert shop.engine.in_hand == 0
    said = sum("bot" in order for order in line.order.values())
    tell(
        f"an agent writes around the send, {request.node.callspec.id}",
        str(MOMENTS),
        f"0 words of the bot's after the agent's; {said} before, {states.count('withdrawn')} withdrawn",
    )
