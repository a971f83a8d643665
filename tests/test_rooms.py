"""The rooms that must stay apart do: read from the import statements themselves."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "autoreply"
PURE = {"autoreply.model", "autoreply.facts", "autoreply.tomlfile"}
IO = {"asyncio", "socket", "sqlite3", "aiohttp", "subprocess", "urllib", "http", "threading", "requests"}


def imports(path: Path) -> Iterator[str]:
    """Absolute names of what a module imports; a relative import of its own room is left out."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module


def modules(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


@pytest.mark.parametrize("room", ["understanding", "compliance"])
def test_a_pure_room_imports_no_io_and_no_other_room(room: str) -> None:
    for path in modules(PACKAGE / room):
        for name in imports(path):
            assert name.split(".")[0] not in IO, f"{path.name} imports {name}"
            if name.startswith("autoreply"):
                assert name in PURE or name.startswith(f"autoreply.{room}"), f"{path.name} imports {name}"


def test_model_and_facts_stand_alone() -> None:
    for name in ("model.py", "facts.py"):
        assert not [i for i in imports(PACKAGE / name) if i.startswith("autoreply") or i in IO]


def test_shipped_plugins_use_the_public_api_alone() -> None:
    allowed = {"autoreply", "autoreply.facts", "autoreply.records"}
    for path in modules(ROOT / "plugins"):
        own = [name for name in imports(path) if name.startswith("autoreply")]
        assert own, f"{path.name} imports nothing of autoreply"
        assert set(own) <= allowed, f"{path.name} imports {own}"


def test_channels_and_journal_know_nothing_of_each_other() -> None:
    for path in modules(PACKAGE / "channels"):
        assert not [n for n in imports(path) if n.startswith("autoreply.journal")], path.name
    for path in modules(PACKAGE / "journal"):
        assert not [n for n in imports(path) if n.startswith("autoreply.channels")], path.name


def test_nothing_imports_the_command_line() -> None:
    for path in modules(PACKAGE):
        if "cli" not in path.parts and path.name != "__main__.py":
            assert not [n for n in imports(path) if n.startswith("autoreply.cli")], path.name
