"""The web address source: what the operator permitted is served, whatever its form, and nothing else is asked."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from sheetsync import links
from sheetsync.connectors.http import Http
from sheetsync.errors import BadCredentials, LinkError, NoSuchMetric, NotFound, Refused, UnexpectedReply
from sheetsync.model import PERCENT, Reading
from sheetsync.testing import Answer, ConnectorContract, Stand, account_of, run_links

ORIGIN = "https://data.example.org"
SETTINGS: dict[str, Any] = {"origin": ORIGIN, "paths": ("/**",), "query": {"month": ("<date>",)}, "bearer": "canary-0123456789"}
TOTAL = f"{ORIGIN}/kpi.json#$.visits.total"


class TestContract(ConnectorContract):
    connector = Http
    settings = SETTINGS
    link = TOTAL
    value = Decimal("1234.5")
    main = "/kpi.json"
    document = {"visits": {"total": 1234.5}}
    place = "visits.total"
    other = f"{ORIGIN}/other.json#$.n"
    wrong_type = LinkError  # a path that leads to no number is the author's mistake as often as the service's
    canaries = ("canary-0123456789",)
    strangers = (
        "ftp://data.example.org/kpi.json", "file:///etc/passwd", "data:application/json,{}",
        "https://user@data.example.org/kpi.json", "https://data.example.org:0/kpi.json", "//data.example.org/kpi.json",
        "postgresql://data.example.org/kpi", "file:kpi.json",
    )  # fmt: skip

    def script(self, stand: Stand) -> None:
        stand.answer("/other.json", {"n": 1})


def outcome(stand: Stand, text: str, **settings: Any) -> Any:
    account = account_of(Http, {**SETTINGS, "api_url": f"http://127.0.0.1:{stand.port}", **settings})
    return run_links([account], [text])[0][text]


def test_tables_by_their_content_type() -> None:
    with Stand() as stand:
        stand.answer(
            "/export", Answer(200, b"stage;amount\nSQL;1,5\nMQL;2\nSQL;3\n", {"content-type": "text/csv; charset=utf-8"})
        )
        assert outcome(stand, f"{ORIGIN}/export#sum(amount)&where=stage:SQL").value == Decimal("4.5")
        assert outcome(stand, f"{ORIGIN}/export#count").value == 3
        share = outcome(stand, f"{ORIGIN}/export#share(stage:SQL)")
        assert share.unit == PERCENT


def test_rows_of_one_download_share_it() -> None:
    with Stand() as stand:
        stand.answer("/leads.csv", Answer(200, b"stage,n\nSQL,1\nMQL,2\n", {"content-type": "text/csv"}))
        account = account_of(Http, {**SETTINGS, "api_url": f"http://127.0.0.1:{stand.port}"})
        texts = [f"{ORIGIN}/leads.csv#{measure}" for measure in ("count", "sum(n)", "max(n)", "count&where=stage:SQL")]
        found, fetched = run_links([account], texts)
        assert [found[text].value for text in texts] == [2, 3, 2, 1]  # type: ignore[union-attr]
        assert fetched.requests == len(stand.seen) == 1


@pytest.mark.parametrize(
    ("address", "permitted"),
    [
        ("https://data.example.org/kpi/a.json", True),
        ("https://DATA.example.org:443/kpi/a.json", True),
        ("https://data.example.org/kpi/a/b.json", False),
        ("https://data.example.org/reports/2027-01/x/y", True),
        ("https://data.example.org/reports/soon/x", False),
        ("https://data.example.org/kpi/../secret.json", False),
        ("https://data.example.org/kpi/%2e%2e/secret.json", False),
        ("https://data.example.org/kpi%2fa.json", False),
        ("https://data.example.org//kpi/a.json", False),
        ("https://data.example.org/kpi/a.json?month=2027-01", True),
        ("https://data.example.org/kpi/a.json?month=all", False),
        ("https://data.example.org/kpi/a.json?month=2027-01&month=all", False),
        ("https://data.example.org/kpi/a.json?callback=x", False),
        ("http://data.example.org/kpi/a.json", False),
        ("https://data.example.org:8443/kpi/a.json", False),
        ("https://data.example.org.evil.test/kpi/a.json", False),
    ],
)
def test_only_what_the_operator_wrote_is_permitted(address: str, permitted: bool) -> None:
    account = account_of(Http, {**SETTINGS, "paths": ("/kpi/*.json", "/reports/<date>/**")})
    link = links.parse(f"{address}#$.n")
    assert link is not None
    resource, _ = Http.resolve(link) or (None, None)
    assert resource is not None
    assert account.serves(link, resource) is permitted


def test_the_key_goes_in_the_header_that_the_operator_named() -> None:
    with Stand() as stand:
        stand.answer("/kpi.json", {"visits": {"total": 1}})
        assert isinstance(outcome(stand, TOTAL, bearer=None, header="X-Token", key="secret-key-0123"), Reading)
        assert stand.seen[-1].headers["x-token"] == "secret-key-0123"
        assert isinstance(outcome(stand, TOTAL, bearer=None, user="ann", password="secret-pass-0123"), Reading)
        assert stand.seen[-1].headers["authorization"].startswith("Basic ")


def test_what_is_not_there_is_said() -> None:
    with Stand() as stand:
        stand.answer("/kpi.json", {"visits": {"total": 1}})
        missing = outcome(stand, f"{ORIGIN}/kpi.json#$.visits.gone")
        assert isinstance(missing, LinkError)
        assert not isinstance(outcome(stand, f"{ORIGIN}/kpi.json#sum(x)"), Reading)
        with pytest.raises(NoSuchMetric):
            Http.resolve(links.parse(f"{ORIGIN}/kpi.json#select=$..x") or pytest.fail("no link"))
        stand.answer("/gone.json", Answer(410))
        assert isinstance(outcome(stand, f"{ORIGIN}/gone.json#$.x"), NotFound)
        stand.answer("/moved.json", Answer(302, headers={"location": "https://evil.test/"}))
        assert isinstance(outcome(stand, f"{ORIGIN}/moved.json#$.x"), Refused)
        stand.answer("/bad.json", Answer(200, b'{"v": 1, "v": 2}', {"content-type": "application/json"}))
        assert isinstance(outcome(stand, f"{ORIGIN}/bad.json#$.v"), UnexpectedReply)
        stand.answer("/key.json", Answer(401, b"your token is canary-0123456789"))
        refused = outcome(stand, f"{ORIGIN}/key.json#$.v")
        assert isinstance(refused, BadCredentials)
        assert "canary" not in str(refused)
