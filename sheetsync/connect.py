"""A service, an account's name and the answers to a few questions go in; a tried, stored and configured account comes out.

The order: ask, where a person agrees in the browser lead there, keep, try, write; what the service refuses is not kept.
"""

from __future__ import annotations

import dataclasses
import re
import threading
import typing
import webbrowser
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sheetsync.config import account_settings
from sheetsync.connectors.base import Connector
from sheetsync.connectors.registry import AnyConnector
from sheetsync.errors import ConfigError
from sheetsync.keeping import Keeping, plain, reference_of, write_table
from sheetsync.secrets import Secret
from sheetsync.texts import Sentence, mark, sentence
from sheetsync.web.consent import Attempt, Consent, is_loopback, redirect_of, with_a_port
from sheetsync.web.http import Deadline, Web
from sheetsync.web.listener import Listener

if TYPE_CHECKING:
    from sheetsync.app import App

PROBE_SECONDS: Final = 60
CONSENT_SECONDS: Final = 300
_COMMON: Final = frozenset({"base", "api_url", "private", "lag_days"})
_CLIENT: Final = ("client_id", "client_secret")
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")
_LATER: Final = {"env": "SHEETSYNC_NOT_GRANTED_YET"}
"""Stands for a secret that the consent page will give; nobody looks at it before."""


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to ask: the setting's name, what it is for, whether it is a secret, whether it may stay blank."""

    name: str
    about: str
    secret: bool
    optional: bool


@dataclass(frozen=True, slots=True)
class Browser:
    """How a person is led to the page on which they agree.

    `show`      is handed the address of that page and the redirect address that the app must have registered
    `paste`     asks for the address at which the browser arrived, where it runs on another machine; None: we listen
    `redirect`  another redirect address than the connector's own
    `seconds`   how long we listen
    """

    show: Callable[[str, str], None]
    paste: Callable[[], str] | None = None
    redirect: str = ""
    seconds: float = CONSENT_SECONDS


def questions(kind: AnyConnector, *, browser: bool = False) -> list[Question]:
    """What an account of this connector needs, needed things first; only texts and secrets are asked for.

    With `browser`, what the consent page is about to give is left out, and the app that the person agrees to is asked for.
    """
    asked = []
    for field in dataclasses.fields(kind.settings_type):
        types = _types(kind, field.name)
        if field.name in _COMMON or not field.metadata.get("asked", True) or not (Secret in types or str in types[:1]):
            continue
        optional = field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
        asked.append(Question(field.name, field.metadata.get("about", ""), Secret in types, optional))
    if browser:
        asked = [one for one in asked if not (one.optional or one.secret or one.name in _CLIENT)]
        asked += [
            Question(
                "client_id", mark("Client ID of the app that is registered with the service."), secret=False, optional=False
            ),
            Question("client_secret", mark("Client secret of that app."), secret=True, optional=False),
        ]
    return sorted(asked, key=lambda question: question.optional)


def connect(
    application: App,
    service: str,
    account: str,
    answer: Callable[[Question], str],
    given: Mapping[str, str] | None = None,
    *,
    browser: Browser | None = None,
    keyring: bool = False,
) -> list[Sentence]:
    """Connects one account and says what it may now read.

    `answer` is asked for what `given` does not hold; a blank answer leaves an optional setting alone. A secret may be given as
    `env:NAME`, `file:PATH` or `keyring:ENTRY`, then it stays where it is. With `browser` a person agrees on a page.

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
    if browser is not None and kind.consent is Connector.consent:
        raise ConfigError("{service} has no page on which to agree.", service=kind.title, advice="Leave --browser out.")
    answers = _answers(kind, answer, dict(given or {}), browser=browser is not None)
    keeping = Keeping(application, kind.name(), account, keyring=keyring)
    try:
        if browser is not None:
            answers = _agreed(application, kind, account, answers, browser)
        table = keeping.table(answers, _secrets(kind), _texts(kind))
        origins = _tried(application, kind, account, table)
        write_table(application, ("connectors", kind.name(), account), table, keeping.ours)
    except BaseException:
        keeping.undo()
        raise
    return [
        sentence("{service} is connected as {account}.", service=kind.title, account=account),
        sentence("Links to it may now be read; its key is shown to {origins} and nowhere else.", origins=origins or ["-"]),
    ]


def _answers(kind: AnyConnector, answer: Callable[[Question], str], answers: dict[str, str], *, browser: bool) -> dict[str, str]:
    """What was given and what is answered. Raises ConfigError: no such setting, or one that is needed and stays blank."""
    asked = questions(kind, browser=browser)
    strange = sorted(
        set(answers) - {field.name for field in dataclasses.fields(kind.settings_type)} - {one.name for one in asked}
    )
    if strange:
        raise ConfigError("{service} has no setting {name}.", service=kind.title, name=strange[0])
    for question in asked:
        if question.name not in answers:
            text = answer(question).strip()
            if text:
                answers[question.name] = text
            elif not question.optional:
                raise ConfigError("{service} cannot be connected without {name}.", service=kind.title, name=question.name)
    return answers


def _agreed(application: App, kind: AnyConnector, account: str, answers: Mapping[str, str], browser: Browser) -> dict[str, str]:
    """The answers, and what the consent page gave besides; the app's own key stays only where the account uses it later.

    Raises ConfigError and LinkError.
    """
    known = {field.name for field in dataclasses.fields(kind.settings_type)}
    vault, reference = application.vault, reference_of(answers["client_secret"])
    vault.remember(answers["client_secret"])
    secret = vault.reveal(reference, _where(kind, account, "client_secret")) if reference else answers["client_secret"]
    kept = {name: text for name, text in answers.items() if name in known}
    connector = _made(application, kind, account, _preliminary(kind, kept))
    consent = connector.consent()
    if consent is None:
        raise ConfigError("{service} has no page on which to agree.", service=kind.title, advice="Leave --browser out.")
    attempt, code = walked(application, consent, answers["client_id"], browser)
    with Web(
        origins=consent.reached, private=connector.settings.private, **application.edges.web,
        deadline=Deadline(PROBE_SECONDS, application.edges.time.monotonic),
    ) as web:  # fmt: skip
        granted = dict(attempt.exchange(web, code, secret, vault.remember))
    if "refresh_token" not in granted:  # a token of its own needs the app no more
        kept = {name: text for name, text in kept.items() if name not in _CLIENT}
    return kept | granted


def walked(application: App, consent: Consent, client: str, browser: Browser) -> tuple[Attempt, str]:
    """Leads the person to the page and back. Raises ConfigError (no such redirect, its port is taken) and BadCredentials."""
    redirect = redirect_of(browser.redirect or consent.redirect)
    if browser.paste is not None:
        attempt = Attempt(consent, client, with_a_port(redirect))
        browser.show(attempt.address, attempt.redirect)
        return attempt, attempt.code(browser.paste().strip())
    if not is_loopback(redirect):
        raise ConfigError(
            "The browser cannot be waited for at {redirect}, which is not on this machine.", redirect=redirect,
            advice="Add --paste, and paste the address at which the browser arrives.",
        )  # fmt: skip
    with Listener(redirect, application.texts("You can close this window and go back to sheetsync.")) as listener:
        attempt = Attempt(consent, client, listener.redirect)
        listener.is_answer = attempt.is_answer
        browser.show(attempt.address, attempt.redirect)
        return attempt, attempt.code(listener.wait(browser.seconds))


def _preliminary(kind: AnyConnector, answers: Mapping[str, str]) -> dict[str, Any]:
    """The account's table as far as it is known before the consent page; secrets stand in it that nobody looks at yet."""
    table: dict[str, Any] = {name: text if name in _texts(kind) else plain(text) for name, text in answers.items()}
    needed = {question.name for question in questions(kind) if question.secret and not question.optional}
    return table | dict.fromkeys((_secrets(kind) & table.keys()) | needed, _LATER)


def _types(kind: AnyConnector, name: str) -> tuple[Any, ...]:
    hint = typing.get_type_hints(kind.settings_type)[name]
    return (hint, *typing.get_args(hint))


def _secrets(kind: AnyConnector) -> set[str]:
    return {field.name for field in dataclasses.fields(kind.settings_type) if Secret in _types(kind, field.name)}


def _texts(kind: AnyConnector) -> set[str]:
    """Settings that are texts, whatever they look like: an account's number is one."""
    return {field.name for field in dataclasses.fields(kind.settings_type) if str in _types(kind, field.name)} - _secrets(kind)


def _where(kind: AnyConnector, account: str, name: str) -> str:
    return f"connectors.{kind.name()}.{account}.{name}"


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


def _made(application: App, kind: AnyConnector, account: str, table: Mapping[str, Any]) -> Connector[Any]:
    """The account, as a run would make it from this table."""
    config = dataclasses.replace(application.config, accounts={kind.name(): {account: table}})
    settings = account_settings(config, kind.name(), account, kind.settings_type, application.vault)
    return kind(account, settings, _NoLookups())


def _tried(application: App, kind: AnyConnector, account: str, table: Mapping[str, Any]) -> list[str]:
    """Asks the service the cheapest thing it answers; the origins that its key is shown to."""
    connector = _made(application, kind, account, table)
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


def open_page(address: str) -> None:
    """In a thread of its own: some browsers hold their caller until they are closed."""
    threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
