"""The bytes of one `<c>` element go in; what the cell holds, or the bytes of the cell with a new content, come out.

Cells in the usual spelling are read by one expression, all others by expat. Neither looks at namespaces: a cell's own prefix
tells its parts from foreign ones, and the scanners have made sure that the element is a cell.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple
from xml.parsers import expat  # a part with a document type declaration never comes this far

from sheetsync.workbooks._ooxml.markup import ATTRIBUTE, damaged, prefix_of, tag_end, unescape

_USUAL = re.compile(
    rb"""<((?:[\w.-]+:)?)c(\ r="[A-Z]{1,3}[1-9][0-9]*"(?:\ s="([0-9]{1,7})")?)(?:\ t="([A-Za-z]+)")?(?:/>|>"""
    rb"""(<\1f((?:\ [^<>]*?)?)(?:/>|>([^<]*)</\1f>))?"""
    rb"""(?:<\1v(?:\ xml:space="preserve")?>([^<]*)</\1v>|<\1is><\1t(?:\ xml:space="preserve")?>([^<]*)</\1t></\1is>)?"""
    rb"""</\1c>)""",
    re.VERBOSE,
)
_INTEGER = re.compile(rb"[0-9]{1,7}")


class Content(NamedTuple):
    """What a cell's bytes say.

    `attributes` as written, with the blank before each, but for `t`
    `kind`     its `t`: n number, s shared string, str text of a formula, inlineStr, b, e, d
    `value`    the text of `<v>` (of `<is>` when there is one), character references resolved; None where there is neither
    `formula`  the text of `<f>`, "" when the element is empty; None without one
    `extras`   the bytes of all other children, kept when the cell changes
    """

    prefix: bytes
    attributes: bytes
    style: int
    kind: str
    value: str | None
    formula: str | None
    formula_tag: bytes
    formula_element: bytes
    extras: bytes


def content_of(cell: bytes) -> Content:
    """Raises CannotEdit for what is no well-formed cell."""
    match = _USUAL.fullmatch(cell)
    return _unusual(cell) if match is None else _usual(match)


def content_at(text: bytes, start: int) -> tuple[int, Content] | None:
    """Where the cell that begins at `start` ends, and what it says; None where it is spelled unusually."""
    match = _USUAL.match(text, start)
    return None if match is None else (match.end(), _usual(match))


def _usual(match: re.Match[bytes]) -> Content:
    prefix, attributes, style, kind, element, tag, formula, value, inline = match.groups()
    held = value if inline is None else inline
    return Content(
        prefix,
        attributes,
        int(style) if style else 0,
        kind.decode() if kind else "n",
        None if held is None else held.decode() if b"&" not in held and b"\r" not in held else unescape(held),
        None if element is None else unescape(formula or b""),
        tag or b"",
        element or b"",
        b"",
    )


def _style(text: bytes) -> int:
    text = text.strip()
    return int(text) if _INTEGER.fullmatch(text) else 0


@dataclass(slots=True)
class _Reader:
    """The handlers for one unusual cell."""

    cell: bytes
    prefix: str
    parser: expat.XMLParserType
    depth: int = 0
    part: str = ""
    start: int = 0
    phonetic: int = 0
    in_text: bool = False
    value: list[str] | None = None
    inline: list[str] | None = None
    formula: list[str] | None = None
    formula_span: tuple[int, int] = (0, 0)
    extras: bytes = b""

    def started(self, name: str, _: dict[str, str]) -> None:
        own = name[len(self.prefix) :] if name.startswith(self.prefix) else ""
        if self.depth == 1:
            self.part, self.start = own, self.parser.CurrentByteIndex
            if own == "v":
                self.value = self.value or []
            elif own == "f":
                self.formula = []
            elif own == "is":
                self.inline = []
        elif self.part == "is":
            self.phonetic += own == "rPh"
            self.in_text = own == "t"
        self.depth += 1

    def ended(self, name: str) -> None:
        self.depth -= 1
        if self.depth == 1:
            opening = tag_end(self.cell, self.start)
            empty = self.cell[opening - 2 : opening] == b"/>"
            end = opening if empty else self.cell.index(b">", self.parser.CurrentByteIndex) + 1
            if self.part == "f":
                self.formula_span = self.start, end
            elif self.part not in {"v", "is"}:
                self.extras += self.cell[self.start : end]
            self.part = ""
        elif self.part == "is":
            self.phonetic -= name == self.prefix + "rPh"
            self.in_text = False

    def text(self, data: str) -> None:
        if self.part == "v" and self.value is not None:
            self.value.append(data)
        elif self.part == "f" and self.formula is not None:
            self.formula.append(data)
        elif self.in_text and not self.phonetic and self.inline is not None:
            self.inline.append(data)


def _unusual(cell: bytes) -> Content:
    opening = tag_end(cell, 0)
    tag = cell[:opening]
    prefix = prefix_of(tag)
    parser = expat.ParserCreate("utf-8")
    reader = _Reader(cell, prefix.decode(), parser)
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = reader.started, reader.ended, reader.text
    try:
        parser.Parse(cell, True)
    except expat.ExpatError as error:
        raise damaged("worksheet") from error
    finally:
        # the parser holds the reader and the other way round; nobody has to wait for the collector
        parser.StartElementHandler = parser.EndElementHandler = parser.CharacterDataHandler = None
    style, kind = 0, "n"
    raw = b""
    for match in ATTRIBUTE.finditer(tag):
        if match[1] == b"t":
            kind = match[2][1:-1].decode() or "n"
            continue
        raw += match[0]
        if match[1] == b"s":
            style = _style(match[2][1:-1])
    first, last = reader.formula_span
    element = cell[first:last]
    formula_tag = element[len(prefix) + 2 : tag_end(element, 0) - 1].removesuffix(b"/") if element else b""
    value = reader.inline if kind == "inlineStr" or reader.value is None else reader.value
    return Content(
        prefix,
        raw,
        style,
        kind,
        None if value is None else "".join(value),
        None if reader.formula is None else "".join(reader.formula),
        formula_tag,
        element,
        reader.extras,
    )


# --- new bytes -----------------------------------------------------------------------------------------------------------


def written(prefix: bytes, attributes: bytes, kind: bytes, payload: bytes, extras: bytes = b"") -> bytes:
    """A cell. `attributes` are raw, with the blank before each; `kind` is its `t`, empty for a number or a blank."""
    head = b"<" + prefix + b"c" + attributes + (b' t="' + kind + b'"' if kind else b"")
    body = payload + extras
    return head + b">" + body + b"</" + prefix + b"c>" if body else head + b"/>"


def restyled(cell: bytes, style: int) -> bytes:
    """The cell with another style; every other byte of it stays."""
    opening = tag_end(cell, 0)
    tag = cell[:opening]
    name = len(prefix_of(tag)) + 2
    at = len(tag) - (2 if tag.endswith(b"/>") else 1)
    return tag[:name] + styled(tag[name:at], style) + tag[at:] + cell[opening:]


def styled(attributes: bytes, style: int) -> bytes:
    """Raw attributes with `s` replaced, or put behind `r`, or in front."""
    head, found, rest = attributes.rpartition(b' s="')
    if found and rest[:-1].isdigit():
        return b'%b s="%d"' % (head, style)
    place = 0
    for match in ATTRIBUTE.finditer(attributes):
        if match[1] == b"s":
            return attributes[: match.start(2)] + b'"%d"' % style + attributes[match.end(2) :]
        if match[1] == b"r":
            place = match.end()
    return attributes[:place] + b' s="%d"' % style + attributes[place:]


def valueless(attributes: bytes) -> bytes:
    """Raw attributes without those that describe the value: cell metadata and value metadata."""
    return _without(attributes, {b"cm", b"vm"}) if b"m" in attributes else attributes


def without_value(content: Content) -> bytes:
    """The cell with its formula and without the value that was calculated once."""
    kept = _without(content.attributes, {b"vm"})
    return written(content.prefix, kept, b"", content.formula_element, content.extras)


def _without(attributes: bytes, names: set[bytes]) -> bytes:
    return b"".join(match[0] for match in ATTRIBUTE.finditer(attributes) if match[1] not in names)
