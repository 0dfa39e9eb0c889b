"""Equal questions of many threads go in, each is asked once, and all get the one answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLate
from typing import Any

from sheetsync.errors import Unavailable


class Once:
    """Keeps answers, not failures: a failure is told to those who wait for it, and the next one asks again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: dict[Hashable, Future[Any]] = {}

    def answer(self, question: Hashable, ask: Callable[[], Any], *, seconds: float) -> Any:
        """The first caller asks, the others wait, for so many seconds. Raises what `ask` raises; Unavailable (too late)."""
        with self._lock:
            kept = self._answers.get(question)
            mine: Future[Any] = Future()
            if kept is None:
                self._answers[question] = mine
        if kept is not None:
            try:
                return kept.result(max(seconds, 0))
            except TooLate:
                raise Unavailable("There was no time left in this run.") from None
        try:
            found = ask()
        except BaseException as error:
            with self._lock:
                del self._answers[question]
            mine.set_exception(error)
            raise
        mine.set_result(found)
        return found
