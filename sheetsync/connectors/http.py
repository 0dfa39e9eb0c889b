"""Any JSON, CSV or Excel over https that the operator has permitted: its address goes in, one number of the answer comes out.

Key            whatever the operator's own service asks for: a bearer token, a key in a header, or a user and a password
Rights         nothing can be asked until an account names the origin and the paths; parameters are refused unless named
Real service   it is meant for the company's own services; tried against servers on loopback
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sheetsync import links
from sheetsync.connectors._permitted import Permitted, PermittedSettings, whole
from sheetsync.connectors._tables import Choice, choice_of, evaluate, load
from sheetsync.connectors.base import Example, Limits, LinkPattern, setting
from sheetsync.model import Link, Query, Reading, Resource
from sheetsync.web.http import Web


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings(PermittedSettings):
    sheet: str = setting("The worksheet to read where the answer is a workbook and the link names none.", "")


class Http(Permitted[HttpSettings]):
    title = "Web address"
    settings_type = HttpSettings
    limits = Limits(concurrency=4, rates=((10, 1.0),))
    catch_all = True

    links = (LinkPattern("url", ".+"), LinkPattern("url", ".+", scheme="http"))
    examples = (
        Example(
            "https://data.example.org/kpi.json#$.revenue.total", "url/https://data.example.org/kpi.json",
            "select=$.revenue.total",
        ),
        Example(
            "https://data.example.org/leads.csv#count&where=stage:SQL", "url/https://data.example.org/leads.csv",
            "count&where=stage:SQL",
        ),
    )  # fmt: skip

    @classmethod
    def resolve(cls, link: Link) -> tuple[Resource, str] | None:
        address = links.split(link.url)
        if address.scheme not in links.WEB_PORTS:
            return None
        sheet = link.option("sheet")
        url = link.url.partition("#")[0]
        return Resource("url", url, (("sheet", sheet),) if sheet else ()), str(choice_of(link, default="value"))

    def fetch(self, resource: Resource, web: Web) -> Any:
        reply = self.asked(resource, web)
        sheet = dict(resource.params).get("sheet") or self.settings.sheet or None
        path = links.split(resource.id).path
        document = load(reply.body, path, content_type=reply.headers.get("content-type", ""), sheet=sheet)
        if not isinstance(document.json, dict | list):  # these say themselves where they end
            whole(reply)
        return document

    def read(self, document: Any, query: Query) -> Reading:
        return evaluate(document, Choice.parse(query.metric))
