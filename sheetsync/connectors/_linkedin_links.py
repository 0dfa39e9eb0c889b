"""What an address of LinkedIn and the measure name goes in, the page or the post that is asked for comes out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sheetsync.connectors._linkedin import EMBED
from sheetsync.connectors._linkedin_questions import OF_PAGE
from sheetsync.connectors._options import days_of, only
from sheetsync.connectors.base import Metric
from sheetsync.errors import NoSuchMetric
from sheetsync.model import Link, Resource

NO_SUM: Final = frozenset({"followers", "unique_impressions", "engagement_rate"})
"""Measures of a page that cannot be added up over the days of a period."""


def company_of(ids: Mapping[str, str], link: Link, metric: Metric) -> Resource:
    """Raises NoSuchMetric where the days of the link and the measure do not go together."""
    only(link, "period")
    days = days_of(link)
    if days and metric.name in NO_SUM:
        raise NoSuchMetric(
            "LinkedIn does not give this measure for a period.",
            advice=(
                "Take period= out of the link, or choose new_followers, impressions, clicks, likes, comments, shares or "
                "page_views."
            ),
        )
    if metric.name == "new_followers" and not days:
        raise NoSuchMetric(
            "{measure} are counted by day, and this link names no days.", measure=metric.name,
            advice="Add period={period.start}..{period.end} behind the link, separated by & from the measure.",
        )  # fmt: skip
    name = [("by", "name")] if "name" in ids else []
    span = zip(("from", "to"), days, strict=True) if days else ()
    return Resource("company", ids.get("id") or ids["name"].lower(), (*name, *_of(metric), *span))


def post_of(ids: Mapping[str, str], link: Link, metric: Metric) -> Resource:
    """Raises NoSuchMetric for what LinkedIn does not tell under an activity's number."""
    only(link)
    asked = _of(metric)
    if asked and ids["type"] == "activity":
        raise NoSuchMetric("LinkedIn does not give this measure under this address of the post.", advice=EMBED)
    return Resource("post", f"{ids['type']}:{ids['id']}", asked)


def _of(metric: Metric) -> tuple[tuple[str, str], ...]:
    """What is counted for the measure, where that is another question than the usual one."""
    of = metric.path.partition(".")[0]
    return (("of", of),) if of in OF_PAGE else ()
