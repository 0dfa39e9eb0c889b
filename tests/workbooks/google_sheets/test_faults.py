"""What Google answers when something is wrong: the state of the workbook, the sentence, and nothing written twice."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import requests

from sheetsync.errors import ConfigError, WorkbookChanged, WorkbookError
from sheetsync.model import CellEdit, CellRef
from sheetsync.testing import FakeGoogle
from sheetsync.workbooks._google.client import Clock, Quota
from sheetsync.workbooks._google.session import Session, SignIn, open_session
from sheetsync.workbooks.google_sheets import GoogleSheets
from tests.workbooks.google_sheets.books import address, opened, patient

ME = "sheetsync@stand-in.iam.gserviceaccount.com"
CELL = CellRef("Plan", 2, 2)


@pytest.fixture
def number(google: FakeGoogle) -> str:
    return google.seed("OKR", {"Plan": {(1, 1): "Key result", (2, 1): "KR1", (2, 2): 1, (3, 1): "KR2"}}, share={ME: "writer"})


@pytest.fixture
def workbook(google: FakeGoogle, number: str) -> GoogleSheets:
    return opened(google, number, ME)


def write(workbook: GoogleSheets, value: int) -> None:
    """As a run does it: where the workbook has changed or may have, it is read and planned again."""
    for _ in range(5):
        workbook.read()
        try:
            workbook.apply([CellEdit(CELL, Decimal(value))])
        except WorkbookChanged:
            continue
        return
    raise AssertionError("five tries were not enough")


def held(google: FakeGoogle, number: str) -> Any:
    return google.document(number).tab("Plan").value(2, 2)


def written(google: FakeGoogle, value: int) -> int:
    """How often the value was sent and taken."""
    return sum(
        1 for call in google.calls if call.kind == "write" and call.status == 200 and f"[None, {value}]" in str(call.body)
    )  # fmt: skip


# --- it passes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault", ["quota", "quota of the project", "internal", "bad gateway", "unavailable", "cut before", "cut after"]
)
@pytest.mark.parametrize("kind", ["read", "write"])
def test_what_passes_is_tried_again_and_nothing_is_written_twice(
    google: FakeGoogle, number: str, workbook: GoogleSheets, fault: Any, kind: Any
) -> None:
    write(workbook, 2)
    google.fail(kind, fault, times=2)
    write(workbook, 3)
    assert held(google, number) == 3
    assert written(google, 3) == (0 if (kind, fault) == ("write", "cut after") else 1)  # the one that was cut is not counted


@pytest.mark.parametrize("fault", ["quota", "bad gateway", "unavailable", "cut before"])
def test_what_stays_is_said_and_the_figure_before_stays(
    google: FakeGoogle, number: str, workbook: GoogleSheets, fault: Any
) -> None:
    google.fail("any", fault, times=100)
    with pytest.raises(WorkbookError) as said:
        workbook.read()
    assert not isinstance(said.value, WorkbookChanged)
    assert "tried again" in said.value.advice or "less often" in said.value.advice
    assert held(google, number) == 1
    assert workbook.requests.reads <= 5


def test_the_wait_that_is_asked_for_is_kept(google: FakeGoogle, number: str) -> None:
    waits: list[float] = []
    clock = replace(patient(), sleep=waits.append)
    workbook = GoogleSheets(address(number), Session(google.session(ME), ME, "service account"), clock=clock)
    google.fail("read", "unavailable", headers={"Retry-After": "7"})
    workbook.read()
    assert waits == [7.5]


def test_no_wait_goes_past_the_end_of_the_run(google: FakeGoogle, number: str) -> None:
    def never(_seconds: float) -> None:
        raise AssertionError("waited")

    clock = Clock(monotonic=lambda: 0.0, sleep=never, share=lambda: 0.5, remaining=lambda: 20.0)
    workbook = GoogleSheets(address(number), Session(google.session(ME), ME, "service account"), clock=clock)
    google.fail("read", "quota")
    with pytest.raises(WorkbookError, match="no more requests"):
        workbook.read()


def test_all_spreadsheets_of_a_process_share_one_quota(google: FakeGoogle, number: str) -> None:
    quota, clock = Quota(), patient()
    session = Session(google.session(ME), ME, "service account")
    books = [GoogleSheets(address(number), session, quota=quota, clock=clock) for _ in range(3)]
    for _ in range(20):
        for book in books:
            book.read()
    assert clock.monotonic() == 0
    books[0].read()
    assert clock.monotonic() >= 60


# --- somebody has to act -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "sentence", "advice"),
    [
        ("not shared", f"not shared with {ME}", "as Editor"),
        ("no scope", "does not include spreadsheets", "sheetsync connect google"),
        ("disabled", "Sheets API is switched off", "console.cloud.google.com"),
        ("not found", "knows no spreadsheet", "Copy the address"),
        ("not a sheet", "Excel file that lies in Google Drive", "Save as Google Sheets"),
    ],
)
def test_each_refusal_is_one_sentence_and_the_next_step(
    google: FakeGoogle, workbook: GoogleSheets, fault: Any, sentence: str, advice: str
) -> None:
    google.fail("read", fault, times=9)
    with pytest.raises(WorkbookError) as said:
        workbook.read()
    assert sentence in str(said.value)
    assert advice in said.value.advice
    assert workbook.requests.reads == 1


def test_a_spreadsheet_that_is_unshared_or_deleted_meanwhile(google: FakeGoogle, number: str, workbook: GoogleSheets) -> None:
    write(workbook, 2)
    google.document(number).unshare(ME)
    with pytest.raises(WorkbookError, match="not shared"):
        write(workbook, 3)
    google.document(number).share(ME)
    google.document(number).delete()
    with pytest.raises(WorkbookError, match="knows no spreadsheet"):
        write(workbook, 4)


def test_a_spreadsheet_that_may_only_be_read_is_not_written(google: FakeGoogle, number: str) -> None:
    reader = "reader@example.com"
    google.document(number).share(reader, "reader")
    workbook = opened(google, number, reader)
    workbook.read()
    with pytest.raises(WorkbookError, match=r"not shared with reader@example\.com"):
        workbook.apply([CellEdit(CELL, Decimal(5))])
    assert held(google, number) == 1


# --- signing in --------------------------------------------------------------------------------------------------------


def signed_in(google: FakeGoogle, number: str, **words: str) -> GoogleSheets:
    return GoogleSheets(address(number), open_session(SignIn(api_url=google.url, **words)), clock=patient())


def test_a_service_account_signs_in_with_its_key(google: FakeGoogle, number: str) -> None:
    workbook = signed_in(google, number, service_account=json.dumps(google.service_account(ME)))
    write(workbook, 8)
    assert held(google, number) == 8


def test_a_person_signs_in_with_a_consent(google: FakeGoogle, number: str) -> None:
    google.document(number).share("anna@example.com")
    consent = {"client_id": "app", "client_secret": "s3cret", "refresh_token": google.refresh_token("anna@example.com")}
    write(signed_in(google, number, **consent), 9)
    assert held(google, number) == 9
    google.revoke("anna@example.com")
    with pytest.raises(WorkbookError, match="does not accept sheetsync's key or consent"):
        signed_in(google, number, **consent).read()


def test_a_key_that_signs_in_elsewhere_is_refused(google: FakeGoogle) -> None:
    key = google.service_account(ME) | {"token_uri": "https://evil.example/token"}
    with pytest.raises(ConfigError, match=r"not Google's"):
        open_session(SignIn(service_account=json.dumps(key)))


@pytest.mark.parametrize("text", ["", "[]", "{}", "not json", '{"type": "service_account"}'])
def test_a_key_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        open_session(SignIn(service_account=text))


@pytest.mark.parametrize("url", ["http://proxy.example", "ftp://127.0.0.1", "127.0.0.1", "http://127.0.0.1.evil.example"])
def test_a_credential_goes_to_tls_or_to_this_machine_only(google: FakeGoogle, url: str) -> None:
    with pytest.raises(ConfigError, match="https"):
        open_session(SignIn(service_account=json.dumps(google.service_account(ME)), api_url=url))


def test_the_session_reaches_nobody_else(google: FakeGoogle) -> None:
    session = open_session(SignIn(service_account=json.dumps(google.service_account(ME)), api_url=google.url)).http
    for url in ("https://evil.example/", "http://169.254.169.254/", "https://sheets.googleapis.com.evil.example/"):
        with pytest.raises(requests.exceptions.InvalidURL):
            session.get(url)
