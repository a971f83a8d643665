"""A softmax classifier over sparse features, in a few lines of NumPy.

A row is an array of feature numbers. Its score for a class is the sum of the class's weights for these features, each
scaled, divided by the length of the scaled row. Trained by AdaGrad on cross-entropy with dropout on features.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

EPOCHS = 6
BATCH = 256
RATE = 0.5
DECAY = 1e-5
DROPOUT = np.float32(0.5)
"""Half of the features are hidden at each step, so that no line is learned by one rare feature of it."""


@dataclass(frozen=True, slots=True)
class Linear:
    """``weights`` (features × classes, already scaled), ``scale`` (features), ``bias`` (classes)."""

    weights: Floats
    scale: Floats
    bias: Floats

    def logits(self, row: Sequence[int]) -> Floats:
        """Scores of one row for all classes, before the softmax."""
        if not row:
            return self.bias
        numbers = np.array(row, dtype=np.int32)
        scale = self.scale.take(numbers)
        total: Floats = np.add.reduce(self.weights.take(numbers, axis=0), axis=0)
        total /= math.sqrt(float(scale @ scale))
        total += self.bias
        return total

    def halves(self, row: Sequence[int], spans: Ints, places: Sequence[int]) -> tuple[Floats, Floats]:
        """Scores for the features that lie before, and for those that lie after, each of ``places`` (ascending).

        ``spans`` is features × 2: where each feature of ``row`` starts and ends. Two arrays of places × classes.
        """
        numbers = np.array(row, dtype=np.int32)
        rising = np.argsort(spans[:, 1], kind="stable")
        falling = np.argsort(-spans[:, 0], kind="stable")
        before = np.searchsorted(spans[rising, 1], places, side="right")
        after = np.searchsorted(-spans[falling, 0], [-p for p in places], side="right")
        return self._running(numbers[rising], before), self._running(numbers[falling], after)

    def _running(self, numbers: Ints, counts: NDArray[np.int64]) -> Floats:
        """Scores of the first ``counts[i]`` features of ``numbers``, for each ``i``."""
        total = np.zeros((len(numbers) + 1, self.weights.shape[1]), np.float32)
        np.cumsum(self.weights.take(numbers, axis=0), axis=0, out=total[1:])
        square = np.concatenate(([0.0], np.cumsum(self.scale.take(numbers) ** 2)))[counts]
        scores: Floats = (total[counts] / np.sqrt(np.maximum(square, 1e-6))[:, None] + self.bias).astype(np.float32)
        return scores


def softmax(logits: Floats) -> Floats:
    """Shares that sum to 1 along the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=-1, keepdims=True)
    return shares


@dataclass(frozen=True, slots=True)
class _Batch:
    features: Ints
    row: Ints  # for each feature the row it belongs to
    row_starts: Ints
    by_feature: NDArray[np.int64]  # positions sorted by feature number
    values: Floats
    shrink: Floats  # 1 / length of each row
    targets: Floats
    importance: Floats


def fit(rows: Sequence[Ints], targets: Floats, importance: Floats, scale: Floats, seed: int) -> Linear:
    """Train on ``rows`` with target shares (rows × classes, each summing to 1) and an importance for each row.

    The same arguments give the same weights on one machine; between machines they differ by rounding only.
    """
    random = np.random.default_rng(seed)
    classes = targets.shape[1]
    weights = np.zeros((len(scale), classes), np.float32)
    bias = np.zeros(classes, np.float32)
    seen = np.full(len(scale), 1e-6, np.float32)
    bias_seen = np.full(classes, 1e-6, np.float32)
    order = random.permutation([i for i, row in enumerate(rows) if len(row)])
    batches = [
        _batch([rows[i] for i in part], targets[part], importance[part], scale)
        for part in (order[i : i + BATCH] for i in range(0, len(order), BATCH))
    ]
    for epoch in range(EPOCHS):
        rate = RATE * (1 - 0.9 * epoch / EPOCHS)
        for number in random.permutation(len(batches)):
            _step(batches[number], weights, bias, seen, bias_seen, rate, random)
    return Linear(weights * scale[:, None], scale, bias)


def _batch(rows: Sequence[Ints], targets: Floats, importance: Floats, scale: Floats) -> _Batch:
    lengths = np.array([len(r) for r in rows])
    numbers = np.concatenate(rows)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int32)
    order = np.argsort(numbers, kind="stable")
    values = scale[numbers]
    return _Batch(
        features=numbers,
        row=np.repeat(np.arange(len(rows), dtype=np.int32), lengths),
        row_starts=starts,
        by_feature=order,
        values=values,
        shrink=(1 / np.sqrt(np.add.reduceat(values * values, starts)))[:, None].astype(np.float32),
        targets=targets,
        importance=importance[:, None],
    )


def _step(
    batch: _Batch,
    weights: Floats,
    bias: Floats,
    seen: Floats,
    bias_seen: Floats,
    rate: float,
    random: np.random.Generator,
) -> None:
    """One AdaGrad step on one batch; changes the arrays in place."""
    kept = random.random(len(batch.features), dtype=np.float32) >= DROPOUT
    kept[batch.row_starts] = True  # no row is left empty
    shown = np.flatnonzero(kept)
    rows, values = batch.row[shown], batch.values[shown, None] / (1 - DROPOUT)
    starts = np.searchsorted(rows, np.arange(len(batch.row_starts)))
    logits = np.add.reduceat(weights[batch.features[shown]] * values, starts, axis=0) * batch.shrink + bias
    error = (softmax(logits) - batch.targets) * batch.importance
    total = error.sum(axis=0)
    bias_seen += total**2 / len(error)
    bias -= 0.1 * rate * total / np.sqrt(bias_seen * len(error))
    error *= batch.shrink
    order = batch.by_feature[kept[batch.by_feature]]
    features = batch.features[order]
    first = np.flatnonzero(np.concatenate([[True], features[1:] != features[:-1]]))
    distinct = features[first]
    slope = np.add.reduceat(error[batch.row[order]] * batch.values[order, None], first, axis=0) / (1 - DROPOUT)
    now = weights[distinct]
    slope += DECAY * len(error) * now
    seen[distinct] += (slope * slope).mean(axis=1)
    weights[distinct] = now - rate * slope / np.sqrt(seen[distinct])[:, None]
