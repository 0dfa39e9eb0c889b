"""Weibo: the address of a post or of an account goes in; likes, comments, reposts or followers come out.

API            version 2, https://open.weibo.com/wiki (old pages: a change of the service shows as "changed its answer")
Key            an app at open.weibo.com, made and authorised with the brand's own account: then the token lives about five years,
               else a day to a month. There is no refresh token.
Ids            the short name in a post's address is its number in base 62; names and domains of accounts are looked up in each
               run, since another account may take them
Batches        a hundred posts, or a hundred accounts by number, cost one call; entries are matched by their number
Counts         come as text in one call and as numbers in another; an entry that is left out is unknown, not zero
Review         an app that is not reviewed sees no followers of accounts that have not authorised it: they are zero or left out.
               A zero is believed only of the account that signed in
Unverified     that statuses/count gives `attitudes` (known from client programs); without it the row says that it is missing
Real service   not yet run against it; checked against its documentation and published samples
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, Final

from sheetsync.connectors._options import only
from sheetsync.connectors._together import Documents, only_of, together
from sheetsync.connectors._weibo import FIRST_POST, meaning, number_of
from sheetsync.connectors.base import Connector, Example, Limits, LinkPattern, Metric, Settings, origin_of, setting, walk
from sheetsync.errors import Incomplete, LinkError, NotFound, UnexpectedReply
from sheetsync.model import Link, Resource
from sheetsync.secrets import Secret
from sheetsync.web.auth import ApiKey, Auth
from sheetsync.web.http import Reply, Web

_HOST: Final = r"(www\.|m\.|e\.)?weibo\.(com|cn)"
_UID: Final = r"(?P<uid>[1-9]\d{4,11})"
_SHORT: Final = r"(?P<short>[0-9a-zA-Z]{9})"
_PAGES: Final = (
    "(a|ajax|at|comment|detail|explore|fav|favorites|followers?|following|friends|home|hot|like|login|logout|messages?|mygroups|"
    "n|newlogin|notifications?|p|pages?|photo|profile|search|set|settings|signup|status|svip|tv|u|video|visitor)"
)
_NUMBERS: Final = (
    Metric("followers", "followers", "followers_count"),
    Metric("following", "accounts that it follows", "friends_count"),
    Metric("posts", "posts", "statuses_count"),
)
_POST: Final = "Paste the address of one post, or of an account's page."


@dataclass(frozen=True, slots=True, kw_only=True)
class WeiboSettings(Settings):
    access_token: Secret = setting("Access token of your own app at open.weibo.com, authorised with the brand's account.")


class Weibo(Connector[WeiboSettings]):
    title = "Weibo"
    settings_type = WeiboSettings
    # An app that is not reviewed has 150 calls an hour for a person (https://open.weibo.com/wiki/Rate-limiting).
    limits = Limits(concurrency=1, rates=((30, 60.0), (120, 3600.0)), batch=100)

    links = (
        LinkPattern("post", _HOST, rf"/\d{{5,12}}/{_SHORT}/?"),
        LinkPattern("post", _HOST, rf"/(detail|status)/(?P<mid>\d{{16}}|{_SHORT})/?"),
        LinkPattern("post", _HOST, r"/\d{5,12}/(?P<mid>\d{16})/?"),
        LinkPattern("user", _HOST, rf"/(u|profile)/{_UID}/?"),
        LinkPattern("user", _HOST, rf"/{_UID}(/(profile|home|info))?/?"),
        LinkPattern("user", _HOST, rf"/p/(100505|100606){_UID}(/(home|info))?/?"),
        LinkPattern("name", _HOST, r"/n/(?P<name>[\w·-]{2,30})/?"),
        LinkPattern("topic", _HOST, r"/p/(100808|231522).*", instead=_POST),
        LinkPattern("topic", r"(huati|s|d|video|passport|card)\.weibo\.(com|cn)", "/.*", instead=_POST),
        LinkPattern("article", _HOST, r"/(ttarticle|tv|hot|search|explore)(/.*)?", instead=_POST),
        LinkPattern("short", r"t\.cn", "/.+", instead="Open the link in a browser and paste the address that it leads to."),
        LinkPattern("domain", _HOST, rf"/(?!{_PAGES}/?$)(?P<domain>[A-Za-z][A-Za-z0-9_-]{{3,29}})/?"),
    )
    metrics = {
        "post": (
            Metric("likes", "likes", "attitudes"),
            Metric("comments", "comments", "comments"),
            Metric("reposts", "times it was passed on", "reposts"),
        ),
        "user": _NUMBERS,
        "name": _NUMBERS,
        "domain": _NUMBERS,
    }
    examples = (
        Example(
            "https://weibo.com/1404376560/K3fnuEfZK", "post/4607741009594608", "likes",
            {"id": 4607741009594608, "comments": 3, "reposts": 0, "attitudes": 12}, Decimal(12),
        ),
        Example("https://m.weibo.cn/detail/4607741009594608#metric=reposts", "post/4607741009594608", "reposts"),
        Example("https://m.weibo.cn/status/K3fnuEfZK?from=page&jumpfrom=weibocom", "post/4607741009594608", "likes"),
        Example(
            "https://weibo.com/u/1404376560", "user/1404376560", "followers",
            {"id": "1404376560", "followers_count": "1369", "friends_count": "526", "statuses_count": "2908"}, Decimal(1369),
        ),
        Example("https://m.weibo.cn/profile/1404376560#metric=posts", "user/1404376560", "posts"),
        Example("https://weibo.com/p/1005051404376560/home?from=page_100505", "user/1404376560", "followers"),
        Example("https://weibo.com/n/%E6%AA%80%E6%9C%A8%E5%B9%BB%E6%83%B3", "name/檀木幻想", "followers"),
        Example("https://weibo.com/woodfantasy", "domain/woodfantasy", "followers"),
    )  # fmt: skip
    unsupported = (
        "https://weibo.com/p/100808fc439dedbb06ca5fd858848e521b8716",
        "https://s.weibo.com/weibo?q=%23acme%23",
        "https://huati.weibo.com/k/acme",
        "https://weibo.com/ttarticle/p/show?id=2309404607741009594608",
        "https://weibo.com/tv/show/1034:4607741009594608",
        "https://t.cn/A6t0abcd",
    )

    def origins(self) -> Collection[str]:
        return (origin_of(self._base()),)

    def auth(self) -> Auth:
        return ApiKey(self.settings.access_token, header="Authorization", prefix="OAuth2 ")

    @classmethod
    def resolve(cls, link: Link) -> tuple[Resource, str] | None:
        found = cls.match(link)
        if found is None:
            return None
        pattern, ids = found
        if pattern.kind == "post":
            identity = number_of(ids["short"]) if "short" in ids else ids["mid"]
            if identity is None or int(identity) < FIRST_POST:
                return None
        else:
            identity = ids[{"user": "uid"}.get(pattern.kind, pattern.kind)]
        only(link)
        return Resource(pattern.kind, identity), cls.metric_of(pattern.kind, link).name

    def fetch(self, resource: Resource, web: Web) -> Any:
        return only_of(self.fetch_batch([resource], web), resource)

    def fetch_batch(self, resources: Sequence[Resource], web: Web) -> Documents:
        if resources[0].kind in {"name", "domain"}:
            return together(((one,), partial(self._named, web, one)) for one in resources)
        try:
            listed = self._listed(web, resources)
        except NotFound as error:  # one number that Weibo does not know may spoil the call for all
            if len(resources) == 1:
                return {resources[0]: error}
            half = len(resources) // 2
            return {**self.fetch_batch(resources[:half], web), **self.fetch_batch(resources[half:], web)}
        return {one: self._of(web, one, listed.get(one.id)) for one in resources}

    def refine(self, reply: Reply) -> LinkError | None:
        return meaning(reply)

    def probe(self, web: Web) -> None:
        self._get(web, "account/rate_limit_status")

    # --- how Weibo is asked

    def _base(self) -> str:
        return (self.settings.api_url or "https://api.weibo.com").rstrip("/")

    def _get(self, web: Web, path: str, *, once: bool = False, **params: str) -> Any:
        return web.get_json(f"{self._base()}/2/{path}.json", params=params, once=once)

    def _listed(self, web: Web, resources: Sequence[Resource]) -> dict[str, Any]:
        numbers = ",".join(one.id for one in resources)
        if resources[0].kind == "post":
            entries = self._get(web, "statuses/count", ids=numbers)
        else:
            entries = self._get(web, "users/counts", uids=numbers)
        if not isinstance(entries, list):
            raise UnexpectedReply("Weibo's list has another shape than documented.")
        found = {str(walk(entry, "id")): entry for entry in entries}
        if len(found) != len(entries):
            raise UnexpectedReply("Weibo's list names one number twice.")
        return found

    def _named(self, web: Web, resource: Resource) -> Documents:
        if resource.kind == "name":
            entry = self._get(web, "users/show", screen_name=resource.id)
        else:
            entry = self._get(web, "users/domain_show", domain=resource.id)
        return {resource: self._of(web, resource, entry)}

    def _of(self, web: Web, resource: Resource, entry: Any) -> Any | LinkError:
        if entry is None:
            return NotFound("Weibo knows nothing under this address, or does not show it to this account.")
        if resource.kind == "post" or not isinstance(entry, dict):
            return entry
        if str(entry.get("followers_count", "0")) == "0" and not self._signed_in(web, entry):
            return Incomplete(
                "Weibo gives no followers of this account, or none, as it does where it may not tell their number.",
                advice="Authorise the app with this account, or let Weibo review the app.",
            )
        return entry

    def _signed_in(self, web: Web, entry: Mapping[str, Any]) -> bool:
        """Whether this is the account that the token belongs to: its own numbers are always shown."""
        own = str(walk(self._get(web, "account/get_uid", once=True), "uid"))
        return bool(re.fullmatch(r"\d{5,12}", own)) and own == str(walk(entry, "id"))
