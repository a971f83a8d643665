"""Labelled lines and messages, read from files."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoreply.evaluation.lines import Labelled, read_labelled, read_texts
from autoreply.tomlfile import ProblemsFound

KNOWN = {"invoice", "courier", "refund"}


def test_labels_are_joined_by_plus_and_other_columns_are_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "lines.tsv"
    file.write_text("source\tlabels\ttext\na\tinvoice+courier\t发票和快递\na\tnone\t嗯哪\n\n", "utf-8-sig")
    assert read_labelled(file, KNOWN) == [
        Labelled(2, "发票和快递", ("invoice", "courier")),
        Labelled(3, "嗯哪", ("none",)),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
def test_a_file_is_read_in_the_encoding_that_its_program_wrote(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "lines.tsv"
    file.write_bytes("text\tlabels\r\n怎么开票呀\tinvoice\r\n退的钱呢\trefund\r\n".encode(encoding))
    assert [(x.text, x.labels) for x in read_labelled(file, KNOWN)] == [
        ("怎么开票呀", ("invoice",)),
        ("退的钱呢", ("refund",)),
    ]


def test_every_problem_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "lines.tsv"
    file.write_text("text\tlabels\na\tinvoce\nb\tnone+refund\nc\nd\trefund+refund\ne\tcourier\n", "utf-8")
    with pytest.raises(ProblemsFound) as raised:
        read_labelled(file, KNOWN)
    assert [str(p).removeprefix(f"{file}:") for p in raised.value.problems] == [
        "2: labels: 'invoce' is no intent of this catalogue; did you mean 'invoice'?",
        "3: labels: none stands alone",
        "4: has 1 columns, 2 expected",
        "5: labels: names an intent twice",
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [("", "text and labels missing"), ("text\n嗯\n", "labels missing"), ("text\tlabels\n\n", "holds no labelled line")],
)
def test_a_file_without_labelled_lines_is_a_problem(tmp_path: Path, content: str, told: str) -> None:
    file = tmp_path / "lines.tsv"
    file.write_text(content, "utf-8")
    with pytest.raises(ProblemsFound, match=told):
        read_labelled(file, KNOWN)


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(ProblemsFound, match="cannot be read: No such file"):
        read_texts(tmp_path / "none.txt")


def test_messages_come_from_lines_or_from_the_text_column(tmp_path: Path) -> None:
    plain, table = tmp_path / "plain.txt", tmp_path / "table.tsv"
    plain.write_bytes("在哪发货\r\n\n 有\u2028货 \n".encode())
    table.write_text("text\tfrom\n在哪发货\tx\n\tx\n", "utf-8")
    assert read_texts(plain) == ["在哪发货", " 有\u2028货 "]
    assert read_texts(table) == ["在哪发货"]


@given(st.binary(max_size=300))
def test_any_bytes_are_lines_or_problems(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any.tsv"
    file.write_bytes(b"text\tlabels\n" + data)
    read_texts(file)
    try:
        lines = read_labelled(file, KNOWN)
    except ProblemsFound as e:
        places = [p.line for p in e.problems]
    else:
        places = [line.line for line in lines]
        assert all(set(line.labels) <= {*KNOWN, "none"} for line in lines)
    assert places
    assert all(1 <= place <= data.count(b"\n") + 2 for place in places)
