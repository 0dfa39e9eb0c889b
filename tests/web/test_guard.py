"""Which connections are made: names resolved once, every address checked, TLS verified by name. Nothing leaves loopback."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpcore2
import pytest

from sheetsync import errors
from sheetsync._testing.server import Answer, Stand
from sheetsync.web.guard import Guard
from sheetsync.web.http import Deadline, Web, tls_context

API = "https://api.example.com"


class Recording(httpcore2.NetworkBackend):
    """Refuses every connection, and says which were tried."""

    def __init__(self) -> None:
        self.tried: list[tuple[str, int]] = []

    def connect_tcp(
        self, host: str, port: int, timeout: object = None, local_address: object = None, socket_options: object = None
    ) -> httpcore2.NetworkStream:
        self.tried.append((host, port))
        raise httpcore2.ConnectError("refused")


def asked(origin: str, *answers: str, private: bool | list[str] = False) -> tuple[list[tuple[str, int]], errors.LinkError]:
    network = Recording()
    with (
        Web(
            origins=[origin], deadline=Deadline(5), resolve=lambda host, port: list(answers) or [host], network=network,
            private=private, tls=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        ) as web,
        pytest.raises(errors.LinkError) as caught,
    ):  # fmt: skip
        web.get(origin + "/")
    return network.tried, caught.value


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "::1", "fd00::1", "169.254.169.254", "::ffff:10.0.0.1", "0.0.0.0"])
def test_a_name_that_leads_inside_is_refused_unconnected(address: str) -> None:
    tried, error = asked(API, address)
    assert tried == []
    assert isinstance(error, errors.Refused)
    assert address not in str(error)


def test_one_bad_answer_among_good_ones_is_enough() -> None:
    tried, error = asked(API, "93.184.216.34", "127.0.0.1")
    assert tried == []
    assert isinstance(error, errors.Refused)


def test_all_good_addresses_are_tried_in_turn() -> None:
    tried, error = asked(API, "93.184.216.34", "2606:4700::1111")
    assert tried == [("93.184.216.34", 443), ("2606:4700::1111", 443)]
    assert isinstance(error, errors.Unavailable)


@pytest.mark.parametrize("address", ["10.1.2.3", "192.168.1.1", "100.64.1.1", "fd12::1", "127.0.0.1"])
def test_what_the_operator_permits_may_lie_inside(address: str) -> None:
    assert asked("https://erp.corp.example:8443", address, private=True)[0] == [(address, 8443)]
    assert asked(API, address, private=[API])[0] == [(address, 443)]
    assert asked(API, address, private=["https://erp.corp.example:8443"])[0] == []


@pytest.mark.parametrize("address", ["169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192",
    "fd00:ec2::254", "fd20:ce::254", "::ffff:169.254.169.254", "224.0.0.1", "fe80::1%eth0"])  # fmt: skip
def test_metadata_stays_closed_whatever_is_permitted(address: str) -> None:
    assert asked(API, address, private=True)[0] == []


@pytest.mark.parametrize(("origin", "address"), [
    ("http://127.0.0.1:8080", ("127.0.0.1", 8080)), ("http://10.0.0.5:3000", ("10.0.0.5", 3000)), ("http://[::1]:9000",
    ("::1", 9000)),
])  # fmt: skip
def test_an_address_that_the_operator_wrote_is_meant(origin: str, address: tuple[str, int]) -> None:
    assert asked(origin)[0] == [address]


def test_localhost_that_the_operator_wrote_is_meant() -> None:
    assert asked("http://localhost:8080", "127.0.0.1")[0] == [("127.0.0.1", 8080)]


@pytest.mark.parametrize(
    "origin", ["http://169.254.169.254", "http://100.100.100.200", "http://[fd00:ec2::254]", "http://0.0.0.0"]
)
def test_an_address_that_nobody_means_stays_closed(origin: str) -> None:
    assert asked(origin)[0] == []


@pytest.mark.parametrize("origin", ["http://0x7f000001", "http://2130706433", "http://127.1", "http://017700000001"])
def test_a_number_in_disguise_is_a_name_like_any_other(origin: str) -> None:
    assert asked(origin, "127.0.0.1")[0] == []


def test_a_name_that_changes_its_answer_is_asked_once_a_connection() -> None:
    answers = iter([["93.184.216.34"], ["127.0.0.1"]])
    names: list[str] = []
    network = Recording()

    def resolve(host: str, port: int) -> list[str]:
        names.append(host)
        return next(answers)

    with Web(origins=["http://rebind.example"], deadline=Deadline(5), resolve=resolve, network=network) as web:
        with pytest.raises(errors.Unavailable):
            web.get("http://rebind.example/")
        assert names == ["rebind.example"]
        with pytest.raises(errors.Refused):
            web.get("http://rebind.example/")
    assert network.tried == [("93.184.216.34", 80)]


@pytest.mark.parametrize("error", [socket.gaierror(-2, "canary"), OSError("canary"), UnicodeError("canary")])
def test_an_unknown_name(error: Exception) -> None:
    def resolve(host: str, port: int) -> list[str]:
        raise error

    network = Recording()
    with (
        Web(origins=["http://no.example"], deadline=Deadline(5), resolve=resolve, network=network) as web,
        pytest.raises(errors.Unavailable, match=r"no\.example was not found") as caught,
    ):
        web.get("http://no.example/")
    assert "canary" not in str(caught.value)
    assert network.tried == []


def test_the_guard_itself_knows_its_places() -> None:
    network = Recording()
    guard = Guard({("api.example.com", 443): True}, resolve=lambda host, port: ["93.184.216.34"], inner=network)
    for host, port in [("evil.test", 443), ("api.example.com", 22), ("api.example.com.", 443)]:
        with pytest.raises(errors.Refused):
            guard.connect_tcp(host, port)
    with pytest.raises(errors.Refused):
        guard.connect_unix_socket("/var/run/docker.sock")
    assert network.tried == []


def test_the_real_resolver_and_real_sockets() -> None:
    with Stand() as stand, Web(origins=[f"http://localhost:{stand.port}"], deadline=Deadline(10)) as web:
        stand.answer("/x", {"v": 1})
        assert web.get_json(f"http://localhost:{stand.port}/x") == {"v": 1}


def test_a_closed_port_is_unreachable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        origin = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with Web(origins=[origin], deadline=Deadline(10)) as web, pytest.raises(errors.Unavailable, match="could not be reached"):
            web.get(origin + "/")


# --- TLS ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of api.example.com that signs itself; certificate and key in one file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("the openssl program is needed to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
         "/CN=stand", "-addext", "subjectAltName=DNS:api.example.com", "-keyout", folder / "key", "-out", folder / "cert"],
        check=True, capture_output=True,
    )  # fmt: skip
    both = folder / "both.pem"
    both.write_bytes((folder / "key").read_bytes() + (folder / "cert").read_bytes())
    return both


@pytest.fixture
def secure(certificate: Path) -> Iterator[Stand]:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate)
    with Stand(certificate=server) as stand:
        stand.answer("/x", {"v": 1})
        yield stand


def test_tls_is_verified_by_name_though_an_address_was_connected(secure: Stand, certificate: Path) -> None:
    other = "https://other.example.com"
    with secure.web(API, other, tls=ssl.create_default_context(cafile=certificate)) as web:
        assert web.get_json(API + "/x") == {"v": 1}
        with pytest.raises(errors.Unavailable, match=r"^The certificate of other\.example\.com is not valid"):
            web.get(other + "/x")
    assert len(secure.seen) == 1


def test_an_unknown_certificate_gets_no_request(secure: Stand) -> None:
    with secure.web(API, tls=tls_context()) as web, pytest.raises(errors.Unavailable, match="certificate"):
        web.get(API + "/x")
    assert secure.seen == []


def test_a_server_that_speaks_no_tls(stand: Stand, certificate: Path) -> None:
    network = _Direct(stand.port)
    context = ssl.create_default_context(cafile=certificate)
    with stand.web(API, network=network, tls=context) as web, pytest.raises(errors.Unavailable, match="secure connection"):
        web.get(API + "/x")


def test_an_answer_that_ends_without_tls_saying_so_is_cut(secure: Stand, certificate: Path) -> None:
    secure.answer("/cut", Answer(body=b"12", framing="close"))
    with secure.web(API, tls=ssl.create_default_context(cafile=certificate)) as web:
        with pytest.raises(errors.Unavailable, match="broke off"):
            web.get(API + "/cut")
        assert web.get_json(API + "/x") == {"v": 1}


class _Direct(httpcore2.NetworkBackend):
    def __init__(self, port: int) -> None:
        self.port = port

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None, socket_options: object = None
    ) -> httpcore2.NetworkStream:
        return httpcore2.SyncBackend().connect_tcp("127.0.0.1", self.port, timeout)


def test_old_tls_and_unverified_names_are_off() -> None:
    context = tls_context()
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
