"""BigQuery: a named query of the configuration goes in, one number of its answer comes out; a cell never holds SQL.

API            REST v2, https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs/query
Key            a service account with BigQuery Job User on the project and BigQuery Data Viewer on the datasets of the queries;
               its token is for reading alone (scope bigquery.readonly)
Link           `https://console.cloud.google.com/bigquery?project=PROJECT#item=QUERY`, with the query's own parameters as
               `filter=region:DE`, and a measure where the answer has several rows: `sum(leads)`
Numbers        come as text and are taken digit by digit; NaN and infinity are refused
Cost           a query that would bill more than `max_bytes_billed` does not run; one that takes too long is not started again
Whole          all pages are read, and their rows are counted
Real service   not yet run against it; checked against its documentation
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import quote

from sheetsync.connectors._excel import MAX_ROWS
from sheetsync.connectors._google import (
    GoogleSettings,
    complaint,
    consent_to,
    exact,
    sign_in,
    switched_off,
    until_reset,
    who,
)
from sheetsync.connectors._grammar import MEASURES, Choice, choice_of, date_of, number_of
from sheetsync.connectors._options import conditions_of
from sheetsync.connectors._tables import Document, evaluate, table_of
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
from sheetsync.errors import (
    AccessDenied,
    ConfigError,
    Incomplete,
    LinkError,
    NoSuchMetric,
    NotFound,
    NotReady,
    RateLimited,
    Refused,
    UnexpectedReply,
)
from sheetsync.model import Link, Query, Reading, Resource
from sheetsync.web.auth import Auth
from sheetsync.web.consent import Consent
from sheetsync.web.http import Reply, Web

Type: TypeAlias = Literal["text", "integer", "number", "date"]

SCOPE: Final = "https://www.googleapis.com/auth/bigquery.readonly"
INSTALLER: Final = "Ask the person who installed sheetsync to mend it in sheetsync.toml."
PAGE_ROWS: Final = 20_000
WAIT_SECONDS: Final = 20
"""One call waits so long for a query before it asks again; the answer to a slow query is asked for, never the query itself."""

_PROJECT: Final = r"([a-z0-9.-]{1,100}:)?[a-z][a-z0-9-]{4,28}[a-z0-9]"
_TYPES: Final[Mapping[str, str]] = {"text": "STRING", "integer": "INT64", "number": "NUMERIC", "date": "DATE"}
_NUMBERS: Final = frozenset({"INTEGER", "INT64", "FLOAT", "FLOAT64", "NUMERIC", "BIGNUMERIC"})
_LOCATION: Final = re.compile(r"[A-Za-z0-9-]{1,40}")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class BigQueryQuery:
    """One query. Its parameters stand in the SQL as `@name`; a link gives them as `filter=name:value`."""

    sql: str = setting("One SELECT statement of GoogleSQL; parameters stand in it as @name.")
    params: Mapping[str, Type] = field(
        default_factory=dict, metadata={"about": "Each parameter's type: text, integer, number or date. A link must give all."}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BigQuerySettings(GoogleSettings):
    project: str = setting("ID of the Google Cloud project in which the queries run and which pays for them.")
    queries: Mapping[str, BigQueryQuery] = field(default_factory=dict, metadata={"about": "The queries that links may name."})
    location: str = setting("Where the data lies, such as EU or europe-west3; empty for Google's own choice.", "")
    max_bytes_billed: int = setting("A query that would bill more bytes than this does not run.", 1_000_000_000)
    timeout_seconds: int = setting("After so many seconds a query is given up for this run.", 60)


class BigQuery(Connector[BigQuerySettings]):
    title = "BigQuery"
    settings_type = BigQuerySettings
    # A hundred calls a second are allowed for a person (https://cloud.google.com/bigquery/quotas#all_api_requests); queries of
    # other programs share the slots of the project.
    limits = Limits(concurrency=2)

    links = (LinkPattern("query", r"console\.cloud\.google\.com", r"/bigquery/?", {"project": _PROJECT}),)
    metrics = {"query": tuple(Metric(name, about) for name, about in MEASURES.items())}
    examples = (
        Example(
            "https://console.cloud.google.com/bigquery?project=acme-marketing#item=won_deals", "query/won_deals", "value",
            (("n",), ((Decimal(42),),)), Decimal(42),
        ),
        Example(
            "https://console.cloud.google.com/bigquery?project=acme-marketing#item=leads&filter=region:DE&metric=sum(leads)",
            "query/leads?region=DE", "sum(leads)",
            (("day", "leads"), (("2026-01-05", Decimal(3)), ("2026-01-06", Decimal(4)))), Decimal(7),
        ),
    )  # fmt: skip

    def origins(self) -> Collection[str]:
        return (origin_of(self._base()),)

    def auth(self) -> Auth:
        return sign_in(self.settings, SCOPE, title=self.title, account=self.account)

    def consent(self) -> Consent:
        return consent_to(self.settings, SCOPE)

    @classmethod
    def resolve(cls, link: Link) -> tuple[Resource, str] | None:
        found = cls.match(link)
        if found is None:
            return None
        name = (link.option("item") or "").strip()
        if not re.fullmatch(r"[\w.-]{1,100}", name):
            raise NoSuchMetric(
                "An address of BigQuery has to name a query of sheetsync.toml.", advice="Write #item=NAME behind the link."
            )
        table = Link(link.url, tuple((option, value) for option, value in link.options if option not in {"item", "filter"}))
        return Resource("query", name, _parameters(link.option("filter"))), str(choice_of(table, default="value"))

    def serves(self, link: Link, resource: Resource) -> bool:  # noqa: ARG002 - the project says which account it is
        found = self.match(link)
        return found is not None and found[1]["project"] == self.settings.project

    def fetch(self, resource: Resource, web: Web) -> Any:
        query = self.settings.queries.get(resource.id)
        if query is None:
            raise NotFound(
                "There is no query {query} in the account {account}; there are {known}.", query=resource.id, account=self.account,
                known=", ".join(sorted(self.settings.queries)[:8]) or "-", advice="Write the name of one of them.",
            )  # fmt: skip
        given = dict(resource.params)
        if set(given) != set(query.params):
            raise NoSuchMetric(
                "The query {query} takes the parameters {known}, no more and no fewer.", query=resource.id,
                known=", ".join(sorted(query.params)) or "-", advice="Write them as filter=name:value behind the link.",
            )  # fmt: skip
        parameters = [_parameter(name, given[name], kind) for name, kind in query.params.items()]
        return self._answer(web, self._body(query.sql) | {"parameterMode": "NAMED", "queryParameters": parameters})

    def read(self, document: Any, query: Query) -> Reading:
        headings, rows = document
        return evaluate(Document(table=table_of(headings, rows)), Choice.parse(query.metric))

    def refine(self, reply: Reply) -> LinkError | None:
        if not 400 <= reply.status < 500 or reply.status == 401:
            return None
        told = complaint(reply)
        if told.reasons & {"quotaExceeded"}:
            return RateLimited("The daily quota of this project in BigQuery is used up.", wait=until_reset(reply))
        if told.reasons & {"rateLimitExceeded", "jobRateLimitExceeded"}:
            return RateLimited("BigQuery asks for fewer requests.", wait=reply.retry_after())
        if told.reasons & {"bytesBilledLimitExceeded"}:
            return Refused(
                "The query would read more than the {limit} bytes that the account {account} permits.",
                limit=self.settings.max_bytes_billed, account=self.account,
                advice="Ask the person who installed sheetsync to narrow the query, or to raise max_bytes_billed.",
            )  # fmt: skip
        if told.reasons & {"responseTooLarge", "resourcesExceeded"}:
            return Incomplete("The query needs more than BigQuery gives it, so it has no answer.", advice=INSTALLER)
        if told.reasons & {"billingNotEnabled", "billingTierLimitExceeded"}:
            return AccessDenied("BigQuery is not paid for in the project of this account.")
        if reply.status == 403:
            return switched_off(told, self.title) or AccessDenied(
                "BigQuery does not let {who} run this query.", who=who(self.settings),
                advice="Ask the owner of the project to give this address BigQuery Job User and BigQuery Data Viewer.",
            )  # fmt: skip
        if reply.status == 400:
            return UnexpectedReply("BigQuery cannot carry out this query.", advice=INSTALLER)
        if reply.status == 404 and told.reasons:
            return NotFound("BigQuery has no such project, or no such table in the location of this query.", advice=INSTALLER)
        return None

    def probe(self, web: Web) -> None:
        # A dry run shows that the key works and the project exists, and costs nothing.
        web.post_json(self._queries(), self._body("SELECT 1 AS one") | {"dryRun": True})

    # --- how BigQuery is asked

    def _base(self) -> str:
        return (self.settings.api_url or "https://bigquery.googleapis.com").rstrip("/")

    def _queries(self) -> str:
        if not re.fullmatch(_PROJECT, self.settings.project):
            raise ConfigError("The project of the account {account} of BigQuery is no project ID.", account=self.account)
        return f"{self._base()}/bigquery/v2/projects/{quote(self.settings.project, safe='')}/queries"

    def _body(self, sql: str) -> dict[str, Any]:
        if self.settings.location and not _LOCATION.fullmatch(self.settings.location):
            raise ConfigError("The location of the account {account} of BigQuery is none.", account=self.account)
        place = {"location": self.settings.location} if self.settings.location else {}
        return {
            "query": sql, "useLegacySql": False, "maxResults": PAGE_ROWS, "timeoutMs": WAIT_SECONDS * 1000,
            "maximumBytesBilled": str(self.settings.max_bytes_billed), "formatOptions": {"useInt64Timestamp": True}, **place,
        }  # fmt: skip

    def _answer(self, web: Web, body: Mapping[str, Any]) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
        """Headings and rows of all pages. Raises NotReady (too slow), Incomplete (rows are missing, warnings), Refused."""
        page = web.post_json(self._queries(), body)
        job, patience = walk_or_none(page, "jobReference"), self.settings.timeout_seconds
        while walk(page, "jobComplete") is not True:
            patience -= WAIT_SECONDS
            if patience <= 0:
                raise NotReady("The query took longer than {seconds} seconds.", seconds=self.settings.timeout_seconds)
            page = self._more(web, job)
        if walk_or_none(page, "numDmlAffectedRows") is not None:
            raise Refused("The query wants to change the data, which no link may do.", advice=INSTALLER)
        if walk_or_none(page, "errors"):
            raise Incomplete("BigQuery warns that this answer is not all of it.", advice=INSTALLER)
        fields = walk(page, "schema.fields")
        total = _whole(walk(page, "totalRows"))
        if total > MAX_ROWS:
            raise Incomplete("The query gives more than {limit} rows.", limit=MAX_ROWS, advice=INSTALLER)
        rows = [*_rows(page, fields)]
        token = walk_or_none(page, "pageToken")
        while token and len(rows) < total:
            page = self._more(web, job, token)
            found = [*_rows(page, fields)]
            if not found:
                break
            rows += found
            token = walk_or_none(page, "pageToken")
        if len(rows) != total:
            raise Incomplete("BigQuery gave {found} of {total} rows.", found=len(rows), total=total)
        return tuple(str(walk(one, "name")) for one in fields), rows

    def _more(self, web: Web, job: Any, token: str = "") -> Any:
        params = {"maxResults": str(PAGE_ROWS), "timeoutMs": str(WAIT_SECONDS * 1000), "formatOptions.useInt64Timestamp": "true"}
        for name, value in (("location", walk_or_none(job, "location")), ("pageToken", token)):
            if value:
                params[name] = str(value)
        return web.get_json(f"{self._queries()}/{quote(str(walk(job, 'jobId')), safe='')}", params=params)


def _parameters(text: str | None) -> tuple[tuple[str, str], ...]:
    """The parameters of `filter=`, by name. Raises NoSuchMetric: one stands twice, or is compared and not given."""
    conditions = conditions_of(text)
    if any(one.test != "=" for one in conditions) or len({one.column for one in conditions}) != len(conditions):
        raise NoSuchMetric(
            "A parameter of a query is given once, as filter=name:value.", advice="Filters on the answer are written where=."
        )
    return tuple(sorted((one.column, one.value) for one in conditions))


def _parameter(name: str, text: str, kind: Type) -> dict[str, Any]:
    found = text
    if kind != "text":
        fits = {
            "integer": re.fullmatch(r"[+-]?[0-9]{1,18}", text) is not None,
            "number": number_of(text) is not None,
            "date": date_of(text) is not None,
        }
        if not fits[kind]:
            raise NoSuchMetric(
                "The parameter {name} has to be of the type {kind}.", name=name, kind=kind,
                advice="Write dates as 2026-03-31 and numbers as 12.5.",
            )  # fmt: skip
        found = format(number_of(text), "f") if kind == "number" else text
    return {"name": name, "parameterType": {"type": _TYPES[kind]}, "parameterValue": {"value": found}}


def _rows(page: Any, fields: Any) -> Iterator[tuple[object, ...]]:
    """The rows of a page, each `{"f": [{"v": …}]}`; an answer without rows leaves them out."""
    for row in walk_or_none(page, "rows") or ():
        cells = walk(row, "f")
        if len(cells) != len(fields):
            raise UnexpectedReply("The answer of BigQuery has rows of different lengths.")
        yield tuple(_cell(walk(cell, "v"), one) for cell, one in zip(cells, fields, strict=True))


def _whole(value: object) -> int:
    found = exact(value)
    if isinstance(found, bool) or not isinstance(found, Decimal | int) or found != int(found):
        raise UnexpectedReply("The answer of BigQuery holds no whole number where one is due.")
    return int(found)


def _moment(microseconds: int) -> datetime:
    try:
        return _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        raise UnexpectedReply("The answer of BigQuery holds a moment beyond the calendar.") from None


def _cell(value: Any, told: Any) -> object:
    """A value by its column's type: numbers exact, moments as such, a list or group as it is, for others to refuse."""
    kind = walk(told, "type")
    if value is None or isinstance(value, dict | list) or walk_or_none(told, "mode") == "REPEATED":
        return value
    if kind in _NUMBERS:
        return exact(value)
    if kind in {"BOOLEAN", "BOOL"}:
        return value == "true" or value is True
    if kind == "TIMESTAMP":
        return _moment(_whole(value))
    return str(value)
