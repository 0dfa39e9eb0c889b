"""Two snapshots, before and after a write that landed among other changes, go in; what to put back, and where, comes out.

Google finds a row by its anchor, but a column only by its number, and an anchor stays behind where cells are cut and pasted or
sorted in part. Where such a change fell between our look and our write, a value of ours stands in a cell that was not meant. What
stood there before is known from the first snapshot; which of its cells it was is found by what stands around it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sheetsync.model import CellRef
from sheetsync.workbooks._google.snapshot import Entered, Page, Place, Snapshot
from sheetsync.workbooks._google.writing import RowWrite, alike


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
    rows = _rows(before, after, columns, meant, set(landed), {row for row, _ in landed})
    found = []
    for (row, column), (write, _value) in sorted(landed.items()):
        source = (rows.get(row), columns.get(column))
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


def _rows(
    before: Page, after: Page, columns: Mapping[int, int], meant: set[Place], landed: set[Place], wanted: set[int]
) -> dict[int, int]:
    """Row of `after` -> the row of `before` whose content it holds now; only for the `wanted` ones."""
    anchored = {anchor: row for row, ids in before.anchors.items() for anchor in ids}
    then: dict[int, dict[int, Entered]] = {}
    for at, value in before.entered.items():
        if at not in meant:
            then.setdefault(at[0], {})[at[1]] = value
    now: dict[int, dict[int, Entered]] = {}
    for at, value in after.entered.items():
        if at[0] in wanted and at not in landed and at[1] in columns:
            now.setdefault(at[0], {})[columns[at[1]]] = value
    found: dict[int, int] = {}
    for row in wanted:
        own = next((anchored[anchor] for anchor in after.anchors.get(row, ()) if anchor in anchored), None)
        here = now.get(row, {})
        likeness = {old: _share(there, here) for old, there in then.items()}
        best = max(likeness, key=lambda old: (likeness[old], old == own), default=None)
        if own is not None and (best is None or likeness.get(own, 0.0) >= likeness[best] or not here):
            if here or not then.get(own):
                found[row] = own
        elif best is not None and likeness[best] > 0:
            found[row] = best
    return found


def _share(there: Mapping[int, Entered], here: Mapping[int, Entered]) -> float:
    total = len(there.keys() | here.keys())
    return sum(1 for column, value in there.items() if here.get(column) == value) / total if total else 0.0
