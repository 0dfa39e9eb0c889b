"""Reviews go in, a short text for a chat comes out: where each workbook stands, its bottlenecks, who acts next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sheetsync.review.numbers import share
from sheetsync.review.says import TITLES, line_of, standing
from sheetsync.review.words import Line, Review
from sheetsync.texts import Texts

TOP: Final = 3
"""So many bottlenecks and so many people: a chat is no place for a list of forty."""


def brief(reviews: Sequence[Review], texts: Texts) -> tuple[str, str]:
    """Title and text. The reviews are of one cadence and one day."""
    when = reviews[0].when
    title = f"{texts(TITLES[when.cadence])} · {when.day.isoformat()}"
    return title, "\n\n".join("\n".join(_one(review, texts)) for review in reviews)


def _one(review: Review, texts: Texts) -> Iterator[str]:
    if not review.lines:
        yield texts.join(line_of(review.workbook), texts("Nothing was recorded up to that day."))
        return
    progress = texts("Progress {now}, before {before}.", now=share(review.progress), before=share(review.before))
    yield texts.join(line_of(review.workbook), progress)
    counted = [f"{standing(status, texts)} {count}" for status, count in review.counts.items() if count]
    if counted:
        yield texts("Key results: {counts}.", counts=counted)
    worst = review.bottlenecks.worst[:TOP]
    if worst:
        yield texts("Bottlenecks")
        for line in worst:
            yield f"• {_name(line)}: {share(line.progress)} ({standing(line.status, texts)})"
    acts = sorted((act for team in review.teams for act in team.acts), key=lambda act: act.rank)[:TOP]
    if acts:
        yield texts("Who acts next")
        for act in acts:
            yield f"• {line_of(act.who) or '–'}: {line_of(act.line.name)}: {texts.say(act.what)}"


def _name(line: Line) -> str:
    return line_of(f"{line.group} · {line.name}" if line.group else line.name)
