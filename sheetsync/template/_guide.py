"""An empty sheet goes in, a guide on one page comes out: how to paste a link, what the columns and the words mean, good form."""

from __future__ import annotations

from typing import Final

from sheetsync.model import Column
from sheetsync.okr import layout
from sheetsync.okr.progress import COLOURS, Status
from sheetsync.template import _guide_words as words
from sheetsync.template._content import Pair, pick
from sheetsync.template._look import A4, BLUE, INK, LINE_HEIGHT, ROW_PADDING, SIGNS, Page, lines, print_setup, title_bar

GUIDE_SHEET: Final = words.GUIDE_SHEET
_WIDTHS: Final = (1.6, 44, 88, 1.6)


def draw_guide(page: Page) -> None:
    """One page, to be read from top to bottom once and looked at again when a word is not clear."""
    language = page.language
    for column, width in enumerate(_WIDTHS, start=1):
        page.width(column, width)
    title_bar(page, pick(words.GUIDE_TITLE, language), pick(words.GUIDE_SUBTITLE, language), left=2, split=3, right=3)

    def heading(column: Column) -> str:
        return layout.HEADINGS[column][language == "zh"]

    def status(name: str) -> str:
        return f"{SIGNS[Status(name)]} {layout.word(layout.STATUSES, name, language)}"

    sections: list[tuple[str, list[tuple[str, Pair, str]]]] = [
        (pick(words.PASTE, language), [(mark, text, "") for mark, text in words.STEPS]),
        (heading(Column.SYNC), [(layout.word(layout.STATES, name, language), text, "") for name, text in words.STATE_MEANINGS]),
        (heading(Column.STATUS), [(status(name), text, COLOURS[Status(name)]) for name, text in words.STATUS_MEANINGS]),
        (pick(words.COLUMNS, language), [(heading(column), text, "") for column, text in words.COLUMN_MEANINGS]),
        (heading(Column.TYPE), [(layout.KINDS[kind][language == "zh"], text, "") for kind, text in words.KIND_MEANINGS]),
        (pick(words.LINKS, language), [(form, text, "") for form, text in words.LINK_FORMS]),
        (pick(words.GOOD_FORM, language), [(mark, text, "") for mark, text in words.RULES]),
        (pick(words.CHANGE, language), [(pick(what, language), text, "") for what, text in words.CHANGES]),
    ]  # fmt: skip
    row = 3
    for title, entries in sections:
        page.height(row, 34)
        page.put(row, 2, title, size=12, bold=True, down="bottom")
        page.rule(row, 2, 3, INK, strong=True)
        for mark, text, fill in entries:
            row += 1
            said = pick(text, language)
            page.height(row, max(lines(said, _WIDTHS[2]), lines(mark, _WIDTHS[1])) * LINE_HEIGHT + ROW_PADDING)
            page.put(row, 2, mark, bold=True, fill=fill, colour=INK if fill else BLUE, indent=1)
            page.put(row, 3, said, indent=1)
            page.rule(row, 2, 3)
        row += 1
    page.sheet.freeze_panes(2, 0)
    print_setup(page, pick(words.GUIDE_TITLE, language), paper=A4, repeat=(1, 2), landscape=False, pages=1)
