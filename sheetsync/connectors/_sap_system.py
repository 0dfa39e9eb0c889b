"""A system of SAP, asked: how many rows meet a filter, or every row of one field, and what SAP means by its errors."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from sheetsync.connectors import _sap_rows as rows
from sheetsync.connectors._options import conditions_of
from sheetsync.connectors._sap_filter import V4, names_in, of_conditions
from sheetsync.connectors._sap_metadata import EntitySet, entity_set
from sheetsync.connectors.base import Lookups, origin_of, walk_or_none
from sheetsync.errors import AccessDenied, ConfigError, LinkError, NoSuchMetric, NotConnected, NotFound, UnexpectedReply
from sheetsync.web.http import Reply, Web

if TYPE_CHECKING:
    from sheetsync.connectors.sap import SapSettings

METADATA_BYTES: Final = 20_000_000
CLOUDS: Final = frozenset({"s4hana.cloud.sap", "s4hana.ondemand.com", "s4hana.sapcloud.cn"})
"""S/4HANA Cloud answers services at the same name as its pages, with `-api` behind the first part."""


class System:
    """One system, at `base`, in the client that the account's settings name."""

    def __init__(self, web: Web, base: str, lookups: Lookups, settings: SapSettings, account: str) -> None:
        self._web, self._base, self._lookups, self._settings, self._account = web, base, lookups, settings, account

    def rows(self, path: str, given: Mapping[str, str]) -> Any:
        """The number of rows, or the values of the field `column` with their unit. Raises LinkError."""
        if given.get("client") and not self._settings.client:
            raise NotConnected(
                "The address names the client {client}, and the account {account} does not say which one it reads.",
                client=given["client"], account=self._account,
                advice="Ask the person who installed sheetsync to set client for this account.",
            )  # fmt: skip
        version = V4 if "/sap/opu/odata4/" in path else 2
        asked = [name for name in (given.get("column"), *(one.column for one in conditions_of(given.get("where")))) if name]
        known = self._entity_set(path, asked)
        written = self._filter(given, known, version)
        filters = {"$filter": written} if written else {}
        if "column" not in given:
            return {"count": rows.row_count(self._get(f"{path}/$count", filters))}
        return rows.every_row(lambda params: self._get(path, params | filters), known, known.named(given["column"]), version)

    def knock(self) -> None:
        """Shows the key; the catalogue is rarely open to technical users, and then the key was taken all the same."""
        try:
            self._web.get(f"{self._base}/sap/opu/odata/IWFND/CATALOGSERVICE;v=2/", params=self._client())
        except (AccessDenied, NotFound):
            return

    def _client(self) -> dict[str, str]:
        return {"sap-client": self._settings.client} if self._settings.client else {}

    def _get(self, path: str, params: Mapping[str, str]) -> Any:
        return self._web.get_json(self._base + path, params={**params, **self._client()})

    def _entity_set(self, path: str, asked: Collection[str]) -> EntitySet:
        """What the rows are made of: from an earlier run, or from the service where that lacks a field that is asked for."""
        service, _, name = path.rpartition("/")
        kept = EntitySet.of_text(self._lookups.get(f"units{path}") or "")
        spelled = {known.casefold() for known in kept.fields} if kept else set()
        if kept is None or any(each.strip().casefold() not in spelled for each in asked):
            url = f"{self._base}{service}/$metadata"
            reply = self._web.get(url, params=self._client(), headers={"Accept": "application/xml"}, max_bytes=METADATA_BYTES)
            kept = entity_set(reply.body, name)
            self._lookups.put(f"units{path}", kept.text())
        return kept

    def _filter(self, given: Mapping[str, str], known: EntitySet, version: int) -> str:
        try:
            zone = ZoneInfo(self._settings.time_zone)
        except (KeyError, ValueError, OSError):
            raise ConfigError("The SAP account {account} names no known time zone.", account=self._account) from None
        conditions, written = conditions_of(given.get("where")), given.get("filter", "")
        parts = [
            f"({written})" if written and conditions else written,
            of_conditions(conditions, known, version=version, zone=zone),
        ]
        named = names_in(written) | {known.named(one.column) for one in conditions}
        if "IsActiveEntity" in known.fields and "IsActiveEntity" not in named:
            parts = [*(f"({part})" for part in parts if part), "IsActiveEntity eq true"]
        return " and ".join(part for part in parts if part)


def hosts_of(host: str) -> tuple[str, ...]:
    """As the address bar shows it, and as the services of S/4HANA Cloud are reached. Raises UnknownLink."""
    origin = origin_of(f"https://{host.strip()}").partition("://")[2]
    name, dot, rest = origin.partition(".")
    if rest not in CLOUDS:
        return (origin,)
    name = name.removesuffix("-api")
    return f"{name}{dot}{rest}", f"{name}-api{dot}{rest}"


def meaning(reply: Reply) -> LinkError | None:
    """What an answer means where its status does not say."""
    if reply.status == 403:
        return AccessDenied(
            "SAP does not let the user of this account read this service.",
            advice="Ask the SAP team to add the service to the communication arrangement, or to the roles, of this user.",
        )
    if reply.path.endswith("/$metadata") and reply.status < 400:
        return None
    error = walk_or_none(reply.json(), "error") if reply.status in {200, 400, 404} else None
    if error is None:
        return None
    if "/IWFND/MED/170" in str(walk_or_none(error, "code")):
        return NotFound(
            "This service is not active in SAP.", advice="Ask the SAP team to activate it, or check the name of the service."
        )
    if reply.status == 400:
        return NoSuchMetric(
            "SAP does not accept this filter or field.", advice="Check the names of the fields and the values in the link."
        )
    return None if reply.status == 404 else UnexpectedReply("SAP answered with an error instead of data.")
