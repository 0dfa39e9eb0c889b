"""X against the contract, its sample replies, and its own traps."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sheetsync.connectors.x import X
from sheetsync.errors import (
    AccessDenied,
    Incomplete,
    NoSuchMetric,
    NotConnected,
    NotFound,
    RateLimited,
    Unavailable,
    UnexpectedReply,
)
from sheetsync.model import Query, Reading, Resource
from sheetsync.secrets import Secret, Vault
from sheetsync.testing import Answer, ConnectorContract, LookupMemory, Stand, VirtualTime, account_of, run_links

TOKEN = "AAAAcanary0123456789bearer"
SETTINGS = {"bearer_token": TOKEN}
USER = "https://x.com/Acme"
POST = "https://x.com/Acme/status/1067094924124872705"
RECORDED = Path(__file__).parents[3] / "shared" / "vendor-data" / "x"
PROBLEM = "https://api.twitter.com/2/problems/"

COUNTS = {"followers_count": 514020, "following_count": 2038, "tweet_count": 3639, "listed_count": 1676, "like_count": 7}
A_USER = {"id": "2244994945", "name": "Acme", "username": "Acme", "public_metrics": COUNTS}
A_POST = {
    "id": "1067094924124872705", "text": "x",
    "public_metrics": {
        "retweet_count": 5, "reply_count": 1, "like_count": 12, "quote_count": 2, "bookmark_count": 0, "impression_count": 900,
    },
}  # fmt: skip


def missing(value: str, kind: str = "resource-not-found") -> dict[str, Any]:
    return {"value": value, "detail": "CANARY-BODY", "title": "x", "resource_type": "user", "type": PROBLEM + kind}


class TestContract(ConnectorContract):
    connector = X
    settings = SETTINGS
    link = USER
    value = Decimal(514020)
    main = "/2/users/by"
    document = {"data": [A_USER]}
    place = "data.0.public_metrics.followers_count"
    other = POST
    error_body = {"errors": [missing("acme")]}
    error_type = NotFound
    canaries = (TOKEN,)
    strangers = (
        "https://x.com.evil.test/Acme",
        "https://notx.com/Acme",
        "https://x.com/home",
        "https://x.com/i/bookmarks",
        "https://x.com/settings/account",
        "https://x.com/a_name_that_is_far_too_long",
        "https://x.com/Acme/status/12345678901234567890",
        "https://x.com/Acme/status/abc",
        "https://x.com:8443/Acme",
        "http://x.com/Acme",
        "https://x.com/search?src=typed_query",
        "https://help.x.com/en/using-x",
        "https://x.com/",
    )

    def script(self, stand: Stand) -> None:
        stand.answer("/2/tweets", {"data": [A_POST]})


def account_at(stand: Stand, lookups: LookupMemory | None = None, **settings: Any) -> Any:
    base = {} if "api_key" in settings or "client_id" in settings else SETTINGS
    return account_of(X, {**base, "api_url": f"http://127.0.0.1:{stand.port}", **settings}, lookups=lookups)


def outcomes_of(stand: Stand, *texts: str, lookups: LookupMemory | None = None, **settings: Any) -> dict[str, Any]:
    return run_links([account_at(stand, lookups, **settings)], texts)[0]


def value_of(outcome: Any) -> Decimal:
    assert isinstance(outcome, Reading), outcome
    return outcome.value


# --- batches


def test_ten_rows_on_ten_accounts_cost_one_request() -> None:
    with Stand() as stand:
        rows = [{**A_USER, "id": str(n + 1), "username": f"Acme{n}", "public_metrics": {"followers_count": n}} for n in range(10)]
        stand.answer("/2/users/by", {"data": rows})
        found = outcomes_of(stand, *(f"https://twitter.com/acme{n}" for n in range(10)))
        assert [value_of(found[f"https://twitter.com/acme{n}"]) for n in range(10)] == list(range(10))
        (seen,) = stand.seen
        assert seen.param("usernames") == ",".join(f"acme{n}" for n in range(10))
        assert seen.param("user.fields") == "public_metrics"


def test_ten_rows_on_ten_posts_cost_one_request() -> None:
    with Stand() as stand:
        posts = [{**A_POST, "id": str(n), "public_metrics": {"like_count": n, "retweet_count": 3}} for n in range(100, 110)]
        stand.answer("/2/tweets", {"data": posts})
        texts = [f"https://x.com/acme/status/{n}" for n in range(100, 110)]
        found = outcomes_of(stand, *texts, texts[0] + "#metric=reposts")
        assert [value_of(found[text]) for text in texts] == list(range(100, 110))
        assert value_of(found[texts[0] + "#metric=reposts"]) == 3
        assert len(stand.seen) == 1


def test_more_than_a_hundred_are_asked_in_two_calls() -> None:
    def answer(seen: Any) -> Answer:
        ids = (seen.param("ids") or "").split(",")
        assert len(ids) <= 100
        return Answer.of({"data": [{**A_POST, "id": one} for one in ids]})

    with Stand() as stand:
        stand.answer("/2/tweets", answer)
        found = outcomes_of(stand, *(f"https://x.com/acme/status/{n}" for n in range(1000, 1130)))
        assert len(found) == 130
        assert {value_of(outcome) for outcome in found.values()} == {Decimal(12)}
        assert len(stand.seen) == 2


def test_what_is_gone_or_protected_is_told_of_its_own_row() -> None:
    with Stand() as stand:
        answer = {
            "data": [A_USER],
            "errors": [missing("gone"), missing("shy", "not-authorized-for-resource"), missing("odd", "client-forbidden")],
        }
        stand.answer("/2/users/by", answer)
        found = outcomes_of(stand, USER, *(f"https://x.com/{name}" for name in ("gone", "shy", "odd", "silent")))
        assert value_of(found[USER]) == 514020
        kinds = {name: type(found[f"https://x.com/{name}"]) for name in ("gone", "shy", "odd", "silent")}
        assert kinds == {"gone": NotFound, "shy": AccessDenied, "odd": AccessDenied, "silent": UnexpectedReply}
        assert not any("CANARY" in str(outcome) for outcome in found.values())


def test_an_outage_of_one_list_leaves_the_others_alone() -> None:
    with Stand() as stand:
        stand.answer("/2/lists/1", {"data": {"id": "1", "member_count": 4, "follower_count": 9}})
        stand.answer("/2/lists/2", Answer(503))
        stand.answer("/2/lists/3", {"errors": [missing("3")]})
        one, two, three = (f"https://x.com/i/lists/{n}" for n in (1, 2, 3))
        found = outcomes_of(stand, one, two, three, one + "#metric=followers")
        assert (value_of(found[one]), value_of(found[one + "#metric=followers"])) == (4, 9)
        assert isinstance(found[two], Unavailable)
        assert isinstance(found[three], NotFound)
        assert len(stand.seen) == 3


def test_a_wrong_key_in_the_middle_of_a_batch_stops_it() -> None:
    with Stand() as stand:
        stand.answer("/2/lists/1", {"data": {"id": "1", "member_count": 4}})
        stand.answer("/2/lists/2", Answer(401))
        outcomes_of(stand, *(f"https://x.com/i/lists/{n}" for n in (1, 2, 3)))
        assert [seen.path for seen in stand.seen] == ["/2/lists/1", "/2/lists/2"]


def test_a_slow_down_in_the_middle_of_a_batch_keeps_what_was_paid_for() -> None:
    with Stand() as stand:
        stand.answer("/2/lists/1", {"data": {"id": "1", "member_count": 4}})
        stand.answer("/2/lists/2", Answer(429))
        found = outcomes_of(stand, *(f"https://x.com/i/lists/{n}" for n in (1, 2, 3)))
        assert value_of(found["https://x.com/i/lists/1"]) == 4
        assert isinstance(found["https://x.com/i/lists/3"], RateLimited)
        assert [seen.path for seen in stand.seen] == ["/2/lists/1", "/2/lists/2"]


# --- what is paid for


def test_a_second_run_costs_nothing_and_says_when_it_was_read() -> None:
    with Stand() as stand:
        stand.answer("/2/users/by", {"data": [A_USER]})
        stand.answer("/2/tweets", {"data": [A_POST]})
        known = LookupMemory()
        first = outcomes_of(stand, USER, POST, lookups=known)
        asked = len(stand.seen)
        second = outcomes_of(stand, USER, POST, USER + "#metric=posts", lookups=known)
        assert (asked, len(stand.seen)) == (2, 2)
        assert second[USER] == first[USER]
        assert second[USER].as_of is not None
        assert second[USER].as_of.tzinfo is not None
        assert value_of(second[USER + "#metric=posts"]) == 3639


def aged(known: LookupMemory, hours: float) -> None:
    """Every kept answer, as if it had been read so long ago."""
    for key, text in known.items():
        if key.startswith("answer/"):
            document = json.loads(text)
            document["at"] = (datetime.fromisoformat(document["at"]) - timedelta(hours=hours)).isoformat()
            known[key] = json.dumps(document)


def test_an_old_answer_is_read_again_by_the_number_of_the_account() -> None:
    with Stand() as stand:
        stand.answer("/2/users/by", {"data": [A_USER]})
        stand.answer(
            "/2/users", {"data": [{**A_USER, "username": "AcmeCorp", "public_metrics": {**COUNTS, "followers_count": 9}}]}
        )
        known = LookupMemory()
        outcomes_of(stand, USER, lookups=known)
        aged(known, 21)
        found = outcomes_of(stand, USER, lookups=known)
        assert value_of(found[USER]) == 9
        assert "now @AcmeCorp" in found[USER].source
        assert [(seen.path, seen.param("ids")) for seen in stand.seen] == [("/2/users/by", None), ("/2/users", "2244994945")]


@pytest.mark.parametrize(("hours", "age", "asked"), [(20, 19, 0), (20, -1, 1), (0, 1, 1), (2, 3, 1)])
def test_how_long_an_answer_is_kept(hours: int, age: float, asked: int) -> None:
    with Stand() as stand:
        stand.answer("/2/tweets", {"data": [A_POST]})
        known = LookupMemory()
        outcomes_of(stand, POST, lookups=known)
        aged(known, age)
        before = len(stand.seen)
        assert value_of(outcomes_of(stand, POST, lookups=known, refresh_hours=hours)[POST]) == 12
        assert len(stand.seen) - before == asked


@pytest.mark.parametrize("text", ["", "{", "[]", '{"at":"soon","metrics":{}}', '{"at":"2027-01-01T00:00:00","metrics":{}}'])
def test_a_kept_answer_that_cannot_be_read_is_asked_for_again(text: str) -> None:
    with Stand() as stand:
        stand.answer("/2/tweets", {"data": [A_POST]})
        known = LookupMemory({"answer/post/1067094924124872705": text})
        assert value_of(outcomes_of(stand, POST, lookups=known)[POST]) == 12
        assert len(stand.seen) == 1


@pytest.mark.parametrize("counts", [{"retweet_count": 5}, {"like_count": "12"}, {"like_count": True}, {"like_count": None}])
def test_an_answer_that_makes_no_sense_is_not_kept(counts: dict[str, Any]) -> None:
    with Stand() as stand:
        stand.answer("/2/tweets", {"data": [{**A_POST, "public_metrics": counts}]})
        known = LookupMemory()
        outcomes_of(stand, POST, lookups=known)
        assert not known


def test_what_is_kept_holds_figures_only() -> None:
    with Stand() as stand:
        stand.answer("/2/users/by", {"data": [A_USER]})
        known = LookupMemory()
        outcomes_of(stand, USER, lookups=known)
        kept = json.loads(known["answer/user/acme"])
        assert set(kept) == {"metrics", "id", "username", "at"}
        assert set(kept["metrics"]) <= {"followers_count", "following_count", "post_count", "listed_count", "like_count"}


# --- two spellings


@pytest.mark.parametrize(("old", "new"), [("retweet_count", "repost_count")])
def test_both_names_of_a_count_are_read(old: str, new: str) -> None:
    for counts, value in (({old: 5}, 5), ({new: 6}, 6), ({old: 7, new: 7}, 7), ({old: 7, new: 8}, None)):
        with Stand() as stand:
            stand.answer("/2/tweets", {"data": [{**A_POST, "public_metrics": {"like_count": 1, **counts}}]})
            found = outcomes_of(stand, POST + "#metric=reposts")[POST + "#metric=reposts"]
            assert (found.value if isinstance(found, Reading) else None) == value


def test_the_other_name_of_the_fields_is_tried_once_and_remembered() -> None:
    refusal = {
        "errors": [{"parameters": {"tweet.fields": ["public_metrics"]}, "message": "no"}],
        "type": PROBLEM + "invalid-request",
    }

    def answer(seen: Any) -> Answer:
        return Answer.of({"data": [A_POST]}) if seen.param("post.fields") else Answer.of(refusal, status=400)

    with Stand() as stand:
        stand.answer("/2/tweets", answer)
        known = LookupMemory()
        assert value_of(outcomes_of(stand, POST, lookups=known, refresh_hours=0)[POST]) == 12
        assert value_of(outcomes_of(stand, POST, lookups=known, refresh_hours=0)[POST]) == 12
        assert [bool(seen.param("post.fields")) for seen in stand.seen] == [False, True, True]


def test_a_question_that_is_wrong_for_another_reason_is_not_asked_twice() -> None:
    with Stand() as stand:
        stand.answer("/2/tweets", Answer.of({"errors": [{"parameters": {"ids": ["x"]}}]}, status=400))
        assert isinstance(outcomes_of(stand, POST)[POST], UnexpectedReply)
        assert len(stand.seen) == 1


# --- posts


def test_a_repost_is_refused() -> None:
    with Stand() as stand:
        other = {**A_POST, "id": "7"}
        stand.answer("/2/tweets", {"data": [{**A_POST, "referenced_tweets": [{"type": "retweeted", "id": "1"}]}, other]})
        found = outcomes_of(stand, POST, "https://x.com/a/status/7")
        assert isinstance(found[POST], NotFound)
        assert value_of(found["https://x.com/a/status/7"]) == 12


def test_views_are_those_of_the_post_s_own_videos() -> None:
    media = [
        {"media_key": "13_1", "type": "video", "public_metrics": {"view_count": 900}},
        {"media_key": "3_2", "type": "photo"},
        {"media_key": "13_9", "type": "video", "public_metrics": {"view_count": 5}},
    ]
    posts = [
        {**A_POST, "attachments": {"media_keys": ["13_1", "3_2"]}},
        {**A_POST, "id": "7", "attachments": {"media_keys": ["13_9"]}},
        {**A_POST, "id": "8"},
        {**A_POST, "id": "9", "attachments": {"media_keys": ["13_77"]}},
    ]
    with Stand() as stand:
        stand.answer("/2/tweets", {"data": posts, "includes": {"media": media}})
        texts = [f"https://x.com/a/status/{n}#metric=video_views" for n in (1067094924124872705, 7, 8, 9)]
        found = outcomes_of(stand, *texts)
        assert [value_of(found[text]) for text in texts[:2]] == [900, 5]
        assert isinstance(found[texts[2]], NotFound)
        assert isinstance(found[texts[3]], Incomplete)
        assert len(stand.seen) == 1


def test_clicks_need_the_author() -> None:
    text = POST + "#metric=link_clicks"
    with Stand() as stand:
        assert isinstance(outcomes_of(stand, text)[text], AccessDenied)
        assert not stand.seen


def test_clicks_of_one_s_own_posts_and_the_rotated_token(tmp_path: Path) -> None:
    place = tmp_path / "token"
    place.write_text("first-refresh-token")
    place.chmod(0o600)
    own = {"url_link_clicks": 3, "user_profile_clicks": 0, "engagements": 20, "impression_count": 900}
    with Stand() as stand:
        tokens = {
            "token_type": "bearer",
            "expires_in": 7200,
            "access_token": "access-token-1",
            "refresh_token": "second-refresh-token",
        }
        stand.answer("/2/oauth2/token", tokens, method="POST")
        stand.answer("/2/tweets", {"data": [{**A_POST, "non_public_metrics": own}, {"id": "7", "text": "x"}]})
        refresh = Secret({"file": str(place)}, Vault(tmp_path), "connectors.x.default.refresh_token")
        given = {"client_id": "client-1", "client_secret": "client-secret-1", "refresh_token": refresh}
        texts = [POST + "#metric=link_clicks", POST + "#metric=profile_clicks", "https://x.com/a/status/7#metric=engagements"]
        found = outcomes_of(stand, *texts, **given)
        assert [value_of(found[text]) for text in texts[:2]] == [3, 0]
        assert isinstance(found[texts[2]], Incomplete)
        assert place.read_text().strip() == "second-refresh-token"
        token, read = stand.seen
        assert token.form() == {"grant_type": "refresh_token", "refresh_token": "first-refresh-token"}
        assert token.headers["authorization"].startswith("Basic ")
        assert read.headers["authorization"] == "Bearer access-token-1"
        assert read.param("tweet.fields") == "non_public_metrics,referenced_tweets"


# --- searches


def test_a_search_is_counted_by_its_total() -> None:
    text = "https://x.com/search?q=%22acme%20soap%22%20OR%20%23acme%20-from%3Aacme&src=typed_query&f=live"
    for name in ("total_tweet_count", "total_post_count"):
        with Stand() as stand:
            stand.answer("/2/tweets/counts/recent", {"data": [], "meta": {name: 41}})
            found = outcomes_of(stand, text)[text]
            assert (value_of(found), found.approximate) == (41, True)
            assert stand.seen[0].param("query") == '"acme soap" OR #acme -from:acme'


def test_a_search_that_was_counted_in_part_is_not_written() -> None:
    text = "https://x.com/hashtag/acme"
    with Stand() as stand:
        stand.answer("/2/tweets/counts/recent", {"data": [], "meta": {"total_tweet_count": 41}, "errors": [missing("x")]})
        assert isinstance(outcomes_of(stand, text)[text], Incomplete)


@pytest.mark.parametrize(
    "query",
    [
        "q=acme%20min_faves%3A10", "q=acme%20since%3A2026-01-01", "q=acme%20filter%3Alinks", "q=acme&f=user", "q=acme&f=media",
        "q=acme&lf=on", "q=acme&pf=on", "q=acme&near=me", "q=%7Bacme%7D", "q=%20", "q=acme%3B",
    ],
)  # fmt: skip
def test_a_search_that_the_api_understands_otherwise_is_refused(query: str) -> None:
    text = f"https://x.com/search?{query}"
    with Stand() as stand:
        assert isinstance(outcomes_of(stand, text)[text], NoSuchMetric)
        assert not stand.seen


def test_an_option_that_says_nothing_is_refused() -> None:
    text = USER + "#period=2026-01-01..2026-03-31"
    with Stand() as stand:
        assert isinstance(outcomes_of(stand, text)[text], NoSuchMetric)


# --- refusals


def test_the_limit_s_own_moment_is_heeded() -> None:
    with Stand() as stand:
        moment = datetime(2027, 2, 3, 8, 0, tzinfo=UTC)
        headers = {"x-rate-limit-reset": str(int(moment.timestamp()) + 30), "date": "Wed, 03 Feb 2027 08:00:00 GMT"}
        # the stand sends its own Date first, so the answer is written out
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        slow = Answer(raw=f"HTTP/1.1 429 Too Many Requests\r\n{lines}content-length: 2\r\n\r\n{{}}".encode())
        stand.answer("/2/users/by", slow, {"data": [A_USER]})
        clock = VirtualTime()
        found, _ = run_links([account_at(stand)], [USER], clock=clock)
        assert value_of(found[USER]) == 514020
        assert 30 <= sum(clock.slept) <= 32


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer.of({"title": "UsageCapExceeded", "type": PROBLEM + "usage-capped"}, status=429), RateLimited),
        (Answer.of({"errors": [{"code": 88, "message": "Rate limit exceeded"}]}), RateLimited),
        (Answer.of({"title": "CreditsDepleted", "type": PROBLEM + "credits"}, status=402), AccessDenied),
        (Answer.of({"title": "CreditsDepleted", "type": PROBLEM + "credits"}, status=403), AccessDenied),
    ],
)
def test_other_refusals(answer: Answer, kind: type[Exception]) -> None:
    with Stand() as stand:
        stand.answer("/2/users/by", answer)
        found = outcomes_of(stand, USER)[USER]
        assert type(found) is kind
        if kind is AccessDenied:
            assert "credit" in str(found)
        assert isinstance(found, RateLimited) or len(stand.seen) == 1


def test_a_plan_that_is_used_up_is_not_knocked_at_again() -> None:
    with Stand() as stand:
        stand.answer("/2/users/by", Answer.of({"type": PROBLEM + "usage-capped"}, status=429))
        assert isinstance(outcomes_of(stand, USER)[USER], RateLimited)
        assert len(stand.seen) == 1


def test_the_app_s_own_key_fetches_a_token() -> None:
    with Stand() as stand:
        stand.answer("/oauth2/token", {"token_type": "bearer", "access_token": TOKEN}, method="POST")
        stand.answer("/2/users/by", {"data": [A_USER]})
        found = outcomes_of(stand, USER, api_key="app-key-1", api_secret="app-secret-1")
        assert value_of(found[USER]) == 514020
        assert stand.seen[0].form() == {"grant_type": "client_credentials"}
        assert stand.seen[1].headers["authorization"] == f"Bearer {TOKEN}"


def test_an_account_without_a_key_says_what_it_needs() -> None:
    with Stand() as stand:
        found = outcomes_of(stand, USER, bearer_token=None)[USER]
        assert isinstance(found, NotConnected)


def test_probes_read_nothing_that_costs() -> None:
    with Stand() as stand:
        stand.answer("/2/usage/tweets", {"data": {"project_usage": "11", "cap_reset_day": 28}})
        account = account_at(stand)
        with stand.web(*account.origins(), auth=account.auth(), refine=account.refine) as web:
            account.probe(web)
        assert [seen.path for seen in stand.seen] == ["/2/usage/tweets"]


# --- sample replies


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded replies are not part of the project")
def test_recorded_replies() -> None:
    def sample(name: str) -> Any:
        return json.loads((RECORDED / name).read_text(encoding="utf-8"))

    with Stand() as stand:
        stand.answer("/2/users/by", {"data": [sample("user_resp.json")["data"]]})
        user = {
            measure: f"https://x.com/TwitterDev#metric={measure}" for measure in ("followers", "following", "posts", "listed")
        }
        stand.answer("/2/tweets/counts/recent", sample("tweets_counts_recent_resp.json"))
        stand.answer("/2/lists/84839422", sample("list_resp.json"))
        stand.answer("/2/spaces/1DXxyRYNejbKM", sample("space_resp.json"))
        stand.answer(
            "/2/tweets", {"data": [sample("tweet_resp.json")["data"]], "includes": sample("tweet_resp.json")["includes"]}
        )
        tag, listed, space = (
            "https://x.com/hashtag/python",
            "https://x.com/i/lists/84839422",
            "https://x.com/i/spaces/1DXxyRYNejbKM",
        )
        found = outcomes_of(stand, *user.values(), tag, listed, space, POST, POST + "#metric=video_views")
        assert {measure: value_of(found[text]) for measure, text in user.items()} == {
            "followers": 514020, "following": 2038, "posts": 3639, "listed": 1676,
        }  # fmt: skip
        total = sample("tweets_counts_recent_resp.json")["meta"]["total_tweet_count"]
        assert value_of(found[tag]) == total == 744364
        # asked for without counts, these samples hold none: a missing count is not zero
        assert all(isinstance(found[text], UnexpectedReply) for text in (listed, space, POST, POST + "#metric=video_views"))


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded replies are not part of the project")
def test_recorded_refusal_and_usage() -> None:
    refusal = json.loads((RECORDED / "error_invalid_request.json").read_text(encoding="utf-8"))
    usage = json.loads((RECORDED / "usage_tweets_resp.json").read_text(encoding="utf-8"))
    with Stand() as stand:
        stand.answer("/2/users/by", Answer.of(refusal, status=400))
        stand.answer("/2/usage/tweets", usage)
        assert isinstance(outcomes_of(stand, USER)[USER], UnexpectedReply)
        account = account_at(stand)
        with stand.web(*account.origins(), auth=account.auth(), refine=account.refine) as web:
            account.probe(web)
        assert stand.seen[-1].path == "/2/usage/tweets"


def test_reading_has_no_source_of_its_own_where_nothing_was_renamed() -> None:
    account = account_of(X, SETTINGS)
    document = {"metrics": {"followers_count": 3}, "username": "Acme", "at": "2027-02-03T08:00:00+00:00"}
    reading = account.read(document, Query("x", "default", Resource("user", "acme"), "followers"))
    assert reading == Reading(Decimal(3), as_of=datetime(2027, 2, 3, 8, 0, tzinfo=UTC))
