"""A method and a path go in, the endpoint goes out: its function, its kind for the quota, and the role that it needs."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import unquote

from sheetsync._testing.google import drive, oauth, sheets_api, values, values_append, values_by_filter
from sheetsync._testing.google.asked import Asked
from sheetsync._testing.google.state import CallKind


class Route(NamedTuple):
    """`role` is what the identity must be on the document of the path; None where the path has none."""

    method: str
    path: re.Pattern[str]
    kind: CallKind
    role: Literal["reader", "writer", "owner"] | None
    run: Callable[[Asked], Any]
    masked: bool


def _route(
    method: str,
    path: str,
    kind: CallKind,
    role: Literal["reader", "writer", "owner"] | None,
    run: Callable[[Asked], Any],
    *,
    masked: bool = True,
) -> Route:
    pattern = re.escape(path).replace(r"\{", "{").replace(r"\}", "}")
    pattern = pattern.replace("{range}", "(?P<range>[^/]+?)")
    pattern = re.sub(r"\{([a-z]+)\}", r"(?P<\1>[^/:]+)", pattern)
    return Route(method, re.compile(pattern), kind, role, run, masked)


_SHEETS: Final = "/v4/spreadsheets/{id}"
_FILES: Final = "/drive/v3/files"

ROUTES: Final = (
    _route("POST", "/v4/spreadsheets", "write", None, sheets_api.create, masked=False),
    _route("GET", _SHEETS, "read", "reader", sheets_api.get, masked=False),
    _route("POST", f"{_SHEETS}:getByDataFilter", "read", "reader", sheets_api.get_by_filter, masked=False),
    _route("POST", f"{_SHEETS}:batchUpdate", "write", "writer", sheets_api.batch_update),
    _route("POST", f"{_SHEETS}/sheets/{{sheet}}:copyTo", "write", "reader", sheets_api.copy_to),
    _route("POST", f"{_SHEETS}/developerMetadata:search", "read", "reader", sheets_api.metadata_search),
    _route("GET", f"{_SHEETS}/developerMetadata/{{metadata}}", "read", "reader", sheets_api.metadata_get),
    _route("GET", f"{_SHEETS}/values:batchGet", "read", "reader", values.batch_get),
    _route("POST", f"{_SHEETS}/values:batchUpdate", "write", "writer", values.batch_update),
    _route("POST", f"{_SHEETS}/values:batchClear", "write", "writer", values.batch_clear),
    _route("POST", f"{_SHEETS}/values:batchGetByDataFilter", "read", "reader", values_by_filter.batch_get),
    _route("POST", f"{_SHEETS}/values:batchUpdateByDataFilter", "write", "writer", values_by_filter.batch_update),
    _route("POST", f"{_SHEETS}/values:batchClearByDataFilter", "write", "writer", values_by_filter.batch_clear),
    _route("POST", f"{_SHEETS}/values/{{range}}:append", "write", "writer", values_append.append),
    _route("POST", f"{_SHEETS}/values/{{range}}:clear", "write", "writer", values.clear),
    _route("GET", f"{_SHEETS}/values/{{range}}", "read", "reader", values.get),
    _route("PUT", f"{_SHEETS}/values/{{range}}", "write", "writer", values.update),
    _route("POST", _FILES, "drive", None, drive.create, masked=False),
    _route("GET", _FILES, "drive", None, drive.listed),
    _route("GET", f"{_FILES}/{{id}}", "drive", "reader", drive.get, masked=False),
    _route("PATCH", f"{_FILES}/{{id}}", "drive", "writer", drive.update, masked=False),
    _route("DELETE", f"{_FILES}/{{id}}", "drive", "owner", drive.delete),
    _route("POST", f"{_FILES}/{{id}}/copy", "drive", "reader", drive.copy, masked=False),
    _route("GET", f"{_FILES}/{{id}}/export", "drive", "reader", drive.export),
    _route("GET", f"{_FILES}/{{id}}/comments", "drive", "reader", drive.comments),
    _route("POST", f"{_FILES}/{{id}}/comments", "drive", "reader", drive.comment),
    _route("GET", f"{_FILES}/{{id}}/permissions", "drive", "writer", drive.permissions),
    _route("POST", f"{_FILES}/{{id}}/permissions", "drive", "writer", drive.permit),
    _route("DELETE", f"{_FILES}/{{id}}/permissions/{{permission}}", "drive", "writer", drive.forbid),
    _route("POST", f"{_FILES}/{{id}}/watch", "drive", "reader", drive.watch),
    _route("POST", "/drive/v3/changes/watch", "drive", None, drive.watch),
    _route("POST", "/drive/v3/channels/stop", "drive", None, drive.stop),
    _route("PUT", "/upload/drive/v2/files/{id}", "drive", "writer", drive.upload_csv),
    _route("POST", "/token", "token", None, oauth.token),
)


def find(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """The route of a raw path, with its variable parts decoded. Their order decides: `values:batchGet` is no range."""
    for route in ROUTES:
        if route.method == method:
            found = route.path.fullmatch(path)
            if found is not None:
                return route, {name: unquote(part) for name, part in found.groupdict().items()}
    return None
