"""``autoreply lint``."""

import json
from pathlib import Path

import pytest

from .conftest import Call

FINE = "您好，在的，请问有什么可以帮您？"
AWAY = "可以的，加我微信详聊。"
YOU = "你可以在订单页看一下"


@pytest.fixture
def replies(tmp_path: Path) -> Path:
    path = tmp_path / "replies.txt"
    path.write_text(f"{FINE}\n{AWAY}\n\n{YOU}\n{AWAY}\n", encoding="utf-8")
    return path


def test_people_get_counts_stakes_and_the_place_pointed_at(invoke: Call, replies: Path) -> None:
    ran = invoke("lint", replies)
    assert ran.code == 0
    assert "5 texts read, 1 of them empty, 4 different" in ran.out
    assert "block 2 (40.0%)" in ran.out
    assert "closure of the shop, possible: off-contact [" in ran.out
    lines = ran.out.splitlines()
    at = next(n for n, line in enumerate(lines) if AWAY in line)
    assert lines[at].startswith(f"  {replies}:2: {AWAY}")
    assert lines[at].endswith("(2 times)")
    assert set(lines[at + 1].strip()) == {"~"}
    assert lines[at + 2].strip().startswith("→ ")
    assert "    → 您可以在订单页看一下" in lines


@pytest.mark.parametrize(
    ("texts", "severity", "code"),
    [
        ([AWAY], "block", 1),
        ([YOU], "block", 0),
        ([YOU], "rewrite", 1),
        ([AWAY], "rewrite", 1),
        ([FINE], "warn", 0),
        ([YOU], "warn", 1),
    ],
)
def test_how_grave_a_finding_fails_is_chosen(
    invoke: Call, tmp_path: Path, texts: list[str], severity: str, code: int
) -> None:
    path = tmp_path / "replies.txt"
    path.write_text("\n".join(texts), encoding="utf-8")
    assert invoke("lint", path, "--fail-on", severity).code == code
    assert invoke("lint", path).code == 0


def test_json_counts_every_text_and_tells_where_each_finding_is(invoke: Call, replies: Path) -> None:
    report = json.loads(invoke("lint", replies, "--format", "json").out)
    assert (report["texts"], report["empty"], report["distinct"]) == (5, 1, 4)
    assert sum(report["actions"].values()) == 5
    assert [(f["line"], f["action"]) for f in report["found"]] == [(2, "block"), (4, "rewrite"), (5, "block")]
    found = report["found"][0]
    span = found["findings"][0]["span"]
    assert found["written"][slice(*span)] == found["findings"][0]["matched"]
    rules = {r["rule"]: r for r in report["rules"]}
    assert (rules["off-contact"]["texts"], rules["off-contact"]["share"]) == (2, 0.4)
    assert all(figure["source"] for stake in report["at_stake"] for figure in stake["rules"])


def test_sarif_and_github_point_into_the_file(invoke: Call, replies: Path) -> None:
    log = json.loads(invoke("lint", replies, "--format", "sarif").out)
    results = log["runs"][0]["results"]
    assert [r["locations"][0]["physicalLocation"]["region"]["startLine"] for r in results] == [2, 4, 5]
    lines = invoke("lint", replies, "--format", "github").out.splitlines()
    assert [line.split(" ")[0] for line in lines] == ["::error", "::warning", "::error"]
    assert [line.split(",")[0].split("=")[1] for line in lines] == [replies.name] * 3


def test_the_html_report_is_written_beside_the_rest(invoke: Call, replies: Path) -> None:
    page = replies.parent / "report.html"
    ran = invoke("lint", replies, "--html", page)
    assert f"report: {page}" in ran.err
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert "微信</mark>" in text
    assert f"{replies}:2" in text


def test_a_chat_log_is_read_for_the_shops_side_alone(invoke: Call, tmp_path: Path) -> None:
    path = tmp_path / "chat.csv"
    path.write_bytes(f"角色,内容\r\n买家,加微信聊吧\r\n客服,{FINE}\r\n".encode("gb18030"))
    report = json.loads(invoke("lint", path, "--where", "角色=客服", "--format", "json").out)
    assert (report["texts"], report["found"]) == (1, [])


def test_stdin_is_a_text_per_line(invoke: Call) -> None:
    report = json.loads(invoke("lint", "-", "--format", "json", stdin=f"{FINE}\n{AWAY}\n").out)
    assert [(f["file"], f["line"]) for f in report["found"]] == [("stdin", 2)]


def test_facts_of_the_shop_back_its_claims(invoke: Call, tmp_path: Path) -> None:
    path = tmp_path / "replies.txt"
    path.write_text("下单满39元包邮\n", encoding="utf-8")
    config = tmp_path / "config.toml"
    config.write_text("[shop.freight]\nfree_over = 39\n", encoding="utf-8")
    backed = json.loads(invoke("lint", path, "--config", config, "--format", "json").out)
    config.write_text("[shop.freight]\nfree_over = 99\n", encoding="utf-8")
    differs = json.loads(invoke("lint", path, "--config", config, "--format", "json").out)
    assert backed["actions"]["block"] == 0
    assert differs["actions"]["block"] == 1


def test_a_platform_brings_its_own_figures(invoke: Call, tmp_path: Path) -> None:
    path = tmp_path / "replies.txt"
    path.write_text("发票要另加税点的\n", encoding="utf-8")
    units = {}
    for platform in ("tmall", "pdd"):
        report = json.loads(invoke("lint", path, "--platform", platform, "--format", "json").out)
        units[platform] = {stake["unit"] for stake in report["at_stake"]}
    assert "points" in units["tmall"]
    assert "points" not in units["pdd"]


def test_what_cannot_be_read_is_one_line_and_exit_code_1(invoke: Call, tmp_path: Path) -> None:
    path = tmp_path / "replies.csv"
    path.write_text("场景,说法\n开场,您好\n", encoding="utf-8")
    ran = invoke("lint", path)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.splitlines() == [
        f"{path}: no telling which column holds the texts: 场景、说法; choose one with --column"
    ]


def test_thousands_of_real_replies_are_all_counted(invoke: Call, shared: Path, tmp_path: Path) -> None:
    path = shared / "seller_replies.txt"
    report = json.loads(invoke("lint", path, "--format", "json", "--html", tmp_path / "r.html").out)
    assert report["texts"] == path.read_text(encoding="utf-8").rstrip("\n").count("\n") + 1
    assert sum(report["actions"].values()) == report["texts"]
