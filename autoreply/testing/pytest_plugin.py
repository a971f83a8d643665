"""Fixtures for tests of plugins and shops: ``shop``, a fresh conversation with the shop under test.

Which shop is said by ``autoreply_config`` in ``pyproject.toml`` or by overriding the fixture of that name::

    [tool.pytest.ini_options]
    autoreply_config = "shop/config.toml"
"""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from autoreply.app import App
    from autoreply.testing import Shop


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the setting."""
    parser.addini("autoreply_config", "settings file of the shop under test; left out: the shipped example", default="")


@pytest.fixture(scope="session")
def autoreply_config(pytestconfig: pytest.Config) -> Path:
    """The settings file of the shop under test."""
    from autoreply.app import config_path

    given = str(pytestconfig.getini("autoreply_config"))
    return pytestconfig.rootpath / given if given else config_path(None)


@pytest.fixture(scope="session")
def autoreply_app(autoreply_config: Path) -> "App":
    """The shop under test, loaded once: its settings, intents, rules and plugins."""
    from autoreply.app import load_app

    return load_app(autoreply_config)


@pytest.fixture
def shop(autoreply_app: "App") -> "Shop":
    """A new conversation with the shop under test, on an ordinary Wednesday morning."""
    from autoreply.testing import Shop

    return Shop(autoreply_app)
