"""Google Analytics 4 against the contract, its discovery document, and its own traps; the sign-in of service accounts."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from sheetsync import links
from sheetsync.connectors.ga4 import GA4
from sheetsync.errors import (
    AccessDenied,
    BadCredentials,
    ConfigError,
    Incomplete,
    LinkError,
    NoSuchMetric,
    NotConnected,
    NotFound,
    NotReady,
    RateLimited,
    UnexpectedReply,
    UnsupportedLink,
)
from sheetsync.model import PERCENT, Outcome, Reading
from sheetsync.testing import Answer, ConnectorContract, Stand, account_of, run_links

DISCOVERY = Path(__file__).parents[3] / "shared" / "vendor-data" / "ga4" / "analyticsdata.v1beta.discovery.json"
PAGE = "https://analytics.google.com/analytics/web/#/p123456789/reports/"
DATES = "params=_u..nav%3Dmaui%26_u.date00%3D20260101%26_u.date01%3D20260331"
LINK = f"{PAGE}explorer?{DATES}&r=all-pages"
RUN, BATCH = "/v1beta/properties/123456789:runReport", "/v1beta/properties/123456789:batchRunReports"
TOKEN = "ya29.canary-access-token"
EMAIL = "sheetsync@acme.iam.gserviceaccount.com"


@cache
def private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: Any) -> str:
    form = serialization.PrivateFormat.PKCS8
    return str(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()), "ascii")


def key_file(**changes: Any) -> str:
    return json.dumps({
        "type": "service_account", "private_key_id": "0a1b", "private_key": pem(private_key()), "client_email": EMAIL,
        "token_uri": "https://oauth2.googleapis.com/token", "universe_domain": "googleapis.com", **changes,
    })  # fmt: skip


def report(*values: str | None, names: tuple[str, ...] = ("activeUsers",), kind: str = "TYPE_INTEGER", **metadata: Any) -> Any:
    found: dict[str, Any] = {
        "metricHeaders": [{"name": name, "type": kind} for name in names],
        "metadata": {"currencyCode": "EUR", "timeZone": "Europe/Berlin", **metadata}, "kind": "analyticsData#runReport",
    }  # fmt: skip
    if values:
        found |= {"rows": [{"metricValues": [{"value": value} for value in values]}], "rowCount": 1}
    return found


@pytest.fixture(autouse=True)
def day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GA4, "_now", lambda self: datetime(2026, 4, 20, 9, 0, tzinfo=UTC))


class TestContract(ConnectorContract):
    connector = GA4
    settings = {"service_account": key_file()}
    link = LINK
    value = Decimal(15021)
    main = RUN
    method = "POST"
    document = report("15021")
    place = "rows.0.metricValues.0.value"
    zero = "0"
    other = LINK.replace("p123456789", "p987654321")
    canaries = (TOKEN, "BEGIN PRIVATE KEY")
    strangers = (
        "https://analytics.google.com.evil.test/analytics/web/#/p123456789/reports/home",
        "https://analytics.google.com:8443/analytics/web/#/p123456789/reports/home",
        "http://analytics.google.com/analytics/web/#/p123456789/reports/home",
        "https://analytics.google.com/analytics/web/#/pabc/reports/home",
        "https://analytics.google.com/analytics/web/#/p123456789x/reports/home",
        "https://analytics.google.com/analytics/web/",
        "https://analytics.google.com/other/#/p123456789/reports/home",
        "https://marketingplatform.google.com/about/analytics/",
    )

    def script(self, stand: Stand) -> None:
        stand.answer("/token", {"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"}, method="POST")
        stand.answer(RUN.replace("123456789", "987654321"), report("1"), method="POST")

    def _account(self, stand: Stand, **settings: Any) -> Any:
        return super()._account(stand, token_url=f"http://127.0.0.1:{stand.port}/token", **settings)


def outcomes_of(stand: Stand, *texts: str, **settings: Any) -> dict[str, Any]:
    stand.answer("/token", {"access_token": TOKEN, "expires_in": 3599}, method="POST")
    base = f"http://127.0.0.1:{stand.port}"
    account = account_of(GA4, {"service_account": key_file(), "api_url": base, "token_url": f"{base}/token", **settings})
    return run_links([account], texts)[0]


def one(answer: Any, text: str = LINK, **settings: Any) -> Outcome:
    with Stand() as stand:
        stand.answer(RUN, answer, method="POST")
        found: Outcome = outcomes_of(stand, text, **settings)[text]
        return found


def asked(stand: Stand, path: str) -> list[Any]:
    return [seen.json() for seen in stand.seen if seen.path == path]


# --- the sign-in


def test_the_assertion_is_signed_by_the_key_and_meant_for_google() -> None:
    with Stand() as stand:
        stand.answer(RUN, report("7"), method="POST")
        assert isinstance(outcomes_of(stand, LINK)[LINK], Reading)
        form = next(seen for seen in stand.seen if seen.path == "/token").form()
        assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
        head, claims, signature = form["assertion"].split(".")
        unpacked = [json.loads(base64.urlsafe_b64decode(part + "==")) for part in (head, claims)]
        assert unpacked[0]["alg"] == "RS256"
        assert (unpacked[1]["iss"], unpacked[1]["aud"]) == (EMAIL, "https://oauth2.googleapis.com/token")
        assert unpacked[1]["scope"] == "https://www.googleapis.com/auth/analytics.readonly"
        assert 0 < unpacked[1]["exp"] - unpacked[1]["iat"] <= 3600
        private_key().public_key().verify(
            base64.urlsafe_b64decode(signature + "=="), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256()
        )
        call = next(seen for seen in stand.seen if seen.path == RUN)
        assert call.headers["authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    "text",
    [
        "no json", "[]", "{}", key_file(type="authorized_user"), key_file(client_email=7), key_file(private_key="nonsense"),
        key_file(private_key=pem(ec.generate_private_key(ec.SECP256R1()))), key_file(token_uri="https://evil.test/token"),
        key_file(token_uri="http://oauth2.googleapis.com/token"),
    ],
)  # fmt: skip
def test_a_key_file_that_is_none_signs_nothing(text: str) -> None:
    with Stand() as stand:
        outcome = outcomes_of(stand, LINK, service_account=text)[LINK]
        assert isinstance(outcome, BadCredentials)
        assert "PRIVATE" not in str(outcome)
        assert not stand.seen


def test_the_older_sign_in_address_is_googles_too() -> None:
    key = key_file(token_uri="https://accounts.google.com/o/oauth2/token")
    assert isinstance(one(report("7"), service_account=key), Reading)


def test_a_person_may_sign_in_instead() -> None:
    person = {"service_account": None, "client_id": "c", "client_secret": "canary-s", "refresh_token": "canary-r"}
    with Stand() as stand:
        stand.answer(RUN, report("7"), method="POST")
        assert isinstance(outcomes_of(stand, LINK, **person)[LINK], Reading)
        assert next(seen for seen in stand.seen if seen.path == "/token").form()["grant_type"] == "refresh_token"


def test_an_account_without_a_key_fails_its_rows_in_words() -> None:
    with pytest.raises(ConfigError):
        account_of(GA4, {}).auth()
    assert isinstance(one(report("7"), service_account=None), NotConnected)


# --- the address


@pytest.mark.parametrize(
    ("text", "resource"),
    [
        (f"{PAGE}home#period=2026-02-01..2026-02-28", "start=2026-02-01&end=2026-02-28&metric=activeUsers"),
        (f"{LINK}#period=2026-02-01..2026-02-28", "start=2026-02-01&end=2026-02-28&metric=activeUsers"),
        (f"{LINK}#metric=views", "start=2026-01-01&end=2026-03-31&metric=screenPageViews"),
        (f"{LINK}#metric=keyEvents:purchase", "start=2026-01-01&end=2026-03-31&metric=keyEvents:purchase"),
        (
            f"{PAGE}explorer?{DATES}%26_r.explorerCard..selmet%3D%5B%22sessions%22%5D",
            "start=2026-01-01&end=2026-03-31&metric=sessions",
        ),
        (
            f"{PAGE}explorer?{DATES}%26_u..comparisons%3D%5B%7B%22name%22:%22All%20users%22%7D%5D",
            "start=2026-01-01&end=2026-03-31&metric=activeUsers",
        ),
        (
            f'{LINK}#where="customEvent:plan":gold',
            'start=2026-01-01&end=2026-03-31&metric=activeUsers&where="customEvent:plan":gold',
        ),
    ],
)
def test_addresses(text: str, resource: str) -> None:
    link = links.parse(text)
    assert link is not None
    found = GA4.resolve(link)
    assert found is not None
    assert str(found[0]) == f"report/123456789?{resource}"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"{PAGE}home", NoSuchMetric),
        (f"{PAGE}explorer?params=_u.dateOption%3Dlast7Days", NoSuchMetric),
        (f"{LINK}#where=eventName:>5", NoSuchMetric),
        (f"{LINK}#where=country:DE,country:FR", NoSuchMetric),
        (f"{LINK}#where=event name:x", NoSuchMetric),
        (f"{LINK}#item=1", NoSuchMetric),
        (f'{LINK}#metric=x")', NoSuchMetric),
        (f"{PAGE}explorer?{DATES}%26_r.explorerCard..filterTerm%3Dblog", UnsupportedLink),
        (f"{PAGE}explorer?{DATES}%26_u..comparisons%3D%5B%7B%22name%22:%22Germany%22%7D%5D", UnsupportedLink),
        (f"{PAGE}explorer?{DATES}%26_u..comparisons%3Dnonsense", UnsupportedLink),
        (
            f"{PAGE}dashboard?{DATES}%26_r..dimension-value%3D%7B%22dimension%22:%22eventName%22,%22value%22:%22purchase%22%7D",
            UnsupportedLink,
        ),
        (f"{PAGE.replace('/reports/', '/realtime/overview')}#period=2026-02-01..2026-02-28", NoSuchMetric),
    ],
)
def test_addresses_that_would_be_another_number(text: str, kind: type[LinkError]) -> None:
    link = links.parse(text)
    assert link is not None
    with pytest.raises(kind) as raised:
        GA4.resolve(link)
    assert raised.value.advice


def test_the_property_chooses_the_account() -> None:
    first, second = (account_of(GA4, {"property_id": number}, name=f"p{number}") for number in ("123456789", "987654321"))
    outcomes, _ = run_links([first, second], [LINK.replace("p123456789", "p555555555")])
    assert all(isinstance(outcome, NotConnected) for outcome in outcomes.values())
    link = links.parse(LINK)
    assert link is not None
    resource, _ = GA4.resolve(link) or pytest.fail("not understood")
    assert (first.serves(link, resource), second.serves(link, resource)) == (True, False)


# --- what is asked


def test_metrics_of_the_same_days_share_a_report_and_reports_share_a_call() -> None:
    with Stand() as stand:
        names = ("activeUsers", "sessions")
        reports = [report("5", "6", names=names), report("7", names=("sessions",))]
        stand.answer(BATCH, {"reports": reports}, method="POST")
        users, sessions = LINK, f"{LINK}#metric=sessions"
        germans = f"{LINK}#metric=sessions&where=country:Germany"
        found = outcomes_of(stand, users, sessions, germans)
        assert [found[text].value for text in (users, sessions, germans)] == [5, 6, 7]
        assert [seen.path for seen in stand.seen] == ["/token", BATCH]
        (call,) = asked(stand, BATCH)
        filtered = [one["dimensionFilter"] for one in call["requests"] if "dimensionFilter" in one]
        exactly = {"filter": {"fieldName": "country", "stringFilter": {"matchType": "EXACT", "value": "Germany"}}}
        assert filtered == [{"andGroup": {"expressions": [exactly]}}]
        assert {one["metrics"][0]["name"] for one in call["requests"]} == {"activeUsers", "sessions"}


def test_a_misspelt_metric_fails_alone() -> None:
    def answer(seen: Any) -> Answer:
        names = tuple(one["name"] for one in seen.json()["metrics"])
        if "sesions" in names:
            return Answer.of({"error": {"code": 400, "status": "INVALID_ARGUMENT"}}, status=400)
        return Answer.of(report(*["3"] * len(names), names=names))

    with Stand() as stand:
        stand.answer(RUN, answer, method="POST")
        good = [LINK, f"{LINK}#metric=sessions", f"{LINK}#metric=eventCount"]
        found = outcomes_of(stand, *good, f"{LINK}#metric=sesions")
        assert [found[text].value for text in good] == [3, 3, 3]
        assert isinstance(found[f"{LINK}#metric=sesions"], NoSuchMetric)
        assert len(asked(stand, RUN)) == 5  # four at once, two halves, two of one


def test_a_property_that_is_closed_leaves_the_others_alone() -> None:
    with Stand() as stand:
        stand.answer(RUN, Answer.of({"error": {"code": 403, "status": "PERMISSION_DENIED"}}, status=403), method="POST")
        stand.answer(RUN.replace("123456789", "987654321"), report("8"), method="POST")
        other = LINK.replace("p123456789", "p987654321")
        found = outcomes_of(stand, LINK, other)
        assert isinstance(found[LINK], AccessDenied)
        assert EMAIL in str(found[LINK])
        assert found[other].value == 8


def test_days_that_are_not_processed_are_left_out() -> None:
    text = f"{PAGE}home#period=2026-04-01..2026-06-30"
    with Stand() as stand:
        stand.answer(RUN, report("9"), method="POST")
        found = outcomes_of(stand, text)[text]
        assert asked(stand, RUN)[0]["dateRanges"] == [{"startDate": "2026-04-01", "endDate": "2026-04-17"}]
        assert found.as_of.isoformat() == "2026-04-17T23:59:59+02:00"


def test_a_period_that_is_over_is_taken_whole() -> None:
    outcome = one(report("9"))
    assert isinstance(outcome, Reading)
    assert outcome.as_of is not None
    assert outcome.as_of.isoformat() == "2026-03-31T23:59:59+02:00"


def test_a_period_that_has_just_begun_has_no_figure_yet() -> None:
    with Stand() as stand:
        text = f"{PAGE}home#period=2026-04-19..2026-06-30"
        assert isinstance(outcomes_of(stand, text)[text], NotReady)
        assert not asked(stand, RUN)


def test_an_operator_may_count_days_that_are_not_whole() -> None:
    text = f"{PAGE}home#period=2026-04-01..2026-06-30"
    outcome = one(report("9"), text, lag_days=0)
    assert isinstance(outcome, Reading)
    assert outcome.as_of == datetime(2026, 4, 19, 21, 59, 59, tzinfo=UTC)


def test_a_day_that_has_not_ended_there_is_dated_now(monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime(2026, 4, 20, 0, 30, tzinfo=UTC)
    monkeypatch.setattr(GA4, "_now", lambda self: now)
    text = f"{PAGE}home#period=2026-04-01..2026-06-30"
    outcome = one(report("9", timeZone="America/Los_Angeles"), text, lag_days=0)
    assert isinstance(outcome, Reading)
    assert outcome.as_of == now


def test_realtime() -> None:
    text = "https://analytics.google.com/analytics/web/#/p123456789/realtime/overview"
    path = "/v1beta/properties/123456789:runRealtimeReport"
    with Stand() as stand:
        both = ("activeUsers", "eventCount")
        headers = [{"name": name, "type": "TYPE_INTEGER"} for name in both]
        rows = [{"metricValues": [{"value": "12"}, {"value": "30"}]}]
        stand.answer(path, {"metricHeaders": headers, "rows": rows, "rowCount": 1}, method="POST")
        found = outcomes_of(stand, text, f"{text}#metric=event count")
        assert [reading.value for reading in found.values()] == [12, 30]
        assert len(asked(stand, path)) == 1


# --- what is never written


@pytest.mark.parametrize(
    "metadata",
    [
        {"samplingMetadatas": [{"samplesReadCount": "1", "samplingSpaceSize": "10"}]},
        {"subjectToThresholding": True},
        {"dataLossFromOtherRow": True},
        {"dataTruncationReasons": [{}]},
    ],
)
def test_a_part_is_never_the_whole(metadata: dict[str, Any]) -> None:
    assert isinstance(one(report("9", **metadata)), Incomplete)


def test_a_restricted_metric_is_no_zero() -> None:
    restricted = {"activeMetricRestrictions": [{"metricName": "totalRevenue", "restrictedMetricTypes": ["REVENUE_DATA"]}]}
    answer = report("0", names=("totalRevenue",), kind="TYPE_CURRENCY", schemaRestrictionResponse=restricted)
    assert isinstance(one(answer, f"{LINK}#metric=totalRevenue"), AccessDenied)


def test_nothing_recorded_is_zero_for_counts_only() -> None:
    empty = one(report())
    assert isinstance(empty, Reading)
    assert empty.value == 0
    for name in ("engagementRate", "averageSessionDuration", "screenPageViewsPerUser", "keyEventRate:x"):
        found = one(report(names=(name,), kind="TYPE_FLOAT"), f"{LINK}#metric={name}")
        assert isinstance(found, NotReady), name
    assert isinstance(one(report(emptyReason="SOMETHING")), Incomplete)


def test_a_filter_that_nothing_meets_is_zero_only_where_its_values_exist() -> None:
    text = f"{LINK}#where=eventName:purchase,country:Malta"
    known_and_kind = ((report("4"), Reading), (report("0"), Reading), (report(), NotFound))
    for empty, (known, kind) in product((report(), report("0")), known_and_kind):
        with Stand() as stand:
            stand.answer(RUN, empty, method="POST")
            stand.answer(BATCH, {"reports": [report("3"), known]}, method="POST")
            found = outcomes_of(stand, text)[text]
            assert isinstance(found, kind), found
            assert (found.value == 0) if isinstance(found, Reading) else ("Malta" in str(found))
            (call,) = asked(stand, BATCH)
            assert [one["dateRanges"][0]["startDate"] for one in call["requests"]] == ["2015-08-14"] * 2
            assert [one["dimensions"] for one in call["requests"]] == [[{"name": "eventName"}], [{"name": "country"}]]


@pytest.mark.parametrize(
    ("name", "kind", "text", "value", "unit"),
    [
        ("engagementRate", "TYPE_FLOAT", "0.42", "0.42", PERCENT),
        ("sessionKeyEventRate:purchase", "TYPE_FLOAT", "0.125", "0.125", PERCENT),
        ("dauPerMau", "TYPE_FLOAT", "0.1", "0.1", PERCENT),
        ("averageSessionDuration", "TYPE_SECONDS", "123.456", "123.456", ""),
        ("eventValue", "TYPE_FLOAT", "1.0E7", "10000000", ""),
        ("totalRevenue", "TYPE_CURRENCY", "1234.567", "1234.567", "EUR"),
    ],
)
def test_numbers_are_exact_and_bear_their_unit(name: str, kind: str, text: str, value: str, unit: str) -> None:
    found = one(report(text, names=(name,), kind=kind), f"{LINK}#metric={name}")
    assert isinstance(found, Reading), found
    assert (found.value, found.unit) == (Decimal(value), unit)


@pytest.mark.parametrize(
    "answer",
    [
        report("1,234"), report("1,234.5"), report("NaN"), report("5%"), report("1", names=("sessions",)), {"rows": []}, [],
        {**report("1"), "rowCount": 2}, {**report("1"), "rows": [{"metricValues": []}]},
        report("1", names=("totalRevenue",), kind="TYPE_CURRENCY", currencyCode=None),
    ],
)  # fmt: skip
def test_other_answers_are_no_figure(answer: Any) -> None:
    text = f"{LINK}#metric=totalRevenue" if "totalRevenue" in json.dumps(answer) else LINK
    outcome = one(answer, text)
    assert isinstance(outcome, UnexpectedReply), outcome
    assert "connector" not in str(outcome)  # it was understood, and did not break anything


def test_a_batch_that_is_too_short_is_no_answer() -> None:
    with Stand() as stand:
        stand.answer(BATCH, {"reports": [report("5")]}, method="POST")
        texts = (LINK, f"{LINK}#where=country:Germany")
        for found in outcomes_of(stand, *texts).values():
            assert isinstance(found, UnexpectedReply)
            assert "each of the questions" in str(found)


# --- quota and rights


@pytest.mark.parametrize(
    ("message", "date", "wait"),
    [
        (
            "Exhausted property tokens per day. They return in under 24 hours.",
            "20 Apr 2026 09:00:00",
            79_200.0,
        ),
        ("Exhausted property tokens per day.", "", 3600.0),
        ("Exhausted property tokens for a project per hour. They return in under an hour.", "20 Apr 2026 09:00:00", 3600.0),
        ("Exhausted potentially thresholded requests quota. It will refresh in under an hour.", "20 Apr 2026 09:00:00", 3600.0),
    ],
)
def test_a_quota_that_is_used_up_pauses_until_it_returns(message: str, date: str, wait: float) -> None:
    body = {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": message}}
    raw = json.dumps(body).encode()
    head = f"HTTP/1.1 429 X\r\nContent-Length: {len(raw)}\r\n" + (f"Date: Mon, {date} GMT\r\n" if date else "") + "\r\n"
    outcome = one(Answer(raw=head.encode() + raw))
    assert isinstance(outcome, RateLimited)
    assert outcome.wait == wait
    assert "tokens" not in str(outcome)


def test_an_api_that_is_switched_off_is_said() -> None:
    error = {"code": 403, "status": "PERMISSION_DENIED", "details": [{"reason": "SERVICE_DISABLED"}]}
    outcome = one(Answer.of({"error": error}, status=403))
    assert isinstance(outcome, AccessDenied)
    assert "switched off" in str(outcome)


def test_the_probe_asks_for_what_all_properties_have() -> None:
    with Stand() as stand:
        stand.answer("/token", {"access_token": TOKEN}, method="POST")
        stand.answer("/v1beta/properties/0/metadata", {"metrics": []})
        base = f"http://127.0.0.1:{stand.port}"
        account = account_of(GA4, {"service_account": key_file(), "api_url": base, "token_url": f"{base}/token"})
        with stand.web(base, auth=account.auth()) as web:
            account.probe(web)
        assert stand.seen[-1].path == "/v1beta/properties/0/metadata"


@pytest.mark.skipif(not DISCOVERY.is_file(), reason="the discovery document is not part of the project")
def test_the_discovery_document_has_what_is_asked_and_read() -> None:
    document = json.loads(DISCOVERY.read_text(encoding="utf-8"))
    schemas, methods = document["schemas"], document["resources"]["properties"]["methods"]
    for name in ("runReport", "batchRunReports", "runRealtimeReport"):
        assert methods[name]["path"] == f"v1beta/{{+property}}:{name}"
        assert "https://www.googleapis.com/auth/analytics.readonly" in methods[name]["scopes"]
    assert {"dateRanges", "metrics", "keepEmptyRows", "dimensionFilter"} <= set(schemas["RunReportRequest"]["properties"])
    assert {"metricHeaders", "rows", "rowCount", "metadata"} <= set(schemas["RunReportResponse"]["properties"])
    assert {
        "samplingMetadatas", "subjectToThresholding", "dataLossFromOtherRow", "dataTruncationReasons", "emptyReason", "timeZone",
        "schemaRestrictionResponse", "currencyCode",
    } == set(schemas["ResponseMetaData"]["properties"])  # fmt: skip
    assert set(schemas["SchemaRestrictionResponse"]["properties"]) == {"activeMetricRestrictions"}
