"""Days go in, the number of followers at their end comes out: WeChat counts them day by day, and is a day late.

Call     https://developers.weixin.qq.com/doc/service/api/wedata/user/api_getusercumulate (seven days in a call, up to yesterday)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sheetsync.connectors._beijing import day_of
from sheetsync.connectors._together import Documents
from sheetsync.connectors.base import walk
from sheetsync.errors import Incomplete, NotReady, UnexpectedReply
from sheetsync.model import Resource

Ask = Callable[[str, date, date], Any]
"""The name of a call, the first day and the last -> its answer."""


class Followers:
    """One run's look at the numbers of followers."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def documents(self, wanted: Sequence[Resource], given: Mapping[str, str], yesterday: date) -> Documents:
        at = min(yesterday, date.fromisoformat(given["at"])) if "at" in given else yesterday
        after = date.fromisoformat(given["after"]) if "after" in given else None
        if after is not None and after >= at:
            raise NotReady("This period has no full day yet.")
        # Yesterday's row comes late on some days, so the newest of three is taken; a day further back is there or is not.
        rows = self.cumulated(at - timedelta(days=2) if at == yesterday else at, at)
        if not rows:
            if at == yesterday:
                raise NotReady("WeChat has no figures of this day yet.")
            raise _unknown(at)
        newest = max(rows)
        if after is None:
            return dict.fromkeys(wanted, rows[newest])
        before = rows[after] if after in rows else self.cumulated(after, after).get(after)
        if before is None:
            raise _unknown(after)
        if newest <= after:
            raise NotReady("WeChat has no figures of this day yet.")
        counts = {**rows[newest], "before": walk(before, "cumulate_user")}
        return dict.fromkeys(wanted, counts)

    def cumulated(self, first: date, last: date) -> dict[date, Any]:
        listed = walk(self._ask("getusercumulate", first, last), "list")
        if not isinstance(listed, list):
            raise UnexpectedReply("WeChat's list has another shape than documented.")
        rows = {day_of(walk(row, "ref_date")): row for row in listed}
        if len(rows) != len(listed) or not all(first <= day <= last for day in rows):
            raise UnexpectedReply("WeChat answered for other days than it was asked for.")
        return rows


def _unknown(day: date) -> Incomplete:
    return Incomplete(
        "WeChat has no number of followers for {day}.", day=day, advice="Choose a period that begins and ends with other days."
    )
