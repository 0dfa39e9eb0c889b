"""A client certificate with its private key goes in, a TLS context that shows it comes out (RFC 8446, 4.4.2): mutual TLS.

The account is proved by the connection itself, so nothing is attached to a request. The context is the lane's own: a certificate
that was loaded into a shared one would be shown to every other service too.
"""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

from sheetsync.errors import BadCredentials
from sheetsync.secrets import Secret, write_private
from sheetsync.web.auth import NO_CREDENTIAL, Credential

if TYPE_CHECKING:
    from sheetsync.web.http import Web


class ClientCertificate:
    """An account that proves itself by a certificate (PEM, with those that signed it) and its private key (PEM, no password)."""

    origins: Collection[str] = ()

    def __init__(self, certificate: Secret, key: Secret) -> None:
        self._certificate, self._key = certificate, key

    def credential(self, web: Web) -> Credential:  # noqa: ARG002 - the contract of Auth
        return NO_CREDENTIAL

    def renew(self, web: Web) -> bool:  # noqa: ARG002 - a new one needs a new connection, which the next run makes
        return False

    def context(self, trusted: ssl.SSLContext | None, own: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
        """A context with what `trusted` trusts, else a new one of `own`, that shows the certificate.

        Raises BadCredentials (no such certificate and key) and ConfigError (a reference to nothing, a file that others may read).
        """
        made = own() if trusted is None else _alike(trusted)
        with tempfile.TemporaryDirectory(prefix="sheetsync-") as folder:  # the library takes files only; the folder is 0700
            pair = Path(folder) / "pair.pem"
            write_private(pair, f"{self._certificate.reveal()}\n{self._key.reveal()}")
            try:
                made.load_cert_chain(pair, password=lambda: b"")
            except (ssl.SSLError, ValueError):
                raise BadCredentials(
                    "The certificate {certificate} and the key {key} do not belong together, or are no PEM without a password.",
                    certificate=self._certificate.where, key=self._key.where,
                    advice="Ask for the certificate with those that signed it, and for its key, each as an unencrypted PEM file.",
                ) from None  # fmt: skip
        return made


def _alike(trusted: ssl.SSLContext) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for authority in trusted.get_ca_certs(binary_form=True):
        made.load_verify_locations(cadata=authority)
    return made
