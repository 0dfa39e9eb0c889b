"""Profiles and posts of Instagram go in, their counts come out: through the own account, or from its own listing."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from sheetsync.connectors import _graph as graph
from sheetsync.connectors.base import Lookups, walk, walk_or_none
from sheetsync.errors import ConfigError, Incomplete, LinkError, NotFound, UnexpectedReply
from sheetsync.model import Resource
from sheetsync.web.http import Web

_COUNTS: Final = "id,permalink,like_count,comments_count"
_INSIGHTS: Final = "id,insights.metric(views,reach,saved,shares,total_interactions)"
_CURSOR: Final = re.compile(r"[A-Za-z0-9_=+/-]{1,500}")
_OWN_PAGES: Final = "instagram_business_account"


@dataclass(frozen=True, slots=True)
class Questions:
    """What one account asks; `base` is the address in front of every path, or a ConfigError; `user_id` may be blank."""

    base: Callable[[], str]
    account: str
    user_id: str
    lookups: Lookups

    def me(self, web: Web) -> str:
        """The number of the own account, through which others are looked up."""
        own = self.user_id
        if not own:
            pages = graph.listing(web, f"{self.base()}/me/accounts", _OWN_PAGES)
            found = {str(walk(page, f"{_OWN_PAGES}.id")) for page in pages if walk_or_none(page, _OWN_PAGES) is not None}
            if len(found) != 1:
                raise ConfigError(
                    "The key of the account {account} sees {count} professional accounts of Instagram.",
                    account=self.account, count=len(found), advice="Set user_id to the number of your own one.",
                )  # fmt: skip
            own = found.pop()
        if not re.fullmatch(r"[0-9]{5,25}", own):
            raise ConfigError("The user_id of the account {account} must be the number of an account.", account=self.account)
        return own

    def _discovery(self, web: Web, user: str, fields: str) -> Any:
        """What any professional account shows: https://developers.facebook.com/docs/instagram-platform/reference/ig-user."""
        asked = f"business_discovery.username({user}){{username,{fields}}}"
        answer = web.get_json(f"{self.base()}/{self.me(web)}", params={"fields": asked}, once=True)
        found = walk(answer, "business_discovery")
        if str(walk(found, "username")).lower() != user:
            raise UnexpectedReply("Instagram answers about another account than was asked for.")
        return found

    def profile(self, web: Web, wanted: Sequence[Resource]) -> Mapping[Resource, Any]:
        return {one: self._discovery(web, one.id, "followers_count,follows_count,media_count") for one in wanted}

    def discovered(self, web: Web, user: str, wanted: Sequence[Resource]) -> Mapping[Resource, Any | LinkError]:
        """Posts of any professional account; they can be read in its listing only."""

        def page(after: str) -> tuple[Any, str]:
            if after and not _CURSOR.fullmatch(after):
                raise UnexpectedReply("Instagram's list goes on in a way that is not understood.")
            cursor = f".after({after})" if after else ""
            found = self._discovery(web, user, f"media.limit({graph.PAGE}){cursor}{{{_COUNTS}}}")
            media = walk_or_none(found, "media")  # left out where there is nothing more
            if media is None:
                return [], ""
            return walk(media, "data"), str(walk_or_none(media, "paging.cursors.after") or "")

        return _picked(graph.turned(page), wanted, NotFound("Instagram shows no such post of this account."))

    def own(self, web: Web, wanted: Sequence[Resource], report: str) -> Mapping[Resource, Any | LinkError]:
        """Posts of the own account: by their numbers, which are looked up once."""
        found: dict[Resource, Any | LinkError] = {}
        ids = {one: self.lookups.get(f"media/{one.id}") for one in wanted}
        unknown = [one for one in wanted if ids[one] is None]
        if unknown:
            missing = NotFound(
                "This is no post of your own account of Instagram.",
                advice="For likes and comments of another account's post, paste https://www.instagram.com/NAME/p/CODE/.",
            )
            for one, entry in _picked(
                graph.listing(web, f"{self.base()}/{self.me(web)}/media", _COUNTS), unknown, missing
            ).items():
                if isinstance(entry, LinkError):
                    found[one] = entry
                    continue
                ids[one] = str(walk(entry, "id"))
                self.lookups.put(f"media/{one.id}", ids[one] or "")
                if not report:
                    found[one] = entry
        asked = {one: number for one, number in ids.items() if one not in found and number is not None}
        if asked:
            found |= graph.apart(
                [*asked], partial(graph.nodes_of, web, self.base(), asked, _INSIGHTS if report else _COUNTS, "Instagram")
            )
        return found


def _picked(posts: Iterator[Any], wanted: Sequence[Resource], missing: LinkError) -> dict[Resource, Any | LinkError]:
    """The wanted posts of a listing, by the code in their address; read no further than needed."""
    found: dict[Resource, Any | LinkError] = {}
    left: dict[str, list[Resource]] = defaultdict(list)
    for one in wanted:
        left[one.id].append(one)
    try:
        for post in posts:
            code = re.search(r"instagram\.com/(?:[^/]+/)?(?:p|reel|reels|tv)/([^/?#]+)", str(walk_or_none(post, "permalink")))
            for one in left.pop(code[1], []) if code else ():
                found[one] = post
            if not left:
                return found
    except Incomplete as error:  # older posts than those that are looked through
        missing = error
    return found | {one: missing for ones in left.values() for one in ones}
