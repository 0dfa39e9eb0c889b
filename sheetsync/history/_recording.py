"""One run's rows go in, lines of the store come out: readings, breaks and recoveries, fills, figures that wait."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from sheetsync.history._words import FIGURE, GONE, NO_FIGURE, Entry, OutboxItem, Spelling, maybe, stamp

_SAYS_NOTHING: Final = (*sorted(NO_FIGURE), GONE)
"""The states of a line whose value is not one that was read."""
_Facts: TypeAlias = tuple[str | None, str, str, str, str | None, str]
_Words: TypeAlias = tuple[str, str, str, str, str, str, str, str, str | None]


@dataclass(frozen=True, slots=True)
class _Line:
    """What makes a reading differ from the one before."""

    wording: int | None
    day: str
    value: str | None
    as_of_day: str
    state: str
    message: str
    progress: str | None
    status: str


@dataclass(slots=True)
class _Goal:
    """Where the past of one row ends."""

    id: int
    wording: int | None = None
    words: _Words | None = None
    reading: _Line | None = None


class Recording:
    """The work of one `record`, inside its transaction."""

    def __init__(self, db: sqlite3.Connection, run: int, spelling: Spelling) -> None:
        self._db, self._run, self._spelling = db, run, spelling
        self._workbook = workbook_of(db, run)
        self._take_back()
        self._goals: dict[str, _Goal] = {}
        for key, goal, wording, words, reading in _newest(db, self._workbook):
            self._goals[key] = _Goal(goal, wording, words, reading)

    def _take_back(self) -> None:
        """What the run recorded before its plan was made anew was never written, so it is no part of the past."""
        found = self._db.execute(
            "SELECT g.id, r.id FROM goals g JOIN readings r ON r.id = g.reading WHERE g.workbook = ? AND r.run = ?",
            (self._workbook, self._run),
        ).fetchall()
        for goal, reading in found:
            self._db.execute("DELETE FROM readings WHERE id = ?", (reading,))
            before = self._db.execute("SELECT max(id), wording FROM readings WHERE goal = ?", (goal,)).fetchone()
            good = self._db.execute(
                f"""SELECT value, as_of FROM readings WHERE goal = ? AND value IS NOT NULL
                    AND state NOT IN ({", ".join("?" * len(_SAYS_NOTHING))}) ORDER BY id DESC LIMIT 1""",  # noqa: S608  # marks only
                (goal, *_SAYS_NOTHING),
            ).fetchone()
            self._db.execute(
                "UPDATE goals SET reading = ?, wording = ?, value = ?, as_of = ? WHERE id = ?",
                (*before, *(good or (None, None)), goal),
            )

    def keep(self, entry: Entry) -> None:
        """Readings are compared as they are stored, so that a change that cannot be seen later makes no line."""
        text, name, goal = self._spelling.text, self._spelling.name, self._goal(entry.key)
        words = (
            text(entry.group), text(entry.objective), text(entry.key_result), name(entry.link), name(entry.connector),
            name(entry.account), text(entry.unit), text(entry.source), maybe(str, entry.target),
        )  # fmt: skip
        if words != goal.words:
            goal.words = words
            goal.wording = self._db.execute(
                "INSERT INTO wordings VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (goal.id, *words)
            ).lastrowid
        facts = (
            maybe(str, entry.value), stamp(entry.as_of), entry.state, text(entry.message), maybe(str, entry.progress),
            text(entry.status),
        )  # fmt: skip
        self._keep_line(goal, stamp(entry.at), facts)
        if entry.value is not None and entry.state not in NO_FIGURE:
            self._db.execute("UPDATE goals SET value = ?, as_of = ? WHERE id = ?", (facts[0], facts[1], goal.id))

    def follow_links(self, rows: Sequence[Entry]) -> None:
        """Breaks and recoveries, by link: rows that share one share its fate."""
        good: dict[str, Entry] = {}
        bad: dict[str, list[Entry]] = {}
        for entry in rows:
            link = self._spelling.name(entry.link)
            if link and entry.state in FIGURE:
                good.setdefault(link, entry)
            elif link and entry.state in NO_FIGURE:
                bad.setdefault(link, []).append(entry)
        lasting = self._lasting_breaks()
        for link in good.keys() & lasting.keys():
            self._db.execute("UPDATE breaks SET recovered = ? WHERE id = ?", (stamp(good[link].at), lasting[link][0]))
        for link, entries in bad.items():
            if link in good:
                continue
            first, message = entries[0], self._spelling.text(entries[0].message)
            if link not in lasting:
                self._db.execute(
                    "INSERT INTO breaks (workbook, link, connector, account, since, message) VALUES (?, ?, ?, ?, ?, ?)",
                    (self._workbook, link, *self._spelling.names(first.connector, first.account), stamp(first.at), message),
                )
            elif lasting[link][1] != message:
                self._db.execute("UPDATE breaks SET message = ? WHERE id = ?", (message, lasting[link][0]))

    def miss(self, present: set[str], at: str) -> None:
        for key, goal in self._goals.items():
            if key not in present and goal.reading is not None and goal.reading.state != GONE:
                self._keep_line(goal, at, (None, at, GONE, "", None, ""))

    def drop_breaks(self, at: str) -> None:
        """A link that somebody mended by typing another one would else be broken for ever."""
        asked = {goal.words[3] for goal in self._goals.values() if goal.words and goal.reading and goal.reading.state != GONE}
        for link, (number, _) in self._lasting_breaks().items():
            if link not in asked:
                self._db.execute("UPDATE breaks SET dropped = ? WHERE id = ?", (at, number))

    def keep_fill(self, key: str, fill: str | None) -> None:
        if fill is not None and self._spelling.text(fill) != fill:
            return  # masked, the workbook could not read its own description again
        self._db.execute("UPDATE goals SET fill = ? WHERE id = ?", (fill, self._goal(key).id))

    def post(self, item: OutboxItem) -> None:
        text, name = self._spelling.text, self._spelling.name
        self._db.execute(
            """INSERT INTO outbox VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (goal) DO UPDATE SET
               run = excluded.run, link = excluded.link, value = excluded.value, unit = excluded.unit, as_of = excluded.as_of,
               approximate = excluded.approximate, source = excluded.source, fetched = excluded.fetched, before = excluded.before
               WHERE excluded.run >= outbox.run""",
            (
                self._goal(item.key).id, self._run, name(item.link), str(item.value), text(item.unit), stamp(item.as_of),
                item.approximate, text(item.source), stamp(item.fetched), maybe(name, item.before),
            ),
        )  # fmt: skip

    def _goal(self, key: str) -> _Goal:
        name = self._spelling.name(key)
        if name not in self._goals:
            made = self._db.execute("INSERT INTO goals (workbook, key) VALUES (?, ?)", (self._workbook, name)).lastrowid
            assert made is not None  # noqa: S101 - for mypy: an INSERT has set it
            self._goals[name] = _Goal(made)
        return self._goals[name]

    def _keep_line(self, goal: _Goal, at: str, facts: _Facts) -> None:
        value, as_of, state, message, progress, status = facts
        line = _Line(goal.wording, at[:10], value, as_of[:10], state, message, progress, status)
        if line == goal.reading:
            return
        goal.reading = line
        number = self._db.execute(
            "INSERT INTO readings VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (goal.id, goal.wording, self._run, at, value, as_of, state, message, progress, status),
        ).lastrowid
        self._db.execute("UPDATE goals SET wording = ?, reading = ? WHERE id = ?", (goal.wording, number, goal.id))

    def _lasting_breaks(self) -> dict[str, tuple[int, str]]:
        found = self._db.execute(
            "SELECT link, id, message FROM breaks WHERE workbook = ? AND recovered IS NULL AND dropped IS NULL", (self._workbook,)
        )
        return {link: (number, message) for link, number, message in found}


def _newest(db: sqlite3.Connection, workbook: int) -> Iterator[tuple[str, int, int | None, _Words | None, _Line | None]]:
    found = db.execute(
        """SELECT g.key, g.id, g.wording, g.reading, substr(r.at, 1, 10), r.value, substr(r.as_of, 1, 10), r.state, r.message,
           r.progress, r.status, x.group_name, x.objective, x.key_result, x.link, x.connector, x.account, x.unit,
           x.source, x.target
           FROM goals g LEFT JOIN readings r ON r.id = g.reading LEFT JOIN wordings x ON x.id = g.wording WHERE g.workbook = ?""",
        (workbook,),
    )
    for key, goal, wording, reading, *rest in found:
        words = None if wording is None else tuple(rest[7:])
        yield key, goal, wording, words, None if reading is None else _Line(wording, *rest[:7])


def workbook_of(db: sqlite3.Connection, run: int) -> int:
    """The number of the run's workbook. ValueError: nobody began such a run."""
    found = db.execute("SELECT workbook FROM runs WHERE id = ?", (run,)).fetchone()
    if found is None:
        raise ValueError(f"no run {run} was begun")
    return int(found[0])
