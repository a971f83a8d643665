"""``autoreply eval``."""

import json
import re
from pathlib import Path

import pytest
from rich.cells import cell_len
from small_shop import write_small_shop

from autoreply.evaluation import report
from autoreply.understanding import semantic

from .conftest import Call

LINES = """labels\ttext
invoice\t给我来张电子票
courier\t默认用哪个快递
invoice\t说好昨天发的呢
none\t在地铁上
none\t镇上圆通送得到吗
invoice+courier\t单位抬头可以写进发票么，可不可以指定顺丰送
"""


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_shop(tmp_path_factory.mktemp("eval"))


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    file = tmp_path / "lines.tsv"
    file.write_text(LINES, "utf-8")
    return file


def test_json_holds_the_figures_and_every_line(invoke: Call, config: Path, lines: Path) -> None:
    ran = invoke("eval", lines, "--config", config, "--json")
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)
    scores = found["scores"]
    assert (scores["lines"], scores["with_intent"], scores["none"], scores["two"]) == (6, 4, 2, 1)
    assert scores["top1"] == 0.75
    assert scores["none_answered"] == 0.5
    assert [r["line"] for r in found["results"]] == [2, 3, 4, 5, 6, 7]
    assert found["results"][2]["answered"] == ["urge_shipping"]
    assert found["extras"] == (semantic.sentences().mark if semantic.available() else "")
    assert found["confusions"][0]["sample"] in ("说好昨天发的呢", "镇上圆通送得到吗")


@pytest.mark.parametrize("width", [80, 120])
def test_the_tables_fit_the_terminal(
    invoke: Call, config: Path, lines: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    base = lines.with_suffix(".json")
    base.write_text(invoke("eval", lines, "--config", config, "--json").out, "utf-8")
    lines.write_text(LINES.replace("invoice\t说好", "urge_shipping\t说好"), "utf-8")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(width))
    ran = invoke("eval", lines, "--config", config, "--compare", base)
    shown = re.sub(r"\x1b\[[0-9;]*m", "", ran.out).splitlines()
    assert f"matched by words {'and use3' if semantic.available() else 'alone'}" in "\n".join(shown)
    assert [line for line in shown if cell_len(line) > width] == []
    for part in ("top-1 right", "urge_shipping", "镇上圆通送得到吗", "none answered", "0.9–1.0", "6 as before"):
        assert any(part in line for line in shown), part


def test_a_floor_that_does_not_hold_fails(invoke: Call, config: Path, lines: Path) -> None:
    held = invoke("eval", lines, "--config", config, "--fail-under", "top1=0.7,coverage=0.5")
    assert (held.code, held.err) == (0, "")
    ran = invoke(
        "eval", lines, "--config", config, "--fail-under", "top1=0.8", "--fail-over", "none_answered=0.08,ece=1"
    )
    assert (ran.code, ran.err) == (1, "top1 is 0.75, under 0.8\nnone_answered is 0.5, over 0.08\n")


def test_a_floor_under_what_no_line_shows_fails(invoke: Call, config: Path, tmp_path: Path) -> None:
    file = tmp_path / "one.tsv"
    file.write_text("text\tlabels\n给我来张电子票\tinvoice\n", "utf-8")
    ran = invoke("eval", file, "--config", config, "--fail-under", "both_found=0.1")
    assert (ran.code, ran.err) == (1, "both_found cannot be told: no line shows it\n")


@pytest.mark.parametrize(
    ("floor", "told"),
    [("top=0.8", "did you mean 'top1'?"), ("top1", "top1 needs a number"), ("top1=80", "between 0 and 1")],
)
def test_a_floor_that_means_nothing_is_a_mistake(invoke: Call, floor: str, told: str) -> None:
    ran = invoke("eval", "lines.tsv", "--fail-under", floor)
    assert ran.code == 2
    assert told in ran.err


def test_changes_against_an_earlier_run(invoke: Call, config: Path, lines: Path) -> None:
    base = lines.with_suffix(".json")
    base.write_text(invoke("eval", lines, "--config", config, "--json").out, "utf-8")
    strict = config.with_name("strict.toml")
    strict.write_text("[understanding]\nthreshold = 0.99\n", "utf-8")  # then an example word for word is too unsure
    ran = invoke("eval", lines, "--config", strict, "--compare", base, "--json")
    compared = json.loads(ran.out)["compared"]
    worse = {c["after"]["text"] for c in compared["worse"]}
    better = {c["after"]["text"] for c in compared["better"]}
    assert {"给我来张电子票", "默认用哪个快递"} <= worse
    assert {"说好昨天发的呢", "镇上圆通送得到吗"} == better
    told = invoke("eval", lines, "--config", strict, "--compare", base).out
    assert "right: invoice" in told
    assert "unanswered: invoice" in told


def test_a_base_that_is_no_report_is_one_line(invoke: Call, lines: Path, tmp_path: Path) -> None:
    ran = invoke("eval", lines, "--compare", tmp_path / "none.json")
    assert (ran.code, ran.err) == (1, f"cannot read {tmp_path / 'none.json'}: No such file or directory\n")
    ran = invoke("eval", lines, "--compare", lines)
    assert ran.code == 1
    assert ran.err.startswith(f"{lines} is no output of eval --json: ")
    assert ran.err.count("\n") == 1


def test_labels_that_the_catalogue_lacks_are_told_with_their_lines(invoke: Call, config: Path, tmp_path: Path) -> None:
    file = tmp_path / "wrong.tsv"
    file.write_text("text\tlabels\n能开票不\tinvoce\n啥快递\tcouriers\n", "utf-8")
    ran = invoke("eval", file, "--config", config)
    assert ran.code == 1
    assert ran.err.splitlines() == [
        f"{file}:2: labels: 'invoce' is no intent of this catalogue; did you mean 'invoice'?",
        f"{file}:3: labels: 'couriers' is no intent of this catalogue; did you mean 'courier'?",
        "2 problems",
    ]


def test_the_examples_themselves_are_held_out_in_turn(invoke: Call, config: Path) -> None:
    ran = invoke("eval", "--cross-validate", "--folds", "2", "--config", config, "--json")
    found = json.loads(ran.out)
    assert found["source"] == "cross-validation in 2 parts"
    assert found["scores"]["lines"] == 32
    assert not [r for r in found["results"] if r["confidence"] == 0.98 and r["labels"] == ["courier"]]


def test_either_a_file_or_a_cross_validation(invoke: Call, lines: Path) -> None:
    assert invoke("eval").code == 2
    assert invoke("eval", lines, "--cross-validate").code == 2


def test_the_html_report_is_written(invoke: Call, config: Path, lines: Path) -> None:
    pytest.importorskip("plotly")
    page = lines.with_suffix(".html")
    ran = invoke("eval", lines, "--config", config, "--html", page)
    assert (ran.code, ran.err) == (0, f"report: {page}\n")
    assert "镇上圆通送得到吗" in page.read_text("utf-8")


def test_without_plotly_the_html_report_is_refused_at_once(
    invoke: Call, lines: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "find_spec", lambda name: None)
    ran = invoke("eval", lines, "--html", lines.with_suffix(".html"))
    assert ran.code == 1
    assert "pip install 'autoreply[report]'" in ran.err
    assert not lines.with_suffix(".html").exists()


def test_real_messages_are_understood(invoke: Call, shared: Path) -> None:
    floors = ("--fail-under", "top1=0.8,coverage95=0.5,precision=0.95,both_found=0.5")
    ran = invoke("eval", shared / "dev.tsv", *floors, "--fail-over", "none_answered=0.08")
    assert ran.code == 0, ran.err
