"""The text of a link cell goes in, what it means comes out: connector, kind, resource, metric and the others to choose from.

Without network and without any account, so that a person can try an address before anything is connected.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sheetsync import links
from sheetsync.connectors.registry import Registry
from sheetsync.errors import AmbiguousLink, LinkError, NoSuchMetric, UnknownLink, UnsupportedLink
from sheetsync.model import Link
from sheetsync.okr import period
from sheetsync.okr.scan import ROLLUPS
from sheetsync.texts import Texts, mark


def explain(text: str, registry: Registry, texts: Texts, today: date) -> dict[str, Any]:
    """`state` is ok, unsupported, unknown or ambiguous; `advice` says what to do next, blank where nothing is to be done.

    `{period.start}` and its like are filled in as if the row's period were the month of `today`.
    """
    found: dict[str, Any] = {
        "state": "ok", "connector": None, "account": None, "kind": None, "resource": None, "metric": None, "about": "",
        "metrics": [], "message": "", "advice": "",
    }  # fmt: skip
    try:
        link = links.parse(text)
        if link is None:
            raise UnknownLink("There is no link here.")
        link = links.fill_in(link, period.month(today.year, today.month), today)
        scheme, _, rest = link.url.casefold().partition(":")
        if scheme == "manual" or (scheme == "rollup" and rest in ROLLUPS):
            return (
                found
                | {"connector": scheme, "kind": scheme, "resource": link.url, "metric": rest or None}
                | _inward(scheme, texts)
            )
        understood = registry.understand(link)
        kind = understood.connector
        found |= {
            "connector": kind.name(), "kind": understood.resource.kind, "resource": str(understood.resource),
            "metric": understood.metric,
            "metrics": [metric.name for metric in kind.metrics.get(understood.resource.kind, ())],
        }  # fmt: skip
        chosen = next((one for one in kind.metrics.get(understood.resource.kind, ()) if one.name == understood.metric), None)
        found["about"] = texts(chosen.about) if chosen is not None else ""
        found["account"] = registry.resolve(link).account
    except LinkError as error:
        found |= {"message": texts.error(error, advice=False), "advice": texts(error.advice)}
        if found["connector"] is None or isinstance(error, AmbiguousLink):
            found["state"] = _state(error)
        if isinstance(error, NoSuchMetric | UnsupportedLink):
            found |= _recognised(link, registry) | _measures(link, registry)
    return found


def _inward(scheme: str, texts: Texts) -> dict[str, str]:
    if scheme == "manual":
        return {"message": texts(mark("A person types the result; sheetsync computes progress and status."))}
    return {"message": texts(mark("The rows that are aligned to this one are rolled up."))}


def _state(error: LinkError) -> str:
    return "unsupported" if isinstance(error, UnsupportedLink) else "ambiguous" if isinstance(error, AmbiguousLink) else "unknown"


def _recognised(link: Link | None, registry: Registry) -> dict[str, Any]:
    """Whose page it is that cannot be asked for as it stands."""
    if link is None:
        return {}
    for connector in registry.connectors:
        try:
            connector.resolve(link)
        except (NoSuchMetric, UnsupportedLink):
            return {"connector": connector.name()}
        except LinkError:
            continue
    return {}


def _measures(link: Link | None, registry: Registry) -> dict[str, Any]:
    """For a measure that does not exist: the page is known all the same, and so is what it can be asked."""
    if link is None:
        return {}
    plain = Link(link.url, tuple((name, value) for name, value in link.options if name != "metric"))
    try:
        understood = registry.understand(plain)
    except LinkError:
        return {}
    known = understood.connector.metrics.get(understood.resource.kind, ())
    return {
        "connector": understood.connector.name(), "kind": understood.resource.kind, "resource": str(understood.resource),
        "metrics": [metric.name for metric in known],
    }  # fmt: skip
