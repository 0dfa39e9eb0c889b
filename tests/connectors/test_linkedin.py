"""LinkedIn against the contract, its sample replies, and its own traps."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sheetsync.app import App, Edges
from sheetsync.config import Config
from sheetsync.connectors import _linkedin as replies
from sheetsync.connectors.linkedin import LinkedIn
from sheetsync.doctor import examine
from sheetsync.errors import (
    AccessDenied,
    Incomplete,
    NoSuchMetric,
    NotConnected,
    NotFound,
    NotReady,
    RateLimited,
    Unavailable,
    UnexpectedReply,
)
from sheetsync.model import PERCENT, Link, Reading
from sheetsync.testing import Answer, ConnectorContract, LookupMemory, Stand, account_of, run_links
from sheetsync.texts import Texts

TOKEN = "AQXcanary0123456789access"
SETTINGS = {"access_token": TOKEN}
PAGE = "https://www.linkedin.com/company/2414183/"
SHARE = "https://www.linkedin.com/feed/update/urn:li:share:6844785523593134080/"
SHARE_URN = "urn:li:share:6844785523593134080"
ACTIVITY = "https://www.linkedin.com/posts/acme_big-news-activity-6844785523593134081-AbC_"
ACTIVITY_URN = "urn:li:activity:6844785523593134081"
RECORDED = Path(__file__).parents[3] / "shared" / "vendor-data" / "linkedin"
NOW = datetime(2027, 2, 10, 9, 0, tzinfo=UTC)

SIZES = "/rest/networkSizes/urn:li:organization:2414183"
SHARES = "/rest/organizationalEntityShareStatistics"
VIEWS = "/rest/organizationPageStatistics"
SOCIAL = "/rest/socialMetadata"
COUNTS = {"LIKE": {"reactionType": "LIKE", "count": 10}, "PRAISE": {"reactionType": "PRAISE", "count": 2}}
STATISTICS = {
    "impressionCount": 900, "uniqueImpressionsCount": 700, "clickCount": 40, "likeCount": -1, "commentCount": 3, "shareCount": 0,
    "engagement": 0.0425,
}  # fmt: skip


def social(**results: Any) -> dict[str, Any]:
    return {"results": results, "errors": {}, "statuses": {}}


A_POST = {SHARE_URN: {"reactionSummaries": COUNTS, "commentSummary": {"count": 5, "topLevelCount": 4}}}


class TestContract(ConnectorContract):
    connector = LinkedIn
    settings = SETTINGS
    link = PAGE
    value = Decimal(219145)
    main = "/rest/networkSizes/urn%3Ali%3Aorganization%3A2414183"
    document = {"firstDegreeSize": 219145}
    place = "firstDegreeSize"
    other = SHARE
    canaries = (TOKEN,)
    strangers = (
        "https://www.linkedin.com.evil.test/company/acme/",
        "https://linkedin.com@evil.test/company/acme/",
        "https://www.linkedin.com/company/",
        "https://www.linkedin.com/company/setup/new/",
        "https://www.linkedin.com/company/acme%2Fadmin",
        "https://www.linkedin.com/feed/update/urn:li:comment:1/",
        "https://www.linkedin.com/feed/update/urn:li:share:abc/",
        "https://www.linkedin.com/posts/acme_big-news-activity-6844785523593134081",
        "https://www.linkedin.com:8443/company/acme/",
        "http://www.linkedin.com/company/acme/",
        "https://learn.microsoft.com/linkedin/",
        "https://api.linkedin.com/company",
    )

    def script(self, stand: Stand) -> None:
        stand.answer(SOCIAL, social(**A_POST))


def account_at(stand: Stand, lookups: LookupMemory | None = None, **settings: Any) -> Any:
    base = {} if "client_id" in settings else SETTINGS
    return account_of(LinkedIn, {**base, "api_url": f"http://127.0.0.1:{stand.port}", **settings}, lookups=lookups)


def outcomes_of(stand: Stand, *texts: str, lookups: LookupMemory | None = None, **settings: Any) -> dict[str, Any]:
    return run_links([account_at(stand, lookups, **settings)], texts)[0]


def value_of(outcome: Any) -> Decimal:
    assert isinstance(outcome, Reading), outcome
    return outcome.value


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch) -> datetime:
    monkeypatch.setattr(LinkedIn, "_now", lambda _self: NOW)
    return NOW


# --- pages


def test_followers_are_asked_for_as_the_versioned_api_wants_it() -> None:
    with Stand() as stand:
        stand.answer(SIZES, {"firstDegreeSize": 959})
        assert value_of(outcomes_of(stand, PAGE)[PAGE]) == 959
        (seen,) = stand.seen
        assert seen.target.endswith("/urn%3Ali%3Aorganization%3A2414183?edgeType=COMPANY_FOLLOWED_BY_MEMBER")
        assert seen.headers["linkedin-version"] == "202608"
        assert seen.headers["x-restli-protocol-version"] == "2.0.0"


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("https://www.linkedin.com/company/Acme/about/", "acme"),
        ("https://cn.linkedin.com/company/%E6%96%B0%E5%93%81-co?trk=x", "%E6%96%B0%E5%93%81-co"),
        ("https://m.linkedin.com/showcase/acme-cloud", "acme-cloud"),
        ("https://linkedin.com/school/l'%C3%A9cole&co/", "l%27%C3%A9cole%26co"),
    ],
)
def test_a_name_is_looked_up_once_and_kept(text: str, sent: str) -> None:
    with Stand() as stand:
        stand.answer("/rest/organizations", {"elements": [{"id": 2414183, "localizedName": "Acme"}]})
        stand.answer(SIZES, {"firstDegreeSize": 7})
        known = LookupMemory()
        assert value_of(outcomes_of(stand, text, lookups=known)[text]) == 7
        assert value_of(outcomes_of(stand, text, lookups=known)[text]) == 7
        assert [seen.path for seen in stand.seen].count("/rest/organizations") == 1
        assert len(stand.seen) == 3
        assert stand.seen[0].target.endswith(f"?q=vanityName&vanityName={sent}")


@pytest.mark.parametrize(
    ("elements", "kind"),
    [
        ([], NotFound),
        ([{"id": 1}, {"id": 2}], NotFound),
        ([{"id": 1, "vanityName": "somebody-else"}], NotFound),
        ([{"id": "../x"}], UnexpectedReply),
    ],
)
def test_a_name_that_leads_nowhere_is_not_kept(elements: list[Any], kind: type[Exception]) -> None:
    text = "https://www.linkedin.com/company/acme/"
    with Stand() as stand:
        stand.answer("/rest/organizations", {"elements": elements})
        known = LookupMemory()
        assert type(outcomes_of(stand, text, lookups=known)[text]) is kind
        assert not known
        assert len(stand.seen) == 1


def test_statistics_of_a_page_share_one_call() -> None:
    with Stand() as stand:
        stand.answer(SHARES, {"elements": [{"organizationalEntity": "urn:li:organization:2414183", replies.SHARES: STATISTICS}]})
        measures = ("impressions", "unique_impressions", "clicks", "likes", "comments", "shares", "engagement_rate")
        texts = {measure: f"{PAGE}#metric={measure}" for measure in measures}
        found = outcomes_of(stand, *texts.values())
        assert [value_of(found[text]) for text in texts.values()] == [900, 700, 40, -1, 3, 0, Decimal("0.0425")]
        assert found[texts["engagement_rate"]].unit == PERCENT
        assert found[texts["impressions"]].as_of is None
        (seen,) = stand.seen
        assert seen.target.endswith("?q=organizationalEntity&organizationalEntity=urn%3Ali%3Aorganization%3A2414183")


@pytest.mark.parametrize("elements", [[], [{replies.SHARES: STATISTICS}, {replies.SHARES: STATISTICS}], {}, [{}]])
def test_statistics_that_are_not_one_group_are_not_read(elements: Any) -> None:
    text = f"{PAGE}#metric=clicks"
    with Stand() as stand:
        stand.answer(SHARES, {"elements": elements})
        assert isinstance(outcomes_of(stand, text)[text], UnexpectedReply)


# --- periods


def millis(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)


def days(first: date, count: int, *, skip: Sequence[int] = (), figures: str = "posts") -> dict[str, Any]:
    """Each day counts one more than the day before, beginning with 1."""
    found = []
    for n in (n for n in range(count) if n not in skip):
        counts: dict[str, Any] = {replies.SHARES: {**STATISTICS, "impressionCount": n + 1}}
        if figures == "page":
            counts = {"totalPageStatistics": {"views": {"allPageViews": {"pageViews": n + 1, "uniquePageViews": 1}}}}
        start = millis(first + timedelta(days=n))
        found.append({"timeRange": {"start": start, "end": start + 86_400_000}, **counts})
    return {"elements": found[::-1]}


@pytest.mark.parametrize(
    ("period", "asked_until", "answer", "value", "until"),
    [
        # over: every day has to be there
        ("2027-01-01..2027-01-31", date(2027, 2, 1), days(date(2027, 1, 1), 31), 496, date(2027, 2, 1)),
        ("2027-02-01..2027-02-09", date(2027, 2, 10), days(date(2027, 2, 1), 9), 45, date(2027, 2, 10)),
        # still running: asked up to today, and the last days may be late
        ("2027-02-01..2027-02-28", date(2027, 2, 10), days(date(2027, 2, 1), 9), 45, date(2027, 2, 10)),
        ("2027-02-01..2027-02-28", date(2027, 2, 10), days(date(2027, 2, 1), 6), 21, date(2027, 2, 7)),
        # what lies outside does not count
        ("2027-01-02..2027-01-03", date(2027, 1, 4), days(date(2027, 1, 1), 31), 5, date(2027, 1, 4)),
    ],
)
def test_a_period_adds_up_its_days(
    today: datetime, period: str, asked_until: date, answer: dict[str, Any], value: int, until: date
) -> None:
    text = f"{PAGE}#metric=impressions&period={period}"
    with Stand() as stand:
        stand.answer(SHARES, answer)
        found = outcomes_of(stand, text)[text]
        assert value_of(found) == value
        assert found.as_of == datetime(until.year, until.month, until.day, tzinfo=UTC)
        first = millis(date.fromisoformat(period[:10]))
        wanted = f"&timeIntervals=(timeRange:(start:{first},end:{millis(asked_until)}),timeGranularityType:DAY)"
        assert stand.seen[0].target.endswith(wanted)


@pytest.mark.parametrize(
    ("period", "answer", "kind"),
    [
        ("2027-01-01..2027-01-31", days(date(2027, 1, 1), 31, skip=[4]), Incomplete),
        ("2027-01-01..2027-01-31", days(date(2027, 1, 1), 31, skip=[0]), Incomplete),
        ("2027-01-01..2027-01-31", days(date(2027, 1, 1), 30), Incomplete),
        ("2027-02-01..2027-02-08", days(date(2027, 2, 1), 7), NotReady),
        ("2027-02-01..2027-02-28", days(date(2027, 2, 1), 5), NotReady),
        ("2027-01-01..2027-01-31", {"elements": []}, Incomplete),
        ("2027-02-09..2027-02-28", {"elements": []}, NotReady),
        ("2027-02-08..2027-02-09", {"elements": []}, NotReady),
        ("2027-01-01..2027-01-31", {"elements": 2 * days(date(2027, 1, 1), 31)["elements"]}, UnexpectedReply),
        ("2027-01-01..2027-01-31", {"elements": [{"timeRange": {"start": 1, "end": 86_400_001}, replies.SHARES: STATISTICS}]},
         UnexpectedReply),
        ("2027-01-01..2027-01-31", {"elements": [{replies.SHARES: STATISTICS}]}, UnexpectedReply),
    ],
)  # fmt: skip
def test_a_period_with_days_missing_is_not_written(
    today: datetime, period: str, answer: dict[str, Any], kind: type[Exception]
) -> None:
    text = f"{PAGE}#metric=impressions&period={period}"
    with Stand() as stand:
        stand.answer(SHARES, answer)
        assert type(outcomes_of(stand, text)[text]) is kind


def test_new_followers_of_a_period_are_added_up(today: datetime) -> None:
    text = f"{PAGE}#metric=new_followers&period=2027-01-01..2027-01-03"
    gains = [(12, 3), (0, 0), (-4, 1)]
    elements = [
        {
            "timeRange": {"start": millis(date(2027, 1, 1 + n)), "end": millis(date(2027, 1, 2 + n))},
            "followerGains": {"organicFollowerGain": organic, "paidFollowerGain": paid},
            "organizationalEntity": "urn:li:organization:2414183",
        }
        for n, (organic, paid) in enumerate(gains)
    ]
    with Stand() as stand:
        stand.answer("/rest/organizationalEntityFollowerStatistics", {"paging": {"start": 0, "count": 10}, "elements": elements})
        found = outcomes_of(stand, text)[text]
        assert value_of(found) == 12
        assert found.as_of == datetime(2027, 1, 4, tzinfo=UTC)
        (seen,) = stand.seen
        first, behind = millis(date(2027, 1, 1)), millis(date(2027, 1, 4))
        assert seen.target.endswith(
            "?q=organizationalEntity&organizationalEntity=urn%3Ali%3Aorganization%3A2414183"
            f"&timeIntervals=(timeRange:(start:{first},end:{behind}),timeGranularityType:DAY)"
        )
        for one in elements:
            del one["followerGains"]["paidFollowerGain"]
        assert type(outcomes_of(stand, text)[text]) is UnexpectedReply


def test_new_followers_need_a_period() -> None:
    with pytest.raises(NoSuchMetric, match="counted by day"):
        LinkedIn.resolve(Link(PAGE, (("metric", "new_followers"),)))


@pytest.mark.parametrize("period", ["2027-02-10..2027-02-28", "2027-03-01..2027-03-31"])
def test_a_period_that_has_not_begun_is_not_asked_about(today: datetime, period: str) -> None:
    text = f"{PAGE}#metric=impressions&period={period}"
    with Stand() as stand:
        assert isinstance(outcomes_of(stand, text)[text], NotReady)
        assert not stand.seen


def test_views_of_a_page_in_a_period(today: datetime) -> None:
    text = f"{PAGE}#metric=page_views&period=2027-01-01..2027-01-31"
    with Stand() as stand:
        stand.answer(VIEWS, days(date(2027, 1, 1), 31, figures="page"))
        assert value_of(outcomes_of(stand, text)[text]) == 496


@pytest.mark.parametrize("metric", ["followers", "unique_impressions", "engagement_rate"])
def test_what_cannot_be_added_up_is_refused(metric: str) -> None:
    text = f"{PAGE}#metric={metric}&period=2027-01-01..2027-01-31"
    with Stand() as stand:
        assert isinstance(outcomes_of(stand, text)[text], NoSuchMetric)
        assert not stand.seen


def test_a_post_has_no_period() -> None:
    text = f"{SHARE}#period=2027-01-01..2027-01-31"
    with Stand() as stand:
        assert isinstance(outcomes_of(stand, text)[text], NoSuchMetric)


# --- posts


def test_ten_posts_cost_one_request_and_all_reactions_count() -> None:
    urns = [f"urn:li:ugcPost:{n}" for n in range(100, 110)]
    with Stand() as stand:
        counts = {urn: {"reactionSummaries": COUNTS, "commentSummary": {"count": n}} for n, urn in enumerate(urns)}
        stand.answer(SOCIAL, social(**{urn.replace(":", "%3A"): one for urn, one in counts.items()}))
        texts = [f"https://www.linkedin.com/feed/update/{urn}" for urn in urns]
        found = outcomes_of(stand, *texts, texts[3] + "#metric=comments")
        assert [value_of(found[text]) for text in texts] == [12] * 10
        assert value_of(found[texts[3] + "#metric=comments"]) == 3
        (seen,) = stand.seen
        assert seen.target.endswith("?ids=List(" + ",".join(urn.replace(":", "%3A") for urn in urns) + ")")


@pytest.mark.parametrize(
    ("summaries", "value"),
    [({}, 0), ({"LIKE": {"count": 0}}, 0), ({"LIKE": {}}, None), ({"LIKE": {"count": None}}, None), ([], None), (None, None)],
)
def test_reactions_that_are_missing_are_not_zero(summaries: Any, value: int | None) -> None:
    with Stand() as stand:
        stand.answer(SOCIAL, social(**{SHARE_URN: {"reactionSummaries": summaries}}))
        found = outcomes_of(stand, SHARE, SHARE + "#metric=comments")
        assert (found[SHARE].value if isinstance(found[SHARE], Reading) else None) == value
        assert isinstance(found[SHARE + "#metric=comments"], UnexpectedReply)


def test_each_post_of_a_batch_has_its_own_error() -> None:
    kinds = {1: NotFound, 2: AccessDenied, 3: Unavailable, 4: UnexpectedReply, 5: RateLimited}
    urns = {n: f"urn:li:share:{n}" for n in kinds}
    with Stand() as stand:
        answer = {
            "results": A_POST,
            "errors": {urns[1]: {"status": 404, "message": "CANARY-BODY"}, urns[3]: {"status": 503}},
            "statuses": {urns[2]: 403, urns[5]: 429},
        }
        stand.answer(SOCIAL, answer)
        texts = {n: f"https://www.linkedin.com/feed/update/{urn}" for n, urn in urns.items()}
        found = outcomes_of(stand, SHARE, *texts.values())
        assert value_of(found[SHARE]) == 12
        assert {n: type(found[text]) for n, text in texts.items()} == kinds
        assert not any("CANARY" in str(outcome) for outcome in found.values())


@pytest.mark.parametrize(
    "answer",
    [
        Answer.of({"message": "x", "status": 400}, status=400),
        Answer.of({"message": "x", "status": 404}, status=404),
        Answer.of({"results": {}, "errors": {ACTIVITY_URN: {"status": 404}}}),
        Answer.of({"results": {}, "statuses": {ACTIVITY_URN: 400}}),
    ],
)
def test_an_activity_that_is_not_counted_says_where_the_other_number_stands(answer: Answer) -> None:
    with Stand() as stand:
        stand.answer(SOCIAL, answer, query={"ids": f"List({ACTIVITY_URN})"})
        stand.answer(SOCIAL, social(**A_POST), query={"ids": f"List({SHARE_URN})"})
        found = outcomes_of(stand, ACTIVITY, SHARE)
        assert isinstance(found[ACTIVITY], NotFound)
        assert "Embed" in found[ACTIVITY].advice
        assert value_of(found[SHARE]) == 12


def test_an_activity_that_is_counted_is_read() -> None:
    with Stand() as stand:
        stand.answer(SOCIAL, social(**{ACTIVITY_URN: A_POST[SHARE_URN]}))
        assert value_of(outcomes_of(stand, ACTIVITY)[ACTIVITY]) == 12


def test_statistics_of_an_activity_are_refused() -> None:
    text = f"{ACTIVITY}#metric=impressions"
    with Stand() as stand:
        found = outcomes_of(stand, text)[text]
        assert isinstance(found, NoSuchMetric)
        assert "Embed" in found.advice
        assert not stand.seen


def test_statistics_of_posts_are_asked_for_together_and_matched_by_post() -> None:
    with Stand() as stand:
        for n in (1, 2, 3):
            author = "urn:li:person:A8xe03Qt10" if n == 3 else "urn:li:organization:5515715"
            stand.answer(f"/rest/posts/urn:li:share:{n}", {"author": author, "id": f"urn:li:share:{n}"})
        elements = [
            {"share": "urn:li:share:2", replies.SHARES: {**STATISTICS, "impressionCount": 222}},
            {"share": "urn:li:share:1", replies.SHARES: {**STATISTICS, "impressionCount": 111}},
        ]
        stand.answer(SHARES, {"elements": elements})
        texts = [f"https://www.linkedin.com/feed/update/urn:li:share:{n}#metric=impressions" for n in (1, 2, 3)]
        known = LookupMemory()
        found = outcomes_of(stand, *texts, lookups=known)
        assert [value_of(found[text]) for text in texts[:2]] == [111, 222]
        assert isinstance(found[texts[2]], NoSuchMetric)
        (statistics,) = (seen for seen in stand.seen if seen.path == SHARES)
        assert statistics.target.endswith("&shares=List(urn%3Ali%3Ashare%3A1,urn%3Ali%3Ashare%3A2)")
        outcomes_of(stand, *texts[:2], lookups=known)
        assert len(stand.seen) == 5


def test_a_post_that_the_statistics_leave_out_is_incomplete() -> None:
    text = "https://www.linkedin.com/feed/update/urn:li:ugcPost:7#metric=clicks"
    with Stand() as stand:
        stand.answer("/rest/posts/urn:li:ugcPost:7", {"author": "urn:li:organizationBrand:9"})
        stand.answer(SHARES, {"elements": [{"ugcPost": "urn:li:ugcPost:8", replies.SHARES: STATISTICS}]})
        assert isinstance(outcomes_of(stand, text)[text], Incomplete)
        assert "ugcPosts=List(urn%3Ali%3AugcPost%3A7)" in stand.seen[-1].target
        assert "organizationalEntity=urn%3Ali%3AorganizationBrand%3A9" in stand.seen[-1].target


# --- versions, refusals, keys


def test_a_version_that_has_ended_is_replaced_once_and_remembered(today: datetime) -> None:
    def answer(seen: Any) -> Answer:
        alive = seen.headers["linkedin-version"] == "202612"
        return Answer.of({"firstDegreeSize": 5} if alive else {"code": "NONEXISTENT_VERSION"}, status=200 if alive else 426)

    with Stand() as stand:
        stand.answer(SIZES, answer)
        known = LookupMemory()
        assert value_of(outcomes_of(stand, PAGE, lookups=known)[PAGE]) == 5
        assert value_of(outcomes_of(stand, PAGE, lookups=known)[PAGE]) == 5
        assert [seen.headers["linkedin-version"] for seen in stand.seen] == ["202608", "202701", "202612", "202612"]
        assert value_of(outcomes_of(stand, PAGE, lookups=known, version="202612")[PAGE]) == 5


def test_no_version_left_is_said(today: datetime) -> None:
    with Stand() as stand:
        stand.answer(SIZES, Answer.of({"code": "NONEXISTENT_VERSION"}, status=426))
        found = outcomes_of(stand, PAGE)[PAGE]
        assert type(found) is UnexpectedReply
        assert len(stand.seen) == 4


def test_months_before_go_over_the_turn_of_the_year() -> None:
    assert list(replies.months_before(date(2027, 2, 10))) == ["202701", "202612", "202611"]


@pytest.mark.parametrize("version", ["", "2026", "latest", "202608; x"])
def test_a_version_that_is_none_is_refused(version: str) -> None:
    with Stand() as stand:
        assert isinstance(outcomes_of(stand, PAGE, version=version)[PAGE], NotConnected)
        assert not stand.seen


def test_a_used_up_day_is_left_for_the_next_one() -> None:
    said = {
        "serviceErrorCode": 101,
        "message": "Resource level throttle DAY limit for calls to this resource is reached.",
        "status": 429,
    }
    with Stand() as stand:
        body = json.dumps(said).encode()
        head = f"HTTP/1.1 429 x\r\ndate: Wed, 10 Feb 2027 21:00:00 GMT\r\ncontent-length: {len(body)}\r\n\r\n"
        stand.answer(SIZES, Answer(raw=head.encode() + body))
        found = outcomes_of(stand, PAGE)[PAGE]
        assert isinstance(found, RateLimited)
        assert found.wait == 3 * 3600 + 1
        assert len(stand.seen) == 1


def test_the_refresh_token_fetches_a_token() -> None:
    with Stand() as stand:
        stand.answer("/oauth/v2/accessToken", {"access_token": TOKEN, "expires_in": 5184000, "refresh_token": "refresh-token-1"},
                     method="POST")  # fmt: skip
        stand.answer(SIZES, {"firstDegreeSize": 5})
        given = {"client_id": "client-1", "client_secret": "client-secret-1", "refresh_token": "refresh-token-1"}
        assert value_of(outcomes_of(stand, PAGE, **given)[PAGE]) == 5
        assert stand.seen[0].form()["refresh_token"] == "refresh-token-1"
        assert stand.seen[1].headers["authorization"] == f"Bearer {TOKEN}"


# --- what is announced


def warned(stand: Stand, known: LookupMemory, **settings: Any) -> str:
    outcome = outcomes_of(stand, PAGE, lookups=known, **settings)[PAGE]
    assert isinstance(outcome, Reading), outcome
    return Texts().say(outcome.warning) if outcome.warning else ""


def on(day: date, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LinkedIn, "_now", lambda _self: datetime(day.year, day.month, day.day, 12, tzinfo=UTC))


def test_the_end_of_an_access_token_is_counted_from_its_first_use(monkeypatch: pytest.MonkeyPatch) -> None:
    known, began = LookupMemory(), date(2026, 9, 1)
    said = "The access token of the LinkedIn account default ends on 2026-10-31 at the latest: sign in again before."
    with Stand() as stand:
        stand.answer(SIZES, {"firstDegreeSize": 5})
        for day, expected in ((0, ""), (45, ""), (46, said), (59, said)):
            on(began + timedelta(days=day), monkeypatch)
            assert warned(stand, known) == expected
        assert warned(stand, known, access_token="another-token-of-linkedin") == ""
    assert TOKEN not in "".join(known.values())


def test_the_end_of_a_refresh_token_is_as_linkedin_says(monkeypatch: pytest.MonkeyPatch) -> None:
    known, ends = LookupMemory(), datetime(2026, 12, 20, 0, 0, 5, tzinfo=UTC)
    given = {"client_id": "client-1", "client_secret": "client-secret-1", "refresh_token": "refresh-token-1"}
    said = "The sign-in of the LinkedIn account default ends on 2026-12-20: sign in again before."
    for day, slow, expected in ((1, 0, ""), (6, 0, said), (7, 30, said), (8, -30, said), (19, 0, said)):
        now = datetime(2026, 12, day, 12, tzinfo=UTC)
        monkeypatch.setattr(LinkedIn, "_now", lambda _self, now=now: now)
        with Stand() as stand:
            left = int((ends - now).total_seconds()) + slow  # near midnight, clocks differ: the sentence stays the same
            stand.answer("/oauth/v2/accessToken", {"access_token": TOKEN, "expires_in": 5184000,
                                                   "refresh_token_expires_in": left}, method="POST")  # fmt: skip
            stand.answer(SIZES, {"firstDegreeSize": 5})
            assert warned(stand, known, **given) == expected


def test_a_version_near_its_end_is_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    with Stand() as stand:
        stand.answer(SIZES, {"firstDegreeSize": 5})
        on(date(2027, 6, 30), monkeypatch)
        assert warned(stand, LookupMemory()) == ""
        on(date(2027, 7, 1), monkeypatch)
        said = "LinkedIn supports version 202608 of its API until 2027-08 only: set a newer one in sheetsync.toml."
        assert warned(stand, LookupMemory()) == said
        assert warned(stand, LookupMemory(), version="202707") == ""
        stand.answer(SIZES, lambda seen: Answer(426) if seen.headers["linkedin-version"] == "202608" else
                     Answer.of({"firstDegreeSize": 5}))  # fmt: skip
        known = LookupMemory()
        said = "Version 202608 of LinkedIn's API has ended and 202706 is used: set it in sheetsync.toml."
        assert [warned(stand, known), warned(stand, known)] == [said, said]


def test_doctor_shows_a_warning_and_is_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on(date(2027, 7, 1), monkeypatch)
    with Stand() as stand:
        stand.answer("/rest/organizationAcls", {"elements": []})
        account = {"access_token": {"env": "KEY"}, "api_url": f"http://127.0.0.1:{stand.port}"}
        config = Config(None, tmp_path, accounts={"linkedin": {"default": account}})
        with App(config, Edges(environ={"KEY": TOKEN, "SHEETSYNC_STATE": str(tmp_path / "state")})) as app:
            (found,) = examine(app, "linkedin")
        assert found.ok
        assert "⚠ LinkedIn supports version 202608" in found.message


def test_an_account_without_a_key_says_what_it_needs() -> None:
    with Stand() as stand:
        assert isinstance(outcomes_of(stand, PAGE, access_token=None)[PAGE], NotConnected)


def test_the_key_is_probed_by_its_own_pages() -> None:
    with Stand() as stand:
        stand.answer("/rest/organizationAcls", {"elements": []})
        account = account_at(stand)
        with stand.web(*account.origins(), auth=account.auth(), refine=account.refine) as web:
            account.probe(web)
        assert len(stand.seen) == 1


# --- sample replies

skip = pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded replies are not part of the project")


@skip
def test_recorded_page_views() -> None:
    sample = json.loads((RECORDED / "organizationStatistics.json").read_text(encoding="utf-8"))
    text = f"{PAGE}#metric=page_views"
    with Stand() as stand:
        stand.answer(VIEWS, {"elements": [sample]})
        assert value_of(outcomes_of(stand, text)[text]) == 17786


@skip
@pytest.mark.parametrize(
    ("file", "name", "number"),
    [("organization.json", "linkedin", "1337"), ("organizationBrand.json", "example.com", "11111111")],
)
def test_recorded_pages_are_found_by_name(file: str, name: str, number: str) -> None:
    sample = json.loads((RECORDED / file).read_text(encoding="utf-8"))
    text = f"https://www.linkedin.com/company/{name}"
    with Stand() as stand:
        stand.answer("/rest/organizations", {"elements": [sample]})
        stand.answer(f"/rest/networkSizes/urn:li:organization:{number}", {"firstDegreeSize": 959})
        assert value_of(outcomes_of(stand, text)[text]) == 959


@skip
def test_recorded_statistics_of_posts() -> None:
    """Each line is one post's statistics; engagement is a share that can lie above one, and a count below zero."""
    with (RECORDED / "linkedin_pages_share_statistic_data.csv").open(encoding="utf-8", newline="") as file:
        lines = {line["_share_entity_urn"]: line for line in csv.DictReader(file)}
    names = {"impression_count": "impressionCount", "click_count": "clickCount", "share_count": "shareCount"}
    elements = [
        {
            "share": urn,
            replies.SHARES: {**{to: int(line[of]) for of, to in names.items()}, "engagement": float(line["engagement"])},
        }
        for urn, line in lines.items()
    ]
    author = json.loads((RECORDED / "post.json").read_text(encoding="utf-8"))
    with Stand() as stand:
        stand.answer(SHARES, {"elements": elements})
        chosen = [urn for urn in lines if urn.endswith(("6493542110413803520", "6430823833560842241"))]
        for urn in chosen:
            stand.answer(f"/rest/posts/{urn}", author)
        texts = {(urn, of): f"https://www.linkedin.com/feed/update/{urn}#metric={of}"
                 for urn in chosen for of in ("impressions", "shares", "engagement_rate")}  # fmt: skip
        found = outcomes_of(stand, *texts.values())
        values = {key: str(value_of(found[text])) for key, text in texts.items()}
        first, second = "urn:li:share:6493542110413803520", "urn:li:share:6430823833560842241"
        assert values == {
            (first, "impressions"): "5", (first, "shares"): "0", (first, "engagement_rate"): "6.6",
            (second, "impressions"): "0", (second, "shares"): "-1", (second, "engagement_rate"): "0.0",
        }  # fmt: skip


@skip
def test_recorded_pages_without_counts_give_none() -> None:
    for file in ("company.json", "share.json"):
        sample = json.loads((RECORDED / file).read_text(encoding="utf-8"))
        with Stand() as stand:
            stand.answer(SIZES, sample)
            assert isinstance(outcomes_of(stand, PAGE)[PAGE], UnexpectedReply)
