"""A consent page and what came of it go in, a token for the person who agreed comes out: the OAuth accounts of every service.

`sheetsync connect SERVICE --browser` walks a person through the page that `Connector.consent` describes, and keeps the refresh
token; `agreed` signs in with it from then on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sheetsync.connectors.base import Connector, Settings, setting
from sheetsync.errors import ConfigError
from sheetsync.secrets import Secret
from sheetsync.web.auth import RefreshToken


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonSettings(Settings):
    """What an account needs for which a person agreed in the browser, where it has no key of its own."""

    client_id: str = setting("Only for OAuth: the app's client ID.", "", asked=False)
    client_secret: Secret | None = setting("Only for OAuth: the app's client secret.", None, asked=False)
    refresh_token: Secret | None = setting("Only for OAuth: the refresh token of the person who agreed.", None, asked=False)


def signed_in(settings: PersonSettings) -> bool:
    """Whether the account is that of a person who agreed."""
    return bool(settings.client_id) and settings.client_secret is not None and settings.refresh_token is not None


def agreed(connector: Connector[Any], instead: str) -> RefreshToken:
    """How the person signs in who agreed on the page of `consent`. Raises ConfigError, which names the key to use `instead`."""
    given, consent = connector.settings, connector.consent()
    if consent is None or not given.client_id or given.client_secret is None or given.refresh_token is None:
        raise ConfigError(
            "The account {account} of {service} needs {key}, or client_id, client_secret and refresh_token.",
            account=connector.account, service=connector.title, key=instead,
        )  # fmt: skip
    return RefreshToken(
        consent.token_url, given.client_id, given.client_secret, given.refresh_token, store=given.refresh_token.keep,
        basic=consent.basic,
    )  # fmt: skip
