"""One plugin's handler, run so that nothing it does wrong goes further: raising, hanging, blocking, wrong results.

A plugin that fails again and again is switched off until the next reload: its buyers get a person at once.
"""

import asyncio
import signal
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import structlog
from pydantic import BaseModel

from autoreply.canned import well_formed
from autoreply.context import STOPS, Context
from autoreply.hookspecs import Handler
from autoreply.model import Outcome

log = structlog.get_logger(__name__)

BLOCKED_AFTER = 1.0
"""Seconds without an ``await`` after which a handler is taken to block the loop, and is interrupted."""

_LOOKS = 4
"""Looks of the watchdog within that time."""

OFF_AFTER = 5
"""Failures in a row after which a plugin is switched off."""


class PluginFailed(Exception):
    """A handler did something wrong; the message says what, for the person who takes over."""


class SwitchedOff(PluginFailed):
    """The plugin failed too often and is not asked any more."""


class Blocked(BaseException):
    """Raised inside a handler that blocks the loop. No ``Exception``: a handler is not meant to catch it."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A handler with what belongs to it: its settings, its plugin's name, and where its memory is kept.

    ``memory`` is the key of its state within a conversation's; handlers of one plugin may share one. ``state`` is the
    model of that state, or None for a plain dict.
    """

    handler: Handler
    settings: Any = None
    plugin: str = ""
    memory: str = ""
    state: type[BaseModel] | None = None


@dataclass(slots=True)
class Health:
    """Failures in a row of each plugin since it was loaded. ``off`` says why a plugin is not asked any more."""

    failures: dict[str, int] = field(default_factory=dict)
    off: dict[str, str] = field(default_factory=dict)

    def failed(self, plugin: str, reason: str) -> None:
        """Count a failure; the last one that is borne switches the plugin off."""
        self.failures[plugin] = self.failures.get(plugin, 0) + 1
        if self.failures[plugin] >= OFF_AFTER and plugin not in self.off:
            self.off[plugin] = reason
            log.error("plugin switched off until it is loaded again", plugin=plugin, reason=reason)

    def worked(self, plugin: str) -> None:
        self.failures.pop(plugin, None)


async def ask_handler(bound: Bound, context: Context[Any, Any], within: float, health: Health) -> Outcome:
    """The outcome of one handler.

    Raises:
        PluginFailed: it raised, took longer than ``within`` seconds, blocked the loop, returned what is no outcome,
            or its plugin is switched off.
        One of ``STOPS``: the context could not give what it asked for; that is no fault of the plugin.
    """
    name = bound.plugin or context.slug
    if name in health.off:
        raise SwitchedOff(f"plugin {name} is switched off: {health.off[name]}")
    try:
        outcome = await _contained(bound, context, within)
    except PluginFailed as e:
        health.failed(name, str(e))
        raise
    health.worked(name)
    return outcome


async def _contained(bound: Bound, context: Context[Any, Any], within: float) -> Outcome:
    slug = context.slug
    try:
        async with asyncio.timeout(within):
            outcome = await _Watched(bound.handler, context)
    except STOPS:
        raise
    except TimeoutError as e:
        raise PluginFailed(f"{slug}: no answer within {within:g} s") from e
    except Blocked as e:
        raise PluginFailed(f"{slug}: its plugin blocked the loop for more than {BLOCKED_AFTER:g} s") from e
    except Exception as e:
        log.exception("plugin failed", intent=slug, plugin=bound.plugin, conversation=str(context.turn.key))
        raise PluginFailed(f"{slug}: {type(e).__name__} in its plugin") from e
    if not well_formed(outcome):
        log.error("plugin returned what is no outcome", intent=slug, plugin=bound.plugin, returned=repr(outcome)[:200])
        raise PluginFailed(f"{slug}: TypeError in its plugin")
    return outcome


class _Watched:
    """Awaits a handler step by step, telling the watchdog when each step begins and ends."""

    __slots__ = ("_context", "_handler")

    def __init__(self, handler: Handler, context: Context[Any, Any]) -> None:
        self._handler = handler
        self._context = context

    def __await__(self) -> Generator[Any, Any, Outcome]:
        coroutine = _called(self._handler, self._context)
        value: Any = None
        error: BaseException | None = None
        while True:
            began = _watchdog.begin()
            try:
                waits_for = coroutine.send(value) if error is None else coroutine.throw(error)
            except StopIteration as done:
                outcome: Outcome = done.value
                break
            finally:
                blocked = _watchdog.end(began)
            if blocked:
                coroutine.close()
                raise Blocked
            value, error = None, None
            try:
                value = yield waits_for
            except BaseException as e:
                error = e
        if blocked:
            raise Blocked
        return outcome


async def _called(handler: Handler, context: Context[Any, Any]) -> Outcome:
    return await handler(context)


class _Watchdog:
    """A thread that interrupts a step of a handler in the main thread when it takes too long.

    By a signal, so that a blocking call such as ``time.sleep`` ends too. Where there are none (Windows, or a loop in
    another thread) the step is only counted as a failure once it ends. Time counts in looks of the thread's own: on a
    machine that gives nobody time to run, a step that only waits for its turn is not taken to block.
    """

    def __init__(self) -> None:
        self._since: float | None = None
        self._started = False
        self._watching = False
        self._overdue: float | None = None

    def begin(self) -> float:
        if not self._started:
            self._start()
        self._since = now = time.monotonic()
        return now

    def end(self, began: float) -> bool:
        """The step is over. Whether it took too long and nothing could interrupt it."""
        self._since = None
        return not self._watching and time.monotonic() - began > BLOCKED_AFTER

    def _start(self) -> None:
        self._started = True
        if not hasattr(signal, "SIGUSR1") or threading.current_thread() is not threading.main_thread():
            return
        signal.signal(signal.SIGUSR1, self._interrupt)
        self._watching = True
        threading.Thread(target=self._watch, name="plugin watchdog", daemon=True).start()

    def _watch(self) -> None:
        main = threading.main_thread().ident
        seen, looks = None, 0
        while main is not None:
            time.sleep(BLOCKED_AFTER / _LOOKS)
            since = self._since
            looks = looks + 1 if since is not None and since == seen else 0
            seen = since
            if looks >= _LOOKS:
                self._overdue = since
                signal.pthread_kill(main, signal.SIGUSR1)

    def _interrupt(self, *_: object) -> None:
        if self._since is not None and self._since == self._overdue:  # else the step ended a moment before
            raise Blocked


_watchdog = _Watchdog()
