"""The header of a mail goes in; its one sender comes out, and whether the receiving server vouches for him.

A From line is written by whoever sends the mail. It counts only together with the verdict that the receiving server wrote on top
(Authentication-Results, RFC 8601): DMARC passed for the domain of From, or a DKIM signature of that very domain.
A header of the same name further down may come from the sender, so only the topmost one of that server is looked at.
"""

from __future__ import annotations

import re
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import EmailPolicy
from typing import Any, Final

from sheetsync.errors import LinkError
from sheetsync.links import host_name

UNNAMED: Final = "-"
"""For servers that write their verdict without their own name, as Microsoft 365 does
(https://learn.microsoft.com/defender-office-365/message-headers-eop-mdo)."""

_PLAIN: Final = re.compile(r"(?:.*<)?\s*([A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[^\s<>@,;:\"()\\]+)\s*>?\s*", re.DOTALL)
_RESULT: Final = re.compile(r"([A-Za-z][A-Za-z0-9-]*)(?:\s*/\s*\d+)?\s*=\s*([A-Za-z]+)(?=\s|$)")
_PROPERTY: Final = re.compile(r"(?<![\w.-])([A-Za-z][\w.-]*)\s*=\s*(\S+)")
MAX_HEADER: Final = 1_000
"""Characters of a header line; the library's parser takes long over long ones, and anybody can send one."""
_HARMLESS: Final = re.compile(r"[\w.@+/-]*", re.ASCII)


class _Policy(EmailPolicy):
    """Header lines that hold bare UTF-8 (RFC 6532), as many programs write them, are read as what they are."""

    def header_fetch_parse(self, name: str, value: str) -> Any:
        try:
            return super().header_fetch_parse(name, value.encode("ascii", "surrogateescape").decode("utf-8", "replace"))
        except UnicodeEncodeError:
            return super().header_fetch_parse(name, value)


def parsed(data: bytes) -> EmailMessage:
    """A mail, or its header alone, taken apart."""
    policy: Any = _Policy(max_line_length=None)  # generic for type checkers only
    found: EmailMessage = message_from_bytes(data, policy=policy)
    return found


def header(message: EmailMessage, name: str) -> str:
    """A header line in plain text, "" where there is none or none that can be read."""
    if _too_long(message, name):
        return ""
    try:
        return " ".join(str(message.get(name, "")).split())
    except Exception:  # noqa: BLE001 - the library's parser trips over crooked lines in many ways
        return ""


def sender_of(message: EmailMessage) -> str:
    """The address of the one sender, domain in IDNA form, all lower case; "" where From is missing, double or crooked."""
    if _too_long(message, "from"):
        return ""
    try:
        lines = message.get_all("from", [])
        if len(lines) != 1 or len(lines[0].addresses) != 1:
            return ""
        spec = lines[0].addresses[0].addr_spec
        (raw,) = (str(value) for name, value in message.raw_items() if name.lower() == "from")
        plain = _PLAIN.fullmatch(raw)
    except Exception:  # noqa: BLE001 - as in `header`
        return ""
    if plain is None or plain[1] != spec:  # two readers have to agree
        return ""
    return normal(spec)


def _too_long(message: EmailMessage, name: str) -> bool:
    return any(len(str(value)) > MAX_HEADER for key, value in message.raw_items() if key.lower() == name)


def normal(address: str) -> str:
    """`Report@Agency.example` -> `report@agency.example`; `@agency.example` for a whole domain; "" where it is no address."""
    name, at, domain = address.strip().rpartition("@")
    host = _domain(domain)
    return f"{name.casefold()}@{host}" if at and host else ""


def permitted(sender: str, allowed: frozenset[str]) -> bool:
    """Whether an address, or its whole domain, is among those that `normal` gave."""
    return bool(sender) and (sender in allowed or "@" + sender.rpartition("@")[2] in allowed)


def vouched(message: EmailMessage, server: str, sender: str) -> bool:
    """Whether the server's own topmost verdict says that the mail comes from the domain of its sender."""
    domain = sender.rpartition("@")[2]
    for name, value in message.raw_items():
        if name.lower() != "authentication-results":
            continue
        parts = _parts(str(value))
        if parts is None:
            return False
        first = parts[0].split()
        unnamed = not first or "=" in parts[0]
        if server == UNNAMED:
            return unnamed and _passes(parts, domain)
        if not unnamed and first[0].casefold() == server.casefold():
            return _passes(parts[1:], domain)
    return False


def _passes(parts: list[str], domain: str) -> bool:
    good = False
    for part in filter(None, parts):
        result = _RESULT.match(part)
        if result is None:
            continue
        method, verdict = result[1].lower(), result[2].lower()
        properties: dict[str, str] = {}
        for found in _PROPERTY.finditer(part, result.end()):
            if found[1].lower() in properties:
                return False
            properties[found[1].lower()] = found[2]
        if method == "dmarc":
            if verdict == "fail":
                return False
            good |= verdict == "pass" and _domain(properties.get("header.from", "").rpartition("@")[2]) == domain
        elif method == "dkim" and verdict == "pass":
            signer = properties.get("header.d") or properties.get("header.i", "")
            good |= _domain(signer.rpartition("@")[2]) == domain
    return good and bool(domain)


def _parts(value: str) -> list[str] | None:
    """The parts between semicolons, without comments; what stands in quotes cannot pass for more than a word. None: crooked."""
    found, depth, quoted, text = [""], 0, False, ""
    characters = iter(value)
    for char in characters:
        if char == "\\" and (depth or quoted):
            text += "?" + next(characters, "")
        elif quoted:
            if char == '"':
                quoted = False
                found[-1] += text if _HARMLESS.fullmatch(text) else "?"
            text += char
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
            if depth < 0:
                return None
            found[-1] += " "
        elif depth:
            continue
        elif char == '"':
            quoted, text = True, ""
        elif char == ";":
            found.append("")
        else:
            found[-1] += " " if char.isspace() else char
    return None if depth or quoted else [part.strip() for part in found]


def _domain(text: str) -> str:
    try:
        return host_name(text.strip())
    except LinkError:
        return ""
