"""An application goes in, the list of its connectors comes out: what each can read, and what is configured."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from sheetsync.connectors.base import Connector
from sheetsync.connectors.registry import AnyConnector, installed
from sheetsync.secrets import Secret

if TYPE_CHECKING:
    from sheetsync.app import App


AUTH: Final[Mapping[str, str]] = {
    "api_key": "API key", "api_token": "API key", "key": "API key", "api_secret": "API key", "access_token": "bearer token",
    "bearer": "bearer token", "bearer_token": "bearer token", "token": "bearer token", "client_secret": "client credentials",
    "secret": "client credentials", "password": "user and password", "private_key": "JWT bearer",
    "certificate_key": "client certificate", "refresh_token": "refresh token", "service_account": "service account",
}  # fmt: skip
"""What a secret's name says about the way in which an account proves itself."""


def catalogue(application: App) -> list[dict[str, Any]]:
    """One entry a connector: name, title, kinds with measures (the default first), settings, accounts, origins, examples.

    `origins` are those of the accounts; without any, those that an account would have, with `{setting}` for what it decides.
    """
    found: list[dict[str, Any]] = []
    for kind in application.kinds:
        accounts = application.registry.accounts.get(kind.name(), {})
        origins = set()
        for account in accounts.values():
            try:
                origins |= set(account.origins())
            except Exception:  # noqa: BLE001,S112 - an account without its secret is doctor's matter, the list goes on
                continue
        answered = [] if kind.metrics else [pattern.kind for pattern in kind.links if not pattern.instead]
        kinds = {name: [metric.name for metric in kind.metrics.get(name, ())] for name in [*kind.metrics, *answered]}
        fields = [field for field in dataclasses.fields(kind.settings_type) if field.name != "base"]
        found.append({
            "name": kind.name(), "title": kind.title, "kinds": kinds,
            "default_metric": {name: metrics[0] for name, metrics in kinds.items() if metrics},
            "settings": {field.name: field.metadata.get("about", "") for field in fields},
            "secrets": [field.name for field in fields if Secret.__name__ in str(field.type)],
            "auth": _ways_in(fields),
            "browser": kind.consent is not Connector.consent, "accounts": sorted(accounts),
            "origins": sorted(origins) or list(kind.home) or _usual_origins(kind),
            "examples": [example.link for example in kind.examples] or ["-"], "unsupported": list(kind.unsupported),
        })  # fmt: skip
    loaded = {kind.name() for kind in application.kinds}
    others = [point for point in installed() if point.name not in loaded]
    return found + [
        {"name": point.name, "title": point.value, "kinds": {}, "accounts": [], "examples": ["-"], "loaded": False}
        for point in others
    ]


def _ways_in(fields: Sequence[dataclasses.Field[Any]]) -> list[str]:
    """How an account may prove itself. A client's secret that belongs to a person's refresh token is no way of its own."""
    secrets = [field for field in fields if field.name in AUTH and Secret.__name__ in str(field.type)]
    return sorted({AUTH[one.name] for one in secrets if one.name != "client_secret" or one.metadata.get("asked", True)})


def _usual_origins(kind: AnyConnector) -> list[str]:
    """The origins of an account without any settings of its own; none where the operator's settings alone decide them."""
    needed: dict[str, Any] = {
        field.name: "" for field in dataclasses.fields(kind.settings_type) if field.default is dataclasses.MISSING
    }
    try:
        return sorted(kind("default", kind.settings_type(**needed), _Nothing()).origins())
    except Exception:  # noqa: BLE001 - settings of a connector of somebody else's may need anything
        return []


class _Nothing:
    def get(self, key: str) -> str | None:  # noqa: ARG002 - nothing is kept of what is only listed
        return None

    def put(self, key: str, value: str) -> None:
        """Nothing is kept of what is only listed."""
