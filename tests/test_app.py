"""The whole line through the command: a real workbook, real sources, what is written and what is said."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sheetsync.testing import Answer, Stand
from tests.conftest import Done, results, write_plan

Command = Callable[..., Done]
QUERIES = """
[connectors.sql.crm]
url = "sqlite:///data/crm.db"
[connectors.sql.crm.queries.won]
sql = "SELECT SUM(amount) FROM deals WHERE stage = 'won'"
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "leads.csv").write_text("name,stage,amount\nA,SQL,10\nB,MQL,20\nC,SQL,30\n", encoding="utf-8")
    (tmp_path / "sheetsync.toml").write_text(
        'timezone = "UTC"\n[[workbooks]]\npath = "okr.xlsx"\n[connectors.file.default]\nfolders = ["data"]\n', encoding="utf-8"
    )
    return tmp_path


def row(
    name: str, target: Any, result: Any, link: str | None, *, kind: str = "number", group: str = "Inbound", start: Any = 0
) -> tuple[Any, ...]:
    return (group, "O1 Grow", name, kind, start, target, result, link, None, None, None, None)


def test_a_run_fills_the_results_and_a_second_one_writes_nothing(here: Path, command: Command) -> None:
    book = write_plan(
        here / "okr.xlsx",
        [
            row("KR1 SQLs", 4, None, "file:data/leads.csv#count&where=stage:SQL"),
            row("KR2 Sum", 100, 1, "file:data/leads.csv#sum(amount)"),
        ],
    )
    done = command("run", "--json")
    assert done.code == 0, done.err
    (report,) = done.json["workbooks"]
    assert [one["state"] for one in report["rows"]] == ["fresh", "fresh"]
    assert [one["new"] for one in report["rows"]] == [2, 60]
    assert report["requests"] == 1
    assert results(book) == [2, 60]
    before, moment = book.read_bytes(), book.stat().st_mtime_ns
    again = command("run", "--json").json["workbooks"][0]
    assert again["edits"] == 0
    assert [one["state"] for one in again["rows"]] == ["unchanged", "unchanged"]
    assert (book.read_bytes(), book.stat().st_mtime_ns) == (before, moment)


def test_only_what_depends_on_a_source_changes_with_it(here: Path, command: Command) -> None:
    (here / "data" / "other.csv").write_text("n\n7\n", encoding="utf-8")
    write_plan(
        here / "okr.xlsx", [row("A", 9, None, "file:data/leads.csv#count"), row("B", 9, None, "file:data/other.csv#value")]
    )
    command("run")
    with (here / "data" / "leads.csv").open("a", encoding="utf-8") as file:
        file.write("D,SQL,40\n")
    states = [one["state"] for one in command("run", "--json").json["workbooks"][0]["rows"]]
    assert states == ["fresh", "unchanged"]


def test_a_failed_row_keeps_its_value_and_says_what_to_do(here: Path, command: Command) -> None:
    book = write_plan(
        here / "okr.xlsx", [row("A", 9, 5, "file:data/gone.csv#count"), row("B", 9, None, "file:data/leads.csv#count")]
    )
    done = command("run", "--json")
    assert done.code == 1
    broken, fine = done.json["workbooks"][0]["rows"]
    assert (broken["state"], fine["state"]) == ("broken", "fresh")
    assert results(book) == [5, 3]
    said = results(book, "Sync")[0]
    assert said.startswith("broken since ")
    assert len(said) <= 200
    assert "\n" not in said


def test_a_dry_run_says_what_it_would_write(here: Path, command: Command) -> None:
    book = write_plan(here / "okr.xlsx", [row("A", 9, 5, "file:data/leads.csv#count")])
    before = book.read_bytes()
    done = command("run", "--dry-run", "--json")
    assert done.json["workbooks"][0]["rows"][0]["new"] == 3
    assert book.read_bytes() == before
    assert "would" in command("run", "--dry-run").out


def test_only_a_group(here: Path, command: Command) -> None:
    book = write_plan(
        here / "okr.xlsx",
        [row("A", 9, None, "file:data/leads.csv#count"), row("B", 9, None, "file:data/leads.csv#count", group="Brand")],
    )
    done = command("run", "--only", "brand", "--json")
    assert [one["key_result"] for one in done.json["workbooks"][0]["rows"]] == ["B"]
    assert results(book) == [None, 3]


def test_losses_of_most_results_are_not_written_unless_forced(here: Path, command: Command) -> None:
    plan = [row(f"K{n}", 9, 5, "file:data/leads.csv#count&where=stage:None") for n in range(4)]
    book = write_plan(here / "okr.xlsx", plan)
    done = command("run")
    assert done.code == 3
    assert "--force" in done.out
    assert results(book) == [5, 5, 5, 5]
    assert command("run", "--force").code == 0
    assert results(book) == [0, 0, 0, 0]


def test_roll_ups_manual_rows_and_yes_no(here: Path, command: Command) -> None:
    headings = (
        "Group",
        "Objective",
        "Key result",
        "Type",
        "Start",
        "Target",
        "Result",
        "Data link",
        "Progress",
        "Status",
        "Sync",
        "Aligned to",
    )
    rows = [
        ("All", "O1 Grow", "KR1 Leads", "number", 0, 10, None, "rollup:sum", None, None, None, None),
        ("In", "O2 Find", "KR2 SQLs", "number", 0, 4, None, "file:data/leads.csv#count&where=stage:SQL", None, None, None, "KR1"),
        ("In", "O2 Find", "KR3 MQLs", "number", 0, 4, 5, "manual:", None, None, None, "KR1"),
        ("Ann", "O3 Learn", "KR4 Course", "yes-no", None, "yes", "no", "file:data/leads.csv#count", None, None, None, None),
    ]
    book = write_plan(here / "okr.xlsx", rows, headings=headings)
    done = command("run", "--json")
    assert results(book) == [7, 2, 5, "yes"], done.out
    assert [one["state"] for one in done.json["workbooks"][0]["rows"]] == ["fresh", "fresh", "manual", "fresh"]


def test_a_workbook_in_chinese_is_answered_in_chinese(here: Path, command: Command) -> None:
    headings = (
        "部门",
        "目标",
        "关键结果",
        "类型",
        "起始值",
        "目标值",
        "结果",
        "数据链接",
        "进度",
        "状态",
        "同步状态",
        "更新时间",
    )
    rows = [("增长", "O1 更多线索", "KR1 线索数量", "数字", 0, 3, None, "file:data/leads.csv#count", None, None, None, None)]
    book = write_plan(here / "okr.xlsx", rows, headings=headings)
    assert command("run").code == 0
    assert results(book, "结果") == [3]
    assert results(book, "状态") == ["完成"]
    assert results(book, "同步状态") == ["已更新"]


def test_named_queries_of_a_database(here: Path, command: Command) -> None:
    with sqlite3.connect(here / "data" / "crm.db") as database:
        database.execute("CREATE TABLE deals (stage TEXT, amount NUMERIC)")
        database.executemany("INSERT INTO deals VALUES (?, ?)", [("won", 10), ("won", 15), ("lost", 99)])
    database.close()
    with (here / "sheetsync.toml").open("a", encoding="utf-8") as file:
        file.write(QUERIES)
    book = write_plan(here / "okr.xlsx", [row("A", 50, None, "sql:crm/won")])
    done = command("run", "--json")
    assert done.code == 0, done.out
    assert results(book) == [25]


def test_permitted_web_addresses_and_no_others(here: Path, command: Command) -> None:
    with Stand() as stand:
        origin = f"http://127.0.0.1:{stand.port}"
        stand.answer("/kpi.json", Answer.of({"site": {"visits": "1,234.5", "rate": 0.25}}))
        with (here / "sheetsync.toml").open("a", encoding="utf-8") as file:
            file.write(f'[connectors.http.site]\norigin = "{origin}"\npaths = ["/*.json"]\n')
        book = write_plan(
            here / "okr.xlsx",
            [
                row("A", 2000, None, f"{origin}/kpi.json#$.site.visits"),
                row("B", 1, None, f"{origin}/kpi.json#select=$.site.rate"),
                row("C", 1, 8, f"{origin}/secret/kpi.json#$.x"),
                row("D", 1, 9, "http://169.254.169.254/latest/meta-data/"),
            ],
        )
        done = command("run", "--json")
        assert done.code == 1
        report = done.json["workbooks"][0]
        assert [one["state"] for one in report["rows"]] == ["fresh", "fresh", "broken", "broken"]
        assert report["requests"] == 1
        assert results(book) == [1234.5, 0.25, 8, 9]
        assert [seen.path for seen in stand.seen] == ["/kpi.json"]


def test_an_open_workbook_is_waited_for(here: Path, command: Command) -> None:
    book = write_plan(here / "okr.xlsx", [row("A", 9, 5, "file:data/leads.csv#count")])
    before = book.read_bytes()
    name = "Ann".ljust(54).encode()
    (here / "~$okr.xlsx").write_bytes(bytes([3]) + name + (3).to_bytes(2, "little") + "Ann".ljust(54).encode("utf-16-le"))
    done = command("run")
    assert done.code == 3
    assert "Ann" in done.out
    assert book.read_bytes() == before
    (here / "~$okr.xlsx").unlink()
    assert command("run").code == 0
    assert results(book) == [3]


def test_a_busy_workbook_is_left_to_the_one_who_holds_it(here: Path, command: Command, own_state: Path) -> None:
    from sheetsync._locks import hold
    from sheetsync.workbooks.excel import Excel

    book = write_plan(here / "okr.xlsx", [row("A", 9, 5, "file:data/leads.csv#count")])
    with hold(own_state / "locks", Excel(book).identity):
        done = command("run")
    assert done.code == 75
    assert str(os.getpid()) in done.out


def test_one_failed_workbook_does_not_stop_the_next(here: Path, command: Command) -> None:
    book = write_plan(here / "okr.xlsx", [row("A", 9, 5, "file:data/leads.csv#count")])
    (here / "bad.xlsx").write_bytes(b"no workbook")
    done = command("run", "bad.xlsx", "okr.xlsx", "--json")
    assert done.code == 3
    failed, fine = done.json["workbooks"]
    assert failed["error"]
    assert fine["rows"][0]["state"] == "fresh"
    assert results(book) == [3]


def test_history_tells_where_a_figure_came_from(here: Path, command: Command) -> None:
    write_plan(here / "okr.xlsx", [row("KR7 Leads", 9, 5, "file:data/leads.csv#count")])
    command("run")
    entries = command("history", "leads", "--json").json["entries"]
    assert [(entry["value"], entry["connector"], entry["state"]) for entry in entries] == [(3, "file", "fresh")]
    assert "leads.csv" in entries[0]["source"]
    assert "Leads" in command("history").out


def test_a_recovered_link_forgets_since_when_it_was_broken(here: Path, command: Command) -> None:
    book = write_plan(here / "okr.xlsx", [row("A", 9, 5, "file:data/later.csv#count")])
    assert command("run").code == 1
    first = results(book, "Sync")
    assert command("run").code == 1
    assert results(book, "Sync") == first  # the same sentence and the same since: no edit
    (here / "data" / "later.csv").write_text("n\n1\n", encoding="utf-8")
    assert command("run").code == 0
    assert results(book) == [1]
    assert results(book, "Sync") == ["fresh"]
    (here / "data" / "later.csv").unlink()
    done = command("run", "--json")
    assert done.code == 1
    assert results(book) == [1]
    assert results(book, "Sync")[0].startswith("broken since ")


def test_a_group_that_is_not_there_is_said(here: Path, command: Command) -> None:
    write_plan(here / "okr.xlsx", [row("KR1 SQLs", 4, None, "file:data/leads.csv#count&where=stage:SQL")])
    done = command("run", "--only", "Nobody")
    assert done.code == 2
    assert "has no group Nobody" in " ".join(done.err.split())
    assert command("run", "--only", "inbound").code == 0
