"""A page's insights and a span of days go in; the figure of each day, and their sum, come out.

Insights       https://developers.facebook.com/docs/graph-api/reference/insights
Days           each value bears the moment at which its day ends, a midnight in California, as public recordings show
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Context, Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from sheetsync.connectors._google import utc_now
from sheetsync.connectors.base import Metric, reading_of, walk, walk_or_none
from sheetsync.errors import Incomplete, NotReady, UnexpectedReply
from sheetsync.model import Reading
from sheetsync.web.http import Web

DAYS_PER_CALL: Final = 90
"""The most days in one call (the same page, limitations)."""

_CALIFORNIA: Final = ZoneInfo("America/Los_Angeles")
_SUM: Final = Context(prec=60)


def counted_days(web: Web, url: str, measure: str, start: date, end: date) -> Mapping[str, Any]:
    """The figure of each day from `start` to `end`, by ISO date, as far as Facebook has counted. Raises UnexpectedReply."""
    end = min(end, utc_now().astimezone(_CALIFORNIA).date() - timedelta(days=1))
    days: dict[str, Any] = {}
    while start <= end:
        last = min(end, start + timedelta(days=DAYS_PER_CALL - 1))
        until = last + timedelta(days=1)
        params = {"metric": measure, "period": "day", "since": start.isoformat(), "until": until.isoformat()}
        for entry in walk(web.get_json(url, params=params), "data"):
            if walk(entry, "name") != measure or walk(entry, "period") != "day":
                raise UnexpectedReply("Facebook answers with another measure than was asked for.")
            for value in walk(entry, "values"):
                day, figure = _day_of(walk(value, "end_time")), walk(value, "value")
                if days.setdefault(day, figure) != figure:
                    raise UnexpectedReply("Facebook gives two figures for one day.")
        start = until
    return days


def _day_of(end: object) -> str:
    """The day that ends at this moment, which is a midnight in California."""
    try:
        moment = datetime.strptime(str(end), "%Y-%m-%dT%H:%M:%S%z").astimezone(_CALIFORNIA)
    except ValueError:
        raise UnexpectedReply("Facebook names a moment that cannot be read.") from None
    return (moment - timedelta(minutes=1)).date().isoformat()


def added_up(days: Mapping[str, Any], first: date, last: date, metric: Metric) -> Reading:
    """The sum from the first day on, up to the last that is counted. Raises NotReady (none yet), Incomplete (one is missing)."""
    wanted = [(first + timedelta(days=number)).isoformat() for number in range((last - first).days + 1)]
    counted = next((number for number, day in enumerate(wanted) if day not in days), len(wanted))
    if any(day in days for day in wanted[counted:]):
        raise Incomplete("Facebook's answer leaves out a day of this period.", advice="Nothing to do: it is asked again.")
    if not counted:
        raise NotReady("Facebook has not counted a day of this period yet.")
    total = Decimal(0)
    for day in wanted[:counted]:
        total = _SUM.add(total, reading_of(days[day], metric).value)
    end = datetime.combine(first + timedelta(days=counted), time(), _CALIFORNIA)
    return Reading(total, as_of=end)


def believed(post: Any, comments: Reading) -> Reading:
    """The comments of a post. Raises Incomplete for none where the key is not its page's own, to which alone they are shown."""
    if not comments.value and walk_or_none(post, "owned") is not True:
        raise Incomplete(
            "Facebook shows the comments of this post only to the page's own key.",
            advice="Ask the person who installed sheetsync to connect the page with its own token.",
        )
    return comments
