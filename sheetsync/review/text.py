"""A review goes in, the same as Markdown comes out: for a terminal, a chat, a wiki."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from sheetsync.forecast import Forecast
from sheetsync.review.build import announced
from sheetsync.review.numbers import NONE, day_of, figure, money, points, rough, share
from sheetsync.review.says import REASONS, TITLES, gain, line_of, reached, standing
from sheetsync.review.words import Act, Cadence, Goal, Line, Review
from sheetsync.texts import Texts

_SIGNS: Final = re.compile(r"([\\`*_{}\[\]<>#|!&~])")
_Section = Callable[[Review, Texts], Iterator[str]]


def markdown(reviews: Sequence[Review], texts: Texts) -> str:
    """One document for all workbooks."""
    lines: list[str] = []
    for review in reviews:
        lines += _one(review, texts)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"


def plain(text: str) -> str:
    """A text of the sheet in Markdown: its signs mean nothing."""
    return _SIGNS.sub(r"\\\1", line_of(text))


def _one(review: Review, texts: Texts) -> Iterator[str]:
    when = review.when
    yield f"# {texts(TITLES[when.cadence])}: {plain(review.workbook)}"
    yield ""
    yield texts("As of {day}, compared with {since}.", day=when.day, since=when.since)
    yield ""
    if not review.lines:
        yield texts("Nothing was recorded up to that day.")
        return
    yield texts("Progress {now}, before {before}.", now=share(review.progress), before=share(review.before))
    counted = [f"{standing(status, texts)} {count}" for status, count in review.counts.items() if count]
    yield texts("Key results: {counts}.", counts=counted) if counted else ""
    for section in _ORDER[when.cadence]:
        yield from section(review, texts)


def _heading(said: str) -> Iterator[str]:
    yield from ("", f"## {said}", "")


def _table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    names = list(headings)
    yield f"| {' | '.join(names)} |"
    yield "|" + "---|" * len(names)
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def _name(line: Line) -> str:
    return plain(f"{line.name} ({line.group})" if line.group else line.name)


def _teams(review: Review, texts: Texts) -> Iterator[str]:
    yield from _heading(texts("Progress against pace"))
    names = (texts("Team"), texts("Progress"), texts("Before"), texts("Expected"), texts("Status"))
    yield from _table(names, (
        (plain(team.name) or NONE, share(team.progress), share(team.before), share(team.expected), standing(team.status, texts))
        for team in review.teams
    ))  # fmt: skip


def _weekly(review: Review, texts: Texts) -> Iterator[str]:
    for team in review.teams:
        yield from _heading(plain(team.name) or NONE)
        for said, lines in ((texts("What moved"), team.moved), (texts("What did not move"), team.stuck)):
            yield f"**{said}**"
            yield ""
            for line in lines:
                moved = f", {gain(line.moved, texts)}" if line.moved else ""
                yield f"- {plain(line.name)}: {figure(line.value_before, line.percent, line.kind)} → " + (
                    f"{figure(line.value, line.percent, line.kind)}{moved}"
                )
            if not lines:
                yield f"- {texts('Nothing.')}"
            yield ""
        yield f"**{texts('Who acts next')}**"
        yield ""
        yield from _acts(team.acts, texts) if team.acts else [f"- {texts('Nobody has to.')}"]


def _acts(acts: Sequence[Act], texts: Texts) -> Iterator[str]:
    for act in acts:
        detail = f" {plain(act.detail)}" if act.detail else ""
        yield f"- **{plain(act.who) or NONE}** – {plain(act.line.name)}: {texts.say(act.what)}{detail}"


def _all_acts(review: Review, texts: Texts) -> Iterator[str]:
    yield from _heading(texts("Who acts next"))
    acts = sorted((act for team in review.teams for act in team.acts), key=lambda act: act.rank)
    yield from _acts(acts, texts) if acts else [f"- {texts('Nobody has to.')}"]


def _bottlenecks(review: Review, texts: Texts) -> Iterator[str]:
    yield from _heading(texts("Bottlenecks"))
    found, day = review.bottlenecks, review.when.day
    kinds = (
        (texts("Least of what is expected"), [(line, share(line.ratio)) for line in found.worst]),
        (texts("Longest without a change"), [(line, texts("{days} days", days=line.still_days(day))) for line in found.still]),
        (texts("Fell most"), [(line, gain(line.moved, texts)) for line in found.fallen]),
    )
    for said, lines in kinds:
        yield f"**{said}**"
        yield ""
        yield from (f"- {_name(line)}: {how}" for line, how in lines) if lines else [f"- {texts('None.')}"]
        yield ""


def _announced(review: Review, texts: Texts) -> Iterator[str]:
    yield from _heading(texts("Off track by the end"))
    for line in review.announced:
        if isinstance(line.forecast, Forecast):
            yield f"- {_name(line)}: {_forecast(line, texts)}"
    if not review.announced:
        yield f"- {texts('None.')}"


def _forecast(line: Line, texts: Texts) -> str:
    found = line.forecast
    if found is None:
        return NONE
    if not isinstance(found, Forecast):
        return texts(REASONS[found])
    end, low, high = (rough(value, line) for value in (found.end, found.low, found.high))
    said = f"{end} ({low} … {high})" if low != high else end
    when = reached(line)
    if when is not None:
        said += f", {texts.say(when)}"
    return f"{said}, {texts('off track by the end')}" if announced(line) else said


def _alignment(review: Review, texts: Texts) -> Iterator[str]:
    yield from _heading(texts("Alignment"))
    found = review.alignment
    if found is None:
        yield texts("This plan aligns nothing: it has no column Aligned to, or one group alone.")
        return
    for goal in found.goals:
        yield f"- **{plain(goal.aim.name)}** {share(goal.aim.progress)}"
        yield from (f"  - {said}" for said in _contributions(goal, texts))
    for said, lines in (
        (texts("Aligned to nothing"), found.astray),
        (texts("Aligned to what is not in the workbook"), found.lost),
    ):
        if lines:
            yield from ("", f"**{said}**", "")
            yield from (f"- {_name(line)}{': ' + plain(line.aligned_to) if line.aligned_to else ''}" for line in lines)


def _contributions(goal: Goal, texts: Texts) -> Iterator[str]:
    for part in goal.contributions:
        said = texts("key results: {count}", count=len(part.lines))
        amount = f", {figure(part.amount, False)} ({share(part.share)})" if part.amount is not None else ""
        yield f"{plain(part.team) or NONE}: {said}, {share(part.progress)}{amount}"
    if not goal.contributions:
        yield texts("Nobody contributes.")


def _grades(review: Review, texts: Texts) -> Iterator[str]:
    yield from _heading(texts("Grades"))
    yield from _table((texts("Team"), texts("Objective"), texts("Grade")), (
        (plain(team.name) or NONE, plain(aim.name) or NONE, NONE if aim.grade is None else f"{aim.grade:.1f}")
        for team in review.teams for aim in team.aims
    ))  # fmt: skip


def _changes(review: Review, texts: Texts) -> Iterator[str]:
    yield from _heading(texts("Changed since the last review"))
    found, empty = review.changes, True
    for line in (*found.worse, *found.better):
        assert line.status_before is not None  # noqa: S101 - for mypy: what turned had a status
        yield f"- {_name(line)}: {standing(line.status_before, texts)} → {standing(line.status, texts)}"
        empty = False
    for line in found.retargeted:
        old, new = figure(line.target_before, line.percent, line.kind), figure(line.target, line.percent, line.kind)
        yield f"- {_name(line)}: {texts('target {old} → {new}', old=old, new=new)}"
        empty = False
    for said, names in (
        (texts("new"), [_name(line) for line in found.new]),
        (texts("gone"), [plain(name) for name in found.gone]),
    ):
        for name in names:
            yield f"- {name}: {said}"
            empty = False
    if empty:
        yield f"- {texts('Nothing.')}"


def _broken(review: Review, texts: Texts) -> Iterator[str]:
    yield from _heading(texts("Stale and broken links"))
    for line in review.broken:
        since = texts("since {day}", day=day_of(line.since, review.when)) if line.since else ""
        yield f"- {_name(line)} {since}: {plain(line.message)}"
    if not review.broken:
        yield f"- {texts('None.')}"


def _rows(review: Review, texts: Texts) -> Iterator[str]:
    yield from _heading(texts("All key results"))
    names = (
        texts("Key result"), texts("Owner"), texts("Result"), texts("Target"), texts("Progress"), texts("Change, in points"),
        texts("Status"), texts("Forecast"), texts("Cost per result"), texts("Budget needed"),
    )  # fmt: skip
    yield from _table(names, (
        (
            _name(line), plain(line.owner),
            figure(line.value, line.percent, line.kind), figure(line.target, line.percent, line.kind),
            share(line.progress), points(line.moved), standing(line.status, texts), _forecast(line, texts),
            money(line.cost.per_result if line.cost else None), money(line.cost.needed if line.cost else None),
        )
        for line in review.lines
    ))  # fmt: skip


_ORDER: Final[dict[Cadence, tuple[_Section, ...]]] = {
    Cadence.WEEKLY: (_teams, _weekly, _changes, _announced, _broken, _rows),
    Cadence.MONTHLY: (_bottlenecks, _announced, _all_acts, _teams, _changes, _broken, _rows),
    Cadence.QUARTERLY: (_alignment, _grades, _teams, _announced, _changes, _broken, _rows),
}
