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
    columns = _columns(before, after, meant, set(landed))
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


def _columns(before: Page, after: Page, meant: set[Place], landed: set[Place]) -> dict[int, int]:
    """Column of `after` -> column of `before`, in the same order; a column that is new has none."""
    then, now = _by(before.entered, 1, meant), _by(after.entered, 1, landed)
    return _aligned(then, now, max(before.columns, *then, 1), max(after.columns, *now, 1))


def _aligned(
    then: Mapping[int, Counter[Entered]], now: Mapping[int, Counter[Entered]], old_count: int, new_count: int
) -> dict[int, int]:
    """The alignment that keeps most of what stands in the columns (longest common subsequence, weighted by what is alike)."""
    old_last, new_last = max(then, default=0), max(now, default=0)
    best = [[0.0] * (new_last + 1) for _ in range(old_last + 1)]
    for old in range(1, old_last + 1):
        for new in range(1, new_last + 1):
            alike = _alike(then.get(old, Counter()), now.get(new, Counter()))
            best[old][new] = max(best[old - 1][new], best[old][new - 1], best[old - 1][new - 1] + alike)
    found: dict[int, int] = {}
    old, new = old_last, new_last
    while old and new:
        alike = _alike(then.get(old, Counter()), now.get(new, Counter()))
        if best[old][new] == best[old - 1][new - 1] + alike and alike > 0:
            found[new] = old
            old, new = old - 1, new - 1
        elif best[old][new] == best[old - 1][new]:
            old -= 1
        else:
            new -= 1
    if old_count == new_count or old_last == new_last:
        found |= {column: column for column in range(1, new_count + 1) if column not in found and column not in found.values()}
    return found


def _alike(one: Counter[Entered], other: Counter[Entered]) -> float:
    """0 for nothing in common, 1 and a little more for the same; more the more there is."""
    total = max(sum(one.values()), sum(other.values()))
    return sum((one & other).values()) / total + 1e-6 * total if total else 0.5


def _by(entered: Mapping[Place, Entered], axis: int, without: set[Place]) -> dict[int, Counter[Entered]]:
    found: dict[int, Counter[Entered]] = {}
    for at, value in entered.items():
        if at not in without:
            found.setdefault(at[axis], Counter())[value] += 1
    return found


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
