"""Compliance: text in, verdict out. What costs a shop penalty points never leaves."""

from autoreply.compliance.gate import GATE_ERROR, TOPIC, Draft, Duty, Gate, Origin, Released
from autoreply.compliance.identity import Identity
from autoreply.compliance.load import load_rulebook, shipped_rulebooks
from autoreply.compliance.rulebook import Rulebook

__all__ = [
    "GATE_ERROR",
    "TOPIC",
    "Draft",
    "Duty",
    "Gate",
    "Identity",
    "Origin",
    "Released",
    "Rulebook",
    "load_rulebook",
    "shipped_rulebooks",
]
