"""A survey's outline and its counted answers go in, what was asked about one question comes out.

Questions, rows and answers are named by their id or by their text as people read it: without markup, without regard to case.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Context, Decimal
from html import unescape
from typing import Any, Final

from sheetsync.connectors.base import Metric, reading_of, walk, walk_or_none
from sheetsync.errors import NoSuchMetric, NotFound, NotReady, UnexpectedReply
from sheetsync.model import PERCENT, Reading

METRICS: Final = (
    Metric("answered", "people who answered the question", "answered"),
    Metric("skipped", "people who skipped it", "skipped"),
    Metric("mean", "mean of the answers", "stats.mean"),
    Metric("median", "median of the answers", "stats.median"),
    Metric("min", "smallest answer", "stats.min"),
    Metric("max", "largest answer", "stats.max"),
    Metric("std", "standard deviation of the answers", "stats.std"),
    Metric("count", "people who chose the answer named by filter="),
    Metric("share", "their share of those who answered", "", PERCENT),
    Metric("nps", "Net Promoter Score, from -100 to 100"),
)
OF_ONE_ANSWER: Final = frozenset({"count", "share"})

_TAG: Final = re.compile(r"<[^<>]*>")
_SCORE: Final = re.compile(r"(?:.*\D)?(10|\d)", re.DOTALL)
_SCORES: Final = frozenset(range(11))
_COUNT: Final = Metric("count", "")
_EXACT: Final = Context(prec=30)


def plain(text: object) -> str:
    """A heading or an answer as people compare it."""
    return " ".join(unescape(_TAG.sub(" ", str(text))).split()).casefold()


def question_of(details: Any, wanted: str) -> Any:
    """The one question of that id or heading. Raises NotFound."""
    asked = [question for page in walk(details, "pages") for question in walk(page, "questions")]
    return _one(asked, wanted, lambda question: [walk(one, "heading") for one in walk(question, "headings")], "question")


def counted(question: Any, rollups: Iterable[Any], row: str) -> Mapping[str, Any]:
    """The counts of one question, or of one row of it: answered, skipped, stats, choices as [text, id, count].

    Raises NotFound (no such row), NoSuchMetric (which row?), UnexpectedReply.
    """
    number = str(walk(question, "id"))
    found = next((one for one in rollups if str(walk(one, "id")) == number), None)
    if found is None:
        raise UnexpectedReply("SurveyMonkey gave no counts for this question.")
    summary, rows = walk(found, "summary.0"), walk_or_none(found, "summary.0.rows")
    part, alone = summary, not row and len(rows or []) <= 1
    if row or rows:
        part = _row(walk_or_none(question, "answers.rows") or [], rows or [], row)
    names = {str(walk(one, "id")): str(walk(one, "text")) for one in walk_or_none(question, "answers.choices") or []}
    choices = [
        [names.get(str(walk(one, "id")), ""), str(walk(one, "id")), walk(one, "count")] for one in part.get("choices") or []
    ]
    return {
        # Of a row nothing but its choices is documented; where one may be chosen they add up to the people who answered it.
        "answered": walk_or_none(summary, "answered") if alone else _sum_of_one_each(question, choices),
        "skipped": walk_or_none(summary, "skipped") if alone else None,
        "stats": part.get("stats") or (summary.get("stats") if alone else None),
        "choices": choices,
    }


def read(document: Any, metric: Metric, choice: str) -> Reading:
    """One measure of what `counted` gave. Raises NotReady (nobody has answered), NotFound (no such answer), UnexpectedReply."""
    if metric.name in {"answered", "skipped", "share"} and walk(document, "answered") is None:
        raise NoSuchMetric("SurveyMonkey does not say how many people answered this row.", advice="Use the measure count.")
    if metric.name in {"answered", "skipped"}:
        return reading_of(walk(document, metric.path), metric)
    if metric.name == "count":
        return reading_of(_choice(document, choice), metric)
    if metric.name == "nps":
        return Reading(_net_promoter_score(document))
    given = walk(document, "answered")
    whole = reading_of(given, _COUNT).value if given is not None else sum(_counts(document))
    if not whole:  # SurveyMonkey gives 0 for the mean of no answers
        raise NotReady("Nobody has answered this question yet.")
    if metric.name == "share":
        return Reading(_EXACT.divide(reading_of(_choice(document, choice), _COUNT).value, Decimal(whole)), PERCENT)
    return reading_of(walk(document, metric.path), metric)


def _choice(document: Any, wanted: str) -> Any:
    choices = [{"id": number, "text": text, "count": count} for text, number, count in walk(document, "choices")]
    return _one(choices, wanted, lambda one: [one["text"]], "answer")["count"]


def _row(named: Iterable[Any], rows: Iterable[Any], wanted: str) -> Any:
    texts = {str(walk(one, "id")): walk_or_none(one, "text") or "" for one in named}
    known = [dict(one) for one in rows]
    if not wanted and len(known) == 1:
        return known[0]
    if not wanted:
        raise NoSuchMetric(
            "This question has {count} rows.", count=len(known),
            advice="Add &select=ROW with the text of the row behind the link.",
        )  # fmt: skip
    return _one(known, wanted, lambda one: [texts.get(str(walk(one, "id")), "")], "row")


def _sum_of_one_each(question: Any, choices: Iterable[Any]) -> Decimal | None:
    if walk_or_none(question, "subtype") not in {"single", "rating", "nps"}:
        return None
    return sum(_counts({"choices": choices}), Decimal(0))


def _counts(document: Any) -> list[Decimal]:
    return [reading_of(count, _COUNT).value for *_, count in walk(document, "choices")]


def _net_promoter_score(document: Any) -> Decimal:
    """Promoters (9, 10) less detractors (0 to 6), of all who gave a score, times 100 (https://www.netpromotersystem.com)."""
    scores: dict[int, Decimal] = {}
    for text, _, count in walk(document, "choices"):
        match = _SCORE.fullmatch(plain(text))
        if match is None or int(match[1]) in scores:
            raise NoSuchMetric("This question has other answers than the scores from 0 to 10.")
        scores[int(match[1])] = reading_of(count, _COUNT).value
    if scores.keys() != _SCORES:
        raise NoSuchMetric("This question has other answers than the scores from 0 to 10.")
    whole = sum(scores.values())
    if not whole:
        raise NotReady("Nobody has answered this question yet.")
    lead = sum(scores[score] for score in (9, 10)) - sum(scores[score] for score in range(7))
    return _EXACT.divide(lead * 100, Decimal(whole))


def _one(entries: Iterable[Any], wanted: str, texts_of: Any, what: str) -> Any:
    """The entry with that id, else the only one with that text."""
    known = list(entries)
    named = [one for one in known if str(walk(one, "id")) == wanted] or [
        one for one in known if plain(wanted) in {plain(text) for text in texts_of(one)}
    ]
    if len(named) == 1:
        return named[0]
    if named:
        raise NotFound(
            "Several parts of this survey ({what}) are called {name}.", what=what, name=wanted,
            advice="Rename one of them in SurveyMonkey, or write its id.",
        )  # fmt: skip
    raise NotFound(
        "This survey has no {what} called {name}.", what=what, name=wanted, advice="Copy its text from SurveyMonkey, whole.",
    )  # fmt: skip
