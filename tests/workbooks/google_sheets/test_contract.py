"""A spreadsheet of the stand-in against the contract of every workbook."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from sheetsync.model import Cell, CellRef
from sheetsync.testing import FakeGoogle, WorkbookContract
from sheetsync.workbooks.base import Online, Workbook
from sheetsync.workbooks.google_sheets import GoogleSheets
from tests.workbooks.google_sheets.books import mirrored, opened, sheets_of

ME = "sheetsync@example.iam.gserviceaccount.com"


class TestGoogleSheets(WorkbookContract):
    @pytest.fixture(autouse=True)
    def stand_in_of(self, google: FakeGoogle) -> None:
        self.stand_in = google

    def make(self, cells: Mapping[CellRef, Cell]) -> Workbook:
        self.spreadsheet = self.stand_in.seed("OKR 2027", sheets_of(cells), owner="owner@example.com", share={ME: "writer"})
        return opened(self.stand_in, self.spreadsheet, ME)

    def reopen(self, workbook: Workbook) -> Workbook:
        return opened(self.stand_in, self.spreadsheet, ME)

    def meddle(self, workbook: Workbook, ref: CellRef, value: str) -> None:
        self.stand_in.document(self.spreadsheet).tab(ref.sheet).type(ref.row, ref.column, value)

    def test_it_is_an_online_workbook(self) -> None:
        workbook = self.opened()
        assert isinstance(workbook, GoogleSheets)
        assert isinstance(workbook, Online)


class TestGoogleMirror(TestGoogleSheets):
    """The strict way: the same contract, but that a look at the raw cells shows formulas of sheetsync's own."""

    def reopen(self, workbook: Workbook) -> Workbook:
        return mirrored(self.stand_in, self.spreadsheet, ME)

    def make(self, cells: Mapping[CellRef, Cell]) -> Workbook:
        super().make(cells)
        return mirrored(self.stand_in, self.spreadsheet, ME)
