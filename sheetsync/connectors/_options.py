"""The options behind a link go in; conditions, a span of days, or a refusal of what would be ignored comes out.

An option that a connector does not look at would silently change what a reader believes to see, so it is refused.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from sheetsync.connectors._grammar import Choice, Condition, date_of
from sheetsync.errors import NoSuchMetric
from sheetsync.model import Link

_ALWAYS: Final = frozenset({"account", "metric", "unit"})


def only(link: Link, *known: str) -> None:
    """Raises NoSuchMetric where the link carries an option besides `known` and those that every link may carry."""
    for name, _ in link.options:
        if name not in _ALWAYS and name not in known:
            raise NoSuchMetric(
                "The option {name} says nothing about this page.", name=name,
                advice="Take it out of the link; the page of this service in the handbook lists the options that it knows.",
            )  # fmt: skip


def days_of(link: Link) -> tuple[str, str] | None:
    """The option `period=2026-01-01..2026-03-31` as its first and last day, both included; None where there is none.

    Raises NoSuchMetric: no two dates, or the end lies before the beginning.
    """
    text = link.option("period")
    if text is None:
        return None
    first, dots, last = (part.strip() for part in text.partition(".."))
    start, end = date_of(first), date_of(last)
    if not dots or start is None or end is None or start > end:
        raise NoSuchMetric(
            "The period of this link cannot be read.",
            advice="Write period=2026-01-01..2026-03-31, or period={period.start}..{period.end} for the period of the row.",
        )
    return start.isoformat(), end.isoformat()


def conditions_of(text: str | None) -> tuple[Condition, ...]:
    """The conditions of `where=`: `stage:Won,value:>100`. Raises NoSuchMetric."""
    return Choice.parse("where=" + quote(text, safe="")).where if text and text.strip() else ()


def conditions_text(conditions: tuple[Condition, ...]) -> str:
    """The one canonical text of conditions, which `conditions_of` reads back."""
    return ",".join(map(str, conditions))
