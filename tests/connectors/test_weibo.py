"""Weibo against the contract, its published samples, and its own traps."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sheetsync import links
from sheetsync.connectors._weibo import ALPHABET, FIRST_POST, number_of
from sheetsync.connectors.weibo import Weibo
from sheetsync.errors import (
    AccessDenied,
    BadCredentials,
    Incomplete,
    LinkError,
    NoSuchMetric,
    NotFound,
    RateLimited,
    Unavailable,
    UnexpectedReply,
)
from sheetsync.model import Query, Reading, Resource
from sheetsync.testing import Answer, ConnectorContract, Stand, account_of, run_links
from sheetsync.web.reply import Reply

TOKEN = "2.00canary0123456789"
SETTINGS = {"access_token": TOKEN}
POST = "https://weibo.com/1404376560/K3fnuEfZK"
USER = "https://weibo.com/u/1404376560"
NAME = "https://m.weibo.cn/n/%E6%AA%80%E6%9C%A8%E5%B9%BB%E6%83%B3"
COUNT, COUNTS = "/2/statuses/count.json", "/2/users/counts.json"
SAMPLES = Path(__file__).parents[3] / "shared" / "vendor-data" / "weibo"


def short_of(number: int) -> str:
    """The short name of a post, the other way round than the connector reads it."""
    short, digits = "", str(number)
    for end in range(len(digits), 0, -7):
        value, part = int(digits[max(0, end - 7) : end]), ""
        while value:
            value, rest = divmod(value, 62)
            part = ALPHABET[rest] + part
        short = (part.rjust(4, "0") if end > 7 else part) + short
    return short


class TestContract(ConnectorContract):
    connector = Weibo
    settings = SETTINGS
    link = POST
    value = Decimal(12)
    main = COUNT
    document = [{"id": 4607741009594608, "comments": 3, "reposts": 5, "attitudes": 12}]
    place = "0.attitudes"
    other = USER
    error_body = {"request": "/2/statuses/count.json", "error": "CANARY-BODY", "error_code": "20101"}
    error_type = NotFound
    canaries = (TOKEN,)
    strangers = (
        "https://weibo.com.evil.test/1404376560/K3fnuEfZK",
        "https://evilweibo.com/u/1404376560",
        "https://weibo.com/1404376560/followers",
        "https://weibo.com/1404376560/K3fnuEf-K",
        "https://weibo.com/1404376560/K3fnuEfZKa",
        "https://weibo.com/u/0123",
        "https://m.weibo.cn/status/1234567890123456",
        "https://weibo.com/login",
        "https://weibo.com/hot",
        "https://weibo.com/n/%E6%AA%80/%E6%9C%A8",
        "http://weibo.com/u/1404376560",
        "https://weibo.com:8443/u/1404376560",
        "https://open.weibo.com/wiki",
        "https://weibo.com/",
    )

    def script(self, stand: Stand) -> None:
        stand.answer(COUNTS, [{"id": "1404376560", "followers_count": "1369", "friends_count": "5", "statuses_count": "9"}])


def outcomes_of(stand: Stand, *texts: str) -> dict[str, Any]:
    return run_links([account_of(Weibo, {**SETTINGS, "api_url": f"http://127.0.0.1:{stand.port}"})], texts)[0]


@given(st.integers(FIRST_POST, 9_999_999_999_999_999))
def test_the_short_name_of_every_post_gives_its_number(number: int) -> None:
    assert number_of(short_of(number)) == str(number)


@pytest.mark.parametrize(
    ("short", "number"),
    [("K3fnuEfZK", "4607741009594608"), ("zzzzz!zzz", None), ("9ZZZZ0000", None), ("KZZZZZZZZ", None), ("", None)],
)
def test_short_names(short: str, number: str | None) -> None:
    assert number_of(short) == number


@pytest.mark.parametrize(
    ("text", "resource"),
    [
        ("https://www.weibo.com/1404376560/K3fnuEfZK?refer_flag=1001030103_&type=comment", "post/4607741009594608"),
        ("https://m.weibo.cn/detail/4607741009594608?display=0&retcode=6102", "post/4607741009594608"),
        ("https://m.weibo.cn/1404376560/4607741009594608", "post/4607741009594608"),
        ("https://weibo.com/1404376560?is_all=1", "user/1404376560"),
        ("https://weibo.com/1404376560/profile?topnav=1&wvr=6", "user/1404376560"),
        ("https://weibo.com/p/1006061404376560", "user/1404376560"),
        ("https://m.weibo.cn/u/1404376560?uid=1404376560&luicode=10000011", "user/1404376560"),
        ("https://weibo.com/n/檀木幻想", "name/檀木幻想"),
        ("https://weibo.cn/n/%E6%AA%80%E6%9C%A8%E5%B9%BB%E6%83%B3", "name/檀木幻想"),
        ("https://weibo.com/AcmeChina?from=feed", "domain/AcmeChina"),
    ],
)
def test_addresses(text: str, resource: str) -> None:
    link = links.parse(text)
    assert link is not None
    found = Weibo.resolve(link)
    assert found is not None
    assert str(found[0]) == resource


def test_a_hundred_posts_and_ten_accounts_cost_one_call_each() -> None:
    posts = {f"https://weibo.com/1404376560/{short_of(4607741009594608 + n)}": n for n in range(100)}
    users = {f"https://weibo.com/u/{1404376560 + n}": n + 1 for n in range(10)}
    with Stand() as stand:
        entries = [{"id": 4607741009594608 + n, "comments": 0, "reposts": 0, "attitudes": n} for n in range(100)]
        stand.answer(COUNT, entries[::-1])
        stand.answer(COUNTS, [{"id": str(1404376560 + n), "followers_count": str(n + 1)} for n in range(10)])
        found = outcomes_of(stand, *posts, *users)
        assert {text: found[text].value for text in posts} == posts
        assert {text: found[text].value for text in users} == users
        assert sorted(seen.path for seen in stand.seen) == [COUNT, COUNTS]
        assert all(seen.headers["authorization"] == f"OAuth2 {TOKEN}" and TOKEN not in seen.target for seen in stand.seen)


def test_a_post_that_is_left_out_is_not_zero() -> None:
    gone = f"https://weibo.com/1404376560/{short_of(4607741009594609)}"
    with Stand() as stand:
        stand.answer(COUNT, TestContract.document)
        found = outcomes_of(stand, POST, gone, f"{POST}#metric=comments", f"{POST}#metric=reposts")
        assert isinstance(found[gone], NotFound)
        assert [found[f"{POST}{tail}"].value for tail in ("", "#metric=comments", "#metric=reposts")] == [12, 3, 5]
        assert len(stand.seen) == 1


def test_a_list_that_names_one_post_twice_is_not_believed() -> None:
    with Stand() as stand:
        stand.answer(COUNT, [TestContract.document[0], {**TestContract.document[0], "attitudes": 13}])
        assert isinstance(outcomes_of(stand, POST)[POST], UnexpectedReply)


def test_a_number_that_spoils_the_call_fails_alone() -> None:
    unknown = "https://weibo.com/u/1404376569"
    with Stand() as stand:
        refused = Answer.of({"error_code": 20003, "error": "user does not exists", "request": "/2/"}, status=400)
        good = [{"id": "1404376560", "followers_count": "1369"}]
        stand.answer(COUNTS, lambda seen: refused if "1404376569" in (seen.param("uids") or "") else Answer.of(good))
        found = outcomes_of(stand, USER, unknown)
        assert found[USER].value == 1369
        assert isinstance(found[unknown], NotFound)


def test_names_and_domains_are_asked_one_by_one_and_by_their_own_letters() -> None:
    domain, nobody = "https://weibo.com/woodfantasy#metric=posts", "https://weibo.com/n/nobody"
    with Stand() as stand:
        profile = {"id": 1073880650, "screen_name": "檀木幻想", "followers_count": 723, "statuses_count": 587}
        stand.answer("/2/users/show.json", Answer.of({"error_code": 20003}, status=400), query={"screen_name": "nobody"})
        stand.answer("/2/users/show.json", profile, query={"screen_name": "檀木幻想"})
        stand.answer("/2/users/domain_show.json", profile, query={"domain": "woodfantasy"})
        found = outcomes_of(stand, NAME, domain, nobody)
        assert (found[NAME].value, found[domain].value) == (723, 587)
        assert isinstance(found[nobody], NotFound)
        assert len(stand.seen) == 3


def test_a_number_of_followers_that_is_left_out_says_what_an_app_without_review_lacks() -> None:
    with Stand() as stand:
        stand.answer(COUNTS, [{"id": "1404376560", "statuses_count": "7"}])
        stand.answer("/2/account/get_uid.json", {"uid": "1073880650"})
        found = outcomes_of(stand, USER)[USER]
        assert type(found) is Incomplete
        assert "review" in found.advice
        stand.answer("/2/account/get_uid.json", {"uid": "1404376560"})
        assert type(outcomes_of(stand, USER)[USER]) is UnexpectedReply  # of the own account it would be there


@pytest.mark.parametrize(("own", "believed"), [("1404376560", True), ("1073880650", False)])
def test_no_followers_is_believed_of_the_own_account_only(own: str, believed: bool) -> None:
    other = "https://weibo.com/u/1404376561"
    with Stand() as stand:
        counts = [{"id": str(1404376560 + n), "followers_count": "0", "statuses_count": "7"} for n in range(2)]
        stand.answer(COUNTS, counts)
        stand.answer("/2/account/get_uid.json", {"uid": own})
        found = outcomes_of(stand, USER, other)
        assert isinstance(found[USER], Reading if believed else Incomplete)
        assert isinstance(found[other], Incomplete)
        assert sum(seen.path == "/2/account/get_uid.json" for seen in stand.seen) == 1


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        (10001, 200, Unavailable), ("10011", 400, Unavailable), (10004, 403, AccessDenied), ("10014", 403, AccessDenied),
        (20101, 400, NotFound), (20112, 403, AccessDenied), (21314, 403, BadCredentials), (21327, 403, BadCredentials),
        ("21332", 200, BadCredentials), (21321, 403, AccessDenied), (21335, 403, AccessDenied), (99999, 200, UnexpectedReply),
        (99999, 400, UnexpectedReply),
    ],
)  # fmt: skip
def test_error_numbers_as_number_and_as_text(code: int | str, status: int, error: type[LinkError]) -> None:
    with Stand() as stand:
        stand.answer(COUNT, Answer.of({"request": "/2/", "error_code": code, "error": "CANARY"}, status=status))
        outcome = outcomes_of(stand, POST)[POST]
        assert type(outcome) is error
        assert "CANARY" not in str(outcome)
        if error is BadCredentials:
            assert len(stand.seen) == 1
            assert "Sign in" in outcome.advice


@pytest.mark.parametrize("code", [10022, "10023", 10024])
@pytest.mark.parametrize(("date", "wait"), [("Mon, 23 Nov 2026 03:59:10 GMT", 55.0), ("soon", 3600.0)])
def test_a_used_up_hour_waits_for_the_next_one(code: int | str, date: str, wait: float) -> None:
    body = json.dumps({"error_code": code, "error": "User requests out of rate limit!"}).encode()
    error = account_of(Weibo, SETTINGS).refine(Reply(403, {"date": date}, body, "https://api.weibo.com", "/2/"))
    assert isinstance(error, RateLimited)
    assert error.wait == wait


def test_options_that_say_nothing_are_refused() -> None:
    for options in ("metric=views", "period=2026-01-01..2026-03-31", "filter=a"):
        link = links.parse(f"{POST}#{options}")
        assert link is not None
        with pytest.raises(NoSuchMetric):
            Weibo.resolve(link)


def test_the_probe_asks_for_the_limits() -> None:
    with Stand() as stand:
        stand.answer("/2/account/rate_limit_status.json", {"user_limit": 150, "remaining_user_hits": 149})
        account = account_of(Weibo, {**SETTINGS, "api_url": f"http://127.0.0.1:{stand.port}"})
        with stand.web(*account.origins(), auth=account.auth(), refine=account.refine) as web:
            account.probe(web)
        assert [seen.path for seen in stand.seen] == ["/2/account/rate_limit_status.json"]


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the published samples are not part of the project")
@pytest.mark.parametrize(
    ("file", "place", "metric", "value"),
    [
        ("orange_profile.json", (), "followers", 1), ("orange_profile.json", (), "following", 28),
        ("orange_profile.json", (), "posts", 1), ("orange_status.json", ("user",), "followers", 1204),
        ("orange_status.json", ("user",), "posts", 2908), ("orange_repost.json", ("user",), "followers", 1204),
        ("orange_repost.json", ("retweeted_status", "user"), "followers", 723),
        ("orange_timeline.json", ("statuses", 0, "user"), "following", 447),
    ],
)  # fmt: skip
def test_published_samples(file: str, place: tuple[str | int, ...], metric: str, value: int) -> None:
    document = json.loads((SAMPLES / file).read_text(encoding="utf-8-sig"))
    for step in place:
        document = document[step]
    reading = account_of(Weibo, SETTINGS).read(document, Query("weibo", "default", Resource("name", "x"), metric))
    assert reading.value == value
