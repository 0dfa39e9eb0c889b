"""Questions to Meta's Graph API go in; nodes by their ids, pages of a listing, or the meaning of its error codes come out.

API            https://developers.facebook.com/docs/graph-api
Errors         https://developers.facebook.com/docs/graph-api/guides/error-handling: the body's code decides, not the status
Limits         https://developers.facebook.com/docs/graph-api/overview/rate-limiting
Next pages     their addresses hold the token, so they are never followed: a page is asked for by its cursor
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog

from sheetsync.connectors.base import Settings, setting, walk, walk_or_none
from sheetsync.errors import (
    AccessDenied,
    BadCredentials,
    ConfigError,
    Incomplete,
    LinkError,
    NoSuchMetric,
    NotFound,
    NotReady,
    RateLimited,
    Unavailable,
    UnexpectedReply,
)
from sheetsync.model import Resource
from sheetsync.secrets import Secret
from sheetsync.texts import Sentence, sentence
from sheetsync.web.auth import Credential, Fixed, printable
from sheetsync.web.http import Reply, Web

IDS_PER_CALL: Final = 50
PAGE: Final = 100
MAX_PAGES: Final = 50
LISTED: Final = PAGE * MAX_PAGES
"""So many posts of an account are looked through for one."""

HOUR: Final = 3_600.0
BUSY_PERCENT: Final = 80
_KEY: Final = frozenset({102, 190})
_ROLLING_HOUR: Final = frozenset({4, 17, 32})
_SHORT: Final = frozenset({341, 613})
_OUTAGE: Final = frozenset({1, 2})
_UNKNOWN: Final = frozenset({21, 803})
_UNPROFESSIONAL: Final = 2207013
_UNPROFESSIONAL_THEN: Final = 2108006
_RENEW: Final = "Ask the person who installed sheetsync to make a new key in Meta's Business settings and to connect it again."

_PROOF: Final = "Ask the person who installed sheetsync to set app_secret, of the same app that the token was made with."


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphSettings(Settings):
    """What an account of a service of Meta's needs."""

    access_token: Secret = setting("Token of a system user or of a page (EAA…).")
    app_secret: Secret | None = setting(
        "Secret of the app that the token was made with; each call then bears a proof of it.", None
    )
    version: str = setting("Version of the Graph API.", "v26.0")


class GraphToken(Fixed):
    """The token as `Authorization: Bearer`, never in the address; with the app's secret also the proof that Meta asks for.

    https://developers.facebook.com/docs/graph-api/guides/secure-requests#appsecret_proof: SHA-256 HMAC of the token, as hex.
    """

    def __init__(self, token: Secret, app_secret: Secret | None) -> None:
        super().__init__()
        self._token, self._app_secret = token, app_secret

    def _make(self) -> Credential:
        token = printable(self._token.reveal(), self._token.where)
        headers = {"Authorization": f"Bearer {token}"}
        if self._app_secret is None:
            return Credential(headers)
        proof = hmac.new(self._app_secret.reveal().encode(), token.encode(), hashlib.sha256).hexdigest()
        self._app_secret.remember(proof)
        return Credential(headers, {"appsecret_proof": proof})


def base_of(settings: GraphSettings, account: str) -> str:
    """The address in front of every path. Raises ConfigError: the version is none."""
    if not re.fullmatch(r"v[0-9]{1,2}\.[0-9]", settings.version):
        raise ConfigError("The version of the account {account} must be written like v26.0.", account=account)
    return (settings.api_url or "https://graph.facebook.com").rstrip("/") + f"/{settings.version}"


# --- questions


def nodes(web: Web, base: str, ids: Sequence[str], fields: str) -> Mapping[str, Any]:
    """Up to IDS_PER_CALL nodes, under the words that were asked for, and under their own ids and (lower-case) user names."""
    answer = web.get_json(f"{base}/", params={"ids": ",".join(ids), "fields": fields})
    if not isinstance(answer, dict):
        raise UnexpectedReply("The answer holds no list where one is due.")
    found = {name: node for name, node in answer.items() if isinstance(node, dict)}
    own = {str(node[key]).lower(): node for node in found.values() for key in ("username", "id") if node.get(key)}
    return own | found


def nodes_of(
    web: Web, base: str, ids: Mapping[Resource, str], fields: str, service: str, wanted: Sequence[Resource]
) -> Mapping[Resource, Any]:
    """The node of each resource; one that is left out of the answer is not there."""
    answer = nodes(web, base, sorted({ids[one] for one in wanted}), fields)
    return {one: answer.get(ids[one], _unknown(service)) for one in wanted}


def apart(
    wanted: Sequence[Resource], ask: Callable[[Sequence[Resource]], Mapping[Resource, Any]]
) -> dict[Resource, Any | LinkError]:
    """What `ask` brings for all, or the LinkError of each: Meta refuses a whole call for one bad id, so it is asked in halves.

    Raises what concerns the account or the service: BadCredentials, Unavailable, RateLimited.
    """
    try:
        return dict(ask(wanted))
    except (NotFound, AccessDenied, NoSuchMetric, NotReady) as error:
        if len(wanted) == 1:
            return {wanted[0]: error}
    except (BadCredentials, Unavailable):
        raise
    except LinkError as error:
        return dict.fromkeys(wanted, error)
    half = len(wanted) // 2
    return apart(wanted[:half], ask) | apart(wanted[half:], ask)


def listing(web: Web, url: str, fields: str) -> Iterator[Any]:
    """Every entry of an edge, newest first. Raises Incomplete behind LISTED entries."""

    def page(after: str) -> tuple[Any, str]:
        params = {"fields": fields, "limit": str(PAGE)} | ({"after": after} if after else {})
        answer = web.get_json(url, params=params, once=True)
        more = walk_or_none(answer, "paging.next") is not None
        return walk(answer, "data"), str(walk(answer, "paging.cursors.after")) if more else ""

    return turned(page)


def turned(page: Callable[[str], tuple[Any, str]]) -> Iterator[Any]:
    """The entries of page after page; `page` takes a cursor and gives entries and the next cursor, "" for none."""
    after = ""
    for _ in range(MAX_PAGES):
        entries, following = page(after)
        if not isinstance(entries, list):
            raise UnexpectedReply("The answer holds no list where one is due.")
        yield from entries
        if not following or not entries:
            return
        if following == after:
            raise UnexpectedReply("The pages of this list lead round in a circle.")
        after = following
    raise Incomplete(
        "This post is not among the newest {count} of its account.", count=LISTED,
        advice="Type the number in by hand, with manual: as the link.",
    )  # fmt: skip


# --- answers


class Watch:
    """What Meta says beside its answers: which version really answered, and how much of the app's calls is used.

    A version that has ended is answered by the oldest that has not, without a word in the body
    (https://developers.facebook.com/docs/graph-api/guides/versioning); its answers may mean something else.
    """

    def __init__(self, settings: GraphSettings) -> None:
        self._asked, self._answered = settings.version, ""

    def see(self, reply: Reply, connector: str) -> None:
        """Looks at the headers of any answer."""
        answered = reply.headers.get("facebook-api-version", "")
        if re.fullmatch(r"v[0-9]{1,2}\.[0-9]", answered):
            self._answered = answered
        used = _used(reply)
        if used >= BUSY_PERCENT:
            structlog.get_logger().warning("calls nearly used up", connector=connector, percent=used)

    def warning(self, service: str) -> Sentence | None:
        """That another version answers than the one that is set."""
        if self._answered in ("", self._asked):
            return None
        return sentence(
            "{service} answers by version {answered} of its API, not {version}: set a newer one in sheetsync.toml.",
            service=service, answered=self._answered, version=self._asked,
        )  # fmt: skip


def _used(reply: Reply) -> int:
    """The highest share of its calls, time or load that the app or the account has used, in percent; 0 where it is not said."""
    used = [0]
    for name in ("x-app-usage", "x-business-use-case-usage"):
        told = _json_of(reply, name)
        listed = [entry for some in told.values() if isinstance(some, list) for entry in some]
        for entry in [told, *(one for one in listed if isinstance(one, dict))]:
            used += [value for key in ("call_count", "total_time", "total_cputime") if isinstance(value := entry.get(key), int)]
    return max(used)


def _json_of(reply: Reply, header: str) -> dict[str, Any]:
    try:
        told = json.loads(reply.headers.get(header, "{}"))
    except (ValueError, RecursionError):
        told = {}
    return told if isinstance(told, dict) else {}


def value_of(insights: Any, name: str) -> Any:
    """The one value of a measure in `{"data": [{"name", "values" or "total_value"}]}`.

    Raises NotReady where it is left out, which does not mean zero: https://developers.facebook.com/docs/instagram-platform/insights.
    """
    for entry in walk(insights, "data"):
        if walk_or_none(entry, "name") == name:
            total = walk_or_none(entry, "total_value.value")
            if total is not None:
                return total
            values = walk(entry, "values")
            if not isinstance(values, list) or len(values) != 1:
                raise UnexpectedReply("The answer holds several figures where one is due.")
            return walk(values[0], "value")
    raise NotReady("Meta has no figure for this measure yet.")


def meaning(reply: Reply, service: str) -> LinkError | None:
    """What an answer's error means; None where it holds none, or one whose status says enough."""
    told = walk_or_none(reply.json(), "error")
    if not isinstance(told, dict):
        return None
    code, subcode = (number if isinstance(number, int) else None for number in (told.get("code"), told.get("error_subcode")))
    message = str(told.get("message", "")).casefold()
    if code in _KEY or (code is not None and reply.status == 401):
        if "page access token" in message:  # a good key, but that of a person
            return AccessDenied(
                "{service} tells this only to the page's own key.", service=service,
                advice="Ask the person who installed sheetsync to connect the page with its own token.",
            )  # fmt: skip
        return BadCredentials("{service} does not accept the key of this account.", service=service, advice=_RENEW)
    if "secret proof" in message or "appsecret_proof" in message:
        kind = AccessDenied if "pages public" in message else BadCredentials  # others' pages only, or every call
        return kind("{service} asks for a proof that only the app's secret can give.", service=service, advice=_PROOF)
    if code in _ROLLING_HOUR or (code is not None and 80_000 <= code < 80_100):
        return RateLimited("{service} has answered too many calls within the hour.", service=service, wait=_wait(reply, HOUR))
    if code in _SHORT:
        return RateLimited("{service} asks for fewer requests.", service=service, wait=_wait(reply, 60.0))
    if code in _OUTAGE or told.get("is_transient") is True:  # so are most of those above
        return Unavailable("{service} cannot answer now.", service=service)
    if code == 10 and "not enough viewers" in message:
        return NotReady("Too few people have seen this for {service} to show numbers.", service=service)
    if code is not None and (code in {3, 10} or 200 <= code < 300):
        return AccessDenied("{service} does not let this account read this page.", service=service)
    found = _not_there(code, subcode, message, service)
    if found is None and reply.status < 400:
        return UnexpectedReply("{service} answers with an error that is not understood.", service=service)
    return found


def _not_there(code: int | None, subcode: int | None, message: str, service: str) -> LinkError | None:
    if subcode == _UNPROFESSIONAL or code == 110:
        return NotFound(
            "Instagram has no business or creator account of this name.",
            advice="Check the name. Nobody is given the numbers of a personal account; its owner may change its type.",
        )
    if subcode == _UNPROFESSIONAL_THEN:
        return NotFound(
            "This was posted before the account became a business account, and Instagram has no numbers of that time.",
            advice="Type the number in by hand, with manual: as the link.",
        )
    if code in _UNKNOWN or (code == 100 and subcode == 33):
        return _unknown(service)
    if code == 100 and "nonexisting field" in message:
        return NotFound(
            "{service} has no such number here: this is a person's profile or another kind of page.", service=service,
            advice="Paste the address of a page or of one of its posts.",
        )  # fmt: skip
    if code == 100:
        return NoSuchMetric(
            "{service} does not answer this question any more.", service=service,
            advice="Choose another measure, or look for a newer sheetsync.",
        )  # fmt: skip
    return None


def _unknown(service: str) -> NotFound:
    return NotFound(
        "{service} knows nothing under this address, or does not show it to this account.", service=service,
        advice="Check the address, and whether the account's key was given access to the page.",
    )  # fmt: skip


def _wait(reply: Reply, otherwise: float) -> float:
    """Seconds until the account may ask again: Meta's own estimate, in minutes, where it gives one."""
    told = _json_of(reply, "x-business-use-case-usage")
    entries = [entry for listed in told.values() if isinstance(listed, list) for entry in listed]
    minutes = [entry.get("estimated_time_to_regain_access") for entry in entries if isinstance(entry, dict)]
    longest = max((one for one in minutes if isinstance(one, int) and 0 < one < 10_000), default=0)
    return longest * 60.0 or reply.retry_after() or otherwise
