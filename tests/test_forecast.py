"""The forecast and the costs: what figures say about the end of a period, and when they say nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sheetsync.forecast import Forecast, Goal, TooLittle, forecast
from sheetsync.model import Kind
from sheetsync.okr.period import month, quarter
from sheetsync.returns import Cost, costs, evenly

QUARTER = quarter(2027, 1)
BEGIN = datetime(2027, 1, 1, tzinfo=UTC)
GOAL = Goal(QUARTER, Decimal(900))
NOW = BEGIN + timedelta(days=60, hours=20)


def figures(*values: float, first: int = 0, every: int = 1) -> list[tuple[datetime, Decimal]]:
    return [
        (BEGIN + timedelta(days=first + number * every, hours=12), Decimal(repr(value))) for number, value in enumerate(values)
    ]


def line(rate: float, days: int = 61, begin: float = 0.0) -> list[tuple[datetime, Decimal]]:
    return figures(*(begin + rate * day for day in range(days)))


def found(series: list[tuple[datetime, Decimal]], goal: Goal = GOAL, now: datetime = NOW) -> Forecast:
    result = forecast(series, goal, now, UTC)
    assert isinstance(result, Forecast), result
    return result


def test_a_straight_line_goes_on() -> None:
    result = found(line(10.0))
    assert result.end == pytest.approx(895, abs=15)
    assert result.low < result.end < result.high
    assert result.risk < 0.05
    assert not result.off_track
    assert result.reached is not None
    assert abs((result.reached - date(2027, 4, 1)).days) <= 2
    assert (result.figures, result.days) == (61, 60)


def test_a_slow_line_is_announced() -> None:
    result = found(line(6.0))
    assert result.off_track
    assert result.risk > 0.9
    assert result.reached is not None
    assert result.reached > QUARTER.end


def test_a_stall_is_noticed_within_weeks_although_the_pace_is_still_met() -> None:
    stalled = figures(*(min(day, 40) * 13.0 for day in range(61)))
    assert found(stalled).off_track
    assert float(stalled[-1][1]) / 900 / (61 / 90) > 0.75  # a rule of the pace alone sees nothing yet


def test_a_recovery_is_noticed() -> None:
    result = found(figures(*(day * 2.0 if day < 40 else 80 + (day - 40) * 25.0 for day in range(61))))
    assert not result.off_track


@pytest.mark.parametrize("slip", [0.0, 99_999.0])
@pytest.mark.parametrize("day", [15, 40, 57])
def test_a_slip_for_a_day_changes_nothing(slip: float, day: int) -> None:
    plain = line(10.0)
    slipped = [(at, Decimal(repr(slip)) if number == day else value) for number, (at, value) in enumerate(plain)]
    assert found(slipped).end == pytest.approx(found(plain).end, abs=10)


def test_a_step_that_stays_is_believed() -> None:
    result = found(figures(*(0.0 if day < 30 else 700.0 for day in range(61))))
    assert result.end >= 700


def test_weekly_steps_are_not_forgotten() -> None:
    result = found(figures(*(float(day // 14 * 140) for day in range(61))))
    assert result.end == pytest.approx(880, abs=150)


def test_a_decrease_and_its_day() -> None:
    goal = Goal(QUARTER, Decimal(8), Decimal(20))
    result = found(figures(*(20 - day * 0.14 for day in range(61))), goal)
    assert result.end == pytest.approx(20 - 90 * 0.14, abs=0.5)
    assert not result.off_track
    assert result.reached is not None
    assert found(figures(*(20 + day * 0.01 for day in range(61))), goal).reached is None


def test_a_level_is_held_not_added_up() -> None:
    goal = Goal(QUARTER, Decimal("0.4"), None, Kind.AT_LEAST)
    assert not found(figures(*(0.42 + 0.02 * (day % 7 == 3) for day in range(61))), goal).off_track
    assert found(figures(*(0.2 for _ in range(61))), goal).off_track
    most = Goal(QUARTER, Decimal(5), None, Kind.AT_MOST)
    assert not found(figures(*(4.5 for _ in range(61))), most).off_track
    assert found(figures(*(9.0 for _ in range(61))), most).off_track


def test_a_target_that_is_reached_says_since_when() -> None:
    assert found(line(20.0)).reached == date(2027, 2, 15)


def test_yes_and_no() -> None:
    goal = Goal(QUARTER, None, None, Kind.YES_NO)
    done = found(figures(0, 0, 0, 1, 1), goal)
    assert (done.end, done.risk, done.reached) == (1.0, 0.0, date(2027, 1, 4))
    assert forecast(figures(0, 0, 1, 0), goal, NOW, UTC) is TooLittle.YES_NO


@pytest.mark.parametrize(
    ("series", "goal", "now", "why"),
    [
        (line(1), Goal(None, Decimal(5)), NOW, TooLittle.NO_PERIOD),
        (line(1), Goal(QUARTER, None), NOW, TooLittle.NO_TARGET),
        (line(1), GOAL, BEGIN - timedelta(days=1), TooLittle.NOT_BEGUN),
        (line(1), GOAL, BEGIN + timedelta(days=90), TooLittle.OVER),
        ([], GOAL, NOW, TooLittle.FEW_FIGURES),
        (figures(1, 2, 3, first=50), GOAL, NOW, TooLittle.FEW_FIGURES),
        (figures(1, 2, 3, 4, 5, first=55), GOAL, NOW, TooLittle.SHORT_TIME),
        (line(1, days=20), GOAL, NOW, TooLittle.OLD_FIGURES),
        (figures(*range(12), first=-12), GOAL, NOW, TooLittle.FEW_FIGURES),
    ],
)
def test_too_little_is_said(series: list[tuple[datetime, Decimal]], goal: Goal, now: datetime, why: TooLittle) -> None:
    assert forecast(series, goal, now, UTC) is why


def test_many_figures_of_one_day_are_one() -> None:
    crowd = [(BEGIN + timedelta(days=50, minutes=number), Decimal(number)) for number in range(100)]
    assert forecast(crowd, GOAL, NOW, UTC) is TooLittle.FEW_FIGURES


def test_figures_of_the_future_are_not_known_yet() -> None:
    early = BEGIN + timedelta(days=30)
    jumps = figures(*(day * 5.0 if day <= 29 else 5000.0 for day in range(61)))
    assert found(jumps, now=early) == found(jumps[:30], now=early)


def test_the_start_of_the_plan_is_where_a_late_series_began() -> None:
    late = [point for point in line(10.0) if point[0] > BEGIN + timedelta(days=52)]
    assert forecast(late, GOAL, NOW, UTC) is TooLittle.SHORT_TIME
    assert found(late, Goal(QUARTER, Decimal(900), Decimal(0))).end == pytest.approx(895, abs=40)


def test_days_are_those_of_the_zone() -> None:
    shanghai = ZoneInfo("Asia/Shanghai")
    goal = Goal(month(2027, 3), Decimal(30))
    last = datetime(2027, 3, 31, 15, 59, tzinfo=UTC)
    series = [(datetime(2027, 3, day, 12, tzinfo=UTC), Decimal(day)) for day in range(1, 31)]
    assert isinstance(forecast(series, goal, last, shanghai), Forecast)
    assert forecast(series, goal, last + timedelta(minutes=1), shanghai) is TooLittle.OVER


@given(
    st.lists(st.tuples(st.integers(0, 60), st.decimals(-(10**12), 10**12, allow_nan=False, places=2)), max_size=40),
    st.decimals(-(10**6), 10**6, places=2), st.decimals(-(10**6), 10**6, places=2) | st.none(), st.sampled_from(Kind),
)  # fmt: skip
def test_any_series_gives_a_forecast_in_order_or_a_reason(
    days: list[tuple[int, Decimal]], target: Decimal, start: Decimal | None, kind: Kind
) -> None:
    series = [(BEGIN + timedelta(days=day, hours=6), value) for day, value in days]
    result = forecast(series, Goal(QUARTER, target, start, kind), NOW, UTC)
    if isinstance(result, Forecast):
        assert result.low <= result.end <= result.high
        assert 0 <= result.risk <= 1
        assert result == forecast(series[::-1], Goal(QUARTER, target, start, kind), NOW, UTC)


# --- what results cost ---------------------------------------------------------------------------------------------------


def test_what_a_result_costs_on_average_and_at_the_margin() -> None:
    spending = evenly(Decimal(9000), QUARTER, UTC)  # 100 a day
    series = [(BEGIN + timedelta(days=day), Decimal(min(day, 30) * 10 + max(day - 30, 0) * 5)) for day in range(61)]
    cost = costs(series, spending, start=Decimal(0), target=Decimal(900))
    assert cost is not None
    assert cost.spent == pytest.approx(Decimal(6000))
    assert cost.per_result == pytest.approx(Decimal(6000) / 450)
    assert cost.marginal == pytest.approx(Decimal(20))
    assert cost.needed == pytest.approx(Decimal(6000 + 450 * 20))


def test_a_percentage_costs_by_the_point_and_a_decrease_by_what_it_fell() -> None:
    spending = [(BEGIN, Decimal(0)), (BEGIN + timedelta(days=10), Decimal(100))]
    share = [(BEGIN + timedelta(days=10), Decimal("0.15"))]
    assert costs(share, spending, start=Decimal("0.1"), target=Decimal("0.2"), kind=Kind.PERCENT) == Cost(
        Decimal(100), Decimal(20), None, Decimal(200)
    )
    fell = [(BEGIN + timedelta(days=10), Decimal(15))]
    assert costs(fell, spending, start=Decimal(20), target=Decimal(10)) == Cost(Decimal(100), Decimal(20), None, Decimal(200))


def test_nothing_reached_costs_nothing_that_could_be_told() -> None:
    spending = evenly(Decimal(9000), QUARTER, UTC)
    for series in ([], [(BEGIN + timedelta(days=9), Decimal(0))], [(BEGIN, Decimal(5))]):
        assert costs(series, spending, start=Decimal(0), target=Decimal(9)) is None
    assert costs(figures(5), spending, start=Decimal(0), target=Decimal(1), kind=Kind.YES_NO) is None
    assert costs(figures(5), spending, start=Decimal(3), target=Decimal(3)) is None
