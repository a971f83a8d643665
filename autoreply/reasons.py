"""Why a person was called, in a few words that can be counted: reasons themselves name intents, settings and errors."""

import re

CLASSES = {
    "gate": r"the gate stopped|is withdrawn: the gate",
    "undelivered": r"^reply \S+ is (?:unknown|failed|withdrawn)",
    "plugin_timeout": r"no answer within",
    "plugin_blocked": r"blocked the loop",
    "plugin_off": r"is switched off: |^plugin \S+ is switched off",
    "plugin_error": r"in its plugin$",
    "framework_error": r"in the framework$|while the answer was made$",
    "missing_fact": r"the shop's settings have no|no answer is configured|no text under",
    "records": r"records|no source",
    "picture": r"sent a picture",
    "asked_in_vain": r"^asked \d+ times",
    "not_understood": r"^not understood|not certain enough",
    "flood": r"the buyer floods",
    "loop": r"seems to be a bot|same answer for the third time",
    "silenced": r"a person has taken over|the bot is switched off|a draft is to be sent",
}
"""Class → what its reasons look like; the first that fits holds. Anything else is ``policy``: it was meant so."""

POLICY = "policy"

_CLASSES = [(name, re.compile(pattern)) for name, pattern in CLASSES.items()]


def reason_class(reason: str) -> str:
    """One of ``CLASSES``, or ``policy``."""
    return next((name for name, pattern in _CLASSES if pattern.search(reason)), POLICY)


def reason_classes(reason: str) -> frozenset[str]:
    """The classes of a reason that may be several, joined by semicolons."""
    return frozenset(reason_class(part) for part in reason.split("; ") if part)
