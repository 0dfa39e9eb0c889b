"""Reviews go in, a workbook of their own comes out: bottlenecks first, with native charts, ready to be printed and passed on.

It holds figures and texts alone: no formula, and no text of a sheet becomes one. The plan's own workbook is not touched.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from openpyxl import Workbook
from openpyxl.styles import Alignment as Placing
from openpyxl.styles import Border, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.pagebreak import Break

from sheetsync.forecast import Forecast, TooLittle
from sheetsync.model import Kind
from sheetsync.okr.progress import COLOURS, Status
from sheetsync.review import numbers, says
from sheetsync.review.cells import BLUE, CENTRE, HEAD, SOFT, WRAPPED, ink, prepared, put
from sheetsync.review.drawings import contributions, pace, trends
from sheetsync.review.words import Act, Cadence, Line, Review, Standing
from sheetsync.texts import Texts, mark, one_line

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

_SHARE: Final = "0%"
_POINTS: Final = "+0;\u22120;0"
_THIN: Final = Side(style="thin", color="DBE1EA")
_WIDTHS: Final = (2, 48, 24, 16, 16, 18, 17)
_LONGEST: Final = 32_000

SHEETS: Final = (mark("Review"), mark("Key results"), mark("Trends"), mark("Alignment"))


def workbook(reviews: Sequence[Review], texts: Texts) -> bytes:
    """An .xlsx file: for each review its sheets, those of a second one numbered."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for number, review in enumerate(reviews, 1):
        names = [f"{texts(name)} {number}" if number > 1 else texts(name) for name in SHEETS]
        first, rows, trend, aligned = names
        _Page(book.create_sheet(first), texts).review(review)
        if review.lines:
            _rows(book.create_sheet(rows), review, texts)
            trends(book.create_sheet(trend), review, texts)
        if review.alignment and any(goal.contributions for goal in review.alignment.goals):
            _aligned(book.create_sheet(aligned), review, texts)
    book.properties.creator = "sheetsync"
    book.properties.title = f"{texts(says.TITLES[reviews[0].when.cadence])} {reviews[0].when.day}" if reviews else ""
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


@dataclass(slots=True)
class _Page:
    """A sheet that is written from top to bottom; column A is its margin."""

    sheet: Worksheet
    texts: Texts
    row: int = 1

    def __post_init__(self) -> None:
        prepared(self.sheet, _WIDTHS)

    def review(self, review: Review) -> None:
        say, when = self.texts, review.when
        put(self.sheet, 2, 2, one_line(review.workbook, says.MAX_NAME), ink(11, bold=True, colour=BLUE))
        put(self.sheet, 3, 2, say(says.TITLES[when.cadence]), ink(22, bold=True))
        put(self.sheet, 4, 2, say("As of {day}, compared with {since}.", day=when.day, since=when.since), ink(colour=SOFT))
        self.sheet.row_dimensions[3].height = 32
        self.row = 6
        if not review.lines:
            put(self.sheet, 6, 2, say("Nothing was recorded up to that day."))
            return
        self._sum(review)
        self._bottlenecks(review)
        self._acts(review)
        self._teams(review)
        if when.cadence is not Cadence.QUARTERLY:
            self._moved(review)
        self._changes(review)
        self._announced(review)
        self._broken(review)

    def _sum(self, review: Review) -> None:
        put(self.sheet, self.row, 2, _number(review.progress), ink(28, bold=True), number_format=_SHARE,
            placing=Placing(horizontal="left", vertical="center"))  # fmt: skip
        self.sheet.row_dimensions[self.row].height = 40
        said = self.texts(
            "Progress {now}, before {before}.", now=numbers.share(review.progress), before=numbers.share(review.before)
        )
        put(self.sheet, self.row + 1, 2, said, ink(colour=SOFT))
        for column, (status, count) in enumerate(((one, n) for one, n in review.counts.items() if n), 3):
            put(self.sheet, self.row, column, count, ink(18, bold=True), placing=CENTRE)
            self._status(self.row + 1, column, status)
        self.row += 3

    def _heading(self, said: str) -> None:
        put(self.sheet, self.row, 2, said, ink(14, bold=True))
        for column in range(2, len(_WIDTHS) + 1):
            self.sheet.cell(self.row, column).border = Border(bottom=Side(style="medium", color=BLUE))
        self.sheet.row_dimensions[self.row].height = 24
        self.row += 1

    def _table(self, headings: Iterable[str], rows: Iterable[Sequence[Any]], formats: Sequence[str] = ()) -> tuple[int, int]:
        """The first and the last row of what was written below the headings."""
        names = list(headings)
        for column, said in enumerate(names, 2):
            side = "right" if formats and formats[column - 2] else "left"
            placing = CENTRE if said == self.texts("Status") else Placing(horizontal=side, vertical="center", wrap_text=True)
            put(self.sheet, self.row, column, said, ink(10, bold=True, colour=SOFT), fill=HEAD, placing=placing)
        self._high(self.row, names, 1.1)
        first = self.row + 1
        for row in rows:
            self.row += 1
            for column, value in enumerate(row, 2):
                if isinstance(value, Status):
                    self._status(self.row, column, value)
                    continue
                how = formats[column - 2] if formats else ""
                placing = Placing(horizontal="right" if how else "left", vertical="center", wrap_text=True)
                put(self.sheet, self.row, column, value, number_format=how, placing=placing)
            self._high(self.row, row)
            _ruled(self.sheet, self.row)
        if self.row < first:
            self.row += 1
            put(self.sheet, self.row, 2, self.texts("Nothing."), ink(colour=SOFT))
        last, self.row = self.row, self.row + 2
        return first, last

    def _high(self, row: int, words: Sequence[Any], more: float = 1.0) -> None:
        """As many lines as its texts take; not every program finds that out by itself."""
        needed = max(_lines(word, _WIDTHS[place] / more) if isinstance(word, str) else 1 for place, word in enumerate(words, 1))
        self.sheet.row_dimensions[row].height = 15.0 * needed + 3

    def _status(self, row: int, column: int, status: Status) -> None:
        said = f"{says.SIGNS[status]} {says.standing(status, self.texts)}"
        put(self.sheet, row, column, said, ink(), fill=COLOURS[status], placing=CENTRE)

    def _bottlenecks(self, review: Review) -> None:
        found, say, day = review.bottlenecks, self.texts, review.when.day
        self._heading(say("Bottlenecks"))
        worst = [(one, _number(one.ratio)) for one in found.worst]
        still = [(one, one.still_days(day)) for one in found.still]
        fallen = [(one, _points(one.moved)) for one in found.fallen]
        who, status = say("Owner"), say("Status")
        for said, what, lines, how in (
            (say("Least of what is expected"), say("Of what is expected"), worst, _SHARE),
            (say("Longest without a change"), self.texts("Without a change, in days"), still, "0"),
            (say("Fell most"), say("Change, in points"), fallen, _POINTS),
        ):  # fmt: skip
            self._table(
                (said, who, what, say("Progress"), say("Expected"), status),
                ((_named(one), _text(one.owner), value, _number(one.progress), _number(one.expected), self._judged(one.status))
                 for one, value in lines),
                ("", "", how, _SHARE, _SHARE, ""),
            )  # fmt: skip

    def _judged(self, status: Standing) -> Status | str:
        return status if isinstance(status, Status) else says.standing(status, self.texts)

    def _acts(self, review: Review) -> None:
        self._heading(self.texts("Who acts next"))
        acts = sorted((act for team in review.teams for act in team.acts), key=lambda act: act.rank)
        if not acts:
            put(self.sheet, self.row, 2, self.texts("Nobody has to."), ink(colour=SOFT))
            self.row += 2
            return
        for act in acts:
            self._act(act)
        self.row += 1

    def _act(self, act: Act) -> None:
        self._wide((_named(act.line), _text(act.who)), f"{self.texts.say(act.what)} {_text(act.detail)}".strip())

    def _wide(self, words: Sequence[str], said: str) -> None:
        """A row whose last text takes the rest of the page's width."""
        for column, word in enumerate(words, 2):
            put(self.sheet, self.row, column, word, placing=WRAPPED)
        column = 2 + len(words)
        put(self.sheet, self.row, column, said, placing=WRAPPED)
        self.sheet.merge_cells(start_row=self.row, end_row=self.row, start_column=column, end_column=len(_WIDTHS))
        room = sum(_WIDTHS[column - 1 :])
        lines = max(_lines(said, room), *(_lines(word, _WIDTHS[place]) for place, word in enumerate(words, 1)))
        self.sheet.row_dimensions[self.row].height = 15.0 * lines + 3
        _ruled(self.sheet, self.row)
        self.row += 1

    def _teams(self, review: Review) -> None:
        say = self.texts
        self.sheet.row_breaks.append(Break(id=self.row - 1))  # table and chart on one sheet of paper
        self._heading(say("Progress against pace"))
        headings = (say("Team"), say("Status"), say("Progress"), say("Expected"), say("Change, in points"))
        first, last = self._table(headings, (
            (_text(team.name) or numbers.NONE, self._judged(team.status), _number(team.progress), _number(team.expected),
             _points(None if team.progress is None or team.before is None else team.progress - team.before))
            for team in review.teams
        ), ("", "", _SHARE, _SHARE, _POINTS))  # fmt: skip
        self.row += pace(self.sheet, self.row - 1, (first, last))
        if review.when.cadence is Cadence.QUARTERLY:
            self._heading(say("Grades"))
            self._table((say("Objective"), say("Team"), say("Grade"), say("Before")), (
                (_text(aim.name) or numbers.NONE, _text(team.name), _number(aim.grade), _number(aim.grade_before))
                for team in review.teams for aim in team.aims
            ), ("", "", "0.0", "0.0"))  # fmt: skip

    def _moved(self, review: Review) -> None:
        say = self.texts
        for said, lines in (
            (say("What moved"), [line for team in review.teams for line in team.moved]),
            (say("What did not move"), [line for team in review.teams for line in team.stuck]),
        ):
            self._heading(said)
            self._table((say("Key result"), say("Owner"), say("Before"), say("Result"), say("Change, in points")), (
                (_named(line), _text(line.owner), _figure(line.value_before, line), _figure(line.value, line),
                 _points(line.moved))
                for line in lines
            ), ("", "", "@", "@", _POINTS))  # fmt: skip

    def _changes(self, review: Review) -> None:
        found, say = review.changes, self.texts
        self._heading(say("Changed since the last review"))
        rows: list[tuple[Any, ...]] = [
            (_named(line), "", line.status_before, line.status) for line in (*found.worse, *found.better)
        ]
        rows += [
            (_named(line), say("Target"), _figure(line.target_before, line), _figure(line.target, line))
            for line in found.retargeted
        ]
        rows += [(_named(line), say("new"), "", "") for line in found.new]
        rows += [(_text(name), say("gone"), "", "") for name in found.gone]
        self._table((say("Key result"), "", say("Before"), self.texts("Now")), rows)

    def _announced(self, review: Review) -> None:
        say = self.texts
        self._heading(say("Off track by the end"))
        headings = (say("Key result"), say("Owner"), say("Heading for"), say("Target"), say("Chance of a miss"))
        self._table(headings, (
            (_named(line), _text(line.owner), numbers.rough(line.forecast.end, line), _figure(line.target, line),
             numbers.chance(line.forecast.risk))
            for line in review.announced if isinstance(line.forecast, Forecast)
        ), ("", "", "@", "@", "@"))  # fmt: skip

    def _broken(self, review: Review) -> None:
        say = self.texts
        self._heading(say("Stale and broken links"))
        for line in review.broken:
            since = say("since {day}", day=numbers.day_of(line.since, review.when)) if line.since else ""
            self._wide((_named(line), since), _text(line.message))
        if not review.broken:
            put(self.sheet, self.row, 2, say("Nothing."), ink(colour=SOFT))


# --- the other sheets --------------------------------------------------------------------------------------------------


def _rows(sheet: Worksheet, review: Review, texts: Texts) -> None:
    """Every key result, to be filtered and sorted."""
    headings = (
        texts("Team"), texts("Objective"), texts("Key result"), texts("Owner"), texts("Start"), texts("Target"), texts("Result"),
        texts("Progress"), texts("Expected"), texts("Change, in points"), texts("Status"), texts("Forecast"), texts("Lowest"),
        texts("Highest"), texts("Target reached"), texts("Cost per result"), texts("Newest results"), texts("Budget needed"),
    )  # fmt: skip
    prepared(sheet, (22, 34, 42, 18, 11, 11, 11, 11, 11, 11, 16, 12, 12, 12, 14, 12, 12, 14), across=True)
    for column, said in enumerate(headings, 1):
        put(sheet, 1, column, said, ink(10, bold=True, colour=SOFT), fill=HEAD,
            placing=Placing(wrap_text=True, vertical="center"))  # fmt: skip
    sheet.row_dimensions[1].height = 34
    for row, line in enumerate(review.lines, 2):
        found = line.forecast if isinstance(line.forecast, Forecast) else None
        why = texts(says.REASONS[line.forecast]) if isinstance(line.forecast, TooLittle) else ""
        ends = (found.end, found.low, found.high) if found else (why, "", "")
        values: tuple[tuple[Any, str], ...] = (
            (_text(line.group), ""), (_text(line.objective), ""), (_text(line.name), ""), (_text(line.owner), ""),
            *((_own(value, line), _own_format(line)) for value in (line.start, line.target, line.value)),
            (_number(line.progress), _SHARE), (_number(line.expected), _SHARE), (_points(line.moved), _POINTS), ("", ""),
            *((_own(value, line), _own_format(line)) for value in ends),
            (found.reached if found else None, "yyyy-mm-dd"),
            *((_number(value), "#,##0.00") for value in (
                (line.cost.per_result, line.cost.marginal, line.cost.needed) if line.cost else (None, None, None)
            )),
        )  # fmt: skip
        for column, (value, how) in enumerate(values, 1):
            put(sheet, row, column, value, number_format=how, placing=WRAPPED)
        said, fill = says.standing(line.status, texts), None
        if isinstance(line.status, Status):
            said, fill = f"{says.SIGNS[line.status]} {said}", COLOURS[line.status]
        put(sheet, row, 11, said, fill=fill, placing=CENTRE)
        longest = max(_lines(_text(words), width) for words, width in ((line.group, 22), (line.objective, 34), (line.name, 42)))
        sheet.row_dimensions[row].height = 15.0 * longest + 3
        _ruled(sheet, row, len(headings))
    sheet.freeze_panes = "D2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(headings))}{len(review.lines) + 1}"
    sheet.print_title_rows = "1:1"


def _aligned(sheet: Worksheet, review: Review, texts: Texts) -> None:
    """Who brings how much to which overall objective."""
    page = _Page(sheet, texts, row=2)
    assert review.alignment is not None  # noqa: S101 - for mypy: asked for only where there is one
    for goal in review.alignment.goals:
        page._heading(f"{_text(goal.aim.name)}  {numbers.share(goal.aim.progress)}")  # noqa: SLF001 - of this file
        headings = (texts("Team"), texts("Key results"), texts("Progress"), texts("Contribution"), texts("Share of the sum"))
        first, last = page._table(headings, (  # noqa: SLF001
            (_text(part.team) or numbers.NONE, len(part.lines), _number(part.progress), _number(part.amount), _number(part.share))
            for part in goal.contributions
        ), ("", "0", _SHARE, "#,##0", _SHARE))  # fmt: skip
        if goal.contributions:
            summed = any(part.amount is not None for part in goal.contributions)
            page.row += contributions(sheet, page.row - 1, (first, last), 5 if summed else 4)
    for said, lines in (
        (texts("Aligned to nothing"), review.alignment.astray),
        (texts("Aligned to what is not in the workbook"), review.alignment.lost),
    ):
        if lines:
            page._heading(said)  # noqa: SLF001
            page._table((texts("Key result"), texts("Owner")), ((_named(line), _text(line.owner)) for line in lines))  # noqa: SLF001


# --- cells -------------------------------------------------------------------------------------------------------------


def _ruled(sheet: Worksheet, row: int, last: int = len(_WIDTHS)) -> None:
    for column in range(2 if last == len(_WIDTHS) else 1, last + 1):
        sheet.cell(row, column).border = Border(bottom=_THIN)


def _lines(said: str, width: float) -> int:
    return max(1, -(-sum(2 if ord(char) > 0x2E80 else 1 for char in said) // max(int(width * 0.92), 1)))


def _text(said: str) -> str:
    return one_line(said, says.MAX_NAME)


def _named(line: Line) -> str:
    return _text(f"{line.name} ({line.group})" if line.group else line.name)


def _number(value: Decimal | float | None) -> float | None:
    return None if value is None else float(value)


def _points(moved: Decimal | None) -> float | None:
    return None if moved is None else round(float(moved) * 100)


def _figure(value: Decimal | None, line: Line) -> str:
    return numbers.figure(value, line.percent, line.kind)


def _own(value: Decimal | float | str | None, line: Line) -> float | str | None:
    """A figure in the row's own measure."""
    if value is None or isinstance(value, str):
        return value
    return numbers.figure(value, line.percent, line.kind) if line.kind is Kind.YES_NO else float(value)


def _own_format(line: Line) -> str:
    return "0.0%" if line.percent else "#,##0.##"
