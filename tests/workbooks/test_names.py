"""What a path and the first bytes of a file tell."""

from __future__ import annotations

import io
import unicodedata
import zipfile

import pytest

from sheetsync.errors import CannotEdit, WorkbookError
from sheetsync.workbooks import _names


def package(content_type: str, encoding: str = "utf-8") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        text = f'<?xml version="1.0"?><Types><Override PartName="/xl/workbook.xml" ContentType="{content_type}"/></Types>'
        archive.writestr("[Content_Types].xml", text.encode(encoding))
    return buffer.getvalue()


PLAIN = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
MACROS = "application/vnd.ms-excel.sheet.macroEnabled.main+xml"


@pytest.mark.parametrize("name", ["okr.xlsx", "OKR.XLSX", "plan.xlsm", "目标 2026.xlsx", "a.b.xlsx"])
def test_names_that_are_taken(tmp_path, name):
    assert _names.require_name(tmp_path / name) is None


@pytest.mark.parametrize("name", ["okr.xls", "okr.xlsb", "okr.ods", "okr.csv", "okr.xltx", "okr.numbers", "okr", "okr.xlsx.bak"])
def test_other_formats_are_refused(tmp_path, name):
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(CannotEdit) as caught:
        _names.require_name(tmp_path / name)
    assert str(caught.value) == f"“{name}” is not an .xlsx or .xlsm file, and only those can be edited."
    assert caught.value.advice == "Open it in a spreadsheet program and save it as an Excel workbook (.xlsx)."


def test_a_folder_is_left_to_a_better_sentence(tmp_path):
    assert _names.require_name(tmp_path) is None


@pytest.mark.parametrize("name", ["~$okr.xlsx", ".~okr.xlsx", ".~lock.okr.xlsx#"])
def test_marks_beside_a_workbook_are_refused(tmp_path, name):
    with pytest.raises(WorkbookError, match="is the mark that a spreadsheet program leaves beside an open workbook"):
        _names.require_name(tmp_path / name)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"PK\3\4" + b"\0" * 26 + b"mimetypeapplication/vnd.oasis", "is an OpenDocument file under another name."),
        (b"PK\3\4" + b"\0" * 26 + b"xl/workbook.bin", "is a binary Excel workbook (.xlsb) under another name."),
    ],
)
def test_other_contents_are_refused(data, sentence):
    with pytest.raises(CannotEdit) as caught:
        _names.require_content("okr.xlsx", data)
    assert sentence in str(caught.value)
    assert str(caught.value).startswith("“okr.xlsx” ")


@pytest.mark.parametrize(
    ("name", "content_type", "sentence"),
    [
        ("okr.xlsx", MACROS, "is a workbook with macros under the name of one without; Excel refuses to open it."),
        ("okr.XLSM", PLAIN, "is a workbook without macros under the name of one with them; Excel refuses to open it."),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_extension_and_kind_must_agree(tmp_path, name, content_type, sentence, encoding):
    with pytest.raises(CannotEdit) as caught:
        _names.require_kind(tmp_path / name, package(content_type, encoding))
    assert str(caught.value) == f"“{name}” {sentence}"


@pytest.mark.parametrize(("name", "content_type"), [("okr.xlsx", PLAIN), ("okr.xlsm", MACROS), ("okr.xlsx", "something/new")])
def test_extension_and_kind_that_agree(tmp_path, name, content_type):
    assert _names.require_kind(tmp_path / name, package(content_type)) is None
    assert _names.require_kind(tmp_path / name, b"PK no package") is None


def test_links_and_relative_parts_are_followed(tmp_path, monkeypatch):
    (tmp_path / "plans").mkdir()
    real = tmp_path / "plans" / "okr 2026.xlsx"
    real.write_bytes(b"PK")
    (tmp_path / "current.xlsx").symlink_to("plans/okr 2026.xlsx")
    monkeypatch.chdir(tmp_path / "plans")
    for typed in (tmp_path / "current.xlsx", tmp_path / "plans" / ".." / "current.xlsx", real.relative_to(tmp_path / "plans")):
        assert _names.resolve(typed) == real
        assert _names.identity(_names.resolve(typed)) == str(real)


@pytest.mark.parametrize(("typed", "stored"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_a_name_in_other_signs_is_found(tmp_path, typed, stored):
    (tmp_path / unicodedata.normalize(stored, "Läufe.xlsx")).write_bytes(b"PK")
    found = _names.resolve(tmp_path / unicodedata.normalize(typed, "Läufe.xlsx"))
    assert found.read_bytes() == b"PK"


def test_a_name_in_another_case_is_only_a_hint(tmp_path):
    (tmp_path / "OKR Plan.xlsx").write_bytes(b"PK")
    assert _names.resolve(tmp_path / "okr plan.xlsx").name == "okr plan.xlsx"
    assert _names.similar(tmp_path / "okr plan.xlsx") == "OKR Plan.xlsx"


def test_where_the_disk_folds_cases_the_identity_does(tmp_path, monkeypatch):
    path = tmp_path / unicodedata.normalize("NFD", "Läufe.XLSX")
    path.write_bytes(b"PK")
    assert _names.identity(path) == str(path)
    monkeypatch.setattr(_names.Path, "samefile", lambda self, other: self.name.casefold() == other.name.casefold())
    assert _names.identity(path) == unicodedata.normalize("NFC", str(path)).casefold()
    (other := path.with_name(path.name.lower())).write_bytes(b"PK")  # on such a disk both names lead to one file
    assert _names.identity(other) == _names.identity(path)


def test_marks_and_hidden_files_are_no_hint(tmp_path):
    for name in ("~$okr.xlsx", ".okr.xlsx", "okr.csv"):
        (tmp_path / name).write_bytes(b"")
    assert _names.similar(tmp_path / "okr1.xlsx") is None
    assert _names.similar(tmp_path / "gone" / "okr1.xlsx") is None


def test_conflict_copies_are_found(tmp_path):
    ours = [
        "okr (Ana's conflicted copy 2026-03-14).xlsx",
        "okr (conflicted copy 2026-03-14 092653).xlsx",
        "okr-DESKTOP-7GH2K1.xlsx",
        "okr.sync-conflict-20260314-092653-ABCDEFG.xlsx",
    ]
    for name in (*ours, "okr.xlsx", "okr-2025.xlsx", "okr (1).xlsx", "okr-DESKTOP-7GH2K1.csv", "plan (conflicted copy).xlsx"):
        (tmp_path / name).write_bytes(b"PK")
    assert _names.conflict_copies(tmp_path / "okr.xlsx") == ours
