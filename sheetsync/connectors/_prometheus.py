"""What Prometheus answered goes in; the one figure in it and its moment come out, or what its error means."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sheetsync.connectors.base import walk, walk_or_none
from sheetsync.errors import Incomplete, LinkError, NoSuchMetric, NotFound, NotReady, Unavailable, UnexpectedReply
from sheetsync.web.http import Reply

INSTALLER: Final = "Ask the person who installed sheetsync to mend the query in sheetsync.toml."

_FIGURE: Final = re.compile(r"[+-]?\d{1,400}(\.\d{1,400})?([eE][+-]?\d{1,3})?")
_NO_FIGURE: Final = frozenset({"nan", "+inf", "-inf", "inf"})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def sample(document: Any, name: str) -> tuple[object, object]:
    """Moment and figure of the one series. Raises NotFound (none), NoSuchMetric (several, or no instant figure), Incomplete."""
    if walk_or_none(document, "warnings"):
        raise Incomplete(
            "Prometheus warns that a part of what the query {query} asks for is missing.", query=name,
            advice="Ask the person who runs Prometheus to try the query there and read the warning.",
        )  # fmt: skip
    kind, result = walk(document, "data.resultType"), walk(document, "data.result")
    if kind == "vector" and isinstance(result, list):
        if not result:
            raise NotFound(
                "The query {query} finds no data in Prometheus now; no data is not zero.", query=name,
                advice="Check whether its source still reports; where nothing means zero, the query ends in: or vector(0).",
            )  # fmt: skip
        if len(result) > 1:
            raise NoSuchMetric(
                "The query {query} gives {count} series, and one is due.", query=name, count=len(result),
                advice="Ask the person who installed sheetsync to put sum(…) or a filter of labels into the query.",
            )  # fmt: skip
        if isinstance(result[0], dict) and "value" not in result[0] and "histogram" in result[0]:
            raise NoSuchMetric(
                "The query {query} gives a histogram and not a number.", query=name,
                advice="Ask the person who installed sheetsync to put histogram_count(…) or histogram_quantile(…) around it.",
            )  # fmt: skip
        sample = walk(result[0], "value")
    elif kind == "scalar":
        sample = result
    else:
        raise NoSuchMetric("The query {query} gives no figure of one moment.", query=name, advice=INSTALLER)
    if not isinstance(sample, list) or len(sample) != 2:
        raise UnexpectedReply("The answer holds no number where one is due.")
    return sample[0], sample[1]


def moment(seconds: object) -> datetime:
    """Seconds since 1970, with fractions. Raises UnexpectedReply."""
    if isinstance(seconds, int | Decimal) and not isinstance(seconds, bool) and 0 <= seconds < 10**11:
        return _EPOCH + timedelta(seconds=int(seconds))
    raise UnexpectedReply("The answer does not say of which moment it is.")


def figure(text: object, name: str) -> Decimal:
    """Raises NotReady where it is NaN or infinite, UnexpectedReply where it is no number at all."""
    if isinstance(text, str) and text.strip().lower() in _NO_FIGURE:
        raise NotReady(
            "The query {query} gives no number now, for it divides by zero or has nothing to work on.",
            query=name,
            advice="Wait for data, or ask the person who installed sheetsync to mend the query.",
        )  # fmt: skip
    if not isinstance(text, str) or not _FIGURE.fullmatch(text):
        raise UnexpectedReply("The answer holds no number where one is due.")
    return Decimal(text)


def meaning(reply: Reply) -> LinkError | None:
    """What an error of Prometheus means; None where the status says enough."""
    if reply.status == 404:
        return NotFound(
            "There is no Prometheus at {host}.", host=reply.host,
            advice="Ask the person who installed sheetsync to check the url: some servers need a path such as /prometheus.",
        )  # fmt: skip
    if reply.status not in {200, 400, 422, 503}:
        return None
    told = reply.json()
    if walk_or_none(told, "status") != "error":
        return None
    kind = walk_or_none(told, "errorType")
    if kind in {"timeout", "canceled", "unavailable", "internal", "too_many_requests"}:
        return Unavailable("{host} could not carry out the query in time.", host=reply.host)
    return UnexpectedReply("Prometheus cannot carry out this query.", advice=INSTALLER)
