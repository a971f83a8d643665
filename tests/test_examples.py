"""The packages in ``examples/`` install, pass their own tests, and are in order as ``autoreply check`` sees it."""

from pathlib import Path

import pytest
from packages import Environment

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """With all of them installed, so that they are tried beside each other and the matcher is trained once."""
    made = Environment(tmp_path_factory.mktemp("examples"))
    for package in sorted(EXAMPLES.iterdir()):
        made.install(package)
    return made


@pytest.mark.parametrize("name", ["local_model", "visits"])
def test_an_example(environment: Environment, name: str) -> None:
    assert " passed" in environment(EXAMPLES / name, "pytest", "-q", "-p", "no:cacheprovider", "-W", "error")
    checked = environment(EXAMPLES / name, "autoreply", "check", "--config", "tests/shop/config.toml")
    assert "0 problems" in checked


def test_no_example_is_left_out() -> None:
    marks = [mark.args[1] for mark in test_an_example.pytestmark]  # type: ignore[attr-defined]
    assert [p.name for p in sorted(EXAMPLES.iterdir())] == marks[0]
