"""The channel that ``chat`` makes for itself."""

import pytest

from autoreply.app import App
from autoreply.channels.base import Sending
from autoreply.channels.stdio import StdioChannel, kept
from autoreply.clock import ManualClock
from autoreply.conversation import Engine
from autoreply.journal import Journal


async def test_a_line_goes_in_and_the_reply_comes_out(app: App) -> None:
    told: list[Sending] = []
    channel = StdioChannel(told.append)
    journal = Journal(":memory:")
    journal.start()
    clock = ManualClock(1_773_194_400.0)
    engine = Engine(app.brain, journal, clock, app.settings, {"stdio": channel})
    await engine.start(watch=False)
    await channel.start(engine)
    receipt = await channel.say("c1", "转人工", message_id="m1")
    again = await channel.say("c1", "转人工", message_id="m1")
    await clock.advance_to(clock.now() + 60, engine.settle)
    await channel.stop()
    await engine.stop()
    await channel.close()
    await journal.stop()
    assert (receipt.duplicate, again.duplicate) == (False, True)
    [sending] = told
    assert sending.in_reply_to == ("m1",)
    assert sending.released.text


async def test_before_its_start_it_takes_nothing() -> None:
    with pytest.raises(RuntimeError, match="not started"):
        await StdioChannel().say("c1", "在吗")


def test_what_the_journal_cannot_keep_is_replaced() -> None:
    assert kept("好\x00的\ud83d😊") == "好\ufffd的\ufffd😊"
