"""Start, target, result, period and today go in; progress, expected progress, status and colour come out.

    progress   the share of the way from start to target that has been covered; may pass 1 or fall below 0
    expected   the share of the period that has passed; today itself does not count, it is not over yet
    status     progress measured against expected

Never a division error, never a silent zero: where something is missing, `Unmeasured` says what.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final, Literal, TypeAlias

from sheetsync.model import Kind, Period
from sheetsync.texts import mark

Pace: TypeAlias = Literal["calendar", "workdays"]
Bands: TypeAlias = Literal["pace", "score"]


class Status(StrEnum):
    """How a row stands; `layout.STATUSES` has the words for the sheet."""

    DONE = "done"
    ON_TRACK = "on track"
    AT_RISK = "at risk"
    OFF_TRACK = "off track"
    NOT_STARTED = "not started"


COLOURS: Final[Mapping[Status, str]] = {
    Status.DONE: "66C2A4",
    Status.ON_TRACK: "D0ECC8",
    Status.AT_RISK: "FEC44F",
    Status.OFF_TRACK: "E8735C",
    Status.NOT_STARTED: "EDEDED",
}
"""Blue-green, green, amber, red, grey: told apart by lightness alone (CIE L* 72, 90, 83, 62, 94), black text legible on each."""


class Unmeasured(StrEnum):
    """Why there is no progress; the Status column says it in these words."""

    NO_TARGET = mark("no target")
    TEXT_TARGET = mark("the target is no number")
    NO_RESULT = mark("no result yet")
    TEXT_RESULT = mark("the result is no number")
    NO_SPAN = mark("target and start are equal")
    NO_PERIOD = mark("no period")


def progress(kind: Kind, start: Decimal | None, target: Decimal | None, result: Decimal | None) -> Decimal | Unmeasured:
    """The share of the way covered. All figures in the row's own measure; a missing start counts as 0."""
    if kind is Kind.YES_NO:
        return Unmeasured.NO_RESULT if result is None else Decimal(1) if result > 0 else Decimal(0)
    if target is None:
        return Unmeasured.NO_TARGET
    if result is None:
        return Unmeasured.NO_RESULT
    if kind is Kind.AT_LEAST:
        return Decimal(1) if result >= target else _reached(start, target, result)
    if kind is Kind.AT_MOST:
        return Decimal(1) if result <= target else _reached_down(start, target, result)
    span = target - (start or Decimal(0))
    return Unmeasured.NO_SPAN if span == 0 else (result - (start or Decimal(0))) / span


def _reached(start: Decimal | None, target: Decimal, result: Decimal) -> Decimal | Unmeasured:
    begin = start if start is not None and start < target else Decimal(0)
    return (result - begin) / (target - begin) if target > begin else Unmeasured.NO_SPAN


def _reached_down(start: Decimal | None, target: Decimal, result: Decimal) -> Decimal | Unmeasured:
    if start is not None and start > target:
        return (start - result) / (start - target)
    return target / result if result > 0 and target >= 0 else Unmeasured.NO_SPAN


def expected(period: Period, today: date, *, pace: Pace = "calendar", lag_days: int = 0) -> Decimal:
    """The share of the period that has passed before `today`, 0 to 1; `lag_days` shifts it for sources that report late."""
    reached = today - timedelta(days=lag_days)
    whole = _days(period.start, period.end + timedelta(days=1), pace)
    passed = _days(period.start, min(reached, period.end + timedelta(days=1)), pace)
    if whole == 0:  # a period of nothing but a weekend
        return Decimal(1) if reached > period.end else Decimal(0)
    return Decimal(passed) / Decimal(whole)


def _days(first: date, end: date, pace: Pace) -> int:
    """Days from `first` up to, not including, `end`."""
    days = (end - first).days
    if days <= 0:
        return 0
    if pace == "calendar":
        return days
    weeks, rest = divmod(days, 7)
    return weeks * 5 + sum((first.weekday() + day) % 7 < 5 for day in range(rest))


ON_TRACK_RATIO: Final = Decimal("0.95")
AT_RISK_RATIO: Final = Decimal("0.75")
SCORE_ON_TRACK: Final = Decimal("0.7")
SCORE_AT_RISK: Final = Decimal("0.3")
EARLY: Final = Decimal("0.1")


def status(
    reached: Decimal, period: Period | None, today: date, *, pace: Pace = "calendar", bands: Bands = "pace", lag_days: int = 0
) -> Status | Unmeasured:
    """On track, at risk or off track, by the pace of the period or by fixed bands.

    Nothing is worse than at risk within the first tenth of the period, and nothing is judged before it starts.
    """
    if reached >= 1:
        return Status.DONE
    if period is None:
        return _band(reached, SCORE_ON_TRACK, SCORE_AT_RISK) if bands == "score" else Unmeasured.NO_PERIOD
    if today < period.start:
        return Status.NOT_STARTED
    due = expected(period, today, pace=pace, lag_days=lag_days)
    if bands == "score":
        found = _band(reached, SCORE_ON_TRACK, SCORE_AT_RISK)
    elif due == 0:
        found = Status.ON_TRACK if reached >= 0 else Status.AT_RISK
    else:
        found = _band(reached / due, ON_TRACK_RATIO, AT_RISK_RATIO)
    return Status.AT_RISK if found is Status.OFF_TRACK and due <= EARLY else found


def _band(ratio: Decimal, on_track: Decimal, at_risk: Decimal) -> Status:
    return Status.ON_TRACK if ratio >= on_track else Status.AT_RISK if ratio >= at_risk else Status.OFF_TRACK


@dataclass(frozen=True, slots=True)
class Share:
    """One part of a mean."""

    progress: Decimal
    weight: Decimal = Decimal(1)


def mean(shares: Iterable[Share]) -> Decimal | None:
    """The weighted mean; None where nothing carries weight."""
    parts = list(shares)
    weight = sum((part.weight for part in parts), Decimal(0))
    return sum((part.progress * part.weight for part in parts), Decimal(0)) / weight if weight > 0 else None
