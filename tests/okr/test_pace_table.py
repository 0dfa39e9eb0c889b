"""The published table of edge cases, row by row, against the program: docs/pace.md."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from sheetsync.model import Kind, Period
from sheetsync.okr import layout, period
from sheetsync.okr.progress import Status, Unmeasured, expected, progress, status

PAGE = (Path(__file__).parents[2] / "docs" / "pace.md").read_text(encoding="utf-8")
HEADINGS = ("Case", "Type", "Start", "Target", "Result", "Progress", "Period", "Today", "Counted", "Expected", "Status")
NOTHING = "–"


@dataclass(frozen=True)
class Case:
    """One row, as it is written."""

    section: str
    cells: dict[str, str]

    def __str__(self) -> str:
        return f"{self.section}: {self.cells['Case']}"

    def __getitem__(self, heading: str) -> str:
        return self.cells[heading]

    def number(self, heading: str) -> Decimal | None:
        said = self[heading]
        if said == NOTHING:
            return None
        if layout.yes_no(said) is not None and self["Type"] == "yes-no":
            return Decimal(int(bool(layout.yes_no(said))))
        return Decimal(said.removesuffix(" %")) / (100 if said.endswith(" %") else 1)

    @property
    def period(self) -> Period | None:
        found = period.parse(self["Period"])
        assert (found is None) == (self["Period"] == NOTHING), self["Period"]
        return found

    @property
    def counted(self) -> tuple[str, str, int]:
        found = re.fullmatch(r"(calendar|workdays|score)(?:, lag (\d+))?", self["Counted"])
        assert found, self["Counted"]
        score = found[1] == "score"
        return ("calendar" if score else found[1]), ("score" if score else "pace"), int(found[2] or 0)


def read() -> list[Case]:
    found, section = [], ""
    for line in PAGE.splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        elif line.startswith("| ") and not line.startswith("| Case"):
            cells = [cell.strip() for cell in line.strip("|").split(" | ")]
            found.append(Case(section, dict(zip(HEADINGS, cells, strict=True))))
    return found


CASES = read()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_table_says_what_the_program_does(case: Case) -> None:
    kind = layout.kind(case["Type"])
    assert kind is not None
    reached = progress(kind, case.number("Start"), case.number("Target"), case.number("Result"))
    told = case.number("Progress")
    if isinstance(reached, Unmeasured):
        assert told is None
    else:
        assert told is not None
        assert (reached * 100).quantize(Decimal("0.01")) == (told * 100).quantize(Decimal("0.01"))
    pace, bands, lag = case.counted
    of, today = case.period, date.fromisoformat(case["Today"])
    if of is None:
        assert case["Expected"] == NOTHING
    else:
        passed, _, whole = case["Expected"].removesuffix(" days").partition(" of ")
        due = Decimal(1) if passed == "all" else Decimal(passed) / Decimal(whole) if whole != "0" else Decimal(0)
        assert expected(of, today, pace=pace, lag_days=lag) == due  # type: ignore[arg-type]
    if isinstance(reached, Unmeasured):
        assert case["Status"] == reached
    else:
        judged = status(reached, of, today, pace=pace, bands=bands, lag_days=lag)  # type: ignore[arg-type]
        assert case["Status"] == judged


def test_the_table_covers_what_there_is() -> None:
    assert len(CASES) >= 60
    assert {layout.kind(case["Type"]) for case in CASES} == set(Kind)
    said = {case["Status"] for case in CASES}
    texts = {Unmeasured.TEXT_RESULT, Unmeasured.TEXT_TARGET}  # of cells, which this table does not have
    assert {*Status, *Unmeasured} - texts == said
    assert {case.counted[0] for case in CASES} == {"calendar", "workdays"}
    assert any(case.counted[2] for case in CASES)
    assert any(case.counted[1] == "score" for case in CASES)
    assert len({str(case) for case in CASES}) >= len(CASES) - 2
    assert f"{len(CASES)} cases" in PAGE


def test_the_days_of_a_period_are_those_of_the_calendar() -> None:
    """The whole in `45 of 90 days`, counted here by hand."""
    for case in CASES:
        if case.period is None:
            continue
        days = [date.fromordinal(day) for day in range(case.period.start.toordinal(), case.period.end.toordinal() + 1)]
        counted = [day for day in days if case.counted[0] == "calendar" or day.weekday() < 5]
        assert case["Expected"].endswith(f" of {len(counted)} days"), case
