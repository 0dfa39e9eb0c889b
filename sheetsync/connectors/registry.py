"""A link goes in, the one query that answers it comes out: the connectors, their accounts and what a workbook may ask for.

Ours are the files of this folder. Others are installed packages with an entry point in the group `sheetsync.connectors`; they are
listed, but loaded only when the configuration names them.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeAlias

from sheetsync import links
from sheetsync.connectors.base import Connector
from sheetsync.errors import AmbiguousLink, ConfigError, LinkError, NotConnected, Refused, UnknownLink
from sheetsync.model import Link, Query, Resource

GROUP = "sheetsync.connectors"
AnyConnector: TypeAlias = type[Connector[Any]]


def builtin() -> list[AnyConnector]:
    """The connectors of this folder, by name."""
    folder = importlib.import_module("sheetsync.connectors")
    names = [module.name for module in pkgutil.iter_modules(folder.__path__) if not module.name.startswith("_")]
    return [_class_in(f"sheetsync.connectors.{name}") for name in sorted(names) if name not in {"base", "registry"}]


def installed() -> list[EntryPoint]:
    """Connectors of other packages: names only, nothing is imported."""
    return sorted(entry_points(group=GROUP), key=lambda point: point.name)


def load_plugin(name: str) -> AnyConnector:
    """A connector of another package that the operator named. Raises ConfigError."""
    points = [point for point in installed() if point.name == name]
    if len(points) != 1:
        raise ConfigError(
            "sheetsync.toml names the connector {name}, but {count} installed packages offer it.", name=name, count=len(points),
            advice="Install the package that offers it, or take the name out of `plugins`.",
        )  # fmt: skip
    loaded = points[0].load()
    if not (isinstance(loaded, type) and issubclass(loaded, Connector)):
        raise ConfigError("The package behind the connector {name} offers something that is no connector.", name=name)
    if loaded.name() != name:
        raise ConfigError(
            "The connector {name} calls itself {own}.", name=name, own=loaded.name(),
            advice="Its entry point must bear the name of its module.",
        )  # fmt: skip
    return loaded


def _class_in(module: str) -> AnyConnector:
    found = importlib.import_module(module)
    (connector,) = (
        thing for thing in vars(found).values()
        if isinstance(thing, type) and issubclass(thing, Connector) and thing.__module__ == module
    )  # fmt: skip
    return connector


@dataclass(frozen=True, slots=True)
class Understood:
    """A link, recognised, before any account is chosen."""

    connector: AnyConnector
    resource: Resource
    metric: str


@dataclass(frozen=True, slots=True)
class Registry:
    """The connectors that are known and the accounts that are configured."""

    connectors: Sequence[AnyConnector]
    accounts: Mapping[str, Mapping[str, Connector[Any]]] = field(default_factory=dict)

    def understand(self, link: Link) -> Understood:
        """Which connector the link belongs to. Pure, and needs no account.

        Raises UnknownLink (with the nearest known form), AmbiguousLink, UnsupportedLink, NoSuchMetric.
        """
        links.split(link.url)
        for catch_all in (False, True):
            claims = [claim for kind in self.connectors if kind.catch_all is catch_all for claim in self._claim(kind, link)]
            if len(claims) > 1:
                raise AmbiguousLink(
                    "Two connectors claim this link: {first} and {second}.", first=claims[0].connector.name(),
                    second=claims[1].connector.name(), advice="Take one of the two out of `plugins` in sheetsync.toml.",
                )  # fmt: skip
            if claims and (not catch_all or self._permitted(claims[0], link)):
                return claims[0]
        raise self._unknown(link)

    def resolve(self, link: Link, allow: Sequence[str] = ("*",)) -> Query:
        """The query of a link: connector, account, resource, metric. Pure.

        `allow` holds the workbook's patterns `connector/account/resource`, with `*` for anything. Raises LinkError.
        """
        understood = self.understand(link)
        account = self._account(understood, link)
        query = Query(understood.connector.name(), account, understood.resource, understood.metric)
        text = f"{query.connector}/{query.account}/{query.resource}"
        if not any(fnmatchcase(text, pattern if "/" in pattern else f"{pattern}*") for pattern in allow):
            raise Refused("This workbook may not read {what}.", what=text)
        return query

    def connector(self, query: Query) -> Connector[Any]:
        return self.accounts[query.connector][query.account]

    def _claim(self, kind: AnyConnector, link: Link) -> Iterable[Understood]:
        found = kind.resolve(link)
        if found is not None:
            yield Understood(kind, *found)

    def _permitted(self, understood: Understood, link: Link) -> bool:
        accounts = self.accounts.get(understood.connector.name(), {}).values()
        return any(account.serves(link, understood.resource) for account in accounts)

    def _account(self, understood: Understood, link: Link) -> str:
        kind, accounts = understood.connector, self.accounts.get(understood.connector.name(), {})
        wanted = link.option("account")
        if wanted is not None and wanted not in accounts:
            raise NotConnected("There is no account {account} of {service}.", account=wanted, service=kind.title)
        fitting = [
            name for name, account in accounts.items() if wanted in (None, name) and account.serves(link, understood.resource)
        ]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            raise AmbiguousLink(
                "Several accounts of {service} could answer this: {accounts}.", service=kind.title, accounts=fitting,
                advice="Add #account=NAME behind the link.",
            )  # fmt: skip
        if accounts:
            raise NotConnected("No connected account of {service} is the one of this page.", service=kind.title)
        raise NotConnected("{service} is not connected yet.", service=kind.title)

    def _unknown(self, link: Link) -> LinkError:
        address = links.split(link.url)
        related = [kind for kind in self.connectors for pattern in kind.links if pattern.host and _same_site(kind, address.host)]
        if related:
            kind = related[0]
            return UnknownLink(
                "This is a page of {service}, but none that sheetsync can read. An address that works: {example}.",
                service=kind.title, example=kind.examples[0].link,
            )  # fmt: skip
        known = {example.link: kind for kind in self.connectors for example in kind.examples}
        close = difflib.get_close_matches(link.url, known, n=1, cutoff=0.75)
        if close:
            return UnknownLink("No connector knows this address. Did you mean one like {example}?", example=close[0])
        if address.host:
            return Refused(
                "The address {origin} is not permitted, and no service that sheetsync knows lives there.", origin=address.origin
            )
        return UnknownLink("No connector knows this address.")


def _same_site(kind: AnyConnector, host: str) -> bool:
    """Whether an address of the connector lives at this host, apart from a first label such as a tenant or a data centre."""
    shown = (links.parse(example.link) for example in kind.examples)
    hosts = {links.split(link.url).host for link in shown if link is not None}
    tenants = {
        name.partition(".")[2] for name in hosts if name.count(".") >= 2 and not name.startswith(("www.", "docs.", "console."))
    }
    return bool(host) and (host in hosts or host.removeprefix("www.") in hosts or host.partition(".")[2] in tenants)
