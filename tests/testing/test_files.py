"""Conversations in files: read with places, run, and what does not hold is told."""

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoreply.app import App
from autoreply.testing.files import Outcome, read_conversations, run_conversation
from autoreply.tomlfile import ProblemsFound

TALK = """
- name: 发票
  at: 2026-03-11 10:00
  talk:
    - buyer: 能开发票吗
      intent: invoice
      replies: invoice.available
      passes_gate: true
    - later: 10
    - buyer: [便宜点, 可以吗]
      intent: haggling
      means: haggling
      never_says: [发票]
"""


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def problems_of(path: Path) -> list[str]:
    with pytest.raises(ProblemsFound) as found:
        read_conversations(path)
    return [str(p).replace(f"{path}:", "") for p in found.value.problems]


async def test_a_yaml_file_is_run(tmp_path: Path, app: App) -> None:
    heard: list[str] = []
    (conversation,) = read_conversations(written(tmp_path, "talk.yaml", TALK))
    assert await run_conversation(app, conversation, heard.append) == Outcome("发票")
    assert [line.split("\n")[0] for line in heard] == ["买家 能开发票吗", "买家 便宜点 / 可以吗"]


async def test_what_does_not_hold_names_the_turn(tmp_path: Path, app: App) -> None:
    wanted = {"a": "发票", "b": "大象"}
    said = {"buyer": "能开发票吗", "intent": "invoice"}
    lines = [{"name": name, "talk": [said | {"says": word}]} for name, word in wanted.items()]
    path = written(tmp_path, "talks.jsonl", "\n".join(json.dumps(line, ensure_ascii=False) for line in lines))
    good, bad = [await run_conversation(app, c) for c in read_conversations(path)]
    assert good == Outcome("a")
    assert (bad.name, bad.turn, bad.wrong.splitlines()[0]) == ("b", 1, "the buyer does not read '大象'")


def test_every_mistake_is_named_with_its_line(tmp_path: Path) -> None:
    text = '{"name": "a", "talk": [{"buyer": "在吗"}]}\n{"name": "b", "talk": [{"buyr": "在吗"}]}\n'
    told = problems_of(written(tmp_path, "talks.jsonl", text))
    assert told[0].startswith("2: talk.0.buyer")
    assert problems_of(written(tmp_path, "one.jsonl", "{\n"))[0].startswith("1: is no JSON")
    assert (
        "is no YAML: expected the node content"
        in problems_of(written(tmp_path, "one.yaml", "- name: a\n  talk: [\n"))[0]
    )
    assert problems_of(written(tmp_path, "map.yaml", "name: a\n")) == ["1: must be a list of conversations: - name: …"]
    assert problems_of(written(tmp_path, "none.yaml", "\n")) == ["1: holds no conversation"]
    assert problems_of(written(tmp_path, "when.yaml", "- name: a\n  at: 25 o'clock\n  talk: [{buyer: 在吗}]\n"))[
        0
    ].startswith("1: at: ")


@given(st.text(max_size=60))
def test_any_file_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.getbasetemp()
    for name in ("any.yaml", "any.jsonl"):
        (folder / name).write_bytes(text.encode("utf-8", "surrogatepass"))
        with contextlib.suppress(ProblemsFound, UnicodeDecodeError):
            read_conversations(folder / name)
