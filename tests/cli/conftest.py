"""Ways to call the command line: in a process of its own, or in this one where that says as much."""

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog
from click.testing import CliRunner

from autoreply.app import App
from autoreply.cli import cli

PROGRAM = [sys.executable, "-m", "autoreply"]


@dataclass(frozen=True)
class Ran:
    """What a call came to."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[Any]:
        """The lines of stdout as JSON."""
        return [json.loads(line) for line in self.out.split("\n") if line]


Call = Callable[..., Ran]


@pytest.fixture
def autoreply(app: App, tmp_path: Path) -> Call:
    """Run the program in an empty folder; ``stdin`` is text or bytes. Finds the weights that ``app`` has trained."""

    def call(*args: str | Path, stdin: str | bytes = b"", cwd: Path | None = None) -> Ran:
        given = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run(  # noqa: S603
            [*PROGRAM, *map(str, args)], input=given, capture_output=True, timeout=120, cwd=cwd or tmp_path, check=False
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    return call


@pytest.fixture
def invoke(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Call]:
    """Run a command in this process, in an empty folder; logging is put back afterwards."""
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level

    def call(*args: str | Path, stdin: str = "") -> Ran:
        result = CliRunner().invoke(cli, list(map(str, args)), input=stdin)
        return Ran(result.exit_code, result.stdout, result.stderr)

    yield call
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def shop(tmp_path: Path) -> Callable[..., Path]:
    """Write a settings file into a fresh folder and give its path."""

    def write(text: str, name: str = "config.toml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write
