"""Every hook is called in a running shop, with a plugin loaded from disk; with tracing on, each call is told."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from small_shop import write_small_shop

from autoreply import hookspecs
from autoreply.plugins import TRACE_HOOKS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C cannot be sent to a single process on Windows")

GOOD = Path(__file__).parent / "plugins" / "good"
PROGRAM = [sys.executable, "-m", "autoreply"]
SETTINGS = """
[server]
port = 0
[conversation]
merge_window = 0.0
[channels.webchat]
enabled = true
[channels.letters]
enabled = true
[notify.bell]
enabled = true
[records.orders]
source = "one_order"
"""


def hooks() -> set[str]:
    return {name for name, value in vars(hookspecs).items() if getattr(value, "autoreply_spec", None)}


class Shop:
    """A running shop with the plugin, and what the plugin wrote down."""

    def __init__(self, config: Path, variables: dict[str, str]) -> None:
        self.folder = config.parent
        with (self.folder / "stderr.txt").open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603
                [*PROGRAM, "run", "--config", config],
                stdout=subprocess.PIPE,
                stderr=log,
                env=variables,
                cwd=self.folder,
            )

    def wait_for_start(self) -> None:
        assert self._process.stdout is not None
        welcome = ""
        while "Ctrl-C" not in welcome and (line := self._process.stdout.readline().decode()):
            welcome += line
        found = re.search(r"http://[\d.:]+\d", welcome)
        assert found, self.stderr
        self.url = found[0]

    @property
    def stderr(self) -> str:
        return (self.folder / "stderr.txt").read_text(encoding="utf-8")

    def get(self, path: str, body: str | None = None) -> str:
        request = Request(self.url + path, body.encode() if body else None)  # noqa: S310
        with urlopen(request, timeout=30) as response:  # noqa: S310
            return str(response.read().decode())

    def notes(self, what: str) -> list[dict[str, Any]]:
        lines = (self.folder / "seen.jsonl").read_text(encoding="utf-8").splitlines()
        return [
            {k: v for k, v in entry.items() if k != "what"} for entry in map(json.loads, lines) if entry["what"] == what
        ]

    def until(self, met: Callable[[], bool]) -> None:
        end = time.monotonic() + 60
        while not met():
            assert time.monotonic() < end, self.stderr
            time.sleep(0.05)

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(timeout=60)
        if self._process.stdout is not None:
            self._process.stdout.close()


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return os.environ | {"XDG_CACHE_HOME": str(tmp_path_factory.mktemp("cache")), TRACE_HOOKS: "1", "PYTHONUTF8": "1"}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, variables: dict[str, str]) -> Iterator[Shop]:
    config = write_small_shop(tmp_path_factory.mktemp("hooks") / "shop")
    config.write_text(config.read_text(encoding="utf-8") + SETTINGS, encoding="utf-8")
    plugins = config.parent / "plugins"
    shutil.copytree(GOOD / "every_hook", plugins / "every_hook")
    shutil.copy(GOOD / "every_hook.py", plugins)
    running = Shop(config, variables)
    try:
        running.wait_for_start()
        yield running
    finally:
        running.stop()


def test_the_plugin_has_every_hook_there_is() -> None:
    text = (GOOD / "every_hook.py").read_text(encoding="utf-8")
    assert set(re.findall(r"@hookimpl\n(?:async )?def (\w+)", text)) == hooks()


def test_a_message_goes_through_all_that_the_plugin_registered(shop: Shop) -> None:
    """Channel in; intent, feature, slot, handler, settings, records, rules; then channel, notifier, observer."""
    shop.get("/letters?id=m1", "大件能送上楼吗")
    shop.until(lambda: len(shop.notes("send")) == 1)
    shop.get("/letters?id=m2", "住3楼")
    shop.until(lambda: len(shop.notes("send")) == 2)
    shop.get("/letters?id=m3", "那送货上楼到18楼呢")
    shop.until(lambda: len(shop.notes("tell")) == 1)
    assert [n["text"] for n in shop.notes("send")][:2] == [
        "请问您住几楼呢？",
        "您的包裹由中通派送，上楼请与快递员确认。",
    ]
    assert "天梯" not in str(shop.notes("send"))
    assert [(n["behaviour"], n["intents"], n["rules"]) for n in shop.notes("observe")] == [
        ("ask", ["upstairs"], []),
        ("answer", ["upstairs"], []),
        ("escalate", ["upstairs"], ["no-ladder"]),
    ]
    assert shop.notes("feature") == [{}]
    assert shop.notes("tell") == [{"kind": "new", "reason": "the gate stopped an answer: no-ladder"}]


def test_its_pages_are_listed_and_shown(shop: Shop) -> None:
    listed = json.loads(shop.get("/plugins"))
    assert listed == [{"path": "/plugins/every_hook/today", "title": "Parcels upstairs"}]
    assert shop.get(listed[0]["path"]) == "three parcels today"


def test_its_command_is_one_of_the_programs(shop: Shop, variables: dict[str, str]) -> None:
    def called(*args: str) -> str:
        done = subprocess.run(  # noqa: S603
            [*PROGRAM, *args], cwd=shop.folder, env=variables, capture_output=True, check=True, timeout=120
        )
        return done.stdout.decode()

    assert called("floors") == "99 floors\n"
    assert "  floors " in called("--help")


def test_it_is_told_of_start_and_end_and_every_call_of_a_hook_is_traced(shop: Shop) -> None:
    assert shop.notes("startup") == [{"shop": "main"}]
    assert shop.notes("records open") == [{}]
    shop.stop()
    assert (shop.notes("shutdown"), shop.notes("records close"), shop.notes("bell close")) == ([{}], [{}], [{}])
    traced = {
        line.split()[1] for line in shop.stderr.splitlines() if line.startswith("hook ") and "→ shop/every_hook" in line
    }
    assert traced == hooks()
