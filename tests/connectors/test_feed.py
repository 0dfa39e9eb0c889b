"""Feeds against the contract: every dialect, odd dates, and what a feed does not show."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from sheetsync import links
from sheetsync.connectors.feed import FeedEntries
from sheetsync.errors import ConfigError, Incomplete, LinkError, NoSuchMetric, NotReady, UnexpectedReply
from sheetsync.model import Reading
from sheetsync.testing import Answer, ConnectorContract, Stand, account_of, run_links

ORIGIN = "https://blog.acme.example"
SETTINGS: dict[str, Any] = {"origin": ORIGIN, "paths": ("/**",), "bearer": "canary-0123456789"}
PERIOD = "period=2027-01-01..2027-03-31"
LINK = f"{ORIGIN}/feed.xml#item=entries&{PERIOD}"
OLD = "Wed, 30 Dec 2026 10:00:00 GMT"


def rss(*dates: str, more: str = "", item: str = "", version: str = "2.0") -> str:
    items = "".join(f"<item><guid>{n}</guid>{item}<pubDate>{day}</pubDate></item>" for n, day in enumerate(dates))
    return f'<?xml version="1.0"?><rss version="{version}"><channel><title>T</title>{more}{items}</channel></rss>'


def atom(*entries: str, more: str = "") -> str:
    body = "".join(f"<entry><id>{n}</id>{entry}</entry>" for n, entry in enumerate(entries))
    return f'<feed xmlns="http://www.w3.org/2005/Atom">{more}{body}</feed>'


def feed(document: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """The contract's documents as a feed: `{"n": 3}` is one with so many entries of the period, and an old one."""
    n = document.get("n") if isinstance(document, dict) else None
    good = isinstance(n, int) and not isinstance(n, bool)
    body = rss(*["Tue, 05 Jan 2027 10:00:00 GMT"] * (n or 0), OLD) if good else json.dumps(document)
    return Answer(status, body.encode(), {"content-type": "application/rss+xml", **(headers or {})})


class TestContract(ConnectorContract):
    connector = FeedEntries
    settings = SETTINGS
    link = LINK
    value = Decimal(3)
    main = "/feed.xml"
    document = {"n": 3}
    place = "n"
    other = f"{ORIGIN}/other.xml#item=entries&{PERIOD}"
    canaries = ("canary-0123456789",)
    strangers = (
        "https://blog.acme.example/feed.xml", "https://blog.acme.example/feed.xml#count", "file:feed.xml#item=entries",
        "https://blog.acme.example/kpi.json#count&item=$.entries", "ftp://blog.acme.example/feed.xml#item=entries",
        "https://user@blog.acme.example/feed.xml#item=entries", "feed://blog.acme.example/feed.xml#item=entries",
    )  # fmt: skip

    def answer_of(self, document: Any) -> Answer:
        return feed(document)

    def script(self, stand: Stand) -> None:
        stand.answer("/other.xml", Answer(200, rss("Tue, 05 Jan 2027 10:00:00 GMT", OLD).encode()))


def outcome(body: str | bytes, options: str = PERIOD, *, kind: str = "application/xml", **settings: Any) -> Any:
    with Stand() as stand:
        raw = body.encode() if isinstance(body, str) else body
        stand.answer("/feed.xml", Answer(200, raw, {"content-type": kind}))
        account = account_of(FeedEntries, {**SETTINGS, "api_url": f"http://127.0.0.1:{stand.port}", **settings})
        text = f"{ORIGIN}/feed.xml#item=entries" + (f"&{options}" if options else "")
        return run_links([account], [text])[0][text]


def count(body: str | bytes, options: str = PERIOD, **rest: Any) -> int:
    found = outcome(body, options, **rest)
    assert isinstance(found, Reading), found
    return int(found.value)


RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="x"><title>T</title></channel>
 <item rdf:about="a"><dc:date>2027-01-05T10:00:00+08:00</dc:date><dc:subject>Press</dc:subject></item>
 <item rdf:about="b"><dc:date>2026-12-05</dc:date></item></rdf:RDF>"""
DAY = "<published>2027-01-05T10:00:00Z</published>"
BEFORE = "<published>2026-01-05T10:00:00Z</published><updated>2027-02-01T00:00:00Z</updated>"


@pytest.mark.parametrize(
    "body",
    [
        rss("Tue, 05 Jan 2027 10:00:00 GMT", OLD),
        rss("Tue, 05 Jan 2027 10:00:00 GMT", OLD, version="0.91").replace(
            "<rss", '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://my.netscape.com/x.dtd"><rss'
        ),
        rss("5 Jan 27 10:00 EST", OLD),
        rss("Tuesday, 05-Jan-2027 10:00:00 +0100", OLD),
        rss("2027-01-05T10:00:00.123Z", OLD),
        rss("2027-01-05", OLD),
        rss("2027-01-05 10:00:00", OLD),
        rss(OLD, "Tue, 05 Jan 2027 10:00:00 CEST"),  # oldest first
        RDF,
        atom(DAY, BEFORE),
        atom(DAY, BEFORE).replace("2005/Atom", "2005/Atom").replace("<feed", "\n  <feed"),
    ],
)
def test_every_dialect(body: str) -> None:
    assert count(body) == 1


@pytest.mark.parametrize(
    ("moment", "zone", "counted"),
    [
        ("Thu, 31 Dec 2026 23:30:00 GMT", "UTC", 0),
        ("Thu, 31 Dec 2026 23:30:00 GMT", "Europe/Berlin", 1),
        ("Fri, 01 Jan 2027 00:30:00 +0800", "UTC", 0),
        ("Fri, 01 Jan 2027 00:30:00 +0800", "Asia/Shanghai", 1),
        ("Wed, 31 Mar 2027 23:59:59 -0000", "UTC", 1),
        ("2027-03-31T23:59:59Z", "Asia/Shanghai", 0),
        ("2027-01-01", "America/New_York", 1),
    ],
)
def test_days_are_those_of_the_account(moment: str, zone: str, counted: int) -> None:
    assert count(rss(moment, "Tue, 01 Dec 2026 00:00:00 GMT"), timezone=zone) == counted


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (rss("soon", OLD), UnexpectedReply),
        (rss("05/01/2027", OLD), UnexpectedReply),
        (rss("Di, 05 Januar 2027 10:00", OLD), UnexpectedReply),
        (rss("Tue, 35 Jan 2027 10:00:00 GMT", OLD), UnexpectedReply),
        (rss("", OLD), UnexpectedReply),
        (rss(OLD, ""), UnexpectedReply),
        (atom("<updated>2027-01-05T10:00:00Z</updated>", BEFORE), UnexpectedReply),
        (rss(), NotReady),
        ("<html><body>Log in</body></html>", UnexpectedReply),
        ("<rss version='2.0'/>", UnexpectedReply),
        ("<rss><channel><item></channel></rss>", UnexpectedReply),
        ('<!DOCTYPE r [<!ENTITY a "x">]>' + rss(OLD)[21:], UnexpectedReply),
        ('<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]><rss><channel><item><title>&a;</title></item></channel></rss>',
         UnexpectedReply),
        ("<a>" * 100_000, UnexpectedReply),
        ("", UnexpectedReply),
    ],
)  # fmt: skip
def test_what_is_no_whole_feed_is_an_error(body: str, kind: type[LinkError]) -> None:
    found = outcome(body)
    assert isinstance(found, kind), found
    assert found.advice


def test_a_feed_that_does_not_reach_back_gives_no_figure() -> None:
    january, february = "Tue, 05 Jan 2027 10:00:00 GMT", "Tue, 02 Feb 2027 10:00:00 GMT"
    assert isinstance(outcome(rss(february, january)), Incomplete)
    assert isinstance(outcome(rss(OLD, february, january)), Incomplete)  # a pinned one at the top
    assert isinstance(outcome(rss(january, "Fri, 01 Jan 2027 00:00:00 GMT")), Incomplete)  # there may be more of that day
    assert count(rss(february, january, OLD)) == 2
    assert count(rss(february, january), whole=True) == 2
    complete = '<fh:complete xmlns:fh="http://purl.org/syndication/history/1.0"/>'
    assert count(rss(february, january, more=complete)) == 2


def test_without_a_first_day_all_entries_must_be_there() -> None:
    assert isinstance(outcome(rss(OLD), ""), Incomplete)
    assert isinstance(outcome(rss(OLD), "where=published:<=2027-01-01"), Incomplete)
    assert count(rss(OLD), "", whole=True) == 1
    assert count(rss(), "", whole=True) == 0
    onwards = '<link xmlns="http://www.w3.org/2005/Atom" rel="next" href="?page=2"/>'
    assert isinstance(outcome(rss(OLD, more=onwards), "", whole=True), Incomplete)


def test_an_entry_that_stands_twice_is_counted_once() -> None:
    twice = "<item><guid>a</guid><pubDate>Tue, 05 Jan 2027 10:00:00 GMT</pubDate></item>"
    assert count(rss(OLD).replace("<item>", f"{twice}{twice}<item>", 1)) == 1
    other = twice.replace("05 Jan", "06 Jan")
    assert count(rss(OLD).replace("<item>", f"{other}{twice}<item>", 1)) == 2
    unnamed = twice.replace("<guid>a</guid>", "")
    assert count(rss(OLD).replace("<item>", f"{unnamed}{unnamed}<item>", 1)) == 2


def test_conditions() -> None:
    entries = (
        f'<title>A &amp; B</title><category term="press" label="Press releases"/><author><name>Ann</name></author>{DAY}',
        f'<title>C</title><category term="Blog"/><category term="Press"/><author><name>Bo</name></author>{DAY}',
        BEFORE,
    )
    body = atom(*entries)
    assert count(body, f"{PERIOD}&where=category:PRESS") == 2
    assert count(body, f'{PERIOD}&where=category:"press releases",author:ann') == 1
    assert count(body, f"{PERIOD}&where=title:A %26 B") == 1
    assert count(body, f"{PERIOD}&where=category:nobody") == 0
    assert count(body, "where=published:>=2027-01-05") == 2
    assert count(body, "where=published:>2027-01-05") == 0
    assert count(body, "where=published:2027-01-05") == 2
    assert count(body, f"{PERIOD}&where=published:<2027-01-05") == 0
    assert isinstance(outcome(rss(OLD), f"{PERIOD}&where=category:press"), NoSuchMetric)
    changed = atom("<updated>2027-01-05T10:00:00Z</updated>", "<updated>2026-01-05T10:00:00Z</updated>")
    assert count(changed, "where=updated:2027-01-01..2027-03-31") == 1


@pytest.mark.parametrize(
    "options",
    [
        "where=channel:x", "where=category:>5", "where=published:>5", "where=published:soon", "period=2027", "sum(x)",
        "metric=views", "select=$.a", "period=2027-03-31..2027-01-01", "where=published:1..2",
    ],
)  # fmt: skip
def test_options_that_say_nothing_are_refused(options: str) -> None:
    link = links.parse(f"{ORIGIN}/feed.xml#item=entries&{options}")
    assert link is not None
    with pytest.raises(NoSuchMetric):
        FeedEntries.resolve(link)


def test_encodings_are_declared() -> None:
    body = rss("Tue, 05 Jan 2027 10:00:00 GMT", OLD, item="<category>新闻</category>")
    chinese = body.replace('<?xml version="1.0"?>', '<?xml version="1.0" encoding="gb2312"?>').encode("gb18030")
    assert count(chinese, f"{PERIOD}&where=category:新闻") == 1
    assert count(body.encode("gb18030"), f"{PERIOD}&where=category:新闻", kind="text/xml; charset=GBK") == 1
    assert isinstance(outcome(body.encode("gb18030")), UnexpectedReply)


def test_filters_of_one_feed_share_its_download() -> None:
    with Stand() as stand:
        stand.answer("/feed.xml", Answer(200, rss("Tue, 05 Jan 2027 10:00:00 GMT", OLD).encode()))
        account = account_of(FeedEntries, {**SETTINGS, "api_url": f"http://127.0.0.1:{stand.port}"})
        found, _ = run_links([account], [LINK, LINK.replace("03-31", "01-04")])
        assert [int(one.value) for one in found.values() if isinstance(one, Reading)] == [1, 0]
        assert len(stand.seen) == 1


def test_a_time_zone_must_be_one() -> None:
    with pytest.raises(ConfigError):
        account_of(FeedEntries, {**SETTINGS, "timezone": "Mars/Olympus"})
