"""The rulebooks shown in docs/compliance.md load as they stand there."""

import re
from datetime import date
from pathlib import Path

import pytest

from autoreply.compliance import Rulebook, load_rulebook, shipped_rulebooks
from autoreply.model import Severity
from autoreply.tomlfile import read

DOCS = (Path(__file__).resolve().parents[2] / "docs" / "compliance.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    folder = tmp_path_factory.mktemp("rulebooks")
    blocks = re.findall(r"```toml\n(.*?)```", DOCS, re.DOTALL)
    assert len(blocks) == 2
    for n, block in enumerate(blocks):
        (folder / f"{n}.toml").write_text(block, encoding="utf-8")
    own = sorted(folder.glob("*.toml"))
    return load_rulebook([read(path) for path in [*shipped_rulebooks(), *own]], today=date(2026, 12, 2))


def test_the_rule_of_the_page_passes_its_own_tests(book: Rulebook) -> None:
    rule = book.rule("fragile-promise")
    assert rule is not None
    assert [s.value for s in rule.at_stake] == ["6"]


def test_the_overrides_of_the_page_hold(book: Rulebook) -> None:
    price, fee = book.rule("style-price"), book.rule("invoice-fee")
    assert price is not None
    assert fee is not None
    assert price.severity is Severity.WARN
    assert [(s.value, s.source) for s in fee.at_stake] == [("4", "the platform's notice 12/2026")]
    assert any("style-price" in w.message for w in book.warnings)
