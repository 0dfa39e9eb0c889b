"""A key result's figures so far go in, its value at the period's end comes out: with an interval, and how likely it misses.

How it is found, in plain words:

    one figure a day        readings that stand alone against their neighbours (a spike for a day) are taken back first
    weekly steps            what was gained in each week back from the newest figure, so that weekdays even out
    the pace                their mean, recent weeks counting more, leaning a little on the mean of all
    the end                 the newest figure plus the pace times the weeks that are left
    how sure                from how much the weeks differ, how few they are, and how wrong the same way of forecasting was
                            one to four weeks ago; never surer than a floor

The mean of weeks, not their median: campaigns and deals come in steps, and a median would forget them. How well it does, beside
fixed rules, stands in docs/forecast.md. Nothing here asks a clock or knows of files.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from statistics import NormalDist, median
from typing import Final

from sheetsync.model import Kind, Period
from sheetsync.okr.progress import AT_RISK_RATIO, progress

OFF_TRACK_RISK: Final = 0.4
"""From this risk on, "off track by the end" is announced: a bit before it is more likely than not, since a miss that nobody
announced costs more than a look in vain."""
SURE: Final = 0.8
"""The share of cases in which the value at the end lies inside the interval."""

_WEEK: Final = 7.0
_FEWEST_DAYS: Final = 4
_SHORTEST: Final = 10.0
_OLDEST: Final = 28.0
_HALF_LIFE: Final = 1.5
"""Weeks after which a week counts half."""
_LEAN: Final = 0.5
"""So many weeks' worth does the mean of all weeks count."""
_FLOOR: Final = 0.02
"""No week is known better than to this share of the way from start to target."""
_DAMPING: Final = 0.7
"""What is kept from week to week of the trend of a level: one that is held, not one that is added up."""
_AHEAD: Final = 4
"""So many weeks back is looked whether a forecast made then has come true."""
_FARTHEST: Final = 3650


class TooLittle(StrEnum):
    """Why there is no forecast; `review` has the sentences."""

    NO_PERIOD = "no period"
    NO_TARGET = "no target"
    NOT_BEGUN = "not begun"
    OVER = "over"
    FEW_FIGURES = "few figures"
    SHORT_TIME = "short time"
    OLD_FIGURES = "old figures"
    YES_NO = "yes-no"


@dataclass(frozen=True, slots=True)
class Goal:
    """What is to be reached, in the row's own measure."""

    period: Period | None
    target: Decimal | None
    start: Decimal | None = None
    kind: Kind = Kind.NUMBER

    def missed_by(self, value: float) -> bool:
        """Whether a result at the end would be off track: less than three quarters of the way."""
        reached = progress(self.kind, self.start, self.target, Decimal(repr(value)))
        return isinstance(reached, Decimal) and reached < AT_RISK_RATIO


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the figures say about the end of the period.

    `end`, `low`, `high`  the value then, and the interval around it that holds in 8 of 10 cases; in the row's own measure
    `risk`                how likely the period ends off track, 0 to 1
    `reached`             the day on which the target is reached at this pace, or was reached; None: never at this pace
    `figures`, `days`     on how many days' figures this rests, and how many days lie between the first and the last
    """

    end: float
    low: float
    high: float
    risk: float
    reached: date | None
    figures: int
    days: int

    @property
    def off_track(self) -> bool:
        return self.risk >= OFF_TRACK_RISK


def forecast(
    series: Sequence[tuple[datetime, Decimal]], goal: Goal, now: datetime, zone: tzinfo | None = None
) -> Forecast | TooLittle:
    """What `series` (moment, value; aware, any order) says at `now` (aware) about the end of the goal's period.

    Figures after `now` and before the period do not count. `zone` is that of the period's days; None is the system's own.
    """
    if goal.period is None:
        return TooLittle.NO_PERIOD
    if goal.target is None and goal.kind is not Kind.YES_NO:
        return TooLittle.NO_TARGET
    begin = midnight(goal.period.start, zone)
    whole = _days(begin, midnight(goal.period.end + timedelta(days=1), zone))
    today = _days(begin, now)
    if today < 0:
        return TooLittle.NOT_BEGUN
    if today >= whole:
        return TooLittle.OVER
    points = _daily([(_days(begin, moment), float(value)) for moment, value in series if moment <= now])
    if goal.kind is Kind.YES_NO:
        return _yes_no(points, goal.period)
    assert goal.target is not None  # noqa: S101 - for mypy: looked at above
    seen = len(points)
    if seen < _FEWEST_DAYS:
        return TooLittle.FEW_FIGURES
    if today - points[-1][0] > min(_OLDEST, max(_WEEK, whole / 3)):
        return TooLittle.OLD_FIGURES
    first = points[0][0]
    if goal.start is not None and goal.kind in (Kind.NUMBER, Kind.PERCENT) and first >= 1:
        points = [(0.0, float(goal.start)), *points]  # the plan says where it began
    if points[-1][0] - points[0][0] < min(_SHORTEST, whole / 5):
        return TooLittle.SHORT_TIME
    model = _Model.of(_without_spikes(points, _scale(points, goal)), goal)
    mean, spread = model.at(whole)
    least, most = _bounds([value for _, value in points], goal)
    reached = _reached(points, model, goal, float(goal.target))
    return Forecast(
        end=min(max(mean, least), most), low=min(max(mean - _Z * spread, least), most),
        high=min(max(mean + _Z * spread, least), most), risk=_risk(goal, mean, spread),
        reached=None if reached is None else goal.period.start + timedelta(days=int(reached)),
        figures=seen, days=round(points[-1][0] - first),
    )  # fmt: skip


_Z: Final = NormalDist().inv_cdf((1 + SURE) / 2)
_Points = list[tuple[float, float]]
"""(days since the period began, value), in order."""


def midnight(day: date, zone: tzinfo | None) -> datetime:
    """When a day begins; `zone` None is the system's own."""
    return datetime.combine(day, time(), zone) if zone else datetime.combine(day, time()).astimezone()


def _days(begin: datetime, moment: datetime) -> float:
    return (moment - begin).total_seconds() / 86400


def _daily(points: _Points) -> _Points:
    """The newest figure of each day within the period."""
    found: dict[int, tuple[float, float]] = {}
    for at, value in sorted(points):
        if at >= 0 and math.isfinite(value):
            found[int(at)] = (at, value)
    return list(found.values())


def _bounds(values: Sequence[float], goal: Goal) -> tuple[float, float]:
    """What counts things does not fall below zero, and a share of 1 does not pass it."""
    known = [*values, float(goal.target or 0), float(goal.start or 0)]
    return 0.0 if min(known) >= 0 else -math.inf, 1.0 if goal.kind is Kind.PERCENT and max(known) <= 1 else math.inf


def _yes_no(points: _Points, period: Period) -> Forecast | TooLittle:
    """Yes needs no forecast while it lasts; when a no becomes a yes, no figure tells."""
    if not points or points[-1][1] <= 0:
        return TooLittle.YES_NO
    since = points[-1][0]
    for at, value in reversed(points):
        if value <= 0:
            break
        since = at
    return Forecast(
        1.0, 1.0, 1.0, 0.0, period.start + timedelta(days=int(since)), len(points), round(points[-1][0] - points[0][0])
    )


def _scale(points: _Points, goal: Goal) -> float:
    """The way from start to target; where a level is to be held, the size of what is measured."""
    target = float(goal.target or 0)
    span = abs(target - float(goal.start)) if goal.start is not None else abs(target)
    return span or max(abs(value) for _, value in points) or 1.0


def _without_spikes(points: _Points, scale: float) -> _Points:
    """A figure far from both its neighbours, which agree with each other, is a slip; a step that stays is none."""
    values = [value for _, value in points]
    moves = sorted(abs(b - a) for a, b in pairwise(values))
    usual = max(median(moves), moves[len(moves) * 3 // 4], _FLOOR * scale / 4)
    cleaned = list(values)
    for width in (1, 2):
        for i in range(width, len(cleaned) - width):
            before, after = cleaned[i - width], cleaned[i + width]
            away = min(abs(cleaned[i] - before), abs(cleaned[i] - after))
            if away > 5 * usual and abs(after - before) < away / 2:
                share = (points[i][0] - points[i - width][0]) / (points[i + width][0] - points[i - width][0])
                cleaned[i] = before + (after - before) * share
    last, before = cleaned[-1], cleaned[-2]
    if abs(last - before) > max(10 * usual, scale / 4):  # nobody can tell yet whether it is a step or a slip
        cleaned[-1] = (last + before) / 2
    return [(at, value) for (at, _), value in zip(points, cleaned, strict=True)]


@dataclass(frozen=True, slots=True)
class _Model:
    """The newest level, its pace a week, and how sure they are."""

    last: float
    level: float
    pace: float
    deviation: float
    weeks: float
    damping: float

    @classmethod
    def of(cls, points: _Points, goal: Goal) -> _Model:
        scale = _scale(points, goal)
        held = goal.kind in (Kind.AT_LEAST, Kind.AT_MOST)
        steps = _weekly_steps(points)
        pace, weeks = _pace(steps)
        own = math.sqrt(sum(0.5 ** (n / _HALF_LIFE) * (step - pace) ** 2 for n, step in enumerate(steps)) / weeks)
        deviation = math.hypot(own, _missed(steps), _FLOOR * scale)
        return cls(points[-1][0], _held(points) if held else points[-1][1], pace, deviation, weeks, _DAMPING if held else 1.0)

    def at(self, day: float) -> tuple[float, float]:
        """The value on a day of the period and its standard deviation."""
        weeks = max((day - self.last) / _WEEK, 0.0)
        steps = weeks if self.damping == 1 else (1 - self.damping**weeks) / (1 - self.damping)
        return self.level + self.pace * steps, self.deviation * math.sqrt(weeks + steps * steps / self.weeks)


def _pace(steps: Sequence[float]) -> tuple[float, float]:
    """The mean of the steps, newest first, and how many weeks it is worth."""
    weights = [0.5 ** (number / _HALF_LIFE) + _LEAN / len(steps) for number in range(len(steps))]
    total = sum(weights)
    return sum(w * step for w, step in zip(weights, steps, strict=True)) / total, total


def _missed(steps: Sequence[float]) -> float:
    """By how much the same way of forecasting was wrong in the weeks before, as the deviation of one week."""
    errors = []
    for ahead in range(1, min(_AHEAD, len(steps) - 2) + 1):
        pace, weeks = _pace(steps[ahead:])
        error = sum(steps[:ahead]) - pace * ahead
        errors.append(error * error / (ahead + ahead * ahead / weeks))
    return math.sqrt(sum(errors) / len(errors)) if errors else 0.0


def _held(points: _Points) -> float:
    """A level over the last week, so that neither a weekday nor a single figure stands for it."""
    return median(value for at, value in points if at > points[-1][0] - _WEEK)


def _weekly_steps(points: _Points) -> list[float]:
    """What each week back from the newest figure has brought, newest first; weeks are stretched a little to fit the time."""
    first, last = points[0][0], points[-1][0]
    count = max(1, round((last - first) / _WEEK))
    length = (last - first) / count
    marks = [_between(points, last - number * length) for number in range(count + 1)]
    return [(newer - older) * _WEEK / length for newer, older in pairwise(marks)]


def _between(points: _Points, at: float) -> float:
    """The value on a straight line between the two figures around a moment."""
    before = points[0]
    for point in points:
        if point[0] >= at:
            width = point[0] - before[0]
            return point[1] if width <= 0 else before[1] + (point[1] - before[1]) * (at - before[0]) / width
        before = point
    return before[1]


def _risk(goal: Goal, mean: float, spread: float) -> float:
    """The share of likely ends that are off track, over even shares of the distribution."""
    if spread <= 0:
        return float(goal.missed_by(mean))
    ends = NormalDist(mean, spread)
    return sum(goal.missed_by(ends.inv_cdf((number + 0.5) / _SLICES)) for number in range(_SLICES)) / _SLICES


_SLICES: Final = 50


def _reached(points: _Points, model: _Model, goal: Goal, target: float) -> float | None:
    """The day of the period on which the target is reached, or was; None where this pace never gets there."""
    down = goal.kind is Kind.AT_MOST or (goal.kind is not Kind.AT_LEAST and target < float(goal.start or 0))

    def there(value: float) -> bool:
        return value <= target if down else value >= target

    if there(points[-1][1]):
        since = points[-1][0]
        for at, value in reversed(points):
            if not there(value):
                break
            since = at
        return since
    if model.damping < 1:
        ways = (day for day in range(int(model.last) + 1, int(model.last) + 366) if there(model.at(day)[0]))
        return next((float(day) for day in ways), None)
    missing = target - model.level
    if model.pace == 0 or (missing < 0) != (model.pace < 0):
        return model.last if missing == 0 else None
    days = missing / model.pace * _WEEK
    return model.last + days if days <= _FARTHEST else None
