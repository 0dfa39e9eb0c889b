"""Reviews go in, one page of HTML comes out: whole in itself, without script, for a screen, a phone and paper.

Whatever comes from a sheet is escaped; links lead to web addresses only. The same reviews make the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sheetsync.okr import layout
from sheetsync.okr.progress import Status
from sheetsync.review import charts, numbers, says
from sheetsync.review.build import announced
from sheetsync.review.words import Act, Alignment, Line, Review, Standing, Team, When
from sheetsync.texts import Texts

if TYPE_CHECKING:
    from markupsafe import Markup

HERE: Final = Path(__file__).parent
_DAY: Final = re.compile(r"\b\d{4}-\d\d-\d\d\b")


def html(reviews: Sequence[Review], texts: Texts) -> str:
    """One page for all workbooks."""
    import jinja2  # noqa: PLC0415 - only who writes a page needs it

    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, loader=jinja2.FileSystemLoader(HERE)
    )
    environment.filters |= {
        "line": says.line_of, "address": says.address, "share": numbers.share, "chance": numbers.chance,
        "points": numbers.points, "money": numbers.money,
        "figure": lambda value, line: numbers.figure(value, line.percent, line.kind),
        "rough": numbers.rough,
        "amount": lambda value: numbers.figure(value, percent=False),
        "reached": says.reached, "whole_days": _whole_days, "gain": lambda one: says.gain(_moved(one), texts),
        "strip": lambda review: _safe(charts.strip(review.counts, texts)),
        "part": lambda part, goal: _safe(charts.part_bar(part, goal, texts)),
        "moved": _moved, "acts": _acts, "css": _css, "day": _day,
        "standing": lambda judged: says.standing(judged, texts),
        "state": lambda state: layout.word(layout.STATES, state, texts.language),
        "bar": lambda one: _bar(one, texts), "trend": lambda line, review: _trend(line, review, texts),
        "picture": lambda found: _picture(found, texts),
    }  # fmt: skip
    environment.tests |= {"announced": announced, "costed": _costed, "compared": lambda review: review.before is not None}
    title = " – ".join(dict.fromkeys(f"{texts(says.TITLES[one.when.cadence])} {one.when.day}" for one in reviews)) or "sheetsync"
    style = (HERE / "page.css").read_text(encoding="utf-8")
    page = environment.get_template("page.html").render(
        reviews=reviews, say=texts, style=style, title=title, titles=says.TITLES, signs=says.SIGNS, reasons=says.REASONS
    )
    return page.strip() + "\n"


def _moved(one: Team | Review | Line) -> Decimal | None:
    if isinstance(one, Line):
        return one.moved
    return None if one.progress is None or one.before is None else one.progress - one.before


def _acts(review: Review) -> list[Act]:
    return sorted((act for team in review.teams for act in team.acts), key=lambda act: act.rank)


def _css(judged: Standing) -> str:
    return judged.replace(" ", "-") if isinstance(judged, Status) else "none"


def _day(moment: datetime, when: When) -> str:
    return numbers.day_of(moment, when)


def _whole_days(said: str) -> Markup:
    """A sentence in which no day is parted at the end of a line."""
    return _safe(_DAY.sub(r'<span class="day">\g<0></span>', escape(said)))


def _costed(team: Team) -> bool:
    return any(line.cost for line in team.lines)


def _safe(drawn: str) -> Markup:
    from markupsafe import Markup  # noqa: PLC0415 - comes with jinja2

    return Markup(drawn)  # noqa: S704 - drawn by `charts`, which escapes every text


def _bar(one: Team | Line, texts: Texts) -> Markup:
    reached, due = (None if each is None else float(each) for each in (one.progress, one.expected))
    return _safe(charts.pace_bar(reached, due, one.status, texts))


def _trend(line: Line, review: Review, texts: Texts) -> Markup:
    return _safe(charts.trend(line, review.when.day, texts))


def _picture(found: Alignment, texts: Texts) -> Markup:
    return _safe(charts.alignment(found, texts))
