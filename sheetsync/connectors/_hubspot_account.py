"""An account of HubSpot, asked: lists, searches, records, e-mails and campaigns, each as the document of its figure.

Versions   stand in the middle of each address, https://developers.hubspot.com/docs/api-reference
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

from sheetsync.connectors import _hubspot_records as records
from sheetsync.connectors._hubspot import TYPES, Schema, filters, property_name
from sheetsync.connectors._options import conditions_of
from sheetsync.connectors.base import Ask, Lookups, walk, walk_or_none
from sheetsync.errors import ConfigError, Incomplete, NoSuchMetric, NotFound, NotReady, UnexpectedReply
from sheetsync.web.consent import Consent

SCOPES: Final = ("oauth", "crm.objects.contacts.read")
"""What the app must have as required scopes; those below may be missing in the app, or in the account's plan."""
OPTIONAL_SCOPES: Final = {
    "optional_scope": "crm.lists.read crm.objects.companies.read crm.objects.deals.read tickets crm.objects.custom.read content "
    "marketing.campaigns.read marketing.campaigns.revenue.read"
}


def consent_page(base: str, version: str) -> Consent:
    tokens = f"{base}/oauth/{version}/token"
    return Consent("https://app.hubspot.com/oauth/authorize", tokens, SCOPES, extra=OPTIONAL_SCOPES, pkce=False)


def version_of(text: str, account: str) -> str:
    """The API's version. Raises ConfigError: it is none."""
    if not re.fullmatch(r"20\d\d-\d\d", text):
        raise ConfigError("The version of HubSpot's API is written as 2026-09, in the account {account}.", account=account)
    return text


class Account:
    """The account of one key. `time_zone` is kept in the look-ups, since a day's quota ends at its midnight."""

    def __init__(self, ask: Ask, post: Callable[[str, Any], Any], version: str, lookups: Lookups) -> None:
        self._ask, self._post, self._version, self._lookups = ask, post, version, lookups

    def portal(self) -> str:
        """The account's number (Hub ID). Asked once a run, and with it the account's currency and time zone."""
        about = self._about()
        zone = walk_or_none(about, "timeZone")
        if isinstance(zone, str) and self._lookups.get("time_zone") != zone:
            self._lookups.put("time_zone", zone)
        return str(walk(about, "portalId"))

    def mail(self, number: str) -> Any:
        mail = self._get("marketing/emails", f"/{number}", {"includeStats": "true"})
        if walk_or_none(mail, "state") in {"PROCESSING", "PRE_PROCESSING"}:
            raise NotReady("HubSpot is still sending this e-mail.")
        if walk_or_none(mail, "isAb"):  # HubSpot does not document whether these counts are of one version or of both
            raise Incomplete(
                "This e-mail is an A/B test, and HubSpot does not say whether its counts are those of both versions.",
                advice="Type the number in by hand, with manual: as the link.",
            )
        return mail

    def campaign(self, guid: str, given: Mapping[str, str], attribution: str) -> Any:
        asked = {"startDate": given["from"], "endDate": given["to"]} if "from" in given else {}
        if given["report"] == "revenue" and attribution:
            asked["attributionModel"] = attribution
        return self._get("marketing/campaigns", f"/{guid}/reports/{given['report']}", asked)

    def members(self, number: str, *, legacy: bool) -> Any:
        if legacy:
            number = str(walk(self._get("crm/lists", "/idmapping", {"legacyListId": number}, once=True), "listId"))
            if not re.fullmatch(r"\d{1,12}", number):
                raise UnexpectedReply("HubSpot gave no number for this old list.")
        found = self._get("crm/lists", f"/{number}", {"includeFilters": "false"})
        if walk_or_none(found, "list.deletedAt"):
            raise NotFound("This list was deleted in HubSpot.")
        if walk(found, "list.processingStatus") != "COMPLETE":
            raise NotReady("HubSpot is still filling this list.")
        if walk_or_none(found, "list.size") is None:  # documented as optional, as is the total that stands in for it
            members = self._get("crm/lists", f"/{number}/memberships", {"limit": "1"})
            return {"list": {"size": walk(members, "total")}}
        return found

    def selected(self, kind: str, given: Mapping[str, str]) -> Any:
        definition = partial(self._definition, kind)
        pipelines = partial(self._get, "crm/pipelines", f"/{kind}", once=True)
        asked = filters(conditions_of(given.get("where")), Schema(definition, pipelines, _zone(self._about())))
        search, column = partial(self._search, kind), given.get("column")
        if column is None:
            return {"total": records.checked_total(search(records.body(asked, ["hs_object_id"], limit=1)))}
        about = self._number(definition(column), column)
        rows = records.every_record(search, asked, [column, *([records.DEAL_CURRENCY] if kind == TYPES["deals"] else [])])
        return {"values": [row.get(column) for row in rows], "unit": records.currency(column, about, self._about(), rows)}

    def record(self, number: str, given: Mapping[str, str]) -> Any:
        kind, column = given["type"], given["column"]
        about = self._number(self._definition(kind, column), column)
        names = ",".join([column, *([records.DEAL_CURRENCY] if kind == TYPES["deals"] else [])])
        row = walk(self._get("crm/objects", f"/{kind}/{number}", {"properties": names}), "properties")
        return {"values": [walk(row, column)], "unit": records.currency(column, about, self._about(), [row])}

    def _about(self) -> Any:
        return self._get("account-info", "/details", once=True)

    def _definition(self, kind: str, name: str) -> Any:
        return self._get("crm/properties", f"/{kind}/{property_name(name)}", once=True)

    def _number(self, definition: Any, name: str) -> Any:
        if walk(definition, "type") != "number":
            raise NoSuchMetric("{property} is no number in HubSpot.", property=name, advice="Choose a property that is a number.")
        return definition

    def _get(self, what: str, path: str, params: Mapping[str, str] | None = None, *, once: bool = False) -> Any:
        return self._ask(f"/{what}/{self._version}{path}", params, once=once)

    def _search(self, kind: str, body: Mapping[str, Any]) -> Any:
        return self._post(f"/crm/objects/{self._version}/{kind}/search", body)


def _zone(account: Any) -> ZoneInfo:
    try:
        return ZoneInfo(str(walk(account, "timeZone")))
    except (KeyError, ValueError, OSError):
        raise UnexpectedReply("HubSpot names a time zone that is not known here.") from None
