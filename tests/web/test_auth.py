"""How an account proves itself: what is attached, when tokens are fetched, and that nothing of it is ever shown."""

from __future__ import annotations

import base64
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sheetsync import errors
from sheetsync._testing.server import Answer, Seen, Stand
from sheetsync.secrets import MASK, Secret, Vault
from sheetsync.web.auth import (
    ApiKey,
    Auth,
    Basic,
    Bearer,
    ClientCredentials,
    Credential,
    Fetched,
    Place,
    RefreshToken,
    Token,
    lifetime,
)
from sheetsync.web.http import Web

from .conftest import Clock

API = "https://api.example.com"
LOGIN = "https://login.example.com"
TOKEN_URL = LOGIN + "/oauth2/token"


class Safe:
    """A vault over an environment that a test can change."""

    def __init__(self) -> None:
        self.environ = {"KEY": "canary-key", "ID": "client-1", "REFRESH": "canary-refresh-0"}
        self.vault = Vault(Path(), self.environ)

    def __getitem__(self, name: str) -> Secret:
        return Secret({"env": name}, self.vault, f"crm.main.{name.lower()}")


@pytest.fixture
def safe() -> Safe:
    return Safe()


def attached(stand: Stand, auth: Auth) -> Seen:
    stand.answer("/x", {})
    with stand.web(API, auth=auth) as web:
        web.get(API + "/x")
    return stand.seen[-1]


def test_fixed_keys(stand: Stand, safe: Safe) -> None:
    assert attached(stand, ApiKey(safe["KEY"])).headers["x-api-key"] == "canary-key"
    assert (
        attached(stand, ApiKey(safe["KEY"], header="Authorization", prefix="OAuth2 ")).headers["authorization"]
        == "OAuth2 canary-key"
    )
    assert attached(stand, ApiKey(safe["KEY"], param="key")).target == "/x?key=canary-key"
    assert attached(stand, Bearer(safe["KEY"])).headers["authorization"] == "Bearer canary-key"
    basic = attached(stand, Basic("anna", safe["KEY"])).headers["authorization"]
    assert base64.b64decode(basic.removeprefix("Basic ")) == b"anna:canary-key"
    assert safe.vault.redact("x " + basic.removeprefix("Basic ")) == "x " + MASK
    basic = attached(stand, Basic(safe["ID"], safe["KEY"])).headers["authorization"]
    assert base64.b64decode(basic.removeprefix("Basic ")) == b"client-1:canary-key"


def test_nothing_shows_a_key(safe: Safe) -> None:
    made = Credential({"Authorization": "canary"}, {"key": "canary"})
    assert "canary" not in repr(made) + repr(Token("canary")) + repr(ApiKey(safe["KEY"]))


@pytest.mark.parametrize("key", ["a\nb", "schlüssel", "a\u200bb", "a\tb"])
def test_a_key_that_was_copied_badly_is_said_so_and_not_sent(stand: Stand, safe: Safe, key: str) -> None:
    safe.environ["KEY"] = key
    with stand.web(API, auth=Bearer(safe["KEY"])) as web, pytest.raises(errors.BadCredentials, match=r"crm\.main\.key"):
        web.get(API + "/x")
    assert stand.dialled == []


def test_a_fixed_key_is_tried_again_only_if_somebody_changed_it(stand: Stand, safe: Safe) -> None:
    stand.answer("/x", lambda seen: Answer.of({}) if seen.headers["authorization"] == "Bearer canary-new" else Answer(401))
    with stand.web(API, auth=Bearer(safe["KEY"])) as web:
        with pytest.raises(errors.BadCredentials):
            web.get(API + "/x")
        assert len(stand.seen) == 1
        safe.environ["KEY"] = "canary-new"
        assert web.get_json(API + "/x") == {}


# --- tokens that are fetched -------------------------------------------------------------------------------------------


class Numbered:
    """Gives token-1, token-2 ... and remembers each request."""

    def __init__(self, **more: Any) -> None:
        self.number, self.more = 0, more

    def __call__(self, seen: Seen) -> Answer:
        self.number += 1
        return Answer.of({"access_token": f"canary-token-{self.number}", "token_type": "bearer", **self.more})


def client(safe: Safe, **more: Any) -> ClientCredentials:
    return ClientCredentials(TOKEN_URL, safe["ID"], safe["KEY"], **more)


def tokens(stand: Stand) -> list[Seen]:
    return [seen for seen in stand.seen if seen.path == "/oauth2/token"]


def test_client_credentials_in_the_body(stand: Stand, safe: Safe) -> None:
    stand.answer("/oauth2/token", Numbered(expires_in=3600), method="POST", host="login.example.com")
    seen = attached(stand, client(safe, scope="a b", extra={"resource": "r"}))
    assert seen.headers["authorization"] == "Bearer canary-token-1"
    assert tokens(stand)[0].form() == {
        "grant_type": "client_credentials", "scope": "a b", "resource": "r", "client_id": "client-1",
        "client_secret": "canary-key",
    }  # fmt: skip
    assert "authorization" not in tokens(stand)[0].headers
    assert safe.vault.redact("x canary-token-1 x") == f"x {MASK} x"


def test_client_credentials_in_a_header(stand: Stand, safe: Safe) -> None:
    stand.answer("/oauth2/token", Numbered(), method="POST")
    attached(stand, client(safe, basic=True))
    assert tokens(stand)[0].form() == {"grant_type": "client_credentials"}
    assert base64.b64decode(tokens(stand)[0].headers["authorization"].removeprefix("Basic ")) == b"client-1:canary-key"


def test_a_token_can_stand_elsewhere(stand: Stand, safe: Safe) -> None:
    stand.answer("/oauth2/token", Numbered(), method="POST")
    assert attached(stand, client(safe, place=Place(param="access_token"))).target == "/x?access_token=canary-token-1"
    assert attached(stand, client(safe, place=Place("access-token", ""))).headers["access-token"] == "canary-token-2"


@pytest.mark.parametrize(("expires_in", "lives"), [(3600, 3540), ("3600", 3540), (100, 50), (0, 0), (Decimal(7200), 7140)])
def test_a_token_is_used_until_shortly_before_its_end(
    stand: Stand, safe: Safe, clock: Clock, expires_in: Any, lives: int
) -> None:
    stand.answer("/x", {})
    stand.answer("/oauth2/token", Numbered(expires_in=str(expires_in)), method="POST")
    with stand.web(API, auth=client(safe, clock=clock)) as web:
        web.get(API + "/x")
        clock.now += max(lives - 1, 0)
        web.get(API + "/x")
        assert len(tokens(stand)) == (1 if lives else 2)
        clock.now += 1
        web.get(API + "/x")
        assert len(tokens(stand)) == (2 if lives else 3)


@pytest.mark.parametrize("value", [None, "soon", -1, "-1", True, [], {}, 10**13, "9" * 20, "٣"])
def test_a_life_that_is_no_time_is_not_believed(value: object) -> None:
    assert lifetime(value) is None


def test_a_token_of_unknown_life_is_used_until_a_401(stand: Stand, safe: Safe, clock: Clock) -> None:
    stand.answer("/x", {}, Answer(401), {})
    stand.answer("/oauth2/token", Numbered(expires_in=None), method="POST")
    with stand.web(API, auth=client(safe, clock=clock)) as web:
        web.get(API + "/x")
        clock.now += 10**9
        web.get(API + "/x")
        assert len(tokens(stand)) == 2
        assert web.requests == 5
    assert stand.seen[-1].headers["authorization"] == "Bearer canary-token-2"


def test_many_threads_fetch_one_token(stand: Stand, safe: Safe) -> None:
    stand.answer("/x", {})
    stand.answer("/oauth2/token", Numbered(expires_in=60), method="POST")
    start = threading.Barrier(6)

    def ask(web: Web) -> None:
        start.wait(5)
        web.get(API + "/x")

    with stand.web(API, auth=client(safe)) as web:
        threads = [threading.Thread(target=ask, args=(web,)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(5)
    assert len(tokens(stand)) == 1
    assert len(stand.seen) == 7


@pytest.mark.parametrize(("answer", "sentence"), [
    (Answer.of({"error": "invalid_grant", "error_description": "canary"}, status=400), "refused (invalid_grant)"),
    (Answer.of({"error": "invalid_client"}, status=401), "refused (invalid_client)"),
    (Answer.of({"error": "canary"}, status=400), "refused."), (Answer(400, body=b"<html>canary"), "refused."),
    (Answer(403), "refused."),
    (Answer(404), "refused."), (Answer.of({"error": {"canary": 1}}, status=400), "refused."),
    (Answer.of({"error": "invalid_client"}), "refused (invalid_client)"), (Answer.of({"error": "canary"}), "refused."),
])  # fmt: skip
def test_a_refused_sign_in(stand: Stand, safe: Safe, answer: Answer, sentence: str) -> None:
    stand.answer("/oauth2/token", answer, method="POST")
    with stand.web(API, auth=client(safe)) as web, pytest.raises(errors.BadCredentials) as caught:
        web.get(API + "/x")
    assert sentence in str(caught.value)
    assert "canary" not in str(caught.value)
    assert len(stand.seen) == 1


@pytest.mark.parametrize(("answer", "kind"), [
    (Answer(503), errors.Unavailable), (Answer(429, headers={"Retry-After": "9"}), errors.RateLimited),
    (Answer(302, headers={"Location": "https://evil.test/"}), errors.Refused), (Answer.of({}), errors.UnexpectedReply),
    (Answer.of({"access_token": 5}), errors.UnexpectedReply), (Answer.of([]), errors.UnexpectedReply),
    (Answer(body=b"<html>"), errors.UnexpectedReply), (Answer.of({"access_token": "a\nb"}), errors.BadCredentials),
])  # fmt: skip
def test_a_sign_in_that_fails_otherwise(stand: Stand, safe: Safe, answer: Answer, kind: type[errors.LinkError]) -> None:
    stand.answer("/oauth2/token", answer, method="POST")
    with stand.web(API, auth=client(safe)) as web, pytest.raises(errors.LinkError) as caught:
        web.get(API + "/x")
    assert type(caught.value) is kind
    assert len(stand.seen) == 1


def test_the_token_endpoint_gets_no_token_and_the_service_no_secret(stand: Stand, safe: Safe) -> None:
    stand.answer("/x", Answer(401), {})
    stand.answer("/oauth2/token", Numbered(), method="POST")
    with stand.web(API, auth=client(safe)) as web:
        web.get(API + "/x")
    for seen in stand.seen:
        everything = repr((seen.target, seen.headers, seen.body))
        assert ("canary-token" in everything) is (seen.host == "api.example.com")
        assert ("canary-key" in everything) is (seen.host == "login.example.com")


# --- refresh tokens ----------------------------------------------------------------------------------------------------


def test_a_rotating_refresh_token_is_stored_before_its_token_is_used(stand: Stand, safe: Safe) -> None:
    stand.answer("/x", Answer(401), {})
    number = iter(range(1, 9))
    stand.answer(
        "/oauth2/token", lambda seen: Answer.of({"access_token": "canary-token",
        "refresh_token": f"canary-refresh-{next(number)}"}),
        method="POST",
    )  # fmt: skip
    stored: list[tuple[str, int]] = []
    auth = RefreshToken(
        TOKEN_URL,
        "client-1",
        safe["KEY"],
        safe["REFRESH"],
        store=lambda new: stored.append((new, len(stand.seen))),
        scope="offline",
    )
    with stand.web(API, auth=auth) as web:
        web.get(API + "/x", headers={})
    assert [seen.form()["refresh_token"] for seen in tokens(stand)] == ["canary-refresh-0", "canary-refresh-1"]
    assert tokens(stand)[0].form()["scope"] == "offline"
    assert stored == [("canary-refresh-1", 1), ("canary-refresh-2", 3)]
    assert safe.vault.redact("canary-refresh-2") == MASK


def test_a_refresh_token_that_stays_is_not_stored(stand: Stand, safe: Safe) -> None:
    stand.answer("/oauth2/token", Answer.of({"access_token": "t" * 9, "refresh_token": "canary-refresh-0"}), method="POST")
    stored: list[str] = []
    attached(stand, RefreshToken(TOKEN_URL, "client-1", safe["KEY"], safe["REFRESH"], store=stored.append))
    assert stored == []


def test_a_refresh_token_that_cannot_be_stored_stops_the_lane_but_is_not_lost(stand: Stand, safe: Safe) -> None:
    stand.answer("/x", {})
    stand.answer("/oauth2/token", Answer.of({"access_token": "t" * 9, "refresh_token": "canary-refresh-1"}), method="POST")
    full = [True]

    def store(new: str) -> None:
        if full[0]:
            raise OSError("disk full")

    with stand.web(API, auth=RefreshToken(TOKEN_URL, "client-1", safe["KEY"], safe["REFRESH"], store=store)) as web:
        with pytest.raises(errors.BadCredentials, match=r"crm\.main\.refresh could not be kept"):
            web.get(API + "/x")
        full[0] = False
        web.get(API + "/x")
    assert [seen.form()["refresh_token"] for seen in tokens(stand)] == ["canary-refresh-0", "canary-refresh-1"]


def test_a_new_sign_in_counts_more_than_what_was_rotated_before(stand: Stand, safe: Safe) -> None:
    stand.answer("/x", {}, Answer(401), {})
    stand.answer("/oauth2/token", Answer.of({"access_token": "t" * 9, "refresh_token": "canary-refresh-1"}), method="POST")
    with stand.web(API, auth=RefreshToken(TOKEN_URL, "client-1", safe["KEY"], safe["REFRESH"], store=lambda new: None)) as web:
        web.get(API + "/x")
        safe.environ["REFRESH"] = "canary-signed-in-anew"
        with pytest.raises(errors.BadCredentials):  # the stand gives the same token again, which is the one that failed
            stand.answer("/x", Answer(401))
            web.get(API + "/x")
    assert tokens(stand)[-1].form()["refresh_token"] == "canary-signed-in-anew"


def test_a_service_with_a_sign_in_of_its_own_kind(stand: Stand, safe: Safe) -> None:
    class Own(Fetched):
        @property
        def origins(self) -> tuple[str, ...]:
            return (LOGIN,)

        def fetch(self, web: Web) -> Token:
            answer = web.post_json(LOGIN + "/stable_token", {"secret": self._secret.reveal()}, authorised=False)
            return Token(answer["access_token"], lifetime(answer["expires_in"]))

    stand.answer("/stable_token", {"access_token": "canary-token", "expires_in": 7200}, method="POST")
    assert attached(stand, Own(safe["KEY"], place=Place(param="access_token"))).param("access_token") == "canary-token"
    assert stand.seen[0].json() == {"secret": "canary-key"}
