"""Key results, outcomes and the past go in; the cell edits of this run and a report of each row come out.

Nothing else in the project decides what is written. The rules:

    a failed link never blanks, zeroes or recolours a Result; the last good value stays, and Sync says what happened
    a formula is never overwritten; a Result that is a formula is read and takes part in progress
    an edit is planned only where the cell would change, so that a run without news writes nothing
    the warning of a good figure stands in Sync behind its own sign, and is written again only when its sentence changes
    status and colour follow the calendar, so they are planned at every run
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Context, Decimal
from typing import Final, Protocol

from sheetsync.errors import LinkError, NoSuchMetric, Refused, TooManyLosses, Unavailable
from sheetsync.model import (
    NO_FILL,
    PERCENT,
    Cell,
    CellEdit,
    CellError,
    Column,
    KeyResult,
    Kind,
    Link,
    Outcome,
    Reading,
    RowReport,
)
from sheetsync.okr import layout, scan
from sheetsync.okr.progress import COLOURS, Bands, Pace, Status, Unmeasured, progress, status
from sheetsync.okr.rollup import roll_up
from sheetsync.texts import Texts, mark, one_line

SYNC_LENGTH: Final = 200
WARNING_SIGN: Final = "⚠"
"""Stands between what happened and what somebody should know, so that the second can change without the first."""
FRESH, UNCHANGED, MANUAL = "fresh", "unchanged", "manual"
_JUMP: Final = 10
_PLACES: Final = Decimal("0.0001")
_DIGITS: Final = 700
"""Enough to round any progress to places: from 1e300 down to 1e-300, and those divided by each other."""


class Memory(Protocol):
    """What the planner needs to know of earlier runs of this workbook."""

    @property
    def broken_since(self) -> Mapping[str, datetime]:
        """Since when a link gives no figure, by the link's text."""

    @property
    def fills(self) -> Mapping[str, str]:
        """The fill a progress cell had before it was coloured, by row key."""


@dataclass(frozen=True, slots=True)
class NoMemory:
    """The first run."""

    broken_since: Mapping[str, datetime] = field(default_factory=dict)
    fills: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class How:
    """The workbook's settings, and the moment: `now` is aware, `texts` speaks the workbook's language."""

    now: datetime
    texts: Texts
    zone: tzinfo | None = UTC  # None: the system's own
    pace: Pace = "calendar"
    bands: Bands = "pace"
    colours: bool = True
    force: bool = False
    lag_days: Mapping[Link, int] = field(default_factory=dict)
    connectors: Mapping[Link, str] = field(default_factory=dict)
    accounts: Mapping[Link, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one row: for the report, for history, and its edits."""

    key_result: KeyResult
    report: RowReport
    edits: tuple[CellEdit, ...]
    outcome: Outcome | None
    result: Decimal | None = None  # what Result holds after the run, in the row's own measure
    fill_before: str | None = None  # the fill to remember; None when nothing is to be remembered

    @property
    def written(self) -> CellEdit | None:
        """The edit of the Result cell, where there is one."""
        return next((edit for edit in self.edits if edit.ref == self.key_result.ref), None)


@dataclass(frozen=True, slots=True)
class Plan:
    """All of it."""

    rows: tuple[Row, ...]

    @property
    def edits(self) -> tuple[CellEdit, ...]:
        return tuple(edit for row in self.rows for edit in row.edits)


@dataclass(frozen=True, slots=True)
class _Found:
    """One row's new figure before it is written down: `result` in the row's own measure."""

    state: str
    result: Decimal | None
    message: str = ""
    value: Decimal | str | bool | None = None  # as it is to stand in the cell; None: the cell stays
    reading: Reading | None = None
    since: datetime | None = None  # of a failure
    warning: str = ""


def plan(
    key_results: Sequence[KeyResult],
    outcomes: Mapping[Link, Outcome],
    memory: Memory,
    how: How,
    *,
    only: Iterable[str] = (),
    keys: Collection[str] | None = None,
) -> Plan:
    """What to write. `only` names groups, `keys` names rows; other rows are left alone, but count in roll-ups.

    Raises TooManyLosses where more than half of all results would turn to zero and `how.force` is not set.
    """
    wanted = {layout.fold(name) for name in only}
    found = {index: _look(row, outcomes, memory, how) for index, row in enumerate(key_results)}
    for index, rolled in roll_up(key_results, {index: one.result for index, one in found.items()}).items():
        found[index] = _take(key_results[index], rolled, memory, how)
    if not how.force:
        _refuse_losses(key_results, found)
    return Plan(tuple(
        _row(row, found[index], outcomes, memory, how)
        for index, row in enumerate(key_results)
        if (not wanted or layout.fold(row.group) in wanted) and (keys is None or row.key in keys)
    ))  # fmt: skip


# --- the figure --------------------------------------------------------------------------------------------------------


def _look(row: KeyResult, outcomes: Mapping[Link, Outcome], memory: Memory, how: How) -> _Found:
    if isinstance(row.source, str):  # a roll-up is filled in afterwards, from the rows that this loop finds
        return _Found(MANUAL, row.result)
    if isinstance(row.source, LinkError):
        return _take(row, row.source, memory, how)
    outcome = outcomes.get(row.source)
    if outcome is None:
        outcome = Unavailable("This row was not asked for in this run.")
    return _take(row, outcome, memory, how)


def _take(row: KeyResult, outcome: Outcome, memory: Memory, how: How) -> _Found:
    """One outcome, in the form that this row's Result cell expects."""
    cell = row.cells[Column.RESULT]
    if isinstance(outcome, Reading):
        try:
            if cell.formula:
                raise Refused(
                    "Result holds a formula, which is never overwritten.", advice="Delete the formula, or the data link."
                )
            if cell.locked:
                raise Refused(
                    "Result is locked by the sheet's protection.", advice="Unlock the Result cells in the sheet's protection."
                )
            result, value = _in_the_cells_form(row, cell, outcome, how)
        except LinkError as error:
            outcome = error
        else:
            same = _same(cell, value)
            message = _flag(row, result, outcome, how) if not same else ""
            warning = how.texts.say(outcome.warning) if outcome.warning is not None else ""
            return _Found(UNCHANGED if same else FRESH, result, message, None if same else value, outcome, warning=warning)
    return _Found(outcome.state, row.result, how.texts.error(outcome), since=memory.broken_since.get(row.link_text, how.now))


def _in_the_cells_form(row: KeyResult, cell: Cell, reading: Reading, how: How) -> tuple[Decimal, Decimal | str | bool]:
    """The reading in the row's own measure, and as it is to stand in the cell. Raises NoSuchMetric where the unit is unclear."""
    value = reading.value
    if row.kind is Kind.YES_NO:
        yes = value > 0
        return Decimal(int(yes)), _yes_no(row, yes, how)
    in_percent = scan.in_percent(row)
    if in_percent or reading.unit == PERCENT:
        share = value if reading.unit == PERCENT else _share(row, value)
        in_cell = share if layout.is_percent(cell.number_format) else share * 100
        return (share if in_percent else in_cell), _plain(in_cell)
    return value, _plain(value)


def _share(row: KeyResult, value: Decimal) -> Decimal:
    """A plain number in a percent row: only the link can say whether 0.35 is 35 % or a third of one percent."""
    unit = row.source.option("unit") if isinstance(row.source, Link) else None
    if unit == "percent":
        return value / 100
    if unit == "ratio":
        return value
    raise NoSuchMetric(
        "The row is a percentage, but the source gives the plain number {value}.", value=_plain(value),
        advice="Add #unit=percent (35 means 35 %) or #unit=ratio (0.35 means 35 %) behind the link.",
    )  # fmt: skip


def _plain(value: Decimal) -> Decimal:
    """Without exponent and trailing zeroes; at most the 15 digits that a workbook shows."""
    short = value if len(value.as_tuple().digits) <= 15 else Decimal(repr(float(value)))
    short = short.normalize()
    return short.quantize(Decimal(1)) if short == short.to_integral_value() and abs(short) < Decimal(10) ** 20 else short


def _yes_no(row: KeyResult, yes: bool, how: How) -> str | bool | Decimal:
    """Yes in the way the cell says it, or else its target: TRUE, a word of the same language and case, or 1."""
    for cell in (row.cells[Column.RESULT], row.cells[Column.TARGET]):
        if isinstance(cell.value, bool):
            return yes
        if isinstance(cell.value, float):
            return Decimal(int(yes))
        said = scan.text(cell)
        if layout.yes_no(said) is not None:
            found = said if layout.yes_no(said) is yes else layout.opposite(said)
            return found or (how.texts(mark("yes")) if yes else how.texts(mark("no")))
    return how.texts(mark("yes")) if yes else how.texts(mark("no"))


def _same(cell: Cell, value: Decimal | str | bool | datetime) -> bool:
    here = cell.value
    if isinstance(value, datetime):
        return isinstance(here, datetime) and abs(here - value) < timedelta(seconds=1)
    if isinstance(value, Decimal):
        return isinstance(here, float) and here == float(value)
    return type(here) is type(value) and here == value


def _flag(row: KeyResult, new: Decimal, reading: Reading, how: How) -> str:
    """What looks odd about a new figure: it is written all the same, and said."""
    old = row.result
    if old is not None and old != 0:
        if new == 0:
            return how.texts(mark("fell to 0 in one step; look at the source"))
        if (old > 0) != (new > 0):
            return how.texts(mark("changed its sign; look at the source"))
        if abs(new) >= abs(old) * _JUMP or abs(new) * _JUMP <= abs(old):
            return how.texts(mark("changed tenfold in one step; look at the source"))
    if not reading.approximate:
        return ""
    if _too_coarse(row, new):
        return how.texts(mark("rounded so coarsely by the service that the way to the target can hardly be seen"))
    return how.texts(mark("rounded by the service"))


def _too_coarse(row: KeyResult, new: Decimal) -> bool:
    """Whether one step of a figure of three digits (1.23K) is more than a tenth of the whole way from start to target."""
    if row.target is None or new == 0:
        return False
    step = Decimal(1).scaleb(new.adjusted() - 2)
    return step * 10 > abs(row.target - (row.start or Decimal(0)))


def _refuse_losses(key_results: Sequence[KeyResult], found: Mapping[int, _Found]) -> None:
    had = [index for index, row in enumerate(key_results) if row.result]
    lost = [index for index in had if found[index].state == FRESH and found[index].result == 0]
    if len(lost) >= 2 and len(lost) * 2 > len(had):
        raise TooManyLosses(
            "{lost} of {all} results would turn to 0 in one run, so nothing was written.", lost=len(lost), all=len(had)
        )


# --- the cells ---------------------------------------------------------------------------------------------------------


def _row(row: KeyResult, found: _Found, outcomes: Mapping[Link, Outcome], memory: Memory, how: How) -> Row:
    reached = _progress(row, found)
    judged = _status(row, reached, how)
    edits: list[CellEdit] = []

    def put(column: Column, value: Decimal | str | bool | datetime | None) -> None:
        cell = row.cells.get(column)
        if cell is None or value is None or cell.formula or cell.locked or _same(cell, value):
            return
        if value != "" or cell.value is not None:
            edits.append(CellEdit(row.refs[column], value))

    put(Column.RESULT, found.value)
    put(Column.STATUS, _status_text(judged, how))
    put(Column.SYNC, _sync(row, found, how))
    put(Column.AS_OF, _as_of(row, found, how))
    fill, before = _fill(row, judged if isinstance(judged, Status) else None, memory, how)
    _put_progress(row, reached, fill, edits)
    outcome = (
        outcomes.get(row.source) if isinstance(row.source, Link) else row.source if isinstance(row.source, LinkError) else None
    )
    return Row(row, _report(row, found, reached, judged, how), tuple(edits), found.reading or outcome, found.result, before)


def _progress(row: KeyResult, found: _Found) -> Decimal | Unmeasured:
    if found.result is None and row.cells[Column.RESULT].value is not None:
        return Unmeasured.TEXT_RESULT
    if row.target is None and row.kind is not Kind.YES_NO and row.cells[Column.TARGET].value is not None:
        return Unmeasured.TEXT_TARGET
    return progress(row.kind, row.start, row.target, found.result)


def _status(row: KeyResult, reached: Decimal | Unmeasured, how: How) -> Status | Unmeasured:
    if isinstance(reached, Unmeasured):
        return reached
    lag = how.lag_days.get(row.source, 0) if isinstance(row.source, Link) else 0
    return status(reached, row.period, how.now.astimezone(how.zone).date(), pace=how.pace, bands=how.bands, lag_days=lag)


def _put_progress(row: KeyResult, reached: Decimal | Unmeasured, fill: str | None, edits: list[CellEdit]) -> None:
    cell = row.cells.get(Column.PROGRESS)
    if cell is None or cell.locked:
        return
    value: Decimal | str | None = None
    if not cell.formula:
        if isinstance(reached, Decimal):
            shown = _plain(_rounded(reached if layout.is_percent(cell.number_format) else reached * 100))
            value = None if _same(cell, shown) else shown
        elif isinstance(cell.value, float) and row.source != "manual":
            value = ""  # a number that nothing measures any more would be believed
    if value is not None or fill is not None:
        edits.append(CellEdit(row.refs[Column.PROGRESS], value, fill))


def _rounded(reached: Decimal) -> Decimal:
    return reached.quantize(_PLACES, context=Context(prec=_DIGITS))


def _fill(row: KeyResult, judged: Status | None, memory: Memory, how: How) -> tuple[str | None, str | None]:
    """The fill to set (None: leave it), and the fill that stood there before we ever touched it (None: known already)."""
    cell = row.cells.get(Column.PROGRESS)
    if cell is None or not how.colours or cell.conditional or cell.locked:
        return None, None
    ours = cell.fill in COLOURS.values()
    if judged is None:
        return (memory.fills.get(row.key, NO_FILL), None) if ours else (None, None)
    colour = COLOURS[judged]
    before = None if ours else cell.fill
    return (None if cell.fill == colour else colour), before


def _status_text(judged: Status | Unmeasured, how: How) -> str:
    return layout.word(layout.STATUSES, judged, how.texts.language) if isinstance(judged, Status) else how.texts(judged)


def _sync(row: KeyResult, found: _Found, how: How) -> str | None:
    """The Sync text; None leaves what stands there.

    `unchanged` replaces only what is no longer true, so that a run without news writes nothing; that is the warning, where there
    was or is another one.
    """
    here = scan.text(row.cells.get(Column.SYNC))
    if found.state == UNCHANGED and layout.begins_with_state(here, (FRESH, UNCHANGED)):
        head, sign, _ = here.partition(WARNING_SIGN)
        return one_line(_warned(head, found.warning), SYNC_LENGTH) if sign or found.warning else None
    if found.state == MANUAL and not row.link_text:
        return "" if layout.begins_with_state(here, layout.STATES) else None
    said = layout.word(layout.STATES, found.state, how.texts.language)
    if found.since is not None:
        said = how.texts(mark("{state} since {since}"), state=said, since=found.since.astimezone(how.zone))
    return one_line(_warned(how.texts.join(said, found.message), found.warning), SYNC_LENGTH)


def _warned(text: str, warning: str) -> str:
    return f"{text.strip()} {WARNING_SIGN} {warning}".strip() if warning else text.strip()


def _as_of(row: KeyResult, found: _Found, how: How) -> datetime | None:
    """The figure's own moment; where the source does not say, the moment of fetching, and only when the figure is new."""
    if found.reading is None:
        return None
    own = found.reading.as_of
    if own is None and found.state == UNCHANGED and isinstance(row.cells.get(Column.AS_OF, Cell()).value, datetime):
        return None
    return (own or how.now).astimezone(how.zone).replace(tzinfo=None, microsecond=0)


def _report(row: KeyResult, found: _Found, reached: Decimal | Unmeasured, judged: Status | Unmeasured, how: How) -> RowReport:
    old = row.cells[Column.RESULT].value
    old = old.code if isinstance(old, CellError) else old
    shown = old if old is None or isinstance(old, float | str) else str(old)
    new = shown if found.value is None else float(found.value) if isinstance(found.value, Decimal) else str(found.value)
    return RowReport(
        sheet=row.ref.sheet, cell=row.ref.a1, group=row.group, objective=row.objective, key_result=row.name, link=row.link_text,
        connector=_connector(row, how), state=found.state, old=shown, new=new,
        progress=float(_rounded(reached)) if isinstance(reached, Decimal) else None,
        status=_status_text(judged, how), message=one_line(_warned(found.message, found.warning), SYNC_LENGTH),
        unit=PERCENT if "%" in row.cells[Column.RESULT].number_format else "", warning=one_line(found.warning, SYNC_LENGTH),
        account=how.accounts.get(row.source, "") if isinstance(row.source, Link) else "",
    )  # fmt: skip


def _connector(row: KeyResult, how: How) -> str:
    if isinstance(row.source, Link):
        return how.connectors.get(row.source, "")
    return row.source.partition(":")[0] if isinstance(row.source, str) and row.link_text else ""
