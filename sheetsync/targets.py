"""An [[alerts]] table goes in, the target that it describes comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, time
from functools import partial
from typing import TYPE_CHECKING, Any

from sheetsync.alerts import Hook, Mail, Other, Target
from sheetsync.config import AlertConfig
from sheetsync.errors import ConfigError
from sheetsync.secrets import Vault

if TYPE_CHECKING:
    from sheetsync.web.http import Web


def target_of(entry: AlertConfig, where: str, vault: Vault, open_hook: Callable[..., Web], now: Callable[[], datetime]) -> Target:
    """`where` names the table in complaints; secrets are revealed when a message goes out. Raises ConfigError."""
    quiet = _hours(entry.quiet)
    if entry.kind == "mail":
        if not (entry.server and entry.sender and entry.to):
            raise ConfigError("In [[{where}]], mail needs server, sender and to.", where=where)
        password = _secret(entry.password, f"{where}.password", vault)
        return Mail(
            entry.server, entry.port, entry.sender, entry.to, entry.user, password, entry.plain, frozenset(entry.events), quiet
        )
    url = _secret(entry.url, f"{where}.url", vault)
    if url is None:
        raise ConfigError(
            "In [[{where}]], {kind} needs url, which says where its secret address is.", where=where, kind=entry.kind,
            advice='Write url = { env = "NAME" }.',
        )  # fmt: skip
    if entry.kind == "apprise":
        return Other(url, frozenset(entry.events), quiet)
    signing = _secret(entry.secret, f"{where}.secret", vault)
    return Hook(entry.kind, url, partial(open_hook, private=entry.private), now, signing, frozenset(entry.events), quiet)


def _secret(reference: Mapping[str, Any] | None, where: str, vault: Vault) -> Callable[[], str] | None:
    return None if reference is None else partial(vault.reveal, reference, where)


def _hours(text: str | None) -> tuple[time, time] | None:
    if text is None:
        return None
    begin, _, end = text.partition("-")
    return time.fromisoformat(begin), time.fromisoformat(end)
