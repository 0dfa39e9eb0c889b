"""An application goes in, one line for everything that a run needs comes out: what was tried, is it well, what to do if not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from sheetsync.errors import ConfigError, NotConnected, SheetsyncError
from sheetsync.okr import period
from sheetsync.okr.plan import WARNING_SIGN
from sheetsync.okr.scan import scan
from sheetsync.texts import mark
from sheetsync.web.http import Deadline

if TYPE_CHECKING:
    from sheetsync.app import App
    from sheetsync.web.http import Web

PROBE_SECONDS = 30


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
    if connector is not None and connector not in application.registry.accounts:
        if any(kind.name() == connector for kind in application.kinds):
            raise ConfigError("{service} is not connected yet.", service=connector, advice=NotConnected.advice)
        raise ConfigError("There is no connector {name}.", name=connector, advice="`sheetsync connectors` lists those there are.")
    if connector is None:
        file = application.config.file
        yield Checkup(texts(mark("Configuration")), ok=True, message=str(file) if file else texts(mark("none; defaults hold")))
        yield from _history(application)
        for entry in application.config.workbooks:
            try:
                workbook = application.open_workbook(entry)
                today = application.edges.time.now().astimezone(application.zone(entry)).date()
                rows = scan(workbook.read(), today=today, default_period=period.parse(entry.period))
                yield Checkup(entry.path, ok=True, message=texts(mark("{count} key results"), count=len(rows)))
            except SheetsyncError as error:
                yield Checkup(entry.path, ok=False, message=texts.error(error))
    for name, accounts in application.registry.accounts.items():
        for account in accounts if connector in (None, name) else ():
            yield _account(application, name, account)


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
