"""Every link of the open corpus of hostile and benign inputs, through the parser and the door,
against one operator's permissions.

Whatever a row says: no connection outside the permitted origins, no key anywhere but at its own, one short sentence.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sheetsync import errors, links, values
from sheetsync._testing.server import PUBLIC_ADDRESS, Answer, Seen, Stand
from sheetsync.secrets import Secret, Vault
from sheetsync.web.auth import ApiKey
from sheetsync.web.http import Deadline, Web

from .conftest import Clock

CORPUS = Path(__file__).parents[2] / ".." / "shared" / "hostile"
OPEN = "https://data.example.org"
KEYED = {
    "https://acme.my.salesforce.com": "canary-salesforce",
    "https://acme.myshopify.com": "canary-shopify",
    "https://api.hubapi.com": "canary-hubspot",
    "https://erp.corp.example:8443": "canary-erp",
}
SHUT = {"metadata", "intranet", "encoded-ip", "lookalike-host", "parser-confusion", "scheme"}
APART = {"cname-internal", "rebind", "echo-headers"}
"""Behaviours that have tests of their own below."""


@dataclass(frozen=True)
class Row:
    id: str
    category: str
    expected: str
    text: str

    @property
    def name(self) -> str:
        return self.text.rpartition("/")[2]


def rows(name: str) -> list[Row]:
    path = CORPUS / name
    if not path.exists():
        return []
    found = []
    with path.open(encoding="utf-8", newline="") as file:
        for record in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            given = json.loads(record["input_json"])
            text = given if isinstance(given, str) else given["prefix"] + given["repeat"] * given["n"] + given.get("suffix", "")
            if record["where"] == "link":
                found.append(Row(record["id"], record.get("category") or "", record["expected"], text))
    return found


HOSTILE, BENIGN = rows("links.tsv"), rows("benign.tsv")
absent = pytest.mark.skipif(not HOSTILE, reason="the corpus of hostile inputs is not beside this checkout")


@pytest.fixture
def vault() -> Vault:
    return Vault(Path(), {key.upper().replace("-", "_"): key for key in KEYED.values()})


@pytest.fixture
def lanes(stand: Stand, vault: Vault, clock: Clock) -> Iterator[dict[str, Web]]:
    """One lane for each permitted origin, as the operator wrote them."""

    def resolve(host: str, port: int) -> list[str]:
        stand.resolved.append(host)
        return ["10.7.7.7"] if host == "erp.corp.example" else [PUBLIC_ADDRESS]

    def lane(origin: str, key: str) -> Web:
        auth = ApiKey(Secret({"env": key.upper().replace("-", "_")}, vault, key)) if key else None
        return stand.web(
            origin, auth=auth, resolve=resolve, private=origin == "https://erp.corp.example:8443", deadline=Deadline(60, clock)
        )

    made = {origin: lane(origin, key) for origin, key in KEYED.items()} | {OPEN: lane(OPEN, "")}
    yield made
    for web in made.values():
        web.close()


def follow(lanes: dict[str, Web], text: str) -> object:
    """What a connector for any address does: parse the cell, find the lane, fetch, read a figure."""
    link = links.parse(text)
    if link is None:
        return None
    origin = links.split(link.url).origin
    if origin not in lanes:
        raise errors.Refused("{origin} is not permitted.", origin=origin)
    document = lanes[origin].get_json(link.url)
    return values.figure(document.get("v")).value if isinstance(document, dict) else values.figure(document).value


def check_keys(stand: Stand) -> None:
    """Every key was seen at its own origin only, and only reading requests were made."""
    for seen in stand.seen:
        everything = repr((seen.target, seen.headers, seen.body))
        for origin, key in KEYED.items():
            assert (key in everything) is (origin == "https://" + seen.host)
        assert seen.method == "GET"


def check_sentence(error: errors.LinkError) -> None:
    assert "canary" not in str(error) + error.advice
    if not isinstance(error, errors.UnknownLink):  # a parser's complaint may repeat the cell, which the reader shortens
        assert len(str(error)) <= 200
        assert str(error).isprintable()


@absent
@pytest.mark.parametrize("row", [row for row in HOSTILE if row.category in SHUT], ids=lambda row: row.id)
def test_a_hostile_link_opens_no_connection(stand: Stand, lanes: dict[str, Web], row: Row) -> None:
    with pytest.raises(errors.LinkError) as caught:
        follow(lanes, row.text)
    check_sentence(caught.value)
    for web in lanes.values():  # and should a connector ever pass a cell on as it is
        with pytest.raises(errors.LinkError) as caught:
            web.get(row.text)
        check_sentence(caught.value)
    assert (stand.dialled, stand.resolved, stand.seen) == ([], [], [])


@absent
@pytest.mark.parametrize("row", [row for row in HOSTILE if row.category == "confused-deputy"], ids=lambda row: row.id)
def test_a_confused_deputy_stays_in_his_own_house(stand: Stand, lanes: dict[str, Web], row: Row) -> None:
    """Which page may be asked is the connector's to say; the door keeps it on its host, as written, and reading."""
    try:
        follow(lanes, row.text)
    except errors.LinkError as error:
        check_sentence(error)
    check_keys(stand)
    asked = [seen.host for seen in stand.seen]
    climbs = any(mark in row.text for mark in ("..", "%2e", ".com//"))
    assert asked == ([] if climbs else [links.split(row.text).host])


@absent
@pytest.mark.parametrize("row", BENIGN, ids=lambda row: row.id)
def test_a_benign_link_arrives(stand: Stand, lanes: dict[str, Web], row: Row) -> None:
    if row.expected == "IGNORE":
        assert follow(lanes, row.text) is None
        return
    link = links.parse(row.text)
    assert link is not None
    address = links.split(link.url)
    stand.answer(address.path, {"v": 7})
    assert follow(lanes, row.text) == 7
    assert [seen.query for seen in stand.seen] == [address.query]
    assert {f"https://{seen.host}" for seen in stand.seen} == {address.origin}
    check_keys(stand)


# --- what the open server may do ---------------------------------------------------------------------------------------


def zip_bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 20_000_000)
    return packed.getvalue()


def endless() -> Iterator[bytes]:
    while True:
        yield b" " * 65_536


def echo(seen: Seen) -> Answer:
    return Answer.of({"v": 1, "headers": dict(seen.headers)})


def behaviours(clock: Clock) -> dict[str, tuple[Answer, type[errors.LinkError]]]:
    def drops() -> Iterator[bytes]:
        while True:
            clock.now += 0.5
            yield b" "

    def to(status: int, location: str) -> Answer:
        return Answer(status, headers={"Location": location})

    return {
        "301-metadata": (to(301, "http://169.254.169.254/"), errors.Refused),
        "302-evil": (to(302, "https://evil.test/"), errors.Refused),
        "302-file": (to(302, "file:///etc/passwd"), errors.Refused),
        "307-same-host-http": (to(307, "http://data.example.org/"), errors.Refused),
        "308-loop": (to(308, "/_h/308-loop"), errors.Refused),
        "401-echo": (Answer(401, body=b"your token is canary-erp"), errors.BadCredentials),
        "429-neg": (Answer(429, headers={"Retry-After": "-5"}), errors.RateLimited),
        "429-year": (Answer(429, headers={"Retry-After": "31536000"}), errors.RateLimited),
        "big-10g": (Answer(body=endless, framing="chunked"), errors.UnexpectedReply),
        "content-length-lie": (Answer(body=b"{", length=10**12, ending="stall"), errors.UnexpectedReply),
        "json-bom-utf16": (Answer(body='{"v":1}'.encode("utf-16")), errors.UnexpectedReply),
        "json-depth-100k": (Answer(body=b"[" * 100_000), errors.UnexpectedReply),
        "json-digits-1m": (Answer(body=b'{"v":' + b"9" * 1_000_000 + b"}"), errors.UnexpectedReply),
        "json-dup-keys": (Answer(body=b'{"v":1,"v":999}'), errors.UnexpectedReply),
        "json-string-formula": (Answer(body=b'{"v":"=HYPERLINK(\\"http://evil.test\\",1)"}'), errors.UnexpectedReply),
        "meta-refresh": (Answer(body=b"<meta http-equiv=refresh content='0;url=http://evil.test/'>"), errors.UnexpectedReply),
        "slow-body": (Answer(body=drops, framing="chunked"), errors.Unavailable),
        "xlsx-zip-bomb": (Answer(body=zip_bomb()), errors.UnexpectedReply),
        "xml-xxe": (
            Answer(body=b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]><x>&e;</x>'), errors.UnexpectedReply,
        ),
    }  # fmt: skip


@absent
@pytest.mark.parametrize(
    "row",
    [row for row in HOSTILE if row.category == "server-behaviour" and row.name not in APART],
    ids=lambda row: row.name,
)
def test_a_hostile_server_gets_nowhere(stand: Stand, lanes: dict[str, Web], clock: Clock, row: Row) -> None:
    answer, kind = behaviours(clock)[row.name]
    stand.answer("/_h/" + row.name, answer)
    with pytest.raises(errors.LinkError) as caught:
        follow(lanes, row.text)
    assert type(caught.value) is kind
    check_sentence(caught.value)
    if isinstance(caught.value, errors.RateLimited):
        assert caught.value.wait is None or caught.value.wait <= 3_600
    assert stand.dialled == [(PUBLIC_ADDRESS, 443)]
    assert len(stand.seen) == 1
    check_keys(stand)
    stand.answer("/kpi.json", {"v": 5})
    if not isinstance(caught.value, errors.Unavailable) or row.name != "slow-body":  # that one used up this run's time
        assert follow(lanes, OPEN + "/kpi.json") == 5


def test_an_open_server_sees_no_key(stand: Stand, lanes: dict[str, Web]) -> None:
    stand.answer("/_h/echo-headers", echo)
    assert "canary" not in repr(lanes[OPEN].get_json(OPEN + "/_h/echo-headers"))


@pytest.mark.parametrize("answers", [[["10.0.0.8"]], [["127.0.0.1"]], [[PUBLIC_ADDRESS, "10.0.0.8"]], [["::ffff:10.0.0.8"]]])
def test_a_name_that_leads_inside(stand: Stand, answers: list[list[str]]) -> None:
    replies = iter(answers)
    with stand.web(OPEN, resolve=lambda host, port: next(replies)) as web, pytest.raises(errors.Refused):
        web.get(OPEN + "/_h/cname-internal")
    assert stand.dialled == []


def test_a_name_that_is_rebound_between_check_and_connect(stand: Stand) -> None:
    stand.answer("/_h/rebind", {"v": 1})
    replies = iter([[PUBLIC_ADDRESS], ["127.0.0.1"]])
    with stand.web(OPEN, resolve=lambda host, port: next(replies)) as web:
        assert web.get_json(OPEN + "/_h/rebind") == {"v": 1}
    assert stand.dialled == [(PUBLIC_ADDRESS, 443)]
    assert next(replies) == ["127.0.0.1"]
