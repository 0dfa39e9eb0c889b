"""Who has the workbook open, from the files that spreadsheet programs leave beside it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import unicodedata
from contextlib import suppress
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sheetsync.workbooks._office_locks import Holder, LibreOfficeLock, holder, owner_file_user, running_profiles

NOW = 1_800_000_000.0
CORPUS = Path(__file__).parents[2] / ".." / "shared" / "xlsx-corpus"


def owner_file(user: str) -> bytes:
    """As Excel writes it: 55 bytes of an ANSI half, 110 bytes of a UTF-16 half, both padded with spaces."""
    ansi = user.encode("cp1252", "replace")[:54]
    wide = user[:54].encode("utf-16-le")
    return bytes([len(ansi)]) + ansi.ljust(54) + (len(wide) // 2).to_bytes(2, "little") + (wide + b" \0" * 54)[:108]


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "OKR Läufe.xlsx"
    file.write_bytes(b"PK")
    return file


def put(path, prefix, content, *, age=0.0, suffix=""):
    lock = path.with_name(prefix + path.name + suffix)
    lock.write_bytes(content)
    os.utime(lock, (NOW - age, NOW - age))
    return lock


# --- Excel -------------------------------------------------------------------------------------------------------------


def test_without_a_lock_nobody_holds_it(path):
    assert holder(path, now=NOW) is None


@pytest.mark.parametrize("user", ["Ana", "Jan Havlíček", "王小明", 'O\'Neil, "Bob"', "x" * 54])
def test_the_user_is_read_from_the_utf16_half(path, user):
    assert len(owner_file(user)) == 165
    put(path, "~$", owner_file(user))
    assert holder(path, now=NOW) == Holder("Excel", user)


def test_an_owner_file_that_excel_made():
    sample = CORPUS / "closedxml__excel-owner-file.lock"
    if not sample.exists():
        pytest.skip("the shared corpus is not here")
    assert owner_file_user(sample.read_bytes()) == "Jan Havlíček"


@pytest.mark.parametrize("content", [b"", b"\0", b"x" * 54, b"\x05Ana", b" " * 55 + b"\xff\xff" + b"a\0" * 20])
def test_presence_alone_counts(path, content):
    put(path, "~$", content)
    assert holder(path, now=NOW) == Holder("Excel")


def test_a_forgotten_owner_file_is_not_believed_for_ever(path):
    lock = put(path, "~$", owner_file("Ana"), age=7 * 86_400 - 1)
    assert holder(path, now=NOW) == Holder("Excel", "Ana")
    os.utime(lock, (NOW - 7 * 86_400, NOW - 7 * 86_400))
    assert holder(path, now=NOW) is None
    os.utime(lock, (NOW + 86_400, NOW + 86_400))
    assert holder(path, now=NOW) == Holder("Excel", "Ana")


def test_wps_office_has_a_mark_of_its_own(path):
    put(path, ".~", owner_file("王小明"))
    assert str(holder(path, now=NOW)) == "王小明 (WPS Office)"


def test_a_folder_a_pipe_or_a_link_is_no_mark(path):
    path.with_name("~$" + path.name).mkdir()
    os.mkfifo(path.with_name(".~" + path.name))
    path.with_name(f".~lock.{path.name}#").symlink_to(path)
    assert holder(path, now=NOW) is None


def test_the_mark_of_another_workbook_is_not_ours(path):
    put(path.with_name("other.xlsx"), "~$", owner_file("Ana"))
    assert holder(path, now=NOW) is None


def test_composed_and_decomposed_names_are_one(tmp_path):
    path = tmp_path / unicodedata.normalize("NFC", "Läufe.xlsx")
    put(tmp_path / unicodedata.normalize("NFD", "Läufe.xlsx"), "~$", owner_file("Ana"))
    assert holder(path, now=NOW) == Holder("Excel", "Ana")


def test_a_name_too_long_for_a_mark_has_none(tmp_path):
    path = tmp_path / ("n" * 250 + ".xlsx")
    path.write_bytes(b"PK")
    assert holder(path, now=NOW) is None


def test_a_name_cannot_play_tricks_with_the_terminal(path):
    put(path, "~$", owner_file("An\x1b[31ma\r\n\u202e"))
    assert str(holder(path, now=NOW)) == "An[31ma (Excel)"


@given(st.binary(max_size=200))
def test_no_content_breaks_the_reading(content):
    assert owner_file_user(content).isprintable()
    assert all(part.isprintable() for part in (LibreOfficeLock.parse(content).user, LibreOfficeLock.parse(content).profile))


# --- LibreOffice -------------------------------------------------------------------------------------------------------

LINE = b"Ana Lima,ana,desk.example.org,14.03.2026 09:26,file:///home/ana/.config/libreoffice/4;"


def proc(folder: Path, *commands: tuple[str, ...], namespace: str = "pid:[4026531836]") -> Path:
    """A /proc with these programs in it."""
    (folder / "self" / "ns").mkdir(parents=True)
    (folder / "self" / "ns" / "pid").symlink_to(namespace)
    for pid, command in enumerate((("/sbin/init",), *commands), start=1):
        (folder / str(pid)).mkdir()
        (folder / str(pid) / "cmdline").write_bytes("\0".join((*command, "")).encode())
    (folder / "99").mkdir()  # it ended while we looked: no cmdline
    return folder


def test_the_line_is_read():
    assert LibreOfficeLock.parse(LINE) == LibreOfficeLock(
        "Ana Lima", "ana", "desk.example.org", "14.03.2026 09:26", "file:///home/ana/.config/libreoffice/4"
    )


def test_commas_in_names_are_escaped():
    assert LibreOfficeLock.parse(rb"Lima\, Ana\;\\,ana,desk,14.03.2026 09:26,file:///x;").user == "Lima, Ana;\\"


def test_another_computers_lock_lives(path, tmp_path):
    put(path, ".~lock.", LINE, suffix="#", age=10**8)
    found = holder(path, now=NOW, proc=proc(tmp_path / "proc"), host="server")
    assert found == Holder("LibreOffice", "Ana Lima", "desk.example.org")
    assert str(found) == "Ana Lima, desk.example.org (LibreOffice)"


@pytest.mark.parametrize(
    ("commands", "alive"),
    [
        ([], False),
        ([("/usr/bin/python3", "soffice.py")], False),
        ([("/usr/lib/libreoffice/program/soffice.bin", "--calc")], True),
        ([("/opt/lo/soffice.bin", "-env:UserInstallation=file:///home/ana/.config/libreoffice/4/")], True),
        ([("/opt/lo/soffice.bin", "-env:UserInstallation=file:///tmp/other")], False),
        ([("/opt/lo/soffice.bin", "-env:UserInstallation=file:///tmp/other"), ("soffice",)], True),
    ],
)
def test_on_this_computer_the_programs_decide(path, tmp_path, commands, alive):
    put(path, ".~lock.", LINE, suffix="#")
    found = holder(path, now=NOW, proc=proc(tmp_path / "proc", *commands), host="Desk")
    assert (found is not None) is alive


def test_where_programs_cannot_be_seen_the_lock_lives(path, tmp_path):
    put(path, ".~lock.", LINE, suffix="#")
    container = proc(tmp_path / "container", namespace="pid:[4026532000]")
    hidden = proc(tmp_path / "hidden")
    shutil.rmtree(hidden / "1")
    for place in (container, hidden, tmp_path / "macOS has none"):
        assert running_profiles(place) is None
        assert holder(path, now=NOW, proc=place, host="desk") is not None


def test_one_program_that_may_not_be_looked_at_is_enough_for_doubt(path, tmp_path, monkeypatch):
    put(path, ".~lock.", LINE, suffix="#")
    place = proc(tmp_path / "proc", ("/usr/bin/python3",))
    assert holder(path, now=NOW, proc=place, host="desk") is None
    read = Path.read_bytes

    def refuse(self):
        if self == place / "2" / "cmdline":
            raise PermissionError
        return read(self)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert holder(path, now=NOW, proc=place, host="desk") is not None


@pytest.mark.parametrize("content", [b"", b"garbage", b",,,,;", b"\xff\xfe\0"])
def test_a_line_that_says_nothing_lives(path, tmp_path, content):
    put(path, ".~lock.", content, suffix="#")
    assert holder(path, now=NOW, proc=proc(tmp_path / "proc"), host="desk") is not None


@pytest.mark.campaign
def test_a_real_libreoffice_is_seen_and_its_leftover_lock_is_not_believed(tmp_path):
    if shutil.which("soffice") is None:
        pytest.skip("LibreOffice is not installed")
    if running_profiles(Path("/proc")) is None:
        pytest.skip("the programs of this computer cannot be seen from here")
    path = tmp_path / "okr, plan.xlsx"
    openpyxl.Workbook().save(path)
    profile = (tmp_path / "profile").as_uri()
    accept = f"--accept=pipe,name={tmp_path.name};urp"
    command = ["soffice", f"-env:UserInstallation={profile}", "--headless", "--norestore", accept, str(path)]
    office = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        lock = path.with_name(f".~lock.{path.name}#")
        for _ in range(60):
            if lock.exists() and lock.stat().st_size:
                break
            with suppress(subprocess.TimeoutExpired):
                office.wait(1)
        assert LibreOfficeLock.parse(lock.read_bytes()).profile == profile
        assert str(holder(path)).endswith(f", {socket.gethostname()} (LibreOffice)")
    finally:
        os.killpg(office.pid, 9)
        office.wait()
    assert lock.exists()
    assert profile not in (running_profiles(Path("/proc")) or [])
    if "" not in (running_profiles(Path("/proc")) or []):
        assert holder(path) is None
