"""Places in a spreadsheet go in, their cells come out: one call a spreadsheet, by titles that are looked up once and kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from urllib.parse import quote

from sheetsync.connectors._cells import names_of
from sheetsync.connectors._google_cells import FIELDS, Area, area_of
from sheetsync.connectors._together import together
from sheetsync.connectors.base import Lookups, walk
from sheetsync.errors import LinkError, NoSuchMetric, NotFound, UnexpectedReply
from sheetsync.model import Resource
from sheetsync.web.http import Web

MAX_BYTES: Final = 30_000_000
"""A cell takes about a hundred bytes of JSON."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where on which worksheet: by its id or its title, "" where the link names neither."""

    gid: str
    title: str
    area: Area | None

    @classmethod
    def of(cls, resource: Resource) -> Place:
        given = dict(resource.params)
        return cls(given.get("gid", ""), given.get("sheet", ""), area_of(given["range"]) if "range" in given else None)


@dataclass(frozen=True, slots=True)
class Questions:
    """What one account asks."""

    base: str
    lookups: Lookups

    def get(self, web: Web, spreadsheet: str, params: Sequence[tuple[str, str]], *, once: bool = False) -> Any:
        url = f"{self.base}/v4/spreadsheets/{quote(spreadsheet, safe='')}"
        return web.get_json(url, params=[*params, ("prettyPrint", "false")], max_bytes=MAX_BYTES, once=once)

    def cells_of(self, web: Web, group: Sequence[Resource]) -> Mapping[Resource, Any | LinkError]:
        try:
            return self._ranges(web, group)
        except (NotFound, NoSuchMetric, UnexpectedReply):
            if len(group) == 1:
                raise
        return together(([resource], partial(self._ranges, web, [resource])) for resource in group)

    def _ranges(self, web: Web, resources: Sequence[Resource]) -> dict[Resource, Any]:
        """The cells of each resource, all of one spreadsheet. Raises LinkError for the whole call."""
        places = {resource: Place.of(resource) for resource in resources}
        kept = {place.gid: self.lookups.get(f"{resources[0].id}/{place.gid}") for place in places.values() if place.gid}
        if all(place.title or kept.get(place.gid) for place in places.values()):
            try:
                return self._cells(web, places, kept)
            except (NotFound, UnexpectedReply):
                if not kept:
                    raise  # else a worksheet may have been renamed since its title was kept
        return self._cells(web, places, self._titles(web, resources[0].id, places.values()))

    def _cells(self, web: Web, places: Mapping[Resource, Place], titles: Mapping[str, str | None]) -> dict[Resource, Any]:
        asked: dict[Resource, tuple[str, str]] = {}
        for resource, place in places.items():
            title = place.title or titles[place.gid] or ""
            asked[resource] = (title, "'" + title.replace("'", "''") + "'" + (f"!{place.area}" if place.area else ""))
        ranges = list(dict.fromkeys(text for _, text in asked.values()))
        spreadsheet = next(iter(places)).id
        answer = self.get(web, spreadsheet, [*(("ranges", text) for text in ranges), ("fields", FIELDS)])
        sheets = walk(answer, "sheets")
        found = {}
        for resource, (title, text) in asked.items():
            sheet = next((one for one in sheets if _same(walk(one, "properties.title"), title)), None)
            gid = places[resource].gid
            if sheet is None or (gid and not places[resource].title and _gid(sheet) != gid):
                raise UnexpectedReply("Google Sheets answered with another worksheet than the one asked for.")
            of_sheet = [one for one in ranges if one in {text for name, text in asked.values() if _same(name, title)}]
            data = sheet.get("data")
            if not isinstance(data, list) or len(data) != len(of_sheet):
                raise UnexpectedReply("Google Sheets answered with other cells than those asked for.")
            found[resource] = data[of_sheet.index(text)]
        return found

    def _titles(self, web: Web, spreadsheet: str, places: Collection[Place]) -> dict[str, str | None]:
        """The titles of the worksheets by their ids, as they are now; "" for the only one. Raises NotFound, NoSuchMetric."""
        fields = "sheets.properties(sheetId,title,sheetType,hidden)"
        answer = self.get(web, spreadsheet, [("fields", fields)], once=True)
        listed = [one for one in walk(answer, "sheets") if one["properties"].get("sheetType", "GRID") == "GRID"]
        titles: dict[str, str | None] = {_gid(one): str(walk(one, "properties.title")) for one in listed}
        for place in places:
            if place.gid and place.gid not in titles:
                raise NotFound(
                    "This spreadsheet has no worksheet with the number {gid} any more.", gid=place.gid,
                    advice="It was deleted, or holds only a chart: open the right worksheet and copy its address.",
                )  # fmt: skip
            if place.gid and self.lookups.get(f"{spreadsheet}/{place.gid}") != titles[place.gid]:
                self.lookups.put(f"{spreadsheet}/{place.gid}", titles[place.gid] or "")
        seen = [walk(one, "properties.title") for one in listed if not one["properties"].get("hidden")]
        if any(not place.gid and not place.title for place in places):
            if len(seen) != 1:
                raise NoSuchMetric(
                    "This workbook has several worksheets: {names}.", names=names_of(seen),
                    advice="Add sheet=NAME behind the link.",
                )  # fmt: skip
            titles[""] = seen[0]
        return titles


def _same(title: Any, other: str) -> bool:
    """Two titles of one spreadsheet differ in more than their capitals."""
    return str(title).casefold() == other.casefold()


def _gid(sheet: Any) -> str:
    return str(walk(sheet, "properties").get("sheetId", 0))  # zero may be left out
