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

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Final
from urllib.parse import quote

from sheetsync.connectors._ga4 import (
    METRICS_PER_REPORT,
    NAME,
    REPORTS_PER_CALL,
    body_of,
    column_of,
    figure_of,
    is_share,
    moment_of,
    not_whole,
    page_of,
    refuse_restricted,
    report_of,
    where_of,
)
from sheetsync.connectors._google import (
    HOUR,
    GoogleSettings,
    complaint,
    consent_to,
    exact,
    sign_in,
    switched_off,
    until_reset,
    utc_now,
    who,
)
from sheetsync.connectors._halves import asked
from sheetsync.connectors._options import conditions_of, days_of, only
from sheetsync.connectors.base import (
    Connector,
    Example,
    Limits,
    LinkPattern,
    Metric,
    origin_of,
    reading_of,
    setting,
    walk,
    walk_or_none,
)
from sheetsync.errors import (
    AccessDenied,
    LinkError,
    NoSuchMetric,
    NotFound,
    NotReady,
    RateLimited,
    UnexpectedReply,
)
from sheetsync.model import PERCENT, Link, Query, Reading, Resource
from sheetsync.web.auth import Auth
from sheetsync.web.consent import Consent
from sheetsync.web.http import Reply, Web

SCOPE: Final = "https://www.googleapis.com/auth/analytics.readonly"
FIRST_DAY: Final = "2015-08-14"
"""No property has data from before (the same page, `startDate`)."""

_HOST: Final = r"analytics\.google\.com"
_PATH: Final = r"/analytics/web/(provision/)?"
_PROPERTY: Final = r"/(a\d{1,15})?p(?P<id>\d{4,15})"
_PAGE: Final = "https://analytics.google.com/analytics/web/#/p123456789/reports/"
_SAMPLE: Final = {"until": "2026-03-31", "asked": datetime(2026, 4, 20, tzinfo=UTC)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ga4Settings(GoogleSettings):
    property_id: str = setting("Number of the property; needed only where several accounts are connected.", "")
    lag_days: int = setting("How many days Google takes until its figures are whole; that many days are left out.", 2)


class GA4(Connector[Ga4Settings]):
    title = "Google Analytics 4"
    settings_type = Ga4Settings
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

    def origins(self) -> Collection[str]:
        return (origin_of(self._base()),)

    def auth(self) -> Auth:
        return sign_in(self.settings, SCOPE, title=self.title, account=self.account)

    def consent(self) -> Consent:
        return consent_to(self.settings, SCOPE)

    @classmethod
    def resolve(cls, link: Link) -> tuple[Resource, str] | None:
        found = cls.match(link)
        if found is None:
            return None
        kind, number = found[0].kind, found[1]["id"]
        page = page_of(link.url)
        metric = cls._metric(kind, link.option("metric") or page.metric)
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

    def fetch(self, resource: Resource, web: Web) -> Any:
        found = self.fetch_batch([resource], web)[resource]
        if isinstance(found, LinkError):
            raise found
        return found

    def fetch_batch(self, resources: Sequence[Resource], web: Web) -> Mapping[Resource, Any | LinkError]:
        found: dict[Resource, Any] = {}
        wanted: dict[tuple[str, str], list[Resource]] = defaultdict(list)
        for resource in resources:
            if resource.kind == "report" and dict(resource.params)["start"] > self._until(resource):
                found[resource] = NotReady("Google Analytics has not yet processed a single day of this period.")
            else:
                wanted[resource.kind, resource.id].append(resource)
        for (kind, number), group in wanted.items():
            if kind == "report":
                found |= asked(group, partial(self._reports, web, number))
                continue
            for at in range(0, len(group), METRICS_PER_REPORT):
                found |= asked(group[at : at + METRICS_PER_REPORT], partial(self._realtime, web, number))
        return found

    def read(self, document: Any, query: Query) -> Reading:
        report, name = document["report"], query.metric
        place, kind = column_of(report, name)
        refuse_restricted(report, name)
        shape = Metric(name, "", unit=PERCENT if is_share(name) else "")
        money = (walk(report, "metadata.currencyCode") or "") if kind == "TYPE_CURRENCY" else None
        reading = reading_of(exact(figure_of(report, place, name)), shape, money)
        return Reading(reading.value, reading.unit, moment_of(document, walk_or_none(report, "metadata.timeZone")))

    def refine(self, reply: Reply) -> LinkError | None:
        if not 400 <= reply.status < 500 or reply.status == 401:
            return None
        told = complaint(reply)
        if told.status == "RESOURCE_EXHAUSTED" and "day" in told.message:
            return RateLimited("Google Analytics answers no more questions about this property today.", wait=until_reset(reply))
        if told.status == "RESOURCE_EXHAUSTED" and "hour" in told.message:
            return RateLimited("Google Analytics answers no more questions about this property within this hour.", wait=HOUR)
        if reply.status == 403:
            return switched_off(told, self.title) or AccessDenied(
                "Google Analytics does not let {who} read this property.", who=who(self.settings),
                advice="Ask the owner of the property to add this address as Viewer: Admin, Property access management.",
            )  # fmt: skip
        if reply.status == 400:
            return NoSuchMetric(
                "Google Analytics has no such measure or dimension, or cannot combine them.",
                advice="Write their names as in the page API dimensions and metrics of Google Analytics, such as keyEvents.",
            )
        return None

    def probe(self, web: Web) -> None:
        # The number 0 stands for what all properties have in common.
        web.get_json(f"{self._properties(self.settings.property_id or '0')}/metadata")

    # --- how Google Analytics is asked

    @classmethod
    def _metric(cls, kind: str, wanted: str | None) -> str:
        if not wanted:
            return cls.metrics[kind][0].name
        plain = re.sub(r"[ _-]", "", wanted).casefold()
        known = {metric.name.casefold(): metric.name for metric in cls.metrics[kind]} | {"views": "screenPageViews"}
        name = known.get(plain, wanted)
        if not NAME.fullmatch(name):
            raise NoSuchMetric(
                "{metric} is no name of a measure; there are {known} and more.", metric=wanted, known=list(known.values())
            )
        return name

    def _base(self) -> str:
        return (self.settings.api_url or "https://analyticsdata.googleapis.com").rstrip("/")

    def _properties(self, number: str) -> str:
        return f"{self._base()}/v1beta/properties/{quote(number, safe='')}"

    def _until(self, resource: Resource) -> str:
        """The last day that is counted: the period's last, or the last that is processed whole wherever the property lies."""
        whole = (self._now() - timedelta(hours=12)).date() - timedelta(days=self.settings.lag_days)
        return min(dict(resource.params)["end"], whole.isoformat())

    def _now(self) -> datetime:
        return utc_now()

    def _reports(self, web: Web, number: str, resources: Sequence[Resource]) -> dict[Resource, Any]:
        """Ten metrics of the same days and filter make a report, five reports a call."""
        alike: dict[tuple[str, str, str], list[Resource]] = defaultdict(list)
        for resource in resources:
            given = dict(resource.params)
            alike[given["start"], self._until(resource), given.get("where", "")].append(resource)
        parts = [(key, group[at : at + METRICS_PER_REPORT]) for key, group in alike.items()
                 for at in range(0, len(group), METRICS_PER_REPORT)]  # fmt: skip
        bodies = [body_of(*key, [_metric_of(one) for one in group]) for key, group in parts]
        found: dict[Resource, Any] = {}
        for (key, group), report in zip(parts, self._run(web, number, bodies), strict=True):
            problem = not_whole(report)
            if problem is None and not report.get("rows") and key[2]:
                problem = self._never_seen(web, number, key, _metric_of(group[0]))
            document = {"report": report, "until": key[1], "asked": self._now()}
            found |= dict.fromkeys(group, problem or document)
        return found

    def _run(self, web: Web, number: str, bodies: Sequence[Any]) -> list[Any]:
        if len(bodies) == 1:
            return [report_of(web.post_json(f"{self._properties(number)}:runReport", bodies[0]))]
        found = []
        for at in range(0, len(bodies), REPORTS_PER_CALL):
            part = bodies[at : at + REPORTS_PER_CALL]
            answer = web.post_json(f"{self._properties(number)}:batchRunReports", {"requests": part})
            reports = walk(answer, "reports")
            if not isinstance(reports, list) or len(reports) != len(part):
                raise UnexpectedReply("Google Analytics did not answer each of the questions.")
            found += [report_of(report) for report in reports]
        return found

    def _never_seen(self, web: Web, number: str, key: tuple[str, str, str], metric: str) -> LinkError | None:
        """Nothing meets the filter: the error where the property has never recorded one of its values, else None."""
        conditions = conditions_of(key[2])
        bodies = [body_of(FIRST_DAY, key[1], str(condition), [metric]) for condition in conditions]
        for condition, report in zip(conditions, self._run(web, number, bodies), strict=True):
            if not report.get("rows"):
                return NotFound(
                    "This property has never recorded {value} as {dimension}.", value=condition.value, dimension=condition.column,
                    advice="Check how it is spelt in Google Analytics; it is written once it was recorded for the first time.",
                )  # fmt: skip
        return None

    def _realtime(self, web: Web, number: str, resources: Sequence[Resource]) -> dict[Resource, Any]:
        body = {"metrics": [{"name": _metric_of(one)} for one in resources]}
        report = report_of(web.post_json(f"{self._properties(number)}:runRealtimeReport", body))
        return dict.fromkeys(resources, not_whole(report) or {"report": report})


def _metric_of(resource: Resource) -> str:
    return dict(resource.params)["metric"]
