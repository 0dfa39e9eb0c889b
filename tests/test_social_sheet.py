"""One workbook, many rows of every social service and input, one run: the fewest requests that will do, and how many."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sheetsync.app import App, Edges, Wishes
from sheetsync.config import Config, WorkbookConfig
from sheetsync.model import RunReport
from sheetsync.testing import Answer, Stand
from tests.conftest import write_plan
from tests.connectors import test_douyin, test_facebook, test_linkedin, test_mail, test_wechat
from tests.connectors.imap_stand import PASSWORD, ImapStand
from tests.test_services_sheet import Town

KEY = {"env": "KEY"}
TEN = range(10)


@dataclass
class Service:
    """Rows as pairs of link and figure, what a run of all of them costs, and what a second run costs."""

    account: dict[str, Any]
    rows: dict[str, int]
    requests: int
    again: int
    hosts: tuple[str, ...] = ()
    script: Callable[[Stand], None] = lambda _stand: None
    stand: Stand | None = field(default=None, repr=False)


def listed(seen: Any, name: str, make: Callable[[str], dict[str, Any]]) -> list[dict[str, Any]]:
    """An entry for each id of the question."""
    return [make(one) for one in (seen.param(name) or "").split(",")]


def linkedin(stand: Stand) -> None:
    stand.answer("/rest/networkSizes/urn:li:organization:1", {"firstDegreeSize": 1})
    stand.answer("/rest/networkSizes/urn:li:organization:2", {"firstDegreeSize": 2})
    counts = {"reactionSummaries": {"LIKE": {"count": 1}, "PRAISE": {"count": 2}}, "commentSummary": {"count": 5}}
    stand.answer("/rest/socialMetadata", test_linkedin.social(**{f"urn:li:share:{n + 100}": counts for n in TEN}))


def x(stand: Stand) -> None:
    stand.answer(
        "/2/users/by",
        lambda seen: Answer.of(
            {
                "data": listed(
                    seen,
                    "usernames",
                    lambda name: {
                        "id": name[4:],
                        "username": name,
                        "name": name,
                        "public_metrics": {"followers_count": int(name[4:])},
                    },
                )
            }
        ),
    )
    stand.answer("/2/tweets", lambda seen: Answer.of({"data": listed(seen, "ids", lambda one: {
        "id": one, "text": "x", "public_metrics": {"like_count": int(one), "repost_count": 3}})}))  # fmt: skip


def graph(stand: Stand) -> None:
    def post(n: int) -> dict[str, Any]:
        code = f"https://www.instagram.com/p/CSr71Gzlqo{n}/"
        return {"id": str(n + 500), "permalink": code, "like_count": n, "comments_count": 7}

    def node(one: str) -> dict[str, Any]:
        if "_" in one:
            return {**test_facebook.post(), "id": one}
        if one.isdigit():
            return post(int(one) - 500)
        count = one.removeprefix("acme")
        return {"id": "9" + count, "username": one, "followers_count": int(count), "fan_count": 1}

    def nodes(seen: Any) -> Answer:
        return Answer.of({one.get("username", one["id"]): one for one in listed(seen, "ids", node)})

    stand.answer("/v26.0/", nodes)
    stand.answer(
        "/v26.0/17841400000000001",
        lambda seen: Answer.of(
            {
                "business_discovery": {
                    "username": (seen.param("fields") or "").partition("username(")[2].partition(")")[0],
                    "followers_count": 64_976,
                }
            }
        ),
    )
    stand.answer("/v26.0/17841400000000001/media", {"data": [post(n) for n in TEN]})


def youtube(stand: Stand) -> None:
    stand.answer(
        "/youtube/v3/channels",
        lambda seen: Answer.of(
            {
                "items": listed(
                    seen,
                    "id",
                    lambda one: {
                        "id": one,
                        "statistics": {"subscriberCount": str(int(one[-2:])), "hiddenSubscriberCount": False, "viewCount": "1"},
                    },
                )
            }
        ),
    )
    stand.answer("/youtube/v3/videos", lambda seen: Answer.of({"items": listed(seen, "id", lambda one: {
        "id": one, "statistics": {"viewCount": "70", "likeCount": str(int(one[-2:]))}})}))  # fmt: skip


def weibo(stand: Stand) -> None:
    stand.answer(
        "/2/statuses/count.json",
        lambda seen: Answer.of(
            listed(seen, "ids", lambda one: {"id": int(one), "comments": 3, "reposts": 5, "attitudes": int(one[-2:])})
        ),
    )
    stand.answer("/2/users/counts.json", lambda seen: Answer.of(listed(seen, "uids", lambda one: {
        "id": one, "followers_count": one[-2:], "friends_count": "1", "statuses_count": "2"})))  # fmt: skip


def wechat(stand: Stand) -> None:
    stand.answer("/cgi-bin/stable_token", test_wechat.dated({"access_token": "t" * 20, "expires_in": 7200}), method="POST")
    stand.answer("/datacube/getusercumulate", test_wechat.users(d2026_11_22=1217), method="POST")
    details = [{"stat_date": "2026-11-22", "read_user": 41, "share_user": 5}]
    stand.answer("/datacube/getarticletotaldetail", {"list": [
        {"ref_date": "2026-11-22", "msgid": f"2247490098_{n}", "detail_list": details} for n in (1, 2)], "is_delay": False},
        method="POST")  # fmt: skip


def douyin(stand: Stand) -> None:
    stand.answer("/oauth/refresh_token/", test_douyin.granted(30 * 86_400), method="POST")
    stand.answer("/data/external/user/fans/", test_douyin.TestContract.document)

    def video(seen: Any) -> Answer:
        counts = {"digg_count": 200, "play_count": "300"}
        return Answer.of(test_douyin.whole(list=[{"video_id": seen.json()["video_ids"][0], "statistics": counts}]))

    stand.answer("/api/douyin/v1/video/video_data/", video, method="POST")


def prometheus(stand: Stand) -> None:
    stand.answer("/api/v1/query", {"status": "success", "data": {"resultType": "vector", "result": [
        {"metric": {}, "value": [1, "7"]}]}})  # fmt: skip


def pages(stand: Stand) -> None:
    stand.answer("/kpi.json", {"visits": {"total": 12}, "leads": [{"n": 1}, {"n": 2}]})
    stand.answer("/press", Answer(200, b"<p class=a>1234</p><b data-n=7>x</b>", {"content-type": "text/html"}))
    moments = ("30 Dec 2026", "02 Jan 2027", "03 Jan 2027", "09 Jan 2027")
    entries = "".join(
        f"<item><title>n</title><guid>{n}</guid><pubDate>{day} 10:00:00 GMT</pubDate></item>" for n, day in enumerate(moments)
    )
    feed = f'<?xml version="1.0"?><rss version="2.0"><channel><title>x</title>{entries}</channel></rss>'
    stand.answer("/feed.xml", Answer(200, feed.encode(), {"content-type": "application/rss+xml"}))


SITE = "https://www.acme.example"
WEIBO_USERS, WEIBO_POSTS = "https://weibo.com/u/14043765{:02}", "https://m.weibo.cn/detail/46077410095946{:02}"
BIZ = "MzA5NDY0MDAyMA=="
ARTICLE = f"https://mp.weixin.qq.com/s?__biz={BIZ}&mid=2247490098&idx={{}}#metric={{}}&period=2026-11-22..2026-11-22"


def services() -> dict[str, Service]:
    site = {"origin": SITE, "paths": ["/**"]}
    return {
        # two pages one by one, ten posts together
        "linkedin": Service({"access_token": KEY}, {
            **{f"https://www.linkedin.com/company/{n}/": n for n in (1, 2)},
            **{f"https://www.linkedin.com/feed/update/urn:li:share:{n + 100}/": 3 for n in TEN},
            "https://www.linkedin.com/feed/update/urn:li:share:100/#metric=comments": 5,
        }, 3, 3, ("api.linkedin.com",), linkedin),
        # ten accounts, ten posts; then what was paid for is kept for the day
        "x": Service({"bearer_token": KEY}, {
            **{f"https://x.com/acme{n + 100}": n + 100 for n in TEN},
            **{f"https://x.com/a/status/{n + 100}": n + 100 for n in TEN},
            "https://x.com/a/status/100#metric=reposts": 3,
        }, 2, 0, ("api.x.com",), x),
        # ten pages, ten posts
        "facebook": Service({"access_token": KEY}, {
            **{f"https://www.facebook.com/acme{n + 1000}": n + 1000 for n in TEN},
            **{f"https://www.facebook.com/permalink.php?story_fbid={n + 98_765}&id=1234567890": 12 for n in TEN},
        }, 2, 2, ("graph.facebook.com",), graph),
        # two profiles one by one, ten own posts from one page of the listing, whose numbers are then known
        "instagram": Service({"access_token": KEY, "user_id": "17841400000000001"}, {
            "https://www.instagram.com/acme.global/": 64_976, "https://www.instagram.com/acme.de/": 64_976,
            **{f"https://www.instagram.com/p/CSr71Gzlqo{n}/": n for n in TEN},
            "https://www.instagram.com/p/CSr71Gzlqo1/#metric=comments": 7,
        }, 3, 3, (), graph),
        "youtube": Service({"api_key": KEY}, {
            **{f"https://www.youtube.com/channel/UCabcdefghijklmnopqrst{n + 10}": n + 10 for n in TEN},
            **{f"https://youtu.be/abcDEF_-1{n + 10}": n + 10 for n in TEN}, "https://youtu.be/abcDEF_-110#metric=views": 70,
        }, 2, 2, ("youtube.googleapis.com",), youtube),
        "weibo": Service({"access_token": KEY}, {
            **{WEIBO_USERS.format(n + 10): n + 10 for n in TEN}, **{WEIBO_POSTS.format(n + 10): n + 10 for n in TEN},
            WEIBO_POSTS.format(10) + "#metric=reposts": 5,
        }, 2, 2, ("api.weibo.com",), weibo),
        # the token (once a process), the followers, the articles of one day
        "wechat": Service({"app_id": "wx0123456789abcdef", "app_secret": KEY, "biz": BIZ}, {
            "https://mp.weixin.qq.com/misc/useranalysis?token=1": 1217,
            **{ARTICLE.format(n, metric): count for n in (1, 2) for metric, count in (("reads", 41), ("shares", 5))},
        }, 3, 2, ("api.weixin.qq.com",), wechat),
        # the token (once a process), the followers, each video by itself: the answer does not say which of several it is about
        "douyin": Service({"client_key": "tt10abc", "refresh_token": KEY, "sec_uid": test_douyin.SEC_UID}, {
            test_douyin.USER: 1217, test_douyin.SELF: 1217, test_douyin.VIDEO: 200, test_douyin.VIDEO + "#metric=plays": 300,
            "https://www.douyin.com/video/7227815678634470002": 200,
        }, 4, 3, ("open.douyin.com",), douyin),
        "prometheus": Service({"url": "https://prom.acme.example", "queries": {"a": "a", "b": "b"}}, {
            "prom:default/a": 7, "prom:default/b": 7,
        }, 2, 2, ("prom.acme.example",), prometheus),
        "http": Service(site, {f"{SITE}/kpi.json#$.visits.total": 12, f"{SITE}/kpi.json#sum(n)&item=$.leads": 3},
                        1, 1, ("www.acme.example",), pages),
        "webpage": Service(site, {f"{SITE}/press#select=css:.a": 1234, f"{SITE}/press#select=css:b@data-n": 7}, 1, 1, (), pages),
        "feed": Service(site, {
            f"{SITE}/feed.xml#item=entries&period=2027-01-01..2027-01-31": 3,
            f"{SITE}/feed.xml#item=entries&period=2027-01-02..2027-01-03": 2,
        }, 1, 1, (), pages),
    }  # fmt: skip


@pytest.fixture
def place(tmp_path: Path) -> Iterator[tuple[Town, dict[str, Service], ImapStand]]:
    town, found = Town(), services()
    with ImapStand() as mails:
        for service in found.values():
            service.stand = Stand()
            for host in service.hosts:
                town.settle(host, service.stand)
            if service.hosts:
                service.script(service.stand)
        mails.inbox.add(test_mail.mail_of(), test_mail.MOMENT)
        found["mail"] = Service({
            "server": "127.0.0.1", "port": mails.port, "user": "reports@example.org", "password": {"env": "PASSWORD"},
            "tls": False,
            "authserv_id": "mx.example.org",
            "reports": {"weekly": {"sender": ["report@agency.example"], "subject": "Weekly*", "attachment": "*.csv",
                                   "max_age_days": test_mail.AGE}},
        }, {"mail:weekly#sum(reach)": 1234, "mail:weekly#count": 2}, 1, 1)  # fmt: skip
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "leads.csv").write_text("stage,amount\nSQL,100\nMQL,5\n")
        found["file"] = Service(
            {"folders": ["data"]}, {"file:data/leads.csv#count": 2, "file:data/leads.csv#sum(amount)&where=stage:SQL": 100}, 1, 1
        )
        yield town, found, mails
        for service in found.values():
            if service.stand is not None:
                service.stand.close()


def test_many_rows_of_every_service_cost_the_fewest_requests_and_nothing_is_written_twice(
    place: tuple[Town, dict[str, Service], ImapStand], tmp_path: Path, own_state: Path
) -> None:
    town, found, mails = place
    expected = [(name, link, figure) for name, service in found.items() for link, figure in service.rows.items()]
    rows = [(name, "O1 Grow", f"KR {n}", "number", 0, 10**9, None, link, *4 * [None])
            for n, (name, link, _) in enumerate(expected)]  # fmt: skip
    book = write_plan(tmp_path / "okr.xlsx", rows)
    config = Config(None, tmp_path, timezone="UTC", accounts={name: {"default": one.account} for name, one in found.items()})
    environ = {"KEY": "canary-key-0123456789", "PASSWORD": PASSWORD, "SHEETSYNC_STATE": str(own_state)}

    def run(app: App) -> RunReport:
        report = app.run(WorkbookConfig(path=str(book)), Wishes())
        assert report.error is None
        return report

    with App(config, Edges(environ=environ, web=town.web)) as app:
        first = run(app)
        assert [(row.state, row.message) for row in first.rows if row.state != "fresh"] == []
        assert [(row.group, row.link, row.new) for row in first.rows] == expected
        assert all(min(2, len(service.rows)) == 2 for service in found.values())
        assert spent(found) == asked(found, lambda one: one.requests)
        assert first.requests == sum(one.requests for one in found.values())
        before = book.read_bytes()
        second = run(app)
        assert (second.planned, second.edits) == ((), 0)
        assert book.read_bytes() == before
        assert second.requests == sum(one.again for one in found.values())
        assert spent(found) == asked(found, lambda one: one.requests + one.again)
    assert mails.said.count("LOGIN") == 2


def spent(found: dict[str, Service]) -> dict[str, int]:
    """Requests by the host that answered; services that share one are counted together."""
    return {service.hosts[0]: len(service.stand.seen) for service in found.values() if service.hosts and service.stand}


def asked(found: dict[str, Service], count: Callable[[Service], int]) -> dict[str, int]:
    sums: dict[str, int] = {}
    shared = {"instagram": "facebook", "webpage": "http", "feed": "http"}
    for name, service in found.items():
        hosts = found[shared.get(name, name)].hosts
        if hosts:
            sums[hosts[0]] = sums.get(hosts[0], 0) + count(service)
    return sums
