"""Mails go in, a mail server on loopback comes out: it speaks as much of IMAP4rev1 as a reader needs, to the real client.

Each connection has a thread of its own. `said` lists the commands as they came, passwords left out.
"""

from __future__ import annotations

import base64
import re
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

PASSWORD = "canary-pass-77"
TOKEN = "canary-token-77"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass
class Stored:
    """A mail in a folder."""

    uid: int
    moment: datetime
    data: bytes
    flags: set[str] = field(default_factory=set)

    def headers(self, names: set[str]) -> bytes:
        head = self.data.partition(b"\r\n\r\n")[0] + b"\r\n"
        lines = re.findall(rb"[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*", head)
        return b"".join(line for line in lines if line.partition(b":")[0].decode("latin-1").upper() in names) + b"\r\n"


@dataclass
class Folder:
    validity: int = 7
    mails: list[Stored] = field(default_factory=list)

    def add(self, data: bytes, moment: datetime, uid: int = 0) -> Stored:
        uid = uid or max((mail.uid for mail in self.mails), default=0) + 1
        mail = Stored(uid, moment, data)
        self.mails.append(mail)
        return mail


class ImapStand:
    """The server. `answers` may hold, for a command's name, what is sent in its place: bytes, or None for silence."""

    def __init__(self, *, certificate: ssl.SSLContext | None = None) -> None:
        self.folders: dict[str, Folder] = {"INBOX": Folder()}
        self.said: list[str] = []
        self.capabilities = "IMAP4rev1 ID AUTH=PLAIN AUTH=XOAUTH2"
        self.greeting: bytes | None = b"* OK ready\r\n"
        self.answers: dict[str, bytes | None] = {}
        self.refusal = b"NO [AUTHENTICATIONFAILED] canary words of the server"
        self.size_of: Callable[[Stored], int] = lambda mail: len(mail.data)
        self.closing = threading.Event()
        stand = self

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                """A client that hangs up is no fault."""

        class Session(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                connection: socket.socket = self.request
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # its answers are many small pieces
                if certificate is not None:
                    connection = certificate.wrap_socket(connection, server_side=True)
                try:
                    _Talk(stand, connection).run()
                finally:
                    connection.close()

        self._server = Server(("127.0.0.1", 0), Session)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def inbox(self) -> Folder:
        return self.folders["INBOX"]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Talk:
    """One connection."""

    def __init__(self, stand: ImapStand, connection: socket.socket) -> None:
        self.stand, self.connection = stand, connection
        self.file = connection.makefile("rb")
        self.folder: Folder | None = None
        self.known = False

    def run(self) -> None:
        if self.stand.greeting is None:
            self.stand.closing.wait()
            return
        self.send(self.stand.greeting)
        while line := self.file.readline():
            tag, _, rest = line.decode("latin-1").rstrip("\r\n").partition(" ")
            name, _, arguments = rest.partition(" ")
            if name == "UID":
                more, _, arguments = arguments.partition(" ")
                name = f"UID {more}"
            self.stand.said.append(name if name == "LOGIN" else rest)
            if name in self.stand.answers:
                answer = self.stand.answers[name]
                if answer is None:
                    self.stand.closing.wait()
                    return
                self.send(answer.replace(b"TAG", tag.encode()))
                if not answer.endswith(b"\r\n"):
                    return
                continue
            reply = self.reply(name, arguments)
            self.send(f"{tag} ".encode() + reply + b"\r\n")
            if name == "LOGOUT":
                return

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def reply(self, name: str, arguments: str) -> bytes:
        match name:
            case "CAPABILITY":
                self.send(f"* CAPABILITY {self.stand.capabilities}\r\n".encode())
            case "ID":
                self.send(b"* ID NIL\r\n")
            case "LOGIN":
                self.known = arguments == f'"reports@example.org" "{PASSWORD}"'
                return b"OK in" if self.known else self.stand.refusal
            case "AUTHENTICATE":
                return self.authenticate(arguments)
            case "EXAMINE" | "SELECT" if self.known:
                return self.open(arguments, writing=name == "SELECT")
            case "UID SEARCH" if self.folder is not None:
                uids = " ".join(str(mail.uid) for mail in self.folder.mails if self.fits(mail, _words(arguments)))
                self.send(f"* SEARCH {uids}".rstrip().encode() + b"\r\n")
            case "UID FETCH" if self.folder is not None:
                self.fetch(arguments)
            case "LOGOUT":
                self.send(b"* BYE\r\n")
            case _:
                return b"BAD unknown, or not now"
        return b"OK done"

    def authenticate(self, mechanism: str) -> bytes:
        self.send(b"+ \r\n")
        given = base64.b64decode(self.file.readline().strip()).decode()
        expected = {
            "PLAIN": f"\0reports@example.org\0{PASSWORD}",
            "XOAUTH2": f"user=reports@example.org\x01auth=Bearer {TOKEN}\x01\x01",
        }
        self.known = given == expected.get(mechanism)
        if not self.known and mechanism == "XOAUTH2":
            self.send(b"+ " + base64.b64encode(b'{"status":"400"}') + b"\r\n")
            assert self.file.readline().strip() == b""
        return b"OK in" if self.known else self.stand.refusal

    def open(self, argument: str, *, writing: bool) -> bytes:
        self.folder = self.stand.folders.get(argument.strip('"'))
        if self.folder is None:
            return b"NO no such folder"
        self.send(
            f"* FLAGS (\\Seen)\r\n* {len(self.folder.mails)} EXISTS\r\n* 0 RECENT\r\n"
            f"* OK [UIDVALIDITY {self.folder.validity}] valid\r\n".encode()
        )
        return b"OK [READ-WRITE] open" if writing else b"OK [READ-ONLY] open"

    def fits(self, mail: Stored, words: list[str]) -> bool:
        """Each term takes its words from the front of the list; all terms have to hold."""
        good = True
        while words:
            good &= self.term(mail, words)
        return good

    def term(self, mail: Stored, words: list[str]) -> bool:
        match words.pop(0).upper():
            case "OR":
                first, second = self.term(mail, words), self.term(mail, words)
                return first or second
            case "SINCE":
                day, month, year = words.pop(0).split("-")
                return mail.moment.date() >= datetime(int(year), MONTHS.index(month) + 1, int(day), tzinfo=UTC).date()
            case "FROM":
                return words.pop(0).lower() in mail.headers({"FROM"}).decode("latin-1").lower()
            case "UID":
                first, _, last = words.pop(0).partition(":")
                assert last == "*"
                highest = max(stored.uid for stored in self.folder.mails) if self.folder else 0
                return mail.uid >= min(int(first), highest)
            case unknown:
                raise AssertionError(unknown)

    def fetch(self, arguments: str) -> None:
        assert self.folder is not None
        numbers, _, items = arguments.partition(" ")
        wanted = {int(number) for number in numbers.split(",")}
        for place, mail in enumerate(self.folder.mails, start=1):
            if mail.uid not in wanted:
                continue
            fields = re.search(r"HEADER\.FIELDS \(([^)]*)\)", items)
            body = mail.headers(set(fields[1].split())) if fields else mail.data
            if "BODY[" in items:
                mail.flags.add("\\Seen")
            name = f"BODY[HEADER.FIELDS ({fields[1]})]" if fields else "BODY[]"
            moment = f"{mail.moment.day:2}-{MONTHS[mail.moment.month - 1]}-{mail.moment:%Y %H:%M:%S %z}"
            known = f' INTERNALDATE "{moment}" RFC822.SIZE {self.stand.size_of(mail)}' if fields else ""
            self.send(f"* {place} FETCH ({name} {{{len(body)}}}\r\n".encode() + body + f"{known} UID {mail.uid})\r\n".encode())
            self.send(f"* {place} FETCH (FLAGS (\\Recent))\r\n".encode())  # a notice that nobody asked for


def _words(text: str) -> list[str]:
    return [quoted or plain for quoted, plain in re.findall(r'"([^"]*)"|(\S+)', text)]
