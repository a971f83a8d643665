"""A shop in a process that is killed again and again. Loaded once, then forked for each life, so that a life is short.

Lines on stdin are messages, each for one life. Lines on stdout are ``{"ready": pid, "life": n}``, ``{"ack": id}`` once
a message is kept and ``{"key": …, "conversation": …, "in_reply_to": […]}`` for each reply that reaches the buyer. At
the end of stdin the shop works until its journal holds nothing undone, says ``{"done": true}`` and ends.
"""

import asyncio
import itertools
import json
import logging
import os
import random
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog

from autoreply import Context, Reply, handlers
from autoreply.app import App, load_app
from autoreply.channels.base import Delivery, SendFailed, Sending
from autoreply.clock import SystemClock
from autoreply.conversation import Engine, delivery
from autoreply.handlers import Bound
from autoreply.journal import Journal
from autoreply.model import ConversationKey, Message


def say(line: dict[str, Any]) -> None:
    """One line, in one write: it is told whole or, when the process is killed, not at all."""
    os.write(1, json.dumps(line).encode() + b"\n")


class Peer:
    """The buyers' side: a reply is delivered once its line is written."""

    name = "peer"

    def __init__(self, takes_key: bool, times_out: bool) -> None:
        self.takes_key = takes_key
        self.times_out = times_out

    async def send(self, sending: Sending) -> Delivery:
        await asyncio.sleep(random.random() / 200)
        key = sending.released.key.conversation
        say({"key": sending.key, "conversation": key, "in_reply_to": sending.in_reply_to})
        if self.times_out and random.random() < 0.5:
            raise SendFailed("no answer in time", retry=True, unknown=True)
        await asyncio.sleep(random.random() / 200)
        return Delivery.DELIVERED


async def thinks(ctx: Context[Any]) -> Reply:
    await asyncio.sleep(random.random() / 50)
    return Reply(f"您好，已为您查看 {ctx.turn.messages[-1].message_id}")


async def life(app: App, path: Path, peer: Peer, number: int) -> None:
    """Take messages until there are no more, then finish. What was sent to an earlier life died with it."""
    brain = replace(app.brain, handlers={**app.brain.handlers, "shipping_time": Bound(thinks)})
    talk = app.settings.conversation.model_copy(update={"merge_window": 0.0})
    limits = app.settings.limits.model_copy(update={"buyer_per_minute": 1_000_000})
    settings = app.settings.model_copy(update={"conversation": talk, "limits": limits})
    journal = Journal(path)
    journal.start()
    engine = Engine(brain, journal, SystemClock(), settings, {peer.name: peer})  # type: ignore[dict-item]
    await engine.start(watch=False)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    say({"ready": os.getpid(), "life": number})
    calls: set[asyncio.Task[None]] = set()

    async def take(message: Message) -> None:
        await engine.accept(message)
        say({"ack": message.message_id})

    while line := await reader.readline():
        try:
            given = json.loads(line)
        except ValueError:  # the rest of a line that the last life was killed over
            continue
        if given["life"] != number:
            continue
        key = ConversationKey(peer.name, "main", given["conversation"])
        # A text that is new each time, or the other side would be taken for a bot.
        message = Message(key, given["id"], f"buyer of {key}", f"什么时候发货？{given['id']}")
        call = asyncio.create_task(take(message))
        calls.add(call)
        call.add_done_callback(calls.discard)
    await asyncio.gather(*calls)
    while any(await journal.run(lambda store: (store.undone(), store.unsent()))):  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    await engine.stop()
    await journal.stop()
    say({"done": True})


def main() -> None:
    config, path, takes_key, times_out = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == "1", sys.argv[4] == "1"
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    handlers.BLOCKED_AFTER = 60.0  # this machine may be busy
    delivery._BACKOFF = (0.01, 0.05)  # a second try after half a second would make each life a long one
    app = load_app(config)
    for number in itertools.count():
        pid = os.fork()
        if pid == 0:
            random.seed(os.getpid())
            asyncio.run(life(app, path, Peer(takes_key, times_out), number))
            os._exit(0)
        if os.waitpid(pid, 0)[1] == 0:
            return


if __name__ == "__main__":
    main()
