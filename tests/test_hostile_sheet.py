"""Whoever edits a cell chooses among what is permitted, and nothing else: hostile rows in a real workbook, run for real.

The stand answers for data.example.org and remembers everything; a connection anywhere else would show in `dialled`.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sheetsync.app import App, Edges, Wishes
from sheetsync.config import WorkbookConfig, load
from sheetsync.testing import Answer, Seen, Stand
from tests.conftest import results, write_plan

HOSTILE = Path(__file__).parents[2] / "shared" / "hostile"
CANARY = "CANARY-0123456789"
CONFIG = """
timezone = "UTC"
deadline_seconds = 20
[connectors.http.salesforce]
origin = "https://acme.my.salesforce.com"
paths = ["/services/data/v<digits>.<digits>/query"]
bearer = { env = "CANARY" }
[connectors.http.salesforce.query]
q = [
  "SELECT COUNT() FROM Opportunity", "SELECT COUNT() FROM Lead",
  "SELECT SUM(Amount) FROM Opportunity", "SELECT SUM(Amount) FROM Opportunity WHERE IsWon=true",
]
[connectors.http.shop]
origin = "https://acme.myshopify.com"
paths = ["/admin/api/<date>/<name>/count.json"]
query = { status = ["<name>"] }
header = "X-Shopify-Access-Token"
key = { env = "CANARY" }
[connectors.http.hubspot]
origin = "https://api.hubapi.com"
paths = ["/crm/v3/objects/<name>"]
query = { limit = ["<digits>"] }
bearer = { env = "CANARY" }
[connectors.http.erp]
origin = "https://erp.corp.example:8443"
paths = ["/api/<name>"]
query = { month = ["<date>"] }
user = "reader"
password = { env = "CANARY" }
private = true
[connectors.http.open]
origin = "https://data.example.org"
paths = ["/**"]
query = { "*" = ["**"] }
"""

ESSENTIAL = (
    "http://169.254.169.254/latest/meta-data/", "http://localhost:6379/", "http://[::1]/", "http://0x7f000001/",
    "https://acme.my.salesforce.com.evil.test/services/data/v60.0/query", "https://api.hubapi.com@evil.test/crm/v3/objects/deals",
    "https://api.hubapi.com:8443/crm/v3/objects/deals", "http://api.hubapi.com/crm/v3/objects/deals", "https://api.hubapi.com/oauth/v1/x",
    "https://acme.my.salesforce.com/services/data/v60.0/query?q=SELECT+COUNT()+FROM+Payroll__c",
    "https://acme.myshopify.com/admin/api/2026-01/../../oauth/access_scopes.json",
    "https://acme.myshopify.com/admin/api/2026-01/orders/count.json?_method=DELETE",
    "file:///etc/passwd", "file:../../etc/passwd", "sqlite:////etc/passwd", "javascript:alert(1)", "https://data.example.org/%0d%0aX:1",
)  # fmt: skip


def corpus(file: str, where: str) -> list[dict[str, Any]]:
    if not HOSTILE.is_dir():
        return []
    with (HOSTILE / file).open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE) if row["where"] == where]
    for row in rows:
        given = json.loads(row["input_json"])
        row["input"] = (
            given if isinstance(given, str) else given["prefix"] + given["repeat"] * given["n"] + given.get("suffix", "")
        )
    return rows


def stored(text: str) -> str:
    """A text as a workbook keeps it: at most so long, control characters as _xHHHH_ (ECMA-376 part 1, 22.9.2.19)."""
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f]", lambda found: f"_x{ord(found[0]):04X}_", text[:30_000])


class Sheet:
    """Runs rows of links against the stand, between a good row above and one below."""

    def __init__(self, folder: Path, stand: Stand, state: Path) -> None:
        self.folder, self.stand, self.state = folder, stand, state

    def run(self, texts: list[str]) -> list[Any]:
        (self.folder / "sheetsync.toml").write_text(CONFIG, encoding="utf-8")
        good = "https://data.example.org/good.json#$.n"
        rows = [
            (f"G{number}", "O1 Grow", f"KR{number} Row", "number", 0, 100, 77, stored(text), None, None, None, None)
            for number, text in enumerate([good, *texts, good])
        ]
        book = write_plan(self.folder / "okr.xlsx", rows)
        edges = Edges(
            environ={"CANARY": CANARY, "SHEETSYNC_STATE": str(self.state), "LANG": "en"},
            web={"resolve": self.stand.resolve, "network": self.stand.network},
        )
        with App(load(self.folder / "sheetsync.toml", self.folder), edges) as app:
            report = app.run(WorkbookConfig(path=str(book)), Wishes())
        assert report.error is None, report.error
        found = results(book)
        assert found[0] == found[-1] == 5, "the rows around a hostile one are still updated"
        for row, value, said in list(zip(report.rows, found, results(book, "Sync"), strict=True))[1:-1]:
            assert len(said or "") <= 200
            assert "\n" not in (said or "")
            if row.state in ("kept", "broken"):
                assert value == 77, (row.link, value)
        secret = CANARY.encode()
        files = [path for place in (self.folder, self.state) for path in place.rglob("*") if path.is_file()]
        assert not [path for path in files if secret in path.read_bytes()]
        return list(report.rows[1:-1])


@pytest.fixture
def sheet(tmp_path: Path, own_state: Path) -> Iterator[Sheet]:
    with Stand() as stand:
        stand.answer("/good.json", Answer.of({"n": 5}), host="data.example.org")
        yield Sheet(tmp_path, stand, own_state)


def test_what_is_not_permitted_is_refused_without_a_connection(sheet: Sheet) -> None:
    rows = sheet.run(list(ESSENTIAL))
    assert {row.state for row in rows} == {"broken"}, [(row.link, row.state) for row in rows]
    assert all(row.message for row in rows)
    assert {seen.host for seen in sheet.stand.seen} == {"data.example.org"}
    assert set(sheet.stand.resolved) == {"data.example.org"}


def test_a_key_is_shown_at_its_own_origin_only(sheet: Sheet) -> None:
    seen: list[Seen] = []

    def remember(one: Seen) -> Answer:
        seen.append(one)
        return Answer.of({"n": 1})

    for path in ("/crm/v3/objects/deals", "/any.json"):
        sheet.stand.answer(path, remember)
    rows = sheet.run(["https://api.hubapi.com/crm/v3/objects/deals?limit=1#$.n", "https://data.example.org/any.json#$.n"])
    assert [row.state for row in rows] == ["fresh", "fresh"]
    with_key = {one.host for one in seen if CANARY in json.dumps(dict(one.headers))}
    assert with_key == {"api.hubapi.com"}


@pytest.mark.skipif(not HOSTILE.is_dir(), reason="the corpus of hostile links is not part of the project")
def test_every_hostile_link_of_the_corpus_is_refused(sheet: Sheet) -> None:
    rows = [row for row in corpus("links.tsv", "link") if row["category"] != "server-behaviour"]
    found = sheet.run([row["input"] for row in rows])
    assert len(rows) >= 90
    wrong = [(given["id"], one.state) for given, one in zip(rows, found, strict=True) if one.state != "broken"]
    assert wrong == []
    assert {seen.host for seen in sheet.stand.seen} == {"data.example.org"}


@pytest.mark.skipif(not HOSTILE.is_dir(), reason="the corpus of hostile links is not part of the project")
def test_every_hostile_selector_of_the_corpus_is_refused(sheet: Sheet) -> None:
    rows = corpus("links.tsv", "selector")
    found = sheet.run([f"https://data.example.org/good.json#select={row['input']}" for row in rows])
    assert [(given["id"], one.state) for given, one in zip(rows, found, strict=True) if one.state != "broken"] == []


@pytest.mark.skipif(not HOSTILE.is_dir(), reason="the corpus of hostile links is not part of the project")
def test_every_benign_link_of_the_corpus_is_served(sheet: Sheet) -> None:
    document = {"n": 5, "revenue": {"total": 8}, "data": {"total": 8}, "net revenue": [{"value": 8}], "items": [{"count": 8}]}
    rows = [row for row in corpus("benign.tsv", "link") if row["expected"] == "ALLOW"]
    selectors = [row for row in corpus("benign.tsv", "selector") if row["expected"] == "ALLOW"]
    served = Answer.of(document)
    for path in (
        "/services/data/v60.0/query", "/admin/api/2026-01/orders/count.json", "/crm/v3/objects/deals", "/api/revenue",
        "/kpi.json", "/%E5%A3%B2%E4%B8%8A.json", "/a%20b.json",
    ):  # fmt: skip
        sheet.stand.answer(path, served)
    texts = [text if "#" in (text := row["input"].strip()) else f"{text}#$.n" for row in rows]
    texts += [f"https://data.example.org/kpi.json#select={row['input']}" for row in selectors]
    found = sheet.run(texts)
    assert [(text, one.state, one.message) for text, one in zip(texts, found, strict=True) if one.state != "fresh"] == []


@pytest.mark.skipif(not HOSTILE.is_dir(), reason="the corpus of hostile links is not part of the project")
def test_values_and_texts_of_the_corpus_come_out_as_they_are(sheet: Sheet) -> None:
    rows = corpus("benign.tsv", "value")
    for row in rows:
        sheet.stand.answer(f"/{row['id']}.json", Answer(200, row["input"].encode(), {"content-type": "application/json"}))
    found = sheet.run([f"https://data.example.org/{row['id']}.json#$.v" for row in rows])
    assert [one.new for one in found] == [float(row["expected"]) for row in rows]
