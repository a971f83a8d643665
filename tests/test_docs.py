"""What docs/plugins.md says is so: its files make a shop that is in order, its tests pass, nothing is left out.

A block of Python, TOML or YAML begins with the name of its file. All files together are one shop.
"""

import dataclasses
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel
from small_shop import write_small_shop

import autoreply
from autoreply.app import App
from autoreply.cli import group
from autoreply.cli.reference import page
from autoreply.cli.reference_hooks import specs
from autoreply.context import Context
from autoreply.plugins import load_plugins
from autoreply.settings import Secret, Settings
from autoreply.testing.conversation import Exchange, Heard, Shop
from autoreply.testing.files import Conversation, Later, Outcome, Said, read_conversations, run_conversation

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
GUIDE = (DOCS / "plugins.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"# ([\w./]+\.(?:py|toml|yaml))\n")


def public(made: type) -> set[str]:
    """Names that a user of a class may use."""
    fields = {f.name for f in dataclasses.fields(made)} if dataclasses.is_dataclass(made) else set()
    return {name for name in {*vars(made), *fields} if not name.startswith("_")}


# What can be run ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return os.environ | {"XDG_CACHE_HOME": str(tmp_path_factory.mktemp("cache")), "PYTHONUTF8": "1"}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a shop with every file of the guide. A package's files lie beside the shop's own plugins."""
    folder = tmp_path_factory.mktemp("guide") / "shop"
    write_small_shop(folder)
    for _, text in BLOCKS:
        if (found := NAMED.match(text)) is None:
            continue
        name = re.sub(r"^src/(\w+)/__init__\.py$", r"plugins/\1.py", found[1])
        path = folder / re.sub(r"^src/\w+/", "plugins/", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text(encoding="utf-8") if name == "config.toml" else ""
        assert before or not path.exists(), f"{name} stands in the guide twice"
        path.write_text(before + "\n" + text, encoding="utf-8")
    ini = (
        "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\nautoreply_config = config.toml\n"
    )
    (folder / "pytest.ini").write_text(ini, encoding="utf-8")
    return folder


def ran(shop: Path, variables: dict[str, str], *module: str) -> str:
    command = [sys.executable, "-m", *module]
    done = subprocess.run(command, cwd=shop, env=variables, capture_output=True, timeout=300, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    return done.stdout.decode()


def test_the_shop_of_the_guide_is_in_order(shop: Path, variables: dict[str, str]) -> None:
    assert "\n0 problems, " in ran(shop, variables, "autoreply", "check")


def test_the_tests_of_the_guide_pass(shop: Path, variables: dict[str, str]) -> None:
    out = ran(shop, variables, "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "tests")
    written = len(re.findall(r"^(?:async )?def test_", "".join(t for _, t in BLOCKS), re.MULTILINE))
    assert f"{written} passed" in out


def test_the_talks_of_the_guide_go_as_written(shop: Path, variables: dict[str, str]) -> None:
    files = sorted(str(p.relative_to(shop)) for p in (shop / "talks").iterdir())
    assert "3 conversations, 0 not as written" in ran(shop, variables, "autoreply", "test", *files)


def test_the_command_of_the_guide_is_one(shop: Path, variables: dict[str, str]) -> None:
    assert "installation\n" in ran(shop, variables, "autoreply", "slugs")


def test_every_block_is_a_file_or_a_command() -> None:
    for language, text in BLOCKS:
        if language in ("python", "toml", "yaml"):
            assert NAMED.match(text), text[:60]
        else:
            assert language in ("bash", "text"), language
    commands = re.findall(
        r"^(?:\.venv/bin/)?autoreply (\w+)", "".join(t for k, t in BLOCKS if k == "bash"), re.MULTILINE
    )
    assert commands
    assert set(commands) <= set(group.COMMANDS)


def test_every_link_of_the_guide_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", GUIDE):
        file, _, heading = target.partition("#")
        path = (DOCS / file).resolve() if file else DOCS / "plugins.md"
        assert path.exists(), target
        if heading:
            headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            assert heading in {re.sub(r"[^\w -]", "", h).lower().replace(" ", "-") for h in headings}, target


# What must not be left out -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["hooks", "settings"])
def test_a_page_that_is_made_is_up_to_date(name: str) -> None:
    written = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    assert written == page(name), f"run: python -m autoreply.cli.reference {name} > docs/{name}.md"


def test_every_hook_says_what_it_is_for() -> None:
    hooks = (DOCS / "hooks.md").read_text(encoding="utf-8")
    for name, spec in specs().items():
        assert spec.__doc__, name
        assert f"\n## {name}\n" in hooks


def test_the_guide_names_all_that_a_context_has() -> None:
    assert {name for name in public(Context) if f"`ctx.{name}" not in GUIDE.replace("await ", "")} == set()


def test_the_guide_names_all_that_the_kit_has() -> None:
    kit = GUIDE.split("\n## Tests\n")[1].split("\n## ")[0]
    assert {n for n in public(Shop) - {"brain", "now", "state"} if f"hop.{n}" not in kit} == set()
    for made, left in ((Exchange, {"shop", "turn", "intents", "checks"}), (Heard, {"now"})):
        assert {name for name in public(made) - left if f"`.{name}" not in kit} == set()
    for model in (Conversation, Said, Later):
        assert {name for name in model.model_fields if f"{name}:" not in kit} == set()


def test_every_public_name_is_spoken_of() -> None:
    pages = GUIDE + (DOCS / "hooks.md").read_text(encoding="utf-8")
    assert {name for name in autoreply.__all__ if not re.search(rf"\b{name}\b", pages)} == set()


def settings_keys() -> Iterator[tuple[str, str, str | None]]:
    """Section, key and meaning of every setting; those of record sources stand in docs/records.md."""

    def inside(section: str, model: type[BaseModel]) -> Iterator[tuple[str, str, str | None]]:
        for name, field in model.model_fields.items():
            models = [m for m in _models(field.annotation) if m is not Secret]
            if not models:
                yield section, name, field.description
            for inner in models:
                yield from inside(f"{section}.{name}", inner)

    yield from inside("", Settings)
    plugins = load_plugins(None, [], installed=False)
    for room in ("channels", "handlers", "notifiers"):
        for entry in getattr(plugins, room).values():
            if entry.settings is not None:
                yield from inside(entry.section, entry.settings)


def _models(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in getattr(annotation, "__args__", ()) for model in _models(part)]


def test_every_setting_has_a_meaning_and_stands_in_the_example() -> None:
    example = (ROOT / "config.example.toml").read_text(encoding="utf-8")
    rooms = {"channels", "plugins", "notify", "records"}
    keys = [key for key in settings_keys() if key[:1] != ("",) or key[1] not in rooms]
    assert len(keys) > 80
    assert [key for *key, meaning in keys if not meaning] == []
    assert [key for *key, _ in keys if not re.search(rf"^(# ?)?{key[1]} = ", example, re.MULTILINE)] == []


def test_every_command_is_in_the_reference() -> None:
    written = (DOCS / "cli.md").read_text(encoding="utf-8")
    assert [name for name in group.COMMANDS if f"\n### autoreply {name}\n" not in written] == []


def test_the_schema_that_editors_take_is_plain_json(shop: Path, variables: dict[str, str]) -> None:
    assert json.loads(ran(shop, variables, "autoreply", "test", "--schema"))["type"] == "array"


async def test_the_talk_of_the_operators_guide_goes_as_written(app: App, tmp_path: Path) -> None:
    guide = (DOCS / "operators.zh-CN.md").read_text(encoding="utf-8")
    (talk,) = re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL)
    (tmp_path / "talk.yaml").write_text(talk, encoding="utf-8")
    (conversation,) = read_conversations(tmp_path / "talk.yaml")
    assert await run_conversation(app, conversation) == Outcome("发票")
