"""Logging, set up once for the whole process: structlog to stderr, readable on a terminal, JSON lines elsewhere."""

import logging
import sys
from typing import Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from autoreply.privacy import masked

Format = Literal["human", "json"]

IDS = frozenset(("conversation", "messages", "message", "key", "timestamp", "logger"))
"""Fields that stay as they are: by them a line is found again in the journal."""


def set_up(level: int, form: Format) -> None:
    """Send what structlog and the standard ``logging`` say, from ``level`` up, to stderr in the given form.

    What ``structlog.contextvars`` holds, such as the conversation of a turn, is part of every line.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso" if form == "json" else "%H:%M:%S", utc=form == "json"),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    # Tracebacks become text, without local variables, before they are masked: those hold what buyers wrote.
    last: list[Processor] = [structlog.processors.format_exc_info, mask_persons]
    if form == "json":
        last.append(structlog.processors.JSONRenderer(ensure_ascii=False, default=str))
    else:
        last.append(structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()))
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("asyncio").setLevel(max(level, logging.INFO))


def mask_persons(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Hide in a log line, its traceback too, what ``autoreply.privacy`` hides; ids by which it is found stay."""
    return {k: v if k in IDS else masked(v) for k, v in event.items()}
