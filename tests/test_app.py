"""A shop is put together from its files, or every mistake in all of them is told at once."""

import asyncio
import shutil
from pathlib import Path

import pytest
from talks import Talk, text_of

from autoreply import app as app_module
from autoreply.app import App, StartError, config_path, load_app, make_channels, trained
from autoreply.model import ConversationKey, Message, Turn
from autoreply.pipeline import run
from autoreply.shipped import shipped
from autoreply.tomlfile import ProblemsFound, read
from autoreply.understanding import Catalogue, Weights, load_catalogue

HERE = Path(__file__).parent / "plugins"


class Shopfolder:
    """A shop's folder, made for one test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "config.toml"
        self.write("config.toml", "")

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def plugin(self, name: str) -> None:
        (self.folder / "plugins").mkdir(exist_ok=True)
        shutil.copy(HERE / f"{name}.py", self.folder / "plugins")

    def problems(self) -> list[str]:
        with pytest.raises(ProblemsFound) as caught:
            load_app(self.config)
        return [str(p).replace(f"{self.folder}/", "") for p in caught.value.problems]


@pytest.fixture
def shop(tmp_path: Path) -> Shopfolder:
    return Shopfolder(tmp_path)


# Loading -----------------------------------------------------------------------------------------------------------


def test_the_example_shop_is_complete(app: App) -> None:
    assert app.brain.shop.name == "示例坚果铺"
    assert set(app.brain.handlers) == set(app.brain.catalogue.intents)
    assert "host.handoff" in app.brain.texts
    assert "invoice.available" in app.brain.texts
    assert app.journal_path == app.folder / "var/autoreply.db"


def test_it_answers_a_buyer(app: App) -> None:
    key = ConversationKey("http", "main", "c")
    turn = Turn(key, (Message(key, "m1", "b", "可以开发票吗"),))
    result = asyncio.run(run(app.brain, turn, {}, now=1_773_194_400.0))
    assert result.intents == ("invoice",)
    assert "发票" in text_of(result)


def test_mistakes_in_all_kinds_of_files_are_told_at_once(shop: Shopfolder) -> None:
    shop.write("config.toml", "[shop]\nplatform = 'ebay'\n[channels.htp]\nenabled = true\n[plugins.invoice]\nx = 1\n")
    shop.write("intents/parking.toml", "slug = 'parking'\n[answers]\ndefault = ['{{ shop.nmae }}']\n")
    shop.write("rulebooks/own.toml", "[[override]]\nid = 'invoice-refus'\nseverity = 'warn'\n")
    shop.plugin("broken/unknown_intent")
    problems = shop.problems()
    assert [p.split(": ")[0:2] for p in problems] == [
        ["config.toml:2", "shop.platform"],
        ["intents/parking.toml:1", "slug"],
        ["rulebooks/own.toml:2", "override[0].id"],
        ["config.toml:3", "channels.htp"],
        ["config.toml:6", "plugins.invoice.x"],
        ["plugins/unknown_intent.py:11", "invioce"],
        ["intents/parking.toml:3", "answers.default[0]"],
    ]
    assert problems[5].endswith("answers an intent that no file in intents/ describes; did you mean 'invoice'?")


def test_a_broken_plugin_is_told_and_its_section_is_not_taken_for_a_mistake(shop: Shopfolder) -> None:
    shop.plugin("broken/bad_import")
    shop.write("config.toml", "[plugins.courier]\nx = 1\n")
    (problem,) = shop.problems()
    assert problem.startswith("plugins/bad_import.py:3: cannot be imported: ModuleNotFoundError")


def test_texts_that_could_never_be_filled_are_told(shop: Shopfolder) -> None:
    shop.write(
        "intents/cod.toml",
        "slug = 'cod'\nextends = true\n[answers]\ndefault = [\n  '好',\n  '{{ height }}厘米',\n]\nother = []\n",
    )
    shop.write(
        "intents/_host.toml",
        "[answers]\nhold = ['稍等', '{{ shop.hours.opens }}']\nask_between = ['{{ first }}还是{{ third }}？']\n",
    )
    shop.write(
        "intents/invoice.toml",
        "slug = 'invoice'\nextends = true\n"
        "[answers]\navailable = ['{{ own }}', '{% for a in range(9) %}啊{% endfor %}']\n",
    )
    assert shop.problems() == [
        "intents/_host.toml:2: answers.hold[1]: is no valid text: shop.hours has no 'opens'; did you mean 'open'?",
        "intents/_host.toml:3: answers.ask_between[0]: is no valid text: 'third' is not filled in here",
        "intents/cod.toml:6: answers.default[1]: is no valid text: 'height' is not filled in here",
        "intents/cod.toml:8: answers.other: holds no text; take the key out",
        "intents/invoice.toml:4: answers.available[1]: is no valid text: a text takes {{ facts }}, if and for, "
        "not a loop over anything but a list of facts",
    ]


def test_files_of_another_shape_are_told_and_break_nothing(shop: Shopfolder) -> None:
    shapes = (
        "slug = ['a']\n",
        "slug = 5\n[answers]\ndefault = 5\n",
        "answers = 5\n",
        "slug = 'size'\nanswers = ['x']\n",
    )
    for n, text in enumerate(shapes):
        shop.write(f"intents/odd{n}.toml", text)
    assert {p.split(":")[0] for p in shop.problems()} == {f"intents/odd{n}.toml" for n in range(len(shapes))}


def test_files_that_are_no_toml_are_all_told(shop: Shopfolder) -> None:
    shop.write("intents/a.toml", "slug = \n")
    shop.write("intents/b.toml", "\nslug = b\n")
    assert [p.split(": ")[0] for p in shop.problems()] == ["intents/a.toml:1", "intents/b.toml:2"]


def test_a_missing_settings_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ProblemsFound, match=r"none\.toml:1: no such file"):
        load_app(tmp_path / "none.toml")


@pytest.fixture
def untrained(monkeypatch: pytest.MonkeyPatch, app: App) -> None:
    """Training takes half a minute; where it does not matter how well lines are matched, use what was learned."""
    monkeypatch.setattr(app_module, "_understander", lambda *_: app.brain.understander)


@pytest.mark.usefixtures("untrained")
def test_a_shop_switches_an_intent_off_that_a_shipped_plugin_answers(shop: Shopfolder) -> None:
    shop.write("intents/haggling.toml", "slug = 'haggling'\nenabled = false\n")
    loaded = load_app(shop.config)
    assert "haggling" not in loaded.brain.handlers
    assert "invoice" in loaded.brain.handlers


@pytest.mark.usefixtures("untrained")
def test_a_shops_plugin_texts_and_settings_take_the_place_of_the_shipped_ones(shop: Shopfolder) -> None:
    shop.plugin("good/return_policy")
    shop.write("config.toml", "[plugins.return_exchange]\ndays = 30\n[shop]\nname = '茶铺'\n")
    shop.write(
        "intents/greeting.toml", "slug = 'greeting'\nextends = true\n[answers]\ndefault = ['{{ shop.name }}在的']\n"
    )
    brain = load_app(shop.config).brain
    assert "30天" in text_of(Talk(brain).say("能退吗", "return_exchange"))
    assert text_of(Talk(brain).say("在吗", "greeting")) == "茶铺在的"


# What was learned is kept ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rubbish", [b"", b"PK\x03\x04 no archive", b"\x00" * 100])
def test_damaged_weights_are_made_anew(rubbish: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    small = small_catalogue(tmp_path)
    told: list[str] = []
    first = trained(small, told.append)
    (cache,) = tmp_path.rglob("weights-*.npz")
    assert trained(small, told.append).catalogue == first.catalogue
    assert len(told) == 1
    cache.write_bytes(rubbish)
    assert trained(small, told.append).dump() == first.dump()
    assert len(told) == 2
    assert Weights.load(cache.read_bytes()).catalogue == small.hash


def small_catalogue(folder: Path) -> Catalogue:
    for slug, examples in (
        ("invoice", "['能开发票吗', '要发票', '开票']"),
        ("courier", "['发什么快递', '发顺丰', '哪家快递']"),
    ):
        (folder / f"{slug}.toml").write_text(f"slug = '{slug}'\nexamples = {examples}\n", encoding="utf-8")
    return load_catalogue([read(folder / f"{slug}.toml") for slug in ("invoice", "courier")])


# Running -----------------------------------------------------------------------------------------------------------


def test_channels_are_made_where_the_settings_say_enabled(app: App) -> None:
    assert set(make_channels(app)) == {n for n, given in app.channel_settings.items() if given.enabled}


def test_a_channel_without_its_secret_says_what_to_do(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_SECRET", raising=False)
    given = type(app.channel_settings["http"]).model_validate({"enabled": True, "secret": {"env": "NO_SUCH_SECRET"}})
    broken = App(
        **{f: getattr(app, f) for f in App.__slots__} | {"channel_settings": {**app.channel_settings, "http": given}}
    )
    with pytest.raises(
        StartError, match=r"\[channels\.http\] cannot start: environment variable NO_SUCH_SECRET is not"
    ):
        make_channels(broken)


def test_which_settings_file_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert config_path(Path("mine.toml")) == Path("mine.toml")
    assert config_path(None) == shipped("config.example.toml")
    (tmp_path / "config.toml").touch()
    assert config_path(None) == Path("config.toml")
