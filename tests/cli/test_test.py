"""``autoreply test``: conversations in files."""

import json
from pathlib import Path

import pytest

from autoreply.testing.files import Conversation, Later, Said

from .conftest import Call

TALKS = """
- name: 发票
  talk:
    - buyer: 能开发票吗
      intent: invoice
      replies: invoice.available
      passes_gate: true
    - later: 5
    - buyer: 转人工
      hands_over: ""
- name: 大象
  talk:
    - buyer: [能开发票吗, 电子的]
      intent: invoice
    - buyer: 能开发票吗
      intent: invoice
      says: 大象
"""


@pytest.fixture
def talks(tmp_path: Path) -> Path:
    path = tmp_path / "talks.yaml"
    path.write_text(TALKS, encoding="utf-8")
    return path


def test_what_does_not_hold_is_told_with_file_turn_and_trace(invoke: Call, talks: Path) -> None:
    ran = invoke("test", talks)
    assert ran.code == 1
    assert ran.out.startswith(f"{talks}: 大象, turn 2\nthe buyer does not read '大象'\n")
    assert "  understand: " in ran.out
    assert ran.out.endswith("2 conversations, 1 not as written\n")


def test_verbose_shows_what_was_said(invoke: Call, talks: Path) -> None:
    out = invoke("test", "--verbose", talks).out
    assert "买家 能开发票吗 / 电子的\n店铺 " in out


def test_as_json(invoke: Call, talks: Path) -> None:
    ran = invoke("test", "--json", talks)
    told = json.loads(ran.out)
    assert [(t["name"], t["ok"], t["turn"]) for t in told] == [("发票", True, 0), ("大象", False, 2)]


def test_a_mistake_in_a_file_stops_before_anything_is_held(invoke: Call, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("- name: a\n  talk: [{buyr: 在吗}]\n", encoding="utf-8")
    ran = invoke("test", tmp_path / "bad.yaml")
    assert ran.code == 1
    assert f"{tmp_path / 'bad.yaml'}:1: talk.0.buyer: Field required" in ran.err


def test_the_schema_describes_every_field_that_is_read(invoke: Call) -> None:
    given = json.loads(invoke("test", "--schema").out)
    for model in (Conversation, Said, Later):
        properties = given["$defs"][model.__name__]["properties"]
        assert list(properties) == list(model.model_fields)
        assert all(p.get("description") for p in properties.values())
    assert given["$defs"]["Said"]["properties"]["says"]["anyOf"][0] == {"type": "string"}
