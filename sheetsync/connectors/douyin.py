"""Douyin: the address of an own account or one of its videos goes in; followers, likes, comments or plays come out.

API            https://developer.open-douyin.com/docs/resource/zh-CN/dop/overview
Key            a website app of a company, reviewed for the scopes data.external.user and video.data.bind, and the agreement of
               the account's owner: its refresh token. It lives 30 days and is renewed five times, see `_douyin`.
Own account    only accounts that agreed can be asked; an address is compared with the sec_uid and the uid in the settings
Followers      are Douyin's alone, its own page adds those of Toutiao and Xigua; of the newest day there is, mostly yesterday,
               Beijing time; refreshed between 10:00 and 14:00; none for accounts below 100 followers or on the first day
Daily counts   reach back 30 days: a sum is refused where one of its days is not there
Videos         one call each, in real time: the answer does not say which of several videos an entry is
Numbers        come as text in one answer and as numbers in another
Unverified     that new apps still get the daily data in 2026: without the right the row says so
Real service   not yet run against it; checked against its documentation and published samples
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from sheetsync.connectors._douyin import Authorisation, days_in, meaning, video_of
from sheetsync.connectors._douyin_days import DAILY, added_up, newest
from sheetsync.connectors._options import days_of, only
from sheetsync.connectors.base import Connector, Example, Limits, LinkPattern, Lookups, Metric, Settings, setting
from sheetsync.errors import LinkError, NoSuchMetric, NotConnected, NotFound
from sheetsync.model import Link, Query, Reading, Resource
from sheetsync.secrets import Secret
from sheetsync.texts import Sentence
from sheetsync.web.auth import Auth
from sheetsync.web.http import Reply, Web

_HOST: Final = r"(www\.|m\.)?(ies)?douyin\.com"
_SEC_UID: Final = "MS4wLjABAAAA[A-Za-z0-9_-]{10,80}"
_VIDEO: Final = r"(?P<id>\d{15,20})"
_PASTE: Final = "Paste the long address of one of the account's videos, or of the account's page."


@dataclass(frozen=True, slots=True, kw_only=True)
class DouyinSettings(Settings):
    client_key: str = setting("Client key of your app at open.douyin.com.")
    refresh_token: Secret = setting("Refresh token of the account's agreement (rft.…), in a file or the keyring: it is renewed.")
    sec_uid: str = setting("What follows /user/ in the address of the account's page (MS4wLjABAAAA…).", "")
    uid: str = setting("The account's number in addresses of iesdouyin.com/share/user/, where such links are used.", "")
    open_id: str = setting("The account's open_id for this app, where Douyin's sign-in does not say it.", "")
    lag_days: int = setting("How many days late this source reports; its rows are judged that much later.", 1)


class Douyin(Connector[DouyinSettings]):
    title = "Douyin"
    settings_type = DouyinSettings
    home = ("https://open.douyin.com",)
    limits = Limits(concurrency=2, rates=((5, 1.0),))

    links = (
        LinkPattern("video", _HOST, rf"/(share/)?(video|note|slides)/{_VIDEO}/?"),
        LinkPattern("video", r"(www\.|m\.)?douyin\.com", "/.*", {"modal_id": _VIDEO}),
        LinkPattern("user", _HOST, rf"/user/(?P<id>self|{_SEC_UID})/?"),
        LinkPattern("user", _HOST, rf"/share/user/(?P<id>[1-9]\d{{4,19}}|{_SEC_UID})/?"),
        LinkPattern("user", r"creator\.douyin\.com", r"/creator-micro/.*"),
        LinkPattern(
            "short", r"v\.(ies)?douyin\.com", "/.+", instead="Open the link in a browser and paste the address it leads to."
        ),
        LinkPattern("live", r"live\.douyin\.com", "/.*", instead=_PASTE),
        LinkPattern(
            "topic", _HOST, r"/(share/)?(search|hashtag|challenge|music|collection|mix|channel|hot)(/.*)?", instead=_PASTE
        ),
    )
    metrics = {
        "user": (
            Metric("followers", "followers on Douyin at the end of the newest day"),
            Metric("new_followers", "followers gained in period="),
            Metric("new_likes", "likes gained in period="),
            Metric("new_comments", "comments gained in period="),
            Metric("new_shares", "shares in period="),
            Metric("visitors", "visitors of the account's page in period=, added up day by day"),
            Metric("new_plays", "plays in period="),
            Metric("new_posts", "videos published in period="),
        ),
        "video": (
            Metric("likes", "likes", "statistics.digg_count"),
            Metric("comments", "comments", "statistics.comment_count"),
            Metric("shares", "shares", "statistics.share_count"),
            Metric("plays", "plays", "statistics.play_count"),
            Metric("forwards", "times it was passed on", "statistics.forward_count"),
            Metric("downloads", "downloads", "statistics.download_count"),
        ),
    }
    examples = (
        Example(
            "https://www.douyin.com/user/MS4wLjABAAAAehA_LhLQoVe3JLS3P8jeqa?from_tab_name=main",
            "user/MS4wLjABAAAAehA_LhLQoVe3JLS3P8jeqa?data=fans", "followers",
            {"data": {"result_list": [{"date": "2026-11-22", "total_fans": "1217", "new_fans": 3}]}}, Decimal(1217),
        ),
        Example("https://creator.douyin.com/creator-micro/home", "user/self?data=fans", "followers"),
        Example("https://www.iesdouyin.com/share/user/104255897823", "user/104255897823?data=fans", "followers"),
        Example(
            "https://www.douyin.com/user/self#metric=new_likes&period=2026-11-01..2026-11-30",
            "user/self?data=like&from=2026-11-01&to=2026-11-30", "new_likes",
            {"data": {"result_list": [{"date": "2026-11-01", "new_like": "200"}]}}, Decimal(200),
        ),
        Example(
            "https://www.douyin.com/video/7227815678634470001", "video/7227815678634470001", "likes",
            {"statistics": {"digg_count": 200, "play_count": "300"}}, Decimal(200),
        ),
        Example("https://m.douyin.com/share/note/7227815678634470001#metric=plays", "video/7227815678634470001", "plays"),
        Example("https://www.douyin.com/discover?modal_id=7227815678634470001", "video/7227815678634470001", "likes"),
    )  # fmt: skip
    unsupported = (
        "https://v.douyin.com/iRNBho6u/",
        "https://live.douyin.com/123456789",
        "https://www.douyin.com/search/acme?type=video",
        "https://www.douyin.com/hashtag/1598765432109876",
    )

    def __init__(self, account: str, settings: DouyinSettings, lookups: Lookups) -> None:
        super().__init__(account, settings, lookups)
        self._agreed = Authorisation(self.base(), settings.client_key, settings.refresh_token, lookups, account=account)

    def auth(self) -> Auth:
        return self._agreed

    @classmethod
    def chosen(cls, kind: str, ids: Mapping[str, str], link: Link) -> tuple[Resource, str]:
        metric = cls.metric_of(kind, link).name
        if kind == "video" or metric == "followers":
            only(link)
            return Resource(kind, ids.get("id", "self"), () if kind == "video" else (("data", "fans"),)), metric
        only(link, "period")
        days = days_of(link)
        if days is None:
            raise NoSuchMetric(
                "Douyin counts this day by day.", advice="Add &period=2026-11-01..2026-11-30 behind the link; 30 days at most."
            )
        params = ("data", DAILY[metric][0]), ("from", days[0]), ("to", days[1])
        return Resource("user", ids.get("id", "self"), params), metric

    def serves(self, link: Link, resource: Resource) -> bool:  # noqa: ARG002 - the resource says it all
        return resource.kind == "video" or self._own(resource.id) is not False

    def fetch(self, resource: Resource, web: Web) -> Any:
        if resource.kind == "video":
            return self._video(web, resource.id)
        own = self._own(resource.id)
        if own is None:
            raise NotConnected(
                "The Douyin account {account} does not say whose page it is.", account=self.account,
                advice="Ask the person who installed sheetsync to set sec_uid for it: what follows /user/ in the page's address.",
            )  # fmt: skip
        if not own:
            raise NotFound(
                "This page belongs to another account of Douyin.", advice="Douyin tells figures to the account itself only."
            )
        given = dict(resource.params)
        days = "30" if "from" in given else "7"
        params = {"open_id": self._agreed.open_id(web, self.settings.open_id), "date_type": days}
        return self.ask(web, f"/data/external/user/{given['data']}/", params, once=True)

    def read(self, document: Any, query: Query) -> Reading:
        if query.resource.kind == "video":
            return super().read(document, query)
        rows = days_in(document)
        if query.metric == "followers":
            return newest(rows)
        given = dict(query.resource.params)
        return added_up(rows, DAILY[query.metric][1], date.fromisoformat(given["from"]), date.fromisoformat(given["to"]))

    def refine(self, reply: Reply) -> LinkError | None:
        return meaning(reply)

    def probe(self, web: Web) -> None:
        self.fetch(Resource("user", "self", (("data", "fans"),)), web)

    def warning(self) -> Sentence | None:
        return self._agreed.ending()

    # --- how Douyin is asked

    def _own(self, identity: str) -> bool | None:
        """Whether an address is this account's; None where the settings do not say it."""
        if identity == "self":
            return True
        known = self.settings.uid if identity.isdigit() else self.settings.sec_uid
        return known == identity if known else None

    def _video(self, web: Web, number: str) -> Any:
        answer = web.post_json(
            f"{self.base()}/api/douyin/v1/video/video_data/",
            {"video_ids": [number]},
            params={"open_id": self._agreed.open_id(web, self.settings.open_id)},
        )
        return video_of(answer, number)
