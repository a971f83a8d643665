"""What the matcher learns from, and what of it is kept between starts."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from small_shop import write_small_shop
from structlog.testing import capture_logs

from autoreply import learning
from autoreply.app import load_app
from autoreply.evaluation.accept import intent_files
from autoreply.learning import extras_of, trained
from autoreply.plugins import Plugins, load_plugins
from autoreply.tomlfile import Problem, ProblemsFound
from autoreply.understanding import Catalogue, Extras, Sentences, load_catalogue, semantic

HERE = Path(__file__).parent / "plugins"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    write_small_shop(tmp_path / "shop")
    return load_catalogue(intent_files(tmp_path / "shop" / "intents"))


@pytest.fixture
def telling(tmp_path: Path) -> Path:
    """A folder with a plugin that registers features."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    shutil.copy(HERE / "good" / "tells.py", folder)
    return folder


def plugins_in(folder: Path) -> Plugins:
    problems: list[Problem] = []
    plugins = load_plugins(folder, problems, installed=False)
    assert problems == []
    return plugins


# Numbers from plugins ----------------------------------------------------------------------------------------------


def test_numbers_of_a_plugin_reach_the_matcher_and_one_that_fails_counts_as_0_and_is_told_once(telling: Path) -> None:
    extras = extras_of(False, plugins_in(telling).features)
    with capture_logs() as logs:
        values = [extras.values(text) for text in ("a receipt please", "在吗", "发货")]
    by_name = [dict(zip([f.name for f in extras.features], row, strict=True)) for row in values]
    assert by_name[0] == {"says_receipt": 1.0, "breaks": 0.0, "is_none": 0.0}
    assert by_name[1] == by_name[2] == {"says_receipt": 0.0, "breaks": 0.0, "is_none": 0.0}
    assert [log["feature"] for log in logs] == ["breaks", "is_none"]
    assert {log["file"] for log in logs} == {str(telling / "tells.py")}


def test_a_change_of_the_plugin_is_learned_anew(telling: Path, catalogue: Catalogue, cache: Path) -> None:
    told: list[str] = []
    for _ in range(2):
        trained(catalogue, told.append, extras_of(False, plugins_in(telling).features))
    assert len(told) == 1
    with (telling / "tells.py").open("a", encoding="utf-8") as file:
        file.write("# a better idea\n")
    trained(catalogue, told.append, extras_of(False, plugins_in(telling).features))
    trained(catalogue, told.append)
    assert len(told) == 3
    assert len(list(cache.rglob("weights-*.npz"))) == 3


def test_a_shop_answers_with_what_its_plugin_tells(telling: Path, tmp_path: Path) -> None:
    config = write_small_shop(tmp_path)
    understander = load_app(config).brain.understander
    assert [f.name for f in understander.extras.features] == ["breaks", "is_none", "says_receipt"]
    assert understander.understand("专票开得了不").answered == ("invoice",)


# The sentence encoder ----------------------------------------------------------------------------------------------


def test_a_shop_may_refuse_the_encoder() -> None:
    assert extras_of(False, {}) == Extras()
    assert (extras_of(None, {}).encoder is not None) == semantic.available()


@pytest.mark.skipif(semantic.available(), reason="the sentence encoder is installed")
def test_a_shop_that_insists_on_the_encoder_is_told_how_to_get_it(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[understanding]\nsemantic = true\n", encoding="utf-8")
    with pytest.raises(ProblemsFound, match=r"config\.toml:2: understanding\.semantic: .*autoreply\[semantic\]"):
        load_app(config)


def test_what_was_encoded_is_not_encoded_for_the_next_training(
    catalogue: Catalogue, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def encode(texts: list[str]) -> semantic.Floats:
        asked.extend(texts)
        return np.array([np.full(semantic.WIDTH, len(text)) for text in texts], np.float32)

    def start() -> int:
        asked.clear()
        trained(catalogue, extras=Extras(Sentences("made-up", encode)))
        return len(asked)

    assert start() > 30
    assert start() == 0
    for weights in cache.rglob("weights-*.npz"):
        weights.unlink()
    assert start() == 0
    for kept in cache.rglob("embeddings-*.cache"):
        kept.write_bytes(b"rubbish")
    for weights in cache.rglob("weights-*.npz"):
        weights.unlink()
    assert start() > 30


def test_a_cache_that_cannot_be_written_is_no_obstacle(catalogue: Catalogue, cache: Path) -> None:
    cache.write_text("a file where the folder should be", encoding="utf-8")
    assert learning.trained(catalogue).catalogue == catalogue.hash
