"""What many tests share: a home of their own, the command in this process, small workbooks, what must not be missing in CI."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import openpyxl
import pytest

hypothesis.settings.register_profile("any machine", deadline=None)  # a first import or a busy machine is no fault
hypothesis.settings.load_profile("any machine")

HEADINGS = (
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
    "As of",
)


@pytest.fixture(autouse=True)
def own_state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nobody's real history, configuration or language gets into a test."""
    state = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("SHEETSYNC_STATE", str(state))
    monkeypatch.setenv("XDG_STATE_HOME", str(state / "other"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(state / "config"))
    for name in ("SHEETSYNC_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    return state


@dataclass(frozen=True)
class Done:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Done]]:
    """The command line, through its entry point, in this process."""
    from sheetsync import cli

    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("FORCE_COLOR", raising=False)

    def call(*words: str) -> Done:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["sheetsync", *words])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        printed = capsys.readouterr()
        code = stopped.value.code
        return Done(code if isinstance(code, int) else 0 if code is None else 1, printed.out, printed.err)

    yield call


def write_plan(path: Path, rows: Sequence[Sequence[Any]], *, headings: Sequence[str] = HEADINGS, sheet: str = "2027-Q1") -> Path:
    """A small plan: a title, the heading row, the rows; Progress as percentages."""
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = sheet
    page.append(["Marketing OKRs"])
    page.append([])
    page.append(list(headings))
    for row in rows:
        page.append(list(row))
    for row in page.iter_rows(min_row=4, max_row=3 + len(rows)):
        for cell, heading in zip(row, headings, strict=False):
            if heading == "Progress":
                cell.number_format = "0%"
    book.save(path)
    book.close()
    return path


def results(path: Path, heading: str = "Result") -> list[Any]:
    """One column of a plan, read by another reader."""
    book = openpyxl.load_workbook(path)
    page = book.active
    assert page is not None
    headings = [cell.value for cell in page[3]]
    column = headings.index(heading) + 1
    values = [page.cell(row, column).value for row in range(4, page.max_row + 1)]
    book.close()
    return values


def needs(program: str) -> str:
    """The path of a program that a test uses; without it the test is skipped, but never in CI."""
    found = shutil.which(program)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(f"{program} must be there in CI")
        pytest.skip(f"{program} is not installed")
    return found
