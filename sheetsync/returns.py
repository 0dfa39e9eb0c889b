"""What was spent and what was reached go in, what a result costs comes out, and the money that the target needs.

Amounts are in the currency of the Budget column, whatever it is. A result is one unit of the key result's own measure; of a
percentage it is one point. Where only a budget for the whole period is known, `evenly` takes it as spent day by day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Final, TypeAlias

from sheetsync.forecast import midnight
from sheetsync.model import Kind, Period

Series: TypeAlias = Sequence[tuple[datetime, Decimal]]
"""Moments (aware) in order, and what was reached or spent until then."""

RECENT: Final = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class Cost:
    """What results cost.

    `per_result`  spent so far, by each result so far
    `marginal`    what each result of the last four weeks has cost; None where those brought none
    `needed`      what the target needs in all: spent so far, and the missing results at the marginal cost (where that is not
                  known, at the average)
    """

    spent: Decimal
    per_result: Decimal
    marginal: Decimal | None
    needed: Decimal


def costs(figures: Series, spending: Series, *, start: Decimal, target: Decimal, kind: Kind = Kind.NUMBER) -> Cost | None:
    """None where nothing was reached or spent yet, and for kinds of key results that do not add up."""
    if kind not in (Kind.NUMBER, Kind.PERCENT) or not figures or not spending or target == start:
        return None
    unit = Decimal("0.01") if kind is Kind.PERCENT else Decimal(1)
    sign = 1 if target > start else -1

    def gained(value: Decimal) -> Decimal:
        return (value - start) * sign / unit

    now, newest = figures[-1]
    spent, reached = _at(spending, now), gained(newest)
    if spent <= 0 or reached <= 0:
        return None
    per_result = spent / reached
    before = [(moment, value) for moment, value in figures if moment <= now - RECENT]
    marginal = None
    if before:
        moment, value = before[-1]
        more = reached - gained(value)
        marginal = (spent - _at(spending, moment)) / more if more > 0 else None
    missing = max(gained(target) - reached, Decimal(0))
    return Cost(spent, per_result, marginal, spent + missing * (per_result if marginal is None else marginal))


def evenly(budget: Decimal, period: Period, zone: tzinfo | None = None) -> Series:
    """A budget as if the same were spent on each day of its period."""
    return [(midnight(period.start, zone), Decimal(0)), (midnight(period.end + timedelta(days=1), zone), budget)]


def _at(series: Series, moment: datetime) -> Decimal:
    """The value at a moment, on a straight line between the two around it; the first before all, the last after all."""
    before = series[0]
    for point in series:
        if point[0] >= moment:
            width = (point[0] - before[0]).total_seconds()
            share = (
                Decimal(repr((moment - before[0]).total_seconds() / width)) if width > 0 and moment > before[0] else Decimal(0)
            )
            return before[1] + (point[1] - before[1]) * share
        before = point
    return before[1]
