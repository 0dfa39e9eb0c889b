"""A named query of the configuration goes in, one number of the database's answer comes out; a cell never holds SQL.

Key            a database user of its own that may only read; its address (with the password) is kept as a secret
Link           `sql:ACCOUNT/QUERY`, with the query's own parameters: `sql:crm/leads_by_region?region=DE#sum(leads)`
Rights         SELECT on what the queries name; besides, every query runs in a transaction that can only read
Real service   tried with SQLite files and with PostgreSQL 13 and later (https://www.postgresql.org/docs/current/sql-set-transaction.html)
"""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias
from urllib.parse import quote

from sheetsync.connectors._excel import MAX_ROWS
from sheetsync.connectors._grammar import MEASURES, Choice, choice_of, date_of, number_of
from sheetsync.connectors._tables import Document, evaluate, table_of
from sheetsync.connectors.base import Connector, Example, Limits, LinkPattern, Metric, Settings, setting
from sheetsync.errors import (
    AmbiguousLink,
    BadCredentials,
    ConfigError,
    LinkError,
    NoSuchMetric,
    NotFound,
    Refused,
    Unavailable,
    UnexpectedReply,
)
from sheetsync.links import split
from sheetsync.model import Link, Query, Reading, Resource
from sheetsync.secrets import Secret
from sheetsync.web.http import Web

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine
    from sqlalchemy.exc import SQLAlchemyError

Type: TypeAlias = Literal["text", "integer", "number", "date"]
Records: TypeAlias = tuple[tuple[str, ...], list[tuple[object, ...]]]
"""Headings and rows."""

INSTALLER: Final = "Ask the person who installed sheetsync to mend it in sheetsync.toml."
STEPS: Final = 20_000
"""SQLite looks at the clock after so many steps of its machine (https://www.sqlite.org/c3ref/progress_handler.html)."""

_PASSWORD: Final = re.compile(r"[^:/]+://[^/@:]*:[^/@]+@")
_NO_LOGIN: Final = ("authentication failed", "no password supplied", "pg_hba.conf", "is not permitted to log in")
_STATES: Final = {"42P01": "table", "42703": "column", "3F000": "table", "42883": "function"}
"""PostgreSQL's codes of what a query names and the database does not have
(https://www.postgresql.org/docs/current/errcodes-appendix.html)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlQuery:
    """One query. Its parameters stand in the SQL as `:name`; a link gives them as `?name=value`."""

    sql: str = setting("One SELECT statement; parameters stand in it as :name.")
    params: Mapping[str, Type] = field(
        default_factory=dict, metadata={"about": "Each parameter's type: text, integer, number or date. A link must give all."}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlSettings(Settings):
    base: str = setting("The folder of sheetsync.toml, where the path of an SQLite file begins.", ".")
    url: Secret | str = setting("The database: sqlite:///data/crm.db, or postgresql://user:password@host/name as a secret.")
    queries: Mapping[str, SqlQuery] = setting("The queries that links may name.")
    timeout_seconds: int = setting("After so many seconds a query is given up.", 30)


class Sql(Connector[SqlSettings]):
    title = "SQL database"
    settings_type = SqlSettings
    limits = Limits(concurrency=2)
    local = True

    links = (LinkPattern("query", scheme="sql", path=r"(?P<account>[\w.-]{1,100})/(?P<id>[\w.-]{1,100})"),)
    metrics = {"query": tuple(Metric(name, about) for name, about in MEASURES.items())}
    examples = (
        Example("sql:crm/sql_leads", "query/sql_leads", "value", (("n",), ((42,),)), Decimal(42)),
        Example(
            "sql:crm/leads_by_region?region=DE#sum(leads)", "query/leads_by_region?region=DE", "sum(leads)",
            (("day", "leads"), (("2026-01-05", 3), ("2026-01-06", 4))), Decimal(7),
        ),
    )  # fmt: skip
    strangers = (
        "sql:crm", "sql:crm/", "sql:/leads", "sql:crm/leads/x", "sql:crm/select 1", "sql:crm/../leads", "sql:crm/x'--",
        "sql://crm/leads", "sqlite:///data/crm.db", "postgresql://u:p@db.example/crm",
    )  # fmt: skip

    def __init__(self, account: str, settings: SqlSettings, lookups: Any) -> None:
        super().__init__(account, settings, lookups)
        if isinstance(settings.url, str) and _PASSWORD.match(settings.url):
            raise ConfigError(
                "The url of the account {account} of sql holds a password.", account=account,
                advice='Keep the whole address as a secret: url = {env = "CRM_URL"}.',
            )  # fmt: skip

    def origins(self) -> Collection[str]:
        return ()

    @classmethod
    def resolve(cls, link: Link) -> tuple[Resource, str] | None:
        """Query and parameters. Raises AmbiguousLink where a parameter stands twice, NoSuchMetric."""
        found = cls.match(link)
        if found is None:
            return None
        pattern, ids = found
        address = split(link.url).query
        given = dict(address)
        if len(given) != len(address):
            raise AmbiguousLink("A parameter stands twice in this link.", advice="Leave one of the two.")
        return Resource(pattern.kind, ids["id"], tuple(sorted(given.items()))), str(choice_of(link, default="value"))

    def serves(self, link: Link, resource: Resource) -> bool:  # noqa: ARG002 - the account's name stands in the link itself
        found = self.match(link)
        return found is not None and found[1]["account"] == self.account

    def fetch(self, resource: Resource, web: Web) -> Any:  # noqa: ARG002 - a database driver makes its own connection
        query = self.settings.queries.get(resource.id)
        if query is None:
            raise NotFound(
                "There is no query {query} in the account {account}; there are {known}.", query=resource.id, account=self.account,
                known=", ".join(sorted(self.settings.queries)[:8]), advice="Write the name of one of them.",
            )  # fmt: skip
        given = dict(resource.params)
        if set(given) != set(query.params):
            raise NoSuchMetric(
                "The query {query} takes the parameters {known}, no more and no fewer.", query=resource.id,
                known=", ".join(sorted(query.params)) or "-", advice="Write them as ?name=value behind the query.",
            )  # fmt: skip
        values = {name: _value(name, given[name], kind) for name, kind in query.params.items()}
        with self._connected() as connection:
            return _rows(connection, resource.id, query.sql, values)

    def probe(self, web: Web) -> None:  # noqa: ARG002 - as in `fetch`
        with self._connected() as connection:
            _rows(connection, "probe", "SELECT 1 AS one", {})

    def read(self, document: Any, query: Query) -> Reading:
        headings, rows = document
        return evaluate(Document(table=table_of(headings, rows)), Choice.parse(query.metric))

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        """A connection in a transaction that can only read and ends in time. Raises LinkError; the address is in none of them."""
        from sqlalchemy import create_engine, text  # noqa: PLC0415  # heavy, and only runs with SQL links need it
        from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError  # noqa: PLC0415
        from sqlalchemy.pool import NullPool  # noqa: PLC0415

        seconds = self.settings.timeout_seconds
        try:
            address, arguments = self._address()
            engine: Engine = create_engine(address, poolclass=NullPool, hide_parameters=True, connect_args=arguments)
        except (ArgumentError, NoSuchModuleError, ImportError, ValueError, TypeError):
            raise Refused(
                "The url of the account {account} of sql cannot be used.", account=self.account, advice=INSTALLER
            ) from None
        try:
            with engine.connect().execution_options(postgresql_readonly=True) as connection:
                if engine.dialect.name == "sqlite":
                    connection.execute(text("PRAGMA query_only = ON"))
                    _watch(connection, seconds)
                else:
                    connection.execute(text("SELECT set_config('statement_timeout', :wait, true)"), {"wait": str(seconds * 1000)})
                yield connection
        except SQLAlchemyError as error:
            raise self._meaning(error) from None
        finally:
            engine.dispose()

    def _address(self) -> tuple[URL, dict[str, Any]]:
        from sqlalchemy import make_url  # noqa: PLC0415  # as in `_connected`

        given = self.settings.url
        url = make_url(given if isinstance(given, str) else given.reveal())
        seconds = self.settings.timeout_seconds
        match url.get_backend_name():
            case "sqlite" if url.database and url.database != ":memory:" and not url.query:
                path = (Path(self.settings.base) / url.database).resolve()
                if not path.is_file():
                    raise NotFound(
                        "The database file of the account {account} is not there.", account=self.account, advice=INSTALLER
                    )
                read_only = url.set(database=f"file:{quote(path.as_posix())}", query={"mode": "ro", "uri": "true"})
                return read_only, {"timeout": min(seconds, 5)}
            case "postgresql" | "postgres":
                return url.set(drivername="postgresql+psycopg"), {"connect_timeout": min(max(seconds, 2), 20)}
            case _:
                raise Refused(
                    "The account {account} of sql names a database that is neither SQLite nor PostgreSQL.", account=self.account,
                    advice=INSTALLER,
                )  # fmt: skip

    def _meaning(self, error: SQLAlchemyError) -> LinkError:
        """What a driver's error means, in our own words: theirs quote the statement and the address."""
        cause = getattr(error, "orig", None)
        words, state = str(cause).lower(), getattr(cause, "sqlstate", None) or ""
        name = getattr(cause, "sqlite_errorname", "")
        missing = _STATES.get(state) or next((what for what in ("table", "column") if f"no such {what}" in words), None)
        if missing:
            return UnexpectedReply(
                "The query asks for a {what} that the database does not have.", what=missing,
                advice="Ask the person who installed sheetsync to mend the query: the database was changed.",
            )  # fmt: skip
        if state.startswith("28") or (not state and any(phrase in words for phrase in _NO_LOGIN)):
            return BadCredentials("The database of the account {account} does not accept its login.", account=self.account)
        if state == "42501":
            return Refused(
                "The login of the account {account} may not read what this query asks for.", account=self.account,
                advice="Ask the owner of the database to grant SELECT.",
            )  # fmt: skip
        if state == "3D000" or (not state and "fatal" in words and "does not exist" in words):
            return NotFound("There is no such database for the account {account}.", account=self.account, advice=INSTALLER)
        if state == "57014" or name == "SQLITE_INTERRUPT":
            return Unavailable(
                "The query took longer than {seconds} seconds.", seconds=self.settings.timeout_seconds,
                advice="It is tried again at the next run; a simpler query or an index would help.",
            )  # fmt: skip
        if name in {"SQLITE_NOTADB", "SQLITE_CORRUPT"}:
            return UnexpectedReply(
                "The database file of the account {account} is damaged.", account=self.account, advice=INSTALLER
            )
        if name in {"SQLITE_READONLY", "SQLITE_AUTH"} or state == "25006":
            return Refused("The query wants to change the database, which no link may do.", advice=INSTALLER)
        if cause is None or state[:2] in {"08", "53", "57", "40", "55"} or name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return Unavailable("The database of the account {account} cannot answer now.", account=self.account)
        if not state and not name and "operationalerror" in type(cause).__name__.lower():
            return Unavailable("The database of the account {account} does not answer.", account=self.account)
        return UnexpectedReply("The database cannot carry out this query.", advice=INSTALLER)


def _rows(connection: Connection, name: str, sql: str, values: Mapping[str, object]) -> Records:
    """Headings and rows of one SELECT; one row more than may be, so that too many are noticed and never cut."""
    from sqlalchemy import text  # noqa: PLC0415  # as in `_connected`

    statement = text(sql.strip().removesuffix(";"))
    if set(statement.compile().params) != set(values):
        raise Refused("The query {query} and its parameters do not fit together.", query=name, advice=INSTALLER)
    if connection.dialect.name == "sqlite":  # it knows neither exact numbers nor dates
        values = {key: float(value) if isinstance(value, Decimal) else str(value) if isinstance(value, date) else value
                  for key, value in values.items()}  # fmt: skip
    with connection.execute(statement, dict(values), execution_options={"stream_results": True}) as result:
        if not result.returns_rows:
            raise Refused("The query {query} gives no table.", query=name, advice=INSTALLER)
        return tuple(result.keys()), [tuple(row) for row in result.fetchmany(MAX_ROWS + 1)]


def _watch(connection: Connection, seconds: float) -> None:
    """Ends an SQLite query that takes too long; its own time limit only counts waiting for locks."""
    end = time.monotonic() + seconds
    driver: Any = connection.connection.driver_connection
    driver.set_progress_handler(lambda: time.monotonic() > end, STEPS)


def _value(name: str, text: str, kind: Type) -> object:
    """A parameter in the type that the query declares."""
    found: str | int | Decimal | date | None
    match kind:
        case "integer":
            found = int(text) if re.fullmatch(r"[+-]?[0-9]{1,18}", text) else None
        case "number":
            found = number_of(text)
        case "date":
            found = date_of(text)
        case _:
            found = text
    if found is None:
        raise NoSuchMetric(
            "The parameter {name} has to be of the type {kind}.",
            name=name,
            kind=kind,
            advice="Write dates as 2026-03-31 and numbers as 12.5.",
        )
    return found
