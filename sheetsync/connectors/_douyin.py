"""A person's authorisation goes in, a token comes out, and the day on which a person must agree again; errors become our own.

Token     https://developer.open-douyin.com/docs/resource/zh-CN/dop/develop/openapi/account-permission/refresh-access-token
          (a token lives 15 days; asking for one does not prolong the authorisation, which lives 30)
Renewal   https://developer.open-douyin.com/docs/resource/zh-CN/dop/develop/openapi/account-permission/refresh-token
          (a new refresh token for 30 more days, five times at most, and only with the right renew_refresh_token)
Errors    status 200 with `error_code` under `data` or `extra`, as number or as text, or `err_no` at the top
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import structlog

from sheetsync.connectors._beijing import day_of, moment_of
from sheetsync.connectors.base import Lookups, origin_of, walk, walk_or_none
from sheetsync.errors import (
    AccessDenied,
    BadCredentials,
    LinkError,
    NotConnected,
    NotFound,
    RateLimited,
    Unavailable,
    UnexpectedReply,
)
from sheetsync.secrets import Secret
from sheetsync.texts import Sentence, sentence
from sheetsync.web.auth import Fetched, Place, Token, lifetime
from sheetsync.web.http import Reply, Web

RENEWALS: Final = 5
LIFE: Final = timedelta(days=30)
RENEWED_BEFORE: Final = timedelta(days=8)
"""A weekly run comes in time."""
ANNOUNCED_BEFORE: Final = timedelta(days=14)

SIGN_IN: Final = "Let the owner of the account agree again, and put the new refresh token in the place of the old one."


@dataclass(frozen=True, slots=True)
class Agreement:
    """What is known of an authorisation: since when its refresh token is in use here, and how often it was renewed."""

    since: date
    renewals: int

    def __str__(self) -> str:
        return f"{self.since.isoformat()} {self.renewals}"


class Authorisation(Fetched):
    """A token for the account that agreed. Its refresh token is renewed in its last days, as often as Douyin permits."""

    def __init__(
        self,
        base: str,
        client_key: str,
        refresh_token: Secret,
        lookups: Lookups,
        *,
        account: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(refresh_token, place=Place(header="access-token", prefix=""), clock=clock)
        self._base, self._client, self._lookups, self._account = base, client_key, lookups, account
        self._now: datetime | None = None
        self._open_id = ""
        self._ends: date | None = None
        self._lasting = True

    @property
    def origins(self) -> Collection[str]:
        return (origin_of(self._base),)

    def open_id(self, web: Web, wanted: str) -> str:
        """The account that agreed, as Douyin names it, or else the one of the settings.

        Raises BadCredentials where the two differ, NotConnected where there is neither.
        """
        self.credential(web)
        said = self._open_id
        if said and wanted and said != wanted:
            raise BadCredentials(
                "The refresh token of {account} belongs to another account of Douyin than its open_id.", account=self._account
            )
        if not said and not wanted:
            raise NotConnected(
                "Douyin does not say whose agreement {account} is.", account=self._account,
                advice="Ask the person who installed sheetsync to set open_id for it.",
            )  # fmt: skip
        return said or wanted

    def ending(self) -> Sentence | None:
        """In the last days of an authorisation that cannot be renewed any more: that it ends, known once a token was fetched."""
        if self._lasting or self._ends is None or self._now is None or self._ends - self._now.date() > ANNOUNCED_BEFORE:
            return None
        return sentence(
            "The authorisation of the Douyin account {account} ends on {day}: let its owner agree again before.",
            account=self._account, day=self._ends,
        )  # fmt: skip

    def fetch(self, web: Web) -> Token:
        with self._secret.alone():  # its renewal ends the old one
            return self._exchanged(web)

    def _exchanged(self, web: Web) -> Token:
        current = self._secret.reveal()
        question = {"client_key": self._client, "grant_type": "refresh_token", "refresh_token": current}
        answer = web.post_form(f"{self._base}/oauth/refresh_token/", question, refine=self._listen)
        token = walk_or_none(answer, "data.access_token")
        if not isinstance(token, str) or not token:
            raise UnexpectedReply("The sign-in service gave no token.")
        self._open_id = str(walk_or_none(answer, "data.open_id") or "")
        self._look_after(web, current, lifetime(walk_or_none(answer, "data.refresh_expires_in")))
        return Token(token, lifetime(walk_or_none(answer, "data.expires_in")))

    def _listen(self, reply: Reply) -> LinkError | None:
        self._now = moment_of(reply)
        error = meaning(reply)
        return error if error is None or isinstance(error, Unavailable) else _refused(reply)

    # --- how long it lasts

    def _look_after(self, web: Web, current: str, seconds: float | None) -> None:
        """Whether the lifetime that Douyin tells counts down is not documented: the days that a token is in use count too."""
        if self._now is None:
            return
        today = self._now.date()
        agreement = self._known(current)
        if agreement is None:  # a person has agreed since
            agreement = Agreement(today, 0)
            self._keep(current, agreement)
        self._ends = agreement.since + LIFE
        if seconds:
            self._ends = min(self._ends, (self._now + timedelta(seconds=min(seconds, LIFE.total_seconds()))).date())
        self._lasting = agreement.renewals < RENEWALS
        if self._ends - today <= RENEWED_BEFORE and self._lasting:
            self._lasting = self._renewed(web, current, agreement)
        if not self._lasting and self._ends - today <= ANNOUNCED_BEFORE:
            structlog.get_logger().warning(
                "a person must agree again", connector="douyin", account=self._account, ends=self._ends.isoformat()
            )

    def _renewed(self, web: Web, current: str, agreement: Agreement) -> bool:
        """False where it could not be: the token at hand is good for some days, so that no row fails because of it."""
        try:
            self._secret.keep(current)  # a new one that cannot be kept would lock the account out: try the place first
        except OSError:
            return False
        refused: list[str] = []

        def judge(reply: Reply) -> LinkError | None:
            code = code_of(reply.json())
            refused.extend([code] if code else [])
            return AccessDenied("Douyin did not renew the authorisation of this account.") if code else None

        try:
            question = {"client_key": self._client, "refresh_token": current}
            answer = web.post_form(f"{self._base}/oauth/renew_refresh_token/", question, refine=judge)
            new = walk(answer, "data.refresh_token")
            if not isinstance(new, str) or not new:
                raise UnexpectedReply("The sign-in service gave no token.")
        except LinkError:
            if refused == ["10020"]:  # renewed elsewhere: there is no sixth time
                self._keep(current, Agreement(agreement.since, RENEWALS))
            return False
        self._secret.remember(new)
        try:
            self._secret.keep(new)
        except OSError:
            raise BadCredentials(
                "The renewed key {where} could not be kept.", where=self._secret.where,
                advice="Make the place where it is kept writable, then sign in again.",
            ) from None  # fmt: skip
        renewed = Agreement(self._now.date() if self._now else agreement.since, agreement.renewals + 1)
        self._keep(new, renewed)
        self._ends = renewed.since + LIFE
        return renewed.renewals < RENEWALS

    def _known(self, token: str) -> Agreement | None:
        """What was kept of this very refresh token."""
        name, _, rest = (self._lookups.get("agreement") or "").partition(" ")
        since, _, renewals = rest.partition(" ")
        return Agreement(date.fromisoformat(since), int(renewals)) if name == _name(token) else None

    def _keep(self, token: str, agreement: Agreement) -> None:
        self._lookups.put("agreement", f"{_name(token)} {agreement}")


def _name(token: str) -> str:
    """Tells one refresh token from the next without giving it away."""
    return hashlib.sha256(token.encode()).hexdigest()[:16]


def video_of(answer: Any, number: str) -> Any:
    """The entry of the one video that was asked about. Raises NotFound, UnexpectedReply."""
    listed = walk(answer, "data.list")
    if listed in (None, []):
        raise NotFound(
            "The Douyin account that is connected has no such video.",
            advice="Douyin tells figures to a video's account only.",
        )
    if not isinstance(listed, list) or len(listed) != 1:
        raise UnexpectedReply("Douyin's list has another shape than documented.")
    if walk_or_none(listed[0], "video_id") not in (None, "", number):
        raise UnexpectedReply("Douyin answered for another video than it was asked for.")
    return listed[0]


def days_in(document: Any) -> dict[date, Any]:
    """The rows of daily figures, by their day. Raises UnexpectedReply."""
    listed = walk(document, "data.result_list")
    if not isinstance(listed, list):
        raise UnexpectedReply("Douyin's list has another shape than documented.")
    rows = {day_of(walk(row, "date")): row for row in listed}
    if len(rows) != len(listed):
        raise UnexpectedReply("Douyin's list names one day twice.")
    return rows


def code_of(document: Any) -> str | None:
    """The number of the error that an answer holds; None where it holds none."""
    for place in ("data.error_code", "extra.error_code", "error_code", "err_no"):
        code = walk_or_none(document, place)
        if code is not None and str(code) not in {"0", ""}:
            return str(code)
    return None


def meaning(reply: Reply) -> LinkError | None:
    """What an answer means where it is an error, else None."""
    code = code_of(reply.json())
    match code:
        case None:
            return None
        case "28001003" | "28001008" | "2190002" | "2190008" | "10008":
            return BadCredentials("Douyin does not accept the token of this account any more.", advice=SIGN_IN)
        case "28001005" | "28001006":
            return Unavailable("Douyin cannot answer now.")
        case "28003017":
            return RateLimited("Douyin's calls are used up.", wait=3_600.0)
        case "10004" | "2190004" | "28001014" | "28001016" | "28001018" | "28001019":
            return AccessDenied(
                "Douyin did not grant this app the right to read this figure.",
                advice="Apply for it in the app's capabilities at open.douyin.com, then let the account's owner agree again.",
            )
        case "2100005" | "28001007":
            return UnexpectedReply(
                "Douyin does not take this question.", advice="Check that this is a page of the account that is connected."
            )
    if reply.status >= 400:
        return None
    return UnexpectedReply(
        "Douyin answered with an error that is not known ({code}).", code=code if code.isdigit() and len(code) < 12 else "-"
    )


_REFUSED: Final[Mapping[str, str]] = {
    "10003": "Douyin does not know the client_key of this account.",
    "10013": "Douyin does not know the client_key of this account.",
    "29002002": "Douyin does not know the client_key of this account.",
    "10010": "The authorisation of this account at Douyin has ended.",
}


def _refused(reply: Reply) -> BadCredentials:
    """Nothing but the account's key was asked about."""
    sentence = _REFUSED.get(code_of(reply.json()) or "", "Douyin refused the sign-in of this account.")
    return BadCredentials(sentence, advice=SIGN_IN)
