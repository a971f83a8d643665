"""``autoreply plugin``: a package for a plugin of one's own."""

import importlib.util
import keyword
import re
import sys
from pathlib import Path

import click

from autoreply.cli.common import Stop, verbose_option

_TEMPLATE = Path(__file__).parent / "package"
_SAMPLE = "sharpening"
"""What the template calls its package, its intent and its files."""

_SKIPPED = {"__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache"}


@click.group("plugin")
def command() -> None:
    """Make a plugin to publish.

    For a plugin that only one shop needs, a file in the shop's plugins/ folder does: see the example that
    "autoreply init" makes.

    \b
    Example:
      autoreply plugin new trade_in
    """


@command.command("new")
@click.argument("name")
@verbose_option()
def new(name: str, verbose: bool) -> None:
    """Make the folder NAME with a package that works at once.

    It holds a plugin with settings, an intent with examples and texts, tests, and what it takes to install and publish
    it. NAME becomes the name of the Python package and of the intent: small letters, digits and underscores.

    \b
    Example:
      autoreply plugin new trade_in && cd trade_in && pip install -e '.[dev]' && pytest
    """
    folder = Path(name)
    if (wrong := _wrong_name(name)) is not None:
        raise Stop(f"{name!r} {wrong}; nothing was written. Choose a name such as trade_in.")
    if folder.exists():
        raise Stop(f"{folder.resolve()} is there already; nothing was written. Choose another name or another folder.")
    if (taken := _taken(name)) is not None:
        raise Stop(f"{name!r} is {taken}; nothing was written. Choose another name.")
    made = _files(name)
    try:
        for path, text in made.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8", newline="\n")
    except OSError as e:
        raise Stop(f"cannot write to {folder}: {e.strerror}") from e
    for path in made:
        click.echo(f"  {folder / path}")
    click.echo(f"\nNext, in {folder}:")
    click.echo("  pip install -e '.[dev]'    installs it where autoreply is installed")
    click.echo("  pytest                     holds the conversations in tests/")
    click.echo("  autoreply chat --config tests/shop/config.toml    try it as a buyer")


def _wrong_name(name: str) -> str | None:
    """What keeps a name from being that of a package and of an intent."""
    if not re.fullmatch("[a-z][a-z0-9_]{0,39}", name):
        return "is no name for a plugin: small letters, digits and underscores, a letter first, 40 at most"
    return "is a word of Python's own" if keyword.iskeyword(name) else None


def _taken(name: str) -> str | None:
    """What has this name already."""
    from autoreply.shipped import shipped

    if (shipped("intents") / f"{name}.toml").exists():
        return "an intent that autoreply has already"
    if name in sys.stdlib_module_names or importlib.util.find_spec(name) is not None:
        return "a module of Python or of an installed package"
    return None


def _files(name: str) -> dict[str, str]:
    """Path within the folder → content."""
    files: dict[str, str] = {}
    for path in sorted(_TEMPLATE.rglob("*")):
        if path.is_dir() or _SKIPPED & set(path.parts):
            continue
        where = path.relative_to(_TEMPLATE).as_posix().replace("_gitignore", ".gitignore")
        files[where.replace(_SAMPLE, name)] = _named(path.read_text(encoding="utf-8"), name)
    return files


def _named(text: str, name: str) -> str:
    return text.replace(f"autoreply-{_SAMPLE}", f"autoreply-{name.replace('_', '-')}").replace(_SAMPLE, name)
