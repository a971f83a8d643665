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
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from autoreply.compliance import Gate, Rulebook, shipped_rulebooks
from autoreply.compliance.net import LEAST, Floats, Net, pairs
from autoreply.compliance.normalise import fold
from autoreply.compliance.rulebook import join
from autoreply.facts import Shop
from autoreply.model import Action, Severity, Verdict
from autoreply.shipped import shipped
from autoreply.tomlfile import read, read_folders

SEEDED = 7
FOLDS = 5
HIDDEN = 48
"""Width of the hidden layer."""
EPOCHS = 40
BATCH = 128
RATE = 0.008
DROPOUT = 0.4
"""Share of the pairs hidden at each step, so that no sentence is learned by one rare pair of it."""
HIDDEN_DROPOUT = 0.3
PRIOR = -3.0
"""Log-odds that each rule starts from."""
BREACH = 0.5
"""Weight of a sentence that breaks a rule; a compliant one weighs 1, as false alarms cost trust."""
FEWEST = 20
"""Sentences that a rule needs to be learned."""
RARE = 2
"""Sentences that a pair must occur in."""
COST = 3.0
"""How many caught breaches a false alarm on a compliant sentence outweighs, when thresholds are set."""
LOWEST, UNHEARD = -0.5, 3.0
"""The lowest threshold, and the lowest of a rule for which no threshold gains anything."""
ALIKE = 0.4
"""Share of common three-character runs from which two sentences count as one when they are parted into folds."""


STOPS = (Action.BLOCK, Action.REWRITE)


class Sentence(NamedTuple):
    """A folded text and the rules that it breaks; none for a compliant one. ``written`` is what the gate reads."""

    folded: str
    rules: frozenset[str]
    written: str


class Measured(NamedTuple):
    """What the net does on sentences it was not trained on. Shares 0..1, of all breaches or all compliant sentences."""

    breaches: int
    stopped: float
    """By the patterns."""
    caught: float
    """By the net alone, under a right rule."""
    lost: float
    """Stopped by doubted patterns, and let go by the net."""
    compliant: int
    alarms: float
    """Stopped by the patterns."""
    more: float
    """Stopped by the net alone."""
    lifted: float
    """Stopped by doubted patterns, and let go by the net."""


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
    mended = (v for s, v in zip(known, verdicts, strict=True) if v.action is Action.REWRITE and s.rules <= {*v.rules})
    texts = [v.text for v in mended]
    return [Sentence(fold(text).text, frozenset(), text) for text in dict.fromkeys(texts)]


def _answers() -> list[str]:
    """The shipped answers, without their conditions and fillings."""
    files = read_folders(shipped("intents"))
    answers = [file.data.get("answers", {}) for file in files]
    texts = [t for answer in answers for variants in answer.values() for t in variants]
    return [re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", text) for text in texts]


class _Rows(NamedTuple):
    """Pairs of all sentences, one sentence after another: those of ``i`` are ``numbers[starts[i]:starts[i + 1]]``."""

    numbers: NDArray[np.int64]
    starts: NDArray[np.int64]

    def of(self, chosen: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The pairs of the chosen sentences, and where each sentence's start."""
        parts = [self.numbers[self.starts[i] : self.starts[i + 1]] for i in chosen]
        lengths = [len(part) for part in parts]
        return np.concatenate(parts), np.cumsum([0, *lengths[:-1]])


def _counted(known: Sequence[Sentence]) -> tuple[NDArray[np.int64], _Rows, Floats]:
    """The pairs that are not rare, those of each sentence, and how much each weighs: more where fewer hold it."""
    texts = [pairs(s.folded) for s in known]
    distinct, spread = np.unique(np.concatenate([np.unique(text) for text in texts]), return_counts=True)
    words, spread = distinct[spread >= RARE], spread[spread >= RARE]
    found = [np.searchsorted(words, text[np.isin(text, words)]) for text in texts]
    rows = _Rows(np.concatenate(found), np.cumsum([0, *map(len, found)]))
    rarity = np.log((1 + len(known)) / spread)
    return words, rows, np.maximum(rarity / rarity.mean(), 0.05).astype(np.float32)


def fit(known: Sequence[Sentence]) -> Net:
    """Train a net by Adam with dropout of pairs and hidden units. Its thresholds are the lowest."""
    random = np.random.default_rng(SEEDED)
    count = Counter(rule for s in known for rule in s.rules)
    rules = sorted(rule for rule, n in count.items() if n >= FEWEST)
    words, rows, scale = _counted(known)
    targets = np.array([[rule in s.rules for rule in rules] for s in known], np.float32)
    worth = np.array([BREACH if s.rules else 1.0 for s in known], np.float32)[:, None]
    vectors = random.normal(0, 0.1, (len(words), HIDDEN)).astype(np.float32)
    layers = [
        np.zeros(HIDDEN, np.float32),
        random.normal(0, HIDDEN**-0.5, (HIDDEN, len(rules))).astype(np.float32),
        np.full(len(rules), PRIOR, np.float32),
    ]
    adam = _Adam([vectors, *layers])
    shift, weights, bias = layers
    usable = np.flatnonzero(np.diff(rows.starts))
    for epoch in range(EPOCHS):
        rate = RATE * (1 - 0.95 * epoch / EPOCHS)
        order = random.permutation(usable)
        for batch in (order[i : i + BATCH] for i in range(0, len(order), BATCH)):
            numbers, starts = rows.of(batch)
            kept = random.random(len(numbers), dtype=np.float32) >= DROPOUT
            kept[starts] = True  # no row is left empty
            owner = np.repeat(np.arange(len(batch)), np.diff([*starts, len(numbers)]))[kept]
            numbers = numbers[kept]
            firsts = np.searchsorted(owner, np.arange(len(batch)))
            sizes = (np.add.reduceat(scale[numbers] ** 2, firsts) + LEAST) ** 0.5
            share = (scale[numbers] / sizes[owner])[:, None]
            hidden = np.add.reduceat(vectors[numbers] * share, firsts, axis=0) + shift
            alive = (hidden > 0) * (random.random(hidden.shape, dtype=np.float32) >= HIDDEN_DROPOUT)
            passed = (hidden * alive / (1 - HIDDEN_DROPOUT)).astype(np.float32)
            odds = passed @ weights + bias
            error = ((1 / (1 + np.exp(-np.clip(odds, -60, 60))) - targets[batch]) * worth[batch]).astype(np.float32)
            back = ((error @ weights.T) * alive / (1 - HIDDEN_DROPOUT)).astype(np.float32)
            by_pair = np.argsort(numbers, kind="stable")
            distinct, at = np.unique(numbers[by_pair], return_index=True)
            slope = np.add.reduceat((back[owner] * share)[by_pair], at, axis=0)
            adam.step(rate, [slope, back.sum(axis=0), passed.T @ error, error.sum(axis=0)], distinct)
    return Net(
        tuple(rules),
        words,
        vectors=np.column_stack((vectors * scale[:, None], scale**2)).astype(np.float32),
        shift=np.append(shift, np.float32(0)),
        weights=np.vstack((weights, bias)),
        thresholds=np.full(len(rules), LOWEST, np.float32),
        doubted=frozenset(),
        version="",
    )


class _Adam:
    """Adam (Kingma and Ba, 2015) in place; of the first array only the rows that a step names are moved."""

    def __init__(self, arrays: list[Floats]) -> None:
        self._arrays = arrays
        self._means = [np.zeros_like(a) for a in arrays]
        self._squares = [np.zeros_like(a) for a in arrays]

    def step(self, rate: float, slopes: list[Floats], rows: NDArray[np.int64]) -> None:
        for i, (array, mean, square, slope) in enumerate(
            zip(self._arrays, self._means, self._squares, slopes, strict=True)
        ):
            at = rows if i == 0 else slice(None)
            mean[at] = 0.9 * mean[at] + 0.1 * slope
            square[at] = 0.99 * square[at] + 0.01 * slope**2
            array[at] -= rate * mean[at] / (np.sqrt(square[at]) + 1e-7)


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


class Heard(NamedTuple):
    """What the net hears in a sentence that no pattern stops: the likeliest rule, its log-odds, what they are worth."""

    rule: str
    odds: float
    gain: float
    """1 for a breach of that rule, ``-COST`` for a compliant sentence, 0 for a breach of another rule."""


def cross_validate(known: Sequence[Sentence], gate: Gate) -> tuple[dict[str, float], Measured]:
    """A threshold for each rule, and what the net does on sentences of a fold that neither it nor they are made from.

    ``gate`` holds the patterns alone.
    """
    fold_of = folds(known)
    verdicts = [gate.check(s.written) for s in known]
    stopped = [v.action in STOPS for v in verdicts]
    heard: list[list[Heard]] = []
    quiet: set[int] = set()
    for n in range(FOLDS):
        net = fit([s for s, f in zip(known, fold_of, strict=True) if f != n])
        inside = np.flatnonzero(fold_of == n).tolist()
        heard.append([_hear(net, known[i]) for i in inside if not stopped[i]])
        others = [(s, v) for s, v, f in zip(known, verdicts, fold_of, strict=True) if f != n]
        never = np.full(len(net.rules), np.inf, np.float32)
        clearing = Gate(
            replace(gate.rulebook, net=replace(net, doubted=doubted(others, net.rules), thresholds=never)), gate.shop
        )
        quiet |= {i for i in inside if stopped[i] and clearing.check(known[i].written).action not in STOPS}
    caught = alarms = 0
    for n in range(FOLDS):
        best = thresholds([h for fold in heard[:n] + heard[n + 1 :] for h in fold])
        above = [h for h in heard[n] if h.odds > best.get(h.rule, UNHEARD)]
        caught += sum(h.gain > 0 for h in above)
        alarms += sum(h.gain < 0 for h in above)
    breaches = sum(bool(s.rules) for s in known)
    compliant = len(known) - breaches
    measured = Measured(
        breaches,
        stopped=sum(there and bool(s.rules) for s, there in zip(known, stopped, strict=True)) / breaches,
        caught=caught / breaches,
        lost=sum(bool(known[i].rules) for i in quiet) / breaches,
        compliant=compliant,
        alarms=sum(there and not s.rules for s, there in zip(known, stopped, strict=True)) / compliant,
        more=alarms / compliant,
        lifted=sum(not known[i].rules for i in quiet) / compliant,
    )
    return thresholds([h for fold in heard for h in fold]), measured


def doubted(judged: Iterable[tuple[Sentence, Verdict]], rules: Collection[str]) -> frozenset[tuple[str, str]]:
    """Those of ``rules`` that block a compliant one of these sentences, each with the pattern that does.

    A rewrite costs little, and what only several sentences say together is more than the net hears.
    """
    findings = [f for sentence, verdict in judged if not sentence.rules for f in verdict.findings]
    blocks = [f for f in findings if f.pattern and " && " not in f.pattern and f.severity is Severity.BLOCK]
    return frozenset((f.rule, f.pattern) for f in blocks if f.rule in rules)


def _hear(net: Net, sentence: Sentence) -> Heard:
    odds = net.odds(sentence.folded)
    rule = net.rules[int(odds.argmax())]
    return Heard(rule, float(odds.max()), float(rule in sentence.rules) if sentence.rules else -COST)


def thresholds(heard: Iterable[Heard]) -> dict[str, float]:
    """For each rule the threshold that gains most on sentences that the net was not trained on."""
    by_rule: dict[str, list[Heard]] = {}
    for one in heard:
        by_rule.setdefault(one.rule, []).append(one)
    best: dict[str, float] = {}
    for rule, ones in by_rule.items():
        ones = sorted((o for o in ones if o.odds > LOWEST), key=lambda o: -o.odds)
        gains = [0.0, *accumulate(o.gain for o in ones)]
        at = max(range(len(gains)), key=gains.__getitem__)
        borders = [max([UNHEARD, *(o.odds + 1 for o in ones)]), *(o.odds for o in ones), LOWEST]
        best[rule] = (borders[at] + borders[at + 1]) / 2 if at else borders[0]
    return best


def train(tables: Sequence[Path]) -> tuple[Net, Measured]:
    """The net for all sentences, with the thresholds that cross-validation gives."""
    rulebook, _ = join([read(p) for p in shipped_rulebooks()], today=datetime.now(UTC).date())
    gate = Gate(rulebook, Shop())
    known = sentences(tables, rulebook)
    known += _rewritten(known, gate)
    best, measured = cross_validate(known, gate)
    net = fit(known)
    above = np.array([best.get(rule, UNHEARD) for rule in net.rules], np.float32)
    unsure = doubted(((s, gate.check(s.written)) for s in known), net.rules)
    net = replace(net, thresholds=above, doubted=unsure)
    return replace(net, version=hashlib.sha256(net.dump()).hexdigest()[:12]), measured


def main() -> int:
    net, measured = train([Path(argument) for argument in sys.argv[1:]])
    target = Path(__file__).parent / "compliance" / "net.npz"
    target.write_bytes(net.dump())
    print(f"{target}: version {net.version}")
    print(f"{len(net.rules)} rules, {len(net.pairs)} pairs, {len(net.doubted)} doubted patterns")
    for name, value in measured._asdict().items():
        print(f"{name}: {value:.3f}" if isinstance(value, float) else f"{name}: {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
