"""The pictures of the documentation: made by the command that is written there, small, and all of them shown."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest

from sheetsync.texts import LANGUAGES
from tests import pictures
from tests.conftest import needs

DOCS = Path(__file__).parents[1] / "docs"


def size(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", data[16:24])
    return width, height


@pytest.mark.parametrize("name", pictures.names())
def test_each_picture_is_small_and_shown(name: str) -> None:
    data = (pictures.FOLDER / name).read_bytes()
    assert data.startswith(b"\x89PNG")
    assert len(data) < 200_000
    assert min(size(data)) > 400
    assert f"(pictures/{name})" in (DOCS / "template.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("languages", "demo"), [(("zh",), False), pytest.param(LANGUAGES, True, marks=pytest.mark.campaign)], ids=["one", "all"]
)
def test_the_command_makes_them(languages: tuple[str, ...], demo: bool, tmp_path: Path) -> None:
    """What they show depends on the day; which they are and how large does not."""
    needs("soffice")
    needs("pdftoppm")
    pictures.draw(tmp_path, languages, demo=demo)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert made.keys() == (set(pictures.names()) if demo else {f"{pictures.EMPTY}.zh.png"})
    for name, data in made.items():
        assert min(size(data)) > 400, name
        assert 5_000 < len(data) < 200_000, name


def test_a_picture_keeps_its_pixels() -> None:
    ink, paper = b"\x1b\x2a\x41", b"\xff\xff\xff"
    width, height, pixels = pictures.cropped(b"P6\n100 100\n255\n" + paper * 5_050 + ink + paper * 4_949)
    assert (width, height) == (49, 48), "the white around goes, but for a margin"
    data = pictures.png(width, height, pixels)
    start = data.index(b"IDAT") + 4
    lines = zlib.decompress(data[start : data.index(b"IEND") - 8])
    at = [(line, column) for line in range(height) for column in range(width) if lines[line * (width + 1) + 1 + column]]
    assert data[data.index(b"PLTE") + 4 :][:6] == paper + ink
    assert at == [(24, 24)]
