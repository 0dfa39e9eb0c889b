"""Facebook: the address of a page or one of its posts goes in; followers, reactions, comments, shares or views come out.

API            Graph API v26.0, https://developers.facebook.com/docs/graph-api/reference/page
Key            a system user's token with the page assigned to it, or the page's own token, which insights and comments need
Followers      `followers_count`; the older `fan_count` counts likes, and the two differ
Posts          reactions of all sorts; comments with their answers; shares are left out of the answer where there are none
Comments       arrive as none where the key is a person's: zero is believed from the page's own key only
Insights       days of California, at most 90 in a call; unique viewers of days cannot be added up, so they are not offered
pfbid…         a post's disguised number: looked for among the newest posts of the page, whose key this must be
Batch          50 pages or posts in a call
Real service   not yet run against it; checked against recorded replies and public descriptions of v25.0 and v26.0
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from sheetsync.connectors._facebook import added_up, believed
from sheetsync.connectors._facebook_links import page_of, post_of
from sheetsync.connectors._facebook_questions import Questions
from sheetsync.connectors._graph import IDS_PER_CALL, GraphSettings, GraphToken, Watch, base_of, meaning, value_of
from sheetsync.connectors.base import BatchConnector, Example, Limits, LinkPattern, Lookups, Metric, reading_of, setting, walk
from sheetsync.errors import LinkError
from sheetsync.model import Link, Query, Reading, Resource
from sheetsync.texts import Sentence
from sheetsync.web.auth import Auth
from sheetsync.web.http import Reply, Web

_HOST: Final = r"((www|m|web|mbasic|mobile|touch|[a-z]{2,3}-[a-z]{2})\.)?(facebook\.com|fb\.com)"
_NUMBER: Final = r"[0-9]{5,25}"
_POST: Final = rf"{_NUMBER}|pfbid[A-Za-z0-9]{{10,150}}"
_ID: Final = rf"(?P<id>{_NUMBER})"
_RESERVED: Final = (
    "ads|bookmarks|business|careers|dialog|directory|events|friends|gaming|groups|hashtag|help|home|legal|live|login|marketplace|"
    "media|messages|notifications|pages|people|permalink|photo|photos|plugins|policies|policy|privacy|profile|public|recover|reel|"
    "reels|search|settings|share|sharer|stories|story|terms|video|videos|watch"
)
_PAGE: Final = rf"(?!({_RESERVED})(\.php)?(/|$))(?P<page>[A-Za-z0-9.]{{5,50}})(?<!\.php)"
_TAB: Final = r"(/(about|about_[a-z_]+|community|followers|likes|mentions|photos|posts|reels|reviews|videos))?/?"
_WORDS: Final = r"[^/]{1,300}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FacebookSettings(GraphSettings):
    pages: tuple[str, ...] = setting("Names or numbers of the pages whose links this account answers; empty for all.", ())


class Facebook(BatchConnector[FacebookSettings]):
    title = "Facebook"
    settings_type = FacebookSettings
    # 200 calls in an hour for each of the app's users of that day, so often 200 in all
    # (https://developers.facebook.com/docs/graph-api/overview/rate-limiting); 50 ids are one call here.
    limits = Limits(concurrency=2, batch=IDS_PER_CALL)

    links = (
        LinkPattern("post", _HOST, rf"/{_PAGE}/posts/({_WORDS}/)?(?P<id>{_POST})/?"),
        LinkPattern("post", _HOST, r"/(permalink|story)\.php", {"id": _NUMBER, "story_fbid": _POST}),
        LinkPattern("post", _HOST, rf"/{_PAGE}/videos/({_WORDS}/)?(?P<video>{_NUMBER})/?"),
        LinkPattern("post", _HOST, rf"/reel/(?P<video>{_NUMBER})/?"),
        LinkPattern("post", _HOST, r"/(watch/?|video\.php)", {"v": rf"(?P<video>{_NUMBER})"}),
        LinkPattern("post", _HOST, rf"/{_PAGE}/photos/({_WORDS}/)?(?P<photo>{_NUMBER})/?"),
        LinkPattern("post", _HOST, r"/photo(\.php)?/?", {"fbid": rf"(?P<photo>{_NUMBER})"}),
        LinkPattern("page", r"business\.facebook\.com", r"/latest/.*", {"asset_id": _ID}),
        LinkPattern("page", _HOST, r"/profile\.php", {"id": _NUMBER}),
        LinkPattern("page", _HOST, rf"/(pages|people)/{_WORDS}/{_ID}/?"),
        LinkPattern("page", _HOST, rf"/pages/category/{_WORDS}/{_WORDS}-{_ID}{_TAB}"),
        LinkPattern("page", _HOST, rf"/p/{_WORDS}-{_ID}{_TAB}"),
        LinkPattern("page", _HOST, rf"/(?!({_RESERVED})(/|$)){_WORDS}-(?P<id>[0-9]{{9,25}}){_TAB}"),
        LinkPattern("page", _HOST, rf"/{_PAGE}{_TAB}"),
        LinkPattern("short", _HOST, r"/share(r|\.php)?/.+",
                    instead="Open it in a browser and paste the address that it turns into."),
        LinkPattern("short", r"fb\.watch|fb\.me", "/.+",
                    instead="Open it in a browser and paste the address that it turns into."),
        LinkPattern("group", _HOST, r"/(groups|events|hashtag|marketplace|stories|gaming)/.+",
                    instead="Paste the address of a page or of one of its posts."),
    )  # fmt: skip
    metrics = {
        "page": (
            Metric("followers", "people who follow the page", "followers_count"),
            Metric("likes", "people who like the page", "fan_count"),
            Metric("talking_about", "people who talk about the page", "talking_about_count"),
            Metric("ratings", "ratings of the page", "rating_count"),
            Metric("rating", "mean rating of the page, from 1 to 5", "overall_star_rating"),
            Metric("views", "views of its content within the period", "page_media_view"),
            Metric("engagements", "reactions, comments, shares and clicks within the period", "page_post_engagements"),
            Metric("visits", "visits to the page within the period", "page_views_total"),
            Metric("new_followers", "people who began to follow within the period", "page_daily_follows_unique"),
            Metric("lost_followers", "people who stopped following within the period", "page_daily_unfollows_unique"),
        ),
        "post": (
            Metric("reactions", "reactions of all sorts", "reactions.summary.total_count"),
            Metric("comments", "comments and their answers", "comments.summary.total_count"),
            Metric("shares", "times it was shared", "shares.count"),
            Metric("views", "times it was seen", "post_media_view"),
            Metric("viewers", "people who saw it", "post_total_media_view_unique"),
        ),
    }
    examples = (
        Example(
            "https://www.facebook.com/Acme.Global/followers", "page/acme.global", "followers",
            {"id": "1234567890", "followers_count": 0, "fan_count": 7}, Decimal(0),
        ),
        Example("https://zh-cn.facebook.com/profile.php?id=100064000000001", "page/100064000000001", "followers"),
        Example("https://www.facebook.com/people/Acme/100064000000001/", "page/100064000000001", "followers"),
        Example(
            "https://business.facebook.com/latest/insights/overview?asset_id=1234567890#metric=likes", "page/1234567890", "likes",
            {"id": "1234567890", "followers_count": 9, "fan_count": 7}, Decimal(7),
        ),
        Example(
            "https://www.facebook.com/Acme.Global#metric=views&period=2026-01-01..2026-01-02",
            "page/acme.global?report=page_media_view&from=2026-01-01&to=2026-01-02", "views",
            {"2026-01-01": 4, "2026-01-02": 66}, Decimal(70),
        ),
        Example(
            "https://www.facebook.com/Acme.Global/posts/987654321012345", "post/987654321012345?page=acme.global", "reactions",
            {"id": "1234567890_987654321012345", "reactions": {"summary": {"total_count": 12}}}, Decimal(12),
        ),
        Example(
            "https://www.facebook.com/permalink.php?story_fbid=987654321012345&id=1234567890#metric=shares",
            "post/987654321012345?page=1234567890", "shares",
            {"id": "1_2", "reactions": {"summary": {"total_count": 12}}, "shares": {"count": 3}}, Decimal(3),
        ),
        Example(
            "https://www.facebook.com/Acme.Global/posts/our-summer/pfbid02AbCdEfGhIjKlMn",
            "post/pfbid02AbCdEfGhIjKlMn?page=acme.global", "reactions",
        ),
        Example("https://facebook.com/AcmeGmbH/videos/456789012345", "post/456789012345?by=video&page=acmegmbh", "reactions"),
        Example("https://www.facebook.com/reel/456789012345#metric=views", "post/456789012345?by=video&report=insights", "views"),
        Example("https://www.facebook.com/watch/?v=456789012345", "post/456789012345?by=video", "reactions"),
        Example("https://m.facebook.com/photo.php?fbid=456789012345&set=a.1", "post/456789012345?by=photo", "reactions"),
    )  # fmt: skip
    unsupported = (
        "https://www.facebook.com/groups/acmefans/",
        "https://www.facebook.com/events/123456789",
        "https://www.facebook.com/share/p/1AbCdEfGhI/",
        "https://fb.watch/AbCdEfGhI/",
    )

    def __init__(self, account: str, settings: FacebookSettings, lookups: Lookups) -> None:
        super().__init__(account, settings, lookups)
        self._questions = Questions(self.base, lookups)
        self._watch = Watch(settings)

    def auth(self) -> Auth:
        return GraphToken(self.settings.access_token, self.settings.app_secret)

    @classmethod
    def chosen(cls, kind: str, ids: Mapping[str, str], link: Link) -> tuple[Resource, str]:
        metric = cls.metric_of(kind, link)
        return (page_of(ids, link, metric) if kind == "page" else post_of(ids, link, metric)), metric.name

    def serves(self, link: Link, resource: Resource) -> bool:  # noqa: ARG002 - the resource says it all
        page = resource.id if resource.kind == "page" else dict(resource.params).get("page", "")
        return not self.settings.pages or not page or page in {name.lower() for name in self.settings.pages}

    def fetch_batch(self, resources: Sequence[Resource], web: Web) -> Mapping[Resource, Any | LinkError]:
        return self._questions.documents(web, resources)

    def read(self, document: Any, query: Query) -> Reading:
        metric = next(one for one in self.metrics[query.resource.kind] if one.name == query.metric)
        given = dict(query.resource.params)
        if query.resource.kind == "page" and "report" in given:
            return added_up(document, date.fromisoformat(given["from"]), date.fromisoformat(given["to"]), metric)
        if given.get("report"):
            return reading_of(value_of(walk(document, "insights"), metric.path), metric)
        if query.metric == "shares" and isinstance(document, dict) and "shares" not in document:
            # An answer that shows the other counts shows shares as well, where there are any.
            reading_of(walk(document, "reactions.summary.total_count"), metric)
            return Reading(Decimal(0))
        reading = super().read(document, query)
        return believed(document, reading) if query.metric == "comments" else reading

    def refine(self, reply: Reply) -> LinkError | None:
        self._watch.see(reply, self.name())
        return meaning(reply, self.title)

    def probe(self, web: Web) -> None:
        walk(self.ask(web, "/me", {"fields": "id"}), "id")

    def warning(self) -> Sentence | None:
        return self._watch.warning(self.title)

    # --- how Facebook is asked

    def base(self) -> str:
        return base_of(self.settings, self.account)
