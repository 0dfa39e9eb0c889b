"""Progress, pace and alignment go in, small pictures (SVG) come out, each with a text that says the same.

Every text that comes from a sheet passes `escape` or an attribute of `tag`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from html import escape
from typing import Final

from sheetsync.forecast import Forecast
from sheetsync.okr import layout
from sheetsync.okr.progress import COLOURS, Status
from sheetsync.review.numbers import share
from sheetsync.review.words import Alignment, Contribution, Goal, Line, Standing
from sheetsync.texts import Texts, one_line

INK: Final = "#1b2a41"
SOFT: Final = "#44546a"
RAIL: Final = "#e6eaf0"
BAND: Final = "#b9cbe8"
TREND: Final = "#2b5fa8"
_WIDE, _HIGH = 200, 64


def tag(name: str, attributes: Mapping[str, object], *inside: str) -> str:
    """An element; attributes are escaped, `inside` is markup already."""
    said = "".join(f' {key}="{escape(str(value))}"' for key, value in attributes.items())
    return f"<{name}{said}>{''.join(inside)}</{name}>"


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


def strip(counts: Mapping[Status, int], texts: Texts) -> str:
    """How many key results stand how: one strip, the best on the left."""
    whole = sum(counts.values())
    if not whole:
        return ""
    parts, at = [], 0.0
    for status in (Status.DONE, Status.ON_TRACK, Status.AT_RISK, Status.OFF_TRACK, Status.NOT_STARTED):
        width = 600 * counts[status] / whole
        if width:
            box = {"x": f"{at + 1:.1f}", "y": 1, "width": f"{width - 2:.1f}", "height": 16, "rx": 3, "fill": colour(status)}
            parts.append(tag("rect", box | {"stroke": SOFT}))
        at += width
    named = [f"{layout.word(layout.STATUSES, status, texts.language)} {count}" for status, count in counts.items() if count]
    return picture(600, 18, texts("Key results: {counts}.", counts=named), *parts, name="strip")


def part_bar(part: Contribution, goal: Goal, texts: Texts) -> str:
    """What a team brings: its share of the sum, or else how far its key results are."""
    amounts = [other.share for other in goal.contributions]
    value = part.share if part.share is not None else part.progress
    filled = min(max(float(value or 0), 0.0), 1.0)
    parts = [tag("rect", {"x": 0.5, "y": 4.5, "width": 159, "height": 11, "rx": 3, "fill": RAIL})]
    before = sum((float(share) for share in amounts[: goal.contributions.index(part)] if share is not None), 0.0)
    at = 0.5 + 159 * (before if part.share is not None else 0.0)
    if filled > 0:
        box = {"x": f"{at:.1f}", "y": 4.5, "width": f"{159 * filled:.1f}", "height": 11, "rx": 3, "fill": TREND}
        parts.append(tag("rect", box))
    said = texts("Progress {progress}", progress=share(part.progress))
    if part.share is not None:
        said = texts("Share of the sum {share}", share=share(part.share))
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
    for level in (0.0, 1.0) if line.period else ():
        (left, y), (right, _) = place(0, level).split(","), place(1, level).split(",")
        parts.append(tag("line", {"x1": left, "x2": right, "y1": y, "y2": y, "stroke": RAIL, "stroke-width": 1.5}))
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
    left, at_left = _column([_wrapped(team, 190) for team in teams])
    right, at_right = _column([_wrapped(goal.aim.name, 240) for goal in found.goals])
    height = max(at_left, at_right)
    down_left, down_right = (height - at_left) / 2, (height - at_right) / 2
    middle = {team: down_left + y + size / 2 for team, (y, size, _) in zip(teams, left, strict=True)}
    parts: list[str] = []
    for goal, (y, size, _) in zip(found.goals, right, strict=True):
        to = down_right + y + size / 2
        for part in goal.contributions:
            path = f"M 220 {middle[part.team]:.1f} C 300 {middle[part.team]:.1f}, 320 {to:.1f}, 400 {to:.1f}"
            width = min(1.5 + 1.5 * len(part.lines), 12)
            parts.append(tag("path", {"d": path, "fill": "none", "stroke": "#8ea3c4", "stroke-width": width}))
    parts += [_node(4, down_left + y, 216, size, lines, "", "#ffffff") for y, size, lines in left]
    for goal, (y, size, lines) in zip(found.goals, right, strict=True):
        fill = "#fff6d6" if goal.contributions else "#ffffff"
        parts.append(_node(400, down_right + y, 316, size, lines, share(goal.aim.progress), fill))
    said = texts(
        "{teams} teams contribute to {goals} of {all} overall objectives", teams=len(teams),
        goals=len(found.goals) - len(found.alone), all=len(found.goals),
    )  # fmt: skip
    return picture(720, height, said, *parts, name="alignment")


_LEADING: Final = 19
_Box = tuple[float, float, list[str]]
"""Its upper edge, its height, its lines of text."""


def _column(texts: Sequence[list[str]]) -> tuple[list[_Box], float]:
    """Boxes one below the other, and the height of all."""
    found, y = [], 4.0
    for lines in texts:
        size = len(lines) * _LEADING + 20
        found.append((y, float(size), lines))
        y += size + 14
    return found, y - 10


def _node(x: float, y: float, width: float, height: float, lines: Sequence[str], figure: str, fill: str) -> str:
    parts = [tag("rect", {"x": x, "y": f"{y:g}", "width": width, "height": f"{height:g}", "rx": 6, "fill": fill, "stroke": SOFT})]
    for number, line in enumerate(lines):
        below = {"x": x + 12, "y": f"{y + 24 + number * _LEADING:g}", "fill": INK, "data-on": fill}
        parts.append(tag("text", below, escape(line)))
    if figure:
        place = {"x": x + width - 12, "y": f"{y + height / 2 + 5:g}", "fill": INK, "text-anchor": "end", "font-weight": 600}
        parts.append(tag("text", place | {"data-on": fill}, escape(figure)))
    return "".join(parts)


def _wrapped(name: str, width: float, most: int = 3) -> list[str]:
    """A name in lines that fit, broken at blanks, or anywhere where it has none; a Chinese sign takes the room of two."""
    lines, line, room = [], "", 0.0
    for word in re.findall(r"[\u2e80-\uffff]|[^\s\u2e80-\uffff]{1,24}\s*", one_line(name, 200)):
        size = sum(14.5 if ord(char) >= 0x2E80 else 7.8 for char in word.rstrip())
        if line and room + size > width:
            lines.append(line.rstrip())
            line, room = "", 0.0
        line, room = line + word, room + size + (4.0 if word.endswith(" ") else 0.0)
    lines.append(line.rstrip())
    return lines if len(lines) <= most else [*lines[: most - 1], lines[most - 1] + "…"]
