"""A link's choice of deals, or Pipedrive's answers, go in; parameters, rows, amounts in their currency, or refusals come out.

Sources   https://pipedrive.readme.io/docs/core-api-concepts-pagination, …/core-api-concepts-rate-limiting, and the specification
          of both versions, https://developers.pipedrive.com/docs/api/v1/openapi.yaml
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from sheetsync import values
from sheetsync.connectors._options import conditions_of, days_of, only
from sheetsync.connectors.base import Metric, reading_of, walk, walk_or_none
from sheetsync.errors import ConfigError, Incomplete, LinkError, NoSuchMetric, NotFound, RateLimited, UnexpectedReply
from sheetsync.model import Link, Reading
from sheetsync.web.http import Reply

PAGE: Final = 500
"""The most that one page of a list brings."""
STATUSES: Final = frozenset({"open", "won", "lost", "all"})
MAX_PAGES: Final = 100
AN_HOUR: Final = 3_600.0
"""How long a lane rests once the day's calls are used up: at which midnight they return is not documented."""


def company_of(text: str, account: str) -> str:
    """The first part of the company's host. Raises ConfigError."""
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", text.lower()):
        raise ConfigError(
            "The company of the account {account} is written as in its address: acme of acme.pipedrive.com.", account=account
        )
    return text.lower()


def page_of(kind: str, ids: Mapping[str, str], link: Link) -> tuple[str, str]:
    """The kind that a page is of, together with its options, and what it picks: `pipeline/3/user/77`. Raises NoSuchMetric."""
    which, days = ids.get("id") or f"filter/{ids['filter']}", days_of(link)
    if kind == "deals" and days:
        kind = "movement"
        if not re.fullmatch(r"pipeline/\d+/user/\d+", which):
            raise NoSuchMetric(
                "Pipedrive counts what happened in a period for one pipeline and one owner only.",
                advice="Choose an owner above the board and paste the address then; give each owner a row.",
            )
    only(link, *{"deals": ("where",), "movement": ("period",), "goal": ("period",)}.get(kind, ()))
    if kind == "goal" and not days:
        raise NoSuchMetric("A goal is measured for a period.", advice="Add #period={period.start}..{period.end} behind the link.")
    return kind, which


def picked(which: str) -> dict[str, str]:
    """`pipeline/3/user/77` -> pipeline and user."""
    parts = which.split("/")
    return dict(zip(parts[::2], parts[1::2], strict=True))


def params_of(kind: str, which: str, metric: str, company: str, link: Link) -> tuple[tuple[str, str], ...]:
    """What else a resource is known by: its company, which deals, which report of which days. Raises NoSuchMetric."""
    found, days = [("company", company)], days_of(link)
    if kind == "deals":
        found += _chosen(link, which)
    if kind == "movement":
        found.append(("report", "conversion" if metric.endswith("_conversion") else "movement"))
    found += zip(("from", "to"), days, strict=True) if days else ()
    return tuple(found)


def _chosen(link: Link, which: str) -> list[tuple[str, str]]:
    """status and stage of `where=`, with the status that the page itself shows. Raises NoSuchMetric."""
    given: dict[str, str] = {}
    board = which.startswith("pipeline/") and "/filter/" not in which
    for one in conditions_of(link.option("where")):
        value = one.value.casefold() if one.column == "status" else one.value
        fits = value in STATUSES if one.column == "status" else one.column == "stage" and board
        if one.test != "=" or one.column in given or not fits:
            raise NoSuchMetric(
                "This filter cannot be asked for in Pipedrive.",
                advice="Write where=status:open, won, lost or all, and for a pipeline stage:NAME; make a filter of all else.",
            )
        given[one.column] = value
    if board:
        given.setdefault("status", "open")
    if "status" not in given and not which.startswith("filter/"):
        raise NoSuchMetric(
            "This page may show open, won and lost deals, and its address does not say which.",
            advice="Add #where=status:open behind the link, or won, lost or all.",
        )
    return sorted(given.items(), reverse=True)


def meaning(reply: Reply) -> LinkError | None:
    """What an answer means where its status does not say."""
    if reply.status == 400 and "/goals/" in reply.path:
        return NotFound(
            "Pipedrive has no result of this goal for these days.", advice="The period must lie inside the goal's own duration."
        )
    if reply.status == 403 and "html" in reply.headers.get("content-type", ""):
        return RateLimited("Pipedrive has shut out this key for too many calls.", wait=AN_HOUR)
    if reply.status == 410:
        return UnexpectedReply("Pipedrive no longer offers this question.")
    if reply.status == 429:
        spent = any(name.startswith("x-daily") and value.strip() == "0" for name, value in reply.headers.items())
        reset = reply.headers.get("x-ratelimit-reset", "").strip()
        relative = float(reset) if re.fullmatch(r"\d{1,6}", reset) else None
        return RateLimited("Pipedrive asks for fewer requests.", wait=AN_HOUR if spent else reply.retry_after() or relative)
    return None


def rows(ask: Callable[[Mapping[str, str]], Any]) -> Iterator[Any]:
    """Every row of a list of version 2, deleted ones left out; `ask` asks for a page. Raises Incomplete, UnexpectedReply."""
    cursor, used = "", {""}
    for _ in range(MAX_PAGES):
        page = ask({"limit": str(PAGE)} | ({"cursor": cursor} if cursor else {}))
        yield from (row for row in _listed(page) if walk(row, "is_deleted") is not True)
        following = walk_or_none(page, "additional_data.next_cursor")
        if not following:
            return
        cursor = str(following)
        if cursor in used:
            raise UnexpectedReply("The pages of Pipedrive's list lead round in a circle.")
        used.add(cursor)
    raise _too_long()


def rows_by_start(ask: Callable[[Mapping[str, str]], Any]) -> Iterator[Any]:
    """Every row of a list of version 1, which numbers its pages. Raises Incomplete, UnexpectedReply."""
    start = 0
    for _ in range(MAX_PAGES):
        page = ask({"limit": str(PAGE), "start": str(start)})
        listed = _listed(page)
        yield from listed
        more = walk_or_none(page, "additional_data.pagination.more_items_in_collection")
        if more is False or (more is None and len(listed) < PAGE):
            return
        following = walk_or_none(page, "additional_data.pagination.next_start")
        if isinstance(following, bool) or not isinstance(following, int) or following <= start:
            raise Incomplete("Pipedrive's list goes on, but does not say where.")
        start = following
    raise _too_long()


def counted(found: Iterator[Any]) -> int:
    """How many rows with different ids; a row that comes twice, since somebody edits meanwhile, counts once."""
    return len({str(walk(row, "id")) for row in found})


def _listed(page: Any) -> list[Any]:
    listed = walk(page, "data")
    if listed is None:  # version 1 says so where a list is empty
        return []
    if not isinstance(listed, list):
        raise UnexpectedReply("Pipedrive's list is no list any more.")
    return listed


def _too_long() -> Incomplete:
    return Incomplete("This list has more than {limit} rows.", limit=PAGE * MAX_PAGES)


def agree(summary: Any) -> None:
    """Holds a total's parts against the currency that Pipedrive is believed to convert to, which the answer does not name.

    In that currency a part's own value and its converted value are equal. Raises Incomplete where they are not.
    """
    totals, code = walk_or_none(summary, "data.values_total"), walk(summary, "currency")
    for part, sums in (totals if isinstance(totals, dict) else {}).items():
        own, converted = (values.figure(walk(sums, name)).value for name in ("value", "value_converted"))
        if (own != converted) if part == code else (own == converted and own and code not in totals):
            raise Incomplete(
                "Pipedrive converted these amounts to another currency than {code}.", code=code,
                advice="Ask the person who installed sheetsync to set `currency` to the company's own currency in Pipedrive.",
            )  # fmt: skip


def amount(moved: Any, what: str) -> Reading:
    """The value of the deals `won`, `lost` or `new` in a period, which Pipedrive does not convert; none are worth 0.

    Raises Incomplete (several currencies), UnexpectedReply.
    """
    deals, code = walk(moved, f"data.{what}_deals"), walk(moved, "currency")
    amounts = walk(deals, "values") or ({code: 0} if walk(deals, "count") == 0 else None)
    if not isinstance(amounts, dict):
        raise UnexpectedReply("Pipedrive gives no value of these deals.")
    if len(amounts) > 1:
        raise Incomplete(
            "These deals are in several currencies, which cannot be added up.",
            advice="Use won, lost or new, which count the deals.",
        )
    ((own, sum_of_them),) = amounts.items()
    return reading_of(sum_of_them, Metric("value", ""), own)
