"""Slots: each once, over both changes of the clock, in zones of every kind."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sheetsync.due import Timetable, timetable, weekdays

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # half an hour of daylight saving
ZONES = (BERLIN, NEW_YORK, LORD_HOWE, UTC, ZoneInfo("Asia/Shanghai"), ZoneInfo("Asia/Kathmandu"))


def local(zone: ZoneInfo, *parts: int) -> datetime:
    return datetime(*parts, tzinfo=zone).astimezone(UTC)  # type: ignore[arg-type,misc]


def test_times_of_day() -> None:
    table = Timetable(at=(time(8), time(13)), zone=BERLIN)
    found = table.between(local(BERLIN, 2027, 1, 4, 8), local(BERLIN, 2027, 1, 5, 8))
    assert found == [local(BERLIN, 2027, 1, 4, 13), local(BERLIN, 2027, 1, 5, 8)]


def test_a_time_that_the_night_skips_is_the_first_one_behind_it() -> None:
    table = Timetable(at=(time(2, 30),), zone=BERLIN)
    (slot,) = table.between(local(BERLIN, 2027, 3, 28, 0), local(BERLIN, 2027, 3, 28, 12))
    assert slot == datetime(2027, 3, 28, 1, 0, tzinfo=UTC)  # 03:00 summer time


def test_a_time_that_the_night_has_twice_is_its_first() -> None:
    table = Timetable(at=(time(2, 30),), zone=BERLIN)
    (slot,) = table.between(local(BERLIN, 2027, 10, 31, 0), local(BERLIN, 2027, 10, 31, 12))
    assert slot == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(("day", "hours"), [((2027, 3, 28), 23), ((2027, 10, 31), 25), ((2027, 6, 1), 24)])
def test_minutes_follow_real_time(day: tuple[int, int, int], hours: int) -> None:
    table = Timetable(every=timedelta(minutes=15), zone=BERLIN)
    begin = local(BERLIN, *day)
    end = local(BERLIN, *(datetime(*day) + timedelta(days=1)).timetuple()[:3])
    found = table.between(begin - timedelta(seconds=1), end - timedelta(seconds=1))
    assert len(found) == hours * 4
    assert {late - early for early, late in pairwise(found)} == {timedelta(minutes=15)}


def test_days() -> None:
    assert weekdays("daily") == frozenset(range(7))
    assert weekdays("mon-fri") == frozenset(range(5))
    assert weekdays("sat-mon,wed") == frozenset({5, 6, 0, 2})
    table = timetable(None, ("08:00",), "mon-fri", BERLIN)
    found = table.between(local(BERLIN, 2027, 1, 1), local(BERLIN, 2027, 1, 15))
    assert len(found) == 10
    assert {slot.astimezone(BERLIN).weekday() for slot in found} == set(range(5))


def test_what_config_wrote() -> None:
    assert timetable("2h", (), "daily", UTC).every == timedelta(hours=2)
    assert timetable("15m", ("08:00",), "daily", UTC).at == (time(8),)
    assert timetable(None, (), "daily", UTC).next(datetime(2027, 1, 1, 0, 10, tzinfo=UTC)) == datetime(
        2027, 1, 1, 0, 30, tzinfo=UTC
    )


@given(
    st.sampled_from(ZONES),
    st.lists(st.times(), max_size=4).map(lambda times: tuple(one.replace(second=0, microsecond=0, tzinfo=None) for one in times)),
    st.sampled_from([None, 7, 15, 60, 90, 720]),
    st.datetimes(datetime(2027, 1, 1), datetime(2027, 12, 1)),
    st.lists(st.integers(1, 200_000), min_size=1, max_size=6),
)
@settings(max_examples=60, deadline=None)
def test_cut_anywhere_the_slots_are_the_same(
    zone: ZoneInfo, at: tuple[time, ...], every: int | None, begin: datetime, steps: list[int]
) -> None:
    """However often somebody looks, each slot is seen once: no gap between two looks, and no overlap."""
    table = Timetable(None if every is None else timedelta(minutes=every), at, zone=zone)
    start = begin.replace(tzinfo=UTC)
    seen: list[datetime] = []
    here = start
    for step in steps:
        there = here + timedelta(seconds=step)
        seen += table.between(here, there)
        here = there
    assert seen == table.between(start, here)
    assert len(set(seen)) == len(seen)
    assert all(start < slot <= here for slot in seen)


@given(st.sampled_from(ZONES), st.times(), st.dates(datetime(2027, 1, 2).date(), datetime(2027, 12, 30).date()))
@settings(max_examples=100, deadline=None)
def test_a_time_of_day_has_one_slot_each_local_day(zone: ZoneInfo, clock: time, day: object) -> None:
    table = Timetable(at=(clock.replace(second=0, microsecond=0),), zone=zone)
    begin = datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)  # type: ignore[arg-type]
    end = begin + timedelta(days=3)
    days = [slot.astimezone(zone).date() for slot in table.between(begin - timedelta(seconds=1), end)]
    assert len(days) == len(set(days))
    assert len(days) >= 3
