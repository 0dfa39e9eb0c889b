"""Styles: what a cell looks like is read as Excel shows it, and a new look is appended without touching what is there."""

from __future__ import annotations

import io
import re
import warnings
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sheetsync.errors import CannotEdit
from sheetsync.workbooks._ooxml.styles import MAX_XFS, Styles

CORPUS = Path(__file__).parents[3] / ".." / "shared" / "xlsx-corpus"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
THEME = '<fill><patternFill patternType="solid"><fgColor theme="4" tint="0.4"/><bgColor indexed="64"/></patternFill></fill>'
GRADIENT = '<fill><gradientFill degree="90"><stop position="0"><color rgb="FF00FF00"/></stop></gradientFill></fill>'
INDEXED = '<fill><patternFill patternType="solid"><fgColor indexed="10"/></patternFill></fill>'
HATCHED = '<fill><patternFill patternType="lightUp"><fgColor rgb="FFFF0000"/></patternFill></fill>'
BASE = (
    f'<?xml version="1.0" encoding="UTF-8"?>\n<styleSheet xmlns="{MAIN}">'
    '<numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/></numFmts>'
    '<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="4"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '<fill><patternFill patternType="solid"><fgColor rgb="FFffc7ce"/><bgColor indexed="64"/></patternFill></fill>'
    '<fill><patternFill patternType="solid"><fgColor theme="4" tint="0.4"/><bgColor indexed="64"/></patternFill></fill></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1">'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="4"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="14" fontId="0" fillId="2" borderId="0" xfId="0" applyNumberFormat="1" applyFill="1"/>'
    '<xf numFmtId=\'164\' fontId="0" fillId = \'3\' borderId="0" xfId="0"><alignment wrapText="1"/><protection locked="0"/>'
    '<extLst><ext uri="{A}"><a:b xmlns:a="urn:a" c="d>e"/></ext></extLst></xf>'
    '<xf numFmtId="9" fontId="0" fillId="0" borderId="0" xfId="0" quotePrefix="1">'
    '<!-- by hand --><protection hidden="1"/></xf></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0"/></cellStyles>'
    '<dxfs count="1"><dxf><numFmt numFmtId="165" formatCode="0.0"/>'
    '<fill><patternFill><bgColor rgb="FF00FF00"/></patternFill></fill>'
    "</dxf></dxfs></styleSheet>"
).encode()


def local(root: ET.Element, name: str) -> list[ET.Element]:
    namespace = root.tag[: root.tag.find("}") + 1]
    return list(root.find(namespace + name) if root.find(namespace + name) is not None else [])


def without_counts(data: bytes, encoding: str = "utf-8") -> str:
    text = data.decode(encoding)
    return re.sub(r"""(<(?:\w+:)?(?:numFmts|fills|cellXfs)\b[^>]*?)\scount\s*=\s*["'][^"']*["']""", r"\1", text)


def is_subsequence(old: str, new: str) -> bool:
    """Whether `new` is `old` with insertions: the pieces between insertions are found one after the other."""
    rest = iter(new)
    return all(any(sign == other for other in rest) for sign in old)


def counts_are_true(data: bytes) -> bool:
    root = ET.fromstring(data)
    namespace = root.tag.partition("}")[0] + "}"
    found = [root.find(namespace + name) for name in ("numFmts", "fills", "cellXfs")]
    return all(node is None or "count" not in node.attrib or int(node.get("count", "")) == len(node) for node in found)


# --- reading ------------------------------------------------------------------------------------------------------------


def test_what_a_cell_shows_is_read() -> None:
    styles = Styles(BASE)
    assert [styles.number_format(xf) for xf in range(4)] == ["General", "mm-dd-yy", "yyyy\\-mm\\-dd", "0%"]
    assert [styles.is_date(xf) for xf in range(4)] == [False, True, True, False]
    assert [styles.fill(xf) for xf in range(4)] == ["", "FFC7CE", styles.fill(2), ""]
    assert ET.canonicalize(styles.fill(2)) == ET.canonicalize(THEME)
    assert [styles.locked(xf) for xf in range(4)] == [True, True, False, True]
    assert not styles.changed
    assert styles.xml() == BASE


@pytest.mark.parametrize("xf", [-1, 4, 10**9])
def test_a_number_out_of_range_is_a_plain_cell(xf: int) -> None:
    styles = Styles(BASE)
    assert (styles.number_format(xf), styles.is_date(xf), styles.fill(xf), styles.locked(xf)) == ("General", False, "", True)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("General", False),
        ("0.00", False),
        ("0%", False),
        ("# ?/?", False),
        ("0.00E+00", False),
        ("@", False),
        ("", False),
        ("yyyy-mm-dd", True),
        ("YYYY/MM/DD", True),
        ("d-mmm", True),
        ("mmss.0", True),
        ("hh:mm:ss.000", True),
        ("h:mm AM/PM", True),
        ("[$-409]mmmm\\ d\\,\\ yyyy;@", True),
        ("[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy", True),
        ('yyyy"年"m"月"d"日"', True),
        ('上午/下午h"时"mm"分"', True),
        ("aaaa", True),
        ('[$-411]ggge"年"', True),
        ("yyyy-mm-dd;0", True),
        ("0;yyyy-mm-dd", False),
        ("[h]:mm", False),
        ("[mm]:ss", False),
        ("[ss]", False),
        ('0.0 "days"', False),
        ("#,##0\\ \\d", False),
        ("[Red]0;[Blue]-0", False),
        ("[$SEK] #,##0", False),
        ("[>=1000]0,\\k;0", False),
        ("_(* #,##0_);_(* (#,##0)", False),
        ("_d0", False),
        ('0;"dead"', False),
        ('"yes";"yes";"no"', False),
        ("General;[Red]-General", False),
        ('"unterminated d', False),
    ],
)
def test_a_date_is_told_from_a_number(code: str, expected: bool) -> None:
    styles = Styles(
        BASE.replace(b"yyyy\\-mm\\-dd", code.replace("&", "&amp;").replace('"', "&quot;").replace(">", "&gt;").encode())
    )
    assert styles.is_date(2) is expected


@pytest.mark.parametrize("number", [14, 15, 18, 22, 27, 36, 45, 47, 50, 58, 71])
def test_built_in_dates(number: int) -> None:
    assert Styles(BASE.replace(b'numFmtId="9"', b'numFmtId="%d"' % number)).is_date(3)


def test_built_in_codes_agree_with_another_reader() -> None:
    from openpyxl.styles.numbers import BUILTIN_FORMATS

    padding = re.compile(r"_[^;]|[ ;\\]")  # where the standard's text and the other reader's differ
    for number, code in BUILTIN_FORMATS.items():
        ours = Styles(BASE.replace(b'numFmtId="9"', b'numFmtId="%d"' % number)).number_format(3)
        assert padding.sub("", ours) == padding.sub("", code)


def test_a_built_in_format_that_the_file_defines_anew() -> None:
    xml = BASE.replace(b'numFmtId="164"', b'numFmtId="9"').replace(b"yyyy\\-mm\\-dd", b"0.000")
    assert Styles(xml).number_format(3) == "0.000"


@pytest.mark.parametrize(
    ("fill", "expected"),
    [
        ("<fill/>", ""),
        ("<fill><patternFill/></fill>", ""),
        ('<fill><patternFill patternType="none"><fgColor rgb="FFFF0000"/></patternFill></fill>', ""),
        ('<fill><patternFill patternType="solid"><fgColor rgb="00aabbcc"/></patternFill></fill>', "AABBCC"),
        (
            '<fill><patternFill patternType="solid"><fgColor rgb="AABBCC"/><bgColor rgb="FF00FF00"/></patternFill></fill>',
            "AABBCC",
        ),
    ],
)
def test_plain_fills(fill: str, expected: str) -> None:
    assert Styles(BASE.replace(THEME.encode(), fill.encode())).fill(2) == expected


# --- appending ----------------------------------------------------------------------------------------------------------


def test_a_colour_is_a_copy_of_the_format_with_another_fill() -> None:
    styles = Styles(BASE)
    number = styles.with_fill(2, "c6efce")
    assert (number, styles.fill(number), styles.changed) == (4, "C6EFCE", True)
    root = ET.fromstring(styles.xml())
    old, new = local(root, "cellXfs")[2], local(root, "cellXfs")[4]
    assert {**old.attrib, "fillId": "4", "applyFill": "1"} == new.attrib
    assert [ET.tostring(child) for child in old] == [ET.tostring(child) for child in new]
    assert (styles.number_format(4), styles.locked(4), styles.is_date(4)) == ("yyyy\\-mm\\-dd", False, True)
    assert is_subsequence(without_counts(BASE), without_counts(styles.xml()))
    assert counts_are_true(styles.xml())


def test_what_the_cell_has_already_is_not_appended() -> None:
    styles = Styles(BASE)
    assert [styles.with_fill(xf, styles.fill(xf)) for xf in range(6)] == list(range(6))
    assert [styles.with_number_format(xf, styles.number_format(xf)) for xf in range(6)] == list(range(6))
    assert styles.xml() == BASE


def test_colours_that_come_and_go_leave_the_file_as_large_as_it_is() -> None:
    xml, xfs = BASE, [0, 1, 2, 3]
    originals = [Styles(BASE).fill(xf) for xf in xfs]
    sizes = set()
    for turn in range(60):
        styles = Styles(xml)
        fills = originals if turn % 4 == 3 else [("FF0000", "00FF00", "FFFF00")[turn % 3]] * 4
        xfs = [styles.with_fill(xf, fill) for xf, fill in zip(xfs, fills, strict=True)]
        assert [styles.fill(xf) for xf in xfs] == fills
        xml = styles.xml()
        if turn > 12:
            sizes.add(len(xml))
    assert len(sizes) == 1
    assert len(local(ET.fromstring(xml), "cellXfs")) == 16
    styles = Styles(xml)
    assert [styles.with_fill(xf, fill) for xf, fill in zip(xfs, originals, strict=True)] == [0, 1, 2, 3]


def test_a_tinted_colour_is_no_plain_one() -> None:
    tinted = '<fill><patternFill patternType="solid"><fgColor rgb="FFAABBCC" tint="0.5"/></patternFill></fill>'
    assert "tint" in Styles(BASE.replace(THEME.encode(), tinted.encode())).fill(2)


def test_what_is_there_is_used_and_nothing_that_only_looks_alike() -> None:
    other = b'<xf numFmtId="0" fontId="%d" fillId="2" borderId="0" xfId="0"%s/>'
    styles = Styles(
        BASE.replace(b"</cellXfs>", other % (1, b"") + other % (0, b' applyFill="0"') + other % (0, b"") + b"</cellXfs>")
    )
    assert styles.with_fill(0, "FFC7CE") == 6
    assert not styles.changed
    number = styles.with_fill(3, "FFC7CE")
    root = ET.fromstring(styles.xml())
    assert (number, len(local(root, "fills")), local(root, "cellXfs")[number].get("quotePrefix")) == (7, 4, "1")


def test_a_date_format_uses_a_free_number() -> None:
    styles = Styles(BASE)
    first = styles.with_number_format(0, 'yyyy-mm-dd "<&>"')
    assert styles.with_number_format(0, 'yyyy-mm-dd "<&>"') == first
    again = Styles(styles.xml())
    assert again.number_format(first) == 'yyyy-mm-dd "<&>"'
    assert again.is_date(first)
    assert again.with_number_format(0, 'yyyy-mm-dd "<&>"') == first
    assert not again.changed
    assert [node.get("numFmtId") for node in local(ET.fromstring(styles.xml()), "numFmts")] == ["164", "166"]
    assert local(ET.fromstring(styles.xml()), "cellXfs")[first].get("applyNumberFormat") == "1"


def test_known_codes_are_used() -> None:
    styles = Styles(BASE)
    new = [styles.with_number_format(0, code) for code in ("yyyy\\-mm\\-dd", "0.00%", "mm-dd-yy")]
    numbers = [local(ET.fromstring(styles.xml()), "cellXfs")[xf].get("numFmtId") for xf in new]
    assert numbers == ["164", "10", "14"]
    assert len(local(ET.fromstring(styles.xml()), "numFmts")) == 1


def test_fill_and_number_format_together() -> None:
    styles = Styles(BASE)
    one = styles.with_number_format(styles.with_fill(3, "FF0000"), "yyyy-mm-dd")
    other = styles.with_fill(styles.with_number_format(3, "yyyy-mm-dd"), "FF0000")
    assert one == other
    assert (styles.fill(one), styles.number_format(one)) == ("FF0000", "yyyy-mm-dd")


@pytest.mark.parametrize("fill", [THEME, GRADIENT, INDEXED, HATCHED])
def test_any_fill_can_be_put_back_when_the_styles_are_numbered_anew(fill: str) -> None:
    text = Styles(BASE.replace(THEME.encode(), fill.encode())).fill(2)
    assert ET.canonicalize(text) == ET.canonicalize(fill)
    fresh = Styles(BASE.replace(b'theme="4"', b'theme="5"'))
    number = fresh.with_fill(0, text)
    assert number == 4
    assert Styles(fresh.xml()).fill(number) == text
    written = local(ET.fromstring(fresh.xml().replace(f' xmlns="{MAIN}"'.encode(), b"")), "fills")[4]
    assert ET.canonicalize(ET.tostring(written)) == ET.canonicalize(fill)


@pytest.mark.parametrize(
    "text",
    [
        "red",
        "#FF0000",
        "<fill>",
        "<font/>",
        '<fill><script src="x"/></fill>',
        "</fills>",
        '<!DOCTYPE fill [<!ENTITY a "b">]><fill>&a;</fill>',
        "<fill>" + "<stop>" * 5000 + "</stop>" * 5000 + "</fill>",
        "\ud800",
    ],
)
def test_what_is_no_fill_is_refused(text: str) -> None:
    styles = Styles(BASE)
    with pytest.raises(CannotEdit):
        styles.with_fill(0, text)
    assert styles.xml() == BASE


@pytest.mark.parametrize("code", ["", "0" * 256, "\x00", "\ud800"])
def test_what_is_no_format_is_refused(code: str) -> None:
    styles = Styles(BASE)
    with pytest.raises(CannotEdit):
        styles.with_number_format(0, code)
    assert styles.xml() == BASE


# --- shapes of the part -------------------------------------------------------------------------------------------------


def prefixed(xml: bytes) -> bytes:
    text = re.sub(r"<(/?)(?![?!/])(?!a:)", r"<\1x:", xml.decode().partition("?>")[2]).replace("<x:!--", "<!--")
    return text.replace("xmlns=", "xmlns:x=").encode()


def reduced(*names: str, to: str = "") -> bytes:
    text = BASE.decode()
    for name in names:
        text = re.sub(rf"<{name}\b.*</{name}>", to.format(name=name), text, flags=re.DOTALL)
    return text.encode()


SHAPES = {
    "plain": BASE,
    "strict": BASE.replace(MAIN.encode(), STRICT.encode()),
    "prefixes": prefixed(BASE),
    "byte order mark": b"\xef\xbb\xbf" + BASE,
    "utf-16 little": BASE.decode().replace("UTF-8", "UTF-16").encode("utf-16"),
    "utf-16 big": b"\xfe\xff" + BASE.decode().replace("UTF-8", "UTF-16").encode("utf-16-be"),
    "latin-1": BASE.decode().replace("UTF-8", "ISO-8859-1").replace("yyyy\\-mm", "yyyy\\é\\-mm").encode("latin-1"),
    "no declaration": BASE.partition(b"\n")[2],
    "comments and instructions": BASE.replace(b"</fills>", b"<!-- </fills> <fill/> --></fills><?x <fills?>").replace(
        b"<cellXfs", b"<!-- <cellXfs> --><cellXfs"
    ),
    "character data": BASE.replace(b"<fonts", b"<![CDATA[ \n]]><fonts").replace(b'val="Calibri"', b'val="a>b"'),
    "wrong counts": re.sub(rb'count="\d+"', b"count='99'", BASE),
    "no counts": re.sub(rb' count="\d+"', b"", BASE),
    "spaces in tags": BASE.replace(b"</fills>", b"</fills\n>")
    .replace(b"</cellXfs>", b"</cellXfs >")
    .replace(b"</xf>", b"</xf\t>"),
    "no number formats": reduced("numFmts"),
    "no fills": reduced("fills"),
    "no fills, fonts, borders": reduced("fills", "fonts", "borders", "cellStyleXfs"),
    "no formats": reduced("cellXfs"),
    "nothing": reduced("numFmts", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs", "cellStyles", "dxfs"),
    "closed root": f'<styleSheet xmlns="{MAIN}" />'.encode(),
    "closed collections": reduced("numFmts", "fills", "cellXfs", to='<{name} count="0"/>'),
    "empty collections": reduced("numFmts", "fills", "cellXfs", to="<{name}></{name}>"),
    "indented": re.sub(rb">(?=<)", b">\r\n  ", BASE),
    "fills out of range": BASE.replace(b'fillId="0"', b'fillId="7"'),
}
ENCODINGS = {"utf-16 little": "utf-16", "utf-16 big": "utf-16", "latin-1": "latin-1"}


WITHOUT_FORMATS = {"no formats", "nothing", "closed root", "closed collections", "empty collections"}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_can_be_extended(shape: str) -> None:
    xml = SHAPES[shape]
    styles = Styles(xml)
    assert styles.xml() == xml
    xfs = range(1 if shape in WITHOUT_FORMATS else 4)
    before = [(styles.fill(xf), styles.number_format(xf), styles.locked(xf)) for xf in xfs]
    new = {}
    for xf in xfs:
        for fill in ("FF0000", "00FF00", THEME, ""):
            number = styles.with_fill(xf, fill)
            new[xf, fill] = number, styles.fill(number)
        number = styles.with_number_format(xf, "dd.mm.yyyy")
        new[xf, "date"] = number, styles.number_format(number)
    out = styles.xml()
    assert counts_are_true(out)
    encoding = ENCODINGS.get(shape, "utf-8")
    assert is_subsequence(without_counts(xml, encoding), without_counts(out, encoding))
    assert out[:3] == xml[:3]
    again = Styles(out)
    assert [(again.fill(xf), again.number_format(xf), again.locked(xf)) for xf in xfs] == before
    for (xf, fill), (number, text) in new.items():
        shown = again.number_format(number) if fill == "date" else again.fill(number)
        assert shown == text
        if fill == "date":
            assert again.with_number_format(xf, "dd.mm.yyyy") == number
        else:
            assert again.with_fill(xf, fill) == number
    assert not again.changed
    assert again.xml() == out


def test_a_package_without_styles_gets_a_part() -> None:
    styles = Styles(None)
    assert (styles.fill(0), styles.number_format(3), styles.locked(0), styles.changed) == ("", "General", True, False)
    red = styles.with_fill(0, "FF0000")
    assert (red, styles.changed) == (1, True)
    assert Styles(styles.xml()).fill(red) == "FF0000"
    # cells that name formats although there is no part must stay as plain as they were
    assert Styles(None).with_fill(5, "FF0000") == 6


def reopened(styles: bytes, cells: str) -> openpyxl.Workbook:
    """A workbook with this styles part and these cells, as openpyxl reads it."""
    fresh, out = io.BytesIO(), io.BytesIO()
    openpyxl.Workbook().save(fresh)
    parts = {
        "xl/styles.xml": styles,
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData>{cells}</sheetData></worksheet>'.encode(),
    }
    with zipfile.ZipFile(fresh) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, parts.get(name) or old.read(name))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return openpyxl.load_workbook(out)


def test_a_workbook_with_the_new_part_is_read_by_another_reader() -> None:
    styles = Styles(None)
    red, day = styles.with_fill(0, "FF0000"), styles.with_number_format(0, "yyyy-mm-dd")
    read = reopened(styles.xml(), f'<row r="1"><c r="A1" s="{red}"/><c r="A2" s="{day}"><v>45000</v></c></row>').active
    assert (read["A1"].fill.fgColor.rgb, red) == ("FFFF0000", 1)
    assert (read["A2"].number_format, day) == ("yyyy-mm-dd", 2)


@pytest.mark.parametrize(
    "xml",
    [
        BASE.replace(b"<styleSheet", b'<!DOCTYPE styleSheet [<!ENTITY a "b">]><styleSheet', 1),
        ('<?xml version="1.0"?><!DOCTYPE a SYSTEM "file:///etc/passwd">' + f'<styleSheet xmlns="{MAIN}"/>').encode("utf-16"),
        BASE[:-5],
        b"",
        b"PK",
        b'<worksheet xmlns="urn:a"/>',
        b'<?xml version="1.0" encoding="rot13"?><a/>',
        b'<?xml version="1.0" encoding="utf-7"?><a/>',
        b"\xff\xfe<\0a",
        b"<styleSheet>" * 500 + b"</styleSheet>" * 500,
    ],
)
def test_what_cannot_be_trusted_is_refused(xml: bytes) -> None:
    with pytest.raises(CannotEdit):
        Styles(xml)


@pytest.mark.parametrize(
    "xml",
    [
        BASE.replace(b"</fills>", b"</fills><fills><fill/></fills>"),
        BASE.replace(b"</cellXfs>", b'<mc:AlternateContent xmlns:mc="urn:mc"/></cellXfs>'),
        BASE.replace(b"<cellXfs", b'<mc:AlternateContent xmlns:mc="urn:mc"><mc:Choice/></mc:AlternateContent><cellXfs'),
        BASE.replace(b'fillId="0"', b'fillId="99999999"'),
    ],
)
def test_formats_that_cannot_be_counted_surely_are_read_but_not_extended(xml: bytes) -> None:
    styles = Styles(xml)
    assert styles.number_format(1) == "mm-dd-yy"
    with pytest.raises(CannotEdit):
        styles.with_fill(0, "FF0000")
    assert styles.xml() == xml


def test_excels_limit_of_formats() -> None:
    xf = b'<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    styles = Styles(BASE.replace(b"</cellXfs>", xf * (MAX_XFS - 5) + b"</cellXfs>"))
    red = styles.with_fill(0, "FF0000")
    assert red == MAX_XFS - 1
    assert styles.with_fill(0, "FF0000") == red
    with pytest.raises(CannotEdit, match="64000"):
        styles.with_fill(0, "00FF00")
    with pytest.raises(CannotEdit):
        styles.with_number_format(0, "yyyy-mm-dd")
    with pytest.raises(CannotEdit):
        Styles(BASE).with_fill(10**7, "00FF00")
    assert len(local(ET.fromstring(styles.xml()), "cellXfs")) == MAX_XFS


def test_a_fill_or_number_that_formats_name_in_vain_is_not_taken() -> None:
    styles = Styles(SHAPES["fills out of range"].replace(b'numFmtId="9"', b'numFmtId="166"'))
    styles.with_fill(1, "123456")
    day = styles.with_number_format(0, "dd/mm")
    again = Styles(styles.xml())
    assert [again.fill(xf) for xf in (0, 3)] == ["", ""]
    assert (again.number_format(3), again.number_format(day)) == ("General", "dd/mm")


@given(
    st.lists(
        st.tuples(
            st.integers(0, 3),
            st.one_of(
                st.sampled_from(["", "FF0000", "00ff00", THEME, GRADIENT, INDEXED, HATCHED]),
                st.text("0123456789ABCDEFabcdef", min_size=6, max_size=6),
            ),
            st.one_of(
                st.none(), st.sampled_from(["0%", "yyyy-mm-dd", "General"]), st.text("ymd0#\"'&<> 年", min_size=1, max_size=9)
            ),
        ),
        max_size=12,
    ),
    st.sampled_from(sorted(SHAPES.keys() - WITHOUT_FORMATS)),
)
@settings(deadline=None, max_examples=150)
def test_any_wishes(wishes: list[tuple[int, str, str | None]], shape: str) -> None:
    xml = SHAPES[shape]
    styles = Styles(xml)
    before = [(styles.fill(xf), styles.number_format(xf), styles.locked(xf)) for xf in range(4)]
    got = []
    for xf, fill, code in wishes:
        number = styles.with_fill(xf, fill)
        shown = styles.fill(number)
        assert shown == fill.upper() or shown.startswith("<fill>")
        if code is not None:
            number = styles.with_number_format(number, code)
        got.append((number, shown, styles.number_format(xf) if code is None else code))
    out = styles.xml()
    again = Styles(out)
    assert [(again.fill(xf), again.number_format(xf), again.locked(xf)) for xf in range(4)] == before
    assert [(number, again.fill(number), again.number_format(number)) for number, _, _ in got] == got
    encoding = ENCODINGS.get(shape, "utf-8")
    assert is_subsequence(without_counts(xml, encoding), without_counts(out, encoding))
    assert counts_are_true(out) or shape == "wrong counts"


# --- real workbooks -----------------------------------------------------------------------------------------------------


def styles_parts() -> list[tuple[str, str]]:
    found = []
    for path in sorted(CORPUS.glob("*.xls[xm]")) if CORPUS.is_dir() else []:
        try:
            with zipfile.ZipFile(path) as package:
                names = [name for name in package.namelist() if name.replace("\\", "/").rpartition("/")[2] == "styles.xml"]
        except zipfile.BadZipFile:
            continue
        found += [(path.name, name) for name in names]
    return found


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the collection of workbooks is not beside this checkout")
@pytest.mark.parametrize(("workbook", "part"), styles_parts())
def test_every_format_of_every_workbook_can_be_extended(workbook: str, part: str) -> None:
    with zipfile.ZipFile(CORPUS / workbook) as package:
        xml = package.read(part)
    styles = Styles(xml)
    root = ET.fromstring(xml)
    xfs = range(len(local(root, "cellXfs")) or 1)
    before = [(styles.fill(xf), styles.number_format(xf), styles.is_date(xf), styles.locked(xf)) for xf in xfs]
    wishes = ("12AB34", "FE0102", THEME)
    new = [[styles.with_fill(xf, fill) for fill in wishes] + [styles.with_number_format(xf, "dd~mm")] for xf in xfs]
    out = styles.xml()
    assert counts_are_true(out)
    assert is_subsequence(without_counts(xml), without_counts(out))

    again = Styles(out)
    assert [(again.fill(xf), again.number_format(xf), again.is_date(xf), again.locked(xf)) for xf in xfs] == before
    assert [[again.with_fill(xf, fill) for fill in wishes] + [again.with_number_format(xf, "dd~mm")] for xf in xfs] == new
    assert not again.changed
    assert again.xml() == out
    assert [
        again.fill(again.with_fill(number, old[0])) for old, numbers in zip(before, new, strict=True) for number in numbers
    ] == [old[0] for old in before for _ in range(4)]

    cells = "".join(
        f'<row r="{row}">'
        + "".join(f'<c r="{c}{row}" s="{s}"><v>1</v></c>' for c, s in zip("ABCD", numbers, strict=True))
        + "</row>"
        for row, numbers in enumerate(new, start=1)
    )
    try:
        reopened(xml, "")
    except (TypeError, ValueError):
        pytest.skip("the other reader cannot read the styles as they came")
    sheet = reopened(out, cells).active
    if root.tag == f"{{{STRICT}}}styleSheet":
        return  # the other reader leaves out every style of such a file
    for row in range(1, len(new) + 1):
        assert [sheet.cell(row, column).fill.fgColor.rgb for column in (1, 2)] == ["FF12AB34", "FFFE0102"]
        assert sheet.cell(row, 3).fill.fgColor.theme == 4
        assert sheet.cell(row, 4).number_format == "dd~mm"
