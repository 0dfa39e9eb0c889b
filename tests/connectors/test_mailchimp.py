"""Mailchimp against the contract, its recorded replies, and its own traps."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sheetsync.connectors.mailchimp import Mailchimp
from sheetsync.errors import Incomplete, NoSuchMetric, NotConnected, NotFound, NotReady, RateLimited
from sheetsync.model import PERCENT, Query, Reading, Resource
from sheetsync.testing import Answer, ConnectorContract, LookupMemory, Stand, account_of, run_links

KEY = "0123456789abcdefcanary-us21"
SETTINGS = {"api_key": KEY}
REPORT = "https://us21.admin.mailchimp.com/reports/summary?id=1234567"
LIST = "https://us21.admin.mailchimp.com/lists/members/?id=98765"
RECORDED = Path(__file__).parents[3] / "shared" / "vendor-data" / "mailchimp"

CAMPAIGNS = {"campaigns": [{"id": "0a1b2c3d4e", "web_id": 1234567}, {"id": "ffffffffff", "web_id": 7654321}], "total_items": 2}
LISTS = {"lists": [{"id": "aabbccddee", "web_id": 98765}], "total_items": 1}
A_REPORT = {
    "emails_sent": 200, "unsubscribed": 3, "opens": {"open_rate": 0.425, "opens_total": 120, "unique_opens": 85},
    "clicks": {"click_rate": 0.1, "clicks_total": 30, "unique_subscriber_clicks": 20}, "bounces": {"hard_bounces": 0},
    "ecommerce": {"total_orders": 2, "total_revenue": 99.5, "currency_code": "EUR"}, "delivery_status": {"enabled": False},
}  # fmt: skip


class TestContract(ConnectorContract):
    connector = Mailchimp
    settings = SETTINGS
    link = REPORT
    value = Decimal("0.425")
    unit = PERCENT
    main = "/3.0/reports/0a1b2c3d4e"
    document = A_REPORT
    place = "opens.open_rate"
    other = LIST
    canaries = (KEY,)
    strangers = (
        "https://us21.admin.mailchimp.com.evil.test/reports/summary?id=1234567",
        "https://us21.admin.mailchimp.com/reports/summary?id=abc",
        "https://us21.admin.mailchimp.com/reports/summary",
        "https://admin.mailchimp.com/reports/summary?id=1234567",
        "https://us21.admin.mailchimp.com:8443/reports/summary?id=1234567",
        "http://us21.admin.mailchimp.com/reports/summary?id=1234567",
        "https://us21.admin.mailchimp.com/reports/../lists/members/?id=98765",
        "https://mailchimp.com/pricing/",
    )

    def script(self, stand: Stand) -> None:
        stand.answer("/3.0/campaigns", CAMPAIGNS)
        stand.answer("/3.0/lists", LISTS)
        stand.answer("/3.0/lists/aabbccddee", {"stats": {"member_count": 47}})


def outcomes_of(stand: Stand, *texts: str, **settings: Any) -> dict[str, Any]:
    account = account_of(Mailchimp, {**SETTINGS, "api_url": f"http://127.0.0.1:{stand.port}", **settings})
    return run_links([account], texts)[0]


def test_one_listing_serves_all_campaigns() -> None:
    with Stand() as stand:
        stand.answer("/3.0/campaigns", CAMPAIGNS)
        stand.answer("/3.0/reports/0a1b2c3d4e", A_REPORT)
        stand.answer("/3.0/reports/ffffffffff", A_REPORT)
        found = outcomes_of(stand, REPORT, REPORT.replace("1234567", "7654321"))
        assert all(isinstance(outcome, Reading) for outcome in found.values())
        assert sorted(seen.path for seen in stand.seen) == [
            "/3.0/campaigns",
            "/3.0/reports/0a1b2c3d4e",
            "/3.0/reports/ffffffffff",
        ]


def test_the_listing_is_read_to_its_last_page() -> None:
    with Stand() as stand:
        first = {"campaigns": [{"id": f"{n:010x}", "web_id": n} for n in range(1000)], "total_items": 1002}
        stand.answer("/3.0/campaigns", first, query={"offset": "0"})
        stand.answer("/3.0/campaigns", {**CAMPAIGNS, "total_items": 1002}, query={"offset": "1000"})
        stand.answer("/3.0/reports/0a1b2c3d4e", A_REPORT)
        assert isinstance(outcomes_of(stand, REPORT)[REPORT], Reading)
        assert {seen.param("sort_dir") for seen in stand.seen if seen.path == "/3.0/campaigns"} == {"DESC"}


def test_a_listing_that_ends_before_its_own_total_is_not_searched_as_if_whole() -> None:
    with Stand() as stand:
        stand.answer("/3.0/campaigns", {**CAMPAIGNS, "total_items": 1002}, query={"offset": "0"})
        stand.answer("/3.0/campaigns", {"campaigns": [], "total_items": 1002}, query={"offset": "2"})
        missing = REPORT.replace("1234567", "555")
        assert isinstance(outcomes_of(stand, missing)[missing], Incomplete)


def test_an_id_once_found_is_not_looked_up_again() -> None:
    with Stand() as stand:
        stand.answer("/3.0/reports/0a1b2c3d4e", A_REPORT)
        known = LookupMemory({"campaigns/1234567": "0a1b2c3d4e"})
        account = account_of(Mailchimp, {**SETTINGS, "api_url": f"http://127.0.0.1:{stand.port}"}, lookups=known)
        assert isinstance(run_links([account], [REPORT])[0][REPORT], Reading)
        assert [seen.path for seen in stand.seen] == ["/3.0/reports/0a1b2c3d4e"]


def test_a_campaign_that_is_being_sent_is_not_judged_yet() -> None:
    with Stand() as stand:
        stand.answer("/3.0/campaigns", CAMPAIGNS)
        stand.answer("/3.0/reports/0a1b2c3d4e", {**A_REPORT, "delivery_status": {"enabled": True, "status": "delivering"}})
        assert isinstance(outcomes_of(stand, REPORT)[REPORT], NotReady)


def test_rates_are_shares_in_reports_and_percents_in_audiences() -> None:
    with Stand() as stand:
        stand.answer("/3.0/lists", LISTS)
        stand.answer("/3.0/lists/aabbccddee", {"stats": {"open_rate": 31.5, "member_count": 47, "total_contacts": 52}})
        rate, all_of_them = f"{LIST}#metric=open_rate", f"{LIST}#metric=contacts"
        found = outcomes_of(stand, rate, all_of_them)
        assert (found[rate].value, found[rate].unit) == (Decimal("0.315"), PERCENT)
        assert found[all_of_them].approximate


def test_a_segment_is_found_by_its_name() -> None:
    page = "https://us21.admin.mailchimp.com/lists/segments/?id=98765"
    with Stand() as stand:
        stand.answer("/3.0/lists", LISTS)
        stand.answer("/3.0/lists/aabbccddee/segments", {"segments": [{"name": "VIP", "member_count": 3}], "total_items": 1})
        vip, nobody = f"{page}#filter=vip", f"{page}#filter=Nobody"
        found = outcomes_of(stand, vip, nobody, page)
        assert found[vip].value == 3
        assert isinstance(found[nobody], NotFound)
        assert isinstance(found[page], NoSuchMetric)


def test_a_page_of_another_data_centre_is_not_asked_for() -> None:
    with Stand() as stand:
        assert isinstance(outcomes_of(stand, REPORT.replace("us21", "us7"))[REPORT.replace("us21", "us7")], NotFound)
        assert not stand.seen


def test_a_key_without_a_data_centre_fails_its_rows_in_words() -> None:
    with Stand() as stand:
        outcome = outcomes_of(stand, REPORT, api_key="nodatacentre")[REPORT]
        assert isinstance(outcome, NotConnected)
        assert "nodatacentre" not in str(outcome)


def test_a_firewall_page_slows_the_lane_down() -> None:
    with Stand() as stand:
        stand.answer("/3.0/campaigns", Answer(403, b"<html>Access Denied</html>", {"content-type": "text/html"}))
        assert isinstance(outcomes_of(stand, REPORT)[REPORT], RateLimited)


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded replies are not part of the project")
@pytest.mark.parametrize(
    ("file", "kind", "metric", "value", "unit"),
    [
        ("recorded_report.json", "campaign", "open_rate", "1", PERCENT),
        ("recorded_report.json", "campaign", "click_rate", "0.66", PERCENT),
        ("recorded_report.json", "campaign", "emails_sent", "50", ""),
        ("recorded_report.json", "campaign", "opens", "412", ""),
        ("recorded_report.json", "campaign", "unique_clicks", "33", ""),
        ("recorded_report.json", "campaign", "revenue", "0", "USD"),
        ("recorded_list.json", "list", "members", "47", ""),
        ("recorded_list.json", "list", "unsubscribed", "4", ""),
        ("recorded_list.json", "list", "open_rate", "1", PERCENT),
        ("recorded_list.json", "list", "click_rate", "0.6470588235294117", PERCENT),
        ("recorded_segment.json", "segment", "members", "3", ""),
    ],
)
def test_recorded_replies(file: str, kind: str, metric: str, value: str, unit: str) -> None:
    document = json.loads((RECORDED / file).read_text(encoding="utf-8"), parse_float=Decimal)
    reading = account_of(Mailchimp, SETTINGS).read(document, Query("mailchimp", "default", Resource(kind, "1"), metric))
    assert (reading.value, reading.unit) == (Decimal(value), unit)
