"""The small shop's catalogue, and what its matcher has learned."""

from collections.abc import Callable
from pathlib import Path

import pytest
from small_shop import write_small_shop

from autoreply.evaluation.accept import intent_files
from autoreply.evaluation.outcome import Outcome
from autoreply.model import Decision
from autoreply.tomlfile import TomlFile
from autoreply.understanding import Catalogue, Understander, load_catalogue, train

Seen = Callable[..., Outcome]


@pytest.fixture(scope="session")
def small_files(tmp_path_factory: pytest.TempPathFactory) -> list[TomlFile]:
    folder = tmp_path_factory.mktemp("small")
    write_small_shop(folder)
    return intent_files(folder / "intents")


@pytest.fixture(scope="session")
def small(small_files: list[TomlFile]) -> Catalogue:
    return load_catalogue(small_files)


@pytest.fixture(scope="session")
def understander(small: Catalogue) -> Understander:
    return Understander(small, weights=train(small))


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The intents folder of a small shop that a test may change."""
    write_small_shop(tmp_path / "shop")
    return tmp_path / "shop" / "intents"


@pytest.fixture
def seen() -> Seen:
    """Make an outcome: ``seen("invoice", "invoice", 0.9)`` was labelled, taken and, from 0.8 on, answered as that."""
    numbers = iter(range(1, 1000))

    def make(
        labels: str, ranked: str, confidence: float, *, answered: str | None = None, text: str | None = None
    ) -> Outcome:
        number = next(numbers)
        order = tuple(ranked.split()) if ranked else ()
        acted = (order[:1] if confidence >= 0.8 and order[:1] != ("none",) else ()) if answered is None else answered
        slugs = tuple(acted.split()) if isinstance(acted, str) else acted
        return Outcome(
            line=number,
            text=text or f"line {number}",
            labels=tuple(labels.split("+")),
            ranked=order,
            confidence=confidence,
            decision=Decision.ANSWER if slugs else Decision.ESCALATE,
            answered=slugs,
        )

    return make
