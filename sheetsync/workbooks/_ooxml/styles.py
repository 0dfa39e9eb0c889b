"""The bytes of a workbook's styles part go in, the same bytes with a few styles appended come out.

Cells name their style by a number, the position of an `xf` in `cellXfs`. Other cells may use the same one, so nothing
that is there is ever changed: a wanted style that does not exist yet is a copy of the cell's own `xf`, byte for byte but for the
two attributes of its fill or of its number format, put behind the last one. The part is SpreadsheetML, ECMA-376 part 1, 18.8
(https://ecma-international.org/publications-and-standards/standards/ecma-376/).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from xml.parsers import expat  # the text has no document type declaration: `text_of` refuses it

from sheetsync.errors import CannotEdit
from sheetsync.workbooks._ooxml.markup import ATTRIBUTE, TAG, damaged, prefix_of, text_of, with_attribute
from sheetsync.workbooks._ooxml.number_formats import BUILTIN, FIRST_CUSTOM, SAME_EVERYWHERE, shows_date

MAX_XFS = 64_000
"""Excel's limit of cell formats in a workbook.
https://support.microsoft.com/en-us/office/excel-specifications-and-limits-1672b34d-7043-467e-8e27-269d656771c3"""

_TRANSITIONAL = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_NO_FILL_XML = '<fill><patternFill patternType="none"/></fill>'
_GRAY_XML = '<fill><patternFill patternType="gray125"/></fill>'
_MINIMAL = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    f'<styleSheet xmlns="{_TRANSITIONAL}">'
    '<fonts count="1"><font><sz val="11"/><name val="Calibri"/><family val="2"/></font></fonts>'
    f'<fills count="2">{_NO_FILL_XML}{_GRAY_XML}</fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>"
).encode()

_ORDER = (
    *("numFmts", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs", "cellStyles"),
    *("dxfs", "tableStyles", "colors", "extLst"),
)
_ITEMS = {"numFmts": "numFmt", "fills": "fill", "cellXfs": "xf"}
_FILL_NAMES = frozenset({"patternFill", "gradientFill", "fgColor", "bgColor", "stop", "color"})
_PART = "styles.xml"
_LONGEST_FILL = 10_000
_DEEPEST = 64

_RGB = re.compile(r"(?:[0-9A-Fa-f]{2})?([0-9A-Fa-f]{6})")
_PLAIN = re.compile(r"[0-9A-Fa-f]{6}")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(slots=True)
class _Node:
    """An element: `start` is the offset of its start tag, `close` of its end tag, or behind it if it closes itself.

    A name of the root's own namespace stands bare, any other as {namespace}name.
    """

    name: str
    attributes: dict[str, str]
    start: int
    close: int = 0
    children: list[_Node] = field(default_factory=list)

    def head(self, data: bytes) -> re.Match[bytes]:
        """The start tag."""
        found = TAG.match(data, self.start)
        if found is None:
            raise damaged(_PART)
        return found

    def closes_itself(self, data: bytes) -> bool:
        return self.head(data)[0].endswith(b"/>")

    def tag(self, data: bytes) -> bytes:
        """The name as it is written, with its prefix."""
        return prefix_of(self.head(data)[0]) + self.name.encode()


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """A side of a cell format that can be changed: its two attributes, and how the side shows that changes nothing."""

    number: str
    apply: str
    plain: str


_FILL = _Side("fillId", "applyFill", "")
_FORMAT = _Side("numFmtId", "applyNumberFormat", "General")


@dataclass(frozen=True, slots=True)
class _Xf:
    """A cell format; `head` is its start tag, `body` what follows, up to its end."""

    attributes: Mapping[str, str]
    head: bytes
    body: bytes
    locked: bool = True

    @property
    def fill(self) -> int:
        return _number(self.attributes, "fillId")

    @property
    def format(self) -> int:
        return _number(self.attributes, "numFmtId")

    def but_for(self, side: _Side) -> tuple[object, ...]:
        """What makes two formats the same, apart from one side."""
        return (*sorted(item for item in self.attributes.items() if item[0] not in (side.number, side.apply)), self.body)


class Styles:
    """The cell formats of one workbook, by their number.

    The constructor raises CannotEdit where the part is not well-formed XML, has a document type declaration, or is written in an
    encoding that is not supported.
    """

    def __init__(self, xml: bytes | None) -> None:
        self._original = _MINIMAL if xml is None else xml
        self._text = text_of(self._original, _PART)
        self._part = part = _Part(self._text.body)
        self._xfs = [_xf(part, node) for node in part.items("cellXfs")]
        self._fills = [_fill_text(node) for node in part.items("fills")]
        self._formats = {
            _number(node.attributes, "numFmtId"): node.attributes.get("formatCode", "") for node in part.items("numFmts")
        }
        self._formats.pop(0, None)
        self._new: dict[str, list[bytes]] = {"numFmts": [], "fills": [], "cellXfs": []}
        self._dates: dict[int, bool] = {}
        self._answers: dict[tuple[_Side, int, str], int] = {}
        self._known: dict[_Side, dict[tuple[object, ...], int]] = {}

    def number_format(self, xf: int) -> str:
        """The format code, of the built-in ones too; "General" where there is none."""
        return self._code(self._xf(xf).format)

    def is_date(self, xf: int) -> bool:
        """Whether numbers in this format show as a date or a time of day; an elapsed time, [h]:mm, is no date."""
        number = self._xf(xf).format
        if number not in self._dates:
            self._dates[number] = shows_date(self._code(number))
        return self._dates[number]

    def fill(self, xf: int) -> str:
        """The fill as `Cell.fill` has it: "RRGGBB" for a plain colour, "" for none, else its XML without prefixes.

        The XML says all of the fill and refers to no numbers of this file, so it stays true when Excel numbers the styles anew.
        """
        number = self._xf(xf).fill
        return self._fills[number] if number < len(self._fills) else ""

    def locked(self, xf: int) -> bool:
        """Whether the format locks the cell, once its worksheet is protected."""
        return self._xf(xf).locked

    def with_fill(self, xf: int, fill: str) -> int:
        """The number of a format like `xf`, but with this fill; `xf` itself where it has it already.

        `fill` is "RRGGBB", "", or a text that `fill` gave for this workbook, now or earlier. Raises CannotEdit: no such text, too
        many formats, or a part whose formats cannot be counted surely.
        """
        answer = self._answers.get((_FILL, xf, fill))
        if answer is None:
            wanted = fill.upper() if not fill or _PLAIN.fullmatch(fill) else _fill_text(_parsed_fill(fill))
            answer = self._answers[_FILL, xf, fill] = self._with(_FILL, xf, wanted)
        return answer

    def with_number_format(self, xf: int, code: str) -> int:
        """The number of a format like `xf`, but with this format code; `xf` itself where it has it already.

        Raises CannotEdit: not a format code, too many formats, or a part whose formats cannot be counted surely.
        """
        answer = self._answers.get((_FORMAT, xf, code))
        if answer is None:
            if not 0 < len(code) < 256 or _NOT_XML.search(code):
                raise CannotEdit("The number format {code} is not one that Excel knows.", code=ascii(code[:60]))
            answer = self._answers[_FORMAT, xf, code] = self._with(_FORMAT, xf, code)
        return answer

    @property
    def changed(self) -> bool:
        return any(self._new.values())

    def xml(self) -> bytes:
        """The part with what was appended, in its own encoding; the identical bytes if nothing was.

        Raises CannotEdit where the result would not be well-formed, which no known workbook brings about.
        """
        if not self.changed:
            return self._original
        data = self._part.extended(self._new)
        _tree(data)
        return self._text.encoded(data)

    # --- asking -----------------------------------------------------------------------------------------------------------

    def _xf(self, xf: int) -> _Xf:
        return self._xfs[xf] if 0 <= xf < len(self._xfs) else _plain_xf(self._part)

    def _code(self, number: int) -> str:
        # Excel writes the built-in formats that depend on the language, money above all, under their own ids.
        return self._formats.get(number) or BUILTIN.get(number, "General")

    def _shown(self, side: _Side, xf: int) -> str:
        return self.fill(xf) if side is _FILL else self.number_format(xf)

    # --- appending --------------------------------------------------------------------------------------------------------

    def _with(self, side: _Side, xf: int, wanted: str) -> int:
        if self._shown(side, xf) == wanted:
            return xf
        if self._part.doubtful:
            raise CannotEdit("The styles of this workbook are arranged in a way that cannot be extended safely.")
        known = self._known.get(side)
        if known is None:
            known = self._known[side] = {}
            for number in range(len(self._xfs)):
                self._remember(side, number)
        key = (*self._xf(xf).but_for(side), wanted)
        if key not in known:
            self._append_xf(xf, side, self._fill_number(wanted) if side is _FILL else self._format_number(wanted))
        return known[key]

    def _remember(self, side: _Side, number: int) -> None:
        xf, shown = self._xfs[number], self._shown(side, number)
        # Excel shows what the cell's format says where the flag is missing; many writers leave it out.
        if shown == side.plain or xf.attributes.get(side.apply, "1") in ("1", "true"):
            self._known[side].setdefault((*xf.but_for(side), shown), number)

    def _append_xf(self, xf: int, side: _Side, number: int) -> None:
        old, values = self._xf(xf), {side.number: str(number), side.apply: "1"}
        new = _Xf({**old.attributes, **values}, _with_attributes(old.head, values), old.body, old.locked)
        # Cells may name formats that do not exist, and show plainly. They must not come to show what is appended now.
        missing = max(1, xf + 1) - len(self._xfs)
        if len(self._xfs) + max(0, missing) >= MAX_XFS:
            raise CannotEdit(
                "The workbook holds as many cell formats as Excel permits ({limit}), so no colour or date can be added.",
                advice="Copy the worksheets into a new workbook, which leaves unused cell formats behind, then run again.",
                limit=MAX_XFS,
            )
        for appended in [*[_plain_xf(self._part)] * missing, new]:
            self._xfs.append(appended)
            self._new["cellXfs"].append(appended.head + appended.body)
            for side_known in self._known:
                self._remember(side_known, len(self._xfs) - 1)

    def _fill_number(self, wanted: str) -> int:
        # Excel shows the first two fills as none and gray125, whatever the file says.
        reserved = {"": 0, _GRAY_XML: 1}.get(wanted)
        for number, fill in enumerate(self._fills):
            if fill == wanted and (number > 1 or number == reserved):
                return number
        # Formats that refer to missing fills show none, and must not come to show the new one.
        highest = max((_number(node.attributes, "fillId") for node in self._part.every_xf()), default=0)
        if highest > MAX_XFS:
            raise CannotEdit("The styles of this workbook are arranged in a way that cannot be extended safely.")
        while len(self._fills) <= max(1, highest):
            self._append_fill(_GRAY_XML if len(self._fills) == 1 else _NO_FILL_XML)
        if reserved is not None and self._fills[reserved] == wanted:
            return reserved
        solid = f'<fill><patternFill patternType="solid"><fgColor rgb="FF{wanted}"/><bgColor indexed="64"/></patternFill></fill>'
        self._append_fill(solid if _PLAIN.fullmatch(wanted) else wanted or _NO_FILL_XML)
        return len(self._fills) - 1

    def _append_fill(self, xml: str) -> None:
        node = _parsed_fill(xml)
        self._fills.append(_fill_text(node))
        self._new["fills"].append(_rendered(node, self._part.prefix("fills")).encode())

    def _format_number(self, code: str) -> int:
        codes: dict[int, str] = {number: BUILTIN[number] for number in sorted(SAME_EVERYWHERE)} | self._formats
        for number, known in codes.items():
            if known == code:
                return number
        used = {*self._formats, *(_number(node.attributes, "numFmtId") for node in self._part.nodes_with_formats())}
        number = next(free for free in range(FIRST_CUSTOM, FIRST_CUSTOM + len(used) + 1) if free not in used)
        self._formats[number] = code
        tag = f'<{self._part.prefix("numFmts")}numFmt numFmtId="{number}" formatCode="{_escaped(code)}"/>'
        self._new["numFmts"].append(tag.encode())
        return number


class _Part:
    """Where the collections of a styles part stand in its bytes (UTF-8)."""

    def __init__(self, data: bytes) -> None:
        root = _tree(data)
        if root.closes_itself(data):
            end = root.head(data).end()
            data = b"%b></%b>%b" % (data[: end - 2], root.tag(data), data[end:])
            root = _tree(data)
        if root.name != "styleSheet":
            raise damaged(_PART)
        self.data = data
        self._root = root
        self._collections: dict[str, _Node] = {}
        self.doubtful = False
        for node in self._root.children:
            # Two collections of one name, and choices between versions, leave open which format has which number.
            self.doubtful |= node.name in self._collections or node.name.endswith("}AlternateContent")
            self._collections.setdefault(node.name, node)
        for name, item in _ITEMS.items():
            self.doubtful |= name in self._collections and any(node.name != item for node in self._collections[name].children)

    def items(self, collection: str) -> list[_Node]:
        return self._collections[collection].children if collection in self._collections else []

    def prefix(self, collection: str) -> str:
        """The prefix that new items of a collection need, with its colon."""
        return prefix_of(self._collections.get(collection, self._root).head(self.data)[0]).decode()

    def every_xf(self) -> Iterator[_Node]:
        return (node for collection in ("cellXfs", "cellStyleXfs") for node in self.items(collection))

    def nodes_with_formats(self) -> Iterator[_Node]:
        """Whatever refers to a number format or defines one."""
        yield from self.items("numFmts")
        yield from self.every_xf()
        for dxf in self.items("dxfs"):
            yield from (node for node in dxf.children if node.name == "numFmt")

    def extended(self, new: Mapping[str, list[bytes]]) -> bytes:
        """The bytes with the new items of some collections at the collections' ends, and their counts put right."""
        splices: list[tuple[int, int, bytes]] = []
        for name in _ORDER:
            if items := new.get(name):
                splices += self._extension(name, b"".join(items), len(items))
        out, done = [], 0
        for start, end, text in sorted(splices, key=lambda splice: splice[0]):
            out += [self.data[done:start], text]
            done = end
        return b"".join(out) + self.data[done:]

    def _extension(self, name: str, items: bytes, count: int) -> Iterator[tuple[int, int, bytes]]:
        """(first offset to leave out, offset behind, bytes to put there)."""
        node = self._collections.get(name)
        if node is None:
            tag = (self.prefix(name) + name).encode()
            later = _ORDER[_ORDER.index(name) + 1 :]
            place = next((child.start for child in self._root.children if child.name in later), self._root.close)
            yield place, place, b'<%b count="%d">%b</%b>' % (tag, count, items, tag)
            return
        head_end = node.head(self.data).end()
        for match in ATTRIBUTE.finditer(self.data, node.start, head_end):
            if match[1] == b"count":
                yield *match.span(2), b'"%d"' % (len(node.children) + count)
        if node.closes_itself(self.data):
            yield head_end - 2, head_end, b">%b</%b>" % (items, node.tag(self.data))
        else:
            yield node.close, node.close, items


# --- XML ------------------------------------------------------------------------------------------------------------------


def _tree(data: bytes) -> _Node:
    """The root of an XML text in UTF-8. Raises CannotEdit: not well-formed, or too deep."""
    top = _Node("", {}, 0)
    path = [top]
    parser = expat.ParserCreate("utf-8", " ")
    namespaces: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        namespace, _, local = name.rpartition(" ")
        if not namespaces:
            namespaces.append(namespace)
        if len(path) > _DEEPEST:
            raise damaged(_PART)
        node = _Node(local if namespace == namespaces[0] else f"{{{namespace}}}{local}", attributes, parser.CurrentByteIndex)
        path[-1].children.append(node)
        path.append(node)

    def end(_: str) -> None:
        # Of an element that closes itself this is the offset behind it; `closes_itself` tells them apart.
        path.pop().close = parser.CurrentByteIndex

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise damaged(_PART) from error
    return top.children[0]


def _escaped(text: str) -> str:
    for sign in '&<>"\t\n\r':
        text = text.replace(sign, f"&#{ord(sign)};" if sign != "&" else "&amp;")
    return text


def _with_attributes(head: bytes, values: Mapping[str, str]) -> bytes:
    """A start tag with some attributes set."""
    for name, value in values.items():
        head = with_attribute(head, name.encode(), value.encode())
    return head


# --- formats --------------------------------------------------------------------------------------------------------------


def _number(attributes: Mapping[str, str], name: str) -> int:
    text = attributes.get(name, "").strip()
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 10 else 0


def _xf(part: _Part, node: _Node) -> _Xf:
    locked = True
    for child in node.children:
        if child.name == "protection":
            locked = child.attributes.get("locked", "1").strip() not in ("0", "false")
    head = node.head(part.data)
    body = b"" if head[0].endswith(b"/>") else part.data[head.end() : part.data.index(b">", node.close) + 1]
    return _Xf(node.attributes, head[0], body, locked)


def _plain_xf(part: _Part) -> _Xf:
    """The format of a cell that names none, or one that does not exist."""
    kinds = {"fontId": "fonts", "fillId": "fills", "borderId": "borders", "xfId": "cellStyleXfs"}
    attributes = {"numFmtId": "0", **{name: "0" for name, kind in kinds.items() if part.items(kind)}}
    head = f"<{part.prefix('cellXfs')}xf/>".encode()
    return _Xf(attributes, _with_attributes(head, attributes), b"")


def _parsed_fill(xml: str) -> _Node:
    """A fill from the text that `Styles.fill` gave. Raises CannotEdit where it is none."""
    foreign = CannotEdit("The colour that a cell had before is not described in a way that can be written back.")
    try:
        node = _tree(text_of(xml.encode(), _PART).body)
    except (CannotEdit, UnicodeError):
        raise foreign from None
    if len(xml) > _LONGEST_FILL or node.name != "fill" or not _FILL_NAMES.issuperset(_names(node.children)):
        raise foreign
    return node


def _names(nodes: Iterable[_Node]) -> Iterator[str]:
    for node in nodes:
        yield node.name
        yield from _names(node.children)


def _fill_text(fill: _Node) -> str:
    """The fill as `Cell.fill` has it."""
    pattern = fill.children[0] if fill.children else None
    if pattern is None or (pattern.name == "patternFill" and pattern.attributes.get("patternType", "none") == "none"):
        return ""
    colours = [child.attributes for child in pattern.children if child.name == "fgColor"]
    if pattern.name == "patternFill" and pattern.attributes.get("patternType") == "solid" and len(colours) == 1:
        # The background colour of a solid pattern is not seen, and Excel ignores the first two digits, the opacity.
        rgb = _RGB.fullmatch(colours[0].get("rgb", ""))
        if rgb and set(colours[0]) == {"rgb"}:
            return rgb[1].upper()
    return _rendered(fill, "")


def _rendered(node: _Node, prefix: str) -> str:
    """The fill as XML, attributes in alphabetical order, without what belongs to another namespace."""
    attributes = "".join(f' {name}="{_escaped(value)}"' for name, value in sorted(node.attributes.items()) if " " not in name)
    inner = "".join(_rendered(child, prefix) for child in node.children if "}" not in child.name)
    return f"<{prefix}{node.name}{attributes}" + (f">{inner}</{prefix}{node.name}>" if inner else "/>")
