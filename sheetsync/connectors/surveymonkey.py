"""SurveyMonkey: the address of a survey goes in, the number of its responses or the result of one question comes out.

API            v3, https://api.surveymonkey.com/v3/docs
Key            developer.surveymonkey.com > My Apps > an app of one's own > Settings > Access Token, with the scopes View Surveys,
               View Responses, and (paid plans only) View Response Details for results of questions
Ids            addresses in the browser carry a token, the API wants a number. One listing gives tokens, numbers and response
               counts of all surveys: it is read once a run, and numbers are kept, since they never change.
Tokens         of a survey shared by a team-mate may differ from mine: then the row says how to name the survey by its number
Quota          an app of one's own has 500 calls a day and 120 a minute; the listing costs one call for each 1,000 surveys
Counts         hold partial responses too, `completed` does not; deleted responses are gone, those beyond the plan's cap may be in
Periods        compare when a response was begun; the service says "after" and "before", so one begun in the very first or last
               second may stand in either of two periods
Rows           of matrix questions have documented counts of their choices; a mean of a row is read where the service gives one
Real service   not yet run against it; checked against its documentation and a recorded survey
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, Final

from sheetsync.connectors import _surveymonkey as questions
from sheetsync.connectors import _surveymonkey_replies as replies
from sheetsync.connectors._options import days_of, only
from sheetsync.connectors._surveymonkey_calls import Surveys
from sheetsync.connectors.base import Connector, Example, Limits, LinkPattern, Metric, Settings, setting
from sheetsync.errors import ConfigError, LinkError, NoSuchMetric
from sheetsync.model import Link, Query, Reading, Resource
from sheetsync.secrets import Secret
from sheetsync.web.auth import Auth, Bearer
from sheetsync.web.consent import Consent
from sheetsync.web.http import Reply, Web

STATES: Final = {
    "completed": "responses that are completed",
    "partial": "responses that are partial",
    "disqualified": "responses that are disqualified",
    "overquota": "responses that are over a quota",
}

_SITE: Final = r"(?!api\.|developer\.|help\.)([a-z0-9-]+\.)?surveymonkey\.(com|ca|co\.uk|de)"
_API: Final = r"api(\.eu)?\.surveymonkey\.(com|net|ca)"
_SURVEY: Final = r"(?P<id>[A-Za-z0-9_=+]{20,120})"
_ANALYZE: Final = "Open Analyze Results of this survey in SurveyMonkey and paste the address of that page."


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyMonkeySettings(Settings):
    access_token: Secret = setting("Access token of an app of your own, from developer.surveymonkey.com.")
    region: str = setting("Where the account's data lies: us, eu or ca; another one than the account's is refused.", "us")
    time_zone: str = setting("Time zone whose days count in period=, such as Europe/Berlin.", "UTC")


class SurveyMonkey(Connector[SurveyMonkeySettings]):
    title = "SurveyMonkey"
    settings_type = SurveyMonkeySettings
    home = tuple(replies.HOSTS.values())
    path = "/v3"
    # Half of the 120 calls a minute (https://api.surveymonkey.com/v3/docs#request-and-response-limits), which all programs that
    # use the app share.
    limits = Limits(concurrency=2, rates=((60, 60.0),))

    links = (
        LinkPattern("survey", _SITE, rf"/analyze/(browse/|data/)?{_SURVEY}/?"),
        LinkPattern("survey", _SITE, rf"/summary/{_SURVEY}/?"),
        LinkPattern("survey", _SITE, r"/(create|collect/list|r/[Pp]review)/?", {"sm": _SURVEY}),
        LinkPattern("survey", _API, r"/v3/surveys/(?P<number>\d{1,19})(/details|/rollups|/responses)?/?"),
        LinkPattern("collector", _API, r"/v3/collectors/(?P<number>\d{1,19})(/responses)?/?"),
        LinkPattern("results", _SITE, r"/results/SM-.*", instead=_ANALYZE),
        LinkPattern("form", _SITE, r"/r/.+", instead=_ANALYZE),
        LinkPattern("dashboard", _SITE, r"/(dashboard|home|mp|market-research|explore|results)(/.*)?", instead=_ANALYZE),
    )
    metrics = {
        "survey": (Metric("responses", "responses, complete or not, over all collectors", "response_count"),),
        "collector": (Metric("responses", "responses, complete or not, of one collector", "response_count"),),
        "responses": (
            Metric("responses", "responses, complete or not", "total"),
            *(Metric(state, about, "total") for state, about in STATES.items()),
        ),
        "question": questions.METRICS,
    }
    examples = (
        Example(
            "https://www.surveymonkey.com/analyze/BPAkhAawaMN8C17tmmNFxjZ0KOiJJ3FCQU4krShVQhg_3D",
            "survey/BPAkhAawaMN8C17tmmNFxjZ0KOiJJ3FCQU4krShVQhg", "responses", {"response_count": 20}, Decimal(20),
        ),
        Example(
            "https://eu.surveymonkey.com/summary/9GyriWHWhcPYK8l_2FdYdcIEvqmtt5hBjuRL79fS2mOFI_3D",
            "survey/9GyriWHWhcPYK8l_2FdYdcIEvqmtt5hBjuRL79fS2mOFI", "responses",
        ),
        Example(
            "https://www.surveymonkey.com/create/?sm=BPAkhAawaMN8C17tmmNFxjZ0KOiJJ3FCQU4krShVQhg_3D"
            "#metric=completed&period=2026-01-01..2026-03-31",
            "responses/BPAkhAawaMN8C17tmmNFxjZ0KOiJJ3FCQU4krShVQhg?status=completed&from=2026-01-01&to=2026-03-31",
            "completed", {"total": 0}, Decimal(0),
        ),
        Example("https://api.eu.surveymonkey.com/v3/surveys/307785415", "survey/307785415?by=number", "responses"),
        Example("https://api.surveymonkey.ca/v3/collectors/50253586", "collector/50253586?by=number", "responses"),
        Example(
            "https://www.surveymonkey.com/analyze/browse/BPAkhAawaMN8C17tmmNFxjZ0KOiJJ3FCQU4krShVQhg_3D?respondent_id=1"
            "#metric=nps&item=How likely are you to recommend us?",
            "question/BPAkhAawaMN8C17tmmNFxjZ0KOiJJ3FCQU4krShVQhg?item=How likely are you to recommend us?", "nps",
            {"choices": [*([str(n), str(n), 0] for n in range(9)), ["9", "9", 1], ["10", "10", 3]]}, Decimal(100),
        ),
    )  # fmt: skip
    unsupported = (
        "https://www.surveymonkey.com/results/SM-ABC123XYZ/",
        "https://www.surveymonkey.com/r/7XGV2KP",
        "https://www.surveymonkey.com/dashboard/",
    )

    def auth(self) -> Auth:
        return Bearer(self.settings.access_token)

    def consent(self) -> Consent:
        # What an app may read is fixed where it is registered; the token does not end, and comes with the host of the account.
        host = replies.HOSTS["us"]
        tokens = f"{self.settings.api_url.rstrip('/') or host}/oauth/token"
        return Consent(f"{host}/oauth/authorize", tokens, pkce=False, settings=replies.granted)

    @classmethod
    def chosen(cls, kind: str, ids: Mapping[str, str], link: Link) -> tuple[Resource, str]:
        only(link, "period", *(("item", "filter", "select") if kind == "survey" else ()))
        params = [("by", "number")] if "number" in ids else []
        identity = ids.get("number") or replies.canonical(ids["id"])
        wanted = (link.option("metric") or "").casefold().replace(" ", "_")
        days = days_of(link)
        dates = list(zip(("from", "to"), days, strict=True)) if days else []
        if link.option("item"):
            chosen = [(name, link.option(name) or "") for name in ("item", "filter", "select") if link.option(name)]
            metric = cls.metric_of("question", link).name
            if (metric in questions.OF_ONE_ANSWER) != bool(link.option("filter")):
                raise NoSuchMetric(
                    "The measures count and share are about one answer, and filter= names it.",
                    advice="Write #metric=share&item=QUESTION&filter=ANSWER, or leave filter= out for the other measures.",
                )
            return Resource("question", identity, (*params, *chosen, *dates)), metric
        if link.option("filter") or link.option("select") or (wanted in {one.name for one in questions.METRICS}):
            raise NoSuchMetric(
                "This measure is about one question of the survey.", advice="Add &item=QUESTION with its text behind the link."
            )
        if dates or wanted in STATES:
            metric = cls.metric_of("responses", link).name
            status = [("status", metric)] if metric in STATES else []
            of = [("of", "collectors")] if kind == "collector" else []
            return Resource("responses", identity, (*params, *of, *status, *dates)), metric
        if wanted and wanted != "responses":
            cls.metric_of("responses", link)  # the longer list of what there is
        return Resource(kind, identity, tuple(params)), cls.metric_of(kind, link).name

    def fetch(self, resource: Resource, web: Web) -> Any:
        given, surveys = dict(resource.params), Surveys(partial(self.ask, web), self.lookups)
        if resource.kind == "collector":
            return self.ask(web, f"/collectors/{resource.id}")
        if resource.kind == "survey":
            return surveys.survey(resource.id, by_number="by" in given)
        number = resource.id if "by" in given else surveys.number(resource.id)
        asked = surveys.days(given, self.settings.time_zone, self.account) | {k: v for k, v in given.items() if k == "status"}
        if resource.kind == "responses":
            return self.ask(web, f"/{given.get('of', 'surveys')}/{number}/responses", {"per_page": "1", **asked})
        return surveys.question(number, given["item"], asked, given.get("select", ""))

    def read(self, document: Any, query: Query) -> Reading:
        if query.resource.kind != "question":
            return super().read(document, query)
        metric = next(one for one in questions.METRICS if one.name == query.metric)
        return questions.read(document, metric, dict(query.resource.params).get("filter", ""))

    def refine(self, reply: Reply) -> LinkError | None:
        return replies.meaning(reply)

    def probe(self, web: Web) -> None:
        self.ask(web, "/surveys", {"per_page": "1"})

    # --- where the account's data lies

    def base(self) -> str:
        if self.settings.region not in replies.HOSTS:
            raise ConfigError("The region of the SurveyMonkey account {account} is us, eu or ca.", account=self.account)
        return (self.settings.api_url or replies.HOSTS[self.settings.region]).rstrip("/")
