"""``kill -9`` at random moments under 200 messages a second: nothing lost, answered twice, or out of order."""

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

from .form import runs, tell

CONVERSATIONS = 12
RATE = 200
"""Messages a second."""
LIFE = (0.02, 0.5)
"""Seconds until a kill, between these two."""
PROCESS = Path(__file__).parent / "shop_process.py"

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")


@dataclass
class Platform:
    """Sends each message until it is acknowledged, in order, and writes down what comes back."""

    process: Process
    messages: dict[str, str]
    acked: set[str] = field(default_factory=set)
    replies: list[dict[str, Any]] = field(default_factory=list)
    alive: asyncio.Queue[tuple[int, int]] = field(default_factory=asyncio.Queue)
    done: bool = False

    async def read(self) -> None:
        assert self.process.stdout
        while line := await self.process.stdout.readline():
            told = json.loads(line)
            if "ready" in told:
                self.alive.put_nowait((told["ready"], told["life"]))
            elif "ack" in told:
                self.acked.add(told["ack"])
            elif "done" in told:
                self.done = True
            else:
                self.replies.append(told)

    async def send(self, life: int) -> None:
        """Send what is not acknowledged yet to this life of the shop."""
        assert self.process.stdin
        for id, conversation in [(i, c) for i, c in self.messages.items() if i not in self.acked]:
            line = {"id": id, "conversation": conversation, "life": life}
            self.process.stdin.write(json.dumps(line).encode() + b"\n")
            await asyncio.sleep(1 / RATE)

    async def live(self, seconds: float) -> None:
        """One life of the shop, ended by a kill."""
        pid, life = await self.alive.get()
        sending = asyncio.create_task(self.send(life))
        await asyncio.sleep(seconds)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


async def killed_again_and_again(
    config: Path, journal: Path, lives: int, *, takes_key: bool, times_out: bool
) -> Platform:
    """A shop that is killed so many times and then left to finish."""
    flags = [str(int(takes_key)), str(int(times_out))]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(PROCESS), str(config), str(journal), *flags, stdin=PIPE, stdout=PIPE, env=environment
    )
    assert process.stdin
    enough = int(RATE * sum(LIFE) / 2 * lives) + 60
    messages = {f"m{n:05}": f"c{n % CONVERSATIONS}" for n in range(enough)}
    platform = Platform(process, messages)
    reading = asyncio.create_task(platform.read())
    for _ in range(lives):
        await platform.live(random.uniform(*LIFE))
    _, life = await platform.alive.get()
    await platform.send(life)
    process.stdin.close()
    await process.wait()
    await reading
    return platform


def holds(key: str) -> bool:
    return key.endswith("-hold")


@pytest.mark.parametrize(
    ("takes_key", "times_out", "lives"),
    [
        pytest.param(True, False, runs(4, 100), id="a peer that knows keys"),
        pytest.param(True, True, runs(4, 50), id="a peer whose word is lost half the time"),
        pytest.param(False, False, runs(4, 50), id="a peer that knows no keys"),
        pytest.param(False, True, runs(2, 50), id="a peer that knows no keys and whose word is lost half the time"),
    ],
)
async def test_killed_at_any_moment(
    app: App, tmp_path: Path, example_config: Path, takes_key: bool, times_out: bool, lives: int
) -> None:
    async with asyncio.timeout(120 + 5 * lives):
        platform = await killed_again_and_again(
            example_config, tmp_path / "journal.db", lives, takes_key=takes_key, times_out=times_out
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
    unknown = [key for key, state in states.items() if state == "unknown"]

    # Lost: a message no answer speaks of. Twice: one that two speak of. All by what is on disk and what arrived. On a
    # busy machine an answer may be late, and a holding line goes before it.
    spoken_of = [id for key, _, ids in rows if not holds(key) for id in json.loads(ids)]
    assert sorted(spoken_of) == sorted(platform.messages)
    for key, state in states.items():
        if state == "sent":
            assert key in seen
        else:
            assert key in shown, "a reply of unknown outcome is shown to nobody"

    order: dict[str, list[str]] = defaultdict(list)
    for reply in (r for r in replies if not holds(r["key"])):
        order[reply["conversation"]] += reply["in_reply_to"]
    for conversation, ids in order.items():
        assert ids == sorted(ids), f"out of order in {conversation}"
    peer = "peer with keys" if takes_key else "peer without keys"
    tell(
        f"kill -9, {peer}{', word lost half the time' if times_out else ''}",
        str(lives),
        f"{len(platform.messages)} messages: 0 lost, 0 answered twice, 0 out of order; {len(seen)} sends,"
        f" {sum(map(holds, states))} holding lines, {len(unknown)} unknown outcomes, all listed",
    )
