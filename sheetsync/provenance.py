"""Entries of the history and a text go in; the one key result that is meant, or those that it might be, come out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from sheetsync.history import Entry, named
from sheetsync.okr.layout import fold
from sheetsync.tabular import as_csv

COLUMNS: Final = (
    "recorded", "as_of", "group", "objective", "key_result", "period", "result", "unit", "target", "progress", "status", "state",
    "source", "connector", "account", "link", "message", "workbook", "run",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """`key_results` are the newest entries of all that fit, `entries` those of the one that is meant; none where several fit."""

    key_results: tuple[Entry, ...]
    entries: tuple[Entry, ...]


def meant(entries: Sequence[Entry], text: str) -> Found:
    """By id or full name first, then by a part of the name; a key result that fits by its objective or group alone fits least.

    Where one key result was followed over several periods, the newest is meant.
    """
    newest: dict[str, Entry] = {}
    for entry in entries:
        newest[entry.key + "\0" + entry.workbook] = entry
    wanted = fold(text)
    ranked: dict[int, list[Entry]] = {}
    for entry in newest.values():
        ranked.setdefault(_rank(fold(name_of(entry)), wanted), []).append(entry)
    best = ranked[min(ranked)] if ranked else []
    one = best[-1] if len(best) == 1 else _same(best)
    if one is None:
        return Found(tuple(best), ())
    return Found((one,), tuple(entry for entry in entries if (entry.key, entry.workbook) == (one.key, one.workbook)))


def _rank(name: str, wanted: str) -> int:
    number = name.partition(" ")[0]
    return 0 if wanted in (name, number, name.removeprefix(number).strip()) else 1 if wanted in name else 2


def _same(entries: Sequence[Entry]) -> Entry | None:
    """The newest, where all are one key result of one workbook in several periods."""
    if not entries or len({(one.workbook, fold(one.group), fold(one.key_result)) for one in entries}) > 1:
        return None
    return max(entries, key=lambda one: one.at)


def name_of(entry: Entry) -> str:
    """The key result with its id in front."""
    return named(entry.key, entry.key_result)


def period_of(entry: Entry) -> str:
    """The label of the row's period, as its key tells it."""
    return entry.key.rpartition("\x1f")[2].upper()


def table(entries: Iterable[Entry]) -> str:
    """All that is known of each figure, in CSV."""
    return as_csv(COLUMNS, map(_row, entries))


def _row(entry: Entry) -> dict[str, Any]:
    figures = {"result": entry.value, "target": entry.target, "progress": entry.progress}
    return {
        "recorded": entry.at.isoformat(timespec="seconds"), "as_of": entry.as_of.isoformat(timespec="seconds"),
        "group": entry.group, "objective": entry.objective, "key_result": name_of(entry), "period": period_of(entry),
        **{name: _number(value) for name, value in figures.items()},
        "unit": entry.unit, "status": entry.status, "state": entry.state, "source": entry.source, "connector": entry.connector,
        "account": entry.account, "link": entry.link, "message": entry.message, "workbook": entry.workbook, "run": entry.run,
    }  # fmt: skip


def _number(value: Decimal | None) -> float | int | str:
    return "" if value is None else int(value) if value == int(value) else float(value)
