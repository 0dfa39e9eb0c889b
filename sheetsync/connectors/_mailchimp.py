"""How Mailchimp is asked, and what it means by its answers: reports, audiences and segments by the numbers of their pages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

from sheetsync.connectors.base import Ask, Lookups, walk, walk_or_none
from sheetsync.errors import Incomplete, LinkError, NotFound, NotReady, RateLimited, UnexpectedReply
from sheetsync.web.http import Reply, Web

LOGIN: Final = "https://login.mailchimp.com"
CENTER: Final = r"us\d{1,2}"
PAGE: Final = 1000
"""The most that one listing call brings (parameter `count`)."""

_ORDER: Final = {"campaigns": {"sort_field": "create_time", "sort_dir": "DESC"}}
"""The newest first: a campaign of this quarter is on the first page, however many there were."""


class Account:
    """One account. Addresses carry the `web_id`, calls another id: one listing gives those of all rows, and they are kept."""

    def __init__(self, ask: Ask, lookups: Lookups) -> None:
        self._ask, self._lookups = ask, lookups

    def report(self, number: str, *, is_web_id: bool) -> Any:
        """The report of a campaign. Raises NotReady while it is being sent."""
        report = self._ask(f"/reports/{self._api_id('campaigns', number) if is_web_id else number}")
        if walk_or_none(report, "delivery_status.status") in {"delivering", "canceling"}:
            raise NotReady("Mailchimp is still sending this campaign.")
        return report

    def audience(self, number: str) -> Any:
        return self._ask(f"/lists/{self._api_id('lists', number)}", {"fields": "stats", "include_total_contacts": "true"})

    def segment(self, number: str, name: str) -> Any:
        """The segment of this name. Raises NotFound where there is none, or several."""
        path = f"/lists/{self._api_id('lists', number)}/segments"
        listed = self._listing(path, "segments", "name", "member_count")
        named = [one for one in listed if str(walk(one, "name")).casefold() == name.casefold()]
        if len(named) > 1:
            raise NotFound("This audience has several segments called {name}.", name=name, advice="Rename one in Mailchimp.")
        if not named:
            raise NotFound("This audience has no segment called {name}.", name=name)
        return named[0]

    def _api_id(self, what: str, web_id: str) -> str:
        kept = self._lookups.get(f"{what}/{web_id}")
        if kept is None:
            listed = self._listing(f"/{what}", what, "id", "web_id")
            kept = next((str(walk(one, "id")) for one in listed if str(walk(one, "web_id")) == web_id), None)
            if kept is None:
                raise NotFound("This account of Mailchimp has no page with the number {id}.", id=web_id)
            self._lookups.put(f"{what}/{web_id}", kept)
        return quote(kept, safe="")

    def _listing(self, path: str, what: str, *fields: str) -> Iterator[Any]:
        """Every entry of a listing, page after page until its own total is reached."""
        wanted = ",".join([*(f"{what}.{field}" for field in fields), "total_items"])
        seen, total = 0, 1
        while seen < total:
            page = self._ask(path, {"fields": wanted, "count": str(PAGE), "offset": str(seen), **_ORDER.get(what, {})}, once=True)
            found, total = walk(page, what), walk(page, "total_items")
            if not isinstance(found, list) or not isinstance(total, int):
                raise UnexpectedReply("Mailchimp's list has another shape than documented.")
            yield from found
            seen += len(found)
            if not found and seen < total:
                raise Incomplete("Mailchimp's list ended before its own total.")


def meaning(reply: Reply) -> LinkError | None:
    """Too many connections at once, and a firewall that answers in HTML when a key is overused; neither says for how long."""
    if reply.status == 403 and "html" in reply.headers.get("content-type", ""):
        return RateLimited("Mailchimp holds this key back for a while.", wait=60.0)
    if reply.status == 404 and "/reports/" in reply.path:
        return NotFound("Mailchimp has no report of this campaign.", advice="A campaign has a report as soon as it was sent.")
    return None


def granted(answer: Mapping[str, Any], web: Web, login: str = LOGIN) -> Mapping[str, str]:
    """The settings of an account whose owner agreed. A wrong token is answered by 200 with an error: the centre is looked at."""
    token = str(answer["access_token"])
    about = web.get_json(f"{login}/oauth2/metadata", headers={"Authorization": f"OAuth {token}"}, authorised=False)
    center = walk_or_none(about, "dc")
    if not isinstance(center, str) or not re.fullmatch(CENTER, center):
        raise UnexpectedReply("Mailchimp does not say in which data centre the account lies.")
    return {"api_key": token, "data_center": center}
