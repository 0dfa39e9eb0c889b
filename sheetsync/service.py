"""A configuration file goes in, a service of the user's own comes out that runs the daemon from the next log-in on.

    Linux     a systemd user unit        $XDG_CONFIG_HOME/systemd/user/sheetsync.service
    macOS     a launchd agent            ~/Library/LaunchAgents/org.sheetsync.daemon.plist
    Windows   a scheduled task           made from %LOCALAPPDATA%\\sheetsync\\sheetsync-task.xml

A file that was not made here is never replaced. Facts: systemd.service(5), systemd.exec(5), launchd.plist(5),
https://learn.microsoft.com/windows/win32/taskschd/task-scheduler-schema. The last two were never run on
their systems, only rendered and parsed.
"""

from __future__ import annotations

import os
import plistlib
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from sheetsync.errors import ConfigError
from sheetsync.texts import Sentence, sentence

MARK: Final = "sheetsync-user-service"
LABEL: Final = "org.sheetsync.daemon"
UNIT: Final = "sheetsync.service"
TASK: Final = "sheetsync"
UNDO: Final = "sheetsync daemon --uninstall-user-service"
LINGER: Final = "loginctl enable-linger"
SECONDS: Final = 30

Run = Callable[[Sequence[str]], bool]
"""Runs a command and says whether it went well."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Where the service is to live: the system, the user's home and environment, the program, the folder of its state."""

    system: str
    home: Path
    environ: Mapping[str, str]
    python: str
    state: Path
    user: int = 0

    @classmethod
    def here(cls, state: Path, environ: Mapping[str, str]) -> Machine:
        user = os.getuid() if sys.platform != "win32" else 0
        return cls(sys.platform, Path.home(), environ, sys.executable, state, user)


@dataclass(frozen=True, slots=True)
class Service:
    """A service, before it is there: its file, the commands that begin and end it, and how to look at it."""

    file: Path
    data: bytes
    begin: tuple[tuple[str, ...], ...]
    end: tuple[tuple[str, ...], ...]
    look: str
    hints: tuple[Sentence, ...] = ()


def service_of(machine: Machine, config: Path) -> Service:
    """The service of this machine's system that runs `config`, an absolute path."""
    words = (machine.python, "-m", "sheetsync", "daemon", "--config", str(config), "--log", "json")
    if machine.system == "win32":
        return _task(machine, config, words)
    return _agent(machine, config, words) if machine.system == "darwin" else _unit(machine, config, words)


def install(service: Service, run: Run) -> list[Sentence]:
    """Writes the file and begins the service; what was done and what to do next. Raises ConfigError for a foreign file."""
    _require_ours(service.file)
    try:
        service.file.parent.mkdir(parents=True, exist_ok=True)
        fresh = service.file.with_name(f".{service.file.name}.{os.getpid()}")
        fresh.write_bytes(service.data)
        fresh.replace(service.file)
    except OSError:
        raise ConfigError("{path} cannot be written.", path=service.file, advice="Let your account write there.") from None
    said = [sentence("Written: {path}.", path=service.file)]
    if all(run(words) for words in service.begin):
        said.append(sentence("The daemon runs now, and begins by itself when you log in."))
    else:
        commands = " && ".join(map(_shown, service.begin))
        said.append(sentence("It could not be begun from here. Begin it with: {command}", command=Path(commands)))
    said.append(sentence("Look at it with: {command}", command=Path(service.look)))
    said.append(sentence("Take it away with: {command}", command=Path(UNDO)))
    return [*said, *service.hints]


def uninstall(service: Service, run: Run) -> list[Sentence]:
    """Ends the service and deletes its file. Raises ConfigError for a foreign file."""
    if not service.file.exists():
        return [sentence("There is no service of sheetsync here: {path} is not there.", path=service.file)]
    _require_ours(service.file)
    ended = [run(words) for words in service.end[:1]]
    try:
        service.file.unlink()
    except OSError:
        raise ConfigError("{path} cannot be deleted.", path=service.file, advice="Delete it yourself.") from None
    said = [sentence("Deleted: {path}. The daemon does not begin by itself any more.", path=service.file)]
    if not all(ended):
        said.append(sentence("It could not be stopped from here. If it still runs, stop it."))
    for words in service.end[1:]:
        run(words)
    return said


def run_quietly(words: Sequence[str]) -> bool:
    """Runs one of the commands of a service."""
    try:
        done = subprocess.run(list(words), capture_output=True, timeout=SECONDS, check=False)  # noqa: S603 - our own words
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


def _require_ours(file: Path) -> None:
    if not file.exists() and not file.is_symlink():
        return
    try:
        data = file.read_bytes()
    except OSError:
        data = b""
    if MARK.encode() not in data and MARK.encode("utf-16-le") not in data:
        raise ConfigError(
            "{path} is there already and was not made by sheetsync, so it was left as it is.", path=file,
            advice="Move it aside, then try again.",
        )  # fmt: skip


def _shown(words: Sequence[str]) -> str:
    return " ".join(f'"{word}"' if " " in word else word for word in words)


# --- Linux -------------------------------------------------------------------------------------------------------------

_UNIT: Final = """\
# {mark}
[Unit]
Description=sheetsync keeps OKR workbooks up to date
Documentation=https://pypi.org/project/okr-sheetsync/

[Service]
Type=notify
NotifyAccess=main
WatchdogSec=120
ExecStart={command}
ExecReload=/bin/kill -HUP $MAINPID
WorkingDirectory={folder}
EnvironmentFile=-{variables}
Environment={state}
Restart=on-failure
RestartSec=30
RestartPreventExitStatus=2 75
TimeoutStopSec=15

# What a user's own systemd can hold a program to without rights of its own.
NoNewPrivileges=true
LockPersonality=true
RestrictRealtime=true
RestrictSUIDSGID=true
RestrictNamespaces=true
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
UMask=0077
MemoryMax=512M

[Install]
WantedBy=default.target
"""


def _unit(machine: Machine, config: Path, words: Sequence[str]) -> Service:
    base = Path(machine.environ.get("XDG_CONFIG_HOME") or machine.home / ".config")
    variables = config.with_name("sheetsync.env")
    text = _UNIT.format(
        mark=MARK, command=" ".join([_quoted(words[0]), *(_quoted(word).replace("$", "$$") for word in words[1:])]),
        folder=_bare(str(config.parent)), variables=_bare(str(variables)), state=_quoted(f"SHEETSYNC_STATE={machine.state}"),
    )  # fmt: skip
    control = ("systemctl", "--user")
    return Service(
        base / "systemd" / "user" / UNIT, text.encode(), ((*control, "daemon-reload"), (*control, "enable", "--now", UNIT)),
        ((*control, "disable", "--now", UNIT), (*control, "daemon-reload")), f"journalctl --user -u {UNIT} -f",
        (
            sentence("Secrets that stand in variables are read from {path}, one NAME=VALUE a line.", path=variables),
            sentence("To let it run also while you are not logged in: {command}", command=Path(LINGER)),
        ),
    )  # fmt: skip


def _quoted(word: str) -> str:
    """One word of a unit's line (systemd.syntax(7)); a line break would begin another key."""
    _require_one_line(word)
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%") + '"'


def _bare(path: str) -> str:
    """A path that is a whole value: taken to the end of the line, only % is special."""
    _require_one_line(path)
    return path.replace("%", "%%")


def _require_one_line(text: str) -> None:
    if not text.isprintable():
        raise ConfigError(
            "The path {path} holds a sign that no service can be given.", path=text, advice="Rename the folder or the file."
        )


# --- macOS -------------------------------------------------------------------------------------------------------------


def _agent(machine: Machine, config: Path, words: Sequence[str]) -> Service:
    log = machine.home / "Library" / "Logs" / "sheetsync.log"
    keys = {
        "Label": LABEL, "ProgramArguments": list(words), "WorkingDirectory": str(config.parent), "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False}, "ThrottleInterval": 60, "ProcessType": "Background", "Umask": 0o077,
        "EnvironmentVariables": {"SHEETSYNC_STATE": str(machine.state)}, "StandardErrorPath": str(log), "ExitTimeOut": 15,
    }  # fmt: skip
    head, _, rest = plistlib.dumps(keys).partition(b"<plist")
    file = machine.home / "Library" / "LaunchAgents" / f"{LABEL}.plist"
    domain = f"gui/{machine.user}"
    return Service(
        file, head + f"<!-- {MARK} -->\n".encode() + b"<plist" + rest, (("launchctl", "bootstrap", domain, str(file)),),
        (("launchctl", "bootout", f"{domain}/{LABEL}"),), f'tail -f "{log}"',
    )  # fmt: skip


# --- Windows -----------------------------------------------------------------------------------------------------------

_TASK: Final = """\
<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.4" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Source>{mark}</Source><Description>sheetsync keeps OKR workbooks up to date</Description></RegistrationInfo>
  <Triggers><LogonTrigger><Enabled>true</Enabled>{who}</LogonTrigger></Triggers>
  <Principals>
    <Principal id="Author">{who}<LogonType>InteractiveToken</LogonType><RunLevel>LeastPrivilege</RunLevel></Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <RestartOnFailure><Interval>PT1M</Interval><Count>255</Count></RestartOnFailure>
  </Settings>
  <Actions Context="Author">
    <Exec><Command>{program}</Command><Arguments>{arguments}</Arguments><WorkingDirectory>{folder}</WorkingDirectory></Exec>
  </Actions>
</Task>
"""


def _task(machine: Machine, config: Path, words: Sequence[str]) -> Service:
    base = Path(machine.environ.get("LOCALAPPDATA") or machine.home / "AppData" / "Local")
    file = base / "sheetsync" / "sheetsync-task.xml"
    name = machine.environ.get("USERNAME", "")
    account = "\\".join(part for part in (machine.environ.get("USERDOMAIN", ""), name) if part)
    who = f"<UserId>{escape(account)}</UserId>" if name else ""
    text = _TASK.format(
        mark=escape(MARK), who=who, program=escape(_without_window(words[0])), folder=escape(str(config.parent)),
        arguments=escape(subprocess.list2cmdline(words[1:])),
    )  # fmt: skip
    return Service(
        file, b"\xff\xfe" + text.replace("\n", "\r\n").encode("utf-16-le"),
        (("schtasks", "/Create", "/F", "/TN", TASK, "/XML", str(file)), ("schtasks", "/Run", "/TN", TASK)),
        (("schtasks", "/Delete", "/F", "/TN", TASK),), f"schtasks /Query /TN {TASK} /V /FO LIST",
        (sentence("Its log is written into {path}.", path=machine.state / "daemon.log"),),
    )  # fmt: skip


def _without_window(python: str) -> str:
    """`pythonw.exe` beside `python.exe`: a task with a console would keep a window open."""
    quiet = Path(python).with_name("pythonw.exe")
    return str(quiet) if Path(python).name.casefold() == "python.exe" and quiet.exists() else python
