"""A host that the operator permitted goes in, a connection to an address that was checked comes out, or nothing at all.

The check stands below the HTTP library, where every connection begins, so that neither a name that changes its answer between
check and connect nor anything above can pass by it. TLS above still verifies the host's name.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NoReturn, TypeAlias

import httpcore2

from sheetsync.errors import Refused
from sheetsync.web.addresses import Reach, reach
from sheetsync.web.deadline import Deadline

SocketOption: TypeAlias = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]
Resolve: TypeAlias = Callable[[str, int], list[str]]
"""A host's name and a port go in, its addresses come out; OSError where there are none."""


class NameUnknown(httpcore2.ConnectError):
    """The name has no address, or nobody could be asked for it."""


def look_up(host: str, port: int) -> list[str]:
    """The addresses of a name, as the operating system knows them. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Guard(httpcore2.NetworkBackend):
    """Connects only to `places` (host, port), and there only to addresses that may be spoken to.

    `places` says of each whether the operator permits it to lie inside the company's own network. Raises Refused before any
    connection is tried; one forbidden address among several is enough.
    """

    def __init__(
        self, places: Mapping[tuple[str, int], bool], *, resolve: Resolve = look_up, inner: httpcore2.NetworkBackend | None = None
    ) -> None:
        self._places = places
        self._resolve = resolve
        self._inner = httpcore2.SyncBackend() if inner is None else inner
        self._now = threading.local()

    @contextlib.contextmanager
    def until(self, deadline: Deadline) -> Iterator[None]:
        """All that this thread does on the network inside the block ends at the deadline, however slowly the other side talks."""
        self._now.deadline = deadline
        try:
            yield
        finally:
            self._now.deadline = None

    def limited(self, timeout: float | None, late: type[httpcore2.TimeoutException]) -> float | None:
        """The shorter of a time-out and what is left of the deadline, in seconds. Raises `late` when nothing is."""
        deadline: Deadline | None = getattr(self._now, "deadline", None)
        if deadline is None:
            return timeout
        left = deadline.remaining()
        if left <= 0:
            raise late("the deadline has passed")
        return left if timeout is None else min(timeout, left)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore2.NetworkStream:
        if (host, port) not in self._places:
            raise Refused("{host} is not among the addresses that this account may ask.", host=host)
        failure: httpcore2.ConnectError | httpcore2.ConnectTimeout | None = None
        options = None if socket_options is None else list(socket_options)
        for address in self._checked(host, port, timeout):
            try:
                stream = self._inner.connect_tcp(
                    address, port, self.limited(timeout, httpcore2.ConnectTimeout), local_address, options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
            else:
                return _Limited(stream, self)
        raise failure or NameUnknown("no address")

    def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002 - the library's signature
        timeout: float | None = None,  # noqa: ARG002 - the same
        socket_options: Iterable[SocketOption] | None = None,  # noqa: ARG002 - the same
    ) -> NoReturn:
        raise Refused("Programs on this computer are not asked.")

    def _checked(self, host: str, port: int, timeout: float | None) -> list[str]:
        permitted = {Reach.PUBLIC, Reach.INTERNAL} if self._places[host, port] else {Reach.PUBLIC}
        addresses = self._addresses(host, port, self.limited(timeout, httpcore2.ConnectTimeout))
        if any(reach(address) not in permitted for address in addresses):
            raise Refused("{host} leads into an internal network, where sheetsync does not go.", host=host)
        return addresses

    def _addresses(self, host: str, port: int, timeout: float | None) -> list[str]:
        """Asks in a thread of its own: the operating system's resolver knows no deadline."""
        found: list[str] = []
        failed: list[OSError] = []

        def ask() -> None:
            try:
                found.extend(self._resolve(host, port))
            except (OSError, UnicodeError) as error:  # UnicodeError: a label that the resolver's own IDNA does not take
                failed.append(OSError(str(error)))

        thread = threading.Thread(target=ask, name="resolve", daemon=True)
        thread.start()
        thread.join(timeout)
        if thread.is_alive():
            raise httpcore2.ConnectTimeout("the name was not resolved in time")
        if failed or not found:
            raise NameUnknown("no address")
        return list(found)


class _Limited(httpcore2.NetworkStream):
    """A connection whose every read and write ends at the deadline of the request it serves at that moment."""

    def __init__(self, inner: httpcore2.NetworkStream, guard: Guard) -> None:
        self._inner = inner
        self._guard = guard

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._guard.limited(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._guard.limited(timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        stream = self._inner.start_tls(ssl_context, server_hostname, self._guard.limited(timeout, httpcore2.ConnectTimeout))
        plain = stream.get_extra_info("socket")
        if isinstance(plain, ssl.SSLSocket):
            # Else an attacker on the way, or a broken server, could end an answer early and it would look whole (RFC 8446, 6.1).
            plain.suppress_ragged_eofs = False  # type: ignore[attr-defined]  # missing in typeshed
        return _Limited(stream, self._guard)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
