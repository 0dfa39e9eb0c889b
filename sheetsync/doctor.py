"""An application goes in, one line for everything that a run needs comes out: what was tried, is it well, what to do if not."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from sheetsync.config import GoogleConfig, WorkbookConfig
from sheetsync.errors import ConfigError, NotConnected, SheetsyncError
from sheetsync.okr import period
from sheetsync.okr.plan import WARNING_SIGN
from sheetsync.okr.scan import scan
from sheetsync.opening import Opener
from sheetsync.texts import mark
from sheetsync.web.http import Deadline

if TYPE_CHECKING:
    from sheetsync.app import App
    from sheetsync.web.http import Web

PROBE_SECONDS = 30
CLOCK_SECONDS = 300
GOOGLE = "google"
"""The name under which the sign-in for spreadsheets and the spreadsheets themselves are examined; no connector has it."""


@dataclass(frozen=True, slots=True)
class Checkup:
    """One thing that was tried."""

    what: str
    ok: bool
    message: str


def examine(application: App, connector: str | None = None) -> Iterator[Checkup]:
    """Everything, or the accounts of one connector. Asks each account for the cheapest thing it answers.

    Raises ConfigError where the connector that was named has no account: nothing tried must not read as all well.
    """
    texts = application.texts
    if connector == GOOGLE:
        yield from _google(application)
        return
    if connector is not None and connector not in application.registry.accounts:
        if any(kind.name() == connector for kind in application.kinds):
            raise ConfigError("{service} is not connected yet.", service=connector, advice=NotConnected.advice)
        raise ConfigError("There is no connector {name}.", name=connector, advice="`sheetsync connectors` lists those there are.")
    if connector is None:
        file = application.config.file
        yield Checkup(texts(mark("Configuration")), ok=True, message=str(file) if file else texts(mark("none; defaults hold")))
        yield from _history(application)
        for entry in application.config.workbooks:
            if not _at_google(entry):
                yield _workbook(application, application.opener, entry)
        if application.config.google != GoogleConfig() or any(map(_at_google, application.config.workbooks)):
            yield from _google(application)
    for name, accounts in application.registry.accounts.items():
        for account in accounts if connector in (None, name) else ():
            yield _account(application, name, account)


def _at_google(entry: WorkbookConfig) -> bool:
    return "://" in entry.path


def _google(application: App) -> Iterator[Checkup]:
    """The sign-in as it lies here, whether Google accepts it, then each spreadsheet; after a failure the rest would fail too."""
    texts = application.texts
    config = dataclasses.replace(application.config, deadline_seconds=PROBE_SECONDS)
    opener = Opener(config, application.vault, application.edges.time, lambda: application.state)
    file, now = config.file, application.edges.time.now().timestamp()
    if file is not None and file.stat().st_mtime > now + CLOCK_SECONDS:
        slow = mark(
            "This machine's clock seems slow, and Google refuses keys then: {file} is dated later than now. Set the clock."
        )
        yield Checkup(texts(mark("Clock")), ok=False, message=texts(slow, file=file))
    try:
        session = opener.google
        if session.kind == "service account":
            said = texts(mark("a service account's key: {email}"), email=session.email)
        elif session.kind == "person":
            said = texts(mark("a person's consent"))
        else:
            said = texts(mark("this machine's own sign-in"))
        yield Checkup(texts(mark("Google: sign-in")), ok=True, message=said)
    except SheetsyncError as error:
        yield Checkup(texts(mark("Google: sign-in")), ok=False, message=texts.error(error))
        return
    try:
        email = opener.signed_in(PROBE_SECONDS).email
        said = texts(mark("Share each spreadsheet with {email} as Editor."), email=email) if email else texts(mark("ready"))
        yield Checkup(texts(mark("Google: access")), ok=True, message=said)
    except SheetsyncError as error:
        yield Checkup(texts(mark("Google: access")), ok=False, message=texts.error(error))
        return
    for entry in config.workbooks:
        if _at_google(entry):
            yield _workbook(application, opener, entry)


def _workbook(application: App, opener: Opener, entry: WorkbookConfig) -> Checkup:
    """Reads it as a run does; at Google that is one request."""
    texts = application.texts
    try:
        workbook = opener.open(entry)
        today = application.edges.time.now().astimezone(application.zone(entry)).date()
        rows = scan(workbook.read(), today=today, default_period=period.parse(entry.period))
        return Checkup(entry.path, ok=True, message=texts(mark("{count} key results"), count=len(rows)))
    except SheetsyncError as error:
        return Checkup(entry.path, ok=False, message=texts.error(error))


def _history(application: App) -> Iterator[Checkup]:
    texts = application.texts
    try:
        runs = application.history.runs(limit=1)
        message = texts(mark("last run {time}"), time=runs[-1].began.astimezone()) if runs else texts(mark("no run yet"))
        yield Checkup(texts(mark("History")), ok=True, message=message)
    except SheetsyncError as error:
        yield Checkup(texts(mark("History")), ok=False, message=texts.error(error))


def _account(application: App, name: str, account: str) -> Checkup:
    connector = application.registry.accounts[name][account]
    what = f"{connector.title} · {account}"
    try:
        origins = connector.origins()
        door = application.open_door(connector, Deadline(PROBE_SECONDS, application.edges.time.monotonic))
        try:
            connector.probe(cast("Web", door))
        finally:
            door.close()
    except SheetsyncError as error:
        return Checkup(what, ok=False, message=application.texts.error(error))
    warning, said = connector.warning(), ", ".join(origins) or application.texts(mark("ready"))
    return Checkup(what, ok=True, message=f"{said} {WARNING_SIGN} {application.texts.say(warning)}" if warning else said)
