"""Douyin against the contract, its published samples, and its own traps."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import structlog.testing

from sheetsync import links
from sheetsync.connectors._douyin_days import DAILY
from sheetsync.connectors.douyin import Douyin, DouyinSettings
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
    Unavailable,
    UnexpectedReply,
)
from sheetsync.model import Query, Reading, Resource
from sheetsync.secrets import Secret, Vault, write_private
from sheetsync.testing import Answer, ConnectorContract, LookupMemory, Stand, account_of, run_links
from sheetsync.texts import Texts
from sheetsync.web.reply import Reply

SEC_UID = "MS4wLjABAAAAehA_LhLQoVe3JLS3P8jeqa"
REFRESH, ACCESS, OPEN_ID = "rft.canary0123456789", "act.canary0123456789", "b9b71865-7fea-44cc"
SETTINGS = {"client_key": "tt10abc", "refresh_token": REFRESH, "sec_uid": SEC_UID, "uid": "104255897823"}
USER = f"https://www.douyin.com/user/{SEC_UID}"
SELF = "https://www.douyin.com/user/self"
VIDEO = "https://www.douyin.com/video/7227815678634470001"
TOKEN, RENEW = "/oauth/refresh_token/", "/oauth/renew_refresh_token/"
FANS, VIDEO_DATA = "/data/external/user/fans/", "/api/douyin/v1/video/video_data/"
SAMPLES = Path(__file__).parents[3] / "shared" / "vendor-data" / "douyin"
TODAY = date(2026, 11, 23)


def dated(document: Any, day: date = TODAY) -> Answer:
    """An answer of noon, UTC, of that day."""
    body = json.dumps(document).encode()
    moment = datetime(day.year, day.month, day.day, 12).strftime("%a, %d %b %Y %H:%M:%S GMT")
    head = f"HTTP/1.1 200 OK\r\nDate: {moment}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return Answer(raw=head.encode() + body)


def granted(seconds: Any = "2592000", **change: Any) -> dict[str, Any]:
    data = {
        "access_token": ACCESS, "description": "", "error_code": "0", "expires_in": "1296000", "open_id": OPEN_ID,
        "refresh_expires_in": seconds, "refresh_token": REFRESH, "scope": "user_info",
    }  # fmt: skip
    return {"data": {**data, **change}, "message": "success"}


def whole(**data: Any) -> dict[str, Any]:
    return {
        "data": {"error_code": "0", "description": "", **data},
        "extra": {"error_code": "0", "logid": "2020", "sub_error_code": "0"},
    }


def daily(field: str, first: str, counts: list[Any]) -> dict[str, Any]:
    begin = date.fromisoformat(first)
    return whole(result_list=[{"date": (begin + timedelta(days=n)).isoformat(), field: count} for n, count in enumerate(counts)])


def video(number: str | None = None, **counts: Any) -> dict[str, Any]:
    statistics = {"digg_count": 200, "comment_count": "100", "share_count": 10, "play_count": 300, "forward_count": 1, **counts}
    return whole(list=[{"item_id": "@8hxd==", "statistics": statistics, **({"video_id": number} if number else {})}])


class TestContract(ConnectorContract):
    connector = Douyin
    settings = SETTINGS
    link = USER
    value = Decimal(1217)
    main = FANS
    document = whole(
        result_list=[{"date": "2026-11-22", "total_fans": "1217", "new_fans": "3"},
                     {"date": "2026-11-21", "total_fans": 1214, "new_fans": 2}]
    )  # fmt: skip
    place = "data.result_list.0.total_fans"
    other = VIDEO
    error_body = {"data": {"error_code": 28001016, "description": "CANARY-BODY"}, "extra": {"error_code": 28001016}}
    error_type = AccessDenied
    canaries = (REFRESH, ACCESS)
    strangers = (
        f"https://www.douyin.com.evil.test/user/{SEC_UID}",
        f"https://evildouyin.com/user/{SEC_UID}",
        "https://www.douyin.com/user/MS4wLjABAAAA../../x",
        "https://www.douyin.com/user/somebody",
        "https://www.douyin.com/video/123",
        "https://www.douyin.com/video/72278156786344700011234",
        "https://www.douyin.com/discover?modal_id=abc",
        f"http://www.douyin.com/user/{SEC_UID}",
        f"https://www.douyin.com:8443/user/{SEC_UID}",
        "https://www.tiktok.com/@acme/video/7227815678634470001",
        "https://www.douyin.com/",
        "https://open.douyin.com/platform/doc",
    )

    def script(self, stand: Stand) -> None:
        stand.answer(TOKEN, dated(granted()), method="POST")
        stand.answer(VIDEO_DATA, video(), method="POST")


def a_stand(day: date = TODAY, seconds: Any = "2592000", **change: Any) -> Stand:
    stand = Stand()
    stand.answer(TOKEN, dated(granted(seconds, **change), day), method="POST")
    stand.answer(FANS, TestContract.document)
    return stand


def outcomes_of(stand: Stand, *texts: str, lookups: LookupMemory | None = None, **settings: Any) -> dict[str, Any]:
    given = {**SETTINGS, "api_url": f"http://127.0.0.1:{stand.port}", **settings}
    return run_links([account_of(Douyin, given, lookups=lookups)], texts)[0]


def test_the_token_goes_in_its_own_header_and_the_account_in_the_question() -> None:
    with a_stand() as stand:
        stand.answer(VIDEO_DATA, video(), method="POST")
        plays = f"{VIDEO}#metric=plays"
        found = outcomes_of(stand, USER, SELF, VIDEO, plays)
        assert [found[text].value for text in (USER, SELF, VIDEO, plays)] == [1217, 1217, 200, 300]
        assert found[USER].as_of == datetime.fromisoformat("2026-11-22T23:59:59+08:00")
        assert found[VIDEO].as_of is None
        token, *asked = stand.seen
        assert token.form() == {"client_key": "tt10abc", "grant_type": "refresh_token", "refresh_token": REFRESH}
        assert sorted(seen.path for seen in asked) == [VIDEO_DATA, FANS]
        assert all(seen.headers["access-token"] == ACCESS and "authorization" not in seen.headers for seen in asked)
        assert all(seen.param("open_id") == OPEN_ID for seen in asked)
        assert next(seen for seen in asked if seen.path == VIDEO_DATA).json() == {"video_ids": ["7227815678634470001"]}


@pytest.mark.parametrize(
    ("text", "resource"),
    [
        ("https://www.iesdouyin.com/share/video/7227815678634470001/?region=CN&mid=1", "video/7227815678634470001"),
        ("https://m.douyin.com/share/video/7227815678634470001", "video/7227815678634470001"),
        ("https://www.douyin.com/note/7227815678634470001?previous_page=web_code_link", "video/7227815678634470001"),
        (f"{USER}?modal_id=7227815678634470001", "video/7227815678634470001"),
        (f"https://www.iesdouyin.com/share/user/{SEC_UID}?sec_uid={SEC_UID}", f"user/{SEC_UID}?data=fans"),
        ("https://www.iesdouyin.com/share/user/104255897823", "user/104255897823?data=fans"),
        ("https://creator.douyin.com/creator-micro/data/stats/overview", "user/self?data=fans"),
    ],
)
def test_addresses(text: str, resource: str) -> None:
    link = links.parse(text)
    assert link is not None
    found = Douyin.resolve(link)
    assert found is not None
    assert str(found[0]) == resource


@pytest.mark.parametrize("metric", sorted(DAILY))
def test_daily_counts_are_summed_over_the_period(metric: str) -> None:
    call, field = DAILY[metric]
    link = f"{USER}#metric={metric}&period=2026-11-03..2026-11-05"
    with a_stand() as stand:
        stand.answer(f"/data/external/user/{call}/", daily(field, "2026-11-01", [1, "2", "30", 400, "5000", 60000]))
        outcome = outcomes_of(stand, link)[link]
        assert (outcome.value, outcome.as_of.date()) == (5430, date(2026, 11, 5))
        assert stand.seen[-1].param("date_type") == "30"


def test_a_running_period_counts_to_the_newest_day() -> None:
    link = f"{USER}#metric=new_likes&period=2026-11-21..2026-12-20"
    with a_stand() as stand:
        stand.answer("/data/external/user/like/", daily("new_like", "2026-11-20", [1, 2, 3]))
        outcome = outcomes_of(stand, link)[link]
        assert (outcome.value, outcome.as_of.date()) == (5, date(2026, 11, 22))


@pytest.mark.parametrize(
    ("period", "rows", "error"),
    [
        ("2026-10-01..2026-11-22", daily("new_like", "2026-11-01", [1] * 22), Incomplete),
        (
            "2026-11-20..2026-11-22",
            whole(result_list=[{"date": f"2026-11-{day}", "new_like": 1} for day in (20, 22)]),
            Incomplete,
        ),
        ("2026-11-23..2026-11-30", daily("new_like", "2026-11-01", [1] * 22), NotReady),
        ("2026-11-20..2026-11-22", whole(result_list=[]), NotReady),
        ("2026-11-20..2026-11-22", whole(result_list=[{"date": "2026-11-20", "new_like": 1}] * 2), UnexpectedReply),
        ("2026-11-20..2026-11-20", whole(result_list=[{"date": "2026-11-20", "new_like": ""}]), UnexpectedReply),
        ("2026-11-20..2026-11-20", whole(result_list=[{"date": "yyyy-MM-dd", "new_like": 1}]), UnexpectedReply),
    ],
)
def test_a_day_that_is_missing_is_not_zero(period: str, rows: Any, error: type[LinkError]) -> None:
    link = f"{USER}#metric=new_likes&period={period}"
    with a_stand() as stand:
        stand.answer("/data/external/user/like/", rows)
        assert type(outcomes_of(stand, link)[link]) is error


def test_pages_of_other_accounts_are_never_answered_with_our_figures() -> None:
    theirs, number = USER[:-3] + "zzz", "https://www.iesdouyin.com/share/user/99999999"
    with a_stand() as stand:
        found = outcomes_of(stand, theirs, number)
        assert isinstance(found[theirs], NotConnected)
        assert isinstance(found[number], NotConnected)
        account = account_of(Douyin, {**SETTINGS, "api_url": f"http://127.0.0.1:{stand.port}"})
        with stand.web(*account.origins(), auth=account.auth()) as web, pytest.raises(NotFound):
            account.fetch(Resource("user", "99999999", (("data", "fans"),)), web)
        outcome = outcomes_of(stand, USER, sec_uid="")[USER]
        assert isinstance(outcome, NotConnected)
        assert "sec_uid" in outcome.advice
        assert not any(seen.path == FANS for seen in stand.seen)


@pytest.mark.parametrize(
    ("document", "error"),
    [
        (whole(list=[]), NotFound), (whole(list=None), NotFound), (video("7227815678634470002"), UnexpectedReply),
        (whole(list=video()["data"]["list"] * 2), UnexpectedReply), (whole(list={}), UnexpectedReply),
        (video(digg_count=None), UnexpectedReply), (whole(), UnexpectedReply),
    ],
)  # fmt: skip
def test_videos_that_are_not_ours_or_not_the_one(document: Any, error: type[LinkError]) -> None:
    with a_stand() as stand:
        stand.answer(VIDEO_DATA, document, method="POST")
        assert type(outcomes_of(stand, VIDEO)[VIDEO]) is error


@pytest.mark.parametrize(
    ("said", "given", "good"), [("", OPEN_ID, True), (OPEN_ID, OPEN_ID, True), ("", "", False), ("other", OPEN_ID, False)]
)
def test_whose_agreement_it_is(said: str, given: str, good: bool) -> None:
    with a_stand(open_id=said) as stand:
        outcome = outcomes_of(stand, USER, open_id=given)[USER]
        assert isinstance(outcome, Reading if good else LinkError)
        assert good == any(seen.path == FANS for seen in stand.seen)


# --- errors


@pytest.mark.parametrize(
    ("code", "error"),
    [(28001003, BadCredentials), ("28001008", BadCredentials), (2190008, BadCredentials), (28001005, Unavailable),
     (28003017, RateLimited), ("2190004", AccessDenied), (28001018, AccessDenied), (2100005, UnexpectedReply),
     (77, UnexpectedReply), ("0", None), (0, None), ("", None)],
)  # fmt: skip
@pytest.mark.parametrize("place", ["data", "extra", "err_no"])
def test_errors_stand_in_three_places_as_number_or_text(code: int | str, error: type[LinkError] | None, place: str) -> None:
    document: Any = {"data": {"error_code": 0}, "extra": {"error_code": "0"}}
    document |= (
        {"err_no": code, "err_msg": "CANARY"} if place == "err_no" else {place: {"error_code": code, "description": "CANARY"}}
    )
    found = account_of(Douyin, SETTINGS).refine(Reply(200, {}, json.dumps(document).encode(), "https://open.douyin.com", "/"))
    assert (type(found) if found else None) is error
    assert "CANARY" not in str(found)


def test_an_ended_token_is_renewed_once() -> None:
    with a_stand() as stand:
        stand.answer(FANS, {"data": {"error_code": "28001008"}, "extra": {}}, TestContract.document)
        assert outcomes_of(stand, USER)[USER].value == 1217
        assert [seen.path for seen in stand.seen] == [TOKEN, FANS, TOKEN, FANS]


@pytest.mark.parametrize(("code", "word"), [(10010, "ended"), ("10013", "client_key"), (2100005, "refused"), (10020, "refused")])
def test_a_refused_sign_in_is_tried_once(code: int | str, word: str) -> None:
    with Stand() as stand:
        stand.answer(TOKEN, {"data": {"error_code": code, "description": "CANARY"}, "message": "error"}, method="POST")
        outcome = outcomes_of(stand, USER)[USER]
        assert isinstance(outcome, BadCredentials)
        assert word in str(outcome)
        assert "agree again" in outcome.advice
        assert len(stand.seen) == 1


def test_an_outage_of_the_sign_in_is_not_a_wrong_key() -> None:
    with Stand() as stand:
        stand.answer(TOKEN, {"data": {"error_code": 28001005}}, dated(granted()), method="POST")
        stand.answer(FANS, TestContract.document)
        assert outcomes_of(stand, USER)[USER].value == 1217


# --- the agreement and its end


class Office:
    """Douyin's sign-in: renews as often as it is asked to, and remembers what it gave. The key lies in a file."""

    def __init__(self, folder: Path, *, seconds: Any = "2592000") -> None:
        self.file, self.seconds, self.lookups = folder / "refresh", seconds, LookupMemory()
        self.given, self.refusal = 0, 0
        write_private(self.file, REFRESH)

    def warned(self, day: date) -> str:
        """What one run on a day warns of behind its figure."""
        outcome = self.run(day)[0]
        assert isinstance(outcome, Reading), outcome
        return Texts().say(outcome.warning) if outcome.warning else ""

    def run(self, day: date, *, probe: bool = False) -> tuple[Any, list[str], list[Any]]:
        """One run (or trial) on a day: the outcome, the calls for the authorisation, what was logged."""
        with Stand() as stand, structlog.testing.capture_logs() as logs:
            stand.answer(TOKEN, dated(granted(self.seconds), day), method="POST")
            stand.answer(RENEW, lambda seen: self._renew(seen.form()["refresh_token"], day), method="POST")
            stand.answer(FANS, TestContract.document)
            secret = Secret({"file": str(self.file)}, Vault(self.file.parent, {}), "connectors.douyin.default.refresh_token")
            settings = DouyinSettings(client_key="tt10abc", refresh_token=secret, api_url=f"http://127.0.0.1:{stand.port}")
            account = Douyin("default", settings, self.lookups)
            if probe:
                with stand.web(*account.origins(), auth=account.auth(), refine=account.refine) as web:
                    try:
                        outcome: Any = account.probe(web)
                    except LinkError as error:
                        outcome = error
            else:
                outcome = run_links([account], [SELF])[0][SELF]
            calls = [seen.path for seen in stand.seen if seen.path.startswith("/oauth/")]
            return outcome, calls, [log for log in logs if log.get("connector") == "douyin"]

    def _renew(self, token: str, day: date) -> Answer:
        assert token == self.file.read_text().strip()
        if self.refusal:
            return dated({"data": {"error_code": self.refusal, "description": "CANARY"}, "message": "error"}, day)
        self.given += 1
        return dated({"data": {"error_code": 0, "expires_in": "2592000", "refresh_token": f"rft.renewed-{self.given}"}}, day)


def test_five_renewals_are_counted_then_a_person_is_called_and_a_new_agreement_begins_anew(tmp_path: Path) -> None:
    office, days = Office(tmp_path), []
    ends: set[str] = set()
    for n in range(200):
        outcome, calls, logs = office.run(TODAY + timedelta(days=n)) if n % 2 == 0 else (None, [], [])
        if RENEW in calls:
            days.append(n)
            assert isinstance(outcome, Reading)
            assert office.file.read_text().strip() == f"rft.renewed-{office.given}"
            assert "rft." not in "".join(office.lookups.values())
        ends |= {log["ends"] for log in logs}
    assert days == [22, 44, 66, 88, 110]
    assert ends == {(TODAY + timedelta(days=140)).isoformat()}
    assert office.warned(TODAY + timedelta(days=125)) == ""
    end = TODAY + timedelta(days=140)
    said = f"The authorisation of the Douyin account default ends on {end}: let its owner agree again before."
    assert {office.warned(TODAY + timedelta(days=n)) for n in (126, 127, 139)} == {said}
    assert office.run(TODAY + timedelta(days=127), probe=True)[0] is None  # a key that still works is no failure
    write_private(office.file, "rft.signed-in-anew")
    day = TODAY + timedelta(days=128)
    assert office.run(day, probe=True)[0] is None
    assert RENEW in office.run(day + timedelta(days=23))[1]


def test_the_end_is_known_sooner_where_douyin_counts_down(tmp_path: Path) -> None:
    office = Office(tmp_path, seconds=7 * 86_400)
    assert office.run(TODAY)[1] == [TOKEN, RENEW]


@pytest.mark.parametrize(("code", "later"), [(10020, [TOKEN]), (10004, [TOKEN, RENEW]), ("99", [TOKEN, RENEW])])
def test_a_refused_renewal_fails_no_row_and_is_announced(tmp_path: Path, code: Any, later: list[str]) -> None:
    office = Office(tmp_path)
    office.run(TODAY)
    office.refusal = code
    outcome, calls, logs = office.run(TODAY + timedelta(days=25))
    assert isinstance(outcome, Reading)
    assert calls == [TOKEN, RENEW]
    assert [log["ends"] for log in logs] == [(TODAY + timedelta(days=30)).isoformat()]
    assert office.file.read_text().strip() == REFRESH
    assert office.run(TODAY + timedelta(days=26))[1] == later
    assert (TODAY + timedelta(days=30)).isoformat() in office.warned(TODAY + timedelta(days=26))


def test_a_key_that_cannot_be_kept_is_not_renewed(tmp_path: Path) -> None:
    known = LookupMemory()
    for n, announced in ((0, 0), (25, 1)):
        with a_stand(TODAY + timedelta(days=n)) as stand, structlog.testing.capture_logs() as logs:
            assert isinstance(outcomes_of(stand, USER, lookups=known)[USER], Reading)  # the key lies in the environment
            assert [seen.path for seen in stand.seen] == [TOKEN, FANS]
            assert sum(log.get("connector") == "douyin" for log in logs) == announced


def test_a_key_is_kept_before_anything_else_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    office = Office(tmp_path, seconds=86_400)
    kept: list[str] = []
    keep = Secret.keep

    def fails_second(self: Secret, renewed: str) -> None:
        kept.append(renewed)
        if len(kept) > 1:
            raise OSError("disk full")
        keep(self, renewed)

    monkeypatch.setattr(Secret, "keep", fails_second)
    outcome, _, _ = office.run(TODAY)
    assert isinstance(outcome, BadCredentials)
    assert kept == [REFRESH, "rft.renewed-1"]
    assert "rft" not in str(outcome)


@pytest.mark.parametrize(
    ("link", "options"),
    [(USER, "metric=new_likes"), (USER, "period=2026-11-01..2026-11-30"), (VIDEO, "metric=followers"), (VIDEO, "filter=a"),
     (USER, "metric=new_likes&period=2026-11-01..2026-11-30&filter=a")],
)  # fmt: skip
def test_choices_that_say_nothing_are_refused(link: str, options: str) -> None:
    parsed = links.parse(f"{link}#{options}")
    assert parsed is not None
    with pytest.raises(NoSuchMetric):
        Douyin.resolve(parsed)


def sample(name: str) -> Any:
    """The samples stand for any day: `yyyy-MM-dd`."""
    return json.loads((SAMPLES / name).read_text(encoding="utf-8-sig").replace("yyyy-MM-dd", "2026-11-22"))


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the published samples are not part of the project")
@pytest.mark.parametrize(
    ("file", "metric"),
    [("DataExternalUserLikeResponse.json", "new_likes"), ("DataExternalUserCommentResponse.json", "new_comments")],
)
def test_published_samples_of_daily_counts(file: str, metric: str) -> None:
    resource = Resource("user", "self", (("data", DAILY[metric][0]), ("from", "2026-11-22"), ("to", "2026-11-22")))
    assert account_of(Douyin, SETTINGS).read(sample(file), Query("douyin", "default", resource, metric)).value == 200


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the published samples are not part of the project")
@pytest.mark.parametrize("file", ["DouyinVideoDataV1Response.json", "DouyinVideoListV1Response.json"])
def test_published_samples_of_videos(file: str) -> None:
    counts = {"likes": 200, "comments": 100, "shares": 10, "plays": 300, "forwards": 10, "downloads": 10}
    texts = {f"{VIDEO}#metric={metric}": count for metric, count in counts.items()}
    with a_stand() as stand:
        stand.answer(VIDEO_DATA, sample(file), method="POST")
        assert {text: outcome.value for text, outcome in outcomes_of(stand, *texts).items()} == texts
