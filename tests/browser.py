"""Chromium without a window, for tests and pictures: a profile of its own, no network of its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.conftest import needs


def chromium(folder: Path, *words: str) -> str:
    """Runs it with a profile in `folder`; what it prints. Skips the test where it is not installed, never in CI."""
    return subprocess.run(
        [
            needs("chromium"), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--disable-quic", "--hide-scrollbars",
            f"--user-data-dir={folder / 'profile'}", *words,
        ],
        capture_output=True, text=True, check=True, timeout=60, env={**os.environ, "HOME": str(folder)},
    ).stdout  # fmt: skip
