"""A guarded connection and a login go in; which mails lie in a folder, and one of them whole, come out; nothing is changed there.

Only EXAMINE opens a folder and only BODY.PEEK reads, so no mail is ever marked as read (RFC 3501, 6.3.2 and 6.4.5).
The protocol is spoken by Python's own `imaplib` over a connection that was checked before.
"""

from __future__ import annotations

import base64
import contextlib
import imaplib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, Final, Protocol

from sheetsync.errors import BadCredentials, Incomplete, NotFound, Unavailable, UnexpectedReply

MAX_FOUND: Final = 1_000
MAX_LINE: Final = 1_000_000
MAX_HEADERS: Final = 200_000
"""Bytes of the header lines of one mail."""
CHUNK: Final = 50
FIELDS: Final = "FROM SUBJECT DATE MESSAGE-ID AUTHENTICATION-RESULTS CONTENT-TYPE AUTO-SUBMITTED"

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UID: Final = re.compile(rb"\bUID (\d{1,10})\b")
_SIZE: Final = re.compile(rb"\bRFC822\.SIZE (\d{1,15})\b")
_DATE: Final = re.compile(
    rb'\bINTERNALDATE "([ \d]\d)-([A-Z][a-z]{2})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)"'
)  # RFC 3501, 9: date-time
_BUSY: Final = ("[unavailable]", "[inuse]", "[limit]", "[serverbug]", "too many", "try again", "temporar", "rate limit")
"""Refusals of a login that say nothing about the password (RFC 5530, and what large providers write)."""
_ID: Final = '("name" "sheetsync")'


class Connection(Protocol):
    """Bytes each way. `read` gives at least one, and raises LinkError where none come."""

    host: str

    def read(self) -> bytes: ...

    def write(self, data: bytes) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is known of a mail before it is downloaded; `moment` is when the receiving server took it in."""

    uid: int
    moment: datetime
    size: int
    headers: bytes = field(repr=False)


class _Spoken(imaplib.IMAP4):
    """The protocol over a given connection, with a cap on what one answer may bring."""

    def __init__(self, line: Connection) -> None:
        self._line = line
        self._buffer = bytearray()
        self.cap = MAX_LINE
        self._got = 0
        super().__init__(line.host)

    def open(self, host: str = "", port: int = 0, timeout: float | None = None) -> None:
        """Nothing to do: the connection is there."""

    def read(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._fill(size)
        return self._taken(size)

    def readline(self) -> bytes:
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            self._fill(searched)
        return self._taken(end + 1)

    def send(self, data: Any) -> None:
        self._got = 0
        self._line.write(bytes(data))

    def shutdown(self) -> None:
        self._line.close()

    def _fill(self, wanted: int) -> None:
        if self._got + wanted > self.cap + MAX_LINE or len(self._buffer) > self.cap + MAX_LINE:
            raise UnexpectedReply(
                "The mail server {host} sends more than it was asked for.", host=self._line.host,
                advice="Ask the person who installed sheetsync to look at the mail server.",
            )  # fmt: skip
        self._buffer += self._line.read()

    def _taken(self, size: int) -> bytes:
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        self._got += size
        return data


class Mailbox:
    """A logged-in mailbox that is only read. Close it in the end."""

    def __init__(self, line: Connection, user: str, *, password: str = "", token: str = "") -> None:
        """Raises BadCredentials, Unavailable, UnexpectedReply. `token` is for XOAUTH2, else `password` is shown."""
        self._line = line
        self._host = line.host
        with self._meaning():
            self._imap = _Spoken(line)
        try:
            with self._meaning():
                self._login(user, password, token)
                if "ID" in self._imap.capabilities:  # some providers open no folder to a program without a name (RFC 2971)
                    self._imap.xatom("ID", _ID)
        except BaseException:
            self._imap.shutdown()
            raise

    def close(self) -> None:
        """Says goodbye where somebody listens."""
        with contextlib.suppress(imaplib.IMAP4.error, Unavailable, UnexpectedReply):
            self._imap.logout()
        self._line.close()

    def examine(self, folder: str) -> int:
        """Opens a folder for reading; its UIDVALIDITY. Raises NotFound."""
        with self._meaning():
            kind, _ = self._imap.select(_quoted(folder), readonly=True)
        if kind != "OK":
            raise NotFound(
                "There is no folder {folder} in this mailbox, or it may not be read.", folder=folder,
                advice="Ask the person who installed sheetsync to mend the folder's name in sheetsync.toml.",
            )  # fmt: skip
        found = self._imap.response("UIDVALIDITY")[1]
        text = found[-1] if found else None
        if not isinstance(text, bytes) or not text.isdigit():
            raise self._strange()
        return int(text)

    def search(self, since: date, senders: Iterable[str], first: int = 0) -> list[int]:
        """UIDs of what came since that day and may be from one of the senders, from the UID `first` on.

        The server's search is only a sieve: it looks for pieces of text. Raises Incomplete where there are too many.
        """
        terms = [f"FROM {_string(sender)}" for sender in sorted(set(senders))]
        words = ["SINCE", f"{since.day}-{_MONTHS[since.month - 1]}-{since.year:04}"]
        words += ["OR"] * (len(terms) - 1) + terms
        if first:
            words += ["UID", f"{first}:*"]
        with self._meaning():
            kind, found = self._imap.uid("SEARCH", *words)
        if kind != "OK":
            raise self._strange()
        numbers = b" ".join(line for line in found if isinstance(line, bytes)).split()
        if not all(number.isdigit() for number in numbers):
            raise self._strange()
        uids = sorted({int(number) for number in numbers if int(number) >= first})
        if len(uids) > MAX_FOUND:
            raise Incomplete(
                "More than {limit} mails fit this report's sender.", limit=MAX_FOUND,
                advice="Ask the person who installed sheetsync for a narrower sender, an own folder, or fewer max_age_days.",
            )  # fmt: skip
        return uids

    def envelopes(self, uids: Sequence[int]) -> list[Envelope]:
        """What is known of these mails; those that vanished meanwhile are left out."""
        found = []
        for start in range(0, len(uids), CHUNK):
            part = uids[start : start + CHUNK]
            items = f"(UID INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS ({FIELDS})])"
            for meta, body in self._fetched(part, items, MAX_HEADERS * len(part)):
                uid, size, moment = _UID.search(meta), _SIZE.search(meta), _moment(meta)
                if uid is None or size is None or moment is None:
                    raise self._strange()
                if int(uid[1]) in part:
                    found.append(Envelope(int(uid[1]), moment, int(size[1]), body))
        return found

    def message(self, envelope: Envelope) -> bytes:
        """One mail as it stands. Raises Unavailable where it is gone."""
        for meta, body in self._fetched([envelope.uid], "(UID BODY.PEEK[])", 2 * envelope.size):
            uid = _UID.search(meta)
            if uid is not None and int(uid[1]) == envelope.uid:
                return body
        raise Unavailable("The mail was deleted or moved at this moment.")

    def _fetched(self, uids: Sequence[int], items: str, cap: int) -> Iterator[tuple[bytes, bytes]]:
        """Pairs of what stands around a body and the body itself."""
        self._imap.cap = cap + MAX_LINE
        with self._meaning():
            kind, found = self._imap.uid("FETCH", ",".join(map(str, uids)), items)
        self._imap.cap = MAX_LINE
        if kind != "OK":
            raise self._strange()
        pieces: list[Any] = list(found)
        for place, piece in enumerate(pieces):
            if isinstance(piece, tuple):
                after = pieces[place + 1] if place + 1 < len(pieces) else b""
                yield piece[0] + b" " + (after if isinstance(after, bytes) else b""), piece[1]

    def _login(self, user: str, password: str, token: str) -> None:
        offered = self._imap.capabilities
        try:
            if token:
                answers = iter([f"user={user}\x01auth=Bearer {token}\x01\x01".encode()])
                self._imap.authenticate("XOAUTH2", lambda _challenge: next(answers, b""))  # a refusal wants an empty answer
            elif "LOGINDISABLED" in offered or not (user + password).isascii():
                self._imap.authenticate("PLAIN", lambda _challenge: f"\0{user}\0{password}".encode())
            else:
                self._imap.login(_string(user), password)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            words = str(error).lower()
            if any(word in words for word in _BUSY):
                raise Unavailable("The mail server {host} takes no login at this moment.", host=self._host) from None
            raise BadCredentials(
                "The mail server {host} does not accept the login.", host=self._host,
                advice="Ask the person who installed sheetsync to renew it; many providers want an app password or XOAUTH2.",
            ) from None  # fmt: skip

    @contextlib.contextmanager
    def _meaning(self) -> Iterator[None]:
        """What the protocol's errors mean, in our own words: theirs quote the server, and commands."""
        try:
            yield
        except imaplib.IMAP4.abort:
            raise Unavailable("The connection to {host} broke off.", host=self._host) from None
        except imaplib.IMAP4.error as error:
            if any(word in str(error).lower() for word in (*_BUSY, "bye")):
                raise Unavailable("The mail server {host} cannot answer now.", host=self._host) from None
            raise self._strange() from None
        except (ValueError, IndexError, KeyError, TypeError, AttributeError):  # imaplib trips over what no server says
            raise self._strange() from None

    def _strange(self) -> UnexpectedReply:
        return UnexpectedReply(
            "The mail server {host} answers in a way that is not understood.", host=self._host,
            advice="Ask the person who installed sheetsync to check server and port; it has to speak IMAP.",
        )  # fmt: skip


def _moment(meta: bytes) -> datetime | None:
    match = _DATE.search(meta)
    if match is None:
        return None
    day, month, year, hour, minute, second, sign, hours, minutes = (group.decode() for group in match.groups())
    try:
        ahead = timedelta(hours=int(hours), minutes=int(minutes))
        zone = timezone(-ahead if sign == "-" else ahead)
        local = datetime(
            int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), min(int(second), 59), tzinfo=zone
        )  # fmt: skip
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _string(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _quoted(folder: str) -> str:
    """A folder's name in the protocol's own form of UTF-7 (RFC 3501, 5.1.3), in quotes."""

    def shifted(match: re.Match[str]) -> str:
        encoded = base64.b64encode(match[0].encode("utf-16-be")).decode().rstrip("=")
        return "&" + encoded.replace("/", ",") + "-"

    return _string(re.sub(r"[^\x20-\x7e]+", shifted, folder.replace("&", "&-")))
