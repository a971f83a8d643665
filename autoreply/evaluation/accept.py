"""Buyers' lines into a shop's own intents: as examples in its TOML files, where people can read and change them."""

import codecs
import json
import os
import re
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autoreply.shipped import shipped
from autoreply.tomlfile import ProblemsFound, TomlFile, read_folders
from autoreply.understanding import Catalogue, load_catalogue
from autoreply.understanding.catalogue import key_of
from autoreply.understanding.normalise import CARD, EMAIL, LINK, ORDER, PHONE, normalise

LONGEST = 400
"""Characters of an example at most."""
_PRIVATE = frozenset((CARD, EMAIL, LINK, ORDER, PHONE))
_OPENING = re.compile(r"""^\s*["']?examples["']?\s*=\s*\[""")


@dataclass(slots=True)
class Accepted:
    """What became of the lines."""

    written: Counter[Path] = field(default_factory=Counter)
    """New examples in each file."""
    skipped: Counter[str] = field(default_factory=Counter)
    """Reason → lines that were left out for it."""


def intent_files(own: Path, plugins: Sequence[Path] = ()) -> list[TomlFile]:
    """The shipped intents, those of the folders that plugins bring, and then those of the folder ``own``, which may be
    missing or be the shipped one.

    Raises:
        ProblemsFound: of all unreadable files.
    """
    return read_folders(shipped("intents"), *plugins, own)


def own_folder(configured: Path, into: Path | None = None) -> Path:
    """The folder that lines are written to: ``into`` where given, else the one the settings name.

    Raises:
        ValueError: the settings name the shipped catalogue, which belongs to no shop.
    """
    if into is None and configured.resolve() == shipped("intents").resolve():
        raise ValueError("these are the shipped intents; run this in a shop's folder (autoreply init DIR makes one)")
    return into or configured


def accept(lines: Mapping[str, Sequence[str]], catalogue: Catalogue, into: Path) -> Accepted:
    """Write lines (by slug) as examples into the folder ``into``, without those that are examples already.

    They go into the folder's own file of that intent, to the front of what is there, or into a fresh
    ``<slug>.toml`` with ``extends = true``. Lines that hold a phone number, an order number, a link or the like are
    left out. Afterwards the catalogue is loaded once to see that it still holds together; if not, nothing is changed.

    Raises:
        ProblemsFound: the files do not load, before or after.
        OSError: a file cannot be written.
    """
    done = Accepted()
    fresh = _fresh(lines, catalogue, done.skipped)
    homes = {str(file.data.get("slug")): file for file in intent_files(into) if file.path.parent == into.resolve()}
    texts = {}
    for slug, examples in fresh.items():
        path = homes[slug].path if slug in homes else into.resolve() / f"{slug}.toml"
        texts[path] = with_examples(homes[slug], examples) if slug in homes else new_file(slug, examples)
        done.written[path] = len(examples)
    before = {path: path.read_bytes() if path.exists() else None for path in texts}
    into.mkdir(parents=True, exist_ok=True)
    try:
        for path, data in texts.items():
            _write(path, data)
        load_catalogue(intent_files(into))
    except BaseException:
        for path, old in before.items():
            if old is None:
                path.unlink(missing_ok=True)
            else:
                _write(path, old)
        raise
    return done


def _fresh(lines: Mapping[str, Sequence[str]], catalogue: Catalogue, skipped: Counter[str]) -> dict[str, list[str]]:
    """The lines that can become examples, by slug."""
    owners = {key_of(text): intent.slug for intent in catalogue.intents.values() for text in intent.examples}
    fresh: dict[str, list[str]] = {}
    for slug, texts in lines.items():
        intent = catalogue.intents.get(slug)
        negatives = {key_of(text) for text in intent.negatives} if intent else set()
        for text in (t.strip() for t in texts):
            key = key_of(text)
            if reason := _unfit(text, key) or _taken(slug, owners.get(key)):
                skipped[reason] += 1
            elif key in negatives:
                skipped[f"a negative of {slug}"] += 1
            else:
                owners[key] = slug
                fresh.setdefault(slug, []).append(text)
    return fresh


def _unfit(text: str, key: str) -> str:
    """Why a line makes no example whatever it means; empty where it does."""
    if not key:
        return "no words in it"
    if len(text) > LONGEST:
        return f"longer than {LONGEST} characters"
    if any("\ud800" <= c <= "\udfff" for c in text):
        return "not valid text"
    if _PRIVATE & set(normalise(text).clean):
        return "with a phone number, an order number, a link or the like"
    return ""


def _taken(slug: str, owner: str | None) -> str:
    if owner is None:
        return ""
    return "an example of its intent already" if owner == slug else f"an example of {owner}, not {slug}"


def new_file(slug: str, examples: Sequence[str]) -> bytes:
    """A TOML file that adds examples to an intent."""
    return f'slug = "{slug}"\nextends = true\n\n{_array(examples)}\n'.encode()


def _array(examples: Sequence[str], newline: str = "\n") -> str:
    return newline.join(["examples = [", *map(_item, examples), "]"])


def _item(text: str) -> str:
    """A line of a TOML array: JSON's escapes are TOML's, but for DEL, which JSON leaves alone."""
    return f"  {json.dumps(text, ensure_ascii=False)},".replace("\x7f", "\\u007f")


def with_examples(file: TomlFile, examples: Sequence[str]) -> bytes:
    """What is in the file, with more examples in front, everything else in it untouched, comments too.

    Raises:
        ProblemsFound: the file is written in a way that this cannot extend.
    """
    raw = file.path.read_bytes()
    text = raw.decode("utf-8-sig")
    newline = "\r\n" if "\r\n" in text else "\n"
    rows = text.split("\n")
    if "examples" in file.data:
        at = file.line(("examples",)) - 1
        opening = _OPENING.match(rows[at])
        end = opening.end() if opening else 0
        rest = rows[at][end:]
        follows = rest if rest in ("", "\r") else f"{newline}  {rest.lstrip()}"
        rows[at] = rows[at][:end] + newline + newline.join(map(_item, examples)) + follows
    else:
        rows.insert(file.line(("slug",)), _array(examples, newline) + newline.removesuffix("\n"))
    changed = "\n".join(rows)
    wanted = {**file.data, "examples": [*examples, *file.data.get("examples", [])]}
    try:
        kept = tomllib.loads(changed) == wanted
    except tomllib.TOMLDecodeError:
        kept = False
    if not kept:
        message = "no examples can be added here by program; write them as examples = [ … ] on lines of their own"
        raise ProblemsFound([file.problem(("examples",), message)])
    return (codecs.BOM_UTF8 if raw.startswith(codecs.BOM_UTF8) else b"") + changed.encode()


def _write(path: Path, data: bytes) -> None:
    """All of it or nothing: a power cut leaves no half a file."""
    fresh = path.with_suffix(".tmp")
    with fresh.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
