"""The engine: lanes, coalescing, pace, tries, stop and breaker, on virtual time."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sheetsync.connectors.base import Connector, Limits, LinkPattern, Metric, Settings
from sheetsync.connectors.registry import Registry
from sheetsync.errors import (
    BadCredentials,
    ConfigError,
    LinkError,
    NotConnected,
    NotFound,
    NotReady,
    RateLimited,
    Refused,
    Unavailable,
    UnexpectedReply,
    UnknownLink,
)
from sheetsync.fetch import BREAKER_FAILURES, Fetch, Fetched
from sheetsync.model import Link, Outcome, Query, Reading, Resource
from sheetsync.secrets import Vault
from sheetsync.testing import LaneMemory, LookupMemory, VirtualTime
from sheetsync.texts import Sentence, sentence

Answers = Callable[[Resource], Any]


class Bell(Connector[Settings]):
    """A service that counts how often somebody rings."""

    title = "Bell"
    links = (LinkPattern("thing", r"bell\.example", r"/(?P<id>\w+)"),)
    metrics: ClassVar[Mapping[str, tuple[Metric, ...]]] = {"thing": (Metric("n", "", "n"), Metric("m", "", "m"))}
    answers: Answers = staticmethod(lambda _resource: {"n": 1, "m": 2})
    keyed = True

    def __init__(self, account: str = "main") -> None:
        super().__init__(account, Settings(), LookupMemory())
        self.calls: list[Resource] = []
        self.together = self.most_together = 0
        self.lock = threading.Lock()
        self.barrier: threading.Barrier | None = None

    @classmethod
    def name(cls) -> str:
        return "bell"

    def origins(self) -> Sequence[str]:
        return ("https://bell.example",)

    def auth(self) -> Any:
        return object() if self.keyed else None

    def fetch(self, resource: Resource, web: Any) -> Any:
        web.pace()
        with self.lock:
            self.calls.append(resource)
            self.together += 1
            self.most_together = max(self.most_together, self.together)
        try:
            if self.barrier is not None and len(self.calls) > 1:
                self.barrier.wait(5)
            answer = self.answers(resource)
        finally:
            with self.lock:
                self.together -= 1
        if isinstance(answer, BaseException):
            raise answer
        return answer


class Door:
    def __init__(self, pace: Callable[[], None]) -> None:
        self.requests = 0
        self._pace = pace

    def pace(self) -> None:
        self._pace()
        self.requests += 1

    def close(self) -> None:
        """Nothing is open."""


def fetch_with(
    *bells: Bell, clock: VirtualTime | None = None, store: LaneMemory | None = None, seconds: float = 300, **rest: Any
) -> Fetch:
    clock = clock or VirtualTime()
    end = clock.time.monotonic() + seconds
    registry = Registry([type(bells[0])], {"bell": {bell.account: bell for bell in bells}})
    return Fetch(
        registry,
        lambda _connector, pace: Door(pace),
        remaining=lambda: end - clock.time.monotonic(),
        time=clock.time,
        store=store,
        **rest,
    )


def link(name: str, **options: str) -> Link:
    return Link(f"https://bell.example/{name}", tuple(sorted(options.items())))


def some(count: int) -> list[Link]:
    return [link(f"t{number}") for number in range(count)]


def scripted(*answers: Any) -> Answers:
    rest = list(answers)
    return lambda _resource: rest.pop(0) if len(rest) > 1 else rest[0]


def test_links_on_one_download_share_it() -> None:
    bell = Bell()
    found = fetch_with(bell)([link("a"), link("a", metric="m"), link("a", metric="n"), link("b")])
    assert len(bell.calls) == 2
    assert found.requests == 2
    assert found.outcomes[link("a", metric="m")].value == 2  # type: ignore[union-attr]
    assert found.connectors[link("b")] == "bell"


def test_every_reading_says_where_it_came_from() -> None:
    (outcome,) = fetch_with(Bell())([link("a")]).outcomes.values()
    assert isinstance(outcome, Reading)
    assert "Bell" in outcome.source
    assert "main" in outcome.source


@given(st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_the_order_of_rows_never_matters(seed: int) -> None:
    def answer(resource: Resource) -> Any:
        number = int(resource.id[1:])
        return NotFound("gone") if number % 5 == 0 else {"n": number, "m": -number}

    rows = [link(f"t{number}", metric=metric) for number in range(12) for metric in ("n", "m")]
    mixed = random.Random(seed).sample(rows, len(rows))
    found: list[Fetched] = []
    for order in (rows, mixed):
        bell = Bell()
        bell.answers = answer  # type: ignore[method-assign]
        found.append(fetch_with(bell)(order))
    said = [
        {one: str(outcome) for one, outcome in sorted(fetched.outcomes.items(), key=lambda pair: str(pair[0]))}
        for fetched in found
    ]
    assert said[0] == said[1]
    assert found[0].requests == found[1].requests == 12


def test_a_link_that_nobody_knows_fails_alone() -> None:
    strange = Link("https://elsewhere.example/x")
    outcomes = fetch_with(Bell())([link("a"), strange]).outcomes
    assert isinstance(outcomes[strange], UnknownLink | Refused)
    assert isinstance(outcomes[link("a")], Reading)


def test_what_the_workbook_may_not_ask_for_is_refused_before_any_call() -> None:
    bell = Bell()
    outcomes = fetch_with(bell)([link("a"), link("payroll")], allow=["bell/main/thing/a"]).outcomes
    assert isinstance(outcomes[link("payroll")], Refused)
    assert [call.id for call in bell.calls] == ["a"]


def test_an_outage_is_tried_three_times_with_growing_pauses() -> None:
    bell, clock = Bell(), VirtualTime()
    bell.answers = scripted(Unavailable("down"))  # type: ignore[method-assign]
    outcomes = fetch_with(bell, clock=clock)([link("a")]).outcomes
    assert isinstance(outcomes[link("a")], Unavailable)
    assert len(bell.calls) == 3
    assert [round(pause, 3) for pause in clock.slept if pause] == [0.25, 0.5]  # one half of 0.5 s and 1 s


def test_what_is_not_ready_is_not_tried_again() -> None:
    bell = Bell()
    bell.answers = scripted(NotReady("tomorrow"))  # type: ignore[method-assign]
    fetch_with(bell)([link("a")])
    assert len(bell.calls) == 1


def test_a_wrong_key_is_shown_once_whatever_the_concurrency() -> None:
    bell = Bell()
    bell.limits = Limits(concurrency=8)  # type: ignore[misc]
    bell.answers = scripted(BadCredentials("no"))  # type: ignore[method-assign]
    outcomes = fetch_with(bell)(some(20)).outcomes
    assert all(isinstance(outcome, BadCredentials) for outcome in outcomes.values())
    assert len(bell.calls) == 1


def test_a_wrong_key_stays_quiet_until_the_settings_change_or_six_hours_pass() -> None:
    bell, store, clock = Bell(), LaneMemory(), VirtualTime()
    bell.answers = scripted(BadCredentials("no"))  # type: ignore[method-assign]
    prints = ["one"]
    for _ in range(3):
        fetch_with(bell, store=store, clock=clock, fingerprint=lambda _c, _a: prints[0])([link("a")])
    assert len(bell.calls) == 1
    prints[0] = "two"
    fetch_with(bell, store=store, clock=clock, fingerprint=lambda _c, _a: prints[0])([link("a")])
    assert len(bell.calls) == 2
    clock.sleep(timedelta(hours=6, seconds=1).total_seconds())
    fetch_with(bell, store=store, clock=clock, fingerprint=lambda _c, _a: prints[0])([link("a")])
    assert len(bell.calls) == 3


def test_a_request_to_slow_down_pauses_the_whole_lane() -> None:
    bell, clock = Bell(), VirtualTime()
    moments: list[float] = []

    def answer(resource: Resource) -> Any:
        moments.append(clock.seconds)
        return RateLimited("slowly", wait=20.0) if len(moments) == 1 else {"n": 1}

    bell.answers = answer  # type: ignore[method-assign]
    outcomes = fetch_with(bell, clock=clock)(some(3)).outcomes
    assert all(isinstance(outcome, Reading) for outcome in outcomes.values())
    assert all(moment - moments[0] >= 20 for moment in moments[1:])


def test_a_pause_beyond_the_deadline_leaves_the_rest_for_the_next_run() -> None:
    bell, clock, store = Bell(), VirtualTime(), LaneMemory()
    bell.answers = scripted(RateLimited("slowly", wait=900.0))  # type: ignore[method-assign]
    outcomes = fetch_with(bell, clock=clock, store=store)(some(4)).outcomes
    assert all(isinstance(outcome, RateLimited) for outcome in outcomes.values())
    assert len(bell.calls) == 1
    assert not clock.slept
    fetch_with(bell, clock=clock, store=store)(some(4))
    assert len(bell.calls) == 1
    clock.sleep(901)
    fetch_with(bell, clock=clock, store=store)(some(4))
    assert len(bell.calls) == 2


def test_five_straight_failures_open_the_lane() -> None:
    bell = Bell()
    bell.limits = Limits(concurrency=1)  # type: ignore[misc]
    bell.answers = scripted(Unavailable("down"))  # type: ignore[method-assign]
    outcomes = fetch_with(bell)(some(50)).outcomes
    assert all(isinstance(outcome, Unavailable) for outcome in outcomes.values())
    assert len(bell.calls) == BREAKER_FAILURES


def test_an_outage_of_an_hour_costs_at_most_twenty_calls() -> None:
    bell, store, clock = Bell(), LaneMemory(), VirtualTime()
    bell.answers = scripted(Unavailable("down"))  # type: ignore[method-assign]
    begin = clock.seconds
    while clock.seconds - begin < 3600:
        fetch_with(bell, store=store, clock=clock)(some(10))
        clock.sleep(60)
    assert len(bell.calls) <= 20
    bell.answers = scripted({"n": 5})  # type: ignore[method-assign]
    clock.sleep(1800)
    outcomes = fetch_with(bell, store=store, clock=clock)(some(10)).outcomes
    assert all(isinstance(outcome, Reading) for outcome in outcomes.values())
    assert store.kept == {}


def test_a_dead_account_does_not_touch_another() -> None:
    dead, alive = Bell("dead"), Bell("alive")
    dead.answers = scripted(Unavailable("down"))  # type: ignore[method-assign]
    rows = [link(f"t{number}", account=account) for number in range(6) for account in ("dead", "alive")]
    outcomes = fetch_with(dead, alive)(rows).outcomes
    assert all(isinstance(outcomes[one], Reading) for one in rows if one.option("account") == "alive")
    assert all(isinstance(outcomes[one], Unavailable) for one in rows if one.option("account") == "dead")


def test_calls_of_a_lane_keep_to_its_rates() -> None:
    bell, clock = Bell(), VirtualTime()
    bell.limits = Limits(concurrency=1, rates=((2, 10.0),))  # type: ignore[misc]
    moments: list[float] = []
    bell.answers = lambda _resource: moments.append(clock.seconds) or {"n": 1}  # type: ignore[method-assign,func-returns-value]
    fetch_with(bell, clock=clock)(some(7))
    for moment in moments:
        assert sum(moment <= other < moment + 10 for other in moments) <= 2
    assert moments[-1] - moments[0] <= 31


def test_a_lane_runs_as_many_calls_at_once_as_it_may() -> None:
    bell = Bell()
    bell.keyed = False
    bell.limits = Limits(concurrency=3)  # type: ignore[misc]
    bell.barrier = threading.Barrier(3)
    outcomes = fetch_with(bell)(some(4)).outcomes  # the first passes the barrier alone, the others only together
    assert all(isinstance(outcome, Reading) for outcome in outcomes.values())
    assert bell.most_together == 3


def test_batches_ask_for_many_at_once() -> None:
    sizes: list[int] = []

    class Chime(Bell):
        limits = Limits(batch=5)

        def fetch_batch(self, resources: Sequence[Resource], web: Any) -> Mapping[Resource, Any]:
            web.pace()
            sizes.append(len(resources))
            return {one: NotFound("gone") if one.id == "t3" else {"n": 1} for one in resources}

    outcomes: Mapping[Link, Outcome] = fetch_with(Chime())(some(12)).outcomes
    assert sorted(sizes) == [2, 5, 5]
    assert isinstance(outcomes[link("t3")], NotFound)
    assert sum(isinstance(outcome, Reading) for outcome in outcomes.values()) == 11


def test_a_connectors_own_mistake_is_one_rows_failure(capsys: pytest.CaptureFixture[str]) -> None:
    bell = Bell()
    bell.answers = lambda resource: ZeroDivisionError("oops") if resource.id == "t1" else {"n": 1}  # type: ignore[method-assign]
    outcomes = fetch_with(bell)(some(3)).outcomes
    assert isinstance(outcomes[link("t1")], UnexpectedReply)
    assert "oops" not in str(outcomes[link("t1")])
    assert isinstance(outcomes[link("t0")], Reading)


def test_a_secret_that_is_not_there_fails_its_own_lane_only() -> None:
    class Keyless(Bell):
        def fetch(self, resource: Resource, web: Any) -> Any:
            raise ConfigError("The secret {where} is not set.", where="x")

    outcomes = fetch_with(Keyless())([link("a")]).outcomes
    assert isinstance(outcomes[link("a")], NotConnected)


def test_the_sheet_says_that_a_key_is_missing_and_not_where_it_is_kept() -> None:
    """Everybody who opens the workbook reads it; where secrets are is for whoever runs sheetsync, whom `doctor` tells."""

    class Keyless(Bell):
        def fetch(self, resource: Resource, web: Any) -> Any:
            Vault(Path("/"), environ={}).reveal({"env": "BELL_KEY"}, where="connectors.bell.default.token")

    outcome = fetch_with(Keyless())([link("a")]).outcomes[link("a")]
    assert isinstance(outcome, NotConnected)
    assert str(outcome) == "The key of the account main of Bell is missing."
    assert "`sheetsync doctor`" in outcome.advice
    assert "BELL_KEY" not in f"{outcome}{outcome.advice}"


def test_the_deadline_ends_the_waiting() -> None:
    bell, clock = Bell(), VirtualTime()

    def answer(_resource: Resource) -> Any:
        clock.sleep(100)
        return {"n": 1}

    bell.limits = Limits(concurrency=1)  # type: ignore[misc]
    bell.answers = answer  # type: ignore[method-assign]
    outcomes = fetch_with(bell, clock=clock, seconds=250)(some(6)).outcomes
    assert sum(isinstance(outcome, Reading) for outcome in outcomes.values()) == 3
    assert sum(isinstance(outcome, Unavailable) for outcome in outcomes.values()) == 3


def test_progress_counts_downloads_up_to_the_last() -> None:
    seen: list[tuple[int, int]] = []
    fetch_with(Bell(), report=lambda done, total: seen.append((done, total)))(some(5))
    assert seen == [(count, 5) for count in range(1, 6)]


def test_an_account_must_be_chosen_where_several_fit() -> None:
    outcomes = fetch_with(Bell("emea"), Bell("apac"))([link("a"), link("a", account="apac"), link("a", account="moon")]).outcomes
    assert isinstance(outcomes[link("a", account="apac")], Reading)
    assert "emea" in str(outcomes[link("a")])
    assert isinstance(outcomes[link("a", account="moon")], NotConnected)


def test_a_query_names_what_it_asks_for() -> None:
    registry = Registry([Bell], {"bell": {"main": Bell()}})
    assert registry.resolve(link("a")) == Query("bell", "main", Resource("thing", "a"), "n")
    with pytest.raises(LinkError):
        registry.resolve(link("a", metric="nothing"))
    assert registry.resolve(link("a", metric="m")).metric == "m"


def test_the_warning_of_an_account_stands_behind_each_of_its_figures() -> None:
    class Ending(Bell):
        def warning(self) -> Sentence | None:
            return sentence("The key ends on {day}.", day="2027-03-01")

        def read(self, document: Any, query: Query) -> Reading:
            reading = super().read(document, query)
            return replace(reading, warning=sentence("Look.")) if query.metric == "m" else reading

    found = fetch_with(Ending())([link("a"), link("a", metric="m")]).outcomes
    said = {one.value: str(one.warning.template) for one in found.values() if isinstance(one, Reading) and one.warning}
    assert said == {1: "The key ends on {day}.", 2: "Look."}
