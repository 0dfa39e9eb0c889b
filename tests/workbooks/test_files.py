"""Reading a whole file and putting another in its place: every refusal, every interruption, what stays."""

from __future__ import annotations

import errno
import os
import resource
import stat
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from sheetsync.errors import CannotEdit, WorkbookChanged, WorkbookError
from sheetsync.workbooks import _backups, _files, _platform, _temporary

OLD = b"old" * 1000
NEW = b"new" * 2000


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "okr.xlsx"
    file.write_bytes(OLD)
    return file


def never(*_):
    raise AssertionError("this must not be called")


def files(folder):
    return sorted(entry.name for entry in folder.iterdir())


# --- reading -----------------------------------------------------------------------------------------------------------


def test_a_file_is_read_whole(path):
    version = _files.read_whole(path, sleep=never)
    assert version.data == OLD
    assert version.digest == _files.digest(OLD)
    assert version.stamp == _files.Stamp.of(path.stat())


def test_a_missing_file_is_waited_for_and_then_named(path):
    waited = []
    gone = path.with_name("okr 2026.xlsx")
    with pytest.raises(WorkbookError) as caught:
        _files.read_whole(gone, sleep=waited.append)
    assert waited == list(_files.WAITS)
    assert str(caught.value) == f"There is no workbook “okr 2026.xlsx” in the folder {path.parent}, but there is “okr.xlsx”."


def test_without_anything_similar_the_sentence_is_shorter(path):
    with pytest.raises(WorkbookError) as caught:
        _files.read_whole(path.with_name("budget.xlsx"), sleep=lambda seconds: None)
    assert str(caught.value) == f"There is no workbook “budget.xlsx” in the folder {path.parent}."


def test_a_missing_folder_is_not_waited_for(path):
    with pytest.raises(WorkbookError, match="There is no workbook"):
        _files.read_whole(path.parent / "gone" / "okr.xlsx", sleep=never)


def test_the_gap_of_excels_own_save_is_bridged(path):
    moved = path.rename(path.with_name("5D3F2000"))
    version = _files.read_whole(path, sleep=lambda seconds: moved.rename(path) if moved.exists() else None)
    assert version.data == OLD


def test_an_empty_file_may_be_a_save_in_progress(path):
    path.write_bytes(b"")
    assert _files.read_whole(path, sleep=lambda seconds: path.write_bytes(NEW)).data == NEW


def test_an_empty_file_is_refused(path):
    path.write_bytes(b"")
    with pytest.raises(WorkbookError) as caught:
        _files.read_whole(path, sleep=lambda seconds: None)
    assert str(caught.value) == "“okr.xlsx” is empty: it has 0 bytes."


def test_a_file_that_never_rests_is_left_for_later(path, monkeypatch):
    read = os.read

    def somebody_writes(descriptor, size):
        with path.open("ab") as file:
            file.write(b"more")
        return read(descriptor, size)

    monkeypatch.setattr(os, "read", somebody_writes)
    with pytest.raises(WorkbookChanged, match="is being written by another program again and again"):
        _files.read_whole(path, sleep=lambda seconds: None)


def test_a_save_in_place_of_the_same_length_is_not_read_half(path, monkeypatch):
    read, waited = os.read, []

    def somebody_saves_between_two_pieces(descriptor, size):
        piece = read(descriptor, min(size, 1000))
        if not waited:
            path.write_bytes(b"new" * 1000)
            os.utime(path, ns=(1, 1))  # another time for certain, however coarse the clock
        return piece

    monkeypatch.setattr(os, "read", somebody_saves_between_two_pieces)
    assert _files.read_whole(path, sleep=waited.append).data == b"new" * 1000
    assert len(waited) == 1


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(WorkbookError) as caught:
        _files.read_whole(tmp_path, sleep=never)
    assert str(caught.value) == f"“{tmp_path.name}” is a folder, not a workbook."


def refusal_in_time(path):
    """What reading says; a reading that hangs fails the test instead of holding it up."""
    caught = []

    def read():
        try:
            _files.read_whole(path, sleep=never)
        except WorkbookError as exc:
            caught.append(str(exc))

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(2)
    return caught


def test_a_pipe_is_refused_and_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "okr.xlsx")
    assert refusal_in_time(tmp_path / "okr.xlsx") == ["“okr.xlsx” is not an ordinary file."]


def test_a_pipe_that_takes_the_place_after_the_look_does_not_hang(path, monkeypatch):
    opened = os.open

    def exchanged(name, flags, *rest):
        path.unlink()
        os.mkfifo(path)
        return opened(name, flags, *rest)

    monkeypatch.setattr(os, "open", exchanged)
    assert refusal_in_time(path) == ["“okr.xlsx” is not an ordinary file."]


def test_a_device_is_refused_unopened(tmp_path, monkeypatch):
    device = tmp_path / "okr.xlsx"
    device.symlink_to("/dev/zero")
    monkeypatch.setattr(os, "open", never)
    with pytest.raises(WorkbookError, match="is not an ordinary file"):
        _files.read_whole(device, sleep=never)


def test_a_large_file_is_refused_unread(tmp_path, monkeypatch):
    path = tmp_path / "okr.xlsx"
    with path.open("wb") as file:
        file.truncate(_files.MAX_BYTES + 1)
    monkeypatch.setattr(os, "read", never)
    with pytest.raises(WorkbookError) as caught:
        _files.read_whole(path, sleep=never)
    assert str(caught.value) == "“okr.xlsx” has 101 MB; more than 100 MB are not read."


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (errno.EACCES, "sheetsync's account may not read or write “okr.xlsx” (system error EACCES)."),
        (errno.EIO, "“okr.xlsx” cannot be read (system error EIO)."),
    ],
)
def test_what_the_system_refuses_is_said_in_a_sentence(path, monkeypatch, code, sentence):
    def refuse(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(WorkbookError) as caught:
        _files.read_whole(path, sleep=never)
    assert str(caught.value) == sentence


# --- may it be replaced ------------------------------------------------------------------------------------------------


def test_an_ordinary_file_may_be_replaced(path):
    assert _files.require_replaceable(path) is None


def test_a_hard_link_is_refused(path):
    path.with_name("other.xlsx").hardlink_to(path)
    with pytest.raises(CannotEdit) as caught:
        _files.require_replaceable(path)
    assert str(caught.value) == "“okr.xlsx” is one of 2 hard links to the same file; writing would separate them."


def test_a_read_only_file_is_refused_even_to_root(path):
    path.chmod(0o444)
    with pytest.raises(CannotEdit) as caught:
        _files.require_replaceable(path)
    assert str(caught.value) == "“okr.xlsx” is read-only."


def test_rights_are_asked_of_the_system_too(path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda place, mode: place != path)
    with pytest.raises(CannotEdit, match="is read-only"):
        _files.require_replaceable(path)
    monkeypatch.setattr(os, "access", lambda place, mode: place != path.parent)
    with pytest.raises(CannotEdit) as caught:
        _files.require_replaceable(path)
    assert str(caught.value) == "The folder of “okr.xlsx” is read-only, so the workbook cannot be replaced safely."


# --- replacing ---------------------------------------------------------------------------------------------------------


def test_the_new_bytes_take_the_place(path):
    base = _files.read_whole(path)
    version = _files.replace(path, NEW, base=base, check=lambda written: None)
    assert path.read_bytes() == version.data == NEW
    assert version.stamp == _files.Stamp.of(path.stat())
    assert version.digest == _files.digest(NEW)
    assert files(path.parent) == ["okr.xlsx"]


def test_the_bytes_are_on_disk_before_the_name_and_the_name_before_we_return(path, monkeypatch):
    steps = []
    flush, swap = _platform.flush, _platform.swap

    def flushed(descriptor):
        steps.append("flush the folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "flush the file")
        flush(descriptor)

    def swapped(temporary, target):
        steps.append("swap")
        swap(temporary, target)

    monkeypatch.setattr(_platform, "flush", flushed)
    monkeypatch.setattr(_platform, "swap", swapped)
    _files.replace(path, NEW, base=_files.read_whole(path), check=lambda written: steps.append("check"))
    assert steps == ["flush the file", "check", "swap", "flush the folder"]


def test_a_reader_keeps_the_old_bytes(path):
    with path.open("rb") as reader:
        _files.replace(path, NEW, base=_files.read_whole(path), check=lambda written: None)
        assert reader.read() == OLD


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o666])
def test_the_mode_is_kept(path, mode):
    path.chmod(mode)
    _files.replace(path, NEW, base=_files.read_whole(path), check=lambda written: None)
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_extended_attributes_are_kept(path):
    try:
        os.setxattr(path, "user.team", b"marketing")
    except OSError as exc:
        pytest.skip(f"this file system has no extended attributes: {exc}")
    _files.replace(path, NEW, base=_files.read_whole(path), check=lambda written: None)
    assert os.getxattr(path, "user.team") == b"marketing"


def test_the_owner_is_kept_where_the_system_allows(path):
    try:
        os.chown(path, 12345, 23456)
    except PermissionError:
        pytest.skip("this account may not give files away")
    path.chmod(0o640)
    _files.replace(path, NEW, base=_files.read_whole(path), check=lambda written: None)
    status = path.stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (12345, 23456, 0o640)


def test_the_group_is_kept_where_the_owner_cannot_be(path, monkeypatch):
    asked = []

    def fchown(descriptor, uid, gid):
        asked.append((uid, gid))
        if uid != -1:
            raise PermissionError(errno.EPERM, "not root")

    monkeypatch.setattr(os, "fchown", fchown)
    status = os.stat_result((*path.stat()[:4], 12345, 23456, *path.stat()[6:]))
    with path.open("r+b") as file:
        _platform._copy_owner(status, file.fileno())
    assert asked == [(12345, 23456), (-1, 23456)]


def test_the_check_sees_what_lies_on_disk_and_may_refuse(path):
    seen = []

    def refuse(written):
        seen.append((written, [name for name in files(path.parent) if name != "okr.xlsx"]))
        raise CannotEdit("No.")

    before = path.stat()
    with pytest.raises(CannotEdit, match="No"):
        _files.replace(path, NEW, base=_files.read_whole(path), check=refuse)
    ((written, (temporary,)),) = seen
    assert written == NEW
    assert _temporary._NAME.fullmatch(temporary)
    assert (files(path.parent), path.read_bytes(), path.stat().st_mtime_ns) == (["okr.xlsx"], OLD, before.st_mtime_ns)


def save_in_place(path):
    path.write_bytes(b"theirs")


def save_as_excel_does(path):
    other = path.with_name("5D3F2000")
    other.write_bytes(b"theirs")
    path.unlink()
    other.rename(path)


def save_with_the_old_time_and_size(path):
    before = path.stat()
    path.write_bytes(b"tHe" * 1000)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("save", [save_in_place, save_as_excel_does, save_with_the_old_time_and_size])
def test_a_save_at_the_last_moment_is_not_overwritten(path, save):
    with pytest.raises(WorkbookChanged) as caught:
        _files.replace(path, NEW, base=_files.read_whole(path), check=lambda written: save(path))
    assert str(caught.value) == "“okr.xlsx” was saved by somebody else meanwhile; nothing was written."
    assert path.read_bytes() not in (OLD, NEW)
    assert files(path.parent) == ["okr.xlsx"]


def test_a_file_that_went_away_is_never_made_anew(path):
    with pytest.raises(WorkbookChanged):
        _files.replace(path, NEW, base=_files.read_whole(path), check=lambda written: path.unlink())
    assert files(path.parent) == []


def test_a_link_that_took_the_place_is_left_alone(path):
    def exchange(written):
        path.rename(path.with_name("elsewhere.xlsx"))
        path.symlink_to("elsewhere.xlsx")

    with pytest.raises(WorkbookChanged):
        _files.replace(path, NEW, base=_files.read_whole(path), check=exchange)
    assert path.is_symlink()
    assert path.read_bytes() == OLD


@pytest.mark.parametrize("call", ["write", "fsync", "fchmod", "lseek"])
@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (errno.ENOSPC, "The disk is full: “okr.xlsx” could not be written and stays as it was."),
        (errno.EDQUOT, "The disk is full: “okr.xlsx” could not be written and stays as it was."),
        (errno.EIO, "“okr.xlsx” could not be written and stays as it was (system error EIO)."),
        (errno.EPERM, "sheetsync's account may not read or write “okr.xlsx” (system error EPERM)."),
    ],
)
def test_each_fault_leaves_the_file_and_no_temporary_one(path, monkeypatch, call, code, sentence):
    base = _files.read_whole(path)

    def fail(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(WorkbookError) as caught:
        _files.replace(path, NEW, base=base, check=lambda written: None)
    assert str(caught.value) == sentence
    assert (files(path.parent), path.read_bytes()) == (["okr.xlsx"], OLD)


def test_a_file_cut_short_without_an_error_is_noticed(path, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:-1]) + 1)
    with pytest.raises(WorkbookError, match="could not be written whole and stays as it was"):
        _files.replace(path, NEW, base=_files.read_whole(path), check=lambda written: None)
    assert (files(path.parent), path.read_bytes()) == (["okr.xlsx"], OLD)


def test_a_folder_that_cannot_be_flushed_is_no_fault_but_a_failing_disk_is(path, monkeypatch):
    flush = _platform.flush

    def fail(code):
        def on_folder(descriptor):
            if stat.S_ISDIR(os.fstat(descriptor).st_mode):
                raise OSError(code, os.strerror(code))
            flush(descriptor)

        return on_folder

    monkeypatch.setattr(_platform, "flush", fail(errno.EINVAL))
    base = _files.replace(path, NEW, base=_files.read_whole(path), check=lambda written: None)
    monkeypatch.setattr(_platform, "flush", fail(errno.EIO))
    with pytest.raises(WorkbookError) as caught:
        _files.replace(path, OLD, base=base, check=lambda written: None)
    assert str(caught.value) == "“okr.xlsx” was written, but the disk did not confirm it (system error EIO)."
    assert path.read_bytes() == OLD


def test_a_disk_that_is_full_in_earnest(path):
    """A limit on the size of files is the full disk that needs no rights."""
    program = """
        import sys
        from pathlib import Path
        from sheetsync.errors import WorkbookError
        from sheetsync.workbooks import _files
        path = Path(sys.argv[1])
        try:
            _files.replace(path, b"new" * 2000, base=_files.read_whole(path), check=lambda written: None)
        except WorkbookError as exc:
            print(exc)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), str(path)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)),
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "The disk is full: “okr.xlsx” could not be written and stays as it was."
    assert (files(path.parent), path.read_bytes()) == (["okr.xlsx"], OLD)


def test_a_name_of_255_bytes_can_be_replaced(tmp_path):
    path = tmp_path / ("数" * 83 + "a.xlsx")
    path.write_bytes(OLD)
    _files.replace(path, NEW, base=_files.read_whole(path), check=lambda written: None)
    assert (files(tmp_path), path.read_bytes()) == ([path.name], NEW)


# --- left-overs --------------------------------------------------------------------------------------------------------


def test_old_leftovers_of_ours_are_swept_and_nothing_else(tmp_path):
    now = 1_800_000_000.0
    names = {
        ".sheetsync-0123abcd.tmp": 3601,
        ".sheetsync-fedcba98.tmp": 3599,
        ".sheetsync-0123abcd.tmp.xlsx": 90_000,
        ".sheetsync-XXXX.tmp": 90_000,
        "~$okr.xlsx": 90_000,
        "okr.xlsx": 90_000,
    }
    for name, age in names.items():
        (tmp_path / name).write_bytes(b"x")
        os.utime(tmp_path / name, (now - age, now - age))
    (tmp_path / ".sheetsync-11111111.tmp").symlink_to("okr.xlsx")
    (tmp_path / ".sheetsync-22222222.tmp").mkdir()
    os.utime(tmp_path / ".sheetsync-22222222.tmp", (0, 0))
    before = files(tmp_path)
    assert _temporary.sweep(tmp_path, now=now) == [".sheetsync-0123abcd.tmp"]
    assert files(tmp_path) == [name for name in before if name != ".sheetsync-0123abcd.tmp"]
    assert _temporary.sweep(tmp_path / "gone", now=now) == []


def test_a_name_that_is_taken_is_not_touched(tmp_path, monkeypatch):
    taken = tmp_path / ".sheetsync-00000000.tmp"
    taken.write_bytes(b"somebody's")
    names = iter(["00000000", "00000001"])
    monkeypatch.setattr(_temporary.secrets, "token_hex", lambda size: next(names))
    path, descriptor = _temporary.create(tmp_path)
    os.close(descriptor)
    assert (path.name, taken.read_bytes()) == (".sheetsync-00000001.tmp", b"somebody's")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


# --- safety copies -----------------------------------------------------------------------------------------------------


def version(data, seconds):
    return _files.Version(data, _files.digest(data), _files.Stamp(1, 2, len(data), seconds * 10**9 + 5))


def test_a_copy_is_private_named_by_time_and_kept_once(tmp_path):
    backups = _backups.Backups(tmp_path / "state" / "backups", 5)
    copy = backups.add("OKR Läufe.XLSX", "/plans/OKR Läufe.XLSX", version(OLD, 1_741_944_413))
    assert copy.read_bytes() == OLD
    assert copy.name.split("-")[1:] == ["20250314T092653000000005Z", _files.digest(OLD)[:8] + ".xlsx"]
    assert copy.stat().st_mtime_ns == 1_741_944_413_000_000_005
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert stat.S_IMODE(copy.parent.stat().st_mode) == 0o700
    assert backups.add("OKR Läufe.XLSX", "/plans/OKR Läufe.XLSX", version(OLD, 1_741_944_413)) == copy
    assert len(files(copy.parent)) == 1


def test_the_oldest_copies_go_and_other_workbooks_stay(tmp_path):
    backups = _backups.Backups(tmp_path, 3)
    other = backups.add("b.xlsx", "/b.xlsx", version(b"b", 1))
    copies = [backups.add("a.xlsx", "/a.xlsx", version(b"%d" % at, 100 + at)) for at in range(5)]
    assert files(tmp_path) == sorted(copy.name for copy in (other, *copies[2:]))
    restored = backups.add("a.xlsx", "/a.xlsx", version(b"restored", 7))
    assert files(tmp_path) == sorted(copy.name for copy in (other, restored, *copies[3:]))


def test_no_copies_are_kept_where_none_are_wanted(tmp_path):
    assert _backups.Backups(tmp_path / "backups", 0).add("a.xlsx", "/a.xlsx", version(b"a", 1)) is None
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (errno.ENOSPC, "The disk is full: no safety copy of “a.xlsx” could be made, so nothing was written."),
        (errno.EROFS, "No safety copy of “a.xlsx” could be made, so nothing was written (system error EROFS)."),
    ],
)
def test_a_copy_that_cannot_be_made_is_an_error(tmp_path, monkeypatch, code, sentence):
    def fail(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "write", fail)
    with pytest.raises(WorkbookError) as caught:
        _backups.Backups(tmp_path, 5).add("a.xlsx", "/a.xlsx", version(b"a", 1))
    assert str(caught.value) == sentence
    assert files(tmp_path) == []
