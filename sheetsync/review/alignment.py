"""The rows of a workbook and their lines of a review go in, who contributes to which overall objective comes out.

The overall block is the group that stands first. A row contributes where its Aligned to leads there, also over other rows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Final

from sheetsync.model import Column, KeyResult
from sheetsync.okr.layout import fold
from sheetsync.okr.progress import Share, mean
from sheetsync.okr.rollup import meant
from sheetsync.review.words import Aim, Alignment, Contribution, Goal, Line

_SUM: Final = "rollup:sum"


def align(rows: Sequence[KeyResult], lines: Mapping[str, Line], groups: Collection[str] = ()) -> Alignment | None:
    """None where nothing can be aligned. `groups` (folded) are the teams that are looked at; all of them where none are named."""
    present = [index for index, row in enumerate(rows) if row.key in lines]
    if not present or not any(Column.ALIGNED_TO in rows[index].refs for index in present):
        return None
    overall = rows[present[0]].group
    at_top = {index for index in present if fold(rows[index].group) == fold(overall)}
    if len(at_top) == len(present):
        return None
    named = meant(rows)
    below = [index for index in present if index not in at_top and (not groups or fold(rows[index].group) in groups)]
    reaching = {index: _tops(index, named, at_top) for index in below}
    goals = tuple(_goal(rows, lines, named, members, reaching) for members in _objectives(rows, present, at_top))
    empty = [index for index in below if Column.ALIGNED_TO in rows[index].refs and not rows[index].aligned_to]
    return Alignment(
        overall=overall, goals=goals, alone=() if groups else tuple(goal for goal in goals if not goal.contributions),
        astray=tuple(lines[rows[index].key] for index in empty),
        lost=tuple(lines[rows[index].key] for index in below if rows[index].aligned_to and not named[index]),
    )  # fmt: skip


def _tops(index: int, named: Sequence[Sequence[int]], at_top: Collection[int]) -> frozenset[int]:
    """The overall rows that a row leads to; a circle ends where it began."""
    seen, waiting, found = {index}, list(named[index]), set()
    while waiting:
        other = waiting.pop()
        if other in seen:
            continue
        seen.add(other)
        if other in at_top:
            found.add(other)
        else:
            waiting += named[other]
    return frozenset(found)


def _objectives(rows: Sequence[KeyResult], present: Sequence[int], at_top: Collection[int]) -> list[list[int]]:
    found: dict[str, list[int]] = {}
    for index in present:
        if index in at_top:
            found.setdefault(rows[index].objective, []).append(index)
    return list(found.values())


def _goal(
    rows: Sequence[KeyResult], lines: Mapping[str, Line], named: Sequence[Sequence[int]], members: Sequence[int],
    reaching: Mapping[int, frozenset[int]],
) -> Goal:  # fmt: skip
    own = [lines[rows[index].key] for index in members]
    sums = [index for index in members if rows[index].source == _SUM]
    added = sums[0] if len(sums) == 1 else None
    by_team: dict[str, list[int]] = {}
    for index, tops in reaching.items():
        if tops & set(members):
            by_team.setdefault(rows[index].group, []).append(index)
    amounts = {
        team: sum(((lines[rows[index].key].value or Decimal(0)) for index in part if added in named[index]), Decimal(0))
        for team, part in by_team.items()
    }
    whole = sum(amounts.values(), Decimal(0))
    counted = added is not None and whole > 0 and all(amount >= 0 for amount in amounts.values())
    contributions = []
    for team, part in by_team.items():
        of_team = tuple(lines[rows[index].key] for index in part)
        reached = mean(Share(line.progress, line.weight) for line in of_team if line.progress is not None)
        amount = amounts[team] if counted else None
        contributions.append(Contribution(team, of_team, reached, amount, amount / whole if amount is not None else None))
    now = mean(Share(line.progress, line.weight) for line in own if line.progress is not None)
    before = mean(Share(line.progress_before, line.weight) for line in own if line.progress_before is not None)
    return Goal(Aim(own[0].group, own[0].objective, now, before, tuple(own)), tuple(contributions))
