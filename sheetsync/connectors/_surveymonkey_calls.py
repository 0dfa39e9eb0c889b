"""Surveys of one account, asked: one listing gives numbers and counts of all of them; questions have counts of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sheetsync.connectors import _surveymonkey as questions
from sheetsync.connectors import _surveymonkey_replies as replies
from sheetsync.connectors.base import Ask, Lookups, walk
from sheetsync.errors import ConfigError, Incomplete, NotFound, UnexpectedReply

PAGE: Final = 1000
"""The most that one listing call brings (parameter `per_page`)."""
COUNTS: Final = 100
"""As many questions a call; how many are allowed is not documented."""


class Surveys:
    """The surveys that the account's token sees."""

    def __init__(self, ask: Ask, lookups: Lookups) -> None:
        self._ask, self._lookups = ask, lookups

    def survey(self, identity: str, *, by_number: bool) -> Any:
        """The listing's entry, since one listing serves all rows."""
        for one in self._surveys():
            if str(walk(one, "id")) == identity if by_number else identity in replies.tokens(one):
                if not by_number:
                    self._keep(identity, str(walk(one, "id")))
                return one
        if by_number:
            return self._ask(f"/surveys/{identity}")
        raise NotFound(
            "The SurveyMonkey account that is connected has no survey with this address.",
            advice="A survey that a colleague shared with it is named by its number: https://api.surveymonkey.com/v3/surveys/NUMBER.",
        )

    def number(self, token: str) -> str:
        """The number behind an address's token: kept from an earlier run, or from the listing."""
        kept = self._lookups.get(f"survey/{token}")
        return kept if kept is not None else str(walk(self.survey(token, by_number=False), "id"))

    def question(self, number: str, item: str, asked: Mapping[str, str], row: str) -> Mapping[str, Any]:
        """The counts of one question. The outline and the counts of a survey serve all its questions."""
        found = questions.question_of(self._ask(f"/surveys/{number}/details", once=True), item)
        return questions.counted(found, self._listing(f"/surveys/{number}/rollups", asked, COUNTS), row)

    @staticmethod
    def days(given: Mapping[str, str], time_zone: str, account: str) -> dict[str, str]:
        """Times without a zone are UTC (https://api.surveymonkey.com/v3/docs#data-types)."""
        if "from" not in given:
            return {}
        try:
            zone = ZoneInfo(time_zone)
        except (KeyError, ValueError, OSError):
            raise ConfigError("The SurveyMonkey account {account} names no known time zone.", account=account) from None
        first, behind = date.fromisoformat(given["from"]), date.fromisoformat(given["to"]) + timedelta(days=1)
        ends = {"start_created_at": first, "end_created_at": behind}
        return {
            name: datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
            for name, day in ends.items()
        }

    def _keep(self, token: str, number: str) -> None:
        if not re.fullmatch(r"\d{1,19}", number):
            raise UnexpectedReply("SurveyMonkey names a survey by something that is no number.")
        if self._lookups.get(f"survey/{token}") != number:
            self._lookups.put(f"survey/{token}", number)

    def _surveys(self) -> Iterator[Any]:
        wanted = {"include": "response_count,analyze_url,preview", "sort_by": "title", "sort_order": "ASC"}
        return self._listing("/surveys", wanted, PAGE)

    def _listing(self, path: str, params: Mapping[str, str], size: int) -> Iterator[Any]:
        """Every entry of a listing, page after page until its own total is reached."""
        page, seen, total = 1, 0, 1
        while seen < total:
            found = self._ask(path, {**params, "per_page": str(size), "page": str(page)}, once=True)
            entries, total = walk(found, "data"), walk(found, "total")
            if not isinstance(entries, list) or not isinstance(total, int):
                raise UnexpectedReply("SurveyMonkey's list has another shape than documented.")
            yield from entries
            page, seen = page + 1, seen + len(entries)
            if not entries and seen < total:
                raise Incomplete("SurveyMonkey's list ended before its own total.")
