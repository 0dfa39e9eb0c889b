"""Two snapshots, before and after a write that landed among other changes, go in; what to put back, and where, comes out.

Google finds a row by its anchor, but a column only by its number, and an anchor stays behind where cells are cut and pasted or
sorted in part. Where such a change fell between our look and our write, a value of ours stands in a cell that was not meant. What
stood there before is known from the first snapshot; which of its cells it was is found by what stands around it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sheetsync.model import CellRef
from sheetsync.workbooks._google.snapshot import Entered, Page, Place, Snapshot
from sheetsync.workbooks._google.writing import RowWrite, alike

_HALF: Final = 0.5


@dataclass(frozen=True, slots=True)
class Restore:
    """A cell of the second snapshot, and what must stand there again; None: nothing."""

    page: Page
    at: Place
    value: Entered | None

    def request(self) -> dict[str, Any]:
        row, column = self.at
        match self.value:
            case None:
                held: dict[str, Any] = {}
            case bool():
                held = {"boolValue": self.value}
            case str() if self.value.startswith("="):
                held = {"formulaValue": self.value}
            case str():
                held = {"stringValue": self.value}
            case _:
                held = {"numberValue": self.value}
        start = {"sheetId": self.page.id, "rowIndex": row - 1, "columnIndex": column - 1}
        cell = {"userEnteredValue": held} if held else {}
        return {"updateCells": {"start": start, "rows": [{"values": [cell]}], "fields": "userEnteredValue"}}


def misplaced(writes: Iterable[RowWrite], after: Snapshot) -> list[Restore]:
    """The cells of `after` that hold a value of ours and are not the ones that were meant."""
    by_page: dict[int, list[RowWrite]] = {}
    for write in writes:
        by_page.setdefault(write.page.id, []).append(write)
    found: list[Restore] = []
    for page in after.pages:
        if page.id in by_page:
            found += _on_page(by_page[page.id], page)
    return found


def a1(restore: Restore) -> str:
    """Where it stands, as people write it."""
    return CellRef(restore.page.title, *restore.at).a1


def _on_page(writes: Sequence[RowWrite], after: Page) -> list[Restore]:
    before = writes[0].page
    landed = {
        (row, column): (write, value)
        for write in writes
        if (row := after.row_of(write.anchor)) is not None
        for column, value in write.values.items()
        if alike(after.entered.get((row, column)), value)  # whoever has changed it since knows better
    }
    meant = {(write.row, column) for write in writes for column in write.values}
    columns = _columns(before, after, meant, {at: write for at, (write, _) in landed.items()})
    written = {column for _, column in meant}
    same_place = {column: column for column in range(1, before.columns + 1) if column not in written}
    then = _lines(before, same_place, meant)
    now = _lines(after, {new: old for new, old in columns.items() if old not in written}, set(landed))
    hidden: dict[int, set[int]] = {}
    for row, column in landed:
        hidden.setdefault(row, set()).add(columns.get(column, 0))
    found = []
    for (row, column), (write, _value) in sorted(landed.items()):
        source = (_origin(now.get(row, {}), then, hidden[row], columns.get(column, column), write.row), columns.get(column))
        if source == (write.row, column):
            continue
        old = None if None in source else before.entered.get(source)  # type: ignore[arg-type]  # neither is None here
        found.append(Restore(after, (row, column), old))
    return found


def _columns(before: Page, after: Page, meant: set[Place], landed: Mapping[Place, RowWrite]) -> dict[int, int]:
    """Column of `after` -> the column of `before` that it was; a column that is new has none.

    Those that are most alike are paired first, then the rest in their order.
    """
    then, now = _by_column(before, meant), _by_column(after, set(landed))
    covered: dict[int, set[int]] = {}
    for (_row, column), write in landed.items():
        covered.setdefault(column, set()).add(write.row)
    scores = sorted(
        (
            (-_alike(there, here, covered.get(new, set())), abs(new - old), old, new)
            for old, there in then.items()
            for new, here in now.items()
        ),
    )
    found: dict[int, int] = {}
    for score, _distance, old, new in scores:
        if score < 0 and new not in found and old not in found.values():
            found[new] = old
    for new in range(1, after.columns + 1):  # what is blank in both, or covered by us: where its neighbours say
        left = found.get(new - 1, 0) + 1
        if new not in found and left not in found.values() and left not in then.keys() - found.keys():
            found[new] = left
    return found


def _by_column(page: Page, without: set[Place]) -> dict[int, dict[int, Entered]]:
    found: dict[int, dict[int, Entered]] = {}
    for (row, column), value in page.entered.items():
        if (row, column) not in without:
            found.setdefault(column, {})[row] = value
    return found


def _alike(there: Mapping[int, Entered], here: Mapping[int, Entered], covered: set[int]) -> float:
    """The share of values in common, whatever their order; rows that a value of ours covers now cannot speak."""
    one, other = Counter(value for row, value in there.items() if row not in covered), Counter(here.values())
    total = max(sum(one.values()), sum(other.values()))
    return sum((one & other).values()) / total if total else 0.0


def _lines(page: Page, columns: Mapping[int, int], without: set[Place]) -> dict[int, dict[int, Entered]]:
    """Row -> what stands in it, by the columns of the first snapshot."""
    found: dict[int, dict[int, Entered]] = {}
    for at, value in page.entered.items():
        if at not in without and at[1] in columns:
            found.setdefault(at[0], {})[columns[at[1]]] = value
    return found


def _origin(
    here: Mapping[int, Entered], then: Mapping[int, Mapping[int, Entered]], hidden: set[int], column: int, own: int
) -> int | None:
    """The row of the first snapshot that this line was; None where it is a new one. A tie is for its `own`.

    `hidden` are the columns that cannot be compared here, since a value of ours stands over them.
    """
    seen = {row: {at: value for at, value in there.items() if at not in hidden} for row, there in then.items()}
    if not here and not seen.get(own):
        return own
    likeness = {row: _likeness(there, here, column) for row, there in seen.items()}
    best = max(likeness, key=lambda row: (likeness[row], row == own), default=None)
    return best if best is not None and likeness[best] >= _HALF else None


def _likeness(there: Mapping[int, Entered], here: Mapping[int, Entered], column: int) -> float:
    """The share of cells that are the same. What stands near counts more: cells that were sorted or moved went together."""
    weights = {at: 1 / (1 + abs(at - column)) for at in there.keys() | here.keys()}
    total = sum(weights.values())
    return sum(weight for at, weight in weights.items() if here.get(at) == there.get(at)) / total if total else 0.0
