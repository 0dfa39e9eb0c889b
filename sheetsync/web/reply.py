"""What a server sent goes in; JSON, text, the next page's address, or the error that its status means, comes out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from sheetsync import links, values
from sheetsync.errors import (
    AccessDenied,
    BadCredentials,
    Incomplete,
    LinkError,
    NotFound,
    RateLimited,
    Refused,
    Unavailable,
    UnexpectedReply,
    UnknownLink,
)
from sheetsync.web.targets import shown

LONGEST_WAIT: Final = 3_600.0
"""A longer Retry-After, in seconds, is cut to this: only a broken or hostile server asks for more."""

_SECONDS: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")
_LINK: Final = re.compile(r"<([^<>]*)>((?:[ \t]*;[ \t]*[\w*-]+[ \t]*=[ \t]*(?:\"[^\"]*\"|[^\",; \t]+))*)")
_REL: Final = re.compile(r";[ \t]*rel[ \t]*=[ \t]*(?:\"([^\"]*)\"|([^\",; \t]+))", re.IGNORECASE)
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, decompressed and within its cap. Neither its text form nor any error holds the body, a header or the query.

    `headers` names in lower case; a header that came twice is joined with ", "
    `origin`  scheme, host and port that were asked; `path` without the query, which may hold a secret
    `whole`   the server said where its answer ends; False where only the end of an unencrypted connection did
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    origin: str
    path: str
    whole: bool = True

    @property
    def host(self) -> str:
        return self.origin.partition("://")[2]

    def json(self) -> Any:
        """The body as JSON with exact numbers (`values.parse_json`).

        Raises UnexpectedReply: a web page (as a log-in page is), or no JSON. Incomplete: a bare number or text that may be cut.
        """
        if self.body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<":
            raise UnexpectedReply(
                "{host} sent a web page instead of data.", host=self.host,
                advice="A log-in page may stand in between: check the address and the key of this account.",
            )  # fmt: skip
        document = values.parse_json(self.body)
        if not self.whole and not isinstance(document, dict | list):
            raise self._cut()
        return document

    def text(self) -> str:
        """The body as text. Raises UnexpectedReply (not UTF-8), Incomplete (it may be cut)."""
        if not self.whole:
            raise self._cut()
        try:
            return self.body.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise UnexpectedReply("{host} sent text in another encoding than UTF-8.", host=self.host) from None

    def _cut(self) -> Incomplete:
        return Incomplete(
            "{host} does not say how long its answer is, so a part of it may be missing.", host=self.host,
            advice="Use an https address of this server, or let it send the length of its answers.",
        )  # fmt: skip

    def retry_after(self) -> float | None:
        """How many seconds the server asks us to wait (RFC 9110, 10.2.3), at most LONGEST_WAIT; None where it does not say.

        A date counts from the answer's own Date, since the two clocks may differ; junk, negative and past values say nothing.
        """
        text = self.headers.get("retry-after", "").strip()
        if _SECONDS.fullmatch(text):
            return min(float(text), LONGEST_WAIT)
        then, now = _moment(text), _moment(self.headers.get("date", ""))
        if then is None or now is None or then < now:
            return None
        return min((then - now).total_seconds(), LONGEST_WAIT)

    def next_link(self) -> str | None:
        """The address of the next page in the Link header (RFC 8288), as written there; None on the last page."""
        for match in _LINK.finditer(self.headers.get("link", "")):
            relation = _REL.search(match[2])
            if relation and "next" in (relation[1] or relation[2] or "").lower().split():
                return match[1]
        return None


def _moment(text: str) -> datetime | None:
    """An HTTP date (RFC 9110, 5.6.7), or None."""
    if not text or len(text) > 64:
        return None
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def error_of(reply: Reply) -> LinkError | None:
    """What the status means, in our own words; None where there is an answer. The one table of HTTP status -> error."""
    status, host = reply.status, reply.host
    if 200 <= status < 300 and status != 206:
        return None
    match status:
        case 206:
            return Incomplete("{host} sent only a part of its answer.", host=host)
        case 401:
            return BadCredentials("{host} does not accept the key of this account.", host=host)
        case 402:
            return AccessDenied(
                "The plan of this account at {host} does not include this page.", host=host,
                advice="Ask the owner of the account whether a larger plan is wanted.",
            )  # fmt: skip
        case 403 | 451:
            return AccessDenied("{host} does not let this account read this page.", host=host)
        case 404 | 410:
            return NotFound("{host} knows nothing under this address.", host=host)
        case 429:
            return RateLimited("{host} asks for fewer requests.", host=host, wait=reply.retry_after())
        case 503 if reply.retry_after() is not None:
            return RateLimited("{host} asks to be left alone for a while.", host=host, wait=reply.retry_after())
        case 407 | 511:
            return Unavailable(
                "The network between here and {host} asks for a log-in.", host=host,
                advice="Open the connection of the computer that runs sheetsync; it is tried again at the next run.",
            )  # fmt: skip
        case _ if status in (408, 421, 423, 425) or 500 <= status < 600:
            return Unavailable("{host} cannot answer now (status {status}).", host=host, status=status)
        case _ if status in _REDIRECTS:
            return _redirected(reply)
        case _ if 400 <= status < 500:
            return UnexpectedReply(
                "{host} says that the question is wrong (status {status}).", host=host, status=status,
                advice="Check the link and its measure; if both are right, the service changed: look for a newer sheetsync.",
            )  # fmt: skip
    return UnexpectedReply("{host} answered in a way that is not understood (status {status}).", host=host, status=status)


def _redirected(reply: Reply) -> Refused:
    """Says where to, as far as it is safe to show: never path or query, which may hold a session or a token."""
    advice = "Open the link in a browser; if the page moved, paste its new address here."
    target = reply.headers.get("location", "").strip()
    if target.startswith(("/", "?")) and not target.startswith("//"):
        return Refused("{host} points to another of its pages, which is not followed.", host=reply.host, advice=advice)
    try:
        target = links.split(reply.origin.partition(":")[0] + ":" + target if target.startswith("//") else target).origin
    except UnknownLink:
        target = ""
    if not target.startswith("http"):
        return Refused("{host} points somewhere else, which is not followed.", host=reply.host, advice=advice)
    return Refused("{host} points to {target}, which is not followed.", host=reply.host, target=shown(target), advice=advice)
