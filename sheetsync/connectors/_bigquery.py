"""A query of the configuration, asked of BigQuery: its parameters, the rows of its answer with their types, its errors.

API   https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs/query
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias
from urllib.parse import quote

from sheetsync.connectors._excel import MAX_ROWS
from sheetsync.connectors._google import complaint, exact, switched_off, until_reset, who
from sheetsync.connectors._grammar import date_of, number_of
from sheetsync.connectors._options import conditions_of
from sheetsync.connectors.base import walk, walk_or_none
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
from sheetsync.web.http import Reply, Web

if TYPE_CHECKING:
    from sheetsync.connectors.bigquery import BigQuerySettings

Type: TypeAlias = Literal["text", "integer", "number", "date"]

INSTALLER: Final = "Ask the person who installed sheetsync to mend it in sheetsync.toml."
PAGE_ROWS: Final = 20_000
WAIT_SECONDS: Final = 20
"""One call waits so long for a query before it asks again; the answer to a slow query is asked for, never the query itself."""

PROJECT: Final = r"([a-z0-9.-]{1,100}:)?[a-z][a-z0-9-]{4,28}[a-z0-9]"
_TYPES: Final[Mapping[str, str]] = {"text": "STRING", "integer": "INT64", "number": "NUMERIC", "date": "DATE"}
_NUMBERS: Final = frozenset({"INTEGER", "INT64", "FLOAT", "FLOAT64", "NUMERIC", "BIGNUMERIC"})
_LOCATION: Final = re.compile(r"[A-Za-z0-9-]{1,40}")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Project:
    """The project in which an account's queries run."""

    def __init__(self, web: Web, url: str, settings: BigQuerySettings, account: str) -> None:
        self._web, self._url, self._settings, self._account = web, url, settings, account

    def dry_run(self) -> None:
        """Shows that the key works and the project exists, and costs nothing."""
        self._web.post_json(self._queries(), self._body("SELECT 1 AS one") | {"dryRun": True})

    def answer(self, sql: str, parameters: Sequence[Any]) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
        """Headings and rows of all pages. Raises NotReady (too slow), Incomplete (rows are missing, warnings), Refused."""
        body = self._body(sql) | {"parameterMode": "NAMED", "queryParameters": parameters}
        page = self._web.post_json(self._queries(), body)
        job, patience = walk_or_none(page, "jobReference"), self._settings.timeout_seconds
        while walk(page, "jobComplete") is not True:
            patience -= WAIT_SECONDS
            if patience <= 0:
                raise NotReady("The query took longer than {seconds} seconds.", seconds=self._settings.timeout_seconds)
            page = self._more(job)
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
            page = self._more(job, token)
            found = [*_rows(page, fields)]
            if not found:
                break
            rows += found
            token = walk_or_none(page, "pageToken")
        if len(rows) != total:
            raise Incomplete("BigQuery gave {found} of {total} rows.", found=len(rows), total=total)
        return tuple(str(walk(one, "name")) for one in fields), rows

    def _queries(self) -> str:
        if not re.fullmatch(PROJECT, self._settings.project):
            raise ConfigError("The project of the account {account} of BigQuery is no project ID.", account=self._account)
        return f"{self._url}/projects/{quote(self._settings.project, safe='')}/queries"

    def _body(self, sql: str) -> dict[str, Any]:
        if self._settings.location and not _LOCATION.fullmatch(self._settings.location):
            raise ConfigError("The location of the account {account} of BigQuery is none.", account=self._account)
        place = {"location": self._settings.location} if self._settings.location else {}
        return {
            "query": sql, "useLegacySql": False, "maxResults": PAGE_ROWS, "timeoutMs": WAIT_SECONDS * 1000,
            "maximumBytesBilled": str(self._settings.max_bytes_billed), "formatOptions": {"useInt64Timestamp": True}, **place,
        }  # fmt: skip

    def _more(self, job: Any, token: str = "") -> Any:
        params = {"maxResults": str(PAGE_ROWS), "timeoutMs": str(WAIT_SECONDS * 1000), "formatOptions.useInt64Timestamp": "true"}
        for name, value in (("location", walk_or_none(job, "location")), ("pageToken", token)):
            if value:
                params[name] = str(value)
        return self._web.get_json(f"{self._queries()}/{quote(str(walk(job, 'jobId')), safe='')}", params=params)


def meaning(reply: Reply, settings: BigQuerySettings, account: str) -> LinkError | None:
    """What an answer means by its reasons, where its status does not say."""
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
            limit=settings.max_bytes_billed, account=account,
            advice="Ask the person who installed sheetsync to narrow the query, or to raise max_bytes_billed.",
        )  # fmt: skip
    if told.reasons & {"responseTooLarge", "resourcesExceeded"}:
        return Incomplete("The query needs more than BigQuery gives it, so it has no answer.", advice=INSTALLER)
    if told.reasons & {"billingNotEnabled", "billingTierLimitExceeded"}:
        return AccessDenied("BigQuery is not paid for in the project of this account.")
    if reply.status == 403:
        return switched_off(told, "BigQuery") or AccessDenied(
            "BigQuery does not let {who} run this query.", who=who(settings),
            advice="Ask the owner of the project to give this address BigQuery Job User and BigQuery Data Viewer.",
        )  # fmt: skip
    if reply.status == 400:
        return UnexpectedReply("BigQuery cannot carry out this query.", advice=INSTALLER)
    if reply.status == 404 and told.reasons:
        return NotFound("BigQuery has no such project, or no such table in the location of this query.", advice=INSTALLER)
    return None


def parameters(text: str | None) -> tuple[tuple[str, str], ...]:
    """The parameters of `filter=`, by name. Raises NoSuchMetric: one stands twice, or is compared and not given."""
    conditions = conditions_of(text)
    if any(one.test != "=" for one in conditions) or len({one.column for one in conditions}) != len(conditions):
        raise NoSuchMetric(
            "A parameter of a query is given once, as filter=name:value.", advice="Filters on the answer are written where=."
        )
    return tuple(sorted((one.column, one.value) for one in conditions))


def parameter(name: str, text: str, kind: Type) -> dict[str, Any]:
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
