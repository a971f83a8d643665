"""``autoreply replay``."""

import json
from pathlib import Path

import pytest

from autoreply.cli.replay import _without_words

from .conftest import Call

LINES = ["能开发票吗", "转人工", "", "好的", "能开发票吗\r嗯\u2028", "乌鲁木齐包邮吗"]


def test_every_line_in_comes_out_in_order(autoreply: Call, tmp_path: Path) -> None:
    file = tmp_path / "lines.txt"
    file.write_bytes("\n".join(LINES).encode())
    ran = autoreply("replay", file, "--json", "--out", "results.jsonl")
    [report] = ran.lines
    rows = [json.loads(line) for line in (tmp_path / "results.jsonl").read_text(encoding="utf-8").split("\n") if line]
    assert [row["text"] for row in rows] == LINES
    assert [row["line"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert report["lines"] == report["results"] == sum(b["count"] for b in report["behaviours"].values()) == 6
    assert abs(sum(b["share"] for b in report["behaviours"].values()) - 1) < 0.001
    assert rows[1]["behaviour"] == "escalate"
    assert report["escalations"][rows[1]["reason"].replace(LINES[1], "…")] >= 1
    assert rows[2]["behaviour"] == "silent"
    assert {p.name for p in tmp_path.iterdir()} == {"lines.txt", "results.jsonl"}


def test_the_same_file_gives_the_same_results(autoreply: Call, tmp_path: Path) -> None:
    (tmp_path / "lines.txt").write_text("\n".join(LINES * 3), encoding="utf-8")
    for name in ("a", "b"):
        assert autoreply("replay", "lines.txt", "--out", name).code == 0
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_tsv_is_read_by_its_text_column(invoke: Call, tmp_path: Path) -> None:
    file = tmp_path / "labelled.tsv"
    file.write_text('source\ttext\tlabel\nx\t能开发票吗\tinvoice\nx\t说"转人工"\thuman\nx\n', encoding="utf-8")
    report = json.loads(invoke("replay", file, "--json", "--samples", "1").out)
    assert report["lines"] == 3
    [sample] = report["intents"]["invoice"]["samples"]
    assert (sample["text"], sample["behaviour"]) == ("能开发票吗", "answer")


def test_the_report_for_people(invoke: Call) -> None:
    ran = invoke("replay", "-", stdin="能开发票吗\n转人工\n")
    assert ran.code == 0
    for part in (
        "2 lines in, 2 results out",
        "50.0%",
        "能开发票吗 → ",
        "asks for a person, time 1: …",
        "messages per second",
        "slowest: line",
    ):
        assert part in ran.out


def test_an_empty_file_is_one_line(invoke: Call, tmp_path: Path) -> None:
    (tmp_path / "none.txt").touch()
    ran = invoke("replay", tmp_path / "none.txt")
    assert (ran.code, ran.out, ran.err) == (1, "", f"{tmp_path / 'none.txt'} is empty\n")
    assert invoke("replay", "-").err == "standard input is empty\n"


def test_a_chat_log_from_windows_is_read(invoke: Call, tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_bytes("能开发票吗\r\n转人工\r\n".encode("gb18030"))
    ran = invoke("replay", tmp_path / "log.txt", "--json")
    assert set(json.loads(ran.out)["intents"]) == {"invoice", "human"}
    assert ran.err == ""


def test_a_bad_byte_leaves_a_file_utf_8(invoke: Call, tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_bytes("能开发票吗\n转人工".encode() + b"\xff\n")
    ran = invoke("replay", tmp_path / "log.txt", "--json")
    assert ran.err == f"{tmp_path / 'log.txt'}: 1 places are not UTF-8; they are read as \ufffd\n"
    assert "invoice" in json.loads(ran.out)["intents"]


def test_a_file_that_is_not_there_is_one_line(invoke: Call, tmp_path: Path) -> None:
    ran = invoke("replay", tmp_path / "none.txt")
    assert (ran.code, ran.err) == (1, f"cannot read {tmp_path / 'none.txt'}: No such file or directory\n")


def test_real_messages_all_come_out(autoreply: Call, shared: Path) -> None:
    file = shared / "buyers_unlabelled.txt"
    some = b"\n".join(file.read_bytes().split(b"\n")[:500])
    [report] = autoreply("replay", "-", "--json", stdin=some).lines
    assert report["lines"] == report["results"] == 500


@pytest.mark.parametrize(
    ("reason", "text", "counted"),
    [
        ("refund asked about: 退款呢", "退款呢", "refund asked about: …"),
        ("urges; buyer: “快点”", "快点", "urges; buyer: “…”"),
        ("not understood: no intent", "o", "not understood: no intent"),
        ("the buyer sent a picture", "", "the buyer sent a picture"),
    ],
)
def test_reasons_of_a_kind_are_counted_as_one(reason: str, text: str, counted: str) -> None:
    assert _without_words(reason, text) == counted
