"""The rows of a workbook and its past go in, the review of a day comes out: what moved, what did not, who acts next.

What is judged is what was recorded on that day: progress and target are those of the history. Start, owner, weight and alignment
are not recorded and come from the workbook as it is now. A row that was never recorded counts as it stands in the workbook.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from sheetsync.errors import ConfigError
from sheetsync.forecast import Forecast, Goal, TooLittle, forecast
from sheetsync.history import Entry, History
from sheetsync.model import PERCENT, CellRef, Column, KeyResult, Kind, Period
from sheetsync.okr import scan
from sheetsync.okr.layout import fold
from sheetsync.okr.progress import (
    ON_TRACK_RATIO,
    Share,
    Status,
    Unmeasured,
    expected,
    mean,
    progress,
    status,
)
from sheetsync.okr.spending import measured_by
from sheetsync.returns import Cost, Series, costs, evenly
from sheetsync.review.acts import act
from sheetsync.review.alignment import align
from sheetsync.review.past import Past, Track, gather
from sheetsync.review.words import Aim, Bottlenecks, Changes, Line, Point, Review, Standing, Team, When

TOP: Final = 10
STILL_DAYS: Final = 7
_NO_TRACK: Final = Track((), (), None)
_ORDER: Final = (Status.OFF_TRACK, Status.AT_RISK, Status.NOT_STARTED, Status.ON_TRACK, Status.DONE)


def review(
    rows: Sequence[KeyResult], history: History, identity: str, when: When, *, name: str, groups: Sequence[str] = ()
) -> Review:
    """The review of one workbook; `identity` names it in the history. Only of these groups, where any are named.

    Raises ConfigError where a group is named that has no rows on that day, WorkbookError where the history fails.
    """
    past = gather(history, identity, when, (row.period for row in rows))
    lines = _lines(rows, past, when)
    wanted = {fold(group) for group in groups}
    known = {fold(line.group) for line in lines}
    for group in groups:
        if fold(group) not in known:
            raise ConfigError(
                "No key result of the group {group} was there on {day}.", group=group, day=when.day,
                advice="Write the group as it stands in the workbook.",
            )  # fmt: skip
    alignment = align(rows, {line.key: line for line in lines if not line.gone}, wanted)
    chosen = [line for line in lines if not wanted or fold(line.group) in wanted]
    teams = tuple(_team(group, of_group, when) for group, of_group in _by(chosen, lambda line: line.group).items())
    present = {line.key for line in lines}
    failing = [line for line in chosen if line.state in ("broken", "kept")]
    left = sorted(
        entry.key_result
        for key, entry in past.before.items()
        if key not in present and (not wanted or fold(entry.group) in wanted)
    )
    return Review(
        workbook=name, when=when,
        progress=_mean(team.progress for team in teams), before=_mean(team.before for team in teams), teams=teams,
        bottlenecks=_bottlenecks(chosen, when), changes=_changes(chosen, left),
        broken=tuple(sorted(failing, key=lambda line: (line.state, line.since or when.until))),
        announced=tuple(sorted(filter(announced, chosen), key=lambda line: -_risk(line))), alignment=alignment,
    )  # fmt: skip


def announced(line: Line) -> bool:
    """Whether "off track by the end" is said of it."""
    return isinstance(line.forecast, Forecast) and line.forecast.off_track and line.status is not Status.DONE


def _risk(line: Line) -> float:
    return line.forecast.risk if isinstance(line.forecast, Forecast) else 0.0


# --- one row -----------------------------------------------------------------------------------------------------------


def _lines(rows: Sequence[KeyResult], past: Past, when: When) -> list[Line]:
    """In the order of the workbook, then those that no longer stand in it.

    A row without a record may have been typed today; of a day that is over nobody knows whether it stood there.
    """
    spending = _spending(rows, past, when)
    here = {row.key: row for row in rows}
    first_review = not past.before
    found = [
        _line(row, past.now.get(row.key), past, when, spending.get(row.key), new=not first_review and row.key not in past.before)
        for row in here.values()
        if row.key in past.now or (row.period in past.current and not when.over)
    ]
    for key, entry in past.now.items():
        if key not in here:
            found.append(_line(None, entry, past, when, None, new=not first_review and key not in past.before))
    return found


def _line(row: KeyResult | None, entry: Entry | None, past: Past, when: When, spent: Series | None, *, new: bool) -> Line:
    key = row.key if row else entry.key if entry else ""
    period = row.period if row else past.periods[key]
    before = past.before.get(key)
    track = past.tracks.get(key, _NO_TRACK)
    lag = when.lags.get((entry.connector, entry.account), 0) if entry else 0
    value = entry.value if entry else row.result if row else None
    target = entry.target if entry else row.target if row else None
    kind = row.kind if row else Kind.NUMBER
    reached = entry.progress if entry else _reached(row)
    due = expected(period, when.day, pace=when.pace, lag_days=lag) if period else None
    earlier = None
    if before:
        earlier = _standing(row, before.progress, before.target, before.value, period, when, when.since, lag)
    percent = scan.in_percent(row) if row else entry is not None and entry.unit == PERCENT
    return Line(
        key=key,
        group=row.group if row else entry.group if entry else "",
        objective=_named(row.objective_id, row.objective) if row else entry.objective if entry else "",
        name=_named(row.kr_id, row.name) if row else entry.key_result if entry else "",
        owner=row.owner if row else "",
        link=entry.link if entry else row.link_text if row else "",
        sheet=row.ref.sheet if row else "", cell=row.ref.a1 if row else "",
        kind=kind, percent=percent, period=period,
        start=row.start if row else None, target=target, value=value,
        value_before=before.value if before else None, target_before=before.target if before else None,
        progress=reached, progress_before=before.progress if before else None,
        expected=due, ratio=reached / due if reached is not None and due else None,
        status=_standing(row, reached, target, value, period, when, when.day, lag),
        status_before=earlier,
        state=entry.state if entry else "", message=entry.message if entry else "",
        since=past.broken.get(entry.link) if entry and entry.state in ("broken", "kept") else None,
        changed=track.changed, as_of=entry.as_of if entry else None,
        trend=_trend(track, reached, when.day),
        forecast=_forecast(row, track, target, when),
        cost=_cost(row, track, target, spent),
        weight=row.weight if row else Decimal(1), aligned_to=row.aligned_to if row else "", new=new, gone=row is None,
    )  # fmt: skip


def _named(number: str, name: str) -> str:
    return f"{number} {name}".strip()


def _reached(row: KeyResult | None) -> Decimal | None:
    found = progress(row.kind, row.start, row.target, row.result) if row else None
    return found if isinstance(found, Decimal) else None


def _standing(
    row: KeyResult | None, reached: Decimal | None, target: Decimal | None, value: Decimal | None, period: Period | None,
    when: When, day: date, lag: int,
) -> Standing:  # fmt: skip
    if reached is not None:
        return status(reached, period, day, pace=when.pace, bands=when.bands, lag_days=lag)
    if target is None and (row is None or row.kind is not Kind.YES_NO):
        blank = row is None or row.cells[Column.TARGET].value is None
        return Unmeasured.NO_TARGET if blank else Unmeasured.TEXT_TARGET
    if value is None:
        blank = row is None or row.cells[Column.RESULT].value is None
        return Unmeasured.NO_RESULT if blank else Unmeasured.TEXT_RESULT
    return Unmeasured.NO_SPAN


def _trend(track: Track, reached: Decimal | None, day: date) -> tuple[Point, ...]:
    """The progress of each day that is known, and that of the day of the review."""
    earlier = tuple(point for point in track.trend if point.day < day)
    return earlier if reached is None else (*earlier, Point(day, reached))


def _forecast(row: KeyResult | None, track: Track, target: Decimal | None, when: When) -> Forecast | TooLittle | None:
    if row is None:
        return None
    return forecast(track.figures, Goal(row.period, target, row.start, row.kind), when.until, when.zone)


def _cost(row: KeyResult | None, track: Track, target: Decimal | None, spent: Series | None) -> Cost | None:
    if row is None or spent is None or target is None:
        return None
    begin = row.start if row.start is not None else Decimal(0)
    return costs(track.figures, spent, start=begin, target=target, kind=row.kind)


def _spending(rows: Sequence[KeyResult], past: Past, when: When) -> dict[str, Series]:
    """By row key, what was spent until when: the figures of the row that its Budget names, or the amount there day by day."""
    budgets = _budgets(rows)
    found: dict[str, Series] = {
        row.key: evenly(budgets[row.key], row.period, when.zone) for row in rows if row.period is not None and row.key in budgets
    }
    for key, measuring in measured_by(rows).items():
        figures = past.tracks.get(measuring.key, _NO_TRACK).figures
        if figures:
            found[key] = figures
    return found


def _budgets(rows: Sequence[KeyResult]) -> dict[str, Decimal]:
    """By row key. A Budget cell that is merged over several key results is shared by their weights: it is spent once."""
    sharing: dict[CellRef, list[KeyResult]] = {}
    for row in rows:
        if Column.BUDGET in row.cells:
            sharing.setdefault(row.refs[Column.BUDGET], []).append(row)
    found: dict[str, Decimal] = {}
    for together in sharing.values():
        budget = scan.number(together[0].cells[Column.BUDGET], Kind.NUMBER)
        weights = sum(row.weight for row in together)
        if budget is not None and budget > 0 and weights > 0:
            found |= {row.key: budget * row.weight / weights for row in together if row.weight > 0}
    return found


# --- objectives and teams ----------------------------------------------------------------------------------------------


def _by(lines: Iterable[Line], name: Callable[[Line], str]) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = {}
    for line in lines:
        found.setdefault(name(line), []).append(line)
    return found


def _mean(parts: Iterable[Decimal | None]) -> Decimal | None:
    return mean(Share(part) for part in parts if part is not None)


def aim(group: str, name: str, lines: Sequence[Line]) -> Aim:
    """An objective of these key results."""
    now = mean(Share(line.progress, line.weight) for line in lines if line.progress is not None)
    before = mean(Share(line.progress_before, line.weight) for line in lines if line.progress_before is not None)
    return Aim(group, name, now, before, tuple(lines))


def _team(name: str, lines: Sequence[Line], when: When) -> Team:
    aims = tuple(aim(name, objective, of_one) for objective, of_one in _by(lines, lambda line: line.objective).items())
    reached = _mean(one.progress for one in aims)
    periods = Counter(line.period for line in lines if line.period)
    usual = periods.most_common(1)[0][0] if periods else None
    judged: Standing = Unmeasured.NO_RESULT
    if reached is not None:
        judged = status(reached, usual, when.day, pace=when.pace, bands=when.bands)
    moved = [(abs(line.moved), line) for line in lines if line.moved]
    stuck = [line for line in lines if line.stands_still]
    found = [one for line in lines if (one := act(line, when))]
    return Team(
        name=name, progress=reached, before=_mean(one.before for one in aims),
        expected=expected(usual, when.day, pace=when.pace) if usual else None, status=judged, aims=aims,
        moved=tuple(line for _, line in sorted(moved, key=lambda pair: -pair[0])),
        stuck=tuple(sorted(stuck, key=lambda line: (line.changed or when.day, line.name))),
        acts=tuple(sorted(found, key=lambda one: one.rank)),
    )  # fmt: skip


# --- across teams ------------------------------------------------------------------------------------------------------


def _bottlenecks(lines: Sequence[Line], when: When) -> Bottlenecks:
    open_ones = [line for line in lines if line.status is not Status.DONE]
    behind = [(line.ratio, line) for line in open_ones if line.ratio is not None and line.ratio < ON_TRACK_RATIO]
    still = [(days, line) for line in open_ones if (days := line.still_days(when.day)) is not None and days >= STILL_DAYS]
    fallen = [(line.moved, line) for line in open_ones if line.moved is not None and line.moved < 0]
    return Bottlenecks(
        worst=tuple(line for _, line in sorted(behind, key=lambda pair: pair[0])[:TOP]),
        still=tuple(line for _, line in sorted(still, key=lambda pair: -pair[0])[:TOP]),
        fallen=tuple(line for _, line in sorted(fallen, key=lambda pair: pair[0])[:TOP]),
    )


def _changes(lines: Sequence[Line], gone: Sequence[str]) -> Changes:
    turned = [
        (_ORDER.index(line.status) - _ORDER.index(line.status_before), line)
        for line in lines
        if isinstance(line.status, Status) and isinstance(line.status_before, Status)
    ]
    return Changes(
        better=tuple(line for by, line in turned if by > 0),
        worse=tuple(line for by, line in turned if by < 0),
        new=tuple(line for line in lines if line.new),
        gone=tuple(gone),
        retargeted=tuple(line for line in lines if line.status_before is not None and line.target != line.target_before),
    )  # fmt: skip
