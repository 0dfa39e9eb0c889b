"""Key results go in; what is wrong with their alignment comes out: to nothing, to another period, in a circle, or none at all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Final

from sheetsync.model import Column, KeyResult
from sheetsync.okr.finding import Finding
from sheetsync.okr.layout import fold
from sheetsync.okr.outline import is_person
from sheetsync.okr.rollup import meant, names_of, within
from sheetsync.texts import sentence

_OVERALL: Final = re.compile(r"\boverall\b|\b(company|department)[ -]?wide\b|整体|总体|全公司|全部门", re.IGNORECASE)
_SHOWN: Final = 5
Place = tuple[str, str]
"""A group on a sheet."""


def findings(rows: Sequence[KeyResult]) -> Iterator[Finding]:
    """What is wrong with Aligned to, and which overall objectives are left alone."""
    named = meant(rows)
    known = {name for row in rows for name in names_of(row)}
    for row, others in zip(rows, named, strict=True):
        if row.aligned_to:
            yield from _one(row, [rows[other] for other in others], known)
    parts = [
        [other for other in others if within(row.period, rows[other].period)] for row, others in zip(rows, named, strict=True)
    ]
    yield from _circles(rows, parts)
    yield from _empty_rollups(rows, parts)
    yield from _coverage(rows, named)


def _one(row: KeyResult, others: Sequence[KeyResult], known: set[str]) -> Iterator[Finding]:
    ref, name = row.refs[Column.ALIGNED_TO], fold(row.aligned_to)
    if name not in known:
        yield Finding(
            ref, "aligned-to-nothing",
            sentence("{kr} is aligned to {text}, which is not in this workbook.", kr=row.name, text=row.aligned_to),
            sentence("It contributes to nothing that the roll-ups can see."),
            sentence("Write the id or the name of an objective or key result of this workbook."),
        )  # fmt: skip
    elif not others and name in _own_names(row):
        yield Finding(
            ref, "circular-alignment", sentence("{kr} is aligned to itself.", kr=row.name),
            sentence("It contributes to nothing that the roll-ups can see."),
            sentence("Write the id or the name of the objective or key result that it serves."),
        )  # fmt: skip
    elif others and not any(within(row.period, other.period) for other in others):
        yield Finding(
            ref, "aligned-to-other-period",
            sentence("{kr} is aligned to {text}, which is of another period.", kr=row.name, text=row.aligned_to),
            sentence("A row contributes within its period only: a quarter to its year, never to another quarter."),
            sentence("Correct Period in one of the two rows, or align it to a row of its own period."),
        )  # fmt: skip


def _own_names(row: KeyResult) -> set[str]:
    return {fold(name) for name in (row.kr_id, row.name, f"{row.kr_id} {row.name}")} - {""}


def _objective(row: KeyResult) -> tuple[str, ...]:
    return (row.ref.sheet, row.group, row.objective_id, row.objective)


def _circles(rows: Sequence[KeyResult], parts: Sequence[Sequence[int]]) -> Iterator[Finding]:
    """One finding for each circle, at its first row. A row that serves its own objective does not go in a circle."""

    def leads_on(row: KeyResult, other: KeyResult) -> bool:
        return _objective(row) != _objective(other) or fold(row.aligned_to) in _own_names(other)

    graph: Mapping[int, set[int]] = {
        index: {other for other in found if leads_on(rows[index], rows[other])} for index, found in enumerate(parts) if found
    }
    while True:
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            circle = set(error.args[1])
        else:
            return
        first, *others = sorted(circle, key=lambda index: rows[index].ref)
        names = [rows[index].kr_id or rows[index].name for index in others]
        yield Finding(
            rows[first].refs[Column.ALIGNED_TO], "circular-alignment",
            sentence("{kr} is aligned, over {others}, to itself.", kr=rows[first].name, others=names[:_SHOWN]),
            sentence("A circle contributes to no goal, and what rolls it up has no result."),
            sentence("Take Aligned to out of one of these rows."),
        )  # fmt: skip
        graph = {index: found - circle for index, found in graph.items() if index not in circle}


def _empty_rollups(rows: Sequence[KeyResult], parts: Sequence[Sequence[int]]) -> Iterator[Finding]:
    served = {other for found in parts for other in found}
    for index, row in enumerate(rows):
        if isinstance(row.source, str) and row.source.startswith("rollup:") and index not in served:
            yield Finding(
                row.refs[Column.DATA_LINK], "rollup-of-nothing",
                sentence("No row is aligned to {kr}, so there is nothing to roll up.", kr=row.name),
                sentence("The result of {kr} cannot be kept up to date.", kr=row.name),
                sentence("Write this key result's id or name into Aligned to of the rows that contribute."),
            )  # fmt: skip


# --- who serves the overall objectives ---------------------------------------------------------------------------------


def overall(rows: Sequence[KeyResult], named: Sequence[Sequence[int]]) -> set[Place]:
    """The groups whose objectives the others serve: those called so, and the first of a sheet where others are aligned to it.

    Empty where the plan does not work with alignment: then nobody is to be told to.
    """
    firsts = {row.ref.sheet: _place(row) for row in reversed(rows)}
    served = {
        _place(rows[other])
        for row, found in zip(rows, named, strict=True)
        for other in found
        if _place(row) != _place(rows[other])
    }
    found = {_place(row) for row in rows if _OVERALL.search(row.group)} | {place for place in firsts.values() if place in served}
    return found or ({_place(rows[0])} if served else set())


def _place(row: KeyResult) -> Place:
    return row.ref.sheet, row.group


def _coverage(rows: Sequence[KeyResult], named: Sequence[Sequence[int]]) -> Iterator[Finding]:
    top = overall(rows, named)
    owners = {fold(row.owner) for row in rows if len(row.owner) > 1}

    def of_a_person(row: KeyResult) -> bool:
        return is_person(row.group, row.ref.sheet) or any(owner in fold(row.group) for owner in owners)

    teams = [row for row in rows if _place(row) not in top and Column.ALIGNED_TO in row.refs and not of_a_person(row)]
    if not top or not teams:
        return
    served = {
        _objective(rows[other])
        for row, found in zip(rows, named, strict=True)
        for other in found
        if _place(row) != _place(rows[other])
    }
    told: set[tuple[str, ...]] = set()
    for row in rows:
        if _place(row) in top and row.objective and _objective(row) not in served | told:
            told.add(_objective(row))
            yield Finding(
                row.refs.get(Column.OBJECTIVE, row.refs[Column.KEY_RESULT]), "no-contribution",
                sentence("Nobody contributes to the overall objective {objective}.", objective=row.objective),
                sentence("What no team works for is reached by chance."),
                sentence("Write its id into Aligned to of the key results that serve it, or remove it."),
            )  # fmt: skip
    if any(row.aligned_to for row in rows):
        serving = {_objective(row) for row in teams if row.aligned_to}
        for row in teams:
            if row.objective and _objective(row) not in serving:
                serving.add(_objective(row))
                yield Finding(
                    row.refs[Column.ALIGNED_TO], "not-aligned",
                    sentence("No key result of {objective} is aligned to anything.", objective=row.objective),
                    sentence("Nobody can see which overall objective it serves."),
                    sentence("Write the id of an overall objective or key result into Aligned to, or ask whether it is needed."),
                )  # fmt: skip
