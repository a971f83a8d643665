"""The shipped rulebook, loaded once."""

from datetime import date
from pathlib import Path

import pytest

from autoreply.compliance import Gate, Rulebook, load_rulebook, shipped_rulebooks
from autoreply.facts import Shop
from autoreply.tomlfile import read

TODAY = date(2026, 6, 1)


@pytest.fixture(scope="session")
def rulebook() -> Rulebook:
    return load_rulebook([read(p) for p in shipped_rulebooks()], today=TODAY)


@pytest.fixture(scope="session")
def gate(rulebook: Rulebook) -> Gate:
    """For a shop that has said nothing: no promise is backed by a setting."""
    return Gate(rulebook, Shop())


@pytest.fixture
def words(tmp_path: Path) -> Path:
    """A rulebook file with the two classes that negation needs."""
    path = tmp_path / "words.toml"
    path.write_text('[classes]\nneg = ["不", "没"]\nnot-neg = ["不好意思"]\n', encoding="utf-8")
    return path
