"""A choice of rows and moments goes in, lines of the store come out as entries.

The wording of the rows is read once and shared by all their entries: a million of them then hold a few thousand texts.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, TypeAlias

from sheetsync.history._words import GONE, Entry, maybe, moment

LINE: Final = "r.wording, r.value, r.as_of, r.state, r.message, r.progress, r.status, r.run, r.at"
"""The columns that `entry_of` takes, of `readings r`."""

_Line: TypeAlias = tuple[int, str | None, str, str, str, str | None, str, int, str]
_FEW: Final = 50
"""Up to so many rows, their own lines are looked up; for more, going back from the newest line finds a handful sooner."""


@dataclass(frozen=True, slots=True)
class Words:
    """One wording of one row, and whose it is."""

    goal: int
    workbook: str
    key: str
    group: str
    objective: str
    key_result: str
    link: str
    connector: str
    account: str
    unit: str
    source: str
    target: Decimal | None


_PARTS: Final = 5


def read_words(
    db: sqlite3.Connection, *, workbook: str | None = None, key: str | None = None, text: str | None = None
) -> dict[int, Words]:
    """All wordings, by number; `text` stands in the group, the objective, the key result or its id, in any case of letters."""
    found = db.execute(
        """SELECT x.id, x.goal, w.identity, g.key, x.group_name, x.objective, x.key_result, x.link, x.connector, x.account,
           x.unit, x.source, x.target
           FROM wordings x JOIN goals g ON g.id = x.goal JOIN workbooks w ON w.id = g.workbook
           WHERE (?1 IS NULL OR w.identity = ?1) AND (?2 IS NULL OR g.key = ?2)""",
        (workbook, key),
    )
    wanted = None if text is None else text.casefold()
    return {
        number: Words(*(*rest, maybe(Decimal, target)))
        for number, *rest, target in found
        if wanted is None or any(wanted in place.casefold() for place in (*rest[3:6], named(rest[2], rest[5])))
    }


def named(key: str, key_result: str) -> str:
    """A key result with its id in front, which stands in the row's key alone: group, objective, id, name, period."""
    parts = key.split("\x1f")
    return f"{parts[2].upper()} {key_result}".strip() if len(parts) == _PARTS else key_result


def read_lines(
    db: sqlite3.Connection, among: set[int] | None, moments: tuple[str | None, str | None], *, newest_first: bool
) -> Iterable[_Line]:
    """Lines in the order of recording, or backwards; of at least the rows `among` and exactly of first <= at < second."""
    since, until = moments
    picked, values = [f"r.state <> '{GONE}'"], [each for each in moments if each is not None]
    if since is not None:
        picked.append("at >= ?")
    if until is not None:
        picked.append("at < ?")
    if among is not None and (len(among) <= _FEW or bool(values) or not (newest_first or _most(db, among))):
        # The numbers first: they come from an index alone, and are in order before anything wide is read.
        inner = [f"goal IN ({', '.join(map(str, among))})", *picked[1:]]
        picked = [picked[0], f"r.id IN (SELECT id FROM readings WHERE {' AND '.join(inner)})"]  # noqa: S608 - numbers of ours
    order = "DESC" if newest_first else "ASC"
    query = f"SELECT {LINE} FROM readings r WHERE {' AND '.join(picked)} ORDER BY r.id {order}"  # noqa: S608 - constants above
    return db.execute(query, values)


def _most(db: sqlite3.Connection, among: set[int]) -> bool:
    """So many rows that reading every line and leaving some out is the faster way."""
    (rows,) = db.execute("SELECT count(*) FROM goals").fetchone()
    return len(among) * 3 > int(rows)


def entry_of(words: Mapping[int, Words], line: _Line | tuple[Any, ...]) -> Entry:
    """The entry that a line of `LINE` and its wording make."""
    wording, value, as_of, state, message, progress, status, run, at = line
    word = words[wording]
    read_at = moment(at)
    return Entry(
        word.workbook, word.key, word.group, word.objective, word.key_result, word.link, word.connector, word.account,
        None if value is None else Decimal(value), word.unit, read_at if as_of == at else moment(as_of), word.source, state,
        message, None if progress is None else Decimal(progress), status, word.target, run, read_at,
    )  # fmt: skip
