"""Logging, set up once for the whole process: structlog to stderr, readable on a terminal, JSON lines elsewhere."""

import logging
import re
import sys
from typing import Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

Format = Literal["human", "json"]

_PHONE = re.compile(r"(?<!\d)(1[3-9]\d)\d{4}(\d{4})(?!\d)")


def set_up(level: int, form: Format) -> None:
    """Send what structlog and the standard ``logging`` say, from ``level`` up, to stderr in the given form."""
    shared: list[Processor] = [
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
    last: list[Processor] = [mask_phones, _console()]
    if form == "json":
        last = [
            structlog.processors.format_exc_info,
            mask_phones,
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("asyncio").setLevel(max(level, logging.INFO))


def _console() -> structlog.dev.ConsoleRenderer:
    """Tracebacks without local variables: those hold what buyers wrote."""
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)


def mask_phones(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Hide the middle of every mobile number in a log line's words: ``138****1234``."""
    return {k: _PHONE.sub(r"\1****\2", v) if isinstance(v, str) else v for k, v in event.items()}
