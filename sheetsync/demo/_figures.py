"""The share of the quarter that has passed goes in, the figures of the demo come out: the same picture on each day of a quarter.

Nothing here is random: the same day gives the same rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from sheetsync.model import Period
from sheetsync.okr.progress import Status, expected, status


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure of the plan, and how far it has come.

    `pace` against the calendar: 1 is exactly on it, 0.6 far behind; `places` decimals, -2 for whole hundreds; `seen` the share of
    today's way that Result already shows before the first run, None where it is blank
    """

    start: float
    target: float
    pace: float
    places: int = 0
    seen: float | None = None

    def at(self, passed: float) -> float:
        """The figure after this share of the quarter; rounding never moves it across its pace."""
        step = 10.0**self.places
        way = abs(self.target - self.start) * self.pace * passed * step
        steps = math.ceil(way - 1e-9) if self.pace >= 1 else math.floor(way + 1e-9)
        return round(self.start + math.copysign(steps / step, self.target - self.start), max(self.places, 0))

    def before(self, passed: float) -> float | None:
        return None if self.seen is None else self.at(passed * self.seen)


WEBSITE_LEADS: Final = Goal(0, 48, 1.05, seen=0.8)
WEBSITE_PIPELINE: Final = Goal(0, 180_000, 0.86, places=-2, seen=0.8)
MID_MARKET: Final = Goal(0.45, 0.60, 1.05, places=3)
ARTICLE_VISITS: Final = Goal(0, 30_000, 1.02, seen=0.9)
OPEN_RATE: Final = Goal(0.31, 0.38, 0.85, places=3, seen=1)
SLOW_PAGES: Final = Goal(24, 6, 0.88, seen=0.7)
AD_LEADS: Final = Goal(0, 24, 0.6, seen=0.8)
COST_PER_LEAD: Final = Goal(85, 60, 1.01, places=2, seen=0.85)
AD_RETURN: Final = Goal(2.1, 3.0, 0.85, places=2)
AWARENESS: Final = Goal(0.14, 0.20, 1.15, places=3, seen=0.7)
PRESS: Final = Goal(0, 12, 1.0, seen=1)
EVENT_PIPELINE: Final = Goal(0, 60_000, 1.4, places=-2)
RECOMMENDATION: Final = Goal(32, 45, 0.9, seen=0.8)
FEEDBACK: Final = Goal(0, 6, 1.0, seen=1)
LESSONS: Final = Goal(0, 20, 1.1)


@dataclass(frozen=True, slots=True)
class Moment:
    """A day, the quarter that it lies in, and how much of that has passed; on the first day, as if it were over."""

    today: date
    quarter: Period

    @property
    def passed(self) -> float:
        days = (self.quarter.end - self.quarter.start).days + 1
        return max(float(expected(self.quarter, self.today)), 1 / days)

    @property
    def days(self) -> int:
        """Full days before today, at least one."""
        return max(1, (self.today - self.quarter.start).days)

    def day(self, number: int, of: int) -> date:
        """The day of the `number`th of so many events, spread over the days before today."""
        return self.quarter.start + timedelta(days=number * self.days // of)


_CHECK_INS: Final = 13
_FIRST_PACE: Final = 0.8


def check_ins(moment: Moment) -> tuple[tuple[float, float | None], ...]:
    """What the team noted week by week before today: progress overall, and the share of key results on track.

    It began slowly: at 0.8 of the pace that it has now.
    """
    span = moment.quarter
    days = (span.end - span.start).days + 1
    found: list[tuple[float, float | None]] = [(0.0, None)]
    for number in range(1, _CHECK_INS):
        day = span.start + timedelta(days=round(number * days / _CHECK_INS) - 1)
        following = span.start + timedelta(days=round((number + 1) * days / _CHECK_INS) - 1)
        if following > moment.today:
            break
        passed = float(expected(span, day))
        found.append(_standing(passed * (_FIRST_PACE + (1 - _FIRST_PACE) * passed / moment.passed), span, day))
    return tuple(found)


def _standing(passed: float, span: Period, day: date) -> tuple[float, float]:
    def reached(goal: Goal) -> float:
        return (goal.at(passed) - goal.start) / (goal.target - goal.start)

    def together(*goals: Goal) -> float:
        return sum(goal.at(passed) for goal in goals)

    teams = [
        [reached(goal) for goal in goals]
        for goals in (
            (WEBSITE_LEADS, WEBSITE_PIPELINE, MID_MARKET), (ARTICLE_VISITS, OPEN_RATE, SLOW_PAGES),
            (AD_LEADS, COST_PER_LEAD, AD_RETURN), (AWARENESS, PRESS, EVENT_PIPELINE),
        )
    ]  # fmt: skip
    trusted = [*teams[1], *teams[3][:2]]
    sales = [together(WEBSITE_LEADS, AD_LEADS) / 72, together(WEBSITE_PIPELINE, EVENT_PIPELINE) / 240_000]
    brand = [sum(trusted) / len(trusted), reached(RECOMMENDATION)]
    overall = sum(_mean(part) for part in (sales, brand)) / 2
    progress = _mean([overall, *(_mean(team) for team in teams)])
    rows = [*sales, *brand, *(row for team in teams for row in team)]
    good = sum(status(Decimal(str(row)), span, day) in (Status.DONE, Status.ON_TRACK) for row in rows)
    return round(progress, 3), round(good / len(rows), 3)


def _mean(parts: list[float]) -> float:
    return sum(parts) / len(parts)


@dataclass(frozen=True, slots=True)
class Lead:
    """A line of the leads file; `company` is a place in the list of names."""

    number: int
    day: date
    company: int
    country: str
    channel: str
    stage: str
    mid_market: bool
    amount: int


def leads(moment: Moment, companies: int) -> list[Lead]:
    """Between 60 and 120 leads whose counts, sums and shares are those of the goals above."""
    passed = moment.passed
    total = 60 + round(60 * passed)
    website, ads = int(WEBSITE_LEADS.at(passed)), int(AD_LEADS.at(passed))
    sales = website + ads
    marketing = sales + (total - sales) * 2 // 5
    mid_market = math.ceil(MID_MARKET.at(passed) * total)
    amounts = iter(_split(int(WEBSITE_PIPELINE.at(passed)), website))
    found = []
    for number, (rank, size) in enumerate(zip(_scattered(total, _GOLDEN), _scattered(total, _SILVER), strict=True)):
        if rank < website:
            channel, stage, amount = "website", "SQL", next(amounts)
        elif rank < sales:
            channel, stage, amount = "ads", "SQL", 2_200 + 100 * (number % 9)
        else:
            channel, stage, amount = ("website", "event", "ads")[number % 3], "MQL" if rank < marketing else "lead", 0
        country = _COUNTRIES[number * 3 % len(_COUNTRIES)]
        day = moment.day(number, total)
        found.append(Lead(number + 1, day, number * 7 % companies, country, channel, stage, size < mid_market, amount))
    return found


@dataclass(frozen=True, slots=True)
class Spend:
    """A week of advertising: money spent, leads that came of it, revenue from them."""

    week: date
    campaign: str
    cost: float
    leads: int
    revenue: float


def spending(moment: Moment) -> list[Spend]:
    cost, back = COST_PER_LEAD.at(moment.passed), AD_RETURN.at(moment.passed)
    found = []
    for week in range(-(-moment.days // 7)):
        count = 9 + week * 5 % 7
        spent = round(cost * count, 2)
        campaign = ("search", "social", "retargeting")[week % 3]
        found.append(Spend(moment.quarter.start + timedelta(weeks=week), campaign, spent, count, round(spent * back, 2)))
    return found


@dataclass(frozen=True, slots=True)
class Deal:
    """A deal that came from an event or a partner."""

    day: date
    company: int
    source: str
    amount: int


def deals(moment: Moment, companies: int) -> list[Deal]:
    total = 3 + round(6 * moment.passed)
    amounts = _split(int(EVENT_PIPELINE.at(moment.passed)), total)
    return [
        Deal(moment.day(number, total), (number * 3 + 1) % companies, ("event", "partner")[number % 2], amount)
        for number, amount in enumerate(amounts)
    ]


_GOLDEN: Final = 0.618034
_SILVER: Final = 0.414214
_COUNTRIES: Final = ("DE", "FR", "NL", "CN", "AT")


def _scattered(total: int, step: float) -> list[int]:
    """The numbers below `total`, each once, in an order without runs: the ranks of the multiples of an irrational number."""
    order = sorted(range(total), key=lambda number: number * step % 1)
    ranks = [0] * total
    for rank, number in enumerate(order):
        ranks[number] = rank
    return ranks


def _split(amount: int, parts: int) -> list[int]:
    """An amount in whole hundreds, as uneven parts that add up to it."""
    weights = [3 + part * 7 % 5 for part in range(parts)]
    shares = [amount // 100 * weight // sum(weights) * 100 for weight in weights]
    return [*shares[:-1], amount - sum(shares[:-1])]
