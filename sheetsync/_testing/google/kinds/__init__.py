"""The requests of a batchUpdate go in, the document changes, the replies go out: all of it, or nothing.

"Requests will be applied in the order they are specified. If any request is not valid, no requests will be applied."
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sheetsync._testing.google.asked import Asked
from sheetsync._testing.google.errors import Refusal, bad, unknown_name
from sheetsync._testing.google.kinds import anchors, cells, lines, names, ranges, rules, sheets  # noqa: F401 - they fill KINDS
from sheetsync._testing.google.kinds.base import KINDS

MOST: Final = 100_000
"""Requests in a batch (airbyte #42904)."""


def apply_all(asked: Asked, requests: Sequence[Any]) -> list[dict[str, Any]]:
    """One reply a request, `{}` where there is nothing to say."""
    if not requests:
        raise bad("Must specify at least one request.")
    if len(requests) > MOST:
        raise bad(f"Too many requests in the batch: {len(requests)}. The limit is {MOST}.")
    for at, request in enumerate(requests):
        validated(request, at)
    before, replies = asked.document.snapshot(), []
    try:
        for at, request in enumerate(requests):
            ((name, body),) = request.items()
            replies.append(_apply(asked, at, name, body or {}))
    except BaseException:
        asked.document.restore(before)
        raise
    return replies


def validated(request: Any, at: int) -> None:
    """Refuses a request that is of no kind, of two, or of one that the stand-in does not know."""
    if not isinstance(request, Mapping):
        raise bad("Invalid JSON payload received.")
    for name in request:
        if name not in KINDS:
            raise unknown_name(name, f"requests[{at}]")
    if len(request) != 1:
        raise bad(f"Invalid requests[{at}]: exactly one kind of request must be specified")
    ((name, body),) = request.items()
    for field in body or {}:
        if field not in KINDS[name].fields:
            raise unknown_name(field, f"requests[{at}].{_snake(name)}")


def _snake(name: str) -> str:
    return re.sub("[A-Z]", lambda letter: f"_{letter.group().lower()}", name)


def _apply(asked: Asked, at: int, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
    if name != "createDeveloperMetadata":
        asked.known.clear()
    try:
        return KINDS[name].apply(asked, body) or {}
    except Refusal as refused:
        error = refused.body["error"]
        if refused.code == 400 and "details" not in error:
            error["message"] = f"Invalid requests[{at}].{name}: {error['message']}"
        raise
    except (TypeError, ValueError, AttributeError) as wrong:
        raise bad(f"Invalid requests[{at}].{name}: {wrong}") from wrong
