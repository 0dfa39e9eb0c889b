"""A history and two days go in, what was known on each comes out, and the figures that led there; nothing is judged here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Final

from sheetsync.forecast import midnight
from sheetsync.history import Entry, History
from sheetsync.model import Period
from sheetsync.okr.period import parse
from sheetsync.review.words import Cadence, Point, When

_NO_NEW_FIGURE: Final = frozenset({"kept", "broken"})
_LONGEST: Final = timedelta(days=400)
_WHOLE_YEAR: Final = timedelta(days=120)
"""From this length on, one look a week at the history is enough for a trend; below, every day's figure is read."""


@dataclass(frozen=True, slots=True)
class Track:
    """What was recorded of one row within its period: figures by their own moments, progress by day, when the figure changed."""

    figures: tuple[tuple[datetime, Decimal], ...]
    trend: tuple[Point, ...]
    changed: date | None


@dataclass(frozen=True, slots=True)
class Past:
    """By row key: the entries of the day, those of the review before, and the tracks. `broken` by link: since when.

    `current` are the periods that are reviewed, `periods` those of the entries by row key.
    """

    now: Mapping[str, Entry]
    before: Mapping[str, Entry]
    tracks: Mapping[str, Track]
    broken: Mapping[str, datetime]
    current: frozenset[Period | None]
    periods: Mapping[str, Period | None]


def days(cadence: Cadence, day: date, now: datetime, zone: tzinfo | None) -> When:
    """The day of the review and the one before it: a week, a month or a quarter earlier. The day ends at `now` at the latest."""
    since = day - timedelta(days=7) if cadence is Cadence.WEEKLY else _months_before(day, 1 if cadence is Cadence.MONTHLY else 3)
    end = _last_moment(day, zone)
    return When(cadence, day, since, min(end, now), _last_moment(since, zone), over=end < now, zone=zone)


def _last_moment(day: date, zone: tzinfo | None) -> datetime:
    return midnight(day + timedelta(days=1), zone) - timedelta(microseconds=1)


def _months_before(day: date, months: int) -> date:
    """The same day of an earlier month; its last one where it has no such day. The last day of a month stays the last."""
    last_of_month = (day + timedelta(days=1)).day == 1
    number = day.year * 12 + day.month - 1 - months
    first = date(number // 12, number % 12 + 1, 1)
    after = date((number + 1) // 12, (number + 1) % 12 + 1, 1)
    last = after - timedelta(days=1)
    return last if last_of_month else min(first + timedelta(days=day.day - 1), last)


def gather(history: History, workbook: str, when: When, planned: Iterable[Period | None]) -> Past:
    """The past of the workbook, of rows whose period holds the day; where none does, of those whose period ended last.

    `planned` are the periods of the rows that stand in the workbook now.
    """
    everything, earlier = history.as_of(workbook, when.until), history.as_of(workbook, when.before)
    periods = {entry.key: parse(entry.key.rpartition("\x1f")[2]) for entry in (*everything, *earlier)}
    current = _current({*periods.values(), *planned}, when.day)
    now = {entry.key: entry for entry in everything if periods[entry.key] in current}
    before = {entry.key: entry for entry in earlier if periods[entry.key] in current}
    first = min((period.start for period in current if period), default=when.since)
    begin = max(midnight(min(first, when.since), when.zone), when.until - _LONGEST)
    tracks: dict[str, _Track] = {}
    for entry in _entries(history, workbook, begin, when.until):
        if entry.key in now:
            track = tracks.get(entry.key)
            if track is None:
                track = tracks[entry.key] = _Track(when.zone)
            track.take(entry)
    broken = {one.link: one.since for one in history.breaks(workbook, when.until) if one.since <= when.until}
    return Past(now, before, {key: track.done() for key, track in tracks.items()}, broken, current, periods)


def _current(periods: Iterable[Period | None], day: date) -> frozenset[Period | None]:
    known = [period for period in periods if period is not None]
    holding = {period for period in known if period.start <= day <= period.end}
    if not holding:
        last = max((period.end for period in known if period.end < day), default=None)
        holding = {period for period in known if period.end == last}
    return frozenset({None, *holding})


def _entries(history: History, workbook: str, begin: datetime, until: datetime) -> Iterable[Entry]:
    if until - begin <= _WHOLE_YEAR:
        return history.entries(workbook, since=begin, until=until + timedelta(microseconds=1))
    weeks = int((until - begin) / timedelta(days=7))
    looks = [until - timedelta(days=7 * number) for number in range(weeks, -1, -1)]
    return (entry for look in looks for entry in history.as_of(workbook, look))


class _Track:
    """Collects the entries of one row, in the order of recording."""

    def __init__(self, zone: tzinfo | None) -> None:
        self._zone = zone
        self._figures: dict[datetime, Decimal] = {}
        self._trend: dict[date, Decimal] = {}
        self._value: Decimal | None = None
        self._changed: date | None = None

    def take(self, entry: Entry) -> None:
        day = entry.at.astimezone(self._zone).date()
        if entry.progress is not None:
            self._trend[day] = entry.progress
        if entry.value is None or entry.state in _NO_NEW_FIGURE:
            return
        self._figures[entry.as_of] = entry.value
        if entry.value != self._value:
            self._value, self._changed = entry.value, day

    def done(self) -> Track:
        trend = tuple(Point(day, progress) for day, progress in sorted(self._trend.items()))
        return Track(tuple(sorted(self._figures.items())), trend, self._changed)
