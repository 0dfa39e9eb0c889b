"""A socket goes in, answered calls go out: HTTP/1.1 on loopback, a thread a connection, one write an answer.

Header and body leave in one write: in two, the second waits for a delayed acknowledgement, 40 ms a call.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
import zlib
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from sheetsync._testing.google import errors, masks, routes
from sheetsync._testing.google.asked import Asked
from sheetsync._testing.google.errors import Refusal
from sheetsync._testing.google.state import DRIVE, DRIVE_FILE, FEEDS, READ_ONLY, SHEETS, Call, CallKind, State, Token


class Answer(NamedTuple):
    """`cut`: the connection is closed and nothing is sent. `sent`: the body as bytes, once it was noted."""

    status: int
    body: Any
    headers: dict[str, str]
    cut: bool = False
    sent: bytes | None = None


def answer(state: State, method: str, target: str, authorization: str, body: bytes) -> Answer:
    """What one call gives. The state's lock is held, so calls take effect one after the other."""
    path, _, query = target.partition("?")
    asked = Asked(state, "", parse_qs(query, keep_blank_values=True), raw=body)
    found = routes.find(method, path)
    if found is None:
        missing = errors.page(404, "Not Found")
        return _noted(state, asked, "unknown", method, path, Answer(404, missing.body, dict(missing.headers)))
    route, asked.parts = found
    failing = state.failing_now(route.kind, path)
    cut = failing is not None and failing.fault == "cut after"
    try:
        if failing is not None and failing.fault == "cut before":
            return _noted(state, asked, route.kind, method, path, Answer(0, None, {}, cut=True))
        _decode(asked, path)
        if route.kind != "token":
            token = state.authenticated(authorization)
            asked.who = token.who
            _scoped(token, route.kind, method)
        if failing is not None and not cut:
            refused = errors.fault(failing.fault, kind=route.kind, project=state.quota.project)
            assert refused is not None
            raise Refusal(refused.code, refused.body, {**refused.headers, **failing.headers})
        if route.kind in {"read", "write"}:
            state.quota.spend("read" if route.kind == "read" else "write", asked.who)
        reply = _run(state, route, asked)
    except Refusal as refused:
        headers = {"Content-Type": "application/json; charset=UTF-8", **refused.headers}
        return _noted(state, asked, route.kind, method, path, Answer(refused.code, refused.body, headers))
    except (TypeError, ValueError, AttributeError, LookupError) as wrong:  # a body of the wrong shape
        body_of = errors.bad(f"Request contains an invalid argument. {wrong!r}").body
        headers = {"Content-Type": "application/json; charset=UTF-8"}
        return _noted(state, asked, route.kind, method, path, Answer(400, body_of, headers))
    status, headers = (204, {}) if reply is None else (200, {"Content-Type": "application/json; charset=UTF-8"})
    if isinstance(reply, str):
        headers = {"Content-Type": f"{asked.one('mimeType')}; charset=UTF-8"}
    return _noted(state, asked, route.kind, method, path, Answer(0 if cut else status, reply, headers, cut=cut))


def _noted(state: State, asked: Asked, kind: CallKind, method: str, path: str, given: Answer) -> Answer:
    body = asked.body if asked.body is not None else (asked.raw.decode(errors="replace") or None)
    sent = errors.as_bytes(given.body)
    packed = zlib.compress(sent, 1)
    state.calls.append(Call(method, path, kind, dict(asked.query), body, given.status, packed, asked.who))
    return given._replace(sent=sent)


def _decode(asked: Asked, path: str) -> None:
    if not asked.raw or path == "/token" or path.startswith("/upload/"):
        return
    try:
        asked.body = json.loads(asked.raw)
    except ValueError as wrong:
        raise errors.bad(f"Invalid JSON payload received. {wrong}") from wrong


def _scoped(token: Token, kind: CallKind, method: str) -> None:
    """The read-only scope is enough for a GET; what reads by data filters (a POST) needs one that may write (documented)."""
    kind = "write" if kind == "read" and method == "POST" else kind
    fit = {
        "read": {SHEETS, READ_ONLY, DRIVE, DRIVE_FILE, FEEDS, f"{DRIVE}.readonly"},
        "write": {SHEETS, DRIVE, DRIVE_FILE, FEEDS},
        "drive": {DRIVE, DRIVE_FILE, f"{DRIVE}.readonly", f"{DRIVE}.metadata.readonly"},
    }[kind]
    if not fit & set(token.scopes):
        raise errors.no_scope_drive() if kind == "drive" else errors.no_scope()


def _run(state: State, route: routes.Route, asked: Asked) -> Any:
    if route.role is not None:
        asked.found = state.opened(asked.parts["id"], asked.who, role=route.role)
        if route.kind in {"read", "write"}:
            if asked.found.mime != "application/vnd.google-apps.spreadsheet":
                raise errors.not_a_sheet()
            state.edits_before("read" if route.kind == "read" else "write", asked.found)
            asked.found = state.opened(asked.parts["id"], asked.who, role=route.role)
    reply = route.run(asked)
    if route.kind == "write" and asked.found is not None:
        state.touched(asked.found)
    mask = asked.fields()
    return masks.cut(reply, masks.parse(mask)) if route.masked and mask and isinstance(reply, dict) else reply


class Server(ThreadingHTTPServer):
    """Listens on loopback, on a port that the system chooses."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, state: State, control: Callable[[str, str, bytes], Answer | None]) -> None:
        self.state, self.control = state, control
        self.open: set[Any] = set()
        super().__init__(("127.0.0.1", 0), _Exchange)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.shutdown()
        self._thread.join()
        for connection in list(self.open):
            with contextlib.suppress(OSError):
                connection.shutdown(2)
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up early is what many tests are about."""


class _Exchange(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def setup(self) -> None:
        super().setup()
        self.server.open.add(self.connection)

    def finish(self) -> None:
        self.server.open.discard(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        state = self.server.state
        with state.lock:
            given = self.server.control(self.command, self.path, body)
            if given is None:
                given = answer(state, self.command, self.path, self.headers.get("authorization", ""), body)
        if state.latency:
            time.sleep(state.latency)
        with contextlib.suppress(OSError):
            self._give(given)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the library's names

    def _give(self, given: Answer) -> None:
        self.close_connection = self.close_connection or given.cut
        if given.cut:
            self.connection.shutdown(2)
            return
        sent = errors.as_bytes(given.body) if given.sent is None else given.sent
        reason = self.responses.get(given.status, ("", ""))[0]
        lines = [f"HTTP/1.1 {given.status} {reason}", f"Content-Length: {len(sent)}"]
        lines += [f"{name}: {value}" for name, value in given.headers.items()]
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        self.wfile.write(head + sent)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Nothing: a test's output is its assertions."""
