"""A workbook of the configuration goes in, what can read and edit it comes out: the one place that chooses among the kinds."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sheetsync.config import Config, WorkbookConfig
from sheetsync.errors import ConfigError
from sheetsync.secrets import Vault

if TYPE_CHECKING:
    from sheetsync.fetch import Time
    from sheetsync.workbooks._google.client import Quota
    from sheetsync.workbooks._google.session import Session
    from sheetsync.workbooks.base import Workbook


NO_SPREADSHEET: Final = "1" + "0" * 43
"""An id of the usual form that no spreadsheet has."""


class Opener:
    """Opens the workbooks of one configuration; those at Google share a sign-in and its quota. `state` gives the state folder."""

    def __init__(self, config: Config, vault: Vault, time: Time, state: Callable[[], Path]) -> None:
        self._config, self._vault, self._time, self._state = config, vault, time, state

    def open(self, entry: WorkbookConfig, *, force: bool = False) -> Workbook:
        """Raises ConfigError for what is no workbook that can be opened here."""
        if "://" in entry.path:
            return self._at_google(entry)
        from sheetsync.workbooks.excel import Excel

        keep = self._state() / "backups" if entry.backups else None
        return Excel(self._config.path(entry.path), backups=keep, keep_backups=entry.backups or 1, ignore_locks=force)

    def _at_google(self, entry: WorkbookConfig) -> Workbook:
        from sheetsync.web.http import Deadline
        from sheetsync.workbooks._google.address import is_spreadsheet

        if not is_spreadsheet(entry.path):
            raise ConfigError(
                "{path} is an address, but not of a Google spreadsheet.", path=entry.path,
                advice="Name an .xlsx or .xlsm file, or copy the address of a Google spreadsheet from the browser.",
            )  # fmt: skip
        from sheetsync.workbooks._google.client import Clock
        from sheetsync.workbooks.google_mirror import GoogleMirror
        from sheetsync.workbooks.google_sheets import GoogleSheets

        time = self._time
        deadline = Deadline(self._config.deadline_seconds, time.monotonic)
        clock = Clock(time.monotonic, time.sleep, time.share, deadline.remaining)
        kind = GoogleMirror if entry.write_mode == "mirror" else GoogleSheets
        return kind(entry.path, self.google, quota=self._quota, clock=clock)

    @cached_property
    def google(self) -> Session:
        """How all spreadsheets are reached. Raises ConfigError where sheetsync cannot sign in at Google."""
        from sheetsync.workbooks._google.session import SignIn, open_session

        settings = self._config.google
        names = ("service_account", "client_secret", "refresh_token")
        secrets = {name: self._revealed(name, getattr(settings, name)) for name in names}
        return open_session(SignIn(client_id=settings.client_id, api_url=settings.api_url, **secrets))

    def signed_in(self, seconds: float) -> Session:
        """Whether Google accepts the sign-in, asked as a run asks, for a spreadsheet that cannot exist: 404 is well.

        Raises ConfigError (it cannot be read) and WorkbookError (Google refuses it, or does not answer in that time).
        """
        from sheetsync.web.http import Deadline
        from sheetsync.workbooks._google.client import Absent, Client, Clock
        from sheetsync.workbooks._google.session import address_of

        time, session = self._time, self.google
        clock = Clock(time.monotonic, time.sleep, time.share, Deadline(seconds, time.monotonic).remaining)
        with suppress(Absent):
            Client(session, NO_SPREADSHEET, quota=self._quota, clock=clock).read("spreadsheetId")
        return replace(session, email=address_of(session.http.credentials))

    def _revealed(self, key: str, reference: dict[str, object] | None) -> str | None:
        return None if reference is None else self._vault.reveal(reference, f"google.{key}")

    @cached_property
    def _quota(self) -> Quota:
        from sheetsync.workbooks._google.client import Quota

        return Quota()
