"""Power BI: the address of a report or a semantic model goes in, one of the model's measures comes out, as in its visuals.

API            REST v1.0, https://learn.microsoft.com/rest/api/power-bi/datasets/execute-queries (specification of October 2024)
Key            an app registration in Entra ID that is a member of the workspace, or a person's refresh token; the administrator
               of Power BI must permit service principals, and the tenant setting Dataset Execute Queries REST API
Rights         Build and Read on the model. Models with row-level security answer to a person alone, not to an app
Visuals        no call gives what a visual shows, so a link names the model and `metric=` the measure; of the filters only those
               in the address and in `where=` apply, never those of the page, its slicers or a bookmark
BLANK          is no figure, unless `blank_is_zero`; a value of a filter that the model does not have is an error
Reports        are looked up in each run: a report can be bound to another model
Real service   not yet run against it; checked against its specification and its samples
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, Final, Literal

from sheetsync import links
from sheetsync.connectors._dax import is_count, measure_of
from sheetsync.connectors._entra import EntraSettings, consent_for, signed_in
from sheetsync.connectors._options import only
from sheetsync.connectors._powerbi import CLOUDS, GUID, conditions_between, guid, meaning
from sheetsync.connectors._powerbi_models import QUESTIONS, Models
from sheetsync.connectors.base import (
    BatchConnector,
    Example,
    Limits,
    LinkPattern,
    Metric,
    reading_of,
    setting,
    walk,
    walk_or_none,
)
from sheetsync.errors import LinkError, NoSuchMetric, NotReady, UnsupportedLink
from sheetsync.model import Link, Query, Reading, Resource
from sheetsync.web.auth import Auth
from sheetsync.web.consent import Consent
from sheetsync.web.http import Reply, Web

_HOST: Final = "|".join(f"(?P<{name.replace('-', '_')}>{cloud.pages})" for name, cloud in CLOUDS.items())
_GROUP: Final = rf"/groups/(?P<group>me|{GUID})"
_REPORT: Final = rf"/reports/(?P<id>{GUID})(/[\w-]{{0,60}})?/?"
_EMBEDDED: Final = {"reportId": f"(?P<id>{GUID})"}
_ID: Final = "11111111-2222-3333-4444-555555555555"
_WORKSPACE: Final = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerBiSettings(EntraSettings):
    cloud: Literal["world", "us-gov", "us-gov-high", "us-gov-mil", "china"] = setting("Which Power BI it is.", "world")
    user: str = setting("Sign-in name of the person whose row-level rights apply, such as anna@acme.com.", "")
    blank_is_zero: bool = setting("True where a measure that is BLANK means zero.", False)
    refreshed: bool = setting("True to ask when the model was last refreshed, and show that as As of.", False)


class PowerBI(BatchConnector[PowerBiSettings]):
    title = "Power BI"
    settings_type = PowerBiSettings
    home = tuple(cloud.api for cloud in CLOUDS.values())
    path = "/v1.0/myorg"
    # 120 queries a minute for each user, whatever the model (https://learn.microsoft.com/rest/api/power-bi/datasets/execute-queries).
    limits = Limits(concurrency=4, rates=((100, 60.0),), batch=QUESTIONS)

    links = (
        LinkPattern("report", _HOST, rf"/groups/me/apps/(?P<app>{GUID}){_REPORT}"),
        LinkPattern("report", _HOST, _GROUP + _REPORT),
        LinkPattern("report", _HOST, "/reportEmbed/?", _EMBEDDED),
        LinkPattern(
            "dataset", _HOST, rf"{_GROUP}/(datasets|datahub/datasets|semanticmodels|modeling)/(?P<id>{GUID})(/\w{{0,40}})*/?",
        ),
        LinkPattern(
            "dashboard", _HOST, rf"/groups/.*/dashboards/{GUID}.*",
            instead="Click the tile to open its report, and paste that address with #metric=NAME of the measure behind it.",
        ),
        LinkPattern(
            "paginated", _HOST, rf"/groups/.*/rdlreports/{GUID}.*",
            instead="Paste the address of the semantic model behind this report, with #metric=NAME of a measure.",
        ),
        LinkPattern(
            "scorecard", _HOST, rf"/groups/.*/scorecards/{GUID}.*",
            instead="Paste the address of the report that the goal is connected to, with #metric=NAME of its measure.",
        ),
        LinkPattern(
            "share", _HOST, r"/links/.+", instead="Open this link, and paste the address that the browser shows then.",
        ),
        LinkPattern(
            "public", _HOST, r"/view/?", {"r": r".+"},
            instead="Paste the address of the report in its workspace, not of its public copy.",
        ),
    )  # fmt: skip
    metrics = {
        "report": (Metric("measure", "a measure of the report's model by its name, or count(Table), sum(Table[Column])"),),
        "dataset": (Metric("measure", "a measure of the model by its name, or count(Table), sum(Table[Column])"),),
    }
    examples = (
        Example(
            f"https://app.powerbi.com/groups/{_WORKSPACE}/reports/{_ID}/ReportSection?experience=power-bi#metric=Total Revenue",
            f"report/{_ID}?group={_WORKSPACE}&metric=Total Revenue", "Total Revenue", {"value": 1250.5}, Decimal("1250.5"),
        ),
        Example(
            f"https://app.powerbi.com/groups/{_WORKSPACE}/reports/{_ID}?filter=Geo~2FCountry%20eq%20'Germany'#metric=Sales[Deals]",
            f"report/{_ID}?group={_WORKSPACE}&metric=Sales[Deals]&where=Geo[Country]:Germany", "Sales[Deals]",
        ),
        Example(
            f"https://app.powerbi.com/groups/me/apps/{_WORKSPACE}/reports/{_ID}/5f0c1d2e3a4b5c6d7e8f#metric=[Leads]",
            f"report/{_ID}?app={_WORKSPACE}&metric=Leads", "Leads",
        ),
        Example(
            f"https://app.powerbi.com/reportEmbed?reportId={_ID}&groupId={_WORKSPACE}&autoAuth=true#metric=Leads",
            f"report/{_ID}?group={_WORKSPACE}&metric=Leads", "Leads",
        ),
        Example(
            f"https://app.powerbi.com/groups/{_WORKSPACE}/datasets/{_ID}/details#count(Orders)"
            "&where=Orders[Day]:2026-01-01..2026-03-31",
            f"dataset/{_ID}?metric=count(Orders)&where=Orders[Day]:2026-01-01..2026-03-31", "count(Orders)",
            {"value": None}, Decimal(0),
        ),
    )  # fmt: skip
    unsupported = (
        f"https://app.powerbi.com/groups/{_WORKSPACE}/dashboards/{_ID}",
        f"https://app.powerbi.com/groups/me/rdlreports/{_ID}",
        f"https://app.powerbi.com/groups/{_WORKSPACE}/scorecards/{_ID}",
        f"https://app.powerbi.com/links/aBcDeFgH?ctid={_ID}",
        "https://app.powerbi.com/view?r=eyJrIjoiMTEifQ",
        f"https://app.powerbi.com/groups/me/reports/{_ID}?bookmarkGuid={_WORKSPACE}#metric=Leads",
    )

    def auth(self) -> Auth:
        cloud = CLOUDS[self.settings.cloud]
        return signed_in(self.settings, cloud.resource, login=cloud.login, account=self.account)

    def consent(self) -> Consent:
        cloud = CLOUDS[self.settings.cloud]
        return consent_for(self.settings, cloud.resource, login=cloud.login, account=self.account)

    @classmethod
    def chosen(cls, kind: str, ids: Mapping[str, str], link: Link) -> tuple[Resource, str]:
        written = links.split(link.url).query
        page = dict(reversed(written))
        if any(name.casefold() == "bookmarkguid" for name in page):
            raise UnsupportedLink(
                "This address opens a bookmark, whose filters Power BI does not give out.",
                use_instead="Paste the address without the bookmark, and write where=Table[Column]:value behind it.",
            )
        only(link, "where")
        wanted = link.option("metric")
        if not wanted:
            raise NoSuchMetric(
                "This page shows many figures, and Power BI gives out those of measures only.",
                advice="Add #metric=NAME with the name of a measure behind the link, as its model writes it.",
            )
        metric, params = measure_of(wanted), []
        if kind == "report":
            place = {"app": ids.get("app"), "group": ids.get("group") or guid(page.get("groupId"))}
            params = [(name, text.lower()) for name, text in place.items() if text]
        where = conditions_between(
            link.option("where"), [text for name, text in written if name.casefold() in {"filter", "$filter"}]
        )
        params += [("metric", metric), *([("where", where)] if where else [])]
        return Resource(kind, ids["id"].lower(), tuple(params)), metric

    def serves(self, link: Link, resource: Resource) -> bool:  # noqa: ARG002 - cloud and tenant stand in the address
        found = self.match(link)
        tenant = dict(links.split(link.url).query).get("ctid", "").casefold()
        same = guid(tenant) is None or guid(self.settings.tenant) is None or tenant == self.settings.tenant.casefold()
        return found is not None and same and self.settings.cloud.replace("-", "_") in found[1]

    def fetch_batch(self, resources: Sequence[Resource], web: Web) -> Mapping[Resource, Any | LinkError]:
        return Models(partial(self.ask, web), partial(self.post, web), self.settings).figures(resources)

    def read(self, document: Any, query: Query) -> Reading:
        value = walk(document, "value")
        if value is None:
            if not self.settings.blank_is_zero and not is_count(query.metric):
                raise NotReady(
                    "{metric} is blank in Power BI; a missing figure is not zero.", metric=query.metric,
                    advice="Check the filter; if blank means zero, ask the person who installed sheetsync to set blank_is_zero.",
                )  # fmt: skip
            value = 0
        reading = reading_of(value, Metric(query.metric, ""))
        return Reading(reading.value, reading.unit, walk_or_none(document, "as_of"), reading.approximate)

    def refine(self, reply: Reply) -> LinkError | None:
        return meaning(reply)

    def probe(self, web: Web) -> None:
        self.ask(web, "/groups", {"$top": "1"})

    # --- which of its clouds

    def base(self) -> str:
        return (self.settings.api_url or CLOUDS[self.settings.cloud].api).rstrip("/")
