"""An address of Dynamics 365, a measure or an answer of Dataverse goes in, what it means comes out."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qsl, quote

from sheetsync import links
from sheetsync.connectors._dataverse import COLUMN, MEASURES, RecordLimit
from sheetsync.connectors.base import walk_or_none
from sheetsync.errors import AccessDenied, LinkError, NoSuchMetric, NotFound
from sheetsync.model import Link
from sheetsync.web.http import Reply

_READ: Final = frozenset({"pagetype", "etn", "viewid", "viewtype", "id"})


def meaning(reply: Reply) -> LinkError | None:
    """What an answer means where its status does not say."""
    if not 400 <= reply.status < 500 or reply.status == 401:
        return None
    code = _code(reply)
    if code == "0x8004e023":
        return RecordLimit("This view has more records than Dataverse adds up.")
    if code == "0x80072560":
        return AccessDenied(
            "This organisation of Dynamics 365 does not know the app of this account.",
            advice="Ask an administrator of it to create an application user for it, with a role that may read.",
        )
    if reply.status == 404 and "/userqueries(" in reply.path:
        return NotFound(
            "This personal view is not shared with the application user, or is gone.",
            advice="Paste the address of a system view, or share the view with the application user.",
        )
    return None


def plain(link: Link) -> Link:
    """The link with the parameters that say something, in small letters and without braces; old addresses have them behind #."""
    try:
        address = links.split(link.url)
    except LinkError:
        return link
    given: dict[str, str] = {}
    for name, value in (*address.query, *parse_qsl(address.fragment)):
        if name.casefold() in _READ:
            given.setdefault(name.casefold(), value.casefold().strip("{}"))
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in given.items())
    return Link(f"{address.origin}{address.path}?{query}", link.options)


def measure_of(text: str) -> str:
    """`count`, or `sum(actualvalue_base)` and its like. Raises NoSuchMetric."""
    if text in {"", "count"}:
        return "count"
    match = re.fullmatch(rf"(\w+)\s*\(\s*({COLUMN})\s*\)", text)
    if match is None or match[1] not in MEASURES or match[1] == "count":
        raise NoSuchMetric(
            "A view has the measures count, sum(column), mean(column), min(column), max(column), distinct(column)."
        )
    return f"{match[1]}({match[2]})"


def _code(reply: Reply) -> str:
    try:
        return str(walk_or_none(reply.json(), "error.code") or "").casefold()
    except LinkError:
        return ""
