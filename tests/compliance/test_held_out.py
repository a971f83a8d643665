"""The gate on texts that its rules were not written from.

``data/held_out.tsv`` was written from the catalogue of rules alone, without a look at the rulebooks. None of its lines
may be used to write a rule: only then do the shares below say what an unseen text meets. So a failure names rules and
numbers, no texts. A line holds

- ``wording``: ``plain``, ``natural`` (colloquial, indirect, with harmless content around), ``disguised`` (spelling) or
  ``pass`` (a compliant answer);
- ``expect``: the action, or several joined with ``|``; ``rules``: the rule ids that must be among the findings.

The floors lie about 0.04 below what was measured: one changed rule does not fail the test, a lost pattern does.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest

from autoreply.compliance import Gate, load_rulebook, shipped_rulebooks
from autoreply.facts import Shop
from autoreply.model import Action
from autoreply.tomlfile import read

DATA = Path(__file__).parent / "data" / "held_out.tsv"


class Row(NamedTuple):
    wording: str
    expect: frozenset[str]
    rules: frozenset[str]
    text: str


def read_rows() -> list[Row]:
    lines = DATA.read_text(encoding="utf-8").splitlines()[1:]
    fields = (line.split("\t") for line in lines)
    return [
        Row(wording, frozenset(e.split("|")), frozenset(filter(None, r.split("+"))), t) for wording, e, r, t in fields
    ]


ROWS = read_rows()


@pytest.fixture(scope="module")
def gate() -> Gate:
    """Every shipped rulebook, for a shop that has said nothing of itself: no claim has a setting behind it."""
    return Gate(load_rulebook([read(path) for path in shipped_rulebooks()], today=date(2026, 11, 21)), Shop())


def missed(gate: Gate, rows: Sequence[Row]) -> Counter[str]:
    """How many violations do not meet the right action and the right rule, by the rules they should have met."""
    verdicts = [(row, gate.check(row.text)) for row in rows]
    return Counter(
        "+".join(sorted(row.rules))
        for row, verdict in verdicts
        if verdict.action not in row.expect or not row.rules <= set(verdict.rules)
    )


@pytest.mark.parametrize(
    ("wordings", "floor"),
    [({"plain", "natural"}, 0.82), ({"disguised"}, 0.86)],
    ids=["plain and natural", "disguised"],
)
def test_unseen_violations_meet_their_rule_and_action(gate: Gate, wordings: set[str], floor: float) -> None:
    rows = [row for row in ROWS if row.wording in wordings]
    misses = missed(gate, rows)
    assert 1 - misses.total() / len(rows) >= floor, misses.most_common()


def test_unseen_compliant_answers_leave_as_they_are(gate: Gate) -> None:
    rows = [row for row in ROWS if row.wording == "pass"]
    verdicts = [gate.check(row.text) for row in rows]
    stopped = [v for v in verdicts if v.action not in (Action.PASS, Action.WARN)]
    assert 1 - len(stopped) / len(rows) >= 0.93, Counter(rule for v in stopped for rule in v.rules).most_common()


def test_every_rule_on_what_a_text_says_has_unseen_violations() -> None:
    per_rule = {rule for row in ROWS for rule in row.rules}
    assert len(per_rule) == 40
    assert len(ROWS) >= 250
