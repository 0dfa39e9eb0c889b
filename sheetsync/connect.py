"""A service, an account's name and the answers to a few questions go in; a tried, stored and configured account comes out.

The order: ask, keep, try, write; what the service refuses is not kept. Nothing stands in sheetsync.toml but where the secret is.
"""

from __future__ import annotations

import dataclasses
import os
import re
import tempfile
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sheetsync.config import FILE_NAME, account_settings
from sheetsync.connectors.base import Connector
from sheetsync.connectors.registry import AnyConnector
from sheetsync.errors import ConfigError
from sheetsync.secrets import Secret, write_private
from sheetsync.texts import Sentence, sentence
from sheetsync.web.http import Deadline

if TYPE_CHECKING:
    from sheetsync.app import App
    from sheetsync.web.http import Web

PROBE_SECONDS: Final = 60
SECRETS_FOLDER: Final = "secrets"
_COMMON: Final = frozenset({"base", "api_url", "private", "lag_days"})
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")
_REFERENCE: Final = re.compile(r"(env|file|keyring):(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to ask: the setting's name, what it is for, whether it is a secret, whether it may stay blank."""

    name: str
    about: str
    secret: bool
    optional: bool


def questions(kind: AnyConnector) -> list[Question]:
    """What an account of this connector needs, needed things first; only texts and secrets are asked for."""
    hints = typing.get_type_hints(kind.settings_type)
    asked = []
    for field in dataclasses.fields(kind.settings_type):
        types = (hints[field.name], *typing.get_args(hints[field.name]))
        if field.name in _COMMON or not (Secret in types or str in types[:1]):
            continue
        optional = field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
        asked.append(Question(field.name, field.metadata.get("about", ""), Secret in types, optional))
    return sorted(asked, key=lambda question: question.optional)


def connect(
    application: App, service: str, account: str, answer: Callable[[Question], str], given: Mapping[str, str] | None = None
) -> list[Sentence]:
    """Connects one account and says what it may now read.

    `answer` is asked for what `given` does not hold; a blank answer leaves an optional setting alone. A secret may be given as
    `env:NAME`, `file:PATH` or `keyring:ENTRY`, then it stays where it is.

    Raises ConfigError (no such service, a name that is none, the file cannot be written) and LinkError (the service refused);
    then nothing was kept.
    """
    kind = _kind(application, service)
    if not _NAME.fullmatch(account):
        raise ConfigError("{name} is no name for an account.", name=account, advice="Use letters, digits, - and _.")
    by_hand = _by_hand(kind)
    if by_hand:
        raise ConfigError(
            "{service} is not connected by questions: its {names} are written into sheetsync.toml.", service=kind.title,
            names=by_hand, advice="docs/configuration.md shows how.",
        )  # fmt: skip
    known = {field.name for field in dataclasses.fields(kind.settings_type)}
    strange = sorted(set(given or {}) - known)
    if strange:
        raise ConfigError("{service} has no setting {name}.", service=kind.title, name=strange[0])
    answers = dict(given or {})
    for question in questions(kind):
        if question.name not in answers:
            text = answer(question).strip()
            if text:
                answers[question.name] = text
            elif not question.optional:
                raise ConfigError("{service} cannot be connected without {name}.", service=kind.title, name=question.name)
    secrets = {question.name for question in questions(kind) if question.secret}
    table, kept = _table(application, kind.name(), account, answers, secrets)
    try:
        origins = _tried(application, kind, account, table)
        _write(application, kind.name(), account, table)
    except BaseException:
        for path in kept:
            path.unlink(missing_ok=True)
        raise
    return [
        sentence("{service} is connected as {account}.", service=kind.title, account=account),
        sentence("Links to it may now be read; its key is shown to {origins} and nowhere else.", origins=origins or ["-"]),
    ]


def _by_hand(kind: AnyConnector) -> list[str]:
    """Settings that are needed and are neither a text nor a secret, such as a list of folders."""
    asked = {question.name for question in questions(kind)}
    needed = [
        field.name
        for field in dataclasses.fields(kind.settings_type)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]
    return [name for name in needed if name not in asked and name not in _COMMON]


def _kind(application: App, service: str) -> AnyConnector:
    for kind in application.kinds:
        if kind.name() == service.casefold() or kind.title.casefold() == service.casefold():
            return kind
    raise ConfigError("There is no connector {name}.", name=service, advice="`sheetsync connectors` lists those there are.")


def _table(
    application: App, service: str, account: str, answers: Mapping[str, str], secrets: set[str]
) -> tuple[dict[str, Any], list[Path]]:
    """The account's table with references in the place of secrets, and the secret files that were written for it."""
    table: dict[str, Any] = {}
    kept: list[Path] = []
    for name, text in answers.items():
        if name not in secrets:
            table[name] = _plain(text)
            continue
        reference = _REFERENCE.fullmatch(text)
        if reference is not None:
            table[name] = {reference[1]: reference[2]}
            continue
        place = _free_place(application, f"{SECRETS_FOLDER}/{service}-{account}-{name}")
        path = application.config.folder / place
        try:
            write_private(path, text)
        except OSError:
            raise ConfigError("The secret cannot be kept in {path}.", path=path, advice="Check the folder's rights.") from None
        kept.append(path)
        table[name] = {"file": place}
    return table, kept


def _free_place(application: App, place: str) -> str:
    """A name that is not taken: the key that is in use stays where it is until the new one is accepted."""
    number, found = 2, place
    while (application.config.folder / found).exists():
        found, number = f"{place}-{number}", number + 1
    return found


def _plain(text: str) -> str | bool | int:
    if text in ("true", "false"):
        return text == "true"
    return int(text) if re.fullmatch(r"\d{1,9}", text) else text


def _tried(application: App, kind: AnyConnector, account: str, table: Mapping[str, Any]) -> list[str]:
    """Makes the account as a run would, and asks the service the cheapest thing it answers."""
    accounts = {kind.name(): {account: table}}
    config = dataclasses.replace(application.config, accounts=accounts)
    settings = account_settings(config, kind.name(), account, kind.settings_type, application.vault)
    connector: Connector[Any] = kind(account, settings, _NoLookups())
    door = application.open_door(connector, Deadline(PROBE_SECONDS, application.edges.time.monotonic))
    try:
        connector.probe(typing.cast("Web", door))
    finally:
        door.close()
    return sorted(connector.origins())


class _NoLookups:
    def get(self, key: str) -> str | None:  # noqa: ARG002 - nothing is kept of a trial
        return None

    def put(self, key: str, value: str) -> None:
        """Nothing is kept of a trial."""


def _write(application: App, service: str, account: str, table: Mapping[str, Any]) -> None:
    """Adds the account to sheetsync.toml; comments and order of what stands there stay."""
    import tomlkit  # noqa: PLC0415 - only `connect` writes TOML

    file = application.config.file or application.config.folder / FILE_NAME
    try:
        document = tomlkit.parse(file.read_text(encoding="utf-8-sig")) if file.exists() else tomlkit.document()
        connectors = document.setdefault("connectors", tomlkit.table(is_super_table=True))
        accounts = connectors.setdefault(service, tomlkit.table(is_super_table=True))
        written = tomlkit.table()
        for name, value in table.items():
            written[name] = _inline(value)
        before = accounts.get(account)
        accounts[account] = written
        handle, name = tempfile.mkstemp(prefix=".sheetsync-", dir=file.resolve().parent)
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(tomlkit.dumps(document))
        if file.exists():
            Path(name).chmod(file.stat().st_mode & 0o777)
        Path(name).replace(file.resolve())
        _forget(application, before, table)
    except OSError:
        raise ConfigError("The configuration file {path} cannot be written.", path=file) from None


def _forget(application: App, before: Mapping[str, Any] | None, table: Mapping[str, Any]) -> None:
    """Removes the secret files of ours that the account's old table pointed to and the new one does not."""
    new = [value.get("file") for value in table.values() if isinstance(value, Mapping)]
    for value in (before or {}).values():
        place = value.get("file", "") if isinstance(value, Mapping) else ""
        if place.startswith(f"{SECRETS_FOLDER}/") and place not in new:
            (application.config.folder / place).unlink(missing_ok=True)


def _inline(value: Any) -> Any:
    import tomlkit  # noqa: PLC0415 - as above

    if not isinstance(value, Mapping):
        return value
    table = tomlkit.inline_table()
    table.update(value)
    return table
