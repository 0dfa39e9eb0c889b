"""The settings of a mailbox and its reports go in, the newest mail of a report comes out, taken apart and understood.

Sender and subject count only where the receiving server vouches for them; no mail is marked as read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from typing import Final

from sheetsync.connectors import _mail_parts, _mail_trust
from sheetsync.connectors._cells import names_of
from sheetsync.connectors._mail_imap import Mailbox
from sheetsync.connectors._mail_newest import Candidate, Last, newest
from sheetsync.connectors._tables import Document, Encoding, load
from sheetsync.connectors.base import Lookups, Settings, setting
from sheetsync.errors import BadCredentials, Incomplete, NotFound, NotReady, Refused, UnexpectedReply
from sheetsync.secrets import Secret
from sheetsync.values import Separators
from sheetsync.web.http import Deadline, tls_context

INSTALLER: Final = "Ask the person who installed sheetsync to mend it in sheetsync.toml."


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


@dataclass(frozen=True, slots=True)
class MailRoom:
    """One account's mailbox; `host` as it is dialled."""

    account: str
    settings: MailSettings
    host: str
    lookups: Lookups

    @contextmanager
    def opened(self) -> Iterator[Mailbox]:
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
            self.host, settings.port, deadline=Deadline(settings.timeout_seconds), private=settings.private,
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

    def newest(self, mailbox: Mailbox, validity: int, name: str, bodies: dict[int, bytes]) -> Mail:
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
