"""Tables of the review's workbook go in, native charts beside them come out: progress against pace, trends, contributions."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from openpyxl.chart import BarChart, LineChart, Reference
from openpyxl.chart.axis import DateAxis
from openpyxl.chart.label import DataLabelList
from openpyxl.chart.layout import Layout, ManualLayout
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.chart.text import RichText
from openpyxl.drawing.line import LineProperties
from openpyxl.drawing.text import CharacterProperties, Paragraph, ParagraphProperties, RichTextProperties
from openpyxl.styles import Alignment as Placing
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.pagebreak import Break

from sheetsync.review.cells import ink, prepared, put
from sheetsync.review.words import Line, Review
from sheetsync.texts import Texts, one_line

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

_BLUE, _DUE, _RULE, _SOFT = "2B5FA8", "9AA8BC", "E3E8EF", "44546A"
_WIDE: Final = 26.0
_ROW: Final = 0.53
"""Centimetres of a row."""
MOST: Final = 60
"""So many trends are drawn; a workbook with hundreds of charts opens slowly."""
_ACROSS: Final = 3
_STEPS: Final = 91
_TREND_LINES: Final[tuple[dict[str, Any], ...]] = (
    {"solidFill": _BLUE, "w": 25400}, {"solidFill": _DUE, "w": 12700, "prstDash": "sysDash"},
)  # fmt: skip


def pace(sheet: Worksheet, row: int, rows: tuple[int, int]) -> int:
    """Bars of progress and expected progress, a pair a team; how many rows the chart takes."""
    chart = BarChart()
    chart.type, chart.gapWidth, chart.overlap = "bar", 60, -5
    chart.add_data(Reference(sheet, min_col=4, max_col=5, min_row=rows[0] - 1, max_row=rows[1]), titles_from_data=True)
    chart.set_categories(Reference(sheet, min_col=2, min_row=rows[0], max_row=rows[1]))
    for series, colour in zip(chart.series, (_BLUE, _DUE), strict=True):
        _filled(series, colour)
    chart.title = None
    chart.x_axis.scaling.orientation = "maxMin"
    return _placed(chart, sheet, row, 3.0 + 1.3 * (rows[1] - rows[0] + 1))


def contributions(sheet: Worksheet, row: int, rows: tuple[int, int], column: int) -> int:
    """What each team brings; how many rows the chart takes."""
    chart = BarChart()
    chart.type, chart.gapWidth = "bar", 60
    chart.add_data(Reference(sheet, min_col=column, min_row=rows[0] - 1, max_row=rows[1]), titles_from_data=True)
    chart.set_categories(Reference(sheet, min_col=2, min_row=rows[0], max_row=rows[1]))
    _filled(chart.series[0], _BLUE)
    chart.dataLabels = DataLabelList()
    chart.dataLabels.showVal = True
    for name in ("showSerName", "showCatName", "showLegendKey", "showPercent"):
        setattr(chart.dataLabels, name, False)
    chart.x_axis.scaling.orientation = "maxMin"
    taken = _placed(chart, sheet, row, 2.6 + 1.0 * (rows[1] - rows[0] + 1), share=column == 4)
    chart.legend = None
    return taken


def _placed(chart: Any, sheet: Worksheet, row: int, height: float, *, share: bool = True) -> int:
    chart.width, chart.height = _WIDE, height
    chart.x_axis.delete = chart.y_axis.delete = False
    chart.y_axis.scaling.min = 0
    chart.y_axis.crosses = "max"  # below, since the bars are counted from the top
    chart.y_axis.number_format = "0%" if share else "#,##0"
    chart.y_axis.majorGridlines.spPr = GraphicalProperties(ln=LineProperties(solidFill=_RULE))
    chart.legend.position = "t"
    _quiet(chart)
    sheet.add_chart(chart, f"B{row}")
    return int(height / _ROW) + 2


def _filled(series: Any, colour: str) -> None:
    series.graphicalProperties = GraphicalProperties(solidFill=colour)
    series.graphicalProperties.line.noFill = True


def _quiet(chart: Any, size: int = 1000) -> None:
    """Axes in the page's own ink, no frame around."""
    letters = CharacterProperties(sz=size, solidFill=_SOFT)
    for axis in (chart.x_axis, chart.y_axis):
        axis.txPr = RichText(
            bodyPr=RichTextProperties(rot=0), p=[Paragraph(pPr=ParagraphProperties(defRPr=letters), endParaRPr=letters)]
        )
        axis.graphicalProperties = GraphicalProperties(ln=LineProperties(solidFill=_RULE))
        axis.majorTickMark = "none"
    chart.graphical_properties = GraphicalProperties(ln=LineProperties(noFill=True))


def trends(sheet: Worksheet, review: Review, texts: Texts) -> None:
    """A chart a key result: its progress day by day beside the straight way to the target. The figures stand at the right."""
    prepared(sheet, (2, *[13.5] * 12))
    drawn = [line for line in review.lines if len(line.trend) > 1][:MOST]
    put(sheet, 2, 2, texts("Trend of each key result, with the straight way to the target"), ink(14, bold=True))
    if len(drawn) < len([line for line in review.lines if len(line.trend) > 1]):
        put(sheet, 3, 2, texts("The first {count} are drawn.", count=MOST))
    column = 20
    for number, line in enumerate(drawn):
        days = _days(line, review.when.day)
        put(sheet, 1, column, one_line(line.name, 60))
        for row, (day, reached, due) in enumerate(days, 2):
            for place, value, how in ((0, day, "yyyy-mm-dd"), (1, reached, "0%"), (2, due, "0%")):
                put(sheet, row, column + place, value, number_format=how)
        chart: Any = LineChart()
        chart.x_axis = DateAxis(crossAx=100, baseTimeUnit="days", majorTimeUnit="months")
        chart.x_axis.number_format = "mm-dd"
        chart.x_axis.majorUnit = max(round((days[-1][0] - days[0][0]).days / 120), 1)
        chart.y_axis.crossAx = 500
        chart.add_data(Reference(sheet, min_col=column + 1, max_col=column + 2, min_row=2, max_row=len(days) + 1))
        chart.set_categories(Reference(sheet, min_col=column, min_row=2, max_row=len(days) + 1))
        for series, line_look in zip(chart.series, _TREND_LINES, strict=True):
            series.smooth = False
            series.marker.symbol = "none"
            series.graphicalProperties = GraphicalProperties(ln=LineProperties(**line_look))
        chart.legend, chart.width, chart.height = None, 10.2, 5.0
        chart.x_axis.delete = chart.y_axis.delete = False
        chart.y_axis.number_format = "0%"
        chart.y_axis.majorGridlines.spPr = GraphicalProperties(ln=LineProperties(solidFill=_RULE))
        chart.layout = Layout(manualLayout=ManualLayout(x=0.14, y=0.06, w=0.82, h=0.74, layoutTarget="inner"))
        _quiet(chart, 800)
        down, across = divmod(number, _ACROSS)
        place = 2 + across * 4
        top = 4 + down * 12
        put(
            sheet,
            top,
            place,
            one_line(line.name, 120),
            ink(10, bold=True),
            placing=Placing(wrap_text=True, vertical="bottom"),
        )
        sheet.merge_cells(start_row=top, end_row=top, start_column=place, end_column=place + 3)
        sheet.row_dimensions[top].height = 32
        sheet.add_chart(chart, f"{get_column_letter(place)}{top + 1}")
        column += 4
    for place in range(20, column):
        sheet.column_dimensions[get_column_letter(place)].width = 11
    for down in range(6, (len(drawn) - 1) // _ACROSS + 1, 6):
        sheet.row_breaks.append(Break(id=3 + down * 12))
    sheet.print_area = f"A1:M{5 + (len(drawn) + _ACROSS - 1) // _ACROSS * 12}"


def _days(line: Line, today: date) -> list[tuple[date, float | None, float | None]]:
    """Up to about ninety days, evenly: the day, the progress known then, where the straight way is; to the period's end."""
    first = line.period.start if line.period else line.trend[0].day
    last = line.period.end if line.period else today
    span = (last - first).days
    step = span // _STEPS + 1
    marks = [first + timedelta(days=number) for number in range(span + 1)]
    found = []
    for day in marks:  # even steps, so that the straight way is straight, and today among them
        if (day - today).days % step:
            continue
        known = [point.progress for point in line.trend if point.day <= day]
        reached = float(known[-1]) if known and day <= today else None
        found.append((day, reached, (day - first).days / max(span, 1) if line.period else None))
    return found
