"""The bytes of a saved workbook go in, bytes that are the same at each time and on each machine come out."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Final
from xml.etree import ElementTree

_MOMENT: Final = b"2026-01-01T00:00:00Z"
_STAMP: Final = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)
_DECLARATION: Final = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MERGE: Final = re.compile(r'<mergeCell ref="[^"]*"/>')
_MERGES: Final = re.compile(rf"({_MERGE.pattern})+")
_EMPTY: Final = re.compile(r"<([\w:]+)((?: [^<>]*)?)></\1>")


def reproducible(saved: bytes) -> bytes:
    """A package as openpyxl saves it, without what differs from run to run.

    XML is written in its canonical form (C14N 2.0), since it would otherwise depend on whether lxml is installed; members are
    stored, since what deflate makes depends on the version of zlib; merged ranges come out of a set, so they are put in order.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as target:
        for name in source.namelist():
            entry = zipfile.ZipInfo(name, _ZIP_TIME)
            entry.external_attr = 0o600 << 16
            entry.create_system = 0  # the same on Windows and elsewhere
            target.writestr(entry, _member(name, source.read(name)))
    return out.getvalue()


def _member(name: str, data: bytes) -> bytes:
    if name == "docProps/core.xml":
        data = _STAMP.sub(_MOMENT, data)
    if not name.endswith((".xml", ".rels")):
        return data
    canonical = _EMPTY.sub(r"<\1\2/>", ElementTree.canonicalize(data.decode("utf-8")))
    return _DECLARATION + _MERGES.sub(lambda found: "".join(sorted(_MERGE.findall(found[0]))), canonical).encode()
