"""The app's secret goes in, a token and the time in Beijing come out; and what WeChat answered becomes the error that it means.

Token    https://developers.weixin.qq.com/doc/service/api/base/api_getstableaccesstoken (the same token for all who ask; the older
         call for a token ends that of the company's other programs, and is never made)
Errors   https://developers.weixin.qq.com/doc/oplatform/developers/errCode/errCode.html; status 200 with `errcode`, a number
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from sheetsync.connectors._beijing import moment_of, seconds_to_midnight
from sheetsync.connectors.base import origin_of, walk_or_none
from sheetsync.errors import (
    AccessDenied,
    BadCredentials,
    LinkError,
    NotReady,
    RateLimited,
    Unavailable,
    UnexpectedReply,
)
from sheetsync.secrets import Secret
from sheetsync.web.auth import Fetched, Place, Token, lifetime
from sheetsync.web.http import Reply, Web


class StableToken(Fetched):
    """A token that other programs of the same account share; its answer's Date also says what day it is in Beijing."""

    def __init__(self, base: str, app_id: str, secret: Secret, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(secret, place=Place(param="access_token"), clock=clock)
        self._base, self._app = base, app_id
        self._heard: tuple[datetime, float] | None = None

    @property
    def origins(self) -> Collection[str]:
        return (origin_of(self._base),)

    def fetch(self, web: Web) -> Token:
        question = {
            "grant_type": "client_credential",
            "appid": self._app,
            "secret": self._secret.reveal(),
            "force_refresh": False,
        }
        answer = web.post_json(f"{self._base}/cgi-bin/stable_token", question, authorised=False, refine=self._listen)
        token = walk_or_none(answer, "access_token")
        if not isinstance(token, str) or not token:
            raise UnexpectedReply("The sign-in service gave no token.")
        return Token(token, lifetime(walk_or_none(answer, "expires_in")))

    def now(self, web: Web) -> datetime:
        """The time in Beijing. Raises UnexpectedReply where WeChat does not say it, and whatever a token costs."""
        self.credential(web)
        if self._heard is None:
            raise UnexpectedReply("WeChat does not say what day it is.")
        moment, then = self._heard
        return moment + timedelta(seconds=self._clock() - then)

    def _listen(self, reply: Reply) -> LinkError | None:
        moment = moment_of(reply)
        self._heard = None if moment is None else (moment, self._clock())
        return meaning(reply)


def meaning(reply: Reply) -> LinkError | None:
    """What an answer means where it is an error, else None: good answers mostly have no `errcode` at all."""
    code = walk_or_none(reply.json(), "errcode")
    match str(code):
        case "None" | "0":
            return None
        case "-1":
            return Unavailable("WeChat cannot answer now.")
        case "40001" | "40014" | "42001" | "41001":
            return BadCredentials("WeChat does not accept the token of this account any more.")
        case "40013" | "40125" | "41002" | "41004":
            return BadCredentials(
                "WeChat does not accept the AppID or the AppSecret of this account.",
                advice="Ask the person who installed sheetsync to copy both anew from the account's backend.",
            )
        case "40164":
            return BadCredentials(
                "WeChat does not answer the computer that sheetsync runs on.",
                advice="Ask the account's administrator to put its address on the IP allow-list in the backend (IP白名单).",
            )
        case "40243":
            return BadCredentials(
                "The AppSecret of this account is frozen.", advice="Ask the account's administrator to thaw it in the backend."
            )
        case "45009":
            return RateLimited("WeChat's calls of this day are used up.", wait=seconds_to_midnight(reply))
        case "45011":
            return RateLimited("WeChat asks for fewer requests.", wait=60.0)
        case "48001":
            return AccessDenied(
                "This account has no right to this figure of WeChat.",
                advice="The data interfaces need a verified (已认证) account; ask its administrator.",
            )
        case "48004" | "50002":
            return AccessDenied("WeChat has blocked this interface, or this account.", advice="Ask the account's administrator.")
        case "61501":
            return NotReady("WeChat has no figures of this day yet.")
    return None if reply.status >= 400 else UnexpectedReply("WeChat answered with an error that is not known.")
