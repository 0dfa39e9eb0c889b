"""A folder comes in, an empty file that nobody else has goes out; what dead runs left behind is swept.

The names are short and never made from the workbook's: `.sheetsync-1a2b3c4d.tmp` fits where a name has 250 letters already.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from sheetsync.workbooks import _platform

STALE_AFTER: Final = 3600.0
"""Seconds after which a temporary file of ours belongs to a run that died."""

_NAME: Final = re.compile(r"\.sheetsync-[0-9a-f]{8}\.tmp")


def sweep(folder: Path, *, now: float) -> list[str]:
    """Removes temporary files that a run left behind which died more than an hour before `now`; gives their names."""
    swept: list[str] = []
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if not _NAME.fullmatch(entry.name):
                continue
            with suppress(OSError):
                status = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(status.st_mode) and now - status.st_mtime > STALE_AFTER:
                    Path(entry.path).unlink()
                    swept.append(entry.name)
    return swept


def create(folder: Path) -> tuple[Path, int]:
    """An empty file that nobody else has, under a name short enough for every file system."""
    while True:
        path = folder / f".sheetsync-{secrets.token_hex(4)}.tmp"
        with suppress(FileExistsError):
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | _platform.BINARY | _platform.NOFOLLOW
            return path, os.open(path, flags, 0o600)


def write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view[: 2**24]) :]
