"""A plan goes over to the next period: in a new file, with what people wrote, without what was measured."""

from __future__ import annotations

import csv
import hashlib
import json
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.styles import PatternFill

from sheetsync.okr.progress import COLOURS, Status
from sheetsync.rollover import GRADES
from sheetsync.template import write_template
from tests.conftest import HEADINGS, Done

Command = Callable[..., Done]
COLUMNS = (*HEADINGS, "Period", "Note")
LINK = "https://example.com/r?from={period.start}&to={period.end}"
ROWS: list[tuple[Any, ...]] = [
    (
        "Content",
        "O1 Be read",
        "KR1 Readers",
        "number",
        0,
        100,
        80,
        LINK,
        0.8,
        "off track",
        "fresh",
        "2027-03-30",
        "2027-Q1",
        "mine",
    ),
    (None, None, "KR2 Open rate", "percent", 0.2, 0.4, 0.5, "manual:", "=1+1", "done", "manual", None, "2027-Q1", "=1+2"),
    (None, None, "KR3 Handbook", "yes-no", None, "yes", "no", "manual:", 0, "off track", None, None, "2027-Q1", None),
    (None, None, "KR4 Sum", "number", 0, 10, "=2+3", "manual:", 0.5, "off track", None, None, "2027-Q1", None),
    ("Brand", "O2 Be known", "KR5 Year's fame", "number", 0, 10, 4, "manual:", 0.4, "on track", None, None, "2027", None),
    (None, None, "=KR6", "number", 5, 10, None, "manual:", None, None, None, None, "2027-Q1", None),
]
MEASURED = ("Result", "Progress", "Status", "Sync", "As of")


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = "Plan"
    page.append(list(COLUMNS))
    for row in ROWS:
        page.append(list(row))
    page["C7"].data_type = "s"  # a name that begins like a formula
    for row in (3,):
        for column in ("E", "F", "G"):
            page[f"{column}{row}"].number_format = "0%"
    page["I2"].fill = PatternFill("solid", fgColor="FF" + COLOURS[Status.OFF_TRACK])
    page["C2"].fill = PatternFill("solid", fgColor="FF123456")
    page.column_dimensions["C"].width = 44
    page.freeze_panes = "D2"
    book.create_sheet("Notes")["B2"] = "=Plan!G2*2"
    book.save(tmp_path / "okr.xlsx")
    book.close()
    return tmp_path / "okr.xlsx"


def table(path: Path) -> list[dict[str, Any]]:
    book = openpyxl.load_workbook(path)
    rows = [
        dict(zip(COLUMNS, (cell.value for cell in row), strict=True)) for row in book["Plan"].iter_rows(min_row=2, max_col=14)
    ]
    book.close()
    return rows


def test_what_people_wrote_stays_and_what_was_measured_goes(command: Command, plan: Path) -> None:
    before, digest = table(plan), hashlib.sha256(plan.read_bytes()).digest()
    done = command("rollover", "okr.xlsx", "--to", "2027-Q2", "--json")
    assert done.code == 0, done.err
    assert hashlib.sha256(plan.read_bytes()).digest() == digest
    new = plan.with_name("okr-2027-Q2.xlsx")
    assert (Path(done.json["workbook"]), done.json["rows"], done.json["left"]) == (new, 5, [])
    for old, fresh in zip(before, table(new), strict=True):
        if old["Period"] == "2027":  # the year goes on
            assert fresh == old
            continue
        assert fresh["Period"] == "2027-Q2"
        for name in COLUMNS:
            if name in MEASURED:
                assert fresh[name] == (old[name] if str(old[name]).startswith("=") else None), name
            elif name != "Period":
                assert fresh[name] == old[name], name


def test_decoration_stays_but_for_the_colour_of_progress(command: Command, plan: Path) -> None:
    assert command("rollover", "okr.xlsx", "--to", "2027-Q2").code == 0
    book = openpyxl.load_workbook(plan.with_name("okr-2027-Q2.xlsx"))
    page = book["Plan"]
    assert page["C2"].fill.fgColor.rgb == "FF123456"
    assert page["I2"].fill.fill_type is None
    assert (page.column_dimensions["C"].width, page.freeze_panes) == (44, "D2")
    assert book["Notes"]["B2"].value == "=Plan!G2*2"
    book.close()


def test_the_last_results_become_the_new_starts_where_that_is_asked(command: Command, plan: Path) -> None:
    assert command("rollover", "okr.xlsx", "--to", "2027-Q2", "--carry-starts", "--out", "next.xlsx").code == 0
    starts = [row["Start"] for row in table(plan.with_name("next.xlsx"))]
    assert starts == [80, 0.5, None, 0, 0, 5]  # a formula without a kept value has no figure; the year goes on


@pytest.mark.parametrize("name", ["grades.json", "grades.csv"])
def test_the_grades_of_the_old_plan_are_kept(command: Command, plan: Path, name: str) -> None:
    assert command("rollover", "okr.xlsx", "--to", "2027-Q2", "--grades", name).code == 0
    file = plan.with_name(name)
    if name.endswith("csv"):
        with file.open(encoding="utf-8-sig", newline="") as text:
            found: list[dict[str, Any]] = list(csv.DictReader(text))
        assert found[-1]["key_result"] == "'=KR6"
        assert [row["progress"] for row in found] == ["0.8", "1.5", "0.0", "", ""]
    else:
        found = json.loads(file.read_text(encoding="utf-8"))["grades"]
        assert [row["progress"] for row in found] == [0.8, 1.5, 0.0, None, None]
    assert [row["status"] for row in found] == ["at risk", "done", "off track", "no result yet", "no result yet"]
    assert tuple(found[0]) == GRADES


def test_a_sheet_that_is_named_after_its_period_is_renamed(command: Command, tmp_path: Path, plan: Path) -> None:
    write_template(tmp_path / "new.xlsx", "en", "2027-Q1")
    done = command("rollover", "new.xlsx", "--to", "2027-Q2", "--json")
    assert (done.code, done.json["left"]) == (0, [])
    with (
        closing(openpyxl.load_workbook(tmp_path / "new.xlsx")) as old,
        closing(openpyxl.load_workbook(tmp_path / "new-2027-Q2.xlsx")) as new,
    ):
        assert [name.replace("2027-Q1", "2027-Q2") for name in old.sheetnames] == new.sheetnames
    with zipfile.ZipFile(tmp_path / "new-2027-Q2.xlsx") as package:
        assert [name for name in package.namelist() if b"2027-Q1'!" in package.read(name)] == []


def test_macros_and_computed_addresses_leave_the_name_to_a_person(command: Command, plan: Path) -> None:
    with closing(openpyxl.load_workbook(plan)) as book:
        book["Plan"].title = "2027-Q1"
        book["Notes"]["B2"] = "='2027-Q1'!G2*2"
        book["Notes"]["B3"] = '=INDIRECT(A1&"!G2")'
        book.save(plan)
    done = command("rollover", "okr.xlsx", "--to", "2027-Q2", "--json")
    assert done.code == 0
    why, what = done.json["left"]
    assert "INDIRECT" in why
    assert "2027-Q1" in what
    with closing(openpyxl.load_workbook(plan.with_name("okr-2027-Q2.xlsx"))) as book:
        assert book.sheetnames == ["2027-Q1", "Notes"]
        assert book["Notes"]["B2"].value == "='2027-Q1'!G2*2"


@pytest.mark.parametrize(
    ("words", "code", "part"),
    [
        (("--to", "soon"), 2, "soon"),
        (("--to", "2027-Q1"), 2, "already"),
        (("--to", "2027-Q2", "--out", "okr.xlsx"), 2, "there already"),
        (("--to", "2027-Q2", "--out", "next.xlsm"), 2, ".xlsx"),
        (("--to", "2027-Q2", "--grades", "there.json"), 2, "there already"),
    ],
)
def test_where_it_cannot_be_done_nothing_is_left_behind(
    command: Command, plan: Path, words: tuple[str, ...], code: int, part: str
) -> None:
    plan.with_name("there.json").write_text("mine")
    before = {path.name: path.read_bytes() for path in plan.parent.iterdir()}
    done = command("rollover", "okr.xlsx", *words)
    assert (done.code, part in done.err) == (code, True), done.err
    assert {path.name: path.read_bytes() for path in plan.parent.iterdir()} == before


def test_a_workbook_that_is_none_is_refused_and_not_copied(command: Command, plan: Path) -> None:
    plan.write_bytes(b"nothing of the kind")
    assert command("rollover", "okr.xlsx", "--to", "2027-Q2").code == 3
    assert [path.name for path in plan.parent.iterdir()] == ["okr.xlsx"]
