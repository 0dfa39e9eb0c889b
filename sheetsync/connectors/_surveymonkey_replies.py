"""What SurveyMonkey answered goes in, the error that it means or the tokens that name a survey come out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

from sheetsync import links
from sheetsync.connectors.base import walk_or_none
from sheetsync.errors import AccessDenied, BadCredentials, LinkError, NotFound, RateLimited, Unavailable, UnexpectedReply
from sheetsync.web.http import Reply, Web

HOSTS: Final = {
    "us": "https://api.surveymonkey.com",
    "eu": "https://api.eu.surveymonkey.com",
    "ca": "https://api.surveymonkey.ca",
}
_ESCAPE: Final = re.compile(r"_(2[BF]|3D)", re.IGNORECASE)
_SECONDS: Final = re.compile(r"\d{1,6}")


def meaning(reply: Reply) -> LinkError | None:
    """What an answer means where it is an error (https://api.surveymonkey.com/v3/docs#error-codes), else None."""
    if reply.status == 429:
        return _throttled(reply)
    error = walk_or_none(reply.json(), "error")
    if error is None:
        return None
    match str(walk_or_none(error, "id")):
        case "1010" | "1011" | "1012" | "1013" | "1052" | "1053":
            return BadCredentials("SurveyMonkey does not accept the token of this account any more.")
        case "1014":
            return AccessDenied(
                "The token of this account lacks a permission for this figure.",
                advice="Tick View Surveys, View Responses and View Response Details in the app's scopes, then renew the token.",
            )
        case "1015":
            return AccessDenied(
                "The SurveyMonkey plan of this account does not give out this figure.",
                advice="Results of questions need a paid plan; the number of responses does not.",
            )
        case "1016" | "1017":
            return AccessDenied("SurveyMonkey does not let this account read this survey.")
        case "1018":
            return AccessDenied(
                "The data of this SurveyMonkey account lies in another region.",
                advice="Ask the person who installed sheetsync to set region to us, eu or ca for this account.",
            )
        case "1020":
            return NotFound("SurveyMonkey has no survey or collector with this number.")
        case "1040":
            return _throttled(reply)
        case "1050" | "1051":
            return Unavailable("SurveyMonkey cannot answer now.")
    return None if reply.status >= 400 else UnexpectedReply("SurveyMonkey answered with an error that is not known.")


def granted(answer: Mapping[str, Any], web: Web) -> Mapping[str, str]:  # noqa: ARG001 - nothing more is asked
    """The settings of an account whose owner agreed: its token, and the region whose host came with it."""
    host = answer.get("access_url") or HOSTS["us"]
    region = next((name for name, url in HOSTS.items() if str(host).rstrip("/") == url), None)
    if region is None:
        raise UnexpectedReply("SurveyMonkey names a region of this account that is not known.")
    return {"access_token": str(answer["access_token"]), "region": region}


def canonical(token: str) -> str:
    """SurveyMonkey writes a base64 text with _2B, _2F and _3D for its + / and =; browsers may write the last one as %3D."""
    escaped = token.replace("+", "_2B").replace("=", "_3D")
    return _ESCAPE.sub(lambda match: match[0].upper(), escaped).removesuffix("_3D").removesuffix("_3D")


def tokens(survey: Any) -> set[str]:
    """The tokens under which people know a survey: of its analyze page (edit, collect and summary share it), of its preview."""
    found = set()
    for field in ("analyze_url", "preview"):
        address = walk_or_none(survey, field)
        if isinstance(address, str) and address:
            split = links.split(address)
            found.add(canonical(dict(split.query).get("sm") or unquote(split.path).rstrip("/").rpartition("/")[2]))
    return found


def _throttled(reply: Reply) -> RateLimited:
    """There is no Retry-After: of two counters, the one that is used up says when it starts anew, in seconds."""
    for window in ("day", "minute"):
        counter = f"x-ratelimit-app-global-{window}-"
        reset = reply.headers.get(f"{counter}reset", "")
        if reply.headers.get(f"{counter}remaining", "").strip() == "0" and _SECONDS.fullmatch(reset.strip()):
            return RateLimited("SurveyMonkey's calls of this {window} are used up.", window=window, wait=float(reset) + 1)
    return RateLimited("SurveyMonkey asks for fewer requests.", wait=reply.retry_after())
