"""One request goes in, its whole answer comes out, within a cap of bytes and a deadline, or a sentence about the network.

Built on the connection pool below the HTTP client: nothing here follows redirects, keeps cookies, or reads proxies, `.netrc` or
the environment, because nothing here can.
"""

from __future__ import annotations

import ssl
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import httpcore2

from sheetsync.errors import BadCredentials, LinkError, Unavailable, UnexpectedReply
from sheetsync.web.deadline import Deadline
from sheetsync.web.guard import Guard, NameUnknown
from sheetsync.web.reply import Reply

CONNECT_SECONDS: Final = 5.0
ERROR_BYTES: Final = 65_536
"""As much of an error's body is read for the connector's own error table; nobody sees it."""

KEEP_ALIVE_SECONDS: Final = 15.0


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be sent: parts that were split and checked before, so that nothing parses an address twice."""

    method: str
    scheme: str
    host: str
    port: int
    origin: str
    path: str
    query: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False, default=b"")


class Wire:
    """The connections of one lane; thread-safe."""

    def __init__(self, guard: Guard, *, tls: ssl.SSLContext | None, connections: int) -> None:
        self._guard = guard
        self._pool = httpcore2.ConnectionPool(
            ssl_context=tls,
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=KEEP_ALIVE_SECONDS,
            http2=False,
            retries=0,
            network_backend=guard,
        )

    def close(self) -> None:
        self._pool.close()

    def send(self, request: Request, *, deadline: Deadline, max_bytes: int) -> Reply:
        """The answer, whatever its status. Raises Refused (address), Unavailable (network), UnexpectedReply (size, packing)."""
        host = request.origin.partition("://")[2]
        try:
            with self._guard.until(deadline):
                return self._exchange(request, deadline, max_bytes)
        except NameUnknown:
            raise Unavailable("The name {host} was not found; the network may be down.", host=host) from None
        except httpcore2.TimeoutException:
            raise Unavailable("{host} did not answer in time.", host=host) from None
        except httpcore2.ConnectError as error:
            raise unreachable(error, host) from None
        except httpcore2.LocalProtocolError:
            raise BadCredentials(
                "The request to {host} holds characters that cannot be sent; mostly the key was not copied cleanly.", host=host
            ) from None
        except (httpcore2.NetworkError, httpcore2.ProtocolError):
            raise Unavailable("The connection to {host} broke off.", host=host) from None

    def _exchange(self, request: Request, deadline: Deadline, max_bytes: int) -> Reply:
        seconds = max(deadline.remaining(), 0.001)
        url = httpcore2.URL(
            scheme=request.scheme, host=request.host, port=request.port,
            target=request.path + ("?" + request.query if request.query else ""),
        )  # fmt: skip
        timeout = {"connect": min(CONNECT_SECONDS, seconds), "read": seconds, "write": seconds, "pool": seconds}
        with self._pool.stream(
            request.method, url, headers=list(request.headers.items()), content=request.content or None,
            extensions={"timeout": timeout},
        ) as response:  # fmt: skip
            headers = _headers(response.headers)
            good = 200 <= response.status < 300
            try:
                body = _body(response.iter_stream(), headers, max_bytes if good else min(max_bytes, ERROR_BYTES), request.origin)
            except (LinkError, httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError):
                if good:
                    raise
                body = b""  # the status says enough
        framed = "content-length" in headers or "transfer-encoding" in headers or request.scheme == "https"
        return Reply(response.status, headers, body, request.origin, request.path, whole=framed)


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def _body(chunks: Iterable[bytes], headers: Mapping[str, str], cap: int, origin: str) -> bytes:
    host = origin.partition("://")[2]
    too_big = UnexpectedReply(
        "{host} sent more than {limit} MB.", host=host, limit=round(cap / 1_000_000, 1),
        advice="Link to a smaller page, file or list.",
    )  # fmt: skip
    announced = headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > cap:
        raise too_big
    raw = bytearray()
    for chunk in chunks:
        raw += chunk
        if len(raw) > cap:
            raise too_big
    match headers.get("content-encoding", "").strip().lower():
        case "" | "identity":
            return bytes(raw)
        case "gzip" | "x-gzip":
            plain = _inflated(bytes(raw), 16 + zlib.MAX_WBITS, cap, host)
        case "deflate":
            # RFC 9110 8.4.1.2 means the zlib format; some servers send the bare stream
            zlib_format = len(raw) > 1 and raw[0] & 0x0F == 8 and int.from_bytes(raw[:2]) % 31 == 0
            plain = _inflated(bytes(raw), zlib.MAX_WBITS if zlib_format else -zlib.MAX_WBITS, cap, host)
        case _:
            raise UnexpectedReply("{host} packs its answer in a way that was not asked for.", host=host)
    if plain is None:
        raise too_big
    return plain


def _inflated(packed: bytes, window: int, cap: int, host: str) -> bytes | None:
    """None when it would be longer than the cap. Raises Unavailable where the packed stream ends early."""
    plain = bytearray()
    while packed.strip(b"\0"):
        engine = zlib.decompressobj(window)
        try:
            plain += engine.decompress(packed, cap - len(plain) + 1)
        except zlib.error:
            raise UnexpectedReply("{host} sent a packed answer that cannot be unpacked.", host=host) from None
        if len(plain) > cap:
            return None
        if not engine.eof:
            raise Unavailable("The connection to {host} broke off.", host=host)
        packed = engine.unused_data
    return bytes(plain)


def unreachable(error: BaseException, host: str) -> Unavailable:
    """Why a connection was not made: the certificate, TLS, or the network."""
    cause = error.__cause__ or error.__context__
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Unavailable(
            "The certificate of {host} is not valid for it, so nothing was sent there.", host=host,
            advice="Check the address; a company network may also need its own certificate on the computer that runs sheetsync.",
        )  # fmt: skip
    if cause is not None:
        return Unavailable("No secure connection to {host} could be made.", host=host)
    return Unavailable("{host} could not be reached.", host=host)
