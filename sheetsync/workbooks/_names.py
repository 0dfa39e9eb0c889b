"""A path, as people type it, comes in; the file that it means, and whether its name and first bytes are a workbook's, goes out.

Names differ more than they look: a Mac may write é as two signs where Linux and Windows write one, and on Windows and macOS
OKR.xlsx and okr.xlsx are one file. Signs are compared as Unicode says (https://unicode.org/reports/tr15/), cases as the disk
compares them.
"""

from __future__ import annotations

import difflib
import io
import os
import re
import socket
import stat
import unicodedata
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Final

from sheetsync.errors import CannotEdit, WorkbookError

SUFFIXES: Final = (".xlsx", ".xlsm")

_TYPES_AT_MOST: Final = 2**20
_MACRO_MAIN: Final = b"application/vnd.ms-excel.sheet.macroenabled.main+xml"
_PLAIN_MAIN: Final = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
# Dropbox, Nextcloud and Syncthing say so in words; OneDrive appends the computer's name.
_CONFLICT: Final = re.compile(r"\(.*conflicted copy.*\)|\.sync-conflict-\d{8}-|-(DESKTOP|LAPTOP|WIN|PC)-[A-Z0-9]+$")
_SAVE_AS_XLSX: Final = "Open it in a spreadsheet program and save it as an Excel workbook (.xlsx)."


def resolve(path: Path) -> Path:
    """The real file behind links and relative parts; where there is none, a file of the same name in other Unicode signs."""
    real = Path(os.path.realpath(path))
    if not there(real):
        same = [name for name in _siblings(real) if _composed(name) == _composed(real.name)]
        if len(same) == 1:
            return Path(os.path.realpath(real.with_name(same[0])))
    return real


def identity(path: Path) -> str:
    """One text for one file: the path, with cases and signs folded where the disk does not tell them apart."""
    for place in (path, *path.parents):
        other = place.with_name(place.name.swapcase()) if place.name else place
        if other != place and there(place):
            with suppress(OSError):
                if place.samefile(other):
                    return _composed(str(path)).casefold()
            break
    return str(path)


def there(path: Path) -> bool:
    """Whether something can be seen at `path`; unlike `Path.exists` it never raises."""
    with suppress(OSError):
        path.stat()
        return True
    return False


def _is_folder(path: Path) -> bool:
    with suppress(OSError):
        return stat.S_ISDIR(path.stat().st_mode)
    return False


def require_name(path: Path) -> None:
    """Raises where the name alone says that this is no workbook that can be edited."""
    name = path.name
    if name.startswith(("~$", ".~")):
        raise WorkbookError(
            "“{name}” is the mark that a spreadsheet program leaves beside an open workbook, not the workbook.",
            advice="Name the workbook itself.",
            name=name,
        )
    if path.suffix.lower() not in SUFFIXES and not _is_folder(path):
        raise CannotEdit("“{name}” is not an .xlsx or .xlsm file, and only those can be edited.", advice=_SAVE_AS_XLSX, name=name)


def require_content(name: str, data: bytes) -> None:
    """Raises where a zip file is another program's, or another format of Excel. What is no zip at all, the package says."""
    if data[30:38] == b"mimetype":
        raise CannotEdit("“{name}” is an OpenDocument file under another name.", advice=_SAVE_AS_XLSX, name=name)
    if data.startswith(b"PK") and b"xl/workbook.bin" in data:
        raise CannotEdit("“{name}” is a binary Excel workbook (.xlsb) under another name.", advice=_SAVE_AS_XLSX, name=name)


def require_kind(path: Path, data: bytes) -> None:
    """Raises where the extension and the kind of workbook disagree: Excel does not open such a file.

    Only for data that has passed the limits of a package; its list of contents is unpacked here.
    """
    types = _content_types(data).replace(b"\0", b"").lower()
    macros, plain = _MACRO_MAIN in types, _PLAIN_MAIN in types
    if path.suffix.lower() == ".xlsx" and macros and not plain:
        raise CannotEdit(
            "“{name}” is a workbook with macros under the name of one without; Excel refuses to open it.",
            advice="Rename it to .xlsm, open it in Excel, and run again.",
            name=path.name,
        )
    if path.suffix.lower() == ".xlsm" and plain and not macros:
        raise CannotEdit(
            "“{name}” is a workbook without macros under the name of one with them; Excel refuses to open it.",
            advice="Rename it to .xlsx, open it in Excel, and run again.",
            name=path.name,
        )


def _content_types(data: bytes) -> bytes:
    # A package that cannot be looked into here was looked into before: nothing more is known of its kind.
    faults = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError, OSError)
    with suppress(*faults), zipfile.ZipFile(io.BytesIO(data)) as package:
        for name in package.namelist():
            if name.lower().lstrip("/") == "[content_types].xml":
                with package.open(name) as part:
                    return part.read(_TYPES_AT_MOST)
    return b""


# --- what lies beside it -----------------------------------------------------------------------------------------------


def similar(path: Path) -> str | None:
    """The workbook in the same folder whose name is nearest to the one that was typed."""
    names = {
        _composed(name).casefold(): name
        for name in _siblings(path)
        if Path(name).suffix.lower() in SUFFIXES and not name.startswith((".", "~$"))
    }
    near = difflib.get_close_matches(_composed(path.name).casefold(), names, n=1)
    return names[near[0]] if near else None


def conflict_copies(path: Path) -> list[str]:
    """Names of the copies that a cloud service made because two people saved at once, in order."""
    own = re.escape(f"-{socket.gethostname()}")
    return sorted(
        name
        for name in _siblings(path)
        if Path(name).suffix.lower() == path.suffix.lower()
        and _composed(name).startswith(_composed(path.stem))
        and (
            _CONFLICT.search(rest := _composed(Path(name).stem)[len(_composed(path.stem)) :])
            or re.fullmatch(own, rest, re.IGNORECASE)
        )
    )


def _siblings(path: Path) -> list[str]:
    with suppress(OSError):
        return [entry.name for entry in os.scandir(path.parent)]
    return []


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)
