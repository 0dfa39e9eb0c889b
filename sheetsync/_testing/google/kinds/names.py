"""Requests about named ranges and protected ranges."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from sheetsync._testing.google import a1, masks
from sheetsync._testing.google.asked import Asked
from sheetsync._testing.google.document import Document
from sheetsync._testing.google.errors import bad
from sheetsync._testing.google.kinds.base import Reply, kind, mask_of, required
from sheetsync._testing.google.reading import may_edit

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,249}")


def own_range(document: Document, given: Mapping[str, Any]) -> dict[str, Any]:
    """A GridRange as it is kept: on a tab that exists, a zero sheet left out."""
    tab = document.tab(int(given.get("sheetId") or 0))
    return a1.grid_range(tab.sheet_id, a1.from_grid_range(given))


def _checked(document: Document, name: str, *, but: str = "") -> None:
    if not _NAME.fullmatch(name) or name.upper() in {"TRUE", "FALSE"} or a1.area(name) is not None:
        raise bad(f"The name of the named range is not valid: {name}")
    if any(key != but and named["name"].casefold() == name.casefold() for key, named in document.names.items()):
        raise bad(f'A named range with the name "{name}" already exists.')


@kind("addNamedRange", "namedRange")
def add_named_range(asked: Asked, request: Mapping[str, Any]) -> Reply:
    document, given = asked.document, required(request, "namedRange")
    _checked(document, str(given.get("name") or ""))
    number = given.get("namedRangeId") or str(document.new_number(set()))
    if number in document.names:
        raise bad(f"A named range with the id {number} already exists.")
    named = {"namedRangeId": number, "name": given["name"], "range": own_range(document, required(given, "range"))}
    document.names[number] = named
    return {"addNamedRange": {"namedRange": named}}


@kind("updateNamedRange", "fields", "namedRange")
def update_named_range(asked: Asked, request: Mapping[str, Any]) -> Reply:
    tree, given, document = mask_of(request), required(request, "namedRange"), asked.document
    number = given.get("namedRangeId") or ""
    old = document.names.get(number)
    if old is None:
        raise bad(f"No named range with id: {number}")
    new = dict(old)
    for name in tree or ("name", "range"):
        if name == "name":
            _checked(document, str(given.get("name") or ""), but=number)
            new["name"] = given["name"]
        elif name == "range":
            new["range"] = own_range(document, required(given, "range"))
        elif name != "namedRangeId":
            raise bad(f"Invalid field: {name}")
    document.names[number] = new
    return None


@kind("deleteNamedRange", "namedRangeId")
def delete_named_range(asked: Asked, request: Mapping[str, Any]) -> Reply:
    number = request.get("namedRangeId") or ""
    if number not in asked.document.names:
        raise bad(f"No named range with id: {number}")
    del asked.document.names[number]
    return None


_PROTECTED: Final = frozenset({"description", "editors", "range", "unprotectedRanges", "warningOnly", "namedRangeId", "tableId"})


@kind("addProtectedRange", "protectedRange")
def add_protected_range(asked: Asked, request: Mapping[str, Any]) -> Reply:
    """The reply shows the editors as given; read again, the owner stands among them (recorded)."""
    document, given = asked.document, required(request, "protectedRange")
    new = {name: value for name, value in given.items() if name in _PROTECTED and value}
    where = own_range(document, given.get("range") or {})
    tab = document.tab(where.get("sheetId", 0))
    taken = {one["protectedRangeId"] for sheet in document.tabs for one in sheet.protected}
    wanted = given.get("protectedRangeId")
    if wanted in taken:
        raise bad(f"A protected range with the id {wanted} already exists.")
    new |= {"protectedRangeId": wanted or document.new_number(taken), "range": where}
    editors = {name: list(value) for name, value in (given.get("editors") or {}).items() if value}
    if asked.who != document.owner and not new.get("warningOnly"):
        editors["users"] = list(dict.fromkeys([*editors.get("users", []), asked.who]))
    new["editors"] = editors if not new.get("warningOnly") else {}
    tab.protected.append(new)
    shown = {name: value for name, value in new.items() if name != "editors"}
    return {"addProtectedRange": {"protectedRange": shown | {"requestingUserCanEdit": True, "editors": new["editors"]}}}


@kind("updateProtectedRange", "fields", "protectedRange")
def update_protected_range(asked: Asked, request: Mapping[str, Any]) -> Reply:
    tree, given = mask_of(request), required(request, "protectedRange")
    tab, at = _protected(asked, given.get("protectedRangeId"))
    old = tab.protected[at]
    whole: masks.Tree = {name: {} for name in _PROTECTED}
    for name in tree:
        if name not in _PROTECTED:
            raise bad(f"Invalid field: {name}")
    new = masks.write(old, {name: value for name, value in given.items() if value}, tree or whole)
    new["range"] = own_range(asked.document, new.get("range") or old.get("range") or {})
    home = asked.document.tab(new["range"].get("sheetId", 0))
    if home is tab:
        tab.protected[at] = new
    else:
        del tab.protected[at]
        home.protected.append(new)
    return None


@kind("deleteProtectedRange", "protectedRangeId")
def delete_protected_range(asked: Asked, request: Mapping[str, Any]) -> Reply:
    tab, at = _protected(asked, request.get("protectedRangeId"))
    del tab.protected[at]
    return None


def _protected(asked: Asked, number: Any) -> tuple[Any, int]:
    for tab in asked.document.tabs:
        for at, one in enumerate(tab.protected):
            if one["protectedRangeId"] == number:
                if not may_edit(one, asked.document, asked.who):
                    raise bad("You do not have permission to change this protected range.")
                return tab, at
    raise bad(f"No protected range with id: {number}")
