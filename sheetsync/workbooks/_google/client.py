"""Requests of one spreadsheet go in, Google's answers come out; quotas, tries and what an error means stand here.

Quotas        60 reads and 60 writes a minute for a user, 300 of each for a project; a batch is one request
              https://developers.google.com/workspace/sheets/api/limits
Tries         a read at most five times, full jitter up to 64 s, a 429 not before the next minute's quota; a write is sent
              again only where Google said that it was not done
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import gspread
import requests
from google.auth import exceptions
from pyrate_limiter import InMemoryBucket, Rate, RateItem
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from sheetsync.errors import WorkbookError
from sheetsync.workbooks._google.session import API, Session

Kind: TypeAlias = Literal["read", "write"]

TRIES: Final = 5
BACKOFF_BASE: Final = 1.0
BACKOFF_CAP: Final = 64.0
MINUTE: Final = 60.0
TIMEOUT: Final = (10.0, 60.0)
"""Seconds to connect, and between two pieces of an answer; gspread by itself would wait for ever."""
_A_USER: Final = Rate(60, 60_000)
"""A process signs in as one user, whose share is reached long before the 300 of the project."""


class Uncertain(Exception):
    """A write that may have been done or not: the connection broke, or Google failed on the way. Look before you write again."""


class _Again(Exception):
    """Try once more; `wait` seconds were asked for, None where nobody said."""

    def __init__(self, problem: WorkbookError, wait: float | None = None) -> None:
        super().__init__(str(problem))
        self.problem, self.wait = problem, wait


@dataclass(frozen=True, slots=True)
class Clock:
    """Monotonic seconds, a sleep, and a random share of 1, so that tests own them; `remaining` is the run's time in seconds."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    share: Callable[[], float] = random.random
    remaining: Callable[[], float] = lambda: 300.0


class Quota:
    """The share of all spreadsheets of one process. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buckets = {kind: InMemoryBucket([_A_USER]) for kind in ("read", "write")}

    def take(self, kind: Kind, now: float) -> float:
        """0 when the request may go out at `now`, else the seconds to wait before asking again."""
        moment = round(now * 1000)
        with self._lock:
            bucket = self._buckets[kind]
            bucket.leak(moment)
            item = RateItem(kind, moment)
            if bucket.put(item):
                return 0.0
            waiting = bucket.waiting(item)
        return max(0.001, float(waiting) / 1000) if isinstance(waiting, int) else 0.001


class Client:
    """One spreadsheet. `reads` and `writes` count the requests that were sent, tries included."""

    def __init__(self, session: Session, spreadsheet: str, *, quota: Quota, clock: Clock) -> None:
        self._client = gspread.Client(auth=None, session=session.http).http_client  # type: ignore[arg-type]  # the session signs
        self._client.set_timeout(TIMEOUT)
        self._session, self._quota, self._clock = session, quota, clock
        self._url = f"{API}/v4/spreadsheets/{spreadsheet}"
        self.reads = self.writes = 0

    def read(self, fields: str) -> Mapping[str, Any]:
        """spreadsheets.get of the whole spreadsheet; `fields` is the mask, and grid data comes where it names some."""
        return self._request("read", "get", "", params={"fields": fields})

    def batch_update(self, body: Mapping[str, Any], fields: str) -> Mapping[str, Any]:
        """spreadsheets.batchUpdate: all of its requests or none. Raises Uncertain."""
        return self._request("write", "post", ":batchUpdate", params={"fields": fields}, json=body)

    def write_anchored(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """values.batchUpdateByDataFilter. Raises Uncertain."""
        return self._request("write", "post", "/values:batchUpdateByDataFilter", json=body)

    def write_plainly(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """values.batchUpdate. Raises Uncertain."""
        return self._request("write", "post", "/values:batchUpdate", json=body)

    def _request(self, kind: Kind, method: str, path: str, **words: Any) -> Mapping[str, Any]:
        tries = Retrying(
            retry=retry_if_exception_type(_Again), wait=self._wait, sleep=self._clock.sleep, reraise=True,
            stop=lambda state: stop_after_attempt(TRIES)(state) or self._clock.remaining() <= self._wait(state),
        )  # fmt: skip
        try:
            answer: Mapping[str, Any] = tries(self._once, kind, method, path, words)
        except _Again as given_up:
            raise given_up.problem from None
        return answer

    def _once(self, kind: Kind, method: str, path: str, words: Mapping[str, Any]) -> Mapping[str, Any]:
        self._pace(kind)
        if kind == "read":
            self.reads += 1
        else:
            self.writes += 1
        try:
            answer = self._client.request(method, self._url + path, **words).json()
        except gspread.exceptions.APIError as error:
            raise self._of(error.response, kind) from None
        except exceptions.RefreshError as error:
            raise _sign_in_failed(error) from None
        except (exceptions.TransportError, requests.exceptions.ConnectTimeout):
            raise _Again(_silent()) from None
        except requests.exceptions.TooManyRedirects:
            raise WorkbookError("Google Sheets sent the request elsewhere, where it was not followed.") from None
        except (requests.exceptions.RequestException, ValueError):
            if kind == "write":
                raise Uncertain from None
            raise _Again(_silent()) from None
        if not isinstance(answer, dict):
            raise WorkbookError("Google Sheets answered with something that is no spreadsheet.")
        return answer

    def _of(self, reply: requests.Response, kind: Kind) -> Exception:
        """What a status other than 200 means."""
        if reply.status_code == 429:
            return _Again(_busy(), self._asked_wait(reply) or MINUTE - self._clock.monotonic() % MINUTE)
        if reply.status_code >= 500:
            return Uncertain() if kind == "write" else _Again(_silent(), self._asked_wait(reply))
        return refusal(reply.status_code, _details(reply), self._session.email)

    @staticmethod
    def _asked_wait(reply: requests.Response) -> float | None:
        said = reply.headers.get("Retry-After", "")
        return float(said) if said.isdecimal() and len(said) < 6 else None

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        jitter = self._clock.share() * min(BACKOFF_CAP, BACKOFF_BASE * 2.0 ** (state.attempt_number - 1))
        return jitter if not isinstance(error, _Again) or error.wait is None else error.wait + jitter

    def _pace(self, kind: Kind) -> None:
        while wait := self._quota.take(kind, self._clock.monotonic()):
            if wait >= self._clock.remaining():
                raise _busy()
            self._clock.sleep(wait)


def _silent() -> WorkbookError:
    return WorkbookError("Google Sheets does not answer.", advice="Nothing to do: it is tried again at the next run.")


def _busy() -> WorkbookError:
    return WorkbookError(
        "Google Sheets allows no more requests within this run's time.",
        advice="Nothing to do; where it happens often, run the workbooks of this account less often.",
    )


@dataclass(frozen=True, slots=True)
class Details:
    """What Google says of a refusal: its words are only searched, never shown."""

    status: str
    reasons: frozenset[str]
    message: str


def _details(reply: requests.Response) -> Details:
    try:
        error = reply.json()["error"]
        reasons = {
            str(part.get("reason", ""))
            for name in ("details", "errors")
            for part in (error.get(name) or [])
            if isinstance(part, dict)
        }
        return Details(str(error.get("status", "")), frozenset(reasons), str(error.get("message", "")))
    except (ValueError, KeyError, TypeError, AttributeError):
        return Details("", frozenset(), "")


def refusal(status: int, details: Details, email: str) -> WorkbookError:
    """The sentence for a request that Google will not carry out, and what to do.

    https://developers.google.com/workspace/sheets/api/troubleshoot-api-errors
    """
    said = details.message.casefold()
    match status:
        case 401:
            return WorkbookError(
                "Google does not accept sheetsync's sign-in any more.", advice="Renew it with: sheetsync connect google"
            )
        case 403 if "SERVICE_DISABLED" in details.reasons or "has not been used in project" in said:
            return WorkbookError(
                "The Google Sheets API is switched off in the project of sheetsync's key.",
                advice="Enable it at https://console.cloud.google.com/apis/library/sheets.googleapis.com and wait a few minutes.",
            )
        case 403 if {"ACCESS_TOKEN_SCOPE_INSUFFICIENT", "insufficientPermissions"} & details.reasons or "scopes" in said:
            return WorkbookError(
                "sheetsync's sign-in at Google does not include spreadsheets.",
                advice="Consent anew with: sheetsync connect google",
            )
        case 403 if email:
            return WorkbookError(
                "This spreadsheet is not shared with {email}.", advice="Share it with that address, as Editor.", email=email
            )
        case 403:
            return WorkbookError(
                "The Google account of sheetsync may not edit this spreadsheet.",
                advice="Share the spreadsheet with that account, as Editor.",
            )
        case 404:
            return Absent(
                "Google knows no spreadsheet under this address.",
                advice="Copy the address of the spreadsheet from the browser again; it may have been deleted.",
            )
        case 400 if details.status == "FAILED_PRECONDITION" or "not supported for this document" in said:
            return WorkbookError(
                "This is an Excel file that lies in Google Drive, not a Google spreadsheet.",
                advice="Open it there and choose File, Save as Google Sheets; then use the new address.",
            )
        case 400:
            return Rejected("Google Sheets did not accept the request.", advice="Run again; where it stays, report it.")
    return WorkbookError("Google Sheets refused the request.", advice="Run again; where it stays, report it.")


class Absent(WorkbookError):
    """404: there is no such spreadsheet, or none that this sign-in is told of."""


class Rejected(WorkbookError):
    """400: what the request names is not there (any more), or is not allowed on this sheet; nothing of it was done."""


def _sign_in_failed(error: exceptions.RefreshError) -> WorkbookError | _Again:
    if getattr(error, "retryable", False):
        return _Again(_silent())
    told = str(error.args)
    if "invalid_grant" in told:
        return WorkbookError(
            "Google does not accept sheetsync's key or consent any more.",
            advice="Check this machine's clock; then renew the sign-in with: sheetsync connect google",
        )
    if any(sign in told for sign in ("502", "503", "500", "<html", "<!DOCTYPE", "internal_failure")):
        return _Again(_silent())
    return WorkbookError("Google refused sheetsync's sign-in.", advice="Look at it with: sheetsync doctor google")


def requests_of(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A batchUpdate whose answer brings the whole spreadsheet, as it is just after: a write that saves the next read."""
    return {"requests": list(parts), "includeSpreadsheetInResponse": True, "responseIncludeGridData": True}
