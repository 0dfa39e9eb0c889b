"""An address of SAP with its options goes in: the list that it means, the filter on it, the measure. Nothing is guessed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from sheetsync import links as addresses
from sheetsync.connectors import _sap_apps as apps
from sheetsync.connectors._options import conditions_of, conditions_text
from sheetsync.connectors._sap_filter import checked
from sheetsync.errors import NoSuchMetric
from sheetsync.model import Link

SET: Final = r"[A-Za-z_]\w{0,127}"
_CALL: Final = re.compile(rf"(sum|mean|min|max)(?:\(\s*({SET})\s*\))?", re.IGNORECASE)
_CLIENT: Final = re.compile(r"\d{3}")
_HARMLESS: Final = frozenset({
    "$filter", "$format", "$count", "$inlinecount", "$select", "$orderby", "$expand", "sap-client", "sap-language", "sap-locale",
})  # fmt: skip


def asked(kind: str, path: str, link: Link, column: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The path of the list, and host, client, filters and field. Raises NoSuchMetric and UnsupportedLink."""
    address = addresses.split(link.url)
    where, written = conditions_of(link.option("where")), link.option("filter") or ""
    if kind == "app":
        path, stated = apps.of_app(address, explicit=bool(where or written))
        where = (*conditions_of(stated), *where)
    for name, value in () if kind == "app" else address.query:
        if name not in _HARMLESS:
            raise NoSuchMetric(
                "The part {name} of this address cannot be kept in a count.", name=name,
                advice="Take it out, and write what to count as $filter in the address or as #where= behind it.",
            )  # fmt: skip
        if name == "$filter" and written and value != written:
            raise NoSuchMetric("This link has two filters.", advice="Keep the one in the address or the one behind it.")
        written = value if name == "$filter" else written
    client = dict(address.query).get("sap-client", "")
    if client and not _CLIENT.fullmatch(client):
        raise NoSuchMetric("The client of this address is no number of three digits.", advice="Copy the address again.")
    parts = {
        "host": address.origin.partition("://")[2], "client": client, "filter": checked(written) if written else "",
        "where": conditions_text(where), "column": column,
    }  # fmt: skip
    return path, tuple((name, value) for name, value in parts.items() if value)


def measure_of(link: Link, known: Sequence[str], title: str) -> tuple[str, str]:
    """`sum(TotalNetAmount)`, or `sum` with `column=TotalNetAmount` -> (sum, TotalNetAmount). Raises NoSuchMetric."""
    text, column = (link.option("metric") or "count").strip(), (link.option("column") or "").strip()
    match = _CALL.fullmatch(text)
    if match is None:
        if text.casefold() != "count":
            raise NoSuchMetric(
                "{service} has no measure {metric} for this page; it has {known}.", service=title, metric=text, known=list(known)
            )
        if column:
            raise NoSuchMetric("A count needs no field.", advice="Write #sum(FIELD), or leave column= out.")
        return "count", ""
    named = match[2] or column
    if not named or (match[2] and column and match[2] != column) or not re.fullmatch(SET, named):
        raise NoSuchMetric(
            "The measure {measure} needs the name of one field.", measure=match[1].lower(), advice="Write #sum(TotalNetAmount)."
        )
    return match[1].lower(), named
