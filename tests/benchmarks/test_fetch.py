"""1,000 links on 20 resources over loopback: how many requests, and how much longer than the longest lane must take.

pytest -m benchmark -s tests/benchmarks/test_fetch.py
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from typing import Any

import pytest

from sheetsync.connectors.http import Http
from sheetsync.fetch import Fetched
from sheetsync.testing import Answer, Seen, Stand, account_of, run_links
from sheetsync.web.http import Deadline, Web

LINKS, RESOURCES, LANES = 1_000, 20, 4
ANSWER_SECONDS = 0.5


class _Real:
    """The clocks of a run in earnest."""

    def __init__(self) -> None:
        from sheetsync.fetch import Time

        self.time = Time()


@pytest.mark.benchmark
def test_a_thousand_links_on_twenty_resources(capsys: pytest.CaptureFixture[str]) -> None:
    def slow(seen: Seen) -> Answer:
        time.sleep(ANSWER_SECONDS)
        return Answer.of({"n": list(range(LINKS // RESOURCES))})

    each = RESOURCES // LANES
    floor = math.ceil(each / Http.limits.concurrency) * ANSWER_SECONDS
    walls, requests = [], []
    for _ in range(5):
        stands = [Stand() for _ in range(LANES)]
        try:
            accounts = []
            texts = []
            for number, stand in enumerate(stands):
                origin = f"http://127.0.0.1:{stand.port}"
                accounts.append(account_of(Http, {"origin": origin, "paths": ("/**",)}, name=f"lane{number}"))
                for resource in range(each):
                    stand.answer(f"/{resource}.json", slow)
                    texts += [f"{origin}/{resource}.json#$.n[{index}]" for index in range(LINKS // RESOURCES)]
            began = time.perf_counter()
            outcomes, fetched = _run(accounts, texts)
            walls.append(time.perf_counter() - began)
            requests.append(fetched.requests)
            assert len(outcomes) == LINKS
        finally:
            for stand in stands:
                stand.close()
    wall = statistics.median(walls)
    with capsys.disabled():
        print(f"\n{LINKS} links on {RESOURCES} resources in {LANES} lanes: {requests[0]} requests, wall {wall:.3f} s, "
              f"floor of the longest lane {floor:.3f} s, ratio {wall / floor:.2f}")  # fmt: skip
    assert set(requests) == {RESOURCES}
    assert wall <= 1.3 * floor


def _run(accounts: list[Any], texts: list[str]) -> tuple[dict[str, Any], Fetched]:
    deadline = Deadline(60)

    def door(connector: Any, pace: Callable[[], None]) -> Web:
        return Web(origins=connector.origins(), auth=connector.auth(), refine=connector.refine, deadline=deadline, pace=pace)

    return run_links(accounts, texts, open_door=door, clock=_Real(), deadline=deadline)  # type: ignore[arg-type]
