"""Runs, readings and what became of links go in; the past of a workbook comes out, for the planner, the review and people.

One SQLite file a user. What counts as kept is on disk: each public writing method is one transaction, synchronous=FULL.

What is kept of the readings. A reading makes a new line only where something of it differs from the row's line before: the
value, state, message, progress, status, the wording of the row, the day of the figure, or the day (UTC) of the reading. So no
change is ever lost, each row has at least one line for each day on which it was synchronised, and a quarter-hourly schedule
costs no more than a daily one. What is not kept is the moment of each repetition within one day.

No secret gets in: every text passes `redact`. A text that names something (a row, a link, a workbook) gets a fingerprint in
place of what was masked, so that two rows never become one; whoever asks with the original text finds it again.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from sheetsync.errors import WorkbookError
from sheetsync.history._lines import LINE, entry_of, read_lines, read_words
from sheetsync.history._recording import Recording, workbook_of
from sheetsync.history._schema import connect, open_store, spoken
from sheetsync.history._words import (
    GONE,
    Break,
    Entry,
    LastReading,
    Memory,
    Named,
    OutboxItem,
    Run,
    Spelling,
    maybe,
    moment,
    stamp,
)
from sheetsync.model import LaneState

BUSY_SECONDS: Final = 10.0


class History:
    """The store. Safe to share between threads; several processes may have the same file open.

    Opening raises ConfigError (see `open_store`). Every other method raises WorkbookError where the file fails later: in use for
    `busy_seconds`, disk full, damaged, unreadable; then nothing of that call was kept.
    """

    def __init__(
        self, path: Path, *, clock: Callable[[], datetime], redact: Callable[[str], str], busy_seconds: float = BUSY_SECONDS
    ) -> None:
        self._path = path
        self._clock = clock
        self._spelling = Spelling(redact)
        self._busy_seconds = busy_seconds
        self._lock = threading.RLock()
        self._db = open_store(path, busy_seconds=busy_seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """After it, no other method may be called."""
        with self._lock:
            self._db.close()

    # --- a run, in this order: begin, memory, record, applied, finish ------------------------------------------------------

    def begin(self, workbook: str) -> int:
        """A new run of this workbook; its id is higher than that of every run before, also of other workbooks."""
        name = self._spelling.name(workbook)
        with self._writing() as db:
            db.execute("INSERT OR IGNORE INTO workbooks (identity) VALUES (?)", (name,))
            (workbook_id,) = db.execute("SELECT id FROM workbooks WHERE identity = ?", (name,)).fetchone()
            run = db.execute("INSERT INTO runs (workbook, began) VALUES (?, ?)", (workbook_id, stamp(self._clock()))).lastrowid
        assert run is not None  # noqa: S101 - for mypy: an INSERT has set it
        return run

    def memory(self, workbook: str) -> Memory:
        """The past of one workbook; empty where it has none."""
        name = self._spelling.name(workbook)
        with self._reading() as db:
            goals = db.execute(
                "SELECT key, value, as_of, fill FROM goals WHERE workbook = (SELECT id FROM workbooks WHERE identity = ?)",
                (name,),
            ).fetchall()
            broken = db.execute(
                """SELECT link, since FROM breaks WHERE workbook = (SELECT id FROM workbooks WHERE identity = ?)
                   AND recovered IS NULL AND dropped IS NULL""",
                (name,),
            ).fetchall()
        return Memory(
            last=Named(
                {key: LastReading(Decimal(value), moment(as_of)) for key, value, as_of, _ in goals if value is not None},
                self._spelling,
            ),
            broken_since=Named({link: moment(since) for link, since in broken}, self._spelling),
            fills=Named({key: fill for key, _, _, fill in goals if fill is not None}, self._spelling),
        )

    def record(
        self,
        run: int,
        rows: Sequence[Entry],
        *,
        fills: Mapping[str, str | None],
        outbox: Sequence[OutboxItem],
        present: Collection[str] | None = None,
    ) -> None:
        """Keeps what a run found, all of it or nothing: readings, breaks and recoveries, fills, figures that wait.

        A run that is recorded anew, because its plan was, takes back what it recorded before.
        A link breaks when rows ask for it and none gets a figure (kept, broken), and recovers when one does (fresh, unchanged).
        `fills`    by row key; None forgets it
        `outbox`   each takes the place of an older one of its row
        `present`  the keys of all rows that stand in the workbook now, where the run looked at all of them: the others are
                   gone, and a break that only they asked about ends. None: nothing is known of rows that are not named.
        """
        with self._writing() as db:
            recording = Recording(db, run, self._spelling)
            for entry in rows:
                recording.keep(entry)
            recording.follow_links(rows)
            if present is not None:
                recording.miss({self._spelling.name(key) for key in present}, stamp(self._clock()))
            recording.drop_breaks(stamp(self._clock()))
            for key, fill in fills.items():
                recording.keep_fill(key, fill)
            for item in outbox:
                recording.post(item)

    def applied(self, run: int, *, keys: Collection[str] | None = None) -> None:
        """The workbook is written: what waited in its outbox is done, for these rows or for all. Figures of later runs stay."""
        with self._writing() as db:
            workbook = workbook_of(db, run)
            db.execute("UPDATE runs SET applied = ? WHERE id = ?", (stamp(self._clock()), run))
            waiting = db.execute(
                "SELECT o.goal, g.key FROM outbox o JOIN goals g ON g.id = o.goal WHERE g.workbook = ? AND o.run <= ?",
                (workbook, run),
            ).fetchall()
            wanted = None if keys is None else {self._spelling.name(key) for key in keys}
            done = [(goal,) for goal, key in waiting if wanted is None or key in wanted]
            db.executemany("DELETE FROM outbox WHERE goal = ?", done)

    def finish(self, run: int, *, edits: int, requests: int, seconds: float, error: str | None) -> None:
        """The run is over; `error` is the sentence that stopped it."""
        with self._writing() as db:
            workbook_of(db, run)
            db.execute(
                "UPDATE runs SET ended = ?, edits = ?, requests = ?, seconds = ?, error = ? WHERE id = ?",
                (stamp(self._clock()), edits, requests, seconds, None if error is None else self._spelling.text(error), run),
            )

    # --- what was ------------------------------------------------------------------------------------------------------

    def outbox(self, workbook: str) -> list[OutboxItem]:
        """The figures that wait for this workbook: one a row, the newest."""
        with self._reading() as db:
            found = db.execute(
                """SELECT g.key, o.link, o.value, o.unit, o.as_of, o.approximate, o.source, o.fetched, o.before, o.run
                   FROM outbox o JOIN goals g ON g.id = o.goal
                   WHERE g.workbook = (SELECT id FROM workbooks WHERE identity = ?) ORDER BY o.goal""",
                (self._spelling.name(workbook),),
            ).fetchall()
        return [
            OutboxItem(
                key, link, Decimal(value), unit, moment(as_of), bool(approximate), source, moment(fetched), before, run
            )
            for key, link, value, unit, as_of, approximate, source, fetched, before, run in found
        ]  # fmt: skip

    def as_of(self, workbook: str, at: datetime) -> list[Entry]:
        """What was known at the moment `at`: the last entry of each row that stood in the workbook then."""
        name = self._spelling.name(workbook)
        with self._reading() as db:
            words = read_words(db, workbook=name)
            found = db.execute(
                f"""SELECT {LINE} FROM goals g CROSS JOIN readings r ON r.id =
                    (SELECT id FROM readings WHERE goal = g.id AND at <= ? ORDER BY at DESC, id DESC LIMIT 1)
                    WHERE g.workbook = (SELECT id FROM workbooks WHERE identity = ?) AND r.state <> '{GONE}'
                    ORDER BY g.id""",  # noqa: S608 - constants of this project
                (stamp(at), name),
            ).fetchall()
        return [entry_of(words, line) for line in found]

    def entries(
        self,
        workbook: str | None = None,
        *,
        key: str | None = None,
        text: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = None,
    ) -> Iterator[Entry]:
        """Entries in the order in which they were recorded, oldest first.

        `text`   stands in the group, the objective, the key result or its id, in any case of letters
        `since` <= at < `until`
        `limit`  only the newest ones, still oldest first

        Reads one state of the store while others go on writing; nothing is held in memory unless `limit` is given.
        """
        names = (maybe(self._spelling.name, workbook), maybe(self._spelling.name, key))
        moments = (maybe(stamp, since), maybe(stamp, until))
        return self._stream(names, text, moments, limit)

    def breaks(self, workbook: str | None = None, since: datetime | None = None) -> list[Break]:
        """Links that gave no figure, by first failure; with `since` those that lasted until then, or began later."""
        with self._reading() as db:
            found = db.execute(
                """SELECT w.identity, b.link, b.connector, b.account, b.since, b.recovered, b.dropped, b.message
                   FROM breaks b JOIN workbooks w ON w.id = b.workbook
                   WHERE (?1 IS NULL OR w.identity = ?1) AND (?2 IS NULL OR coalesce(b.recovered, b.dropped, ?2) >= ?2)
                   ORDER BY b.since, b.id""",
                (maybe(self._spelling.name, workbook), maybe(stamp, since)),
            ).fetchall()
        return [
            Break(name, link, connector, account, moment(began), maybe(moment, recovered), maybe(moment, dropped), message)
            for name, link, connector, account, began, recovered, dropped, message in found
        ]

    def runs(self, workbook: str | None = None, *, since: datetime | None = None, limit: int | None = None) -> list[Run]:
        """Runs, oldest first; with `limit` only the newest ones."""
        with self._reading() as db:
            found = db.execute(
                """SELECT r.id, w.identity, r.began, r.applied, r.ended, r.edits, r.requests, r.seconds, r.error
                   FROM runs r JOIN workbooks w ON w.id = r.workbook
                   WHERE (?1 IS NULL OR w.identity = ?1) AND (?2 IS NULL OR r.began >= ?2) ORDER BY r.id DESC LIMIT ?3""",
                (maybe(self._spelling.name, workbook), maybe(stamp, since), -1 if limit is None else max(limit, 0)),
            ).fetchall()
        return [
            Run(
                number, name, moment(began), maybe(moment, applied), maybe(moment, ended),
                edits or 0, requests or 0, seconds or 0.0, error,
            )
            for number, name, began, applied, ended, edits, requests, seconds, error in reversed(found)
        ]  # fmt: skip

    # --- look-ups that never change, and lanes ------------------------------------------------------------------------------

    def lookup(self, connector: str, account: str, key: str) -> str | None:
        """What `keep_lookup` kept: a service's own id behind an id of its pages."""
        with self._reading() as db:
            found = db.execute(
                "SELECT value FROM lookups WHERE connector = ? AND account = ? AND key = ?",
                self._spelling.names(connector, account, key),
            ).fetchone()
        return None if found is None else str(found[0])

    def keep_lookup(self, connector: str, account: str, key: str, value: str) -> None:
        """Keeps it for good. A value with a secret in it is not kept: masked it would name something else."""
        if self._spelling.text(value) != value:
            return
        with self._writing() as db:
            db.execute(
                "INSERT OR REPLACE INTO lookups VALUES (?, ?, ?, ?)", (*self._spelling.names(connector, account, key), value)
            )

    def expected(self, workbook: str) -> list[str]:
        """The links of the workbook's last run, each as the text of a link cell."""
        with self._reading() as db:
            found = db.execute("SELECT link FROM expected WHERE workbook = ? ORDER BY link", (self._spelling.name(workbook),))
            return [str(link) for (link,) in found]

    def expect(self, workbook: str, links: Collection[str]) -> None:
        """Keeps them in place of the ones before. A link with a secret in it is not kept: masked it would be another."""
        name = self._spelling.name(workbook)
        with self._writing() as db:
            db.execute("DELETE FROM expected WHERE workbook = ?", (name,))
            db.executemany(
                "INSERT OR IGNORE INTO expected VALUES (?, ?)",
                [(name, link) for link in links if self._spelling.text(link) == link],
            )

    def served(self, workbook: str) -> datetime | None:
        """Up to which slot of its timetable the daemon has served a workbook; None where it never did."""
        with self._reading() as db:
            found = db.execute("SELECT through FROM served WHERE workbook = ?", (self._spelling.name(workbook),)).fetchone()
        return None if found is None else moment(found[0])

    def keep_served(self, workbook: str, through: datetime) -> None:
        """Moves on only: a slot that was served stays so, whatever the clock says later."""
        with self._writing() as db:
            db.execute(
                """INSERT INTO served VALUES (?, ?)
                   ON CONFLICT (workbook) DO UPDATE SET through = max(through, excluded.through)""",
                (self._spelling.name(workbook), stamp(through)),
            )

    def told(self, target: str) -> set[str]:
        """What a target of the alerts was told and not yet told to be well again."""
        with self._reading() as db:
            return {key for (key,) in db.execute("SELECT key FROM told WHERE target = ?", (self._spelling.name(target),))}

    def keep_told(self, target: str, keys: Collection[str]) -> None:
        """Takes the place of what was kept for this target."""
        name = self._spelling.name(target)
        with self._writing() as db:
            db.execute("DELETE FROM told WHERE target = ?", (name,))
            db.executemany("INSERT OR IGNORE INTO told VALUES (?, ?)", [(name, self._spelling.name(key)) for key in keys])

    def lane(self, connector: str, account: str, *, fingerprint: str | None = None) -> LaneState | None:
        """What the lane remembers; with `fingerprint` only what it learnt under the same settings of the account."""
        with self._reading() as db:
            found = db.execute(
                "SELECT failures, open_until, reason, fingerprint FROM lanes WHERE connector = ? AND account = ?",
                self._spelling.names(connector, account),
            ).fetchone()
        if found is None or (fingerprint is not None and found[3] != self._spelling.name(fingerprint)):
            return None
        failures, open_until, reason, learnt_under = found
        return LaneState(failures, maybe(moment, open_until), reason, learnt_under)

    def keep_lane(self, connector: str, account: str, state: LaneState | None) -> None:
        """None forgets."""
        names = self._spelling.names(connector, account)
        with self._writing() as db:
            if state is None:
                db.execute("DELETE FROM lanes WHERE connector = ? AND account = ?", names)
                return
            until = maybe(stamp, state.open_until)
            db.execute(
                "INSERT OR REPLACE INTO lanes VALUES (?, ?, ?, ?, ?, ?)",
                (*names, state.failures, until, self._spelling.text(state.reason), self._spelling.name(state.fingerprint)),
            )

    # --- inside --------------------------------------------------------------------------------------------------------

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """One state of the store, also over several questions."""
        with self._lock, spoken(self._path, WorkbookError):
            self._db.execute("BEGIN")
            try:
                yield self._db
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction. IMMEDIATE: it waits for other writers at the beginning, where waiting can still succeed."""
        with self._lock, spoken(self._path, WorkbookError):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # SQLite has rolled back by itself after some errors
                    self._db.execute("ROLLBACK")
                raise

    def _stream(
        self, names: tuple[str | None, str | None], text: str | None, moments: tuple[str | None, str | None], limit: int | None
    ) -> Iterator[Entry]:
        """A connection of its own: a reader that stops half-way holds up nobody."""
        with (
            spoken(self._path, WorkbookError),
            closing(connect(self._path, busy_seconds=self._busy_seconds, read_only=True)) as db,
        ):
            db.execute("BEGIN")
            words = read_words(db, workbook=names[0], key=names[1], text=text)
            among = None if names == (None, None) and text is None else {word.goal for word in words.values()}
            lines = read_lines(db, among, moments, newest_first=limit is not None)
            entries = (entry_of(words, line) for line in lines if line[0] in words)
            yield from entries if limit is None else reversed(list(islice(entries, max(limit, 0))))
