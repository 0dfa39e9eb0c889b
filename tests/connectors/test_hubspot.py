"""HubSpot against the contract and its own traps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sheetsync import links
from sheetsync.connectors.hubspot import HubSpot
from sheetsync.errors import (
    AccessDenied,
    Incomplete,
    LinkError,
    NoSuchMetric,
    NotConnected,
    NotFound,
    NotReady,
    RateLimited,
    UnexpectedReply,
)
from sheetsync.model import PERCENT, Reading
from sheetsync.testing import Answer, ConnectorContract, LookupMemory, Seen, Stand, VirtualTime, account_of, run_links

TOKEN = "pat-na1-0123456789ab-canary"
SETTINGS = {"access_token": TOKEN}
ACCOUNT = {"portalId": 12345, "timeZone": "Europe/Berlin", "companyCurrency": "EUR", "additionalCurrencies": []}
ABOUT = "/account-info/2026-09/details"
LIST = "https://app.hubspot.com/contacts/12345/objectLists/321/filters"
LIST_CALL = "/crm/lists/2026-09/321"
DEALS = "https://app-eu1.hubspot.com/contacts/12345/objects/0-3/views/all/list"
SEARCH = "/crm/objects/2026-09/0-3/search"
MAIL = "https://app.hubspot.com/email/12345/details/555666/performance"
CAMPAIGN = "https://app.hubspot.com/marketing/12345/campaigns/details/0a1b2c3d-0000-4000-8000-0123456789ab/performance"
COUNTERS = {"sent": 210, "delivered": 200, "open": 85, "click": 17, "bounce": 10, "unsubscribed": 0}
AMOUNT = {"name": "amount", "type": "number", "fieldType": "number", "options": [], "showCurrencySymbol": True}


def a_list(**changed: Any) -> dict[str, Any]:
    return {"list": {"listId": "321", "name": "MQL", "processingStatus": "COMPLETE", "processingType": "DYNAMIC", **changed}}


class TestContract(ConnectorContract):
    connector = HubSpot
    settings = SETTINGS
    link = LIST
    value = Decimal(1234)
    main = LIST_CALL
    document = a_list(size=1234)
    place = "list.size"
    other = MAIL
    canaries = (TOKEN,)
    strangers = (
        "https://app.hubspot.com.evil.test/contacts/12345/objectLists/321",
        "https://app-euro.hubspot.com/contacts/12345/objectLists/321",
        "https://appeu1.hubspot.com/contacts/12345/objectLists/321",
        "https://app.hubspot.com/contacts/12345/objectLists/abc",
        "https://app.hubspot.com/contacts/objectLists/321",
        "http://app.hubspot.com/contacts/12345/objectLists/321",
        "https://app.hubspot.com:8443/contacts/12345/objectLists/321",
        "https://app.hubspot.com/contacts/12345/../12345/objectLists/321",
        "https://knowledge.hubspot.com/lists/create-lists",
        "https://app.hubspot.com/marketing/12345/campaigns/8a72c1f4",
    )

    def script(self, stand: Stand) -> None:
        stand.answer(ABOUT, ACCOUNT)
        stand.answer("/marketing/emails/2026-09/555666", {"stats": {"counters": COUNTERS}})


def outcomes_of(stand: Stand, *texts: str, lookups: LookupMemory | None = None, **settings: Any) -> dict[str, Any]:
    given = {**SETTINGS, "api_url": f"http://127.0.0.1:{stand.port}", **settings}
    return run_links([account_of(HubSpot, given, lookups=lookups)], texts)[0]


def outcome_of(stand: Stand, text: str, **settings: Any) -> Any:
    return outcomes_of(stand, text, **settings)[text]


def told(text: str) -> Any:
    link = links.parse(text)
    assert link is not None
    return HubSpot.resolve(link)


def standing(stand: Stand, account: Mapping[str, Any] = ACCOUNT) -> None:
    """Properties and pipelines of deals, as the account tells them."""
    stand.answer(ABOUT, dict(account))
    about: dict[str, Any] = {
        "amount": AMOUNT,
        "amount_in_home_currency": {**AMOUNT, "name": "amount_in_home_currency"},
        "closedate": {"name": "closedate", "type": "datetime", "fieldType": "date", "options": []},
        "signed": {"name": "signed", "type": "date", "fieldType": "date", "options": []},
        "dealname": {"name": "dealname", "type": "string", "fieldType": "text", "options": []},
        "vip": {"name": "vip", "type": "bool", "fieldType": "booleancheckbox", "options": []},
        "dealstage": {"name": "dealstage", "type": "enumeration", "fieldType": "radio", "options": []},
        "pipeline": {"name": "pipeline", "type": "enumeration", "fieldType": "select", "options": []},
        "hubspot_owner_id": {"name": "hubspot_owner_id", "type": "enumeration", "fieldType": "select", "options": []},
        "dealtype": {
            "name": "dealtype", "type": "enumeration", "fieldType": "radio",
            "options": [{"value": "newbusiness", "label": "New Business"}, {"value": "existing", "label": "Existing"}],
        },
        "topics": {
            "name": "topics", "type": "enumeration", "fieldType": "checkbox",
            "options": [{"value": "events", "label": "Events"}],
        },
    }  # fmt: skip
    for name, definition in about.items():
        stand.answer(f"/crm/properties/2026-09/0-3/{name}", definition)
    stand.answer(
        "/crm/pipelines/2026-09/0-3",
        {
            "results": [
                {
                    "id": "default", "label": "Sales",
                    "stages": [{"id": "closedwon", "label": "Closed won"}, {"id": "p1", "label": "Pitch"}],
                },
                {"id": "77", "label": "Partners", "stages": [{"id": "991", "label": "Closed won"}]},
            ]
        },
    )  # fmt: skip


def found(total: int, rows: Sequence[Mapping[str, Any]] | None = None) -> dict[str, Any]:
    rows = [{"id": str(n + 1)} for n in range(min(total, 1))] if rows is None else rows
    page: dict[str, Any] = {
        "total": total,
        "results": [{"id": row["id"], "properties": {k: v for k, v in row.items() if k != "id"}} for row in rows],
    }
    return page | ({"paging": {"next": {"after": str(len(rows))}}} if total > len(rows) else {})


def filters_of(stand: Stand) -> list[tuple[str, str, str]]:
    (asked,) = [seen.json() for seen in stand.seen if seen.path == SEARCH]
    return [(one["propertyName"], one["operator"], one["value"]) for group in asked["filterGroups"] for one in group["filters"]]


# --- the account


def test_a_page_of_another_account_is_not_asked_for() -> None:
    with Stand() as stand:
        stand.answer(ABOUT, {**ACCOUNT, "portalId": 999})
        stand.answer(LIST_CALL, a_list(size=5))
        assert isinstance(outcome_of(stand, LIST), NotFound)
        assert [seen.path for seen in stand.seen] == [ABOUT]


def test_the_account_is_asked_once_for_all_rows() -> None:
    with Stand() as stand:
        stand.answer(ABOUT, ACCOUNT)
        stand.answer(LIST_CALL, a_list(size=5))
        stand.answer("/crm/lists/2026-09/322", a_list(size=6))
        second = LIST.replace("321", "322")
        outcomes = outcomes_of(stand, LIST, second)
        assert (outcomes[LIST].value, outcomes[second].value) == (5, 6)
        assert sorted(seen.path for seen in stand.seen) == [ABOUT, LIST_CALL, "/crm/lists/2026-09/322"]


def test_the_portal_chooses_between_accounts() -> None:
    with Stand() as stand:
        stand.answer(ABOUT, ACCOUNT)
        stand.answer(LIST_CALL, a_list(size=5))
        url = f"http://127.0.0.1:{stand.port}"
        accounts = [
            account_of(HubSpot, {**SETTINGS, "api_url": url, "portal_id": portal}, name=portal) for portal in ("12345", "999")
        ]
        outcome = run_links(accounts, [LIST])[0][LIST]
        assert isinstance(outcome, Reading)
        assert "12345" in outcome.source
        assert isinstance(run_links(accounts[1:], [LIST])[0][LIST], NotConnected)


def test_an_account_without_any_key_fails_in_words() -> None:
    with Stand() as stand:
        assert isinstance(outcome_of(stand, LIST, access_token=None), NotConnected)
        assert isinstance(outcome_of(stand, LIST, version="v3"), LinkError)
        assert not stand.seen


def test_a_refresh_token_gets_a_token_first() -> None:
    with Stand() as stand:
        stand.answer("/oauth/2026-09/token", {"access_token": "fresh-token", "expires_in": 1800}, method="POST")
        stand.answer(ABOUT, ACCOUNT)
        stand.answer(LIST_CALL, a_list(size=5))
        secrets = {"access_token": None, "client_id": "c", "client_secret": "hush-hush", "refresh_token": "again-again"}
        assert outcome_of(stand, LIST, **secrets).value == 5
        assert stand.seen[0].form() == {
            "grant_type": "refresh_token", "refresh_token": "again-again", "client_id": "c", "client_secret": "hush-hush",
        }  # fmt: skip
        assert stand.seen[-1].headers["authorization"] == "Bearer fresh-token"


# --- lists


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"size": 5, "processingStatus": "PROCESSING"}, NotReady),
        ({"size": 5, "processingStatus": None}, NotReady),
        ({"size": 5, "deletedAt": "2026-01-01T00:00:00Z"}, NotFound),
    ],
)
def test_a_list_that_is_not_complete_gives_no_number(changed: dict[str, Any], error: type[LinkError]) -> None:
    with Stand() as stand:
        stand.answer(ABOUT, ACCOUNT)
        stand.answer(LIST_CALL, a_list(**changed))
        assert isinstance(outcome_of(stand, LIST), error)


def test_a_list_without_its_size_is_counted_by_its_memberships() -> None:
    with Stand() as stand:
        stand.answer(ABOUT, ACCOUNT)
        stand.answer(LIST_CALL, a_list())
        stand.answer(f"{LIST_CALL}/memberships", {"results": [{"recordId": "1"}], "total": 812})
        assert outcome_of(stand, LIST).value == 812
        stand.answer(f"{LIST_CALL}/memberships", {"results": [{"recordId": "1"}]})
        assert isinstance(outcome_of(stand, LIST), UnexpectedReply)


def test_an_old_list_is_found_by_the_mapping() -> None:
    with Stand() as stand:
        stand.answer(ABOUT, ACCOUNT)
        stand.answer("/crm/lists/2026-09/idmapping", {"listId": "321", "legacyListId": "77"}, query={"legacyListId": "77"})
        stand.answer(LIST_CALL, a_list(size=9))
        assert outcome_of(stand, "https://app.hubspot.com/contacts/12345/lists/77").value == 9


# --- counting


def test_all_records_are_counted_without_a_filter() -> None:
    with Stand() as stand:
        standing(stand)
        stand.answer(SEARCH, found(43_210), method="POST")
        assert outcome_of(stand, DEALS).value == 43_210
        asked = stand.seen[-1].json()
        assert (asked["filterGroups"], asked["limit"]) == ([], 1)
        assert len(stand.seen) == 2


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("amount:>100", [("amount", "GT", "100")]),
        ("amount:1.50..2.5", [("amount", "GTE", "1.50"), ("amount", "LTE", "2.5")]),
        ("dealname:Big one", [("dealname", "EQ", "Big one")]),
        ("dealstage:closedwon", [("dealstage", "EQ", "closedwon")]),
        ("dealstage:Pitch", [("dealstage", "EQ", "p1")]),
        ("pipeline:partners,dealstage:Closed Won", [("pipeline", "EQ", "77"), ("dealstage", "EQ", "991")]),
        ("dealtype:new business", [("dealtype", "EQ", "newbusiness")]),
        ("hubspot_owner_id:4711", [("hubspot_owner_id", "EQ", "4711")]),
        ("vip:Yes", [("vip", "EQ", "true")]),
        # 1 January in Berlin begins an hour before it does in Greenwich, 1 April two hours before (summer time)
        ("closedate:2026-01-01..2026-03-31", [("closedate", "GTE", "1767222000000"), ("closedate", "LT", "1774994400000")]),
        ("signed:2026-01-01..2026-03-31", [("signed", "GTE", "1767225600000"), ("signed", "LT", "1775001600000")]),
        ("signed:2026-01-01", [("signed", "GTE", "1767225600000"), ("signed", "LT", "1767312000000")]),
        ("signed:>2026-01-01", [("signed", "GTE", "1767312000000")]),
        ("signed:>=2026-01-01", [("signed", "GTE", "1767225600000")]),
        ("signed:<2026-01-01", [("signed", "LT", "1767225600000")]),
        ("signed:<=2026-01-01", [("signed", "LT", "1767312000000")]),
    ],
)
def test_conditions_become_filters(where: str, expected: list[tuple[str, str, str]]) -> None:
    with Stand() as stand:
        standing(stand)
        stand.answer(SEARCH, found(7), method="POST")
        assert outcome_of(stand, f"{DEALS}#where={where}").value == 7
        assert filters_of(stand) == expected


@pytest.mark.parametrize(
    "where",
    [
        "dealstage:Closed won",  # two pipelines have such a stage
        "dealstage:Clsoed won",
        "dealtype:Newish",
        "hubspot_owner_id:Jane",
        "topics:Events",
        "vip:maybe",
        "amount:many",
        "dealname:>5",
        "closedate:>5",
        "amount:>2026-01-01",
        "amount:1..2,closedate:2026-01-01,signed:2026-01-01",
    ],
)
def test_a_filter_that_might_count_something_else_is_not_asked(where: str) -> None:
    with Stand() as stand:
        standing(stand)
        stand.answer(SEARCH, found(0), method="POST")
        assert isinstance(outcome_of(stand, f"{DEALS}#where={where}"), NoSuchMetric)
        assert not any(seen.path == SEARCH for seen in stand.seen)


@pytest.mark.parametrize(
    ("page", "error"),
    [
        (found(10_000), Incomplete),
        ({**found(1), "paging": {"next": {"after": "1"}}}, UnexpectedReply),
        ({**found(0), "total": 3}, UnexpectedReply),
        ({**found(1), "total": 0}, UnexpectedReply),
        ({"results": []}, UnexpectedReply),
        ({"total": True, "results": [{}]}, UnexpectedReply),
    ],
)
def test_a_total_that_cannot_be_true_is_not_believed(page: dict[str, Any], error: type[LinkError]) -> None:
    with Stand() as stand:
        standing(stand)
        stand.answer(SEARCH, page, method="POST")
        assert isinstance(outcome_of(stand, DEALS), error)


@pytest.mark.parametrize(
    "link",
    [
        f"{DEALS}?filters=%5B%7B%22property%22%3A%22amount%22%7D%5D",
        f"{DEALS}?query=acme",
        DEALS.replace("/list", "/board"),
        f"{DEALS}#sum",
        f"{DEALS}#metric=median(amount)",
        f"{DEALS}#where=amount/../x:1",
        f"{DEALS}#sum(amount; drop)",
        f"{DEALS}#period=2026-01-01..2026-03-31",
        f"{LIST}#where=amount:1",
        f"{LIST}#metric=sum(amount)",
        f"{CAMPAIGN}#period=2026-01-01",
        f"{CAMPAIGN}#period=2026-03-31..2026-01-01",
        "https://app.hubspot.com/contacts/12345/record/0-3/987654",
        "https://app.hubspot.com/contacts/12345/record/0-3/987654#column=amount/../x",
    ],
)
def test_what_would_be_ignored_is_refused(link: str) -> None:
    with pytest.raises(NoSuchMetric) as caught:
        told(link)
    assert caught.value.advice


@given(st.text(max_size=60))
def test_whatever_stands_in_a_filter_reaches_hubspot_only_as_checked_names(text: str) -> None:
    try:
        found_ = HubSpot.resolve(links.Link(DEALS, (("where", text),)))
    except LinkError:
        return
    assert found_ is not None
    again = HubSpot.resolve(links.Link(DEALS, (("where", dict(found_[0].params).get("where", "")),)))
    assert again == found_


def test_an_index_page_in_the_old_form_and_a_harmless_parameter() -> None:
    assert str(told("https://app.hubspot.com/contacts/12345/companies/list/view/all/?utm_source=mail")[0]) == (
        "objects/0-2?portal=12345"
    )


# --- adding up


def paged(rows: Sequence[Mapping[str, Any]], total: int | None = None) -> Any:
    """A search that keeps to limit and `hs_object_id GT`, as HubSpot's does."""

    def answer(seen: Seen) -> Answer:
        asked = seen.json()
        last = next(
            (int(one["value"]) for group in asked["filterGroups"] for one in group["filters"] if one["operator"] == "GT"), 0
        )
        left = [row for row in rows if int(row["id"]) > last]
        page = found(len(left), left[: asked["limit"]])
        return Answer.of({**page, "total": len(left) if total is None or last else total})

    return answer


def test_every_record_is_added_up_exactly_page_after_page() -> None:
    rows = [{"id": str(n), "amount": "0.10", "deal_currency_code": None} for n in range(1, 451)]
    with Stand() as stand:
        standing(stand)
        stand.answer(SEARCH, paged(rows), method="POST")
        total, mean, largest = (f"{DEALS}#{what}(amount)" for what in ("sum", "mean", "max"))
        outcomes = outcomes_of(stand, total, mean, largest)
        assert (outcomes[total].value, outcomes[total].unit) == (Decimal("45.00"), "EUR")
        assert outcomes[mean].value == Decimal("0.1")
        assert outcomes[largest].value == Decimal("0.10")
        assert sum(seen.path == SEARCH for seen in stand.seen) == 3


def test_a_point_in_an_amount_is_always_a_decimal_point() -> None:
    with Stand() as stand:
        standing(stand)
        stand.answer(SEARCH, paged([{"id": "1", "amount": "1.125"}, {"id": "2", "amount": None}]), method="POST")
        assert outcome_of(stand, f"{DEALS}#sum(amount)").value == Decimal("1.125")


@pytest.mark.parametrize(
    ("rows", "total", "error"),
    [
        ([{"id": "1", "amount": "5"}], 2, Incomplete),
        ([{"id": "1", "amount": None}], None, NotReady),
        ([{"id": "1", "amount": "lots"}], None, UnexpectedReply),
        ([{"id": "1", "amount": "5"}], 20_001, Incomplete),
    ],
)
def test_a_sum_is_whole_or_nothing(rows: list[dict[str, Any]], total: int | None, error: type[LinkError]) -> None:
    with Stand() as stand:
        standing(stand)
        stand.answer(SEARCH, paged(rows, total), method="POST")
        assert isinstance(outcome_of(stand, f"{DEALS}#sum(amount)"), error)


def test_more_than_can_be_added_up_is_seen_on_the_first_page() -> None:
    rows = [{"id": str(n), "amount": "1"} for n in range(1, 201)]
    with Stand() as stand:
        standing(stand)
        stand.answer(SEARCH, found(20_001, rows), method="POST")
        assert isinstance(outcome_of(stand, f"{DEALS}#sum(amount)"), Incomplete)
        assert sum(seen.path == SEARCH for seen in stand.seen) == 1


def test_pages_in_the_wrong_order_are_not_added_up() -> None:
    rows = [{"id": str(n), "amount": "1"} for n in range(300, 100, -1)]
    with Stand() as stand:
        standing(stand)
        stand.answer(SEARCH, {**found(300, rows)}, method="POST")
        assert isinstance(outcome_of(stand, f"{DEALS}#sum(amount)"), UnexpectedReply)


def test_nothing_sold_is_zero_in_the_company_s_currency() -> None:
    with Stand() as stand:
        standing(stand)
        stand.answer(SEARCH, found(0), method="POST")
        assert outcome_of(stand, f"{DEALS}#sum(amount)") == Reading(
            Decimal(0), "EUR", source=outcome_of(stand, f"{DEALS}#sum(amount)").source
        )
        assert isinstance(outcome_of(stand, f"{DEALS}#mean(amount)"), NotReady)


def test_several_currencies_are_not_added_up() -> None:
    several = {**ACCOUNT, "additionalCurrencies": ["USD"]}
    mixed = [{"id": "1", "amount": "5", "deal_currency_code": "USD"}, {"id": "2", "amount": "6", "deal_currency_code": None}]
    with Stand() as stand:
        standing(stand, several)
        stand.answer(SEARCH, paged(mixed), method="POST")
        assert isinstance(outcome_of(stand, f"{DEALS}#sum(amount)"), Incomplete)
        stand.answer(SEARCH, paged(mixed[:1]), method="POST")
        assert outcome_of(stand, f"{DEALS}#sum(amount)").unit == "USD"
        home = [{"id": "1", "amount_in_home_currency": "4.5"}, {"id": "2", "amount_in_home_currency": "6"}]
        stand.answer(SEARCH, paged(home), method="POST")
        outcome = outcome_of(stand, f"{DEALS}#sum(amount_in_home_currency)")
        assert (outcome.value, outcome.unit) == (Decimal("10.5"), "EUR")


def test_a_record_gives_one_property() -> None:
    page = "https://app.hubspot.com/contacts/12345/record/0-3/987654/view/1"
    with Stand() as stand:
        standing(stand)
        stand.answer("/crm/objects/2026-09/0-3/987654", {"id": "987654", "properties": {"amount": "1.500", "x": None}})
        outcome = outcome_of(stand, f"{page}#metric=amount")
        assert (outcome.value, outcome.unit) == (Decimal("1.5"), "EUR")
        assert stand.seen[-1].param("properties") == "amount,deal_currency_code"
        assert isinstance(outcome_of(stand, f"{page}#metric=dealname"), NoSuchMetric)
        stand.answer("/crm/objects/2026-09/0-3/987654", {"id": "987654", "properties": {"amount": None}})
        assert isinstance(outcome_of(stand, f"{page}#metric=amount"), NotReady)
        stand.answer("/crm/objects/2026-09/0-3/987654", {"id": "987654", "properties": {}})
        assert isinstance(outcome_of(stand, f"{page}#metric=amount"), UnexpectedReply)


# --- e-mails and campaigns


def test_the_rates_of_an_e_mail_are_computed_from_its_counts() -> None:
    expected = {
        "open_rate": "0.425", "click_rate": "0.085", "click_through_rate": "0.2", "unsubscribe_rate": "0",
        "bounce_rate": "0.04761904761904761904761904762", "sent": "210", "delivered": "200", "opens": "85", "clicks": "17",
        "bounces": "10", "unsubscribed": "0",
    }  # fmt: skip
    with Stand() as stand:
        stand.answer(ABOUT, ACCOUNT)
        stand.answer("/marketing/emails/2026-09/555666", {"stats": {"counters": COUNTERS, "ratios": {"openratio": 42.5}}})
        texts = {name: f"{MAIL}#metric={name}" for name in expected}
        outcomes = outcomes_of(stand, *texts.values())
        assert {name: outcomes[text].value for name, text in texts.items()} == {
            name: Decimal(value) for name, value in expected.items()
        }
        assert {outcomes[texts[name]].unit for name in expected if name.endswith("rate")} == {PERCENT}
        assert len(stand.seen) == 2


@pytest.mark.parametrize(
    ("mail", "error"),
    [
        ({"state": "PROCESSING", "stats": {"counters": COUNTERS}}, NotReady),
        ({"isAb": True, "stats": {"counters": COUNTERS}}, Incomplete),
        ({"stats": {"counters": {**COUNTERS, "delivered": 0, "open": 0}}}, NotReady),
        ({"stats": {"counters": {"open": 5}}}, UnexpectedReply),
        ({"state": "DRAFT"}, UnexpectedReply),
    ],
)
def test_a_rate_needs_all_its_counts(mail: dict[str, Any], error: type[LinkError]) -> None:
    with Stand() as stand:
        stand.answer(ABOUT, ACCOUNT)
        stand.answer("/marketing/emails/2026-09/555666", mail)
        assert isinstance(outcome_of(stand, MAIL), error)


def test_a_campaign_gives_contacts_and_revenue_of_a_period() -> None:
    reports = "/marketing/campaigns/2026-09/0a1b2c3d-0000-4000-8000-0123456789ab/reports"
    with Stand() as stand:
        stand.answer(ABOUT, ACCOUNT)
        stand.answer(
            f"{reports}/metrics",
            {"sessions": 90, "newContactsFirstTouch": 7, "newContactsLastTouch": 8, "influencedContacts": 40},
        )
        stand.answer(f"{reports}/revenue", {"revenueAmount": 99.5, "dealAmount": 120, "dealsNumber": 2, "currencyCode": "USD"})
        period = "period=2026-01-01..2026-03-31"
        reached, revenue, deals = CAMPAIGN, f"{CAMPAIGN}#metric=Revenue&{period}", f"{CAMPAIGN}#metric=deals&{period}"
        outcomes = outcomes_of(stand, reached, revenue, deals, attribution="LINEAR")
        assert outcomes[reached].value == 40
        assert (outcomes[revenue].value, outcomes[revenue].unit) == (Decimal("99.5"), "USD")
        assert outcomes[deals].value == 2
        (asked,) = [dict(seen.query) for seen in stand.seen if seen.path.endswith("/revenue")]
        assert asked == {"startDate": "2026-01-01", "endDate": "2026-03-31", "attributionModel": "LINEAR"}
        stand.answer(f"{reports}/revenue", {"revenueAmount": 99.5})
        assert isinstance(outcomes_of(stand, revenue)[revenue], UnexpectedReply)


# --- errors


@pytest.mark.parametrize(("policy", "least", "most"), [("SECONDLY", 1, 2), ("TEN_SECONDLY_ROLLING", 10, 11)])
def test_a_limit_is_waited_out_as_its_policy_says(policy: str, least: float, most: float) -> None:
    with Stand() as stand:
        stand.answer(ABOUT, ACCOUNT)
        stand.answer(LIST_CALL, Answer.of({"policyName": policy, "errorType": "RATE_LIMIT"}, status=429), a_list(size=5))
        clock = VirtualTime()
        account = account_of(HubSpot, {**SETTINGS, "api_url": f"http://127.0.0.1:{stand.port}"})
        assert isinstance(run_links([account], [LIST], clock=clock)[0][LIST], Reading)
        assert least <= sum(clock.slept) <= most


def test_the_daily_limit_closes_the_lane_until_midnight_of_the_account() -> None:
    with Stand() as stand:
        late = {"date": "Wed, 03 Feb 2027 22:30:00 GMT"}  # 23:30 in Berlin
        answer = Answer(
            429, b'{"policyName":"DAILY"}', raw=b"HTTP/1.1 429 X\r\ncontent-length: 22\r\ndate: %b\r\n\r\n"
            b'{"policyName":"DAILY"}' % late["date"].encode(),
        )  # fmt: skip
        stand.answer(ABOUT, ACCOUNT)
        stand.answer(LIST_CALL, answer)
        outcome = outcome_of(stand, LIST)
        assert isinstance(outcome, RateLimited)
        assert outcome.wait == 1_800
        assert sum(seen.path == LIST_CALL for seen in stand.seen) == 1


def test_a_missing_permission_is_named_and_nothing_else() -> None:
    with Stand() as stand:
        stand.answer(ABOUT, ACCOUNT)
        error = {
            "category": "MISSING_SCOPES", "message": "CANARY",
            "errors": [{"message": "CANARY", "context": {"requiredGranularScopes": ["CANARY", "crm.lists.read"]}}],
        }  # fmt: skip
        stand.answer(LIST_CALL, Answer.of(error, status=403))
        outcome = outcome_of(stand, LIST)
        assert isinstance(outcome, AccessDenied)
        assert "crm.lists.read" in str(outcome)
        assert "CANARY" not in str(outcome)


@pytest.mark.parametrize("status", [423, 477])
def test_locked_and_moving_are_waited_out(status: int) -> None:
    with Stand() as stand:
        stand.answer(ABOUT, ACCOUNT)
        stand.answer(LIST_CALL, Answer.of({}, status=status, headers={"retry-after": "3"}), a_list(size=5))
        assert isinstance(outcome_of(stand, LIST), Reading)


def test_the_key_is_probed_with_one_call() -> None:
    with Stand() as stand:
        stand.answer(ABOUT, ACCOUNT)
        account = account_of(HubSpot, {**SETTINGS, "portal_id": "999", "api_url": f"http://127.0.0.1:{stand.port}"})
        with (
            stand.web(*account.origins(), auth=account.auth()) as web,
            pytest.raises(NotFound),
        ):
            account.probe(web)
        assert [seen.path for seen in stand.seen] == [ABOUT]
