"""Dynamics 365 against the contract, the samples of its documentation, and its own traps."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sheetsync import links
from sheetsync.connectors._fetchxml import Aggregate, View, compared
from sheetsync.connectors.dynamics import Dynamics
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
from sheetsync.model import Reading, Resource
from sheetsync.testing import Answer, ConnectorContract, LookupMemory, Stand, account_of, run_links

SECRET, TOKEN = "canary-client-secret", "eyJ0-canary-token"
TENANT, GUID = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee", "00000000-0000-0000-00aa-000010001002"
SETTINGS = {
    "org_url": "https://acme.crm4.dynamics.com", "tenant": TENANT, "client_id": "an-app", "client_secret": SECRET,
}  # fmt: skip
VIEW = f"https://acme.crm4.dynamics.com/main.aspx?appid={TENANT}&pagetype=entitylist&etn=account&viewid={GUID}&viewType=1039"
MINE = VIEW.replace("1039", "4230")
RECORD = f"https://acme.crm4.dynamics.com/main.aspx?pagetype=entityrecord&etn=opportunity&id={GUID}#metric=estimatedvalue"
DATA = "/api/data/v9.2"
LOGIN = f"/{TENANT}/oauth2/v2.0/token"
RECORDED = Path(__file__).parents[3] / "shared" / "vendor-data" / "dataverse"

FETCH = (
    '<fetch version="1.0" output-format="xml-platform" mapping="logical" distinct="false" count="50"><entity name="account">'
    '<attribute name="name"/><order attribute="name" descending="false"/><filter type="or"><condition attribute="statecode" '
    'operator="eq" value="0"/><condition attribute="createdon" operator="last-x-days" value="30"/></filter>'
    '<link-entity name="contact" from="contactid" to="primarycontactid" link-type="outer" alias="c"><attribute name="fullname"/>'
    '<order attribute="fullname"/></link-entity></entity></fetch>'
)
JOINED = FETCH.replace('from="contactid" to="primarycontactid"', 'from="parentcustomerid" to="accountid"')
LIMITED = "@Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded"


def counted(total: Any, limited: bool | None = False) -> dict[str, Any]:
    flag = {} if limited is None else {LIMITED: limited}
    return {"@odata.context": "c", "@Microsoft.Dynamics.CRM.totalrecordcount": total, **flag, "@odata.count": total, "value": []}


TOO_MANY = Answer.of(
    {"error": {"code": "0x8004e023", "message": "AggregateQueryRecordLimit exceeded. Cannot perform this operation."}}, status=400
)


def environment(stand: Stand, fetchxml: str = FETCH) -> None:
    """The calls around the main one: the token, the definitions, the view."""
    stand.answer(LOGIN, {"token_type": "Bearer", "expires_in": 3599, "access_token": TOKEN}, method="POST")
    for entity, table in (("account", "accounts"), ("opportunity", "opportunities")):
        definition = f"{DATA}/EntityDefinitions(LogicalName='{entity}')"
        stand.answer(definition, {"EntitySetName": table, "PrimaryIdAttribute": f"{entity}id"})
        for column, kind in KINDS.items():
            stand.answer(f"{definition}/Attributes(LogicalName='{column}')", {"AttributeType": kind})
        stand.answer(f"{definition}/Attributes(LogicalName='nowhere')", Answer.of({"error": {"code": "0x80060888"}}, status=404))
    for path in (f"{DATA}/savedqueries({GUID})", f"{DATA}/userqueries({GUID})"):
        stand.answer(path, {"fetchxml": fetchxml, "savedqueryid": GUID})
    stand.answer(f"{DATA}/organizations", {"value": [{"basecurrencyid": {"isocurrencycode": "EUR"}}]})
    stand.answer(
        f"{DATA}/opportunities({GUID})",
        {
            "estimatedvalue": 99.5,
            "transactioncurrencyid": {"isocurrencycode": "GBP"},
            "estimatedvalue_base": 120.25,
            "closeprobability": 60,
        },
    )


KINDS = {
    "estimatedvalue": "Money", "estimatedvalue_base": "Money", "closeprobability": "Integer", "name": "String",
    "createdon": "DateTime", "statecode": "State", "donotemail": "Boolean", "ownerid": "Owner",
    "numberofemployees": "Integer", "exotic": "Virtual",
}  # fmt: skip


class TestContract(ConnectorContract):
    connector = Dynamics
    settings = SETTINGS
    link = VIEW
    value = Decimal(9)
    main = f"{DATA}/accounts"
    document = counted(9)
    place = "@odata.count"
    other = RECORD
    canaries = (SECRET, TOKEN)
    strangers = (
        VIEW.replace("dynamics.com", "dynamics.com.evil.test"),
        VIEW.replace("acme.crm4.dynamics.com", "crm4.dynamics.com"),
        VIEW.replace("acme.crm4", "acme.crm4x"),
        VIEW.replace("https:", "http:"),
        VIEW.replace(".com/", ".com:8443/"),
        VIEW.replace(GUID, "00000000"),
        VIEW.replace("main.aspx", "../main.aspx"),
        f"https://acme.crm4.dynamics.com/main.aspx?pagetype=entityrecord&etn=a')/b&id={GUID}#metric=x",
        "https://acme.dynamics.com/main.aspx?pagetype=entitylist",
        "https://make.powerapps.com/environments/x/home",
    )

    def script(self, stand: Stand) -> None:
        environment(stand)

    def _account(self, stand: Stand, **settings: Any) -> Any:
        return super()._account(stand, login_url=f"http://127.0.0.1:{stand.port}", **settings)

    def _changed(self, change: Callable[[Any, str | int], None]) -> Any:
        document = copy.deepcopy(self.document)
        change(document, self.place)
        return document


def outcomes_of(stand: Stand, *texts: str, lookups: LookupMemory | None = None, **settings: Any) -> dict[str, Any]:
    here = f"http://127.0.0.1:{stand.port}"
    account = account_of(Dynamics, {**SETTINGS, "api_url": here, "login_url": here, **settings}, lookups=lookups)
    return run_links([account], texts)[0]


def fetched(stand: Stand, table: str = "accounts") -> list[str]:
    return [seen.param("fetchXml") or "" for seen in stand.seen if seen.path == f"{DATA}/{table}" and seen.param("fetchXml")]


# --- addresses and sign-in


@pytest.mark.parametrize(
    ("host", "login"),
    [
        ("acme.crm.dynamics.com", "https://login.microsoftonline.com"),
        ("acme.crm9.dynamics.com", "https://login.microsoftonline.com"),
        ("acme.crm21.dynamics.com", "https://login.microsoftonline.com"),
        ("acme.crm.microsoftdynamics.us", "https://login.microsoftonline.us"),
        ("acme.crm.appsplatform.us", "https://login.microsoftonline.us"),
        ("acme.crm.dynamics.cn", "https://login.partner.microsoftonline.cn"),
    ],
)
def test_every_cloud_signs_in_at_its_own_address_and_only_its_own_environment_is_asked(host: str, login: str) -> None:
    account = account_of(Dynamics, {**SETTINGS, "org_url": f"https://{host}/"})
    assert (set(account.origins()), set(account.auth().origins)) == ({f"https://{host}"}, {login})
    for page in (host, host.replace("acme.", "acme.api.")):
        link = links.parse(VIEW.replace("acme.crm4.dynamics.com", page))
        assert link is not None
        resource, _ = Dynamics.resolve(link) or (Resource("", ""), "")
        assert account.serves(link, resource)
    other = links.parse(VIEW.replace("acme.crm4.dynamics.com", host.replace("acme", "rival")))
    assert other is not None
    assert not account.serves(other, Resource("view", GUID))


def test_the_token_is_asked_for_this_environment_alone() -> None:
    with Stand() as stand:
        environment(stand)
        stand.answer(TestContract.main, counted(9))
        assert outcomes_of(stand, VIEW)[VIEW].value == 9
        assert stand.seen[0].form() == {
            "grant_type": "client_credentials", "client_id": "an-app", "client_secret": SECRET,
            "scope": "https://acme.crm4.dynamics.com/.default",
        }  # fmt: skip


@pytest.mark.parametrize(
    "settings", [{"org_url": "https://evil.test"}, {"org_url": "http://acme.crm4.dynamics.com"}, {"tenant": "../../evil"}]
)
def test_settings_that_are_no_address_fail_their_rows_in_words(settings: dict[str, str]) -> None:
    with Stand() as stand:
        assert isinstance(outcomes_of(stand, VIEW, **settings)[VIEW], NotConnected)
        assert not stand.seen


@pytest.mark.parametrize(
    "text",
    [
        VIEW.replace(GUID, f"%7B{GUID.upper()}%7D"), VIEW.replace("viewid", "ViewId").replace("pagetype", "PageType"),
        f"https://acme.crm4.dynamics.com/main.aspx?appid=x#123&pagetype=entitylist&viewid=%7b{GUID}%7d",
    ],
)  # fmt: skip
def test_old_ways_to_write_the_same_address(text: str) -> None:
    link = links.parse(text)
    assert link is not None
    assert Dynamics.resolve(link) == (Resource("view", GUID), "count")


@pytest.mark.parametrize("option", ["filter=x", "item=x", "metric=last(name)", "metric=sum()", "metric=count(name)"])
def test_options_that_would_be_ignored_are_refused(option: str) -> None:
    with Stand() as stand:
        outcome = outcomes_of(stand, f"{VIEW}#{option}")[f"{VIEW}#{option}"]
        assert isinstance(outcome, NoSuchMetric)
        assert not stand.seen


# --- counts


def test_a_view_is_counted_by_its_id_and_its_definitions_are_kept() -> None:
    known = LookupMemory()
    with Stand() as stand:
        environment(stand)
        stand.answer(TestContract.main, counted(0))
        assert outcomes_of(stand, VIEW, lookups=known)[VIEW].value == 0
        main = next(seen for seen in stand.seen if seen.path == TestContract.main)
        assert main.query == (("savedQuery", GUID), ("$count", "true"))
        assert "odata.maxpagesize=1" in main.headers["prefer"]
        assert len(stand.seen) == 4
        assert outcomes_of(stand, VIEW, lookups=known)[VIEW].value == 0
        assert len(stand.seen) == 7


@pytest.mark.parametrize(
    "answer", [counted(5000, limited=True), counted(5000, limited=None), counted(500, limited=None), counted(-1, None)]
)
def test_a_capped_count_is_counted_again_by_fetchxml(answer: Any) -> None:
    with Stand() as stand:
        environment(stand)
        stand.answer(TestContract.main, answer, {"value": [{"n": 7311}]})
        assert outcomes_of(stand, VIEW)[VIEW].value == 7311
        (sent,) = fetched(stand)
        fetch = fromstring(sent)
        assert fetch.attrib == {"aggregate": "true"}
        assert [one.attrib for one in fetch.iter("attribute")] == [
            {"name": "accountid", "alias": "n", "aggregate": "countcolumn"}
        ]
        assert not list(fetch.iter("order"))
        assert [one.get("operator") for one in fetch.iter("condition")] == ["eq", "last-x-days"]
        assert fetch.find("entity/filter").get("type") == "or"
        assert fetch.find("entity/link-entity").get("from") == "contactid"


def test_exactly_five_thousand_is_a_count_where_the_service_says_so() -> None:
    with Stand() as stand:
        environment(stand)
        stand.answer(TestContract.main, counted(5000))
        assert outcomes_of(stand, VIEW)[VIEW].value == 5000
        assert not fetched(stand)


def test_a_view_that_joins_counts_each_record_once_where_it_says_so() -> None:
    with Stand() as stand:
        environment(stand, JOINED.replace('distinct="false"', 'distinct="true"'))
        stand.answer(TestContract.main, counted(5000, limited=True), {"value": [{"n": 6000}]})
        assert outcomes_of(stand, VIEW)[VIEW].value == 6000
        assert fromstring(fetched(stand)[0]).find("entity/attribute").get("distinct") == "true"


class Table:
    """A table that adds up at most so many records at once, as Dataverse does: it answers FetchXML over moments of creation."""

    def __init__(self, created: list[str | None], most: int) -> None:
        self.created, self.most, self.asked = created, most, 0

    def __call__(self, seen: Any) -> Answer:
        if seen.param("$orderby"):
            assert seen.param("$filter") == "createdon ne null"
            known = sorted(one for one in self.created if one)
            return Answer.of({"value": [{"createdon": known[0 if seen.param("$orderby").endswith("asc") else -1]}]})
        if seen.param("fetchXml") is None:
            return Answer.of(counted(5000, limited=True))
        self.asked += 1
        found = list(self.created)
        for one in fromstring(seen.param("fetchXml")).findall("entity/filter/condition"):
            value = one.get("value") or ""
            match one.get("operator"):
                case "null":
                    found = [moment for moment in found if moment is None]
                case "ge":
                    found = [moment for moment in found if moment is not None and moment >= value]
                case "lt":
                    found = [moment for moment in found if moment is not None and moment < value]
        functions = {one.get("alias"): one.get("aggregate") for one in fromstring(seen.param("fetchXml")).iter("attribute")}
        if len(found) > self.most:
            return TOO_MANY
        figures = {"countcolumn": len(found), "sum": 2 * len(found), "max": len(found)}
        return Answer.of(
            {"value": [{alias: figures[name] for alias, name in functions.items() if name == "countcolumn" or found}]}
        )


MANY = [f"2027-01-{day:02}T00:00:{second:02}Z" for day in range(1, 29) for second in range(20)]


@pytest.mark.parametrize(
    ("options", "value"),
    [("", 563), ("#sum(numberofemployees)", 1126), ("#mean(numberofemployees)", 2), ("#max(numberofemployees)", 39)],
)
def test_more_records_than_can_be_added_up_are_taken_in_spans_without_loss(options: str, value: int) -> None:
    table = Table([*MANY, None, None, None], 40)
    with Stand() as stand:
        environment(stand)
        stand.answer(TestContract.main, table)
        text = f"{VIEW}{options}"
        outcome = outcomes_of(stand, text)[text]
        assert isinstance(outcome, Reading), outcome
        assert outcome.value in ({value} if "max" not in options else set(range(20, 41)))
        assert 14 < table.asked < 45


def test_records_made_in_one_second_cannot_be_taken_apart_any_further() -> None:
    with Stand() as stand:
        environment(stand)
        stand.answer(TestContract.main, Table(["2027-01-01T00:00:00Z"] * 50, 40))
        assert isinstance(outcomes_of(stand, VIEW)[VIEW], Incomplete)
        assert len(stand.seen) < 15


def test_different_values_cannot_be_counted_in_spans() -> None:
    with Stand() as stand:
        environment(stand)
        stand.answer(TestContract.main, TOO_MANY)
        text = f"{VIEW}#distinct(name)"
        assert isinstance(outcomes_of(stand, text)[text], Incomplete)
        assert len(fetched(stand)) == 1


@pytest.mark.parametrize(
    ("fetchxml", "error"),
    [
        (FETCH.replace('operator="eq" value="0"', 'operator="eq-userid"'), UnsupportedLink),
        (FETCH.replace('operator="eq" value="0"', 'operator="eq-useroruserteams"'), UnsupportedLink),
        (FETCH.replace('operator="eq" value="0"', 'operator="ne-businessid"'), UnsupportedLink),
        (FETCH.replace('count="50"', 'top="50"'), Incomplete),
        (FETCH.replace('count="50"', 'aggregate="true"'), UnexpectedReply),
        (FETCH.replace('name="account"', 'name="accounts(1)/x"'), UnexpectedReply),
        ("<fetch>", UnexpectedReply),
        ('<!DOCTYPE fetch [<!ENTITY a "b">]>' + FETCH, UnexpectedReply),
        ("<!DOCTYPE fetch>" + FETCH, UnexpectedReply),
        ("<fetch/>", UnexpectedReply),
    ],
)
def test_a_view_that_cannot_be_trusted_is_not_counted(fetchxml: str, error: type[LinkError]) -> None:
    with Stand() as stand:
        environment(stand, fetchxml)
        stand.answer(TestContract.main, counted(0))
        assert isinstance(outcomes_of(stand, VIEW)[VIEW], error)
        assert not any(seen.path == TestContract.main for seen in stand.seen)


def test_a_personal_view_is_asked_as_one_and_must_be_shared() -> None:
    with Stand() as stand:
        environment(stand)
        stand.answer(TestContract.main, counted(3))
        assert outcomes_of(stand, MINE)[MINE].value == 3
        assert stand.seen[-1].param("userQuery") == GUID
        stand.answer(f"{DATA}/userqueries({GUID})", Answer.of({"error": {"code": "0x80040217"}}, status=404))
        outcome = outcomes_of(stand, MINE)[MINE]
        assert isinstance(outcome, NotFound)
        assert "system view" in outcome.advice


# --- measures and filters


@pytest.mark.parametrize(
    ("options", "row", "value", "unit"),
    [
        ("sum(estimatedvalue_base)", {"n": 1250.5, "c": 3}, "1250.5", "EUR"),
        ("mean(numberofemployees)", {"n": 10, "c": 4}, "2.5", ""),
        ("min(numberofemployees)", {"n": -3}, "-3", ""),
        ("distinct(name)", {"n": 12}, "12", ""),
    ],
)
def test_measures_of_a_view(options: str, row: dict[str, Any], value: str, unit: str) -> None:
    with Stand() as stand:
        environment(stand)
        stand.answer(TestContract.main, {"value": [row]})
        text = f"{VIEW}#{options}"
        outcome = outcomes_of(stand, text)[text]
        assert (outcome.value, outcome.unit) == (Decimal(value), unit)
        assert len(fetched(stand)) == 1


@pytest.mark.parametrize(
    ("options", "answer", "fetchxml", "error"),
    [
        ("sum(estimatedvalue)", {"value": [{"n": 1, "c": 1}]}, FETCH, NoSuchMetric),
        ("sum(name)", {"value": [{"n": 1, "c": 1}]}, FETCH, NoSuchMetric),
        ("sum(nowhere)", {"value": [{"n": 1, "c": 1}]}, FETCH, NoSuchMetric),
        ("sum(numberofemployees)", {"value": [{"n": 1, "c": 1}]}, JOINED, Incomplete),
        ("sum(numberofemployees)", {"value": [{"c": 0}]}, FETCH, NotReady),
        ("sum(numberofemployees)", {"value": [{"n": None, "c": 0}]}, FETCH, NotReady),
        ("sum(numberofemployees)", {"value": [{"n": 5}]}, FETCH, UnexpectedReply),
        ("max(numberofemployees)", {"value": []}, FETCH, UnexpectedReply),
        ("distinct(name)", {"value": [{"n": 1}, {"n": 2}]}, FETCH, UnexpectedReply),
        ("where=name:>5", {"value": [{"n": 1}]}, FETCH, NoSuchMetric),
        ("where=statecode:Open", {"value": [{"n": 1}]}, FETCH, NoSuchMetric),
        ("where=estimatedvalue:>5", {"value": [{"n": 1}]}, FETCH, NoSuchMetric),
        ("where=exotic:1", {"value": [{"n": 1}]}, FETCH, NoSuchMetric),
        ("where=ownerid:me", {"value": [{"n": 1}]}, FETCH, NoSuchMetric),
    ],
)
def test_what_a_view_cannot_answer(options: str, answer: Any, fetchxml: str, error: type[LinkError]) -> None:
    with Stand() as stand:
        environment(stand, fetchxml)
        stand.answer(TestContract.main, answer)
        text = f"{VIEW}#{options}"
        assert type(outcomes_of(stand, text)[text]) is error


@pytest.mark.parametrize(
    ("table", "repeats"), [("activityparty", True), ("activitymimeattachment", True), ("email", False), ("new_visit", False)]
)
def test_an_activity_may_have_many_parties(table: str, repeats: bool) -> None:
    fetchxml = FETCH.replace('name="contact" from="contactid" to="primarycontactid"', f'name="{table}" from="activityid" to="a"')
    with Stand() as stand:
        environment(stand, fetchxml)
        stand.answer(TestContract.main, {"value": [{"n": 5, "c": 1}]})
        text = f"{VIEW}#sum(numberofemployees)"
        assert isinstance(outcomes_of(stand, text)[text], Incomplete) is repeats


@pytest.mark.parametrize("join", ['link-type="exists"', 'link-type="any"', 'link-type="outer"'])
def test_a_join_that_repeats_nothing_may_be_added_up(join: str) -> None:
    fetchxml = JOINED.replace('link-type="outer"', join) if "outer" not in join else FETCH
    with Stand() as stand:
        environment(stand, fetchxml)
        stand.answer(TestContract.main, {"value": [{"n": 5, "c": 1}]})
        text = f"{VIEW}#sum(numberofemployees)"
        assert outcomes_of(stand, text)[text].value == 5


@pytest.mark.parametrize(
    ("where", "conditions"),
    [
        ("createdon:2027-01-01..2027-03-31", [("on-or-after", "2027-01-01"), ("on-or-before", "2027-03-31")]),
        ("createdon:2027-01-01", [("on", "2027-01-01")]),
        ("createdon:>2027-01-31", [("on-or-after", "2027-02-01")]),
        ("createdon:<2027-03-01", [("on-or-before", "2027-02-28")]),
        ("numberofemployees:>=10", [("ge", "10")]),
        ("numberofemployees:1..9", [("ge", "1"), ("le", "9")]),
        ("name:\"A & <B> 'C'\"", [("eq", "A & <B> 'C'")]),
        ("donotemail:TRUE,statecode:0", [("eq", "1"), ("eq", "0")]),
        (f"ownerid:{GUID}", [("eq", GUID)]),
    ],
)
def test_a_filter_becomes_conditions_beside_those_of_the_view(where: str, conditions: list[tuple[str, str]]) -> None:
    from urllib.parse import quote

    with Stand() as stand:
        environment(stand)
        stand.answer(TestContract.main, {"value": [{"n": 5}]})
        text = f"{VIEW}#where={quote(where)}"
        assert outcomes_of(stand, text)[text].value == 5
        both = fromstring(fetched(stand)[0]).findall("entity/filter")
        assert [one.get("type") for one in both] == ["and"]
        assert both[0].find("filter").get("type") == "or"
        assert [(one.get("operator"), one.get("value")) for one in both[0].findall("condition")] == conditions


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=40))
def test_a_text_stays_a_value(text: str) -> None:
    sent = View(FETCH).aggregate([Aggregate("accountid", "countcolumn", "n")], [compared("name", "eq", text)])
    (found,) = (one for one in fromstring(sent).iter("condition") if one.get("attribute") == "name")
    assert found.attrib == {"attribute": "name", "operator": "eq", "value": text}
    assert len(list(fromstring(sent).iter())) == 9


# --- records


@pytest.mark.parametrize(
    ("column", "value", "unit"),
    [("estimatedvalue", "99.5", "GBP"), ("estimatedvalue_base", "120.25", "EUR"), ("closeprobability", "60", "")],
)
def test_a_record_gives_one_of_its_numbers_and_money_its_currency(column: str, value: str, unit: str) -> None:
    with Stand() as stand:
        environment(stand)
        text = RECORD.replace("estimatedvalue", column)
        outcome = outcomes_of(stand, text)[text]
        assert (outcome.value, outcome.unit) == (Decimal(value), unit)
        assert not stand.strays


def test_a_record_without_a_figure_a_currency_or_a_number_gives_none() -> None:
    with Stand() as stand:
        environment(stand)
        nothing, word, none = (
            RECORD.partition("#")[0],
            RECORD.replace("estimatedvalue", "name"),
            f"{RECORD.partition('#')[0]}#metric=no such",
        )
        stand.answer(f"{DATA}/opportunities({GUID})", {"estimatedvalue": 5, "transactioncurrencyid": None})
        found = outcomes_of(stand, nothing, word, none, RECORD)
        assert all(isinstance(found[text], NoSuchMetric) for text in (nothing, word, none))
        assert isinstance(found[RECORD], UnexpectedReply)


# --- errors and samples


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (403, "0x80040220", AccessDenied), (403, "0x80072560", AccessDenied), (404, "0x80060888", NotFound),
        (400, "0x80040265", UnexpectedReply), (401, "", BadCredentials),
    ],
)  # fmt: skip
def test_what_an_error_means(status: int, code: str, error: type[LinkError]) -> None:
    with Stand() as stand:
        environment(stand)
        body = Answer.of({"error": {"code": code, "message": "CANARY-BODY"}}, status=status) if code else Answer(status)
        stand.answer(TestContract.main, body)
        outcome = outcomes_of(stand, VIEW)[VIEW]
        assert type(outcome) is error
        assert "CANARY" not in str(outcome) + outcome.advice


recorded = pytest.mark.skipif(not RECORDED.is_dir(), reason="the samples are not part of the project")


def sample(name: str) -> Any:
    return json.loads((RECORDED / name).read_text(encoding="utf-8"))


@recorded
@pytest.mark.parametrize(
    ("file", "status", "expected"),
    [
        ("count_200.json", 200, Decimal(9)),
        ("apply_count_by_status_200.json", 200, UnexpectedReply),  # counts by group, where one is due
        ("error_429.json", 429, RateLimited),
        ("error_aggregate_limit_400.json", 400, Incomplete),
        ("error_annotated_400.json", 400, UnexpectedReply),
    ],
)
def test_samples(file: str, status: int, expected: Any) -> None:
    with Stand() as stand:
        environment(stand)
        stand.answer(
            TestContract.main, Answer.of(sample(file), status=status, headers={"retry-after": "3000"} if status == 429 else {})
        )
        outcome = outcomes_of(stand, VIEW)[VIEW]
        if isinstance(expected, Decimal):
            assert outcome.value == expected
        else:
            assert isinstance(outcome, expected)
