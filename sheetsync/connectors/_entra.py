"""An account's app registration at Microsoft Entra ID goes in, a token for one of Microsoft's services comes out.

Flow           client credentials, https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
Clouds         https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from sheetsync.connectors.base import Settings, origin_of, setting
from sheetsync.errors import ConfigError
from sheetsync.secrets import Secret
from sheetsync.web.auth import ClientCredentials

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
    login_url: str = setting("Sign-in address, where it is not the usual one of this cloud.", "")


def application(settings: EntraSettings, resource: str, *, login: str, account: str) -> ClientCredentials:
    """How the app itself signs in for `resource`, the origin or identifier of a service, in the cloud that `login` is of.

    Raises ConfigError (a tenant that is none, since it becomes a part of the address).
    """
    if not _TENANT.fullmatch(settings.tenant):
        raise ConfigError("The tenant of the account {account} is neither an ID nor a domain.", account=account)
    origin = origin_of(settings.login_url or login)
    return ClientCredentials(
        f"{origin}/{settings.tenant}/oauth2/v2.0/token", settings.client_id, settings.client_secret, scope=f"{resource}/.default"
    )
