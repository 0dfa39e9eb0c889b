"""Answers of LinkedIn go in, the figures of a page, a post or a span of days come out, or the error that they mean.

Days are UTC days, as in LinkedIn's own intervals; moments are milliseconds since 1970.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import unquote

from sheetsync import values
from sheetsync.connectors.base import walk, walk_or_none
from sheetsync.errors import (
    AccessDenied,
    Incomplete,
    LinkError,
    NoSuchMetric,
    NotFound,
    NotReady,
    RateLimited,
    Unavailable,
    UnexpectedReply,
)
from sheetsync.web.http import Reply

SHARES: Final = "totalShareStatistics"
VIEWS: Final = "totalPageStatistics.views.allPageViews"
GAINS: Final = "followerGains"
LATE: Final = timedelta(days=3)
"""Statistics are one or two days late; a day that is missing for longer is missing."""

EMBED: Final = "On LinkedIn, open the post's menu, choose Embed this post, and paste the address that stands behind src=."

_DAY: Final = 86_400_000
_PAGE: Final = re.compile(r"urn:li:(organization|organizationBrand):\d{1,19}")


class Ended(UnexpectedReply):
    """The version of the API has ended; another one is tried at once, never seen outside."""


class Misunderstood(UnexpectedReply):
    """LinkedIn does not understand what was asked for."""


def meaning(reply: Reply, now: datetime) -> LinkError | None:
    """What LinkedIn means by a reply, where its status alone does not say.

    (https://learn.microsoft.com/linkedin/shared/api-guide/concepts/error-handling)
    """
    match reply.status:
        case 426:
            return Ended("This version of LinkedIn's API has ended.")
        case 400:
            return Misunderstood("LinkedIn does not understand the question.", advice="Check the link and its measure.")
        case 403:
            return AccessDenied(
                "LinkedIn does not show this to the person who signed in.",
                advice="Let an administrator of this LinkedIn page sign in for sheetsync, and check the scopes of the app.",
            )
        case 429 if reply.retry_after() is None and b"DAY" in reply.body:
            return RateLimited("LinkedIn answers no more questions of this app today.", wait=_until_midnight(reply, now))
    return None


def _until_midnight(reply: Reply, now: datetime) -> float:
    """Seconds until the next day begins in UTC, when calls are counted anew, by LinkedIn's clock where it tells the time."""
    with contextlib.suppress(ValueError, TypeError):
        now = parsedate_to_datetime(reply.headers.get("date", "")).astimezone(UTC)
    midnight = datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)
    return (midnight - now).total_seconds() + 1


def months_before(today: date) -> Iterator[str]:
    """The three months before this one, newest first: 202612, 202611, 202610."""
    for back in (1, 2, 3):
        month = today.year * 12 + today.month - 1 - back
        yield f"{month // 12}{month % 12 + 1:02}"


def number_of(answer: Any, name: str) -> str:
    """The number of the page that has this name in its address. Raises NotFound: none, or more than one."""
    elements = walk(answer, "elements")
    found = elements if isinstance(elements, list) else []
    named = [one for one in found if str(walk_or_none(one, "vanityName") or name).casefold() == name.casefold()]
    if len(named) != 1:
        raise NotFound("LinkedIn knows no page called {name}.", name=name, advice="Copy the address of the page again.")
    number = str(walk(named[0], "id"))
    if not re.fullmatch(r"\d{1,19}", number):
        raise UnexpectedReply("LinkedIn names a page by something that is no number.")
    return number


def page_of(author: object) -> str:
    """The page that wrote a post. Raises NoSuchMetric: it was a person."""
    if isinstance(author, str) and _PAGE.fullmatch(author):
        return author
    raise NoSuchMetric(
        "This post was written by a person, and LinkedIn gives its statistics to nobody else.",
        advice="Choose reactions or comments, which are given for posts of people too.",
    )


def reactions(answer: Any, urn: str, *, activity: bool) -> Any | LinkError:
    """The reactions and comments of one post of a batch, or its own error."""
    results = _by_urn(answer, "results")
    if urn not in results:
        status = _status(answer, urn)
        return not_counted() if activity and status in {400, 404} else _failed(status)
    found = results[urn]
    try:
        kinds = walk(found, "reactionSummaries")
        if not isinstance(kinds, dict):
            raise UnexpectedReply("LinkedIn no longer says what reactions a post has.")
        counts = [values.figure(walk(one, "count")).value for one in kinds.values()]
    except LinkError as error:
        return error
    return {"reactions": sum(counts, Decimal(0)), "commentSummary": walk_or_none(found, "commentSummary")}


def _by_urn(answer: Any, part: str) -> Mapping[str, Any]:
    """A part of a batch's answer by name, which some versions write encoded."""
    found = walk_or_none(answer, part)
    return {unquote(str(urn)): one for urn, one in found.items()} if isinstance(found, dict) else {}


def _status(answer: Any, urn: str) -> object:
    error = _by_urn(answer, "errors").get(urn)
    status = walk_or_none(error, "status")
    return status if status is not None else _by_urn(answer, "statuses").get(urn)


def _failed(status: object) -> LinkError:
    match status:
        case 404 | 410:
            return NotFound("LinkedIn knows no such post: it was deleted, or never was.")
        case 401 | 403:
            return AccessDenied(
                "LinkedIn does not show this post to the person who signed in.",
                advice="Let an administrator of the page that wrote it sign in for sheetsync.",
            )
        case 429:
            return RateLimited("LinkedIn asks for fewer requests.")
        case int() if 500 <= status < 600:
            return Unavailable("LinkedIn cannot answer for this post now.")
    return UnexpectedReply("LinkedIn answered, but says nothing about this post.")


def not_counted() -> LinkError:
    return NotFound("LinkedIn does not give the counts of this post under this address.", advice=EMBED)


def of_post(answer: Any, field: str, urn: str) -> Any | LinkError:
    """The statistics of one post of several. Raises nothing: a post that is left out is Incomplete."""
    elements = walk_or_none(answer, "elements")
    for one in elements if isinstance(elements, list) else []:
        if walk_or_none(one, field) == urn:
            figures = walk_or_none(one, SHARES)
            return {"posts": figures} if figures is not None else UnexpectedReply("LinkedIn gives a post without its statistics.")
    return Incomplete(
        "LinkedIn gives no statistics of this post.",
        advice="They reach back twelve months only; choose reactions or comments, which stay.",
    )


def total(answer: Any, figures: str) -> Any:
    """The one group of figures of a whole page. Raises UnexpectedReply: none, or several."""
    elements = walk(answer, "elements")
    if not isinstance(elements, list) or len(elements) != 1:
        raise UnexpectedReply("LinkedIn does not give one group of figures for this page.")
    return walk(elements[0], figures)


def by_day(answer: Any, figures: str) -> dict[int, Any]:
    """Groups of figures by the beginning of their day. Raises UnexpectedReply: an interval that is no day, a day twice."""
    found: dict[int, Any] = {}
    for one in walk(answer, "elements"):
        start, end = walk(one, "timeRange.start"), walk(one, "timeRange.end")
        if not isinstance(start, int) or not isinstance(end, int) or end - start != _DAY or start % _DAY or start in found:
            raise UnexpectedReply("LinkedIn counts by other days than it was asked for.")
        found[start] = _won(walk(one, figures)) if figures == GAINS else walk(one, figures)
    return found


def _won(gains: Any) -> dict[str, Decimal]:
    """The followers of one day, those won by advertising included."""
    parts = [values.figure(walk(gains, name)).value for name in ("organicFollowerGain", "paidFollowerGain")]
    return {"followers": sum(parts, Decimal(0))}


@dataclass(frozen=True, slots=True)
class Span:
    """UTC days from `first` on, up to but without `behind`; a period that `runs` is cut at `today`, its last days may be late."""

    first: datetime
    behind: datetime
    today: datetime
    runs: bool

    @property
    def text(self) -> str:
        """As an interval in a question (Rest.li 2.0)."""
        return f"(timeRange:(start:{_millis(self.first)},end:{_millis(self.behind)}),timeGranularityType:DAY)"

    def until(self, days: Mapping[int, Any]) -> datetime:
        """The end of the last day that is there; the beginning where none is."""
        there = self._there(days)
        return datetime.fromtimestamp(there[-1] / 1000, UTC) + timedelta(days=1) if there else self.first

    def added(self, days: Mapping[int, Any], names: Collection[str]) -> dict[str, Decimal]:
        """Each figure added up. Raises NotReady: days are not there yet; Incomplete: one is missing that should be there."""
        there, until = self._there(days), self.until(days)
        due = self.today - LATE if self.runs else self.behind
        if len(there) != (until - self.first).days or (until < due and self.behind <= self.today - LATE):
            raise Incomplete(
                "LinkedIn leaves out days of this period.", advice="It counts the last twelve months only: shorten the period."
            )
        if not there or until < due:
            raise _not_yet()
        return {name: sum((values.figure(walk(days[day], name)).value for day in there), Decimal(0)) for name in names}

    def _there(self, days: Mapping[int, Any]) -> list[int]:
        return sorted(day for day in days if _millis(self.first) <= day < _millis(self.behind))


def span(first: date, last: date, now: datetime) -> Span:
    """The days of a period that can be asked for. Raises NotReady: it has not begun, or began today."""
    today = datetime(now.year, now.month, now.day, tzinfo=UTC)
    start = datetime(first.year, first.month, first.day, tzinfo=UTC)
    end = datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=1)
    if start >= today:
        raise _not_yet()
    return Span(start, min(end, today), today, runs=end > today)


def _not_yet() -> LinkError:
    return NotReady("LinkedIn has no figures of these days yet.")


def _millis(moment: datetime) -> int:
    return int(moment.timestamp()) * 1000
