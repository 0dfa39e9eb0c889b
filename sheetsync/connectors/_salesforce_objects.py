"""An object of Salesforce and what is asked of it go in: the count or sum of a list view, a field of a record, a query's figure.

SOQL           https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/
List views     https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_listviewdescribe.htm
               their description holds their SOQL; the number of rows that their results tell is that of one page only
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import quote

from sheetsync.connectors._cells import names_of
from sheetsync.connectors._grammar import Condition, date_of, number_of
from sheetsync.connectors._options import conditions_of
from sheetsync.connectors.base import Lookups, walk
from sheetsync.errors import Incomplete, NoSuchMetric, NotFound, NotReady, UnexpectedReply, UnsupportedLink

DESCRIPTION_BYTES: Final = 20_000_000
"""Descriptions of objects with many fields, and reports with many groups, are larger than other answers."""

REST: Final = r"[0-9A-Za-z]{12}([0-9A-Za-z]{3})?"
"""An id behind its first three characters, which say what kind of object it is."""

NAME: Final = r"[A-Za-z][A-Za-z0-9_]{0,99}"
_FUNCTIONS: Final = {"sum": "SUM", "mean": "AVG", "min": "MIN", "max": "MAX", "distinct": "COUNT_DISTINCT"}

NUMERIC: Final = frozenset({"int", "long", "double", "currency", "percent"})
"""Types of a field (`type` in the description of an object) that hold one number."""

_TEXTUAL: Final = frozenset({"string", "picklist", "combobox", "email", "phone", "url", "id", "reference"})

_TOKEN: Final = re.compile(r"'(?:[^'\\]|\\.)*'|[()]|[^\s()']+|\s+", re.DOTALL)
_CLAUSES: Final = frozenset({
    "SELECT", "FROM", "USING", "WHERE", "WITH", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "FOR",
})  # fmt: skip


class Ask(Protocol):
    """GET of a path below the API's version; the answer as JSON."""

    def __call__(self, path: str, *, once: bool = False, max_bytes: int | None = None, **params: str) -> Any: ...


class Objects:
    """What one account may see of its organisation's objects. `ask` sends a request; `currency` where there is only one."""

    def __init__(self, ask: Ask, lookups: Lookups, currency: str, *, own_views: bool) -> None:
        self._ask, self._lookups, self._currency, self._own_views = ask, lookups, currency, own_views

    def query(self, soql: str, *, once: bool = False) -> Any:
        found = self._ask("/query", once=once, q=soql)
        if walk(found, "done") is not True:
            raise Incomplete("Salesforce sent only the first rows of this query.")
        return found

    def one(self, soql: str) -> Any:
        """The one figure of a query: its count, or the one value of its one row. Raises NotReady where the value is empty."""
        found = self.query(soql)
        rows = walk(found, "records")
        if rows == []:
            if not re.match(r"\s*SELECT\s+COUNT\(\s*\)\s", soql, re.IGNORECASE):
                raise NotReady("No record meets this query, so there is no figure.")
            return walk(found, "totalSize")
        values = [value for name, value in walk(rows, "0").items() if name != "attributes"]
        if len(rows) != 1 or len(values) != 1:
            raise Incomplete(
                "This query gives {rows} rows of {columns} values, where one figure is due.", rows=len(rows), columns=len(values),
                advice="Let the query of this name select one figure.",
            )  # fmt: skip
        if values[0] is None:
            raise NotReady("No record holds a figure here yet; a missing figure is not zero.")
        return values[0]

    def view(self, name: str, view: str, metric: str, where: str) -> Any:
        described = self._described(name, view)
        soql = Soql.parse(str(walk(described, "query")))
        scopes = {str(scope).casefold() for scope in (soql.scope, described.get("scope")) if scope}
        if scopes - {"everything"} and not self._own_views:
            raise UnsupportedLink(
                "This list view shows everybody other records: those of whoever looks at it.",
                use_instead="Paste the address of a list view of all records, filtered by owner if need be.",
            )
        measure, _, column = metric.removesuffix(")").partition("(")
        asked = conditions_of(where)
        fields = self._fields(name) if column or asked else {}
        many = "currencyisocode" in fields
        meets = [condition(one, _known(fields, one.column, name), currencies=many) for one in asked]
        if not column:
            return {"figure": self.one(soql.select("COUNT()", meets))}
        column_of = _known(fields, column, name, numeric=measure != "distinct")
        figure = self.one(soql.select(f"{_FUNCTIONS[measure]}({column_of['name']}) v", meets))
        if measure == "distinct" or column_of["type"] not in {"currency", "percent"}:
            return {"figure": figure}
        if column_of["type"] == "percent":
            return {"figure": figure, "percent": True}
        # Aggregates of money come in the organisation's own currency, whatever the records are in
        # (https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_querying_currency_fields.htm).
        own = self.query("SELECT IsoCode FROM CurrencyType WHERE IsCorporate = true", once=True) if many else None
        return {"figure": figure, "currency": (walk(own, "records.0.IsoCode") or "") if many else self._currency or None}

    def _described(self, name: str, view: str) -> Any:
        """A list view by its id; one by its name once its id was looked up, and again where that id is gone."""
        path = f"/sobjects/{name}/listviews"
        if re.fullmatch(f"00B{REST}", view):
            return self._ask(f"{path}/{view}/describe")
        key = f"list/{name}/{view}"
        kept = self._lookups.get(key)
        if kept is not None:
            try:
                return self._ask(f"{path}/{quote(kept, safe='')}/describe")
            except NotFound:
                pass
        space, mark, plain = view.partition("__")
        own = f"DeveloperName = '{plain}' AND NamespacePrefix = '{space}'" if mark else f"DeveloperName = '{view}'"
        soql = f"SELECT Id FROM ListView WHERE SobjectType = '{name}' AND {own}"  # noqa: S608 - NAME lets no quote through
        rows = walk(self.query(soql), "records")
        if len(rows) != 1:
            raise NotFound("Salesforce has no list view {view} of {object} that this account may see.", view=view, object=name)
        found = str(walk(rows, "0.Id"))
        described = self._ask(f"{path}/{quote(found, safe='')}/describe")
        self._lookups.put(key, found)
        return described

    def record(self, name: str, record: str, column: str) -> Any:
        fields = self._fields(name)
        found = _known(fields, column, name, numeric=True)
        many = found["type"] == "currency" and "currencyisocode" in fields
        wanted = f"{found['name']},CurrencyIsoCode" if many else str(found["name"])
        answer = self._ask(f"/sobjects/{name}/{record}", fields=wanted)
        figure = {"figure": walk(answer, str(found["name"]))}
        if found["type"] == "currency":
            return figure | {"currency": (walk(answer, "CurrencyIsoCode") or "") if many else self._currency or None}
        return figure | {"percent": found["type"] == "percent"}

    def name_of(self, prefix: str) -> str:
        """The object whose ids begin so; that never changes."""
        kept = self._lookups.get(f"prefix/{prefix}")
        if kept is None:
            listed = walk(self._ask("/sobjects", once=True, max_bytes=DESCRIPTION_BYTES), "sobjects")
            kept = next((str(one["name"]) for one in listed if one.get("keyPrefix") == prefix), "")
            if not re.fullmatch(NAME, kept):
                raise NotFound("Salesforce has no object whose records have such addresses.")
            self._lookups.put(f"prefix/{prefix}", kept)
        return kept

    def _fields(self, name: str) -> Mapping[str, Any]:
        described = self._ask(f"/sobjects/{name}/describe", once=True, max_bytes=DESCRIPTION_BYTES)
        return {str(one["name"]).casefold(): one for one in walk(described, "fields")}


def measure_of(text: str) -> str:
    """`count`, or `sum(Amount)` and its like. Raises NoSuchMetric."""
    match = re.fullmatch(rf"(\w+)\s*\(\s*({NAME})\s*\)", text)
    if text.casefold() in {"", "count"}:
        return "count"
    if match is None or match[1].casefold() not in _FUNCTIONS:
        raise NoSuchMetric(
            "A list view has the measures count, sum(field), mean(field), min(field), max(field), distinct(field)."
        )
    return f"{match[1].casefold()}({match[2]})"


def field_of(text: str) -> str:
    if not re.fullmatch(NAME, text):
        raise NoSuchMetric(
            "Say which field of the record to read.", advice="Add #metric=FIELD with its name, such as NumberOfLeads or Reach__c."
        )
    return text


def _known(fields: Mapping[str, Any], name: str, kind: str, *, numeric: bool = False) -> Any:
    found, advice = fields.get(name.casefold()), "Take the field's API name, such as Amount or Reach__c, as the setup shows it."
    if found is None:
        raise NoSuchMetric("{object} has no field {field}.", object=kind, field=name, advice=advice)
    if numeric and found.get("type") not in NUMERIC:
        raise NoSuchMetric("The field {field} of {object} holds no number.", object=kind, field=name, advice=advice)
    return found


# --- queries


@dataclass(frozen=True, slots=True)
class Soql:
    """What a list view's query selects from: `source` with its object, `scope` "" for everything, `where`, `security`."""

    source: str
    scope: str = ""
    where: str = ""
    security: str = ""

    @classmethod
    def parse(cls, text: str) -> Soql:
        """Takes a query apart at its outermost clauses; columns, order and limit are dropped. Raises UnexpectedReply."""
        clauses: dict[str, str] = {}
        name, depth, read = "", 0, 0
        for match in _TOKEN.finditer(text):
            if match.start() != read:
                break
            read, piece = match.end(), match[0]
            depth += (piece == "(") - (piece == ")")
            word = piece.upper()
            if depth == 0 and word in _CLAUSES and word not in clauses:
                name, clauses[word] = word, ""
            elif name:
                clauses[name] += piece
        found = {name: clause.strip() for name, clause in clauses.items()}
        if (
            read != len(text)
            or depth
            or not re.fullmatch(r"\w+( \w+)?", found.get("FROM", ""))
            or {"GROUP", "HAVING"} & set(found)
        ):
            raise UnexpectedReply("Salesforce describes this list view in a way that is not understood.")
        scope = re.fullmatch(r"(?:SCOPE\s+)?(\w*)", found.get("USING", ""), re.IGNORECASE)
        if scope is None:
            raise UnexpectedReply("Salesforce describes this list view in a way that is not understood.")
        return cls(found["FROM"], scope[1], found.get("WHERE", ""), found.get("WITH", ""))

    def select(self, what: str, conditions: Sequence[str] = ()) -> str:
        """The query for `what`, over the rows of the view that meet all `conditions`."""
        both = [f"({part})" for part in (self.where, *conditions) if part] if conditions else [self.where]
        where = " AND ".join(part for part in both if part)
        return f"SELECT {what} FROM {self.source}" + "".join(  # noqa: S608 - `what` and `conditions` are written by this file alone
            f" {word} {clause}"
            for word, clause in (("USING SCOPE", self.scope), ("WHERE", where), ("WITH", self.security))
            if clause
        )


def condition(asked: Condition, field: Mapping[str, Any], *, currencies: bool) -> str:
    """One condition of `where=` as SOQL over a field that the object's description names.

    Every value is written anew from what was understood of it: a number, a date, or text in quotes with its quotes escaped.
    A moment counts as the day that it is in the time zone of the account's user. Raises NoSuchMetric.
    """
    name, kind = str(field["name"]), str(field["type"])
    ends = [asked.value, asked.until] if asked.test == ".." else [asked.value]
    if kind in NUMERIC and not (kind == "currency" and currencies):
        values = [_number(end, percent=kind == "percent") for end in ends]
    elif kind in {"date", "datetime"}:
        values = [None if (day := date_of(end)) is None else day.isoformat() for end in ends]
    elif asked.test == "=" and kind == "boolean":
        values = [asked.value.casefold() if asked.value.casefold() in {"true", "false"} else None]
    elif asked.test == "=" and kind in _TEXTUAL:
        text = _option(asked.value, field) if kind == "picklist" else asked.value
        values = ["'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"]
    else:
        values = [None]
    if None in values:
        raise NoSuchMetric(
            "The field {field} cannot be compared in this way.", field=name,
            advice="Compare numbers and days, as in CloseDate:2027-01-01..2027-03-31, and texts only with what they are.",
        )  # fmt: skip
    left = f"DAY_ONLY(convertTimezone({name}))" if kind == "datetime" else name
    if asked.test == "..":
        return f"{left} >= {values[0]} AND {left} <= {values[1]}"
    return f"{left} {asked.test} {values[0]}"


def _option(text: str, field: Mapping[str, Any]) -> str:
    """The value of a picklist behind a value or a shown text: one that the field does not know would silently meet nothing."""
    known = {
        str(one[name]).casefold(): str(one["value"])
        for name in ("label", "value") for one in field.get("picklistValues") or [] if one.get(name)
    }  # fmt: skip
    if text.casefold() not in known:
        raise NoSuchMetric(
            "The field {field} has no value {value}; it has {known}.", field=field["name"], value=text[:60],
            known=names_of(sorted(set(known.values()))) or "none",
        )  # fmt: skip
    return known[text.casefold()]


def _number(text: str, *, percent: bool) -> str | None:
    plain = text.removesuffix("%") if percent else text
    value = number_of(plain)
    return None if value is None or plain.endswith("%") else format(value, "f")
