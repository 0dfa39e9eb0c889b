"""Events go in, one line each comes out on standard error: text for people or JSON for machines, every secret masked."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, MutableMapping
from typing import Any, Literal, TextIO

import structlog

from sheetsync.texts import one_line


def configure(
    redact: Callable[[str], str], *, form: Literal["text", "json"] = "text", level: str = "warning", stream: TextIO | None = None
) -> None:
    """Sets up structlog for this process. Call it once, where the program begins."""
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False) if form == "json" else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _Masked(redact),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )


class _Masked:
    """Masks secrets in every text of an event, and keeps each text on its line, so that nobody can forge one."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        self._redact = redact

    def __call__(self, _logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        for name, value in event.items():
            if isinstance(value, str):
                masked = self._redact(value)
                event[name] = masked if name == "exception" else one_line(masked, 2000)
        return event
