"""What a turn came to: replies that may leave, what is remembered, and whether a person should look."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from autoreply.compliance import Draft, Released
from autoreply.model import Behaviour, Priority, Trace, Turn


@dataclass(frozen=True, slots=True)
class Handover:
    """Why a person should look, and how soon."""

    reason: str
    priority: Priority


class Spoken(NamedTuple):
    """A reply that may leave, and the draft that the gate can release it from again after a restart."""

    draft: Draft
    released: Released


@dataclass(frozen=True, slots=True)
class Result:
    """What a turn came to."""

    turn: Turn
    behaviour: Behaviour
    replies: tuple[Spoken, ...]
    state: dict[str, Any]
    handover: Handover | None
    intents: tuple[str, ...]
    rules: tuple[str, ...]
    trace: Trace
