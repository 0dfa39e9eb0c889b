"""Grids go in; the tables as far as they can be made out, and what is wrong with headings, groups and objectives, come out.

A run is strict: two headings of one meaning stop it, and a heading that is not known does not exist. Here such a heading is
reported and taken for what it nearly is, so that the rows below it are looked at too.
"""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from sheetsync.model import Cell, CellRef, Column, Grid
from sheetsync.okr import layout
from sheetsync.okr.finding import Finding
from sheetsync.okr.scan import MAX_HEADING, Line, Table, lines, require_whole, text
from sheetsync.texts import sentence

_PERSON: Final = re.compile(r"\b(persons?|people|personal|career)\b|个人|成长|职业|人员", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S")
_ALIKE: Final = 0.85
_SHORTEST: Final = 4
_CHINESE: Final = re.compile(r"[\u4e00-\u9fff]+")


def is_person(group: str, sheet: str) -> bool:
    """Whether a group holds one person's own goals, by its name or by its sheet's."""
    return bool(_PERSON.search(group) or _PERSON.search(sheet))


def tables(grids: Sequence[Grid]) -> tuple[list[Table], list[Finding]]:
    """The tables, and what is wrong with their headings. Raises LayoutError where a table goes on past the rows that are read."""
    found: list[Table] = []
    wrong: list[Finding] = []
    for grid in grids:
        rows = list(_heading_rows(grid))
        if not rows:
            continue
        require_whole(grid)
        last = max((row for row, _ in grid.cells), default=0)
        ends = [row - 1 for row, _, _ in rows[1:]] + [last]
        for (row, columns, findings), end in zip(rows, ends, strict=True):
            found.append(Table(grid, row, columns, end))
            wrong += findings
    return found, wrong


def _heading_rows(grid: Grid) -> Iterator[tuple[int, dict[Column, int], list[Finding]]]:
    by_row: dict[int, list[tuple[int, str]]] = {}
    for (row, column), cell in sorted(grid.cells.items()):
        if isinstance(cell.value, str) and 0 < len(cell.value) <= MAX_HEADING:
            by_row.setdefault(row, []).append((column, cell.value))
    for row, cells in by_row.items():
        columns: dict[Column, int] = {}
        wrong = []
        unknown = []
        for column, said in cells:
            meaning = layout.heading(said)
            if meaning is None:
                unknown.append((column, said))
            elif meaning in columns:
                wrong.append(_twice(CellRef(grid.sheet, row, columns[meaning]), CellRef(grid.sheet, row, column)))
            else:
                columns[meaning] = column
        if sum(column in columns for column in layout.NEEDED) < len(layout.NEEDED) // 2:
            continue
        for column, said in unknown:
            close = nearest(said, columns)
            if close is not None:
                columns[close[0]] = column
                wrong.append(_nearly(CellRef(grid.sheet, row, column), said, *close))
        if columns.keys() >= set(layout.NEEDED):
            yield row, columns, wrong


def nearest(said: str, known: Mapping[Column, int]) -> tuple[Column, str] | None:
    """The heading that a text nearly is, and its word; None where there is none, or where the row has that heading already."""
    folded = layout.fold(said)
    best: tuple[float, Column, str] | None = None
    for meaning, words in layout.HEADINGS.items():
        for word in words if meaning not in known else ():
            alike = _alike(folded, layout.fold(word), needed=meaning in layout.NEEDED)
            if alike and (best is None or alike > best[0]):
                best = alike, meaning, word
    return best[1:] if best else None


def _alike(said: str, word: str, *, needed: bool) -> float:
    """How much two texts are one with a slip of the finger; 0 where they are two words."""
    if _CHINESE.fullmatch(word):
        other = sum(one != two for one, two in zip(said, word, strict=False))
        return float(len(said) == len(word) >= (_SHORTEST - 1 if needed else _SHORTEST) and other == 1)
    if min(len(said), len(word)) < _SHORTEST:
        return 0
    if len(said) > _SHORTEST and said[0] == word[0] and sorted(said) == sorted(word):  # two letters changed places
        return 1
    ratio = difflib.SequenceMatcher(None, said, word).ratio()
    return ratio if ratio >= _ALIKE else 0


def _twice(first: CellRef, second: CellRef) -> Finding:
    return Finding(
        second, "heading-twice",
        sentence("The headings in {first} and {second} mean the same.", first=first.a1, second=second.a1),
        sentence("No figure is written as long as nobody can tell which of the two is meant."),
        sentence("Rename one of the two."),
    )  # fmt: skip


def _nearly(ref: CellRef, said: str, meaning: Column, word: str) -> Finding:
    return Finding(
        ref, "heading-nearly", sentence("The heading {text} is nearly {heading}.", text=said, heading=word),
        sentence("Without this heading the rows below are not read.")
        if meaning in layout.NEEDED
        else sentence("A column whose heading is not known is not read."),
        sentence("Write {heading}.", heading=word),
    )  # fmt: skip


# --- groups and objectives ---------------------------------------------------------------------------------------------


def gaps(table: Table) -> Iterator[Finding]:
    """Groups, people and objectives without a key result, and rows with a link but without a name."""
    found = list(lines(table))
    numbered = any(line.objective_id for line in found)
    groups = _runs(found, lambda line: (line.group,))
    for own in groups:
        aims = [
            run for run in _runs(own, lambda line: (line.objective_id, line.objective))
            if run[0].objective and (run[0].objective_id or not numbered)
        ]  # fmt: skip
        for run in aims:
            if not any(line.is_key_result for line in run):
                yield Finding(
                    _begins(table, run[0], Column.OBJECTIVE), "objective-without-key-results",
                    sentence("The objective {objective} has no key results.", objective=run[0].objective),
                    sentence("Nobody can see whether it is reached."),
                    sentence("Write at least one key result below it, or remove it."),
                )  # fmt: skip
        if own[0].group and not aims and not any(line.is_key_result for line in own):
            yield from _empty_group(table, own, last=own is groups[-1])
    for line in found:
        if not (line.band or text(line.cells[Column.KEY_RESULT])) and _has_address(line.cells[Column.DATA_LINK]):
            yield Finding(
                CellRef(table.grid.sheet, line.row, table.columns[Column.KEY_RESULT]), "no-name",
                sentence("This row has a data link but no key result."),
                sentence("It is passed over, and its figure is written nowhere."),
                sentence("Write what is measured, or take the link away."),
            )  # fmt: skip


def _runs(found: Sequence[Line], key: Callable[[Line], tuple[str, ...]]) -> list[list[Line]]:
    return [list(run) for _, run in itertools.groupby(found, key)]


def _empty_group(table: Table, own: Sequence[Line], *, last: bool) -> Iterator[Finding]:
    """A group without a row. A text below the last row is more likely a note, and one above another band a title."""
    name, ref = own[0].group, _begins(table, own[0], Column.GROUP)
    if is_person(name, table.grid.sheet):
        yield Finding(
            ref, "person-without-goals", sentence("{group} has no goals.", group=name),
            sentence("Whoever has no goals cannot be reviewed, and does not know what is expected."),
            sentence("Write at least one goal below the name, or remove the name."),
        )  # fmt: skip
    elif not last and (len(own) > 1 or not own[0].band):
        yield Finding(
            ref, "group-without-key-results", sentence("The group {group} has no key results.", group=name),
            sentence("It stands in the plan, but nothing of it is measured."),
            sentence("Write at least one key result below it, or remove it."),
        )  # fmt: skip


def _begins(table: Table, line: Line, column: Column) -> CellRef:
    """The cell that names the group or the objective: its own column's, or the first one of a band."""
    left, right = min(table.columns.values()), max(table.columns.values())
    across = (number for number in range(left, right + 1) if text(table.grid.cell(line.row, number)))
    number = next(across, left) if line.band or column not in table.columns else table.columns[column]
    return CellRef(table.grid.sheet, line.row, number)


def _has_address(cell: Cell) -> bool:
    return bool(cell.targets) or _ADDRESS.match(text(cell)) is not None
