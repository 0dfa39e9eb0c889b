"""Alerts: once when something breaks, once when it is well, to targets that answer truthfully and to those that only seem to."""

from __future__ import annotations

import base64
import hashlib
import hmac
import socketserver
import threading
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sheetsync.alerts import EVENTS, Hook, Mail, is_quiet, shortened, tell
from sheetsync.errors import LinkError
from sheetsync.model import RowReport, RunReport
from sheetsync.testing import Answer, Stand
from sheetsync.texts import Texts
from sheetsync.web.http import Deadline, Web

NOON = datetime(2027, 1, 4, 12, tzinfo=UTC)
ROW = RowReport("S", "G4", "Inbound", "Grow", "KR1 Leads", "l", "mailchimp", "fresh", 1.0, 2.0, 0.5, "on track", "")
OTHER = replace(ROW, key_result="KR2 Visits", cell="G5", connector="http")


def run(*rows: RowReport, error: str | None = None) -> RunReport:
    return RunReport("okr.xlsx", rows=rows, error=error)


class Memory:
    def __init__(self) -> None:
        self.kept: dict[str, set[str]] = {}

    def told(self, target: str) -> set[str]:
        return self.kept.get(target, set())

    def keep_told(self, target: str, keys: Collection[str]) -> None:
        self.kept[target] = set(keys)


class Ear:
    """A target that listens, and can be deaf."""

    kind = "mail"

    def __init__(self, *, events: Collection[str] = EVENTS, quiet: tuple[time, time] | None = None) -> None:
        self.events, self.quiet, self.heard, self.deaf = events, quiet, list[str](), False

    def send(self, title: str, text: str) -> None:
        if self.deaf:
            raise LinkError("no")
        self.heard.append(f"{title}\n{text}")


def hear(ear: Ear, memory: Memory, *reports: RunReport, now: datetime = NOON, language: str = "en") -> None:
    for report in reports:
        tell({"chat": ear}, report, memory, Texts(language), now, UTC)  # type: ignore[arg-type]


BROKEN = replace(ROW, state="broken", message="Mailchimp is not connected yet.")


def test_one_message_when_it_breaks_and_one_when_it_is_well() -> None:
    ear, memory = Ear(), Memory()
    hear(ear, memory, run(ROW, OTHER), run(BROKEN, OTHER), run(BROKEN, OTHER), run(ROW, OTHER), run(ROW, OTHER))
    assert len(ear.heard) == 2
    assert "Leads" in ear.heard[0]
    assert "not connected" in ear.heard[0]
    assert "Well again" in ear.heard[1]


def test_a_silent_source_is_one_message_whatever_hangs_on_it() -> None:
    down = [replace(ROW, key_result=f"KR{n}", state="kept", message="No answer.") for n in range(30)]
    ear, memory = Ear(), Memory()
    hear(ear, memory, *[run(*down, OTHER)] * 12, run(ROW, OTHER))
    assert len(ear.heard) == 2
    assert ear.heard[0].count("•") == 1


def test_a_warning_is_told_once_and_again_when_it_says_something_else() -> None:
    ends = replace(ROW, warning="The key ends on 2027-03-01.", message="⚠ The key ends on 2027-03-01.")
    later = replace(ends, warning="The key ends on 2027-04-01.")
    silent = replace(ROW, state="kept", message="No answer.")
    ear, memory = Ear(), Memory()
    hear(ear, memory, run(ends, replace(ends, key_result="Visits"), OTHER), run(ends, OTHER))
    assert len(ear.heard) == 1
    assert ear.heard[0].count("The key ends on 2027-03-01.") == 1
    hear(ear, memory, run(silent, OTHER), run(ends, OTHER))  # silence is told, but not that the warning is over
    assert len(ear.heard) == 3
    assert not any("The key ends" in said for said in ear.heard[1:])
    hear(ear, memory, run(later, OTHER), run(ROW, OTHER), run(ends, OTHER))
    assert len(ear.heard) == 5
    assert not any("Well again" in said for said in ear.heard[3:])


def test_thresholds_are_told_when_they_are_crossed() -> None:
    ear, memory = Ear(), Memory()
    hear(
        ear,
        memory,
        run(replace(ROW, status="off track")),
        run(replace(ROW, status="off track")),
        run(replace(ROW, status="done")),
    )
    assert len(ear.heard) == 2
    assert "Off track" in ear.heard[0]
    assert "Target reached" in ear.heard[1]


def test_a_chinese_workbook_is_understood_and_told_in_chinese() -> None:
    ear, memory = Ear(), Memory()
    hear(ear, memory, run(replace(ROW, status="落后")), language="zh")
    assert len(ear.heard) == 1


def test_a_target_hears_only_what_it_asked_for() -> None:
    ear, memory = Ear(events=("done",)), Memory()
    hear(ear, memory, run(BROKEN), run(replace(ROW, status="off track")), run(replace(ROW, status="done")))
    assert len(ear.heard) == 1


def test_what_was_not_delivered_is_told_after_the_next_run() -> None:
    ear, memory = Ear(), Memory()
    ear.deaf = True
    failed = tell({"chat": ear}, run(BROKEN), memory, Texts("en"), NOON, UTC)  # type: ignore[dict-item]
    assert [name for name, _ in failed] == ["chat"]
    ear.deaf = False
    hear(ear, memory, run(BROKEN), run(BROKEN))
    assert len(ear.heard) == 1


def test_quiet_hours_hold_back_and_forget_what_is_well_by_then() -> None:
    ear, memory = Ear(quiet=(time(22), time(7))), Memory()
    hear(ear, memory, run(BROKEN), now=NOON.replace(hour=23))
    assert ear.heard == []
    hear(ear, memory, run(ROW), now=NOON.replace(hour=8))
    assert ear.heard == []
    hear(ear, memory, run(BROKEN), now=NOON.replace(hour=3))
    hear(ear, memory, run(BROKEN), now=NOON.replace(hour=7))
    assert len(ear.heard) == 1


@pytest.mark.parametrize(
    ("quiet", "hour", "held"),
    [((22, 7), 23, True), ((22, 7), 6, True), ((22, 7), 7, False), ((12, 13), 12, True), ((12, 13), 13, False), (None, 3, False)],
)
def test_quiet_hours_may_run_over_midnight(quiet: tuple[int, int] | None, hour: int, held: bool) -> None:
    hours = None if quiet is None else (time(quiet[0]), time(quiet[1]))
    assert is_quiet(hours, NOON.replace(hour=hour), UTC) is held


def test_a_run_that_failed_says_so_and_nothing_of_its_rows() -> None:
    ear, memory = Ear(), Memory()
    hear(ear, memory, run(BROKEN), run(error="The workbook is damaged."), run(error="The workbook is damaged."), run(BROKEN))
    assert len(ear.heard) == 3
    assert "damaged" in ear.heard[1]
    assert "Well again" in ear.heard[2]


@given(st.text(), st.integers(10, 60))
def test_texts_are_cut_between_characters(text: str, most: int) -> None:
    cut = shortened(text.encode("utf-8", "ignore").decode(), most)
    assert len(cut.encode()) <= most


def test_many_rows_are_one_short_message() -> None:
    rows = [replace(BROKEN, key_result=f"KR{n} 很长的名字" * 5, cell=f"G{n}") for n in range(400)]
    ear, memory = Ear(), Memory()
    hear(ear, memory, run(*rows))
    assert len(ear.heard) == 1
    assert "385" in ear.heard[0]


# --- targets over the wire


@pytest.fixture
def stand() -> Iterator[Stand]:
    with Stand() as one:
        yield one


def hook(stand: Stand, kind: str, path: str = "/hook?access_token=canary", secret: str | None = None) -> Hook:
    def open_web(origin: str) -> Web:
        return Web(origins=[origin], deadline=Deadline(10))

    return Hook(
        kind, lambda: f"http://127.0.0.1:{stand.port}{path}", open_web, lambda: NOON, None if secret is None else lambda: secret
    )


GOOD: dict[str, Any] = {
    "slack": Answer(200, b"ok"), "teams": Answer(202), "feishu": Answer.of({"code": 0}), "dingtalk": Answer.of({"errcode": 0}),
    "wecom": Answer.of({"errcode": 0}),
}  # fmt: skip
BAD: dict[str, Any] = {
    "slack": Answer(200, b"no_text"), "teams": Answer(400), "feishu": Answer.of({"code": 19021, "msg": "sign match fail"}),
    "dingtalk": Answer.of({"errcode": 310000, "errmsg": "keywords not in content"}), "wecom": Answer.of({"errcode": 93000}),
}  # fmt: skip


@pytest.mark.parametrize("kind", GOOD)
def test_a_message_that_arrived(stand: Stand, kind: str) -> None:
    stand.answer("/hook", GOOD[kind], method="POST")
    hook(stand, kind).send("Title <b>", "Text & more\n• line")
    (seen,) = stand.seen
    assert b"Title" in seen.body
    assert seen.headers["content-type"] == "application/json"


@pytest.mark.parametrize("kind", BAD)
def test_a_message_that_only_seemed_to(stand: Stand, kind: str) -> None:
    stand.answer("/hook", BAD[kind], method="POST")
    with pytest.raises(LinkError) as refused:
        hook(stand, kind).send("Title", "Text")
    assert "canary" not in str(refused.value)
    assert "keywords" not in str(refused.value)


def test_signatures(stand: Stand) -> None:
    stand.answer("/hook", Answer.of({"code": 0, "errcode": 0}), method="POST")
    hook(stand, "feishu", secret="key").send("t", "x")
    body = stand.seen[-1].json()
    wanted = hmac.new(f"{int(NOON.timestamp())}\nkey".encode(), b"", hashlib.sha256).digest()
    assert base64.b64decode(body["sign"]) == wanted
    hook(stand, "dingtalk", secret="key").send("t", "x")
    moment = stand.seen[-1].param("timestamp")
    wanted = hmac.new(b"key", f"{moment}\nkey".encode(), hashlib.sha256).digest()
    assert base64.b64decode(stand.seen[-1].param("sign") or "") == wanted


class Letters(socketserver.ThreadingTCPServer):
    """A mail server that speaks just enough SMTP (RFC 5321)."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, refuse: str = "") -> None:
        self.letters: list[str] = []
        self.refuse = refuse
        super().__init__(("127.0.0.1", 0), _talk(self))
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()


def _talk(server: Letters) -> Callable[..., socketserver.StreamRequestHandler]:
    class Talk(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.say("220 ready")
            while line := self.rfile.readline().decode().strip():
                word = line.partition(" ")[0].upper()
                if word == server.refuse:
                    self.say("550 no")
                elif word == "EHLO":
                    self.say("250 fine")
                elif word == "DATA":
                    self.say("354 go on")
                    lines = []
                    while (text := self.rfile.readline().decode()) != ".\r\n":
                        lines.append(text)
                    server.letters.append("".join(lines))
                    self.say("250 taken")
                elif word == "QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say("250 fine")

        def say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    return Talk


def mail(server: Letters, **rest: Any) -> Mail:
    return Mail("127.0.0.1", server.server_address[1], "okr@example.org", ["ann@example.org"], plain=True, **rest)


def test_mail_holds_one_subject_line_whatever_is_in_it() -> None:
    with Letters() as server:
        mail(server).send("okr\r\nBcc: all@corp.example", "Text")
        server.shutdown()
    (letter,) = server.letters
    assert "\nBcc:" not in letter
    assert "To: ann@example.org" in letter


def test_mail_that_is_refused_is_said() -> None:
    with Letters(refuse="MAIL") as server:
        with pytest.raises(LinkError, match="127"):
            mail(server).send("t", "x")
        server.shutdown()
