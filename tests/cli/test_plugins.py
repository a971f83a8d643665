"""``autoreply plugins``, and what ``check`` says where two plugins want one intent."""

import json
from pathlib import Path

import pytest

from .conftest import Call

PLUGIN = """
from autoreply import Context, Outcome, RegisterHandler, Section, hookimpl


class Settings(Section):
    greeting: str = "您好"


@hookimpl
def register_handlers(register: RegisterHandler) -> None:
    register("courier", answer, settings=Settings, priority={priority})


async def answer(ctx: Context[Settings]) -> Outcome:
    return ctx.reply("courier.default")
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A shop with two plugins of its own for an intent that a shipped one answers too."""
    (tmp_path / "plugins").mkdir()
    for name, priority in (("parcels", 0), ("vans", 5)):
        (tmp_path / "plugins" / f"{name}.py").write_text(PLUGIN.format(priority=priority), encoding="utf-8")
    path = tmp_path / "config.toml"
    path.write_text('[shop]\nname = "小铺"\n', encoding="utf-8")
    return path


def test_each_plugin_is_listed_with_what_it_registers_and_who_wins(invoke: Call, config: Path) -> None:
    ran = invoke("plugins", "--config", config)
    assert ran.code == 0
    (row,) = [line for line in ran.out.splitlines() if line.startswith("shop/vans")]
    assert "courier" in row
    assert "[plugins.courier] greeting" in row
    told = [line for line in ran.out.splitlines() if line.startswith("courier: ")]
    assert told == [
        "courier: shop/parcels wins over shipped/delivery",
        "courier: shop/vans wins over shop/parcels",
    ]


def test_as_json_it_holds_origin_hooks_settings_and_priority(invoke: Call, config: Path) -> None:
    told = json.loads(invoke("plugins", "--json", "--config", config).out)
    (own,) = [p for p in told["plugins"] if p["name"] == "shop/vans"]
    assert (own["origin"], own["hooks"], own["file"]) == (
        "shop",
        ["register_handlers"],
        str(config.parent / "plugins" / "vans.py"),
    )
    (handler,) = own["registered"]
    assert (handler["kind"], handler["name"], handler["line"], handler["priority"]) == ("handlers", "courier", 14, 5)
    assert (handler["section"], handler["settings"]) == ("courier", ["greeting"])
    assert {"name": "courier", "winner": "shop/vans", "beaten": "shop/parcels"} in told["beaten"]


def test_a_plugin_that_cannot_be_loaded_is_told_and_the_others_are_listed(invoke: Call, config: Path) -> None:
    (config.parent / "plugins" / "vans.py").write_text("import no_such_module_anywhere\n", encoding="utf-8")
    ran = invoke("plugins", "--config", config)
    assert ran.code == 1
    assert "vans.py:1: cannot be imported: ModuleNotFoundError" in ran.err
    assert "shop/parcels" in ran.out


def test_check_notes_who_wins_and_why(invoke: Call, config: Path) -> None:
    out = invoke("check", "--config", config).out
    folder = config.parent / "plugins"
    assert f"{folder}/vans.py:14: courier: note: shop/vans wins over shop/parcels ({folder}/parcels.py:14): " in out
    assert "it has the higher priority" in out
    assert "shop/parcels wins over shipped/delivery" in out
    assert "the shop's own wins over an installed one, that over a shipped one" in out
