"""Groups, objectives and key results go in, a table on a sheet comes out: the plan's own, and that of the people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sheetsync.model import Column, Kind, column_letters
from sheetsync.okr import layout
from sheetsync.okr.progress import COLOURS, Status
from sheetsync.template import _content as words
from sheetsync.template._content import PlannedGroup, PlannedKeyResult, PlannedObjective, pick
from sheetsync.template._figures import LAST
from sheetsync.template._formula import progress_formula
from sheetsync.template._look import (
    BAND,
    BLUE,
    GREY,
    INK,
    LINE_HEIGHT,
    MARGIN,
    PALE,
    PALE_YELLOW,
    ROW_PADDING,
    SIGNS,
    YELLOW,
    Formula,
    Page,
    address,
    lines,
)

WIDTHS: Final = {
    Column.OBJECTIVE: 30, Column.KEY_RESULT: 40, Column.TYPE: 11, Column.START: 11, Column.TARGET: 12, Column.RESULT: 13,
    Column.DATA_LINK: 40, Column.PROGRESS: 12, Column.STATUS: 15, Column.SYNC: 54, Column.AS_OF: 17, Column.OWNER: 17,
    Column.ALIGNED_TO: 12, Column.PERIOD: 13,
}  # fmt: skip
"""In characters."""
_CHINESE_SYNC: Final = 82
FIRST_COLUMN: Final = 2
"""The table begins in B: A is a margin, and the stripe that marks a group."""

_FORMULA_COLUMNS: Final = (Column.TYPE, Column.START, Column.TARGET, Column.RESULT)
_CENTRED: Final = frozenset({Column.TYPE, Column.PROGRESS, Column.STATUS, Column.ALIGNED_TO, Column.AS_OF, Column.PERIOD})
_FIGURES: Final = frozenset({Column.START, Column.TARGET, Column.RESULT})
_SMALL: Final = frozenset({Column.DATA_LINK, Column.SYNC, Column.AS_OF, Column.TYPE, Column.ALIGNED_TO, Column.PERIOD})
_DATE_FORMAT: Final = "yyyy-mm-dd hh:mm"
_GAP: Final = 9.0
_ROW_HEIGHTS: Final = (51.0, 63.0)
"""Room for the longest Sync text, 200 characters: four small lines of English, five of Chinese."""


@dataclass(frozen=True, slots=True)
class Table:
    """Draws the headings at `top`, and the groups below them."""

    page: Page
    columns: tuple[Column, ...]
    top: int
    period: str = ""

    def at(self, column: Column) -> int:
        return FIRST_COLUMN + self.columns.index(column)

    @property
    def right(self) -> int:
        return FIRST_COLUMN + len(self.columns) - 1

    def widths(self) -> None:
        self.page.sheet.set_zoom(85)  # from Objective to Status on a common screen
        self.page.width(1, MARGIN)
        for column in self.columns:
            wide = _CHINESE_SYNC if column is Column.SYNC and self.page.language == "zh" else WIDTHS[column]
            self.page.width(self.at(column), wide)
        self.page.width(self.right + 1, MARGIN)

    def draw(self, groups: Sequence[PlannedGroup]) -> None:
        self._headings()
        row = self.top + 1
        for group in groups:
            row = self._group(group, row)
        self._drop_downs()
        self._conditional_formats()

    def _headings(self) -> None:
        self.page.height(self.top, 28)
        for meaning in self.columns:
            heading = layout.HEADINGS[meaning][self.page.language == "zh"]
            colour = BLUE if meaning in layout.WRITTEN else INK
            across = _across_of(meaning)
            self.page.put(self.top, self.at(meaning), heading, size=10.5, bold=True, colour=colour, fill=PALE, **across)
        self.page.rule(self.top, FIRST_COLUMN, self.right, INK, strong=True)

    def _group(self, group: PlannedGroup, row: int) -> int:
        page = self.page
        page.height(row, 28)
        stripe = YELLOW if group.overall else BAND
        page.fill(row, 1, 1, YELLOW if group.overall else INK)
        page.fill(row, FIRST_COLUMN, self.right, stripe)
        page.put(row, FIRST_COLUMN, group.name, size=12.5, bold=True, fill=stripe, indent=1)
        page.merge(row, FIRST_COLUMN, row, self.right)
        for objective in group.objectives:
            row = self._objective(objective, row + 1, overall=group.overall) - 1
        page.height(row + 1, _GAP)
        return row + 2

    def _objective(self, objective: PlannedObjective, row: int, *, overall: bool) -> int:
        """Draws from `row` on and gives the first row below."""
        rows: list[PlannedKeyResult | None] = [*objective.key_results, *([None] * objective.empty_rows)]
        needed = lines(objective.name, WIDTHS[Column.OBJECTIVE] * 0.85) * (LINE_HEIGHT + 1) + ROW_PADDING
        for offset, key_result in enumerate(rows):
            self.page.height(row + offset, max(_ROW_HEIGHTS[self.page.language == "zh"], needed / len(rows)))
            self._row(key_result, row + offset, overall=overall)
        place, last = self.at(Column.OBJECTIVE), row + len(rows) - 1
        self.page.merge(row, place, last, place)
        for line in range(row, last + 1):
            fill = PALE_YELLOW if overall else ""
            name = objective.name if line == row else None
            self.page.put(line, place, name, size=11, bold=True, fill=fill, indent=1)
            self.page.rule(line, place, place)
        return last + 1

    def _row(self, key_result: PlannedKeyResult | None, row: int, *, overall: bool) -> None:
        given = key_result or PlannedKeyResult("")
        number_format = given.number_format or {Kind.PERCENT: "0%", Kind.YES_NO: "General"}.get(given.kind, "#,##0")
        kind = layout.KINDS[given.kind][self.page.language == "zh"]
        values: dict[Column, Any] = {
            Column.KEY_RESULT: given.name, Column.TYPE: kind if key_result else "", Column.START: given.start,
            Column.TARGET: given.target, Column.RESULT: given.result, Column.DATA_LINK: given.link, Column.OWNER: given.owner,
            Column.ALIGNED_TO: given.aligned_to, Column.PERIOD: self.period if key_result else "",
            Column.PROGRESS: Formula(
                progress_formula(*(f"${address(row, self.at(column))}" for column in _FORMULA_COLUMNS)).removeprefix("=")
            ),
        }  # fmt: skip
        self.page.fill(row, 1, 1, YELLOW if overall else BAND)
        formats = dict.fromkeys(_FIGURES, number_format) | {Column.PROGRESS: "0%", Column.AS_OF: _DATE_FORMAT}
        for column in self.columns:
            if column is Column.OBJECTIVE:
                continue
            self.page.put(
                row, self.at(column), values.get(column), number_format=formats.get(column, ""), **_across_of(column),
                size=9 if column in _SMALL else 12 if column is Column.RESULT else 10.5,
                bold=column in (Column.RESULT, Column.PROGRESS, Column.STATUS),
                colour=BLUE if column is Column.DATA_LINK else GREY if column in _SMALL else INK,
                fill=PALE_YELLOW if overall else PALE if column is Column.RESULT else "",
            )  # fmt: skip
            self.page.rule(row, self.at(column), self.at(column))

    def _drop_downs(self) -> None:
        """Lists to choose from and no fences: `leads` as a unit and a name that is not listed are good answers too."""
        kinds = [layout.KINDS[kind][self.page.language == "zh"] for kind in Kind]
        people = pick(words.PEOPLE_SHEET, self.page.language)
        for column, prompt, more in (
            (Column.TYPE, words.TYPE_PROMPT, {"validate": "list", "source": kinds}),
            (Column.OWNER, words.OWNER_PROMPT, {"validate": "list", "source": "=OKR_Owners"}),
            (Column.DATA_LINK, words.LINK_PROMPT, {"validate": "any"}),
        ):
            title, text = (pick(said, self.page.language).format(people=people) for said in prompt)
            at = self.at(column) - 1
            self.page.sheet.data_validation(
                self.top, at, LAST - 1, at, {"input_title": title, "input_message": text, "show_error": False, **more}
            )

    def _conditional_formats(self) -> None:
        """Colours of Progress and Status that follow the word in Status, in either language: rules that Google Sheets keeps too.

        A sign stands before the word, as part of the number format: the cell's own text stays what sheetsync writes.
        """
        progress, status = self.at(Column.PROGRESS), self.at(Column.STATUS)
        cell = f"${column_letters(status)}{self.top + 1}"
        for judged in Status:
            said = ",".join(f'{cell}="{word}"' for word in layout.STATUSES[judged])
            for column, number_format in ((progress, "0%"), (status, f'"{SIGNS[judged]} "@')):
                look = self.page.book.add_format(
                    {"bg_color": f"#{COLOURS[judged]}", "font_color": f"#{INK}", "num_format": number_format}
                )
                rule = {"type": "formula", "criteria": f"=OR({said})", "format": look, "stop_if_true": True}
                self.page.sheet.conditional_format(self.top, column - 1, LAST - 1, column - 1, rule)


def _across_of(column: Column) -> dict[str, Any]:
    """Words begin at the left, figures end at the right, each one step away from its neighbour."""
    if column in _CENTRED:
        return {"across": "center"}
    return {"across": "right" if column in _FIGURES else "left", "indent": 1}
