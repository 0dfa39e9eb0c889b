"""The bytes of an XML part go in; its text as UTF-8, its elements and their places in the bytes come out.

No part with a document type declaration is read: without one there are no entities, so neither an entity bomb nor a file read
from outside is possible. The declaration is looked for after the part was turned into UTF-8 here, so no encoding can hide it.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET  # parts with a document type declaration never reach it
from xml.parsers import expat  # as above

from sheetsync.errors import CannotEdit

MAIN: Final = frozenset(
    {"http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://purl.oclc.org/ooxml/spreadsheetml/main"}
)
"""The namespace of spreadsheets, as everybody writes it and as strict files have it (ISO/IEC 29500-1, annex A)."""
BETA: Final = "http://schemas.microsoft.com/office/excel/2006/2"

TAG = re.compile(rb"""<[^\s/>"']++[^"'>]*+(?:"[^"]*+"[^"'>]*+|'[^']*+'[^"'>]*+)*+>""")
"""An opening or empty tag; a > inside an attribute's value does not end it."""
ATTRIBUTE = re.compile(rb"""(?<!\s)\s++([^\s=/>"']++)\s*+=\s*+("[^"]*+"|'[^']*+')""")
_DECLARED = re.compile(rb"""<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_REFERENCE = re.compile(r"&(#x[0-9A-Fa-f]+|#[0-9]+|lt|gt|amp|quot|apos);")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}
_CODECS = {"utf-8": "utf-8", "utf8": "utf-8", "us-ascii": "utf-8", "ascii": "utf-8", "iso-8859-1": "latin-1", "latin1": "latin-1"}
_PIECE = 1 << 20
_AGAIN = "Open it in Excel, save it again as .xlsx, then run again."


@dataclass(frozen=True, slots=True)
class Text:
    """An XML part as UTF-8 without byte order mark, and how to turn a changed text back."""

    body: bytes
    bom: bytes = b""
    codec: str = "utf-8"

    def encoded(self, body: bytes) -> bytes:
        if self.codec == "utf-8":
            return self.bom + body if self.bom else body
        return self.bom + body.decode().encode(self.codec, "xmlcharrefreplace")

    def representable(self, new: bytes) -> bytes:
        """Character data with references for what the part's encoding does not have."""
        return (
            new if self.codec != "latin-1" else new.decode().encode(self.codec, "xmlcharrefreplace").decode(self.codec).encode()
        )


def text_of(data: bytes, part: str) -> Text:
    """Raises CannotEdit for a document type declaration, an unknown encoding, or bytes that are not in the encoding."""
    text = _decoded(data, part)
    # one look for a single byte is 30 times faster than for two, and most sheets have none
    if b"!" in text.body and b"<!DOCTYPE" in text.body:
        raise CannotEdit("The part {part} declares a document type, which no honest workbook does.", part=part)
    return text


def _decoded(data: bytes, part: str) -> Text:
    bom, codec = b"", "utf-8"
    if data.startswith(b"\xef\xbb\xbf"):
        bom = data[:3]
    elif data.startswith((b"\xff\xfe", b"\xfe\xff")):
        bom, codec = data[:2], "utf-16-le" if data[:1] == b"\xff" else "utf-16-be"
    elif data.startswith((b"<\0", b"\0<")):
        codec = "utf-16-le" if data[:1] == b"<" else "utf-16-be"
    elif (declared := _DECLARED.match(data[:200])) is not None:
        codec = _CODECS.get(declared[1].decode().lower(), "")
    if codec == "utf-8":
        body = data[len(bom) :] if bom else data
        if not body.isascii():
            _check_utf8(body, part)
        return Text(body, bom)
    if not codec:
        raise CannotEdit("The part {part} is written in an encoding that is not supported.", advice=_AGAIN, part=part)
    try:
        body = data[len(bom) :].decode(codec).encode()
    except UnicodeError:
        raise damaged(part) from None
    text = Text(body, bom, codec)
    if text.encoded(body) != data:
        raise damaged(part)
    return text


def _check_utf8(body: bytes, part: str) -> None:
    """In pieces, because the whole as text would take up to four times its room."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(body), _PIECE):
            decoder.decode(body[start : start + _PIECE])
        decoder.decode(b"", True)
    except UnicodeDecodeError as error:
        raise damaged(part) from error


def damaged(part: str) -> CannotEdit:
    return CannotEdit("The part {part} of the workbook is damaged.", advice=_AGAIN, part=part)


def tree(body: bytes, part: str) -> ET.Element:
    """The element tree of a text of `text_of`. Raises CannotEdit where it is not well-formed."""
    try:
        return ET.fromstring(body, parser=ET.XMLParser(encoding="utf-8"))  # noqa: S314  # see the module's docstring
    except ET.ParseError as error:
        raise damaged(part) from error


def parsed(data: bytes, part: str) -> ET.Element:
    return tree(text_of(data, part).body, part)


def local(name: str) -> str:
    """`{namespace}name` -> `name`."""
    return name.rpartition("}")[2]


def well_formed(body: bytes) -> bool:
    try:
        expat.ParserCreate("utf-8").Parse(body, True)
    except expat.ExpatError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Element:
    """Where an element stands: [start, inner) is its opening tag, [inner, close) its content, [close, end) its closing tag.

    Of an empty element `inner`, `close` and `end` are equal.
    """

    namespace: str
    name: str
    start: int
    inner: int
    close: int
    end: int


def elements(body: bytes, part: str) -> list[Element]:
    """The root and its children, in this order."""
    found: list[Element] = []
    open_: list[tuple[str, int, int]] = []
    depth = 0
    parser = expat.ParserCreate("utf-8", " ")

    def started(name: str, _: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth <= 2:
            start = parser.CurrentByteIndex
            open_.append((name, start, tag_end(body, start)))

    def ended(_: str) -> None:
        nonlocal depth
        if depth <= 2:
            name, start, inner = open_.pop()
            namespace, _, plain = name.rpartition(" ")
            # an empty element's end is reported behind its tag by some versions of expat, and at its start by others
            close, end = (inner, inner) if body[inner - 2 : inner] == b"/>" else _closing(body, parser.CurrentByteIndex)
            found.append(Element(namespace, plain, start, inner, close, end))
        depth -= 1

    parser.StartElementHandler = started
    parser.EndElementHandler = ended
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise damaged(part) from error
    finally:
        parser.StartElementHandler = parser.EndElementHandler = None
    return [found[-1], *found[:-1]]


def _closing(body: bytes, at: int) -> tuple[int, int]:
    return at, body.index(b">", at) + 1


def tag_end(body: bytes, start: int) -> int:
    """Where the opening tag that begins at `start` ends."""
    match = TAG.match(body, start)
    if match is None:
        raise CannotEdit("The workbook holds a tag that cannot be understood.", advice=_AGAIN)
    return match.end()


def attributes(tag: bytes) -> dict[str, str]:
    """The attributes of an opening tag as written, prefixes included."""
    return {m[1].decode(): unescape(m[2][1:-1]) for m in ATTRIBUTE.finditer(tag)}


def with_attribute(tag: bytes, name: bytes, value: bytes) -> bytes:
    """The opening tag with this attribute replaced, or appended where it has none. `value` is escaped already."""
    for match in ATTRIBUTE.finditer(tag):
        if match[1] == name:
            return tag[: match.start(2)] + b'"' + value + b'"' + tag[match.end(2) :]
    at = len(tag) - (2 if tag.endswith(b"/>") else 1)
    head = tag[:at].rstrip()
    return head + b" " + name + b'="' + value + b'"' + tag[at:]


def prefix_of(tag: bytes) -> bytes:
    """`<x:row …>` -> `x:`, `<row …>` -> ``."""
    name = re.match(rb"</?([^\s/>]+)", tag)
    head, colon, _ = (name[1] if name else b"").rpartition(b":")
    return head + colon


def unescape(raw: bytes) -> str:
    """Character data or an attribute's value as text, line ends as the XML standard has them (chapter 2.11)."""
    text = raw.decode()
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _REFERENCE.sub(_character, text) if "&" in text else text


def _character(match: re.Match[str]) -> str:
    name = match[1]
    if name[0] != "#":
        return _NAMED[name]
    digits, base = (name[2:], 16) if name[1] == "x" else (name[1:], 10)
    number = int(digits, base) if len(digits) < 9 else 0
    if not (number in {9, 10, 13} or 0x20 <= number < 0xD800 or 0xE000 <= number < 0xFFFE or 0x10000 <= number <= 0x10FFFF):
        raise damaged("worksheet")
    return chr(number)


def escape(text: str) -> bytes:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").encode()


def descendants(root: ET.Element, name: str) -> Iterator[ET.Element]:
    """All elements of this name, in whatever namespace."""
    return (element for element in root.iter() if local(element.tag) == name)


def children(root: ET.Element, name: str) -> Iterator[ET.Element]:
    return (element for element in root if local(element.tag) == name)
