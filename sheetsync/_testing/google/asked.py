"""One call, understood: who asks, what for, on which document, and what time it is. Every endpoint takes one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sheetsync._testing.google.document import Document, Tab
from sheetsync._testing.google.errors import bad, unknown_name, violation
from sheetsync._testing.google.reading import may_edit

if TYPE_CHECKING:
    from sheetsync._testing.google.a1 import Block
    from sheetsync._testing.google.state import State


@dataclass(slots=True)
class Asked:
    """`query` has a list for every parameter; `parts` are the variable parts of the path; `body` is decoded where it is JSON.
    `known` is what a run of requests of one kind need not look up again; another kind forgets it."""

    state: State
    who: str
    query: Mapping[str, list[str]]
    parts: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    raw: bytes = b""
    found: Document | None = None
    known: dict[Any, Any] = field(default_factory=dict)

    @property
    def document(self) -> Document:
        assert self.found is not None
        return self.found

    @property
    def year(self) -> int:
        return datetime.fromtimestamp(self.state.clock(), tz=UTC).year

    def one(self, name: str, default: str = "") -> str:
        return self.query.get(name, [default])[-1]

    def flag(self, name: str) -> bool:
        return self.one(name).casefold() == "true"

    def choice(self, name: str, choices: tuple[str, ...], *, given: Any = None) -> str:
        """An enum, of the query or as `given` from the body; the first choice is the default."""
        value = self.one(name) if given is None else given
        if not value or str(value).endswith("_UNSPECIFIED"):
            return choices[0]
        if value not in choices:
            raise violation(name, f"Invalid value at '{name}', \"{value}\"")
        return str(value)

    def fields(self) -> str | None:
        """The mask of the whole reply; `$fields` is the other spelling."""
        return self.one("fields") or self.one("$fields") or None

    def message(self, known: frozenset[str]) -> dict[str, Any]:
        """The body as a message that knows these fields and no others."""
        body = self.body if self.body is not None else {}
        if not isinstance(body, dict):
            raise bad("Invalid JSON payload received.")
        for name in body:
            if name not in known:
                raise unknown_name(name, "")
        return body

    def guard(self, tab: Tab, block: Block) -> None:
        """Refuses a write into a protected range that this identity may not edit. Unconfirmed wording."""
        for protected in tab.protected:
            _, held = self.document.located({"sheetId": tab.sheet_id, **protected.get("range", {})})
            if not held.overlaps(block) or may_edit(protected, self.document, self.who):
                continue
            spared = protected.get("unprotectedRanges", [])
            free = [self.document.located({"sheetId": tab.sheet_id, **one})[1] for one in spared]
            if not any(all(one.holds(*cell) for cell in block.cells()) for one in free):
                raise bad(
                    "You are trying to edit a protected cell or object. Please contact the spreadsheet owner to remove "
                    "protection if you need to edit."
                )
