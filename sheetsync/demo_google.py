"""The demo's configuration goes in, the same application comes out with its workbook at a Google that stands on this machine."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from sheetsync._testing.google import NO_LIMITS, FakeGoogle
from sheetsync.app import App, Edges, open_app
from sheetsync.config import GoogleConfig
from sheetsync.texts import Sentence, sentence

EMAIL: Final = "sheetsync@stand-in.iam.gserviceaccount.com"
_KEY: Final = "SHEETSYNC_DEMO_KEY"


@contextmanager
def at_stand_in(file: Path) -> Iterator[App]:
    """The demo of `file`, its workbook shared with a service account of the stand-in; nothing leaves this machine."""
    with FakeGoogle(limits=NO_LIMITS) as google:
        edges = Edges(environ={**os.environ, _KEY: json.dumps(google.service_account(EMAIL))})
        with open_app(file, edges) as local:
            entry = local.config.workbooks[0]
            number = google.seed_xlsx(local.config.path(entry.path), share={EMAIL: "writer"})
            address = f"https://docs.google.com/spreadsheets/d/{number}/edit"
            config = replace(
                local.config, google=GoogleConfig(service_account={"env": _KEY}, api_url=google.url),
                workbooks=(entry.model_copy(update={"path": address}),),
            )  # fmt: skip
        with App(config, edges) as application:
            yield application


def next_steps() -> tuple[Sentence, ...]:
    return (
        sentence("This was a stand-in for Google on this machine, which is gone now: no account was used, and nothing was sent."),
        sentence("Connect the real one with: sheetsync connect google"),
        sentence("Then: sheetsync run, with the address of your spreadsheet, as docs/google-sheets.md shows."),
    )
