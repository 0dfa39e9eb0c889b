"""Prometheus against the contract and its own traps: text that is no number, several series, warnings, no data."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from sheetsync import links
from sheetsync.connectors.prometheus import Prometheus
from sheetsync.errors import (
    ConfigError,
    Incomplete,
    LinkError,
    NoSuchMetric,
    NotConnected,
    NotFound,
    NotReady,
    Unavailable,
    UnexpectedReply,
)
from sheetsync.model import Outcome, Reading
from sheetsync.testing import Answer, ConnectorContract, Stand, account_of, run_links

TOKEN = "canary-0123456789"
QUERIES = {"visits": 'sum(increase(visits_total{site="a&b"}[30d]))', "other": "vector(1)"}
SETTINGS: dict[str, Any] = {"url": "https://prom.acme.example", "queries": QUERIES, "bearer": TOKEN}
QUERY = "/api/v1/query"


def vector(*figures: object, **more: Any) -> dict[str, Any]:
    result = [{"metric": {"n": str(place)}, "value": [1772000000.781, figure]} for place, figure in enumerate(figures)]
    return {"status": "success", "data": {"resultType": "vector", "result": result}, **more}


class TestContract(ConnectorContract):
    connector = Prometheus
    settings = SETTINGS
    link = "prom:default/visits"
    value = Decimal("1435.25")
    main = QUERY
    document = vector("1435.25")
    place = "data.result.0.value.1"
    zero = "0"
    other = "prom:default/other"
    error_body = {"status": "error", "errorType": "bad_data", "error": "CANARY"}
    canaries = (TOKEN,)
    strangers = (
        "prom:", "prom:site", "prom:site/", "prom:/visits", "prom:site/visits/x", "prom:site/sum(visits)", "prom:site/a b",
        "prom://site/visits", "https://prom.acme.example/graph?g0.expr=up", "prom:site/..%2f..",
    )  # fmt: skip


def outcome(answer: Any, text: str = "prom:site/visits", **settings: Any) -> Outcome:
    with Stand() as stand:
        stand.answer(QUERY, answer)
        account = account_of(Prometheus, {**SETTINGS, "url": f"http://127.0.0.1:{stand.port}", **settings}, name="site")
        return run_links([account], [text])[0][text]


@pytest.mark.parametrize(
    ("figure", "value"),
    [
        ("0", "0"), ("-3", "-3"), ("1.234", "1.234"), ("1e-07", "1e-7"), ("1.5e+06", "1500000"), ("12345678", "12345678"),
        ("0.30000000000000004", "0.30000000000000004"),
    ],
)  # fmt: skip
def test_figures_are_text_with_a_point(figure: str, value: str) -> None:
    found = outcome(vector(figure))
    assert isinstance(found, Reading), found
    assert found.value == Decimal(value)
    assert found.as_of == datetime(2026, 2, 25, 6, 13, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (vector("NaN"), NotReady),
        (vector("+Inf"), NotReady),
        (vector("-Inf"), NotReady),
        (vector("1,234"), UnexpectedReply),
        (vector("1e999"), UnexpectedReply),
        (vector("1.2k"), UnexpectedReply),
        (vector(5), UnexpectedReply),
        (vector(), NotFound),
        (vector("1", "2"), NoSuchMetric),
        (vector("1", warnings=["some stores did not answer"]), Incomplete),
        ({"status": "success", "data": {"resultType": "matrix", "result": []}}, NoSuchMetric),
        ({"status": "success", "data": {"resultType": "string", "result": [1, "7"]}}, NoSuchMetric),
        ({"status": "success", "data": {"resultType": "vector", "result": [{"histogram": [1, {"count": "7"}]}]}}, NoSuchMetric),
        ({"status": "success", "data": {"resultType": "vector", "result": [{"value": ["soon", "7"]}]}}, UnexpectedReply),
        ({"status": "success", "data": {"resultType": "vector", "result": [{"value": ["7"]}]}}, UnexpectedReply),
        ({"value": 7}, UnexpectedReply),
        (Answer.of({"status": "error", "errorType": "bad_data"}, status=400), UnexpectedReply),
        (Answer.of({"status": "error", "errorType": "execution"}, status=422), UnexpectedReply),
        (Answer.of({"status": "error", "errorType": "timeout"}, status=503), Unavailable),
        (Answer.of({"status": "error", "errorType": "canceled"}, status=422), Unavailable),
        (Answer(503, b"<html>busy"), Unavailable),
    ],
)
def test_what_is_no_figure_is_an_error(answer: Any, kind: type[LinkError]) -> None:
    found = outcome(answer)
    assert isinstance(found, kind), found
    assert found.advice


def test_infos_are_no_warnings() -> None:
    assert isinstance(outcome(vector("7", infos=["metric might not be a counter"], warnings=[])), Reading)


def test_scalars_are_figures() -> None:
    found = outcome({"status": "success", "data": {"resultType": "scalar", "result": [1772000000, "0.5"]}})
    assert isinstance(found, Reading)
    assert found.value == Decimal("0.5")


def test_the_query_is_the_operators_and_its_path_is_kept() -> None:
    with Stand() as stand:
        stand.answer("/prometheus/api/v1/query", vector("7"))
        url = f"http://127.0.0.1:{stand.port}/prometheus/"
        account = account_of(Prometheus, {**SETTINGS, "url": url, "bearer": None, "user": "ann", "password": TOKEN}, name="site")
        outcomes, fetched = run_links([account], ["prom:site/visits", "prom:site/visits#metric=value"])
        assert all(isinstance(found, Reading) for found in outcomes.values())
        assert fetched.requests == 1
        assert stand.seen[0].query == (("query", QUERIES["visits"]),)
        assert stand.seen[0].headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("prom:site/unknown", NotFound),
        ("prom:elsewhere/visits", NotConnected),
        ("prom:site/visits?query=up", NoSuchMetric),
        ("prom:site/visits#where=site:a", NoSuchMetric),
        ("prom:site/visits#metric=sum(x)", NoSuchMetric),
    ],
)
def test_a_cell_names_a_query_and_nothing_else(text: str, kind: type[LinkError]) -> None:
    with Stand() as stand:
        account = account_of(Prometheus, {**SETTINGS, "url": f"http://127.0.0.1:{stand.port}"}, name="site")
        assert isinstance(run_links([account], [text])[0][text], kind)
        assert not stand.seen


def test_the_probe_asks_for_a_number() -> None:
    with Stand() as stand:
        stand.answer(QUERY, {"status": "success", "data": {"resultType": "scalar", "result": [1, "1"]}})
        account = account_of(Prometheus, {**SETTINGS, "url": f"http://127.0.0.1:{stand.port}"}, name="site")
        with stand.web(*account.origins()) as web:
            account.probe(web)
        assert stand.seen[0].param("query") == "1"


def test_a_password_needs_a_user() -> None:
    with pytest.raises(ConfigError):
        account_of(Prometheus, {**SETTINGS, "bearer": None, "password": TOKEN}).auth()
    assert links.split("prom:site/visits").path == "site/visits"
