"""What a line that was not answered would need, to be answered by the intent that comes nearest."""

from dataclasses import dataclass
from typing import Literal

from autoreply.model import Decision

from .catalogue import Intent
from .normalise import normalise
from .segment import Cut


@dataclass(frozen=True, slots=True)
class Remedy:
    """Something to add to an intent's file, and what would become of the line then."""

    key: Literal["examples", "keywords"]
    text: str
    confidence: float
    decision: Decision


@dataclass(frozen=True, slots=True)
class Advice:
    """How an intent could come to answer a line."""

    slug: str
    unknown: tuple[str, ...]
    """Words of the line that no example, template or keyword of the intent holds."""
    remedies: tuple[Remedy, ...]


def unknown_words(intent: Intent, cut: Cut, tokens: tuple[str, ...]) -> tuple[str, ...]:
    """Those of ``tokens`` that no example, template or keyword of ``intent`` holds; numbers and marks aside."""
    lines = (*intent.examples, *intent.expanded, *intent.keywords)
    known = {word for line in lines for word in cut(normalise(line).clean)}
    return tuple(dict.fromkeys(token for token in tokens if token.isalpha() and token not in known))
