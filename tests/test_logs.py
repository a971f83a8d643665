"""Log lines: where they go, in what form, and what they do not tell."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from autoreply import logs


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
def test_mobile_numbers_are_masked(form: logs.Format, capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up(logging.INFO, form)
    structlog.get_logger("shop").info("call", text="打13900001111给我", order="2026139000011112222")
    err = capsys.readouterr().err
    assert "139****1111" in err
    assert "13900001111给" not in err
    assert "2026139000011112222" in err


def test_an_exception_is_part_of_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up(logging.INFO, "json")
    try:
        raise ValueError("for 13900001111")
    except ValueError:
        structlog.get_logger("shop").exception("failed")
    [line] = capsys.readouterr().err.splitlines()
    assert "ValueError: for 139****1111" in json.loads(line)["exception"]
