"""Observes turns, and registers nothing."""

from autoreply import Result, hookimpl

SEEN: list[str] = []


@hookimpl
def observe_turn(result: Result) -> None:
    SEEN.append(result.turn.text)
