"""What `sheetsync connectors --json` says of the connectors that people know by name, without any account of them."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from sheetsync.connectors.registry import builtin
from sheetsync.testing import account_of
from tests.conftest import Done

TWELVE = (
    "salesforce", "hubspot", "dynamics", "pipedrive", "sap", "surveymonkey", "mailchimp", "powerbi", "looker_studio", "ga4",
    "bigquery", "tita",
)  # fmt: skip


@pytest.fixture
def listed(tmp_path: Path, command: Callable[..., Done], monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, object]]:
    monkeypatch.chdir(tmp_path)
    return {one["name"]: one for one in command("connectors", "--json").json["connectors"]}


def test_all_twelve_are_listed_with_all_that_is_asked_of_them(listed: dict[str, dict[str, object]]) -> None:
    for name in TWELVE:
        one = listed[name]
        if name == "looker_studio":  # gives out nothing, so it is asked nothing
            assert one["kinds"] == {}
            assert len(one["unsupported"]) >= 6  # type: ignore[arg-type]
            continue
        kinds, defaults = one["kinds"], one["default_metric"]
        assert isinstance(kinds, dict)
        assert isinstance(defaults, dict)
        assert all(metrics for metrics in kinds.values())
        assert {kind: metrics[0] for kind, metrics in kinds.items()} == defaults
        assert one["auth"]
        assert one["origins"]
        assert one["accounts"] == []


def test_ways_in_are_told_apart(listed: dict[str, dict[str, object]]) -> None:
    assert listed["hubspot"]["auth"] == ["bearer token", "refresh token"]
    assert listed["salesforce"]["auth"] == ["JWT bearer", "client credentials", "refresh token"]
    assert listed["ga4"]["auth"] == ["refresh token", "service account"]
    assert [name for name in TWELVE if listed[name]["browser"]] == [
        "salesforce", "hubspot", "dynamics", "pipedrive", "surveymonkey", "mailchimp", "powerbi", "ga4", "bigquery",
    ]  # fmt: skip


@pytest.mark.parametrize("name", [name for name in TWELVE if name != "looker_studio"])
def test_an_account_asks_where_the_list_says(listed: dict[str, dict[str, object]], name: str) -> None:
    (kind,) = (one for one in builtin() if one.name() == name)
    settings = importlib.import_module(f"tests.connectors.test_{name}").TestContract.settings
    account = account_of(
        kind,
        {key: value for key, value in settings.items() if not key.endswith("_url")}
        | ({"org_url": settings["org_url"]} if "org_url" in settings else {}),
    )
    forms = [re.sub(r"\\\{\w+\\\}", ".+", re.escape(str(form))) for form in listed[name]["origins"]]  # type: ignore[attr-defined]
    for origin in account.origins():
        assert any(re.fullmatch(form, origin) for form in forms)
