"""Pipedrive against the contract, its sample replies, and its own traps."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sheetsync import links
from sheetsync.connectors.pipedrive import Pipedrive
from sheetsync.errors import Incomplete, LinkError, NoSuchMetric, NotConnected, NotFound, RateLimited, UnexpectedReply
from sheetsync.model import PERCENT, Query, Reading, Resource
from sheetsync.testing import Answer, ConnectorContract, Stand, VirtualTime, account_of, run_links

TOKEN = "0123456789abcdef0123456789canary01234567"
SETTINGS = {"company": "acme", "api_token": TOKEN}
ACME = "https://acme.pipedrive.com"
BOARD = f"{ACME}/pipeline/3"
SUMMARY = "/api/v1/deals/summary"
ME = {"success": True, "data": {"id": 1, "company_domain": "acme", "default_currency": "USD"}}
GOAL = f"{ACME}/progress/insights/goals/5665cef556ddff22606fc8f6c0004807"
RESULTS = "/api/v1/goals/5665cef556ddff22606fc8f6c0004807/results"
QUARTER = "period=2026-01-01..2026-03-31"
RECORDED = Path(__file__).parents[3] / "shared" / "vendor-data" / "pipedrive"

A_SUMMARY = {
    "success": True,
    "data": {
        "total_count": 5, "total_currency_converted_value": 41.1, "total_weighted_currency_converted_value": 12.05,
        "values_total": {
            "EUR": {"value": 10, "count": 2, "value_converted": 11.1}, "USD": {"value": 30, "count": 3, "value_converted": 30},
        },
    },
}  # fmt: skip


class TestContract(ConnectorContract):
    connector = Pipedrive
    settings = SETTINGS
    link = BOARD
    value = Decimal(5)
    main = SUMMARY
    document = A_SUMMARY
    place = "data.total_count"
    other = f"{ACME}/deal/17"
    error_body = {**A_SUMMARY, "success": False}
    error_type = UnexpectedReply
    canaries = (TOKEN,)
    strangers = (
        "https://acme.pipedrive.com.evil.test/pipeline/3",
        "https://www.pipedrive.com/pipeline/3",
        "https://developers.pipedrive.com/deal/17",
        "https://pipedrive.com/pipeline/3",
        "https://a.b.pipedrive.com/pipeline/3",
        "https://acme.pipedrive.com/pipeline/abc",
        "https://acme.pipedrive.com/deals/filter/",
        "http://acme.pipedrive.com/pipeline/3",
        "https://acme.pipedrive.com:444/pipeline/3",
        "https://acme.pipedrive.com/pipeline/../deal/17",
        "https://acme.pipedrive.com/settings/api",
    )

    def script(self, stand: Stand) -> None:
        stand.answer("/api/v1/users/me", ME)
        stand.answer("/api/v2/deals/17", {"success": True, "data": {"value": 5, "currency": "EUR", "is_deleted": False}})


def outcomes_of(stand: Stand, *texts: str, **settings: Any) -> dict[str, Any]:
    stand.answer("/api/v1/users/me", ME)
    account = account_of(Pipedrive, {**SETTINGS, "api_url": f"http://127.0.0.1:{stand.port}", **settings})
    return run_links([account], texts)[0]


def outcome_of(stand: Stand, text: str, **settings: Any) -> Any:
    return outcomes_of(stand, text, **settings)[text]


def asked(stand: Stand, path: str) -> list[dict[str, str]]:
    return [dict(seen.query) for seen in stand.seen if seen.path == path]


def a_filter(kind: str, **changed: Any) -> dict[str, Any]:
    return {"success": True, "data": {"id": 12, "type": kind, "active_flag": True, **changed}}


# --- the account


def test_the_key_is_sent_in_its_own_header_and_the_account_is_asked_once() -> None:
    with Stand() as stand:
        stand.answer(SUMMARY, A_SUMMARY)
        other = f"{ACME}/pipeline/4"
        assert all(isinstance(outcome, Reading) for outcome in outcomes_of(stand, BOARD, other).values())
        assert [seen.path for seen in stand.seen] == ["/api/v1/users/me", SUMMARY, SUMMARY]
        assert {seen.headers["x-api-token"] for seen in stand.seen} == {TOKEN}


def test_a_page_of_another_company_is_not_asked_for() -> None:
    with Stand() as stand:
        assert isinstance(outcome_of(stand, BOARD.replace("acme", "globex")), NotConnected)
        stand.answer("/api/v1/users/me", ME)
        stand.answer(SUMMARY, A_SUMMARY)
        there = BOARD.replace("acme", "globex")
        assert isinstance(outcome_of(stand, there, company="globex"), NotFound)
        assert [seen.path for seen in stand.seen] == ["/api/v1/users/me"]


def test_a_refresh_token_gets_a_token_first() -> None:
    with Stand() as stand:
        stand.answer("/oauth/token", {"access_token": "fresh-token", "expires_in": 3599}, method="POST")
        stand.answer(SUMMARY, A_SUMMARY)
        secrets = {"api_token": None, "client_id": "c", "client_secret": "hush-hush", "refresh_token": "again-again"}
        assert outcome_of(stand, BOARD, **secrets).value == 5
        assert stand.seen[0].headers["authorization"].startswith("Basic ")
        assert stand.seen[-1].headers["authorization"] == "Bearer fresh-token"
        assert isinstance(outcome_of(stand, BOARD, api_token=None), NotConnected)
        assert isinstance(outcome_of(stand, BOARD.replace("acme", "a/b"), company="a/b"), LinkError)


# --- deals


def test_a_board_counts_open_deals() -> None:
    with Stand() as stand:
        stand.answer(SUMMARY, A_SUMMARY)
        count, value, weighted = (f"{BOARD}/user/77#metric={name}" for name in ("count", "value", "weighted_value"))
        outcomes = outcomes_of(stand, count, value, weighted)
        assert outcomes[count].value == 5
        assert (outcomes[value].value, outcomes[value].unit) == (Decimal("41.1"), "USD")
        assert (outcomes[weighted].value, outcomes[weighted].unit) == (Decimal("12.05"), "USD")
        assert asked(stand, SUMMARY) == [{"pipeline_id": "3", "user_id": "77", "status": "open"}]


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        (f"{BOARD}/user/everyone", {"pipeline_id": "3", "status": "open"}),
        (f"{BOARD}#where=status:Won", {"pipeline_id": "3", "status": "won"}),
        (f"{BOARD}#where=status:all", {"pipeline_id": "3"}),
        (f"{BOARD}/filter/12#where=status:all", {"pipeline_id": "3", "filter_id": "12"}),
        (f"{ACME}/deals/filter/12", {"filter_id": "12"}),
        (f"{ACME}/deals/list/filter/12#where=status:lost", {"filter_id": "12", "status": "lost"}),
        (f"{ACME}/deals/user/5#where=status:open", {"user_id": "5", "status": "open"}),
        (f"{ACME}/deals/user/everyone#where=status:all", {}),
        (f"{BOARD}#where=stage:demo", {"pipeline_id": "3", "status": "open", "stage_id": "8"}),
        (f"{BOARD}#where=stage:9,status:won", {"pipeline_id": "3", "status": "won", "stage_id": "9"}),
    ],
)
def test_every_form_asks_for_what_its_page_shows(link: str, expected: dict[str, str]) -> None:
    stages = [{"id": 8, "name": "Demo", "is_deleted": False}, {"id": 9, "name": "Offer", "is_deleted": False}]
    with Stand() as stand:
        stand.answer(SUMMARY, A_SUMMARY)
        stand.answer("/api/v1/filters/12", a_filter("deals"))
        stand.answer("/api/v2/stages", {"success": True, "data": stages})
        assert outcome_of(stand, link).value == 5
        assert asked(stand, SUMMARY) == [expected]


@pytest.mark.parametrize(
    "link",
    [
        f"{BOARD}/filter/12",  # whether the board then shows won deals as well depends on the filter
        f"{ACME}/deals/user/5",
        f"{ACME}/deals/user/everyone",
        f"{BOARD}#where=status:hot",
        f"{BOARD}#where=owner:5",
        f"{BOARD}#where=stage:>5",
        f"{ACME}/deals/filter/12#where=stage:Demo",
        f"{BOARD}#filter=12",
        f"{BOARD}#{QUARTER}",  # Pipedrive would count the key's own user only
        f"{BOARD}/user/everyone#{QUARTER}",
        f"{BOARD}/filter/12#{QUARTER}",
        f"{BOARD}/user/7#period=Q1",
        f"{BOARD}/user/7#{QUARTER}&where=status:won",
        f"{ACME}/deal/17#where=status:won",
        f"{ACME}/persons/filter/12#{QUARTER}",
        GOAL,
    ],
)
def test_what_would_be_ignored_or_guessed_is_refused(link: str) -> None:
    parsed = links.parse(link)
    assert parsed is not None
    with pytest.raises(NoSuchMetric) as caught:
        Pipedrive.resolve(parsed)
    assert caught.value.advice


def test_a_stage_that_is_not_there_is_no_zero() -> None:
    with Stand() as stand:
        gone = {"id": 8, "name": "Demo", "is_deleted": True}
        stand.answer("/api/v2/stages", {"success": True, "data": [gone]})
        assert isinstance(outcome_of(stand, f"{BOARD}#where=stage:Demo"), NoSuchMetric)
        assert not asked(stand, SUMMARY)


@pytest.mark.parametrize("about", [a_filter("people"), a_filter("deals", active_flag=False)])
def test_a_filter_of_another_kind_or_deleted_is_not_asked_with(about: dict[str, Any]) -> None:
    with Stand() as stand:
        stand.answer("/api/v1/filters/12", about)
        stand.answer(SUMMARY, A_SUMMARY)
        assert isinstance(outcome_of(stand, f"{ACME}/deals/filter/12"), NotFound)
        assert not asked(stand, SUMMARY)


def test_a_total_in_another_currency_than_believed_is_not_written() -> None:
    only_euro = {**A_SUMMARY["data"], "values_total": {"EUR": {"value": 10, "count": 5, "value_converted": 10}}}  # type: ignore[dict-item]
    with Stand() as stand:
        value = f"{BOARD}#metric=value"
        stand.answer(SUMMARY, A_SUMMARY)
        assert isinstance(outcome_of(stand, value, currency="EUR"), Incomplete)
        assert outcome_of(stand, BOARD, currency="EUR").value == 5
        assert outcome_of(stand, value, currency="USD").unit == "USD"
        stand.answer(SUMMARY, {"success": True, "data": only_euro})
        assert isinstance(outcome_of(stand, value), Incomplete)
        stand.answer(SUMMARY, {"success": True, "data": {**only_euro, "total_currency_converted_value": 0, "values_total": []}})
        assert (outcome_of(stand, value).value, outcome_of(stand, value).unit) == (0, "USD")


def test_a_deal_gives_its_own_currency() -> None:
    deal = {"value": 5000.5, "currency": "EUR", "probability": 90, "mrr": None, "is_deleted": False}
    with Stand() as stand:
        stand.answer("/api/v2/deals/17", {"success": True, "data": deal})
        value, probability, mrr = (f"{ACME}/deal/17#metric={name}" for name in ("value", "probability", "mrr"))
        outcomes = outcomes_of(stand, value, probability, mrr)
        assert (outcomes[value].value, outcomes[value].unit) == (Decimal("5000.5"), "EUR")
        assert (outcomes[probability].value, outcomes[probability].unit) == (Decimal("0.9"), PERCENT)
        assert isinstance(outcomes[mrr], UnexpectedReply)
        stand.answer("/api/v2/deals/17", {"success": True, "data": {**deal, "is_deleted": True}})
        assert isinstance(outcome_of(stand, value), NotFound)


# --- periods and goals


def test_a_period_is_counted_for_the_owner_in_the_link() -> None:
    path = "/api/v1/pipelines/3/movement_statistics"
    data = {
        "new_deals": {"count": 4, "values": {"EUR": 7, "USD": 1}}, "deals_left_open": {"count": 2, "values": {}},
        "won_deals": {"count": 2, "values": {"EUR": 10.5}}, "lost_deals": {"count": 0, "values": []},
    }  # fmt: skip
    with Stand() as stand:
        stand.answer(path, {"success": True, "data": data})
        stand.answer("/api/v1/pipelines/3/conversion_statistics", {"success": True, "data": {"won_conversion": 25}})
        names = ("won", "new", "left_open", "won_value", "new_value", "lost_value", "won_conversion")
        texts = {name: f"{BOARD}/user/7#metric={name}&{QUARTER}" for name in names}
        outcomes = outcomes_of(stand, *texts.values())
        read = {name: outcomes[text] for name, text in texts.items()}
        assert (read["won"].value, read["new"].value, read["left_open"].value) == (2, 4, 2)
        assert (read["won_value"].value, read["won_value"].unit) == (Decimal("10.5"), "EUR")
        assert (read["lost_value"].value, read["lost_value"].unit) == (0, "USD")
        assert isinstance(read["new_value"], Incomplete)
        assert (read["won_conversion"].value, read["won_conversion"].unit) == (Decimal("0.25"), PERCENT)
        assert asked(stand, path) == [{"start_date": "2026-01-01", "end_date": "2026-03-31", "user_id": "7"}]


def a_goal(progress: int = 64, **outcome: Any) -> dict[str, Any]:
    return {
        "success": True, "data": {"progress": progress, "goal": {"expected_outcome": {"target": 100, **outcome}}},
    }  # fmt: skip


def test_a_goal_tells_its_progress_in_its_own_measure() -> None:
    currencies = {"success": True, "data": [{"id": 1, "code": "EUR"}, {"id": 2, "code": "USD"}]}
    progress, target = f"{GOAL}#{QUARTER}", f"{GOAL}#metric=target&{QUARTER}"
    with Stand() as stand:
        stand.answer(RESULTS, a_goal(tracking_metric="quantity"))
        outcomes = outcomes_of(stand, progress, target)
        assert (outcomes[progress].value, outcomes[progress].unit) == (64, "")
        assert outcomes[target].value == 100
        assert asked(stand, RESULTS) == [{"period.start": "2026-01-01", "period.end": "2026-03-31"}]
        stand.answer(RESULTS, a_goal(tracking_metric="sum", currency_id=2))
        stand.answer("/api/v1/currencies", currencies)
        assert outcome_of(stand, progress).unit == "USD"
        stand.answer(RESULTS, a_goal(tracking_metric="sum", currency_id=9))
        assert isinstance(outcome_of(stand, progress), UnexpectedReply)
        stand.answer(RESULTS, a_goal(tracking_metric="mood"))
        assert isinstance(outcome_of(stand, progress), UnexpectedReply)
        stand.answer(RESULTS, Answer.of({"success": False}, status=400))
        assert isinstance(outcome_of(stand, progress), NotFound)


# --- lists that must be counted


def person(number: int, **changed: Any) -> dict[str, Any]:
    return {"id": number, "is_deleted": False, **changed}


def test_a_list_is_counted_to_its_last_page_without_deleted_or_repeated_rows() -> None:
    with Stand() as stand:
        stand.answer("/api/v1/filters/28", a_filter("people"))
        first = {"success": True, "data": [person(1), person(2), person(3, is_deleted=True)]}
        stand.answer("/api/v2/persons", {**first, "additional_data": {"next_cursor": "abc"}})
        last = {"success": True, "data": [person(2), person(4)], "additional_data": {"next_cursor": None}}
        stand.answer("/api/v2/persons", last, query={"cursor": "abc"})
        assert outcome_of(stand, f"{ACME}/persons/list/filter/28").value == 3
        assert asked(stand, "/api/v2/persons") == [
            {"filter_id": "28", "limit": "500"},
            {"filter_id": "28", "limit": "500", "cursor": "abc"},
        ]


@pytest.mark.parametrize(
    ("page", "error"),
    [
        ({"success": True, "data": [person(1)], "additional_data": {"next_cursor": "abc"}}, UnexpectedReply),
        ({"success": True, "data": {"1": person(1)}}, UnexpectedReply),
        ({"success": True, "data": [{"id": 1}]}, UnexpectedReply),
        ({"success": True}, UnexpectedReply),
    ],
)
def test_a_list_is_whole_or_no_number(page: dict[str, Any], error: type[LinkError]) -> None:
    with Stand() as stand:
        stand.answer("/api/v2/organizations", page)
        assert isinstance(outcome_of(stand, f"{ACME}/organizations/user/5"), error)
        assert asked(stand, "/api/v2/organizations")[0] == {"owner_id": "5", "limit": "500"}


def test_a_list_without_an_end_is_given_up() -> None:
    pages = [{"success": True, "data": [person(n)], "additional_data": {"next_cursor": str(n)}} for n in range(1, 102)]
    with Stand() as stand:
        stand.answer("/api/v2/organizations", *pages)
        assert isinstance(outcome_of(stand, f"{ACME}/organizations/user/everyone"), Incomplete)
        assert len(asked(stand, "/api/v2/organizations")) == 100


def test_activities_are_told_apart_by_what_is_done() -> None:
    rows = [person(1, done=True), person(2, done=False), person(3, done=False)]
    with Stand() as stand:
        stand.answer("/api/v1/filters/9", a_filter("activity"))
        stand.answer("/api/v2/activities", {"success": True, "data": rows})
        texts = [f"{ACME}/activities/list/filter/9#metric={name}" for name in ("count", "done", "to_do")]
        outcomes = outcomes_of(stand, *texts)
        assert [outcomes[text].value for text in texts] == [3, 1, 2]
        assert len(asked(stand, "/api/v2/activities")) == 1
        stand.answer("/api/v2/activities", {"success": True, "data": [person(1, done=None)]})
        assert isinstance(outcome_of(stand, texts[0]), UnexpectedReply)


def test_leads_are_counted_page_by_page() -> None:
    inbox = f"{ACME}/leads/inbox?filter=4"
    more = {"pagination": {"more_items_in_collection": True, "next_start": 2}}
    with Stand() as stand:
        stand.answer("/api/v1/filters/4", a_filter("leads"))
        stand.answer("/api/v1/leads", {"success": True, "data": [{"id": "a"}, {"id": "b"}], "additional_data": more})
        end = {"pagination": {"more_items_in_collection": False}}
        stand.answer("/api/v1/leads", {"success": True, "data": [{"id": "c"}], "additional_data": end}, query={"start": "2"})
        assert outcome_of(stand, inbox).value == 3
        stand.answer("/api/v1/leads", {"success": True, "data": [{"id": "c"}], "additional_data": more}, query={"start": "2"})
        assert isinstance(outcome_of(stand, inbox), Incomplete)
        assert len(asked(stand, "/api/v1/leads")) == 4
        stand.answer("/api/v1/leads", {"success": True, "data": [{"id": str(n)} for n in range(500)]}, query={"start": "0"})
        assert isinstance(outcome_of(stand, inbox), Incomplete)
        stand.answer("/api/v1/leads", {"success": True, "data": None})
        assert outcome_of(stand, inbox).value == 0


# --- errors


def test_the_relative_reset_is_waited_out() -> None:
    with Stand() as stand:
        stand.answer(SUMMARY, Answer.of({}, status=429, headers={"x-ratelimit-reset": "2"}), A_SUMMARY)
        stand.answer("/api/v1/users/me", ME)
        clock = VirtualTime()
        account = account_of(Pipedrive, {**SETTINGS, "api_url": f"http://127.0.0.1:{stand.port}"})
        assert isinstance(run_links([account], [BOARD], clock=clock)[0][BOARD], Reading)
        assert 2 <= sum(clock.slept) <= 3


@pytest.mark.parametrize(
    "answer",
    [
        Answer.of({}, status=429, headers={"x-daily-ratelimit-token-remaining": "0", "x-ratelimit-reset": "1"}),
        Answer(403, b"<html>blocked</html>", {"content-type": "text/html; charset=utf-8"}),
    ],
)
def test_a_spent_day_or_a_block_stops_the_lane_at_once(answer: Answer) -> None:
    with Stand() as stand:
        stand.answer(SUMMARY, answer)
        outcome = outcome_of(stand, BOARD)
        assert isinstance(outcome, RateLimited)
        assert outcome.wait == 3_600
        assert len(asked(stand, SUMMARY)) == 1


def test_a_question_that_was_withdrawn_is_the_connectors_fault() -> None:
    with Stand() as stand:
        stand.answer(SUMMARY, Answer.of({}, status=410))
        assert isinstance(outcome_of(stand, BOARD), UnexpectedReply)


def test_the_key_is_probed_with_one_call() -> None:
    with Stand() as stand:
        stand.answer("/api/v1/users/me", ME)
        account = account_of(Pipedrive, {**SETTINGS, "company": "globex", "api_url": f"http://127.0.0.1:{stand.port}"})
        with stand.web(*account.origins(), auth=account.auth()) as web, pytest.raises(NotFound):
            account.probe(web)
        assert len(stand.seen) == 1


# --- the vendor's own samples


def sample(name: str) -> Any:
    return json.loads((RECORDED / f"example_{name}_200.json").read_text(encoding="utf-8"), parse_float=Decimal)


samples = pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded replies are not part of the project")


@samples
@pytest.mark.parametrize(
    ("name", "kind", "metric", "value", "unit"),
    [
        ("v1_getArchivedDealsSummary", "deals", "count", "5", ""),
        ("v1_getArchivedDealsSummary", "deals", "value", "41.1", "USD"),
        ("v1_getArchivedDealsSummary", "deals", "weighted_value", "41.1", "USD"),
        ("v1_getPipelineMovementStatistics", "movement", "won", "1", ""),
        ("v1_getPipelineMovementStatistics", "movement", "lost", "1", ""),
        ("v1_getPipelineMovementStatistics", "movement", "new", "1", ""),
        ("v1_getPipelineMovementStatistics", "movement", "left_open", "1", ""),
        ("v1_getPipelineMovementStatistics", "movement", "won_value", "10", "USD"),
        ("v1_getPipelineConversionStatistics", "movement", "won_conversion", "0", PERCENT),
    ],
)
def test_sample_replies_are_read(name: str, kind: str, metric: str, value: str, unit: str) -> None:
    document = sample(name) | {"currency": "USD"}
    reading = account_of(Pipedrive, SETTINGS).read(document, Query("pipedrive", "default", Resource(kind, "x"), metric))
    assert (reading.value, reading.unit) == (Decimal(value), unit)


@samples
@pytest.mark.parametrize(
    ("name", "path", "link"),
    [
        ("v2_getPersons", "/api/v2/persons", f"{ACME}/persons/user/everyone"),
        ("v2_getOrganizations", "/api/v2/organizations", f"{ACME}/organizations/user/everyone"),
        ("v2_getActivities", "/api/v2/activities", f"{ACME}/activities/list/user/everyone#metric=done"),
        ("v1_getLeads", "/api/v1/leads", f"{ACME}/leads/inbox/user/everyone"),
    ],
)
def test_sample_lists_are_counted(name: str, path: str, link: str) -> None:
    page = json.loads((RECORDED / f"example_{name}_200.json").read_text(encoding="utf-8"))
    page.pop("additional_data", None)  # the sample names a next page that it does not show
    with Stand() as stand:
        stand.answer(path, page)
        assert outcome_of(stand, link).value == 1


@samples
def test_sample_account_deal_filter_and_error_are_understood() -> None:
    with Stand() as stand:
        account = account_of(Pipedrive, {**SETTINGS, "company": "pipedrive-12g53f", "api_url": f"http://127.0.0.1:{stand.port}"})
        there = "https://pipedrive-12g53f.pipedrive.com"
        stand.answer("/api/v1/users/me", json.loads((RECORDED / "example_v1_getCurrentUser_200.json").read_text("utf-8")))
        deal = json.loads((RECORDED / "example_v2_getArchivedDeals_200.json").read_text("utf-8"))
        stand.answer("/api/v2/deals/1", {"success": True, "data": deal["data"][0]})
        filters = json.loads((RECORDED / "example_v1_getFilters_200.json").read_text("utf-8"))
        stand.answer("/api/v1/filters/1", {"success": True, "data": filters["data"][0]})
        stand.answer(SUMMARY, json.loads((RECORDED / "example_v1_getArchivedDealsSummary_200.json").read_text("utf-8")))
        stages = json.loads((RECORDED / "example_v2_getStages_200.json").read_text("utf-8"))
        stand.answer("/api/v2/stages", {**stages, "additional_data": {}})
        texts = [
            f"{there}/deal/1", f"{there}/deal/1#metric=probability", f"{there}/deals/filter/1",
            f"{there}/pipeline/1#where=stage:Stage Name",
        ]  # fmt: skip
        outcomes = run_links([account], texts)[0]
        assert [(outcomes[text].value, outcomes[text].unit) for text in texts] == [
            (200, "USD"), (Decimal("0.9"), PERCENT), (5, ""), (5, ""),
        ]  # fmt: skip
        refused = json.loads((RECORDED / "example_v1_getCurrentUser_401.json").read_text("utf-8"))
        stand.answer(SUMMARY, refused)
        assert isinstance(run_links([account], texts[2:3])[0][texts[2]], UnexpectedReply)
