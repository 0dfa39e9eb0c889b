"""A clock and switches go in, a Google on loopback comes out: Sheets, as much of Drive as Sheets needs, and the token endpoint.

What it is held to: gspread's own test suite, the recorded traffic of that suite, the discovery documents, and contract tests from
published transcripts. It was never compared with Google itself; docs/google-stand-in.md says what rests on what.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from sheetsync._testing.google import control, seeding
from sheetsync._testing.google.document import SPREADSHEET, Document
from sheetsync._testing.google.errors import Fault
from sheetsync._testing.google.human import Book
from sheetsync._testing.google.quota import Limits
from sheetsync._testing.google.seeding import Seed
from sheetsync._testing.google.server import Server
from sheetsync._testing.google.state import ALL_SCOPES, ME, PROJECT, Call, CallKind, Failing, Hook, State, Token
from sheetsync._testing.google.switches import Switches

if TYPE_CHECKING:
    from google.auth.transport.requests import AuthorizedSession


class FakeGoogle:
    """A server; a context manager. Rows and columns count from 1.

    >>> with FakeGoogle() as google:
    ...     number = google.seed("OKR", {"Plan": {(1, 1): "Key result", (2, 1): "=1+2"}})
    ...     google.session().get(f"https://sheets.googleapis.com/v4/spreadsheets/{number}/values/A1:A2").json()["values"]
    [['Key result'], ['3']]

    `clock` gives the seconds that quota, tokens and file times go by; `limits` the calls a minute (`NO_LIMITS` for none).
    """

    def __init__(
        self, *, clock: Callable[[], float] = time.time, switches: Switches | None = None, limits: Limits | None = None
    ) -> None:
        self._state = State(clock, switches or Switches(), limits or Limits())
        self._server = Server(self._state, lambda method, path, body: control.answer(self, method, path, body))
        self._sessions: list[AuthorizedSession] = []
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
        if self._state.broken and error is None:
            raise self._state.broken[0]

    def close(self) -> None:
        for session in self._sessions:
            session.close()  # type: ignore[no-untyped-call]
        self._server.close()

    @property
    def switches(self) -> Switches:
        return self._state.switches

    @switches.setter
    def switches(self, switches: Switches) -> None:
        self._state.switches = switches

    @property
    def latency(self) -> float:
        """Seconds that each answer waits."""
        return self._state.latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        self._state.latency = seconds

    @property
    def drive_lag(self) -> float:
        """Seconds that Drive's `modifiedTime` lags behind an edit; Google's does by about 180."""
        return self._state.drive_lag

    @drive_lag.setter
    def drive_lag(self, seconds: float) -> None:
        self._state.drive_lag = seconds

    def token(self, who: str = ME, *, value: str = "", scopes: Sequence[str] = ALL_SCOPES, life: float | None = None) -> str:
        """An access token of an identity, valid for `life` seconds (None: for ever)."""
        value = value or f"ya29.{self._state.random.getrandbits(128):032x}"
        until = None if life is None else self._state.clock() + life
        self._state.tokens[value] = Token(who, tuple(scopes), until)
        return value

    def refresh_token(self, who: str = ME) -> str:
        """A refresh token of an identity, for the token endpoint."""
        value = f"1//{self._state.random.getrandbits(128):032x}"
        self._state.refresh_tokens[value] = who
        return value

    def revoke(self, who: str) -> None:
        """Every token, refresh token and key of an identity is worth nothing from now on."""
        state = self._state
        state.tokens = {value: token for value, token in state.tokens.items() if token.who != who}
        state.refresh_tokens = {value: one for value, one in state.refresh_tokens.items() if one != who}
        state.keys.pop(who, None)

    def session(self, identity: str = ME, *, scopes: Sequence[str] = ALL_SCOPES) -> AuthorizedSession:
        """A session of google-auth with a token of the identity. Its traffic to Google comes here; any other host raises."""
        from google.oauth2.credentials import Credentials  # noqa: PLC0415 - only where a client is wanted

        credentials = Credentials(self.token(identity, scopes=scopes))  # type: ignore[no-untyped-call]
        return self.mounted(credentials)

    def mounted(self, credentials: Any) -> AuthorizedSession:
        """A session with any credentials of google-auth whose traffic comes here."""
        from sheetsync._testing.google import mounting  # noqa: PLC0415 - the same

        session = mounting.session(credentials, self.url)
        self._sessions.append(session)
        return session

    def service_account(self, email: str = "sheetsync@stand-in.iam.gserviceaccount.com") -> dict[str, Any]:
        """The JSON of a service account with a freshly made key; its token endpoint is this server."""
        from sheetsync._testing.google import keys  # noqa: PLC0415 - the same

        document, public = keys.service_account(email, f"{self.url}/token", PROJECT)
        self._state.keys[email] = public
        return document

    def seed(
        self,
        title: str,
        content: Mapping[str, Seed] | None = None,
        *,
        owner: str = ME,
        share: Mapping[str, str] | None = None,
        number: str = "",
        mime: str = SPREADSHEET,
    ) -> str:
        """A spreadsheet; gives its id. `content`: tab -> (row, column) -> a value, a formula, or CellData. `share`: who -> role,
        one of reader, commenter, writer; `anyone` is whoever has the link."""
        with self._state.lock:
            document = self._state.new_document(title, owner, number=number)
            if content:
                document.tabs = seeding.tabs(document, content)
            document.access, document.mime = dict(share or {}), mime
            return document.id

    def seed_xlsx(self, path: Path, *, title: str = "", owner: str = ME, share: Mapping[str, str] | None = None) -> str:
        """A spreadsheet made from an .xlsx: values, formulas with their cached values, merges, links, number formats, fills,
        hidden rows and columns, conditional formats."""
        from sheetsync._testing.google import seeding_xlsx  # noqa: PLC0415 - openpyxl only where it is wanted

        number = self.seed(title or path.stem, owner=owner, share=share)
        with self._state.lock:
            seeding_xlsx.fill(self._state.documents[number], path)
        return number

    def document(self, number: str) -> Book:
        """The spreadsheet, to look at and to edit as a person does."""
        return Book(self._state, self._state.documents[number])

    def before_write(self, n: int, edit: Callable[[Book], object]) -> None:
        """Before the n-th write from now takes effect (1 is the next), somebody does this to the document that it is for.
        What the sheet refuses does not happen; any other error of `edit` is raised at the end of the `with`."""
        self._hook("write", n, edit)

    def before_read(self, n: int, edit: Callable[[Book], object]) -> None:
        self._hook("read", n, edit)

    def _hook(self, kind: Literal["read", "write"], n: int, edit: Callable[[Book], object]) -> None:
        def run(document: Document) -> object:
            return edit(Book(self._state, document))

        with self._state.lock:
            self._state.hooks.append(Hook(kind, n, run))

    def fail(
        self,
        kind: CallKind | Literal["any"],
        fault: Fault,
        *,
        times: int = 1,
        after: int = 0,
        path: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """The next calls of a kind fail like this: `times` of them, `after` so many that do not, of those whose path has `path`.
        `cut before` and `cut after` close the connection before or after the call took effect."""
        with self._state.lock:
            self._state.failing.append(Failing(kind, fault, times, after, dict(headers or {}), path))

    def heal(self) -> None:
        """Nothing that was asked for with `fail` or `before_…` happens any more."""
        with self._state.lock:
            self._state.failing.clear()
            self._state.hooks.clear()

    def reset(self) -> None:
        """No documents, no calls, no faults; tokens and keys stay."""
        with self._state.lock:
            self.heal()
            self._state.documents.clear()
            self._state.deleted.clear()
            self._state.calls.clear()

    @property
    def calls(self) -> list[Call]:
        """Every call, in order of arrival."""
        return self._state.calls

    @property
    def reads(self) -> int:
        return sum(call.kind == "read" for call in self._state.calls)

    @property
    def writes(self) -> int:
        return sum(call.kind == "write" for call in self._state.calls)

    @property
    def documents(self) -> list[str]:
        return list(self._state.documents)

    def spent(self, what: Literal["read", "write"], who: str = "") -> int:
        """Calls counted in the minute that is now, of one identity or of the project."""
        return self._state.quota.spent(what, who)
