"""A key file, a person's consent or nothing goes in; a tried sign-in for Google spreadsheets and its [google] table come out.

A sign-in is tried in the very way in which a run uses it; what Google refuses is not kept.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sheetsync.config import GoogleConfig
from sheetsync.connect import PROBE_SECONDS, Browser, Question, walked
from sheetsync.errors import ConfigError
from sheetsync.keeping import Keeping, reference_of, write_table
from sheetsync.opening import Opener
from sheetsync.texts import Sentence, mark, sentence
from sheetsync.web.http import Deadline, Web

if TYPE_CHECKING:
    from sheetsync.app import App
    from sheetsync.workbooks._google.session import Session

PERSON: Final = ("client_id", "client_secret", "refresh_token")
_KEY: Final = Question(
    "service_account", mark("Path of a service account's key file (JSON); blank for this machine's own sign-in."),
    secret=False, optional=True,
)  # fmt: skip
_APP: Final = (
    Question("client_id", mark("Client ID of an OAuth client of the type desktop app."), secret=False, optional=False),
    Question("client_secret", mark("Client secret of that app."), secret=True, optional=False),
)


def connect_google(
    application: App,
    account: str,
    answer: Callable[[Question], str],
    given: Mapping[str, str] | None = None,
    *,
    browser: Browser | None = None,
    keyring: bool = False,
) -> list[Sentence]:
    """Signs in at Google and says as whom, what for, and which address each spreadsheet is to be shared with.

    Raises ConfigError (what was given cannot be read), LinkError (no consent) and WorkbookError (Google refused); then nothing
    was kept.
    """
    if account != "default":
        raise ConfigError("All Google spreadsheets are reached by one sign-in.", advice="Leave --account out.")
    answers = _answers(answer, dict(given or {}), browser=browser is not None)
    downloaded = _read_key_file(answers)
    api_url = answers.pop("api_url", application.config.google.api_url)
    keeping = Keeping(application, "google", "workbooks", keyring=keyring)
    try:
        if browser is not None:
            answers |= _agreed(application, answers, api_url, browser)
        table: dict[str, Any] = keeping.table(answers, {"service_account", "client_secret", "refresh_token"}, {"client_id"})
        table |= {"api_url": api_url} if api_url else {}
        config = dataclasses.replace(application.config, google=GoogleConfig(**table))
        session = Opener(config, application.vault, application.edges.time, lambda: application.state).signed_in(PROBE_SECONDS)
        write_table(application, ("google",), table, keeping.ours)
    except BaseException:
        keeping.undo()
        raise
    copied = sentence("The key was copied to a place of its own; delete {path}.", path=downloaded)
    return [*_said(session), *([copied] if downloaded else [])]


def _said(session: Session) -> list[Sentence]:
    from sheetsync.workbooks._google.session import SCOPE  # noqa: PLC0415 - google-auth is slow to import

    scope = sentence("It may read and change spreadsheets ({scope}), and nothing else.", scope=SCOPE)
    share = sentence("Share each spreadsheet with {email} as Editor.", email=session.email)
    match session.kind:
        case "service account":
            return [sentence("sheetsync is signed in at Google as {email}.", email=session.email), scope, share]
        case "person":
            return [
                sentence("sheetsync is signed in at Google for the person who agreed."), scope,
                sentence("It opens the spreadsheets that this person may edit; nothing has to be shared."),
                sentence("While the app's consent screen is in testing, Google ends the consent after 7 days: publish the app."),
            ]  # fmt: skip
    return [
        sentence("sheetsync is signed in at Google as this machine is."),
        share if session.email else sentence("Share each spreadsheet with the account of that sign-in as Editor."),
    ]


def _answers(answer: Callable[[Question], str], answers: dict[str, str], *, browser: bool) -> dict[str, str]:
    """What was given and what is answered. Raises ConfigError."""
    if strange := sorted(set(answers) - {"service_account", "api_url", *PERSON}):
        raise ConfigError(
            "[google] has no setting {name}.",
            name=strange[0],
            advice="Choose service_account, client_id, client_secret, refresh_token or api_url.",
        )
    person = browser or any(name in answers for name in PERSON)
    if person and "service_account" in answers:
        raise ConfigError("A key file and a person's consent are two ways to sign in.", advice="Give one of them.")
    for question in _APP if browser else () if person else (_KEY,):
        if question.name not in answers and (text := answer(question).strip()):
            answers[question.name] = text
    for name in PERSON[:2] if browser else PERSON if person else ():
        if not answers.get(name):
            raise ConfigError("Google Sheets cannot be connected without {name}.", name=name)
    return answers


def _read_key_file(answers: dict[str, str]) -> Path | None:
    """Puts a key file's text in the place of its path: it is kept by us, as 0600; the path. Raises ConfigError.

    A downloaded key may be read by others, and lies where people tidy up.
    """
    told = answers.get("service_account", "")
    reference = reference_of(told) or ({} if told.startswith("{") or not told else {"file": told})
    if "file" not in reference:
        return None
    path = Path(reference["file"]).expanduser()
    try:
        answers["service_account"] = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise ConfigError(
            "The key file {path} cannot be read.", path=path, advice="Name the file as it was downloaded."
        ) from None
    return path


def _agreed(application: App, answers: Mapping[str, str], api_url: str, browser: Browser) -> Mapping[str, str]:
    """What the consent page gave. Raises ConfigError and LinkError."""
    from sheetsync.connectors._google import GoogleSettings, consent_to  # noqa: PLC0415 - as above
    from sheetsync.workbooks._google.session import SCOPE  # noqa: PLC0415

    vault, reference = application.vault, reference_of(answers["client_secret"])
    vault.remember(answers["client_secret"])
    secret = vault.reveal(reference, "google.client_secret") if reference else answers["client_secret"]
    consent = consent_to(GoogleSettings(token_url=f"{api_url.rstrip('/')}/token" if api_url else ""), SCOPE)
    attempt, code = walked(application, consent, answers["client_id"], browser)
    with Web(
        origins=consent.reached, **application.edges.web, deadline=Deadline(PROBE_SECONDS, application.edges.time.monotonic)
    ) as web:
        return attempt.exchange(web, code, secret, vault.remember)
