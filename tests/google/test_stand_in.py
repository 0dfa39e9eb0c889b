"""The stand-in around the sheets: who may do what, quota, faults, what happens before a call, seeds, the control door."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import requests

from sheetsync._testing.google.state import READ_ONLY, SHEETS
from sheetsync.testing import NO_LIMITS, FakeGoogle, Switches
from tests.google.conftest import PLAN
from tests.google.wire import API, DRIVE, Wire, block


def test_who_may_read_and_who_may_write(google: FakeGoogle) -> None:
    """Recorded: 403 for one that is not shared, 404 for one that is not there."""
    number = google.seed("OKR", PLAN, owner="owner@x", share={"reader@x": "reader", "writer@x": "writer"})
    stranger, reader, writer = (Wire(google, number, who) for who in ("stranger@x", "reader@x", "writer@x"))
    assert stranger.refused("GET")["message"] == "The caller does not have permission"
    assert reader.values("Plan!A1") == [["Key result"]]
    put = {"params": {"valueInputOption": "RAW"}, "json": {"values": [[1]]}}
    assert reader.refused("PUT", "/values/Plan!D1", **put)["status"] == "PERMISSION_DENIED"
    writer.put("Plan!D1", [[1]])
    google.document(number).unshare("writer@x")
    assert writer.refused("GET")["code"] == 403
    google.document(number).delete()
    assert writer.refused("GET")["message"] == "Requested entity was not found."


def test_a_deleted_sheet_may_first_be_unavailable(make: Callable[..., FakeGoogle]) -> None:
    google = make(switches=Switches(deleted_answers_unavailable_first=True))
    wire = Wire(google, google.seed("OKR", PLAN))
    google.document(wire.id).delete()
    assert [wire.refused("GET")["code"] for _ in range(3)] == [503, 404, 404]


def test_a_scope_is_heeded(google: FakeGoogle) -> None:
    """Discovery: the read-only scope stands at spreadsheets.get, values.get and values.batchGet alone."""
    number = google.seed("OKR", PLAN)
    session = google.session(scopes=(READ_ONLY,))
    assert session.get(f"{API}/{number}", timeout=10).status_code == 200
    for tail, body in ((":batchUpdate", {"requests": []}), ("/developerMetadata:search", {"dataFilters": [{"a1Range": "A1"}]})):
        reply = session.post(f"{API}/{number}{tail}", json=body, timeout=10)
        assert (reply.status_code, reply.json()["error"]["details"][0]["reason"]) == (403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT")
    assert (
        google.session(scopes=(SHEETS,)).get(DRIVE, timeout=10).json()["error"]["errors"][0]["reason"]
        == "insufficientPermissions"
    )


def test_tokens_end(google: FakeGoogle, now: list[float]) -> None:
    from google.auth.exceptions import RefreshError

    number = google.seed("OKR", PLAN)
    headers = {"authorization": f"Bearer {google.token(life=60)}"}
    address = f"{google.url}/v4/spreadsheets/{number}"
    assert requests.get(address, headers=headers, timeout=10).status_code == 200
    now[0] += 61
    assert requests.get(address, headers=headers, timeout=10).json()["error"]["status"] == "UNAUTHENTICATED"
    assert requests.get(address, timeout=10).status_code == 401
    session = google.session("me@example.com")
    google.revoke("me@example.com")
    with pytest.raises(RefreshError):  # google-auth answers a 401 with a refresh, which an access token alone cannot give
        session.get(f"{API}/{number}", timeout=10)
    assert google.calls[-1].status == 401


def test_a_service_account_signs_for_its_token(google: FakeGoogle) -> None:
    from google.auth.exceptions import RefreshError
    from google.oauth2 import service_account

    key = google.service_account()
    number = google.seed("OKR", PLAN, share={key["client_email"]: "writer"})
    credentials = service_account.Credentials.from_service_account_info(key, scopes=[SHEETS])
    assert google.mounted(credentials).get(f"{API}/{number}", timeout=10).status_code == 200
    other = google.service_account()  # the same account with another key: the first one is worth nothing now
    assert other["private_key"] != key["private_key"]
    stale = service_account.Credentials.from_service_account_info(key, scopes=[SHEETS])
    with pytest.raises(RefreshError, match="Invalid JWT Signature"):
        google.mounted(stale).get(f"{API}/{number}", timeout=10)


def test_a_refresh_token_can_be_revoked(google: FakeGoogle) -> None:
    from google.auth.exceptions import RefreshError
    from google.oauth2.credentials import Credentials

    def session() -> Any:
        given = {"token_uri": f"{google.url}/token", "client_id": "c", "client_secret": "s"}
        return google.mounted(Credentials(None, refresh_token=token, **given))

    token, number = google.refresh_token(), google.seed("OKR", PLAN)
    assert session().get(f"{API}/{number}", timeout=10).status_code == 200
    google.fail("token", "invalid grant")
    with pytest.raises(RefreshError, match="invalid_grant"):
        session().get(f"{API}/{number}", timeout=10)
    google.revoke("me@example.com")
    with pytest.raises(RefreshError, match="invalid_grant"):
        session().get(f"{API}/{number}", timeout=10)
    assert [call.status for call in google.calls if call.kind == "token"] == [200, 400, 400]


def test_quota_is_counted_by_user_and_project_and_refilled(google: FakeGoogle, now: list[float]) -> None:
    """60 a minute and user, 300 a minute and project (the limits page); the body of n8n #16750."""
    now[0] = 60 * 30_000_000.0
    number = google.seed("OKR", PLAN, share={f"{who}@x": "writer" for who in range(6)})
    wire = Wire(google, number, "0@x")
    assert all(wire.values("Plan!A1") for _ in range(60))
    error = wire.refused("GET")
    assert error["status"] == "RESOURCE_EXHAUSTED"
    assert error["message"] == (
        "Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute per user' of service "
        "'sheets.googleapis.com' for consumer 'project_number:123456789'."
    )
    assert error["details"][0]["metadata"]["quota_limit"] == "ReadRequestsPerMinutePerUser"
    wire.put("Plan!D1", [[1]])  # writes are counted apart
    for who in range(1, 5):
        other = Wire(google, number, f"{who}@x")
        assert all(other.values("Plan!A1") for _ in range(60))
    error = Wire(google, number, "5@x").refused("GET")
    assert error["details"][0]["metadata"]["quota_unit"] == "1/min/{project}"
    assert (google.spent("read"), google.spent("read", "0@x"), google.spent("write")) == (300, 60, 1)
    now[0] += 60
    assert wire.values("Plan!A1")


@pytest.mark.parametrize(
    ("fault", "status", "word"),
    [
        ("quota", 429, "RATE_LIMIT_EXCEEDED"),
        ("quota of the project", 429, "WriteRequestsPerMinutePerProject"),
        ("internal", 500, "INTERNAL"),
        ("bad gateway", 502, "<!DOCTYPE html>"),
        ("unavailable", 503, "UNAVAILABLE"),
        ("not shared", 403, "The caller does not have permission"),
        ("no scope", 403, "insufficient authentication scopes"),
        ("disabled", 403, "SERVICE_DISABLED"),
        ("no storage", 403, "storageQuotaExceeded"),
        ("bad request", 400, "INVALID_ARGUMENT"),
        ("not found", 404, "NOT_FOUND"),
        ("not a sheet", 400, "FAILED_PRECONDITION"),
        ("bad token", 401, "UNAUTHENTICATED"),
    ],
)
def test_a_call_fails_as_asked_and_nothing_is_written(wire: Wire, fault: Any, status: int, word: str) -> None:
    wire.google.fail("write", fault, after=1, headers={"Retry-After": "7"})
    wire.put("Plan!D1", [["before"]])
    address = f"{wire.google.url}/v4/spreadsheets/{wire.id}/values/Plan!D1"
    headers, params = {"authorization": f"Bearer {wire.google.token()}"}, {"valueInputOption": "RAW"}
    reply = requests.put(address, params=params, json={"values": [["not written"]]}, headers=headers, timeout=10)
    assert (reply.status_code, reply.headers["Retry-After"]) == (status, "7")
    assert word in reply.text
    assert wire.values("Plan!D1") == [["before"]]
    wire.put("Plan!D1", [["after"]])


@pytest.mark.parametrize(("fault", "left"), [("cut before", []), ("cut after", [["x"]])])
def test_a_connection_is_cut_before_or_after_it_took_effect(wire: Wire, fault: Any, left: list[list[str]]) -> None:
    wire.google.fail("write", fault)
    with pytest.raises(requests.ConnectionError):
        wire.put("Plan!D1", [["x"]])
    assert wire.values("Plan!D1") == left
    assert [call.status for call in wire.google.calls] == [0, 200]


def test_an_xlsx_in_drive_is_no_sheet(google: FakeGoogle) -> None:
    from sheetsync._testing.google import XLSX

    wire = Wire(google, google.seed("OKR", PLAN, mime=XLSX))
    error = wire.refused("GET")
    assert (error["status"], error["message"]) == ("FAILED_PRECONDITION", "This operation is not supported for this document")


def test_an_edit_comes_before_the_call_it_is_for(wire: Wire) -> None:
    seen: list[str] = []
    wire.google.before_write(2, lambda book: book.tab("Plan").insert_rows(2))
    wire.google.before_read(1, lambda book: seen.append(book.tab("Plan").text(2, 1)))
    wire.put("Plan!D1", [["first"]])
    assert wire.values("Plan!A2") == [["Visits"]]
    wire.put("Plan!D2", [["second"]])
    assert wire.values("Plan!A2:D2") == [["", "", "", "second"]]
    assert seen == ["Visits"]
    assert (wire.google.reads, wire.google.writes) == (2, 2)


def test_whoever_is_shut_out_before_the_call_does_not_write(google: FakeGoogle) -> None:
    wire = Wire(google, google.seed("OKR", PLAN, share={"writer@x": "writer"}), "writer@x")
    google.before_write(1, lambda book: book.unshare("writer@x"))
    error = wire.refused("PUT", "/values/Plan!D1", params={"valueInputOption": "RAW"}, json={"values": [["x"]]})
    assert (error["code"], google.document(wire.id).tab("Plan").value(1, 4)) == (403, None)


def test_an_edit_that_the_sheet_refuses_does_not_happen(wire: Wire) -> None:
    wire.google.before_write(1, lambda book: book.tab("Plan").delete_rows(1, 1000))
    wire.put("Plan!D1", [["x"]])
    assert wire.values("Plan!A1:D1") == [["Key result", "Result", "", "x"]]


def test_an_edit_that_is_wrong_fails_its_test() -> None:
    with pytest.raises(KeyError, match="no such tab"), FakeGoogle() as google:
        wire = Wire(google, google.seed("OKR", PLAN))
        google.before_read(1, lambda book: book.tab("no such tab"))
        assert "the edit before this call failed" in wire.refused("GET")["message"]


@pytest.mark.parametrize(
    ("method", "tail", "body"),
    [
        ("PUT", "/values/Plan!A1", {"values": [[{"a": 1}]]}),
        ("PUT", "/values/Plan!A1", {"values": 7}),
        ("PUT", "/values/Plan!A1", [1]),
        ("POST", "/values:batchUpdate", {"valueInputOption": "RAW", "data": [7]}),
        ("POST", "/values:batchUpdateByDataFilter", {"valueInputOption": "RAW", "data": {"dataFilter": {}}}),
        ("POST", ":batchUpdate", {"requests": [7]}),
        ("POST", ":batchUpdate", {"requests": [{"repeatCell": {"range": {"sheetId": "x"}, "fields": "*"}}]}),
        ("POST", "/developerMetadata:search", {"dataFilters": [{"developerMetadataLookup": {"nothing": 1}}]}),
    ],
)
def test_a_body_of_the_wrong_shape_is_refused(wire: Wire, method: str, tail: str, body: Any) -> None:
    assert wire.refused(method, tail, params={"valueInputOption": "RAW"}, json=body)["code"] == 400


def test_a_channel_is_noted_and_stopped(google: FakeGoogle) -> None:
    session, number = google.session(), google.seed("OKR", PLAN)
    body = {"id": "c1", "type": "web_hook", "address": "https://x.example/hook"}
    channel = session.post(f"{DRIVE}/{number}/watch", json=body, timeout=10).json()
    stop = DRIVE.replace("/files", "/channels/stop")
    assert session.post(stop, json={"id": channel["id"], "resourceId": channel["resourceId"]}, timeout=10).status_code == 204
    assert session.post(stop, json={"id": channel["id"], "resourceId": channel["resourceId"]}, timeout=10).status_code == 404


def test_no_call_leaves_the_stand_in(google: FakeGoogle) -> None:
    with pytest.raises(ConnectionRefusedError, match=r"https://example\.com/"):
        google.session().get("https://example.com/", timeout=10)


def test_a_path_that_is_not_there() -> None:
    with FakeGoogle() as google:
        assert google.session().get("https://www.googleapis.com/nothing", timeout=10).status_code == 404
        assert [(call.kind, call.path) for call in google.calls] == [("unknown", "/nothing")]


def test_a_service_account_owns_no_files(google: FakeGoogle) -> None:
    """gspread #1592: storageQuotaExceeded."""
    session = google.session(google.service_account()["client_email"])
    reply = session.post(DRIVE, json={"name": "mine"}, timeout=10)
    assert (reply.status_code, reply.json()["error"]["errors"][0]["reason"]) == (403, "storageQuotaExceeded")
    assert session.post(API, json={"properties": {"title": "mine"}}, timeout=10).status_code == 403
    made = google.session().post(API, json={"properties": {"title": "mine"}}, timeout=10).json()
    assert google.document(made["spreadsheetId"]).titles == ["Sheet1"]


def test_protected_ranges_bind_all_but_their_editors(google: FakeGoogle) -> None:
    number = google.seed("OKR", PLAN, owner="owner@x", share={"writer@x": "writer", "editor@x": "writer"})
    google.document(number).tab("Plan").protect("B2:B4", "editor@x")
    writer, editor = Wire(google, number, "writer@x"), Wire(google, number, "editor@x")
    put = {"params": {"valueInputOption": "RAW"}, "json": {"values": [["x", 1]]}}
    assert "protected cell" in writer.refused("PUT", "/values/Plan!A2", **put)["message"]
    body = {"requests": [{"repeatCell": {"range": block(1, 2, 1, 2), "cell": {}, "fields": "note"}}]}
    assert "protected cell" in writer.refused("POST", ":batchUpdate", json=body)["message"]
    writer.put("Plan!A2", [["x", None, "past it"]])
    editor.put("Plan!B2", [[31]])
    (shown,) = writer.get("sheets.protectedRanges")["sheets"][0]["protectedRanges"]
    assert "editors" not in shown
    (shown,) = editor.get("sheets.protectedRanges")["sheets"][0]["protectedRanges"]
    assert shown["editors"]["users"] == ["owner@x", "editor@x"]
    google.document(number).tab("Plan").protect("A1:A1", warning_only=True)
    writer.put("Plan!A1", [["only warned"]])


def test_people_edit_in_the_browser(wire: Wire) -> None:
    book = wire.google.document(wire.id)
    sheet = book.tab("Plan")
    sheet.type(2, 2, "50%")
    sheet.move_columns(1, 1, 3)
    assert sheet.table()[0] == ["Result", "Key result"]
    sheet.insert_columns(1)
    assert (sheet.value(2, 2), sheet.text(2, 2), sheet.row_of(3, "Churn")) == (0.5, "50%", 4)
    sheet.delete_columns(1)
    sheet.cut_paste("A2:B2", "D9")
    assert (sheet.value(9, 4), sheet.value(2, 1)) == (0.5, None)
    sheet.copy_paste("D9:E9", "A2")
    assert sheet.value(2, 1) == 0.5
    sheet.hide_rows(3)
    sheet.filter("A1:B4", {1: ["20"]})
    lines = wire.get("sheets.data.rowMetadata(hiddenByUser,hiddenByFilter)", "Plan!A1:A4")["sheets"][0]["data"][0]["rowMetadata"]
    assert lines == [{}, {}, {"hiddenByUser": True}, {"hiddenByFilter": True}]
    sheet.clear_filter()
    sheet.rename("Goals")
    other = sheet.duplicate()
    assert book.titles == ["Goals", "Copy of Goals"]
    other.move_to(1)
    sheet.hide()
    sheet.delete_rows(2)
    book.delete_tab("Goals")
    assert (book.titles, other.value(2, 1)) == (["Copy of Goals"], 0.5)


def test_a_seed_takes_what_a_test_writes(google: FakeGoogle) -> None:
    chips = [{"chip": {"richLinkProperties": {"uri": "https://x.example/"}}}]
    link = {"userEnteredValue": {"stringValue": "@"}, "formattedValue": "A page", "chipRuns": chips}
    cells = {(1, 1): "t", (2, 1): 1.5, (3, 1): True, (4, 1): date(2026, 9, 5), (5, 1): "=A2*2", (6, 1): link, (7, 1): None}
    wire = Wire(google, google.seed("OKR", {"One": cells, "Two & three": {}}))
    assert wire.values("One!A1:A7", "FORMATTED_VALUE") == [["t"], ["1.5"], ["TRUE"], ["2026-09-05"], ["3"], ["A page"]]
    found = wire.get("sheets(properties.title,data.rowData.values.chipRuns)", "One!A6")
    assert found["sheets"][0]["data"][0]["rowData"][0]["values"][0]["chipRuns"] == chips
    assert google.document(wire.id).titles == ["One", "Two & three"]


LINKED = "https://x.example/a"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ({"userEnteredValue": {"formulaValue": f'=HYPERLINK("{LINKED}","text")'}}, LINKED),
        ({"userEnteredValue": {"stringValue": LINKED}}, LINKED),
        ({"userEnteredValue": {"stringValue": "t"}, "userEnteredFormat": {"textFormat": {"link": {"uri": LINKED}}}}, LINKED),
        ({"userEnteredValue": {"stringValue": "t"}, "textFormatRuns": [{"format": {"link": {"uri": LINKED}}}]}, LINKED),
        (
            {
                "userEnteredValue": {"stringValue": "a b"},
                "textFormatRuns": [
                    {"format": {"link": {"uri": LINKED}}},
                    {"startIndex": 2, "format": {"link": {"uri": "https://y.example/"}}},
                ],
            },
            None,
        ),
        ({"userEnteredValue": {"stringValue": "no link"}}, None),
    ],
)
def test_the_link_of_a_cell(google: FakeGoogle, cell: dict[str, Any], expected: str | None) -> None:
    """Discovery, CellData.hyperlink: "If the cell contains multiple hyperlinks, this field will be empty." """
    wire = Wire(google, google.seed("OKR", {"Plan": {(1, 1): cell}}))
    found = wire.get("sheets.data.rowData.values(hyperlink)", "Plan!A1")
    assert found["sheets"][0]["data"][0]["rowData"][0]["values"][0].get("hyperlink") == expected


def test_drive_knows_files_permissions_and_its_late_clock(google: FakeGoogle, now: list[float]) -> None:
    number = google.seed("OKR 'n' more", PLAN)
    session = google.session()
    fields = {"fields": "id,modifiedTime,createdTime"}
    google.drive_lag = 180
    now[0] += 10
    google.document(number).tab("Plan").type(1, 1, "edited")
    seen = session.get(f"{DRIVE}/{number}", params=fields, timeout=10).json()
    assert seen["modifiedTime"] == seen["createdTime"]
    now[0] += 180
    assert session.get(f"{DRIVE}/{number}", params=fields, timeout=10).json()["modifiedTime"] > seen["createdTime"]
    query = {"q": r"mimeType='application/vnd.google-apps.spreadsheet' and name='OKR \'n\' more'"}
    assert [one["id"] for one in session.get(DRIVE, params=query, timeout=10).json()["files"]] == [number]
    body = {"role": "writer", "type": "user", "emailAddress": "new@x"}
    permission = session.post(f"{DRIVE}/{number}/permissions", json=body, timeout=10).json()
    assert Wire(google, number, "new@x").values("Plan!A1") == [["edited"]]
    held = session.get(f"{DRIVE}/{number}/permissions", timeout=10).json()["permissions"]
    assert [(one["emailAddress"], one["role"]) for one in held] == [("me@example.com", "owner"), ("new@x", "writer")]
    assert session.delete(f"{DRIVE}/{number}/permissions/{permission['id']}", timeout=10).status_code == 204
    copy = session.post(f"{DRIVE}/{number}/copy", json={"name": "Copy"}, timeout=10).json()["id"]
    assert Wire(google, copy).values("Plan!A2") == [["Visits"]]
    assert session.delete(f"{DRIVE}/{number}", timeout=10).status_code == 204
    assert session.get(f"{DRIVE}/{number}", timeout=10).status_code == 404


def test_the_same_control_from_another_process(google: FakeGoogle) -> None:
    def control(path: str, **body: Any) -> Any:
        data = json.dumps(body).encode() if body else None
        asked = urllib.request.Request(f"{google.url}/_fake/{path}", data=data, method="POST" if body else "GET")
        with urllib.request.urlopen(asked, timeout=10) as reply:
            return json.load(reply)

    number = control("seed", title="OKR", content={"Plan": {"A1": "Key result", "B2": "=1+1"}})["id"]
    wire = Wire(google, number)
    insert = {"insertDimension": {"range": {"sheetId": 0, "dimension": "ROWS", "startIndex": 0, "endIndex": 1}}}
    control("before", kind="write", n=1, requests=[insert])
    control("fail", kind="read", fault="unavailable")
    wire.put("Plan!D1", [["x"]])
    assert wire.refused("GET")["code"] == 503
    assert wire.values("Plan!A1:D3") == [["", "", "", "x"], ["Key result"], ["", 2]]
    dump = control(f"dump?id={number}")
    assert dump["sheets"][0]["data"][0]["rowData"][2]["values"][1]["userEnteredValue"] == {"formulaValue": "=1+1"}
    calls = control("calls")
    assert (calls["reads"], calls["writes"], calls["calls"][0]["method"]) == (2, 1, "PUT")
    control("share", id=number, who="new@x", role="reader")
    token = control("token", who="new@x")["access_token"]
    reply = requests.get(f"{google.url}/v4/spreadsheets/{number}", headers={"authorization": f"Bearer {token}"}, timeout=10)
    assert reply.status_code == 200
    with pytest.raises(urllib.error.HTTPError, match="400"):
        control("nothing", at="all")


def test_an_xlsx_becomes_a_spreadsheet(google: FakeGoogle, tmp_path: Path) -> None:
    import openpyxl
    from openpyxl.formatting.rule import CellIsRule, FormulaRule
    from openpyxl.styles import Font, PatternFill

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Plan"
    sheet.append(["Key result", "Result", "Link"])
    sheet.append(["Visits", 0.5, "page"])
    sheet.append(["Sum", "=B2*2", date(2026, 9, 5)])
    sheet["B2"].number_format = "0%"
    sheet["B2"].fill = PatternFill("solid", fgColor="FFC6EFCE")
    sheet["A1"].font = Font(bold=True)
    sheet["C2"].hyperlink = "https://x.example/"
    sheet.merge_cells("A4:B5")
    sheet.row_dimensions[3].hidden = True
    sheet.column_dimensions["B"].hidden = True
    sheet.freeze_panes = "A2"
    green = PatternFill("solid", bgColor="FF00FF00")
    sheet.conditional_formatting.add("B2:B9", CellIsRule("greaterThan", ["0.7"], fill=green))
    sheet.conditional_formatting.add("A2:A9", FormulaRule(formula=['$B2=""'], fill=green))
    book.create_sheet("Hidden").sheet_state = "hidden"
    book.save(tmp_path / "plan.xlsx")
    wire = Wire(google, google.seed_xlsx(tmp_path / "plan.xlsx"))
    shown = wire.values("Plan!A1:C3", "FORMATTED_VALUE")
    assert shown == [["Key result", "Result", "Link"], ["Visits", "50%", "page"], ["Sum", "1", "2026-09-05"]]
    whole = wire.call("GET", params={"includeGridData": "true"})
    plan, hidden = whole["sheets"]
    assert hidden["properties"]["hidden"] is True
    assert plan["merges"] == [{"startRowIndex": 3, "endRowIndex": 5, "startColumnIndex": 0, "endColumnIndex": 2}]
    assert plan["properties"]["gridProperties"]["frozenRowCount"] == 1
    kinds = {rule["booleanRule"]["condition"]["type"] for rule in plan["conditionalFormats"]}
    assert kinds == {"NUMBER_GREATER", "CUSTOM_FORMULA"}
    data = plan["data"][0]
    assert data["rowMetadata"][2]["hiddenByUser"]
    assert data["columnMetadata"][1]["hiddenByUser"]
    assert data["rowData"][1]["values"][2]["hyperlink"] == "https://x.example/"
    assert data["rowData"][1]["values"][1]["userEnteredFormat"]["backgroundColor"] == {
        "red": 0.7764706,
        "green": 0.9372549,
        "blue": 0.80784314,
    }
    assert google.document(wire.id).tab("Plan").formula(3, 2) == "=B2*2"


def test_many_at_once(make: Callable[..., FakeGoogle]) -> None:
    """Calls take effect one after the other, whoever makes them."""
    from concurrent.futures import ThreadPoolExecutor

    google = make(limits=NO_LIMITS)
    number = google.seed("OKR", PLAN)
    wires = [Wire(google, number) for _ in range(8)]

    def append(wire: Wire, at: int) -> None:
        wire.call("POST", "/values/Plan!A1:append", params={"valueInputOption": "RAW"}, json={"values": [[at]]})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda at: append(wires[at % 8], at), range(80)))
    assert sorted(row[0] for row in wires[0].values("Plan!A5:A84")) == list(range(80))
