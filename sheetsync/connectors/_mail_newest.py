"""The mails of one report and what is remembered of the last one go in; the newest comes out, and never one from before it.

A server may number a folder's mails anew (another UIDVALIDITY, RFC 3501, 2.3.1.1); then Message-ID finds the last one
again. It may even date them anew, after a restore; then order of arrival and the senders' own dates have to agree.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sheetsync.connectors._mail_imap import Envelope
from sheetsync.errors import Incomplete, NotReady


@dataclass(frozen=True, slots=True)
class Last:
    """The mail that gave the last figure; `moment` in seconds since 1970."""

    validity: int
    uid: int
    id: str
    moment: int

    def __str__(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def parse(cls, text: str | None) -> Last | None:
        """What `str` gave; None for anything else."""
        try:
            found: Any = json.loads(text or "null")
            return cls(int(found["validity"]), int(found["uid"]), str(found["id"]), int(found["moment"]))
        except (ValueError, KeyError, TypeError):
            return None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A mail of the report, vouched for. `sent` is its own Date, None where it has none that can be read."""

    envelope: Envelope
    id: str
    sent: datetime | None

    @property
    def moment(self) -> int:
        return int(self.envelope.moment.timestamp())


def newest(candidates: Sequence[Candidate], validity: int, last: Last | None) -> Candidate:
    """The newest of at least one. Raises NotReady and Incomplete where what is there is older than what was read before."""
    if last is None:
        return max(candidates, key=_order)
    if validity == last.validity:
        same = [one for one in candidates if one.envelope.uid == last.uid]
        later = [one for one in candidates if one.envelope.uid > last.uid and one.moment >= last.moment]
    else:
        same = [one for one in candidates if one.id == last.id]
        if same and all(one.moment != last.moment for one in same):
            return _restored(candidates)
        later = [one for one in candidates if one.moment > last.moment]
    if later:
        return max(later, key=_order)
    if same:
        return max(same, key=_order)
    raise NotReady(
        "The mail that gave the last figure is no longer in its folder, and no newer one has come.",
        advice="Move it back, or wait for the next report.",
    )


def _order(one: Candidate) -> tuple[int, int]:
    return one.moment, one.envelope.uid


def _restored(candidates: Sequence[Candidate]) -> Candidate:
    arrived = max(candidates, key=lambda one: one.envelope.uid)
    dated = [one for one in candidates if one.sent is not None]
    if len(dated) < len(candidates) or max(dated, key=lambda one: one.sent or datetime.min.replace(tzinfo=UTC)) is not arrived:
        raise Incomplete(
            "The mail server has dated its mails anew, so nobody can tell which report is the newest.",
            advice="Move the older reports out of the folder.",
        )
    return arrived
