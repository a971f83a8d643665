"""Time and memory of understanding one message, as ratios to a plain rapidfuzz scan over all examples in the same run.

    python benchmarks/bench_understanding.py [--lines FILE]

The shipped catalogue is cut or multiplied to 1,000, 5,000 and 100,000 examples; the weights are those of the shipped
one at all sizes (a model keeps a fixed number of features, and of examples by meaning). For each way to understand
(jieba, rjieba, rjieba with the sentence encoder; those that are installed) and each size a process of its own loads the
weights, as a start does that finds them cached, and times the messages: its memory is that of a responder's matcher.

FILE holds one message per line; without it the messages are examples of the catalogue with a character dropped, so that
they are near something and equal to nothing. Each is timed once, after others to warm up, because a message met before
is only looked up.
"""

import argparse
import dataclasses
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

from rapidfuzz import fuzz, process

from autoreply.tomlfile import read
from autoreply.understanding import (
    BASE,
    Catalogue,
    Extras,
    Intent,
    Understander,
    Weights,
    load_catalogue,
    semantic,
    train,
)
from autoreply.understanding.features import view_of
from autoreply.understanding.match import neighbours_of
from autoreply.understanding.normalise import normalise

INTENTS = Path(__file__).resolve().parents[1] / "intents"
SIZES = (1_000, 5_000, 100_000)
WAYS = {"jieba": True, "rjieba": find_spec("rjieba") is not None, "semantic": semantic.available()}
MESSAGES = 400
SCANS = 25
"""Messages that the plain scan is timed on; at 100,000 examples it is slow."""


def main() -> None:
    """Print the tables; ``--measure`` is one row, as JSON, by a process of its own."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--lines", type=Path, help="messages to time, one per line")
    parser.add_argument("--measure", nargs=3, metavar=("WAY", "SIZE", "WEIGHTS"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        way, size, weights = given.measure
        print(json.dumps(measured(way, int(size), Path(weights), given.lines)))
        return
    began = time.perf_counter()
    shipped = shipped_catalogue()
    count = sum(len(intent.examples) for intent in shipped.intents.values())
    print(f"shipped catalogue: {count:,} examples read in {time.perf_counter() - began:.2f} s")
    print(
        f"{'way':>9} {'examples':>9} {'load s':>7} {'MB':>5} {'p50 µs':>7} {'p99 µs':>7} {'scan µs':>8} {'p50/scan':>9}"
    )
    with tempfile.TemporaryDirectory() as folder:
        stored: dict[bool, Weights] = {}
        for way in (way for way, there in WAYS.items() if there):
            with_encoder = way == "semantic"
            if with_encoder not in stored:
                stored[with_encoder] = learned(shipped, extras_of(way))
            rows = [row(way, size, stored[with_encoder], shipped, Path(folder), given.lines) for size in SIZES]
            print(f"{way:>9} {SIZES[-1]:,} examples against {SIZES[0]:,}: {rows[-1] / rows[0]:.2f} times as long")


def shipped_catalogue() -> Catalogue:
    """The catalogue of the project."""
    return load_catalogue([read(path) for path in sorted(INTENTS.glob("*.toml"))])


def extras_of(way: str) -> Extras:
    """What a way has beside words."""
    return Extras(semantic.sentences()) if way == "semantic" else BASE


def learned(catalogue: Catalogue, extras: Extras) -> Weights:
    """Weights, and how long they took."""
    began, processor = time.perf_counter(), time.process_time()
    weights = train(catalogue, extras=extras)
    took, processor = time.perf_counter() - began, time.process_time() - processor
    size = len(weights.dump()) / 1e6
    what = extras.mark or "words alone"
    print(f"trained with {what} in {took:.1f} s ({processor:.1f} s of processor time), {size:.1f} MB stored")
    return weights


def row(way: str, size: int, weights: Weights, shipped: Catalogue, folder: Path, lines: Path | None) -> float:
    """Measure one way at one size, print it, and give the median."""
    catalogue = resized(shipped, size)
    path = folder / f"{way}-{size}.npz"
    fitting = dataclasses.replace(weights, catalogue=catalogue.hash, neighbours=neighbours_of(catalogue))
    path.write_bytes(fitting.dump())
    command = [sys.executable, __file__, "--measure", way, str(size), str(path)]
    command += ["--lines", str(lines)] if lines else []
    found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)  # noqa: S603
    p50, p99, scan = found["p50"], found["p99"], found["scan"]
    told = f"{way:>9} {size:9,} {found['load']:7.2f} {found['megabytes']:5.0f} {p50:7.0f} {p99:7.0f} {scan:8.0f}"
    print(f"{told} {p50 / scan:8.2f}x", flush=True)
    return float(p50)


def measured(way: str, size: int, stored: Path, lines: Path | None) -> dict[str, float]:
    """One row, by a process that only loads."""
    if way == "jieba":
        sys.modules["rjieba"] = None  # type: ignore[assignment]  # what Python notes of a module that is not there
    shipped = shipped_catalogue()
    catalogue = resized(shipped, size)
    extras = extras_of(way)
    began = time.perf_counter()
    understander = Understander(catalogue, weights=Weights.load(stored.read_bytes()), extras=extras)
    understander.understand("在吗")
    loading = time.perf_counter() - began
    texts = messages(lines, [text for intent in shipped.intents.values() for text in intent.examples])
    times = timed(understander.understand, texts)
    peak = peak_megabytes()
    views = [view_of(normalise(t).clean) for i in catalogue.intents.values() for t in i.examples]
    return {
        "load": loading,
        "megabytes": peak,
        "p50": statistics.median(times),
        "p99": statistics.quantiles(times, n=100)[98],
        "scan": statistics.median(timed(scan_of(views), texts[: 2 * SCANS])),
    }


def messages(lines: Path | None, examples: list[str]) -> list[str]:
    """What is timed, and as many others before it: lines of a file, or examples with a character dropped."""
    rng = random.Random(0)
    if lines is not None:
        known = [line.strip() for line in lines.read_text(encoding="utf-8").splitlines() if line.strip()]
        return rng.sample(known, min(2 * MESSAGES, len(known)))
    chosen = rng.sample([e for e in examples if len(e) > 4], 2 * MESSAGES)
    return [text[:at] + text[at + 1 :] for text in chosen for at in [rng.randrange(len(text))]]


def resized(catalogue: Catalogue, size: int) -> Catalogue:
    """A catalogue of ``size`` examples in the shipped proportions: fewer of them, or each with more goods named."""
    total = sum(len(i.examples) for i in catalogue.intents.values())
    goods = catalogue.classes["goods"]

    def varied(intent: Intent) -> Iterable[str]:
        yield from intent.examples
        for first in goods:
            for second in ("", *goods):
                for text in intent.examples:
                    yield f"{first}{second}{text}"

    intents: dict[str, Intent] = {}
    for slug, intent in catalogue.intents.items():
        count = max(1, round(size * len(intent.examples) / total))
        texts = tuple(islice(each_once(varied(intent)), count))
        intents[slug] = dataclasses.replace(intent, examples=texts, templates=(), expanded=(), negatives=())
    return Catalogue(intents, catalogue.classes, {}, hash=f"{size}")


def each_once(texts: Iterable[str]) -> Iterable[str]:
    """The texts in order, without those that came before."""
    seen: set[str] = set()
    for text in texts:
        if text not in seen:
            seen.add(text)
            yield text


def scan_of(views: list[str]) -> Callable[[str], object]:
    """The plain way: compare with every example."""

    def scan(text: str) -> object:
        return process.extractOne(view_of(normalise(text).clean), views, scorer=fuzz.ratio)

    return scan


def timed(do: Callable[[str], object], texts: list[str]) -> list[float]:
    """Microseconds of each call for the second half of ``texts``; the first half warms up."""
    half = len(texts) // 2
    for text in texts[:half]:
        do(text)
    times = []
    for text in texts[half:]:
        began = time.perf_counter()
        do(text)
        times.append((time.perf_counter() - began) * 1e6)
    return times


def peak_megabytes() -> float:
    """Peak memory of this process; 0 where the system does not tell (``getrusage`` counts the parent's, too)."""
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="ascii").splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)


if __name__ == "__main__":
    main()
