"""BigQuery against the contract and its own traps."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sheetsync import links
from sheetsync.connectors.bigquery import BigQuery, BigQueryQuery
from sheetsync.errors import (
    AccessDenied,
    ConfigError,
    Incomplete,
    LinkError,
    NoSuchMetric,
    NotConnected,
    NotFound,
    NotReady,
    RateLimited,
    Refused,
    UnexpectedReply,
)
from sheetsync.model import Outcome, Reading
from sheetsync.testing import Answer, ConnectorContract, Stand, account_of, run_links

PAGE = "https://console.cloud.google.com/bigquery?project=acme-marketing"
LINK = f"{PAGE}#item=won_deals"
RUN = "/bigquery/v2/projects/acme-marketing/queries"
JOB = f"{RUN}/job_1"
TOKEN = "ya29.canary-access-token"
EMAIL = "sheetsync@acme.iam.gserviceaccount.com"
QUERIES = {
    "won_deals": BigQueryQuery(sql="SELECT COUNT(*) AS n FROM `acme-marketing.crm.deals`"),
    "leads": BigQueryQuery(sql="SELECT day, leads FROM t WHERE region = @region", params={"region": "text"}),
    "since": BigQueryQuery(
        sql="SELECT n FROM t WHERE d >= @d AND i > @i AND x < @x", params={"d": "date", "i": "integer", "x": "number"}
    ),
}


@cache
def key_file() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.PKCS8
    text = str(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()), "ascii")
    return json.dumps({"type": "service_account", "private_key": text, "client_email": EMAIL})


def answer(*rows: Any, fields: Any = (("n", "INTEGER"),), **more: Any) -> Any:
    return {
        "kind": "bigquery#queryResponse", "jobComplete": True,
        "jobReference": {"projectId": "acme-marketing", "jobId": "job_1", "location": "EU"},
        "schema": {"fields": [{"name": name, "type": kind, "mode": "NULLABLE"} for name, kind in fields]},
        "rows": [{"f": [{"v": value} for value in (row if isinstance(row, tuple) else (row,))]} for row in rows],
        "totalRows": str(len(rows)), **more,
    }  # fmt: skip


class TestContract(ConnectorContract):
    connector = BigQuery
    settings = {"service_account": key_file(), "project": "acme-marketing", "queries": QUERIES}
    link = LINK
    value = Decimal(42)
    main = RUN
    method = "POST"
    document = answer("42")
    place = "rows.0.f.0.v"
    zero = "0"
    other = f"{PAGE}#item=leads&filter=region:DE&count"
    error_body = {**answer(), "errors": [{"reason": "CANARY"}]}
    error_type = Incomplete
    wrong_type = LinkError
    canaries = (TOKEN, "BEGIN PRIVATE KEY")
    strangers = (
        "https://console.cloud.google.com.evil.test/bigquery?project=acme-marketing#item=won_deals",
        "https://console.cloud.google.com/bigquery#item=won_deals",
        "https://console.cloud.google.com/bigquery?project=ACME/../x#item=won_deals",
        "https://console.cloud.google.com/storage?project=acme-marketing#item=won_deals",
        "http://console.cloud.google.com/bigquery?project=acme-marketing#item=won_deals",
        "https://console.cloud.google.com/bigquery?project=acme-marketing",
        "https://console.cloud.google.com/bigquery?project=acme-marketing#item=SELECT 1",
        "https://cloud.google.com/bigquery?project=acme-marketing#item=won_deals",
    )

    def script(self, stand: Stand) -> None:
        stand.answer("/token", {"access_token": TOKEN, "expires_in": 3599}, method="POST")

    def _account(self, stand: Stand, **settings: Any) -> Any:
        return super()._account(stand, token_url=f"http://127.0.0.1:{stand.port}/token", **settings)


def outcomes_of(stand: Stand, *texts: str, **settings: Any) -> dict[str, Any]:
    stand.answer("/token", {"access_token": TOKEN, "expires_in": 3599}, method="POST")
    base = f"http://127.0.0.1:{stand.port}"
    given = {"service_account": key_file(), "project": "acme-marketing", "queries": QUERIES}
    return run_links([account_of(BigQuery, {**given, "api_url": base, "token_url": f"{base}/token", **settings})], texts)[0]


def one(reply: Any, text: str = LINK, **settings: Any) -> Outcome:
    with Stand() as stand:
        stand.answer(RUN, reply, method="POST")
        found: Outcome = outcomes_of(stand, text, **settings)[text]
        return found


def test_what_is_asked() -> None:
    text = f"{PAGE}#item=since&filter=d:2026-01-01,i:-3,x:12.50"
    with Stand() as stand:
        stand.answer(RUN, answer("7"), method="POST")
        assert outcomes_of(stand, text, location="EU", max_bytes_billed=5_000)[text].value == 7
        body = stand.seen[-1].json()
        assert body["query"] == QUERIES["since"].sql
        assert body["formatOptions"] == {"useInt64Timestamp": True}  # else moments come as fractions of seconds
        assert (body["useLegacySql"], body["maximumBytesBilled"], body["location"]) == (False, "5000", "EU")
        given = [(one["name"], one["parameterType"]["type"], one["parameterValue"]["value"]) for one in body["queryParameters"]]
        assert given == [("d", "DATE", "2026-01-01"), ("i", "INT64", "-3"), ("x", "NUMERIC", "12.50")]


def test_links_of_one_query_share_it() -> None:
    page = f"{PAGE}#item=leads&filter=region:DE"
    with Stand() as stand:
        fields = (("day", "DATE"), ("leads", "NUMERIC"))
        stand.answer(RUN, answer(("2026-01-05", "0.1"), ("2026-02-05", "0.2"), fields=fields), method="POST")
        summed, last = f"{page}&metric=sum(leads)", f"{page}&metric=last(leads)"
        january = f"{page}&metric=sum(leads)&where=day:2026-01-01..2026-01-31"
        found = outcomes_of(stand, summed, last, january, f"{page}&metric=count")
        assert [reading.value for reading in found.values()] == [Decimal("0.3"), Decimal("0.2"), Decimal("0.1"), 2]
        assert [seen.path for seen in stand.seen] == ["/token", RUN]


def test_sql_in_a_parameter_stays_a_value() -> None:
    text = f"{PAGE}#item=leads&filter=region:x%27 OR 1=1 --&metric=count"
    with Stand() as stand:
        stand.answer(RUN, answer(), method="POST")
        assert outcomes_of(stand, text)[text].value == 0
        body = stand.seen[-1].json()
        assert body["query"] == QUERIES["leads"].sql
        assert body["queryParameters"][0]["parameterValue"]["value"] == "x' OR 1=1 --"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"{PAGE}#item=unknown", NotFound),
        (f"{PAGE}#item=leads", NoSuchMetric),
        (f"{PAGE}#item=leads&filter=region:DE,x:1", NoSuchMetric),
        (f"{PAGE}#item=leads&filter=region:>5", NoSuchMetric),
        (f"{PAGE}#item=won_deals&filter=a:1", NoSuchMetric),
        (f"{PAGE}#item=since&filter=d:yesterday,i:1,x:1", NoSuchMetric),
        (f"{PAGE}#item=since&filter=d:2026-01-01,i:1.5,x:1", NoSuchMetric),
        (f"{PAGE}#item=since&filter=d:2026-01-01,i:1,x:one", NoSuchMetric),
        (f"{PAGE}#item=won_deals&sheet=x&column=y", NoSuchMetric),
        (f"{PAGE.replace('acme-marketing', 'acme-payroll')}#item=won_deals", NotConnected),
        (f"{PAGE}&project=acme-payroll#item=won_deals", Reading),
    ],
)
def test_what_a_link_may_not_ask(text: str, kind: type[Any]) -> None:
    found = one(answer("1"), text)
    assert isinstance(found, kind), found


@pytest.mark.parametrize(
    ("kind", "value", "figure"),
    [
        ("INTEGER", "9007199254740992", "9007199254740992"),
        ("FLOAT", "1.0E7", "10000000"),
        ("FLOAT64", "0.1", "0.1"),
        ("NUMERIC", "123.456", "123.456"),
        ("BIGNUMERIC", "-0.00000000000000000001", "-1E-20"),
        ("STRING", "12.5", "12.5"),
    ],
)
def test_numbers_are_exact(kind: str, value: str, figure: str) -> None:
    found = one(answer(value, fields=(("n", kind),)))
    assert isinstance(found, Reading), found
    assert found.value == Decimal(figure)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("FLOAT", "NaN"), ("FLOAT", "Infinity"), ("INTEGER", "9007199254740993"), ("NUMERIC", "1,234"), ("BOOLEAN", "true"),
        ("STRING", "1.234"), ("INTEGER", None), ("RECORD", {"f": []}), ("TIMESTAMP", "1767225600000000"), ("DATE", "2026-01-01"),
    ],
)  # fmt: skip
def test_what_is_no_figure(kind: str, value: Any) -> None:
    assert isinstance(one(answer(value, fields=(("n", kind),))), LinkError)


def test_moments_are_days_for_filters() -> None:
    reply = answer(("1767225600000000", "5"), ("1769904000000000", "6"), fields=(("at", "TIMESTAMP"), ("n", "INTEGER")))
    found = one(reply, f"{PAGE}#item=won_deals&metric=sum(n)&where=at:2026-02-01..2026-02-28")
    assert isinstance(found, Reading), found
    assert found.value == 6


def test_a_slow_query_is_waited_for_and_not_started_again() -> None:
    running = {"jobComplete": False, "jobReference": answer()["jobReference"]}
    with Stand() as stand:
        stand.answer(RUN, running, method="POST")
        stand.answer(JOB, running, answer("8"))
        assert outcomes_of(stand, LINK)[LINK].value == 8
        assert [seen.path for seen in stand.seen] == ["/token", RUN, JOB, JOB]
        assert stand.seen[-1].param("location") == "EU"


def test_a_query_that_is_too_slow_is_started_once_a_run() -> None:
    running = {"jobComplete": False, "jobReference": answer()["jobReference"]}
    with Stand() as stand:
        stand.answer(RUN, running, method="POST")
        stand.answer(JOB, running)
        assert isinstance(outcomes_of(stand, LINK)[LINK], NotReady)
        assert sum(seen.path == RUN for seen in stand.seen) == 1


def test_pages_are_read_to_the_last() -> None:
    with Stand() as stand:
        stand.answer(RUN, answer("1", "2", totalRows="3", pageToken="next"), method="POST")
        stand.answer(JOB, answer("4", totalRows="3"), query={"pageToken": "next"})
        text = f"{PAGE}#item=won_deals&metric=sum(n)"
        assert outcomes_of(stand, text)[text].value == 7


@pytest.mark.parametrize(
    "page",
    [
        answer("1", totalRows="3", pageToken="next"),
        answer("1", totalRows="3"),
        answer("1", errors=[{"reason": "stopped"}]),
    ],
)
def test_a_part_is_never_the_whole(page: Any) -> None:
    with Stand() as stand:
        stand.answer(RUN, page, method="POST")
        stand.answer(JOB, answer(totalRows="3"))
        text = f"{PAGE}#item=won_deals&metric=sum(n)"
        assert isinstance(outcomes_of(stand, text)[text], Incomplete)


def test_too_many_rows_are_not_read_page_by_page() -> None:
    with Stand() as stand:
        stand.answer(RUN, answer("1", totalRows="10000000", pageToken="next"), method="POST")
        assert isinstance(outcomes_of(stand, LINK)[LINK], Incomplete)
        assert [seen.path for seen in stand.seen] == ["/token", RUN]


@pytest.mark.parametrize(
    "reply", [answer("1", totalRows="x"), answer(("1", "2")), answer("1", numDmlAffectedRows="1"), {"jobComplete": True}, {}]
)
def test_other_answers_are_no_figure(reply: Any) -> None:
    assert isinstance(one(reply), UnexpectedReply | Refused)


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        (400, "invalidQuery", UnexpectedReply),
        (400, "bytesBilledLimitExceeded", Refused),
        (400, "resourcesExceeded", Incomplete),
        (403, "responseTooLarge", Incomplete),
        (403, "accessDenied", AccessDenied),
        (403, "accessNotConfigured", AccessDenied),
        (403, "billingNotEnabled", AccessDenied),
        (403, "quotaExceeded", RateLimited),
        (403, "rateLimitExceeded", RateLimited),
        (404, "notFound", NotFound),
    ],
)
def test_what_an_error_means(status: int, reason: str, kind: type[LinkError]) -> None:
    error = {"code": status, "message": "CANARY", "errors": [{"reason": reason, "message": "CANARY"}]}
    outcome = one(Answer.of({"error": error}, status=status))
    assert isinstance(outcome, kind)
    assert "CANARY" not in str(outcome)
    assert outcome.advice


@pytest.mark.parametrize("settings", [{"project": "a/b"}, {"location": "EU/x"}])
def test_settings_that_would_bend_the_address_are_refused(settings: dict[str, str]) -> None:
    with Stand() as stand, pytest.raises(ConfigError):
        base = f"http://127.0.0.1:{stand.port}"
        given = {"service_account": key_file(), "project": "acme-marketing", "api_url": base}
        account_of(BigQuery, {**given, **settings}).probe(stand.web(base))


def test_the_probe_is_a_dry_run() -> None:
    with Stand() as stand:
        stand.answer(RUN, {"jobComplete": True}, method="POST")
        base = f"http://127.0.0.1:{stand.port}"
        account = account_of(BigQuery, {"service_account": key_file(), "project": "acme-marketing", "api_url": base})
        with stand.web(base) as web:
            account.probe(web)
        assert stand.seen[-1].json()["dryRun"] is True


def test_another_accounts_project_is_not_served() -> None:
    link = links.parse(LINK)
    assert link is not None
    resource, _ = BigQuery.resolve(link) or pytest.fail("not understood")
    assert not account_of(BigQuery, {"project": "acme-payroll"}).serves(link, resource)
