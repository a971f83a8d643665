"""Weights learned from a catalogue alone: seeded, reproducible, bound to the catalogue by its hash."""

import io
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .augment import Line, augment
from .catalogue import Catalogue
from .features import Vocabulary, runs, view_of, word_features, words_of
from .index import Index
from .linear import Floats, Ints, Linear, Rows, fit
from .match import (
    COLUMNS,
    PAIR_COLUMNS,
    TYPICAL,
    TYPICAL_PAIR,
    Calibration,
    Keywords,
    Neighbours,
    Reader,
    evidence,
    expanded_lines,
    keywords_of,
    neighbours_of,
    reader_of,
    slugs_of,
    written_lines,
)
from .matcher import Matcher, Model, best_of
from .normalise import normalise

VERSION = 5
"""Raised whenever features or the model change, so that weights of another make are refused."""
HELD_OUT = 3
"""One line in so many is held out to see what the evidence is worth on lines that the model has not learned."""
BLOCK = 8
"""Lines that stand together in a file are about the same sub-situation; they are held out together."""
RAREST = 2
"""A feature must occur in this many lines to be learned."""
KEPT = 100_000
"""Features that a model keeps."""
MEMBERS = 2
"""Models, each with its own order of lines and its own dropout, whose mean is kept."""
JUDGED = 2
"""Classes of each unseen line whose evidence is judged."""


@dataclass(frozen=True)
class Weights:
    """A trained model with the examples it compares with, and the catalogue both belong to."""

    catalogue: str
    """Hash of the catalogue."""
    slugs: tuple[str, ...]
    model: Model
    neighbours: Neighbours

    def dump(self) -> bytes:
        """The weights as bytes that :meth:`load` takes: an npz archive without pickled objects."""
        buffer = io.BytesIO()
        terms, lengths, postings = self.neighbours.index.stored()
        np.savez_compressed(
            buffer,
            version=np.array(VERSION),
            catalogue=np.array(self.catalogue),
            slugs=_packed(self.slugs),
            runs=self.model.vocabulary.runs,
            words=_packed(self.model.vocabulary.words),
            weights=self.model.linear.weights.astype(np.float16),
            bias=self.model.linear.bias,
            whole=np.array(self.model.whole.coefficients, np.float32),
            pairs=np.array(self.model.pairs.coefficients, np.float32),
            texts=_packed(self.neighbours.texts),
            views=_packed(self.neighbours.index.views),
            owners=np.array(self.neighbours.owners, np.int32),
            terms=_packed(terms),
            lengths=lengths,
            postings=postings,
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
                return _loaded({name: stored[name] for name in stored.files})
        except ValueError:
            raise
        except Exception as e:  # numpy and zipfile raise a dozen kinds on damaged data
            raise ValueError(f"not a weights file, or a damaged one: {e!r}") from None


def _loaded(stored: Mapping[str, NDArray[np.generic]]) -> Weights:
    slugs, words = _unpacked(stored["slugs"]), _unpacked(stored["words"])
    keys = stored["runs"].astype(np.uint64, casting="same_kind")
    texts, views, terms = _unpacked(stored["texts"]), _unpacked(stored["views"]), _unpacked(stored["terms"])
    weights, bias = _floats(stored["weights"]), _floats(stored["bias"])
    whole, pairs = _floats(stored["whole"]), _floats(stored["pairs"])
    owners, lengths, postings = (_integers(stored[name]) for name in ("owners", "lengths", "postings"))
    shapes = (weights.shape, bias.shape, whole.shape, pairs.shape, owners.shape, len(texts))
    fitting = (
        (len(keys) + len(words), len(slugs)),
        (len(slugs),),
        (COLUMNS,),
        (PAIR_COLUMNS,),
        (len(views),),
        len(views),
    )
    if shapes != fitting or (len(owners) and not 0 <= int(owners.min()) <= int(owners.max()) < len(slugs)):
        raise ValueError("a damaged weights file: its parts do not fit together")
    vocabulary = Vocabulary(keys, words)
    linear = Linear(weights, vocabulary.scale(), bias)
    neighbours = Neighbours(Index.restored(views, terms, lengths, postings), texts, owners.tolist())
    model = Model(vocabulary, linear, Calibration(tuple(whole.tolist())), Calibration(tuple(pairs.tolist())))
    return Weights(str(stored["catalogue"]), slugs, model, neighbours)


def _floats(data: NDArray[np.generic]) -> Floats:
    numbers = data.astype(np.float32, casting="same_kind")
    if not np.isfinite(numbers).all():
        raise ValueError("a damaged weights file: it holds numbers that are none")
    return numbers


def _integers(data: NDArray[np.generic]) -> Ints:
    return data.astype(np.int32, casting="same_kind")


def _packed(words: Sequence[str]) -> NDArray[np.uint8]:
    return np.frombuffer(
        "\x00".join(word.replace("\x00", "") for word in words).encode("utf-8", "surrogatepass"), dtype=np.uint8
    )


def _unpacked(data: NDArray[np.generic]) -> tuple[str, ...]:
    text = data.astype(np.uint8, casting="same_kind").tobytes().decode("utf-8", "surrogatepass")
    return tuple(text.split("\x00")) if text else ()


def train(catalogue: Catalogue, seed: int = 0) -> Weights:
    """Learn from the catalogue's examples, templates and negatives; about 9 s for 12,000 examples on one core.

    A model is fitted on a part of the examples, to see what its evidence is worth on lines that it has not seen (the
    calibrations), and ``MEMBERS`` on all of them.
    """
    reader, slugs = reader_of(catalogue), slugs_of(catalogue)
    written, expanded = written_lines(catalogue), expanded_lines(catalogue)
    kept = [x for i, x in enumerate(written) if (i // BLOCK) % HELD_OUT]
    unseen = [x for i, x in enumerate(written) if not (i // BLOCK) % HELD_OUT]
    rng = random.Random(seed)  # noqa: S311 - reproducible, nothing secret
    learned = [*kept, *expanded, *augment(kept, rng)]
    judged = [*unseen, *augment(unseen, rng)]
    lines = [*learned, *judged]
    vocabulary, rows = _rows(lines, reader)
    scale = vocabulary.scale()
    targets = np.array([[slug in line.slugs for slug in slugs] for line in lines], np.float32)
    importance = np.array([x.importance for x in lines], np.float32)
    classes, keywords = {slug: i for i, slug in enumerate(slugs)}, Keywords(keywords_of(catalogue))
    # The mean of linear models is a linear model: an ensemble at the price of one.
    mean = fit(rows, targets, importance, scale, seed)
    for member in range(1, MEMBERS):
        more = fit(rows, targets, importance, scale, seed + member)
        mean = Linear(mean.weights + more.weights, scale, mean.bias + more.bias)
    share = np.float32(1 / MEMBERS)
    model = _model(vocabulary, Linear(mean.weights * share, scale, mean.bias * share))
    if kept:
        part = fit(rows.first(len(learned)), targets, importance, scale, seed)
        matcher = Matcher(slugs, reader, Neighbours.of([*kept, *expanded], classes), keywords, _model(vocabulary, part))
        model = _calibrated(model, matcher, judged)
    return Weights(catalogue.hash, tuple(slugs), model, neighbours_of(catalogue))


def _rows(lines: Sequence[Line], reader: Reader) -> tuple[Vocabulary, Rows]:
    """The features that are common enough, and for each line the numbers of those it has."""
    numbers: dict[str, int] = {}
    keys, words = [], []
    for line in lines:
        clean = normalise(line.text).clean
        keys.append(np.unique(runs(view_of(clean))))
        found = word_features(words_of(reader.cut(clean)), reader.kinds)
        words.append([numbers.setdefault(name, len(numbers)) for name in found])
    known, run_numbers, run_counts = np.unique(np.concatenate(keys), return_inverse=True, return_counts=True)
    word_numbers = np.array([n for row in words for n in row], np.int64)
    counts = np.concatenate((run_counts, np.bincount(word_numbers, minlength=len(numbers))))
    features = np.concatenate((run_numbers, word_numbers + len(known)))
    owners = np.concatenate([np.repeat(np.arange(len(lines)), [len(row) for row in part]) for part in (keys, words)])
    common = counts >= RAREST
    new, shown = np.cumsum(common, dtype=np.int32) - 1, common[features]
    vocabulary = Vocabulary(known, list(numbers)).only(np.flatnonzero(common).tolist())
    return vocabulary, Rows.of(owners[shown], new[features[shown]].astype(np.int32), len(lines))


def _model(vocabulary: Vocabulary, linear: Linear) -> Model:
    """The ``KEPT`` features that move the odds most: the rest costs memory and time and decides nothing.

    Its calibrations are the typical ones.
    """
    force = np.abs(linear.weights).max(axis=1, initial=0)
    kept = np.sort(np.argsort(-force, kind="stable")[: min(KEPT, int(np.count_nonzero(force)))])
    small = Linear(linear.weights[kept], linear.scale[kept], linear.bias)
    return Model(vocabulary.only(kept.tolist()), small, TYPICAL, TYPICAL_PAIR)


def _calibrated(model: Model, matcher: Matcher, unseen: Sequence[Line]) -> Model:
    """``model`` with what its evidence is worth, as seen on lines that ``matcher`` has not learned."""
    whole: list[tuple[tuple[float, ...], bool, float]] = []
    pairs: list[tuple[tuple[float, ...], bool, float]] = []
    for line in unseen:
        clean = normalise(line.text).clean
        reading = matcher.read(clean, matcher.reader.cut(clean))
        candidates = best_of(reading.odds, JUDGED)
        rows = evidence(reading.odds, reading.near, reading.keywords, candidates, matcher.none)
        for candidate, row in zip(candidates, rows, strict=True):
            whole.append((row, matcher.slugs[candidate] in line.slugs, line.importance))
        for pair in matcher.pairs(reading):
            found = {matcher.slugs[pair.first], matcher.slugs[pair.second]}
            pairs.append((pair.evidence, found <= set(line.slugs), line.importance))
    return Model(model.vocabulary, model.linear, _learned(model.whole, whole), _learned(model.pairs, pairs))


def _learned(prior: Calibration, judged: Sequence[tuple[tuple[float, ...], bool, float]]) -> Calibration:
    """A calibration from rows of evidence, whether each was right, and how much it counts."""
    if not judged:
        return prior
    rows, right, importance = zip(*judged, strict=True)
    return prior.learned(np.array(rows), np.array(right, np.float64), np.array(importance, np.float64))
