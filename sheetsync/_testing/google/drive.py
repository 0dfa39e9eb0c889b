"""The calls on files: create, get, list, copy, delete, export, comments, permissions, channels, and the old upload of a CSV."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from datetime import UTC, datetime
from typing import Any, Final

from sheetsync._testing.google import drive_v2 as v2
from sheetsync._testing.google import entering, masks
from sheetsync._testing.google.asked import Asked
from sheetsync._testing.google.document import SPREADSHEET, Document, Tab
from sheetsync._testing.google.errors import drive as drive_error
from sheetsync._testing.google.errors import no_storage
from sheetsync._testing.google.formulas import Calculation
from sheetsync._testing.google.reading import text

SHORT: Final = ("kind", "id", "name", "mimeType")
"""What Drive gives where no fields are asked for (recorded)."""


def _moment(seconds: float) -> str:
    when = datetime.fromtimestamp(seconds, tz=UTC)
    return when.strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03}Z"


def permission_id(who: str) -> str:
    """The number that stands for an e-mail address; the same one on every file, as in Drive."""
    return "anyoneWithLink" if who == "anyone" else str(int(hashlib.sha256(who.encode()).hexdigest()[:16], 16)).rjust(20, "0")


def resource(asked: Asked, document: Document) -> dict[str, Any]:
    """A File. `modifiedTime` lags where the stand-in was told so: Drive's stands still for about three minutes
    (google-api-go-client #444)."""
    lag = asked.state.drive_lag
    modified = document.modified if asked.state.clock() - document.modified >= lag else document.created
    return {
        "kind": "drive#file",
        "id": document.id,
        "name": document.title,
        "mimeType": document.mime,
        "createdTime": _moment(document.created),
        "modifiedTime": _moment(modified),
        "trashed": False,
        "webViewLink": f"https://docs.google.com/spreadsheets/d/{document.id}/edit?usp=drivesdk",
        "ownedByMe": asked.who == document.owner,
        "owners": [{"kind": "drive#user", "displayName": document.owner, "emailAddress": document.owner}],
    }


def _shown(asked: Asked, document: Document) -> dict[str, Any]:
    whole, mask = resource(asked, document), asked.fields()
    return dict(masks.cut(whole, masks.parse(mask))) if mask else {name: whole[name] for name in SHORT}


def owns_files(asked: Asked) -> None:
    """Refuses a service account: it has no storage (gspread #1592)."""
    if asked.who in asked.state.keys:
        raise no_storage()


def create(asked: Asked) -> dict[str, Any]:
    """POST drive/v3/files"""
    body = asked.body or {}
    owns_files(asked)
    document = asked.state.new_document(body.get("name") or "Untitled", asked.who)
    document.mime = body.get("mimeType") or SPREADSHEET
    return _shown(asked, document)


def get(asked: Asked) -> dict[str, Any]:
    """GET drive/v3/files/{id}"""
    return _shown(asked, asked.document)


def update(asked: Asked) -> dict[str, Any]:
    """PATCH drive/v3/files/{id}: the name"""
    asked.document.title = (asked.body or {}).get("name") or asked.document.title
    asked.state.touched(asked.document)
    return _shown(asked, asked.document)


_TERM: Final = re.compile(
    r"""\s*(?P<field>\w+)\s*(?P<sign>=|!=|contains)\s*(?P<value>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\w+)\s*"""
)


def listed(asked: Asked) -> dict[str, Any]:
    """GET drive/v3/files: `q` with terms on name, mimeType and trashed, joined by `and`."""
    found = [document for document in asked.state.documents.values() if asked.state.role(document, asked.who)]
    query = asked.one("q")
    for part in re.split(r"\s+and\s+", query) if query else []:
        inside = re.fullmatch(r"\s*(['\"])[^'\"]*\1\s+in\s+parents\s*", part)
        term = _TERM.fullmatch(part)
        if term is None and inside is None:
            raise drive_error(400, "invalid", f"Invalid Value: q={query}")
        if term is not None:
            value = re.sub(r"\\(.)", r"\1", term["value"].strip("'\""))
            found = [one for one in found if _fits(one, term["field"], term["sign"], value)]
    found.sort(key=lambda one: one.modified, reverse=True)
    size = int(asked.one("pageSize") or 100)
    start = int(asked.one("pageToken") or 0)
    more = {"nextPageToken": str(start + size)} if start + size < len(found) else {}
    return {"kind": "drive#fileList"} | more | {"files": [resource(asked, one) for one in found[start : start + size]]}


def _fits(document: Document, field: str, sign: str, value: str) -> bool:
    held = {"name": document.title, "mimeType": document.mime, "trashed": "false"}.get(field, "").casefold()
    value = value.casefold()
    return value in held if sign == "contains" else (held == value) is (sign == "=")


def delete(asked: Asked) -> None:
    """DELETE drive/v3/files/{id}: 204 and no body (recorded)"""
    del asked.state.documents[asked.document.id]
    asked.state.deleted[asked.document.id] = True


def copy(asked: Asked) -> dict[str, Any]:
    """POST drive/v3/files/{id}/copy: with everything, shared with nobody"""
    owns_files(asked)
    name = (asked.body or {}).get("name") or f"Copy of {asked.document.title}"
    new = asked.state.new_document(name, asked.who, tabs=[])
    twin = asked.document.snapshot()
    for field in ("tabs", "names", "time_zone", "locale", "extra", "anchors", "mime"):
        setattr(new, field, getattr(twin, field))
    return _shown(asked, new)


def export(asked: Asked) -> str:
    """GET drive/v3/files/{id}/export: the first tab as CSV or TSV"""
    kinds = {"text/csv": ",", "text/tab-separated-values": "\t"}
    mime = asked.one("mimeType")
    if mime not in kinds:
        raise drive_error(400, "badRequest", f"The requested conversion is not supported: {mime}")
    tab, out = asked.document.tabs[0], io.StringIO()
    calculation, used = Calculation(asked.document), tab.used()
    writer = csv.writer(out, delimiter=kinds[mime], lineterminator="\r\n")
    for row in range(used.bottom):
        writer.writerow(text(tab.cell(row, column), calculation.value(tab, row, column)) for column in range(used.right))
    return out.getvalue().removesuffix("\r\n")


def comments(asked: Asked) -> dict[str, Any]:
    """GET drive/v3/files/{id}/comments"""
    return {"comments": asked.document.comments}


def comment(asked: Asked) -> dict[str, Any]:
    """POST drive/v3/files/{id}/comments"""
    body = asked.body or {}
    new = {"id": str(len(asked.document.comments) + 1)} | {name: body[name] for name in ("content", "anchor") if body.get(name)}
    asked.document.comments.append(new)
    return {"kind": "drive#comment"} | new


def _permission(who: str, role: str) -> dict[str, Any]:
    found = {"kind": "drive#permission", "id": permission_id(who), "type": "anyone" if who == "anyone" else "user", "role": role}
    return found if who == "anyone" else found | {"emailAddress": who, "displayName": who, "deleted": False}


def permissions(asked: Asked) -> dict[str, Any]:
    """GET drive/v3/files/{id}/permissions"""
    held = {asked.document.owner: "owner"} | asked.document.access
    return {"kind": "drive#permissionList", "permissions": [_permission(who, role) for who, role in held.items()]}


def permit(asked: Asked) -> dict[str, Any]:
    """POST drive/v3/files/{id}/permissions"""
    body = asked.body or {}
    role, kind = body.get("role") or "", body.get("type") or ""
    if role not in {"reader", "commenter", "writer", "owner"} or kind not in {"user", "group", "domain", "anyone"}:
        raise drive_error(400, "invalid", "The permission type and role fields are required.")
    who = "anyone" if kind == "anyone" else str(body.get("emailAddress") or body.get("domain") or "")
    if not who:
        raise drive_error(400, "invalid", "The emailAddress field is required.")
    if role == "owner":
        asked.document.access[asked.document.owner] = "writer"
        asked.document.owner = who
        asked.document.access.pop(who, None)
    else:
        asked.document.access[who] = role
    return _permission(who, role)


def forbid(asked: Asked) -> None:
    """DELETE drive/v3/files/{id}/permissions/{permissionId}"""
    held = next((who for who in asked.document.access if permission_id(who) == asked.parts["permission"]), None)
    if held is None:
        raise drive_error(404, "notFound", f"Permission not found: {asked.parts['permission']}.")
    del asked.document.access[held]


def watch(asked: Asked) -> dict[str, Any]:
    """POST drive/v3/files/{id}/watch and changes/watch: the channel is noted; nothing is ever sent to it"""
    body = asked.body or {}
    if not body.get("id") or not str(body.get("address", "")).startswith("https://"):
        raise drive_error(400, "push.webhookUrlNotHttps", "WebHook callback must be HTTPS: " + str(body.get("address", "")))
    channel = {"kind": "api#channel", "id": body["id"], "resourceId": f"resource-{body['id']}"}
    asked.state.channels[body["id"]] = channel
    return channel


def stop(asked: Asked) -> None:
    """POST drive/v3/channels/stop"""
    if asked.state.channels.pop((asked.body or {}).get("id") or "", None) is None:
        raise drive_error(404, "notFound", "Channel not found.")


def upload_csv(asked: Asked) -> dict[str, Any]:
    """PUT upload/drive/v2/files/{id}: one tab, titled like the file; the grid stays 1000 x 26 and the zone becomes
    Los Angeles (recorded)."""
    document = asked.document
    rows = list(csv.reader(io.StringIO(asked.raw.decode())))
    tab = Tab.new(document.new_number(set()), document.title)
    tab.grow(len(rows), max((len(row) for row in rows), default=0))
    for at, row in enumerate(rows):
        for column, value in enumerate(row):
            tab.put(at, column, entering.write({}, value, as_typed=True, year=asked.year))
    document.tabs, document.names, document.time_zone = [tab], {}, "America/Los_Angeles"
    asked.state.touched(document)
    return v2.resource(document, asked.who, _moment(document.created), _moment(document.modified))
