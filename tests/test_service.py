"""A service of the user's own: what is written for each system, what is left alone, and how it is taken back."""

from __future__ import annotations

import plistlib
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import defusedxml.ElementTree as Xml
import pytest

from sheetsync.errors import ConfigError
from sheetsync.service import Machine, install, service_of, uninstall
from sheetsync.texts import Texts

SYSTEMS = ("linux", "darwin", "win32")


def machine(home: Path, system: str, python: str = "/opt/okr tools/bin/python3") -> Machine:
    return Machine(system, home, {"USERNAME": "ann", "USERDOMAIN": "ACME"}, python, home / "state", 501)


@pytest.mark.parametrize("system", SYSTEMS)
def test_it_is_written_replaced_and_taken_away(tmp_path: Path, system: str) -> None:
    service = service_of(machine(tmp_path, system), tmp_path / "plans & more" / "sheetsync.toml")
    ran: list[Sequence[str]] = []

    def run(words: Sequence[str]) -> bool:
        ran.append(words)
        return True

    said = [Texts("en").say(line) for line in install(service, run)]
    assert str(service.file) in said[0]
    assert service.file.read_bytes() == service.data
    assert ran == list(service.begin)
    install(service, run)
    uninstall(service, run)
    assert not service.file.exists()
    assert len(uninstall(service, run)) == 1


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_foreign_file_is_left_alone(tmp_path: Path, system: str) -> None:
    service = service_of(machine(tmp_path, system), tmp_path / "sheetsync.toml")
    service.file.parent.mkdir(parents=True)
    service.file.write_text("somebody's own", encoding="utf-8")
    for act in (install, uninstall):
        with pytest.raises(ConfigError, match="not made by sheetsync"):
            act(service, lambda _words: True)
    assert service.file.read_text(encoding="utf-8") == "somebody's own"


def test_a_service_that_could_not_be_begun_says_how(tmp_path: Path) -> None:
    service = service_of(machine(tmp_path, "linux"), tmp_path / "sheetsync.toml")
    said = " ".join(Texts("en").say(line) for line in install(service, lambda _words: False))
    assert "systemctl --user daemon-reload && systemctl --user enable --now sheetsync.service" in said


def test_what_launchd_reads(tmp_path: Path) -> None:
    config = tmp_path / "plans & more" / "sheetsync.toml"
    found = plistlib.loads(service_of(machine(tmp_path, "darwin"), config).data)
    assert found["ProgramArguments"][0] == "/opt/okr tools/bin/python3"
    assert str(config) in found["ProgramArguments"]


def test_what_the_task_scheduler_reads(tmp_path: Path) -> None:
    config = tmp_path / "plans & more" / "sheetsync.toml"
    root = Xml.fromstring(service_of(machine(tmp_path, "win32"), config).data.decode("utf-16").partition("?>")[2])
    space = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
    assert f'"{config}"' in root.findtext(f".//{space}Arguments")
    assert root.findtext(f".//{space}UserId") == "ACME\\ann"


def test_what_systemd_reads(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed")
    python = shutil.which("python3") or "/usr/bin/python3"
    unit = tmp_path / "sheetsync.service"
    unit.write_bytes(service_of(machine(tmp_path, "linux", python), tmp_path / "50% $plans" / "sheetsync.toml").data)
    done = subprocess.run(["systemd-analyze", "--user", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert "sheetsync.service:" not in done.stderr


def test_a_line_break_in_a_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no service can be given"):
        service_of(machine(tmp_path, "linux"), tmp_path / "a\nExecStart=evil" / "sheetsync.toml")
