"""The bytes of a saved workbook go in, bytes that are the same at each time and on each machine come out."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from typing import Final

_ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)
_UNCOMPUTED: Final = re.compile(r'( t="str")?>(<f>[^<]*</f>)<v></v></c>')
_SHARED: Final = re.compile(r"<f>⟦(\d+)(?: ([A-Z0-9:]+))?⟧([^<]*)</f>")


@dataclass(frozen=True, slots=True)
class Shared:
    """A formula that fills a column down: written out once, in its first row; the other rows only point to it.

    `number` is its own on the sheet; `area` and `text` are those of the first row, blank in the others
    """

    number: int
    area: str = ""
    text: str = ""

    @property
    def marked(self) -> str:
        """As it stands until `reproducible` puts the real thing in its place: the writer knows no shared formulas."""
        return f"=⟦{self.number} {self.area}⟧{self.text}" if self.area else f"=⟦{self.number}⟧"


def reproducible(saved: bytes) -> bytes:
    """A package as XlsxWriter saves it, without what differs from machine to machine.

    Members are stored, since what deflate makes depends on the version of zlib. A formula without a result is left without a
    value, so that every program computes it: LibreOffice believes whatever value it finds.
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
    if not name.startswith("xl/worksheets/sheet"):
        return data
    text = _UNCOMPUTED.sub(r">\2</c>", data.decode("utf-8"))
    return _SHARED.sub(_shared, text).encode()


def _shared(found: re.Match[str]) -> str:
    number, area, text = found.groups()
    return f'<f t="shared" ref="{area}" si="{number}">{text}</f>' if area else f'<f t="shared" si="{number}"/>'
