"""A report that comes by mail goes in, as a table, a PDF or words in the text; one number of the newest one comes out.

Key            a mailbox's password, mostly an app password, or an access token for XOAUTH2; best a mailbox for reports alone
Link           `mail:NAME`, a report that sheetsync.toml describes, and what to read: `mail:weekly#sum(reach)&where=country:DE`
Trust          sender and subject are written by whoever sends a mail; they count only where the receiving server vouches for them
Newest         the mail that the server took in last; one that was there when the last figure was read is never taken for newer
Protocol       IMAP4rev1 (https://www.rfc-editor.org/rfc/rfc3501), only EXAMINE and BODY.PEEK: no mail is marked as read
Real service   not yet run against it; tried with a server on this machine that speaks the protocol
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from sheetsync.connectors import _mail_text, _mail_trust
from sheetsync.connectors._cells import names_of
from sheetsync.connectors._grammar import MEASURES
from sheetsync.connectors._mail_room import MailReport, MailRoom, MailSettings
from sheetsync.connectors._mail_text import fault_of
from sheetsync.connectors._tables import Choice, choice_of, evaluate, load
from sheetsync.connectors._together import only_of
from sheetsync.connectors.base import Connector, Example, Limits, LinkPattern, Metric
from sheetsync.errors import (
    ConfigError,
    LinkError,
    NoSuchMetric,
    NotFound,
    NotReady,
    Unavailable,
    UnexpectedReply,
)
from sheetsync.links import host_name
from sheetsync.model import PERCENT, Link, Query, Reading, Resource
from sheetsync.values import Separators
from sheetsync.web.http import Web

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
WEB_MAIL: Final = (
    "The address of a mail in the browser cannot be asked about. Write mail:NAME, with a report that sheetsync.toml describes."
)


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
            host = host_name(settings.server) if ":" not in settings.server else settings.server
        except LinkError:
            raise self._wrong("The server of the account {account} of mail is no name of a computer.") from None
        self._room = MailRoom(account, settings, host, lookups)
        if (settings.password is None) is (settings.token is None):
            raise self._wrong("The account {account} of mail needs a password or a token, and not both.")
        if not settings.tls and host not in LOOPBACK:
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
        return only_of(self.fetch_batch([resource], web), resource)

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
        with self._room.opened() as mailbox:
            for folder, inside in sorted(folders.items()):
                try:
                    validity = mailbox.examine(folder)
                except NotFound as error:
                    found |= dict.fromkeys(inside, error)
                    continue
                bodies: dict[int, bytes] = {}
                for resource in inside:
                    try:
                        found[resource] = self._room.newest(mailbox, validity, resource.id, bodies)
                    except LinkError as error:
                        if isinstance(error, Unavailable) and not isinstance(error, NotReady):
                            raise  # the server is gone, for all of them
                        found[resource] = error
        return found

    def probe(self, web: Web) -> None:  # noqa: ARG002 - as in `fetch_batch`
        with self._room.opened() as mailbox:
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

    # --- what can be seen to be wrong

    def _wrong(self, template: str, **places: str) -> ConfigError:
        return ConfigError(template, account=self.account, advice="Mend it in sheetsync.toml.", **places)


def _fault(report: MailReport) -> str:
    """The sentence that says why nothing can be read with these settings; "" where it can."""
    if not report.sender or not all(_mail_trust.normal(text) and text.rpartition("@")[0].isascii() for text in report.sender):
        return "The sender of the report {report} holds no address such as report@agency.example or @agency.example."
    if report.pattern:
        return fault_of(report.pattern)
    return "" if report.attachment else "The report {report} needs an attachment or a pattern."


def _number(texts: Sequence[str], report: MailReport, decimal: Separators) -> Any:
    """The number in the first of the texts that has the words. Raises LinkError of the last one."""
    for place, text in enumerate(texts, start=1):
        try:
            return _mail_text.number_in(text, report.pattern, decimal=decimal, abbreviated=report.abbreviated)
        except UnexpectedReply:
            if place == len(texts):
                raise
    raise UnexpectedReply("The mail has no text.", advice="Look at the mail: it may be a picture.")
