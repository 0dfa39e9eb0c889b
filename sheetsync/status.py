"""The daemon's state goes in, a small read-only page comes out: who is kept up to date, what failed, what runs next.

    /          a table for people, without script
    /healthz   200 while the loop turns
    /readyz    200 when the last run of every workbook was fine, else 503
    /metrics   for Prometheus (text exposition format 0.0.4)

It listens on loopback, answers GET and HEAD for its own host name only (a page in somebody's browser must not be able to read it
under another name), and shows nothing that a secret could stand in.
"""

from __future__ import annotations

import hmac
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Any, Final

from sheetsync.errors import ConfigError
from sheetsync.okr import layout
from sheetsync.texts import Texts, mark, one_line

LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]", "::1")
STALE_SECONDS: Final = 120
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class WorkbookState:
    """One workbook, as the page shows it. `place` is its path or address, `states` counts its rows by state."""

    name: str
    place: str
    last: datetime | None
    next: datetime
    error: str
    running: bool
    waiting: bool
    states: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SourceState:
    """One account of one service: when it gave a figure last, and what it failed with since."""

    connector: str
    account: str
    last_good: datetime | None
    failure: str


@dataclass(frozen=True, slots=True)
class State:
    """All of it, at one moment. `counts` are totals since the start."""

    now: datetime
    started: datetime
    beat: datetime
    workbooks: Sequence[WorkbookState]
    sources: Sequence[SourceState]
    counts: Mapping[str, int]


def ready(state: State) -> bool:
    return all(one.last is not None and not one.error for one in state.workbooks)


def healthy(state: State) -> bool:
    return (state.now - state.beat).total_seconds() < STALE_SECONDS


# --- for Prometheus ----------------------------------------------------------------------------------------------------


def metrics(state: State) -> str:
    """Names by the convention: unit in the name, totals end in _total (https://prometheus.io/docs/practices/naming/)."""
    lines: list[str] = []

    def family(name: str, kind: str, about: str, samples: Iterable[tuple[Mapping[str, str], float]]) -> None:
        lines.append(f"# HELP sheetsync_{name} {about}")
        lines.append(f"# TYPE sheetsync_{name} {kind}")
        for labels, value in samples:
            inside = ",".join(f'{key}="{_label(text)}"' for key, text in labels.items())
            lines.append(f"sheetsync_{name}{{{inside}}} {value:.15g}" if inside else f"sheetsync_{name} {value:.15g}")

    family("up", "gauge", "1 while the loop turns", [({}, float(healthy(state)))])
    family("start_time_seconds", "gauge", "when the daemon began", [({}, state.started.timestamp())])
    for name, key, about in (
        ("runs", "runs", "runs"), ("failed_runs", "failed", "runs that ended with an error"),
        ("skipped_slots", "skipped", "slots skipped by a slow run"), ("edits", "edits", "cells changed"),
        ("missed_slots", "missed", "slots that were caught up by a later one"), ("requests", "requests", "requests to services"),
    ):  # fmt: skip
        family(f"{name}_total", "counter", about, [({}, float(state.counts.get(key, 0)))])
    names = [one.name for one in state.workbooks]  # a label that stands twice would spoil the whole answer
    named = [(one.place if names.count(one.name) > 1 else one.name, one) for one in state.workbooks]
    family(
        "last_run_timestamp_seconds", "gauge", "when a workbook was last run",
        [({"workbook": name}, one.last.timestamp()) for name, one in named if one.last],
    )  # fmt: skip
    family(
        "workbook_failed", "gauge", "1 when its last run failed",
        [({"workbook": name}, float(bool(one.error))) for name, one in named],
    )  # fmt: skip
    counted = [
        ({"workbook": name, "state": word}, float(count)) for name, one in named for word, count in sorted(one.states.items())
    ]
    family("rows", "gauge", "rows of a workbook by state", counted)
    family(
        "source_failing", "gauge", "1 when an account gave no figure when it was last asked",
        [({"connector": one.connector, "account": one.account}, float(bool(one.failure))) for one in state.sources],
    )  # fmt: skip
    return "\n".join(lines) + "\n"


def _label(text: str) -> str:
    return one_line(text, 200).replace("\\", r"\\").replace('"', r"\"")


# --- for people --------------------------------------------------------------------------------------------------------

_STYLE: Final = """
:root{color-scheme:light dark}body{font:15px/1.5 system-ui,'Segoe UI','PingFang SC','Microsoft YaHei',sans-serif;margin:2rem auto;
max-width:68rem;padding:0 1rem;color:#1b2a41;background:#fff}h1{font-size:1.4rem;margin:0}h2{font-size:1rem;margin:2rem 0 .5rem}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.45rem .6rem;border-bottom:1px solid #d8dee9;vertical-align:top}
th{font-weight:600;font-size:.85rem;color:#44546a}.bad{color:#a32020;font-weight:600}.good{color:#1c6b4a;font-weight:600}
.when{white-space:nowrap}td.bad,td.good{font-weight:500}
.muted{color:#5b6b80}@media(prefers-color-scheme:dark){body{background:#10192a;color:#e6ebf3}th,.muted{color:#a9b6c9}
th,td{border-color:#2b3950}.bad{color:#ff9a8c}.good{color:#7fd8b0}}
th,td{overflow-wrap:anywhere}@media(max-width:40rem){body{margin:1rem auto}thead{display:none}tr{display:block;
padding:.7rem .8rem;margin:0 0 .7rem;border:1px solid #8795aa66;border-radius:12px}
tbody th,td{display:block;border:0;padding:.1rem 0}tbody th{font-size:1rem}
td[title]::before{content:attr(title) ": ";color:#6b7a90;font-weight:400}}
"""
_PAGE: Final = """\
<!doctype html>
<html lang="{{ say.language }}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="30"><title>sheetsync</title><style>{{ style | safe }}</style></head>
<body><main><h1>sheetsync</h1>
<p class="{{ 'good' if fine else 'bad' }}">{{ say("All is well.") if fine else say("Something needs attention.") }}</p>
<h2>{{ say("Workbooks") }}</h2>
<table><thead><tr>{% for name in ("Workbook", "State", "Last run", "Next run", "Rows") %}<th scope="col">{{ say(name) }}</th>
{%- endfor %}</tr></thead><tbody>{% for one in state.workbooks %}
<tr><th scope="row">{{ one.name | line }}</th>
<td title="{{ say("State") }}" class="{{ 'bad' if one.error else 'good' if one.last else 'muted' }}">
{{- one.error | line if one.error else say("fine") if one.last else say("not run yet") }}</td>
<td title="{{ say("Last run") }}" class="when">{{ one.last | when }}</td>
<td title="{{ say("Next run") }}" class="when">
{{- say("running now") if one.running else say("figures wait") if one.waiting else one.next | when }}</td>
<td title="{{ say("Rows") }}">{{ one.states | counted }}</td></tr>{% endfor %}
</tbody></table>
<h2>{{ say("Sources") }}</h2>
<table><thead><tr>{% for name in ("Source", "Last figure", "State") %}<th scope="col">{{ say(name) }}</th>
{%- endfor %}</tr></thead><tbody>{% for one in state.sources %}
<tr><th scope="row">{{ one.connector | line }} · {{ one.account | line }}</th>
<td title="{{ say("Last figure") }}" class="when">{{ one.last_good | when }}</td>
<td title="{{ say("State") }}" class="{{ 'bad' if one.failure else 'good' }}">
{{- one.failure | line if one.failure else say("fine") }}</td></tr>
{%- endfor %}
</tbody></table>
<p class="muted">{{ say("Since {time}.", time=state.started.astimezone()) }}</p></main></body></html>
"""
_SAID: Final = (
    *(mark("All is well."), mark("Something needs attention."), mark("Since {time}.")),
    *(mark("Workbooks"), mark("Workbook"), mark("State"), mark("Last run"), mark("Next run"), mark("Rows")),
    *(mark("fine"), mark("not run yet"), mark("running now"), mark("figures wait")),
    *(mark("Sources"), mark("Source"), mark("Last figure")),
)
"""What the page says, for the catalogues."""


def page(state: State, texts: Texts) -> str:
    """HTML without script; whatever comes from outside is escaped."""
    import jinja2  # noqa: PLC0415 - only who looks at the page needs it

    def when(moment: datetime | None) -> str:
        return "–" if moment is None else f"{moment.astimezone():%Y-%m-%d %H:%M}"

    def counted(states: Mapping[str, int]) -> str:
        return ", ".join(f"{layout.word(layout.STATES, name, texts.language)} {count}" for name, count in sorted(states.items()))

    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters |= {"when": when, "counted": counted, "line": lambda text: one_line(text, 300)}
    template = environment.from_string(_PAGE)
    return template.render(state=state, say=texts, fine=_all_well(state), style=_STYLE)


def _all_well(state: State) -> bool:
    """More than `ready`: no source is silent and no row broken either."""
    broken = any(one.states.get("broken") or one.states.get("kept") for one in state.workbooks)
    return healthy(state) and ready(state) and not broken and not any(source.failure for source in state.sources)


# --- the server --------------------------------------------------------------------------------------------------------


class StatusPage:
    """Serves the page in a thread of its own until `close`.

    `token` is needed where `host` is not loopback: it is asked for as `Authorization: Bearer`. Raises ConfigError where the
    address cannot be used, or where another address than loopback is named without a token.
    """

    def __init__(
        self, state: Callable[[], State], texts: Texts, *, host: str = "127.0.0.1", port: int = 0, token: str = ""
    ) -> None:
        if not _is_loopback(host) and not token:
            raise ConfigError(
                "The status page may leave this machine only with a token.",
                advice="Set status_token, or let it listen on 127.0.0.1.",
            )
        try:
            self._server = ThreadingHTTPServer((host, port), _exchange(state, texts, host, token))
        except OSError:
            raise ConfigError(
                "The status page cannot listen on {host}, port {port}.", host=host, port=port, advice="Choose another port."
            ) from None
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.2,), name="status", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _exchange(state: Callable[[], State], texts: Texts, host: str, token: str) -> type[BaseHTTPRequestHandler]:
    class Exchange(BaseHTTPRequestHandler):
        server_version = "sheetsync"
        sys_version = ""
        timeout = 10

        def do_GET(self) -> None:
            self._reply(body=True)

        def do_HEAD(self) -> None:
            self._reply(body=False)

        def _reply(self, *, body: bool) -> None:
            status, kind, text = self._answer()
            data = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(data)))
            for name, value in _HEADERS.items():
                self.send_header(name, value)
            self.end_headers()
            if body:
                self.wfile.write(data)

        def _answer(self) -> tuple[int, str, str]:
            asked = self.headers.get("Host", "")
            name = asked.rpartition(":")[0] if asked.count(":") == 1 or "]:" in asked else asked
            if name not in (LOOPBACK if _is_loopback(host) else (host, f"[{host}]")):
                return 421, "text/plain", "misdirected request\n"
            if token and not hmac.compare_digest(self.headers.get("Authorization", ""), f"Bearer {token}"):
                return 401, "text/plain", "a token is needed\n"
            now = state()
            match self.path.partition("?")[0]:
                case "/":
                    return 200, "text/html", page(now, texts)
                case "/healthz":
                    return (200, "text/plain", "ok\n") if healthy(now) else (503, "text/plain", "the loop stands still\n")
                case "/readyz":
                    return (200, "text/plain", "ok\n") if ready(now) else (503, "text/plain", "not ready\n")
                case "/metrics":
                    return 200, "text/plain; version=0.0.4", metrics(now)
            return 404, "text/plain", "not found\n"

        def __getattr__(self, name: str) -> Any:
            if name.startswith("do_"):
                return self._refuse
            raise AttributeError(name)

        def _refuse(self) -> None:
            self.send_response(405)
            self.send_header("Allow", "GET, HEAD")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
            """Visits to the page are no events."""

    return Exchange
