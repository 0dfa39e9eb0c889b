"""Values go in, cells of the review's workbook come out: in one ink, as text where they are text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from openpyxl.styles import Alignment as Placing
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

INK: Final = "1B2A41"
SOFT: Final = "44546A"
HEAD: Final = "E8EEF8"
BLUE: Final = "2B5FA8"
CENTRE: Final = Placing(horizontal="center", vertical="center")
WRAPPED: Final = Placing(vertical="center", wrap_text=True)


def ink(size: float = 11, *, bold: bool = False, colour: str = INK) -> Font:
    """The one face of the workbook."""
    return Font(name="Calibri", size=size, bold=bold, color=colour)


def prepared(sheet: Worksheet, widths: Sequence[float], *, across: bool = False) -> None:
    """Its columns, without grid lines, as wide as a sheet of paper."""
    sheet.sheet_view.showGridLines = False
    for column, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape" if across else "portrait", 9
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    assert sheet.sheet_properties.pageSetUpPr is not None  # noqa: S101 - for mypy: every new sheet has them
    sheet.sheet_properties.pageSetUpPr.fitToPage = True


def put(
    sheet: Worksheet, row: int, column: int, value: Any, font: Font | None = None, *, number_format: str = "",
    fill: str | None = None, placing: Placing | None = None,
) -> None:  # fmt: skip
    """A cell. A text stays a text, whatever it begins with."""
    cell = sheet.cell(row, column)
    cell.font = font or ink()
    if value is not None and value != "":
        cell.value = value
        if isinstance(value, str):
            cell.data_type = "s"
            cell.quotePrefix = value[:1] in "=+-@"
    if number_format and not isinstance(value, str):
        cell.number_format = number_format
    if fill:
        cell.fill = PatternFill("solid", fgColor=fill)
    if placing:
        cell.alignment = placing
