"""The workbook that `sheetsync init` hands out: what is put in is found again, and each build gives the same bytes."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from sheetsync import template
from sheetsync.errors import ConfigError
from sheetsync.model import Column, KeyResult, Kind
from sheetsync.okr import layout, period, rules, scan
from sheetsync.okr.progress import COLOURS, progress
from sheetsync.template import Content, PlannedGroup, PlannedKeyResult, PlannedObjective, build, write_template
from sheetsync.texts import LANGUAGES, Language
from sheetsync.workbooks.excel import Excel

COMMITTED = Path(__file__).parents[1] / "templates"
COMMITTED_PERIOD = "2027-Q1"
TODAY = date(2027, 2, 1)


def rows_of(path: Path) -> list[KeyResult]:
    return scan.scan(Excel(path).read(), today=TODAY)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_committed_templates_are_what_is_built(language: Language, tmp_path: Path) -> None:
    """To make them again: `python -c "from pathlib import Path; from sheetsync.template import write_template as w; …"`."""
    path = tmp_path / "okr.xlsx"
    write_template(path, language, COMMITTED_PERIOD)
    assert path.read_bytes() == (COMMITTED / f"okr.{language}.xlsx").read_bytes()


@pytest.mark.parametrize("language", LANGUAGES)
def test_scan_finds_what_was_put_in(language: Language, tmp_path: Path) -> None:
    path = tmp_path / "okr.xlsx"
    planned = Content("Team", period.quarter(2026, 4), (
        PlannedGroup("Overall", (PlannedObjective("O1 Grow", (
            PlannedKeyResult("KR1.1 Deals", Kind.NUMBER, 10, 50, 12, "rollup:sum", "Ann"),
            PlannedKeyResult("KR1.2 Share of the market", Kind.PERCENT, 0.1, 0.25, link="file:a.csv#share(stage:SQL)"),
        )),), overall=True),
        PlannedGroup("Team B", (
            PlannedObjective("O2 Save", (
                PlannedKeyResult("KR2.1 Cost", Kind.AT_MOST, 80, 60, link="https://example.com/report?id=1", aligned_to="KR1.1"),
            ), empty_rows=2),
            PlannedObjective("O3 Learn", (
                PlannedKeyResult("KR3.1 Passed", Kind.YES_NO, None, layout.YES[language == "zh"], link="manual:"),
            )),
        )),
    ))  # fmt: skip
    path.write_bytes(build(planned, language))
    rows = rows_of(path)
    found = [(r.group, r.objective_id, r.objective, r.kr_id, r.name, r.kind, r.start, r.target, r.result) for r in rows]
    assert found == [
        ("Overall", "O1", "Grow", "KR1.1", "Deals", Kind.NUMBER, Decimal(10), Decimal(50), Decimal(12)),
        ("Overall", "O1", "Grow", "KR1.2", "Share of the market", Kind.PERCENT, Decimal("0.1"), Decimal("0.25"), None),
        ("Team B", "O2", "Save", "KR2.1", "Cost", Kind.AT_MOST, Decimal(80), Decimal(60), None),
        ("Team B", "O3", "Learn", "KR3.1", "Passed", Kind.YES_NO, None, Decimal(1), None),
    ]
    assert [row.link_text for row in rows] == [
        "rollup:sum", "file:a.csv#share(stage:SQL)", "https://example.com/report?id=1", "manual:",
    ]  # fmt: skip
    assert [row.owner for row in rows] == ["Ann", "", "", ""]
    assert [row.aligned_to for row in rows] == ["", "", "KR1.1", ""]
    assert all(row.period == period.quarter(2026, 4) for row in rows)
    assert all(set(row.refs) == set(template.COLUMNS) for row in rows)
    assert not any(row.cells[Column.PROGRESS].conditional for row in rows)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_starting_plan_is_in_good_form(language: Language) -> None:
    rows = rows_of(COMMITTED / f"okr.{language}.xlsx")
    assert len({row.group for row in rows}) == len(rows) == 6
    assert {row.kind for row in rows} == set(Kind)
    assert [finding.rule for finding in rules.findings(rows)] == []
    assert all(row.result is None and row.period == period.quarter(2027, 1) for row in rows)
    assert all(row.cells[Column.PROGRESS].formula and row.cells[Column.PROGRESS].conditional for row in rows)
    assert str(rows[0].source) == "rollup:progress"


@pytest.mark.parametrize("language", LANGUAGES)
def test_how_it_is_laid_out(language: Language) -> None:
    book = openpyxl.load_workbook(COMMITTED / f"okr.{language}.xlsx")
    sheet, guide = book.worksheets
    index = language == "zh"
    (heading,) = (
        row for row in sheet.iter_rows() if any(cell.value == layout.HEADINGS[Column.KEY_RESULT][index] for cell in row)
    )
    texts = [cell.value for cell in heading if cell.value]
    assert texts == [layout.HEADINGS[column][index] for column in template.COLUMNS]
    assert texts.index(layout.HEADINGS[Column.DATA_LINK][index]) == texts.index(layout.HEADINGS[Column.RESULT][index]) + 1
    assert sheet.title == COMMITTED_PERIOD
    assert sheet.freeze_panes == f"D{heading[0].row + 1}"
    assert sheet.print_title_rows == f"${heading[0].row}:${heading[0].row}"
    assert (sheet.page_setup.orientation, sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == ("landscape", 1, 0)
    assert all("&P" in (page.oddFooter.right.text or "") for page in (sheet, guide))
    kinds = next(rule for rule in sheet.data_validations.dataValidation if rule.type == "list")
    assert kinds.formula1 == '"' + ",".join(layout.KINDS[kind][index] for kind in Kind) + '"'
    (covered,) = sheet.conditional_formatting
    colours = {rule.formula[0]: rule.dxf.fill.bgColor.rgb[2:] for rule in covered.rules}
    assert list(colours.values()) == list(COLOURS.values())
    assert all(f'"{word}"' in "".join(colours) for pair in layout.STATUSES.values() for word in pair)
    said = {str(cell.value) for row in guide.iter_rows() for cell in row}
    assert {pair[index] for words in (layout.STATES, layout.STATUSES) for pair in words.values()} <= said


def test_teams_get_their_own_blocks(tmp_path: Path) -> None:
    path = tmp_path / "okr.xlsx"
    write_template(path, "en", "2027", ["Events & Fairs", " ", "Partners"])
    rows = rows_of(path)
    assert [row.group for row in rows] == ["Marketing overall", "Events & Fairs", "Partners", "Personal development: name"]
    assert {row.period for row in rows} == {period.year(2027)}
    assert [finding.rule for finding in rules.findings(rows)] == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "okr.xlsx"
    path.write_bytes(b"mine")
    with pytest.raises(ConfigError):
        write_template(path, "en", "2027-Q1")
    assert path.read_bytes() == b"mine"


def test_no_period_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        write_template(tmp_path / "okr.xlsx", "en", "next spring")
    with pytest.raises(ConfigError):
        write_template(tmp_path / "nowhere" / "okr.xlsx", "en", "2027")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_the_formula_agrees_with_the_engine(tmp_path: Path) -> None:
    """LibreOffice computes each row, and the engine computes it from the same cells."""
    figures = (None, -5, 0, 40, 50.5, 100, "words")
    numbers = [
        (kind, start, target, result)
        for kind, start, target, result in itertools.product(
            (Kind.NUMBER, Kind.PERCENT, Kind.AT_LEAST, Kind.AT_MOST), (None, 0, 50.5, 100, "words"), figures, figures
        )
    ]
    answers = (None, True, False, 0, 1, 3, -1, "yes", "NO", "是", "未完成", "✓", "perhaps")
    given: list[tuple[str, Any, Any, Any]] = [
        (layout.KINDS[kind][number % 2], start, target, result) for number, (kind, start, target, result) in enumerate(numbers)
    ]
    given += [
        (kind, None, target, result) for kind in ("yes-no", "是否", "leads") for target in ("yes", True) for result in answers
    ]
    path = tmp_path / "okr.xlsx"
    planned = tuple(PlannedKeyResult(f"Row {number}", Kind.NUMBER, target=1) for number in range(len(given)))
    content = Content("Team", period.year(2027), (PlannedGroup("All", (PlannedObjective("O1 Try", planned),)),))
    path.write_bytes(build(content, "en", native=True))
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    row_of = {str(cell.value): cell.row for (cell,) in sheet.iter_rows(min_col=3, max_col=3) if cell.value}
    for number, values in enumerate(given):
        for column, value in zip("DEFG", values, strict=True):
            sheet[f"{column}{row_of[f'Row {number}']}"].value = value
            sheet[f"{column}{row_of[f'Row {number}']}"].number_format = (
                "0%" if values[0] in layout.KINDS[Kind.PERCENT] else "General"
            )
    book.save(path)
    subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to",
         "xlsx:Calc MS Excel 2007 XML", "--outdir", str(tmp_path / "out"), str(path)],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    computed = openpyxl.load_workbook(tmp_path / "out" / "okr.xlsx", data_only=True).worksheets[0]
    by_name = {row.name: row for row in rows_of(path)}
    compared = 0
    for number, values in enumerate(given):
        row = by_name.get(f"Row {number}")
        if row is None:  # neither target nor result: no key result
            assert values[2] is None, values
            assert values[3] is None, values
            continue
        reached = progress(row.kind, row.start, row.target, row.result)
        shown = computed[f"I{row_of[f'Row {number}']}"].value
        if isinstance(reached, Decimal):
            compared += 1
            assert isinstance(shown, int | float), (values, reached, shown)
            assert float(shown) == pytest.approx(float(reached)), values
        else:
            assert shown in (None, ""), (values, reached, shown)
    assert compared > 300
