"""A web page that the operator has permitted and a CSS selector go in, the one number in the element that it names comes out.

Page           HTML as the server sends it; no script is run, nothing that the page names is loaded
Link           `https://www.acme.example/press#select=css:.followers`, `…@data-count` for an attribute; or `css:…` as Metric
Selector       of https://www.w3.org/TR/selectors-4/ only names, classes, ids, attributes, places among siblings, and their steps
Rights         nothing can be asked until an account names the origin and the paths
Trap           nobody promises what the elements of a page mean: one element must match, and hold a number and nothing else
Real service   it is meant for pages that the operator chooses; tried against servers on loopback
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from sheetsync import links, values
from sheetsync.connectors._options import only
from sheetsync.connectors._permitted import Permitted, PermittedSettings, media_type, text_of
from sheetsync.connectors.base import Example, Limits, LinkPattern
from sheetsync.errors import Incomplete, NoSuchMetric, NotFound, NotReady, UnexpectedReply, UnknownLink
from sheetsync.model import PERCENT, Link, Query, Reading, Resource
from sheetsync.values import NotANumber, Separators
from sheetsync.web.http import Web

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser

MAX_SELECTOR: Final = 200
MAX_STEPS: Final = 12
MAX_WORK: Final = 50_000_000
"""Comparisons that a selector may cost on a page, at worst: some tenths of a second."""

_MARK: Final = "css:"
_NAME: Final = r"-{0,2}[^\W\d][\w-]{0,99}"
_ATTRIBUTE: Final = rf"\[{_NAME}(?:[~|^$*]?=(?:\"[^\"\\]{{0,100}}\"|'[^'\\]{{0,100}}'|[\w-]{{1,100}}))?\]"
_PLACE: Final = r":(?:first|last|only)-(?:child|of-type)|:nth-(?:child|of-type)\((?:\d{1,4}|odd|even)\)"
_TOKEN: Final = re.compile(rf"(?P<step>\s*[>+]\s*|\s+)|(?P<place>{_PLACE})|[.#]{_NAME}|{_ATTRIBUTE}|{_NAME}|\*")
_WITH_ATTRIBUTE: Final = re.compile(rf"(.*?)(?:@({_NAME}))?", re.DOTALL)
_METRIC: Final = re.compile(r"css:(.*?)(?:&decimal=([.,]))?", re.DOTALL)
_CHARSET: Final = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{1,40})", re.IGNORECASE)
_BETWEEN: Final = "\n"
"""Put between the pieces of an element's text: it is part of no number, so `12<sup>50</sup>` is not read as 1250."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebpageSettings(PermittedSettings):
    """What every account of permitted addresses has."""


@dataclass(frozen=True, slots=True)
class Selector:
    """A selector of the allowed forms, the attribute to read ("" for the text), and what bounds its cost."""

    css: str
    attribute: str
    descents: int
    places: int

    def __str__(self) -> str:
        return self.css + (f"@{self.attribute}" if self.attribute else "")


class Webpage(Permitted[WebpageSettings]):
    title = "Web page"
    settings_type = WebpageSettings
    limits = Limits(concurrency=2, rates=((2, 1.0),))

    links = (LinkPattern("page", ".+"), LinkPattern("page", ".+", scheme="http"))
    examples = (
        Example(
            "https://www.acme.example/press#select=css:.followers", "page/https://www.acme.example/press", "css:.followers",
            '<p>We have <b class="followers">1,234,567</b> followers', Decimal(1_234_567),
        ),
        Example(
            "https://www.acme.example/press#select=css:ul > li:nth-child(2) b@data-count", "page/https://www.acme.example/press",
            "css:ul > li:nth-child(2) b@data-count", "<ul><li><b>x</b><li><b data-count='1.2万'>many</b></ul>", Decimal(12000),
        ),
        Example(
            "https://www.acme.example/team?lang=de#select=css:%23rate&decimal=,", "page/https://www.acme.example/team?lang=de",
            "css:#rate&decimal=,", "<b id=rate> 4,125 % </b>", Decimal("0.04125"), PERCENT,
        ),
    )  # fmt: skip

    @classmethod
    def resolve(cls, link: Link) -> tuple[Resource, str] | None:
        """Page and selector; None for a link that names no selector. Raises NoSuchMetric: not of the allowed forms."""
        try:
            address = links.split(link.url)
        except UnknownLink:
            return None
        if address.scheme not in links.WEB_PORTS:
            return None
        if re.match(rf"(select|metric)={_MARK}", address.fragment, re.IGNORECASE):
            raise NoSuchMetric(
                "A # in a selector ends the link before it.",
                advice="Write %23 for it, or put the selector into the column Metric, as css:#name.",
            )
        given = [text for text in (link.option("select"), link.option("metric")) if text is not None]
        if not any(text.lower().startswith(_MARK) for text in given):
            return None
        if len(given) > 1:
            raise NoSuchMetric("The link names a selector and another measure.", advice="Leave one of the two.")
        only(link, "select", "decimal")
        decimal = link.option("decimal") or ""
        if decimal not in {"", ".", ","}:
            raise NoSuchMetric(
                "The decimal point is either decimal=, or decimal=. behind the link.", advice="Write one of the two."
            )
        metric = f"{_MARK}{_selector(given[0][len(_MARK) :])}" + (f"&decimal={decimal}" if decimal else "")
        return Resource("page", link.url.partition("#")[0]), metric

    def fetch(self, resource: Resource, web: Web) -> Any:
        _library()
        reply = self.asked(resource, web, accept="text/html, application/xhtml+xml;q=0.9, */*;q=0.1")
        if media_type(reply)[0] not in {"", "text/html", "application/xhtml+xml"}:
            raise UnexpectedReply(
                "{host} answers with something that is no web page.", host=reply.host,
                advice="For JSON, CSV or Excel write what to read without css:, as the page Links of the handbook shows.",
            )  # fmt: skip
        return text_of(reply, _CHARSET, lenient=True)

    def read(self, document: Any, query: Query) -> Reading:
        match = _METRIC.fullmatch(query.metric)
        assert match is not None, query.metric  # noqa: S101 - `resolve` wrote it
        selector, decimal = _selector(match[1]), match[2]
        text = _text_at(_library()(document), selector)
        try:
            number = values.parse_number(text, decimal=_separators(decimal), suffixes=True)
        except NotANumber as error:
            raise UnexpectedReply(
                "The element {selector} of this page does not hold one number and nothing else ({why}).", selector=selector,
                why=str(error), advice="Name a smaller element or an attribute; decimal=. or decimal=, says what 1.234 means.",
            ) from None  # fmt: skip
        if number is None:
            raise NotReady(
                "The element {selector} of this page is empty; a missing figure is not zero.", selector=selector,
                advice="Look at the page: programs in it may fill it in later, which sheetsync does not run.",
            )  # fmt: skip
        return Reading(number.value, PERCENT if number.percent else "", approximate=number.approximate)


def _separators(decimal: str | None) -> Separators:
    return "," if decimal == "," else "." if decimal == "." else "auto"


def _selector(text: str) -> Selector:
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


def _library() -> type[LexborHTMLParser]:
    try:
        from selectolax.lexbor import LexborHTMLParser  # noqa: PLC0415 - an extra, and only runs with pages need it
    except ImportError:
        raise UnexpectedReply(
            "This is a web page, and the part of sheetsync that reads them is not installed.",
            advice="Ask the person who installed sheetsync to install okr-sheetsync[web].",
        ) from None
    return LexborHTMLParser


def _text_at(page: LexborHTMLParser, selector: Selector) -> str:
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
