"""Requests about sheets and the spreadsheet: add, delete, duplicate, properties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from sheetsync._testing.google import formats, masks, metadata
from sheetsync._testing.google.asked import Asked
from sheetsync._testing.google.document import Anchor, Document, Tab
from sheetsync._testing.google.errors import bad
from sheetsync._testing.google.kinds.base import Reply, kind, mask_of, required
from sheetsync._testing.google.kinds.lines import room_for
from sheetsync._testing.google.reading import properties_of

_GRID: Final = ("frozenRowCount", "frozenColumnCount", "hideGridlines", "rowGroupControlAfter", "columnGroupControlAfter")


@kind("addSheet", "properties")
def add_sheet(asked: Asked, request: Mapping[str, Any]) -> Reply:
    document, given = asked.document, request.get("properties") or {}
    number = given.get("sheetId")
    if number is not None and any(tab.sheet_id == number for tab in document.tabs):
        raise bad(f"A sheet with the id {number} already exists. Please enter another id.")
    title = given.get("title") or _free_title(document, "Sheet")
    _untaken(document, title)
    if number is None:
        number = document.new_number({tab.sheet_id for tab in document.tabs})
    grid = given.get("gridProperties") or {}
    tab = Tab.new(int(number), title, 0, 0)
    rows, columns = int(grid.get("rowCount") or 1000), int(grid.get("columnCount") or 26)
    room_for(asked, tab, rows, columns)
    tab.grow(rows, columns)
    at = given.get("index")
    document.tabs.insert(len(document.tabs) if at is None else int(at), tab)
    _set(asked, tab, {**given, "title": title}, {name: {} for name in given if name not in {"index", "sheetId", "sheetType"}})
    return {"addSheet": {"properties": properties_of(document, tab)}}


def _free_title(document: Document, stem: str) -> str:
    number = len(document.tabs) + 1
    while document.titled(f"{stem}{number}") is not None:
        number += 1
    return f"{stem}{number}"


def _untaken(document: Document, title: str, *, but: Tab | None = None) -> None:
    if any(tab is not but and tab.title.casefold() == title.casefold() for tab in document.tabs):
        raise bad(f'A sheet with the name "{title}" already exists. Please enter another name.')


@kind("deleteSheet", "sheetId")
def delete_sheet(asked: Asked, request: Mapping[str, Any]) -> Reply:
    remove_tab(asked.document, asked.document.tab(int(request.get("sheetId") or 0)))
    return None


def remove_tab(document: Document, tab: Tab) -> None:
    if not any(one is not tab and not one.hidden for one in document.tabs):
        raise bad("You can't remove all the visible sheets in a document.")
    document.tabs = [one for one in document.tabs if one is not tab]
    document.names = {key: named for key, named in document.names.items() if named["range"].get("sheetId", 0) != tab.sheet_id}


@kind("duplicateSheet", "insertSheetIndex", "newSheetId", "newSheetName", "sourceSheetId")
def duplicate_sheet(asked: Asked, request: Mapping[str, Any]) -> Reply:
    document = asked.document
    source = document.tab(int(request.get("sourceSheetId") or 0))
    title = request.get("newSheetName") or ""
    if title:
        _untaken(document, title)
    new = duplicated(
        document,
        source,
        title,
        number=request.get("newSheetId"),
        at=int(request.get("insertSheetIndex") or 0),
        anchors=asked.state.switches.duplicate_copies_anchors,
    )
    return {"duplicateSheet": {"properties": properties_of(document, new)}}


def duplicated(
    document: Document, source: Tab, title: str = "", *, number: int | None = None, at: int | None = None, anchors: bool
) -> Tab:
    """A copy of a tab in the same document; its metadata is copied under new ids, or left behind."""
    copy = copied_tab(document, source, document, number=number, anchors=anchors)
    copy.title = title or f"Copy of {source.title}"
    at = document.tabs.index(source) + 1 if at is None else at
    document.tabs.insert(at, copy)
    return copy


def copied_tab(origin: Document, source: Tab, goal: Document, *, number: int | None = None, anchors: bool) -> Tab:
    """A tab as it arrives in another document: with an id of its own, ranges that name it, metadata with new ids or none."""
    taken = {tab.sheet_id for tab in goal.tabs}
    if number is not None and number in taken:
        raise bad(f"A sheet with the id {number} already exists. Please enter another id.")
    copy = source.copy()
    copy.sheet_id = goal.new_number(taken) if number is None else int(number)
    ids = metadata.taken(goal) | metadata.taken(origin)

    def renewed(old: tuple[Anchor, ...]) -> tuple[Anchor, ...]:
        new = []
        for anchor in old if anchors else ():
            fresh = goal.new_number(ids)
            ids.add(fresh)
            new.append(replace(anchor, number=fresh))
        return tuple(new)

    copy.anchors = renewed(copy.anchors)
    for line in [*copy.rows, *copy.columns]:
        line.anchors = renewed(line.anchors)

    def own(grid_range: Mapping[str, Any]) -> dict[str, Any]:
        return {**grid_range, "sheetId": copy.sheet_id}

    copy.rules = [{**rule, "ranges": [own(one) for one in rule["ranges"]]} for rule in copy.rules]
    copy.filter = None if copy.filter is None else {**copy.filter, "range": own(copy.filter["range"])}
    copy.protected = [
        {**one, "range": own(one.get("range", {})), "protectedRangeId": goal.new_number(set())} for one in copy.protected
    ]
    copy.tables = []
    return copy


@kind("updateSheetProperties", "fields", "properties")
def update_sheet_properties(asked: Asked, request: Mapping[str, Any]) -> Reply:
    tree, given = mask_of(request), required(request, "properties")
    tab = asked.document.tab(int(given.get("sheetId") or 0))
    whole: masks.Tree = {name: {} for name in ("title", "hidden", "gridProperties", "tabColorStyle", "rightToLeft", "index")}
    _set(asked, tab, given, tree or whole)
    return None


def _set(asked: Asked, tab: Tab, given: Mapping[str, Any], tree: masks.Tree) -> None:
    document = asked.document
    for name, sub in tree.items():
        match name:
            case "title":
                if not given.get("title"):
                    raise bad("Sheet name cannot be empty.")
                _untaken(document, given["title"], but=tab)
                rename(document, tab, given["title"])
            case "hidden":
                if given.get("hidden") and not any(one is not tab and not one.hidden for one in document.tabs):
                    raise bad("You can't hide all the sheets in a document.")
                tab.hidden = bool(given.get("hidden"))
            case "index":
                place_tab(document, tab, given.get("index"))
            case "gridProperties":
                _grid(asked, tab, given.get("gridProperties") or {}, sub)
            case "tabColor" | "tabColorStyle":
                _tab_colour(tab, given, name)
            case "rightToLeft":
                tab.extra = {key: value for key, value in tab.extra.items() if key != name}
                tab.extra |= {name: True} if given.get(name) else {}
            case "sheetId" | "sheetType":
                raise bad(f"{name} is read-only")
            case _:
                raise bad(f"Invalid field: {name}")


def rename(document: Document, tab: Tab, title: str) -> None:
    """Formulas that name the tab follow."""
    from sheetsync._testing.google.references import Reference, rewrite  # noqa: PLC0415 - for this alone

    def visit(old: Reference) -> Reference:
        return old._replace(tab=title) if old.tab is not None and document.titled(old.tab) is tab else old

    changed = [(home, row, column, rewrite(formula, visit)) for home, row, column, formula in document.formulas()]
    for home, row, column, formula in changed:
        home.put(row, column, {**home.cell(row, column), "userEnteredValue": {"formulaValue": formula}})
    tab.title = title


def place_tab(document: Document, tab: Tab, index: int | None) -> None:
    """`index` is from before the move; one that is the tab's own, or the next, changes nothing (documented)."""
    at = document.tabs.index(tab)
    to = len(document.tabs) if index is None else min(int(index), len(document.tabs))
    if to in {at, at + 1}:
        return
    rest = [one for one in document.tabs if one is not tab]
    rest.insert(to if to < at else to - 1, tab)
    document.tabs = rest


def _grid(asked: Asked, tab: Tab, given: Mapping[str, Any], tree: masks.Tree) -> None:
    names = list(tree) or [*_GRID, "rowCount", "columnCount"]
    rows, columns = len(tab.rows), len(tab.columns)
    for name in names:
        if name in {"rowCount", "columnCount"}:
            count = given.get(name)
            if not count:
                if tree:
                    raise bad(f"gridProperties.{name} must be at least 1")
                continue
            rows, columns = (int(count), columns) if name == "rowCount" else (rows, int(count))
        elif name in _GRID:
            tab.grid = {key: value for key, value in tab.grid.items() if key != name} | (
                {name: given[name]} if given.get(name) else {}
            )
        else:
            raise bad(f"Invalid field: gridProperties.{name}")
    room_for(asked, tab, rows, columns)
    _resize(asked.document, tab, rows, columns)
    if tab.grid.get("frozenRowCount", 0) >= rows and rows > 0 and tab.grid.get("frozenRowCount"):
        raise bad("You can't freeze all visible rows on the sheet.")
    if tab.grid.get("frozenColumnCount") and tab.grid["frozenColumnCount"] >= columns:
        raise bad("You can't freeze all visible columns on the sheet.")


def _resize(document: Document, tab: Tab, rows: int, columns: int) -> None:
    from sheetsync._testing.google import shape  # noqa: PLC0415 - for this alone

    if rows < len(tab.rows):
        shape.delete(document, tab, "ROWS", rows, len(tab.rows))
    if columns < len(tab.columns):
        shape.delete(document, tab, "COLUMNS", columns, len(tab.columns))
    tab.grow(rows, columns)


def _tab_colour(tab: Tab, given: Mapping[str, Any], name: str) -> None:
    kept = {key: value for key, value in tab.extra.items() if key not in {"tabColor", "tabColorStyle"}}
    style = given.get("tabColorStyle") if name == "tabColorStyle" else {"rgbColor": given.get("tabColor")}
    if style and any(style.values()):
        kept |= formats.paired({"tabColorStyle": style}, "tabColor", "tabColorStyle")
    tab.extra = kept


@kind("updateSpreadsheetProperties", "fields", "properties")
def update_spreadsheet_properties(asked: Asked, request: Mapping[str, Any]) -> Reply:
    tree, given, document = mask_of(request), request.get("properties") or {}, asked.document
    for name in tree or ("title", "locale", "timeZone"):
        match name:
            case "title":
                document.title = str(given.get("title") or document.title)
            case "locale":
                document.locale = str(given.get("locale") or "en_US")
            case "timeZone":
                document.time_zone = str(given.get("timeZone") or "Etc/GMT")
            case "autoRecalc" | "defaultFormat" | "iterativeCalculationSettings" | "spreadsheetTheme":
                document.extra = {key: value for key, value in document.extra.items() if key != name}
                document.extra |= {name: given[name]} if given.get(name) else {}
            case _:
                raise bad(f"Invalid field: {name}")
    return None
