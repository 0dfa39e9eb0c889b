"""The review: from real runs on a virtual clock, from a generated history, through the command, and in a browser."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import unescape
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from threading import Thread
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from sheetsync.app import App, Edges, Wishes
from sheetsync.config import load
from sheetsync.errors import ConfigError
from sheetsync.forecast import Forecast, TooLittle
from sheetsync.history import Entry, History
from sheetsync.okr.progress import Status, Unmeasured
from sheetsync.review import Cadence, Review, days, document_of, render, review
from sheetsync.review.says import ON_THE_PAGE, address
from sheetsync.texts import Texts
from tests.browser import chromium
from tests.conftest import Done, needs, write_plan

HOSTILE = "<img src=x onerror=\"document.title='run'\"><script>document.title='run'</script>\"' [x](javascript:1) | `"
ARTICLES = f"O4 Articles {HOSTILE}"
HEADINGS = (
    "Group", "Objective", "Key result", "Type", "Start", "Target", "Result", "Data link", "Progress", "Status", "Sync", "As of",
    "Owner", "Aligned to", "Budget",
)  # fmt: skip
FIRST = datetime(2027, 1, 1, 8, tzinfo=UTC)
LAST_DAY = 69


@dataclass
class Clock:
    at: datetime

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def plan() -> Iterator[tuple[Any, ...]]:
    def row(group: str, objective: str, name: str, kind: str, figures: tuple[Any, Any, Any], link: str, owner: str = "",
            aligned: str = "", budget: Any = None) -> tuple[Any, ...]:  # fmt: skip
        return (group, objective, name, kind, *figures, link, None, None, None, None, owner, aligned, budget)

    yield row("Marketing", "O1 Increase sales", "KR1.1 MQLs", "number", (0, 900, None), "rollup:sum", "Mia")
    yield row("Marketing", "O2 A brand people know", "KR2.1 Awareness", "percent", (10, 30, 12), "manual:", "Mia")
    yield row("Inbound", "O3 More leads", "KR3.1 Search", "number", (0, 500, None), "file:data/a.csv#value", "Ann", "KR1.1", 9000)
    yield row("Inbound", "O3 More leads", "KR3.2 Webinars", "number", (0, 400, None), "file:data/b.csv#value", "Ben", "KR1.1")
    yield row(
        "Content",
        ARTICLES,
        f"KR4.1 Readers {HOSTILE}",
        "number",
        (0, 20000, None),
        "file:data/c.csv#value",
        HOSTILE,
        "O1",
    )
    yield row("Content", ARTICLES, "KR4.2 Days to publish", "at most", (20, 8, 14), "manual:", "Cem", "nothing known")
    yield row("Content", ARTICLES, "KR4.3 Style guide", "yes-no", (None, "yes", "no"), "file:data/d.csv#value", "Cem")
    yield row("Ads", "O5 Clicks", "KR5.1 Sign-ups", "number", (0, 300, 40), 'https://ads.example/x?y=1&z="><b>', "", "KR3.1")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """Ten weeks of runs, every third day; the sources move by chance from a seed."""
    here = tmp_path_factory.mktemp("world")
    (here / "data").mkdir()
    (here / "sheetsync.toml").write_text(
        'timezone = "UTC"\nhistory = "h.db"\n[[workbooks]]\npath = "okr.xlsx"\nbackups = 0\n'
        '[connectors.file.default]\nfolders = ["data"]\n'
    )
    write_plan(here / "okr.xlsx", list(plan()), headings=HEADINGS)
    book = openpyxl.load_workbook(here / "okr.xlsx")
    page = book.active
    budget = HEADINGS.index("Budget") + 1
    articles = [row for row in range(2, page.max_row + 1) if any("KR4." in str(cell.value) for cell in page[row])]
    page.cell(articles[0], budget, 12_000)
    page.merge_cells(start_row=articles[0], end_row=articles[-1], start_column=budget, end_column=budget)
    book.save(here / "okr.xlsx")
    chance, values, clock = random.Random(3), {"a": 0, "b": 0, "c": 0, "d": 0}, Clock(FIRST)
    edges = Edges(time=clock, environ={"SHEETSYNC_STATE": str(here / "state")})  # type: ignore[arg-type]
    with App(load(here / "sheetsync.toml", here), edges) as app:
        (entry,) = app.workbook_configs([])
        for day in range(0, LAST_DAY + 1, 3):
            clock.at = FIRST + timedelta(days=day)
            values["a"] += chance.randrange(14, 20)
            values["b"] += chance.randrange(5, 15) if day < 66 else -60
            values["c"] += chance.randrange(300, 900)
            values["d"] = int(day > 50)
            for name, value in values.items():
                file = here / "data" / f"{name}.csv"
                file.write_text(f"n\n{value}\n")
                os.utime(file, (clock.at.timestamp() - 3600,) * 2)
            assert app.run(entry, Wishes()).error is None
        clock.at = FIRST + timedelta(days=LAST_DAY, hours=4)
        yield app


def made(app: App, cadence: Cadence, **how: Any) -> Review:
    return app.review(app.workbook_configs([])[0], cadence, **how)


def line(found: Review, name: str) -> Any:
    (only,) = [line for line in found.lines if name in line.name]
    return only


def names(lines: Any) -> list[str]:
    return [line.name.split()[0] for line in lines]


# --- what is found -------------------------------------------------------------------------------------------------------


def test_a_week_team_by_team(world: App) -> None:
    found = made(world, Cadence.WEEKLY)
    assert (found.when.day, found.when.since) == (date(2027, 3, 11), date(2027, 3, 4))
    assert [team.name for team in found.teams] == ["Marketing", "Inbound", "Content", "Ads"]
    inbound = found.teams[1]
    assert names(inbound.moved) == ["KR3.2", "KR3.1"]
    assert line(found, "Webinars").moved < 0 < line(found, "Search").moved
    assert names(found.teams[2].stuck) == ["KR4.2"]
    assert (inbound.acts[0].who, names([inbound.acts[0].line])) == ("Ben", ["KR3.2"])
    assert [act.who for act in found.teams[3].acts] == ["Ads"]  # nobody owns it, so the team does
    assert inbound.progress == sum((aim.progress for aim in inbound.aims), Decimal(0)) / len(inbound.aims)


def test_a_month_begins_with_the_bottlenecks(world: App) -> None:
    found = made(world, Cadence.MONTHLY)
    ratios = [each.ratio for each in found.bottlenecks.worst]
    assert ratios == sorted(ratios)
    assert len(ratios) >= 3
    assert set(names(found.bottlenecks.still)) == {"KR2.1", "KR4.2"}
    assert found.bottlenecks.still[0].still_days(found.when.day) == LAST_DAY
    assert names(found.changes.better) == ["KR4.3"]
    assert line(found, "Style guide").status is Status.DONE
    assert [each.since for each in found.broken if "Sign-ups" in each.name] == [FIRST]
    text = render([found], "md", Texts())
    assert text.index("Bottlenecks") < text.index("Progress against pace") < text.index("All key results")


def test_a_quarter_shows_who_contributes_to_what(world: App) -> None:
    alignment = made(world, Cadence.QUARTERLY).alignment
    assert alignment is not None
    sales, brand = alignment.goals
    assert {part.team: len(part.lines) for part in sales.contributions} == {"Inbound": 2, "Content": 1, "Ads": 1}
    assert sum(part.share for part in sales.contributions if part.share) == 1
    assert {part.team: part.amount for part in sales.contributions}["Ads"] == 0  # over KR3.1, which counts already
    assert alignment.alone == (brand,)
    assert names(alignment.astray) == ["KR4.3"]
    assert names(alignment.lost) == ["KR4.2"]


def test_a_budget_over_several_rows_is_shared_by_them(world: App) -> None:
    found = made(world, "weekly")
    alone, shared = line(found, "Search").cost, line(found, "Readers").cost
    assert shared.spent / alone.spent == Decimal(12_000) / 3 / 9_000


def test_the_forecast_and_the_costs_of_a_row(world: App) -> None:
    search = line(made(world, Cadence.WEEKLY), "Search")
    assert isinstance(search.forecast, Forecast)
    assert search.forecast.low < float(search.value) + 100 < search.forecast.high + 100
    assert search.forecast.figures == LAST_DAY // 3 + 1
    spent = Decimal(9000) * LAST_DAY / 90
    assert search.cost is not None
    assert search.cost.spent == pytest.approx(spent, rel=Decimal("0.01"))
    assert search.cost.per_result == pytest.approx(spent / search.value, rel=Decimal("0.01"))
    assert line(made(world, Cadence.WEEKLY), "Style guide").forecast.risk == 0
    assert line(made(world, Cadence.WEEKLY), "Sign-ups").forecast is TooLittle.FEW_FIGURES


def test_costs_from_a_row_that_measures_what_was_spent(world: App) -> None:
    from sheetsync.model import Cell, CellRef, Column
    from sheetsync.okr.scan import scan

    rows = scan(world.open_workbook(world.workbook_configs([])[0]).read(), today=date(2027, 3, 11))
    when = days(Cadence.WEEKLY, date(2027, 3, 11), world.edges.time.now(), UTC)
    identity = world.open_workbook(world.workbook_configs([])[0]).identity

    def with_budget(text: str) -> Any:
        named = [
            replace(row, cells={**row.cells, Column.BUDGET: Cell(text)}, refs={**row.refs, Column.BUDGET: CellRef("x", 1, 1)})
            if "Search" in row.name else row
            for row in rows
        ]  # fmt: skip
        return line(review(named, world.history, identity, when, name="x"), "Search").cost

    search, spent = (line(made(world, Cadence.WEEKLY), name).value for name in ("Search", "Readers"))
    assert with_budget("KR4.1").spent == spent
    assert with_budget("KR4.1").per_result == spent / search
    assert with_budget("KR3.1") is None  # itself
    assert with_budget("to be told") is None


def test_a_day_gone_by_is_as_it_was(world: App) -> None:
    then = made(world, Cadence.WEEKLY, day=date(2027, 2, 3))
    assert then.when.over
    assert line(then, "Style guide").value == 0
    assert line(then, "Search").value < line(made(world, Cadence.WEEKLY), "Search").value
    assert max(point.day for point in line(then, "Search").trend) == date(2027, 2, 3)
    assert line(then, "Search").expected == Decimal(33) / 90
    before_all = made(world, Cadence.WEEKLY, day=date(2026, 12, 1))
    assert before_all.lines == ()
    for form in ("html", "md", "json"):
        assert render([before_all], form, Texts())


def test_only_a_group(world: App) -> None:
    found = made(world, Cadence.QUARTERLY, groups=["content"])
    assert {each.group for each in found.lines} == {"Content"}
    assert found.alignment is not None
    assert {part.team for goal in found.alignment.goals for part in goal.contributions} == {"Content"}
    assert found.alignment.alone == ()
    with pytest.raises(ConfigError, match="Finance"):
        made(world, Cadence.WEEKLY, groups=["Finance"])


def test_a_day_to_come_is_refused(world: App) -> None:
    with pytest.raises(ConfigError, match="2027-03-12"):
        made(world, Cadence.WEEKLY, day=date(2027, 3, 12))


@pytest.mark.parametrize("cadence", Cadence)
@pytest.mark.parametrize("form", ["html", "md", "json"])
def test_the_same_history_gives_the_same_bytes(world: App, cadence: Cadence, form: str) -> None:
    assert render([made(world, cadence)], form, Texts()) == render([made(world, cadence)], form, Texts())


@pytest.mark.parametrize(
    ("cadence", "day", "since"),
    [
        (Cadence.WEEKLY, date(2027, 1, 3), date(2026, 12, 27)),
        (Cadence.MONTHLY, date(2027, 3, 31), date(2027, 2, 28)),
        (Cadence.MONTHLY, date(2028, 3, 30), date(2028, 2, 29)),
        (Cadence.MONTHLY, date(2027, 2, 28), date(2027, 1, 31)),
        (Cadence.MONTHLY, date(2027, 1, 15), date(2026, 12, 15)),
        (Cadence.QUARTERLY, date(2027, 3, 31), date(2026, 12, 31)),
        (Cadence.QUARTERLY, date(2027, 5, 31), date(2027, 2, 28)),
    ],
)
def test_the_review_before(cadence: Cadence, day: date, since: date) -> None:
    now = datetime(2030, 1, 1, tzinfo=UTC)
    assert days(cadence, day, now, UTC).since == since


def test_a_day_is_that_of_the_zone() -> None:
    when = days(Cadence.WEEKLY, date(2027, 1, 8), datetime(2027, 1, 8, 3, tzinfo=UTC), ZoneInfo("Asia/Shanghai"))
    assert (when.until, when.over) == (datetime(2027, 1, 8, 3, tzinfo=UTC), False)
    assert when.before == datetime(2027, 1, 1, 16, tzinfo=UTC) - timedelta(microseconds=1)


# --- from entries alone --------------------------------------------------------------------------------------------------

ENTRY = Entry(
    workbook="", key="", group="Team", objective="O1 Grow", key_result="KR1 Leads", link="", connector="", account="",
    value=Decimal(10), unit="", as_of=FIRST, source="", state="fresh", message="", progress=Decimal("0.1"), status="",
    target=Decimal(100), run=0, at=FIRST,
)  # fmt: skip


def test_rows_that_no_longer_stand_in_the_workbook(tmp_path: Path) -> None:
    now = [FIRST]
    with History(tmp_path / "h.db", clock=lambda: now[0], redact=lambda text: text) as history:
        for day, value, target, present in (
            (0, 10, 100, {"stays", "goes"}),
            (6, 30, 100, {"stays", "goes"}),
            (9, 40, 80, {"stays"}),
        ):
            now[0] = FIRST + timedelta(days=day)
            rows = [
                replace(ENTRY, key=f"{key}\x1f2027-q1", key_result=key, value=Decimal(value), target=Decimal(target), at=now[0],
                        as_of=now[0], progress=Decimal(value) / target)
                for key in sorted(present)
            ]  # fmt: skip
            run = history.begin("book")
            history.record(run, rows, fills={}, outbox=[], present={row.key for row in rows})
        when = days(Cadence.WEEKLY, date(2027, 1, 10), now[0] + timedelta(hours=1), UTC)
        found = review([], history, "book", replace(when, before=FIRST + timedelta(days=7)), name="okr.xlsx")
        (stays,) = found.lines
        assert (stays.gone, stays.forecast, stays.progress) == (True, None, Decimal("0.5"))
        assert found.changes.gone == ("goes",)
        assert (stays.target_before, stays.target) == (100, 80)
        assert found.changes.retargeted == (stays,)
        assert stays.period is not None
        assert stays.period.label == "2027-Q1"
        next_quarter = days(Cadence.WEEKLY, date(2027, 4, 2), datetime(2027, 5, 1, tzinfo=UTC), UTC)
        assert [each.key for each in review([], history, "book", next_quarter, name="x").lines] == [stays.key]


def test_a_row_without_a_record_counts_as_it_stands(world: App) -> None:
    from sheetsync.okr.scan import scan

    entry = world.workbook_configs([])[0]
    rows = scan(world.open_workbook(entry).read(), today=date(2027, 3, 11))
    late = replace(rows[1], key="other\x1f2027-q1", name="Typed today", result=Decimal("0.2"))
    when = days(Cadence.WEEKLY, date(2027, 3, 11), world.edges.time.now(), UTC)
    identity = world.open_workbook(entry).identity
    typed = line(review([*rows, late], world.history, identity, when, name="x"), "Typed today")
    assert (typed.progress, typed.new, typed.state) == (Decimal("0.5"), True, "")
    over = replace(when, over=True)
    assert "Typed today" not in [each.name for each in review([*rows, late], world.history, identity, over, name="x").lines]
    missing = replace(late, result=None, key="third\x1f2027-q1")
    none = line(review([missing], world.history, identity, when, name="x"), "Typed today")
    assert none.status in (Unmeasured.NO_RESULT, Unmeasured.TEXT_RESULT)


# --- the command ---------------------------------------------------------------------------------------------------------


def test_the_command_prints_and_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Callable[..., Done]) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_text("n\n7\n")
    (tmp_path / "sheetsync.toml").write_text('[[workbooks]]\npath = "okr.xlsx"\n[connectors.file.default]\nfolders = ["data"]\n')
    rows = [("Inbound", "O1 Grow", "KR1 Leads", "number", 0, 9, None, "file:data/a.csv#value", *[None] * 7)]
    write_plan(tmp_path / "okr.xlsx", rows, headings=HEADINGS, sheet="Plan")
    assert command("run").code == 0
    done = command("review")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("# Weekly review: okr.xlsx\n")
    (found,) = command("review", "--cadence", "monthly", "--json").json["reviews"]
    assert (found["cadence"], found["key_results"][0]["result"]) == ("monthly", 7)
    for name in ("r.html", "r.md", "r.json", "r.xlsx"):
        assert "Written" in command("review", "okr.xlsx", "--cadence", "quarterly", "--out", name).out
    assert (tmp_path / "r.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["reviews"][0]["teams"][0]["name"] == "Inbound"
    for wrong in (
        ["--cadence", "daily"],
        ["--as-of", "yesterday"],
        ["--out", "r.pdf"],
        ["--out", "gone/r.md"],
        ["--as-of", "9999-01-01"],
    ):
        assert command("review", *wrong).code == 2, wrong
    assert command("review", "missing.xlsx").code == 3


# --- the page ------------------------------------------------------------------------------------------------------------


def page(app: App, cadence: Cadence, texts: Texts | None = None) -> str:
    return render([made(app, cadence)], "html", texts or Texts())


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("cadence", Cadence)
def test_the_page_is_whole_and_its_headings_in_order(world: App, cadence: Cadence, language: Any) -> None:
    text = page(world, cadence, Texts(language))
    reader = _Reader()
    reader.feed(text)
    assert reader.language == ("zh-Hans" if language == "zh" else "en")
    assert reader.headings[0] == 1
    assert reader.headings.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(reader.headings, reader.headings[1:], strict=False))
    assert reader.pictures > 5
    assert reader.unnamed == []
    assert reader.open == []
    assert reader.outside == set()
    if language == "zh":
        left = [said for said in ON_THE_PAGE if len(said) > 8 and said in text and "{" not in said]
        assert left == []


class _Reader(HTMLParser):
    """What a page is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.language, self.headings, self.pictures = "", [], 0
        self.unnamed: list[str] = []
        self.outside: set[str] = set()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        told = dict(attributes)
        if tag == "html":
            self.language = told["lang"] or ""
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "svg":
            self.pictures += 1
            if told.get("role") != "img" or not told.get("aria-label"):
                self.unnamed.append(self.get_starttag_text() or "")
        if tag in {"script", "iframe", "object", "embed", "img", "link", "form", "base"} or "src" in told:
            self.outside.add(tag)
        self.outside |= {name for name in told if name.startswith("on")}
        if tag == "a":
            assert (told["href"] or "").startswith(("http://", "https://"))
            assert "noopener" in (told["rel"] or "")
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize(
    ("link", "leads"),
    [
        ("https://crm.example/x?y=1#count", True),
        ("HTTP://crm.example", True),
        ("javascript:alert(1)", False),
        ("https://a@b.example/", False),
        ('https://a.example/"onclick=x', False),
        ("https://a.example/\u202etxt", False),
        ("data:text/html,x", False),
        ("file:data/a.csv", False),
        (" https://a.example", False),
    ],
)
def test_only_web_addresses_become_links(link: str, leads: bool) -> None:
    assert bool(address(link)) is leads


def test_every_sentence_of_the_page_is_in_the_catalogue() -> None:
    source = (Path(__file__).parents[1] / "sheetsync" / "review" / "page.html").read_text(encoding="utf-8")
    said = set(re.findall(r"""say\(\s*["']([^"']+)["']""", source))
    assert said == set(ON_THE_PAGE)


class _Site(ThreadingHTTPServer):
    """Serves one page, and remembers whatever else is asked for."""

    def __init__(self, text: str) -> None:
        super().__init__(("127.0.0.1", 0), _Asked)
        self.text, self.asked = text.encode(), []
        Thread(target=self.serve_forever, daemon=True).start()


class _Asked(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        site = self.server
        assert isinstance(site, _Site)
        if self.path == "/favicon.ico":  # the browser's own question
            self.send_error(404)
            return
        site.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(site.text)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


def browsed(text: str, tmp_path: Path) -> tuple[str, list[str]]:
    """What the browser makes of a page, and what it asked for. Scripts have twenty seconds, of which none passes."""
    with _Site(text) as site:
        shown = chromium(
            tmp_path, "--virtual-time-budget=20000", "--dump-dom", f"http://127.0.0.1:{site.server_port}/review.html"
        )
        site.shutdown()
        return shown, site.asked


def title_of(shown: str) -> str:
    title = re.search("<title>(.*?)</title>", shown, re.DOTALL)
    assert title is not None
    return unescape(title[1])


def opened(text: str) -> str:
    """A page without the rule that lets no script run."""
    allowed = re.sub(r"<meta http-equiv=[^>]*>", "", text)
    assert allowed != text
    return allowed


@pytest.mark.parametrize("cadence", Cadence)
def test_no_script_of_a_sheet_runs_even_where_the_page_would_let_it(world: App, cadence: Cadence, tmp_path: Path) -> None:
    """Hostile texts stand in an objective, a key result, an owner and a link; nothing runs and nothing is asked for."""
    text = page(world, cadence)
    assert "onerror" in text
    shown, asked = browsed(opened(text), tmp_path)
    assert title_of(shown).startswith(f"{cadence.capitalize()} review")
    assert asked == ["/review.html"]
    assert "<img" not in shown
    assert "<script" not in shown
    assert not re.search(r"<[^>]* on[a-z]+=", shown)


def test_a_script_in_a_page_would_have_been_seen(tmp_path: Path) -> None:
    shown, asked = browsed(f"<title>calm</title><body>{HOSTILE}", tmp_path)
    assert title_of(shown) == "run"
    assert "/x" in asked


AXE = """
<script>axe.run({resultTypes: ["violations", "passes"]}).then(found => document.title = JSON.stringify({
  passes: found.passes.map(each => each.id),
  violations: found.violations.map(each => [each.id, each.help, each.nodes.map(node => node.html.slice(0, 120))])}))</script>
"""


def axe(text: str, tmp_path: Path) -> Any:
    engine = (files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8").replace("</script", "<\\/script")
    shown, _ = browsed(text.replace("</body>", f"<script>{engine}</script>{AXE}</body>"), tmp_path)
    return json.loads(title_of(shown))


@pytest.mark.parametrize(("cadence", "language"), [("weekly", "en"), ("monthly", "zh"), ("quarterly", "en")])
def test_the_page_holds_the_rules_of_accessibility(world: App, cadence: str, language: Any, tmp_path: Path) -> None:
    """All rules of axe-core, best practices too: landmarks, headings, names of pictures, table headers, language, contrast."""
    found = axe(opened(page(world, Cadence(cadence), Texts(language))), tmp_path)
    assert found["violations"] == []
    must = {"color-contrast", "heading-order", "html-has-lang", "svg-img-alt", "landmark-one-main", "document-title", "region"}
    assert must <= set(found["passes"])


def test_a_page_that_breaks_the_rules_is_found(world: App, tmp_path: Path) -> None:
    text = page(world, Cadence.QUARTERLY)
    broken = (
        opened(text)
        .replace('<html lang="en">', "<html>")
        .replace("<h2>Grades", "<h5>Grades")
        .replace(".soft{color:#44546a", ".soft{color:#ccc")
    )
    broken = re.sub(r'(role="img") aria-label="[^"]*"', r"\1", broken)
    rules = {rule for rule, _, _ in axe(broken, tmp_path)["violations"]}
    assert {"html-has-lang", "heading-order", "color-contrast", "svg-img-alt"} <= rules


PROBE = """
<script>
const lum = c => { const v = c.map(x => { x /= 255; return x <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4 });
  return .2126 * v[0] + .7152 * v[1] + .0722 * v[2] };
const rgb = s => s.match(/[\\d.]+/g).map(Number);
const hex = s => [1, 3, 5].map(i => parseInt(s.slice(i, i + 2), 16));
const behind = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor);
  if (c.length < 4 || c[3] > 0) return c } return [255, 255, 255] };
const found = []; let looked = 0;
const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walk.nextNode()) {
  const e = walk.currentNode.parentElement;
  if (!walk.currentNode.data.trim() || ['SCRIPT', 'STYLE'].includes(e.tagName)) continue;
  const css = getComputedStyle(e), svg = e instanceof SVGElement;
  const ink = rgb(svg ? css.fill : css.color), ground = svg ? hex(e.dataset.on) : behind(e);
  const [a, b] = [lum(ink), lum(ground)].sort((x, y) => y - x), ratio = (a + .05) / (b + .05);
  looked++; if (ratio < 4.5) found.push(e.outerHTML.slice(0, 90) + ' ' + ratio.toFixed(2));
}
const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
document.title = JSON.stringify({looked, wide, found});
</script>
"""


@pytest.mark.parametrize("cadence", [Cadence.WEEKLY, Cadence.QUARTERLY])
def test_every_text_can_be_read_against_what_is_behind_it(world: App, cadence: Cadence, tmp_path: Path) -> None:
    """Contrast of at least 4.5 (WCAG 2.1, 1.4.3), measured in the browser; and nothing sticks out at the side."""
    shown, _ = browsed(opened(page(world, cadence)).replace("</body>", PROBE + "</body>"), tmp_path)
    measured = json.loads(title_of(shown))
    assert measured["looked"] > 100
    assert measured["found"] == []
    assert measured["wide"] <= 0


# --- the workbook --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("cadence", "language"), [("weekly", "en"), ("quarterly", "zh")])
def test_the_workbook_holds_figures_and_charts_and_no_formula(world: App, cadence: str, language: Any, tmp_path: Path) -> None:
    found = made(world, Cadence(cadence))
    (tmp_path / "review.xlsx").write_bytes(document_of([found], "xlsx", Texts(language)))
    with closing(openpyxl.load_workbook(tmp_path / "review.xlsx")) as book:
        first, rows, trends, aligned = book.worksheets
        assert first.title == ("复盘" if language == "zh" else "Review")
        cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row if cell.value is not None]
        assert [cell.coordinate for cell in cells if cell.data_type == "f"] == []
        heads = [cell.value for cell in first["B"] if cell.value]
        assert heads.index(Texts(language)("Bottlenecks")) < heads.index(Texts(language)("Progress against pace"))
        table = {row[2].value: row for row in rows.iter_rows(min_row=2, max_row=1 + len(found.lines))}
        assert set(table) == {" ".join(each.name.split()) for each in found.lines}
        for each in found.lines:
            row = table[" ".join(each.name.split())]
            assert row[7].value == (None if each.progress is None else pytest.approx(float(each.progress)))
        assert len(first._charts) == 1
        assert len(trends._charts) == sum(len(each.trend) > 1 for each in found.lines)
        assert len(aligned._charts) == 1


def test_the_workbook_opens_elsewhere(world: App, tmp_path: Path) -> None:
    (tmp_path / "review.xlsx").write_bytes(document_of([made(world, Cadence.MONTHLY)], "xlsx", Texts()))
    home = f"-env:UserInstallation={(tmp_path / 'office').as_uri()}"
    command = [
        needs("soffice"),
        "--headless",
        home,
        "--convert-to",
        "csv",
        "--outdir",
        str(tmp_path),
        str(tmp_path / "review.xlsx"),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    assert "Monthly review" in (tmp_path / "review.csv").read_text(encoding="utf-8", errors="replace")


def test_a_text_that_begins_like_a_formula_stays_a_text(world: App, tmp_path: Path) -> None:
    found = made(world, Cadence.WEEKLY)
    team = found.teams[0]
    evil = replace(
        team,
        name='=HYPERLINK("http://x.example","x")',
        aims=tuple(
            replace(aim, lines=tuple(replace(each, name="=1+1", owner="@SUM(A1)", message="+1") for each in aim.lines))
            for aim in team.aims
        ),
    )
    (tmp_path / "r.xlsx").write_bytes(document_of([replace(found, teams=(evil,))], "xlsx", Texts()))
    with closing(openpyxl.load_workbook(tmp_path / "r.xlsx")) as book:
        said = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row if str(cell.value)[:1] in "=@+"]
        assert len(said) > 3
        assert {cell.data_type for cell in said} == {"s"}


def test_markdown_means_nothing_that_a_sheet_says(world: App) -> None:
    text = render([made(world, Cadence.WEEKLY)], "md", Texts())
    assert "[x](javascript" not in text
    assert "<script" not in text.replace("\\<script", "")
    table = text.partition("## All key results")[2].strip().splitlines()
    bars = {len(re.findall(r"(?<!\\)\|", row)) for row in table}
    assert bars == {11}


def test_the_document_points_to_its_rows(world: App) -> None:
    document = json.loads(render([made(world, Cadence.QUARTERLY)], "json", Texts("zh")))["reviews"][0]
    found = document["key_results"]
    assert {found[place]["owner"] for place in document["teams"][2]["stuck"]} <= {"Cem", HOSTILE}
    assert document["alignment"]["without_contribution"] == ["O2 A brand people know"]
    assert {row["status"] for row in found} <= {*Status, *Unmeasured}
    assert "请" in document["teams"][0]["acts"][0]["what"]
