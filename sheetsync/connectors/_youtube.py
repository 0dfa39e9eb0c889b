"""Channels, videos and playlists of YouTube go in, their entries come out: fifty ids in a call, names once, then by their ids."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sheetsync.connectors.base import Lookups, walk, walk_or_none
from sheetsync.errors import LinkError, NotFound, UnexpectedReply
from sheetsync.model import Resource
from sheetsync.web.http import Web

IDS_PER_CALL: Final = 50

_COUNTED: Final = {"channel": "channels", "video": "videos", "playlist": "playlists"}
_PARTS: Final = {"channel": "snippet,statistics", "video": "statistics", "playlist": "contentDetails"}
_FIELDS: Final = {
    "channel": "pageInfo/totalResults,items(id,snippet/customUrl,statistics)",
    "video": "pageInfo/totalResults,items(id,statistics)",
    "playlist": "pageInfo/totalResults,items(id,contentDetails/itemCount)",
}


@dataclass(frozen=True, slots=True)
class Questions:
    """What one account asks."""

    base: str
    lookups: Lookups

    def documents(self, web: Web, resources: Sequence[Resource]) -> Mapping[Resource, Any | LinkError]:
        found: dict[Resource, Any | LinkError] = {}
        wanted: dict[str, list[Resource]] = defaultdict(list)
        for resource in resources:
            known = self.lookups.get(_key(resource)) if _is_named(resource) else resource.id
            if known is None:
                found[resource] = self._named(web, resource)
            else:
                wanted[known].append(resource)
        if wanted:
            items = self._items(web, resources[0].kind, id=",".join(sorted(wanted)), maxResults=str(IDS_PER_CALL))
            by_id = {str(walk(item, "id")): item for item in items}
            for known, rows in wanted.items():
                for resource in rows:
                    item = by_id.get(known)
                    if _is_named(resource) and (item is None or not _bears(item, resource)):
                        found[resource] = self._named(web, resource)  # the name belongs to another channel by now
                    else:
                        found[resource] = _gone(resource) if item is None else item
        return found

    def _items(self, web: Web, kind: str, **filters: str) -> Sequence[Any]:
        """What the service knows of these; where it knows none of them, the list itself is left out of the answer."""
        if kind == "video":
            filters.pop("maxResults", None)  # not permitted beside ids, unlike with channels, where the default is five
        params = {"part": _PARTS[kind], "fields": _FIELDS[kind], **filters}
        answer = web.get_json(f"{self.base}/{_COUNTED[kind]}", params=params)
        if isinstance(answer, dict) and "items" not in answer and walk_or_none(answer, "pageInfo.totalResults") == 0:
            return []
        items = walk(answer, "items")
        if not isinstance(items, list):
            raise UnexpectedReply("YouTube's answer holds no list where one is due.")
        return items

    def _named(self, web: Web, resource: Resource) -> Any | LinkError:
        """The channel behind a handle or a name, asked for by it."""
        if dict(resource.params).get("by") == "user":
            asked = {"forUsername": resource.id}
        else:
            asked = {"forHandle": "@" + resource.id.removeprefix("@")}
        items = self._items(web, "channel", **asked)
        if len(items) > 1:
            raise UnexpectedReply("YouTube knows several channels of one name.")
        if not items or not _bears(items[0], resource):
            return _gone(resource)
        found = str(walk(items[0], "id"))
        if self.lookups.get(_key(resource)) != found:
            self.lookups.put(_key(resource), found)
        return items[0]


def _is_named(resource: Resource) -> bool:
    return resource.kind == "channel" and (resource.id.startswith("@") or bool(resource.params))


def _key(resource: Resource) -> str:
    return f"{dict(resource.params).get('by', 'handle')}/{resource.id}"


def _bears(item: Any, resource: Resource) -> bool:
    """Whether the channel has the name that the link says; user names, which nobody can change, are not shown by YouTube."""
    if dict(resource.params).get("by") == "user":
        return True
    shown = walk_or_none(item, "snippet.customUrl")
    return isinstance(shown, str) and shown.removeprefix("@").lower() == resource.id.removeprefix("@")


def _gone(resource: Resource) -> LinkError:
    if dict(resource.params).get("by") == "custom":
        return NotFound(
            "YouTube cannot be asked for the channel behind this address.",
            advice="Open the page and paste the address of the channel with its handle, such as https://www.youtube.com/@name.",
        )
    return NotFound("YouTube knows nothing public under this address.", advice="Check whether it was deleted or made private.")
