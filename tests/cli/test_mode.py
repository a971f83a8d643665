"""``autoreply mode``: switched in the journal, shown with where it comes from."""

import json
from pathlib import Path
from typing import Any

import pytest

from autoreply.journal import Store, people
from autoreply.model import ConversationKey, Mode

from .conftest import Call

SETTINGS = """
[store]
path = "journal.db"
[conversation]
mode = "night"
[conversation.channels.http]
mode = "assist"
[channels.http]
[channels.webchat]
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(SETTINGS, encoding="utf-8")
    Store(tmp_path / "journal.db").close()
    return path


def shown(invoke: Call, config: Path) -> dict[str, tuple[Any, ...]]:
    rows = json.loads(invoke("mode", "show", "--json", "--config", config).out)
    return {r["channel"]: (r["mode"], r["because"]) for r in rows}


def in_journal(config: Path, channel: str) -> Mode:
    store = Store(config.parent / "journal.db")
    try:
        return people.standing(store, ConversationKey(channel, "main", "c"), 0.0).mode
    finally:
        store.close()


def test_what_the_settings_say_is_shown(invoke: Call, config: Path) -> None:
    settings = "as in the settings"
    assert shown(invoke, config) == {
        "": ("night", settings),
        "http": ("assist", settings),
        "webchat": ("night", settings),
    }
    ran = invoke("mode", "show", "--config", config)
    assert (ran.code, "(shop)" in ran.out, "assist" in ran.out) == (0, True, True)


def test_the_shop_is_switched_with_all_its_channels_and_back(invoke: Call, config: Path) -> None:
    assert invoke("mode", "set", "off", "--config", config).out == "the shop: off\n"
    assert set(shown(invoke, config).values()) == {("off", "switched for the shop")}
    assert in_journal(config, "http") is Mode.OFF
    assert invoke("mode", "reset", "--config", config).out == "the shop: night, as in the settings\n"
    assert shown(invoke, config)["http"] == ("assist", "as in the settings")


def test_one_channel_is_switched(invoke: Call, config: Path) -> None:
    invoke("mode", "set", "auto", "--channel", "webchat", "--config", config)
    assert shown(invoke, config)["webchat"] == ("auto", "switched for webchat")
    assert shown(invoke, config)[""] == ("night", "as in the settings")
    assert invoke("mode", "reset", "--channel", "webchat", "--config", config).out == (
        "webchat: night, as in the settings\n"
    )


def test_a_mode_or_a_channel_that_is_none(invoke: Call, config: Path) -> None:
    assert invoke("mode", "set", "asist", "--config", config).code == 2
    ran = invoke("mode", "set", "off", "--channel", "webchaat", "--config", config)
    assert (ran.code, ran.err) == (1, "no channel 'webchaat' in the settings; did you mean 'webchat'?\n")
