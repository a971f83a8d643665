"""One file of settings: every mistake at once with its line, secrets kept out of it, the example complete."""

import os
import stat
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel, ValidationError

from autoreply.channels.http import HttpSettings
from autoreply.channels.webchat import WebchatSettings
from autoreply.channels.websocket import WebsocketSettings
from autoreply.facts import Shop
from autoreply.handoff.webhook import WebhookSettings
from autoreply.model import Mode
from autoreply.plugins import load_plugins
from autoreply.settings import Secret, Settings, load, parse
from autoreply.shipped import shipped
from autoreply.tomlfile import ProblemsFound, read


def problems_of(folder: Path, text: str) -> list[str]:
    """``line: field: message`` of each problem of a settings file."""
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    _, problems = parse(read(path))
    return [str(p).removeprefix(f"{path}:") for p in problems]


# Mistakes ----------------------------------------------------------------------------------------------------------

FIVE_MISTAKES = """\
[shop]
platform = "taobo"

[shop.shipping]
cutof = 16:00:00

[[shop.instalment.providers]]
name = "花呗"
periods = [3, 6]
interest_free = [12]

[conversation]
merge_window = -1

[serverr]
port = 8080
"""


def test_five_mistakes_in_one_file_are_told_at_once(tmp_path: Path) -> None:
    assert problems_of(tmp_path, FIVE_MISTAKES) == [
        "2: shop.platform: input should be 'taobao', 'tmall', 'pdd', 'douyin' or 'jd', got 'taobo'",
        "5: shop.shipping.cutof: is not a known setting; did you mean 'cutoff'?",
        "7: shop.instalment.providers[0]: interest_free names periods that periods does not offer: [12]",
        "13: conversation.merge_window: input should be greater than or equal to 0, got -1",
        "15: serverr: is not a known setting; did you mean 'server'?",
    ]


def test_sections_without_a_mistake_hold_beside_others_with_one(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[shop]\nplatform = 'ebay'\n[folders]\nplugins = 'mine'\n[channels.htp]\n", encoding="utf-8")
    settings, problems = parse(read(path))
    assert len(problems) == 1
    assert (settings.folders.plugins, settings.channels) == (Path("mine"), {"htp": {}})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[shop.hours]\nopen = 9\n", "2: shop.hours.open: write a time of day in the shop's time zone"),
        ("[shop.shipping]\ncutoff = '4pm'\n", "2: shop.shipping.cutoff: input should be in a valid time format"),
        ("[shop.shipping]\ncutoff = '16:00Z'\n", "2: shop.shipping.cutoff: write a time of day in the shop's"),
        ("[shop.shipping]\nwithin_hours = 0\n", "2: shop.shipping.within_hours: input should be greater than or equal"),
        ("[[shop.shipping.presale]]\nkeywords = ['礼盒']\n", "1: shop.shipping.presale[0].ships_on: is required"),
        (
            "[[shop.shipping.presale]]\nkeywords = ['礼盒', '']\nships_on = 2027-01-10\n",
            "2: shop.shipping.presale[0].keywords[1]",
        ),
        ("[shop.delivery]\ndays = '5-3'\n", "2: shop.delivery.days: the first number is larger than the second"),
        ("[shop.freight]\nfee = -1\n", "2: shop.freight.fee: input should be greater than or equal to 0"),
        ("[shop.freight]\nfee = nan\n", "2: shop.freight.fee: input should be a finite number"),
        (
            "[shop.instalment]\nexcluded = ['聚划算', ' ']\n",
            "2: shop.instalment.excluded[1]: string should have at least",
        ),
        ("[shop.returns]\ndays = 6\n", "2: shop.returns.days: input should be greater than or equal to 7"),
        ("[shop.bargain]\nlimit_percent = 80\n", "2: shop.bargain.limit_percent: input should be less than or equal"),
        ("[shop]\ntimezone = 'Asia/Shangai'\n", "2: shop.timezone: is no known time zone; write one such as"),
        ("[shop]\ntimezone = 'Asia'\n", "2: shop.timezone: is no known time zone"),
        ("[shop]\nid = 'my shop'\n", "2: shop.id: string should match pattern"),
        ("[understanding]\nthreshold = 1.5\n", "2: understanding.threshold: input should be less than or equal to 1"),
        (
            "[conversation]\ntakeover_minutes = inf\n",
            "2: conversation.takeover_minutes: input should be a finite number",
        ),
        ("[limits]\ninbox = 'many'\n", "2: limits.inbox: input should be a valid integer"),
        ("[server]\nport = 80800\n", "2: server.port: input should be less than or equal to 65535, got 80800"),
        ("[store]\npath = 5\n", "2: store.path: input is not a valid path"),
        ("[folders]\nplugin = 'x'\n", "2: folders.plugin: is not a known setting; did you mean 'plugins'?"),
        ("channels = 5\n", "1: channels: input should be a valid dictionary, got 5"),
        ("[plugins]\ninvoice = true\n", "2: plugins.invoice: input should be a valid dictionary"),
    ],
)
def test_each_mistake_is_told_where_it_stands(tmp_path: Path, text: str, told: str) -> None:
    (problem,) = problems_of(tmp_path, text)
    assert problem.startswith(told), problem


def test_an_explicit_zero_is_zero_and_left_out_is_not_said() -> None:
    shop = Shop.model_validate({"freight": {"free_over": 0}, "bargain": {"rounds": 0}, "invoice": {"within_days": 0}})
    assert [shop.freight.free_over, shop.bargain.rounds, shop.invoice.within_days] == [Decimal(0), 0, 0]
    assert (shop.freight.fee, shop.shipping.cutoff, shop.cod.accepted) == (None, None, None)


def test_blanks_are_no_fact() -> None:
    assert Shop.model_validate({"gifts": {"text": "  "}}).gifts.text == ""


# A channel's own ---------------------------------------------------------------------------------------------------


def test_what_a_channel_says_holds_there_and_the_rest_is_the_shops(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        "[conversation]\nmerge_window = 2\ntyping = 5\n[conversation.channels.webchat]\ntyping = 0\nmode = 'assist'\n",
        encoding="utf-8",
    )
    talk = load(path).conversation
    webchat, other = talk.on("webchat"), talk.on("http")
    assert (webchat.merge_window, webchat.typing, webchat.mode) == (2, 0, Mode.ASSIST)
    assert (other.merge_window, other.typing, other.mode) == (2, 5, Mode.AUTO)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("typign = 1", "2: conversation.channels.webchat.typign: is not a known setting; did you mean 'typing'?"),
        ("merge_cap = 9", "1: conversation: merge_cap (9) must be below first_reply_within (8) on channel webchat"),
        ("mode = 'of'", "2: conversation.channels.webchat.mode: input should be 'auto', 'assist', 'night' or 'off'"),
    ],
)
def test_a_mistake_in_it_is_told_where_it_stands(tmp_path: Path, text: str, told: str) -> None:
    (problem,) = problems_of(tmp_path, f"[conversation.channels.webchat]\n{text}\n")
    assert problem.startswith(told), problem


# Secrets -----------------------------------------------------------------------------------------------------------


def test_a_secret_never_stands_in_the_file_and_is_not_repeated_by_the_check(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[channels.http]\nenabled = true\nsecret = 'whsec_c2VjcmV0'\n", encoding="utf-8")
    file = read(path)
    with pytest.raises(ValidationError) as caught:
        HttpSettings.model_validate(file.data["channels"]["http"])
    (problem,) = file.problems(caught.value, HttpSettings, ("channels", "http"))
    assert problem.line == 3
    assert problem.message == (
        'a secret never stands in the TOML; write { env = "NAME" } or { file = "var/name.secret" }'
    )


@pytest.mark.parametrize("given", [{}, {"env": "A", "file": "b"}])
def test_a_secret_has_one_home(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="give either env or file"):
        Secret.model_validate(given)


def test_a_secret_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = Secret(env="A_SHOP_SECRET")
    monkeypatch.setenv("A_SHOP_SECRET", " whsec_c2VjcmV0\n")
    assert secret.read(tmp_path) == "whsec_c2VjcmV0"
    monkeypatch.delenv("A_SHOP_SECRET")
    with pytest.raises(ValueError, match="environment variable A_SHOP_SECRET is not set"):
        secret.read(tmp_path)


def test_a_secret_file_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    secret = Secret(file=Path("var/http.secret"))
    first = secret.read(tmp_path)
    assert first.startswith("whsec_")
    assert secret.read(tmp_path) == first != Secret(file=Path("var/other.secret")).read(tmp_path)
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / "var/http.secret").stat().st_mode) == 0o600


def test_an_empty_secret_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.secret").write_text("\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"a\.secret is empty; delete it"):
        Secret(file=Path("a.secret")).read(tmp_path)


# The example -------------------------------------------------------------------------------------------------------


def models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in models_in(part)]


def settings_of(model: type[BaseModel], under: str = "") -> set[str]:
    """Every setting there is, dotted; sections stand for what they hold."""
    found: set[str] = set()
    for name, field in model.model_fields.items():
        inner = models_in(field.annotation)
        nested = inner and inner[0] is not Secret
        each = ".webchat" if get_origin(field.annotation) is dict else ""  # the name that the example uses
        found |= settings_of(inner[0], f"{under}{name}{each}.") if nested else {under + name}
    return found


def example_keys() -> set[str]:
    """Every key that the example shows, set or commented out, dotted."""
    section, keys = "", set()
    for line in shipped("config.example.toml").read_text(encoding="utf-8").splitlines():
        words = line.removeprefix("# ").split("#")[0].strip()
        if words.startswith("["):
            section = words.strip("[]") + "."
        elif (name := words.partition("=")[0].strip()).isidentifier() and "=" in words:
            keys.add(section + name)
    return keys


def test_the_example_shows_every_setting_and_no_other() -> None:
    channels: dict[str, type[BaseModel]] = {
        "http": HttpSettings,
        "webchat": WebchatSettings,
        "websocket": WebsocketSettings,
    }
    known = settings_of(Settings) - {"channels", "plugins", "notify", "records"}
    for kind in ("orders", "products"):
        known |= {f"records.{kind}.source", f"records.{kind}.files"}
    known |= {f"records.products.{name}" for name in ("sizes", "faq")}
    known |= settings_of(WebhookSettings, "notify.webhook.")
    for name, model in channels.items():
        known |= settings_of(model, f"channels.{name}.")
    for plugin in load_plugins(None, [], installed=False).handlers.values():
        known |= settings_of(plugin.settings, f"plugins.{plugin.section}.") if plugin.settings is not None else set()
    assert example_keys() == known


def test_the_example_is_sound() -> None:
    settings = load(shipped("config.example.toml"))
    assert settings.shop.bargain.limit_percent == 0


def test_load_tells_all_problems(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(FIVE_MISTAKES, encoding="utf-8")
    with pytest.raises(ProblemsFound) as caught:
        load(path)
    assert len(caught.value.problems) == 5


def test_every_setting_is_described() -> None:
    """Its description is what editors show and the reference is made from."""

    def undescribed(model: type[BaseModel], under: str = "") -> list[str]:
        found: list[str] = []
        for name, field in model.model_fields.items():
            inner = models_in(field.annotation)
            found += undescribed(inner[0], f"{under}{name}.") if inner else [] if field.description else [under + name]
        return found

    assert undescribed(Settings) == []
