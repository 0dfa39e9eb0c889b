"""LinkedIn: the address of a page of a company, school or brand, or of a post, goes in, followers, reactions or views come out.

API            Community Management, https://learn.microsoft.com/linkedin/marketing/community-management, one version a month
Key            An app with the product "Community Management API", and the sign-in of an administrator of the page
               (scopes rw_organization_admin and r_organization_social). It ends after 60 days, a refresh token after a year.
Version        is sent with each call and supported for a year; when it has ended, the last months are tried, and one is kept
Ids            addresses carry a name, the API wants a number: it is looked up once and kept
Statistics     of posts reach back twelve months and leave advertising out, so a total can fall: `period=` counts days instead.
               They are one or two days late; As of says up to when they go.
Reactions      are all kinds together, as the page shows them; `likes` of the statistics are thumbs only, and can be below zero
Activities     many addresses of posts carry an activity's number; whether LinkedIn counts it is not documented, so where it does
               not, the row says where the other number stands
Real service   not yet run against it; checked against its documentation and sample replies
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import Any, Final
from urllib.parse import quote

import structlog

from sheetsync.connectors import _linkedin as replies
from sheetsync.connectors._options import days_of, only
from sheetsync.connectors._together import Call, Documents, only_of, together
from sheetsync.connectors.base import (
    Connector,
    Example,
    Limits,
    LinkPattern,
    Metric,
    Settings,
    origin_of,
    setting,
    walk,
)
from sheetsync.errors import ConfigError, LinkError, NoSuchMetric, NotFound, UnexpectedReply
from sheetsync.model import PERCENT, Link, Query, Reading, Resource
from sheetsync.secrets import Secret
from sheetsync.web.auth import Auth, Bearer, RefreshToken
from sheetsync.web.http import Reply, Web

_HOST: Final = r"((www|m|touch|[a-z]{2})\.)?linkedin\.com"
_NAME: Final = r"(?P<name>[\w.&'’()+,~-]{1,100})"
_POST: Final = r"(?P<type>activity|share|ugcPost)"
_MEMBER: Final = "LinkedIn gives out no numbers of a person. Type the number in by hand, with manual: as the link."
_OTHER: Final = (
    "Paste the address of the company's page or of a post; other numbers can be typed in by hand, with manual: as the link."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedInSettings(Settings):
    access_token: Secret | None = setting("Access token of an administrator of the page; it ends after 60 days.", None)
    client_id: str = setting("Instead of an access token: the app's client ID.", "")
    client_secret: Secret | None = setting("Only with client_id: the app's client secret.", None)
    refresh_token: Secret | None = setting("Only with client_id: the administrator's refresh token; it ends after a year.", None)
    version: str = setting("Version of LinkedIn's API, as year and month.", "202608")


class LinkedIn(Connector[LinkedInSettings]):
    title = "LinkedIn"
    settings_type = LinkedInSettings
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
    no_sum = frozenset({"followers", "unique_impressions", "engagement_rate"})
    """Measures of a page that cannot be added up over the days of a period."""
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

    def origins(self) -> Collection[str]:
        return (origin_of(self._base()),)

    def auth(self) -> Auth:
        given = self.settings
        if given.client_id and given.client_secret is not None and given.refresh_token is not None:
            tokens = f"{given.api_url.rstrip('/') or 'https://www.linkedin.com'}/oauth/v2/accessToken"
            return RefreshToken(tokens, given.client_id, given.client_secret, given.refresh_token, store=given.refresh_token.keep)
        if given.access_token is not None:
            return Bearer(given.access_token)
        raise ConfigError(
            "The account {account} of LinkedIn needs access_token, or client_id, client_secret and refresh_token.",
            account=self.account,
        )

    @classmethod
    def resolve(cls, link: Link) -> tuple[Resource, str] | None:
        found = cls.match(link)
        if found is None:
            return None
        pattern, ids = found
        only(link, *(("period",) if pattern.kind == "company" else ()))
        metric, days = cls.metric_of(pattern.kind, link), days_of(link)
        of = metric.path.partition(".")[0]
        asked = [("of", of)] if of in {"posts", "page"} else []
        if days and metric.name in cls.no_sum:
            raise NoSuchMetric(
                "LinkedIn does not give this measure for a period.",
                advice="Take period= out of the link, or choose impressions, clicks, likes, comments, shares or page_views.",
            )
        asked += zip(("from", "to"), days, strict=True) if days else ()
        if pattern.kind == "company":
            name = [("by", "name")] if "name" in ids else []
            return Resource("company", ids.get("id") or ids["name"].lower(), (*name, *asked)), metric.name
        if asked and ids["type"] == "activity":
            raise NoSuchMetric("LinkedIn does not give this measure under this address of the post.", advice=replies.EMBED)
        return Resource("post", f"{ids['type']}:{ids['id']}", tuple(asked)), metric.name

    def fetch(self, resource: Resource, web: Web) -> Any:
        return only_of(self.fetch_batch([resource], web), resource)

    def fetch_batch(self, resources: Sequence[Resource], web: Web) -> Mapping[Resource, Any | LinkError]:
        """Posts together, those under an activity's number apart; a page alone; statistics of posts by who wrote them."""
        groups: dict[tuple[str, ...], list[Resource]] = {}
        for resource in resources:
            written_in, of = resource.id.partition(":")[0], dict(resource.params).get("of", "")
            key = ("page", str(resource)) if resource.kind == "company" else (of or "post", written_in)
            groups.setdefault(key, []).append(resource)
        asks: dict[str, Callable[[Web, Sequence[Resource]], Documents]] = {
            "page": self._company, "post": self._reactions, "posts": self._statistics
        }  # fmt: skip
        calls: list[Call] = [(group, partial(asks[key[0]], web, group)) for key, group in groups.items()]
        return together(calls)

    def read(self, document: Any, query: Query) -> Reading:
        reading = super().read(document, query)
        until = document.get("until")
        return Reading(reading.value, reading.unit, until if isinstance(until, datetime) else None)

    def refine(self, reply: Reply) -> LinkError | None:
        return replies.meaning(reply, self._now())

    def probe(self, web: Web) -> None:
        walk(self._get(web, "/organizationAcls?q=roleAssignee&role=ADMINISTRATOR&state=APPROVED&count=1"), "elements")

    # --- how LinkedIn is asked

    def _base(self) -> str:
        return (self.settings.api_url or "https://api.linkedin.com").rstrip("/")

    def _now(self) -> datetime:
        return datetime.now(UTC)

    def _get(self, web: Web, path: str) -> Any:
        """The answer of a version that is supported. `path` is written out, since the brackets of lists stay as they are."""
        key = f"version after {self.settings.version}"
        if not re.fullmatch(r"20\d{4}(\d\d)?", self.settings.version):
            raise ConfigError(
                "The version of LinkedIn's API is written as 202608, in the account {account}.", account=self.account
            )
        first = self.lookups.get(key) or self.settings.version
        for version in dict.fromkeys((first, *replies.months_before(self._now().date()))):
            headers = {"LinkedIn-Version": version, "X-Restli-Protocol-Version": "2.0.0"}
            try:
                answer = web.get_json(f"{self._base()}/rest{path}", headers=headers)
            except replies.Ended:
                continue
            if version != first:
                structlog.get_logger().warning("version ended", connector="linkedin", ended=first, instead=version)
                self.lookups.put(key, version)
            return answer
        raise UnexpectedReply(
            "LinkedIn no longer supports the version of its API that is set.",
            advice="Ask the person who installed sheetsync to set a newer version in sheetsync.toml.",
        )

    def _company(self, web: Web, resources: Sequence[Resource]) -> Documents:
        (resource,) = resources
        given = dict(resource.params)
        page = f"urn%3Ali%3Aorganization%3A{self._number(web, resource.id) if 'by' in given else resource.id}"
        if "of" not in given:
            sizes = self._get(web, f"/networkSizes/{page}?edgeType=COMPANY_FOLLOWED_BY_MEMBER")
            return {resource: {"followers": walk(sizes, "firstDegreeSize")}}
        if given["of"] == "page":
            path, figures = f"/organizationPageStatistics?q=organization&organization={page}", replies.VIEWS
        else:
            path = f"/organizationalEntityShareStatistics?q=organizationalEntity&organizationalEntity={page}"
            figures = replies.SHARES
        if "from" not in given:
            return {resource: {given["of"]: replies.total(self._get(web, path), figures)}}
        first, last = date.fromisoformat(given["from"]), date.fromisoformat(given["to"])
        span = replies.span(first, last, self._now())
        days = replies.by_day(self._get(web, f"{path}&timeIntervals={span.text}"), figures)
        return {resource: {given["of"]: span.added(days, self.metrics_of_days(given["of"])), "until": span.until(days)}}

    def metrics_of_days(self, of: str) -> tuple[str, ...]:
        """The fields that can be added up over days."""
        known = (metric for metric in self.metrics["company"] if metric.name not in self.no_sum)
        return tuple(metric.path.partition(".")[2] for metric in known if metric.path.startswith(of + "."))

    def _number(self, web: Web, name: str) -> str:
        kept = self.lookups.get(f"company/{name}")
        if kept is None:
            kept = replies.number_of(self._get(web, f"/organizations?q=vanityName&vanityName={quote(name, safe='')}"), name)
            self.lookups.put(f"company/{name}", kept)
        return kept

    def _reactions(self, web: Web, resources: Sequence[Resource]) -> Documents:
        asked = {resource: f"urn:li:{resource.id}" for resource in resources}
        wanted = ",".join(quote(urn, safe="") for urn in sorted(set(asked.values())))
        activities = resources[0].id.startswith("activity:")
        try:
            answer = self._get(web, f"/socialMetadata?ids=List({wanted})")
        except (NotFound, replies.Misunderstood):
            if not activities:
                raise
            return dict.fromkeys(resources, replies.not_counted())
        return {resource: replies.reactions(answer, urn, activity=activities) for resource, urn in asked.items()}

    def _statistics(self, web: Web, resources: Sequence[Resource]) -> Documents:
        """Each post's statistics are asked for under the page that wrote it, all posts of one page together."""
        found: dict[Resource, Any | LinkError] = {}
        by_author: dict[str, list[Resource]] = {}
        authors: list[Call] = [([one], partial(self._author, web, one)) for one in resources]
        for resource, author in together(authors).items():
            if isinstance(author, LinkError):
                found[resource] = author
            else:
                by_author.setdefault(author, []).append(resource)
        calls: list[Call] = [(posts, partial(self._of_posts, web, author, posts)) for author, posts in by_author.items()]
        return found | together(calls)

    def _author(self, web: Web, resource: Resource) -> Documents:
        kept = self.lookups.get(f"author/{resource.id}")
        if kept is None:
            author = walk(self._get(web, f"/posts/{quote(f'urn:li:{resource.id}', safe='')}"), "author")
            kept = replies.page_of(author)
            self.lookups.put(f"author/{resource.id}", kept)
        return {resource: kept}

    def _of_posts(self, web: Web, author: str, posts: Sequence[Resource]) -> Documents:
        field = posts[0].id.partition(":")[0]
        wanted = ",".join(quote(f"urn:li:{one.id}", safe="") for one in posts)
        path = f"/organizationalEntityShareStatistics?q=organizationalEntity&organizationalEntity={quote(author, safe='')}"
        answer = self._get(web, f"{path}&{'shares' if field == 'share' else 'ugcPosts'}=List({wanted})")
        return {one: replies.of_post(answer, field, f"urn:li:{one.id}") for one in posts}
