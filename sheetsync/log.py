"""Events go in, one line each comes out on standard error: text for people or JSON for machines, every secret masked."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping, MutableMapping
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
        logger_factory=lambda *_: structlog.PrintLogger(stream or sys.stderr),  # standard error as it is when the event comes
        cache_logger_on_first_use=False,
    )


class _Masked:
    """Masks secrets in every text of an event, and keeps each text on its line, so that nobody can forge one."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        self._redact = redact

    def __call__(self, _logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        for name, value in event.items():
            event[name] = self._traceback(value) if name == "exception" else self._masked(value)
        return event

    def _masked(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, Mapping):
            return {str(self._masked(str(key))): self._masked(held) for key, held in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._masked(held) for held in value]
        return one_line(self._redact(str(value)), 2000)

    def _traceback(self, value: Any) -> str:
        """Keeps its lines, since they are many by nature, but nothing else that moves a terminal's cursor."""
        lines = self._redact(str(value)).splitlines()
        return "\n".join(" " * (len(line) - len(line.lstrip(" "))) + one_line(line, 2000) for line in lines)
