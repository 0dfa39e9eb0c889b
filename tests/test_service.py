"""The daemon as a service of the user's own: what is written for each system, and that nothing of anybody else's is touched."""

from __future__ import annotations

import plistlib
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from defusedxml import ElementTree

from sheetsync.errors import ConfigError
from sheetsync.service import MARK, UNIT, Machine, Service, install, service_of, uninstall
from sheetsync.texts import Texts
from tests.conftest import Done

Command = Callable[..., Done]
PYTHON = {"linux": "/opt/my tools/bin/python3", "darwin": "/opt/my tools/bin/python3", "win32": "C:\\My Tools\\python.exe"}


def machine(home: Path, system: str) -> Machine:
    environ = {"USERNAME": "anna", "USERDOMAIN": "ACME"} if system == "win32" else {}
    return Machine(system, home, environ, PYTHON[system], home / "state", 501)


def made(home: Path, system: str) -> Service:
    return service_of(machine(home, system), home / "plans & goals" / "sheetsync.toml")


def yes(_words: Sequence[str]) -> bool:
    return True


def test_linux_has_a_unit_that_systemd_understands(tmp_path: Path) -> None:
    service = made(tmp_path, "linux")
    text = service.data.decode()
    assert service.file == tmp_path / ".config" / "systemd" / "user" / UNIT
    config = tmp_path / "plans & goals" / "sheetsync.toml"
    assert f'ExecStart="/opt/my tools/bin/python3" "-m" "sheetsync" "daemon" "--config" "{config}" "--log" "json"' in text
    assert "Type=notify" in text
    assert "WatchdogSec=120" in text
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("systemd-analyze is not installed; the rest was looked at")
    unit = tmp_path / UNIT
    unit.write_text(text.replace(PYTHON["linux"], "/bin/true"), encoding="utf-8")
    done = subprocess.run([verify, "verify", "--user", str(unit)], capture_output=True, text=True, timeout=60, check=False)
    assert UNIT not in done.stderr, done.stderr


def test_macos_has_an_agent(tmp_path: Path) -> None:
    service = made(tmp_path, "darwin")
    found = plistlib.loads(service.data)
    assert found["ProgramArguments"][0] == PYTHON["darwin"]
    assert found["ProgramArguments"][5] == str(tmp_path / "plans & goals" / "sheetsync.toml")
    assert found["KeepAlive"] == {"SuccessfulExit": False}
    assert service.file.parent == tmp_path / "Library" / "LaunchAgents"


def test_windows_has_a_task(tmp_path: Path) -> None:
    service = made(tmp_path, "win32")
    root = ElementTree.fromstring(service.data.decode("utf-16"))
    space = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}
    assert root.findtext(".//t:Exec/t:Command", namespaces=space) == PYTHON["win32"]
    assert "plans & goals" in (root.findtext(".//t:Exec/t:Arguments", namespaces=space) or "")
    assert root.findtext(".//t:LogonTrigger/t:UserId", namespaces=space) == "ACME\\anna"
    assert root.findtext(".//t:Settings/t:ExecutionTimeLimit", namespaces=space) == "PT0S"


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_it_comes_and_goes(tmp_path: Path, system: str) -> None:
    service, ran = made(tmp_path, system), []

    def run(words: Sequence[str]) -> bool:
        ran.append(tuple(words))
        return True

    said = [Texts("en").say(one) for one in install(service, run)]
    assert service.file.read_bytes() == service.data
    assert ran == list(service.begin)
    assert any("--uninstall-user-service" in line for line in said)
    install(service, yes)  # once more is no harm
    ran.clear()
    uninstall(service, run)
    assert not service.file.exists()
    assert ran == list(service.end)
    assert "not there" in Texts("en").say(uninstall(service, yes)[0])


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_what_somebody_else_made_is_left_alone(tmp_path: Path, system: str) -> None:
    service = made(tmp_path, system)
    service.file.parent.mkdir(parents=True)
    service.file.write_text("mine", encoding="utf-8")
    for act in (install, uninstall):
        with pytest.raises(ConfigError, match="not made by sheetsync"):
            act(service, yes)
    assert service.file.read_text(encoding="utf-8") == "mine"


def test_what_cannot_be_begun_from_here_is_said(tmp_path: Path) -> None:
    said = [Texts("en").say(one) for one in install(made(tmp_path, "linux"), lambda _words: False)]
    assert any("could not be begun" in line and "systemctl --user" in line for line in said)


@pytest.mark.parametrize("path", ["plan\n[Service]\nExecStart=evil", "a\tb"])
def test_a_path_cannot_add_a_line_to_the_unit(tmp_path: Path, path: str) -> None:
    with pytest.raises(ConfigError, match="no service can be given"):
        service_of(machine(tmp_path, "linux"), tmp_path / path / "sheetsync.toml")


def test_the_command_installs_it(tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr("sheetsync.service.run_quietly", yes)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sheetsync.toml").write_text('[[workbooks]]\npath = "okr.xlsx"\n', encoding="utf-8")
    done = command("daemon", "--install-user-service")
    assert done.code == 0, done.err
    unit = tmp_path / "config" / "systemd" / "user" / UNIT
    assert MARK in unit.read_text(encoding="utf-8")
    assert command("daemon", "--uninstall-user-service").code == 0
    assert not unit.exists()
