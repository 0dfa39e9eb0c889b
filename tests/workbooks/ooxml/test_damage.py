"""Whatever is done to the bytes of a part, nothing but a WorkbookError comes out, in a time that grows with the size."""

from __future__ import annotations

from decimal import Decimal

import pytest
from build import book, packed, parts, sheet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sheetsync.errors import CannotEdit, WorkbookError
from sheetsync.model import CellEdit, CellRef
from sheetsync.workbooks._ooxml.package import Package

ROWS = (
    '<row r="1" spans="1:3"><c r="A1" s="1"><v>45000</v></c><c r="B1" t="s"><v>0</v></c>'
    '<c r="C1"><f>A1*2</f><v>3</v></c></row>'
    '<row r="2"><c r="A2" t="inlineStr"><is><t>\u00e9&amp;</t></is></c>'
    '<c r="C2"><f t="shared" ref="C2:C3" si="0">A1</f></c></row>'
    '<row r="3"><c r="C3"><f t="shared" si="0"/><v>1</v></c></row>'
)
PARTS = parts(
    sheet(
        ROWS,
        before='<dimension ref="A1:C3"/><cols><col min="2" max="2" style="3"/></cols>',
        behind='<mergeCells><mergeCell ref="E1:F2"/></mergeCells><conditionalFormatting sqref="B1:B9"/>'
        '<hyperlinks><hyperlink ref="A1" location="Sheet1!B2"/></hyperlinks>',
    ),
    strings=["<t>one</t>"],
    book="<definedNames><definedName name='n'>Sheet1!$A$1</definedName></definedNames>",
)
PIECES = [
    b"<", b">", b'"', b"'", b"&", b"&#x110000;", b"&#55555555555;",
    b"&#0;", b"\xff", b"\xe9", b"\0", b"/>", b'<c r="A1">', b"</row>",
    b"-1", b"99999999999999999999", b'r="', b' s="5"', b"<v>", b"</v>",
    b'xmlns="x"', b"<!--", b"<![CDATA[", b"A1:B", b"", b"nan", b"<f>",
]  # fmt: skip


@settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.data())
def test_damage_is_refused_or_harmless(data: st.DataObject) -> None:
    damaged = {name: content.encode() if isinstance(content, str) else content for name, content in PARTS.items()}
    for _ in range(data.draw(st.integers(1, 3))):
        name = data.draw(st.sampled_from(sorted(damaged)))
        at = data.draw(st.integers(0, len(damaged[name])))
        end = at + data.draw(st.integers(0, 9))
        damaged[name] = damaged[name][:at] + data.draw(st.sampled_from(PIECES)) + damaged[name][end:]
    place = CellRef("Sheet1", data.draw(st.integers(1, 4)), data.draw(st.integers(1, 4)))
    try:
        package = Package.open(packed(damaged))
        if not package.grids():
            return  # its kind is damaged, so that it is no worksheet
        new = package.patched([CellEdit(place, Decimal(5), "00FF00")])
        got = Package.open(new).grids()[0].cell(place.row, place.column)
    except WorkbookError:
        return
    assert (got.value == 5 or not isinstance(got.value, float)) and (got.fill == "00FF00" or got.fill)


@pytest.mark.parametrize(
    "row",
    [
        "<row " + " " * 300_000,
        '<row r="1"><c r="A1"' + " " * 300_000 + "/></row>",
        '<row r="1"><c r="A1" ' + "a" * 300_000,
        '<row r="1"><c r="A1" ' + 'a="' * 100_000,
        '<row r="1"><c r="A1"><f ' + "a" * 300_000,
        '<row r="1"><c r="A1"><v>' + "1" * 300_000 + "</v></c></row>",
        '<row r="1"><c r="A1" t="inlineStr"><is><t>' + "_x000D" * 50_000 + "</t></is></c></row>",
        '<row r="1">' + "<c>" * 100_000,
        '<row r="1"><c r="A1"><extLst>' + "<a>" * 50_000 + "</a>" * 50_000 + "</extLst></c></row>",
    ],
)
def test_hostile_spellings_take_no_longer_than_honest_ones(row: str) -> None:
    try:
        package = Package.open(book(row))
        assert len(package.grids()) == 1
        package.patched([CellEdit(CellRef("Sheet1", 1, 1), Decimal(5))])
    except WorkbookError as refusal:
        assert isinstance(refusal, CannotEdit)


@pytest.mark.parametrize(
    ("behind", "sentence"),
    [
        ("<hyperlinks>" + '<hyperlink ref="A1:J100" location="x"/>' * 300, None),
        (
            "<hyperlinks>" + "".join(f'<hyperlink ref="A{n}:J{n + 99}" location="x"/>' for n in range(1, 30_000, 100)),
            "more links",
        ),
        ("<hyperlinks>" + '<hyperlink ref="A1:XFD1048576" location="x"/>' * 3_000, "more links"),
    ],
)
def test_ranges_without_end_do_not_fill_the_memory(behind: str, sentence: str | None) -> None:
    package = Package.open(book('<row r="1"><c r="A1"><v>1</v></c></row>', behind=behind + "</hyperlinks>"))
    if sentence is None:
        assert package.grids()[0].cell(1, 1).targets == ("#x",)
    else:
        with pytest.raises(CannotEdit, match=sentence):
            package.grids()


def test_arrays_without_end_do_not_fill_the_memory() -> None:
    data = book('<row r="1"><c r="A1"><v>1</v></c><c r="B1"><f t="array" ref="B1:XFD1048576">A1</f></c></row>')
    assert Package.open(data).grids()[0].cell(1, 2).formula
    with pytest.raises(CannotEdit, match="fill more cells"):
        Package.open(data).patched([CellEdit(CellRef("Sheet1", 1, 1), Decimal(5))])
