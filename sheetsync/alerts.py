"""The report of a run goes in, a message to people comes out, once when something breaks and once when it is well again.

What was told is remembered as a set, and each run compares it with what is: new members are told, members that left are told as
recovered. So nothing is told twice, a restart forgets nothing, and what happens in quiet hours is told when they end, if it still
holds then.

Targets stand in the configuration only. Their answers are read: Feishu, DingTalk and WeCom say with status 200 that a message was
refused. Facts: https://api.slack.com/messaging/webhooks, https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot,
https://open.dingtalk.com/document/robots/custom-robot-access, https://developer.work.weixin.qq.com/document/path/91770,
https://learn.microsoft.com/power-automate/teams/send-a-message-in-teams.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import smtplib
import ssl
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, tzinfo
from email.message import EmailMessage
from typing import Any, Final, Protocol
from urllib.parse import quote

from sheetsync import links
from sheetsync.errors import LinkError, NotConnected, Unavailable, UnexpectedReply
from sheetsync.model import RowReport, RunReport
from sheetsync.okr import layout
from sheetsync.texts import Texts, mark, one_line
from sheetsync.web.http import Web

BROKEN, OFF_TRACK, DONE = "broken", "off track", "done"
EVENTS: Final = (BROKEN, OFF_TRACK, DONE)
REVIEW: Final = "review"
"""Told on its day, not after a run."""
MOST_LINES: Final = 15
SECONDS: Final = 20

LIMITS: Final[Mapping[str, int]] = {
    "slack": 3_500,
    "teams": 20_000,
    "feishu": 18_000,
    "dingtalk": 18_000,
    "wecom": 2_000,
    "mail": 100_000,
}
"""The longest text that a target takes, in bytes of UTF-8, with room to spare."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that people may be told of: what it is about, and the sentence that says it."""

    event: str
    key: str
    line: str


@dataclass(frozen=True, slots=True)
class News:
    """What is new since people were told last."""

    begun: tuple[Item, ...] = ()
    ended: tuple[str, ...] = ()
    """Keys that were told and hold no more."""


class Target(Protocol):
    """Where messages go. `send` raises LinkError where the message did not arrive."""

    @property
    def kind(self) -> str: ...

    @property
    def events(self) -> Collection[str]: ...

    @property
    def quiet(self) -> tuple[time, time] | None: ...

    def send(self, title: str, text: str) -> None: ...


class Told(Protocol):
    """Remembers what was told, by target."""

    def told(self, target: str) -> set[str]: ...

    def keep_told(self, target: str, keys: Collection[str]) -> None: ...


# --- what there is to tell ---------------------------------------------------------------------------------------------


def items_of(report: RunReport, texts: Texts) -> list[Item]:
    """What holds after a run: broken links, key results off track, targets reached."""
    found = []
    if report.error is not None and not report.locked:
        found.append(Item(BROKEN, f"{report.workbook}|", texts.join(report.workbook, report.error)))
    for row in report.rows:
        name = f"{report.workbook}|{row.sheet}|{row.group}|{row.key_result}"
        if row.state == "broken":
            found.append(Item(BROKEN, f"{BROKEN}|{name}", _line(row, row.message, texts)))
        status = _status(row.status)
        if status in (OFF_TRACK, DONE):
            found.append(Item(status, f"{status}|{name}", _line(row, row.status, texts)))
    return found + _silent_sources(report, texts) + _warnings(report, texts)


def _silent_sources(report: RunReport, texts: Texts) -> list[Item]:
    """Sources that gave no figure at all in this run: one item each, however many rows hang on it."""
    silent = {_source(row): row.message for row in report.rows if row.connector and row.state == "kept"}
    alive = _alive(report)
    return [
        Item(BROKEN, f"{BROKEN}|{report.workbook}|source||{name}", texts.join(name, one_line(said, 200)))
        for name, said in silent.items()
        if name not in alive
    ]


def _warnings(report: RunReport, texts: Texts) -> list[Item]:
    """What will break before long, such as a key that ends: one item for each sentence of a service."""
    said = dict.fromkeys((_source(row), row.warning) for row in report.rows if row.warning)
    return [Item(BROKEN, f"{_warnings_of(report, name)}{warning}", texts.join(name, warning)) for name, warning in said]


def _warnings_of(report: RunReport, connector: str) -> str:
    """How the keys of its warnings begin. They are never told to be well again: mended or broken, that shows by itself."""
    return f"warning|{report.workbook}|{connector}|"


def _alive(report: RunReport) -> set[str]:
    return {_source(row) for row in report.rows if row.state in ("fresh", "unchanged")}


def _source(row: RowReport) -> str:
    """One account of one service; the account has a name only where it was given one."""
    return row.connector if row.account in ("", "default") else f"{row.connector} · {row.account}"


def _status(word: str) -> str:
    return next((name for name, words in layout.STATUSES.items() if word in words), "")


def _line(row: RowReport, what: str, texts: Texts) -> str:
    return texts.join(one_line(f"{row.group} · {row.key_result}" if row.group else row.key_result, 120), one_line(what, 200))


def news(report: RunReport, told: Collection[str], events: Collection[str], texts: Texts) -> News:
    """What to tell one target. A run that failed as a whole says nothing about its rows: what was told of them still holds.

    Nor does a service that gave no figure say that its warning holds no more.
    """
    now = {item.key: item for item in items_of(report, texts) if item.event in events}
    heard = tuple(_warnings_of(report, name) for name in _alive(report))
    ours = {key for key in told if f"{report.workbook}|" in key and (not key.startswith("warning|") or key.startswith(heard))}
    begun = tuple(item for key, item in now.items() if key not in told)
    ended = () if report.error is not None else tuple(sorted(ours - set(now)))
    return News(begun, ended)


def message(found: News, report: RunReport, texts: Texts) -> tuple[str, str]:
    """Title and text. One message a run, however much happened."""
    title = texts(mark("sheetsync: {workbook}"), workbook=report.workbook)
    parts: list[str] = []
    heads = {
        BROKEN: texts(mark("These need somebody's attention:")), OFF_TRACK: texts(mark("Off track now:")),
        DONE: texts(mark("Target reached:")),
    }  # fmt: skip
    for event in EVENTS:
        lines = [item.line for item in found.begun if item.event == event]
        if lines:
            parts.append("\n".join([heads[event], *(f"• {line}" for line in lines[:MOST_LINES])]))
            if len(lines) > MOST_LINES:
                parts.append(texts(mark("and {count} more."), count=len(lines) - MOST_LINES))
    well = [key.split("|") for key in found.ended if key.startswith(BROKEN) or key.endswith("|")]
    if well:
        names = [parts_of[-1] or report.workbook for parts_of in well]
        parts.append("\n".join([texts(mark("Well again:")), *(f"• {one_line(name, 120)}" for name in names[:MOST_LINES])]))
    return title, "\n\n".join(parts)


def is_quiet(quiet: tuple[time, time] | None, now: datetime, zone: tzinfo | None) -> bool:
    """Whether a moment lies in the quiet hours, which may run over midnight."""
    if quiet is None:
        return False
    here, (begin, end) = now.astimezone(zone).time(), quiet
    return begin <= here < end if begin <= end else here >= begin or here < end


def tell(
    targets: Mapping[str, Target], report: RunReport, told: Told, texts: Texts, now: datetime, zone: tzinfo | None
) -> list[tuple[str, LinkError]]:
    """Tells every target what is new for it; which ones could not be reached. What was not told is told after the next run."""
    failed: list[tuple[str, LinkError]] = []
    for name, target in targets.items():
        before = told.told(name)
        found = news(report, before, target.events, texts)
        if not (found.begun or found.ended) or is_quiet(target.quiet, now, zone):
            continue
        title, text = message(found, report, texts)
        try:
            if text:
                target.send(title, shortened(text, LIMITS.get(target.kind, 3_000) - len(title.encode())))
        except LinkError as error:
            failed.append((name, error))
            continue
        told.keep_told(name, (before - set(found.ended)) | {item.key for item in found.begun})
    return failed


def shortened(text: str, most: int) -> str:
    """At most so many bytes of UTF-8, cut between characters."""
    data = text.encode()
    return text if len(data) <= most else data[: most - 3].decode(errors="ignore") + "…"


# --- targets -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hook:
    """A chat that takes messages by POST. `open_web` gives a network that reaches the hook's own origin and nothing else."""

    kind: str
    url: Callable[[], str]
    open_web: Callable[[str], Web]
    now: Callable[[], datetime]
    secret: Callable[[], str] | None = None
    events: Collection[str] = EVENTS
    quiet: tuple[time, time] | None = None

    def send(self, title: str, text: str) -> None:
        address, body = self.url(), self._body(title, text)
        if self.secret is not None:
            address, body = self._signed(address, body, self.secret())
        with self.open_web(links.split(address).origin) as web:
            reply = web.post(address, body)
        self._check(reply.status, reply.body, reply.json)

    def _body(self, title: str, text: str) -> dict[str, Any]:
        whole = f"{title}\n{text}"
        match self.kind:
            case "slack":
                return {"text": whole.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")}
            case "feishu":
                return {"msg_type": "text", "content": {"text": whole}}
            case "dingtalk" | "wecom":
                return {"msgtype": "text", "text": {"content": whole}}
        card = {
            "type": "AdaptiveCard", "version": "1.4", "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "body": [
                {"type": "TextBlock", "text": title, "weight": "Bolder", "wrap": True},
                {"type": "TextBlock", "text": text.replace("\n", "\n\n"), "wrap": True},
            ],
        }  # fmt: skip
        return {"type": "message", "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}]}

    def _signed(self, address: str, body: dict[str, Any], secret: str) -> tuple[str, dict[str, Any]]:
        """Feishu signs in the body, with the text as key; DingTalk in the address, in milliseconds."""
        if self.kind == "feishu":
            moment = str(int(self.now().timestamp()))
            sign = hmac.new(f"{moment}\n{secret}".encode(), b"", hashlib.sha256).digest()
            return address, {"timestamp": moment, "sign": base64.b64encode(sign).decode(), **body}
        if self.kind == "dingtalk":
            moment = str(int(self.now().timestamp() * 1000))
            sign = hmac.new(secret.encode(), f"{moment}\n{secret}".encode(), hashlib.sha256).digest()
            return f"{address}&timestamp={moment}&sign={quote(base64.b64encode(sign).decode(), safe='')}", body
        return address, body

    def _check(self, status: int, body: bytes, document: Callable[[], Any]) -> None:
        """A message that did not arrive is an error, whatever the status says."""
        match self.kind:
            case "slack":
                fine = body.strip() == b"ok"
            case "teams":
                fine = status in (200, 202)
            case "feishu":
                found = document()
                fine = isinstance(found, dict) and found.get("code", found.get("StatusCode")) == 0
            case _:
                found = document()
                fine = isinstance(found, dict) and found.get("errcode") == 0
        if not fine:
            raise UnexpectedReply(
                "The alert was not accepted.", advice="Check the hook's address, its key words and its signature."
            )


@dataclass(frozen=True, slots=True)
class Mail:
    """An SMTP server: implicit TLS on port 465, STARTTLS elsewhere; plain only where `plain` says so (loopback)."""

    server: str
    port: int
    sender: str
    to: Sequence[str]
    user: str = ""
    password: Callable[[], str] | None = None
    plain: bool = False
    events: Collection[str] = EVENTS
    quiet: tuple[time, time] | None = None
    kind: str = "mail"

    def send(self, title: str, text: str) -> None:
        letter = EmailMessage()
        letter["Subject"] = one_line(title, 150)
        letter["From"], letter["To"] = self.sender, ", ".join(self.to)
        letter.set_content(text)
        try:
            with self._connection() as connection:
                if self.user and self.password is not None:
                    connection.login(self.user, self.password())
                connection.send_message(letter)
        except smtplib.SMTPAuthenticationError:
            raise NotConnected("The mail server refused the user of the alerts.", advice="Renew its password.") from None
        except (OSError, smtplib.SMTPException):
            raise Unavailable("The mail server {server} did not take the alert.", server=self.server) from None

    def _connection(self) -> smtplib.SMTP:
        if self.port == smtplib.SMTP_SSL_PORT:
            return smtplib.SMTP_SSL(self.server, self.port, timeout=SECONDS, context=ssl.create_default_context())
        connection = smtplib.SMTP(self.server, self.port, timeout=SECONDS)
        if not self.plain:
            connection.starttls(context=ssl.create_default_context())
        return connection


@dataclass(frozen=True, slots=True)
class Other:
    """Whatever Apprise knows (an extra): only for what has no target of its own here, since it does not read every answer."""

    url: Callable[[], str]
    events: Collection[str] = EVENTS
    quiet: tuple[time, time] | None = None
    kind: str = "apprise"

    def send(self, title: str, text: str) -> None:
        try:
            import apprise  # noqa: PLC0415 - an extra, and slow to import
        except ImportError:
            raise NotConnected(
                "Apprise is not installed.", advice='Install it: pip install "okr-sheetsync[apprise]".'
            ) from None  # fmt: skip
        crier = apprise.Apprise()
        if not crier.add(self.url()) or not crier.notify(title=title, body=text):
            raise Unavailable("The alert was not taken by the service behind Apprise.")
