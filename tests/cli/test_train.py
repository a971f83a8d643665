"""``autoreply train``."""

import json
import tomllib
from pathlib import Path

import pytest
from small_shop import write_small_shop

from autoreply.shipped import shipped

from .conftest import Call


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings of a small shop of this test's own, and a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return write_small_shop(tmp_path / "shop")


def test_the_weights_are_kept_for_the_next_start_and_always_the_same(invoke: Call, shop: Path, tmp_path: Path) -> None:
    first = invoke("train", "--config", shop, "--folds", "0", "--json")
    assert first.code == 0, first.err
    again = invoke("train", "--config", shop, "--folds", "0", "--json")
    told, same = json.loads(first.out), json.loads(again.out)
    assert (told["trained"], same["trained"]) == (True, False)
    assert told["weights"] == same["weights"]
    assert told["examples"] == 32
    [stored] = (tmp_path / "cache").rglob("*.npz")
    assert stored.stat().st_size == told["bytes"]
    stored.unlink()
    anew = json.loads(invoke("train", "--config", shop, "--folds", "0", "--json").out)
    assert (anew["trained"], anew["weights"]) == (True, told["weights"])


def test_labelled_lines_become_examples_of_the_shop_and_are_learned(invoke: Call, shop: Path, tmp_path: Path) -> None:
    file = tmp_path / "own.tsv"
    file.write_text(
        "labels\ttext\ninvoice\t收据盖章了没\ncourier\t能发闪送吗\ninvoice+courier\t票和货一道寄么\n"
        "none\t刚到家门口\ninvoice\t给我来张电子票\n",
        "utf-8",
    )
    before = invoke("understand", "收据盖章了没", "--config", shop)
    assert "answer" not in before.out.replace("answered", "")
    ran = invoke("train", file, "--config", shop, "--folds", "0")
    assert ran.code == 0, ran.err
    for part in (
        "invoice.toml: 1 new example\n",
        "left out: 1 line an example of its intent already\n",
        "left out: 1 line with several intents\n",
    ):
        assert part in ran.out
    data = tomllib.loads((shop.parent / "intents" / "none.toml").read_text("utf-8"))
    assert data["examples"][0] == "刚到家门口"
    after = invoke("understand", "收据盖章了没", "--config", shop)
    assert "training" not in after.err
    assert "invoice 0.98" in after.out


def test_the_examples_are_cross_validated(invoke: Call, shop: Path) -> None:
    ran = invoke("train", "--config", shop, "--folds", "2")
    assert ran.code == 0, ran.err
    for part in ("weights ", "the examples themselves, unseen, in 2 parts", "top-1 right", "24 lines with an intent"):
        assert part in ran.out
    scores = json.loads(invoke("train", "--config", shop, "--folds", "2", "--json").out)["scores"]
    assert scores["lines"] == 32


def test_labels_are_checked_before_anything_is_written(invoke: Call, shop: Path, tmp_path: Path) -> None:
    file = tmp_path / "own.tsv"
    file.write_text("labels\ttext\ninvoice\t收据盖章了没\ninvioce\t票呢\n", "utf-8")
    before = (shop.parent / "intents" / "invoice.toml").read_bytes()
    ran = invoke("train", file, "--config", shop)
    assert ran.code == 1
    assert "own.tsv:3: labels: 'invioce' is no intent of this catalogue; did you mean 'invoice'?" in ran.err
    assert (shop.parent / "intents" / "invoice.toml").read_bytes() == before


def test_the_shipped_intents_are_not_written_to(invoke: Call, tmp_path: Path) -> None:
    file = tmp_path / "own.tsv"
    file.write_text("labels\ttext\ninvoice\t收据盖章了没\n", "utf-8")
    ran = invoke("train", file, "--config", shipped("config.example.toml"))
    assert (ran.code, ran.out) == (1, "")
    assert "shipped intents" in ran.err


def test_one_part_is_no_cross_validation(invoke: Call) -> None:
    assert invoke("train", "--folds", "1").code == 2
