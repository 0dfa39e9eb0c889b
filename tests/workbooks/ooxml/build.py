"""Odd workbooks by hand: the rows of a worksheet go in, the bytes of a small .xlsx file come out."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
DECLARED = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
FORMATS = ("General", "yyyy\\-mm\\-dd", "0.0%")
"""Of the styles 0, 1 and 2; styles 3 and 4 are a yellow fill and an unlocked cell."""
STYLES = (
    f'{DECLARED}<styleSheet xmlns="{MAIN}"><numFmts count="2"><numFmt numFmtId="164" formatCode="{FORMATS[1]}"/>'
    f'<numFmt numFmtId="165" formatCode="{FORMATS[2]}"/></numFmts>'
    '<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="3"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '<fill><patternFill patternType="solid"><fgColor rgb="FFFFFF00"/><bgColor indexed="64"/></patternFill></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="5"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="0" fontId="0" fillId="2" borderId="0" xfId="0" applyFill="1"/>'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0" applyProtection="1"><protection locked="0"/></xf></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


def sheet(rows: str, *, before: str = "", behind: str = "", root: str = f'xmlns="{MAIN}" xmlns:r="{RELATIONS}"') -> str:
    """A worksheet of these rows; `before` and `behind` stand around them."""
    return f"{DECLARED}<worksheet {root}>{before}<sheetData>{rows}</sheetData>{behind}</worksheet>"


def parts(
    *sheets: str | bytes,
    titles: tuple[str, ...] = (),
    strings: Iterable[str] = (),
    styles: str | None = STYLES,
    book: str = "",
    properties: str = "",
    links: str = "",
    namespace: str = MAIN,
) -> dict[str, str | bytes]:
    """The parts of a workbook. `book` stands behind its sheets, `properties` before; `links` are relations of the first sheet.

    `strings` are the contents of `<si>`.
    """
    titles = titles or tuple(f"Sheet{n}" for n in range(1, len(sheets) + 1))
    listed = "".join(f'<sheet name="{escape(title)}" sheetId="{n}" r:id="rId{n}"/>' for n, title in enumerate(titles, 1))
    kinds = [("worksheet", f"worksheets/sheet{n}.xml") for n in range(1, len(sheets) + 1)]
    kinds += [("styles", "styles.xml")] if styles is not None else []
    items = list(strings)
    kinds += [("sharedStrings", "sharedStrings.xml")] if items else []
    types = {"worksheet": "worksheet", "styles": "styles", "sharedStrings": "sharedStrings"}
    overrides = "".join(
        f'<Override PartName="/xl/{target}" '
        f'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.{types[kind]}+xml"/>'
        for kind, target in kinds
    )
    made: dict[str, str | bytes] = {
        "[Content_Types].xml": f'{DECLARED}<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" '
        f'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>{overrides}</Types>',
        "_rels/.rels": relations(("officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f'{DECLARED}<workbook xmlns="{namespace}" xmlns:r="{RELATIONS}">{properties}'
        f"<sheets>{listed}</sheets>{book}</workbook>",
        "xl/_rels/workbook.xml.rels": relations(*kinds),
    }
    made |= {f"xl/worksheets/sheet{n}.xml": xml for n, xml in enumerate(sheets, 1)}
    if links:
        made["xl/worksheets/_rels/sheet1.xml.rels"] = (
            f'{DECLARED}<Relationships xmlns="{PACKAGE}/relationships">{links}</Relationships>'
        )
    if styles is not None:
        made["xl/styles.xml"] = styles
    if items:
        made["xl/sharedStrings.xml"] = (
            f'{DECLARED}<sst xmlns="{MAIN}">' + "".join(f"<si>{item}</si>" for item in items) + "</sst>"
        )
    return made


def relations(*kinds: tuple[str, str]) -> str:
    listed = "".join(
        f'<Relationship Id="rId{n}" Type="{RELATIONS}/{kind}" Target="{t}"/>' for n, (kind, t) in enumerate(kinds, 1)
    )
    return f'{DECLARED}<Relationships xmlns="{PACKAGE}/relationships">{listed}</Relationships>'


def packed(made: Mapping[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """The parts as a zip file, in their order."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, content in made.items():
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    return target.getvalue()


def book(rows: str, **options: str) -> bytes:
    """A workbook with one worksheet, `Sheet1`, of these rows; `before` and `behind` stand around them, see `parts` for others."""
    around = {name: options.pop(name) for name in ("before", "behind", "root") if name in options}
    return packed(parts(sheet(rows, **around), **options))  # type: ignore[arg-type]


def part(data: bytes, name: str = "xl/worksheets/sheet1.xml") -> str:
    """One part of a zip file as text."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(name).decode()


def rows_of(data: bytes, name: str = "xl/worksheets/sheet1.xml") -> str:
    """What stands between the tags around the rows."""
    return part(data, name).partition("<sheetData>")[2].partition("</sheetData>")[0]
