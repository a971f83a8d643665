"""Every problem of a TOML file is told with the line on which an operator finds it."""

import json
import tomllib
from collections.abc import Iterator
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, ValidationError

from autoreply.tomlfile import Place, Problem, ProblemsFound, TomlFile, did_you_mean, dotted, read, read_folders


def written(folder: Path, text: str) -> TomlFile:
    path = folder / "shop.toml"
    path.write_text(text, encoding="utf-8")
    return read(path)


def refused(folder: Path, content: str | bytes) -> Problem:
    path = folder / "shop.toml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(ProblemsFound) as caught:
        read(path)
    (problem,) = caught.value.problems
    return problem


# Lines -------------------------------------------------------------------------------------------------------------

EVERYTHING = '''\
# a comment with [brackets] = and "quotes"
name = "店"  # and another
[shop]
id = "main"
"quoted key" = 1
'literal.key' = 2
"with \\" quote" = 3
dotted.key.here = 4
text = """
[not.a.table]
not_a_key = "x" \\
"""
more = \'\'\'one
two\'\'\'
list = [
  "a", # [
  { x = 1, y = "]" }, "b",

  [1, 2,
   3],
]
inline = { left = 1, right = { deep = [1] } }
[shop.hours]
open = 09:00:00
[[goods]]
title = "first"
[[goods]]
title = "second"
  [goods.price]
  yuan = 1.50
  [[goods.sizes]]
  size = "S"
  [[goods.sizes]]
  size = "M"
[ "odd [name]" . sub ]
key = 1979-05-27 07:32:00
'''


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("name",), 2),
        (("shop",), 3),
        (("shop", "id"), 4),
        (("shop", "quoted key"), 5),
        (("shop", "literal.key"), 6),
        (("shop", 'with " quote'), 7),
        (("shop", "dotted"), 8),
        (("shop", "dotted", "key", "here"), 8),
        (("shop", "text"), 9),
        (("shop", "more"), 13),
        (("shop", "list"), 15),
        (("shop", "list", 0), 16),
        (("shop", "list", 1), 17),
        (("shop", "list", 1, "y"), 17),
        (("shop", "list", 2), 17),
        (("shop", "list", 3), 19),
        (("shop", "list", 3, 2), 20),
        (("shop", "inline", "right", "deep", 0), 22),
        (("shop", "hours"), 23),
        (("shop", "hours", "open"), 24),
        (("goods",), 25),
        (("goods", 0, "title"), 26),
        (("goods", 1), 27),
        (("goods", 1, "title"), 28),
        (("goods", 1, "price", "yuan"), 30),
        (("goods", 1, "sizes", 0), 31),
        (("goods", 1, "sizes", 1, "size"), 34),
        (("odd [name]",), 35),
        (("odd [name]", "sub", "key"), 36),
    ],
)
def test_a_place_has_the_line_on_which_it_is_written(tmp_path: Path, place: Place, line: int) -> None:
    assert written(tmp_path, EVERYTHING).lines[place] == line


def test_what_is_not_written_is_told_where_it_would_stand(tmp_path: Path) -> None:
    file = written(tmp_path, EVERYTHING)
    assert file.line(("shop", "hours", "close")) == 23
    assert file.line(("goods", 1, "price", "currency")) == 29
    assert file.line(("nothing", "of", "this")) == 1


def test_only_line_feeds_count_as_lines(tmp_path: Path) -> None:
    path = tmp_path / "shop.toml"
    path.write_bytes("a = 'x\u2028y\x85z'\r\nb = 2\r\n".encode())
    assert read(path).lines == {("a",): 1, ("b",): 2}


def places_of(data: Any, here: Place = ()) -> Iterator[Place]:
    """Every place of parsed data."""
    children = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for name, value in children:
        yield (*here, name)
        yield from places_of(value, (*here, name))


letters = st.characters(codec="utf-8", exclude_characters="\r")
names = st.text(letters, max_size=4)
scalars = (
    st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False)
    | st.text(letters, max_size=8)
    | st.times().map(lambda t: t.replace(fold=0))
    | st.dates(date(1900, 1, 1))
)
tables = st.recursive(
    st.dictionaries(names, scalars, max_size=3),
    lambda inner: st.dictionaries(
        names, scalars | inner | st.lists(scalars, max_size=3) | st.lists(inner, min_size=1, max_size=2), max_size=3
    ),
    max_leaves=12,
)


class Writer:
    """Writes data as TOML in one of the many ways there are, and knows on which line it put what."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.text = ""
        self.lines: dict[Place, int] = {}

    def write(self, words: str) -> None:
        self.text += words

    def note(self, place: Place) -> None:
        self.lines[place] = self.text.count("\n") + 1

    def name(self, name: str) -> str:
        quoted = [json.dumps(name, ensure_ascii=False).replace("\x7f", "\\u007f")]
        if name and name.isascii() and name.replace("-", "_").isidentifier():
            quoted.append(name)
        if name.isprintable() and "'" not in name:
            quoted.append(f"'{name}'")
        return self.draw(st.sampled_from(quoted))

    def scalar(self, value: Any) -> str:
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, (date, time)):
            return value.isoformat()
        if not isinstance(value, str):
            return repr(value)
        plain = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        return self.draw(st.sampled_from([plain, f'"""\n{plain[1:-1]}"""', f'"""{plain[1:-1]}\\\n  """']))

    def value(self, value: Any, place: Place, *, inline: bool = False) -> None:
        gaps = ["", " "] if inline else ["", " ", "\n", "\n\n  # a ] comment = \n"]
        if isinstance(value, dict):
            self.write("{ ")
            for n, (name, inner) in enumerate(value.items()):
                self.write(", " if n else "")
                self.pair(name, inner, place, inline=True)
            self.write(" }")
        elif isinstance(value, list):
            self.write("[")
            for n, inner in enumerate(value):
                self.write((", " if n else "") + self.draw(st.sampled_from(gaps)))
                self.note((*place, n))
                self.value(inner, (*place, n), inline=inline)
            self.write(self.draw(st.sampled_from(gaps)) + "]")
        else:
            self.write(self.scalar(value))

    def pair(self, name: str, value: Any, place: Place, *, inline: bool = False) -> None:
        self.note((*place, name))
        self.write(f"{self.name(name)} = ")
        self.value(value, (*place, name), inline=inline)

    def table(self, data: dict[str, Any], place: Place, header: str) -> None:
        later: list[tuple[str, Any]] = []
        for name, value in data.items():
            tables_only = isinstance(value, list) and value and all(isinstance(v, dict) for v in value)
            if (isinstance(value, dict) or tables_only) and self.draw(st.booleans()):
                later.append((name, value))
            else:
                self.pair(name, value, place)
                self.write(self.draw(st.sampled_from(["\n", "  # and [a.comment]\n", "\n\n"])))
        for name, value in later:
            full = f"{header}.{self.name(name)}".lstrip(".")
            for n, inner in enumerate(value) if isinstance(value, list) else ((None, value),):
                within = (*place, name) if n is None else (*place, name, n)
                if not n:
                    self.note((*place, name))
                self.note(within)
                self.write(f"[{full}]\n" if n is None else f"[[{full}]] # {n}\n")
                self.table(inner, within, full)


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, dict[Place, int]]:
    writer = Writer(draw)
    writer.table(draw(tables), (), "")
    return writer.text, writer.lines


@given(documents())
def test_every_place_of_any_file_has_its_line(
    tmp_path_factory: pytest.TempPathFactory, document: tuple[str, dict[Place, int]]
) -> None:
    text, lines = document
    file = written(tmp_path_factory.getbasetemp(), text)
    assert set(lines) == set(places_of(tomllib.loads(text)))
    assert file.lines == lines


@given(st.text(st.sampled_from("[]{}=.,\"'#ab1\n \\：“")) | st.text(), st.binary(max_size=4))
def test_a_file_is_read_or_its_problems_are_told(
    tmp_path_factory: pytest.TempPathFactory, text: str, junk: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass") + junk)
    problems: tuple[Problem, ...] = ()
    try:
        file = read(path)
        assert set(file.lines) == set(places_of(file.data))
    except ProblemsFound as e:
        problems = e.problems
    assert all(1 <= p.line <= path.read_bytes().count(b"\n") + 2 and p.message for p in problems)


# What cannot be read ------------------------------------------------------------------------------------------------


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(ProblemsFound, match=r"none\.toml:1: no such file"):
        read(tmp_path / "none.toml")
    with pytest.raises(ProblemsFound, match="cannot be read"):
        read(tmp_path)


def test_another_encoding_is_told_with_its_line(tmp_path: Path) -> None:
    problem = refused(tmp_path, 'name = "a"\nshop = "坚果"\n'.encode("gbk"))
    assert (problem.line, problem.message) == (2, "is not UTF-8; save it as UTF-8 in the editor")


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "shop.toml"
    path.write_bytes(b"\xef\xbb\xbfa = 1")
    assert read(path).data == {"a": 1}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a = 1\nb = \n", 2, "Invalid value"),
        ("a = 1\na = 2\n", 2, "Cannot overwrite a value"),
        ("a = 1\n\nb = [1,\n", 4, "is not valid TOML"),
        ("a = 1\ncutoff = 16:00\n", 2, "a time is written with seconds, such as 16:00:00"),
        ("name = “坚果铺”\n", 1, "texts stand in straight quotes"),
        ("x = " + "[" * 20_000, 1, "is nested too deeply"),
        ("x = " + "9" * 5000, 1, "is not valid TOML"),
    ],
)
def test_a_mistake_in_the_writing_is_told_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    problem = refused(tmp_path, text)
    assert (problem.line, words in problem.message) == (line, True), problem


# What does not fit a model ------------------------------------------------------------------------------------------


class Item(BaseModel):
    model_config = ConfigDict(extra="forbid")
    weight: int
    label: str = ""


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid")
    items: tuple[Item, ...] = ()
    either: int | bool = 1
    lookup: dict[str, int] = {}


def problems_of(folder: Path, text: str) -> list[str]:
    file = written(folder, text)
    with pytest.raises(ValidationError) as caught:
        Model.model_validate(file.data)
    return [str(p).rpartition("shop.toml:")[2] for p in file.problems(caught.value, Model)]


def test_each_kind_of_mistake_has_its_line_and_words(tmp_path: Path) -> None:
    text = '[[items]]\nlabel = "a"\n[[items]]\nweight = "heavy"\nlabbel = "b"\n[lookup]\nx = "y"\n[extra.deep]\na = 1\n'
    assert problems_of(tmp_path, text) == [
        "1: items[0].weight: is required and missing",
        "4: items[1].weight: input should be a valid integer, unable to parse string as an integer, got 'heavy'",
        "5: items[1].labbel: is not a known setting; did you mean 'label'?",
        "7: lookup.x: input should be a valid integer, unable to parse string as an integer, got 'y'",
        "8: extra: is not a known setting",
    ]


def test_which_of_several_types_was_tried_is_no_place(tmp_path: Path) -> None:
    assert {line.split(" input")[0] for line in problems_of(tmp_path, "\neither = 'neither'\n")} == {"2: either:"}


def test_a_long_value_is_told_in_short(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, f"[lookup]\nx = '{'长' * 400}'\n")
    assert len(problem) < 150


def test_names_as_operators_read_them() -> None:
    assert dotted(("shop", "presale", 0, "ships_on")) == "shop.presale[0].ships_on"
    assert did_you_mean("cutof", ["cutoff", "weekends"]) == "; did you mean 'cutoff'?"
    assert did_you_mean("zebra", ["cutoff", "weekends"]) == ""
    assert str(Problem("a.toml", 3, "", "is wrong")) == "a.toml:3: is wrong"


def test_folders_are_read_in_order_each_once_and_all_their_problems_told(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, name, text in ((first, "b", "x = 1"), (first, "a", "x = 2"), (second, "c", "x = 3")):
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    files = read_folders(first, second, tmp_path / "missing", second / ".." / "first")
    assert [f.data["x"] for f in files] == [2, 1, 3]
    for folder in (first, second):
        (folder / "d.toml").write_text("x = ", encoding="utf-8")
    with pytest.raises(ProblemsFound) as told:
        read_folders(first, second)
    assert [Path(p.file).parent.name for p in told.value.problems] == ["first", "second"]
