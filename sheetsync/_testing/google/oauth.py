"""A form of the token endpoint goes in, an access token goes out: for a signed JWT of a service account, or a refresh token."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64decode
from typing import Any, Final
from urllib.parse import parse_qs

from sheetsync._testing.google.asked import Asked
from sheetsync._testing.google.errors import invalid_grant
from sheetsync._testing.google.state import ALL_SCOPES, Token

JWT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LIFE: Final = 3599
"""Seconds that an access token lives."""


def token(asked: Asked) -> dict[str, Any]:
    """POST /token"""
    form = {name: found[-1] for name, found in parse_qs(asked.raw.decode()).items()}
    if form.get("grant_type") == JWT:
        who, scopes = _signed(asked, form.get("assertion", ""))
    elif form.get("grant_type") == "refresh_token":
        who, scopes = asked.state.refresh_tokens.get(form.get("refresh_token", ""), ""), ALL_SCOPES
    else:
        raise invalid_grant("Unsupported grant_type.")
    if not who:
        raise invalid_grant()
    value = f"ya29.{asked.state.random.getrandbits(128):032x}"
    asked.state.tokens[value] = Token(who, scopes, asked.state.clock() + LIFE)
    return {"access_token": value, "expires_in": LIFE, "token_type": "Bearer", "scope": " ".join(scopes)}


def _signed(asked: Asked, assertion: str) -> tuple[str, tuple[str, ...]]:
    """Who signed, and the scopes asked for. The signature is checked; the times by the machine's own clock."""
    from sheetsync._testing.google import keys  # noqa: PLC0415 - cryptography only where a key is used

    try:
        claims = json.loads(urlsafe_b64decode(assertion.split(".")[1] + "=="))
        who = str(claims["iss"])
    except (ValueError, KeyError, IndexError) as wrong:
        raise invalid_grant("Bad Request") from wrong
    public = asked.state.keys.get(who)
    if public is None:
        raise invalid_grant("Invalid grant: account not found")
    if not keys.signed_by(assertion, public):
        raise invalid_grant("Invalid JWT Signature.")
    if not float(claims["iat"]) - 300 <= time.time() <= float(claims["exp"]) or claims["exp"] - claims["iat"] > 3600:
        raise invalid_grant(
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp "
            "values in the JWT claim."
        )
    return who, tuple(str(claims.get("scope", "")).split())
