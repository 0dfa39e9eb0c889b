"""A review goes in, a document for machines comes out: statuses and states in English, sentences in the reader's language."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sheetsync.forecast import Forecast, TooLittle
from sheetsync.review.build import announced
from sheetsync.review.words import Act, Goal, Line, Review, Team
from sheetsync.texts import Texts


def document(review: Review, texts: Texts) -> dict[str, Any]:
    """The review as JSON holds it. A row is named by its place in `key_results`, which the lists of others point to."""
    lines = review.lines
    numbers = {line.key: number for number, line in enumerate(lines)}

    def places(found: Sequence[Line]) -> list[int]:
        return [numbers[line.key] for line in found if line.key in numbers]

    found = review.bottlenecks
    return {
        "workbook": review.workbook, "cadence": str(review.when.cadence), "day": plain(review.when.day),
        "since": plain(review.when.since), "progress": plain(review.progress), "before": plain(review.before),
        "counts": {str(status): count for status, count in review.counts.items()},
        "key_results": [_line(line, review) for line in lines],
        "teams": [_team(team, places, numbers, texts) for team in review.teams],
        "bottlenecks": {"worst": places(found.worst), "still": places(found.still), "fallen": places(found.fallen)},
        "off_track_by_the_end": places(review.announced),
        "changes": {
            "better": places(review.changes.better), "worse": places(review.changes.worse), "new": places(review.changes.new),
            "gone": list(review.changes.gone), "retargeted": places(review.changes.retargeted),
        },
        "broken": places(review.broken),
        "alignment": _alignment(review, places),
    }  # fmt: skip


def plain(value: Any) -> Any:
    """What JSON can hold."""
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date | datetime) else value


def _line(line: Line, review: Review) -> dict[str, Any]:
    return {
        "group": line.group, "objective": line.objective, "key_result": line.name, "owner": line.owner, "link": line.link,
        "sheet": line.sheet, "cell": line.cell, "kind": str(line.kind), "period": line.period.label if line.period else None,
        "start": plain(line.start), "target": plain(line.target), "result": plain(line.value),
        "result_before": plain(line.value_before), "target_before": plain(line.target_before),
        "progress": plain(line.progress), "progress_before": plain(line.progress_before), "expected": plain(line.expected),
        "status": str(line.status), "status_before": None if line.status_before is None else str(line.status_before),
        "state": line.state, "message": line.message, "since": plain(line.since), "as_of": plain(line.as_of),
        "days_without_change": line.still_days(review.when.day), "forecast": _forecast(line), "cost": _cost(line),
        "aligned_to": line.aligned_to, "new": line.new, "gone": line.gone,
    }  # fmt: skip


def _forecast(line: Line) -> dict[str, Any] | None:
    found = line.forecast
    if isinstance(found, Forecast):
        return {
            "end": found.end, "low": found.low, "high": found.high, "risk": found.risk, "off_track": announced(line),
            "reached": plain(found.reached), "figures": found.figures, "days": found.days,
        }  # fmt: skip
    return {"none_because": str(found)} if isinstance(found, TooLittle) else None


def _cost(line: Line) -> dict[str, Any] | None:
    found = line.cost
    if found is None:
        return None
    return {
        "spent": plain(found.spent), "per_result": plain(found.per_result), "marginal": plain(found.marginal),
        "needed": plain(found.needed),
    }  # fmt: skip


def _team(team: Team, places: Any, numbers: dict[str, int], texts: Texts) -> dict[str, Any]:
    def act(one: Act) -> dict[str, Any]:
        return {"key_result": numbers[one.line.key], "who": one.who, "what": texts.say(one.what), "detail": one.detail}

    return {
        "name": team.name, "progress": plain(team.progress), "before": plain(team.before), "expected": plain(team.expected),
        "status": str(team.status), "moved": places(team.moved), "stuck": places(team.stuck),
        "acts": [act(one) for one in team.acts],
        "objectives": [
            {"name": aim.name, "progress": plain(aim.progress), "before": plain(aim.before), "grade": plain(aim.grade)}
            for aim in team.aims
        ],
    }  # fmt: skip


def _alignment(review: Review, places: Any) -> dict[str, Any] | None:
    found = review.alignment
    if found is None:
        return None

    def goal(one: Goal) -> dict[str, Any]:
        parts = [
            {
                "team": part.team, "key_results": len(part.lines), "progress": plain(part.progress), "amount": plain(part.amount),
                "share": plain(part.share),
            }
            for part in one.contributions
        ]  # fmt: skip
        return {"objective": one.aim.name, "progress": plain(one.aim.progress), "contributions": parts}

    return {
        "overall": found.overall, "objectives": [goal(one) for one in found.goals],
        "without_contribution": [one.aim.name for one in found.alone], "aligned_to_nothing": places(found.astray),
        "aligned_to_unknown": places(found.lost),
    }  # fmt: skip
