"""The text of a link cell goes in, a `Link` comes out, or an error that says what is wrong with it.

One strict grammar, read once, by everybody: what it refuses no other parser ever sees, so that two parsers cannot disagree about
the host. Addresses follow RFC 3986; hosts are compared in their IDNA form.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

import idna

from sheetsync.errors import AmbiguousLink, UnknownLink
from sheetsync.model import Link, Period

MAX_LENGTH: Final = 4_000
OPTION_NAMES: Final = frozenset({
    "account", "cell", "column", "decimal", "filter", "item", "metric", "period", "select", "sheet", "unit", "where",
})  # fmt: skip
LOCAL_SCHEMES: Final = frozenset({"file", "sql", "mail", "manual", "rollup", "prom"})
WEB_PORTS: Final = {"http": 80, "https": 443}

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.DOTALL)
_BARE_METRIC: Final = re.compile(r"(count|last|sum|mean|min|max|distinct|share|value)(\([^()]{1,200}\))?", re.IGNORECASE)
_BAD_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ENCODED_CONTROL: Final = re.compile(r"%(?:[01][0-9A-Fa-f]|7[Ff]|5[Cc])")
_PLACEHOLDER: Final = re.compile(r"\{(period\.start|period\.end|today)\}", re.IGNORECASE)
_ENCODED_PLACEHOLDER: Final = re.compile(r"%7B((?:period|today)[^{}%]{0,40})%7D", re.IGNORECASE)
_UNKNOWN_PLACEHOLDER: Final = re.compile(r"\{(?:period|today)[^{}]{0,40}\}", re.IGNORECASE)
_BEGINNING: Final = re.compile(r"(?:\A(?:file|sql|mail|manual|rollup|prom):|(?:\A|(?<=\s))https?://)", re.IGNORECASE)
_BLANK: Final = frozenset({"", "-", "–", "—", "/", "n/a", "na", "none", "无", "暂无"})
_QUOTES: Final = frozenset({"<>", '""', "''", "“”", "‘’"})
_ORIGIN: Final = re.compile(r"[a-z]+:(?://[^/?#]*)?", re.IGNORECASE)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\\]")
_INVISIBLE: Final = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_HOST: Final = re.compile(r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*")


@dataclass(frozen=True, slots=True)
class Address:
    """An address, split once and for all. `path` and `query` are as written (percent-encoded); `host` is lower-case IDNA."""

    scheme: str
    host: str
    port: int | None
    path: str
    query: tuple[tuple[str, str], ...]
    fragment: str

    @property
    def origin(self) -> str:
        """`https://host` or `https://host:port` where the port is not the usual one (RFC 6454)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == WEB_PORTS.get(self.scheme) else f":{self.port}")


def parse(text: str, *, metric: str = "", targets: tuple[str, ...] = ()) -> Link | None:
    """One link cell: its text, the addresses behind it, and the Metric column beside it. None for a blank cell.

    A dash or `n/a` is blank too. Raises UnknownLink (no address, or one that cannot be read safely) and AmbiguousLink (two
    addresses; two measures).
    """
    shown = _trimmed(text)
    candidates = [target for target in map(_trimmed, targets) if target]
    written = _addresses(shown)
    if candidates or len(written) > 1:
        candidates += written
    address = candidates[0] if candidates else shown
    for other in candidates[1:]:
        if _adds_options(other, address):
            address = other
        elif not (_same(other, address) or _adds_options(address, other)):
            raise AmbiguousLink("This cell holds two different addresses: {first} and {second}.", first=address, second=other)
    if address.casefold() in _BLANK:
        return None
    url, options = _split_options(_checked(address))
    if metric.strip():
        options = _with_metric(options, " ".join(metric.split()))
    return Link(url, tuple(sorted(options.items())))


def _trimmed(text: str) -> str:
    """Without the blanks, the pair of quotes and the empty fragment that come along when an address is copied."""
    while True:
        text = text.strip()
        inner = text[1:-1] if len(text) > 1 and text[0] + text[-1] in _QUOTES else text.rstrip("#")
        if inner == text:
            return text
        text = inner


def _addresses(text: str) -> list[str]:
    """The addresses in a cell's text, each with what follows it."""
    starts = [match.start() for match in _BEGINNING.finditer(text)]
    return [text[start:end].strip() for start, end in zip(starts, [*starts[1:], len(text)], strict=False)]


def _same(shown: str, target: str) -> bool:
    """A cell's text often shortens the address behind it, or differs in the last slash or the case of the host."""
    one, other = _comparable(shown), _comparable(target)
    start, dots, end = (one[:-3] + "…" if one.endswith("...") else one).partition("…")
    return one == other or (bool(dots) and other.startswith(start) and other[len(start) :].endswith(end))


def _comparable(address: str) -> str:
    origin = _ORIGIN.match(address)
    split = origin.end() if origin else 0
    return address[:split].casefold() + unquote(address[split:]).rstrip("/")


def _adds_options(longer: str, shorter: str) -> bool:
    """Who adds options to a linked cell's text does not change the address behind it: spreadsheet programs keep that."""
    (one, options), (other, none) = _split_options(longer), _split_options(shorter)
    return bool(options) and not none and _same(one, other)


def _checked(text: str) -> str:
    if len(text) > MAX_LENGTH:
        raise UnknownLink("This address is longer than {limit} characters.", limit=MAX_LENGTH)
    if _CONTROL.search(text) or _ENCODED_CONTROL.search(text):
        raise UnknownLink("This address contains characters that no address has.")
    if _INVISIBLE.search(text):
        raise UnknownLink("This address contains invisible characters.")
    if _BAD_PERCENT.search(text):
        raise UnknownLink("This address contains a % that is not followed by two digits.")
    return text


def _split_options(text: str) -> tuple[str, dict[str, str]]:
    """Options stand behind the last `#`, and only if every part of them reads as one; else the fragment is the page's own."""
    head, mark, tail = text.rpartition("#")
    if not mark or not head or not tail:
        return text, {}
    options: dict[str, str] = {}
    for part in tail.split("&"):
        name, equals, value = part.partition("=")
        if equals and name.casefold() in OPTION_NAMES:
            found = (name.casefold(), unquote(value).strip())
        elif _BARE_METRIC.fullmatch(unquote(part)):
            found = ("metric", unquote(part))
        elif part.startswith("$") and tail.startswith("$"):
            found = ("select", unquote(part))
        else:
            return text, {}
        if options.get(found[0], found[1]) != found[1]:
            raise AmbiguousLink("The option {name} stands twice behind this link.", name=found[0])
        options[found[0]] = found[1]
    return head, options


def _with_metric(options: dict[str, str], metric: str) -> dict[str, str]:
    given = options.get("metric")
    if given is not None and given.casefold() != metric.casefold():
        raise AmbiguousLink(
            "The link asks for {first} and the Metric column for {second}.", first=given, second=metric,
            advice="Keep the measure in one of the two places.",
        )  # fmt: skip
    return {**options, "metric": metric}


def fill_in(link: Link, period: Period | None, today: date) -> Link:
    """The link with `{period.start}`, `{period.end}` and `{today}` replaced by ISO dates.

    Raises UnknownLink where the row has no period, or a placeholder is misspelt.
    """

    def dated(text: str) -> str:
        if "{" not in text and "%7B" not in text.upper():
            return text
        text = _ENCODED_PLACEHOLDER.sub(r"{\1}", text)
        unknown = _UNKNOWN_PLACEHOLDER.search(_PLACEHOLDER.sub("", text))
        if unknown is not None:
            raise UnknownLink(
                "{text} is no placeholder that sheetsync knows.", text=unknown[0],
                advice="There are {period.start}, {period.end} and {today}.",
            )  # fmt: skip
        if period is None and "{period." in text.casefold():
            raise UnknownLink(
                "This link asks for the period, but the row has none.", advice="Fill in the Period column, for example 2027-Q1.",
            )  # fmt: skip
        days: Mapping[str, date] = {"today": today} | (
            {"period.start": period.start, "period.end": period.end} if period is not None else {}
        )
        return _PLACEHOLDER.sub(lambda match: days[match[1].casefold()].isoformat(), text)

    return Link(dated(link.url), tuple((name, dated(value)) for name, value in link.options))


@lru_cache(maxsize=4096)  # pure; each link is asked of every connector and every account
def split(url: str) -> Address:
    """An address taken apart. The scheme decides: http and https need a host, `file:`, `sql:` and their like have only a path.

    Raises UnknownLink: no scheme, an unknown one, user:password@, a port that is none, a host that is no name or IP address.
    """
    match = _SCHEME.fullmatch(_checked(url))
    if match is None:
        raise UnknownLink("This is not an address: {text}.", text=url)
    scheme, rest = match[1].lower(), match[2]
    if scheme in LOCAL_SCHEMES and not rest.startswith("//"):
        path, _, query = rest.partition("?")
        return Address(scheme, "", None, path, _pairs(query), "")
    if scheme not in WEB_PORTS or not rest.startswith("//"):
        raise UnknownLink("Addresses that begin with {scheme}: are not read.", scheme=scheme)
    if any(char in url for char in " \u00a0"):
        raise UnknownLink("This address contains a blank.", advice="Copy the address from the browser's address bar.")
    authority, slash, tail = rest[2:].partition("/") if "/" in rest[2:] else (rest[2:], "", "")
    for stop in "?#":
        if stop in authority:
            authority, _, more = authority.partition(stop)
            slash, tail = "", stop + more + slash + tail
    path_query, _, fragment = (slash + tail).partition("#")
    path, _, query = path_query.partition("?")
    host, port = _authority(authority, scheme)
    return Address(scheme, host, port, path or "/", _pairs(query), fragment)


def _pairs(query: str) -> tuple[tuple[str, str], ...]:
    parts = (part.partition("=") for part in query.split("&") if part)
    return tuple((unquote(name.replace("+", " ")), unquote(value.replace("+", " "))) for name, _, value in parts)


def _authority(text: str, scheme: str) -> tuple[str, int]:
    if "@" in text:
        raise UnknownLink("This address contains a user name before the host.", advice="Remove everything up to the @.")
    host, bracket, rest = text.partition("]")
    if bracket:
        name, port_text = host.removeprefix("["), rest
        if not host.startswith("[") or (rest and not rest.startswith(":")):
            raise UnknownLink("The host of this address cannot be read.")
        port_text = rest.removeprefix(":")
        try:
            name = str(ipaddress.IPv6Address(name if "%" not in name else ""))  # a zone is for this machine alone
        except ValueError:
            raise UnknownLink("The host of this address cannot be read.") from None
    else:
        name, colon, port_text = text.partition(":")
        if colon and not port_text:
            raise UnknownLink("The port of this address is no port.")
        name = host_name(name)
    if not port_text:
        return name, WEB_PORTS[scheme]
    if not (port_text.isascii() and port_text.isdigit() and len(port_text) <= 5 and 0 < int(port_text) < 65_536):
        raise UnknownLink("The port of this address is no port.")
    return name, int(port_text)


def host_name(name: str) -> str:
    """The host in lower-case IDNA form (RFC 5891), one trailing dot dropped. Raises UnknownLink."""
    try:
        dotted = not set(name) & set("\u3002\uff0e\uff61")  # IDNA takes them for dots, other readers do not
        plain = name.lower() if name.isascii() else idna.encode(name, uts46=False).decode("ascii") if dotted else ""
    except idna.IDNAError:
        plain = ""
    plain = plain.removesuffix(".")
    if not _HOST.fullmatch(plain):
        raise UnknownLink("The host of this address cannot be read.")
    return plain
