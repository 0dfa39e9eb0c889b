"""The key of an account and what LinkedIn said of it go in, the day on which a person must sign in again comes out.

https://learn.microsoft.com/linkedin/shared/authentication/programmatic-refresh-tokens: an access token lives 60 days, a refresh
token 365; renewing the access token does not prolong the refresh token, and each answer says how many seconds that has left.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sheetsync.connectors.base import Lookups
from sheetsync.texts import Sentence, sentence
from sheetsync.web.http import Web

ACCESS_DAYS: Final = 60
ANNOUNCED_BEFORE: Final = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Key:
    """One key of an account, told from the next one without giving it away."""

    account: str
    lookups: Lookups
    secret: str

    def ending(self, now: datetime, seconds: float | None) -> Sentence | None:
        """In its last days: that it ends. `seconds` as LinkedIn tells them; None: it is counted from the first use."""
        day = self._first_use(now.date()) + timedelta(days=ACCESS_DAYS) if seconds is None else self._end(now, seconds)
        if day - now.date() > ANNOUNCED_BEFORE:
            return None
        if seconds is None:
            return sentence(
                "The access token of the LinkedIn account {account} ends on {day} at the latest: sign in again before.",
                account=self.account, day=day,
            )  # fmt: skip
        return sentence(
            "The sign-in of the LinkedIn account {account} ends on {day}: sign in again before.", account=self.account, day=day
        )

    def _first_use(self, today: date) -> date:
        return self._kept("used", today)

    def _end(self, now: datetime, seconds: float) -> date:
        """The day that was told first, unless it moved by more than what clocks and requests differ in."""
        told = (now + timedelta(seconds=min(seconds, 10**9))).date()
        kept = self._kept("ends", told)
        return kept if abs(kept - told) <= timedelta(days=1) else told

    def _kept(self, what: str, day: date) -> date:
        name = hashlib.sha256(self.secret.encode()).hexdigest()[:16]
        kept, _, text = (self.lookups.get(f"key {what}") or "").partition(" ")
        if kept == name:
            return date.fromisoformat(text)
        self.lookups.put(f"key {what}", f"{name} {day.isoformat()}")
        return day


def granted(answer: Mapping[str, Any], web: Web) -> Mapping[str, str]:  # noqa: ARG001 - nothing more has to be asked
    """The settings of an account whose owner agreed: only apps of approved partners are given a refresh token as well."""
    token = answer.get("refresh_token")
    return {"refresh_token": token} if isinstance(token, str) and token else {"access_token": str(answer["access_token"])}
