"""A timetable and two moments go in, the slots between them come out: local times of day, or every so many minutes.

A slot is one promise: it is kept once, whatever the clock does. `02:30` on a day that skips it (a spring night) is the first
moment after the gap; on a day that has it twice (an autumn night) it is the first of the two (PEP 495, fold=0). Minutes are
counted from each local midnight in real time, so a day of 23 or 25 hours has fewer or more of them, and none twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DEFAULT_EVERY: Final = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Timetable:
    """When a workbook is due. `zone` None is the system's own; without `every` and `at` it is due every half hour."""

    every: timedelta | None = None
    at: tuple[time, ...] = ()
    days: frozenset[int] = frozenset(range(7))
    zone: tzinfo | None = UTC

    def between(self, after: datetime, until: datetime) -> list[datetime]:
        """The slots with after < slot <= until, in UTC, in order, none twice. Both moments are aware."""
        first, last = self._day(after) - timedelta(days=1), self._day(until)
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        return sorted({slot for day in days for slot in self._of(day) if after < slot <= until})

    def next(self, after: datetime) -> datetime:
        """The first slot after a moment; there is one within nine days."""
        return self.between(after, after + timedelta(days=9))[0]

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()

    def _of(self, day: date) -> Iterator[datetime]:
        if day.weekday() not in self.days:
            return
        for clock in self.at:
            yield self._moment(datetime.combine(day, clock))
        every = self.every or (None if self.at else DEFAULT_EVERY)
        if every is not None:
            slot, end = (
                self._moment(datetime.combine(day, time())),
                self._moment(datetime.combine(day + timedelta(days=1), time())),
            )
            while slot < end:
                yield slot
                slot += every

    def _moment(self, local: datetime) -> datetime:
        """A local time as a moment in UTC; of a time that the clock skips, the first moment behind the gap."""
        found = self._utc(local)
        minutes = 0
        while found.astimezone(self.zone).replace(tzinfo=None) != local + timedelta(minutes=minutes):
            minutes += 1  # gaps begin and end on whole minutes
            found = self._utc(local + timedelta(minutes=minutes))
        return found

    def _utc(self, local: datetime) -> datetime:
        return (local.replace(tzinfo=self.zone) if self.zone else local).astimezone(UTC)


QUICK: Final = timedelta(seconds=45)
SLOW: Final = timedelta(minutes=5)
_SLOWER: Final = 1.5


@dataclass(slots=True)
class Polling:
    """When a workbook is looked at that tells nobody of its changes: soon after a change, seldomer the longer nothing happens.

    `digest` says what it asked for when it was looked at last; None before the first look.
    """

    at: datetime
    wait: timedelta = QUICK
    digest: str | None = None

    def changed_since(self, digest: str, now: datetime) -> bool:
        """Takes what a look found, and says whether it asks for something else than at the last look; the first look does not."""
        changed = self.digest is not None and digest != self.digest
        self.digest = digest
        self._look_again(now, QUICK if changed else min(self.wait * _SLOWER, SLOW))
        return changed

    def failed(self, now: datetime) -> None:
        """It could not be looked at: seldomer from now on."""
        self._look_again(now, min(self.wait * 2, SLOW))

    def is_due(self, now: datetime) -> bool:
        return now >= self.at or self.at - now > SLOW  # the clock was set back: that is no reason to look away for an hour

    def _look_again(self, now: datetime, wait: timedelta) -> None:
        self.wait, self.at = wait, now + wait


def timetable(every: str | None, at: Sequence[str], days: str, zone: tzinfo | None) -> Timetable:
    """`15m`, `08:00` and `mon-fri` as `config` checked them."""
    interval = None
    if every:
        number, unit = int(every[:-1]), every[-1]
        interval = timedelta(minutes=number) if unit == "m" else timedelta(hours=number)
    times = tuple(time(int(text[:2]), int(text[3:])) for text in at)
    return Timetable(interval, times, weekdays(days), zone)


def weekdays(text: str) -> frozenset[int]:
    """`mon-fri,sun` -> 0 to 4 and 6; a range may run over the week's end."""
    if text == "daily":
        return frozenset(range(7))
    found: set[int] = set()
    for part in re.split(",", text):
        first, _, last = part.partition("-")
        begin, end = DAYS.index(first), DAYS.index(last or first)
        found |= {number % 7 for number in range(begin, end + 1 if end >= begin else end + 8)}
    return frozenset(found)
