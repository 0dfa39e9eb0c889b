"""The FetchXML of a view goes in, the FetchXML of a count or sum over the same records comes out.

FetchXML       https://learn.microsoft.com/power-apps/developer/data-platform/fetchxml/reference/
Aggregates     https://learn.microsoft.com/power-apps/developer/data-platform/fetchxml/aggregate-data
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from sheetsync.connectors._grammar import Condition, date_of, number_of
from sheetsync.errors import Incomplete, NoSuchMetric, UnexpectedReply, UnsupportedLink

NUMERIC: Final = frozenset({"Integer", "BigInt", "Decimal", "Double", "Money"})
"""Types of a column (`AttributeType`) that hold one number."""

_TEXTUAL: Final = frozenset({"String", "Memo", "EntityName"})
_CHOICES: Final = frozenset({"Picklist", "State", "Status"})
_IDS: Final = frozenset({"Lookup", "Customer", "Owner", "Uniqueidentifier"})
_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_PERSONAL: Final = re.compile(r"(eq|ne)-(user|businessid)\w*")
"""Operators that mean the caller: eq-userid, eq-userteams, eq-businessid, ne-userid and their like."""
_MATCHING: Final = frozenset({"exists", "in", "any", "not any", "all", "not all", "matchfirstrowusingcrossapply"})
"""Ways to join that look at related records, but never repeat one of the view's own."""
_OF_ACTIVITIES: Final = frozenset({"activityparty", "activitymimeattachment"})
"""Tables whose `activityid` says which activity a row belongs to; of every other one it is the primary key of an activity."""
_OPERATORS: Final = {"=": "eq", ">": "gt", ">=": "ge", "<": "lt", "<=": "le"}


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One figure to compute: `function` is countcolumn, sum, min or max."""

    column: str
    function: str
    alias: str
    distinct: bool = False


class View:
    """A view's records.

    Raises UnexpectedReply (no FetchXML of a view), UnsupportedLink (everybody sees other records), Incomplete (cut short).
    """

    def __init__(self, fetchxml: str) -> None:
        try:
            self._fetch: Element = fromstring(fetchxml, forbid_dtd=True)
        except (ParseError, DefusedXmlException, ValueError):
            raise _unknown() from None
        entities = self._fetch.findall("entity")
        if (
            self._fetch.tag != "fetch"
            or len(entities) != 1
            or not re.fullmatch(r"[a-z_][a-z0-9_]{0,127}", entities[0].get("name", ""))
        ):
            raise _unknown()
        if self._fetch.get("aggregate", "").casefold() in {"true", "1"}:
            raise _unknown()
        if any(_PERSONAL.fullmatch(one.get("operator", "").casefold()) for one in self._fetch.iter("condition")):
            raise UnsupportedLink(
                "This view shows everybody other records: those of whoever looks at it.",
                use_instead="Paste the address of a view without conditions on the current user.",
            )
        if self._fetch.get("top") is not None:
            raise Incomplete(
                "This view shows only the first of its records.", advice="Paste the address of a view without a limit."
            )
        self.entity: str = entities[0].get("name", "")

    @property
    def distinct(self) -> bool:
        """A record counts once, however many related records it was joined with."""
        return self._fetch.get("distinct", "").casefold() in {"true", "1"}

    @property
    def repeats(self) -> bool:
        """Whether a join may repeat a record: every one does, unless it leads to the primary key of the other table."""
        return any(
            join.get("link-type", "").casefold() not in _MATCHING
            and join.get("from", "") != f"{join.get('name')}id"
            and (join.get("from", "") != "activityid" or join.get("name", "").casefold() in _OF_ACTIVITIES)
            for join in self._fetch.iter("link-entity")
        )

    def aggregate(self, wanted: Sequence[Aggregate], conditions: Sequence[Element] = ()) -> str:
        """FetchXML for these figures over the view's records that also meet `conditions`."""
        fetch = Element("fetch", {"aggregate": "true"})
        if self._fetch.get("datasource"):
            fetch.set("datasource", self._fetch.get("datasource", ""))
        entity = copy.deepcopy(self._fetch.findall("entity")[0])
        for part in _nested(entity):
            for child in [child for child in part if child.tag in {"attribute", "all-attributes", "order"}]:
                part.remove(child)
        for one in wanted:
            figure = {"name": one.column, "alias": one.alias, "aggregate": one.function}
            SubElement(entity, "attribute", figure | ({"distinct": "true"} if one.distinct else {}))
        if conditions:
            both = Element("filter", {"type": "and"})
            for filtered in entity.findall("filter"):
                entity.remove(filtered)
                both.append(filtered)
            both.extend(conditions)
            entity.append(both)
        fetch.append(entity)
        return tostring(fetch, encoding="unicode")


def _nested(entity: Element) -> Iterator[Element]:
    yield entity
    yield from entity.iter("link-entity")


def _unknown() -> UnexpectedReply:
    return UnexpectedReply("The query of this view is not one that sheetsync understands.")


def compared(column: str, operator: str, value: str = "") -> Element:
    """One condition; XML keeps the value a value, whatever it holds."""
    return Element("condition", {"attribute": column, "operator": operator} | ({"value": value} if value else {}))


def condition(asked: Condition, kind: str) -> list[Element]:
    """A condition of `where=` over a column of this type. Days are those of the account's own time zone. Raises NoSuchMetric."""
    column, ends = asked.column, [asked.value, asked.until] if asked.test == ".." else [asked.value]
    days, numbers = [date_of(end) for end in ends], [number_of(end) for end in ends]
    if kind == "DateTime" and None not in days:
        return _days(column, asked.test, [day for day in days if day is not None])
    mixed = kind == "Money" and not column.endswith("_base")  # amounts in many currencies
    if kind in NUMERIC and not mixed and None not in numbers and not any(end.endswith("%") for end in ends):
        plain = [format(number, "f") for number in numbers if number is not None]
        if asked.test == "..":
            return [compared(column, "ge", plain[0]), compared(column, "le", plain[1])]
        return [compared(column, _OPERATORS[asked.test], plain[0])]
    word = asked.value.casefold()
    if asked.test == "=":
        if kind in _TEXTUAL and asked.value:
            return [compared(column, "eq", asked.value)]
        if kind == "Boolean" and word in {"true", "false"}:
            return [compared(column, "eq", "1" if word == "true" else "0")]
        if (kind in _CHOICES and re.fullmatch(r"-?[0-9]{1,10}", word)) or (kind in _IDS and _GUID.fullmatch(word)):
            return [compared(column, "eq", asked.value)]
    raise NoSuchMetric(
        "The column {column} cannot be compared in this way.", column=column,
        advice="Compare numbers and days, as in createdon:2027-01-01..2027-03-31, texts as they are, choices by their number.",
    )  # fmt: skip


def _days(column: str, test: str, days: Sequence[date]) -> list[Element]:
    one = timedelta(days=1)
    match test:
        case "=":
            return [compared(column, "on", days[0].isoformat())]
        case "..":
            return [compared(column, "on-or-after", days[0].isoformat()), compared(column, "on-or-before", days[1].isoformat())]
        case ">" | ">=":
            return [compared(column, "on-or-after", (days[0] + (one if test == ">" else timedelta())).isoformat())]
        case _:
            return [compared(column, "on-or-before", (days[0] - (one if test == "<" else timedelta())).isoformat())]
