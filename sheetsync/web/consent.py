"""A connector's description of a service's consent page goes in; what the service grants to the person who agreed comes out.

The flow is the authorization code grant (RFC 6749, 4.1) of an app on a person's own machine (RFC 8252): the browser shows the
page, and the service sends it back to an address on loopback, where we listen, with a code that is good for one exchange.
`state` proves that the answer belongs to our question, PKCE (RFC 7636) that the code is exchanged by whoever asked for it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, quote, urlsplit

from sheetsync import links
from sheetsync.errors import BadCredentials, ConfigError, LinkError, UnexpectedReply
from sheetsync.web.auth import REASONS, token_error

if TYPE_CHECKING:
    from sheetsync.web.http import Web

REDIRECT: Final = "http://localhost:8717/"
"""Where the browser is sent back to; most services want it registered to the letter, so it is the same each time."""
OWN_NUMBER: Final = "http://127.0.0.1:8717/"
"""The same, for services that know this machine by its number only."""
ANY_PORT: Final = "http://127.0.0.1:0/"
"""For services that take any port of loopback (RFC 8252, 7.3)."""
_NO_PORT: Final = re.compile(r"^(http://(?:localhost|127\.0\.0\.1)):0(?=/|$)")

_AGAIN: Final = "Run the command again, and agree on the page that the service shows."


def refreshed(granted: Mapping[str, Any], web: Web) -> Mapping[str, str]:  # noqa: ARG001 - others ask once more
    """The refresh token, as the setting `refresh_token`."""
    token = granted.get("refresh_token")
    if not isinstance(token, str) or not token:
        raise UnexpectedReply(
            "The sign-in service gave no refresh token.", advice="Permit the app offline access, then try again."
        )
    return {"refresh_token": token}


@dataclass(frozen=True, slots=True)
class Consent:
    """How a person agrees to what an app may read, as the service documents it.

    `authorize_url`  the page that asks the person, which is opened in the browser
    `token_url`      where the code is exchanged, through the door to the network
    `scopes`         what the app asks for; some services fix that where the app is registered
    `separator`      between the scopes: a space (RFC 6749, 3.3), elsewhere a comma
    `pkce`           whether the service takes the proof of RFC 7636
    `basic`          whether the client shows itself in a header or in the form (RFC 6749, 2.3.1)
    `extra`          what the page wants to be told besides, such as `access_type=offline`
    `redirect`       where the browser is sent back to; port 0 for any that is free
    `settings`       what was granted -> the settings of the account that come of it; may ask the service once more
    `origins`        what `settings` may ask besides the origin of `token_url`
    """

    authorize_url: str
    token_url: str
    scopes: tuple[str, ...] = ()
    separator: str = " "
    pkce: bool = True
    basic: bool = False
    extra: Mapping[str, str] = field(default_factory=dict)
    redirect: str = REDIRECT
    settings: Callable[[Mapping[str, Any], Web], Mapping[str, str]] = refreshed
    origins: tuple[str, ...] = ()

    @property
    def reached(self) -> tuple[str, ...]:
        """The origins that the exchange may ask."""
        return (links.split(self.token_url).origin, *self.origins)


class Attempt:
    """One person's one walk through the consent page: `state` and the proof are made for it and are good for it alone."""

    def __init__(self, consent: Consent, client_id: str, redirect: str) -> None:
        self.consent, self.redirect = consent, redirect
        self._client = client_id
        self._state = secrets.token_urlsafe(24)
        self._verifier = secrets.token_urlsafe(48)

    @property
    def address(self) -> str:
        """The address of the consent page."""
        asked = {
            "response_type": "code", "client_id": self._client, "redirect_uri": self.redirect, "state": self._state,
            **({"scope": self.consent.separator.join(self.consent.scopes)} if self.consent.scopes else {}), **self.consent.extra,
        }  # fmt: skip
        if self.consent.pkce:
            digest = hashlib.sha256(self._verifier.encode()).digest()
            asked |= {"code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="), "code_challenge_method": "S256"}
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in asked.items())
        return f"{self.consent.authorize_url}{'&' if '?' in self.consent.authorize_url else '?'}{query}"

    def is_answer(self, address: str) -> bool:
        """Whether the browser was sent back to our address with our state: nothing else is listened to."""
        try:
            sent, own = urlsplit(address), urlsplit(self.redirect)
        except ValueError:
            return False
        state = dict(parse_qsl(sent.query)).get("state", "")
        return (sent.path or "/") == (own.path or "/") and hmac.compare_digest(state.encode(), self._state.encode())

    def code(self, address: str) -> str:
        """The code in the address that the browser was sent back to. Raises BadCredentials: refused, or not our answer."""
        if not self.is_answer(address):
            raise BadCredentials("This address is no answer to the page that was opened.", advice=_AGAIN)
        given = dict(parse_qsl(urlsplit(address).query))
        if "error" in given:
            reason = given["error"] if given["error"] in REASONS else "error"
            raise BadCredentials("The service was not permitted to give access ({reason}).", reason=reason, advice=_AGAIN)
        if not given.get("code"):
            raise BadCredentials("The service sent the browser back without a code.", advice=_AGAIN)
        return given["code"]

    def exchange(self, web: Web, code: str, client_secret: str, remember: Callable[[str], None]) -> Mapping[str, str]:
        """The account's settings that were granted; `remember` masks what nobody may see.

        Raises BadCredentials (the code is spent or too old), Unavailable, UnexpectedReply.
        """
        consent, headers = self.consent, {}
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.redirect}
        if consent.pkce:
            fields["code_verifier"] = self._verifier
        if consent.basic:
            shown = base64.b64encode(f"{self._client}:{client_secret}".encode()).decode()
            headers["Authorization"] = f"Basic {shown}"
        else:
            shown = client_secret
            fields |= {"client_id": self._client, "client_secret": client_secret}
        for text in (code, self._verifier, client_secret, shown):
            remember(text)
        granted = web.post_form(consent.token_url, fields, headers=headers, refine=token_error)
        if not isinstance(granted, dict) or not isinstance(granted.get("access_token"), str) or not granted["access_token"]:
            raise UnexpectedReply("The sign-in service gave no token.")
        for name in ("access_token", "refresh_token"):
            if isinstance(granted.get(name), str):
                remember(granted[name])
        return consent.settings(granted, web)


def redirect_of(text: str) -> str:
    """A redirect address that somebody wrote. Raises ConfigError: no web address, or http that does not stay on this machine."""
    try:
        safe = is_loopback(text) or links.split(text).scheme == "https"
    except (LinkError, ValueError):
        safe = False
    if not safe:
        raise ConfigError(
            "{redirect} is no address that a browser can safely be sent back to.", redirect=text,
            advice="Write http://localhost:8717/, or the https address that is registered for the app, with --paste.",
        )  # fmt: skip
    return text


def with_a_port(redirect: str) -> str:
    """The same with a port of its own where any would do: nobody listens, so none is chosen by listening."""
    return _NO_PORT.sub(r"\1:8717", redirect)


def is_loopback(redirect: str) -> bool:
    """Whether we can listen there: http, and this machine by name or number. Raises ValueError for a port that is none."""
    sent = urlsplit(redirect)
    return sent.scheme == "http" and sent.hostname in {"localhost", "127.0.0.1"} and (sent.port or 0) >= 0
