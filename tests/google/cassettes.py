"""Recordings of Google go in, the same calls made again on the stand-in come out, reply beside reply.

The recordings are gspread's (MIT, 2023 to 2026). A file holds some episodes, each from the creation of a spreadsheet; ids that
Google chose (of files, sheets, named and protected ranges) are mapped to those that the stand-in chooses as they appear.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sheetsync._testing.google.server import answer
from sheetsync.testing import NO_LIMITS, FakeGoogle
from tests.google.discovery import FOLDER

CASSETTES = FOLDER / "cassettes"
TOKEN = "Bearer recorded"
PRIVATE = "1jIKzPs8LsiZZdLdeMEP-5ZIHw6RkjiOmj1LrJN706Yc"
TIMES = frozenset({"createdTime", "modifiedTime"})
CHOSEN = frozenset({"id", "spreadsheetId", "sheetId", "namedRangeId", "protectedRangeId"})
"""Fields with an id that the server chooses."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One recorded call, what Google answered, and what the stand-in answers, its ids turned back into the recorded ones."""

    cassette: str
    at: int
    method: str
    target: str
    body: Any
    recorded: tuple[int, Any]
    given: tuple[int, Any]

    @property
    def equal(self) -> bool:
        return self.recorded == self.given


@dataclass(slots=True)
class Mapped:
    """Recorded id -> the stand-in's, and back."""

    there: dict[str, str] = field(default_factory=dict)

    def sent(self, text: str) -> str:
        for old, new in self.there.items():
            text = re.sub(rf"(?<![A-Za-z0-9_-]){re.escape(old)}(?![A-Za-z0-9_-])", new, text)
        return text

    def back(self, value: Any) -> Any:
        """A reply with the recorded ids."""
        text = json.dumps(value)
        for old, new in self.there.items():
            text = re.sub(rf"(?<![A-Za-z0-9_-]){re.escape(new)}(?![A-Za-z0-9_-])", old, text)
        return json.loads(text)

    def learn(self, recorded: Any, given: Any) -> None:
        if isinstance(recorded, dict) and isinstance(given, dict):
            for name, value in recorded.items():
                other = given.get(name)
                if name in CHOSEN and isinstance(value, str | int) and isinstance(other, str | int) and value:
                    self.there.setdefault(str(value), str(other))
                self.learn(value, other)
        elif isinstance(recorded, list) and isinstance(given, list):
            for one, two in zip(recorded, given, strict=False):
                self.learn(one, two)


def files() -> list[Path]:
    return sorted(CASSETTES.glob("*.json"))


def replayed(google: FakeGoogle, path: Path) -> Iterator[Pair]:
    """Every pair of a file that names a spreadsheet of its own episode."""
    account = "telegram-budgeter@telegram-budgeter.iam.gserviceaccount.com"
    google.token(account, value="recorded")
    mapped = Mapped()
    for at, interaction in enumerate(json.loads(path.read_text("utf-8"))["interactions"]):
        request, response = interaction["request"], interaction["response"]
        recorded = (int(response["status"]["code"]), _parsed(response["body"].get("string", "")))
        parts = urlsplit(mapped.sent(request["uri"]))
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        body = mapped.sent(request["body"] or "")
        with google._state.lock:
            found = answer(google._state, request["method"], target, TOKEN, body.encode())
        if recorded[0] == found.status:
            mapped.learn(recorded[1], found.body)
        given = (found.status, "" if found.body is None else mapped.back(found.body))
        yield Pair(path.stem, at, request["method"], target, body, _timeless(recorded), _timeless(given))


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _timeless(pair: tuple[int, Any]) -> tuple[int, Any]:
    """Times are the hour of the recording: they are compared by their form."""
    return pair[0], _formed(pair[1])


def _formed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: re.sub("[0-9]", "0", one) if name in TIMES else _formed(one) for name, one in value.items()}
    return [_formed(one) for one in value] if isinstance(value, list) else value


def differences(recorded: Any, given: Any, path: str = "") -> Iterator[str]:
    """Where two replies differ, as paths."""
    if isinstance(recorded, dict) and isinstance(given, dict):
        for name in {**recorded, **given}:
            yield from differences(recorded.get(name, "(absent)"), given.get(name, "(absent)"), f"{path}.{name}")
    elif isinstance(recorded, list) and isinstance(given, list) and len(recorded) == len(given):
        for at, (one, two) in enumerate(zip(recorded, given, strict=True)):
            yield from differences(one, two, f"{path}[{at}]")
    elif recorded != given:
        yield f"{path}: {recorded!r} is {given!r}"


def everything() -> list[Pair]:
    with FakeGoogle(limits=NO_LIMITS) as google:
        google.seed("private", owner="somebody@else.example", number=PRIVATE)
        return [pair for path in files() for pair in replayed(google, path)]
