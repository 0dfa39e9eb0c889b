"""What stands in a worksheet is read as Excel shows it, however the file spells it."""
# cells hold no time zone

from __future__ import annotations

import io
from dataclasses import fields
from datetime import datetime

import openpyxl
import pytest
import xlsxwriter
from build import DECLARED, MAIN, PACKAGE, RELATIONS, STRICT, STYLES, book, packed, parts, relations, sheet

from sheetsync.errors import CannotEdit
from sheetsync.model import EMPTY, Cell, CellError, Grid
from sheetsync.workbooks._ooxml.package import Package


def grid(data: bytes, **limits: object) -> Grid:
    return Package.open(data).grids(**limits)[0]  # type: ignore[arg-type]


def values(data: bytes) -> dict[tuple[int, int], object]:
    return {at: cell.value for at, cell in grid(data).cells.items()}


CELLS = [
    ('<c r="A1"><v>12.5</v></c>', 12.5),
    ('<c r="A1" t="n"><v>1E3</v></c>', 1000.0),
    ('<c r="A1"><v> 7 </v></c>', 7.0),
    ('<c r="A1" t="b"><v>1</v></c>', True),
    ('<c r="A1" t="b"><v>0</v></c>', False),
    ('<c r="A1" t="e"><v>#DIV/0!</v></c>', CellError("#DIV/0!")),
    ('<c r="A1" t="s"><v>0</v></c>', "a & b"),
    ('<c r="A1" t="s"><v>1</v></c>', "bold plain"),
    ('<c r="A1" t="s"><v>2</v></c>', "\u6771\u4eac"),
    ('<c r="A1" t="s"><v>3</v></c>', "_x000D_ \r \U0001f600"),
    ('<c r="A1" t="s"><v>4</v></c>', ""),
    ('<c r="A1" t="str"><f>A2&amp;"x"</f><v>4&amp;x</v></c>', "4&x"),
    ('<c r="A1" t="inlineStr"><is><t>a_x0041_b</t></is></c>', "aAb"),
    ('<c r="A1" t="inlineStr"><is><t xml:space="preserve"> a\r\nb&#13;&#xe9;</t></is></c>', " a\nb\r\u00e9"),
    (
        '<c r="A1" t="inlineStr"><is><r><t>x</t></r><r><rPr><b/></rPr><t>y</t></r><rPh sb="0" eb="1"><t>no</t></rPh></is></c>',
        "xy",
    ),
    ('<c r="A1" t="inlineStr"><is><t><![CDATA[<a> & b]]></t></is></c>', "<a> & b"),
    ('<c r="A1"><!-- a comment with <c r="A9"> --><v>3</v></c>', 3.0),
    ('<c r="A1"><?pi <c r="A9">?><v>3</v></c>', 3.0),
    ("<c r='A1'\n t='n' ><v\n>3</v ></c >", 3.0),
    ('<c r="a1"><v>3</v></c>', 3.0),
    ("<c><v>3</v></c>", 3.0),
    ('<c r="A1" s=""><v>3</v></c>', 3.0),
    ('<c r="A1" s="99"><v>3</v></c>', 3.0),
    ('<c t="n" r="A1"><v>3</v></c>', 3.0),
    ('<c r="A1" cm="1" vm="2" ph="1"><v>3</v></c>', 3.0),
    ('<c r="A1" x="a>b"><v>3</v></c>', 3.0),
    ('<c r="A1" s="1"><v>45292.5</v></c>', datetime(2024, 1, 1, 12)),
    ('<c r="A1" s="1"><v>59</v></c>', datetime(1900, 2, 28)),
    ('<c r="A1" s="1"><v>61</v></c>', datetime(1900, 3, 1)),
    ('<c r="A1" s="1"><v>60</v></c>', 60.0),
    ('<c r="A1" s="1"><v>0.5</v></c>', 0.5),
    ('<c r="A1" s="1"><v>-3</v></c>', -3.0),
    ('<c r="A1" s="1"><v>2958465.9999999</v></c>', datetime(9999, 12, 31, 23, 59, 59, 991000)),
    ('<c r="A1" s="1"><v>9999999</v></c>', 9999999.0),
    ('<c r="A1" t="d"><v>2024-01-02T03:04:05</v></c>', datetime(2024, 1, 2, 3, 4, 5)),
    ('<c r="A1" t="d"><v>2024-01-02Z</v></c>', "2024-01-02Z"),
    ('<c r="A1"><f>NOW()</f></c>', None),
]
STRINGS = (
    "<t>a &amp; b</t>",
    "<r><rPr><b/></rPr><t>bold</t></r><r><t xml:space='preserve'> plain</t></r>",
    "<t>\u6771\u4eac</t><rPh sb='0' eb='2'><t>\u30c8\u30a6</t></rPh><phoneticPr fontId='1'/>",
    "<t>_x005F_x000D_ _x000d_ _xD83D__xDE00_</t>",
    "",
)


@pytest.mark.parametrize(("cell", "value"), CELLS)
def test_every_kind_of_value(cell: str, value: object) -> None:
    data = packed(parts(sheet(f'<row r="1">{cell}</row>'), strings=STRINGS))
    got = grid(data).cell(1, 1)
    assert got.value == value
    assert type(got.value) is type(value)
    assert got.formula == ("<f>" in cell)


def test_plain_strings_are_read_the_quick_way_alike() -> None:
    items = ["<t>a</t>", '<t xml:space="preserve"> b&lt;\r\n</t>', "<t></t>"]
    data = packed(
        parts(sheet("".join(f'<row r="{n}"><c r="A{n}" t="s"><v>{n - 1}</v></c></row>' for n in (1, 2, 3))), strings=items)
    )
    assert values(data) == {(1, 1): "a", (2, 1): " b<\n", (3, 1): ""}


def test_a_string_that_is_not_there_is_damage() -> None:
    with pytest.raises(CannotEdit, match="damaged"):
        values(book('<row r="1"><c r="A1" t="s"><v>7</v></c></row>'))


def test_the_epoch_of_1904() -> None:
    data = book('<row r="1"><c r="A1" s="1"><v>0</v></c></row>', properties='<workbookPr date1904="1"/>')
    assert values(data) == {(1, 1): datetime(1904, 1, 1)}


def test_places_that_are_not_said_follow_the_one_before() -> None:
    data = book(
        '<row><c><v>1</v></c><c r="C1"><v>3</v></c><c><v>4</v></c></row>'
        '<row r="5"><c><v>5</v></c></row><row><c><v>6</v></c></row>'
    )
    assert values(data) == {(1, 1): 1.0, (1, 3): 3.0, (1, 4): 4.0, (5, 1): 5.0, (6, 1): 6.0}


def test_rows_out_of_order_keep_their_numbers() -> None:
    assert values(book('<row r="3"><c r="A3"><v>3</v></c></row><row r="1"><c r="A1"><v>1</v></c></row>')) == {
        (3, 1): 3.0,
        (1, 1): 1.0,
    }


@pytest.mark.parametrize("empty", ["<sheetData/>", "<sheetData></sheetData>", "<sheetData ><row r='1'/></sheetData>"])
def test_empty_worksheets(empty: str) -> None:
    xml = sheet("").replace("<sheetData></sheetData>", empty)
    assert grid(packed(parts(xml))) == Grid("Sheet1", {})


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "iso-8859-1"])
def test_encodings(encoding: str) -> None:
    xml = sheet('<row r="1"><c r="A1" t="inlineStr"><is><t>\u00e9</t></is></c></row>')
    declared = {"utf-8-sig": "UTF-8", "utf-16-be": "UTF-16"}.get(encoding, encoding.upper())
    data = packed(parts(xml.replace("UTF-8", declared).encode(encoding)))
    assert values(data) == {(1, 1): "\u00e9"}


def test_prefixes_and_the_strict_namespace() -> None:
    xml = sheet('<row r="1"><c r="A1"><v>1</v></c></row>')
    prefixed = xml.replace("<worksheet xmlns=", "<worksheet xmlns:x=")
    for name in ("worksheet", "sheetData", "row", "c ", "v>"):
        prefixed = prefixed.replace(f"<{name}", f"<x:{name}").replace(f"</{name}", f"</x:{name}")
    prefixed = prefixed.replace("</c>", "</x:c>")
    assert values(packed(parts(prefixed))) == {(1, 1): 1.0}
    assert values(packed(parts(xml.replace(MAIN, STRICT), namespace=STRICT))) == {(1, 1): 1.0}


@pytest.mark.parametrize(
    "part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml", "_rels/.rels"]
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_document_types_are_refused_in_every_part_that_is_read(part: str, encoding: str) -> None:
    made = parts(sheet('<row r="1"><c r="A1" t="s"><v>0</v></c></row>'), strings=["<t>x</t>"])
    bomb = '<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;"><!ENTITY x SYSTEM "file:///etc/passwd">]>'
    text = str(made[part]).replace(DECLARED, DECLARED.replace("UTF-8", encoding.upper()) + bomb)
    with pytest.raises(CannotEdit):
        Package.open(packed(made | {part: text.encode(encoding)})).grids()


@pytest.mark.parametrize("damage", ["<row r='1'><c r='A1'>", "<row r='1'></c></row>", "<row>&b;</row>"])
def test_damaged_rows_are_refused(damage: str) -> None:
    with pytest.raises(CannotEdit, match="damaged"):
        grid(book(damage))


def test_links() -> None:
    relation = (
        f'<Relationship Id="rId1" Type="{RELATIONS}/hyperlink" Target="https://a.example/?a=1&amp;b=2" TargetMode="External"/>'
    )
    data = book(
        '<row r="1"><c r="A1"><v>1</v></c><c r="B1"><v>2</v></c><c r="C1" t="str"><f>HYPERLINK("https://f.example/","go")</f>'
        '<v>go</v></c><c r="D1"><f t="shared" ref="D1:D2" si="0">HYPERLINK("https://s.example/")</f></c></row>'
        '<row r="2"><c r="A2"><v>1</v></c><c r="D2"><f t="shared" si="0"/></c></row>',
        behind='<hyperlinks><hyperlink ref="A1:A2" r:id="rId1" location="part 2"/><hyperlink ref="B1" location="Sheet1!A1"/>'
        '<hyperlink ref="A3" r:id="rId1"/><hyperlink ref="B1:B9999" r:id="rId1"/></hyperlinks>',
        links=relation,
    )
    got = {at: cell.targets for at, cell in grid(data).cells.items() if cell.targets}
    address = "https://a.example/?a=1&b=2"
    assert got == {
        (1, 1): (address + "#part 2",),
        (2, 1): (address + "#part 2",),
        (3, 1): (address,),
        (1, 2): ("#Sheet1!A1", address),
        (1, 3): ("https://f.example/",),
        (1, 4): ("https://s.example/",),
        (2, 4): ("https://s.example/",),
    }


def test_formulas_arrays_and_what_if_tables_are_formulas() -> None:
    data = book(
        '<row r="1"><c r="A1"><f t="array" ref="A1:A2">B1:B2</f><v>1</v></c><c r="B1"><f>1</f><v>1</v></c><c r="C1"><v>1</v></c>'
        '<c r="D1"><f t="dataTable" ref="D1:D2" dt2D="0" dtr="0" r1="B1"/><v>1</v></c></row>'
        '<row r="2"><c r="A2"><v>1</v></c><c r="B2"><f></f></c><c r="C2"/><c r="D2"><v>1</v></c></row>'
    )
    assert {at for at, cell in grid(data).cells.items() if cell.formula} == {(1, 1), (2, 1), (1, 2), (2, 2), (1, 4), (2, 4)}
    # also where only the column of an inner cell is asked for
    assert grid(data, columns=[4]).cell(2, 4).formula
    assert set(grid(data, columns=[4]).cells) == {(1, 4), (2, 4)}


def test_looks() -> None:
    data = book(
        '<row r="1"><c r="A1" s="2"><v>0.5</v></c><c r="B1" s="3"/><c r="C1"/></row>'
        '<row r="2" s="3" customFormat="1"><c r="A2"><v>1</v></c></row><row r="3" s="3"><c r="A3"><v>1</v></c></row>',
        before='<cols><col min="4" max="5" style="2"/></cols>',
    )
    got = grid(data)
    assert got.cell(1, 1) == Cell(0.5, number_format="0.0%")
    assert got.cell(1, 2) == got.cell(2, 2) == Cell(fill="FFFF00")
    assert got.cell(1, 3) == got.cell(3, 2) == EMPTY
    assert got.cell(3, 1).fill == ""


def test_a_column_style_shows_through_where_no_cell_is() -> None:
    data = book(
        '<row r="1"><c r="A1"><v>1</v></c><c r="B1"/><c r="D1"><v>1</v></c></row>',
        before='<cols><col min="2" max="3" style="3"/></cols>',
    )
    assert grid(data).cell(1, 2) == EMPTY
    assert grid(data).cell(1, 3) == Cell(fill="FFFF00")


def test_conditional_formats_classic_and_new() -> None:
    new = (
        '<extLst><ext uri="{78C0D931-6437-407d-A8EE-F0AAD7539E65}" '
        'xmlns:x14="http://schemas.microsoft.com/office/spreadsheetml/2009/9/main"><x14:conditionalFormattings>'
        '<x14:conditionalFormatting xmlns:xm="http://schemas.microsoft.com/office/excel/2006/main"><xm:sqref>C1:C2</xm:sqref>'
        "</x14:conditionalFormatting></x14:conditionalFormattings></ext></extLst>"
    )
    data = book(
        '<row r="1"><c r="A1"><v>1</v></c><c r="B1"/><c r="C1"><v>1</v></c></row>'
        '<row r="2"><c r="A2"><v>1</v></c></row><row r="3"/>',
        behind='<conditionalFormatting sqref="B1:B1048576 A2">'
        '<cfRule type="expression" priority="1"><formula>1</formula></cfRule>'
        f"</conditionalFormatting>{new}",
    )
    covered = {at for at, cell in grid(data).cells.items() if cell.conditional}
    assert covered == {(1, 2), (2, 2), (2, 1), (1, 3), (2, 3)}


def test_locked_only_while_the_worksheet_is_protected() -> None:
    rows = '<row r="1"><c r="A1"><v>1</v></c><c r="B1" s="4"><v>1</v></c><c r="D1"><v>1</v></c></row>'
    on = grid(book(rows, behind='<sheetProtection sheet="1" objects="1"/>'))
    assert [on.cell(1, column).locked for column in (1, 2, 3, 4)] == [True, False, True, True]
    off = grid(book(rows, behind='<sheetProtection objects="1"/>'))
    assert not any(cell.locked for cell in off.cells.values())


def test_merged_and_hidden() -> None:
    data = book(
        '<row r="1" hidden="1"><c r="A1"><v>1</v></c></row>',
        behind='<mergeCells count="1"><mergeCell ref="A1:B2"/></mergeCells>',
    )
    assert grid(data).merges == ((1, 1, 2, 2),)
    assert grid(data).cell(1, 1).value == 1.0


def test_limits() -> None:
    data = book(
        '<row r="1"><c r="A1"><v>1</v></c><c r="C1"><v>3</v></c></row>'
        '<row r="2"><c r="A2"><v>2</v></c></row><row r="9" ht="20"><c r="A9" s="3"/></row>'
    )
    assert not grid(data, max_rows=2).cut
    assert grid(data, max_rows=1).cut
    assert set(grid(data, max_rows=1).cells) == {(1, 1), (1, 3)}
    assert grid(data, max_columns=2).cut
    assert set(grid(data, max_columns=2, max_rows=1).cells) == {(1, 1)}
    assert not grid(data, columns=[1]).cut
    assert set(grid(data, columns=[1]).cells) == {(1, 1), (2, 1), (9, 1)}
    assert grid(data, columns=[]).cells == {}


def test_tabs_come_in_their_order_and_only_worksheets_do() -> None:
    made = parts(*(sheet(f'<row r="1"><c r="A1"><v>{n}</v></c></row>') for n in (1, 2, 3)), titles=("b & c", "a", "d"))
    book_xml = str(made["xl/workbook.xml"]).replace('name="a"', 'name="a" state="veryHidden"')
    made["xl/workbook.xml"] = book_xml
    made["xl/_rels/workbook.xml.rels"] = (
        f'{DECLARED}<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{RELATIONS}/worksheet" Target="/xl/worksheets/sheet3.xml"/>'
        f'<Relationship Id="rId2" Type="{RELATIONS}/worksheet" Target="worksheets\\SHEET%31.xml"/>'
        f'<Relationship Id="rId3" Type="{RELATIONS}/chartsheet" Target="worksheets/sheet2.xml"/></Relationships>'
    )
    grids = Package.open(packed(made)).grids()
    assert [(grid.sheet, grid.cell(1, 1).value) for grid in grids] == [("b & c", 3.0), ("a", 1.0)]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"xl/workbook.xml": f'{DECLARED}<workbook xmlns="http://schemas.microsoft.com/office/excel/2006/2"/>'}, "test version"),
        ({"xl/workbook.xml": f'{DECLARED}<document xmlns="{MAIN}"/>'}, "not an Excel workbook"),
        ({"_rels/.rels": relations(("officeDocument", "xl/workbook.bin")), "xl/workbook.bin": b""}, "binary"),
        ({"_rels/.rels": relations(), "[Content_Types].xml": "<Types/>", "mimetype": b"x"}, "OpenDocument"),
        ({"_rels/.rels": relations(), "[Content_Types].xml": "<Types/>"}, "not an Excel workbook"),
        ({"xl/_rels/workbook.xml.rels": relations()}, "damaged"),
    ],
)
def test_what_is_no_workbook_is_refused(change: dict[str, str | bytes], sentence: str) -> None:
    with pytest.raises(CannotEdit, match=sentence):
        Package.open(packed(parts(sheet("")) | change))


def test_a_workbook_is_found_by_its_content_type_too() -> None:
    assert Package.open(packed(parts(sheet("")) | {"_rels/.rels": relations()})).grids() == [Grid("Sheet1", {})]


def test_no_styles_part() -> None:
    assert values(packed(parts(sheet('<row r="1"><c r="A1" s="1"><v>3</v></c></row>'), styles=None))) == {(1, 1): 3.0}


def test_books_of_other_makers_are_read_as_openpyxl_reads_them() -> None:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as workbook:
        page = workbook.add_worksheet("Plan \u2116 1")
        day = workbook.add_format({"num_format": "yyyy-mm-dd"})
        for row in range(40):
            page.write_row(row, 0, [f"text {row} & <b>", row * 1.25, row % 2 == 0, None, f" \u00e9\n{row}"])
            page.write_datetime(row, 6, datetime(2024, 1, 1 + row % 28, row % 24), day)
            page.write_formula(row, 7, f"=B{row + 1}*2", None, row * 2.5)
    data = target.getvalue()
    theirs = openpyxl.load_workbook(io.BytesIO(data), data_only=True).worksheets[0]
    mine = grid(data)
    assert mine.sheet == theirs.title
    for line in theirs.iter_rows():
        for cell in line:
            assert mine.cell(cell.row, cell.column).value == cell.value


def test_cells_are_what_their_constructor_makes() -> None:
    """Reading fills the cells without it, so none of their fields may be forgotten."""
    data = book('<row r="1"><c r="A1" s="3"><v>1</v></c></row>', behind='<conditionalFormatting sqref="A1"/>')
    cell = grid(data).cell(1, 1)
    assert cell == Cell(1.0, False, (), "General", "FFFF00", True, False)
    assert hash(cell) == hash(Cell(1.0, fill="FFFF00", conditional=True))
    assert {field.name for field in fields(cell)} == {
        "value", "formula", "targets", "number_format", "fill", "conditional", "locked",
    }  # fmt: skip


def test_the_same_styles_part_is_not_needed_twice() -> None:
    package = Package.open(book('<row r="1"><c r="A1" s="3"/></row>', styles=STYLES))
    assert package.grids() == package.grids()
