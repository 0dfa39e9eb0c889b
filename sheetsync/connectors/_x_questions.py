"""Pages of X go in, the calls that bring them come out: accounts and posts a hundred at a time, every other page by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from sheetsync.connectors import _x as replies
from sheetsync.connectors._together import Call, Documents
from sheetsync.connectors.base import Ask, Lookups
from sheetsync.errors import LinkError
from sheetsync.model import Resource

EXTRA: Final[Mapping[str, str]] = {
    "video_views": "video", "engagements": "author", "link_clicks": "author", "profile_clicks": "author",
}  # fmt: skip
"""Measures that need another question -> whose numbers it asks for: paid for on top, or shown to the author alone."""


@dataclass(frozen=True, slots=True)
class Questions:
    """What one account asks; `signed_in` as a person, who alone is shown the clicks on own posts."""

    ask: Ask
    lookups: Lookups
    signed_in: bool

    def calls(self, resources: Sequence[Resource]) -> list[Call]:
        """One call for accounts of known number, one for others, one for each question on posts, one for each other page."""
        groups: dict[tuple[str, ...], list[Resource]] = {}
        for resource in resources:
            groups.setdefault(self._group(resource), []).append(resource)
        asks: dict[str, Callable[[Sequence[Resource]], Documents]] = {
            "ids": self._by_number, "handles": self._by_handle, "post": self._posts
        }  # fmt: skip
        return [(group, partial(asks.get(key[0], self._page), group)) for key, group in groups.items()]

    def _group(self, resource: Resource) -> tuple[str, ...]:
        if resource.kind == "user":
            return ("ids",) if self._number(resource) else ("handles",)
        return ("post", dict(resource.params).get("of", "")) if resource.kind == "post" else ("page", str(resource))

    def _number(self, resource: Resource) -> str | None:
        return resource.id if ("by", "id") in resource.params else self.lookups.get(f"user/{resource.id}")

    def _by_number(self, resources: Sequence[Resource]) -> Documents:
        asked = {resource: self._number(resource) or "" for resource in resources}
        ids = ",".join(sorted(set(asked.values())))
        return replies.matched(self.ask("/users", {"ids": ids, "user.fields": "public_metrics"}), asked, "id")

    def _by_handle(self, resources: Sequence[Resource]) -> Documents:
        asked = {resource: resource.id for resource in resources}
        params = {"usernames": ",".join(sorted(asked.values())), "user.fields": "public_metrics"}
        found = replies.matched(self.ask("/users/by", params), asked, "username")
        for resource, document in found.items():
            if not isinstance(document, LinkError):
                self.lookups.put(f"user/{resource.id}", document["id"])
        return found

    def _posts(self, resources: Sequence[Resource]) -> Documents:
        of = dict(resources[0].params).get("of", "")
        if of == "author" and not self.signed_in:
            raise replies.not_the_author()
        asked = {resource: resource.id for resource in resources}
        fields = {"video": "attachments", "author": "non_public_metrics"}.get(of, "public_metrics") + ",referenced_tweets"
        params = {"ids": ",".join(sorted(asked.values()))}
        if of == "video":
            params |= {"expansions": "attachments.media_keys", "media.fields": "public_metrics"}
        kept = self.lookups.get("fields") or "tweet.fields"
        try:
            answer = self.ask("/tweets", {**params, kept: fields})
        except replies.Renamed:
            kept = "tweet.fields" if kept == "post.fields" else "post.fields"
            answer = self.ask("/tweets", {**params, kept: fields})
            self.lookups.put("fields", kept)
        return replies.matched(answer, asked, "id", replies.of_posts(answer, of))

    def _page(self, resources: Sequence[Resource]) -> Documents:
        (resource,) = resources
        match resource.kind:
            case "list":
                answer = self.ask(f"/lists/{resource.id}", {"list.fields": "member_count,follower_count"})
            case "community":
                answer = self.ask(f"/communities/{resource.id}", {"community.fields": "member_count"})
            case "space":
                answer = self.ask(f"/spaces/{resource.id}", {"space.fields": "participant_count,subscriber_count"})
            case _:
                answer = self.ask("/tweets/counts/recent", {"query": resource.id, "granularity": "day"})
        return {resource: replies.page(answer, "meta" if resource.kind == "search" else "data", resource.id)}
