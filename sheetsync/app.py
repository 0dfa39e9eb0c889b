"""A configuration goes in, the commands' work comes out as plain values: builds the parts and joins them.

The only room that sees everything. `cli` prints what comes out of here, `daemon` runs it on schedule.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date, tzinfo
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from sheetsync import config as configuration
from sheetsync import links
from sheetsync._locks import hold, state_folder
from sheetsync.config import Config, ReviewConfig, WorkbookConfig
from sheetsync.connectors.registry import AnyConnector, Registry, builtin, load_plugin
from sheetsync.errors import ConfigError, Held, LinkError, WorkbookError, WorkbookLocked
from sheetsync.fetch import Fetch, Fetched, Time
from sheetsync.history import History
from sheetsync.model import KeyResult, Link, Outcome, RunReport
from sheetsync.okr import asking, period, rules
from sheetsync.okr.plan import How
from sheetsync.okr.scan import scan
from sheetsync.opening import Opener
from sheetsync.recorder import Recorder, still_waits
from sheetsync.secrets import Secret, Vault
from sheetsync.sync import NoStore, Options, sync
from sheetsync.texts import Language, Texts, preferred_language, sentence
from sheetsync.workbooks.base import Online

if TYPE_CHECKING:
    from sheetsync.alerts import Target
    from sheetsync.connectors.base import Connector
    from sheetsync.fetch import Door
    from sheetsync.review import Cadence, Review
    from sheetsync.web.http import Deadline, Web
    from sheetsync.workbooks.base import Workbook

HOOK_SECONDS: Final = 20


@dataclass(frozen=True, slots=True)
class Edges:
    """Where the program touches the world: clocks, environment, and what the network door is handed in tests."""

    time: Time = field(default_factory=Time)
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    web: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What one call of `run` asks for."""

    dry_run: bool = False
    force: bool = False
    only: tuple[str, ...] = ()
    known: Fetched | None = None
    """Figures that were fetched a moment ago: their links are not asked for again."""
    keep: Callable[[Fetched], None] = lambda _fetched: None
    """Told what was fetched, `known` included."""
    keys: frozenset[str] | None = None
    """Only these rows, and only with what is known: nothing is asked for."""
    clears: bool = False
    """The figures were fetched for whoever ticked the box beside `Sync now`, so it is cleared."""

    @property
    def fresh(self) -> bool:
        """Whether every figure of the workbook is asked for anew."""
        return self.known is None and self.keys is None and not self.only


class App:
    """The parts of one configuration. Close it, or use it in a with block."""

    def __init__(self, config: Config, edges: Edges | None = None) -> None:
        self.config = config
        self.edges = edges or Edges()
        self.vault = Vault(config.folder, self.edges.environ)

    def __enter__(self) -> App:
        return self

    def __exit__(self, *_: object) -> None:
        if "history" in self.__dict__:
            self.history.close()

    # --- the parts

    @property
    def language(self) -> Language:
        """The language of messages."""
        chosen = self.config.language
        return chosen if chosen in ("en", "zh") else preferred_language(self.edges.environ)  # type: ignore[return-value]

    @cached_property
    def texts(self) -> Texts:
        return Texts(self.language)

    @cached_property
    def state(self) -> Path:
        return state_folder(self.edges.environ)

    @property
    def place(self) -> str:
        """What a daemon of this configuration holds its place under."""
        return f"daemon:{self.config.file or self.config.folder}"

    @cached_property
    def history(self) -> History:
        path = self.config.history or self.state / "history.db"
        return History(path, clock=self.edges.time.now, redact=self.vault.redact)

    @cached_property
    def kinds(self) -> list[AnyConnector]:
        """The connectors of this installation: ours, and those that the configuration names."""
        return sorted([*builtin(), *map(load_plugin, self.config.plugins)], key=lambda kind: kind.name())

    @cached_property
    def registry(self) -> Registry:
        """Raises ConfigError where an account's settings do not hold."""
        kinds = {kind.name(): kind for kind in self.kinds}
        accounts: dict[str, dict[str, Connector[Any]]] = {}
        for name, named in self.config.accounts.items():
            if name not in kinds:
                raise ConfigError(
                    "In {file}, [connectors.{name}]: there is no connector of this name.", file=self.config.file, name=name,
                    advice="`sheetsync connectors` lists those there are.",
                )  # fmt: skip
            for account in named:
                settings = configuration.account_settings(self.config, name, account, kinds[name].settings_type, self.vault)
                try:
                    made = kinds[name](account, settings, _Lookups(self, name, account))
                except LinkError as error:  # an address among the settings that is none
                    raise ConfigError(
                        "In {file}, [connectors.{name}.{account}]: {problem}", file=self.config.file, name=name, account=account,
                        problem=sentence(error.template, **error.params), advice=error.advice,
                    ) from None  # fmt: skip
                accounts.setdefault(name, {})[account] = made
        return Registry(self.kinds, accounts)

    def zone(self, workbook: WorkbookConfig | ReviewConfig) -> tzinfo | None:
        """The workbook's time zone; None is the system's own."""
        name = workbook.timezone or self.config.timezone
        return ZoneInfo(name) if name else None

    def workbook_configs(self, locations: Sequence[str]) -> list[WorkbookConfig]:
        """The configured workbooks, or those that were named; a named one that is configured keeps its settings."""
        if not locations:
            if not self.config.workbooks:
                raise ConfigError(
                    "No workbook is named, and no [[workbooks]] stands in a sheetsync.toml here.",
                    advice="Name one: sheetsync run okr.xlsx. Or begin with: sheetsync init",
                )
            return list(self.config.workbooks)
        known = {self._place(entry.path, self.config.folder): entry for entry in self.config.workbooks}
        return [
            known.get(self._place(text, Path.cwd())) or WorkbookConfig(path=self._place(text, Path.cwd())) for text in locations
        ]

    @staticmethod
    def _place(text: str, folder: Path) -> str:
        return text if "://" in text else str((folder / Path(text).expanduser()).resolve())

    @cached_property
    def opener(self) -> Opener:
        return Opener(self.config, self.vault, self.edges.time, lambda: self.state)

    def open_workbook(self, entry: WorkbookConfig, *, force: bool = False) -> Workbook:
        """Raises ConfigError for what is no workbook that can be opened here."""
        return self.opener.open(entry, force=force)

    # --- run

    def run(
        self, entry: WorkbookConfig, wishes: Wishes, *, report: Callable[[int, int], None] = lambda _done, _all: None
    ) -> RunReport:
        """One workbook, once. A workbook that cannot be read or written now is a report with an error, not an exception.

        Raises ConfigError.
        """
        try:
            with self._alone(entry, wishes) as (workbook, recorder):
                return self._sync(workbook, entry, wishes, recorder, report)
        except (WorkbookError, Held) as error:
            return RunReport(entry.name, error=self.texts.error(error), exit_code=error.exit_code)

    def deliver(self, entry: WorkbookConfig, *, clears: bool = False) -> RunReport | None:
        """Writes the figures that wait for a workbook which was open when they came; None where none wait.

        They are found by row, not by cell. A row that is gone, asks for something else now, or holds a figure that a person
        typed since, is passed over: what waited for it is dropped.
        """
        workbook = self.open_workbook(entry)
        waiting = {item.key: item for item in self.history.outbox(workbook.identity)}
        if not waiting and not clears:
            return None
        today = self.edges.time.now().astimezone(self.zone(entry)).date()
        try:
            rows = scan(workbook.read(), today=today, default_period=period.parse(entry.period))
        except WorkbookError as error:
            return RunReport(workbook.name, error=self.texts.error(error), exit_code=error.exit_code)
        fitting = [row for row in rows if row.key in waiting and still_waits(row, waiting[row.key])]
        readings: dict[Link, Outcome] = {row.source: waiting[row.key].reading for row in fitting if isinstance(row.source, Link)}
        wishes = Wishes(known=Fetched(readings), keys=frozenset(row.key for row in fitting), clears=clears)
        return self.run(entry, wishes)

    def asked(self, entry: WorkbookConfig) -> str:
        """A text that changes when the workbook asks for something else. One read. Raises WorkbookError."""
        grids = self.open_workbook(entry).read()
        today = self.edges.time.now().astimezone(self.zone(entry)).date()
        return asking.digest(grids, scan(grids, today=today, default_period=period.parse(entry.period)))

    @contextmanager
    def _alone(self, entry: WorkbookConfig, wishes: Wishes) -> Iterator[tuple[Workbook, Recorder | NoStore]]:
        workbook = self.open_workbook(entry, force=wishes.force)
        if wishes.dry_run:
            yield workbook, NoStore()
            return
        with hold(self.state / "locks", workbook.identity):
            yield (
                workbook,
                Recorder(self.history, workbook.identity, self.edges.time.now, whole=not wishes.only and wishes.keys is None),
            )

    def _sync(
        self, workbook: Workbook, entry: WorkbookConfig, wishes: Wishes, recorder: Recorder | NoStore,
        report: Callable[[int, int], None],
    ) -> RunReport:  # fmt: skip
        now, zone = self.edges.time.now(), self.zone(entry)
        fetch = self.fetcher(report)
        online = isinstance(workbook, Online)
        coloured = entry.colours == "auto"

        def how(fetched: Fetched, rows: Sequence[KeyResult]) -> How:
            return How(
                now=now, zone=zone, texts=Texts(self._language_of(entry, rows)), pace=entry.pace, bands=entry.bands,
                colours=coloured and not online, force=wishes.force, lag_days=fetched.lag_days,
                connectors=fetched.connectors, accounts=fetched.accounts,
            )  # fmt: skip

        known, spent = wishes.known or Fetched({}), 0

        def ask(asked: Collection[Link]) -> Fetched:
            nonlocal known, spent
            if wishes.keys is None:
                known = known.joined(fetch(set(asked) - set(known.outcomes), entry.allow))
                spent += known.requests
            known = replace(known, requests=spent)
            wishes.keep(known)
            return known

        today = now.astimezone(zone).date()
        options = Options(
            how, today, period.parse(entry.period), wishes.only, wishes.keys, wishes.dry_run, wishes.clears or wishes.fresh,
            expected=self._expected(workbook, wishes) if online else None, colours=coloured,
        )  # fmt: skip
        try:
            done = sync(workbook, ask, options, recorder, clock=self.edges.time.monotonic)
        except WorkbookError as error:
            said = self.texts.error(error)
            recorder.finish(edits=0, requests=spent, seconds=0.0, error=said)
            if online and not wishes.dry_run:
                self.history.expect(workbook.identity, ())  # whether it can be read is to be known before services are asked
            locked = isinstance(error, WorkbookLocked)
            return RunReport(workbook.name, requests=spent, error=said, exit_code=error.exit_code, locked=locked)
        recorder.finish(edits=done.edits, requests=done.requests, seconds=done.seconds, error=None)
        if isinstance(workbook, Online):
            if not wishes.dry_run and wishes.keys is None and not wishes.only:
                self.history.expect(workbook.identity, [str(link) for link in known.outcomes])
            done = replace(done, notes=(*done.notes, *map(self.texts.say, workbook.notes)))
        return replace(done, exit_code=1 if any(row.state in ("kept", "broken") for row in done.rows) else 0)

    def _expected(self, workbook: Workbook, wishes: Wishes) -> frozenset[Link] | None:
        """The links of the last run; they are asked for before the workbook is looked at."""
        if wishes.keys is not None or wishes.only or wishes.dry_run:
            return None
        found = (links.parse(text) for text in self.history.expected(workbook.identity))
        return frozenset(link for link in found if link is not None)

    def fetcher(self, report: Callable[[int, int], None] = lambda _done, _all: None) -> Fetch:
        """The fetch engine of one run: its deadline begins now."""
        from sheetsync.web.http import Deadline

        deadline = Deadline(self.config.deadline_seconds, self.edges.time.monotonic)
        return Fetch(
            self.registry, lambda connector, pace: self.open_door(connector, deadline, pace), remaining=deadline.remaining,
            time=self.edges.time, store=self.history, fingerprint=self._fingerprint, report=report,
        )  # fmt: skip

    def open_door(self, connector: Connector[Any], deadline: Deadline, pace: Callable[[], None] | None = None) -> Door:
        """The network of one account: it reaches the account's own origins, and shows its key nowhere else."""
        if connector.local:
            return _NoDoor()
        from sheetsync.web.http import Web

        return Web(
            origins=connector.origins(), auth=connector.auth(), refine=connector.refine, private=connector.settings.private,
            deadline=deadline, pace=pace, **self.edges.web,
        )  # fmt: skip

    def _language_of(self, entry: WorkbookConfig, rows: Sequence[KeyResult]) -> Language:
        """What is written into a workbook is in its own language, whoever's terminal the run was started from."""
        if entry.language:
            return entry.language
        chinese = sum(any("一" <= char <= "鿿" for char in row.name) for row in rows)
        return "zh" if chinese * 2 > len(rows) else "en"

    def _fingerprint(self, connector: str, account: str) -> str:
        """Changes when the account's settings or its key do, so that a lane that was stopped for a wrong key knocks again."""
        settings = self.registry.accounts[connector][account].settings
        secrets = []
        for name in settings.__dataclass_fields__:
            value = getattr(settings, name)
            if isinstance(value, Secret):
                try:
                    secrets.append(value.reveal())
                except ConfigError:
                    secrets.append("")
        told = json.dumps([self.config.accounts[connector][account], secrets], sort_keys=True, default=str)
        return hashlib.blake2b(told.encode(), digest_size=8).hexdigest()

    # --- alerts

    @cached_property
    def targets(self) -> dict[str, Target]:
        """Where alerts go, by a name of their own. Raises ConfigError where one cannot be reached as it is written."""
        from sheetsync.targets import target_of

        return {
            f"{number}:{entry.kind}": target_of(entry, f"alerts.{number}", self.vault, self.open_hook, self.edges.time.now)
            for number, entry in enumerate(self.config.alerts, 1)
        }

    def open_hook(self, origin: str, *, private: bool) -> Web:
        """The network of one hook: its own origin, no key."""
        from sheetsync.web.http import Deadline, Web

        deadline = Deadline(HOOK_SECONDS, self.edges.time.monotonic)
        return Web(origins=[origin], deadline=deadline, private=private, **self.edges.web)

    def tell(self, entry: WorkbookConfig, report: RunReport) -> list[str]:
        """Tells people what a run brought that they do not know yet; the sentences of those who could not be reached."""
        from sheetsync.alerts import tell

        zone = self.zone(entry)
        failed = tell(self.targets, report, self.history, self.texts, self.edges.time.now(), zone)
        return [self.texts.join(name, self.texts.error(error)) for name, error in failed]

    # --- explain and check

    def explain(self, text: str) -> dict[str, Any]:
        """What a link means, without network: state, connector, kind, resource, metric, metrics, account, message, advice."""
        from sheetsync.explain import explain

        return explain(text, self.registry, self.texts, self.edges.time.now().astimezone().date())

    def check(self, entry: WorkbookConfig) -> list[rules.Finding]:
        """What is not in good form: rows, headings and links. Raises WorkbookError where the workbook cannot be read at all."""
        workbook = self.open_workbook(entry)
        today = self.edges.time.now().astimezone(self.zone(entry)).date()
        examined = rules.examine(workbook.read(), today=today, default_period=period.parse(entry.period))
        found = list(examined.findings)
        for row in examined.rows:
            if isinstance(row.source, Link):
                try:
                    links.split(row.source.url)
                    self.registry.resolve(row.source, entry.allow)
                except LinkError as error:
                    found.append(rules.link_finding(row, error))
        return rules.in_order(found)

    # --- review

    def review(self, entry: WorkbookConfig, cadence: Cadence, *, day: date | None = None, groups: Sequence[str] = ()) -> Review:
        """The review of a day, today by default. Asks no service.

        Raises ConfigError for a day that has not come or a group that is not there, WorkbookError where the workbook or the
        history cannot be read.
        """
        from sheetsync.review import days, review

        now, zone = self.edges.time.now(), self.zone(entry)
        today = now.astimezone(zone).date()
        if day is not None and day > today:
            raise ConfigError("The day {day} has not come yet.", day=day, advice="Name today or a day before it.")
        workbook = self.open_workbook(entry)
        rows = scan(workbook.read(), today=day or today, default_period=period.parse(entry.period))
        lags = {
            (name, account): connector.settings.lag_days
            for name, accounts in self.registry.accounts.items()
            for account, connector in accounts.items()
        }
        when = replace(days(cadence, day or today, now, zone), pace=entry.pace, bands=entry.bands, lags=lags)
        return review(rows, self.history, workbook.identity, when, name=workbook.name, groups=groups)

    def put_review(self, entry: WorkbookConfig, review: Review) -> int:
        """Writes it below the cell `Latest review` of its own workbook; how many cells that changed.

        Raises WorkbookError where there is no such cell or no room, or where the workbook cannot be written now; Held.
        """
        from sheetsync.okr import latest
        from sheetsync.review.sheet import lines

        workbook = self.open_workbook(entry)
        with hold(self.state / "locks", workbook.identity):
            grids = workbook.read()
            texts = Texts("zh" if latest.is_chinese(grids) else "en")
            edits = latest.plan(grids, lines(review, texts))
            workbook.apply(edits)
        return len(edits)

    @staticmethod
    def put_file(path: Path, data: bytes) -> None:
        """Writes a file for people, over one that is there. Raises ConfigError where it cannot be written."""
        try:
            path.write_bytes(data)
        except OSError:
            raise ConfigError(
                "{path} cannot be written.", path=path,
                advice="Close it where it is open, and check that the folder is there and that you may write into it.",
            ) from None  # fmt: skip


class _NoDoor:
    """The network of a source that needs none."""

    requests = 0

    def close(self) -> None:
        """Nothing is open."""


class _Lookups:
    """Keeps a connector's look-ups in the history; opens it only when one is asked for."""

    def __init__(self, app: App, connector: str, account: str) -> None:
        self._app, self._connector, self._account = app, connector, account

    def get(self, key: str) -> str | None:
        try:
            return self._app.history.lookup(self._connector, self._account, key)
        except WorkbookError:  # it only saves a request; that the history is in trouble is said where figures are recorded
            return None

    def put(self, key: str, value: str) -> None:
        with suppress(WorkbookError):
            self._app.history.keep_lookup(self._connector, self._account, key, value)


def open_app(config_file: Path | None, edges: Edges | None = None) -> App:
    """The application of a configuration file, or of the one that is found. Raises ConfigError."""
    import platformdirs

    edges = edges or Edges()
    here = Path.cwd()
    file = configuration.find(config_file, here, platformdirs.user_config_path("sheetsync", appauthor=False))
    return App(configuration.load(file, here), edges)
