"""How sheetsync signs in at Google goes in, a session for the Sheets API comes out, which reaches Google and nobody else.

Sign-in       service account, a person's consent, or application default credentials
              https://google-auth.readthedocs.io/en/stable/user-guide.html
Scope         spreadsheets only: opening a spreadsheet by its id needs no right over Drive
              https://developers.google.com/workspace/sheets/api/scopes
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

import requests
from google.auth import default as application_default
from google.auth import exceptions
from google.auth.transport.requests import AuthorizedSession, Request
from google.oauth2 import credentials, service_account
from requests.adapters import HTTPAdapter

from sheetsync import links
from sheetsync.errors import ConfigError, LinkError

SCOPE: Final = "https://www.googleapis.com/auth/spreadsheets"
API: Final = "https://sheets.googleapis.com"
TOKEN: Final = "https://oauth2.googleapis.com"  # noqa: S105 - an address
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class SignIn:
    """What the operator configured: the text of a key file, or a person's consent; with neither, the machine's own sign-in.

    `api_url` stands in for Google's own addresses, of the API and of the tokens: a proxy inside the company, or a stand-in.
    """

    service_account: str | None = None
    client_id: str = ""
    client_secret: str | None = None
    refresh_token: str | None = None
    api_url: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """`http` carries the credential; `email` is the address to share a spreadsheet with, "" where nobody says it."""

    http: AuthorizedSession
    email: str
    kind: str  # service account | person | application default


def open_session(sign_in: SignIn) -> Session:
    """Raises ConfigError where the credential cannot be read; whether Google accepts it shows at the first request."""
    base = _base(sign_in.api_url)
    found, kind = _credentials(sign_in, base)
    tokens = requests.Session()
    tokens.trust_env = False
    if kind != "application default":  # those may ask the machine's own metadata server
        _only(tokens, base)
    http = AuthorizedSession(found, auth_request=Request(tokens))  # type: ignore[no-untyped-call]  # google-auth has no hints
    http.trust_env = False
    _only(http, base)
    return Session(http, address_of(found), kind)


def address_of(found: Any) -> str:
    """A credential's own address; a machine in Google's cloud says `default` before its first token."""
    email = str(getattr(found, "service_account_email", "") or "")
    return email if "@" in email else ""


def _base(api_url: str) -> str:
    """The origin that stands in for Google's; "" for Google itself. A credential goes there, so only TLS or this machine."""
    if not api_url:
        return ""
    try:
        found = links.split(api_url)
    except LinkError:
        found = None
    if found is None or not (found.scheme == "https" or (found.scheme == "http" and found.host in _LOOPBACK)):
        raise ConfigError("The address api_url in [google] must begin with https://.", advice="Correct it in sheetsync.toml.")
    return found.origin


class _Fixed(HTTPAdapter):
    """Sends everything to one origin, whatever the address said; without a redirect to follow it stays there."""

    def __init__(self, official: str, base: str) -> None:
        super().__init__()
        self._official, self._base = official, base

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        if self._base and request.url is not None:
            request.url = self._base + request.url.removeprefix(self._official)
        return super().send(request, *args, **kwargs)


class _Nowhere(HTTPAdapter):
    def send(self, request: requests.PreparedRequest, *_args: Any, **_kwargs: Any) -> requests.Response:
        raise requests.exceptions.InvalidURL("only Google's own addresses are asked", request=request)


def _only(session: requests.Session, base: str) -> None:
    session.max_redirects = 0
    session.mount("https://", _Nowhere())
    session.mount("http://", _Nowhere())
    for official in (API, TOKEN):
        session.mount(official + "/", _Fixed(official, base))
    if base:
        session.mount(base + "/", _Fixed(base, base))


def _credentials(sign_in: SignIn, base: str) -> tuple[Any, str]:
    if sign_in.service_account is not None:
        info = _document(sign_in.service_account)
        _require_own_endpoint(info, base)
        try:
            return service_account.Credentials.from_service_account_info(info, scopes=[SCOPE]), "service account"  # type: ignore[no-untyped-call]
        except (ValueError, KeyError, TypeError, AttributeError, exceptions.GoogleAuthError):
            raise ConfigError(
                "The key file of [google] service_account is no key of a service account.",
                advice="Make a new one in Google Cloud: IAM & Admin, Service accounts, Keys, Add key, JSON.",
            ) from None
    if sign_in.refresh_token is not None:
        return credentials.Credentials(  # type: ignore[no-untyped-call]
            None, refresh_token=sign_in.refresh_token, token_uri=f"{TOKEN}/token", client_id=sign_in.client_id,
            client_secret=sign_in.client_secret, scopes=[SCOPE],
        ), "person"  # fmt: skip
    try:
        found, _project = application_default(scopes=[SCOPE])
    except (exceptions.GoogleAuthError, OSError, ValueError):
        raise ConfigError(
            "sheetsync has no way to sign in at Google.",
            advice="Connect it with: sheetsync connect google",
        ) from None
    return found, "application default"


def _document(text: str) -> dict[str, Any]:
    try:
        info = json.loads(text)
    except ValueError:
        info = None
    if not isinstance(info, dict):
        raise ConfigError(
            "What service_account in [google] refers to is no JSON file.", advice="Name the file as it was downloaded."
        )
    return info


def _require_own_endpoint(info: dict[str, Any], base: str) -> None:
    """Who can change a key file must not choose who receives what it signs."""
    endpoint = str(info.get("token_uri") or f"{TOKEN}/token")
    older = ("https://accounts.google.com/o/oauth2/token", "https://www.googleapis.com/oauth2/v4/token")
    if endpoint in older:
        info["token_uri"] = f"{TOKEN}/token"
    elif not endpoint.startswith((f"{TOKEN}/", *([f"{base}/"] if base else []))):
        raise ConfigError(
            "The key file of [google] names a sign-in address that is not Google's.",
            advice="Download it anew from Google Cloud.",
        )
