"""A WeChat official account against the contract, its published samples, and its own traps."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sheetsync import links
from sheetsync.connectors._beijing import BEIJING, day_of, moment_of
from sheetsync.connectors._wechat_articles import SEARCHED_DAYS
from sheetsync.connectors.wechat import WeChat
from sheetsync.errors import (
    AccessDenied,
    AmbiguousLink,
    BadCredentials,
    Incomplete,
    LinkError,
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
from sheetsync.web.reply import Reply

BIZ = "MzA5NDY0MDAyMA=="
SETTINGS = {"app_id": "wx0123456789abcdef", "app_secret": "canary-secret-0123456789", "biz": BIZ}
TOKEN = "canary-token-0123456789" + "x" * 489
HOME = "https://mp.weixin.qq.com/cgi-bin/home?t=home/index&lang=zh_CN&token=1234567890"
PROFILE = f"https://mp.weixin.qq.com/mp/profile_ext?action=home&__biz={BIZ}#wechat_redirect"
ARTICLE = f"https://mp.weixin.qq.com/s?__biz={BIZ}&mid=2247490098&idx=1&sn=0123456789abcdef"
CUMULATE, DETAIL, TOTAL = "/datacube/getusercumulate", "/datacube/getarticletotaldetail", "/datacube/getarticletotal"
STABLE = "/cgi-bin/stable_token"
AT_NINE = "Mon, 23 Nov 2026 01:00:00 GMT"
SAMPLES = Path(__file__).parents[3] / "shared" / "vendor-data" / "wechat"


def dated(document: Any, moment: str | None = AT_NINE) -> Answer:
    """An answer with a Date of its own, or with none."""
    body = json.dumps(document).encode()
    head = f"Date: {moment}\r\n" if moment else ""
    return Answer(raw=f"HTTP/1.1 200 OK\r\n{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)


def users(**days: int) -> dict[str, Any]:
    return {
        "list": [{"ref_date": name.removeprefix("d").replace("_", "-"), "cumulate_user": count} for name, count in days.items()]
    }


def listing(day: str, number: str = "2247490098_1", *, delay: bool = False, **counts: int) -> dict[str, Any]:
    """The new shape: two days of counts, the newer one first."""
    details = [{"stat_date": "2026-11-22", "read_user": 4123, **counts}, {"stat_date": day, "read_user": 7}]
    return {"list": [{"ref_date": day, "msgid": number, "publish_type": 0, "detail_list": details}], "is_delay": delay}


class TestContract(ConnectorContract):
    connector = WeChat
    settings = SETTINGS
    link = PROFILE
    value = Decimal(1217056)
    main = CUMULATE
    method = "POST"
    document = users(d2026_11_20=1217001, d2026_11_22=1217056)
    place = "list.1.cumulate_user"
    other = ARTICLE
    error_body = {"errcode": 48001, "errmsg": "api unauthorized CANARY-BODY rid: 1"}
    error_type = AccessDenied
    canaries = (TOKEN, SETTINGS["app_secret"])
    strangers = (
        f"https://mp.weixin.qq.com.evil.test/s?__biz={BIZ}&mid=2247490098&idx=1",
        f"https://weixin.qq.com/s?__biz={BIZ}&mid=2247490098&idx=1",
        f"https://mp.weixin.qq.com/s?__biz={BIZ}&mid=2247490098&idx=9",
        f"https://mp.weixin.qq.com/s?__biz={BIZ}&mid=2247490098",
        "https://mp.weixin.qq.com/s?__biz=../x&mid=2247490098&idx=1",
        f"https://mp.weixin.qq.com/mp/profile_ext?action=report&__biz={BIZ}",
        f"http://mp.weixin.qq.com/s?__biz={BIZ}&mid=2247490098&idx=1",
        f"https://mp.weixin.qq.com:8443/s?__biz={BIZ}&mid=2247490098&idx=1",
        "https://mp.weixin.qq.com/",
        "https://mp.weixin.qq.com/cgi-bin/home?t=home/index",
        "https://api.weixin.qq.com/cgi-bin/token?grant_type=client_credential",
    )

    def script(self, stand: Stand) -> None:
        stand.answer(STABLE, dated({"access_token": TOKEN, "expires_in": 7200}), method="POST")
        stand.answer(DETAIL, listing("2026-11-22"), method="POST")


def a_stand(moment: str | None = AT_NINE) -> Stand:
    stand = Stand()
    stand.answer(STABLE, dated({"access_token": TOKEN, "expires_in": 7200}, moment), method="POST")
    return stand


def outcomes_of(stand: Stand, *texts: str, lookups: LookupMemory | None = None, **settings: Any) -> dict[str, Any]:
    given = {**SETTINGS, "api_url": f"http://127.0.0.1:{stand.port}", **settings}
    return run_links([account_of(WeChat, given, lookups=lookups)], texts)[0]


def asked(stand: Stand, path: str) -> list[tuple[str, str]]:
    return [(seen.json()["begin_date"], seen.json()["end_date"]) for seen in stand.seen if seen.path == path]


def test_the_stable_token_is_asked_for_once_and_never_the_one_that_ends_others() -> None:
    with a_stand() as stand:
        stand.answer(CUMULATE, TestContract.document, method="POST")
        stand.answer(DETAIL, listing("2026-11-22", like_user=9), method="POST")
        found = outcomes_of(stand, HOME, PROFILE, ARTICLE, f"{ARTICLE}#metric=likes")
        assert [found[text].value for text in (HOME, PROFILE, ARTICLE, f"{ARTICLE}#metric=likes")] == [1217056, 1217056, 4123, 9]
        assert sorted(seen.path for seen in stand.seen) == [STABLE, DETAIL, CUMULATE]
        question = next(seen for seen in stand.seen if seen.path == STABLE)
        assert question.json() == {
            "grant_type": "client_credential", "appid": SETTINGS["app_id"], "secret": SETTINGS["app_secret"],
            "force_refresh": False,
        }  # fmt: skip
        assert all(seen.param("access_token") == TOKEN for seen in stand.seen if seen.path != STABLE)


@pytest.mark.parametrize(
    ("moment", "days"),
    [
        ("Mon, 23 Nov 2026 00:00:00 GMT", ("2026-11-20", "2026-11-22")),  # 08:00 in Beijing
        ("Mon, 23 Nov 2026 15:59:00 GMT", ("2026-11-20", "2026-11-22")),  # 23:59
        ("Sun, 22 Nov 2026 23:59:00 GMT", None),  # 07:59 of the 23rd
        ("Sun, 22 Nov 2026 16:00:30 GMT", None),  # 00:00 of the 23rd
        ("Fri, 01 Jan 2027 02:00:00 GMT", ("2026-12-29", "2026-12-31")),
    ],
)
def test_days_are_those_of_beijing_and_nothing_is_asked_before_eight(moment: str, days: tuple[str, str] | None) -> None:
    with a_stand(moment) as stand:
        stand.answer(CUMULATE, lambda seen: Answer.of(users_until(seen)), method="POST")
        found = outcomes_of(stand, PROFILE, ARTICLE)
        assert asked(stand, CUMULATE) == ([days] if days else [])
        if days:
            assert found[PROFILE].as_of == datetime.fromisoformat(f"{days[1]}T23:59:59+08:00")
        else:
            assert isinstance(found[PROFILE], NotReady)
            assert isinstance(found[ARTICLE], NotReady)
            assert [seen.path for seen in stand.seen] == [STABLE]


def users_until(seen: Seen) -> dict[str, Any]:
    """A row for every day of the question; the count is the day of the year."""
    first, last = (date.fromisoformat(seen.json()[name]) for name in ("begin_date", "end_date"))
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return {"list": [{"ref_date": day.isoformat(), "cumulate_user": day.timetuple().tm_yday} for day in days]}


@pytest.mark.parametrize("moment", [None, "yesterday", "Mon, 99 Nov 2026 01:00:00 GMT"])
def test_without_a_date_nothing_is_guessed(moment: str | None) -> None:
    with a_stand(moment) as stand:
        assert isinstance(outcomes_of(stand, PROFILE)[PROFILE], UnexpectedReply)
        assert [seen.path for seen in stand.seen] == [STABLE]


def test_the_newest_of_three_days_says_its_own_day() -> None:
    with a_stand() as stand:
        stand.answer(CUMULATE, users(d2026_11_21=8, d2026_11_20=7), method="POST")
        outcome = outcomes_of(stand, PROFILE)[PROFILE]
        assert (outcome.value, outcome.as_of.isoformat()) == (8, "2026-11-21T23:59:59+08:00")


@pytest.mark.parametrize(
    ("rows", "error"),
    [
        ([], NotReady),
        ([{"ref_date": "2026-11-23", "cumulate_user": 5}], UnexpectedReply),
        ([{"ref_date": "2014-12-07", "cumulate_user": 5}], UnexpectedReply),
        ([{"ref_date": "20261122", "cumulate_user": 5}], UnexpectedReply),
        ([{"ref_date": "2026-11-22", "cumulate_user": 5}] * 2, UnexpectedReply),
        ([{"ref_date": "2026-11-22"}], UnexpectedReply),
    ],
)
def test_lists_that_do_not_answer_the_question(rows: list[Any], error: type[LinkError]) -> None:
    with a_stand() as stand:
        stand.answer(CUMULATE, {"list": rows}, method="POST")
        assert type(outcomes_of(stand, PROFILE)[PROFILE]) is error


def test_followers_gained_in_a_period() -> None:
    running = f"{HOME}#metric=net_followers&period=2026-10-01..2026-12-31"
    over = f"{HOME}#metric=net_followers&period=2026-07-01..2026-09-30"
    end = f"{HOME}#period=2026-07-01..2026-09-30"
    future = f"{HOME}#metric=net_followers&period=2026-11-23..2026-12-31"
    with a_stand() as stand:
        stand.answer(CUMULATE, lambda seen: Answer.of(users_until(seen)), method="POST")
        found = outcomes_of(stand, running, over, end, future)
        assert found[running].value == (date(2026, 11, 22) - date(2026, 9, 30)).days
        assert (found[over].value, found[over].as_of.date()) == (92, date(2026, 9, 30))
        assert found[end].value == 273
        assert isinstance(found[future], NotReady)
        assert sorted(asked(stand, CUMULATE)) == [
            ("2026-06-30", "2026-06-30"), *[("2026-09-30", "2026-09-30")] * 3, ("2026-11-20", "2026-11-22"),
        ]  # fmt: skip


def test_a_period_whose_beginning_is_unknown_is_not_measured_from_zero() -> None:
    link = f"{HOME}#metric=net_followers&period=2026-10-01..2026-12-31"
    with a_stand() as stand:
        empty: dict[str, Any] = {"list": []}
        stand.answer(CUMULATE, lambda seen: Answer.of(users_until(seen) if b"2026-11" in seen.body else empty), method="POST")
        assert isinstance(outcomes_of(stand, link)[link], Incomplete)


def test_an_article_is_searched_for_once_and_its_day_is_kept() -> None:
    other = ARTICLE.replace("idx=1", "idx=2") + "#metric=shares"
    known = LookupMemory()
    days = {"2026-11-20": listing("2026-11-20"), "2026-11-18": listing("2026-11-18", "2247490098_2", share_user=5)}
    with a_stand() as stand:
        nothing: dict[str, Any] = {"list": [], "is_delay": False}
        stand.answer(DETAIL, lambda seen: Answer.of(days.get(seen.json()["begin_date"], nothing)), method="POST")
        found = outcomes_of(stand, ARTICLE, other, lookups=known)
        assert (found[ARTICLE].value, found[other].value) == (4123, 5)
        assert found[ARTICLE].as_of.isoformat() == "2026-11-22T23:59:59+08:00"
        assert asked(stand, DETAIL) == [(f"2026-11-{day}", f"2026-11-{day}") for day in (22, 21, 20, 19, 18)]
        stand.seen.clear()
        assert outcomes_of(stand, ARTICLE, other, lookups=known)[other].value == 5
        assert asked(stand, DETAIL) == [("2026-11-20", "2026-11-20"), ("2026-11-18", "2026-11-18")]


def test_an_article_that_is_nowhere_costs_one_search_a_day() -> None:
    known = LookupMemory()
    with a_stand() as stand:
        stand.answer(DETAIL, {"list": [], "is_delay": False}, method="POST")
        for _ in range(2):
            outcome = outcomes_of(stand, ARTICLE, lookups=known)[ARTICLE]
            assert isinstance(outcome, NotFound)
            assert "period=" in outcome.advice
        assert len(asked(stand, DETAIL)) == SEARCHED_DAYS


def test_a_period_narrows_the_search_and_old_articles_have_the_old_shape() -> None:
    link = f"{ARTICLE}#period=2025-10-30..2025-11-02"
    old = {"ref_date": "2025-10-31", "msgid": "2247490098_1", "title": "旧文", "details": [
        {"stat_date": "2025-10-31", "int_page_read_user": 10, "share_user": 1, "add_to_fav_user": 2},
        {"stat_date": "2025-11-06", "int_page_read_user": 30, "share_user": 3, "add_to_fav_user": 4},
    ]}  # fmt: skip
    with a_stand() as stand:
        stand.answer(DETAIL, {"list": [], "is_delay": False}, method="POST")
        stand.answer(TOTAL, {"list": [old]}, method="POST")
        saved, likes = link + "&metric=favourites", link + "&metric=likes"
        found = outcomes_of(stand, link, saved, likes)
        assert (found[link].value, found[saved].value) == (30, 4)
        assert found[link].as_of.date() == date(2025, 11, 6)
        assert isinstance(found[likes], UnexpectedReply)  # the old answer has none: that is not zero
        assert (asked(stand, DETAIL), asked(stand, TOTAL)) == (
            [("2025-11-02", "2025-11-02"), ("2025-11-01", "2025-11-01")], [("2025-10-31", "2025-10-31")],
        )  # fmt: skip


def test_delayed_counts_wait() -> None:
    known = LookupMemory()
    with a_stand() as stand:
        stand.answer(DETAIL, {"list": [], "is_delay": True}, method="POST")
        assert isinstance(outcomes_of(stand, ARTICLE, lookups=known)[ARTICLE], NotReady)
        assert not known
        stand.answer(DETAIL, listing("2026-11-22", delay=True), method="POST")
        assert isinstance(outcomes_of(stand, ARTICLE)[ARTICLE], NotReady)


@pytest.mark.parametrize("change", [{"ref_date": "2026-11-21"}, {"detail_list": {}}, {"detail_list": [{"read_user": 4}]}])
def test_listings_of_another_shape_are_refused(change: dict[str, Any]) -> None:
    with a_stand() as stand:
        entry = {**listing("2026-11-22")["list"][0], **change}
        stand.answer(DETAIL, {"list": [entry], "is_delay": False}, method="POST")
        assert isinstance(outcomes_of(stand, ARTICLE)[ARTICLE], UnexpectedReply)


def test_pages_of_other_accounts_are_never_answered_with_our_figures() -> None:
    theirs = PROFILE.replace(BIZ, "MzAxMTExMTExMQ==")
    with a_stand() as stand:
        assert isinstance(outcomes_of(stand, theirs)[theirs], NotConnected)
        account = account_of(WeChat, {**SETTINGS, "api_url": f"http://127.0.0.1:{stand.port}"})
        with stand.web(*account.origins(), auth=account.auth()) as web, pytest.raises(NotFound):
            account.fetch(Resource("account", "MzAxMTExMTExMQ=="), web)
        for text in (PROFILE, ARTICLE):
            outcome = outcomes_of(stand, text, biz="")[text]
            assert isinstance(outcome, NotConnected)
            assert "biz" in outcome.advice
        assert not stand.seen


def test_of_two_accounts_the_address_names_one_and_the_backend_none() -> None:
    theirs = "MzAxMTExMTExMQ=="
    with a_stand() as stand:
        stand.answer(CUMULATE, TestContract.document, method="POST")
        given = {**SETTINGS, "api_url": f"http://127.0.0.1:{stand.port}"}
        accounts = [account_of(WeChat, {**given, "biz": biz}, name=name) for name, biz in (("cn", BIZ), ("hk", theirs))]
        found, _ = run_links(accounts, [PROFILE, HOME, f"{HOME}#account=hk"])
        assert "· cn ·" in found[PROFILE].source
        assert isinstance(found[HOME], AmbiguousLink)
        assert "· hk ·" in found[f"{HOME}#account=hk"].source


def test_the_session_of_the_backend_goes_nowhere() -> None:
    with a_stand() as stand:
        stand.answer(CUMULATE, TestContract.document, method="POST")
        outcome = outcomes_of(stand, HOME)[HOME]
        assert "1234567890" not in outcome.source
        assert all("1234567890" not in seen.target and b"1234567890" not in seen.body for seen in stand.seen)


@pytest.mark.parametrize(
    ("code", "error"),
    [(-1, Unavailable), ("40001", BadCredentials), (42001, BadCredentials), (40164, BadCredentials), (45011, RateLimited),
     (48001, AccessDenied), (48004, AccessDenied), (50002, AccessDenied), (61501, NotReady), (61500, UnexpectedReply),
     (0, None), ("0", None)],
)  # fmt: skip
def test_error_numbers(code: int | str, error: type[LinkError] | None) -> None:
    body = json.dumps({"errcode": code, "errmsg": "CANARY rid: 1"}).encode()
    found = account_of(WeChat, SETTINGS).refine(Reply(200, {"content-type": "text/plain; charset=gbk"}, body, "https://x", "/"))
    assert (type(found) if found else None) is error
    assert "CANARY" not in str(found)


@pytest.mark.parametrize(("date_of_reply", "wait"), [(AT_NINE, 15 * 3600 + 30.0), ("", 3600.0)])
def test_a_used_up_day_waits_for_midnight_in_beijing(date_of_reply: str, wait: float) -> None:
    reply = Reply(200, {"date": date_of_reply}, b'{"errcode": 45009}', "https://api.weixin.qq.com", "/")
    error = account_of(WeChat, SETTINGS).refine(reply)
    assert isinstance(error, RateLimited)
    assert error.wait == wait


def test_an_ended_token_is_renewed_once() -> None:
    with a_stand() as stand:
        stand.answer(CUMULATE, {"errcode": 42001, "errmsg": "access_token expired"}, TestContract.document, method="POST")
        assert outcomes_of(stand, PROFILE)[PROFILE].value == 1217056
        assert [seen.path for seen in stand.seen] == [STABLE, CUMULATE, STABLE, CUMULATE]


@pytest.mark.parametrize("code", [40013, 40125, 40164, 40243])
def test_a_refused_sign_in_is_tried_once(code: int) -> None:
    with Stand() as stand:
        stand.answer(STABLE, {"errcode": code, "errmsg": "invalid ip 10.1.2.3, not in whitelist"}, method="POST")
        outcome = outcomes_of(stand, PROFILE)[PROFILE]
        assert isinstance(outcome, BadCredentials)
        assert "10.1.2.3" not in str(outcome)
        assert len(stand.seen) == 1


@pytest.mark.parametrize(
    ("link", "options"),
    [
        (HOME, "metric=net_followers"),
        (HOME, "filter=a"),
        (ARTICLE, "period=2026-01-01..2026-12-31"),
        (ARTICLE, "metric=followers"),
    ],
)
def test_choices_that_say_nothing_are_refused(link: str, options: str) -> None:
    parsed = links.parse(f"{link}#{options}")
    assert parsed is not None
    with pytest.raises(NoSuchMetric):
        WeChat.resolve(parsed)


def test_the_probe_asks_for_a_day_that_is_long_over() -> None:
    with a_stand("Sun, 22 Nov 2026 20:00:00 GMT") as stand:
        stand.answer(CUMULATE, lambda seen: Answer.of(users_until(seen)), method="POST")
        account = account_of(WeChat, {**SETTINGS, "api_url": f"http://127.0.0.1:{stand.port}"})
        with stand.web(*account.origins(), auth=account.auth(), refine=account.refine) as web:
            account.probe(web)
        assert asked(stand, CUMULATE) == [("2026-11-20", "2026-11-20")]


def test_days_and_moments() -> None:
    assert moment_of(Reply(200, {"date": AT_NINE}, b"", "", "")) == datetime(2026, 11, 23, 9, tzinfo=BEIJING)
    for wrong in (None, 20261122, "2026-11-31", "2026-11-22 ", "yyyy-MM-dd", "２０２６-11-22"):
        with pytest.raises(UnexpectedReply):
            day_of(wrong)


def sample(name: str) -> Any:
    return json.loads((SAMPLES / name).read_text(encoding="utf-8-sig"))


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the published samples are not part of the project")
def test_the_published_sample_of_followers() -> None:
    row = sample("datacube_getusercumulate.json")["list"][0]
    reading = account_of(WeChat, SETTINGS).read(row, Query("wechat", "default", Resource("account", "own"), "followers"))
    assert (reading.value, reading.as_of.isoformat() if reading.as_of else "") == (1217056, "2014-12-07T23:59:59+08:00")


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the published samples are not part of the project")
@pytest.mark.parametrize(
    ("metric", "value"), [("reads", 23676), ("shares", 122), ("favourites", 1)],
)  # fmt: skip
def test_the_published_samples_of_articles(metric: str, value: int) -> None:
    link = f"https://mp.weixin.qq.com/s?__biz={BIZ}&mid=202457380&idx=1#metric={metric}&period=2014-12-14..2014-12-14"
    with a_stand() as stand:
        stand.answer(TOTAL, sample("DataCubeGetArticleTotalResponse.json"), method="POST")
        outcome = outcomes_of(stand, link)[link]
        assert isinstance(outcome, Reading), outcome
        assert outcome.value == value
    detail = sample("datacube_getarticletotal.json")["list"][0]["details"][0]
    query = Query("wechat", "default", Resource("article", "1_1"), metric)
    assert account_of(WeChat, SETTINGS).read(detail, query).value == value
