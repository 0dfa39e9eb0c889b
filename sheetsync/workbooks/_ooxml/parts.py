"""An archive goes in; the workbook's sheets, names, tables, links and whatever forbids writing come out.

Parts are found through relationships only, never by their usual names (ECMA-376-2, 8.3 and 9.3).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote
from xml.etree import ElementTree as ET  # only for the type; markup.parsed makes the trees

from sheetsync.errors import CannotEdit
from sheetsync.workbooks._ooxml.archive import Archive
from sheetsync.workbooks._ooxml.areas import Area, area_of
from sheetsync.workbooks._ooxml.markup import BETA, MAIN, children, damaged, descendants, local, parsed

_MAIN_TYPES = (
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.template.main+xml",
    "application/vnd.ms-excel.sheet.macroenabled.main+xml",
    "application/vnd.ms-excel.template.macroenabled.main+xml",
    "application/vnd.ms-excel.addin.macroenabled.main+xml",
)
CONTENT_TYPES = "[Content_Types].xml"
_UNPROTECT = "Ask whoever protected the workbook, or save an unprotected copy under another name."


@dataclass(frozen=True, slots=True)
class Relation:
    """`kind` is the last word of the type: worksheet, hyperlink, table. `target` is a part's name, or an address if external."""

    id: str
    kind: str
    target: str
    external: bool


@dataclass(frozen=True, slots=True)
class Tab:
    """A worksheet: title and part."""

    title: str
    part: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a worksheet; `header` and `totals` count its rows of that kind."""

    name: str
    area: Area
    header: int
    totals: int


def relations_part(part: str) -> str:
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", name + ".rels")


def relations(archive: Archive, part: str) -> list[Relation]:
    """The relationships of a part; "" is the package itself. A part without them has none."""
    name = archive.find(relations_part(part))
    if name is None:
        return []
    found = []
    for element in children(parsed(archive.read(name), name), "Relationship"):
        kind = element.get("Type", "").rpartition("/")[2]
        external = element.get("TargetMode", "").lower() == "external"
        target = element.get("Target", "")
        if not external:
            target = _resolved(archive, part, target)
        found.append(Relation(element.get("Id", ""), kind, target, external))
    return found


def _resolved(archive: Archive, part: str, target: str) -> str:
    """The part that a target names: absolute or relative, percent-encoded or not, with either slash."""
    plain = target.partition("#")[0].replace("\\", "/")
    joined = plain.lstrip("/") if plain.startswith("/") else posixpath.join(posixpath.dirname(part), plain)
    name = posixpath.normpath(joined) if joined else ""
    return archive.find(name) or archive.find(unquote(name)) or name


class Book:
    """The workbook part and what hangs on it."""

    def __init__(self, archive: Archive) -> None:
        """Raises CannotEdit where the archive holds no workbook of a kind that is understood."""
        self.archive = archive
        self.part = _main_part(archive)
        self.root = parsed(archive.read(self.part), self.part)
        space = self.root.tag.partition("}")[0].lstrip("{")
        if space == BETA:
            raise CannotEdit("The workbook was made by a test version of Excel 2007.")
        if space not in MAIN or local(self.root.tag) != "workbook":
            raise CannotEdit("The file is not an Excel workbook.")
        self.relations = relations(archive, self.part)
        self.since_1904 = any(_true(p.get("date1904")) for p in children(self.root, "workbookPr"))
        self.tabs, self.others = self._sheets()
        self._known: dict[str, list[Relation]] = {}

    def _sheets(self) -> tuple[list[Tab], set[str]]:
        """Worksheets in the order of the tabs, and the titles of chart, dialog and macro sheets."""
        by_id = {relation.id: relation for relation in self.relations}
        tabs: list[Tab] = []
        others: set[str] = set()
        seen: set[str] = set()
        for sheet in (sheet for box in children(self.root, "sheets") for sheet in children(box, "sheet")):
            title = sheet.get("name", "")
            given = next((value for name, value in sheet.items() if local(name) == "id" and name.startswith("{")), "")
            relation = by_id.get(given)
            if relation is None or relation.external or self.archive.find(relation.target) is None:
                raise damaged(self.part)
            if relation.kind != "worksheet":
                others.add(title)
                continue
            if title.casefold() in seen or relation.target.lower() in {tab.part.lower() for tab in tabs}:
                raise damaged(self.part)
            seen.add(title.casefold())
            tabs.append(Tab(title, relation.target))
        return tabs, others

    def related(self, kind: str) -> str | None:
        """The one part of this kind that the workbook has, such as `styles` and `sharedStrings`."""
        for relation in self.relations:
            if relation.kind == kind and not relation.external and self.archive.find(relation.target):
                return relation.target
        return None

    def names(self) -> dict[str, str]:
        """Defined names and their formulas. A name that several sheets have is joined: only what it refers to counts."""
        found: dict[str, str] = {}
        for element in descendants(self.root, "definedName"):
            name, text = element.get("name", ""), (element.text or "").strip()
            found[name] = f"{found[name]},{text}" if name in found else text
        return found

    def _parts_of(self, part: str) -> list[Relation]:
        """The relations of a worksheet's part but for its links, of which there may be thousands; read once."""
        if part not in self._known:
            self._known[part] = [relation for relation in relations(self.archive, part) if relation.kind != "hyperlink"]
        return self._known[part]

    def tables(self, part: str) -> list[Table]:
        """The tables of a worksheet's part."""
        return [_table(self.archive, relation.target) for relation in self._parts_of(part) if relation.kind == "table"]

    def pivots(self, part: str) -> list[Area]:
        """Where the pivot tables of a worksheet's part stand."""
        found = []
        for relation in self._parts_of(part):
            if relation.kind == "pivotTable":
                root = parsed(self.archive.read(relation.target), relation.target)
                found += [area for at in children(root, "location") if (area := area_of(at.get("ref", "")))]
        return found

    def unsafe(self) -> CannotEdit | None:
        """Why this workbook may be read but must not be written; None where nothing forbids it."""
        package = relations(self.archive, "")
        if any(r.kind == "origin" or "digital-signature" in r.target for r in package) or any(
            name.lower().startswith("_xmlsignatures/") for name in self.archive.names
        ):
            return CannotEdit("The workbook is digitally signed; any change breaks the signature.", advice=_UNPROTECT)
        if any(r.kind in {"revisionHeaders", "revisionLog"} for r in self.relations):
            return CannotEdit(
                "The workbook is a shared workbook that records changes.",
                advice="Stop sharing it in Excel (Review, Unshare Workbook), then run again.",
            )
        for element in children(self.root, "fileSharing"):
            if _true(element.get("readOnlyRecommended")) or element.get("reservationPassword") or element.get("hashValue"):
                return CannotEdit("The workbook asks to be opened for reading only.", advice=_UNPROTECT)
        if self._final(package):
            return CannotEdit("The workbook is marked as final.", advice=_UNPROTECT)
        return None

    def _final(self, package: list[Relation]) -> bool:
        for relation in package:
            if relation.kind in {"custom-properties", "customProperties"} and self.archive.find(relation.target):
                root = parsed(self.archive.read(relation.target), relation.target)
                for element in children(root, "property"):
                    if element.get("name") == "_MarkAsFinal" and "".join(element.itertext()).strip().lower() in {"true", "1"}:
                        return True
        return False


def _main_part(archive: Archive) -> str:
    for relation in relations(archive, ""):
        if relation.kind == "officeDocument" and archive.find(relation.target):
            if relation.target.lower().endswith(".bin"):
                raise CannotEdit("The file is a binary workbook (.xlsb).")
            return relation.target
    types = archive.find(CONTENT_TYPES)
    if types is not None:
        for element in children(parsed(archive.read(types), types), "Override"):
            name = archive.find(element.get("PartName", "").lstrip("/"))
            if name and element.get("ContentType", "").lower() in _MAIN_TYPES:
                return name
    if archive.find("mimetype"):
        raise CannotEdit("The file is an OpenDocument spreadsheet, not an Excel workbook.")
    raise CannotEdit("The file is not an Excel workbook.")


def _table(archive: Archive, part: str) -> Table:
    if archive.find(part) is None:
        raise damaged(part)
    root = parsed(archive.read(part), part)
    area = area_of(root.get("ref", ""))
    if area is None:
        raise damaged(part)
    name = root.get("displayName") or root.get("name") or ""
    return Table(name, area, _count(root, "headerRowCount", 1), _count(root, "totalsRowCount", 0))


def _count(root: ET.Element, name: str, default: int) -> int:
    text = root.get(name, "")
    return int(text) if text.isdecimal() else default


def _true(text: str | None) -> bool:
    return (text or "").strip().lower() in {"1", "true", "on"}


def strings_of(root: ET.Element) -> Iterator[str]:
    """The texts of a shared strings part, runs of rich text joined, phonetic helps left out, `_xHHHH_` as written."""
    for item in children(root, "si"):
        parts = []
        for element in item:
            if local(element.tag) == "t":
                parts.append(element.text or "")
            elif local(element.tag) == "r":
                parts += [text.text or "" for text in children(element, "t")]
        yield "".join(parts)
