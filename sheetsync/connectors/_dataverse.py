"""A view or record of one organisation in Dataverse goes in, its count, its sum or one of its numbers comes out.

Counts         https://learn.microsoft.com/power-apps/developer/data-platform/webapi/query/count-rows: `$count` ends at 5,000 rows
               (500 of an elastic table) and says so in an annotation; beyond it FetchXML counts
Aggregates     end at 50,000 rows with error 0x8004e023; beyond it the records are counted in spans of their creation
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Context, Decimal
from functools import partial
from typing import Any, Final
from xml.etree.ElementTree import Element

from sheetsync import values
from sheetsync.connectors._fetchxml import NUMERIC, Aggregate, View, compared, condition
from sheetsync.connectors._options import conditions_of
from sheetsync.connectors.base import Ask, Lookups, walk
from sheetsync.errors import Incomplete, NoSuchMetric, NotFound, NotReady, UnexpectedReply

CAPS: Final = (500, 5_000)
MAX_SPANS: Final = 100
COLUMN: Final = r"[a-z_][a-z0-9_]{0,127}"
MEASURES: Final = ("count", "sum", "mean", "min", "max", "distinct")

_LIMIT: Final = "@Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded"
_COUNTING: Final = {
    "Prefer": 'odata.maxpagesize=1,odata.include-annotations="Microsoft.Dynamics.CRM.totalrecordcount,'
    'Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded"'
}
_EXACT: Final = Context(prec=100)
_MEAN: Final = Context(prec=28)


class RecordLimit(Incomplete):
    """An aggregate over more than 50,000 records (0x8004e023)."""


def _odata(
    ask: Ask, path: str, params: Mapping[str, str] | None = None, *, headers: Mapping[str, str] | None = None, once: bool = False
) -> Any:
    return ask(path, params, headers={"OData-MaxVersion": "4.0", "OData-Version": "4.0", **(headers or {})}, once=once)


class Dataverse:
    """One organisation. `ask` sends a request; what never changes is kept in `lookups`."""

    def __init__(self, ask: Ask, lookups: Lookups) -> None:
        self._ask, self._lookups = partial(_odata, ask), lookups

    # --- views

    def view(self, view: str, *, personal: bool, metric: str, where: str) -> Any:
        """The figure of a view with its currency, if it has one. Raises as `View` does."""
        stored = self._ask(f"/{'userqueries' if personal else 'savedqueries'}({view})", {"$select": "fetchxml"})
        found = View(str(walk(stored, "fetchxml")))
        table, key = self._table(found.entity)
        measure, _, column = metric.removesuffix(")").partition("(")
        asked = conditions_of(where)
        if measure == "count" and not asked:
            query = {"userQuery" if personal else "savedQuery": view, "$count": "true"}
            counted = self._ask(f"/{table}", query, headers=_COUNTING)
            total, capped = _count(counted), counted.get(_LIMIT)
            if capped is False or (capped is None and total not in (*CAPS, -1)):
                return {"figure": total}
        meets = [one for part in asked for one in condition(part, self._kind(found.entity, part.column))]
        if measure == "count":
            figures = self._computed(found, table, [Aggregate(key, "countcolumn", "n", found.distinct)], meets)
            return {"figure": sum(figures["n"], Decimal(0))}
        return self._measured(found, table, measure, column, meets)

    def _measured(self, view: View, table: str, measure: str, column: str, meets: Sequence[Element]) -> Any:
        kind = self._kind(view.entity, column)
        if measure == "distinct":
            figures = self._computed(view, table, [Aggregate(column, "countcolumn", "n", distinct=True)], meets, whole=True)
            return {"figure": figures["n"][0]}
        if kind not in NUMERIC:
            raise _no_number(column)
        if kind == "Money" and not column.endswith("_base"):
            raise NoSuchMetric(
                "The column {column} holds each amount in the currency of its record, so they cannot be added or compared.",
                column=column, advice="Take the same column in the organisation's own currency: its name ends in _base.",
            )  # fmt: skip
        currency = {"currency": self._base_currency()} if kind == "Money" else {}
        if measure in {"min", "max"}:
            figures = self._computed(view, table, [Aggregate(column, measure, "n")], meets)
            return {"figure": (min if measure == "min" else max)(_some(figures["n"])), **currency}
        if view.repeats:
            raise Incomplete(
                "This view joins tables that can repeat a record, so a sum would count it several times.",
                advice="Paste the address of a view without conditions on related records.",
            )
        figures = self._computed(view, table, [Aggregate(column, "sum", "n"), Aggregate(column, "countcolumn", "c")], meets)
        total, count = Decimal(0), sum(figures["c"], Decimal(0))
        for part in _some(figures["n"]):
            total = _EXACT.add(total, part)
        return {"figure": _MEAN.divide(total, count) if measure == "mean" else total, **currency}

    def _computed(
        self, view: View, table: str, wanted: Sequence[Aggregate], meets: Sequence[Element], *, whole: bool = False
    ) -> dict[str, list[Decimal]]:
        """The figures by alias, one for each span that had to be asked alone; empty ones are left out."""
        try:
            rows = [self._row(view, table, wanted, meets)]
        except RecordLimit:
            if whole:
                raise
            rows = self._in_spans(view, table, wanted, meets)
        return {one.alias: [row[one.alias] for row in rows if one.alias in row] for one in wanted}

    def _row(self, view: View, table: str, wanted: Sequence[Aggregate], meets: Sequence[Element]) -> dict[str, Decimal]:
        answer = walk(self._ask(f"/{table}", {"fetchXml": view.aggregate(wanted, meets)}), "value")
        if not isinstance(answer, list) or len(answer) != 1 or not isinstance(answer[0], dict):
            raise UnexpectedReply("The answer is not the one row that an aggregate has.")
        if any(one.function == "countcolumn" and one.alias not in answer[0] for one in wanted):
            raise UnexpectedReply("The answer holds no count where one is due.")
        named = {one.alias: answer[0].get(one.alias) for one in wanted if one.alias in answer[0]}
        empty = {one.alias for one in wanted if one.function != "countcolumn"}
        return {name: values.figure(value).value for name, value in named.items() if value is not None or name not in empty}

    def _in_spans(
        self, view: View, table: str, wanted: Sequence[Aggregate], meets: Sequence[Element]
    ) -> list[dict[str, Decimal]]:
        """The same over spans of creation that are halved until each holds few enough records. Raises Incomplete."""
        try:
            self._kind(view.entity, "createdon")
        except NoSuchMetric:
            raise RecordLimit("This view has more records than Dataverse adds up.") from None
        first, last = (self._created(table, order) for order in ("asc", "desc"))
        rows = [self._row(view, table, wanted, [*meets, compared("createdon", "null")])]
        waiting = [(first, last + timedelta(seconds=1))]
        for _ in range(MAX_SPANS):
            if not waiting:
                return rows
            start, end = waiting.pop()
            span = [compared("createdon", "ge", _utc(start)), compared("createdon", "lt", _utc(end))]
            try:
                rows.append(self._row(view, table, wanted, [*meets, *span]))
            except RecordLimit:
                middle = start + timedelta(seconds=(end - start) // timedelta(seconds=2))
                if middle == start:
                    raise
                waiting += [(middle, end), (start, middle)]
        raise RecordLimit("This view has more records than Dataverse adds up.")

    def _created(self, table: str, order: str) -> datetime:
        query = {"$select": "createdon", "$orderby": f"createdon {order}", "$filter": "createdon ne null", "$top": "1"}
        try:
            found = datetime.fromisoformat(str(walk(self._ask(f"/{table}", query, once=True), "value.0.createdon")))
        except ValueError:
            found = None
        if found is None or found.tzinfo is None:
            raise UnexpectedReply("The answer does not say when a record was created.")
        return found.replace(microsecond=0)

    # --- records

    def record(self, entity: str, record: str, column: str) -> Any:
        """One number of a record; money with its currency."""
        table, _ = self._table(entity)
        kind = self._kind(entity, column)
        if kind not in NUMERIC:
            raise _no_number(column)
        if kind != "Money":
            return {"figure": walk(self._ask(f"/{table}({record})", {"$select": column}), column)}
        if column.endswith("_base"):
            return {
                "figure": walk(self._ask(f"/{table}({record})", {"$select": column}), column),
                "currency": self._base_currency(),
            }
        query = {"$select": column, "$expand": "transactioncurrencyid($select=isocurrencycode)"}
        answer = self._ask(f"/{table}({record})", query)
        return {"figure": walk(answer, column), "currency": walk(answer, "transactioncurrencyid.isocurrencycode") or ""}

    # --- what never changes

    def _table(self, entity: str) -> tuple[str, str]:
        """The name of a table's set of records and of its primary key."""
        kept = self._lookups.get(f"table/{entity}")
        if kept is None:
            query = {"$select": "EntitySetName,PrimaryIdAttribute"}
            answer = self._ask(f"/EntityDefinitions(LogicalName='{entity}')", query, once=True)
            kept = f"{walk(answer, 'EntitySetName')}/{walk(answer, 'PrimaryIdAttribute')}"
            if not re.fullmatch(r"\w+/\w+", kept):
                raise UnexpectedReply("The answer names no table.")
            self._lookups.put(f"table/{entity}", kept)
        table, _, key = kept.partition("/")
        return table, key

    def _kind(self, entity: str, column: str) -> str:
        """The type of a column. Raises NoSuchMetric."""
        if not re.fullmatch(COLUMN, column):
            raise _no_column(column)
        kept = self._lookups.get(f"type/{entity}/{column}")
        if kept is None:
            path = f"/EntityDefinitions(LogicalName='{entity}')/Attributes(LogicalName='{column}')"
            try:
                kept = str(walk(self._ask(path, {"$select": "AttributeType"}, once=True), "AttributeType"))
            except NotFound:
                raise _no_column(column) from None
            self._lookups.put(f"type/{entity}/{column}", kept)
        return kept

    def _base_currency(self) -> str:
        kept = self._lookups.get("currency")
        if kept is None:
            query = {"$select": "organizationid", "$expand": "basecurrencyid($select=isocurrencycode)"}
            kept = str(walk(self._ask("/organizations", query, once=True), "value.0.basecurrencyid.isocurrencycode"))
            self._lookups.put("currency", kept)
        return kept


def _count(answer: Any) -> Any:
    if not isinstance(answer, dict) or "@odata.count" not in answer:
        raise UnexpectedReply("The answer holds no count where one is due.")
    return answer["@odata.count"]


def _some(figures: list[Decimal]) -> list[Decimal]:
    if not figures:
        raise NotReady("No record holds a figure here yet; a missing figure is not zero.")
    return figures


def _utc(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _no_number(column: str) -> NoSuchMetric:
    return NoSuchMetric("The column {column} holds no number.", column=column, advice="Name a column of numbers or of money.")


def _no_column(column: str) -> NoSuchMetric:
    return NoSuchMetric(
        "The table has no column {column}.", column=column[:60],
        advice="Take the column's logical name in small letters, such as actualvalue_base, as the maker portal shows it.",
    )  # fmt: skip
