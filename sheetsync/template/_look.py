"""A cell and what it is for go in, its look comes out: one font family, few sizes, few colours, hairlines instead of boxes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias
from unicodedata import east_asian_width

from sheetsync.okr import layout
from sheetsync.okr.progress import COLOURS, Status
from sheetsync.template import _content as words
from sheetsync.template._content import pick
from sheetsync.texts import Language

if TYPE_CHECKING:
    from openpyxl.cell import Cell, MergedCell
    from openpyxl.styles import Border, PatternFill
    from openpyxl.worksheet.worksheet import Worksheet

Across: TypeAlias = Literal["left", "center", "right"]
Down: TypeAlias = Literal["center", "bottom"]

INK: Final = "1B2A41"
GREY: Final = "5C677D"
PALE: Final = "F4F6FA"
BAND: Final = "E4EAF3"
LINE: Final = "DFE4EC"
WHITE: Final = "FFFFFF"
BLUE: Final = "1A5FB4"
YELLOW: Final = "FFD43B"
PALE_YELLOW: Final = "FFF7D6"

FONTS: Final[words.Pair] = ("Arial", "Microsoft YaHei")
"""Arial is on Windows and macOS, and Linux has a font of the same widths; where YaHei is missing, the system's own steps in."""

LINE_HEIGHT: Final = 14.0
ROW_PADDING: Final = 9.0


@dataclass(frozen=True, slots=True)
class Look:
    """How a cell looks: one font family, few sizes, hairlines instead of boxes."""

    language: Language

    def put(
        self, cell: Cell | MergedCell, value: Any = None, *, size: float = 10, bold: bool = False, colour: str = INK,
        fill: str = "", across: Across = "left", down: Down = "center", indent: int = 0, line: bool = False,
    ) -> None:  # fmt: skip
        from openpyxl.styles import Alignment, Font  # noqa: PLC0415 - slow to import, and most commands never need it

        if value is not None:
            cell.value = value
        cell.font = Font(name=pick(FONTS, self.language), size=size, bold=bold, color="FF" + colour)
        cell.alignment = Alignment(horizontal=across, vertical=down, wrap_text=across != "right", indent=indent)
        if fill:
            cell.fill = self.fill(fill)
        if line:
            cell.border = self.rule()

    def fill(self, colour: str) -> PatternFill:
        from openpyxl.styles import PatternFill  # noqa: PLC0415 - as above

        return PatternFill("solid", fgColor="FF" + colour, bgColor="FF" + colour)

    def rule(self, *, strong: bool = False) -> Border:
        """A line below a cell."""
        from openpyxl.styles import Border, Side  # noqa: PLC0415 - as above

        return Border(bottom=Side(style="medium" if strong else "thin", color="FF" + (INK if strong else LINE)))

    def legend(self, background: str) -> Any:
        """`● done  ● on track …`, each dot in the colour that its cells get."""
        from openpyxl.cell.rich_text import CellRichText, TextBlock  # noqa: PLC0415 - as above
        from openpyxl.cell.text import InlineFont  # noqa: PLC0415 - as above
        from openpyxl.styles import Color  # noqa: PLC0415 - as above

        def part(text: str, size: float, colour: str) -> TextBlock:
            return TextBlock(InlineFont(rFont=pick(FONTS, self.language), sz=size, color=Color("FF" + colour)), text)

        said = [(status, layout.word(layout.STATUSES, status, self.language)) for status in Status]
        return CellRichText([
            block for status, word in said for block in (part("● ", 14, COLOURS[status]), part(word + "     ", 10, background))
        ])  # fmt: skip


def lines(text: str, width: float) -> int:
    """How many lines a text takes in a column of this width, in characters; Chinese ones count twice. Never too few."""
    room = max(1.0, width - 2)
    found = 0
    for paragraph in text.split("\n"):
        line = 0.0
        found += 1
        for part in re.findall(r"[⺀-鿿＀-￯　-〿]|[^\s⺀-鿿＀-￯　-〿]+|\s+", paragraph):
            size = sum(2.0 if east_asian_width(char) in "WF" else 1.0 for char in part)
            if line and line + size > room and not part.isspace():
                found, line = found + 1, 0.0
            while size > room:
                found, size = found + 1, size - room
            line += size
    return found


A3, A4 = 8, 9
"""ST_PaperSize (ECMA-376 part 1, 18.3.1.63)."""


def print_setup(sheet: Worksheet, language: Language, footer: str, *, paper: int) -> None:
    from openpyxl.worksheet.header_footer import HeaderFooterItem, _HeaderFooterPart  # noqa: PLC0415 - as above
    from openpyxl.worksheet.properties import PageSetupProperties  # noqa: PLC0415 - as above

    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = paper
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_options.horizontalCentered = True
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    sheet.page_margins.top, sheet.page_margins.bottom = 0.45, 0.75
    left, right = (
        _HeaderFooterPart(text, size=8, color=GREY) for text in (footer.replace("&", "&&"), pick(words.PAGE, language))
    )
    sheet.HeaderFooter.oddFooter = HeaderFooterItem(left=left, right=right)
