"""The places of the plan and of the people's goals go in, a hidden sheet comes out that works out what the review shows.

A row of this sheet looks at the row of the same number in the plan, by `INDEX(column, ROW())`: whoever inserts, deletes or sorts
rows there breaks nothing, and a row without a formula in Progress counts as well. What it computes is what the engine computes:
the team is carried down, an objective is the mean of its key results, a team that of its objectives.

    the plan      A team, B objective, C key result, H progress, I status, J weight in the team, K weighted progress, L number of
                  the team in its first row, M rank, N the team's progress; AJ to AQ the cells themselves
    the people    Q person, R goal, W progress, X status; AS to AZ the cells themselves
    the rest      Z day, AA expected, AB progress, AC on track, AD day's label: the check-ins; AE rows of the bottlenecks; AG the
                  period and the sums

Only formulas that stay on this sheet are shared. Excel takes a shared formula that refers to another sheet for damage
(https://github.com/EPPlusSoftware/EPPlus/issues/253), so the cells themselves are fetched by short formulas of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sheetsync.model import Column, column_letters
from sheetsync.okr import layout
from sheetsync.okr.progress import Status
from sheetsync.template._formula import (
    begin_formula,
    end_formula,
    expected_formula,
    listed,
    progress_formula,
    status_formula,
)
from sheetsync.template._look import Formula, Page
from sheetsync.template._package import Shared

FIRST, LAST, LAST_PERSON = 5, 304, 154
"""The rows of the plan and of the People sheet that are counted; the review says so where a plan goes on below them."""
CHECK_INS: Final = 14
BOTTLENECKS: Final = 6
_LABELS, _ABOVE = 3, 4
NAMES: Final = {
    "OKR_Start": "$AG$5", "OKR_End": "$AG$6", "OKR_Expected": "$AG$7", "OKR_Progress": "$AG$8", "OKR_Teams": "$AG$9",
    "OKR_Rows": "$AG$10", "OKR_On_track": "$AG$11", "OKR_At_risk": "$AG$12", "OKR_Off_track": "$AG$13",
}  # fmt: skip
"""Names of the workbook for what the review asks here; OKR_Period, OKR_Today and OKR_Owners stand where people write."""
_START, _EXPECTED, _TODAY = NAMES["OKR_Start"], NAMES["OKR_Expected"], "$AG$14"


@dataclass(frozen=True, slots=True)
class Source:
    """A sheet with a table: its name in quotes, and the letters of its columns."""

    sheet: str
    first: int
    columns: tuple[Column, ...]

    def cell(self, column: Column) -> str:
        """The cell of this meaning in the row of the same number."""
        return f"INDEX({self.whole(column)},ROW())"

    def whole(self, column: Column) -> str:
        letters = column_letters(self.first + self.columns.index(column))
        return f"{self.sheet}!${letters}:${letters}"


def draw_figures(page: Page, plan: Source, people: Source, *, check_ins: str) -> None:
    """`check_ins` are the cells of the review where progress and the share on track are noted, two columns of CHECK_INS rows."""
    draw = _Figures(page)
    draw.plan(plan)
    draw.people(people)
    draw.check_ins(check_ins)
    for number in range(1, BOTTLENECKS + 1):
        found = f"MATCH(SMALL({span('M')},{number}),{span('M')},0)"
        page.put(FIRST + number - 1, _number("AE"), Formula(f'IFERROR({FIRST - 1}+{found},"")'))
    draw.period()
    labels = {"A": "plan", "Q": "people", "Z": "check-ins", "AE": "bottlenecks", "AG": "period"}
    for letters, said in labels.items():
        page.put(_LABELS, _number(letters), said, bold=True)


def span(letters: str, last: int = LAST) -> str:
    """A column of this sheet, as its own formulas name it."""
    return f"${letters}${FIRST}:${letters}${last}"


def _number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _place(status: Status) -> int:
    return list(Status).index(status) + 1


_CELLS: Final = (
    Column.OBJECTIVE, Column.KEY_RESULT, Column.TYPE, Column.START, Column.TARGET, Column.RESULT, Column.DATA_LINK, Column.STATUS,
)  # fmt: skip
_PLAN_CELLS: Final = dict(zip(_CELLS, ("AJ", "AK", "AL", "AM", "AN", "AO", "AP", "AQ"), strict=True))
_PEOPLE_CELLS: Final = dict(zip(_CELLS, ("AS", "AT", "AU", "AV", "AW", "AX", "AY", "AZ"), strict=True))
_AMOUNTS: Final = frozenset({Column.START, Column.TARGET, Column.RESULT})


def _band(at: Mapping[Column, str]) -> str:
    """Whether the row names a team or a person: a text where the objective could stand, without an O1, and nothing beside it."""
    text, name, target = (f"{at[column]}{FIRST}" for column in (Column.OBJECTIVE, Column.KEY_RESULT, Column.TARGET))
    numbered = f'AND(UPPER(LEFT({text},1))="O",ISNUMBER(VALUE(MID({text},2,1))))'
    objective = f'OR(LEFT({text},2)="目标",LOWER(LEFT({text},10))="objective ",IFERROR({numbered},FALSE))'
    return f'AND({text}<>"",{name}="",{target}="",NOT({objective}))'


@dataclass(slots=True)
class _Figures:
    """Writes the formulas of the hidden sheet."""

    page: Page
    formulas: int = 0

    def down(self, letters: str, text: str, last: int = LAST) -> None:
        """One formula, from FIRST down to `last`."""
        column = _number(letters)
        self.page.put(FIRST, column, Shared(self.formulas, f"{letters}{FIRST}:{letters}{last}", text))
        for row in range(FIRST + 1, last + 1):
            self.page.put(row, column, Shared(self.formulas))
        self.formulas += 1

    def cells(self, source: Source, at: Mapping[Column, str], last: int) -> None:
        """The cells of a table, one formula each: texts trimmed, amounts as they are, blank for nothing and for an error."""
        for column, letters in at.items():
            cell = source.cell(column)
            text = f'IF(ISBLANK({cell}),"",{cell})' if column in _AMOUNTS else f"TRIM({cell})"
            for row in range(FIRST, last + 1):
                self.page.put(row, _number(letters), Formula(f'IFERROR({text},"")'))

    def plan(self, plan: Source) -> None:
        at = _PLAN_CELLS
        self.cells(plan, at, LAST)
        aim = f"{at[Column.OBJECTIVE]}{FIRST}"
        self.down("A", f'IF({_band(at)},{aim},A{_ABOVE})&""')
        self.down("B", f'IF({_band(at)},"",IF({aim}<>"",{aim},B{_ABOVE}))&""')
        self._rows(at, "CHI", LAST)
        same, measured = f"--({span('A')}=A{FIRST})", f"--ISNUMBER({span('H')})"
        self.down("J", f"IF(ISNUMBER(H{FIRST}),1/SUMPRODUCT({same},--({span('B')}=B{FIRST}),{measured}),0)")
        self.down("K", f"IF(ISNUMBER(H{FIRST}),H{FIRST}*J{FIRST},0)")
        seen = f'SUMPRODUCT(--(A${_ABOVE}:A{_ABOVE}=A{FIRST}),--(C${_ABOVE}:C{_ABOVE}<>""))'
        self.down("L", f'IF(C{FIRST}="","",IF({seen}=0,MAX(L${_ABOVE}:L{_ABOVE})+1,""))')
        behind = f"OR(I{FIRST}={_place(Status.AT_RISK)},I{FIRST}={_place(Status.OFF_TRACK)})"
        ratio = f"IF(N({_EXPECTED})>0,H{FIRST}/{_EXPECTED},H{FIRST})"
        self.down("M", f'IF(ISNUMBER(I{FIRST}),IF({behind},{ratio}+ROW()/1E9,""),"")')
        weight = f"SUMPRODUCT({same},{span('J')})"
        self.down("N", f'IF(ISNUMBER(L{FIRST}),IF({weight}=0,"",SUMPRODUCT({same},{span("K")})/{weight}),"")')

    def people(self, people: Source) -> None:
        at = _PEOPLE_CELLS
        self.cells(people, at, LAST_PERSON)
        self.down("Q", f'IF({_band(at)},{at[Column.OBJECTIVE]}{FIRST},Q{_ABOVE})&""', LAST_PERSON)
        self._rows(at, "RWX", LAST_PERSON)

    def _rows(self, at: Mapping[Column, str], letters: str, last: int) -> None:
        """Name, progress and status of each row that is a key result; blanks in the others."""
        name, progress, _ = (f"{letter}{FIRST}" for letter in letters)
        _, said, kind, start, target, result, link, told = (f"{at[column]}{FIRST}" for column in _CELLS)
        heading = layout.HEADINGS[Column.KEY_RESULT][self.page.language == "zh"]
        total = f'AND({link}="",ISNUMBER(MATCH({said},{listed(layout.SUBTOTALS)},0)))'
        none = f'OR({said}="",{said}="{heading}",AND({target}="",{result}="",{link}=""),{total})'
        self.down(letters[0], f'IF({none},"",{said})', last)
        self.down(letters[1], f'IF({name}="","",{progress_formula(kind, start, target, result).removeprefix("=")})', last)
        words = listed(word for status in Status for word in layout.STATUSES[status])
        judged = status_formula(progress, _START, _TODAY, _EXPECTED)
        self.down(letters[2], f'IF(ISNUMBER({progress}),IFERROR(INT((MATCH({told},{words},0)+1)/2),{judged}),"")', last)

    def check_ins(self, inputs: str) -> None:
        """The days of the check-ins, spread over the period, and what the charts draw: what was noted, or how it stands today."""
        days, on_track = "(OKR_End+1-OKR_Start)", "IF(OKR_Rows=0,NA(),OKR_On_track/OKR_Rows)"
        for number in range(CHECK_INS):
            row = FIRST + number
            day = f"OKR_Start+ROUND({number}*{days}/{CHECK_INS - 1},0)" + ("-1" if number else "")
            now = f"AND(OKR_Today>=Z{row},OR(N(Z{row + 1})=0,OKR_Today<Z{row + 1}))"
            noted = [f"INDEX({inputs},{number + 1},{place})" for place in (1, 2)]
            live = f"IF({now},IF(ISNUMBER(OKR_Progress),OKR_Progress,NA()),NA())", f"IF({now},{on_track},NA())"
            texts = (
                f'IF(ISNUMBER(OKR_Start),{day},"")', f"IF(ISNUMBER(Z{row}),(Z{row}-OKR_Start)/{days},NA())",
                *(f"IF(ISNUMBER({cell}),{cell},{otherwise})" for cell, otherwise in zip(noted, live, strict=True)),
            )  # fmt: skip
            if number % 2 == 0:  # as many as fit below a chart; TEXT(day,"m/d") would mean something else in a German Excel
                self.page.put(row, _number("AD"), Formula(f'IF(ISNUMBER(Z{row}),MONTH(Z{row})&"/"&DAY(Z{row}),"")'))
            for letters, text in zip(("Z", "AA", "AB", "AC"), texts, strict=True):
                self.page.put(row, _number(letters), Formula(text), number_format="yyyy-mm-dd" if letters == "Z" else "0%")

    def period(self) -> None:
        counted = [f"COUNTIF({span('I')},{_place(one)})" for one in Status]
        found = [
            begin_formula("OKR_Period"), end_formula("OKR_Period"), expected_formula("OKR_Start", "OKR_End", "OKR_Today"),
            f'IF(COUNT({span("N")})=0,"",AVERAGE({span("N")}))', f"MAX({span('L')})", f'SUMPRODUCT(--({span("C")}<>""))',
            f"{counted[0]}+{counted[1]}", counted[2], counted[3], "OKR_Today",
        ]  # fmt: skip
        for row, text in enumerate(found, start=FIRST):
            self.page.put(row, _number("AG"), Formula(text), number_format="yyyy-mm-dd" if row < FIRST + 2 else "General")
