"""``autoreply understand``: what texts mean, before any plugin or rule has a say."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from autoreply.cli.common import config_option, console, lines, load, put, stdin_is_file, verbose_option

if TYPE_CHECKING:
    from autoreply.app import App
    from autoreply.model import Understanding


@click.command("understand")
@click.argument("texts", metavar="[TEXT]...", nargs=-1)
@config_option
@verbose_option()
@click.option("--jsonl", is_flag=True, help="A message per line on stdin; an object per line on stdout.")
def command(texts: tuple[str, ...], config: Path | None, verbose: bool, jsonl: bool) -> None:
    """Say what messages mean: tokens, intents, slots.

    With --jsonl every line of input, an empty one too, gives one line of output:

    \b
      {"text": "…", "tokens": ["…"], "intents": [{"slug": "invoice", "confidence": 0.98}],
       "slots": {"city": "…"}, "decision": "answer", "answered": ["invoice"]}

    \b
      intents    best first; confidence 0 to 1
      slots      the first value of each
      decision   answer, ask, escalate or silent, by threshold and margin alone
      answered   the intents that are sure enough to be acted on

    \b
    Examples:
      autoreply understand 能开发票吗 几点前付款今天发
      autoreply understand --jsonl < messages.txt
    """
    if jsonl == bool(texts):
        raise click.UsageError("give either TEXT or --jsonl")
    app = load(config, verbose=verbose)
    if not jsonl:
        _table(app, texts)
        return
    flush = not stdin_is_file()
    for line in lines(sys.stdin):
        put(_found(app.brain.understander.understand(line[: app.brain.text_length]), line), flush=flush)


def _found(understanding: "Understanding", text: str) -> dict[str, Any]:
    return {
        "text": text,
        "tokens": list(understanding.tokens),
        "intents": [{"slug": m.slug, "confidence": round(m.confidence, 4)} for m in understanding.matches],
        "slots": {s.name: s.value for s in reversed(understanding.slots)},
        "decision": understanding.decision,
        "answered": list(understanding.answered),
    }


def _table(app: "App", texts: tuple[str, ...]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table("text", "tokens", "intents", "slots", "decision")
    for text in texts:
        found = app.brain.understander.understand(text[: app.brain.text_length])
        intents = "\n".join(f"{m.slug} {m.confidence:.2f}" for m in found.matches[:3])
        slots = "\n".join(f"{s.name} = {s.value}" for s in found.slots)
        decision = f"{found.decision}\n{found.reason}"
        table.add_row(*(Text(cell) for cell in (text, " ".join(found.tokens), intents, slots, decision)))
    console().print(table)
