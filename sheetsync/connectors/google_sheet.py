"""The address of a cell, a range or a worksheet in another Google Sheet goes in, its figure comes out.

API            Google Sheets API v4, https://developers.google.com/sheets/api/reference/rest/v4/spreadsheets/get
Key            a service account with whose address the spreadsheet is shared as Viewer, or a person's consent; the scope is
               spreadsheets.readonly (https://developers.google.com/sheets/api/scopes)
Rights         nothing can be asked until an account names the spreadsheets
Ids            The gid of the address is the worksheet's id, but a range is asked for by its title. A call gives the titles; they
               are kept, and each answer shows the id as well: a worksheet that was renamed meanwhile is looked up anew.
Traps          a percentage is a number like any other, only its format tells; a date too; text that looks like a number is read
               as one; a .xlsx file in Drive is no Google Sheet; hidden rows count
Real service   not yet run against it; checked against its discovery document and recorded replies
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any, Final
from urllib.parse import unquote

from sheetsync import links
from sheetsync.connectors._google import GoogleSettings, complaint, sign_in, switched_off, who
from sheetsync.connectors._google_cells import Area, area_of, rows_of
from sheetsync.connectors._google_sheet import Place, Questions
from sheetsync.connectors._grammar import MEASURES, cell_text
from sheetsync.connectors._measures import single
from sheetsync.connectors._tables import Choice, Document, choice_of, evaluate
from sheetsync.connectors._together import only_of, together
from sheetsync.connectors.base import Connector, Example, Limits, LinkPattern, Lookups, Metric, origin_of, setting
from sheetsync.errors import (
    AccessDenied,
    AmbiguousLink,
    LinkError,
    NoSuchMetric,
    NotFound,
    UnsupportedLink,
)
from sheetsync.model import PERCENT, Link, Query, Reading, Resource
from sheetsync.web.auth import Auth
from sheetsync.web.http import Reply, Web

SCOPE: Final = "https://www.googleapis.com/auth/spreadsheets.readonly"
RANGES_PER_CALL: Final = 20

_HOST: Final = r"docs\.google\.com"
_START: Final = r"/(a/[\w.-]{1,100}/)?spreadsheets/(u/\d{1,2}/)?d/"
_ID: Final = r"(?P<id>[A-Za-z0-9_-]{20,100})"
_INSTEAD: Final = "Open the spreadsheet in Google Sheets and paste its address, as …/edit?gid=0#gid=0&range=B7."
_SHEET: Final = "https://docs.google.com/spreadsheets/d/1AbCdEfGhIjKlMnOpQrStUvWxYz0123456789abcdefg"
_PROBE: Final = "A" * 44


def _sample(*cells: Any, row: int = 0, column: int = 0) -> Any:
    return {"startRow": row, "startColumn": column, "rowData": [{"values": list(cells)}]}


@dataclass(frozen=True, slots=True, kw_only=True)
class GoogleSheetSettings(GoogleSettings):
    spreadsheets: tuple[str, ...] = setting("Ids of the spreadsheets that may be read: in the address behind /d/; * for all.")


class GoogleSheet(Connector[GoogleSheetSettings]):
    title = "Google Sheets"
    settings_type = GoogleSheetSettings
    # 60 reads a minute for a user of a project, 300 for the project (https://developers.google.com/sheets/api/limits).
    limits = Limits(concurrency=2, rates=((50, 60.0),), batch=RANGES_PER_CALL)

    links = (
        LinkPattern("published", _HOST, rf"{_START}e/.+", instead=_INSTEAD),
        LinkPattern("export", _HOST, rf"{_START}[\w-]+/(export|gviz|pub|pubhtml|copy)\b.*", instead=_INSTEAD),
        LinkPattern("drive", r"drive\.google\.com", r"/(file/(u/\d{1,2}/)?d/.+|open)", instead=_INSTEAD),
        LinkPattern("sheet", _HOST, rf"{_START}{_ID}(/(edit|view|preview|htmlview|htmlembed)?/?)?"),
    )
    metrics = {"sheet": tuple(Metric(name, about) for name, about in MEASURES.items())}
    examples = (
        Example(
            f"{_SHEET}/edit?gid=0#gid=0&range=B7", "sheet/1AbCdEfGhIjKlMnOpQrStUvWxYz0123456789abcdefg?gid=0&range=B7", "cell=B7",
            _sample({"effectiveValue": {"numberValue": Decimal("0.35")},
                     "effectiveFormat": {"numberFormat": {"type": "PERCENT", "pattern": "0%"}}}, row=6, column=1),
            Decimal("0.35"), PERCENT,
        ),
        Example(
            f"{_SHEET}/edit?usp=sharing#gid=123456789#sum(amount)&where=stage:SQL",
            "sheet/1AbCdEfGhIjKlMnOpQrStUvWxYz0123456789abcdefg?gid=123456789", "sum(amount)&where=stage:SQL",
        ),
        Example(
            f"{_SHEET}/edit#cell=March!B7", "sheet/1AbCdEfGhIjKlMnOpQrStUvWxYz0123456789abcdefg?sheet=March&range=B7", "cell=B7",
        ),
        Example(
            f"{_SHEET}/edit?gid=0#gid=0&range=A1:C20#count",
            "sheet/1AbCdEfGhIjKlMnOpQrStUvWxYz0123456789abcdefg?gid=0&range=A1:C20", "count",
        ),
    )  # fmt: skip
    unsupported = (
        "https://docs.google.com/spreadsheets/d/e/2PACX-1vAbCdEfGhIjKlMnOp/pubhtml?gid=0",
        f"{_SHEET}/export?format=csv&gid=0",
        f"{_SHEET}/gviz/tq?tqx=out:csv",
        "https://drive.google.com/file/d/1AbCdEfGhIjKlMnOpQrStUvWxYz0123456789abcdefg/view",
    )

    def __init__(self, account: str, settings: GoogleSheetSettings, lookups: Lookups) -> None:
        super().__init__(account, settings, lookups)
        self._ask = Questions(self._base(), lookups)

    def origins(self) -> Collection[str]:
        return (origin_of(self._base()),)

    def auth(self) -> Auth:
        return sign_in(self.settings, SCOPE, title=self.title, account=self.account)

    @classmethod
    def resolve(cls, link: Link) -> tuple[Resource, str] | None:
        """Spreadsheet, worksheet and range. Raises NoSuchMetric, AmbiguousLink (two worksheets in one address)."""
        found = cls.match(link)
        if found is None:
            return None
        gid, area = _fragment(links.split(link.url))
        choice = choice_of(link, default="value")
        if choice.cell is not None and area is not None:
            raise NoSuchMetric("The link names two ranges.", advice="Leave out cell=, or everything from the first # on.")
        if choice.cell is not None:
            area = Area(*choice.cell, *choice.cell)
        elif area is not None and area.is_cell:
            if choice != Choice(sheet=choice.sheet, decimal=choice.decimal):
                raise NoSuchMetric(
                    "This address names one cell, so nothing else can be asked of it.",
                    advice="Mark the whole table in Google Sheets and copy the link to this range, or leave the measure out.",
                )
            choice = replace(choice, cell=(area.row or 1, area.column or 1))
        params = [("sheet", choice.sheet)] if choice.sheet else [("gid", gid)] if gid else []
        params += [("range", str(area))] if area is not None else []
        return Resource("sheet", found[1]["id"], tuple(params)), str(replace(choice, sheet=""))

    def serves(self, link: Link, resource: Resource) -> bool:  # noqa: ARG002 - the resource says it all
        """Whether the operator permitted this spreadsheet."""
        return bool({"*", resource.id} & set(self.settings.spreadsheets))

    def fetch(self, resource: Resource, web: Web) -> Any:
        return only_of(self.fetch_batch([resource], web), resource)

    def fetch_batch(self, resources: Sequence[Resource], web: Web) -> Mapping[Resource, Any | LinkError]:
        """One call for all ranges of a spreadsheet; where it names one that is not there, one call for each."""
        by_id: dict[str, list[Resource]] = defaultdict(list)
        for resource in resources:
            by_id[resource.id].append(resource)
        return together((group, partial(self._ask.cells_of, web, group)) for group in by_id.values())

    def read(self, document: Any, query: Query) -> Reading:
        choice, area = Choice.parse(query.metric), Place.of(query.resource).area
        cells = rows_of(document, area)
        if choice.cell is None:
            return evaluate(Document(sheets={"": lambda: cells}), choice)
        row, column = choice.cell
        inside = row <= len(cells) and column <= len(cells[row - 1])
        return single(cells[row - 1][column - 1] if inside else None, cell_text(row, column), choice)

    def refine(self, reply: Reply) -> LinkError | None:
        if reply.status not in {400, 403, 404}:
            return None
        told = complaint(reply)
        if reply.status == 403:
            return switched_off(told, self.title) or AccessDenied(
                "Google Sheets does not let {who} read this spreadsheet.", who=who(self.settings),
                advice="Ask the owner to share the spreadsheet with this address, as Viewer.",
            )  # fmt: skip
        if reply.status == 404:
            return NotFound("There is no spreadsheet at this address.", advice="Check the address, and whether it was deleted.")
        if told.status == "FAILED_PRECONDITION" or "not supported for this document" in told.message:
            return UnsupportedLink(
                "This is an Excel file in Google Drive, and no Google Sheet.",
                use_instead="In Google Sheets choose File, Save as Google Sheets, and paste the address of the copy.",
            )
        if "exceeds grid limits" in told.message:
            return NotFound("The worksheet has fewer rows or columns than this address names.")
        if "Unable to parse range" in told.message:
            return NotFound("The worksheet of this address is not there any more.")
        return None

    def probe(self, web: Web) -> None:
        """Asks for a spreadsheet that may be read; where all may be, for one that nobody has."""
        named = next((one for one in self.settings.spreadsheets if one != "*"), None)
        try:
            self._ask.get(web, named or _PROBE, [("fields", "spreadsheetId")])
        except NotFound:
            if named:
                raise

    # --- how Google Sheets is asked

    def _base(self) -> str:
        return (self.settings.api_url or "https://sheets.googleapis.com").rstrip("/")


def _fragment(address: links.Address) -> tuple[str, Area | None]:
    """The worksheet's id and the range of an address. Raises NoSuchMetric, AmbiguousLink."""
    gids = {value for name, value in address.query if name == "gid"}
    area = None
    for part in filter(None, unquote(address.fragment).split("&")):
        name, _, value = part.partition("=")
        if name == "gid":
            gids.add(value)
        elif name == "range":
            area = area_of(value)
        elif name == "rangeid":
            raise NoSuchMetric(
                "This address names a range by a number that Google Sheets does not give out.",
                advice="Right-click the cell, choose View more cell actions, Get link to this cell, and paste that.",
            )
        elif name != "fvid":  # a view filters what is shown, not what is there
            raise NoSuchMetric(
                "What stands behind the # of this address is not understood.",
                advice="Write what to read behind a second #, as in …#gid=0#sum(amount)&where=stage:SQL.",
            )
    if len(gids) > 1:
        raise AmbiguousLink("This address names two worksheets.", advice="Open the right one and copy its address again.")
    gid = next(iter(gids), "")
    if gid and not re.fullmatch(r"\d{1,10}", gid):
        raise NoSuchMetric("The number of the worksheet in this address is none.", advice="Copy the address again.")
    return str(int(gid)) if gid else "", area
