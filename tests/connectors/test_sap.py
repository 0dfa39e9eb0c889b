"""SAP against the contract, against SAP's own descriptions of its services, and its own traps."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sheetsync import links
from sheetsync.connectors._grammar import Condition
from sheetsync.connectors._options import conditions_of
from sheetsync.connectors._sap_filter import checked, of_conditions
from sheetsync.connectors._sap_metadata import EntitySet, Field, entity_set
from sheetsync.connectors.sap import Sap
from sheetsync.errors import (
    AccessDenied,
    Incomplete,
    LinkError,
    NoSuchMetric,
    NotConnected,
    NotFound,
    NotReady,
    UnexpectedReply,
    UnsupportedLink,
)
from sheetsync.model import Reading
from sheetsync.testing import Answer, ConnectorContract, LookupMemory, Seen, Stand, account_of, run_links

PASSWORD = "canary-password-1"
SETTINGS = {"host": "my300000.s4hana.cloud.sap", "user": "SHEETSYNC", "password": PASSWORD}
SERVICE = "/sap/opu/odata/sap/API_SALES_ORDER_SRV"
ORDERS = f"https://my300000-api.s4hana.cloud.sap{SERVICE}/A_SalesOrder"
SUM = f"{ORDERS}#sum(TotalNetAmount)"
V4 = "/sap/opu/odata4/sap/api_visit/srvd_a2x/sap/visit/0001"
VISITS = f"https://my300000.s4hana.cloud.sap{V4}/Visit"
DESCRIBED = Path(__file__).parents[3] / "shared" / "vendor-data" / "sap"

METADATA = b"""<?xml version="1.0"?>
<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx" xmlns:sap="http://www.sap.com/Protocols/SAPData">
<edmx:DataServices><Schema Namespace="X" xmlns="http://schemas.microsoft.com/ado/2008/09/edm">
<EntityType Name="T"><Key><PropertyRef Name="SalesOrder"/></Key>
<Property Name="SalesOrder" Type="Edm.String"/><Property Name="SalesOrderType" Type="Edm.String"/>
<Property Name="SalesOrderDate" Type="Edm.DateTime" sap:display-format="Date"/>
<Property Name="ChangedAt" Type="Edm.DateTimeOffset"/><Property Name="Released" Type="Edm.Boolean"/>
<Property Name="Items" Type="Edm.Int32"/><Property Name="Weight" Type="Edm.Decimal" sap:unit="WeightUnit"/>
<Property Name="WeightUnit" Type="Edm.String" sap:semantics="unit-of-measure"/>
<Property Name="TotalNetAmount" Type="Edm.Decimal" sap:unit="TransactionCurrency"/>
<Property Name="TransactionCurrency" Type="Edm.String" sap:semantics="currency-code"/></EntityType>
<EntityContainer Name="C"><EntitySet Name="A_SalesOrder" EntityType="X.T"/></EntityContainer></Schema>
</edmx:DataServices></edmx:Edmx>"""
METADATA_4 = b"""<?xml version="1.0"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
<Schema Namespace="com.sap.visit" Alias="SAP__self" xmlns="http://docs.oasis-open.org/odata/ns/edm">
<EntityType Name="VisitType"><Key><PropertyRef Name="Visit"/><PropertyRef Name="IsActiveEntity"/></Key>
<Property Name="Visit" Type="Edm.String"/><Property Name="IsActiveEntity" Type="Edm.Boolean"/>
<Property Name="On" Type="Edm.Date"/><Property Name="At" Type="Edm.DateTimeOffset"/><Property Name="Cost" Type="Edm.Decimal"/>
<Property Name="Currency" Type="Edm.String"/><Property Name="Length" Type="Edm.Decimal"/><Property Name="Unit" Type="Edm.String"/>
<Property Name="Fee" Type="Edm.Decimal"><Annotation Term="Org.OData.Measures.V1.ISOCurrency"><Path>Currency</Path></Annotation>
</Property></EntityType>
<EntityContainer Name="C"><EntitySet Name="Visit" EntityType="com.sap.visit.VisitType"/></EntityContainer>
<Annotations Target="SAP__self.VisitType/Cost"><Annotation Term="SAP__measures.ISOCurrency" Path="Currency"/></Annotations>
<Annotations Target="SAP__self.VisitType/Length"><Annotation Term="SAP__measures.Unit" Path="Unit"/></Annotations>
</Schema></edmx:DataServices></edmx:Edmx>"""


def row(number: int, amount: str = "1.50", currency: str = "EUR") -> dict[str, Any]:
    return {"__metadata": {"type": "X.T"}, "SalesOrder": str(number), "TotalNetAmount": amount, "TransactionCurrency": currency}


def page(*rows: dict[str, Any], total: int | None = None) -> dict[str, Any]:
    return {"d": {"__count": str(len(rows) if total is None else total), "results": list(rows)}}


def xml(body: bytes = METADATA) -> Answer:
    return Answer(200, body, {"content-type": "application/xml"})


class TestContract(ConnectorContract):
    connector = Sap
    settings = SETTINGS
    link = SUM
    value = Decimal("1000.5")
    unit = "EUR"
    main = f"{SERVICE}/A_SalesOrder"
    document = page(row(1, "1000.500"))
    place = "d.results.0.TotalNetAmount"
    zero = "0.000"
    other = f"{ORDERS}#where=SalesOrderType:OR"
    error_body = {"error": {"code": "005056A509B11EE1B9A8FEC11C23D78E", "message": {"lang": "en", "value": "no"}}}
    error_type = UnexpectedReply
    canaries = (PASSWORD,)
    strangers = (
        "https://my300000.s4hana.cloud.sap/",
        "https://my300000.s4hana.cloud.sap/ui",
        "http://my300000.s4hana.cloud.sap/sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder",
        "https://my300000.s4hana.cloud.sap/sap/opu/odata/sap/API_SALES_ORDER_SRV/",
        "https://my300000.s4hana.cloud.sap/sap/opu/odata/sap/API_SALES_ORDER_SRV/$metadata",
        "https://my300000.s4hana.cloud.sap/sap/opu/odata/sap/API_SALES_ORDER_SRV/../API_BUSINESS_PARTNER/A_BusinessPartner",
        "https://my300000.s4hana.cloud.sap/sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder('1')",
        "https://my300000.s4hana.cloud.sap/sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder/$batch",
        "https://my300000.s4hana.cloud.sap/sap/opu/odata/sap/X/A%2fB",
    )

    def script(self, stand: Stand) -> None:
        stand.answer(f"{SERVICE}/$metadata", xml())
        stand.answer(f"{SERVICE}/A_SalesOrder/$count", Answer(200, b"42", {"content-type": "text/plain"}))


def outcomes_of(stand: Stand, *texts: str, lookups: LookupMemory | None = None, **settings: Any) -> dict[str, Any]:
    account = account_of(Sap, {**SETTINGS, "api_url": f"http://127.0.0.1:{stand.port}", **settings}, lookups=lookups)
    return run_links([account], texts)[0]


def system(*pages: Any, count: bytes = b"42") -> Stand:
    stand = Stand()
    stand.answer(f"{SERVICE}/$metadata", xml())
    stand.answer(f"{V4}/$metadata", xml(METADATA_4))
    stand.answer(f"{SERVICE}/A_SalesOrder/$count", Answer(200, count, {"content-type": "text/plain;charset=utf-8"}))
    stand.answer(f"{V4}/Visit/$count", Answer(200, count, {"content-type": "text/plain"}))
    if pages:
        stand.answer(f"{SERVICE}/A_SalesOrder", *pages)
    return stand


def asked(stand: Stand) -> Seen:
    return stand.seen[-1]


# --- counts and filters


@pytest.mark.parametrize(
    ("link", "sent"),
    [
        (f"{ORDERS}/$count", None),
        (f"{ORDERS}?$filter=SalesOrderType%20eq%20'OR'&$format=json", "SalesOrderType eq 'OR'"),
        (f"{ORDERS}#filter=SalesOrderDate ge datetime'2026-01-01T00:00:00'", "SalesOrderDate ge datetime'2026-01-01T00:00:00'"),
        (
            f"{ORDERS}#where=salesorderdate:2026-01-01..2026-03-31",
            "SalesOrderDate ge datetime'2026-01-01T00:00:00' and SalesOrderDate lt datetime'2026-04-01T00:00:00'",
        ),
        (f"{ORDERS}#where=SalesOrderType:O'Neill,Released:yes", "SalesOrderType eq 'O''Neill' and Released eq true"),
        (f"{ORDERS}#where=TotalNetAmount:>100.5,Items:1..9", "TotalNetAmount gt 100.5M and Items ge 1 and Items le 9"),
        (f"{ORDERS}#where=SalesOrderType:0010", "SalesOrderType eq '0010'"),
        (
            f"{ORDERS}#where=ChangedAt:>=2026-03-30",
            "ChangedAt ge datetimeoffset'2026-03-29T22:00:00Z'",
        ),
        (
            f"{ORDERS}?$filter=Released%20eq%20true%20or%20Items%20gt%201#where=SalesOrderType:OR",
            "(Released eq true or Items gt 1) and SalesOrderType eq 'OR'",
        ),
        ("https://my300000.s4hana.cloud.sap/ui#SalesOrder-manage?SalesOrderType=OR&sap-ui-x=1", "SalesOrderType eq 'OR'"),
        (f"{VISITS}#where=On:2026-01-01..2026-01-31", "(On ge 2026-01-01 and On lt 2026-02-01) and IsActiveEntity eq true"),
        (f"{VISITS}", "IsActiveEntity eq true"),
        (f"{VISITS}#where=IsActiveEntity:no,Cost:<5,At:<2026-07-02",
         "IsActiveEntity eq false and Cost lt 5 and At lt 2026-07-01T22:00:00Z"),
    ],
)  # fmt: skip
def test_a_count_with_its_filter(link: str, sent: str | None) -> None:
    with system(count=b"0") as stand:
        outcome = outcomes_of(stand, link, time_zone="Europe/Berlin")[link]
        assert isinstance(outcome, Reading), outcome
        assert outcome.value == 0
        assert asked(stand).param("$filter") == sent
        assert asked(stand).path.endswith("/$count")
        assert not stand.strays


def test_the_client_goes_with_every_call() -> None:
    link = f"{ORDERS}?sap-client=100"
    with system() as stand:
        assert outcomes_of(stand, link, client="100")[link].value == 42
        assert {seen.param("sap-client") for seen in stand.seen} == {"100"}


def test_a_link_of_another_client_or_system_is_not_answered() -> None:
    other_client, elsewhere = f"{ORDERS}?sap-client=200", ORDERS.replace("my300000-api", "my300001-api")
    with system() as stand:
        found = outcomes_of(stand, other_client, elsewhere, client="100")
        assert all(isinstance(one, NotConnected) for one in found.values())
        assert isinstance(outcomes_of(stand, other_client)[other_client], NotConnected)
        assert not stand.seen


def test_systems_of_ones_own_stand_at_any_port() -> None:
    link = f"https://ERP.acme.example:44300{SERVICE}/A_SalesOrder"
    other_port = link.replace("44300", "44301")
    with system() as stand:
        found = outcomes_of(stand, link, other_port, host="erp.acme.example:44300")
        assert found[link].value == 42
        assert isinstance(found[other_port], NotConnected)


def test_services_of_the_cloud_live_beside_the_launchpad() -> None:
    for host in ("my300000.s4hana.cloud.sap", "my300000-api.s4hana.cloud.sap"):
        assert account_of(Sap, {**SETTINGS, "host": host}).origins() == ("https://my300000-api.s4hana.cloud.sap",)
    assert account_of(Sap, {**SETTINGS, "host": "erp.acme.example:44300"}).origins() == ("https://erp.acme.example:44300",)
    assert account_of(Sap, {**SETTINGS, "host": "sandbox.api.sap.com"}).origins() == ("https://sandbox.api.sap.com",)


def test_what_a_service_is_made_of_is_asked_once_for_all_runs() -> None:
    known, other = LookupMemory(), f"{ORDERS}#where=SalesOrderType:OR"
    with system() as stand:
        outcomes_of(stand, ORDERS, other, lookups=known)
        outcomes_of(stand, ORDERS, other, lookups=known)
        assert [seen.path for seen in stand.seen].count(f"{SERVICE}/$metadata") == 1
        assert len(stand.seen) == 5


def test_a_new_field_is_looked_up_again() -> None:
    old = EntitySet(("SalesOrder",), {"SalesOrder": Field("String")})
    known, link = LookupMemory({f"units{SERVICE}/A_SalesOrder": old.text()}), f"{ORDERS}#where=SalesOrderType:OR"
    with system() as stand:
        assert outcomes_of(stand, link, lookups=known)[link].value == 42


@pytest.mark.parametrize(
    "options",
    [
        "where=Nonsense:1", "where=SalesOrderType:>5", "where=SalesOrderDate:soon", "where=Items:1.5", "where=Released:maybe",
        "where=TotalNetAmount:cheap", "sum(SalesOrder)", "sum(Nonsense)", "sum(SalesOrderDate)",
    ],
)  # fmt: skip
def test_fields_and_values_are_checked_before_they_are_sent(options: str) -> None:
    with system() as stand:
        assert isinstance(outcomes_of(stand, f"{ORDERS}#{options}")[f"{ORDERS}#{options}"], NoSuchMetric)
        assert {seen.path for seen in stand.seen} == {f"{SERVICE}/$metadata"}


@pytest.mark.parametrize(
    "text",
    [
        "?$top=5", "?$skip=5", "?search=x", "?$apply=aggregate(A%20with%20sum%20as%20v)", "?$filter=A%20eq%20'x'#filter=B eq 1",
        "?sap-client=1%26x", "#filter=A eq 'x", "#filter=(A eq 1", "#filter=A eq 1)", "#filter=cast(A,'Edm.String') eq 'x'",
        "#filter=A eq 1;drop", "#filter=A eq $it/B", "#filter=substringof", "#sum", "#sum(A)&column=B", "#sum(A;B)",
        "#metric=median", "#column=A", "#period=2026-01-01..2026-03-31",
    ],
)  # fmt: skip
def test_what_cannot_be_kept_is_refused(text: str) -> None:
    link = links.parse(ORDERS + text)
    assert link is not None
    with pytest.raises(NoSuchMetric):
        Sap.resolve(link)


@pytest.mark.parametrize(
    "fragment",
    ["SalesOrder-manage", "SalesOrder-manage?sap-xapp-state=A1", "SalesOrder-manage?SalesOrderType=OR&sap-iapp-state=A1",
     "SalesOrder-manage?SalesOrderType=OR&SalesOrderType=RE", "SalesOrder-manage?SalesOrderType=OR&/filters/x",
     "SalesOrder-manage?SalesOrderType=%22", "MaterialBOM-maintain?Material=1"],
)  # fmt: skip
def test_apps_whose_filter_cannot_be_known(fragment: str) -> None:
    link = links.parse(f"https://my300000.s4hana.cloud.sap/ui#{fragment}")
    assert link is not None
    with pytest.raises(UnsupportedLink):
        Sap.resolve(link)


def test_filters_keep_their_meaning() -> None:
    text = "substringof('a (b), c',Name)  and ( Price/Net ge -1.5M or not endswith( City , 'x''y') ) and Id eq guid'" + "0" * 8
    text += "-0000-0000-0000-" + "0" * 12 + "'"
    assert checked(text) == text.replace("  ", " ").replace("( P", "(P").replace("( City , ", "(City,").replace(
        " ) and Id", ") and Id"
    )
    assert checked(checked(text)) == checked(text)


@given(st.text(max_size=60))
def test_a_filter_is_remade_or_refused(text: str) -> None:
    try:
        remade = checked(text)
    except NoSuchMetric:
        return
    assert checked(remade) == remade
    assert [char for char in remade if not char.isspace()] == [char for char in text if not char.isspace()]


@given(st.text(min_size=1, max_size=40), st.sampled_from([2, 4]))
def test_a_text_never_leaves_its_quotes(value: str, version: int) -> None:
    known = EntitySet(("A",), {"A": Field("String")})
    made = of_conditions([Condition("A", "=", value)], known, version=version, zone=ZoneInfo("UTC"))
    assert made.startswith("A eq '")
    assert made.endswith("'")
    assert made[len("A eq '") : -1].replace("''", "") == value.replace("'", "")


# --- sums


@pytest.mark.parametrize(
    ("measure", "value"), [("sum", "10.5"), ("mean", "3.5"), ("min", "-1.000"), ("max", "9.5"), ("SUM", "10.5")]
)
def test_measures_of_a_field(measure: str, value: str) -> None:
    link = f"{ORDERS}#metric={measure}(TotalNetAmount)"
    with system(page(row(1, "2.000"), row(2, "-1.000"), row(3, "9.5"))) as stand:
        outcome = outcomes_of(stand, link)[link]
        assert (outcome.value, outcome.unit) == (Decimal(value), "EUR")


def test_three_digits_behind_the_point_are_no_thousands() -> None:
    with system(page(row(1, "1.234"), row(2, "100.000"))) as stand:
        assert outcomes_of(stand, SUM)[SUM].value == Decimal("101.234")


def test_all_pages_are_read_in_order_of_the_keys() -> None:
    first = page(*(row(n) for n in range(600)), total=1001)
    second = page(*(row(n) for n in range(600, 1001)), total=1001)
    with system(first, second) as stand:
        assert outcomes_of(stand, SUM)[SUM].value == Decimal("1501.5")
        calls = [seen for seen in stand.seen if seen.path == f"{SERVICE}/A_SalesOrder"]
        assert [seen.param("$skip") for seen in calls] == ["0", "600"]
        assert {seen.param("$orderby") for seen in calls} == {"SalesOrder"}
        assert calls[0].param("$select") == "SalesOrder,TotalNetAmount,TransactionCurrency"


@pytest.mark.parametrize(
    ("pages", "error"),
    [
        ([page(row(1), total=2), page(row(1), total=2)], UnexpectedReply),  # the service does not page
        ([page(row(1), total=2), page(total=2)], Incomplete),
        ([page(row(1), row(2), total=1)], Incomplete),
        ([page(row(1), total=100_001)], Incomplete),
        ([page(row(1), row(2, currency="USD"))], NoSuchMetric),
        ([page(row(1, currency=""))], UnexpectedReply),
        ([page(row(1, "abc"))], UnexpectedReply),
        ([page(row(1, ""))], UnexpectedReply),
        ([{"d": {"results": [row(1)]}}], UnexpectedReply),
        ([{"d": {"__count": "1.5", "results": [row(1)]}}], UnexpectedReply),
    ],
)  # fmt: skip
def test_sums_that_would_be_wrong(pages: list[Any], error: type[LinkError]) -> None:
    with system(*pages) as stand:
        assert isinstance(outcomes_of(stand, SUM)[SUM], error)


def test_rows_that_change_while_they_are_read_are_read_again() -> None:
    changing = [page(row(1), total=2), page(row(2), total=3)]
    with system(*changing, page(row(1), row(2), total=3), page(row(3), total=3)) as stand:
        assert outcomes_of(stand, SUM)[SUM].value == Decimal("4.5")


def test_nothing_adds_up_to_nothing_and_has_no_mean() -> None:
    mean = SUM.replace("sum", "mean")
    with system(page()) as stand:
        found = outcomes_of(stand, SUM, mean)
        assert found[SUM].value == 0
        assert isinstance(found[mean], NotReady)
        assert len(stand.seen) == 2


def test_quantities_have_no_currency_and_one_unit() -> None:
    link = f"{ORDERS}#sum(Weight)"
    rows = [{"SalesOrder": str(n), "Weight": "2.5", "WeightUnit": unit} for n, unit in enumerate(("KG", "KG", "LB"))]
    with system(page(*rows[:2])) as stand:
        assert (outcomes_of(stand, link)[link].value, outcomes_of(stand, link)[link].unit) == (5, "")
    with system(page(*rows)) as stand:
        assert isinstance(outcomes_of(stand, link)[link], NoSuchMetric)


def test_version_4_adds_up_too() -> None:
    link = f"{VISITS}#sum(Cost)"
    rows = [{"Visit": str(n), "IsActiveEntity": True, "Cost": 0.1, "Currency": "CHF"} for n in range(3)]
    with system() as stand:
        stand.answer(f"{V4}/Visit", {"@odata.context": "$metadata#Visit", "@odata.count": 3, "value": rows})
        outcome = outcomes_of(stand, link)[link]
        assert (outcome.value, outcome.unit) == (Decimal("0.3"), "CHF")
        assert (asked(stand).param("$count"), asked(stand).param("$filter")) == ("true", "IsActiveEntity eq true")


@pytest.mark.parametrize(
    ("column", "unit", "same", "others"), [("Length", "Unit", "H", "MIN"), ("Fee", "Currency", "CHF", "EUR")]
)
def test_version_4_adds_up_one_unit_only(column: str, unit: str, same: str, others: str) -> None:
    link = f"{VISITS}#sum({column})"
    rows = [{"Visit": str(n), "IsActiveEntity": True, column: 2.5, unit: one} for n, one in enumerate((same, same, others))]
    with system() as stand:
        stand.answer(f"{V4}/Visit", {"@odata.count": 2, "value": rows[:2]})
        outcome = outcomes_of(stand, link)[link]
        assert (outcome.value, outcome.unit) == (5, same if column == "Fee" else "")
    with system() as stand:
        stand.answer(f"{V4}/Visit", {"@odata.count": 3, "value": rows})
        assert isinstance(outcomes_of(stand, link)[link], NoSuchMetric)


def test_a_percentage_is_no_value_of_a_field() -> None:
    """Whether a field holds 50 or 0.5 for it is nowhere said."""
    for test in ("50%25", ">50%25", "10%25..50%25"):
        link = f"{ORDERS}#where=TotalNetAmount:{test}"
        with system() as stand:
            assert isinstance(outcomes_of(stand, link)[link], NoSuchMetric)


# --- errors and keys


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(403, b"<html>", {"content-type": "text/html"}), AccessDenied),
        (Answer.of({"error": {"code": "/IWFND/MED/170", "message": {"value": "CANARY"}}}, status=404), NotFound),
        (Answer.of({"error": {"code": "X", "message": {"value": "CANARY"}}}, status=400), NoSuchMetric),
        (Answer(200, b"<html>Sign in</html>", {"content-type": "text/html"}), UnexpectedReply),
        (Answer(200, b"", {"content-type": "text/plain"}), UnexpectedReply),
        (Answer(200, b"-1", {"content-type": "text/plain"}), UnexpectedReply),
        (Answer(200, b"12 rows", {"content-type": "text/plain"}), UnexpectedReply),
    ],
)
def test_answers_that_are_no_count(answer: Answer, error: type[LinkError]) -> None:
    with system() as stand:
        stand.answer(f"{SERVICE}/A_SalesOrder/$count", answer)
        outcome = outcomes_of(stand, ORDERS)[ORDERS]
        assert isinstance(outcome, error)
        assert "CANARY" not in str(outcome)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(200, b"<!DOCTYPE html><html></html>"), UnexpectedReply),
        (Answer(200, METADATA.replace(b"A_SalesOrder", b"A_Other")), NotFound),
        (Answer(200, METADATA.replace(b'EntityType="X.T"', b'EntityType="X.U"')), UnexpectedReply),
        (Answer(200, b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'), UnexpectedReply),
        (Answer.of({"error": {"code": "/IWFND/MED/170"}}, status=404), NotFound),
    ],
)
def test_descriptions_that_cannot_be_read(answer: Answer, error: type[LinkError]) -> None:
    with system() as stand:
        stand.answer(f"{SERVICE}/$metadata", answer)
        assert isinstance(outcomes_of(stand, ORDERS)[ORDERS], error)
        assert len(stand.seen) == 1


def test_three_kinds_of_keys() -> None:
    bare = {"host": "my300000.s4hana.cloud.sap"}
    with system() as stand:
        url = f"http://127.0.0.1:{stand.port}"
        stand.answer("/oauth/token", {"access_token": "token-1234567", "expires_in": 43199}, method="POST")
        for extra in (
            {"api_key": "sandbox-key-1"},
            {"token_url": f"{url}/oauth/token", "client_id": "sb-1", "client_secret": "secret-123"},
            {"user": "U", "password": "password-1"},
        ):
            account = account_of(Sap, {**bare, **extra, "api_url": url})
            assert run_links([account], [ORDERS])[0][ORDERS].value == 42
        keyed, _, token, bearer, _, basic, _ = stand.seen
        assert keyed.headers["apikey"] == "sandbox-key-1"
        assert token.form() == {"grant_type": "client_credentials"}
        assert (bearer.headers["authorization"], basic.headers["authorization"][:6]) == ("Bearer token-1234567", "Basic ")
        assert isinstance(run_links([account_of(Sap, {**bare, "api_url": url})], [ORDERS])[0][ORDERS], NotConnected)


def test_the_probe_takes_a_closed_catalogue_for_a_good_key() -> None:
    with Stand() as stand:
        account = account_of(Sap, {**SETTINGS, "api_url": f"http://127.0.0.1:{stand.port}"})
        stand.answer("/sap/opu/odata/IWFND/CATALOGSERVICE;v=2/", Answer(403))
        with stand.web(*account.origins(), auth=account.auth(), refine=account.refine) as web:
            account.probe(web)
        assert len(stand.seen) == 1


@pytest.mark.skipif(not DESCRIBED.is_dir(), reason="SAP's descriptions are not part of the project")
def test_descriptions_of_real_services() -> None:
    orders = entity_set((DESCRIBED / "API_SALES_ORDER_SRV.edmx").read_bytes(), "A_SalesOrder")
    assert orders.keys == ("SalesOrder",)
    assert orders.fields["TotalNetAmount"] == Field("Decimal", False, "TransactionCurrency", True)
    assert orders.fields["SalesOrderDate"] == Field("DateTime", True)
    assert EntitySet.of_text(orders.text()) == orders
    items = entity_set((DESCRIBED / "API_SALES_ORDER_SRV.edmx").read_bytes(), "A_SalesOrderItem")
    assert items.keys == ("SalesOrder", "SalesOrderItem")
    assert items.fields["RequestedQuantity"] == Field("Decimal", False, "RequestedQuantityUnit", False)
    for name in ("A_BusinessPartner", "A_Customer", "A_Supplier"):
        assert entity_set((DESCRIBED / "API_BUSINESS_PARTNER.edmx").read_bytes(), name).keys
    cars = entity_set((DESCRIBED / "pyodata_metadata.xml").read_bytes(), "Cars")
    assert cars.keys == ("Name",)
    found = of_conditions(conditions_of("OverallSDProcessStatus:C"), orders, version=2, zone=ZoneInfo("UTC"))
    assert found == "OverallSDProcessStatus eq 'C'"
