"""One HTML file with all figures of a run: plots by plotly, whose JavaScript stands in the file; nothing is fetched."""

from collections.abc import Mapping
from importlib.resources import files
from importlib.util import find_spec
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from autoreply.model import NONE

from .compare import Comparison
from .scores import AIM, Report, Scores

CONFUSED = 15
"""Intents that the plot of confusions shows: those that are mistaken most."""
_LAYOUT = {
    "height": 420,
    "margin": {"l": 60, "r": 20, "t": 20, "b": 60},
    "legend": {"orientation": "h", "y": 1.08},
    "font": {"family": "system-ui, sans-serif"},
}


def available() -> bool:
    """Whether plotly is installed (extra ``report``)."""
    return find_spec("plotly") is not None


def html(report: Report, names: Mapping[str, str], comparison: Comparison | None = None) -> str:
    """The whole page. ``names`` are the intents' names by slug. Needs plotly; see :func:`available`."""
    from plotly.offline import get_plotlyjs

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["percent"] = percent
    page = environment.from_string(files(__package__).joinpath("report.html").read_text(encoding="utf-8"))
    return page.render(
        report=report,
        headline=headline(report.scores, report.threshold, report.margin),
        names={NONE: "", **names},
        wrong=[r for r in report.results if r.worth == "wrong"],
        comparison=comparison,
        plotly=Markup(get_plotlyjs()),  # noqa: S704 - the library's own code
        curve=_plot("curve", *_curve(report)),
        reliability=_plot("reliability", *_reliability(report)),
        confusions=_plot("confusions", *_confusions(report)) if report.confusions else "",
    )


def percent(share: float | None) -> str:
    """``93.4%``, or a dash where there is nothing to tell."""
    return "–" if share is None else f"{share:.1%}"


def headline(scores: Scores, threshold: float, margin: float) -> list[tuple[str, str, str]]:
    """The figures of a run for people: what is measured, the figure, and over what."""
    at = f"at {scores.threshold95:.3f}" if scores.threshold95 is not None else "no threshold gives it"
    intent = f"{scores.with_intent:,} lines with an intent"
    two = f"{scores.two:,} lines with two intents"
    return [
        ("top-1 right", percent(scores.top1), intent),
        ("answered (coverage)", percent(scores.coverage), f"{intent}; threshold {threshold:g}, margin {margin:g}"),
        ("answers right (precision)", percent(scores.precision), f"{scores.answers:,} answers"),
        (f"coverage at {AIM:.0%} precision", percent(scores.coverage95), f"{intent}; {at}"),
        ("lines without an intent answered", percent(scores.none_answered), f"{scores.none:,} such lines"),
        ("both intents found", percent(scores.both_found), two),
        ("both intents answered", percent(scores.both_answered), two),
        ("calibration error (ECE)", percent(scores.ece), f"{scores.lines:,} lines"),
    ]


Figure = tuple[list[dict[str, Any]], dict[str, Any]]
"""Traces and layout, as plotly.js takes them."""


def _plot(name: str, traces: list[dict[str, Any]], layout: dict[str, Any]) -> Markup:
    from plotly.io import to_html

    figure = {"data": traces, "layout": _LAYOUT | layout}
    shown = to_html(
        figure,
        config={"displaylogo": False, "responsive": True},
        include_plotlyjs=False,
        full_html=False,
        div_id=f"plot-{name}",
        validate=False,
    )
    return Markup(shown)  # noqa: S704 - plotly escapes what stands in the figure


def _curve(report: Report) -> Figure:
    scores, points = report.scores, report.curve
    sweep = {
        "name": "any threshold",
        "x": [p.coverage for p in points],
        "y": [p.precision for p in points],
        "customdata": [[p.threshold, p.none_answered] for p in points],
        "mode": "lines+markers",
        "marker": {"size": 5},
        "hovertemplate": "threshold %{customdata[0]:.3f}<br>coverage %{x:.1%}<br>precision %{y:.1%}"
        "<br>none answered %{customdata[1]:.1%}<extra></extra>",
    }
    now = {
        "name": f"as set: threshold {report.threshold:g}, margin {report.margin:g}",
        "x": [scores.coverage],
        "y": [scores.precision],
        "mode": "markers",
        "marker": {"size": 12, "symbol": "diamond"},
        "hovertemplate": "coverage %{x:.1%}<br>precision %{y:.1%}<extra></extra>",
    }
    low = min([AIM, *(p.precision for p in points)])
    layout = {
        "xaxis": {"title": {"text": "coverage: lines with an intent that are answered"}, "range": [0, 1.01]}
        | {"tickformat": ".0%"},
        "yaxis": {"title": {"text": "precision of all answers"}, "range": [low - 0.02, 1.005], "tickformat": ".0%"},
        "shapes": [{"type": "line", "x0": 0, "x1": 1, "y0": AIM, "y1": AIM, "line": {"dash": "dot", "width": 1}}],
    }
    return [sweep, now], layout


def _reliability(report: Report) -> Figure:
    bins = [b for b in report.reliability if b.lines]
    right = {
        "name": "share right",
        "x": [b.confidence for b in bins],
        "y": [b.right for b in bins],
        "customdata": [b.lines for b in bins],
        "mode": "lines+markers",
        "hovertemplate": "confidence %{x:.2f}<br>right %{y:.1%}<br>%{customdata} lines<extra></extra>",
    }
    lines = {
        "name": "lines",
        "type": "bar",
        "x": [(b.low + b.high) / 2 for b in report.reliability],
        "y": [b.lines for b in report.reliability],
        "width": 0.09,
        "opacity": 0.25,
        "yaxis": "y2",
        "hovertemplate": "%{y} lines<extra></extra>",
    }
    ideal = {"type": "line", "x0": 0, "x1": 1, "y0": 0, "y1": 1, "line": {"dash": "dot", "width": 1}}
    layout = {
        "xaxis": {"title": {"text": "confidence"}, "range": [0, 1]},
        "yaxis": {"title": {"text": "share right"}, "range": [0, 1.02], "tickformat": ".0%"},
        "yaxis2": {"title": {"text": "lines"}, "overlaying": "y", "side": "right", "showgrid": False},
        "margin": {**_LAYOUT["margin"], "r": 60},  # type: ignore[dict-item]  # the margins are a dict
        "shapes": [ideal],
    }
    return [right, lines], layout


def _confusions(report: Report) -> Figure:
    lost: dict[str, int] = {}
    for c in report.confusions:
        for slug in (c.label, c.taken_for):
            lost[slug] = lost.get(slug, 0) + c.lines
    slugs = sorted(lost, key=lambda s: (-lost[s], s))[:CONFUSED]
    counts = {(c.label, c.taken_for): c.lines for c in report.confusions}
    matrix = {
        "type": "heatmap",
        "x": slugs,
        "y": slugs,
        "z": [[counts.get((label, taken)) for taken in slugs] for label in slugs],
        "colorscale": "Blues",
        "reversescale": True,
        "hovertemplate": "%{y} taken for %{x}: %{z} lines<extra></extra>",
        "hoverongaps": False,
    }
    layout = {
        "height": 560,
        "xaxis": {"title": {"text": "taken for"}, "automargin": True},
        "yaxis": {"title": {"text": "label"}, "automargin": True, "autorange": "reversed"},
    }
    return [matrix], layout
