"""One key result of a review goes in, what has to be done about it next comes out, and who does it; None where nothing has to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Final

from sheetsync.forecast import Forecast
from sheetsync.model import Kind
from sheetsync.okr.progress import Status, Unmeasured
from sheetsync.review.numbers import day_of, figure, rough, share
from sheetsync.review.words import Act, Line, When
from sheetsync.texts import Sentence, mark, sentence

_KEPT_LONG: Final = timedelta(days=2)
_FELL: Final = Decimal("0.05")
_STILL_DAYS: Final = 14
_MISSING: Final[Mapping[Unmeasured, str]] = {
    Unmeasured.NO_TARGET: mark("Write a target that is a number."),
    Unmeasured.TEXT_TARGET: mark("Write a target that is a number."),
    Unmeasured.NO_RESULT: mark("Paste a data link, or type a first result."),
    Unmeasured.TEXT_RESULT: mark("Write a result that is a number."),
    Unmeasured.NO_SPAN: mark("Correct start or target: they are equal."),
    Unmeasured.NO_PERIOD: mark("Write the period, so that there is a pace to measure against."),
}


def act(line: Line, when: When) -> Act | None:
    """The first thing that holds the row back; links before figures, what is lost before what is late."""
    for rank, (what, detail) in enumerate(_reasons(line, when)):
        if what is not None:
            return Act(rank, line.owner or line.group, line, what, detail)
    return None


def _reasons(line: Line, when: When) -> list[tuple[Sentence | None, str]]:
    broken = sentence("Mend the data link.") if line.state == "broken" else None
    return [
        (broken, line.message),
        (_kept(line, when), line.message),
        (Sentence(_MISSING[line.status], {}) if isinstance(line.status, Unmeasured) else None, ""),
        (_fell(line), ""),
        (_heading_off(line), ""),
        (_behind(line), ""),
        (_still(line, when), ""),
    ]


def _kept(line: Line, when: When) -> Sentence | None:
    if line.state != "kept" or line.since is None or when.until - line.since < _KEPT_LONG:
        return None
    return sentence("Find out why the source gives no figure since {day}.", day=day_of(line.since, when))


def _fell(line: Line) -> Sentence | None:
    if line.moved is None or line.moved > -_FELL or line.progress is None or line.progress_before is None:
        return None
    return sentence(
        "Find out why progress fell from {before} to {now}.", before=share(line.progress_before), now=share(line.progress)
    )


def _heading_off(line: Line) -> Sentence | None:
    if line.status is Status.DONE or not isinstance(line.forecast, Forecast) or not line.forecast.off_track:
        return None
    return sentence(
        "Decide what changes: at this pace it ends at {end}, and the target is {target}.",
        end=rough(line.forecast.end, line), target=figure(line.target, line.percent, line.kind),
    )  # fmt: skip


def _behind(line: Line) -> Sentence | None:
    return sentence("Say how the way that is missing will be made up.") if line.status is Status.OFF_TRACK else None


def _still(line: Line, when: When) -> Sentence | None:
    days = line.still_days(when.day)
    if days is None or days < _STILL_DAYS or line.status is Status.DONE or line.kind is Kind.YES_NO:
        return None
    if line.state == "manual":
        return sentence("Type the newest result: this one is {days} days old.", days=days)
    return sentence("Say why nothing has moved for {days} days.", days=days)
