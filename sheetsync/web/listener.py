"""A redirect address on this machine goes in, the address with which the browser comes back to it comes out.

It listens on 127.0.0.1 only, for one answer, and answers nothing but a page that says that the window may be closed.
"""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Callable
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

from sheetsync.errors import BadCredentials, ConfigError

_HEADERS: Final = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Listener:
    """Listens at `redirect` from its making on. `said` is the sentence that the browser shows once the answer came."""

    def __init__(self, redirect: str, said: str) -> None:
        sent = urlsplit(redirect)
        self._came: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.is_answer: Callable[[str], bool] = lambda _address: False
        self._said = f"<!doctype html><meta charset=utf-8><title>sheetsync</title><p>{escape(said)}</p>".encode()
        try:
            self._server = _Server(("127.0.0.1", sent.port if sent.port is not None else 80), _handler(self))
        except OSError:
            raise ConfigError(
                "The port {port} of this machine is in use, so the browser cannot be sent back to it.", port=sent.port or 80,
                advice="Choose another one with --redirect, and register that address for the app as well.",
            ) from None  # fmt: skip
        self.redirect = f"http://{sent.hostname}:{self._server.server_address[1]}{sent.path or '/'}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait(self, seconds: float) -> str:
        """The address with which the browser came back. Raises BadCredentials where nobody agreed in time."""
        try:
            return self._came.get(timeout=seconds)
        except queue.Empty:
            raise BadCredentials(
                "Nobody agreed on the page of the service within {seconds} seconds.", seconds=int(seconds),
                advice="Run the command again, and agree on the page that the service shows.",
            ) from None  # fmt: skip

    def take(self, target: str) -> bytes | None:
        """What the browser is shown for this request; None where it is not the answer that is waited for."""
        if not self.is_answer(target):
            return None
        self._came.put(target)
        return self._said


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = sys.platform != "win32"  # there it would let a second program have our port, and the code

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that hangs up is no event."""


def _handler(listener: Listener) -> type[BaseHTTPRequestHandler]:
    class Visit(BaseHTTPRequestHandler):
        timeout = 10.0
        server_version, sys_version = "sheetsync", ""

        def do_GET(self) -> None:
            shown = listener.take(self.path)
            self.send_response(404 if shown is None else 200)
            for name, value in _HEADERS.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(shown or b"")))
            self.end_headers()
            self.wfile.write(shown or b"")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """The address holds the code: nothing of it is written anywhere."""

    return Visit
