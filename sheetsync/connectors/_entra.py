"""An account's app registration at Microsoft Entra ID goes in, a token for one of Microsoft's services comes out.

App            client credentials, https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
Person         authorization code, https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
Clouds         https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from sheetsync.connectors.base import Settings, origin_of, setting
from sheetsync.errors import ConfigError
from sheetsync.secrets import Secret
from sheetsync.web.auth import Auth, ClientCredentials, RefreshToken
from sheetsync.web.consent import Consent

WORLD: Final = "https://login.microsoftonline.com"
GOVERNMENT: Final = "https://login.microsoftonline.us"
"""Of the United States: GCC High and DoD. GCC signs in where the world does."""
CHINA: Final = "https://login.partner.microsoftonline.cn"
"""Operated by 21Vianet."""

_TENANT: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")


@dataclass(frozen=True, slots=True, kw_only=True)
class EntraSettings(Settings):
    """What every account that signs in at Entra ID needs."""

    tenant: str = setting("Directory (tenant) ID, or its domain such as acme.onmicrosoft.com.")
    client_id: str = setting("Application (client) ID of the app registration.")
    client_secret: Secret = setting("Value of a client secret of the app registration.")
    refresh_token: Secret | None = setting("Refresh token of a person, where not the app itself signs in.", None, asked=False)
    login_url: str = setting("Sign-in address, where it is not the usual one of this cloud.", "")


def signed_in(settings: EntraSettings, resource: str, *, login: str, account: str) -> Auth:
    """How the app, or the person who agreed, signs in for `resource`, the origin or identifier of a service, in `login`'s cloud.

    Raises ConfigError (a tenant that is none, since it becomes a part of the address).
    """
    tokens, given = f"{_tenant(settings, login, account)}/token", settings
    if given.refresh_token is None:
        return ClientCredentials(tokens, given.client_id, given.client_secret, scope=f"{resource}/.default")
    return RefreshToken(
        tokens, given.client_id, given.client_secret, given.refresh_token, store=given.refresh_token.keep,
        scope=" ".join(_scopes(resource)),
    )  # fmt: skip


def consent_for(settings: EntraSettings, resource: str, *, login: str, account: str) -> Consent:
    """A person's consent to what the app registration lists for `resource`. Raises ConfigError, as above."""
    pages = _tenant(replace(settings, login_url=""), login, account)
    return Consent(f"{pages}/authorize", f"{_tenant(settings, login, account)}/token", _scopes(resource))


def _scopes(resource: str) -> tuple[str, ...]:
    return f"{resource}/.default", "offline_access"


def _tenant(settings: EntraSettings, login: str, account: str) -> str:
    if not _TENANT.fullmatch(settings.tenant):
        raise ConfigError("The tenant of the account {account} is neither an ID nor a domain.", account=account)
    return f"{origin_of(settings.login_url or login)}/{settings.tenant}/oauth2/v2.0"
