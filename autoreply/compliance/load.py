"""Loads rulebooks: joins the files, then runs the tests that each rule carries."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from autoreply.compliance.gate import Gate
from autoreply.compliance.net import shipped_net
from autoreply.compliance.rulebook import Origins, Rulebook, join
from autoreply.facts import Platform, Shop
from autoreply.tomlfile import Problem, ProblemsFound, TomlFile


def shipped_rulebooks() -> list[Path]:
    """The rulebook files that come with the package, in the order in which they are loaded."""
    folder = Path(__file__).parent / "rulebooks"
    names = ("words", "law", "platform", "taobao", "tmall", "pdd", "jd", "douyin", "style")
    return [folder / f"{name}.toml" for name in names]


def load_rulebook(files: Sequence[TomlFile], *, today: date, run_tests: bool = True) -> Rulebook:
    """Check and join rulebook files; later ones may extend and override the rules of earlier ones by id.

    The tests in the files are run too, unless ``run_tests`` is off: a rule that misses one of its ``match`` texts, or
    finds one of its ``pass`` texts, is a problem. Figures whose last day is before ``today`` are warned of
    (``Rulebook.warnings``) and dropped, and so is told of every block that an override softens, with what is at stake.
    The tests are those of the patterns; the second net is no part of them.

    Raises:
        ProblemsFound: with all problems of all files.
    """
    book, origins = join(files, today=today)
    if run_tests and (failed := _failed_tests(book, origins)):
        raise ProblemsFound(failed)
    net = shipped_net()
    version = hashlib.sha256(f"{book.version} {net.version}".encode()).hexdigest()[:12]
    return replace(book, net=net, version=version)


def _failed_tests(book: Rulebook, origins: Origins) -> list[Problem]:
    gates: dict[Platform, Gate] = {}

    def gate(platforms: tuple[Platform, ...]) -> Gate:
        platform: Platform = platforms[0] if platforms else "taobao"
        return gates.setdefault(platform, gates.get(platform) or Gate(book, Shop(platform=platform)))

    problems: list[Problem] = []
    for rule in book.rules:
        file, place = origins[rule.id]
        for text in rule.tests.match + rule.tests.passing:
            found = rule.id in gate(rule.platforms).check(text).rules
            if found != (text in rule.tests.match):
                wrong = "finds what its own test says must pass" if found else "misses its own test"
                problems.append(file.problem((*place, "tests"), f"{rule.id} {wrong}: {text!r}"))
    for duty in book.duties:
        file, place = origins[f"duty {duty.duty}"]
        for text in duty.tests.match + duty.tests.passing:
            found = any(d.duty == duty.duty for d in gate(duty.platforms).duties(text))
            if found != (text in duty.tests.match):
                wrong = "finds what its own test says must pass" if found else "misses its own test"
                problems.append(file.problem((*place, "tests"), f"{duty.duty} {wrong}: {text!r}"))
    return problems
