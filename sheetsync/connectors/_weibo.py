"""What Weibo answered goes in, the error that it means comes out; and the short name of a post becomes its number.

Errors   https://open.weibo.com/wiki/Error_code; a body with `error_code` is an error whatever the status, as number or as text
"""

from __future__ import annotations

from typing import Final

from sheetsync.connectors._beijing import seconds_to_full_hour
from sheetsync.connectors.base import walk_or_none
from sheetsync.errors import AccessDenied, BadCredentials, LinkError, NotFound, RateLimited, Unavailable, UnexpectedReply
from sheetsync.web.http import Reply

ALPHABET: Final = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
FIRST_POST: Final = 3_100_000_000_000_000
"""Posts since 2011 have numbers of 16 digits, and these grow with time; most words of nine letters stand for smaller ones."""

_SIGN_IN: Final = "Sign in to Weibo's API anew with the brand's own account and put the new token in the place of the old one."


def number_of(short: str) -> str | None:
    """The number of a post behind the short name in its address, `K3fnuEfZK` -> `4607741009594608`; else None.

    Counted from the right, four characters in base 62 stand for seven digits.
    """
    digits = ""
    for end in range(len(short), 0, -4):
        value = 0
        for char in short[max(0, end - 4) : end]:
            place = ALPHABET.find(char)
            if place < 0:
                return None
            value = value * 62 + place
        if value >= 10_000_000:
            return None
        digits = f"{value:07d}" + digits
    number = digits.lstrip("0")
    return number if len(number) == 16 else None


def meaning(reply: Reply) -> LinkError | None:
    """What an answer means where it is an error, else None."""
    code = walk_or_none(reply.json(), "error_code")
    if code is None:
        return None
    match str(code):
        case "10022" | "10023" | "10024":
            return RateLimited("Weibo's calls of this hour are used up.", wait=seconds_to_full_hour(reply))
        case "10001" | "10002" | "10003" | "10009" | "10010" | "10011":
            return Unavailable("Weibo cannot answer now.")
        case "10004":
            return AccessDenied(
                "Weibo does not answer the computer that sheetsync runs on.",
                advice="Ask the person who installed sheetsync to allow its address in the app's settings at open.weibo.com.",
            )
        case "10005" | "10014":
            return AccessDenied(
                "Weibo did not grant this app the right to read this figure.",
                advice="Apply for the interface in the app's settings at open.weibo.com.",
            )
        case "20003":
            return NotFound("Weibo knows no such account.")
        case "20101":
            return NotFound("Weibo knows no such post.")
        case "20112":
            return AccessDenied("This post is not visible to everybody.")
        case "21321":
            return AccessDenied(
                "Weibo has not reviewed this app yet, so that it may not read this figure.",
                advice="Send the app to review at open.weibo.com, or authorise it with the account whose figures are wanted.",
            )
        case "21335":
            return AccessDenied(
                "Weibo shows this figure to its own account only.",
                advice="Authorise the app with the account whose figures are wanted.",
            )
        case "10006" | "21314" | "21315" | "21316" | "21317" | "21319" | "21327" | "21332":
            # There is no refresh token: a person must sign in.
            return BadCredentials("Weibo does not accept the token of this account any more.", advice=_SIGN_IN)
    return None if reply.status >= 400 else UnexpectedReply("Weibo answered with an error that is not known.")
