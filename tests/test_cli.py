"""The command line: help, exit codes, complaints, and JSON that holds nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sheetsync import __version__
from tests.conftest import Done, write_plan

Command = Callable[..., Done]
COMMANDS = ("run", "check", "explain", "connectors", "doctor", "history", "demo", "init")
ROW = ("Inbound", "O1 Grow", "KR1 Leads", "number", 0, 5, 1, "manual:", None, None, None, None)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_version(command: Command) -> None:
    assert command("--version").out.strip() == __version__


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_that_teaches(command: Command, name: str) -> None:
    done = command(name, "--help")
    assert done.code == 0
    assert len(done.out.splitlines()) > 8


def test_help_follows_the_terminals_language() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sheetsync", "--help"],
        capture_output=True,
        check=True,
        env={"LANG": "zh_CN.UTF-8", "PYTHONUTF8": "1", "PATH": ""},
    )
    assert "关键结果" in done.stdout.decode()


def test_a_wrong_option_is_a_usage_error(command: Command) -> None:
    done = command("run", "--nope")
    assert done.code == 2
    assert "--nope" in done.err
    assert "Traceback" not in done.err


def test_without_a_workbook_it_says_how_to_begin(command: Command) -> None:
    done = command("run")
    assert done.code == 2
    assert "sheetsync init" in done.err


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("languag = 1", "languag"),
        ("[[workbooks]]\npaths = 1", "paths"),
        ("timezone = 'Mars/Olympus'", "timezone"),
        ("[connectors.nosuch.main]\nkey = 1\n[[workbooks]]\npath='okr.xlsx'", "nosuch"),
        ("[connectors.mailchimp.main]\napi_key = 'plain-text-us1'\n[[workbooks]]\npath='okr.xlsx'", "api_key"),
        ("not toml", "TOML"),
    ],
)
def test_complaints_name_the_key(command: Command, here: Path, text: str, part: str) -> None:
    write_plan(here / "okr.xlsx", [ROW])
    (here / "sheetsync.toml").write_text(text, encoding="utf-8")
    done = command("run")
    assert done.code == 2
    assert part in done.err
    assert "sheetsync.toml" in done.err
    assert "plain-text" not in done.err


def test_json_is_all_there_is_on_standard_output(command: Command, here: Path) -> None:
    write_plan(here / "okr.xlsx", [ROW])
    for words in (("run", "okr.xlsx"), ("check", "okr.xlsx"), ("explain", "manual:"), ("connectors",), ("doctor",), ("history",)):
        done = command(*words, "--json")
        assert json.loads(done.out), words
        assert done.err == "", words


def test_explain_needs_neither_network_nor_account(command: Command) -> None:
    done = command("explain", "https://us21.admin.mailchimp.com/reports/summary?id=42", "--json")
    assert done.code == 0
    found = done.json
    assert (found["state"], found["connector"], found["kind"], found["metric"]) == ("ok", "mailchimp", "campaign", "open_rate")
    assert "click_rate" in found["metrics"]
    assert "connect" in found["advice"]


@pytest.mark.parametrize(
    ("link", "state"),
    [
        ("https://mailchi.mp/acme/sale", "unsupported"),
        ("https://nobody.example/x", "unknown"),
        ("nonsense", "unknown"),
        ("", "unknown"),
        ("manual:", "ok"),
        ("rollup:sum", "ok"),
        ("https://us21.admin.mailchimp.com/reports/summary?id=42#metric=nonsense", "unknown"),
        ("https://us21.admin.mailchimp.com/pricing", "unknown"),
    ],
)
def test_explain_sorts_links(command: Command, link: str, state: str) -> None:
    done = command("explain", link, "--json")
    assert done.json["state"] == state
    assert done.code == (0 if state == "ok" else 1)
    assert done.json["advice"] or state == "ok"


def test_explain_names_the_measures_of_a_page_whose_measure_is_wrong(command: Command) -> None:
    found = command("explain", "https://us21.admin.mailchimp.com/reports/summary?id=42#metric=nonsense", "--json").json
    assert found["connector"] == "mailchimp"
    assert "open_rate" in found["metrics"]


def test_check_finds_what_is_not_in_good_form(command: Command, here: Path) -> None:
    rows = [
        (
            "Inbound",
            "O1 Reach 350 leads by May",
            "KR1 Leads",
            "number",
            0,
            5,
            1,
            "https://mailchi.mp/a/b",
            None,
            None,
            None,
            None,
        ),
        ("Inbound", None, "KR1 Leads", "number", 5, 5, 1, "manual:", None, None, None, None),
        ("Inbound", None, "KR2 Fame", "number", 0, "a lot", 1, "manual:", None, None, None, None),
    ]
    write_plan(here / "okr.xlsx", rows)
    done = command("check", "okr.xlsx", "--json")
    assert done.code == 1
    rules = {finding["rule"] for finding in done.json["findings"]}
    assert rules == {"objective-with-number", "link", "no-span", "text-target", "twin"}
    assert all(finding["what"] and finding["why"] and finding["mend"] and finding["cell"] for finding in done.json["findings"])
    assert command("check", "okr.xlsx").code == 1


def test_a_clean_plan_has_no_findings(command: Command, here: Path) -> None:
    write_plan(here / "okr.xlsx", [ROW])
    done = command("check", "okr.xlsx")
    assert done.code == 0
    assert "good form" in done.out


def test_doctor_says_what_is_wrong_with_an_account(command: Command, here: Path) -> None:
    (here / "sheetsync.toml").write_text(
        '[connectors.mailchimp.main]\napi_key = { env = "NOT_SET_ANYWHERE" }\n', encoding="utf-8"
    )
    done = command("doctor", "--json")
    assert done.code == 1
    (bad,) = [check for check in done.json["checks"] if not check["ok"]]
    assert "NOT_SET_ANYWHERE" in bad["message"]


def test_a_mistake_of_ours_is_a_sentence_and_a_file(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    from sheetsync import app

    def broken(*_: object) -> None:
        raise RuntimeError("inner detail")

    monkeypatch.setattr(app, "open_app", broken)
    done = command("connectors")
    assert done.code == 70
    assert "inner detail" not in done.err
    assert "Traceback" not in done.err
    assert ".log" in done.err
