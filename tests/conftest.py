"""Fixtures that several rooms share: the shop of the example settings, loaded once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from autoreply.app import App, load_app
from autoreply.shipped import shipped

SHARED = Path(__file__).resolve().parents[2] / "shared" / "eval"
"""Real messages to measure with; not part of the project. Tests that want them skip where they are missing."""


@pytest.fixture(scope="session")
def example_config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A settings file in a folder of its own, equal to the shipped example."""
    path = tmp_path_factory.mktemp("shop") / "config.toml"
    path.write_text(shipped("config.example.toml").read_text(encoding="utf-8"), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def app(example_config: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The example shop, with its matcher trained in a cache folder of this test run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield load_app(example_config)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real messages."""
    if not SHARED.is_dir():
        pytest.skip(f"needs the real messages in {SHARED}, which are not part of the project")
    return SHARED
