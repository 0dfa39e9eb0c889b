"""Reports by mail, over a server on loopback that speaks the protocol to the real client: the right number or a sentence."""

from __future__ import annotations

import base64
import io
import json
import shutil
import ssl
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from sheetsync import links
from sheetsync.connectors import _mail_parts, _mail_room, _mail_text, _mail_trust
from sheetsync.connectors.mail import MailReport, MailReports
from sheetsync.errors import (
    AmbiguousLink,
    BadCredentials,
    ConfigError,
    Incomplete,
    LinkError,
    NoSuchMetric,
    NotConnected,
    NotFound,
    NotReady,
    Refused,
    SheetsyncError,
    Unavailable,
    UnexpectedReply,
    UnsupportedLink,
)
from sheetsync.fetch import TRIES
from sheetsync.model import Outcome, Query, Reading, Resource
from sheetsync.testing import LookupMemory, account_of, run_links
from tests.connectors.imap_stand import PASSWORD, TOKEN, Folder, ImapStand

SAMPLES = Path(__file__).parents[2] / ".." / "shared" / "vendor-data" / "email"
AGENCY = "report@agency.example"
GOOD = "mx.example.org; dkim=pass header.d=agency.example; dmarc=pass (p=none) header.from=agency.example"
MOMENT = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
CSV = b"medium,reach\nDaily,1200\nWeekly,34\n"
LINK = "mail:weekly#sum(reach)"
AGE = 36_000
"""Days: the fixed dates of these tests never grow too old."""


@pytest.fixture
def stand() -> Iterator[ImapStand]:
    with ImapStand() as server:
        yield server


def mail_of(
    *, sender: str = f"PR Agency <{AGENCY}>", subject: str = "Weekly report", verdicts: tuple[str, ...] = (GOOD,),
    text: str = "Hello", files: tuple[tuple[str, bytes], ...] = (("report.csv", CSV),), html: str = "",
    identity: str = "<1@agency.example>",
) -> bytes:  # fmt: skip
    message = EmailMessage()
    for verdict in verdicts:
        message["Authentication-Results"] = verdict
    message["From"], message["Subject"], message["Message-ID"] = sender, subject, identity
    message["Date"] = "Mon, 04 May 2026 07:59:00 +0000"
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    for name, data in files:
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def settings_of(stand: ImapStand, report: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    given = {"sender": (AGENCY,), "subject": "Weekly*", "attachment": "*.csv", "max_age_days": AGE, **(report or {})}
    return {
        "server": "127.0.0.1", "port": stand.port, "user": "reports@example.org", "password": PASSWORD, "tls": False,
        "authserv_id": "mx.example.org", "reports": {"weekly": MailReport(**given)}, "timeout_seconds": 20, **more,
    }  # fmt: skip


def outcome(
    stand: ImapStand, report: dict[str, Any] | None = None, *, link: str = LINK, lookups: LookupMemory | None = None, **more: Any
) -> Outcome:
    account = account_of(MailReports, settings_of(stand, report, **more), lookups=lookups)
    outcomes, _ = run_links([account], [link])
    assert not any(said.startswith(("SELECT", "UID STORE")) for said in stand.said)
    assert not any(stored.flags for folder in stand.folders.values() for stored in folder.mails)
    return outcomes[link]


def figure(stand: ImapStand, report: dict[str, Any] | None = None, **more: Any) -> Decimal:
    found = outcome(stand, report, **more)
    assert isinstance(found, Reading), f"{found!r} {found} {getattr(found, 'params', '')}"
    return found.value


def failure(stand: ImapStand, report: dict[str, Any] | None = None, **more: Any) -> LinkError:
    found = outcome(stand, report, **more)
    assert isinstance(found, LinkError), found
    said = f"{found} {found.advice} {found.params} {found.__cause__}"
    for canary in ("canary", PASSWORD, TOKEN):
        assert canary not in said
    assert found.advice
    return found


# --- the link


@pytest.mark.parametrize("example", MailReports.examples, ids=lambda example: example.link)
def test_the_examples(example: Any, stand: ImapStand) -> None:
    link = links.parse(example.link)
    assert link is not None
    resource, metric = MailReports.resolve(link) or (Resource("", ""), "")
    assert (str(resource), metric) == (example.resource, example.metric)
    if example.document is not None:
        account = account_of(MailReports, settings_of(stand))
        assert account.read(example.document, Query("mail", "default", resource, metric)).value == example.value


@pytest.mark.parametrize("text", MailReports.strangers)
def test_strangers_are_not_taken(text: str) -> None:
    try:
        link = links.parse(text)
        found = MailReports.resolve(link) if link is not None else None
    except UnsupportedLink:
        raise
    except LinkError:
        found = None
    assert found is None


@pytest.mark.parametrize("text", MailReports.unsupported)
def test_a_mail_in_the_browser_is_told_what_to_write(text: str) -> None:
    link = links.parse(text)
    assert link is not None
    with pytest.raises(UnsupportedLink) as raised:
        MailReports.resolve(link)
    assert "mail:NAME" in raised.value.advice


@pytest.mark.parametrize(
    ("more", "report"),
    [
        ({"server": "imap example"}, {}), ({"password": None}, {}), ({"token": TOKEN}, {}), ({"server": "imap.example.org"}, {}),
        ({"authserv_id": " "}, {}), ({"user": "a\r\nb"}, {}), ({}, {"sender": ()}), ({}, {"sender": ("agency",)}),
        ({}, {"attachment": ""}), ({}, {"pattern": "Reach"}), ({}, {"pattern": "{number}"}), ({}, {"pattern": "a*b*c*{number}x"}),
        ({}, {"pattern": "Reach*{number}"}),
    ],
)  # fmt: skip
def test_settings_that_cannot_work_are_refused_at_once(stand: ImapStand, more: dict[str, Any], report: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        account_of(MailReports, settings_of(stand, report, **more))
    assert stand.said == []


# --- the right number


def test_a_report_is_read_with_its_moment(stand: ImapStand) -> None:
    stand.inbox.add(mail_of(), MOMENT.astimezone(UTC) + timedelta(seconds=5))
    found = outcome(stand)
    assert isinstance(found, Reading)
    assert (found.value, found.as_of) == (1234, MOMENT + timedelta(seconds=5))
    assert "weekly" in found.source
    commands = [said.split()[0] for said in stand.said]
    assert commands == ["CAPABILITY", "LOGIN", "ID", "EXAMINE", "UID", "UID", "UID", "LOGOUT"]


def test_it_costs_one_login_and_one_download_for_all_rows(stand: ImapStand) -> None:
    stand.inbox.add(mail_of(), MOMENT)
    settings = settings_of(stand)
    settings["reports"] = {**settings["reports"], "again": settings["reports"]["weekly"]}
    texts = [LINK, "mail:weekly#count", "mail:again#max(reach)"]
    outcomes, fetched = run_links([account_of(MailReports, settings)], texts)
    assert [found.value for found in outcomes.values() if isinstance(found, Reading)] == [1234, 2, 1200]
    assert fetched.requests == 1
    assert stand.said.count("LOGIN") == 1
    assert sum("BODY.PEEK[])" in said for said in stand.said) == 1


def test_the_newer_of_two_reports_of_a_day_wins_whatever_their_order(stand: ImapStand) -> None:
    newer, older = (mail_of(files=(("report.csv", b"reach\n%d\n" % number),), identity=f"<{number}@x>") for number in (2, 1))
    stand.inbox.add(newer, MOMENT + timedelta(hours=2))
    stand.inbox.add(older, MOMENT)
    assert figure(stand) == 2


def test_two_mails_of_one_second_go_by_their_arrival(stand: ImapStand) -> None:
    for number in (1, 2):
        stand.inbox.add(mail_of(files=(("report.csv", b"reach\n%d\n" % number),), identity=f"<{number}@x>"), MOMENT)
    assert figure(stand) == 2


@pytest.mark.parametrize(
    "name", ["周报 5月.csv", "Bericht Größe €.csv", "[PR] report (1).csv", 'report;a="b".csv', "x" * 150 + ".csv"]
)
def test_attachment_names_of_all_kinds(stand: ImapStand, name: str) -> None:
    stand.inbox.add(mail_of(files=(("logo.png", b"x"), (name, CSV))), MOMENT)
    assert figure(stand, {"attachment": name.replace("[PR]", "[pr]")}) == 1234


@pytest.mark.parametrize(
    "line",
    [
        'attachment; filename="=?utf-8?B?5ZGo5oqlLmNzdg==?="',
        'attachment; filename="=?gb2312?B?1tyxqC5jc3Y=?="',
        "attachment; filename*=UTF-8''%E5%91%A8%E6%8A%A5.csv",
        "attachment; filename*0*=UTF-8''%E5%91%A8; filename*1*=%E6%8A%A5.csv",
        'attachment; filename="周报.csv"',
        "attachment;\r\n filename==?utf-8?Q?=E5=91=A8=E6=8A=A5.csv?=",
    ],
)
def test_every_way_to_write_a_name_that_is_not_ascii(stand: ImapStand, line: str) -> None:
    raw = mail_of(files=(("NAME", CSV),)).replace(b'attachment; filename="NAME"', line.encode())
    stand.inbox.add(raw, MOMENT)
    assert figure(stand, {"attachment": "周报.csv"}) == 1234


def test_an_excel_file_and_one_in_a_zip_file(stand: ImapStand) -> None:
    book = io.BytesIO()
    with xlsxwriter.Workbook(book, {"in_memory": True}) as workbook:
        workbook.add_worksheet("Plan").write("B7", 12.5)
    packed = zipped({"report.xlsx": book.getvalue(), "__MACOSX/._report.xlsx": b"x"})
    stand.inbox.add(mail_of(files=(("a.xlsx", book.getvalue()), ("b.zip", packed))), MOMENT)
    for pattern in ("*.xlsx", "b.zip"):
        assert figure(stand, {"attachment": pattern}, link="mail:weekly#cell=Plan!B7") == Decimal("12.5")


def test_a_pdf(stand: ImapStand) -> None:
    pytest.importorskip("pypdf")
    stand.inbox.add(mail_of(files=(("r.pdf", pdf("Reach: 12,345.5")),)), MOMENT)
    assert figure(stand, {"attachment": "*.pdf", "pattern": "Reach: {number}"}, link="mail:weekly") == Decimal("12345.5")
    assert isinstance(failure(stand, {"attachment": "*.pdf"}), UnexpectedReply)
    assert isinstance(failure(stand, {"attachment": "*.pdf", "pattern": "Views: {number}"}, link="mail:weekly"), UnexpectedReply)


def test_a_pdf_without_the_extra(stand: ImapStand, monkeypatch: pytest.MonkeyPatch) -> None:
    stand.inbox.add(mail_of(files=(("r.pdf", pdf("Reach: 12")),)), MOMENT)
    monkeypatch.setitem(sys.modules, "pypdf", None)
    found = failure(stand, {"attachment": "*.pdf", "pattern": "Reach: {number}"}, link="mail:weekly")
    assert "okr-sheetsync[pdf]" in found.advice


def test_the_text_of_the_mail(stand: ImapStand) -> None:
    stand.inbox.add(mail_of(text="Dear all,\n\nReach:  1 200\n> Reach: 7\nShare of voice: 12,5 %\n", files=()), MOMENT)
    text = {"attachment": "", "pattern": "Share of voice: {number}"}
    found = outcome(stand, text, link="mail:weekly")
    assert isinstance(found, Reading)
    assert (found.value, found.unit) == (Decimal("0.125"), "%")
    assert isinstance(failure(stand, text, link=LINK), NoSuchMetric)
    assert "more text" in str(failure(stand, {**text, "pattern": "Reach: {number}"}, link="mail:weekly"))


def test_the_html_of_the_mail(stand: ImapStand) -> None:
    html = (
        "<style>Reach: 1</style><table><tr><td>Reach</td><td>12<b>,345.0</b></td><td>7</td></tr></table>"
        "<span hidden>Reach 9</span><blockquote>Reach 8</blockquote>"
    )
    stand.inbox.add(mail_of(text="See the HTML.", html=html, files=()), MOMENT)
    assert figure(stand, {"attachment": "", "pattern": "Reach {number}"}, link="mail:weekly") == 12345


def test_a_folder_and_a_sender_from_afar(stand: ImapStand) -> None:
    stand.folders["&U,BTFw- &- reports"] = folder = Folder()
    verdict = "mx.example.org; dkim=pass header.i=@xn--bcher-kva.example"
    folder.add(mail_of(sender="a@xn--bcher-kva.example", verdicts=(verdict,)), MOMENT)
    assert figure(stand, {"folder": "台北 & reports", "sender": ("@bücher.example",)}) == 1234


@pytest.mark.parametrize("capabilities", ["IMAP4rev1", "IMAP4rev1 LOGINDISABLED AUTH=PLAIN"])
def test_the_password_is_shown_as_the_server_wants_it(stand: ImapStand, capabilities: str) -> None:
    stand.capabilities = capabilities
    stand.inbox.add(mail_of(), MOMENT)
    assert figure(stand) == 1234


def test_a_token(stand: ImapStand) -> None:
    stand.inbox.add(mail_of(), MOMENT)
    assert figure(stand, password=None, token=TOKEN) == 1234
    assert isinstance(failure(stand, password=None, token="canary-old-token"), BadCredentials)


def test_the_probe(stand: ImapStand) -> None:
    account_of(MailReports, settings_of(stand)).probe(None)  # type: ignore[arg-type]
    assert any(said.startswith("EXAMINE") for said in stand.said)
    with pytest.raises(NotFound):
        account_of(MailReports, settings_of(stand, {"folder": "gone"})).probe(None)  # type: ignore[arg-type]


# --- whom to believe

FORGED = [
    (),
    ("mx.evil.example; dmarc=pass header.from=agency.example",),
    ("mx.example.org; dmarc=fail header.from=agency.example", GOOD),
    ("mx.example.org; none", GOOD),
    ("mx.example.org; dkim=pass header.d=evil.example; spf=pass smtp.mailfrom=agency.example",),
    ("mx.example.org; dkim=fail header.d=agency.example",),
    ("mx.example.org; dmarc=pass header.from=evil.example",),
    ("mx.example.org; dkim=pass header.d=agency.example; dmarc=fail header.from=agency.example",),
    ("mx.example.org; dkim=pass header.d=evilagency.example",),
    ("mx.example.org; dkim=pass header.d=agency.example.evil.example",),
    ("mx.example.org; spf=pass (dkim=pass header.d=agency.example) smtp.mailfrom=x",),
    ("mx.example.org; spf=pass smtp.mailfrom=\"; dkim=pass header.d=agency.example; \"",),
    ("mx.example.org; spf=pass (a (b); dkim=pass header.d=agency.example",),
    ("mx.example.org; dkim=pass header.d=evil.example header.d=agency.example",),
    ("mx.example.org; x-dkim=pass header.d=agency.example",),
    ("mx.example.org; dkim=pass header.d=evil.example header.i=@agency.example",),
    ("dkim=pass header.d=agency.example",),
    ("mx.example.org.evil.example; dkim=pass header.d=agency.example",),
]  # fmt: skip


@pytest.mark.parametrize("verdicts", FORGED)
def test_a_forged_sender_gives_no_number_and_keeps_none_from_coming(stand: ImapStand, verdicts: tuple[str, ...]) -> None:
    stand.inbox.add(mail_of(verdicts=verdicts, files=(("report.csv", b"reach\n666\n"),)), MOMENT + timedelta(days=1))
    assert isinstance(failure(stand), Refused)
    stand.inbox.add(mail_of(), MOMENT)
    assert figure(stand) == 1234


@pytest.mark.parametrize(
    "verdict",
    [
        "mx.example.org; dkim=pass header.i=@agency.example header.s=s1 header.b=\"a/+=\"; spf=none",
        "MX.EXAMPLE.ORG 1; dkim/1 = pass (2048-bit \\) key) header.d=Agency.Example.",
        "mx.example.org;\r\n\tdkim=fail header.d=list.example;\r\n\tdkim=pass header.d=agency.example",
        "mx.example.org; dmarc=pass (p=REJECT sp=NONE dis=NONE) header.from=agency.example",
    ],
)  # fmt: skip
def test_verdicts_as_servers_write_them(verdict: str) -> None:
    raw = f"Authentication-Results: {verdict}\r\nFrom: {AGENCY}\r\n\r\n".encode()
    assert _mail_trust.vouched(_mail_trust.parsed(raw), "mx.example.org", AGENCY)
    assert not _mail_trust.vouched(_mail_trust.parsed(raw), "mx.example.org", "report@other.example")


def test_a_server_that_does_not_name_itself(stand: ImapStand) -> None:
    unnamed = "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=x; dkim=none;dmarc=pass action=none header.from=agency.example"
    stand.inbox.add(mail_of(verdicts=(unnamed,)), MOMENT)
    assert figure(stand, authserv_id="-") == 1234
    stand.inbox.mails.clear()
    stand.inbox.add(mail_of(verdicts=("mx.other.example; none", unnamed)), MOMENT)
    assert isinstance(failure(stand, authserv_id="-"), Refused)


@pytest.mark.parametrize(
    "sender",
    [
        "report@agency.example <x@evil.example>", '"report@agency.example" <x@evil.example>', "x@evil.example",
        "report@agency.example.evil.example", f"{AGENCY}, x@evil.example", "other@agency.example", "report@sub.agency.example",
        "=?utf-8?q?report=40agency.example?= <x@evil.example>", "Group: report@agency.example;",
        "report@agency.example\r\nFrom: report@agency.example",
    ],
)  # fmt: skip
def test_another_sender_is_not_the_agency(stand: ImapStand, sender: str) -> None:
    raw = mail_of(sender=AGENCY).replace(f"From: {AGENCY}".encode(), f"From: {sender}".encode())
    stand.inbox.add(raw, MOMENT)
    assert isinstance(failure(stand), NotReady)


def test_a_notice_or_an_attached_mail_is_not_the_report(stand: ImapStand) -> None:
    stand.inbox.add(mail_of().replace(b"Subject:", b"Auto-Submitted: auto-replied\r\nSubject:", 1), MOMENT)
    assert isinstance(failure(stand), NotReady)
    outer = EmailMessage()
    outer["Authentication-Results"], outer["From"], outer["Subject"] = GOOD, AGENCY, "Weekly report"
    outer.set_content("As attached")
    inner = EmailMessage()
    inner["From"], inner["Subject"] = "x@evil.example", "Weekly report"
    inner.add_attachment(b"reach\n666\n", maintype="text", subtype="csv", filename="report.csv")
    outer.add_attachment(inner)
    stand.inbox.add(outer.as_bytes().replace(b"\n", b"\r\n"), MOMENT)
    assert isinstance(failure(stand), NotFound)


# --- what was read before


def test_it_never_goes_back(stand: ImapStand) -> None:
    kept = LookupMemory()
    stand.inbox.add(mail_of(files=(("r.csv", b"reach\n1\n"),), identity="<1@x>"), MOMENT)
    stand.inbox.add(mail_of(files=(("r.csv", b"reach\n2\n"),), identity="<2@x>"), MOMENT + timedelta(days=7))
    assert figure(stand, lookups=kept) == 2
    stand.inbox.add(
        mail_of(files=(("r.csv", b"reach\n3\n"),), identity="<3@x>"), MOMENT + timedelta(days=1)
    )  # an old one, moved in
    assert figure(stand, lookups=kept) == 2
    del stand.inbox.mails[1]
    assert isinstance(failure(stand, lookups=kept), NotReady)
    stand.inbox.add(mail_of(files=(("r.csv", b"reach\n4\n"),), identity="<4@x>"), MOMENT + timedelta(days=14))
    assert figure(stand, lookups=kept) == 4
    assert json.loads(next(iter(kept.values())))["id"] == "<4@x>"
    assert len(kept) == 1


def test_only_what_came_since_is_looked_at(stand: ImapStand) -> None:
    kept = LookupMemory()
    for number in range(1, 30):
        stand.inbox.add(mail_of(identity=f"<{number}@x>"), MOMENT + timedelta(minutes=number))
    assert figure(stand, lookups=kept) == 1234
    stand.said.clear()
    assert figure(stand, lookups=kept) == 1234
    assert any(said.startswith("UID FETCH 29 (UID INTERNALDATE") for said in stand.said)


@pytest.mark.parametrize("redated", [False, True])
def test_a_folder_that_is_numbered_anew(stand: ImapStand, redated: bool) -> None:
    kept = LookupMemory()
    days = [MOMENT + timedelta(days=number) for number in range(3)]
    raws = [mail_of(files=(("r.csv", b"reach\n%d\n" % number),), identity=f"<{number}@x>") for number in range(3)]
    raws = [raw.replace(b"Mon, 04 May 2026", b"Mon, %02d May 2026" % (4 + number)) for number, raw in enumerate(raws)]
    for raw, day in zip(raws[:2], days, strict=False):
        stand.inbox.add(raw, day)
    assert figure(stand, lookups=kept) == 1
    stand.folders["INBOX"] = Folder(validity=8)
    restored = MOMENT + timedelta(days=100)
    for place, raw in enumerate(raws):  # mails of one restore have nearly one date, in no order
        stand.inbox.add(raw, restored - timedelta(seconds=place) if redated else days[place], uid=500 + place)
    assert figure(stand, lookups=kept) == 2
    assert figure(stand, lookups=kept) == 2
    stand.folders["INBOX"] = Folder(validity=9)
    for place, raw in enumerate(reversed(raws)):
        stand.inbox.add(raw, restored + timedelta(days=place))
    assert isinstance(failure(stand, lookups=kept), Incomplete)


def test_other_settings_forget(stand: ImapStand) -> None:
    kept = LookupMemory()
    stand.inbox.add(mail_of(files=(("r.csv", b"reach\n1\n"),)), MOMENT)
    stand.inbox.add(mail_of(subject="Weekly world", files=(("r.csv", b"reach\n2\n"),)), MOMENT + timedelta(days=1))
    assert figure(stand, lookups=kept) == 2
    assert figure(stand, {"subject": "weekly report"}, lookups=kept) == 1


def test_nonsense_in_the_memory_is_no_memory(stand: ImapStand) -> None:
    stand.inbox.add(mail_of(), MOMENT)
    kept = LookupMemory()
    assert figure(stand, lookups=kept) == 1234
    for nonsense in ("", "[]", "{}", '{"validity": "x"}', "nonsense"):
        kept[next(iter(kept))] = nonsense
        assert figure(stand, lookups=kept) == 1234


# --- a clear sentence


def zipped(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return packed.getvalue()


def pdf(text: str) -> bytes:
    """A PDF of one page with one line of text."""
    content = f"BT /F1 12 Tf 72 700 Td ({text}) Tj ET".encode()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    ]  # fmt: skip
    body, places = b"%PDF-1.4\n", []
    for number, text_of in enumerate(objects, start=1):
        places.append(len(body))
        body += b"%d 0 obj%s endobj\n" % (number, text_of)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return body + b"xref\n0 6\n0000000000 65535 f \n%strailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (table, len(body))


def nested(depth: int) -> bytes:
    head = b"Authentication-Results: %s\r\nFrom: %s\r\nSubject: Weekly report\r\n" % (GOOD.encode(), AGENCY.encode())
    opening = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (place, place) for place in range(depth))
    closing = b"".join(b"\r\n--b%d--\r\n" % place for place in reversed(range(depth)))
    part = b'Content-Type: text/csv\r\nContent-Disposition: attachment; filename="r.csv"\r\n\r\n' + CSV
    return head + opening + part + closing


@pytest.mark.parametrize(
    ("files", "pattern", "kind", "says"),
    [
        ((), "*.csv", NotFound, "no attachment"),
        ((("other.csv", CSV),), "report*", NotFound, "other.csv"),
        ((("a.csv", CSV), ("b.csv", CSV)), "*.csv", AmbiguousLink, "a.csv, b.csv"),
        ((("a.zip", zipped({"b.zip": zipped({"r.csv": CSV})})),), "*.zip", Refused, "another packed file"),
        ((("a.zip", zipped({"a.csv": CSV, "b.csv": CSV})),), "*.zip", AmbiguousLink, "2 files"),
        ((("a.zip", zipped({f"{place}.csv": b"" for place in range(30)})),), "*.zip", Refused, "more than is read"),
        ((("a.zip", zipped({"a.csv": b"0" * 30_000_000})),), "*.zip", Refused, "more than is read"),
        ((("a.zip", b"PK nonsense"),), "*.zip", UnexpectedReply, "unpacked"),
        ((("a.zip", zipped({"a.csv": CSV})[:-30]),), "*.zip", UnexpectedReply, "unpacked"),
        ((("a.csv", zipped({"a.csv": CSV})),), "*.csv", UnexpectedReply, "no Excel"),
        ((("a.csv", b""),), "*.csv", UnexpectedReply, "empty"),
        ((("a.csv", b"\xd0\xcf\x11\xe0"),), "*.csv", UnexpectedReply, "form that is not read"),
        ((("a.csv", b"reach\nsoon\n"),), "*.csv", UnexpectedReply, "no number"),
        (tuple((f"{place}.txt", b"x") for place in range(60)), "*.csv", Refused, "too many parts"),
    ],
)
def test_attachments_that_give_no_number(
    stand: ImapStand, files: tuple[tuple[str, bytes], ...], pattern: str, kind: type[LinkError], says: str
) -> None:
    stand.inbox.add(mail_of(), MOMENT)  # an older report never stands in for the newest
    stand.inbox.add(mail_of(files=files), MOMENT + timedelta(days=1))
    found = failure(stand, {"attachment": pattern})
    assert isinstance(found, kind), found
    assert says in str(found)


def test_nested_parts(stand: ImapStand) -> None:
    stand.inbox.add(nested(3), MOMENT)
    assert figure(stand) == 1234
    for depth in (12, 150, 3000):
        stand.inbox.add(nested(depth), MOMENT + timedelta(days=depth))
        assert isinstance(failure(stand), Refused)


def test_a_mail_that_was_cut_or_damaged(stand: ImapStand) -> None:
    whole = mail_of(files=(("r.csv", b"reach\n" + b"1\n" * 3000),))
    stand.inbox.add(whole[: len(whole) // 2], MOMENT)
    assert isinstance(failure(stand), UnexpectedReply)
    stand.inbox.mails.clear()
    lines = base64.b64encode(b"reach\n" + b"1\n" * 3000)
    assert lines[80:100] in whole
    stand.inbox.add(whole.replace(lines[80:100], b"!" + lines[81:100], 1), MOMENT)
    assert "damaged" in str(failure(stand))


def test_a_large_mail_is_not_downloaded(stand: ImapStand) -> None:
    stand.inbox.add(mail_of(files=(("r.csv", b"reach\n" + b"1\n" * 600_000),)), MOMENT)
    assert isinstance(failure(stand, max_megabytes=1), Incomplete)
    assert not any("BODY.PEEK[])" in said for said in stand.said)


def test_a_server_that_lies_about_the_size_is_cut_off(stand: ImapStand) -> None:
    stand.inbox.add(mail_of(files=(("r.csv", b"reach\n" + b"1\n" * 3_000_000),)), MOMENT)
    stand.size_of = lambda _mail: 100
    assert "more than it was asked" in str(failure(stand, max_megabytes=1))


def test_a_renamed_subject(stand: ImapStand) -> None:
    stand.inbox.add(mail_of(subject="Brand new report"), MOMENT)
    found = failure(stand)
    assert isinstance(found, NotFound)
    assert "renamed" in found.advice
    assert figure(stand, {"subject": "*NEW ?eport"}) == 1234


def test_an_encoded_subject(stand: ImapStand) -> None:
    stand.inbox.add(mail_of(subject="PR 周报 [第19周] – Größe"), MOMENT)
    assert figure(stand, {"subject": "pr 周报 [第*周] – größe"}) == 1234


def test_no_mail_and_only_old_mail(stand: ImapStand) -> None:
    assert isinstance(failure(stand), NotReady)
    stand.inbox.add(mail_of(), datetime(2001, 1, 1, tzinfo=UTC))
    assert isinstance(failure(stand, {"max_age_days": 30}), NotReady)
    stand.inbox.add(mail_of(sender="x@other.example"), MOMENT)
    assert isinstance(failure(stand, {"max_age_days": 30}), NotReady)


def test_names_that_nobody_configured(stand: ImapStand) -> None:
    assert isinstance(failure(stand, link="mail:monthly"), NotConnected)
    assert isinstance(failure(stand, {"folder": "gone"}), NotFound)
    with pytest.raises(NotFound):
        account_of(MailReports, settings_of(stand)).fetch(Resource("report", "monthly"), None)  # type: ignore[arg-type]


def test_a_wrong_password_is_shown_once(stand: ImapStand) -> None:
    account = account_of(MailReports, settings_of(stand, password="canary-wrong-one"))
    outcomes, _ = run_links([account], [LINK, "mail:weekly#count"])
    assert {type(found) for found in outcomes.values()} == {BadCredentials}
    assert stand.said.count("LOGIN") == 1
    assert isinstance(failure(stand, password="canary-wrong-one"), BadCredentials)


@pytest.mark.parametrize(
    "refusal", [b"NO [UNAVAILABLE] canary", b"NO [ALERT] Too many simultaneous connections", b"NO [LIMIT] canary"]
)
def test_a_server_that_is_busy_does_not_make_the_password_wrong(stand: ImapStand, refusal: bytes) -> None:
    stand.refusal = refusal
    assert type(failure(stand, password="canary-any")) is Unavailable
    assert stand.said.count("LOGIN") == TRIES


@pytest.mark.parametrize("step", ["greeting", "CAPABILITY", "LOGIN", "EXAMINE", "UID SEARCH", "UID FETCH"])
def test_silence(stand: ImapStand, step: str) -> None:
    stand.inbox.add(mail_of(), MOMENT)
    if step == "greeting":
        stand.greeting = None
    else:
        stand.answers[step] = None
    account = account_of(MailReports, settings_of(stand, timeout_seconds=0.2))
    with pytest.raises(Unavailable, match="did not answer in time"):
        account.fetch(Resource("report", "weekly"), None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("step", "answer"),
    [
        ("greeting", b"* BYE canary\r\n"), ("greeting", b"HTTP/1.1 400 canary\r\n"), ("greeting", b"* NO"), ("greeting", b""),
        ("CAPABILITY", b"* BAD canary\r\nTAG BAD canary\r\n"), ("EXAMINE", b"TAG OK no validity\r\n"), ("EXAMINE", b"* cut"),
        ("UID SEARCH", b"* SEARCH x y\r\nTAG OK done\r\n"), ("UID SEARCH", b"TAG NO canary\r\n"),
        ("UID SEARCH", b"TAG BAD canary\r\n"),
        ("UID FETCH", b"TAG OK nothing\r\n"), ("UID FETCH", b"* 1 FETCH (UID 1 BODY[] {99999999999}\r\nabc"),
        ("UID FETCH", b"* 1 FETCH (UID 1 BODY[] {3}\r\nabc)\r\nTAG OK done\r\n"),
        ("UID FETCH", b"* 1 FETCH (UID 1 BODY[] {30}\r\nabc"),
        ("UID FETCH", b"* BYE canary\r\n"), ("UID FETCH", b"* " + b"x" * 3_000_000), ("UID FETCH", b"\xff\x00\r\n"),
    ],
)  # fmt: skip
def test_a_server_that_breaks_off_or_talks_nonsense(stand: ImapStand, step: str, answer: bytes) -> None:
    stand.inbox.add(mail_of(), MOMENT)
    if step == "greeting":
        stand.greeting = answer
    else:
        stand.answers[step] = answer
    found = failure(stand, timeout_seconds=0.4)
    assert isinstance(found, Unavailable | UnexpectedReply)


def test_too_many_mails(stand: ImapStand) -> None:
    numbers = b" ".join(b"%d" % number for number in range(1, 1_200))
    stand.answers["UID SEARCH"] = b"* SEARCH " + numbers + b"\r\nTAG OK done\r\n"
    assert isinstance(failure(stand), Incomplete)


def test_nobody_at_the_port(stand: ImapStand) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        found = failure(stand, port=taken.getsockname()[1])
    assert isinstance(found, Unavailable)


# --- the network


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("the openssl program is needed to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
         "/CN=stand", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key", "-out", folder / "cert"],
        check=True, capture_output=True,
    )  # fmt: skip
    both = folder / "both.pem"
    both.write_bytes((folder / "key").read_bytes() + (folder / "cert").read_bytes())
    return both


def test_tls_is_verified(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate)
    with ImapStand(certificate=server) as stand:
        stand.inbox.add(mail_of(), MOMENT)
        found = failure(stand, tls=True)
        assert isinstance(found, Unavailable)
        assert "certificate" in str(found)
        assert stand.said == []
        monkeypatch.setattr(_mail_room, "tls_context", lambda: ssl.create_default_context(cafile=certificate))
        assert figure(stand, tls=True) == 1234


def test_a_server_without_tls_hears_nothing(stand: ImapStand) -> None:
    assert isinstance(failure(stand, tls=True, timeout_seconds=2), Unavailable)
    assert not any("LOGIN" in said or PASSWORD in said for said in stand.said)


def test_the_address_is_checked_before_anything_is_sent() -> None:
    from sheetsync.web.http import Deadline
    from sheetsync.web.line import Line

    for address, private in (("10.0.0.7", False), ("127.0.0.1", False), ("169.254.169.254", True)):
        with pytest.raises(Refused):
            Line("imap.example.org", 993, deadline=Deadline(5), tls=None, private=private, resolve=lambda *_, to=address: [to])


# --- words in a text


@pytest.mark.parametrize(
    ("text", "pattern", "value"),
    [
        ("Reach: 12,345.5", "Reach: {number}", "12345.5"),
        ("reach :12\nREACH:  7\n", "Reach: {number}", "7"),
        ("Reach: 12.345,5.\n", "Reach: {number}", "12345.5"),
        ("Reach: 12; Clips: 3, Views: 5.", "Clips: {number}", "3"),
        ("Reach: 1.2 million people", "Reach: {number} million", "1.2"),
        ("Reach (KW 19): 12", "Reach (*): {number}", "12"),
        ("Outreach: 5\nReach: 12", "Reach: {number}", "12"),
        ("Reach: -5 %", "Reach: {number}", "-0.05"),
        ("阅读量：12,345.0 次", "阅读量：{number} 次", "12345"),
        ("Spend € 1\u00a0234,50", "Spend € {number}", "1234.5"),
        ("42 clippings", "{number} clippings", "42"),
        ("Reach: 12\nReach: 12.", "Reach: {number}", "12"),
        ("Reach\t12\t34", "Reach {number}", "12"),
    ],
)
def test_numbers_in_words(text: str, pattern: str, value: str) -> None:
    assert _mail_text.number_in(_mail_text.plain(text), pattern).value == Decimal(value)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Reach: 1.2 million", UnexpectedReply), ("Reach: 12 345", UnexpectedReply), ("Reach: 12, 345", UnexpectedReply),
        ("Reach: 12²", UnexpectedReply), ("Reach: 12 (in thousands)", UnexpectedReply), ("Reach: 1.2K", UnexpectedReply),
        ("Reach: 3.2万", UnexpectedReply), ("Reach: 1.234", UnexpectedReply), ("Reach: 1.2.3", UnexpectedReply),
        ("Reach: n/a", UnexpectedReply), ("Reach: 12\nReach: 13", AmbiguousLink), ("Reach: 12-15", UnexpectedReply),
        ("Reach: 12/15", UnexpectedReply), ("Reach: 1e5", UnexpectedReply), ("Reach: ~12", UnexpectedReply),
        ("Reach:\n12 clips", UnexpectedReply), ("> Reach: 12", UnexpectedReply), ("Reach: 12:30", UnexpectedReply),
        ("Reach: –12", UnexpectedReply), ("Reach: (12)", UnexpectedReply), ("Reach: 0x12", UnexpectedReply),
        ("", UnexpectedReply),
    ],
)  # fmt: skip
def test_words_that_give_no_number(text: str, kind: type[LinkError]) -> None:
    with pytest.raises(kind):
        _mail_text.number_in(_mail_text.plain(text), "Reach: {number}")


@pytest.mark.parametrize(("text", "value"), [("1.2K", 1200), ("3.2万", 32000), ("3.2 亿", 320000000), ("1.5m", 1500000)])
def test_abbreviated_numbers_where_they_are_permitted(text: str, value: int) -> None:
    found = _mail_text.number_in(f"Reach: {text}", "Reach: {number}", abbreviated=True)
    assert (found.value, found.approximate) == (value, True)


# --- anything at all


@given(st.integers(0, 10**12), st.text(max_size=40))
def test_a_number_is_read_whole_or_not_at_all(number: int, after: str) -> None:
    try:
        found = _mail_text.number_in(f"Reach: {number}{after}", "Reach: {number}", decimal=".")
    except SheetsyncError:
        return
    assert found.value == number or after[:1] in {*".,'’%％\u00a0\u2007\u2009\u202f "} or after[:1].isdecimal()


@given(st.binary(max_size=400))
def test_crooked_mails_give_a_mail_or_a_sentence(data: bytes) -> None:
    for raw in (data, b"From: " + data, b"Content-Type: " + data, b"Authentication-Results: " + data + b"\r\nFrom: " + data):
        try:
            message = _mail_parts.taken_apart(raw)
            sender = _mail_trust.sender_of(message)
            assert not _mail_trust.vouched(message, "mx.example.org", sender)
            assert isinstance(_mail_parts.texts(message), list)
        except SheetsyncError as error:
            assert str(error)


@given(st.text(alphabet="<>/!-'\"= abdtrscipthen&;12", max_size=300))
def test_crooked_pages_give_text(html: str) -> None:
    assert _mail_text.page(f"<p>Reach</p>{html.replace('<', '&lt;')}").startswith("\nReach\n")
    assert "secret" not in _mail_text.page(f"<script>secret {html.replace('<', '')}</script>{html}")


@pytest.mark.parametrize(
    "piece", ["<", "<!", "<!--", "<a ", "<a '", '<a "', "<div hidden>", "</x>", "&#", "<style>", "<a b=", " \n"]
)
def test_no_page_takes_long(piece: str) -> None:
    began = time.process_time()
    text = _mail_text.page(piece * (500_000 // len(piece)))
    assert time.process_time() - began < 5
    assert len(text) <= 1_000_000


def test_a_quoted_sign_does_not_end_a_tag() -> None:
    assert _mail_text.page("<a title='x> Reach: 9'>Reach: <!-- 8 > -->7</a>") == "Reach: 7"
    assert _mail_text.page("<p style='Display: none'>9<p>8</p></p>7<td>6&nbsp;000").strip() == "7\t6\u00a0000"


# --- mails of others


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the collection of sample mails is not here")
@pytest.mark.parametrize(
    ("name", "pattern", "starts"),
    [
        ("base.eml", "collector.jpg", b"\xff\xd8"),
        ("attachment_with_encoded_name.eml", "01 quien*pitbull.mp3", b""),
        ("attachment_pdf.eml", "broken.pdf", b"%PDF"),
        ("attachment_only_email.eml", "blah.gz", b""),
    ],
)
def test_sample_mails(name: str, pattern: str, starts: bytes) -> None:
    found = _mail_parts.attachment(_mail_parts.taken_apart((SAMPLES / name).read_bytes()), pattern)
    assert found.data.startswith(starts)


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the collection of sample mails is not here")
def test_sample_mails_with_a_crooked_date_or_attached_mails() -> None:
    crooked = _mail_parts.taken_apart((SAMPLES / "bad_date_header.eml").read_bytes())
    assert _mail_room._sent(crooked) is None or _mail_parts.texts(crooked)
    attached = _mail_parts.taken_apart((SAMPLES / "attachment_2_base64.eml").read_bytes())
    with pytest.raises(NotFound):
        _mail_parts.attachment(attached, "*")
