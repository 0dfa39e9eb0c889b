"""Instagram against the contract, its recorded replies, and its own traps."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sheetsync import links
from sheetsync.connectors.instagram import Instagram
from sheetsync.errors import (
    AccessDenied,
    BadCredentials,
    Incomplete,
    NoSuchMetric,
    NotConnected,
    NotFound,
    NotReady,
    RateLimited,
    UnexpectedReply,
)
from sheetsync.model import Query, Resource
from sheetsync.testing import Answer, ConnectorContract, LookupMemory, Seen, Stand, account_of, run_links

TOKEN = "EAACANARY0123456789"
ME = "17841400000000001"
SETTINGS = {"access_token": TOKEN, "user_id": ME}
OWN, IDS, MEDIA = f"/v26.0/{ME}", "/v26.0/", f"/v26.0/{ME}/media"
PROFILE = "https://www.instagram.com/Acme.Global/"
POST = "https://www.instagram.com/p/CSr71Gzlqo4/"
THEIRS = "https://www.instagram.com/acme.global/p/CSr71Gzlqo4/"
RECORDED = Path(__file__).parents[3] / "shared" / "vendor-data" / "instagram"
UNKNOWN = {"error": {"message": "Invalid user id", "type": "OAuthException", "code": 110, "error_subcode": 2207013}}


def discovery(**more: Any) -> dict[str, Any]:
    return {"business_discovery": {"username": "acme.global", "followers_count": 64976, **more}, "id": ME}


def entry(code: str = "CSr71Gzlqo4", number: str = "178851", **counts: Any) -> dict[str, Any]:
    counts = counts or {"like_count": 87, "comments_count": 11}
    return {"id": number, "permalink": f"https://www.instagram.com/p/{code}/", **counts}


class TestContract(ConnectorContract):
    connector = Instagram
    settings = SETTINGS
    link = PROFILE
    value = Decimal(64_976)
    main = OWN
    document = discovery(follows_count=1, media_count=436)
    place = "business_discovery.followers_count"
    other = POST
    error_body = {"error": {"message": "Error validating access token", "code": 190}}
    error_type = BadCredentials
    canaries = (TOKEN,)
    strangers = (
        "https://www.instagram.com.evil.test/acme/",
        "https://www.instagram.com/",
        "https://www.instagram.com/accounts/",
        "https://www.instagram.com/acme)%7Bid%7D/",
        "https://www.instagram.com/acme/../p/CSr71Gzlqo4/",
        "https://www.instagram.com:8443/acme/",
        "http://www.instagram.com/acme/",
        "https://www.instagram.com/p/",
        "https://www.instagram.com/%E9%98%BF%E5%85%8B%E7%BE%8E/",
        "https://notinstagram.com/acme/",
    )

    def script(self, stand: Stand) -> None:
        stand.answer(MEDIA, {"data": [entry()]})
        stand.answer(IDS, {"178851": entry()})


def outcomes_of(stand: Stand, *texts: str, known: LookupMemory | None = None, **settings: Any) -> dict[str, Any]:
    account = account_of(Instagram, {**SETTINGS, "api_url": f"http://127.0.0.1:{stand.port}", **settings}, lookups=known)
    return run_links([account], texts)[0]


def test_measures_of_a_profile_share_one_question() -> None:
    with Stand() as stand:
        stand.answer(OWN, discovery(follows_count=0, media_count=436))
        found = outcomes_of(
            stand, PROFILE, f"{PROFILE}#metric=posts", "https://m.instagram.com/acme.global/tagged/#metric=following"
        )
        assert [outcome.value for outcome in found.values()] == [64976, 436, 0]
        (seen,) = stand.seen
        assert (seen.param("fields") or "").startswith("business_discovery.username(acme.global){username,")
        assert TOKEN not in seen.target


def test_one_unknown_name_spoils_no_other() -> None:
    def some(seen: Seen) -> Answer:
        known = "acme.global" in (seen.param("fields") or "")
        return Answer.of(discovery()) if known else Answer.of(UNKNOWN, status=400)

    personal = "https://www.instagram.com/somebody/"
    with Stand() as stand:
        stand.answer(OWN, some)
        found = outcomes_of(stand, PROFILE, personal)
        assert found[PROFILE].value == 64976
        assert isinstance(found[personal], NotFound)
        assert "personal account" in found[personal].advice


def test_another_account_than_was_asked_for_is_not_taken() -> None:
    with Stand() as stand:
        stand.answer(OWN, discovery(username="acme.fans"))
        assert isinstance(outcomes_of(stand, PROFILE)[PROFILE], UnexpectedReply)


def test_the_own_account_is_found_where_there_is_only_one() -> None:
    pages = [{"id": "1"}, {"instagram_business_account": {"id": ME}, "id": "2"}]
    with Stand() as stand:
        stand.answer("/v26.0/me/accounts", {"data": pages})
        stand.answer(OWN, discovery())
        other = "https://www.instagram.com/acme.global/#metric=posts"
        assert outcomes_of(stand, PROFILE, other, user_id="")[PROFILE].value == 64976
        assert len(stand.seen) == 2


@pytest.mark.parametrize("numbers", [[], ["17841400000000001", "17841400000000002"]])
def test_an_own_account_that_is_not_clear_is_said(numbers: list[str]) -> None:
    with Stand() as stand:
        stand.answer("/v26.0/me/accounts", {"data": [{"instagram_business_account": {"id": number}} for number in numbers]})
        outcome = outcomes_of(stand, PROFILE, user_id="")[PROFILE]
        assert isinstance(outcome, NotConnected)
        assert "user_id" in outcome.advice


def test_a_user_id_that_is_none_reaches_no_address() -> None:
    with Stand() as stand:
        assert isinstance(outcomes_of(stand, PROFILE, user_id="me/../1")[PROFILE], NotConnected)
        assert not stand.seen


def test_own_posts_are_looked_through_once_and_come_together_from_then_on() -> None:
    codes = [f"CODE{n:06d}x" for n in range(10)]
    texts, known = [f"https://www.instagram.com/p/{code}/" for code in codes], LookupMemory()
    entries = [entry(code, str(100 + n), like_count=n, comments_count=0) for n, code in enumerate(codes)]
    following = {"cursors": {"after": "QVFI"}, "next": "https://graph.facebook.com/v26.0/1/media?access_token=LEAK&after=QVFI"}
    with Stand() as stand:
        stand.answer(MEDIA, {"data": entries[:6], "paging": following})
        stand.answer(MEDIA, {"data": entries[6:], "paging": {"cursors": {"after": "x"}}}, query={"after": "QVFI"})
        found = outcomes_of(stand, *texts, known=known)
        assert [found[text].value for text in texts] == [*range(10)]
        assert len(stand.seen) == 2
        assert not any("LEAK" in seen.target for seen in stand.seen)
    with Stand() as stand:
        stand.answer(IDS, {one["id"]: one for one in entries})
        found = outcomes_of(stand, *texts, f"{texts[3]}#metric=comments", known=known)
        assert [found[text].value for text in texts] == [*range(10)]
        assert len(stand.seen) == 1


def test_a_post_of_nobody_known_asks_for_the_form_with_the_name() -> None:
    other = POST.replace("CSr71Gzlqo4", "CXXXXXXXXXX")
    with Stand() as stand:
        stand.answer(MEDIA, {"data": [entry()]})
        found = outcomes_of(stand, POST, other)
        assert found[POST].value == 87
        assert isinstance(found[other], NotFound)
        assert "NAME" in found[other].advice


def test_posts_of_others_are_looked_through_as_far_as_needed() -> None:
    reel, gone = THEIRS.replace("/p/CSr71Gzlqo4", "/reel/CReelReelRe"), THEIRS.replace("CSr71Gzlqo4", "CGoneGoneGo")
    second = {"id": "2", "permalink": "https://www.instagram.com/reel/CReelReelRe/", "like_count": 5, "comments_count": 1}

    def some(seen: Seen) -> Answer:
        fields = seen.param("fields") or ""
        if ".after(QVFI)" in fields:
            return Answer.of(discovery(media={"data": [second], "paging": {"cursors": {"before": "x", "after": "LAST"}}}))
        if ".after(LAST)" in fields:
            return Answer.of(discovery())
        return Answer.of(discovery(media={"data": [entry()], "paging": {"cursors": {"after": "QVFI"}}}))

    for texts, requests in (((THEIRS, f"{THEIRS}#metric=comments"), 1), ((THEIRS, reel), 2), ((THEIRS, reel, gone), 3)):
        with Stand() as stand:
            stand.answer(OWN, some)
            found = outcomes_of(stand, *texts)
            assert found[THEIRS].value == 87
            assert len(stand.seen) == requests
            if gone in texts:
                assert found[reel].value == 5
                assert isinstance(found[gone], NotFound)


def test_a_post_behind_the_last_page_that_is_read_is_not_called_missing() -> None:
    pages = iter(range(1000))

    def endless(seen: Seen) -> Answer:
        number = next(pages)
        more = {"cursors": {"after": f"c{number}"}, "next": "x"}
        return Answer.of({"data": [entry(f"OTHER{number:05d}") if number else entry()], "paging": more})

    old = POST.replace("CSr71Gzlqo4", "COldOldOldO")
    with Stand() as stand:
        stand.answer(MEDIA, endless)
        found = outcomes_of(stand, POST, old)
        assert found[POST].value == 87
        assert isinstance(found[old], Incomplete)
        assert len(stand.seen) == 50


def test_a_cursor_that_is_none_is_not_put_into_the_question() -> None:
    with Stand() as stand:
        stand.answer(OWN, discovery(media={"data": [entry("OTHER000001")], "paging": {"cursors": {"after": "x){id}"}}}))
        assert isinstance(outcomes_of(stand, THEIRS)[THEIRS], UnexpectedReply)
        assert len(stand.seen) == 1


def test_hidden_likes_are_missing_and_not_zero() -> None:
    comments = f"{THEIRS}#metric=comments"
    with Stand() as stand:
        stand.answer(OWN, discovery(media={"data": [entry(comments_count=0)]}))
        found = outcomes_of(stand, THEIRS, comments)
        assert isinstance(found[THEIRS], AccessDenied)
        assert found[comments].value == 0


def test_views_come_from_the_insights_of_own_posts_in_one_call() -> None:
    views, reach, shares = (f"{where}#metric={name}" for where, name in ((POST, "views"), (THEIRS, "reach"), (POST, "shares")))
    told = [{"name": "views", "period": "lifetime", "values": [{"value": 900}]}, {"name": "reach", "values": [{"value": 700}]}]
    with Stand() as stand:
        stand.answer(IDS, {"178851": {"id": "178851", "insights": {"data": told}}})
        found = outcomes_of(stand, views, reach, shares, known=LookupMemory({"media/CSr71Gzlqo4": "178851"}))
        assert (found[views].value, found[views].approximate) == (900, False)
        assert (found[reach].value, found[reach].approximate) == (700, True)
        assert isinstance(found[shares], NotReady)
        assert len(stand.seen) == 1


def test_several_figures_where_one_is_due_are_none() -> None:
    views = f"{POST}#metric=views"
    for values in ([{"value": 1}, {"value": 2}], [], {"value": 1}):
        with Stand() as stand:
            stand.answer(IDS, {"178851": {"id": "178851", "insights": {"data": [{"name": "views", "values": values}]}}})
            outcome = outcomes_of(stand, views, known=LookupMemory({"media/CSr71Gzlqo4": "178851"}))[views]
            assert isinstance(outcome, UnexpectedReply)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": 100, "error_subcode": 2108006}, NotFound),
        ({"code": 10, "message": "(#10) Not enough viewers for the media to show insights"}, NotReady),
        ({"code": 10}, AccessDenied),
        ({"code": 80002}, RateLimited),
    ],
)
def test_errors_of_insights(error: Any, kind: type[Exception]) -> None:
    views = f"{POST}#metric=views"
    with Stand() as stand:
        stand.answer(IDS, Answer.of({"error": error}, status=400))
        assert type(outcomes_of(stand, views, known=LookupMemory({"media/CSr71Gzlqo4": "178851"}))[views]) is kind


def test_what_would_be_ignored_is_refused() -> None:
    link = links.parse(f"{PROFILE}#period=2026-01-01..2026-03-31")
    assert link is not None
    with pytest.raises(NoSuchMetric):
        Instagram.resolve(link)


@given(st.text(max_size=40))
def test_no_name_leaves_its_place_in_the_question(name: str) -> None:
    found = Instagram.links[2].match(links.Address("https", "instagram.com", 443, f"/{name}", (), ""))
    assert found is None or all(char.isascii() and (char.isalnum() or char in "._") for char in found["user"])


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded replies are not part of the project")
@pytest.mark.parametrize(
    ("file", "path", "kind", "metric", "value"),
    [
        ("ig_discovery_user_fields.json", "business_discovery", "profile", "followers", "64976"),
        ("ig_discovery_user_fields.json", "business_discovery", "profile", "posts", "436"),
        ("ig_users_user_fields.json", "", "profile", "followers", "64363"),
        ("ig_users_user_fields.json", "", "profile", "posts", "427"),
        ("ig_medias_media_default.json", "", "media", "likes", "1"),
        ("ig_medias_media_default.json", "", "media", "comments", "0"),
    ],
)
def test_recorded_replies(file: str, path: str, kind: str, metric: str, value: str) -> None:
    document = json.loads((RECORDED / file).read_text(encoding="utf-8"), parse_float=Decimal)
    document = document[path] if path else document
    reading = account_of(Instagram, SETTINGS).read(document, Query("instagram", "default", Resource(kind, "1"), metric))
    assert reading.value == Decimal(value)


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded replies are not part of the project")
def test_a_recorded_listing_gives_the_posts_of_another_account() -> None:
    recorded = json.loads((RECORDED / "ig_discovery_medias_p1.json").read_text(encoding="utf-8"))
    recorded["business_discovery"]["username"] = "facebookfordevelopers"
    page = "https://www.instagram.com/facebookfordevelopers/p/"
    first, second = f"{page}CSr71Gzlqo4/", f"{page}CSpNPqgFxE0/#metric=comments"
    with Stand() as stand:
        stand.answer(OWN, recorded)
        found = outcomes_of(stand, first, second)
        assert (found[first].value, found[second].value) == (87, 16)
        assert len(stand.seen) == 1


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded replies are not part of the project")
@pytest.mark.parametrize(
    ("file", "metric", "value"),
    [("ig_users_user_insights_new.json", "reach", "14516883"), ("ig_users_user_insights.json", "reach", None)],
)
def test_recorded_insights(file: str, metric: str, value: str | None) -> None:
    document = {"insights": json.loads((RECORDED / file).read_text(encoding="utf-8"))}
    query = Query("instagram", "default", Resource("media", "1", (("report", "insights"),)), metric)
    account = account_of(Instagram, SETTINGS)
    if value is None:  # two days where one figure is due
        with pytest.raises(UnexpectedReply):
            account.read(document, query)
    else:
        assert account.read(document, query).value == Decimal(value)
