"""The history for people: one key result found, its chart, its table, its CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sheetsync.plot import plot
from sheetsync.provenance import COLUMNS, meant, table
from sheetsync.tabular import as_csv
from tests.conftest import Done
from tests.story import TODAY, tell
from tests.test_review import ENTRY

Command = Callable[..., Done]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("told") / "en"
    tell(folder, "en").__exit__()
    return folder


@pytest.fixture
def here(told: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(told)
    return told


@pytest.mark.parametrize("text", ["KR3.2", "kr3.2", "Leads from webinars", "KR3.2 Leads from webinars", "webinars"])
def test_a_key_result_is_found_by_id_name_or_part(here: Path, command: Command, text: str) -> None:
    done = command("history", text)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("KR3.2 Leads from webinars\n")
    assert "target 180 ┤" in done.out
    assert "start ┤" in done.out
    assert "2027-01-01" in done.out
    assert "2027-03-31" in done.out
    assert "kr5.csv" in done.out
    assert str(TODAY) in done.out.splitlines()[-2]


def test_several_that_fit_are_listed(here: Path, command: Command) -> None:
    done = command("history", "leads")
    assert done.code == 2
    assert "KR3.1" in done.out
    assert "KR5.1" in done.out
    assert "Several key results fit" in done.out
    assert "┤" not in done.out


def test_the_newest_are_shown_and_the_rest_counted(here: Path, command: Command) -> None:
    done = command("history", "KR6.1", "--limit", "3")
    assert done.out.count("kr14.csv") == 3 + 1  # and once above
    assert "The newest 3 of 27" in done.out
    assert "No figure" in command("history", "nobody has heard of it").out


def test_all_that_is_known_as_csv(here: Path, command: Command, tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(command("history", "KR5.3", "--csv", "-").out)))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == 27
    assert (rows[-1]["result"], rows[-1]["state"], rows[-1]["run"]) == ("4150", "broken", "27")
    assert "Mailchimp" in rows[-1]["message"]
    file = tmp_path / "all.csv"
    assert "Written" in command("history", "--csv", str(file)).out
    assert len(list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig"))))) == 27 * 16
    assert command("history", "--csv", str(tmp_path / "gone" / "x.csv")).code == 2


def test_the_newest_period_of_one_key_result_is_meant() -> None:
    old = replace(ENTRY, key="team\x1fo1 grow\x1fkr1\x1fleads\x1f2026-q4", key_result="Leads")
    new = replace(old, key=old.key.replace("2026-q4", "2027-q1"), at=old.at + timedelta(days=90))
    other = replace(old, key=old.key.replace("team", "other"), group="Other")
    assert meant([old, new, new], "kr1").entries == (new, new)
    assert meant([old, new, other], "kr1").entries == ()
    assert len(meant([old, new, other], "leads").key_results) == 3


@given(st.text(max_size=30), st.integers())
def test_no_text_of_a_table_becomes_a_formula(text: str, number: int) -> None:
    (row,) = csv.DictReader(io.StringIO(as_csv(("a", "b"), [{"a": text, "b": number}])))
    assert row["a"][:1] not in {"=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"}
    assert row["a"].removeprefix("'") == text.removeprefix("'") or "\r" in text or "\n" in text
    assert row["b"] == str(number)


def test_a_hostile_entry_is_harmless_in_a_table() -> None:
    evil = replace(ENTRY, key_result="=cmd|' /C calc'!A0", group="@SUM(1)", message="+1", value=Decimal(-3))
    (row,) = csv.DictReader(io.StringIO(table([evil])))
    assert (row["key_result"][0], row["group"][0], row["message"][0]) == ("'", "'", "'")
    assert row["result"] == "-3"


@given(
    st.lists(st.tuples(st.integers(0, 400), st.floats(-5, 5)), min_size=1, max_size=60),
    st.integers(2, 80), st.integers(2, 20), st.integers(0, 400),
)  # fmt: skip
def test_a_chart_has_its_size_and_shows_each_figure(points: list[tuple[int, float]], width: int, height: int, days: int) -> None:
    first = date(2027, 1, 1)
    known = [(first + timedelta(days=day), value) for day, value in sorted(points)]
    drawn = plot(known, first, first + timedelta(days=days), width=width, height=height)
    assert len(drawn.rows) == height
    assert {len(row) for row in drawn.rows} == {width}
    assert drawn.low <= 0
    assert drawn.high >= 1
    assert drawn.whole <= drawn.zero
    assert any(cell.figure for row in drawn.rows for cell in row)
    assert all(0x2800 <= ord(cell.sign) <= 0x28FF for row in drawn.rows for cell in row)


def test_a_straight_line_lies_on_the_way() -> None:
    days = [(datetime(2027, 1, 1, tzinfo=UTC) + timedelta(days=number)).date() for number in range(91)]
    drawn = plot([(day, number / 90) for number, day in enumerate(days)], days[0], days[-1], width=20, height=5)
    assert (drawn.zero, drawn.whole) == (4, 0)
    assert drawn.rows[4][0].figure
    assert drawn.rows[0][-1].figure
    assert not drawn.rows[0][0].figure
