"""The words of a review: what stood how on a day, what changed since the last review, who acts next. Frozen values, no language.

Progress, ratios and shares are parts of 1; figures are in the key result's own measure. Sentences wait for their language.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from sheetsync.forecast import Forecast, TooLittle
from sheetsync.model import Kind, Period
from sheetsync.okr.progress import Bands, Pace, Status, Unmeasured
from sheetsync.returns import Cost
from sheetsync.texts import Sentence


class Cadence(StrEnum):
    """How often: with the teams, with the leadership, against the company's goals."""

    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"


@dataclass(frozen=True, slots=True)
class When:
    """The day of the review and the one before it.

    `until`, `before`  the last moments (aware) of which each knows
    `over`             the day has passed, so that only what was recorded counts
    `lags`             by (connector, account): so many days late do its figures come
    """

    cadence: Cadence
    day: date
    since: date
    until: datetime
    before: datetime
    over: bool = False
    zone: tzinfo | None = UTC
    pace: Pace = "calendar"
    bands: Bands = "pace"
    lags: Mapping[tuple[str, str], int] = field(default_factory=dict)


Standing: TypeAlias = Status | Unmeasured


@dataclass(frozen=True, slots=True)
class Point:
    """The progress of a day."""

    day: date
    progress: Decimal


@dataclass(frozen=True, slots=True)
class Line:
    """One key result on the day of the review, and at the review before.

    `percent`   its figures are shares of 1
    `ratio`     progress by expected progress; None where one of them is missing or nothing is expected yet
    `changed`   the day on which its figure last changed, as far as is known
    `since`     since when its link gives no figure
    `new`       it was not there at the last review; `gone`: it no longer stands in the workbook as it is now
    `forecast`  None for a row that is gone: its start is not known
    """

    key: str
    group: str
    objective: str
    name: str
    owner: str
    link: str
    sheet: str
    cell: str
    kind: Kind
    percent: bool
    period: Period | None
    start: Decimal | None
    target: Decimal | None
    value: Decimal | None
    value_before: Decimal | None
    target_before: Decimal | None
    progress: Decimal | None
    progress_before: Decimal | None
    expected: Decimal | None
    ratio: Decimal | None
    status: Standing
    status_before: Standing | None
    state: str
    message: str
    since: datetime | None
    changed: date | None
    as_of: datetime | None
    trend: tuple[Point, ...]
    forecast: Forecast | TooLittle | None
    cost: Cost | None
    weight: Decimal
    aligned_to: str
    new: bool
    gone: bool

    @property
    def moved(self) -> Decimal | None:
        """The change of progress since the last review."""
        if self.progress is None or self.progress_before is None:
            return None
        return self.progress - self.progress_before

    @property
    def stands_still(self) -> bool:
        return self.value is not None and self.value == self.value_before and self.status is not Status.DONE

    def still_days(self, day: date) -> int | None:
        """For how many days the figure has not changed."""
        return None if self.changed is None else (day - self.changed).days


@dataclass(frozen=True, slots=True)
class Act:
    """What to do next about a row, and who: its owner, or else its team. `rank` 0 comes first."""

    rank: int
    who: str
    line: Line
    what: Sentence
    detail: str = ""  # a sentence of a run, in the workbook's language


@dataclass(frozen=True, slots=True)
class Aim:
    """An objective: the weighted mean of its key results. `grade` is the same between 0 and 1."""

    group: str
    name: str
    progress: Decimal | None
    before: Decimal | None
    lines: tuple[Line, ...]

    @property
    def grade(self) -> Decimal | None:
        return _grade(self.progress)

    @property
    def grade_before(self) -> Decimal | None:
        return _grade(self.before)


def _grade(progress: Decimal | None) -> Decimal | None:
    return None if progress is None else min(max(progress, Decimal(0)), Decimal(1))


@dataclass(frozen=True, slots=True)
class Team:
    """A group of the plan: the mean of its objectives."""

    name: str
    progress: Decimal | None
    before: Decimal | None
    expected: Decimal | None
    status: Standing
    aims: tuple[Aim, ...]
    moved: tuple[Line, ...]
    stuck: tuple[Line, ...]
    acts: tuple[Act, ...]

    @property
    def lines(self) -> tuple[Line, ...]:
        return tuple(line for aim in self.aims for line in aim.lines)


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one team's key results bring to an overall objective. `amount` where the overall row adds them up."""

    team: str
    lines: tuple[Line, ...]
    progress: Decimal | None
    amount: Decimal | None
    share: Decimal | None


@dataclass(frozen=True, slots=True)
class Goal:
    """An overall objective and who contributes to it."""

    aim: Aim
    contributions: tuple[Contribution, ...]


@dataclass(frozen=True, slots=True)
class Alignment:
    """`overall` is the name of the group that stands first.

    `alone`   overall objectives that nobody contributes to
    `astray`  key results of teams that are aligned to nothing
    `lost`    those aligned to a text that names nothing in this workbook
    """

    overall: str
    goals: tuple[Goal, ...]
    alone: tuple[Goal, ...]
    astray: tuple[Line, ...]
    lost: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Bottlenecks:
    """The worst ten of each sort: least of what is expected, longest without a change, fell most."""

    worst: tuple[Line, ...]
    still: tuple[Line, ...]
    fallen: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """What became different since the last review."""

    better: tuple[Line, ...]
    worse: tuple[Line, ...]
    new: tuple[Line, ...]
    gone: tuple[str, ...]
    retargeted: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Review:
    """All of it, for one workbook. `alignment` is None where the plan has no column for it, or one group alone."""

    workbook: str
    when: When
    progress: Decimal | None
    before: Decimal | None
    teams: tuple[Team, ...]
    bottlenecks: Bottlenecks
    changes: Changes
    broken: tuple[Line, ...]
    announced: tuple[Line, ...]
    alignment: Alignment | None

    @property
    def lines(self) -> tuple[Line, ...]:
        return tuple(line for team in self.teams for line in team.lines)

    @property
    def counts(self) -> dict[Status, int]:
        found = dict.fromkeys(Status, 0)
        for line in self.lines:
            if isinstance(line.status, Status):
                found[line.status] += 1
        return found
