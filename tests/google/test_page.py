"""docs/google-stand-in.md says what there is, and its example runs."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import get_args

from sheetsync._testing.google.errors import Fault
from sheetsync._testing.google.human import Sheet
from sheetsync.testing import FakeGoogle, Switches
from tests.google.test_contract import CONTRACTS, MUTANTS

PAGE = (Path(__file__).parents[2] / "docs" / "google-stand-in.md").read_text("utf-8")


def test_every_switch_and_every_fault_is_told() -> None:
    told = re.findall(r"^\| `([a-z_]+)` \|", PAGE, re.MULTILINE)
    assert told == [one.name for one in fields(Switches)]
    assert [fault for fault in get_args(Fault) if f"`{fault}`" not in PAGE] == []


def test_what_is_told_is_there() -> None:
    assert [name for name in re.findall(r"`google\.([a-z_]+)", PAGE) if not hasattr(FakeGoogle, name) and name != "url"] == []
    (row,) = [line for line in PAGE.splitlines() if line.startswith("| what people do")]
    assert [name for name in re.findall(r"`([a-z_]+)`", row) if not hasattr(Sheet, name)] == []
    assert f"{len(CONTRACTS)} contracts, {len(MUTANTS)} faults" in PAGE


def test_the_example_runs() -> None:
    (code,) = re.findall(r"<!-- file: test_mine\.py -->\n```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(code, "test_mine.py", "exec"), names)
    names["test_an_anchored_write_finds_its_row"]()  # type: ignore[operator]
