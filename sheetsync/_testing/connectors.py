"""A connector and a sample of its service go in, one contract's worth of tests comes out: every connector must pass it.

Subclass `ConnectorContract` in a test file, fill in the attributes, and pytest finds the tests. They run over a real HTTP server
on loopback, through the same engine, door and credentials as in earnest; only sleeping is left out.
"""

from __future__ import annotations

import copy
import functools
import itertools
import re
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from sheetsync import links
from sheetsync._testing.server import Answer, Stand
from sheetsync.connectors.base import Connector
from sheetsync.connectors.registry import Registry, builtin
from sheetsync.errors import (
    AccessDenied,
    AmbiguousLink,
    BadCredentials,
    LinkError,
    NotFound,
    RateLimited,
    Unavailable,
    UnexpectedReply,
    UnsupportedLink,
)
from sheetsync.fetch import Fetch, Fetched, Time
from sheetsync.model import LaneState, Link, Outcome, Query, Reading, Resource
from sheetsync.secrets import Secret, Vault
from sheetsync.web.http import Deadline, Web

RUN_SECONDS = 120


class VirtualTime:
    """Clocks that only sleeping moves; `slept` lists the sleeps. Random shares are always one half."""

    def __init__(self) -> None:
        self.seconds = 1_000.0
        self.slept: list[float] = []
        self.began = datetime(2027, 2, 3, 8, 0, tzinfo=UTC)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += max(seconds, 0.0)

    @property
    def time(self) -> Time:
        return Time(
            monotonic=lambda: self.seconds,
            sleep=self.sleep,
            now=lambda: self.began + timedelta(seconds=self.seconds - 1_000.0),
            share=lambda: 0.5,
        )


class LaneMemory:
    """A lane store in memory."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], LaneState] = {}

    def lane(self, connector: str, account: str) -> LaneState | None:
        return self.kept.get((connector, account))

    def keep_lane(self, connector: str, account: str, state: LaneState | None) -> None:
        if state is None:
            self.kept.pop((connector, account), None)
        else:
            self.kept[connector, account] = state


class LookupMemory(dict[str, str]):
    """Look-ups in memory."""

    def put(self, key: str, value: str) -> None:
        self[key] = value


def account_of(
    kind: type[Connector[Any]], settings: Mapping[str, Any], *, name: str = "default", lookups: LookupMemory | None = None
) -> Connector[Any]:
    """An account from plain settings: texts at the place of secrets become secrets."""
    hints = typing.get_type_hints(kind.settings_type)
    given = dict(settings)
    environ = {}
    for field in fields(kind.settings_type):
        if Secret in (hints[field.name], *typing.get_args(hints[field.name])) and isinstance(given.get(field.name), str):
            environ[field.name] = given[field.name]
            given[field.name] = Secret(
                {"env": field.name}, Vault(Path(), environ), f"connectors.{kind.name()}.{name}.{field.name}"
            )
    return kind(name, kind.settings_type(**given), lookups if lookups is not None else LookupMemory())


def run_links(
    accounts: Sequence[Connector[Any]],
    texts: Sequence[str],
    *,
    open_door: Callable[[Connector[Any], Callable[[], None]], Web] | None = None,
    clock: VirtualTime | None = None,
    store: LaneMemory | None = None,
    deadline: Deadline | None = None,
) -> tuple[dict[str, Outcome], Fetched]:
    """Fetches pasted links with these accounts, as a run does: outcomes by text, and what it cost."""
    clock = clock or VirtualTime()
    deadline = deadline or Deadline(RUN_SECONDS, clock.time.monotonic)
    by_name: dict[str, dict[str, Connector[Any]]] = {}
    for account in accounts:
        by_name.setdefault(account.name(), {})[account.account] = account
    registry = Registry(sorted({type(account) for account in accounts}, key=lambda kind: kind.name()), by_name)

    def door(connector: Connector[Any], pace: Callable[[], None]) -> Web:
        return Web(
            origins=connector.origins(), auth=connector.auth(), refine=connector.refine, private=connector.settings.private,
            deadline=deadline, pace=pace,
        )  # fmt: skip

    parsed: dict[str, Link] = {}
    for text in texts:
        link = links.parse(text)
        assert link is not None, text
        parsed[text] = link
    fetch = Fetch(registry, open_door or door, remaining=deadline.remaining, time=clock.time, store=store)
    fetched = fetch(parsed.values())
    return {text: fetched.outcomes[link] for text, link in parsed.items()}, fetched


class ConnectorContract:
    """The contract. Everything named here is about one link of the connector and the call that carries its figure.

    `settings`     of one account, without api_url; texts at the place of secrets
    `link`         a pasted address; `value` and `unit` what must come of it
    `main`         the path of the call that carries the figure, as the service sees it
    `document`     a sample of that call's answer; `place` where the figure stands in it, `a.b.0.c`
    `other`        a second link of the same lane, with its own download
    `error_body`   what the service answers with status 200 when something is wrong; None where it never does
    `canaries`     texts of the credential that must be seen at the service's own origin only
    `strangers`    at least six addresses that look like this service's and must not be taken for one
    """

    connector: ClassVar[type[Connector[Any]]]
    settings: ClassVar[Mapping[str, Any]] = {}
    link: ClassVar[str]
    value: ClassVar[Decimal]
    unit: ClassVar[str] = ""
    main: ClassVar[str]
    method: ClassVar[str] = "GET"
    document: ClassVar[Any]
    place: ClassVar[str]
    zero: ClassVar[Any] = 0
    other: ClassVar[str]
    error_body: ClassVar[Any] = None
    error_type: ClassVar[type[LinkError]] = LinkError
    wrong_type: ClassVar[type[LinkError]] = UnexpectedReply
    canaries: ClassVar[tuple[str, ...]] = ()
    strangers: ClassVar[tuple[str, ...]] = ()

    def script(self, stand: Stand) -> None:
        """The calls around the main one: tokens, look-ups."""

    def answer_of(self, document: Any) -> Answer:
        """A document as the service sends it; JSON unless told otherwise."""
        return Answer.of(document)

    # --- pure

    def test_every_example_is_understood_as_it_says(self) -> None:
        assert self.connector.examples
        for example in self.connector.examples:
            link = links.parse(example.link)
            assert link is not None
            found = self.connector.resolve(link)
            assert found is not None, example.link
            assert (str(found[0]), found[1]) == (example.resource, example.metric), example.link

    def test_every_sample_gives_its_figure(self) -> None:
        account = account_of(self.connector, self.settings)
        for example in self.connector.examples:
            if example.value is None:
                continue
            link = links.parse(example.link)
            assert link is not None
            resource, metric = self.connector.resolve(link) or (Resource("", ""), "")
            reading = account.read(copy.deepcopy(example.document), Query(account.name(), "default", resource, metric))
            assert (reading.value, reading.unit) == (example.value, example.unit), example.link

    def test_no_other_connector_claims_an_example(self) -> None:
        for example, kind in itertools.product(self.connector.examples, builtin()):
            if kind is self.connector or kind.catch_all:
                continue
            link = links.parse(example.link)
            assert link is not None
            assert kind.resolve(link) is None, (kind.name(), example.link)

    def test_pages_without_an_answer_say_what_to_paste_instead(self) -> None:
        for text in self.connector.unsupported:
            error = self._refusal(text)
            assert isinstance(error, UnsupportedLink), text
            assert error.advice, text

    def test_at_least_six_strangers_are_refused(self) -> None:
        assert len(self.strangers) >= 6
        for text in self.strangers:
            try:
                link = links.parse(text)
                found = self.connector.resolve(link) if link is not None else None
            except LinkError:
                found = None
            assert found is None, text

    def _refusal(self, text: str) -> LinkError | None:
        link = links.parse(text)
        assert link is not None
        try:
            self.connector.resolve(link)
        except LinkError as error:
            return error
        return None

    # --- over the wire

    def _account(self, stand: Stand, **settings: Any) -> Connector[Any]:
        return account_of(self.connector, {**self.settings, "api_url": f"http://127.0.0.1:{stand.port}", **settings})

    def _outcome(
        self, stand: Stand, *answers: Any, clock: VirtualTime | None = None, deadline: Deadline | None = None
    ) -> Outcome:
        self.script(stand)
        stand.answer(self.main, *answers, method=self.method)
        outcomes, _ = run_links([self._account(stand)], [self.link], clock=clock, deadline=deadline)
        return outcomes[self.link]

    def _main_calls(self, stand: Stand) -> int:
        return sum(seen.path == self.main and seen.method == self.method for seen in stand.seen)

    def _changed(self, change: Callable[[Any, str | int], None]) -> Any:
        document = copy.deepcopy(self.document)
        here, steps = document, [int(step) if step.isdigit() else step for step in self.place.split(".")]
        for step in steps[:-1]:
            here = here[step]
        change(here, steps[-1])
        return document

    def test_the_right_number(self) -> None:
        with Stand() as stand:
            outcome = self._outcome(stand, self.answer_of(self.document))
            assert isinstance(outcome, Reading), outcome
            assert (outcome.value, outcome.unit) == (self.value, self.unit)
            assert outcome.source
            assert not stand.strays

    def test_zero_is_a_number(self) -> None:
        with Stand() as stand:
            outcome = self._outcome(stand, self.answer_of(self._changed(functools.partial(_put, value=self.zero))))
            assert isinstance(outcome, Reading), outcome
            assert outcome.value == 0

    def test_not_found(self) -> None:
        with Stand() as stand:
            assert isinstance(self._outcome(stand, Answer.of({}, status=404)), NotFound)

    def test_a_wrong_key_is_shown_once(self) -> None:
        with Stand() as stand:
            self.script(stand)
            stand.answer(self.main, Answer.of({}, status=401), method=self.method)
            outcomes, _ = run_links([self._account(stand)], [self.link])
            assert isinstance(outcomes[self.link], BadCredentials), outcomes
            renewable = getattr(self._account(stand).auth(), "origins", ())
            assert 1 <= self._main_calls(stand) <= (2 if renewable else 1)

    def test_a_wrong_key_is_remembered_until_the_next_run(self) -> None:
        with Stand() as stand:
            self.script(stand)
            stand.answer(self.main, Answer.of({}, status=401), method=self.method)
            store, clock = LaneMemory(), VirtualTime()
            run_links([self._account(stand)], [self.link], store=store, clock=clock)
            before = len(stand.seen)
            outcomes, _ = run_links([self._account(stand)], [self.link], store=store, clock=clock)
            assert isinstance(outcomes[self.link], BadCredentials)
            assert len(stand.seen) == before

    def test_forbidden_is_this_row_only(self) -> None:
        with Stand() as stand:
            assert isinstance(self._outcome(stand, Answer.of({}, status=403)), AccessDenied)
            assert self._main_calls(stand) == 1

    def test_slow_down_with_a_wait_is_heeded(self) -> None:
        with Stand() as stand:
            clock = VirtualTime()
            outcome = self._outcome(
                stand, Answer.of({}, status=429, headers={"retry-after": "7"}), self.answer_of(self.document), clock=clock
            )
            assert isinstance(outcome, Reading), outcome
            assert sum(clock.slept) >= 7

    def test_slow_down_without_a_wait_backs_off(self) -> None:
        with Stand() as stand:
            clock = VirtualTime()
            outcome = self._outcome(stand, Answer.of({}, status=429), self.answer_of(self.document), clock=clock)
            assert isinstance(outcome, Reading), outcome
            assert clock.slept

    def test_slow_down_beyond_the_deadline_is_left_for_the_next_run(self) -> None:
        with Stand() as stand:
            outcome = self._outcome(stand, Answer.of({}, status=429, headers={"retry-after": "3000"}))
            assert isinstance(outcome, RateLimited)
            assert self._main_calls(stand) == 1

    def test_an_outage_is_tried_again(self) -> None:
        with Stand() as stand:
            outcome = self._outcome(stand, Answer(500), Answer(503), self.answer_of(self.document))
            assert isinstance(outcome, Reading), outcome

    def test_an_outage_that_lasts_is_given_up(self) -> None:
        with Stand() as stand:
            assert isinstance(self._outcome(stand, Answer(502)), Unavailable)
            assert self._main_calls(stand) == 3

    def test_silence_is_an_outage(self) -> None:
        with Stand() as stand:
            outcome = self._outcome(stand, Answer(ending="stall", length=10), deadline=Deadline(0.25))
            assert isinstance(outcome, Unavailable)

    def test_a_log_in_page_is_no_answer(self) -> None:
        with Stand() as stand:
            page = Answer(200, b"<!doctype html><html><title>Log in</title></html>", {"content-type": "text/html"})
            assert isinstance(self._outcome(stand, page), LinkError)

    def test_an_error_in_a_good_answer_is_an_error(self) -> None:
        if self.error_body is None:
            return  # this service tells errors by status alone
        with Stand() as stand:
            assert isinstance(self._outcome(stand, self.answer_of(self.error_body)), self.error_type)

    def test_a_missing_field_is_not_zero(self) -> None:
        with Stand() as stand:
            assert isinstance(self._outcome(stand, self.answer_of(self._changed(lambda here, step: here.pop(step)))), LinkError)

    def test_a_wrong_type_is_no_number(self) -> None:
        for wrong in ({"n": 1}, [1], True, "soon", None):
            with Stand() as stand:
                outcome = self._outcome(stand, self.answer_of(self._changed(functools.partial(_put, value=wrong))))
                assert isinstance(outcome, self.wrong_type), (wrong, outcome)

    def test_what_the_service_says_is_never_repeated(self) -> None:
        with Stand() as stand:
            outcome = self._outcome(stand, Answer.of({"message": "CANARY-BODY", "error": "CANARY-BODY"}, status=403))
            assert isinstance(outcome, LinkError)
            assert "CANARY-BODY" not in str(outcome)
            assert not any(canary in str(outcome) for canary in self.canaries)

    def test_the_key_is_seen_at_its_own_origin_only(self) -> None:
        with Stand() as stand:
            account = account_of(self.connector, self.settings)
            hosts = {links.split(origin).host for origin in account.origins()}
            hosts |= {links.split(origin).host for origin in getattr(account.auth(), "origins", ())}
            self.script(stand)
            stand.answer(self.main, self.answer_of(self.document), method=self.method)
            outcomes, _ = run_links(
                [account], [self.link],
                open_door=lambda connector, pace: stand.web(
                    *connector.origins(), auth=connector.auth(), refine=connector.refine, pace=pace
                ),
            )  # fmt: skip
            assert isinstance(outcomes[self.link], Reading), outcomes
            assert {re.sub(r":\d+$", "", seen.host) for seen in stand.seen} <= hosts

    def test_two_accounts_are_told_apart_by_their_name(self) -> None:
        if not self.link.startswith("http"):
            return  # links of a scheme of one's own name their account themselves
        with Stand() as one, Stand() as two:
            accounts = []
            for name, stand in (("one", one), ("two", two)):
                self.script(stand)
                stand.answer(self.main, self.answer_of(self.document), method=self.method)
                accounts.append(self._account(stand))
                accounts[-1].account = name
            plain = links.parse(self.link)
            text = f"{self.link}{'&' if plain is not None and plain.options else '#'}account=two"
            outcomes, _ = run_links(accounts, [text])
            outcome = outcomes[text]
            assert isinstance(outcome, Reading), outcomes
            assert (outcome.value, len(one.seen), self._main_calls(two)) == (self.value, 0, 1)
            undecided, _ = run_links(accounts, [self.link])
            assert isinstance(undecided[self.link], AmbiguousLink)

    def test_measures_of_one_page_share_its_download(self) -> None:
        link = links.parse(self.link)
        assert link is not None
        resource, metric = self.connector.resolve(link) or (Resource("", ""), "")
        names = [one.name for one in self.connector.metrics.get(resource.kind, ()) if one.name != metric]
        with Stand() as stand:
            self.script(stand)
            stand.answer(self.main, self.answer_of(self.document), method=self.method)
            texts = [
                self.link,
                *(f"{link.url}#metric={name}" for name in names if link.option("metric") is None and not link.options),
            ]
            run_links([self._account(stand)], texts)
            assert self._main_calls(stand) == 1


def _put(here: Any, step: str | int, *, value: Any) -> None:
    here[step] = value
