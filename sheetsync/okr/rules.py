"""Key results go in, findings come out: the OKR rules of good form, for `sheetsync check`.

Each finding says where, what, why it matters and how to mend it, as sentences that wait for the reader's language.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sheetsync.errors import LinkError
from sheetsync.model import CellRef, Column, KeyResult, Kind
from sheetsync.okr import scan
from sheetsync.okr.layout import fold, is_percent
from sheetsync.okr.rollup import names_of
from sheetsync.texts import Sentence, sentence

_NUMBER_IN_OBJECTIVE: Final = re.compile(r"(?<![A-Za-z])\d+([.,]\d+)*\s*(%|k\b|m\b|万|亿)?|\b[QH][1-4]\b", re.IGNORECASE)
_NAMES_WITH_DIGITS: Final = re.compile(r"\b(b2b|b2c|web ?3|ga4|4p|7p|3d|5g|web ?2)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not in good form. `rule` is its constant name, for machines."""

    ref: CellRef
    rule: str
    what: Sentence
    why: Sentence
    mend: Sentence


def findings(rows: Sequence[KeyResult]) -> list[Finding]:
    """Everything that is not in good form, in the order of the sheet."""
    found = [*_of_objectives(rows), *_of_rows(rows), *_twins(rows), *_alignment(rows)]
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


def _of_rows(rows: Sequence[KeyResult]) -> Iterator[Finding]:
    for row in rows:
        target, cells = row.refs[Column.TARGET], row.cells
        if row.target is None and row.kind is not Kind.YES_NO:
            blank = cells[Column.TARGET].value is None
            yield Finding(
                target, "no-target" if blank else "text-target",
                sentence("{kr} has no target.", kr=row.name)
                if blank
                else sentence("The target of {kr} is no number.", kr=row.name),
                sentence("Without a number nobody can say when it is reached."), sentence("Write the number to reach."),
            )  # fmt: skip
        elif row.target is not None and row.kind in (Kind.NUMBER, Kind.PERCENT) and row.target == (row.start or 0):
            yield Finding(
                target, "no-span", sentence("Start and target of {kr} are equal.", kr=row.name),
                sentence("Progress cannot be computed."), sentence("Correct one of the two."),
            )  # fmt: skip
        result, plain = cells[Column.RESULT], cells[Column.TARGET].value
        if is_percent(result.number_format) and not scan.in_percent(row) and isinstance(plain, float) and plain > 1:
            yield Finding(
                target, "mixed-percent",
                sentence("The result of {kr} is a percentage, but its target is a plain number.", kr=row.name),
                sentence("30 % would be measured as 0.3 against {target}.", target=scan.text(cells[Column.TARGET])),
                sentence("Give both cells the same number format."),
            )  # fmt: skip
        if isinstance(row.source, LinkError):
            yield link_finding(row, row.source)
        if Column.WEIGHT in cells and cells[Column.WEIGHT].value is not None:
            weight = scan.number(cells[Column.WEIGHT], Kind.NUMBER)
            if weight is None or weight < 0:
                yield Finding(
                    row.refs[Column.WEIGHT], "bad-weight", sentence("The weight of {kr} is no positive number.", kr=row.name),
                    sentence("It counts as 1 until then."), sentence("Write 1 for normal, 2 for double weight, 0 for none."),
                )  # fmt: skip
        if Column.PERIOD in cells and scan.text(cells[Column.PERIOD]) and row.period is None:
            yield Finding(
                row.refs[Column.PERIOD], "bad-period",
                sentence("The period {text} is not understood.", text=scan.text(cells[Column.PERIOD])),
                sentence("Without it there is no pace to measure against."),
                sentence("Write a year, a quarter or a month: 2027, 2027-Q1, 2027-03."),
            )  # fmt: skip
        if cells[Column.RESULT].value is not None and row.result is None:
            yield Finding(
                row.ref, "text-result", sentence("The result of {kr} is no number.", kr=row.name),
                sentence("Progress cannot be computed."), sentence("Write a number, or yes or no in a yes-no row."),
            )  # fmt: skip


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


def _alignment(rows: Sequence[KeyResult]) -> Iterator[Finding]:
    names = {name for row in rows for name in names_of(row)}
    for row in rows:
        if row.aligned_to and fold(row.aligned_to) not in names:
            yield Finding(
                row.refs[Column.ALIGNED_TO], "aligned-to-nothing",
                sentence("{kr} is aligned to {text}, which is not in this workbook.", kr=row.name, text=row.aligned_to),
                sentence("It contributes to nothing that the roll-ups can see."),
                sentence("Write the id or the name of an objective or key result of this workbook."),
            )  # fmt: skip
