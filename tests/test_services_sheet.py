"""One workbook with rows of every service, filled by one run: each service is a stand-in of its own, reached by its real name."""

from __future__ import annotations

import importlib
import ssl
import typing
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import httpcore2
import pytest

from sheetsync import links
from sheetsync.app import App, Edges, Wishes
from sheetsync.config import Config, WorkbookConfig
from sheetsync.secrets import Secret
from sheetsync.testing import ConnectorContract, Stand, account_of
from tests.conftest import results, write_plan

TESTS = Path(__file__).with_name("connectors")


CALLS = {
    "bigquery": (2, 2), "dynamics": (6, 3), "ga4": (2, 2), "hubspot": (3, 3), "mailchimp": (4, 2), "pipedrive": (3, 3),
    "powerbi": (3, 3), "salesforce": (3, 3), "sap": (3, 2), "surveymonkey": (2, 2), "tita": (2, 2),
}  # fmt: skip
"""Service -> calls for two rows, signing in aside: in the first run, and in the next, which knows what never changes.

More than a row's own call are: whose account the key is of (HubSpot, Pipedrive: one for all rows), ids of the API behind those
of pages (Mailchimp), the model behind a report (Power BI), what a view asks for (Dynamics, Salesforce), names and types of fields
(Dynamics, SAP: kept).
"""


def contracts() -> Iterator[type[ConnectorContract]]:
    """The contract test of every connector: it knows a link, what must come of it, and how its service answers."""
    for path in sorted(TESTS.glob("test_*.py")):
        module = importlib.import_module(f"tests.connectors.{path.stem}")
        for thing in vars(module).values():
            if isinstance(thing, type) and issubclass(thing, ConnectorContract) and thing is not ConnectorContract:
                yield thing


class Town:
    """Every service at its own address; the last step of each connection leads to its stand-in."""

    def __init__(self) -> None:
        self.stands: dict[str, Stand] = {}
        self.addresses: dict[str, str] = {}

    def settle(self, host: str, stand: Stand) -> None:
        address = f"93.184.{len(self.addresses) // 250}.{len(self.addresses) % 250 + 1}"
        self.addresses[host] = address
        self.stands[address] = stand

    def resolve(self, host: str, _port: int) -> list[str]:
        return [self.addresses[host]]

    @property
    def web(self) -> dict[str, Any]:
        return {"resolve": self.resolve, "network": _Roads(self), "tls": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)}


class _Roads(httpcore2.NetworkBackend):
    def __init__(self, town: Town) -> None:
        self._town = town

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None, socket_options: Any = None
    ) -> httpcore2.NetworkStream:
        return self._town.stands[host].network.connect_tcp(host, port, timeout, local_address, socket_options)


class Case:
    """One service: its account as the configuration has it, and its stand-in, scripted."""

    def __init__(self, contract: type[ConnectorContract], town: Town) -> None:
        self.contract, self.stand = contract, Stand()
        kind = contract.connector
        self.name = kind.name()
        hints = typing.get_type_hints(kind.settings_type)
        self.environ: dict[str, str] = {}
        self.account: dict[str, Any] = {}
        for field in fields(kind.settings_type):
            if field.name not in contract.settings:
                continue
            value = contract.settings[field.name]
            if Secret in (hints[field.name], *typing.get_args(hints[field.name])) and isinstance(value, str):
                variable = f"{self.name}_{field.name}".upper()
                self.environ[variable], value = value, {"env": variable}
            self.account[field.name] = value
        account = account_of(kind, contract.settings)
        contract().script(self.stand)
        for host in {links.split(origin).host for origin in (*account.origins(), *getattr(account.auth(), "origins", ()))}:
            if host in town.addresses:  # a sign-in that two services share
                shared = town.stands[town.addresses[host]]
                contract().script(shared)
                shared.answer(contract.main, contract().answer_of(contract.document), method=contract.method)
            else:
                town.settle(host, self.stand)
        self.stand.answer(contract.main, contract().answer_of(contract.document), method=contract.method)

    def calls(self) -> int:
        """What this service was asked so far, signing in aside."""
        return sum("token" not in seen.path.casefold() for seen in self.stand.seen)


def streets() -> list[list[type[ConnectorContract]]]:
    """The services, apart where two of them live at one host: a stand-in gives one answer to a question, whoever asks."""
    found: list[tuple[set[str], list[type[ConnectorContract]]]] = []
    for contract in contracts():
        own = {links.split(origin).host for origin in account_of(contract.connector, contract.settings).origins()}
        street = next((street for street in found if not street[0] & own), None)
        if street is None:
            street = (set(), [])
            found.append(street)
        street[0].update(own)
        street[1].append(contract)
    return [living for _, living in found]


@pytest.fixture(params=[0, 1])
def town(request: pytest.FixtureRequest) -> Iterator[tuple[Town, list[Case]]]:
    place, all_of_them = Town(), streets()
    assert len(all_of_them) == 2
    cases = [Case(contract, place) for contract in all_of_them[request.param]]
    yield place, cases
    for case in cases:
        case.stand.close()


def test_nearly_all_services_share_one_workbook() -> None:
    most, *rest = streets()
    assert len(most) >= 20
    assert sum(map(len, rest)) <= 3


def test_one_run_fills_a_workbook_of_all_services(town: tuple[Town, list[Case]], tmp_path: Path, own_state: Path) -> None:
    place, cases = town
    rows = []
    for case in cases:
        for text in (case.contract.link, case.contract.other):
            rows.append((case.name, "O1 Grow", f"KR {len(rows)}", "number", 0, 10**9, None, text, None, None, None, None))
    book = write_plan(tmp_path / "okr.xlsx", rows)
    config = Config(None, tmp_path, timezone="UTC", accounts={case.name: {"default": case.account} for case in cases})
    environ = {name: value for case in cases for name, value in case.environ.items()} | {"SHEETSYNC_STATE": str(own_state)}
    with App(config, Edges(environ=environ, web=place.web)) as app:
        first = app.run(WorkbookConfig(path=str(book)), Wishes())
        assert first.error is None
        said = {(row.group, row.link): row for row in first.rows}
        asked = sum(len(case.stand.seen) for case in cases)
        assert first.requests == asked
        assert {case.name: case.calls() for case in cases if case.name in CALLS} == {
            case.name: CALLS[case.name][0] for case in cases if case.name in CALLS
        }
        for case in cases:
            row = said[case.name, case.contract.link]
            assert row.state == "fresh", (case.name, row.message)
            factor = 100 if case.contract.unit == "%" else 1
            assert row.new == pytest.approx(float(case.contract.value) * factor), case.name
        silent = [
            (case.name, said[case.name, case.contract.other].message)
            for case in cases
            if said[case.name, case.contract.other].state != "fresh"
        ]
        assert silent == []
        before = book.read_bytes()
        second = app.run(WorkbookConfig(path=str(book)), Wishes())
        assert second.planned == (), [row for row in second.rows if row.state != "unchanged"]
        assert book.read_bytes() == before
        again = sum(len(case.stand.seen) for case in cases) - asked
        assert {case.name: case.calls() for case in cases if case.name in CALLS} == {
            case.name: sum(CALLS[case.name]) for case in cases if case.name in CALLS
        }
        assert again <= asked  # look-ups are kept, so the second run never costs more
    assert results(book)[0] is not None


def test_each_key_is_seen_by_its_own_service_only(town: tuple[Town, list[Case]], tmp_path: Path, own_state: Path) -> None:
    place, cases = town
    rows = [
        (case.name, "O1 Grow", f"KR {n}", "number", 0, 9, None, case.contract.link, None, None, None, None)
        for n, case in enumerate(cases)
    ]
    book = write_plan(tmp_path / "okr.xlsx", rows)
    config = Config(None, tmp_path, timezone="UTC", accounts={case.name: {"default": case.account} for case in cases})
    environ = {name: value for case in cases for name, value in case.environ.items()} | {"SHEETSYNC_STATE": str(own_state)}
    with App(config, Edges(environ=environ, web=place.web)) as app:
        app.run(WorkbookConfig(path=str(book)), Wishes())
    sources = {
        case.name: Path(importlib.import_module(case.contract.__module__).__file__ or "").read_text("utf-8") for case in cases
    }
    secrets = {
        value
        for case in cases
        for value in case.environ.values()
        if len(value) >= 12
        and "-----BEGIN" not in value
        and not any(value in text for name, text in sources.items() if name != case.name)
    }
    assert secrets
    for case in cases:
        own = set(case.environ.values())
        for seen in case.stand.seen:
            if "token" in seen.path:  # a sign-in that two services share may see both
                continue
            whole = repr(sorted(seen.headers.items())) + seen.target + seen.body.decode(errors="replace")
            assert not [secret for secret in secrets - own if secret in whole], case.name
    kept = [path.read_bytes() for path in own_state.rglob("*") if path.is_file()] + [book.read_bytes()]
    assert not [secret for secret in secrets for data in kept if secret.encode() in data]
