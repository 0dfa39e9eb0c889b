"""Resources go in, LinkedIn's answers about them come out: which question brings what, in a version that is supported.

A path is written out, not put together from parameters: the brackets of Rest.li's lists stay as they are
(https://linkedin.github.io/rest.li/spec/protocol).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any, Final
from urllib.parse import quote

import structlog

from sheetsync.connectors import _linkedin as replies
from sheetsync.connectors._together import Call, Documents, together
from sheetsync.connectors.base import Lookups, walk
from sheetsync.errors import ConfigError, LinkError, NotFound, UnexpectedReply
from sheetsync.model import Resource
from sheetsync.texts import Sentence, sentence
from sheetsync.web.http import Web

OF_PAGE: Final[Mapping[str, tuple[str, str, str]]] = {
    "posts": ("organizationalEntityShareStatistics", "organizationalEntity", replies.SHARES),
    "page": ("organizationPageStatistics", "organization", replies.VIEWS),
    "gains": ("organizationalEntityFollowerStatistics", "organizationalEntity", replies.GAINS),
}
"""What is counted -> the question, the name under which it wants the page, and where the figures stand in its answer."""

SUPPORTED_MONTHS: Final = 12
"""For so long each version of the API is answered (https://learn.microsoft.com/linkedin/marketing/versioning)."""


@dataclass(frozen=True, slots=True)
class Questions:
    """What one account asks. `added` are the paths of figures that can be added up over days: `posts.clickCount`."""

    base: str
    version: str
    account: str
    lookups: Lookups
    now: Callable[[], datetime]
    added: Sequence[str]

    def get(self, web: Web, path: str) -> Any:
        """The answer of a version that is supported."""
        if not re.fullmatch(r"20\d{4}(\d\d)?", self.version):
            raise ConfigError(
                "The version of LinkedIn's API is written as 202608, in the account {account}.", account=self.account
            )
        first = self._successor() or self.version
        for version in dict.fromkeys((first, *replies.months_before(self.now().date()))):
            headers = {"LinkedIn-Version": version, "X-Restli-Protocol-Version": "2.0.0"}
            try:
                answer = web.get_json(f"{self.base}/rest{path}", headers=headers)
            except replies.Ended:
                continue
            if version != first:
                structlog.get_logger().warning("version ended", connector="linkedin", ended=first, instead=version)
                self.lookups.put(f"version after {self.version}", version)
            return answer
        raise UnexpectedReply(
            "LinkedIn no longer supports the version of its API that is set.",
            advice="Ask the person who installed sheetsync to set a newer version in sheetsync.toml.",
        )

    def warning(self) -> Sentence | None:
        """That the version in the settings has ended or is about to."""
        instead = self._successor()
        if instead is not None:
            return sentence(
                "Version {version} of LinkedIn's API has ended and {instead} is used: set it in sheetsync.toml.",
                version=self.version, instead=instead,
            )  # fmt: skip
        today, year, month = self.now().date(), int(self.version[:4]), int(self.version[4:6])
        if (today.year - year) * 12 + today.month - month < SUPPORTED_MONTHS - 1:
            return None
        return sentence(
            "LinkedIn supports version {version} of its API until {month} only: set a newer one in sheetsync.toml.",
            version=self.version, month=f"{year + 1}-{month:02}",
        )  # fmt: skip

    def _successor(self) -> str | None:
        """The version that is used since the one in the settings has ended."""
        return self.lookups.get(f"version after {self.version}")

    # --- by what is asked about

    def calls(self, web: Web, resources: Sequence[Resource]) -> list[Call]:
        """Posts together, those under an activity's number apart; a page alone; statistics of posts by who wrote them."""
        groups: dict[tuple[str, ...], list[Resource]] = {}
        for resource in resources:
            written_in, of = resource.id.partition(":")[0], dict(resource.params).get("of", "")
            key = ("page", str(resource)) if resource.kind == "company" else (of or "post", written_in)
            groups.setdefault(key, []).append(resource)
        asks: dict[str, Callable[[Web, Sequence[Resource]], Documents]] = {
            "page": self._company, "post": self._reactions, "posts": self._statistics
        }  # fmt: skip
        return [(group, partial(asks[key[0]], web, group)) for key, group in groups.items()]

    def _company(self, web: Web, resources: Sequence[Resource]) -> Documents:
        (resource,) = resources
        given = dict(resource.params)
        page = f"urn%3Ali%3Aorganization%3A{self._number(web, resource.id) if 'by' in given else resource.id}"
        if "of" not in given:
            sizes = self.get(web, f"/networkSizes/{page}?edgeType=COMPANY_FOLLOWED_BY_MEMBER")
            return {resource: {"followers": walk(sizes, "firstDegreeSize")}}
        question, name, figures = OF_PAGE[given["of"]]
        path = f"/{question}?q={name}&{name}={page}"
        if "from" not in given:
            return {resource: {given["of"]: replies.total(self.get(web, path), figures)}}
        first, last = date.fromisoformat(given["from"]), date.fromisoformat(given["to"])
        span = replies.span(first, last, self.now())
        names = [name for of, _, name in (path.partition(".") for path in self.added) if of == given["of"]]
        days = replies.by_day(self.get(web, f"{path}&timeIntervals={span.text}"), figures)
        return {resource: {given["of"]: span.added(days, names), "until": span.until(days)}}

    def _number(self, web: Web, name: str) -> str:
        kept = self.lookups.get(f"company/{name}")
        if kept is None:
            kept = replies.number_of(self.get(web, f"/organizations?q=vanityName&vanityName={quote(name, safe='')}"), name)
            self.lookups.put(f"company/{name}", kept)
        return kept

    def _reactions(self, web: Web, resources: Sequence[Resource]) -> Documents:
        asked = {resource: f"urn:li:{resource.id}" for resource in resources}
        wanted = ",".join(quote(urn, safe="") for urn in sorted(set(asked.values())))
        activities = resources[0].id.startswith("activity:")
        try:
            answer = self.get(web, f"/socialMetadata?ids=List({wanted})")
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
            author = walk(self.get(web, f"/posts/{quote(f'urn:li:{resource.id}', safe='')}"), "author")
            kept = replies.page_of(author)
            self.lookups.put(f"author/{resource.id}", kept)
        return {resource: kept}

    def _of_posts(self, web: Web, author: str, posts: Sequence[Resource]) -> Documents:
        field = posts[0].id.partition(":")[0]
        wanted = ",".join(quote(f"urn:li:{one.id}", safe="") for one in posts)
        path = f"/organizationalEntityShareStatistics?q=organizationalEntity&organizationalEntity={quote(author, safe='')}"
        answer = self.get(web, f"{path}&{'shares' if field == 'share' else 'ugcPosts'}=List({wanted})")
        return {one: replies.of_post(answer, field, f"urn:li:{one.id}") for one in posts}
