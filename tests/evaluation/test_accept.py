"""Lines become examples in a shop's own files, and nothing else in them changes."""

import codecs
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_shop import INTENTS

from autoreply.evaluation.accept import accept, intent_files, new_file, own_folder, with_examples
from autoreply.shipped import shipped
from autoreply.tomlfile import ProblemsFound, read
from autoreply.understanding import Catalogue, load_catalogue


def loaded(own: Path) -> Catalogue:
    return load_catalogue(intent_files(own))


@pytest.fixture(scope="module")
def shipped_catalogue() -> Catalogue:
    return load_catalogue(intent_files(shipped("intents")))


def test_a_fresh_file_extends_the_shipped_intent(tmp_path: Path, shipped_catalogue: Catalogue) -> None:
    own = tmp_path / "intents"
    done = accept({"invoice": ['票面"专用"俩字要不要紧', "能\\开么"]}, shipped_catalogue, own)
    [path] = done.written
    assert path == own / "invoice.toml"
    assert tomllib.loads(path.read_text("utf-8")) == {
        "slug": "invoice",
        "extends": True,
        "examples": ['票面"专用"俩字要不要紧', "能\\开么"],
    }
    assert loaded(own).intents["invoice"].examples == (
        *shipped_catalogue.intents["invoice"].examples,
        '票面"专用"俩字要不要紧',
        "能\\开么",
    )
    assert [p.name for p in own.iterdir()] == ["invoice.toml"]


def test_what_stands_in_the_file_is_kept(own: Path) -> None:
    accept({"invoice": ["收据给不给"]}, loaded(own), own)
    written = (own / "invoice.toml").read_text("utf-8")
    assert written.replace('  "收据给不给",\n', "", 1).split() == INTENTS["invoice"].split()
    assert "# what the bookkeeper needs" in written
    assert loaded(own).intents["invoice"].examples[0] == "收据给不给"


@pytest.mark.parametrize(
    "before",
    [
        'slug = "invoice"\nextends = true\n',
        'slug = "invoice"\nextends = true\n\n[answers]\ndefault = ["好"]\n',
        'extends = true\nexamples = ["甲乙丙"]\nslug = "invoice"',
        'slug = "invoice"\nextends = true\nexamples = []\nkeywords = ["examples = ["]\n',
        'slug = "invoice"\nextends = true\n"examples" = [ "甲乙丙",\n# and more\n"丁戊己" ] # end\n',
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_examples_are_added_however_the_file_is_written(tmp_path: Path, before: str, newline: str) -> None:
    path = tmp_path / "fapiao.toml"
    path.write_bytes(codecs.BOM_UTF8 + before.replace("\n", newline).encode())
    raw = with_examples(read(path), ["收据给不给"])
    old, new = tomllib.loads(before), tomllib.loads(raw.decode("utf-8-sig"))
    assert new == {**old, "examples": ["收据给不给", *old.get("examples", [])]}
    assert raw.startswith(codecs.BOM_UTF8)
    assert (raw.count(b"\r\n") == raw.count(b"\n")) == (newline == "\r\n")


def test_lines_that_cannot_be_examples_are_left_out_with_the_reason(own: Path) -> None:
    lines = [
        "走的哪家物流公司？",  # one of courier's, but for the mark
        "给我来张电子票",
        "要个收据吧",
        " 要个收据吧 ",
        "？？",
        "票寄到13812345678这个号",
        "票" * 401,
        "票\ud800",
    ]
    done = accept({"invoice": lines}, loaded(own), own)
    assert dict(done.skipped) == {
        "an example of courier, not invoice": 1,
        "an example of its intent already": 2,
        "no words in it": 1,
        "with a phone number, an order number, a link or the like": 1,
        "longer than 400 characters": 1,
        "not valid text": 1,
    }
    assert list(done.written.values()) == [1]


def test_accepting_again_changes_nothing(own: Path) -> None:
    accept({"courier": ["能发闪送吗"]}, loaded(own), own)
    before = (own / "courier.toml").read_bytes()
    assert accept({"courier": ["能发闪送吗"]}, loaded(own), own).written == {}
    assert (own / "courier.toml").read_bytes() == before


def test_nothing_changes_when_the_folder_does_not_load_afterwards(own: Path) -> None:
    catalogue = loaded(own)
    clash = own / "zz_new.toml"
    clash.write_text('slug = "zz_new"\nexamples = ["要个收据吧"]\n', "utf-8")  # written since the catalogue was read
    before = {p: p.read_bytes() for p in own.iterdir()}
    with pytest.raises(ProblemsFound, match="要个收据吧"):
        accept({"invoice": ["要个收据吧"], "none": ["刚到家"]}, catalogue, own)
    assert {p: p.read_bytes() for p in own.iterdir()} == before


def test_a_file_that_no_program_can_extend_is_told(own: Path) -> None:
    (own / "invoice.toml").write_text('slug = """\ninvoice"""\nkeywords = ["发票"]\n', "utf-8")
    with pytest.raises(ProblemsFound, match="no examples can be added here by program"):
        accept({"invoice": ["要个收据吧"]}, loaded(own), own)


@given(texts=st.lists(st.text(st.characters(codec="utf-8"), max_size=60), min_size=1, max_size=3))
def test_any_text_is_written_as_toml_that_says_the_same(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(new_file("invoice", texts))
    assert read(path).data == {"slug": "invoice", "extends": True, "examples": texts}
    path.write_bytes(with_examples(read(path), texts))
    assert read(path).data["examples"] == texts + texts


def test_the_shipped_intents_are_written_to_only_when_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="shipped intents"):
        own_folder(shipped("intents"))
    assert own_folder(shipped("intents"), tmp_path) == tmp_path
    assert own_folder(tmp_path) == tmp_path
