"""Settings: one TOML file → validated, frozen data, or every problem at once with file and line."""

import os
import secrets
from base64 import b64encode
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from autoreply.facts import Shop
from autoreply.model import Mode
from autoreply.tomlfile import Problem, ProblemsFound, TomlFile, read


class Section(BaseModel):
    """Base of every settings section, plugins' and channels' too: frozen, an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Secret(Section):
    """Where a secret is kept: an environment variable, or a file that is made with a fresh one when missing."""

    env: str | None = Field(None, min_length=1, description="name of the environment variable that holds it")
    file: Path | None = Field(None, description="file that holds it; relative to the settings file")

    @model_validator(mode="before")
    @classmethod
    def _not_inline(cls, value: Any) -> Any:
        if isinstance(value, str):
            message = 'a secret never stands in the TOML; write { env = "NAME" } or { file = "var/name.secret" }'
            raise PydanticCustomError("secret", "{message}", {"message": message})
        return value

    @model_validator(mode="after")
    def _one_of(self) -> "Secret":
        if (self.env is None) == (self.file is None):
            raise ValueError("give either env or file")
        return self

    def read(self, base: Path) -> str:
        """The secret, ``whsec_`` and base64 as Standard Webhooks wants it.

        Raises:
            ValueError: the environment variable is not set, or the file is empty.
        """
        if self.env is not None:
            if not (value := os.environ.get(self.env, "").strip()):
                raise ValueError(f"environment variable {self.env} is not set")
            return value
        path = base / self.file if self.file else base
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = "whsec_" + b64encode(secrets.token_bytes(32)).decode()
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(fresh + "\n")
        if not (value := path.read_text(encoding="utf-8").strip()):
            raise ValueError(f"secret file {path} is empty; delete it to have a fresh secret made")
        return value


class Understanding(Section):
    """``[understanding]``: how sure is sure enough. Left out, the shipped, measured numbers hold."""

    threshold: float | None = Field(None, gt=0, le=1, description="an intent below this confidence is not answered")
    margin: float | None = Field(None, ge=0, le=1, description="least distance to the second-best intent")
    semantic: bool | None = Field(None, description="use the sentence encoder; left out: where it is installed")


class Pace(Section):
    """What may be set for each channel apart, under ``[conversation.channels.<name>]``; left out: as for the shop."""

    merge_window: float | None = Field(None, ge=0, le=30, description="lines this close together are one turn")
    merge_cap: float | None = Field(None, ge=0, le=60, description="a turn is answered so long after its first line")
    first_reply_within: float | None = Field(None, gt=0, le=60, description="then a holding line goes out first")
    typing: float | None = Field(
        None, ge=0, le=1000, description="characters a second the bot seems to type; 0: at once"
    )
    takeover_minutes: float | None = Field(None, gt=0, description="silence after an agent's last message")
    mode: Mode | None = Field(None, description="auto, assist, night or off")


class Conversation(Section):
    """``[conversation]``: whose turn it is. Times in seconds unless named otherwise."""

    merge_window: float = Field(1.5, ge=0, le=30, description="lines this close together are one turn")
    merge_cap: float = Field(6.0, ge=0, le=60, description="a turn is answered this long after its first line at most")
    first_reply_within: float = Field(8.0, gt=0, le=60, description="then a holding line goes out before the answer")
    typing: float = Field(0.0, ge=0, le=1000, description="characters a second the bot seems to type; 0: at once")
    takeover_minutes: float = Field(30.0, gt=0, description="silence after an agent's last message")
    mode: Mode = Field(Mode.AUTO, description="auto, assist, night or off; `autoreply mode` switches it at run time")
    channels: dict[str, Pace] = Field(default_factory=dict, description="what differs on a channel")

    @model_validator(mode="after")
    def _in_time(self) -> "Conversation":
        for name in (None, *self.channels):
            times = self.on(name) if name else self
            if times.merge_cap >= times.first_reply_within:
                raise ValueError(
                    f"merge_cap ({times.merge_cap:g}) must be below first_reply_within ({times.first_reply_within:g})"
                    f"{f' on channel {name}' if name else ''}, or the first reply comes too late"
                )
        return self

    def on(self, channel: str) -> "Conversation":
        """What holds on a channel."""
        own = self.channels.get(channel)
        return self if own is None else self.model_copy(update=own.model_dump(exclude_none=True) | {"channels": {}})


class Handoff(Section):
    """``[handoff]``: the queue for people."""

    raise_after: float = Field(3.0, gt=0, description="staffed minutes without a person's word until people are told")


class Limits(Section):
    """``[limits]``: where the framework pushes back."""

    inbox: int = Field(10_000, ge=1, description="messages waiting at most; above, channels answer 429")
    text_length: int = Field(2_000, ge=100, le=20_000, description="characters of one message that are read")
    parallel_turns: int = Field(200, ge=1, description="turns worked on at the same time")
    plugin_timeout: float = Field(5.0, gt=0, description="seconds a plugin may take for an answer")
    send_attempts: int = Field(8, ge=1, description="tries to deliver a reply before a person is told")
    stop_within: float = Field(10.0, gt=0, description="seconds to finish work in flight on stop")
    buyer_per_minute: int = Field(30, ge=1, description="messages of one buyer; above, one answer and a person")
    channel_per_minute: int = Field(300_000, ge=1, description="messages on one channel; above, it answers 429")
    shop_per_minute: int = Field(300_000, ge=1, description="messages on all channels; above, they answer 429")


class Store(Section):
    """``[store]``: the journal."""

    path: Path = Field(Path("var/autoreply.db"), description="SQLite file, relative to the settings file")
    # Six months is what the Cybersecurity Law asks of network logs at least; the Personal Information Protection Law
    # (article 19) wants no more kept than is needed.
    keep_days: int = Field(190, ge=1, le=3650, description="messages, replies and traces older than this are deleted")


class Server(Section):
    """``[server]``: the one HTTP server that all web channels share."""

    host: str = Field("127.0.0.1", description="address to listen on; 127.0.0.1: this machine alone")
    port: int = Field(8080, ge=0, le=65535, description="port to listen on; 0: any free one")
    metrics: bool = Field(False, description="figures for Prometheus under /metrics; never open it to the internet")


class Folders(Section):
    """``[folders]``: a shop's own intents, plugins and rules, relative to the settings file; missing ones are fine."""

    intents: Path = Field(Path("intents"), description="TOML files of intents and texts")
    plugins: Path = Field(Path("plugins"), description="Python files of plugins")
    rulebooks: Path = Field(Path("rulebooks"), description="TOML files of rules for the gate")
    watch: bool = Field(True, description="take up changed settings, intents, rules and plugins while running")


class Settings(Section):
    """The whole file. ``channels`` and ``plugins`` are validated by whoever registered them."""

    shop: Shop = Shop()
    understanding: Understanding = Understanding()
    conversation: Conversation = Conversation()
    limits: Limits = Limits()
    handoff: Handoff = Handoff()
    store: Store = Store()
    server: Server = Server()
    folders: Folders = Folders()
    channels: dict[str, dict[str, Any]] = Field(default_factory=dict, description="one section for each channel")
    plugins: dict[str, dict[str, Any]] = Field(default_factory=dict, description="one section for each plugin")
    notify: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="one section for each way to tell people"
    )
    records: dict[Literal["orders", "products"], dict[str, Any]] = Field(
        default_factory=dict, description="where orders and products are looked up"
    )


def parse(file: TomlFile) -> tuple[Settings, list[Problem]]:
    """Settings of a read file and the problems found; sections that hold a problem are taken for left out."""
    try:
        return Settings.model_validate(file.data), []
    except ValidationError as e:
        wrong = {error["loc"][0] for error in e.errors()}
        sound = {name: section for name, section in file.data.items() if name not in wrong}
        return Settings.model_validate(sound), file.problems(e, Settings)


def load(path: Path) -> Settings:
    """Settings of the file at ``path``.

    Raises:
        ProblemsFound: with every problem of the file.
    """
    settings, problems = parse(read(path))
    if problems:
        raise ProblemsFound(problems)
    return settings
