"""The two clocks: one waits for the machine's time, one for whoever moves it."""

import asyncio
import time

from hypothesis import given
from hypothesis import strategies as st

from autoreply.clock import ManualClock, SystemClock


async def test_the_system_clock_tells_and_waits_for_the_time_of_the_machine() -> None:
    clock = SystemClock()
    before = time.time()
    assert before <= clock.now() <= time.time()
    await asyncio.wait_for(clock.sleep_until(before - 3600), 5)  # passed long ago
    await asyncio.wait_for(clock.sleep_until(clock.now() + 0.01), 5)


async def nothing() -> None:
    pass


async def few_turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_manual_clock_stands_still_until_it_is_moved() -> None:
    clock = ManualClock(100.0)
    sleeper = asyncio.create_task(clock.sleep_until(101.0))
    await few_turns()
    assert clock.now() == 100.0
    assert not sleeper.done()
    await clock.advance_to(100.9, few_turns)
    assert not sleeper.done()
    await clock.advance_to(101.0, few_turns)
    assert sleeper.done()


async def test_what_has_passed_is_not_waited_for() -> None:
    clock = ManualClock(100.0)
    await asyncio.wait_for(clock.sleep_until(100.0), 5)
    await asyncio.wait_for(clock.sleep_until(1.0), 5)


async def test_a_manual_clock_never_goes_back() -> None:
    clock = ManualClock(100.0)
    await clock.advance_to(50.0, nothing)
    assert clock.now() == 100.0


async def test_a_sleeper_who_gave_up_is_not_waited_for() -> None:
    clock = ManualClock()
    sleeper = asyncio.create_task(clock.sleep_until(5.0))
    await few_turns()
    assert clock.next_due() == 5.0
    sleeper.cancel()
    await asyncio.gather(sleeper, return_exceptions=True)
    assert clock.next_due() is None
    await clock.advance_to(10.0, nothing)
    assert clock.now() == 10.0


async def test_who_is_woken_sees_its_own_moment_and_may_sleep_again_on_the_way() -> None:
    clock = ManualClock()
    seen: list[float] = []

    async def every_two_seconds() -> None:
        while True:
            await clock.sleep_until(clock.now() + 2)
            seen.append(clock.now())

    work = asyncio.create_task(every_two_seconds())
    await few_turns()
    await clock.advance_to(7.0, few_turns)
    work.cancel()
    assert seen == [2.0, 4.0, 6.0]
    assert clock.now() == 7.0


async def test_a_call_comes_at_its_moment_unless_it_is_cancelled() -> None:
    clock = ManualClock(100.0)
    calls: list[str] = []
    clock.call_at(90.0, lambda: calls.append("passed"))
    clock.call_at(101.0, lambda: calls.append("first"))
    clock.call_at(101.5, lambda: calls.append("never")).cancel()
    clock.call_at(102.0, lambda: calls.append("second"))
    await few_turns()
    assert calls == ["passed"]
    await clock.advance_to(101.9, few_turns)
    assert calls == ["passed", "first"]
    await clock.advance_to(102.0, few_turns)
    assert calls == ["passed", "first", "second"]
    assert clock.next_due() is None


async def test_the_system_clock_calls_and_can_be_told_not_to() -> None:
    clock, called, never = SystemClock(), asyncio.Event(), asyncio.Event()
    clock.call_at(clock.now() + 0.01, never.set).cancel()
    clock.call_at(clock.now() - 3600, called.set)
    await asyncio.wait_for(called.wait(), 5)
    called.clear()
    clock.call_at(clock.now() + 0.02, called.set)
    await asyncio.wait_for(called.wait(), 5)
    assert not never.is_set()


@given(st.lists(st.integers(0, 20), max_size=12))
def test_sleepers_wake_in_the_order_of_their_moments_and_then_of_their_coming(moments: list[int]) -> None:
    async def run() -> list[tuple[float, int]]:
        clock = ManualClock()
        woken: list[tuple[float, int]] = []

        async def sleep(n: int, moment: float) -> None:
            await clock.sleep_until(moment)
            woken.append((moment, n))

        async with asyncio.TaskGroup() as group:
            for n, moment in enumerate(moments):
                group.create_task(sleep(n, moment))
            await few_turns()
            await clock.advance_to(20.0, few_turns)
        return woken

    assert asyncio.run(run()) == sorted((float(m), n) for n, m in enumerate(moments))
