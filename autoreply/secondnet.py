"""Trains the gate's second net: ``python -m autoreply.secondnet SENTENCES.tsv…`` writes ``compliance/net.npz``.

A table of sentences has a header and the columns ``expect`` (the action; ``warn`` rows are left out), ``rules`` (ids
joined with ``+``, empty for a compliant one) and ``text``. What the rulebooks test themselves with, what their rules
rewrite sentences to, and the shipped answers, with nothing filled in, are added as examples. The same sentences give
the same net, but for rounding.
"""

import csv
import hashlib
import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from autoreply.compliance import Gate, Rulebook, shipped_rulebooks
from autoreply.compliance.net import LEAST, Floats, Net, runs
from autoreply.compliance.normalise import fold
from autoreply.compliance.rulebook import join
from autoreply.facts import Shop
from autoreply.model import Action, Severity
from autoreply.shipped import shipped
from autoreply.tomlfile import read, read_folders

SEEDED = 7
FOLDS = 5
EPOCHS = 20
BATCH = 256
RATE = 0.4
DROPOUT = 0.5
"""Share of the runs hidden at each step, so that no sentence is learned by one rare run of it."""
PRIOR = -3.0
"""Log-odds that each rule starts from."""
BREACH = 0.5
"""Weight of a sentence that breaks a rule; a compliant one weighs 1, as false alarms cost trust."""
FEWEST = 20
"""Sentences that a rule needs to be learned."""
RARE = 3
"""Sentences that a run must occur in."""
LOWEST = 0.5
"""Log-odds that a threshold has at least."""
MARGIN = 0.3
"""How far a threshold lies above the most misleading of the compliant sentences."""
ALIKE = 0.4
"""Share of common three-character runs from which two sentences count as one when they are parted into folds."""


class Sentence(NamedTuple):
    """A folded text and the rules that it breaks; none for a compliant one. ``written`` is what the gate reads."""

    folded: str
    rules: frozenset[str]
    written: str


class Measured(NamedTuple):
    """What the net does on sentences it was not trained on. Shares 0..1."""

    breaches: int
    missed: int
    """Breaches that no pattern stops."""
    caught: float
    """Of these, those that the net stops under a right rule."""
    compliant: int
    false_alarms: float
    """Of the compliant sentences that no pattern stops, those that the net stops."""


def sentences(tables: Sequence[Path], rulebook: Rulebook) -> list[Sentence]:
    """All sentences to learn from, each once, in the order of the files."""
    found: list[tuple[str, frozenset[str]]] = []
    unlearned = {rule.id for rule in rulebook.rules if not rule.learned}
    for path in tables:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
        found += [(r["text"], frozenset(filter(None, r["rules"].split("+")))) for r in rows if r["expect"] != "warn"]
    for rule in rulebook.rules:
        if rule.severity is not Severity.WARN:
            found += [(text, frozenset({rule.id})) for text in rule.tests.match]
        found += [(text, frozenset()) for text in rule.tests.passing]
    found += [(text, frozenset()) for text in _answers()]
    once: dict[str, Sentence] = {}
    for text, rules in found:
        if rules & unlearned:
            continue
        once.setdefault(fold(text).text, Sentence(fold(text).text, rules, text))
    return list(once.values())


def _rewritten(known: Sequence[Sentence], gate: Gate) -> list[Sentence]:
    """What the patterns make of those sentences that they can mend: compliant ones."""
    verdicts = [gate.check(s.written) for s in known]
    texts = [v.text for v in verdicts if v.action is Action.REWRITE]
    return [Sentence(fold(text).text, frozenset(), text) for text in dict.fromkeys(texts)]


def _answers() -> list[str]:
    """The shipped answers, without their conditions and fillings."""
    files = read_folders(shipped("intents"))
    answers = [file.data.get("answers", {}) for file in files]
    texts = [t for answer in answers for variants in answer.values() for t in variants]
    return [re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", text) for text in texts]


class _Rows(NamedTuple):
    """Runs of all sentences, one sentence after another: those of ``i`` are ``numbers[starts[i]:starts[i + 1]]``."""

    numbers: NDArray[np.int64]
    starts: NDArray[np.int64]

    def of(self, chosen: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The runs of the chosen sentences, and where each sentence's start."""
        parts = [self.numbers[self.starts[i] : self.starts[i + 1]] for i in chosen]
        lengths = [len(part) for part in parts]
        return np.concatenate(parts), np.cumsum([0, *lengths[:-1]])


def _counted(known: Sequence[Sentence]) -> tuple[list[str], _Rows, Floats]:
    """The runs that are not rare, those of each sentence, and how much each run weighs: more where fewer hold it."""
    texts = [runs(s.folded) for s in known]
    spread = Counter(run for text in texts for run in text)
    words = [run for run, n in spread.items() if n >= RARE]
    number = {run: i for i, run in enumerate(words)}
    found = [[number[run] for run in text if run in number] for text in texts]
    rows = _Rows(np.array([n for row in found for n in row]), np.cumsum([0, *map(len, found)]))
    rarity = np.log((1 + len(known)) / np.array([spread[run] for run in words]))
    return words, rows, np.maximum(rarity / rarity.mean(), 0.05).astype(np.float32)


def fit(known: Sequence[Sentence]) -> Net:
    """Train a net: logistic regression for each rule, by AdaGrad with dropout. Its thresholds are the lowest."""
    random = np.random.default_rng(SEEDED)
    count = Counter(rule for s in known for rule in s.rules)
    rules = sorted(rule for rule, n in count.items() if n >= FEWEST)
    words, rows, scale = _counted(known)
    targets = np.array([[rule in s.rules for rule in rules] for s in known], np.float32)
    worth = np.array([BREACH if s.rules else 1.0 for s in known], np.float32)[:, None]
    weights, seen = np.zeros((len(words), len(rules)), np.float32), np.full(len(words), 1e-6, np.float32)
    bias, bias_seen = np.full(len(rules), PRIOR, np.float32), np.full(len(rules), 1e-6, np.float32)
    usable = np.flatnonzero(np.diff(rows.starts))
    for epoch in range(EPOCHS):
        rate = RATE * (1 - 0.9 * epoch / EPOCHS)
        order = random.permutation(usable)
        for batch in (order[i : i + BATCH] for i in range(0, len(order), BATCH)):
            numbers, starts = rows.of(batch)
            sizes = (np.add.reduceat(scale[numbers] ** 2, starts) + LEAST) ** 0.5 * (1 - DROPOUT)
            kept = random.random(len(numbers), dtype=np.float32) >= DROPOUT
            kept[starts] = True  # no row is left empty
            owner = np.repeat(np.arange(len(batch)), np.diff([*starts, len(numbers)]))[kept]
            numbers = numbers[kept]
            share = (scale[numbers] / sizes[owner])[:, None]
            firsts = np.searchsorted(owner, np.arange(len(batch)))
            odds = np.add.reduceat(weights[numbers] * share, firsts, axis=0) + bias
            error = (1 / (1 + np.exp(-np.clip(odds, -60, 60))) - targets[batch]) * worth[batch]
            total = error.sum(axis=0)
            bias_seen += total**2 / len(batch)
            bias -= 0.1 * rate * total / np.sqrt(bias_seen * len(batch))
            by_run = np.argsort(numbers, kind="stable")
            distinct, at = np.unique(numbers[by_run], return_index=True)
            slope = np.add.reduceat((error[owner] * share)[by_run], at, axis=0)
            seen[distinct] += np.einsum("ij,ij->i", slope, slope) / len(rules)
            weights[distinct] -= rate * slope / np.sqrt(seen[distinct])[:, None]
    thresholds = np.full(len(rules), LOWEST, np.float32)
    return Net(tuple(rules), tuple(words), weights * scale[:, None], scale**2, bias, thresholds, version="")


def folds(known: Sequence[Sentence]) -> NDArray[np.int64]:
    """A fold for each sentence; those that are nearly alike share one."""
    shapes = [frozenset(s.folded[i : i + 3] for i in range(len(s.folded) - 2)) for s in known]
    leader = list(range(len(known)))

    def first(i: int) -> int:
        while leader[i] != i:
            i = leader[i]
        return i

    holders: dict[str, list[int]] = {}
    for i, shape in enumerate(shapes):
        common = Counter(j for run in shape for j in holders.get(run, ())[:50])
        for j, n in common.items():
            if n > ALIKE * (len(shape) + len(shapes[j]) - n):
                leader[first(i)] = first(j)
        for run in shape:
            holders.setdefault(run, []).append(i)
    drawn = np.random.default_rng(SEEDED).integers(FOLDS, size=len(known))
    return np.array([drawn[first(i)] for i in range(len(known))])


def cross_validate(known: Sequence[Sentence], gate: Gate) -> tuple[dict[str, float], Measured]:
    """A threshold for each rule, and what the net does on sentences of a fold that neither it nor they are made from.

    ``gate`` holds the patterns alone.
    """
    fold_of = folds(known)
    likeliest: list[tuple[str, float]] = [("", 0.0)] * len(known)
    for n in range(FOLDS):
        net = fit([s for s, f in zip(known, fold_of, strict=True) if f != n])
        for i in np.flatnonzero(fold_of == n).tolist():
            odds = net.odds(known[i].folded)
            likeliest[i] = net.rules[int(odds.argmax())], float(odds.max())
    stopped = [gate.check(s.written).action in (Action.BLOCK, Action.REWRITE) for s in known]
    free = [i for i, s in enumerate(known) if not s.rules and not stopped[i]]
    missed = [i for i, s in enumerate(known) if s.rules and not stopped[i]]
    found = set()
    for n in range(FOLDS):
        others = _thresholds([likeliest[i] for i in free if fold_of[i] != n])
        found |= {i for i, (rule, odds) in enumerate(likeliest) if fold_of[i] == n and odds > others.get(rule, LOWEST)}
    caught = sum(i in found and likeliest[i][0] in known[i].rules for i in missed)
    alarms = len(found.intersection(free))
    breaches = sum(bool(s.rules) for s in known)
    measured = Measured(breaches, len(missed), caught / len(missed), len(free), alarms / len(free))
    return _thresholds([likeliest[i] for i in free]), measured


def _thresholds(compliant: Sequence[tuple[str, float]]) -> dict[str, float]:
    """Above the log-odds of all compliant sentences, for each rule likeliest of one; ``LOWEST`` at least."""
    highest: dict[str, float] = {}
    for rule, odds in compliant:
        highest[rule] = max(odds + MARGIN, highest.get(rule, LOWEST))
    return highest


def train(tables: Sequence[Path]) -> tuple[Net, Measured]:
    """The net for all sentences, with the thresholds that cross-validation gives."""
    rulebook, _ = join([read(p) for p in shipped_rulebooks()], today=datetime.now(UTC).date())
    gate = Gate(rulebook, Shop())
    known = sentences(tables, rulebook)
    known += _rewritten(known, gate)
    thresholds, measured = cross_validate(known, gate)
    net = fit(known)
    above = np.array([thresholds.get(rule, LOWEST) for rule in net.rules], np.float32)
    said = "\n".join(f"{'+'.join(sorted(s.rules))}\t{s.folded}" for s in known)
    version = hashlib.sha256(said.encode()).hexdigest()[:12]
    return replace(net, thresholds=above, version=version), measured


def main() -> int:
    net, measured = train([Path(argument) for argument in sys.argv[1:]])
    target = Path(__file__).parent / "compliance" / "net.npz"
    target.write_bytes(net.dump())
    print(f"{target}: {len(net.rules)} rules, {len(net.runs)} runs, version {net.version}")
    for name, value in measured._asdict().items():
        print(f"{name}: {value:.3f}" if isinstance(value, float) else f"{name}: {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
