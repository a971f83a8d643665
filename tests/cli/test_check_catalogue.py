"""``autoreply check`` on a catalogue that is in order as far as loading goes, and doubtful all the same."""

import json
from pathlib import Path

import pytest
from small_shop import write_small_shop

from .conftest import Call

DOUBTFUL = 'slug = "zz_locker"\nname = "寄存"\nexamples = [\n  "一共九只！",\n]\n[answers]\ndefault = ["好的。"]\n'


@pytest.fixture
def doubtful(tmp_path: Path) -> Path:
    config = write_small_shop(tmp_path / "shop")
    (config.parent / "intents" / "zz_locker.toml").write_text(DOUBTFUL, "utf-8")
    none = config.parent / "intents" / "none.toml"
    none.write_text(none.read_text("utf-8").replace("一共六只", "只九一共"), "utf-8")
    return config


def test_near_duplicates_across_intents_are_warnings(invoke: Call, doubtful: Path) -> None:
    ran = invoke("check", "--config", doubtful)
    file = doubtful.parent / "intents" / "zz_locker.toml"
    assert f"{file}:4: examples[0]: warning: '一共九只！' is all but an example of none" in ran.out
    assert ran.code == 0


def test_the_matcher_is_tried_when_asked_for(invoke: Call, doubtful: Path) -> None:
    text = DOUBTFUL.replace("一共九只！", "一共9只")
    (doubtful.parent / "intents" / "zz_locker.toml").write_text(text, "utf-8")
    none = doubtful.parent / "intents" / "none.toml"
    none.write_text(none.read_text("utf-8").replace("只九一共", "一共8只"), "utf-8")
    quick = json.loads(invoke("check", "--config", doubtful, "--json").out)
    whole = json.loads(invoke("check", "--config", doubtful, "--json", "--matcher").out)
    more = [p["message"] for p in whole["problems"] if p not in quick["problems"]]
    assert "'一共9只' is taken for none, not for zz_locker" in more
    assert any(message.startswith("no line reaches zz_locker") for message in more)
