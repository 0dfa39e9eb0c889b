"""Progress, pace and alignment go in, small pictures (SVG) come out, each with a text that says the same.

Every text that comes from a sheet passes `text` or an attribute of `tag`, which escape it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from html import escape
from typing import Final

from sheetsync.forecast import Forecast
from sheetsync.okr.progress import COLOURS, Status
from sheetsync.review.numbers import share
from sheetsync.review.words import Alignment, Line, Standing
from sheetsync.texts import Texts, one_line

INK: Final = "#1b2a41"
SOFT: Final = "#44546a"
RAIL: Final = "#e6eaf0"
BAND: Final = "#b9cbe8"
TREND: Final = "#2b5fa8"
_WIDE, _HIGH = 160, 44


def tag(name: str, attributes: Mapping[str, object], *inside: str) -> str:
    """An element; attributes are escaped, `inside` is markup already."""
    said = "".join(f' {key}="{escape(str(value))}"' for key, value in attributes.items())
    return f"<{name}{said}>{''.join(inside)}</{name}>"


def text(said: str, longest: int) -> str:
    return escape(one_line(said, longest))


def picture(width: float, height: float, said: str, *inside: str, name: str = "chart") -> str:
    """An image whose content is told by `said`."""
    head = {"viewBox": f"0 0 {width:g} {height:g}", "class": name, "role": "img", "aria-label": one_line(said, 300)}
    return tag("svg", {"xmlns": "http://www.w3.org/2000/svg", **head}, *inside)


def colour(status: Standing) -> str:
    return f"#{COLOURS[status] if isinstance(status, Status) else COLOURS[Status.NOT_STARTED]}"


def pace_bar(reached: float | None, due: float | None, status: Standing, texts: Texts) -> str:
    """How far, on a rail from 0 to 100 %, and a mark for where it should be today."""
    done, wanted = min(max(reached or 0.0, 0.0), 1.0), None if due is None else min(max(due, 0.0), 1.0)
    parts = [tag("rect", {"x": 0.5, "y": 4.5, "width": 159, "height": 11, "rx": 3, "fill": RAIL})]
    if done > 0:
        bar = {"x": 0.5, "y": 4.5, "width": f"{159 * done:.1f}", "height": 11, "rx": 3, "fill": colour(status), "stroke": SOFT}
        parts.append(tag("rect", bar))
    if wanted is not None:
        at = f"{0.5 + 159 * wanted:.1f}"
        parts.append(tag("line", {"x1": at, "x2": at, "y1": 0, "y2": 20, "stroke": INK, "stroke-width": 2}))
    said = texts("Progress {progress}, expected {expected}", progress=share(reached), expected=share(due))
    return picture(160, 20, said, *parts, name="bar")


def trend(line: Line, today: date, texts: Texts) -> str:
    """The progress of the period day by day, the straight way to the target, and the forecast as a wedge."""
    if len(line.trend) < 2:
        return ""
    first = line.period.start if line.period else line.trend[0].day
    last = line.period.end if line.period else today
    span = max((last - first).days, 1)
    known = [(min(max((point.day - first).days / span, 0.0), 1.0), float(point.progress)) for point in line.trend]
    known = _thinned(known)
    wedge = _wedge(line, known[-1])
    heights = [value for _, value in (*known, *wedge)] + [0.0, 1.0 if line.period else known[-1][1]]
    low, high = max(min(heights), -1.0), min(max(heights), 2.0)

    def place(x: float, y: float) -> str:
        return f"{2 + x * (_WIDE - 4):.1f},{_HIGH - 4 - (min(max(y, low), high) - low) / (high - low or 1) * (_HIGH - 8):.1f}"

    parts = []
    if wedge:
        parts.append(tag("polygon", {"points": " ".join(place(*point) for point in wedge), "fill": BAND}))
    if line.period:
        plan = {"points": f"{place(0, 0)} {place(1, 1)}", "fill": "none", "stroke": SOFT, "stroke-dasharray": "3 3"}
        parts.append(tag("polyline", plan))
    way = " ".join(place(*point) for point in known)
    parts.append(tag("polyline", {"points": way, "fill": "none", "stroke": TREND, "stroke-width": 2, "stroke-linejoin": "round"}))
    x, y = place(*known[-1]).split(",")
    parts.append(tag("circle", {"cx": x, "cy": y, "r": 3, "fill": TREND}))
    said = texts(
        "Trend from {first} to {now} between {day} and {today}", first=share(line.trend[0].progress),
        now=share(line.trend[-1].progress), day=line.trend[0].day, today=line.trend[-1].day,
    )  # fmt: skip
    return picture(_WIDE, _HIGH, said, *parts, name="trend")


def _thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """At most about sixty points, the newest among them."""
    step = len(points) // 60 + 1
    return list(points[::-1][::step][::-1])


def _wedge(line: Line, here: tuple[float, float]) -> list[tuple[float, float]]:
    """From the newest point to the interval at the period's end."""
    if not isinstance(line.forecast, Forecast) or line.target is None or here[0] >= 1:
        return []
    start = float(line.start or 0)
    way = float(line.target) - start
    if way == 0 or line.kind not in ("number", "percent"):
        return []
    return [here, (1.0, (line.forecast.high - start) / way), (1.0, (line.forecast.low - start) / way)]


def alignment(found: Alignment, texts: Texts) -> str:
    """Teams on the left, overall objectives on the right; the more key results contribute, the thicker the line."""
    teams = list(dict.fromkeys(part.team for goal in found.goals for part in goal.contributions))
    if not teams:
        return ""
    rows = max(len(teams), len(found.goals))
    height = rows * 52 + 8
    left = {team: _spread(number, len(teams), height) for number, team in enumerate(teams)}
    parts: list[str] = []
    for number, goal in enumerate(found.goals):
        y = _spread(number, len(found.goals), height)
        for part in goal.contributions:
            path = f"M 210 {left[part.team]:g} C 300 {left[part.team]:g}, 330 {y:g}, 420 {y:g}"
            width = min(1.5 + 1.5 * len(part.lines), 12)
            parts.append(tag("path", {"d": path, "fill": "none", "stroke": "#8ea3c4", "stroke-width": width}))
    parts += [_node(4, y, 206, team, "", "#ffffff") for team, y in left.items()]
    for number, goal in enumerate(found.goals):
        y = _spread(number, len(found.goals), height)
        parts.append(_node(420, y, 296, goal.aim.name, share(goal.aim.progress), "#fff6d6" if goal.contributions else "#ffffff"))
    said = texts(
        "{teams} teams contribute to {goals} of {all} overall objectives", teams=len(teams),
        goals=len(found.goals) - len(found.alone), all=len(found.goals),
    )  # fmt: skip
    return picture(720, height, said, *parts, name="alignment")


def _spread(number: int, count: int, height: float) -> float:
    return round(height * (number + 0.5) / count, 1)


def _node(x: float, y: float, width: float, name: str, figure: str, fill: str) -> str:
    box = {"x": x, "y": y - 19, "width": width, "height": 38, "rx": 6, "fill": fill, "stroke": SOFT}
    label = tag(
        "text",
        {"x": x + 10, "y": y + 5, "fill": INK, "data-on": fill},
        text(name, _fitting(name, width - 75 if figure else width - 20)),
    )
    number = tag("text", {"x": x + width - 10, "y": y + 5, "fill": INK, "text-anchor": "end", "data-on": fill}, escape(figure))
    return tag("rect", box) + label + (number if figure else "")


def _fitting(name: str, width: float) -> int:
    """So many characters fit; a Chinese one takes the room of two."""
    wide = sum(ord(char) > 0x2E80 for char in name) * 2 > len(name)
    return int(width / (14 if wide else 7.2))
