"""The box beside Sync now: where it counts, how it is ticked, how it is cleared, and what a workbook asks for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sheetsync.model import Cell, CellEdit, CellRef, Grid
from sheetsync.okr import asking
from sheetsync.okr.scan import scan

from .sheets import LINK, TODAY, grid

ENGLISH = ("Key result", "Target", "Result", "Data link")
PLAN = [["Plan"], [], list(ENGLISH), ["More readers", 100, 5, LINK], ["More leads", 50, 5, LINK]]


def with_cells(cells: dict[tuple[int, int], Cell | str | bool], **rest: object) -> Grid:
    plan = grid(PLAN)
    more = {place: cell if isinstance(cell, Cell) else Cell(cell) for place, cell in cells.items()}
    return replace(plan, cells={**plan.cells, **more}, **rest)  # type: ignore[arg-type]


@pytest.mark.parametrize("label", ["Sync now", "sync now", " SYNC  NOW ", "Sync now:", "立即同步", "立即同步："])
@pytest.mark.parametrize(
    ("value", "empty"),
    [("☑", "☐"), (True, False), ("x", "☐"), ("X", "☐"), ("yes", "☐"), ("Yes", "☐"), ("是", "☐"), ("✓", "☐"), ("true", "☐")],
)
def test_a_ticked_box_asks_and_is_cleared_in_its_form(label: str, value: str | bool, empty: str | bool) -> None:
    found = asking.boxes([with_cells({(1, 6): label, (1, 7): value})])
    assert [box.asks for box in found] == [True]
    assert asking.cleared(found) == (CellEdit(CellRef("2027-Q1", 1, 7), empty),)


@pytest.mark.parametrize("value", ["☐", False, "", "no", "否", "later", 1.0, None])
def test_an_empty_box_asks_for_nothing(value: str | bool | float | None) -> None:
    found = asking.boxes([with_cells({(1, 6): "Sync now", (1, 7): Cell(value)})])
    assert not any(box.asks for box in found)
    assert asking.cleared(found) == ()


@pytest.mark.parametrize("label", ["Sync now please", "Sync", "now", "立即 同步吗"])
def test_another_label_is_none(label: str) -> None:
    assert asking.boxes([with_cells({(1, 6): label, (1, 7): "☑"})]) == []


@pytest.mark.parametrize("place", [(4, 1), (4, 3), (5, 2)])
def test_inside_the_table_it_is_only_a_text(place: tuple[int, int]) -> None:
    assert asking.boxes([with_cells({place: "Sync now", (place[0], place[1] + 1): "☑"})]) == []


def test_beside_the_table_and_on_another_sheet_it_counts() -> None:
    other = Grid("Guide", {(2, 2): Cell("立即同步"), (2, 3): Cell(True)})
    found = asking.boxes([with_cells({(4, 6): "Sync now", (4, 7): "☑"}), other])
    assert [box.ref.sheet for box in found if box.asks] == ["2027-Q1", "Guide"]


@pytest.mark.parametrize("cell", [Cell(True, formula=True), Cell("☑", locked=True)])
def test_a_box_that_cannot_be_cleared_is_left_alone_with_a_word(cell: Cell) -> None:
    (box,) = asking.boxes([with_cells({(1, 6): "Sync now", (1, 7): cell})])
    assert not box.asks
    assert box.cleared is None
    assert box.said is not None
    assert "2027-Q1!G1" in box.said.params["cell"]


def test_through_merged_cells() -> None:
    wide = with_cells({(1, 6): "Sync now", (1, 8): "☑"}, merges=((1, 6, 1, 7),))
    assert [box.ref.a1 for box in asking.boxes([wide])] == ["H1"]
    hidden = with_cells({(1, 6): "Sync now", (1, 7): "☑"}, merges=((0, 7, 1, 7),))
    assert asking.boxes([hidden]) == []


def test_what_a_workbook_asks_for() -> None:
    def digest(plan: Grid) -> str:
        return asking.digest([plan], scan([plan], today=TODAY))

    plain = digest(with_cells({}))
    assert digest(with_cells({(4, 3): Cell(77.0), (1, 1): "Another title", (1, 6): "Sync now", (1, 7): "☐"})) == plain
    assert digest(with_cells({(4, 4): f"{LINK}x"})) != plain
    assert digest(with_cells({(6, 1): "A third", (6, 2): Cell(7.0), (6, 4): LINK})) != plain
    assert digest(with_cells({(1, 6): "Sync now", (1, 7): "☑"})) != plain


@given(st.text(max_size=12), st.one_of(st.text(max_size=6), st.booleans(), st.floats(allow_nan=False), st.none()))
def test_whatever_stands_there_at_most_the_box_is_touched(label: str, value: str | bool | float | None) -> None:
    found = asking.boxes([with_cells({(1, 6): label, (1, 7): Cell(value)})])
    assert {edit.ref.a1 for edit in asking.cleared(found)} <= {"G1"}
    assert {edit.value for edit in asking.cleared(found)} <= {"☐", False}
