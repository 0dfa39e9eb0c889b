"""Links go in, one outcome for each comes out: the engine that asks every service as little, and as gently, as it can.

    lane      one account of one connector; lanes run side by side, so a dead service delays nobody else
    coalesce  links that need the same download share it; where a service answers for many at once, they share a call
    pace      calls of a lane keep to its published rates, and all of them pause when the service says so
    tries     at most three, full jitter (random up to 0.5 s, 1 s, 2 s …), Retry-After honoured, never past the run's deadline
    stop      a wrong key stops its lane at once: nobody knocks twice
    breaker   five straight failures open a lane; then one probe after 1, 2, 4 … 30 minutes, remembered from run to run

The order of the links never matters, and a failure of one is not a failure of another.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

import structlog
from pyrate_limiter import InMemoryBucket, Rate, RateItem
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from sheetsync.connectors.base import Connector
from sheetsync.connectors.registry import Registry
from sheetsync.errors import (
    BadCredentials,
    ConfigError,
    LinkError,
    MissingSecret,
    NotConnected,
    NotReady,
    RateLimited,
    Unavailable,
    UnexpectedReply,
)
from sheetsync.model import LaneState, Link, Outcome, Query, Resource

TRIES: Final = 3
BACKOFF_BASE: Final = 0.5
BACKOFF_CAP: Final = 30.0
BREAKER_FAILURES: Final = 5
BREAKER_MINUTES: Final = (1, 2, 4, 8, 16, 30)
LOCKED_OUT: Final = timedelta(hours=6)
"""How long a lane with a wrong key stays quiet where the configuration does not change."""

BAD_KEY: Final = "bad key"
OUTAGE: Final = "outage"
SLOWED: Final = "slowed"


class LaneStore(Protocol):
    """Keeps the state of lanes from run to run."""

    def lane(self, connector: str, account: str) -> LaneState | None: ...

    def keep_lane(self, connector: str, account: str, state: LaneState | None) -> None: ...


class NoStore:
    """Forgets."""

    def lane(self, connector: str, account: str) -> LaneState | None:  # noqa: ARG002
        return None

    def keep_lane(self, connector: str, account: str, state: LaneState | None) -> None:
        """Nothing is kept."""


class Door(Protocol):
    """The network as a lane is handed it; only the count matters here."""

    @property
    def requests(self) -> int: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came of the links, and what it cost. `connectors` names the connector of every link that was understood."""

    outcomes: Mapping[Link, Outcome]
    connectors: Mapping[Link, str] = field(default_factory=dict)
    lag_days: Mapping[Link, int] = field(default_factory=dict)
    accounts: Mapping[Link, str] = field(default_factory=dict)
    requests: int = 0

    def joined(self, other: Fetched) -> Fetched:
        """Both; the other's where both know a link, and the other's cost."""
        return Fetched(
            {**self.outcomes, **other.outcomes}, {**self.connectors, **other.connectors}, {**self.lag_days, **other.lag_days},
            {**self.accounts, **other.accounts}, other.requests,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Time:
    """The clocks of a run, so that tests own them: monotonic seconds, a sleep, the wall clock, and a random share of 1."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    share: Callable[[], float] = random.random


class Fetch:
    """The engine of one run. Call it with links; `allow` are the workbook's patterns of what it may ask for."""

    def __init__(
        self,
        registry: Registry,
        open_door: Callable[[Connector[Any], Callable[[], None]], Door],
        *,
        remaining: Callable[[], float],
        time: Time | None = None,
        store: LaneStore | None = None,
        fingerprint: Callable[[str, str], str] = lambda _connector, _account: "",
        report: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> None:
        """`open_door(connector, pace)` gives a lane its network; `remaining()` is the run's time in seconds."""
        self._registry = registry
        self._open_door = open_door
        self._remaining = remaining
        self._time = time or Time()
        self._store = store or NoStore()
        self._fingerprint = fingerprint
        self._report = report

    def __call__(self, links: Collection[Link], allow: Sequence[str] = ("*",)) -> Fetched:
        outcomes: dict[Link, Outcome] = {}
        queries: dict[Link, Query] = {}
        connectors: dict[Link, str] = {}
        for link in sorted(set(links), key=str):
            try:
                queries[link] = self._registry.resolve(link, allow)
                connectors[link] = queries[link].connector
            except LinkError as error:
                outcomes[link] = error
        lanes: dict[tuple[str, str], dict[Resource, list[Link]]] = {}
        for link, query in queries.items():
            lanes.setdefault((query.connector, query.account), {}).setdefault(query.resource, []).append(link)
        progress = _Progress(sum(len(resources) for resources in lanes.values()), self._report)
        running = [self._lane(lane, resources, progress) for lane, resources in lanes.items()]
        if running:
            with ThreadPoolExecutor(len(running), thread_name_prefix="lane") as pool:
                for lane, documents in zip(running, pool.map(_Lane.run, running), strict=True):
                    for resource, document in documents.items():
                        for link in lane.resources[resource]:
                            outcomes[link] = lane.read(document, queries[link])
        accounts = {link: query.account for link, query in queries.items()}
        lags = {link: self._registry.connector(query).settings.lag_days for link, query in queries.items()}
        return Fetched(outcomes, connectors, lags, accounts, sum(lane.requests for lane in running))

    def _lane(self, lane: tuple[str, str], resources: dict[Resource, list[Link]], progress: _Progress) -> _Lane:
        name, account = lane
        connector = self._registry.accounts[name][account]
        state = self._store.lane(name, account)
        fingerprint = self._fingerprint(name, account)
        if state is not None and state.fingerprint != fingerprint:
            state = None
        return _Lane(
            connector=connector, account=account, resources=resources, open_door=self._open_door, remaining=self._remaining,
            time=self._time, state=state, progress=progress,
            keep=lambda kept: self._store.keep_lane(name, account, replace(kept, fingerprint=fingerprint) if kept else None),
        )  # fmt: skip


class _Progress:
    """Counts downloads that are done; called from every lane."""

    def __init__(self, total: int, report: Callable[[int, int], None]) -> None:
        self._total, self._report, self._done, self._lock = total, report, 0, threading.Lock()

    def step(self, count: int) -> None:
        with self._lock:
            self._done += count
            self._report(self._done, self._total)


class _Lane:
    """One account of one connector, for one run."""

    def __init__(
        self, *, connector: Connector[Any], account: str, resources: dict[Resource, list[Link]],
        open_door: Callable[[Connector[Any], Callable[[], None]], Door], remaining: Callable[[], float], time: Time,
        state: LaneState | None, progress: _Progress, keep: Callable[[LaneState | None], None],
    ) -> None:  # fmt: skip
        self.connector, self.account, self.resources = connector, account, resources
        self.requests = 0
        self._open_door, self._remaining, self._time, self._progress, self._keep = open_door, remaining, time, progress, keep
        self._state = state
        self._failures = state.failures if state and state.reason == OUTAGE else 0
        self._probing = bool(self._failures)
        self._stopped: LinkError | None = None
        self._paused_until = 0.0
        self._lock = threading.Lock()
        rates = [Rate(count, max(1, round(seconds * 1000))) for count, seconds in connector.limits.rates]
        self._bucket = InMemoryBucket(rates) if rates else None

    # --- the run

    def run(self) -> dict[Resource, Any]:
        """Every resource's document, or the LinkError instead. Never raises."""
        still_open = self._still_open()
        if still_open is not None:
            self._progress.step(len(self.resources))
            return dict.fromkeys(self.resources, still_open)
        batches = self._batches()
        try:
            door = self._open_door(self.connector, self._pace)
        except (LinkError, ConfigError) as error:
            self._progress.step(len(self.resources))
            return dict.fromkeys(self.resources, self._of_the_row(error))
        documents: dict[Resource, Any] = {}
        try:
            # The first call goes alone where a key is shown: were it wrong, the others would knock with it at the same time.
            alone = 1 if self._probing or self.connector.auth() is not None else 0
            for batch in batches[:alone]:
                documents |= self._fetch(batch, door)
            with ThreadPoolExecutor(max(1, self.connector.limits.concurrency), thread_name_prefix=self.connector.name()) as pool:
                for found in pool.map(lambda batch: self._fetch(batch, door), batches[alone:]):
                    documents |= found
        finally:
            self.requests += door.requests
            door.close()
        self._remember()
        return documents

    def read(self, document: Any, query: Query) -> Outcome:
        """One figure of a document. A connector's own mistake is this row's failure, not the run's."""
        if isinstance(document, LinkError):
            return document
        try:
            reading = self.connector.read(document, query)
            warning = reading.warning or self.connector.warning()
        except LinkError as error:
            return error
        except Exception:  # noqa: BLE001 - third parties write connectors; one row's failure stays one row's
            return self._blame(query.resource)
        source = reading.source or f"{self.connector.title} · {query.account} · {query.resource} · {query.metric}"
        return replace(reading, source=source, warning=warning)

    # --- one call

    def _batches(self) -> list[list[Resource]]:
        size = max(1, self.connector.limits.batch)
        by_kind: dict[str, list[Resource]] = {}
        for resource in sorted(self.resources, key=str):
            by_kind.setdefault(resource.kind, []).append(resource)
        return [found[start : start + size] for found in by_kind.values() for start in range(0, len(found), size)]

    def _fetch(self, batch: Sequence[Resource], door: Any) -> dict[Resource, Any]:
        try:
            return dict(self._tried(batch, door))
        except (LinkError, ConfigError) as error:
            return dict.fromkeys(batch, self._of_the_row(error))
        except Exception:  # noqa: BLE001 - as in `read`
            return dict.fromkeys(batch, self._blame(batch[0]))
        finally:
            self._progress.step(len(batch))

    def _of_the_row(self, error: LinkError | ConfigError) -> LinkError:
        """An account whose settings do not hold fails its own rows and no others. Where a secret is kept is not for the sheet."""
        if isinstance(error, LinkError):
            return error
        if isinstance(error, MissingSecret):
            return NotConnected(
                "The key of the account {account} of {service} is missing.", account=self.account, service=self.connector.title,
                advice="Ask the person who installed sheetsync to run `sheetsync doctor`, which says where it should be.",
            )  # fmt: skip
        return NotConnected(error.template, advice=error.advice or None, **error.params)

    def _tried(self, batch: Sequence[Resource], door: Any) -> Mapping[Resource, Any]:
        tries = Retrying(
            stop=lambda state: stop_after_attempt(1 if self._probing else TRIES)(state) or self._too_late(state),
            wait=self._wait, retry=retry_if_exception(_worth_another_try), sleep=self._time.sleep, reraise=True,
        )  # fmt: skip
        return tries(self._once, batch, door)

    def _once(self, batch: Sequence[Resource], door: Any) -> Mapping[Resource, Any]:
        with self._lock:
            if self._stopped is not None:
                raise self._stopped
        if self._remaining() <= 0:
            raise Unavailable("The time for this run was over before this row's turn came.")
        try:
            if self.connector.local:
                with self._lock:
                    self.requests += 1
            found: Mapping[Resource, Any] = (
                self.connector.fetch_batch(batch, door)
                if self.connector.limits.batch > 1
                else {batch[0]: self.connector.fetch(batch[0], door)}
            )
        except LinkError as error:
            self._failed(error)
            raise
        with self._lock:
            self._failures, self._probing = 0, False
        return found

    def _failed(self, error: LinkError) -> None:
        with self._lock:
            if isinstance(error, BadCredentials):
                self._stopped = error
            elif isinstance(error, Unavailable) and not isinstance(error, NotReady):
                if isinstance(error, RateLimited) and error.wait is not None:
                    self._paused_until = max(self._paused_until, self._time.monotonic() + error.wait)
                    if error.wait >= self._remaining():
                        self._stopped = error
                else:
                    self._failures += 1
                    if self._probing or self._failures >= BREAKER_FAILURES:
                        self._stopped = error
            else:  # the service answered, so it is up
                self._failures, self._probing = 0, False

    # --- time

    def _pace(self) -> None:
        """Called before each request on the wire: waits for the lane's pause and rates. Raises RateLimited past the deadline."""
        while True:
            with self._lock:
                if self._stopped is not None:
                    raise self._stopped
                wait = self._paused_until - self._time.monotonic()
                if wait <= 0:
                    wait = self._take_turn()
            if wait <= 0:
                return
            if wait >= self._remaining():
                raise RateLimited(
                    "{service} allows no more calls within this run's time.", wait=wait, service=self.connector.title
                )
            self._time.sleep(wait)

    def _take_turn(self) -> float:
        """0 when the call may go out now, else the seconds to wait."""
        if self._bucket is None:
            return 0.0
        moment = round(self._time.monotonic() * 1000)
        self._bucket.leak(moment)
        item = RateItem(self.connector.name(), moment)
        if self._bucket.put(item):
            return 0.0
        waiting = self._bucket.waiting(item)
        return max(0.001, float(waiting) / 1000) if isinstance(waiting, int) else 0.001

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, RateLimited) and error.wait is not None:
            return 0.0  # the whole lane pauses, in `_pace`
        return self._time.share() * min(BACKOFF_CAP, BACKOFF_BASE * 2.0 ** (state.attempt_number - 1))

    def _too_late(self, state: RetryCallState) -> bool:
        return self._stopped is not None or self._remaining() <= self._wait(state)

    # --- between runs

    def _still_open(self) -> LinkError | None:
        state = self._state
        if state is None or state.open_until is None or self._time.now() >= state.open_until:
            return None
        if state.reason == BAD_KEY:
            return BadCredentials(
                "{service} refused the key of the account {account}.",
                service=self.connector.title,
                account=self.connector.account,
            )
        return Unavailable(
            "{service} has not answered for a while; it is asked again after {time}.",
            service=self.connector.title,
            time=state.open_until,
        )

    def _remember(self) -> None:
        if isinstance(self._stopped, BadCredentials):
            self._keep(LaneState(0, self._time.now() + LOCKED_OUT, BAD_KEY))
        elif isinstance(self._stopped, RateLimited) and self._stopped.wait is not None:
            self._keep(LaneState(0, self._time.now() + timedelta(seconds=self._stopped.wait), SLOWED))
        elif self._failures >= BREAKER_FAILURES:
            minutes = BREAKER_MINUTES[min(self._failures - BREAKER_FAILURES, len(BREAKER_MINUTES) - 1)]
            self._keep(LaneState(self._failures, self._time.now() + timedelta(minutes=minutes), OUTAGE))
        elif self._state is not None:
            self._keep(None)

    def _blame(self, resource: Resource) -> LinkError:
        structlog.get_logger().exception("connector failed", connector=self.connector.name(), resource=str(resource))
        return UnexpectedReply("The connector for {service} failed on this answer.", service=self.connector.title)


def _worth_another_try(error: BaseException) -> bool:
    return isinstance(error, Unavailable) and not isinstance(error, NotReady)
