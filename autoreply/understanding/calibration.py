"""Evidence → confidence: what each row of evidence is worth, learned on lines that the model had not seen.

The confidence is that of a fixed logistic curve (``TYPICAL``), corrected by a small network. Training starts from no
correction and takes small steps, so that a shop's few dozen lines hardly move the curve and thousands bend it where it
is wrong. Each intent is judged by itself: a message may be sure of two, or of none.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

EVIDENCE = (
    "odds",  # of the intent in the whole message; here and below log-odds in units of ODDS
    "nearest",  # likeness of its nearest example, 0..1
    "other",  # likeness of the nearest example of any other intent
    "keyword",  # 1 where a keyword of it occurs
    "rival",  # odds of its rival: the likeliest other intent
    "none",  # odds of none
    "third",  # odds of the likeliest intent beside the two
    "first",  # 1 where it is the likeliest itself
    "apart",  # odds of the less likely of it and its rival, each on its side of the cut that parts the two best
    "crossed",  # odds of the likelier of them on the other's side
    "marked",  # 1 where the buyer marked that cut by a blank or punctuation
    "closed",  # 1 where the part before it ends like a sentence
    "short",  # length of the shorter part, log
    "own_part",  # where the message as a whole is cut best: odds of the intent in one part, read by itself
    "its_part",  # odds of its rival in the other
    "own_like",  # likeness of the nearest example of the intent to its part
    "its_like",  # and of the rival to the other
    "left",  # odds by those features that do not speak for the rival
    "quiet",  # 1 for small talk
    "absent",  # 1 for none itself
    "one",  # always 1
)
"""The columns of a row of evidence, in order."""
COLUMNS = len(EVIDENCE)
MEANING = (
    "meant",  # how like the nearest example of the intent means, 0..1
    "other_meant",  # and that of any other intent that is judged
)
"""Further columns where a sentence encoder says what a message means."""
ODDS = 3.0
LOWEST = -6.0
"""Log-odds below which it no longer matters how sure the model is that something is absent."""
HIDDEN = 16
"""Units of the network."""
EPOCHS = 20
BATCH = 256
RATE = 0.005
DECAY = 1e-4
SUREST = 5.3
"""Log-odds (0.995) beyond which a curve fitted on some thousand lines cannot tell how sure it is."""
# fmt: off
TYPICAL = np.array((
    3.5, 0, -0.5, 0.7, -1.4, -0.8, -0.7, 0.4,  # odds … first
    0.2, -0.3, 0.6, 0, 0, 0, 0.1, -0.3, 0.2, -0.9,  # apart … left
    -0.4, 1.4, -1.6,  # quiet, absent, one
), np.float32)
# fmt: on
"""Coefficients of the columns: rounded from a catalogue of 12,000 lines."""
TYPICAL_MEANING = np.append(TYPICAL, np.array((5, -5), np.float32))
"""The same with a sentence encoder. Its two count for more than the lines of a catalogue themselves would suggest (3
and -3.5): those have nearer neighbours than what buyers write."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """The network: ``inner`` (columns × units) and ``outer`` (units). The columns are those of ``EVIDENCE``, and those
    of ``MEANING`` where there is a sentence encoder."""

    inner: Floats
    outer: Floats

    @staticmethod
    def typical(columns: int = COLUMNS) -> "Calibration":
        """No correction: what evidence is worth in a catalogue of 12,000 lines."""
        return Calibration(np.zeros((columns, HIDDEN), np.float32), np.zeros(HIDDEN, np.float32))

    def confidences(self, rows: Floats) -> list[float]:
        """What each row of evidence (rows × columns) is worth, 0..1."""
        odds: list[float] = (_typical(rows) + np.tanh(rows @ self.inner) @ self.outer).tolist()
        return [1 / (1 + math.exp(-min(max(x, -SUREST), SUREST))) for x in odds]


def _typical(rows: Floats) -> Floats:
    """Log-odds of rows of evidence, not corrected."""
    odds: Floats = rows @ (TYPICAL if rows.shape[1] == COLUMNS else TYPICAL_MEANING)
    return odds


def learned(rows: Floats, right: Sequence[bool], importance: Sequence[float], seed: int) -> Calibration:
    """A calibration from rows of evidence, whether each was right, and how much it counts (Adam on cross-entropy)."""
    random = np.random.default_rng(seed)
    typical, truth = _typical(rows), np.array(right, np.float32)
    weights = np.array(importance, np.float32)
    weights /= max(float(weights.mean()), 1e-6)
    columns = rows.shape[1]
    inner = random.normal(0, 1 / np.sqrt(columns), (columns, HIDDEN)).astype(np.float32)
    parts = [inner, np.zeros(HIDDEN, np.float32)]
    means, squares = ([np.zeros_like(part) for part in parts] for _ in range(2))
    step = 0
    for epoch in range(EPOCHS):
        order = random.permutation(len(rows))
        for chosen in (order[i : i + BATCH] for i in range(0, len(order), BATCH)):
            x = rows[chosen]
            active = np.tanh(x @ parts[0])
            share = 1 / (1 + np.exp(-(typical[chosen] + active @ parts[1]).clip(-30, 30)))
            error = weights[chosen] * (share - truth[chosen]) / len(chosen)
            inward = error[:, None] * parts[1] * (1 - active * active)
            step += 1
            for i, slope in enumerate((x.T @ inward + DECAY * parts[0], active.T @ error)):
                means[i] = 0.9 * means[i] + 0.1 * slope
                squares[i] = 0.99 * squares[i] + 0.01 * slope**2
                move = means[i] / (1 - 0.9**step) / (np.sqrt(squares[i] / (1 - 0.99**step)) + 1e-8)
                parts[i] -= (RATE * (1 - epoch / EPOCHS) * move).astype(np.float32)
    return Calibration(*parts)
