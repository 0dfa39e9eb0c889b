"""The words of the history, and how its texts and moments are spelled in the store."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Final, TypeVar

from sheetsync.model import Reading
from sheetsync.secrets import MASK

FIGURE: Final = frozenset({"fresh", "unchanged"})
"""The states of a row whose link gave a figure."""
NO_FIGURE: Final = frozenset({"kept", "broken"})
"""The states of a row whose link gave none."""
GONE: Final = "gone"
"""The state of the line that says: from now on the row no longer stands in the workbook. Never handed out."""

_Value = TypeVar("_Value")
_Given = TypeVar("_Given")
_Made = TypeVar("_Made")
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One reading as kept: for people and for review.

    `value`   the figure that stood in Result after the run; None where there never was one
    `as_of`   the moment of the figure, `at` the moment of this reading; both aware, in UTC when they come out
    `state`   fresh | unchanged | kept | broken | manual
    `link`    the text of the link cell; "" where the row asks for nothing
    `workbook`, `run`  when recorded, those of the run count
    """

    workbook: str
    key: str
    group: str
    objective: str
    key_result: str
    link: str
    connector: str
    account: str
    value: Decimal | None
    unit: str
    as_of: datetime
    source: str
    state: str
    message: str
    progress: Decimal | None
    status: str
    target: Decimal | None
    run: int
    at: datetime


@dataclass(frozen=True, slots=True)
class LastReading:
    """The last good value of a row, and the moment of that figure."""

    value: Decimal
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Memory:
    """What the planner needs to know of the past of one workbook.

    `last`          by row key: the last value that was fetched or typed, not one that was kept
    `broken_since`  by link text: since when it gives no figure
    `fills`         by row key: the fill that a progress cell had before we coloured it
    """

    last: Mapping[str, LastReading]
    broken_since: Mapping[str, datetime]
    fills: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """A figure that waits to be written.

    `fetched`  when it was fetched
    `before`   what stood in Result then, in the caller's own spelling: another text there later is a person's edit
    `run`      given by the store
    """

    key: str
    link: str
    value: Decimal
    unit: str
    as_of: datetime
    approximate: bool
    source: str
    fetched: datetime
    before: str | None = None
    run: int = 0

    @property
    def reading(self) -> Reading:
        """The figure as it was fetched."""
        return Reading(self.value, self.unit, self.as_of, self.approximate, self.source)


@dataclass(frozen=True, slots=True)
class Break:
    """A link that gave no figure: `since` its first failure; `message` its newest sentence.

    Ended by `recovered` (it gave a figure again) or `dropped` (no row asks for it any more); both None while it lasts.
    """

    workbook: str
    link: str
    connector: str
    account: str
    since: datetime
    recovered: datetime | None
    dropped: datetime | None
    message: str


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one workbook. `applied` when the workbook was written; `ended` None: it is at work, or was killed."""

    id: int
    workbook: str
    began: datetime
    applied: datetime | None
    ended: datetime | None
    edits: int
    requests: int
    seconds: float
    error: str | None


class Spelling:
    """Texts as they are stored: no secret in them, and nothing that a database refuses."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        self._redact = redact

    def text(self, text: str) -> str:
        """Redacted, and without lone surrogates, which no database takes."""
        return self._redact(text).encode("utf-8", "replace").decode()

    def name(self, text: str) -> str:
        """For a text that names something: what was masked leaves a fingerprint, so that different names stay different.

        A name that came out of the store is taken as it is.
        """
        shown = self.text(text)
        if shown == text:
            return text
        body, _, fingerprint = text.rpartition("~")
        if MASK in body and _FINGERPRINT.fullmatch(fingerprint) and self.text(body) == body:
            return text
        return f"{shown}~{blake2b(text.encode('utf-8', 'surrogatepass'), digest_size=8).hexdigest()}"

    def names(self, *texts: str) -> tuple[str, ...]:
        return tuple(self.name(text) for text in texts)


class Named(Mapping[str, _Value]):
    """A mapping by stored names that answers to the original ones."""

    __slots__ = ("_held", "_spelling")

    def __init__(self, held: dict[str, _Value], spelling: Spelling) -> None:
        self._held, self._spelling = held, spelling

    def __getitem__(self, key: str) -> _Value:
        return self._held[self._spelling.name(key)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)

    def __repr__(self) -> str:
        return repr(self._held)


def stamp(moment: datetime) -> str:
    """UTC, ISO 8601 with microseconds: texts of one length, so that their order is that of time. ValueError: no time zone."""
    if moment.tzinfo is None:
        raise ValueError("a moment without its time zone")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def moment(stamped: str) -> datetime:
    """What `stamp` spelled."""
    return datetime.fromisoformat(stamped)


def maybe(make: Callable[[_Given], _Made], given: _Given | None) -> _Made | None:
    """None stays None."""
    return None if given is None else make(given)
