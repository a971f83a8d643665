"""A shop in a process that is killed again and again. Loaded once, then forked for each life, so that a life is short.

Lines on stdin are messages; lines on stdout are ``{"ready": pid}``, ``{"ack": id}`` once a message is kept and
``{"key": …, "conversation": …, "in_reply_to": […]}`` for each reply that reaches the buyer. At the end of stdin the
shop works until its journal holds nothing undone, says ``{"done": true}`` and ends.
"""

import asyncio
import json
import logging
import os
import random
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog

from autoreply import Context, Reply
from autoreply.app import App, load_app
from autoreply.channels.base import Delivery, SendFailed, Sending
from autoreply.clock import SystemClock
from autoreply.conversation import Engine, delivery
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
    return Reply("您好，已为您查看")


async def life(app: App, path: Path, peer: Peer) -> None:
    """Take messages until there are no more, then finish."""
    brain = replace(app.brain, handlers={**app.brain.handlers, "shipping_time": (thinks, None)})
    talk = app.settings.conversation.model_copy(update={"merge_window": 0.0})
    settings = app.settings.model_copy(update={"conversation": talk})
    journal = Journal(path)
    journal.start()
    engine = Engine(brain, journal, SystemClock(), settings, {peer.name: peer})  # type: ignore[dict-item]
    await engine.start(watch=False)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    say({"ready": os.getpid()})
    calls: set[asyncio.Task[None]] = set()

    async def take(message: Message) -> None:
        await engine.accept(message)
        say({"ack": message.message_id})

    while line := await reader.readline():
        try:
            given = json.loads(line)
        except ValueError:  # the rest of a line that the last life was killed over
            continue
        key = ConversationKey(peer.name, "main", given["conversation"])
        call = asyncio.create_task(take(Message(key, given["id"], "b", "什么时候发货？")))
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
    delivery._BACKOFF = (0.01, 0.05)  # a second try after half a second would make each life a long one
    app = load_app(config)
    while True:
        pid = os.fork()
        if pid == 0:
            random.seed(os.getpid())
            asyncio.run(life(app, path, Peer(takes_key, times_out)))
            os._exit(0)
        if os.waitpid(pid, 0)[1] == 0:
            return


if __name__ == "__main__":
    main()
