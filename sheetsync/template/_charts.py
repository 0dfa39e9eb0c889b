"""Ranges of cells go in, a chart comes out: flat, quiet, in the workbook's own font and colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sheetsync.template._content import pick
from sheetsync.template._look import BLUE, FONTS, GREY, INK, LINE
from sheetsync.texts import Language

_LABEL: Final = {"size": 9, "color": f"#{GREY}"}
_NONE: Final = {"none": True}


def bars(book: Any, language: Language, names: str, shares: str, said: str, colour: str) -> Any:
    """A lying bar for each name, the first one on top."""
    chart = book.add_chart({"type": "bar"})
    chart.add_series({
        "name": said, "categories": names, "values": shares, "gap": 45, "fill": {"color": f"#{colour}"}, "border": _NONE,
        "data_labels": {"value": True, "num_format": "0%;-0%;", "font": _font(language, bold=True, colour=INK)},
    })  # fmt: skip
    chart.set_y_axis({
        "reverse": True, "num_font": _font(language), "line": {"color": f"#{GREY}", "width": 0.75}, "major_tick_mark": "none",
        "minor_tick_mark": "none",
    })  # fmt: skip
    chart.set_x_axis(_shares(language) | {"label_position": "high"})
    chart.set_legend(_NONE)
    return _plain(chart)


def pace_lines(book: Any, language: Language, days: str, lines: Sequence[tuple[str, str]]) -> Any:
    """Two lines over the days of a period: what is expected, dashed, and what is."""
    chart = book.add_chart({"type": "line"})
    looks = ({"color": f"#{GREY}", "width": 1.5, "dash_type": "dash"}, {"color": f"#{BLUE}", "width": 2.75})
    for (name, values), look in zip(lines, looks, strict=True):
        marker = {"type": "none"} if "dash_type" in look else {
            "type": "circle", "size": 6, "fill": {"color": f"#{BLUE}"}, "border": {"color": "#FFFFFF"},
        }  # fmt: skip
        chart.add_series({"name": name, "categories": days, "values": values, "line": look, "marker": marker})
    chart.set_y_axis(_shares(language))
    chart.set_x_axis(_days(language))
    chart.set_legend({"position": "top", "font": _font(language)})
    chart.show_blanks_as("span")  # with a gap LibreOffice draws what is not there yet as 0
    return _plain(chart)


def columns(book: Any, language: Language, days: str, shares: str, said: str, colour: str) -> Any:
    """A standing column for each day."""
    chart = book.add_chart({"type": "column"})
    chart.add_series({
        "name": said, "categories": days, "values": shares, "gap": 35, "fill": {"color": f"#{colour}"}, "border": _NONE,
        "data_labels": {"value": True, "num_format": "0%", "font": _font(language, colour=INK)},
    })  # fmt: skip
    chart.set_y_axis(_shares(language))
    chart.set_x_axis(_days(language))
    chart.set_legend(_NONE)
    return _plain(chart)


def _shares(language: Language) -> dict[str, Any]:
    return {
        "min": 0, "max": 1, "major_unit": 0.25, "num_format": "0%", "num_font": _font(language), "line": _NONE,
        "major_gridlines": {"visible": True, "line": {"color": f"#{LINE}", "width": 0.75}}, "major_tick_mark": "none",
        "minor_tick_mark": "none",
    }  # fmt: skip


def _days(language: Language) -> dict[str, Any]:
    return {
        "num_font": _font(language), "line": {"color": f"#{GREY}", "width": 0.75},
        "major_tick_mark": "none", "minor_tick_mark": "none", "text_axis": True,
    }  # fmt: skip


def _font(language: Language, *, bold: bool = False, colour: str = GREY) -> dict[str, Any]:
    return _LABEL | {"name": pick(FONTS, language), "bold": bold, "color": f"#{colour}"}


def _plain(chart: Any) -> Any:
    """Neither a title, which stands in a cell, nor a frame, nor a ground."""
    chart.set_title(_NONE)
    chart.set_chartarea({"border": _NONE, "fill": _NONE})
    chart.set_plotarea({"border": _NONE, "fill": _NONE})
    return chart
