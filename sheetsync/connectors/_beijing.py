"""The moment at which a server answered goes in, the day in Beijing comes out: Chinese services count their days there.

The moment is that of the answer's own Date (RFC 9110, 6.6.1), so that a clock that is wrong on this machine changes no figure.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Final

from sheetsync.errors import UnexpectedReply
from sheetsync.web.http import Reply

BEIJING: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China knows no summer time since 1991 (IANA time zone database, Asia/Shanghai), so that the offset is a constant."""

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


def moment_of(reply: Reply) -> datetime | None:
    """When the server answered, in Beijing; None where it does not say."""
    text = reply.headers.get("date", "")
    try:
        sent = parsedate_to_datetime(text) if len(text) <= 64 else None
        return (sent if sent.tzinfo else sent.replace(tzinfo=UTC)).astimezone(BEIJING) if sent else None
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def day_of(value: object) -> date:
    """A day as these services write it, `2026-11-22`. Raises UnexpectedReply."""
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise UnexpectedReply("The answer names no day where one is due.")


def end_of(day: date) -> datetime:
    """The last second of a day: the moment of a figure that counts up to and with that day."""
    return datetime.combine(day, time(23, 59, 59), BEIJING)


def seconds_to_midnight(reply: Reply) -> float:
    """Until the next day begins in Beijing, when daily quotas start anew; an hour where the answer has no Date."""
    now = moment_of(reply)
    if now is None:
        return 3_600.0
    return (datetime.combine(now.date() + timedelta(days=1), time(0, 0, 30), BEIJING) - now).total_seconds()


def seconds_to_full_hour(reply: Reply) -> float:
    """Until the next full hour, when hourly quotas start anew; an hour where the answer has no Date."""
    now = moment_of(reply)
    return 3_600.0 if now is None else 3_605.0 - now.minute * 60 - now.second
