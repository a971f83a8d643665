"""Time and memory of understanding one message, as ratios to a plain rapidfuzz scan over all examples in the same run.

    python benchmarks/bench_understanding.py [--lines FILE] [--plain]

The shipped catalogue is cut or multiplied to 1,000, 5,000 and 100,000 examples; the weights are those of the shipped
one at all sizes (a model keeps a fixed number of features). FILE holds one message per line; without it the messages
are examples of the catalogue with a character dropped, so that they are near something and equal to nothing. Each is
timed once, after others to warm up, because a message met before is only looked up. ``--plain`` leaves rjieba alone,
as where it is not installed.
"""

import argparse
import dataclasses
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

from rapidfuzz import fuzz, process

from autoreply.tomlfile import read
from autoreply.understanding import Catalogue, Intent, Understander, Weights, load_catalogue, train
from autoreply.understanding.features import view_of
from autoreply.understanding.match import neighbours_of
from autoreply.understanding.normalise import normalise

INTENTS = Path(__file__).resolve().parents[1] / "intents"
SIZES = (1_000, 5_000, 100_000)
MESSAGES = 400
SCANS = 25
"""Messages that the plain scan is timed on; at 100,000 examples it is slow."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--lines", type=Path, help="messages to time, one per line")
    parser.add_argument("--plain", action="store_true", help="as where rjieba is not installed")
    given = parser.parse_args()
    lines: Path | None = given.lines
    if given.plain:
        sys.modules["rjieba"] = None  # type: ignore[assignment]  # what Python notes of a module that is not there
    began = time.perf_counter()
    shipped = load_catalogue([read(path) for path in sorted(INTENTS.glob("*.toml"))])
    examples = [(slug, text) for slug, intent in shipped.intents.items() for text in intent.examples]
    print(f"shipped catalogue: {len(examples):,} examples read in {time.perf_counter() - began:.2f} s")
    began = time.perf_counter()
    processor = time.process_time()
    weights = train(shipped)
    trained, processor = time.perf_counter() - began, time.process_time() - processor
    print(
        f"trained in {trained:.1f} s ({processor:.1f} s of processor time), {len(weights.dump()) / 1e6:.1f} MB stored"
    )
    texts = messages(lines, [text for _, text in examples])
    print(f"{'examples':>9} {'load s':>7} {'p50 µs':>7} {'p99 µs':>7} {'scan µs':>8} {'scan/p50':>9} {'to first':>9}")
    first = 0.0
    for size in SIZES:
        catalogue = resized(shipped, size)
        views = [view_of(normalise(t).clean) for i in catalogue.intents.values() for t in i.examples]
        fitting = dataclasses.replace(weights, catalogue=catalogue.hash, neighbours=neighbours_of(catalogue))
        stored = fitting.dump()
        began = time.perf_counter()
        understander = Understander(catalogue, weights=Weights.load(stored))
        loading = time.perf_counter() - began
        times = timed(understander.understand, texts)
        p50, p99 = statistics.median(times), statistics.quantiles(times, n=100)[98]
        scan = statistics.median(timed(scan_of(views), texts[: 2 * SCANS]))
        first = first or p50
        print(f"{size:9,} {loading:7.2f} {p50:7.0f} {p99:7.0f} {scan:8.0f} {scan / p50:8.1f}x {p50 / first:8.2f}x")
        if size == SIZES[1]:
            print(f"{'':9} process so far at most {peak_megabytes()}, training included")


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
        texts = tuple(islice(dict.fromkeys(varied(intent)), count))
        intents[slug] = dataclasses.replace(intent, examples=texts, templates=(), expanded=(), negatives=())
    return Catalogue(intents, catalogue.classes, {}, hash=f"{size}")


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


def peak_megabytes() -> str:
    """Peak memory of this process, where the system tells."""
    if sys.platform == "win32":
        return "unknown"
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return f"{peak / (1 << 20 if sys.platform == 'darwin' else 1 << 10):.0f} MB"


if __name__ == "__main__":
    main()
