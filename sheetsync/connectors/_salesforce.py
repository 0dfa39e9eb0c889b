"""Keys for Salesforce: a private key goes in, a token comes out.

OAuth flows    https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_flows.htm
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Collection, Mapping
from typing import Final

from sheetsync import links
from sheetsync.errors import BadCredentials, ConfigError, UnexpectedReply
from sheetsync.secrets import Secret
from sheetsync.web.auth import Fetched, Token, lifetime, token_error
from sheetsync.web.http import Web

_ASSERTION_SECONDS: Final = 120
"""Salesforce takes an assertion that ends within three minutes."""


class JwtBearer(Fetched):
    """A token for a user who was approved in advance, asked for with a signed assertion (RFC 7523; RS256, RFC 7518)."""

    def __init__(
        self,
        token_url: str,
        client_id: str,
        username: str,
        audience: str,
        private_key: Secret,
        *,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(private_key, clock=clock)
        self._url, self._client, self._user, self._audience, self._now = token_url, client_id, username, audience, now

    @property
    def origins(self) -> Collection[str]:
        return (links.split(self._url).origin,)

    def fetch(self, web: Web) -> Token:
        claims = {"iss": self._client, "sub": self._user, "aud": self._audience, "exp": int(self._now()) + _ASSERTION_SECONDS}
        assertion = signed(claims, self._secret)
        self._secret.remember(assertion)
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
        answer = web.post_form(self._url, form, refine=token_error)
        if not isinstance(answer, dict) or not isinstance(answer.get("access_token"), str) or not answer["access_token"]:
            raise UnexpectedReply("The sign-in service gave no token.")
        return Token(answer["access_token"], lifetime(answer.get("expires_in")))


def signed(claims: Mapping[str, object], key: Secret) -> str:
    """A JSON Web Token (RFC 7519), signed with RS256. Raises ConfigError (nothing to sign with), BadCredentials (no such key)."""
    try:
        from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: PLC0415 - an extra, and slow to import
        from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415 - the same
        from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415 - the same
    except ImportError:
        raise ConfigError(
            "The key {where} signs with a certificate, but the package for that is not installed.", where=key.where,
            advice="Install it: pip install cryptography.",
        ) from None  # fmt: skip
    try:
        # Where a key is kept in one line, its line ends are written as \n.
        private = load_pem_private_key(key.reveal().replace("\\n", "\n").encode(), password=None)
    except (ValueError, TypeError):
        private = None
    if not isinstance(private, rsa.RSAPrivateKey):
        raise BadCredentials(
            "The key {where} is no RSA key without a password, in the form that begins with BEGIN PRIVATE KEY.", where=key.where,
            advice="Make a new key and certificate, and upload the certificate to the app in Salesforce.",
        )  # fmt: skip
    parts = [_base64url(json.dumps(part, separators=(",", ":")).encode()) for part in ({"alg": "RS256", "typ": "JWT"}, claims)]
    signature = private.sign(".".join(parts).encode(), padding.PKCS1v15(), SHA256())
    return ".".join([*parts, _base64url(signature)])


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
