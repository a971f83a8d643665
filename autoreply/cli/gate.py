"""``autoreply gate``: what the compliance gate makes of a text that is to leave."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from autoreply.cli.common import config_option, console, lines, load, put, stdin_is_file, verbose_option
from autoreply.cli.formats import format_option, put_alerts

if TYPE_CHECKING:
    from rich.console import Console

    from autoreply.compliance import Gate
    from autoreply.model import Finding, Verdict

STYLES = {"block": "bold red", "rewrite": "yellow", "warn": "cyan", "pass": "green"}
"""Colours of actions and severities."""

_PATTERN = 72
"""Characters of a pattern that people are shown; programs get all."""


@click.command("gate")
@click.argument("texts", metavar="[TEXT]...", nargs=-1)
@config_option
@verbose_option()
@click.option("--jsonl", is_flag=True, help="An outgoing text per line on stdin; an object per line on stdout.")
@format_option
def command(texts: tuple[str, ...], config: Path | None, verbose: bool, jsonl: bool, form: str) -> None:
    """Judge texts for buyers by rules and shop facts.

    With a --format for programs and no TEXT, every line of stdin is one.

    With --jsonl every line of input gives one line of output:

    \b
      {"action": "block", "text": "", "findings": [{"rule": "off-contact",
       "severity": "block", "span": [2, 7], "matched": "…", "pattern": "…", "learned": false, "at_stake": [
       {"value": "…", "unit": "…", "source": "…", "since": null, "until": null, "confidence": "seed"}]}],
       "passed": []}

    \b
      action    pass, warn, rewrite or block
      text      what may leave: rewritten if need be, empty when blocked
      span      start and end in the text as written, in characters
      pattern   the pattern that matched, as its rulebook writes it; empty where none did
      learned   whether the second net found it and no pattern did
      passed    what a rule met and a setting, a record or the second net speaks for
      at_stake  what a violation may cost, each figure with its source

    \b
    Examples:
      autoreply gate 开发票需要另加税点
      autoreply gate --jsonl < replies.txt
      autoreply gate --format sarif < replies.txt
    """
    if jsonl and form != "table":
        raise click.UsageError("give either --jsonl or --format")
    if jsonl == bool(texts) and (texts or form == "table"):
        raise click.UsageError("give either TEXT or --jsonl")
    gate = load(config, verbose=verbose).brain.gate
    if form != "table":
        _put(form, gate, texts)
        return
    if jsonl:
        flush = not stdin_is_file()
        for line in lines(sys.stdin):
            put(as_data(gate.check(line)), flush=flush)
        return
    screen = console()
    for text in texts:
        show(screen, gate, text, gate.check(text))


def _put(form: str, gate: "Gate", texts: tuple[str, ...]) -> None:
    """All verdicts in one document."""
    from autoreply.review.alerts import of_finding
    from autoreply.review.sheets import Written

    given = texts or lines(sys.stdin)
    judged = [(Written("TEXT" if texts else "stdin", n, t, 1), gate.check(t)) for n, t in enumerate(given, 1)]
    if form == "json":
        put([{"line": w.line, "written": w.text, **as_data(v)} for w, v in judged])
    else:
        put_alerts(form, [of_finding(f, w) for w, v in judged for f in v.findings], gate.rulebook)


def as_data(verdict: "Verdict") -> dict[str, Any]:
    """A verdict as plain JSON data, as ``gate --jsonl`` prints it."""
    findings = [
        {
            "rule": f.rule,
            "severity": f.severity,
            "span": list(f.span),
            "matched": f.matched,
            "pattern": f.pattern,
            "learned": f.learned,
            "at_stake": [asdict(s) for s in f.at_stake],
        }
        for f in verdict.findings
    ]
    passed = [{"rule": f.rule, "span": list(f.span), "matched": f.matched, "by": f.backing} for f in verdict.backed]
    return {"action": verdict.action, "text": verdict.text, "findings": findings, "passed": passed}


def show(screen: "Console", gate: "Gate", text: str, verdict: "Verdict") -> None:
    """A verdict for people: the text with what was found underlined, then each finding with its rule."""
    from rich.text import Text

    marked = Text(text)
    for finding in verdict.findings:
        marked.stylize(f"underline {STYLES[finding.severity]}", *finding.span)
    screen.print(Text.assemble((f"{verdict.action:<8}", STYLES[verdict.action]), marked), soft_wrap=True)
    if not screen.is_terminal and verdict.findings:
        # Without colours the places are pointed at in a line of their own.
        screen.print(" " * 8 + pointers(text, verdict.findings), soft_wrap=True)
    if verdict.action == "rewrite":
        screen.print(Text(f"      → {verdict.text}", "green"), soft_wrap=True)
    for finding in verdict.findings:
        screen.print(_told(gate, finding), soft_wrap=True)
    for claim in verdict.backed:
        screen.print(f"  passes {claim.rule}: “{claim.matched}”, by {claim.backing}", soft_wrap=True)


def pointers(text: str, findings: "tuple[Finding, ...]") -> str:
    """A line of marks to stand below a text where there are no colours."""
    from rich.cells import cell_len

    found = {n for f in findings for n in range(*f.span)}
    return "".join(("~" if n in found else " ") * cell_len(c) for n, c in enumerate(text)).rstrip()


def _short(pattern: str) -> str:
    """Enough of a pattern to find it in its rulebook; some list a hundred words."""
    return pattern if len(pattern) <= _PATTERN else f"{pattern[: _PATTERN - 1]}…"


def _told(gate: "Gate", finding: "Finding") -> str:
    rule = gate.rulebook.rule(finding.rule)
    parts = [f"  {finding.severity} {finding.rule}{f' ({rule.name})' if rule else ''}: “{finding.matched}”"]
    parts += ["by likeness to known wordings, not by a pattern"] if finding.learned else []
    parts += [f"pattern: {_short(finding.pattern)}"] if finding.pattern else []
    parts += [f"at stake: {stake}" for stake in finding.at_stake]
    parts += [f"better: {finding.suggestion}"] if finding.suggestion else []
    return "\n    ".join(parts)
