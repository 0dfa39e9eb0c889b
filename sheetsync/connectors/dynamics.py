"""Microsoft Dynamics 365: the address of a view or a record goes in, its count, its sum or one of its numbers comes out.

API            Dataverse Web API v9.2, https://learn.microsoft.com/power-apps/developer/data-platform/webapi/overview
Key            an app registration in Entra ID, and in Dynamics 365 an application user of it with a security role that may only
               read the tables that are counted, at the level of the organisation
Views          a system view counts what the application user may see; a personal view must be shared with it; a view with
               conditions on the current user is refused, since that user would be the application
Counts         exact up to 50,000 records in one call, beyond it in spans of creation
Money          amounts are in the currency of their record; sums need the column in the organisation's own, which ends in _base
Days           in conditions are those of the time zone of the application user
Real service   not yet run against it; checked against its documentation and its samples
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, Final

from sheetsync import links
from sheetsync.connectors._dataverse import COLUMN, Dataverse
from sheetsync.connectors._dynamics import meaning, measure_of, plain
from sheetsync.connectors._entra import CHINA, GOVERNMENT, WORLD, EntraSettings, consent_for, signed_in
from sheetsync.connectors._options import conditions_of, conditions_text, only
from sheetsync.connectors.base import Connector, Example, Limits, LinkPattern, Metric, origin_of, reading_of, setting, walk
from sheetsync.errors import ConfigError, LinkError, NoSuchMetric
from sheetsync.model import Link, Query, Reading, Resource
from sheetsync.web.auth import Auth
from sheetsync.web.consent import Consent
from sheetsync.web.http import Reply, Web

_LOGINS: Final = {
    ".dynamics.com": WORLD, ".microsoftdynamics.us": GOVERNMENT, ".appsplatform.us": GOVERNMENT, ".dynamics.cn": CHINA,
}  # fmt: skip
_SITE: Final = (
    r"(?P<org>[a-z0-9][a-z0-9_-]*)(\.api)?\.(crm\d{0,2}\.dynamics\.(com|cn)|crm\.microsoftdynamics\.us|crm\.appsplatform\.us)"
)
_PAGE: Final = r"/main\.aspx"
_GUID: Final = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_ID: Final = "11111111-2222-3333-4444-555555555555"


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamicsSettings(EntraSettings):
    org_url: str = setting("Address of the organisation, such as https://acme.crm4.dynamics.com.")


class Dynamics(Connector[DynamicsSettings]):
    title = "Dynamics 365"
    settings_type = DynamicsSettings
    home = ("{org_url}",)
    path = "/api/data/v9.2"
    # 6,000 requests in five minutes and 52 at the same time, for each user
    # (https://learn.microsoft.com/power-apps/developer/data-platform/api-limits).
    limits = Limits(concurrency=4, rates=((6_000, 300.0),))

    links = (
        LinkPattern("view", _SITE, _PAGE, {"pagetype": "entitylist", "viewid": f"(?P<id>{_GUID})"}),
        LinkPattern("record", _SITE, _PAGE, {"pagetype": "entityrecord", "etn": COLUMN, "id": _GUID}),
        LinkPattern(
            "table", _SITE, _PAGE, {"pagetype": "entitylist"},
            instead="Choose a view in the list above the records, so that the address names it (viewid=…), and paste that.",
        ),
        LinkPattern(
            "dashboard", _SITE, _PAGE, {"pagetype": "dashboard"}, instead="Open the view behind a tile, and paste its address.",
        ),
        LinkPattern(
            "report", _SITE, r"/crmreports/viewer/.*", instead="Paste the address of a view of the same records.",
        ),
    )  # fmt: skip
    metrics = {
        "view": (Metric("count", "records of the view; or sum, mean, min, max, distinct of a column, as sum(actualvalue_base)"),),
        "record": (Metric("column", "a number of the record, by the logical name of its column"),),
    }
    examples = (
        Example(
            f"https://acme.crm4.dynamics.com/main.aspx?appid={_ID}&pagetype=entitylist&etn=lead&viewid={_ID}&viewType=1039",
            f"view/{_ID}", "count", {"figure": 0}, Decimal(0),
        ),
        Example(
            f"https://acme.crm.dynamics.com/main.aspx?pagetype=entitylist&etn=lead&viewid=%7B{_ID}%7D&viewtype=4230"
            "#where=createdon:2027-01-01..2027-03-31",
            f"view/{_ID}?type=personal&where=createdon:2027-01-01..2027-03-31", "count", {"figure": 412}, Decimal(412),
        ),
        Example(
            f"https://acme.crm4.dynamics.com/main.aspx?pagetype=entitylist&etn=opportunity&viewid={_ID}#sum(actualvalue_base)",
            f"view/{_ID}?metric=sum(actualvalue_base)", "sum(actualvalue_base)", {"figure": 1250.5, "currency": "EUR"},
            Decimal("1250.5"), "EUR",
        ),
        Example(
            f"https://acme.crm4.dynamics.com/main.aspx?pagetype=entityrecord&etn=campaign&id={_ID}#metric=budgetedcost",
            f"record/campaign/{_ID}?column=budgetedcost", "budgetedcost", {"figure": 99.5, "currency": "CHF"},
            Decimal("99.5"), "CHF",
        ),
    )  # fmt: skip
    unsupported = (
        "https://acme.crm4.dynamics.com/main.aspx?pagetype=entitylist&etn=lead",
        f"https://acme.crm4.dynamics.com/main.aspx?pagetype=dashboard&id={_ID}",
        f"https://acme.crm4.dynamics.com/crmreports/viewer/viewer.aspx?id={_ID}",
    )

    def auth(self) -> Auth:
        return signed_in(self.settings, f"https://{self._host()}", login=self._login(), account=self.account)

    def consent(self) -> Consent:
        return consent_for(self.settings, f"https://{self._host()}", login=self._login(), account=self.account)

    @classmethod
    def match(cls, link: Link) -> tuple[LinkPattern, dict[str, str]] | None:
        """As everywhere, but however its parameters are written."""
        return super().match(plain(link))

    @classmethod
    def chosen(cls, kind: str, ids: Mapping[str, str], link: Link) -> tuple[Resource, str]:
        metric = (link.option("metric") or "").strip().casefold()
        if kind == "record":
            only(link)
            if not re.fullmatch(COLUMN, metric):
                raise NoSuchMetric(
                    "Say which column of the record to read.",
                    advice="Add #metric=COLUMN with its logical name, such as budgetedcost.",
                )
            return Resource(kind, f"{ids['etn']}/{ids['id']}", (("column", metric),)), metric
        only(link, "where")
        metric, params = measure_of(metric), []
        if ("viewtype", "4230") in links.split(plain(link).url).query:  # userquery; of a system view it may be missing
            params.append(("type", "personal"))
        if metric != "count":
            params.append(("metric", metric))
        if link.option("where"):
            params.append(("where", conditions_text(conditions_of(link.option("where")))))
        return Resource(kind, ids["id"], tuple(params)), metric

    def serves(self, link: Link, resource: Resource) -> bool:  # noqa: ARG002 - the host says which organisation it is
        own = self.settings.org_url.strip().casefold().rstrip("/").removeprefix("https://")
        return links.split(link.url).host.replace(".api.", ".") == own.replace(".api.", ".")

    def fetch(self, resource: Resource, web: Web) -> Any:
        given, dataverse = dict(resource.params), Dataverse(partial(self.ask, web), self.lookups)
        if resource.kind == "record":
            entity, _, record = resource.id.partition("/")
            return dataverse.record(entity, record, given["column"])
        personal, metric = given.get("type") == "personal", given.get("metric", "count")
        return dataverse.view(resource.id, personal=personal, metric=metric, where=given.get("where", ""))

    def read(self, document: Any, query: Query) -> Reading:
        return reading_of(walk(document, "figure"), Metric(query.metric, ""), document.get("currency"))

    def refine(self, reply: Reply) -> LinkError | None:
        return meaning(reply)

    def probe(self, web: Web) -> None:
        self.ask(web, "/WhoAmI")

    # --- how Dataverse is asked

    def _host(self) -> str:
        address = links.split(origin_of(self.settings.org_url.strip().rstrip("/")))
        if address.scheme != "https" or address.port != 443 or not re.fullmatch(_SITE, address.host):
            raise ConfigError(
                "The org_url of the account {account} of Dynamics 365 is no address such as https://acme.crm4.dynamics.com.",
                account=self.account,
            )
        return address.host

    def _login(self) -> str:
        host = self._host()
        return next(login for cloud, login in _LOGINS.items() if host.endswith(cloud))

    def base(self) -> str:
        return self.settings.api_url.rstrip("/") or f"https://{self._host()}"
