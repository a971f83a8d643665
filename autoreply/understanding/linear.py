"""One yes-or-no question per class over sparse features, in a few lines of NumPy.

A row is an array of feature numbers. Its odds for a class are the sum of the class's weights for these features, each
scaled, divided by the length of the scaled row; and where rows have a dense vector too, its product with a matrix.
Classes do not compete: a message that expresses two intents is sure of both, one between two intents of neither.
Trained by AdaGrad on cross-entropy with dropout on features.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

EPOCHS = 4
BATCH = 256
RATE = 0.4
DECAY = 1e-5
DROPOUT = 0.5
"""Half of the features are hidden at each step, so that no line is learned by one rare feature of it."""
DENSE_DROPOUT = 0.3
"""Of the rows, those whose dense vector is hidden at each step: the features must be able to do without."""
DENSE_RATE = 0.5
"""How much faster or slower than the features the matrix of the dense vectors learns."""
PRIOR = -3.0
"""Log-odds that each class starts from."""
CLAIMED = 0.3
"""Weight from which a feature speaks for a class."""
_OVERFLOW = np.float32(80)
"""The exponential of more would not fit into 32 bits."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of feature numbers, one after another: row ``i`` is ``numbers[starts[i]:starts[i + 1]]``."""

    numbers: Ints
    starts: NDArray[np.int64]

    @staticmethod
    def of(owners: NDArray[np.int64], numbers: Ints, count: int) -> "Rows":
        """``count`` rows from feature numbers in any order, each with the row that owns it."""
        starts = np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=count))])
        return Rows(numbers[np.argsort(owners, kind="stable")], starts)


@dataclass(frozen=True, slots=True)
class Linear:
    """``weights`` (features × classes, already scaled), ``scale`` (features), ``bias`` (classes), ``dense`` (numbers of
    a dense vector × classes)."""

    weights: Floats
    scale: Floats
    bias: Floats
    dense: Floats

    def only(self, kept: NDArray[np.int64]) -> "Linear":
        """The same for the features with the numbers ``kept``."""
        return Linear(self.weights[kept], self.scale[kept], self.bias, self.dense)

    def odds(self, row: Sequence[int], dense: Floats | None = None) -> Floats:
        """Log-odds of one row for all classes, by its features and, where given, its dense vector."""
        if dense is not None:
            total: Floats = self.odds(row) + dense @ self.dense
            return total
        if not row:
            return self.bias
        numbers = np.array(row, dtype=np.int32)
        scale = self.scale.take(numbers)
        total = np.add.reduce(self.weights.take(numbers, axis=0), axis=0)
        total /= math.sqrt(float(scale @ scale))
        total += self.bias
        return total

    def sides(self, numbers: Ints, spans: Ints, places: Sequence[int]) -> Floats:
        """Log-odds by the features that lie before, and by those that lie after, each of ``places``.

        ``numbers`` are those of the features, ``spans``, features × 2, where each starts and ends. The result is
        2 × places × classes.
        """
        at = np.array(places, np.int32)[:, None]
        weights, scale = self.weights.take(numbers, axis=0), self.scale.take(numbers)
        both = np.concatenate((spans[:, 1] <= at, spans[:, 0] >= at)).astype(np.float32)
        lengths: Floats = np.sqrt(np.maximum(both @ (scale * scale), 1e-6))
        odds = both @ weights / lengths[:, None] + self.bias
        return odds.reshape(2, len(places), -1)

    def unclaimed(self, numbers: Ints, own: Ints, rival: Ints) -> Floats:
        """For each class of ``own`` its log-odds by those features that do not speak for its ``rival``: that weigh
        less than ``CLAIMED`` for the rival, or more for the class itself."""
        weights, scale = self.weights.take(numbers, axis=0), self.scale.take(numbers)
        mine, its = weights[:, own], weights[:, rival]
        left = ((its < CLAIMED) | (its < mine)).astype(np.float32)
        lengths = np.sqrt(np.maximum((scale * scale) @ left, 1e-6))
        odds: Floats = (mine * left).sum(axis=0) / lengths + self.bias[own]
        return odds


def sigmoid(odds: Floats) -> Floats:
    """Log-odds → shares 0..1."""
    shares: Floats = np.reciprocal(np.exp(np.minimum(-odds, _OVERFLOW)) + np.float32(1))
    return shares


@dataclass(frozen=True, slots=True)
class _Batch:
    features: Ints
    row_starts: NDArray[np.int64]
    by_feature: NDArray[np.int64]  # positions sorted by feature number
    row: Ints  # for each of these positions the row it belongs to
    shrink: Floats  # 1 / length of each row
    targets: Floats
    importance: Floats
    dense: Floats


def fit(
    rows: Rows, targets: Floats, importance: Floats, scale: Floats, seed: int, dense: Floats | None = None
) -> Linear:
    """Train on ``rows`` with targets 0 or 1 (rows × classes) and an importance for each row; 0 leaves a row out.

    ``dense`` (rows × numbers) are their dense vectors, where they have any; one of zeros says nothing.

    The same arguments give the same weights on one machine; between machines they differ by rounding only.
    """
    random = np.random.default_rng(seed)
    classes = targets.shape[1]
    weights = np.zeros((len(scale), classes), np.float32)
    bias = np.full(classes, PRIOR, np.float32)
    seen = np.full(len(scale), 1e-6, np.float32)
    bias_seen = np.full(classes, 1e-6, np.float32)
    dense = np.zeros((len(targets), 0), np.float32) if dense is None else dense
    matrix = np.zeros((dense.shape[1], classes), np.float32)
    matrix_seen = np.full((dense.shape[1], 1), 1e-6, np.float32)
    order = random.permutation(np.flatnonzero((np.diff(rows.starts) > 0) & (importance > 0)))
    batches = [
        _batch(rows, part, targets, importance, scale, dense)
        for part in (order[i : i + BATCH] for i in range(0, len(order), BATCH))
    ]
    for epoch in range(EPOCHS):
        rate = RATE * (1 - 0.9 * epoch / EPOCHS)
        for number in random.permutation(len(batches)):
            batch = batches[number]
            kept = random.random(len(batch.features), dtype=np.float32) >= DROPOUT
            kept[batch.row_starts] = True  # no row is left empty
            vectors = _with_hidden(batch.dense, random)
            error = _error(batch, kept, weights, bias, vectors @ matrix)
            total = error.sum(axis=0)
            bias_seen += total**2 / len(error)
            bias -= 0.1 * rate * total / np.sqrt(bias_seen * len(error))
            _step(batch, kept, error, weights, scale, seen, rate)
            slope = vectors.T @ error
            matrix_seen += np.einsum("ij,ij->i", slope, slope)[:, None] / classes
            matrix -= DENSE_RATE * rate * slope / np.sqrt(matrix_seen)
    return Linear(weights, scale, bias, matrix)


def _with_hidden(dense: Floats, random: np.random.Generator) -> Floats:
    """Dense vectors, some of them hidden and the others that much longer."""
    if not dense.shape[1]:
        return dense
    shown = random.random((len(dense), 1), dtype=np.float32) >= DENSE_DROPOUT
    vectors: Floats = dense * shown / np.float32(1 - DENSE_DROPOUT)
    return vectors


def _batch(
    rows: Rows, chosen: NDArray[np.int64], targets: Floats, importance: Floats, scale: Floats, dense: Floats
) -> _Batch:
    numbers = np.concatenate([rows.numbers[rows.starts[i] : rows.starts[i + 1]] for i in chosen])
    lengths = rows.starts[chosen + 1] - rows.starts[chosen]
    starts = np.cumsum(lengths) - lengths
    order = np.argsort(numbers, kind="stable")
    squares = np.add.reduceat(scale[numbers] ** 2, starts)
    return _Batch(
        features=numbers,
        row_starts=starts,
        by_feature=order,
        row=np.repeat(np.arange(len(chosen), dtype=np.int32), lengths)[order],
        shrink=(1 / np.sqrt(squares) / (1 - DROPOUT))[:, None].astype(np.float32),
        targets=targets[chosen],
        importance=importance[chosen, None],
        dense=dense[chosen],
    )


def _error(batch: _Batch, kept: NDArray[np.bool_], weights: Floats, bias: Floats, more: Floats) -> Floats:
    """How far each class's share lies above its target, for each row of a batch; ``more`` are log-odds to add."""
    starts = (np.cumsum(kept) - 1)[batch.row_starts]
    odds = np.add.reduceat(weights.take(batch.features[kept], axis=0), starts, axis=0) * batch.shrink + bias
    odds += more
    error: Floats = (sigmoid(odds) - batch.targets) * batch.importance
    return error


def _step(
    batch: _Batch, kept: NDArray[np.bool_], error: Floats, weights: Floats, scale: Floats, seen: Floats, rate: float
) -> None:
    """One AdaGrad step on one batch; changes ``weights`` (scaled) and ``seen`` in place."""
    shown = kept[batch.by_feature]
    features = batch.features[batch.by_feature[shown]]
    first = np.flatnonzero(np.concatenate(([True], features[1:] != features[:-1])))
    distinct = features[first]
    factor = scale[distinct][:, None]
    slope = np.add.reduceat((error * batch.shrink).take(batch.row[shown], axis=0), first, axis=0) * factor
    now = weights.take(distinct, axis=0)
    slope += DECAY * len(error) / factor * now
    sum_of_squares = seen[distinct] + np.einsum("ij,ij->i", slope, slope) / slope.shape[1]
    seen[distinct] = sum_of_squares
    weights[distinct] = now - slope * factor * (rate / np.sqrt(sum_of_squares))[:, None]
