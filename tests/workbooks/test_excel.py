"""Excel files as workbooks: the contract, every refusal, other people at work, hostile files."""

from __future__ import annotations

import io
import os
import tempfile
import time
import zipfile
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from excel_books import build
from hypothesis import given, settings
from hypothesis import strategies as st

from sheetsync._testing.workbooks import BLANK, CELLS, RESULT, WorkbookContract
from sheetsync.errors import CannotEdit, WorkbookChanged, WorkbookError, WorkbookLocked
from sheetsync.model import Cell, CellEdit, CellRef
from sheetsync.workbooks.base import Workbook
from sheetsync.workbooks.excel import Excel

EDITS = [CellEdit(RESULT, Decimal(42))]
CORPUS = Path(__file__).parents[2] / ".." / "shared" / "xlsx-corpus"


class TestExcel(WorkbookContract):
    @pytest.fixture(autouse=True)
    def place(self, tmp_path):
        self.path = tmp_path / "OKR 目标.xlsx"

    def make(self, cells: Mapping[CellRef, Cell]) -> Workbook:
        return Excel(build(self.path, cells))

    def reopen(self, workbook: Workbook) -> Workbook:
        return Excel(self.path)

    def meddle(self, workbook: Workbook, ref: CellRef, value: str) -> None:
        book = openpyxl.load_workbook(self.path)
        book[ref.sheet].cell(ref.row, ref.column).value = value
        book.save(self.path)

    def state(self, workbook: Workbook) -> object:
        status = self.path.stat()
        return self.path.read_bytes(), status.st_mtime_ns, status.st_ino, files(self.path.parent)


@pytest.fixture
def path(tmp_path):
    return build(tmp_path / "okr.xlsx", CELLS)


def value(path: Path, ref: CellRef) -> object:
    grid = next(grid for grid in Excel(path).read() if grid.sheet == ref.sheet)
    return grid.cell(ref.row, ref.column).value


def files(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


# --- the file stays what it is -----------------------------------------------------------------------------------------


def test_a_link_stays_a_link(path, tmp_path):
    link = tmp_path / "links" / "current.xlsx"
    link.parent.mkdir()
    link.symlink_to("../okr.xlsx")
    workbook = Excel(link)
    assert (workbook.name, workbook.identity) == ("okr.xlsx", str(path))
    workbook.read()
    workbook.apply(EDITS)
    assert link.is_symlink()
    assert value(path, RESULT) == 42.0
    assert files(link.parent) == ["current.xlsx"]


def test_mode_and_attributes_stay(path):
    path.chmod(0o664)
    try:
        os.setxattr(path, "user.team", b"marketing")
    except OSError as exc:
        pytest.skip(f"this file system has no extended attributes: {exc}")
    workbook = Excel(path)
    workbook.read()
    workbook.apply(EDITS)
    assert (path.stat().st_mode & 0o777, os.getxattr(path, "user.team")) == (0o664, b"marketing")


def test_another_reader_agrees(path):
    workbook = Excel(path)
    workbook.read()
    workbook.apply([*EDITS, CellEdit(BLANK, "=1+1")])
    sheet = openpyxl.load_workbook(path)["Plan"]
    assert (sheet["B2"].value, sheet["C6"].value, sheet["C6"].data_type) == (42, "=1+1", "s")


def test_applying_before_reading_is_refused(path):
    before = path.read_bytes()
    with pytest.raises(WorkbookChanged):
        Excel(path).apply(EDITS)
    assert path.read_bytes() == before


# --- refusals: before any service is asked -----------------------------------------------------------------------------


def refusal(path: Path) -> WorkbookError:
    """What `read` says, and that it took no time and changed nothing."""
    before = files(path.parent)
    started = time.perf_counter()
    with pytest.raises(WorkbookError) as caught:
        Excel(path, sleep=lambda seconds: None).read()
    assert time.perf_counter() - started < 2
    assert files(path.parent) == before
    return caught.value


def test_missing(path):
    error = refusal(path.with_name("okr2.xlsx"))
    assert str(error) == f"There is no workbook “okr2.xlsx” in the folder {path.parent}, but there is “okr.xlsx”."
    assert error.advice == "Check the name; a workbook that was moved or renamed is never made anew."


def test_a_folder(tmp_path):
    assert str(refusal(tmp_path)) == f"“{tmp_path.name}” is a folder, not a workbook."


def test_a_broken_link(tmp_path):
    (tmp_path / "okr.xlsx").symlink_to("gone.xlsx")
    assert "There is no workbook “gone.xlsx”" in str(refusal(tmp_path / "okr.xlsx"))


def test_a_ring_of_links(tmp_path):
    (tmp_path / "okr.xlsx").symlink_to("okr.xlsx")
    assert str(refusal(tmp_path / "okr.xlsx")) == "“okr.xlsx” cannot be read (system error ELOOP)."


def test_empty(tmp_path):
    (tmp_path / "okr.xlsx").write_bytes(b"")
    assert str(refusal(tmp_path / "okr.xlsx")) == "“okr.xlsx” is empty: it has 0 bytes."


def test_hard_link(path):
    path.with_name("other.xlsx").hardlink_to(path)
    assert "is one of 2 hard links to the same file" in str(refusal(path))


def test_read_only(path):
    path.chmod(0o444)
    assert str(refusal(path)) == "“okr.xlsx” is read-only."


def test_too_large(path):
    with path.open("r+b") as file:
        file.truncate(100 * 2**20 + 1)
    assert str(refusal(path)) == "“okr.xlsx” has 101 MB; more than 100 MB are not read."


@pytest.mark.parametrize("name", ["~$okr.xlsx", ".~lock.okr.xlsx#"])
def test_a_mark_of_excel(tmp_path, name):
    (tmp_path / name).write_bytes(b"\x03Ana")
    assert "is the mark that a spreadsheet program leaves beside an open workbook" in str(refusal(tmp_path / name))


@pytest.mark.parametrize("name", ["okr.xls", "okr.xlsb", "okr.ods", "okr.csv"])
def test_other_formats_by_name(tmp_path, name):
    (tmp_path / name).write_bytes(b"x")
    error = refusal(tmp_path / name)
    assert (type(error), str(error)) == (CannotEdit, f"“{name}” is not an .xlsx or .xlsm file, and only those can be edited.")
    assert ".xlsx" in error.advice


OLE = bytes.fromhex("D0CF11E0A1B11AE1") + b"\0" * 600


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (OLE + "EncryptedPackage".encode("utf-16-le"), "password"),
        (OLE + "Workbook".encode("utf-16-le"), ".xls"),
        (b"Key result,Target\n", "not an Excel workbook"),
        (b"PK\3\4" + b"\0" * 26 + b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "OpenDocument"),
        (b"PK\3\4" + b"\0" * 26 + b"xl/workbook.bin", ".xlsb"),
    ],
)
def test_other_formats_by_content(tmp_path, content, words):
    (tmp_path / "okr.xlsx").write_bytes(content)
    error = refusal(tmp_path / "okr.xlsx")
    assert isinstance(error, CannotEdit)
    assert words in str(error)


def test_extension_and_kind_disagree(path):
    with_macros = path.rename(path.with_name("okr.xlsm"))
    assert "is a workbook without macros under the name of one with them" in str(refusal(with_macros))


@pytest.mark.parametrize(
    "name", ["poi__ms-office-2010-signed.xlsx", "open-xml-sdk__SharedWorkbook.xlsx", "excelize__encryptSHA512.xlsx"]
)
def test_files_that_must_not_be_written(tmp_path, name):
    if not (CORPUS / name).exists():
        pytest.skip("the shared corpus is not here")
    (tmp_path / name).write_bytes((CORPUS / name).read_bytes())
    assert isinstance(refusal(tmp_path / name), CannotEdit)


# --- hostile files -----------------------------------------------------------------------------------------------------


def repacked(path: Path, change, *, extra: Mapping[str, bytes] | None = None) -> Path:
    """The archive with each member's bytes changed by `change(name, bytes)`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            new.writestr(member.filename, change(member.filename, old.read(member)))
        for name, data in (extra or {}).items():
            new.writestr(name, data)
    path.write_bytes(buffer.getvalue())
    return path


def in_sheet(path: Path, change) -> Path:
    return repacked(path, lambda name, data: change(data) if name == "xl/worksheets/sheet1.xml" else data)


def after_declaration(doctype: bytes, entity: bytes = b""):
    def change(data: bytes) -> bytes:
        head, _, rest = data.partition(b"?>")
        return head + b"?>" + doctype + rest.replace(b"<sheetData>", b"<sheetData>" + entity, 1)

    return change


def far_away(path):
    cell = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    return in_sheet(path, lambda data: data.replace(b"</sheetData>", cell))


def duplicate_entries(path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        return repacked(path, lambda name, data: data, extra={"xl/worksheets/sheet1.xml": b"<worksheet/>"})


def external_dtd(path):
    return in_sheet(path, after_declaration(b'<!DOCTYPE worksheet SYSTEM "http://127.0.0.1:9/x.dtd">'))


def html(path):
    path.write_bytes(b"<!DOCTYPE html><html><body>Please log in</body></html>")
    return path


def laughs(path):
    steps = b"".join(b'<!ENTITY l%d "%s">' % (at, b"&l%d;" % (at - 1) * 10) for at in range(1, 10))
    doctype = b'<!DOCTYPE worksheet [<!ENTITY l0 "lol">' + steps + b"]>"
    return in_sheet(path, after_declaration(doctype, b'<row r="99"><c r="A99" t="str"><v>&l9;</v></c></row>'))


def truncated(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


def xxe(path):
    doctype = b'<!DOCTYPE worksheet [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    return in_sheet(path, after_declaration(doctype, b'<row r="99"><c r="A99" t="str"><v>&x;</v></c></row>'))


def bomb(path):
    return in_sheet(path, lambda data: data.replace(b"<sheetData>", b"<sheetData>" + b" " * 168_000_000, 1))


def slip(path):
    return repacked(path, lambda name, data: data, extra={"../../x": b"x"})


@pytest.mark.parametrize(
    "make", [duplicate_entries, external_dtd, html, laughs, truncated, xxe, bomb, slip], ids=lambda make: make.__name__
)
def test_hostile_files_are_refused(path, make):
    error = refusal(make(path))
    assert "root:" not in str(error)
    assert len(str(error)) < 200


def test_a_cell_in_the_last_corner_costs_nothing(path):
    started = time.perf_counter()
    grid = Excel(far_away(path)).read()[0]
    assert time.perf_counter() - started < 2
    assert grid.cut
    assert max(grid.cells) <= (10_000, 200)


def test_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "okr.xlsx")
    assert str(refusal(tmp_path / "okr.xlsx")) == "“okr.xlsx” is not an ordinary file."


# --- somebody has it open ----------------------------------------------------------------------------------------------

OWNER_FILE = b"\x03Ana".ljust(55) + b"\x03\0" + "Ana".ljust(54).encode("utf-16-le")


def test_an_open_workbook_is_read_but_not_written(path):
    mark = path.with_name("~$okr.xlsx")
    mark.write_bytes(OWNER_FILE)
    before = path.read_bytes()
    workbook = Excel(path)
    workbook.read()
    assert workbook.lock_holder() == "Ana (Excel)"
    with pytest.raises(WorkbookLocked) as caught:
        workbook.apply(EDITS)
    assert str(caught.value) == "“okr.xlsx” is open: Ana (Excel)."
    assert path.read_bytes() == before
    mark.unlink()
    assert workbook.lock_holder() is None
    workbook.apply(EDITS)
    assert value(path, RESULT) == 42.0


def test_an_open_workbook_is_no_matter_where_nothing_changes(path):
    path.with_name("~$okr.xlsx").write_bytes(OWNER_FILE)
    workbook = Excel(path)
    workbook.read()
    before = path.stat()
    workbook.apply([CellEdit(RESULT, Decimal(41))])
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_locks_can_be_ignored_on_request(path):
    path.with_name("~$okr.xlsx").write_bytes(OWNER_FILE)
    workbook = Excel(path, ignore_locks=True)
    workbook.read()
    workbook.apply(EDITS)
    assert value(path, RESULT) == 42.0


def test_a_workbook_that_is_opened_while_we_write_is_left_alone(path):
    looks = []

    def clock() -> float:
        looks.append(None)
        if len(looks) == 3:  # read, first look, second look
            path.with_name("~$okr.xlsx").write_bytes(OWNER_FILE)
        return time.time()

    before = path.read_bytes()
    workbook = Excel(path, clock=clock)
    workbook.read()
    with pytest.raises(WorkbookLocked):
        workbook.apply(EDITS)
    assert len(looks) == 3
    assert (path.read_bytes(), files(path.parent)) == (before, ["okr.xlsx", "~$okr.xlsx"])


# --- somebody saves ----------------------------------------------------------------------------------------------------


def test_the_same_bytes_under_a_new_time_are_no_change(path):
    workbook = Excel(path)
    workbook.read()
    path.write_bytes(path.read_bytes())
    os.utime(path, (1, 1))
    workbook.apply(EDITS)
    assert value(path, RESULT) == 42.0


def test_a_save_while_we_write_wins(path):
    looks = []

    def clock() -> float:
        looks.append(None)
        if len(looks) == 3:
            save(path, lambda sheet: sheet.insert_rows(2))
        return time.time()

    workbook = Excel(path, clock=clock)
    workbook.read()
    with pytest.raises(WorkbookChanged):
        workbook.apply(EDITS)
    assert value(path, CellRef("Plan", 3, 2)) == 41.0
    assert files(path.parent) == ["okr.xlsx"]


def test_a_workbook_that_is_half_written_is_tried_again_later(path):
    whole = path.read_bytes()
    path.write_bytes(whole[:1000])

    class Saving(Excel):
        def _package(self, version):
            try:
                return super()._package(version)
            finally:
                path.write_bytes(whole)

    with pytest.raises(WorkbookChanged, match="was being saved while it was read"):
        Saving(path).read()


def save(path: Path, change) -> bytes:
    """A colleague's save, as Excel does it: another file takes the name."""
    book = openpyxl.load_workbook(path)
    change(book["Plan"])
    other = path.with_name("5D3F2000")
    book.save(other)
    other.replace(path)
    return path.read_bytes()


def typed(sheet):
    sheet["H9"] = "theirs"


def inserted(sheet):
    sheet.insert_rows(3)


def deleted(sheet):
    sheet.delete_rows(4)


def sorted_by_name(sheet):
    rows = sorted(([cell.value for cell in row] for row in sheet.iter_rows(min_row=2)), key=lambda row: str(row[0]), reverse=True)
    for at, row in enumerate(rows, start=2):
        for column, content in enumerate(row, start=1):
            sheet.cell(at, column).value = content


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.sampled_from([typed, inserted, deleted, sorted_by_name]), min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(1, 12), st.integers(1, 9), st.integers(-999, 999)), min_size=1, max_size=6),
    st.booleans(),
)
def test_whatever_a_colleague_does_meanwhile_their_bytes_stay(changes, cells, put_back_the_time):
    with tempfile.TemporaryDirectory() as folder:
        # A number in a cell with a date's format is a date when it is read again.
        plain = {ref: cell for ref, cell in CELLS.items() if not cell.formula and not isinstance(cell.value, datetime)}
        path = build(Path(folder, "okr.xlsx"), plain)
        workbook = Excel(path)
        workbook.read()
        before = path.stat()
        for change in changes:
            theirs = save(path, change)
        if put_back_the_time:
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        with pytest.raises(WorkbookChanged):
            workbook.apply([CellEdit(CellRef("Plan", row, column), Decimal(number)) for row, column, number in cells])
        assert path.read_bytes() == theirs
        assert files(Path(folder)) == ["okr.xlsx"]
        workbook.read()
        row, column, number = cells[0]
        workbook.apply([CellEdit(CellRef("Plan", row, column), Decimal(number))])
        assert value(path, CellRef("Plan", row, column)) == float(number)


# --- safety copies and left-overs --------------------------------------------------------------------------------------


def test_what_others_saved_is_kept_once_before_it_is_replaced(path, tmp_path):
    folder = tmp_path / "state" / "backups"
    original = path.read_bytes()
    workbook = Excel(path, backups=folder)
    workbook.read()
    workbook.apply([CellEdit(RESULT, Decimal(41))])
    assert not folder.exists()
    for number in (42, 43, 44):
        workbook.apply([CellEdit(RESULT, Decimal(number))])
    assert [copy.read_bytes() for copy in folder.iterdir()] == [original]
    theirs = save(path, typed)
    workbook.read()
    workbook.apply([CellEdit(RESULT, Decimal(45))])
    assert sorted(copy.read_bytes() for copy in folder.iterdir()) == sorted([original, theirs])


def test_only_so_many_copies_are_kept(path, tmp_path):
    for number in range(100, 105):
        workbook = Excel(path, backups=tmp_path / "backups", keep_backups=2)
        workbook.read()
        workbook.apply([CellEdit(RESULT, Decimal(number))])
    kept = sorted((tmp_path / "backups").iterdir())
    assert [value(copy, RESULT) for copy in kept] == [102.0, 103.0]


def test_without_a_safety_copy_nothing_is_written(path, tmp_path):
    (tmp_path / "backups").write_bytes(b"a file where the folder should be")
    before = path.read_bytes()
    workbook = Excel(path, backups=tmp_path / "backups")
    workbook.read()
    with pytest.raises(WorkbookError, match=r"No safety copy of “okr\.xlsx” could be made, so nothing was written"):
        workbook.apply(EDITS)
    assert path.read_bytes() == before


def test_reading_sweeps_what_a_dead_run_left(path):
    left = path.with_name(".sheetsync-0123abcd.tmp")
    left.write_bytes(b"half")
    Excel(path).read()
    assert left.exists()
    Excel(path, clock=lambda: time.time() + 3601).read()
    assert files(path.parent) == ["okr.xlsx"]


def test_conflict_copies_are_named(path):
    path.with_name("okr (Ana's conflicted copy 2026-03-14).xlsx").write_bytes(b"")
    assert Excel(path).conflict_copies() == ["okr (Ana's conflicted copy 2026-03-14).xlsx"]
