"""X: the address of an account, post, list, community, space or search goes in, its public count comes out.

API            version 2, https://docs.x.com/x-api (specifications 2.166 and 2.167)
Key            developer.x.com > a project's app > Keys and tokens: the bearer token, which reads what is public and nothing else.
               Clicks of one's own posts need the sign-in of their author (scopes tweet.read, users.read, offline.access).
Cost           X charges for every account or post that is read, once in a UTC day (https://docs.x.com/x-api/getting-started/pricing).
               The last answer is kept for `refresh_hours`; runs within that time ask nothing, and As of says when it was read.
Batches        up to 100 accounts or posts in one call; lists, communities, spaces and searches cost a call each
Handles        can be renamed and taken by somebody else: the number behind a handle is kept and asked for from then on
Names          `retweet_count`, `tweet_count` and `tweet.fields` are about to be `repost_count`, `post_count` and `post.fields`;
               both are understood
Errors         stand in a good answer beside the data, one for each account or post that is gone or protected
Reposts        show the counts of the original; they are refused
Searches       are counted over the last seven days; only words, hashtags, names and a few operators mean the same as on the page
Refresh token  rotates; the new one is kept in the place of the old one before it is used
Real service   not yet run against it; checked against its specifications and sample replies
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, Final

from sheetsync.connectors import _x as replies
from sheetsync.connectors._google import utc_now
from sheetsync.connectors._options import only
from sheetsync.connectors._person import PersonSettings, agreed, signed_in
from sheetsync.connectors._together import together
from sheetsync.connectors._x_kept import Kept
from sheetsync.connectors._x_questions import EXTRA, Questions
from sheetsync.connectors.base import BatchConnector, Example, Limits, LinkPattern, Metric, setting, walk
from sheetsync.errors import LinkError
from sheetsync.model import Link, Query, Reading, Resource
from sheetsync.secrets import Secret
from sheetsync.web.auth import Auth, Bearer, ClientCredentials
from sheetsync.web.consent import OWN_NUMBER, Consent
from sheetsync.web.http import Reply, Web

_HOST: Final = r"(www\.|mobile\.|m\.)?(x|twitter)\.com"
_ID: Final = r"(?P<id>\d{1,19})"
_RESERVED: Final = (
    "i|home|explore|search|hashtag|notifications|messages|settings|compose|login|logout|signup|tos|privacy|intent|share|jobs|about|"
    "account|oauth|download|who_to_follow|bookmarks|lists|communities"
)
_TABS: Final = "followers|following|verified_followers|with_replies|media|likes|highlights|articles|photo|header_photo|about"


@dataclass(frozen=True, slots=True, kw_only=True)
class XSettings(PersonSettings):
    bearer_token: Secret | None = setting("Bearer token of an app, from developer.x.com; enough for all public counts.", None)
    api_key: Secret | None = setting("Instead of the bearer token: the app's API key, with which the token is fetched.", None)
    api_secret: Secret | None = setting("Only with api_key: the API key's secret.", None)
    refresh_hours: int = setting("So many hours a figure is kept before it is read, and paid for, again; 0 for never.", 20)


class X(BatchConnector[XSettings]):
    title = "X"
    settings_type = XSettings
    home = ("https://api.x.com",)
    path = "/2"
    # Half of the 300 calls in 15 minutes for accounts and for counts (https://docs.x.com/x-api/fundamentals/rate-limits).
    limits = Limits(concurrency=2, rates=((150, 900.0),), batch=100)

    links = (
        LinkPattern("post", _HOST, rf"/([A-Za-z0-9_]{{1,15}}|i/web|i)/status(es)?/{_ID}(/.*)?"),
        LinkPattern("list", _HOST, rf"/i/lists/{_ID}(/members|/followers)?/?"),
        LinkPattern("community", _HOST, rf"/i/communities/{_ID}(/(about|members|media|top|latest))?/?"),
        LinkPattern("space", _HOST, r"/i/spaces/(?P<id>[A-Za-z0-9]{1,13})(/peek)?/?"),
        LinkPattern("search", _HOST, r"/search/?", {"q": r"(?P<id>.{1,512})"}),
        LinkPattern("search", _HOST, r"/hashtag/(?P<tag>\w{1,100})/?"),
        LinkPattern("user", _HOST, r"/i/user/(?P<number>\d{1,19})/?"),
        LinkPattern("user", _HOST, rf"/(?!({_RESERVED})(/|$))(?P<id>[A-Za-z0-9_]{{1,15}})(/({_TABS}))?/?"),
        LinkPattern("list", _HOST, r"/[A-Za-z0-9_]{1,15}/lists(/.*)?",
                    instead="Open the list and paste its address, which looks like https://x.com/i/lists/1234567890."),
        LinkPattern("advertising", r"(ads|analytics|business|studio)\.(x|twitter)\.com",
                    instead="Paste the address of the account or of the post on x.com."),
        LinkPattern("short", r"t\.co", "/.+", instead="Open the short link and paste the address that the browser shows then."),
    )  # fmt: skip
    metrics = {
        "user": (
            Metric("followers", "followers; X charges $0.010 for an account, once a day", "metrics.followers_count"),
            Metric("following", "accounts that it follows", "metrics.following_count"),
            Metric("posts", "its posts and reposts", "metrics.post_count"),
            Metric("listed", "lists that it stands in", "metrics.listed_count"),
            Metric("liked_posts", "posts that it liked", "metrics.like_count"),
        ),
        "post": (
            Metric("likes", "likes; X charges $0.005 for a post, once a day", "metrics.like_count"),
            Metric("reposts", "reposts without a comment", "metrics.repost_count"),
            Metric("quotes", "reposts with a comment", "metrics.quote_count"),
            Metric("replies", "replies", "metrics.reply_count"),
            Metric("bookmarks", "bookmarks", "metrics.bookmark_count"),
            Metric("impressions", "times it was shown, advertising included", "metrics.impression_count"),
            Metric("video_views", "views of its videos; X charges $0.005 for each of them on top", "metrics.view_count"),
            Metric("engagements", "actions on one's own post of the last 30 days", "metrics.engagements"),
            Metric("link_clicks", "clicks on the links in it, the same", "metrics.url_link_clicks"),
            Metric("profile_clicks", "clicks on its author, the same", "metrics.user_profile_clicks"),
        ),
        "list": (
            Metric("members", "accounts in the list; X charges $0.005 for a list, once a day", "metrics.member_count"),
            Metric("followers", "accounts that follow the list", "metrics.follower_count"),
        ),
        "community": (Metric("members", "members; X charges $0.005 for a community, once a day", "metrics.member_count"),),
        "space": (
            Metric("participants", "who takes part; X charges $0.005 for a space, once a day", "metrics.participant_count"),
            Metric("subscribers", "people who wanted to be reminded of it", "metrics.subscriber_count"),
        ),
        "search": (
            Metric("posts", "posts of the last seven days; X charges $0.005 for each count", "metrics.total_post_count",
                   approximate=True),
        ),
    }  # fmt: skip
    examples = (
        Example("https://x.com/XDevelopers", "user/xdevelopers", "followers", {"metrics": {"followers_count": 0}}, Decimal(0)),
        Example(
            "https://mobile.twitter.com/XDevelopers/with_replies?lang=de#metric=posts", "user/xdevelopers", "posts",
            {"metrics": {"post_count": 3639}}, Decimal(3639),
        ),
        Example("https://x.com/i/user/2244994945", "user/2244994945?by=id", "followers"),
        Example(
            "https://x.com/XDevelopers/status/1067094924124872705?s=20", "post/1067094924124872705", "likes",
            {"metrics": {"like_count": 12}}, Decimal(12),
        ),
        Example(
            "https://twitter.com/i/web/status/1067094924124872705#metric=video_views", "post/1067094924124872705?of=video",
            "video_views", {"metrics": {"view_count": 900}}, Decimal(900),
        ),
        Example(
            "https://x.com/XDevelopers/status/1067094924124872705#metric=link_clicks", "post/1067094924124872705?of=author",
            "link_clicks",
        ),
        Example("https://x.com/i/lists/84839422", "list/84839422", "members", {"metrics": {"member_count": 5}}, Decimal(5)),
        Example("https://x.com/i/communities/1471580197908586507", "community/1471580197908586507", "members"),
        Example("https://x.com/i/spaces/1DXxyRYNejbKM", "space/1DXxyRYNejbKM", "participants"),
        Example(
            "https://x.com/search?q=%23okr%20lang%3Ade&src=typed_query&f=live", "search/#okr lang:de", "posts",
            {"metrics": {"total_post_count": 744364}}, Decimal(744364),
        ),
        Example("https://x.com/hashtag/%E6%96%B0%E5%93%81?src=hashtag_click", "search/#新品", "posts"),
    )  # fmt: skip
    unsupported = (
        "https://x.com/XDevelopers/lists",
        "https://analytics.x.com/user/XDevelopers/home",
        "https://ads.x.com/campaign_form/18ce54",
        "https://t.co/AbCdEf1234",
    )

    def auth(self) -> Auth:
        given = self.settings
        if not signed_in(given) and given.bearer_token is not None:
            return Bearer(given.bearer_token)
        if not signed_in(given) and given.api_key is not None and given.api_secret is not None:
            return ClientCredentials(f"{self.base()}/oauth2/token", given.api_key, given.api_secret, basic=True)
        return agreed(self, "bearer_token")

    def consent(self) -> Consent:
        # The number in place of `localhost`: https://developer.x.com/en/docs/apps/callback-urls.
        return Consent(
            "https://x.com/i/oauth2/authorize", f"{self.base()}/2/oauth2/token", ("tweet.read", "users.read", "offline.access"),
            basic=True, redirect=OWN_NUMBER,
        )  # fmt: skip

    @classmethod
    def chosen(cls, kind: str, ids: Mapping[str, str], link: Link) -> tuple[Resource, str]:
        only(link)
        metric = cls.metric_of(kind, link).name
        if kind == "search":
            return Resource("search", "#" + ids["tag"] if "tag" in ids else replies.query_of(ids["id"], link)), metric
        if "number" in ids:
            return Resource("user", ids["number"], (("by", "id"),)), metric
        identity = ids["id"].lower() if kind == "user" else ids["id"]
        return Resource(kind, identity, (("of", EXTRA[metric]),) if metric in EXTRA else ()), metric

    def fetch_batch(self, resources: Sequence[Resource], web: Web) -> Mapping[Resource, Any | LinkError]:
        paid, ask = Kept(self.lookups, self.settings.refresh_hours, utc_now()), partial(self.ask, web)
        kept = {resource: document for resource in resources if (document := paid.get(resource)) is not None}
        questions = Questions(ask, self.lookups, signed_in=signed_in(self.settings))
        found = together(questions.calls([resource for resource in resources if resource not in kept]))
        for resource, document in found.items():
            paid.put(resource, document, self.metrics[resource.kind])
        return kept | found

    def read(self, document: Any, query: Query) -> Reading:
        reading = super().read(document, query)
        source, name = "", document.get("username", "")
        if name and not query.resource.params and name.lower() != query.resource.id:
            source = f"{self.title} · {query.account} · {query.resource}, now @{name} · {query.metric}"
        return Reading(reading.value, reading.unit, replies.moment(document), reading.approximate, source)

    def refine(self, reply: Reply) -> LinkError | None:
        return replies.meaning(reply, utc_now())

    def probe(self, web: Web) -> None:
        # What was used this month is not charged for, but an app alone may ask it; a person's own account is the cheapest read.
        walk(self.ask(web, "/users/me" if signed_in(self.settings) else "/usage/tweets"), "data")
