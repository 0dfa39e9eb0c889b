"""A named query of the configuration goes in, the one number that Prometheus answers now comes out; a cell never holds PromQL.

API            HTTP API v1, instant queries: https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries
               (Thanos, Mimir, VictoriaMetrics and Grafana Cloud answer in the same way below a path of their own)
Link           `prom:ACCOUNT/QUERY`, such as `prom:site/visits`
Key            none by itself; where something stands before Prometheus, a token or a user and a password that may only read
Traps          figures are text, and may be NaN or +Inf; a query gives a series for each set of labels; warnings mean that a part
               of the answer is missing (Thanos) or was left out; no data is an empty answer and not 0
Real service   not yet run against it; checked against its documentation
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sheetsync import links
from sheetsync.connectors import _prometheus as answers
from sheetsync.connectors._options import only
from sheetsync.connectors.base import Connector, Example, Limits, LinkPattern, Metric, Settings, reading_of, setting, walk
from sheetsync.errors import ConfigError, LinkError, NoSuchMetric, NotFound, UnexpectedReply
from sheetsync.model import Link, Query, Reading, Resource
from sheetsync.secrets import Secret
from sheetsync.web.auth import Auth, Basic, Bearer
from sheetsync.web.http import Reply, Web


@dataclass(frozen=True, slots=True, kw_only=True)
class PrometheusSettings(Settings):
    url: str = setting("Address of the server, with the path before /api/v1 where it has one, such as https://prom.example.org.")
    queries: Mapping[str, str] = setting("The queries that links may name, each one PromQL expression that gives one series.")
    bearer: Secret | None = setting("A token, sent as Authorization: Bearer.", None)
    user: str = setting("A user name, sent with `password`.", "")
    password: Secret | None = setting("The password of `user`.", None)


class Prometheus(Connector[PrometheusSettings]):
    title = "Prometheus"
    settings_type = PrometheusSettings
    path = "/api/v1"
    limits = Limits(concurrency=2)

    links = (LinkPattern("query", scheme="prom", path=r"(?P<account>[\w.-]{1,100})/(?P<id>[\w.-]{1,100})"),)
    metrics = {"query": (Metric("value", "the one figure of the query, now"),)}
    examples = (
        Example(
            "prom:site/visits", "query/visits", "value",
            {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": [1772000000, "1.5e+06"]}]}},
            Decimal(1_500_000),
        ),
        Example(
            "prom:site/uptime#unit=ratio", "query/uptime", "value",
            {"status": "success", "data": {"resultType": "scalar", "result": [1772000000, "0.999"]}}, Decimal("0.999"),
        ),
    )  # fmt: skip

    def auth(self) -> Auth | None:
        given = self.settings
        if given.bearer is not None:
            return Bearer(given.bearer)
        if given.password is None:
            return None
        if not given.user:
            raise ConfigError(
                "The account {account} of {service} has a password, but no user.", account=self.account, service=self.name()
            )
        return Basic(given.user, given.password)

    @classmethod
    def chosen(cls, kind: str, ids: Mapping[str, str], link: Link) -> tuple[Resource, str]:
        if links.split(link.url).query:
            raise NoSuchMetric("A query of Prometheus takes no parameters.", advice="Remove everything from the ? on.")
        only(link)
        return Resource(kind, ids["id"]), cls.metric_of(kind, link).name

    def serves(self, link: Link, resource: Resource) -> bool:  # noqa: ARG002 - the account's name stands in the link itself
        found = self.match(link)
        return found is not None and found[1]["account"] == self.account

    def fetch(self, resource: Resource, web: Web) -> Any:
        query = self.settings.queries.get(resource.id)
        if query is None:
            raise NotFound(
                "There is no query {query} in the account {account}; there are {known}.", query=resource.id, account=self.account,
                known=", ".join(sorted(self.settings.queries)[:8]), advice="Write the name of one of them.",
            )  # fmt: skip
        return self._answer(web, query)

    def read(self, document: Any, query: Query) -> Reading:
        moment, figure = answers.sample(document, query.resource.id)
        reading = reading_of(answers.figure(figure, query.resource.id), self.metrics["query"][0])
        return Reading(reading.value, as_of=answers.moment(moment))

    def refine(self, reply: Reply) -> LinkError | None:
        return answers.meaning(reply)

    def probe(self, web: Web) -> None:
        self._answer(web, "1")

    # --- how Prometheus is asked

    def base(self) -> str:
        return (self.settings.api_url or self.settings.url).rstrip("/")

    def _answer(self, web: Web, query: str) -> Any:
        answer = self.ask(web, "/query", {"query": query})
        if walk(answer, "status") != "success":
            raise UnexpectedReply("The answer is not that of a Prometheus server.")
        return answer
