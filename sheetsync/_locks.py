"""The identity of a workbook goes in, the right to work on it alone comes out, across all processes of this account.

The operating system holds the lock, so a holder that crashes lets go of it; the note beside it only tells people who it was.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sheetsync.errors import ConfigError, Held

STATE_VARIABLE: Final = "SHEETSYNC_STATE"


def state_folder(environ: Mapping[str, str]) -> Path:
    """The folder of history and locks: `SHEETSYNC_STATE`, else the system's place for a user's state; made 0700 if missing.

    Raises ConfigError where it cannot be made. A folder that exists keeps its mode.
    """
    named = environ.get(STATE_VARIABLE, "").strip()
    if named:
        folder = Path(named).expanduser().absolute()
    else:
        import platformdirs  # noqa: PLC0415 - not on the way to --help

        folder = platformdirs.user_state_path("sheetsync", appauthor=False)
    _make_folder(folder)
    return folder


@contextmanager
def hold(
    folder: Path, identity: str, *, command: str | None = None, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Iterator[None]:
    """Holds the workbook `identity` until the block ends; two texts are two workbooks.

    `command` is what the others are told that we do; by default the program and its first word, never its other arguments.
    Raises at once: Held, which names the holder's process, its begin and its command; ConfigError, `folder` cannot be used.
    """
    import filelock  # noqa: PLC0415 - brings asyncio with it, which --help does not need

    _make_folder(folder)
    name = _name_of(identity)
    note = folder / f"{name}.json"
    # One lock object a hold, never shared: then two holds in one process exclude each other just as two processes do.
    lock = filelock.FileLock(folder / f"{name}.lock", timeout=0, mode=0o600, thread_local=False)
    try:
        lock.acquire(blocking=False)
    except filelock.Timeout:
        raise _held(note, identity) from None
    except (OSError, NotImplementedError):
        raise _unusable(folder) from None
    try:
        _write_note(note, identity, _what_we_do() if command is None else command, clock())
        yield
    finally:
        with suppress(OSError):
            note.unlink(missing_ok=True)
        lock.release()


@contextmanager
def wait_for(folder: Path, identity: str, *, seconds: float) -> Iterator[None]:
    """Holds `identity` until the block ends, and waits for whoever holds it now, in this process or another.

    Raises TimeoutError after `seconds`; ConfigError, `folder` cannot be used.
    """
    import filelock  # noqa: PLC0415 - as above

    _make_folder(folder)
    lock = filelock.FileLock(folder / f"{_name_of(identity)}.lock", mode=0o600, thread_local=False)
    try:
        lock.acquire(timeout=seconds)
    except filelock.Timeout:
        raise TimeoutError from None
    except (OSError, NotImplementedError):
        raise _unusable(folder) from None
    try:
        yield
    finally:
        lock.release()


def is_held(folder: Path, identity: str) -> bool:
    """Whether somebody holds it now. Where no note lies the lock is not tried, so that we are in nobody's way who begins."""
    note = folder / f"{_name_of(identity)}.json"
    if not note.exists():
        return False
    try:
        with hold(folder, identity):
            return False
    except Held:
        return True


def _name_of(identity: str) -> str:
    return hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _what_we_do() -> str:
    return " ".join([Path(sys.argv[0]).name or "python", *(word for word in sys.argv[1:2] if not word.startswith("-"))])


def _write_note(note: Path, identity: str, command: str, since: datetime) -> None:
    """Whole or not at all, so that nobody reads half of it. Without the note the lock still holds: a full disk stops nobody."""
    text = json.dumps(
        {"identity": identity, "pid": os.getpid(), "since": since.isoformat(timespec="seconds"), "command": command}
    )
    fresh = note.with_suffix(f".{os.getpid()}.tmp")
    with suppress(OSError):
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        fresh.replace(note)


def _held(note: Path, identity: str) -> Held:
    try:
        told = json.loads(note.read_text(encoding="utf-8"))
        return Held(
            "{workbook} is being worked on by another sheetsync: process {pid} ({command}), since {since}.",
            workbook=identity, pid=int(told["pid"]), command=str(told["command"]), since=str(told["since"]),
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError):
        return Held("{workbook} is being worked on by another sheetsync.", workbook=identity)


def _make_folder(folder: Path) -> None:
    try:
        missing = [each for each in (folder, *folder.parents) if not each.exists()]
        for each in reversed(missing):
            each.mkdir(mode=0o700, exist_ok=True)
        usable = folder.is_dir() and os.access(folder, os.W_OK, effective_ids=os.access in os.supports_effective_ids)
    except OSError:
        usable = False
    if not usable:
        raise _unusable(folder)


def _unusable(folder: Path) -> ConfigError:
    return ConfigError(
        "The folder {folder} for sheetsync's own state cannot be used.", folder=folder,
        advice="Let the account that runs sheetsync write there, or name another folder in the variable SHEETSYNC_STATE.",
    )  # fmt: skip
