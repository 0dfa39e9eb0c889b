"""A data filter goes in, the blocks and the developer metadata that it selects go out.

Keys are not unique; an empty lookup matches all; SHEET and INTERSECTING gives also the rows on it; SPREADSHEET and INTERSECTING
is a 400; metadata hangs on a single row or column only (transcripts and the discovery document).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sheetsync._testing.google import a1, reading
from sheetsync._testing.google.a1 import Block
from sheetsync._testing.google.document import Anchor, Document, Tab
from sheetsync._testing.google.errors import bad, unknown_name

_FILTER: Final = frozenset({"a1Range", "gridRange", "developerMetadataLookup"})
_LOOKUP: Final = frozenset(
    {"locationMatchingStrategy", "locationType", "metadataId", "metadataKey", "metadataLocation", "metadataValue", "visibility"}
)
VISIBILITIES: Final = frozenset({"DOCUMENT", "PROJECT"})


@dataclass(frozen=True, slots=True)
class Found:
    """An entry and where it hangs: nowhere (the document), on a tab, or on a line of it."""

    anchor: Anchor
    tab: Tab | None = None
    dimension: str = ""
    at: int = 0

    @property
    def kind(self) -> str:
        return "SPREADSHEET" if self.tab is None else {"": "SHEET", "ROWS": "ROW", "COLUMNS": "COLUMN"}[self.dimension]

    @property
    def block(self) -> Block | None:
        """What it selects; the document's own metadata selects nothing in particular."""
        if self.tab is None:
            return None
        whole = self.tab.block
        match self.kind:
            case "ROW":
                return whole._replace(top=self.at, bottom=self.at + 1)
            case "COLUMN":
                return whole._replace(left=self.at, right=self.at + 1)
        return whole

    def document(self) -> dict[str, Any]:
        if self.tab is None:
            return reading.anchored(self.anchor, {"locationType": "SPREADSHEET", "spreadsheet": True})
        if not self.dimension:
            return reading.anchored(self.anchor, {"locationType": "SHEET", "sheetId": self.tab.sheet_id})
        return reading.anchored(self.anchor, reading.line_location(self.tab, self.dimension, self.at))


def everything(document: Document) -> Iterator[Found]:
    """All entries of a document."""
    yield from (Found(anchor) for anchor in document.anchors)
    for tab in document.tabs:
        yield from (Found(anchor, tab) for anchor in tab.anchors)
        for dimension in ("ROWS", "COLUMNS"):
            for at, line in enumerate(tab.lines(dimension)):
                yield from (Found(anchor, tab, dimension, at) for anchor in line.anchors)


def taken(document: Document) -> set[int]:
    return {found.anchor.number for found in everything(document)}


class Entries:
    """All entries of a document as it is now, and by id and by key: a write of 3,000 rows looks 3,000 of them up."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.all = list(everything(document))
        self._numbered = {found.anchor.number: found for found in self.all}
        self._keyed: dict[str, list[Found]] = {}
        for found in self.all:
            self._keyed.setdefault(found.anchor.key, []).append(found)

    def candidates(self, lookup: Mapping[str, Any]) -> list[Found]:
        number, key = lookup.get("metadataId"), lookup.get("metadataKey")
        if number is not None:
            return [self._numbered[number]] if number in self._numbered else []
        return self.all if key is None else self._keyed.get(key, [])


def blocks(entries: Entries, data_filter: Mapping[str, Any], where: str) -> list[tuple[Tab, Block]]:
    """The blocks of a filter; empty where a lookup matches nothing. A bad a1Range raises (it fails the whole request)."""
    kind = _kind(data_filter, where)
    document = entries.document
    if kind == "a1Range":
        tab, area, _ = document.resolve(data_filter["a1Range"])
        return [(tab, area.within(len(tab.rows), len(tab.columns)))]
    if kind == "gridRange":
        return [document.located(data_filter["gridRange"])]
    found = matching(entries, data_filter["developerMetadataLookup"])
    return [(one.tab, one.block) for one in found if one.tab is not None and one.block is not None]


def search(entries: Entries, data_filter: Mapping[str, Any], where: str) -> list[Found]:
    """The entries of a filter; a range selects what hangs on the lines and tabs that it touches."""
    kind = _kind(data_filter, where)
    if kind == "developerMetadataLookup":
        return matching(entries, data_filter["developerMetadataLookup"])
    selected = blocks(entries, data_filter, where)
    return [found for found in entries.all if any(_touches(found, tab, block) for tab, block in selected)]


def _touches(found: Found, tab: Tab, block: Block) -> bool:
    return found.tab is tab and found.block is not None and found.block.overlaps(block)


def _kind(data_filter: Mapping[str, Any], where: str) -> str:
    given = [name for name, value in data_filter.items() if value is not None]
    for name in given:
        if name not in _FILTER:
            raise unknown_name(name, where)
    if len(given) != 1:
        raise bad(f"Invalid {where}: exactly one of a1Range, gridRange and developerMetadataLookup must be set")
    return given[0]


def matching(entries: Entries, lookup: Mapping[str, Any]) -> list[Found]:
    """The entries of a DeveloperMetadataLookup."""
    for name in lookup:
        if name not in _LOOKUP:
            raise unknown_name(name, "developer_metadata_lookup")
    kind, strategy = lookup.get("locationType"), lookup.get("locationMatchingStrategy")
    location = lookup.get("metadataLocation")
    if strategy and not location:
        raise bad("metadataLocation must be specified if locationMatchingStrategy is")
    if kind == "SPREADSHEET" and strategy == "INTERSECTING_LOCATION":
        raise bad("locationType cannot be SPREADSHEET when locationMatchingStrategy is INTERSECTING_LOCATION")
    if kind and strategy == "EXACT_LOCATION":
        raise bad("locationType must be unspecified when locationMatchingStrategy is EXACT_LOCATION")
    fits = _place(entries.document, location, exact=strategy == "EXACT_LOCATION") if location else None
    return [found for found in entries.candidates(lookup) if _same(found, lookup) and (fits is None or fits(found))]


def _same(found: Found, lookup: Mapping[str, Any]) -> bool:
    return all(
        lookup.get(name) in (None, value)
        for name, value in (
            ("metadataId", found.anchor.number),
            ("metadataKey", found.anchor.key),
            ("metadataValue", found.anchor.value),
            ("visibility", found.anchor.visibility),
            ("locationType", found.kind),
        )
    )


def _place(document: Document, location: Mapping[str, Any], *, exact: bool) -> Callable[[Found], bool]:
    tab, dimension, at = placed(document, location)
    if tab is None:
        if not exact:
            raise bad("Spreadsheet metadata cannot intersect any other location: use EXACT_LOCATION")
        return lambda found: found.tab is None
    target = Found(Anchor(0, "", None, ""), tab, dimension, at)

    def fits(found: Found) -> bool:
        if exact:
            return found.tab is tab and found.dimension == dimension and found.at == at
        return target.block is not None and _touches(found, tab, target.block)

    return fits


def placed(document: Document, location: Mapping[str, Any]) -> tuple[Tab | None, str, int]:
    """Where a DeveloperMetadataLocation points: the tab (None: the document), the dimension ("" for the whole tab), the line."""
    if location.get("spreadsheet"):
        return None, "", 0
    wanted = location.get("dimensionRange")
    if wanted is None:
        if location.get("sheetId") is None:
            raise bad("The location must be specified")
        return document.tab(int(location["sheetId"])), "", 0
    tab = document.tab(int(wanted.get("sheetId") or 0))
    dimension, start, end = wanted.get("dimension"), wanted.get("startIndex"), wanted.get("endIndex")
    if dimension not in {"ROWS", "COLUMNS"} or start is None or end is None or end - start != 1:
        raise bad("The dimensionRange must represent a single row or column")
    if not 0 <= start < len(tab.lines(dimension)):
        raise bad(f"The dimensionRange is outside the grid: {a1.quoted(tab.title)}")
    return tab, dimension, start
