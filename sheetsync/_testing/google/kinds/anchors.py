"""Requests about developer metadata: create, update, delete."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sheetsync._testing.google import metadata
from sheetsync._testing.google.asked import Asked
from sheetsync._testing.google.document import Anchor, Document, Tab
from sheetsync._testing.google.errors import bad
from sheetsync._testing.google.kinds.base import Reply, kind, mask_of, required
from sheetsync._testing.google.metadata import Entries, Found


def hung(document: Document, tab: Tab | None, dimension: str, at: int) -> tuple[Anchor, ...]:
    if tab is None:
        return document.anchors
    return tab.lines(dimension)[at].anchors if dimension else tab.anchors


def hang(document: Document, tab: Tab | None, dimension: str, at: int, anchors: tuple[Anchor, ...]) -> None:
    """Puts entries where they hang: on the document, a tab, or a line."""
    if tab is None:
        document.anchors = anchors
    elif dimension:
        tab.lines(dimension)[at].anchors = anchors
    else:
        tab.anchors = anchors


def _spent(document: Document, tab: Tab | None) -> int:
    """Characters of keys and values on a sheet, or on the spreadsheet itself."""
    return sum(_length(found.anchor) for found in metadata.everything(document) if found.tab is tab)


def _length(anchor: Anchor) -> int:
    return len(anchor.key) + len(anchor.value or "")


def _afford(asked: Asked, spent: int) -> None:
    budget = asked.state.switches.metadata_budget
    if spent > budget:
        raise bad(f"The developer metadata of this location would be over the limit of {budget} characters.")


@kind("createDeveloperMetadata", "developerMetadata")
def create(asked: Asked, request: Mapping[str, Any]) -> Reply:
    """An id may be given, else one is chosen; key and visibility are required (documented)."""
    document, given = asked.document, required(request, "developerMetadata")
    if not given.get("metadataKey"):
        raise bad("metadataKey must be specified")
    if given.get("visibility") not in metadata.VISIBILITIES:
        raise bad("visibility must be specified")
    tab, dimension, at = metadata.placed(document, required(given, "location"))
    if "taken" not in asked.known:
        asked.known["taken"] = metadata.taken(document)
    taken, number = asked.known["taken"], given.get("metadataId")
    if number is not None and (int(number) <= 0 or int(number) in taken):
        raise bad(f"Developer metadata with the id {number} already exists or the id is not positive.")
    anchor = Anchor(
        int(number or document.new_number(taken)), given["metadataKey"], given.get("metadataValue"), given["visibility"]
    )
    hang(document, tab, dimension, at, (*hung(document, tab, dimension, at), anchor))
    taken.add(anchor.number)
    purse = ("spent", None if tab is None else tab.sheet_id)
    spent = asked.known[purse] + _length(anchor) if purse in asked.known else _spent(document, tab)
    asked.known[purse] = spent
    _afford(asked, spent)
    found = Found(anchor, tab, dimension, at)
    return {"createDeveloperMetadata": {"developerMetadata": found.document()}}


@kind("updateDeveloperMetadata", "dataFilters", "developerMetadata", "fields")
def update(asked: Asked, request: Mapping[str, Any]) -> Reply:
    tree, given, document = mask_of(request), request.get("developerMetadata") or {}, asked.document
    entries = Entries(document)
    filters = request.get("dataFilters") or []
    selected = {
        found.anchor.number: found
        for at, one in enumerate(filters)
        for found in metadata.search(entries, one, f"data_filters[{at}]")
    }
    changed = []
    for found in selected.values():
        new, place = found.anchor, (found.tab, found.dimension, found.at)
        for name in tree or ("metadataKey", "metadataValue", "visibility", "location"):
            match name:
                case "metadataKey":
                    new = replace(new, key=required(given, "metadataKey"))
                case "metadataValue":
                    new = replace(new, value=given.get("metadataValue"))
                case "visibility":
                    new = replace(new, visibility=required(given, "visibility"))
                case "location":
                    place = metadata.placed(document, required(given, "location"))
                case _:
                    raise bad(f"Invalid field: {name}")
        _take_off(document, found)
        hang(document, *place, (*hung(document, *place), new))
        _afford(asked, _spent(document, place[0]))
        changed.append(Found(new, *place).document())
    return {"updateDeveloperMetadata": {"developerMetadata": changed} if changed else {}}


@kind("deleteDeveloperMetadata", "dataFilter")
def delete(asked: Asked, request: Mapping[str, Any]) -> Reply:
    selected = metadata.search(Entries(asked.document), required(request, "dataFilter"), "data_filter")
    for found in selected:
        _take_off(asked.document, found)
    gone = [found.document() for found in selected]
    return {"deleteDeveloperMetadata": {"deletedDeveloperMetadata": gone} if gone else {}}


def _take_off(document: Document, found: Found) -> None:
    place = (found.tab, found.dimension, found.at)
    hang(document, *place, tuple(one for one in hung(document, *place) if one.number != found.anchor.number))
