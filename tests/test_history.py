"""The store by its public door, on real files: what comes back, what a crash leaves, what is refused and never deleted."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sheetsync.errors import ConfigError, WorkbookError
from sheetsync.history import Break, Entry, History, LastReading, Memory, OutboxItem
from sheetsync.history._schema import APPLICATION_ID, MIGRATIONS, open_store
from sheetsync.model import LaneState
from sheetsync.secrets import Vault

ROOT = Path(__file__).parents[1]
OLD = Path(__file__).parent / "data" / "history"
BOOK = "/plans/okr.xlsx"
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ENTRY = Entry(
    workbook=BOOK, key="a", group="Inbound growth", objective="O1 Increase sales", key_result="KR1.1 Leads",
    link="https://crm.example/lists/1", connector="crm", account="main", value=Decimal("120.50"), unit="", as_of=NOON,
    source="crm (main): list 1", state="fresh", message="", progress=Decimal("0.35"), status="on track", target=Decimal(350),
    run=0, at=NOON,
)  # fmt: skip
ITEM = OutboxItem(
    key="a", link=ENTRY.link, value=Decimal("120.50"), unit="", as_of=NOON, approximate=True, source="crm (main): list 1",
    fetched=NOON, before="118",
)  # fmt: skip


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def opened(path: Path, clock: Clock | None = None, **more: Any) -> History:
    return History(path, clock=clock or Clock(), redact=more.pop("redact", str), **more)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.db"


@pytest.fixture
def history(path: Path, clock: Clock) -> Iterator[History]:
    with opened(path, clock) as store:
        yield store


def record(history: History, *rows: Entry, outbox: Sequence[OutboxItem] = (), book: str = BOOK, **more: Any) -> int:
    run = history.begin(book)
    history.record(run, rows, fills=more.pop("fills", {}), outbox=outbox, **more)
    return run


def plain(memory: Memory) -> tuple[dict[str, LastReading], dict[str, datetime], dict[str, str]]:
    return dict(memory.last), dict(memory.broken_since), dict(memory.fills)


# --- readings ----------------------------------------------------------------------------------------------------------


def test_an_entry_comes_back_as_it_was(history: History) -> None:
    odd = replace(
        ENTRY, key="b", value=Decimal("-1E+5"), progress=None, target=None, state="kept", message="Nobody answers. 名", unit="%",
        as_of=datetime(2026, 3, 1, 23, 59, 59, 999999, tzinfo=timezone(timedelta(hours=8))),
    )  # fmt: skip
    run = record(history, ENTRY, odd)
    assert list(history.entries()) == [replace(ENTRY, run=run), replace(odd, run=run)]
    assert str(next(history.entries()).value) == "120.50"
    assert {entry.at.tzinfo for entry in history.entries()} == {UTC}


def test_what_is_repeated_within_a_day_is_kept_once(history: History) -> None:
    for hours in range(30):
        at = NOON + hours * HOUR
        record(history, replace(ENTRY, state="unchanged" if hours else "fresh", at=at, as_of=at))
    assert [entry.at for entry in history.entries()] == [NOON, NOON + HOUR, NOON + 12 * HOUR]
    assert history.memory(BOOK).last["a"] == LastReading(Decimal("120.50"), NOON + 29 * HOUR)


CHANGES: list[dict[str, Any]] = [
    {"value": Decimal("120.5")}, {"value": None}, {"state": "kept"}, {"message": "x"}, {"progress": None}, {"status": "at risk"},
    {"group": "x"}, {"objective": "x"}, {"key_result": "x"}, {"link": "x"}, {"connector": "x"}, {"account": "x"}, {"unit": "%"},
    {"source": "x"}, {"target": Decimal(1)}, {"as_of": NOON - DAY}, {"at": NOON + DAY},
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_each_change_is_kept(history: History, change: dict[str, Any]) -> None:
    record(history, ENTRY)
    changed = replace(ENTRY, **{"at": NOON + HOUR} | change)
    run = record(history, changed)
    assert list(history.entries())[1:] == [replace(changed, run=run)]
    record(history, replace(ENTRY, at=NOON + 2 * DAY))
    assert len(list(history.entries())) == 3


def test_any_past_moment_is_answered(history: History) -> None:
    for day in range(5):
        at = NOON + day * DAY
        record(history, replace(ENTRY, value=Decimal(day), at=at), *[replace(ENTRY, key="b", at=at)] * (day > 2))
    assert history.as_of(BOOK, NOON - HOUR) == []
    assert [entry.value for entry in history.as_of(BOOK, NOON)] == [0]
    assert [entry.value for entry in history.as_of(BOOK, NOON + 2 * DAY - timedelta(microseconds=1))] == [1]
    assert [(entry.key, entry.value) for entry in history.as_of(BOOK, NOON + 99 * DAY)] == [("a", 4), ("b", Decimal("120.50"))]
    assert history.as_of("another.xlsx", NOON + 99 * DAY) == []


def test_a_row_that_left_is_not_there_afterwards(history: History, clock: Clock) -> None:
    other = replace(ENTRY, key="b")
    record(history, ENTRY, other)
    clock.now = NOON + DAY
    record(history, replace(ENTRY, at=clock.now), present={"a"})
    record(history, replace(ENTRY, at=clock.now))  # a run that looked at some rows only says nothing of the others
    assert [entry.key for entry in history.as_of(BOOK, NOON)] == ["a", "b"]
    assert [entry.key for entry in history.as_of(BOOK, NOON + 2 * DAY)] == ["a"]
    assert len(list(history.entries(key="b"))) == 1
    record(history, replace(other, at=NOON + 3 * DAY), present={"a", "b"})
    assert [entry.key for entry in history.as_of(BOOK, NOON + 4 * DAY)] == ["a", "b"]


def test_entries_are_chosen(history: History) -> None:
    for day in range(4):
        at = NOON + day * DAY
        record(history, replace(ENTRY, at=at), replace(ENTRY, key="b", key_result="KR2 Straßenfest Ünal", at=at))
        record(history, replace(ENTRY, workbook="z", group="品牌", at=at), book="z")

    def found(*names: str, **more: Any) -> list[tuple[str, str, int]]:
        return [(entry.workbook, entry.key, (entry.at - NOON).days) for entry in history.entries(*names, **more)]

    assert len(found()) == 12
    assert found("z") == [("z", "a", day) for day in range(4)]
    assert found(BOOK, key="b") == [(BOOK, "b", day) for day in range(4)]
    assert found(text="STRASSENFEST ü") == found(BOOK, key="b")
    assert found(text="品牌", since=NOON + DAY, until=NOON + 3 * DAY) == [("z", "a", 1), ("z", "a", 2)]
    assert found(text="increase SALES", until=NOON + DAY) == [(BOOK, "a", 0), (BOOK, "b", 0), ("z", "a", 0)]
    assert found(limit=2) == [(BOOK, "b", 3), ("z", "a", 3)]
    assert found(BOOK, limit=3) == [(BOOK, "b", 2), (BOOK, "a", 3), (BOOK, "b", 3)]
    assert found(BOOK, key="a", limit=1, until=NOON + 2 * DAY) == [(BOOK, "a", 1)]
    assert found(text="%") == found(limit=0) == found("nobody") == []


def test_a_reader_that_stops_holds_up_nobody(history: History) -> None:
    record(history, *(replace(ENTRY, key=str(number)) for number in range(50)))
    reader = history.entries()
    assert next(reader).key == "0"
    record(history, replace(ENTRY, key="late"))
    assert "late" not in [entry.key for entry in reader]
    assert "late" in [entry.key for entry in history.entries()]


def test_a_moment_needs_its_time_zone(history: History) -> None:
    run = history.begin(BOOK)
    naive = datetime(2026, 3, 2)
    with pytest.raises(ValueError, match="time zone"):
        history.record(run, [ENTRY, replace(ENTRY, key="b", at=naive)], fills={}, outbox=[])
    assert list(history.entries()) == []
    with pytest.raises(ValueError, match="no run 99"):
        history.record(99, [ENTRY], fills={}, outbox=[])
    history.record(run, [ENTRY], fills={}, outbox=[])
    assert len(list(history.entries())) == 1


# --- what the planner and the writer ask ---------------------------------------------------------------------------------


def test_a_value_that_was_kept_is_not_a_good_one(history: History) -> None:
    record(history, ENTRY, replace(ENTRY, key="b", state="broken", value=None), replace(ENTRY, key="c", state="manual"))
    later = NOON + HOUR
    record(history, replace(ENTRY, state="kept", value=Decimal(7), at=later, as_of=later))
    good = LastReading(Decimal("120.50"), NOON)
    assert plain(history.memory(BOOK)) == ({"a": good, "c": good}, {}, {}) or dict(history.memory(BOOK).last) == {
        "a": good,
        "c": good,
    }
    assert plain(history.memory("another.xlsx")) == ({}, {}, {})


def test_a_link_breaks_once_and_recovers_once(history: History) -> None:
    failing = replace(ENTRY, state="kept", message="Nobody answers.")
    record(history, ENTRY)
    for hour in (1, 2, 3):
        record(history, replace(failing, at=NOON + hour * HOUR), replace(failing, key="b", at=NOON + hour * HOUR))
        assert history.memory(BOOK).broken_since == {ENTRY.link: NOON + HOUR}
    record(history, replace(failing, message="The key expired.", at=NOON + 4 * HOUR))
    lasting = Break(BOOK, ENTRY.link, "crm", "main", NOON + HOUR, None, None, "The key expired.")
    assert history.breaks() == history.breaks(BOOK, NOON + DAY) == [lasting]
    record(history, replace(ENTRY, at=NOON + 5 * HOUR))
    assert history.memory(BOOK).broken_since == {}
    assert history.breaks(BOOK) == [replace(lasting, recovered=NOON + 5 * HOUR)]
    record(history, replace(failing, at=NOON + 6 * HOUR))
    assert [each.since for each in history.breaks()] == [NOON + HOUR, NOON + 6 * HOUR]
    assert [each.since for each in history.breaks(since=NOON + 6 * HOUR)] == [NOON + 6 * HOUR]
    assert history.breaks("another.xlsx") == []


def test_one_row_with_a_figure_is_enough(history: History) -> None:
    record(history, replace(ENTRY, state="broken"), replace(ENTRY, key="b"), replace(ENTRY, key="c", link="", state="broken"))
    assert history.breaks() == []


def test_a_break_ends_when_nobody_asks_any_more(history: History, clock: Clock) -> None:
    record(history, *(replace(ENTRY, key=key, link=f"wrong-{key}", state="broken") for key in "abc"))
    clock.now = NOON + HOUR
    record(history, replace(ENTRY, at=clock.now))  # its author typed another link
    assert set(history.memory(BOOK).broken_since) == {"wrong-b", "wrong-c"}
    record(history, present={"a", "b"})  # the row was deleted
    assert set(history.memory(BOOK).broken_since) == {"wrong-b"}
    assert [(each.link, each.recovered, each.dropped) for each in history.breaks()] == [
        ("wrong-a", None, clock.now), ("wrong-b", None, None), ("wrong-c", None, clock.now),
    ]  # fmt: skip


def test_fills_are_kept_and_forgotten(history: History) -> None:
    record(history, fills={"a": "FFFF00", "b": "", "c": "<fill/>"})
    record(history, fills={"c": None, "b": "000000", "never": None})
    assert history.memory(BOOK).fills == {"a": "FFFF00", "b": "000000"}


def test_the_outbox_holds_the_newest_of_each_row_until_it_is_applied(history: History) -> None:
    first = record(history, ENTRY, outbox=[ITEM, replace(ITEM, key="b", before=None, approximate=False)])
    assert history.outbox(BOOK) == [
        replace(ITEM, run=first), replace(ITEM, key="b", before=None, approximate=False, run=first),
    ]  # fmt: skip
    slow = history.begin(BOOK)
    newer = record(history, outbox=[replace(ITEM, value=Decimal(9))])
    history.record(slow, [], fills={}, outbox=[replace(ITEM, value=Decimal(8)), replace(ITEM, key="b", value=Decimal(8))])
    assert [(item.key, item.value, item.run) for item in history.outbox(BOOK)] == [("a", 9, newer), ("b", 8, slow)]
    history.applied(slow)
    assert [item.key for item in history.outbox(BOOK)] == ["a"]
    record(history, outbox=[replace(ITEM, key="c"), replace(ITEM, key="d")])
    history.applied(record(history), keys={"a", "c"})
    assert [item.key for item in history.outbox(BOOK)] == ["d"]
    assert history.outbox("another.xlsx") == []


def test_runs_are_told(history: History, clock: Clock) -> None:
    done, killed, other = history.begin(BOOK), history.begin(BOOK), history.begin("z")
    assert done < killed < other
    clock.now = NOON + HOUR
    history.applied(done)
    history.finish(done, edits=3, requests=2, seconds=0.5, error=None)
    history.finish(other, edits=0, requests=0, seconds=0.1, error="The workbook is open in Excel.")
    assert [(run.id, run.applied, run.ended, run.edits, run.requests, run.seconds, run.error) for run in history.runs()] == [
        (done, clock.now, clock.now, 3, 2, 0.5, None),
        (killed, None, None, 0, 0, 0.0, None),
        (other, None, clock.now, 0, 0, 0.1, "The workbook is open in Excel."),
    ]
    assert [run.id for run in history.runs(BOOK)] == [done, killed]
    assert [run.id for run in history.runs(limit=1)] == [other]
    assert history.runs(since=NOON + HOUR) == []
    with pytest.raises(ValueError, match="no run"):
        history.finish(99, edits=0, requests=0, seconds=0, error=None)


def test_lookups_and_lanes_survive(path: Path) -> None:
    state = LaneState(5, NOON + HOUR, "outage", "f1")
    with opened(path) as history:
        history.keep_lookup("crm", "main", "web 1", "id 1")
        history.keep_lookup("crm", "main", "web 1", "id 2")
        history.keep_lane("crm", "main", state)
        history.keep_lane("mail", "main", LaneState(0, None, "", ""))
    with opened(path) as history:
        assert history.lookup("crm", "main", "web 1") == "id 2"
        assert history.lookup("crm", "other", "web 1") is None
        assert history.lane("crm", "main") == history.lane("crm", "main", fingerprint="f1") == state
        assert history.lane("crm", "main", fingerprint="f2") is None
        assert history.lane("mail", "main") == LaneState(0, None, "", "")
        history.keep_lane("crm", "main", None)
        assert history.lane("crm", "main") is None


# --- any sequence of runs, against a model -------------------------------------------------------------------------------

_states = st.sampled_from(["fresh", "unchanged", "kept", "broken", "manual"])
_rows = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from(["", "l1", "l2", "l3"]), _states, st.none() | st.integers(0, 3)),
    max_size=5,
    unique_by=lambda row: row[0],
)
_runs = st.lists(
    st.tuples(
        _rows,
        st.dictionaries(st.sampled_from("abc"), st.none() | st.sampled_from(["", "F0F0F0"]), max_size=2),
        st.none() | st.sets(st.sampled_from("abcd")),
        st.integers(1, 40),
    ),
    max_size=12,
)


@given(_runs)
@settings(max_examples=60, deadline=None)
def test_the_memory_is_that_of_a_simple_model(runs: list[Any]) -> None:
    clock = Clock()
    last: dict[str, LastReading] = {}
    since: dict[str, datetime] = {}
    fills: dict[str, str] = {}
    standing: dict[str, Entry] = {}
    timeline: list[tuple[datetime, dict[str, Entry]]] = []
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder) / "h.db", clock) as history:
        for rows, fill, present, hours in runs:
            clock.now += hours * HOUR
            entries = [
                replace(ENTRY, key=key, link=link, state=state, value=None if value is None else Decimal(value), at=clock.now)
                for key, link, state, value in rows
            ]
            seen = None if present is None else present | {entry.key for entry in entries}
            record(history, *entries, fills=fill, present=seen)

            for entry in entries:
                standing[entry.key] = entry
                if entry.value is not None and entry.state in {"fresh", "unchanged", "manual"}:
                    last[entry.key] = LastReading(entry.value, entry.as_of)
            if seen is not None:
                standing = {key: entry for key, entry in standing.items() if key in seen}
            good = {entry.link for entry in entries if entry.state in {"fresh", "unchanged"}}
            bad = {entry.link for entry in entries if entry.state in {"kept", "broken"}} - good - {""}
            since = {link: since.get(link, clock.now) for link in (since.keys() - good) | bad}
            since = {link: when for link, when in since.items() if link in {entry.link for entry in standing.values()}}
            fills = {key: kept for key, kept in (fills | fill).items() if kept is not None}

            assert plain(history.memory(BOOK)) == (last, since, fills)
            timeline.append((clock.now, dict(standing)))
        for moment, then in timeline:
            shown = {entry.key: (entry.link, entry.state, entry.value) for entry in history.as_of(BOOK, moment)}
            assert shown == {key: (entry.link, entry.state, entry.value) for key, entry in then.items()}
        assert {each.link for each in history.breaks() if each.recovered is None and each.dropped is None} == set(since)


# --- secrets ---------------------------------------------------------------------------------------------------------------


def test_no_secret_gets_in_and_no_two_names_become_one(path: Path, tmp_path: Path) -> None:
    secret = "canary-5f2a91c3"  # 15 characters that must not be found again
    vault = Vault(tmp_path, {"KEY": secret})
    vault.reveal({"env": "KEY"}, "account main")
    keys, links = (
        [f"{secret} password=row-{n}" for n in range(2)],
        [f"https://x.example/?key={secret}&token=row-{n}" for n in range(2)],
    )
    assert vault.redact(keys[0]) == vault.redact(keys[1])
    names = ["group", "objective", "key_result", "connector", "account", "source", "message", "status", "unit"]
    texts = {name: f"{name} {secret}" for name in names}
    book = f"/plans/{secret}/okr.xlsx"
    with opened(path, redact=vault.redact) as history:
        run = history.begin(book)
        rows = [
            replace(ENTRY, **texts, key=key, link=link, value=Decimal(n), state=state)
            for n, (key, link, state) in enumerate(zip(keys, links, ["fresh", "broken"], strict=True))
        ]
        items = [
            replace(ITEM, key=key, link=link, unit=secret, source=secret, before=secret)
            for key, link in zip(keys, links, strict=True)
        ]
        history.record(run, rows, fills={keys[0]: f"<{secret}/>", keys[1]: "FFFFFF"}, outbox=items, present=set(keys))
        history.finish(run, edits=0, requests=0, seconds=0, error=f"error {secret}")
        history.keep_lookup("crm", secret, secret, "plain")
        history.keep_lookup("crm", secret, "web", secret)
        history.keep_lane("crm", secret, LaneState(1, None, secret, secret))

        memory = history.memory(book)
        assert memory.last[keys[0]].value == 0
        assert keys[1] not in memory.last
        assert set(memory.broken_since.values()) == {NOON}
        assert memory.broken_since.get(links[0]) is None
        assert memory.broken_since[links[1]] == NOON
        assert {memory.last[key] for key in memory.last} == {LastReading(Decimal(0), NOON)}  # names that came out lead back in
        assert (memory.fills.get(keys[0]), memory.fills.get(keys[1])) == (None, "FFFFFF")
        assert len(history.outbox(book)) == len(history.as_of(book, NOON)) == 2
        assert [entry.value for entry in history.entries(book, key=keys[1])] == [1]
        shown = [entry.key for entry in history.entries()]
        assert [entry.value for entry in history.entries(key=shown[1])] == [1]
        assert history.lookup("crm", secret, secret) == "plain"
        assert history.lookup("crm", secret, "web") is None
        assert history.lane("crm", secret, fingerprint=secret) is not None
        history.applied(run, keys={keys[0]})
        assert len(history.outbox(book)) == 1
        stored = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    stored += path.read_bytes()
    assert b"key_result" in stored
    assert secret.encode() not in stored


def test_text_that_no_database_takes(history: History) -> None:
    record(history, replace(ENTRY, message="half a \ud800 sign", key="\udc00", source="a\x00b"))
    (entry,) = history.entries()
    assert entry.message == "half a ? sign"
    assert entry.source == "a\x00b"
    assert history.memory(BOOK).last["\udc00"].value == Decimal("120.50")


# --- the file ------------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="mode bits")
def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "state" / "sheetsync" / "history.db"
    mask = os.umask(0)
    try:
        with opened(path) as history:
            record(history, ENTRY)
            files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    finally:
        os.umask(mask)
    assert files == {"history.db": 0o600, "history.db-wal": 0o600, "history.db-shm": 0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == stat.S_IMODE(path.parent.parent.stat().st_mode) == 0o700
    path.chmod(0o644)
    path.parent.chmod(0o755)
    with opened(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o755  # a folder that was there may be anybody's


def test_what_is_kept_survives_a_power_cut(history: History) -> None:
    settings_ = {
        name: history._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous", "foreign_keys")
    }
    assert settings_ == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    with pytest.raises(sqlite3.IntegrityError):
        history._db.execute("INSERT INTO goals (workbook, key) VALUES (99, 'x')")


def test_a_damaged_file_is_named_and_left(path: Path) -> None:
    path.write_bytes(b"This is not a database, but somebody's shopping list. " * 99)
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="damaged") as told:
        opened(path)
    assert str(path) in str(told.value)
    assert "backup" in told.value.advice
    assert path.read_bytes() == before


def test_damage_that_shows_later(path: Path) -> None:
    with opened(path) as history:
        record(history, *(replace(ENTRY, key=str(number), message="x" * 200) for number in range(200)))
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xff" * (size - 8192))
    with opened(path) as history, pytest.raises(WorkbookError, match="damaged"):
        list(history.entries())
    assert path.stat().st_size == size


@pytest.mark.parametrize("owner", [0, 7])
def test_a_database_of_somebody_else_is_left(path: Path, owner: int) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE customers (id INTEGER)")
        db.execute(f"PRAGMA application_id = {owner}")
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="another program"):
        opened(path)
    assert path.read_bytes() == before


def test_a_newer_database_is_left(path: Path) -> None:
    opened(path).close()
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="newer sheetsync") as told:
        opened(path)
    assert "Update" in told.value.advice
    assert path.read_bytes() == before


def test_a_locked_database_says_so_and_loses_nothing(path: Path) -> None:
    with opened(path, busy_seconds=0.05) as history, closing(sqlite3.connect(path, isolation_level=None)) as other:
        run = record(history, ENTRY)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(WorkbookError, match="in use"):
            history.record(run, [replace(ENTRY, key="b")], fills={}, outbox=[])
        assert [entry.key for entry in history.entries()] == ["a"]
        assert history.memory(BOOK).last.keys() == {"a"}
        other.execute("ROLLBACK")
        record(history, replace(ENTRY, key="b"))
        assert [entry.key for entry in history.entries()] == ["a", "b"]


def test_a_database_locked_at_the_start(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(ConfigError, match="in use"):
            opened(path, busy_seconds=0.05)


@contextmanager
def without_privileges(*paths: Path) -> Iterator[None]:
    """As an ordinary user, for whom mode bits count."""
    if sys.platform == "win32":
        pytest.skip("mode bits")
    if os.geteuid():
        yield
        return
    for each in paths:
        os.chown(each, 65534, 65534)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any user can reach, which those of pytest are not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


@pytest.mark.parametrize("deeper", ["history.db", "new/history.db"])
def test_a_read_only_folder(open_folder: Path, deeper: str) -> None:
    with without_privileges(open_folder):
        open_folder.chmod(0o555)
        with pytest.raises(ConfigError, match="cannot be opened") as told:
            opened(open_folder / deeper)
        assert "sheetsync.toml" in told.value.advice
    assert list(open_folder.iterdir()) == []


def test_a_read_only_file(open_folder: Path) -> None:
    path = open_folder / "history.db"
    opened(path).close()
    with without_privileges(open_folder, path):
        path.chmod(0o400)
        with pytest.raises(ConfigError, match="cannot be opened"):
            opened(path)


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be"):
        opened(tmp_path)


def test_a_full_disk_keeps_what_was(path: Path) -> None:
    with opened(path) as history:
        first = record(history, ENTRY)
        history._db.execute("PRAGMA max_page_count = 1")  # never below what is used already
        with pytest.raises(WorkbookError, match="disk is full") as told:
            record(history, *(replace(ENTRY, key=str(number), message="x" * 500) for number in range(500)))
        assert "space" in told.value.advice
        assert list(history.entries()) == [replace(ENTRY, run=first)]
        history._db.execute("PRAGMA max_page_count = 100000")
        record(history, replace(ENTRY, key="b"))
        assert [entry.key for entry in history.entries()] == ["a", "b"]


# --- migrations ------------------------------------------------------------------------------------------------------------


def columns(path: Path) -> tuple[int, set[str]]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute("PRAGMA user_version").fetchone()[0], {name for (name,) in db.execute("SELECT name FROM sqlite_master")}


def test_a_migration_is_whole_or_not_at_all(path: Path) -> None:
    opened(path).close()
    tables = columns(path)[1]
    good, bad = ("CREATE TABLE extra (id INTEGER)",), ("CREATE TABLE half (id INTEGER)", "CREATE TABLE half (id INTEGER)")
    with pytest.raises(ConfigError):
        open_store(path, busy_seconds=1, migrations=(*MIGRATIONS, good, bad)).close()
    assert columns(path) == (len(MIGRATIONS) + 1, tables | {"extra"})
    open_store(path, busy_seconds=1, migrations=(*MIGRATIONS, good, bad[:1])).close()
    assert columns(path) == (len(MIGRATIONS) + 2, tables | {"extra", "half"})
    with pytest.raises(ConfigError, match="newer"):
        opened(path)


def test_a_migration_that_breaks_a_reference_is_taken_back(path: Path) -> None:
    with opened(path) as history:
        record(history, ENTRY)
    with pytest.raises(sqlite3.IntegrityError):
        open_store(path, busy_seconds=1, migrations=(*MIGRATIONS, ("DELETE FROM workbooks",)))
    with opened(path) as history:
        assert [entry.key for entry in history.entries(BOOK)] == ["a"]


def test_every_version_that_ever_was_can_still_be_opened(path: Path) -> None:
    """One dump a version, each with the same content: a new migration adds a dump and changes none."""
    dumps = sorted(OLD.glob("v*.sql"))
    assert [dump.stem for dump in dumps] == [f"v{number}" for number in range(1, len(MIGRATIONS) + 1)]
    for dump in dumps:
        old = path.with_name(f"{dump.stem}.db")
        with closing(sqlite3.connect(old)) as db:
            db.executescript(dump.read_text(encoding="utf-8"))
        with opened(old) as history:
            check_lived_in(history)
        assert columns(old)[0] == len(MIGRATIONS)


def live_in(history: History) -> None:
    """A little of everything; the dumps of old versions hold just this."""
    first = record(
        history, ENTRY, replace(ENTRY, key="b", link="gone", state="broken", message="No such page."), fills={"a": "FFFF00"}
    )
    history.applied(first)
    history.finish(first, edits=1, requests=2, seconds=0.25, error=None)
    record(
        history, replace(ENTRY, value=Decimal(130), at=NOON + DAY, as_of=NOON + DAY), outbox=[replace(ITEM, value=Decimal(130))]
    )
    history.keep_lookup("crm", "main", "web 1", "id 1")
    history.keep_lane("crm", "main", LaneState(5, NOON + HOUR, "outage", "f1"))
    history.keep_served(BOOK, NOON)
    history.keep_told("chat", {"broken|a"})


def check_lived_in(history: History) -> None:
    assert [(entry.key, entry.value) for entry in history.as_of(BOOK, NOON)] == [
        ("a", Decimal("120.50")),
        ("b", Decimal("120.50")),
    ]
    assert [(entry.key, entry.value) for entry in history.as_of(BOOK, NOON + DAY)] == [("a", 130), ("b", Decimal("120.50"))]
    assert plain(history.memory(BOOK)) == ({"a": LastReading(Decimal(130), NOON + DAY)}, {"gone": NOON}, {"a": "FFFF00"})
    assert [(item.key, item.value, item.before) for item in history.outbox(BOOK)] == [("a", 130, "118")]
    assert [(run.edits, run.ended is None) for run in history.runs(BOOK)] == [(1, False), (0, True)]
    assert history.lookup("crm", "main", "web 1") == "id 1"
    assert history.lane("crm", "main") == LaneState(5, NOON + HOUR, "outage", "f1")
    assert history.served(BOOK) == NOON
    assert history.told("chat") == {"broken|a"}
    assert history._db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def dump_lived_in(path: Path) -> str:
    """The text of a dump for `data/history`, made by hand when a version ships: python -c "from test_history import ..."."""
    with opened(path) as history:
        live_in(history)
    with closing(sqlite3.connect(path)) as db:
        marks = f"PRAGMA application_id = {APPLICATION_ID};\nPRAGMA user_version = {len(MIGRATIONS)};\n"
        return "\n".join(db.iterdump()) + "\n" + marks


def test_the_newest_dump_is_of_the_newest_schema(path: Path) -> None:
    assert dump_lived_in(path) == (OLD / f"v{len(MIGRATIONS)}.sql").read_text(encoding="utf-8")


def test_the_links_of_the_last_run_are_kept_in_place_of_the_ones_before(history: History) -> None:
    assert history.expected(BOOK) == []
    history.expect(BOOK, ["https://b.example/#metric=x", "file:a.csv"])
    history.expect("another", ["file:other.csv"])
    assert history.expected(BOOK) == ["file:a.csv", "https://b.example/#metric=x"]
    history.expect(BOOK, ["file:c.csv"])
    assert (history.expected(BOOK), history.expected("another")) == (["file:c.csv"], ["file:other.csv"])


# --- several at once, and an end at any instant ---------------------------------------------------------------------------


def test_threads_share_one_store(history: History) -> None:
    together = threading.Barrier(6)

    def work(number: int) -> int:
        together.wait()
        for turn in range(8):
            record(history, replace(ENTRY, key=f"{number}-{turn}"), book=f"book {number}")
            history.keep_lookup("crm", "main", f"{number}-{turn}", str(number))
            assert len(history.memory(f"book {number}").last) == turn + 1
        return len(list(history.entries(f"book {number}")))

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(work, range(6))) == [8] * 6
    ids = [run.id for run in history.runs()]
    assert len(ids) == len(set(ids)) == 48


CHILD = """
import sys
from pathlib import Path
sys.path.insert(0, str(Path(sys.argv[2]) / "tests"))
import test_history as t
with t.opened(Path(sys.argv[1])) as history:
    {body}
"""


def child(path: Path, body: str, *before: str) -> subprocess.Popen[bytes]:
    code = CHILD.replace("{body}", body)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([*before, sys.executable, "-c", code, str(path), str(ROOT)], env=env, stderr=subprocess.PIPE)


def test_processes_that_start_together_make_one_store(path: Path) -> None:
    body = "[t.record(history, t.replace(t.ENTRY, key=f'{sys.argv[1]}{i}', link=str(i))) for i in range(5)]"
    started = [child(path, body) for _ in range(3)]
    for process in started:
        assert process.communicate()[1] == b""
        assert process.returncode == 0
    with opened(path) as history:
        assert len(history.runs()) == 15
        assert history._db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def first_run(history: History) -> int:
    broken = [replace(ENTRY, key=str(n), link=f"l{n}", state="broken") for n in range(8)]
    return record(history, ENTRY, *broken, fills={"a": "FFFF00"}, outbox=[ITEM])


def second_run(history: History, run: int) -> None:
    at = NOON + HOUR
    mended = [
        replace(ENTRY, key=str(n), link=f"l{n}", state="fresh", at=at, value=Decimal(n), message="y" * 150) for n in range(8)
    ]
    failing = [replace(ENTRY, state="kept", message="Nobody answers.", at=at)]
    more = [replace(ENTRY, key=f"new {n}", link="l0", at=at) for n in range(20)]
    waiting = [replace(ITEM, key=entry.key, value=Decimal(7)) for entry in mended] + [replace(ITEM, value=Decimal(8))]
    history.record(run, [*mended, *failing, *more], fills={"a": None, "b": "00FF00"}, outbox=waiting)


def killed_at(history: History, run: int, statement: int) -> None:
    """Runs `second_run`, and dies of SIGKILL before its n-th statement."""
    left = [statement]

    def count(_sql: str) -> None:
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)

    history._db.set_trace_callback(count)
    second_run(history, run)


def everything(history: History) -> object:
    return (
        plain(history.memory(BOOK)),
        history.outbox(BOOK),
        list(history.entries()),
        history.breaks(),
        history.as_of(BOOK, NOON + DAY),
    )


def states(folder: Path) -> tuple[object, object, int]:
    """What may be found after a crash: all before, all after; and the statements between."""
    with opened(folder / "model.db") as history:
        first_run(history)
        run = history.begin(BOOK)
        before = everything(history)
        statements: list[str] = []
        history._db.set_trace_callback(statements.append)
        second_run(history, run)
        history._db.set_trace_callback(None)
        return before, everything(history), len(statements)


def found_after_crash(path: Path) -> object:
    with opened(path) as history:
        assert history._db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        found = everything(history)
        record(history, replace(ENTRY, key="after"))  # it can go on
        return found


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_killed_between_two_statements_nothing_of_the_run_is_kept(tmp_path: Path) -> None:
    before, after, statements = states(tmp_path)
    assert before != after
    assert statements > 60
    for statement in (1, 2, 5, 20, statements // 2, statements - 1, statements, statements + 1):
        path = tmp_path / f"{statement}.db"
        with opened(path) as history:
            first_run(history)
            run = history.begin(BOOK)
        process = child(path, f"t.killed_at(history, {run}, {statement})")
        assert process.communicate()[1] == b""
        assert process.returncode == (0 if statement > statements else -signal.SIGKILL)
        assert found_after_crash(path) == (after if statement > statements else before)


@pytest.mark.skipif(sys.platform != "linux", reason="needs strace")
def test_killed_at_a_write_or_a_sync_the_run_is_whole_or_absent(tmp_path: Path) -> None:
    if not shutil.which("strace"):
        pytest.skip("needs strace")
    before, after, _ = states(tmp_path)
    calls = "pwrite64,fdatasync,fsync"

    def second_run_under_strace(name: str, *options: str) -> Path:
        path = tmp_path / f"{name}.db"
        with opened(path) as history:
            first_run(history)
            run = history.begin(BOOK)
        trace = ["strace", "-f", "-qq", "-o", str(tmp_path / f"{name}.trace"), "-e", f"trace={calls}", *options]
        child(path, f"t.second_run(history, {run})", *trace).communicate()
        return path

    assert found_after_crash(second_run_under_strace("whole")) == after
    total = len((tmp_path / "whole.trace").read_text(encoding="utf-8").splitlines())
    points = sorted({1, 2, total // 4, total // 2, total * 3 // 4, total - 3, total})
    assert len(points) == 7
    found = [
        found_after_crash(second_run_under_strace(str(point), "-e", f"inject={calls}:signal=SIGKILL:when={point}"))
        for point in points
    ]
    assert [each for each in found if each not in (before, after)] == []
    assert found[0] == before
    assert found[-1] == after
