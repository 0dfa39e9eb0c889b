"""A link's choice of records, and what the account says of its properties, go in; the filters of HubSpot's search come out.

Filters   https://developers.hubspot.com/docs/api-reference/search/guide: at most six in a group, all must hold
Traps     a value that is none of a property's options, or a date in the wrong time zone, would silently count something else:
          each condition is checked against the property's own definition before anything is asked
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Final

from sheetsync.connectors._grammar import Condition, choice_of, date_of, number_of
from sheetsync.connectors._options import conditions_text, days_of, only
from sheetsync.connectors.base import walk
from sheetsync.errors import NoSuchMetric
from sheetsync.links import split
from sheetsync.model import Link

MAX_FILTERS: Final = 6
TYPES: Final = {"contacts": "0-1", "companies": "0-2", "deals": "0-3", "tickets": "0-5"}
_OF_REVENUE: Final = frozenset({"revenue", "deal_amount", "deals", "deal_contacts"})
AS_LIST: Final = (
    "In HubSpot, make a list with the same filters and paste its address; or paste the index page of all records, "
    "with the filters as #where=property:value behind it."
)

_MEASURES: Final = ("sum", "mean", "min", "max")
_HARMLESS: Final = re.compile(r"utm_\w+|eschref|_hs(enc|mi)|hs(CtaTracking|Lang)|hsa_\w+")
_PROPERTY: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
PIPELINES: Final = {"pipeline": False, "hs_pipeline": False, "dealstage": True, "hs_pipeline_stage": True}
"""Properties whose options are pipelines, or (True) the stages of pipelines."""

_OPERATORS: Final = {"=": "EQ", ">": "GT", ">=": "GTE", "<": "LT", "<=": "LTE"}


@dataclass(frozen=True, slots=True)
class Schema:
    """What an account knows of one type of record: a property's definition by name, the pipelines, and the account's zone."""

    definition: Callable[[str], Any]
    pipelines: Callable[[], Any]
    zone: tzinfo


def property_name(name: str) -> str:
    """The internal name of a property, as it stands in addresses and questions. Raises NoSuchMetric."""
    if not _PROPERTY.fullmatch(name):
        raise NoSuchMetric(
            "{property} is no internal name of a HubSpot property.", property=name,
            advice="Copy the internal name from the property's settings in HubSpot, such as amount or dealstage.",
        )  # fmt: skip
    return name


def selection(link: Link, *, board: bool) -> tuple[list[tuple[str, str]], str]:
    """What a link to an index page asks for: where and column, as parameters, and the measure. Raises NoSuchMetric."""
    only(link, "where", "column")
    if any(not _HARMLESS.fullmatch(name) for name, _ in split(link.url).query):
        raise NoSuchMetric(
            "The address of this page carries filters or a search, which HubSpot's interface does not take.", advice=AS_LIST
        )
    choice = choice_of(link, default="count")
    if choice.measure != "count" and (choice.measure not in _MEASURES or not choice.column):
        raise NoSuchMetric(
            "HubSpot has no measure {measure} for this page; it has count, sum(property), mean(property), min(property) "
            "and max(property).",
            measure=choice.measure, advice="Write for example sum(amount) in the Metric column.",
        )  # fmt: skip
    if board and not choice.where:
        raise NoSuchMetric(
            "A board shows one pipeline, and its address does not say which.",
            advice="Add #where=pipeline:NAME behind the link (for tickets hs_pipeline:NAME), or paste the table view.",
        )
    for one in choice.where:
        property_name(one.column)
    params = [("where", conditions_text(choice.where))] if choice.where else []
    return params + ([("column", property_name(choice.column))] if choice.column else []), choice.measure


def column_of(link: Link) -> str:
    """The property that a link to one record names. Raises NoSuchMetric."""
    only(link, "column")
    column = link.option("column") or link.option("metric")
    if not column:
        raise NoSuchMetric(
            "This page shows one record with many properties.",
            advice="Write the property's internal name in the Metric column, or #column=amount behind the link.",
        )
    return property_name(column)


def filters(conditions: Sequence[Condition], schema: Schema) -> list[dict[str, str]]:
    """The filters of one group, in HubSpot's words. Raises NoSuchMetric: no such value, more than fit, a wrong comparison."""
    pipeline = next((one.value for one in conditions if not PIPELINES.get(one.column, True)), None)
    found = [part for one in conditions for part in _filter(one, schema, pipeline)]
    if len(found) > MAX_FILTERS - 1:  # one is left for reading on behind the last record
        raise NoSuchMetric(
            "This filter has more conditions than HubSpot takes.",
            advice="Leave some out (a range counts twice), or make it a list in HubSpot and paste the list's address.",
        )
    return found


def _filter(one: Condition, schema: Schema, pipeline: str | None) -> Iterator[dict[str, str]]:
    definition = schema.definition(one.column)
    kind = walk(definition, "type")
    if kind in {"date", "datetime"}:
        bounds = _moments(one, UTC if kind == "date" else schema.zone)
    elif kind == "number":
        bounds = _numbers(one)
    elif one.test != "=":
        raise NoSuchMetric("{property} is no number and no date, so it cannot be compared.", property=one.column)
    elif kind == "enumeration":
        bounds = [("EQ", _option(one, definition, schema, pipeline))]
    elif kind == "bool":
        bounds = [("EQ", _truth(one))]
    else:
        bounds = [("EQ", one.value)]
    for operator, value in bounds:
        yield {"propertyName": one.column, "operator": operator, "value": value}


def _numbers(one: Condition) -> list[tuple[str, str]]:
    ends = [number_of(end) for end in (one.value, one.until) if end]
    if None in ends:
        raise NoSuchMetric("{property} is a number in HubSpot; compare it with numbers.", property=one.column)
    texts = [format(end, "f") for end in ends if end is not None]
    return [("GTE", texts[0]), ("LTE", texts[1])] if one.test == ".." else [(_OPERATORS[one.test], texts[0])]


def _moments(one: Condition, zone: tzinfo) -> list[tuple[str, str]]:
    """Whole days of the zone as milliseconds; properties of the type `date` stand at midnight UTC."""
    days = [date_of(end) for end in (one.value, one.until or one.value)]
    if days[0] is None or days[1] is None:
        raise NoSuchMetric("{property} is a date in HubSpot; compare it with dates as 2026-03-31.", property=one.column)
    start, after = _milliseconds(days[0], zone), _milliseconds(days[1] + timedelta(days=1), zone)
    match one.test:
        case ">":
            return [("GTE", after)]
        case ">=":
            return [("GTE", start)]
        case "<":
            return [("LT", start)]
        case "<=":
            return [("LT", after)]
    return [("GTE", start), ("LT", after)]


def _milliseconds(day: date, zone: tzinfo) -> str:
    return str(round(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp() * 1000))


def _truth(one: Condition) -> str:
    known = {"true": "true", "yes": "true", "false": "false", "no": "false"}
    if one.value.casefold() not in known:
        raise NoSuchMetric("{property} is either true or false.", property=one.column)
    return known[one.value.casefold()]


def _option(one: Condition, definition: Any, schema: Schema, pipeline: str | None) -> str:
    """The internal value behind what a person wrote, which may be the label. Raises NoSuchMetric: none such, or several."""
    if definition.get("fieldType") == "checkbox":
        raise NoSuchMetric(
            "{property} can hold several values at once, which a filter in a link cannot ask for.", property=one.column,
            advice="Make it a list in HubSpot and paste the list's address.",
        )  # fmt: skip
    if one.column in PIPELINES:
        options = list(_staged(walk(schema.pipelines(), "results"), pipeline, stages=PIPELINES[one.column]))
    else:
        options = [(str(option["value"]), str(option["label"])) for option in definition.get("options") or ()]
    if not options and one.value.isascii() and one.value.isdigit():
        return one.value  # owners: HubSpot does not list them here, and their ids are numbers
    wanted = one.value.casefold()
    exact = {value for value, _ in options if value == one.value}
    named = exact or {value for value, label in options if wanted in (value.casefold(), label.casefold())}
    if len(named) == 1:
        return named.pop()
    if named:
        raise NoSuchMetric(
            "{property} has several values called {value}.", property=one.column, value=one.value,
            advice="Name the pipeline too, as in where=pipeline:NAME,dealstage:NAME, or write the internal value.",
        )  # fmt: skip
    raise NoSuchMetric(
        "{property} has no value {value}.", property=one.column, value=one.value,
        advice="Write it as HubSpot shows it, or the internal value from the property's settings; of an owner write the number.",
    )  # fmt: skip


def _staged(pipelines: Iterable[Any], wanted: str | None, *, stages: bool) -> Iterator[tuple[str, str]]:
    for pipeline in pipelines:
        if not stages:
            yield str(pipeline["id"]), str(pipeline["label"])
        elif wanted is None or wanted.casefold() in (str(pipeline["id"]).casefold(), str(pipeline["label"]).casefold()):
            yield from ((str(stage["id"]), str(stage["label"])) for stage in pipeline["stages"])


def records_of(kind: str, ids: Mapping[str, str], link: Link) -> tuple[str, list[tuple[str, str]], str]:
    """What an index page or a record asks for: its id, the filters and the property, the measure. Raises NoSuchMetric."""
    if kind == "record":
        return ids["id"], [("type", ids["type"]), ("column", column_of(link))], "value"
    asked, measure = selection(link, board=ids["view"] == "board")
    return ids.get("id") or TYPES[ids["name"]], list(asked), measure


def report_of(link: Link, metric: str) -> list[tuple[str, str]]:
    """Which of a campaign's reports holds the measure, and its days. Raises NoSuchMetric."""
    days = days_of(link)
    dates = list(zip(("from", "to"), days, strict=True)) if days else []
    return [("report", "revenue" if metric in _OF_REVENUE else "metrics"), *dates]
