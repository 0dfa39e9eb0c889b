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
from sheetsync.errors import Incomplete, LinkError, NoSuchMetric, UnexpectedReply
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
