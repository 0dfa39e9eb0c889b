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
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from sheetsync import links, values
from sheetsync.connectors._options import only
from sheetsync.connectors._permitted import Permitted, PermittedSettings, media_type, text_of
from sheetsync.connectors._webpage import library, selector, text_at
from sheetsync.connectors.base import Example, Limits, LinkPattern
from sheetsync.errors import NoSuchMetric, NotReady, UnexpectedReply, UnknownLink
from sheetsync.model import PERCENT, Link, Query, Reading, Resource
from sheetsync.values import NotANumber, Separators
from sheetsync.web.http import Web

_MARK: Final = "css:"
_METRIC: Final = re.compile(r"css:(.*?)(?:&decimal=([.,]))?", re.DOTALL)
_CHARSET: Final = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{1,40})", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebpageSettings(PermittedSettings):
    """What every account of permitted addresses has."""


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
        metric = f"{_MARK}{selector(given[0][len(_MARK) :])}" + (f"&decimal={decimal}" if decimal else "")
        return Resource("page", link.url.partition("#")[0]), metric

    def fetch(self, resource: Resource, web: Web) -> Any:
        library()
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
        wanted, decimal = selector(match[1]), match[2]
        separators: Separators = "," if decimal == "," else "." if decimal == "." else "auto"
        text = text_at(library()(document), wanted)
        try:
            number = values.parse_number(text, decimal=separators, suffixes=True)
        except NotANumber as error:
            raise UnexpectedReply(
                "The element {selector} of this page does not hold one number and nothing else ({why}).", selector=wanted,
                why=str(error), advice="Name a smaller element or an attribute; decimal=. or decimal=, says what 1.234 means.",
            ) from None  # fmt: skip
        if number is None:
            raise NotReady(
                "The element {selector} of this page is empty; a missing figure is not zero.", selector=wanted,
                advice="Look at the page: programs in it may fill it in later, which sheetsync does not run.",
            )  # fmt: skip
        return Reading(number.value, PERCENT if number.percent else "", approximate=number.approximate)
