"""A file on this machine, or in a folder that is mounted here, goes in: CSV, Excel, Parquet or JSON; one number of it comes out.

Key            none; the operator names the folders that may be read, and nothing outside of them can be reached
Link           the path from the folder of sheetsync.toml on: `file:data/leads.csv#count&where=stage:SQL`
Real service   tried with real files; another workbook's formulas give the results that were stored when it was saved last
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from sheetsync import links
from sheetsync.connectors._grammar import MEASURES
from sheetsync.connectors._tables import Choice, Document, Encoding, choice_of, evaluate, load
from sheetsync.connectors.base import Connector, Example, Limits, LinkPattern, Metric, Settings, setting
from sheetsync.errors import AccessDenied, Incomplete, LinkError, NotFound, Refused, Unavailable, UnexpectedReply
from sheetsync.model import Link, Query, Reading, Resource
from sheetsync.web.http import Web

MAX_PATH: Final = 500

_DEVICE: Final = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
"""Names that mean a device in every folder of Windows
(https://learn.microsoft.com/windows/win32/fileio/naming-a-file)."""
_DRIVE: Final = re.compile(r"[A-Za-z]:")
_FLAGS: Final = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_WAITLESS: Final = getattr(os, "O_NONBLOCK", 0)
"""Opening a named pipe would wait for its writer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSettings(Settings):
    base: str = setting("The folder of sheetsync.toml, where paths begin.", ".")
    folders: tuple[str, ...] = setting(
        "Folders that may be read, with all that is in them, from the folder of sheetsync.toml on."
    )
    max_megabytes: int = setting("A larger file is not read.", 50)
    encoding: Encoding = setting("The encoding of CSV files that are not UTF-8, such as gb18030 or cp1252.", "")


@dataclass(frozen=True, slots=True)
class Download:
    """A file's document, and when the file was last changed."""

    document: Document
    as_of: datetime


class File(Connector[FileSettings]):
    title = "File"
    settings_type = FileSettings
    limits = Limits(concurrency=2)
    local = True

    links = (LinkPattern("file", scheme="file", path=".+"),)
    metrics = {"file": tuple(Metric(name, about) for name, about in MEASURES.items())}
    examples = (
        Example(
            "file:data/leads.csv#count&where=stage:SQL", "file/data/leads.csv", "count&where=stage:SQL",
            b"stage,amount\nSQL,100\nMQL,5\nsql,0.5\n", Decimal(2),
        ),
        Example("file:data/other.xlsx#cell=Sheet1!B7", "file/data/other.xlsx", "cell=B7&sheet=Sheet1"),
        Example(
            "file:./data/%E5%A3%B2%E4%B8%8A.json#$.revenue.total", "file/data/売上.json", "select=$.revenue.total",
            b'{"revenue": {"total": 1234.5}}', Decimal("1234.5"),
        ),
    )  # fmt: skip
    strangers = (
        "file:", "file:/etc/passwd", "file:///etc/passwd", "file://server/share/a.csv", "file:../a.csv", "file:data/%2e%2e/a.csv",
        "file:C:/a.csv", "file:data/nul.csv", "file:data/a.csv?x=1", "https://example.org/data/leads.csv",
    )  # fmt: skip

    def origins(self) -> Collection[str]:
        return ()

    @classmethod
    def resolve(cls, link: Link) -> tuple[Resource, str] | None:
        """The path, made plain. Raises Refused for a path that leads out, NoSuchMetric for options that are none."""
        try:
            address = links.split(link.url)
        except LinkError:
            return None
        if address.scheme != "file":
            return None
        path, mark, options = address.path.partition("#")
        if mark:
            Choice.parse(options)  # it did not read as options, so this says why
            raise Refused("A # in the name of a file is written %23.", advice="Copy the link again, or rename the file.")
        plain = _plain(unquote(path))
        if plain is None or address.query:
            raise Refused(
                "A file link holds a path from the folder of sheetsync.toml on, as in file:data/leads.csv.",
                advice="Move the file into a folder that may be read, and write its path without .. and without a drive.",
            )
        return Resource("file", plain), str(choice_of(link, default="value"))

    def fetch(self, resource: Resource, web: Web) -> Any:  # noqa: ARG002 - a file needs no network
        try:
            data, as_of = self._read(resource.id)
        except LinkError:
            raise
        except PermissionError:
            raise AccessDenied(
                "The file {path} may not be read by the user who runs sheetsync.", path=resource.id,
                advice="Ask the person who installed sheetsync to permit it.",
            ) from None  # fmt: skip
        except FileNotFoundError:
            raise self._absent(resource.id) from None
        except OSError:
            raise Unavailable("The file {path} cannot be read now.", path=resource.id) from None
        return Download(load(data, resource.id, encoding=self.settings.encoding), as_of)

    def read(self, document: Any, query: Query) -> Reading:
        choice = Choice.parse(query.metric)
        if isinstance(document, bytes):
            return evaluate(load(document, query.resource.id), choice)
        return replace(evaluate(document.document, choice), as_of=document.as_of)

    def _read(self, path: str) -> tuple[bytes, datetime]:
        """The bytes of a regular file below a permitted folder. Raises LinkError, OSError."""
        real, folder = self._permitted(path)
        limit = self.settings.max_megabytes * 1_000_000
        with _opened(folder, real.relative_to(folder).parts) as descriptor:
            before = os.fstat(descriptor)
            if not stat.S_ISREG(before.st_mode):
                raise UnexpectedReply("{path} is not a file.", path=path, advice="Link to a file, not to a folder or a device.")
            if before.st_size > limit:
                raise Incomplete(
                    "The file {path} is larger than {limit} MB.", path=path, limit=self.settings.max_megabytes,
                    advice="Link to a smaller export, or ask for a larger max_megabytes in sheetsync.toml.",
                )  # fmt: skip
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                data = file.read(limit + 1)
            after = os.fstat(descriptor)
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or len(data) != after.st_size:
            raise Unavailable("The file {path} is being written at this moment.", path=path)
        return data, datetime.fromtimestamp(after.st_mtime_ns // 1_000_000_000, UTC)

    def _permitted(self, path: str) -> tuple[Path, Path]:
        """The file behind every symbolic link, and the permitted folder that holds it.

        Raises NotFound, in the same words whether there is nothing or something that may not be read: a link is not a way to
        find out what lies elsewhere.
        """
        base = Path(self.settings.base).resolve()
        try:
            real = (base / path).resolve(strict=True)
        except (OSError, RuntimeError, ValueError):
            raise self._absent(path) from None
        for name in self.settings.folders:
            folder = (base / name).resolve()
            if real != folder and real.is_relative_to(folder):
                return real, folder
        raise self._absent(path)

    def _absent(self, path: str) -> NotFound:
        return NotFound(
            "There is no file {path} in the folders that may be read.", path=path,
            advice="Check the name and the folder; capital letters count.",
        )  # fmt: skip


def _plain(path: str) -> str | None:
    """The path without `.` and empty steps; None where it could mean a place outside, or something that is no file."""
    if len(path) > MAX_PATH or path.startswith(("/", "~")) or "\ufffd" in path or any(ord(char) < 32 for char in path):
        return None
    parts = [part for part in path.split("/") if part not in {"", "."}]
    crooked = any(part == ".." or "\\" in part or _DEVICE.fullmatch(part.strip(" ")) or _DRIVE.match(part) for part in parts)
    ends_well = all(part == part.rstrip(" .") for part in parts)  # Windows drops them, so two names would be one
    return "/".join(parts) if parts and not crooked and ends_well and not path.endswith("/") else None


@contextmanager
def _opened(folder: Path, parts: tuple[str, ...]) -> Iterator[int]:
    """A descriptor of the file, reached step by step so that no folder on the way can be exchanged for a symbolic link."""
    if os.open not in os.supports_dir_fd:
        descriptor = os.open(folder.joinpath(*parts), _FLAGS | _WAITLESS)
    else:
        descriptor = os.open(folder, _FLAGS | os.O_DIRECTORY)
        for number, part in enumerate(parts):
            below = number < len(parts) - 1
            try:
                found = os.open(part, _FLAGS | (os.O_DIRECTORY if below else _WAITLESS), dir_fd=descriptor)
            finally:
                os.close(descriptor)
            descriptor = found
    try:
        yield descriptor
    finally:
        os.close(descriptor)
