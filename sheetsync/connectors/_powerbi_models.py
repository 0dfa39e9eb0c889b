"""Semantic models of Power BI, asked: many figures of one model in one query, each with its own filter.

Queries   https://learn.microsoft.com/rest/api/power-bi/datasets/execute-queries
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from sheetsync.connectors._dax import query
from sheetsync.connectors._halves import asked
from sheetsync.connectors._powerbi import guid, question_of, row_of
from sheetsync.connectors.base import Ask, walk, walk_or_none
from sheetsync.errors import AccessDenied, BadCredentials, LinkError, NotFound, Unavailable, UnexpectedReply
from sheetsync.model import Resource

if TYPE_CHECKING:
    from sheetsync.connectors.powerbi import PowerBiSettings

QUESTIONS: Final = 20
"""So many figures of one model are asked for in one query."""


class Models:
    """The models that one account may read; `ask` and `post` send to a path of the API."""

    def __init__(self, ask: Ask, post: Callable[[str, Any], Any], settings: PowerBiSettings) -> None:
        self._ask, self._post, self._settings = ask, post, settings

    def figures(self, resources: Sequence[Resource]) -> Mapping[Resource, Any | LinkError]:
        """The document of each resource, or its own error. Raises what concerns the whole account."""
        found: dict[Resource, Any] = {}
        wanted: dict[str, list[Resource]] = defaultdict(list)
        for resource in resources:
            try:
                wanted[self._model(resource)].append(resource)
            except (BadCredentials, Unavailable):
                raise
            except LinkError as error:
                found[resource] = error
        for model, group in wanted.items():
            found |= asked(group, partial(self._answers, model))
        return found

    def _model(self, resource: Resource) -> str:
        """The id of the semantic model. Raises NotFound where the report has none, AccessDenied."""
        if resource.kind == "dataset":
            return resource.id
        given = dict(resource.params)
        group = given.get("group", "me")
        if "app" in given:
            place = f"/apps/{given['app']}"
        elif group == "me" and self._settings.refresh_token is None:
            raise AccessDenied(
                "This report lies in somebody's own workspace, which an app cannot see.",
                advice="Move it to a shared workspace, or ask the person who installed sheetsync to connect that person.",
            )
        else:
            place = "" if group == "me" else f"/groups/{group}"
        model = guid(walk_or_none(self._ask(f"{place}/reports/{resource.id}", once=True), "datasetId"))
        if model is None:
            raise NotFound("This report has no semantic model that can be asked.", advice="Paste the address of another report.")
        return model.lower()

    def _answers(self, model: str, resources: Sequence[Resource]) -> dict[Resource, Any]:
        """One row with the figures of all of them. Raises NoSuchMetric where one of them cannot be worked out."""
        questions = [question_of(resource) for resource in resources]
        body: dict[str, Any] = {"queries": [{"query": query(questions)}], "serializerSettings": {"includeNulls": True}}
        if self._settings.user:
            body["impersonatedUserName"] = self._settings.user
        row = row_of(self._post(f"/datasets/{model}/executeQueries", body))
        as_of = self._refreshed(model) if self._settings.refreshed else None
        found: dict[Resource, Any] = {}
        for place, (resource, question) in enumerate(zip(resources, questions, strict=True)):
            unknown = next((one for number, one in enumerate(question.values) if not row.get(f"[k{place}_{number}]")), None)
            if unknown is not None:
                found[resource] = NotFound(
                    "The model has no {value} in {column}.", value=unknown.value, column=unknown.column,
                    advice="Check how it is spelt in Power BI.",
                )  # fmt: skip
            else:
                found[resource] = {"value": walk(row, f"[v{place}]"), "as_of": as_of}
        return found

    def _refreshed(self, model: str) -> datetime | None:
        """When the model was last filled; None for a model that asks its source each time."""
        listed = walk(self._ask(f"/datasets/{model}/refreshes", {"$top": "20"}, once=True), "value")
        ends = [one.get("endTime") for one in listed if isinstance(one, dict) and one.get("status") == "Completed"]
        try:
            moment = datetime.fromisoformat(str(ends[0])) if ends else None
        except ValueError:
            raise UnexpectedReply("Power BI does not say when the model was refreshed.") from None
        return moment if moment and moment.tzinfo else None
