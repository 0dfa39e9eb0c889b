"""YouTube against the contract, its recorded replies, and its own traps."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sheetsync import links
from sheetsync.connectors.youtube import YouTube
from sheetsync.errors import AccessDenied, BadCredentials, NoSuchMetric, NotFound, RateLimited, UnexpectedReply
from sheetsync.model import Query, Reading, Resource
from sheetsync.testing import Answer, ConnectorContract, LookupMemory, Stand, account_of, run_links
from sheetsync.web.reply import Reply

KEY = "AIzaCANARY0123456789"
SETTINGS = {"api_key": KEY}
ACME = "UCabcdefghijklmnopqrstuv"
OTHER = "UCzzzzzzzzzzzzzzzzzzzzzz"
CHANNEL = f"https://www.youtube.com/channel/{ACME}"
HANDLE = "https://www.youtube.com/@Acme"
VIDEO = "https://www.youtube.com/watch?v=abcDEF_-123"
CHANNELS, VIDEOS, PLAYLISTS = "/youtube/v3/channels", "/youtube/v3/videos", "/youtube/v3/playlists"
NOTHING = {"pageInfo": {"totalResults": 0}}
RECORDED = Path(__file__).parents[3] / "shared" / "vendor-data" / "youtube"


def channel(subscribers: str = "12300", *, name: str = ACME, url: str = "@acme", hidden: Any = False) -> dict[str, Any]:
    counts = {"subscriberCount": subscribers, "viewCount": "9007", "videoCount": "12", "hiddenSubscriberCount": hidden}
    return {"id": name, "snippet": {"customUrl": url}, "statistics": counts}


def video(name: str = "abcDEF_-123", **counts: str) -> dict[str, Any]:
    return {"id": name, "statistics": {"viewCount": "1000", **counts}}


def items(*found: dict[str, Any]) -> dict[str, Any]:
    return {"pageInfo": {"totalResults": len(found)}, "items": [*found]}


class TestContract(ConnectorContract):
    connector = YouTube
    settings = SETTINGS
    link = CHANNEL
    value = Decimal(12_300)
    main = CHANNELS
    document = items(channel())
    place = "items.0.statistics.subscriberCount"
    zero = "0"
    other = VIDEO
    canaries = (KEY,)
    strangers = (
        "https://www.youtube.com.evil.test/@acme",
        "https://www.youtube.com/channel/UCshort",
        "https://www.youtube.com/channel/UCabcdefghijklmnopqrstu\u0661",
        "https://www.youtube.com/watch?v=tooshort",
        "https://www.youtube.com/watch?list=PL0123456789abcdef",
        "https://www.youtube.com:8443/@acme",
        "http://www.youtube.com/@acme",
        "https://www.youtube.com/@acme%2F..%2Fuser",
        "https://notyoutu.be/abcDEF_-123",
        "https://youtu.be/abcDEF_-1234",
        "https://www.youtube.com/account_advanced",
    )

    def script(self, stand: Stand) -> None:
        stand.answer(VIDEOS, items(video(likeCount="7")))


def outcomes_of(stand: Stand, *texts: str, known: LookupMemory | None = None) -> dict[str, Any]:
    account = account_of(YouTube, {**SETTINGS, "api_url": f"http://127.0.0.1:{stand.port}"}, lookups=known)
    return run_links([account], texts)[0]


def test_fifty_videos_cost_one_call() -> None:
    ids = [f"video{n:06d}" for n in range(50)]
    with Stand() as stand:
        stand.answer(VIDEOS, items(*(video(one, likeCount=str(n)) for n, one in reversed([*enumerate(ids)]))))
        found = outcomes_of(stand, *(f"https://youtu.be/{one}" for one in ids), f"https://youtu.be/{ids[0]}#metric=views")
        assert [found[f"https://youtu.be/{one}"].value for one in ids] == [*range(50)]
        (seen,) = stand.seen
        assert seen.param("id") == ",".join(ids)
        assert seen.param("maxResults") is None
        assert KEY not in seen.target
        assert seen.headers["x-goog-api-key"] == KEY


def test_more_than_five_channels_come_in_one_answer() -> None:
    ids = [f"UC{n:022d}" for n in range(10)]
    with Stand() as stand:
        stand.answer(CHANNELS, items(*(channel(str(n), name=one) for n, one in enumerate(ids))))
        found = outcomes_of(stand, *(f"https://www.youtube.com/channel/{one}" for one in ids))
        assert [found[f"https://www.youtube.com/channel/{one}"].value for one in ids] == [*range(10)]
        assert [seen.param("maxResults") for seen in stand.seen] == ["50"]


def test_one_that_is_gone_spoils_no_other() -> None:
    gone = "https://youtu.be/gonegonegon"
    with Stand() as stand:
        stand.answer(VIDEOS, items(video(likeCount="7")))
        found = outcomes_of(stand, VIDEO, gone)
        assert found[VIDEO].value == 7
        assert isinstance(found[gone], NotFound)
        assert len(stand.seen) == 1


@pytest.mark.parametrize("nothing", [NOTHING, {"items": []}])
def test_an_answer_without_a_list_means_that_nothing_was_found(nothing: Any) -> None:
    with Stand() as stand:
        stand.answer(CHANNELS, nothing)
        stand.answer(VIDEOS, nothing)
        found = outcomes_of(stand, HANDLE, VIDEO)
        assert all(isinstance(outcome, NotFound) for outcome in found.values())


@pytest.mark.parametrize("strange", [{}, {"items": {}}, [], {"pageInfo": {"totalResults": 3}}, {"error": "error message"}])
def test_an_answer_of_another_shape_is_not_taken_for_nothing(strange: Any) -> None:
    with Stand() as stand:
        stand.answer(VIDEOS, strange)
        assert isinstance(outcomes_of(stand, VIDEO)[VIDEO], UnexpectedReply)


def test_subscribers_are_marked_as_rounded_from_a_thousand_on() -> None:
    for count, rounded in (("999", False), ("1000", True), ("53300000", True)):
        with Stand() as stand:
            stand.answer(CHANNELS, items(channel(count)))
            found = outcomes_of(stand, CHANNEL, f"{CHANNEL}#metric=views")
            assert (found[CHANNEL].value, found[CHANNEL].approximate) == (Decimal(count), rounded)
            assert not found[f"{CHANNEL}#metric=views"].approximate
            assert len(stand.seen) == 1


def test_a_hidden_number_of_subscribers_is_missing_and_not_zero() -> None:
    with Stand() as stand:
        stand.answer(CHANNELS, items(channel("0", hidden=True)))
        found = outcomes_of(stand, CHANNEL, f"{CHANNEL}#metric=videos")
        assert isinstance(found[CHANNEL], AccessDenied)
        assert found[f"{CHANNEL}#metric=videos"].value == 12


@pytest.mark.parametrize("hidden", [None, "false", 0])
def test_a_number_that_may_be_hidden_is_not_believed(hidden: Any) -> None:
    with Stand() as stand:
        stand.answer(CHANNELS, items(channel("0", hidden=hidden)))
        assert isinstance(outcomes_of(stand, CHANNEL)[CHANNEL], UnexpectedReply)


def test_hidden_likes_and_comments_are_missing_and_not_zero() -> None:
    comments = f"{VIDEO}#metric=comments"
    with Stand() as stand:
        stand.answer(VIDEOS, items(video()))
        found = outcomes_of(stand, VIDEO, comments, f"{VIDEO}#metric=views")
        assert isinstance(found[VIDEO], AccessDenied)
        assert isinstance(found[comments], AccessDenied)
        assert found[f"{VIDEO}#metric=views"].value == 1000


def test_a_handle_is_asked_for_once_and_its_id_joins_the_others_from_then_on() -> None:
    known = LookupMemory()
    with Stand() as stand:
        stand.answer(CHANNELS, items(channel()), query={"forHandle": "@acme"})
        assert outcomes_of(stand, HANDLE, f"{HANDLE}/videos", known=known)[HANDLE].value == 12_300
        assert len(stand.seen) == 1
    with Stand() as stand:
        stand.answer(CHANNELS, items(channel(), channel("7", name=OTHER, url="@other")), query={"id": f"{ACME},{OTHER}"})
        other = f"https://www.youtube.com/channel/{OTHER}"
        found = outcomes_of(stand, HANDLE, other, known=known)
        assert (found[HANDLE].value, found[other].value) == (12_300, 7)
        assert len(stand.seen) == 1


def test_a_handle_that_went_to_another_channel_is_asked_for_again() -> None:
    known = LookupMemory({"handle/@acme": ACME})
    with Stand() as stand:
        stand.answer(CHANNELS, items(channel("1", url="@renamed")), query={"id": ACME})
        stand.answer(CHANNELS, items(channel("2", name=OTHER)), query={"forHandle": "@acme"})
        assert outcomes_of(stand, HANDLE, known=known)[HANDLE].value == 2
        assert known == {"handle/@acme": OTHER}


def test_a_chinese_handle_is_encoded_once() -> None:
    link = "https://www.youtube.com/@%E9%98%BF%E5%85%8B%E7%BE%8E"
    with Stand() as stand:
        stand.answer(CHANNELS, items(channel(url="@阿克美")), query={"forHandle": "@阿克美"})
        found = outcomes_of(stand, link, "https://www.youtube.com/@阿克美")
        assert all(isinstance(outcome, Reading) for outcome in found.values())
        assert len(stand.seen) == 1


def test_a_custom_name_counts_only_where_the_channel_bears_it() -> None:
    custom = "https://www.youtube.com/c/Acme"
    for url, good in (("@acme", True), ("acme", True), ("@acme-fans", False)):
        with Stand() as stand:
            stand.answer(CHANNELS, items(channel(url=url)), query={"forHandle": "@acme"})
            assert isinstance(outcomes_of(stand, custom)[custom], Reading if good else NotFound)


def test_an_old_user_name_is_asked_for_as_such() -> None:
    user = "https://www.youtube.com/user/acme"
    with Stand() as stand:
        stand.answer(CHANNELS, items(channel(url="@somethingelse")), query={"forUsername": "acme"})
        assert outcomes_of(stand, user)[user].value == 12_300


def test_the_size_of_a_playlist() -> None:
    playlist = "https://music.youtube.com/playlist?list=OLAK5uy_0123456789"
    with Stand() as stand:
        stand.answer(PLAYLISTS, items({"id": "OLAK5uy_0123456789", "contentDetails": {"itemCount": 0}}))
        assert outcomes_of(stand, playlist)[playlist].value == 0


def refusal(reason: str, status: str = "PERMISSION_DENIED") -> dict[str, Any]:
    return {
        "error": {"code": 403, "message": "CANARY", "errors": [{"domain": "youtube.quota", "reason": reason}], "status": status}
    }


@pytest.mark.parametrize("status", [403, 429])
def test_a_used_up_day_ends_at_midnight_in_california(status: int) -> None:
    body, date = json.dumps(refusal("quotaExceeded")).encode(), {"date": "Tue, 02 Feb 2027 20:00:00 GMT"}
    error = account_of(YouTube, SETTINGS).refine(Reply(status, date, body, "https://youtube.googleapis.com", VIDEOS))
    assert isinstance(error, RateLimited)
    assert error.wait == 12 * 3600


def test_a_used_up_day_is_not_tried_again() -> None:
    with Stand() as stand:
        stand.answer(VIDEOS, Answer.of(refusal("quotaExceeded"), status=403))
        assert isinstance(outcomes_of(stand, VIDEO)[VIDEO], RateLimited)
        assert len(stand.seen) == 1


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (403, refusal("rateLimitExceeded"), RateLimited),
        (403, refusal("accessNotConfigured"), AccessDenied),
        (403, refusal("forbidden"), AccessDenied),
        (400, refusal("keyInvalid", "INVALID_ARGUMENT"), BadCredentials),
        (400, {"error": {"status": "INVALID_ARGUMENT", "details": [{"reason": "API_KEY_INVALID"}]}}, BadCredentials),
        (403, {"error": {"status": "PERMISSION_DENIED", "details": [{"reason": "API_KEY_SERVICE_BLOCKED"}]}}, BadCredentials),
        (400, refusal("invalidPart", "INVALID_ARGUMENT"), UnexpectedReply),
    ],
)
def test_the_reason_of_a_refusal_decides(status: int, body: Any, kind: type[Exception]) -> None:
    with Stand() as stand:
        stand.answer(VIDEOS, Answer.of(body, status=status))
        outcome = outcomes_of(stand, VIDEO)[VIDEO]
        assert type(outcome) is kind
        assert "CANARY" not in str(outcome)


def test_what_would_be_ignored_is_refused() -> None:
    link = links.parse(f"{VIDEO}#period=2026-01-01..2026-03-31")
    assert link is not None
    with pytest.raises(NoSuchMetric):
        YouTube.resolve(link)


@given(st.text(max_size=80))
def test_no_name_reaches_another_parameter(name: str) -> None:
    found = YouTube.links[7].match(links.Address("https", "www.youtube.com", 443, f"/@{name}", (), ""))
    assert found is None or not set(found["handle"]) & set("/?#@,;:&<>\"'()|* \n\t")


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded replies are not part of the project")
@pytest.mark.parametrize(
    ("file", "number", "metric", "value", "rounded"),
    [
        ("channel_info_single.json", 0, "subscribers", "1927873", True),
        ("channel_info_single.json", 0, "views", "160361638", False),
        ("channel_info_single.json", 0, "videos", "5026", False),
        ("info_multiple.json", 0, "subscribers", "10700000", True),
        ("info_multiple.json", 0, "views", "3331930783", False),
        ("info_multiple.json", 1, "subscribers", "2260000", True),
        ("info_multiple.json", 1, "videos", "5652", False),
    ],
)
def test_recorded_replies(file: str, number: int, metric: str, value: str, rounded: bool) -> None:
    item = json.loads((RECORDED / file).read_text(encoding="utf-8"))["items"][number]
    reading = account_of(YouTube, SETTINGS).read(item, Query("youtube", "default", Resource("channel", item["id"]), metric))
    assert (reading.value, reading.approximate) == (Decimal(value), rounded)


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded replies are not part of the project")
@pytest.mark.parametrize(
    ("file", "path", "link"),
    [
        ("channel_info_multi.json", CHANNELS, "https://www.youtube.com/channel/UC_x5XG1OV2P6uZZ5FSM9Ttw"),
        ("videos_info_single.json", VIDEOS, "https://www.youtube.com/watch?v=D-lhorsDlUQ"),
        ("playlists_single.json", PLAYLISTS, "https://www.youtube.com/playlist?list=PLOU2XLYxmsIJXsH2htG1g0NUjHGq62Q7i"),
    ],
)
def test_recorded_replies_without_counts_give_no_number(file: str, path: str, link: str) -> None:
    with Stand() as stand:
        stand.answer(path, json.loads((RECORDED / file).read_text(encoding="utf-8")))
        assert isinstance(outcomes_of(stand, link)[link], UnexpectedReply)


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded replies are not part of the project")
def test_a_recorded_refusal_is_of_the_row() -> None:
    with Stand() as stand:
        stand.answer(VIDEOS, Answer(403, (RECORDED / "error_permission_resp.json").read_bytes()))
        assert isinstance(outcomes_of(stand, VIDEO)[VIDEO], AccessDenied)
