"""A whole mail goes in; the one attachment that a report asks for, or its text, comes out, within limits.

A mail that is attached to the mail is not opened: the sender vouches for what he writes, not for what he passes on, and a mail
server that sends a forged mail back attaches it to a notice of its own.
"""

from __future__ import annotations

import codecs
import io
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import errors as flaws
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from fnmatch import fnmatchcase
from typing import Final

from sheetsync.connectors import _mail_text
from sheetsync.connectors._cells import names_of
from sheetsync.connectors._mail_trust import parsed
from sheetsync.errors import AmbiguousLink, Incomplete, NotFound, Refused, UnexpectedReply

MAX_PARTS: Final = 200
MAX_DEPTH: Final = 10
MAX_ATTACHMENTS: Final = 50
MAX_ENTRIES: Final = 20
MAX_UNPACKED: Final = 50_000_000
MAX_RATIO: Final = 200
RATIO_FLOOR: Final = 1_000_000
MAX_PAGES: Final = 50

AGAIN: Final = "Ask the sender to send the report again."
_NESTED: Final = re.compile(rb"^content-type:[ \t\r\n]*(?:multipart|message)/", re.IGNORECASE | re.MULTILINE)
_BARE_NAME: Final = re.compile(r"name=((?:=\?[\w-]{1,40}\?[bq]\?[^?\s]{0,400}\?=\s*){1,20})", re.IGNORECASE)
_PACKED: Final = re.compile(r".+\.(?:zip|7z|rar|gz|tgz|tar|bz2|xz)")
_DAMAGE: Final = (
    flaws.InvalidBase64PaddingDefect, flaws.InvalidBase64CharactersDefect, flaws.InvalidBase64LengthDefect,
    flaws.CloseBoundaryNotFoundDefect, flaws.StartBoundaryNotFoundDefect,
)  # fmt: skip
_ALIASES: Final = {"gb2312": "gb18030", "gbk": "gb18030", "iso8859-1": "cp1252", "ascii": "utf-8"}


@dataclass(frozen=True, slots=True)
class Attachment:
    """A named part; `content_type` as the mail declares it, with its charset."""

    name: str
    content_type: str
    data: bytes = field(repr=False)


def taken_apart(data: bytes) -> EmailMessage:
    """The mail. Raises Refused where it is nested too deeply, UnexpectedReply where it cannot be read or was cut off."""
    if len(_NESTED.findall(data)) > MAX_PARTS:
        raise _harmful()
    try:
        message = parsed(data)
    except Exception:  # noqa: BLE001 - the library's parser trips over crooked mails in many ways
        raise UnexpectedReply("The mail cannot be taken apart.", advice=AGAIN) from None
    for part in _parts(message):
        _undamaged(part)
    return message


def attachment(message: EmailMessage, pattern: str) -> Attachment:
    """The one whose name fits; out of a zip file its one file. Raises NotFound, AmbiguousLink, Refused, UnexpectedReply."""
    named = [(name, part) for part in _parts(message) if not part.is_multipart() and (name := _name(part))]
    if len(named) > MAX_ATTACHMENTS:
        raise _harmful()
    fitting = [(name, part) for name, part in named if fits(name, pattern)]
    if not fitting:
        if not named:
            raise NotFound(
                "The newest mail of this report has no attachment; {pattern} is expected.", pattern=names_of([pattern]),
                advice=AGAIN,
            )  # fmt: skip
        raise NotFound(
            "No attachment of the newest mail is named like {pattern}; there are {names}.", pattern=names_of([pattern]),
            names=names_of(name for name, _ in named), advice="Ask the sender to keep the name, or mend it in sheetsync.toml.",
        )  # fmt: skip
    if len(fitting) > 1:
        raise AmbiguousLink(
            "Several attachments of the newest mail are named like {pattern}: {names}.", pattern=names_of([pattern]),
            names=names_of(name for name, _ in fitting), advice="Write a narrower attachment into sheetsync.toml.",
        )  # fmt: skip
    name, part = fitting[0]
    found = Attachment(name, _content_type(part), _payload(part))
    return _unpacked(found) if name.lower().endswith(".zip") else found


def texts(message: EmailMessage) -> list[str]:
    """The plain text of the mail, and its HTML as text; either only where it is there."""
    plain: list[str] = []
    html: list[str] = []
    for part in _parts(message):
        if part.is_multipart() or _name(part) or part.get_content_disposition() == "attachment":
            continue
        kind = part.get_content_type()
        if kind in {"text/plain", "text/html"}:
            text = decoded(_payload(part), _charset(part))
            (plain if kind == "text/plain" else html).append(text)
    found = []
    if any(text.strip() for text in plain):
        found.append(_mail_text.plain("\n".join(plain)))
    if any(text.strip() for text in html):
        found.append(_mail_text.page("\n".join(html)))
    return found


def text_of(found: Attachment) -> str:
    """The text of an attachment that is a PDF or text. Raises UnexpectedReply."""
    if found.data.startswith(b"%PDF"):
        return _mail_text.plain(_pdf(found.data))
    if found.data.startswith((b"PK", b"\xd0\xcf\x11\xe0", b"\x1f\x8b", b"PAR1")):
        raise UnexpectedReply(
            "The report looks for words in a text, and the attachment {name} is none.", name=names_of([found.name]),
            advice="Take the pattern out of this report in sheetsync.toml, and name a cell or a column behind the link.",
        )  # fmt: skip
    match = re.search(r"charset=([\w.-]+)", found.content_type)
    text = decoded(found.data, match[1] if match else "")
    return _mail_text.page(text) if text.lstrip()[:1] == "<" else _mail_text.plain(text)


def fits(text: str, pattern: str) -> bool:
    """Whether a text fits a pattern with * and ?, as a whole; capital letters do not count."""
    return fnmatchcase(_folded(text)[:1000], _folded(pattern).replace("[", "[[]"))


def decoded(data: bytes, declared: str) -> str:
    """Text in its declared encoding, or UTF-8. Raises UnexpectedReply; nothing is guessed."""
    tries = ["utf-8-sig"]
    try:
        known = codecs.lookup(declared).name if declared else ""
        tries.insert(0, _ALIASES.get(known, known) or "utf-8-sig")
    except (LookupError, ValueError):
        pass
    for encoding in tries:
        try:
            return data.decode(encoding)
        except (UnicodeError, LookupError, ValueError):
            continue
    raise UnexpectedReply("The text of the mail is in an unknown encoding.", advice=AGAIN)


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split()).casefold()


def _parts(message: Message, depth: int = 0) -> Iterator[Message]:
    """The mail's own parts, in their order; what is inside of attached mails is left closed."""
    if depth > MAX_DEPTH:
        raise _harmful()
    yield message
    if message.is_multipart() and message.get_content_maintype() != "message":
        for part in message.get_payload():
            if isinstance(part, Message):
                yield from _parts(part, depth + 1)


def _harmful() -> Refused:
    return Refused("The mail has too many parts, or nests them too deeply, so it is not read.", advice=AGAIN)


def _undamaged(part: Message) -> None:
    if any(isinstance(flaw, _DAMAGE) for flaw in part.defects):
        raise UnexpectedReply("The mail is damaged or was cut off.", advice=AGAIN)


def _payload(part: Message) -> bytes:
    data = part.get_payload(decode=True)
    _undamaged(part)  # what is wrong with the packing shows only now
    return data if isinstance(data, bytes) else b""


def _name(part: Message) -> str:
    for line, name in (("content-disposition", "filename"), ("content-type", "name")):
        try:
            found = getattr(part.get(line), "params", {}).get(name)
        except Exception:  # noqa: BLE001 - as in `taken_apart`
            found = None
        if found:
            return str(found)
    return _bare_name(part)


def _bare_name(part: Message) -> str:
    """A name in encoded words without quotes, which no standard permits and some programs write."""
    for line, raw in part.raw_items():
        words = _BARE_NAME.search(str(raw)) if line.lower() in {"content-disposition", "content-type"} else None
        if words is not None:
            try:
                return str(make_header(decode_header(" ".join(words[1].split()))))
            except (LookupError, ValueError, MessageError):
                return ""
    return ""


def _charset(part: Message) -> str:
    try:
        return part.get_content_charset() or ""
    except Exception:  # noqa: BLE001 - as in `taken_apart`
        return ""


def _content_type(part: Message) -> str:
    charset = _charset(part)
    return part.get_content_type() + (f"; charset={charset}" if re.fullmatch(r"[\w.-]{1,40}", charset) else "")


def _ending(name: str) -> bool:
    return _PACKED.fullmatch(name.lower()) is not None


def _unpacked(packed: Attachment) -> Attachment:
    """The one file in a zip file."""
    broken = UnexpectedReply("The zip file {name} cannot be unpacked.", name=names_of([packed.name]), advice=AGAIN)
    try:
        with zipfile.ZipFile(io.BytesIO(packed.data)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir() and not _litter(entry.filename)]
            if len(entries) > MAX_ENTRIES:
                raise _bomb(packed.name)
            if len(entries) != 1:
                raise AmbiguousLink(
                    "The zip file {name} holds {count} files, where one is expected.", name=names_of([packed.name]),
                    count=len(entries), advice="Ask the sender to attach the file itself.",
                )  # fmt: skip
            (entry,) = entries
            if _ending(entry.filename):
                raise Refused(
                    "The zip file {name} holds another packed file, which is not opened.", name=names_of([packed.name]),
                    advice="Ask the sender to attach the file itself.",
                )  # fmt: skip
            if entry.flag_bits & 1:
                raise UnexpectedReply(
                    "The zip file {name} is locked with a password.", name=names_of([packed.name]),
                    advice="Ask the sender to send it without.",
                )  # fmt: skip
            ratio = entry.file_size / max(entry.compress_size, 1)
            if entry.file_size > MAX_UNPACKED or (entry.file_size > RATIO_FLOOR and ratio > MAX_RATIO):
                raise _bomb(packed.name)
            with archive.open(entry) as file:
                data = file.read(entry.file_size + 1)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, ValueError, RuntimeError):
        raise broken from None
    if len(data) != entry.file_size:
        raise broken
    return Attachment(entry.filename.rpartition("/")[2], "", data)


def _litter(name: str) -> bool:
    return name.startswith("__MACOSX/") or name.rpartition("/")[2] in {".DS_Store", "Thumbs.db"}


def _bomb(name: str) -> Refused:
    return Refused(
        "The zip file {name} unpacks to more than is read.", name=names_of([name]),
        advice="Ask the sender to attach a smaller file.",
    )  # fmt: skip


def _pdf(data: bytes) -> str:
    try:
        from pypdf import PdfReader  # noqa: PLC0415 - an extra, and only reports in PDF need it
    except ImportError:
        raise UnexpectedReply(
            "The report is a PDF, and the part of sheetsync that reads them is not installed.",
            advice="Ask the person who installed sheetsync to install okr-sheetsync[pdf].",
        ) from None
    try:
        reader = PdfReader(io.BytesIO(data), strict=False)
        locked = reader.is_encrypted
        count = 0 if locked else len(reader.pages)
        pages = [] if count > MAX_PAGES else [page.extract_text(extraction_mode="layout") for page in reader.pages[:count]]
    except Exception:  # noqa: BLE001 - a foreign reader trips over a damaged file in many ways
        raise UnexpectedReply("The PDF file is damaged.", advice=AGAIN) from None
    if locked:
        raise UnexpectedReply("The PDF file is locked with a password.", advice="Ask the sender to send it without.")
    if count > MAX_PAGES:
        raise Incomplete("The PDF file has more than {limit} pages.", limit=MAX_PAGES, advice="Ask for a shorter report.")
    text = "\n".join(pages)
    if not text.strip():
        raise UnexpectedReply(
            "The PDF file holds no text, only pictures.", advice="Ask the sender for a table, or for a PDF with text."
        )
    return text
