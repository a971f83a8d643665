"""Log lines: where they go, in what form, and what they do not tell."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from conversation.bench import Shop, refuses

from autoreply import Context, Reply, logs
from autoreply.app import App


@pytest.fixture(autouse=True)
def logging_put_back() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_json_lines_go_to_stderr_with_chinese_as_written(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up(logging.INFO, "json")
    structlog.get_logger("shop").info("started", name="小铺")
    logging.getLogger("aiohttp").warning("slow %s", "peer")
    out, err = capsys.readouterr()
    first, second = (json.loads(line) for line in err.splitlines())
    assert out == ""
    assert (first["event"], first["name"], first["level"], first["logger"]) == ("started", "小铺", "info", "shop")
    assert (second["event"], second["level"]) == ("slow peer", "warning")
    assert "小铺" in err


def test_levels_below_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up(logging.WARNING, "human")
    structlog.get_logger("shop").info("started")
    structlog.get_logger("shop").warning("odd")
    err = capsys.readouterr().err
    assert "started" not in err
    assert "odd" in err


@pytest.mark.parametrize("form", ["human", "json"])
def test_what_identifies_a_person_is_masked(form: logs.Format, capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up(logging.INFO, form)
    structlog.get_logger("shop").info("call", text="打13900001111给我", order=2026139000011112222, at=["文三路12号"])
    logging.getLogger("aiohttp").warning("call %s", "13900002222")
    err = capsys.readouterr().err
    assert "139****1111" in err
    assert "139****2222" in err
    assert "***************2222" in err
    assert not any(told in err for told in ("13900001111", "13900002222", "2026139000011", "文三路"))


@pytest.mark.parametrize("form", ["human", "json"])
def test_ids_stay_so_that_a_line_is_found_again(form: logs.Format, capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up(logging.INFO, form)
    with structlog.contextvars.bound_contextvars(conversation="http/main/20261122000012345", messages=["900000000001"]):
        structlog.get_logger("shop").info("asked")
        logging.getLogger("plugin").warning("odd")
    err = capsys.readouterr().err
    assert err.count("http/main/20261122000012345") == 2
    assert err.count("900000000001") == 2


@pytest.mark.parametrize("form", ["human", "json"])
def test_an_exception_is_told_masked_and_without_local_variables(
    form: logs.Format, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.set_up(logging.INFO, form)
    said = "local secret"
    try:
        raise ValueError("for 13900001111 " + said[:5])
    except ValueError:
        structlog.get_logger("shop").exception("failed")
    err = capsys.readouterr().err
    assert "ValueError: for 139****1111" in err
    assert "local secret" not in err
    if form == "json":
        assert "Traceback" in json.loads(err)["exception"]


async def test_what_happens_in_a_turn_or_a_delivery_names_its_conversation_and_messages(
    app: App, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def speaks(ctx: Context[Any]) -> Reply:
        logging.getLogger("plugin").warning("looked up %s", ctx.turn.text)
        return Reply("可以开发票哦。")

    shop = Shop(app, tmp_path / "journal.db").answers(invoice=speaks)
    shop.line.plan.append(refuses)
    logs.set_up(logging.WARNING, "json")
    async with shop:
        await shop.buyer("能开发票吗，电话13900001111", "a", id="m1")
        await shop.buyer("能开发票吗", "b", id="m2")
        await shop.wait(5)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    told = {(line["event"], line["conversation"], *line["messages"]) for line in lines}
    assert ("looked up 能开发票吗，电话139****1111", "line/main/a", "m1") in told
    assert ("looked up 能开发票吗", "line/main/b", "m2") in told
    assert {e[1:] for e in told if e[0] == "reply not delivered, trying again"} <= {
        ("line/main/a", "m1"),
        ("line/main/b", "m2"),
    }
    assert any(e[0] == "reply not delivered, trying again" for e in told)
