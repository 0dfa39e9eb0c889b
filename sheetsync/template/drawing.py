"""Groups, objectives and key results go in, a decorated .xlsx comes out: the workbook of `sheetsync init` and of the demo.

Headings and small words come from `okr.layout`, so that what is written here and what `okr.scan` reads cannot drift apart.
The same content gives the same bytes, on each machine.

    build            content -> the bytes of a workbook: the plan, the people, the review, the guide
    write_template   the starting plan of `init`, into a new file
    plain_workbook   rows of values -> the bytes of a workbook without OKRs, as a source of figures
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sheetsync.errors import ConfigError
from sheetsync.model import Column, column_letters
from sheetsync.okr import layout
from sheetsync.okr import period as periods
from sheetsync.template import _content as words
from sheetsync.template import _figures as figures
from sheetsync.template._content import (
    COLUMNS,
    PEOPLE_COLUMNS,
    Content,
    pick,
    starting_names,
    starting_people,
    starting_plan,
)
from sheetsync.template._guide import GUIDE_SHEET, draw_guide
from sheetsync.template._look import A3, FONTS, GREY, INK, WHITE, YELLOW, Page, dates_of, print_setup, title_bar
from sheetsync.template._package import reproducible
from sheetsync.template._review import TODAY_CELL, draw_review
from sheetsync.template._review_words import REVIEW_SHEET
from sheetsync.template._table import FIRST_COLUMN, Table
from sheetsync.texts import Language

HINT_ROW, HEADING_ROW = 3, 4
FIGURES_SHEET: Final[words.Pair] = ("Figures", "数据")
_MADE: Final = datetime(2026, 1, 1)  # noqa: DTZ001 - a document's date has no zone, and is the same on each machine


def build(content: Content, language: Language) -> bytes:
    """The workbook as bytes: the plan on a sheet named after the period, then people, review and guide.

    Progress is a formula, so that a hand edit shows at once, and the colours follow the words in Status. A hidden sheet works out
    what the review shows.
    """
    book = _Book(language)
    plan, people, review, guide, hidden = (
        book.sheet(name)
        for name in (content.period.label, *(pick(said, language) for said in _SHEETS))
    )  # fmt: skip
    table = _draw_plan(plan, content)
    goals = _draw_people(people, content)
    sources = [figures.Source(_quoted(one.page), FIRST_COLUMN, one.columns) for one in (table, goals)]
    check_ins = draw_review(review, content, _quoted(hidden), sources[0])
    draw_guide(guide)
    figures.draw_figures(hidden, *sources, check_ins=f"{_quoted(review)}!{check_ins}")
    hidden.sheet.hide()
    last = goals.top - 2
    names = {
        "OKR_Period": f"={_quoted(people)}!${column_letters(goals.right)}$2", "OKR_Today": f"={_quoted(review)}!{TODAY_CELL}",
        "OKR_Owners": _filled(f"{_quoted(people)}!$B${last - words.NAME_ROWS + 1}", f"{_quoted(people)}!$B${last}"),
    } | {name: f"={_quoted(hidden)}!{cell}" for name, cell in figures.NAMES.items()}  # fmt: skip
    for name, place in sorted(names.items()):
        book.book.define_name(name, place)
    return book.finish(_headline(content, language), pick(words.SUBJECT, language).format(period=content.period.label))


_SHEETS: Final = (words.PEOPLE_SHEET, REVIEW_SHEET, GUIDE_SHEET, FIGURES_SHEET)


def write_template(path: Path, language: Language, period: str, teams: Sequence[str] = ()) -> None:
    """Writes the starting plan for a period (`2027-Q1`, `2027`) into a new file; `teams` get blocks instead of the usual four.

    Raises ConfigError: no such period, the file is there already, the folder cannot be written.
    """
    found = periods.parse(period)
    if found is None:
        raise ConfigError(
            "{text} is no period.", text=period, advice="Write a year, a quarter or a month: 2027, 2027-Q1, 2027-03."
        )
    plan = starting_plan(language, [team.strip() for team in teams if team.strip()])
    people = starting_people(language, layout.YES[language == "zh"])
    content = Content(pick(words.TEAM, language), found, plan, people, starting_names(language, plan))
    write_new(path, build(content, language))


def write_new(path: Path, data: bytes) -> None:
    """Writes a file that must not be there yet. Raises ConfigError."""
    try:
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError:
        raise ConfigError("{path} is there already and was left as it is.", path=path, advice="Choose another name.") from None
    except OSError:
        raise ConfigError(
            "{path} cannot be written.", path=path, advice="Check that the folder is there and that you may write into it."
        ) from None


def plain_workbook(title: str, rows: Iterable[Sequence[str | float]], widths: Sequence[int], language: Language) -> bytes:
    """A small table with a heading row, as bytes; floats between 0 and 1 are shown as percentages."""
    book = _Book(language)
    page = book.sheet(title)
    page.sheet.hide_gridlines(2)
    for row, values in enumerate(rows, start=1):
        for column, value in enumerate(values, start=1):
            share = isinstance(value, float) and 0 < value < 1
            look: dict[str, Any] = {"bold": True, "colour": WHITE, "fill": INK} if row == 1 else {}
            page.put(row, column, value, number_format="0%" if share else "", **look)
            if row > 1:
                page.rule(row, column, column)
    for number, width in enumerate(widths, start=1):
        page.width(number, width)
    return book.finish(title, "")


# --- the sheets --------------------------------------------------------------------------------------------------------


class _Book:
    """A workbook in memory, and its pages."""

    def __init__(self, language: Language) -> None:
        import xlsxwriter  # noqa: PLC0415 - slow to import, and most commands never need it

        self.language = language
        self._saved = io.BytesIO()
        font = {"font_name": pick(FONTS, language), "font_size": 10}
        self.book: Any = xlsxwriter.Workbook(self._saved, {"in_memory": True, "default_format_properties": font})
        self._pages: list[Page] = []

    def sheet(self, name: str) -> Page:
        page = Page(self.book.add_worksheet(name), self.book, self.language)
        self._pages.append(page)
        return page

    def finish(self, title: str, subject: str) -> bytes:
        for page in self._pages:
            page.finish()
        self.book.set_properties({
            "title": title, "subject": subject, "author": "sheetsync", "keywords": pick(words.KEYWORDS, self.language),
            "created": _MADE,
        })  # fmt: skip
        self.book.close()
        return reproducible(self._saved.getvalue())


def _draw_plan(page: Page, content: Content) -> Table:
    table = Table(page, COLUMNS, HEADING_ROW)
    language = page.language
    table.widths()
    split = FIRST_COLUMN + 1
    title_bar(page, _headline(content, language), dates_of(content.period), left=FIRST_COLUMN, split=split, right=table.right)
    _sync_now(page, 2, split + 1)
    page.put(2, split + 4, page.legend(WHITE), fill=INK, across="right", indent=1)
    page.merge(2, split + 4, 2, table.right)
    page.height(HINT_ROW, 26)
    hint = pick(words.HINT, language).format(link=layout.HEADINGS[Column.DATA_LINK][language == "zh"])
    page.put(HINT_ROW, FIRST_COLUMN, hint, colour=GREY, indent=1, wrap=False)
    page.merge(HINT_ROW, FIRST_COLUMN, HINT_ROW, table.right)
    table.draw(content.groups)
    page.sheet.freeze_panes(HEADING_ROW, table.at(Column.KEY_RESULT))
    page.sheet.set_tab_color(f"#{YELLOW}")
    print_setup(page, content.title, paper=A3, repeat=(1, HEADING_ROW))
    page.sheet.activate()
    return table


def _sync_now(page: Page, row: int, column: int) -> None:
    """A label, and right of it the box that asks for a run: two cells of their own, in no table."""
    page.put(
        row, column, pick(words.SYNC_NOW, page.language), bold=True, colour=WHITE, fill=INK, across="right", indent=1, wrap=False
    )
    page.put(row, column + 1, words.UNTICKED, size=14, bold=True, fill=YELLOW, across="center")
    title, message = (pick(said, page.language) for said in words.SYNC_PROMPT)
    page.sheet.data_validation(
        row - 1, column, row - 1, column,
        {"validate": "list", "source": [words.UNTICKED, words.TICKED], "input_title": title, "input_message": message},
    )  # fmt: skip


def _draw_people(page: Page, content: Content) -> Table:
    """Who is who, from which Owner is chosen, and below it a table of personal goals."""
    language = page.language
    heading = 5 + words.NAME_ROWS + 1
    table = Table(page, PEOPLE_COLUMNS, heading, content.period.label)
    table.widths()
    title = pick(words.PEOPLE_TITLE, language).format(team=content.title)
    title_bar(page, title, pick(words.PEOPLE_SUBTITLE, language), left=2, split=3, right=table.right)
    page.put(2, table.right, content.period.label, size=11, bold=True, colour=YELLOW, fill=INK, across="center")
    page.height(3, 34)
    page.put(3, 2, pick(words.NAMES_TITLE, language), size=12, bold=True, down="bottom", indent=1)
    owner = layout.HEADINGS[Column.OWNER][language == "zh"]
    for column, said in ((2, pick(words.NAME, language).format(owner=owner)), (3, pick(words.ROLE, language))):
        page.put(4, column, said, size=9, colour=GREY, indent=1)
        page.rule(4, column, column, INK, strong=True)
    for number in range(words.NAME_ROWS):
        page.height(5 + number, 21)
        name, role = content.names[number] if number < len(content.names) else (None, None)
        page.put(5 + number, 2, name, size=10.5, bold=True, indent=1)
        page.put(5 + number, 3, role, size=10.5, indent=1)
        page.rule(5 + number, 2, 3)
    for number, hint in enumerate(words.PEOPLE_HINTS):
        row = 5 + number * 2
        page.put(row, 5, pick(hint, language), colour=GREY, indent=1)
        page.merge(row, 5, row + 1, 9)
        page.rule(row, 5, 5, YELLOW, strong=True, side="left")
        page.rule(row + 1, 5, 5, YELLOW, strong=True, side="left")
    table.draw(content.people)
    page.sheet.freeze_panes(2, table.at(Column.KEY_RESULT))
    print_setup(page, content.title, paper=A3, repeat=(heading, heading))
    return table


def _filled(first: str, last: str) -> str:
    """From the first cell down to the last one that is filled: a list without empty choices."""
    whole = f"{first}:{last.rpartition('!')[2]}"
    return f"={first}:INDEX({whole},MAX(1,COUNTA({whole})))"


def _quoted(page: Page) -> str:
    return "'" + str(page.sheet.get_name()).replace("'", "''") + "'"


def _headline(content: Content, language: Language) -> str:
    return pick(words.HEADLINE, language).format(team=content.title)
