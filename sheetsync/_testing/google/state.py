"""What the stand-in knows: documents, tokens, quota, what shall fail, what happens before the n-th call, and what was called."""

from __future__ import annotations

import json
import random
import threading
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from sheetsync._testing.google.document import Document, Tab
from sheetsync._testing.google.errors import Fault, Refusal, bad_token, not_found, not_shared, refusal
from sheetsync._testing.google.quota import Limits, Quota
from sheetsync._testing.google.switches import Switches

CallKind: TypeAlias = Literal["read", "write", "drive", "token", "unknown"]
ME: Final = "me@example.com"
PROJECT: Final = "123456789"
SHEETS: Final = "https://www.googleapis.com/auth/spreadsheets"
READ_ONLY: Final = "https://www.googleapis.com/auth/spreadsheets.readonly"
DRIVE: Final = "https://www.googleapis.com/auth/drive"
DRIVE_FILE: Final = "https://www.googleapis.com/auth/drive.file"
FEEDS: Final = "https://spreadsheets.google.com/feeds"
ALL_SCOPES: Final = (SHEETS, DRIVE)
ROLES: Final = ("reader", "commenter", "writer", "owner")


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it came and as it was answered. `status` 0: the connection was cut, nothing was answered.

    The reply is kept packed: a thousand reads of a plan are kept in a few megabytes.
    """

    method: str
    path: str
    kind: CallKind
    query: Mapping[str, list[str]]
    body: Any
    status: int
    packed: bytes
    who: str

    @property
    def reply(self) -> Any:
        """The document that was answered, a text, or None."""
        sent = zlib.decompress(self.packed).decode()
        try:
            return json.loads(sent) if sent else None
        except ValueError:
            return sent

    def document(self) -> dict[str, Any]:
        """The call as JSON."""
        names = ("method", "path", "kind", "query", "body", "status", "reply", "who")
        return {name: getattr(self, name) for name in names}


@dataclass(slots=True)
class Failing:
    """A fault that waits for its calls."""

    kind: CallKind | Literal["any"]
    fault: Fault
    times: int
    after: int
    headers: Mapping[str, str]
    path: str = ""


@dataclass(slots=True)
class Hook:
    """An edit that waits for its call: `left` calls of the kind are still to come."""

    kind: Literal["read", "write"]
    left: int
    edit: Callable[[Document], object]


@dataclass(frozen=True, slots=True)
class Token:
    who: str
    scopes: tuple[str, ...]
    until: float | None = None


@dataclass(slots=True)
class State:
    """Everything that a call may see or change; the lock is held while one is answered."""

    clock: Callable[[], float]
    switches: Switches
    limits: Limits
    me: str = ME
    documents: dict[str, Document] = field(default_factory=dict)
    deleted: dict[str, bool] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    refresh_tokens: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    failing: list[Failing] = field(default_factory=list)
    hooks: list[Hook] = field(default_factory=list)
    broken: list[Exception] = field(default_factory=list)
    channels: dict[str, dict[str, Any]] = field(default_factory=dict)
    latency: float = 0.0
    drive_lag: float = 0.0
    random: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311 - ids of a stand-in
    lock: threading.RLock = field(default_factory=threading.RLock)
    quota: Quota = field(init=False)

    def __post_init__(self) -> None:
        self.quota = Quota(self.clock, self.limits, PROJECT)

    def new_document(self, title: str, owner: str, *, number: str = "", tabs: list[Tab] | None = None) -> Document:
        """A file of an owner, with `Sheet1` where no tabs are given."""
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        number = number or "1" + "".join(self.random.choices(letters, k=43))
        now = self.clock()
        tabs = tabs if tabs is not None else [Tab.new(0, "Sheet1")]
        document = Document(number, title, owner, now, tabs, modified=now, random=self.random)
        self.documents[number] = document
        return document

    def authenticated(self, authorization: str) -> Token:
        """The token of an Authorization header, or the 401."""
        scheme, _, value = authorization.partition(" ")
        token = self.tokens.get(value.strip()) if scheme.casefold() == "bearer" else None
        if token is None or (token.until is not None and token.until <= self.clock()):
            raise bad_token()
        return token

    def opened(self, number: str, who: str, *, role: Literal["reader", "writer", "owner"]) -> Document:
        """The document, where this identity may do that; else 404 or 403 (both recorded)."""
        document = self.documents.get(number)
        if document is None:
            if self.switches.deleted_answers_unavailable_first and self.deleted.get(number):
                self.deleted[number] = False
                raise refusal(503, "The service is currently unavailable.")
            raise not_found()
        if ROLES.index(self.role(document, who)) < ROLES.index(role) if self.role(document, who) else True:
            raise not_shared()
        return document

    def role(self, document: Document, who: str) -> str:
        if who == document.owner:
            return "owner"
        return document.access.get(who) or document.access.get("anyone") or ""

    def touched(self, document: Document) -> None:
        document.modified = self.clock()

    def failing_now(self, kind: CallKind, path: str) -> Failing | None:
        """The fault that meets this call, if one waits for it."""
        for failing in self.failing:
            if failing.kind in {kind, "any"} and failing.path in path:
                if failing.after > 0:
                    failing.after -= 1
                    continue
                failing.times -= 1
                if failing.times <= 0:
                    self.failing.remove(failing)
                return failing
        return None

    def edits_before(self, kind: Literal["read", "write"], document: Document) -> None:
        """Runs what was asked to happen before this call."""
        due = []
        for hook in list(self.hooks):
            if hook.kind == kind:
                hook.left -= 1
                if hook.left <= 0:
                    self.hooks.remove(hook)
                    due.append(hook)
        for hook in due:
            try:
                hook.edit(document)
            except Refusal:
                continue  # the browser says no as well, and nothing happened
            except Exception as wrong:
                self.broken.append(wrong)
                raise refusal(500, f"the edit before this call failed: {wrong!r}") from wrong
            self.touched(document)
