"""The catalogue of intents, as ``intents/*.toml`` and a shop's own folder say it.

Three kinds of file: an intent (``<slug>.toml``), word classes that all templates may use (``_classes.toml``: only
``[classes]``), and texts of the host itself (``_host.toml``: only ``[answers]``). Later files win over earlier ones.
"""

import hashlib
import json
import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from math import prod
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from autoreply.model import NONE, Priority
from autoreply.tomlfile import Place, Problem, ProblemsFound, TomlFile, did_you_mean

from .normalise import normalise

EXPANSIONS = 60
"""At most this many utterances are made from one template."""

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")
Then = Literal["answer", "handoff", "silent"]
Text = Annotated[str, Field(min_length=1, max_length=400)]
Texts = tuple[Text, ...]
Key = Annotated[str, Field(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)*$")]


class _Policy(BaseModel):
    model_config = ConfigDict(extra="forbid")
    then: Then = "answer"
    priority: Priority = Priority.NORMAL


class _IntentFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    slug: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    name: str = Field("", max_length=40)
    covers: str = ""
    extends: bool = False
    enabled: bool = True
    examples: Texts = ()
    templates: Texts = ()
    keywords: Texts = ()
    negatives: Texts = ()
    classes: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    answers: dict[Key, Texts] = Field(default_factory=dict)
    policy: _Policy | None = None


class _SharedFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    classes: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    answers: dict[Key, Texts] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Intent:
    """One intent: how buyers say it and what may be answered."""

    slug: str
    name: str = ""
    covers: str = ""
    examples: tuple[str, ...] = ()
    templates: tuple[str, ...] = ()
    expanded: tuple[str, ...] = ()
    """Utterances made from the templates."""
    keywords: tuple[str, ...] = ()
    negatives: tuple[str, ...] = ()
    """Lines with this intent's words that express no intent."""
    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    then: Then = "answer"
    priority: Priority = Priority.NORMAL
    file: str = ""
    """The file that defines it; for an intent that a shop extends, the first."""
    answer_files: Mapping[str, str] = field(default_factory=dict)
    """For each answer key the file that its variants stand in."""
    answer_lines: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """For each answer key the line of each variant in that file."""


@dataclass(frozen=True)
class Catalogue:
    """All intents that are switched on, by slug in order of their slugs."""

    intents: Mapping[str, Intent]
    classes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Word classes known to all templates: lists of words that may stand for each other."""
    host_texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hash: str = ""
    """Changes whenever something changes that matters for matching; answers do not."""


def load_catalogue(files: Sequence[TomlFile]) -> Catalogue:
    """Make a catalogue from parsed files, shipped ones first, a shop's own after them.

    An intent named again replaces the earlier one, or adds to it when it says ``extends = true`` (answer keys it names
    are replaced). ``enabled = false`` switches an intent off.

    Raises:
        ProblemsFound: every problem of all files, with file and line.
    """
    problems: list[Problem] = []
    classes: dict[str, tuple[str, ...]] = {}
    host_texts: dict[str, tuple[str, ...]] = {}
    pairs: list[tuple[TomlFile, _IntentFile]] = []
    for file in files:
        if file.path.name.startswith("_"):
            shared = _validated(file, _SharedFile, problems)
            if shared is not None:
                classes |= {k: _unique(v) for k, v in shared.classes.items()}
                host_texts |= shared.answers
        elif (raw := _validated(file, _IntentFile, problems)) is not None:
            pairs.append((file, raw))
    intents: dict[str, Intent] = {}
    switched_off: set[str] = set()
    homes: dict[str, TomlFile] = {}
    for file, raw in pairs:
        problems += _placement_problems(file, raw, homes)
        homes[raw.slug] = file
        (switched_off.discard if raw.enabled else switched_off.add)(raw.slug)
        made = _intent(file, raw, classes, problems)
        intents[raw.slug] = _extended(intents[raw.slug], made, raw) if raw.extends and raw.slug in intents else made
    kept = {slug: intents[slug] for slug in sorted(intents) if slug not in switched_off}
    problems += _claimed_twice(kept, pairs)
    if not kept and not problems:
        problems.append(Problem("intents", 1, "", "no intent is switched on; at least one is needed"))
    if any(p.level == "error" for p in problems):
        raise ProblemsFound(problems)
    return Catalogue(kept, classes, host_texts, _hash(kept.values(), classes))


def _validated(file: TomlFile, model: type[M], problems: list[Problem]) -> M | None:
    try:
        return model.model_validate(file.data)
    except ValidationError as e:
        problems += file.problems(e, model)
        return None


def _placement_problems(file: TomlFile, raw: _IntentFile, homes: Mapping[str, TomlFile]) -> Iterator[Problem]:
    earlier = homes.get(raw.slug)
    if raw.extends and earlier is None:
        near = did_you_mean(raw.slug, list(homes))
        yield file.problem(("slug",), f"extends an intent {raw.slug!r} that no earlier file defines{near}")
    elif earlier is not None and earlier.path.parent == file.path.parent:
        yield file.problem(("slug",), f"{raw.slug!r} is defined in {earlier.path.name} of the same folder already")
    if raw.enabled and not raw.extends and not (raw.examples or raw.templates or raw.keywords):
        yield file.problem(("slug",), "has no examples, templates or keywords, so no line can ever reach it")
    for i, text in enumerate(raw.examples):
        if not key_of(text) and raw.slug != NONE:
            yield file.problem(("examples", i), f"{text!r} holds no words")


def _intent(file: TomlFile, raw: _IntentFile, shared: Mapping[str, tuple[str, ...]], problems: list[Problem]) -> Intent:
    classes = {**shared, **{k: _unique(v) for k, v in raw.classes.items()}}
    expanded: list[str] = []
    for i, template in enumerate(raw.templates):
        try:
            expanded += expand(template, classes)
        except ValueError as e:
            problems.append(file.problem(("templates", i), str(e)))
    policy = raw.policy or _Policy()
    return Intent(
        slug=raw.slug,
        name=raw.name or raw.slug,
        covers=raw.covers,
        examples=_unique(raw.examples),
        templates=raw.templates,
        expanded=_unique(expanded),
        keywords=_unique(normalise(k).clean for k in raw.keywords),
        negatives=_unique(raw.negatives),
        answers=raw.answers,
        then=policy.then,
        priority=policy.priority,
        file=str(file.path),
        answer_files=dict.fromkeys(raw.answers, str(file.path)),
        answer_lines={
            key: tuple(file.line(_answer_place(file, key, i)) for i in range(len(texts)))
            for key, texts in raw.answers.items()
        },
    )


def _answer_place(file: TomlFile, key: str, index: int) -> Place:
    """Answers may be written ``default = [...]`` or, dotted, ``"fee.none" = [...]``; both are found."""
    plain: Place = ("answers", key, index)
    return plain if plain in file.lines else ("answers", *key.split("."), index)


def _extended(base: Intent, more: Intent, raw: _IntentFile) -> Intent:
    return replace(
        base,
        name=raw.name or base.name,
        covers=raw.covers or base.covers,
        examples=_unique(base.examples + more.examples),
        templates=base.templates + more.templates,
        expanded=_unique(base.expanded + more.expanded),
        keywords=_unique(base.keywords + more.keywords),
        negatives=_unique(base.negatives + more.negatives),
        answers={**base.answers, **more.answers},
        then=more.then if raw.policy else base.then,
        priority=more.priority if raw.policy else base.priority,
        answer_files={**base.answer_files, **more.answer_files},
        answer_lines={**base.answer_lines, **more.answer_lines},
    )


def _claimed_twice(intents: Mapping[str, Intent], pairs: Iterable[tuple[TomlFile, _IntentFile]]) -> Iterator[Problem]:
    """Hand-written lines that are examples of two intents, or an example and a negative of the same one."""
    owner: dict[str, tuple[str, str]] = {}
    for file, raw in pairs:
        if raw.slug not in intents:
            continue
        for i, text in enumerate(raw.examples):
            if text in intents[raw.slug].examples and (key := key_of(text)):
                other, place = owner.setdefault(key, (raw.slug, f"{file.path.name}:{file.line(('examples', i))}"))
                if other != raw.slug:
                    yield file.problem(("examples", i), f"{text!r} is an example of {other!r} too ({place}); keep one")
    for file, raw in pairs:
        for i, text in enumerate(raw.negatives):
            slug, place = owner.get(key_of(text), ("", ""))
            if slug == raw.slug and raw.slug in intents:
                yield file.problem(("negatives", i), f"{text!r} is an example of this intent too ({place}); keep one")


def key_of(text: str) -> str:
    """What two lines must share to count as the same: clean text without blanks and punctuation."""
    return "".join(c for c in normalise(text).clean if c.isalnum())


def _unique(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


def _hash(intents: Iterable[Intent], classes: Mapping[str, tuple[str, ...]]) -> str:
    content = [[i.slug, i.examples, i.expanded, i.keywords, i.negatives] for i in intents]
    text = json.dumps([content, sorted(classes.items())], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


_PIECE = re.compile(r"\(([^()]*)\)|<([^<>()]*)>|([^()<>]+)|(.)")


def expand(template: str, classes: Mapping[str, tuple[str, ...]], limit: int = EXPANSIONS) -> list[str]:
    """All utterances of a template, or ``limit`` of them drawn evenly and always the same.

    ``(a|b|)`` stands for one of its alternatives, which may be empty and may hold classes but no further brackets;
    ``<name>`` stands for one word of a class; everything else for itself.

    Raises:
        ValueError: brackets that do not match, or an unknown class.
    """
    choices = _choices(template, classes)
    total = prod(len(c) for c in choices)
    if total <= limit:
        picks: Iterable[int] = range(total)
    else:  # reproducible sampling, nothing secret
        picks = random.Random(template).sample(range(min(total, 2**40)), limit)  # noqa: S311
    return [text for pick in picks if (text := _nth(choices, pick))]


def _choices(template: str, classes: Mapping[str, tuple[str, ...]]) -> list[tuple[str, ...]]:
    choices: list[tuple[str, ...]] = []
    for found in _PIECE.finditer(template):
        alternatives, name, literal, stray = found.groups()
        if stray is not None:
            raise ValueError(f"has a {stray!r} without its counterpart, or nested: {template}")
        if alternatives is not None:
            inner = (list(_choices(a, classes)) for a in alternatives.split("|"))
            choices.append(_unique(_nth(c, n) for c in inner for n in range(min(prod(map(len, c)), EXPANSIONS))))
        elif name is not None:
            if name not in classes:
                raise ValueError(f"names an unknown class <{name}>{did_you_mean(name, list(classes))}")
            if not classes[name]:
                raise ValueError(f"names an empty class <{name}>")
            choices.append(classes[name])
        else:
            choices.append((literal,))
    return choices


def _nth(choices: Sequence[tuple[str, ...]], number: int) -> str:
    parts = []
    for choice in choices:
        number, index = divmod(number, len(choice))
        parts.append(choice[index])
    return "".join(parts)


def sample(items: Sequence[T], count: int) -> Iterator[T]:
    """At most ``count`` items, spread evenly over the sequence."""
    step = max(1, -(-len(items) // max(count, 1)))
    if not count:
        return iter(())
    return islice(items, 0, None, step)
