"""A call below `/_fake/` goes in, what a test would do in Python is done: so a test in another process can do it too.

POST reset · POST seed {title, content, owner, share} · GET dump?id= · GET calls · GET quota?who= · POST token {who, scopes} ·
POST fail {kind, fault, times, after} · POST before {kind, n, requests} (a batchUpdate's requests, done by the owner) ·
POST batch {id, requests} · POST share {id, who, role} · POST latency {seconds}
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

from sheetsync._testing.google.a1 import Area
from sheetsync._testing.google.errors import Refusal
from sheetsync._testing.google.server import Answer
from sheetsync._testing.google.state import ALL_SCOPES

if TYPE_CHECKING:
    from sheetsync._testing.google.fake import FakeGoogle

PREFIX: Final = "/_fake/"


def answer(google: FakeGoogle, method: str, target: str, body: bytes) -> Answer | None:
    """The answer of a control call; None for a call that is none."""
    if not target.startswith(PREFIX):
        return None
    path, _, query = target.removeprefix(PREFIX).partition("?")
    asked = {name: found[-1] for name, found in parse_qs(query).items()}
    if body:
        asked |= json.loads(body)
    headers = {"Content-Type": "application/json; charset=UTF-8"}
    try:
        return Answer(200, _done(google, method, path, asked), headers)
    except (KeyError, TypeError, ValueError) as wrong:
        return Answer(400, {"error": f"{type(wrong).__name__}: {wrong}"}, headers)
    except Refusal as refused:
        return Answer(refused.code, refused.body, headers)


def _done(google: FakeGoogle, method: str, path: str, asked: dict[str, Any]) -> Any:
    match method, path:
        case "POST", "reset":
            google.reset()
        case "POST", "seed":
            content = {title: _cells(cells) for title, cells in (asked.get("content") or {}).items()}
            given = {name: asked[name] for name in ("owner", "share", "number", "mime") if name in asked}
            return {"id": google.seed(asked["title"], content, **given)}
        case "GET", "dump":
            return _dump(google, asked["id"])
        case "GET", "calls":
            return {"calls": [call.document() for call in google.calls], "reads": google.reads, "writes": google.writes}
        case "POST", "fail":
            google.fail(asked["kind"], asked["fault"], times=int(asked.get("times", 1)), after=int(asked.get("after", 0)))
        case "POST", "before":
            hook = google.before_read if asked["kind"] == "read" else google.before_write
            hook(int(asked["n"]), lambda book: book.batch(*asked["requests"]))
        case "POST", "batch":
            return {"replies": google.document(asked["id"]).batch(*asked["requests"])}
        case "POST", "share":
            book = google.document(asked["id"])
            if asked.get("role"):
                book.share(asked["who"], asked["role"])
            else:
                book.unshare(asked["who"])
        case "POST", "latency":
            google.latency = float(asked["seconds"])
        case "POST", "token":
            return {"access_token": google.token(asked["who"], scopes=tuple(asked.get("scopes", ALL_SCOPES)))}
        case "GET", "quota":
            who = asked.get("who", "")
            return {"reads": google.spent("read", who), "writes": google.spent("write", who)}
        case _:
            raise KeyError(f"{method} {path}")
    return {}


def _cells(cells: dict[str, Any]) -> dict[tuple[int, int], Any]:
    from sheetsync._testing.google import a1  # noqa: PLC0415 - for this alone

    found = {}
    for name, value in cells.items():
        area = (a1.area(name) or (Area(), False))[0]
        if area.top is None or area.left is None:
            raise ValueError(f"no cell: {name}")
        found[area.top + 1, area.left + 1] = value
    return found


def _dump(google: FakeGoogle, number: str) -> dict[str, Any]:
    from sheetsync._testing.google import reading  # noqa: PLC0415 - for this alone

    model = google.document(number).model
    return reading.spreadsheet(model, google.switches, who=model.owner, grid_data=True)
