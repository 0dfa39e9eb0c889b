"""The door itself, over real sockets: what may be asked, what is sent, what comes back, and when it gives up."""

from __future__ import annotations

import gzip
import threading
import zlib
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import count

import httpcore2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sheetsync import errors
from sheetsync._testing.server import Answer, Seen, Stand
from sheetsync.web.auth import Credential
from sheetsync.web.http import Deadline, Reply, Web

from .conftest import Clock

API = "https://api.example.com"


def endless(piece: bytes = b"x" * 65_536) -> Iterator[bytes]:
    while True:
        yield piece


# --- what is sent ------------------------------------------------------------------------------------------------------


def test_an_answer_arrives(stand: Stand) -> None:
    stand.answer("/v1/count", {"total": 7, "share": 0.25})
    with stand.web(API) as web:
        assert web.get_json(API + "/v1/count") == {"total": 7, "share": Decimal("0.25")}
        assert web.requests == 1
    assert stand.resolved == ["api.example.com"]
    assert stand.dialled == [("93.184.216.34", 443)]
    assert stand.seen[0].headers["user-agent"].startswith("sheetsync/")
    assert stand.seen[0].host == "api.example.com"


@pytest.mark.parametrize("written", [
    "/rest/posts?author=urn%3Ali%3Aorganization%3A1&ids=List(urn%3Ali%3Ax,2)", "/a%20b/%E5%A3%B2?x=1%2C2&y=a+b&z", "/x?",
    "/?a=%7b%7D",
    "/p;v=1/(a)/'b'!/*@:&=+$,", "/%2Fgroup%2Fproject", "/q?a[b]={c}|d&e=\"f\"<g>",
])  # fmt: skip
def test_an_encoded_address_stays_as_it_is(stand: Stand, written: str) -> None:
    stand.answer(written.partition("?")[0], {})
    with stand.web(API) as web:
        web.get(API + written)
    assert stand.seen[0].target == written.removesuffix("?")


def test_what_no_address_holds_is_encoded_and_the_fragment_stays_here(stand: Stand) -> None:
    stand.answer("/売上", {})
    with stand.web(API) as web:
        web.get(API + "/売上?名=值#fragment")
    assert stand.seen[0].target == "/%E5%A3%B2%E4%B8%8A?%E5%90%8D=%E5%80%BC"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # one server for all examples
@given(params=st.dictionaries(st.text(min_size=1, max_size=20), st.text(max_size=20), max_size=5))
def test_parameters_arrive_as_they_were_given(stand: Stand, params: dict[str, str]) -> None:
    stand.answer("/p", {})
    with stand.web(API) as web:
        web.get(API + "/p?first=1", params=params)
    assert stand.seen[-1].query == (("first", "1"), *params.items())


def test_parameters_keep_their_order_and_repeat(stand: Stand) -> None:
    stand.answer("/x", {})
    with stand.web(API) as web:
        web.get(API + "/x", params=[("f", "b"), ("f", "a"), ("e", "")])
    assert stand.seen[0].target == "/x?f=b&f=a&e="


def test_post_of_json_and_form(stand: Stand) -> None:
    stand.answer("/q", {"ok": 1}, method="POST")
    stand.answer("/f", {"ok": 2}, method="POST")
    with stand.web(API) as web:
        assert web.post_json(API + "/q", {"名": [1, None]}, params={"v": "1"}) == {"ok": 1}
        assert web.post_form(API + "/f", {"a b": "ü&=", "c": ""}) == {"ok": 2}
    question, form = stand.seen
    assert question.json() == {"名": [1, None]}
    assert question.headers["content-type"] == "application/json"
    assert question.param("v") == "1"
    assert form.form() == {"a b": "ü&=", "c": ""}
    assert form.headers["content-type"] == "application/x-www-form-urlencoded"


def test_a_connection_serves_many_requests_and_no_cookie_is_kept(stand: Stand) -> None:
    stand.answer("/x", Answer.of({}, headers={"Set-Cookie": "a=b"}))
    with stand.web(API) as web:
        for _ in range(3):
            web.get(API + "/x")
    assert len(stand.dialled) == 1
    assert all("cookie" not in seen.headers for seen in stand.seen)


def test_a_connectors_header_goes_along_but_not_the_ones_that_carry_the_message(stand: Stand) -> None:
    stand.answer("/x", {})
    with stand.web(API) as web:
        web.get(API + "/x", headers={"Api-Version": "202611", "Accept": "text/csv"})
        with pytest.raises(ValueError, match="Host"):
            web.get(API + "/x", headers={"Host": "evil.test"})
        with pytest.raises(errors.BadCredentials):
            web.get(API + "/x", headers={"X-A": "a\r\nX-B: c"})
    assert stand.seen[0].headers["api-version"] == "202611"
    assert stand.seen[0].headers["accept"] == "text/csv"
    assert len(stand.seen) == 1


def test_the_environment_is_not_asked(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    stand.answer("/x", {})
    with stand.web(API) as web:
        assert web.get_json(API + "/x") == {}
    assert stand.dialled == [("93.184.216.34", 443)]


# --- where to ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", [
    "http://api.example.com/", "https://api.example.com:8443/", "https://example.com/", "https://api.example.com.evil.test/",
    "https://evil.test/", "https://xapi.example.com/", "https://api-example.com/", "https://93.184.216.34/", "http://127.0.0.1/",
    "https://api.example.com@evil.test/", "https://evil.test#api.example.com", "https://evil.test?api.example.com",
    "https://api.example.com\\.evil.test/", "https://api.example.com:443:80/", "//api.example.com/", "https:///x",
    "file:///etc/passwd",
    "file:x", "sql:x", "data:,x", "https://api.example.com\t/", "https://api.exаmple.com/", "https://ａpi.example.com/",
    "https://api.example.com/\r\nX: y", "https://api.example.com/x y",
])  # fmt: skip
def test_only_the_very_origin_is_asked(stand: Stand, url: str) -> None:
    with stand.web(API) as web, pytest.raises((errors.Refused, errors.UnknownLink)):
        web.get(url)
    assert (stand.dialled, stand.resolved, web.requests) == ([], [], 0)


def test_a_long_host_makes_no_long_sentence(stand: Stand) -> None:
    with stand.web(API) as web, pytest.raises(errors.Refused) as caught:
        web.get("https://" + ".".join(["a" * 60] * 4) + "/")
    assert len(str(caught.value)) <= 200


@pytest.mark.parametrize("url", ["HTTPS://API.example.COM/x", "https://api.example.com:443/x", "https://api.example.com./x"])
def test_other_spellings_of_the_origin_are_the_origin(stand: Stand, url: str) -> None:
    stand.answer("/x", {})
    with stand.web(API) as web:
        assert web.get_json(url) == {}
    assert stand.seen[0].host == "api.example.com"


@pytest.mark.parametrize("path", [
    "/a/../b", "/..", "/a/%2e%2e/b", "/a/.%2E", "/./a", "/a/..;x=1/b", "//evil.test/", "/%2e/",
])  # fmt: skip
def test_no_path_climbs(stand: Stand, path: str) -> None:
    with stand.web(API) as web, pytest.raises(errors.Refused):
        web.get(API + path)
    assert stand.dialled == []


@pytest.mark.parametrize(
    "origin", ["api.example.com", API + "/v1", API + "?x=1", "https://u:p@api.example.com", "ftp://x", "sql:x", ""]
)
def test_an_origin_is_an_origin(stand: Stand, origin: str) -> None:
    with pytest.raises(errors.ConfigError):
        stand.web(origin)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", [
    "https://evil.test/", "http://api.example.com/", "https://api.example.com/other", "/loop", "http://169.254.169.254/",
    "file:///x",
])  # fmt: skip
def test_a_redirect_is_never_followed(stand: Stand, status: int, location: str) -> None:
    stand.answer("/loop", Answer(status, headers={"Location": location}))
    with stand.web(API) as web, pytest.raises(errors.Refused):
        web.get(API + "/loop")
    assert len(stand.seen) == len(stand.dialled) == 1


# --- when the network fails --------------------------------------------------------------------------------------------


class Failing(httpcore2.NetworkBackend):
    def __init__(self, error: Exception) -> None:
        self.error = error

    def connect_tcp(self, *args: object, **rest: object) -> httpcore2.NetworkStream:
        raise self.error


@pytest.mark.parametrize("error", [
    httpcore2.ConnectError("[Errno 111] canary"), httpcore2.ConnectTimeout("canary"), httpcore2.ReadError("canary"),
    httpcore2.WriteError("canary"), httpcore2.RemoteProtocolError("canary"), httpcore2.PoolTimeout("canary"),
])  # fmt: skip
def test_a_fault_of_the_network_is_one_plain_sentence(stand: Stand, error: Exception) -> None:
    with stand.web(API, network=Failing(error)) as web, pytest.raises(errors.Unavailable, match=r"api\.example\.com") as caught:
        web.get(API + "/secret-path?token=canary")
    assert "canary" not in str(caught.value) + repr(caught.value.params)
    assert "secret-path" not in str(caught.value)


@pytest.mark.parametrize("answer", [
    Answer(raw=b""), Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Le"),
    Answer(raw=b"garbage\r\n\r\n"), Answer(raw=b"\x16\x03\x01\x02"),
    Answer(body=b'{"v":1', length=100, ending="cut"), Answer(body=lambda: iter([b"12"]), framing="chunked", ending="cut"),
    Answer(raw=b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000 + b"\r\n\r\n"),
    Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"),
    Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n12"),
    Answer(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n12"),
    Answer(body=gzip.compress(b'{"v": 12345}', mtime=0)[:-6], headers={"Content-Encoding": "gzip"}),
])  # fmt: skip
def test_a_broken_answer_is_no_answer(stand: Stand, answer: Answer) -> None:
    stand.answer("/x", answer)
    with stand.web(API) as web, pytest.raises(errors.Unavailable):
        web.get(API + "/x")


@pytest.mark.parametrize("answer", [
    Answer(ending="stall", length=10), Answer(body=b"1", length=10**12, ending="stall"),
    Answer(body=lambda: iter([b"1"]), framing="chunked", ending="stall"), Answer(raw=b"HTTP/1.1 200", ending="stall"),
    Answer(raw=b"", ending="stall"), Answer(503, body=b"x", length=10, ending="stall"),
])  # fmt: skip
def test_a_silent_server_is_left_in_time(stand: Stand, answer: Answer) -> None:
    stand.answer("/x", answer)
    with stand.web(API, deadline=Deadline(0.2)) as web, pytest.raises((errors.Unavailable, errors.UnexpectedReply)):
        web.get(API + "/x")


@pytest.mark.parametrize("framing", ["chunked", "close"])
def test_a_slow_body_ends_with_its_minute_although_no_single_read_is_late(stand: Stand, clock: Clock, framing: str) -> None:
    sent = count()

    def drops() -> Iterator[bytes]:
        for _ in range(10_000):
            clock.now += 0.5
            next(sent)
            yield b" "

    stand.answer("/x", Answer(body=drops, framing=framing))  # type: ignore[arg-type]
    with stand.web(API, deadline=Deadline(3_600, clock)) as web, pytest.raises(errors.Unavailable, match="in time"):
        web.get(API + "/x")
    assert next(sent) < 9_999


def test_slow_headers_end_with_their_minute_too(stand: Stand, clock: Clock) -> None:
    def answer(seen: Seen) -> Answer:
        clock.now += 61
        return Answer(raw=b"HTTP/1.1 102 Wait\r\n\r\n" * 10_000)

    stand.answer("/x", answer)
    with stand.web(API, deadline=Deadline(3_600, clock)) as web, pytest.raises(errors.Unavailable, match="in time"):
        web.get(API + "/x")


def test_no_time_left_is_said_before_anything_is_sent(stand: Stand, clock: Clock) -> None:
    with stand.web(API, deadline=Deadline(10, clock)) as web:
        clock.now += 10
        with pytest.raises(errors.Unavailable, match="no time left"):
            web.get(API + "/x")
        assert web.requests == 0
    assert stand.dialled == []


def test_a_resolver_that_hangs_is_left_in_time(stand: Stand) -> None:
    released = threading.Event()

    def resolve(host: str, port: int) -> list[str]:
        released.wait()
        return []

    with stand.web(API, resolve=resolve, deadline=Deadline(0.1)) as web, pytest.raises(errors.Unavailable, match="in time"):
        web.get(API + "/x")
    released.set()
    assert stand.dialled == []


def test_a_dead_kept_connection_does_not_harm_the_next_request(stand: Stand) -> None:
    stand.answer("/x", Answer(body=b"{}", framing="close"), {"ok": 1})
    with stand.web(API) as web:
        web.get(API + "/x")
        assert web.get_json(API + "/x") == {"ok": 1}


# --- what comes back ---------------------------------------------------------------------------------------------------


def bare_deflate(data: bytes) -> bytes:
    engine = zlib.compressobj(wbits=-15)
    return engine.compress(data) + engine.flush()


@pytest.mark.parametrize(("coding", "pack"), [
    ("identity", bytes), ("gzip", gzip.compress), ("x-gzip", gzip.compress), ("GZIP", gzip.compress), ("deflate", zlib.compress),
    ("deflate", bare_deflate), ("gzip", lambda data: gzip.compress(data[:3], mtime=0) + gzip.compress(data[3:], mtime=0)),
    ("gzip", lambda data: gzip.compress(data, mtime=0) + b"\0" * 8),
])  # fmt: skip
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_packed_answers_are_unpacked(stand: Stand, coding: str, pack: Callable[[bytes], bytes], framing: str) -> None:
    packed = pack(b'{"v": [1, 2, 3]}')
    body = packed if framing == "length" else lambda: (packed[i : i + 1] for i in range(len(packed)))
    stand.answer("/x", Answer(body=body, framing=framing, headers={"Content-Encoding": coding}))  # type: ignore[arg-type]
    with stand.web(API) as web:
        assert web.get_json(API + "/x") == {"v": [1, 2, 3]}


@pytest.mark.parametrize(("coding", "body"), [
    ("br", b"x"), ("zstd", b"x"), ("gzip, gzip", gzip.compress(gzip.compress(b"{}", mtime=0), mtime=0)), ("gzip", b"not packed"),
    ("deflate", b"\xff\xff"),
    ("gzip", gzip.compress(b"{}", mtime=0) + b"junk"), ("compress", b"x"),
])  # fmt: skip
def test_other_packing_is_refused(stand: Stand, coding: str, body: bytes) -> None:
    stand.answer("/x", Answer(body=body, headers={"Content-Encoding": coding}))
    with stand.web(API) as web, pytest.raises(errors.UnexpectedReply):
        web.get(API + "/x")


@pytest.mark.parametrize("answer", [
    Answer(body=endless, framing="chunked"), Answer(body=endless, framing="close"),
    Answer(length=10**12, ending="stall"), Answer(body=b"x" * 1_000_001),
    Answer(body=gzip.compress(b"\0" * 300_000_000, 9, mtime=0), headers={"Content-Encoding": "gzip"}),
    Answer(body=b"".join(gzip.compress(b" " * 400_000, mtime=0) for _ in range(3)), headers={"Content-Encoding": "gzip"}),
])  # fmt: skip
def test_an_answer_beyond_its_cap_is_refused(stand: Stand, answer: Answer) -> None:
    stand.answer("/x", answer)
    with stand.web(API, max_bytes=1_000_000) as web, pytest.raises(errors.UnexpectedReply, match=r"more than 1\.0 MB"):
        web.get(API + "/x")


def test_reading_stops_at_the_cap(stand: Stand) -> None:
    sent = count()

    def pieces() -> Iterator[bytes]:
        for piece in endless():
            next(sent)
            yield piece

    stand.answer("/x", Answer(body=pieces, framing="chunked"))
    with stand.web(API, max_bytes=100_000) as web, pytest.raises(errors.UnexpectedReply):
        web.get(API + "/x")
    assert next(sent) * 65_536 < 50_000_000  # the buffers of two sockets, whatever the system


def test_the_cap_itself_is_allowed_and_can_be_raised_for_one_call(stand: Stand) -> None:
    stand.answer("/x", Answer(body=b"x" * 1_000))
    with stand.web(API, max_bytes=999) as web:
        assert len(web.get(API + "/x", max_bytes=1_000).body) == 1_000
        with pytest.raises(errors.UnexpectedReply):
            web.get(API + "/x")


@pytest.mark.parametrize("answer", [
    Answer(404, body=endless, framing="chunked"), Answer(404, body=b"junk", headers={"Content-Encoding": "gzip"}),
    Answer(404, body=b"x", length=10, ending="cut"), Answer(404, body=b"<html>canary</html>"),
])  # fmt: skip
def test_the_status_stands_whatever_the_errors_body_is(stand: Stand, answer: Answer) -> None:
    stand.answer("/x", answer)
    with stand.web(API, refine=lambda reply: reply.json() and None) as web, pytest.raises(errors.NotFound):
        web.get(API + "/x")


def test_only_the_end_of_an_unencrypted_connection_is_no_promise_of_wholeness(stand: Stand) -> None:
    stand.answer("/x", Answer(body=b"12", framing="close"))
    plain = "http://api.example.com"
    with stand.web(plain, API) as web:
        assert web.get(API + "/x").whole
        assert not web.get(plain + "/x").whole


def test_a_limit_tells_how_long(stand: Stand) -> None:
    stand.answer("/x", Answer(429, headers={"Retry-After": "17"}))
    with stand.web(API) as web, pytest.raises(errors.RateLimited) as caught:
        web.get(API + "/x")
    assert caught.value.wait == 17


# --- the connector's own error table -----------------------------------------------------------------------------------


def refine(reply: Reply) -> errors.LinkError | None:
    body = reply.json()
    return errors.NotReady("The figures of yesterday are not there yet.") if body.get("errcode") == 7 else None


def test_refine_is_asked_for_every_status_and_has_the_first_word(stand: Stand) -> None:
    stand.answer("/ok", {"errcode": 0})
    stand.answer("/hidden", {"errcode": 7})
    stand.answer("/open", Answer.of({"errcode": 7}, status=403))
    stand.answer("/other", Answer.of({"errcode": 1}, status=403))
    stand.answer("/page", Answer(body=b"<html>"))
    with stand.web(API, refine=refine) as web:
        assert web.get_json(API + "/ok") == {"errcode": 0}
        for path, kind in [
            ("/hidden", errors.NotReady), ("/open", errors.NotReady), ("/other", errors.AccessDenied),
            ("/page", errors.UnexpectedReply),
        ]:  # fmt: skip
            with pytest.raises(kind):
                web.get(API + path)


# --- credentials -------------------------------------------------------------------------------------------------------


class Keys:
    """Gives key 0 first, and the next one each time it is renewed, as long as there are any."""

    def __init__(self, last: int, **place: str) -> None:
        self.number, self.last, self.renewals = 0, last, 0
        self.origins: tuple[str, ...] = ()
        self.param = place.get("param", "")

    def credential(self, web: Web) -> Credential:
        key = f"canary-{self.number}"
        return Credential(params={self.param: key}) if self.param else Credential(headers={"X-Key": key})

    def renew(self, web: Web) -> bool:
        self.renewals += 1
        if self.number >= self.last:
            return False
        self.number += 1
        return True


def test_the_key_goes_to_its_origin_and_nowhere_else(stand: Stand) -> None:
    other = "https://files.example.com"
    stand.answer("/x", {})
    stand.answer("/x", {}, method="POST")
    with stand.web(API, other, auth=Keys(0), auth_origins=[API]) as web:
        web.get(API + "/x")
        web.get(other + "/x")
        web.get(API + "/x", authorised=False)
        web.post_form(API + "/x", {})
        web.post_json(API + "/x", {})
    assert ["x-key" in seen.headers for seen in stand.seen] == [True, False, False, False, True]


def test_a_key_in_the_query_cannot_be_set_by_anybody_else(stand: Stand) -> None:
    stand.answer("/x", {})
    with stand.web(API, auth=Keys(0, param="access token")) as web:
        web.get(
            API + "/x?a=1&access%20token=theirs&access+token=theirs&%61ccess%20token&b=%2C", params={"access token": "theirs"}
        )
    assert stand.seen[0].target == "/x?a=1&b=%2C&access%20token=canary-0"


def test_after_a_401_a_renewed_key_is_tried_once(stand: Stand) -> None:
    stand.answer("/x", Answer(401), {"ok": 1})
    stand.answer("/never", Answer(401))
    keys = Keys(9)
    with stand.web(API, auth=keys) as web:
        assert web.get_json(API + "/x") == {"ok": 1}
        with pytest.raises(errors.BadCredentials):
            web.get(API + "/never")
    assert [seen.headers["x-key"] for seen in stand.seen] == ["canary-0", "canary-1", "canary-1", "canary-2"]


def test_a_key_that_cannot_be_renewed_is_not_tried_again(stand: Stand) -> None:
    stand.answer("/x", Answer(401, body=b"canary-0"))
    with stand.web(API, auth=Keys(0)) as web, pytest.raises(errors.BadCredentials) as caught:
        web.get(API + "/x")
    assert len(stand.seen) == 1
    assert "canary" not in str(caught.value)


def test_a_401_in_disguise_is_renewed_too(stand: Stand) -> None:
    def expired(reply: Reply) -> errors.LinkError | None:
        return errors.BadCredentials("Expired.") if reply.json().get("errcode") == 40001 else None

    stand.answer("/x", {"errcode": 40001}, {"errcode": 0})
    with stand.web(API, auth=Keys(1), refine=expired) as web:
        assert web.get_json(API + "/x") == {"errcode": 0}


def test_many_threads_that_fail_at_once_renew_once(stand: Stand) -> None:
    together = threading.Barrier(4)

    def answer(seen: Seen) -> Answer:
        if seen.headers["x-key"] != "canary-0":
            return Answer.of({"ok": 1})
        together.wait(5)
        return Answer(401)

    stand.answer("/x", answer)
    keys = Keys(9)
    found: list[object] = []
    with stand.web(API, auth=keys) as web:
        threads = [threading.Thread(target=lambda: found.append(web.get_json(API + "/x"))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(5)
    assert found == [{"ok": 1}] * 4
    assert keys.renewals == 1


# --- pace, once, pages -------------------------------------------------------------------------------------------------


def test_the_pace_is_asked_before_every_request(stand: Stand) -> None:
    stand.answer("/x", Answer(401), {})
    asked: list[int] = []
    with stand.web(API, auth=Keys(1), pace=lambda: asked.append(len(stand.seen))) as web:
        web.get(API + "/x")
        assert web.requests == 2
    assert asked == [0, 1]


def test_an_equal_question_is_asked_once(stand: Stand) -> None:
    stand.answer("/list", {"n": 1}, {"n": 2}, {"n": 3})
    with stand.web(API) as web:
        first = web.get_json(API + "/list", params={"a": "1"}, once=True)
        assert web.get_json(API + "/list", params={"a": "1"}, once=True) is first
        assert web.get_json(API + "/list", params={"a": "2"}, once=True) == {"n": 2}
        assert web.get_json(API + "/list", params={"a": "1"}) == {"n": 3}


def test_who_comes_second_waits_for_the_first(stand: Stand) -> None:
    arrived, go = threading.Event(), threading.Event()

    def answer(seen: Seen) -> Answer:
        arrived.set()
        go.wait(5)
        return Answer.of({"n": 1})

    stand.answer("/list", answer)
    found: list[object] = []
    with stand.web(API) as web:
        threads = [threading.Thread(target=lambda: found.append(web.get_json(API + "/list", once=True))) for _ in range(4)]
        threads[0].start()
        arrived.wait(5)
        for thread in threads[1:]:
            thread.start()
        go.set()
        for thread in threads:
            thread.join(5)
    assert found == [{"n": 1}] * 4
    assert len(stand.seen) == 1


def test_a_failure_is_not_kept(stand: Stand) -> None:
    stand.answer("/list", Answer(503), {"n": 1})
    with stand.web(API) as web:
        with pytest.raises(errors.Unavailable):
            web.get_json(API + "/list", once=True)
        assert web.get_json(API + "/list", once=True) == {"n": 1}


def next_of(page: dict[str, str]) -> str | None:
    return page.get("next")


@pytest.mark.parametrize("link", [
    API + "/v1/list?page=2%2C", "/v1/list?page=2%2C", "?page=2%2C", "list?page=2%2C", "http://api.example.com/v1/list?page=2%2C",
    "HTTPS://API.EXAMPLE.COM:443/v1/list?page=2%2C",
])  # fmt: skip
def test_pages_follow_each_other(stand: Stand, link: str) -> None:
    stand.answer("/v1/list", {"next": link}, {"n": 2})
    with stand.web(API) as web:
        assert list(web.pages_by_link(API + "/v1/list", next_of, params={"size": "9"})) == [{"next": link}, {"n": 2}]
    assert [seen.target for seen in stand.seen] == ["/v1/list?size=9", "/v1/list?page=2%2C"]


@pytest.mark.parametrize("link", [
    "https://evil.test/v1/list", "//evil.test/", "https://api.example.com:8443/x", "http://evil.test/", "file:///x",
    "https://[::1]/",
    "/../x", "https://api.example.com@evil.test/", "http://169.254.169.254/",
])  # fmt: skip
def test_the_next_page_lies_where_the_first_was(stand: Stand, link: str) -> None:
    stand.answer("/list", {"next": link})
    with stand.web(API, "https://evil.test", auth=Keys(0)) as web, pytest.raises((errors.Refused, errors.UnknownLink)):
        list(web.pages_by_link(API + "/list", next_of))
    assert len(stand.seen) == 1


def test_pages_in_a_circle_and_without_end(stand: Stand) -> None:
    stand.answer("/circle", {"next": "/circle?p=2"})
    numbers = count(2)
    stand.answer("/endless", lambda seen: Answer.of({"next": f"/endless?p={next(numbers)}"}))
    with stand.web(API) as web:
        with pytest.raises(errors.UnexpectedReply, match="circle"):
            list(web.pages_by_link(API + "/circle", next_of))
        with pytest.raises(errors.Incomplete):
            list(web.pages_by_link(API + "/endless", next_of, limit=5))
    assert len([seen for seen in stand.seen if seen.path == "/endless"]) == 5


def test_a_long_cursor_is_no_fault(stand: Stand) -> None:
    cursor = "c" * 10_000
    stand.answer("/list", {"next": "/list?after=" + cursor}, {})
    with stand.web(API) as web:
        list(web.pages_by_link(API + "/list", next_of))
    assert stand.seen[1].param("after") == cursor


def test_pages_by_header(stand: Stand) -> None:
    stand.answer("/list", Answer.of([1], headers={"Link": '</list?p=2>; rel="next"'}), Answer.of([2]))
    with stand.web(API) as web:
        assert [reply.json() for reply in web.replies_by_link(API + "/list")] == [[1], [2]]
