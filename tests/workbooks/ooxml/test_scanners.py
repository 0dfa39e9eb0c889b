"""The quick and the careful scanner agree: about every cell they read, and about every byte of what is written."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from build import MAIN, STYLES, sheet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sheetsync.errors import CannotEdit
from sheetsync.model import CellEdit, CellRef, Grid, column_letters
from sheetsync.workbooks._ooxml.archive import Archive
from sheetsync.workbooks._ooxml.areas import Areas
from sheetsync.workbooks._ooxml.careful import CarefulScan
from sheetsync.workbooks._ooxml.patching import Forbidden, Patcher, drop_values, spliced
from sheetsync.workbooks._ooxml.reading import Reader
from sheetsync.workbooks._ooxml.scalars import moment_of
from sheetsync.workbooks._ooxml.scan import Odd, QuickScan
from sheetsync.workbooks._ooxml.sheet import Sheet
from sheetsync.workbooks._ooxml.styles import Styles

CORPUS = Path(__file__).parents[3] / ".." / "shared" / "xlsx-corpus"
STRINGS = ("zero", "one", "two")
MANY_STRINGS = tuple(f"string {number}" for number in range(20_000))
COLUMNS = (1, 2, 3, 5, 26, 27, 30)

contents = st.sampled_from(
    [
        "", "<v>1</v>", "<v>2.50</v>", "<v></v>", "<v/>", "<f>A1+1</f><v>3</v>", "<f>A1</f>",
        '<f t="shared" ref="A1:B2" si="0">A1</f><v>1</v>',
        '<f t="shared" si="0"/><v>1</v>', '<f aca="false">A1&amp;1</f><v>1</v>',
        '<v xml:space="preserve"> 4 </v>', "<v>1</v><extLst/>",
        "\n<v>6</v>\n", "<v>-.5E+1</v>", "<v>1-2</v>", "<v>1E999</v>", "<v>1_0</v>",
        "<v>inf</v>", "<v>nan</v>", "<v>\u0663</v>", "<v>&#49;</v>",
    ]
)  # fmt: skip
texts = st.sampled_from(
    ["<is><t>a</t></is>", '<is><t xml:space="preserve"> b&amp;&#10;</t></is>', "<is><r><t>r</t></r></is>", "<is/>"]
)


@st.composite
def cells(draw: st.DrawFn, row: int, column: int) -> str:
    kind = draw(st.sampled_from(["", "", "", "n", "b", "s", "str", "inlineStr"]))
    style = draw(st.sampled_from(["", "", ' s="1"', ' s="3"', ' s="0"', ' s="001"']))
    said = f' t="{kind}"' if kind else ""
    attributes = draw(st.sampled_from([style + said, style + said, said + style, style + said + ' ph="1"']))
    content = draw(texts if kind == "inlineStr" else st.just("<v>1</v>") if kind == "s" else contents)
    name = f'<c r="{column_letters(column)}{row}"{attributes}'
    return f"{name}/>" if not content and draw(st.booleans()) else f"{name}>{content}</c>"


@st.composite
def worksheets(draw: st.DrawFn) -> str:
    rows = ""
    for number in sorted(draw(st.sets(st.integers(1, 12), max_size=6))):
        own = draw(st.sampled_from(["", ' spans="1:5"', ' s="3" customFormat="1"', ' s="3"', ' ht="20" hidden="1"']))
        inside = "".join(draw(cells(number, column)) for column in sorted(draw(st.sets(st.sampled_from(COLUMNS)))))
        rows += f'<row r="{number}"{own}>{inside}</row>' if inside or draw(st.booleans()) else f'<row r="{number}"{own}/>'
    before = draw(st.sampled_from(["", '<dimension ref="A1:C3"/>', '<cols><col min="2" max="3" style="3"/></cols>']))
    behind = '<conditionalFormatting sqref="B2:C9"/>' if draw(st.booleans()) else ""
    xml = sheet(rows, before=before, behind=behind)
    return xml if rows or draw(st.booleans()) else xml.replace("<sheetData></sheetData>", "<sheetData/>")


values = st.one_of(
    st.none(),
    st.integers(-5, 5).map(Decimal),
    st.sampled_from(["0.1", "-1E-5", "0.0001", "2.50", "9007199254740991", "1E+3", "-0", "1E+15"]).map(Decimal),
    st.sampled_from(["", "a", "one", " b&\n", "_x000D_"]),
    st.booleans(),
    st.just(datetime(2024, 1, 1)),  # cells hold no time zone
)
wishes = st.dictionaries(
    st.tuples(st.integers(1, 14), st.sampled_from([*COLUMNS, 4, 28])),
    st.tuples(values, st.sampled_from([None, None, "", "FFFF00", "00FF00"])),
    max_size=8,
)


def scanned(xml: str | bytes, scanner: type[QuickScan] | type[CarefulScan]) -> Sheet:
    made = Sheet(xml.encode() if isinstance(xml, str) else xml, "sheet.xml")
    made._scan = QuickScan(made.body) if scanner is QuickScan else CarefulScan(made.body, "sheet.xml")
    return made


def written(made: Sheet, wished: dict[tuple[int, int], tuple[object, str | None]], stale: set[tuple[int, int]]) -> bytes | str:
    """The new text with the new styles, or the refusal."""
    styles = Styles(STYLES.encode())
    edits = {at: CellEdit(CellRef("S", *at), value, fill) for at, (value, fill) in wished.items()}  # type: ignore[arg-type]
    try:
        patch = Patcher("S", made, styles, lambda: STRINGS, Forbidden(Areas(()), Areas(())), since_1904=False).patch(edits)
        drop_values(made, stale, patch)
    except CannotEdit as refusal:
        return str(refusal)
    return spliced(made.body, patch.splices()) + styles.xml()


def read(made: Sheet, columns: tuple[int, ...] | None = None) -> Grid:
    return Reader(Styles(STYLES.encode()), STRINGS, False, 10, 28, columns).grid("S", made, {})


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(worksheets(), wishes, st.sets(st.tuples(st.integers(1, 12), st.sampled_from(COLUMNS)), max_size=4))
def test_both_write_the_same_bytes(
    xml: str, wished: dict[tuple[int, int], tuple[object, str | None]], stale: set[tuple[int, int]]
) -> None:
    quick, careful = scanned(xml, QuickScan), scanned(xml, CarefulScan)
    stale -= {at for at, (value, _) in wished.items() if value is not None}
    assert written(quick, wished, stale) == written(careful, wished, stale)
    assert isinstance(quick._scan, QuickScan)


@pytest.mark.parametrize("fill", [None, "", "FFFF00", "00FF00"])
@pytest.mark.parametrize("figure", ["1", "2.5", "-0.1", "0", "-0", "1E-5", "1E+3", "9007199254740992", "0.30000000000000004"])
def test_both_put_figures_in_the_same_way(figure: str, fill: str | None) -> None:
    """Every spelling of a plain cell with every style, one in each row."""
    held = ["", *(f"<v>{n}</v>" for n in ("1", "1.0", "2.50", "-.1", "0", "1e-5", "1000", "1-2", "1E999", "9007199254740993"))]
    plain = [(style, inside) for style in ("", ' s="0"', ' s="1"', ' s="001"', ' s="3"', ' s="9"') for inside in held]
    rows = [f'<c r="B{at}"{style}' + (f">{inside}</c>" if inside else "/>") for at, (style, inside) in enumerate(plain, 1)]
    xml = sheet("".join(f'<row r="{at}">{cell}</row>' for at, cell in enumerate(rows, 1)))
    wished: dict[tuple[int, int], tuple[object, str | None]] = {
        (at, 2): (Decimal(figure), fill) for at in range(1, len(rows) + 1)
    }
    quick, careful = scanned(xml, QuickScan), scanned(xml, CarefulScan)
    assert written(quick, wished, set()) == written(careful, wished, set())
    assert isinstance(quick._scan, QuickScan)


@pytest.mark.parametrize("style", ["", ' s="1"', ' s="3"'])
def test_both_read_odd_numbers_in_the_same_way(style: str) -> None:
    odd = [
        "1_0",
        "inf",
        "-Infinity",
        "nan",
        "\u0663",
        "&#49;",
        " 1 ",
        "1E999",
        "1-2",
        "1e5",
        ".5",
        "-.5E+1",
        "0x10",
        "1,5",
        "",
        " ",
    ]
    row = "".join(f'<c r="{column_letters(at)}1"{style}><v>{text}</v></c>' for at, text in enumerate(odd, 1))
    quick, careful = (scanned(sheet(f'<row r="1">{row}</row>'), scanner) for scanner in (QuickScan, CarefulScan))
    assert read(quick) == read(careful)
    assert isinstance(quick._scan, QuickScan)


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(worksheets(), st.none() | st.just((2, 5, 27)))
def test_both_read_the_same_cells(xml: str, columns: tuple[int, ...] | None) -> None:
    quick, careful = scanned(xml, QuickScan), scanned(xml, CarefulScan)
    assert read(quick, columns) == read(careful, columns)
    assert list(quick._scan.formulas()) == list(careful._scan.formulas())
    assert isinstance(quick._scan, QuickScan)


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(worksheets(), wishes)
def test_an_edit_says_what_it_should_and_nothing_else_moves(
    xml: str, wished: dict[tuple[int, int], tuple[object, str | None]]
) -> None:
    before = read(scanned(xml, QuickScan))
    styles = Styles(STYLES.encode())
    edits = {at: CellEdit(CellRef("S", *at), value, fill) for at, (value, fill) in wished.items()}  # type: ignore[arg-type]
    made = scanned(xml, QuickScan)
    try:
        patch = Patcher("S", made, styles, lambda: STRINGS, Forbidden(Areas(()), Areas(())), since_1904=False).patch(edits)
    except CannotEdit:
        assert any(before.cell(*at).formula or "<f" in xml for at in edits)
        return
    new = Sheet(spliced(made.body, patch.splices()), "sheet.xml")
    after = Reader(Styles(styles.xml()), STRINGS, False, 10, 28, None).grid("S", new, {})
    for at, one in edits.items():
        if at[0] > 10 or at[1] > 28:
            continue
        got = after.cell(*at)
        if one.value is not None:
            wanted = float(one.value) if isinstance(one.value, Decimal) else one.value
            # a number in a cell that shows dates is the moment with this serial number
            shown = wanted
            if isinstance(wanted, float) and isinstance(got.value, datetime):
                shown = moment_of(wanted, since_1904=False) or wanted
            assert (got.value == shown) or (got.value is None and wanted == "")
        # in a row that holds nothing, and right of all that is there, the style of a column is not shown
        filled = any(cell.value is not None for (row, _), cell in after.cells.items() if row == at[0])
        if one.fill is not None and filled and at[1] <= max(column for _, column in after.cells):
            assert got.fill == one.fill
    for at in before.cells:
        if at not in edits:
            assert after.cell(*at) == before.cell(*at)


@pytest.mark.parametrize(
    "odd",
    [
        "<!-- a comment -->", "<row r='1'/>", '<row r="01"/>', "<row/>", '<row r="2"/><row r="1"/>', '<row r="1"/><row r="1"/>',
        '<row r="1"><c/></row>', '<row r="1"><c s="1" r="A1"/></row>',
        '<row r="1"><c r="a1"/></row>', '<row r="1"><c r="1"/></row>',
        '<row r="1"><c r="A1"><v><![CDATA[1]]></v></c></row>', '<row r="1"><?pi?></row>', '<row r="9999999"/>',
        f'<x:row xmlns:x="{MAIN}" r="1"/>', '<row r="1"><c r="A01"/></row>', '<row r="1"><c r="ABCD1"/></row>',
        '<row r="1"><c r="A2"><v>1</v></c></row>',
    ],
)  # fmt: skip
def test_the_quick_scanner_gives_up_on_odd_spellings(odd: str) -> None:
    careful = read(scanned(sheet(odd), CarefulScan))
    try:
        made = scanned(sheet(odd), QuickScan)
    except Odd:
        return
    assert read(made) == careful
    assert isinstance(made._scan, CarefulScan)


@pytest.mark.parametrize(
    "change", [("<worksheet xmlns=", '<worksheet xmlns="urn:x" xmlns:y='), ("<sheetData>", "<x>"), ("worksheet ", "work ")]
)
def test_the_quick_scanner_gives_up_on_odd_roots(change: tuple[str, str]) -> None:
    with pytest.raises(Odd):
        QuickScan(sheet("").replace(*change).encode())


def worksheets_of_the_corpus() -> list[tuple[str, bytes]]:
    found = []
    for path in sorted(CORPUS.glob("*.xls?")):
        try:
            archive = Archive.open(path.read_bytes())
            found += [
                (f"{path.name}:{name}", archive.read(name))
                for name in archive.names
                if re.search(r"sheets/[^/]*\.xml$", name) or name.endswith("/sheet1.xml")
            ]
        except CannotEdit:
            continue
    return found


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the workbooks of other makers are not here")
def test_both_agree_on_real_worksheets() -> None:
    compared = 0
    for name, data in worksheets_of_the_corpus():
        try:
            body = Sheet(data, name).body
            quick, careful = QuickScan(body), CarefulScan(body, name)
            mine, theirs = scanned(body, QuickScan), scanned(body, CarefulScan)
            reader = Reader(Styles(STYLES.encode()), MANY_STRINGS, False, 10_000, 1_000, None)
            cells = reader.grid("S", mine, {})
        except (Odd, CannotEdit):
            continue
        if not isinstance(mine._scan, QuickScan):
            continue
        assert quick.data == careful.data, name
        assert list(quick.rows()) == list(careful.rows()), name
        assert cells == reader.grid("S", theirs, {}), name
        assert quick.beyond(3) == careful.beyond(3), name
        for row in quick.rows():
            places = quick.cells(row)
            assert places == careful.cells(row), name
            for place in places:
                assert quick.held(row.number, place.column) == careful.held(row.number, place.column), name
        compared += 1
    assert compared > 100
