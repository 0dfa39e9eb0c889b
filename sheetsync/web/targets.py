"""An address that a connector built goes in, the parts of a request line come out; nothing is parsed or encoded twice.

Addresses follow RFC 3986; `links.split` is the one parser.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias
from urllib.parse import quote, unquote

from sheetsync import links
from sheetsync.errors import ConfigError, Refused, UnknownLink

Params: TypeAlias = Mapping[str, str] | Sequence[tuple[str, str]]

MAX_QUERY: Final = 16_000
MAX_SHOWN: Final = 80

_NOT_IN_PATH: Final = re.compile(r"[^A-Za-z0-9\-._~!$&'()*+,;=:@%/]+")
_NOT_IN_QUERY: Final = re.compile(r"[^A-Za-z0-9\-._~!$&'()*+,;=:@%/?\[\]|{}\"<>`^]+")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_DOTS: Final = frozenset({".", ".."})


def origin_of(text: str) -> links.Address:
    """An origin as the operator or the connector wrote it. Raises ConfigError."""
    try:
        address = links.split(text)
    except UnknownLink:
        raise ConfigError("{text} is no origin; write https://host or https://host:port.", text=text) from None
    if address.scheme not in links.WEB_PORTS or address.path != "/" or address.query or address.fragment:
        raise ConfigError("{text} is no origin; write https://host or https://host:port.", text=text)
    return address


def shown(origin: str) -> str:
    """An origin as a sentence can hold it: hosts may be 253 characters long."""
    return origin if len(origin) <= MAX_SHOWN else origin[: MAX_SHOWN - 1] + "…"


def taken_apart(url: str) -> tuple[links.Address, str]:
    """The address without its query, and the query as written: the cursor of a page may be longer than a link."""
    base, _, rest = url.partition("#")[0].partition("?")
    address = links.split(base)
    if address.scheme not in links.WEB_PORTS:
        raise Refused("Only https addresses are asked over the network.")
    if len(rest) > MAX_QUERY or any(ord(char) < 33 or ord(char) == 127 for char in rest):
        raise UnknownLink("This address contains characters that no address has.")
    return address, _NOT_IN_QUERY.sub(lambda match: quote(match[0], safe=""), rest)


def safe_path(address: links.Address) -> str:
    """The path as written; what no URI holds (RFC 3986) is encoded, what climbs out of a permitted folder is refused."""
    if address.path.startswith("//") or any(unquote(part).partition(";")[0] in _DOTS for part in address.path.split("/")):
        raise Refused("This address takes a detour through other folders.")
    return _NOT_IN_PATH.sub(lambda match: quote(match[0], safe=""), address.path)


def pairs(params: Params | None) -> tuple[tuple[str, str], ...]:
    return tuple(params.items() if isinstance(params, Mapping) else params or ())


def query_of(written: str, params: Sequence[tuple[str, str]], secret: Mapping[str, str]) -> str:
    """The written query, then the parameters, then the credential's; nobody else may set a parameter of the credential."""
    parts = [part for part in written.split("&") if part] if secret else [written] if written else []
    parts = [part for part in parts if unquote(part.partition("=")[0].replace("+", " ")) not in secret]
    added = [pair for pair in params if pair[0] not in secret] + list(secret.items())
    return "&".join(parts + [f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in added])


def joined(first: links.Address, path: str, link: str) -> str:
    """The next page's address, which must lie where the first page was. Raises Refused, UnknownLink."""
    link = link.strip()
    if _SCHEME.match(link):
        address, query = taken_apart(link)
        secure = first.scheme == "https" and address.scheme == "http" and (first.port, address.port) == (443, 80)
        if address.host != first.host or not (secure or address.origin == first.origin):
            # a service behind a proxy often believes that it is asked by http: the same host is then asked as before, by https
            raise Refused(
                "The next page of {host} lies at {origin}, which is not followed.", host=first.host, origin=shown(address.origin)
            )
        return first.origin + address.path + ("?" + query if query else "")
    if link.startswith("//"):
        raise Refused("The next page of {host} lies elsewhere, which is not followed.", host=first.host)
    if link.startswith("/"):
        return first.origin + link
    return first.origin + (path + link if link.startswith("?") else path.rpartition("/")[0] + "/" + link)
