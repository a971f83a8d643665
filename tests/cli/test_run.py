"""``autoreply run``, in a process of its own: it starts, answers, stops, and goes on after it was killed."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from standardwebhooks import Webhook

from autoreply.app import App

from .conftest import PROGRAM, Call

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C cannot be sent to a single process on Windows")

SETTINGS = """
[store]
path = "journal.db"
[server]
port = 0
[conversation]
merge_window = {window}
[channels.webchat]
enabled = true
[channels.http]
enabled = true
secret = {{ file = "http.secret" }}
"""


@pytest.fixture
def config(app: App, tmp_path: Path) -> Path:
    """Settings on any free port; ``app`` has trained the matcher before."""
    path = tmp_path / "config.toml"
    path.write_text(SETTINGS.format(window=0.0), encoding="utf-8")
    return path


class Server:
    """A running ``autoreply run``."""

    def __init__(self, config: Path) -> None:
        self.folder = config.parent
        with (self.folder / "stderr.txt").open("ab") as log:
            self.process = subprocess.Popen([*PROGRAM, "run", "--config", config], stdout=subprocess.PIPE, stderr=log)  # noqa: S603
        assert self.process.stdout
        self.welcome = ""
        for line in iter(self.process.stdout.readline, b""):
            self.welcome += line.decode()
            if "Ctrl-C stops" in self.welcome:
                break
        found = re.search(r"http://127\.0\.0\.1:\d+", self.welcome)
        assert found, (self.folder / "stderr.txt").read_text(encoding="utf-8")
        self.url = found[0]

    def call(self, path: str, body: dict[str, Any] | None = None) -> Any:
        payload = path if body is None else json.dumps(body)
        now = datetime.now(UTC)
        secret = (self.folder / "http.secret").read_text(encoding="utf-8").strip()
        headers = {
            "Content-Type": "application/json",
            "webhook-id": "m",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(secret).sign("m", now, payload),
        }
        request = Request(self.url + path, None if body is None else payload.encode(), headers)  # noqa: S310
        with urlopen(request, timeout=10) as response:  # noqa: S310
            return json.load(response)

    def say(self, message_id: str, text: str, conversation: str = "c1") -> Any:
        given = {"shop": "main", "conversation": conversation, "buyer_id": "b1", "message_id": message_id}
        return self.call("/v1/messages", {**given, "text": text, "time": time.time()})

    def replies(self, least: int) -> list[dict[str, Any]]:
        """All replies so far, once there are ``least``."""
        until = time.monotonic() + 30
        while True:
            found: list[dict[str, Any]] = self.call("/v1/replies?after=0&limit=100")["replies"]
            if len(found) >= least or time.monotonic() > until:
                return found
            time.sleep(0.05)

    def stop(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        return self.process.wait(timeout=30)


@contextmanager
def server(config: Path) -> Iterator[Server]:
    running = Server(config)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.kill()
            running.process.wait()
        assert running.process.stdout
        running.process.stdout.close()


def test_it_says_where_it_is_answers_and_stops_cleanly(config: Path) -> None:
    with server(config) as running:
        assert f"{running.url}/chat" in running.welcome
        assert "http, webchat" in running.welcome
        assert str(config.parent / "http.secret") in running.welcome
        with urlopen(f"{running.url}/readyz", timeout=10) as response:  # noqa: S310
            assert response.status == 200
        running.say("m1", "能开发票吗")
        [reply] = running.replies(1)
        assert reply["in_reply_to"] == ["m1"]
        assert "发票" in reply["text"]
        assert running.stop(signal.SIGINT) == 0
    logged = [json.loads(line) for line in (config.parent / "stderr.txt").read_text(encoding="utf-8").splitlines()]
    assert [entry["event"] for entry in logged] == ["started", "stopped"]


def test_a_message_taken_before_kill_9_is_answered_once_after_the_next_start(config: Path) -> None:
    patient = config.read_text(encoding="utf-8").replace("merge_window = 0.0", "merge_window = 6.0")
    with config.open("w", encoding="utf-8") as file:
        file.write(patient)
    with server(config) as first:
        assert first.say("m1", "有个事情")["duplicate"] is False
        first.process.kill()
        first.process.wait()
    config.write_text(patient.replace("merge_window = 6.0", "merge_window = 0.0"), encoding="utf-8")
    with server(config) as second:
        assert second.say("m1", "有个事情")["duplicate"] is True
        second.say("m2", "能开发票吗", conversation="c2")
        replies = second.replies(2)
        assert sorted(reply["in_reply_to"] for reply in replies) == [["m1"], ["m2"]]
        assert second.stop(signal.SIGTERM) == 0


def test_a_persons_reply_from_another_process_reaches_the_buyer(config: Path, autoreply: Call) -> None:
    with server(config) as running:
        running.say("m1", "转人工")
        assert len(running.replies(1)) == 1
        [item] = json.loads(autoreply("handoff", "list", "--json", "--config", config).out)
        sent = autoreply("handoff", "reply", str(item["id"]), "您好，我是客服小李，马上为您核对。", "--config", config)
        assert sent.code == 0, sent.err
        replies = running.replies(2)
        assert replies[1]["text"] == "您好，我是客服小李，马上为您核对。"
        running.say("m2", "能开发票吗")
        assert autoreply("handoff", "resume", str(item["id"]), "--config", config).code == 0
        running.say("m3", "能开发票吗")
        last = running.replies(3)
        assert [reply["in_reply_to"] for reply in last[2:]] == [["m3"]]


def test_a_port_that_is_taken_is_one_line_that_says_what_to_do(config: Path, autoreply: Call) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        text = config.read_text(encoding="utf-8").replace("port = 0", f"port = {port}")
        config.write_text(text, encoding="utf-8")
        ran = autoreply("run", "--config", config)
    assert ran.code == 1
    told = [line for line in ran.err.splitlines() if not line.startswith("{")]
    assert told == [f"port {port} on 127.0.0.1 is taken; stop the program that has it, or change port under [server]"]


def test_a_secret_that_is_not_there_is_one_line(config: Path, autoreply: Call) -> None:
    text = config.read_text(encoding="utf-8").replace('file = "http.secret"', 'env = "AUTOREPLY_NO_SUCH_SECRET"')
    config.write_text(text, encoding="utf-8")
    ran = autoreply("run", "--config", config)
    assert ran.code == 1
    assert "environment variable AUTOREPLY_NO_SUCH_SECRET is not set" in ran.err
    assert "Traceback" not in ran.err


def test_figures_backup_and_erasure_while_it_runs(config: Path, autoreply: Call, tmp_path: Path) -> None:
    text = config.read_text(encoding="utf-8").replace("port = 0", "port = 0\nmetrics = true")
    config.write_text(text, encoding="utf-8")
    with server(config) as running:
        running.say("m1", "能开发票吗，电话13812345678")
        running.replies(1)
        with urlopen(f"{running.url}/metrics", timeout=10) as response:  # noqa: S310
            figures = response.read().decode()
        assert 'autoreply_messages_accepted_total{author="buyer",channel="http"} 1.0' in figures
        assert 'autoreply_queue_depth{queue="inbox"} 0.0' in figures
        assert "1381234" not in figures
        copy = tmp_path / "copy.db"
        assert autoreply("journal", "backup", copy, "--config", config).code == 0
        erased = autoreply("buyer", "erase", "b1", "--yes", "--config", config)
        assert erased.code == 0, erased.err
        running.say("m2", "能开发票吗")
        assert [reply["in_reply_to"] for reply in running.replies(1)] == [["m2"]]
        assert running.stop(signal.SIGTERM) == 0
    assert json.loads(autoreply("buyer", "export", "b1", "--config", config).out)["conversations"][0]["messages"]
    assert "13812345678" not in (config.parent / "stderr.txt").read_text(encoding="utf-8")
    for path in config.parent.glob("journal.db*"):
        assert b"13812345678" not in path.read_bytes()
    assert b"13812345678" in copy.read_bytes()
    assert autoreply("journal", "verify", "--config", config).code == 0
    assert autoreply("journal", "verify", copy, "--config", config).code == 0
