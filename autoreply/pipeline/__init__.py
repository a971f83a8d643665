"""The way of a turn: one file for each stage, named like it, and ``stages.py``, which runs them in order."""

from autoreply.pipeline.brain import Brain
from autoreply.pipeline.result import Handover, Result, Spoken
from autoreply.pipeline.stages import run

__all__ = ["Brain", "Handover", "Result", "Spoken", "run"]
