"""Reading texts: encodings, columns, rows, and nothing lost on the way."""

import csv
import io
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoreply.review.sheets import Choice, Unreadable, Written, decoded, read_texts

LINES = "您好，可以开发票的。\n好评返现五元哦\n"
HEAD = ["编号", "回复内容", "回复时间"]
TABLE = [HEAD, ["1", "您好，在的", "10:00"], ["2", "两行的\n话术", "10:01"], ["3", "含,逗号", "10:02"]]


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def as_csv(rows: list[list[str]]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_the_encoding_is_found_out(tmp_path: Path, encoding: str) -> None:
    texts, remarks = read_texts(write(tmp_path / "replies.txt", LINES, encoding))
    assert [(t.line, t.text) for t in texts] == [(1, "您好，可以开发票的。"), (2, "好评返现五元哦")]
    assert remarks == []


def test_a_damaged_utf8_file_stays_utf8_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "replies.txt"
    path.write_bytes(LINES.encode() + b"\xff\xfe\n")
    texts, remarks = read_texts(path)
    assert [t.text for t in texts] == [*LINES.splitlines(), "\ufffd\ufffd"]
    assert remarks == [f"{path}: 2 places are not UTF-8; they are read as \ufffd"]


@given(st.text(st.characters(codec="utf-8"), max_size=80))
def test_any_text_comes_back_from_utf8(text: str) -> None:
    assert decoded(b"\xef\xbb\xbf" + text.encode()) == (text, [])


@given(st.binary(max_size=200))
def test_any_bytes_are_some_text(raw: bytes) -> None:
    text, _ = decoded(raw)
    assert isinstance(text, str)


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=20), min_size=1))
def test_each_line_is_one_text(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    path = tmp_path_factory.mktemp("lines") / "replies.txt"
    texts, _ = read_texts(write(path, "".join(f"{line}\n" for line in lines), "utf-8-sig"))
    assert [t.text for t in texts] == lines
    assert [t.line for t in texts] == list(range(1, len(lines) + 1))


def test_the_column_of_texts_is_found_by_its_name(tmp_path: Path) -> None:
    path = write(tmp_path / "replies.csv", as_csv(TABLE), "gb18030")
    texts, _ = read_texts(path)
    assert texts == [
        Written(str(path), 2, "您好，在的"),
        Written(str(path), 3, "两行的\n话术"),
        Written(str(path), 5, "含,逗号"),
    ]


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12), min_size=1))
def test_every_cell_comes_back_from_csv(tmp_path_factory: pytest.TempPathFactory, cells: list[str]) -> None:
    path = tmp_path_factory.mktemp("cells") / "replies.csv"
    texts, _ = read_texts(write(path, as_csv([["n", "text"], *(["1", c] for c in cells)]), "utf-8-sig"))
    assert [t.text for t in texts] == cells


def test_a_quotation_mark_in_tsv_is_a_character(tmp_path: Path) -> None:
    path = write(tmp_path / "replies.tsv", 'text\tlabel\n"亲，在的\tgreeting\n好的\tthanks\n')
    assert [t.text for t in read_texts(path)[0]] == ['"亲，在的', "好的"]


def test_a_single_column_needs_no_head(tmp_path: Path) -> None:
    assert len(read_texts(write(tmp_path / "a.csv", "您好\n在的\n"))[0]) == 2
    assert len(read_texts(write(tmp_path / "b.csv", "话术\n您好\n在的\n"))[0]) == 2


def test_a_column_can_be_named(tmp_path: Path) -> None:
    path = write(tmp_path / "replies.csv", "场景,说法\n开场,您好\n")
    assert [t.text for t in read_texts(path, Choice("说法"))[0]] == ["您好"]


def test_rows_can_be_chosen_by_another_column(tmp_path: Path) -> None:
    path = write(tmp_path / "chat.csv", "角色,内容\n买家,在吗\n客服,您好\n买家,能便宜吗\n")
    texts, _ = read_texts(path, Choice(where={"角色": "客服"}))
    assert [(t.line, t.text) for t in texts] == [(3, "您好")]


@pytest.mark.parametrize(
    ("name", "text", "choice", "told"),
    [
        (
            "a.csv",
            "场景,说法\n开场,您好\n",
            Choice(),
            "no telling which column holds the texts: 场景、说法; choose one",
        ),
        ("a.csv", "标准回复,备用回复\n您好,在的\n", Choice(), "several columns may hold the texts: 标准回复、备用回复"),
        ("a.csv", "场景,说法\n开场,您好\n", Choice("说发"), "no column '说发'; there are: 场景、说法"),
        ("a.csv", "text,role\nx,y\n", Choice("txt"), "did you mean 'text'?"),
        ("a.txt", "您好\n", Choice("说法"), "has no columns"),
        ("a.xls", "", Choice(), "save it as .xlsx or .csv"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path: Path, name: str, text: str, choice: Choice, told: str) -> None:
    path = write(tmp_path / name, text)
    with pytest.raises(Unreadable) as e:
        read_texts(path, choice)
    assert str(path) in str(e.value)
    assert told in str(e.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="No such file"):
        read_texts(tmp_path / "nothing.csv")


def test_a_workbook_is_read_with_all_its_sheets(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in TABLE:
        book.active.append(row)
    more = book.create_sheet("更多")
    more.append(["话术"])
    more.append(["好的，请稍等"])
    book.create_sheet("统计").append(["a", "b"])
    path = tmp_path / "replies.xlsx"
    book.save(path)
    texts, remarks = read_texts(path)
    assert [t.text for t in texts] == ["您好，在的", "两行的\n话术", "含,逗号", "好的，请稍等"]
    assert (texts[-1].file, texts[-1].line) == (f"{path}#更多", 2)
    assert len(remarks) == 1
    assert "统计" in remarks[0]


def test_a_broken_workbook_is_told(tmp_path: Path) -> None:
    pytest.importorskip("openpyxl")
    with pytest.raises(Unreadable, match=r"is no \.xlsx that can be read"):
        read_texts(write(tmp_path / "replies.xlsx", "PK\x03\x04 no workbook"))


def test_without_the_optional_part_a_workbook_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(Unreadable, match=r"autoreply\[xlsx\]"):
        read_texts(write(tmp_path / "replies.xlsx", ""))
