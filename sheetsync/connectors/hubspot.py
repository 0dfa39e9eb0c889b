"""HubSpot: the address of a list, an index page, a record, an e-mail or a campaign goes in, its number comes out.

API            versions by date, 2026-09 here, https://developers.hubspot.com/docs/api-reference
Key            Settings > Integrations > Private apps (or a service key), with the read scopes of docs/services/hubspot.md only
Account        the first number of an address is compared with the key's own in every run, which tells currency and time zone too
Views          saved views, dashboards and reports cannot be asked for; an index page with filters in its address is refused
Search         a total of exactly 10,000 is not believed; sums read every record in order of the ids, which no paging cap ends
E-mails        rates are computed from the counts: the scale of HubSpot's own ratios is not documented; A/B tests are refused
Real service   not yet run against it; checked against its specification of 2026-09
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, Final

from sheetsync.connectors._hubspot import AS_LIST, TYPES, records_of, report_of
from sheetsync.connectors._hubspot_account import Account, consent_page, version_of
from sheetsync.connectors._hubspot_records import added_up
from sheetsync.connectors._hubspot_replies import SHARES, meaning, share
from sheetsync.connectors._options import only
from sheetsync.connectors._person import PersonSettings, agreed
from sheetsync.connectors.base import Connector, Example, Limits, LinkPattern, Metric, another_account, setting
from sheetsync.errors import LinkError, NotFound
from sheetsync.model import PERCENT, Link, Query, Reading, Resource
from sheetsync.secrets import Secret
from sheetsync.web.auth import Auth, Bearer
from sheetsync.web.consent import Consent
from sheetsync.web.http import Reply, Web

_APP: Final = r"app(-[a-z]{2}\d{1,2})?\.hubspot\.com"
_PORTAL: Final = r"(?P<portal>\d{1,12})"
_TYPE: Final = r"(0-\d{1,4}|2-\d{1,12})"
_NAMES: Final = "|".join(TYPES)
_SAMPLE: Final = "0a1b2c3d-0000-4000-8000-0123456789ab"
_GUID: Final = r"(?P<id>[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})"


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSpotSettings(PersonSettings):
    access_token: Secret | None = setting("Token of a private app or a service key (pat-…).", None)
    portal_id: str = setting("The account's number (Hub ID), needed only where several accounts are connected.", "")
    version: str = setting("Version of HubSpot's API.", "2026-09")
    attribution: str = setting("Attribution model of campaign revenue, such as LINEAR; empty for HubSpot's own default.", "")


class HubSpot(Connector[HubSpotSettings]):
    title = "HubSpot"
    settings_type = HubSpotSettings
    home = ("https://api.hubapi.com",)
    # The search allows 5 calls a second for the whole account, everything else 100 in 10 seconds
    # (https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines); other programs search too.
    limits = Limits(concurrency=2, rates=((4, 1.0),))

    links = (
        LinkPattern("list", _APP, rf"/contacts/{_PORTAL}/objectLists/(?P<id>\d{{1,12}})(/filters)?/?"),
        LinkPattern("list", _APP, rf"/contacts/{_PORTAL}/lists/(?P<legacy>\d{{1,12}})/?"),
        LinkPattern("objects", _APP, rf"/contacts/{_PORTAL}/objects/(?P<id>{_TYPE})/views/all/(?P<view>list|board)/?"),
        LinkPattern("objects", _APP, rf"/contacts/{_PORTAL}/(?P<name>{_NAMES})/(?P<view>list|board)/view/all/?"),
        LinkPattern("record", _APP, rf"/contacts/{_PORTAL}/record/(?P<type>{_TYPE})/(?P<id>\d{{1,19}})(/.*)?"),
        LinkPattern("email", _APP, rf"/email/{_PORTAL}/(details|edit)/(?P<id>\d{{1,19}})(/.*)?"),
        LinkPattern("campaign", _APP, rf"/marketing/{_PORTAL}/campaigns/([\w-]+/){{0,3}}{_GUID}(/.*)?"),
        LinkPattern("view", _APP, rf"/contacts/{_PORTAL}/(objects/{_TYPE}|({_NAMES})/(list|board))/views?/.*", instead=AS_LIST),
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
            f"https://app.hubspot.com/marketing/12345/campaigns/details/{_SAMPLE}/performance#metric=sessions",
            f"campaign/{_SAMPLE}?portal=12345&report=metrics", "sessions", {"sessions": 12}, Decimal(12),
        ),
        Example(
            f"https://app.hubspot.com/marketing/12345/campaigns/{_SAMPLE}#metric=revenue&period=2026-01-01..2026-03-31",
            f"campaign/{_SAMPLE}?portal=12345&report=revenue&from=2026-01-01&to=2026-03-31", "revenue",
            {"revenueAmount": 99.5, "currencyCode": "EUR"}, Decimal("99.5"), "EUR",
        ),
    )  # fmt: skip
    unsupported = (
        "https://app.hubspot.com/contacts/12345/objects/0-1/views/8765/list",
        "https://app.hubspot.com/contacts/12345/deals/board/view/4711/",
        "https://app.hubspot.com/reports-dashboard/12345/view/678",
        f"https://app.hubspot.com/forms/12345/{_SAMPLE}/performance",
    )

    def auth(self) -> Auth:
        key = self.settings.access_token
        return Bearer(key) if key is not None else agreed(self, "access_token")

    def consent(self) -> Consent:
        return consent_page(self.base(), version_of(self.settings.version, self.account))

    @classmethod
    def chosen(cls, kind: str, ids: Mapping[str, str], link: Link) -> tuple[Resource, str]:
        params = [("portal", ids["portal"])]
        if kind in {"objects", "record"}:
            which, asked, measure = records_of(kind, ids, link)
            return Resource(kind, which, (*params, *asked)), measure
        only(link, *(("period",) if kind == "campaign" else ()))
        metric = cls.metric_of(kind, link)
        params += report_of(link, metric.name) if kind == "campaign" else [("by", "legacy")] if "legacy" in ids else []
        return Resource(kind, ids.get("id") or ids["legacy"], tuple(params)), metric.name

    def serves(self, link: Link, resource: Resource) -> bool:  # noqa: ARG002 - the resource says it all
        return self.settings.portal_id in ("", dict(resource.params)["portal"])

    def fetch(self, resource: Resource, web: Web) -> Any:
        given, account = dict(resource.params), self._account(web)
        if account.portal() != given["portal"]:
            raise another_account(self.title, given["portal"])
        match resource.kind:
            case "list":
                return account.members(resource.id, legacy=given.get("by") == "legacy")
            case "objects":
                return account.selected(resource.id, given)
            case "record":
                return account.record(resource.id, given)
            case "email":
                return account.mail(resource.id)
        return account.campaign(resource.id, given, self.settings.attribution)

    def read(self, document: Any, query: Query) -> Reading:
        if query.resource.kind == "record" or (query.resource.kind == "objects" and query.metric != "count"):
            return added_up(document, query.metric)
        reading = super().read(document, query)
        return share(document, query.metric, reading.value) if query.metric in SHARES else reading

    def refine(self, reply: Reply) -> LinkError | None:
        return meaning(reply, self.lookups.get("time_zone"))

    def probe(self, web: Web) -> None:
        if self.settings.portal_id not in ("", self._account(web).portal()):
            raise NotFound("The key belongs to another HubSpot account than {portal}.", portal=self.settings.portal_id)

    # --- the account

    def _account(self, web: Web) -> Account:
        version = version_of(self.settings.version, self.account)
        return Account(partial(self.ask, web), partial(self.post, web), version, self.lookups)
