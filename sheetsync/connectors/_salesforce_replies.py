"""What Salesforce answered goes in, the error that it means or the moment that it was said at comes out."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from sheetsync.connectors.base import walk_or_none
from sheetsync.errors import AccessDenied, Incomplete, LinkError, RateLimited, UnsupportedLink
from sheetsync.web.http import Reply

HOUR: Final = 3_600.0
PATIENCE: Final = 20.0
"""Seconds until a place among the long requests that run at the same time becomes free again."""


def meaning(reply: Reply) -> LinkError | None:
    """What a refusal means by its code: limits come as 403, without a wait."""
    if not 400 <= reply.status < 500 or reply.status == 401:
        return None
    code, message = _complaint(reply)
    if code == "REQUEST_LIMIT_EXCEEDED":  # the day's calls, or too many long ones at once: both come as 403, without a wait
        wait = PATIENCE if "concurrent" in message.casefold() else HOUR
        return RateLimited("Salesforce answers no more calls of this organisation for a while.", wait=wait)
    if reply.status == 403 and re.search(r"more than \d+ (reports|dashboards)", message):
        return RateLimited("Salesforce runs no more reports within this hour.", wait=HOUR)
    if code in {"API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED"}:
        return AccessDenied("This organisation of Salesforce, or its user, may not use the API.")
    if code == "QUERY_TIMEOUT":
        return Incomplete("Salesforce did not finish this query in time.")
    if reply.status == 400 and reply.path.endswith("/describe") and "/listviews/" in reply.path:
        return UnsupportedLink(
            "Salesforce does not describe this list view.", use_instead="Make a report of it, and paste the report's address."
        )
    return None


def _complaint(reply: Reply) -> tuple[str, str]:
    """The code and the text of an error: a list of one, or one alone."""
    try:
        told = reply.json()
    except LinkError:
        return "", ""
    first = walk_or_none(told, "0") if isinstance(told, list) else told
    return str(walk_or_none(first, "errorCode") or ""), str(walk_or_none(first, "message") or "")


def moment_of(reply: Reply) -> datetime | None:
    try:
        found = parsedate_to_datetime(reply.headers.get("date", ""))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
