"""Scripted answers go in, a real HTTP server on loopback that gives them and remembers every request comes out.

A connector is tested against it through the whole of `sheetsync.web`: its addresses are split, compared and encoded, names are
resolved (by a stand-in), addresses checked, bytes sent over a real socket. Only the last step is bent: whatever address was
found, the connection ends at this server, and `https` is spoken without encryption unless certificates are given.
"""

from __future__ import annotations

import contextlib
import json
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Literal, Self, TypeAlias
from urllib.parse import parse_qsl, unquote

import httpcore2

from sheetsync.web.http import Deadline, Web

PUBLIC_ADDRESS: Final = "93.184.216.34"
"""What every name resolves to, as far as the address check is concerned."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it arrived. `target` is the raw request line's middle, `path` its part before `?`, both still encoded."""

    method: str
    host: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> tuple[tuple[str, str], ...]:
        return tuple(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))

    def param(self, name: str) -> str | None:
        """The last value of a query parameter, decoded."""
        return dict(self.query).get(name)

    def json(self) -> Any:
        return json.loads(self.body)

    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer.

    `body`    bytes, or a function that yields them piece by piece, each sent at once (it may turn a test's clock forward)
    `framing` how the end is told: `length`, `chunked`, or `close` (by the end of the connection alone)
    `length`  a Content-Length that is not the body's
    `ending`  `whole`; `cut`: the connection ends here, whatever was announced; `stall`: nothing more comes, and it stays open
    `raw`     sent instead of everything else
    """

    status: int = 200
    body: bytes | Callable[[], Iterable[bytes]] = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    framing: Literal["length", "chunked", "close"] = "length"
    length: int | None = None
    ending: Literal["whole", "cut", "stall"] = "whole"
    raw: bytes | None = None

    @classmethod
    def of(cls, document: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Self:
        """A document as JSON."""
        return cls(
            status, json.dumps(document, ensure_ascii=False).encode(), {"content-type": "application/json", **(headers or {})}
        )


Scripted: TypeAlias = Answer | Callable[[Seen], Answer] | dict[str, Any] | list[Any]
"""An Answer; a function of the request that gives one; or a document that is sent as JSON."""


@dataclass(slots=True)
class _Route:
    method: str
    path: str
    host: str
    query: Mapping[str, str]
    answers: list[Scripted]

    def matches(self, seen: Seen) -> bool:
        return (
            seen.method == self.method
            and self.path in (seen.path, unquote(seen.path))
            and self.host in ("", seen.host)
            and all(seen.param(name) == value for name, value in self.query.items())
        )


class Stand:
    """A server that stands in for any number of services at once; a context manager.

    >>> with Stand() as stand, stand.web("https://api.example.com") as web:
    ...     stand.answer("/v1/count", {"total": 7})
    ...     web.get_json("https://api.example.com/v1/count")
    {'total': 7}

    `seen`     every request, in order of arrival; `strays` those that no route matched (they get status 418)
    `dialled`  every (address, port) that a connection was asked for, before it was bent to this server
    `resolved` every name that was looked up
    """

    def __init__(self, *, certificate: ssl.SSLContext | None = None) -> None:
        self.seen: list[Seen] = []
        self.strays: list[Seen] = []
        self.dialled: list[tuple[str, int]] = []
        self.resolved: list[str] = []
        self._routes: list[_Route] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._encrypted = certificate is not None
        self._server = _Server(("127.0.0.1", 0), _exchange(self))
        if certificate is not None:
            self._server.socket = certificate.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(
        self, path: str, *answers: Scripted, method: str = "GET", host: str = "", query: Mapping[str, str] | None = None
    ) -> None:
        """Scripts a route: the answers are given in turn, the last one from then on. A later route goes before an earlier one.

        `path` as sent or decoded; `host` and `query` narrow the route where given (other parameters may stand there too).
        """
        with self._lock:
            self._routes.insert(0, _Route(method, path, host, dict(query or {}), list(answers)))

    def web(self, *origins: str, deadline: Deadline | None = None, **rest: Any) -> Web:
        """A Web whose every connection ends here; `rest` as for Web."""
        edges: dict[str, Any] = {"resolve": self.resolve, "network": self.network}
        if not self._encrypted:
            edges["tls"] = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # never used, and reading real certificates takes time
        return Web(**edges | rest | {"origins": origins, "deadline": deadline or Deadline(30)})

    def resolve(self, host: str, port: int) -> list[str]:  # noqa: ARG002 - the shape of a resolver
        with self._lock:
            self.resolved.append(host)
        return [PUBLIC_ADDRESS]

    @property
    def network(self) -> httpcore2.NetworkBackend:
        return _Bent(self.port, self.dialled, encrypted=self._encrypted)

    def _next(self, seen: Seen) -> Answer:
        with self._lock:
            self.seen.append(seen)
            route = next((route for route in self._routes if route.matches(seen)), None)
            if route is None:
                self.strays.append(seen)
                return Answer(418)
            scripted = route.answers.pop(0) if len(route.answers) > 1 else route.answers[0]
        if isinstance(scripted, dict | list):
            return Answer.of(scripted)
        return scripted if isinstance(scripted, Answer) else scripted(seen)

    def _stalled(self) -> None:
        self._closing.wait()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up early is what many tests are about."""


def _exchange(stand: Stand) -> type[BaseHTTPRequestHandler]:
    class Exchange(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen = Seen(self.command, headers.get("host", ""), self.path, headers, body)
            with contextlib.suppress(OSError):
                self._give(stand._next(seen))  # noqa: SLF001 - two halves of one thing

        do_POST = do_HEAD = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_GET  # noqa: N815 - the same

        def _give(self, answer: Answer) -> None:
            if answer.raw is not None:
                self.wfile.write(answer.raw)
            else:
                whole = answer.body if isinstance(answer.body, bytes) else None
                pieces: Iterator[bytes] = iter([whole] if whole is not None else answer.body())  # type: ignore[operator]
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                if answer.framing == "chunked":
                    self.send_header("Transfer-Encoding", "chunked")
                elif answer.framing == "length":
                    length = len(whole or b"") if answer.length is None else answer.length
                    self.send_header("Content-Length", str(length))
                self.end_headers()
                for piece in pieces:
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if answer.framing == "chunked" else piece)
                    self.wfile.flush()
                if answer.framing == "chunked" and answer.ending == "whole":
                    self.wfile.write(b"0\r\n\r\n")
            self.wfile.flush()
            if answer.ending == "stall":
                stand._stalled()  # noqa: SLF001 - as above
            if answer.raw is not None or answer.ending != "whole" or answer.framing == "close":
                self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
            """Nothing: a test's output is its assertions."""

    return Exchange


class _Bent(httpcore2.NetworkBackend):
    """Connects to the stand, whatever was asked for, and remembers what was."""

    def __init__(self, port: int, dialled: list[tuple[str, int]], *, encrypted: bool) -> None:
        self._port, self._dialled, self._encrypted = port, dialled, encrypted
        self._real = httpcore2.SyncBackend()

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None, socket_options: Any = None
    ) -> httpcore2.NetworkStream:
        self._dialled.append((host, port))
        stream = self._real.connect_tcp("127.0.0.1", self._port, timeout, local_address, socket_options)
        return stream if self._encrypted else _Unencrypted(stream)


class _Unencrypted(httpcore2.NetworkStream):
    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,  # noqa: ARG002 - the library's signature
        server_hostname: str | None = None,  # noqa: ARG002 - the same
        timeout: float | None = None,  # noqa: ARG002 - the same
    ) -> httpcore2.NetworkStream:
        return self

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
