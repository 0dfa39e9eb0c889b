"""Pipedrive: the address of a pipeline, a filtered list, a deal or a goal goes in, its number comes out.

API            versions 1 and 2, https://developers.pipedrive.com/docs/api/v1
Key            Personal preferences > API. It sees what its user sees: take a user who sees all deals, or OAuth with read scopes
Account        the company in the address must be the key's own; one call in each run says so, and tells the currency
Status         a pipeline board shows open deals; with a filter or in a list that is not certain, so the link has to say
Filters        a filter of another kind, or one that was deleted, might be ignored, so its kind is asked for first
Periods        figures of a period are counted for one user, the key's own unless another is named, so the link names one
Money          totals are converted to the company's currency, which they do not name: the parts must agree with it
OAuth          a refresh token stays the same; a changed one could not be kept, and the row would say so
Real service   not yet run against it; checked against its specification and its sample replies
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from sheetsync.connectors import _pipedrive as answers
from sheetsync.connectors._options import days_of, only
from sheetsync.connectors._person import PersonSettings, agreed
from sheetsync.connectors.base import (
    Connector,
    Example,
    Limits,
    LinkPattern,
    Metric,
    origin_of,
    setting,
    walk,
    walk_or_none,
)
from sheetsync.errors import ConfigError, LinkError, NoSuchMetric, NotFound, UnexpectedReply
from sheetsync.model import Link, Query, Reading, Resource
from sheetsync.secrets import Secret
from sheetsync.web.auth import ApiKey, Auth
from sheetsync.web.consent import Consent
from sheetsync.web.http import Reply, Web

FILTERS: Final = {"deals": "deals", "persons": "people", "organizations": "org", "activities": "activity", "leads": "leads"}
"""Kind of link -> the type of a filter that fits it (`GET /filters/{id}`)."""

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
        Example(
            "https://acme.pipedrive.com/deals/filter/12#metric=value&where=status:won",
            "deals/filter/12?company=acme&status=won", "value",
        ),
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
        Example(
            "https://acme.pipedrive.com/organizations/list/user/everyone", "organizations/user/everyone?company=acme", "count",
        ),
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

    def origins(self) -> Collection[str]:
        return (origin_of(self._base()),)

    def auth(self) -> Auth:
        key = self.settings.api_token
        return ApiKey(key, header="x-api-token") if key is not None else agreed(self, "api_token")

    def consent(self) -> Consent:
        # What an app may read is fixed where it is registered (https://pipedrive.readme.io/docs/marketplace-oauth-authorization).
        tokens = f"{self.settings.api_url.rstrip('/') or 'https://oauth.pipedrive.com'}/oauth/token"
        return Consent("https://oauth.pipedrive.com/oauth/authorize", tokens, pkce=False, basic=True)

    @classmethod
    def resolve(cls, link: Link) -> tuple[Resource, str] | None:
        found = cls.match(link)
        if found is None:
            return None
        pattern, ids = found
        kind, which, days = pattern.kind, ids.get("id") or f"filter/{ids['filter']}", days_of(link)
        params = [("company", ids["company"])]
        if kind == "deals" and days:
            kind = "movement"
            if not re.fullmatch(r"pipeline/\d+/user/\d+", which):
                raise NoSuchMetric(
                    "Pipedrive counts what happened in a period for one pipeline and one owner only.",
                    advice="Choose an owner above the board and paste the address then; give each owner a row.",
                )
        only(link, *{"deals": ("where",), "movement": ("period",), "goal": ("period",)}.get(kind, ()))
        metric = cls.metric_of(kind, link).name
        if kind == "deals":
            params += answers.chosen(link, which)
        if kind == "movement":
            params.append(("report", "conversion" if metric.endswith("_conversion") else "movement"))
        if kind == "goal" and not days:
            raise NoSuchMetric(
                "A goal is measured for a period.", advice="Add #period={period.start}..{period.end} behind the link."
            )
        params += zip(("from", "to"), days, strict=True) if days else ()
        return Resource(kind, which, tuple(params)), metric

    def serves(self, link: Link, resource: Resource) -> bool:  # noqa: ARG002 - the resource says it all
        return dict(resource.params)["company"] == self.settings.company.lower()

    def fetch(self, resource: Resource, web: Web) -> Any:
        given, kind = dict(resource.params), resource.kind
        me = walk(self._get(web, "/v1/users/me", once=True), "data")
        if str(walk(me, "company_domain")).lower() != given["company"]:
            raise NotFound(
                "This page belongs to the company {page} in Pipedrive, but the key to another one.", page=given["company"],
                advice="Choose the account that this page belongs to with #account=NAME.",
            )  # fmt: skip
        code = self.settings.currency or str(walk(me, "default_currency"))
        if kind == "deal":
            deal = self._get(web, f"/v2/deals/{resource.id}")
            if walk(deal, "data.is_deleted") is not False:
                raise NotFound("This deal was deleted in Pipedrive.")
            return deal
        if kind == "goal":
            return self._goal(web, resource.id, given)
        parts = resource.id.split("/")
        picked = dict(zip(parts[::2], parts[1::2], strict=True))
        if kind == "movement":
            return self._get(
                web, f"/v1/pipelines/{picked['pipeline']}/{given['report']}_statistics",
                {"start_date": given["from"], "end_date": given["to"], "user_id": picked["user"]},
            ) | {"currency": code}  # fmt: skip
        if "filter" in picked:
            self._check(web, picked["filter"], FILTERS[kind])
        if kind == "deals":
            return self._deals(web, picked, given, code)
        owner = {} if picked.get("user", "everyone") == "everyone" else {"owner_id": picked["user"]}
        asked = {"filter_id": picked["filter"]} if "filter" in picked else owner
        if kind == "leads":
            return {"count": answers.counted(answers.rows_by_start(lambda page: self._get(web, "/v1/leads", {**asked, **page})))}
        return self._counts(web, kind, asked)

    def read(self, document: Any, query: Query) -> Reading:
        if query.resource.kind == "movement" and query.metric.endswith("_value"):
            deals = walk(document, f"data.{query.metric.removesuffix('_value')}_deals")
            return answers.amount(deals, walk(document, "currency"))
        if query.resource.kind == "deals" and query.metric != "count":
            answers.agree(walk_or_none(document, "data.values_total"), walk(document, "currency"))
        return super().read(document, query)

    def refine(self, reply: Reply) -> LinkError | None:
        return answers.meaning(reply)

    def probe(self, web: Web) -> None:
        if str(walk(self._get(web, "/v1/users/me"), "data.company_domain")).lower() != self.settings.company.lower():
            raise NotFound("The key belongs to another company than {company}.", company=self.settings.company)

    # --- how Pipedrive is asked

    def _base(self) -> str:
        if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", self.settings.company.lower()):
            raise ConfigError(
                "The company of the account {account} is written as in its address: acme of acme.pipedrive.com.",
                account=self.account,
            )
        return (self.settings.api_url or f"https://{self.settings.company.lower()}.pipedrive.com").rstrip("/")

    def _get(self, web: Web, path: str, params: Mapping[str, str] | None = None, *, once: bool = False) -> Any:
        answer = web.get_json(f"{self._base()}/api{path}", params=params, once=once)
        if walk_or_none(answer, "success") is not True:
            raise UnexpectedReply("Pipedrive answered that it could not answer.")
        return answer

    def _check(self, web: Web, number: str, kind: str) -> None:
        about = walk(self._get(web, f"/v1/filters/{number}", once=True), "data")
        if walk(about, "type") != kind or walk_or_none(about, "active_flag") is False:
            raise NotFound("The filter {number} is none of this page, or was deleted.", number=number)

    def _deals(self, web: Web, picked: Mapping[str, str], given: Mapping[str, str], code: str) -> Any:
        asked = {f"{name}_id": value for name, value in picked.items() if value != "everyone"}
        if given.get("status", "all") != "all":
            asked["status"] = given["status"]
        if "stage" in given:
            asked["stage_id"] = self._stage(web, picked["pipeline"], given["stage"])
        summary = self._get(web, "/v1/deals/summary", asked)
        return {"data": walk(summary, "data"), "currency": code}

    def _stage(self, web: Web, pipeline: str, wanted: str) -> str:
        stages = list(answers.rows(lambda page: self._get(web, "/v2/stages", {"pipeline_id": pipeline, **page}, once=True)))
        found = [str(one["id"]) for one in stages if wanted.casefold() in (str(one["id"]), str(one["name"]).casefold())]
        if len(found) != 1:
            raise NoSuchMetric(
                "This pipeline has {count} stages called {stage}.", count=len(found), stage=wanted,
                advice="Write the stage's name as Pipedrive shows it, or its number.",
            )  # fmt: skip
        return found[0]

    def _counts(self, web: Web, kind: str, asked: Mapping[str, str]) -> Any:
        found = list(answers.rows(lambda page: self._get(web, f"/v2/{kind}", {**asked, **page})))
        count = answers.counted(iter(found))
        if kind != "activities":
            return {"count": count}
        if not all(isinstance(walk(row, "done"), bool) for row in found):
            raise UnexpectedReply("Pipedrive no longer says which activities are done.")
        done = answers.counted(row for row in found if row["done"])
        return {"count": count, "done": done, "to_do": count - done}

    def _goal(self, web: Web, goal: str, given: Mapping[str, str]) -> Any:
        result = self._get(web, f"/v1/goals/{goal}/results", {"period.start": given["from"], "period.end": given["to"]})
        outcome, codes = walk(result, "data.goal.expected_outcome"), []
        if walk(outcome, "tracking_metric") == "sum":
            known = walk(self._get(web, "/v1/currencies", once=True), "data")
            codes = [str(one["code"]) for one in known if one["id"] == walk(outcome, "currency_id")]
        if len(codes) != 1 and walk(outcome, "tracking_metric") != "quantity":
            raise UnexpectedReply("Pipedrive does not say what this goal is measured in.")
        return {"data": walk(result, "data"), "currency": codes[0] if codes else None}
