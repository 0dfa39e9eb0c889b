"""The words of a review go in, what people read of them comes out, in their language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Final

from sheetsync.forecast import Forecast, TooLittle
from sheetsync.model import Kind
from sheetsync.okr import layout
from sheetsync.okr.progress import Status
from sheetsync.review import numbers
from sheetsync.review.words import Cadence, Line, Standing
from sheetsync.texts import Sentence, Texts, mark, one_line, sentence

TITLES: Final[Mapping[Cadence, str]] = {
    Cadence.WEEKLY: mark("Weekly review"),
    Cadence.MONTHLY: mark("Monthly review"),
    Cadence.QUARTERLY: mark("Quarterly review"),
}
REASONS: Final[Mapping[TooLittle, str]] = {
    TooLittle.NO_PERIOD: mark("no period"),
    TooLittle.NO_TARGET: mark("no target"),
    TooLittle.NOT_BEGUN: mark("not begun yet"),
    TooLittle.OVER: mark("the period is over"),
    TooLittle.FEW_FIGURES: mark("too few figures yet"),
    TooLittle.SHORT_TIME: mark("figures of too few days yet"),
    TooLittle.OLD_FIGURES: mark("the newest figure is too old"),
    TooLittle.YES_NO: mark("a yes or no has no trend"),
}
SIGNS: Final[Mapping[Status, str]] = {
    Status.DONE: "✓", Status.ON_TRACK: "●", Status.AT_RISK: "▲", Status.OFF_TRACK: "✕", Status.NOT_STARTED: "○",
}  # fmt: skip
"""A shape of its own for each status, for those who do not see red and green."""

ON_THE_PAGE: Final = (
    *(mark("Progress against pace"), mark("Team"), mark("Team by team"), mark("Picture"), mark("Progress")),
    *(
        mark("Change, in points"),
        mark("Expected"),
        mark("Status"),
        mark("What moved"),
        mark("What did not move"),
        mark("Nothing."),
    ),
    *(
        mark("Nobody has to."),
        mark("Who acts next"),
        mark("Bottlenecks"),
        mark("Least of what is expected"),
        mark("Longest without a change"),
    ),
    *(mark("Fell most"), mark("Key result"), mark("Owner"), mark("{days} days"), mark("for {days} days")),
    *(
        mark("Off track by the end"),
        mark("Alignment"),
        mark("This plan aligns nothing: it has no column Aligned to, or one group alone."),
    ),
    *(mark("Key results: {count}"), mark("Heading off track by the end: {count}"), mark("Key results"), mark("Contribution")),
    *(mark("Of what is expected"), mark("Without a change"), mark("Heading for"), mark("Target"), mark("Chance of a miss")),
    mark("Where the figures are heading for less than three quarters of the way, before the status says so."),
    *(mark("Nobody contributes."), mark("Aligned to nothing")),
    *(mark("Aligned to what is not in the workbook"), mark("Grades"), mark("Objective"), mark("Grade"), mark("Before")),
    *(mark("Changed since the last review"), mark("target {old} → {new}"), mark("new"), mark("gone")),
    *(
        mark("Stale and broken links"),
        mark("since {day}"),
        mark("All key results"),
        mark("Result"),
        mark("Trend"),
        mark("Forecast"),
    ),
    *(mark("Cost"), mark("per result {cost}"), mark("newest {cost}"), mark("needed {cost}")),
    *(mark("off track by the end"), mark("As of {day}, compared with {since}."), mark("Nothing was recorded up to that day.")),
    mark(
        "The mark on a bar is where progress should be on that day. In a trend, the dashed line is the straight way to the "
        "target and the shaded part the forecast."
    ),
    mark("Costs take a budget as spent evenly over the period, unless a row measures what was spent."),
)
"""What page.html says, for the catalogues."""

_FAR: Final = timedelta(days=366)
MAX_NAME: Final = 200
_ADDRESS: Final = re.compile(r"https?://[^\s<>\"'\\@/?#]+(?:[/?#][^\s<>\"'\\]*)?", re.IGNORECASE)


def standing(judged: Standing, texts: Texts) -> str:
    """The word of the Status column."""
    return layout.word(layout.STATUSES, judged, texts.language) if isinstance(judged, Status) else texts(judged)


def gain(moved: Decimal | None, texts: Texts) -> str:
    """A change of progress, with its measure."""
    return texts("{points} points", points=numbers.points(moved))


def reached(line: Line) -> Sentence | None:
    """When the target is reached at this pace; None where nothing is to be said of it."""
    found = line.forecast
    if not isinstance(found, Forecast) or line.status is Status.DONE or line.period is None or line.kind is Kind.YES_NO:
        return None
    if found.reached is None or found.reached > line.period.end + _FAR:
        return sentence("target out of reach at this pace")
    if found.reached > line.period.end:
        return sentence("target only on {day}", day=found.reached)
    return sentence("target on {day}", day=found.reached)


def line_of(text: str) -> str:
    """A text of the sheet, as one line."""
    return one_line(text, MAX_NAME)


def address(link: str) -> str:
    """The address to follow, where the link is one of the web; else blank. One that names a user before the host is none."""
    return link if _ADDRESS.fullmatch(link) and link.isprintable() else ""
