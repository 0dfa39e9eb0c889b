"""The secret of a Tita application goes in, an access token comes out that no other program ends by accident.

Each new token ends the one before it (https://oapi.tita.com/#/server/oauth2/Readme), so the token is kept between runs, and a new
one is asked for only when the kept one has ended or was refused. Where two programs asked at the same time, the one whose token
was ended finds the other's where it is kept, and goes on with that.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection
from typing import Any, Final

from sheetsync import links
from sheetsync.connectors.base import walk, walk_or_none
from sheetsync.errors import (
    AccessDenied,
    BadCredentials,
    ConfigError,
    Incomplete,
    LinkError,
    NotFound,
    Unavailable,
    UnexpectedReply,
)
from sheetsync.secrets import Secret
from sheetsync.web.auth import Fetched, Token, lifetime
from sheetsync.web.http import Reply, Web

MOMENT: Final = 1_000_000_000
"""`expires_in` is documented as seconds in one place and as a moment (Unix time) in another: no token lives for 31 years."""

SOON: Final = 120.0
"""A kept token that ends within so many seconds is not worth using."""


class TitaToken(Fetched):
    """`kept` is where the token stands between runs, None where it is not kept; `now` is Unix time."""

    def __init__(
        self, url: str, tenant: str, app: str, secret: Secret, kept: Secret | None, *, now: Callable[[], float] = time.time
    ) -> None:
        super().__init__(secret)
        self._url, self._tenant, self._app, self._kept, self._now = url, tenant, app, kept, now
        self._used = ""

    @property
    def origins(self) -> Collection[str]:
        return (links.split(self._url).origin,)

    def fetch(self, web: Web) -> Token:
        token = self._from_last_time() or self._new(web)
        self._used = token.value
        return token

    def _from_last_time(self) -> Token | None:
        """The kept token, unless it is the one that has just ended or was just refused."""
        if self._kept is None:
            return None
        try:
            found = json.loads(self._kept.reveal())
            value, until = found["access_token"], found["until"]
        except (ConfigError, ValueError, KeyError, TypeError):
            return None  # the first run, or not of our making: a new one takes its place
        if not isinstance(value, str) or not value or value == self._used:
            return None
        if until is None:
            return Token(value, None)
        left = float(until) - self._now() if isinstance(until, int | float) else 0.0
        return Token(value, left) if left > SOON else None

    def _new(self, web: Web) -> Token:
        fields = {
            "tenant_id": self._tenant, "app_id": self._app, "grant_type": "client_credentials", "secret": self._secret.reveal(),
        }  # fmt: skip
        answer = web.post_form(self._url, fields, refine=refused)
        value = walk_or_none(answer, "access_token")
        if not isinstance(value, str) or not value:
            raise UnexpectedReply("The sign-in service gave no token.")
        seconds = lifetime(walk_or_none(answer, "expires_in"))
        if seconds is not None and seconds > MOMENT:
            left = seconds - self._now()
            seconds = left if left > SOON else None  # a moment that is over says nothing: used until it is refused
        self._secret.remember(value)
        if self._kept is not None:
            self._keep(self._kept, value, seconds)
        return Token(value, seconds)

    def _keep(self, place: Secret, value: str, seconds: float | None) -> None:
        until = None if seconds is None else round(self._now() + seconds)
        try:
            place.keep(json.dumps({"access_token": value, "until": until}))
        except OSError:
            raise BadCredentials(
                "The renewed key {where} could not be kept.", where=place.where,
                advice="Let token point to a file that sheetsync may write, or to the system keyring.",
            ) from None  # fmt: skip


def refused(reply: Reply) -> LinkError | None:
    """What the sign-in's refusal means: it comes with status 200 too, and then without a token."""
    if reply.status in {408, 425, 429} or reply.status >= 500:
        return None
    answer = reply.json()
    if reply.status < 400 and walk_or_none(answer, "access_token"):
        return None
    return meaning(reply) or BadCredentials("The sign-in at {host} was refused.", host=reply.host)


def meaning(reply: Reply) -> LinkError | None:
    """What a reply means by its `code`, which stands in the body whatever the status is; 0 is an answer."""
    code = walk_or_none(reply.json(), "code")
    match str(code) if isinstance(code, int | str) and not isinstance(code, bool) else "":
        case "0":
            return None
        case "10001" | "10002" | "10006":
            return Unavailable("Tita cannot answer now.")
        case "10003":
            return AccessDenied(
                "Tita does not accept calls from the address of this computer.",
                advice="Ask Tita to add the internet address of the computer that runs sheetsync.",
            )
        case "10004" | "10005":
            return BadCredentials("Tita does not accept the key of this account.")
        case "10010":
            return BadCredentials(
                "Tita knows no tenant of this number.", advice="Ask the person who installed sheetsync to check tenant_id."
            )
        case "10012":
            return Incomplete("Tita gives out less at once than was asked for.")
        case "12004" | "12005":
            return NotFound("Tita knows no objective or key result of this number.")
    return None if reply.status >= 400 else UnexpectedReply("Tita answered with an error instead of data.")


def values_of(key_result: Any) -> dict[str, Any]:
    """`quantifyField_code` -> value. Raises UnexpectedReply where one code has two values."""
    found: dict[str, Any] = {}
    for one in walk_or_none(key_result, "quantify_values") or []:
        code, value = str(walk(one, "quantifyField_code")), walk_or_none(one, "value")
        if found.setdefault(code, value) != value:
            raise UnexpectedReply("Tita gave two values for the same field of a key result.")
    return found
