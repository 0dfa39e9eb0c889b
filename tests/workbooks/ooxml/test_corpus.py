"""Workbooks of many makers: twenty cells are edited, and nothing but these cells differs, for three readers."""

from __future__ import annotations

import io
import random
import re
import shutil
import subprocess
import warnings
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from python_calamine import CalamineError, CalamineWorkbook

from sheetsync.errors import CannotEdit
from sheetsync.model import CellEdit, CellRef, Grid
from sheetsync.workbooks._ooxml.archive import Archive
from sheetsync.workbooks._ooxml.package import Package

CORPUS = Path(__file__).parents[3] / ".." / "shared" / "xlsx-corpus"
BOOKS = sorted(CORPUS.glob("*.xls?"))
REFUSED = {
    "calamine__issue252.xlsx": "damaged",
    "excelize__encryptSHA512.xlsx": "password",
    "openpyxl__null_file.xlsx": "empty",
    "poi__clusterfuzz-testcase-minimized-XLSX2CSVFuzzer-5025401116950528.xlsx": "contradicts itself",
    "poi__duplicate-filename.xlsx": "two parts",
    "poi__poc-xmlbomb.xlsx": "document type",
    "poi__sample-beta.xlsx": "test version",
}
UNSAFE = {"open-xml-sdk__SharedWorkbook.xlsx": "shared workbook", "poi__ms-office-2010-signed.xlsx": "digitally signed"}
UNADDRESSED = {"exceldatareader__Fillreport.xlsx"}
"""Cells with the addresses 0, 1, 2: read in their order, never written."""
CALAMINE_BLIND = {"exceldatareader__Fillreport.xlsx", "umya-spreadsheet__tdf76115.xlsx"}
"""It stumbles over the addresses of the one and the encoding of the other."""

pytestmark = pytest.mark.skipif(not BOOKS, reason="the workbooks of other makers are not here")


def edits_of(grids: list[Grid], package: Package, seed: str) -> list[CellEdit]:
    """Twenty edits on cells that are there and on some that are not, without those that are refused."""
    chance = random.Random(seed)
    found: dict[str, CellEdit] = {}
    for _ in range(20 if grids else 0):
        grid = chance.choice(grids)
        there = grid.cells and chance.random() < 0.7
        place = chance.choice(list(grid.cells)) if there else (chance.randint(1, 50), chance.randint(1, 15))
        value = chance.choice([Decimal("12.5"), Decimal(chance.randint(0, 10**6)), "text _x0041_ & <b>", True])
        one = CellEdit(CellRef(grid.sheet, *place), value, chance.choice([None, None, "00FF00", "FFC7CE"]))
        found[f"{grid.sheet}!{one.ref.a1}"] = one
    while found:
        try:
            package.patched(list(found.values()))
        except CannotEdit as refusal:
            row = refusal.params.get("row")
            refused = [cell for cell, one in found.items() if refusal.params.get("cell") == cell or one.ref.row == row]
            assert refused, refusal
            for cell in refused:
                del found[cell]
        else:
            break
    return list(found.values())


def without_targets(
    data: bytes, edited: set[tuple[int, int]], formulas: set[tuple[int, int]]
) -> list[tuple[str, dict[str, str], str]]:
    """All elements of a worksheet but the edited cells, the values of formulas and what widens with a new cell."""
    found: list[tuple[str, dict[str, str], str]] = []

    def walk(element: ET.Element, row: int) -> None:
        column = 0
        for child in element:
            name = child.tag.rpartition("}")[2]
            attributes = dict(child.attrib)
            if name == "dimension":
                continue
            if name == "row":
                row = int(child.get("r", row + 1))
                attributes.pop("spans", None)
                if not len(child) and any(at[0] == row for at in edited):
                    continue
                if all((row, c) in edited for c in columns(child)):
                    walk(child, row)
                    continue
            if name == "c":
                column = next(columns_after(child, column))
                if (row, column) in edited:
                    continue
                if (row, column) in formulas:
                    attributes.pop("t", None)
                    found.append((child.tag, attributes, "".join(part.text or "" for part in child if part.tag.endswith("}f"))))
                    continue
            found.append((child.tag, attributes, (child.text or "").strip()))
            walk(child, row)

    walk(ET.fromstring(data), 0)
    return found


def columns_after(cell: ET.Element, last: int) -> Iterator[int]:
    match = re.match("[A-Z]+", cell.get("r", "").upper())
    yield sum((ord(letter) - 64) * 26**power for power, letter in enumerate(reversed(match[0]))) if match else last + 1


def columns(row: ET.Element) -> list[int]:
    found: list[int] = []
    for cell in row:
        if cell.tag.endswith("}c"):
            found.append(next(columns_after(cell, found[-1] if found else 0)))
    return found


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem[:40])
def test_nothing_but_the_edited_cells_changes(path: Path) -> None:
    data = path.read_bytes()
    if path.name in REFUSED:
        with pytest.raises(CannotEdit, match=REFUSED[path.name]):
            Package.open(data).grids()
        return
    package = Package.open(data)
    grids = package.grids()
    if path.name in UNSAFE:
        assert UNSAFE[path.name] in str(package.unsafe)
        return
    assert package.unsafe is None
    edits = edits_of(grids, package, path.name)
    assert edits or path.name in UNADDRESSED or not grids
    new = package.patched(edits)
    again = Package.open(new)
    assert again.patched(edits) is new
    _parts_stay(data, new, package, grids, edits)
    _cells_stay(grids, again.grids(), edits)
    _others_see(path, new, edits)


def _parts_stay(data: bytes, new: bytes, package: Package, grids: list[Grid], edits: list[CellEdit]) -> None:
    before, after = Archive.open(data), Archive.open(new)
    changed = {name for name in before.names if before.read(name) != after.read(name)}
    sheets = {tab.part for tab in package._book.tabs}
    assert changed - sheets <= {
        package._book.part,
        package._book.related("styles"),
        "[Content_Types].xml",
        "xl/_rels/workbook.xml.rels",
    }
    assert set(after.names) - set(before.names) <= {"xl/styles.xml"}
    assert before.same_but(after, changed)
    with zipfile.ZipFile(io.BytesIO(new)) as archive:
        assert archive.testzip() is None
    for tab, grid in zip(package._book.tabs, grids, strict=True):
        formulas = {at for at, cell in grid.cells.items() if cell.formula}
        edited = {(edit.ref.row, edit.ref.column) for edit in edits if edit.ref.sheet == tab.title}
        if tab.part in changed:
            assert without_targets(before.read(tab.part), edited, formulas) == without_targets(
                after.read(tab.part), edited, formulas
            )
        else:
            assert not edited or before.read(tab.part) == after.read(tab.part)


def _cells_stay(before: list[Grid], after: list[Grid], edits: list[CellEdit]) -> None:
    edited = {(edit.ref.sheet, edit.ref.row, edit.ref.column): edit for edit in edits}
    assert [(grid.sheet, grid.merges, grid.cut) for grid in before] == [(grid.sheet, grid.merges, grid.cut) for grid in after]
    for old, new in zip(before, after, strict=True):
        for (row, column), cell in old.cells.items():
            if (old.sheet, row, column) not in edited:
                fresh = new.cell(row, column)
                assert fresh == cell or (cell.formula and fresh.formula and fresh.value is None)
        for (title, row, column), edit in edited.items():
            if title == new.sheet:
                cell = new.cell(row, column)
                _same(cell.value, edit)
                assert edit.fill is None or cell.fill == edit.fill


def _same(value: object, edit: CellEdit) -> None:
    if isinstance(edit.value, Decimal) and not isinstance(value, int | float):
        assert value is not None  # a number in a cell with a date format is read as a date
        assert not isinstance(value, str)
    else:
        assert value == edit.value or (isinstance(value, str) and value == str(edit.value).replace("_x0041_", "_x005F_x0041_"))


def _others_see(path: Path, new: bytes, edits: list[CellEdit]) -> None:
    """openpyxl and calamine see the values, wherever they can read the original at all."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            openpyxl.load_workbook(io.BytesIO(path.read_bytes()))
        except Exception:  # noqa: BLE001  # it raises whatever it likes for files that it does not understand
            theirs = None
        else:
            theirs = openpyxl.load_workbook(io.BytesIO(new))
    for edit in edits:
        if theirs is not None and edit.ref.sheet in theirs.sheetnames and path.name not in UNADDRESSED:
            cell = theirs[edit.ref.sheet].cell(edit.ref.row, edit.ref.column)
            if path.name != "closedxml__NoReferencesOnRowsOrCells.xlsx":  # it loses cells without address
                _same(cell.value, edit)
    try:
        CalamineWorkbook.from_filelike(io.BytesIO(path.read_bytes()))
    except CalamineError:
        return
    if path.name in CALAMINE_BLIND:
        return
    book = CalamineWorkbook.from_filelike(io.BytesIO(new))
    pages = {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in {edit.ref.sheet for edit in edits}}
    for edit in edits:
        _same(pages[edit.ref.sheet][edit.ref.row - 1][edit.ref.column - 1], edit)


@pytest.mark.campaign
@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed")
def test_libreoffice_opens_what_it_opened_before(tmp_path: Path) -> None:
    """Every edited workbook that LibreOffice could convert before, it converts after."""
    (tmp_path / "before").mkdir()
    (tmp_path / "after").mkdir()
    for path in BOOKS:
        if path.name in REFUSED or path.name in UNSAFE:
            continue
        package = Package.open(path.read_bytes())
        (tmp_path / "before" / path.name).write_bytes(path.read_bytes())
        (tmp_path / "after" / path.name).write_bytes(package.patched(edits_of(package.grids(), package, path.name)))
    made = {}
    for side in ("before", "after"):
        folder = tmp_path / side
        subprocess.run(  # fixed arguments
            ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", "csv", "--outdir",
             str(folder / "out"), *map(str, sorted(folder.glob("*.xls?")))],
            check=True, capture_output=True, timeout=900,
        )  # fmt: skip
        made[side] = {path.name for path in (folder / "out").iterdir()}
    assert made["before"] <= made["after"]
    assert len(made["after"]) > 60


def test_dates_of_the_corpus_are_dates() -> None:
    """The file with the epoch of 1904 and the strict one with ISO dates."""
    for name in ("closedxml__Date1904System.xlsx", "poi__SimpleStrict.xlsx"):
        path = CORPUS / name
        cells = [cell for grid in Package.open(path.read_bytes()).grids() for cell in grid.cells.values()]
        assert any(isinstance(cell.value, datetime) for cell in cells), name


@pytest.mark.campaign
@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed")
def test_libreoffice_calculates_what_was_dropped(tmp_path: Path) -> None:
    """It ignores the order to calculate on load, so a stale value would be shown as it stands."""
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    page.append([1, "=A1*2", '=HYPERLINK("https://example.com/","go")', "=1+1"])
    book.save(tmp_path / "plain.xlsx")
    convert = ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to"]
    steps = [("xlsx", tmp_path / "plain.xlsx"), ("csv", tmp_path / "new.xlsx")]
    for kind, source in steps:
        if kind == "csv":  # LibreOffice has put the values into the file; one of them is wrong after the edit
            stale = (tmp_path / "out" / "plain.xlsx").read_bytes()
            assert Package.open(stale).grids()[0].cell(1, 2).value == 2.0
            edits = [CellEdit(CellRef("Sheet", 1, 1), Decimal("12.5")), CellEdit(CellRef("Sheet", 3, 1), "=1+1 _x0041_")]
            source.write_bytes(Package.open(stale).patched(edits))
        subprocess.run(
            [*convert, kind, "--outdir", str(tmp_path / "out"), str(source)], check=True, capture_output=True, timeout=300
        )
    assert (tmp_path / "out" / "new.csv").read_text().splitlines() == ["12.5,25,go,2", ",,,", "=1+1 _x0041_,,,"]
