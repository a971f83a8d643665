"""What is doubtful in a catalogue is told with its line."""

from pathlib import Path

import pytest

from autoreply.evaluation.accept import intent_files
from autoreply.evaluation.catalogue_check import CAP, matcher_doubts, near_duplicates
from autoreply.tomlfile import Problem, TomlFile
from autoreply.understanding import Catalogue, Understander, load_catalogue, train


def written(own: Path, name: str, text: str) -> tuple[Catalogue, list[TomlFile]]:
    (own / name).write_text(text, "utf-8")
    files = intent_files(own)
    return load_catalogue(files), files


def told(problems: list[Problem]) -> list[str]:
    assert {p.level for p in problems} <= {"warning"}
    return [f"{Path(p.file).name}:{p.line}: {p.message}" for p in problems]


def test_a_sound_catalogue_has_no_doubts(
    small: Catalogue, small_files: list[TomlFile], understander: Understander
) -> None:
    assert near_duplicates(small, small_files) == []
    assert matcher_doubts(small, small_files, understander) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("三楼8号柜的货怎么取", "三楼16号柜的货怎么取"),
        ("柜里的货怎么取出来", "怎么取出来，柜里的货"),
        ("下单之后多久可以看到仓库的出库信息", "下单之后多久可以看到仓库的出库信息呢"),
    ],
    ids=["another number", "another order", "one more character"],
)
def test_an_example_all_but_that_of_another_intent_is_told(own: Path, first: str, second: str) -> None:
    (own / "zz_a.toml").write_text(f'slug = "zz_a"\nexamples = [\n  "{first}",\n]\n', "utf-8")
    text = f'slug = "zz_b"\nexamples = [\n  "税务局在哪条路",\n  "{second}",\n]\n'
    assert told(near_duplicates(*written(own, "zz_b.toml", text))) == [
        f"zz_b.toml:4: {second!r} is all but an example of zz_a: {first!r} (zz_a.toml:3)"
    ]


def test_short_lines_that_hold_the_same_characters_differ(own: Path) -> None:
    (own / "zz_b.toml").write_text('slug = "zz_b"\nexamples = ["不行"]\n', "utf-8")
    assert near_duplicates(*written(own, "zz_a.toml", 'slug = "zz_a"\nexamples = ["行不"]\n')) == []


def test_many_findings_are_capped_with_their_number(own: Path) -> None:
    lines = [f"第{n}排第{n}座可以换" for n in range(CAP + 5)]
    quoted = ", ".join(f'"{line}吗"' for line in lines)
    (own / "zz_b.toml").write_text(f'slug = "zz_b"\nexamples = [{quoted}]\n', "utf-8")
    text = f'slug = "zz_a"\nexamples = ["{lines[0]}吗？"]\n'
    (own / "zz_a.toml").write_text(text.replace("第0", "第99"), "utf-8")
    files = intent_files(own)
    found = told(near_duplicates(load_catalogue(files), files))
    assert len(found) == CAP + 1
    assert found[-1].endswith("and 5 more examples that are all but those of another intent")


def test_examples_that_the_matcher_takes_for_something_else_are_told(own: Path) -> None:
    text = 'slug = "zz_count"\nname = "件数"\nexamples = [\n  "一共8只",\n]\nnegatives = ["一共八只羊"]\n'
    (own / "none.toml").write_text(
        'slug = "none"\nexamples = ["一共6只", "在地铁上", "孩子刚睡着", "西门那边", "公司报账要票据能开具"]\n', "utf-8"
    )
    catalogue, files = written(own, "zz_count.toml", text)
    found = told(matcher_doubts(catalogue, files, Understander(catalogue, weights=train(catalogue))))
    assert "zz_count.toml:4: '一共8只' is taken for none, not for zz_count" in found
    assert any(line.startswith("zz_count.toml:1: no line reaches zz_count: none of its 1 examples") for line in found)


def test_a_line_without_an_intent_that_is_answered_is_told(own: Path) -> None:
    text = 'slug = "zz_gift"\nexamples = ["满8罐给个杯子不"]\nnegatives = [\n  "满6罐给个杯子不",\n]\n'
    catalogue, files = written(own, "zz_gift.toml", text)
    found = told(matcher_doubts(catalogue, files, Understander(catalogue, threshold=0.5)))
    assert "zz_gift.toml:4: '满6罐给个杯子不' is answered as zz_gift, but stands for no intent" in found
