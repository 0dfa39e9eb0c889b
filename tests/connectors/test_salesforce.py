"""Salesforce against the contract, its recorded replies, and its own traps."""

from __future__ import annotations

import base64
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sheetsync import links
from sheetsync.connectors._grammar import Condition
from sheetsync.connectors._salesforce_objects import Soql, condition
from sheetsync.connectors.salesforce import Salesforce
from sheetsync.errors import (
    AccessDenied,
    BadCredentials,
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
from sheetsync.model import PERCENT, Query, Reading, Resource
from sheetsync.testing import Answer, ConnectorContract, LookupMemory, Stand, account_of, run_links

SECRET, TOKEN = "canary-consumer-secret", "00D5g!canary-token"
SETTINGS = {"domain": "acme", "client_id": "3MVG9consumer", "client_secret": SECRET}
SITE = "https://acme.lightning.force.com"
REPORT = f"{SITE}/lightning/r/Report/00O5g00000ABCdeEAH/view"
BOARD = f"{SITE}/lightning/r/Dashboard/01Z5g000000ABCdEAM/view"
LEADS = f"{SITE}/lightning/o/Lead/list?filterName=00B5g00000LEADsEAH"
DEALS = f"{SITE}/lightning/o/Opportunity/list?filterName=AllDeals"
DATA = "/services/data/v67.0"
RECORDED = Path(__file__).parents[3] / "shared" / "vendor-data" / "salesforce"

A_REPORT: dict[str, Any] = {
    "allData": False,
    "reportMetadata": {
        "reportFormat": "SUMMARY", "currency": "EUR",
        "aggregates": ["s!AMOUNT", "a!AMOUNT", "FORMULA1", "a!PROBABILITY", "RowCount"],
    },
    "reportExtendedMetadata": {
        "aggregateColumnInfo": {
            "s!AMOUNT": {"label": "Sum of Amount", "dataType": "currency"},
            "a!AMOUNT": {"label": "Average Amount", "dataType": "currency"},
            "FORMULA1": {"label": "Win rate", "dataType": "percent"},
            "a!PROBABILITY": {"label": "Average Probability (%)", "dataType": "percent"},
            "RowCount": {"label": "Record Count", "dataType": "int"},
        },
        "detailColumnInfo": {"AMOUNT": {"label": "Betrag"}, "PROBABILITY": {"label": "Probability"}},
    },
    "factMap": {
        "T!T": {
            "aggregates": [
                {"label": "1.250,50 €", "value": 1250.5}, {"label": "€ 250,10", "value": {"amount": 250.1, "currency": "CHF"}},
                {"label": "12,5%", "value": 0.125}, {"label": "42.50%", "value": 42.5}, {"label": "4.120", "value": 4120},
            ]
        },
        "0!T": {"aggregates": [{"label": "1", "value": 1}]},
    },
}  # fmt: skip


def token(stand: Stand) -> None:
    answer = {"access_token": TOKEN, "instance_url": "https://acme.my.salesforce.com", "issued_at": "1795000000000"}
    stand.answer("/services/oauth2/token", {**answer, "token_type": "Bearer"}, method="POST")


def count(total: Any) -> dict[str, Any]:
    return {"totalSize": total, "done": True, "records": []}


def described(query: str, scope: str | None = None) -> dict[str, Any]:
    return {"columns": [], "id": "00B5g00000LEADsEAH", "query": query, "scope": scope, "sobjectType": "Lead"}


class TestContract(ConnectorContract):
    connector = Salesforce
    settings = SETTINGS
    link = REPORT
    value = Decimal(4120)
    main = f"{DATA}/analytics/reports/00O5g00000ABCdeEAH"
    document = A_REPORT
    place = "factMap.T!T.aggregates.4.value"
    other = LEADS
    canaries = (SECRET, TOKEN)
    strangers = (
        "https://acme.lightning.force.com.evil.test/lightning/r/Report/00O5g00000ABCdeEAH/view",
        "https://acme.force.com/lightning/r/Report/00O5g00000ABCdeEAH/view",
        "https://lightning.force.com/lightning/r/Report/00O5g00000ABCdeEAH/view",
        "https://login.salesforce.com/00O5g00000ABCdeEAH",
        "https://a.b.lightning.force.com/lightning/r/Report/00O5g00000ABCdeEAH/view",
        "https://acme.lightning.force.com/lightning/r/Report/00O5g0000/view",
        "https://acme.lightning.force.com/lightning/r/Report/00O5g00000ABCd'EAH/view",
        "https://acme.lightning.force.com/lightning/o/Lead/list?filterName=x' OR Name != '",
        "https://acme.lightning.force.com:8443/lightning/r/Report/00O5g00000ABCdeEAH/view",
        "http://acme.lightning.force.com/lightning/r/Report/00O5g00000ABCdeEAH/view",
        "https://acme.lightning.force.com/lightning/page/home",
        "https://www.salesforce.com/products/",
    )

    def script(self, stand: Stand) -> None:
        token(stand)
        stand.answer(f"{DATA}/sobjects/Lead/listviews/00B5g00000LEADsEAH/describe", described("SELECT Id FROM Lead"))
        stand.answer(f"{DATA}/query", count(7))


def outcomes_of(stand: Stand, *texts: str, lookups: LookupMemory | None = None, **settings: Any) -> dict[str, Any]:
    token(stand)
    given = {**SETTINGS, "api_url": f"http://127.0.0.1:{stand.port}", **settings}
    return run_links([account_of(Salesforce, given, lookups=lookups)], texts)[0]


def asked(stand: Stand) -> list[str]:
    return [seen.param("q") or "" for seen in stand.seen if seen.path == f"{DATA}/query"]


# --- addresses


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("acme.lightning.force.com", "acme"),
        ("acme.my.salesforce.com", "acme.my.salesforce.com"),
        ("acme--uat.sandbox.lightning.force.com", "acme--uat.sandbox"),
        ("acme-dev-ed.develop.lightning.force.com", "acme-dev-ed.develop"),
        ("acme.trailblaze.lightning.force.com", "acme.trailblaze"),
        ("army.lightning.crmforce.mil", "army.my.salesforce.mil"),
        ("acme.lightning.sfcrmapps.cn", "acme.my.sfcrmproducts.cn"),
    ],
)
def test_every_cloud_is_known_and_only_its_own_organisation_is_asked(host: str, domain: str) -> None:
    link = links.parse(f"https://{host}/lightning/r/Report/00O5g00000ABCde/view")
    assert link is not None
    resource, _ = Salesforce.resolve(link) or (Resource("", ""), "")
    assert str(resource) == "report/00O5g00000ABCde"
    assert account_of(Salesforce, {**SETTINGS, "domain": domain}).serves(link, resource)
    assert not account_of(Salesforce, {**SETTINGS, "domain": "other"}).serves(link, resource)


def test_a_page_of_another_organisation_is_not_asked_for() -> None:
    with Stand() as stand:
        page = REPORT.replace("acme", "rival")
        assert isinstance(outcomes_of(stand, page)[page], NotConnected)
        assert not stand.seen


@pytest.mark.parametrize("domain", ["evil.test/", "acme.evil", "a b", "", "acme.my.salesforce.com.evil.test"])
def test_a_domain_that_is_none_fails_its_rows_in_words(domain: str) -> None:
    with Stand() as stand:
        assert isinstance(outcomes_of(stand, REPORT, domain=domain, api_url="")[REPORT], NotConnected)
        assert not stand.seen


@pytest.mark.parametrize(
    "option", ["filter=Germany", "where=Stage:Won", "item=Pipeline", "period=2027-01-01..2027-03-31", "metric=a%26item=b"]
)
def test_options_that_would_be_ignored_are_refused(option: str) -> None:
    with Stand() as stand:
        assert isinstance(outcomes_of(stand, f"{REPORT}#{option}")[f"{REPORT}#{option}"], NoSuchMetric)
        assert not stand.seen


# --- reports


def test_totals_are_found_by_measure_heading_or_name_in_one_download() -> None:
    wanted = {
        "sum(Amount)": ("1250.5", "EUR"), "sum(Betrag)": ("1250.5", "EUR"), "Sum of Amount": ("1250.5", "EUR"),
        "s!AMOUNT": ("1250.5", "EUR"), "mean(Amount)": ("250.1", "CHF"), "count": ("4120", ""),
        "Win rate": ("0.125", PERCENT), "mean(Probability)": ("0.425", PERCENT),
    }  # fmt: skip
    with Stand() as stand:
        stand.answer(TestContract.main, A_REPORT)
        found = outcomes_of(stand, *(f"{REPORT}#metric={name}" for name in wanted))
        for name, (value, unit) in wanted.items():
            outcome = found[f"{REPORT}#metric={name}"]
            assert (outcome.value, outcome.unit) == (Decimal(value), unit), name
        assert [seen.path for seen in stand.seen] == ["/services/oauth2/token", TestContract.main]
        assert stand.seen[1].param("includeDetails") == "false"


def report_with(**changes: Any) -> dict[str, Any]:
    return {**A_REPORT, "reportMetadata": {**A_REPORT["reportMetadata"], **changes}}


@pytest.mark.parametrize(
    ("document", "metric", "error"),
    [
        (report_with(reportFormat="MULTI_BLOCK"), "count", UnsupportedLink),
        (report_with(aggregates=["s!AMOUNT", "a!AMOUNT", "FORMULA1", "a!PROBABILITY", "s!X"]), "count", NoSuchMetric),
        (report_with(aggregates=["RowCount"]), "count", UnexpectedReply),
        (report_with(aggregates=["s!AMOUNT", "s!AMOUNT", "FORMULA1", "x!Y", "RowCount"]), "sum(Amount)", NoSuchMetric),
        (A_REPORT, "sum(Profit)", NoSuchMetric),
    ],
)
def test_a_report_without_that_total_gives_none(document: Any, metric: str, error: type[LinkError]) -> None:
    with Stand() as stand:
        stand.answer(TestContract.main, document)
        assert isinstance(outcomes_of(stand, f"{REPORT}#metric={metric}")[f"{REPORT}#metric={metric}"], error)


@pytest.mark.parametrize(
    ("value", "label", "share"),
    [
        (35, "35%", "0.35"), (0.35, "35%", "0.35"), (0.35, "0,35 %", "0.0035"), (0, "0%", "0"), (1, "1%", "0.01"),
        (1, "100,000%", "1"), (-3.25, "-3.25%", "-0.0325"), (12345, "12,345%", "123.45"), (0.4, "0%", "0.004"),
        (0.004, "0%", None), (35, "12%", None),
        (35, None, None), (35, "35", None),
    ],
)  # fmt: skip
def test_what_people_see_decides_how_a_percentage_counts(value: float, label: str | None, share: str | None) -> None:
    document = {
        "reportMetadata": {"aggregates": ["FORMULA1"]},
        "reportExtendedMetadata": {"aggregateColumnInfo": {"FORMULA1": {"label": "Rate", "dataType": "percent"}}},
        "factMap": {"T!T": {"aggregates": [{"label": label, "value": value}]}},
    }
    read = account_of(Salesforce, SETTINGS).read
    query = Query("salesforce", "default", Resource("report", "00O5g00000ABCdeEAH"), "rate")
    if share is None:
        with pytest.raises(UnexpectedReply):
            read(document, query)
    else:
        assert read(document, query) == Reading(Decimal(share), PERCENT)


# --- dashboards


def dashboard(refreshed: str = "2027-02-01T06:00:00.000+0000", **changes: Any) -> dict[str, Any]:
    status = {"dataStatus": "DATA", "refreshStatus": "IDLE", "refreshDate": refreshed}
    first = {"id": "01a000000000001", "header": "Pipeline", "properties": {"aggregates": [{"name": "s!AMOUNT"}], "maxRows": None}}
    return {
        "componentData": [
            {"componentId": "01a000000000002AAA", "reportResult": A_REPORT, "status": status},
            {"componentId": "01a000000000001AAA", "reportResult": A_REPORT, "status": {**status, **changes.pop("status", {})}},
        ],
        "dashboardMetadata": {
            "components": [
                {**first, **changes},
                {
                    "id": "01a000000000002",
                    "title": "Deals",
                    "properties": {"aggregates": [{"name": "RowCount"}, {"name": "a!AMOUNT"}]},
                },
            ]
        },
    }


def board(
    stand: Stand, document: Any, *texts: str, date: str = "Mon, 01 Feb 2027 12:00:00 GMT", **settings: Any
) -> dict[str, Any]:
    body = json.dumps(document).encode()
    head = f"HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    stand.answer(f"{DATA}/analytics/dashboards/01Z5g000000ABCdEAM", Answer(raw=head.encode() + body))
    return outcomes_of(stand, *texts, **settings)


def test_components_of_a_dashboard_share_its_download_and_tell_when_it_was_refreshed() -> None:
    with Stand() as stand:
        texts = [f"{BOARD}#item=pipeline", f"{BOARD}#item=2&metric=count", f"{BOARD}#item=Deals", f"{BOARD}#item=Nobody", BOARD]
        found = board(stand, dashboard(), *texts)
        first, second = found[texts[0]], found[texts[1]]
        assert (first.value, first.unit, first.as_of.isoformat()) == (Decimal("1250.5"), "EUR", "2027-02-01T06:00:00+00:00")
        assert second.value == 4120
        assert all(isinstance(found[text], NoSuchMetric) for text in texts[2:])
        assert "Pipeline, Deals" in str(found[BOARD])
        assert len(stand.seen) == 2


@pytest.mark.parametrize(
    ("document", "settings", "error"),
    [
        (dashboard("2027-01-30T06:00:00.000+0000"), {}, NotReady),
        (dashboard("2027-01-30T06:00:00.000+0000"), {"dashboard_hours": 72}, None),
        (dashboard("yesterday"), {}, UnexpectedReply),
        (dashboard(status={"dataStatus": "ERROR"}), {}, Incomplete),
        (dashboard(status={"dataStatus": "NODATA"}), {}, NotReady),
        (dashboard(status={"refreshStatus": "RUNNING"}), {}, NotReady),
        (dashboard(properties={"aggregates": [{"name": "s!AMOUNT"}], "maxRows": 10}), {}, Incomplete),
        (dashboard(header="Deals"), {}, NoSuchMetric),
        (dashboard(id="01a000000000009"), {}, UnexpectedReply),
    ],
)
def test_a_stale_failed_or_shortened_component_gives_no_figure(
    document: Any, settings: Any, error: type[LinkError] | None
) -> None:
    with Stand() as stand:
        text = (
            f"{BOARD}#item=Pipeline"
            if document["dashboardMetadata"]["components"][0]["header"] == "Pipeline"
            else f"{BOARD}#item=Deals"
        )
        outcome = board(stand, document, text, **settings)[text]
        assert isinstance(outcome, error or Reading), outcome


# --- list views

VIEW = (
    "SELECT Name, toLabel(Status), (SELECT Id FROM Tasks WHERE Subject = 'x' ORDER BY Id LIMIT 1), Id "
    "FROM Lead USING SCOPE everything WHERE IsConverted = false AND Name != 'ORDER BY (it\\'s' "
    "ORDER BY Name ASC NULLS FIRST, Id ASC NULLS FIRST LIMIT 50"
)
PLAIN = "SELECT COUNT() FROM Lead USING SCOPE everything WHERE IsConverted = false AND Name != 'ORDER BY (it\\'s'"


def test_a_list_view_is_counted_by_its_own_query_and_not_by_its_page() -> None:
    with Stand() as stand:
        stand.answer(f"{DATA}/sobjects/Lead/listviews/00B5g00000LEADsEAH/describe", described(VIEW, "everything"))
        stand.answer(f"{DATA}/query", count(7311))
        assert outcomes_of(stand, LEADS)[LEADS].value == 7311
        assert asked(stand) == [PLAIN]
        assert len(stand.seen) == 3


def test_a_list_views_name_is_looked_up_once_and_again_when_it_was_made_anew() -> None:
    query, found = f"{DATA}/query", LookupMemory()
    with Stand() as stand:
        stand.answer(f"{DATA}/sobjects/Opportunity/listviews/00Bold/describe", described("SELECT Id FROM Opportunity"))
        look_up = Answer.of({"totalSize": 1, "done": True, "records": [{"attributes": {}, "Id": "00Bold"}]})
        stand.answer(query, look_up, count(3))
        assert outcomes_of(stand, DEALS, lookups=found)[DEALS].value == 3
        assert asked(stand)[0] == "SELECT Id FROM ListView WHERE SobjectType = 'Opportunity' AND DeveloperName = 'AllDeals'"
        assert outcomes_of(stand, DEALS, lookups=found)[DEALS].value == 3
        assert len(asked(stand)) == 3
    with Stand() as stand:
        stand.answer(
            f"{DATA}/sobjects/Opportunity/listviews/00Bold/describe", Answer.of([{"errorCode": "NOT_FOUND"}], status=404)
        )
        stand.answer(f"{DATA}/sobjects/Opportunity/listviews/00Bnew/describe", described("SELECT Id FROM Opportunity"))
        stand.answer(query, {"totalSize": 1, "done": True, "records": [{"Id": "00Bnew"}]}, count(4))
        assert outcomes_of(stand, DEALS, lookups=found)[DEALS].value == 4
        assert found["list/Opportunity/AllDeals"] == "00Bnew"


def test_a_list_view_that_nobody_shares_is_not_found() -> None:
    with Stand() as stand:
        stand.answer(f"{DATA}/query", count(0))
        text = DEALS.replace("AllDeals", "pkg__AllDeals")
        assert isinstance(outcomes_of(stand, text)[text], NotFound)
        assert asked(stand)[0].endswith("DeveloperName = 'AllDeals' AND NamespacePrefix = 'pkg'")


@pytest.mark.parametrize(("query", "scope"), [("SELECT Id FROM Lead USING SCOPE mine", None), ("SELECT Id FROM Lead", "mine")])
def test_my_records_are_those_of_the_accounts_user_so_they_are_refused(query: str, scope: str | None) -> None:
    with Stand() as stand:
        stand.answer(f"{DATA}/sobjects/Lead/listviews/00B5g00000LEADsEAH/describe", described(query, scope))
        stand.answer(f"{DATA}/query", count(0))
        assert isinstance(outcomes_of(stand, LEADS)[LEADS], UnsupportedLink)
        assert outcomes_of(stand, LEADS, own_views=True)[LEADS].value == 0


@pytest.mark.parametrize(
    "query",
    [
        "SELECT Id FROM Lead WHERE Name = 'open", "SELECT Id FROM Lead WHERE (a = 1", "SELECT Status FROM Lead GROUP BY Status",
        "", "SELECT Id FROM Lead, Lead.Owner",
    ],
)  # fmt: skip
def test_a_query_that_is_not_understood_is_not_sent(query: str) -> None:
    with pytest.raises(UnexpectedReply):
        Soql.parse(query)


FIELDS = [
    {"name": "Amount", "type": "currency"}, {"name": "Probability", "type": "percent"}, {"name": "CloseDate", "type": "date"},
    {"name": "CreatedDate", "type": "datetime"}, {"name": "Name", "type": "string"}, {"name": "IsWon", "type": "boolean"},
    {"name": "Notes", "type": "textarea"},
    {"name": "StageName", "type": "picklist", "picklistValues": [{"value": "Closed Won", "label": "Gewonnen"}]},
]  # fmt: skip


def deals(stand: Stand, *answers: Any, extra: tuple[dict[str, str], ...] = ()) -> LookupMemory:
    stand.answer(
        f"{DATA}/sobjects/Opportunity/listviews/00Bold/describe",
        described("SELECT Id FROM Opportunity WHERE IsWon = true OR IsWon = false"),
    )
    stand.answer(f"{DATA}/sobjects/Opportunity/describe", {"name": "Opportunity", "fields": [*FIELDS, *extra]})
    stand.answer(f"{DATA}/query", *answers)
    return LookupMemory({"list/Opportunity/AllDeals": "00Bold"})


def one(value: Any) -> dict[str, Any]:
    return {"totalSize": 1, "done": True, "records": [{"attributes": {"type": "AggregateResult"}, "v": value}]}


def test_a_filter_is_written_anew_and_closes_the_views_own_condition_in() -> None:
    with Stand() as stand:
        known = deals(stand, one(1250.5))
        text = f"{DEALS}#metric=sum(amount)&where=StageName:gewonnen,CloseDate:2027-01-01..2027-03-31,CreatedDate:>=2027-01-01"
        outcome = outcomes_of(stand, text, lookups=known, currency="EUR")[text]
        assert (outcome.value, outcome.unit) == (Decimal("1250.5"), "EUR")
        assert asked(stand) == [
            "SELECT SUM(Amount) v FROM Opportunity WHERE (IsWon = true OR IsWon = false) AND (StageName = 'Closed Won') AND "
            "(CloseDate >= 2027-01-01 AND CloseDate <= 2027-03-31) AND (DAY_ONLY(convertTimezone(CreatedDate)) >= 2027-01-01)"
        ]


@pytest.mark.parametrize(
    ("options", "value", "expected", "unit"),
    [
        ("metric=mean(Probability)", 42.5, "0.425", PERCENT),
        ("metric=max(Amount)", 10, "10", ""),
        ("metric=distinct(Name)", 10, "10", ""),
    ],
)
def test_measures_of_a_list_view(options: str, value: float, expected: str, unit: str) -> None:
    with Stand() as stand:
        text = f"{DEALS}#{options}"
        outcome = outcomes_of(stand, text, lookups=deals(stand, one(value)))[text]
        assert (outcome.value, outcome.unit) == (Decimal(expected), unit)


def test_sums_over_many_currencies_are_in_the_organisations_own() -> None:
    with Stand() as stand:
        own = {"totalSize": 1, "done": True, "records": [{"IsoCode": "CHF"}]}
        known = deals(stand, one(5), own, extra=({"name": "CurrencyIsoCode", "type": "picklist"},))
        text = f"{DEALS}#sum(Amount)"
        assert outcomes_of(stand, text, lookups=known, currency="EUR")[text].unit == "CHF"


@pytest.mark.parametrize(
    ("options", "answer", "error"),
    [
        ("sum(Amount)", one(None), NotReady),
        ("sum(Name)", one(1), NoSuchMetric),
        ("sum(Profit)", one(1), NoSuchMetric),
        ("metric=last(Amount)", one(1), NoSuchMetric),
        ("metric=sum(Amount)) FROM User", one(1), NoSuchMetric),
        ("where=StageName:Nowhere", count(0), NoSuchMetric),
        ("where=Profit:1", count(0), NoSuchMetric),
        ("where=Notes:x", count(0), NoSuchMetric),
        ("where=Name:>5", count(0), NoSuchMetric),
        ("where=Amount:lots", count(0), NoSuchMetric),
        ("metric=count", {"totalSize": 2000, "done": False, "records": []}, Incomplete),
        ("metric=count", [{"errorCode": "X"}], UnexpectedReply),
        ("sum(Amount)", {"totalSize": 2, "done": True, "records": [{"v": 1}, {"v": 2}]}, Incomplete),
    ],
)
def test_what_a_list_view_cannot_answer(options: str, answer: Any, error: type[LinkError]) -> None:
    with Stand() as stand:
        text = f"{DEALS}#{options}"
        assert isinstance(outcomes_of(stand, text, lookups=deals(stand, answer))[text], error)


@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_a_text_never_leaves_its_quotes(text: str) -> None:
    written = condition(Condition("Name", "=", text), {"name": "Name", "type": "string"}, currencies=False)
    assert written.startswith("Name = '")
    assert re.fullmatch(r"'(?:[^'\\]|\\['\\])*'", written.removeprefix("Name = "), re.DOTALL)
    assert re.sub(r"\\(.)", r"\1", written.removeprefix("Name = '").removesuffix("'"), flags=re.DOTALL) == text


# --- records and named queries


def test_a_record_gives_one_of_its_numbers() -> None:
    with Stand() as stand:
        fields = [*FIELDS, {"name": "CurrencyIsoCode", "type": "picklist"}]
        stand.answer(f"{DATA}/sobjects/Opportunity/describe", {"fields": fields})
        stand.answer(
            f"{DATA}/sobjects/Opportunity/0065g00000ABCdeAAH", {"Amount": 10.25, "CurrencyIsoCode": "GBP", "Probability": 60}
        )
        page = f"{SITE}/lightning/r/Opportunity/0065g00000ABCdeAAH/view"
        amount, rate, name = f"{page}#metric=Amount", f"{page}#metric=probability", f"{page}#metric=Name"
        found = outcomes_of(stand, amount, rate, name, page)
        assert (found[amount].value, found[amount].unit) == (Decimal("10.25"), "GBP")
        assert (found[rate].value, found[rate].unit) == (Decimal("0.6"), PERCENT)
        assert isinstance(found[name], NoSuchMetric)
        assert isinstance(found[page], NoSuchMetric)
        assert sum(seen.path.endswith("/describe") for seen in stand.seen) == 1


def test_an_address_without_its_object_is_looked_up_by_the_beginning_of_its_id() -> None:
    with Stand() as stand:
        stand.answer(
            f"{DATA}/sobjects", {"sobjects": [{"name": "Campaign", "keyPrefix": "701"}, {"name": "X", "keyPrefix": None}]}
        )
        stand.answer(f"{DATA}/sobjects/Campaign/describe", {"fields": [{"name": "NumberOfLeads", "type": "int"}]})
        stand.answer(f"{DATA}/sobjects/Campaign/7015g000000ABCd", {"NumberOfLeads": None}, {"NumberOfLeads": 412})
        known, text = LookupMemory(), f"{SITE}/lightning/r/7015g000000ABCd/view#metric=NumberOfLeads"
        assert isinstance(outcomes_of(stand, text, lookups=known)[text], UnexpectedReply)
        assert outcomes_of(stand, text, lookups=known)[text].value == 412
        assert known["prefix/701"] == "Campaign"
        assert sum(seen.path == f"{DATA}/sobjects" for seen in stand.seen) == 1


def test_a_query_is_named_by_the_sheet_and_written_by_the_operator() -> None:
    queries = {"won": "SELECT COUNT() FROM Opportunity WHERE IsWon = true", "sum": "SELECT SUM(Amount) FROM Opportunity"}
    with Stand() as stand:
        stand.answer(f"{DATA}/query", count(0), query={"q": queries["won"]})
        stand.answer(f"{DATA}/query", {**one(0), "records": [{"attributes": {}, "expr0": 99.5}]}, query={"q": queries["sum"]})
        won, total, other = (f"{SITE}/#item={name}" for name in ("won", "sum", "SELECT COUNT() FROM User"))
        found = outcomes_of(stand, won, total, other, queries=queries)
        assert (found[won].value, found[total].value) == (0, Decimal("99.5"))
        assert isinstance(found[other], NotFound)
        assert len(asked(stand)) == 2


# --- keys and limits


def test_an_expired_session_is_renewed_once() -> None:
    with Stand() as stand:
        stand.answer(TestContract.main, Answer.of([{"errorCode": "INVALID_SESSION_ID"}], status=401), A_REPORT)
        assert outcomes_of(stand, REPORT)[REPORT].value == 4120
        assert [seen.path for seen in stand.seen].count("/services/oauth2/token") == 2


@pytest.mark.parametrize(
    ("status", "body", "error", "wait"),
    [
        (403, [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}], RateLimited, 3600),
        (403, [{"errorCode": "FORBIDDEN", "message": "You can't run more than 500 reports."}], RateLimited, 3600),
        (403, [{"errorCode": "API_DISABLED_FOR_ORG", "message": ""}], AccessDenied, None),
        (403, {"errorCode": "INSUFFICIENT_ACCESS"}, AccessDenied, None),
        (404, [{"errorCode": "NOT_FOUND"}], NotFound, None),
        (400, [{"errorCode": "QUERY_TIMEOUT"}], Incomplete, None),
        (400, "gibberish", UnexpectedReply, None),
    ],
)
def test_what_an_error_means(status: int, body: Any, error: type[LinkError], wait: float | None) -> None:
    with Stand() as stand:
        stand.answer(TestContract.main, Answer.of(body, status=status))
        outcome = outcomes_of(stand, REPORT)[REPORT]
        assert type(outcome) is error
        assert getattr(outcome, "wait", None) == wait
        assert len(stand.seen) == 2


def test_too_many_at_once_is_tried_again_soon() -> None:
    with Stand() as stand:
        busy = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "ConcurrentRequests Limit exceeded."}]
        stand.answer(TestContract.main, Answer.of(busy, status=403), A_REPORT)
        assert outcomes_of(stand, REPORT)[REPORT].value == 4120


def test_a_view_that_cannot_be_described_says_what_to_do() -> None:
    with Stand() as stand:
        stand.answer(f"{DATA}/sobjects/Lead/listviews/00B5g00000LEADsEAH/describe", Answer.of([{"errorCode": "X"}], status=400))
        assert isinstance(outcomes_of(stand, LEADS)[LEADS], UnsupportedLink)


def test_a_signed_assertion_is_what_salesforce_checks(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    key = rsa.generate_private_key(65537, 2048)
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()  # fmt: skip
    signed = {"client_secret": None, "private_key": text.replace("\n", "\\n"), "username": "bot@acme.test"}
    with Stand() as stand:
        stand.answer(TestContract.main, A_REPORT)
        assert outcomes_of(stand, REPORT, domain="acme--uat.sandbox", **signed)[REPORT].__class__ is NotConnected
        page = REPORT.replace("acme", "acme--uat.sandbox")
        assert outcomes_of(stand, page, domain="acme--uat.sandbox", **signed)[page].value == 4120
        form = stand.seen[0].form()
        assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
        head, claims, signature = form["assertion"].split(".")
        key.public_key().verify(unpadded(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256())
        assert json.loads(unpadded(head)) == {"alg": "RS256", "typ": "JWT"}
        told = json.loads(unpadded(claims))
        assert (told["iss"], told["sub"], told["aud"]) == ("3MVG9consumer", "bot@acme.test", "https://test.salesforce.com")
        assert told["exp"] > 1_700_000_000


def unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_a_key_that_is_none_is_told_without_showing_it() -> None:
    with Stand() as stand:
        outcome = outcomes_of(stand, REPORT, client_secret=None, private_key="canary-no-key", username="bot@acme.test")[REPORT]
        assert isinstance(outcome, BadCredentials)
        assert "canary" not in str(outcome)
        assert not stand.seen


def test_signing_without_the_package_for_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in [name for name in sys.modules if name.partition(".")[0] == "cryptography"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with Stand() as stand:
        outcome = outcomes_of(stand, REPORT, client_secret=None, private_key="canary-no-key", username="bot@acme.test")[REPORT]
        assert isinstance(outcome, NotConnected)
        assert "pip install cryptography" in outcome.advice


@pytest.mark.parametrize(
    "settings", [{"client_secret": None}, {"private_key": "canary"}, {"client_secret": None, "refresh_token": "r"}]
)
def test_an_account_without_a_whole_key_is_told_in_words(settings: dict[str, Any]) -> None:
    with Stand() as stand:
        assert isinstance(outcomes_of(stand, REPORT, **settings)[REPORT], NotConnected)
        assert not stand.seen


def test_an_exchanged_refresh_token_is_kept_before_it_is_used(tmp_path: Path) -> None:
    from sheetsync.connectors.salesforce import SalesforceSettings
    from sheetsync.secrets import Secret, Vault

    kept = tmp_path / "refresh"
    kept.write_text("first-refresh-token")
    kept.chmod(0o600)
    vault = Vault(tmp_path, {"SECRET": SECRET})
    with Stand() as stand:
        stand.answer(TestContract.main, A_REPORT)
        settings = SalesforceSettings(
            domain="acme", client_id="3MVG9consumer", client_secret=Secret({"env": "SECRET"}, vault, "client_secret"),
            refresh_token=Secret({"file": str(kept)}, vault, "refresh_token"),
            api_url=f"http://127.0.0.1:{stand.port}",
        )  # fmt: skip
        stand.answer("/services/oauth2/token", {"access_token": TOKEN, "refresh_token": "second-refresh-token"}, method="POST")
        found, _ = run_links([Salesforce("default", settings, LookupMemory())], [REPORT])
        assert isinstance(found[REPORT], Reading)
        assert stand.seen[0].form()["refresh_token"] == "first-refresh-token"
        assert kept.read_text().strip() == "second-refresh-token"
        assert kept.stat().st_mode & 0o777 == 0o600
        assert [path.name for path in tmp_path.iterdir()] == ["refresh"]


def test_an_exchanged_refresh_token_without_a_place_is_told() -> None:
    with Stand() as stand:
        token(stand)
        exchanged = {"access_token": TOKEN, "refresh_token": "second-refresh-token"}
        given = {**SETTINGS, "refresh_token": "first-refresh-token", "api_url": f"http://127.0.0.1:{stand.port}"}
        stand.answer("/services/oauth2/token", exchanged, method="POST")
        found, _ = run_links([account_of(Salesforce, given)], [REPORT])
        assert isinstance(found[REPORT], BadCredentials)


# --- recorded replies

recorded = pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded replies are not part of the project")


def sample(name: str) -> Any:
    return json.loads((RECORDED / name).read_text(encoding="utf-8"), parse_float=Decimal)


@recorded
@pytest.mark.parametrize(("file", "value"), [("report_summary.json", 162), ("report_matrix.json", 24)])
def test_recorded_reports(file: str, value: int) -> None:
    query = Query("salesforce", "default", Resource("report", "1"), "count")
    assert account_of(Salesforce, SETTINGS).read(sample(file), query) == Reading(Decimal(value))


@recorded
def test_a_recorded_description_of_a_report_is_no_result() -> None:
    query = Query("salesforce", "default", Resource("report", "1"), "count")
    with pytest.raises(UnexpectedReply):
        account_of(Salesforce, SETTINGS).read(sample("report_summary_metadata.json"), query)


@recorded
@pytest.mark.parametrize(
    ("file", "error"),
    [
        ("query_aggregate_success_response.json", Incomplete),  # three groups, where one figure is due
        ("query_success_response.json", Incomplete),  # a record, not a figure
        ("query_paginated_first_page_response.json", Incomplete),
        ("query_paginated_last_page_response.json", Incomplete),
        ("search_success_response.json", UnexpectedReply),
        ("list_view_results_success_response.json", UnexpectedReply),  # its `size` is that of one page
        ("sobject_describe_success_response.json", UnexpectedReply),
    ],
)
def test_recorded_answers_without_one_figure(file: str, error: type[LinkError]) -> None:
    with Stand() as stand:
        stand.answer(f"{DATA}/query", json.loads((RECORDED / file).read_text(encoding="utf-8")))
        text = f"{SITE}/#item=q"
        assert isinstance(outcomes_of(stand, text, queries={"q": "SELECT COUNT(Id) FROM Lead"})[text], (error, UnexpectedReply))


@recorded
@pytest.mark.parametrize(
    ("file", "status", "error"),
    [
        ("expired_session_response.json", 401, BadCredentials),
        ("sobject_describe_error_response.json", 404, NotFound),
        ("auth_error_response.json", 400, BadCredentials),
    ],
)
def test_recorded_errors(file: str, status: int, error: type[LinkError]) -> None:
    body = json.loads((RECORDED / file).read_text(encoding="utf-8"))
    with Stand() as stand:
        stand.answer(TestContract.main, Answer.of(body, status=status))
        given = {**SETTINGS, "api_url": f"http://127.0.0.1:{stand.port}"}
        token(stand)
        if file.startswith("auth"):
            stand.answer("/services/oauth2/token", Answer.of(body, status=status), method="POST")
        found, _ = run_links([account_of(Salesforce, given)], [REPORT])
        assert isinstance(found[REPORT], error)
        assert "Invalid Password" not in str(found[REPORT])
