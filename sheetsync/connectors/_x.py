"""Answers of X go in, one document of figures for each page comes out, or the error that X gives for that page alone.

A document holds `metrics` (figures by their newer names), `id` and `username` where there is one, and `at`, when it was read.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

from sheetsync import links, values
from sheetsync.connectors._together import Documents
from sheetsync.connectors.base import walk, walk_or_none
from sheetsync.errors import (
    AccessDenied,
    Incomplete,
    LinkError,
    NoSuchMetric,
    NotFound,
    RateLimited,
    UnexpectedReply,
)
from sheetsync.model import Link, Resource
from sheetsync.web.http import Reply

NEWER: Final = {
    "retweet_count": "repost_count", "tweet_count": "post_count", "total_tweet_count": "total_post_count",
}  # fmt: skip
"""Specification 2.166 -> 2.167."""

CAPPED_SECONDS: Final = 6 * 3600.0
"""X does not say when a cap on what is read is lifted; so long nobody knocks."""

LONGEST_WINDOW: Final = 24 * 3600.0

OPERATORS: Final = frozenset({"from", "to", "lang"})
"""Those that mean the same on the page and in the API (https://docs.x.com/x-api/posts/search/integrate/operators)."""

NARROWING: Final = {"f": frozenset({"", "top", "live"}), "pf": frozenset({"", "0", "off"}), "lf": frozenset({"", "0", "off"}),
                    "near": frozenset({""})}  # fmt: skip
"""What else in the address of a search changes its results -> the values that do not."""

_QUERY: Final = re.compile(r"[\w\s#@\"'():.,&’-]+")
_OPERATOR: Final = re.compile(r"([\w-]+):")


class Renamed(UnexpectedReply):
    """X knows a parameter by its other name only; asked again at once, never seen outside."""


def query_of(text: str, link: Link) -> str:
    """The query of a search page, where the API counts the same. Raises NoSuchMetric."""
    given = dict(links.split(link.url).query)
    words = " ".join(text.split())
    odd = [name for name in _OPERATOR.findall(words.lower()) if name.lstrip("-") not in OPERATORS]
    narrowed = [name for name, harmless in NARROWING.items() if given.get(name, "").lower() not in harmless]
    if odd or narrowed or not words or not _QUERY.fullmatch(words):
        raise NoSuchMetric(
            "X cannot count what this search page shows.",
            advice="Search for words, #hashtags, @names, from:, to: and lang: only, on the tab Top or Latest.",
        )
    return words


def matched(
    answer: Any, asked: Mapping[Resource, str], field: str, documents: Mapping[str, Any | LinkError] | None = None
) -> Documents:
    """The document of each page that was asked for; `field` is what it was asked by, `documents` are by id where made already.

    A page that X names neither in its data nor among its errors is an UnexpectedReply of its own.
    """
    rows = walk_or_none(answer, "data") or []
    if not isinstance(rows, list):
        raise UnexpectedReply("The answer of X is not the list that was asked for.")
    by_name = {str(walk(row, field)).casefold(): row for row in rows}
    found: dict[Resource, Any | LinkError] = {}
    for resource, name in asked.items():
        row = by_name.get(name.casefold())
        if row is None:
            found[resource] = error_of(answer, name)
            continue
        identity = str(walk(row, "id"))
        if not re.fullmatch(r"\d{1,19}", identity):
            raise UnexpectedReply("X names a page by something that is no number.")
        made = documents[identity] if documents is not None else {"metrics": newer(walk(row, "public_metrics"))}
        found[resource] = made if isinstance(made, LinkError) else {**made, "id": identity, **_handle(row)}
    return found


def _handle(row: Any) -> dict[str, str]:
    name = walk_or_none(row, "username")
    return {"username": name} if isinstance(name, str) and re.fullmatch(r"\w{1,15}", name, re.ASCII) else {}


def of_posts(answer: Any, of: str) -> dict[str, Any | LinkError]:
    """The figures of each post by its id: public ones, those of its videos, or those that only its author sees."""
    found: dict[str, Any | LinkError] = {}
    for row in walk_or_none(answer, "data") or []:
        try:
            found[str(walk(row, "id"))] = {"metrics": _of_post(answer, row, of)}
        except LinkError as error:
            found[str(walk(row, "id"))] = error
    return found


def _of_post(answer: Any, row: Any, of: str) -> dict[str, Any]:
    if any(walk_or_none(other, "type") in {"retweeted", "reposted"} for other in _references(row)):
        raise NotFound("This is a repost, and X counts only the original.", advice="Paste the address of the original post.")
    if of == "author":
        own = walk_or_none(row, "non_public_metrics")
        if own is None:
            raise Incomplete(
                "X tells clicks only of one's own posts of the last 30 days.",
                advice="Sign in with the account that wrote the post; the last figure stays as it is.",
            )
        return newer(own)
    return {"view_count": _views(answer, row)} if of == "video" else newer(walk(row, "public_metrics"))


def _references(row: Any) -> list[Any]:
    found = walk_or_none(row, "referenced_posts") or walk_or_none(row, "referenced_tweets") or []
    return found if isinstance(found, list) else []


def _views(answer: Any, row: Any) -> int:
    """The views of all videos of a post. Raises NotFound: it has none."""
    keys = walk_or_none(row, "attachments.media_keys") or []
    media = {walk(one, "media_key"): one for one in walk_or_none(answer, "includes.media") or []}
    if any(key not in media for key in keys):
        raise Incomplete("X left out a picture or video of this post.", advice="It is read again at the next run.")
    videos = [media[key] for key in keys if walk(media[key], "type") in {"video", "animated_gif"}]
    if not videos:
        raise NotFound("This post has no video.", advice="Choose another measure, such as impressions.")
    views = [walk(one, "public_metrics.view_count") for one in videos]
    if not all(isinstance(one, int) and not isinstance(one, bool) for one in views):
        raise UnexpectedReply("X no longer says how often a video was seen.")
    return sum(views)


def page(answer: Any, place: str, identity: str) -> Any | LinkError:
    """The document of a page that was asked for alone."""
    found = walk_or_none(answer, place)
    if place == "meta" and walk_or_none(answer, "errors"):
        return Incomplete("X could not count all posts of this search.", advice="It is tried again at the next run.")
    if found is None:
        return error_of(answer, identity)
    return {"metrics": newer(found)}


def newer(figures: Any) -> dict[str, Any]:
    """The counts by their newer names. Raises UnexpectedReply: no group of counts, or one under both names that differs."""
    if not isinstance(figures, dict):
        raise UnexpectedReply("The answer of X has no counts where they should be.")
    found: dict[str, Any] = {}
    for name, value in figures.items():
        known = NEWER.get(str(name), str(name))
        if found.setdefault(known, value) != value:
            raise UnexpectedReply("X gives one count twice, and not the same.")
    return found


def error_of(answer: Any, name: str) -> LinkError:
    """What X says of one page in the list of errors that stands beside the data."""
    errors = walk_or_none(answer, "errors")
    for one in errors if isinstance(errors, list) else []:
        about = {str(walk_or_none(one, place)).casefold() for place in ("value", "resource_id")} - {"none"}
        if about and name.casefold() not in about:
            continue
        kind = _kind(one)
        if kind in {"resource-not-found", "resource-unavailable"}:
            return NotFound("X shows nothing under this address: it was deleted, renamed or suspended.")
        if kind == "not-authorized-for-resource":
            return AccessDenied(
                "This page of X is protected, so its counts are not given out.",
                advice="Ask the owner to make it public, or type the number in by hand, with manual: as the link.",
            )
        if kind in {"client-forbidden", "field-unauthorized", "not-authorized-for-field", "unsupported-authentication"}:
            return AccessDenied("X does not let this app read this page.")
    return UnexpectedReply("X answered, but says nothing about this page.")


def not_the_author() -> LinkError:
    return AccessDenied(
        "Clicks are shown to the author of a post only, and this account of X is connected without signing in.",
        advice="Ask the person who installed sheetsync to sign in with the account that wrote the post.",
    )


def meaning(reply: Reply, now: datetime) -> LinkError | None:
    """What X means by a reply, where its status alone does not say (https://docs.x.com/x-api/fundamentals/response-codes-and-errors)."""
    if reply.status not in {200, 400, 402, 403, 429}:
        return None
    try:
        answer = reply.json()
    except UnexpectedReply:
        if reply.status == 200:
            raise
        answer = None
    errors = walk_or_none(answer, "errors")
    entries = errors if isinstance(errors, list) else []
    if reply.status == 400:
        named = {str(name) for one in entries if isinstance(one, dict) for name in (walk_or_none(one, "parameters") or {})}
        return Renamed("X knows a field by another name now.") if named & {"tweet.fields", "post.fields"} else None
    if reply.status == 402 or (reply.status == 403 and _kind(answer) == "credits"):
        return AccessDenied(
            "The credit of this account of X is used up.", advice="Ask the owner of the X app to buy credit at developer.x.com."
        )
    if _kind(answer) == "usage-capped":
        return RateLimited("This account of X has read as much as its plan allows.", wait=CAPPED_SECONDS)
    if reply.status == 429 or any(walk_or_none(one, "code") == 88 for one in entries):
        wait = _until_reset(reply, now) if reply.retry_after() is None else reply.retry_after()
        return RateLimited("X asks for fewer requests.", wait=wait)
    return None


def _kind(problem: Any) -> str:
    return str(walk_or_none(problem, "type")).rstrip("/").rpartition("/")[2]


def _until_reset(reply: Reply, now: datetime) -> float | None:
    """Seconds until the moment in X's own header, by X's own clock where it tells the time."""
    text = reply.headers.get("x-rate-limit-reset", "")
    if not re.fullmatch(r"\d{9,11}", text):
        return None
    with contextlib.suppress(ValueError, TypeError):
        now = parsedate_to_datetime(reply.headers.get("date", "")).astimezone(UTC)
    wait = int(text) - now.timestamp()
    return min(wait + 1, LONGEST_WINDOW) if wait >= 0 else None


# --- answers that are kept


def to_keep(document: Any, names: Collection[str], *, needed: str | None) -> str | None:
    """The figures of a document as a short text; None where one is no count or the `needed` one is gone: no mistake is kept."""
    figures = {name: value for name, value in document["metrics"].items() if name in names}
    if (
        not figures
        or needed not in {None, *figures}
        or not all(isinstance(value, int) and not isinstance(value, bool) for value in figures.values())
    ):
        return None
    return json.dumps({**document, "metrics": figures}, separators=(",", ":"))


def kept(text: str, now: datetime, *, hours: int) -> Any:
    """The document in such a text, while it is younger than `hours`; else None, also where it cannot be read."""
    try:
        document = values.parse_json(text.encode())
    except UnexpectedReply:
        return None
    moment_of = moment(document)
    if moment_of is None or not isinstance(walk_or_none(document, "metrics"), dict):
        return None
    return document if timedelta(0) <= now - moment_of < timedelta(hours=hours) else None


def moment(document: Any) -> datetime | None:
    """When the document was read."""
    text = walk_or_none(document, "at")
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
