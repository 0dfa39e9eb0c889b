"""A text and a pattern such as `Reach: {number}` go in; the one number that stands there comes out, or why there is none.

A pattern is plain text. Blanks in it fit any blanks of one line, `*` fits whatever stands there in between, capital letters do
not count. The number has to end where a line, a table cell or a sentence ends, or where the pattern goes on: `1.2 million` and
`12 345` never pass for 1.2 and 12.
"""

from __future__ import annotations

import re
from html import unescape
from typing import Final

from sheetsync import values
from sheetsync.connectors._cells import names_of
from sheetsync.errors import AmbiguousLink, UnexpectedReply
from sheetsync.values import NotANumber, Parsed, Separators

PLACE: Final = "{number}"
MAX_PATTERN: Final = 200
MAX_STARS: Final = 2
MAX_TEXT: Final = 1_000_000

_SEPARATORS: Final = ".,'\u2019\u00a0\u202f\u2009\u2007"
_NUMBER: Final = (
    rf"(?<![\w{_SEPARATORS}+\-\u2212\u2013])(?P<number>(?>[+\-\u2212]?\d+(?:[{_SEPARATORS}]\d+)*)(?>[ \u00a0\u202f]?[%\uff05])?"
    r"(?>(?:[ \u00a0]?[\u5343\u4e07\u4ebf])|(?:bn|[kmbw])(?![^\W_]))?)"
)
_END: Final = re.compile(r"[ \u00a0]*(?:[\t\n]|\Z)|[.;,)\u3002\uff1b\uff0c\uff09](?:\s*\Z|\s+(?!\d))")
_BLANKS: Final = r"[ \t\u00a0\u3000]+"
_COLUMNS: Final = re.compile(r" {2,}|\t+")
_QUOTE: Final = re.compile(r"^>.*\n?", re.MULTILINE)

_SKIPPED: Final = frozenset({"script", "style", "head", "title", "template", "blockquote"})
_INLINE: Final = frozenset({"a", "abbr", "b", "big", "em", "font", "i", "mark", "s", "small", "span", "strong", "tt", "u", "wbr"})
_CELLS: Final = frozenset({"td", "th"})
_EMPTY: Final = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
_HIDDEN: Final = re.compile(r"(?<![\w-])hidden(?![\w-])|display\s*:\s*none", re.IGNORECASE)
_GAP: Final = re.compile(r"[ \t\r\n\f]+")
_TAG: Final = re.compile(
    r"<!--(?s:.*?)(?:-->|\Z)|<[!?][^>]*>?|"
    r"<(?P<closing>/?)(?P<tag>[a-zA-Z][\w:-]{0,40}+)(?P<attributes>(?:[^<>\"']|\"[^\"]*\"|'[^']*')*+)>?"
)
"""Each alternative takes all that it can and gives nothing back, so that no page takes long."""


def number_in(text: str, pattern: str, *, decimal: Separators = "auto", abbreviated: bool = False) -> Parsed:
    """The number at the place of `{number}`. `abbreviated` where 1.2K and 3.2万 occur.

    Raises UnexpectedReply (not there, no number, more behind it), AmbiguousLink (there twice, and not the same).
    """
    before, _, after = pattern.partition(PLACE)
    start = r"(?<!\w)" if before.lstrip()[:1].isalnum() else ""
    expression = re.compile(start + _escaped(before.lstrip()) + _NUMBER + _escaped(after.rstrip()), re.IGNORECASE)
    found: dict[str, None] = {}
    for match in expression.finditer(text[:MAX_TEXT]):
        if not after.strip() and not _END.match(text, match.end("number")):
            raise UnexpectedReply(
                "Behind the number of {pattern} stands more text.", pattern=names_of([pattern]),
                advice="Ask the person who installed sheetsync to write into the pattern what stands behind the number.",
            )  # fmt: skip
        found[match["number"]] = None
    if not found:
        raise UnexpectedReply(
            "The text {pattern} with a number does not stand in the report.",
            pattern=names_of([pattern]),
            advice="Look at the newest report: its wording may have changed. The pattern stands in sheetsync.toml.",
        )
    parsed = {_parsed(number, decimal, abbreviated) for number in found}
    if len(parsed) > 1:
        raise AmbiguousLink(
            "The text {pattern} stands in the report with different numbers.", pattern=names_of([pattern]),
            advice="Ask the person who installed sheetsync to write more of the words around the number into the pattern.",
        )  # fmt: skip
    return parsed.pop()


def fault_of(pattern: str) -> str:
    """The sentence that says why this is no pattern; "" where it is one."""
    before, place, after = pattern.partition(PLACE)
    if not place or PLACE in after:
        return "The pattern of the report {report} needs {place} once."
    if not before.strip(" *") and not after.strip(" *"):
        return "The pattern of the report {report} needs words beside {place}."
    if len(pattern) > MAX_PATTERN or pattern.count("*") > MAX_STARS or "\n" in pattern:
        return "The pattern of the report {report} is too long, or has too many *."
    beside = before.endswith("*") or after.startswith("*")
    return "The pattern of the report {report} has a * beside {place}." if beside else ""


def _parsed(number: str, decimal: Separators, abbreviated: bool) -> Parsed:
    try:
        parsed = values.parse_number(number, decimal=decimal, suffixes=abbreviated)
    except NotANumber as error:
        raise UnexpectedReply(
            "{text} in the report is no number that can be read: {why}.", text=names_of([number]), why=str(error),
            advice="Add decimal=. or decimal=, behind the link; abbreviated = true in sheetsync.toml permits 1.2K.",
        ) from None  # fmt: skip
    if parsed is None:
        raise UnexpectedReply("The report holds no figure here; a missing figure is not zero.")
    return parsed


def _escaped(text: str) -> str:
    parts = [r"[^\n]{0,80}?".join(map(re.escape, word.split("*"))) for word in re.split(r"\s+", text)]
    return _BLANKS.join(parts)


def plain(text: str) -> str:
    """A plain text body: without what it quotes of other mails; wide gaps between words are columns."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return _COLUMNS.sub("\t", _QUOTE.sub("", lines))


def page(html: str) -> str:
    """An HTML body as text: a line for each block, a tab between the cells of a table; without what it hides or quotes."""
    pieces: list[str] = []
    skipped, depth, place = "", 0, 0
    html = html[:MAX_TEXT]
    for match in _TAG.finditer(html):
        if not skipped:
            pieces.append(_shown(html[place : match.start()]))
        place = match.end()
        closing, tag, attributes = match["closing"], (match["tag"] or "").lower(), match["attributes"] or ""
        if not tag:
            continue  # a comment or a declaration
        if skipped:
            depth += (tag == skipped) * (-1 if closing else 1)
            if depth == 0:
                skipped = ""
        elif not closing and tag not in _EMPTY and (tag in _SKIPPED or _HIDDEN.search(attributes)):
            skipped, depth = tag, 1
        if tag not in _INLINE:
            pieces.append("\t" if tag in _CELLS else "\n")
    if not skipped:
        pieces.append(_shown(html[place:]))
    return "".join(pieces)


def _shown(text: str) -> str:
    return unescape(_GAP.sub(" ", text))
