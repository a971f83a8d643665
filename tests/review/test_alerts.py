"""SARIF and GitHub annotations: what their readers need is there, and no text can break out of a line."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoreply.app import App
from autoreply.model import AtStake, Finding, Severity
from autoreply.review.alerts import Alert, github, of_finding, of_problem, sarif
from autoreply.review.sheets import Written
from autoreply.tomlfile import Problem

STAKE = AtStake("6", "points", "S3")
TEXT = "😀可以加我微信详聊"
FINDING = Finding("off-contact", Severity.BLOCK, 3, 7, TEXT[3:7], (STAKE,), "有问题在这里联系我们")


def test_a_finding_says_where_and_what_and_what_instead() -> None:
    alert = of_finding(FINDING, Written("a.txt", 7, TEXT, 1))
    assert (alert.level, alert.columns) == ("error", (4, 8))
    assert alert.message == (
        "is blocked by off-contact: “加我微信”; at stake: 6 points (S3); better: 有问题在这里联系我们"
    )


def test_in_a_table_no_column_is_told() -> None:
    assert of_finding(FINDING, Written("a.csv", 7, TEXT)).columns is None


def test_sarif_holds_rules_results_and_places(app: App) -> None:
    rulebook = app.brain.gate.rulebook
    problem = Problem("config.toml", 3, "shop.name", "is too long", "warning")
    alerts = [of_finding(FINDING, Written("回复 1.txt", 7, TEXT, 1)), of_problem(problem)]
    log = sarif(alerts, rulebook, "1.2.3")
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("autoreply", "1.2.3")
    assert [driver["rules"][r["ruleIndex"]]["id"] for r in run["results"]] == [r["ruleId"] for r in run["results"]]
    assert [r["level"] for r in run["results"]] == ["error", "warning"]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert unquote(place["artifactLocation"]["uri"]) == "回复 1.txt"
    assert place["artifactLocation"]["uri"].isascii()
    region = place["region"]
    assert TEXT[region["startColumn"] - 1 : region["endColumn"] - 1] == region["snippet"]["text"] == "加我微信"
    assert run["results"][0]["properties"]["atStake"][0]["source"] == "S3"
    assert run["results"][1]["message"]["text"] == "shop.name: is too long"
    prints = {r["partialFingerprints"]["autoreply/v1"] for r in run["results"]}
    assert len(prints) == 2


def test_a_fingerprint_survives_a_shift_of_lines() -> None:
    logs = [sarif([of_finding(FINDING, Written("a.txt", n, TEXT, 1))], None, "1") for n in (7, 8)]
    first, second = (log["runs"][0]["results"][0]["partialFingerprints"] for log in logs)
    assert first == second


def test_github_annotations_name_files_from_the_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (line,) = github([of_finding(FINDING, Written(str(tmp_path / "texts" / "a.txt"), 7, TEXT, 1))])
    assert line.startswith("::error file=texts/a.txt,line=7,col=4,endColumn=7,title=autoreply off-contact::is blocked")


def test_what_is_only_warned_of_is_a_notice() -> None:
    warning = Finding("style-but", Severity.WARN, 0, 2, "但是")
    assert github([of_finding(warning, Written("a.txt", 1, "但是可以", 1))])[0].startswith("::notice ")


_COMMAND = re.compile(r"::(error|warning|notice) file=([^,:\n]*),line=1,title=autoreply ([^,:\n]*)::([^\r\n]*)")


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_text_breaks_out_of_its_annotation(file: str, message: str) -> None:
    (line,) = github([Alert(f"x{file}", 1, "error", "rule", message)])
    found = _COMMAND.fullmatch(line)
    assert found
    told = found[4].replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
    assert told == message
