"""A host and a port go in, a guarded connection for another protocol than HTTP comes out: bytes each way, with TLS, in time.

The same rules as for HTTP hold below: one place, every resolved address checked, the certificate verified by the host's name.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator
from typing import Final

import httpcore2

from sheetsync.errors import Unavailable
from sheetsync.web.addresses import is_literal
from sheetsync.web.deadline import Deadline
from sheetsync.web.guard import Guard, NameUnknown, Resolve, look_up
from sheetsync.web.wire import CONNECT_SECONDS, unreachable

CHUNK: Final = 65_536


class Line:
    """One connection, open from the beginning. Raises Refused (address) and Unavailable (network, certificate, deadline).

    `private` permits the host to lie in the company's own network, as an IP address or localhost does by itself; `tls` None
    speaks in the clear.
    """

    def __init__(
        self, host: str, port: int, *, deadline: Deadline, tls: ssl.SSLContext | None, private: bool = False,
        resolve: Resolve = look_up,
    ) -> None:  # fmt: skip
        self.host = host
        self._deadline = deadline
        inside = private or is_literal(host) or host == "localhost"
        self._guard = Guard({(host, port): inside}, resolve=resolve)
        with self._said():
            self._stream = self._guard.connect_tcp(host, port, CONNECT_SECONDS)
            if tls is not None:
                self._stream = self._stream.start_tls(tls, host, CONNECT_SECONDS)

    def read(self) -> bytes:
        """What has come, at least one byte."""
        with self._said():
            data = self._stream.read(CHUNK)
        if not data:
            raise self._broken()
        return data

    def write(self, data: bytes) -> None:
        with self._said():
            self._stream.write(data)

    def close(self) -> None:
        self._stream.close()

    def _broken(self) -> Unavailable:
        return Unavailable("The connection to {host} broke off.", host=self.host)

    @contextlib.contextmanager
    def _said(self) -> Iterator[None]:
        try:
            with self._guard.until(self._deadline):
                yield
        except NameUnknown:
            raise Unavailable("The name {host} was not found; the network may be down.", host=self.host) from None
        except httpcore2.TimeoutException:
            raise Unavailable("{host} did not answer in time.", host=self.host) from None
        except httpcore2.ConnectError as error:
            raise unreachable(error, self.host) from None
        except httpcore2.NetworkError:
            raise self._broken() from None
