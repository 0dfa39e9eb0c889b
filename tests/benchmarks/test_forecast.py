"""How early and how truly "off track by the end" is announced, on series whose end is known (`-m benchmark -s`).

Each series is a quarter of one key result, made by chance from a seed: the truth is the value that the process has at the
quarter's end, without noise, slips or delay; it is off track where less than three quarters of the way is covered. What is
announced may use only what was reported until three weeks before. The seeds here are not those the method was chosen with.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest

from sheetsync.forecast import Forecast, Goal, forecast
from sheetsync.model import Kind
from sheetsync.okr.period import quarter
from sheetsync.okr.progress import expected, progress

QUARTER: Final = quarter(2027, 1)
BEGIN: Final = datetime(2027, 1, 1, tzinfo=UTC)
DAYS: Final = (QUARTER.end - QUARTER.start).days + 1
SEED, OF_EACH = 20270401, 30


@dataclass(frozen=True)
class Series:
    """`reported` as (moment of the figure, value), of which a day sees those that were `seen` until then."""

    shape: str
    goal: Goal
    reported: list[tuple[datetime, Decimal]]
    seen: list[datetime]
    end: float

    @property
    def off_track(self) -> bool:
        return self.goal.missed_by(self.end)

    def until(self, now: datetime) -> list[tuple[datetime, Decimal]]:
        return [point for point, seen in zip(self.reported, self.seen, strict=True) if seen <= now]


# --- shapes: the share of the way on each day ----------------------------------------------------------------------------

Way = list[float]
Chance = random.Random


def summed(daily: list[float], final: float) -> Way:
    total, way, reached = sum(daily), [], 0.0
    for step in daily:
        reached += step * final / total
        way.append(reached)
    return way


def ends(chance: Chance) -> float:
    """Where a key result ends: a bit under half of them off track, many of them close to the line."""
    return chance.triangular(0.2, 1.35, 0.8)


def linear(chance: Chance) -> Way:
    return summed([chance.gammavariate(2, 1) for _ in range(DAYS)], ends(chance))


def s_curve(chance: Chance) -> Way:
    middle, steep = chance.uniform(0.3, 0.65), chance.uniform(6, 12)
    raw = [1 / (1 + math.exp(-steep * (day / DAYS - middle))) for day in range(DAYS + 1)]
    return summed([max(b - a, 1e-9) * chance.uniform(0.6, 1.4) for a, b in pairwise(raw)], ends(chance))


def saturating(chance: Chance) -> Way:
    quick = chance.uniform(1.5, 4)
    return summed([math.exp(-quick * day / DAYS) * chance.uniform(0.6, 1.4) for day in range(DAYS)], ends(chance))


def steps(chance: Chance) -> Way:
    daily = [0.0] * DAYS
    for _ in range(chance.randint(4, 12)):
        daily[chance.randrange(DAYS)] += chance.lognormvariate(0, 0.5)
    return summed(daily, ends(chance))


def campaigns(chance: Chance) -> Way:
    daily = [chance.uniform(0.5, 1.5) for _ in range(DAYS)]
    for _ in range(chance.randint(1, 3)):
        begin, length, strength = chance.randrange(DAYS), chance.randint(5, 14), chance.uniform(2, 6)
        for day in range(begin, min(begin + length, DAYS)):
            daily[day] *= strength
    return summed(daily, ends(chance))


def weekdays(chance: Chance) -> Way:
    weekend = chance.uniform(0, 0.3)
    return summed(
        [(weekend if (BEGIN + timedelta(day)).weekday() >= 5 else 1) * chance.uniform(0.4, 1.6) for day in range(DAYS)],
        ends(chance),
    )


def stall(chance: Chance) -> Way:
    until, rest = chance.uniform(0.3, 0.85), chance.uniform(0, 0.2)
    planned = chance.uniform(0.8, 1.3)
    return summed_at(chance, planned, lambda share: 1.0 if share < until else rest)


def recovery(chance: Chance) -> Way:
    since, slow = chance.uniform(0.3, 0.85), chance.uniform(0.1, 0.5)
    quick = chance.uniform(1.0, 2.2)
    return summed_at(chance, 1.0, lambda share: slow if share < since else quick)


def summed_at(chance: Chance, pace: float, of: Callable[[float], float]) -> Way:
    """A pace that changes, whatever end it leads to."""
    way, reached = [], 0.0
    for day in range(DAYS):
        reached += pace * of(day / DAYS) / DAYS * chance.gammavariate(3, 1 / 3)
        way.append(reached)
    return way


def wandering(chance: Chance) -> Way:
    """A figure that also falls: followers, an open rate."""
    final, way, here = ends(chance), [], 0.0
    for _ in range(DAYS):
        here += final / DAYS + chance.gauss(0, 0.02)
        way.append(here)
    return way


SHAPES: Final = (linear, s_curve, saturating, steps, campaigns, weekdays, stall, recovery, wandering)

# --- what is seen of them ------------------------------------------------------------------------------------------------


def made(
    shape: str, way: Way, chance: Chance, *, keep: Callable[[int], bool] = lambda _day: True, late: int = 0, dated: bool = True,
    slips: int = 0, noise: float = 0.0, start: float = 0.0, target: float = 1000.0,
) -> Series:  # fmt: skip
    """`late`: so many days pass before a figure is seen; `dated`: the source says which day it is of."""
    span = target - start
    slipped = set(chance.sample(range(10, DAYS), slips)) if slips else set()
    reported, seen = [], []
    for day, share in enumerate(way):
        if not keep(day):
            continue
        value = start + span * (share + chance.gauss(0, noise))
        if day in slipped:
            value = chance.choice((0.0, value * 10, value + 3 * span))
        known = BEGIN + timedelta(days=day + late, hours=18)
        reported.append((BEGIN + timedelta(days=day, hours=18) if dated else known, Decimal(repr(round(value, 4)))))
        seen.append(known)
    goal = Goal(QUARTER, Decimal(repr(target)), Decimal(repr(start)) if start else None, Kind.NUMBER)
    return Series(shape, goal, reported, seen, start + span * way[-1])


def sparse(chance: Chance) -> Callable[[int], bool]:
    days, day = set(), 0
    while day < DAYS:
        days.add(day)
        day += chance.randint(1, 10)
    return lambda day: day in days


def level(chance: Chance) -> Series:
    """A share that is to be held above a line, with a rhythm of the week."""
    target = chance.uniform(0.2, 0.5)
    begin, final = target * chance.uniform(0.5, 1.1), target * chance.uniform(0.45, 1.2)
    weekly = chance.uniform(0, 0.08)
    way = [begin + (final - begin) * min(1, day / DAYS * 1.2) for day in range(DAYS)]
    seen = [BEGIN + timedelta(days=day, hours=18) for day in range(DAYS)]
    values = [value * (1 + weekly * math.sin(day * math.tau / 7) + chance.gauss(0, 0.04)) for day, value in enumerate(way)]
    goal = Goal(QUARTER, Decimal(repr(target)), None, Kind.AT_LEAST)
    return Series("level", goal, [(at, Decimal(repr(round(v, 6)))) for at, v in zip(seen, values, strict=True)], seen, way[-1])


def series(seed: int, of_each: int) -> Iterator[Series]:
    chance = random.Random(seed)
    for _ in range(of_each):
        for shape in SHAPES:
            yield made(shape.__name__, shape(chance), chance)
        yield made("decrease", chance.choice(SHAPES)(chance), chance, start=20.0, target=8.0)
        yield made("noise", chance.choice(SHAPES)(chance), chance, noise=0.03)
        yield made("slips", chance.choice(SHAPES)(chance), chance, slips=4)
        yield made("sparse", chance.choice(SHAPES)(chance), chance, keep=sparse(chance))
        yield made("weekly", chance.choice(SHAPES)(chance), chance, keep=lambda day: day % 7 == 4)
        yield made("late", chance.choice(SHAPES)(chance), chance, late=chance.randint(3, 10), dated=chance.random() < 0.5)
        yield level(chance)


# --- who announces what --------------------------------------------------------------------------------------------------


def share_of(one: Series, now: datetime) -> float:
    known = one.until(now)
    reached = progress(one.goal.kind, one.goal.start, one.goal.target, known[-1][1]) if known else Decimal(0)
    return float(reached) if isinstance(reached, Decimal) else 0.0


def by_forecast(one: Series, now: datetime) -> bool:
    found = forecast(one.until(now), one.goal, now, UTC)
    return isinstance(found, Forecast) and found.off_track


def by_pace(limit: float) -> Callable[[Series, datetime], bool]:
    return lambda one, now: share_of(one, now) / float(expected(QUARTER, now.date())) < limit


def by_score(limit: float) -> Callable[[Series, datetime], bool]:
    return lambda one, now: share_of(one, now) < limit


RULES: Final = {
    "forecast": by_forecast,
    "pace below 0.75 (off track)": by_pace(0.75),
    "pace below 0.95 (at risk)": by_pace(0.95),
    "score below 0.3 (off track)": by_score(0.3),
    "score below 0.7 (at risk)": by_score(0.7),
}


@dataclass(frozen=True)
class Marks:
    recall: float
    false_alarms: float


def marks(found: list[Series], rule: Callable[[Series, datetime], bool], weeks: int) -> Marks:
    """Recall: of those that end off track, how many were announced. False alarms: of the others, how many were announced."""
    now = BEGIN + timedelta(days=DAYS - 7 * weeks)
    bad, good = [one for one in found if one.off_track], [one for one in found if not one.off_track]
    return Marks(sum(rule(one, now) for one in bad) / max(len(bad), 1), sum(rule(one, now) for one in good) / max(len(good), 1))


def covered(found: list[Series], weeks: int) -> float:
    """In how many cases the true end lies inside the interval."""
    now = BEGIN + timedelta(days=DAYS - 7 * weeks)
    made = [(one, forecast(one.until(now), one.goal, now, UTC)) for one in found]
    inside = [one_f.low <= one.end <= one_f.high for one, one_f in made if isinstance(one_f, Forecast)]
    return sum(inside) / len(inside)


def table(found: list[Series]) -> list[str]:
    """The table of docs/forecast.md."""
    lines = [
        "| Announced by | 6 weeks: recall | false alarms | 4 weeks: recall | false alarms | 3 weeks: recall | false alarms |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, rule in RULES.items():
        cells = [f"{share:.0%}" for weeks in (6, 4, 3) for share in vars(marks(found, rule, weeks)).values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


@pytest.mark.benchmark
def test_off_track_by_the_end_is_announced_three_weeks_before() -> None:
    found = list(series(SEED, OF_EACH))
    bad = sum(one.off_track for one in found)
    assert len(found) >= 200
    assert 0.35 <= bad / len(found) <= 0.65
    print(f"\n{len(found)} series of {len({one.shape for one in found})} shapes, {bad} of them end off track")
    lines = table(found)
    print("\n".join(lines))
    print("the true end lies inside the interval:", ", ".join(f"{covered(found, weeks):.0%}" for weeks in (6, 4, 3)))
    announced = marks(found, by_forecast, 3)
    assert announced.recall >= 0.80
    assert announced.false_alarms <= 0.20
    for name, rule in RULES.items():
        if name != "forecast":
            fixed = marks(found, rule, 3)
            assert announced.recall - announced.false_alarms > fixed.recall - fixed.false_alarms, name
    assert 0.7 <= covered(found, 3) <= 0.95
    page = Path(__file__).parents[2] / "docs" / "forecast.md"
    assert "\n".join(lines) in page.read_text(encoding="utf-8"), "docs/forecast.md holds another table"
