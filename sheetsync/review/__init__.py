"""The key results of a workbook and its history go in, the review of a day comes out: as a page, a text or a document.

`build.review` judges, `page`, `text` and `document` show; `words` says what a review is.
"""

from __future__ import annotations

from collections.abc import Sequence

from sheetsync.review.build import review
from sheetsync.review.past import days
from sheetsync.review.words import Cadence, Review, When
from sheetsync.texts import Texts

__all__ = ["Cadence", "Review", "When", "days", "document_of", "render", "review"]


def document_of(reviews: Sequence[Review], form: str, texts: Texts) -> bytes:
    """What stands in a file of the reviews: as `xlsx`, or as `render` makes it."""
    if form == "xlsx":
        from sheetsync.review.workbook import workbook  # noqa: PLC0415 - each form needs its own library

        return workbook(reviews, texts)
    return render(reviews, form, texts).encode()


def render(reviews: Sequence[Review], form: str, texts: Texts) -> str:
    """The reviews as `html`, `md` or `json`. The same reviews give the same text."""
    if form == "html":
        from sheetsync.review.page import html  # noqa: PLC0415 - each form needs its own library

        return html(reviews, texts)
    if form == "json":
        import json  # noqa: PLC0415

        from sheetsync.review.document import document  # noqa: PLC0415

        return json.dumps({"reviews": [document(one, texts) for one in reviews]}, ensure_ascii=False, indent=2) + "\n"
    from sheetsync.review.text import markdown  # noqa: PLC0415

    return markdown(reviews, texts)
