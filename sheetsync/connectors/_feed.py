"""The XML of a feed goes in, its entries come out: RSS 0.9x, 1.0 (RDF) and 2.0, Atom 0.3 and 1.0.

RSS 2.0    https://www.rssboard.org/rss-specification           RSS 1.0   https://web.resource.org/rss/1.0/spec
Atom       https://www.rfc-editor.org/rfc/rfc4287               paging    https://www.rfc-editor.org/rfc/rfc5005
Dates      https://www.rfc-editor.org/rfc/rfc822 in RSS, https://www.rfc-editor.org/rfc/rfc3339 in Atom and Dublin Core
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from email.utils import parsedate_to_datetime
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from sheetsync.errors import Incomplete, UnexpectedReply

MAX_ENTRIES: Final = 20_000

_ATOM: Final = ("http://www.w3.org/2005/Atom", "http://purl.org/atom/ns#")
_RSS: Final = (
    "", "http://purl.org/rss/1.0/", "http://my.netscape.com/rdf/simple/0.9/", "http://backend.userland.com/rss2",
    "http://channel.netscape.com/rdf/simple/0.9/",
)  # fmt: skip
_DC: Final = ("http://purl.org/dc/elements/1.1/",)
_TERMS: Final = ("http://purl.org/dc/terms/",)
_RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_HISTORY: Final = "http://purl.org/syndication/history/1.0"

_PUBLISHED: Final = ((_RSS, "pubDate"), (_ATOM, "published"), (_ATOM, "issued"), (_DC, "date"), (_TERMS, "issued"))
_UPDATED: Final = ((_ATOM, "updated"), (_ATOM, "modified"), (_TERMS, "modified"))
_AUTHORS: Final = ((_RSS, "author"), (_DC, "creator"))

_ISO: Final = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?\s?(Z|z|[+-]\d{2}:?\d{2})?)?")
_MAIL: Final = re.compile(
    r"([A-Za-z]{3,9},?\s+)?\d{1,2}[ -][A-Za-z]{3}[a-z]{0,6}[ -]\d{2,4}\s+\d{1,2}:\d{2}(:\d{2})?(\s+([+-]\d{4}|[A-Za-z]{1,5}))?"
)
_DECLARATION: Final = re.compile(r"\s*<\?xml[^>]*\?>")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry; the dates as written, "" where there are none."""

    title: str
    authors: tuple[str, ...]
    categories: tuple[str, ...]
    published: str
    updated: str


@dataclass(frozen=True, slots=True)
class Feed:
    """The entries in the order of the feed; `complete` where it says that these are all, `goes_on` where it names a next page."""

    entries: tuple[Entry, ...]
    complete: bool
    goes_on: bool


def feed_of(text: str) -> Feed:
    """Raises UnexpectedReply (no feed, or damaged), Incomplete (more than MAX_ENTRIES)."""
    from defusedxml import DefusedXmlException, ElementTree  # noqa: PLC0415 - only runs with feeds need it

    try:
        root = ElementTree.fromstring(_DECLARATION.sub("", text, count=1).strip())
    except (ParseError, DefusedXmlException, ValueError, RecursionError):
        raise _no_feed() from None
    found = dict(_entries(root))
    heads = [root, *(child for child in root if _is(child, _RSS, "channel"))]
    links = [child for head in heads for child in head if _is(child, _ATOM, "link")]
    return Feed(
        tuple(found.values()),
        any(child.tag == f"{{{_HISTORY}}}complete" for head in heads for child in head),
        any(link.get("rel", "").lower() in {"next", "prev-archive"} for link in links),
    )


def _no_feed() -> UnexpectedReply:
    return UnexpectedReply(
        "This address answers with something that is no RSS and no Atom feed.",
        advice="Open it in a browser and look for the address of the feed itself; pages often name it in their source.",
    )


def _entries(root: Element) -> Iterator[tuple[object, Entry]]:
    """Each entry with what makes it one: its id and day, so that an entry which stands twice is counted once."""
    if _is(root, _ATOM, "feed"):
        nodes = [child for child in root if _is(child, _ATOM, "entry")]
    elif root.tag in {"rss", f"{{{_RDF}}}RDF"}:
        channels = [child for child in root if _is(child, _RSS, "channel")]
        nodes = [child for place in (root, *channels) for child in place if _is(child, _RSS, "item")]
        if not channels:
            raise _no_feed()
    else:
        raise _no_feed()
    if len(nodes) > MAX_ENTRIES:
        raise Incomplete("The feed shows more than the {limit} entries that are read.", limit=MAX_ENTRIES)
    for place, node in enumerate(nodes):
        entry = Entry(
            title=_first(node, (_ATOM, "title"), (_RSS, "title"), (_DC, "title")),
            authors=tuple(_authors(node)),
            categories=tuple(_categories(node)),
            published=_first(node, *_PUBLISHED),
            updated=_first(node, *_UPDATED),
        )
        named = _first(node, (_ATOM, "id"), (_RSS, "guid")) or node.get(f"{{{_RDF}}}about", "")
        yield (named, entry.published, entry.updated if not entry.published else "") if named else place, entry


def _authors(node: Element) -> Iterator[str]:
    for spaces, name in _AUTHORS:
        yield from (_text(child) for child in node if _is(child, spaces, name))
    for person in (child for child in node if _is(child, _ATOM, "author")):
        yield from (_text(child) for child in person if _is(child, _ATOM, "name"))


def _categories(node: Element) -> Iterator[str]:
    for child in node:
        if _is(child, _RSS, "category") or _is(child, _DC, "subject"):
            yield _text(child)
        elif _is(child, _ATOM, "category"):
            yield from {child.get("term", ""), child.get("label", "")} - {""}


def _is(node: Element, spaces: tuple[str, ...], name: str) -> bool:
    return any(node.tag == (f"{{{space}}}{name}" if space else name) for space in spaces)


def _first(node: Element, *names: tuple[tuple[str, ...], str]) -> str:
    return next((text for spaces, name in names for child in node if _is(child, spaces, name) and (text := _text(child))), "")


def _text(node: Element) -> str:
    return " ".join("".join(node.itertext()).split())


def day_of(text: str, zone: tzinfo) -> date:
    """The day of a moment in `zone`; a moment whose own zone is not known belongs to the day that it names.

    Raises UnexpectedReply for what is no date of RFC 822, RFC 3339 or ISO 8601.
    """
    try:
        if _ISO.fullmatch(text):
            moment = datetime.fromisoformat(text.replace(",", ".").replace("z", "Z"))
        elif _MAIL.fullmatch(text):
            moment = parsedate_to_datetime(text)
            if moment.tzinfo is None and text.endswith("-0000"):
                moment = moment.replace(tzinfo=UTC)
        else:
            raise ValueError(text)
        return (moment.astimezone(zone) if moment.tzinfo else moment).date()
    except (ValueError, TypeError, IndexError, OverflowError):
        raise UnexpectedReply(
            "An entry of the feed bears a date that cannot be read.",
            advice="Ask whoever runs the feed to write dates as RSS and Atom prescribe.",
        ) from None
