"""A workbook's grids or its key results go in, findings come out: the OKR rules of good form, for `sheetsync check`.

Each finding says where, what, why it matters and how to mend it, as sentences that wait for the reader's language. The rules of
single cells stand in `cells`, those of headings and groups in `outline`, those of alignment in `alignment`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from sheetsync.errors import LinkError
from sheetsync.model import CellRef, Column, Grid, KeyResult, Period
from sheetsync.okr import alignment, cells, outline, scan
from sheetsync.okr.finding import Finding
from sheetsync.okr.layout import fold, is_percent
from sheetsync.okr.spending import measured_by
from sheetsync.texts import Sentence, sentence

__all__ = ["Examined", "Finding", "examine", "findings", "in_order", "link_finding"]

_ROUNDED: Final = Decimal("0.005")
_NUMBER_IN_OBJECTIVE: Final = re.compile(r"(?<![A-Za-z])\d+([.,]\d+)*\s*(%|k\b|m\b|万|亿)?|\b[QH][1-4]\b", re.IGNORECASE)
_NAMES_WITH_DIGITS: Final = re.compile(r"\b(b2b|b2c|web ?3|ga4|4p|7p|3d|5g|web ?2)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Examined:
    """A workbook, looked through: its key results and what is not in good form."""

    rows: tuple[KeyResult, ...]
    findings: tuple[Finding, ...]


def examine(grids: Sequence[Grid], *, today: date, default_period: Period | None = None) -> Examined:
    """Everything about a workbook that needs no connector: headings, groups, objectives, rows, alignment.

    Raises LayoutError where there is no table, or nothing in it to speak of.
    """
    tables, found = outline.tables(grids)
    rows = [row for table in tables for row in scan.rows_of(table, today=today, default_period=default_period)]
    found += [gap for table in tables for gap in outline.gaps(table)]
    if not rows and not found:
        scan.scan(grids, today=today, default_period=default_period)  # says what is missing
    return Examined(tuple(rows), tuple(in_order([*found, *findings(rows)])))


def findings(rows: Sequence[KeyResult]) -> list[Finding]:
    """Everything about the rows themselves that is not in good form, in the order of the sheet."""
    return in_order([
        *_of_objectives(rows), *_of_rows(rows), *_twins(rows), *alignment.findings(rows),
        *_of_cells(rows), *_weights(rows), *_without_period(rows),
    ])  # fmt: skip


def in_order(found: Iterable[Finding]) -> list[Finding]:
    return sorted(found, key=lambda finding: (finding.ref, finding.rule))


def _of_objectives(rows: Sequence[KeyResult]) -> Iterator[Finding]:
    seen = set()
    for row in rows:
        ref = row.refs.get(Column.OBJECTIVE)
        if ref is None or (row.group, row.objective) in seen:
            continue
        seen.add((row.group, row.objective))
        if not row.objective:
            yield Finding(
                ref, "no-objective", sentence("This key result stands under no objective."),
                sentence("Nobody can see what it is good for."),
                sentence("Write the objective that it serves, or merge its cell down."),
            )  # fmt: skip
        elif _NUMBER_IN_OBJECTIVE.search(_NAMES_WITH_DIGITS.sub("", row.objective)):
            yield Finding(
                ref, "objective-with-number",
                sentence("The objective {objective} holds a number or a date.", objective=row.objective),
                sentence("An objective says where to go; how far and by when are its key results."),
                sentence("Move the number into a key result's target, and the date into Period."),
            )  # fmt: skip


def _of_cells(rows: Sequence[KeyResult]) -> Iterator[Finding]:
    """A Budget may hold no number where it names the row that measures what was spent."""
    measured = measured_by(rows)
    for row in rows:
        yield from (found for found in cells.findings(row) if found.rule != "text-budget" or row.key not in measured)


def _of_rows(rows: Sequence[KeyResult]) -> Iterator[Finding]:
    for row in rows:
        if isinstance(row.source, LinkError):
            yield link_finding(row, row.source)


def link_finding(row: KeyResult, error: LinkError) -> Finding:
    """A link that cannot work, whoever found out."""
    return Finding(
        row.refs[Column.DATA_LINK], "link", Sentence(error.template, error.params),
        sentence("The result of {kr} cannot be kept up to date.", kr=row.name), sentence(error.advice),
    )  # fmt: skip


def _twins(rows: Sequence[KeyResult]) -> Iterator[Finding]:
    by_name: dict[tuple[str, str, object], list[KeyResult]] = defaultdict(list)
    for row in rows:
        by_name[fold(row.group), fold(row.name), row.period].append(row)
    for twins in by_name.values():
        for row in twins[1:]:
            yield Finding(
                row.refs[Column.KEY_RESULT], "twin",
                sentence(
                    "{kr} stands twice in {group}, also in {cell}.",
                    kr=row.name, group=row.group or "-", cell=twins[0].refs[Column.KEY_RESULT].a1,
                ),
                sentence("Its progress counts twice, and its history cannot be told apart."),
                sentence("Remove one, or name them apart."),
            )  # fmt: skip
    for twins in _same_id(rows, Column.KR_ID):
        for row in twins[1:]:
            yield _id_twice(row, Column.KR_ID, Column.KEY_RESULT, row.kr_id, twins[0])
    for twins in _same_id(rows, Column.OBJECTIVE_ID):
        for row in twins[1:]:
            yield _id_twice(row, Column.OBJECTIVE_ID, Column.OBJECTIVE, row.objective_id, twins[0])


def _same_id(rows: Sequence[KeyResult], column: Column) -> Iterator[list[KeyResult]]:
    """The first rows of what bears one id in one group and period, and has several names."""
    by_id: dict[tuple[str, str, str, object], dict[str, KeyResult]] = defaultdict(dict)
    for row in rows:
        own, name = (row.kr_id, row.name) if column is Column.KR_ID else (row.objective_id, row.objective)
        if own:
            by_id[row.ref.sheet, fold(row.group), fold(own), row.period].setdefault(fold(name), row)
    yield from (list(named.values()) for named in by_id.values() if len(named) > 1)


def _id_twice(row: KeyResult, column: Column, otherwise: Column, own: str, first: KeyResult) -> Finding:
    def place(one: KeyResult) -> CellRef:
        at = column if column in one.refs and scan.text(one.cells[column]) else otherwise
        return one.refs.get(at, one.refs[Column.KEY_RESULT])

    return Finding(
        place(row), "id-twice", sentence("{id} stands for two different things, also in {cell}.", id=own, cell=place(first).a1),
        sentence("Whoever aligns a row to it cannot know which one is meant."), sentence("Give one of them another id."),
    )  # fmt: skip


def _weights(rows: Sequence[KeyResult]) -> Iterator[Finding]:
    by_objective: dict[tuple[object, ...], list[KeyResult]] = defaultdict(list)
    for row in rows:
        if Column.WEIGHT in row.refs and row.objective:
            by_objective[row.ref.sheet, row.group, row.objective_id, row.objective, row.period].append(row)
    for members in by_objective.values():
        first, given = members[0], [row.cells[Column.WEIGHT] for row in members]
        total = sum((row.weight for row in members), Decimal(0))
        if total == 0 and len(members) > 1:
            yield Finding(
                first.refs[Column.WEIGHT], "no-weight",
                sentence("No key result of {objective} carries weight.", objective=first.objective),
                sentence("The objective's progress cannot be computed."),
                sentence("Write 1 for normal, 2 for double weight, 0 for none."),
            )  # fmt: skip
        elif (
            all(isinstance(cell.value, float) and is_percent(cell.number_format) for cell in given) and abs(total - 1) > _ROUNDED
        ):
            yield Finding(
                first.refs[Column.WEIGHT], "weights-sum",
                sentence("The weights of {objective} add up to {total} %.", objective=first.objective, total=round(total * 100)),
                sentence("Shares of a whole are read as such: somebody counts more or less than was meant."),
                sentence("Correct them so that they add up to 100 %."),
            )  # fmt: skip


def _without_period(rows: Sequence[KeyResult]) -> Iterator[Finding]:
    told = set()
    for row in rows:
        if row.period is None and not scan.text(row.cells.get(Column.PERIOD)) and row.ref.sheet not in told:
            told.add(row.ref.sheet)
            yield Finding(
                row.refs.get(Column.PERIOD, row.refs[Column.KEY_RESULT]), "no-period",
                sentence("Rows of the sheet {sheet} have no period.", sheet=row.ref.sheet),
                sentence("Without it there is no pace to measure against."),
                sentence("Fill in Period, or name the sheet after its period, for example 2027-Q1."),
            )  # fmt: skip
