"""An answer of HubSpot that is no answer goes in, what it means comes out: permissions, limits, moves.

Source    https://developers.hubspot.com/docs/api-reference/error-handling and the retry rules of HubSpot's own client library
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Context, Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sheetsync.connectors.base import Metric, reading_of, walk, walk_or_none
from sheetsync.errors import AccessDenied, LinkError, NotReady, RateLimited, UnexpectedReply
from sheetsync.model import PERCENT, Reading
from sheetsync.web.http import Reply

SHARES: Final = {
    "open_rate": "delivered", "click_rate": "delivered", "click_through_rate": "open", "unsubscribe_rate": "delivered",
    "bounce_rate": "sent",
}  # fmt: skip
"""Rate of an e-mail -> the count that it is a share of."""
_RATE: Final = Context(prec=28)
WAITS: Final = {"SECONDLY": 1.0, "TEN_SECONDLY_ROLLING": 10.0}
"""Seconds to wait by the limit that was hit (`policyName`); the daily one ends at midnight of the account's time zone."""
SCOPES: Final = frozenset({
    "crm.lists.read", "crm.objects.contacts.read", "crm.objects.companies.read", "crm.objects.deals.read", "tickets", "content",
    "crm.objects.custom.read", "crm.objects.leads.read", "marketing.campaigns.read", "marketing.campaigns.revenue.read",
})  # fmt: skip
"""Permissions that may be named in an error; nothing else of what HubSpot says is repeated."""


def meaning(reply: Reply, zone: str | None) -> LinkError | None:
    """What an answer means where its status does not say; `zone` is the account's time zone, as far as it is known."""
    match reply.status:
        case 403 if b"MISSING_SCOPES" in reply.body:
            return AccessDenied(
                "The key of this account lacks the permission {scope}.", scope=_scope(reply),
                advice="Ask the person who installed sheetsync to add it to the key in HubSpot.",
            )  # fmt: skip
        case 423:
            return RateLimited("HubSpot has locked this for a moment.", wait=reply.retry_after() or 2.0)
        case 429:
            policy = str(walk_or_none(_json(reply), "policyName") or "")
            wait = _until_midnight(reply, zone) if policy == "DAILY" else WAITS.get(policy)
            return RateLimited("HubSpot asks for fewer requests.", wait=reply.retry_after() or wait)
        case 477:
            return RateLimited("HubSpot is moving this account to another place.", wait=reply.retry_after() or 3_600.0)
    return None


def _until_midnight(reply: Reply, zone: str | None) -> float:
    """Seconds until the account's day ends, by HubSpot's own clock; an hour where either is not known."""
    try:
        now = parsedate_to_datetime(reply.headers["date"]).astimezone(ZoneInfo(zone or ""))
    except (KeyError, ValueError, TypeError, OSError):
        return 3_600.0
    day = now.date() + timedelta(days=1)
    return datetime(day.year, day.month, day.day, tzinfo=now.tzinfo).timestamp() - now.timestamp()


def _scope(reply: Reply) -> str:
    context = walk_or_none(_json(reply), "errors.0.context") or walk_or_none(_json(reply), "context")
    lists = context.values() if isinstance(context, dict) else ()
    named = [scope for scopes in lists if isinstance(scopes, list) for scope in scopes if isinstance(scope, str)]
    return next((scope for scope in named if scope in SCOPES), "to read this page")


def _json(reply: Reply) -> Any:
    try:
        return reply.json()
    except UnexpectedReply:
        return None


def share(document: Any, metric: str, part: Decimal) -> Reading:
    """A rate, worked out from the counts. Raises NotReady where there is nothing that it could be a share of."""
    whole = reading_of(walk(document, f"stats.counters.{SHARES[metric]}"), Metric("whole", "")).value
    if not whole:
        raise NotReady("There is no share yet, since HubSpot has counted nothing that it could be a share of.")
    return Reading(_RATE.divide(part, whole), PERCENT)
