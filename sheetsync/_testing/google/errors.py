"""What went wrong goes in, the answer that Google gives goes out: status, body, headers.

The shapes marked "recorded" stand in recorded traffic of Google (gspread's cassettes, MIT); the others in the issue threads that
are named. Where the wording is only remembered, it says "unconfirmed": no test of the product may hang on it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

STATUS: Final = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
ERROR_INFO: Final = "type.googleapis.com/google.rpc.ErrorInfo"
BAD_REQUEST: Final = "type.googleapis.com/google.rpc.BadRequest"
HELP: Final = "type.googleapis.com/google.rpc.Help"


@dataclass(slots=True)
class Refusal(Exception):
    """An answer that is not 2xx. `body` is a document or a text (an HTML page)."""

    code: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    @property
    def message(self) -> str:
        if isinstance(self.body, dict) and isinstance(self.body.get("error"), dict):
            return str(self.body["error"].get("message", ""))
        return str(self.body)


def refusal(code: int, message: str, *, status: str = "", details: list[dict[str, Any]] | None = None) -> Refusal:
    """An error of the Sheets API. Recorded: `details` is absent where there is none."""
    error: dict[str, Any] = {"code": code, "message": message, "status": status or STATUS[code]}
    if details:
        error["details"] = details
    return Refusal(code, {"error": error})


def bad(message: str) -> Refusal:
    """400 INVALID_ARGUMENT. Recorded, for instance: "Invalid requests[0].updateSheetProperties: You can't hide all …"."""
    return refusal(400, message)


def violation(where: str, description: str) -> Refusal:
    """400 with the field that is wrong. Recorded: Invalid value at 'data.values' (…ListValue), "X"."""
    details = [{"@type": BAD_REQUEST, "fieldViolations": [{"field": where, "description": description}]}]
    return refusal(400, description, details=details)


def unknown_name(name: str, where: str) -> Refusal:
    """400 for a field that does not exist; `where` may be empty (the root of the body)."""
    at = f" at '{where}'" if where else ""
    description = f'Invalid JSON payload received. Unknown name "{name}"{at}: Cannot find field.'
    violated = {"description": description} | ({"field": where} if where else {})
    return refusal(400, description, details=[{"@type": BAD_REQUEST, "fieldViolations": [violated]}])


def bad_token() -> Refusal:
    """401 for an access token that is unknown, expired or revoked. Unconfirmed wording."""
    return refusal(
        401,
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
        "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
    )


def not_shared() -> Refusal:
    """403, recorded: the spreadsheet exists and this identity may not do that."""
    return refusal(403, "The caller does not have permission")


def no_scope() -> Refusal:
    """403: the token was not given the scope (gspread #512, #513, in the newer shape)."""
    info = {
        "@type": ERROR_INFO,
        "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        "domain": "googleapis.com",
        "metadata": {"service": "sheets.googleapis.com"},
    }
    return refusal(403, "Request had insufficient authentication scopes.", details=[info])


def no_scope_drive() -> Refusal:
    """403 in Drive's shape (gspread #512)."""
    return drive(403, "insufficientPermissions", "Insufficient Permission")


def disabled() -> Refusal:
    """403: the Sheets API is not enabled in the project. Unconfirmed wording."""
    where = "https://console.developers.google.com/apis/api/sheets.googleapis.com/overview?project=123456789"
    info = {
        "@type": ERROR_INFO,
        "reason": "SERVICE_DISABLED",
        "domain": "googleapis.com",
        "metadata": {"service": "sheets.googleapis.com", "consumer": "projects/123456789"},
    }
    message = (
        f"Google Sheets API has not been used in project 123456789 before or it is disabled. Enable it by visiting {where} "
        "then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry."
    )
    links = {"@type": HELP, "links": [{"description": "Google developers console API activation", "url": where}]}
    return refusal(403, message, details=[links, info])


def not_found() -> Refusal:
    """404, recorded."""
    return refusal(404, "Requested entity was not found.")


def not_a_sheet() -> Refusal:
    """400 for an .xlsx that lies in Drive (gspread #728, #732)."""
    return refusal(400, "This operation is not supported for this document", status="FAILED_PRECONDITION")


def over_quota(what: Literal["read", "write"], *, per_user: bool, limit: int, project: str) -> Refusal:
    """429. The project's form verbatim from n8n #16750, the user's names from schematic #453; unit and value of the latter
    are extrapolated."""
    title = "Read" if what == "read" else "Write"
    user = " per user" if per_user else ""
    name = f"{title}RequestsPerMinutePer{'User' if per_user else 'Project'}"
    info = {
        "@type": ERROR_INFO,
        "reason": "RATE_LIMIT_EXCEEDED",
        "domain": "googleapis.com",
        "metadata": {
            "quota_metric": f"sheets.googleapis.com/{what}_requests",
            "quota_limit": name,
            "quota_unit": "1/min/{project}/{user}" if per_user else "1/min/{project}",
            "quota_limit_value": str(limit),
            "quota_location": "global",
            "service": "sheets.googleapis.com",
            "consumer": f"projects/{project}",
        },
    }
    links = {
        "@type": HELP,
        "links": [
            {
                "description": "Request a higher quota limit.",
                "url": "https://cloud.google.com/docs/quotas/help/request_increase",
            }
        ],
    }
    return refusal(
        429,
        f"Quota exceeded for quota metric '{title} requests' and limit '{title} requests per minute{user}' of service "
        f"'sheets.googleapis.com' for consumer 'project_number:{project}'.",
        details=[info, links],
    )


def drive(code: int, reason: str, message: str, *, domain: str = "global") -> Refusal:
    """An error in Drive's older shape."""
    errors = [{"domain": domain, "reason": reason, "message": message}]
    return Refusal(code, {"error": {"errors": errors, "code": code, "message": message}})


def no_storage() -> Refusal:
    """403: a service account has no storage and cannot own a file (gspread #1592)."""
    return drive(403, "storageQuotaExceeded", "The user's Drive storage quota has been exceeded.", domain="usageLimits")


def invalid_grant(description: str = "Token has been expired or revoked.") -> Refusal:
    """400 of the token endpoint: the refresh token is gone, or the key, or the clock is wrong."""
    return Refusal(400, {"error": "invalid_grant", "error_description": description})


def page(code: int, title: str) -> Refusal:
    """An HTML page where JSON was expected (gspread #1563)."""
    text = f"<!DOCTYPE html><html lang=en><title>Error {code} ({title})!!1</title><p><b>{code}.</b> That’s an error."
    return Refusal(code, text, {"Content-Type": "text/html; charset=UTF-8"})


Fault: TypeAlias = Literal[
    "quota",
    "quota of the project",
    "internal",
    "bad gateway",
    "unavailable",
    "not shared",
    "no scope",
    "disabled",
    "no storage",
    "bad request",
    "not found",
    "not a sheet",
    "bad token",
    "invalid grant",
    "cut before",
    "cut after",
]
"""What `FakeGoogle.fail` can make of a call. `cut before` and `cut after` close the connection before or after it took effect."""


def fault(name: Fault, *, kind: str, project: str) -> Refusal | None:
    """The answer of a named fault; None for the two that give no answer."""
    what: Literal["read", "write"] = "write" if kind == "write" else "read"
    match name:
        case "quota":
            return over_quota(what, per_user=True, limit=60, project=project)
        case "quota of the project":
            return over_quota(what, per_user=False, limit=300, project=project)
        case "internal":
            return refusal(500, "Internal error encountered.")
        case "bad gateway":
            return page(502, "Server Error")
        case "unavailable":
            return refusal(503, "The service is currently unavailable.")
        case "not shared":
            return not_shared()
        case "no scope":
            return no_scope_drive() if kind == "drive" else no_scope()
        case "disabled":
            return disabled()
        case "no storage":
            return no_storage()
        case "bad request":
            return bad("Request contains an invalid argument.")
        case "not found":
            return not_found()
        case "not a sheet":
            return not_a_sheet()
        case "bad token":
            return bad_token()
        case "invalid grant":
            return invalid_grant()
        case "cut before" | "cut after":
            return None


def as_bytes(body: Any) -> bytes:
    """A body as it is sent: JSON (Google's is indented, which takes ten times as long here), a text as it is, None as nothing."""
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    return json.dumps(body, ensure_ascii=False).encode()
