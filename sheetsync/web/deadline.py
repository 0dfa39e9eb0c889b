"""A number of seconds goes in, and how many of them are left comes out."""

from __future__ import annotations

import time
from collections.abc import Callable


class Deadline:
    """The end of a run, or of one request. `clock` counts seconds and never goes back."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._end = clock() + seconds

    def remaining(self) -> float:
        """Seconds left; below zero once it has passed."""
        return self._end - self.clock()
