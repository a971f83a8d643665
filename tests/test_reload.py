"""Changed files while the shop runs: taken up as one, or nothing changes."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog
from small_shop import write_small_shop

from autoreply.app import App, load_app
from autoreply.reload import Reloader

PLUGIN = """
from autoreply import Context, Outcome, RegisterHandler, hookimpl

@hookimpl
def register_handlers(register: RegisterHandler) -> None:
    register("invoice", answer)

async def answer(ctx: Context[None]) -> Outcome:
    return ctx.reply("invoice.default")
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "reload-cache"))


def watched(config: Path) -> tuple[Reloader, list[App], asyncio.Event]:
    adopted: list[App] = []
    done = asyncio.Event()

    async def adopt(app: App) -> None:
        adopted.append(app)
        done.set()

    return Reloader(load_app(config), adopt), adopted, done


def change(config: Path) -> None:
    """Another text, a plugin more, another setting."""
    intents = config.parent / "intents" / "invoice.toml"
    intents.write_text(intents.read_text("utf-8").replace("可以开发票。", "可以开电子发票。"), "utf-8")
    (config.parent / "plugins").mkdir(exist_ok=True)
    (config.parent / "plugins" / "invoices.py").write_text(PLUGIN, "utf-8")
    config.write_text(config.read_text("utf-8") + "\n[limits]\nplugin_timeout = 2.5\n", "utf-8")


@contextmanager
def holding(path: Path, content: str) -> Iterator[None]:
    """The file holds something else for a while, or is there only that long."""
    kept = path.read_text("utf-8") if path.exists() else None
    path.parent.mkdir(exist_ok=True)
    path.write_text(content, "utf-8")
    try:
        yield
    finally:
        if kept is None:
            path.unlink()
        else:
            path.write_text(kept, "utf-8")


def text_of(path: Path) -> str:
    return path.read_text("utf-8")


def texts(app: App) -> str:
    return app.brain.texts.fill("invoice.default", app.brain.shop).text


async def test_a_changed_text_a_new_plugin_and_a_new_setting_are_taken_up_together(shop: Path) -> None:
    reloader, adopted, done = watched(shop)
    running = asyncio.create_task(reloader.run())
    change(shop)
    async with asyncio.timeout(60):
        await done.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    app = adopted[0]
    assert (texts(app), app.brain.plugin_timeout) == ("可以开电子发票。", 2.5)
    assert app.brain.handlers["invoice"].plugin == "shop/invoices"


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("intents/courier.toml", 'slug = "courier"\nexamples = [', "courier.toml:"),
        ("plugins/broken.py", "import no_such_module_anywhere", "broken.py:1"),
        ("rulebooks/own.toml", "[[rules]]\nidd = 1", "own.toml:"),
    ],
)
async def test_something_wrong_changes_nothing_and_is_named(shop: Path, file: str, content: str, told: str) -> None:
    reloader, adopted, _ = watched(shop)
    before = reloader.app
    with holding(shop.parent / file, content), structlog.testing.capture_logs() as logs:
        assert not await reloader.reload()
    assert adopted == []
    assert reloader.app is before
    assert any(told in str(entry.get("problem")) for entry in logs)


async def test_what_only_a_start_takes_up_is_named(shop: Path) -> None:
    reloader, adopted, _ = watched(shop)
    written = text_of(shop) + "\n[server]\nport = 9099\n"
    with holding(shop, written), structlog.testing.capture_logs() as logs:
        assert await reloader.reload()
    assert [entry["sections"] for entry in logs if "sections" in entry] == [["server"]]
    assert adopted
