"""A workbook's identity goes in from the command line, the running daemon's report comes back: `sheetsync run --now`.

    STATE/asks/DAEMON/ID.ask       somebody asks for these workbooks; the daemon takes it at its next tick
    STATE/asks/DAEMON/ID.answer    what came of it; whoever asked takes it away

Small files in a folder of the account's own (0700): no socket, the same on each system. Each is made whole under another name
first. Who asks looks from time to time whether a daemon still holds its place, so nobody waits for one that is gone.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import threading
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from sheetsync._locks import is_held
from sheetsync.errors import ConfigError
from sheetsync.model import RowReport, RunReport

PAUSE: Final = 0.25
_LOOK: Final = 8
"""Pauses between two looks whether the daemon is there."""
_MOST_BYTES: Final = 100_000


@dataclass(slots=True)
class _Question:
    """What one person waits for. `left`: by workbook, whether a run has begun since it was asked."""

    id: str
    left: dict[str, bool]
    reports: list[RunReport] = field(default_factory=list)


class Asks:
    """The daemon's side. `name` is what it holds its place under. Safe to share between threads."""

    def __init__(self, state: Path, name: str) -> None:
        self._folder = folder_of(state, name)
        self._lock = threading.Lock()
        self._open: list[_Question] = []

    def begin(self) -> None:
        """Answers that nobody took away are from before."""
        with suppress(OSError):
            for file in (*self._folder.glob("*.answer"), *self._folder.glob("*.tmp")):
                file.unlink(missing_ok=True)

    def take(self) -> set[str]:
        """The workbooks that somebody asked for since the last time. What is no question of ours is passed over."""
        wanted: set[str] = set()
        try:
            files = [file for file in self._folder.iterdir() if file.suffix == ".ask"]
        except OSError:  # nobody ever asked
            return wanted
        for file in sorted(files):
            with suppress(OSError, ValueError):
                data = file.read_bytes()[:_MOST_BYTES]
                file.unlink()
                told = json.loads(data)
                if isinstance(told, list):
                    names = {str(one) for one in told}
                    with self._lock:
                        self._open.append(_Question(file.stem, dict.fromkeys(names, False)))
                    wanted |= names
        return wanted

    def begun(self, workbook: str) -> None:
        """A run of this workbook begins, which asks for everything anew: it answers all who have asked by now."""
        with self._lock:
            for one in self._open:
                if workbook in one.left:
                    one.left[workbook] = True

    def done(self, workbook: str, report: RunReport) -> None:
        """That run has ended."""
        with self._lock:
            for one in self._open:
                if one.left.get(workbook):
                    del one.left[workbook]
                    one.reports.append(report)
            ready = [one for one in self._open if not one.left]
            self._open = [one for one in self._open if one.left]
        for one in ready:
            with suppress(OSError):  # a full disk stops no daemon: they look in vain, and say so
                _put(self._folder / f"{one.id}.answer", [asdict(replace(report, planned=())) for report in one.reports])


def ask(state: Path, name: str, workbooks: Collection[str], *, seconds: float, sleep: Callable[[float], None]) -> list[RunReport]:
    """Asks the daemon for a run of these workbooks and waits for its reports, at most so many seconds.

    Raises ConfigError where no daemon runs for this configuration, or where it does not answer in time.
    """
    require_daemon(state, name)
    folder = folder_of(state, name)
    me = secrets.token_hex(8)
    question, answer = folder / f"{me}.ask", folder / f"{me}.answer"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _put(question, sorted(workbooks))
        for number in range(1, int(seconds / PAUSE) + 1):
            sleep(PAUSE)
            if answer.exists():
                return [_report(one) for one in json.loads(answer.read_text(encoding="utf-8"))]
            if number % _LOOK == 0:
                require_daemon(state, name)
    except OSError:
        raise ConfigError(
            "The folder {folder} for sheetsync's own state cannot be used.", folder=folder,
            advice="Let the account that runs sheetsync write there, or name another folder in the variable SHEETSYNC_STATE.",
        ) from None  # fmt: skip
    finally:
        for file in (question, answer):
            with suppress(OSError):
                file.unlink(missing_ok=True)
    raise ConfigError(
        "The daemon has not finished in time; it goes on with the run.", advice="Look at its log or its status page."
    )


def require_daemon(state: Path, name: str) -> None:
    """Raises ConfigError where nobody holds the daemon's place."""
    if is_held(state / "locks", name):
        return
    raise ConfigError("No daemon runs for this configuration.", advice="Begin one with: sheetsync daemon; or run without --now.")


def folder_of(state: Path, name: str) -> Path:
    return state / "asks" / hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _put(file: Path, document: Any) -> None:
    fresh = file.with_suffix(".tmp")
    with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as out:
        json.dump(document, out, ensure_ascii=False)
    fresh.replace(file)


def _report(told: Mapping[str, Any]) -> RunReport:
    rows = tuple(RowReport(**row) for row in told["rows"])
    return RunReport(**{**told, "rows": rows, "planned": (), "notes": tuple(told["notes"])})
