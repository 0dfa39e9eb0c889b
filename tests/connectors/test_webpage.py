"""Web pages against the contract: one element, one number, and selectors that can do no harm."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sheetsync import links
from sheetsync.connectors.http import Http
from sheetsync.connectors.registry import Registry, builtin
from sheetsync.connectors.webpage import Webpage
from sheetsync.errors import (
    Incomplete,
    LinkError,
    NoSuchMetric,
    NotConnected,
    NotFound,
    NotReady,
    UnexpectedReply,
    UnknownLink,
)
from sheetsync.model import PERCENT, Link, Query, Reading
from sheetsync.testing import Answer, ConnectorContract, Stand, account_of, run_links

pytest.importorskip("selectolax")

ORIGIN = "https://www.acme.example"
SETTINGS: dict[str, Any] = {"origin": ORIGIN, "paths": ("/**",), "bearer": "canary-0123456789"}
LINK = f"{ORIGIN}/press#select=css:%23n > b@data-n"
HTML = {"content-type": "text/html; charset=utf-8"}


def page(document: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """The contract's documents as a page: `{"n": …}` is the attribute of its one element."""
    n = document.get("n") if isinstance(document, dict) else None
    shown = n if isinstance(n, str) or n is None else json.dumps(n)
    body = f'<!doctype html><div id=n><b data-n="{shown}">x</b></div>' if shown is not None else f"<p>{json.dumps(document)}"
    return Answer(status, body.encode(), {**HTML, **(headers or {})})


class TestContract(ConnectorContract):
    connector = Webpage
    settings = SETTINGS
    link = LINK
    value = Decimal("1234.5")
    main = "/press"
    document = {"n": 1234.5}
    place = "n"
    other = f"{ORIGIN}/other#select=css:b"
    wrong_type = LinkError  # an element that holds no number is the author's mistake as often as the page's
    canaries = ("canary-0123456789",)
    strangers = (
        "https://www.acme.example/press", "https://www.acme.example/press#$.n", "https://www.acme.example/press#select=.n",
        "ftp://www.acme.example/press#select=css:b", "file:press.html#select=css:b", "sql:crm/press#select=css:b",
        "https://user@www.acme.example/press#select=css:b", "https://www.acme.example/press#css:b",
        "https://www.acme.example/press#select=xpath://b",
    )  # fmt: skip

    def answer_of(self, document: Any) -> Answer:
        return page(document)

    def script(self, stand: Stand) -> None:
        stand.answer("/other", Answer(200, b"<b>1</b>", HTML))


def outcome(body: str | bytes, selector: str, *, kind: str = "text/html", framing: Any = "length", **settings: Any) -> Any:
    with Stand() as stand:
        raw = body.encode() if isinstance(body, str) else body
        stand.answer("/p", Answer(200, raw, {"content-type": kind}, framing=framing))
        account = account_of(Webpage, {**SETTINGS, "api_url": f"http://127.0.0.1:{stand.port}", **settings})
        text = f"{ORIGIN}/p#select=css:{selector}"
        return run_links([account], [text])[0][text]


@pytest.mark.parametrize(
    ("body", "value", "unit", "approximate"),
    [
        ("<b>1,234,567</b>", "1234567", "", False),
        ("<b> 1.2<i>万</i> </b>", "12000", "", True),
        ("<b>12.3K</b>", "12300", "", True),
        ("<b>3.4亿</b>", "340000000", "", True),
        ("<b>45 %</b>", "0.45", PERCENT, False),
        ("<b>0</b>", "0", "", False),
        ("<b>&#49;&#50;</b>", "12", "", False),
        ("<b>１２３</b>", "123", "", False),
    ],
)
def test_numbers_as_pages_show_them(body: str, value: str, unit: str, approximate: bool) -> None:
    found = outcome(body, "b")
    assert isinstance(found, Reading), found
    assert (found.value, found.unit, found.approximate) == (Decimal(value), unit, approximate)


@pytest.mark.parametrize(
    "body",
    [
        "<b>12<sup>50</sup></b>", "<b>12<i>345</i></b>", "<b>12 <i>345</i></b>", "<b><i>1</i><i>2</i></b>", "<b>10万+</b>",
        "<b>1.234</b>", "<b>1,234 followers</b>", "<b>Top 10 of 500</b>",
        "<b>7<script>1</script></b>", "<b>NaN</b>", "<b>10²</b>",
    ],
)  # fmt: skip
def test_what_is_not_one_number_is_none(body: str) -> None:
    assert isinstance(outcome(body, "b"), UnexpectedReply)


@pytest.mark.parametrize(
    ("body", "selector", "kind"),
    [
        ("<b>—</b>", "b", NotReady),
        ("<b></b>", "b", NotReady),
        ("<b data-n></b>", "b@data-n", NotReady),
        ("<b>1</b><b>2</b>", "b", NoSuchMetric),
        ("<i>1</i>", "b", NotFound),
        ("<template><b>1</b></template><!-- <b>1</b> -->", "b", NotFound),
        ("<b>1</b>", "b@data-n", NotFound),
        ("<b>1</b>", "i > > b", NoSuchMetric),
        ("<b>1</b>", "b*", NoSuchMetric),
    ],
)
def test_what_is_not_there_is_said(body: str, selector: str, kind: type[LinkError]) -> None:
    found = outcome(body, selector)
    assert isinstance(found, kind), found
    assert found.advice


def test_the_decimal_point_can_be_said() -> None:
    assert outcome("<b>1.234</b>", "b&decimal=,").value == 1234
    assert outcome("<b>1.234</b>", "b&decimal=.").value == Decimal("1.234")


@pytest.mark.parametrize(
    ("body", "kind", "value"),
    [
        ("<b>1.2万</b>".encode("gb18030"), "text/html; charset=GBK", 12000),
        ("<meta charset=gb2312><b>1.2万</b>".encode("gb18030"), "text/html", 12000),
        (
            '<meta http-equiv=content-type content="text/html; charset=big5"><b>1.2億</b><i>3</i>'.encode("big5"),
            "text/html",
            None,
        ),
        ("\ufeff<b>1.2万</b>".encode("utf-16"), "text/html", 12000),
        ("<b>1.2万</b>".encode("gb18030"), "text/html", None),
        (b"<b>12</b>", "text/html; charset=unicode_escape", None),
        (b"<b>12</b>", "text/html; charset=rot13", None),
        (b"<b>12</b>", "application/json", None),
    ],
)
def test_encodings_are_declared_and_never_guessed(body: bytes, kind: str, value: int | None) -> None:
    found = outcome(body, "b", kind=kind)
    assert (found.value if isinstance(found, Reading) else None) == value, found


def test_a_page_that_may_be_cut_is_not_read() -> None:
    assert isinstance(outcome("<b>12", "b", framing="close"), Incomplete)


def test_selectors_of_one_page_share_its_download() -> None:
    with Stand() as stand:
        stand.answer("/p", Answer(200, b"<b class=a>1</b><b class=b>2</b>", HTML))
        account = account_of(Webpage, {**SETTINGS, "api_url": f"http://127.0.0.1:{stand.port}"})
        texts = [f"{ORIGIN}/p#select=css:.a", f"{ORIGIN}/p#select=css:.b"]
        found, _ = run_links([account], texts)
        assert [found[text].value for text in texts] == [1, 2]  # type: ignore[union-attr]
        assert len(stand.seen) == 1
        assert "text/html" in stand.seen[0].headers["accept"]


def test_the_metric_column_takes_a_selector_as_browsers_copy_it() -> None:
    link = links.parse(f"{ORIGIN}/press", metric="css:#main > div:nth-child(2) > span")
    assert link is not None
    found = Webpage.resolve(link)
    assert found is not None
    assert found[1] == "css:#main > div:nth-child(2) > span"
    with pytest.raises(NoSuchMetric, match="ends the link"):
        Webpage.resolve(links.parse(f"{ORIGIN}/press#select=css:#main") or pytest.fail("no link"))


@pytest.mark.parametrize(
    "selector",
    [
        "", "b ~ i", "b:has(i)", "b:not(i)", "b:nth-last-child(1)", "b,i", "b:nth-child(2n+1)", ":lexbor-contains('x')", "b{}",
        "b\\41", "[a='\\27 ']", "@data-n", "b" * 201, "b > " * 13 + "b", "b@", "b|i", "::before", "b::text", "/html/body", "$.a",
    ],
)  # fmt: skip
def test_only_plain_selectors_are_taken(selector: str) -> None:
    with pytest.raises(NoSuchMetric) as raised:
        Webpage.resolve(Link(f"{ORIGIN}/p", (("select", f"css:{selector}"),)))
    assert raised.value.advice


@given(st.text(alphabet="ab-_.#[]='\"@>+ *:()~,\\\n1n万", max_size=60))
def test_a_selector_is_refused_or_kept_as_it_is(text: str) -> None:
    try:
        found = Webpage.resolve(Link(f"{ORIGIN}/p", (("select", f"css:{text}"),)))
    except NoSuchMetric:
        return
    assert found is not None
    again = Webpage.resolve(Link(f"{ORIGIN}/p", (("select", found[1]),)))
    assert again == found
    account = account_of(Webpage, SETTINGS)
    try:
        reading = account.read("<p><b>1</b><b>2</b>", Query("webpage", "default", *found))
    except (NoSuchMetric, NotFound, UnexpectedReply, NotReady):
        return
    assert reading.value in {1, 2}


@pytest.mark.parametrize(
    ("body", "selector"),
    [
        ("<p>" + "<b></b>" * 100_000, "b:nth-child(odd)"),
        ("<p>" + "<b></b>" * 100_000, "b:nth-of-type(3)"),
        ("<div>" * 100 + "<b></b>" * 10_000, "x * * *"),
        ("<div>" * 30 + "<b></b>" * 5_000, "x * * * * * *"),
        ("<div>" * 50_000, "x * b"),
    ],
)
def test_a_selector_cannot_hold_a_run_up(body: str, selector: str) -> None:
    before = time.process_time()
    assert isinstance(outcome(body, selector), Incomplete)
    assert time.process_time() - before < 5


def test_a_page_of_ordinary_size_is_read_with_any_of_them() -> None:
    body = "<div>" * 20 + "<ul>" + "<li><b class=n>x</b></li>" * 800 + "<li><b class=m>7</b></li></ul>"
    assert outcome(body, "ul li b.m").value == 7
    assert outcome(body, "div > ul > li:nth-child(801) > b").value == 7


def test_a_link_without_a_selector_stays_with_the_web_address() -> None:
    pages = account_of(Webpage, SETTINGS)
    data = account_of(Http, {"origin": ORIGIN, "paths": ("/**",)})
    registry = Registry(builtin(), {"webpage": {"default": pages}, "http": {"default": data}})

    def connector_of(text: str) -> str:
        return registry.resolve(links.parse(text) or pytest.fail("no link")).connector

    assert connector_of(f"{ORIGIN}/p#select=css:b") == "webpage"
    assert connector_of(f"{ORIGIN}/p#$.b") == "http"
    with pytest.raises(NotConnected):
        connector_of("https://elsewhere.example/p#select=css:b")
    with pytest.raises((UnknownLink, LinkError)):
        connector_of("https://elsewhere.example/p")


def test_without_the_library_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "selectolax.lexbor", None)
    found = outcome("<b>1</b>", "b")
    assert isinstance(found, UnexpectedReply)
    assert "okr-sheetsync[web]" in found.advice
