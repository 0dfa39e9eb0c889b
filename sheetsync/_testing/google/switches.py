"""What nobody has confirmed about Google, as switches: a test that hangs on one must pass with either setting.

Each field says what is known and from where. "Recorded": gspread's cassettes. "Transcript": a third party's published transcript
of the real service. Everything without a switch is recorded, said by the discovery document, or agreed on by transcripts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Switches:
    """Immutable; another setting is another FakeGoogle, or `fake.switches = replace(...)`.

    `partial_sort_moves_anchors` whether row metadata follows a sortRange that leaves columns with data out. Unknown; that it
                                 follows a sort of whole rows stands in one transcript.
    `ui_sort_moves_anchors`      whether row metadata follows a sort by hand in the browser. Unknown.
    `duplicate_copies_anchors`   whether a duplicated tab carries copies of the metadata (with new ids). Unknown.
    `unmatched_filter`           what a values:*ByDataFilter does with a filter that matches nothing: `omitted` from the
                                 responses, `empty` (a response with the filter alone), or `error` (400). Unknown.
    `values_batch_atomic`        whether a values batch of which one range is refused writes nothing. Documented only for
                                 spreadsheets.batchUpdate; unknown here.
    `plain_urls_are_links`       whether `hyperlink` is there for a cell whose whole text is a URL. Unknown.
    `metadata_budget`            characters of keys and values that a spreadsheet, and each of its sheets, may hold: 30,000 in the
                                 guide as third parties quote it; how it is split is not confirmed.
    `deleted_answers_unavailable_first` whether the first call on a deleted spreadsheet is 503, and 404 after (one transcript).
    """

    partial_sort_moves_anchors: bool = False
    ui_sort_moves_anchors: bool = True
    duplicate_copies_anchors: bool = False
    unmatched_filter: Literal["omitted", "empty", "error"] = "omitted"
    values_batch_atomic: bool = False
    plain_urls_are_links: bool = True
    metadata_budget: int = 30_000
    deleted_answers_unavailable_first: bool = False
