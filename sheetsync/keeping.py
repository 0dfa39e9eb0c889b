"""Answers to questions go in; secrets in safe places and a table of sheetsync.toml that refers to them come out.

Nothing stands in sheetsync.toml but where a secret is. A key that is in use stays where it is until the new one is accepted.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sheetsync.config import FILE_NAME
from sheetsync.errors import ConfigError
from sheetsync.secrets import KEYRING_FOLDER

if TYPE_CHECKING:
    from sheetsync.app import App

SECRETS_FOLDER: Final = "secrets"
_REFERENCE: Final = re.compile(r"(env|file|keyring):(.+)", re.DOTALL)


def reference_of(text: str) -> dict[str, str] | None:
    """`env:NAME`, `file:PATH` or `keyring:ENTRY` as a reference; None for a secret itself."""
    found = _REFERENCE.fullmatch(text)
    return None if found is None else {found[1]: found[2]}


class Keeping:
    """Puts the secrets of one account into files (0600) or the system keyring, and takes them away again if that was in vain."""

    def __init__(self, application: App, service: str, account: str, *, keyring: bool = False) -> None:
        self._application, self._name, self._keyring = application, f"{service}-{account}", keyring
        self.ours = f"{self._name}-"
        self._kept: list[Mapping[str, str]] = []

    def table(self, answers: Mapping[str, str], secrets: Collection[str], texts: Collection[str]) -> dict[str, Any]:
        """The answers as they are written, with references in the place of secrets; `texts` stay texts. Raises ConfigError."""
        return {
            name: self._reference(name, text) if name in secrets else text if name in texts else plain(text)
            for name, text in answers.items()
        }

    def undo(self) -> None:
        """Takes away what was kept: the service refused it."""
        for reference in self._kept:
            self._application.vault.forget(reference)

    def _reference(self, name: str, text: str) -> Mapping[str, str]:
        given = reference_of(text)
        if given is not None:
            return given
        reference = next(self._free(name))
        try:
            self._application.vault.keep(reference, text)
        except OSError:
            if self._keyring:
                raise ConfigError(
                    "The system keyring did not take the secret.", advice="Leave --keyring out to keep it in a file."
                ) from None
            path = self._application.config.folder / reference["file"]
            raise ConfigError("The secret cannot be kept in {path}.", path=path, advice="Check the folder's rights.") from None
        self._kept.append(reference)
        return reference

    def _free(self, name: str) -> Iterator[Mapping[str, str]]:
        """Places that are not taken."""
        number, place = 1, f"{self._name}-{name}"
        while True:
            called = place if number == 1 else f"{place}-{number}"
            reference = {"keyring": f"{KEYRING_FOLDER}/{called}"} if self._keyring else {"file": f"{SECRETS_FOLDER}/{called}"}
            if not self._application.vault.taken(reference):
                yield reference
            number += 1


def write_table(application: App, path: Sequence[str], table: Mapping[str, Any], ours: str) -> None:
    """Puts the table into sheetsync.toml, in the place of one of that name; comments and order of what stands there stay.

    An empty table is left out. `ours` is how the names begin under which its secrets are kept. Raises ConfigError.
    """
    import tomlkit  # noqa: PLC0415 - only `connect` writes TOML

    file = application.config.file or application.config.folder / FILE_NAME
    try:
        document = tomlkit.parse(file.read_text(encoding="utf-8-sig")) if file.exists() else tomlkit.document()
        place: Any = document
        for name in path[:-1]:
            place = place.setdefault(name, tomlkit.table(is_super_table=True))
        before = place.pop(path[-1], None) if not table else place.get(path[-1])
        if table:
            written = tomlkit.table()
            for name, value in table.items():
                written[name] = _inline(value)
            place[path[-1]] = written
        handle, name = tempfile.mkstemp(prefix=".sheetsync-", dir=file.resolve().parent)
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(tomlkit.dumps(document))
        if file.exists():
            Path(name).chmod(file.stat().st_mode & 0o777)
        Path(name).replace(file.resolve())
        _forget(application, ours, before, table)
    except OSError:
        raise ConfigError("The configuration file {path} cannot be written.", path=file) from None


def _forget(application: App, ours: str, before: Mapping[str, Any] | None, table: Mapping[str, Any]) -> None:
    """Takes away the secrets of ours that the account's old table pointed to and the new one does not."""
    new = [dict(value) for value in table.values() if isinstance(value, Mapping)]
    for value in (before or {}).values():
        if not isinstance(value, Mapping) or dict(value) in new:
            continue
        file, entry = str(value.get("file", "")), str(value.get("keyring", ""))
        if file.startswith(f"{SECRETS_FOLDER}/") or entry.startswith(f"{KEYRING_FOLDER}/{ours}"):
            application.vault.forget({str(name): str(place) for name, place in value.items()})


def plain(text: str) -> str | bool | int:
    """A switch or a whole number, as TOML writes them."""
    if text in ("true", "false"):
        return text == "true"
    return int(text) if re.fullmatch(r"\d{1,9}", text) else text


def _inline(value: Any) -> Any:
    import tomlkit  # noqa: PLC0415 - as above

    if not isinstance(value, Mapping):
        return value
    table = tomlkit.inline_table()
    table.update(value)
    return table
