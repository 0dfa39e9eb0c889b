"""Rows and their results go in, the figures of the rows that roll others up come out.

`rollup:sum`, `rollup:mean` and `rollup:progress` stand in a row that others are aligned to, by the id or the name of its key
result or of its objective. A roll-up over roll-ups waits for them; a circle is an error, and so is a part without a result.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from graphlib import CycleError, TopologicalSorter

from sheetsync.errors import Incomplete, NoSuchMetric, NotFound, Refused
from sheetsync.model import PERCENT, Column, KeyResult, Kind, Outcome, Period, Reading
from sheetsync.okr.layout import fold, is_percent
from sheetsync.okr.progress import Share, mean, progress
from sheetsync.okr.scan import in_percent

_PREFIX = "rollup:"


def contributors(rows: Sequence[KeyResult], index: int) -> list[int]:
    """The rows that are aligned to row `index`, in the order of the sheet. A row never contributes to itself.

    Ids are unique within a group only: where several groups have a KR1.1, the first one of the row's own sheet is meant, which is
    the overall block. A row contributes within its period: a quarter to its year, never to another quarter.
    """
    return _contributors(rows, index, _groups_by_name(rows))


def names_of(row: KeyResult) -> set[str]:
    """What a row that is aligned to this one may write, folded."""
    objective, key_result = f"{row.objective_id} {row.objective}", f"{row.kr_id} {row.name}"
    return {fold(name) for name in (row.kr_id, row.name, row.objective_id, row.objective, objective, key_result)} - {""}


def _groups_by_name(rows: Sequence[KeyResult]) -> dict[str, list[tuple[str, str]]]:
    """Name -> the (sheet, group) pairs that hold it, in the order of the sheets."""
    found: dict[str, dict[tuple[str, str], None]] = defaultdict(dict)
    for row in rows:
        for name in names_of(row):
            found[name][row.ref.sheet, row.group] = None
    return {name: list(groups) for name, groups in found.items()}


def _contributors(rows: Sequence[KeyResult], index: int, groups: Mapping[str, Sequence[tuple[str, str]]]) -> list[int]:
    row, names = rows[index], names_of(rows[index])
    found = []
    for other, candidate in enumerate(rows):
        name = fold(candidate.aligned_to)
        if other == index or name not in names or not within(candidate.period, row.period):
            continue
        here = [place for place in groups[name] if place[0] == candidate.ref.sheet] or groups[name]
        if here[0] == (row.ref.sheet, row.group):
            found.append(other)
    return found


def meant(rows: Sequence[KeyResult]) -> list[list[int]]:
    """For each row the rows that its Aligned to names, of whatever period; never itself."""
    groups = _groups_by_name(rows)
    named: dict[tuple[str, tuple[str, str]], list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        for name in names_of(row):
            named[name, (row.ref.sheet, row.group)].append(index)
    found = []
    for index, row in enumerate(rows):
        name = fold(row.aligned_to)
        places = groups.get(name, []) if name else []
        here = [place for place in places if place[0] == row.ref.sheet] or places
        found.append([other for other in named[name, here[0]] if other != index] if here else [])
    return found


def within(part: Period | None, whole: Period | None) -> bool:
    """Whether a row of one period contributes to a row of the other: a quarter to its year."""
    return part is None or whole is None or (whole.start <= part.start and part.end <= whole.end)


def roll_up(rows: Sequence[KeyResult], results: Mapping[int, Decimal | None]) -> dict[int, Outcome]:
    """The outcome of every roll-up row; `results` holds what the other rows have, in their own measure."""
    rolled = [index for index, row in enumerate(rows) if isinstance(row.source, str) and row.source.startswith(_PREFIX)]
    if not rolled:
        return {}
    groups = _groups_by_name(rows)
    parts = {index: _contributors(rows, index, groups) for index in rolled}
    known = {**results, **dict.fromkeys(rolled)}  # what stands in a roll-up's cell is of the run before
    outcomes: dict[int, Outcome] = {}
    for index in _in_order(parts):
        outcome = _one(rows, index, parts[index], known, outcomes)
        outcomes[index] = outcome
        known[index] = _own_measure(rows[index], outcome) if isinstance(outcome, Reading) else None
    for index in rolled:
        outcomes.setdefault(
            index, Refused("This row is aligned, over others, to itself.", advice="Break the circle in Aligned to.")
        )
    return outcomes


def _in_order(parts: Mapping[int, Sequence[int]]) -> list[int]:
    """Roll-ups in an order in which each comes after its parts; those of a circle are left out."""
    graph = {index: {part for part in found if part in parts} for index, found in parts.items()}
    while True:
        try:
            return list(TopologicalSorter(graph).static_order())
        except CycleError as error:
            circle = set(error.args[1])
            graph = {index: found - circle for index, found in graph.items() if index not in circle}


def _one(
    rows: Sequence[KeyResult],
    index: int,
    parts: Sequence[int],
    known: Mapping[int, Decimal | None],
    outcomes: Mapping[int, Outcome],
) -> Outcome:
    row = rows[index]
    how = str(row.source).removeprefix(_PREFIX)
    if not parts:
        return NotFound(
            "No row is aligned to this one, so there is nothing to roll up.",
            advice="Write this key result's id or name into Aligned to of the rows that contribute.",
        )
    missing = [rows[part].kr_id or rows[part].name for part in parts if known[part] is None]
    if missing:
        return Incomplete(
            "These contributing rows have no result: {rows}.", rows=missing, advice="They are rolled up as soon as all have one."
        )
    figures = [(rows[part], known[part] or Decimal(0)) for part in parts]
    if how == "progress":
        shares = [(part, progress(part.kind, part.start, part.target, result)) for part, result in figures]
        unmeasured = [part.kr_id or part.name for part, reached in shares if not isinstance(reached, Decimal)]
        if unmeasured:
            return Incomplete("These contributing rows have no progress: {rows}.", rows=unmeasured, advice="Check their targets.")
        found = mean(Share(reached, part.weight) for part, reached in shares if isinstance(reached, Decimal))
        return (
            NotFound("The contributing rows carry no weight.") if found is None else Reading(found, PERCENT, source=_PREFIX + how)
        )
    percent = {in_percent(part) for part, _ in figures}
    if len(percent) > 1:
        return NoSuchMetric(
            "The contributing rows mix percentages and plain numbers.", advice="Roll up their progress: rollup:progress."
        )
    total = sum((result for _, result in figures), Decimal(0))
    if how == "mean":
        weights = sum((part.weight for part, _ in figures), Decimal(0))
        if weights == 0:
            return NotFound("The contributing rows carry no weight.")
        total = sum((result * part.weight for part, result in figures), Decimal(0)) / weights
    approximate = any(isinstance(outcomes.get(part), Reading) and outcomes[part].approximate for part in parts)  # type: ignore[union-attr]
    return Reading(total, PERCENT if percent == {True} else "", approximate=approximate, source=_PREFIX + how)


def _own_measure(row: KeyResult, reading: Reading) -> Decimal:
    """A share that a plain number row rolls up counts there as its cell shows it; in a percent row it stays a share."""
    if row.kind is Kind.YES_NO:
        return Decimal(int(reading.value > 0))
    points = reading.unit == PERCENT and not in_percent(row) and not is_percent(row.cells[Column.RESULT].number_format)
    return reading.value * 100 if points else reading.value
