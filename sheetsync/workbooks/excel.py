"""An .xlsx or .xlsm file as a workbook: a snapshot of its worksheets comes out, cell edits go in, the rest stays byte for byte.

The protocol
    read    the name, the file and its rights are looked at; then all its bytes are taken at one go, and their SHA-256 is kept
    apply   the bytes are taken again and must be the same; the edits are made in memory; nothing to change, nothing written;
            nobody may have it open; a safety copy; a temporary file beside it, opened once more as a check; a last comparison
            of the original; then one rename

Nothing is held open between the two, which may lie minutes apart. What two people can still do to each other is what Excel lets
them do: whoever has the workbook open may save an older state over ours, and the next run writes the figures again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from sheetsync.errors import WorkbookChanged, WorkbookError, WorkbookLocked
from sheetsync.model import CellEdit, Grid
from sheetsync.workbooks import _files, _names, _office_locks, _temporary
from sheetsync.workbooks._backups import Backups
from sheetsync.workbooks._ooxml.package import Package


class Excel:
    """The workbook at `path`; links are followed, so that a link stays a link.

    `backups`       a folder for safety copies, None for none; each state that somebody else saved is kept once, before it is
                    replaced, and of each workbook the last `keep_backups`
    `ignore_locks`  write even while somebody has it open; their next save may undo it
    `sleep`, `clock`  waiting while the file is being saved, and the time by which left-overs are old (seconds since 1970)
    """

    def __init__(
        self,
        path: Path,
        *,
        backups: Path | None = None,
        keep_backups: int = 5,
        ignore_locks: bool = False,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._path = _names.resolve(path)
        self._backups = Backups(backups, keep_backups) if backups is not None else None
        self._ignore_locks = ignore_locks
        self._sleep = sleep
        self._clock = clock
        self._base: str | None = None
        self._ours: str | None = None

    @property
    def name(self) -> str:
        return self._path.name

    @property
    def identity(self) -> str:
        """The real path; where the disk does not tell cases apart, neither does this."""
        return _names.identity(self._path)

    def read(self) -> list[Grid]:
        """Takes a new snapshot. Also sweeps temporary files that a run left in the folder which died more than an hour ago.

        Raises WorkbookError for whatever would keep `apply` from writing too, as far as it can be known: nobody should be asked
        for figures that have no place to go. An open workbook is no such reason.
        """
        version = self._load()
        try:
            grids = self._package(version).grids()
        except WorkbookError:
            # Programs that write in place show half a file for a while.
            if self._load().digest != version.digest:
                raise WorkbookChanged("“{name}” was being saved while it was read.", name=self.name) from None
            raise
        now = self._clock()
        _temporary.sweep(self._path.parent, now=now)
        if self._backups is not None:
            _temporary.sweep(self._backups.folder, now=now)
        self._base = version.digest
        return grids

    def apply(self, edits: Sequence[CellEdit]) -> None:
        """Writes all edits or none. Edits that are all there already leave the file alone, open or not, even its time.

        Raises, beside what the contract says, WorkbookError: disk full, I/O error, no right to write. The workbook is whole
        after each of them, and no temporary file is left.
        """
        if not edits:
            return
        version = self._load()
        if version.digest != self._base:
            raise _files.changed(self._path)
        patched = self._package(version).patched(edits)
        if patched is version.data:
            return
        self._require_closed()
        # What this run wrote itself is no state that anybody would miss.
        if self._backups is not None and version.digest != self._ours:
            self._backups.add(self.name, self.identity, version)
        self._base = self._ours = _files.replace(self._path, patched, base=version, check=self._check).digest

    def lock_holder(self) -> str | None:
        """Who has it open in a spreadsheet program now, for people; None when nothing says so."""
        holder = _office_locks.holder(self._path, now=self._clock())
        return None if holder is None else str(holder)

    def conflict_copies(self) -> list[str]:
        """Names of the copies beside it that a cloud service made because two people saved at once: somebody should look."""
        return _names.conflict_copies(self._path)

    def _load(self) -> _files.Version:
        _names.require_name(self._path)
        version = _files.read_whole(self._path, sleep=self._sleep)
        _names.require_content(self.name, version.data)
        _files.require_replaceable(self._path)
        return version

    def _package(self, version: _files.Version) -> Package:
        package = Package.open(version.data)
        _names.require_kind(self._path, version.data)
        if package.unsafe is not None:
            raise package.unsafe
        return package

    def _require_closed(self) -> None:
        if not self._ignore_locks and (holder := self.lock_holder()) is not None:
            raise WorkbookLocked("“{name}” is open: {holder}.", name=self.name, holder=holder)

    def _check(self, written: bytes) -> None:
        """What comes back from the disk must be a workbook, and somebody may have opened the old one while we worked."""
        Package.open(written)
        self._require_closed()
