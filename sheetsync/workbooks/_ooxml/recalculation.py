"""The cells whose values change go in; which formulas' values no longer hold, and the order to calculate anew, come out.

A program that opens the workbook shows the values that stand in the file. LibreOffice does not calculate anew even when it is
told to, so a value that may have become wrong is taken out of the file; Excel is told in `calcPr` (ECMA-376-1, 18.2.2).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import product

from sheetsync.errors import CannotEdit
from sheetsync.workbooks._ooxml.areas import Area, area_of
from sheetsync.workbooks._ooxml.formulas import dependents
from sheetsync.workbooks._ooxml.markup import attributes, elements, prefix_of, text_of, with_attribute
from sheetsync.workbooks._ooxml.sheet import READS_EVERYTHING, Sheet

_BEHIND = frozenset(
    {
        "oleSize", "customWorkbookViews", "pivotCaches", "smartTagPr", "smartTagTypes", "webPublishing", "fileRecoveryPr",
        "webPublishObjects", "extLst",
    }
)  # fmt: skip
"""What stands behind `calcPr` in a workbook (ECMA-376-1, A.2, CT_Workbook)."""
_MOST_FILLED = 200_000
"""Cells that all array formulas together may fill."""


def stale_cells(
    sheets: Mapping[str, Sheet],
    names: Mapping[str, str],
    tables: Mapping[str, tuple[str, Area]],
    changed: Collection[tuple[str, int, int]],
) -> dict[str, set[tuple[int, int]]]:
    """Per worksheet the cells whose calculated values may have become wrong, those that an array formula fills included."""
    formulas: list[tuple[str, int, int, str]] = []
    filled = 0
    for title, sheet in sheets.items():
        kinds = {(f.row, f.column): f.attributes for f in sheet.formulas if f.attributes.get("t") in {"array", "dataTable"}}
        for row, column, text in sheet.formula_texts():
            given = kinds.get((row, column), {})
            if given.get("t") == "dataTable":
                text = READS_EVERYTHING  # noqa: PLW2901  # its formula stands outside of it, its inputs anywhere
            formulas.append((title, row, column, text))
            area = area_of(given.get("ref", ""))
            if area is None:
                continue
            filled += (area[2] - area[0] + 1) * (area[3] - area[1] + 1)
            if filled > _MOST_FILLED:
                raise CannotEdit("The formulas of worksheet {sheet} fill more cells than can be followed.", sheet=title)
            inner = product(range(area[0], area[2] + 1), range(area[1], area[3] + 1))
            formulas += [(title, *cell, text) for cell in inner if cell != (row, column)]
    if not formulas:
        return {}
    found: dict[str, set[tuple[int, int]]] = {}
    for title, row, column in dependents(formulas, names, tables, changed):
        if (title, row, column) not in changed:
            found.setdefault(title, set()).add((row, column))
    return found


def calculated_on_load(data: bytes, part: str) -> bytes:
    """The workbook part with the order to calculate everything when it is opened; the same bytes where it has it already."""
    text = text_of(data, part)
    root, *parts = elements(text.body, part)
    prefix = prefix_of(text.body[root.start : root.inner])
    for element in parts:
        if element.name == "calcPr" and element.namespace == root.namespace:
            tag = text.body[element.start : element.inner]
            if attributes(tag).get("fullCalcOnLoad") in {"1", "true"}:
                return data
            new = with_attribute(tag, b"fullCalcOnLoad", b"1")
            return text.encoded(text.body[: element.start] + new + text.body[element.inner :])
    at = min((e.start for e in parts if e.name in _BEHIND and e.namespace == root.namespace), default=root.close)
    return text.encoded(text.body[:at] + b"<" + prefix + b'calcPr fullCalcOnLoad="1"/>' + text.body[at:])
