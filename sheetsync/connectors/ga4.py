"""Google Analytics 4: the address of a report goes in, one of the property's metrics over a span of days comes out.

API            Data API v1beta, https://developers.google.com/analytics/devguides/reporting/data/v1 (discovery of 2026-10-06)
Key            a service account whose address is Viewer of the property (Admin > Property access management); or OAuth
Days           those of the page's address, or `period=`; the last ones are left out until Google has processed them (`lag_days`)
Whole          sampled, thresholded, truncated answers and those with an (other) row are never used
Filters        `where=` on dimensions; a filter in the page's address cannot be repeated, so it is refused
Nothing found  is zero only where the property has once recorded each value of the filter: a misspelt one is an error
Blocked        a key without access to revenue or cost is told zeros: refused
Quota          is the property's; give each property an account of its own where one may use up its tokens
Real service   not yet run against it; checked against its discovery document
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote

from sheetsync.connectors import _ga4_reports as reports
from sheetsync.connectors._ga4 import METRICS_PER_REPORT, REPORTS_PER_CALL, metric_named, page_of, reading, where_of
from sheetsync.connectors._google import GoogleSettings, consent_to, sign_in, utc_now
from sheetsync.connectors._halves import asked
from sheetsync.connectors._options import days_of, only
from sheetsync.connectors.base import BatchConnector, Example, Limits, LinkPattern, Metric, setting
from sheetsync.errors import LinkError, NoSuchMetric, NotReady
from sheetsync.model import PERCENT, Link, Query, Reading, Resource
from sheetsync.web.auth import Auth
from sheetsync.web.consent import Consent
from sheetsync.web.http import Reply, Web

SCOPE: Final = "https://www.googleapis.com/auth/analytics.readonly"

_HOST: Final = r"analytics\.google\.com"
_PATH: Final = r"/analytics/web/(provision/)?"
_PROPERTY: Final = r"/(a\d{1,15})?p(?P<id>\d{4,15})"
_PAGE: Final = "https://analytics.google.com/analytics/web/#/p123456789/reports/"
_SAMPLE: Final = {"until": "2026-03-31", "asked": datetime(2026, 4, 20, tzinfo=UTC)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ga4Settings(GoogleSettings):
    property_id: str = setting("Number of the property; needed only where several accounts are connected.", "")
    lag_days: int = setting("How many days Google takes until its figures are whole; that many days are left out.", 2)


class GA4(BatchConnector[Ga4Settings]):
    title = "Google Analytics 4"
    settings_type = Ga4Settings
    home = ("https://analyticsdata.googleapis.com",)
    path = "/v1beta/properties"
    # A property takes ten requests at once, and dashboards ask too
    # (https://developers.google.com/analytics/devguides/reporting/data/v1/quotas). One call carries five reports of ten metrics.
    limits = Limits(concurrency=3, batch=METRICS_PER_REPORT * REPORTS_PER_CALL)

    links = (
        LinkPattern("realtime", _HOST, _PATH, fragment=rf"{_PROPERTY}/(realtime|reports/realtime)\b.*"),
        LinkPattern(
            "exploration", _HOST, _PATH, fragment=rf"{_PROPERTY}/analysis\b.*",
            instead="Explorations are not given out: paste the address of a report, with #metric=NAME and where=dimension:value.",
        ),
        LinkPattern("report", _HOST, _PATH, fragment=rf"{_PROPERTY}(/((reports|home)\b.*)?)?"),
        LinkPattern(
            "page", _HOST, _PATH, fragment=rf"{_PROPERTY}/.*", instead="Paste the address of a page under Reports.",
        ),
        LinkPattern(
            "universal", _HOST, _PATH, fragment=r".*a\d+w\d+p\d+.*",
            instead="Universal Analytics was switched off: paste the address of a report of a Google Analytics 4 property.",
        ),
    )  # fmt: skip
    metrics = {
        "report": (
            Metric("activeUsers", "users who were active"),
            Metric("newUsers", "users who came for the first time"),
            Metric("totalUsers", "users who did anything at all"),
            Metric("sessions", "sessions"),
            Metric("engagedSessions", "sessions of more than ten seconds, two views or a key event"),
            Metric("engagementRate", "engaged sessions, of all", unit=PERCENT),
            Metric("screenPageViews", "pages and screens viewed"),
            Metric("eventCount", "events"),
            Metric("keyEvents", "key events (formerly conversions); of one event as keyEvents:purchase"),
            Metric("totalRevenue", "revenue of purchases, subscriptions and advertising, in the property's currency"),
        ),
        "realtime": (
            Metric("activeUsers", "users active within the last 30 minutes"),
            Metric("screenPageViews", "pages and screens viewed within the last 30 minutes"),
            Metric("eventCount", "events within the last 30 minutes"),
            Metric("keyEvents", "key events within the last 30 minutes"),
        ),
    }
    examples = (
        Example(
            f"{_PAGE}reportinghub#metric=sessions&period=2026-01-01..2026-03-31",
            "report/123456789?start=2026-01-01&end=2026-03-31&metric=sessions", "sessions",
            {**_SAMPLE, "report": {
                "metricHeaders": [{"name": "sessions", "type": "TYPE_INTEGER"}], "rowCount": 1,
                "rows": [{"metricValues": [{"value": "15021"}]}], "metadata": {"timeZone": "Europe/Berlin"},
            }},
            Decimal(15021),
        ),
        Example(
            f"{_PAGE}explorer?params=_u..nav%3Dmaui%26_u.date00%3D20260101%26_u.date01%3D20260131"
            "&r=lifecycle-traffic-acquisition-v2#metric=engagement rate",
            "report/123456789?start=2026-01-01&end=2026-01-31&metric=engagementRate", "engagementRate",
            {**_SAMPLE, "report": {
                "metricHeaders": [{"name": "engagementRate", "type": "TYPE_FLOAT"}], "rowCount": 1,
                "rows": [{"metricValues": [{"value": "0.5725"}]}],
            }},
            Decimal("0.5725"), PERCENT,
        ),
        Example(
            f"{_PAGE}home#metric=eventCount&where=eventName:purchase,country:Germany&period=2026-01-01..2026-03-31",
            "report/123456789?start=2026-01-01&end=2026-03-31&metric=eventCount&where=eventName:purchase,country:Germany",
            "eventCount",
        ),
        Example(
            "https://analytics.google.com/analytics/web/#/a12345p123456789/realtime/overview?params=_u..nav%3Dmaui",
            "realtime/123456789?metric=activeUsers", "activeUsers",
        ),
    )  # fmt: skip
    unsupported = (
        "https://analytics.google.com/analytics/web/#/a12345p123456789/analysis/w-0_AbCdEf",
        "https://analytics.google.com/analytics/web/#/p123456789/advertising/hub",
        "https://analytics.google.com/analytics/web/#/report/visitors-overview/a1234w5678p9012/",
        f"{_PAGE}explorer?params=_u.date00%3D20260101%26_u.date01%3D20260131%26_r..dataFilters%3D%5B%7B%22type%22:1%7D%5D",
    )

    def auth(self) -> Auth:
        return sign_in(self.settings, SCOPE, title=self.title, account=self.account)

    def consent(self) -> Consent:
        return consent_to(self.settings, SCOPE)

    @classmethod
    def chosen(cls, kind: str, ids: Mapping[str, str], link: Link) -> tuple[Resource, str]:
        number, page = ids["id"], page_of(link.url)
        metric = metric_named(link.option("metric") or page.metric, [one.name for one in cls.metrics[kind]])
        if kind == "realtime":
            only(link)
            return Resource(kind, number, (("metric", metric),)), metric
        only(link, "period", "where")
        days = days_of(link) or page.days
        if days is None:
            raise NoSuchMetric(
                "This address names no days.",
                advice="Add period={period.start}..{period.end} behind the link, for the period of the row.",
            )
        params = [("start", days[0]), ("end", days[1]), ("metric", metric)]
        if link.option("where"):
            params.append(("where", where_of(link.option("where"))))
        return Resource(kind, number, tuple(params)), metric

    def serves(self, link: Link, resource: Resource) -> bool:  # noqa: ARG002 - the property says which account it is
        return self.settings.property_id in ("", resource.id)

    def fetch_batch(self, resources: Sequence[Resource], web: Web) -> Mapping[Resource, Any | LinkError]:
        found: dict[Resource, Any] = {}
        wanted: dict[tuple[str, str], list[Resource]] = defaultdict(list)
        for resource in resources:
            if resource.kind == "report" and dict(resource.params)["start"] > self._property(web, resource.id).until(resource):
                found[resource] = NotReady("Google Analytics has not yet processed a single day of this period.")
            else:
                wanted[resource.kind, resource.id].append(resource)
        for (kind, number), group in wanted.items():
            if kind == "report":
                found |= asked(group, self._property(web, number).reports)
                continue
            for at in range(0, len(group), METRICS_PER_REPORT):
                found |= asked(group[at : at + METRICS_PER_REPORT], self._property(web, number).realtime)
        return found

    def read(self, document: Any, query: Query) -> Reading:
        return reading(document, query.metric)

    def refine(self, reply: Reply) -> LinkError | None:
        return reports.meaning(reply, self.settings)

    def probe(self, web: Web) -> None:
        # The number 0 stands for what all properties have in common.
        self.ask(web, f"/{quote(self.settings.property_id or '0', safe='')}/metadata")

    # --- the property

    def _property(self, web: Web, number: str) -> reports.Property:
        return reports.Property(web, f"{self.base()}{self.path}/{quote(number, safe='')}", self._now(), self.settings.lag_days)

    def _now(self) -> datetime:
        return utc_now()
