"""Salesforce: the address of a report, dashboard, list view or record goes in, its total, its count or one field comes out.

API            REST API and Reports and Dashboards REST API, v67.0, https://developer.salesforce.com/docs/apis
Key            an External Client App with the scope `api`, run as (or signed in to by) a user who may only read; by client
               credentials, by JWT bearer (needs the package `cryptography`), or by a refresh token
Rights         figures are those that this user may see: give it "View All" on the objects that are counted
Reports        the grand total is read, rows are never counted; a joined report has none; a filter in the address is refused
Dashboards     hold their last refresh: it is the figure's moment, and one that is too old is not used
List views     "My …" views count what belongs to the account's own user: refused unless `own_views` says that this is meant
Money          in the report's currency, in the record's, and for sums over a list view in the organisation's own; where there is
               only one currency Salesforce does not name it: `currency` does
Real service   not yet run against it; checked against its documentation and against recorded replies
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any, Final
from urllib.parse import quote

from sheetsync import links
from sheetsync.connectors import _salesforce_pages as pages
from sheetsync.connectors._salesforce import JwtBearer
from sheetsync.connectors._salesforce_objects import DESCRIPTION_BYTES, NAME, REST, Objects
from sheetsync.connectors._salesforce_replies import meaning, moment_of
from sheetsync.connectors._salesforce_reports import reading
from sheetsync.connectors.base import Connector, Example, Limits, LinkPattern, Metric, Settings, setting
from sheetsync.errors import ConfigError, LinkError, NotFound
from sheetsync.model import Link, Query, Reading, Resource
from sheetsync.secrets import Secret
from sheetsync.web.auth import Auth, ClientCredentials, RefreshToken
from sheetsync.web.consent import Consent
from sheetsync.web.http import Reply, Web

_SITE: Final = pages.SITE


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesforceSettings(Settings):
    domain: str = setting("My Domain: acme, acme--uat.sandbox, or a whole host such as acme.my.salesforce.mil.")
    client_id: str = setting("Consumer key of the External Client App.")
    client_secret: Secret | None = setting("Consumer secret, for client credentials and for a refresh token.", None)
    refresh_token: Secret | None = setting("Refresh token of the person who agreed.", None)
    private_key: Secret | None = setting("RSA key (PEM) whose certificate the app knows, for JWT bearer.", None)
    username: str = setting("The user that the key signs in, for JWT bearer.", "")
    audience: str = setting("Whom JWT bearer is meant for, where it is neither login. nor test.salesforce.com.", "")
    api_version: str = setting("Version of the API.", "67.0")
    currency: str = setting("The organisation's currency (ISO 4217), where it has only one.", "")
    own_views: bool = setting("True where views of 'my' records are meant to show those of the account's user.", False)
    dashboard_hours: int = setting("How many hours old the last refresh of a dashboard may be.", 24)
    queries: Mapping[str, str] = field(
        default_factory=dict, metadata={"about": "SOQL queries by name, each with one row of one figure; a link names one."}
    )


class Salesforce(Connector[SalesforceSettings]):
    title = "Salesforce"
    settings_type = SalesforceSettings
    home = ("https://{domain}.my.salesforce.com",)
    # 500 synchronous runs of reports an hour and 20 at once
    # (https://developer.salesforce.com/docs/atlas.en-us.api_analytics.meta/api_analytics/sforce_analytics_rest_api_limits_limitations.htm);
    # other programs run reports too.
    limits = Limits(concurrency=4, rates=((450, 3_600.0),))

    links = (
        LinkPattern("report", _SITE, rf"/(lightning/r/Report/)?(?P<id>00O{REST})(/view|/edit)?/?"),
        LinkPattern("dashboard", _SITE, rf"/(lightning/r/Dashboard/)?(?P<id>01Z{REST})(/view|/edit)?/?"),
        LinkPattern(
            "recent", _SITE, r"/lightning/o/\w+/list/?", {"filterName": r"(__)?Recent(lyViewed)?"},
            instead="Choose a list view other than Recently Viewed, which is different for everybody, and paste its address.",
        ),
        LinkPattern("list", _SITE, rf"/lightning/o/(?P<object>{NAME})/list/?", {"filterName": rf"(?P<id>00B{REST}|{NAME})"}),
        LinkPattern("list", _SITE, r"/(?P<prefix>[0-9A-Za-z]{3})/?", {"fcf": rf"(?P<id>00B{REST})"}),
        LinkPattern("tab", _SITE, r"/lightning/o/\w+/(list|home)/?", instead="Choose a list view, so that the address names it."),
        LinkPattern("record", _SITE, rf"/lightning/r/((?!Report/|Dashboard/)(?P<object>{NAME})/)?(?P<id>\w{{3}}{REST})/view/?"),
        LinkPattern("query", _SITE, r"/(lightning/page/home/?)?"),
        LinkPattern(
            "analytics", _SITE, r"/(analytics|lightning/page/analytics|lightning/n/standard-)[^?]*",
            instead="Paste the address of a report, a dashboard or a list view.",
        ),
    )  # fmt: skip
    metrics = {
        "report": (Metric("count", "rows of the report; its other totals by their heading, or as sum(Amount)"),),
        "dashboard": (Metric("shown", "the total that the component shows; others by their heading, or as sum(Amount)"),),
        "list": (Metric("count", "records of the list view; or sum, mean, min, max, distinct of a field, as sum(Amount)"),),
        "record": (Metric("field", "a number of the record, by the name of its field"),),
        "query": (Metric("value", "the one figure of a query that the configuration names"),),
    }
    examples = (
        Example(
            "https://acme.lightning.force.com/lightning/r/Report/00O5g00000ABCdeEAH/view", "report/00O5g00000ABCdeEAH", "count",
            {"reportMetadata": {"aggregates": ["RowCount"]}, "factMap": {"T!T": {"aggregates": [{"label": "7", "value": 7}]}}},
            Decimal(7),
        ),
        Example(
            "https://acme--uat.sandbox.lightning.force.com/lightning/r/Report/00O5g00000ABCdeEAH/view?queryScope=userFolders"
            "#metric=sum(Amount)", "report/00O5g00000ABCdeEAH", "sum(Amount)",
            {
                "reportMetadata": {"aggregates": ["s!AMOUNT"], "currency": "EUR"},
                "reportExtendedMetadata": {"aggregateColumnInfo": {"s!AMOUNT": {"dataType": "currency"}}},
                "factMap": {"T!T": {"aggregates": [{"label": "12,50 €", "value": 12.5}]}},
            },
            Decimal("12.5"), "EUR",
        ),
        Example(
            "https://acme.lightning.force.com/lightning/r/Dashboard/01Z5g000000ABCdEAM/view#item=Pipeline",
            "dashboard/01Z5g000000ABCdEAM", "shown&item=Pipeline",
        ),
        Example(
            "https://acme.lightning.force.com/lightning/o/Lead/list?filterName=AllOpenLeads", "list/AllOpenLeads?object=Lead",
            "count", {"figure": 0}, Decimal(0),
        ),
        Example(
            "https://acme.lightning.force.com/lightning/o/Opportunity/list?filterName=00B5g00000ABCdeEAH"
            "#metric=sum(Amount)&where=StageName:Closed Won",
            "list/00B5g00000ABCdeEAH?object=Opportunity&metric=sum(Amount)&where=StageName:Closed Won", "sum(Amount)",
            {"figure": 99.5, "currency": "USD"}, Decimal("99.5"), "USD",
        ),
        Example("https://acme.my.salesforce.com/00Q?fcf=00B5g00000ABCdeEAH", "list/00B5g00000ABCdeEAH?prefix=00Q", "count"),
        Example(
            "https://acme.lightning.force.com/lightning/r/Campaign/7015g000000ABCdAAO/view#metric=NumberOfLeads",
            "record/7015g000000ABCdAAO?object=Campaign&field=NumberOfLeads", "NumberOfLeads", {"figure": 412}, Decimal(412),
        ),
        Example("https://acme.lightning.force.com/#item=won-deals", "query/won-deals", "value", {"figure": 3}, Decimal(3)),
    )  # fmt: skip
    unsupported = (
        "https://acme.lightning.force.com/lightning/o/Lead/list?filterName=__Recent",
        "https://acme.lightning.force.com/lightning/o/Lead/home",
        "https://acme.lightning.force.com/analytics/dashboard/0FK5g000000ABCdGAM",
        "https://acme.lightning.force.com/lightning/r/Report/00O5g00000ABCdeEAH/view?fv0=Germany",
    )

    def auth(self) -> Auth:
        given, kept, token_url = self.settings, self.settings.refresh_token, f"{self.base()}/services/oauth2/token"
        if given.private_key is not None and given.username:
            return JwtBearer(token_url, given.client_id, given.username, self._domain().audience(), given.private_key)
        if given.client_secret is None or given.private_key is not None:
            raise ConfigError(
                "The account {account} of Salesforce needs client_secret, or private_key with username.", account=self.account
            )
        if kept is not None:
            return RefreshToken(token_url, given.client_id, given.client_secret, kept, store=kept.keep)
        return ClientCredentials(token_url, given.client_id, given.client_secret)

    def consent(self) -> Consent:
        page = f"https://{self._domain().host}/services/oauth2/authorize"
        return Consent(page, f"{self.base()}/services/oauth2/token", ("api", "refresh_token"))

    @classmethod
    def chosen(cls, kind: str, ids: Mapping[str, str], link: Link) -> tuple[Resource, str] | None:
        return pages.chosen(kind, ids, link)

    def serves(self, link: Link, resource: Resource) -> bool:  # noqa: ARG002 - the host says which organisation it is
        return pages.api_host(links.split(link.url).host) == self._domain().named

    def fetch(self, resource: Resource, web: Web) -> Any:
        given = dict(resource.params)
        if resource.kind == "report":
            return self._get(web, f"/analytics/reports/{quote(resource.id)}", max_bytes=DESCRIPTION_BYTES, includeDetails="false")
        if resource.kind == "dashboard":
            reply = web.get(self._url(f"/analytics/dashboards/{quote(resource.id, safe='')}"), max_bytes=DESCRIPTION_BYTES)
            return {"dashboard": reply.json(), "asked": moment_of(reply)}
        if resource.kind == "query":
            if resource.id not in self.settings.queries:
                raise NotFound("The account {account} has no query called {name}.", account=self.account, name=resource.id)
            return {"figure": self._objects(web).one(self.settings.queries[resource.id])}
        objects = self._objects(web)
        name = given.get("object") or objects.name_of(given.get("prefix") or resource.id[:3])
        if resource.kind == "record":
            return objects.record(name, resource.id, given["field"])
        return objects.view(name, resource.id, given.get("metric", "count"), given.get("where", ""))

    def read(self, document: Any, query: Query) -> Reading:
        return reading(document, query, self.settings.currency, self.settings.dashboard_hours)

    def refine(self, reply: Reply) -> LinkError | None:
        return meaning(reply)

    def probe(self, web: Web) -> None:
        self._objects(web).query("SELECT Id FROM Organization LIMIT 1")

    # --- the organisation

    def base(self) -> str:
        return self.settings.api_url.rstrip("/") or f"https://{self._domain().host}"

    def _domain(self) -> pages.Domain:
        return pages.Domain(self.settings.domain, self.settings.audience, self.account)

    def _url(self, path: str) -> str:
        return f"{self.base()}{pages.version_path(self.settings.api_version, self.account)}{path}"

    def _get(self, web: Web, path: str, *, once: bool = False, max_bytes: int | None = None, **params: str) -> Any:
        return web.get_json(self._url(path), params=params, once=once, max_bytes=max_bytes)

    def _objects(self, web: Web) -> Objects:
        return Objects(partial(self._get, web), self.lookups, self.settings.currency, own_views=self.settings.own_views)
