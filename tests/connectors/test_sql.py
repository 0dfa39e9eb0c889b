"""Named queries on real databases: SQLite in a file, and a throw-away PostgreSQL server where its programs are installed."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sheetsync import links
from sheetsync.connectors.sql import Sql, SqlQuery
from sheetsync.errors import (
    AmbiguousLink,
    BadCredentials,
    ConfigError,
    Incomplete,
    LinkError,
    NoSuchMetric,
    NotConnected,
    NotFound,
    Refused,
    Unavailable,
    UnexpectedReply,
)
from sheetsync.fetch import TRIES
from sheetsync.model import Outcome, Query, Reading, Resource
from sheetsync.testing import account_of, run_links

PASSWORD = "canary-hunter22"
QUERIES: Mapping[str, SqlQuery] = {
    "sql_leads": SqlQuery(sql="SELECT count(*) AS n FROM leads WHERE stage = 'SQL';"),
    "by_region": SqlQuery(sql="SELECT day, amount FROM leads WHERE region = :region ORDER BY day", params={"region": "text"}),
    "since": SqlQuery(
        sql="SELECT * FROM leads WHERE day >= :since AND amount >= :least", params={"since": "date", "least": "number"}
    ),
    "top": SqlQuery(sql="SELECT amount FROM leads ORDER BY amount DESC LIMIT :n", params={"n": "integer"}),
    "all": SqlQuery(sql="SELECT * FROM leads"),
    "none": SqlQuery(sql="SELECT amount FROM leads WHERE 1 = 0"),
    "no_table": SqlQuery(sql="SELECT canary_x FROM canary_table"),
    "no_column": SqlQuery(sql="SELECT canary_x FROM leads"),
    "nonsense": SqlQuery(sql="SELEKT canary"),
    "two": SqlQuery(sql="SELECT 1 AS canary; SELECT 2"),
    "write": SqlQuery(sql="INSERT INTO leads (stage) VALUES ('canary')"),
    "drop": SqlQuery(sql="DROP TABLE leads"),
    "undeclared": SqlQuery(sql="SELECT count(*) FROM leads WHERE region = :region"),
}  # fmt: skip
ROWS = [("SQL", "DE", "0.10", "2026-01-05"), ("MQL", "DE", "0.20", "2026-02-01"), ("SQL", "US", "1.00", "2026-03-01")]
SLOW_SQLITE = SqlQuery(
    sql="WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) SELECT count(*) FROM n"
)
MANY_SQLITE = SqlQuery(sql="WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200001) SELECT i FROM n")


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sql") / "data ?#%"
    folder.mkdir()
    with closing(sqlite3.connect(folder / "crm.db")) as connection, connection:
        connection.execute("CREATE TABLE leads (stage TEXT, region TEXT, amount REAL, day TEXT)")
        connection.executemany("INSERT INTO leads VALUES (?, ?, ?, ?)", ROWS)
    return folder


def outcomes_of(texts: list[str], url: str, base: Path, **settings: Any) -> list[Outcome]:
    queries = {**QUERIES, **settings.pop("queries", {})}
    account = account_of(Sql, {"url": url, "base": str(base), "queries": queries, **settings}, name="crm")
    found, _ = run_links([account], texts)
    return list(found.values())


def figure(text: str, url: str, base: Path, **settings: Any) -> Decimal:
    (found,) = outcomes_of([text], url, base, **settings)
    assert isinstance(found, Reading), found
    return found.value


def failure(text: str, url: str, base: Path, **settings: Any) -> LinkError:
    (found,) = outcomes_of([text], url, base, **settings)
    assert isinstance(found, LinkError), found
    said = f"{found} {found.advice} {found.params} {found.__cause__}"
    for canary in ("canary", PASSWORD, "SELECT canary", str(base), "127.0.0.1"):
        assert canary not in said
    assert found.advice
    return found


FIGURES = [
    ("sql:crm/sql_leads", "2"),
    ("sql:crm/by_region?region=DE#sum(amount)", "0.3"),
    ("sql:crm/by_region?region=XX#count", "0"),
    ("sql:crm/by_region?region=DE#last(amount)", "0.2"),
    ("sql:crm/by_region?region=%27%20OR%201%3D1--#count", "0"),
    ("sql:crm/since?since=2026-02-01&least=0.5#count", "1"),
    ("sql:crm/top?n=1", "1"),
    ("sql:crm/all#count&where=stage:sql,region:DE", "1"),
    ("sql:crm/all#share(stage:SQL)&where=region:DE", "0.5"),
    ("sql:crm/none#sum(amount)", "0"),
]

REFUSED = [
    ("sql:crm/unknown", NotFound),
    ("sql:crm/by_region", NoSuchMetric),
    ("sql:crm/by_region?region=DE&x=1", NoSuchMetric),
    ("sql:crm/sql_leads?region=DE", NoSuchMetric),
    ("sql:crm/by_region?region=DE&region=US", AmbiguousLink),
    ("sql:crm/top?n=1;drop", NoSuchMetric),
    ("sql:crm/since?since=1.2.2026&least=1#count", NoSuchMetric),
    ("sql:crm/all", NoSuchMetric),
    ("sql:crm/none", LinkError),
    ("sql:crm/no_table", UnexpectedReply),
    ("sql:crm/no_column", UnexpectedReply),
    ("sql:crm/nonsense", UnexpectedReply),
    ("sql:crm/two", LinkError),
    ("sql:crm/write", LinkError),
    ("sql:crm/drop", LinkError),
    ("sql:crm/undeclared", Refused),
    ("sql:other/sql_leads", NotConnected),
]


@pytest.mark.parametrize("example", Sql.examples, ids=lambda example: example.link)
def test_the_examples(example: Any) -> None:
    link = links.parse(example.link)
    assert link is not None
    resource, metric = Sql.resolve(link) or (Resource("", ""), "")
    assert (str(resource), metric) == (example.resource, example.metric)
    account = account_of(Sql, {"url": "sqlite:///x.db", "queries": {}}, name="crm")
    assert account.read(example.document, Query("sql", "crm", resource, metric)).value == example.value


@pytest.mark.parametrize("text", Sql.strangers)
def test_strangers_are_not_taken(text: str) -> None:
    try:
        link = links.parse(text)
        found = Sql.resolve(link) if link is not None else None
    except LinkError:
        found = None
    assert found is None


def test_a_password_in_the_configuration_is_refused() -> None:
    with pytest.raises(ConfigError) as raised:
        Sql("crm", Sql.settings_type(url=f"postgresql://u:{PASSWORD}@h/d", queries={}), {})  # type: ignore[call-arg,arg-type]
    assert PASSWORD not in f"{raised.value} {raised.value.params}"


# --- SQLite


@pytest.mark.parametrize(("text", "value"), FIGURES)
def test_sqlite_figures(sqlite: Path, text: str, value: str) -> None:
    assert figure(text, "sqlite:///crm.db", sqlite) == Decimal(value)


@pytest.mark.parametrize(("text", "kind"), REFUSED)
def test_sqlite_refusals(sqlite: Path, text: str, kind: type[LinkError]) -> None:
    before = (sqlite / "crm.db").read_bytes()
    assert isinstance(failure(text, "sqlite:///crm.db", sqlite), kind)
    assert (sqlite / "crm.db").read_bytes() == before


def test_sqlite_that_is_not_there_is_not_made(sqlite: Path) -> None:
    assert isinstance(failure("sql:crm/sql_leads", "sqlite:///gone.db", sqlite), NotFound)
    assert not (sqlite / "gone.db").exists()


def test_sqlite_that_is_no_database(sqlite: Path) -> None:
    (sqlite / "text.db").write_text("no database at all" * 100)
    assert isinstance(failure("sql:crm/sql_leads", "sqlite:///text.db", sqlite), UnexpectedReply)


def test_sqlite_a_query_that_takes_too_long(sqlite: Path) -> None:
    found = failure("sql:crm/slow", "sqlite:///crm.db", sqlite, queries={"slow": SLOW_SQLITE}, timeout_seconds=0)
    assert isinstance(found, Unavailable)
    assert "longer" in str(found)


def test_sqlite_too_many_rows_are_never_cut(sqlite: Path) -> None:
    assert isinstance(failure("sql:crm/many#count", "sqlite:///crm.db", sqlite, queries={"many": MANY_SQLITE}), Incomplete)


def test_sqlite_locked_by_a_writer(sqlite: Path) -> None:
    with closing(sqlite3.connect(sqlite / "crm.db", isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        found = failure("sql:crm/sql_leads", "sqlite:///crm.db", sqlite, timeout_seconds=0)
        writer.execute("ROLLBACK")
    assert isinstance(found, Unavailable)


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "sqlite:///crm.db?mode=rwc", "mysql://h/d", "nonsense", "x:///y"]
)
def test_addresses_that_are_not_used(sqlite: Path, url: str) -> None:
    assert isinstance(failure("sql:crm/sql_leads", url, sqlite), Refused)


def test_the_probe(sqlite: Path) -> None:
    def probe(url: str) -> None:
        account_of(Sql, {"url": url, "base": str(sqlite), "queries": QUERIES}, name="crm").probe(None)  # type: ignore[arg-type]

    probe("sqlite:///crm.db")
    with pytest.raises(NotFound):
        probe("sqlite:///gone.db")


def test_equal_queries_are_asked_once(sqlite: Path) -> None:
    account = account_of(Sql, {"url": "sqlite:///crm.db", "base": str(sqlite), "queries": QUERIES}, name="crm")
    _, fetched = run_links([account], ["sql:crm/all#count", "sql:crm/all#sum(amount)", "sql:crm/by_region?region=DE#count"])
    assert fetched.requests == 2


# --- PostgreSQL


def missing(reason: str) -> Any:
    """On the machine that judges, a test that cannot run has failed."""
    return pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    """The address of a server of our own, with `{}` for the password; it listens on loopback only."""
    pytest.importorskip("psycopg")
    known = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    initdb = shutil.which("initdb") or (str(known[0]) if known else None)
    if initdb is None:
        missing("PostgreSQL's initdb is not installed")
    programs = Path(str(initdb)).resolve().parent
    folder = Path(tempfile.mkdtemp(prefix="sheetsync-pg-"))
    user: dict[str, Any] = {}
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # the server refuses to run as the superuser
        user = {"user": "postgres", "extra_groups": []}
        shutil.chown(folder, "postgres")
    (folder / "password").write_text(PASSWORD)

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [programs / program, "-D", folder / "data", *arguments], cwd=folder, check=True, timeout=60,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **user,
        )  # fmt: skip

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='{folder}' -c fsync=off"
    try:
        try:
            run("initdb", "-U", "owner", "--pwfile", str(folder / "password"), "-A", "scram-sha-256", "--no-sync", "-E", "UTF8",
                "--locale=C")  # fmt: skip
            run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")
        except (subprocess.SubprocessError, OSError):
            missing("PostgreSQL's programs do not run here")
        try:
            address = f"postgresql://owner:{{}}@127.0.0.1:{port}/postgres"
            fill(address.format(PASSWORD))
            yield address
        finally:
            run("pg_ctl", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


def fill(address: str) -> None:
    import psycopg

    with psycopg.connect(address) as connection:
        connection.execute("CREATE TABLE leads (stage text, region text, amount numeric(12, 2), day date)")
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO leads VALUES (%s, %s, %s, %s)", ROWS)
        connection.execute("CREATE TABLE hidden (n int)")
        connection.execute(f"CREATE ROLE guest LOGIN PASSWORD '{PASSWORD}'")


@pytest.mark.parametrize(("text", "value"), FIGURES)
def test_postgresql_figures(postgresql: str, tmp_path: Path, text: str, value: str) -> None:
    assert figure(text, postgresql.format(PASSWORD), tmp_path) == Decimal(value)


@pytest.mark.parametrize(("text", "kind"), REFUSED)
def test_postgresql_refusals(postgresql: str, tmp_path: Path, text: str, kind: type[LinkError]) -> None:
    assert isinstance(failure(text, postgresql.format(PASSWORD), tmp_path), kind)
    assert figure("sql:crm/all#count", postgresql.format(PASSWORD), tmp_path) == 3


def test_postgresql_numbers_stay_exact(postgresql: str, tmp_path: Path) -> None:
    queries = {
        "exact": SqlQuery(sql="SELECT 1234567.123456789012::numeric"),
        "large": SqlQuery(sql="SELECT 9007199254740993::bigint"),
        "nan": SqlQuery(sql="SELECT 'NaN'::numeric"),
        "null": SqlQuery(sql="SELECT null::numeric"),
        "yes": SqlQuery(sql="SELECT true"),
    }
    address = postgresql.format(PASSWORD)
    assert figure("sql:crm/exact", address, tmp_path, queries=queries) == Decimal("1234567.123456789012")
    for name in ("large", "nan", "null", "yes"):
        assert failure(f"sql:crm/{name}", address, tmp_path, queries=queries)


def test_postgresql_a_query_cannot_make_itself_writing(postgresql: str, tmp_path: Path) -> None:
    queries = {
        "switch": SqlQuery(sql="SELECT set_config('transaction_read_only', 'off', false)"),
        "cte": SqlQuery(sql="WITH x AS (INSERT INTO leads (stage) VALUES ('canary') RETURNING 1) SELECT * FROM x"),
    }
    for name in queries:
        assert failure(f"sql:crm/{name}", postgresql.format(PASSWORD), tmp_path, queries=queries)
    assert figure("sql:crm/all#count", postgresql.format(PASSWORD), tmp_path) == 3


def test_postgresql_what_a_function_did_is_taken_back(postgresql: str, tmp_path: Path) -> None:
    """Old servers let some functions write in a transaction that can only read; it is never committed."""
    queries = {
        "function": SqlQuery(sql="SELECT lo_create(0)"),
        "left": SqlQuery(sql="SELECT count(*) FROM pg_largeobject_metadata"),
    }
    outcomes_of(["sql:crm/function"], postgresql.format(PASSWORD), tmp_path, queries=queries)
    assert figure("sql:crm/left", postgresql.format(PASSWORD), tmp_path, queries=queries) == 0


def test_postgresql_a_query_that_takes_too_long(postgresql: str, tmp_path: Path) -> None:
    queries = {"slow": SqlQuery(sql="SELECT count(*) FROM generate_series(1, 10000) a, generate_series(1, 1000000) b")}
    found = failure("sql:crm/slow", postgresql.format(PASSWORD), tmp_path, queries=queries, timeout_seconds=1)
    assert isinstance(found, Unavailable)
    assert "longer than 1 seconds" in str(found)


def test_postgresql_logins(postgresql: str, tmp_path: Path) -> None:
    assert isinstance(failure("sql:crm/sql_leads", postgresql.format("wrong-password"), tmp_path), BadCredentials)
    stranger = postgresql.replace("owner", "nobody").format(PASSWORD)
    assert isinstance(failure("sql:crm/sql_leads", stranger, tmp_path), BadCredentials)
    elsewhere = postgresql.format(PASSWORD).replace("/postgres", "/nowhere")
    assert isinstance(failure("sql:crm/sql_leads", elsewhere, tmp_path), NotFound)
    guest = postgresql.replace("owner", "guest").format(PASSWORD)
    hidden = {"hidden": SqlQuery(sql="SELECT n FROM hidden")}
    assert isinstance(failure("sql:crm/hidden", guest, tmp_path, queries=hidden), Refused)


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets the port, and nobody answers
        address = f"postgresql://owner:{PASSWORD}@127.0.0.1:{taken.getsockname()[1]}/x"
        account = account_of(Sql, {"url": address, "base": str(tmp_path), "queries": QUERIES}, name="crm")
        outcomes, fetched = run_links([account], ["sql:crm/sql_leads"])
    assert isinstance(outcomes["sql:crm/sql_leads"], Unavailable)
    assert fetched.requests == TRIES
