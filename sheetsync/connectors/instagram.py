"""Instagram: the address of a profile, a post or a reel goes in; followers, posts, likes, comments or views come out.

API            Graph API v26.0, https://developers.facebook.com/docs/instagram-platform (the way over Facebook Login)
Key            a system user's token with your own professional account; any other professional account is looked up through it
Profiles       business and creator accounts, yours and others'; Instagram does not tell a personal account from a missing one
Posts          there is no question by short code: the posts of the account are looked through, newest first; the number behind
               a code of your own never changes and is kept. Others' posts need the form /NAME/p/CODE/
Likes          hidden likes do not arrive: they are missing, never zero
Views          views, reach, saves and shares of your own posts only; a figure that Instagram leaves out is not zero
Exact          the numbers here are exact, although the app shows 26.7万 or 267K
Real service   not yet run against it; checked against recorded replies and public descriptions of v25.0 and v26.0
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, Final

from sheetsync.connectors._graph import (
    IDS_PER_CALL,
    GraphSettings,
    GraphToken,
    Watch,
    apart,
    base_of,
    meaning,
    value_of,
)
from sheetsync.connectors._instagram_questions import Questions
from sheetsync.connectors._options import only
from sheetsync.connectors.base import (
    BatchConnector,
    Example,
    Limits,
    LinkPattern,
    Lookups,
    Metric,
    reading_of,
    setting,
    walk,
)
from sheetsync.errors import (
    AccessDenied,
    BadCredentials,
    LinkError,
    Unavailable,
)
from sheetsync.model import Link, Query, Reading, Resource
from sheetsync.texts import Sentence
from sheetsync.web.auth import Auth
from sheetsync.web.http import Reply, Web

_HOST: Final = r"((www|m)\.)?instagram\.com"
_CODE: Final = r"(?P<id>(?!audio/)[A-Za-z0-9_-]{5,40})"
_USER: Final = (
    r"(?!(p|reel|reels|tv|stories|explore|accounts|direct|about|developer|legal|web|emails|challenge|privacy|press|api|s)(/|$))"
    r"(?P<user>[A-Za-z0-9._]{1,30})"
)
_OF_INSIGHTS: Final = frozenset({"views", "reach", "saves", "shares", "interactions"})
"""Measures of one's own posts only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstagramSettings(GraphSettings):
    user_id: str = setting("Number of your own professional account (17841…), needed where the token sees several.", "")


class Instagram(BatchConnector[InstagramSettings]):
    title = "Instagram"
    settings_type = InstagramSettings
    # As on Facebook, 200 calls in an hour for each of the app's users, counted for each account
    # (https://developers.facebook.com/docs/graph-api/overview/rate-limiting).
    limits = Limits(concurrency=2, batch=IDS_PER_CALL)

    links = (
        LinkPattern("media", _HOST, rf"/(p|reel|reels|tv)/{_CODE}(/.*)?"),
        LinkPattern("media", _HOST, rf"/{_USER}/(p|reel|tv)/{_CODE}(/.*)?"),
        LinkPattern("profile", _HOST, rf"/{_USER}(/(reels|tagged|followers|following))?/?"),
        LinkPattern("story", _HOST, "/(stories|s)/.+", instead="Paste the address of a profile, a post or a reel."),
        LinkPattern("hashtag", _HOST, "/(explore|reels/audio)/.+", instead="Paste the address of a profile, a post or a reel."),
    )
    metrics = {
        "profile": (
            Metric("followers", "followers", "followers_count"),
            Metric("following", "accounts that it follows", "follows_count"),
            Metric("posts", "posts", "media_count"),
        ),
        "media": (
            Metric("likes", "likes", "like_count"),
            Metric("comments", "comments", "comments_count"),
            Metric("views", "times it was seen", "views"),
            Metric("reach", "people who saw it, as Instagram estimates", "reach", approximate=True),
            Metric("saves", "times it was saved", "saved"),
            Metric("shares", "times it was shared", "shares"),
            Metric("interactions", "likes, comments, saves and shares", "total_interactions"),
        ),
    }
    examples = (
        Example(
            "https://www.instagram.com/Acme.Global/", "profile/acme.global", "followers",
            {"username": "acme.global", "followers_count": 0}, Decimal(0),
        ),
        Example(
            "https://instagram.com/acme.global/reels/?hl=de#metric=posts", "profile/acme.global", "posts",
            {"username": "acme.global", "media_count": 436}, Decimal(436),
        ),
        Example(
            "https://www.instagram.com/acme.global/p/CSr71Gzlqo4/?img_index=1", "media/CSr71Gzlqo4?user=acme.global", "likes",
            {"id": "17885103395504675", "like_count": 87, "comments_count": 11}, Decimal(87),
        ),
        Example(
            "https://www.instagram.com/p/CSr71Gzlqo4/#metric=comments", "media/CSr71Gzlqo4", "comments",
            {"id": "17885103395504675", "like_count": 87, "comments_count": 11}, Decimal(11),
        ),
        Example(
            "https://www.instagram.com/reel/CSr71Gzlqo4/#metric=views", "media/CSr71Gzlqo4?report=insights", "views",
            {"id": "1", "insights": {"data": [{"name": "views", "values": [{"value": 9001}]}]}}, Decimal(9001),
        ),
    )  # fmt: skip
    unsupported = (
        "https://www.instagram.com/stories/acme/3141592653589793238/",
        "https://www.instagram.com/explore/tags/acme/",
        "https://www.instagram.com/reels/audio/1234567890/",
    )

    def __init__(self, account: str, settings: InstagramSettings, lookups: Lookups) -> None:
        super().__init__(account, settings, lookups)
        self._questions = Questions(self.base, account, settings.user_id, lookups)
        self._watch = Watch(settings)

    def auth(self) -> Auth:
        return GraphToken(self.settings.access_token, self.settings.app_secret)

    @classmethod
    def resolve(cls, link: Link) -> tuple[Resource, str] | None:
        found = cls.match(link)
        if found is None:
            return None
        pattern, ids = found
        only(link)
        metric = cls.metric_of(pattern.kind, link)
        if pattern.kind == "profile":
            return Resource("profile", ids["user"].lower()), metric.name
        if metric.name in _OF_INSIGHTS:  # of your own posts only, so it makes no difference how the address names their owner
            return Resource("media", ids["id"], (("report", "insights"),)), metric.name
        return Resource("media", ids["id"], (("user", ids["user"].lower()),) if "user" in ids else ()), metric.name

    def fetch_batch(self, resources: Sequence[Resource], web: Web) -> Mapping[Resource, Any | LinkError]:
        found: dict[Resource, Any | LinkError] = {}
        together: dict[tuple[str, str], list[Resource]] = defaultdict(list)
        for resource in resources:
            if resource.kind == "profile":
                found |= apart([resource], partial(self._questions.profile, web))
            else:
                given = dict(resource.params)
                together[given.get("user", ""), given.get("report", "")].append(resource)
        for (user, report), wanted in together.items():
            try:
                found |= self._questions.discovered(web, user, wanted) if user else self._questions.own(web, wanted, report)
            except (BadCredentials, Unavailable):
                raise
            except LinkError as error:
                found |= dict.fromkeys(wanted, error)
        return found

    def read(self, document: Any, query: Query) -> Reading:
        metric = next(one for one in self.metrics[query.resource.kind] if one.name == query.metric)
        if query.metric in _OF_INSIGHTS:
            return reading_of(value_of(walk(document, "insights"), metric.path), metric)
        if query.metric == "likes" and isinstance(document, dict) and "id" in document and "like_count" not in document:
            raise AccessDenied(
                "The owner of this post hides its likes.",
                advice="Take another measure, such as comments, or type the number in by hand, with manual: as the link.",
            )
        return super().read(document, query)

    def refine(self, reply: Reply) -> LinkError | None:
        self._watch.see(reply, self.name())
        return meaning(reply, self.title)

    def probe(self, web: Web) -> None:
        walk(self.ask(web, f"/{self._questions.me(web)}", {"fields": "username"}), "username")

    def warning(self) -> Sentence | None:
        return self._watch.warning(self.title)

    # --- how Instagram is asked

    def base(self) -> str:
        return base_of(self.settings, self.account)
