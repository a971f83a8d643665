"""``autoreply chat``: be the buyer, in the terminal or by a file of events."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from autoreply.cli.common import config_option, console, dumps, lines, load, put, verbose_option

if TYPE_CHECKING:
    from rich.console import Console

    from autoreply.app import App
    from autoreply.cli.session import Session
    from autoreply.pipeline import Result


@click.command("chat")
@config_option
@verbose_option("--trace", text="Show what was understood and why; more log lines on stderr.")
@click.option("--jsonl", is_flag=True, help="Events on stdin, decisions on stdout, one JSON object a line.")
@click.option("--strict", is_flag=True, help="With --jsonl: exit code 1 when a line was no event.")
def command(config: Path | None, verbose: bool, jsonl: bool, strict: bool) -> None:
    """Type as a buyer and read the answers; nothing is sent or kept. Ctrl-D ends.

    With --jsonl a program plays the buyers and the shop's people. Each line of input is one of

    \b
      {"conversation": "c1", "buyer_id": "b1", "text": "…", "kind": "text", "at": 0}
      {"conversation": "c1", "agent": "…", "at": 30}

    \b
      conversation  which one; without it "chat"
      buyer_id      who writes; without it "buyer"
      text          what the buyer says; may be left out unless kind is text
      kind          text (without it), image or card
      agent         what a person of the shop says: the bot is silent from then on
      at            seconds; without it 10 more than on the line before (0 on the first)
      message_id    the platform's id of the message: taken once; without it each line is new

    Each decision is one line of output:

    \b
      {"conversation": "c1", "behaviour": "answer", "replies": ["…"],
       "intents": ["invoice"], "rules": [], "messages": 1, "at": 1.5}

    \b
      behaviour     answer, ask, escalate, hold (a holding line, the answer follows) or silent
      replies       what the buyer reads
      intents       what was acted upon
      rules         compliance rules that the gate found in drafts of this decision
      messages      how many of the buyer's messages the decision is about
      at            when it was made, on the same axis as the conversation's events

    A line that is no event gives {"error": "…", "line": 3}, and the next one is read.

    Time runs on the at values and never on the wall clock: lines close together are merged, a person's silence
    expires, and after the last line time runs on until nothing is due. Values below 1000000000 count from Wednesday
    11 March 2026, 10:00, in the shop's time zone; larger ones are seconds since 1970. Give the events in order of
    time; one that lies before the last sets the clock back after all that waited was done, so that recorded
    conversations may follow one another, each from 0.

    \b
    Examples:
      autoreply chat
      autoreply chat --jsonl < events.jsonl
    """
    app = load(config, verbose=verbose)
    if jsonl:
        bad = _replay(app)
        sys.exit(1 if bad and strict else 0)
    _converse(app, trace=verbose)


def _replay(app: "App") -> int:
    """Feed stdin to the engine; returns how many lines were no events."""
    from autoreply.cli.events import BadEvent, Replay, parse

    replay, bad = Replay(app, put), 0
    with replay.session:
        for number, line in enumerate(lines(sys.stdin), 1):
            if not line.strip():
                continue
            try:
                event = parse(line)
            except BadEvent as e:
                bad += 1
                put({"error": str(e), "line": number})
                continue
            replay.feed(event)
        replay.finish()
    return bad


def _converse(app: "App", *, trace: bool) -> None:
    """One conversation in the terminal. Nobody waits for a buyer who may still be typing: answers come at once."""
    from dataclasses import replace

    from autoreply.cli.session import Session
    from autoreply.clock import SystemClock

    at_once = app.settings.conversation.model_copy(update={"merge_window": 0.0})
    app = replace(app, settings=app.settings.model_copy(update={"conversation": at_once}))
    screen = console()
    if sys.stdin.isatty():
        screen.print(f"{app.brain.shop.name} — type as a buyer; Ctrl-D ends", style="dim")
    with Session(app, SystemClock(), decided=lambda result: _show(screen, result, trace=trace)) as session:
        while (text := _typed()) is not None:
            if text.strip():
                session.do(_said(session, text))


async def _said(session: "Session", text: str) -> None:
    await session.channel.say("chat", text)
    await session.settle()


def _typed() -> str | None:
    """The next line, None at the end of input."""
    if sys.stdin.isatty():
        try:
            return input("> ")
        except (EOFError, KeyboardInterrupt):
            click.echo()
            return None
    return next(lines(sys.stdin), None)


def _show(screen: "Console", result: "Result", *, trace: bool) -> None:
    from textwrap import indent

    from rich.text import Text

    if trace:
        for step in result.trace.steps:
            seen = "  ".join(f"{k}: {dumps(v)}" for k, v in step.items() if k != "stage" and v not in ("", [], {}))
            screen.print(Text(f"  {step['stage']:<10}  {seen}", "dim"), soft_wrap=True)
    for spoken in result.replies:
        screen.print(Text(indent(spoken.released.text, "  "), "green"), soft_wrap=True)
    if result.handover is not None:
        line = f"  ⇢ a person, priority {result.handover.priority}: {result.handover.reason}"
        screen.print(Text(line, "yellow"), soft_wrap=True)
    elif not result.replies:
        screen.print(Text(f"  ⇢ silence: {result.trace.of('decide').get('detail', '')}", "dim"), soft_wrap=True)
