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

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sheetsync import links
from sheetsync.connectors._options import only
from sheetsync.connectors.base import (
    Connector,
    Example,
    Limits,
    LinkPattern,
    Metric,
    Settings,
    origin_of,
    reading_of,
    setting,
    walk,
    walk_or_none,
)
from sheetsync.errors import (
    ConfigError,
    Incomplete,
    LinkError,
    NoSuchMetric,
    NotFound,
    NotReady,
    Unavailable,
    UnexpectedReply,
)
from sheetsync.model import Link, Query, Reading, Resource
from sheetsync.secrets import Secret
from sheetsync.web.auth import Auth, Basic, Bearer
from sheetsync.web.http import Reply, Web

INSTALLER: Final = "Ask the person who installed sheetsync to mend the query in sheetsync.toml."
PROBE: Final = "1"

_FIGURE: Final = re.compile(r"[+-]?\d{1,400}(\.\d{1,400})?([eE][+-]?\d{1,3})?")
_NO_FIGURE: Final = frozenset({"nan", "+inf", "-inf", "inf"})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


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

    def origins(self) -> Collection[str]:
        return (origin_of(self._base()),)

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
    def resolve(cls, link: Link) -> tuple[Resource, str] | None:
        found = cls.match(link)
        if found is None:
            return None
        if links.split(link.url).query:
            raise NoSuchMetric("A query of Prometheus takes no parameters.", advice="Remove everything from the ? on.")
        only(link)
        return Resource("query", found[1]["id"]), cls.metric_of("query", link).name

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
        return self._ask(web, query)

    def read(self, document: Any, query: Query) -> Reading:
        if walk_or_none(document, "warnings"):
            raise Incomplete(
                "Prometheus warns that a part of what the query {query} asks for is missing.", query=query.resource.id,
                advice="Ask the person who runs Prometheus to try the query there and read the warning.",
            )  # fmt: skip
        moment, figure = _sample(document, query.resource.id)
        if isinstance(figure, str) and figure.strip().lower() in _NO_FIGURE:
            raise NotReady(
                "The query {query} gives no number now, for it divides by zero or has nothing to work on.",
                query=query.resource.id,
                advice="Wait for data, or ask the person who installed sheetsync to mend the query.",
            )  # fmt: skip
        if not isinstance(figure, str) or not _FIGURE.fullmatch(figure):
            raise UnexpectedReply("The answer holds no number where one is due.")
        reading = reading_of(Decimal(figure), self.metrics["query"][0])
        return Reading(reading.value, as_of=_moment(moment))

    def refine(self, reply: Reply) -> LinkError | None:
        if reply.status == 404:
            return NotFound(
                "There is no Prometheus at {host}.", host=reply.host,
                advice="Ask the person who installed sheetsync to check the url: some servers need a path such as /prometheus.",
            )  # fmt: skip
        if reply.status not in {200, 400, 422, 503}:
            return None
        told = reply.json()
        if walk_or_none(told, "status") != "error":
            return None
        kind = walk_or_none(told, "errorType")
        if kind in {"timeout", "canceled", "unavailable", "internal", "too_many_requests"}:
            return Unavailable("{host} could not carry out the query in time.", host=reply.host)
        return UnexpectedReply("Prometheus cannot carry out this query.", advice=INSTALLER)

    def probe(self, web: Web) -> None:
        self._ask(web, PROBE)

    # --- how Prometheus is asked

    def _base(self) -> str:
        return (self.settings.api_url or self.settings.url).rstrip("/")

    def _ask(self, web: Web, query: str) -> Any:
        answer = web.get_json(f"{self._base()}/api/v1/query", params={"query": query})
        if walk(answer, "status") != "success":
            raise UnexpectedReply("The answer is not that of a Prometheus server.")
        return answer


def _sample(document: Any, name: str) -> tuple[object, object]:
    """Moment and figure of the one series. Raises NotFound (none), NoSuchMetric (several, or no instant figure)."""
    kind, result = walk(document, "data.resultType"), walk(document, "data.result")
    if kind == "vector" and isinstance(result, list):
        if not result:
            raise NotFound(
                "The query {query} finds no data in Prometheus now; no data is not zero.", query=name,
                advice="Check whether its source still reports; where nothing means zero, the query ends in: or vector(0).",
            )  # fmt: skip
        if len(result) > 1:
            raise NoSuchMetric(
                "The query {query} gives {count} series, and one is due.", query=name, count=len(result),
                advice="Ask the person who installed sheetsync to put sum(…) or a filter of labels into the query.",
            )  # fmt: skip
        if isinstance(result[0], dict) and "value" not in result[0] and "histogram" in result[0]:
            raise NoSuchMetric(
                "The query {query} gives a histogram and not a number.", query=name,
                advice="Ask the person who installed sheetsync to put histogram_count(…) or histogram_quantile(…) around it.",
            )  # fmt: skip
        sample = walk(result[0], "value")
    elif kind == "scalar":
        sample = result
    else:
        raise NoSuchMetric("The query {query} gives no figure of one moment.", query=name, advice=INSTALLER)
    if not isinstance(sample, list) or len(sample) != 2:
        raise UnexpectedReply("The answer holds no number where one is due.")
    return sample[0], sample[1]


def _moment(seconds: object) -> datetime:
    """Seconds since 1970, with fractions. Raises UnexpectedReply."""
    if isinstance(seconds, int | Decimal) and not isinstance(seconds, bool) and 0 <= seconds < 10**11:
        return _EPOCH + timedelta(seconds=int(seconds))
    raise UnexpectedReply("The answer does not say of which moment it is.")
