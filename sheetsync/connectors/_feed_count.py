"""The entries of a feed and conditions go in, how many meet them comes out, or why nobody can know: a feed ends somewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from functools import partial
from typing import Final
from urllib.parse import unquote

from sheetsync.connectors._cells import fold
from sheetsync.connectors._feed import Entry, Feed, day_of
from sheetsync.connectors._grammar import Condition, date_of
from sheetsync.connectors._options import conditions_of
from sheetsync.errors import Incomplete, NoSuchMetric, NotReady, UnexpectedReply

DATES: Final = ("published", "updated")
TEXTS: Final = ("category", "author", "title")


@dataclass(frozen=True, slots=True)
class Look:
    """A feed, the zone whose days are counted, and whether the operator says that it shows all entries there are."""

    feed: Feed
    zone: tzinfo
    whole: bool

    def count(self, conditions: Sequence[Condition]) -> int:
        """Raises NotReady (no entries), Incomplete (there may be more), UnexpectedReply (no dates), NoSuchMetric."""
        feed = self.feed
        if not feed.entries and not (self.whole or feed.complete):
            raise NotReady("The feed shows no entries.", advice="Open it in a browser and see whether it is the right one.")
        kept: Sequence[int] = range(len(feed.entries))
        for name in DATES:
            of_name = [condition for condition in conditions if condition.column == name]
            if of_name:
                days = [self._day(entry, name) for entry in feed.entries]
                self._reaches_back(days, of_name)
                kept = [place for place in kept if all(_meets(days[place], condition) for condition in of_name)]
        if not any(_begin(condition) for condition in conditions):
            self._shows_all()
        for condition in conditions:
            if condition.column in TEXTS:
                kept = _saying(feed.entries, kept, condition)
        return len(kept)

    def _day(self, entry: Entry, name: str) -> date:
        written = entry.published if name == "published" else entry.updated
        if written:
            return day_of(written, self.zone)
        if name == "published" and entry.updated:
            raise UnexpectedReply(
                "The entries of this feed do not say when they were published, only when they were changed.",
                advice="To count by that, write where=updated:2027-01-01..2027-03-31 in place of period=.",
            )
        raise UnexpectedReply(
            "An entry of the feed bears no date, so it cannot be said on which day it belongs.",
            advice="Ask whoever runs the feed to give every entry its date.",
        )

    def _reaches_back(self, days: Sequence[date], conditions: Sequence[Condition]) -> None:
        """Raises Incomplete where entries of the days asked for may lie behind the last one that is shown."""
        begins = [begin for condition in conditions if (begin := _begin(condition)) is not None]
        if not begins or not days or self.whole or self.feed.complete:
            return
        # An old entry that is pinned to the top says nothing about the end of the list.
        oldest = days[0] if list(days) == sorted(days) else days[-1]
        if oldest >= max(begins):
            raise Incomplete(
                "The feed shows only its newest {count} entries, back to {day}; before that there may be more.", count=len(days),
                day=oldest.isoformat(), advice="Ask for later days, or let the feed show more entries.",
            )  # fmt: skip

    def _shows_all(self) -> None:
        """Raises Incomplete where no first day is asked for, unless these are known to be all entries."""
        if self.feed.goes_on or not (self.whole or self.feed.complete):
            raise Incomplete(
                "A feed shows only its newest entries, so how many there are in all is not known.",
                advice="Add period={period.start}..{period.end} behind the link; if this feed shows all its entries, ask for "
                "whole = true in sheetsync.toml.",
            )  # fmt: skip


def check(condition: Condition) -> None:
    """Raises NoSuchMetric for a condition that would silently meet nothing."""
    if condition.column not in (*DATES, *TEXTS):
        raise NoSuchMetric(
            "Entries of a feed have no {column}; they have {known}.", column=condition.column, known=", ".join((*DATES, *TEXTS)),
            advice="Write where=category:NAME, for example.",
        )  # fmt: skip
    if condition.column in TEXTS and condition.test != "=":
        raise NoSuchMetric("The filter {column} takes one text as it stands.", column=condition.column)
    if condition.column in DATES and (
        date_of(condition.value) is None or (condition.test == ".." and not date_of(condition.until))
    ):
        raise NoSuchMetric(
            "The filter {column} takes days such as 2027-03-31.", column=condition.column,
            advice="Write where=published:>=2027-01-01 or where=published:2027-01-01..2027-03-31.",
        )  # fmt: skip


def conditions_in(metric: str) -> list[Condition]:
    found: list[Condition] = []
    for part in metric.split("&")[1:]:
        name, _, text = unquote(part).partition("=")
        if name == "period":
            first, _, last = text.partition("..")
            found.append(Condition("published", "..", first, last))
        else:
            found += conditions_of(text)
    return found


def _begin(condition: Condition) -> date | None:
    """The first day that meets a condition on days, or one before it; None where the past is open."""
    return date_of(condition.value) if condition.column in DATES and condition.test in {"=", ">", ">=", ".."} else None


def _meets(day: date, condition: Condition) -> bool:
    bound, until = date_of(condition.value), date_of(condition.until)
    assert bound is not None  # noqa: S101 - `_check` saw to it
    match condition.test:
        case "=":
            return day == bound
        case ">":
            return day > bound
        case ">=":
            return day >= bound
        case "<":
            return day < bound
        case "<=":
            return day <= bound
        case _:
            return until is not None and bound <= day <= until


def _saying(entries: Sequence[Entry], kept: Sequence[int], condition: Condition) -> list[int]:
    """The entries that bear a text. Raises NoSuchMetric where no entry of the feed bears anything of this kind."""
    said = partial(_said, name=condition.column)
    if entries and not any(said(entry) for entry in entries):
        raise NoSuchMetric(
            "The entries of this feed name no {column}.", column=condition.column, advice="Leave this filter out of the link."
        )
    return [place for place in kept if fold(condition.value) in map(fold, said(entries[place]))]


def _said(entry: Entry, name: str) -> tuple[str, ...]:
    return {"category": entry.categories, "author": entry.authors}.get(name, (entry.title,) if entry.title else ())
