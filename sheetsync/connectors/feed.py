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
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from sheetsync import links
from sheetsync.connectors._feed import feed_of
from sheetsync.connectors._feed_count import Look, check, conditions_in
from sheetsync.connectors._options import conditions_of, conditions_text, days_of, only
from sheetsync.connectors._permitted import Permitted, PermittedSettings, text_of
from sheetsync.connectors.base import Example, Limits, LinkPattern, Lookups, Metric, setting
from sheetsync.errors import ConfigError, UnknownLink
from sheetsync.model import Link, Query, Reading, Resource
from sheetsync.web.http import Web

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
            check(condition)
        parts = [cls.metric_of("feed", link).name]
        parts += [f"period={days[0]}..{days[1]}"] if days else []
        parts += [f"where={conditions_text(conditions)}"] if conditions else []
        metric = "&".join(part.replace("%", "%25").replace("&", "%26") for part in parts)
        return Resource("feed", link.url.partition("#")[0]), metric

    def fetch(self, resource: Resource, web: Web) -> Any:
        accept = "application/atom+xml, application/rss+xml, application/xml;q=0.9, */*;q=0.1"
        return text_of(self.asked(resource, web, accept=accept), _ENCODING, lenient=False)

    def read(self, document: Any, query: Query) -> Reading:
        look = Look(feed_of(document), self._zone, whole=self.settings.whole)
        return Reading(Decimal(look.count(conditions_in(query.metric))))
