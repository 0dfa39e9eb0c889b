"""The [review] table and a moment go in, the review goes out to people on its day: once to each target, also over restarts.

A day that was slept through is made up for once. What a target did not take is tried again every few minutes, and what falls
into its quiet hours is sent when they end.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta, tzinfo
from typing import Final

from sheetsync.alerts import LIMITS, REVIEW, Target, is_quiet, shortened
from sheetsync.app import App
from sheetsync.config import ReviewConfig
from sheetsync.due import Timetable, weekdays
from sheetsync.errors import LinkError, SheetsyncError
from sheetsync.review import Cadence
from sheetsync.review.brief import brief

RETRY: Final = timedelta(minutes=5)
_LONGEST: Final = timedelta(days=100)
"""More than a quarter: within it there is a day of every cadence."""
_MONTHS: Final[Mapping[str, int]] = {"monthly": 1, "quarterly": 3}


class Reminders:
    """When the review is due for each target of the alerts, and its sending."""

    def __init__(self, app: App) -> None:
        self._app = app
        config = app.config.review
        zone = app.zone(config) if config else None
        self._config, self._zone = config, zone
        self._through: dict[str, datetime] = {}
        self._next: dict[str, datetime] = {}
        self._retry: dict[str, datetime] = {}
        now = app.edges.time.now()
        for name, target in app.targets.items() if config else ():
            if REVIEW in target.events:
                served = app.history.served(_key(name))
                if served is None:  # its first day is the next one: nobody wants the review of a week before sheetsync was there
                    app.history.keep_served(_key(name), now)
                self._through[name] = served or now

    def due(self, now: datetime) -> list[str]:
        """The targets that are to have the review now."""
        return [
            name
            for name in self._through
            if now >= self._day_of(name) and now >= self._retry.get(name, now)
            and not is_quiet(self._app.targets[name].quiet, now, self._zone)
        ]  # fmt: skip

    def _day_of(self, name: str) -> datetime:
        """The next moment of its review; asked every second, so it is not computed every second."""
        if self._config is not None and name not in self._next:
            through = self._through[name]
            self._next[name] = slots(self._config, self._zone, through, through + _LONGEST)[0]
        return self._next[name]

    def _is_owed(self, name: str, now: datetime) -> bool:
        """Whether it was not sent meanwhile: a configuration may be read anew while the review of the old one is on its way."""
        served = self._app.history.served(_key(name))
        if served is not None and served > self._through[name]:
            self._through[name] = served
            self._next.pop(name, None)
        return now >= self._day_of(name)

    def send(self, names: list[str], now: datetime) -> list[str]:
        """Sends the review to these targets; the sentences of what failed. Asks no service."""
        if self._config is None:
            return []
        app, texts = self._app, self._app.texts
        for name in names:
            self._retry[name] = now + RETRY
        names = [name for name in names if self._is_owed(name, now)]
        if not names:
            return []
        failed, found = [], []
        for entry in app.workbook_configs([]):
            try:
                found.append(app.review(entry, Cadence(self._config.cadence)))
            except SheetsyncError as error:
                failed.append(texts.join(entry.path, texts.error(error)))
        if not found:
            return failed
        title, text = brief(found, texts)
        for name in names:
            target: Target = app.targets[name]
            try:
                target.send(title, shortened(text, LIMITS.get(target.kind, 3_000) - len(title.encode())))
            except LinkError as error:
                failed.append(texts.join(name, texts.error(error)))
                continue
            self._through[name] = max(now, self._through[name])
            self._next.pop(name, None)
            app.history.keep_served(_key(name), now)
        return failed


def slots(config: ReviewConfig, zone: tzinfo | None, after: datetime, until: datetime) -> list[datetime]:
    """The moments of a review with after < moment <= until: every such day, or the first of a month or a quarter."""
    found = Timetable(at=(time.fromisoformat(config.at),), days=weekdays(config.days), zone=zone).between(after, until)
    months = _MONTHS.get(config.cadence)
    if months is None:
        return found
    return [slot for slot in found if _first_of_its_kind(slot.astimezone(zone), months, weekdays(config.days))]


def _first_of_its_kind(here: datetime, months: int, days: frozenset[int]) -> bool:
    """Whether a day is the first of those weekdays in its month, and its month the first of a quarter where that is asked for."""
    if (here.month - 1) % months:
        return False
    earlier = (here.date() - timedelta(days=back) for back in range(1, here.day))
    return not any(day.weekday() in days for day in earlier)


def _key(name: str) -> str:
    return f"review|{name}"
