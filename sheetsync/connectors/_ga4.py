"""Addresses and answers of Google Analytics go in; days and filters, one figure, or the reason why there is none comes out."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from datetime import time as day_time
from decimal import Decimal
from typing import Any, Final
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from sheetsync import links
from sheetsync.connectors._google import exact
from sheetsync.connectors._options import conditions_of, conditions_text
from sheetsync.connectors.base import Metric, reading_of, walk, walk_or_none
from sheetsync.errors import AccessDenied, Incomplete, LinkError, NoSuchMetric, NotReady, UnexpectedReply, UnsupportedLink
from sheetsync.model import PERCENT, Reading

METRICS_PER_REPORT: Final = 10
REPORTS_PER_CALL: Final = 5
"""https://developers.google.com/analytics/devguides/reporting/data/v1/rest/v1beta/properties/batchRunReports"""
NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}(:[A-Za-z0-9_-]{1,100})?")

_RATIO: Final = re.compile(r"(?i:average).*|.*(Rate|Ratio|OnAdSpend)|.*Per[A-Z].*")
"""Names of what is divided by something: without anything recorded it is not zero."""
_SHARES: Final = re.compile(r".*Rate|dauPerMau|dauPerWau|wauPerMau")
"""Names of shares of 1 (https://developers.google.com/analytics/devguides/reporting/data/v1/api-schema#metrics)."""
_FILTERING: Final = re.compile(r".*(filter|segment|audience|dimension-value).*", re.IGNORECASE)
"""Parts of an address that leave something out; a page about one event has it as the value of a dimension."""
_NOTHING: Final = frozenset({"", "[]", "{}", '""', "undefined", "null"})


# --- the address of a page


@dataclass(frozen=True, slots=True)
class Shown:
    """What the address of a page says: its days, and its measure where it names only one."""

    days: tuple[str, str] | None = None
    metric: str = ""


def page_of(url: str) -> Shown:
    """Raises UnsupportedLink where the page is filtered, which would give another number than the page shows."""
    outer = dict(parse_qsl(links.split(url).fragment.partition("?")[2]))
    given = dict(parse_qsl(outer.get("params", ""))) | outer
    filtered = any(_FILTERING.fullmatch(name) and value.strip() not in _NOTHING for name, value in given.items())
    if filtered or not _of_everybody(given.get("_u..comparisons", "")):
        raise UnsupportedLink(
            "This address filters the report, which sheetsync cannot repeat.",
            use_instead="Take the filter off the page and paste its address again, with #where=dimension:value behind it.",
        )
    ends = [
        re.fullmatch(r"(\d{4})(\d\d)(\d\d)", given.get(f"_u.date{place}", given.get(f"_u..date{place}", "")))
        for place in ("00", "01")
    ]
    days = None
    if ends[0] and ends[1]:
        try:
            first, last = (date(*map(int, end.groups())) for end in ends if end)
            days = (first.isoformat(), last.isoformat()) if first <= last else None
        except ValueError:
            days = None
    shown = re.findall(r'"([A-Za-z0-9_:]+)"', given.get("_r.explorerCard..selmet", ""))
    return Shown(days, shown[0] if len(shown) == 1 else "")


def _of_everybody(comparisons: str) -> bool:
    """Whether a page compares nothing, or shows the one comparison that every page begins with: all users."""
    try:
        found = json.loads(comparisons or "[]")
    except ValueError:
        return False
    return isinstance(found, list) and all(str(walk_or_none(one, "name")).casefold() == "all users" for one in found)


def metric_named(wanted: str | None, known: Sequence[str]) -> str:
    """The metric that is meant, the first of those known where none is; others may have any name. Raises NoSuchMetric."""
    if not wanted:
        return known[0]
    meant = {name.casefold(): name for name in known} | {"views": "screenPageViews"}
    name = meant.get(re.sub(r"[ _-]", "", wanted).casefold(), wanted)
    if not NAME.fullmatch(name):
        raise NoSuchMetric(
            "{metric} is no name of a measure; there are {known} and more.", metric=wanted, known=list(meant.values())
        )
    return name


def where_of(text: str | None) -> str:
    conditions = conditions_of(text)
    for condition in conditions:
        if condition.test != "=" or not NAME.fullmatch(condition.column) or not condition.value:
            raise NoSuchMetric(
                "A filter of Google Analytics names a dimension and its value.", advice="Write where=eventName:purchase."
            )
    names = [condition.column for condition in conditions]
    if len(names) != len(set(names)) or len(names) > REPORTS_PER_CALL:
        raise NoSuchMetric(
            "A filter of Google Analytics names a dimension once, and at most {limit}.", limit=REPORTS_PER_CALL,
            advice="Leave some of them out.",
        )  # fmt: skip
    return conditions_text(conditions)


# --- questions and answers


def body_of(start: str, end: str, where: str, metrics: Sequence[str]) -> dict[str, Any]:
    exactly = [
        {"filter": {"fieldName": one.column, "stringFilter": {"matchType": "EXACT", "value": one.value}}}
        for one in conditions_of(where)
    ]
    body: dict[str, Any] = {
        "dateRanges": [{"startDate": start, "endDate": end}],
        "metrics": [{"name": name} for name in metrics],
        "keepEmptyRows": True,
    }
    return body | ({"dimensionFilter": {"andGroup": {"expressions": exactly}}} if exactly else {})


def report_of(answer: Any) -> dict[str, Any]:
    if not isinstance(answer, dict) or not isinstance(answer.get("metricHeaders"), list):
        raise UnexpectedReply("Google Analytics answered without a report.")
    return answer


def not_whole(report: dict[str, Any]) -> LinkError | None:
    """Why the answer is not all there is, else None (`ResponseMetaData` of the discovery document)."""
    told = report.get("metadata")
    said = told if isinstance(told, dict) else {}
    if said.get("samplingMetadatas"):
        return Incomplete(
            "Google Analytics counted only a sample of the events.", advice="Choose fewer days or a simpler filter."
        )
    if said.get("subjectToThresholding"):
        return Incomplete(
            "Google Analytics holds rows back that are about too few people.",
            advice="Choose more days, or leave out filters on age, gender and interests.",
        )
    if said.get("dataLossFromOtherRow"):
        return Incomplete(
            "Google Analytics put a part of the values together as (other).", advice="Choose fewer days or another dimension."
        )
    if said.get("dataTruncationReasons"):
        return Incomplete("Google Analytics cut its answer off.", advice="Choose fewer days or a simpler filter.")
    if said.get("emptyReason") and not report.get("rows"):
        return Incomplete("Google Analytics gives no figure here, for a reason of its own.")
    return None


def nothing_in(report: dict[str, Any]) -> bool:
    """Whether nothing was recorded: no row, or one of zeros alone, which `keepEmptyRows` asks for."""
    cells = [walk(cell, "value") for row in report.get("rows") or [] for cell in walk(row, "metricValues")]
    return all(exact(cell) == 0 for cell in cells)


def reading(document: Any, name: str) -> Reading:
    """The figure of one metric, with its unit or currency. Raises AccessDenied, NotReady, UnexpectedReply."""
    report = document["report"]
    place, kind = column_of(report, name)
    refuse_restricted(report, name)
    shape = Metric(name, "", unit=PERCENT if is_share(name) else "")
    money = (walk(report, "metadata.currencyCode") or "") if kind == "TYPE_CURRENCY" else None
    found = reading_of(exact(figure_of(report, place, name)), shape, money)
    return Reading(found.value, found.unit, moment_of(document, walk_or_none(report, "metadata.timeZone")))


def column_of(report: Any, name: str) -> tuple[int, str]:
    """Where the metric stands in the rows, and its type."""
    for place, header in enumerate(walk(report, "metricHeaders")):
        if walk_or_none(header, "name") == name:
            return place, str(walk(header, "type"))
    raise UnexpectedReply("The answer of Google Analytics has no measure {metric}.", metric=name)


def refuse_restricted(report: Any, name: str) -> None:
    restrictions = walk_or_none(report, "metadata.schemaRestrictionResponse.activeMetricRestrictions") or []
    if any(walk_or_none(one, "metricName") in (name, None) for one in restrictions):
        raise AccessDenied(
            "The key of this account may not see revenue or cost, so Google Analytics shows {metric} as zero.", metric=name,
            advice="Ask the owner of the property to lift the restriction of this address: Admin, Property access management.",
        )  # fmt: skip


def is_share(name: str) -> bool:
    return _SHARES.fullmatch(name.partition(":")[0]) is not None


def figure_of(report: Any, place: int, name: str) -> Any:
    """The one figure; zero where nothing was recorded, except for what is divided by it."""
    rows = report.get("rows") or []
    if len(rows) > 1 or report.get("rowCount", len(rows)) != len(rows):
        raise UnexpectedReply("Google Analytics gave several rows where one is due.")
    if rows:
        return walk(rows[0], f"metricValues.{place}.value")
    if _RATIO.fullmatch(name.partition(":")[0]):
        raise NotReady("Nothing was recorded in these days, so there is no {metric} yet.", metric=name)
    return Decimal(0)


def moment_of(document: Any, zone: object) -> datetime | None:
    """The end of the last day that is counted; None where there is no day, or no known time zone."""
    if "until" not in document or not isinstance(zone, str):
        return None
    try:
        end = datetime.combine(date.fromisoformat(document["until"]), day_time(23, 59, 59), ZoneInfo(zone))
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        return None
    asked_at: datetime = document["asked"]
    return min(end, asked_at.astimezone(end.tzinfo))
