"""The whole way of a message, as a ratio to a bare aiohttp handler that only commits it to SQLite.

    python benchmarks/bench_whole_way.py [--seconds 8] [--connections 64] [--rate 500] [--distinct]

Both servers run in a process of their own, on the event loop that ``autoreply run`` uses, and keep the message by the
same group commit; the load comes from a third process over loopback. "answered" means that the reply stands in the
outbox, ready to be fetched. One run prints both and their ratio: the numbers alone say little on another machine.

Buyers' questions recur, so eight lines are asked again and again; ``--distinct`` makes every line a new one, so that
each is understood from scratch.
"""

import argparse
import asyncio
import itertools
import multiprocessing
import os
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from autoreply.app import load_app, make_channels
from autoreply.channels.signature import Signature
from autoreply.cli.run import fast_loop
from autoreply.clock import SystemClock
from autoreply.conversation import Engine
from autoreply.journal import Journal
from autoreply.server import WebServer
from autoreply.serving import spare_collector
from autoreply.settings import Secret, Server
from autoreply.shipped import shipped

LINES = (
    "什么时候发货",
    "能开发票吗",
    "发什么快递",
    "可以便宜点吗",
    "包邮吗",
    "几天能到",
    "有什么活动",
    "能用花呗分期吗",
)


async def bare(folder: Path, port: Any) -> None:
    """POST → one insert in a group commit → 202."""
    journal = Journal(folder / "bare.db")
    journal.start()
    numbers = itertools.count()

    async def take(request: web.Request) -> web.Response:
        text = await request.text()
        row = (f"m{next(numbers)}", text, time.time())
        await journal.run(
            lambda s: s.db.execute(
                "INSERT INTO inbox (channel, shop, conversation, message_id, author, buyer_id, kind, text, sent_at,"
                " received_at) VALUES ('bare', 'main', 'c', ?, 'buyer', 'b', 'text', ?, ?, 0)",
                row,
            )
        )
        return web.json_response({"seq": 1}, status=202)

    server = WebServer(Server(port=0), [web.post("/v1/messages", take)], lambda: True)
    await server.start()
    port.send(server.port)
    await asyncio.Event().wait()


async def whole(folder: Path, port: Any) -> None:
    """The responder as ``autoreply run`` puts it together, with the http channel."""
    text = shipped("config.example.toml").read_text(encoding="utf-8")
    config = folder / "config.toml"
    config.write_text(text.replace("merge_window = 1.5", "merge_window = 0"), encoding="utf-8")
    app = load_app(config)
    channels = {name: c for name, c in make_channels(app).items() if name == "http"}
    journal = Journal(app.journal_path)
    journal.start()
    engine = Engine(app.brain, journal, SystemClock(), app.settings, channels)
    server = WebServer(Server(port=0), channels["http"].routes(), lambda: True)
    spare_collector()
    await engine.start()
    await channels["http"].start(engine)
    await server.start()
    port.send(server.port)
    await asyncio.Event().wait()


def _serve(kind: str, folder: Path, port: Any) -> None:
    with asyncio.Runner(loop_factory=fast_loop()) as runner:
        runner.run({"bare": bare, "whole": whole}[kind](folder, port))


async def load(
    port: int, secret: str, seconds: float, connections: int, rate: float | None, distinct: bool = False
) -> list[float]:
    """Post signed messages, closed loop or at a fixed rate; returns the seconds each request took."""
    signature, took, numbers = Signature(secret), [], itertools.count()
    start = time.perf_counter()

    async def post(session: aiohttp.ClientSession, n: int, due: float) -> None:
        line = f"{LINES[n % len(LINES)]}，单号{n}" if distinct else LINES[n % len(LINES)]
        body = (
            f'{{"shop":"main","conversation":"c{n % 5000}","buyer_id":"b{n % 5000}","message_id":"m{n}",'
            f'"text":"{line}","time":{time.time()}}}'
        )
        headers = {**signature.headers(f"m{n}", body), "content-type": "application/json"}
        async with session.post(
            f"http://127.0.0.1:{port}/v1/messages", data=body.encode(), headers=headers
        ) as response:
            await response.read()
            if response.status != 202:
                raise RuntimeError(f"status {response.status}")
        took.append(time.perf_counter() - due)

    async def closed(session: aiohttp.ClientSession) -> None:
        while time.perf_counter() - start < seconds:
            await post(session, next(numbers), time.perf_counter())

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=connections)) as session:
        if rate is None:
            await asyncio.gather(*(closed(session) for _ in range(connections)))
        else:
            tasks = []
            for n in range(int(seconds * rate)):
                due = start + n / rate
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                tasks.append(asyncio.create_task(post(session, 10**6 + n, due)))
            await asyncio.gather(*tasks)
    return took


def cpu_seconds(pid: int) -> float:
    """CPU time of a process so far; NaN where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(
    kind: str, seconds: float, connections: int, rate: float, distinct: bool
) -> tuple[float, float, float, float, float]:
    """(accepted/s, answered/s, p99 ms at full load, p99 ms at ``rate``, server's CPU ms a message at full load).

    Answered is NaN for the bare handler.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        here, there = multiprocessing.Pipe()
        secret = Secret(file=Path("var/http.secret")).read(folder)
        process = multiprocessing.Process(target=_serve, args=(kind, folder, there), daemon=True)
        process.start()
        port = here.recv()
        began, cpu = time.perf_counter(), cpu_seconds(process.pid or 0)
        full = asyncio.run(load(port, secret, seconds, connections, None, distinct))
        accepted = len(full) / (time.perf_counter() - began)
        answered = float("nan")
        if kind == "whole":
            answered = len(full) / (_all_answered(folder / "var/autoreply.db", len(full)) - began)
        spent = (cpu_seconds(process.pid or 0) - cpu) / len(full) * 1000
        paced = asyncio.run(load(port, secret, seconds, connections, rate, distinct))
        process.kill()
        process.join()
    return accepted, answered, _p99(full), _p99(paced), spent


def _all_answered(path: Path, count: int) -> float:
    """When the last of ``count`` messages was settled."""
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    while db.execute("SELECT count(*) FROM inbox WHERE done").fetchone()[0] < count:
        time.sleep(0.02)
    return time.perf_counter()


def _p99(took: list[float]) -> float:
    return statistics.quantiles(took, n=100)[98] * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--rate", type=float, default=500)
    parser.add_argument("--distinct", action="store_true")
    given = parser.parse_args()
    multiprocessing.set_start_method("spawn")
    kinds = ("bare", "whole")
    rows = {k: measure(k, given.seconds, given.connections, given.rate, given.distinct) for k in kinds}
    print(f"{'':8}{'accepted/s':>12}{'answered/s':>12}{'p99 ms full':>13}{f'p99 ms {given.rate:g}/s':>15}{'CPU ms':>9}")
    for kind, (accepted, answered, full, paced, spent) in rows.items():
        print(f"{kind:8}{accepted:12.0f}{answered:12.0f}{full:13.1f}{paced:15.1f}{spent:9.3f}")
    print(f"answered whole way / accepted bare: {rows['whole'][1] / rows['bare'][0]:.3f}")


if __name__ == "__main__":
    main()
