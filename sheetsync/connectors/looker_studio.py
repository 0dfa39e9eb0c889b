"""Looker Studio: the address of a report goes in, and what to paste instead comes out: it gives no figure to any program.

API            https://developers.google.com/looker-studio/integrate/api lists who may see which report, nothing of what is in it
Instead        the source behind the chart: a cell of a Google Sheet, a report of Google Analytics, a query of BigQuery or SQL
Real service   nothing to run against
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NoReturn

from sheetsync.connectors.base import Connector, LinkPattern, Settings
from sheetsync.errors import UnsupportedLink
from sheetsync.model import Resource
from sheetsync.web.http import Web

_HOST = r"(lookerstudio|datastudio)\.google\.com"
_USER = r"(/u/\d{1,3})?"
_NEW = rf"{_USER}/reporting/create/?"
_SOURCE = "ds.ds0.connector"
_CHART = (
    "Paste the source behind the chart (Edit, choose the chart, Setup, Data source): the cell of a Google Sheet, "
    "a report of Google Analytics 4 with #metric=NAME, or a query of BigQuery or a database that sheetsync.toml names."
)
_SHEET = "Paste the address of the Google Sheet, with the cell that holds the number."
_TABLE = "Ask for a query in sheetsync.toml, and paste the address of BigQuery with #item=NAME behind it."
_ANALYTICS = "Paste the address of a report of Google Analytics 4, with #metric=NAME and period={period.start}..{period.end}."


class LookerStudio(Connector[Settings]):
    title = "Looker Studio"

    links = (
        # An address that makes a new report is the only one that says where the figures come from.
        LinkPattern("sheet", _HOST, _NEW, {_SOURCE: r"(?i:googleSheets)"}, instead=_SHEET),
        LinkPattern("bigquery", _HOST, _NEW, {_SOURCE: r"(?i:bigQuery)"}, instead=_TABLE),
        LinkPattern("analytics", _HOST, _NEW, {_SOURCE: r"(?i:googleAnalytics)"}, instead=_ANALYTICS),
        LinkPattern("source", _HOST, rf"{_USER}/datasources/.+", instead=_CHART),
        LinkPattern("report", _HOST, rf"(/embed)?{_USER}/(reporting|s|explorer|navigation)/.*", instead=_CHART),
        LinkPattern("home", _HOST, "/.*", instead=_CHART),
    )
    unsupported = (
        "https://lookerstudio.google.com/reporting/0a1b2c3d-4e5f-6789-abcd-ef0123456789/page/p_abc123",
        "https://lookerstudio.google.com/u/0/reporting/0a1b2c3d-4e5f-6789-abcd-ef0123456789/page/1M",
        "https://lookerstudio.google.com/s/aBcDeFgHiJk",
        "https://lookerstudio.google.com/embed/reporting/0a1b2c3d-4e5f-6789-abcd-ef0123456789/page/1M",
        "https://datastudio.google.com/reporting/0a1b2c3d-4e5f-6789-abcd-ef0123456789",
        "https://lookerstudio.google.com/datasources/0a1b2c3d-4e5f-6789-abcd-ef0123456789",
        "https://lookerstudio.google.com/reporting/create?ds.ds0.connector=bigQuery&ds.ds0.projectId=acme",
    )

    def origins(self) -> Collection[str]:
        return ()

    def fetch(self, resource: Resource, web: Web) -> NoReturn:  # noqa: ARG002 - no link of it ever gets here
        raise UnsupportedLink("{service} does not give out the number of this page.", service=self.title, use_instead=_CHART)

    def read(self, document: Any, query: Any) -> NoReturn:  # noqa: ARG002 - the same
        raise UnsupportedLink("{service} does not give out the number of this page.", service=self.title, use_instead=_CHART)
