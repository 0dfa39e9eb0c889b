"""What may stand in a link cell, what is refused, and that every reader sees the same host."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sheetsync.errors import AmbiguousLink, LinkError, UnknownLink
from sheetsync.links import OPTION_NAMES, fill_in, host_name, parse, split
from sheetsync.model import Link
from sheetsync.okr import period

CORPUS = Path(__file__).parents[1] / ".." / "shared" / "hostile"
PAGE = "https://us1.admin.mailchimp.com/reports/summary?id=42"
TODAY = date(2027, 2, 10)


def link(text: str, metric: str = "", targets: tuple[str, ...] = ()) -> Link:
    found = parse(text, metric=metric, targets=targets)
    assert found is not None
    return found


# --- options -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tail", "options"),
    [
        ("", {}),
        ("#", {}),
        ("##", {}),
        ("#metric=open_rate", {"metric": "open_rate"}),
        ("#METRIC=open_rate", {"metric": "open_rate"}),
        ("#metric=open_rate&account=emea", {"metric": "open_rate", "account": "emea"}),
        ("#account=emea&metric=open_rate", {"metric": "open_rate", "account": "emea"}),
        ("#count", {"metric": "count"}),
        ("#count&where=stage:SQL,country:DE", {"metric": "count", "where": "stage:SQL,country:DE"}),
        ("#sum(amount)", {"metric": "sum(amount)"}),
        ('#count&where=stage:"SQL won"', {"metric": "count", "where": 'stage:"SQL won"'}),
        ("#where=a%26b", {"where": "a&b"}),
        ("#$.data.total", {"select": "$.data.total"}),
        ("#metric=a&metric=a", {"metric": "a"}),
        ("#metric=渠道", {"metric": "渠道"}),
    ],
)
def test_options_stand_behind_the_last_hash(tail: str, options: dict[str, str]) -> None:
    found = link(PAGE + tail)
    assert (found.url, dict(found.options)) == (PAGE, options)


@pytest.mark.parametrize(
    "fragment", ["#/p123/reports", "#gid=0", "#report&metric=a", "#metric", "#a=b", "#sum(", "#!/home", "#metric=a&x=y"]
)
def test_the_pages_own_fragment_survives(fragment: str) -> None:
    assert link(PAGE + fragment) == Link(PAGE + fragment)


def test_a_choice_behind_the_pages_own_fragment() -> None:
    assert link(PAGE + "#/p123#metric=a") == Link(PAGE + "#/p123", (("metric", "a"),))


def test_options_come_in_the_order_of_their_names_so_that_equal_links_are_equal() -> None:
    assert link(PAGE + "#metric=a&account=b") == link(PAGE + "#account=b&metric=a")


def test_one_option_twice_is_an_error() -> None:
    with pytest.raises(AmbiguousLink, match="option metric stands twice"):
        parse(PAGE + "#metric=a&metric=b")


# --- the Metric column -------------------------------------------------------------------------------------------------


def test_the_metric_column_does_the_same_as_the_option() -> None:
    assert link(PAGE, metric=" open_rate ") == link(PAGE + "#metric=open_rate")


def test_both_and_equal_is_no_conflict() -> None:
    assert link(PAGE + "#metric=Open_Rate", metric="open_rate").option("metric") == "open_rate"


def test_both_and_different_is_an_error_that_names_both() -> None:
    with pytest.raises(AmbiguousLink, match="asks for clicks and the Metric column for opens") as caught:
        parse(PAGE + "#clicks=1#metric=clicks", metric="opens")
    assert caught.value.advice == "Keep the measure in one of the two places."


def test_a_bare_measure_conflicts_as_well() -> None:
    with pytest.raises(AmbiguousLink):
        parse("file:leads.csv#count", metric="sum(amount)")


# --- one address in a cell ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "   ", "\n", "-", "—", "n/a", "N/A", "无", "#", '""', "<>"])
def test_a_blank_cell_asks_for_nothing(text: str) -> None:
    assert parse(text) is None
    assert parse(text, metric="open_rate") is None


@pytest.mark.parametrize("text", [PAGE, f"  {PAGE}\n", f"<{PAGE}>", f'"{PAGE}"', f"“{PAGE}”", PAGE + "#", f"'{PAGE}' "])
def test_what_comes_along_when_an_address_is_copied_does_not_count(text: str) -> None:
    assert link(text) == Link(PAGE)


@pytest.mark.parametrize(
    "shown", ["Newsletter", "", "open rate of May", PAGE, PAGE + "/", "Report 42", "us1.admin.mailchimp.com/rep…", "-"]
)
def test_the_address_behind_a_text_counts(shown: str) -> None:
    assert link(shown, targets=(PAGE,)) == Link(PAGE)


@pytest.mark.parametrize(
    "shown",
    [
        "https://us1.admin.mailchimp.com/reports/…",
        "https://us1.admin.mailchimp.com/...",
        "https://us1.admin.mailchimp.com/…?id=42",
        "HTTPS://US1.admin.mailchimp.com/reports/summary?id=42",
    ],
)
def test_a_text_may_shorten_the_address_behind_it(shown: str) -> None:
    assert link(shown, targets=(PAGE,)) == Link(PAGE)


def test_a_percent_encoded_target_is_the_same_address() -> None:
    assert link("https://x.test/a b.csv", targets=("https://x.test/a%20b.csv",)).url == "https://x.test/a%20b.csv"


def test_options_added_to_the_text_of_a_linked_cell_count() -> None:
    assert link(PAGE + "#metric=clicks", targets=(PAGE,)) == Link(PAGE, (("metric", "clicks"),))
    assert link(PAGE, targets=(PAGE + "#metric=clicks",)) == Link(PAGE, (("metric", "clicks"),))


@pytest.mark.parametrize(
    ("text", "targets"),
    [
        ("https://a.test/1", ("https://a.test/2",)),
        ("https://a.test/AbC", ("https://a.test/aBc",)),
        ("https://a.test/1#metric=a", ("https://a.test/1#metric=b",)),
        ("https://a.test/1…", ("https://a.test/2",)),
        ("see", ("https://a.test/1", "https://a.test/2")),
        ("https://a.test/1 https://a.test/2", ()),
        ("https://a.test/1\nhttps://a.test/2", ()),
        ("EMEA: https://a.test/1, APAC: https://a.test/2", ()),
        ("file:leads.csv", ("https://a.test/1",)),
    ],
)
def test_two_different_addresses_in_a_cell_are_an_error_that_says_so(text: str, targets: tuple[str, ...]) -> None:
    with pytest.raises(AmbiguousLink, match="two different addresses") as caught:
        parse(text, targets=targets)
    assert caught.value.params["first"] != caught.value.params["second"]


@pytest.mark.parametrize("text", ["file:data/leads.csv#count", "sql:crm/mqls", "mail:weekly-report", "manual:", "rollup:sum"])
def test_sources_without_a_web_page(text: str) -> None:
    address = split(link(text).url)
    assert (address.host, address.port) == ("", None)
    assert text.startswith(f"{address.scheme}:{address.path}")


# --- placeholders ------------------------------------------------------------------------------------------------------


def test_placeholders_become_dates_of_the_rows_period() -> None:
    asked = link("https://x.test/r?from={period.start}&to=%7Bperiod.end%7D&now={today}#where=date:{Period.Start}..{period.end}")
    filled = fill_in(asked, period.parse("2028-Q1"), TODAY)
    assert filled.url == "https://x.test/r?from=2028-01-01&to=2028-03-31&now=2027-02-10"
    assert filled.option("where") == "date:2028-01-01..2028-03-31"


def test_a_link_without_placeholders_stays() -> None:
    asked = link("https://x.test/a?json={}&b={id}%7B%7D")
    assert fill_in(asked, None, TODAY) == asked


def test_today_needs_no_period() -> None:
    assert fill_in(link("https://x.test/{today}"), None, TODAY).url == "https://x.test/2027-02-10"


@pytest.mark.parametrize(
    "text", ["https://x.test/{period.start}", "file:a.csv#count&where=d:>{period.end}", "https://x.test/%7BPERIOD.END%7D"]
)
def test_a_period_that_is_not_there_is_an_error(text: str) -> None:
    with pytest.raises(UnknownLink, match="asks for the period"):
        fill_in(link(text), None, TODAY)


@pytest.mark.parametrize("text", ["{period.begin}", "{today-7}", "{period}", "%7Bperiod.begin%7D"])
def test_a_misspelt_placeholder_is_an_error_and_not_a_filter_that_meets_nothing(text: str) -> None:
    with pytest.raises(UnknownLink, match="no placeholder"):
        fill_in(link("https://x.test/?d=" + text), period.parse("2027"), TODAY)


# --- what is refused ---------------------------------------------------------------------------------------------------

CONFUSING = [
    "https://api.test/a\u200bb", "https://api.test/\u202efdp.exe",
    "//api.test/x", "///api.test/x", "C:\\Windows\\win.ini", "\u202ehttps://api.test/", "https://", "https://#",
    "https://?", "https:///x", "https://[::1]evil/", "https://[api.test]/", "https://[fe80::1%25eth0]/",
    "https://api.test%2eevil.test/", "https://api.test%40evil.test/", "https://api.test/%00",
    "https://api.test/%0d%0aSet-Cookie:x=1", "https://api.test/%zz", "https://api.test/\x00.csv", "https://api.test:0/",
    "https://api.test:443:80/", "https://api.test:99999/", "https://api.test:/", "https://api.test:\u0664\u0664\u0663/",
    "https://api.test:+443/", "https://user@api.test/", "https://user:password@api.test/", "https://api.test@evil.test/",
    "https://api.test\\.evil.test/", "https://api.test\ufeff/", "https:\\\\api.test/x", "https://api..test/",
    "https://.api.test/", "https://api.te st/", "https://-api.test/", "https://" + "a." * 40_000 + "com/",
    "https://api.test/" + "a" * 100_000, "https://api\u00ad.test/", "https://api。test/", "http://①②⑦.⓪.⓪.①/",
    "file:///etc/passwd", "FILE:///proc/self/environ", "file://localhost/etc/shadow", "data:application/json,1",
    "javascript:alert(1)", "http+unix://%2Fvar%2Frun%2Fdocker.sock/info", "jar:file:///tmp/x.zip!/a", "mailto:a@b.test",
    "postgresql://u:p@evil.test/db", "unix:///x", "view-source:https://api.test/", "ftp://api.test/", "https:api.test",
    "open rate", "350", "=1+1", "sql://crm/mqls",
]  # fmt: skip


@pytest.mark.parametrize("text", CONFUSING, ids=lambda text: ascii(text[:40]))
def test_what_two_parsers_could_read_differently_is_refused(text: str) -> None:
    with pytest.raises(LinkError) as caught:
        split(link(text).url)
    assert caught.value.state == "broken"
    assert caught.value.advice


def test_a_user_name_is_refused_without_repeating_it() -> None:
    with pytest.raises(UnknownLink, match="user name before the host") as caught:
        split("https://user:hunter22@api.test/")
    assert "hunter22" not in str(caught.value) + caught.value.advice


@pytest.mark.parametrize(
    ("url", "origin", "path"),
    [
        ("https://Example.ORG", "https://example.org", "/"),
        ("HTTPS://example.org:443/a", "https://example.org", "/a"),
        ("http://example.org:80/a", "http://example.org", "/a"),
        ("http://example.org:443/a", "http://example.org:443", "/a"),
        ("https://example.org:8443", "https://example.org:8443", "/"),
        ("https://example.org./a", "https://example.org", "/a"),
        ("https://bücher.test/a", "https://xn--bcher-kva.test", "/a"),
        ("https://[2001:DB8::1]:8443/a", "https://[2001:db8::1]:8443", "/a"),
        ("https://example.org?a/b", "https://example.org", "/"),
        ("https://example.org#@evil.test/", "https://example.org", "/"),
        ("https://example.org/@handle:x", "https://example.org", "/@handle:x"),
    ],
)
def test_an_address_is_taken_apart(url: str, origin: str, path: str) -> None:
    address = split(url)
    assert (address.origin, address.path) == (origin, path)


def test_query_and_fragment() -> None:
    address = split("https://example.org/p?a=1&b=x+y%26z&a=2&flag#/page?not=query")
    assert address.query == (("a", "1"), ("b", "x y&z"), ("a", "2"), ("flag", ""))
    assert address.fragment == "/page?not=query"


def hostile(*categories: str) -> list[tuple[str, str]]:
    path = CORPUS / "links.tsv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE) if row["where"] == "link"]
    found = []
    for row in rows:
        given_ = json.loads(row["input_json"])
        text = given_ if isinstance(given_, str) else given_["prefix"] + given_["repeat"] * given_["n"] + given_.get("suffix", "")
        if not categories or row["category"] in categories:
            found.append((row["id"], text))
    return found


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus of hostile links is not here")
def test_the_corpus_of_confusing_links_is_refused_before_any_other_parser_sees_it() -> None:
    passed = []
    for name, text in hostile("parser-confusion", "scheme"):
        try:
            split(link(text).url)
        except LinkError:
            continue
        passed.append(name)
    assert passed == []
    assert len(hostile("parser-confusion", "scheme")) == 42


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus of hostile links is not here")
def test_no_link_of_the_corpus_becomes_another_one() -> None:
    for name, text in hostile():
        try:
            found = link(text)
        except LinkError as error:
            assert error.advice, name
        else:
            assert parse(str(found)) == found, name


# --- properties --------------------------------------------------------------------------------------------------------

PIECES = st.lists(
    st.sampled_from([
        "https://", "http:", "file:", "//", "/", "a.test", "[::1]", ":", "443", "@", "\\", "#", "##", "?", "&", "=",
        "metric", "where", "count", "$.a", "%", "%2", "%20", "%00", "%25", "%26", "%23", "%22", "%E2%80%8B", "%FF",
        "{period.start}", "%7Btoday%7D", "…", "...", " ", "\n", "\u200b", "\u202e", "é", "目标", "“", "”", '"', "'", "<",
        ">", "xn--", "。", "\u00ad", "①", "-", "_", ".",
    ]),
    max_size=12,
).map("".join)  # fmt: skip
TEXTS = st.text(max_size=60) | PIECES | PIECES.map("https://a.test/".__add__) | PIECES.map("https://a.test/#metric=".__add__)


@settings(deadline=None)
@given(TEXTS, st.lists(TEXTS, max_size=2).map(tuple), st.sampled_from(["", "opens"]))
@example('"a"#', (), "")
@example("https://a.test/#where=x%26metric=y%23", (), "")
def test_any_cell_gives_a_link_or_nothing_or_a_link_error(text: str, targets: tuple[str, ...], metric: str) -> None:
    try:
        found = parse(text, metric=metric, targets=targets)
    except LinkError as error:
        assert str(error)
        return
    if found is None:
        return
    assert {name for name, _ in found.options} <= OPTION_NAMES
    assert parse(str(found)) == found
    try:
        fill_in(found, period.parse("2027-Q1"), TODAY)
        address = split(found.url)
    except LinkError:
        return
    if address.host:
        assert split(f"{address.origin}/").host == address.host
        assert not set(address.host) & set("@\\/?# %\t\n")


@settings(deadline=None)
@given(st.text(max_size=80))
@example("。")
@example("xn--")
@example("a" * 64)
def test_any_host_is_a_name_or_an_error(name: str) -> None:
    try:
        host = host_name(name)
    except UnknownLink:
        return
    assert host.isascii()
    assert host == host.lower()
    assert host_name(host) == host
