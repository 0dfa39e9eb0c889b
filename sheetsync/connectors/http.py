"""Any JSON, CSV or Excel over https that the operator has permitted: its address goes in, one number of the answer comes out.

Key            whatever the operator's own service asks for: a bearer token, a key in a header, or a user and a password
Rights         nothing can be asked until an account names the origin and the paths; parameters are refused unless named
Real service   it is meant for the company's own services; tried against servers on loopback
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sheetsync import links
from sheetsync.connectors._tables import Choice, choice_of, evaluate, load
from sheetsync.connectors.base import Connector, Example, Limits, LinkPattern, Lookups, Settings, origin_of, setting
from sheetsync.errors import ConfigError
from sheetsync.model import Link, Query, Reading, Resource
from sheetsync.secrets import Secret
from sheetsync.web.auth import ApiKey, Auth, Basic, Bearer
from sheetsync.web.http import Web

WILDCARDS: Final = {
    "**": ".*",
    "*": "[^/]*",
    "<digits>": "[0-9]+",
    "<date>": r"\d{4}-\d{2}(-\d{2})?",
    "<name>": r"[A-Za-z0-9_.-]+",
}
_WILDCARD: Final = re.compile(r"(\*\*|\*|<digits>|<date>|<name>)")


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings(Settings):
    origin: str = setting("The origin that may be asked, such as https://data.example.org; http only as written here.")
    paths: tuple[str, ...] = setting("Paths that may be asked: ** is anything, * anything but a slash, <digits>, <date>, <name>.")
    query: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict,
        metadata={
            "about": "Parameters that a link may carry, each with the values allowed (the same wildcards); * names any other."
        },
    )
    bearer: Secret | None = setting("A token, sent as Authorization: Bearer.", None)
    header: str = setting("The name of the header that carries `key`.", "X-Api-Key")
    key: Secret | None = setting("A key, sent in `header`.", None)
    user: str = setting("A user name, sent with `password`.", "")
    password: Secret | None = setting("The password of `user`.", None)
    sheet: str = setting("The worksheet to read where the answer is a workbook and the link names none.", "")


class Http(Connector[HttpSettings]):
    title = "Web address"
    settings_type = HttpSettings
    limits = Limits(concurrency=4, rates=((10, 1.0),))
    catch_all = True

    links = (LinkPattern("url", ".+"), LinkPattern("url", ".+", scheme="http"))
    examples = (
        Example(
            "https://data.example.org/kpi.json#$.revenue.total", "url/https://data.example.org/kpi.json",
            "select=$.revenue.total",
        ),
        Example(
            "https://data.example.org/leads.csv#count&where=stage:SQL", "url/https://data.example.org/leads.csv",
            "count&where=stage:SQL",
        ),
    )  # fmt: skip

    def __init__(self, account: str, settings: HttpSettings, lookups: Lookups) -> None:
        super().__init__(account, settings, lookups)
        self._origin = origin_of(settings.origin)

    def origins(self) -> Collection[str]:
        return (origin_of(self.settings.api_url or self.settings.origin),)

    def auth(self) -> Auth | None:
        given = self.settings
        if given.bearer is not None:
            return Bearer(given.bearer)
        if given.key is not None:
            return ApiKey(given.key, header=given.header)
        if given.password is not None:
            if not given.user:
                raise ConfigError("The account {account} of http has a password, but no user.", account=self.account)
            return Basic(given.user, given.password)
        return None

    @classmethod
    def resolve(cls, link: Link) -> tuple[Resource, str] | None:
        address = links.split(link.url)
        if address.scheme not in links.WEB_PORTS:
            return None
        sheet = link.option("sheet")
        url = link.url.partition("#")[0]
        return Resource("url", url, (("sheet", sheet),) if sheet else ()), str(choice_of(link, default="value"))

    def serves(self, link: Link, resource: Resource) -> bool:  # noqa: ARG002 - the resource says it all
        """Whether the operator permitted this very address: origin, path and every parameter."""
        address = links.split(resource.id)
        if address.origin != self._origin or _detours(address.path):
            return False
        return any(_fits(path, address.path) for path in self.settings.paths) and all(
            any(_fits(value, given, anything="[^/]*" if value != "*" else ".*") for value in self._values(name))
            for name, given in address.query
        )

    def fetch(self, resource: Resource, web: Web) -> Any:
        address = links.split(resource.id)
        base = origin_of(self.settings.api_url) if self.settings.api_url else address.origin
        after = resource.id.partition("://")[2]
        tail = re.search(r"[/?].*", after)
        reply = web.get(base + (tail[0] if tail else "/"))
        sheet = dict(resource.params).get("sheet") or self.settings.sheet or None
        return load(reply.body, address.path, content_type=reply.headers.get("content-type", ""), sheet=sheet)

    def read(self, document: Any, query: Query) -> Reading:
        return evaluate(document, Choice.parse(query.metric))

    def _values(self, name: str) -> tuple[str, ...]:
        return self.settings.query.get(name, self.settings.query.get("*", ()))


def _fits(pattern: str, text: str, *, anything: str = "[^/]*") -> bool:
    parts = (({**WILDCARDS, "*": anything}).get(part, re.escape(part)) for part in _WILDCARD.split(pattern))
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


def _detours(path: str) -> bool:
    """A path that the server may read as another one than the operator's pattern does."""
    lower = path.lower()
    return "//" in path or "%2f" in lower or "%2e" in lower or any(part in {".", ".."} for part in path.split("/"))
