"""Catalogue files: what they may say, how a shop changes them, and every mistake at once."""

import pytest

from autoreply.model import Priority
from autoreply.tomlfile import ProblemsFound, TomlFile
from autoreply.understanding import Catalogue, load_catalogue
from autoreply.understanding.catalogue import EXPANSIONS, expand

from .conftest import Write

BASE = """
slug = "gift"
name = "赠品"
examples = ["买它送勺子不", "有没有小礼品"]
keywords = ["赠品"]
[answers]
default = ["甲", "乙"]
fee = ["丙"]
"""


def problems(files: list[TomlFile]) -> list[str]:
    with pytest.raises(ProblemsFound) as caught:
        load_catalogue(files)
    return [f"{p.line} {p.field}: {p.message}" for p in caught.value.problems]


def test_an_intent_as_it_stands_in_its_file(small: Catalogue) -> None:
    intent = small.intents["invoice"]
    assert intent.name == "发票"
    assert "给个电子票吧" in intent.examples
    assert "台灯可以开专票吗" in intent.expanded
    assert intent.keywords == ("发票",)
    assert intent.answers == {"default": ("可以的",)}
    assert (intent.then, intent.priority) == ("handoff", Priority.HIGH)
    assert intent.file.endswith("invoice.toml")
    assert intent.answer_lines == {"default": (15,)}


def test_every_answer_variant_has_its_line(write: Write) -> None:
    text = (
        'slug = "gift"\nexamples = ["有小礼品没"]\n[answers]\ndefault = [\n  "一",\n  "二",\n]\n"fee.none" = ["三"]\n'
    )
    intent = load_catalogue([write("gift.toml", text)]).intents["gift"]
    assert intent.answer_lines == {"default": (5, 6), "fee.none": (8,)}


def test_classes_and_host_texts_come_from_files_with_an_underscore(small: Catalogue, write: Write) -> None:
    assert small.classes["courier"] == ("顺丰", "圆通", "中通")
    host = write("_host.toml", '[answers]\n"hold.person" = ["请稍等"]\n')
    catalogue = load_catalogue([host, write("gift.toml", BASE)])
    assert catalogue.host_texts == {"hold.person": ("请稍等",)}


def test_a_shop_adds_to_an_intent(write: Write) -> None:
    shop = 'slug = "gift"\nextends = true\nexamples = ["送不送杯垫"]\n[answers]\ndefault = ["丁"]\n'
    intent = load_catalogue([write("gift.toml", BASE), write("shop/gift.toml", shop)]).intents["gift"]
    assert intent.name == "赠品"
    assert intent.examples == ("买它送勺子不", "有没有小礼品", "送不送杯垫")
    assert intent.answers == {"default": ("丁",), "fee": ("丙",)}


def test_each_answer_is_found_in_the_file_that_it_stands_in(write: Write) -> None:
    shop = 'slug = "gift"\nextends = true\n[answers]\ndefault = ["丁"]\n'
    shipped, own = write("gift.toml", BASE), write("shop/gift.toml", shop)
    intent = load_catalogue([shipped, own]).intents["gift"]
    assert intent.answer_files == {"default": str(own.path), "fee": str(shipped.path)}
    assert intent.answer_lines["default"] == (4,)
    assert intent.file == str(shipped.path)


def test_a_shop_replaces_an_intent(write: Write) -> None:
    shop = 'slug = "gift"\nexamples = ["送不送杯垫"]\n'
    intent = load_catalogue([write("gift.toml", BASE), write("shop/gift.toml", shop)]).intents["gift"]
    assert intent.examples == ("送不送杯垫",)
    assert intent.answers == {}


def test_a_shop_switches_an_intent_off(write: Write, small_files: list[TomlFile]) -> None:
    off = write("shop/courier.toml", 'slug = "courier"\nenabled = false\n')
    assert "courier" not in load_catalogue([*small_files, off]).intents


def test_the_hash_follows_what_matters_for_matching(write: Write) -> None:
    same = load_catalogue([write("a/gift.toml", BASE)]).hash
    assert load_catalogue([write("b/gift.toml", BASE.replace("丙", "戊"))]).hash == same
    assert load_catalogue([write("c/gift.toml", BASE.replace("勺子", "筷子"))]).hash != same


def test_all_problems_at_once_with_their_lines(write: Write) -> None:
    bad = write(
        "gift.toml",
        'slug = "gift"\nexample = ["送勺子不"]\ntemplates = ["(a|b", "<godos>"]\n[policy]\nthen = "shout"\n',
    )
    worse = write("stock.toml", 'slug = "Stock"\nexamples = [""]\n')
    found = "\n".join(problems([bad, worse]))
    assert "2 example: is not a known setting; did you mean 'examples'?" in found
    assert "5 policy.then" in found
    assert "1 slug" in found
    assert "2 examples[0]" in found


def test_a_template_that_cannot_be_read(write: Write) -> None:
    classes = write("_classes.toml", '[classes]\ngoods = ["台灯"]\n')
    bad = write("gift.toml", 'slug = "gift"\ntemplates = [\n  "送<godos>",\n  "(送|给",\n  "送<goods>",\n]\n')
    found = problems([classes, bad])
    assert found[0].startswith("3 templates[0]: names an unknown class <godos>; did you mean 'goods'?")
    assert found[1].startswith("4 templates[1]: has a '('")
    assert len(found) == 2


def test_an_intent_that_no_line_can_reach(write: Write) -> None:
    assert "no line can ever reach it" in problems([write("gift.toml", 'slug = "gift"\n')])[0]


def test_the_same_example_under_two_intents(write: Write) -> None:
    other = write("stock.toml", 'slug = "stock"\nexamples = ["有货没", "有没有 小礼品？"]\n')
    found = problems([write("gift.toml", BASE), other])
    assert len(found) == 1
    assert found[0].startswith("2 examples[1]")
    assert "'gift'" in found[0]
    assert "gift.toml:4" in found[0]


def test_two_files_of_one_folder_with_the_same_slug(write: Write) -> None:
    again = write("gift2.toml", 'slug = "gift"\nexamples = ["送杯垫没"]\n')
    assert "is defined in gift.toml of the same folder already" in problems([write("gift.toml", BASE), again])[0]


def test_extending_what_is_not_there(write: Write) -> None:
    lone = write("shop/gfit.toml", 'slug = "gfit"\nextends = true\nexamples = ["送杯垫没"]\n')
    assert "did you mean 'gift'?" in problems([write("gift.toml", BASE), lone])[0]


def test_templates_expand_to_every_combination() -> None:
    assert expand("(买|拍)<n>送什么", {"n": ("两件", "三件")}) == [
        "买两件送什么",
        "拍两件送什么",
        "买三件送什么",
        "拍三件送什么",
    ]
    assert expand("(|请问)送吗", {}) == ["送吗", "请问送吗"]
    assert expand("(送|给<n>)吗", {"n": ("我", "他")}) == ["送吗", "给我吗", "给他吗"]


def test_a_large_template_gives_an_even_sample_always_the_same() -> None:
    many = {"n": tuple(str(i) for i in range(1000))}
    first = expand("<n><n>件", many)
    assert len(set(first)) == len(first) == EXPANSIONS
    assert first == expand("<n><n>件", many)
