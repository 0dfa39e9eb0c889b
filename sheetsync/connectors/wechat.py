"""A WeChat official account: a page of its backend, its home or an article's long address goes in; followers or reads come out.

API            https://developers.weixin.qq.com/doc/service/guide/ (data interfaces, for verified accounts only)
Key            AppID and AppSecret from the account's backend; the address of this computer must be on its IP allow-list
Token          `stable_token` only, which leaves the tokens of the company's other programs alone
Days           are Beijing's; yesterday's figures are there from 08:00 on, and before that nothing is asked. What day it is says
               the Date of the token's answer.
Own account    other accounts cannot be asked. Numbers of articles repeat between accounts, so an address is only read when its
               `__biz` is the one in the settings.
Articles       are listed by the day of their publication, counted for 30 days, and left out below three interactions
Short links    (`/s/…` with 22 characters) hide the article's number; no call leads from one to the other
Reads          are sums of each day's readers, so that one who reads on two days counts twice
Real service   not yet run against it; checked against its documentation and published samples
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Final

from sheetsync import values
from sheetsync.connectors import _wechat_articles as articles
from sheetsync.connectors import _wechat_links as pages
from sheetsync.connectors._beijing import day_of, end_of
from sheetsync.connectors._options import days_of, only
from sheetsync.connectors._together import Documents, together
from sheetsync.connectors._wechat import StableToken, meaning
from sheetsync.connectors._wechat_followers import Followers
from sheetsync.connectors.base import BatchConnector, Example, Limits, LinkPattern, Lookups, Metric, Settings, setting, walk
from sheetsync.errors import LinkError, NotReady
from sheetsync.model import Link, Query, Reading, Resource
from sheetsync.secrets import Secret
from sheetsync.web.auth import Auth
from sheetsync.web.http import Reply, Web

READY_HOUR: Final = 8
"""In Beijing, see the notes of https://developers.weixin.qq.com/doc/subscription/api/wedata/user/api_getusercumulate.html."""

_HOST: Final = r"mp\.weixin\.qq\.com"
_BIZ: Final = r"[A-Za-z0-9]{8,24}={0,2}"
_PASTE: Final = "Paste the article's long address, which holds __biz, mid and idx, or the page 用户分析 of the account's backend."


@dataclass(frozen=True, slots=True, kw_only=True)
class WeChatSettings(Settings):
    app_id: str = setting("AppID of the official account (wx…), from its backend.")
    app_secret: Secret = setting("AppSecret of the official account.")
    biz: str = setting("The account's __biz as it stands in the long address of its articles; needed for articles.", "")
    lag_days: int = setting("How many days late this source reports; its rows are judged that much later.", 1)


class WeChat(BatchConnector[WeChatSettings]):
    title = "WeChat official account"
    settings_type = WeChatSettings
    home = ("https://api.weixin.qq.com",)
    limits = Limits(concurrency=1, rates=((10, 1.0),), batch=100)

    links = (
        LinkPattern("article", _HOST, "/s/?", {"__biz": _BIZ, "mid": r"\d{4,12}", "idx": "[1-8]"}),
        LinkPattern("article", _HOST, "/mp/appmsg/show/?", {"__biz": _BIZ, "appmsgid": r"\d{4,12}", "itemidx": "[1-8]"}),
        LinkPattern("account", _HOST, "/mp/profile_ext/?", {"action": "home", "__biz": _BIZ}),
        LinkPattern("account", _HOST, r"/cgi-bin/(home|user_tag|contactmanage|settingpage)/?", {"token": r"\d{1,12}"}),
        LinkPattern("account", _HOST, r"/misc/useranalysis/?", {"token": r"\d{1,12}"}),
        LinkPattern("short", _HOST, r"/s/[A-Za-z0-9_-]{22}/?", instead=_PASTE),
        LinkPattern("backend", _HOST, r"/(cgi-bin|misc)/\w+/?", {"token": r"\d{1,12}"}, instead=_PASTE),
        LinkPattern("album", _HOST, r"/mp/(appmsgalbum|homepage)/?", {"__biz": ".+"}, instead=_PASTE),
        LinkPattern("channel", r"channels\.weixin\.qq\.com", "/.*", instead=_PASTE),
    )
    metrics = {
        "account": (
            Metric("followers", "followers at the end of the day", "cumulate_user"),
            Metric("net_followers", "followers gained, less those lost, in period=", "cumulate_user"),
        ),
        "article": (
            Metric("reads", "readers, day by day, in the 30 days since its publication"),
            Metric("shares", "readers who shared it"),
            Metric("likes", "readers who liked it (赞)"),
            Metric("recommended", "readers who recommended it (在看)"),
            Metric("comments", "comments"),
            Metric("favourites", "readers who saved it (收藏)"),
        ),
    }
    examples = (
        Example(
            "https://mp.weixin.qq.com/misc/useranalysis?&token=1234567890&lang=zh_CN", "account/own", "followers",
            {"ref_date": "2026-11-22", "cumulate_user": 1217056}, Decimal(1217056),
        ),
        Example("https://mp.weixin.qq.com/cgi-bin/home?t=home/index&lang=zh_CN&token=1234567890", "account/own", "followers"),
        Example(
            "https://mp.weixin.qq.com/cgi-bin/home?t=home/index&token=1#metric=net_followers&period=2026-10-01..2026-12-31",
            "account/own?after=2026-09-30&at=2026-12-31", "net_followers",
            {"ref_date": "2026-11-22", "cumulate_user": 1217056, "before": 1217000}, Decimal(56),
        ),
        Example(
            "https://mp.weixin.qq.com/mp/profile_ext?action=home&__biz=MzA5NDY0MDAyMA==&scene=124#wechat_redirect",
            "account/MzA5NDY0MDAyMA==", "followers",
        ),
        Example(
            "https://mp.weixin.qq.com/s?__biz=MzA5NDY0MDAyMA==&mid=2247490098&idx=1&sn=0123456789abcdef&chksm=ab#rd",
            "article/2247490098_1?biz=MzA5NDY0MDAyMA==", "reads", {"stat_date": "2026-11-22", "read_user": 4123}, Decimal(4123),
        ),
        Example(
            "https://mp.weixin.qq.com/s?__biz=MzA5NDY0MDAyMA%3D%3D&mid=2247490098&idx=2#metric=favourites&period=2025-10-01..2025-10-31",
            "article/2247490098_2?biz=MzA5NDY0MDAyMA==&from=2025-10-01&to=2025-10-31", "favourites",
            {"stat_date": "2025-10-09", "int_page_read_user": 23676, "add_to_fav_user": 1}, Decimal(1),
        ),
    )  # fmt: skip
    unsupported = (
        "https://mp.weixin.qq.com/s/AbCdEfGhIjKlMnOpQrStUv",
        "https://mp.weixin.qq.com/misc/appmsganalysis?action=report&token=1234567890",
        "https://mp.weixin.qq.com/mp/appmsgalbum?__biz=MzA5NDY0MDAyMA==&action=getalbum&album_id=1",
        "https://channels.weixin.qq.com/platform",
    )

    def __init__(self, account: str, settings: WeChatSettings, lookups: Lookups) -> None:
        super().__init__(account, settings, lookups)
        self._token = StableToken(self.base(), settings.app_id, settings.app_secret)

    def auth(self) -> Auth:
        return self._token

    @classmethod
    def chosen(cls, kind: str, ids: Mapping[str, str], link: Link) -> tuple[Resource, str]:
        only(link, "period")
        metric, days = cls.metric_of(kind, link).name, days_of(link)
        if kind == "account":
            return Resource("account", ids.get("__biz", "own"), pages.moments(metric, days)), metric
        number = f"{ids.get('mid') or ids['appmsgid']}_{ids.get('idx') or ids['itemidx']}"
        return Resource("article", number, (("biz", ids["__biz"]), *articles.searched(days))), metric

    def serves(self, link: Link, resource: Resource) -> bool:  # noqa: ARG002 - the resource says it all
        return self.settings.biz == "" or pages.biz_of(resource) in (None, self.settings.biz)

    def fetch_batch(self, resources: Sequence[Resource], web: Web) -> Documents:
        found: dict[Resource, Any | LinkError] = {
            one: error for one in resources if (error := pages.not_ours(one, self.settings.biz, self.account)) is not None
        }
        ours = [one for one in resources if one not in found]
        if not ours:
            return found
        now = self._token.now(web)
        if now.hour < READY_HOUR:
            return found | dict.fromkeys(ours, NotReady("WeChat has yesterday's figures from 08:00 on, Beijing time."))
        yesterday = now.date() - timedelta(days=1)
        if ours[0].kind == "article":
            search = articles.Search(partial(self._of_day, web), self.lookups, yesterday)
            return found | dict(search.documents(ours))
        equal: dict[tuple[tuple[str, str], ...], list[Resource]] = {}
        for one in ours:  # the account's home and its backend ask for the same figure
            equal.setdefault(one.params, []).append(one)
        followers = Followers(partial(self._of_days, web))
        calls = ((some, partial(followers.documents, some, dict(params), yesterday)) for params, some in equal.items())
        return found | together(calls)

    def read(self, document: Any, query: Query) -> Reading:
        if query.resource.kind == "article":
            names = articles.FIELDS[query.metric]
            name = next((name for name in names if name in document), names[0])
            figure = values.figure(walk(document, name)).value
            return Reading(figure, as_of=end_of(day_of(walk(document, "stat_date"))))
        figure = values.figure(walk(document, "cumulate_user")).value
        if query.metric == "net_followers":
            figure -= values.figure(walk(document, "before")).value
        return Reading(figure, as_of=end_of(day_of(walk(document, "ref_date"))))

    def refine(self, reply: Reply) -> LinkError | None:
        return meaning(reply)

    def probe(self, web: Web) -> None:
        day = self._token.now(web).date() - timedelta(days=3)
        Followers(partial(self._of_days, web)).cumulated(day, day)

    # --- how WeChat is asked

    def _of_days(self, web: Web, call: str, first: date, last: date) -> Any:
        return self.post(web, f"/datacube/{call}", {"begin_date": first.isoformat(), "end_date": last.isoformat()})

    def _of_day(self, web: Web, call: str, day: date) -> Any:
        return self._of_days(web, call, day, day)
