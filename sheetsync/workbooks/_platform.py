"""What Linux, macOS and Windows do differently with a file: flushing it, carrying its attributes over, exchanging two of them.

Run on Linux only so far. The branches for Windows and macOS follow the systems' documents and have never been run there.
"""

from __future__ import annotations

import ctypes
import os
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

BINARY: Final = getattr(os, "O_BINARY", 0)
NONBLOCK: Final = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
NOFOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)

SHARING: Final = frozenset({5, 32, 33})
"""Windows error codes of a file that another program holds: access denied, sharing violation, lock violation."""


def flush(descriptor: int) -> None:
    """Waits until the file is on the disk itself. macOS's fsync leaves it in the drive's cache, so that needs F_FULLFSYNC."""
    if sys.platform == "darwin":
        import fcntl  # noqa: PLC0415 - absent on Windows

        # Not every volume knows it; then fsync is the most that can be had.
        with suppress(OSError):
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
            return
    os.fsync(descriptor)


def copy_metadata(source: Path, target: int) -> None:
    """Gives the open file `target` the owner, attributes, access list and mode of `source`.

    The mode is required (OSError). The others are tried: only root gives files away, and not every file system has attributes.
    """
    if sys.platform == "win32":
        return  # ReplaceFile carries them over
    status = source.stat()
    _copy_owner(status, target)
    _copy_attributes(source, target)
    # After the owner, since a change of owner clears bits of the mode.
    os.fchmod(target, stat.S_IMODE(status.st_mode))


def _copy_owner(status: os.stat_result, target: int) -> None:
    if sys.platform == "win32":
        return
    own = os.fstat(target)
    if (own.st_uid, own.st_gid) == (status.st_uid, status.st_gid):
        return
    try:
        os.fchown(target, status.st_uid, status.st_gid)
    except OSError:
        # The team's group is what colleagues open the file by.
        with suppress(OSError):
            os.fchown(target, -1, status.st_gid)


def _copy_attributes(source: Path, target: int) -> None:
    if sys.platform == "linux":
        with suppress(OSError):
            for name in os.listxattr(source):
                with suppress(OSError):
                    os.setxattr(target, name, os.getxattr(source, name))
    elif sys.platform == "darwin":
        # copyfile(3): Finder tags and the access list; COPYFILE_ACL is bit 0, COPYFILE_XATTR bit 2.
        with suppress(OSError, AttributeError):
            copyfile = ctypes.CDLL(None, use_errno=True).fcopyfile
            copyfile.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_uint32)
            descriptor = os.open(source, os.O_RDONLY)
            try:
                copyfile(descriptor, target, None, 0b101)
            finally:
                os.close(descriptor)


def swap(temporary: Path, path: Path) -> None:
    """Puts `temporary` in the place of `path` in one step. Raises OSError, with `path` as it was.

    On Windows by ReplaceFileW, which keeps access list, creation time and alternate streams
    (https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-replacefilew). Never run on Windows.
    """
    if sys.platform == "win32":
        _replace_file(temporary, path)
    else:
        temporary.replace(path)


if sys.platform == "win32":

    def _replace_file(temporary: Path, path: Path) -> None:
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.ReplaceFileW.argtypes = (
            ctypes.c_wchar_p,
            ctypes.c_wchar_p,
            ctypes.c_wchar_p,
            ctypes.c_uint32,
            ctypes.c_void_p,
            ctypes.c_void_p,
        )
        kernel.ReplaceFileW.restype = ctypes.c_int
        # Bits 1 and 2: go on where attributes or the access list cannot be merged, as on FAT and some network folders.
        if kernel.ReplaceFileW(str(path), str(temporary), None, 0x2 | 0x4, None, None):
            return
        code = ctypes.get_last_error()
        # 1175: the old file could not be removed. It is held by another program; nothing has changed.
        if code in SHARING or code == 1175:
            raise PermissionError(13, "held by another program", str(path), 32, None)
        # 1176: the old file is gone and the new one still has its temporary name; a rename finishes the work.
        # Anything else, such as a volume without ReplaceFile: nothing has changed, and a rename does it too.
        temporary.replace(path)
