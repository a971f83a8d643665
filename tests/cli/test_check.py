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
  "可以的，加我微信详聊。",
  "你可以备注礼品包装。",
  "满{{ shop.price_protection.days }}天内有效。",
  "{{ name }}可以备注。",
]
"""


def test_the_example_shop_is_in_order(invoke: Call) -> None:
    ran = invoke("check", "--config", shipped("config.example.toml"))
    assert ran.code == 0, ran.out
    assert "\n0 problems, " in ran.out
    assert "shipped/invoice" in ran.out
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


def own_thanks(tmp_path: Path, *texts: str, shop: str = "") -> Path:
    """A shop whose own file holds these texts, from its line 5 on."""
    (tmp_path / "intents").mkdir()
    quoted = "".join(f'  "{text}",\n' for text in texts)
    source = f'slug = "thanks"\nextends = true\n[answers]\nwrap = [\n{quoted}]\n'
    (tmp_path / "intents" / "thanks.toml").write_text(source, encoding="utf-8")
    (tmp_path / "config.toml").write_text(shop, encoding="utf-8")
    return tmp_path / "config.toml"


def told(out: str, tmp_path: Path) -> list[str]:
    """What is told of the shop's own texts."""
    own = f"{tmp_path / 'intents' / 'thanks.toml'}:"
    return [line.removeprefix(own) for line in out.splitlines() if line.startswith(own)]


def test_both_sides_of_an_if_are_put_before_the_gate(invoke: Call, tmp_path: Path) -> None:
    text = "{% if shop.cod.accepted %}可以备注包装。{% else %}包装的事加我微信详聊。{% endif %}"
    config = own_thanks(tmp_path, text, shop="[shop.cod]\naccepted = true\n")
    ran = invoke("check", "--config", config)
    (line,) = told(ran.out, tmp_path)
    assert line.startswith("5: thanks.wrap[0]: warning: is blocked by off-contact with shop.cod.accepted not given: “")
    assert "; at stake: " in line
    assert "; better: " in line
    assert ran.code == 0


def test_a_block_with_the_facts_as_they_are_is_an_error_and_told_once(invoke: Call, tmp_path: Path) -> None:
    text = "包装的事加我微信详聊{% if shop.cod.accepted %}，可以的{% endif %}。"
    config = own_thanks(tmp_path, text, shop="[shop.cod]\naccepted = true\n")
    ran = invoke("check", "--config", config)
    (line,) = told(ran.out, tmp_path)
    assert line.startswith("5: thanks.wrap[0]: is blocked by off-contact: “")
    assert ran.code == 1


def test_extreme_facts_are_tried(invoke: Call, tmp_path: Path) -> None:
    text = "{% if shop.freight.free_over == 0 %}加我微信详聊{% else %}可以的{% endif %}"
    config = own_thanks(tmp_path, text, shop="[shop.freight]\nfree_over = 39\n")
    (line,) = told(invoke("check", "--config", config).out, tmp_path)
    assert "off-contact with shop.freight.free_over = 0: “" in line


def test_a_claim_is_compared_with_the_facts_it_was_filled_with(invoke: Call, tmp_path: Path) -> None:
    """Free postage from 0 yuan on, or from a hundred million: what is said is what the shop would have said then."""
    config = own_thanks(tmp_path, "满{{ shop.freight.free_over }}元包邮。", shop="[shop.freight]\nfree_over = 39\n")
    assert told(invoke("check", "--config", config).out, tmp_path) == []


def test_words_that_no_facts_lead_to_are_noted(invoke: Call, tmp_path: Path) -> None:
    config = own_thanks(tmp_path, "可以的。{% if shop.freight.free_over == 77 %}幸运数字{% endif %}")
    (line,) = told(invoke("check", "--config", config).out, tmp_path)
    assert line == "5: thanks.wrap[0]: note: no facts that were tried lead to “幸运数字”: the gate has not seen it"


def test_sarif_and_annotations_hold_rules_and_mistakes(invoke: Call, own_texts: Path) -> None:
    ran = invoke("check", "--format", "sarif", "--config", own_texts)
    run = json.loads(ran.out)["runs"][0]
    assert ran.code == 1
    found = {r["ruleId"]: r for r in run["results"]}
    assert found["off-contact"]["level"] == "error"
    place = found["off-contact"]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"].endswith("intents/thanks.toml")
    assert place["region"]["startLine"] == 6
    assert found["file"]["level"] in ("note", "warning")
    lines = invoke("check", "--format", "github", "--config", own_texts).out.splitlines()
    assert any(line.startswith("::error file=") and "line=6," in line for line in lines)


def test_a_shop_that_cannot_be_loaded_is_sarif_too(invoke: Call, shop: Callable[..., Path]) -> None:
    ran = invoke("check", "--format", "sarif", "--config", shop('[shop]\nnam = "小铺"\n'))
    (result,) = json.loads(ran.out)["runs"][0]["results"]
    assert (ran.code, result["ruleId"]) == (1, "file")
    assert result["message"]["text"].startswith("shop.nam: is not a known setting")


OWN_RULE = """[[rule]]
id = "{id}"
name = "自家规则"
name_en = "A rule of the shop"
severity = "block"
patterns = ["{pattern}"]
"""


@pytest.mark.parametrize(
    ("rules", "line", "part"),
    [
        (OWN_RULE.format(id="own-rule", pattern="送不到") + 'colour = "red"\n', 7, "is not a known setting"),
        (OWN_RULE.format(id="own-rule", pattern="<no-such-class>送"), 6, "no such word class: <no-such-class>"),
        (OWN_RULE.format(id="own-rule", pattern="(送不到"), 6, "invalid pattern '(送不到'"),
        (OWN_RULE.format(id="privacy", pattern="送不到"), 2, "the id 'privacy' is taken"),
        (
            OWN_RULE.format(id="own-rule", pattern="送不到") + '[rule.tests]\nmatch = ["能送到"]\n',
            7,
            "misses its own test",
        ),
    ],
    ids=["unknown key", "unknown class", "invalid pattern", "overlapping id", "failing test"],
)
def test_a_bad_rulebook_is_refused_with_file_and_line(
    invoke: Call, tmp_path: Path, rules: str, line: int, part: str
) -> None:
    (tmp_path / "rulebooks").mkdir()
    own = tmp_path / "rulebooks" / "own.toml"
    own.write_text(rules, encoding="utf-8")
    (tmp_path / "config.toml").write_text("", encoding="utf-8")
    ran = invoke("check", "--config", tmp_path / "config.toml")
    assert ran.code == 1
    assert any(f"own.toml:{line}: " in told and part in told for told in ran.out.splitlines()), ran.out


def test_an_expired_figure_is_a_warning_with_its_line(invoke: Call, tmp_path: Path) -> None:
    (tmp_path / "rulebooks").mkdir()
    rules = OWN_RULE.format(id="own-rule", pattern="送不到别处")
    rules += '[[rule.at_stake]]\nvalue = "3"\nunit = "points"\nsource = "notice"\nuntil = "2020-12-31"\n'
    (tmp_path / "rulebooks" / "own.toml").write_text(rules, encoding="utf-8")
    (tmp_path / "config.toml").write_text("", encoding="utf-8")
    ran = invoke("check", "--config", tmp_path / "config.toml")
    (line,) = [line for line in ran.out.splitlines() if "own.toml:7: " in line]
    assert "warning: the figure 3 points held until 2020-12-31" in line
    assert ran.code == 0


def test_places_that_no_list_knows_are_named_with_what_may_be_meant(invoke: Call, tmp_path: Path) -> None:
    """Buyers say 乌鲁木齐, and a table that has 新疆省 would not be found by it."""
    settings = """[shop.freight]
excluded = ["新疆", "内蒙", "浙江省"]
[[shop.delivery.regions]]
regions = ["崇明岛"]
days = "5-7"
"""
    (tmp_path / "config.toml").write_text(settings, encoding="utf-8")
    ran = invoke("check", "--config", tmp_path / "config.toml")
    told = [line.partition(": warning: ") for line in ran.out.splitlines() if "is in no list of places" in line]
    assert [(where.rpartition("config.toml:")[2], text.rpartition("did you mean ")[2]) for where, _, text in told] == [
        ("2: shop.freight.excluded[1]", "'内蒙古'?"),
        ("2: shop.freight.excluded[2]", "'浙江'?"),
        (
            "4: shop.delivery.regions[0].regions[0]",
            "崇明岛 is in no list of places, so only buyers who write it in these words get what stands here",
        ),
    ]
