"""A sheet gets a new name, and whatever refers to it follows; LibreOffice computes the same."""

from __future__ import annotations

import io
import subprocess
import zipfile
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from sheetsync.errors import CannotEdit
from sheetsync.workbooks._ooxml.renaming import _in_formula, renamed
from tests.conftest import needs

OLD, NEW = "2027-Q1", "2027-Q2"


def book(formula: str = f"='{OLD}'!A2") -> bytes:
    """What may refer to a sheet: formulas, a name, a chart, a rule, a list, a link, a sparkline, print titles."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as made:
        plan, notes = made.add_worksheet(OLD), made.add_worksheet("Notes & more")
        plan.write_column("A1", [1, 2, 3])
        plan.write("C1", "'2027-Q1'!A1 is a text")
        plan.repeat_rows(0)
        notes.write_formula("A1", f"=SUM('{OLD}'!A1:A3)", value=6)
        notes.write_formula("A2", formula, value=2)
        notes.write_formula("A3", "=Known", value=6)
        made.define_name("Known", f"=SUM('{OLD}'!$A$1:$A$3)")
        chart = made.add_chart({"type": "line"})
        chart.add_series({"values": f"='{OLD}'!$A$1:$A$3", "name": f"='{OLD}'!$C$1"})
        notes.insert_chart("D4", chart)
        notes.conditional_format("A1:A3", {"type": "formula", "criteria": f"='{OLD}'!$A$1>0"})
        notes.data_validation("B1", {"validate": "list", "source": f"='{OLD}'!$A$1:$A$3"})
        notes.write_url("B2", f"internal:'{OLD}'!A1", string="there")
        notes.add_sparkline("B3", {"range": f"'{OLD}'!A1:A3"})
    return stream.getvalue()


def parts(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return {name: package.read(name) for name in package.namelist()}


def test_all_that_refers_to_it_follows_and_the_rest_stays(tmp_path: Path) -> None:
    before, after = parts(book()), parts(renamed(book(), {OLD: NEW}))
    assert list(before) == list(after)
    touched = {name for name in before if before[name] != after[name]}
    charts = {name for name in before if "/charts/chart" in name}
    assert touched == {"xl/workbook.xml", "xl/worksheets/sheet2.xml", "docProps/app.xml", *charts}
    for name in touched:
        assert OLD.encode() not in after[name].replace(b"'2027-Q1'!A1 is a text", b""), name
        assert after[name].replace(NEW.encode(), OLD.encode()) == before[name], name
    (tmp_path / "new.xlsx").write_bytes(renamed(book(), {OLD: NEW}))
    home = f"-env:UserInstallation={(tmp_path / 'office').as_uri()}"
    form = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"
    words = [needs("soffice"), "--headless", home, "--convert-to", form, "--outdir", str(tmp_path), str(tmp_path / "new.xlsx")]
    subprocess.run(words, check=True, capture_output=True, timeout=120)
    (table,) = tmp_path.glob("new-Notes*.csv")
    assert [line.partition(",")[0] for line in table.read_text(encoding="utf-8").splitlines()[:3]] == ["6", "2", "6"]


@pytest.mark.parametrize(
    ("names", "said"),
    [({OLD: "Notes & more"}, "cannot be named"), ({"Gone": NEW}, "cannot be named"), ({OLD: "a/b"}, "cannot be named")],
)
def test_a_name_that_cannot_be_is_refused(names: dict[str, str], said: str) -> None:
    with pytest.raises(CannotEdit) as told:
        renamed(book(), names)
    assert said in told.value.template


@pytest.mark.parametrize(
    "formula", ['="\'2027-Q1\'!"&"A2"', "=SUM('2027-Q1:Notes & more'!A1)", "=SUM('Notes & more:2027-Q1'!A1)", '=INDIRECT("x")']
)
def test_what_cannot_follow_is_refused(formula: str) -> None:
    with pytest.raises(CannotEdit):
        renamed(book(formula), {OLD: NEW})


@pytest.mark.parametrize(
    ("formula", "after"),
    [
        ("'2027-Q1'!A1+'2027-q1'!B2", "'2027-Q2'!A1+'2027-Q2'!B2"),
        ("'12027-Q1'!A1", "'12027-Q1'!A1"),
        ("'[1]2027-Q1'!A1", "'[1]2027-Q1'!A1"),
        ("\"'2027-Q1'!A1\"", "\"'2027-Q1'!A1\""),
        ("A2027-Q1!B1", "A2027-Q1!B1"),
        ("2027-Q1", "2027-Q1"),
    ],
)
def test_a_formula(formula: str, after: str) -> None:
    assert _in_formula(formula, OLD, NEW) == after


@given(st.text(alphabet="AB12'\"!:+,()-Q07 ", max_size=40))
def test_there_and_back_is_the_same(formula: str) -> None:
    if NEW.casefold() not in formula.casefold() and "'2027-q1" not in formula:
        assert _in_formula(_in_formula(formula, OLD, NEW), NEW, OLD) == formula
