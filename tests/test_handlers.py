"""Handlers that raise, hang, block or return nonsense: contained, named, and switched off when they go on."""

import asyncio
import time
from typing import Any, cast

import pytest
from talks import Told, example_shop, make_brain

from autoreply import Context, Outcome, Reply
from autoreply.handlers import OFF_AFTER, Bound, Health, PluginFailed, SwitchedOff, ask_handler
from autoreply.model import ConversationKey, Message, Turn
from autoreply.texts import MissingFact

KEY = ConversationKey("http", "main", "c1")


def context() -> Context[Any]:
    turn = Turn(KEY, (Message(KEY, "m1", "b1", "在吗"),))
    return Context(
        slug="size",
        shop=example_shop(),
        settings=None,
        turn=turn,
        understanding=Told(("size",)).understand(turn.text),
        slots={},
        state={},
        now=cast(Any, None),
        texts=make_brain().texts,
        said={},
    )


async def ask(handler: Any, health: Health | None = None, within: float = 5.0) -> Outcome:
    return await ask_handler(Bound(handler, plugin="shop/sizes"), context(), within, health or Health())


async def good(ctx: Context[None]) -> Reply:
    await asyncio.sleep(0)
    return Reply("您好")


async def raises(ctx: Context[None]) -> Reply:
    raise RuntimeError("secret of the shop")


async def hangs(ctx: Context[None]) -> Reply:
    await asyncio.sleep(3600)
    return Reply("您好")


async def sleeps_in_the_loop(ctx: Context[None]) -> Reply:
    time.sleep(3600)  # noqa: ASYNC251 - the mistake in question
    return Reply("您好")


async def spins(ctx: Context[None]) -> Reply:
    await asyncio.sleep(0)
    while True:
        try:
            while True:
                pass
        except Exception:  # noqa: S112 - a handler that swallows everything
            continue


async def wrong(ctx: Context[None]) -> Reply:
    return cast(Reply, "您好")


async def test_a_good_handler_is_heard() -> None:
    assert await ask(good) == Reply("您好")


@pytest.mark.parametrize(
    ("handler", "told"),
    [
        (raises, "size: RuntimeError in its plugin"),
        (wrong, "size: TypeError in its plugin"),
        (sleeps_in_the_loop, "size: its plugin blocked the loop for more than 1 s"),
        (spins, "size: its plugin blocked the loop for more than 1 s"),
    ],
)
async def test_what_a_handler_does_wrong_is_told_without_its_words(handler: Any, told: str) -> None:
    with pytest.raises(PluginFailed) as failed:
        await ask(handler)
    assert str(failed.value) == told


async def test_a_handler_that_hangs_is_given_up() -> None:
    with pytest.raises(PluginFailed, match=r"no answer within 0\.05 s"):
        await ask(hangs, within=0.05)


async def test_others_are_answered_while_one_hangs() -> None:
    hanging = asyncio.ensure_future(ask(hangs, within=1.0))
    assert await ask(good) == Reply("您好")
    assert not hanging.done()
    hanging.cancel()
    await asyncio.gather(hanging, return_exceptions=True)


async def test_a_plugin_that_fails_again_and_again_is_not_asked_any_more() -> None:
    health = Health()
    for _ in range(OFF_AFTER):
        with pytest.raises(PluginFailed):
            await ask(raises, health)
    with pytest.raises(SwitchedOff, match=r"plugin shop/sizes is switched off: size: RuntimeError"):
        await ask(good, health)
    assert await ask(good, Health()) == Reply("您好")


async def test_failures_in_a_row_count_and_no_others() -> None:
    health = Health()
    for _ in range(OFF_AFTER - 1):
        with pytest.raises(PluginFailed):
            await ask(raises, health)
    await ask(good, health)
    with pytest.raises(PluginFailed):
        await ask(raises, health)
    assert not health.off


async def test_a_missing_fact_is_no_failure_of_the_plugin() -> None:
    async def lacks(ctx: Context[None]) -> Reply:
        raise MissingFact("shop.shipping.cutoff")

    health = Health()
    with pytest.raises(MissingFact):
        await ask(lacks, health)
    assert not health.failures
