"""The address of a spreadsheet, as it is copied from the browser, goes in; its id comes out."""

from __future__ import annotations

import re
from typing import Final

from sheetsync import links
from sheetsync.errors import ConfigError, LinkError

HOST: Final = "docs.google.com"
_PATH: Final = re.compile(r"/(?:a/[^/]+/)?spreadsheets/(?:u/\d+/)?d/([A-Za-z0-9_-]{20,100})(?:/.*)?")
_COPY: Final = (
    "Copy the address of the spreadsheet from the browser; it begins with https://docs.google.com/spreadsheets/d/ and its id."
)


def is_spreadsheet(address: str) -> bool:
    """Whether it is meant as a Google spreadsheet; whether it names one is for `spreadsheet_id` to say."""
    return address.casefold().startswith(f"https://{HOST}/")


def spreadsheet_id(address: str) -> str:
    """Raises ConfigError where the address names no spreadsheet that can be edited."""
    try:
        found = links.split(address)
    except LinkError:
        found = None
    if found is not None and found.origin == f"https://{HOST}":
        if found.path.startswith("/spreadsheets/d/e/"):
            raise ConfigError(
                "{address} is the published copy of a spreadsheet, which nobody can edit.", address=address, advice=_COPY
            )
        if match := _PATH.fullmatch(found.path):
            return match[1]
    raise ConfigError("{address} is not the address of a Google spreadsheet.", address=address, advice=_COPY)
