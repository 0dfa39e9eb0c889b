"""A reference to a secret goes in, the secret comes out as late as possible, and everything that leaves is searched for it.

References are the only form in which the configuration may hold a secret: `{env = "NAME"}`, `{file = "path"}`,
`{command = ["pass", "show", "x"]}`, `{keyring = "service/user"}`.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, quote_plus

from sheetsync._locks import state_folder, wait_for
from sheetsync.errors import ConfigError, MissingSecret, Unavailable

MASK: Final = "•••"
COMMAND_SECONDS: Final = 20
KEYRING_FOLDER: Final = "sheetsync"
"""The service under which our own entries stand in the system keyring."""
RENEWAL_SECONDS: Final = 60.0
"""So long one process waits while another one renews the same key: one exchange takes seconds."""
MIN_LENGTH: Final = 6
"""Shorter secrets are not searched for: masking every `abc` would make each text unreadable, and no service gives such keys."""

_URL_SAFE: Final = str.maketrans("+/", "-_")
_SHAPES: Final = re.compile(
    r"(?i)((?:access_token|refresh_token|api[_-]?key|apikey|client_secret|appsecret|secret|password|token|(?<![a-z])sign(?:ature)?)"
    r"[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;]{4,}"
    r"|\b(bearer\s+|basic\s+)[A-Za-z0-9._~+/=-]{8,}"
    r"|(https?://)[^\s/@]+:[^\s/@]+@"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)",
    re.DOTALL,
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
        kind, value = next(iter(reference.items()), ("", None))
        if len(reference) != 1 or kind not in kinds:
            raise ConfigError("The secret {where} needs one of {{env=}}, {{file=}}, {{command=}}, {{keyring=}}.", where=where)
        words = value if kind == "command" and isinstance(value, list | tuple) else [value] if kind != "command" else []
        if not words or not all(isinstance(word, str) and word and "\0" not in word for word in words):
            raise ConfigError(
                "The secret {where} is not referred to as it should be.", where=where,
                advice='Write {env = "NAME"}, {file = "PATH"}, {command = ["…"]} or {keyring = "ENTRY"}.',
            )  # fmt: skip
        found = kinds[kind](value, where).strip()
        if not found:
            raise MissingSecret("The secret {where} is empty.", where=where)
        self.remember(found)
        return found

    def remember(self, secret: str) -> None:
        """From now on `redact` masks this text and its usual encodings."""
        if len(secret) >= MIN_LENGTH:
            percent = quote(secret, safe="", errors="replace")
            self._known |= {
                secret, percent, _lower_hex(percent), quote(secret, errors="replace"), quote_plus(secret, errors="replace"),
                json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], *_base64_forms(secret),
            }  # fmt: skip

    def redact(self, text: str) -> str:
        """The text without any known secret and without what looks like one. On every way out: log, report, history, page."""
        for secret in sorted(self._known, key=len, reverse=True):
            text = text.replace(secret, MASK)
        return _SHAPES.sub(lambda match: (match[1] or match[2] or match[3] or "") + MASK + ("@" if match[3] else ""), text)

    def keep(self, reference: Mapping[str, Any], secret: str) -> None:
        """Stores a secret where a reference of the kind file or keyring points. Raises OSError, also for the other kinds."""
        (kind, value), *_ = reference.items()
        self.remember(secret)
        if kind == "file":
            write_private((self._folder / Path(value).expanduser()).resolve(), secret)
        elif kind == "keyring":
            _into_keyring(value, secret)
        else:
            raise OSError(f"a secret from {kind} cannot be replaced")

    def taken(self, reference: Mapping[str, Any]) -> bool:
        """Whether something stands already where a reference of the kind file or keyring points. Raises ConfigError."""
        (kind, value), *_ = reference.items()
        if kind == "file":
            return (self._folder / Path(value).expanduser()).exists()
        return _keyring_entry(value, value) is not None

    def forget(self, reference: Mapping[str, Any]) -> None:
        """Takes away what stands where a reference of the kind file or keyring points, if anything."""
        (kind, value), *_ = reference.items()
        if kind == "file":
            (self._folder / Path(value).expanduser()).unlink(missing_ok=True)
        elif kind == "keyring":
            _out_of_keyring(value)

    @contextmanager
    def alone(self, reference: Mapping[str, Any], where: str) -> Iterator[None]:
        """While it lasts, no other process of this account replaces the secret: whoever waited must read it again.

        The place where it is kept is locked, so that two accounts that share one exclude each other as well. A secret that cannot
        be replaced needs no lock. Raises Unavailable: another process holds it for too long.
        """
        (kind, value), *_ = reference.items()
        with ExitStack() as held:
            if kind in {"file", "keyring"}:
                place = str((self._folder / Path(value).expanduser()).resolve()) if kind == "file" else value
                locks = state_folder(self._environ) / "keys"
                try:
                    held.enter_context(wait_for(locks, f"{kind}:{place}", seconds=RENEWAL_SECONDS))
                except TimeoutError:
                    raise Unavailable("Another sheetsync is renewing the key {where}.", where=where) from None
            yield

    def _from_env(self, name: str, where: str) -> str:
        if name not in self._environ:
            raise MissingSecret(
                "The secret {where} is taken from the environment variable {name}, which is not set.", where=where, name=name
            )
        return self._environ[name]

    def _from_file(self, name: str, where: str) -> str:
        path = (self._folder / Path(name).expanduser()).resolve()
        try:
            refuse_readable_by_others(path)
            return path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError):
            raise MissingSecret("The file {path} with the secret {where} cannot be read.", where=where, path=path) from None

    def _from_command(self, command: list[str], where: str) -> str:
        try:
            done = subprocess.run(  # noqa: S603 - the operator's own configuration names the command; no shell is involved
                command, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=True, stdin=subprocess.DEVNULL
            )
        except (OSError, UnicodeDecodeError, subprocess.SubprocessError):
            raise MissingSecret("The command for the secret {where} failed.", where=where) from None
        return done.stdout

    def _from_keyring(self, entry: str, where: str) -> str:
        found = _keyring_entry(entry, where)
        if found is None:
            raise MissingSecret("The system keyring holds no entry {entry} for the secret {where}.", where=where, entry=entry)
        return found


def _lower_hex(percent: str) -> str:
    return re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), percent)


def _base64_forms(secret: str) -> set[str]:
    """The secret in base64, standing alone or at any place inside a longer text (`user:secret`), in both alphabets."""
    raw = secret.encode("utf-8", "replace")
    found = {base64.b64encode(raw).decode(), base64.b64encode(raw).decode().rstrip("=")}
    for shift in range(3):  # the first and the last character may hold bits of its neighbours
        encoded = base64.b64encode(bytes(shift) + raw).decode().rstrip("=")
        whole = encoded[(0, 2, 3)[shift] : len(encoded) - bool((len(raw) + shift) % 3)]
        found |= {whole} if len(whole) >= MIN_LENGTH else set()
    return found | {form.translate(_URL_SAFE) for form in found}


class Secret:
    """A secret of one account: shows nothing by itself, and resolves its reference each time, so that a renewed key is seen."""

    __slots__ = ("_reference", "_vault", "where")

    def __init__(self, reference: Mapping[str, Any], vault: Vault, where: str) -> None:
        self._reference, self._vault, self.where = dict(reference), vault, where

    def reveal(self) -> str:
        return self._vault.reveal(self._reference, self.where)

    def keep(self, renewed: str) -> None:
        """Puts a new value in the place of the old one, whole or not at all: for keys that a service renews with each use.

        Raises OSError where the reference names a place that cannot be written, such as an environment variable.
        """
        self._vault.keep(self._reference, renewed)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """While it lasts, no other process replaces the secret. Raises Unavailable, ConfigError."""
        with self._vault.alone(self._reference, self.where):
            yield

    def remember(self, derived: str) -> None:
        """A text made from this secret (an access token) is masked as well."""
        self._vault.remember(derived)

    def __repr__(self) -> str:
        return f"Secret({self.where})"


def write_private(path: Path, secret: str) -> None:
    """Writes a file that its owner alone may read (0600), whole or not at all, and on disk when this returns. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".sheetsync-", dir=path.parent)  # mkstemp makes it 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(secret + "\n")
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _keyring_entry(entry: str, where: str) -> str | None:
    """What the system keyring holds under `service/user`; None where it holds nothing. Raises ConfigError."""
    try:
        import keyring  # noqa: PLC0415 - an extra, and slow to import
        from keyring.errors import KeyringError  # noqa: PLC0415
    except ImportError:
        raise MissingSecret(
            "The secret {where} is kept in the system keyring, but the extra is not installed.", where=where,
            advice='Install it: pip install "okr-sheetsync[keyring]".',
        ) from None  # fmt: skip
    service, _, user = entry.rpartition("/")
    try:
        found = keyring.get_password(service or KEYRING_FOLDER, user)
    except KeyringError:
        raise ConfigError(
            "The system keyring does not open for the secret {where}.", where=where,
            advice="Unlock it, or keep the secret in a file.",
        ) from None  # fmt: skip
    return None if found is None else str(found)


def _out_of_keyring(entry: str) -> None:
    with contextlib.suppress(ImportError):
        import keyring  # noqa: PLC0415 - as above
        from keyring.errors import KeyringError  # noqa: PLC0415

        service, _, user = entry.rpartition("/")
        with contextlib.suppress(KeyringError):
            keyring.delete_password(service or KEYRING_FOLDER, user)


def _into_keyring(entry: str, secret: str) -> None:
    try:
        import keyring  # noqa: PLC0415 - an extra, and slow to import
        from keyring.errors import KeyringError  # noqa: PLC0415
    except ImportError:
        raise OSError("the extra for the system keyring is not installed") from None
    service, _, user = entry.rpartition("/")
    try:
        keyring.set_password(service or KEYRING_FOLDER, user, secret)
    except KeyringError as error:
        raise OSError("the system keyring refused") from error


def refuse_readable_by_others(path: Path) -> None:
    """Refuses a secret file that the group or others may read, as ssh does. Raises ConfigError, OSError."""
    if sys.platform == "win32":  # access there is a matter of ACLs, which mode bits do not show
        return
    mode = path.stat().st_mode
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise MissingSecret(
            "The file {path} holds a secret, but others may read it.", path=path, advice="Run: chmod 600 on that file."
        )
