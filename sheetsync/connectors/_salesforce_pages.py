"""An address of Salesforce goes in, the organisation and what is asked of it come out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sheetsync import links
from sheetsync.connectors._options import conditions_of, conditions_text, only
from sheetsync.connectors._salesforce_objects import field_of, measure_of
from sheetsync.errors import ConfigError, NoSuchMetric, UnsupportedLink
from sheetsync.model import Link, Resource

_CLOUDS: Final = {
    "lightning.force.com": "my.salesforce.com", "lightning.crmforce.mil": "my.salesforce.mil",
    "lightning.force.mil": "my.salesforce.mil", "lightning.sfcrmapps.cn": "my.sfcrmproducts.cn",
}  # fmt: skip
"""Where people look -> where the API answers: the world, the United States' government, China."""

_ORG: Final = r"(?P<org>[a-z0-9][a-z0-9-]*(\.(sandbox|develop|scratch|trailblaze|demo|patch|stage|free))?)"
_CLOUD: Final = "|".join(re.escape(cloud) for cloud in {**_CLOUDS, **dict.fromkeys(_CLOUDS.values(), "")})
SITE: Final = rf"{_ORG}\.({_CLOUD})"


@dataclass(frozen=True, slots=True)
class Domain:
    """My Domain, as the settings of an account write it."""

    text: str
    written_audience: str
    account: str

    @property
    def named(self) -> str:
        """The host that the text means, whatever it is."""
        host = self.text.strip().lower()
        return host if host.endswith(tuple(_CLOUDS.values())) else f"{host}.my.salesforce.com"

    @property
    def host(self) -> str:
        """Raises ConfigError: it is no host of Salesforce."""
        if not re.fullmatch(SITE, self.named):
            raise ConfigError(
                "The domain of the account {account} of Salesforce is no My Domain, such as acme or acme--uat.sandbox.",
                account=self.account,
            )
        return self.named

    def audience(self) -> str:
        """Whom an assertion is meant for. Raises ConfigError where that is not known."""
        if not self.written_audience and not self.host.endswith(".my.salesforce.com"):
            raise ConfigError("The account {account} of Salesforce needs an audience for its private_key.", account=self.account)
        return self.written_audience or f"https://{'test' if '.sandbox.' in self.host else 'login'}.salesforce.com"


def version_path(version: str, account: str) -> str:
    """Where the API of this version begins. Raises ConfigError."""
    if not re.fullmatch(r"\d{2,3}\.\d", version):
        raise ConfigError("The api_version of the account {account} of Salesforce reads 67.0.", account=account)
    return f"/services/data/v{version}"


def api_host(host: str) -> str:
    return next((host.removesuffix(page) + api for page, api in _CLOUDS.items() if host.endswith(f".{page}")), host)


def chosen(kind: str, ids: Mapping[str, str], link: Link) -> tuple[Resource, str] | None:
    """The resource and the measure of a link; None for the start page without a query. Raises UnsupportedLink, NoSuchMetric."""
    metric = (link.option("metric") or "").strip()
    if kind == "query" and link.option("item") is None:
        return None
    only(link, *{"dashboard": ("item",), "list": ("where",), "query": ("item",)}.get(kind, ()))
    if kind == "report" and any(re.fullmatch(r"fv\d+", name) for name, _ in links.split(link.url).query):
        raise UnsupportedLink(
            "This address filters the report, which Salesforce does not do for programs.",
            use_instead="Save the report with this filter, and paste its address.",
        )
    if len(metric) > 200 or not metric.isprintable() or "&" in metric:
        raise NoSuchMetric("The measure of this link is too long, or holds signs that no measure has.")
    if kind == "report":
        return Resource(kind, ids["id"]), metric or "count"
    if kind == "dashboard":
        item = (link.option("item") or "").strip()
        return Resource(kind, ids["id"]), (metric or "shown") + (f"&item={item}" if item else "")
    if kind == "query":
        return Resource(kind, str(link.option("item"))), "value"
    where: list[tuple[str, str]] = [(name, ids[name]) for name in ("object", "prefix") if name in ids]
    if kind == "record":
        return Resource(kind, ids["id"], (*where, ("field", field_of(metric)))), metric
    metric = measure_of(metric)
    if metric != "count":
        where.append(("metric", metric))
    if link.option("where"):
        where.append(("where", conditions_text(conditions_of(link.option("where")))))
    return Resource(kind, ids["id"], tuple(where)), metric
