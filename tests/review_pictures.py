"""A story goes in, the pictures of the review's documentation come out: `python -m tests.review_pictures`.

It needs Chromium, LibreOffice and poppler.

    review-weekly.png, review-monthly.png, review-quarterly.png   a screen that is 1120 pixels wide
    review-weekly.zh.png                                          the same in Chinese
    review-phone.png                                              a phone that is 390 pixels wide
    review-workbook.png                                           sheets of the workbook, as LibreOffice prints them

The plan and its figures are made up (`tests/story.py`); the runs and the pages are real.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from sheetsync.review import Cadence, document_of, render
from sheetsync.texts import Language, Texts
from tests.browser import chromium
from tests.conftest import needs
from tests.story import tell

PICTURES: Final = Path(__file__).parents[1] / "docs" / "pictures"
SCREEN: Final = 1120
PHONE: Final = 390
_NARROWEST: Final = 500
"""No window of Chromium is narrower; a phone's page is shown in a frame inside one."""


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        here = Path(place)
        pages = {language: _pages(here / language, language) for language in ("en", "zh")}
        for cadence, height in ((Cadence.WEEKLY, 2600), (Cadence.MONTHLY, 2700), (Cadence.QUARTERLY, 2750)):
            _shoot(here, pages["en"][cadence], f"review-{cadence}.png", SCREEN, height)
        _shoot(here, pages["zh"][Cadence.WEEKLY], "review-weekly.zh.png", SCREEN, 2400)
        _workbook(here / "en")
        frame = here / "frame.html"
        around, style = "margin:0;background:#c9d2e0;text-align:center", f"width:{PHONE}px;height:2200px;border:0"
        address = pages["en"][Cadence.WEEKLY].as_uri()
        frame.write_text(f'<body style="{around}"><iframe src="{address}" style="{style}"></iframe>')
        _shoot(here, frame, "review-phone.png", _NARROWEST, 2200)


def _workbook(folder: Path) -> None:
    """The first, the second and the fourth sheet of paper, side by side."""
    home = f"-env:UserInstallation={(folder / 'office').as_uri()}"
    pdf = [needs("soffice"), "--headless", home, "--convert-to", "pdf", "--outdir", str(folder), str(folder / "review.xlsx")]
    subprocess.run(pdf, check=True, capture_output=True, timeout=120)
    png = [needs("pdftoppm"), "-r", "80", "-png", str(folder / "review.pdf"), str(folder / "paper")]
    subprocess.run(png, check=True, capture_output=True, timeout=120)
    papers = sorted(folder.glob("paper-*.png"))
    chosen = [papers[0], papers[1], papers[-2]]
    frame = folder / "papers.html"
    style = "margin:0;background:#c9d2e0;display:flex;gap:12px;padding:12px"
    images = "".join(f'<img src="{paper.as_uri()}" style="width:600px">' for paper in chosen)
    frame.write_text(f'<body style="{style}">{images}')
    _shoot(folder, frame, "review-workbook.png", 1848, 872)


def _pages(folder: Path, language: Language) -> dict[Cadence, Path]:
    found = {}
    with tell(folder, language) as app:
        (entry,) = app.workbook_configs([])
        (folder / "review.xlsx").write_bytes(document_of([app.review(entry, Cadence.QUARTERLY)], "xlsx", Texts(language)))
        for cadence in Cadence:
            found[cadence] = folder / f"{cadence}.html"
            found[cadence].write_text(render([app.review(entry, cadence)], "html", Texts(language)), encoding="utf-8")
    return found


def _shoot(folder: Path, page: Path, name: str, width: int, height: int) -> None:
    chromium(folder, f"--window-size={width},{height}", f"--screenshot={PICTURES / name}", page.as_uri())


if __name__ == "__main__":
    sys.exit(main())
