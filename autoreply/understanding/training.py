"""Weights learned from a catalogue alone: seeded, reproducible, bound to the catalogue by its hash.

With a sentence encoder the hand-written lines are encoded too, and the made ones that calibrate: all the others would
take twice as long and change nothing.
"""

import io
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from autoreply.model import NONE

from .augment import Line, augment
from .calibration import COLUMNS, HIDDEN, MEANING, Calibration, learned
from .catalogue import Catalogue
from .extras import BASE, Extras
from .features import Vocabulary, runs, view_of, word_features, words_of
from .index import Index
from .linear import Floats, Ints, Linear, Rows, fit
from .match import (
    Keywords,
    Neighbours,
    Reader,
    expanded_lines,
    keywords_of,
    neighbours_of,
    reader_of,
    slugs_of,
    written_lines,
)
from .matcher import Matcher, Model
from .normalise import normalise
from .semantic import DIMS, WIDTH, Space

VERSION = 7
"""Raised whenever features or the model change, so that weights of another make are refused."""
MEMBERS = 3
"""Models whose mean is kept, each with its own order of lines and its own dropout. Each leaves out lines of its own, by
which it is seen what evidence is worth for a model that has not learned them."""
HELD_OUT = 10
"""One line in so many is left out by each member. Were it one in three, the model would know much less than the one
that is kept, and its confidence would be too low."""
NONE_SHARE, TWO_SHARE = 0.16, 0.08
"""Of the lines that calibrate confidence, those without an intent and those with two: as many as among buyers' messages
(a count of 1,300 on three platforms), whatever the catalogue's authors wrote. A confidence is a share of what comes."""
RAREST = 2
"""A feature must occur in this many lines to be learned."""
KEPT = 100_000
"""Features that a model keeps."""
ENCODED = 16_000
"""Examples that are compared by meaning: of a larger catalogue so many, spread evenly."""
_NO_RUNS = np.zeros(0, np.uint64)
_NOWHERE = Space(
    np.zeros(WIDTH, np.float32),
    np.zeros((WIDTH, DIMS), np.float32),
    np.zeros((0, DIMS), np.float32),
    np.zeros(0, np.int32),
)
"""How no space is stored."""


class Judged(NamedTuple):
    """A line with the rows of its evidence, and for each row whether it is right."""

    line: Line
    evidence: Floats
    right: list[bool]


@dataclass(frozen=True)
class Weights:
    """A trained model with the examples it compares with, and the catalogue both belong to."""

    catalogue: str
    """Hash of the catalogue."""
    slugs: tuple[str, ...]
    model: Model
    neighbours: Neighbours
    extras: str = ""
    """What was there beside words: :attr:`Extras.mark`."""

    def dump(self) -> bytes:
        """The weights as bytes that :meth:`load` takes: an npz archive without pickled objects."""
        buffer = io.BytesIO()
        terms, lengths, postings = self.neighbours.index.stored()
        space = self.model.space or _NOWHERE
        np.savez_compressed(
            buffer,
            version=np.array(VERSION),
            catalogue=np.array(self.catalogue),
            slugs=_packed(self.slugs),
            runs=self.model.vocabulary.runs,
            words=_packed(self.model.vocabulary.words),
            weights=self.model.linear.weights.astype(np.float16),
            bias=self.model.linear.bias,
            inner=self.model.calibration.inner,
            outer=self.model.calibration.outer,
            texts=_packed(self.neighbours.texts),
            views=_packed(self.neighbours.index.views),
            owners=np.array(self.neighbours.owners, np.int32),
            terms=_packed(terms),
            lengths=lengths,
            postings=postings,
            extras=np.array(self.extras),
            dense=self.model.linear.dense,
            mean=space.mean,
            axes=space.axes,
            examples=space.examples.astype(np.float16),
            example_owners=space.owners,
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
    inner, outer, dense = (_floats(stored[name]) for name in ("inner", "outer", "dense"))
    owners, lengths, postings = (_integers(stored[name]) for name in ("owners", "lengths", "postings"))
    space = _space_loaded(stored, len(slugs))
    columns = COLUMNS + (len(MEANING) if space else 0)
    shapes = (weights.shape, bias.shape, inner.shape, outer.shape, owners.shape, len(texts), dense.shape[1:])
    fitting = (
        (len(keys) + len(words), len(slugs)),
        (len(slugs),),
        (columns, HIDDEN),
        (HIDDEN,),
        (len(views),),
        len(views),
        (len(slugs),),
    )
    if shapes != fitting or not _within(owners, len(slugs)):
        raise ValueError("a damaged weights file: its parts do not fit together")
    vocabulary = Vocabulary(keys, words)
    linear = Linear(weights, vocabulary.scale(), bias, dense)
    model = Model(vocabulary, linear, Calibration(inner, outer), space)
    neighbours = Neighbours(Index.restored(views, terms, lengths, postings), texts, owners.tolist())
    return Weights(str(stored["catalogue"]), slugs, model, neighbours, str(stored["extras"]))


def _space_loaded(stored: Mapping[str, NDArray[np.generic]], classes: int) -> Space | None:
    mean, axes, examples = (_floats(stored[name]) for name in ("mean", "axes", "examples"))
    owners = _integers(stored["example_owners"])
    if (mean.shape, axes.shape, examples.shape) != ((WIDTH,), (WIDTH, DIMS), (len(owners), DIMS)):
        raise ValueError("a damaged weights file: its examples by meaning do not fit together")
    if not _within(owners, classes) or (owners[1:] < owners[:-1]).any():
        raise ValueError("a damaged weights file: examples by meaning of no class")
    return Space(mean, axes, examples, owners) if len(owners) else None


def _within(owners: Ints, classes: int) -> bool:
    return not len(owners) or 0 <= int(owners.min()) <= int(owners.max()) < classes


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


def train(catalogue: Catalogue, seed: int = 0, extras: Extras = BASE) -> Weights:
    """Learn from the catalogue's examples, templates and negatives; about 10 s for 12,000 examples on one core, and as
    long again with a sentence encoder."""
    reader, slugs = reader_of(catalogue), slugs_of(catalogue)
    written = written_lines(catalogue)
    rng = random.Random(seed)  # noqa: S311 - reproducible, nothing secret
    held_out = [written[i::HELD_OUT] if len(written) >= 2 * HELD_OUT else [] for i in range(MEMBERS)]
    rest = [line for i, line in enumerate(written) if i % HELD_OUT >= MEMBERS or not held_out[0]]
    parts = [[*part, *augment(part, rng)] for part in held_out]
    lines = [line for part in parts for line in part] + [*rest, *augment(rest, rng), *expanded_lines(catalogue)]
    vocabulary, rows = _rows(lines, reader)
    scale = vocabulary.scale()
    targets = np.array([slug in line.slugs for line in lines for slug in slugs], np.float32)
    targets = targets.reshape(len(lines), len(slugs))
    importance = np.array([x.importance for x in lines], np.float32)
    owners = np.repeat([*range(MEMBERS), -1], [*map(len, parts), len(lines) - sum(map(len, parts))])
    chosen = sorted(written[:: -(-len(written) // ENCODED) or 1], key=lambda line: line.slugs[0])
    space, dense = _dense(lines, chosen, extras, slugs)
    members = [fit(rows, targets, importance * (owners != i), scale, seed + i, dense) for i in range(MEMBERS)]
    mean = _mean(members)
    kept = _strongest(mean.weights)
    vocabulary = vocabulary.only(kept.tolist())
    columns = COLUMNS + (len(MEANING) if space else 0)
    model = Model(vocabulary, mean.only(kept), Calibration.typical(columns), space)
    neighbours, keywords = neighbours_of(catalogue), Keywords(keywords_of(catalogue))
    seen: list[Judged] = []
    for member, held, part in zip(members, held_out, parts, strict=True):
        hidden = set(held)
        others = space.only(np.array([line not in hidden for line in chosen])) if space else None
        blind = replace(model, linear=member.only(kept), space=others)
        seen += _judged(Matcher(slugs, reader, neighbours.without(held), keywords, blind, extras), part, extras)
    if seen:
        model = replace(model, calibration=_calibrated(seen, seed))
    return Weights(catalogue.hash, tuple(slugs), model, neighbours, extras.mark)


def _dense(
    lines: Sequence[Line], chosen: Sequence[Line], extras: Extras, slugs: Sequence[str]
) -> tuple[Space | None, Floats]:
    """The space of the ``chosen`` lines, which are sorted by their classes, and a dense vector for each of ``lines``,
    of which the chosen ones alone have a place in the space."""
    cleans = [normalise(line.text).clean for line in lines] if extras.features else []
    values = np.array([extras.values(clean) for clean in cleans], np.float32).reshape(len(lines), -1 if cleans else 0)
    if extras.encoder is None or not chosen:
        return None, values
    texts = [normalise(line.text).clean for line in chosen]
    extras.encoder.learn(texts)
    embeddings = np.array([extras.encoder.one(text) for text in texts])
    space = Space.of(embeddings, np.array([slugs.index(line.slugs[0]) for line in chosen], np.int32))
    places, nowhere = dict(zip(chosen, space.examples, strict=True)), np.zeros(DIMS, np.float32)
    return space, np.column_stack(([places.get(line, nowhere) for line in lines], values))


def _rows(lines: Sequence[Line], reader: Reader) -> tuple[Vocabulary, Rows]:
    """The features that are common enough, and for each line the numbers of those it has."""
    numbers: dict[str, int] = {}
    keys, words = [], []
    for line in lines:
        clean = normalise(line.text).clean
        keys.append(np.unique(runs(view_of(clean))))
        found = word_features(words_of(reader.cut(clean)), reader.kinds)
        words.append([numbers.setdefault(name, len(numbers)) for name in found])
    known, run_numbers, run_counts = np.unique(
        np.concatenate([_NO_RUNS, *keys]), return_inverse=True, return_counts=True
    )
    word_numbers = np.array([n for row in words for n in row], np.int64)
    counts = np.concatenate((run_counts, np.bincount(word_numbers, minlength=len(numbers))))
    features = np.concatenate((run_numbers, word_numbers + len(known)))
    lengths = np.array([len(row) for part in (keys, words) for row in part], np.int64)
    owners = np.tile(np.arange(len(lines)), 2).repeat(lengths)
    common = counts >= RAREST
    new, shown = np.cumsum(common, dtype=np.int32) - 1, common[features]
    vocabulary = Vocabulary(known, list(numbers)).only(np.flatnonzero(common).tolist())
    return vocabulary, Rows.of(owners[shown], new[features[shown]].astype(np.int32), len(lines))


def _mean(models: Sequence[Linear]) -> Linear:
    """The mean of linear models is a linear model: an ensemble at the price of one."""
    first, *others = models
    weights, bias, dense = first.weights.copy(), first.bias.copy(), first.dense.copy()
    for other in others:
        weights += other.weights
        bias += other.bias
        dense += other.dense
    share = np.float32(1 / len(models))
    return Linear(weights * share, first.scale, bias * share, dense * share)


def _strongest(weights: Floats) -> NDArray[np.int64]:
    """The ``KEPT`` features that move the odds most, ascending: the rest costs memory and time and decides nothing."""
    force = np.abs(weights).max(axis=1, initial=0)
    return np.sort(np.argsort(-force, kind="stable")[: min(KEPT, int(np.count_nonzero(force)))])


def _judged(matcher: Matcher, unseen: Sequence[Line], extras: Extras) -> list[Judged]:
    """What ``matcher`` makes of lines that it has not learned."""
    cleans = [normalise(line.text).clean for line in unseen]
    if extras.encoder is not None:
        extras.encoder.learn(cleans)
    found = []
    for line, clean in zip(unseen, cleans, strict=True):
        reading = matcher.read(clean, matcher.reader.cut(clean))
        found.append(Judged(line, reading.evidence, [matcher.slugs[c] in line.slugs for c in reading.candidates]))
    return found


def _calibrated(judged: Sequence[Judged], seed: int) -> Calibration:
    """What evidence is worth, as seen on judged lines, weighed so that each kind of line has its share."""
    shares = {"none": NONE_SHARE, "two": TWO_SHARE, "one": 1 - NONE_SHARE - TWO_SHARE}
    kinds = ["two" if len(line.slugs) > 1 else "none" if line.slugs[0] == NONE else "one" for line, _, _ in judged]
    sums = dict.fromkeys(shares, 0.0)
    for kind, (line, _, _) in zip(kinds, judged, strict=True):
        sums[kind] += line.importance
    importance = [
        shares[kind] * line.importance / sums[kind]
        for kind, (line, rows, _) in zip(kinds, judged, strict=True)
        for _ in rows
    ]
    return learned(
        np.concatenate([rows for _, rows, _ in judged]),
        [right for _, _, rights in judged for right in rights],
        importance,
        seed,
    )
