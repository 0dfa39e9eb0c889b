"""SAP S/4HANA: the address of a list of an OData service goes in, how many rows it has or what they add up to comes out.

API            OData versions 2 and 4, https://api.sap.com/products/SAPS4HANACloud/apis/ODATA
Key            a communication user of a communication arrangement (cloud), or a technical user who may only read these services
Host           one account is one system: the host of the launchpad. S/4HANA Cloud answers services at the same name with `-api`.
Client         a link that names a client (`sap-client`) is answered by an account of that client only: tests are no results
Launchpad      an app keeps its filter in a state that no service gives out. A link to an app is read where the filter is plain in
               its address, or is written behind it; which service lies behind an app is a short table
Rights         SAP counts what the user may see: a user of fewer rights gives a smaller number, and nothing says so
Drafts         of a list that has drafts, active rows are counted unless the filter says otherwise
Sums           version 2 adds nothing up, so every row is read, in order of the keys; rows that repeat or run short are refused
Money          comes with a currency for each row; several of them in one sum are refused
Zeros          SAP writes many numbers with leading zeros inside and without them outside: write them as the service shows them
Certificates   an account may prove itself by a client certificate instead (mutual TLS), which the system must map to a user
Real service   not yet run against it; checked against SAP's own metadata of two services
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, Final

from sheetsync import links as addresses
from sheetsync.connectors import _sap_pages as pages
from sheetsync.connectors import _sap_rows as rows
from sheetsync.connectors import _sap_system as system
from sheetsync.connectors._options import only
from sheetsync.connectors._sap_apps import PASTE
from sheetsync.connectors.base import Connector, Example, Limits, LinkPattern, Metric, Settings, setting
from sheetsync.errors import ConfigError, LinkError
from sheetsync.model import Link, Query, Reading, Resource
from sheetsync.secrets import Secret
from sheetsync.web.auth import ApiKey, Auth, Basic, ClientCredentials
from sheetsync.web.certificate import ClientCertificate
from sheetsync.web.http import Reply, Web

_HOST: Final = r"[a-z0-9_.-]+"
_PREFIX: Final = r"(/[A-Za-z0-9][\w-]*){0,2}"
_LAUNCHPAD: Final = r"(/ui|/sap/bc/ui2/flp(/.*)?|/sap/bc/ui5_ui5/ui2/ushell/shells/abap/FioriLaunchpad\.html)/?"
_AUTHORITY: Final = re.compile(r"https://[^/?#]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class SapSettings(Settings):
    host: str = setting("Host of the system as it stands in the address bar, such as my300000.s4hana.cloud.sap, with its port.")
    client: str = setting("Number of the client, three digits, such as 100; empty for the system's own.", "")
    user: str = setting("User of the communication arrangement, with its password.", "")
    password: Secret | None = setting("Password of that user.", None)
    token_url: str = setting("Address that gives tokens, for OAuth 2.0 with client_id and client_secret.", "")
    client_id: str = setting("Client id for token_url.", "")
    client_secret: Secret | None = setting("Client secret for token_url.", None)
    scope: str = setting("Scope to ask token_url for, where it wants one.", "")
    api_key: Secret | None = setting("API key, for SAP's sandbox or a gateway in front of the system.", None)
    certificate: Secret | None = setting("Client certificate (PEM), with those that signed it, instead of a password.", None)
    certificate_key: Secret | None = setting("Private key (PEM, without a password) of that certificate.", None)
    time_zone: str = setting(
        "Time zone whose days count in where=FIELD:2026-01-01..2026-03-31 for fields with a time of day.", "UTC"
    )


class Sap(Connector[SapSettings]):
    title = "SAP S/4HANA"
    settings_type = SapSettings
    home = ("https://{host}",)
    # SAP names no figure for its systems; the sandbox allows a few calls a second.
    limits = Limits(concurrency=2, rates=((4, 1.0),))

    links = (
        LinkPattern("rows", _HOST, rf"(?P<id>{_PREFIX}/sap/opu/odata/[\w-]+/[\w-]+(;[\w;=-]{{1,60}})?/{pages.SET})(/\$count)?/?"),
        LinkPattern("rows", _HOST, rf"(?P<id>{_PREFIX}/sap/opu/odata4/([\w.-]+/){{3,7}}{pages.SET})(/\$count)?/?"),
        LinkPattern("app", _HOST, _LAUNCHPAD, fragment=r"(?!Shell-)[A-Za-z]\w*-\w+([?&].*)?"),
        LinkPattern("home", _HOST, _LAUNCHPAD, instead="Open the app that shows the number, and paste its address."),
        LinkPattern("webgui", _HOST, r"/sap/bc/(gui|webdynpro|bsp)/.*", instead=PASTE),
        LinkPattern("analytics", r"([\w-]+\.)*(sapanalytics\.cloud|sapbusinessobjects\.cloud)",
                    instead="Paste the address of the OData service that the story reads from."),
    )  # fmt: skip
    metrics: ClassVar[Mapping[str, tuple[Metric, ...]]] = {
        "rows": (
            Metric("count", "rows that meet the filter", "count"),
            Metric("sum", "a field added up, written sum(TotalNetAmount)"),
            Metric("mean", "mean of a field, written mean(TotalNetAmount)"),
            Metric("min", "smallest value of a field"),
            Metric("max", "largest value of a field"),
        ),
    }
    examples = (
        Example(
            "https://my300000-api.s4hana.cloud.sap/sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder/$count"
            "?$filter=SalesOrderDate%20ge%20datetime'2026-01-01T00:00:00'",
            "rows//sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder?host=my300000-api.s4hana.cloud.sap"
            "&filter=SalesOrderDate ge datetime'2026-01-01T00:00:00'",
            "count", {"count": 42}, Decimal(42),
        ),
        Example(
            "https://erp.acme.example:44300/sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder?sap-client=100"
            "#sum(TotalNetAmount)&where=SalesOrderDate:2026-01-01..2026-03-31,TransactionCurrency:EUR",
            "rows//sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder?host=erp.acme.example:44300&client=100"
            "&where=SalesOrderDate:2026-01-01..2026-03-31,TransactionCurrency:EUR&column=TotalNetAmount",
            "sum", {"values": ["1000.500", "0.250"], "unit": "EUR"}, Decimal("1000.75"), "EUR",
        ),
        Example(
            "https://my300000.s4hana.cloud.sap/sap/opu/odata4/sap/api_salesorder/srvd_a2x/sap/salesorder/0001/SalesOrder",
            "rows//sap/opu/odata4/sap/api_salesorder/srvd_a2x/sap/salesorder/0001/SalesOrder?host=my300000.s4hana.cloud.sap",
            "count",
        ),
        Example(
            "https://my300000.s4hana.cloud.sap/ui#SalesOrder-manage&/?sap-iapp-state=TAS1#where=SalesOrderType:OR",
            "rows//sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder?host=my300000.s4hana.cloud.sap&where=SalesOrderType:OR",
            "count",
        ),
        Example(
            "https://my300000.s4hana.ondemand.com/ui?sap-client=100#SalesOrder-manage?SalesOrganization=1710",
            "rows//sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder?host=my300000.s4hana.ondemand.com&client=100"
            "&where=SalesOrganization:1710", "count",
        ),
    )  # fmt: skip
    unsupported = (
        "https://my300000.s4hana.cloud.sap/ui#SalesOrder-manage&/?sap-iapp-state=TAS1",
        "https://my300000.s4hana.cloud.sap/ui#Shell-home",
        "https://my300000.s4hana.cloud.sap/ui#MaterialBOM-maintain",
        "https://erp.acme.example/sap/bc/gui/sap/its/webgui?~transaction=VA05",
        "https://acme.eu10.sapanalytics.cloud/sap/fpa/ui/app.html",
    )

    def auth(self) -> Auth:
        given = self.settings
        if given.api_key is not None:
            return ApiKey(given.api_key, header="APIKey")  # https://help.sap.com/docs/business-accelerator-hub
        if given.token_url and given.client_id and given.client_secret is not None:
            return ClientCredentials(given.token_url, given.client_id, given.client_secret, scope=given.scope, basic=True)
        if given.certificate is not None and given.certificate_key is not None:
            return ClientCertificate(given.certificate, given.certificate_key)
        if given.user and given.password is not None:
            return Basic(given.user, given.password)
        raise ConfigError(
            "The account {account} of SAP needs one way in: user and password, certificate and certificate_key, api_key, or "
            "token_url, client_id and client_secret.",
            account=self.account,
        )

    @classmethod
    def match(cls, link: Link) -> tuple[LinkPattern, dict[str, str]] | None:
        """As everywhere, but at any port: systems of one's own seldom stand at the usual one."""
        try:
            address = addresses.split(link.url)
        except LinkError:
            return None
        if address.scheme != "https":
            return None
        return super().match(Link(_AUTHORITY.sub(f"https://{address.host}", link.url)))

    @classmethod
    def chosen(cls, kind: str, ids: Mapping[str, str], link: Link) -> tuple[Resource, str]:
        only(link, "where", "filter", "column")
        metric, column = pages.measure_of(link, [one.name for one in cls.metrics["rows"]], cls.title)
        path, params = pages.asked(kind, ids.get("id", ""), link, column)
        return Resource("rows", path, params), metric

    def serves(self, link: Link, resource: Resource) -> bool:  # noqa: ARG002 - the resource says it all
        given = dict(resource.params)
        same_client = not (given.get("client") and self.settings.client) or given["client"] == self.settings.client
        return given["host"] in system.hosts_of(self.settings.host) and same_client

    def fetch(self, resource: Resource, web: Web) -> Any:
        return self._system(web).rows(resource.id, dict(resource.params))

    def read(self, document: Any, query: Query) -> Reading:
        return super().read(document, query) if query.metric == "count" else rows.added_up(document, query.metric)

    def refine(self, reply: Reply) -> LinkError | None:
        return system.meaning(reply)

    def probe(self, web: Web) -> None:
        self._system(web).knock()

    # --- the system

    def base(self) -> str:
        return (self.settings.api_url or f"https://{system.hosts_of(self.settings.host)[-1]}").rstrip("/")

    def _system(self, web: Web) -> system.System:
        return system.System(web, self.base(), self.lookups, self.settings, self.account)
