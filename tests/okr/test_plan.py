"""The planner: what is written into which cell, and above all what is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sheetsync.errors import (
    AccessDenied,
    BadCredentials,
    Incomplete,
    LayoutError,
    LinkError,
    NotFound,
    RateLimited,
    TooManyLosses,
    Unavailable,
    UnexpectedReply,
    UnknownLink,
)
from sheetsync.model import NO_FILL, PERCENT, Cell, CellError, CellRef, Column, KeyResult, Kind, Link, Outcome, Reading
from sheetsync.okr import layout
from sheetsync.okr.plan import SYNC_LENGTH, Plan, plan
from sheetsync.okr.progress import COLOURS, Status
from sheetsync.okr.scan import scan
from sheetsync.texts import Sentence, Texts, sentence
from sheetsync.workbooks.memory import Memory as Workbook

from .sheets import HEADINGS, LINK, NOW, TODAY, Value, cell, edits, grid, how, local, planned, reading, row, rows_of

FAILURES = [
    UnknownLink("No such {x}.", x="page"),
    NotFound("Gone."),
    AccessDenied("No."),
    BadCredentials("Bad."),
    Unavailable("Down."),
    RateLimited("Slow.", wait=5),
    Incomplete("Capped."),
    UnexpectedReply("Odd."),
]


@dataclass(frozen=True)
class Past:
    """What earlier runs left."""

    broken_since: Mapping[str, datetime] = field(default_factory=dict)
    fills: Mapping[str, str] = field(default_factory=dict)


# --- the four states ---------------------------------------------------------------------------------------------------


def test_fresh() -> None:
    done = planned(row(result=5, progress=None, status=None, sync=None, as_of=None), reading(50))
    assert edits(done) == {
        Column.RESULT: Decimal(50),
        Column.PROGRESS: Decimal(50),
        Column.STATUS: "on track",
        Column.SYNC: "fresh: changed tenfold in one step; look at the source",
        Column.AS_OF: local(2027, 2, 15, 9, 30),
        "fill": COLOURS[Status.ON_TRACK],
    }
    (report,) = (one.report for one in done.rows)
    assert (report.state, report.old, report.new, report.progress, report.status, report.cell) == (
        "fresh",
        5,
        50,
        0.5,
        "on track",
        "C2",
    )


def test_unchanged_writes_nothing() -> None:
    settled = row(
        result=50, progress=cell(50, fill=COLOURS[Status.ON_TRACK]), status="on track", sync="fresh", as_of=local(2027, 2, 1)
    )
    done = planned(settled, reading(50))
    assert done.edits == ()
    assert done.rows[0].report.state == "unchanged"


ENDS = sentence("The key ends on {day}.", day="2027-03-01")
LATER = sentence("The key ends on {day}.", day="2027-04-01")


@pytest.mark.parametrize(
    ("here", "result", "warning", "written"),
    [
        (None, 5, ENDS, "fresh: changed tenfold in one step; look at the source ⚠ The key ends on 2027-03-01."),
        (None, 49, ENDS, "fresh ⚠ The key ends on 2027-03-01."),
        (None, 50, ENDS, "unchanged ⚠ The key ends on 2027-03-01."),
        ("fresh", 50, ENDS, "fresh ⚠ The key ends on 2027-03-01."),
        ("fresh ⚠ The key ends on 2027-03-01.", 50, ENDS, None),
        ("unchanged ⚠ The key ends on 2027-03-01.", 50, LATER, "unchanged ⚠ The key ends on 2027-04-01."),
        ("fresh: rounded by the service ⚠ The key ends on 2027-03-01.", 50, LATER,
         "fresh: rounded by the service ⚠ The key ends on 2027-04-01."),
        ("fresh: rounded by the service ⚠ The key ends on 2027-03-01.", 50, None, "fresh: rounded by the service"),
        ("kept since 2027-01-01 09:00: Down.", 50, ENDS, "unchanged ⚠ The key ends on 2027-03-01."),
        ("fresh (Anna looked at it)", 50, None, None),
    ],
)  # fmt: skip
def test_a_good_figure_may_carry_a_warning(here: str | None, result: int, warning: Sentence | None, written: str | None) -> None:
    found = row(result=result, sync=here, progress=None, status=None)
    done = planned(found, replace(reading(50), warning=warning))
    assert edits(done).get(Column.SYNC) == written
    said = ENDS.template.format(**warning.params) if warning else ""
    (report,) = (one.report for one in done.rows)
    assert report.warning == said
    assert report.message.endswith(said)
    assert report.state in {"fresh", "unchanged"}


def test_a_warning_is_written_once() -> None:
    long = sentence("The key of {account} ends.", account="x" * 80)
    for language in ("en", "zh"):
        for warning in (ENDS, long):
            speaks, outcome = Texts(language), replace(reading(60, approximate=True), warning=warning)  # type: ignore[arg-type]
            first = edits(planned(row(result=50, sync=None), outcome, texts=speaks))[Column.SYNC]
            assert isinstance(first, str)
            assert len(first) <= SYNC_LENGTH
            settled = row(result=60, sync=first)
            assert edits(planned(settled, outcome, texts=speaks)) == {}


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("result", [50, None, "so far 50", 0])
def test_a_failed_link_never_touches_the_result(error: LinkError, result: Value) -> None:
    found = row(
        result=cell(result, fill="FFEE00"), progress=cell(50, fill="FFEE00"), status=None, sync=None, as_of=local(2027, 1, 1)
    )
    done = planned(found, error, colours=False)
    assert not {Column.RESULT, Column.AS_OF, "fill"} & edits(done).keys()
    assert done.rows[0].written is None
    assert done.rows[0].report.state == error.state
    assert edits(done)[Column.SYNC].startswith(f"{error.state} since 2027-02-15 09:30: {error}")  # type: ignore[attr-defined]


def test_the_last_good_value_still_counts() -> None:
    done = planned(row(result=50, status=None), Unavailable("Down."))
    assert edits(done) == {Column.STATUS: "on track"}
    assert done.rows[0].result == 50


def test_since_when_a_link_fails_is_remembered() -> None:
    past = Past(broken_since={LINK: datetime(2027, 1, 3, 22, 5, tzinfo=UTC)})
    done = planned(row(sync=None), NotFound("Gone.", advice="Look."), past, zone=ZoneInfo("Asia/Shanghai"))
    assert edits(done)[Column.SYNC] == "broken since 2027-01-04 06:05: Gone. Look."


def test_a_link_that_cannot_be_read_is_broken() -> None:
    done = planned(row(result=5, data_link="https://a.test/%zz", sync=None))
    assert done.rows[0].report.state == "broken"
    assert Column.RESULT not in edits(done)


def test_a_row_that_was_not_asked_for_is_kept() -> None:
    assert planned(row(result=5)).rows[0].report.state == "kept"


def test_a_recovered_link_says_so_once() -> None:
    found = row(result=50, sync="kept since 2027-01-01 09:00: Down.", as_of=None)
    assert edits(planned(found, reading(50))) == {Column.SYNC: "unchanged", Column.AS_OF: local(2027, 2, 15, 9, 30)}


def test_a_manual_row_is_measured_and_its_notes_are_left_alone() -> None:
    found = row(data_link=None, result=50, sync="ask Anna", status=None, progress=None, as_of=None)
    done = planned(found)
    assert edits(done) == {Column.STATUS: "on track", Column.PROGRESS: Decimal(50), "fill": COLOURS[Status.ON_TRACK]}
    assert done.rows[0].report.state == "manual"
    assert edits(planned(row(data_link=None, result=50, sync="kept since 2027-01-01: Down."))) == {Column.SYNC: ""}
    assert edits(planned(row(data_link="manual:", result=50, sync=None))) == {Column.SYNC: "manual"}


# --- the form of the cell ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "outcome", "value", "progress"),
    [
        (row(type="percent", target=cell(0.5, "0%"), result=cell(0.1, "0.0%")), reading("0.35", PERCENT), "0.35", 0.7),
        (row(type="percent", target=50, result=10), reading("0.35", PERCENT), "35", 0.7),
        (row(type="percent", target=50, result=cell(None, '0"%"')), reading("0.35", PERCENT), "35", 0.7),
        (row(target=cell(0.5, "0%"), result=None), reading("0.35", PERCENT), "35", 0.7),
        (row(type="at most", target=cell(0.005, "0.0%"), result=None), reading("0.004", PERCENT), "0.4", 1.0),
        (row(type="at least", target=cell(0.5, "0%"), result=cell(0.1, "0%")), reading("0.25", PERCENT), "0.25", 0.5),
        (row(target=50, result=10), reading("0.35", PERCENT), "35", 0.7),
        (row(target=1, result=cell(0.2, "0%")), reading("0.35", PERCENT), "0.35", 0.35),
        (row(type="percent", target=50, data_link=LINK + "#unit=percent"), reading(35), "35", 0.7),
        (row(type="percent", target=50, data_link=LINK + "#unit=ratio"), reading("0.35"), "35", 0.7),
        (row(target=100), reading("12.50"), "12.5", 0.125),
        (row(target=100), reading("1E+2"), "100", 1.0),
        (row(target=1000), reading(350, "EUR"), "350", 0.35),
        (row(target=100), reading("0.1000000000000000055511151231257827"), "0.1", 0.001),
        (row(target=100), reading(0), "0", 0.0),
        (row(target=100, result="50"), reading(50), "50", 0.5),
    ],
)
def test_a_figure_is_written_as_its_cell_expects(found: KeyResult, outcome: Reading, value: str, progress: float) -> None:
    done = planned(found, outcome)
    assert edits(done)[Column.RESULT] == Decimal(value)
    assert "E" not in str(edits(done)[Column.RESULT])
    assert done.rows[0].report.progress == progress


@pytest.mark.parametrize(("result", "outcome"), [(cell(0.35, "0%"), "0.35"), (cell(35), "0.35"), (cell(35, '0"%"'), "0.35")])
def test_a_percentage_that_stands_there_already_is_not_written_again(result: Cell, outcome: str) -> None:
    assert planned(row(type="percent", target=50, result=result), reading(outcome, PERCENT)).edits == ()


def test_a_plain_number_in_a_percent_row_is_not_guessed() -> None:
    done = planned(row(type="percent", target=50, result=10, sync=None), reading(35))
    assert Column.RESULT not in edits(done)
    assert "#unit=percent" in str(edits(done)[Column.SYNC])
    assert done.rows[0].report.state == "broken"


@pytest.mark.parametrize(
    ("result", "target", "figure", "written"),
    [
        (True, None, 0, False),
        (False, None, 3, True),
        ("yes", None, 0, "no"),
        ("Yes", None, 0, "No"),
        ("NO", None, 1, "YES"),
        ("否", None, 2, "是"),
        ("✓", None, 0, "✗"),
        (None, None, 1, "yes"),
        (None, "Yes", 0, "No"),
        (None, "是", 1, "是"),
        (1, None, 0, Decimal(0)),
        (None, True, 1, True),
        ("done", None, 0, "no"),
        ("soon", None, 1, "yes"),
    ],
)
def test_yes_and_no_in_the_words_of_the_cell(result: Value, target: Value, figure: int, written: object) -> None:
    done = planned(row(type="yes-no", target=target, result=result), reading(figure))
    assert edits(done)[Column.RESULT] == written
    assert type(edits(done)[Column.RESULT]) is type(written)


@pytest.mark.parametrize(("result", "figure"), [("Yes", 5), ("✓", 1), (True, 1), ("否", 0), (0, 0), ("已完成", 9)])
def test_a_yes_stays_as_it_is_written(result: Value, figure: int) -> None:
    assert planned(row(type="yes-no", target=None, result=result), reading(figure)).edits == ()


@pytest.mark.parametrize(
    ("progress", "written"), [(cell(None, "0%"), "0.3333"), (cell(None), "33.3333"), (cell(None, '0"%"'), "33.3333")]
)
def test_progress_as_its_cell_shows_it(progress: Cell, written: str) -> None:
    assert edits(planned(row(target=3, progress=progress, result=None), reading(1), colours=False))[Column.PROGRESS] == Decimal(
        written
    )


def test_figures_of_any_size_break_nothing() -> None:
    for target, figure in [("1e-16", 10**15), (10**15, "1e-290"), ("1e-290", "1e290"), (-1, "-1e299")]:
        done = planned(row(target=float(str(target)), progress=None, status=None), reading(figure))
        assert done.rows[0].report.progress is not None


# --- what is never written ---------------------------------------------------------------------------------------------


def test_a_formula_is_never_overwritten() -> None:
    formula = {
        name: cell(value, formula=True)
        for name, value in (("result", 50), ("progress", 7), ("status", "x"), ("sync", "x"), ("as_of", None))
    }
    done = planned(row(**formula), reading(60), colours=False)
    assert done.edits == ()
    assert done.rows[0].report.state == "broken"
    assert "formula" in done.rows[0].report.message
    assert done.rows[0].report.progress == 0.5


def test_a_formula_in_a_manual_row_takes_part() -> None:
    done = planned(row(data_link=None, result=cell(50, formula=True), progress=None), colours=False)
    assert edits(done) == {Column.PROGRESS: Decimal(50)}


def test_a_locked_cell_is_left_alone() -> None:
    locked = {
        name: cell(value, locked=True)
        for name, value in (("result", 50), ("progress", 7), ("status", "x"), ("sync", "x"), ("as_of", None))
    }
    done = planned(row(**locked), reading(60))
    assert done.edits == ()
    assert "locked" in done.rows[0].report.message


def test_a_formula_in_progress_is_coloured_only() -> None:
    assert edits(planned(row(result=50, progress=cell(50, formula=True)), reading(50))) == {"fill": COLOURS[Status.ON_TRACK]}


def test_a_progress_that_nothing_measures_is_cleared_but_a_typed_one_is_not() -> None:
    assert edits(planned(row(target=None, result=50, progress=50), reading(50))) == {Column.PROGRESS: ""}
    assert planned(row(target="brand book", data_link=None, result=None, progress=60)).edits == ()
    assert planned(row(target=None, result=50, progress="n/a"), reading(50)).edits == ()


def test_columns_that_are_not_there_are_not_missed() -> None:
    assert edits(planned(row(), reading(5))) == {Column.RESULT: Decimal(5)}


def test_only_the_named_groups_are_touched() -> None:
    rows = rows_of(["A", "O", "one", None, 0, 10, 1, LINK], ["B", "O", "two", None, 0, 10, 1, LINK])
    done = plan(rows, {Link(LINK): reading(5)}, Past(), how(), only=["b "])
    assert [one.key_result.name for one in done.rows] == ["two"]
    assert {edit.ref.row for edit in done.edits} == {3}


# --- suspicious values -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (50, 0, "fell to 0"),
        (-5, 0, "fell to 0"),
        (50, -50, "changed its sign"),
        (-1, 1, "changed its sign"),
        (5, 50, "tenfold"),
        (50, 5, "tenfold"),
        (50, 499, ""),
        (50, 6, ""),
        (0, 1000, ""),
        (None, 1000, ""),
        (50, 51, ""),
        (-5, -6, ""),
        ("text", 0, ""),
    ],
)
def test_what_looks_odd_is_written_and_flagged(old: Value, new: int, says: str) -> None:
    done = planned(row(result=old, sync=None), reading(new))
    assert edits(done)[Column.RESULT] == new
    said = str(edits(done)[Column.SYNC])
    assert says in said if says else said == "fresh"
    assert done.rows[0].report.state == "fresh"


def test_a_rounded_figure_says_so() -> None:
    assert "rounded" in str(edits(planned(row(result=50, sync=None), reading(60, approximate=True)))[Column.SYNC])


def many(results: Sequence[Value], figures: Sequence[object], **more: object) -> Plan:
    rows = rows_of(*(["G", "O", f"kr {at}", None, 0, 10, result, f"https://a.test/{at}"] for at, result in enumerate(results)))
    outcomes: dict[Link, Outcome] = {}
    for one, figure in zip(rows, figures, strict=True):
        assert isinstance(one.source, Link)
        outcomes[one.source] = figure if isinstance(figure, LinkError) else reading(figure)
    return plan(rows, outcomes, Past(), how(**more))


@pytest.mark.parametrize(
    ("results", "figures"),
    [
        ([5, 5, 5], [0, 0, 5]),
        ([5, 5], [0, 0]),
        ([5, 5, 5, 0, 0, None], [0, 0, 6, 0, 0, 0]),
        ([5, -5, 5, 5], [0, 0, 0, Unavailable("Down.")]),
    ],
)
def test_when_most_results_would_turn_to_zero_nothing_is_written(results: list[Value], figures: list[object]) -> None:
    with pytest.raises(TooManyLosses) as caught:
        many(results, figures)
    assert "--force" in caught.value.advice
    assert len(many(results, figures, force=True).edits) > 0


@pytest.mark.parametrize(
    ("results", "figures"),
    [
        ([5, 5, 5, 5], [0, 0, 5, 5]),
        ([0, 0, 0], [0, 0, 0]),
        ([5], [0]),
        ([None, None, 5], [0, 0, 5]),
        ([5, 5, 5], [0, NotFound("x"), NotFound("x")]),
        ([5, 5], [0, 1]),
    ],
)
def test_fewer_losses_are_written_and_flagged(results: list[Value], figures: list[object]) -> None:
    assert len(many(results, figures).rows) == len(results)


# --- colours -----------------------------------------------------------------------------------------------------------


def test_a_colour_is_remembered_and_given_back() -> None:
    found = row(result=50, progress=cell(50, fill="FFEE00"))
    done = planned(found, reading(50))
    assert edits(done) == {"fill": COLOURS[Status.ON_TRACK]}
    assert done.rows[0].fill_before == "FFEE00"
    coloured = row(target=None, result=50, progress=cell(None, fill=COLOURS[Status.ON_TRACK]))
    assert edits(planned(coloured, reading(50), Past(fills={found.key: "FFEE00"}))) == {"fill": "FFEE00"}
    assert edits(planned(coloured, reading(50))) == {"fill": NO_FILL}


def test_a_colour_of_ours_is_not_taken_for_theirs() -> None:
    found = row(result=10, progress=cell(50, fill=COLOURS[Status.ON_TRACK]))
    done = planned(found, reading(10))
    assert edits(done)["fill"] == COLOURS[Status.OFF_TRACK]  # type: ignore[index]
    assert done.rows[0].fill_before is None


def test_a_fill_that_only_the_workbook_understands_is_handed_back() -> None:
    done = planned(row(result=50, progress=cell(50, fill="pattern:lightUp:FF0000")), reading(50))
    assert done.rows[0].fill_before == "pattern:lightUp:FF0000"


@pytest.mark.parametrize("more", [{"conditional": True}, {"locked": True}])
def test_a_cell_with_a_conditional_format_is_never_filled(more: dict[str, bool]) -> None:
    for target in (100, None):
        for fill in (NO_FILL, COLOURS[Status.ON_TRACK], "FFEE00"):
            done = planned(row(target=target, result=50, progress=cell(50, fill=fill, **more)), reading(50))
            assert all(edit.fill is None for edit in done.edits)
            assert done.rows[0].fill_before is None


def test_colours_can_be_turned_off() -> None:
    assert "fill" not in edits(planned(row(result=10, progress=None), reading(10), colours=False))


@pytest.mark.parametrize(
    ("result", "sheet", "status"),
    [
        (100, "2027-Q1", Status.DONE),
        (50, "2027-Q1", Status.ON_TRACK),
        (40, "2027-Q1", Status.AT_RISK),
        (10, "2027-Q1", Status.OFF_TRACK),
        (10, "2027-Q2", Status.NOT_STARTED),
    ],
)
def test_each_status_has_its_word_and_its_colour(result: int, sheet: str, status: Status) -> None:
    rows = rows_of(["G", "O", "kr x", None, 0, 100, result, None, None, None], sheet=sheet)
    found = edits(plan(rows, {}, Past(), how()))
    assert (found[Column.STATUS], found["fill"]) == (str(status), COLOURS[status])  # type: ignore[index]


# --- status says why ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_", "says"),
    [
        ({"target": None}, "no target"),
        ({"target": "many"}, "the target is no number"),
        ({"result": None}, "no result yet"),
        ({"result": "soon"}, "the result is no number"),
        ({"result": CellError("#REF!")}, "the result is no number"),
        ({"target": 0}, "target and start are equal"),
        ({"period": "some day"}, "no period"),
    ],
)
def test_where_there_is_no_progress_status_says_why(given_: dict[str, Value], says: str) -> None:
    done = planned(row(**({"data_link": None, "result": 5, "status": None, "progress": None} | given_)))
    assert edits(done)[Column.STATUS] == says


# --- As of -------------------------------------------------------------------------------------------------------------


def test_as_of_is_the_figures_own_moment_in_the_workbooks_zone() -> None:
    moment = datetime(2027, 2, 14, 23, 30, 5, 999, tzinfo=timezone(timedelta(hours=-5)))
    done = planned(row(result=5, as_of=None), reading(5, as_of=moment), zone=ZoneInfo("Europe/Berlin"))
    assert edits(done) == {Column.AS_OF: local(2027, 2, 15, 5, 30, 5)}


def test_as_of_of_a_source_without_moments_moves_only_with_the_figure() -> None:
    before = local(2027, 1, 1)
    assert Column.AS_OF not in edits(planned(row(result=5, as_of=before), reading(5)))
    assert edits(planned(row(result=4, as_of=before), reading(5)))[Column.AS_OF] == local(2027, 2, 15, 9, 30)


def test_the_day_is_that_of_the_workbooks_zone() -> None:
    late = datetime(2027, 3, 31, 20, 0, tzinfo=UTC)
    rows = rows_of(["G", "O", "kr x", None, 0, 100, 94, None, None, None])
    assert edits(plan(rows, {}, Past(), how(now=late)))[Column.STATUS] == "on track"
    assert edits(plan(rows, {}, Past(), how(now=late, zone=ZoneInfo("Asia/Shanghai"))))[Column.STATUS] == "at risk"


# --- Sync --------------------------------------------------------------------------------------------------------------

HOSTILE = st.text(alphabet=st.characters() | st.sampled_from("\n\r\t\x00\x1b\u202e\u2028=+-@{}"), max_size=400)


@settings(deadline=None)
@given(HOSTILE, HOSTILE, st.sampled_from(["en", "zh"]))
def test_sync_is_one_line_of_at_most_200_characters(name: str, advice: str, language: str) -> None:
    error = UnknownLink(
        "This is not {name}, nor {other}, nor {third}.", name=name, other=name, third=[name] * 9, advice=advice.replace("{", "")
    )
    done = planned(row(sync=None), error, texts=Texts(language))  # type: ignore[arg-type]
    said = edits(done)[Column.SYNC]
    assert isinstance(said, str)
    assert len(said) <= SYNC_LENGTH
    assert len(said.splitlines()) == 1
    assert said.isprintable()
    assert layout.begins_with_state(said, ("broken",))
    assert len(done.rows[0].report.message) <= SYNC_LENGTH


def test_what_is_written_in_chinese() -> None:
    found = row(result=5, target=10, sync=None, status=None)
    done = planned(found, reading(5), texts=Texts("zh"))
    assert edits(done) == {Column.STATUS: "正常", Column.SYNC: "无变化"}
    done = planned(found, NotFound("Gone."), texts=Texts("zh"))
    assert str(edits(done)[Column.SYNC]).startswith("需修复")
    assert done.rows[0].report.state == "broken"


def test_a_sync_text_of_the_other_language_is_known() -> None:
    assert planned(row(result=5, sync="已更新"), reading(5)).edits == ()
    assert planned(row(result=5, sync="unchanged"), reading(5), texts=Texts("zh")).edits == ()


# --- properties over whole tables --------------------------------------------------------------------------------------

NUMBERS = st.one_of(
    st.none(),
    st.integers(-200, 200),
    st.floats(-1e6, 1e6).map(lambda value: round(value, 3)),
    st.sampled_from(["yes", "No", "✓", "soon", "35%", True, False, 0.35, CellError("#N/A")]),
)
CELLS = st.builds(
    cell,
    NUMBERS,
    st.sampled_from(["General", "0%", '0"%"', "#,##0.00"]),
    formula=st.sampled_from([False] * 5 + [True]),
    locked=st.sampled_from([False] * 7 + [True]),
    fill=st.sampled_from([NO_FILL, "FFEE00", COLOURS[Status.AT_RISK]]),
    conditional=st.booleans(),
)
LINKS = st.sampled_from(
    [
        None,
        "manual:",
        "rollup:sum",
        "rollup:progress",
        "rollup:mean",
        "nonsense %zz",
        *(f"https://a.test/{at}" for at in range(4)),
        "https://a.test/1#unit=percent",
    ]
)
TABLE = st.lists(
    st.tuples(
        st.sampled_from([None, "A", "B"]),
        st.sampled_from([None, "O1 Grow", "O2 Keep"]),
        st.sampled_from(["KR1 a", "KR2 b", "KR3 c"]),
        st.sampled_from([None, *(str(kind) for kind in Kind)]),
        CELLS,
        CELLS,
        CELLS,
        LINKS,
        CELLS,
        CELLS,
        CELLS,
        st.sampled_from([None, local(2027, 1, 1)]),
        st.sampled_from([None, "KR1", "O1"]),
        st.sampled_from([None, "2027-Q1", "2027-Q2", "x"]),
    ),
    min_size=1,
    max_size=8,
)
OUTCOMES = st.dictionaries(
    st.sampled_from([*(f"https://a.test/{at}" for at in range(4)), "https://a.test/1#unit=percent"]),
    st.one_of(
        st.builds(
            Reading,
            st.decimals(-(10**9), 10**9, places=4),
            st.sampled_from(["", PERCENT, "EUR"]),
            st.sampled_from([None, datetime(2027, 2, 1, 5, tzinfo=UTC)]),
            st.booleans(),
        ),
        st.sampled_from(FAILURES),
    ),
)
PLAN_HEADINGS = (*HEADINGS, "Aligned to", "Period")


def workbook_of(table: Sequence[Sequence[Value]]) -> Workbook:
    sheet = grid([PLAN_HEADINGS, *table])
    return Workbook({CellRef("2027-Q1", *place): held for place, held in sheet.cells.items()})


def plan_of(workbook: Workbook, outcomes: Mapping[str, Outcome], past: Past, language: str) -> Plan:
    known: dict[Link, Outcome] = {
        Link(text.split("#")[0], (("unit", "percent"),) if "#" in text else ()): outcome for text, outcome in outcomes.items()
    }
    try:
        rows = scan(workbook.read(), today=TODAY)
    except LayoutError:  # not one key result
        rows = []
    return plan(rows, known, past, how(force=True, texts=Texts(language)))  # type: ignore[arg-type]


@settings(deadline=None)
@given(TABLE, OUTCOMES, st.sampled_from(["en", "zh"]))
def test_a_plan_that_was_applied_leaves_nothing_to_do(
    table: Sequence[Sequence[Value]], outcomes: Mapping[str, Outcome], language: str
) -> None:
    workbook = workbook_of(table)
    before = dict(workbook.cells)
    first = plan_of(workbook, outcomes, Past(), language)
    workbook.apply(first.edits)
    past = Past(
        broken_since={one.key_result.link_text: NOW for one in first.rows},
        fills={one.key_result.key: one.fill_before for one in first.rows if one.fill_before is not None},
    )
    again = plan_of(workbook, outcomes, past, language)
    assert again.edits == ()
    written = {Column.RESULT, Column.PROGRESS, Column.STATUS, Column.SYNC, Column.AS_OF}
    may = {one.key_result.refs[column] for one in first.rows for column in written}
    for ref in before.keys() | workbook.cells.keys():
        here, there = before.get(ref, Cell()), workbook.cells.get(ref, Cell())
        assert here == there or ref in may
        assert not here.formula or here.value == there.value
        assert not here.locked or here == there
        assert not here.conditional or here.fill == there.fill
    for one in first.rows:
        result = one.key_result.ref
        if one.report.state in ("kept", "broken", "manual"):
            assert before.get(result, Cell()) == workbook.cells.get(result, Cell())
        assert len(one.report.message) <= SYNC_LENGTH


def test_a_target_that_rounding_hides_is_said() -> None:
    coarse = planned(row(start=12_000, target=12_500, result=12_300, sync=None), reading(12_400, approximate=True))
    assert "hardly be seen" in str(edits(coarse)[Column.SYNC])
    fine = planned(row(start=0, target=20_000, result=12_300, sync=None), reading(12_400, approximate=True))
    assert "hardly" not in str(edits(fine)[Column.SYNC])
