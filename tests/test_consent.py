"""Agreeing in the browser: the real page's address, a server that stands in for the service, a browser that follows it back."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import os
import re
import socket
import stat
import sys
import threading
import tomllib
import webbrowser
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from sheetsync import app as rooms
from sheetsync.connect import Browser, connect
from sheetsync.errors import BadCredentials, ConfigError, LinkError
from sheetsync.testing import Answer, Seen, Stand
from tests.conftest import Done

CLIENT, SECRET, CODE, REFRESH = "client-of-ours", "canary-client-secret", "canary-code-0123", "canary-refresh-token"
DIRECTORY = "11111111-2222-3333-4444-555555555555"


@dataclass
class Service:
    """Stands in for a service: its consent page and its token endpoint, which check what the standards ask of us."""

    stand: Stand
    tokens: str = "/oauth/token"
    basic: bool = False
    pkce: bool = False
    granted: Mapping[str, Any] = field(default_factory=lambda: {"access_token": "canary-access", "refresh_token": REFRESH})
    asked: dict[str, str] = field(default_factory=dict)
    spent: bool = False

    def __post_init__(self) -> None:
        self.stand.answer(self.tokens, self.exchange, method="POST")

    def exchange(self, seen: Seen) -> Answer:
        form = seen.form()
        if form["grant_type"] == "refresh_token":
            return Answer.of({"access_token": "canary-access", "expires_in": 3600})
        known = f"Basic {base64.b64encode(f'{CLIENT}:{SECRET}'.encode()).decode()}"
        shown = seen.headers.get("authorization") == known if self.basic else form.get("client_secret") == SECRET
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).decode().rstrip("=")
        fits = not self.pkce or self.asked.get("code_challenge") == challenge
        redirected = form["redirect_uri"] == self.asked["redirect_uri"]
        if self.spent or form["code"] != CODE or not (shown and fits and redirected):
            return Answer.of({"error": "invalid_grant", "error_description": "canary: told by the service"}, status=400)
        return Answer.of(self.granted)

    def page(self, address: str) -> str:
        """Where the page sends the browser once the person agreed."""
        self.asked = dict(parse_qsl(urlsplit(address).query))
        assert self.asked["response_type"] == "code"
        assert self.asked["client_id"] == CLIENT
        assert ("code_challenge" in self.asked) is self.pkce
        return f"{self.asked['redirect_uri']}?code={CODE}&state={self.asked['state']}"


def visit(address: str) -> tuple[int, str, Mapping[str, str]]:
    """What a browser does with an address that it is sent to."""
    split = urlsplit(address)
    connection = http.client.HTTPConnection(str(split.hostname), split.port, timeout=10)
    try:
        connection.request("GET", f"{split.path or '/'}?{split.query}")
        reply = connection.getresponse()
        return reply.status, reply.read().decode(), dict(reply.getheaders())
    finally:
        connection.close()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def stand() -> Iterator[Stand]:
    with Stand() as one:
        yield one


def connected(
    here: Path,
    service: str,
    given: Mapping[str, str],
    browse: Callable[[str], None],
    *,
    redirect: str = "http://127.0.0.1:0/",
    seconds: float = 10.0,
    paste: Callable[[], str] | None = None,
) -> dict[str, Any]:
    """Connects, with a person in a thread who browses; the account as it was written."""
    people = []

    def show(address: str, _registered: str) -> None:
        if paste is not None:  # who pastes has browsed before
            browse(address)
            return
        people.append(threading.Thread(target=browse, args=(address,)))
        people[-1].start()

    def ask(question: Any) -> str:
        raise AssertionError(f"{question.name} was not given")

    given = {"client_id": CLIENT, "client_secret": SECRET, **given}
    try:
        with rooms.open_app(None) as application:
            connect(application, service, "default", ask, given, browser=Browser(show, paste, redirect, seconds))
    finally:
        for person in people:
            person.join()
    written = tomllib.loads((here / "sheetsync.toml").read_text(encoding="utf-8"))
    account: dict[str, Any] = written["connectors"][service]["default"]
    return account


def nothing_kept(here: Path) -> bool:
    return not [path for path in here.rglob("*") if path.is_file()]


SERVICES = {
    "hubspot": (
        "https://app.hubspot.com/oauth/authorize", {"tokens": "/oauth/2026-09/token"}, {},
        ("GET", "/account-info/2026-09/details", {"portalId": 1}), {"refresh_token": REFRESH},
    ),
    "pipedrive": (
        "https://oauth.pipedrive.com/oauth/authorize", {"basic": True}, {"company": "acme"},
        ("GET", "/api/v1/users/me", {"success": True, "data": {"company_domain": "acme"}}), {"refresh_token": REFRESH},
    ),
    "salesforce": (
        "https://acme--uat.sandbox.my.salesforce.com/services/oauth2/authorize",
        {"tokens": "/services/oauth2/token", "pkce": True}, {"domain": "acme--uat.sandbox"},
        ("GET", "/services/data/v67.0/query", {"totalSize": 0, "done": True, "records": []}), {"refresh_token": REFRESH},
    ),
    "surveymonkey": (
        "https://api.surveymonkey.com/oauth/authorize",
        {"granted": {"access_token": "canary-access", "access_url": "https://api.eu.surveymonkey.com", "expires_in": None}}, {},
        ("GET", "/v3/surveys", {"data": [], "total": 0}), {"access_token": "canary-access", "region": "eu"},
    ),
    "mailchimp": (
        "https://login.mailchimp.com/oauth2/authorize",
        {"tokens": "/oauth2/token", "granted": {"access_token": "canary-access", "expires_in": 0, "scope": None}}, {},
        ("GET", "/3.0/ping", {}), {"api_key": "canary-access", "data_center": "us7"},
    ),
    "ga4": (
        "https://accounts.google.com/o/oauth2/v2/auth", {"pkce": True}, {},
        ("GET", "/v1beta/properties/0/metadata", {}), {"refresh_token": REFRESH},
    ),
    "bigquery": (
        "https://accounts.google.com/o/oauth2/v2/auth", {"pkce": True}, {"project": "acme-123456"},
        ("POST", "/bigquery/v2/projects/acme-123456/queries", {"jobComplete": True}), {"refresh_token": REFRESH},
    ),
    "powerbi": (
        f"https://login.microsoftonline.com/{DIRECTORY}/oauth2/v2.0/authorize",
        {"tokens": f"/{DIRECTORY}/oauth2/v2.0/token", "pkce": True}, {"tenant": DIRECTORY},
        ("GET", "/v1.0/myorg/groups", {"value": []}), {"refresh_token": REFRESH},
    ),
    "dynamics": (
        f"https://login.partner.microsoftonline.cn/{DIRECTORY}/oauth2/v2.0/authorize",
        {"tokens": f"/{DIRECTORY}/oauth2/v2.0/token", "pkce": True},
        {"tenant": DIRECTORY, "org_url": "https://acme.crm.dynamics.cn"},
        ("GET", "/api/data/v9.2/WhoAmI", {}), {"refresh_token": REFRESH},
    ),
    "x": (
        "https://x.com/i/oauth2/authorize", {"tokens": "/2/oauth2/token", "pkce": True, "basic": True}, {},
        ("GET", "/2/users/me", {"data": {"id": "1"}}), {"refresh_token": REFRESH},
    ),
    "linkedin": (
        "https://www.linkedin.com/oauth/v2/authorization",
        {"tokens": "/oauth/v2/accessToken", "granted": {"access_token": "canary-access", "expires_in": 5184000}}, {},
        ("GET", "/rest/organizationAcls", {"elements": []}), {"access_token": "canary-access"},
    ),
    "linkedin of a partner": (
        "https://www.linkedin.com/oauth/v2/authorization", {"tokens": "/oauth/v2/accessToken"}, {},
        ("GET", "/rest/organizationAcls", {"elements": []}), {"refresh_token": REFRESH},
    ),
}  # fmt: skip
"""Service -> its consent page, how its token endpoint behaves, what is asked of the installer, the trial, what is kept."""


@pytest.mark.parametrize("service", SERVICES)
def test_a_person_agrees_and_the_account_is_connected(here: Path, stand: Stand, service: str) -> None:
    page, behaviour, given, (method, probe, answer), expected = SERVICES[service]
    stood = Service(stand, **behaviour)
    stand.answer(probe, answer, method=method)
    stand.answer("/oauth2/metadata", {"dc": "us7"})
    url = f"http://127.0.0.1:{stand.port}"
    own = {"ga4": {"token_url": f"{url}/oauth/token"}, "powerbi": {"login_url": url}}
    own |= {"bigquery": own["ga4"], "dynamics": own["powerbi"]}
    shown: list[str] = []

    def person(address: str) -> None:
        shown.append(address)
        status, text, headers = visit(stood.page(address))
        assert status == 200
        assert "close this window" in text
        assert CODE not in text + str(headers)

    account = connected(here, service.partition(" ")[0], {"api_url": url, **given, **own.get(service, {})}, person)
    assert shown[0].partition("?")[0] == page
    assert not stand.strays
    for name, value in expected.items():
        kept = account[name]
        if isinstance(kept, dict):
            path = here / kept["file"]
            assert stat.S_IMODE(path.stat().st_mode) == 0o600 or sys.platform == "win32"
            kept = path.read_text(encoding="utf-8").strip()
        assert kept == value
    assert ("client_secret" in account) is ("refresh_token" in expected)  # what is not needed any more is not kept
    assert CODE not in (here / "sheetsync.toml").read_text(encoding="utf-8")


def hubspot(stand: Stand) -> tuple[Service, dict[str, str]]:
    stood = Service(stand, "/oauth/2026-09/token")
    stand.answer("/account-info/2026-09/details", {"portalId": 1})
    return stood, {"api_url": f"http://127.0.0.1:{stand.port}"}


def test_an_answer_with_another_state_is_not_listened_to(here: Path, stand: Stand) -> None:
    stood, given = hubspot(stand)

    def person(address: str) -> None:
        back = stood.page(address)
        assert visit(re.sub(r"state=[^&]+", "state=somebody-else", back))[0] == 404
        assert visit(re.sub(r"&state=[^&]+", "", back))[0] == 404
        assert visit(back.replace("/?", "/elsewhere?"))[0] == 404
        assert visit(back.partition("?")[0] + "favicon.ico")[0] == 404
        assert visit(back)[0] == 200

    assert connected(here, "hubspot", given, person)["client_id"] == CLIENT


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda back: re.sub(r"code=[^&]+", "error=access_denied&error_description=canary%20words", back), "access_denied"),
        (lambda back: re.sub(r"code=[^&]+", "error=canary", back), "error"),
        (lambda back: re.sub(r"code=[^&]+", "nothing=here", back), "without a code"),
        (lambda back: back.replace(CODE, "expired-or-spent"), "invalid_grant"),
    ],
    ids=["denied", "an error of its own", "no code", "an expired code"],
)
def test_what_was_not_granted_leaves_nothing_behind(here: Path, stand: Stand, change: Callable[[str], str], part: str) -> None:
    stood, given = hubspot(stand)
    with pytest.raises(BadCredentials) as caught:
        connected(here, "hubspot", given, lambda address: void(visit(change(stood.page(address)))))
    assert part in str(caught.value)
    assert "canary" not in str(caught.value) + caught.value.advice
    assert nothing_kept(here)


def void(_value: object) -> None:
    """A browser gives nothing back."""


def test_nobody_agrees_in_time(here: Path, stand: Stand) -> None:
    _, given = hubspot(stand)
    with pytest.raises(BadCredentials, match="Nobody agreed"):
        connected(here, "hubspot", given, void, seconds=0.05)
    assert nothing_kept(here)
    assert not stand.seen


def test_a_port_that_is_taken_is_said(here: Path, stand: Stand) -> None:
    _, given = hubspot(stand)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ConfigError, match=str(port)) as caught:
            connected(here, "hubspot", given, void, redirect=f"http://localhost:{port}/")
    assert "--redirect" in caught.value.advice
    assert nothing_kept(here)


def test_what_the_service_refuses_after_all_is_not_kept(here: Path, stand: Stand) -> None:
    stood, given = hubspot(stand)
    stand.answer("/account-info/2026-09/details", Answer.of({}, status=403))
    with pytest.raises(LinkError):
        connected(here, "hubspot", given, lambda address: void(visit(stood.page(address))))
    assert nothing_kept(here)


def test_a_token_endpoint_without_a_refresh_token_is_said(here: Path, stand: Stand) -> None:
    stood, given = hubspot(stand)
    stood.granted = {"access_token": "canary-access"}
    with pytest.raises(LinkError, match="no refresh token"):
        connected(here, "hubspot", given, lambda address: void(visit(stood.page(address))))
    assert nothing_kept(here)


def test_the_browser_may_be_on_another_machine(here: Path, stand: Stand) -> None:
    stood, given = hubspot(stand)
    back: list[str] = []
    account = connected(
        here, "hubspot", given, lambda address: back.append(stood.page(address)), paste=lambda: f" {back[0]}\n",
        redirect="https://acme.example/back",
    )  # fmt: skip
    assert account["client_id"] == CLIENT


def test_a_pasted_answer_was_sent_to_a_port_that_a_browser_can_name(here: Path, stand: Stand) -> None:
    stood, given = hubspot(stand)
    back: list[str] = []
    connected(here, "hubspot", given, lambda address: back.append(stood.page(address)), paste=lambda: back[0])
    assert stood.asked["redirect_uri"] == "http://127.0.0.1:8717/"


@pytest.mark.parametrize(
    "text", ["", "no address", "http://[", "http://localhost:8717/?code=1&state=another", "https://acme.example/back"]
)
def test_a_pasted_address_that_is_no_answer_is_refused(here: Path, stand: Stand, text: str) -> None:
    _, given = hubspot(stand)
    with pytest.raises(BadCredentials, match="no answer"):
        connected(here, "hubspot", given, void, paste=lambda: text)
    assert nothing_kept(here)


@pytest.mark.parametrize(
    "redirect",
    ["http://acme.example/", "http://localhost.evil.test:8717/", "ftp://localhost/", "nonsense", "https://acme.example/"],
)
def test_a_redirect_that_leaves_this_machine_is_refused(here: Path, stand: Stand, redirect: str) -> None:
    _, given = hubspot(stand)
    with pytest.raises(ConfigError):
        connected(here, "hubspot", given, void, redirect=redirect)
    assert nothing_kept(here)


BROWSER = """
import http.client, sys
from urllib.parse import parse_qsl, urlsplit
asked = dict(parse_qsl(urlsplit(sys.argv[1]).query))
back = urlsplit(asked["redirect_uri"])
connection = http.client.HTTPConnection("127.0.0.1", back.port, timeout=10)
connection.request("GET", f"/?code={code}&state={asked['state']}")
connection.getresponse().read()
"""


def test_the_command_opens_the_browser(here: Path, stand: Stand, command: Callable[..., Done], monkeypatch: Any) -> None:
    """The whole way: the program that BROWSER names is the person who agrees."""
    stood, given = hubspot(stand)
    script = here.parent / "browser.py"
    script.write_text(BROWSER.replace("{code}", CODE), encoding="utf-8")
    monkeypatch.setenv("BROWSER", f"{sys.executable} {script} %s")
    monkeypatch.setattr(webbrowser, "_tryorder", None)
    monkeypatch.setenv("CLIENT_SECRET", SECRET)
    redirect = "http://127.0.0.1:0/"
    stood.asked = {"redirect_uri": ""}

    def exchange(seen: Seen) -> Answer:
        stood.asked["redirect_uri"] = seen.form().get("redirect_uri", "")
        return stood.exchange(seen)

    stand.answer("/oauth/2026-09/token", exchange, method="POST")
    done = command(
        "connect", "hubspot", "--browser", "--redirect", redirect, "--set", f"client_id={CLIENT}", "--set",
        "client_secret=env:CLIENT_SECRET", "--set", f"api_url={given['api_url']}",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "https://app.hubspot.com/oauth/authorize?" in done.err
    assert "HubSpot" in done.out
    assert CODE not in done.out + done.err
    written = tomllib.loads((here / "sheetsync.toml").read_text(encoding="utf-8"))["connectors"]["hubspot"]["default"]
    assert written["client_secret"] == {"env": "CLIENT_SECRET"}
    assert json.dumps(written).find(SECRET) == -1
    assert os.environ["CLIENT_SECRET"] == SECRET


def test_a_service_without_such_a_page_says_so(here: Path, command: Callable[..., Done]) -> None:
    done = command("connect", "tita", "--browser")
    assert done.code == 2
    assert "Tita" in done.err
