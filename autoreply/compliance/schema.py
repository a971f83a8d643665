"""What a rulebook file may hold, as pydantic models: the files are data, checked before any of it is used."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from autoreply.facts import Platform
from autoreply.model import AtStake, Severity

Builtin = Literal["phone-own", "phone-other", "emoji", "filler", "no-reason", "label"]
"""Checks that no pattern can express; see builtin.py."""
Backing = Literal[
    "host",
    "window",
    "gift",
    "promotion",
    "freight",
    "threshold",
    "cod",
    "no-cod",
    "card",
    "instalment",
    "courier",
    "goods",
    "protection",
    "returns",
    "return-days",
    "warranty",
]
"""Shop facts that may back what a sentence claims; see backing.py."""


class Entry(BaseModel):
    """Base of all entries: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


def _iso(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


IsoDate = Annotated[str, BeforeValidator(_iso), Field(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$")]


class Stake(Entry):
    """One source's figure for what a violation may cost. Sources that disagree are listed one by one."""

    value: str
    unit: str
    source: str
    since: IsoDate | None = None
    until: IsoDate | None = None
    confidence: Literal["seed", "public", "inferred"] = "seed"
    platforms: tuple[Platform, ...] = Field(default=(), description="platforms it holds on; empty: all")

    def expired(self, today: date) -> bool:
        """Whether the last day on which the figure held is over."""
        return self.until is not None and self.until < today.isoformat()[: len(self.until)]

    def figure(self) -> AtStake:
        return AtStake(self.value, self.unit, self.source, self.since, self.until, self.confidence)


class Exempt(Entry):
    """Patterns that make a match no finding: when they overlap it, or stand in its clause, its sentence or the text."""

    overlap: tuple[str, ...] = ()
    clause: tuple[str, ...] = ()
    sentence: tuple[str, ...] = ()
    text: tuple[str, ...] = ()


class Tests(Entry):
    """Texts that must and must not be found by the rule; run whenever the rulebook is loaded."""

    match: tuple[str, ...] = ()
    passing: tuple[str, ...] = Field(default=(), alias="pass")


class Group(Entry):
    """Patterns of a rule that differ from its others in severity, negation, exemptions or what may back them."""

    patterns: tuple[str, ...] = Field(min_length=1)
    severity: Severity | None = None
    negation: int | None = Field(default=None, ge=0, le=20)
    backing: Backing | None = None
    unknown: Literal["finding", "pass"] = Field(
        default="finding", description="what a claim is of which the shop has said nothing either way"
    )
    platforms: tuple[Platform, ...] = ()
    exempt: Exempt = Exempt()


class Rule(Entry):
    """One rule for outgoing texts."""

    id: str = Field(pattern=r"^[a-z0-9-]+$")
    name: str
    name_en: str
    platforms: tuple[Platform, ...] = Field(default=(), description="platforms it holds on; empty: all")
    severity: Severity
    patterns: tuple[str, ...] = ()
    negation: int = Field(
        default=0,
        ge=0,
        le=20,
        description="a negation this many characters before a match, or inside it, lifts it; 0: never",
    )
    backing: Backing | None = Field(default=None, description="shop facts that may back what is claimed")
    builtin: Builtin | None = None
    quoted: bool = Field(default=True, description="whether words inside quotation marks or a title count")
    learned: bool = Field(default=True, description="whether the second net may find it too, and clear it")
    agents: bool = Field(
        default=True, description="whether it holds for what a person types too, not for programs alone"
    )
    exempt: Exempt = Exempt()
    also: tuple[Group, ...] = ()
    replace: dict[str, str] = Field(default_factory=dict, description="safe wording for matched words")
    opening: str = Field(default="", description="put before the text as its rewrite")
    closing: str = Field(default="", description="put after the text as its rewrite")
    suggestion: str = Field(default="", description="compliant wording, in Chinese, shown to operators")
    at_stake: tuple[Stake, ...] = ()
    tests: Tests = Tests()


class Extend(Entry):
    """What another file adds to a rule: a platform's figures and words."""

    id: str
    patterns: tuple[str, ...] = ()
    also: tuple[Group, ...] = ()
    at_stake: tuple[Stake, ...] = ()
    exempt: Exempt = Exempt()
    tests: Tests = Tests()


class Override(Entry):
    """What a shop changes in a rule; fields left out stay as they are."""

    id: str
    severity: Severity | None = None
    platforms: tuple[Platform, ...] | None = None
    patterns: tuple[str, ...] | None = None
    exempt: Exempt | None = None
    replace: dict[str, str] | None = None
    opening: str | None = None
    closing: str | None = None
    suggestion: str | None = None
    learned: bool | None = None
    at_stake: tuple[Stake, ...] | None = None
    since: IsoDate | None = Field(default=None, description="date of the shop's decision")


class DutyRule(Entry):
    """What an incoming message obliges the shop to do."""

    duty: str = Field(pattern=r"^[a-z0-9-]+$")
    rule: str = Field(description="rule that an answer breaks which neglects the duty")
    platforms: tuple[Platform, ...] = ()
    patterns: tuple[str, ...] = Field(min_length=1)
    negation: int = Field(default=0, ge=0, le=20)
    exempt: Exempt = Exempt()
    answer: tuple[str, ...] = Field(default=(), description="an answer under this duty must hold one of these patterns")
    suggestion: str = ""
    tests: Tests = Tests()


class RulebookFile(Entry):
    """One rulebook file."""

    platform: Platform | None = Field(default=None, description="all entries of the file hold on this platform only")
    classes: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    spellings: dict[str, tuple[str, ...]] = Field(default_factory=dict, description="disguised spellings of a word")
    rule: tuple[Rule, ...] = ()
    extend: tuple[Extend, ...] = ()
    override: tuple[Override, ...] = ()
    duty: tuple[DutyRule, ...] = ()
