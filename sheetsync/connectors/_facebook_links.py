"""What an address of Facebook and the measure name goes in, the page or the post that is asked for comes out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sheetsync.connectors._facebook_questions import BEHIND
from sheetsync.connectors._options import days_of, only
from sheetsync.connectors.base import Metric
from sheetsync.errors import NoSuchMetric
from sheetsync.model import Link, Resource

OF_PERIOD: Final = frozenset({"views", "engagements", "visits", "new_followers", "lost_followers"})
"""Measures of a page that are counted by day."""
OF_INSIGHTS: Final = frozenset({"views", "viewers"})
"""Measures of a post that only its page is told."""


def page_of(ids: Mapping[str, str], link: Link, metric: Metric) -> Resource:
    """Raises NoSuchMetric where the days are missing, or an option says nothing."""
    page = ids.get("page", "").lower() or ids["id"]
    if metric.name not in OF_PERIOD:
        only(link)
        return Resource("page", page)
    only(link, "period")
    days = days_of(link)
    if days is None:
        raise NoSuchMetric(
            "{measure} are counted by day, and this link names no days.", measure=metric.name,
            advice="Add period={period.start}..{period.end} behind the link, separated by & from the measure.",
        )  # fmt: skip
    return Resource("page", page, (("report", metric.path), ("from", days[0]), ("to", days[1])))


def post_of(ids: Mapping[str, str], link: Link, metric: Metric) -> Resource:
    """Raises NoSuchMetric where an option says nothing."""
    only(link)
    page = ids["id"] if "story_fbid" in ids else ids.get("page", "").lower()
    by = next((what for what in BEHIND if what in ids), "")
    params = {"by": by, "page": page, "report": "insights" if metric.name in OF_INSIGHTS else ""}
    number = ids.get("story_fbid") or (ids[by] if by else ids["id"])
    return Resource("post", number, tuple((name, text) for name, text in params.items() if text))
