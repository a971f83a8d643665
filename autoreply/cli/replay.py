"""``autoreply replay``: a file of buyers' messages through everything but the sending."""

import asyncio
import io
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from autoreply.cli.common import (
    Stop,
    config_option,
    console,
    dumps,
    json_option,
    lines,
    load,
    note,
    put,
    start_of,
    verbose_option,
)

if TYPE_CHECKING:
    from rich.console import Console

    from autoreply.app import App
    from autoreply.pipeline import Result

_REASONS = 12
"""Escalation reasons that are shown."""


@dataclass(slots=True)
class _Tally:
    """What is counted on the way."""

    samples: int
    results: int = 0
    behaviours: Counter[str] = field(default_factory=Counter)
    intents: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    shown: dict[str, list[dict[str, str]]] = field(default_factory=lambda: defaultdict(list))
    slowest: tuple[float, int, str] = (0.0, 0, "")

    def add(self, number: int, text: str, result: "Result", seconds: float) -> None:
        self.results += 1
        self.behaviours[result.behaviour] += 1
        self.rules.update(result.rules)
        if result.handover is not None:
            self.reasons[_without_words(result.handover.reason, result.turn.text)] += 1
        for slug in result.intents or ("-",):
            self.intents[slug] += 1
            if len(self.shown[slug]) < self.samples:
                reply = "\n".join(spoken.released.text for spoken in result.replies)
                self.shown[slug].append({"text": text, "behaviour": result.behaviour, "reply": reply})
        self.slowest = max(self.slowest, (seconds, number, text))


def _without_words(reason: str, text: str) -> str:
    """A reason without what the buyer wrote, quoted or at its end, so that reasons of a kind are counted as one."""
    return reason.replace(f"“{text}”", "“…”").replace(f": {text}", ": …") if text else reason


@click.command("replay")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@config_option
@verbose_option()
@json_option
@click.option("--samples", type=click.IntRange(0, 100), default=3, show_default=True, help="Samples of each intent.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write every line's result here, as JSONL."
)
def command(file: Path, config: Path | None, verbose: bool, as_json: bool, samples: int, out: Path | None) -> None:
    """Try a file of buyers' messages; nothing is sent or kept.

    They go through the whole pipeline, plugins and gate included. FILE holds a message per line, or is a TSV whose
    first line names a column "text"; - is stdin. Each line is the first message of a conversation of its own, on a
    Wednesday at ten, so that the same file gives the same report.

    \b
    Examples:
      autoreply replay messages.txt
      autoreply replay messages.tsv --json --out results.jsonl
    """
    if not (texts := _read(file)):
        raise Stop("standard input is empty" if str(file) == "-" else f"{file} is empty")
    app = load(config, verbose=verbose)
    tally = _Tally(samples)
    started = time.perf_counter()
    try:
        with out.open("w", encoding="utf-8", newline="\n") if out else _Nowhere() as sink:
            asyncio.run(_run(app, texts, tally, sink.write))
    except OSError as e:
        raise Stop(f"cannot write {out}: {e.strerror}") from e
    report = _report(tally, len(texts), time.perf_counter() - started)
    if as_json:
        put(report)
    else:
        _show(console(), report)


class _Nowhere:
    """A file that keeps nothing."""

    def __enter__(self) -> "_Nowhere":
        return self

    def __exit__(self, *exc: object) -> None:
        return None

    def write(self, text: str) -> int:
        return len(text)


def _read(file: Path) -> list[str]:
    """The messages of the file, one per line, in order, empty ones too."""
    if str(file) == "-":
        return _messages(sys.stdin)
    from autoreply.tables import decoded

    try:
        content = file.read_bytes()
    except OSError as e:
        raise Stop(f"cannot read {file}: {e.strerror}") from e
    text, remarks = decoded(content)
    for remark in remarks:
        note(f"{file}: {remark}")
    return _messages(io.StringIO(text, newline="\n"))


def _messages(stream: IO[str]) -> list[str]:
    texts = list(lines(stream))
    columns = texts[0].split("\t") if texts else []
    if len(columns) < 2 or "text" not in columns:
        return texts
    column = columns.index("text")
    rows = (row.split("\t") for row in texts[1:])
    return [row[column] if column < len(row) else "" for row in rows]


async def _run(app: "App", texts: list[str], tally: _Tally, write: Callable[[str], object]) -> None:
    from autoreply import pipeline
    from autoreply.model import ConversationKey, Message, Turn

    now = start_of(app.brain.shop)
    for number, text in enumerate(_with_progress(texts), 1):
        key = ConversationKey("replay", app.brain.shop.id, str(number))
        turn = Turn(key, (Message(key, str(number), "buyer", text, sent_at=now, received_at=now, seq=number),))
        before = time.perf_counter()
        result = await pipeline.run(app.brain, turn, {}, now=now)
        tally.add(number, text, result, time.perf_counter() - before)
        write(dumps(_row(number, text, result)) + "\n")


def _row(number: int, text: str, result: "Result") -> dict[str, Any]:
    return {
        "line": number,
        "text": text,
        "behaviour": result.behaviour,
        "intents": list(result.intents),
        "replies": [spoken.released.text for spoken in result.replies],
        "rules": list(result.rules),
        "reason": result.handover.reason if result.handover else "",
    }


def _with_progress(texts: list[str]) -> Iterable[str]:
    from rich.progress import track

    screen = console(err=True)
    return track(texts, description="replay", console=screen, transient=True, disable=not screen.is_terminal)


def _report(tally: _Tally, count: int, seconds: float) -> dict[str, Any]:
    slow, number, text = tally.slowest
    return {
        "lines": count,
        "results": tally.results,
        "behaviours": {
            name: {"count": tally.behaviours[name], "share": round(tally.behaviours[name] / max(count, 1), 4)}
            for name in ("answer", "ask", "escalate", "silent")
        },
        "intents": {slug: {"count": n, "samples": tally.shown[slug]} for slug, n in _ordered(tally.intents)},
        "escalations": dict(_ordered(tally.reasons)),
        "rules": dict(_ordered(tally.rules)),
        "seconds": round(seconds, 2),
        "per_second": round(count / seconds, 1) if seconds else None,
        "peak_memory_mb": _peak_memory(),
        "slowest": {"line": number, "text": text, "ms": round(slow * 1000, 2)},
    }


def _ordered(counter: Counter[str]) -> list[tuple[str, int]]:
    """Most frequent first, equal ones by name."""
    return sorted(counter.items(), key=lambda item: (-item[1], item[0]))


def _peak_memory() -> float | None:
    """Megabytes this process has held at most; None where the system does not tell."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1024 * 1024 if sys.platform == "darwin" else 1024), 1)


def _show(screen: "Console", report: dict[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    screen.print(f"{report['lines']:,} lines in, {report['results']:,} results out")
    shares = Table("behaviour", "lines", "share")
    for name, found in report["behaviours"].items():
        shares.add_row(name, f"{found['count']:,}", f"{found['share']:.1%}")
    screen.print(shares)
    intents = Table("intent", "lines", "samples")
    for slug, found in report["intents"].items():
        samples = (f"{s['text']} → {s['reply'] or s['behaviour']}".replace("\n", " ") for s in found["samples"])
        intents.add_row(slug, f"{found['count']:,}", Text("\n".join(samples)))
    screen.print(intents)
    for title, key, most in (("escalated because", "escalations", _REASONS), ("gate findings", "rules", None)):
        counts = list(report[key].items())
        table = Table(title, "lines")
        for name, number in counts[:most]:
            table.add_row(Text(name), f"{number:,}")
        if most and len(counts) > most:
            table.add_row(f"… {len(counts) - most} other reasons", f"{sum(n for _, n in counts[most:]):,}")
        screen.print(table)
    memory = f", peak memory {report['peak_memory_mb']} MB" if report["peak_memory_mb"] is not None else ""
    screen.print(f"{report['seconds']} s, {report['per_second']} messages per second{memory}")
    slow = report["slowest"]
    screen.print(Text(f"slowest: line {slow['line']}, {slow['ms']} ms: {slow['text']}"))
