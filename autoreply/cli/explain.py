"""``autoreply explain``: one message, taken all the way, with every reason."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from autoreply.cli.common import Stop, config_option, console, json_option, load, put, verbose_option
from autoreply.cli.gate import as_data, show

if TYPE_CHECKING:
    from rich.console import Console

    from autoreply.app import App
    from autoreply.compliance import Duty
    from autoreply.model import Understanding, Verdict
    from autoreply.pipeline import Result


@click.command("explain")
@click.argument("text")
@config_option
@verbose_option()
@json_option
def command(text: str, config: Path | None, verbose: bool, as_json: bool) -> None:
    """Say why a buyer's message is answered as it is. Nothing is sent or kept.

    Shows the text as it is read, its tokens and slots, the intents with their confidence, what came nearest and by
    which features, the gap between the best two against threshold and margin, the decision, who answers, the reply,
    and what the gate found. Of a text that no intent is sure of: which example or keyword it would need.

    \b
    Examples:
      autoreply explain 能开发票吗要加税点不
      autoreply explain --json 能便宜点吗
    """
    if not text.strip():
        raise Stop("TEXT is empty; there is nothing to explain")
    app = load(config, verbose=verbose)
    understanding, result = _taken(app, text)
    if as_json:
        put(_as_data(app, understanding, result))
    else:
        screen = console()
        _show_understanding(screen, app, understanding)
        _show_decision(screen, app, result)


def _taken(app: "App", text: str) -> "tuple[Understanding, Result]":
    from autoreply import pipeline
    from autoreply.channels.stdio import kept
    from autoreply.clock import SystemClock
    from autoreply.model import ConversationKey, Message, Turn

    brain, now = app.brain, SystemClock().now()
    key = ConversationKey("explain", brain.shop.id, "1")
    turn = Turn(key, (Message(key, "1", "buyer", kept(text), received_at=now),))
    result = asyncio.run(pipeline.run(brain, turn, {}, now=now))
    return brain.understander.understand(turn.text[: brain.text_length]), result


def _handler(app: "App", slug: str) -> str:
    """Who answers an intent."""
    if entry := app.plugins.handlers.get(slug):
        return f"plugin {entry.plugin}"
    intent = app.brain.catalogue.intents[slug]
    return f"the canned answers of {intent.answer_files.get('default', intent.file)}"


def _as_data(app: "App", understanding: "Understanding", result: "Result") -> dict[str, Any]:
    understander = app.brain.understander
    return {
        "text": understanding.text,
        "clean": understanding.clean,
        "tokens": list(understanding.tokens),
        "slots": [{"name": s.name, "value": s.value, "span": [s.start, s.end]} for s in understanding.slots],
        "intents": [
            {
                "slug": m.slug,
                "confidence": round(m.confidence, 4),
                "nearest": m.example,
                "features": {name: round(share, 4) for name, share in m.features.items()},
            }
            for m in understanding.matches
        ],
        "gap": round(understanding.gap, 4),
        "threshold": understander.threshold,
        "margin": understander.margin,
        "decision": understanding.decision,
        "reason": understanding.reason,
        "answered": list(understanding.answered),
        "needed": _needed(app, understanding),
        "handlers": {slug: _handler(app, slug) for slug in result.intents},
        "behaviour": result.behaviour,
        "handover": {"reason": result.handover.reason, "priority": result.handover.priority}
        if result.handover
        else None,
        "replies": [spoken.released.text for spoken in result.replies],
        "gate": [{"draft": step["text"], **as_data(_verdict(app, step))} for step in _gate_steps(result)],
        "duties": [{"duty": d.duty, "rule": d.rule, "matched": d.matched} for d in _duties(app, understanding.text)],
        "rules": list(result.rules),
    }


def _needed(app: "App", understanding: "Understanding") -> dict[str, Any] | None:
    """What the nearest intent would need to answer the text; None where one does."""
    advice = app.brain.understander.advise(understanding.text)
    if advice is None:
        return None
    return {
        "slug": advice.slug,
        "file": f"{app.settings.folders.intents.as_posix()}/{advice.slug}.toml",
        "unknown": list(advice.unknown),
        "add": [
            {"key": r.key, "text": r.text, "confidence": r.confidence, "decision": r.decision} for r in advice.remedies
        ],
    }


def _gate_steps(result: "Result") -> list[dict[str, Any]]:
    return [step for step in result.trace.steps if step["stage"] == "gate"]


def _duties(app: "App", text: str) -> "tuple[Duty, ...]":
    return app.brain.gate.duties(text)


def _show_understanding(screen: "Console", app: "App", understanding: "Understanding") -> None:
    from rich.table import Table
    from rich.text import Text

    facts = Table.grid(padding=(0, 2))
    facts.add_row("as written", Text(understanding.text))
    facts.add_row("as read", Text(understanding.clean))
    facts.add_row("tokens", Text(" | ".join(understanding.tokens)))
    for slot in understanding.slots:
        facts.add_row("slot", Text(f"{slot.name} = {slot.value}  at {slot.start}:{slot.end}"))
    for duty in _duties(app, understanding.text):
        facts.add_row("duty", Text(f"{duty.duty} ({duty.rule}): “{duty.matched}”"))
    screen.print(facts)
    candidates = Table("intent", "confidence", "nearest", "features", title="candidates", title_justify="left")
    for match in understanding.matches:
        shares = "  ".join(f"{name} {share:+.2f}" for name, share in match.features.items())
        style = "bold green" if match.slug in understanding.answered else ""
        name = app.brain.catalogue.intents[match.slug].name if match.slug in app.brain.catalogue.intents else ""
        cells = (f"{match.slug} {name}".strip(), f"{match.confidence:.3f}", match.example, shares)
        candidates.add_row(*(Text(cell) for cell in cells), style=style)
    screen.print(candidates)
    understander = app.brain.understander
    numbers = f"gap {understanding.gap:.3f}; threshold {understander.threshold:g}, margin {understander.margin:g}"
    screen.print(numbers)
    screen.print(f"understood: {understanding.decision} ({understanding.reason})")
    if needed := _needed(app, understanding):
        screen.print(Text(f"to be answered as {needed['slug']}, if that is what it means:", "bold"))
        if needed["unknown"]:
            screen.print(Text(f"  no example of {needed['slug']} holds: {' | '.join(needed['unknown'])}"))
        for remedy in needed["add"]:
            told = f"  add to {remedy['key']} in {needed['file']}: “{remedy['text']}”"
            screen.print(Text(f"{told} (confidence {remedy['confidence']:.2f}, {remedy['decision']})"), soft_wrap=True)


def _show_decision(screen: "Console", app: "App", result: "Result") -> None:
    from rich.text import Text

    for step in result.trace.steps:
        if step["stage"] == "decide" and step["intent"]:
            detail = f": {step['detail']}" if step["detail"] else ""
            screen.print(f"{step['intent']} → {_handler(app, step['intent'])} → {step['outcome']}{detail}")
    screen.print(Text(f"behaviour: {result.behaviour}", "bold"))
    if result.handover is not None:
        screen.print(Text(f"a person takes over ({result.handover.priority}): {result.handover.reason}", "yellow"))
    for spoken in result.replies:
        screen.print(Text(f"reply: {spoken.released.text}", "green"), soft_wrap=True)
    for step in _gate_steps(result):
        screen.print("gate:")
        show(screen, app.brain.gate, step["text"], _verdict(app, step))


def _verdict(app: "App", step: dict[str, Any]) -> "Verdict":
    """The verdict of a step of the trace, with what the trace leaves out: at stake and suggestion."""
    from autoreply.model import Action, Finding, Severity, Verdict

    gate, findings = app.brain.gate, []
    for found in step["findings"]:
        rule = gate.rulebook.rule(found["rule"])
        figures = [s for s in rule.at_stake if not s.platforms or gate.platforms & set(s.platforms)] if rule else []
        stakes = tuple(s.figure() for s in figures)
        suggestion = rule.suggestion if rule else ""
        start, end = found["span"]
        severity = Severity(found["severity"])
        findings.append(Finding(found["rule"], severity, start, end, found["matched"], stakes, suggestion))
    return Verdict(Action(step["action"]), step["left"], tuple(findings))
