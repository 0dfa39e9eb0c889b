"""What Power BI looks like from outside: its clouds, the ids in its addresses, the row or the error in its answers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sheetsync.connectors._dax import Question, column_of, url_conditions
from sheetsync.connectors._entra import CHINA, GOVERNMENT, WORLD
from sheetsync.connectors._grammar import Condition
from sheetsync.connectors._options import conditions_of, conditions_text
from sheetsync.connectors.base import walk, walk_or_none
from sheetsync.errors import AccessDenied, BadCredentials, Incomplete, LinkError, NoSuchMetric, NotFound, UnexpectedReply
from sheetsync.model import Resource
from sheetsync.web.http import Reply

GUID: Final = r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"


@dataclass(frozen=True, slots=True)
class Cloud:
    """Where people look, where the API answers, whom the token is for, where one signs in."""

    pages: str
    api: str
    resource: str
    login: str


CLOUDS: Final = {
    "world": Cloud(
        r"(app|msit)\.(powerbi|fabric\.microsoft)\.com", "https://api.powerbi.com", "https://analysis.windows.net/powerbi/api",
        WORLD,
    ),
    "us-gov": Cloud(
        r"app\.powerbigov\.us", "https://api.powerbigov.us", "https://analysis.usgovcloudapi.net/powerbi/api", WORLD
    ),
    "us-gov-high": Cloud(
        r"app\.high\.powerbigov\.us", "https://api.high.powerbigov.us", "https://high.analysis.usgovcloudapi.net/powerbi/api",
        GOVERNMENT,
    ),
    "us-gov-mil": Cloud(
        r"app\.mil\.powerbigov\.us", "https://api.mil.powerbigov.us", "https://mil.analysis.usgovcloudapi.net/powerbi/api",
        GOVERNMENT,
    ),
    "china": Cloud(r"app\.powerbi\.cn", "https://api.powerbi.cn", "https://analysis.chinacloudapi.cn/powerbi/api", CHINA),
}  # fmt: skip
"""https://learn.microsoft.com/power-bi/developer/embedded/embed-sample-for-customers-national-clouds"""


def guid(text: object) -> str | None:
    return text if isinstance(text, str) and re.fullmatch(GUID, text) else None


def conditions_between(where: str | None, filters: Sequence[str]) -> str:
    """The filters of link and address together, in one canonical text. Raises NoSuchMetric, UnsupportedLink."""
    given = [Condition(column_of(one.column), one.test, one.value, one.until) for one in conditions_of(where)]
    given += [one for text in filters for one in url_conditions(text)]
    if len({one.column for one in given}) != len(given):
        raise NoSuchMetric("A column stands in two filters of this link.", advice="Leave one of them.")
    return conditions_text(tuple(given))


def question_of(resource: Resource) -> Question:
    given = dict(resource.params)
    return Question(given["metric"], conditions_of(given.get("where")))


def row_of(answer: Any) -> dict[str, Any]:
    """The one row. Raises Incomplete where the answer bears an error beside its data, UnexpectedReply."""
    table = walk_or_none(answer, "results.0.tables.0")
    if any(walk_or_none(part, "error") for part in (answer, walk_or_none(answer, "results.0"), table)):
        raise Incomplete("Power BI gave only a part of its answer.", advice="Narrow the filter, or choose a simpler measure.")
    rows = walk(table, "rows")
    if not isinstance(rows, list) or len(rows) != 1 or not isinstance(rows[0], dict):
        raise UnexpectedReply("Power BI gave no single row where one is due.")
    return rows[0]


def code_of(reply: Reply) -> str:
    try:
        return str(walk_or_none(reply.json(), "error.code") or "")
    except LinkError:
        return ""


def meaning(reply: Reply) -> LinkError | None:
    """What an answer means: a bare 401 or 403 is told apart by a header, and 404 also means that one may not see it."""
    if not 400 <= reply.status < 500 or reply.status == 429:
        return None
    code = code_of(reply)
    info = reply.headers.get("x-powerbi-error-info", "")
    if reply.status == 403 and "TokenExpired" in (info, code):
        return BadCredentials("Power BI does not accept the key of this account any more.")
    if reply.status == 403 or (reply.status == 401 and "PowerBINotAuthorizedException" in (info, code)):
        return AccessDenied(
            "Power BI does not let this account read this report or its model.",
            advice="Ask the owner of the workspace for Build and Read on the model, and the administrator of Power BI "
            "whether apps, and queries by the REST API, are permitted.",
        )
    if reply.status == 404:
        return NotFound(
            "Power BI knows nothing under this address, or this account may not see it.",
            advice="Check the address, and whether the account is a member of the workspace.",
        )
    if reply.status == 400 and reply.path.endswith("/executeQueries"):
        return NoSuchMetric(
            "Power BI cannot work out this measure with this filter.",
            advice="Check the names of measure, tables and columns, and that each value is of its column's type.",
        )
    return None
