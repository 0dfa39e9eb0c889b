"""What the tests of the network room share: a stand-in server and a clock that only a test moves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sheetsync._testing.server import Stand


@pytest.fixture
def stand() -> Iterator[Stand]:
    with Stand() as server:
        yield server


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()
