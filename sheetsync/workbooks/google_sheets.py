"""A Google spreadsheet as a workbook: one request reads all of it, one writes, and never into another row's cell.

The protocol
    read     values, formulas, links, formats, rights and anchors, in one request
    prepare  only where a row is new, a date has no format yet, or a colour rule is missing: one atomic batchUpdate, whose answer
             is the next snapshot; where anybody changed anything meanwhile, all is planned anew from it
    write    one request for all rows; each is addressed by its anchor, so Google finds it wherever it has moved by then
    compare  the answer shows each row as it stands now; a row that is not the one that was meant (a column was inserted, cells
             were cut and pasted in that fraction of a second) is looked at once more, and what stood there is put back

What Google does not offer is a write on condition: a hand edit of a cell that sheetsync writes, made in the fraction of a second
between `read` and `apply`, is overwritten. Nothing else can be.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sheetsync.errors import CannotEdit, WorkbookChanged, WorkbookError
from sheetsync.model import CellEdit, CellRef, ColourRule, Grid
from sheetsync.texts import Sentence, sentence
from sheetsync.workbooks._google import repair, rules
from sheetsync.workbooks._google.address import spreadsheet_id
from sheetsync.workbooks._google.client import Client, Clock, Quota, Rejected, Uncertain, requests_of
from sheetsync.workbooks._google.session import Session
from sheetsync.workbooks._google.snapshot import FIELDS, Entered, Snapshot, snapshot_of
from sheetsync.workbooks._google.writing import (
    RowWrite,
    anchored_body,
    as_entered,
    outstanding,
    plain_body,
    preparation,
    require_editable,
    row_writes,
)

PREPARED_FIELDS: Final = f"updatedSpreadsheet({FIELDS})"


@dataclass(frozen=True, slots=True)
class Requests:
    """What a workbook has cost so far."""

    reads: int
    writes: int


class GoogleSheets:
    """The spreadsheet at `address`, as it stands in the browser, or by its id alone."""

    def __init__(self, address: str, session: Session, *, quota: Quota | None = None, clock: Clock | None = None) -> None:
        """Raises ConfigError where the address names no spreadsheet."""
        self._id = spreadsheet_id(address)
        self._client = Client(session, self._id, quota=quota or Quota(), clock=clock or Clock())
        self._clock = clock or Clock()
        self._base: Snapshot | None = None
        self._next: Snapshot | None = None
        self._since: dict[CellRef, Entered | None] | None = {}
        self.anchored = True
        """Whether rows are found by their anchors; False once Google has refused to make one."""
        self._wanted: tuple[ColourRule, ...] = ()
        self._uncertain = 0
        self.notes: list[Sentence] = []
        """What a person should know of how this workbook was written; empty where all is as it should be."""

    @property
    def name(self) -> str:
        return self._base.title if self._base is not None else f"Google Sheets {self._id[:8]}…"

    @property
    def identity(self) -> str:
        return f"google-sheets:{self._id}"

    @property
    def requests(self) -> Requests:
        return Requests(self._client.reads, self._client.writes)

    def read(self) -> list[Grid]:
        """Takes a new snapshot; right after a write that brought one along, that one.

        Raises WorkbookError: not shared, deleted, not a Google spreadsheet, no answer.
        """
        self._base, self._next = self._next or self._looked(), None
        self._since = None
        return [page.grid for page in self.shown(self._base).pages]

    def shown(self, snapshot: Snapshot) -> Snapshot:
        """The spreadsheet as the plan sees it."""
        return snapshot

    def colour(self, wanted: Sequence[ColourRule]) -> None:
        """The colours that the next write makes sure of, as conditional formats: they follow a person's edit by themselves."""
        self._wanted = tuple(wanted)

    def apply(self, edits: Sequence[CellEdit]) -> None:
        """Writes all edits, or raises. Edits that are there already cost nothing.

        Raises, beside what the contract says, WorkbookChanged also where a write may or may not have been done: read again, and
        what is done is seen.
        """
        if not edits:
            return
        base = self._base if self._base is not None else self._looked()
        if self._since is not None:  # the snapshot was used for a write before, so somebody may have been there since
            base = self._require_unchanged(base)
        require_editable(self.shown(base), edits)
        if left := outstanding(self.shown(base), edits):
            self._since = {}
            self.carry_out(base, left)
            self._since = {edit.ref: as_entered(edit.value) for edit in left if edit.value is not None}
            self._uncertain = 0

    def carry_out(self, base: Snapshot, edits: Sequence[CellEdit]) -> None:
        """Writes edits that can be made and are not there yet."""
        if self.anchored:
            base = self.prepared(base, preparation(base, edits, anchored=True))
        if not self.anchored:
            base = self._prepared_plainly(base, edits)
        self.write(row_writes(base, {edit.ref: as_entered(edit.value) for edit in edits if edit.value is not None}))

    # --- the steps

    def _looked(self) -> Snapshot:
        return snapshot_of(self._client.read(FIELDS))

    def _require_unchanged(self, base: Snapshot) -> Snapshot:
        self._next = self._looked()
        if not self.shown(self._next).same_content(self.shown(base).with_values(self._since or {})):
            raise self.changed()
        self._base, self._next = self._next, None
        return self._base

    def prepared(self, base: Snapshot, parts: Sequence[Mapping[str, Any]]) -> Snapshot:
        """The snapshot with what `parts` and the colours ask for. Raises WorkbookChanged where the sheet is not what it was."""
        parts = [*parts, *rules.missing(base, self._wanted)]
        if not parts:
            return base
        try:
            return self._batch(base, parts)
        except Rejected:
            self.anchored = False
            self.notes.append(sentence(
                "Rows of this spreadsheet cannot be marked, so they are written by number: do not sort it while sheetsync runs."
            ))  # fmt: skip
            return base

    def _prepared_plainly(self, base: Snapshot, edits: Sequence[CellEdit]) -> Snapshot:
        """For a sheet that takes no anchors: as near to the write as can be, nothing may have changed."""
        if parts := preparation(base, edits, anchored=False):
            return self._batch(base, parts)
        return self._require_unchanged(base)

    def _batch(self, base: Snapshot, parts: Sequence[Mapping[str, Any]]) -> Snapshot:
        try:
            answer = self._client.batch_update(requests_of(parts), PREPARED_FIELDS)
        except Uncertain:
            raise self._unsure() from None
        after = snapshot_of(answer.get("updatedSpreadsheet", {}))
        if not self.shown(after).same_content(self.shown(base)):
            self._next = after
            raise self.changed()
        self._base = after
        return after

    def write(self, writes: Sequence[RowWrite], *, formulas: bool = False) -> None:
        """The values, row by row. Raises WorkbookChanged where a row was not what it was; then nothing of it is lost."""
        if not writes:
            return
        answer = self.sent(anchored_body(writes, formulas=formulas) if self.anchored else plain_body(writes))
        echoes = _echoes(answer, writes, anchored=self.anchored)
        strangers = [one for one, echo in zip(writes, echoes, strict=True) if echo is not None and not one.agrees(echo)]
        if strangers and self.anchored:
            self._repair(strangers)
        if any(echo is None for echo in echoes):
            raise self.changed()

    def sent(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """One write of values, by anchors or by ranges."""
        by_anchor = any("dataFilter" in part for part in body["data"])
        try:
            return self._client.write_anchored(body) if by_anchor else self._client.write_plainly(body)
        except Uncertain:
            raise self._unsure() from None
        except Rejected:  # a row, and its anchor with it, was deleted: nothing was written
            raise self.changed() from None

    def _repair(self, strangers: Sequence[RowWrite]) -> None:
        """Something else happened in the same moment. Puts back what a value of ours may have replaced, and lets all be planned
        anew; where somebody only typed beside it, there is nothing to put back, and the write stands."""
        after = self._looked()
        wrong = repair.misplaced(strangers, after)
        if not wrong:
            return
        parts = [one.request() for one in wrong]
        try:
            answer = self._client.batch_update(requests_of(parts), PREPARED_FIELDS)
        except (Uncertain, Rejected):
            raise _tell(wrong) from None
        restored = snapshot_of(answer.get("updatedSpreadsheet", {}))
        self._next = restored
        if not all(_stands(restored, one) for one in wrong):
            raise _tell(wrong)
        raise self.changed()

    # --- what is said

    def changed(self) -> WorkbookChanged:
        return WorkbookChanged(
            "“{name}” was changed by somebody else meanwhile; nothing of theirs was overwritten.", name=self.name
        )

    def _unsure(self) -> WorkbookError:
        """A write without an answer: whether it was done shows at the next look, so it is planned anew, with a pause."""
        self._uncertain += 1
        pause = self._clock.share() * min(64.0, 2.0**self._uncertain)
        if pause >= self._clock.remaining():
            return WorkbookError("Google Sheets does not answer.", advice="Nothing to do: it is tried again at the next run.")
        self._clock.sleep(pause)
        return self.changed()


def _echoes(answer: Mapping[str, Any], writes: Sequence[RowWrite], *, anchored: bool) -> list[Sequence[Any] | None]:
    """Each row as it stands after the write; None where its anchor was not found any more."""
    responses = [one for one in answer.get("responses", ()) if isinstance(one, dict)]
    if anchored and all("dataFilter" in one for one in responses):
        by_anchor = {
            one["dataFilter"].get("developerMetadataLookup", {}).get("metadataId"): one.get("updatedData")
            for one in responses
            if one.get("updatedRange")
        }
        found = [by_anchor.get(write.anchor) for write in writes]
    elif len(responses) == len(writes):
        found = [one.get("updatedData") if one.get("updatedRange") else None for one in responses]
    else:
        raise CannotEdit("Google Sheets did not say what was written.", advice="Look at the results; then run again.")
    return [None if data is None else next(iter(data.get("values", ())), []) for data in found]


def _stands(snapshot: Snapshot, restore: repair.Restore) -> bool:
    page = snapshot.page(restore.page.title)
    return page is not None and page.entered.get(restore.at) == restore.value


def _tell(wrong: Collection[repair.Restore]) -> CannotEdit:
    cells = [f"{one.page.title}!{repair.a1(one)}" for one in wrong]
    return CannotEdit(
        "Somebody rearranged the sheet at the moment of writing; these cells may hold a figure of another row: {cells}.",
        advice="Look at them; File, Version history in Google Sheets shows what stood there.", cells=cells,
    )  # fmt: skip
