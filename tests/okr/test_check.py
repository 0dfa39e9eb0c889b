"""`sheetsync check` over whole workbooks: every planted fault is found where it stands, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from sheetsync.model import Cell, CellEdit, Column
from sheetsync.okr import outline, rules
from sheetsync.okr.rollup import contributors, meant, within
from sheetsync.okr.scan import scan
from sheetsync.template import write_template
from sheetsync.texts import LANGUAGES, Language
from sheetsync.workbooks.excel import Excel
from tests.conftest import Done

from .sheets import TODAY, Value, grid

Command = Callable[..., Done]
HEADINGS = (
    "Group", "Objective", "KR ID", "Key result", "Type", "Start", "Target", "Result", "Data link",
    "Metric", "Owner", "Weight", "Period", "Aligned to", "Budget",
)  # fmt: skip
LETTERS = dict(zip(HEADINGS, "ABCDEFGHIJKLMNO", strict=True))
FILE = "file:data/leads.csv#count"
MAILCHIMP = "https://us21.admin.mailchimp.com/reports/summary?id=42"
Plant = tuple[str, str, str]
"""Sheet, cell, rule."""

# Each row with its faults: heading -> rule. A row that lacks something is filled with what is in good form.
PLAN: Final[Sequence[tuple[dict[str, Any], dict[str, str]]]] = [
    ({"Group": "Marketing overall", "Objective": "O1 Be the engine of growth", "KR ID": "KR1.1", "Key result": "Teams",
      "Type": "percent", "Target": 100, "Data link": "rollup:progress"}, {}),
    ({"Objective": "O2 Reach 350 buyers", "KR ID": "KR2.1", "Key result": "Known by name"},
     {"Objective": "objective-with-number no-contribution"}),
    ({"Objective": "O3 Be trusted", "KR ID": "KR3.1", "Key result": "Sum of nothing", "Data link": "rollup:sum"},
     {"Objective": "no-contribution", "Data link": "rollup-of-nothing"}),
    ({"Objective": "O4 Win back those who left"}, {"Objective": "objective-without-key-results"}),
    ({"Group": "Content", "Objective": "O1 Be read", "KR ID": "KR1.1", "Key result": "Readers",
      "Aligned to": "O1 Be the engine of growth"}, {}),
    ({"KR ID": "KR1.2", "Key result": "readers ", "Aligned to": "Teams"}, {"Key result": "twin"}),
    ({"KR ID": "KR1.1", "Key result": "Subscribers", "Aligned to": "Teams"}, {"KR ID": "id-twice"}),
    ({"Key result": "No target", "Target": None, "Aligned to": "Teams"}, {"Target": "no-target"}),
    ({"Key result": "Many", "Target": "as many as we can", "Aligned to": "Teams"}, {"Target": "text-target"}),
    ({"Key result": "Standstill", "Start": 100, "Aligned to": "Teams"}, {"Target": "no-span"}),
    ({"Key result": "Bounce rate", "Type": "percent", "Target": 140, "Aligned to": "Teams"}, {"Target": "percent-over-hundred"}),
    ({"Key result": "Open rate", "Target": 30, "Result": (0.2, "0%"), "Aligned to": "Teams"}, {"Target": "mixed-percent"}),
    ({"Key result": "Click rate", "Type": "percent", "Target": 0.3, "Result": (0.2, "0%"), "Aligned to": "Teams"},
     {"Target": "mixed-percent"}),
    ({"Key result": "Handbook", "Type": "yes-no", "Target": 12, "Result": "no", "Aligned to": "Teams"},
     {"Target": "yes-no-target"}),
    ({"Key result": "From somewhere", "Start": "low", "Aligned to": "Teams"}, {"Start": "text-start"}),
    ({"Key result": "Soon", "Result": "soon", "Aligned to": "Teams"}, {"Result": "text-result"}),
    ({"Key result": "Computed", "Result": "=2+3", "Aligned to": "Teams"}, {"Result": "result-formula"}),
    ({"Key result": "Share", "Type": "percnt", "Aligned to": "Teams"}, {"Type": "nearly-a-type"}),
    ({"Key result": "Heavy", "Weight": "a lot", "Aligned to": "Teams"}, {"Weight": "bad-weight"}),
    ({"Key result": "Negative", "Weight": -2, "Aligned to": "Teams"}, {"Weight": "bad-weight"}),
    ({"Key result": "Some day", "Period": "some day", "Aligned to": "Teams"}, {"Period": "bad-period"}),
    ({"Key result": "Costly", "Budget": "to be told", "Aligned to": "Teams"}, {"Budget": "text-budget"}),
    ({"Key result": "Next quarter", "Period": "2027-Q2", "Aligned to": "Teams"}, {"Aligned to": "aligned-to-other-period"}),
    ({"Key result": "Lost", "Aligned to": "KR77"}, {"Aligned to": "aligned-to-nothing"}),
    ({"Key result": "Me", "Aligned to": "Me"}, {"Aligned to": "circular-alignment"}),
    ({"Objective": "O9 Stand alone", "Key result": "Alone"}, {"Aligned to": "not-aligned"}),
    ({"Group": "Advertising", "Objective": "O5 Spend well", "Key result": "Hen", "Aligned to": "Egg"},
     {"Aligned to": "circular-alignment"}),
    ({"Key result": "Egg", "Aligned to": "Nest"}, {}),
    ({"Key result": "Nest", "Aligned to": "Hen"}, {}),
    ({"Objective": "O6 Share the work", "Key result": "One half", "Weight": (0.5, "0%"), "Aligned to": "Teams"},
     {"Weight": "weights-sum"}),
    ({"Key result": "One third", "Weight": (0.3, "0%"), "Aligned to": "Teams"}, {}),
    ({"Objective": "O7 Count nothing", "Key result": "Zero", "Weight": 0, "Aligned to": "Teams"}, {"Weight": "no-weight"}),
    ({"Key result": "Nought", "Weight": 0, "Aligned to": "Teams"}, {}),
    ({"Objective": "O7 Count all", "Key result": "Whole", "Aligned to": "Teams"}, {"Objective": "id-twice"}),
    ({"Data link": FILE, "Target": 5}, {"Key result": "no-name"}),
    ({"Group": "Partners"}, {"Group": "group-without-key-results"}),
    ({"Group": "Events", "Objective": "O8 Meet buyers", "Key result": "Nowhere", "Data link": "https://nobody.example/x",
      "Aligned to": "Teams"},
     {"Data link": "link"}),
    ({"Key result": "Public page", "Data link": "https://mailchi.mp/acme/sale", "Aligned to": "Teams"}, {"Data link": "link"}),
    ({"Key result": "Not connected", "Data link": MAILCHIMP, "Aligned to": "Teams"}, {"Data link": "link"}),
    ({"Key result": "Two places", "Data link": f"{MAILCHIMP} https://example.com/2", "Aligned to": "Teams"},
     {"Data link": "link"}),
    ({"Key result": "Two measures", "Data link": f"{MAILCHIMP}#metric=clicks", "Metric": "opens", "Aligned to": "Teams"},
     {"Data link": "link"}),
    ({"Key result": "No such placeholder", "Data link": "https://example.com/{period.begin}", "Aligned to": "Teams"},
     {"Data link": "link"}),
]  # fmt: skip


def good(row: dict[str, Any]) -> dict[str, Any]:
    return {"Target": 100, "Data link": "manual:"} | row if "Key result" in row else row


def write(sheet: Worksheet, top: int, rows: Sequence[tuple[dict[str, Any], dict[str, str]]]) -> list[Plant]:
    planted = []
    for number, (row, faults) in enumerate(rows, top):
        filled = good(row)
        if "Result" in filled and filled["Result"] == "=2+3":
            filled["Data link"] = FILE
        for heading, value in filled.items():
            cell = sheet[f"{LETTERS[heading]}{number}"]
            cell.value, number_format = value if isinstance(value, tuple) else (value, "General")
            cell.number_format = number_format
        planted += [
            (sheet.title, f"{LETTERS[heading]}{number}", rule) for heading, told in faults.items() for rule in told.split()
        ]
    return planted


def faulty(path: Path) -> list[Plant]:
    """Writes the workbook; where its faults are."""
    book = openpyxl.Workbook()
    plan = book.active
    assert plan is not None
    plan.title = "2027-Q1"
    plan.append(list(HEADINGS))
    planted = write(plan, 2, PLAN)

    wrong = book.create_sheet("Headings")  # no period in the name either
    wrong.append(["Team", "Objectve", "Key result", "Targte", "Result", "Data lnk", "Actual", "数据连接"])
    wrong.append(["Fairs", "O1 Meet buyers", "Visitors", "many", 5, "manual:"])
    planted += [("Headings", "B1", "heading-nearly"), ("Headings", "D1", "heading-nearly"), ("Headings", "F1", "heading-nearly")]
    planted += [("Headings", "G1", "heading-twice"), ("Headings", "D2", "text-target"), ("Headings", "C2", "no-period")]

    people = book.create_sheet("People")
    people.append(["Group", "Objective", "Key result", "Target", "Result", "Data link", "Period"])
    people.append(["Ann", "O1 Learn", "Course", "yes", "no", "manual:", "2027-Q1"])
    people.append(["Ben"])
    people.append(["Cleo"])
    people.append([None, "Grow"])
    people.append(["Dana", None, "Talk", "yes", "no", "manual:", "2027-Q1"])
    planted += [
        ("People", "A3", "person-without-goals"),
        ("People", "A4", "person-without-goals"),
        ("People", "B6", "no-objective"),
    ]
    book.save(path)
    book.close()
    return planted


def test_every_planted_fault_is_found_and_nothing_else(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    planted = faulty(tmp_path / "okr.xlsx")
    (tmp_path / "data").mkdir()
    (tmp_path / "sheetsync.toml").write_text('[connectors.file.default]\nfolders = ["data"]\n', encoding="utf-8")
    done = command("check", "okr.xlsx", "--json")
    assert done.code == 1
    found = [(one["sheet"], one["cell"], one["rule"]) for one in done.json["findings"]]
    assert len(planted) >= 40
    assert sorted(found) == sorted(planted)
    assert all(one["what"] and one["why"] and one["mend"] for one in done.json["findings"])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("teams", [(), ("Events & Fairs", "Partners")])
def test_nothing_is_found_in_a_clean_template(
    command: Command, tmp_path: Path, language: Language, teams: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_template(tmp_path / "okr.xlsx", language, "2027-Q1", list(teams))
    done = command("check", "okr.xlsx", "--json")
    assert done.json == {"findings": []}
    assert done.code == 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_faults_in_the_template_are_found_on_each_of_its_sheets(
    command: Command, tmp_path: Path, language: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "okr.xlsx"
    write_template(path, language, "2027-Q1")
    book = Excel(path)
    rows = scan(book.read(), today=TODAY)
    faults: list[tuple[int, Column, str | Decimal, str]] = [
        (1, Column.TARGET, "as many as we can", "text-target"),
        (1, Column.OBJECTIVE, "O2 Reach 350 buyers", "objective-with-number"),
        (2, Column.TARGET, Decimal("0.25"), "no-span"), (2, Column.DATA_LINK, "https://nobody.example/x", "link"),
        (3, Column.ALIGNED_TO, "KR77", "aligned-to-nothing"), (3, Column.RESULT, "soon", "text-result"),
        (4, Column.START, "low", "text-start"), (4, Column.ALIGNED_TO, "KR5.1", "circular-alignment"),
        (5, Column.PERIOD, "some day", "bad-period"), (5, Column.TARGET, Decimal(12), "yes-no-target"),
        (6, Column.TARGET, "", "no-target"), (6, Column.DATA_LINK, "rollup:sum", "rollup-of-nothing"),
    ]  # fmt: skip
    planted = [(rows[row].ref.sheet, rows[row].refs[column].a1, rule) for row, column, _, rule in faults]
    book.apply([CellEdit(rows[row].refs[column], value) for row, column, value, _ in faults])
    assert len({sheet for sheet, *_ in planted}) == 2
    done = command("check", "okr.xlsx", "--json")
    assert done.code == 1
    assert sorted((one["sheet"], one["cell"], one["rule"]) for one in done.json["findings"]) == sorted(planted)


def test_the_language_of_the_reader_is_spoken(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHEETSYNC_LANG", "zh")
    faulty(tmp_path / "okr.xlsx")
    said = [one[part] for one in command("check", "okr.xlsx", "--json").json["findings"] for part in ("what", "why", "mend")]
    assert [text for text in said if not any("一" <= char <= "鿿" for char in text)] == []


# --- alone -------------------------------------------------------------------------------------------------------------


def told(rows: Sequence[Sequence[Value]], **more: Any) -> list[tuple[str, str]]:
    return [(one.rule, one.ref.a1) for one in rules.examine([grid(rows, **more)], today=TODAY).findings]


SHORT = ("Group", "Objective", "Key result", "Target", "Result", "Data link", "Aligned to")


@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        ("Reslt", Column.RESULT), ("Data-link", Column.DATA_LINK), ("Tagret", Column.TARGET), ("Key resutl", Column.KEY_RESULT),
        ("Alligned to", Column.ALIGNED_TO), ("Ownner", Column.OWNER), ("数据连接", Column.DATA_LINK), ("目标直", Column.TARGET),
        ("Notes", None), ("Form", None), ("Priority", None), ("Report", None), ("End", None), ("地区", None), ("阶段", None),
        ("Result 2026 of all markets", None), ("", None), ("Datum", None),
    ],
)  # fmt: skip
def test_what_a_heading_nearly_is(said: str, meaning: Column | None) -> None:
    found = outline.nearest(said, {})
    assert (found and found[0]) == meaning


def test_a_column_of_your_own_beside_the_real_one_is_left_in_peace() -> None:
    rows = [(*SHORT, "Results", "Targets 2026"), ("A", "O1 Try", "KR1 One", 5, 1, "manual:", None, "seen", 3)]
    assert told(rows) == []


def test_a_table_whose_headings_have_a_slip_is_looked_at_all_the_same() -> None:
    rows = [
        ("Group", "Objective", "Key result", "Tagret", "Result", "Data link"),
        ("A", "O1 Try", "KR1 One", "lots", 1, "manual:"),
    ]
    assert told(rows) == [("heading-nearly", "D1"), ("text-target", "D2")]


def test_a_band_of_a_person_without_goals() -> None:
    rows = [
        SHORT, ("Content",), (None, "O1 Be read", "KR1 Readers", 5, 1, "manual:"), ("Personal development: Ben",), (),
        ("Personal development: Cleo",), (None, "O2 Learn", "KR2 Course", "yes", "no", "manual:"), (), ("Thanks to all of you",),
    ]  # fmt: skip
    bands = [(row, 1, row, 7) for row in (2, 4, 6, 9)]
    assert told(rows, merges=bands) == [("person-without-goals", "A4")]


def test_an_empty_group_is_told_from_a_title_and_from_a_footnote() -> None:
    row = (None, "O1 Be read", "KR1 Readers", 5, 1, "manual:")
    assert (
        told([SHORT, ("Our plan",), ("Content",), row, ("Approved by the board",)], merges=[(n, 1, n, 7) for n in (2, 3, 5)])
        == []
    )
    assert told([SHORT, ("Brand",), (), ("Content",), row], merges=[(n, 1, n, 7) for n in (2, 4)]) == [
        ("group-without-key-results", "A2")
    ]


def test_a_plan_that_does_not_work_with_alignment_is_not_told_to() -> None:
    rows = [SHORT, *((name, "O1 Try", f"KR1 {name}", 5, 1, "manual:", None) for name in ("Content", "Brand", "Events"))]
    assert told(rows) == []
    assert ("not-aligned", "G4") in told([*rows[:2], (*rows[2][:6], "KR1 Content"), *rows[3:]])


def test_goals_of_people_need_no_alignment() -> None:
    rows = [
        (*SHORT, "Owner"), ("Overall", "O1 Grow", "KR1 Sales", 5, 1, "manual:", None, None),
        ("Content", "O2 Be read", "KR2 Readers", 5, 1, "manual:", "KR1", None),
        ("Growth of Ann Li", "O3 Learn", "KR3 Course", "yes", "no", "manual:", None, "Ann Li"),
    ]  # fmt: skip
    assert told(rows) == []


def test_rows_that_serve_their_own_objective_go_in_no_circle() -> None:
    rows = [SHORT, *(("Overall", "O1 Grow", f"KR1.{n} Part {n}", 5, 1, "manual:", "O1 Grow") for n in (1, 2, 3))]
    assert [rule for rule, _ in told(rows)] == []


def test_a_circle_over_objectives_is_told_once() -> None:
    rows = [
        SHORT, ("Overall", "O1 Grow", "KR1.1 Sales", 5, 1, "manual:", "O2"),
        ("Team", "O2 Help", "KR2.1 Calls", 5, 1, "manual:", "O1"),
        ("Team", "O2 Help", "KR2.2 Mails", 5, 1, "manual:", "O1"),
    ]  # fmt: skip
    assert [one for one in told(rows) if one[0] == "circular-alignment"] == [("circular-alignment", "G2")]


def test_a_locked_result_has_no_place_for_a_figure() -> None:
    row = ("A", "O1 Try", "KR1 One", 5, Cell(1.0, locked=True), "https://data.test/1")
    assert told([SHORT, row]) == [("result-locked", "E2")]


def test_what_is_meant_is_what_rolls_up() -> None:
    names = [("Overall", "O1 Grow", "KR1.1 Sales"), ("Overall", "O2 Save", "KR2.1 Cost"), ("Team", "O1 Calls", "KR1.1 Calls")]
    aims = [None, "KR1.1", "O1", "O1 Grow", "Calls", "KR2.1 Cost", "nothing", "O1 Calls"]
    body = [(*names[n % 3], 5, 1, "manual:", aim, f"Q{n % 2 + 1}") for n, aim in enumerate(aims * 3)]
    rows = scan([grid([(*SHORT, "Period"), *body], sheet="2027")], today=TODAY)
    by_part: dict[int, set[int]] = {index: set() for index in range(len(rows))}
    for index in range(len(rows)):
        for part in contributors(rows, index):
            by_part[part].add(index)
    parts = [
        {other for other in found if within(rows[index].period, rows[other].period)} for index, found in enumerate(meant(rows))
    ]
    assert parts == list(by_part.values())
    assert any(parts)
