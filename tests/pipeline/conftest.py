"""Fixtures for the way of a turn: a quiet log, and a shop whose plugins do everything wrong."""

from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from talks import handlers, make_brain

from autoreply.handlers import Bound
from autoreply.pipeline import Brain
from autoreply.plugins import load_plugins

from .shops import PLUGINS


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """What plugins do wrong is logged at length; here nobody reads it."""
    with structlog.testing.capture_logs():
        yield


@pytest.fixture(scope="module")
def misbehaving(tmp_path_factory: pytest.TempPathFactory) -> Brain:
    folder = tmp_path_factory.mktemp("plugins")
    source = (PLUGINS / "broken" / "misbehaves.py").read_text(encoding="utf-8")
    (folder / "misbehaves.py").write_text(source, encoding="utf-8")
    problems: list[Any] = []
    plugins = load_plugins(folder, problems, installed=False)
    assert not problems
    own = {slug: Bound(entry.target) for slug, entry in plugins.handlers.items()}
    return make_brain(handlers=handlers() | own, plugin_timeout=0.05)
