"""The demo, as a newcomer meets it: every row in the state it should be in, nothing written twice, sources that are real."""

from __future__ import annotations

import csv
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from tests.conftest import Done, needs

Command = Callable[..., Done]


@pytest.fixture(params=["en", "zh"])
def demo(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Command) -> Path:
    monkeypatch.chdir(tmp_path)
    done = command("demo", "plan", "--lang", request.param)
    assert done.code == 0, done.err
    monkeypatch.chdir(tmp_path / "plan")
    return tmp_path / "plan"


def results(folder: Path) -> dict[str, object]:
    """Result of each key result, by its sheet and cell, read by another reader."""
    book = openpyxl.load_workbook(folder / "okr.xlsx")
    found = {}
    for page, first in zip(book.worksheets[:2], (6, 18), strict=True):
        found |= {f"{page.title}!G{row}": page.cell(row, 7).value for row in range(first, page.max_row + 1)}
    book.close()
    return {cell: value for cell, value in found.items() if value is not None}


def place(row: dict[str, str]) -> str:
    return f"{row['sheet']}!{row['cell']}"


def test_every_row_is_in_the_state_it_should_be_in(demo: Path, command: Command) -> None:
    rows = command("run", "--json").json["workbooks"][0]["rows"]
    states = {row["link"]: row["state"] for row in rows}
    broken = [link for link, state in states.items() if state == "broken"]
    assert len(broken) == 1
    assert "mailchimp" in broken[0]
    assert [state for link, state in states.items() if link == "manual:"] == ["manual"]
    assert set(states.values()) == {"unchanged", "broken", "manual"}
    kept = next(row for row in rows if row["state"] == "broken")
    assert kept["old"] == kept["new"]
    assert 0.31 <= kept["new"] <= 0.38


def test_a_second_run_leaves_the_file_alone(demo: Path, command: Command) -> None:
    book = demo / "okr.xlsx"
    before = book.read_bytes(), book.stat().st_mtime_ns
    assert command("run", "--json").json["workbooks"][0]["edits"] == 0
    assert (book.read_bytes(), book.stat().st_mtime_ns) == before


def test_a_new_line_changes_the_rows_that_depend_on_it_and_no_others(demo: Path, command: Command) -> None:
    before = results(demo)
    leads = demo / "data" / "leads.csv"
    lines = list(csv.DictReader(leads.read_text(encoding="utf-8-sig").splitlines()))
    like = next(line for line in lines if "website" in line.values() and "SQL" in line.values())
    with leads.open("a", encoding="utf-8", newline="") as file:
        csv.DictWriter(file, list(like)).writerow(like)
    rows = command("run", "--json").json["workbooks"][0]["rows"]
    fresh = {place(row) for row in rows if row["state"] == "fresh"}
    direct = {place(row) for row in rows if "leads.csv" in row["link"] and "channel:ads" not in row["link"]}
    assert direct <= fresh
    rolled = {place(row) for row in rows if row["link"].startswith("rollup:")}
    assert fresh <= direct | rolled
    after = results(demo)
    assert {cell for cell in after if after[cell] != before.get(cell)} == fresh


def test_another_program_sees_the_same_figures(demo: Path, tmp_path: Path) -> None:
    office = needs("soffice")
    form = "csv:Text - txt - csv (StarCalc):44,34,76"  # commas, quotes, UTF-8
    home = f"-env:UserInstallation=file://{tmp_path}/office"
    words = [office, home, "--headless", "--convert-to", form, "--outdir", str(tmp_path), str(demo / "okr.xlsx")]
    subprocess.run(words, check=True, capture_output=True, timeout=120)
    with (tmp_path / "okr.csv").open(encoding="utf-8-sig", newline="") as file:
        shown = {f"G{number}": line[6] for number, line in enumerate(csv.reader(file), 1) if len(line) > 6}
    first = next(iter(results(demo))).partition("!")[0]
    for where, value in results(demo).items():
        sheet, _, cell = where.partition("!")
        if sheet == first and isinstance(value, int) and not isinstance(value, bool):
            assert shown[cell].replace(",", "") == str(value), cell


def test_the_same_plan_runs_at_a_stand_in_for_google(
    demo: Path, tmp_path: Path, command: Command, request: pytest.FixtureRequest
) -> None:
    language = request.node.callspec.params["demo"]
    local = {
        row["cell"] + row["sheet"]: (row["state"], row["new"]) for row in command("run", "--json").json["workbooks"][0]["rows"]
    }
    done = command("demo", str(tmp_path / "online"), "--google", "--json", "--lang", language)
    assert done.code == 0, done.err
    (report,) = done.json["workbooks"]
    online = {row["cell"] + row["sheet"]: row["new"] for row in report["rows"]}
    assert len(online) == len(local) >= 20
    assert {cell for cell, (state, new) in local.items() if state != "manual" and online[cell] != new} == set()


def test_it_overwrites_nothing(demo: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(demo.parent)
    before = (demo / "okr.xlsx").read_bytes()
    done = command("demo", "plan")
    assert done.code == 2
    assert (demo / "okr.xlsx").read_bytes() == before


def test_the_report_holds_what_it_promises(demo: Path, command: Command) -> None:
    report = json.loads(command("run", "--json").out)["workbooks"][0]
    assert {"workbook", "rows", "edits", "requests", "seconds"} <= set(report)
    assert report["requests"] == 9
    words = "sheet cell group objective key_result link connector state old new progress status message"
    promised = set(words.split())
    assert all(promised <= set(row) for row in report["rows"])
