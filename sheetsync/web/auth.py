"""A secret of one account goes in, what is attached to its requests comes out: keys, passwords, and tokens fetched with them.

Secrets are revealed at the last moment and everything derived from them is masked from then on. Objects are thread-safe: however
many requests wait for a token, it is fetched once.
"""

from __future__ import annotations

import base64
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Protocol

from sheetsync import links
from sheetsync.errors import BadCredentials, LinkError, UnexpectedReply
from sheetsync.secrets import Secret

if TYPE_CHECKING:
    from sheetsync.web.http import Web
    from sheetsync.web.reply import Reply

MARGIN: Final = 60.0
"""A token is renewed so many seconds before it ends, since clocks differ and requests take time."""

REASONS: Final = frozenset({
    "invalid_client", "invalid_grant", "invalid_request", "invalid_scope", "unauthorized_client", "unsupported_grant_type",
    "access_denied", "interaction_required", "consent_required",
})  # fmt: skip
"""What a token endpoint may give as reason (RFC 6749, 5.2; OpenID Connect Core, 3.1.2.6): only these words are ever shown."""


SIGN_IN_AGAIN: Final = (
    "The key that is kept for this account has ended, was withdrawn, or was renewed without being kept: "
    "ask the person who installed sheetsync to sign in again and to put the new one in its place."
)


@dataclass(frozen=True, slots=True)
class Credential:
    """Headers and query parameters to attach; shows nothing of them."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    params: Mapping[str, str] = field(default_factory=dict, repr=False)


NO_CREDENTIAL: Final = Credential()


class Auth(Protocol):
    """How an account proves itself.

    `origins`    token endpoints that must be reachable besides the service's own
    `credential` what to attach; may fetch a token through `web` with `authorised=False`
    `renew`      after a 401: True when a new credential could be made, which is then tried once
    """

    @property
    def origins(self) -> Collection[str]: ...

    def credential(self, web: Web) -> Credential: ...

    def renew(self, web: Web) -> bool: ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where a key or token stands in a request: a header with something before it, or a query parameter."""

    header: str = "Authorization"
    prefix: str = "Bearer "
    param: str = ""

    def credential(self, key: str) -> Credential:
        return Credential(params={self.param: key}) if self.param else Credential(headers={self.header: self.prefix + key})


def printable(key: str, where: str) -> str:
    """The key itself. Raises BadCredentials where it holds what no header can carry, mostly the trace of a careless copy."""
    if not key.isascii() or not key.isprintable():
        raise BadCredentials("The key {where} holds characters that no key has.", where=where)
    return key


class Fixed(ABC):
    """A credential made from secrets alone; it changes only when the secrets do."""

    origins: Collection[str] = ()

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: Credential | None = None

    @abstractmethod
    def _make(self) -> Credential: ...

    def credential(self, web: Web) -> Credential:  # noqa: ARG002 - the contract of Auth
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made

    def renew(self, web: Web) -> bool:  # noqa: ARG002 - the contract of Auth
        """True when somebody changed the secret since it was read."""
        with self._lock:
            before, self._made = self._made, self._make()
            return self._made != before


class ApiKey(Fixed):
    """A key in a header of its own, or in a query parameter where the service takes it nowhere else."""

    def __init__(self, key: Secret, *, header: str = "X-Api-Key", prefix: str = "", param: str = "") -> None:
        super().__init__()
        self._key, self._place = key, Place(header, prefix, param)

    def _make(self) -> Credential:
        return self._place.credential(printable(self._key.reveal(), self._key.where))


class Bearer(ApiKey):
    """A token that somebody else fetched, as `Authorization: Bearer` (RFC 6750)."""

    def __init__(self, token: Secret) -> None:
        super().__init__(token, header="Authorization", prefix="Bearer ")


class Basic(Fixed):
    """User and password, as `Authorization: Basic` (RFC 7617)."""

    def __init__(self, user: str | Secret, password: Secret) -> None:
        super().__init__()
        self._user, self._password = user, password

    def _make(self) -> Credential:
        return Credential(headers={"Authorization": _basic(_text(self._user), self._password)})


@dataclass(frozen=True, slots=True)
class Token:
    """What a token endpoint gave: `seconds` it lives, None where it did not say (then it is used until a 401)."""

    value: str = field(repr=False)
    seconds: float | None = None


class Fetched(ABC):
    """A token that is fetched with the account's secrets and kept in memory until shortly before it ends.

    A service with a token endpoint of its own kind derives from this: `fetch` asks through `web` with `authorised=False`.
    """

    def __init__(self, secret: Secret, *, place: Place | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._secret, self._place, self._clock = secret, place or Place(), clock
        self._lock = threading.Lock()
        self._made: Credential | None = None
        self._end: float | None = None

    @property
    @abstractmethod
    def origins(self) -> Collection[str]: ...

    @abstractmethod
    def fetch(self, web: Web) -> Token:
        """A new token. Raises BadCredentials, Unavailable, UnexpectedReply."""

    def credential(self, web: Web) -> Credential:
        with self._lock:
            if self._made is None or (self._end is not None and self._clock() >= self._end):
                return self._fetched(web)
            return self._made

    def renew(self, web: Web) -> bool:
        with self._lock:
            self._fetched(web)
            return True

    def _fetched(self, web: Web) -> Credential:
        self._made = None
        asked = self._clock()
        token = self.fetch(web)
        self._secret.remember(token.value)
        self._end = None if token.seconds is None else asked + token.seconds - min(MARGIN, token.seconds / 2)
        self._made = self._place.credential(printable(token.value, self._secret.where))
        return self._made


class _OAuth(Fetched):
    def __init__(
        self,
        token_url: str,
        client_id: str | Secret,
        client_secret: Secret,
        *,
        extra: Mapping[str, str] | None = None,
        basic: bool = False,
        place: Place | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(client_secret, place=place, clock=clock)
        self._url, self._client, self._extra, self._basic = token_url, client_id, dict(extra or {}), basic

    @property
    def origins(self) -> Collection[str]:
        return (links.split(self._url).origin,)

    def _grant(self, web: Web, fields: Mapping[str, str]) -> Mapping[str, Any]:
        """RFC 6749, 4.4 and 6: the answer of the token endpoint. The client proves itself in the body, or by Basic (2.3.1)."""
        if self._basic:
            headers, own = {"Authorization": _basic(_text(self._client), self._secret)}, {}
        else:
            headers, own = {}, {"client_id": _text(self._client), "client_secret": self._secret.reveal()}
        answer = web.post_form(self._url, {**fields, **self._extra, **own}, headers=headers, refine=token_error)
        if not isinstance(answer, dict) or not isinstance(answer.get("access_token"), str) or not answer["access_token"]:
            raise UnexpectedReply("The sign-in service gave no token.")
        return answer


class ClientCredentials(_OAuth):
    """A token for the application itself (RFC 6749, 4.4). `basic` where the endpoint wants the client in a header."""

    def __init__(
        self,
        token_url: str,
        client_id: str | Secret,
        client_secret: Secret,
        *,
        scope: str = "",
        extra: Mapping[str, str] | None = None,
        basic: bool = False,
        place: Place | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(token_url, client_id, client_secret, extra=extra, basic=basic, place=place, clock=clock)
        self._scope = scope

    def fetch(self, web: Web) -> Token:
        answer = self._grant(web, {"grant_type": "client_credentials"} | ({"scope": self._scope} if self._scope else {}))
        return Token(answer["access_token"], lifetime(answer.get("expires_in")))


class RefreshToken(_OAuth):
    """A token for a person who once agreed (RFC 6749, 6).

    Some services give a new refresh token each time and end the old one: it is handed to `store` before anything else happens, so
    that a crash does not lock the account out. `store` returns only once it is kept; an OSError of it becomes BadCredentials.
    From reading the token until its successor is kept no other process may use it, or one of them would be left with an old one.

    `left` the seconds that the refresh token itself still had at the last answer, where the service says so
    """

    def __init__(
        self,
        token_url: str,
        client_id: str | Secret,
        client_secret: Secret,
        refresh_token: Secret,
        *,
        store: Callable[[str], None],
        scope: str = "",
        extra: Mapping[str, str] | None = None,
        basic: bool = False,
        place: Place | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(token_url, client_id, client_secret, extra=extra, basic=basic, place=place, clock=clock)
        self._refresh, self._store, self._scope = refresh_token, store, scope
        self._given = ""
        self._rotated = ""
        self.left: float | None = None

    def fetch(self, web: Web) -> Token:
        with self._refresh.alone():
            return self._exchanged(web)

    def _exchanged(self, web: Web) -> Token:
        given = self._refresh.reveal()
        if given != self._given:  # the first time, or somebody signed in anew since
            self._given, self._rotated = given, ""
        current = self._rotated or given
        fields = {"grant_type": "refresh_token", "refresh_token": current} | ({"scope": self._scope} if self._scope else {})
        answer = self._grant(web, fields)
        self.left = lifetime(answer.get("refresh_token_expires_in"))
        new = answer.get("refresh_token")
        if isinstance(new, str) and new and new != current:
            self._refresh.remember(new)
            self._rotated = new
            try:
                self._store(new)
            except OSError:
                raise BadCredentials(
                    "The renewed key {where} could not be kept.", where=self._refresh.where,
                    advice="Make the place where it is kept writable, then sign in again.",
                ) from None  # fmt: skip
        return Token(answer["access_token"], lifetime(answer.get("expires_in")))


def token_error(reply: Reply) -> LinkError | None:
    """What a token endpoint's refusal means (RFC 6749, 5.2): always the account's key, for nothing else was asked."""
    try:
        answer = reply.json()
    except UnexpectedReply:
        answer = None
    reason = answer.get("error") if isinstance(answer, dict) else None
    if (400 <= reply.status < 500 and reply.status not in (408, 425, 429)) or (reply.status == 200 and isinstance(reason, str)):
        if isinstance(reason, str) and reason in REASONS:
            advice = SIGN_IN_AGAIN if reason == "invalid_grant" else None
            return BadCredentials("The sign-in at {host} was refused ({reason}).", host=reply.host, reason=reason, advice=advice)
        return BadCredentials("The sign-in at {host} was refused.", host=reply.host)
    return None


def lifetime(value: object) -> float | None:
    """`expires_in` in seconds; some services send it as text. None where it is missing or no time."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 12:
        return float(value)
    if isinstance(value, int | Decimal) and not isinstance(value, bool) and 0 <= value < 10**12:
        return float(value)
    return None


def _text(value: str | Secret) -> str:
    return value if isinstance(value, str) else value.reveal()


def _basic(user: str, password: Secret) -> str:
    encoded = base64.b64encode(f"{user}:{password.reveal()}".encode()).decode()
    password.remember(encoded)
    return "Basic " + encoded
