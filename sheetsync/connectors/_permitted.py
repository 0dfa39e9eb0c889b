"""An address out of a cell and what the operator permitted go in; the answer of that address, or a refusal, comes out.

What lies on servers of the operator's own choice (documents, web pages, feeds) is asked for by one set of rules: an account names
one origin, its paths and its parameters, and nothing else is asked.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Final, TypeVar

from sheetsync import links
from sheetsync.connectors.base import Connector, Lookups, Settings, origin_of, setting
from sheetsync.errors import ConfigError, Incomplete, UnexpectedReply
from sheetsync.model import Link, Resource
from sheetsync.secrets import Secret
from sheetsync.web.auth import ApiKey, Auth, Basic, Bearer
from sheetsync.web.http import Reply, Web

WILDCARDS: Final = {
    "**": ".*",
    "*": "[^/]*",
    "<digits>": "[0-9]+",
    "<date>": r"\d{4}-\d{2}(-\d{2})?",
    "<name>": r"[A-Za-z0-9_.-]+",
}
_WILDCARD: Final = re.compile(r"(\*\*|\*|<digits>|<date>|<name>)")

_MARKS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_ENCODINGS: Final = {
    "utf-8": "utf-8", "utf-16": "utf-16", "utf-16-le": "utf-16-le", "utf-16-be": "utf-16-be", "ascii": "cp1252",
    "iso8859-1": "cp1252", "iso8859-2": "iso8859-2", "iso8859-15": "iso8859-15", "cp1250": "cp1250", "cp1251": "cp1251",
    "cp1252": "cp1252", "koi8-r": "koi8-r", "gb2312": "gb18030", "gbk": "gb18030", "gb18030": "gb18030", "big5": "big5hkscs",
    "big5hkscs": "big5hkscs", "shift_jis": "cp932", "cp932": "cp932", "euc_jp": "euc_jp", "euc_kr": "cp949", "cp949": "cp949",
}  # fmt: skip
"""What may be declared and how it is read, as browsers do (https://encoding.spec.whatwg.org/#names-and-labels). In none of them
stands anything else at the place of digits, points and commas."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PermittedSettings(Settings):
    """What may be asked of one origin, and the key for it."""

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


P = TypeVar("P", bound=PermittedSettings)


class Permitted(Connector[P]):
    """A connector whose resources are addresses of one permitted origin: `Resource.id` is the address without its options."""

    def __init__(self, account: str, settings: P, lookups: Lookups) -> None:
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
                raise ConfigError(
                    "The account {account} of {service} has a password, but no user.", account=self.account, service=self.name()
                )
            return Basic(given.user, given.password)
        return None

    def serves(self, link: Link, resource: Resource) -> bool:  # noqa: ARG002 - the resource says it all
        """Whether the operator permitted this very address: origin, path and every parameter."""
        address = links.split(resource.id)
        if address.origin != self._origin or _detours(address.path):
            return False
        return any(_fits(path, address.path) for path in self.settings.paths) and all(
            any(_fits(value, given, anything="[^/]*" if value != "*" else ".*") for value in self._values(name))
            for name, given in address.query
        )

    def asked(self, resource: Resource, web: Web, *, accept: str = "") -> Reply:
        """What stands at the address. Raises LinkError as `Web.get` does."""
        base = origin_of(self.settings.api_url) if self.settings.api_url else links.split(resource.id).origin
        tail = re.search(r"[/?].*", resource.id.partition("://")[2])
        return web.get(base + (tail[0] if tail else "/"), headers={"accept": accept} if accept else None)

    def _values(self, name: str) -> tuple[str, ...]:
        return self.settings.query.get(name, self.settings.query.get("*", ()))


def _fits(pattern: str, text: str, *, anything: str = "[^/]*") -> bool:
    parts = (({**WILDCARDS, "*": anything}).get(part, re.escape(part)) for part in _WILDCARD.split(pattern))
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


def _detours(path: str) -> bool:
    """A path that the server may read as another one than the operator's pattern does."""
    lower = path.lower()
    return "//" in path or "%2f" in lower or "%2e" in lower or any(part in {".", ".."} for part in path.split("/"))


def whole(reply: Reply) -> Reply:
    """The reply itself. Raises Incomplete where nothing tells whether its end is missing."""
    if not reply.whole:
        raise Incomplete(
            "{host} does not say how long its answer is, so a part of it may be missing.", host=reply.host,
            advice="Use an https address of this server, or let it send the length of its answers.",
        )  # fmt: skip
    return reply


def media_type(reply: Reply) -> tuple[str, str]:
    """`text/html; charset=GBK` -> ("text/html", "gbk"); ("", "") where the answer does not say."""
    header = Message()
    header["content-type"] = reply.headers.get("content-type") or "-/-"
    kind = header.get_content_type() if "/" in reply.headers.get("content-type", "") else ""
    return kind, (header.get_content_charset() or "").lower()


def text_of(reply: Reply, declared: re.Pattern[bytes], *, lenient: bool) -> str:
    """The text of a page or a feed: by its mark, the header's charset, what `declared` finds near its beginning, else UTF-8.

    A byte that means nothing becomes a sign that is part of no number, where `lenient`.
    Raises UnexpectedReply: an unknown encoding, or bytes that are not in it. Incomplete: the end may be missing.
    """
    body = whole(reply).body
    mark = next((encoding for start, encoding in _MARKS if body.startswith(start)), "")
    inside = declared.search(body[:2048])
    name = mark or media_type(reply)[1] or (inside[1].decode("ascii", "replace") if inside else "utf-8")
    try:
        known = codecs.lookup(name).name
        return body.decode(mark or _ENCODINGS[known], "replace" if lenient else "strict")
    except (LookupError, ValueError):
        raise UnexpectedReply(
            "{host} sent text in an encoding that is not read.", host=reply.host,
            advice="Ask whoever runs the server to send UTF-8.",
        ) from None  # fmt: skip
