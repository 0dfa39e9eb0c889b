"""A path goes in, an open SQLite connection of the newest schema comes out; what SQLite complains of becomes our sentences.

Three promises that the rest leans on: nothing is ever deleted or re-created, a migration happens whole or not at all, and a
database that is not ours, or newer than this program, is left as it is.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, TypeAlias

from sheetsync.errors import ConfigError, SheetsyncError, WorkbookError

APPLICATION_ID: Final = 0x6F6B7273
"""`okrs`, in the header of the file: https://www.sqlite.org/pragma.html#pragma_application_id"""

Migration: TypeAlias = tuple[str, ...]

MIGRATIONS: Final[tuple[Migration, ...]] = (
    (
        "CREATE TABLE workbooks (id INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE)",
        """CREATE TABLE runs (
            id INTEGER PRIMARY KEY AUTOINCREMENT, workbook INTEGER NOT NULL REFERENCES workbooks,
            began TEXT NOT NULL, applied TEXT, ended TEXT, edits INTEGER, requests INTEGER, seconds REAL, error TEXT)""",
        "CREATE INDEX runs_of_workbook ON runs (workbook, id)",
        # One line a row of the sheet: where its past ends (`wording`, `reading`: the newest of each), its last good value,
        # and the fill that its progress cell had before.
        """CREATE TABLE goals (
            id INTEGER PRIMARY KEY, workbook INTEGER NOT NULL REFERENCES workbooks, key TEXT NOT NULL,
            wording INTEGER, reading INTEGER, value TEXT, as_of TEXT, fill TEXT, UNIQUE (workbook, key))""",
        # What seldom changes is kept apart from what is measured: the table of readings stays a sixth of the size.
        """CREATE TABLE wordings (
            id INTEGER PRIMARY KEY, goal INTEGER NOT NULL REFERENCES goals, group_name TEXT NOT NULL, objective TEXT NOT NULL,
            key_result TEXT NOT NULL, link TEXT NOT NULL, connector TEXT NOT NULL, account TEXT NOT NULL, unit TEXT NOT NULL,
            source TEXT NOT NULL, target TEXT)""",
        # No index on the reference to goals: no line of goals is ever deleted.
        """CREATE TABLE readings (
            id INTEGER PRIMARY KEY, goal INTEGER NOT NULL REFERENCES goals, wording INTEGER NOT NULL REFERENCES wordings,
            run INTEGER NOT NULL REFERENCES runs, at TEXT NOT NULL, value TEXT, as_of TEXT NOT NULL, state TEXT NOT NULL,
            message TEXT NOT NULL, progress TEXT, status TEXT NOT NULL)""",
        "CREATE INDEX readings_of_goal ON readings (goal, at)",
        """CREATE TABLE breaks (
            id INTEGER PRIMARY KEY, workbook INTEGER NOT NULL REFERENCES workbooks, link TEXT NOT NULL, connector TEXT NOT NULL,
            account TEXT NOT NULL, since TEXT NOT NULL, recovered TEXT, dropped TEXT, message TEXT NOT NULL)""",
        "CREATE UNIQUE INDEX breaks_now ON breaks (workbook, link) WHERE recovered IS NULL AND dropped IS NULL",
        """CREATE TABLE outbox (
            goal INTEGER PRIMARY KEY REFERENCES goals, run INTEGER NOT NULL REFERENCES runs, link TEXT NOT NULL,
            value TEXT NOT NULL, unit TEXT NOT NULL, as_of TEXT NOT NULL, approximate INTEGER NOT NULL, source TEXT NOT NULL,
            fetched TEXT NOT NULL, before TEXT)""",
        """CREATE TABLE lookups (
            connector TEXT NOT NULL, account TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
            PRIMARY KEY (connector, account, key)) WITHOUT ROWID""",
        """CREATE TABLE lanes (
            connector TEXT NOT NULL, account TEXT NOT NULL, failures INTEGER NOT NULL, open_until TEXT, reason TEXT NOT NULL,
            fingerprint TEXT NOT NULL, PRIMARY KEY (connector, account)) WITHOUT ROWID""",
        # Up to which slot of its timetable a workbook has been served.
        "CREATE TABLE served (workbook TEXT PRIMARY KEY, through TEXT NOT NULL) WITHOUT ROWID",
        # What people were told, by target of the alerts, and not yet told to be well again.
        "CREATE TABLE told (target TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (target, key)) WITHOUT ROWID",
    ),
    (
        # The links of a workbook's last run, which the next one asks for before it looks at the workbook.
        "CREATE TABLE expected (workbook TEXT NOT NULL, link TEXT NOT NULL, PRIMARY KEY (workbook, link)) WITHOUT ROWID",
    ),
)
"""The statements that lead from version n to n + 1. A line that has shipped is never changed; a new version is added behind."""

_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_CLOSED_TO_US: Final = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH})
_IN_USE: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_PAUSE_SECONDS: Final = 0.02


def open_store(path: Path, *, busy_seconds: float, migrations: Sequence[Migration] = MIGRATIONS) -> sqlite3.Connection:
    """Opens the database, makes it if there is none (0600; missing folders 0700) and brings it to the newest version.

    The connection is in autocommit mode and may be used from any thread, by one at a time. Raises ConfigError: the folder or
    the file cannot be written, damaged, another program's database, newer than this program, in use for `busy_seconds`.
    """
    try:
        _make_private(path)
    except OSError:
        raise ConfigError(
            "The history {path} cannot be opened for writing.", path=path,
            advice="Let the account that runs sheetsync write there, or name another file under history in sheetsync.toml.",
        ) from None  # fmt: skip
    with spoken(path, ConfigError):
        db = connect(path, busy_seconds=busy_seconds)
        try:
            _check_owner(db, path, len(migrations))
            _write_ahead(db, time.monotonic() + busy_seconds)
            for version in range(1, len(migrations) + 1):
                _migrate(db, path, version, migrations)
            db.execute("PRAGMA foreign_keys = ON")
        except BaseException:
            db.close()
            raise
    return db


def connect(path: Path, *, busy_seconds: float, read_only: bool = False) -> sqlite3.Connection:
    """A connection with the settings that do not stay in the file. synchronous=FULL: a commit survives a power cut."""
    mode = "ro" if read_only else "rw"
    db = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=busy_seconds, isolation_level=None, check_same_thread=False
    )
    db.execute("PRAGMA synchronous = FULL")
    return db


@contextmanager
def spoken(path: Path, kind: type[ConfigError] | type[WorkbookError]) -> Iterator[None]:
    """Turns sqlite3's errors into `kind`, with a sentence for people; SQLite's own words would help nobody who runs sheetsync."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        if code is None or isinstance(error, sqlite3.ProgrammingError | sqlite3.IntegrityError):
            raise  # ours, and not the file's
        raise _sentence(code & 0xFF, path, kind) from None


def _sentence(code: int, path: Path, kind: type[SheetsyncError]) -> SheetsyncError:
    if code in _DAMAGED:
        return kind(
            "The history {path} is damaged; it was left as it is.", path=path,
            advice="Put a copy from a backup in its place, or move it aside to begin a new history.",
        )  # fmt: skip
    if code in _IN_USE:
        return kind(
            "The history {path} is in use by another program.", path=path,
            advice="Close the program that has it open, or wait until the other run has finished; then run again.",
        )  # fmt: skip
    if code == sqlite3.SQLITE_FULL:
        return kind(
            "The disk is full, so the history {path} could not be kept.", path=path, advice="Free some space, then run again."
        )
    if code in _CLOSED_TO_US:
        return kind(
            "The history {path} cannot be written.", path=path,
            advice="Let the account that runs sheetsync write that file and its folder.",
        )  # fmt: skip
    return kind("The history {path} could not be read or written.", path=path, advice="Look at the disk that it stands on.")


def _make_private(path: Path) -> None:
    """An existing folder keeps its mode, because it may be the user's own; the file never lets others in.

    SQLite gives its -wal and -shm files the mode of the database (findCreateFileMode in
    https://www.sqlite.org/src/file/src/os_unix.c).
    """
    missing = [folder for folder in (path.parent, *path.parent.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        if sys.platform != "win32" and path.is_file() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            path.chmod(0o600)
    effective = os.access in os.supports_effective_ids
    if not all(os.access(each, os.W_OK, effective_ids=effective) for each in (path, path.parent)):
        raise PermissionError  # SQLite would open it for reading only, and fail at the first run


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _check_owner(db: sqlite3.Connection, path: Path, newest: int) -> None:
    with closing(db.execute("SELECT count(*) FROM sqlite_master")) as found:
        (tables,) = found.fetchone()
    (owner,) = db.execute("PRAGMA application_id").fetchone()
    if owner != APPLICATION_ID and (tables or owner):
        raise ConfigError(
            "{path} is a database of another program, not a history of sheetsync; it was left as it is.", path=path,
            advice="Name another file under history in sheetsync.toml.",
        )  # fmt: skip
    if (version := _version(db)) > newest:
        raise ConfigError(
            "The history {path} was written by a newer sheetsync (version {version} of its tables, this program knows {newest}).",
            path=path, version=version, newest=newest, advice="Update sheetsync on this machine; nothing was changed.",
        )  # fmt: skip


def _write_ahead(db: sqlite3.Connection, deadline: float) -> None:
    """Of two processes that switch a new file at once, SQLite tells one "busy" without waiting: the waiting is done here."""
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in _IN_USE or time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE_SECONDS)


def _migrate(db: sqlite3.Connection, path: Path, version: int, migrations: Sequence[Migration]) -> None:
    if _version(db) >= version:
        return
    db.execute("PRAGMA foreign_keys = OFF")  # a table that is made anew would otherwise take its references with it
    db.execute("BEGIN IMMEDIATE")
    try:
        if _version(db) < version:  # another process may have come first
            _check_owner(db, path, len(migrations))
            for statement in migrations[version - 1]:
                db.execute(statement)
            if db.execute("PRAGMA foreign_key_check").fetchone():
                raise sqlite3.IntegrityError("a migration broke a reference")
            db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            db.execute(f"PRAGMA user_version = {version}")
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
