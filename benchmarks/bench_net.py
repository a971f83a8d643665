"""What the gate's second net is worth beside the patterns, on sentences it was not trained on.

    python benchmarks/bench_net.py [TABLE.tsv]

A table has the columns ``expect``, ``rules`` and ``text``, as ``tests/compliance/data/sounds_unseen.tsv`` has, which is
read if none is given. The patterns alone are the yardstick. "behind an opening": of the violations that the patterns
block after a friendly opening of innocent clauses, those that the net lets go.
"""

import csv
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

from autoreply.compliance import Gate, load_rulebook, shipped_rulebooks
from autoreply.facts import Shop
from autoreply.model import Action
from autoreply.tomlfile import read

UNSEEN = Path(__file__).parent.parent / "tests/compliance/data/sounds_unseen.tsv"
OPENING = "亲，您好，订单已经收到，物流信息可以在订单页查看，尺码表在详情页，有问题请随时联系我们，"
STOPS = (Action.BLOCK, Action.REWRITE)


def main() -> int:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else UNSEEN
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    breaches = [(r["text"], {*r["rules"].split("+")}) for r in rows if r["expect"] in STOPS]
    compliant = [r["text"] for r in rows if r["expect"] == "pass"]
    book = load_rulebook([read(p) for p in shipped_rulebooks()], today=date.today(), run_tests=False)
    patterns, both = Gate(replace(book, net=None), Shop()), Gate(book, Shop())
    print(f"{'':28}{'of':>6}{'patterns':>10}{'with net':>10}")

    def row(name: str, of: int, counts: Callable[[Gate], int]) -> None:
        print(f"{name:28}{of:6}{counts(patterns):10}{counts(both):10}")

    row("violations stopped", len(breaches), lambda gate: sum(gate.check(t).action in STOPS for t, _ in breaches))
    row("under the right rule", len(breaches), lambda gate: sum(bool(r & {*gate.check(t).rules}) for t, r in breaches))
    row("compliant ones passed", len(compliant), lambda gate: sum(gate.check(t).action not in STOPS for t in compliant))
    blocked = [OPENING + text for text, _ in breaches if patterns.check(OPENING + text).action is Action.BLOCK]
    let_go = sum(both.check(text).action is not Action.BLOCK for text in blocked)
    print(f"let go behind an opening: {let_go} of {len(blocked)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
