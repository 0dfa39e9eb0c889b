"""A reference to a secret goes in, the secret comes out as late as possible, and everything that leaves is searched for it.

References are the only form in which the configuration may hold a secret: `{env = "NAME"}`, `{file = "path"}`,
`{command = ["pass", "show", "x"]}`, `{keyring = "service/user"}`.
"""

from __future__ import annotations

import base64
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sheetsync.errors import ConfigError

MASK: Final = "•••"
COMMAND_SECONDS: Final = 20
MIN_LENGTH: Final = 6
"""Shorter secrets are not searched for: masking every `abc` would make each text unreadable, and no service gives such keys."""

_SHAPES: Final = re.compile(
    r"(?i)((?:access_token|refresh_token|api[_-]?key|apikey|client_secret|appsecret|secret|password|token|sign|signature)"
    r"[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;]{4,}"
    r"|\b(bearer\s+|basic\s+)[A-Za-z0-9._~+/=-]{8,}"
    r"|(https?://)[^\s/@]+:[^\s/@]+@"
)


class Vault:
    """Resolves references and remembers what must never be seen again."""

    def __init__(self, folder: Path, environ: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        self._environ = os.environ if environ is None else environ
        self._known: set[str] = set()

    def reveal(self, reference: Mapping[str, Any], where: str) -> str:
        """The secret behind a reference. Raises ConfigError that names `where` it is used, never what it is."""
        kinds: dict[str, Callable[[Any, str], str]] = {
            "env": self._from_env, "file": self._from_file, "command": self._from_command, "keyring": self._from_keyring,
        }  # fmt: skip
        (kind, value), *more = reference.items()
        if more or kind not in kinds:
            raise ConfigError("The secret {where} needs one of {{env=}}, {{file=}}, {{command=}}, {{keyring=}}.", where=where)
        found = kinds[kind](value, where).strip()
        if not found:
            raise ConfigError("The secret {where} is empty.", where=where)
        self.remember(found)
        return found

    def remember(self, secret: str) -> None:
        """From now on `redact` masks this text and its usual encodings."""
        if len(secret) >= MIN_LENGTH:
            encoded = base64.b64encode(secret.encode()).decode()
            self._known |= {secret, quote(secret, safe=""), encoded, encoded.rstrip("=")}

    def redact(self, text: str) -> str:
        """The text without any known secret and without what looks like one. On every way out: log, report, history, page."""
        for secret in sorted(self._known, key=len, reverse=True):
            text = text.replace(secret, MASK)
        return _SHAPES.sub(lambda match: (match[1] or match[2] or match[3]) + MASK + ("@" if match[3] else ""), text)

    def _from_env(self, name: str, where: str) -> str:
        if name not in self._environ:
            raise ConfigError(
                "The secret {where} is taken from the environment variable {name}, which is not set.", where=where, name=name
            )
        return self._environ[name]

    def _from_file(self, name: str, where: str) -> str:
        path = (self._folder / Path(name).expanduser()).resolve()
        try:
            refuse_readable_by_others(path)
            return path.read_text(encoding="utf-8")
        except OSError:
            raise ConfigError("The file {path} with the secret {where} cannot be read.", where=where, path=path) from None

    def _from_command(self, command: list[str], where: str) -> str:
        try:
            done = subprocess.run(  # noqa: S603 - the operator's own configuration names the command; no shell is involved
                command, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=True, stdin=subprocess.DEVNULL
            )
        except (OSError, subprocess.SubprocessError):
            raise ConfigError("The command for the secret {where} failed.", where=where) from None
        return done.stdout

    def _from_keyring(self, entry: str, where: str) -> str:
        try:
            import keyring  # noqa: PLC0415 - an extra, and slow to import
        except ImportError:
            raise ConfigError(
                "The secret {where} is kept in the system keyring, but the extra is not installed.", where=where,
                advice='Install it: pip install "okr-sheetsync[keyring]".',
            ) from None  # fmt: skip
        service, _, user = entry.rpartition("/")
        found = keyring.get_password(service or "sheetsync", user)
        if found is None:
            raise ConfigError("The system keyring holds no entry {entry} for the secret {where}.", where=where, entry=entry)
        return str(found)


class Secret:
    """A secret of one account: shows nothing by itself, and resolves its reference each time, so that a renewed key is seen."""

    __slots__ = ("_reference", "_vault", "where")

    def __init__(self, reference: Mapping[str, Any], vault: Vault, where: str) -> None:
        self._reference, self._vault, self.where = dict(reference), vault, where

    def reveal(self) -> str:
        return self._vault.reveal(self._reference, self.where)

    def remember(self, derived: str) -> None:
        """A text made from this secret (an access token) is masked as well."""
        self._vault.remember(derived)

    def __repr__(self) -> str:
        return f"Secret({self.where})"


def refuse_readable_by_others(path: Path) -> None:
    """Refuses a secret file that the group or others may read, as ssh does. Raises ConfigError, OSError."""
    if sys.platform == "win32":  # access there is a matter of ACLs, which mode bits do not show
        return
    mode = path.stat().st_mode
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(
            "The file {path} holds a secret, but others may read it.", path=path, advice="Run: chmod 600 on that file."
        )
