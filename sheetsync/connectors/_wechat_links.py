"""What an address of WeChat names goes in: whose page it is, and the days at whose end followers are counted, come out."""

from __future__ import annotations

from datetime import date, timedelta

from sheetsync.errors import LinkError, NoSuchMetric, NotConnected, NotFound
from sheetsync.model import Resource


def moments(metric: str, days: tuple[str, str] | None) -> tuple[tuple[str, str], ...]:
    """The days at whose end followers are counted."""
    if metric != "net_followers":
        return (("at", days[1]),) if days else ()
    if days is None:
        raise NoSuchMetric(
            "Followers are gained in a period.", advice="Add &period={period.start}..{period.end} behind the link."
        )
    return ("after", (date.fromisoformat(days[0]) - timedelta(days=1)).isoformat()), ("at", days[1])


def biz_of(resource: Resource) -> str | None:
    """The official account that an address names; None for pages of the backend, which name none."""
    given = dict(resource.params).get("biz", resource.id if resource.kind == "account" else None)
    return None if given == "own" else given


def not_ours(resource: Resource, own: str, account: str) -> LinkError | None:
    """What is wrong with an address that names another official account than `own`, or any where that is not known."""
    biz = biz_of(resource)
    if biz is None or biz == own:
        return None
    if not own:
        return NotConnected(
            "The WeChat account {account} does not say which official account it is.", account=account,
            advice="Ask the person who installed sheetsync to set biz for it: the __biz in the long address of its articles.",
        )  # fmt: skip
    return NotFound(
        "This page belongs to another official account.", advice="WeChat tells an account's figures to that account only."
    )
