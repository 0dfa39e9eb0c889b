"""The path of a workbook comes in; who has it open in a spreadsheet program goes out, read from the files they leave beside it.

    program       file beside NAME     content
    Excel         ~$NAME               165 bytes: a length, the user in ANSI, at byte 55 a length, the user in UTF-16LE
    WPS Office    .~NAME               the same as Excel
    LibreOffice   .~lock.NAME#         one line: user,login,host,DD.MM.YYYY HH:MM,profile;

Such a file stays behind when the program dies, and cloud services carry it to no other computer. So its presence means "probably
open" and its absence means nothing; the comparison of bytes before each replacement is what protects a save. Decided here:

    Excel, WPS    open, unless the file is older than a week. On Windows the program holds the workbook itself against writers,
                  so there the workbook is asked instead (never run on Windows).
    LibreOffice   open, unless it was made on this computer, all its programs can be seen (Linux, not inside a container), and no
                  LibreOffice of that profile runs.

Sources: svl/source/misc/msodocumentlockfile.cxx and lockfilecommon.cxx of https://github.com/LibreOffice/core, checked against an
owner file that Excel made and a lock file of LibreOffice 7.4; for WPS https://github.com/haiwen/seadrive-fuse/pull/11.
"""

from __future__ import annotations

import os
import re
import socket
import stat
import sys
import time
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sheetsync.workbooks import _platform

OWNER_FILE_LIVES: Final = 7 * 86_400.0
"""Seconds for which an Excel owner file is believed: longer than a workbook left open over a holiday weekend."""

_UTF16_AT: Final = 55
_MOST: Final = 4096
_ROOT_NAMESPACE: Final = "pid:[4026531836]"  # PROC_PID_INIT_INO, include/linux/proc_ns.h: programs of the whole computer are seen
_FIELD: Final = re.compile(r"((?:\\.|[^\\,;])*)[,;]")


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has the workbook open: `str` is for people, such as `Ana (Excel)`. `user` and `host` are "" where not known."""

    program: str
    user: str = ""
    host: str = ""

    def __str__(self) -> str:
        who = ", ".join(part for part in (self.user, self.host) if part)
        return f"{who} ({self.program})" if who else self.program


def holder(path: Path, *, now: float | None = None, proc: Path = Path("/proc"), host: str | None = None) -> Holder | None:
    """Who has `path` open now, None where nothing says so.

    `now` (seconds since 1970), `proc` and `host` (this computer's name) are the system's own unless given.
    """
    moment = time.time() if now is None else now
    # A name typed on a Mac may be decomposed on one side and composed on the other.
    for name in dict.fromkeys((path.name, unicodedata.normalize("NFC", path.name), unicodedata.normalize("NFD", path.name))):
        for prefix, program in (("~$", "Excel"), (".~", "WPS Office")):
            lock = path.with_name(prefix + name)
            status = _plain(lock)
            if status is not None and _held(path, moment - status.st_mtime):
                return Holder(program, owner_file_user(_content(lock)))
        lock = path.with_name(f".~lock.{name}#")
        if _plain(lock) is not None:
            line = LibreOfficeLock.parse(_content(lock))
            if line.lives(proc=proc, host=socket.gethostname() if host is None else host):
                return Holder("LibreOffice", line.user or line.login, line.host)
    return None


def _plain(path: Path) -> os.stat_result | None:
    # Too long a name, no such file, no right to look: nothing is known, so nothing is claimed.
    with suppress(OSError):
        status = path.lstat()
        if stat.S_ISREG(status.st_mode):
            return status
    return None


def _content(path: Path) -> bytes:
    """The start of a small file; b"" where the program that holds it lets nobody read."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | _platform.BINARY | _platform.NONBLOCK | _platform.NOFOLLOW)
        try:
            return os.read(descriptor, _MOST)
        finally:
            os.close(descriptor)
    return b""


def _held(path: Path, age: float) -> bool:
    if sys.platform == "win32":
        try:
            os.close(os.open(path, os.O_RDWR | os.O_BINARY))
        except OSError as exc:
            return exc.winerror in _platform.SHARING
        return False
    # A time that lies ahead is a clock that differs, not an old file.
    return age < OWNER_FILE_LIVES


# --- what the files say ------------------------------------------------------------------------------------------------


def owner_file_user(content: bytes) -> str:
    """The user's name in an owner file of Excel; "" where it holds none. The ANSI half is lossy, so the other is read."""
    length = int.from_bytes(content[_UTF16_AT : _UTF16_AT + 2], "little")
    text = content[_UTF16_AT + 2 : _UTF16_AT + 2 + 2 * length]
    if len(text) < 2 * length:
        return ""
    return _for_people(text.decode("utf-16-le", "replace"))


@dataclass(frozen=True, slots=True)
class LibreOfficeLock:
    """The line in a lock file of LibreOffice; "" for what is not there. `profile` is a file: address."""

    user: str = ""
    login: str = ""
    host: str = ""
    since: str = ""
    profile: str = ""

    @classmethod
    def parse(cls, content: bytes) -> LibreOfficeLock:
        """Reads `user,login,host,since,profile;`, in which a backslash stands before a comma, semicolon or backslash."""
        text = content.decode("utf-8", "replace")
        fields = [re.sub(r"\\(.)", r"\1", field) for field in _FIELD.findall(text)[:5]]
        return cls(*map(_for_people, fields))

    def lives(self, *, proc: Path, host: str) -> bool:
        """False only where it is certain that the program which made it has gone."""
        if not self.host or _short(self.host) != _short(host):
            return True
        profiles = running_profiles(proc)
        return profiles is None or any(profile in ("", _address(self.profile)) for profile in profiles)


def running_profiles(proc: Path) -> list[str] | None:
    """The profile of each LibreOffice that runs, "" for one whose profile is not on its command line; None where nobody can say.

    Nobody can say on other systems than Linux, inside a container, and where /proc hides the programs of other people.
    """
    try:
        if (proc / "self/ns/pid").readlink().name != _ROOT_NAMESPACE or not (proc / "1/cmdline").read_bytes():
            return None
        pids = [entry.name for entry in os.scandir(proc) if entry.name.isdigit()]
    except OSError:
        return None
    profiles = []
    for pid in pids:
        try:
            words = (proc / pid / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        except PermissionError:
            return None
        except OSError:
            continue  # it ended while we looked
        if "soffice" in words[0].rpartition("/")[2]:
            given = [word.partition("=")[2] for word in words if word.startswith("-env:UserInstallation=")]
            profiles.append(_address(given[-1]) if given else "")
    return profiles


def _address(url: str) -> str:
    return url.rstrip("/")


def _short(host: str) -> str:
    return host.partition(".")[0].casefold()


def _for_people(text: str) -> str:
    """One line without signs that control a terminal: the text was written by whoever may write the folder."""
    return "".join(sign for sign in text if sign.isprintable()).strip()
