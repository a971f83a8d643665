"""``autoreply init``."""

import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from autoreply.app import App, texts_of
from autoreply.handlers import Bound
from autoreply.model import ConversationKey, Message, Turn
from autoreply.pipeline import run
from autoreply.plugins import load_plugins
from autoreply.shipped import shipped
from autoreply.texts import Texts
from autoreply.tomlfile import Problem, read
from autoreply.understanding import Understander, load_catalogue, train

from .conftest import Call


def test_a_new_shop_is_in_order_and_its_examples_are_off(invoke: Call, tmp_path: Path) -> None:
    ran = invoke("init", "myshop")
    assert ran.code == 0
    assert "autoreply check" in ran.out
    checked = invoke("check", "--config", tmp_path / "myshop" / "config.toml")
    assert checked.code == 0, checked.out
    assert "gift_wrap" not in checked.out
    assert len((tmp_path / "myshop" / "README.md").read_text(encoding="utf-8").strip().splitlines()) == 12


async def test_the_examples_work_once_they_are_renamed(invoke: Call, app: App, tmp_path: Path) -> None:
    invoke("init", "myshop")
    shop = tmp_path / "myshop"
    (shop / "plugins" / "_example.py").rename(shop / "plugins" / "gift_wrap.py")
    example = (shop / "intents" / "_example.toml.txt").rename(shop / "intents" / "gift_wrap.toml")
    others = [read(shipped("intents") / name) for name in ("_classes.toml", "stock.toml", "gift.toml")]
    catalogue = load_catalogue([*others, read(example)])
    problems: list[Problem] = []
    entry = load_plugins(shop / "plugins", problems).handlers["gift_wrap"]
    assert problems == []
    assert entry.settings is not None
    behaviours = []
    for settings in (entry.settings(), entry.settings(offered=False)):
        brain = replace(
            app.brain,
            catalogue=catalogue,
            understander=Understander(catalogue, weights=train(catalogue)),
            texts=Texts(texts_of(catalogue)),
            handlers={"gift_wrap": Bound(entry.target, settings)},
        )
        key = ConversationKey("stdio", "main", "c1")
        turn = Turn(key, (Message(key, "m1", "b1", "可以帮我包装成礼物写张贺卡吗"),))
        result = await run(brain, turn, {}, now=1_773_194_400.0)
        behaviours.append((result.behaviour, result.intents, result.rules))
    assert behaviours == [("answer", ("gift_wrap",), ()), ("escalate", ("gift_wrap",), ())]


@pytest.mark.parametrize("page", ["intents.md", "plugins.md"])
def test_the_examples_of_the_guide_pass_the_gate(page: str, app: App) -> None:
    guide = (Path(__file__).parents[2] / "docs" / page).read_text(encoding="utf-8")
    answers = [tomllib.loads(block).get("answers", {}) for block in re.findall(r"```toml\n(.*?)```", guide, re.DOTALL)]
    texts = [
        text.replace("{{ city }}", "上海") for answer in answers for variants in answer.values() for text in variants
    ]
    assert texts
    assert [text for text in texts if app.brain.gate.check(text).action != "pass"] == []


def test_nothing_is_overwritten(invoke: Call, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine", encoding="utf-8")
    ran = invoke("init", ".")
    assert ran.code == 1
    assert "README.md" in ran.err
    assert [p.name for p in tmp_path.iterdir()] == ["README.md"]
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == "mine"


def test_a_folder_that_cannot_be_made_is_one_line(invoke: Call, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    ran = invoke("init", "file/shop")
    assert ran.code == 1
    assert ran.err.startswith("cannot write to ")
    assert len(ran.err.splitlines()) == 1
