"""The contract of a workbook: a snapshot comes out, a list of cell edits goes in, all of them or none.

Terminology
    snapshot   what `read` returned last; every edit refers to it
    edit       one cell and what to put there; nothing but the named cells changes
    applied    the edits are on disk (or acknowledged by the service): after that they survive a power cut

Nothing above this room may assume a path, a file or a session. Rows and columns count from 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from sheetsync.model import CellEdit, ColourRule, Grid
from sheetsync.texts import Sentence

MAX_ROWS = 10_000
"""Rows of a worksheet that are read; a longer one is marked `cut`. A plan of this length has never been seen."""
MAX_COLUMNS = 200


class Workbook(Protocol):
    """A workbook that can be read and edited."""

    @property
    def name(self) -> str:
        """For people: the file's name, or the title."""

    @property
    def identity(self) -> str:
        """For locks and history: one text for one workbook, however it was addressed (a real path, a document id)."""

    def read(self) -> list[Grid]:
        """Takes a new snapshot: every worksheet with cells, in the order of the tabs; chart and macro sheets are left out.

        Raises WorkbookError: missing, not a workbook, encrypted, over the limits. Never writes.
        """

    def apply(self, edits: Sequence[CellEdit]) -> None:
        """Writes all edits, or none of them and raises. Without edits it does nothing at all.

        Raises
            WorkbookChanged  the workbook is no longer the one of the last `read`; read, plan and apply again
            WorkbookLocked   somebody has it open; nothing was written, the edits may be applied later
            CannotEdit       an edit would damage something: a formula's cell, a merged cell's inner part, a protected part
        """


@runtime_checkable
class Online(Workbook, Protocol):
    """A workbook that several people have open at once, and where each look at it counts.

    Figures are fetched before it is read, as far as it is known which, so that only a moment lies between its `read` and its
    `apply`; and its colours are conditional formats of its own, which follow what people type.
    """

    notes: list[Sentence]
    """What a person should know of how it was written; empty where all is as it should be."""

    def colour(self, wanted: Sequence[ColourRule]) -> None:
        """The colour rules that the next `apply` makes sure of. Never installs one twice, never takes another's away."""
