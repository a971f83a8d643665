"""Keeps a slow or broken source from holding buyers up: a limit for each lookup, a rest after failures, a short memory.

All times are those of the clock, so that tests can set them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar

import structlog

from autoreply.clock import Clock
from autoreply.records.find import prepare
from autoreply.records.model import Order, Product
from autoreply.records.sources import LOOKUP_TIMEOUT, OrderSource, ProductSource, RecordsDown, RecordsWrong

T = TypeVar("T")

FAILURES = 3
"""Failures in a row after which a source is left alone."""
REST = 30.0
"""Seconds it is left alone; then one lookup tries it again, and its outcome decides."""
KEEP_ORDERS = 5.0
KEEP_PRODUCTS = 60.0
"""Seconds an answer is good for; several questions of one turn, and of one buyer in a hurry, ask the source once."""
_MOST = 10_000
"""Answers kept at most."""

log = structlog.get_logger(__name__)


class Breaker:
    """A circuit breaker: closed, open for ``REST`` seconds after ``FAILURES`` in a row, half-open for one probe."""

    def __init__(self, what: str, clock: Clock) -> None:
        self._what = what
        self._clock = clock
        self._failures = 0
        self._opened = 0.0
        self._probing = False
        self._last = ""

    async def call(self, lookup: Callable[[], Awaitable[T]]) -> T:
        """What ``lookup`` gives.

        Raises:
            RecordsDown: it failed or took too long, or the source is being left alone.
        """
        probe = self._failures >= FAILURES
        if probe and (self._probing or abs(self._clock.now() - self._opened) < REST):
            raise RecordsDown(f"{self._what}: left alone for {REST:g} s after failures in a row; last: {self._last}")
        self._probing = probe
        try:
            result = await within(LOOKUP_TIMEOUT, self._clock, lookup)
        except RecordsWrong:
            self._well()
            raise
        except TimeoutError:
            raise self._unwell(f"no answer within {LOOKUP_TIMEOUT:g} s") from None
        except RecordsDown as e:
            self._unwell(e.reason)
            raise
        except Exception as e:
            log.exception("a source of records failed", source=self._what)
            raise self._unwell(f"{type(e).__name__} in the source") from e
        finally:
            if probe:
                self._probing = False
        self._well()
        return result

    def _unwell(self, reason: str) -> RecordsDown:
        self._failures += 1
        self._last = reason
        if self._failures >= FAILURES:
            self._opened = self._clock.now()
            log.error("records are down", source=self._what, reason=reason, tried_again_in=REST)
        return RecordsDown(f"{self._what}: {reason}")

    def _well(self) -> None:
        if self._failures >= FAILURES:
            log.info("records are back", source=self._what)
        self._failures = 0


async def within(seconds: float, clock: Clock, work: Callable[[], Awaitable[T]]) -> T:
    """What ``work`` gives, if that comes before the clock has gone on by so many seconds.

    Raises:
        TimeoutError: it did not; ``work`` is cancelled.
    """
    task = asyncio.ensure_future(work())
    task.add_done_callback(_seen)
    alarm = asyncio.ensure_future(clock.sleep_until(clock.now() + seconds))
    try:
        await asyncio.wait({task, alarm}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise TimeoutError
    finally:
        task.cancel()
        alarm.cancel()


def _seen(task: "asyncio.Future[Any]") -> None:
    """Take note of how a task ended: whoever waited for it may have gone, and asyncio would complain."""
    if not task.cancelled():
        task.exception()


class _Guard:
    """Lookups through a breaker, each answer kept for a while; the same lookup is under way once only."""

    def __init__(self, what: str, source: OrderSource | ProductSource, clock: Clock, keep: float) -> None:
        self._source = source
        self._what = what
        self._clock = clock
        self._keep = keep
        self._breaker = Breaker(what, clock)
        self._kept: dict[tuple[str, ...], tuple[float, Any]] = {}
        self._running: dict[tuple[str, ...], asyncio.Task[Any]] = {}

    async def check(self) -> None:
        """Open the source, and say what is wrong with it.

        Raises:
            RecordsDown: it cannot be read now.
        """
        try:
            await within(LOOKUP_TIMEOUT, self._clock, self._source.start)
        except RecordsDown:
            raise
        except TimeoutError:
            raise RecordsDown(f"{self._what}: not open within {LOOKUP_TIMEOUT:g} s") from None
        except Exception as e:
            raise RecordsDown(f"{self._what}: {type(e).__name__} in the source: {e}") from e

    async def start(self) -> None:
        """Open the source. One that is down is told of in the log, and tried again by each lookup."""
        try:
            await self.check()
        except RecordsDown as e:
            log.error("records cannot be read", source=self._what, reason=e.reason)

    async def close(self) -> None:
        for task in self._running.values():
            task.cancel()
        await self._source.close()

    async def _look(self, key: tuple[str, ...], lookup: Callable[[], Awaitable[T]]) -> T:
        now = self._clock.now()
        if (kept := self._kept.get(key)) is not None and 0 <= now - kept[0] < self._keep:
            answer: T = kept[1]
            return answer
        if (task := self._running.get(key)) is None:
            task = asyncio.create_task(self._fetch(key, lookup))
            self._running[key] = task
            task.add_done_callback(lambda done: self._done(key, done))
        return await asyncio.shield(task)  # who asked may be given up; others wait for the same answer

    async def _fetch(self, key: tuple[str, ...], lookup: Callable[[], Awaitable[T]]) -> T:
        answer = await self._breaker.call(lookup)
        while len(self._kept) >= _MOST:
            del self._kept[next(iter(self._kept))]
        self._kept.pop(key, None)
        self._kept[key] = (self._clock.now(), answer)
        return answer

    def _done(self, key: tuple[str, ...], task: "asyncio.Task[Any]") -> None:
        del self._running[key]
        _seen(task)


class GuardedOrders(_Guard):
    """An ``OrderSource`` around another one."""

    def __init__(self, source: OrderSource, clock: Clock, *, keep: float = KEEP_ORDERS) -> None:
        super().__init__("[records.orders]", source, clock, keep)
        self._orders = source

    def orders_of(self, shop_id: str, buyer_id: str) -> Coroutine[Any, Any, Sequence[Order]]:
        async def lookup() -> Sequence[Order]:
            return tuple(await self._orders.orders_of(shop_id, buyer_id))

        return self._look(("orders_of", shop_id, buyer_id), lookup)

    def order(self, shop_id: str, order_no: str) -> Coroutine[Any, Any, Order | None]:
        return self._look(("order", shop_id, order_no), lambda: self._orders.order(shop_id, order_no))


class GuardedProducts(_Guard):
    """A ``ProductSource`` around another one."""

    def __init__(self, source: ProductSource, clock: Clock, *, keep: float = KEEP_PRODUCTS) -> None:
        super().__init__("[records.products]", source, clock, keep)
        self._products = source

    def product(self, shop_id: str, product_id: str) -> Coroutine[Any, Any, Product | None]:
        return self._look(("product", shop_id, product_id), lambda: self._products.product(shop_id, product_id))

    def products(self, shop_id: str) -> Coroutine[Any, Any, Sequence[Product]]:
        async def lookup() -> Sequence[Product]:
            found = tuple(await self._products.products(shop_id))
            await asyncio.to_thread(prepare, found)  # not while the loop waits for it
            return found

        return self._look(("products", shop_id), lookup)
