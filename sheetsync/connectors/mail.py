"""A report that comes by mail goes in, as a table, a PDF or words in the text; one number of the newest one comes out.

Key            a mailbox's password, mostly an app password, or an access token for XOAUTH2; best a mailbox for reports alone
Link           `mail:NAME`, a report that sheetsync.toml describes, and what to read: `mail:weekly#sum(reach)&where=country:DE`
Trust          sender and subject are written by whoever sends a mail; they count only where the receiving server vouches for them
Newest         the mail that the server took in last; one that was there when the last figure was read is never taken for newer
Protocol       IMAP4rev1 (https://www.rfc-editor.org/rfc/rfc3501), only EXAMINE and BODY.PEEK: no mail is marked as read
Real service   not yet run against it; tried with a server on this machine that speaks the protocol
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from email.message import EmailMessage
from typing import Any, Final

from sheetsync.connectors import _mail_parts, _mail_text, _mail_trust
from sheetsync.connectors._cells import names_of
from sheetsync.connectors._grammar import MEASURES
from sheetsync.connectors._mail_imap import Mailbox
from sheetsync.connectors._mail_newest import Candidate, Last, newest
from sheetsync.connectors._mail_text import fault_of
from sheetsync.connectors._tables import Choice, Document, Encoding, choice_of, evaluate, load
from sheetsync.connectors.base import Connector, Example, Limits, LinkPattern, Metric, Settings, setting
from sheetsync.errors import (
    BadCredentials,
    ConfigError,
    Incomplete,
    LinkError,
    NoSuchMetric,
    NotFound,
    NotReady,
    Refused,
    Unavailable,
    UnexpectedReply,
)
from sheetsync.links import host_name
from sheetsync.model import PERCENT, Link, Query, Reading, Resource
from sheetsync.secrets import Secret
from sheetsync.values import Separators
from sheetsync.web.http import Deadline, Web, tls_context

INSTALLER: Final = "Ask the person who installed sheetsync to mend it in sheetsync.toml."
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
WEB_MAIL: Final = (
    "The address of a mail in the browser cannot be asked about. Write mail:NAME, with a report that sheetsync.toml describes."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailReport:
    """One report: which mails it comes in, and what to read from them."""

    sender: tuple[str, ...] = setting("Addresses that send it, such as report@agency.example, or @agency.example for a domain.")
    folder: str = setting("The folder that it comes into.", "INBOX")
    subject: str = setting("The whole subject; * stands for anything, ? for one character.", "*")
    attachment: str = setting("The name of the file, with * and ?; where it is empty, the text of the mail is read.", "")
    pattern: str = setting("Words with the place of the number, such as Reach: {number}, in the text, a PDF or a text file.", "")
    decimal: Separators = setting("The sign that is the decimal point, where a number could be read both ways.", "auto")
    abbreviated: bool = setting("True where the pattern's number may be written as 1.2K or 3.2万.", False)
    encoding: Encoding = setting("The encoding of CSV files that are not UTF-8, such as gb18030 or cp1252.", "")
    max_age_days: int = setting("An older mail gives no figure any more.", 40)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings(Settings):
    server: str = setting("The mail server (IMAP), such as imap.example.org.")
    port: int = setting("Its port; TLS from the first byte on.", 993)
    user: str = setting("The mailbox's login, mostly its address.")
    password: Secret | None = setting("Its password; most providers want an app password.", None)
    token: Secret | None = setting("Instead of it an access token (XOAUTH2), best from a command that gives a fresh one.", None)
    authserv_id: str = setting(
        "The name by which the receiving server signs its Authentication-Results, such as mx.google.com; - for Microsoft 365."
    )
    reports: Mapping[str, MailReport] = setting("The reports that links may name.")
    tls: bool = setting("False only for a mail program's bridge on this machine, which speaks no TLS.", True)
    max_megabytes: int = setting("A larger mail is not read.", 15)
    timeout_seconds: int = setting("After so many seconds the mail server is given up.", 60)


@dataclass(frozen=True, slots=True)
class Mail:
    """What the newest mail of a report brought: a table, or texts in which a pattern is looked for; and when it came."""

    report: MailReport
    as_of: datetime
    table: Document | None = None
    texts: tuple[str, ...] = field(default=(), repr=False)


class MailReports(Connector[MailSettings]):
    title = "Mail report"
    settings_type = MailSettings
    limits = Limits(concurrency=1, batch=100)
    local = True

    links = (
        LinkPattern("report", scheme="mail", path=r"(?P<id>[\w][\w. -]{0,99})"),
        LinkPattern("report", r"mail\.google\.com", "/mail/.*", instead=WEB_MAIL),
        LinkPattern("report", r"outlook\.(?:office|office365|live)\.com", "/(?:mail|owa)/.*", instead=WEB_MAIL),
        LinkPattern("report", r"(?:mail\.qq|exmail\.qq|mail\.163|mail\.126|mail\.yahoo)\.com", instead=WEB_MAIL),
    )
    metrics = {"report": tuple(Metric(name, about) for name, about in MEASURES.items())}
    examples = (
        Example("mail:weekly#sum(reach)", "report/weekly", "sum(reach)", b"medium,reach\nA,1200\nB,34\n", Decimal(1234)),
        Example("mail:clippings#cell=Sheet1!B7", "report/clippings", "cell=B7&sheet=Sheet1"),
        Example("mail:%E5%91%A8%E6%8A%A5", "report/周报", "value"),
    )
    unsupported = (
        "https://mail.google.com/mail/u/0/#inbox/FMfcgzQXKkVvxrT",
        "https://outlook.office.com/mail/id/AAQkAGI2",
        "https://mail.qq.com/cgi-bin/readmail?mailid=1",
    )
    strangers = (
        "mail:", "mail:weekly/1", "mail://imap.example.org/weekly", "mail:weekly?folder=x", "mail:a@agency.example",
        "mailto:report@agency.example", "imap://imap.example.org/INBOX", "mail:../weekly", "https://mail.google.com/chat/",
        "https://mail.google.com.evil.example/mail/u/0/",
    )  # fmt: skip

    def __init__(self, account: str, settings: MailSettings, lookups: Any) -> None:
        """Raises ConfigError for what can be seen to be wrong before anybody is asked."""
        super().__init__(account, settings, lookups)
        try:
            self._host = host_name(settings.server) if ":" not in settings.server else settings.server
        except LinkError:
            raise self._wrong("The server of the account {account} of mail is no name of a computer.") from None
        if (settings.password is None) is (settings.token is None):
            raise self._wrong("The account {account} of mail needs a password or a token, and not both.")
        if not settings.tls and self._host not in LOOPBACK:
            raise self._wrong("Without TLS, the account {account} of mail may ask only a program on this machine.")
        if not settings.authserv_id.strip():
            raise self._wrong("The account {account} of mail needs authserv_id: without it nobody vouches for a sender.")
        if not settings.user or any(ord(char) < 32 for char in settings.user):
            raise self._wrong("The user of the account {account} of mail is empty, or holds characters that cannot be seen.")
        for name, report in settings.reports.items():
            fault = _fault(report)
            if fault:
                raise self._wrong(fault, report=name, place=_mail_text.PLACE)

    def origins(self) -> Collection[str]:
        return ()

    @classmethod
    def resolve(cls, link: Link) -> tuple[Resource, str] | None:
        """The report's name. Raises UnsupportedLink for a mail in the browser, NoSuchMetric."""
        found = cls.match(link)
        if found is None or "?" in link.url:
            return None
        return Resource("report", found[1]["id"].strip()), str(choice_of(link, default="value"))

    def serves(self, link: Link, resource: Resource) -> bool:  # noqa: ARG002 - the report's name says it
        return resource.id in self.settings.reports

    def fetch(self, resource: Resource, web: Web) -> Any:
        found = self.fetch_batch([resource], web)[resource]
        if isinstance(found, LinkError):
            raise found
        return found

    def fetch_batch(self, resources: Sequence[Resource], web: Web) -> Mapping[Resource, Any | LinkError]:  # noqa: ARG002 - the mail protocol is not the web's
        """All reports over one login, folder by folder; a mail that serves several is downloaded once."""
        found: dict[Resource, Any | LinkError] = {}
        folders: dict[str, list[Resource]] = {}
        for resource in resources:
            report = self.settings.reports.get(resource.id)
            if report is None:
                found[resource] = NotFound(
                    "There is no report {report} in the account {account}; there are {known}.", report=resource.id,
                    account=self.account, known=names_of(sorted(self.settings.reports)), advice="Write the name of one of them.",
                )  # fmt: skip
            else:
                folders.setdefault(report.folder, []).append(resource)
        if not folders:
            return found
        with self._mailbox() as mailbox:
            for folder, inside in sorted(folders.items()):
                try:
                    validity = mailbox.examine(folder)
                except NotFound as error:
                    found |= dict.fromkeys(inside, error)
                    continue
                bodies: dict[int, bytes] = {}
                for resource in inside:
                    try:
                        found[resource] = self._newest(mailbox, validity, resource.id, bodies)
                    except LinkError as error:
                        if isinstance(error, Unavailable) and not isinstance(error, NotReady):
                            raise  # the server is gone, for all of them
                        found[resource] = error
        return found

    def probe(self, web: Web) -> None:  # noqa: ARG002 - as in `fetch_batch`
        with self._mailbox() as mailbox:
            for folder in sorted({report.folder for report in self.settings.reports.values()}):
                mailbox.examine(folder)

    def read(self, document: Any, query: Query) -> Reading:
        choice = Choice.parse(query.metric)
        if isinstance(document, bytes):
            return evaluate(load(document, "report.csv"), choice)
        report = document.report
        if choice.decimal == "auto":
            choice = replace(choice, decimal=report.decimal)
        if document.table is not None:
            return replace(evaluate(document.table, choice), as_of=document.as_of)
        if choice != Choice(decimal=choice.decimal):
            raise NoSuchMetric(
                "The report {report} gives the one number of its pattern.", report=query.resource.id,
                advice="Leave out what stands behind the #.",
            )  # fmt: skip
        parsed = _number(document.texts, report, choice.decimal)
        return Reading(parsed.value, PERCENT if parsed.percent else "", document.as_of, parsed.approximate)

    # --- the mailbox

    @contextmanager
    def _mailbox(self) -> Iterator[Mailbox]:
        """A logged-in mailbox, closed in the end. Raises LinkError, ConfigError (a secret that is not there)."""
        from sheetsync.web.line import Line  # noqa: PLC0415 - its library is slow to import, and `explain` needs none

        settings = self.settings
        password = settings.password.reveal() if settings.password else ""
        token = settings.token.reveal() if settings.token else ""
        if any(ord(char) < 32 for char in password + token):
            raise BadCredentials(
                "The key of the account {account} of mail holds characters that no key has.", account=self.account
            )
        line = Line(
            self._host, settings.port, deadline=Deadline(settings.timeout_seconds), private=settings.private,
            tls=tls_context() if settings.tls else None,
        )  # fmt: skip
        try:
            mailbox = Mailbox(line, settings.user, password=password, token=token)
            try:
                yield mailbox
            finally:
                mailbox.close()
        finally:
            line.close()

    def _newest(self, mailbox: Mailbox, validity: int, name: str, bodies: dict[int, bytes]) -> Mail:
        """The newest mail of a report, understood. Raises LinkError."""
        report, key = self.settings.reports[name], self._key(name)
        last = Last.parse(self.lookups.get(key))
        oldest = datetime.now(UTC) - timedelta(days=min(report.max_age_days, 36_500))
        allowed = frozenset(map(_mail_trust.normal, report.sender))
        pieces = {piece.rpartition("@")[2] if piece.startswith("@") else piece for piece in allowed}
        # A day earlier: the server counts whole days, in a time zone of its own.
        since = max(oldest.date() - timedelta(days=1), date(1970, 1, 1))
        uids = mailbox.search(since, pieces, last.uid if last and last.validity == validity else 0)
        candidates = self._candidates(mailbox, report, allowed, uids, oldest)
        chosen = newest(candidates, validity, last)
        envelope = chosen.envelope
        too_large = Incomplete(
            "The newest mail of the report {report} is larger than {limit} MB.", report=name, limit=self.settings.max_megabytes,
            advice="Ask the sender for a smaller report, or the person who installed sheetsync for a larger max_megabytes.",
        )  # fmt: skip
        limit = self.settings.max_megabytes * 1_000_000
        if envelope.size > limit:
            raise too_large
        if envelope.uid not in bodies:
            bodies[envelope.uid] = mailbox.message(envelope)
        if len(bodies[envelope.uid]) > limit:
            raise too_large
        found = Last(validity, envelope.uid, chosen.id, chosen.moment)
        if found != last:
            self.lookups.put(key, str(found))
        return self._understood(name, report, _mail_parts.taken_apart(bodies[envelope.uid]), envelope.moment)

    def _candidates(
        self, mailbox: Mailbox, report: MailReport, allowed: frozenset[str], uids: Sequence[int], oldest: datetime
    ) -> list[Candidate]:
        """The mails of the report for which the server vouches. Raises NotReady, NotFound, Refused where there is none."""
        found, sent_by, subjects = [], 0, 0
        for envelope in mailbox.envelopes(uids):
            message = _mail_trust.parsed(envelope.headers)
            sender = _mail_trust.sender_of(message)
            if envelope.moment < oldest or not _mail_trust.permitted(sender, allowed) or _answers_by_itself(message):
                continue
            sent_by += 1
            if not _mail_parts.fits(_mail_trust.header(message, "subject"), report.subject):
                continue
            subjects += 1
            if _mail_trust.vouched(message, self.settings.authserv_id.strip(), sender):
                identity = _mail_trust.header(message, "message-id") or hashlib.sha256(envelope.headers).hexdigest()
                found.append(Candidate(envelope, identity[:200], _sent(message)))
        who = names_of(sorted(report.sender))
        if found:
            return found
        if subjects:
            raise Refused(
                "The mail server does not vouch that {sender} sent the mails of this report.", sender=who,
                advice="They may be forged. Else the sender has to sign them (DKIM), or authserv_id in sheetsync.toml is wrong.",
            )  # fmt: skip
        if sent_by:
            raise NotFound(
                "No mail from {sender} has a subject like {subject}.", sender=who, subject=names_of([report.subject]),
                advice="Its subject may have been renamed: look at the newest one, and mend the subject in sheetsync.toml.",
            )  # fmt: skip
        raise NotReady(
            "No mail from {sender} came in the last {days} days.", sender=who, days=report.max_age_days,
            advice="Ask the sender for the report.",
        )  # fmt: skip

    def _understood(self, name: str, report: MailReport, message: EmailMessage, moment: datetime) -> Mail:
        if not report.attachment:
            texts = tuple(_mail_parts.texts(message))
            if not texts:
                raise UnexpectedReply(
                    "The newest mail of the report {report} has no text.",
                    report=name,
                    advice="Look at the mail: it may be a picture.",
                )
            return Mail(report, moment, texts=texts)
        found = _mail_parts.attachment(message, report.attachment)
        if report.pattern:
            return Mail(report, moment, texts=(_mail_parts.text_of(found),))
        if found.data.startswith(b"%PDF"):
            raise UnexpectedReply("A number in a PDF is found by a pattern, and the report {report} has none.", report=name,
                                  advice=INSTALLER)  # fmt: skip
        return Mail(report, moment, load(found.data, found.name, content_type=found.content_type, encoding=report.encoding))

    def _key(self, name: str) -> str:
        """Under other settings another mail may be the newest, so what was remembered counts for these settings only."""
        report = self.settings.reports[name]
        parts = (self.settings.server, self.settings.user, self.settings.authserv_id, report.folder, *sorted(report.sender),
                 report.subject)  # fmt: skip
        return f"newest:{name}:{hashlib.sha256(repr(parts).encode()).hexdigest()[:16]}"

    def _wrong(self, template: str, **places: str) -> ConfigError:
        return ConfigError(template, account=self.account, advice="Mend it in sheetsync.toml.", **places)


def _fault(report: MailReport) -> str:
    """The sentence that says why nothing can be read with these settings; "" where it can."""
    if not report.sender or not all(_mail_trust.normal(text) and text.rpartition("@")[0].isascii() for text in report.sender):
        return "The sender of the report {report} holds no address such as report@agency.example or @agency.example."
    if report.pattern:
        return fault_of(report.pattern)
    return "" if report.attachment else "The report {report} needs an attachment or a pattern."


def _answers_by_itself(message: EmailMessage) -> bool:
    """Whether it is a notice that a mail was not delivered, or of an absence: these quote mails of others (RFC 3834)."""
    return (
        _mail_trust.header(message, "auto-submitted").lower().startswith("auto-replied")
        or "multipart/report" in _mail_trust.header(message, "content-type").lower()
    )


def _sent(message: EmailMessage) -> datetime | None:
    try:
        found = getattr(message.get("date"), "datetime", None)
        return found.replace(tzinfo=found.tzinfo or UTC) if isinstance(found, datetime) else None
    except Exception:  # noqa: BLE001 - the library's parser trips over crooked dates in many ways
        return None


def _number(texts: Sequence[str], report: MailReport, decimal: Separators) -> Any:
    """The number in the first of the texts that has the words. Raises LinkError of the last one."""
    for place, text in enumerate(texts, start=1):
        try:
            return _mail_text.number_in(text, report.pattern, decimal=decimal, abbreviated=report.abbreviated)
        except UnexpectedReply:
            if place == len(texts):
                raise
    raise UnexpectedReply("The mail has no text.", advice="Look at the mail: it may be a picture.")
