"""A company of Pipedrive, asked: deals and their sums, what a period moved, goals, and lists that are counted row by row.

Filters        a filter of another kind, or one that was deleted, might be ignored, so its kind is asked for first
Specification  https://developers.pipedrive.com/docs/api/v1/openapi.yaml (both versions)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sheetsync.connectors import _pipedrive as answers
from sheetsync.connectors.base import Ask, walk, walk_or_none
from sheetsync.errors import NoSuchMetric, NotFound, UnexpectedReply

FILTERS: Final = {"deals": "deals", "persons": "people", "organizations": "org", "activities": "activity", "leads": "leads"}
"""Kind of link -> the type of a filter that fits it (`GET /filters/{id}`)."""


class Company:
    """One company. Every answer bears `success`, whatever its status is."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def about(self) -> tuple[str, str]:
        """The company of the key, as its address names it, and the currency of the key's user. Asked once a run."""
        me = walk(self._get("/v1/users/me", once=True), "data")
        return str(walk(me, "company_domain")).lower(), str(walk_or_none(me, "default_currency") or "")

    def deal(self, number: str) -> Any:
        deal = self._get(f"/v2/deals/{number}")
        if walk(deal, "data.is_deleted") is not False:
            raise NotFound("This deal was deleted in Pipedrive.")
        return deal

    def moved(self, picked: Mapping[str, str], given: Mapping[str, str], code: str) -> Any:
        """What happened in a pipeline in a period, or the shares of it, by `report`."""
        asked = {"start_date": given["from"], "end_date": given["to"], "user_id": picked["user"]}
        return self._get(f"/v1/pipelines/{picked['pipeline']}/{given['report']}_statistics", asked) | {"currency": code}

    def deals(self, picked: Mapping[str, str], given: Mapping[str, str], code: str) -> Any:
        """How many deals, and their value in the company's currency `code`."""
        if "filter" in picked:
            self._check(picked["filter"], FILTERS["deals"])
        asked = {f"{name}_id": value for name, value in picked.items() if value != "everyone"}
        if given.get("status", "all") != "all":
            asked["status"] = given["status"]
        if "stage" in given:
            asked["stage_id"] = self._stage(picked["pipeline"], given["stage"])
        summary = self._get("/v1/deals/summary", asked)
        return {"data": walk(summary, "data"), "currency": code}

    def goal(self, goal: str, given: Mapping[str, str]) -> Any:
        """What was reached of a goal in a period, and what it is measured in."""
        result = self._get(f"/v1/goals/{goal}/results", {"period.start": given["from"], "period.end": given["to"]})
        outcome, codes = walk(result, "data.goal.expected_outcome"), []
        if walk(outcome, "tracking_metric") == "sum":
            known = walk(self._get("/v1/currencies", once=True), "data")
            codes = [str(one["code"]) for one in known if one["id"] == walk(outcome, "currency_id")]
        if len(codes) != 1 and walk(outcome, "tracking_metric") != "quantity":
            raise UnexpectedReply("Pipedrive does not say what this goal is measured in.")
        return {"data": walk(result, "data"), "currency": codes[0] if codes else None}

    def counts(self, kind: str, picked: Mapping[str, str]) -> Any:
        """How many rows a list has; of activities also how many of them are done."""
        asked = {"filter_id": picked["filter"]} if "filter" in picked else {}
        if "filter" in picked:
            self._check(picked["filter"], FILTERS[kind])
        elif picked["user"] != "everyone":
            asked = {"owner_id": picked["user"]}
        if kind == "leads":
            return {"count": answers.counted(answers.rows_by_start(lambda page: self._get("/v1/leads", {**asked, **page})))}
        found = list(answers.rows(lambda page: self._get(f"/v2/{kind}", {**asked, **page})))
        count = answers.counted(iter(found))
        if kind != "activities":
            return {"count": count}
        if not all(isinstance(walk(row, "done"), bool) for row in found):
            raise UnexpectedReply("Pipedrive no longer says which activities are done.")
        done = answers.counted(row for row in found if row["done"])
        return {"count": count, "done": done, "to_do": count - done}

    def _check(self, number: str, kind: str) -> None:
        about = walk(self._get(f"/v1/filters/{number}", once=True), "data")
        if walk(about, "type") != kind or walk_or_none(about, "active_flag") is False:
            raise NotFound("The filter {number} is none of this page, or was deleted.", number=number)

    def _stage(self, pipeline: str, wanted: str) -> str:
        stages = list(answers.rows(lambda page: self._get("/v2/stages", {"pipeline_id": pipeline, **page}, once=True)))
        found = [str(one["id"]) for one in stages if wanted.casefold() in (str(one["id"]), str(one["name"]).casefold())]
        if len(found) != 1:
            raise NoSuchMetric(
                "This pipeline has {count} stages called {stage}.", count=len(found), stage=wanted,
                advice="Write the stage's name as Pipedrive shows it, or its number.",
            )  # fmt: skip
        return found[0]

    def _get(self, path: str, params: Mapping[str, str] | None = None, *, once: bool = False) -> Any:
        answer = self._ask(path, params, once=once)
        if walk_or_none(answer, "success") is not True:
            raise UnexpectedReply("Pipedrive answered that it could not answer.")
        return answer
