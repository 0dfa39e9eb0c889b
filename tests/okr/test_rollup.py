"""Roll-ups: which rows contribute, in which order, and what is said where one cannot."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sheetsync.errors import Incomplete, NoSuchMetric, NotFound, Refused
from sheetsync.model import PERCENT, KeyResult, Outcome, Reading
from sheetsync.okr.rollup import contributors, roll_up
from sheetsync.okr.scan import scan

from .sheets import TODAY, Value, cell, grid

HEADINGS = ("Group", "Objective", "Key result", "Target", "Result", "Data link", "Aligned to", "Weight", "Period")


def rows(*given_: Sequence[Value], sheet: str = "2027") -> list[KeyResult]:
    return scan([grid([HEADINGS, *given_], sheet=sheet)], today=TODAY)


def rolled(found: Sequence[KeyResult]) -> dict[int, Outcome]:
    return roll_up(found, {index: row.result for index, row in enumerate(found)})


def value(outcome: Outcome) -> Decimal:
    assert isinstance(outcome, Reading), outcome
    return outcome.value


def part(
    name: str, result: Value, to: str = "KR1", target: Value = 100, weight: Value = None, group: str = "Team"
) -> list[Value]:
    return [group, "O9 Team", name, target, result, None, to, weight]


def whole(how: str, name: str = "KR1 Leads", target: Value = 1000, result: Value = None) -> list[Value]:
    return ["Overall", "O1 Grow", name, target, result, f"rollup:{how}"]


@pytest.mark.parametrize(("how", "expected"), [("sum", "90"), ("mean", "32.5"), ("progress", "0.325")])
def test_the_three_roll_ups(how: str, expected: str) -> None:
    found = rolled(rows(whole(how), part("a", 20), part("b", 30), part("c", 40, weight=2), part("other", 999, to="KR2")))
    assert value(found[0]) == Decimal(expected)  # means are weighted: (20 + 30 + 2 x 40) / 4


def test_the_progress_of_the_parts_is_a_percentage() -> None:
    outcome = rolled(rows(whole("progress"), part("a", 20)))[0]
    assert isinstance(outcome, Reading)
    assert (outcome.unit, outcome.source) == (PERCENT, "rollup:progress")


@pytest.mark.parametrize("to", ["KR1", "kr1 ", "Leads", "KR1 Leads", "O1", "Grow", "O1 Grow", "ＫＲ１"])
def test_a_row_is_aligned_by_id_or_name_of_key_result_or_objective(to: str) -> None:
    assert contributors(rows(whole("sum"), part("a", 20, to=to)), 0) == [1]


@pytest.mark.parametrize("to", ["", "KR", "KR11", "O9", "nothing"])
def test_other_rows_do_not_contribute(to: str) -> None:
    assert contributors(rows(whole("sum"), part("a", 20, to=to)), 0) == []


def test_an_id_that_several_groups_have_means_the_first_of_the_sheet() -> None:
    found = rows(
        whole("sum"), ["A", "O1 A", "KR1 Own", 100, None, "rollup:sum", "KR1"], part("x", 5, to="Own"), part("y", 7), part("z", 1)
    )
    assert contributors(found, 0) == [1, 3, 4]
    assert contributors(found, 1) == [2]
    outcome = rolled(found)
    assert (value(outcome[1]), value(outcome[0])) == (5, 13)


def test_an_id_of_another_sheet_is_meant_only_where_the_own_has_none() -> None:
    first = grid([HEADINGS, whole("sum"), part("a", 1)], sheet="2027-Q1")
    second = grid([HEADINGS, whole("sum"), part("b", 2)], sheet="2027-Q2")
    third = grid([HEADINGS, part("c", 4)], sheet="Late 1")
    assert [value(outcome) for outcome in rolled(scan([first, second, third], today=TODAY)).values()] == [5, 2]


def test_a_quarter_contributes_to_its_year_and_to_no_other_quarter() -> None:
    year = [*whole("sum"), None, None, "2027"]
    quarter = [*whole("sum", "KR1 Leads Q1"), None, None, "2027-Q1"]
    parts = [[*part("a", 1), "2027-Q1"], [*part("b", 2), "2027-Q2"], [*part("c", 4), "2028-Q1"]]
    assert [value(outcome) for outcome in rolled(rows(year, quarter, *parts)).values()] == [3, 1]


def test_a_roll_up_of_roll_ups_waits_for_them_and_never_takes_what_stood_there() -> None:
    top = whole("sum", "KR0 All", result=777)
    middle = ["Overall", "O2", "KR1 Leads", 1000, 555, "rollup:sum", "KR0"]
    found = rolled(rows(top, middle, part("a", 2), part("b", 3), part("c", 10, to="KR0")))
    assert (value(found[1]), value(found[0])) == (5, 15)


def test_a_circle_is_an_error_of_its_rows_and_of_nobody_else() -> None:
    one = ["A", "P", "KR1 x", 10, 5, "rollup:sum", "KR2"]
    two = ["A", "P", "KR2 y", 10, 5, "rollup:sum", "KR1"]
    above = ["A", "P", "KR3 z", 10, 5, "rollup:sum"]
    feeds = ["A", "P", "KR4 w", 10, 5, "rollup:sum", "KR3"]
    free = ["A", "P", "KR5 v", 10, None, "rollup:sum"]
    found = rolled(
        rows(one, two, above, feeds, free, part("a", 1, to="KR5", group="A"), ["A", "P", "KR6 u", 10, 5, "rollup:sum", "KR6"])
    )
    assert isinstance(found[0], Refused)
    assert isinstance(found[1], Refused)
    assert isinstance(found[3], NotFound)
    assert isinstance(found[2], Incomplete)
    assert value(found[4]) == 1
    assert isinstance(found[6], NotFound), "a row never contributes to itself"


def test_a_part_of_a_circle_is_not_taken_from_the_run_before() -> None:
    one = ["A", "P", "KR1 x", 10, 5, "rollup:sum", "P"]
    two = ["A", "P", "KR2 y", 10, 5, "rollup:sum", "KR1"]
    above = ["A", "P", "KR3 z", 10, 5, "rollup:sum"]
    found = rolled(rows(one, two, above))
    assert [type(found[at]) for at in range(3)] == [Refused, Refused, Incomplete]


@pytest.mark.parametrize(
    ("given_", "error", "says"),
    [
        ([], NotFound, "No row is aligned"),
        ([part("KR7 a", None), part("b", 5)], Incomplete, "KR7"),
        ([part("a", "soon")], Incomplete, "have no result"),
        ([part("a", 5), part("b", cell(0.5, "0%"), target=cell(0.9, "0%"))], NoSuchMetric, "mix percentages"),
    ],
)
def test_why_there_is_no_sum(given_: list[list[Value]], error: type[Exception], says: str) -> None:
    outcome = rolled(rows(whole("sum"), *given_))[0]
    assert isinstance(outcome, error)
    assert says in str(outcome)


def test_why_there_is_no_mean_or_progress() -> None:
    assert isinstance(rolled(rows(whole("mean"), part("a", 5, weight=0)))[0], NotFound)
    assert isinstance(rolled(rows(whole("progress"), part("a", 5, weight=0)))[0], NotFound)
    assert isinstance(rolled(rows(whole("progress"), part("a", 5, target=0)))[0], Incomplete)


def test_the_mean_of_percentages_is_one() -> None:
    outcome = rolled(rows(whole("mean"), part("a", cell(0.5, "0%"), target=cell(0.9, "0%")), part("b", 30, target="90%")))[0]
    assert isinstance(outcome, Reading)
    assert (outcome.value, outcome.unit) == (Decimal("0.4"), PERCENT)


def test_zero_is_a_result() -> None:
    assert value(rolled(rows(whole("sum"), part("a", 0)))[0]) == 0


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 9), st.booleans(), st.none() | st.integers(-9, 9)), min_size=1, max_size=10
    )
)
def test_any_web_of_roll_ups_ends_with_an_outcome_for_each(web: list[tuple[int, int, bool, int | None]]) -> None:
    found = rows(
        *(
            ["G", "O", f"KR{own} n{at}", 10, result, "rollup:sum" if rolls else None, f"KR{to}"]
            for at, (own, to, rolls, result) in enumerate(web)
        )
    )
    if any(row.source == "rollup:sum" for row in found):
        outcomes = rolled(found)
        assert set(outcomes) == {index for index, row in enumerate(found) if row.source == "rollup:sum"}
        for index, outcome in outcomes.items():
            if isinstance(outcome, Reading):
                parts = [outcomes[at] if at in outcomes else found[at].result for at in contributors(found, index)]
                assert sum(one.value if isinstance(one, Reading) else one for one in parts) == outcome.value  # type: ignore[misc, union-attr]
