"""A Google spreadsheet, written in the strict way: figures go into a worksheet of sheetsync's own, and the cells look them up.

Asked for by `write_mode = "mirror"`. A write meets no cell of anybody else, whatever people do in that moment; only the first
filling of a cell goes the way of every other spreadsheet, by the anchor of its row.
"""

from __future__ import annotations

from collections.abc import Sequence

from sheetsync.errors import CannotEdit
from sheetsync.model import CellEdit, CellRef
from sheetsync.workbooks._google import mirror
from sheetsync.workbooks._google.snapshot import Entered, Snapshot
from sheetsync.workbooks._google.writing import preparation, row_writes
from sheetsync.workbooks.google_sheets import GoogleSheets


class GoogleMirror(GoogleSheets):
    """The contract is that of `GoogleSheets`; a formula of sheetsync's own shows as the figure that it looks up."""

    def shown(self, snapshot: Snapshot) -> Snapshot:
        return mirror.mirrored(snapshot).shown

    def carry_out(self, base: Snapshot, edits: Sequence[CellEdit]) -> None:
        seen = mirror.mirrored(base)
        strict = mirror.split(seen, edits)
        new = {(ref.sheet, ref.row) for ref in strict.formulas}
        addressed = [edit for edit in edits if (edit.ref.sheet, edit.ref.row) in new]
        rest = [edit for edit in edits if edit not in addressed]
        parts = preparation(base, addressed, anchored=True) + preparation(base, rest, anchored=False)
        base = self.prepared(base, [*parts, *mirror.own_sheet(seen, strict)])
        if strict.formulas and not self.anchored:
            raise CannotEdit(
                "Rows of this spreadsheet cannot be marked, so the mirror cannot be set up.",
                advice="Let the account of sheetsync edit the whole worksheet, or leave write_mode out.",
            )
        if strict.figures:
            self.sent(mirror.figures_body(strict))
        formulas: dict[CellRef, Entered | None] = {ref: mirror.formula(key) for ref, key in strict.formulas.items()}
        self.write(row_writes(base, formulas), formulas=True)
