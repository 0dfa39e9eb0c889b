"""A document goes in, the File of Drive's second version goes out: what the upload of a CSV answers (recorded)."""

from __future__ import annotations

from typing import Any, Final

from sheetsync._testing.google.document import Document

_EXPORTS: Final = {
    "application/x-vnd.oasis.opendocument.spreadsheet": "ods",
    "text/tab-separated-values": "tsv",
    "application/pdf": "pdf",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "text/csv": "csv",
    "application/zip": "zip",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
}


def resource(document: Document, who: str, created: str, modified: str) -> dict[str, Any]:
    """The fields that do not hang on an account."""
    export = f"https://docs.google.com/spreadsheets/export?id={document.id}&exportFormat="
    page = f"https://docs.google.com/spreadsheets/d/{document.id}"
    return {
        "kind": "drive#file",
        "id": document.id,
        "title": document.title,
        "mimeType": document.mime,
        "selfLink": f"https://www.googleapis.com/drive/v2/files/{document.id}",
        "alternateLink": f"{page}/edit?usp=drivesdk",
        "exportLinks": {mime: export + ending for mime, ending in _EXPORTS.items()},
        "ownerNames": [document.owner],
        "lastModifyingUserName": who,
        "editable": True,
        "writersCanShare": True,
        "copyable": True,
        "shared": bool(document.access),
        "explicitlyTrashed": False,
        "appDataContents": False,
        "copyRequiresWriterPermission": False,
        "spaces": ["drive"],
        "labels": {"viewed": True, "restricted": False, "starred": False, "hidden": False, "trashed": False},
        "createdDate": created,
        "modifiedDate": modified,
        "modifiedByMeDate": modified,
        "lastViewedByMeDate": modified,
        "markedViewedByMeDate": "1970-01-01T00:00:00.000Z",
        "fileSize": "1024",
        "quotaBytesUsed": "1024",
        "capabilities": {"canEdit": True, "canCopy": True},
    }
