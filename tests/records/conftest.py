"""A shop's folder, its time zone and a clock that stands still until it is moved."""

import asyncio
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from autoreply.clock import ManualClock
from autoreply.records import RecordsHome

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1_760_000_000.0)


@pytest.fixture
def home(tmp_path: Path, clock: ManualClock) -> RecordsHome:
    return RecordsHome(tmp_path, ZONE, clock)


async def passes(clock: ManualClock, seconds: float) -> None:
    """Let time pass, and what was waiting for it go on."""

    async def settle() -> None:
        for _ in range(10):
            await asyncio.sleep(0)

    await settle()
    await clock.advance_to(clock.now() + seconds, settle)
    await settle()
