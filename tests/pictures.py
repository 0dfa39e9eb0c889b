"""Draws the pictures of docs/pictures from real workbooks: `python -m tests.pictures [FOLDER]`.

The demo's workbook after a run (a sample: people, goals and figures are made up) and the empty template, in both languages, each
sheet as LibreOffice prints it. Needs soffice and pdftoppm; the day is that on which it is made.
"""

from __future__ import annotations

import contextlib
import io
import struct
import subprocess
import sys
import tempfile
import zlib
from collections import Counter
from pathlib import Path

from sheetsync.template import write_template
from sheetsync.texts import LANGUAGES

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
FILLED = ("demo", "sheet-people", "sheet-review", "sheet-trend", "sheet-guide")
"""The pages of the demo's workbook, in their order."""
EMPTY = "sheet-empty"
DOTS = {"demo": 120, "sheet-people": 120, "sheet-empty": 120}
_FOOTER = 0.05
_MARGIN = 24


def names() -> list[str]:
    return [f"{name}.{language}.png" for language in LANGUAGES for name in (*FILLED, EMPTY)]


def draw(folder: Path, languages: tuple[str, ...] = LANGUAGES, *, demo: bool = True) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        for language in languages:
            place = Path(scratch) / language
            place.mkdir()
            if demo:
                _demo(place, language)
                _pages(place / "demo" / "okr.xlsx", FILLED, language, folder)
            empty = place / "empty.xlsx"
            write_template(empty, "zh" if language == "zh" else "en", "2027-Q1")
            _pages(empty, (EMPTY,), language, folder)


def _demo(place: Path, language: str) -> None:
    """Runs the command as a newcomer does."""
    from sheetsync import cli

    argv, sys.argv = sys.argv, ["sheetsync", "demo", str(place / "demo"), "--lang", language]
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            cli.main()
    except SystemExit as done:
        if done.code not in (0, None):
            raise
    finally:
        sys.argv = argv


def _pages(book: Path, pages: tuple[str, ...], language: str, folder: Path) -> None:
    home = f"-env:UserInstallation=file://{book.parent}/office"
    words = ["soffice", home, "--headless", "--convert-to", "pdf", "--outdir", str(book.parent), str(book)]
    subprocess.run(words, check=True, capture_output=True, timeout=120)
    for number, name in enumerate(pages, start=1):
        shot = ["pdftoppm", "-r", str(DOTS.get(name, 100)), "-f", str(number), "-l", str(number), str(book.with_suffix(".pdf"))]
        (folder / f"{name}.{language}.png").write_bytes(
            png(*cropped(subprocess.run(shot, check=True, capture_output=True).stdout))
        )


def cropped(ppm: bytes) -> tuple[int, int, bytes]:
    """Width, height and pixels without the white around the content and without the footer."""
    _, size, _, pixels = ppm.split(b"\n", 3)
    width, height = map(int, size.split())
    step = width * 3
    rows = [pixels[start : start + step] for start in range(0, step * height, step)][: int(height * (1 - _FOOTER))]
    blank = b"\xff" * step
    filled = [number for number, row in enumerate(rows) if row != blank]
    rows = rows[max(0, filled[0] - _MARGIN) : filled[-1] + _MARGIN]
    left = min(len(row) - len(row.lstrip(b"\xff")) for row in rows if row != blank) // 3
    right = min(len(row) - len(row.rstrip(b"\xff")) for row in rows if row != blank) // 3
    cut, end = max(0, left - _MARGIN), width - max(0, right - _MARGIN)
    return end - cut, len(rows), b"".join(row[cut * 3 : end * 3] for row in rows)


def png(width: int, height: int, pixels: bytes) -> bytes:
    """A PNG of at most 256 colours: the most frequent ones and those least like them; for each other one the nearest."""
    colours = [pixels[start : start + 3] for start in range(0, len(pixels), 3)]
    counted = Counter(colours)
    palette = [colour for colour, _ in counted.most_common(128)]
    nearest = {colour: min((_far(colour, one), at) for at, one in enumerate(palette)) for colour in counted}
    while len(palette) < min(256, len(counted)):
        new = max(nearest, key=lambda colour: (nearest[colour][0], colour))
        nearest = {colour: min(found, (_far(colour, new), len(palette))) for colour, found in nearest.items()}
        palette.append(new)
    place = {colour: at for colour, (_, at) in nearest.items()}
    index = bytes(map(place.__getitem__, colours))
    lines = b"".join(b"\0" + index[start : start + width] for start in range(0, len(index), width))
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)), (b"PLTE", b"".join(palette)),
        (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""),
    ]  # fmt: skip
    assert len(index) == width * height
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )


def _far(one: bytes, other: bytes) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


if __name__ == "__main__":
    draw(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
