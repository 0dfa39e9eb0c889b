"""Tita: the address of an objective or a key result goes in, its progress or the value that was reached comes out.

API            Open API, https://oapi.tita.com/#/ (Chinese)
Key            tenant, application and secret come by e-mail from Tita's support; say that figures are read only
Token          each new one ends the one before: give `token` a place of its own, and the application to no other program
Addresses      Tita documents no form of its pages' addresses: numbers are taken where an address names them (`okrId=`, `krId=`,
               `/okr/NUMBER`), else #item=okr:NUMBER or #item=kr:NUMBER behind the link says which
Errors         come with status 200 and a `code`
Progress       is a whole percentage; values of a key result are numbers as people typed them, their unit is not given out
Scores         are not read: Tita does not say whether 0 is a score or means that there is none yet
Pace           no limit is documented; two calls a second are made, each for up to 20 rows
Real service   not yet run against it; checked against its documentation
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from sheetsync import values
from sheetsync.connectors._options import only
from sheetsync.connectors._tita import TitaToken, meaning, values_of
from sheetsync.connectors.base import BatchConnector, Example, Limits, LinkPattern, Metric, Settings, setting, walk, walk_or_none
from sheetsync.errors import ConfigError, Incomplete, LinkError, NoSuchMetric, NotFound, UnexpectedReply, UnsupportedLink
from sheetsync.model import PERCENT, Link, Query, Reading, Resource
from sheetsync.secrets import Secret
from sheetsync.web.auth import Auth
from sheetsync.web.http import Reply, Web

BATCH: Final = 20
MAX_PAGES: Final = 50

VALUES: Final = {"achieved": "achieveValue", "start": "startValue", "target": "targetValue"}
"""Measure -> `quantifyField_code` of a key result's values."""

_HOST: Final = r"((?!oapi\.)[a-z0-9-]+\.)?tita\.com"
_NUMBER: Final = r"(?P<id>[1-9]\d{0,17})"
_ITEM: Final = re.compile(rf"(?P<kind>okr|kr)\s*[:：]\s*{_NUMBER}", re.IGNORECASE)
_NAMES: Final = ("krId", "kr_id", "krid", "okrId", "okr_id", "okrid")
_SAY: Final = (
    "Add #item=kr:NUMBER or #item=okr:NUMBER behind the link; Tita shows the number where the page is shared or exported."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TitaSettings(Settings):
    tenant_id: str = setting("Number of the tenant, from Tita's support.")
    app_id: str = setting("Number of the application, from Tita's support.")
    secret: Secret = setting("Secret of the application, from Tita's support.")
    token: Secret | None = setting(
        "Where sheetsync keeps Tita's token between runs: a file of its own, or the system keyring.", None
    )


class Tita(BatchConnector[TitaSettings]):
    title = "Tita"
    settings_type = TitaSettings
    home = ("https://oapi.tita.com",)
    limits = Limits(concurrency=1, rates=((2, 1.0),), batch=BATCH)

    links = (
        *(LinkPattern(name[:-2].rstrip("_"), _HOST, query={name: _NUMBER}) for name in _NAMES),
        *(LinkPattern(name[:-2].rstrip("_"), _HOST, fragment=rf"(.*[?&])?{name}={_NUMBER}(&.*)?") for name in _NAMES),
        *(LinkPattern(kind, _HOST, rf"(/.*)?/{kind}/(detail/)?{_NUMBER}(/.*)?") for kind in ("kr", "okr")),
        *(LinkPattern(kind, _HOST, fragment=rf"(.*/)?{kind}/(detail/)?{_NUMBER}([/?].*)?") for kind in ("kr", "okr")),
        LinkPattern("page", _HOST, instead=_SAY),
    )
    metrics = {
        "okr": (Metric("progress", "progress of the objective", "progress", PERCENT, of_hundred=True),),
        "kr": (
            Metric("progress", "progress of the key result", "progress", PERCENT, of_hundred=True),
            Metric("achieved", "value that was reached", "values.achieveValue"),
            Metric("start", "value at the start", "values.startValue"),
            Metric("target", "value to reach", "values.targetValue"),
        ),
    }
    examples = (
        Example("https://www.tita.com/#item=okr:2458586", "okr/2458586", "progress", {"progress": 35}, Decimal("0.35"), PERCENT),
        Example(
            "https://www.tita.com/#item=kr:998877&metric=achieved", "kr/998877", "achieved",
            {"progress": 35, "values": {"achieveValue": "1200.5"}}, Decimal("1200.5"),
        ),
        Example("https://acme.tita.com/okr/2458586", "okr/2458586", "progress"),
        Example("https://www.tita.com/u/110006?okrId=2458586&krId=998877", "kr/998877", "progress"),
        Example("https://www.tita.com/u/110006#/okr/detail?okrId=2458586#metric=progress", "okr/2458586", "progress"),
    )  # fmt: skip
    unsupported = ("https://www.tita.com/", "https://www.tita.com/u/110006#/home")

    def auth(self) -> Auth:
        given = self.settings
        return TitaToken(f"{self.base()}/OAuth/Token", self._tenant(), given.app_id, given.secret, given.token)

    @classmethod
    def resolve(cls, link: Link) -> tuple[Resource, str] | None:
        item = link.option("item")
        try:
            found = cls.match(link)
            if found is None:
                return None
            kind, number = found[0].kind, found[1]["id"]
        except UnsupportedLink:
            if not item:
                raise
        only(link, "item")
        if item:
            named = _ITEM.fullmatch(item.strip())
            if named is None:
                raise NoSuchMetric(
                    "The number behind this link of Tita cannot be read.", advice="Write #item=kr:998877, or okr:."
                )
            kind, number = named["kind"].casefold(), named["id"]
        return Resource(kind, number), cls.metric_of(kind, link).name

    def fetch_batch(self, resources: Sequence[Resource], web: Web) -> Mapping[Resource, Any | LinkError]:
        """Up to BATCH objectives, or key results, at once."""
        try:
            found = self._found(resources, web)
        except NotFound as error:
            if len(resources) == 1:
                return {resources[0]: error}
            # Whether one wrong number spoils a question for all is not documented.
            return {resource: self.fetch_batch([resource], web)[resource] for resource in resources}
        missing = NotFound("Tita knows no objective or key result of this number, or does not show it to this account.")
        return {resource: found.get(resource.id, missing) for resource in resources}

    def read(self, document: Any, query: Query) -> Reading:
        if query.metric not in VALUES:
            return super().read(document, query)
        if VALUES[query.metric] not in walk(document, "values"):
            raise NoSuchMetric("This key result of Tita is not measured by a number.", advice="Choose the measure progress.")
        # Typed by people and given out as text; both of Tita's languages write a point.
        parsed = values.figure(walk(document, f"values.{VALUES[query.metric]}"), decimal=".")
        return Reading(parsed.value, PERCENT if parsed.percent else "")

    def refine(self, reply: Reply) -> LinkError | None:
        return meaning(reply)

    def probe(self, web: Web) -> None:
        try:
            self._page(web, {"okr_ids": "1"}, 1)
        except NotFound:
            return  # the key was taken, and nobody expected an objective of this number

    # --- how Tita is asked

    def _tenant(self) -> str:
        if not re.fullmatch(r"\d{1,18}", self.settings.tenant_id):
            raise ConfigError("The tenant of the Tita account {account} is a number.", account=self.account)
        return self.settings.tenant_id

    def _page(self, web: Web, asked: Mapping[str, str], number: int) -> Any:
        params = {"page_num": str(number), "page_size": str(BATCH), "fetch_kr": "true", **asked}
        return self.ask(web, f"/api/{self._tenant()}/okr/search", params)

    def _found(self, resources: Sequence[Resource], web: Web) -> dict[str, Any]:
        """Number -> what is read from that objective or key result."""
        kind, wanted = resources[0].kind, {resource.id for resource in resources}
        found: dict[str, Any] = {}
        for okr in self._objectives(web, {f"{kind}_ids": ",".join(sorted(wanted))}):
            parts = [okr] if kind == "okr" else walk_or_none(okr, "krs") or []
            for part in parts:
                number = str(walk(part, f"{kind}_id"))
                if number in wanted:
                    found[number] = part if kind == "okr" else {**part, "values": values_of(part)}
        return found

    def _objectives(self, web: Web, asked: Mapping[str, str]) -> Iterator[Any]:
        seen, total = 0, 1
        for number in range(1, MAX_PAGES + 1):
            page = walk(self._page(web, asked, number), "data")
            okrs, total = walk_or_none(page, "okrs") or [], walk(page, "total")
            if not isinstance(okrs, list) or not isinstance(total, int):
                raise UnexpectedReply("Tita's list has another shape than documented.")
            yield from okrs
            seen += len(okrs)
            if seen >= total:
                return
            if not okrs:
                break
        raise Incomplete("Tita's list ended before its own total.")
