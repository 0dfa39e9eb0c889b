"""gspread's own test suite, run over loopback against the stand-in: `python -m tests.google.gspread_suite PATH_TO_CHECKOUT`.

The checkout is a clone of https://github.com/burnash/gspread (MIT) at the tag of the pinned release, which the reader provides:
the package on PyPI comes without tests, and this project keeps no copy of them. In gspread's suite every test of a server replays
a recording; here the recordings are off and the same tests talk to `FakeGoogle`. vcrpy is not needed: what the suite imports
of it is stood in for below.

Loaded by pytest as a plugin, this file mounts the stand-in; run as a program, it starts pytest with itself as that plugin.
"""

from __future__ import annotations

import os
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from sheetsync.testing import NO_LIMITS, FakeGoogle

PRIVATE = "1jIKzPs8LsiZZdLdeMEP-5ZIHw6RkjiOmj1LrJN706Yc"
"""A spreadsheet that the suite expects to exist and to be somebody else's."""

TOKEN = "<ACCESS_TOKEN>"
"""What the suite's credentials send."""

WITHOUT_A_SERVER = "utils_test.py"


class Mounted:
    """The plugin: a stand-in for the run, every session bent to it, and the counts at the end."""

    def __init__(self) -> None:
        self.google = FakeGoogle(limits=NO_LIMITS)
        self.google.token(value=TOKEN)
        self.google.seed("private", owner="somebody@else.example", number=PRIVATE)
        self.google.seed("another one")
        self.passed: dict[bool, int] = {True: 0, False: 0}
        self.run: dict[bool, int] = {True: 0, False: 0}

    def mount(self) -> None:
        from google.auth.transport.requests import AuthorizedSession

        from sheetsync._testing.google import mounting

        plain = AuthorizedSession.__init__

        def bent(session: AuthorizedSession, *args: Any, **kwargs: Any) -> None:
            plain(session, *args, **kwargs)
            mounting.mount(session, self.google.url)

        AuthorizedSession.__init__ = bent  # type: ignore[method-assign]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or (report.when == "setup" and not report.passed):
            networked = WITHOUT_A_SERVER not in report.nodeid
            self.run[networked] += 1
            self.passed[networked] += report.passed

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        terminalreporter.write_line(
            f"\nnetworked tests: {self.passed[True]} of {self.run[True]} passed; without a server: {self.passed[False]} of "
            f"{self.run[False]}; calls answered: {len(self.google.calls)}"
        )

    def pytest_unconfigure(self) -> None:
        self.google.close()


def without_recordings() -> None:
    """What the suite imports of vcrpy, where it is not installed; and its mark does nothing (6.2.1 marks a fixture with it, which
    pytest 9 refuses)."""
    pytest.mark.vcr = lambda *_, **__: lambda function: function
    vcr, errors = types.ModuleType("vcr"), types.ModuleType("vcr.errors")
    vcr.VCR = type("VCR", (), {"ensure_suffix": staticmethod(lambda ending: str)})  # type: ignore[attr-defined]
    errors.CannotOverwriteExistingCassetteException = type(  # type: ignore[attr-defined]
        "CannotOverwriteExistingCassetteException", (Exception,), {}
    )
    sys.modules |= {"vcr": vcr, "vcr.errors": errors}


def never_slept(_seconds: float) -> None:
    """The suite's client waits and tries for ever: here a failure fails at once."""
    raise AssertionError("the client backed off: the stand-in answered with an error that is tried again")


def pytest_load_initial_conftests() -> None:
    without_recordings()


def pytest_configure(config: pytest.Config) -> None:
    import gspread.http_client

    gspread.http_client.time = types.SimpleNamespace(sleep=never_slept)
    mounted = Mounted()
    mounted.mount()
    config.pluginmanager.register(mounted)


def run(checkout: Path, *arguments: str) -> int:
    """Pytest on a checkout, with this file as a plugin; gives its exit status."""
    here = Path(__file__).resolve()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GS_")}
    environment["PYTHONPATH"] = os.pathsep.join([str(here.parent), str(here.parents[2])])
    command = [sys.executable, "-m", "pytest", "-p", here.stem, "-p", "no:cacheprovider", "-q", "tests", *arguments]
    return subprocess.run(command, cwd=checkout, env=environment, check=False).returncode


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python -m tests.google.gspread_suite PATH_TO_CHECKOUT [pytest's arguments]")
    sys.exit(run(Path(sys.argv[1]), *sys.argv[2:]))
