"""An empty sheet goes in, a review comes out that computes itself: figures at a glance, teams, pace, bottlenecks, trend, notes.

Every figure is a formula over the hidden sheet of `_figures`; every chart draws cells of these two sheets. The rest of the sheet,
from the notes on, is for people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sheetsync.model import Column
from sheetsync.okr import layout
from sheetsync.okr.progress import COLOURS, Status
from sheetsync.template import _review_words as words
from sheetsync.template._charts import bars, columns, pace_lines
from sheetsync.template._content import Content, Pair, pick
from sheetsync.template._figures import BOTTLENECKS, CHECK_INS, FIRST, LAST, LAST_PERSON, Source, span
from sheetsync.template._look import (
    A4,
    BLUE,
    GREY,
    INK,
    LINE,
    MARGIN,
    PALE,
    PALE_YELLOW,
    SIGNS,
    SKY,
    WHITE,
    YELLOW,
    Formula,
    Page,
    dates_of,
    print_setup,
    title_bar,
)

TODAY_CELL: Final = "$M$2"
_LEFT, _RIGHT, _CHART = 2, 13, 8
_WIDTH: Final = 11.3
_ROW: Final = 27
_SPARE, _FEWEST = 3, 8
_NOTE_ROWS: Final = 12


def draw_review(page: Page, content: Content, figures: str, plan: Source) -> str:
    """Draws the sheet; the cells where people note progress and the share on track. `figures` is the hidden sheet, in quotes."""
    review = _Review(page, figures, plan, max(_FEWEST, len(content.groups) + _SPARE))
    review.head(content)
    review.tiles(4)
    row = review.teams(8)
    row = review.statuses(row + 1)
    row = review.bottlenecks(row + 1)
    page.sheet.set_h_pagebreaks([row])
    row = review.check_ins(row + 1, content)
    review.notes(row + 1)
    page.sheet.freeze_panes(2, 0)
    page.sheet.set_tab_color(f"#{BLUE}")
    print_setup(page, content.title, paper=A4, repeat=(1, 2), landscape=False)
    first = row - CHECK_INS
    return f"$E${first}:$F${row - 1}"


@dataclass(frozen=True, slots=True)
class _Review:
    """Draws block after block; each begins at a row and gives the first one below it."""

    page: Page
    figures: str
    plan: Source
    slots: int

    def say(self, pair: Pair) -> str:
        return pick(pair, self.page.language)

    def heading(self, column: Column) -> str:
        return layout.HEADINGS[column][self.page.language == "zh"]

    def of(self, letters: str, last: int = LAST) -> str:
        """A column of the hidden sheet."""
        return f"{self.figures}!{span(letters, last)}"

    def head(self, content: Content) -> None:
        page = self.page
        page.width(1, MARGIN)
        for column in range(_LEFT, _RIGHT + 1):
            page.width(column, _WIDTH)
        page.width(_RIGHT + 1, MARGIN)
        title = self.say(words.TITLE).format(team=content.title)
        title_bar(page, title, dates_of(content.period), left=_LEFT, split=_RIGHT - 2, right=_RIGHT)
        page.put(2, _RIGHT - 1, self.say(words.AS_OF), colour=WHITE, fill=INK, across="right")
        page.put(2, _RIGHT, Formula("TODAY()"), bold=True, colour=YELLOW, fill=INK, across="center", number_format="yyyy-mm-dd")
        below = f"INDEX({self.plan.whole(Column.KEY_RESULT)},{LAST + 1}):INDEX({self.plan.whole(Column.KEY_RESULT)},2000)"
        page.height(3, 18)
        page.put(
            3,
            _LEFT,
            Formula(f'IF(COUNTA({below})>0,"{self.say(words.LONGER)}","")'),
            colour=COLOURS[Status.OFF_TRACK],
            wrap=False,
        )

    def tiles(self, row: int) -> None:
        """Four figures at a glance."""
        pace = f'TEXT(OKR_Progress/OKR_Expected,"0%")&" {self.say(words.OF_PACE)}"'
        late = [
            f'{name}&" {layout.word(layout.STATUSES, status, self.page.language)}"'
            for name, status in (("OKR_At_risk", Status.AT_RISK), ("OKR_Off_track", Status.OFF_TRACK))
        ]
        tiles = (
            (words.PROGRESS, 'IF(ISNUMBER(OKR_Progress),OKR_Progress,"–")', "0%", BLUE,
             f'IF(AND(ISNUMBER(OKR_Progress),N(OKR_Expected)>0),{pace},"{self.say(words.NO_FIGURES)}")'),
            (words.EXPECTED, 'IF(ISNUMBER(OKR_Expected),OKR_Expected,"–")', "0%", INK,
             f'IF(ISNUMBER(OKR_End),MAX(0,OKR_End+1-MAX(OKR_Today,OKR_Start))&" {self.say(words.DAYS_LEFT)}","")'),
            (words.ON_TRACK, "OKR_On_track", "0", COLOURS[Status.DONE],
             f'"{self.say(words.OF[0])} "&OKR_Rows&" {self.say(words.OF[1])}"'),
            (words.NEED, "OKR_At_risk+OKR_Off_track", "0", COLOURS[Status.OFF_TRACK], f'{late[0]}&" · "&{late[1]}'),
        )  # fmt: skip
        for offset, height in ((0, 26), (1, 42), (2, 24), (3, 12)):
            self.page.height(row + offset, height)
        for number, (label, figure, number_format, colour, caption) in enumerate(tiles):
            first = _LEFT + number * 3
            texts: tuple[tuple[Any, dict[str, Any]], ...] = (
                (self.say(label), {"size": 10, "colour": GREY, "down": "bottom"}),
                (Formula(figure), {"size": 26, "bold": True, "number_format": number_format}),
                (Formula(caption), {"size": 9.5, "colour": GREY, "down": "top"}),
            )
            for offset, (value, look) in enumerate(texts):
                self.page.fill(row + offset, first, first + 2, PALE)
                self.page.put(row + offset, first, value, fill=PALE, indent=1, **look)
                self.page.merge(row + offset, first, row + offset, first + 2)
            self.page.rule(row, first, first + 2, colour, strong=True, side="top")
            for offset in range(3):  # a white gap between the tiles
                self.page.rule(row + offset, first + 2, first + 2, WHITE, strong=True, side="right")

    def section(self, row: int, title: Pair, first: int = _LEFT, last: int = _RIGHT) -> None:
        self.page.height(row, 30)
        self.page.put(row, first, self.say(title), size=12, bold=True, down="bottom", wrap=False)
        self.page.rule(row, first, last, INK, strong=True)

    def headings(self, row: int, named: dict[int, str], texts: tuple[int, ...] = ()) -> None:
        self.page.height(row, 22)
        for column, said in named.items():
            left = column in (_LEFT, *texts)
            indent = 1 if column == _LEFT else 0
            self.page.put(row, column, said, size=9, colour=GREY, across="left" if left else "center", indent=indent)

    def teams(self, row: int) -> int:
        """A line a team, and beside it the same as bars."""
        page, language = self.page, self.page.language
        self.section(row, words.TEAM_TABLE, last=_CHART - 2)
        self.section(row, words.TEAMS, first=_CHART)
        self.headings(row + 1, {_LEFT: self.say(words.TEAM), 5: self.say(words.ON_TRACK_SHORT), 6: self.say(words.PROGRESS)})
        first = row + 2
        for line in range(first, first + self.slots):
            page.height(line, _ROW)
            team, number = f"$B{line}", f"ROWS(B${first}:B{line})"
            mine = f"--({self.of('A')}={team})"
            good = f"SUMPRODUCT({mine},--ISNUMBER({self.of('I')}),--({self.of('I')}<=2))"
            all_of = f'SUMPRODUCT({mine},--({self.of("C")}<>""))'
            at = f"MATCH({number},{self.of('L')},0)"
            page.put(line, _LEFT, Formula(f'IFERROR(INDEX({self.of("A")},{at}),"")'), bold=True, indent=1)
            page.merge(line, _LEFT, line, 4)
            page.put(line, 5, Formula(f'IF({team}="","",{good}&" / "&{all_of})'), across="center")
            page.put(
                line, 6, Formula(f'IF({team}="","",INDEX({self.of("N")},{at}))'), bold=True, across="center", number_format="0%"
            )
            page.rule(line, _LEFT, 6)
        last = first + self.slots - 1
        bar = {
            "type": "data_bar", "data_bar_2010": True, "bar_solid": True, "bar_color": f"#{SKY}", "bar_negative_color_same": True,
            "min_type": "num", "min_value": 0, "max_type": "num", "max_value": 1,
        }  # fmt: skip
        page.sheet.conditional_format(first - 1, 5, last - 1, 5, bar)
        more = f'IF(OKR_Teams>ROWS(B{first}:B{last}),(OKR_Teams-ROWS(B{first}:B{last}))&" {self.say(words.MORE_TEAMS)}","")'
        page.put(last + 1, _LEFT, Formula(more), size=9, colour=GREY, wrap=False)
        page.height(last + 1, 16)
        sheet = f"'{page.sheet.get_name()}'!"
        chart = bars(
            page.book, language, f"={sheet}$B${first}:$B${last}", f"={sheet}$F${first}:$F${last}",
            self.say(words.PROGRESS), BLUE,
        )  # fmt: skip
        self._insert(chart, row + 1, self.slots * _ROW + 22, self.say(words.TEAMS))
        return last + 2

    def statuses(self, row: int) -> int:
        """How many stand where, with the colours of the plan; beside it progress against the calendar."""
        page = self.page
        self.section(row, words.BY_STATUS, last=_CHART - 2)
        self.section(row, words.PACE, first=_CHART)
        first = row + 1
        for number, status in enumerate(Status):
            line, word = first + number, layout.word(layout.STATUSES, status, page.language)
            page.fill(line, _LEFT, 3, COLOURS[status])
            page.put(line, _LEFT, f"{SIGNS[status]} {word}", bold=True, fill=COLOURS[status], indent=1)
            page.merge(line, _LEFT, line, 3)
            page.put(line, 4, Formula(f"COUNTIF({self.of('I')},{number + 1})"), size=11, bold=True, across="center")
        missing = first + len(Status)
        page.put(missing, _LEFT, self.say(words.NO_PROGRESS), colour=GREY, indent=1)
        page.merge(missing, _LEFT, missing, 3)
        page.put(missing, 4, Formula(f"OKR_Rows-COUNT({self.of('I')})"), size=11, bold=True, across="center")
        for line in range(first, missing + 1):
            page.height(line, _ROW + 1)
            page.put(line, 5, Formula(f'IF(OKR_Rows=0,"",D{line}/OKR_Rows)'), colour=GREY, number_format="0%", across="center")
            page.put(line, 6, Formula(f'REPT("█",ROUND(10*N(E{line}),0))'), size=8, colour=SKY, wrap=False)
            page.rule(line, _LEFT, 6)
        goals, judged = (self.of(letters, LAST_PERSON) for letters in "RX")
        self.section(missing + 1, words.GOALS, last=_CHART - 2)
        said = f'COUNTIF({judged},1)+COUNTIF({judged},2)&" / "&SUMPRODUCT(--({goals}<>""))&" {self.say(words.GOALS_ON_TRACK)}"'
        page.put(missing + 2, _LEFT, Formula(said), size=11, bold=True, indent=1, wrap=False)
        page.merge(missing + 2, _LEFT, missing + 2, 6)
        page.height(missing + 2, _ROW + 4)
        days, due, done = (
            f"={self.figures}!${letters}${FIRST}:${letters}${FIRST + CHECK_INS - 1}" for letters in ("AD", "AA", "AB")
        )
        chart = pace_lines(
            page.book, page.language, days, [(self.say(words.EXPECTED_SHORT), due), (self.say(words.PROGRESS), done)]
        )
        self._insert(chart, row + 1, (_ROW + 1) * (len(Status) + 1) + 30 + _ROW + 4, self.say(words.PACE))
        return missing + 3

    def bottlenecks(self, row: int) -> int:
        """The rows that are furthest behind, with who answers for them."""
        page = self.page
        self.section(row, words.BOTTLENECK)
        self.headings(row + 1, {
            _LEFT: self.heading(Column.KEY_RESULT), 7: self.say(words.TEAM), 9: self.heading(Column.OWNER),
            11: self.heading(Column.STATUS), 12: self.say(words.PROGRESS), 13: self.say(words.BEHIND),
        }, texts=(7, 9))  # fmt: skip
        said = ",".join(f'"{layout.word(layout.STATUSES, status, page.language)}"' for status in Status)
        for number in range(BOTTLENECKS):
            line = row + 2 + number
            page.height(line, _ROW)
            at = f"{self.figures}!$AE${FIRST + number}"
            place = f"{at}-{FIRST - 1}"
            nothing = f'IF(COUNT({self.of("I")})>0,"{self.say(words.NOTHING)}","")' if number == 0 else '""'
            behind = f'IF(ISNUMBER(OKR_Expected),ROUND(100*(OKR_Expected-L{line}),0),"")'
            cells: list[tuple[int, int, str, dict[str, Any]]] = [
                (2, 6, f"INDEX({self.of('C')},{place})", {"bold": True, "indent": 1}),
                (7, 8, f"INDEX({self.of('A')},{place})", {}),
                (9, 10, f'INDEX({self.plan.whole(Column.OWNER)},{at})&""', {}),
                (11, 11, f"CHOOSE(INDEX({self.of('I')},{place}),{said})", {"bold": True, "across": "center"}),
                (12, 12, f"INDEX({self.of('H')},{place})", {"bold": True, "number_format": "0%", "across": "center"}),
                (13, 13, behind, {"across": "center", "number_format": "0"}),
            ]  # fmt: skip
            for column, last, text, look in cells:
                otherwise = nothing if column == _LEFT else '""'
                page.put(line, column, Formula(f"IF(ISNUMBER({at}),{text},{otherwise})"), **look)
                page.merge(line, column, line, last)
            page.rule(line, _LEFT, _RIGHT)
        first, last = row + 1, row + 1 + BOTTLENECKS
        for status in (Status.AT_RISK, Status.OFF_TRACK):
            word = layout.word(layout.STATUSES, status, page.language)
            look = page.book.add_format({
                "bg_color": f"#{COLOURS[status]}", "font_color": f"#{INK}", "num_format": f'"{SIGNS[status]} "@',
            })  # fmt: skip
            page.sheet.conditional_format(first, 10, last - 1, 10, {
                "type": "formula", "criteria": f'=$K{first + 1}="{word}"', "format": look,
            })  # fmt: skip
        return last + 1

    def check_ins(self, row: int, content: Content) -> int:
        """What was noted week by week, and its trend."""
        page = self.page
        self.section(row, words.CHECK_IN, last=_CHART - 2)
        self.section(row, words.TREND, first=_CHART)
        page.height(row + 1, 44)
        page.put(row + 1, _LEFT, self.say(words.CHECK_IN_HINT), size=9, colour=GREY, indent=1)
        page.merge(row + 1, _LEFT, row + 1, _CHART - 2)
        named = {
            _LEFT: self.say(words.DAY),
            4: self.say(words.EXPECTED_SHORT),
            5: self.say(words.PROGRESS),
            6: self.say(words.ON_TRACK_SHORT),
        }
        self.headings(row + 2, named)
        first = row + 3
        for number in range(CHECK_INS):
            line = first + number
            page.height(line, _ROW - 4)
            day, due = (f"{self.figures}!${letters}${FIRST + number}" for letters in ("Z", "AA"))
            page.put(line, _LEFT, Formula(day), number_format="yyyy-mm-dd", indent=1)
            page.merge(line, _LEFT, line, 3)
            page.put(line, 4, Formula(f'IF(ISNUMBER({due}),{due},"")'), colour=GREY, number_format="0%", across="center")
            noted = content.check_ins[number] if number < len(content.check_ins) else (None, None)
            for column, value in zip((5, 6), noted, strict=True):
                page.put(line, column, value, bold=True, fill=PALE_YELLOW, number_format="0%", across="center")
            page.rule(line, _LEFT, 6)
        days, share = (f"={self.figures}!${letters}${FIRST}:${letters}${FIRST + CHECK_INS - 1}" for letters in ("AD", "AC"))
        chart = columns(page.book, page.language, days, share, self.say(words.ON_TRACK), COLOURS[Status.DONE])
        self._insert(chart, row + 1, 44 + 22 + CHECK_INS * (_ROW - 4), self.say(words.TREND))
        return first + CHECK_INS

    def notes(self, row: int) -> int:
        self.section(row, words.NOTES)
        for line in range(row + 1, row + 1 + _NOTE_ROWS):
            self.page.height(line, _ROW)
            self.page.put(line, _LEFT, indent=1)
            self.page.merge(line, _LEFT, line, _RIGHT)
            self.page.rule(line, _LEFT, _RIGHT, LINE)
        return row + 1 + _NOTE_ROWS

    def _insert(self, chart: Any, row: int, points: float, said: str) -> None:
        """Beside the table, as high as its rows; `said` is read to whoever cannot see the picture."""
        wide = (_RIGHT - _CHART + 1) * round(_WIDTH * 7 + 5)
        chart.set_size({"width": wide - 8, "height": round(points * 4 / 3) - 10})
        self.page.sheet.insert_chart(
            row - 1, _CHART - 1, chart, {"x_offset": 4, "y_offset": 6, "object_position": 1, "description": said}
        )
