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
Certificates   client certificates are not supported; a proxy that holds one can be named by `api_url`
Real service   not yet run against it; checked against SAP's own metadata of two services
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, ClassVar, Final
from zoneinfo import ZoneInfo

from sheetsync import links as addresses
from sheetsync.connectors import _sap_apps as apps
from sheetsync.connectors import _sap_rows as rows
from sheetsync.connectors._options import conditions_of, conditions_text, only
from sheetsync.connectors._sap_filter import V4, checked, names_in, of_conditions
from sheetsync.connectors._sap_metadata import EntitySet, entity_set
from sheetsync.connectors.base import (
    Connector,
    Example,
    Limits,
    LinkPattern,
    Metric,
    Settings,
    origin_of,
    setting,
    walk_or_none,
)
from sheetsync.errors import (
    AccessDenied,
    ConfigError,
    LinkError,
    NoSuchMetric,
    NotConnected,
    NotFound,
    UnexpectedReply,
)
from sheetsync.model import Link, Query, Reading, Resource
from sheetsync.secrets import Secret
from sheetsync.web.auth import ApiKey, Auth, Basic, ClientCredentials
from sheetsync.web.http import Reply, Web

METADATA_BYTES: Final = 20_000_000

_HOST: Final = r"[a-z0-9_.-]+"
_PREFIX: Final = r"(/[A-Za-z0-9][\w-]*){0,2}"
_SET: Final = r"[A-Za-z_]\w{0,127}"
_LAUNCHPAD: Final = r"(/ui|/sap/bc/ui2/flp(/.*)?|/sap/bc/ui5_ui5/ui2/ushell/shells/abap/FioriLaunchpad\.html)/?"
_CALL: Final = re.compile(rf"(sum|mean|min|max)(?:\(\s*({_SET})\s*\))?", re.IGNORECASE)
_CLIENT: Final = re.compile(r"\d{3}")
_AUTHORITY: Final = re.compile(r"https://[^/?#]*", re.IGNORECASE)
_HARMLESS: Final = frozenset({
    "$filter", "$format", "$count", "$inlinecount", "$select", "$orderby", "$expand", "sap-client", "sap-language", "sap-locale",
})  # fmt: skip


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
    time_zone: str = setting(
        "Time zone whose days count in where=FIELD:2026-01-01..2026-03-31 for fields with a time of day.", "UTC"
    )


class Sap(Connector[SapSettings]):
    title = "SAP S/4HANA"
    settings_type = SapSettings
    # SAP names no figure for its systems; the sandbox allows a few calls a second.
    limits = Limits(concurrency=2, rates=((4, 1.0),))

    links = (
        LinkPattern("rows", _HOST, rf"(?P<id>{_PREFIX}/sap/opu/odata/[\w-]+/[\w-]+(;[\w;=-]{{1,60}})?/{_SET})(/\$count)?/?"),
        LinkPattern("rows", _HOST, rf"(?P<id>{_PREFIX}/sap/opu/odata4/([\w.-]+/){{3,7}}{_SET})(/\$count)?/?"),
        LinkPattern("app", _HOST, _LAUNCHPAD, fragment=r"(?!Shell-)[A-Za-z]\w*-\w+([?&].*)?"),
        LinkPattern("home", _HOST, _LAUNCHPAD, instead="Open the app that shows the number, and paste its address."),
        LinkPattern("webgui", _HOST, r"/sap/bc/(gui|webdynpro|bsp)/.*", instead=apps.PASTE),
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

    def origins(self) -> Collection[str]:
        return (origin_of(self._base()),)

    def auth(self) -> Auth:
        given = self.settings
        if given.api_key is not None:
            return ApiKey(given.api_key, header="APIKey")  # https://help.sap.com/docs/business-accelerator-hub
        if given.token_url and given.client_id and given.client_secret is not None:
            return ClientCredentials(given.token_url, given.client_id, given.client_secret, scope=given.scope, basic=True)
        if given.user and given.password is not None:
            return Basic(given.user, given.password)
        raise ConfigError(
            "The account {account} of SAP needs user and password, or token_url, client_id and client_secret, or api_key.",
            account=self.account,
        )

    @classmethod
    def resolve(cls, link: Link) -> tuple[Resource, str] | None:
        found = cls.match(link)
        if found is None:
            return None
        pattern, ids = found
        address = addresses.split(link.url)
        only(link, "where", "filter", "column")
        where, written = conditions_of(link.option("where")), link.option("filter") or ""
        if pattern.kind == "app":
            path, stated = apps.of_app(address, explicit=bool(where or written))
            where = (*conditions_of(stated), *where)
        else:
            path = ids["id"]
            for name, value in address.query:
                if name not in _HARMLESS:
                    raise NoSuchMetric(
                        "The part {name} of this address cannot be kept in a count.", name=name,
                        advice="Take it out, and write what to count as $filter in the address or as #where= behind it.",
                    )  # fmt: skip
                if name == "$filter" and written and value != written:
                    raise NoSuchMetric("This link has two filters.", advice="Keep the one in the address or the one behind it.")
                written = value if name == "$filter" else written
        client = dict(address.query).get("sap-client", "")
        if client and not _CLIENT.fullmatch(client):
            raise NoSuchMetric("The client of this address is no number of three digits.", advice="Copy the address again.")
        metric, column = _measure(link)
        parts = {
            "host": address.origin.partition("://")[2], "client": client, "filter": checked(written) if written else "",
            "where": conditions_text(where), "column": column,
        }  # fmt: skip
        return Resource("rows", path, tuple((name, value) for name, value in parts.items() if value)), metric

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

    def serves(self, link: Link, resource: Resource) -> bool:  # noqa: ARG002 - the resource says it all
        given = dict(resource.params)
        same_client = not (given.get("client") and self.settings.client) or given["client"] == self.settings.client
        return given["host"] in self._hosts() and same_client

    def fetch(self, resource: Resource, web: Web) -> Any:
        given = dict(resource.params)
        if given.get("client") and not self.settings.client:
            raise NotConnected(
                "The address names the client {client}, and the account {account} does not say which one it reads.",
                client=given["client"], account=self.account,
                advice="Ask the person who installed sheetsync to set client for this account.",
            )  # fmt: skip
        version = V4 if "/sap/opu/odata4/" in resource.id else 2
        asked = [name for name in (given.get("column"), *(one.column for one in conditions_of(given.get("where")))) if name]
        known = self._entity_set(web, resource.id, asked)
        written = self._filter(given, known, version)
        filters = {"$filter": written} if written else {}
        if "column" not in given:
            return {"count": rows.row_count(self._get(web, f"{resource.id}/$count", filters))}
        return rows.every_row(
            lambda params: self._get(web, resource.id, params | filters), known, known.named(given["column"]), version
        )

    def read(self, document: Any, query: Query) -> Reading:
        return super().read(document, query) if query.metric == "count" else rows.added_up(document, query.metric)

    def refine(self, reply: Reply) -> LinkError | None:
        if reply.status == 403:
            return AccessDenied(
                "SAP does not let the user of this account read this service.",
                advice="Ask the SAP team to add the service to the communication arrangement, or to the roles, of this user.",
            )
        if reply.path.endswith("/$metadata") and reply.status < 400:
            return None
        error = walk_or_none(reply.json(), "error") if reply.status in {200, 400, 404} else None
        if error is None:
            return None
        if "/IWFND/MED/170" in str(walk_or_none(error, "code")):
            return NotFound(
                "This service is not active in SAP.", advice="Ask the SAP team to activate it, or check the name of the service."
            )
        if reply.status == 400:
            return NoSuchMetric(
                "SAP does not accept this filter or field.", advice="Check the names of the fields and the values in the link."
            )
        return None if reply.status == 404 else UnexpectedReply("SAP answered with an error instead of data.")

    def probe(self, web: Web) -> None:
        try:
            web.get(f"{self._base()}/sap/opu/odata/IWFND/CATALOGSERVICE;v=2/", params=self._client())
        except (AccessDenied, NotFound):
            return  # the key was taken; the catalogue is rarely open to technical users

    # --- how SAP is asked

    def _base(self) -> str:
        return (self.settings.api_url or f"https://{self._hosts()[-1]}").rstrip("/")

    def _hosts(self) -> tuple[str, ...]:
        """As the address bar shows it, and as the services of S/4HANA Cloud are reached."""
        origin = origin_of(f"https://{self.settings.host.strip()}").partition("://")[2]
        name, dot, rest = origin.partition(".")
        if rest not in {"s4hana.cloud.sap", "s4hana.ondemand.com", "s4hana.sapcloud.cn"}:
            return (origin,)
        name = name.removesuffix("-api")
        return f"{name}{dot}{rest}", f"{name}-api{dot}{rest}"

    def _client(self) -> dict[str, str]:
        return {"sap-client": self.settings.client} if self.settings.client else {}

    def _get(self, web: Web, path: str, params: Mapping[str, str]) -> Any:
        return web.get_json(self._base() + path, params={**params, **self._client()})

    def _entity_set(self, web: Web, path: str, asked: Collection[str]) -> EntitySet:
        """What the rows are made of: from an earlier run, or from the service where that lacks a field that is asked for."""
        service, _, name = path.rpartition("/")
        kept = EntitySet.of_text(self.lookups.get(f"fields{path}") or "")
        spelled = {known.casefold() for known in kept.fields} if kept else set()
        if kept is None or any(each.strip().casefold() not in spelled for each in asked):
            url = f"{self._base()}{service}/$metadata"
            reply = web.get(url, params=self._client(), headers={"Accept": "application/xml"}, max_bytes=METADATA_BYTES)
            kept = entity_set(reply.body, name)
            self.lookups.put(f"fields{path}", kept.text())
        return kept

    def _filter(self, given: Mapping[str, str], known: EntitySet, version: int) -> str:
        try:
            zone = ZoneInfo(self.settings.time_zone)
        except (KeyError, ValueError, OSError):
            raise ConfigError("The SAP account {account} names no known time zone.", account=self.account) from None
        conditions, written = conditions_of(given.get("where")), given.get("filter", "")
        parts = [
            f"({written})" if written and conditions else written,
            of_conditions(conditions, known, version=version, zone=zone),
        ]
        named = names_in(written) | {known.named(one.column) for one in conditions}
        if "IsActiveEntity" in known.fields and "IsActiveEntity" not in named:
            parts = [*(f"({part})" for part in parts if part), "IsActiveEntity eq true"]
        return " and ".join(part for part in parts if part)


def _measure(link: Link) -> tuple[str, str]:
    """`sum(TotalNetAmount)`, or `sum` with `column=TotalNetAmount` -> (sum, TotalNetAmount). Raises NoSuchMetric."""
    text, column = (link.option("metric") or "count").strip(), (link.option("column") or "").strip()
    match = _CALL.fullmatch(text)
    if match is None:
        if column and text.casefold() == "count":
            raise NoSuchMetric("A count needs no field.", advice="Write #sum(FIELD), or leave column= out.")
        return Sap.metric_of("rows", replace(link, options=(("metric", text),))).name, ""
    if not (match[2] or column) or (match[2] and column and match[2] != column) or not re.fullmatch(_SET, match[2] or column):
        raise NoSuchMetric(
            "The measure {measure} needs the name of one field.", measure=match[1].lower(), advice="Write #sum(TotalNetAmount)."
        )
    return match[1].lower(), match[2] or column
