"""A path comes in and the whole file with its fingerprint goes out; new bytes come in and take its place, whole or not at all.

The steps of a replacement: a temporary file in the same folder, its mode, owner and attributes, fsync, the caller's check, a
last look at the original, rename, fsync of the folder. Wherever the machine stops, the name leads to the old bytes or to the new.

Excel saves by writing a temporary file, deleting the original and renaming (https://support.microsoft.com/help/814068), so a file
may be missing for a moment, and its inode changes with every save: a file is known by its bytes, never by an open handle.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sheetsync.errors import CannotEdit, WorkbookChanged, WorkbookError, WorkbookLocked
from sheetsync.workbooks import _names, _platform, _temporary

MAX_BYTES: Final = 100 * 1024 * 1024
"""The largest workbook that is read, in bytes on disk. Excel itself grows slow at a tenth of it."""
WAITS: Final = (0.05, 0.1, 0.2, 0.4)
"""Seconds between the tries while a file is missing or being written: together longer than the gap in Excel's own save."""

_NOT_WRITTEN: Final = "“{name}” could not be written and stays as it was (system error {code})."
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_DENIED: Final = frozenset({errno.EACCES, errno.EPERM})
# What a file system says that cannot flush a folder at all: then there is nothing to wait for.
_NO_FOLDER_SYNC: Final = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EBADF, *_DENIED})


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the file system says of one state of a file. Coarse clocks (2 s on FAT) can miss a save, so bytes decide."""

    device: int
    inode: int
    size: int
    mtime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


@dataclass(frozen=True, slots=True)
class Version:
    """One state of a file: all its bytes, their SHA-256 and its stamp."""

    data: bytes = field(repr=False)
    digest: str
    stamp: Stamp


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# --- reading -----------------------------------------------------------------------------------------------------------


def read_whole(path: Path, *, limit: int = MAX_BYTES, sleep: Callable[[float], None] = time.sleep) -> Version:
    """The file as it stands, read at one go and unchanged while it was read.

    Raises
        WorkbookError    missing, empty, not a plain file, over `limit`, or not readable
        WorkbookLocked   another program lets nobody read it (Windows)
        WorkbookChanged  it was written on at every try
    """
    for wait in (*WAITS, None):
        try:
            version = _read_once(path, limit)
        except FileNotFoundError:
            if wait is None or not _names.there(path.parent):
                raise _missing(path) from None
        else:
            # A program that writes in place empties the file first, so an empty one may be a save in progress.
            if version is not None and (version.data or wait is None):
                if not version.data:
                    raise WorkbookError(
                        "“{name}” is empty: it has 0 bytes.", advice="Restore the workbook from a copy.", name=path.name
                    )
                return version
        if wait is not None:
            sleep(wait)
    raise WorkbookChanged("“{name}” is being written by another program again and again.", name=path.name)


def _read_once(path: Path, limit: int) -> Version | None:
    """None when the file changed while it was read. FileNotFoundError passes through."""
    with _said(path.name, "“{name}” cannot be read (system error {code}).", gone=True):
        # Looked at before it is opened: opening a pipe waits for a writer, opening a device may do things.
        _require_plain(path.name, path.stat())
        descriptor = os.open(path, os.O_RDONLY | _platform.BINARY | _platform.NONBLOCK)
        try:
            before = os.fstat(descriptor)
            _require_plain(path.name, before)
            if before.st_size > limit:
                raise WorkbookError(
                    "“{name}” has {size} MB; more than {limit} MB are not read.",
                    advice="Move old sheets and pictures into another workbook.",
                    name=path.name,
                    size=-(-before.st_size // 2**20),
                    limit=limit // 2**20,
                )
            # One byte more than it had shows a file that grows, and no growing file can fill the memory.
            data = _read_all(descriptor, before.st_size + 1)
            after = os.fstat(descriptor)
        finally:
            os.close(descriptor)
        stamp = Stamp.of(before)
        if len(data) != before.st_size or Stamp.of(after) != stamp or Stamp.of(path.stat()) != stamp:
            return None
        return Version(data, digest(data), stamp)


def _require_plain(name: str, status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise WorkbookError("“{name}” is a folder, not a workbook.", advice="Name the workbook inside the folder.", name=name)
    if not stat.S_ISREG(status.st_mode):
        raise WorkbookError("“{name}” is not an ordinary file.", advice="Name the workbook file itself.", name=name)


def require_replaceable(path: Path) -> None:
    """Raises CannotEdit where a replacement is refused or would tear something apart: hard links, read-only file or folder.

    A rename replaces even a file that nobody may write, and cuts a hard link in two, so both are asked for here.
    """
    with _said(path.name, "“{name}” cannot be read (system error {code})."):
        status = path.stat()
    if status.st_nlink > 1:
        raise CannotEdit(
            "“{name}” is one of {count} hard links to the same file; writing would separate them.",
            advice="Keep one copy of the workbook, and a shortcut to it in the other places.",
            name=path.name,
            count=status.st_nlink,
        )
    if not status.st_mode & 0o222 or not os.access(path, os.W_OK):
        raise CannotEdit(
            "“{name}” is read-only.",
            advice="Remove the write protection of the file, or let sheetsync's account write it.",
            name=path.name,
        )
    if os.name == "posix" and not os.access(path.parent, os.W_OK | os.X_OK):
        raise CannotEdit(
            "The folder of “{name}” is read-only, so the workbook cannot be replaced safely.",
            advice="Let sheetsync's account write the folder.",
            name=path.name,
        )


# --- writing -----------------------------------------------------------------------------------------------------------


def replace(path: Path, data: bytes, *, base: Version, check: Callable[[bytes], object]) -> Version:
    """Puts `data` in the place of `base`, safely on disk when this returns; gives the new version.

    `check` is handed the bytes as they were read back from disk, just before the last look at the original; what it raises ends
    the replacement. Mode is kept; owner, access lists and extended attributes as far as the system allows.

    Raises
        WorkbookChanged  the file is no longer `base`
        WorkbookLocked   another program holds it (Windows)
        WorkbookError    disk full, I/O error, no permission; the old file is untouched and the temporary file removed
    """
    temporary: Path | None = None
    try:
        with _said(path.name, _NOT_WRITTEN):
            temporary, descriptor = _temporary.create(path.parent)
            try:
                _temporary.write_all(descriptor, data)
                _platform.copy_metadata(path, descriptor)
                _platform.flush(descriptor)
                # A network folder may cut a file short without an error, so the bytes are fetched back.
                os.lseek(descriptor, 0, os.SEEK_SET)
                written = _read_all(descriptor, len(data) + 1)
                stamp = Stamp.of(os.fstat(descriptor))
            finally:
                os.close(descriptor)
        if written != data:
            raise WorkbookError("“{name}” could not be written whole and stays as it was.", name=path.name)
        check(written)
        _require_same(path, base)
        with _said(path.name, _NOT_WRITTEN):
            _platform.swap(temporary, path)
            temporary = None
    finally:
        # Where Windows lost the old file half-way through its exchange, the temporary one is all there is.
        if temporary is not None and (os.name == "posix" or _names.there(path)):
            with suppress(OSError):
                temporary.unlink()
    try:
        _flush_folder(path.parent)
    except OSError as exc:
        raise WorkbookError(
            "“{name}” was written, but the disk did not confirm it (system error {code}).",
            advice="Look at the disk, and run again: nothing is written twice.",
            name=path.name,
            code=code_of(exc),
        ) from exc
    return Version(data, digest(data), stamp)


def _require_same(path: Path, base: Version) -> None:
    try:
        now = _read_once(path, max(MAX_BYTES, len(base.data)))
        with _said(path.name, _NOT_WRITTEN, gone=True):
            linked = stat.S_ISLNK(path.lstat().st_mode)
    except FileNotFoundError:
        raise changed(path) from None
    # A rename would put the file where a link now stands.
    if now is None or linked or now.digest != base.digest:
        raise changed(path)


def changed(path: Path) -> WorkbookChanged:
    return WorkbookChanged("“{name}” was saved by somebody else meanwhile; nothing was written.", name=path.name)


def _read_all(descriptor: int, limit: int) -> bytes:
    chunks = []
    while limit and (chunk := os.read(descriptor, min(limit, 2**24))):
        chunks.append(chunk)
        limit -= len(chunk)
    return b"".join(chunks)


def _flush_folder(folder: Path) -> None:
    if sys.platform == "win32":
        return  # a folder cannot be opened there; ReplaceFile is journalled by NTFS
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as exc:
        if exc.errno in _NO_FOLDER_SYNC:
            return
        raise
    try:
        _platform.flush(descriptor)
    except OSError as exc:
        if exc.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(descriptor)


def _missing(path: Path) -> WorkbookError:
    other = _names.similar(path)
    if other is not None:
        return WorkbookError(
            "There is no workbook “{name}” in the folder {folder}, but there is “{similar}”.",
            advice="Check the name; a workbook that was moved or renamed is never made anew.",
            name=path.name,
            folder=str(path.parent),
            similar=other,
        )
    return WorkbookError(
        "There is no workbook “{name}” in the folder {folder}.",
        advice="Check the name and the folder; a workbook that was moved is never made anew.",
        name=path.name,
        folder=str(path.parent),
    )


def code_of(error: OSError) -> str:
    """The system's short name of what happened, such as EIO: its sentence is in the system's language, not the reader's."""
    return errno.errorcode.get(error.errno or 0, str(error.errno))


def is_full(error: OSError) -> bool:
    """No space, no quota, or over the largest file that is permitted."""
    return error.errno in _FULL


@contextmanager
def _said(name: str, sentence: str, *, gone: bool = False) -> Iterator[None]:
    """Turns what the system says into a sentence; a missing file passes through where the caller expects it (`gone`)."""
    try:
        yield
    except FileNotFoundError:
        if gone:
            raise
        raise WorkbookChanged("“{name}” was moved or deleted meanwhile; nothing was written.", name=name) from None
    except OSError as exc:
        code = code_of(exc)
        if is_full(exc):
            raise WorkbookError(
                "The disk is full: “{name}” could not be written and stays as it was.",
                advice="Free some space, then run again.",
                name=name,
            ) from exc
        if getattr(exc, "winerror", None) in _platform.SHARING:
            raise WorkbookLocked("“{name}” is open in another program.", name=name) from exc
        if exc.errno in _DENIED:
            raise WorkbookError(
                "sheetsync's account may not read or write “{name}” (system error {code}).",
                advice="Give that account the right to read and write the file and its folder.",
                name=name,
                code=code,
            ) from exc
        raise WorkbookError(sentence, name=name, code=code) from exc
