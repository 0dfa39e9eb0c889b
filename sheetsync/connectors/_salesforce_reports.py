"""The results of a Salesforce report or dashboard go in, a grand total with its unit comes out.

Results       https://developer.salesforce.com/docs/atlas.en-us.api_analytics.meta/api_analytics/
              `factMap["T!T"].aggregates` holds the grand totals, in the order of `reportMetadata.aggregates`; they are computed
              over all rows, whatever number of rows was sent along (`allData` speaks of rows only)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sheetsync import values
from sheetsync.connectors._cells import names_of
from sheetsync.connectors.base import Metric, reading_of, walk, walk_or_none
from sheetsync.errors import Incomplete, NoSuchMetric, NotReady, UnexpectedReply, UnsupportedLink
from sheetsync.model import PERCENT, Query, Reading
from sheetsync.values import NotANumber

MEASURES: Final = {"s": "sum", "a": "mean", "m": "min", "x": "max", "mx": "max", "u": "distinct"}
"""What stands before the `!` of a summary, and the measure that it is."""


def total_of(report: Any, wanted: str, currency: str = "") -> Reading:
    """The grand total of one summary of a report.

    `wanted`   `count`, `sum(Amount)`, the summary's heading or its name in Salesforce (`s!AMOUNT`)
    `currency` of an organisation that has one only; where there are several, the report says its own

    Raises NoSuchMetric, UnsupportedLink (a joined report), UnexpectedReply.
    """
    if walk_or_none(report, "reportMetadata.reportFormat") == "MULTI_BLOCK":
        raise UnsupportedLink(
            "A joined report has a total for each of its blocks, and Salesforce gives out none of them.",
            use_instead="Save the block as a report of its own, and paste that one's address.",
        )
    keys = walk(report, "reportMetadata.aggregates")
    totals = walk(report, "factMap.T!T.aggregates")
    if not isinstance(keys, list) or not isinstance(totals, list) or len(keys) != len(totals):
        raise UnexpectedReply("The report's totals and its headings do not belong together.")
    place = _place(report, [str(key) for key in keys], wanted)
    value, label = walk(totals, f"{place}.value"), walk_or_none(totals, f"{place}.label")
    kind = (_info(report, "aggregateColumnInfo").get(keys[place]) or {}).get("dataType")
    if isinstance(value, dict) and "amount" in value:
        kind, own, value = "currency", value.get("currency"), value["amount"]
    else:
        own = None
    figure = values.figure(value).value
    if kind == "currency":
        return Reading(figure, str(own or walk_or_none(report, "reportMetadata.currency") or currency))
    if kind == "percent":
        return Reading(_share(figure, label), PERCENT)
    return Reading(figure)


def _info(report: Any, name: str) -> Mapping[str, Any]:
    found = walk_or_none(report, f"reportExtendedMetadata.{name}")
    return found if isinstance(found, dict) else {}


def _place(report: Any, keys: Sequence[str], wanted: str) -> int:
    names = [_names(report, key) for key in keys]
    places = [place for place, known in enumerate(names) if _folded(wanted) in known]
    if len(places) == 1:
        return places[0]
    shown = names_of(keys) or "none"
    if places:
        raise NoSuchMetric(
            "Several summaries of this report are called {metric}.",
            metric=wanted,
            advice="Take the name with the ! of one of them.",
        )
    if _folded(wanted) == "count":
        raise NoSuchMetric(
            "This report shows no number of rows, only {known}.", known=shown,
            advice="Switch on the row counts in the report, or name one of its summaries.",
        )  # fmt: skip
    raise NoSuchMetric(
        "This report has no summary {metric}; it has {known}.", metric=wanted, known=shown,
        advice="Summarise the column in the report, or name a summary that it has, such as sum(Amount).",
    )  # fmt: skip


def _names(report: Any, key: str) -> set[str]:
    """All that a summary may be called: its key, its heading, and measure(column) with the column's name or heading."""
    if _folded(key) == "rowcount":
        found = [key, "count"]
    else:
        prefix, mark, column = key.partition("!")
        heading = (_info(report, "detailColumnInfo").get(column) or {}).get("label")
        measure = MEASURES.get(prefix)
        columns = [column, heading] if mark and measure else []
        found = [key, *(f"{measure}({name})" for name in columns if name)]
    label = (_info(report, "aggregateColumnInfo").get(key) or {}).get("label")
    return {_folded(name) for name in (*found, label) if isinstance(name, str)}


def _folded(text: str) -> str:
    return "".join(text.casefold().split())


def _share(value: Decimal, label: object) -> Decimal:
    """A percentage as a share of 1.

    Fields count percent from 0 to 100, while a report's own formulas may count shares of 1, and nothing in the answer says which.
    The text that Salesforce shows to people decides that, and only that: the digits come from the value.
    """
    if not value:
        return value
    fits = [
        factor for factor in (Decimal(1), Decimal(100))
        if any(abs(value * factor - shown) <= half for shown, half in _shown(label))
    ]  # fmt: skip
    if len(fits) != 1:
        raise UnexpectedReply(
            "This report's percentage can be read in two ways.", advice="Show it with more decimal places in the report."
        )
    return value * fits[0] / 100


def _shown(label: object) -> list[tuple[Decimal, Decimal]]:
    """The numbers that a label such as `12,5%` may show, in percent, each with half a unit of its last place."""
    found = []
    for sign in (".", ","):
        try:
            parsed = values.parse_number(str(label), decimal="." if sign == "." else ",")
        except NotANumber:
            continue
        if parsed is not None and parsed.percent:
            digits = str(label).rpartition(sign)[2] if sign in str(label) else ""
            places = sum(char.isdigit() for char in digits)
            found.append((parsed.value * 100, Decimal("0.51").scaleb(-places)))
    return found


# --- dashboards


def component_of(dashboard: Any, asked: datetime | None, wanted: str, item: str, hours: int, currency: str = "") -> Reading:
    """The total that one component of a dashboard shows, as of its last refresh.

    `asked`  when Salesforce answered, by its own clock; `hours` how old a refresh may be by then
    `wanted` a summary as for `total_of`, "" for the one that the component shows; `item` the component's title or number

    Raises NoSuchMetric, NotReady (being refreshed, without data, too old), Incomplete (failed, or only the first groups shown).
    """
    component = _component(walk(dashboard, "dashboardMetadata.components"), item)
    identity = str(walk(component, "id"))
    data = next((one for one in walk(dashboard, "componentData") if str(walk(one, "componentId"))[:15] == identity[:15]), None)
    if data is None:
        raise UnexpectedReply("The answer has no data for this component of the dashboard.")
    if walk(data, "status.dataStatus") == "ERROR":
        raise Incomplete(
            "Salesforce could not compute this component of the dashboard.",
            advice="Open the dashboard, see what is wrong there, and refresh it.",
        )
    if walk(data, "status.dataStatus") != "DATA":
        raise NotReady("This component of the dashboard shows no data yet.", advice="Open the dashboard and refresh it.")
    if walk(data, "status.refreshStatus") != "IDLE":
        raise NotReady("Salesforce is refreshing this dashboard just now.")
    refreshed = _moment(walk(data, "status.refreshDate"))
    if asked is not None and asked - refreshed > timedelta(hours=hours):
        raise NotReady(
            "This dashboard was last refreshed on {date}.", date=refreshed.date().isoformat(),
            advice="Refresh it, subscribe to it so that Salesforce does, or paste the address of the report behind it.",
        )  # fmt: skip
    if walk_or_none(component, "properties.maxRows") is not None:
        raise Incomplete(
            "This component of the dashboard shows only the first of its groups.",
            advice="Paste the address of the report behind it, or let the component show all groups.",
        )
    if not wanted:
        own = [str(walk(one, "name")) for one in walk_or_none(component, "properties.aggregates") or []]
        if len(own) != 1:
            raise NoSuchMetric(
                "This component shows several summaries, or none: {known}.", known=names_of(own) or "none",
                advice="Name one of them, as in #item=TITLE&metric=sum(Amount).",
            )  # fmt: skip
        wanted = own[0]
    reading = total_of(walk(data, "reportResult"), wanted, currency)
    return Reading(reading.value, reading.unit, refreshed)


def _component(components: Any, item: str) -> Any:
    if not isinstance(components, list):
        raise UnexpectedReply("The answer has no list of components any more.")
    titles = [_titles(one, place) for place, one in enumerate(components, 1)]
    if not item and len(components) == 1:
        return components[0]
    found = [one for one, known in zip(components, titles, strict=True) if item and item.casefold().strip() in known]
    if len(found) == 1:
        return found[0]
    shown = names_of(_title(one) or str(place) for place, one in enumerate(components, 1))
    if found:
        raise NoSuchMetric(
            "Several components of this dashboard are called {item}.",
            item=item,
            advice="Give its number instead, counted from 1.",
        )
    raise NoSuchMetric(
        "Say which component of the dashboard to read: {known}.", known=shown,
        advice="Add #item=TITLE behind the link, or its number, counted from 1.",
    )  # fmt: skip


def _titles(component: Any, place: int) -> set[str]:
    return {str(place), *filter(None, [_title(component).casefold()])}


def _title(component: Any) -> str:
    given = (walk_or_none(component, name) for name in ("header", "title"))
    return next((text.strip() for text in given if isinstance(text, str) and text.strip()), "")


def _moment(text: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise UnexpectedReply("The answer does not say when the dashboard was refreshed.")
    return moment


def reading(document: Any, query: Query, currency: str, hours: int) -> Reading:
    """The figure of any kind of page; `hours` is how old a dashboard may be. Raises LinkError."""
    if query.resource.kind == "report":
        return total_of(document, query.metric, currency)
    if query.resource.kind == "dashboard":
        metric, _, item = query.metric.partition("&item=")
        metric = "" if metric == "shown" else metric
        return component_of(document["dashboard"], document["asked"], metric, item, hours, currency)
    shape = Metric(query.metric, "", of_hundred=bool(document.get("percent")))
    return reading_of(walk(document, "figure"), shape, document.get("currency"))
