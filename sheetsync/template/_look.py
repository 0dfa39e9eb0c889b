"""Cells and what they are for go in, a sheet with a look comes out: one font family, few sizes, few colours, no boxes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Literal
from unicodedata import east_asian_width

from sheetsync.model import Period, column_letters
from sheetsync.okr import layout
from sheetsync.okr.progress import COLOURS, Status
from sheetsync.template import _content as words
from sheetsync.template._content import pick
from sheetsync.template._formula import iso_formula
from sheetsync.template._package import Shared
from sheetsync.texts import Language

INK: Final = "1B2A41"
GREY: Final = "5C677D"
PALE: Final = "F4F6FA"
BAND: Final = "E4EAF3"
LINE: Final = "DFE4EC"
WHITE: Final = "FFFFFF"
BLUE: Final = "1A5FB4"
SKY: Final = "B9CBE3"
YELLOW: Final = "FFD43B"
PALE_YELLOW: Final = "FFF7D6"

FONTS: Final[words.Pair] = ("Arial", "Microsoft YaHei")
"""Arial is on Windows and macOS, and Linux has a font of the same widths. YaHei comes with Windows and with Excel for the Mac;
where it is missing, the system's own steps in."""

SIGNS: Final[Mapping[Status, str]] = {
    Status.DONE: "✔", Status.ON_TRACK: "●", Status.AT_RISK: "▲", Status.OFF_TRACK: "▼", Status.NOT_STARTED: "○",
}  # fmt: skip
"""A shape for each status, for whoever prints in black and white."""

MARGIN: Final = 1.6
LINE_HEIGHT: Final = 14.0
ROW_PADDING: Final = 9.0
A3, A4 = 8, 9
"""ST_PaperSize (ECMA-376 part 1, 18.3.1.63)."""


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula without `=`, and what a reader that does not compute is shown."""

    text: str
    shown: str | float | None = None


@dataclass(slots=True)
class _Cell:
    value: Any = None
    style: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """A sheet that is collected first and written by `finish`; rows and columns count from 1, as everywhere in the project.

    `sheet` and `book` are XlsxWriter's, for what is not a cell: validations, conditional formats, charts.
    """

    sheet: Any
    book: Any
    language: Language
    _cells: dict[tuple[int, int], _Cell] = field(default_factory=dict)
    _merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    _formats: dict[tuple[tuple[str, Any], ...], Any] = field(default_factory=dict)

    def put(
        self, row: int, column: int, value: Any = None, *, size: float = 10, bold: bool = False, colour: str = INK,
        fill: str = "", across: Literal["left", "center", "right"] = "left", indent: int = 0, wrap: bool | None = None,
        down: Literal["vcenter", "bottom", "top"] = "vcenter", number_format: str = "",
    ) -> None:  # fmt: skip
        """A value and its look; the lines that `rule` drew there stay."""
        cell = self._cells.setdefault((row, column), _Cell())
        if value is not None:
            cell.value = value
        cell.style |= {
            "font_name": pick(FONTS, self.language), "font_size": size, "font_color": f"#{colour}", "align": across,
            "valign": down, "text_wrap": across != "right" if wrap is None else wrap,
        }  # fmt: skip
        optional = {"bold": bold, "indent": indent, "num_format": number_format}
        cell.style |= {name: told for name, told in optional.items() if told}
        if fill:
            cell.style |= {"pattern": 1, "bg_color": f"#{fill}"}

    def fill(self, row: int, first: int, last: int, colour: str) -> None:
        for column in range(first, last + 1):
            cell = self._cells.setdefault((row, column), _Cell())
            cell.style |= {"font_name": pick(FONTS, self.language), "pattern": 1, "bg_color": f"#{colour}"}

    def rule(self, row: int, first: int, last: int, colour: str = LINE, *, strong: bool = False, side: str = "bottom") -> None:
        """A line below the cells, or at another side of them."""
        for column in range(first, last + 1):
            cell = self._cells.setdefault((row, column), _Cell())
            cell.style |= {side: 2 if strong else 1, f"{side}_color": f"#{colour}"}

    def merge(self, row: int, column: int, last_row: int, last_column: int) -> None:
        if (row, column) != (last_row, last_column):
            self._merges.append((row, column, last_row, last_column))

    def height(self, row: int, points: float) -> None:
        self.sheet.set_row(row - 1, round(points * 4 / 3) * 3 / 4)  # whole pixels

    def width(self, column: int, characters: float) -> None:
        self.sheet.set_column(column - 1, column - 1, characters)

    def format(self, **style: Any) -> Any:
        """XlsxWriter's own form of a look, made once."""
        key = tuple(sorted(style.items()))
        if key not in self._formats:
            self._formats[key] = self.book.add_format(style)
        return self._formats[key]

    def finish(self) -> None:
        """Writes everything, in the order of the rows, whatever the order in which it was drawn."""
        for top, left, bottom, right in sorted(self._merges):
            self.sheet.merge_range(top - 1, left - 1, bottom - 1, right - 1, "")
        for (row, column), cell in sorted(self._cells.items()):
            self._write(row - 1, column - 1, cell.value, self.format(**cell.style))

    def _write(self, row: int, column: int, value: Any, style: Any) -> None:
        sheet = self.sheet
        if isinstance(value, Rich):
            sheet.write_rich_string(row, column, *value.parts, style)
        elif isinstance(value, Formula):
            sheet.write_formula(row, column, f"={value.text}", style, "" if value.shown is None else value.shown)
        elif isinstance(value, Shared):
            sheet.write_formula(row, column, value.marked, style, "")
        elif isinstance(value, bool):
            sheet.write_boolean(row, column, value, style)
        elif isinstance(value, str) and value:
            sheet.write_string(row, column, value, style)
        elif isinstance(value, date):
            sheet.write_datetime(row, column, value, style)
        elif isinstance(value, int | float):
            sheet.write_number(row, column, value, style)
        else:
            sheet.write_blank(row, column, None, style)

    def legend(self, colour: str) -> Rich:
        """`● done  ● on track …`, each sign in the colour that its cells get."""
        font = pick(FONTS, self.language)
        parts: list[Any] = []
        for status in Status:
            word = layout.word(layout.STATUSES, status, self.language)
            parts += [self.format(font_name=font, font_size=11, font_color=f"#{COLOURS[status]}"), f"{SIGNS[status]} "]
            parts += [self.format(font_name=font, font_size=10, font_color=f"#{colour}"), f"{word}     "]
        return Rich(tuple(parts))


@dataclass(frozen=True, slots=True)
class Rich:
    """A text of several looks, as XlsxWriter takes it: format, text, format, text."""

    parts: tuple[Any, ...]


def dates_of(period: Period) -> Formula:
    """`2027-Q1 · 2027-01-01 – 2027-03-31`, which follows the period that stands on the People sheet."""
    shown = f"{period.label}   ·   {period.start.isoformat()} – {period.end.isoformat()}"
    return Formula(f'OKR_Period&"   ·   "&{iso_formula("OKR_Start")}&" – "&{iso_formula("OKR_End")}', shown)


def title_bar(page: Page, title: Any, subtitle: Any, *, left: int, split: int, right: int) -> None:
    """Two dark rows from the margin to the margin: what this is, and of which period; `split` is where the texts end."""
    for row, height in ((1, 44), (2, 27)):
        page.height(row, height)
        page.fill(row, 1, right + 1, INK)
    page.put(1, left, title, size=20, bold=True, colour=WHITE, fill=INK, down="bottom", indent=1, wrap=False)
    page.put(2, left, subtitle, size=11, colour=YELLOW, fill=INK, indent=1, wrap=False)
    for row in (1, 2):
        page.merge(row, left, row, split)


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


def print_setup(page: Page, footer: str, *, paper: int, repeat: tuple[int, int], landscape: bool = True, pages: int = 0) -> None:
    """One page wide; on each page the rows `repeat`, `footer`, the sheet's name and a number; `pages` 0: as many as it takes."""
    sheet = page.sheet
    sheet.hide_gridlines(2)
    if landscape:
        sheet.set_landscape()
    else:
        sheet.set_portrait()
    sheet.set_paper(paper)
    sheet.fit_to_pages(1, pages)
    sheet.center_horizontally()
    sheet.set_margins(left=0.4, right=0.4, top=0.45, bottom=0.75)
    sheet.repeat_rows(repeat[0] - 1, repeat[1] - 1)
    look = f'&"{pick(FONTS, page.language)},Regular"&8&K{GREY}'
    sheet.set_footer(f"&L{look}{footer.replace('&', '&&')} · &A&R{look}{pick(words.PAGE, page.language)}")


def address(row: int, column: int) -> str:
    return f"{column_letters(column)}{row}"
