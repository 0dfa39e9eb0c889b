"""What becomes of a decorated sheet: which rows are key results, and what their cells say."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sheetsync.errors import AmbiguousLink, LayoutError, LinkError, Refused, UnknownLink
from sheetsync.model import Cell, CellError, CellRef, Column, Grid, Kind, Link
from sheetsync.okr import period
from sheetsync.okr.scan import find_tables, scan, text

from .sheets import HEADINGS, LINK, TODAY, cell, grid, row, rows_of

ENGLISH = ("Group", "Objective", "Key result", "Target", "Result", "Data link")
CHINESE = ("部门", "目标", "关键结果", "目标值", "结果", "数据链接")


def names(*grids: Grid) -> list[tuple[str, str, str]]:
    return [(kr.group, kr.objective, kr.name) for kr in scan(grids, today=TODAY)]


# --- heading rows ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headings",
    [
        ENGLISH,
        CHINESE,
        ("TEAM", "objectives", "KR", "Goal", "Actual", "Source"),
        ("职能", "目标", "关键结果", "指标值", "实际值", "数据来源"),
    ],
)
def test_headings_in_either_language(headings: tuple[str, ...]) -> None:
    (kr,) = scan([grid([headings, ["Content", "Be known", "More readers", 100, 5, LINK]])], today=TODAY)
    assert (kr.group, kr.objective, kr.name, kr.target, kr.result) == ("Content", "Be known", "More readers", 100, 5)
    assert kr.source == Link(LINK)


def test_headings_in_any_order() -> None:
    values = dict(zip(ENGLISH, ["Content", "Be known", "More readers", 100, 5, LINK], strict=True))
    for order in itertools.islice(itertools.permutations(ENGLISH), 0, None, 37):
        (kr,) = scan([grid([order, [values[name] for name in order]])], today=TODAY)
        assert (kr.group, kr.objective, kr.name, kr.target, kr.result) == ("Content", "Be known", "More readers", 100, 5)
        assert kr.ref == CellRef("2027-Q1", 2, order.index("Result") + 1)


def test_a_table_may_stand_anywhere_and_extra_columns_are_left_alone() -> None:
    rows = [
        ["Marketing plan 2027"],
        [],
        [None, None, "Channel", *ENGLISH],
        [None, None, "Web", "Content", "O", "More", 100, 5, LINK],
    ]
    (kr,) = scan([grid(rows, top=7)], today=TODAY)
    assert kr.ref.a1 == "H10"
    assert Column.COMMENT not in kr.refs


def test_several_tables_on_one_sheet_and_on_several() -> None:
    first = grid([ENGLISH, ["A", "O", "one", 1, None, LINK], [], ["Second"], CHINESE, ["B", "P", "two", 2, None, LINK]])
    second = grid([ENGLISH[2:], ["three", 3, None, LINK]], sheet="Other")
    assert names(first, Grid("Empty", {}), second) == [("A", "O", "one"), ("B", "P", "two"), ("", "", "three")]
    assert [(table.row, table.last) for table in find_tables([first])] == [(1, 4), (5, 6)]


PLAN = [ENGLISH, ["A", "O", "one", 10, 5, LINK], ["A", "O", "two", 10, 5, None], []]
CAMPAIGNS = [[None, None, "Campaign", "Spend", "Clicks", "Owner"], [None, None, "Spring", 900, 40, "Ann"]]


@pytest.mark.parametrize("above", [[], [["Spending of the campaigns"]], [[None, None, "Spending of the campaigns"]]])
def test_another_table_below_is_not_read_as_manual_rows(above: list[list[str | None]]) -> None:
    assert names(grid([*PLAN, *above, *CAMPAIGNS])) == [("A", "O", "one"), ("A", "O", "two")]
    more = [*PLAN, *above, *CAMPAIGNS, [], [None, None, "three", 10, 5, LINK]]
    assert names(grid(more))[2:] == [("A", "O", "three")]


def test_another_table_is_told_by_the_look_of_its_headings() -> None:
    def painted(words: tuple[str | None, ...]) -> list[Cell | None]:
        return [None if word is None else Cell(word, fill="DDEEFF") for word in words]

    rows = [painted(ENGLISH), *PLAN[1:], painted((None, None, "Campaign", "Spend", "Clicks")), [None, None, "Spring", 900, 40]]
    assert [name for _, _, name in names(grid(rows))] == ["one", "two"]
    assert [name for _, _, name in names(grid([*PLAN, *rows[4:]]))] == ["one", "two", "Campaign", "Spring"], "no such look above"


@pytest.mark.parametrize(
    "block",
    [
        [CAMPAIGNS[0], [None, None, "Spring", 900, 40, LINK]],
        [CAMPAIGNS[0], CAMPAIGNS[1], [None, None, "Summer", 900, 40, "manual:"]],
        [CAMPAIGNS[0], CAMPAIGNS[1], [None, None, "Summer", 900, 40, Cell("CRM", targets=(LINK,))]],
        [CAMPAIGNS[0], CAMPAIGNS[1], [None, None, "Summer", 900, 40, Cell(None, formula=True)]],
        [[None, None, "Style guide", "finished", "draft", None], [None, None, "Articles", 10, 5, None]],
        [[None, None, "Style guide", "yes", "no", "Ann"], [None, None, "Articles", 10, 5, None]],
        [[None, None, "Leads", 10, 5, "CRM"], [None, None, "Articles", 10, 5, None]],
        [[None, None, "KR1.3 Guide", "finished", "draft", "Ann"], [None, None, "Articles", 10, 5, None]],
        [[None, None, "Guide", "finished", "draft", "Ann"]],
    ],
)
def test_what_could_be_a_key_result_is_never_taken_for_another_table(block: list[list[Cell | str | int | None]]) -> None:
    assert len(names(grid([*PLAN, *block]))) == 2 + len(block)
    assert len(names(grid([*PLAN[:3], *CAMPAIGNS]))) == 4, "nothing parts it from the rows above"


@pytest.mark.parametrize("missing", ENGLISH[2:])
def test_a_missing_heading_is_named(missing: str) -> None:
    headings = [name for name in ENGLISH if name != missing]
    with pytest.raises(LayoutError) as caught:
        scan([grid([["Title"], headings, ["A"]], sheet="Plan")], today=TODAY)
    assert str(caught.value).startswith("The heading row 2 of sheet Plan has no")
    assert caught.value.params["missing"] == [missing]


@pytest.mark.parametrize("grids", [[], [Grid("Empty", {})], [grid([["Budget", "Total"], ["x", 5]])]])
def test_no_table_at_all(grids: list[Grid]) -> None:
    with pytest.raises(LayoutError, match="No sheet of this workbook has a heading row"):
        scan(grids, today=TODAY)


def test_two_headings_of_one_meaning_are_named_with_both_cells() -> None:
    with pytest.raises(LayoutError, match="In sheet 2027-Q1 the headings in E1 and G1 mean the same"):
        scan([grid([[*ENGLISH, "Actual"], ["A", "O", "one", 1, None, LINK]])], today=TODAY)


def test_headings_without_key_results() -> None:
    with pytest.raises(LayoutError, match="row 1, has no key results"):
        scan([grid([ENGLISH, ["A", "O"], ["Total"]])], today=TODAY)


def test_a_sheet_that_is_not_read_to_its_end_is_refused_only_where_a_table_stands() -> None:
    cut = replace(grid([ENGLISH, ["A", "O", "one", 1, None, LINK]]), cut=True)
    with pytest.raises(LayoutError, match="longer or wider"):
        scan([cut], today=TODAY)
    notes = replace(grid([["x"]], sheet="Raw data"), cut=True)
    assert len(scan([notes, replace(cut, cut=False)], today=TODAY)) == 1


# --- groups and objectives ---------------------------------------------------------------------------------------------

KR = ["readers", 1, None, LINK]


def test_filled_once_and_left_blank_below() -> None:
    rows = [
        ENGLISH,
        ["A", "O1 Grow", *KR],
        [None, None, *KR],
        [None, "O2 Keep", *KR],
        [],
        [None, None, *KR],
        ["B", None, *KR],
        ["B", "O3 Win", *KR],
    ]
    found = scan([grid(rows)], today=TODAY)
    assert [(kr.group, kr.objective_id, kr.objective) for kr in found] == [
        ("A", "O1", "Grow"),
        ("A", "O1", "Grow"),
        ("A", "O2", "Keep"),
        ("A", "O2", "Keep"),
        ("B", "", ""),
        ("B", "O3", "Win"),
    ]


def test_merged_over_their_rows() -> None:
    rows = [ENGLISH, ["A", "O1 Grow", *KR], [None, None, *KR], ["B", "O2 Keep", *KR], [None, None, *KR]]
    merges = [(2, 1, 3, 1), (2, 2, 3, 2), (4, 1, 5, 1), (4, 2, 5, 2)]
    assert [(kr.group, kr.objective) for kr in scan([grid(rows, merges=merges)], today=TODAY)] == [("A", "Grow")] * 2 + [
        ("B", "Keep")
    ] * 2


@pytest.mark.parametrize("height", [1, 2])
def test_a_band_across_the_table_names_the_group(height: int) -> None:
    rows = [ENGLISH[1:], ["Content"], *[[]] * (height - 1), ["O", *KR], ["Brand"], ["P", *KR]]
    merges = [(2, 1, 1 + height, 5), (3 + height, 1, 3 + height, 5)]
    assert names(grid(rows, merges=merges)) == [("Content", "O", "readers"), ("Brand", "P", "readers")]


def test_a_band_may_be_an_objective_and_a_merged_note_is_neither() -> None:
    rows = [ENGLISH[2:], ["O1 Grow"], KR, ["Note: all figures in EUR"], KR, ["O2：留存"], KR, ["合计"], KR]
    merges = [(number, 1, number, 4) for number in (2, 4, 6, 8)]
    found = scan([grid(rows, merges=merges)], today=TODAY)
    assert [(kr.objective_id, kr.objective) for kr in found] == [("O1", "Grow")] * 2 + [("O2", "留存")] * 2


def test_subtotals_notes_and_blank_rows_are_skipped_and_change_no_group() -> None:
    rows = [
        ENGLISH,
        ["A", "O1 Grow", *KR],
        ["Subtotal", None, None, 5, 5],
        ["* preliminary"],
        [],
        [None, "Total", None, 5],
        [None, None, "Total", 5, 5],
        [None, None, "小计：", cell(5, formula=True), 5],
        [None, None, "just a remark"],
        [None, None, *KR],
    ]
    assert names(grid(rows)) == [("A", "Grow", "readers")] * 2


def test_a_key_result_that_is_called_like_a_subtotal_counts_where_it_has_a_link() -> None:
    assert names(grid([ENGLISH, ["A", "O", "Total", 100, None, LINK]])) == [("A", "O", "Total")]


@pytest.mark.parametrize(
    ("written", "id_", "name"),
    [
        ("KR1.1 More leads", "KR1.1", "More leads"),
        ("KR1.1: More", "KR1.1", "More"),
        ("KR1.1：更多线索", "KR1.1", "更多线索"),
        ("KR2 - More", "KR2", "More"),
        ("O1.KR2 More", "O1.KR2", "More"),
        ("kr 3) More", "kr 3", "More"),
        ("KR1更多", "KR1", "更多"),
        ("KR12", "", "KR12"),
        ("KR1.1", "", "KR1.1"),
        ("More KR1", "", "More KR1"),
        ("KR1 -5% churn", "KR1", "-5% churn"),
        ("关键结果1：更多", "关键结果1", "更多"),
        ("Krakow office", "", "Krakow office"),
    ],
)
def test_an_id_in_front_of_the_name(written: str, id_: str, name: str) -> None:
    found = row(key_result=written)
    assert (found.kr_id, found.name) == (id_, name)


@pytest.mark.parametrize(
    ("written", "id_", "name"),
    [
        ("O1 Grow", "O1", "Grow"),
        ("O1: Grow", "O1", "Grow"),
        ("O2：增长", "O2", "增长"),
        ("O1增长", "O1", "增长"),
        ("O12", "", "O12"),
        ("O1.", "", "O1."),
        ("Objective 1: Grow", "Objective 1", "Grow"),
        ("目标1 增长", "目标1", "增长"),
        ("O2O platform", "", "O2O platform"),
        ("OKR culture", "", "OKR culture"),
    ],
)
def test_an_id_in_front_of_the_objective(written: str, id_: str, name: str) -> None:
    found = row(objective=written)
    assert (found.objective_id, found.objective) == (id_, name)


def test_ids_in_columns_of_their_own_win() -> None:
    (found,) = rows_of(
        ["O7", "Grow", "KR7.1", "KR1.1 More", 1, None, LINK],
        headings=("O#", "Objective", "KR#", "KR", "Target", "Result", "Link"),
    )
    assert (found.objective_id, found.objective, found.kr_id, found.name) == ("O7", "Grow", "KR7.1", "More")


# --- merged cells in the row -------------------------------------------------------------------------------------------


def test_what_is_written_into_a_merged_cell_would_be_one_rows_figure_for_all() -> None:
    rows = [HEADINGS, *[["A", "O", f"kr{number}", None, 0, 10, 5, LINK, 0.5, "on track", "fresh", None] for number in range(3)]]
    merges = [(2, 9, 3, 9), (2, 10, 3, 10), (4, 10, 4, 11)]
    found = scan([grid(rows, merges=merges)], today=TODAY)
    assert [Column.PROGRESS in kr.refs for kr in found] == [False, False, True]
    assert [Column.STATUS in kr.cells for kr in found] == [False, False, True]
    assert [Column.SYNC in kr.refs for kr in found] == [True, True, False]


def test_a_merged_result_belongs_to_its_first_row() -> None:
    rows = [
        ENGLISH,
        ["A", "O", "one", 10, 5, LINK],
        ["A", "O", "two", 10, None, LINK + "2"],
        ["A", "O", "three", 10, 5, LINK + "3"],
    ]
    found = scan([grid(rows, merges=[(2, 5, 3, 5)])], today=TODAY)
    assert isinstance(found[0].source, Link)
    assert isinstance(found[1].source, Refused)
    assert isinstance(found[2].source, Link)


def test_a_link_merged_over_rows_is_read_by_each() -> None:
    rows = [[*ENGLISH, "Metric"], ["A", "O", "one", 10, 5, LINK, "opens"], ["A", "O", "two", 10, 5, None, "clicks"]]
    found = scan([grid(rows, merges=[(2, 6, 3, 6)])], today=TODAY)
    assert [kr.source for kr in found] == [Link(LINK, (("metric", "opens"),)), Link(LINK, (("metric", "clicks"),))]


# --- figures -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "number_format", "share"),
    [
        (0.35, "0%", "0.35"),
        (35, "General", "0.35"),
        (0.35, "General", "0.0035"),
        ("35%", "@", "0.35"),
        ("35", "@", "0.35"),
        (35, '0"%"', "0.35"),
        (1.2, "0.0%", "1.2"),
    ],
)
def test_a_percentage_by_the_cells_form(written: float | str, number_format: str, share: str) -> None:
    found = row(type="percent", result=cell(written, number_format), target=cell(0.5, "0%"))
    assert (found.kind, found.result, found.target) == (Kind.PERCENT, Decimal(share), Decimal("0.5"))


def test_a_row_is_a_percentage_where_its_target_is_one() -> None:
    assert row(target=cell(0.5, "0%")).kind is Kind.PERCENT
    assert row(target="50 %").kind is Kind.PERCENT
    assert row(target=50).kind is Kind.NUMBER
    assert row(target=cell(0.5, "0%"), result=35).result == Decimal("0.35")


def test_at_most_a_percentage_is_in_shares_too() -> None:
    found = row(type="at most", target=cell(0.005, "0.0%"), result=0.4)
    assert (found.kind, found.target, found.result) == (Kind.AT_MOST, Decimal("0.005"), Decimal("0.004"))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (True, 1),
        (False, 0),
        ("Yes", 1),
        ("no", 0),
        ("是", 1),
        ("否", 0),
        ("✓", 1),
        ("✗", 0),
        ("已完成", 1),
        ("未完成", 0),
        (1, 1),
        (0, 0),
        (7, 1),
        ("maybe", None),
        (None, None),
    ],
)
def test_yes_and_no(written: object, said: int | None) -> None:
    assert row(type="yes-no", result=written).result == said  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("target", "kind"),
    [("yes", Kind.YES_NO), (True, Kind.YES_NO), ("是", Kind.YES_NO), ("1", Kind.NUMBER), ("0", Kind.NUMBER), (1, Kind.NUMBER)],
)
def test_a_row_is_yes_or_no_where_its_target_says_so(target: str | bool, kind: Kind) -> None:
    assert row(target=target).kind is kind


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1,234.5", "1234.5"),
        ("1.234", None),
        ("about 5", None),
        (1e300, None),
        (0.1, "0.1"),
        ("-", None),
        (True, None),
        (datetime(2027, 1, 1, tzinfo=UTC), None),
        (CellError("#REF!"), None),
    ],
)
def test_numbers_as_people_type_them(written: object, value: str | None) -> None:
    assert row(result=written).result == (None if value is None else Decimal(value))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("written", "weight"), [(2, 2), ("3", 3), (0, 0), (-1, 1), ("much", 1), (None, 1), (cell(0.5, "0%"), Decimal("0.5"))]
)
def test_weights(written: object, weight: object) -> None:
    assert row(weight=written).weight == weight  # type: ignore[arg-type]


def test_a_formula_is_read_by_its_kept_value() -> None:
    found = row(result=cell(5, formula=True), target=cell(10, formula=True))
    assert (found.result, found.target) == (5, 10)
    assert found.cells[Column.RESULT].formula


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_a_number_that_is_none_breaks_nothing(value: float) -> None:
    found = row(result=value, period=value, owner=value)
    assert (found.result, found.source) == (None, Link(LINK))


@pytest.mark.parametrize(
    ("value", "said"), [(None, ""), (5.0, "5"), (5.5, "5.5"), (CellError("#N/A"), ""), ("  x ", "x"), (True, "True")]
)
def test_what_a_cell_says(value: object, said: str) -> None:
    assert text(Cell(value)) == said  # type: ignore[arg-type]


# --- links -------------------------------------------------------------------------------------------------------------


def test_where_a_row_gets_its_figure() -> None:
    assert row(data_link=None).source == "manual"
    assert row(data_link="manual:").source == "manual"
    assert row(data_link="-").source == "manual"
    assert row(data_link="Rollup:SUM").source == "rollup:sum"
    assert row(data_link=cell("Newsletter", targets=(LINK,))).source == Link(LINK)
    assert row(data_link=cell(None, targets=(LINK,)), target=None).link_text == LINK
    assert row(data_link=LINK + "?from={period.start}").source == Link(LINK + "?from=2027-01-01")


@pytest.mark.parametrize(
    ("link", "error", "says"),
    [
        ("rollup:median", UnknownLink, "rollup:sum"),
        (cell("https://a.test/2", targets=(LINK,)), AmbiguousLink, "two different addresses"),
        (CellError("#REF!"), UnknownLink, "#REF!"),
        (cell(None, formula=True), UnknownLink, "formula whose result is not kept"),
        ("https://a.test/%zz", UnknownLink, "%"),
    ],
)
def test_a_link_that_cannot_be_understood_is_this_rows_error(link: object, error: type[LinkError], says: str) -> None:
    found = row(data_link=link)  # type: ignore[arg-type]
    assert isinstance(found.source, error)
    assert says in str(found.source)


def test_a_period_that_is_not_there_is_this_rows_error() -> None:
    (found,) = rows_of(["readers", 1, None, LINK + "?{period.end}"], headings=ENGLISH[2:], sheet="Plan")
    assert isinstance(found.source, UnknownLink)


# --- periods -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "start", "end"),
    [
        ("2027", "2027-01-01", "2027-12-31"),
        (2027.0, "2027-01-01", "2027-12-31"),
        ("2027年", "2027-01-01", "2027-12-31"),
        ("2028-Q1", "2028-01-01", "2028-03-31"),
        ("Q4 2027", "2027-10-01", "2027-12-31"),
        ("2027Q2", "2027-04-01", "2027-06-30"),
        ("Q3/2027", "2027-07-01", "2027-09-30"),
        ("2027 q1", "2027-01-01", "2027-03-31"),
        ("2027年第一季度", "2027-01-01", "2027-03-31"),
        ("2027年2季度", "2027-04-01", "2027-06-30"),
        ("2028-02", "2028-02-01", "2028-02-29"),
        ("2027/2", "2027-02-01", "2027-02-28"),
        ("2027年3月", "2027-03-01", "2027-03-31"),
        ("Feb 2027", "2027-02-01", "2027-02-28"),
        ("September 2027", "2027-09-01", "2027-09-30"),
        ("2027-01-15..2027-03-10", "2027-01-15", "2027-03-10"),
        ("2027-01-15 至 2027-03-10", "2027-01-15", "2027-03-10"),
        ("２０２７－Ｑ１", "2027-01-01", "2027-03-31"),
    ],
)
def test_periods(written: object, start: str, end: str) -> None:
    found = period.parse(written)
    assert found is not None
    assert (found.start.isoformat(), found.end.isoformat()) == (start, end)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "Q1",
        "2027-Q5",
        "2027-13",
        "H1 2027",
        "soon",
        "1999",
        "2027-03-10..2027-01-15",
        "2027-02-30..2027-03-01",
        2027.5,
        5.0,
        None,
        True,
        float("nan"),
        float("inf"),
    ],
)
def test_no_period(written: object) -> None:
    assert period.parse(written) is None


def test_a_date_is_its_month() -> None:
    found = period.parse(datetime(2028, 2, 9, tzinfo=UTC))
    assert found is not None
    assert (found.start, found.end) == (date(2028, 2, 1), date(2028, 2, 29))


def test_which_period_holds() -> None:
    assert row().period == period.parse("2027-Q1")
    assert row(period="2028").period == period.parse("2028")
    assert row(period="Q3").period == period.parse("2027-Q3")
    assert row(period="3月").period == period.parse("2027-03")
    assert row(period="some day").period is None
    plan = grid([ENGLISH[2:], KR], sheet="Plan")
    assert scan([plan], today=TODAY)[0].period is None
    assert scan([plan], today=TODAY, default_period=period.parse("2027"))[0].period == period.parse("2027")


# --- what names a row --------------------------------------------------------------------------------------------------


def test_the_key_survives_moving_and_decoration() -> None:
    before = rows_of(["A", "O1 Grow", "KR1 More", None, 0, 10, 5, LINK], ["B", "O", "x", None, 0, 1])
    after = rows_of(["B", "O", "x", None, 0, 1], [], ["a", "O1: grow ", "KR1: MORE", None, 5, 99, 7, LINK + "2"])
    assert before[0].key == after[1].key
    assert before[0].key != before[1].key
    assert rows_of(["A", "O1 Grow", "KR1 More", None, 0, 10], sheet="2027-Q2")[0].key != before[0].key


VALUES = (
    st.none()
    | st.text(max_size=12)
    | st.booleans()
    | st.floats()
    | st.sampled_from([*HEADINGS, *CHINESE, "Total", "O1 x", "KR1 y", LINK, "rollup:sum", "2027-Q1", "yes", "35%"])
    | st.datetimes()
    | st.just(CellError("#N/A"))
)
MERGES = st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(0, 3), st.integers(0, 9)).map(
    lambda m: (m[0], m[1], m[0] + m[2], m[1] + m[3])
)


@settings(deadline=None)
@given(st.lists(st.lists(VALUES, max_size=12), max_size=6), st.lists(MERGES, max_size=3), st.booleans())
def test_any_sheet_gives_key_results_or_a_layout_error(
    rows: list[list[object]], merges: list[tuple[int, int, int, int]], headed: bool
) -> None:
    sheet = grid([HEADINGS, *rows] if headed else rows, merges=merges)  # type: ignore[list-item]
    try:
        found = scan([sheet], today=TODAY)
    except LayoutError as error:
        assert str(error)
        return
    for kr in found:
        assert kr.name
        assert kr.refs.keys() == kr.cells.keys()
        for top, left, bottom, right in merges:
            for column in (Column.PROGRESS, Column.STATUS, Column.SYNC, Column.AS_OF):
                ref = kr.refs.get(column)
                inside = ref is not None and top <= ref.row <= bottom and left <= ref.column <= right
                assert not inside or (ref.row, ref.column) == (top, left)  # type: ignore[union-attr]
