"""The container: dishonest and damaged zip files are refused, all others keep every byte that is not ours."""

from __future__ import annotations

import io
import struct
import sys
import zipfile
from itertools import pairwise

import pytest
from build import book, packed, parts, sheet
from hypothesis import given
from hypothesis import strategies as st

from sheetsync.errors import CannotEdit
from sheetsync.workbooks._ooxml.archive import MAX_ENTRIES, MAX_INFLATED, Archive


def zipped(members: list[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members:
            archive.writestr(zipfile.ZipInfo(name), body, compress_type=method)
    return target.getvalue()


TWO = zipped([("a.xml", b"<a/>" * 50), ("b.xml", b"<b/>" * 50)])


def patched(data: bytes, find: bytes, new: bytes, *, last: bool = False) -> bytes:
    at = data.rindex(find) if last else data.index(find)
    return data[:at] + new + data[at + len(find) :]


def central(data: bytes, name: bytes, offset: int, value: bytes) -> bytes:
    """The file with some bytes of a central entry replaced."""
    at = data.index(b"PK\x01\x02")
    while data[at + 46 : at + 46 + len(name)] != name:
        at = data.index(b"PK\x01\x02", at + 4)
    return data[: at + offset] + value + data[at + offset + len(value) :]


def refusal(data: bytes) -> str:
    with pytest.raises(CannotEdit) as caught:
        archive = Archive.open(data)
        for name in archive.names:
            archive.read(name)
    return str(caught.value)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "The file is empty."),
        (b"\x0fsheetsync".ljust(165, b" "), "The file is not an Excel workbook."),
        (b"  <!DOCTYPE html><html>", "web page"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><Workbook/>", "web page"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old .xls"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password"),
        (TWO[:-30], "cut off"),
        (TWO[: len(TWO) // 2], "cut off"),
        (TWO + b"tail", "contradicts itself at its end"),
        (b"PK" + TWO, "contradicts itself"),
        (zipped([("A.xml", b"1"), ("a.xml", b"2")]), "two parts"),
        (zipped([("x/a.xml", b"1"), ("x\\A.xml", b"2")]), "two parts"),
        (zipped([("/a.xml", b"1"), ("a.xml", b"2")]), "two parts"),
        (zipped([("x/../../a.xml", b"1")]), "unsafe name"),
        (zipped([("C:/a.xml", b"1")]), "unsafe name"),
        (patched(TWO, b"a.xml", b"c.xml"), "contradicts itself at a.xml"),
        (central(TWO, b"a.xml", 16, b"\1\2\3\4"), "part a.xml of the file is damaged"),
        (central(TWO, b"a.xml", 24, struct.pack("<I", 3)), "part a.xml of the file is damaged"),
        (central(TWO, b"a.xml", 24, struct.pack("<I", 4000)), "part a.xml of the file is damaged"),
        (central(TWO, b"a.xml", 20, struct.pack("<I", 4000)), "contradicts itself at a.xml"),
        (central(TWO, b"a.xml", 8, struct.pack("<H", 1)), "encrypted"),
        (central(TWO, b"a.xml", 10, struct.pack("<H", 12)), "packed in a way"),
        (central(TWO, b"b.xml", 42, struct.pack("<I", 0)), "contradicts itself"),
        (central(TWO, b"b.xml", 28, struct.pack("<H", 900)), "contradicts itself at its directory"),
        (patched(TWO, b"PK\x05\x06\0\0\0\0\2\0\2\0", b"PK\x05\x06\0\0\0\0\2\0\3\0"), "contradicts itself"),
        (patched(TWO, b"PK\x05\x06\0\0\0\0\2\0\2\0", b"PK\x05\x06\0\0\0\0\xff\xff\xff\xff"), "contradicts itself"),
        (zipped([(f"{n}.xml", b"") for n in range(MAX_ENTRIES + 1)]), "more than 2000"),
        (central(TWO, b"a.xml", 24, struct.pack("<I", MAX_INFLATED)), "larger than 200 MB"),
        (zipped([("a.xml", b"a" * 2_000_000)]), "packed more tightly"),
    ],
)
def test_what_is_no_honest_zip_file_is_refused(data: bytes, sentence: str) -> None:
    assert sentence in refusal(data)


def test_a_member_that_is_longer_than_it_says_is_not_inflated() -> None:
    long = zipped([("a.xml", b"a" * 900_000)])
    assert "damaged" in refusal(central(long, b"a.xml", 24, struct.pack("<I", 10)))


def test_overlapping_members_are_refused() -> None:
    """As in the bombs that let many entries share one body."""
    body = TWO[: TWO.index(b"PK\x01\x02")]
    first = TWO[TWO.index(b"PK\x01\x02") :][: 46 + 5]
    entries = first + first.replace(b"a.xml", b"c.xml")
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 2, 2, len(entries), len(body), 0)
    assert "contradicts itself" in refusal(body + entries + end)


def test_small_parts_may_be_packed_tightly() -> None:
    assert Archive.open(zipped([("printer.bin", b"\0" * 900_000)])).read("printer.bin") == b"\0" * 900_000


class Stream(io.RawIOBase):
    """A target that cannot be wound back, so that sizes follow the data."""

    def __init__(self) -> None:
        self.data = b""

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.data += bytes(data)
        return len(data)


def streamed(members: dict[str, bytes], *, zip64: bool = False) -> bytes:
    stream = Stream()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            with archive.open(zipfile.ZipInfo(name), "w", force_zip64=zip64) as member:
                member.write(body)
    return stream.data


def odd_files() -> dict[str, bytes]:
    members = {"[x].xml": b"<x/>" * 9, "dir/a.xml": b"<a/>" * 9, "dir/b.xml": b"<b/>" * 9}
    files = {
        "plain": zipped(list(members.items())),
        "descriptors": streamed(members),
        "zip64": streamed(members, zip64=True),
        "stored": zipped(list(members.items()), method=zipfile.ZIP_STORED),
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = b"made by hand"
        archive.writestr("dir/", b"")
        for name, body in reversed(members.items()):
            info = zipfile.ZipInfo(name, (2021, 2, 3, 4, 5, 6))
            info.extra = struct.pack("<HHBI", 0x5455, 5, 1, 1_600_000_000) + struct.pack("<HH20s", 0xA220, 20, b"")
            info.external_attr = 0o100644 << 16
            info.comment = b"a comment"
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, body)
    files["decorated"] = target.getvalue()
    files["backslashes"] = files["plain"].replace(b"dir/", b"dir\\")
    shuffled = files["plain"]
    at, end = shuffled.index(b"PK\x01\x02"), shuffled.index(b"PK\x05\x06")
    second = shuffled.index(b"PK\x01\x02", at + 1)
    files["directory in another order"] = shuffled[:at] + shuffled[second:end] + shuffled[at:second] + shuffled[end:]
    return files


@pytest.mark.parametrize("kind", odd_files())
def test_all_but_the_changed_member_keep_their_bytes(kind: str) -> None:
    data = odd_files()[kind]
    archive = Archive.open(data)
    assert archive.replaced({}) == data or kind == "zip64"
    new = archive.replaced({"dir/a.xml": b"<changed/>" * 30})
    before, after = zipfile.ZipFile(io.BytesIO(data)), zipfile.ZipFile(io.BytesIO(new))
    assert after.testzip() is None
    assert after.comment == before.comment
    assert after.namelist() == before.namelist()
    assert archive.same_but(Archive.open(new), {"dir/a.xml"})
    assert not archive.same_but(Archive.open(new), {"dir/b.xml"})
    for old, fresh in zip(before.infolist(), after.infolist(), strict=True):
        changed = old.filename.replace("\\", "/") == "dir/a.xml"
        assert (old.date_time, old.external_attr, old.comment) == (fresh.date_time, fresh.external_attr, fresh.comment)
        assert after.read(fresh) == (b"<changed/>" * 30 if changed else before.read(old))
        assert fresh.compress_type == old.compress_type
        if changed:
            assert fresh.flag_bits & 0x000E == 0
            assert not fresh.extra.startswith(b"\1\0")
            assert fresh.extra == old.extra or kind == "zip64"
        else:
            assert (old.flag_bits, old.extra, old.CRC) == (fresh.flag_bits, fresh.extra, fresh.CRC)


def test_a_new_member_is_appended() -> None:
    new = Archive.open(TWO).replaced({"dir/c.xml": b"<c/>"})
    archive = zipfile.ZipFile(io.BytesIO(new))
    assert archive.namelist() == ["a.xml", "b.xml", "dir/c.xml"]
    assert archive.read("dir/c.xml") == b"<c/>"
    assert Archive.open(TWO).same_but(Archive.open(new), set())


def test_packing_is_the_same_without_the_faster_library(monkeypatch: pytest.MonkeyPatch) -> None:
    big = b"".join(b'<c r="A%d"><v>%d</v></c>' % (n, n * 7919 % 1000) for n in range(100_000))
    quick = Archive.open(TWO).replaced({"a.xml": big})
    monkeypatch.setitem(sys.modules, "isal", None)
    slow = Archive.open(TWO).replaced({"a.xml": big})
    assert Archive.open(slow).read("a.xml") == Archive.open(quick).read("a.xml") == big
    assert len(slow) < len(big) / 2


def test_names_are_found_whatever_their_case_and_slashes() -> None:
    archive = Archive.open(zipped([("XL\\Workbook.xml", b"1"), ("/xl/styles.xml", b"2")]))
    assert archive.names == ["XL/Workbook.xml", "xl/styles.xml"]
    assert archive.find("xl/workbook.XML") == "XL/Workbook.xml"
    assert archive.read("xl/Styles.xml") == b"2"
    assert archive.find("xl/other.xml") is None


@given(st.data())
def test_no_damage_is_read_as_if_it_were_none(data: st.DataObject) -> None:
    """Whatever byte of the file is changed: it is refused, or all that is read is what was written."""
    whole = packed(parts(sheet('<row r="1"><c r="A1"><v>1</v></c></row>')))
    honest = Archive.open(whole)
    at = data.draw(st.integers(0, len(whole) - 1))
    broken = whole[:at] + bytes([data.draw(st.integers(0, 255))]) + whole[at + 1 :]
    try:
        archive = Archive.open(broken)
        read = {name: archive.read(name) for name in archive.names}
    except CannotEdit:
        return
    contents = {honest.read(name) for name in honest.names}
    assert set(read.values()) <= contents


def test_spans_follow_each_other() -> None:
    archive = Archive.open(book(""))
    spans = sorted((member.start, member.end) for member in archive._members)
    assert all(a[1] == b[0] for a, b in pairwise(spans))
