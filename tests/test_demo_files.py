"""The demo's folder: real sources, a plan whose links can be understood, and the same bytes for the same day."""

from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from sheetsync import config, demo
from sheetsync.connectors.registry import Registry, builtin
from sheetsync.demo import _figures
from sheetsync.demo._content import NOT_CONNECTED, plan
from sheetsync.demo._figures import Moment
from sheetsync.demo._people import people
from sheetsync.errors import ConfigError
from sheetsync.model import Column, KeyResult, Kind, Link
from sheetsync.okr import rules, scan
from sheetsync.okr.progress import Status, progress, status
from sheetsync.okr.rollup import contributors
from sheetsync.texts import LANGUAGES, Language, Texts
from sheetsync.workbooks.excel import Excel

TODAY = date(2026, 11, 23)
DAYS = (date(2026, 10, 1), date(2026, 10, 2), date(2026, 11, 23), date(2026, 12, 31), date(2028, 2, 29))


def rows_of(path: Path) -> list[KeyResult]:
    return scan.scan(Excel(path).read(), today=TODAY)


def leads_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "data/leads.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> Language:
    return request.param


@pytest.fixture
def written(language: Language, tmp_path: Path) -> demo.Written:
    return demo.write(tmp_path / "demo", language, TODAY)


def test_scan_finds_the_plan(written: demo.Written, language: Language) -> None:
    moment = Moment(TODAY, demo.quarter_of(TODAY))
    planned = [
        (group.name, objective.name, row)
        for group in (*plan(moment, language), *people(moment, language))
        for objective in group.objectives
        for row in objective.key_results
    ]
    found = rows_of(written.workbook)
    assert [(row.group, f"{row.objective_id} {row.objective}", f"{row.kr_id} {row.name}") for row in found] == [
        (group, objective, row.name) for group, objective, row in planned
    ]
    for row, (_, _, wanted) in zip(found, planned, strict=True):
        assert (row.kind, row.link_text, row.owner, row.aligned_to) == (wanted.kind, wanted.link, wanted.owner, wanted.aligned_to)
        assert (row.result is None) == (wanted.result is None), row.name
        assert isinstance(wanted.target, str) or row.target == Decimal(str(wanted.target))
    assert {row.period for row in found} == {demo.quarter_of(TODAY)}
    assert {row.kind for row in found} == {Kind.NUMBER, Kind.PERCENT, Kind.YES_NO, Kind.AT_MOST}
    assert any(row.start is not None and row.target is not None and row.start > row.target for row in found)
    assert [finding.rule for finding in rules.findings(found)] == []
    assert all(row.cells[Column.PROGRESS].conditional and row.cells[Column.PROGRESS].formula for row in found)


def test_the_overall_block_comes_first_and_is_yellow(written: demo.Written) -> None:
    rows = rows_of(written.workbook)
    first = [row for row in rows if row.group == rows[0].group]
    assert rows[: len(first)] == first
    fills = {row.group: row.cells[Column.KEY_RESULT].fill for row in rows}
    assert fills[rows[0].group] == "FFF7D6"
    assert set(fills.values()) == {"FFF7D6", ""}


def test_every_link_is_understood_and_one_has_no_account(written: demo.Written) -> None:
    registry = Registry(builtin())
    settings = config.load(written.config, written.folder)
    connectors = set()
    for row in rows_of(written.workbook):
        if isinstance(row.source, Link):
            name = registry.understand(row.source).connector.name()
            connectors.add(name)
            assert (name in settings.accounts) == (row.link_text != NOT_CONNECTED), row.link_text
            assert row.result is not None or row.link_text != NOT_CONNECTED, "the row that cannot be fetched has a value to keep"
        else:
            assert row.source in {"manual", "rollup:sum", "rollup:progress"}, row.link_text
    assert connectors == {"file", "sql", "mailchimp"}


def test_roll_ups_have_their_rows(written: demo.Written) -> None:
    rows = rows_of(written.workbook)
    parts = {
        row.kr_id: [rows[part].kr_id for part in contributors(rows, index)]
        for index, row in enumerate(rows)
        if str(row.source).startswith("rollup:")
    }
    assert parts == {
        "KR1.1": ["KR3.1", "KR5.1"],
        "KR1.2": ["KR3.2", "KR6.3"],
        "KR2.1": ["KR4.1", "KR4.2", "KR4.3", "KR6.1", "KR6.2"],
    }


def test_the_configuration_knows_each_query_that_is_linked(written: demo.Written) -> None:
    settings = config.load(written.config, written.folder)
    assert [(book.path, book.period) for book in settings.workbooks] == [("okr.xlsx", "2026-Q4")]
    assert settings.accounts["file"]["default"] == {"folders": ["data"]}
    crm = settings.accounts["sql"]["crm"]
    linked = {row.source.url.partition("/")[2] for row in rows_of(written.workbook) if str(row.source).startswith("sql:crm/")}  # type: ignore[union-attr]
    assert linked == set(crm["queries"])
    with closing(sqlite3.connect(written.folder / "data/crm.db")) as database:
        for name, query in crm["queries"].items():
            ((figure,),) = database.execute(query["sql"]).fetchall()
            assert isinstance(figure, int | float), name


@pytest.mark.parametrize("today", DAYS)
def test_the_same_day_gives_the_same_files(today: date, language: Language, tmp_path: Path) -> None:
    one, other = (demo.write(tmp_path / name, language, today) for name in ("one", "other"))
    for first, second in zip(
        (one.workbook, one.config, *one.sources), (other.workbook, other.config, *other.sources), strict=True
    ):
        if first.suffix == ".db":
            with closing(sqlite3.connect(first)) as a, closing(sqlite3.connect(second)) as b:
                assert list(a.iterdump()) == list(b.iterdump())
        else:
            assert first.read_bytes() == second.read_bytes(), first.name


@pytest.mark.parametrize("today", DAYS)
def test_the_leads_lie_in_the_quarter_and_before_today(today: date, tmp_path: Path) -> None:
    demo.write(tmp_path, "en", today)
    quarter, leads = demo.quarter_of(today), leads_of(tmp_path)
    assert quarter.start <= today <= quarter.end
    assert 60 <= len(leads) <= 120
    days = [date.fromisoformat(lead["date"]) for lead in leads]
    assert days == sorted(days)
    assert quarter.start <= days[0]
    assert days[-1] < max(today, date(quarter.start.year, quarter.start.month, 2))
    assert len({lead["id"] for lead in leads}) == len(leads)
    assert (tmp_path / "data/leads.csv").read_bytes().endswith(b"\n"), "a line can be added at the end"


@pytest.mark.parametrize("name", [name for name, goal in vars(_figures).items() if isinstance(goal, _figures.Goal)])
def test_each_goal_stands_as_it_should_on_each_day(name: str) -> None:
    """The picture does not depend on the day on which somebody tries the demo; the first tenth of a quarter judges nobody."""
    goal: _figures.Goal = getattr(_figures, name)
    quarter = demo.quarter_of(TODAY)
    wanted = {Status.ON_TRACK} if goal.pace >= 1 else {Status.AT_RISK} if goal.pace > 0.8 else {Status.OFF_TRACK}
    seen = set()
    for number in range(14, 92):
        today = quarter.start + timedelta(days=number)
        figure = Decimal(str(goal.at(Moment(today, quarter).passed)))
        reached = progress(Kind.NUMBER, Decimal(str(goal.start)), Decimal(str(goal.target)), figure)
        assert isinstance(reached, Decimal)
        seen.add(status(reached, quarter, today))
    assert wanted <= seen <= wanted | ({Status.DONE} if goal.pace >= 1 else {Status.OFF_TRACK}), name


def test_both_languages_have_the_same_figures(tmp_path: Path) -> None:
    english, chinese = (demo.write(tmp_path / name, name, TODAY) for name in LANGUAGES)
    one, other = leads_of(english.folder), leads_of(chinese.folder)
    assert [{**lead, "company": "", "segment": ""} for lead in one] == [{**lead, "company": "", "segment": ""} for lead in other]
    assert all(lead["company"].isascii() for lead in one)
    assert not any(lead["company"].isascii() for lead in other)
    pairs = list(zip(rows_of(english.workbook), rows_of(chinese.workbook), strict=True))
    assert [(a.kr_id, a.kind, a.start, a.target, a.result) for a, _ in pairs] == [
        (b.kr_id, b.kind, b.start, b.target, b.result) for _, b in pairs
    ]
    assert not any(b.name.isascii() or b.group.isascii() or b.objective.isascii() or b.owner.isascii() for _, b in pairs)


def test_the_sources_say_more_than_the_sheet_shows(written: demo.Written) -> None:
    """So that the first run has something to write."""
    rows = {row.kr_id: row for row in rows_of(written.workbook)}
    leads = leads_of(written.folder)
    website = [lead for lead in leads if (lead["stage"], lead["channel"]) == ("SQL", "website")]
    assert len(website) == 30 > (rows["KR3.1"].result or 0)
    assert sum(int(lead["amount"]) for lead in leads if lead["channel"] == "website") == 89_100
    site = json.loads((written.folder / "data/site.json").read_text(encoding="utf-8"))
    assert site["site"]["slow_pages"] < (rows["KR4.3"].result or 0)
    brand = openpyxl.load_workbook(written.folder / "data/brand.xlsx").worksheets[0]
    values = [brand[f"C{row}"].value for row in (2, 3, 4)]
    assert values == [0.18, 38, 7], "values, no formulas"
    assert rows["KR6.2"].result == 7, "one row is there already"


@pytest.mark.parametrize("name", ["okr.xlsx", "sheetsync.toml", "data/leads.csv", "data/crm.db"])
def test_nothing_is_overwritten(name: str, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / name).write_bytes(b"mine")
    with pytest.raises(ConfigError):
        demo.write(tmp_path, "en", TODAY)
    assert (tmp_path / name).read_bytes() == b"mine"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / name]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError):
        demo.write(tmp_path / "file" / "demo", "en", TODAY)


def test_three_things_to_try() -> None:
    said = [Texts("en").say(step) for step in demo.next_steps()]
    assert len(said) == 3
    assert "data/leads.csv" in said[0]
