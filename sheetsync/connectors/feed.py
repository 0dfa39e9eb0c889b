"""The address of a permitted RSS or Atom feed goes in, how many of its entries were published in a span of days comes out.

Link           `https://blog.acme.example/rss#item=entries&period={period.start}..{period.end}`; `item=entries` says it is one
Filters        `where=category:Press,author:Ann,title:"…",published:>=2027-01-01`; all must hold
Rights         nothing can be asked until an account names the origin and the paths
Traps          a feed shows only its newest entries: unless it reaches back beyond the first day asked for, there may be more;
               Atom may name only the day of the last change, which is another one than that of publication;
               a day begins and ends by the clock of the account's `timezone`
Real service   it is meant for feeds that the operator chooses; tried against servers on loopback
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, Final
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from sheetsync import links
from sheetsync.connectors._cells import fold
from sheetsync.connectors._feed import Entry, Feed, day_of, feed_of
from sheetsync.connectors._grammar import Condition, date_of
from sheetsync.connectors._options import conditions_of, conditions_text, days_of, only
from sheetsync.connectors._permitted import Permitted, PermittedSettings, text_of
from sheetsync.connectors.base import Example, Limits, LinkPattern, Lookups, Metric, setting
from sheetsync.errors import ConfigError, Incomplete, NoSuchMetric, NotReady, UnexpectedReply, UnknownLink
from sheetsync.model import Link, Query, Reading, Resource
from sheetsync.web.http import Web

DATES: Final = ("published", "updated")
TEXTS: Final = ("category", "author", "title")

_ENCODING: Final = re.compile(rb"\A\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9_:.-]{1,40})[\"']")
_SAMPLE: Final = (
    "<rss version='2.0'><channel><item><title>New</title><category>Press</category>"
    "<pubDate>Tue, 05 Jan 2027 10:00:00 GMT</pubDate></item><item><title>Old</title>"
    "<pubDate>Wed, 30 Dec 2026 10:00:00 GMT</pubDate></item></channel></rss>"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSettings(PermittedSettings):
    timezone: str = setting("The time zone whose days are counted, such as Europe/Berlin.", "UTC")
    whole: bool = setting("True where the feed shows all entries that there are, not only the newest.", False)


class FeedEntries(Permitted[FeedSettings]):
    title = "RSS or Atom feed"
    settings_type = FeedSettings
    limits = Limits(concurrency=2, rates=((2, 1.0),))

    links = (LinkPattern("feed", ".+"), LinkPattern("feed", ".+", scheme="http"))
    metrics = {"feed": (Metric("count", "how many entries meet the days and the conditions"),)}
    examples = (
        Example(
            "https://blog.acme.example/feed.xml#item=entries&period=2027-01-01..2027-03-31",
            "feed/https://blog.acme.example/feed.xml", "count&period=2027-01-01..2027-03-31", _SAMPLE, Decimal(1),
        ),
        Example(
            "https://blog.acme.example/feed.xml?lang=en#count&item=entries&where=category:press,published:>=2027-01-01",
            "feed/https://blog.acme.example/feed.xml?lang=en", "count&where=category:press,published:>=2027-01-01", _SAMPLE,
            Decimal(1),
        ),
    )  # fmt: skip

    def __init__(self, account: str, settings: FeedSettings, lookups: Lookups) -> None:
        super().__init__(account, settings, lookups)
        try:
            self._zone = ZoneInfo(settings.timezone)
        except (ValueError, OSError, LookupError):
            raise ConfigError(
                "The account {account} of {service} names the time zone {zone}, which is not known.", account=account,
                service=self.name(), zone=settings.timezone, advice="Write one such as Europe/Berlin or Asia/Shanghai.",
            ) from None  # fmt: skip

    @classmethod
    def resolve(cls, link: Link) -> tuple[Resource, str] | None:
        """Feed and filter; None for a link that does not ask for entries. Raises NoSuchMetric."""
        if (link.option("item") or "").casefold() != "entries":
            return None
        try:
            address = links.split(link.url)
        except UnknownLink:
            return None
        if address.scheme not in links.WEB_PORTS:
            return None
        only(link, "item", "period", "where")
        days, conditions = days_of(link), conditions_of(link.option("where"))
        for condition in conditions:
            _check(condition)
        parts = [cls.metric_of("feed", link).name]
        parts += [f"period={days[0]}..{days[1]}"] if days else []
        parts += [f"where={conditions_text(conditions)}"] if conditions else []
        metric = "&".join(part.replace("%", "%25").replace("&", "%26") for part in parts)
        return Resource("feed", link.url.partition("#")[0]), metric

    def fetch(self, resource: Resource, web: Web) -> Any:
        accept = "application/atom+xml, application/rss+xml, application/xml;q=0.9, */*;q=0.1"
        return text_of(self.asked(resource, web, accept=accept), _ENCODING, lenient=False)

    def read(self, document: Any, query: Query) -> Reading:
        feed, conditions = feed_of(document), _conditions(query.metric)
        if not feed.entries and not (self.settings.whole or feed.complete):
            raise NotReady("The feed shows no entries.", advice="Open it in a browser and see whether it is the right one.")
        kept: Sequence[int] = range(len(feed.entries))
        for name in DATES:
            of_name = [condition for condition in conditions if condition.column == name]
            if of_name:
                days = [self._day(entry, name) for entry in feed.entries]
                self._reaches_back(feed, days, of_name)
                kept = [place for place in kept if all(_meets(days[place], condition) for condition in of_name)]
        if not any(_begin(condition) for condition in conditions):
            self._shows_all(feed)
        for condition in conditions:
            if condition.column in TEXTS:
                kept = _saying(feed.entries, kept, condition)
        return Reading(Decimal(len(kept)))

    # --- what a feed does not show

    def _day(self, entry: Entry, name: str) -> date:
        written = entry.published if name == "published" else entry.updated
        if written:
            return day_of(written, self._zone)
        if name == "published" and entry.updated:
            raise UnexpectedReply(
                "The entries of this feed do not say when they were published, only when they were changed.",
                advice="To count by that, write where=updated:2027-01-01..2027-03-31 in place of period=.",
            )
        raise UnexpectedReply(
            "An entry of the feed bears no date, so it cannot be said on which day it belongs.",
            advice="Ask whoever runs the feed to give every entry its date.",
        )

    def _reaches_back(self, feed: Feed, days: Sequence[date], conditions: Sequence[Condition]) -> None:
        """Raises Incomplete where entries of the days asked for may lie behind the last one that is shown."""
        begins = [begin for condition in conditions if (begin := _begin(condition)) is not None]
        if not begins or not days or self.settings.whole or feed.complete:
            return
        # An old entry that is pinned to the top says nothing about the end of the list.
        oldest = days[0] if list(days) == sorted(days) else days[-1]
        if oldest >= max(begins):
            raise Incomplete(
                "The feed shows only its newest {count} entries, back to {day}; before that there may be more.", count=len(days),
                day=oldest.isoformat(), advice="Ask for later days, or let the feed show more entries.",
            )  # fmt: skip

    def _shows_all(self, feed: Feed) -> None:
        """Raises Incomplete where no first day is asked for, unless these are known to be all entries."""
        if feed.goes_on or not (self.settings.whole or feed.complete):
            raise Incomplete(
                "A feed shows only its newest entries, so how many there are in all is not known.",
                advice="Add period={period.start}..{period.end} behind the link; if this feed shows all its entries, ask for "
                "whole = true in sheetsync.toml.",
            )  # fmt: skip


def _check(condition: Condition) -> None:
    """Raises NoSuchMetric for a condition that would silently meet nothing."""
    if condition.column not in (*DATES, *TEXTS):
        raise NoSuchMetric(
            "Entries of a feed have no {column}; they have {known}.", column=condition.column, known=", ".join((*DATES, *TEXTS)),
            advice="Write where=category:NAME, for example.",
        )  # fmt: skip
    if condition.column in TEXTS and condition.test != "=":
        raise NoSuchMetric("The filter {column} takes one text as it stands.", column=condition.column)
    if condition.column in DATES and (
        date_of(condition.value) is None or (condition.test == ".." and not date_of(condition.until))
    ):
        raise NoSuchMetric(
            "The filter {column} takes days such as 2027-03-31.", column=condition.column,
            advice="Write where=published:>=2027-01-01 or where=published:2027-01-01..2027-03-31.",
        )  # fmt: skip


def _conditions(metric: str) -> list[Condition]:
    found: list[Condition] = []
    for part in metric.split("&")[1:]:
        name, _, text = unquote(part).partition("=")
        if name == "period":
            first, _, last = text.partition("..")
            found.append(Condition("published", "..", first, last))
        else:
            found += conditions_of(text)
    return found


def _begin(condition: Condition) -> date | None:
    """The first day that meets a condition on days, or one before it; None where the past is open."""
    return date_of(condition.value) if condition.column in DATES and condition.test in {"=", ">", ">=", ".."} else None


def _meets(day: date, condition: Condition) -> bool:
    bound, until = date_of(condition.value), date_of(condition.until)
    assert bound is not None  # noqa: S101 - `_check` saw to it
    match condition.test:
        case "=":
            return day == bound
        case ">":
            return day > bound
        case ">=":
            return day >= bound
        case "<":
            return day < bound
        case "<=":
            return day <= bound
        case _:
            return until is not None and bound <= day <= until


def _saying(entries: Sequence[Entry], kept: Sequence[int], condition: Condition) -> list[int]:
    """The entries that bear a text. Raises NoSuchMetric where no entry of the feed bears anything of this kind."""
    said = partial(_said, name=condition.column)
    if entries and not any(said(entry) for entry in entries):
        raise NoSuchMetric(
            "The entries of this feed name no {column}.", column=condition.column, advice="Leave this filter out of the link."
        )
    return [place for place in kept if fold(condition.value) in map(fold, said(entries[place]))]


def _said(entry: Entry, name: str) -> tuple[str, ...]:
    return {"category": entry.categories, "author": entry.authors}.get(name, (entry.title,) if entry.title else ())
