"""An empty worksheet goes in, a guide on one page comes out: how to paste a link, what the words mean, good form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sheetsync.model import Column, column_letters
from sheetsync.okr import layout
from sheetsync.okr.progress import COLOURS, Status
from sheetsync.template import _content as words
from sheetsync.template._content import pick
from sheetsync.template._look import A4, BLUE, INK, LINE_HEIGHT, ROW_PADDING, WHITE, YELLOW, Look, lines, print_setup
from sheetsync.texts import Language

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

TITLE_ROW, SUBTITLE_ROW = 1, 2
_WIDTHS: Final = (1.6, 46, 84, 1.6)


def draw_guide(sheet: Worksheet, look: Look, language: Language) -> None:
    """One page: how to paste a link, the words of Status, Sync and Type, and good form."""
    for column, width in enumerate(_WIDTHS, start=1):
        sheet.column_dimensions[column_letters(column)].width = width
    for row, height in ((TITLE_ROW, 44), (SUBTITLE_ROW, 26)):
        sheet.row_dimensions[row].height = height
        for column in range(1, len(_WIDTHS) + 1):
            look.put(sheet.cell(row, column), fill=INK)
    look.put(
        sheet.cell(TITLE_ROW, 2), pick(words.GUIDE_TITLE, language), size=20, bold=True, colour=WHITE, fill=INK, down="bottom"
    )
    look.put(sheet.cell(SUBTITLE_ROW, 2), pick(words.GUIDE_SUBTITLE, language), size=10.5, colour=YELLOW, fill=INK)
    for row in (TITLE_ROW, SUBTITLE_ROW):
        sheet.merge_cells(start_row=row, end_row=row, start_column=2, end_column=3)

    def heading(column: Column) -> str:
        return layout.HEADINGS[column][language == "zh"]

    sections: list[tuple[str, list[tuple[str, words.Pair, str]]]] = [
        (pick(words.PASTE, language), [(mark, text, "") for mark, text in words.STEPS]),
        (pick(words.LINKS, language), [(form, text, "") for form, text in words.LINK_FORMS]),
        (heading(Column.SYNC), [(layout.word(layout.STATES, name, language), text, "") for name, text in words.STATE_MEANINGS]),
        (heading(Column.STATUS), [
            (layout.word(layout.STATUSES, name, language), text, COLOURS[Status(name)]) for name, text in words.STATUS_MEANINGS
        ]),
        (heading(Column.TYPE), [(layout.KINDS[kind][language == "zh"], text, "") for kind, text in words.KIND_MEANINGS]),
        (pick(words.GOOD_FORM, language), [(mark, text, "") for mark, text in words.RULES]),
    ]  # fmt: skip
    row = SUBTITLE_ROW + 1
    for title, entries in sections:
        sheet.row_dimensions[row].height = 34
        look.put(sheet.cell(row, 2), title, size=12, bold=True, down="bottom")
        for column in (2, 3):
            sheet.cell(row, column).border = look.rule(strong=True)
        for mark, text, fill in entries:
            row += 1
            said = pick(text, language)
            sheet.row_dimensions[row].height = round(lines(said, _WIDTHS[2]) * LINE_HEIGHT + ROW_PADDING, 1)
            look.put(sheet.cell(row, 2), mark, bold=True, fill=fill, line=True, colour=INK if fill else BLUE, indent=1)
            look.put(sheet.cell(row, 3), said, line=True, indent=1)
        row += 1
    sheet.sheet_view.showGridLines = False
    sheet.freeze_panes = f"A{SUBTITLE_ROW + 1}"
    sheet.print_area = f"A1:D{row - 1}"
    print_setup(sheet, language, pick(words.GUIDE_TITLE, language), paper=A4)
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "portrait", 1
