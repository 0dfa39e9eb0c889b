"""Calls go in, counts a minute come out, and the 429 of the call that is one too many.

300 reads and 300 writes a minute and project, 60 and 60 a minute, user and project, refilled every minute, no daily cap; a batch
counts as one (https://developers.google.com/workspace/sheets/api/limits). Whether the minute is the clock's or slides is not
said; here it is the clock's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

from sheetsync._testing.google.errors import over_quota

MINUTE: Final = 60.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Calls a minute; None is without limit."""

    reads_per_user: int | None = 60
    writes_per_user: int | None = 60
    reads_per_project: int | None = 300
    writes_per_project: int | None = 300


NO_LIMITS: Final = Limits(None, None, None, None)


@dataclass(slots=True)
class Quota:
    """The counters of one project. A refused call does not count."""

    clock: Callable[[], float]
    limits: Limits
    project: str
    _minute: int = -1
    _spent: Counter[tuple[str, str]] = field(default_factory=Counter)

    def spend(self, what: Literal["read", "write"], user: str) -> None:
        """Counts a call, or raises the 429 that Google would answer."""
        self._turn()
        per_user = self.limits.reads_per_user if what == "read" else self.limits.writes_per_user
        per_project = self.limits.reads_per_project if what == "read" else self.limits.writes_per_project
        if per_user is not None and self._spent[what, user] >= per_user:
            raise over_quota(what, per_user=True, limit=per_user, project=self.project)
        if per_project is not None and self._spent[what, ""] >= per_project:
            raise over_quota(what, per_user=False, limit=per_project, project=self.project)
        self._spent[what, user] += 1
        self._spent[what, ""] += 1

    def spent(self, what: Literal["read", "write"], user: str = "") -> int:
        """Calls in the minute that is now; of the whole project where no user is named."""
        self._turn()
        return self._spent[what, user]

    def _turn(self) -> None:
        minute = int(self.clock() // MINUTE)
        if minute != self._minute:
            self._minute = minute
            self._spent.clear()
