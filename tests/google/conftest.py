"""A stand-in for a test, and after the test its whole traffic held to Google's discovery documents where they are here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest

from sheetsync.testing import FakeGoogle
from tests.google.discovery import FOLDER, Discovery
from tests.google.wire import Wire

PLAN = {
    "Plan": {
        (1, 1): "Key result",
        (1, 2): "Result",
        (2, 1): "Visits",
        (2, 2): 30,
        (3, 1): "Leads",
        (3, 2): 10,
        (4, 1): "Churn",
        (4, 2): 20,
    }
}


@cache
def documents() -> Discovery | None:
    return Discovery.load() if (FOLDER / "sheets.v4.json").exists() else None


@pytest.fixture
def now() -> list[float]:
    """The seconds that the stand-in goes by; a test turns them forward."""
    return [1_800_000_000.0]


@pytest.fixture
def make(now: list[float]) -> Iterator[Callable[..., FakeGoogle]]:
    """Makes stand-ins; what they answered must be valid, whatever was asked."""
    made: list[FakeGoogle] = []

    def fake(**rest: Any) -> FakeGoogle:
        made.append(FakeGoogle(clock=lambda: now[0], **rest))
        return made[-1]

    yield fake
    for google in made:
        google.close()
    held = documents()
    findings = [one for google in made for one in held.findings(google.calls)] if held is not None else []
    assert findings == []


@pytest.fixture
def google(make: Callable[..., FakeGoogle]) -> FakeGoogle:
    return make()


@pytest.fixture
def wire(google: FakeGoogle) -> Wire:
    """A client of a small plan."""
    return Wire(google, google.seed("OKR", PLAN))
