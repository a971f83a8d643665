"""``autoreply mine``."""

import json
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner
from small_shop import write_small_shop

from autoreply.app import App
from autoreply.cli import cli
from autoreply.evaluation.accept import intent_files
from autoreply.shipped import shipped
from autoreply.understanding import load_catalogue

from .conftest import Call

CRUSHED = ["盒子压扁了怎么处理", "亲，盒子压扁了怎么处理呀", "纸盒子压扁了怎么处理"]
LINES = [*CRUSHED, "给我来张电子票", "羽毛球拍几根线", ""]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Settings of a small shop of this test's own."""
    return write_small_shop(tmp_path / "shop")


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    file = tmp_path / "lines.txt"
    file.write_text("\n".join(LINES), "utf-8")
    return file


@pytest.fixture
def group(invoke: Call, shop: Path, lines: Path) -> str:
    """The id of the one group of three lines."""
    [shown] = json.loads(invoke("mine", lines, "--config", shop, "--json").out)["shown"]
    return str(shown["id"])


def test_groups_come_with_size_nearest_intent_and_samples(invoke: Call, shop: Path, lines: Path) -> None:
    found = json.loads(invoke("mine", lines, "--config", shop, "--json").out)
    assert (found["lines"], found["unmatched"], found["groups"], found["in_groups"]) == (5, 4, 1, 3)
    [shown] = found["shown"]
    assert (shown["lines"], set(shown["texts"])) == (3, set(CRUSHED))
    assert shown["proposed"] in ("invoice", "courier", "urge_shipping", "none")
    ran = invoke("mine", lines, "--config", shop, "--samples", "2", "--least", "1", "--groups", "1")
    assert ran.code == 0
    for part in ("5 lines, 4 not answered; 4 of these in 2 groups", shown["id"], "… 1 more", "1 more groups"):
        assert part in ran.out


def test_an_accepted_group_becomes_examples_of_the_shop(invoke: Call, shop: Path, lines: Path, group: str) -> None:
    ran = invoke("mine", lines, "--config", shop, "--accept", f"{group}=courier")
    path = shop.parent / "intents" / "courier.toml"
    assert (ran.code, ran.out) == (0, f"{path}: 3 new examples\n")
    data = tomllib.loads(path.read_text("utf-8"))
    assert set(data["examples"][:3]) == set(CRUSHED)
    assert data["templates"]
    again = invoke("mine", lines, "--config", shop, "--accept", f"{group}=courier")
    assert again.code == 1
    assert f"no group {group}" in again.err


def test_lines_accepted_as_none_do_not_come_back(invoke: Call, shop: Path, lines: Path, group: str) -> None:
    assert invoke("mine", lines, "--config", shop, "--accept", f"{group}=none").code == 0
    assert json.loads(invoke("mine", lines, "--config", shop, "--json").out)["groups"] == 0


def test_into_another_folder_with_the_shipped_catalogue(invoke: Call, tmp_path: Path, app: App) -> None:
    lines = tmp_path / "lines.txt"
    lines.write_text("羽毛球拍几根线断了三回\n羽毛球拍几根线断了四回\n", "utf-8")
    arguments = ("mine", lines, "--config", shipped("config.example.toml"), "--least", "2")
    [shown] = json.loads(invoke(*arguments, "--json").out)["shown"]
    refused = invoke(*arguments, "--accept", f"{shown['id']}=quality")
    assert refused.code == 1
    assert "shipped intents" in refused.err
    ran = invoke(*arguments, "--accept", f"{shown['id']}=quality", "--into", tmp_path / "own")
    assert ran.code == 0, ran.err
    assert tomllib.loads((tmp_path / "own" / "quality.toml").read_text("utf-8"))["extends"] is True
    merged = load_catalogue(intent_files(tmp_path / "own"))
    assert {*shown["texts"]} <= {*merged.intents["quality"].examples}


def test_an_intent_that_is_not_there_is_told(invoke: Call, shop: Path, lines: Path, group: str) -> None:
    ran = invoke("mine", lines, "--config", shop, "--accept", f"{group}=couriers")
    assert (ran.code, ran.err) == (1, "no intent 'couriers' in this catalogue; did you mean 'courier'?\n")


@pytest.mark.parametrize("wrong", ["abc", "=courier", "abc="])
def test_a_pair_that_is_none_is_a_mistake(invoke: Call, wrong: str) -> None:
    assert invoke("mine", "lines.txt", "--accept", wrong).code == 2


@pytest.mark.parametrize(
    ("answers", "written"), [("coureir\ncourier\n", True), ("s\n", False), ("\n", False), ("q\n", False)]
)
def test_a_review_asks_about_each_group(shop: Path, lines: Path, app: App, answers: str, written: bool) -> None:
    before = (shop.parent / "intents" / "courier.toml").read_bytes()
    result = CliRunner().invoke(cli, ["mine", str(lines), "--config", str(shop), "--review"], input=answers)
    assert result.exit_code == 0, result.output
    assert "1 of 1: 3 lines, nearest " in result.stdout
    assert ((shop.parent / "intents" / "courier.toml").read_bytes() != before) is written


def test_a_review_needs_the_terminal(invoke: Call) -> None:
    assert invoke("mine", "-", "--review").code == 2
    assert invoke("mine", "lines.txt", "--review", "--json").code == 2


def test_real_messages_fall_into_groups(invoke: Call, shared: Path, tmp_path: Path, example_config: Path) -> None:
    some = (shared / "buyers_unlabelled.txt").read_text("utf-8").split("\n")[:4000]
    file = tmp_path / "some.txt"
    file.write_text("\n".join(some), "utf-8")
    found = json.loads(invoke("mine", file, "--config", example_config, "--json", "--groups", "1000").out)
    assert found["unmatched"] >= found["in_groups"] > 50
    assert sum(g["lines"] for g in found["shown"]) == found["in_groups"]
