"""One key result goes in, what is wrong with its own cells comes out: type, start, target, result, weight, period, budget."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Final

from sheetsync.model import Column, KeyResult, Kind
from sheetsync.okr import layout, scan
from sheetsync.okr.finding import Finding
from sheetsync.okr.layout import is_percent
from sheetsync.texts import sentence

_ALIKE: Final = 0.8


def findings(row: KeyResult) -> Iterator[Finding]:
    """What is not in good form in one row, but for its link and its alignment."""
    yield from _type(row)
    yield from _target(row)
    yield from _start(row)
    yield from _result(row)
    yield from _others(row)


def _type(row: KeyResult) -> Iterator[Finding]:
    said = scan.text(row.cells.get(Column.TYPE))
    if not said or layout.kind(said) is not None:
        return
    words = [layout.fold(word) for words in layout.KINDS.values() for word in words if len(word) > 2]
    close = difflib.get_close_matches(layout.fold(said), words, n=1, cutoff=_ALIKE)
    if close:
        yield Finding(
            row.refs[Column.TYPE], "nearly-a-type",
            sentence("The type {text} is nearly {type}.", text=said, type=close[0]),
            sentence("It is taken for a unit, and the target decides how the row is measured."),
            sentence("Write {type}.", type=close[0]),
        )  # fmt: skip


def _target(row: KeyResult) -> Iterator[Finding]:
    target, cell, result = row.refs[Column.TARGET], row.cells[Column.TARGET], row.cells[Column.RESULT]
    told = layout.kind(scan.text(row.cells.get(Column.TYPE)))
    if row.target is None and row.kind is not Kind.YES_NO:
        blank = cell.value is None
        yield Finding(
            target, "no-target" if blank else "text-target",
            sentence("{kr} has no target.", kr=row.name) if blank else sentence("The target of {kr} is no number.", kr=row.name),
            sentence("Without a number nobody can say when it is reached."), sentence("Write the number to reach."),
        )  # fmt: skip
    elif row.target is not None and row.kind in (Kind.NUMBER, Kind.PERCENT) and row.target == (row.start or 0):
        yield Finding(
            target, "no-span", sentence("Start and target of {kr} are equal.", kr=row.name),
            sentence("Progress cannot be computed."), sentence("Correct one of the two."),
        )  # fmt: skip
    elif (
        row.kind is Kind.YES_NO
        and cell.value is not None
        and (row.target != 1 or (isinstance(cell.value, float) and cell.value != 1))
    ):
        yield _yes_no_target(row)
    elif told is Kind.PERCENT and row.target is not None and not 0 <= row.target <= 1:
        yield Finding(
            target, "percent-over-hundred",
            sentence("The target of {kr} is not between 0 % and 100 %.", kr=row.name),
            sentence("A share of a whole never gets there."),
            sentence("Correct the target, or write number as its type where it may pass 100 %."),
        )  # fmt: skip
    plain = cell.value if isinstance(cell.value, float) and not is_percent(cell.number_format) else None
    if plain is None or not is_percent(result.number_format):
        return
    if not scan.in_percent(row) and plain > 1:
        yield Finding(
            target, "mixed-percent",
            sentence("The result of {kr} is a percentage, but its target is a plain number.", kr=row.name),
            sentence("30 % would be measured as 0.3 against {target}.", target=scan.text(cell)),
            sentence("Give both cells the same number format."),
        )  # fmt: skip
    elif scan.in_percent(row) and 0 < plain < 1:
        yield Finding(
            target, "mixed-percent",
            sentence("The target {target} of {kr} stands for less than 1 %.", kr=row.name, target=scan.text(cell)),
            sentence("A plain number in a percent row counts in percent: 35 means 35 %."),
            sentence("Give both cells the same number format."),
        )  # fmt: skip


def _yes_no_target(row: KeyResult) -> Finding:
    return Finding(
        row.refs[Column.TARGET], "yes-no-target",
        sentence("{kr} is a yes-no row with the target {text}.", kr=row.name, text=scan.text(row.cells[Column.TARGET])),
        sentence("It counts as reached with the first yes, whatever the target says."),
        sentence("Write yes as the target, or another type."),
    )  # fmt: skip


def _start(row: KeyResult) -> Iterator[Finding]:
    cell = row.cells.get(Column.START)
    if cell is not None and cell.value is not None and row.start is None and row.kind is not Kind.YES_NO:
        yield Finding(
            row.refs[Column.START], "text-start", sentence("The start of {kr} is no number.", kr=row.name),
            sentence("It counts as 0 until then."), sentence("Write the number from where it began."),
        )  # fmt: skip


def _result(row: KeyResult) -> Iterator[Finding]:
    cell = row.cells[Column.RESULT]
    if cell.value is not None and row.result is None:
        yield Finding(
            row.ref, "text-result", sentence("The result of {kr} is no number.", kr=row.name),
            sentence("Progress cannot be computed."), sentence("Write a number, or yes or no in a yes-no row."),
        )  # fmt: skip
    if row.source == "manual":
        return
    if cell.formula:
        yield Finding(
            row.ref, "result-formula", sentence("The result of {kr} is a formula.", kr=row.name),
            sentence("A formula is never overwritten, so the figure behind the link has no place."),
            sentence("Delete the formula, or the data link."),
        )  # fmt: skip
    elif cell.locked:
        yield Finding(
            row.ref, "result-locked", sentence("The result of {kr} is locked by the sheet's protection.", kr=row.name),
            sentence("The result of {kr} cannot be kept up to date.", kr=row.name),
            sentence("Unlock the Result cells in the sheet's protection."),
        )  # fmt: skip


def _others(row: KeyResult) -> Iterator[Finding]:
    weight, period, budget = (row.cells.get(column) for column in (Column.WEIGHT, Column.PERIOD, Column.BUDGET))
    if weight is not None and weight.value is not None:
        found = scan.number(weight, Kind.NUMBER)
        if found is None or found < 0:
            yield Finding(
                row.refs[Column.WEIGHT], "bad-weight", sentence("The weight of {kr} is no positive number.", kr=row.name),
                sentence("It counts as 1 until then."), sentence("Write 1 for normal, 2 for double weight, 0 for none."),
            )  # fmt: skip
    if period is not None and scan.text(period) and row.period is None:
        yield Finding(
            row.refs[Column.PERIOD], "bad-period", sentence("The period {text} is not understood.", text=scan.text(period)),
            sentence("Without it there is no pace to measure against."),
            sentence("Write a year, a quarter or a month: 2027, 2027-Q1, 2027-03."),
        )  # fmt: skip
    if budget is not None and budget.value is not None and scan.number(budget, Kind.NUMBER) is None:
        yield Finding(
            row.refs[Column.BUDGET], "text-budget", sentence("The budget of {kr} is no number.", kr=row.name),
            sentence("What a result costs cannot be computed."),
            sentence("Write the amount as a number, or the id of the key result that measures what was spent."),
        )  # fmt: skip
