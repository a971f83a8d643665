"""Mutated bodies and frames at every decoder: refused with the field named, never a 5xx, never a stuck conversation."""

import asyncio
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from autoreply.app import App

from .form import runs, tell
from .web import WebShop, message, web_shop

BODIES = runs(1000, 100_000)
TOGETHER = 32
NOW = "2026-01-07T10:00:00+08:00"
ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 0.5, 1e308, -1e308, 10**30, 2**63, "", " ", "\x00", "\ud83d", "￾", "a" * 129),
    *("我" * 20_001, "1e9", "null", "2026-13-40", NOW, [], {}, [[]], {"a": {}}, [None] * 5, "agent", "image", "'; --"),
)


def mutated(chance: random.Random, valid: dict[str, Any]) -> bytes:
    """A body that was valid before something happened to it."""
    body = dict(valid)
    for _ in range(chance.choice((0, 1, 1, 2))):
        name = chance.choice([*body, "more"]) if body else "more"
        match chance.randrange(5):
            case 0:
                body.pop(name, None)
            case 1 | 2:
                body[name] = chance.choice(ODD)
            case 3:
                body[chance.choice(ODD[11:15]) + name] = body.pop(name, 1)
            case _:
                body[name] = {name: body.get(name)} if chance.random() < 0.5 else [body.get(name)]
    data = bytearray(json.dumps(body, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass"))
    if chance.random() < 0.4:
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(data) + 1)
            match chance.randrange(5):
                case 0:
                    data[at : at + 1] = bytes([chance.randrange(256)])
                case 1:
                    del data[at : at + chance.randint(1, 9)]
                case 2:
                    data[at:at] = chance.randbytes(chance.randint(1, 9))
                case 3:
                    data[at:at] = chance.choice(
                        (b"NaN", b"[" * 3000, b'"', b"\\ud800", b"9" * 5000, b"\xef\xbb\xbf", b",")
                    )
                case _:
                    data += data[at:]
    return bytes(data)


class Score(Counter[str]):
    """How many answers there were of each kind."""

    def __str__(self) -> str:
        return ", ".join(f"{count} {kind}" for kind, count in sorted(self.items()))


def judge(score: Score, sent: bytes, status: int, answer: Any) -> None:
    """What may be answered: it was taken, or it is said what is wrong with it."""
    assert status in (200, 202) or 400 <= status < 500, (status, answer, sent[:300])
    if status >= 400:
        assert answer.get("error"), sent[:300]
        assert answer.get("field"), (status, answer, sent[:300])
    score[str(status)] += 1


async def in_parallel(count: int, one: Any) -> None:
    """``one`` called with each number, some at a time."""
    numbers = iter(range(count))

    async def work() -> None:
        for n in numbers:
            await one(n)

    async with asyncio.TaskGroup() as group:
        for _ in range(TOGETHER):
            group.create_task(work())


async def still_answers(shop: WebShop, conversations: list[str]) -> None:
    """Every conversation that was written to goes on."""
    await shop.quiet(600)
    for n, conversation in enumerate(conversations):
        assert (await shop.post(json.dumps(message(f"after-{n}", conversation))))[0] == 202
    await shop.quiet()
    answered = await shop.answered()
    taken = await shop.journal.run(
        lambda store: store.db.execute(
            "SELECT message_id FROM inbox WHERE message_id LIKE 'after-%' AND done"
        ).fetchall()
    )
    assert len(taken) == len(conversations)
    assert await shop.journal.run(lambda store: (store.undone(), store.unsent())) == ([], [])
    assert len(answered) == len(set(answered))


@pytest.fixture
def chance() -> random.Random:
    seed = random.randrange(1 << 32)
    print("seed", seed)
    return random.Random(seed)


async def test_bodies_of_http(app: App, tmp_path: Path, chance: random.Random) -> None:
    score = Score()
    async with web_shop(app, tmp_path) as shop:

        async def one(n: int) -> None:
            path = "/v1/messages" if n % 5 else "/v1/replies/ack"
            valid = message(f"m{n}", f"c{n % 200}", time=NOW) if n % 5 else {"keys": [f"k{n}", "k"]}
            body = mutated(chance, valid)
            status, answer = await shop.post(body, path)
            judge(score, body, status, answer)

        await in_parallel(BODIES, one)
        await still_answers(shop, [f"c{n}" for n in range(200)])
    tell("mutated bodies, http", str(BODIES), f"{score}; no 5xx, no conversation stuck")


async def test_queries_of_http(app: App, tmp_path: Path, chance: random.Random) -> None:
    score = Score()
    count = max(BODIES // 10, 200)
    async with web_shop(app, tmp_path) as shop:

        async def one(n: int) -> None:
            values = ("0", "-1", "1e3", "", "9" * 40, "%00", "%ff", "a", "%E4%B8%AD", "0.5", "nan", "inf", "1&after=2")
            names = ("after", "limit", "after", "x", "%61fter", "AFTER")
            pairs = "&".join(f"{chance.choice(names)}={chance.choice(values)}" for _ in range(chance.randint(0, 3)))
            status, answer = await shop.get(f"/v1/replies?{pairs}" if pairs else "/v1/replies")
            judge(score, pairs.encode(), status, answer)

        await in_parallel(count, one)
    tell("mutated queries, http", str(count), f"{score}; no 5xx")


@pytest.mark.parametrize("channel", ["websocket", "webchat"])
async def test_frames(app: App, tmp_path: Path, chance: random.Random, channel: str) -> None:
    score = Score()
    async with web_shop(app, tmp_path) as shop:
        path = "/v1/ws?after=0" if channel == "websocket" else "/chat/ws?after=0&conversation=" + "c" * 20
        headers = {**shop.signature.headers("m", path), "Origin": shop.url}

        async def connection(count: int) -> None:
            """Frames one after the other on one connection, each with its own answer."""
            async with shop.client.ws_connect(shop.url + path, headers=headers, max_msg_size=0) as socket:
                for _ in range(count):
                    n = chance.randrange(10**9)
                    line = {"message_id": f"message-{n}", "text": f"什么时候发货？编号{n}", "time": NOW}
                    whole = line if channel == "webchat" else message(f"m{n}", f"c{n % 200}", time=NOW)
                    valid = chance.choice(
                        ({"type": "message", **whole}, {"type": "ack", "keys": [f"k{n}"]}, {"type": "ping"})
                    )
                    text = mutated(chance, valid).decode("utf-8", "replace")
                    await socket.send_str(text)
                    answer = {"type": "reply"}
                    while answer["type"] == "reply":
                        answer = await socket.receive_json(timeout=30)
                    score[answer["type"]] += 1
                    if answer["type"] == "error":
                        assert answer["error"], text[:300]
                        assert "field" in answer, (answer, text[:300])

        for _ in range(0, BODIES, 100):
            await connection(100)
        await still_answers(shop, [f"c{n}" for n in range(200)])
    tell(f"mutated frames, {channel}", str(BODIES), f"{score}; each answered, no conversation stuck")
