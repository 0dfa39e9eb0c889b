"""What a link means, asked before anything is connected: placeholders, roll-ups in any case, a service that is not there."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Done

Command = Callable[..., Done]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sheetsync.toml").write_text('[connectors.file.default]\nfolders = ["data"]\n', encoding="utf-8")


def test_a_link_with_placeholders_is_understood(command: Command) -> None:
    done = command("explain", "file:data/{today}.csv#count&where=date:{period.start}..{period.end}", "--json")
    assert (done.code, done.json["state"]) == (0, "ok"), done.out
    assert re.fullmatch(r"file/data/\d{4}-\d\d-\d\d\.csv", done.json["resource"])
    assert re.fullmatch(r"count&where=date:(\d{4}-\d\d)-01\.\.\1-(28|29|30|31)", done.json["metric"])


def test_a_placeholder_that_is_none_is_named(command: Command) -> None:
    done = command("explain", "file:data/leads.csv#count&where=date:{period.begin}..{today}", "--json")
    assert done.code == 1
    assert "{period.begin}" in done.json["message"]


@pytest.mark.parametrize("link", ["manual:", "MANUAL:", "rollup:sum", "Rollup:Sum"])
def test_what_a_row_takes_from_inside_the_plan_is_known_in_any_case(command: Command, link: str) -> None:
    done = command("explain", link, "--json")
    assert (done.code, done.json["connector"]) == (0, link.partition(":")[0].casefold())


@pytest.mark.parametrize("name", ["mailchimp", "nobody"])
def test_doctor_does_not_call_well_what_it_did_not_try(command: Command, name: str) -> None:
    done = command("doctor", name)
    assert done.code == 2
    assert name in done.err
    assert command("doctor", "file").code == 0
