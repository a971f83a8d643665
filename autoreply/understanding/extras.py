"""What the matcher may know of a text beside its words: a sentence encoder, and numbers that plugins give.

Both make one dense vector for each text: its place in the :class:`Space` of the encoder (``DIMS`` numbers), then the
plugins' numbers in the order of their names. In training its matrix is fitted with the weights of the words
(``linear.fit``), so that it explains what those leave open.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from .semantic import Sentences


class Feature(NamedTuple):
    """A number about a clean text, of about 0..1. ``value`` must not raise. ``mark`` changes when ``value`` does."""

    name: str
    value: Callable[[str], float]
    mark: str = ""


@dataclass(frozen=True)
class Extras:
    """What there is beside words; nothing in a base install."""

    encoder: Sentences | None = None
    features: tuple[Feature, ...] = ()

    @property
    def mark(self) -> str:
        """Names what weights were learned with; empty for words alone."""
        encoder = [self.encoder.mark] if self.encoder else []
        return " ".join([*encoder, *(f"{f.name}:{f.mark}" if f.mark else f.name for f in self.features)])

    def values(self, clean: str) -> list[float]:
        """The plugins' numbers for a clean text, cut to -1..1."""
        return [min(max(float(f.value(clean)), -1.0), 1.0) for f in self.features]


BASE = Extras()
