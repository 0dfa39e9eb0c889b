"""The review on its day, through the daemon: virtual time, a real workbook, hooks on loopback."""

from __future__ import annotations

import json
import os
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sheetsync.app import Edges
from sheetsync.daemon import Daemon
from sheetsync.errors import ConfigError
from sheetsync.fetch import Time
from sheetsync.reminders import Reminders
from sheetsync.testing import Answer, Stand
from tests.conftest import write_plan
from tests.test_daemon import Clock, settle, step

SUNDAY = datetime(2027, 1, 3, 12, tzinfo=UTC)
NINE = datetime(2027, 1, 4, 1, tzinfo=UTC)
"""Monday, 09:00 in Shanghai."""
ROWS = [
    ("Inbound", "O1 Grow", f"KR{n} Leads", "number", 0, target, None, "file:data/leads.csv#count", *[None] * 4)
    for n, target in enumerate((4, 100, 200, 2000, 500), 1)
]  # from the one that is behind most: KR4, KR5, KR3, KR2; KR1 is on track


class World:
    """A folder with one workbook, a clock, a stand with hooks, and the daemon that serves it."""

    def __init__(self, folder: Path, stand: Stand) -> None:
        self.folder, self.stand, self.clock = folder, stand, Clock(SUNDAY)
        self.deaf: set[str] = set()
        self.daemon: Daemon | None = None
        for name in ("a", "b"):
            stand.answer(f"/{name}", lambda seen: Answer(500 if seen.path in self.deaf else 200, b"ok"), method="POST")

    def configure(self, alerts: str, review: str = 'days = "mon"\nat = "09:00"\ntimezone = "Asia/Shanghai"') -> None:
        table = f"[review]\n{review}" if review else ""
        (self.folder / "sheetsync.toml").write_text(
            f'timezone = "UTC"\n[[workbooks]]\npath = "okr.xlsx"\nevery = "24h"\nbackups = 0\n{alerts}\n{table}\n'
            '[connectors.file.default]\nfolders = ["data"]\n',
            encoding="utf-8",
        )

    def begin(self) -> Daemon:
        """Starts it, or starts it again."""
        if self.daemon is not None:
            self.daemon.close()
        when = Time(monotonic=self.clock.monotonic, sleep=self.clock.forward, now=lambda: self.clock.now, share=lambda: 0.5)
        web = {"resolve": self.stand.resolve, "network": self.stand.network, "tls": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)}
        hooks = {name.upper(): f"https://hooks.example/{name}" for name in ("a", "b")}
        self.daemon = Daemon(self.folder / "sheetsync.toml", Edges(when, {**os.environ, **hooks}, web))
        settle(self.daemon)
        return self.daemon

    def at(self, moment: datetime) -> None:
        """Lets time pass until then, and the daemon do what it does; twice, so that nothing is done twice."""
        assert self.daemon is not None
        self.clock.forward(max(0, (moment - self.clock.now).total_seconds()))
        step(self.daemon)
        step(self.daemon)

    def heard(self, path: str = "/a") -> list[str]:
        """The reviews that came to a hook; what came to it for another reason is no review."""
        texts = [json.loads(seen.body)["text"] for seen in self.stand.seen if seen.path == path]
        return [text for text in texts if "review" in text.splitlines()[0].lower()]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "leads.csv").write_text("n\n1\n2\n", encoding="utf-8")
    write_plan(tmp_path / "okr.xlsx", ROWS)
    with Stand() as stand:
        found = World(tmp_path, stand)
        yield found
        if found.daemon is not None:
            found.daemon.close()


def hook(name: str, more: str = "") -> str:
    return f'[[alerts]]\nkind = "slack"\nurl = {{ env = "{name}" }}\n{more}\n'


ONE = hook("A", 'events = ["review"]')


def test_it_is_sent_on_its_day_and_hour_in_its_zone_once(world: World) -> None:
    world.configure(ONE)
    world.begin()
    world.at(NINE - timedelta(seconds=1))
    assert world.heard() == []
    world.at(NINE)
    assert len(world.heard()) == 1
    for hours in (1, 9, 24, 100):
        world.at(NINE + timedelta(hours=hours))
    assert len(world.heard()) == 1
    world.at(NINE + timedelta(days=7))
    assert len(world.heard()) == 2


def test_a_restart_sends_it_no_second_time(world: World) -> None:
    world.configure(ONE)
    world.begin()
    world.at(NINE)
    world.begin()
    world.at(NINE + timedelta(hours=2))
    assert len(world.heard()) == 1


def test_a_day_that_was_slept_through_is_made_up_for_once(world: World) -> None:
    world.configure(ONE)
    world.begin()
    world.clock.forward(timedelta(days=23).total_seconds())
    world.begin()
    world.at(world.clock.now + timedelta(hours=1))
    assert len(world.heard()) == 1


def test_a_configuration_that_is_read_while_it_is_sent_sends_it_no_second_time(world: World) -> None:
    world.configure(ONE)
    daemon = world.begin()
    world.clock.forward((NINE - world.clock.now).total_seconds())
    before, after = Reminders(daemon.app), Reminders(daemon.app)
    names = before.due(NINE)
    assert names == after.due(NINE) != []
    assert before.send(names, NINE) == after.send(names, NINE) == []
    assert len(world.heard()) == 1
    assert after.due(NINE) == []


def test_quiet_hours_keep_it_and_end(world: World) -> None:
    """In the zone of the review: 23:00 to 11:00 in Shanghai."""
    world.configure(hook("A", 'events = ["review"]\nquiet = "23:00-11:00"'))
    world.begin()
    world.at(NINE)
    world.at(NINE + timedelta(minutes=119))
    assert world.heard() == []
    world.begin()
    world.at(NINE + timedelta(hours=2))
    world.at(NINE + timedelta(hours=3))
    assert len(world.heard()) == 1


def test_only_those_get_it_whose_events_name_it(world: World) -> None:
    world.configure(ONE + hook("B", 'events = ["broken", "off track", "done"]'))
    world.begin()
    world.at(NINE)
    assert (len(world.heard("/a")), len(world.heard("/b"))) == (1, 0)


def test_a_hook_that_fails_is_tried_again_and_no_other_hears_it_twice(world: World) -> None:
    world.configure(ONE + hook("B", 'events = ["review"]'))
    world.begin()
    world.deaf = {"/a"}
    world.at(NINE)
    refused = len(world.heard("/a"))
    assert refused >= 1
    world.at(NINE + timedelta(minutes=4))
    assert len(world.heard("/a")) == refused  # not every second
    world.deaf = set()
    world.at(NINE + timedelta(minutes=20))
    world.at(NINE + timedelta(minutes=40))
    assert len(world.heard("/a")) == refused + 1
    assert len(world.heard("/b")) == 1


def test_it_says_what_is_behind_most(world: World) -> None:
    world.configure(ONE)
    world.begin()
    world.at(NINE)
    (text,) = world.heard()
    title, *lines = text.splitlines()
    assert "2027-01-04" in title
    assert any(line.startswith("okr") for line in lines)
    first = lines.index("Bottlenecks") + 1
    named = [line for line in lines[first : first + 4] if line.startswith("• Inbound")]
    assert [line.partition(" · ")[2][:3] for line in named] == ["KR4", "KR5", "KR3"]


def test_without_a_table_nothing_is_sent(world: World) -> None:
    world.configure(ONE, "")
    world.begin()
    world.at(NINE + timedelta(days=7))
    assert world.heard() == []


@pytest.mark.parametrize(
    ("review", "said"),
    [
        ('days = "someday"', "days"), ('at = "25:00"', "at"), ('cadence = "daily"', "cadence"),
        ('timezone = "Mars/Olympus"', "timezone"), ("hour = 9", "hour"),
    ],
)  # fmt: skip
def test_a_table_that_does_not_hold_is_said(world: World, review: str, said: str) -> None:
    world.configure(ONE, review)
    with pytest.raises(ConfigError, match=said):
        world.begin()
