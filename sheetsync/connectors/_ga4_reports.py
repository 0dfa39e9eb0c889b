"""Properties of Google Analytics, asked: many metrics a report, many reports a call, and what an error means.

Batches   https://developers.google.com/analytics/devguides/reporting/data/v1/rest/v1beta/properties/batchRunReports
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sheetsync.connectors._ga4 import METRICS_PER_REPORT, REPORTS_PER_CALL, body_of, not_whole, nothing_in, report_of
from sheetsync.connectors._google import HOUR, GoogleSettings, complaint, switched_off, until_reset, who
from sheetsync.connectors._options import conditions_of
from sheetsync.connectors.base import walk
from sheetsync.errors import AccessDenied, LinkError, NoSuchMetric, NotFound, RateLimited, UnexpectedReply
from sheetsync.model import Resource
from sheetsync.web.http import Reply, Web

FIRST_DAY: Final = "2015-08-14"
"""No property has data from before
(https://developers.google.com/analytics/devguides/reporting/data/v1/rest/v1beta/DateRange, `startDate`)."""


class Property:
    """One property, at its address. `now` is the moment of asking, `lag` how many days Google takes to process a day."""

    def __init__(self, web: Web, url: str, now: datetime, lag: int) -> None:
        self._web, self._url, self._now, self._lag = web, url, now, lag

    def reports(self, resources: Sequence[Resource]) -> dict[Resource, Any]:
        """Ten metrics of the same days and filter make a report, five reports a call."""
        alike: dict[tuple[str, str, str], list[Resource]] = defaultdict(list)
        for resource in resources:
            given = dict(resource.params)
            alike[given["start"], self.until(resource), given.get("where", "")].append(resource)
        parts = [(key, group[at : at + METRICS_PER_REPORT]) for key, group in alike.items()
                 for at in range(0, len(group), METRICS_PER_REPORT)]  # fmt: skip
        bodies = [body_of(*key, [metric_of(one) for one in group]) for key, group in parts]
        found: dict[Resource, Any] = {}
        for (key, group), report in zip(parts, self._run(bodies), strict=True):
            problem = not_whole(report)
            if problem is None and key[2] and nothing_in(report):
                problem = self._never_seen(key, metric_of(group[0]))
            document = {"report": report, "until": key[1], "asked": self._now}
            found |= dict.fromkeys(group, problem or document)
        return found

    def realtime(self, resources: Sequence[Resource]) -> dict[Resource, Any]:
        body = {"metrics": [{"name": metric_of(one)} for one in resources]}
        report = report_of(self._web.post_json(f"{self._url}:runRealtimeReport", body))
        return dict.fromkeys(resources, not_whole(report) or {"report": report})

    def until(self, resource: Resource) -> str:
        """The last day that is counted: the period's last, or the last that is processed whole wherever the property lies."""
        whole = (self._now - timedelta(hours=12)).date() - timedelta(days=self._lag)
        return min(dict(resource.params)["end"], whole.isoformat())

    def _run(self, bodies: Sequence[Any]) -> list[Any]:
        if len(bodies) == 1:
            return [report_of(self._web.post_json(f"{self._url}:runReport", bodies[0]))]
        found = []
        for at in range(0, len(bodies), REPORTS_PER_CALL):
            part = bodies[at : at + REPORTS_PER_CALL]
            answer = self._web.post_json(f"{self._url}:batchRunReports", {"requests": part})
            reports = walk(answer, "reports")
            if not isinstance(reports, list) or len(reports) != len(part):
                raise UnexpectedReply("Google Analytics did not answer each of the questions.")
            found += [report_of(report) for report in reports]
        return found

    def _never_seen(self, key: tuple[str, str, str], metric: str) -> LinkError | None:
        """Nothing meets the filter: the error where the property has never recorded one of its values, else None."""
        conditions = conditions_of(key[2])
        # With the dimension itself a row means that its value was recorded, whatever the metric is.
        bodies = [
            body_of(FIRST_DAY, key[1], str(condition), [metric]) | {"dimensions": [{"name": condition.column}]}
            for condition in conditions
        ]
        for condition, report in zip(conditions, self._run(bodies), strict=True):
            if not report.get("rows"):
                return NotFound(
                    "This property has never recorded {value} as {dimension}.", value=condition.value, dimension=condition.column,
                    advice="Check how it is spelt in Google Analytics; it is written once it was recorded for the first time.",
                )  # fmt: skip
        return None


def metric_of(resource: Resource) -> str:
    return dict(resource.params)["metric"]


def meaning(reply: Reply, settings: GoogleSettings) -> LinkError | None:
    """What an answer means by its own status, where that of HTTP does not say."""
    if not 400 <= reply.status < 500 or reply.status == 401:
        return None
    told = complaint(reply)
    if told.status == "RESOURCE_EXHAUSTED" and "day" in told.message:
        return RateLimited("Google Analytics answers no more questions about this property today.", wait=until_reset(reply))
    if told.status == "RESOURCE_EXHAUSTED" and "hour" in told.message:
        return RateLimited("Google Analytics answers no more questions about this property within this hour.", wait=HOUR)
    if reply.status == 403:
        return switched_off(told, "Google Analytics 4") or AccessDenied(
            "Google Analytics does not let {who} read this property.", who=who(settings),
            advice="Ask the owner of the property to add this address as Viewer: Admin, Property access management.",
        )  # fmt: skip
    if reply.status == 400:
        return NoSuchMetric(
            "Google Analytics has no such measure or dimension, or cannot combine them.",
            advice="Write their names as in the page API dimensions and metrics of Google Analytics, such as keyEvents.",
        )
    return None
