"""Short and long forms of the fault tests, and what they found.

Without ``AUTOREPLY_FAULTS`` each takes a few seconds. ``make faults`` sets it to 1: the full number of runs, about an
hour; 0.1 asks for a tenth of that.
"""

import os

SCALE = float(os.environ.get("AUTOREPLY_FAULTS") or 0)

found: list[tuple[str, str, str]] = []
"""Rows of the table that is printed at the end: the fault, how often it was brought about, what came of it."""


def runs(short: int, long: int) -> int:
    """How often to do something: ``long`` times the scale, ``short`` at least."""
    return max(short, round(long * SCALE))


def tell(fault: str, times: str, outcome: str) -> None:
    """Put a row into the table."""
    found.append((fault, times, outcome))
