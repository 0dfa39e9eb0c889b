"""Cells of the contract go in, a spreadsheet of the stand-in comes out; and what its colleagues do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sheetsync.model import Cell, CellRef
from sheetsync.testing import FakeGoogle
from sheetsync.workbooks._google.client import Clock
from sheetsync.workbooks._google.session import Session
from sheetsync.workbooks.google_mirror import GoogleMirror
from sheetsync.workbooks.google_sheets import GoogleSheets

EPOCH = datetime(1899, 12, 30)


def address(spreadsheet: str) -> str:
    return f"https://docs.google.com/spreadsheets/d/{spreadsheet}/edit#gid=0"


def opened(google: FakeGoogle, spreadsheet: str, identity: str = "sheetsync@example.iam.gserviceaccount.com") -> GoogleSheets:
    """The spreadsheet as the product opens it, with a clock that nobody waits for."""
    session = Session(google.session(identity=identity), identity, "service account")
    return GoogleSheets(address(spreadsheet), session, clock=patient())


def mirrored(google: FakeGoogle, spreadsheet: str, identity: str) -> GoogleMirror:
    session = Session(google.session(identity=identity), identity, "service account")
    return GoogleMirror(address(spreadsheet), session, clock=patient())


def patient() -> Clock:
    passed = 0.0

    def sleep(seconds: float) -> None:
        nonlocal passed
        passed += seconds

    return Clock(monotonic=lambda: passed, sleep=sleep, share=lambda: 0.5, remaining=lambda: 10_000.0)


def cell_data(cell: Cell) -> dict[str, Any]:
    """A cell of ours in Google's form: https://developers.google.com/workspace/sheets/api/reference/rest/v4/spreadsheets/cells"""
    data: dict[str, Any] = {}
    form: dict[str, Any] = {}
    match cell.value:
        case bool():
            data["userEnteredValue"] = {"boolValue": cell.value}
        case float() if cell.formula:
            data["userEnteredValue"] = {"formulaValue": "=50+3.5"}
            data["effectiveValue"] = {"numberValue": cell.value}
        case float():
            data["userEnteredValue"] = {"numberValue": cell.value}
        case datetime():
            data["userEnteredValue"] = {"numberValue": (cell.value - EPOCH) / timedelta(days=1)}
        case str():
            data["userEnteredValue"] = {"stringValue": cell.value}
    if cell.number_format != "General":
        kind = "PERCENT" if "%" in cell.number_format else "DATE_TIME" if "y" in cell.number_format else "NUMBER"
        form["numberFormat"] = {"type": kind, "pattern": cell.number_format}
    if cell.fill:
        channels = {name: int(cell.fill[at : at + 2], 16) / 255 for name, at in (("red", 0), ("green", 2), ("blue", 4))}
        form["backgroundColorStyle"] = {"rgbColor": channels}
        form["backgroundColor"] = channels
    if form:
        data["userEnteredFormat"] = form
    return data


def sheets_of(cells: Mapping[CellRef, Cell]) -> dict[str, dict[tuple[int, int], Any]]:
    found: dict[str, dict[tuple[int, int], Any]] = {}
    for ref, cell in cells.items():
        found.setdefault(ref.sheet, {})[(ref.row, ref.column)] = cell_data(cell)
    return found
