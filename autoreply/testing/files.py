"""Conversations in files, for operators and CI: YAML or one JSON object a line, run by ``autoreply test FILE``.

- name: 发票
  at: 2026-03-11 10:00
  talk:
    - buyer: 能开票吗
      replies: invoice.available
      passes_gate: true
    - later: 10          # minutes
    - buyer: [转人工, 快点]
      hands_over: ""
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from autoreply.app import App
from autoreply.testing.conversation import ORDINARY, Exchange, Mismatch, Shop
from autoreply.tomlfile import Problem, ProblemsFound


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Lines = Annotated[list[str], BeforeValidator(_listed, json_schema_input_type=str | list[str])]
Nonempty = Annotated[Lines, Field(min_length=1)]


def _moment(value: str) -> str:
    datetime.fromisoformat(value)
    return value


Moment = Annotated[str, BeforeValidator(lambda v: str(v)), AfterValidator(_moment)]


class Said(BaseModel):
    """One turn of the buyer's, and what must come of it."""

    model_config = ConfigDict(extra="forbid")

    buyer: Nonempty = Field(description="what the buyer writes: one line, or a list of lines sent as one turn")
    picture: bool = Field(False, description="the buyer sends a picture along")
    intent: Lines | None = Field(None, description="taken for what the buyer means, whatever the matcher makes of it")
    means: Lines | None = Field(None, description="these intents are answered, and no others")
    replies: Lines = Field([], description="keys of texts that are said, such as invoice.available")
    says: Lines = Field([], description="words that the buyer reads")
    never_says: Lines = Field([], description="words that the buyer does not read")
    asks: str | None = Field(None, description="the buyer is asked for this slot; empty: for anything")
    hands_over: str | None = Field(None, description="a person gets it, for a reason that holds this; empty: any")
    answers: Literal[True] | None = Field(None, description="an answer, without a person and without a question back")
    silent: Literal[True] | None = Field(None, description="nothing is said, knowingly")
    passes_gate: Literal[True] | None = Field(None, description="the gate had nothing to stop or to change")

    def exchange(self, shop: Shop) -> Exchange:
        """The turn with all that is expected of it."""
        wanted = shop.buyer(*self.buyer, intent=self.intent, picture=self.picture)
        wanted = wanted.replies(*self.replies).says(*self.says).never_says(*self.never_says)
        if self.means is not None:
            wanted = wanted.means(*self.means)
        if self.asks is not None:
            wanted = wanted.asks(self.asks or None)
        if self.hands_over is not None:
            wanted = wanted.hands_over(self.hands_over)
        for asked, method in ((self.answers, wanted.answers), (self.silent, wanted.is_silent)):
            if asked:
                wanted = method()
        return wanted.passes_gate() if self.passes_gate else wanted


class Later(BaseModel):
    """Time passes."""

    model_config = ConfigDict(extra="forbid")

    later: float = Field(gt=0, description="so many minutes pass")


class Conversation(BaseModel):
    """One conversation of a file."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, description="what it is about; told where something does not hold")
    at: Moment = Field(ORDINARY.isoformat(" "), description="when it begins, shop time: 2026-11-11 20:00")
    talk: list[Said | Later] = Field(min_length=1, description="turns of the buyer, and times between them")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one conversation of a file; ``wrong`` is empty where all of it held."""

    name: str
    wrong: str = ""
    turn: int = 0


def read_conversations(path: Path) -> list[Conversation]:
    """The conversations of a ``.jsonl``, ``.yaml`` or ``.yml`` file.

    Raises:
        ProblemsFound: each problem with its line (JSONL) or conversation (YAML).
        OSError: the file cannot be read.
    """
    text = path.read_text(encoding="utf-8-sig")
    items = _lines(path, text) if path.suffix == ".jsonl" else _documents(path, text)
    conversations, problems = [], []
    for line, item in items:
        try:
            conversations.append(Conversation.model_validate(item))
        except ValidationError as e:
            for error in e.errors():
                place = ".".join(str(p) for p in error["loc"] if p not in ("Said", "Later"))
                problems.append(Problem(str(path), line, place, error["msg"].removeprefix("Value error, ")))
    if not conversations and not problems:
        problems.append(Problem(str(path), 1, "", "holds no conversation"))
    if problems:
        raise ProblemsFound(problems)
    return conversations


def _lines(path: Path, text: str) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except ValueError as e:
                raise ProblemsFound([Problem(str(path), number, "", f"is no JSON: {e}")]) from e


def _documents(path: Path, text: str) -> Iterator[tuple[int, Any]]:
    import yaml

    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.YAMLError as e:
        mark = getattr(e, "problem_mark", None)
        told = " ".join(str(getattr(e, "problem", e)).split())
        raise ProblemsFound([Problem(str(path), mark.line + 1 if mark else 1, "", f"is no YAML: {told}")]) from e
    if root is None:
        return
    if not isinstance(data, list):
        raise ProblemsFound([Problem(str(path), 1, "", "must be a list of conversations: - name: …")])
    for node, item in zip(root.value, data, strict=True):
        yield node.start_mark.line + 1, item


async def run_conversation(
    app: App, conversation: Conversation, heard: Callable[[str], None] = lambda s: None
) -> Outcome:
    """Run one conversation with a shop; ``heard`` is told each turn as a person reads it."""
    shop = Shop(app).at(conversation.at)
    turn = 0
    for step in conversation.talk:
        if isinstance(step, Later):
            shop.later(minutes=step.later)
            continue
        turn += 1
        try:
            got = await step.exchange(shop)
        except Mismatch as e:
            return Outcome(conversation.name, str(e), turn)
        heard(f"买家 {' / '.join(step.buyer)}\n店铺 {got.text or '（不回复）'}")
    return Outcome(conversation.name)


def schema() -> dict[str, Any]:
    """The JSON schema of a YAML file, as editors take it."""
    return TypeAdapter(list[Conversation]).json_schema()
