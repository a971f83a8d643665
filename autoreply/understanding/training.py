"""Weights learned from a catalogue alone: seeded, reproducible, bound to the catalogue by its hash."""

import io
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autoreply.model import NONE

from .augment import BETWEEN, SMALL_TALK, Line, augment, short_pair
from .catalogue import Catalogue
from .features import scale_of, view_of
from .linear import Floats, Ints, Linear, fit
from .match import (
    COLUMNS,
    PART_COLUMNS,
    Calibration,
    Neighbours,
    Reader,
    evidence,
    expanded_lines,
    keywords_of,
    reader_of,
    slugs_of,
    written_lines,
)
from .matcher import Matcher, Model, Reading, best_of
from .normalise import normalise

VERSION = 2
"""Raised whenever features or the model change, so that weights of another make are refused."""
FOLDS = 3
BLOCK = 8
"""Lines that stand together in a file are about the same sub-situation; they are held out together."""
RAREST = 2
"""A feature must occur in this many lines to be learned."""
KEPT = 60_000
"""Features that a model keeps."""
MEMBERS = 2
"""Models, each with its own drawn lines and dropout, whose mean is kept."""
SINGLE_TO_DOUBLE = 8
"""Messages with one intent for each with two, about as buyers write."""


@dataclass(frozen=True)
class Weights:
    """A trained model, and the catalogue it belongs to."""

    catalogue: str
    """Hash of the catalogue."""
    slugs: tuple[str, ...]
    model: Model

    def dump(self) -> bytes:
        """The weights as bytes that :meth:`load` takes: an npz archive without pickled objects."""
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            version=np.array(VERSION),
            catalogue=np.array(self.catalogue),
            slugs=_packed(self.slugs),
            vocabulary=_packed(self.model.vocabulary),
            weights=self.model.linear.weights.astype(np.float16),
            bias=self.model.linear.bias,
            whole=np.array(self.model.whole.coefficients),
            parts=np.array(self.model.parts.coefficients),
        )
        return buffer.getvalue()

    @staticmethod
    def load(data: bytes) -> "Weights":
        """Weights from the bytes of :meth:`dump`.

        Raises:
            ValueError: the data is damaged or of another version.
        """
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as stored:
                if int(stored["version"]) != VERSION:
                    raise ValueError(f"weights of version {int(stored['version'])}, this program reads {VERSION}")
                vocabulary, slugs = _unpacked(stored["vocabulary"]), _unpacked(stored["slugs"])
                weights, bias = stored["weights"].astype(np.float32), stored["bias"].astype(np.float32)
                whole, parts = stored["whole"].astype(np.float64), stored["parts"].astype(np.float64)
                catalogue = str(stored["catalogue"])
        except ValueError:
            raise
        except Exception as e:  # numpy and zipfile raise a dozen kinds on damaged data
            raise ValueError(f"not a weights file, or a damaged one: {e}") from None
        shapes = (weights.shape, bias.shape, whole.shape, parts.shape)
        if shapes != ((len(vocabulary), len(slugs)), (len(slugs),), (COLUMNS,), (PART_COLUMNS,)):
            raise ValueError("a damaged weights file: its parts do not fit together")
        scale = np.array([scale_of(f) for f in vocabulary], np.float32)
        model = Model(vocabulary, Linear(weights, scale, bias), _curve(whole), _curve(parts))
        return Weights(catalogue, slugs, model)


def _curve(coefficients: NDArray[np.float64]) -> Calibration:
    return Calibration(tuple(map(float, coefficients)))


def _packed(words: Sequence[str]) -> NDArray[np.uint8]:
    return np.frombuffer("\n".join(words).encode(), dtype=np.uint8)


def _unpacked(data: NDArray[np.uint8]) -> tuple[str, ...]:
    text = data.tobytes().decode()
    return tuple(text.split("\n")) if text else ()


@dataclass
class _Judged:
    """Evidence on unseen lines, and whether what it spoke for was right."""

    whole: list[tuple[float, ...]]
    whole_right: list[bool]
    parts: list[tuple[float, ...]]
    parts_right: list[bool]


def train(catalogue: Catalogue, seed: int = 0) -> Weights:
    """Learn from the catalogue's examples, templates and negatives; about 25 s for 12,000 examples on one core.

    The model is fitted ``FOLDS`` times on parts of the examples to see what its evidence is worth on lines that it has
    not seen (the calibrations), and once on all of them.
    """
    reader, slugs = reader_of(catalogue), slugs_of(catalogue)
    written, expanded = written_lines(catalogue), expanded_lines(catalogue)
    keywords, classes = keywords_of(catalogue), {s: i for i, s in enumerate(slugs)}
    judged = _Judged([], [], [], [])
    for held_out in range(FOLDS):
        kept = [x for i, x in enumerate(written) if (i // BLOCK) % FOLDS != held_out]
        unseen = [x for i, x in enumerate(written) if (i // BLOCK) % FOLDS == held_out]
        if kept and unseen:
            model = _fit(kept, expanded, slugs, reader, [seed])
            matcher = Matcher(slugs, reader, Neighbours([*kept, *expanded], keywords, classes), model)
            _judge(matcher, unseen, random.Random(seed + held_out), judged)  # noqa: S311 - reproducible
    model = _fit(written, expanded, slugs, reader, [seed + n for n in range(MEMBERS)])
    whole, parts = model.whole, model.parts
    if judged.whole:
        whole = Calibration.fit(np.array(judged.whole), np.array(judged.whole_right, np.float64))
    if any(judged.parts_right):
        parts = Calibration.fit(np.array(judged.parts), np.array(judged.parts_right, np.float64))
    return Weights(catalogue.hash, tuple(slugs), Model(model.vocabulary, model.linear, whole, parts))


def _fit(
    written: Sequence[Line], expanded: Sequence[Line], slugs: Sequence[str], reader: Reader, seeds: Sequence[int]
) -> Model:
    """A model over the features that are common enough, the mean of one for each seed, not calibrated yet."""
    names = [reader.features(view_of(normalise(x.text).clean)) for x in (*written, *expanded)]
    counts = Counter(name for line in names for name in line)
    vocabulary = tuple(sorted(name for name, count in counts.items() if count >= RAREST))
    numbers = {name: i for i, name in enumerate(vocabulary)}
    scale = np.array([scale_of(name) for name in vocabulary], np.float32)
    rows = [_row(line, numbers) for line in names]
    fitted: list[Linear] = []
    for seed in seeds:
        made = augment(written, random.Random(seed))  # noqa: S311 - reproducible, nothing secret
        more = [_row(reader.features(view_of(normalise(x.text).clean)), numbers) for x in made]
        lines = [*written, *expanded, *made]
        importance = np.array([x.importance for x in lines], np.float32)
        fitted.append(fit([*rows, *more], _targets(lines, slugs), importance, scale, seed))
    # The mean of linear models is a linear model: an ensemble at the price of one.
    weights = np.stack([f.weights for f in fitted]).mean(axis=0)
    bias = np.stack([f.bias for f in fitted]).mean(axis=0)
    vocabulary, linear = _pruned(vocabulary, Linear(weights, scale, bias))
    # Until calibrated, confidences are the plain shares.
    whole, parts = (1.0, *[0.0] * (COLUMNS - 1)), (0.0, 1.0, *[0.0] * (PART_COLUMNS - 2))
    return Model(vocabulary, linear, Calibration(whole), Calibration(parts))


def _targets(lines: Sequence[Line], slugs: Sequence[str]) -> Floats:
    place = {slug: i for i, slug in enumerate(slugs)}
    targets = np.zeros((len(lines), len(slugs)), np.float32)
    for i, line in enumerate(lines):
        for slug in line.slugs:
            targets[i, place[slug]] = 1 / len(line.slugs)
    return targets


def _pruned(vocabulary: tuple[str, ...], linear: Linear) -> tuple[tuple[str, ...], Linear]:
    """The ``KEPT`` features that move the scores most: the rest costs memory and time and decides nothing."""
    force = np.abs(linear.weights).max(axis=1)
    kept = np.sort(np.argsort(-force, kind="stable")[:KEPT])
    small = Linear(linear.weights[kept], linear.scale[kept], linear.bias)
    return tuple(vocabulary[i] for i in kept), small


def _row(names: Sequence[str], numbers: dict[str, int]) -> Ints:
    return np.array([n for n in map(numbers.get, names) if n is not None], np.int32)


def _judge(matcher: Matcher, unseen: Sequence[Line], rng: random.Random, judged: _Judged) -> None:
    """Evidence for the two best classes of each unseen line, and for the best cut of it and of messages made of two."""
    for line in unseen:
        reading = matcher.read(normalise(line.text).clean)
        candidates = best_of(reading.shares, 2)
        judged.whole += evidence(reading.shares, reading.near, reading.keywords, candidates)
        judged.whole_right += [matcher.slugs[c] in line.slugs for c in candidates]
        _judge_parts(matcher, reading, line.slugs, judged)
    intents = [x for x in unseen if x.slugs[0] != NONE and x.slugs[0] not in SMALL_TALK]
    if len(intents) < 2:
        return
    for _ in range(len(unseen) // SINGLE_TO_DOUBLE):
        first, second = short_pair(intents, rng)
        text = first.text + rng.choice(BETWEEN) + second.text
        _judge_parts(matcher, matcher.read(normalise(text).clean), first.slugs + second.slugs, judged)


def _judge_parts(matcher: Matcher, reading: Reading, slugs: Sequence[str], judged: _Judged) -> None:
    if (parts := matcher.parts(reading)) is not None:
        judged.parts.append(parts.evidence)
        found = {matcher.slugs[parts.first], matcher.slugs[parts.second]}
        judged.parts_right.append(len(found) == 2 and found <= set(slugs))
