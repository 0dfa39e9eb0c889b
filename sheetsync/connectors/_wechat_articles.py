"""Articles by their number go in, their newest counts come out: WeChat lists them by the day on which they were published.

    new call  https://developers.weixin.qq.com/doc/subscription/api/wedata/news/api_getarticletotaldetail (for publications since
              2025-11-01; each entry of `detail_list` is the sum up to its `stat_date`, for at most 30 days)
    old call  https://developers.weixin.qq.com/doc/service/api/wedata/news/api_getarticletotal (`details`, for 7 days; no longer
              maintained)

The address of an article does not say when it was published. The days are searched backwards once, for all articles together, and
what was found is kept; an article that was not found is not searched for again on the same day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from sheetsync.connectors._beijing import day_of
from sheetsync.connectors._together import Documents
from sheetsync.connectors.base import Lookups, walk, walk_or_none
from sheetsync.errors import LinkError, NoSuchMetric, NotFound, NotReady, UnexpectedReply
from sheetsync.model import Resource

SEARCHED_DAYS: Final = 60
"""Without a hint in the link: each day costs one call."""
LONGEST_SEARCH: Final = 100
NEW_SINCE: Final = date(2025, 11, 1)

FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "reads": ("read_user", "int_page_read_user"),
    "shares": ("share_user",),
    "likes": ("like_user",),
    "recommended": ("zaikan_user",),
    "comments": ("comment_count",),
    "favourites": ("collection_user", "add_to_fav_user"),
}
"""A measure -> its name in the new answer, then in the old one."""

Ask = Callable[[str, date], Any]
"""The name of a call and a day -> its answer."""


def searched(days: tuple[str, str] | None) -> tuple[tuple[str, str], ...]:
    """The days of a link, in which an article's publication is searched for. Raises NoSuchMetric: too many."""
    if days is None:
        return ()
    if (date.fromisoformat(days[1]) - date.fromisoformat(days[0])).days >= LONGEST_SEARCH:
        raise NoSuchMetric(
            "The day of an article's publication is searched for in {days} days at most.", days=LONGEST_SEARCH,
            advice="Write a shorter period behind the link: the days around its publication.",
        )  # fmt: skip
    return ("from", days[0]), ("to", days[1])


class Search:
    """One run's look at the listings, each of which is asked for once."""

    def __init__(self, ask: Ask, lookups: Lookups, yesterday: date) -> None:
        self._ask, self._lookups, self._yesterday = ask, lookups, yesterday
        self._days: dict[date, Any] = {}

    def documents(self, wanted: Sequence[Resource]) -> Documents:
        """The newest counts of each article, or the LinkError that is its own. Raises what a call raises."""
        found: dict[Resource, Any | LinkError] = {}
        missing: dict[Resource, list[date]] = {}
        for one in wanted:
            kept = self._lookups.get(_key(one))
            if kept is not None:
                day = date.fromisoformat(kept)
                found[one] = self._counts(one, day) or self._gone(day)
            elif self._lookups.get(f"absent/{one}") == self._yesterday.isoformat():
                found[one] = _absent()
            else:
                missing[one] = list(self._window(one))
        for day in sorted({day for days in missing.values() for day in days}, reverse=True):
            for one in [one for one, days in missing.items() if one not in found and day in days]:
                counts = self._counts(one, day)
                if counts is not None:
                    self._lookups.put(_key(one), day.isoformat())
                    found[one] = counts
        for one, days in missing.items():
            if one not in found:
                found[one] = self._not_found(one, days)
        return found

    def _window(self, one: Resource) -> Iterator[date]:
        given = dict(one.params)
        last = min(self._yesterday, date.fromisoformat(given["to"])) if "to" in given else self._yesterday
        first = date.fromisoformat(given["from"]) if "from" in given else last - timedelta(days=SEARCHED_DAYS - 1)
        return (first + timedelta(days=n) for n in range((last - first).days + 1))

    def _not_found(self, one: Resource, days: Sequence[date]) -> LinkError:
        if not days:
            return NotReady("The days in which this article was published have not come yet.")
        if any(self._delayed(day) for day in days):
            return NotReady("WeChat is still counting.")
        self._lookups.put(f"absent/{one}", self._yesterday.isoformat())
        return _absent()

    def _gone(self, day: date) -> LinkError:
        if self._delayed(day):
            return NotReady("WeChat is still counting.")
        return NotFound("WeChat does not list this article any more.", advice="Check whether it was deleted.")

    def _delayed(self, day: date) -> bool:
        return walk_or_none(self._days[day], "is_delay") is True

    def _counts(self, one: Resource, day: date) -> Any | LinkError | None:
        """The newest counts in this day's listing; None where the article is not in it."""
        if day not in self._days:
            self._days[day] = self._ask("getarticletotaldetail" if day >= NEW_SINCE else "getarticletotal", day)
        listing = self._days[day]
        entries = [entry for entry in _list(listing, "list") if walk_or_none(entry, "msgid") == one.id]
        if not entries:
            return None
        if len(entries) > 1 or day_of(walk(entries[0], "ref_date")) != day:
            return UnexpectedReply("WeChat's list has another shape than documented.")
        details = _list(entries[0], "detail_list" if "detail_list" in entries[0] else "details")
        if not details or self._delayed(day):
            return NotReady("WeChat is still counting.")
        return max(details, key=lambda detail: day_of(walk(detail, "stat_date")))


def _key(article: Resource) -> str:
    return f"published/{dict(article.params)['biz']}/{article.id}"


def _list(document: Any, name: str) -> list[Any]:
    found = walk(document, name)
    if not isinstance(found, list):
        raise UnexpectedReply("WeChat's list has another shape than documented.")
    return found


def _absent() -> NotFound:
    return NotFound(
        "This account published no such article in the days that were searched.",
        advice="Add #period=2026-11-01..2026-11-30, days around its publication. Articles that few people read are not listed.",
    )
