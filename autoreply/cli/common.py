"""What the commands share: options, loading, lines of JSON in and out. Imports nothing heavy at the top."""

import io
import json
import logging
import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol, TypeVar

import click

if TYPE_CHECKING:
    from rich.console import Console

    from autoreply.app import App
    from autoreply.facts import Shop
    from autoreply.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])

START = (2026, 3, 11, 10)
"""Wednesday 11 March 2026, 10:00, shop time: the ordinary working day on which replays take place."""


class Stop(Exception):
    """A command cannot go on; the message says why and what to do."""


def use_utf8() -> None:
    """UTF-8 on all three streams whatever the console's code page. Bytes that are none become U+FFFD."""
    for stream, errors in ((sys.stdin, "replace"), (sys.stdout, "backslashreplace"), (sys.stderr, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors=errors)
    if isinstance(sys.stdin, io.TextIOWrapper):
        # A line ends at a line feed only: a lone carriage return is part of what the buyer pasted.
        sys.stdin.reconfigure(newline="\n")


# Options -----------------------------------------------------------------------------------------------------------


def config_option(function: F) -> F:
    """``--config FILE``."""
    return click.option(
        "--config",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Settings file; without it config.toml in this folder, or else the shipped example.",
    )(function)


def verbose_option(
    *also: str, text: str = "More log lines on stderr; tracebacks of internal errors."
) -> Callable[[F], F]:
    """``--verbose``, told to ``set_up_logs`` and the group's error handling through the context."""

    def noted(ctx: click.Context, param: click.Parameter, value: bool) -> bool:
        ctx.meta["autoreply.verbose"] = value
        return value

    return click.option(*also, "--verbose", "-v", "verbose", is_flag=True, callback=noted, help=text)


def json_option(function: F) -> F:
    """``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON document instead of tables.")(function)


# Loading -----------------------------------------------------------------------------------------------------------


def set_up_logs(verbose: bool = False, *, quiet: bool = True) -> None:
    """Logging for one command: warnings only, ``quiet=False`` what happens too, ``verbose`` everything."""
    from autoreply import logs

    level = logging.DEBUG if verbose else logging.WARNING if quiet else logging.INFO
    logs.set_up(level, "human" if quiet or sys.stderr.isatty() else "json")


def load(config: Path | None, *, verbose: bool = False, rule_tests: bool = False) -> "App":
    """The shop, loaded and checked, for a command that keeps stderr quiet. ``rule_tests``: see ``load_app``."""
    set_up_logs(verbose)
    from autoreply.app import config_path, load_app

    return load_app(config_path(config), progress=note, rule_tests=rule_tests)


def load_settings(config: Path | None) -> "tuple[Settings, Path]":
    """Settings alone, and the folder that their relative paths start from: far quicker than the whole shop."""
    from autoreply.settings import load
    from autoreply.shipped import shipped

    example = shipped("config.example.toml")
    path = config or (Path("config.toml") if Path("config.toml").exists() else example)
    packed = path == example and "_shipped" in path.parts
    return load(path), Path.cwd() if packed else path.parent


def start_of(shop: "Shop") -> float:
    """``START`` in the shop's time zone, as seconds since the epoch."""
    from datetime import datetime
    from zoneinfo import ZoneInfo

    return datetime(*START, tzinfo=ZoneInfo(shop.timezone)).timestamp()


def note(text: str) -> None:
    """One line for the person at the terminal; stdout stays clean."""
    click.echo(text, err=True)


def count(number: int, noun: str) -> str:
    """``1 problem``, ``2 problems``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


class Placed(Protocol):
    """Something that stands in a file."""

    @property
    def file(self) -> str: ...
    @property
    def line(self) -> int: ...


P = TypeVar("P", bound=Placed)


def by_line(problems: Sequence[P]) -> list[P]:
    """Problems file by file in the order in which the files were read, within a file from the top."""
    files = list(dict.fromkeys(p.file for p in problems))
    return sorted(problems, key=lambda p: (files.index(p.file), p.line))


def console(*, err: bool = False) -> "Console":
    """A rich console that takes texts as they are: no markup, no emoji codes, no highlighting."""
    from rich.console import Console

    screen = Console(stderr=err, markup=False, emoji=False, highlight=False)
    if not screen.is_terminal:
        screen.width = 120
    return screen


# Lines -------------------------------------------------------------------------------------------------------------


def dumps(value: object) -> str:
    """One line of JSON, Chinese as written; half surrogate pairs are escaped so that the line stays valid UTF-8."""
    line = json.dumps(value, ensure_ascii=False, default=str)
    try:
        line.encode()
    except UnicodeEncodeError:
        return json.dumps(value, default=str)
    return line


def lines(stream: IO[str]) -> Iterator[str]:
    """The lines of a stream without their line ends. Only line feeds end a line."""
    for line in stream:
        yield line.removesuffix("\n").removesuffix("\r")


def stdin_is_file() -> bool:
    """All input is there already: output need not be flushed line by line."""
    try:
        return stat.S_ISREG(os.fstat(sys.stdin.fileno()).st_mode)
    except (OSError, ValueError):
        return False


def put(value: object, *, flush: bool = True) -> None:
    """Write one line of JSON to stdout."""
    sys.stdout.write(dumps(value) + "\n")
    if flush:
        sys.stdout.flush()
