"""SurveyMonkey against the contract, a recorded survey, and its own traps."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sheetsync import links
from sheetsync.connectors.surveymonkey import SurveyMonkey
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
)
from sheetsync.model import PERCENT, Query, Reading, Resource
from sheetsync.testing import Answer, ConnectorContract, LookupMemory, Stand, account_of, run_links

TOKEN = "canary-token-0123456789"
SETTINGS = {"access_token": TOKEN}
SURVEY = "https://www.surveymonkey.com/analyze/AbCdEfGhIjKlMnOpQrStUv_2FwXyZ0123456789_2BaBc_3D"
COLLECTOR = "https://api.surveymonkey.com/v3/collectors/50253586"
RECORDED = Path(__file__).parents[3] / "shared" / "vendor-data" / "surveymonkey"

LISTING = {
    "data": [
        {"id": "111", "title": "Other", "analyze_url": "https://www.surveymonkey.com/analyze/zzzzzzzzzzzzzzzzzzzzzzzzzz_3D",
         "preview": "https://www.surveymonkey.com/r/Preview/?sm=PPPPPPPPPPPPPPPPPPPPPPPPPPPP_2BQ", "response_count": 5},
        {"id": "222", "title": "Ours", "analyze_url": SURVEY, "preview": "", "response_count": 321},
    ],
    "page": 1, "per_page": 1000, "total": 2,
}  # fmt: skip
DETAILS = {
    "pages": [
        {"questions": []},
        {"questions": [
            {"id": "q1", "family": "single_choice", "subtype": "vertical", "headings": [{"heading": "<b>Which   channel?</b>"}],
             "answers": {"choices": [{"id": "a", "text": "Search"}, {"id": "b", "text": "A &amp; B"}]}},
            {"id": "q2", "family": "matrix", "subtype": "nps", "headings": [{"heading": "Recommend us?"}],
             "answers": {"rows": [{"id": "r", "text": ""}],
                         "choices": [{"id": str(n), "text": f"{'Not at all likely - ' * (n == 0)}{n}"} for n in range(11)]}},
            {"id": "q3", "family": "matrix", "subtype": "rating", "headings": [{"heading": "How was it?"}],
             "answers": {"rows": [{"id": "x", "text": "Price"}, {"id": "y", "text": "Taste"}],
                         "choices": [{"id": "lo", "text": "Poor"}, {"id": "hi", "text": "Good"}]}},
            {"id": "q4", "family": "single_choice", "subtype": "vertical", "headings": [{"heading": "Nobody answered"}],
             "answers": {"choices": [{"id": "c", "text": "Yes"}]}},
            {"id": "q5", "family": "open_ended", "subtype": "essay", "headings": [{"heading": "Twice"}]},
            {"id": "q6", "family": "open_ended", "subtype": "essay", "headings": [{"heading": "twice"}]},
        ]},
    ]
}  # fmt: skip
NPS = [0, 0, 1, 0, 0, 0, 1, 2, 0, 3, 3]
ROLLUPS = {
    "data": [
        {"id": "q1", "summary": [{"answered": 8, "skipped": 2, "stats": {"mean": 1.25, "median": 1, "min": 1, "max": 2},
                                  "choices": [{"id": "a", "count": 6}, {"id": "b", "count": 2}]}]},
        {"id": "q2", "summary": [{"answered": 10, "skipped": 0,
                                  "rows": [{"id": "r", "choices": [{"id": str(n), "count": c} for n, c in enumerate(NPS)]}]}]},
        {"id": "q3", "summary": [{"answered": 9, "skipped": 1, "rows": [
            {"id": "x", "choices": [{"id": "lo", "count": 3}, {"id": "hi", "count": 1}], "stats": {"mean": 1.25}},
            {"id": "y", "choices": [{"id": "lo", "count": 0}, {"id": "hi", "count": 7}]}]}]},
        {"id": "q4", "summary": [{"answered": 0, "skipped": 10, "stats": {"mean": 0}, "choices": [{"id": "c", "count": 0}]}]},
    ],
    "total": 4, "page": 1, "per_page": 1000,
}  # fmt: skip


class TestContract(ConnectorContract):
    connector = SurveyMonkey
    settings = SETTINGS
    link = SURVEY
    value = Decimal(321)
    main = "/v3/surveys"
    document = LISTING
    place = "data.1.response_count"
    other = COLLECTOR
    error_body = {"error": {"id": "1016", "name": "Permission Error", "message": "no", "http_status_code": 403}}
    error_type = AccessDenied
    canaries = (TOKEN,)
    strangers = (
        "https://www.surveymonkey.com.evil.test/analyze/AbCdEfGhIjKlMnOpQrStUv_2FwXyZ_3D",
        "https://surveymonkey.evil.test/analyze/AbCdEfGhIjKlMnOpQrStUv_2FwXyZ_3D",
        "https://www.surveymonkey.com/analyze/short",
        "https://www.surveymonkey.com/analyze/AbCdEfGhIjKlMnOpQrStUv..2FwXyZ",
        "https://www.surveymonkey.com/create/",
        "http://www.surveymonkey.com/analyze/AbCdEfGhIjKlMnOpQrStUv_2FwXyZ_3D",
        "https://www.surveymonkey.com:8443/analyze/AbCdEfGhIjKlMnOpQrStUv_2FwXyZ_3D",
        "https://api.surveymonkey.com/v3/surveys/abc",
        "https://api.surveymonkey.com/v3/surveys/1/../../users/me",
        "https://help.surveymonkey.com/analyze/AbCdEfGhIjKlMnOpQrStUv_2FwXyZ_3D",
        "https://www.surveymonkey.com/pricing/",
    )

    def script(self, stand: Stand) -> None:
        stand.answer("/v3/collectors/50253586", {"id": "50253586", "response_count": 4})


def outcomes_of(stand: Stand, *texts: str, **settings: Any) -> dict[str, Any]:
    account = account_of(SurveyMonkey, {**SETTINGS, "api_url": f"http://127.0.0.1:{stand.port}", **settings})
    return run_links([account], texts)[0]


def survey_stand() -> Stand:
    stand = Stand()
    stand.answer("/v3/surveys", LISTING)
    stand.answer("/v3/surveys/222/details", DETAILS)
    stand.answer("/v3/surveys/222/rollups", ROLLUPS)
    return stand


def test_one_listing_serves_all_surveys_in_all_spellings() -> None:
    spellings = [
        SURVEY,
        SURVEY.replace("_3D", "%3D"),
        SURVEY.replace("/analyze/", "/analyze/browse/") + "?respondent_id=5",
        SURVEY.replace("www.surveymonkey.com/analyze/", "eu.surveymonkey.com/summary/").replace("_2F", "_2f"),
        SURVEY.replace("/analyze/", "/create/?sm="),
        SURVEY.replace("/analyze/", "/collect/list?sm="),
        "https://www.surveymonkey.com/r/Preview/?sm=PPPPPPPPPPPPPPPPPPPPPPPPPPPP_2BQ",
        "https://api.surveymonkey.com/v3/surveys/222",
    ]
    with survey_stand() as stand:
        found = outcomes_of(stand, *spellings)
        assert [found[text].value for text in spellings] == [321, 321, 321, 321, 321, 321, 5, 321]
        assert [(seen.path, seen.param("per_page")) for seen in stand.seen] == [("/v3/surveys", "1000")]
        assert stand.seen[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_the_listing_is_read_to_its_last_page_and_no_further() -> None:
    with Stand() as stand:
        filler = [{"id": str(n), "analyze_url": f"https://www.surveymonkey.com/analyze/{n:030d}"} for n in range(1000)]
        stand.answer("/v3/surveys", {"data": filler, "total": 1002}, query={"page": "1"})
        stand.answer("/v3/surveys", {"data": LISTING["data"], "total": 1002}, query={"page": "2"})
        assert outcomes_of(stand, SURVEY)[SURVEY].value == 321
        assert len(stand.seen) == 2


def test_a_listing_that_ends_early_is_incomplete() -> None:
    with Stand() as stand:
        stand.answer("/v3/surveys", {"data": [], "total": 3})
        assert isinstance(outcomes_of(stand, SURVEY)[SURVEY], Incomplete)


def test_a_survey_that_is_not_listed() -> None:
    stranger, by_number = SURVEY.replace("AbCd", "dCbA"), "https://api.surveymonkey.com/v3/surveys/999"
    with survey_stand() as stand:
        stand.answer("/v3/surveys/999", {"id": "999", "response_count": 7})
        found = outcomes_of(stand, stranger, by_number)
        assert isinstance(found[stranger], NotFound)
        assert "NUMBER" in found[stranger].advice
        assert found[by_number].value == 7


def test_responses_of_a_period_and_state() -> None:
    link = f"{SURVEY}#metric=completed&period=2026-03-01..2026-03-31"
    of_collector = f"{COLLECTOR}#metric=partial"
    with survey_stand() as stand:
        stand.answer("/v3/surveys/222/responses", {"data": [{"id": "1"}], "total": 0, "per_page": 1})
        stand.answer("/v3/collectors/50253586/responses", {"data": [], "total": 2})
        found = outcomes_of(stand, link, of_collector, time_zone="Europe/Berlin")
        assert (found[link].value, found[of_collector].value) == (0, 2)
        asked = next(seen for seen in stand.seen if seen.path == "/v3/surveys/222/responses")
        assert dict(asked.query) == {
            "per_page": "1", "status": "completed",
            "start_created_at": "2026-02-28T23:00:00", "end_created_at": "2026-03-31T22:00:00",  # summer time began on the 29th
        }  # fmt: skip


def test_an_id_once_found_is_not_looked_up_again() -> None:
    link, known = f"{SURVEY}#metric=completed", LookupMemory()
    with survey_stand() as stand:
        stand.answer("/v3/surveys/222/responses", {"total": 3})
        settings = {**SETTINGS, "api_url": f"http://127.0.0.1:{stand.port}"}
        for _ in range(2):
            assert run_links([account_of(SurveyMonkey, settings, lookups=known)], [link])[0][link].value == 3
        assert [seen.path for seen in stand.seen] == ["/v3/surveys", "/v3/surveys/222/responses", "/v3/surveys/222/responses"]


def test_a_lookup_that_is_no_number_never_becomes_part_of_an_address() -> None:
    with Stand() as stand:
        listing = {"data": [{"id": "../users/me", "analyze_url": SURVEY}], "total": 1}
        stand.answer("/v3/surveys", listing)
        link = f"{SURVEY}#metric=completed"
        assert isinstance(outcomes_of(stand, link)[link], UnexpectedReply)
        assert len(stand.seen) == 1


@pytest.mark.parametrize(
    ("options", "value", "unit"),
    [
        ("metric=mean&item=which channel?", "1.25", ""),
        ("metric=answered&item=q1", "8", ""),
        ("metric=skipped&item=q1", "2", ""),
        ("metric=count&item=q1&filter=search", "6", ""),
        ("metric=share&item=q1&filter=a%20%26%20b", "0.25", PERCENT),
        ("metric=nps&item=Recommend us?", "40", ""),
        ("metric=answered&item=q2", "10", ""),
        ("metric=share&item=q2&filter=9", "0.3", PERCENT),
        ("metric=mean&item=q3&select=price", "1.25", ""),
        ("metric=answered&item=q3&select=Taste", "7", ""),
        ("metric=share&item=q3&select=Price&filter=Good", "0.25", PERCENT),
        ("metric=count&item=q4&filter=Yes", "0", ""),
    ],
)
def test_results_of_a_question(options: str, value: str, unit: str) -> None:
    with survey_stand() as stand:
        outcome = outcomes_of(stand, f"{SURVEY}#{options}")[f"{SURVEY}#{options}"]
        assert isinstance(outcome, Reading), outcome
        assert (outcome.value, outcome.unit) == (Decimal(value), unit)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ("metric=mean&item=q4", NotReady),  # the service says 0
        ("metric=share&item=q4&filter=Yes", NotReady),
        ("metric=mean&item=q3&select=Taste", UnexpectedReply),
        ("metric=mean&item=q3", NoSuchMetric),
        ("metric=nps&item=q1", NoSuchMetric),
        ("metric=mean&item=q1&select=Price", NotFound),
        ("metric=count&item=q1&filter=Radio", NotFound),
        ("metric=answered&item=Unknown", NotFound),
        ("metric=answered&item=Twice", NotFound),
        ("metric=answered&item=q5", UnexpectedReply),
    ],
)
def test_what_a_question_does_not_tell(options: str, error: type[LinkError]) -> None:
    with survey_stand() as stand:
        assert isinstance(outcomes_of(stand, f"{SURVEY}#{options}")[f"{SURVEY}#{options}"], error)


def test_many_results_of_a_survey_cost_three_calls() -> None:
    texts = [f"{SURVEY}#metric={name}&item=q1" for name in ("mean", "median", "max")] + [f"{SURVEY}#metric=nps&item=q2"]
    with survey_stand() as stand:
        assert all(isinstance(one, Reading) for one in outcomes_of(stand, *texts).values())
        assert sorted(seen.path for seen in stand.seen) == ["/v3/surveys", "/v3/surveys/222/details", "/v3/surveys/222/rollups"]


@pytest.mark.parametrize(
    "options",
    ["metric=mean", "metric=count&item=q1", "metric=mean&item=q1&filter=Search", "filter=Search", "where=a:b", "period=2026",
     "metric=mode"],
)  # fmt: skip
def test_choices_that_say_nothing_are_refused(options: str) -> None:
    link = links.parse(f"{SURVEY}#{options}")
    assert link is not None
    with pytest.raises(NoSuchMetric):
        SurveyMonkey.resolve(link)


@pytest.mark.parametrize(
    ("number", "status", "error"),
    [("1012", 401, BadCredentials), ("1052", 403, BadCredentials), ("1014", 403, AccessDenied), ("1015", 403, AccessDenied),
     ("1018", 403, AccessDenied), ("1020", 404, NotFound), ("9999", 200, UnexpectedReply)],
)  # fmt: skip
def test_error_numbers(number: str, status: int, error: type[LinkError]) -> None:
    with Stand() as stand:
        stand.answer("/v3/surveys", Answer.of({"error": {"id": number, "message": "CANARY"}}, status=status))
        outcome = outcomes_of(stand, SURVEY)[SURVEY]
        assert isinstance(outcome, error)
        assert "CANARY" not in str(outcome)
        assert ("View Responses" in outcome.advice) == (number == "1014")


def test_a_used_up_day_waits_for_the_next_one() -> None:
    counters = {
        "X-Ratelimit-App-Global-Minute-Remaining": "0", "X-Ratelimit-App-Global-Minute-Reset": "12",
        "X-Ratelimit-App-Global-Day-Remaining": "0", "X-Ratelimit-App-Global-Day-Reset": "40000",
    }  # fmt: skip
    with Stand() as stand:
        stand.answer("/v3/surveys", Answer.of({"error": {"id": "1040"}}, status=429, headers=counters))
        outcome = outcomes_of(stand, SURVEY)[SURVEY]
        assert isinstance(outcome, RateLimited)
        assert outcome.wait == 40_001
        assert len(stand.seen) == 1


def test_a_used_up_minute_is_waited_for() -> None:
    counters = {"X-Ratelimit-App-Global-Minute-Remaining": "0", "X-Ratelimit-App-Global-Minute-Reset": "12"}
    with Stand() as stand:
        stand.answer("/v3/surveys", Answer.of({"error": {"id": "1040"}}, status=429, headers=counters), LISTING)
        assert outcomes_of(stand, SURVEY)[SURVEY].value == 321


def test_settings_that_do_not_hold_fail_in_words() -> None:
    dated = f"{SURVEY}#period=2026-03-01..2026-03-31"
    with survey_stand() as stand:
        assert isinstance(outcomes_of(stand, SURVEY, region="mars")[SURVEY], NotConnected)
        assert isinstance(outcomes_of(stand, dated, time_zone="Mars/Olympus")[dated], NotConnected)


def test_each_region_has_its_own_host() -> None:
    hosts = {region: account_of(SurveyMonkey, {**SETTINGS, "region": region}).origins() for region in ("us", "eu", "ca")}
    assert hosts == {
        "us": ("https://api.surveymonkey.com",),
        "eu": ("https://api.eu.surveymonkey.com",),
        "ca": ("https://api.surveymonkey.ca",),
    }


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded replies are not part of the project")
def test_recorded_replies() -> None:
    survey = json.loads((RECORDED / "recorded_survey_details.json").read_text(encoding="utf-8"))
    reading = account_of(SurveyMonkey, SETTINGS).read(
        survey, Query("surveymonkey", "default", Resource("survey", "1"), "responses")
    )
    assert reading.value == 20
    listed = json.loads((RECORDED / "recorded_surveys_list.json").read_text(encoding="utf-8"))
    places = [
        survey["analyze_url"],
        survey["edit_url"],
        survey["collect_url"],
        survey["summary_url"],
        survey["preview"],
        survey["href"],
    ]
    with Stand() as stand:
        stand.answer("/v3/surveys", {**listed, "data": [listed["data"][1], survey]})
        assert {outcome.value for outcome in outcomes_of(stand, *places).values()} == {20}
        assert len(stand.seen) == 1
