"""YouTube: the address of a channel, a video or a playlist goes in, subscribers, views, likes or the number of videos come out.

API            Data API v3, https://developers.google.com/youtube/v3/docs (discovery of 2026-11-04)
Key            an API key of a Google Cloud project, restricted to this API; it reads what is public and nothing else
Subscribers    rounded down to three digits from 1,000 on, for everybody, so the figure is marked
               (https://developers.google.com/youtube/v3/revision_history, September 10, 2019)
Hidden         a hidden number of subscribers arrives as 0 with a mark, hidden likes do not arrive: both are missing, never zero
Handles        can change their owner: an id that was kept for one is believed only while the channel still bears that handle
Custom names   /c/NAME has no question of its own: it is asked as a handle, and the answer must bear that very name
Quota          10,000 units a day until midnight in California; one call for up to 50 ids costs one unit, search is never used
Real service   not yet run against it; checked against its discovery document and against recorded replies
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from sheetsync.connectors._google import complaint, switched_off, until_reset
from sheetsync.connectors._options import only
from sheetsync.connectors._youtube import IDS_PER_CALL, Questions
from sheetsync.connectors.base import (
    BatchConnector,
    Example,
    Limits,
    LinkPattern,
    Lookups,
    Metric,
    Settings,
    setting,
    walk,
    walk_or_none,
)
from sheetsync.errors import AccessDenied, BadCredentials, LinkError, RateLimited, UnexpectedReply
from sheetsync.model import Link, Query, Reading, Resource
from sheetsync.secrets import Secret
from sheetsync.web.auth import ApiKey, Auth
from sheetsync.web.http import Reply, Web

ROUNDED_FROM: Final = 1_000
"""Numbers of subscribers below it are exact."""

_HOST: Final = r"((www|m|music)\.)?youtube\.com"
_STUDIO: Final = r"studio\.youtube\.com"
_CHANNEL: Final = r"(?P<id>UC[A-Za-z0-9_-]{22})"
_VIDEO: Final = r"(?P<id>[A-Za-z0-9_-]{11})"
_NAME: Final = r"""[^\s/?#@,;:&<>"'()|*]{1,60}"""
_TAB: Final = (
    r"(/(featured|videos|shorts|streams|live|playlists|community|posts|about|podcasts|releases|store|channels|search))?/?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class YouTubeSettings(Settings):
    api_key: Secret = setting("API key of a Google Cloud project in which the YouTube Data API v3 is switched on (AIza…).")


class YouTube(BatchConnector[YouTubeSettings]):
    title = "YouTube"
    settings_type = YouTubeSettings
    home = ("https://youtube.googleapis.com",)
    path = "/youtube/v3"
    limits = Limits(concurrency=2, batch=IDS_PER_CALL)

    links = (
        LinkPattern("video", _HOST, "/watch/?", {"v": _VIDEO}),
        LinkPattern("video", r"youtu\.be", rf"/{_VIDEO}/?"),
        LinkPattern("video", rf"{_HOST}|(www\.)?youtube-nocookie\.com", rf"/(shorts|live|embed|v)/{_VIDEO}/?"),
        LinkPattern("video", _STUDIO, rf"/video/{_VIDEO}(/.*)?"),
        LinkPattern("playlist", _HOST, "/playlist/?", {"list": r"(?P<id>(PL|UU|FL|EC|OLAK5uy_)[A-Za-z0-9_-]{10,60})"}),
        LinkPattern("channel", _HOST, rf"/channel/{_CHANNEL}{_TAB}"),
        LinkPattern("channel", _STUDIO, rf"/channel/{_CHANNEL}(/.*)?"),
        LinkPattern("channel", _HOST, rf"/@(?P<handle>{_NAME}){_TAB}"),
        LinkPattern("channel", _HOST, rf"/user/(?P<user>{_NAME}){_TAB}"),
        LinkPattern("channel", _HOST, rf"/c/(?P<custom>{_NAME}){_TAB}"),
        LinkPattern("mix", _HOST, "/playlist/?", {"list": ".+"}, instead="Paste the address of a public playlist of a channel."),
        LinkPattern("post", _HOST, r"/(post|hashtag|clip)/.*", instead="Paste the address of a channel, a video or a playlist."),
        LinkPattern("search", _HOST, r"/(results|feed/.*)", instead="Paste the address of a channel, a video or a playlist."),
    )
    metrics = {
        "channel": (
            Metric("subscribers", "subscribers, rounded by YouTube from 1,000 on", "statistics.subscriberCount"),
            Metric("views", "views of all its public videos", "statistics.viewCount"),
            Metric("videos", "public videos", "statistics.videoCount"),
        ),
        "video": (
            Metric("likes", "likes", "statistics.likeCount"),
            Metric("views", "views", "statistics.viewCount"),
            Metric("comments", "comments", "statistics.commentCount"),
        ),
        "playlist": (Metric("items", "videos in the playlist", "contentDetails.itemCount"),),
    }
    examples = (
        Example(
            "https://www.youtube.com/@acme/videos", "channel/@acme", "subscribers",
            {"id": "UCabcdefghijklmnopqrstuv", "statistics": {"subscriberCount": "999", "hiddenSubscriberCount": False}},
            Decimal(999),
        ),
        Example("https://www.youtube.com/@%E9%98%BF%E5%85%8B%E7%BE%8E", "channel/@阿克美", "subscribers"),
        Example(
            "https://www.youtube.com/channel/UCabcdefghijklmnopqrstuv#metric=views", "channel/UCabcdefghijklmnopqrstuv", "views",
            {"id": "UCabcdefghijklmnopqrstuv", "statistics": {"viewCount": "0"}}, Decimal(0),
        ),
        Example(
            "https://studio.youtube.com/channel/UCabcdefghijklmnopqrstuv/analytics/tab-overview/period-default",
            "channel/UCabcdefghijklmnopqrstuv", "subscribers",
        ),
        Example("https://www.youtube.com/user/acme", "channel/acme?by=user", "subscribers"),
        Example("https://www.youtube.com/c/acme", "channel/acme?by=custom", "subscribers"),
        Example(
            "https://www.youtube.com/watch?v=abcDEF_-123&t=30s", "video/abcDEF_-123", "likes",
            {"id": "abcDEF_-123", "statistics": {"viewCount": "1234567", "likeCount": "321"}}, Decimal(321),
        ),
        Example(
            "https://youtu.be/abcDEF_-123?si=x#metric=views", "video/abcDEF_-123", "views",
            {"id": "abcDEF_-123", "statistics": {"viewCount": "1234567"}}, Decimal(1_234_567),
        ),
        Example("https://m.youtube.com/shorts/abcDEF_-123", "video/abcDEF_-123", "likes"),
        Example("https://studio.youtube.com/video/abcDEF_-123/analytics", "video/abcDEF_-123", "likes"),
        Example(
            "https://www.youtube.com/playlist?list=PL0123456789abcdef", "playlist/PL0123456789abcdef", "items",
            {"id": "PL0123456789abcdef", "contentDetails": {"itemCount": 13}}, Decimal(13),
        ),
    )  # fmt: skip
    unsupported = (
        "https://www.youtube.com/post/UgkxAbCdEf",
        "https://www.youtube.com/hashtag/acme",
        "https://www.youtube.com/results?search_query=acme",
        "https://www.youtube.com/playlist?list=RDabcDEF_-123",
    )

    def __init__(self, account: str, settings: YouTubeSettings, lookups: Lookups) -> None:
        super().__init__(account, settings, lookups)
        self._questions = Questions(f"{self.base()}{self.path}", lookups)

    def auth(self) -> Auth:
        return ApiKey(self.settings.api_key, header="X-Goog-Api-Key")

    @classmethod
    def resolve(cls, link: Link) -> tuple[Resource, str] | None:
        found = cls.match(link)
        if found is None:
            return None
        pattern, ids = found
        only(link)
        metric = cls.metric_of(pattern.kind, link).name
        if "handle" in ids:  # handles do not know upper and lower case
            return Resource("channel", "@" + ids["handle"].lower()), metric
        for way in ("user", "custom"):
            if way in ids:
                return Resource("channel", ids[way].lower(), (("by", way),)), metric
        return Resource(pattern.kind, ids["id"]), metric

    def fetch_batch(self, resources: Sequence[Resource], web: Web) -> Mapping[Resource, Any | LinkError]:
        return self._questions.documents(web, resources)

    def read(self, document: Any, query: Query) -> Reading:
        statistics = walk_or_none(document, "statistics")
        if query.metric == "subscribers":
            hidden = walk(statistics, "hiddenSubscriberCount")
            if hidden is True:
                raise AccessDenied(
                    "The owner of this channel hides how many subscribers it has.",
                    advice="Ask the owner to show the number in YouTube Studio, or type it in by hand, with manual: as the link.",
                )
            if hidden is not False:
                raise UnexpectedReply("YouTube does not say whether the number of subscribers is hidden.")
        if query.metric in {"likes", "comments"} and isinstance(statistics, dict) and "viewCount" in statistics:
            name = "likeCount" if query.metric == "likes" else "commentCount"
            if name not in statistics:  # documented nowhere as zero: it is left out where the owner hides it or switched it off
                raise AccessDenied(
                    "The owner of this video hides its {what}.", what=query.metric,
                    advice="Take another measure, such as views, or type the number in by hand, with manual: as the link.",
                )  # fmt: skip
        reading = super().read(document, query)
        rounded = query.metric == "subscribers" and reading.value >= ROUNDED_FROM
        return Reading(reading.value, reading.unit, reading.as_of, reading.approximate or rounded)

    def refine(self, reply: Reply) -> LinkError | None:
        if not 400 <= reply.status < 500:
            return None
        told = complaint(reply)
        if told.reasons & {"quotaExceeded", "dailyLimitExceeded"}:
            return RateLimited("The daily quota of this key for YouTube is used up.", wait=until_reset(reply))
        if told.reasons & {"rateLimitExceeded", "userRateLimitExceeded"}:
            return RateLimited("YouTube asks for fewer requests.", wait=reply.retry_after())
        if told.reasons & {"keyInvalid", "keyExpired", "API_KEY_INVALID"}:
            return BadCredentials("YouTube does not accept the key of this account.")
        if any("BLOCKED" in reason.upper() for reason in told.reasons):
            return BadCredentials(
                "The key of this account is restricted to other APIs or other computers.",
                advice="Ask the person who made the key to permit the YouTube Data API v3 and the computer that runs sheetsync.",
            )
        return switched_off(told, self.title)

    def probe(self, web: Web) -> None:
        self.ask(web, "/i18nLanguages", {"part": "snippet", "fields": "items(id)"})
