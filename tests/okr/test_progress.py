"""Progress, pace and status: the arithmetic, at its edges."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sheetsync.model import Kind, Period
from sheetsync.okr import layout, period
from sheetsync.okr.progress import COLOURS, Share, Status, Unmeasured, expected, mean, progress, status

NUMBER, PERCENT, YES_NO, AT_LEAST, AT_MOST = Kind.NUMBER, Kind.PERCENT, Kind.YES_NO, Kind.AT_LEAST, Kind.AT_MOST
NO_TARGET, NO_RESULT, NO_SPAN = Unmeasured.NO_TARGET, Unmeasured.NO_RESULT, Unmeasured.NO_SPAN

# kind, start, target, result -> progress
ROWS = [
    (NUMBER, None, 100, 0, "0"),
    (NUMBER, None, 100, 50, "0.5"),
    (NUMBER, None, 100, 100, "1"),
    (NUMBER, None, 100, 150, "1.5"),
    (NUMBER, None, 100, -20, "-0.2"),
    (NUMBER, 0, 100, 25, "0.25"),
    (NUMBER, 50, 100, 75, "0.5"),
    (NUMBER, 50, 100, 50, "0"),
    (NUMBER, 50, 100, 25, "-0.5"),
    (NUMBER, -100, 100, 0, "0.5"),
    (NUMBER, 100, 60, 80, "0.5"),
    (NUMBER, 100, 60, 100, "0"),
    (NUMBER, 100, 60, 60, "1"),
    (NUMBER, 100, 60, 40, "1.5"),
    (NUMBER, 100, 60, 120, "-0.5"),
    (NUMBER, 100, 0, 25, "0.75"),
    (NUMBER, None, -50, -25, "0.5"),
    (NUMBER, 10, -10, 0, "0.5"),
    (NUMBER, 100, 100, 100, NO_SPAN),
    (NUMBER, None, 0, 5, NO_SPAN),
    (NUMBER, 0, 0, 0, NO_SPAN),
    (NUMBER, None, None, 5, NO_TARGET),
    (NUMBER, 5, None, 5, NO_TARGET),
    (NUMBER, None, 100, None, NO_RESULT),
    (NUMBER, None, None, None, NO_TARGET),
    (NUMBER, "0.1", "0.3", "0.2", "0.5"),
    (NUMBER, None, "1e-9", 1, "1e9"),
    (NUMBER, None, 10**15, 1, "1e-15"),
    (PERCENT, None, "0.4", "0.1", "0.25"),
    (PERCENT, "0.2", "0.4", "0.3", "0.5"),
    (PERCENT, "0.05", "0.02", "0.03", "0.6666666666666666666666666667"),
    (PERCENT, "0.4", "0.4", "0.4", NO_SPAN),
    (YES_NO, None, None, 1, "1"),
    (YES_NO, None, None, 0, "0"),
    (YES_NO, None, 1, 1, "1"),
    (YES_NO, None, 1, 0, "0"),
    (YES_NO, None, None, None, NO_RESULT),
    (YES_NO, 1, 1, 1, "1"),
    (YES_NO, None, None, 7, "1"),
    (AT_LEAST, None, 80, 80, "1"),
    (AT_LEAST, None, 80, 90, "1"),
    (AT_LEAST, None, 80, 40, "0.5"),
    (AT_LEAST, None, 80, 0, "0"),
    (AT_LEAST, 40, 80, 60, "0.5"),
    (AT_LEAST, 100, 80, 40, "0.5"),
    (AT_LEAST, 80, 80, 40, "0.5"),
    (AT_LEAST, None, 0, 0, "1"),
    (AT_LEAST, None, 0, -5, NO_SPAN),
    (AT_LEAST, None, -10, -20, NO_SPAN),
    (AT_LEAST, -30, -10, -20, "0.5"),
    (AT_LEAST, None, 80, None, NO_RESULT),
    (AT_LEAST, None, None, 5, NO_TARGET),
    (AT_MOST, None, 80, 80, "1"),
    (AT_MOST, None, 80, 10, "1"),
    (AT_MOST, None, 80, 160, "0.5"),
    (AT_MOST, 120, 80, 100, "0.5"),
    (AT_MOST, 120, 80, 120, "0"),
    (AT_MOST, 120, 80, 140, "-0.5"),
    (AT_MOST, 40, 80, 160, "0.5"),
    (AT_MOST, None, 0, 0, "1"),
    (AT_MOST, None, 0, 5, "0"),
    (AT_MOST, None, -5, 3, NO_SPAN),
    (AT_MOST, None, 80, None, NO_RESULT),
    (AT_MOST, None, None, 5, NO_TARGET),
]


def number(value: object) -> Decimal | None:
    return None if value is None else Decimal(str(value))


@pytest.mark.parametrize(("kind", "start", "target", "result", "share"), ROWS)
def test_progress(kind: Kind, start: object, target: object, result: object, share: str | Unmeasured) -> None:
    found = progress(kind, number(start), number(target), number(result))
    assert found == (share if isinstance(share, Unmeasured) else Decimal(share))


def test_the_table_is_long_enough_to_be_trusted() -> None:
    assert len(ROWS) >= 60
    assert {kind for kind, *_ in ROWS} == set(Kind)


FIGURES = st.none() | st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=3)


@settings(deadline=None)
@given(st.sampled_from(Kind), FIGURES, FIGURES, FIGURES)
def test_never_a_division_error_and_never_a_silent_zero(
    kind: Kind, start: Decimal | None, target: Decimal | None, result: Decimal | None
) -> None:
    found = progress(kind, start, target, result)
    if result is None:
        assert isinstance(found, Unmeasured)
    elif target is None and kind is not YES_NO:
        assert found is NO_TARGET
    elif isinstance(found, Decimal):
        assert found.is_finite()
        if kind in (AT_LEAST, AT_MOST) and target is not None:
            assert (found == 1) == (result >= target if kind is AT_LEAST else result <= target)


# --- the share of the period that has passed ---------------------------------------------------------------------------

Q1 = Period(date(2027, 1, 1), date(2027, 3, 31))
LEAP = Period(date(2028, 1, 1), date(2028, 12, 31))
FEBRUARY = Period(date(2027, 2, 1), date(2027, 2, 28))  # a Monday to a Sunday, four whole weeks
WEEKEND = Period(date(2027, 2, 6), date(2027, 2, 7))
DAY = Period(date(2027, 2, 3), date(2027, 2, 3))


@pytest.mark.parametrize(
    ("of", "today", "share"),
    [
        (Q1, "2026-12-31", "0"),
        (Q1, "2027-01-01", "0"),
        (Q1, "2027-01-02", "1/90"),
        (Q1, "2027-02-15", "45/90"),
        (Q1, "2027-03-31", "89/90"),
        (Q1, "2027-04-01", "1"),
        (Q1, "2030-01-01", "1"),
        (LEAP, "2028-03-01", "60/366"),
        (LEAP, "2028-12-31", "365/366"),
        (LEAP, "2029-01-01", "1"),
        (DAY, "2027-02-03", "0"),
        (DAY, "2027-02-04", "1"),
    ],
)
def test_calendar_days(of: Period, today: str, share: str) -> None:
    above, _, below = share.partition("/")
    assert expected(of, date.fromisoformat(today)) == Decimal(above) / Decimal(below or 1)


@pytest.mark.parametrize(
    ("of", "today", "share"),
    [
        (FEBRUARY, "2027-02-01", "0"),
        (FEBRUARY, "2027-02-02", "1/20"),
        (FEBRUARY, "2027-02-06", "5/20"),
        (FEBRUARY, "2027-02-08", "5/20"),
        (FEBRUARY, "2027-02-15", "10/20"),
        (FEBRUARY, "2027-02-27", "1"),
        (FEBRUARY, "2027-03-01", "1"),
        (Q1, "2027-01-04", "1/64"),
        (WEEKEND, "2027-02-06", "0"),
        (WEEKEND, "2027-02-07", "0"),
        (WEEKEND, "2027-02-08", "1"),
    ],
)
def test_workdays(of: Period, today: str, share: str) -> None:
    above, _, below = share.partition("/")
    assert expected(of, date.fromisoformat(today), pace="workdays") == Decimal(above) / Decimal(below or 1)


def test_a_late_source_is_judged_later() -> None:
    assert expected(Q1, date(2027, 2, 18), lag_days=3) == expected(Q1, date(2027, 2, 15))
    assert expected(Q1, date(2027, 1, 2), lag_days=3) == 0
    assert expected(Q1, date(2027, 4, 3), lag_days=3) == expected(Q1, date(2027, 3, 31)) < 1


@settings(deadline=None)
@given(
    st.dates(date(2020, 1, 1), date(2035, 1, 1)),
    st.integers(0, 800),
    st.integers(-30, 900),
    st.sampled_from(["calendar", "workdays"]),
)
def test_time_only_goes_forward(start: date, length: int, offset: int, pace: str) -> None:
    of, today = Period(start, start + timedelta(length)), start + timedelta(offset)
    here, next_day = expected(of, today, pace=pace), expected(of, today + timedelta(1), pace=pace)  # type: ignore[arg-type]
    assert 0 <= here <= next_day <= 1
    assert here == 0 or today > start
    assert expected(of, of.end + timedelta(1), pace=pace) == 1  # type: ignore[arg-type]
    if pace == "workdays":
        worked = sum((start + timedelta(day)).weekday() < 5 for day in range(min(offset, length + 1)))
        whole = sum((start + timedelta(day)).weekday() < 5 for day in range(length + 1))
        assert whole == 0 or here == Decimal(worked) / Decimal(whole)


# --- status ------------------------------------------------------------------------------------------------------------

HALF = "2027-02-15"  # 45 of 90 days


@pytest.mark.parametrize(
    ("reached", "today", "found"),
    [
        ("0.5", HALF, Status.ON_TRACK),
        ("0.475", HALF, Status.ON_TRACK),
        ("0.4749", HALF, Status.AT_RISK),
        ("0.375", HALF, Status.AT_RISK),
        ("0.3749", HALF, Status.OFF_TRACK),
        ("0", HALF, Status.OFF_TRACK),
        ("-1", HALF, Status.OFF_TRACK),
        ("0.9999", HALF, Status.ON_TRACK),
        ("1", HALF, Status.DONE),
        ("3", HALF, Status.DONE),
        ("0", "2026-12-31", Status.NOT_STARTED),
        ("0.5", "2026-12-31", Status.NOT_STARTED),
        ("1", "2026-12-31", Status.DONE),
        ("0", "2027-01-01", Status.ON_TRACK),
        ("-0.1", "2027-01-01", Status.AT_RISK),
        ("0", "2027-01-02", Status.AT_RISK),
        ("0", "2027-01-10", Status.AT_RISK),
        ("0", "2027-01-11", Status.OFF_TRACK),
        ("0.95", "2027-03-31", Status.ON_TRACK),
        ("0.95", "2027-04-01", Status.ON_TRACK),
        ("0.9499", "2027-04-01", Status.AT_RISK),
        ("0.74", "2028-01-01", Status.OFF_TRACK),
        ("1", "2028-01-01", Status.DONE),
    ],
)
def test_status_by_the_pace_of_the_period(reached: str, today: str, found: Status) -> None:
    assert status(Decimal(reached), Q1, date.fromisoformat(today)) is found


@pytest.mark.parametrize(
    ("reached", "today", "found"),
    [
        ("0.7", HALF, Status.ON_TRACK),
        ("0.6999", HALF, Status.AT_RISK),
        ("0.3", HALF, Status.AT_RISK),
        ("0.2999", HALF, Status.OFF_TRACK),
        ("0.1", "2027-01-05", Status.AT_RISK),
        ("0.1", "2027-04-05", Status.OFF_TRACK),
        ("1", HALF, Status.DONE),
        ("0.9", "2026-12-31", Status.NOT_STARTED),
    ],
)
def test_status_by_fixed_bands(reached: str, today: str, found: Status) -> None:
    assert status(Decimal(reached), Q1, date.fromisoformat(today), bands="score") is found


def test_without_a_period() -> None:
    assert status(Decimal("0.5"), None, date(2027, 1, 1)) is Unmeasured.NO_PERIOD
    assert status(Decimal(1), None, date(2027, 1, 1)) is Status.DONE
    assert status(Decimal("0.5"), None, date(2027, 1, 1), bands="score") is Status.AT_RISK


def test_pace_and_lag_reach_the_status() -> None:
    assert status(Decimal("0.25"), FEBRUARY, date(2027, 2, 8)) is Status.ON_TRACK
    assert status(Decimal("0.19"), FEBRUARY, date(2027, 2, 8)) is Status.AT_RISK
    assert status(Decimal("0.25"), FEBRUARY, date(2027, 2, 14), pace="workdays") is Status.OFF_TRACK
    assert status(Decimal("0.25"), FEBRUARY, date(2027, 2, 15), lag_days=7) is Status.ON_TRACK


def test_the_last_day_is_not_over() -> None:
    assert status(Decimal("0.94"), DAY, date(2027, 2, 3)) is Status.ON_TRACK
    assert status(Decimal("0.94"), DAY, date(2027, 2, 4)) is Status.AT_RISK


@settings(deadline=None)
@given(
    st.decimals(-2, 2, places=3),
    st.decimals(-2, 2, places=3),
    st.dates(date(2026, 12, 1), date(2027, 5, 1)),
    st.sampled_from(["pace", "score"]),
)
def test_more_progress_is_never_a_worse_status(one: Decimal, other: Decimal, today: date, bands: str) -> None:
    order = [Status.OFF_TRACK, Status.AT_RISK, Status.ON_TRACK, Status.DONE]
    low, high = (status(value, Q1, today, bands=bands) for value in sorted((one, other)))  # type: ignore[arg-type]
    if Status.NOT_STARTED in (low, high):
        assert today < Q1.start
    else:
        assert order.index(low) <= order.index(high)  # type: ignore[arg-type]
    early = expected(Q1, today) <= Decimal("0.1")
    assert not (early and Status.OFF_TRACK in (low, high))


# --- means and colours -------------------------------------------------------------------------------------------------


def test_means() -> None:
    assert mean([]) is None
    assert mean([Share(Decimal("0.5"))]) == Decimal("0.5")
    assert mean([Share(Decimal(1)), Share(Decimal(0))]) == Decimal("0.5")
    assert mean([Share(Decimal(1), Decimal(3)), Share(Decimal(0))]) == Decimal("0.75")
    assert mean([Share(Decimal(1), Decimal(0)), Share(Decimal(0))]) == 0
    assert mean([Share(Decimal(1), Decimal(0))]) is None


def lightness(colour: str) -> float:
    """CIE L* of an sRGB colour (IEC 61966-2-1)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return 116 * luminance ** (1 / 3) - 16


def test_the_colours_that_matter_are_told_apart_without_their_hue() -> None:
    assert set(COLOURS) == set(Status)
    assert {str(one) for one in Status} == set(layout.STATUSES)
    judged = sorted(lightness(COLOURS[one]) for one in Status if one is not Status.NOT_STARTED)
    assert all(higher - lower >= 6 for lower, higher in itertools.pairwise(judged))
    assert all(lightness(colour) > 60 for colour in COLOURS.values()), "black text must be legible"


def test_every_period_has_its_days() -> None:
    assert (period.quarter(2028, 1).end, period.month(2028, 2).end, period.year(2027).end) == (
        date(2028, 3, 31),
        date(2028, 2, 29),
        date(2027, 12, 31),
    )
