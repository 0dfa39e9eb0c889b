"""LinkedIn: the address of a page of a company, school or brand, or of a post, goes in, followers, reactions or views come out.

API            Community Management, https://learn.microsoft.com/linkedin/marketing/community-management, one version a month
Key            An app with the product "Community Management API", and the sign-in of an administrator of the page
               (scopes rw_organization_admin and r_organization_social). It ends after 60 days, a refresh token after a year.
Version        is sent with each call and supported for a year; when it has ended, the last months are tried, and one is kept
Ids            addresses carry a name, the API wants a number: it is looked up once and kept
Ends           of the key are announced two weeks ahead, those of the version a month ahead, in Sync and by alert
Statistics     of posts reach back twelve months and leave advertising out, so a total can fall: `period=` counts days instead.
               They are one or two days late; As of says up to when they go.
New followers  are counted by day, those won by advertising included
Reactions      are all kinds together, as the page shows them; `likes` of the statistics are thumbs only, and can be below zero
Activities     many addresses of posts carry an activity's number; whether LinkedIn counts it is not documented, so where it does
               not, the row says where the other number stands
Real service   not yet run against it; checked against its documentation and sample replies
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from sheetsync.connectors import _linkedin as replies
from sheetsync.connectors._linkedin_key import Key, granted
from sheetsync.connectors._linkedin_links import NO_SUM, company_of, post_of
from sheetsync.connectors._linkedin_questions import Questions
from sheetsync.connectors._person import PersonSettings, agreed, signed_in
from sheetsync.connectors._together import together
from sheetsync.connectors.base import BatchConnector, Example, Limits, LinkPattern, Lookups, Metric, setting, walk
from sheetsync.errors import LinkError
from sheetsync.model import PERCENT, Link, Query, Reading, Resource
from sheetsync.secrets import Secret
from sheetsync.texts import Sentence
from sheetsync.web.auth import Auth, Bearer, RefreshToken
from sheetsync.web.consent import Consent
from sheetsync.web.http import Reply, Web

_HOST: Final = r"((www|m|touch|[a-z]{2})\.)?linkedin\.com"
_NAME: Final = r"(?P<name>[\w.&'’()+,~-]{1,100})"
_POST: Final = r"(?P<type>activity|share|ugcPost)"
_MEMBER: Final = "LinkedIn gives out no numbers of a person. Type the number in by hand, with manual: as the link."
_OTHER: Final = (
    "Paste the address of the company's page or of a post; other numbers can be typed in by hand, with manual: as the link."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedInSettings(PersonSettings):
    access_token: Secret | None = setting("Access token of an administrator of the page; it ends after 60 days.", None)
    version: str = setting("Version of LinkedIn's API, as year and month.", "202608")


class LinkedIn(BatchConnector[LinkedInSettings]):
    title = "LinkedIn"
    settings_type = LinkedInSettings
    home = ("https://api.linkedin.com",)
    # What a day allows is not published (https://learn.microsoft.com/linkedin/shared/api-guide/concepts/rate-limits), so posts
    # are asked about together; how many is not documented, and twenty make an address of about a thousand characters.
    limits = Limits(concurrency=2, rates=((60, 60.0),), batch=20)

    links = (
        LinkPattern("company", _HOST, r"/(company|school|showcase)/(?P<id>\d{1,19})(/.*)?"),
        LinkPattern("company", _HOST, rf"/(company|school|showcase)/(?!(setup|unavailable)(/|$)){_NAME}(/.*)?"),
        LinkPattern("post", _HOST, rf"/(embed/)?feed/update/urn:li:{_POST}:(?P<id>\d{{1,19}})/?"),
        LinkPattern("post", _HOST, rf"/posts/[^/]{{1,400}}-{_POST}-(?P<id>\d{{1,19}})-[\w-]{{4}}/?"),
        LinkPattern("member", _HOST, r"/(in|pub|mynetwork|me|creator)/.*", instead=_MEMBER),
        LinkPattern("page", _HOST, r"/(newsletters|pulse|groups|events|feed|jobs|learning|analytics)(/.*)?", instead=_OTHER),
        LinkPattern("advertising", _HOST, r"/(campaignmanager|ad|ads)(/.*)?", instead=_OTHER),
        LinkPattern(
            "short", r"lnkd\.in", "/.+", instead="Open the short link and paste the address that the browser shows then."
        ),
    )
    metrics = {
        "company": (
            Metric("followers", "followers of the page", "followers"),
            Metric("new_followers", "followers that the page won in period=", "gains.followers"),
            Metric("impressions", "times its posts were shown in twelve months, or in a period", "posts.impressionCount"),
            Metric("unique_impressions", "people to whom its posts were shown", "posts.uniqueImpressionsCount"),
            Metric("clicks", "clicks on its posts", "posts.clickCount"),
            Metric("likes", "thumbs up of its posts, other reactions left out", "posts.likeCount"),
            Metric("comments", "comments on its posts", "posts.commentCount"),
            Metric("shares", "reposts of its posts", "posts.shareCount"),
            Metric("engagement_rate", "actions on its posts for each time that they were shown", "posts.engagement", PERCENT),
            Metric("page_views", "views of the page itself, ever or in a period", "page.pageViews"),
        ),
        "post": (
            Metric("reactions", "reactions of all kinds", "reactions"),
            Metric("comments", "comments and answers to them", "commentSummary.count"),
            Metric("top_level_comments", "comments, answers to them left out", "commentSummary.topLevelCount"),
            Metric("impressions", "times it was shown in the last twelve months", "posts.impressionCount"),
            Metric("unique_impressions", "people to whom it was shown", "posts.uniqueImpressionsCount"),
            Metric("clicks", "clicks on it", "posts.clickCount"),
            Metric("shares", "reposts", "posts.shareCount"),
            Metric("engagement_rate", "actions for each time that it was shown", "posts.engagement", PERCENT),
        ),
    }  # fmt: skip
    examples = (
        Example("https://www.linkedin.com/company/acme/", "company/acme?by=name", "followers", {"followers": 0}, Decimal(0)),
        Example(
            "https://www.linkedin.com/company/2414183/admin/analytics/visitors/#metric=page_views", "company/2414183?of=page",
            "page_views", {"page": {"pageViews": 17786}}, Decimal(17786),
        ),
        Example(
            "https://cn.linkedin.com/company/%E6%96%B0%E5%93%81?trk=public_profile#metric=engagement_rate",
            "company/新品?by=name&of=posts", "engagement_rate", {"posts": {"engagement": Decimal("0.0425")}},
            Decimal("0.0425"), PERCENT,
        ),
        Example(
            "https://www.linkedin.com/showcase/acme-cloud#metric=impressions&period=2027-01-01..2027-03-31",
            "company/acme-cloud?by=name&of=posts&from=2027-01-01&to=2027-03-31", "impressions",
            {"posts": {"impressionCount": 900}}, Decimal(900),
        ),
        Example(
            "https://www.linkedin.com/company/acme#metric=new_followers&period=2027-01-01..2027-03-31",
            "company/acme?by=name&of=gains&from=2027-01-01&to=2027-03-31", "new_followers", {"gains": {"followers": 31}},
            Decimal(31),
        ),
        Example("https://www.linkedin.com/school/acme-academy/posts/", "company/acme-academy?by=name", "followers"),
        Example(
            "https://www.linkedin.com/feed/update/urn:li:share:6844785523593134080/", "post/share:6844785523593134080",
            "reactions", {"reactions": 12}, Decimal(12),
        ),
        Example(
            "https://www.linkedin.com/feed/update/urn%3Ali%3AugcPost%3A6844785523593134080?utm_source=share#metric=impressions",
            "post/ugcPost:6844785523593134080?of=posts", "impressions", {"posts": {"impressionCount": 40}}, Decimal(40),
        ),
        Example(
            "https://www.linkedin.com/posts/acme_big-news-activity-6844785523593134080-AbC_?utm_medium=member_desktop#metric=comments",
            "post/activity:6844785523593134080", "comments", {"commentSummary": {"count": 3}}, Decimal(3),
        ),
    )  # fmt: skip
    unsupported = (
        "https://www.linkedin.com/in/jane-doe/",
        "https://www.linkedin.com/newsletters/acme-weekly-6844785523593134080/",
        "https://www.linkedin.com/pulse/big-news-jane-doe",
        "https://www.linkedin.com/groups/12345/",
        "https://www.linkedin.com/events/7000000000000000000/",
        "https://www.linkedin.com/campaignmanager/accounts/507404993/campaigns",
        "https://lnkd.in/eAbCdEf",
    )

    def __init__(self, account: str, settings: LinkedInSettings, lookups: Lookups) -> None:
        super().__init__(account, settings, lookups)
        self._signed_in: RefreshToken | None = None
        added = [metric.path for metric in self.metrics["company"] if metric.name not in NO_SUM]
        self._questions = Questions(self.base(), settings.version, account, lookups, self._now, added)

    def auth(self) -> Auth:
        given = self.settings
        if given.access_token is not None and not signed_in(given):
            return Bearer(given.access_token)
        self._signed_in = self._signed_in or agreed(self, "access_token")
        return self._signed_in

    def consent(self) -> Consent:
        login = self.settings.api_url.rstrip("/") or "https://www.linkedin.com"
        return Consent(
            "https://www.linkedin.com/oauth/v2/authorization", f"{login}/oauth/v2/accessToken",
            ("rw_organization_admin", "r_organization_social"), pkce=False, settings=granted,
        )  # fmt: skip

    @classmethod
    def chosen(cls, kind: str, ids: Mapping[str, str], link: Link) -> tuple[Resource, str]:
        metric = cls.metric_of(kind, link)
        return (company_of(ids, link, metric) if kind == "company" else post_of(ids, link, metric)), metric.name

    def fetch_batch(self, resources: Sequence[Resource], web: Web) -> Mapping[Resource, Any | LinkError]:
        return together(self._questions.calls(web, resources))

    def read(self, document: Any, query: Query) -> Reading:
        reading = super().read(document, query)
        until = document.get("until")
        return replace(reading, as_of=until if isinstance(until, datetime) else None)

    def refine(self, reply: Reply) -> LinkError | None:
        return replies.meaning(reply, self._now())

    def probe(self, web: Web) -> None:
        walk(self._questions.get(web, "/organizationAcls?q=roleAssignee&role=ADMINISTRATOR&state=APPROVED&count=1"), "elements")

    def warning(self) -> Sentence | None:
        given, said = self.settings, None
        if self._signed_in is not None and given.refresh_token is not None:
            left = self._signed_in.left
            said = Key(self.account, self.lookups, given.refresh_token.reveal()).ending(self._now(), left) if left else None
        elif given.access_token is not None:
            said = Key(self.account, self.lookups, given.access_token.reveal()).ending(self._now(), None)
        return said or self._questions.warning()

    # --- by what time

    def _now(self) -> datetime:
        return datetime.now(UTC)
