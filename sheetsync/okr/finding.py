"""What `sheetsync check` hands out: a cell, what is wrong there, why it matters and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass

from sheetsync.model import CellRef
from sheetsync.texts import Sentence


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not in good form. `rule` is its constant name, for machines."""

    ref: CellRef
    rule: str
    what: Sentence
    why: Sentence
    mend: Sentence
