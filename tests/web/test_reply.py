"""What an answer says: its JSON, its text, how long to wait, where the next page is, and what its status means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sheetsync import errors
from sheetsync.web.reply import LONGEST_WAIT, Reply, error_of

ORIGIN = "https://api.example.com"


def reply(status: int = 200, body: bytes = b"", whole: bool = True, **headers: str) -> Reply:
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, body, ORIGIN, "/v1/x", whole)


def test_json_is_exact() -> None:
    assert reply(body=b'\xef\xbb\xbf{"v": 0.1, "n": 12}').json() == {"v": Decimal("0.1"), "n": 12}


@pytest.mark.parametrize("body", [
    b"<!DOCTYPE html><html><body>Log in</body></html>", b"\xef\xbb\xbf  <html>", b"\n<?xml version='1.0'?><a/>",
])  # fmt: skip
def test_a_page_instead_of_data_is_said_so(body: bytes) -> None:
    with pytest.raises(errors.UnexpectedReply, match=r"^api\.example\.com sent a web page instead of data\.$"):
        reply(body=body).json()


@pytest.mark.parametrize("body", [
    b"", b"{", b"nope", '{"v":1}'.encode("utf-16"), b'{"v":1,"v":999}', b"[" * 100_000, b"9" * 1_000_000, b'{"v":NaN}',
    b'{"v":1e400}',
])  # fmt: skip
def test_what_is_no_safe_json_is_refused(body: bytes) -> None:
    with pytest.raises(errors.UnexpectedReply):
        reply(body=body).json()


def test_an_answer_that_may_be_cut_is_no_number_and_no_text() -> None:
    assert reply(body=b'{"v": 12}', whole=False).json() == {"v": 12}
    with pytest.raises(errors.Incomplete):
        reply(body=b"12", whole=False).json()
    with pytest.raises(errors.Incomplete):
        reply(body=b"a,b\n1,2", whole=False).text()


def test_text_is_utf8() -> None:
    assert reply(body="\ufeffUmsatz;5 €".encode()).text() == "Umsatz;5 €"
    with pytest.raises(errors.UnexpectedReply):
        reply(body="é".encode("latin-1")).text()


def test_nothing_secret_is_shown() -> None:
    shown = repr(reply(200, b"body-canary", set_cookie="header-canary"))
    assert "canary" not in shown


@pytest.mark.parametrize(("value", "wait"), [
    ("0", 0), ("7", 7), (" 120 ", 120), ("1.5", 1.5), ("31536000", LONGEST_WAIT), ("99999999999", LONGEST_WAIT),
    ("-5", None), ("", None), ("soon", None), ("1e3", None), ("٣", None), ("5, 10", None), ("9" * 50, None), ("0x10", None),
    ("Sun, 06 Nov 1994 08:49:37 GMT", 60), ("Sunday, 06-Nov-94 08:49:37 GMT", 60), ("Sun Nov  6 08:49:37 1994", 60),
    ("Sun, 06 Nov 1994 08:48:37 GMT", 0), ("Sun, 06 Nov 1994 08:48:36 GMT", None),
    ("Sun, 06 Nov 2094 08:48:36 GMT", LONGEST_WAIT),
    ("Sun, 99 Nov 1994 08:49:37 GMT", None),
])  # fmt: skip
def test_retry_after(value: str, wait: float | None) -> None:
    assert reply(429, retry_after=value, date="Sun, 06 Nov 1994 08:48:37 GMT").retry_after() == wait


def test_a_date_to_wait_for_says_nothing_without_the_servers_own_date() -> None:
    later = "Sun, 06 Nov 1994 08:49:37 GMT"
    assert reply(429, retry_after=later).retry_after() is None
    assert reply(429, retry_after=later, date="yesterday").retry_after() is None


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_retry_after_is_none_or_within_bounds(value: str, date: str) -> None:
    wait = reply(503, retry_after=value, date=date).retry_after()
    assert wait is None or 0 <= wait <= LONGEST_WAIT


@given(st.integers(0, 4_000_000_000), st.integers(-100_000, 100_000))
def test_the_two_forms_mean_the_same(second: int, seconds: int) -> None:
    now = datetime.fromtimestamp(second, UTC)
    date = format_datetime(now, usegmt=True)
    dated = reply(429, retry_after=format_datetime(now + timedelta(seconds=seconds), usegmt=True), date=date).retry_after()
    plain = reply(429, retry_after=str(seconds), date=date).retry_after()
    assert dated == plain


@pytest.mark.parametrize(("header", "link"), [
    ('<https://a.example/?page=2>; rel="next"', "https://a.example/?page=2"),
    ("</p?a=1,2>; rel=next", "/p?a=1,2"),
    ('<https://a/1>; rel="prev", <https://a/3>; title="x, y"; rel="last next"', "https://a/3"),
    ('<https://a/1>; rel="prev"', None), ('<https://a/1>; rel="nextish"', None), ("", None), ("garbage", None),
])  # fmt: skip
def test_the_next_page_of_the_link_header(header: str, link: str | None) -> None:
    assert reply(link=header).next_link() == link


@pytest.mark.parametrize(("status", "kind"), [
    (200, None), (201, None), (202, None), (204, None), (206, errors.Incomplete), (101, errors.UnexpectedReply),
    (300, errors.UnexpectedReply), (301, errors.Refused), (302, errors.Refused), (303, errors.Refused),
    (304, errors.UnexpectedReply), (307, errors.Refused), (308, errors.Refused),
    (400, errors.UnexpectedReply), (401, errors.BadCredentials), (402, errors.AccessDenied), (403, errors.AccessDenied),
    (404, errors.NotFound), (405, errors.UnexpectedReply), (406, errors.UnexpectedReply), (407, errors.Unavailable),
    (408, errors.Unavailable), (409, errors.UnexpectedReply), (410, errors.NotFound), (415, errors.UnexpectedReply),
    (421, errors.Unavailable), (422, errors.UnexpectedReply), (425, errors.Unavailable), (426, errors.UnexpectedReply),
    (429, errors.RateLimited), (451, errors.AccessDenied), (499, errors.UnexpectedReply), (500, errors.Unavailable),
    (502, errors.Unavailable), (503, errors.Unavailable), (504, errors.Unavailable), (511, errors.Unavailable),
    (599, errors.Unavailable), (600, errors.UnexpectedReply), (999, errors.UnexpectedReply),
])  # fmt: skip
def test_status(status: int, kind: type[errors.LinkError] | None) -> None:
    assert type(error_of(reply(status))) is (kind or type(None))


def test_503_with_a_time_is_a_limit() -> None:
    error = error_of(reply(503, retry_after="30"))
    assert isinstance(error, errors.RateLimited)
    assert error.wait == 30


@given(st.integers(100, 999), st.binary(max_size=200))
def test_no_sentence_repeats_the_body_and_all_are_one_short_line(status: int, body: bytes) -> None:
    error = error_of(reply(status, b"canary" + body, location="https://" + "a" * 60 + ".example/canary?canary#canary"))
    if error is not None:
        assert "canary" not in str(error) + error.advice
        assert len(str(error)) <= 200
        assert "\n" not in str(error)


@pytest.mark.parametrize(("location", "shown"), [
    ("https://evil.test/a?token=canary", "https://evil.test"), ("http://api.example.com/", "http://api.example.com"),
    ("//evil.test/x", "https://evil.test"), ("https://user:canary@evil.test/", "somewhere else"),
    ("/login?next=canary", "its pages"),
    ("file:///etc/canary", "somewhere else"), ("javascript:canary", "somewhere else"), ("", "somewhere else"),
    ("https://evil.test\\canary", "somewhere else"), ("http://169.254.169.254/canary", "http://169.254.169.254"),
    ("https://" + ".".join(["a" * 50] * 4) + "/", "…"),
])  # fmt: skip
def test_a_redirect_says_where_to_and_no_more(location: str, shown: str) -> None:
    error = error_of(reply(302, location=location))
    assert isinstance(error, errors.Refused)
    assert shown in str(error)
    assert "canary" not in str(error)
    assert len(str(error)) <= 200
