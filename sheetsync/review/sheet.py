"""A review goes in, lines of plain texts come out, for the area that a workbook keeps for it: bottlenecks first, no blank line.

No line looks like the headings of a plan, since the sheet is read again at the next run.
"""

from __future__ import annotations

from collections.abc import Iterator

from sheetsync.forecast import Forecast
from sheetsync.model import Kind
from sheetsync.okr.progress import Status
from sheetsync.review import numbers, says
from sheetsync.review.words import Line, Review
from sheetsync.texts import Texts, one_line

WIDE = 5
_MOST = 250


def lines(review: Review, texts: Texts) -> list[tuple[str, ...]]:
    """Each of `WIDE` texts: what it is about, who, two figures, what is said of it."""
    return [tuple(one_line(text, _MOST) for text in (*line, *[""] * WIDE)[:WIDE]) for line in _lines(review, texts)]


def _lines(review: Review, texts: Texts) -> Iterator[tuple[str, ...]]:
    when = review.when
    said = texts("As of {day}, compared with {since}.", day=when.day, since=when.since)
    yield (texts(says.TITLES[when.cadence]), "", "", "", said)
    if not review.lines:
        yield (texts("Nothing was recorded up to that day."),)
        return
    counted = [f"{says.standing(status, texts)} {count}" for status, count in review.counts.items() if count]
    summary = texts("Progress {now}, before {before}.", now=numbers.share(review.progress), before=numbers.share(review.before))
    yield (summary, "", "", "", texts("Key results: {counts}.", counts=counted))
    yield (f"▸ {texts('Bottlenecks')}",)
    for line in review.bottlenecks.worst:
        yield (*_who(line), texts("{share} of what is expected", share=numbers.share(line.ratio)), _standing(line, texts))
    yield (f"▸ {texts('Who acts next')}",)
    for act in sorted((act for team in review.teams for act in team.acts), key=lambda act: act.rank):
        yield (_name(act.line), act.who, "", "", f"{texts.say(act.what)} {act.detail}".strip())
    yield (f"▸ {texts('Progress against pace')}",)
    for team in review.teams:
        due = texts("expected {share}", share=numbers.share(team.expected))
        judged = says.standing(team.status, texts)
        yield (team.name or numbers.NONE, "", numbers.share(team.progress), due, _signed(team.status, judged))
    if review.announced:
        yield (f"▸ {texts('Off track by the end')}",)
    for line in review.announced:
        assert isinstance(line.forecast, Forecast)  # noqa: S101 - for mypy: announced from its forecast
        end, wanted = numbers.rough(line.forecast.end, line), numbers.figure(line.target, line.percent, line.kind)
        yield (_name(line), line.owner, end, wanted, texts("at this pace; the target stands beside it"))
    if review.changes.worse or review.changes.better:
        yield (f"▸ {texts('Changed since the last review')}",)
    for line in (*review.changes.worse, *review.changes.better):
        assert line.status_before is not None  # noqa: S101 - for mypy: what turned had a status
        yield (_name(line), line.owner, says.standing(line.status_before, texts), "→", _standing(line, texts))
    if review.broken:
        yield (f"▸ {texts('Stale and broken links')}",)
    for line in review.broken:
        since = texts("since {day}", day=numbers.day_of(line.since, when)) if line.since else ""
        yield (_name(line), line.owner, since, "", line.message)


def _who(line: Line) -> tuple[str, str, str]:
    reached = numbers.figure(line.value, line.percent, line.kind)
    said = numbers.share(line.progress) if line.kind is Kind.YES_NO else f"{reached} ({numbers.share(line.progress)})"
    return _name(line), line.owner, said


def _name(line: Line) -> str:
    return f"{line.name} ({line.group})" if line.group else line.name


def _standing(line: Line, texts: Texts) -> str:
    return _signed(line.status, says.standing(line.status, texts))


def _signed(status: object, said: str) -> str:
    return f"{says.SIGNS[status]} {said}" if isinstance(status, Status) else said
