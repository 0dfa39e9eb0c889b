"""The bytes of a zip file go in, its members come out; a changed copy repeats every other member as the same span of bytes.

Own reading of the central directory, because the standard library hides what must be kept (extra fields, attributes, the order in
the file) and accepts what must be refused (two members of one name, members that overlap).
Format: PKWARE, APPNOTE.TXT 6.3 (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sheetsync.errors import CannotEdit

MAX_ENTRIES = 2_000
MAX_INFLATED = 200_000_000
"""Bytes of all members together."""
MAX_RATIO = 200
RATIO_FLOOR = 1_000_000
"""Bytes; smaller members may be packed as tightly as they like: they cannot do harm, and printer settings do it honestly."""
SMALL = 1_000_000
"""Bytes up to which size is worth more than speed when packing."""

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LOCAL, _CENTRAL, _END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_END64, _LOCATOR64 = b"PK\x06\x06", b"PK\x06\x07"
_LOCAL_FIXED = struct.Struct("<4s5H3I2H")
_CENTRAL_FIXED = struct.Struct("<4s6H3I5H2I")
_END_FIXED = struct.Struct("<4s4H2IH")
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
_ENCRYPTED, _LEVEL, _DESCRIPTOR, _UTF8 = 0x2041, 0x0006, 0x0008, 0x0800
_STORED, _DEFLATED = 0, 8
_ZIP64 = 0x0001
_DESCRIPTOR_SIZE = 24

_DAMAGED = "The file is damaged: its zip directory contradicts itself at {place}."
_DAMAGED_END = "The file is damaged: its zip directory contradicts itself at its end."
_DAMAGED_DIRECTORY = "The file is damaged: its zip directory contradicts itself at its directory."
_DAMAGED_NAME = "The file is damaged: its zip directory contradicts itself at a part's name."
_AGAIN = "Open it in Excel, save it again as .xlsx, then run again."


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of the directory. `name` has forward slashes and no leading one; `end` is where the next entry's bytes begin."""

    name: str
    raw_name: bytes
    central: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    start: int
    data: int
    end: int


class Archive:
    """A zip file held in memory, checked before anything is inflated."""

    def __init__(self, data: bytes, members: tuple[Member, ...], central: int, end: int) -> None:
        self._data = data
        self._members = members
        self._central = central
        self._end = end
        self._by_name = {member.name.lower(): member for member in members}

    @classmethod
    def open(cls, data: bytes) -> Archive:
        """Reads the directory only. Raises CannotEdit for whatever is no plain, honest, unencrypted zip file."""
        _recognise(data)
        count, size, offset, end = _directory(data)
        if count > MAX_ENTRIES:
            raise CannotEdit("The file has {count} parts; more than {limit} are not read.", count=count, limit=MAX_ENTRIES)
        if offset + size != end:
            raise CannotEdit(_DAMAGED_END, advice=_AGAIN)
        members = _members(data, count, offset, end)
        _limits(members)
        return cls(data, members, offset, end)

    @property
    def names(self) -> list[str]:
        """In the order of the directory; directories ("folder/") are left out."""
        return [member.name for member in self._members if not member.name.endswith("/")]

    def find(self, name: str) -> str | None:
        """The name as the archive spells it, whatever the case; None where there is no such member."""
        member = self._by_name.get(name.lower())
        return member.name if member else None

    def read(self, name: str) -> bytes:
        """The member, inflated and checked against its length and checksum. Raises KeyError, CannotEdit."""
        member = self._by_name[name.lower()]
        packed = memoryview(self._data)[member.data : member.data + member.packed]
        if member.method == _STORED:
            body = bytes(packed)
        elif member.method == _DEFLATED:
            body = _inflate(packed, member)
        else:
            raise CannotEdit("The part {part} is packed in a way that Excel does not use.", advice=_AGAIN, part=member.name)
        if len(body) != member.size or _crc32(body) != member.crc:
            raise _broken(member.name)
        return body

    def replaced(self, changes: Mapping[str, bytes]) -> bytes:
        """The archive with these members' contents; a name that it does not have yet is appended. All other spans stay."""
        bodies = {name.lower(): body for name, body in changes.items()}
        pieces: list[bytes | memoryview] = []
        entries: dict[bytes, bytes] = {}
        view = memoryview(self._data)
        ordered = sorted(self._members, key=lambda member: member.start)
        position = ordered[0].start if ordered else 0
        pieces.append(view[:position])
        for member in ordered:
            body = bodies.pop(member.name.lower(), None)
            span: tuple[bytes | memoryview, ...]
            if body is None:
                entry, span = member.central, (view[member.start : member.end],)
            else:
                entry, header, packed = _repacked(self._data, member, body)
                span = (header, packed)
            entries[member.raw_name] = _moved(entry, position)
            pieces.extend(span)
            position += sum(len(piece) for piece in span)
        directory = [entries[member.raw_name] for member in self._members]
        for name, body in changes.items():
            if name.lower() in bodies:
                entry, header, packed = _appended(name, body)
                directory.append(_moved(entry, position))
                pieces += [header, packed]
                position += len(header) + len(packed)
        central = b"".join(directory)
        comment = self._data[self._end + _END_FIXED.size :] if self._data.startswith(_END, self._end) else b""
        count = len(directory)
        tail = _END_FIXED.pack(_END, 0, 0, count, count, len(central), position, len(comment))
        return b"".join([*pieces, central, tail, comment])

    def same_but(self, other: Archive, changed: set[str]) -> bool:
        """Whether `other` holds the same members in the same order, byte for byte but for the changed ones and appended ones."""
        mine, theirs = memoryview(self._data), memoryview(other._data)
        if len(other._members) < len(self._members):
            return False
        for a, b in zip(self._members, other._members, strict=False):
            if a.raw_name != b.raw_name:
                return False
            if a.name not in changed and mine[a.start : a.end] != theirs[b.start : b.start + a.end - a.start]:
                return False
        return True


def _recognise(data: bytes) -> None:
    if not data:
        raise CannotEdit("The file is empty.", advice="Restore it from a backup, or export it again.")
    if data.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise CannotEdit(
                "The workbook is protected with a password to open it.", advice="Remove the password in Excel, then run again."
            )
        raise CannotEdit("The file is in the old .xls format of Excel 97.")
    if not data.startswith(b"PK"):
        head = data[:1024].lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n").lower()
        if head.startswith(b"<"):
            raise CannotEdit("The file is a web page or XML text that is only named like a workbook.")
        raise CannotEdit("The file is not an Excel workbook.")


def _directory(data: bytes) -> tuple[int, int, int, int]:
    """Entries, bytes and offset of the directory, and where the record after it stands."""
    at = data.rfind(_END, max(0, len(data) - _END_FIXED.size - _FULL16))
    if at < 0 or len(data) < at + _END_FIXED.size:
        raise CannotEdit("The file is cut off: its end is missing.", advice="Copy or download it again.")
    _, disk, first, here, count, size, offset, comment = _END_FIXED.unpack_from(data, at)
    if at + _END_FIXED.size + comment != len(data):
        raise CannotEdit(_DAMAGED_END, advice=_AGAIN)
    if _FULL16 in {here, count} or _FULL32 in {size, offset}:
        if at < 20 or not data.startswith(_LOCATOR64, at - 20):
            raise CannotEdit(_DAMAGED_END, advice=_AGAIN)
        at = struct.unpack_from("<Q", data, at - 20 + 8)[0]
        if at + 56 > len(data) or not data.startswith(_END64, at):
            raise CannotEdit(_DAMAGED_END, advice=_AGAIN)
        disk, first, here, count, size, offset = struct.unpack_from("<2I4Q", data, at + 16)
    if disk or first or here != count:
        raise CannotEdit(_DAMAGED_END, advice=_AGAIN)
    return count, size, offset, at


def _members(data: bytes, count: int, position: int, end: int) -> tuple[Member, ...]:
    found: list[Member] = []
    for _ in range(count):
        if position + _CENTRAL_FIXED.size > end or not data.startswith(_CENTRAL, position):
            raise CannotEdit(_DAMAGED_DIRECTORY, advice=_AGAIN)
        fields = _CENTRAL_FIXED.unpack_from(data, position)
        flags, method, crc, packed, size = fields[3], fields[4], fields[7], fields[8], fields[9]
        name_length, extra_length, comment_length, start = fields[10], fields[11], fields[12], fields[16]
        name_at = position + _CENTRAL_FIXED.size
        stop = name_at + name_length + extra_length + comment_length
        if stop > end:
            raise CannotEdit(_DAMAGED_DIRECTORY, advice=_AGAIN)
        raw = data[name_at : name_at + name_length]
        extra = data[name_at + name_length : name_at + name_length + extra_length]
        size, packed, start = _wide(extra, size, packed, start)
        name = _name(raw, flags)
        if flags & _ENCRYPTED:
            raise CannotEdit("The part {part} is encrypted.", advice=_AGAIN, part=name)
        found.append(Member(name, raw, data[position:stop], flags, method, crc, packed, size, start, 0, 0))
        position = stop
    if position != end:
        raise CannotEdit(_DAMAGED_DIRECTORY, advice=_AGAIN)
    return _located(data, found, end - sum(len(member.central) for member in found))


def _located(data: bytes, found: list[Member], central: int) -> tuple[Member, ...]:
    """The members with the place of their bytes, each of which lies inside its own span."""
    starts = sorted(member.start for member in found)
    following = dict(zip(starts, [*starts[1:], central], strict=True))
    members: list[Member] = []
    seen: set[str] = set()
    for member in found:
        start, end = member.start, following[member.start]
        if member.name.lower() in seen:
            raise CannotEdit("The file holds two parts named {part}.", advice=_AGAIN, part=member.name)
        seen.add(member.name.lower())
        if start + _LOCAL_FIXED.size > end or not data.startswith(_LOCAL, start):
            raise CannotEdit(_DAMAGED, advice=_AGAIN, place=member.name)
        local = _LOCAL_FIXED.unpack_from(data, start)
        name_at = start + _LOCAL_FIXED.size
        at = name_at + local[9] + local[10]
        if data[name_at : name_at + local[9]] != member.raw_name or at + member.packed > end:
            raise CannotEdit(_DAMAGED, advice=_AGAIN, place=member.name)
        members.append(
            Member(
                member.name, member.raw_name, member.central, member.flags, member.method, member.crc, member.packed, member.size,
                start, at, end,
            )
        )  # fmt: skip
    return tuple(members)


def _name(raw: bytes, flags: int) -> str:
    try:
        name = raw.decode("utf-8" if flags & _UTF8 else "cp437").replace("\\", "/").lstrip("/")
    except UnicodeDecodeError:
        raise CannotEdit(_DAMAGED_NAME, advice=_AGAIN) from None
    if not name or "\0" in name or ".." in name.split("/") or ":" in name.split("/")[0]:
        raise CannotEdit("The file holds a part with the unsafe name {part}.", advice=_AGAIN, part=repr(name))
    return name


def _wide(extra: bytes, size: int, packed: int, start: int) -> tuple[int, int, int]:
    """The three numbers of an entry, from its zip64 field where they do not fit into the entry itself."""
    if _FULL32 not in {size, packed, start}:
        return size, packed, start
    for tag, at, length in _fields(extra):
        if tag == _ZIP64:
            numbers = list(struct.unpack_from(f"<{length // 8}Q", extra, at))
            try:
                return tuple(numbers.pop(0) if given == _FULL32 else given for given in (size, packed, start))  # type: ignore[return-value]  # three in, three out
            except IndexError:
                break
    raise CannotEdit(_DAMAGED_DIRECTORY, advice=_AGAIN)


def _fields(extra: bytes) -> list[tuple[int, int, int]]:
    """Tag, place and length of the fields; what is no field (padding) is left out."""
    found, at = [], 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack_from("<HH", extra, at)
        if at + 4 + length > len(extra):
            break
        found.append((tag, at + 4, length))
        at += 4 + length
    return found


def _limits(members: tuple[Member, ...]) -> None:
    if sum(member.size for member in members) > MAX_INFLATED:
        raise CannotEdit("The workbook is larger than {limit} MB when unpacked.", limit=MAX_INFLATED // 1_000_000)
    for member in members:
        if member.size > max(RATIO_FLOOR, member.packed * MAX_RATIO):
            raise CannotEdit("The part {part} is packed more tightly than any honest workbook.", part=member.name)
        if member.method == _STORED and member.size != member.packed:
            raise CannotEdit(_DAMAGED, advice=_AGAIN, place=member.name)


def _broken(name: str) -> CannotEdit:
    return CannotEdit("The part {part} of the file is damaged.", advice=_AGAIN, part=name)


def _inflate(packed: memoryview, member: Member) -> bytes:
    errors: tuple[type[Exception], ...] = (zlib.error,)
    try:
        from isal import isal_zlib  # noqa: PLC0415  # optional: 2 to 10 times faster

        inflate: Callable[[memoryview, int], bytes] = isal_zlib.decompressobj(-15).decompress
        errors = (zlib.error, isal_zlib.error)  # type: ignore[assignment]  # the stub takes the class for an instance
    except ImportError:
        inflate = zlib.decompressobj(-15).decompress
    try:
        # one byte more than declared, so that a member that is longer than it says is noticed and not inflated
        return inflate(packed, member.size + 1)
    except errors as error:
        raise _broken(member.name) from error


def _crc32(body: bytes) -> int:
    try:
        from isal import isal_zlib  # noqa: PLC0415

        return isal_zlib.crc32(body)
    except ImportError:
        return zlib.crc32(body)


def _deflate(body: bytes) -> bytes:
    if len(body) <= SMALL:
        return zlib.compress(body, 6, -15)
    try:
        from isal import isal_zlib  # noqa: PLC0415

        return isal_zlib.compress(body, 1, -15)
    except ImportError:
        return zlib.compress(body, 1, -15)


def _without_zip64(extra: bytes) -> bytes:
    kept = extra
    for tag, at, length in reversed(_fields(extra)):
        if tag == _ZIP64:
            kept = kept[: at - 4] + kept[at + length :]
    return kept


def _repacked(data: bytes, member: Member, body: bytes) -> tuple[bytes, bytes, bytes]:
    """Central entry, local header with name, and packed bytes of a member with a new content."""
    packed = body if member.method == _STORED else _deflate(body)
    crc, flags = _crc32(body), member.flags & ~(_LEVEL | _DESCRIPTOR)
    c = _CENTRAL_FIXED.unpack_from(member.central)
    rest = member.central[_CENTRAL_FIXED.size + c[10] :]
    extra, comment = _without_zip64(rest[: c[11]]), rest[c[11] :]
    numbers = (crc, len(packed), len(body), c[10])
    central = _CENTRAL_FIXED.pack(*c[:3], flags, member.method, c[5], c[6], *numbers, len(extra), *c[12:16], 0)
    local = _LOCAL_FIXED.unpack_from(data, member.start)
    name_at = member.start + _LOCAL_FIXED.size
    local_extra = _without_zip64(data[name_at + local[9] : name_at + local[9] + local[10]])
    header = _LOCAL_FIXED.pack(_LOCAL, local[1], flags, member.method, local[4], local[5], *numbers, len(local_extra))
    return central + member.raw_name + extra + comment, header + member.raw_name + local_extra, packed


def _appended(name: str, body: bytes) -> tuple[bytes, bytes, bytes]:
    """As `_repacked`, for a member that is new; dated 1980-01-01, as Excel dates all of its own."""
    raw, packed, crc = name.encode("ascii"), _deflate(body), _crc32(body)
    numbers = (crc, len(packed), len(body), len(raw), 0)
    central = _CENTRAL_FIXED.pack(_CENTRAL, 20, 20, 0, _DEFLATED, 0, 0x21, *numbers, 0, 0, 0, 0, 0)
    return central + raw, _LOCAL_FIXED.pack(_LOCAL, 20, 0, _DEFLATED, 0, 0x21, *numbers) + raw, packed


def _moved(entry: bytes, position: int) -> bytes:
    """The central entry with another place of its member; also where the place stands in the zip64 field."""
    fields = _CENTRAL_FIXED.unpack_from(entry)
    if fields[16] != _FULL32:
        return entry[:42] + struct.pack("<I", position) + entry[46:]
    extra_at = _CENTRAL_FIXED.size + fields[10]
    for tag, at, _ in _fields(entry[extra_at : extra_at + fields[11]]):
        if tag == _ZIP64:
            place = extra_at + at + 8 * ((fields[9] == _FULL32) + (fields[8] == _FULL32))
            return entry[:place] + struct.pack("<Q", position) + entry[place + 8 :]
    raise CannotEdit(_DAMAGED_DIRECTORY, advice=_AGAIN)
