"""A client certificate over real TLS: a server that asks for one, a made authority, and what goes wrong."""

from __future__ import annotations

import ssl
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sheetsync.connectors.sap import Sap
from sheetsync.errors import BadCredentials, ConfigError, LinkError
from sheetsync.model import Link, Query
from sheetsync.secrets import Secret, Vault
from sheetsync.testing import Answer, LookupMemory, Stand

HOST = "erp.acme.example"
LINK = Link(f"https://{HOST}/sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder")
METADATA = b"""<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx"><edmx:DataServices>
<Schema Namespace="X" xmlns="http://schemas.microsoft.com/ado/2008/09/edm"><EntityType Name="T">
<Key><PropertyRef Name="SalesOrder"/></Key><Property Name="SalesOrder" Type="Edm.String"/></EntityType>
<EntityContainer Name="C"><EntitySet Name="A_SalesOrder" EntityType="X.T"/></EntityContainer></Schema>
</edmx:DataServices></edmx:Edmx>"""


@dataclass(frozen=True)
class Authority:
    """Signs certificates for the time of a test."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def new(cls, name: str) -> Authority:
        key = ec.generate_private_key(ec.SECP256R1())
        return cls(key, _signed(name, key.public_key(), key, _name(name), authority=True))

    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def issue(self, name: str) -> tuple[str, str]:
        """Certificate and key, as PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = _signed(name, key.public_key(), self.key, self.certificate.subject, authority=False)
        secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return made.public_bytes(serialization.Encoding.PEM).decode(), secret.decode()


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _signed(
    name: str, key: ec.EllipticCurvePublicKey, signer: ec.EllipticCurvePrivateKey, issuer: x509.Name, *, authority: bool
) -> x509.Certificate:
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(_name(name)).issuer_name(issuer).public_key(key)
    made = made.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(hours=1))
    made = made.not_valid_after(now + timedelta(days=1)).add_extension(x509.BasicConstraints(authority, None), critical=True)
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    both = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    return (made if authority else made.add_extension(both, critical=False)).sign(signer, hashes.SHA256())


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.new("the test's authority")


@pytest.fixture
def stand(authority: Authority, tmp_path: Path) -> Iterator[Stand]:
    """SAP, which asks for a certificate of the authority and answers nobody without one."""
    pair = tmp_path / "server.pem"
    pair.write_text("".join(authority.issue(HOST)), encoding="utf-8")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pair)
    server.load_verify_locations(cadata=authority.pem())
    server.verify_mode = ssl.CERT_REQUIRED
    with Stand(certificate=server) as made:
        made.answer(
            "/sap/opu/odata/sap/API_SALES_ORDER_SRV/$metadata", Answer(200, METADATA, {"content-type": "application/xml"})
        )
        made.answer("/sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder/$count", Answer(200, b"42"))
        yield made


def account(folder: Path, certificate: str, key: str, mode: int = 0o600) -> Sap:
    for name, text in (("sap.crt", certificate), ("sap.key", key)):
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(mode)
    vault = Vault(folder)
    secrets = {name: Secret({"file": file}, vault, name) for name, file in
               (("certificate", "sap.crt"), ("certificate_key", "sap.key"))}  # fmt: skip
    return Sap("default", Sap.settings_type(host=HOST, **secrets), LookupMemory())  # type: ignore[call-arg]


def figure(stand: Stand, authority: Authority, sap: Sap) -> Decimal:
    resolved = Sap.resolve(LINK)
    assert resolved is not None
    trusted = ssl.create_default_context(cadata=authority.pem())
    with stand.web(*sap.origins(), auth=sap.auth(), tls=trusted) as web:
        document = sap.fetch(resolved[0], web)
    return sap.read(document, Query("sap", "default", *resolved)).value


def test_the_certificate_is_shown_and_nothing_else(stand: Stand, authority: Authority, tmp_path: Path) -> None:
    assert figure(stand, authority, account(tmp_path, *authority.issue("sheetsync"))) == 42
    assert all("authorization" not in seen.headers for seen in stand.seen)


def test_a_certificate_of_another_authority_is_not_let_in(stand: Stand, authority: Authority, tmp_path: Path) -> None:
    with pytest.raises(LinkError):
        figure(stand, authority, account(tmp_path, *Authority.new("another").issue("sheetsync")))
    assert not stand.seen


def test_a_server_of_another_authority_is_shown_nothing(stand: Stand, authority: Authority, tmp_path: Path) -> None:
    with pytest.raises(LinkError, match="certificate of"):
        figure(stand, Authority.new("another"), account(tmp_path, *authority.issue("sheetsync")))
    assert not stand.seen


def test_a_key_of_another_certificate_is_said(stand: Stand, authority: Authority, tmp_path: Path) -> None:
    certificate, other = authority.issue("sheetsync")[0], authority.issue("another")[1]
    for key in (other, "no key at all"):
        with pytest.raises(BadCredentials, match="do not belong together") as caught:
            figure(stand, authority, account(tmp_path, certificate, key))
        assert "PRIVATE KEY" not in str(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="mode bits do not show who may read there")
def test_a_key_that_others_may_read_is_refused(stand: Stand, authority: Authority, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="others may read"):
        figure(stand, authority, account(tmp_path, *authority.issue("sheetsync"), mode=0o644))
    assert not stand.seen
