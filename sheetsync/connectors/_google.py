"""The key file of a service account, or a person's consent, goes in; a token for one of Google's APIs comes out.

Service accounts   https://developers.google.com/identity/protocols/oauth2/service-account
Consent            https://developers.google.com/identity/protocols/oauth2/web-server#offline
Errors             https://cloud.google.com/apis/design/errors (`reason` in `details`, or in the older `errors`)
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sheetsync import links
from sheetsync.connectors.base import Settings, setting, walk_or_none
from sheetsync.errors import AccessDenied, BadCredentials, ConfigError, LinkError, UnexpectedReply
from sheetsync.secrets import Secret
from sheetsync.web.auth import Auth, Fetched, RefreshToken, Token, lifetime, token_error
from sheetsync.web.consent import ANY_PORT, Consent
from sheetsync.web.http import Reply, Web

TOKEN_URL: Final = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
AUTHORIZE_URL: Final = "https://accounts.google.com/o/oauth2/v2/auth"
HOUR: Final = 3_600.0

_OLDER_TOKEN_URLS: Final = frozenset({"https://accounts.google.com/o/oauth2/token", "https://www.googleapis.com/oauth2/v4/token"})
"""What key files of earlier years name; today's endpoint takes their place."""
_ASSERTION_SECONDS: Final = 3_600
"""An assertion may not end later than an hour after it was made."""
_FIGURE: Final = re.compile(r"-?\d{1,400}(\.\d{1,400})?([eE][+-]?\d{1,3})?")
_NEW_KEY: Final = "Make a new one in Google Cloud: IAM & Admin, Service accounts, Keys, Add key, JSON."


@dataclass(frozen=True, slots=True, kw_only=True)
class GoogleSettings(Settings):
    """What an account of a Google service needs: a service account, or a client with a person's refresh token."""

    service_account: Secret | None = setting("Key file (JSON) of a service account.", None)
    client_id: str = setting("OAuth client ID, where a person signs in and not a service account.", "", asked=False)
    client_secret: Secret | None = setting("Secret of that OAuth client.", None, asked=False)
    refresh_token: Secret | None = setting("Refresh token of the person who agreed.", None, asked=False)
    token_url: str = setting("Sign-in address, where it is not Google's own: a proxy or a sovereign cloud.", "")


def sign_in(settings: GoogleSettings, scope: str, *, title: str, account: str) -> Auth:
    """How the account signs in for `scope`. Raises ConfigError where it says neither way."""
    url = settings.token_url or TOKEN_URL
    if settings.service_account is not None:
        return ServiceAccount(settings.service_account, scope, token_url=url)
    if settings.client_id and settings.client_secret is not None and settings.refresh_token is not None:
        store = settings.refresh_token.keep
        return RefreshToken(url, settings.client_id, settings.client_secret, settings.refresh_token, store=store)
    raise ConfigError(
        "The account {account} of {service} needs service_account, or client_id, client_secret and refresh_token.",
        account=account, service=title,
    )  # fmt: skip


def consent_to(settings: GoogleSettings, scope: str) -> Consent:
    """A person's consent to `scope`, for an OAuth client of the type desktop app: it takes PKCE, and any port of loopback.

    Google gives a refresh token for `access_type=offline`, and gives it once more only where it is to ask anew.
    """
    extra = {"access_type": "offline", "prompt": "consent"}
    return Consent(AUTHORIZE_URL, settings.token_url or TOKEN_URL, (scope,), extra=extra, redirect=ANY_PORT)


class ServiceAccount(Fetched):
    """A token for a service account, asked for with an assertion that its key signed (RFC 7523; RS256, RFC 7518).

    The key file may name no other sign-in address than Google's or `token_url`: whoever can put a file there cannot choose who
    receives what it signs.
    """

    def __init__(
        self,
        key: Secret,
        scope: str,
        *,
        token_url: str = TOKEN_URL,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(key, clock=clock)
        self._scope, self._url, self._now = scope, token_url, now

    @property
    def origins(self) -> Collection[str]:
        return (links.split(self._url).origin,)

    def fetch(self, web: Web) -> Token:
        assertion = self._assertion()
        self._secret.remember(assertion)
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
        answer = web.post_form(self._url, form, refine=token_error)
        if not isinstance(answer, dict) or not isinstance(answer.get("access_token"), str) or not answer["access_token"]:
            raise UnexpectedReply("The sign-in service gave no token.")
        return Token(answer["access_token"], lifetime(answer.get("expires_in")))

    def _assertion(self) -> str:
        """Raises BadCredentials: no key file of a service account, or one that signs in elsewhere."""
        from google.auth import crypt, jwt  # noqa: PLC0415 - slow to import, and only accounts of Google need it

        where = self._secret.where
        key = key_file(self._secret)
        endpoint = key.get("token_uri", TOKEN_URL)
        if endpoint not in {TOKEN_URL, self._url, *_OLDER_TOKEN_URLS}:
            raise BadCredentials(
                "The key file {where} names a sign-in address that is not Google's.", where=where, advice=_NEW_KEY
            )
        now = int(self._now())
        claims = {
            "iss": key["client_email"], "scope": self._scope, "aud": TOKEN_URL if endpoint in _OLDER_TOKEN_URLS else endpoint,
            "iat": now, "exp": now + _ASSERTION_SECONDS,
        }  # fmt: skip
        try:
            signer = crypt.RSASigner.from_service_account_info(key)  # type: ignore[no-untyped-call]  # google-auth has no hints
            return str(jwt.encode(signer, claims), "ascii")  # type: ignore[no-untyped-call]  # the same
        except (ValueError, TypeError, AttributeError):  # what its parts raise for text that is no RSA key
            raise BadCredentials(
                "The private key in the key file {where} cannot be used.", where=where, advice=_NEW_KEY
            ) from None


def key_file(secret: Secret) -> dict[str, str]:
    """The texts of a service account's key file. Raises BadCredentials, and ConfigError where the secret is not there."""
    try:
        key = json.loads(secret.reveal())
    except (ValueError, RecursionError):
        key = None
    texts = {name: text for name, text in key.items() if isinstance(text, str)} if isinstance(key, dict) else {}
    if texts.get("type") != "service_account" or not texts.get("client_email") or not texts.get("private_key"):
        raise BadCredentials("The secret {where} is not the key file of a service account.", where=secret.where, advice=_NEW_KEY)
    secret.remember(texts["private_key"])
    return texts


def who(settings: GoogleSettings) -> str:
    """The address that must be given access: a service account's own; else that of the person is not known here."""
    try:
        return key_file(settings.service_account)["client_email"] if settings.service_account is not None else "-"
    except (LinkError, ConfigError):
        return "-"


# --- what an API of Google's says


@dataclass(frozen=True, slots=True)
class Complaint:
    """An error's own words, to be understood and never repeated: its status, its message, its reasons."""

    status: str = ""
    message: str = ""
    reasons: frozenset[str] = frozenset()


def complaint(reply: Reply) -> Complaint:
    """The error in an answer, empty where there is none in the documented shape."""
    try:
        told = reply.json()
    except LinkError:
        return Complaint()
    error = walk_or_none(told[:1], "0.error") if isinstance(told, list) else walk_or_none(told, "error")
    if not isinstance(error, dict):
        return Complaint()
    return Complaint(str(error.get("status", "")), str(error.get("message", "")), frozenset(_reasons(error)))


def _reasons(error: dict[str, Any]) -> Iterator[str]:
    for name in ("details", "errors"):
        listed = error.get(name)
        for one in listed if isinstance(listed, list) else ():
            if isinstance(one, dict) and isinstance(one.get("reason"), str):
                yield one["reason"]


def switched_off(told: Complaint, service: str) -> AccessDenied | None:
    """What is wrong with the project or the token as such, whatever was asked for."""
    if told.reasons & {"SERVICE_DISABLED", "accessNotConfigured"}:
        return AccessDenied(
            "The API of {service} is switched off in the Google Cloud project of this key.", service=service,
            advice="Ask the person who made the key to switch it on in Google Cloud: APIs & Services, Library.",
        )  # fmt: skip
    if told.reasons & {"ACCESS_TOKEN_SCOPE_INSUFFICIENT", "insufficientPermissions"}:
        return AccessDenied(
            "The person behind this key did not agree that {service} may be read.", service=service,
            advice="Ask the person who installed sheetsync to sign in again with the permission to read it.",
        )  # fmt: skip
    return None


def until_reset(reply: Reply) -> float:
    """Seconds until Google's daily quotas begin anew, at midnight in California; an hour where the answer bears no date.

    https://developers.google.com/analytics/devguides/reporting/data/v1/quotas, https://cloud.google.com/bigquery/quotas
    """
    try:
        sent = parsedate_to_datetime(reply.headers.get("date", ""))
    except ValueError:
        return HOUR
    there = (sent if sent.tzinfo else sent.replace(tzinfo=UTC)).astimezone(ZoneInfo("America/Los_Angeles"))
    midnight = (there + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return max(60.0, (midnight.astimezone(UTC) - there.astimezone(UTC)).total_seconds())


def exact(value: object) -> object:
    """A number as Google writes it in text, with a point and nothing else. Raises UnexpectedReply for any other text."""
    if not isinstance(value, str):
        return value
    if not _FIGURE.fullmatch(value):
        raise UnexpectedReply("The answer holds no number where one is due.")
    return Decimal(value)


def utc_now() -> datetime:
    return datetime.now(UTC)
