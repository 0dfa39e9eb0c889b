"""A workbook and a period go in, the plan of that period comes out as a new workbook, and the grades of the old one as a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sheetsync import rollover
from sheetsync.config import WorkbookConfig
from sheetsync.errors import ConfigError, WorkbookError
from sheetsync.okr import period
from sheetsync.okr.scan import scan
from sheetsync.template import write_new
from sheetsync.texts import Sentence, sentence
from sheetsync.workbooks._ooxml.renaming import renamed

if TYPE_CHECKING:
    from sheetsync.app import App


@dataclass(frozen=True, slots=True)
class RolledOver:
    """What `rollover` made: the new workbook, how many rows begin anew, cells changed, and what a person has to do there."""

    workbook: Path
    rows: int
    edits: int
    left: tuple[Sentence, ...]
    grades: Path | None


def roll_over(
    application: App,
    entry: WorkbookConfig,
    to: str,
    *,
    out: Path | None = None,
    carry_starts: bool = False,
    grades: Path | None = None,
) -> RolledOver:
    """Copies a plan into a new workbook for the next period; the old one is only read.

    Raises ConfigError for a period that is none and for files that are there already, WorkbookError where the copy cannot be
    edited; then no file is left.
    """
    target = period.parse(to)
    if target is None:
        raise ConfigError("{text} is no period.", text=to, advice="Write a year, a quarter or a month: 2027, 2027-Q1, 2027-03.")
    if "://" in entry.path:
        raise ConfigError(
            "{path} is no file, so there is nothing to copy.", path=entry.name,
            advice="Choose File, Make a copy in Google Sheets, and write the new period there.",
        )  # fmt: skip
    old = application.config.path(entry.path)
    source = application.open_workbook(entry)
    grids = source.read()  # says in its own words what is wrong with it
    new = out or old.with_name(f"{old.stem}-{target.label}{old.suffix}")
    if new.suffix.casefold() != old.suffix.casefold():
        raise ConfigError("The new workbook must end with {suffix}, like the old one.", suffix=old.suffix)
    today = application.edges.time.now().astimezone(application.zone(entry)).date()
    rows = scan(grids, today=today, default_period=period.parse(entry.period))
    planned = rollover.plan(grids, rows, target, carry_starts=carry_starts)
    if not planned.rows:
        raise ConfigError("Every key result of this workbook is of {period} already.", period=target.label)
    data, names, left = old.read_bytes(), dict(planned.renames), list(planned.left)
    try:
        data = renamed(data, names) if names else data
    except WorkbookError as error:
        names = {}
        left += [sentence(error.template, **error.params)]
        left += [rollover.to_rename(name, label) for name, label in planned.renames.items()]
    write_new(new, data)
    try:
        copy = application.open_workbook(WorkbookConfig(path=str(new.resolve()), backups=0))
        copy.read()
        edits = rollover.under_new_names(planned.edits, names)
        copy.apply(edits)
        if grades is not None:
            found = rollover.grades(planned.rows, bands=entry.bands)
            write_new(grades, rollover.as_csv(found) if grades.suffix.casefold() == ".csv" else rollover.as_json(found))
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    return RolledOver(new, len(planned.rows), len(edits), tuple(left), grades)
