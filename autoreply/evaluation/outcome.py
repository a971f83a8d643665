"""What became of one labelled line, and how good that is."""

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from autoreply.model import NONE, Decision
from autoreply.understanding import Understander

from .lines import Labelled

Worth = Literal["wrong", "unanswered", "right"]
"""Worst first. A line is ``right`` when it was answered and each intent acted upon is one of its labels, or when it
carries none and was not answered; ``wrong`` when it was answered otherwise; else ``unanswered``: a person has it."""


class Outcome(BaseModel):
    """A labelled line and what was understood of it."""

    model_config = ConfigDict(frozen=True)

    line: int
    text: str
    labels: tuple[str, ...] = Field(min_length=1)
    ranked: tuple[str, ...]
    """Intents taken into account, likeliest first; empty where nothing was said."""
    confidence: float
    """Confidence 0..1 of the first of ``ranked``."""
    decision: Decision
    answered: tuple[str, ...]
    """The intents acted upon."""

    @property
    def top(self) -> str:
        """The likeliest intent; ``none`` where nothing was said."""
        return self.ranked[0] if self.ranked else NONE

    @property
    def has_intent(self) -> bool:
        return self.labels != (NONE,)

    @property
    def top_right(self) -> bool:
        return self.top in self.labels

    @property
    def taken(self) -> tuple[str, ...]:
        """What the line was taken for: the intents acted upon, else the likeliest one."""
        return self.answered or (self.top,)

    @property
    def worth(self) -> Worth:
        if not self.answered:
            return "unanswered" if self.has_intent else "right"
        return "right" if set(self.answered) <= set(self.labels) else "wrong"


def outcomes(understander: Understander, lines: Iterable[Labelled], length: int) -> list[Outcome]:
    """Understand each line alone, its first ``length`` characters as the pipeline does."""
    found = []
    for line in lines:
        seen = understander.understand(line.text[:length])
        found.append(
            Outcome(
                line=line.line,
                text=line.text,
                labels=line.labels,
                ranked=tuple(m.slug for m in seen.matches),
                confidence=seen.matches[0].confidence if seen.matches else 0.0,
                decision=seen.decision,
                answered=seen.answered,
            )
        )
    return found
