"""Looker Studio: every address of it is recognised, and each is told what to paste instead."""

from __future__ import annotations

import pytest

from sheetsync import links
from sheetsync.connectors.looker_studio import LookerStudio
from sheetsync.connectors.registry import Registry, builtin
from sheetsync.errors import LinkError, UnsupportedLink
from sheetsync.testing import account_of, run_links

ID = "0a1b2c3d-4e5f-6789-abcd-ef0123456789"
CREATE = "https://lookerstudio.google.com/reporting/create?c.mode=edit&ds.ds0.connector"
STRANGERS = [
    f"https://lookerstudio.google.com.evil.test/reporting/{ID}",
    f"http://lookerstudio.google.com/reporting/{ID}",
    f"https://lookerstudio.google.com:8443/reporting/{ID}",
    f"https://looker.google.com/reporting/{ID}",
    f"https://evil.test/lookerstudio.google.com/reporting/{ID}",
    "https://acme.cloud.looker.com/dashboards/7",
    f"https://lookerstudio.google.com/reporting/../{ID}",
]


@pytest.mark.parametrize("text", LookerStudio.unsupported)
def test_it_is_recognised_among_all_connectors_and_without_an_account(text: str) -> None:
    link = links.parse(text)
    assert link is not None
    with pytest.raises(UnsupportedLink) as raised:
        Registry(builtin()).understand(link)
    assert raised.value.params["service"] == "Looker Studio"
    assert "aste" in raised.value.advice


@pytest.mark.parametrize(
    ("source", "word"),
    [("googleSheets", "Google Sheet,"), ("bigQuery", "#item=NAME"), ("googleAnalytics", "period="), ("cloudSql", "Data source")],
)
def test_an_address_that_names_its_source_is_told_the_way_there(source: str, word: str) -> None:
    link = links.parse(f"{CREATE}={source}&ds.ds0.projectId=acme")
    assert link is not None
    with pytest.raises(UnsupportedLink) as raised:
        LookerStudio.resolve(link)
    assert word in raised.value.advice


@pytest.mark.parametrize("text", STRANGERS)
def test_strangers(text: str) -> None:
    link = links.parse(text)
    assert link is not None
    assert LookerStudio.resolve(link) is None


def test_a_row_says_so_and_nobody_is_asked() -> None:
    account = account_of(LookerStudio, {})
    outcomes, fetched = run_links([account], [LookerStudio.unsupported[0]])
    (outcome,) = outcomes.values()
    assert isinstance(outcome, UnsupportedLink)
    assert fetched.requests == 0
    assert (list(account.origins()), account.auth()) == ([], None)
    with pytest.raises(LinkError):
        account.fetch(None, None)  # type: ignore[arg-type]
    with pytest.raises(LinkError):
        account.read(None, None)  # type: ignore[arg-type]
