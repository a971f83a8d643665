"""The examples in docs/channels.md run as they stand there, but for the port and the message."""

import asyncio
import importlib.util
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer, unused_port

from autoreply.channels import base, wire
from autoreply.channels.base import ChannelHome
from autoreply.plugins import load_plugins
from autoreply.tomlfile import Problem

from .conftest import SECRET, Running, Start, buyer_key

DOCS = (Path(__file__).resolve().parents[2] / "docs" / "channels.md").read_text(encoding="utf-8")


def example(heading: str, language: str) -> str:
    """The one block of a language under a heading."""
    section = DOCS.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    (block,) = re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)
    return str(block)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A shop's folder with the secrets where the examples look for them."""
    (tmp_path / "var").mkdir()
    for channel in ("http", "websocket"):
        (tmp_path / "var" / f"{channel}.secret").write_text(SECRET + "\n")
    return tmp_path


async def run(folder: Path, *command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    async with asyncio.timeout(30):
        out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()
    return out.decode()


async def wait_until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - other people's code has no event for it
            await asyncio.sleep(0.01)


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="needs curl and openssl")
async def test_curl(shop: Running, folder: Path) -> None:
    script = example("HTTP with curl", "bash").replace("http://127.0.0.1:8080", shop.url)
    out = await run(folder, "bash", "-euc", script)
    assert '{"seq":1,"duplicate":false}' in out
    assert '"text":"收到：请问这款现在有货吗"' in out
    assert '{"acked":1}' in out


async def test_python_over_http(shop: Running, folder: Path) -> None:
    script = example("HTTP with Python", "python").replace("http://127.0.0.1:8080", shop.url)
    out = await run(folder, sys.executable, "-X", "utf8", "-c", script)
    assert "c-2002 收到：请问这款现在有货吗" in out
    (reply,) = await shop.host.offered("http", 0, 10)
    assert await shop.host.state_of(reply.key) == "sent"


async def test_python_over_websocket(shop: Running, folder: Path) -> None:
    script = example("WebSocket", "python").replace("http://127.0.0.1:8080", shop.url)
    out = await run(folder, sys.executable, "-X", "utf8", "-c", script)
    assert "收到：请问这款现在有货吗" in out
    assert "'type': 'acked', 'keys': 1" in out


async def test_a_receiver_of_callbacks(
    start: Start, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    path = folder / "receiver.py"
    path.write_text(example("Callback", "python"), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("receiver", path)
    assert spec is not None
    assert spec.loader is not None
    receiver = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(receiver)
    server = TestServer(receiver.app, port=unused_port())
    await server.start_server()
    try:
        shop = await start(callback_url=str(server.make_url("/replies")))
        await shop.host.say(buyer_key("http", conversation="c-1"), "您好")
        await wait_until(lambda: bool(receiver.delivered))
        async with shop.client.post(server.make_url("/replies"), data="{}") as response:
            assert response.status == 401
    finally:
        await server.close()
    assert capsys.readouterr().out == "c-1 您好\n"


async def test_a_channel_of_ones_own(shop: Running, folder: Path) -> None:
    (folder / "plugins").mkdir()
    (folder / "plugins" / "folder.py").write_text(example("A channel of your own", "python"), encoding="utf-8")
    problems: list[Problem] = []
    registered = load_plugins(folder / "plugins", problems, installed=False).channels["folder"]
    assert problems == []
    assert registered.settings is not None
    channel: base.Channel = registered.target(registered.settings(), ChannelHome("folder", folder))
    shop.channels["folder"] = channel
    await channel.start(shop.host)
    await channel.received("c-1", "m-1", "在吗")  # type: ignore[attr-defined]
    await wait_until(lambda: len(list((folder / "answers").iterdir())) > 0)
    assert (folder / "answers" / "c-1.txt").read_text(encoding="utf-8") == "收到：在吗\n"


@pytest.mark.parametrize("shape", [wire.Incoming, wire.Outgoing, wire.RepliesQuery, wire.SocketQuery])
def test_every_field_is_described(shape: type[wire.Shape]) -> None:
    for name in shape.model_fields:
        assert re.search(rf"[`\"?&]{name}\b", DOCS), name
