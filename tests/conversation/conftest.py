"""The shop on its bench, opened by the test and closed after it."""

from collections.abc import AsyncIterator, Callable, Iterator, MutableMapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from autoreply.app import App

from .bench import Line, Shop

Build = Callable[..., Shop]


@pytest.fixture
def build(app: App, tmp_path: Path) -> Build:
    """Makes a shop that is not open yet; keywords are those of the channel."""

    def make(**line: Any) -> Shop:
        return Shop(app, tmp_path / "journal.db", line=Line(**line))

    return make


@pytest.fixture
async def shop(build: Build) -> AsyncIterator[Shop]:
    """An open shop with the settings of the example."""
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(build())


@pytest.fixture(autouse=True)
def logs() -> Iterator[Sequence[MutableMapping[str, Any]]]:
    """What was logged, as data; rendering tracebacks of failures that tests bring about would cost seconds."""
    with capture_logs() as entries:
        yield entries
