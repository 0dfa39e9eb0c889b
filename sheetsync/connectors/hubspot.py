"""HubSpot: the address of a list, an index page, a record, an e-mail or a campaign goes in, its number comes out.

API            versions by date, 2026-09 here, https://developers.hubspot.com/docs/api-reference
Key            Settings > Integrations > Private apps (or a service key), with the read scopes of docs/services/hubspot.md only
Account        the first number of an address is the account; it is compared with the key's own in every run, since lists of
               two accounts can have the same number. The same call gives the account's currency and time zone.
Views          saved views, dashboards and reports cannot be asked for; an index page with filters in its address is refused
Search         a total of exactly 10,000 is not believed; sums read every record in order of the ids, which no paging cap ends
E-mails        rates are computed from the counts: the scale of HubSpot's own ratios is not documented; A/B tests are refused
OAuth          HubSpot's refresh tokens stay the same; a changed one could not be kept, and the row would say so
Real service   not yet run against it; checked against its specification of 2026-09
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

from sheetsync.connectors import _hubspot_records as records
from sheetsync.connectors._hubspot import AS_LIST, Schema, column_of, filters, property_name, selection
from sheetsync.connectors._hubspot_replies import meaning
from sheetsync.connectors._options import conditions_of, days_of, only
from sheetsync.connectors._person import PersonSettings, agreed
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
from sheetsync.errors import ConfigError, Incomplete, LinkError, NoSuchMetric, NotFound, NotReady, UnexpectedReply
from sheetsync.model import PERCENT, Link, Query, Reading, Resource
from sheetsync.secrets import Secret
from sheetsync.web.auth import Auth, Bearer
from sheetsync.web.consent import Consent
from sheetsync.web.http import Reply, Web

TYPES: Final = {"contacts": "0-1", "companies": "0-2", "deals": "0-3", "tickets": "0-5"}

OPTIONAL_SCOPES: Final = (
    "crm.lists.read", "crm.objects.companies.read", "crm.objects.deals.read", "tickets", "crm.objects.custom.read", "content",
    "marketing.campaigns.read", "marketing.campaigns.revenue.read",
)  # fmt: skip

_APP: Final = r"app(-[a-z]{2}\d{1,2})?\.hubspot\.com"
_PORTAL: Final = r"(?P<portal>\d{1,12})"
_TYPE: Final = r"(0-\d{1,4}|2-\d{1,12})"
_GUID: Final = r"(?P<id>[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})"
_RATE: Final = Context(prec=28)


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSpotSettings(PersonSettings):
    access_token: Secret | None = setting("Token of a private app or a service key (pat-…).", None)
    portal_id: str = setting("The account's number (Hub ID), needed only where several accounts are connected.", "")
    version: str = setting("Version of HubSpot's API.", "2026-09")
    attribution: str = setting("Attribution model of campaign revenue, such as LINEAR; empty for HubSpot's own default.", "")


class HubSpot(Connector[HubSpotSettings]):
    title = "HubSpot"
    settings_type = HubSpotSettings
    # The search allows 5 calls a second for the whole account, everything else 100 in 10 seconds
    # (https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines); other programs search too.
    limits = Limits(concurrency=2, rates=((4, 1.0),))

    links = (
        LinkPattern("list", _APP, rf"/contacts/{_PORTAL}/objectLists/(?P<id>\d{{1,12}})(/filters)?/?"),
        LinkPattern("list", _APP, rf"/contacts/{_PORTAL}/lists/(?P<legacy>\d{{1,12}})/?"),
        LinkPattern("objects", _APP, rf"/contacts/{_PORTAL}/objects/(?P<id>{_TYPE})/views/all/(?P<view>list|board)/?"),
        LinkPattern("objects", _APP, rf"/contacts/{_PORTAL}/(?P<name>{'|'.join(TYPES)})/(?P<view>list|board)/view/all/?"),
        LinkPattern("record", _APP, rf"/contacts/{_PORTAL}/record/(?P<type>{_TYPE})/(?P<id>\d{{1,19}})(/.*)?"),
        LinkPattern("email", _APP, rf"/email/{_PORTAL}/(details|edit)/(?P<id>\d{{1,19}})(/.*)?"),
        LinkPattern("campaign", _APP, rf"/marketing/{_PORTAL}/campaigns/([\w-]+/){{0,3}}{_GUID}(/.*)?"),
        LinkPattern("view", _APP, rf"/contacts/{_PORTAL}/objects/{_TYPE}/views/.*", instead=AS_LIST),
        LinkPattern("view", _APP, rf"/contacts/{_PORTAL}/({'|'.join(TYPES)})/(list|board)/view/.*", instead=AS_LIST),
        LinkPattern("report", _APP, r"/(reports-dashboard|report-builder|reports-list|analyze|analytics-tools|goals)/.*",
                    instead="Paste the address of the list, campaign or e-mail that the report is about."),
        LinkPattern("form", _APP, r"/(forms|form-editor|submissions)/.*",
                    instead="In HubSpot, make a list of the contacts who filled in this form, and paste its address."),
    )  # fmt: skip
    metrics = {
        "list": (Metric("members", "records in the list", "list.size"),),
        "objects": (
            Metric("count", "records that meet the filters", "total"),
            Metric("sum", "a property added up, written sum(property)"),
            Metric("mean", "mean of a property, written mean(property)"),
            Metric("min", "smallest value, written min(property)"),
            Metric("max", "largest value, written max(property)"),
        ),
        "record": (Metric("value", "a property of the record, named in the Metric column or as #column=property"),),
        "email": (
            Metric("open_rate", "opened, of those delivered", "stats.counters.open", PERCENT),
            Metric("click_rate", "clicked, of those delivered", "stats.counters.click", PERCENT),
            Metric("click_through_rate", "clicked, of those opened", "stats.counters.click", PERCENT),
            Metric("unsubscribe_rate", "left, of those delivered", "stats.counters.unsubscribed", PERCENT),
            Metric("bounce_rate", "bounced, of those sent", "stats.counters.bounce", PERCENT),
            Metric("sent", "mails sent", "stats.counters.sent"),
            Metric("delivered", "mails delivered", "stats.counters.delivered"),
            Metric("opens", "recipients who opened", "stats.counters.open"),
            Metric("clicks", "recipients who clicked", "stats.counters.click"),
            Metric("bounces", "mails that came back", "stats.counters.bounce"),
            Metric("unsubscribed", "recipients who left", "stats.counters.unsubscribed"),
        ),
        "campaign": (
            Metric("influenced_contacts", "contacts whom the campaign reached", "influencedContacts"),
            Metric("new_contacts_first_touch", "new contacts, by their first touch", "newContactsFirstTouch"),
            Metric("new_contacts_last_touch", "new contacts, by their last touch", "newContactsLastTouch"),
            Metric("sessions", "visits", "sessions"),
            Metric("revenue", "revenue attributed to the campaign", "revenueAmount", currency="currencyCode"),
            Metric("deal_amount", "amount of the deals attributed to it", "dealAmount", currency="currencyCode"),
            Metric("deals", "deals attributed to it", "dealsNumber"),
            Metric("deal_contacts", "contacts of these deals", "contactsNumber"),
        ),
    }  # fmt: skip
    of_revenue = frozenset({"revenue", "deal_amount", "deals", "deal_contacts"})
    shares = {
        "open_rate": "delivered", "click_rate": "delivered", "click_through_rate": "open", "unsubscribe_rate": "delivered",
        "bounce_rate": "sent",
    }  # fmt: skip
    examples = (
        Example(
            "https://app.hubspot.com/contacts/12345/objectLists/321/filters", "list/321?portal=12345", "members",
            {"list": {"size": 0, "processingStatus": "COMPLETE"}}, Decimal(0),
        ),
        Example("https://app-eu1.hubspot.com/contacts/12345/lists/77", "list/77?portal=12345&by=legacy", "members"),
        Example(
            "https://app-eu1.hubspot.com/contacts/12345/objects/0-1/views/all/list", "objects/0-1?portal=12345", "count",
            {"total": 4711}, Decimal(4711),
        ),
        Example(
            "https://app.hubspot.com/contacts/12345/objects/0-3/views/all/list#sum(amount)&where=dealstage:closedwon",
            "objects/0-3?portal=12345&where=dealstage:closedwon&column=amount", "sum",
            {"values": ["1.125", None, "2"], "unit": "EUR"}, Decimal("3.125"), "EUR",
        ),
        Example(
            "https://app.hubspot.com/contacts/12345/record/0-3/987654#column=amount",
            "record/987654?portal=12345&type=0-3&column=amount", "value",
            {"values": ["1.500"], "unit": "USD"}, Decimal("1.5"), "USD",
        ),
        Example(
            "https://app.hubspot.com/email/12345/details/555666/performance", "email/555666?portal=12345", "open_rate",
            {"stats": {"counters": {"delivered": 200, "open": 85}}}, Decimal("0.425"), PERCENT,
        ),
        Example(
            "https://app.hubspot.com/marketing/12345/campaigns/details/0a1b2c3d-0000-4000-8000-0123456789ab/performance#metric=sessions",
            "campaign/0a1b2c3d-0000-4000-8000-0123456789ab?portal=12345&report=metrics", "sessions",
            {"sessions": 12}, Decimal(12),
        ),
        Example(
            "https://app.hubspot.com/marketing/12345/campaigns/0a1b2c3d-0000-4000-8000-0123456789ab"
            "#metric=revenue&period=2026-01-01..2026-03-31",
            "campaign/0a1b2c3d-0000-4000-8000-0123456789ab?portal=12345&report=revenue&from=2026-01-01&to=2026-03-31", "revenue",
            {"revenueAmount": 99.5, "currencyCode": "EUR"}, Decimal("99.5"), "EUR",
        ),
    )  # fmt: skip
    unsupported = (
        "https://app.hubspot.com/contacts/12345/objects/0-1/views/8765/list",
        "https://app.hubspot.com/contacts/12345/objects/0-3/views/my/board",
        "https://app.hubspot.com/contacts/12345/deals/board/view/4711/",
        "https://app.hubspot.com/reports-dashboard/12345/view/678",
        "https://app.hubspot.com/forms/12345/0a1b2c3d-0000-4000-8000-0123456789ab/performance",
    )

    def origins(self) -> Collection[str]:
        return (origin_of(self._base()),)

    def auth(self) -> Auth:
        key = self.settings.access_token
        return Bearer(key) if key is not None else agreed(self, "access_token")

    def consent(self) -> Consent:
        # What the app requires has to be asked for, the rest may be missing in the app or the account's plan.
        tokens = f"{self._base()}/oauth/{self._version()}/token"
        return Consent(
            "https://app.hubspot.com/oauth/authorize",
            tokens,
            ("oauth", "crm.objects.contacts.read"),
            pkce=False,
            extra={"optional_scope": " ".join(OPTIONAL_SCOPES)},
        )

    @classmethod
    def resolve(cls, link: Link) -> tuple[Resource, str] | None:
        found = cls.match(link)
        if found is None:
            return None
        pattern, ids = found
        params = [("portal", ids["portal"])]
        if pattern.kind == "objects":
            asked, measure = selection(link, board=ids["view"] == "board")
            return Resource("objects", ids.get("id") or TYPES[ids["name"]], (*params, *asked)), measure
        if pattern.kind == "record":
            return Resource("record", ids["id"], (*params, ("type", ids["type"]), ("column", column_of(link)))), "value"
        only(link, *(("period",) if pattern.kind == "campaign" else ()))
        metric = cls.metric_of(pattern.kind, link)
        if pattern.kind == "campaign":
            days = days_of(link)
            params += [("report", "revenue" if metric.name in cls.of_revenue else "metrics")]
            params += zip(("from", "to"), days, strict=True) if days else ()
        if "legacy" in ids:
            params.append(("by", "legacy"))
        return Resource(pattern.kind, ids.get("id") or ids["legacy"], tuple(params)), metric.name

    def serves(self, link: Link, resource: Resource) -> bool:  # noqa: ARG002 - the resource says it all
        return self.settings.portal_id in ("", dict(resource.params)["portal"])

    def fetch(self, resource: Resource, web: Web) -> Any:
        given = dict(resource.params)
        account = self._get(web, "account-info", "/details", once=True)
        if str(walk(account, "portalId")) != given["portal"]:
            raise NotFound(
                "This page belongs to the HubSpot account {page}, but the key to another one.", page=given["portal"],
                advice="Choose the account that this page belongs to with #account=NAME.",
            )  # fmt: skip
        zone = str(walk(account, "timeZone"))
        if self.lookups.get("time_zone") != zone:
            self.lookups.put("time_zone", zone)
        match resource.kind:
            case "list":
                return self._list(web, resource.id, legacy=given.get("by") == "legacy")
            case "objects":
                return self._selected(web, account, resource.id, given)
            case "record":
                return self._of_record(web, account, resource.id, given)
            case "email":
                mail = self._get(web, "marketing/emails", f"/{resource.id}", {"includeStats": "true"})
                if walk_or_none(mail, "state") in {"PROCESSING", "PRE_PROCESSING"}:
                    raise NotReady("HubSpot is still sending this e-mail.")
                if walk_or_none(mail, "isAb"):  # HubSpot does not document whether these counts are of one version or of both
                    raise Incomplete(
                        "This e-mail is an A/B test, and HubSpot does not say whether its counts are those of both versions.",
                        advice="Type the number in by hand, with manual: as the link.",
                    )
                return mail
        dates = {"startDate": given["from"], "endDate": given["to"]} if "from" in given else {}
        if given["report"] == "revenue" and self.settings.attribution:
            dates["attributionModel"] = self.settings.attribution
        return self._get(web, "marketing/campaigns", f"/{resource.id}/reports/{given['report']}", dates)

    def read(self, document: Any, query: Query) -> Reading:
        if query.resource.kind == "record" or (query.resource.kind == "objects" and query.metric != "count"):
            return records.added_up(document, query.metric)
        reading = super().read(document, query)
        if query.resource.kind != "email" or query.metric not in self.shares:
            return reading
        whole = reading_of(walk(document, f"stats.counters.{self.shares[query.metric]}"), Metric("whole", "")).value
        if not whole:
            raise NotReady("There is no share yet, since HubSpot has counted nothing that it could be a share of.")
        return Reading(_RATE.divide(reading.value, whole), PERCENT)

    def refine(self, reply: Reply) -> LinkError | None:
        return meaning(reply, self.lookups.get("time_zone"))

    def probe(self, web: Web) -> None:
        account = self._get(web, "account-info", "/details")
        if self.settings.portal_id not in ("", str(walk(account, "portalId"))):
            raise NotFound("The key belongs to another HubSpot account than {portal}.", portal=self.settings.portal_id)

    # --- how HubSpot is asked

    def _base(self) -> str:
        return (self.settings.api_url or "https://api.hubapi.com").rstrip("/")

    def _version(self) -> str:
        if not re.fullmatch(r"20\d\d-\d\d", self.settings.version):
            raise ConfigError(
                "The version of HubSpot's API is written as 2026-09, in the account {account}.", account=self.account
            )
        return self.settings.version

    def _get(self, web: Web, what: str, path: str, params: Mapping[str, str] | None = None, *, once: bool = False) -> Any:
        return web.get_json(f"{self._base()}/{what}/{self._version()}{path}", params=params, once=once)

    def _search(self, web: Web, kind: str, body: Mapping[str, Any]) -> Any:
        return web.post_json(f"{self._base()}/crm/objects/{self._version()}/{kind}/search", body)

    def _list(self, web: Web, number: str, *, legacy: bool) -> Any:
        if legacy:
            number = str(walk(self._get(web, "crm/lists", "/idmapping", {"legacyListId": number}, once=True), "listId"))
            if not re.fullmatch(r"\d{1,12}", number):
                raise UnexpectedReply("HubSpot gave no number for this old list.")
        found = self._get(web, "crm/lists", f"/{number}", {"includeFilters": "false"})
        if walk_or_none(found, "list.deletedAt"):
            raise NotFound("This list was deleted in HubSpot.")
        if walk(found, "list.processingStatus") != "COMPLETE":
            raise NotReady("HubSpot is still filling this list.")
        if walk_or_none(found, "list.size") is None:  # documented as optional, as is the total that stands in for it
            members = self._get(web, "crm/lists", f"/{number}/memberships", {"limit": "1"})
            return {"list": {"size": walk(members, "total")}}
        return found

    def _selected(self, web: Web, account: Any, kind: str, given: Mapping[str, str]) -> Any:
        definition = partial(self._definition, web, kind)
        pipelines = partial(self._get, web, "crm/pipelines", f"/{kind}", once=True)
        asked = filters(conditions_of(given.get("where")), Schema(definition, pipelines, _zone(account)))
        search, column = partial(self._search, web, kind), given.get("column")
        if column is None:
            return {"total": records.checked_total(search(records.body(asked, ["hs_object_id"], limit=1)))}
        about = self._number(definition(column), column)
        rows = records.every_record(search, asked, [column, *([records.DEAL_CURRENCY] if kind == TYPES["deals"] else [])])
        return {"values": [row.get(column) for row in rows], "unit": records.currency(column, about, account, rows)}

    def _of_record(self, web: Web, account: Any, record: str, given: Mapping[str, str]) -> Any:
        kind, column = given["type"], given["column"]
        about = self._number(self._definition(web, kind, column), column)
        names = ",".join([column, *([records.DEAL_CURRENCY] if kind == TYPES["deals"] else [])])
        row = walk(self._get(web, "crm/objects", f"/{kind}/{record}", {"properties": names}), "properties")
        return {"values": [walk(row, column)], "unit": records.currency(column, about, account, [row])}

    def _definition(self, web: Web, kind: str, name: str) -> Any:
        return self._get(web, "crm/properties", f"/{kind}/{property_name(name)}", once=True)

    def _number(self, definition: Any, name: str) -> Any:
        if walk(definition, "type") != "number":
            raise NoSuchMetric("{property} is no number in HubSpot.", property=name, advice="Choose a property that is a number.")
        return definition


def _zone(account: Any) -> ZoneInfo:
    try:
        return ZoneInfo(str(walk(account, "timeZone")))
    except (KeyError, ValueError, OSError):
        raise UnexpectedReply("HubSpot names a time zone that is not known here.") from None
