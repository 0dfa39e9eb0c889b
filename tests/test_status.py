"""The status page: what it shows, to whom, and what it refuses; over real sockets, and in a browser."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sheetsync.errors import ConfigError
from sheetsync.model import RunReport
from sheetsync.status import SourceState, State, StatusPage, WorkbookState, metrics, page, ready
from sheetsync.tally import Tally
from sheetsync.texts import Texts
from tests.browser import chromium

NOON = datetime(2027, 1, 4, 12, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>\"' onmouseover=x\n# HELP forged"
FINE = WorkbookState(
    "okr.xlsx",
    "/plans/okr.xlsx",
    NOON,
    NOON + timedelta(minutes=30),
    "",
    running=False,
    waiting=False,
    states={"fresh": 3, "broken": 1},
)
STATE = State(
    NOON, NOON - timedelta(days=2), NOON,
    [FINE, replace(FINE, name="brand.xlsx", error=HOSTILE), replace(FINE, name=HOSTILE, last=None, states={}, waiting=True)],
    [SourceState("mailchimp", "emea", NOON, ""), SourceState("http", HOSTILE, None, HOSTILE)],
    {"runs": 7, "edits": 20},
)  # fmt: skip


@pytest.fixture
def served() -> Iterator[StatusPage]:
    status = StatusPage(lambda: STATE, Texts("en"))
    yield status
    status.close()


def ask(
    status: StatusPage, path: str, *, method: str = "GET", host: str | None = None, token: str = ""
) -> tuple[int, str, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", status.port, timeout=5)
    headers = {"Host": host or f"127.0.0.1:{status.port}"} | ({"Authorization": f"Bearer {token}"} if token else {})
    connection.request(method, path, headers=headers)
    reply = connection.getresponse()
    text = reply.read().decode()
    found = {name.lower(): value for name, value in reply.getheaders()}
    connection.close()
    return reply.status, text, found


def test_the_page_is_for_people_and_holds_no_script(served: StatusPage) -> None:
    status, text, headers = ask(served, "/")
    assert status == 200
    assert "okr.xlsx" in text
    assert "<script" not in text
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "&lt;script&gt;" in text


def test_health_and_readiness(served: StatusPage) -> None:
    assert ask(served, "/healthz")[0] == 200
    assert ask(served, "/readyz")[0] == 503
    assert ready(replace(STATE, workbooks=[FINE]))
    still = StatusPage(lambda: replace(STATE, beat=NOON - timedelta(minutes=5)), Texts("en"))
    assert ask(still, "/healthz")[0] == 503
    still.close()


def test_metrics_hold_one_sample_a_line(served: StatusPage) -> None:
    text = ask(served, "/metrics")[1]
    sample = re.compile(r'sheetsync_[a-z_]+(\{[a-z]+="([^"\\\n]|\\.)*"(,[a-z]+="([^"\\\n]|\\.)*")*\})? [0-9.e+-]+')
    for line in text.splitlines():
        assert line.startswith("# ") or sample.fullmatch(line), line
    assert 'sheetsync_rows{workbook="okr.xlsx",state="fresh"} 3' in text
    assert "sheetsync_runs_total 7" in text
    assert not [line for line in text.splitlines() if line.startswith("# HELP forged")]
    assert metrics(replace(STATE, workbooks=[], sources=[]))


def test_prometheus_reads_the_metrics(served: StatusPage) -> None:
    """With the parser of its own client: names by convention, every family explained, moments to the second."""
    families = {one.name: one for one in text_string_to_metric_families(ask(served, "/metrics")[1])}
    for name, one in families.items():
        assert re.fullmatch("sheetsync_[a-z]+(_[a-z]+)*", name)
        assert one.documentation
        assert one.type in ("gauge", "counter")
        assert all(sample.name.endswith("_total") == (one.type == "counter") for sample in one.samples)
        assert len({str(sorted(sample.labels.items())) for sample in one.samples}) == len(one.samples)
    assert families["sheetsync_start_time_seconds"].samples[0].value == STATE.started.timestamp()
    assert families["sheetsync_last_run_timestamp_seconds"].samples[0].value == NOON.timestamp()
    assert [one.labels["account"] for one in families["sheetsync_source_failing"].samples] == ["emea", " ".join(HOSTILE.split())]


def test_two_workbooks_of_one_name_are_told_apart() -> None:
    """Prometheus refuses an answer in which one series stands twice."""
    text = metrics(replace(STATE, workbooks=[FINE, replace(FINE, place="/other/okr.xlsx")]))
    (found,) = (one for one in text_string_to_metric_families(text) if one.name == "sheetsync_workbook_failed")
    assert [one.labels["workbook"] for one in found.samples] == ["/plans/okr.xlsx", "/other/okr.xlsx"]


def test_what_the_daemon_counts_is_what_prometheus_reads() -> None:
    tally = Tally(NOON)
    tally.count(RunReport("okr.xlsx", error="gone", exit_code=3, edits=2, requests=5))
    tally.counts.skipped, tally.counts.missed = 3, 4
    families = text_string_to_metric_families(metrics(tally.state([], NOON, NOON)))
    found = {sample.name: sample.value for one in families for sample in one.samples if one.type == "counter"}
    assert found == {
        "sheetsync_runs_total": 1, "sheetsync_failed_runs_total": 1, "sheetsync_skipped_slots_total": 3,
        "sheetsync_missed_slots_total": 4, "sheetsync_requests_total": 5, "sheetsync_edits_total": 2,
    }  # fmt: skip


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "[::2]:80", ""])
def test_a_foreign_host_header_is_refused(served: StatusPage, host: str) -> None:
    status, text, _ = ask(served, "/", host=host or " ")
    assert status == 421
    assert "okr" not in text


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]:8787", "localhost:1"])
def test_its_own_names_are_served(served: StatusPage, host: str) -> None:
    assert ask(served, "/", host=host)[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_every_other_method_is_refused(served: StatusPage, method: str) -> None:
    assert ask(served, "/", method=method)[0] == 405


def test_head_and_unknown_paths(served: StatusPage) -> None:
    assert ask(served, "/", method="HEAD")[:2] == (200, "")
    assert ask(served, "/../etc/passwd")[0] == 404


def test_another_address_needs_a_token() -> None:
    with pytest.raises(ConfigError):
        StatusPage(lambda: STATE, Texts("en"), host="0.0.0.0")
    guarded = StatusPage(lambda: STATE, Texts("en"), token="a-long-token")
    assert ask(guarded, "/")[0] == 401
    assert ask(guarded, "/", token="a-long-tokem")[0] == 401
    assert ask(guarded, "/", token="a-long-token")[0] == 200
    guarded.close()


def test_a_port_that_is_taken_is_said(served: StatusPage) -> None:
    with pytest.raises(ConfigError, match=str(served.port)):
        StatusPage(lambda: STATE, Texts("en"), port=served.port)


def test_in_chinese() -> None:
    text = page(STATE, Texts("zh"))
    assert 'lang="zh"' in text
    assert "工作簿" in text


def test_a_browser_shows_it(served: StatusPage, tmp_path: Path) -> None:
    """Without script, and nothing of a hostile name runs or breaks the table."""
    shown = chromium(tmp_path, "--dump-dom", f"http://127.0.0.1:{served.port}/")
    assert shown.count("<tr>") == 2 + len(STATE.workbooks) + len(STATE.sources)
    assert "<script" not in shown


@pytest.mark.parametrize("width", [390, 1100])
def test_nothing_runs_out_of_the_screen(served: StatusPage, tmp_path: Path, width: int) -> None:
    """On a phone each workbook is a card; a probe of the test's own measures, the page itself has no script."""
    text = page(replace(STATE, workbooks=[*STATE.workbooks, replace(FINE, name="n" * 120, error="e" * 300)]), Texts("en"))
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    probe = (
        f'<iframe src="page.html" style="width:{width}px;height:900px;border:0"></iframe><script>onload=()=>{{const d='
        "document.querySelector('iframe').contentDocument;document.title=d.documentElement.scrollWidth+' '+"
        "d.defaultView.getComputedStyle(d.querySelector('tbody td')).display}</script>"
    )
    (tmp_path / "probe.html").write_text(probe, encoding="utf-8")
    shown = chromium(tmp_path, "--allow-file-access-from-files", "--dump-dom", (tmp_path / "probe.html").as_uri())
    assert f"<title>{width} {'block' if width == 390 else 'table-cell'}</title>" in shown


def test_all_is_well_only_where_no_row_is_broken_and_no_source_is_silent() -> None:
    well = replace(FINE, states={"fresh": 3})
    source = SourceState("mailchimp", "emea", NOON, "")
    good = replace(STATE, workbooks=[well], sources=[source])
    assert "All is well." in page(good, Texts("en"))
    for bad in (
        replace(good, workbooks=[FINE]),
        replace(good, workbooks=[replace(well, states={"kept": 1})]),
        replace(good, sources=[replace(source, failure="It does not answer.")]),
    ):
        assert "Something needs attention." in page(bad, Texts("en"))
