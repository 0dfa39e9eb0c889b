"""The bytes of a workbook that is about to be replaced come in; a copy for the day of need lies in a private folder.

Names are `<who>-<when>-<what>.xlsx`: the start of the SHA-256 of the identity, the time when the workbook was saved (UTC), the
start of the SHA-256 of its bytes. So one version is kept once, and the names tell nobody where the workbooks lie.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from sheetsync.errors import WorkbookError
from sheetsync.workbooks import _files, _names, _platform, _temporary


class Backups:
    """The copies in one folder, at most `keep` of each workbook. The folder is made when it is first needed."""

    def __init__(self, folder: Path, keep: int) -> None:
        self.folder = folder
        self.keep = keep

    def add(self, name: str, identity: str, version: _files.Version) -> Path | None:
        """Keeps a copy and drops the oldest beyond `keep`; gives the copy's path, None when none are kept.

        Raises WorkbookError when the copy cannot be made: then the workbook must not be replaced either.
        """
        if self.keep < 1:
            return None
        who = hashlib.sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()[:16]
        seconds, nanoseconds = divmod(version.stamp.mtime_ns, 10**9)
        when = f"{datetime.fromtimestamp(seconds, UTC):%Y%m%dT%H%M%S}{nanoseconds:09d}Z"
        copy = self.folder / f"{who}-{when}-{version.digest[:8]}{Path(name).suffix.lower()}"
        try:
            if not _names.there(copy):
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._write(copy, version)
            self._rotate(who, copy)
        except OSError as exc:
            if _files.is_full(exc):
                raise WorkbookError(
                    "The disk is full: no safety copy of “{name}” could be made, so nothing was written.",
                    advice="Free some space, then run again.",
                    name=name,
                ) from exc
            raise WorkbookError(
                "No safety copy of “{name}” could be made, so nothing was written (system error {code}).",
                advice="Let sheetsync's account write its folder for backups.",
                name=name,
                code=_files.code_of(exc),
            ) from exc
        return copy

    def _write(self, copy: Path, version: _files.Version) -> None:
        temporary, descriptor = _temporary.create(self.folder)
        try:
            try:
                _temporary.write_all(descriptor, version.data)
                _platform.flush(descriptor)
            finally:
                os.close(descriptor)
            os.utime(temporary, ns=(version.stamp.mtime_ns, version.stamp.mtime_ns))
            temporary.replace(copy)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise

    def _rotate(self, who: str, newest: Path) -> None:
        # A workbook that was restored from an old copy has an old time; its copy is the one made last all the same.
        others = sorted((copy for copy in self.folder.glob(f"{who}-*") if copy != newest), key=lambda copy: copy.name)
        for old in others[: max(0, len(others) - (self.keep - 1))]:
            with suppress(OSError):
                old.unlink()
