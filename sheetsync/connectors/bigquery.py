"""BigQuery: a named query of the configuration goes in, one number of its answer comes out; a cell never holds SQL.

API            REST v2, https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs/query
Key            a service account with BigQuery Job User on the project and BigQuery Data Viewer on the datasets of the queries;
               its token is for reading alone (scope bigquery.readonly)
Link           `https://console.cloud.google.com/bigquery?project=PROJECT#item=QUERY`, with the query's own parameters as
               `filter=region:DE`, and a measure where the answer has several rows: `sum(leads)`
Numbers        come as text and are taken digit by digit; NaN and infinity are refused
Cost           a query that would bill more than `max_bytes_billed` does not run; one that takes too long is not started again
Whole          all pages are read, and their rows are counted
Real service   not yet run against it; checked against its documentation
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from sheetsync.connectors import _bigquery as jobs
from sheetsync.connectors._google import GoogleSettings, consent_to, sign_in
from sheetsync.connectors._grammar import MEASURES, Choice, choice_of
from sheetsync.connectors._tables import Document, evaluate, table_of
from sheetsync.connectors.base import Connector, Example, Limits, LinkPattern, Metric, setting
from sheetsync.errors import LinkError, NoSuchMetric, NotFound
from sheetsync.model import Link, Query, Reading, Resource
from sheetsync.web.auth import Auth
from sheetsync.web.consent import Consent
from sheetsync.web.http import Reply, Web

SCOPE: Final = "https://www.googleapis.com/auth/bigquery.readonly"


@dataclass(frozen=True, slots=True, kw_only=True)
class BigQueryQuery:
    """One query. Its parameters stand in the SQL as `@name`; a link gives them as `filter=name:value`."""

    sql: str = setting("One SELECT statement of GoogleSQL; parameters stand in it as @name.")
    params: Mapping[str, jobs.Type] = field(
        default_factory=dict, metadata={"about": "Each parameter's type: text, integer, number or date. A link must give all."}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BigQuerySettings(GoogleSettings):
    project: str = setting("ID of the Google Cloud project in which the queries run and which pays for them.")
    queries: Mapping[str, BigQueryQuery] = field(default_factory=dict, metadata={"about": "The queries that links may name."})
    location: str = setting("Where the data lies, such as EU or europe-west3; empty for Google's own choice.", "")
    max_bytes_billed: int = setting("A query that would bill more bytes than this does not run.", 1_000_000_000)
    timeout_seconds: int = setting("After so many seconds a query is given up for this run.", 60)


class BigQuery(Connector[BigQuerySettings]):
    title = "BigQuery"
    settings_type = BigQuerySettings
    home = ("https://bigquery.googleapis.com",)
    path = "/bigquery/v2"
    # A hundred calls a second are allowed for a person (https://cloud.google.com/bigquery/quotas#all_api_requests); queries of
    # other programs share the slots of the project.
    limits = Limits(concurrency=2)

    links = (LinkPattern("query", r"console\.cloud\.google\.com", r"/bigquery/?", {"project": jobs.PROJECT}),)
    metrics = {"query": tuple(Metric(name, about) for name, about in MEASURES.items())}
    examples = (
        Example(
            "https://console.cloud.google.com/bigquery?project=acme-marketing#item=won_deals", "query/won_deals", "value",
            (("n",), ((Decimal(42),),)), Decimal(42),
        ),
        Example(
            "https://console.cloud.google.com/bigquery?project=acme-marketing#item=leads&filter=region:DE&metric=sum(leads)",
            "query/leads?region=DE", "sum(leads)",
            (("day", "leads"), (("2026-01-05", Decimal(3)), ("2026-01-06", Decimal(4)))), Decimal(7),
        ),
    )  # fmt: skip

    def auth(self) -> Auth:
        return sign_in(self.settings, SCOPE, title=self.title, account=self.account)

    def consent(self) -> Consent:
        return consent_to(self.settings, SCOPE)

    @classmethod
    def chosen(cls, kind: str, ids: Mapping[str, str], link: Link) -> tuple[Resource, str]:  # noqa: ARG003 - the option names it
        name = (link.option("item") or "").strip()
        if not re.fullmatch(r"[\w.-]{1,100}", name):
            raise NoSuchMetric(
                "An address of BigQuery has to name a query of sheetsync.toml.", advice="Write #item=NAME behind the link."
            )
        table = Link(link.url, tuple((option, value) for option, value in link.options if option not in {"item", "filter"}))
        return Resource(kind, name, jobs.parameters(link.option("filter"))), str(choice_of(table, default="value"))

    def serves(self, link: Link, resource: Resource) -> bool:  # noqa: ARG002 - the project says which account it is
        found = self.match(link)
        return found is not None and found[1]["project"] == self.settings.project

    def fetch(self, resource: Resource, web: Web) -> Any:
        query = self.settings.queries.get(resource.id)
        if query is None:
            raise NotFound(
                "There is no query {query} in the account {account}; there are {known}.", query=resource.id, account=self.account,
                known=", ".join(sorted(self.settings.queries)[:8]) or "-", advice="Write the name of one of them.",
            )  # fmt: skip
        given = dict(resource.params)
        if set(given) != set(query.params):
            raise NoSuchMetric(
                "The query {query} takes the parameters {known}, no more and no fewer.", query=resource.id,
                known=", ".join(sorted(query.params)) or "-", advice="Write them as filter=name:value behind the link.",
            )  # fmt: skip
        return self._project(web).answer(
            query.sql, [jobs.parameter(name, given[name], kind) for name, kind in query.params.items()]
        )

    def read(self, document: Any, query: Query) -> Reading:
        headings, rows = document
        return evaluate(Document(table=table_of(headings, rows)), Choice.parse(query.metric))

    def refine(self, reply: Reply) -> LinkError | None:
        return jobs.meaning(reply, self.settings, self.account)

    def probe(self, web: Web) -> None:
        self._project(web).dry_run()

    # --- where the queries run

    def _project(self, web: Web) -> jobs.Project:
        return jobs.Project(web, self.base() + self.path, self.settings, self.account)
