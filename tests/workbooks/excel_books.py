"""Cells go in, a real .xlsx file made by XlsxWriter comes out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import xlsxwriter

from sheetsync.model import NO_FILL, Cell, CellRef


def build(path: Path, cells: Mapping[CellRef, Cell]) -> Path:
    """A workbook of these cells; a formula is any that has the cell's number as its result."""
    with xlsxwriter.Workbook(str(path)) as book:
        sheets = {}
        for ref, cell in cells.items():
            if ref.sheet not in sheets:
                sheets[ref.sheet] = book.add_worksheet(ref.sheet)
            form = {"num_format": cell.number_format} if cell.number_format != "General" else {}
            if cell.fill != NO_FILL:
                form |= {"bg_color": "#" + cell.fill, "pattern": 1}
            place = (ref.row - 1, ref.column - 1)
            look = book.add_format(form) if form else None
            sheet = sheets[ref.sheet]
            match cell.value:
                case value if cell.formula:
                    sheet.write_formula(*place, f"={value}+0", look, value)
                case bool() as value:
                    sheet.write_boolean(*place, value, look)
                case datetime() as value:
                    sheet.write_datetime(*place, value, look)
                case str() as value:
                    sheet.write_string(*place, value, look)
                case None:
                    sheet.write_blank(*place, None, look)
                case value:
                    sheet.write_number(*place, value, look)
    return path
