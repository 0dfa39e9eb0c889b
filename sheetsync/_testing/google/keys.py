"""A name goes in, a freshly made key of a service account goes out, as the JSON file that Google hands out."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa


def service_account(email: str, token_uri: str, project: str) -> tuple[dict[str, Any], str]:
    """The JSON document, and the public half of its key as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    document = {
        "type": "service_account",
        "project_id": f"stand-in-{project}",
        "private_key_id": f"{key.public_key().public_numbers().n % (1 << 160):040x}",
        "private_key": private,
        "client_email": email,
        "client_id": project,
        "auth_uri": token_uri.replace("/token", "/auth"),
        "token_uri": token_uri,
        "universe_domain": "googleapis.com",
    }
    return document, public


def signed_by(assertion: str, public: str) -> bool:
    """Whether a JWT (RS256) was signed by the other half of this key."""
    message, _, signature = assertion.rpartition(".")
    key = serialization.load_pem_public_key(public.encode())
    assert isinstance(key, rsa.RSAPublicKey)
    try:
        key.verify(urlsafe_b64decode(signature + "=="), message.encode(), padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True
