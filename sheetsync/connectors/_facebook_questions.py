"""Pages and posts of Facebook go in, their nodes of the Graph API come out, and the numbers that addresses hide."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, Final
from urllib.parse import quote

from sheetsync.connectors import _graph as graph
from sheetsync.connectors._facebook import counted_days
from sheetsync.connectors.base import Lookups, walk, walk_or_none
from sheetsync.errors import LinkError, NotFound
from sheetsync.model import Resource
from sheetsync.web.http import Web

BEHIND: Final = {"video": "id,post_id,from{id}", "photo": "id,page_story_id,from{id}"}
"""What leads from a video or a photo to its post."""

_PAGE_FIELDS: Final = "id,username,followers_count,fan_count,talking_about_count,rating_count,overall_star_rating"
_POST_FIELDS: Final = "id,shares,reactions.limit(0).summary(total_count),comments.filter(stream).limit(0).summary(total_count)"
_POST_INSIGHTS: Final = "id,insights.metric(post_media_view,post_total_media_view_unique).period(lifetime)"


@dataclass(frozen=True, slots=True)
class Questions:
    """What one account asks; `base` is the address in front of every path, or a ConfigError."""

    base: Callable[[], str]
    lookups: Lookups

    def documents(self, web: Web, resources: Sequence[Resource]) -> dict[Resource, Any | LinkError]:
        """The node of each page or post, all in one call where one brings it; the counted days of each other page."""
        found: dict[Resource, Any | LinkError] = {}
        together: dict[str, list[Resource]] = defaultdict(list)
        for resource in resources:
            report = dict(resource.params).get("report", "")
            if resource.kind == "page" and report:
                found |= graph.apart([resource], lambda wanted: {one: self._days(web, one) for one in wanted})
            else:
                together[report].append(resource)
        for report, wanted in together.items():
            if resources[0].kind == "page":
                found |= graph.apart(wanted, partial(self._nodes, web, {one: one.id for one in wanted}, _PAGE_FIELDS))
            else:
                found |= self._posts(web, wanted, _POST_INSIGHTS if report else _POST_FIELDS)
        return found

    def _posts(self, web: Web, wanted: Sequence[Resource], fields: str) -> dict[Resource, Any | LinkError]:
        posts = self._post_ids(web, wanted)
        found: dict[Resource, Any | LinkError] = {one: error for one, error in posts.items() if isinstance(error, LinkError)}
        known = {one: post for one, post in posts.items() if isinstance(post, str)}
        answers = graph.apart([*known], partial(self._nodes, web, known, fields)) if known else {}
        return found | {one: self._owned(web, answer) for one, answer in answers.items()}

    def _nodes(self, web: Web, ids: Mapping[Resource, str], fields: str, wanted: Sequence[Resource]) -> Mapping[Resource, Any]:
        return graph.nodes_of(web, self.base(), ids, fields, "Facebook", wanted)

    def _owned(self, web: Web, post: Any | LinkError) -> Any | LinkError:
        """The post, with a mark whether the key is its page's own, which is asked only where there seem to be no comments."""
        if isinstance(post, LinkError) or walk_or_none(post, "comments.summary.total_count") != 0:
            return post
        own = walk(web.get_json(f"{self.base()}/me", params={"fields": "id"}, once=True), "id")
        return {**post, "owned": str(walk(post, "id")).partition("_")[0] == own}

    def _post_ids(self, web: Web, wanted: Sequence[Resource]) -> dict[Resource, str | LinkError]:
        """`{page}_{post}` of each, which the API wants; what had to be looked up is kept, since it never changes."""
        found: dict[Resource, str | LinkError] = {}
        asked: dict[str, dict[Resource, str]] = defaultdict(dict)
        for one in wanted:
            given = dict(one.params)
            page = given.get("page", "")
            kept = self.lookups.get(f"post/{given.get('by', page)}/{one.id}")
            if kept is not None:
                found[one] = kept
            elif "by" in given:
                asked[given["by"]][one] = one.id
            elif one.id.isdigit() and page.isdigit():
                found[one] = f"{page}_{one.id}"
            elif one.id.isdigit() and (number := self.lookups.get(f"page/{page}")) is not None:
                found[one] = f"{number}_{one.id}"
            elif one.id.isdigit():
                asked["page"][one] = page
            else:
                found |= graph.apart([one], lambda these: {this: self._disguised(web, this) for this in these})
        for what, ids in asked.items():
            for one, node in graph.apart([*ids], partial(self._nodes, web, ids, BEHIND.get(what, "id,username"))).items():
                found[one] = node if isinstance(node, LinkError) else self._looked_up(what, one, node)
        return found

    def _looked_up(self, what: str, one: Resource, node: Any) -> str | LinkError:
        if what == "page":
            number = str(walk(node, "id"))
            key = f"page/{dict(one.params)['page']}"
            if self.lookups.get(key) != number:
                self.lookups.put(key, number)
            return f"{number}_{one.id}"
        post = str(walk_or_none(node, "page_story_id") or walk_or_none(node, "post_id") or "")
        owner = str(walk_or_none(node, "from.id") or "")
        post = post if "_" in post else f"{owner}_{post}"
        if not re.fullmatch(r"[0-9]+_[0-9]+", post):
            return NotFound("Facebook shows no post of this video or photo.", advice="Paste the address of the post instead.")
        self.lookups.put(f"post/{what}/{one.id}", post)
        return post

    def _days(self, web: Web, resource: Resource) -> Mapping[str, Any]:
        given = dict(resource.params)
        url = f"{self.base()}/{quote(resource.id, safe='')}/insights"
        return counted_days(web, url, given["report"], date.fromisoformat(given["from"]), date.fromisoformat(given["to"]))

    def _disguised(self, web: Web, one: Resource) -> str:
        page = dict(one.params)["page"]
        for post in graph.listing(web, f"{self.base()}/{quote(page, safe='')}/posts", "id,permalink_url"):
            if re.search(rf"\b{re.escape(one.id)}\b", str(walk_or_none(post, "permalink_url"))):
                found = str(walk(post, "id"))
                self.lookups.put(f"post/{page}/{one.id}", found)
                return found
        raise NotFound(
            "Facebook disguises the number of this post, and it is not among the posts that the page shows to this account.",
            advice="Open the post in Meta Business Suite and paste its address with the plain number.",
        )
