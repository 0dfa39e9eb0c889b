"""Two clients that share no code with this project read and write by anchors: Google's own for Python, and gspread."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sheetsync.testing import NO_LIMITS, FakeGoogle
from tests.google.conftest import PLAN
from tests.google.discovery import FOLDER, needs_documents
from tests.google.wire import Wire

FIELDS = (
    "sheets(properties(sheetId,title),data(startRow,rowMetadata.developerMetadata(metadataId,metadataKey,metadataValue),"
    "rowData.values(userEnteredValue,effectiveValue,formattedValue,hyperlink,chipRuns)))"
)


def creation(row: int, value: str) -> dict[str, Any]:
    place = {"sheetId": 0, "dimension": "ROWS", "startIndex": row - 1, "endIndex": row}
    entry = {"metadataKey": "kr", "metadataValue": value, "visibility": "DOCUMENT", "location": {"dimensionRange": place}}
    return {"createDeveloperMetadata": {"developerMetadata": entry}}


@pytest.fixture
def service(google: FakeGoogle) -> Iterator[Any]:
    """The client that google-api-python-client builds from the discovery document, pointed at the stand-in."""
    discovery = pytest.importorskip("googleapiclient.discovery", reason="google-api-python-client is not installed")
    from google.oauth2.credentials import Credentials

    document = json.loads((FOLDER / "sheets.v4.json").read_text("utf-8"))
    document |= {"rootUrl": f"{google.url}/", "baseUrl": f"{google.url}/"}
    document.pop("mtlsRootUrl", None)
    built = discovery.build_from_document(document, credentials=Credentials(google.token()))
    yield built
    built.close()


@needs_documents
def test_googles_own_client_reads_and_writes_by_anchors(google: FakeGoogle, service: Any) -> None:
    number = google.seed("OKR", PLAN)
    sheets = service.spreadsheets()
    created = sheets.batchUpdate(spreadsheetId=number, body={"requests": [creation(2, "a"), creation(4, "b")]}).execute()
    ids = [reply["createDeveloperMetadata"]["developerMetadata"]["metadataId"] for reply in created["replies"]]
    read = sheets.get(spreadsheetId=number, ranges=["'Plan'!A1:Z2000"], fields=FIELDS).execute()
    lines = read["sheets"][0]["data"][0]["rowMetadata"]
    assert [one["developerMetadata"][0]["metadataId"] for one in lines if one] == ids
    google.before_write(1, lambda book: book.tab("Plan").sort(2))
    lookup = {"developerMetadataLookup": {"metadataId": ids[1]}}
    body = {
        "valueInputOption": "RAW",
        "includeValuesInResponse": True,
        "responseValueRenderOption": "FORMULA",
        "data": [{"dataFilter": lookup, "majorDimension": "ROWS", "values": [[None, 0.42, "=not a formula"]]}],
    }
    written = sheets.values().batchUpdateByDataFilter(spreadsheetId=number, body=body).execute()
    assert written["responses"][0]["updatedData"]["values"] == [["Churn", 0.42, "=not a formula"]]
    found = sheets.developerMetadata().search(spreadsheetId=number, body={"dataFilters": [lookup]}).execute()
    place = found["matchedDeveloperMetadata"][0]["developerMetadata"]["location"]["dimensionRange"]
    assert place == {"dimension": "ROWS", "startIndex": 2, "endIndex": 3}
    assert sheets.developerMetadata().get(spreadsheetId=number, metadataId=ids[0]).execute()["metadataValue"] == "a"
    read = sheets.values().batchGetByDataFilter(spreadsheetId=number, body={"dataFilters": [lookup]}).execute()
    assert read["valueRanges"][0]["valueRange"]["values"] == [["Churn", "0.42", "=not a formula"]]
    assert (google.reads, google.writes) == (4, 2)


@needs_documents
def test_googles_own_client_understands_the_errors(google: FakeGoogle, service: Any) -> None:
    from googleapiclient.errors import HttpError

    number = google.seed("OKR", PLAN)
    google.fail("read", "quota")
    with pytest.raises(HttpError) as caught:
        service.spreadsheets().get(spreadsheetId=number).execute()
    assert (caught.value.status_code, "RATE_LIMIT_EXCEEDED" in str(caught.value.error_details)) == (429, True)
    with pytest.raises(HttpError, match="Unable to parse range: Nope"):
        service.spreadsheets().values().get(spreadsheetId=number, range="Nope!A1").execute()


def test_gspread_with_a_service_account(google: FakeGoogle) -> None:
    import gspread
    from google.oauth2 import service_account

    key = google.service_account()
    number = google.seed("OKR", PLAN, share={key["client_email"]: "writer"})
    scopes = ["https://www.googleapis.com/auth/spreadsheets"]
    credentials = service_account.Credentials.from_service_account_info(key, scopes=scopes)
    client = gspread.authorize(credentials, session=google.mounted(credentials))
    book = client.open_by_key(number)
    (reply,) = book.batch_update({"requests": [creation(3, "x")]})["replies"]
    found = reply["createDeveloperMetadata"]["developerMetadata"]["metadataId"]
    google.before_write(1, lambda human: human.tab("Plan").insert_rows(1, 2))
    body = {
        "valueInputOption": "RAW",
        "data": [{"dataFilter": {"developerMetadataLookup": {"metadataId": found}}, "values": [[None, 11]]}],
    }
    address = f"https://sheets.googleapis.com/v4/spreadsheets/{number}/values:batchUpdateByDataFilter"
    client.http_client.request("post", address, json=body)
    assert book.worksheet("Plan").get("A5:B5") == [["Leads", "11"]]
    google.document(number).unshare(key["client_email"])
    with pytest.raises(PermissionError):
        client.open_by_key(number)
    with pytest.raises(gspread.SpreadsheetNotFound):
        client.open_by_key("nothing")


def test_three_thousand_rows_are_written_in_one_call(make: Callable[..., FakeGoogle]) -> None:
    """1,500 anchors made by one batch and written by another, on a plan of 3,000 rows."""
    google = make(limits=NO_LIMITS)
    rows = 3_000
    cells = {(row, column): f"{row}:{column}" for row in range(1, rows + 1) for column in range(1, 11)}
    wire = Wire(google, google.seed("OKR", {"Plan": cells}))
    replies = wire.batch(*(creation(row, f"{row:08}") for row in range(1, 1_501)))
    ids = [reply["createDeveloperMetadata"]["developerMetadata"]["metadataId"] for reply in replies]
    data = [
        {"dataFilter": {"developerMetadataLookup": {"metadataId": one}}, "values": [[None, at]]} for at, one in enumerate(ids)
    ]
    body = {"valueInputOption": "RAW", "includeValuesInResponse": True, "data": data}
    reply = wire.call("POST", "/values:batchUpdateByDataFilter", json=body)
    assert reply["totalUpdatedCells"] == len(ids)
    assert len(wire.get(FIELDS, "Plan!A1:Z5000")["sheets"][0]["data"][0]["rowData"]) == rows
