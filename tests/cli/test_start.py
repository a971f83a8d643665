"""What holds for all commands: help, start-up, errors in words, pipes, UTF-8, the reference page."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import autoreply.cli
from autoreply.cli import cli, group
from autoreply.cli.reference import reference

from .conftest import PROGRAM, Call

ROOT = Path(__file__).resolve().parents[2]


def commands(parent: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    ctx = click.Context(parent)
    for name in parent.list_commands(ctx):
        found = parent.get_command(ctx, name)
        assert found is not None
        yield (*path, name)
        if isinstance(found, click.Group):
            yield from commands(found, (*path, name))


@pytest.mark.parametrize("path", list(commands(cli)), ids=" ".join)
def test_every_command_helps_with_an_example(path: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(cli, [*path, "--help"]).stdout
    _, _, examples = shown.partition("Example")
    assert f"autoreply {path[0]}" in examples


def test_help_names_every_command_and_loads_nothing_heavy() -> None:
    program = """
import sys
from click.testing import CliRunner
from autoreply.cli import cli
print(CliRunner().invoke(cli, ["--help"]).stdout)
print("loaded:", sorted({"numpy", "jieba", "rjieba", "pydantic", "rich", "aiohttp", "jinja2"} & set(sys.modules)))
"""
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, timeout=60).stdout.decode()  # noqa: S603
    assert all(f"\n  {name} " in out for name in group.COMMANDS)
    assert "loaded: []" in out


def test_every_command_module_is_offered() -> None:
    folder = Path(autoreply.cli.__file__).parent
    with_command = {p.stem for p in folder.glob("*.py") if "\ndef command(" in p.read_text(encoding="utf-8")}
    assert with_command == set(group.COMMANDS)


def test_the_reference_page_is_up_to_date() -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert page == reference(), "run: python -m autoreply.cli.reference > docs/cli.md"


def test_an_unknown_command_is_told_with_the_nearest_one(invoke: Call) -> None:
    ran = invoke("explian", "在吗")
    assert ran.code == 2
    assert "did you mean 'explain'?" in ran.err


@pytest.mark.parametrize(
    "args",
    [["chat", "--jsonl"], ["run"], ["explain", "在吗"], ["handoff", "list"]],
    ids=" ".join,
)
def test_every_problem_of_a_settings_file_is_told_on_stderr(
    invoke: Call, shop: Callable[..., Path], args: list[str]
) -> None:
    config = shop('[shop]\nnam = "小铺"\n[shop.shipping]\nwithin_hours = -3\n')
    ran = invoke(*args, "--config", config)
    assert ran.code == 1
    assert ran.out == ""
    assert ran.err.splitlines() == [
        f"{config}:2: shop.nam: is not a known setting; did you mean 'name'?",
        f"{config}:4: shop.shipping.within_hours: input should be greater than or equal to 1, got -3",
        "2 problems",
    ]


def test_a_settings_file_that_is_not_there(invoke: Call, tmp_path: Path) -> None:
    ran = invoke("chat", "--config", tmp_path / "confg.toml")
    assert (ran.code, ran.err.splitlines()) == (1, [f"{tmp_path / 'confg.toml'}:1: no such file", "1 problem"])


def test_an_internal_error_is_one_line_and_with_verbose_a_traceback(
    invoke: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise KeyError("lost")

    monkeypatch.setattr("autoreply.cli.gate.load", fails)
    ran = invoke("gate", "在的")
    assert ran.code == 1
    assert ran.err.splitlines() == ["internal error: KeyError: 'lost'; --verbose shows where"]
    raised = CliRunner().invoke(cli, ["gate", "--verbose", "在的"]).exception
    assert isinstance(raised, KeyError)


def test_a_reader_who_leaves_early_is_no_error(app: object, tmp_path: Path) -> None:
    program = subprocess.Popen(  # noqa: S603
        [*PROGRAM, "understand", "--jsonl"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
    )
    assert program.stdin
    assert program.stdout
    assert program.stderr
    with program:
        program.stdin.write("有货吗\n".encode())
        program.stdin.flush()
        assert program.stdout.readline().startswith(b'{"text"')
        program.stdout.close()
        program.stdin.write("有货吗\n".encode() * 50)
        program.stdin.close()
        assert program.stderr.read() == b""


def test_bytes_that_are_no_utf8_and_other_line_ends_lose_no_line(autoreply: Call) -> None:
    given = "几点发货\r\n".encode() + b"\xff\xfe\n\n" + "有货\r吗\u2028在\x85吗\n".encode() + "包邮吗".encode()
    ran = autoreply("understand", "--jsonl", stdin=given)
    texts = [line["text"] for line in ran.lines]
    assert texts == ["几点发货", "\ufffd\ufffd", "", "有货\r吗\u2028在\x85吗", "包邮吗"]
    assert (ran.code, ran.err) == (0, "")
