"""Groups, objectives and key results go in, a decorated .xlsx comes out: the workbook of `sheetsync init` and of the demo.

Headings and small words come from `okr.layout`, so that what is written here and what `okr.scan` reads cannot drift apart.
The same content gives the same bytes, on each machine.

    build            content -> the bytes of a workbook with the plan and a guide
    write_template   the starting plan of `init`, into a new file
    plain_workbook   rows of values -> the bytes of a workbook without OKRs, as a source of figures
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from sheetsync.errors import ConfigError
from sheetsync.model import Column, Kind, column_letters
from sheetsync.okr import layout
from sheetsync.okr import period as periods
from sheetsync.okr.progress import COLOURS, Status
from sheetsync.template import _content as words
from sheetsync.template._content import (
    Content,
    PlannedGroup,
    PlannedKeyResult,
    PlannedObjective,
    pick,
    starting_plan,
)
from sheetsync.template._formula import progress_formula
from sheetsync.template._guide import draw_guide
from sheetsync.template._look import (
    A3,
    BAND,
    BLUE,
    GREY,
    INK,
    LINE_HEIGHT,
    PALE,
    PALE_YELLOW,
    ROW_PADDING,
    WHITE,
    YELLOW,
    Look,
    lines,
    print_setup,
)
from sheetsync.template._package import reproducible
from sheetsync.texts import Language

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet


WIDTHS: Final = {
    Column.OBJECTIVE: 30, Column.KEY_RESULT: 40, Column.TYPE: 11, Column.START: 11, Column.TARGET: 12, Column.RESULT: 13,
    Column.DATA_LINK: 42, Column.PROGRESS: 12, Column.STATUS: 14, Column.SYNC: 44, Column.AS_OF: 18, Column.OWNER: 16,
    Column.ALIGNED_TO: 12, Column.COMMENT: 30, Column.METRIC: 16,
}  # fmt: skip
"""In characters; a column that is not named gets DEFAULT_WIDTH."""
DEFAULT_WIDTH: Final = 13
TITLE_ROW, SUBTITLE_ROW, HINT_ROW, HEADING_ROW = 1, 2, 3, 4
FIRST_COLUMN: Final = 2
"""The table begins in B: A is a margin, and the stripe that marks a group."""

_FORMULA_COLUMNS: Final = (Column.TYPE, Column.START, Column.TARGET, Column.RESULT)
_CENTRED: Final = frozenset({Column.TYPE, Column.PROGRESS, Column.STATUS, Column.ALIGNED_TO, Column.AS_OF})
_FIGURES: Final = frozenset({Column.START, Column.TARGET, Column.RESULT})
_SMALL: Final = frozenset({Column.DATA_LINK, Column.SYNC, Column.AS_OF, Column.TYPE, Column.ALIGNED_TO})
_DATE_FORMAT: Final = "yyyy-mm-dd hh:mm"
_GAP: Final = 9.0
_LOWEST_ROW: Final = 43.0
"""Room for three small lines, so that most of what Sync has to say fits without touching the row."""


def build(content: Content, language: Language, *, native: bool = False) -> bytes:
    """The workbook as bytes: the plan on a sheet named after the period, and a guide.

    `native` puts a formula into Progress, so that a hand edit shows at once, and conditional formats that follow the words in
    Status; without it both the number and its colour are left to sheetsync.
    """
    from openpyxl import Workbook  # noqa: PLC0415 - slow to import, and most commands never need it

    workbook = Workbook()
    sheet = cast("Worksheet", workbook.active)
    _Plan(sheet, content, Look(language), language, native).draw()
    draw_guide(workbook.create_sheet(pick(words.GUIDE_SHEET, language)), Look(language), language)
    workbook.properties.title = _headline(content, language)
    return _bytes(workbook)


def write_template(path: Path, language: Language, period: str, teams: Sequence[str] = ()) -> None:
    """Writes the starting plan for a period (`2027-Q1`, `2027`) into a new file; `teams` get blocks instead of the usual four.

    Raises ConfigError: no such period, the file is there already, the folder cannot be written.
    """
    found = periods.parse(period)
    if found is None:
        raise ConfigError(
            "{text} is no period.", text=period, advice="Write a year, a quarter or a month: 2027, 2027-Q1, 2027-03."
        )
    named = [team.strip() for team in teams if team.strip()]
    plan = starting_plan(language, layout.YES[language == "zh"], named)
    write_new(path, build(Content(pick(words.TEAM, language), found, plan), language, native=True))


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
    from openpyxl import Workbook  # noqa: PLC0415 - as above

    workbook, look = Workbook(), Look(language)
    sheet = cast("Worksheet", workbook.active)
    sheet.title, sheet.sheet_view.showGridLines = title, False
    for row, values in enumerate(rows, start=1):
        for column, value in enumerate(values, start=1):
            cell = sheet.cell(row, column, value)
            heading = row == 1
            look.put(cell, bold=heading, colour=WHITE if heading else INK, fill=INK if heading else "", line=not heading)
            if isinstance(value, float) and 0 < value < 1:
                cell.number_format = "0%"
    for column, width in enumerate(widths, start=1):
        sheet.column_dimensions[column_letters(column)].width = width
    return _bytes(workbook)


def _across_of(column: Column) -> dict[str, Any]:
    """Words begin at the left, figures end at the right, each one step away from its neighbour."""
    if column in _CENTRED:
        return {"across": "center"}
    return {"across": "right" if column in _FIGURES else "left", "indent": 1}


# --- the plan ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Plan:
    """Draws one plan on one sheet."""

    sheet: Worksheet
    content: Content
    look: Look
    language: Language
    native: bool

    def draw(self) -> None:
        self.sheet.title = self.content.period.label
        self._columns()
        self._head()
        row = HEADING_ROW + 1
        for group in self.content.groups:
            row = self._group(group, row)
        last = row - 2
        self._drop_downs(last)
        if self.native:
            self._conditional_formats(last)
        self._paper(last)

    def _at(self, column: Column) -> int:
        return FIRST_COLUMN + self.content.columns.index(column)

    @property
    def _right(self) -> int:
        return FIRST_COLUMN + len(self.content.columns) - 1

    def _across(self, row: int, first: int, last: int) -> None:
        if last > first:
            self.sheet.merge_cells(start_row=row, end_row=row, start_column=first, end_column=last)

    def _columns(self) -> None:
        self.sheet.column_dimensions["A"].width = 1.6
        for column in self.content.columns:
            self.sheet.column_dimensions[column_letters(self._at(column))].width = WIDTHS.get(column, DEFAULT_WIDTH)
        self.sheet.column_dimensions[column_letters(self._right + 1)].width = 1.6

    def _head(self) -> None:
        sheet, look, span = self.sheet, self.look, self.content.period
        split = min(FIRST_COLUMN + 1, self._right)
        for row, height in ((TITLE_ROW, 44), (SUBTITLE_ROW, 26)):
            sheet.row_dimensions[row].height = height
            for column in range(1, self._right + 2):
                look.put(sheet.cell(row, column), fill=INK)
        title = _headline(self.content, self.language)
        look.put(sheet.cell(TITLE_ROW, FIRST_COLUMN), title, size=20, bold=True, colour=WHITE, fill=INK, down="bottom", indent=1)
        self._across(TITLE_ROW, FIRST_COLUMN, self._right)
        dates = f"{span.label}   ·   {span.start.isoformat()} – {span.end.isoformat()}"
        look.put(sheet.cell(SUBTITLE_ROW, FIRST_COLUMN), dates, size=11, colour=YELLOW, fill=INK, indent=1)
        self._across(SUBTITLE_ROW, FIRST_COLUMN, split)
        if split < self._right:
            look.put(sheet.cell(SUBTITLE_ROW, split + 1), look.legend(WHITE), fill=INK, across="right", indent=1)
            self._across(SUBTITLE_ROW, split + 1, self._right)
        sheet.row_dimensions[HINT_ROW].height = 26
        hint = pick(words.HINT, self.language).format(link=layout.HEADINGS[Column.DATA_LINK][self.language == "zh"])
        look.put(sheet.cell(HINT_ROW, FIRST_COLUMN), hint, size=10, colour=GREY, indent=1)
        self._across(HINT_ROW, FIRST_COLUMN, self._right)
        sheet.row_dimensions[HEADING_ROW].height = 28
        for meaning in self.content.columns:
            heading = layout.HEADINGS[meaning][self.language == "zh"]
            cell = sheet.cell(HEADING_ROW, self._at(meaning))
            colour = BLUE if meaning in layout.WRITTEN else INK
            look.put(cell, heading, size=10.5, bold=True, colour=colour, fill=PALE, **_across_of(meaning))
            cell.border = look.rule(strong=True)

    def _group(self, group: PlannedGroup, row: int) -> int:
        sheet, look = self.sheet, self.look
        sheet.row_dimensions[row].height = 28
        stripe = YELLOW if group.overall else BAND
        for column in range(FIRST_COLUMN, self._right + 1):
            look.put(sheet.cell(row, column), fill=stripe)
        look.put(sheet.cell(row, FIRST_COLUMN), group.name, size=12.5, bold=True, fill=stripe, indent=1)
        self._across(row, FIRST_COLUMN, self._right)
        first = row
        for objective in group.objectives:
            row = self._objective(objective, row + 1, overall=group.overall) - 1
        for line in range(first, row + 1):
            sheet.cell(line, 1).fill = look.fill(YELLOW if group.overall else BAND if line > first else INK)
        sheet.row_dimensions[row + 1].height = _GAP
        return row + 2

    def _objective(self, objective: PlannedObjective, row: int, *, overall: bool) -> int:
        """Draws from `row` on and gives the first row below."""
        rows: list[PlannedKeyResult | None] = [*objective.key_results, *([None] * objective.empty_rows)]
        for offset, key_result in enumerate(rows):
            self._row(key_result, row + offset, overall=overall)
        place, last = self._at(Column.OBJECTIVE), row + len(rows) - 1
        if last > row:
            self.sheet.merge_cells(start_row=row, end_row=last, start_column=place, end_column=place)
        top = self.sheet.cell(row, place)
        self.look.put(top, objective.name, size=11, bold=True, fill=PALE_YELLOW if overall else "", indent=1)
        needed = lines(objective.name, WIDTHS[Column.OBJECTIVE] * 0.9) * (LINE_HEIGHT + 1) + ROW_PADDING
        for line in range(row, last + 1):
            self.sheet.cell(line, place).border = self.look.rule()
            self._raise_to(line, needed / len(rows))
        return last + 1

    def _raise_to(self, row: int, height: float) -> None:
        here = self.sheet.row_dimensions[row].height or 0
        self.sheet.row_dimensions[row].height = round(max(here, height), 1)

    def _row(self, key_result: PlannedKeyResult | None, row: int, *, overall: bool) -> None:
        given = key_result or PlannedKeyResult("")
        number_format = given.number_format or {Kind.PERCENT: "0%", Kind.YES_NO: "General"}.get(given.kind, "#,##0")
        kind = layout.KINDS[given.kind][self.language == "zh"]
        values: dict[Column, Any] = {
            Column.KEY_RESULT: given.name, Column.TYPE: kind if key_result else "", Column.START: given.start,
            Column.TARGET: given.target, Column.RESULT: given.result, Column.DATA_LINK: given.link, Column.OWNER: given.owner,
            Column.ALIGNED_TO: given.aligned_to,
        }  # fmt: skip
        self._raise_to(row, _LOWEST_ROW if key_result else LINE_HEIGHT + ROW_PADDING)
        for column in self.content.columns:
            if column is Column.OBJECTIVE:
                continue
            cell = self.sheet.cell(row, self._at(column))
            value = values.get(column)
            self.look.put(
                cell, value if value != "" else None, size=9.5 if column in _SMALL else 12 if column is Column.RESULT else 10.5,
                bold=column in (Column.RESULT, Column.PROGRESS, Column.STATUS), line=True, **_across_of(column),
                colour=BLUE if column is Column.DATA_LINK else GREY if column in _SMALL else INK,
                fill=PALE_YELLOW if overall else PALE if column is Column.RESULT else "",
            )  # fmt: skip
            if column in _FIGURES:
                cell.number_format = number_format
            if isinstance(value, str):
                self._raise_to(row, lines(value, WIDTHS.get(column, DEFAULT_WIDTH)) * LINE_HEIGHT + ROW_PADDING)
        if Column.PROGRESS in self.content.columns:
            cell = self.sheet.cell(row, self._at(Column.PROGRESS))
            cell.number_format = "0%"
            if self.native:
                cell.value = progress_formula(*(f"${column_letters(self._at(column))}{row}" for column in _FORMULA_COLUMNS))
        if Column.AS_OF in self.content.columns:
            self.sheet.cell(row, self._at(Column.AS_OF)).number_format = _DATE_FORMAT

    def _drop_downs(self, last: int) -> None:
        from openpyxl.worksheet.datavalidation import DataValidation  # noqa: PLC0415 - as above

        def over(column: Column, prompt: tuple[words.Pair, words.Pair], validation: DataValidation) -> None:
            if column not in self.content.columns:
                return
            validation.promptTitle, validation.prompt = (pick(text, self.language) for text in prompt)
            validation.showInputMessage = True
            letters = column_letters(self._at(column))
            validation.add(f"{letters}{HEADING_ROW + 1}:{letters}{last}")
            self.sheet.add_data_validation(validation)

        kinds = ",".join(layout.KINDS[kind][self.language == "zh"] for kind in Kind)
        # A list to choose from and no fence: `leads` as a unit is a good answer too.
        choice = DataValidation(type="list", formula1=f'"{kinds}"', allow_blank=True, showErrorMessage=False)
        over(Column.TYPE, words.TYPE_PROMPT, choice)
        over(Column.DATA_LINK, words.LINK_PROMPT, DataValidation(allow_blank=True, showErrorMessage=False))

    def _conditional_formats(self, last: int) -> None:
        """Colours of Progress that follow the word in Status, in either language: simple rules, which Google Sheets keeps too."""
        from openpyxl.formatting.rule import Rule  # noqa: PLC0415 - as above
        from openpyxl.styles.differential import DifferentialStyle  # noqa: PLC0415 - as above

        first = HEADING_ROW + 1
        letters, status = column_letters(self._at(Column.PROGRESS)), f"${column_letters(self._at(Column.STATUS))}{first}"
        for judged in Status:
            said = ",".join(f'{status}="{word}"' for word in layout.STATUSES[judged])
            colour = DifferentialStyle(fill=self.look.fill(COLOURS[judged]))
            rule = Rule(type="expression", dxf=colour, formula=[f"OR({said})"], stopIfTrue=True)
            self.sheet.conditional_formatting.add(f"{letters}{first}:{letters}{last}", rule)

    def _paper(self, last: int) -> None:
        sheet = self.sheet
        sheet.sheet_view.showGridLines = False
        sheet.freeze_panes = f"{column_letters(self._at(Column.KEY_RESULT) + 1)}{HEADING_ROW + 1}"
        sheet.sheet_properties.tabColor = "FF" + YELLOW
        sheet.print_title_rows = f"{HEADING_ROW}:{HEADING_ROW}"
        sheet.print_area = f"A1:{column_letters(self._right + 1)}{last}"
        print_setup(sheet, self.language, f"{self.content.title} · {self.content.period.label}", paper=A3)


def _headline(content: Content, language: Language) -> str:
    return pick(words.HEADLINE, language).format(team=content.title)


def _bytes(workbook: Workbook) -> bytes:
    workbook.properties.creator = "sheetsync"
    saved = io.BytesIO()
    workbook.save(saved)
    return reproducible(saved.getvalue())
