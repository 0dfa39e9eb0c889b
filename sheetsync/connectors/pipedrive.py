"""Pipedrive: the address of a pipeline, a filtered list, a deal or a goal goes in, its number comes out.

API            versions 1 and 2, https://developers.pipedrive.com/docs/api/v1
Key            Personal preferences > API. It sees what its user sees: take a user who sees all deals, or OAuth with read scopes
Account        the company in the address must be the key's own; one call in each run says so, and tells the currency
Status         a pipeline board shows open deals; with a filter or in a list that is not certain, so the link has to say
Periods        figures of a period are counted for one user, the key's own unless another is named, so the link names one
Money          totals are converted to the company's currency, which they do not name: the parts must agree with it
Real service   not yet run against it; checked against its specification and its sample replies
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, Final

from sheetsync.connectors import _pipedrive as answers
from sheetsync.connectors._person import PersonSettings, agreed
from sheetsync.connectors._pipedrive_calls import FILTERS, Company
from sheetsync.connectors.base import Connector, Example, Limits, LinkPattern, Metric, another_account, setting
from sheetsync.errors import LinkError, NotFound
from sheetsync.model import Link, Query, Reading, Resource
from sheetsync.secrets import Secret
from sheetsync.web.auth import ApiKey, Auth
from sheetsync.web.consent import Consent
from sheetsync.web.http import Reply, Web

_OWN: Final = "(?!(?:www|api|app|oauth|developers|support|status|community|blog|marketplace|help|learn)\\.)"
_HOST: Final = rf"{_OWN}(?P<company>[a-z0-9]([a-z0-9-]{{0,61}}[a-z0-9])?)\.pipedrive\.com"
_PICK: Final = r"(filter/\d{1,12}|user/(\d{1,12}|everyone))"
_SOURCE: Final = "Paste the address of the pipeline, the filtered list or the goal that the report is about."
_FILTERED: Final = "What this page shows depends on who opens it: choose a filter or an owner there, and paste the address then."


@dataclass(frozen=True, slots=True, kw_only=True)
class PipedriveSettings(PersonSettings):
    company: str = setting("The company in the address of Pipedrive: acme in acme.pipedrive.com.")
    api_token: Secret | None = setting("Personal API token.", None)
    currency: str = setting("The company's own currency, such as EUR; empty to take that of the key's user.", "")


class Pipedrive(Connector[PipedriveSettings]):
    title = "Pipedrive"
    settings_type = PipedriveSettings
    home = ("https://{company}.pipedrive.com",)
    path = "/api"
    # 20 calls in 2 seconds for a token of the smallest plan (https://pipedrive.readme.io/docs/core-api-concepts-rate-limiting).
    limits = Limits(concurrency=2, rates=((16, 2.0),))

    links = (
        LinkPattern("deals", _HOST, rf"/(?P<id>pipeline/\d{{1,12}}(/{_PICK})?)/?"),
        LinkPattern("deals", _HOST, rf"/deals/(list/)?(?P<id>{_PICK})/?"),
        LinkPattern("deal", _HOST, r"/deal/(?P<id>\d{1,12})/?"),
        LinkPattern("persons", _HOST, rf"/persons/(list/)?(?P<id>{_PICK})/?"),
        LinkPattern("organizations", _HOST, rf"/organizations/(list/)?(?P<id>{_PICK})/?"),
        LinkPattern("activities", _HOST, rf"/activities/(list/)?(?P<id>{_PICK})/?"),
        LinkPattern("leads", _HOST, rf"/leads/inbox/(?P<id>{_PICK})/?"),
        LinkPattern("leads", _HOST, r"/leads/inbox/?", {"filter": r"\d{1,12}"}),
        LinkPattern("goal", _HOST, r"/progress/(insights/)?goals?/(?P<id>[0-9a-f]{32})/?"),
        LinkPattern("report", _HOST, r"/progress/.*", instead=_SOURCE),
        LinkPattern("page", _HOST, rf"/(pipeline|{'|'.join(FILTERS)})(/list|/inbox)?/?", instead=_FILTERED),
    )
    metrics = {
        "deals": (
            Metric("count", "deals", "data.total_count"),
            Metric("value", "their value", "data.total_currency_converted_value", currency="currency"),
            Metric(
                "weighted_value", "their value times its probability", "data.total_weighted_currency_converted_value",
                currency="currency",
            ),
        ),
        "movement": (
            Metric("won", "deals won in the period", "data.won_deals.count"),
            Metric("lost", "deals lost", "data.lost_deals.count"),
            Metric("new", "deals that came in", "data.new_deals.count"),
            Metric("left_open", "deals still open at its end", "data.deals_left_open.count"),
            Metric("won_value", "value of the deals won", "data.won_deals.values"),
            Metric("lost_value", "value of the deals lost", "data.lost_deals.values"),
            Metric("new_value", "value of the deals that came in", "data.new_deals.values"),
            Metric("won_conversion", "deals won, of those that ended", "data.won_conversion", of_hundred=True),
            Metric("lost_conversion", "deals lost, of those that ended", "data.lost_conversion", of_hundred=True),
        ),
        "deal": (
            Metric("value", "value of the deal", "data.value", currency="data.currency"),
            Metric("probability", "probability of the deal", "data.probability", of_hundred=True),
            Metric("mrr", "monthly recurring revenue", "data.mrr", currency="data.currency"),
            Metric("arr", "annual recurring revenue", "data.arr", currency="data.currency"),
            Metric("acv", "annual contract value", "data.acv", currency="data.currency"),
        ),
        "persons": (Metric("count", "persons", "count"),),
        "organizations": (Metric("count", "organisations", "count"),),
        "activities": (
            Metric("count", "activities", "count"),
            Metric("done", "of these done", "done"),
            Metric("to_do", "of these not done yet", "to_do"),
        ),
        "leads": (Metric("count", "leads that are not archived", "count"),),
        "goal": (
            Metric("progress", "what was reached in the period", "data.progress", currency="currency"),
            Metric("target", "target of each interval", "data.goal.expected_outcome.target", currency="currency"),
        ),
    }  # fmt: skip
    examples = (
        Example(
            "https://acme.pipedrive.com/pipeline/3", "deals/pipeline/3?company=acme&status=open", "count",
            {"data": {"total_count": 5}, "currency": "EUR"}, Decimal(5),
        ),
        Example(
            "https://acme.pipedrive.com/pipeline/3/user/everyone#metric=value&where=stage:Demo",
            "deals/pipeline/3/user/everyone?company=acme&status=open&stage=Demo", "value",
            {"data": {"total_currency_converted_value": 41.1}, "currency": "USD"}, Decimal("41.1"), "USD",
        ),
        Example("https://acme.pipedrive.com/deals/filter/2#where=status:won", "deals/filter/2?company=acme&status=won", "count"),
        Example(
            "https://acme.pipedrive.com/pipeline/3/user/77#metric=won_value&period=2026-01-01..2026-03-31",
            "movement/pipeline/3/user/77?company=acme&report=movement&from=2026-01-01&to=2026-03-31", "won_value",
            {"data": {"won_deals": {"count": 2, "values": {"EUR": 10.5}}}, "currency": "USD"}, Decimal("10.5"), "EUR",
        ),
        Example("https://acme.pipedrive.com/deal/17", "deal/17?company=acme", "value"),
        Example(
            "https://acme.pipedrive.com/persons/list/filter/28", "persons/filter/28?company=acme", "count",
            {"count": 0}, Decimal(0),
        ),
        Example("https://acme.pipedrive.com/organizations/list/user/8", "organizations/user/8?company=acme", "count"),
        Example("https://acme.pipedrive.com/activities/list/filter/9#metric=done", "activities/filter/9?company=acme", "done"),
        Example("https://acme.pipedrive.com/leads/inbox?filter=4", "leads/filter/4?company=acme", "count"),
        Example(
            "https://acme.pipedrive.com/progress/insights/goals/5665cef556ddff22606fc8f6c0004807#period=2026-01-01..2026-03-31",
            "goal/5665cef556ddff22606fc8f6c0004807?company=acme&from=2026-01-01&to=2026-03-31", "progress",
            {"data": {"progress": 64}, "currency": None}, Decimal(64),
        ),
    )  # fmt: skip
    unsupported = (
        "https://acme.pipedrive.com/progress/insights/report/abc",
        "https://acme.pipedrive.com/progress/dashboard/1",
        "https://acme.pipedrive.com/persons/list",
        "https://acme.pipedrive.com/leads/inbox",
    )

    def auth(self) -> Auth:
        key = self.settings.api_token
        return ApiKey(key, header="x-api-token") if key is not None else agreed(self, "api_token")

    def consent(self) -> Consent:
        # What an app may read is fixed where it is registered (https://pipedrive.readme.io/docs/marketplace-oauth-authorization).
        tokens = f"{self.settings.api_url.rstrip('/') or 'https://oauth.pipedrive.com'}/oauth/token"
        return Consent("https://oauth.pipedrive.com/oauth/authorize", tokens, pkce=False, basic=True)

    @classmethod
    def chosen(cls, kind: str, ids: Mapping[str, str], link: Link) -> tuple[Resource, str]:
        kind, which = answers.page_of(kind, ids, link)
        metric = cls.metric_of(kind, link).name
        return Resource(kind, which, answers.params_of(kind, which, metric, ids["company"], link)), metric

    def serves(self, link: Link, resource: Resource) -> bool:  # noqa: ARG002 - the resource says it all
        return dict(resource.params)["company"] == self.settings.company.lower()

    def fetch(self, resource: Resource, web: Web) -> Any:
        given, kind, company = dict(resource.params), resource.kind, self._company(web)
        own, currency = company.about()
        if own != given["company"]:
            raise another_account(self.title, given["company"])
        code = self.settings.currency or currency
        if kind == "deal":
            return company.deal(resource.id)
        if kind == "goal":
            return company.goal(resource.id, given)
        picked = answers.picked(resource.id)
        if kind == "movement":
            return company.moved(picked, given, code)
        return company.deals(picked, given, code) if kind == "deals" else company.counts(kind, picked)

    def read(self, document: Any, query: Query) -> Reading:
        if query.resource.kind == "movement" and query.metric.endswith("_value"):
            return answers.amount(document, query.metric.removesuffix("_value"))
        if query.resource.kind == "deals" and query.metric != "count":
            answers.agree(document)
        return super().read(document, query)

    def refine(self, reply: Reply) -> LinkError | None:
        return answers.meaning(reply)

    def probe(self, web: Web) -> None:
        if self._company(web).about()[0] != self.settings.company.lower():
            raise NotFound("The key belongs to another company than {company}.", company=self.settings.company)

    # --- where the company lies

    def _company(self, web: Web) -> Company:
        return Company(partial(self.ask, web))

    def base(self) -> str:
        company = answers.company_of(self.settings.company, self.account)
        return (self.settings.api_url or self.home[0].format(company=company)).rstrip("/")
