"""Edits change the named cells and nothing else; what cannot be done safely is refused, naming the cell."""
# cells hold no time zone

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from decimal import Decimal

import openpyxl
import pytest
from build import DECLARED, MAIN, PACKAGE, RELATIONS, STRICT, book, packed, part, parts, relations, rows_of, sheet
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from sheetsync.errors import CannotEdit
from sheetsync.model import CellEdit, CellRef
from sheetsync.workbooks._ooxml.areas import column_number
from sheetsync.workbooks._ooxml.package import Package

Value = Decimal | str | bool | datetime | None
ONE = '<row r="1"><c r="A1"><v>1</v></c></row>'


def edit(address: str, value: Value = None, fill: str | None = None, title: str = "Sheet1") -> CellEdit:
    letters = address.rstrip("0123456789")
    return CellEdit(CellRef(title, int(address[len(letters) :]), column_number(letters)), value, fill)


def patched(data: bytes, *edits: CellEdit) -> bytes:
    return Package.open(data).patched(edits)


def refusal(data: bytes, *edits: CellEdit) -> str:
    with pytest.raises(CannotEdit) as caught:
        patched(data, *edits)
    return str(caught.value)


def rows(given: str, *edits: CellEdit, **options: str) -> str:
    return rows_of(patched(book(given, **options), *edits))


# --- values -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (Decimal("12.50"), '<c r="A1"><v>12.5</v></c>'),
        (Decimal("0.1"), '<c r="A1"><v>0.1</v></c>'),
        (Decimal(2**53), '<c r="A1"><v>9007199254740992</v></c>'),
        (Decimal("-1E+3"), '<c r="A1"><v>-1000</v></c>'),
        (Decimal("1E-7"), '<c r="A1"><v>1E-07</v></c>'),
        (Decimal("-0"), '<c r="A1"><v>0</v></c>'),
        (Decimal("0.123456789012345678901234567890"), '<c r="A1"><v>0.12345678901234568</v></c>'),
        (True, '<c r="A1" t="b"><v>1</v></c>'),
        (False, '<c r="A1" t="b"><v>0</v></c>'),
        ("", '<c r="A1"/>'),
        ("0012", '<c r="A1" t="inlineStr"><is><t>0012</t></is></c>'),
        ("=1+1", '<c r="A1" t="inlineStr"><is><t>=1+1</t></is></c>'),
        ("a<b>&\u00e9", '<c r="A1" t="inlineStr"><is><t>a&lt;b&gt;&amp;\u00e9</t></is></c>'),
        (" a", '<c r="A1" t="inlineStr"><is><t xml:space="preserve"> a</t></is></c>'),
        ("a\nb", '<c r="A1" t="inlineStr"><is><t xml:space="preserve">a\nb</t></is></c>'),
        ("_x000D_", '<c r="A1" t="inlineStr"><is><t>_x005F_x000D_</t></is></c>'),
        ("a\r\0\x1f\uffff", '<c r="A1" t="inlineStr"><is><t>a_x000D__x0000__x001F__xFFFF_</t></is></c>'),
        (datetime(2024, 1, 1, 12), '<c r="A1" s="5"><v>45292.5</v></c>'),
        (datetime(1900, 3, 1), '<c r="A1" s="5"><v>61</v></c>'),
        (datetime(1900, 2, 28), '<c r="A1" s="5"><v>59</v></c>'),
    ],
)
def test_every_kind_of_value(value: Value, cell: str) -> None:
    data = patched(book('<row r="1"><c r="A1"><v>7</v></c></row>'), edit("A1", value))
    assert rows_of(data) == f'<row r="1">{cell}</row>'
    got = Package.open(data).grids()[0].cell(1, 1)
    assert got.value == (None if value == "" else float(value) if isinstance(value, Decimal) else value)
    if isinstance(value, datetime):
        assert got.number_format == "yyyy-mm-dd hh:mm"


@pytest.mark.parametrize(
    "value",
    [
        Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("-Infinity"), Decimal(2**53 + 1), Decimal("1E+400"),
        Decimal("1E-400"), Decimal("1E-308"), "a" * 32_768, "\U0001f600" * 16_384, "\ud800", datetime(1899, 12, 30),
    ],
)  # fmt: skip
def test_what_no_cell_holds_is_refused(value: Value) -> None:
    assert "Sheet1!A1" in refusal(book(ONE), edit("A1", value))


def test_the_longest_text() -> None:
    assert "a" * 32_767 in rows(ONE, edit("A1", "a" * 32_767))


def test_the_epoch_of_1904() -> None:
    data = patched(book(ONE, properties='<workbookPr date1904="true"/>'), edit("A1", datetime(1904, 1, 2)))
    assert "<v>1</v>" in rows_of(data)
    assert "lies before" in refusal(book(ONE, properties='<workbookPr date1904="1"/>'), edit("A1", datetime(1903, 12, 31)))


def test_a_date_keeps_the_date_format_of_its_cell() -> None:
    assert rows('<row r="1"><c r="A1" s="1"><v>1</v></c></row>', edit("A1", datetime(2024, 1, 1))) == (
        '<row r="1"><c r="A1" s="1"><v>45292</v></c></row>'
    )


@given(st.text(st.characters(exclude_categories=["Cs"])) | st.from_regex(r"(_x[0-9A-F]{4}_|_|x|[ \r\n\t])*", fullmatch=True))
def test_any_text_comes_back(text: str) -> None:
    data = patched(book(ONE), edit("A1", text))
    assert Package.open(data).grids()[0].cell(1, 1).value == (text or None)
    assert CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python() == ([[text]] if text else [])


@given(st.decimals(min_value=-(2**53), max_value=2**53, allow_nan=False, allow_infinity=False))
def test_any_number_comes_back(number: Decimal) -> None:
    if number and abs(number) < Decimal("2.3E-308"):
        return
    data = patched(book(ONE), edit("A1", number))
    assert Package.open(data).grids()[0].cell(1, 1).value == float(number)
    assert openpyxl.load_workbook(io.BytesIO(data)).active["A1"].value == float(number)  # type: ignore[index]


@given(st.datetimes(datetime(1900, 1, 1), datetime(9999, 12, 31, 23, 59, 59)))
def test_any_moment_comes_back_to_the_millisecond(moment: datetime) -> None:
    data = patched(book(ONE), edit("A1", moment))
    got = Package.open(data).grids()[0].cell(1, 1).value
    assert isinstance(got, datetime)
    assert abs((got - moment).total_seconds()) < 0.001


# --- nothing changes --------------------------------------------------------------------------------------------------------

HELD = (
    '<row r="1"><c r="A1"><v>12.50</v></c><c r="B1" t="s"><v>0</v></c><c r="C1" t="b"><v>1</v></c>'
    '<c r="D1" s="1"><v>45292.5</v></c>'
    '<c r="E1" s="3"/><c r="F1" t="inlineStr"><is><t>_x0041_</t></is></c><c r="G1" t="str"><v>x</v></c>'
    '<c r="H1"><v>1E3</v></c></row>'
)


@pytest.mark.parametrize(
    "change",
    [
        edit("A1", Decimal("12.5")), edit("B1", "rich & text"), edit("C1", True), edit("D1", datetime(2024, 1, 1, 12)),
        edit("E1", fill="FFFF00"), edit("E1", ""), edit("Z9", ""), edit("Z9", fill=""), edit("F1", "A"), edit("G1", "x"),
        edit("H1", Decimal(1000)), edit("A1"), edit("A1", fill=""), edit("E1", "", "FFFF00"),
    ],
)  # fmt: skip
def test_what_is_there_already_changes_nothing(change: CellEdit) -> None:
    data = packed(parts(sheet(HELD), strings=["<r><t>rich &amp; </t></r><r><t>text</t></r>"]))
    assert patched(data, change) is data
    assert patched(data) is data


@pytest.mark.parametrize(
    "change",
    [
        edit("A1", "12.5"), edit("B1", "rich"), edit("C1", Decimal(1)), edit("C1", "1"), edit("D1", Decimal(5)), edit("A1", True),
        edit("D1", datetime(2024, 1, 1, 13)), edit("E1", fill=""), edit("A1", fill="FFFF00"),
        edit("A1", datetime(1900, 1, 12, 12)),
    ],
)  # fmt: skip
def test_what_differs_is_written(change: CellEdit) -> None:
    data = packed(parts(sheet(HELD), strings=["<r><t>rich &amp; </t></r><r><t>text</t></r>"]))
    once = patched(data, change)
    assert once != data
    assert patched(once, change) is once


def test_two_edits_of_one_cell_are_one_unless_they_contradict() -> None:
    data = patched(book(ONE), edit("A1", Decimal(2)), edit("A1", fill="FFFF00"), edit("A1", Decimal(2)))
    assert rows_of(data) == '<row r="1"><c r="A1" s="3"><v>2</v></c></row>'
    assert "contradict" in refusal(book(ONE), edit("A1", Decimal(2)), edit("A1", Decimal(3)))


# --- only the cell changes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "new"),
    [
        ('<c r="A1" s="2" t="s"><v>0</v></c>', '<c r="A1" s="2"><v>5</v></c>'),
        ('<c r="A1" s="2" t="e" cm="1" vm="3" ph="1"><v>#N/A</v></c>', '<c r="A1" s="2" ph="1"><v>5</v></c>'),
        ('<c r="A1" t="inlineStr"><is><t>x</t></is></c>', '<c r="A1"><v>5</v></c>'),
        ('<c t="b" r="A1"><v>1</v></c>', '<c r="A1"><v>5</v></c>'),
        ("<c r='A1' s='2' t='b' ><v>1</v></c >", "<c r='A1' s='2'><v>5</v></c>"),
        ('<c r="A1"/>', '<c r="A1"><v>5</v></c>'),
        ('<c r="A1"><v/></c>', '<c r="A1"><v>5</v></c>'),
        ('<c><v>1</v></c>', '<c><v>5</v></c>'),
        ('<c r="a1" s=""><v>1</v></c>', '<c r="a1" s=""><v>5</v></c>'),
        (
            '<c r="A1" x:y="&gt;>" xmlns:x="urn:x"><v>1</v><extLst><ext uri="{A}"><x:c r="A1"/></ext></extLst></c>',
            '<c r="A1" x:y="&gt;>" xmlns:x="urn:x"><v>5</v><extLst><ext uri="{A}"><x:c r="A1"/></ext></extLst></c>',
        ),
        ('<c r="A1"><!-- <c r="A1"> --><v><![CDATA[1]]></v></c>', '<c r="A1"><v>5</v></c>'),
    ],
)  # fmt: skip
def test_a_replaced_cell_keeps_what_does_not_describe_its_value(cell: str, new: str) -> None:
    assert rows(f'<row r="1">{cell}<c r="B1"><v>9</v></c></row>', edit("A1", Decimal(5))) == (
        f'<row r="1">{new}<c r="B1"><v>9</v></c></row>'
    )


def test_a_fill_changes_nothing_but_the_style() -> None:
    formula = '<c r="A1" s="2" t="str"><f>B1&amp;"x"</f><v>x</v></c>'
    data = patched(book(f'<row r="1">{formula}</row>'), edit("A1", fill="00FF00"))
    assert rows_of(data) == f'<row r="1">{formula}</row>'.replace('s="2"', 's="5"')
    cell = Package.open(data).grids()[0].cell(1, 1)
    assert (cell.fill, cell.number_format) == ("00FF00", "0.0%")
    assert part(data, "xl/workbook.xml") == part(book(ONE), "xl/workbook.xml")
    assert rows_of(patched(data, edit("A1", fill=""))) == f'<row r="1">{formula}</row>'


def test_styles_do_not_grow_when_colours_flip() -> None:
    data = book(ONE)
    for turn in range(12):
        data = patched(data, edit("A1", fill=["00FF00", "FF0000", ""][turn % 3]))
    assert part(data, "xl/styles.xml").count("<xf ") == 1 + 5 + 2


def test_every_other_part_keeps_its_bytes() -> None:
    made = parts(sheet(ONE), sheet(ONE), strings=["<t>x</t>"]) | {"xl/media/a.png": b"\x89PNG" * 99, "other/b.bin": b"\0" * 99}
    data = packed(made)
    new = patched(data, edit("A1", Decimal(5)))
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(io.BytesIO(new)) as after:
        assert after.testzip() is None
        assert [n for n in before.namelist() if before.read(n) != after.read(n)] == ["xl/worksheets/sheet1.xml"]


# --- cells and rows that are missing ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "address", "after"),
    [
        ("", "B2", '<row r="2"><c r="B2"><v>5</v></c></row>'),
        ('<row r="1"/>', "B1", '<row r="1"><c r="B1"><v>5</v></c></row>'),
        ('<row r="1" spans="1:1" ht="9" />', "B1", '<row r="1" spans="1:2" ht="9"><c r="B1"><v>5</v></c></row>'),
        ('<row r="1"></row>', "B1", '<row r="1"><c r="B1"><v>5</v></c></row>'),
        (
            '<row r="1" spans="1:3"><c r="A1"/><c r="AA1"/></row>', "Z1",
            '<row r="1" spans="1:26"><c r="A1"/><c r="Z1"><v>5</v></c><c r="AA1"/></row>',
        ),
        ('<row r="1"><c r="C1"/></row>', "A1", '<row r="1"><c r="A1"><v>5</v></c><c r="C1"/></row>'),
        ('<row r="1"><c r="A1"/><extLst/></row>', "C1", '<row r="1"><c r="A1"/><c r="C1"><v>5</v></c><extLst/></row>'),
        ('<row r="1"/><row r="5"/>', "A3", '<row r="1"/><row r="3"><c r="A3"><v>5</v></c></row><row r="5"/>'),
        ('<row r="2"/>', "A1", '<row r="1"><c r="A1"><v>5</v></c></row><row r="2"/>'),
        ('<row r="1"/>', "A9", '<row r="1"/><row r="9"><c r="A9"><v>5</v></c></row>'),
        ("<row><c/><c/></row>", "D1", '<row><c/><c/><c r="D1"><v>5</v></c></row>'),
        ("<row><c/></row>", "A3", '<row><c/></row><row r="3"><c r="A3"><v>5</v></c></row>'),
        ('<row r="1" s="3" customFormat="1"/>', "B1", '<row r="1" s="3" customFormat="1"><c r="B1" s="3"><v>5</v></c></row>'),
        ('<row r="1" s="3"/>', "B1", '<row r="1" s="3"><c r="B1"><v>5</v></c></row>'),
        ('<row r="1" s="0" customFormat="1"/>', "E1", '<row r="1" s="0" customFormat="1"><c r="E1"><v>5</v></c></row>'),
        ('<row r="1"/>', "E1", '<row r="1"><c r="E1" s="2"><v>5</v></c></row>'),
        ('<row r="1"><c r="E1"/></row>', "E1", '<row r="1"><c r="E1"><v>5</v></c></row>'),
    ],
)  # fmt: skip
def test_a_missing_cell_is_put_where_it_belongs(before: str, address: str, after: str) -> None:
    assert rows(before, edit(address, Decimal(5)), before='<cols><col min="5" max="6" style="2"/></cols>') == after


def test_several_missing_cells_and_rows() -> None:
    wanted = [edit(address, Decimal(5)) for address in ("C3", "A3", "B1", "D1", "B2", "A9", "B9", "A2")]
    got = rows('<row r="1"><c r="A1"/><c r="C1"/></row><row r="3"/>', *wanted)
    assert got == (
        '<row r="1"><c r="A1"/><c r="B1"><v>5</v></c><c r="C1"/><c r="D1"><v>5</v></c></row>'
        '<row r="2"><c r="A2"><v>5</v></c><c r="B2"><v>5</v></c></row><row r="3"><c r="A3"><v>5</v></c>'
        '<c r="C3"><v>5</v></c></row>'
        '<row r="9"><c r="A9"><v>5</v></c><c r="B9"><v>5</v></c></row>'
    )


def test_rows_that_are_empty_altogether() -> None:
    for empty in ("<sheetData/>", "<sheetData  />"):
        data = packed(parts(sheet("").replace("<sheetData></sheetData>", empty)))
        assert '<sheetData><row r="4"><c r="B4"><v>5</v></c></row></sheetData>' in part(
            patched(data, edit("B4", Decimal(5))), "xl/worksheets/sheet1.xml"
        )


@pytest.mark.parametrize(
    ("given", "wanted"), [("A1:B2", "A1:C5"), ("A1", "A1:C5"), ("B7:D9", "B5:D9"), ("A1:Z99", "A1:Z99"), ("nonsense", "nonsense")]
)
def test_the_used_area_is_widened(given: str, wanted: str) -> None:
    data = patched(book(ONE, before=f'<dimension ref="{given}"/>'), edit("C5", Decimal(5)))
    assert f'<dimension ref="{wanted}"/>' in part(data)
    # a value in a cell that is there, but outside of what the file says is used
    assert '<dimension ref="A1:B2"/>' in part(patched(book(ONE, before='<dimension ref="B2"/>'), edit("A1", Decimal(5))))


def test_rows_out_of_order_are_edited_but_not_added_to() -> None:
    data = book('<row r="3"><c r="A3"/></row><row r="1"><c r="C1"/><c r="A1"/></row>')
    assert "<v>5</v>" in rows_of(patched(data, edit("A3", Decimal(5))))
    assert "<v>5</v>" in rows_of(patched(data, edit("A1", Decimal(5))))
    assert "out of order" in refusal(data, edit("A2", Decimal(5)))
    assert "out of order" in refusal(data, edit("B1", Decimal(5)))


@pytest.mark.parametrize(
    "row",
    [
        '<row r="1"><c r="A1"/><c r="A1"/></row>', '<row r="1"><c r="A2"/></row>', '<row r="1"><c r="0"/></row>',
        '<row r="1"><c r="A1"/></row><row r="1"/>', '<row r="0"><c r="A1"/></row>', '<row r="1"><c r="A1x"/></row>',
    ],
)  # fmt: skip
def test_cells_that_cannot_be_told_apart_are_not_edited(row: str) -> None:
    assert "damaged" in refusal(book(row), edit("A1", Decimal(5)))


# --- refused ----------------------------------------------------------------------------------------------------------------

TABLE = f'<table xmlns="{MAIN}" id="1" name="T" displayName="T" ref="A1:B3" totalsRowCount="1"/>'
PIVOT = f'<pivotTableDefinition xmlns="{MAIN}"><location ref="D1:E2"/></pivotTableDefinition>'
GUARDED = packed(
    parts(
        sheet(
            '<row r="1"><c r="A1"/><c r="B1"><f>1</f><v>1</v></c></row>'
            '<row r="6"><c r="F6"><f t="array" ref="F6:F8">A1:A3</f></c>'
            '<c r="G6"><f t="dataTable" ref="G6:G7" r1="A1"/></c></row>',
            behind='<mergeCells><mergeCell ref="A5:B6"/></mergeCells>',
        ),
        titles=("A & B",),
        links=f'<Relationship Id="rId1" Type="{RELATIONS}/table" Target="../tables/t.xml"/>'
        f'<Relationship Id="rId2" Type="{RELATIONS}/pivotTable" Target="/xl/pivotTables/p.xml"/>',
    )
    | {"xl/tables/t.xml": TABLE, "xl/pivotTables/p.xml": PIVOT}
)


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("A1", "heading or the total of a table"), ("B3", "heading or the total of a table"), ("D2", "pivot table"),
        ("B1", "formula"), ("F6", "formula"), ("F7", "filled by a formula"), ("G7", "filled by a formula"), ("B5", "merged"),
        ("A6", "merged"),
    ],
)  # fmt: skip
def test_cells_that_are_not_ours_are_refused_by_name(address: str, sentence: str) -> None:
    text = refusal(GUARDED, edit(address, Decimal(5), title="A & B"))
    assert sentence in text
    assert f"A & B!{address}" in text
    assert refusal(GUARDED, edit("A2", Decimal(1), title="A & B"), edit(address, "x", title="A & B")) == text


def test_cells_beside_them_are_written() -> None:
    wanted = [edit(address, Decimal(5), title="A & B") for address in ("A2", "B2", "A4", "C1", "A5", "F9", "D3")]
    got = Package.open(patched(GUARDED, *wanted)).grids()[0]
    assert all(got.cell(e.ref.row, e.ref.column).value == 5.0 for e in wanted)


def test_locked_cells_of_a_protected_worksheet() -> None:
    data = book('<row r="1"><c r="A1"/><c r="B1" s="4"/></row>', behind='<sheetProtection sheet="1"/>')
    assert "locked" in refusal(data, edit("A1", Decimal(5)))
    assert "locked" in refusal(data, edit("A1", fill="FFFF00"))
    assert "locked" in refusal(data, edit("C1", Decimal(5)))
    assert "<v>5</v>" in rows_of(patched(data, edit("B1", Decimal(5))))


@pytest.mark.parametrize(("row", "column"), [(0, 1), (1, 0), (1_048_577, 1), (1, 16_385)])
def test_there_is_no_cell_outside_the_worksheet(row: int, column: int) -> None:
    assert "no cell in row" in refusal(book(ONE), CellEdit(CellRef("Sheet1", row, column), Decimal(5)))


def test_the_worksheet_has_to_be_there() -> None:
    made = parts(sheet(ONE), sheet(ONE), titles=("Sheet1", "Chart"))
    made["xl/_rels/workbook.xml.rels"] = relations(
        ("worksheet", "worksheets/sheet1.xml"), ("chartsheet", "worksheets/sheet2.xml")
    )
    assert "no worksheet named Other" in refusal(packed(made), edit("A1", Decimal(1), title="Other"))
    assert "Chart is a chart" in refusal(packed(made), edit("A1", Decimal(1), title="Chart"))


FINAL = '<Properties><property name="_MarkAsFinal"><vt:bool xmlns:vt="urn:v">true</vt:bool></property></Properties>'


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"_xmlsignatures/origin.sigs": b""}, "digitally signed"),
        (
            {"xl/_rels/workbook.xml.rels": relations(("worksheet", "worksheets/sheet1.xml"), ("revisionHeaders", "r.xml"))},
            "shared workbook",
        ),
        (
            {"xl/workbook.xml": str(parts(sheet(ONE), properties='<fileSharing readOnlyRecommended="1"/>')["xl/workbook.xml"])},
            "reading only",
        ),
        (
            {
                "_rels/.rels": relations(("officeDocument", "xl/workbook.xml"), ("custom-properties", "docProps/custom.xml")),
                "docProps/custom.xml": FINAL,
            },
            "marked as final",
        ),
    ],
)
def test_workbooks_that_must_not_be_written_are_read_all_the_same(change: dict[str, str | bytes], sentence: str) -> None:
    data = packed(parts(sheet(ONE)) | change)
    package = Package.open(data)
    assert package.grids()[0].cell(1, 1).value == 1.0
    assert sentence in str(package.unsafe)
    assert sentence in refusal(data, edit("A1", Decimal(5)))
    assert package.patched([]) is data
    assert Package.open(book(ONE)).unsafe is None


# --- formulas that depend on the cell ---------------------------------------------------------------------------------------

CALCULATED = (
    '<row r="1"><c r="A1"><v>1</v></c><c r="B1" s="2"><f>A1*2</f><v>2</v></c><c r="C1" t="str"><f>B1&amp;""</f><v>2</v></c>'
    '<c r="D1"><f>7</f><v>7</v></c><c r="E1"><v>3</v></c></row>'
    '<row r="2"><c r="B2" cm="1"><f t="array" ref="B2:B3">A1:A2</f><v>1</v></c>'
    '<c r="C2"><f t="shared" ref="C2:C3" si="0">A1+1</f>'
    '<v>2</v></c></row><row r="3"><c r="B3"><v>0</v></c><c r="C3"><f t="shared" si="0"/><v>1</v></c></row>'
)
OTHER = (
    '<row r="1"><c r="A1"><f>SUM(Sheet1!A:A)</f><v>1</v></c><c r="B1"><f>rate*2</f><v>2</v></c>'
    '<c r="C1"><f>1+1</f><v>2</v></c></row>'
)


def test_values_that_may_have_become_wrong_are_dropped_everywhere() -> None:
    made = parts(
        sheet(CALCULATED), sheet(OTHER), book='<definedNames><definedName name="rate">Sheet1!$A$1</definedName></definedNames>'
    )
    data = patched(packed(made), edit("A1", Decimal(5)))
    assert rows_of(data) == (
        '<row r="1"><c r="A1"><v>5</v></c><c r="B1" s="2"><f>A1*2</f></c><c r="C1"><f>B1&amp;""</f></c>'
        '<c r="D1"><f>7</f><v>7</v></c><c r="E1"><v>3</v></c></row>'
        '<row r="2"><c r="B2" cm="1"><f t="array" ref="B2:B3">A1:A2</f></c><c r="C2"><f t="shared" ref="C2:C3" si="0">A1+1</f>'
        '</c></row><row r="3"><c r="B3"/><c r="C3"><f t="shared" si="0"/><v>1</v></c></row>'
    )
    assert rows_of(data, "xl/worksheets/sheet2.xml") == (
        '<row r="1"><c r="A1"><f>SUM(Sheet1!A:A)</f></c><c r="B1"><f>rate*2</f></c><c r="C1"><f>1+1</f><v>2</v></c></row>'
    )
    assert '</definedNames><calcPr fullCalcOnLoad="1"/></workbook>' in part(data, "xl/workbook.xml")
    assert patched(data, edit("A1", Decimal(5))) is data


def test_a_formula_whose_fill_changes_loses_its_value_too() -> None:
    got = rows(CALCULATED, edit("A1", Decimal(5)), edit("B1", fill="FFFF00"))
    assert '<c r="B1" s="5"><f>A1*2</f></c>' in got


def test_a_fill_alone_makes_nothing_stale() -> None:
    assert rows(CALCULATED, edit("A1", fill="FFFF00")) == CALCULATED.replace('<c r="A1">', '<c r="A1" s="3">')


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '<calcPr fullCalcOnLoad="1"/>'),
        ('<calcPr calcId="191029"/>', '<calcPr calcId="191029" fullCalcOnLoad="1"/>'),
        ('<calcPr calcMode="manual" fullCalcOnLoad="0"/>', '<calcPr calcMode="manual" fullCalcOnLoad="1"/>'),
        ("<calcPr fullCalcOnLoad='1'></calcPr>", "<calcPr fullCalcOnLoad='1'></calcPr>"),
        ("<pivotCaches/><extLst/>", '<calcPr fullCalcOnLoad="1"/><pivotCaches/><extLst/>'),
        ("<definedNames/><extLst/>", '<definedNames/><calcPr fullCalcOnLoad="1"/><extLst/>'),
    ],
)
def test_the_order_to_calculate_stands_where_it_belongs(before: str, after: str) -> None:
    data = patched(book(CALCULATED, book=before), edit("A1", Decimal(5)))
    assert part(data, "xl/workbook.xml").endswith(f"</sheets>{after}</workbook>")


def test_the_order_to_calculate_takes_the_prefix_of_the_workbook() -> None:
    made = parts(sheet(CALCULATED))
    text = str(made["xl/workbook.xml"]).replace("xmlns=", "xmlns:x=")
    for name in ("workbook", "sheets", "sheet "):
        text = text.replace(f"<{name}", f"<x:{name}").replace(f"</{name}", f"</x:{name}")
    new = patched(packed(made | {"xl/workbook.xml": text}), edit("A1", Decimal(5)))
    assert part(new, "xl/workbook.xml").endswith('</x:sheets><x:calcPr fullCalcOnLoad="1"/></x:workbook>')


def test_the_calculation_chain_stays() -> None:
    made = parts(sheet(CALCULATED)) | {"xl/calcChain.xml": f'<calcChain xmlns="{MAIN}"><c r="B1" i="1"/></calcChain>'}
    data = packed(made)
    assert part(patched(data, edit("A1", Decimal(5))), "xl/calcChain.xml") == part(data, "xl/calcChain.xml")


# --- spellings --------------------------------------------------------------------------------------------------------------


def test_prefixes_are_taken_from_the_neighbours() -> None:
    xml = sheet('<row r="1"><c r="A1" t="s"><v>0</v></c></row>').replace("<worksheet xmlns=", "<worksheet xmlns:x=")
    for name in ("worksheet", "sheetData", "row", "c ", "v"):
        xml = xml.replace(f"<{name}", f"<x:{name}").replace(f"</{name.strip()}>", f"</x:{name.strip()}>")
    data = packed(parts(xml))
    assert (
        'A1" t="inlineStr"><x:is><x:t>n</x:t></x:is></x:c><x:c r="C1"><x:v>5</x:v></x:c></x:row><x:row r="2"><x:c r="A2" t="b">'
        in part(patched(data, edit("A1", "n"), edit("C1", Decimal(5)), edit("A2", True)))
    )


def test_a_default_namespace_of_its_own() -> None:
    row = f'<y:row xmlns:y="{MAIN}" r="1"><c xmlns="{MAIN}" r="A1"><v>1</v></c><y:c r="B1"/></y:row>'
    assert rows(row, edit("A1", Decimal(5)), edit("C1", "x"), edit("B1", True)) == (
        f'<y:row xmlns:y="{MAIN}" r="1"><c xmlns="{MAIN}" r="A1"><v>5</v></c><y:c r="B1" t="b"><y:v>1</y:v></y:c>'
        '<y:c r="C1" t="inlineStr"><y:is><y:t>x</y:t></y:is></y:c></y:row>'
    )


def test_strict_files() -> None:
    data = packed(parts(sheet(ONE).replace(MAIN, STRICT), namespace=STRICT))
    assert rows_of(patched(data, edit("A1", Decimal(5)))) == '<row r="1"><c r="A1"><v>5</v></c></row>'


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "iso-8859-1"])
def test_encodings_stay(encoding: str) -> None:
    xml = sheet('<row r="1"><c r="A1" t="inlineStr"><is><t>\u00e9</t></is></c><c r="B1"/></row>')
    declared = {"utf-8-sig": "UTF-8", "utf-16-be": "UTF-16"}.get(encoding, encoding.upper())
    text = xml.replace("UTF-8", declared)
    data = patched(packed(parts(text.encode(encoding))), edit("B1", "\u20ac \u00e9"))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        got = archive.read("xl/worksheets/sheet1.xml").decode(encoding)
    euro = "&#8364;" if encoding == "iso-8859-1" else "\u20ac"
    assert got == text.replace('<c r="B1"/>', f'<c r="B1" t="inlineStr"><is><t>{euro} \u00e9</t></is></c>')
    assert Package.open(data).grids()[0].cell(1, 2).value == "\u20ac \u00e9"


def test_comments_around_the_rows() -> None:
    xml = sheet(ONE).replace("<sheetData>", "<!-- <sheetData><row r='1'> --><sheetData><!-- a -->", 1)
    got = part(patched(packed(parts(xml)), edit("A1", Decimal(5)), edit("A2", Decimal(6))))
    assert got == xml.replace("<v>1</v></c></row>", '<v>5</v></c></row><row r="2"><c r="A2"><v>6</v></c></row>')


def test_a_workbook_without_styles_gets_them() -> None:
    for namespace in (MAIN, STRICT):
        data = packed(parts(sheet(ONE), styles=None, namespace=namespace))
        new = patched(data, edit("A1", fill="00FF00"), edit("B1", datetime(2024, 1, 1)))
        got = Package.open(new).grids()[0]
        assert got.cell(1, 1).fill == "00FF00"
        assert got.cell(1, 2).value == datetime(2024, 1, 1)
        theirs = openpyxl.load_workbook(io.BytesIO(new)).worksheets
        assert namespace == STRICT or theirs[0]["A1"].fill.fgColor.rgb.endswith("00FF00")
        assert '<Override PartName="/xl/styles.xml" ' in part(new, "[Content_Types].xml")


def test_a_workbook_without_styles_and_room_for_them() -> None:
    made = parts(sheet(ONE), styles=None) | {"xl/styles.xml": "<other/>"}
    assert "none can be added" in refusal(packed(made), edit("A1", fill="00FF00"))
    assert f"{DECLARED}<Types" in str(made["[Content_Types].xml"])
    assert PACKAGE in str(made["_rels/.rels"])


def test_the_last_look_stops_what_went_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault planted into the making of the cell is found before anything is written."""
    from sheetsync.workbooks._ooxml import patching

    faults = [b"<v>6</v>", b"<v>5</v><v></v>", b"<v>&</v>", b"", b"<v>5", b"<is><t>5</t></is>", b'<v>5</v></c><c r="A2">']
    for fault in faults:
        monkeypatch.setattr(patching, "written", lambda *given, fault=fault: b"<c" + given[1] + b">" + fault + b"</c>")
        said = refusal(book(ONE.replace("><v>", ' t="n"><v>')), edit("A1", Decimal(5)))
        assert "nothing was written" in said or fault in {b"<v>&</v>", b"<v>5"}
        monkeypatch.setattr(patching, "PLAIN", b"%b%b>" + fault + b"</c>%.0a")
        said = refusal(book(ONE), edit("A1", Decimal(5)))
        assert "nothing was written" in said or fault in {b"<v>&</v>", b"<v>5"}
    monkeypatch.setattr(patching, "written", lambda *_: b'<c r="B1"><v>5</v></c>')
    assert "nothing was written" in refusal(book(ONE.replace("><v>", ' t="n"><v>')), edit("A1", Decimal(5)))
    monkeypatch.setattr(patching, "PLAIN", b'<c r="B1"><v>5</v></c>%.0b%.0b%.0a')
    assert "nothing was written" in refusal(book(ONE), edit("A1", Decimal(5)))
