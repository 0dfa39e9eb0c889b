"""The contract of a connector: a link goes in, a figure comes out, in four steps that are the same for every service.

    resolve(link)            pure      -> (Resource, metric)   what one download brings, and what to read from it
    fetch(resource, web)     network   -> document             the only verb that touches the network
    read(document, query)    pure      -> Reading              the figure, its unit and its moment
    refine(reply)            pure      -> LinkError | None     what this service means by a reply, where its status does not say

Terminology
    kind        what a link points to: campaign, list, report; each kind has its metrics, the default first
    resource    what one download brings; links that differ only in the metric share one download
    account     one set of settings of one service; a lane of the fetch engine is one account of one connector
    document    whatever `fetch` brings and `read` understands; the engine hands it through without looking

A connector is a class without state beyond the settings of its account. It declares, in this order: title, settings, home, path,
limits, links, metrics, examples, unsupported; then it defines auth, consent, chosen, serves, fetch, read, refine, probe, and what
is private to it. What it need not say differently is left out: the defaults below do it. How a service is asked and what its
answers mean stands in a private module beside it, `_service.py`, where that is long.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import MISSING, dataclass, field
from decimal import Decimal
from typing import Any, ClassVar, Final, Generic, Protocol, TypeVar
from urllib.parse import unquote

from sheetsync import links, values
from sheetsync.errors import LinkError, NoSuchMetric, NotFound, UnexpectedReply, UnsupportedLink
from sheetsync.model import PERCENT, Link, Query, Reading, Resource
from sheetsync.texts import Sentence
from sheetsync.web.auth import Auth
from sheetsync.web.consent import Consent
from sheetsync.web.http import Reply, Web


def setting(about: str, default: Any = MISSING, *, asked: bool = True) -> Any:
    """A field of an account's settings; `about` is what the colleague who installs sheetsync reads.

    `asked` is False for what `sheetsync connect` need not ask, since few accounts have it or the consent page gives it.
    """
    told = {"about": about, "asked": asked}
    return field(metadata=told) if default is MISSING else field(default=default, metadata=told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What every account may set; a connector adds its own. Secrets are fields of the type `Secret`."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"arbitrary_types_allowed": True, "extra": "forbid"}

    api_url: str = setting("Address to ask instead of the service's own: a proxy, a sandbox or a sovereign cloud.", "")
    private: bool = setting("True where that address may lie inside the company's network.", False)
    lag_days: int = setting("How many days late this source reports; its rows are judged that much later.", 0)


@dataclass(frozen=True, slots=True)
class Limits:
    """How fast an account may be asked.

    `concurrency` calls at the same time; `rates` as (calls, seconds), all of them hold; `batch` resources that one call can
    bring, see `Connector.fetch_batch`.
    """

    concurrency: int = 2
    rates: tuple[tuple[int, float], ...] = ()
    batch: int = 1


@dataclass(frozen=True, slots=True)
class LinkPattern:
    """One form of an address. Every expression must match its part whole; named groups and queried names become the ids.

    `host` and `path` are regular expressions over the lower-case host and the once-decoded path; `query` names parameters that
    must be there, others may follow; `instead` marks a page that the service answers no questions about, and says what to paste.
    """

    kind: str
    host: str = ""
    path: str = "/.*"
    query: Mapping[str, str] = field(default_factory=dict)
    fragment: str = ""
    scheme: str = "https"
    instead: str = ""

    def match(self, address: links.Address) -> dict[str, str] | None:
        """The ids of an address of this form, else None."""
        if address.scheme != self.scheme or address.port != links.WEB_PORTS.get(self.scheme) or _crooked(address.path):
            return None
        parts = [(self.host, address.host), (self.path, unquote(address.path))]
        if self.fragment:
            parts.append((self.fragment, unquote(address.fragment)))
        given = dict(reversed(address.query))
        for name, pattern in self.query.items():
            if name not in given:
                return None
            parts.append((f"(?P<{name}>{pattern})" if name.isidentifier() else pattern, given[name]))
        found: dict[str, str] = {}
        for pattern, text in parts:
            match = re.fullmatch(pattern, text)
            if match is None:
                return None
            found |= {name: value for name, value in match.groupdict().items() if value is not None}
        return found


def _crooked(path: str) -> bool:
    """A path that another parser would take for another one: dot segments, encoded slashes."""
    return "%2f" in path.lower() or any(unquote(part) in {".", ".."} for part in path.split("/"))


@dataclass(frozen=True, slots=True)
class Metric:
    """One measure of a kind.

    `path` leads to the figure in the document (`stats.member_count`, `rows.0.value`); `unit` as in Reading;
    `of_hundred` when the service counts percent from 0 to 100; `currency` leads to the code of its currency, where it is money;
    `approximate` when the service rounds it.
    """

    name: str
    about: str
    path: str = ""
    unit: str = ""
    of_hundred: bool = False
    currency: str = ""
    approximate: bool = False


@dataclass(frozen=True, slots=True)
class Example:
    """A pasted link with what must come of it. `document` is a sample of what `fetch` brings; `value` is the figure in it."""

    link: str
    resource: str
    metric: str
    document: Any = None
    value: Decimal | None = None
    unit: str = ""


class Lookups(Protocol):
    """Keeps what never changes, such as the id behind an address, from run to run."""

    def get(self, key: str) -> str | None: ...

    def put(self, key: str, value: str) -> None: ...


class Ask(Protocol):
    """`Connector.ask` with the network of one lane: a path and parameters go in, what the service answers comes out."""

    def __call__(
        self, path: str, params: Mapping[str, str] | None = None, *, headers: Mapping[str, str] | None = None, once: bool = False
    ) -> Any: ...


S = TypeVar("S", bound=Settings)


class Connector(ABC, Generic[S]):
    """One account of one service. Subclasses stand one in a file, in the order of this class."""

    title: ClassVar[str]
    settings_type: ClassVar[type[Settings]] = Settings
    home: ClassVar[tuple[str, ...]] = ()
    """Where the service answers, the usual address first; `{setting}` stands for what an account's settings decide."""
    path: ClassVar[str] = ""
    """What stands behind that in the address of every call, such as the version of the API: `/v3`."""
    limits: ClassVar[Limits] = Limits()
    links: ClassVar[tuple[LinkPattern, ...]] = ()
    metrics: ClassVar[Mapping[str, tuple[Metric, ...]]] = {}
    examples: ClassVar[tuple[Example, ...]] = ()
    unsupported: ClassVar[tuple[str, ...]] = ()
    """Addresses that are recognised and answered with what to paste instead."""
    local: ClassVar[bool] = False
    """The source lies on this machine or behind a database driver: each download counts as one request."""
    catch_all: ClassVar[bool] = False
    """Asked only when no other connector knows the link: it serves whatever the operator has permitted."""

    def __init__(self, account: str, settings: S, lookups: Lookups) -> None:
        self.account = account
        self.settings = settings
        self.lookups = lookups

    @classmethod
    def name(cls) -> str:
        """The word for this connector in the configuration and in reports: the name of its file."""
        return cls.__module__.rpartition(".")[2]

    # --- where it may knock, and with which key

    def base(self) -> str:
        """Where this account's calls begin: `api_url`, else the first of `home`. Raises ConfigError."""
        return (self.settings.api_url or self.home[0]).rstrip("/")

    def origins(self) -> Collection[str]:
        """The origins (`https://host`) that this account may ask; nothing else can be reached from `fetch`."""
        return (origin_of(self.base()),)

    def auth(self) -> Auth | None:
        """How this account shows who it is; None where nothing is needed."""
        return None

    def consent(self) -> Consent | None:
        """How a person agrees in the browser to what this account may read; None where the service has no such page.

        Called before there are any secrets, with the texts of the settings alone.
        """
        return None

    # --- pure: the link

    @classmethod
    def resolve(cls, link: Link) -> tuple[Resource, str] | None:
        """What the link asks for; None where it is not this service's.

        Raises UnsupportedLink and NoSuchMetric. The first pattern that matches says the kind; `chosen` does the rest.
        """
        found = cls.match(link)
        return None if found is None else cls.chosen(found[0].kind, found[1], link)

    @classmethod
    def chosen(cls, kind: str, ids: Mapping[str, str], link: Link) -> tuple[Resource, str] | None:
        """The resource and the measure that a link of this kind asks for; `ids` are those of its pattern.

        Raises UnsupportedLink and NoSuchMetric. The default takes the group `id` and the option `metric`.
        """
        return Resource(kind, ids.get("id", "")), cls.metric_of(kind, link).name

    @classmethod
    def match(cls, link: Link) -> tuple[LinkPattern, dict[str, str]] | None:
        """The pattern of this link and its ids. Raises UnsupportedLink for a page that cannot be asked about."""
        try:
            address = links.split(link.url)
        except LinkError:
            return None
        for pattern in cls.links:
            ids = pattern.match(address)
            if ids is None:
                continue
            if pattern.instead:
                raise UnsupportedLink(
                    "{service} does not give out the number of this page.", service=cls.title, use_instead=pattern.instead
                )
            return pattern, ids
        return None

    @classmethod
    def metric_of(cls, kind: str, link: Link) -> Metric:
        """The measure that the link names, or the kind's default. Raises NoSuchMetric."""
        known = cls.metrics[kind]
        wanted = link.option("metric")
        if wanted is None:
            return known[0]
        for metric in known:
            if metric.name == wanted.casefold().replace(" ", "_").replace("-", "_"):
                return metric
        raise NoSuchMetric(
            "{service} has no measure {metric} for this page; it has {known}.", service=cls.title, metric=wanted,
            known=[metric.name for metric in known],
        )  # fmt: skip

    def serves(self, link: Link, resource: Resource) -> bool:  # noqa: ARG002 - accounts that differ by host or tenant override it
        """Whether this account is the one for the link, where several are configured."""
        return True

    # --- the network

    @abstractmethod
    def fetch(self, resource: Resource, web: Web) -> Any:
        """Downloads the document. Raises LinkError; whatever is capped, sampled or partial raises Incomplete."""

    def ask(
        self,
        web: Web,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        once: bool = False,
    ) -> Any:
        """What the service answers at this path, as JSON; with `once` an equal question of a run is asked once."""
        return web.get_json(f"{self.base()}{self.path}{path}", params=params, headers=headers, once=once)

    def post(self, web: Web, path: str, body: Any) -> Any:
        """As `ask`, for services whose questions are POSTs of JSON."""
        return web.post_json(f"{self.base()}{self.path}{path}", body)

    def fetch_batch(self, resources: Sequence[Resource], web: Web) -> Mapping[Resource, Any | LinkError]:
        """Several resources at once, up to `limits.batch`; a resource that failed alone has its own LinkError."""
        return {resource: self.fetch(resource, web) for resource in resources}

    def probe(self, web: Web) -> None:
        """The cheapest call that shows whether the key works. Raises LinkError."""

    def warning(self) -> Sentence | None:
        """What somebody should know of this account although it answers, such as the day on which its key ends.

        Asked after `fetch` or `probe`, without network; it stands behind every figure of the account that has no warning of its
        own. The same news is the same sentence at every run: a day, never "in three days".
        """
        return None

    # --- pure: the answer

    def read(self, document: Any, query: Query) -> Reading:
        """The figure in the document. The default walks the metric's path.

        Raises UnexpectedReply where the path is gone or holds no number.
        """
        metric = next(metric for metric in self.metrics[query.resource.kind] if metric.name == query.metric)
        return reading_of(walk(document, metric.path), metric, walk(document, metric.currency) if metric.currency else None)

    def refine(self, reply: Reply) -> LinkError | None:  # noqa: ARG002 - most services mean what their status says
        """What this service means by a reply, where its status alone does not say."""
        return None


class BatchConnector(Connector[S]):
    """A connector whose one call carries many resources (`limits.batch`): a single one is a batch of one."""

    def fetch(self, resource: Resource, web: Web) -> Any:
        found = self.fetch_batch([resource], web)[resource]
        if isinstance(found, LinkError):
            raise found
        return found

    @abstractmethod
    def fetch_batch(self, resources: Sequence[Resource], web: Web) -> Mapping[Resource, Any | LinkError]: ...


def another_account(service: str, page: str) -> NotFound:
    """A page whose number means something else, or nothing, in the account of this key."""
    return NotFound(
        "This page belongs to {page} in {service}, but the key to another account.", service=service, page=page,
        advice="Choose the account that this page belongs to with #account=NAME.",
    )  # fmt: skip


def origin_of(url: str) -> str:
    """`https://host:8443/base` -> `https://host:8443`. Raises UnknownLink."""
    return links.split(url).origin


def walk(document: Any, path: str) -> Any:
    """The value at `a.b.0.c`. Raises UnexpectedReply, naming the step that is gone."""
    here = document
    for step in filter(None, path.split(".")):
        try:
            here = here[int(step)] if isinstance(here, list) else here[step]
        except (KeyError, IndexError, TypeError, ValueError):
            raise UnexpectedReply("The answer has no field {step} any more.", step=step) from None
    return here


def walk_or_none(document: Any, path: str) -> Any:
    """As `walk`, but None where the path is not there: for fields that a service leaves out when there is nothing to say."""
    try:
        return walk(document, path)
    except UnexpectedReply:
        return None


HUNDRED: Final = Decimal(100)


def reading_of(value: object, metric: Metric, currency: object = None) -> Reading:
    """A reply's value as a Reading of this metric. Raises UnexpectedReply: no number, or no code of a currency (ISO 4217)."""
    parsed = values.figure(value)
    if currency is not None and not (isinstance(currency, str) and re.fullmatch(r"[A-Z]{3}", currency)):
        raise UnexpectedReply("The answer names no currency for an amount of money.")
    share = metric.of_hundred and not parsed.percent
    return Reading(
        value=parsed.value / HUNDRED if share else parsed.value,
        unit=str(currency) if currency else PERCENT if metric.of_hundred or parsed.percent else metric.unit,
        approximate=parsed.approximate or metric.approximate,
    )
