"""Google Sheets against the contract, the discovery document, and its own traps: titles that change, percents, dates, errors."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sheetsync import links
from sheetsync.connectors._google_cells import FIELDS, area_of
from sheetsync.connectors._grammar import cell_text
from sheetsync.connectors.google_sheet import GoogleSheet
from sheetsync.errors import (
    AccessDenied,
    AmbiguousLink,
    LinkError,
    NoSuchMetric,
    NotConnected,
    NotFound,
    NotReady,
    UnexpectedReply,
    UnsupportedLink,
)
from sheetsync.model import PERCENT, Reading
from sheetsync.testing import Answer, ConnectorContract, LookupMemory, Stand, account_of, run_links

DISCOVERY = Path(__file__).parents[3] / "shared" / "google" / "sheets.v4.json"
ID = "1AbCdEfGhIjKlMnOpQrStUvWxYz0123456789abcdefg"
OTHER = "1ZyXwVuTsRqPoNmLkJiHgFeDcBa9876543210zyxwvut"
EDIT = f"https://docs.google.com/spreadsheets/d/{ID}/edit"
CELL = f"{EDIT}?gid=7#gid=7&range=B7"
PATH = f"/v4/spreadsheets/{ID}"
TOKEN = "ya29.canary-access-token"
SETTINGS: dict[str, Any] = {
    "client_id": "x.apps.googleusercontent.com", "client_secret": "canary-client-secret", "refresh_token": "canary-refresh-token",
    "spreadsheets": (ID, OTHER),
}  # fmt: skip


def number(value: object, kind: str = "", pattern: str = "") -> dict[str, Any]:
    shown = {"effectiveFormat": {"numberFormat": {"type": kind, "pattern": pattern}}} if kind or pattern else {}
    return {"effectiveValue": {"numberValue": value}, **shown}


def text(value: str) -> dict[str, Any]:
    return {"effectiveValue": {"stringValue": value}}


def grid(*rows: list[Any], at: tuple[int, int] = (1, 1)) -> dict[str, Any]:
    start = {name: place - 1 for name, place in zip(("startRow", "startColumn"), at, strict=True) if place > 1}
    return {**start, "rowData": [{"values": row} for row in rows]}


def sheet(*data: dict[str, Any], gid: int = 7, title: str = "It's March") -> dict[str, Any]:
    return {"properties": {"sheetId": gid, "title": title}, **({"data": list(data)} if data else {})}


def answer(*sheets: dict[str, Any]) -> dict[str, Any]:
    return {"sheets": list(sheets)}


class TestContract(ConnectorContract):
    connector = GoogleSheet
    settings = SETTINGS
    link = CELL
    value = Decimal("0.35")
    unit = PERCENT
    main = PATH
    document = answer(sheet(grid([number(0.35, "PERCENT", "0%")], at=(7, 2))))
    place = "sheets.0.data.0.rowData.0.values.0.effectiveValue.numberValue"
    other = f"https://docs.google.com/spreadsheets/d/{OTHER}/edit?gid=7#gid=7&range=B7"
    canaries = (TOKEN, "canary-client-secret", "canary-refresh-token")
    strangers = (
        f"https://docs.google.com.evil.test/spreadsheets/d/{ID}/edit", f"http://docs.google.com/spreadsheets/d/{ID}/edit",
        f"https://docs.google.com:8443/spreadsheets/d/{ID}/edit", f"https://docs.google.com/document/d/{ID}/edit",
        "https://docs.google.com/spreadsheets/d/short/edit", "https://docs.google.com/spreadsheets/",
        f"https://docs.google.com/spreadsheets/d/{ID}/../x/edit", f"https://sheets.google.com/d/{ID}",
        f"https://docs.google.com/forms/d/{ID}/edit",
    )  # fmt: skip

    def script(self, stand: Stand) -> None:
        stand.answer("/token", {"access_token": TOKEN, "expires_in": 3599}, method="POST")
        stand.answer(f"/v4/spreadsheets/{OTHER}", self.document)

    def _account(self, stand: Stand, **settings: Any) -> Any:
        known = LookupMemory({f"{ID}/7": "It's March", f"{OTHER}/7": "It's March"})
        base = f"http://127.0.0.1:{stand.port}"
        given = {**self.settings, "api_url": base, "token_url": f"{base}/token", **settings}
        return account_of(self.connector, given, lookups=known)


def outcomes(stand: Stand, *texts: str, lookups: LookupMemory | None = None, **settings: Any) -> list[Any]:
    stand.answer("/token", {"access_token": TOKEN, "expires_in": 3599}, method="POST")
    base = f"http://127.0.0.1:{stand.port}"
    account = account_of(GoogleSheet, {**SETTINGS, "api_url": base, "token_url": f"{base}/token", **settings}, lookups=lookups)
    return list(run_links([account], texts)[0].values())


def one(reply: Any, link: str = CELL, **rest: Any) -> Any:
    with Stand() as stand:
        stand.answer(PATH, reply)
        return outcomes(stand, link, lookups=LookupMemory({f"{ID}/7": "It's March"}), **rest)[0]


def asked(stand: Stand) -> list[list[str]]:
    return [[value for name, value in seen.query if name == "ranges"] for seen in stand.seen if seen.path == PATH]


def cell(value: dict[str, Any]) -> Any:
    return one(answer(sheet(grid([value], at=(7, 2)))))


@pytest.mark.parametrize(
    ("held", "value", "unit"),
    [
        (number(1234.5), "1234.5", ""),
        (number(0), "0", ""),
        (number(0.35, "PERCENT", "0.0%"), "0.35", PERCENT),
        (number(0.35, "PERCENT"), "0.35", PERCENT),
        (number(0.35, "NUMBER", "0.0%"), "0.35", PERCENT),
        (number(35, "NUMBER", '0" %"'), "35", ""),
        (number(35, "NUMBER", "0\\%"), "35", ""),
        (number(35, "CURRENCY", "[$€-407]0.00"), "35", ""),
        (text("1,234.5"), "1234.5", ""),
        (text("45%"), "0.45", PERCENT),
    ],
)
def test_cells(held: dict[str, Any], value: str, unit: str) -> None:
    found = cell(held)
    assert isinstance(found, Reading), found
    assert (found.value, found.unit) == (Decimal(value), unit)


@pytest.mark.parametrize(
    ("held", "kind"),
    [
        ({}, NotReady),
        (text(""), NotReady),
        (text("n/a"), NotReady),
        (text("about 7"), UnexpectedReply),
        (text("1.2K"), UnexpectedReply),
        ({"effectiveValue": {"boolValue": True}}, UnexpectedReply),
        ({"effectiveValue": {"errorValue": {"type": "REF", "message": "CANARY"}}}, UnexpectedReply),
        ({"effectiveValue": {"errorValue": {"type": "LOADING"}}}, UnexpectedReply),
        (number(46270, "DATE", "yyyy-mm-dd"), UnexpectedReply),
        (number(46270.5, "DATE_TIME", ""), UnexpectedReply),
        (number(1e17), UnexpectedReply),
        ({"effectiveValue": {"formulaValue": "=1"}}, UnexpectedReply),
    ],
)
def test_cells_without_a_figure(held: dict[str, Any], kind: type[LinkError]) -> None:
    found = cell(held)
    assert isinstance(found, kind), found
    assert "CANARY" not in str(found)


TABLE = grid(
    [text("stage"), text("amount"), text("day")],
    [text("SQL"), number(1.5), number(46028, "DATE")],
    [text("MQL"), number(2), number(46100, "DATE")],
    [text("SQL"), {}, number(46101.9, "DATE_TIME")],
    [{}],
)


@pytest.mark.parametrize(
    ("options", "value"),
    [
        ("#count", "3"),
        ("#sum(amount)", "3.5"),
        ("#sum(amount)&where=stage:sql", "1.5"),
        ("#count&where=day:2026-01-01..2026-01-31", "1"),
        ("#count&where=day:2026-03-20", "1"),
        ("#share(stage:SQL)", "0.6666666666666666666666666667"),
    ],
)
def test_a_worksheet_is_a_table(options: str, value: str) -> None:
    found = one(answer(sheet(TABLE)), f"{EDIT}?gid=7#gid=7{options}")
    assert isinstance(found, Reading), found
    assert found.value == Decimal(value)


def test_a_range_is_a_table_and_rows_bear_their_own_numbers() -> None:
    data = grid([text("n")], [text("x")], at=(5, 3))
    with Stand() as stand:
        stand.answer(PATH, answer(sheet(data)))
        found = outcomes(stand, f"{EDIT}#gid=7&range=C5:C6#sum(n)", lookups=LookupMemory({f"{ID}/7": "It's March"}))[0]
        assert isinstance(found, UnexpectedReply)
        assert "Row 6" in str(found)
        assert asked(stand) == [["'It''s March'!C5:C6"]]
        assert dict(stand.seen[-1].query)["fields"] == FIELDS


def test_titles_are_looked_up_once_and_kept() -> None:
    with Stand() as stand:
        known = LookupMemory()
        stand.answer(PATH, answer(sheet(), sheet(gid=8, title="April")))
        stand.answer(PATH, answer(sheet(grid([number(5)], at=(7, 2)))), query={"ranges": "'It''s March'!B7"})
        assert outcomes(stand, CELL, lookups=known)[0].value == 5
        assert (asked(stand), known) == ([[], ["'It''s March'!B7"]], {f"{ID}/7": "It's March"})
        assert outcomes(stand, CELL, lookups=known)[0].value == 5
        assert len(asked(stand)) == 3


@pytest.mark.parametrize("gone", [True, False])
def test_a_worksheet_that_was_renamed_is_found_by_its_id(gone: bool) -> None:
    """Its old title may be nobody's, or another worksheet's by now, which must not be read."""
    with Stand() as stand:
        known = LookupMemory({f"{ID}/7": "Old"})
        stand.answer(PATH, answer(sheet(title="New"), sheet(gid=8, title="Old")))
        wrong = Answer.of({"error": {"status": "INVALID_ARGUMENT", "message": "Unable to parse range: 'Old'!B7"}}, status=400)
        other = Answer.of(answer(sheet(grid([number(666)], at=(7, 2)), gid=8, title="Old")))
        stand.answer(PATH, wrong if gone else other, query={"ranges": "'Old'!B7"})
        stand.answer(PATH, answer(sheet(grid([number(5)], at=(7, 2)), title="New")), query={"ranges": "'New'!B7"})
        assert outcomes(stand, CELL, lookups=known)[0].value == 5
        assert known == {f"{ID}/7": "New"}


def test_ten_cells_of_a_spreadsheet_cost_one_request() -> None:
    with Stand() as stand:
        known = LookupMemory({f"{ID}/7": "A", f"{ID}/0": "B"})
        texts = [f"{EDIT}?gid={gid}#gid={gid}&range=B{row}" for row in (7, 8, 9, 10, 11) for gid in (7, 0)]

        def reply(seen: Any) -> Answer:
            data: dict[str, list[Any]] = {"A": [], "B": []}
            for name, value in seen.query:
                if name == "ranges":
                    title, row = value[1], int(value.rpartition("B")[2])
                    data[title].append(grid([number(row if title == "A" else -row)], at=(row, 2)))
            return Answer.of(answer(sheet(*data["B"], gid=0, title="B"), sheet(*data["A"], title="A")))

        stand.answer(PATH, reply)
        found = outcomes(stand, *texts, lookups=known)
        assert [one.value for one in found] == [7, -7, 8, -8, 9, -9, 10, -10, 11, -11]
        assert len(asked(stand)) == 1


def test_one_range_that_is_not_there_does_not_spoil_the_others() -> None:
    with Stand() as stand:
        known = LookupMemory({f"{ID}/7": "It's March"})
        wrong = Answer.of({"error": {"message": "Range ('It's March'!B5000) exceeds grid limits. Max rows: 1000"}}, status=400)
        good = Answer.of(answer(sheet(grid([number(5)], at=(7, 2)))))
        stand.answer(PATH, lambda seen: wrong if "'It''s March'!B5000" in [value for _, value in seen.query] else good)
        found = outcomes(stand, CELL, CELL.replace("B7", "B5000"), lookups=known)
        assert found[0].value == 5
        assert isinstance(found[1], NotFound)
        assert "fewer rows" in str(found[1])


@pytest.mark.parametrize(
    "reply",
    [
        answer(sheet(grid([number(5)], at=(6, 2)))),
        answer(sheet(grid([number(5)], at=(7, 2)), grid([number(6)], at=(7, 2)))),
        answer(sheet()),
        answer(),
        {"sheets": [{"data": []}]},
    ],
)
def test_other_cells_than_those_asked_for_are_not_taken(reply: Any) -> None:
    assert isinstance(one(reply), LinkError)


def test_worksheets_are_named_or_the_only_one() -> None:
    with Stand() as stand:
        stand.answer(PATH, answer(sheet(grid([number(5)], at=(7, 2)), title="march")), query={"ranges": "'March'!B7"})
        assert outcomes(stand, f"{EDIT}?gid=9#cell=March!B7")[0].value == 5
        stand.answer(PATH, answer(sheet()))
        stand.answer(PATH, answer(sheet(grid([number(6)], at=(7, 2)))), query={"ranges": "'It''s March'!B7"})
        assert outcomes(stand, f"{EDIT}#cell=B7")[0].value == 6
    with Stand() as stand:
        stand.answer(PATH, answer(sheet(), sheet(gid=8, title="April")))
        several, gone = outcomes(stand, f"{EDIT}#cell=B7", CELL.replace("gid=7", "gid=99"))
        assert isinstance(several, NoSuchMetric)
        assert "April" in str(several)
        assert isinstance(gone, NotFound)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (403, {"error": {"status": "PERMISSION_DENIED", "message": "The caller does not have permission"}}, AccessDenied),
        (403, {"error": {"status": "PERMISSION_DENIED", "details": [{"reason": "SERVICE_DISABLED"}]}}, AccessDenied),
        (404, {"error": {"status": "NOT_FOUND", "message": "Requested entity was not found."}}, NotFound),
        (400, {"error": {"status": "FAILED_PRECONDITION", "message": "x"}}, UnsupportedLink),
        (400, {"error": {"status": "INVALID_ARGUMENT", "message": "x"}}, UnexpectedReply),
    ],
)
def test_refusals(status: int, body: Any, kind: type[LinkError]) -> None:
    found = one(Answer.of(body, status=status))
    assert isinstance(found, kind), found
    assert found.advice


def test_only_permitted_spreadsheets_are_asked_for() -> None:
    with Stand() as stand:
        assert isinstance(outcomes(stand, CELL, spreadsheets=(OTHER,))[0], NotConnected)
        assert not stand.seen
    assert isinstance(one(answer(sheet(grid([number(5)], at=(7, 2)))), spreadsheets=("*",)), Reading)


@pytest.mark.parametrize(
    ("address", "resource"),
    [
        (f"{EDIT}?usp=sharing", f"sheet/{ID}"),
        (f"https://docs.google.com/spreadsheets/d/{ID}", f"sheet/{ID}"),
        (f"https://docs.google.com/spreadsheets/u/1/d/{ID}/view#gid=0", f"sheet/{ID}?gid=0"),
        (f"https://docs.google.com/a/acme.example/spreadsheets/d/{ID}/edit#gid=0&range=$B$7", f"sheet/{ID}?gid=0&range=B7"),
        (f"{EDIT}#gid=0&range=A%3AC", f"sheet/{ID}?gid=0&range=A:C"),
        (f"{EDIT}?gid=5#gid=5&fvid=123", f"sheet/{ID}?gid=5"),
        (f"{EDIT}?gid=5#sheet=March", f"sheet/{ID}?sheet=March"),
    ],
)
def test_addresses(address: str, resource: str) -> None:
    link = links.parse(address)
    assert link is not None
    found = GoogleSheet.resolve(link)
    assert found is not None
    assert str(found[0]) == resource


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        (f"{EDIT}?gid=1#gid=2", AmbiguousLink),
        (f"{EDIT}#gid=0&rangeid=12345", NoSuchMetric),
        (f"{EDIT}#gid=0&sum(amount)", NoSuchMetric),
        (f"{EDIT}#gid=x", NoSuchMetric),
        (f"{EDIT}#gid=0&range=B", NoSuchMetric),
        (f"{EDIT}#gid=0&range=March!B7", NoSuchMetric),
        (f"{EDIT}#gid=0&range=B7:A1", NoSuchMetric),
        (f"{EDIT}#gid=0&range=B7#sum(amount)", NoSuchMetric),
        (f"{EDIT}#gid=0&range=B7#cell=B8", NoSuchMetric),
        (f"{EDIT}#period=2027-01-01..2027-03-31", NoSuchMetric),
    ],
)
def test_addresses_that_say_two_things_or_none(address: str, kind: type[LinkError]) -> None:
    link = links.parse(address)
    assert link is not None
    with pytest.raises(kind):
        GoogleSheet.resolve(link)


@given(st.integers(1, 10_000), st.integers(1, 700), st.integers(0, 50), st.integers(0, 50))
def test_a_range_is_read_back_as_it_is_written(row: int, column: int, down: int, right: int) -> None:
    written = f"{cell_text(row, column)}:{cell_text(row + down, column + right)}"
    area = area_of(written)
    assert (area.row, area.column, area.last_row, area.last_column) == (row, column, row + down, column + right)
    assert area_of(str(area)) == area


@given(st.text(alphabet="AZ1$:!' 09", max_size=14))
def test_any_text_is_a_range_or_refused(written: str) -> None:
    try:
        area = area_of(written)
    except NoSuchMetric:
        return
    assert area_of(str(area)) == area


@pytest.mark.skipif(not DISCOVERY.is_file(), reason="the discovery document is not part of the project")
def test_what_is_asked_for_is_documented() -> None:
    known = json.loads(DISCOVERY.read_text(encoding="utf-8"))["schemas"]
    for schema, names in {
        "Spreadsheet": {"sheets"}, "Sheet": {"properties", "data"},
        "SheetProperties": {"sheetId", "title", "sheetType", "hidden"},
        "GridData": {"startRow", "startColumn", "rowData"}, "RowData": {"values"},
        "CellData": {"effectiveValue", "effectiveFormat"}, "CellFormat": {"numberFormat"}, "NumberFormat": {"type", "pattern"},
        "ExtendedValue": {"numberValue", "stringValue", "boolValue", "errorValue"},
    }.items():  # fmt: skip
        assert names <= known[schema]["properties"].keys()
    assert {"PERCENT", "DATE", "DATE_TIME"} <= set(known["NumberFormat"]["properties"]["type"]["enum"])
