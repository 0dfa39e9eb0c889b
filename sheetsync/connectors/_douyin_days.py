"""The rows of an account's daily figures go in, the newest or a sum of days comes out; no sum where a day is missing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from sheetsync import values
from sheetsync.connectors._beijing import end_of
from sheetsync.connectors.base import walk
from sheetsync.errors import Incomplete, NotReady
from sheetsync.model import Reading

DAILY: Final[Mapping[str, tuple[str, str]]] = {
    "new_followers": ("fans", "new_fans"),
    "new_likes": ("like", "new_like"),
    "new_comments": ("comment", "new_comment"),
    "new_shares": ("share", "new_share"),
    "visitors": ("profile", "profile_uv"),
    "new_plays": ("item", "new_play"),
    "new_posts": ("item", "new_issue"),
}
"""A measure that is summed over days -> the last part of its call, and its field."""


def newest(rows: Mapping[date, Any]) -> Reading:
    """Followers at the end of the newest day. Raises NotReady."""
    day = _newest_day(rows)
    return Reading(values.figure(walk(rows[day], "total_fans")).value, as_of=end_of(day))


def added_up(rows: Mapping[date, Any], field: str, first: date, last: date) -> Reading:
    """The sum of a field over days, up to the newest there is. Raises NotReady (none yet), Incomplete (one is missing)."""
    last = min(last, _newest_day(rows))
    if first > last:
        raise NotReady("This period has no full day yet.")
    wanted = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    if not all(day in rows for day in wanted):
        raise Incomplete(
            "Douyin's daily figures reach back to {day} only.", day=min(rows),
            advice="Choose a period within the last 30 days, such as the month that runs.",
        )  # fmt: skip
    return Reading(sum((values.figure(walk(rows[day], field)).value for day in wanted), Decimal(0)), as_of=end_of(last))


def _newest_day(rows: Mapping[date, Any]) -> date:
    if not rows:
        raise NotReady(
            "Douyin has no figures of this account yet.",
            advice="They come the day after its owner agreed, and from 100 followers on; it is tried again at the next run.",
        )
    return max(rows)
