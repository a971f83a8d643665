"""``autoreply check``."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from autoreply.shipped import shipped

from .conftest import Call

OWN_TEXTS = """slug = "thanks"
extends = true
[answers]
wrap = [
  "可以的，备注一下就行。",
  "可以的，加我微信发地址给我。",
  "你可以备注礼品包装。",
  "满{{ shop.price_protection.days }}天内有效。",
  "{{ name }}可以备注。",
]
"""


def test_the_example_shop_is_in_order(invoke: Call) -> None:
    ran = invoke("check", "--config", shipped("config.example.toml"))
    assert ran.code == 0, ran.out
    assert "\n0 problems, " in ran.out
    assert "autoreply_shipped_plugins.invoice" in ran.out
    assert "webchat" in ran.out


def test_mistakes_of_all_files_are_told_at_once_with_their_lines(invoke: Call, tmp_path: Path) -> None:
    for name in ("intents", "plugins", "rulebooks"):
        (tmp_path / name).mkdir()
    files = {
        "config.toml": """[shop]
platfrom = "tmall"
[shop.shipping]
cutoff = "4pm"
[conversation]
merge_window = -1
""",
        "intents/wrap.toml": 'slug = "wrap"\nname = "包装"\nexample = ["能包装吗"]\n',
        "plugins/broken.py": "import autoreply\n\nautoreply.no_such_thing\n",
        "rulebooks/own.toml": '[[override]]\nid = "off-contcat"\nseverity = "warn"\n',
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    ran = invoke("check", "--config", tmp_path / "config.toml")
    assert ran.code == 1
    told = [line.removeprefix(f"{tmp_path}/") for line in ran.out.splitlines()]
    for start, part in (
        ("config.toml:2: shop.platfrom: ", "did you mean 'platform'?"),
        ("config.toml:4: shop.shipping.cutoff: ", "'4pm'"),
        ("config.toml:6: conversation.merge_window: ", "-1"),
        ("intents/wrap.toml:3: example: ", "did you mean 'examples'?"),
        ("plugins/broken.py:3: ", "no_such_thing"),
        ("rulebooks/own.toml:2: ", "did you mean 'off-contact'?"),
    ):
        assert any(line.startswith(start) and part in line for line in told), (start, told)


@pytest.fixture
def own_texts(tmp_path: Path) -> Path:
    (tmp_path / "intents").mkdir()
    (tmp_path / "intents" / "thanks.toml").write_text(OWN_TEXTS, encoding="utf-8")
    (tmp_path / "config.toml").write_text('[shop]\nname = "小铺"\n', encoding="utf-8")
    return tmp_path / "config.toml"


def test_texts_are_put_before_the_gate_with_the_line_of_each_variant(invoke: Call, own_texts: Path) -> None:
    ran = invoke("check", "--config", own_texts)
    file = own_texts.parent / "intents" / "thanks.toml"
    lines = [line.removeprefix(str(file)) for line in ran.out.splitlines() if line.startswith(str(file))]
    blocked, rewritten, missing = lines
    assert ran.code == 1
    assert blocked.startswith(":6: thanks.wrap[1]: is blocked by off-contact: “")
    assert "at stake: " in blocked
    assert rewritten.startswith(":7: thanks.wrap[2]: warning: is rewritten by style-you: “你")
    assert missing.startswith(":8: thanks.wrap[3]: note: needs shop.price_protection.days")


def test_json_holds_the_same(invoke: Call, own_texts: Path) -> None:
    ran = invoke("check", "--json", "--config", own_texts)
    report = json.loads(ran.out)
    assert (ran.code, report["ok"]) == (1, False)
    own = [p for p in report["problems"] if p["field"].startswith("thanks.wrap")]
    assert [(p["line"], p["level"]) for p in own] == [(6, "error"), (7, "warning")]
    assert report["summary"]["shop"] == "小铺"
    assert any(n["line"] == 8 for n in report["notes"])


def test_a_text_of_the_framework_is_told_where_it_stands(invoke: Call, tmp_path: Path) -> None:
    (tmp_path / "intents").mkdir()
    own = tmp_path / "intents" / "_host.toml"
    own.write_text('[answers]\nhandoff = [\n  "好的，请稍等。",\n  "加我微信联系人工。",\n]\n', encoding="utf-8")
    (tmp_path / "config.toml").write_text("", encoding="utf-8")
    ran = invoke("check", "--config", tmp_path / "config.toml")
    assert f"{own}:4: host.handoff[1]: is blocked by off-contact" in ran.out


def test_a_softened_block_is_a_warning_with_what_is_at_stake(invoke: Call, tmp_path: Path) -> None:
    (tmp_path / "rulebooks").mkdir()
    rule = '[[override]]\nid = "off-contact"\nseverity = "warn"\n'
    (tmp_path / "rulebooks" / "own.toml").write_text(rule, encoding="utf-8")
    (tmp_path / "config.toml").write_text("", encoding="utf-8")
    ran = invoke("check", "--config", tmp_path / "config.toml")
    [warning] = [line for line in ran.out.splitlines() if "own.toml:1: " in line]
    assert "warning: the block off-contact" in warning
    assert "at stake" in warning


def test_a_secret_that_the_environment_lacks_is_a_warning(
    invoke: Call, shop: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHOP_HTTP_SECRET", raising=False)
    config = shop('[channels.http]\nenabled = true\nsecret = { env = "SHOP_HTTP_SECRET" }\n')
    ran = invoke("check", "--config", config)
    assert f"{config}:3: channels.http.secret: warning: environment variable SHOP_HTTP_SECRET is not set" in ran.out
