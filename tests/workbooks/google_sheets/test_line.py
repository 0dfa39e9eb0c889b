"""The whole line through the command, with a spreadsheet at the end of it: links, figures, colours, and what it costs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from sheetsync.okr.progress import COLOURS
from sheetsync.testing import FakeGoogle
from tests.conftest import Done, write_plan

Command = Callable[..., Done]
EMAIL = "sheetsync@stand-in.iam.gserviceaccount.com"
ROWS = [
    ("Inbound", "O1 Grow", "KR1 SQLs", "number", 0, 4, None, "file:data/leads.csv#count&where=stage:SQL"),
    ("Inbound", "O1 Grow", "KR2 Sum", "number", 0, 100, 1, "file:data/leads.csv#sum(amount)"),
    ("Inbound", "O1 Grow", "KR3 Gone", "number", 0, 100, 7, "file:data/missing.csv#count"),
    ("Inbound", "O1 Grow", "KR4 By hand", "number", 0, 100, 60, "manual:"),
    ("Inbound", "O1 Grow", "KR5 Unclear", "number", 0, 100, None, "https://nobody.example/x"),
    ("Content", "O2 Write", "KR6 Share", "percent", 0, "50%", None, "file:data/leads.csv#share(stage:SQL)"),
    ("Content", "O2 Write", "KR7 Done", "yes-no", None, "yes", "no", "file:data/leads.csv#count"),
]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, google: FakeGoogle) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "leads.csv").write_text("name,stage,amount\nA,SQL,10\nB,MQL,20\nC,SQL,30\n", encoding="utf-8")
    key = tmp_path / "key.json"
    key.write_text(json.dumps(google.service_account(EMAIL)), encoding="utf-8")
    key.chmod(0o600)
    (tmp_path / "sheetsync.toml").write_text(
        f"""timezone = "UTC"
[google]
service_account = {{ file = "key.json" }}
api_url = "{google.url}"
[connectors.file.default]
folders = ["data"]
""",
        encoding="utf-8",
    )
    return tmp_path


def shared(google: FakeGoogle, book: Path) -> str:
    """A plan, converted as Drive does and shared; its address."""
    number = google.seed_xlsx(book, title="OKR 2027", share={EMAIL: "writer"})
    return f"https://docs.google.com/spreadsheets/d/{number}/edit#gid=0"


def document(google: FakeGoogle, address: str) -> Any:
    return google.document(address.split("/")[5])


def add_a_lead(here: Path) -> None:
    leads = here / "data" / "leads.csv"
    leads.write_text(leads.read_text(encoding="utf-8") + "D,SQL,5\n", encoding="utf-8")


def column(google: FakeGoogle, address: str, number: int, last: int) -> list[Any]:
    tab = document(google, address).tab("2027-Q1")
    return [tab.value(row, number) for row in range(4, last + 1)]


def test_the_same_plan_in_excel_and_at_google_gives_the_same_report(here: Path, google: FakeGoogle, command: Command) -> None:
    book = write_plan(here / "okr.xlsx", [(*row, None, None, None, None) for row in ROWS])
    address = shared(google, book)
    online = command("run", address, "--json")
    local = command("run", str(book), "--json")
    assert (online.code, online.err) == (local.code, local.err) == (1, "")
    ours, theirs = online.json["workbooks"][0]["rows"], local.json["workbooks"][0]["rows"]
    assert ours == theirs
    assert [row["state"] for row in ours] == ["fresh", "fresh", "broken", "manual", "broken", "fresh", "fresh"]
    again = command("run", address, "--json").json["workbooks"][0]
    assert [row["state"] for row in again["rows"]] == [
        "unchanged",
        "unchanged",
        "broken",
        "manual",
        "broken",
        "unchanged",
        "unchanged",
    ]
    page = openpyxl.load_workbook(book)["2027-Q1"]
    tab = document(google, address).tab("2027-Q1")
    for row in range(4, 11):
        for number in (7, 9, 10, 11):
            assert tab.value(row, number) == page.cell(row, number).value, (row, number)


def test_a_run_costs_one_read_and_at_most_one_write(here: Path, google: FakeGoogle, command: Command) -> None:
    address = shared(google, write_plan(here / "okr.xlsx", [(*row, None, None, None, None) for row in ROWS]))

    def cost() -> tuple[int, int]:
        reads, writes = google.reads, google.writes
        command("run", address, "--json")
        return google.reads - reads, google.writes - writes

    assert cost() == (2, 2)  # nothing is known of it yet, and no row has an anchor
    assert cost() == (1, 0)
    add_a_lead(here)
    assert cost() == (1, 1)
    assert cost() == (1, 0)
    tab = document(google, address).tab("2027-Q1")
    for at, value in enumerate(["Content", "O2 Write", "KR8 New", "number", 0, 9, None, "file:data/leads.csv#max(amount)"], 1):
        if value is not None:
            tab.type(11, at, value)
    assert cost() == (2, 2)  # one more look for a link that nobody knew, one more write for a row without an anchor
    assert cost() == (1, 0)
    assert tab.value(11, 7) == 30


@pytest.mark.parametrize("rows", [10, 3_000])
def test_the_cost_does_not_grow_with_the_rows(here: Path, google: FakeGoogle, command: Command, rows: int) -> None:
    plan = [("G", "O1 Grow", f"KR{n} rows", "number", 0, n + 1, None, f"file:data/leads.csv#sum(amount)&where=amount:>{n}",
             None, None, None, None) for n in range(rows)]  # fmt: skip
    address = shared(google, write_plan(here / "okr.xlsx", plan))
    command("run", address, "--json")
    for amount in (5_000, 6_000):
        (here / "data" / "leads.csv").write_text(f"amount\n{amount}\n{amount}\n", encoding="utf-8")
        reads, writes = google.reads, google.writes
        done = command("run", address, "--json").json["workbooks"][0]
        assert (google.reads - reads, google.writes - writes) == (1, 1)
        assert done["edits"] >= rows


def test_every_kind_of_link_is_read_and_none_is_written(here: Path, google: FakeGoogle, command: Command) -> None:
    address = shared(google, write_plan(here / "okr.xlsx", [(*ROWS[0][:7], None, None, None, None, None)] * 5))
    tab = document(google, address).tab("2027-Q1")
    link = "file:data/leads.csv#count"
    behind = {"format": {"link": {"uri": link}}}
    named = {"userEnteredValue": {"stringValue": "the leads"}}
    cells: dict[int, dict[str, Any]] = {
        4: {"userEnteredValue": {"stringValue": link}},
        5: named | {"hyperlink": link, "textFormatRuns": [behind]},
        6: {"userEnteredValue": {"formulaValue": f'=HYPERLINK("{link}","the leads")'}},
        7: named | {"textFormatRuns": [{}, {"startIndex": 4, **behind}]},
        8: {"userEnteredValue": {"stringValue": "@"}, "chipRuns": [{"chip": {"richLinkProperties": {"uri": link}}}]},
    }
    for row, cell in cells.items():
        tab.type(row, 3, f"KR{row} of its own")
        tab.put(row, 8, cell)
    before = [tab.data(row, 8) for row in cells]
    rows = command("run", address, "--json").json["workbooks"][0]["rows"]
    assert [(row["state"], row["new"]) for row in rows] == [("fresh", 3)] * 5
    assert [tab.data(row, 8) for row in cells] == before


def test_colours_are_rules_which_are_installed_once_and_follow_the_table(
    here: Path, google: FakeGoogle, command: Command
) -> None:
    address = shared(google, write_plan(here / "okr.xlsx", [(*row, None, None, None, None) for row in ROWS]))
    command("run", address, "--json")
    tab = document(google, address).tab("2027-Q1")
    rules = [json.loads(json.dumps(rule)) for rule in tab.model.rules]
    assert len(rules) == len(COLOURS)
    formulas = [rule["booleanRule"]["condition"]["values"][0]["userEnteredValue"] for rule in rules]
    assert '=($J4="on track")+($J4="正常")' in formulas
    tab.insert_rows(2, 3)
    tab.insert_columns(1)
    add_a_lead(here)
    command("run", address, "--json")
    assert len(tab.model.rules) == len(COLOURS)
    assert all(rule["ranges"][0]["startRowIndex"] == 6 for rule in tab.model.rules)


def test_a_dry_run_asks_for_no_more_than_the_right_to_read(here: Path, google: FakeGoogle, command: Command) -> None:
    book = write_plan(here / "okr.xlsx", [(*row, None, None, None, None) for row in ROWS])
    number = google.seed_xlsx(book, title="OKR 2027", share={EMAIL: "reader"})
    done = command("run", f"https://docs.google.com/spreadsheets/d/{number}/edit", "--dry-run", "--json")
    assert done.json["workbooks"][0]["edits"] > 0
    assert google.writes == 0


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("https://docs.google.com/spreadsheets/d/e/2PACX-1vQabcdefghijklmnop/pubhtml", "published copy"),
        ("https://docs.google.com/document/d/1AbCdEfGhIjKlMnOpQrStUvWxYz0123456789/edit", "is not the address"),
        ("https://example.com/plan.xlsx", "not of a Google spreadsheet"),
    ],
)  # fmt: skip
def test_an_address_of_something_else_is_refused_in_words(here: Path, command: Command, address: str, said: str) -> None:
    done = command("run", address)
    assert done.code == 2
    assert said in " ".join(done.err.split())


def test_a_sheet_that_takes_no_anchors_is_written_by_number_and_says_so(here: Path, google: FakeGoogle, command: Command) -> None:
    address = shared(google, write_plan(here / "okr.xlsx", [(*row, None, None, None, None) for row in ROWS]))
    google.fail("write", "bad request", path=":batchUpdate")
    done = command("run", address, "--json").json["workbooks"][0]
    assert [row["state"] for row in done["rows"]][:2] == ["fresh", "fresh"]
    assert "by number" in done["notes"][0]
    assert column(google, address, 7, 5) == [2, 60]
