"""``autoreply lint``: a file of quick replies or chat logs before the gate, and what it puts at stake."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

import click

from autoreply.cli.common import (
    Stop,
    config_option,
    console,
    count,
    load_settings,
    note,
    put,
    set_up_logs,
    verbose_option,
)
from autoreply.cli.formats import format_option, put_alerts

if TYPE_CHECKING:
    from autoreply.compliance import Gate
    from autoreply.facts import Platform
    from autoreply.review.sheets import Written
    from autoreply.review.summary import Judged, RuleCount, Sample, Stake, Summary

_PLATFORMS = ("taobao", "tmall", "pdd", "douyin", "jd")
_IN_HTML = 20
"""Samples of each rule in the HTML report."""
_PROGRESS_FROM = 2000
"""Texts from which a bar is worth showing."""


@click.command("lint")
@click.argument(
    "files",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
)
@config_option
@verbose_option()
@format_option
@click.option("--column", metavar="NAME", help="Column that holds the texts, where its name does not tell.")
@click.option(
    "--where", metavar="COLUMN=VALUE", multiple=True, help="Read only such rows, such as the shop's own lines."
)
@click.option(
    "--platform",
    "platforms",
    type=click.Choice(_PLATFORMS),
    multiple=True,
    help="Platforms whose rules hold; without it the shop's.",
)
@click.option("--samples", type=click.IntRange(0, 100), default=2, show_default=True, help="Samples of each rule.")
@click.option(
    "--html", type=click.Path(dir_okay=False, path_type=Path), help="Write a report here, one page by itself."
)
@click.option(
    "--fail-on",
    type=click.Choice(("block", "rewrite", "warn")),
    help="Exit code 1 when a text has a finding as grave as that; without it only for what cannot be read.",
)
def command(
    files: tuple[Path, ...],
    config: Path | None,
    verbose: bool,
    form: str,
    column: str | None,
    where: tuple[str, ...],
    platforms: tuple[str, ...],
    samples: int,
    html: Path | None,
    fail_on: str | None,
) -> None:
    """Judge files of quick replies or chat logs.

    FILE is .txt with a text per line, or .csv, .tsv or .xlsx with a column of texts, found by its name (text, reply,
    回复, 内容, 话术, 答案 …) or told by --column; - is stdin, a text per line. UTF-8, GB18030 (GBK) and UTF-16 with
    its mark are told apart. In a chat log take the shop's side alone: --where 角色=客服.

    Claims are compared with the facts of the shop's settings; without a settings file no fact is known, and nothing
    that needs one passes. At stake are the catalogue's figures, each rule that was broken counted once.

    \b
    Examples:
      autoreply lint replies.txt
      autoreply lint quick_replies.xlsx --column 话术 --html report.html
      autoreply lint chats.csv --where 角色=客服 --platform tmall
      autoreply lint replies.csv --format sarif --fail-on block > replies.sarif
    """
    set_up_logs(verbose)
    texts = _read(files, column, where)
    gate = _gate(config, platforms)
    judged = _judge(gate, texts)
    _report(gate, judged, form, samples)
    if html is not None:
        _write_html(html, gate, judged, files)
    if fail_on is not None and _as_grave(judged, fail_on):
        sys.exit(1)


def _read(files: Iterable[Path], column: str | None, where: Sequence[str]) -> "list[Written]":
    """All texts of all files."""
    from autoreply.review.sheets import Choice, Unreadable, lines_of, read_texts

    conditions = dict(w.partition("=")[::2] for w in where)
    if any("=" not in w for w in where):
        raise click.UsageError("--where takes COLUMN=VALUE")
    found: list[Written] = []
    for file in files:
        if str(file) == "-":
            found += lines_of("stdin", sys.stdin)
            continue
        try:
            texts, remarks = read_texts(file, Choice(column, conditions))
        except Unreadable as e:
            raise Stop(str(e)) from e
        found += texts
        for remark in remarks:
            note(remark)
    return found


def _gate(config: Path | None, platforms: tuple[str, ...]) -> "Gate":
    """The shop's gate. The shipped example's facts are nobody's: without a settings file the shop has said nothing."""
    from autoreply.compliance import Gate, load_rulebook, shipped_rulebooks
    from autoreply.facts import Shop
    from autoreply.tomlfile import read

    shop, own = Shop(), []
    if config is not None or Path("config.toml").exists():
        settings, folder = load_settings(config)
        shop, own = settings.shop, sorted((folder / settings.folders.rulebooks).glob("*.toml"))
    today = datetime.now(ZoneInfo(shop.timezone)).date()
    rulebook = load_rulebook([read(path) for path in [*shipped_rulebooks(), *own]], today=today, run_tests=False)
    for warning in rulebook.warnings:
        note(str(warning))
    chosen = cast("tuple[Platform, ...]", platforms) or (shop.platform,)
    return Gate(rulebook, shop.on(today), platforms=chosen)


def _judge(gate: "Gate", texts: "list[Written]") -> "list[Judged]":
    """A verdict for each text; the same words are judged once."""
    from rich.progress import track

    from autoreply.model import Verdict
    from autoreply.review.summary import Judged

    known: dict[str, Verdict] = {}
    judged = []
    screen = console(err=True)
    hidden = not screen.is_terminal or len(texts) < _PROGRESS_FROM
    for written in track(texts, description="lint", console=screen, transient=True, disable=hidden):
        verdict = known.get(written.text)
        if verdict is None:
            verdict = known[written.text] = gate.check(written.text)
        judged.append(Judged(written, verdict))
    return judged


def _as_grave(judged: "list[Judged]", severity: str) -> bool:
    from autoreply.model import Severity
    from autoreply.review.summary import GRAVEST_FIRST

    grave = GRAVEST_FIRST[: GRAVEST_FIRST.index(Severity(severity)) + 1]
    return any(f.severity in grave for one in judged for f in one.verdict.findings)


# Reports -----------------------------------------------------------------------------------------------------------


def _report(gate: "Gate", judged: "list[Judged]", form: str, samples: int) -> None:
    from autoreply.review.alerts import of_finding
    from autoreply.review.summary import summarise

    if form in ("sarif", "github"):
        put_alerts(form, [of_finding(f, one.written) for one in judged for f in one.verdict.findings], gate.rulebook)
        return
    summary = summarise(judged, gate.rulebook, samples=samples)
    if form == "json":
        put(_as_data(gate, judged, summary))
    else:
        _show(summary)


def _as_data(gate: "Gate", judged: "list[Judged]", summary: "Summary") -> dict[str, Any]:
    from autoreply.cli.gate import as_data

    found = [
        {"file": one.written.file, "line": one.written.line, "written": one.written.text, **as_data(one.verdict)}
        for one in judged
        if one.verdict.findings
    ]
    rules = [
        {k: v for k, v in asdict(rule).items() if k != "samples"} | {"share": round(rule.texts / summary.texts, 4)}
        for rule in summary.rules
    ]
    return {
        "texts": summary.texts,
        "empty": summary.empty,
        "distinct": summary.distinct,
        "actions": summary.actions,
        "rules": rules,
        "at_stake": [_stake_data(stake) for stake in summary.stakes],
        "rulebook": gate.rulebook.version,
        "platforms": sorted(gate.platforms),
        "found": found,
    }


def _stake_data(stake: "Stake") -> dict[str, Any]:
    return {
        "unit": stake.unit,
        "low": None if stake.low is None else float(stake.low),
        "high": None if stake.high is None else float(stake.high),
        "rules": [{"rule": rule, **asdict(figure)} for rule, figure in stake.parts],
    }


def _show(summary: "Summary") -> None:
    from rich.table import Table
    from rich.text import Text

    from autoreply.cli.gate import STYLES

    screen = console()
    empty = f", {summary.empty:,} of them empty" if summary.empty else ""
    screen.print(f"{count(summary.texts, 'text')} read{empty}, {summary.distinct:,} different")
    shares = (
        (f"{action} {number:,} ({number / max(summary.texts, 1):.1%})", STYLES[action])
        for action, number in summary.actions.items()
    )
    screen.print(Text("  ").join(Text(*share) for share in shares))
    if not summary.rules:
        return
    table = Table("severity", "rule", "texts", "at stake")
    for rule in summary.rules:
        stakes = "\n".join(map(str, rule.at_stake)) or "–"
        cells = (f"{rule.rule} {rule.name}", f"{rule.texts:,}", stakes)
        table.add_row(Text(rule.severity, STYLES[rule.severity]), *(Text(cell) for cell in cells))
    screen.print(table)
    _show_stakes(summary)
    for rule in summary.rules:
        if rule.samples:
            screen.print(Text.assemble((f"{rule.severity} ", STYLES[rule.severity]), f"{rule.rule} ({rule.name_en})"))
        for sample in rule.samples:
            _show_sample(rule, sample)


def _show_stakes(summary: "Summary") -> None:
    from rich.text import Text

    screen = console()
    if summary.stakes:
        screen.print("at stake, each rule that is broken counted once, what is only warned of left out:")
    for stake in summary.stakes:
        if stake.high is None:
            total, parts = "", [f"{rule} [{figure.source}]" for rule, figure in stake.parts]
        else:
            total = f"{stake.low:,} to {stake.high:,} " if stake.low != stake.high else f"{stake.high:,} "
            parts = [f"{rule} {figure.value} [{figure.source}]" for rule, figure in stake.parts]
        screen.print(Text(f"  {total}{stake.unit}: {', '.join(parts)}"), soft_wrap=True)


def _show_sample(rule: "RuleCount", sample: "Sample") -> None:
    from rich.text import Text

    from autoreply.cli.gate import STYLES, pointers

    screen = console()
    text = sample.written.text.replace("\r", " ").replace("\n", " ")
    where = f"  {sample.written.file}:{sample.written.line}: "
    marked = Text(text)
    for finding in sample.findings:
        marked.stylize(f"underline {STYLES[rule.severity]}", *finding.span)
    times = f"  ({sample.times} times)" if sample.times > 1 else ""
    screen.print(Text.assemble((where, "dim"), marked, (times, "dim")), soft_wrap=True)
    if not screen.is_terminal:
        screen.print(" " * Text(where).cell_len + pointers(text, sample.findings), soft_wrap=True)
    if sample.better:
        screen.print(Text(f"    → {sample.better}", "green"), soft_wrap=True)


def _write_html(path: Path, gate: "Gate", judged: "list[Judged]", files: Sequence[Path]) -> None:
    from autoreply.review.html import report
    from autoreply.review.summary import summarise

    page = report(
        summarise(judged, gate.rulebook, samples=_IN_HTML),
        [str(f) for f in files],
        gate.rulebook.version,
        sorted(gate.platforms),
    )
    try:
        path.write_text(page, encoding="utf-8", newline="\n", errors="replace")
    except OSError as e:
        raise Stop(f"cannot write {path}: {e.strerror}") from e
    note(f"report: {path}")
