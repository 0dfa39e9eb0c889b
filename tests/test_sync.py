"""The line, over a workbook in memory: no figure on another row's cell, nobody's edit lost, one row's failure its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sheetsync.errors import LayoutError, NotFound, TooManyLosses, Unavailable, WorkbookChanged, WorkbookLocked
from sheetsync.fetch import Fetched
from sheetsync.history import History
from sheetsync.model import Cell, CellEdit, CellRef, CellValue, Link, Outcome, Reading
from sheetsync.okr.plan import How, NoMemory, Plan
from sheetsync.recorder import Recorder
from sheetsync.sync import APPLY_TRIES, NoStore, Options, sync, wanted_links
from sheetsync.texts import Texts
from sheetsync.workbooks.memory import Memory

SHEET = "2027-Q1"
HEADINGS = ("Group", "Key result", "Target", "Result", "Data link", "Sync", "Channel")
RESULT = HEADINGS.index("Result") + 1
TODAY = date(2027, 2, 15)
NOW = datetime(2027, 2, 15, 9, 30, tzinfo=UTC)


def address(number: int) -> str:
    return f"https://data.test/{number}"


def workbook_of(*rows: Iterable[CellValue | int], headings: Iterable[str] = HEADINGS) -> Memory:
    found = Memory(sheets=[SHEET])
    for number, row in enumerate([headings, *rows], start=1):
        for column, value in enumerate(row, start=1):
            found.put(CellRef(SHEET, number, column), value)  # type: ignore[arg-type]
    return found


def options(**more: object) -> Options:
    return Options(**({"how": lambda _fetched, _rows: How(NOW, Texts("en")), "today": TODAY} | more))  # type: ignore[arg-type]


@dataclass
class Source:
    """A fetch that knows its answers and counts."""

    outcomes: Mapping[str, Outcome]
    asked: list[set[Link]] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None

    def __call__(self, links: Collection[Link]) -> Fetched:
        self.asked.append(set(links))
        self.meanwhile()
        return Fetched({link: self.outcomes[link.url] for link in links}, requests=len(links))


@dataclass
class Store:
    """Writes down what it is told, and when."""

    workbook: Memory
    told: list[str] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)

    def memory(self) -> NoMemory:
        return NoMemory()

    def record(self, planned: Plan, fetched: Fetched) -> None:
        self.told.append(f"record at {self.workbook.saves}")
        self.plans.append(planned)

    def applied(self) -> None:
        self.told.append(f"applied at {self.workbook.saves}")

    def finish(self, *, edits: int, requests: int, seconds: float, error: str | None) -> None:
        self.told.append("finish")


def results(workbook: Memory) -> dict[str, CellValue]:
    """Link -> what stands in Result of the row that has it."""
    return {
        str(cell.value): workbook.cells.get(CellRef(SHEET, ref.row, RESULT), Cell()).value
        for ref, cell in workbook.cells.items()
        if ref.column == RESULT + 1 and ref.row > 1
    }


def figure(value: int) -> Reading:
    return Reading(Decimal(value))


# --- one run -----------------------------------------------------------------------------------------------------------


def test_a_run_from_link_to_cell() -> None:
    workbook = workbook_of(["A", "kr 1", 10, 5, address(1)], ["A", "kr 2", 10, 5, address(2)], ["A", "kr 3", 10, 7, None])
    source, store = Source({address(1): figure(6), address(2): figure(5)}), Store(workbook)
    clock = iter([100.0, 101.25])
    report = sync(workbook, source, options(), store, clock=lambda: next(clock))
    assert [(row.key_result, row.state, row.new) for row in report.rows] == [
        ("kr 1", "fresh", 6.0),
        ("kr 2", "unchanged", 5.0),
        ("kr 3", "manual", 7.0),
    ]
    assert (report.requests, report.seconds, report.edits, report.error, report.exit_code) == (
        2,
        1.25,
        len(report.planned),
        None,
        0,
    )
    assert results(workbook)[address(1)] == 6.0
    assert source.asked == [{Link(address(1)), Link(address(2))}]
    assert store.told == ["record at 0", "applied at 1"]


def test_rows_with_one_link_share_its_outcome() -> None:
    workbook = workbook_of(["A", "kr 1", 10, 1, address(1)], ["B", "kr 2", 10, 2, address(1)])
    source = Source({address(1): figure(6)})
    sync(workbook, source, options(), NoStore())
    assert [cell.value for ref, cell in sorted(workbook.cells.items()) if ref.column == RESULT and ref.row > 1] == [6.0, 6.0]
    assert source.asked == [{Link(address(1))}]


def test_one_rows_failure_is_its_own() -> None:
    workbook = workbook_of(
        *(["A", f"kr {at}", 10, 5, address(at)] for at in range(3)), ["A", "kr 3", 10, 5, "https://data.test/%zz"]
    )
    outcomes: dict[str, Outcome] = {address(0): NotFound("Gone."), address(1): figure(6), address(2): Unavailable("Down.")}
    report = sync(workbook, Source(outcomes), options(), NoStore())
    assert [row.state for row in report.rows] == ["broken", "fresh", "kept", "broken"]
    assert list(results(workbook).values()) == [5.0, 6.0, 5.0, 5.0]


def test_a_run_without_news_does_not_write() -> None:
    workbook = workbook_of(["A", "kr 1", 10, 5, address(1), "fresh"])
    assert sync(workbook, Source({address(1): figure(5)}), options(), NoStore()).edits == 0
    assert workbook.saves == 0


def test_a_dry_run_says_all_and_writes_nothing() -> None:
    workbook = workbook_of(["A", "kr 1", 10, 5, address(1)])
    before, store = dict(workbook.cells), Store(workbook)
    report = sync(workbook, Source({address(1): figure(6)}), options(dry_run=True), store)
    assert CellEdit(CellRef(SHEET, 2, RESULT), Decimal(6)) in report.planned
    assert (workbook.cells, workbook.saves, store.told) == (before, 0, [])


def test_only_the_named_groups_are_asked_for_and_written() -> None:
    workbook = workbook_of(["A", "kr 1", 10, 5, address(1)], ["B", "kr 2", 10, 5, address(2)])
    source = Source({address(1): figure(6), address(2): figure(6)})
    report = sync(workbook, source, options(only=("b",)), NoStore())
    assert source.asked == [{Link(address(2))}]
    assert [row.key_result for row in report.rows] == ["kr 2"]
    assert results(workbook) == {address(1): 5.0, address(2): 6.0}


def test_what_needs_no_service_is_not_asked_for() -> None:
    workbook = workbook_of(["A", "kr 1", 10, 5, None], ["A", "kr 2", 10, 5, "manual:"], ["A", "kr 3", 10, 5, "rollup:sum"])
    source = Source({})
    sync(workbook, source, options(), NoStore())
    assert source.asked == [set()]
    assert wanted_links([]) == set()


# --- what happens meanwhile --------------------------------------------------------------------------------------------


def test_a_row_that_moved_while_services_were_asked_gets_its_own_figure() -> None:
    workbook = workbook_of(["A", "kr 1", 10, 5, address(1)], ["A", "kr 2", 10, 5, address(2)])
    source = Source(
        {address(1): figure(61), address(2): figure(62)}, meanwhile=lambda: workbook.reorder_rows(SHEET, {2: 3, 3: 2})
    )
    sync(workbook, source, options(), NoStore())
    assert results(workbook) == {address(1): 61.0, address(2): 62.0}


def test_a_row_that_came_meanwhile_waits_for_the_next_run() -> None:
    workbook = workbook_of(["A", "kr 1", 10, 5, address(1)])

    def add() -> None:
        for column, value in enumerate(["A", "kr 9", 10, 5, address(9)], start=1):
            workbook.put(CellRef(SHEET, 3, column), value)

    report = sync(workbook, Source({address(1): figure(6)}, meanwhile=add), options(), NoStore())
    assert [row.state for row in report.rows] == ["fresh", "kept"]
    assert results(workbook) == {address(1): 6.0, address(9): 5.0}


def test_a_link_that_changed_meanwhile_does_not_get_the_figure_of_the_old_one() -> None:
    workbook = workbook_of(["A", "kr 1", 10, 5, address(1)])
    source = Source({address(1): figure(6)}, meanwhile=lambda: workbook.put(CellRef(SHEET, 2, RESULT + 1), address(2)))
    assert sync(workbook, source, options(), NoStore()).rows[0].state == "kept"
    assert results(workbook) == {address(2): 5.0}


def test_a_table_that_is_gone_meanwhile_is_not_written_to() -> None:
    workbook = workbook_of(["A", "kr 1", 10, 5, address(1)])
    store = Store(workbook)
    source = Source({address(1): figure(6)}, meanwhile=lambda: workbook.put(CellRef(SHEET, 1, RESULT), "Notes on it"))
    with pytest.raises(LayoutError, match="Result"):
        sync(workbook, source, options(), store)
    assert (workbook.saves, store.told) == (0, [])


@pytest.mark.parametrize("times", [0, 1, APPLY_TRIES - 1, APPLY_TRIES, APPLY_TRIES + 3])
def test_a_workbook_that_changes_is_tried_five_times(times: int) -> None:
    workbook = workbook_of(["A", "kr 1", 10, 5, address(1)])
    saved: list[int] = []

    def colleague(_: Memory) -> None:
        if len(saved) < times:
            saved.append(1)
            workbook.put(CellRef(SHEET, 9, 9), f"note {len(saved)}")

    workbook.before_apply = colleague
    source, store = Source({address(1): figure(6)}), Store(workbook)
    if times < APPLY_TRIES:
        sync(workbook, source, options(), store)
        assert (results(workbook), store.told) == ({address(1): 6.0}, ["record at 0", "applied at 1"])
    else:
        with pytest.raises(WorkbookChanged):
            sync(workbook, source, options(), store)
        assert (results(workbook), len(saved), store.told) == ({address(1): 5.0}, APPLY_TRIES, ["record at 0"])
    assert len(source.asked) == 1, "services are asked once, however often the plan is made"


def test_the_history_keeps_what_was_written_and_not_what_was_planned_before_a_colleague_saved(tmp_path: Path) -> None:
    workbook = workbook_of(["A", "kr 1", 10, 5, address(1)], ["A", "kr 2", 10, 5, address(2)], ["A", "kr 3", 10, 5, address(3)])
    history = History(tmp_path / "history.db", redact=str, clock=lambda: NOW)
    source = Source({address(1): figure(6), address(2): figure(7), address(3): figure(8)})

    def colleague(_: Memory) -> None:
        workbook.before_apply = None
        workbook.put(CellRef(SHEET, 2, RESULT + 1), address(9))
        for column in range(1, len(HEADINGS) + 1):
            workbook.put(CellRef(SHEET, 3, column), None)

    workbook.before_apply = colleague
    sync(workbook, source, options(), Recorder(history, "plan", lambda: NOW))
    assert [(row.key_result, row.state, row.value) for row in history.as_of("plan", NOW)] == [
        ("kr 1", "kept", Decimal(5)), ("kr 3", "fresh", Decimal(8)),
    ]  # fmt: skip
    assert history.memory("plan").last.keys() == {row.key for row in history.as_of("plan", NOW) if row.key_result == "kr 3"}
    assert history.outbox("plan") == []

    source.outcomes = {address(9): figure(1), address(3): figure(8)}
    sync(workbook, source, options(), Recorder(history, "plan", lambda: NOW + timedelta(days=1)))
    assert [(row.key_result, row.value) for row in history.as_of("plan", NOW + timedelta(days=1))] == [
        ("kr 1", Decimal(1)), ("kr 3", Decimal(8)),
    ]  # fmt: skip


def test_five_is_how_often() -> None:
    assert APPLY_TRIES == 5


def test_a_locked_workbook_is_recorded_and_not_tried_again() -> None:
    workbook = workbook_of(["A", "kr 1", 10, 5, address(1)])
    calls: list[int] = []

    def locked(_: Memory) -> None:
        calls.append(1)
        raise WorkbookLocked("It is open.")

    workbook.before_apply = locked
    store = Store(workbook)
    with pytest.raises(WorkbookLocked):
        sync(workbook, Source({address(1): figure(6)}), options(), store)
    assert (len(calls), store.told) == (1, ["record at 0"])
    assert store.plans[0].rows[0].written is not None


def test_too_many_losses_are_neither_recorded_nor_written() -> None:
    workbook = workbook_of(*(["A", f"kr {at}", 10, 5, address(at)] for at in range(3)))
    store = Store(workbook)
    with pytest.raises(TooManyLosses):
        sync(workbook, Source({address(at): figure(0) for at in range(3)}), options(), store)
    assert (workbook.saves, store.told) == (0, [])


# --- a colleague at work -----------------------------------------------------------------------------------------------


class Colleague:
    """Sorts, inserts, deletes and edits rows, and remembers by link what must stand in each."""

    def __init__(self, workbook: Memory, count: int) -> None:
        self.workbook = workbook
        self.rows = {
            address(at): {"Target": 100.0, "Result": 5.0, "Channel": f"channel {at}", "Key result": f"kr {at}"}
            for at in range(count)
        }

    def places(self) -> dict[str, int]:
        return {str(cell.value): ref.row for ref, cell in self.workbook.cells.items() if ref.column == RESULT + 1 and ref.row > 1}

    def act(self, action: str, one: int, other: int) -> None:
        places = self.places()
        links = sorted(places)
        if not links:
            return
        link, second = links[one % len(links)], links[other % len(links)]
        at, to = places[link], places[second]
        if action == "swap":
            self.workbook.reorder_rows(SHEET, {at: to, to: at})
        elif action == "sort":
            ordered = sorted(places.items(), key=lambda item: (item[1] * (one + 3) % 7, item[0]))
            self.workbook.reorder_rows(
                SHEET, {place: row for (_, place), row in zip(ordered, sorted(places.values()), strict=True)}
            )
        elif action == "insert":
            self.workbook.insert_rows(SHEET, at, 1 + other % 3)
        elif action == "delete" and len(links) > 1:
            for column in range(1, len(HEADINGS) + 1):
                self.workbook.put(CellRef(SHEET, at, column), None)
            below = {ref.row for ref in self.workbook.cells if ref.row > at}
            self.workbook.reorder_rows(SHEET, {row: row - 1 for row in sorted(below)})
            del self.rows[link]
        elif action in ("Target", "Result", "Channel"):
            value: CellValue = f"by hand {one}" if action == "Channel" else float(200 + one)
            self.workbook.put(CellRef(SHEET, at, HEADINGS.index(action) + 1), value)
            self.rows[link][action] = value  # type: ignore[assignment]


ACTIONS = st.tuples(
    st.sampled_from(["swap", "sort", "insert", "delete", "Target", "Result", "Channel"]), st.integers(0, 50), st.integers(0, 50)
)


@settings(deadline=None)
@given(
    st.lists(st.booleans(), min_size=1, max_size=6),
    st.lists(ACTIONS, max_size=4),
    st.lists(st.lists(ACTIONS, min_size=1, max_size=3), max_size=APPLY_TRIES + 1),
)
def test_whatever_a_colleague_does_no_figure_lands_on_another_row_and_no_edit_is_lost(
    answered: list[bool], during_fetch: list[tuple[str, int, int]], before_writes: list[list[tuple[str, int, int]]]
) -> None:
    count = len(answered)
    workbook = workbook_of(*(["A", f"kr {at}", 100, 5, address(at), None, f"channel {at}"] for at in range(count)))
    colleague = Colleague(workbook, count)
    pending = list(before_writes)

    def before_apply(_: Memory) -> None:
        for action in pending.pop(0) if pending else ():
            colleague.act(*action)

    def meanwhile() -> None:
        for action in during_fetch:
            colleague.act(*action)

    workbook.before_apply = before_apply
    outcomes: dict[str, Outcome] = {
        address(at): figure(1000 + at) if answers else NotFound("Gone.") for at, answers in enumerate(answered)
    }
    source = Source(outcomes, meanwhile=meanwhile)
    try:
        sync(workbook, source, options(), NoStore())
        written = True
    except WorkbookChanged:
        written = False
        assert len(before_writes) >= APPLY_TRIES
    assert len(source.asked) == 1
    places = colleague.places()
    assert places.keys() == colleague.rows.keys()
    for link, row in places.items():
        held = {
            name: workbook.cells.get(CellRef(SHEET, row, column), Cell()).value for column, name in enumerate(HEADINGS, start=1)
        }
        expected = dict(colleague.rows[link])
        outcome = outcomes[link]
        if written and isinstance(outcome, Reading):
            expected["Result"] = float(outcome.value)
        assert {name: held[name] for name in expected} == expected
        if written:
            assert held["Sync"] is not None
            assert str(held["Sync"]).startswith("fresh" if isinstance(outcome, Reading) else "broken")
    used = {ref.row for ref in workbook.cells} - set(places.values())
    assert used == {1}, "nothing was written beside the rows"
