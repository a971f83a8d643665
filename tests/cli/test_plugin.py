"""``autoreply plugin new``: a package that installs, passes its tests and answers."""

import json
import os
from pathlib import Path

import pytest
from packages import Environment

from .conftest import Call


def test_the_package_carries_its_name_everywhere(invoke: Call, tmp_path: Path) -> None:
    ran = invoke("plugin", "new", "trade_in")
    assert ran.code == 0
    made = sorted(p.relative_to(tmp_path / "trade_in").as_posix() for p in (tmp_path / "trade_in").rglob("*.*"))
    assert made == [
        ".gitignore",
        "README.md",
        "pyproject.toml",
        "src/trade_in/__init__.py",
        "src/trade_in/intents/trade_in.toml",
        "tests/shop/config.toml",
        "tests/test_trade_in.py",
    ]
    texts = {name: (tmp_path / "trade_in" / name).read_text(encoding="utf-8") for name in made}
    assert not [name for name, text in texts.items() if "sharpening" in text]
    assert 'name = "autoreply-trade-in"' in texts["pyproject.toml"]
    assert all(f"{Path('trade_in') / name}" in ran.out for name in made)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Trade-In", "is no name for a plugin: small letters"),
        ("2nd", "is no name for a plugin"),
        ("../trade_in", "is no name for a plugin"),
        ("lambda", "is a word of Python's own"),
        ("json", "is a module of Python or of an installed package"),
        ("pydantic", "is a module of Python or of an installed package"),
        ("invoice", "is an intent that autoreply has already"),
    ],
)
def test_a_name_that_cannot_be_is_refused(invoke: Call, tmp_path: Path, name: str, told: str) -> None:
    ran = invoke("plugin", "new", name)
    assert (ran.code, len(ran.err.splitlines())) == (1, 1)
    assert told in ran.err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(invoke: Call, tmp_path: Path) -> None:
    (tmp_path / "trade_in").mkdir()
    ran = invoke("plugin", "new", "trade_in")
    assert ran.code == 1
    assert "is there already; nothing was written" in ran.err
    assert list((tmp_path / "trade_in").iterdir()) == []


@pytest.mark.skipif(os.getuid() == 0 if hasattr(os, "getuid") else True, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_one_line(invoke: Call, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    ran = invoke("plugin", "new", "trade_in")
    tmp_path.chmod(0o700)
    assert (ran.code, ran.err) == (1, "cannot write to trade_in: Permission denied\n")


def test_installed_in_an_empty_environment_its_tests_pass_and_it_answers(invoke: Call, tmp_path: Path) -> None:
    """The one slow test here: a build, an installation, and a matcher that is trained with one more intent."""
    invoke("plugin", "new", "knife_care")
    package = tmp_path / "knife_care"
    environment = Environment(tmp_path)
    environment.install(package)
    assert "8 passed" in environment(package, "pytest", "-q")
    line = json.dumps({"conversation": "a", "text": "菜刀钝了可以寄回来开刃吗", "at": 0})
    answered = json.loads(
        environment(package, "autoreply", "chat", "--jsonl", "--config", "tests/shop/config.toml", stdin=line + "\n")
    )
    assert (answered["behaviour"], answered["intents"]) == ("ask", ["knife_care"])
    assert "一次最多" in answered["replies"][0]
    listed = json.loads(environment(tmp_path, "autoreply", "plugins", "--json"))["plugins"]
    (own,) = [p for p in listed if p["name"] == "knife_care"]
    assert (own["origin"], own["version"]) == ("installed", "0.1.0")
    assert own["registered"][0]["settings"] == ["at_once"]
