"""A stand-in for a test of the product; afterwards all that the product sent is held to Google's discovery documents."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sheetsync.testing import NO_LIMITS, FakeGoogle, Switches
from tests.google.conftest import documents


@pytest.fixture
def google(request: pytest.FixtureRequest) -> Iterator[FakeGoogle]:
    """Parametrised with `Switches` where a test is to pass with several."""
    with FakeGoogle(limits=NO_LIMITS, switches=getattr(request, "param", Switches())) as stand_in:
        yield stand_in
        held = documents()
        assert held is None or held.findings(stand_in.calls) == []
