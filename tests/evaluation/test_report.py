"""The HTML report stands alone."""

from html.parser import HTMLParser

import pytest

from autoreply.evaluation.compare import compare
from autoreply.evaluation.report import headline, html
from autoreply.evaluation.scores import report

from .conftest import Seen

pytest.importorskip("plotly")


class Page(HTMLParser):
    """Tags with their attributes, and the text outside scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._hidden = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._hidden = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = False

    def handle_data(self, data: str) -> None:
        self.text += "" if self._hidden else f"{data} "


def test_the_report_fetches_nothing_and_shows_the_plots(seen: Seen) -> None:
    results = [seen("invoice", "invoice", 0.9), seen("courier", "invoice", 0.85), seen("none", "none", 0.7)]
    whole = report(results, source="lines.tsv", catalogue="0123456789abcdef", threshold=0.8, margin=0.2)
    page = Page(html(whole, {"invoice": "发票", "courier": "快递"}))
    assert not [(tag, attrs) for tag, attrs in page.tags if tag in ("link", "img", "iframe") or "src" in attrs]
    policy = next(a["content"] for t, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert {a.get("id") for t, a in page.tags if t == "div"} >= {"plot-curve", "plot-reliability", "plot-confusions"}
    for part in ("lines.tsv", "50.0%", "发票", "Wrong answers: 1"):
        assert part in page.text


def test_what_buyers_wrote_is_text_and_no_markup(seen: Seen) -> None:
    text = "<script>alert(1)</script>&<b>票</b>"
    outcome = seen("courier", "invoice", 0.85, text=text)
    whole = report([outcome], source=text, catalogue="c", threshold=0.8, margin=0.2)
    page = Page(html(whole, {}))
    assert page.text.count(text) == 4  # title, heading, confusion, wrong answer
    assert "b" not in [tag for tag, _ in page.tags]


def test_a_comparison_shows_the_changed_lines(seen: Seen) -> None:
    numbers = {"source": "lines.tsv", "threshold": 0.8, "margin": 0.2}
    base = report([seen("invoice", "courier", 0.9, text="票寄哪")], catalogue="earlier", **numbers)
    now = report([seen("invoice", "invoice", 0.9, text="票寄哪")], catalogue="later", **numbers)
    text = " ".join(Page(html(now, {}, compare(base, now))).text.split())
    assert "1 lines better, 0 worse" in text
    assert "better 票寄哪 invoice wrong: courier right: invoice" in text


def test_a_run_over_nothing_has_a_report_too() -> None:
    whole = report([], source="empty", catalogue="c", threshold=0.8, margin=0.2)
    assert "top-1 right – 0 lines" in " ".join(Page(html(whole, {})).text.split())
    assert {figure for _, figure, _ in headline(whole.scores, 0.8, 0.2)} == {"–"}
