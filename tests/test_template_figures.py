"""What the workbook computes by itself, with LibreOffice as the judge: the engine computes the same from the same cells."""

from __future__ import annotations

import io
import itertools
import random
import subprocess
import textwrap
import zipfile
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from sheetsync.model import CellEdit, CellRef, Column, KeyResult, Kind
from sheetsync.okr import layout, period, scan
from sheetsync.okr.plan import SYNC_LENGTH
from sheetsync.okr.progress import Share, Status, expected, mean, progress, status
from sheetsync.template import Content, PlannedGroup, PlannedKeyResult, PlannedObjective, build
from sheetsync.template import _figures as figures
from sheetsync.template._formula import begin_formula, end_formula
from sheetsync.texts import Language
from sheetsync.workbooks.excel import Excel
from tests.conftest import needs

Sheets = dict[str, list[list[Any]]]
Judged = tuple[Sheets, list[KeyResult], date]
Compute = Callable[[Path], Sheets]
SEED = 20270101


@pytest.fixture(scope="module")
def computed(tmp_path_factory: pytest.TempPathFactory) -> Compute:
    """Every sheet of a workbook as LibreOffice computes it, read by a third program."""
    office, home = needs("soffice"), tmp_path_factory.mktemp("office")

    def compute(path: Path) -> Sheets:
        words = [office, f"-env:UserInstallation=file://{home}", "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML"]
        done = subprocess.run(
            [*words, "--outdir", str(path.parent / "out"), str(path)], check=True, capture_output=True, timeout=120
        )
        assert b"rror" not in done.stderr, done.stderr
        book = CalamineWorkbook.from_path(str(path.parent / "out" / path.name))
        return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}

    return compute


def at(sheet: Sequence[Sequence[Any]], row: int, column: int) -> Any:
    try:
        return sheet[row - 1][column - 1]
    except IndexError:
        return ""


def fill(path: Path, edits: Sequence[CellEdit]) -> None:
    book = Excel(path)
    book.read()
    book.apply(edits)


def on(path: Path, today: date) -> None:
    """Puts a day in the place of TODAY(), as a person may."""
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    there, fixed = b"<f>TODAY()</f>", f"<f>DATE({today.year},{today.month},{today.day})</f>".encode()
    assert sum(data.count(there) for data in parts.values()) == 1
    with zipfile.ZipFile(path, "w") as package:
        for name, data in parts.items():
            package.writestr(name, data.replace(there, fixed))


def reached(row: KeyResult) -> Decimal | None:
    """The engine's progress; a word where a number belongs gives none."""
    found = progress(row.kind, row.start, row.target, row.result)
    return found if isinstance(found, Decimal) else None


def same(shown: object, wanted: Decimal | None) -> bool:
    if wanted is None:
        return shown in ("", None)
    return isinstance(shown, int | float) and float(shown) == pytest.approx(float(wanted), rel=1e-9, abs=1e-12)


# --- 200 random rows ---------------------------------------------------------------------------------------------------


def random_row(chance: random.Random, number: int, passed: float) -> PlannedKeyResult:
    """A row as people write them: any kind, no start, a goal that falls, a result that is a word, blank or beyond the goal.

    Many are not far from the pace of a period of which the share `passed` is over.
    """
    kind = chance.choice(list(Kind))
    name = f"KR{number} Row"
    if kind is Kind.YES_NO:
        result = chance.choice([None, *layout.YES[:2], *layout.NO[:2], True, False, 0, 1, 3, "perhaps"])
        return PlannedKeyResult(name, kind, None, chance.choice(["yes", "是", True]), result, "manual:")
    places, size = (3, 1.0) if kind is Kind.PERCENT else (chance.choice([0, 2]), chance.choice([10, 1_000, 1e6]))

    def figure() -> float:
        return round(chance.uniform(-0.2 if chance.random() < 0.1 else 0, size), places)

    start = chance.choice([None, None, 0, figure(), figure()])
    target: Any = figure()
    share = passed * chance.uniform(0.6, 1.2)
    near = round((start or 0) + (target - (start or 0)) * share, places + 3)
    if chance.random() < 0.15:
        target = chance.choice([0, start, None, "as many as we can"])
    result = chance.choice([near, near, near, near, figure(), figure(), target, start, 0, None, "soon"])
    return PlannedKeyResult(name, kind, start, target, result, "manual:")


def random_plan(language: Language, label: str, today: date) -> Content:
    chance, found = random.Random(SEED + len(label)), period.parse(label)
    assert found is not None
    passed = float(expected(found, today))
    rows = iter([random_row(chance, number, passed) for number in range(200)])
    teams = []
    for number in range(8):
        sizes = (9, 16) if number % 2 else (25,)
        aims = tuple(
            PlannedObjective(f"O{number}.{part} {'目标' if language == 'zh' else 'Aim'}", tuple(itertools.islice(rows, size)))
            for part, size in enumerate(sizes, start=1)
        )
        teams.append(PlannedGroup(f"Team {number}", aims, overall=not number))
    assert next(rows, None) is None
    people = (PlannedGroup("Ann", (PlannedObjective("O1 Grow", (PlannedKeyResult("KR1 Talks", target=4, result=3),)),)),)
    return Content("Team", found, tuple(teams), people)


@pytest.fixture(scope="module", params=[("en", "2027-Q1", date(2027, 1, 6)), ("zh", "2027", date(2027, 7, 19))], ids=["en", "zh"])
def judged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, computed: Compute) -> Judged:
    """What LibreOffice makes of the plan on a day, once within the first tenth; and the rows as the engine reads them."""
    language, label, today = request.param
    path = tmp_path_factory.mktemp("judged") / "okr.xlsx"
    path.write_bytes(build(random_plan(language, label, today), language))
    rows = scan.scan(Excel(path).read(), today=today)
    told = [
        CellEdit(row.refs[Column.STATUS], layout.STATUSES["off track"][number % 2]) for number, row in enumerate(rows[190:200])
    ]
    fill(path, told)
    on(path, today)
    return computed(path), rows, today


def wanted_status(row: KeyResult, today: date, number: int) -> Status | None:
    done = reached(row)
    if done is None:
        return None
    found = status(done, row.period, today) if not 190 <= number < 200 else Status.OFF_TRACK
    assert isinstance(found, Status)
    return found


def test_progress_and_status_of_200_random_rows_are_the_engines(judged: Judged) -> None:
    sheets, rows, today = judged
    plan, *_, hidden = sheets.values()
    assert len([row for row in rows if row.ref.sheet == next(iter(sheets))]) >= 185, (
        "rows without target and result count for none"
    )
    seen: set[Status | None] = set()
    for number, row in enumerate(rows[:-1]):
        line = row.ref.row
        assert same(at(plan, line, row.refs[Column.PROGRESS].column), reached(row)), row
        assert same(at(hidden, line, 8), reached(row)), row
        found = wanted_status(row, today, number)
        seen.add(found)
        place = "" if found is None else list(Status).index(found) + 1
        assert at(hidden, line, 9) == place, (row, reached(row))
        assert (at(hidden, line, 1), at(hidden, line, 2)) == (row.group, f"{row.objective_id} {row.objective}")
    assert len([row for row in rows if reached(row) is not None]) > 130
    assert seen == {None, *Status} - {Status.NOT_STARTED}


def test_the_review_adds_up_to_what_the_engine_finds(judged: Judged) -> None:
    sheets, rows, today = judged
    review = list(sheets.values())[2]
    plan = list(enumerate(rows[:-1]))
    teams: dict[str, dict[str, list[Decimal]]] = {}
    for _, row in plan:
        of_team = teams.setdefault(row.group, {})
        done = reached(row)
        if done is not None:
            of_team.setdefault(row.objective_id, []).append(done)
    means = {
        team: mean(Share(found) for aim in aims.values() if (found := mean(map(Share, aim))) is not None)
        for team, aims in teams.items()
    }
    shown = {at(review, line, 2): at(review, line, 6) for line in range(10, 21) if at(review, line, 2)}
    assert list(shown) == list(teams)
    for team, value in means.items():
        assert same(shown[team], value), team
    whole = mean(Share(value) for value in means.values() if value is not None)
    assert same(at(review, 5, 2), whole)
    assert rows[0].period is not None
    assert same(at(review, 5, 5), expected(rows[0].period, today))
    statuses = [wanted_status(row, today, number) for number, row in plan]
    good = sum(one in (Status.DONE, Status.ON_TRACK) for one in statuses)
    bad = sum(one in (Status.AT_RISK, Status.OFF_TRACK) for one in statuses)
    assert (at(review, 5, 8), at(review, 5, 11)) == (good, bad)
    counts = [line[3] for line in review if str(line[1])[2:] in {word for pair in layout.STATUSES.values() for word in pair}]
    assert counts == [statuses.count(one) for one in Status]


def test_the_bottlenecks_are_the_rows_furthest_behind(judged: Judged) -> None:
    sheets, rows, today = judged
    review = list(sheets.values())[2]
    late = [
        (reached(row), row) for number, row in enumerate(rows[:-1])
        if wanted_status(row, today, number) in (Status.AT_RISK, Status.OFF_TRACK)
    ]  # fmt: skip
    worst = sorted(late, key=lambda one: (one[0] or 0, one[1].ref.row))[: figures.BOTTLENECKS]
    words = {word for name in ("at risk", "off track") for word in layout.STATUSES[name]}
    listed = [line for line in review if line[10] in words]
    assert [line[1] for line in listed] == [f"{row.kr_id} {row.name}" for _, row in worst]
    assert [line[6] for line in listed] == [row.group for _, row in worst]
    assert all(same(line[11], done) for line, (done, _) in zip(listed, worst, strict=True))


def test_no_cell_shows_an_error_and_no_sheet_is_repaired(judged: Judged) -> None:
    """The check-ins of days to come are not there yet, and said to be so where the charts look."""
    sheets, *_ = judged
    *shown, hidden = sheets.values()
    assert [cell for sheet in shown for line in sheet for cell in line if str(cell).startswith("#")] == []
    errors = {
        (row, column) for row, line in enumerate(hidden, 1) for column, cell in enumerate(line, 1) if str(cell).startswith("#")
    }
    assert errors <= {(row, column) for row in range(5, 19) for column in (28, 29)}


# --- each kind at its edges --------------------------------------------------------------------------------------------


def test_the_formula_agrees_with_the_engine(tmp_path: Path, computed: Compute) -> None:
    """Every kind with every mixture of starts, targets and results, and types that are none."""
    amounts = (None, -5, 0, 40, 50.5, 100, "words")
    straight = (Kind.NUMBER, Kind.PERCENT, Kind.AT_LEAST, Kind.AT_MOST)
    given: list[tuple[Kind, Any, Any, Any, str]] = [
        (kind, start, target, result, layout.KINDS[kind][number % 2])
        for number, (kind, start, target, result) in enumerate(
            itertools.product(straight, (None, 0, 50.5, 100, "words"), amounts, amounts)
        )
    ]
    answers = (None, True, False, 0, 1, 3, -1, "yes", "NO", "是", "未完成", "✓", "perhaps")
    given += [
        (Kind.YES_NO, None, target, result, kind)
        for kind in ("yes-no", "是否", "leads") for target in ("yes", True) for result in answers
    ]  # fmt: skip
    path = tmp_path / "okr.xlsx"
    planned = tuple(
        PlannedKeyResult(f"Row {number}", kind, start, target, result)
        for number, (kind, start, target, result, _) in enumerate(given)
    )
    path.write_bytes(
        build(Content("Team", period.year(2027), (PlannedGroup("All", (PlannedObjective("O1 Try", planned),)),)), "en")
    )
    fill(path, [CellEdit(CellRef("2027", 6 + number, 4), type_) for number, (*_, type_) in enumerate(given)])
    rows = {row.ref.row: row for row in scan.scan(Excel(path).read(), today=date(2027, 2, 1))}
    sheets = computed(path)
    sheet, compared = sheets["2027"], 0
    for number, values in enumerate(given):
        row = rows.get(6 + number)
        if row is None:  # neither target nor result: no key result
            assert values[2] is None, values
            assert values[3] is None, values
            continue
        assert row.name == f"Row {number}"
        wanted = reached(row)
        compared += wanted is not None
        assert same(at(sheet, 6 + number, 9), wanted), (values, wanted, at(sheet, 6 + number, 9))
    assert compared > 300
    assert str(figures.LAST) in str(at(sheets["Review"], 3, 2)), "a plan that is longer than what the review counts says so"


# --- what people do to a plan ------------------------------------------------------------------------------------------


def test_rows_and_teams_that_are_inserted_are_counted(tmp_path: Path, computed: Compute) -> None:
    """As a spreadsheet program inserts them: below a row of the plan, without formulas, and a team of its own at the end."""
    row = PlannedKeyResult("KR1.1 One", target=10, result=5)
    team = PlannedGroup("First", (PlannedObjective("O1 Try", (row,), empty_rows=1),))
    path = tmp_path / "okr.xlsx"
    path.write_bytes(build(Content("Team", period.quarter(2027, 1), (team,)), "en"))
    new = [
        (7, 3, "KR1.2 Two"), (7, 6, Decimal(10)), (7, 7, Decimal(10)),
        (9, 2, "Second"), (10, 2, "O2 Begin"), (11, 3, "KR2.1 Three"), (11, 6, Decimal(8)), (11, 7, Decimal(2)),
        (12, 3, "Total"), (12, 6, Decimal(18)), (13, 2, "A note, and nothing else"),
    ]  # fmt: skip
    fill(path, [CellEdit(CellRef("2027-Q1", line, column), value) for line, column, value in new])
    review = computed(path)["Review"]
    shown = {line[1]: (line[4], line[5]) for line in review[9:15] if line[1]}
    assert shown == {"First": ("1 / 2", pytest.approx(0.75)), "Second": ("0 / 1", pytest.approx(0.25))}
    assert at(review, 5, 2) == pytest.approx(0.5)


LABELS = ("2027", "2027-Q1", "2027-Q4", "2028-02", "2027-12", "2027-01-15..2027-03-10")


def test_the_days_of_a_period(tmp_path: Path, computed: Compute) -> None:
    path = tmp_path / "days.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet, day = book.add_worksheet("Days"), book.add_format({"num_format": "yyyy-mm-dd"})
        for number, label in enumerate([*LABELS, "next spring", ""]):
            sheet.write_string(number, 0, label)
            for column, form in enumerate((begin_formula, end_formula), start=1):
                sheet.write_formula(number, column, f"={form(f'A{number + 1}')}", day, "")
    shown = [(line[1], line[2]) for line in computed(path)["Days"]]
    found = [period.parse(label) for label in LABELS]
    assert shown == [(one.start, one.end) for one in found if one] + [("", "")] * 2


@pytest.mark.parametrize(("language", "text", "width"), [("en", "the service ", 6.0), ("zh", "同步状态", 12.0)])
def test_the_longest_text_of_sync_fits_into_its_row(language: Language, text: str, width: float) -> None:
    """200 characters, as wide as those of Arial and of a Chinese font are at 9 points: 12 pixels, 12 points a line."""
    rows = (PlannedObjective("O1", (PlannedKeyResult("KR1"),)),)
    data = build(Content("Team", period.quarter(2027, 1), (PlannedGroup("A", rows),)), language)
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        sheet = package.read("xl/worksheets/sheet1.xml").decode()
    wide = float(sheet.partition('<col min="11" max="11" width="')[2].partition('"')[0]) * 7 - 12
    high = float(sheet.partition('<row r="6"')[2].partition(' ht="')[2].partition('"')[0])
    lines = textwrap.wrap((text * 200)[:SYNC_LENGTH], int(wide / width))
    assert len(lines) * 12 <= high
