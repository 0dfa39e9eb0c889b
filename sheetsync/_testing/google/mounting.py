"""Credentials and the address of the stand-in go in, a session comes out that finds Google there, and nothing else anywhere."""

from __future__ import annotations

from typing import Any, Final

from google.auth.transport.requests import AuthorizedSession
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter

HOSTS: Final = (
    "https://sheets.googleapis.com",
    "https://www.googleapis.com",
    "https://oauth2.googleapis.com",
    "https://accounts.google.com",
)


class Loopback(HTTPAdapter):
    """Sends what was meant for one of Google's hosts to the stand-in."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        assert request.url is not None
        host = next(host for host in HOSTS if request.url.startswith(f"{host}/"))
        request.url = self._url + request.url[len(host) :]
        return super().send(request, *args, **kwargs)


class Nowhere(HTTPAdapter):
    """A host that the stand-in does not stand for: the call raises, whatever it was."""

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:  # noqa: ARG002 - the library's signature
        raise ConnectionRefusedError(f"a call left the stand-in: {request.method} {request.url}")


def mount(session: Any, url: str) -> None:
    """Bends an existing session of requests."""
    session.mount("https://", Nowhere())
    session.mount("http://", Nowhere())
    session.mount(f"{url}/", HTTPAdapter())
    for host in HOSTS:
        session.mount(f"{host}/", Loopback(url))


def session(credentials: Any, url: str) -> AuthorizedSession:
    """A session of google-auth; tokens are fetched through it too."""
    made = AuthorizedSession(credentials)  # type: ignore[no-untyped-call]
    mount(made, url)
    refreshing = getattr(made, "_auth_request_session", None)
    if refreshing is not None:
        mount(refreshing, url)
    return made
