"""An address that a connector built goes in, the service's answer comes out: the rules of the one door to the network.

The order is fixed: the address is split by the one strict parser, its origin is compared with those the operator permitted, only
then a credential is attached, and below that every resolved address is checked (`guard`). Redirects are never followed.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias, TypeVar
from urllib.parse import quote

from sheetsync import __version__, links
from sheetsync.errors import (
    BadCredentials,
    Incomplete,
    LinkError,
    Refused,
    Unavailable,
    UnexpectedReply,
)
from sheetsync.web.addresses import is_literal
from sheetsync.web.auth import NO_CREDENTIAL, Auth, Credential
from sheetsync.web.certificate import ClientCertificate
from sheetsync.web.deadline import Deadline
from sheetsync.web.once import Once
from sheetsync.web.reply import Reply, error_of
from sheetsync.web.targets import Params, joined, origin_of, pairs, query_of, safe_path, shown, taken_apart

if TYPE_CHECKING:
    import ssl

    import httpcore2

    from sheetsync.web.guard import Resolve
    from sheetsync.web.wire import Request

__all__ = ["Deadline", "Params", "Refine", "Reply", "Web", "tls_context"]

Refine: TypeAlias = Callable[[Reply], LinkError | None]
"""A connector's own error table: asked first for every answer, also of status 200, since many services report errors there."""

Page = TypeVar("Page")

REQUEST_SECONDS: Final = 60.0
MAX_BYTES: Final = 5_000_000
MAX_PAGES: Final = 100
USER_AGENT: Final = f"sheetsync/{__version__}"

_OWN_HEADERS: Final = frozenset({"host", "connection", "content-length", "transfer-encoding", "accept-encoding", "cookie"})


class Web:
    """What one lane (connector, account) is handed; thread-safe. Reaches `origins` and the token endpoints of `auth` only.

    `origins`      `https://host[:port]`; `http://` only as the operator wrote it
    `auth_origins` where the credential is attached; by default all of `origins`
    `refine`       the connector's own error table
    `deadline`     of the whole run; one request takes at most REQUEST_SECONDS of it
    `private`      the origins that the operator permits to lie in the company's own network, or True for all;
                   an origin that is an IP address or localhost is meant so by itself; metadata addresses stay closed
    `max_bytes`    cap of one answer, after unpacking
    `pace`         called before every request on the wire; may wait
    `resolve`, `network`, `tls`  the outermost edges: names, sockets, trusted certificates
    """

    def __init__(
        self,
        *,
        origins: Collection[str],
        deadline: Deadline,
        auth: Auth | None = None,
        auth_origins: Collection[str] | None = None,
        refine: Refine | None = None,
        private: bool | Collection[str] = False,
        max_bytes: int = MAX_BYTES,
        pace: Callable[[], None] | None = None,
        resolve: Resolve | None = None,
        network: httpcore2.NetworkBackend | None = None,
        tls: ssl.SSLContext | None = None,
        connections: int = 8,
        user_agent: str = USER_AGENT,
    ) -> None:
        from sheetsync.web.guard import Guard, look_up  # noqa: PLC0415 - the HTTP library is slow to import, and `explain` needs none
        from sheetsync.web.wire import Wire  # noqa: PLC0415 - the same

        own = [origin_of(text) for text in origins]
        tokens = [origin_of(text) for text in (auth.origins if auth is not None else ())]
        inside = {origin_of(text).origin for text in private} if not isinstance(private, bool) else None
        self._origins = frozenset(address.origin for address in own + tokens)
        self._auth = auth
        self._auth_origins = frozenset(origin_of(text).origin for text in (origins if auth_origins is None else auth_origins))
        self._refine = refine
        self._deadline = deadline
        self._max_bytes = max_bytes
        self._pace = pace
        self._agent = user_agent
        places = {
            (address.host, address.port or 0): (private is True if inside is None else address.origin in inside)
            or is_literal(address.host)
            or address.host == "localhost"
            for address in own + tokens
        }
        secure = any(address.scheme == "https" for address in own + tokens)
        if secure and isinstance(auth, ClientCertificate):
            tls = auth.context(tls, tls_context)
        self._wire = Wire(
            Guard(places, resolve=look_up if resolve is None else resolve, inner=network),
            tls=tls or (tls_context() if secure else None),
            connections=connections,
        )
        self._lock = threading.Lock()
        self._renewing = threading.Lock()
        self._once = Once()
        self._requests = 0

    @property
    def requests(self) -> int:
        """Requests put on the wire so far, those for tokens included."""
        return self._requests

    def close(self) -> None:
        self._wire.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    # --- what a connector calls ----------------------------------------------------------------------------------------

    def get(
        self,
        url: str,
        *,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        max_bytes: int | None = None,
        authorised: bool = True,
    ) -> Reply:
        """GET. `url` is absolute and stays byte for byte as it is, `params` are encoded (RFC 3986) and put behind it.

        Raises UnknownLink (no address), Refused (not permitted, redirect), Unavailable (network, 5xx, time-out), RateLimited,
        BadCredentials (401), AccessDenied (403), NotFound (404), UnexpectedReply (else), and what `refine` returns.
        """
        return self._ask("GET", url, params, headers, authorised=authorised, max_bytes=max_bytes)

    def get_json(
        self,
        url: str,
        *,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        max_bytes: int | None = None,
        authorised: bool = True,
        once: bool = False,
    ) -> Any:
        """GET, and the answer as JSON. With `once` an equal question is asked once; all share the document, unchanged."""

        def ask() -> Any:
            return self.get(url, params=params, headers=headers, max_bytes=max_bytes, authorised=authorised).json()

        if not once:
            return ask()
        question = (url, pairs(params), tuple(sorted((headers or {}).items())), max_bytes, authorised)
        return self._once.answer(question, ask, seconds=self._deadline.remaining())

    def post_json(
        self,
        url: str,
        body: Any,
        *,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        authorised: bool = True,
        refine: Refine | None = None,
    ) -> Any:
        """POST of JSON, for services whose questions are POSTs; the answer as JSON. Tried again only with a renewed key."""
        content = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        return self._ask(
            "POST", url, params, headers, content=content, kind="application/json", authorised=authorised, refine=refine
        ).json()

    def post(
        self,
        url: str,
        body: Any,
        *,
        headers: Mapping[str, str] | None = None,
        authorised: bool = True,
        refine: Refine | None = None,
    ) -> Reply:
        """As `post_json`, but the whole answer: for services that answer in plain words."""
        content = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        return self._ask(
            "POST", url, None, headers, content=content, kind="application/json", authorised=authorised, refine=refine
        )

    def post_form(
        self,
        url: str,
        fields: Mapping[str, str],
        *,
        headers: Mapping[str, str] | None = None,
        authorised: bool = False,
        refine: Refine | None = None,
    ) -> Any:
        """POST of a form, for token endpoints, by default without a credential; the answer as JSON."""
        content = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in fields.items()).encode()
        return self._ask(
            "POST", url, None, headers, content=content, kind="application/x-www-form-urlencoded", authorised=authorised,
            refine=refine,
        ).json()  # fmt: skip

    def pages_by_link(
        self,
        url: str,
        next_of: Callable[[Any], str | None],
        *,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        limit: int = MAX_PAGES,
    ) -> Iterator[Any]:
        """The JSON of every page; `next_of` gives the address of the page behind one, absolute or relative, None for the last.

        Raises Refused (the next page lies elsewhere), UnexpectedReply (a circle), Incomplete (more pages than `limit`).
        """
        return self._pages(url, Reply.json, next_of, params, headers, limit)

    def replies_by_link(
        self,
        url: str,
        next_of: Callable[[Reply], str | None] = Reply.next_link,
        *,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        limit: int = MAX_PAGES,
    ) -> Iterator[Reply]:
        """As `pages_by_link`, but whole answers; by default the next address stands in the Link header."""
        return self._pages(url, lambda reply: reply, next_of, params, headers, limit)

    # --- how it is done ------------------------------------------------------------------------------------------------

    def _pages(
        self,
        url: str,
        read: Callable[[Reply], Page],
        next_of: Callable[[Page], str | None],
        params: Params | None,
        headers: Mapping[str, str] | None,
        limit: int,
    ) -> Iterator[Page]:
        first, asked = taken_apart(url)[0], {url}
        for _ in range(limit):
            page = read(self.get(url, params=params, headers=headers))
            yield page
            link = next_of(page)
            if not link:
                return
            url, params = joined(first, taken_apart(url)[0].path, link), None
            if url in asked:
                raise UnexpectedReply("The pages of {host} lead round in a circle.", host=first.host)
            asked.add(url)
        raise Incomplete("{host} has more than {limit} pages of this list.", host=first.host, limit=limit)

    def _ask(
        self,
        method: str,
        url: str,
        params: Params | None,
        headers: Mapping[str, str] | None,
        *,
        content: bytes = b"",
        kind: str = "",
        authorised: bool = True,
        refine: Refine | None = None,
        max_bytes: int | None = None,
    ) -> Reply:
        address, query = taken_apart(url)
        if address.origin not in self._origins:
            raise Refused("{origin} is not among the addresses that this account may ask.", origin=shown(address.origin))
        path = safe_path(address)
        refine = refine or (self._refine if authorised else None)
        cap = self._max_bytes if max_bytes is None else max_bytes
        own = self._own_headers(address, kind, content, headers)

        def exchange(credential: Credential) -> tuple[Reply, LinkError | None]:
            from sheetsync.web.wire import Request  # noqa: PLC0415 - as above

            request = Request(
                method=method, scheme=address.scheme, host=address.host, port=address.port or 0, origin=address.origin, path=path,
                query=query_of(query, pairs(params), credential.params), content=content,
                headers=own | {name.lower(): value for name, value in credential.headers.items()},
            )  # fmt: skip
            reply = self._send(request, cap)
            return reply, _judged(reply, refine)

        auth = self._auth if authorised and address.origin in self._auth_origins else None
        credential = auth.credential(self) if auth is not None else NO_CREDENTIAL
        reply, error = exchange(credential)
        if auth is not None and isinstance(error, BadCredentials):
            renewed = self._renewed(auth, credential)
            if renewed is not None:
                reply, error = exchange(renewed)
        if error is not None:
            raise error
        return reply

    def _send(self, request: Request, cap: int) -> Reply:
        if self._pace is not None:
            self._pace()
        seconds = min(self._deadline.remaining(), REQUEST_SECONDS)
        if seconds <= 0:
            raise Unavailable("There was no time left in this run to ask {host}.", host=request.host)
        with self._lock:
            self._requests += 1
        return self._wire.send(request, deadline=Deadline(seconds, self._deadline.clock), max_bytes=cap)

    def _renewed(self, auth: Auth, failed: Credential) -> Credential | None:
        """A credential other than the one that failed. Many threads may fail with one at once: the first of them renews it."""
        with self._renewing:
            current = auth.credential(self)
            if current != failed:
                return current
            return auth.credential(self) if auth.renew(self) else None

    def _own_headers(self, address: links.Address, kind: str, content: bytes, given: Mapping[str, str] | None) -> dict[str, str]:
        host = address.origin.partition("://")[2]
        own = {
            "host": host,
            "user-agent": self._agent,
            "accept": "application/json, */*;q=0.5",
            "accept-encoding": "gzip, deflate",
        }
        for name, value in (given or {}).items():
            if name.lower() in _OWN_HEADERS:
                raise ValueError(f"a connector does not set the header {name}")
            own[name.lower()] = value
        if kind:
            own |= {"content-type": kind, "content-length": str(len(content))}
        return own


def tls_context() -> ssl.SSLContext:
    """The operating system's trusted certificates. Reading them takes tens of milliseconds: make one for all lanes."""
    import httpx2  # noqa: PLC0415 - slow to import

    return httpx2.create_ssl_context(trust_env=False)


def _judged(reply: Reply, refine: Refine | None) -> LinkError | None:
    error = error_of(reply)
    if refine is None:
        return error
    try:
        return refine(reply) or error
    except UnexpectedReply:
        if error is None:
            raise
        return error  # an error page that is no JSON: its status says enough
