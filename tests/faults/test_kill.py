"""``kill -9`` at random moments: nothing lost, nothing answered twice, nothing out of order.

A short form for every run of the tests; ``AUTOREPLY_FAULTS=100`` asks for that many lives of each kind.
"""

import asyncio
import json
import os
import random
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from autoreply.app import App
from autoreply.journal import Store

LIVES = int(os.environ.get("AUTOREPLY_FAULTS", "4"))
CONVERSATIONS = 12
EACH = 8 + LIVES
PROCESS = Path(__file__).parent / "shop_process.py"

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")


@dataclass
class Platform:
    """Sends each message until it is acknowledged, in order, and writes down what comes back."""

    process: Process
    messages: dict[str, str]
    acked: set[str] = field(default_factory=set)
    replies: list[dict[str, Any]] = field(default_factory=list)
    alive: asyncio.Queue[int] = field(default_factory=asyncio.Queue)
    done: bool = False

    async def read(self) -> None:
        assert self.process.stdout
        while line := await self.process.stdout.readline():
            told = json.loads(line)
            if "ready" in told:
                self.alive.put_nowait(told["ready"])
            elif "ack" in told:
                self.acked.add(told["ack"])
            elif "done" in told:
                self.done = True
            else:
                self.replies.append(told)

    async def send(self, within: float) -> None:
        """Send what is not acknowledged yet, spread over some seconds."""
        assert self.process.stdin
        missing = [(i, c) for i, c in self.messages.items() if i not in self.acked]
        for id, conversation in missing:
            self.process.stdin.write(json.dumps({"id": id, "conversation": conversation}).encode() + b"\n")
            await asyncio.sleep(within / len(missing))

    async def live(self, seconds: float) -> None:
        """One life of the shop, ended by a kill."""
        pid = await self.alive.get()
        sending = asyncio.create_task(self.send(0.4))
        await asyncio.sleep(seconds)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


async def killed_again_and_again(config: Path, journal: Path, *, takes_key: bool, times_out: bool) -> Platform:
    """A shop that is killed ``LIVES`` times and then left to finish."""
    flags = [str(int(takes_key)), str(int(times_out))]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(PROCESS), str(config), str(journal), *flags, stdin=PIPE, stdout=PIPE, env=environment
    )
    assert process.stdin
    messages = {f"m{n:05}": f"c{n % CONVERSATIONS}" for n in range(CONVERSATIONS * EACH)}
    platform = Platform(process, messages)
    reading = asyncio.create_task(platform.read())
    for _ in range(LIVES):
        await platform.live(random.uniform(0.02, 0.5))
    await platform.alive.get()
    await platform.send(0.2)
    process.stdin.close()
    await process.wait()
    await reading
    return platform


@pytest.mark.parametrize(
    ("takes_key", "times_out"),
    [
        pytest.param(True, False, id="a peer that knows keys"),
        pytest.param(True, True, id="a peer whose word is lost half the time"),
        pytest.param(False, False, id="a peer that knows no keys"),
    ],
)
async def test_killed_at_any_moment(
    app: App, tmp_path: Path, example_config: Path, takes_key: bool, times_out: bool
) -> None:
    async with asyncio.timeout(120 + 3 * LIVES):
        platform = await killed_again_and_again(
            example_config, tmp_path / "journal.db", takes_key=takes_key, times_out=times_out
        )
    assert platform.done
    assert platform.acked == set(platform.messages)

    seen = [r["key"] for r in platform.replies]
    if not takes_key:
        assert len(seen) == len(set(seen)), "a reply was sent twice to a peer that cannot tell"
    replies = list({r["key"]: r for r in reversed(platform.replies)}.values())[::-1]

    store = Store(tmp_path / "journal.db")
    rows = store.db.execute("SELECT key, state, in_reply_to FROM outbox ORDER BY id").fetchall()
    shown = " ".join(i.reason for i in store.handoffs())
    left = store.undone(), store.unsent()
    store.close()
    assert left == ([], [])
    states = {key: state for key, state, _ in rows}
    assert set(states.values()) <= ({"sent"} if takes_key and not times_out else {"sent", "unknown"})

    # Lost: a message no reply speaks of. Twice: one that two speak of. All by what is on disk and what arrived.
    spoken_of = [id for _, _, ids in rows for id in json.loads(ids)]
    assert sorted(spoken_of) == sorted(platform.messages)
    for key, state in states.items():
        if state == "sent":
            assert key in seen
        else:
            assert key in shown, "a reply of unknown outcome is shown to nobody"

    order: dict[str, list[str]] = defaultdict(list)
    for reply in replies:
        order[reply["conversation"]] += reply["in_reply_to"]
    for conversation, ids in order.items():
        assert ids == sorted(ids), f"out of order in {conversation}"
