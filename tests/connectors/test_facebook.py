"""Facebook, and with it the Graph API, against the contract, recorded replies, and its own traps."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import structlog.testing
from hypothesis import given
from hypothesis import strategies as st

from sheetsync import links
from sheetsync.connectors._facebook import added_up
from sheetsync.connectors.base import Metric
from sheetsync.connectors.facebook import Facebook
from sheetsync.errors import (
    AccessDenied,
    BadCredentials,
    Incomplete,
    NoSuchMetric,
    NotConnected,
    NotFound,
    NotReady,
    RateLimited,
    Unavailable,
    UnexpectedReply,
)
from sheetsync.model import Query, Reading, Resource
from sheetsync.testing import Answer, ConnectorContract, LookupMemory, Seen, Stand, account_of, run_links
from sheetsync.texts import Texts

TOKEN, APP_SECRET = "EAACANARY0123456789", "0123456789canarysecret"
SETTINGS = {"access_token": TOKEN, "app_secret": APP_SECRET}
PAGE = "https://www.facebook.com/AcmeGmbH"
POST = "https://www.facebook.com/permalink.php?story_fbid=987654321012345&id=1234567890"
NODE = "1234567890_987654321012345"
IDS = "/v26.0/"
RECORDED = Path(__file__).parents[3] / "shared" / "vendor-data" / "facebook"
A_PAGE = {"id": "1234567890", "followers_count": 4711, "fan_count": 4000, "talking_about_count": 12}
CALIFORNIA = ZoneInfo("America/Los_Angeles")


def post(reactions: int = 12, comments: int = 5, **more: Any) -> dict[str, Any]:
    counts = {"reactions": {"summary": {"total_count": reactions}}, "comments": {"summary": {"total_count": comments}}}
    return {"id": NODE, **counts, **more}


class TestContract(ConnectorContract):
    connector = Facebook
    settings = SETTINGS
    link = PAGE
    value = Decimal(4711)
    main = IDS
    document = {"acmegmbh": A_PAGE, NODE: post()}
    place = "acmegmbh.followers_count"
    other = POST
    error_body = {
        "error": {"message": "Error validating access token", "type": "OAuthException", "code": 190, "error_subcode": 463}
    }
    error_type = BadCredentials
    canaries = (TOKEN, APP_SECRET)
    strangers = (
        "https://www.facebook.com.evil.test/AcmeGmbH",
        "https://facebook.com:8443/AcmeGmbH",
        "http://www.facebook.com/AcmeGmbH",
        "https://www.facebook.com/",
        "https://www.facebook.com/login/",
        "https://www.facebook.com/profile.php?id=me",
        "https://www.facebook.com/AcmeGmbH/posts/../../1234567890",
        "https://www.facebook.com/permalink.php?story_fbid=987654321012345",
        "https://www.facebook.com/AcmeGmbH/posts/\u0661\u0662\u0663\u0664\u0665\u0666",
        "https://notfacebook.com/AcmeGmbH",
    )


def outcomes_of(stand: Stand, *texts: str, known: LookupMemory | None = None, **settings: Any) -> dict[str, Any]:
    account = account_of(Facebook, {**SETTINGS, "api_url": f"http://127.0.0.1:{stand.port}", **settings}, lookups=known)
    return run_links([account], texts)[0]


@pytest.mark.parametrize(
    ("link", "resource"),
    [
        ("https://m.facebook.com/acme.gmbh", "page/acme.gmbh"),
        ("https://fb.com/acme.gmbh/", "page/acme.gmbh"),
        ("https://www.facebook.com/acme.gmbh?locale=de_DE&ref=page", "page/acme.gmbh"),
        ("https://www.facebook.com/pages/Acme/1234567890", "page/1234567890"),
        ("https://www.facebook.com/pages/category/Brand/Acme-1234567890/", "page/1234567890"),
        ("https://www.facebook.com/p/%E9%98%BF%E5%85%8B%E7%BE%8E-100064000000001/", "page/100064000000001"),
        ("https://www.facebook.com/Acme-GmbH-100064000000001/", "page/100064000000001"),
        ("https://www.facebook.com/story.php?id=1234567890&story_fbid=987654321", "post/987654321?page=1234567890"),
        ("https://www.facebook.com/acme.gmbh/videos/our-summer/456789012/", "post/456789012?by=video&page=acme.gmbh"),
        ("https://www.facebook.com/acme.gmbh/photos/a.1/456789012/", "post/456789012?by=photo&page=acme.gmbh"),
        ("https://www.facebook.com/photo/?fbid=456789012", "post/456789012?by=photo"),
    ],
)
def test_other_forms_of_addresses(link: str, resource: str) -> None:
    parsed = links.parse(link)
    assert parsed is not None
    found = Facebook.resolve(parsed)
    assert found is not None
    assert str(found[0]) == resource


def test_ten_pages_cost_one_call_with_the_proof_and_without_the_token_in_the_address() -> None:
    names = [f"acme{n:02d}" for n in range(10)]
    with Stand() as stand:
        stand.answer(IDS, {name: {**A_PAGE, "followers_count": n} for n, name in enumerate(names)})
        found = outcomes_of(stand, *(f"https://www.facebook.com/{name}" for name in names))
        assert [found[f"https://www.facebook.com/{name}"].value for name in names] == [*range(10)]
        (seen,) = stand.seen
        assert seen.param("ids") == ",".join(names)
        assert seen.headers["authorization"] == f"Bearer {TOKEN}"
        assert seen.param("appsecret_proof") == hmac.new(APP_SECRET.encode(), TOKEN.encode(), hashlib.sha256).hexdigest()
        assert TOKEN not in seen.target


def test_without_the_apps_secret_there_is_no_proof() -> None:
    with Stand() as stand:
        stand.answer(IDS, {"acmegmbh": A_PAGE})
        assert outcomes_of(stand, PAGE, app_secret=None)[PAGE].value == 4711
        assert stand.seen[0].param("appsecret_proof") is None


def test_a_page_may_be_answered_under_its_id() -> None:
    with Stand() as stand:
        stand.answer(IDS, {"1234567890": {**A_PAGE, "username": "AcmeGmbH"}})
        assert outcomes_of(stand, PAGE)[PAGE].value == 4711


def only_good(seen: Seen) -> Answer:
    """Meta refuses the whole call for one bad id."""
    ids = (seen.param("ids") or "").split(",")
    if "gonepage" in ids:
        return Answer.of({"error": {"code": 803, "message": "(#803) aliases"}}, status=404)
    return Answer.of(dict.fromkeys(ids, A_PAGE))


def test_one_page_that_is_gone_spoils_no_other() -> None:
    pages = [f"https://www.facebook.com/acme{n:02d}" for n in range(7)]
    gone = "https://www.facebook.com/gonepage"
    with Stand() as stand:
        stand.answer(IDS, only_good)
        found = outcomes_of(stand, *pages, gone)
        assert all(found[page].value == 4711 for page in pages)
        assert isinstance(found[gone], NotFound)
        assert len(stand.seen) <= 7


def test_a_page_that_the_answer_leaves_out_is_not_found() -> None:
    other = "https://www.facebook.com/acmecorp"
    with Stand() as stand:
        stand.answer(IDS, {"acmegmbh": A_PAGE})
        found = outcomes_of(stand, PAGE, other)
        assert found[PAGE].value == 4711
        assert isinstance(found[other], NotFound)


def test_ten_posts_cost_one_call_and_measures_share_it() -> None:
    texts = [POST.replace("987654321012345", f"98765432101234{n}") for n in range(10)]
    with Stand() as stand:
        stand.answer(IDS, {f"1234567890_98765432101234{n}": post(n) for n in range(10)})
        found = outcomes_of(stand, *texts, f"{texts[0]}#metric=comments")
        assert [found[text].value for text in texts] == [*range(10)]
        assert found[f"{texts[0]}#metric=comments"].value == 5
        assert len(stand.seen) == 1
        assert "comments.filter(stream)" in (stand.seen[0].param("fields") or "")


def test_shares_are_left_out_where_there_are_none() -> None:
    shares = f"{POST}#metric=shares"
    for node, value in ((post(), 0), (post(shares={"count": 3}), 3)):
        with Stand() as stand:
            stand.answer(IDS, {NODE: node})
            assert outcomes_of(stand, shares)[shares].value == value
    with Stand() as stand:
        stand.answer(IDS, {NODE: {"id": NODE}})
        assert isinstance(outcomes_of(stand, shares)[shares], UnexpectedReply)


def test_no_comments_are_believed_from_the_pages_own_key_only() -> None:
    comments = f"{POST}#metric=comments"
    for me, good in (("1234567890", True), ("555", False)):
        with Stand() as stand:
            stand.answer(IDS, {NODE: post(comments=0)})
            stand.answer("/v26.0/me", {"id": me})
            found = outcomes_of(stand, comments, POST)
            assert found[POST].value == 12
            assert found[comments].value == 0 if good else isinstance(found[comments], Incomplete)
            assert len(stand.seen) == 2


def test_a_pages_number_is_looked_up_once() -> None:
    link, known = "https://www.facebook.com/AcmeGmbH/posts/987654321012345", LookupMemory()
    with Stand() as stand:
        stand.answer(IDS, {NODE: post()}, query={"ids": NODE})
        stand.answer(IDS, {"acmegmbh": {"id": "1234567890"}}, query={"ids": "acmegmbh"})
        assert outcomes_of(stand, link, known=known)[link].value == 12
        assert len(stand.seen) == 2
        assert outcomes_of(stand, link, known=known)[link].value == 12
        assert len(stand.seen) == 3


@pytest.mark.parametrize(
    ("link", "node"),
    [
        ("https://www.facebook.com/reel/456789012", {"post_id": "987654321012345", "from": {"id": "1234567890"}}),
        ("https://www.facebook.com/watch/?v=456789012", {"post_id": NODE}),
        ("https://www.facebook.com/photo/?fbid=456789012", {"page_story_id": NODE, "from": {"id": "1"}}),
    ],
)
def test_videos_and_photos_lead_to_their_post_once(link: str, node: Any) -> None:
    known = LookupMemory()
    with Stand() as stand:
        stand.answer(IDS, {NODE: post()}, query={"ids": NODE})
        stand.answer(IDS, {"456789012": {"id": "456789012", **node}}, query={"ids": "456789012"})
        for requests in (2, 3):
            assert outcomes_of(stand, link, known=known)[link].value == 12
            assert len(stand.seen) == requests


def test_a_video_without_a_post_is_not_guessed() -> None:
    link = "https://www.facebook.com/reel/456789012"
    with Stand() as stand:
        stand.answer(IDS, {"456789012": {"id": "456789012"}})
        assert isinstance(outcomes_of(stand, link)[link], NotFound)
        assert len(stand.seen) == 1


def test_a_disguised_number_is_looked_for_page_by_page_and_never_through_an_address_with_the_token() -> None:
    link, known = "https://www.facebook.com/AcmeGmbH/posts/our-summer/pfbid02AbCdEfGhIjKlMn", LookupMemory()
    wanted = {"id": NODE, "permalink_url": "https://www.facebook.com/AcmeGmbH/posts/pfbid02AbCdEfGhIjKlMn"}
    near = {"id": "1_2", "permalink_url": "https://www.facebook.com/AcmeGmbH/posts/pfbid02AbCdEfGhIjKlMnXX"}
    following = {"cursors": {"after": "MTIz"}, "next": "https://graph.facebook.com/v26.0/1/posts?access_token=LEAK&after=MTIz"}
    with Stand() as stand:
        stand.answer("/v26.0/acmegmbh/posts", {"data": [near], "paging": following})
        stand.answer("/v26.0/acmegmbh/posts", {"data": [wanted], "paging": {"cursors": {"after": "x"}}}, query={"after": "MTIz"})
        stand.answer(IDS, {NODE: post()}, query={"ids": NODE})
        assert outcomes_of(stand, link, known=known)[link].value == 12
        assert len(stand.seen) == 3
        assert not any("LEAK" in seen.target for seen in stand.seen)
        assert outcomes_of(stand, link, known=known)[link].value == 12
        assert len(stand.seen) == 4


def test_a_disguised_number_that_is_not_found_says_what_to_do() -> None:
    link = "https://www.facebook.com/AcmeGmbH/posts/pfbid02AbCdEfGhIjKlMn"
    with Stand() as stand:
        stand.answer("/v26.0/acmegmbh/posts", {"data": []})
        outcome = outcomes_of(stand, link)[link]
        assert isinstance(outcome, NotFound)
        assert "Business Suite" in outcome.advice


def test_a_listing_that_turns_in_a_circle_ends() -> None:
    link = "https://www.facebook.com/AcmeGmbH/posts/pfbid02AbCdEfGhIjKlMn"
    with Stand() as stand:
        page = {"data": [{"id": "1_2", "permalink_url": ""}], "paging": {"cursors": {"after": "MTIz"}, "next": "x"}}
        stand.answer("/v26.0/acmegmbh/posts", page)
        assert isinstance(outcomes_of(stand, link)[link], UnexpectedReply)


def test_views_of_posts_come_in_one_call_too() -> None:
    views, viewers = f"{POST}#metric=views", f"{POST}#metric=viewers"
    told = [{"name": "post_media_view", "values": [{"value": 900}]}]
    with Stand() as stand:
        stand.answer(IDS, {NODE: {"id": NODE, "insights": {"data": told}}})
        found = outcomes_of(stand, views, viewers)
        assert found[views].value == 900
        assert isinstance(found[viewers], NotReady)
        assert len(stand.seen) == 1


# --- insights of a page


def ends(first: str, *figures: Any) -> list[dict[str, Any]]:
    """Values as Facebook gives them: each with the midnight of California at which its day ends."""
    start = date.fromisoformat(first)
    midnights = [datetime.combine(start + timedelta(days=n + 1), datetime.min.time(), CALIFORNIA) for n in range(len(figures))]
    stamps = [moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000") for moment in midnights]
    return [{"value": figure, "end_time": stamp} for figure, stamp in zip(figures, stamps, strict=True)]


def insights(values: list[dict[str, Any]], name: str = "page_media_view") -> dict[str, Any]:
    return {"data": [{"name": name, "period": "day", "values": values}]}


VIEWS = f"{PAGE}#metric=views&period=2026-03-06..2026-03-09"


def test_days_are_added_up_over_the_change_of_the_clocks() -> None:
    with Stand() as stand:
        stand.answer("/v26.0/acmegmbh/insights", insights(ends("2026-03-06", 1, 20, 300, 4000)))
        reading = outcomes_of(stand, VIEWS)[VIEWS]
        assert reading.value == 4321
        assert reading.as_of == datetime(2026, 3, 10, 7, tzinfo=UTC)
        (seen,) = stand.seen
        assert (seen.param("since"), seen.param("until"), seen.param("period")) == ("2026-03-06", "2026-03-10", "day")


def test_days_around_the_period_do_not_count() -> None:
    with Stand() as stand:
        stand.answer("/v26.0/acmegmbh/insights", insights(ends("2026-03-05", 5000, 1, 20, 300, 4000, 70000)))
        assert outcomes_of(stand, VIEWS)[VIEWS].value == 4321


def test_days_that_are_not_counted_yet_show_in_the_moment() -> None:
    with Stand() as stand:
        stand.answer("/v26.0/acmegmbh/insights", insights(ends("2026-03-06", 1, 20)))
        reading = outcomes_of(stand, VIEWS)[VIEWS]
        assert (reading.value, reading.as_of) == (21, datetime(2026, 3, 8, 8, tzinfo=UTC))


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([], NotReady),
        (ends("2026-03-07", 20, 300, 4000), Incomplete),
        ([*ends("2026-03-06", 1), *ends("2026-03-08", 300)], Incomplete),
        ([*ends("2026-03-06", 1), *ends("2026-03-06", 2)], UnexpectedReply),
        (ends("2026-03-06", {"a": 1}), UnexpectedReply),
        ([{"value": 1, "end_time": "yesterday"}], UnexpectedReply),
        ([{"value": 1}], UnexpectedReply),
    ],
)
def test_a_period_with_a_hole_is_no_figure(values: Any, kind: type[Exception]) -> None:
    with Stand() as stand:
        stand.answer("/v26.0/acmegmbh/insights", insights(values))
        assert type(outcomes_of(stand, VIEWS)[VIEWS]) is kind


def test_a_long_period_is_asked_for_in_parts() -> None:
    link = f"{PAGE}#metric=views&period=2026-01-01..2026-04-30"

    def some(seen: Seen) -> Answer:
        days = date.fromisoformat(seen.param("until") or "") - date.fromisoformat(seen.param("since") or "")
        return Answer.of(insights(ends(seen.param("since") or "", *[1] * days.days)))

    with Stand() as stand:
        stand.answer("/v26.0/acmegmbh/insights", some)
        assert outcomes_of(stand, link)[link].value == 120
        assert [(seen.param("since"), seen.param("until")) for seen in stand.seen] == [
            ("2026-01-01", "2026-04-01"),
            ("2026-04-01", "2026-05-01"),
        ]


def test_a_period_in_the_future_is_not_asked_for() -> None:
    link = f"{PAGE}#metric=views&period=2999-01-01..2999-03-31"
    with Stand() as stand:
        assert isinstance(outcomes_of(stand, link)[link], NotReady)
        assert not stand.seen


def test_another_measure_than_was_asked_for_is_not_taken() -> None:
    with Stand() as stand:
        stand.answer("/v26.0/acmegmbh/insights", insights(ends("2026-03-06", 1), "page_views_total"))
        assert isinstance(outcomes_of(stand, VIEWS)[VIEWS], UnexpectedReply)


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=40), st.data())
def test_a_sum_has_every_day_or_does_not_exist(figures: list[int], data: st.DataObject) -> None:
    first = date(2026, 3, 1)
    days = {(first + timedelta(days=n)).isoformat(): figure for n, figure in enumerate(figures)}
    last = first + timedelta(days=len(figures) - 1)
    metric = Metric("views", "")
    assert added_up(days, first, last, metric).value == sum(figures)
    gone = data.draw(st.sampled_from(sorted(days)))
    del days[gone]
    if gone == last.isoformat() and len(figures) > 1:
        assert added_up(days, first, last, metric).value == sum(figures[:-1])
    else:
        with pytest.raises((Incomplete, NotReady)):
            added_up(days, first, last, metric)


# --- choices


@pytest.mark.parametrize(
    "link", [f"{PAGE}#metric=views", f"{PAGE}#period=2026-01-01..2026-01-31", f"{POST}#period=2026-01-01..2026-01-31"]
)
def test_a_period_belongs_to_measures_by_day_and_to_no_others(link: str) -> None:
    with Stand() as stand:
        assert isinstance(outcomes_of(stand, link)[link], NoSuchMetric)
        assert not stand.seen


def test_an_account_answers_for_its_own_pages() -> None:
    with Stand() as stand:
        stand.answer(IDS, {"acmegmbh": A_PAGE})
        found = outcomes_of(stand, PAGE, POST, pages=("AcmeGmbH",))
        assert found[PAGE].value == 4711
        assert isinstance(found[POST], NotConnected)


def test_a_version_that_is_none_fails_its_rows_in_words() -> None:
    with Stand() as stand:
        assert isinstance(outcomes_of(stand, PAGE, version="26/../me")[PAGE], NotConnected)
        assert not stand.seen


# --- errors


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, {"code": 190, "error_subcode": 460}, BadCredentials),
        (400, {"code": 102}, BadCredentials),
        (400, {"code": 190, "message": "(#190) This method must be called with a Page Access Token"}, AccessDenied),
        (400, {"code": 10, "message": "(#10) This endpoint requires the permission"}, AccessDenied),
        (400, {"code": 10, "message": "(#10) Not enough viewers for the media to show insights"}, NotReady),
        (403, {"code": 200}, AccessDenied),
        (400, {"code": 299}, AccessDenied),
        (400, {"code": 100, "error_subcode": 33}, NotFound),
        (400, {"code": 100, "message": "(#100) Tried accessing nonexisting field (followers_count)"}, NotFound),
        (400, {"code": 100, "message": "(#100) The value must be a valid insights metric"}, NoSuchMetric),
        (400, {"code": 100, "message": "Invalid appsecret_proof provided in the API argument"}, BadCredentials),
        (400, {"code": 100, "message": "(#100) Pages Public Content Access requires either app secret proof"}, AccessDenied),
        (404, {"code": 803}, NotFound),
        (400, {"code": 4, "is_transient": True}, RateLimited),
        (400, {"code": 17}, RateLimited),
        (400, {"code": 32}, RateLimited),
        (400, {"code": 613}, RateLimited),
        (400, {"code": 80001}, RateLimited),
        (500, {"code": 1}, Unavailable),
        (400, {"code": 2, "is_transient": True}, Unavailable),
        (400, {"code": 9999, "is_transient": True}, Unavailable),
        (400, {"code": 9999}, UnexpectedReply),
        (200, {"code": 9999}, UnexpectedReply),
        (200, {"code": [1]}, UnexpectedReply),
        (403, {"code": {}}, AccessDenied),
    ],
)
def test_the_code_decides_and_not_the_status(status: int, error: Any, kind: type[Exception]) -> None:
    with Stand() as stand:
        stand.answer(IDS, Answer.of({"error": {"message": "CANARY", **error}}, status=status))
        outcome = outcomes_of(stand, PAGE)[PAGE]
        assert type(outcome) is kind
        assert "CANARY" not in str(outcome)


@pytest.mark.parametrize(
    ("usage", "wait"),
    [
        ('{"1": [{"type": "pages", "call_count": 100, "estimated_time_to_regain_access": 19}]}', 19 * 60),
        ('{"1": [{"type": "pages", "estimated_time_to_regain_access": 0}]}', 3600),
        ("[1]", 3600),
        ("junk", 3600),
        ('{"1": [7, {"estimated_time_to_regain_access": "9"}]}', 3600),
    ],
)
def test_a_full_hour_is_waited_for_as_long_as_meta_says(usage: str, wait: float) -> None:
    headers = {"x-business-use-case-usage": usage}
    with Stand() as stand:
        stand.answer(IDS, Answer.of({"error": {"code": 80001}}, status=400, headers=headers))
        outcome = outcomes_of(stand, PAGE)[PAGE]
        assert isinstance(outcome, RateLimited)
        assert outcome.wait == wait
        assert len(stand.seen) == 1


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded replies are not part of the project")
@pytest.mark.parametrize(
    ("file", "number", "metric", "value"),
    [
        ("multi_pages.json", "19292868552", "likes", "7966989"),
        ("multi_pages.json", "20531316728", "likes", "210103936"),
        ("single_fields_page.json", "", "likes", "214507731"),
        ("single_default_page.json", "", "likes", "214507731"),
        ("single_default_page.json", "", "talking_about", "652404"),
    ],
)
def test_recorded_replies(file: str, number: str, metric: str, value: str) -> None:
    document = json.loads((RECORDED / file).read_text(encoding="utf-8"), parse_float=Decimal)
    document = document[number] if number else document
    reading = account_of(Facebook, SETTINGS).read(document, Query("facebook", "default", Resource("page", "1"), metric))
    assert reading == Reading(Decimal(value))


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded replies are not part of the project")
def test_recorded_pages_answer_two_links_in_one_call() -> None:
    links_of = {"facebookapp": 210103936, "FacebookforDevelopers": 7966989}
    with Stand() as stand:
        stand.answer(IDS, json.loads((RECORDED / "multi_pages.json").read_text(encoding="utf-8")))
        found = outcomes_of(stand, *(f"https://www.facebook.com/{name}#metric=likes" for name in links_of))
        assert [found[f"https://www.facebook.com/{name}#metric=likes"].value for name in links_of] == [*links_of.values()]
        assert len(stand.seen) == 1


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded replies are not part of the project")
def test_recorded_replies_without_a_figure_give_none() -> None:
    video = "https://www.facebook.com/watch/?v=1192957457884299"
    with Stand() as stand:
        stand.answer(IDS, Answer(400, (RECORDED / "error.json").read_bytes()))
        assert isinstance(outcomes_of(stand, PAGE)[PAGE], AccessDenied)
        stand.answer(IDS, {"1192957457884299": json.loads((RECORDED / "video_info_fields.json").read_text(encoding="utf-8"))})
        assert isinstance(outcomes_of(stand, video)[video], NotFound)
        stand.answer(IDS, json.loads((RECORDED / "search_pages.json").read_text(encoding="utf-8")))
        assert isinstance(outcomes_of(stand, PAGE)[PAGE], NotFound)


def test_a_version_that_does_not_answer_any_more_is_said_behind_the_figure() -> None:
    for answered, said in (
        ("v26.0", ""), ("", ""), ("canary", ""),
        ("v27.0", "Facebook answers by version v27.0 of its API, not v26.0: set a newer one in sheetsync.toml."),
    ):  # fmt: skip
        with Stand() as stand:
            stand.answer(IDS, Answer.of({"acmegmbh": A_PAGE}, headers={"facebook-api-version": answered} if answered else {}))
            found = outcomes_of(stand, PAGE)[PAGE]
            assert isinstance(found, Reading)
            assert (Texts().say(found.warning) if found.warning else "") == said


@pytest.mark.parametrize(
    ("name", "told", "percent"),
    [
        ("x-app-usage", '{"call_count": 81, "total_time": 3, "total_cputime": 2}', 81),
        ("x-app-usage", '{"call_count": 79, "total_time": 3}', None),
        ("x-business-use-case-usage", '{"17841": [{"type": "pages", "call_count": 5, "total_time": 93}]}', 93),
        ("x-app-usage", '{"call_count": "81"}', None), ("x-app-usage", "[" * 9, None), ("x-business-use-case-usage", "[1]", None),
    ],
)  # fmt: skip
def test_calls_that_are_nearly_used_up_are_logged(name: str, told: str, percent: int | None) -> None:
    with Stand() as stand, structlog.testing.capture_logs() as logs:
        stand.answer(IDS, Answer.of({"acmegmbh": A_PAGE}, headers={name: told}))
        assert isinstance(outcomes_of(stand, PAGE)[PAGE], Reading)
    assert [log["percent"] for log in logs if log["event"] == "calls nearly used up"] == ([percent] if percent else [])
