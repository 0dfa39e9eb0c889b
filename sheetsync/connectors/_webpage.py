"""A page and a selector go in, the text or the attribute of the one element that it names comes out, at a bounded cost."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sheetsync.errors import Incomplete, NoSuchMetric, NotFound, UnexpectedReply

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser

MAX_SELECTOR: Final = 200
MAX_STEPS: Final = 12
MAX_WORK: Final = 50_000_000
"""Comparisons that a selector may cost on a page, at worst: some tenths of a second."""

_NAME: Final = r"-{0,2}[^\W\d][\w-]{0,99}"
_ATTRIBUTE: Final = rf"\[{_NAME}(?:[~|^$*]?=(?:\"[^\"\\]{{0,100}}\"|'[^'\\]{{0,100}}'|[\w-]{{1,100}}))?\]"
_PLACE: Final = r":(?:first|last|only)-(?:child|of-type)|:nth-(?:child|of-type)\((?:\d{1,4}|odd|even)\)"
_TOKEN: Final = re.compile(rf"(?P<step>\s*[>+]\s*|\s+)|(?P<place>{_PLACE})|[.#]{_NAME}|{_ATTRIBUTE}|{_NAME}|\*")
_WITH_ATTRIBUTE: Final = re.compile(rf"(.*?)(?:@({_NAME}))?", re.DOTALL)
_BETWEEN: Final = "\n"
"""Put between the pieces of an element's text: it is part of no number, so `12<sup>50</sup>` is not read as 1250."""


@dataclass(frozen=True, slots=True)
class Selector:
    """A selector of the allowed forms, the attribute to read ("" for the text), and what bounds its cost."""

    css: str
    attribute: str
    descents: int
    places: int

    def __str__(self) -> str:
        return self.css + (f"@{self.attribute}" if self.attribute else "")


def selector(text: str) -> Selector:
    """Raises NoSuchMetric where a selector holds anything besides the allowed forms, or is too long."""
    parts = _WITH_ATTRIBUTE.fullmatch(text.strip())
    css, attribute = (parts[1].strip(), parts[2] or "") if parts else ("", "")
    place, steps, descents, places = 0, 0, 0, 0
    while place < len(css) <= MAX_SELECTOR and (token := _TOKEN.match(css, place)) is not None:
        steps += token["step"] is not None
        descents += bool(token["step"]) and not token["step"].strip()
        places += token["place"] is not None
        place = token.end()
    if not css or place < len(css) or steps > MAX_STEPS:
        raise _no_selector(css)
    return Selector(css, attribute, descents, places)


def _no_selector(css: str) -> NoSuchMetric:
    shown = "".join(char if char.isprintable() else "?" for char in css)
    return NoSuchMetric(
        "{selector} is no selector that is read.", selector=shown if len(shown) <= 40 else shown[:39] + "…",
        advice="Write names, .class, #id, [attribute='value'] or :nth-child(2), with a blank, > or + between them; @name at the "
        "end reads an attribute.",
    )  # fmt: skip


def library() -> type[LexborHTMLParser]:
    try:
        from selectolax.lexbor import LexborHTMLParser  # noqa: PLC0415 - an extra, and only runs with pages need it
    except ImportError:
        raise UnexpectedReply(
            "This is a web page, and the part of sheetsync that reads them is not installed.",
            advice="Ask the person who installed sheetsync to install okr-sheetsync[web].",
        ) from None
    return LexborHTMLParser


def text_at(page: LexborHTMLParser, selector: Selector) -> str:
    """The text or the attribute of the one element. Raises NotFound, NoSuchMetric (several, or no selector), Incomplete."""
    from selectolax.lexbor import SelectolaxError  # noqa: PLC0415 - as above

    if _work(page, selector) > MAX_WORK:
        raise Incomplete(
            "This page is too large for the selector {selector}.", selector=selector,
            advice="Name the element by its id or class, with > between the steps and without places such as :nth-child.",
        )  # fmt: skip
    try:
        found = page.css(selector.css)
    except SelectolaxError:
        raise _no_selector(selector.css) from None
    if not found:
        raise NotFound(
            "This page has no element {selector}.", selector=selector,
            advice="The page may have been rebuilt; what its programs add later in the browser is not there either.",
        )  # fmt: skip
    if len(found) > 1:
        raise NoSuchMetric(
            "{count} elements of this page are {selector}, and one is due.", count=len(found), selector=selector,
            advice="Say more exactly which one, for example with :nth-child(2) or with the class of what is around it.",
        )  # fmt: skip
    if not selector.attribute:
        return found[0].text(deep=True, separator=_BETWEEN)
    attributes = found[0].attributes
    if selector.attribute.lower() not in attributes:
        raise NotFound(
            "The element {selector} of this page has no such attribute.", selector=selector,
            advice="Look at the source of the page for the attribute that holds the number.",
        )  # fmt: skip
    return attributes[selector.attribute.lower()] or ""


def _work(page: LexborHTMLParser, selector: Selector) -> int:
    """How many comparisons the library may need: it tries every way up for each blank, and counts siblings for each place."""
    depths: dict[int, int] = {}
    siblings: Counter[int] = Counter()
    for node in page.css("*"):
        above = node.parent
        parent = above.mem_id if above is not None else 0
        depths[node.mem_id] = depths.get(parent, 0) + 1
        siblings[parent] += 1
    ways: int = max(depths.values(), default=0) ** selector.descents
    for step in range(2, selector.descents + 1):
        ways //= step
    counted = sum(count * count for count in siblings.values()) if selector.places else 0
    return len(depths) * ways + selector.places * counted
