"""Answers that were paid for go in, and come out again while they are young enough: X charges for each page that is read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sheetsync.connectors import _x as replies
from sheetsync.connectors.base import Lookups, Metric
from sheetsync.errors import LinkError
from sheetsync.model import Resource


@dataclass(frozen=True, slots=True)
class Kept:
    """What one account keeps for `hours`, nothing where that is 0."""

    lookups: Lookups
    hours: int
    now: datetime

    def get(self, resource: Resource) -> Any:
        """The document of this page, None where it is too old or there is none."""
        text = self.lookups.get(f"answer/{resource}") if self.hours > 0 else None
        return replies.kept(text, self.now, hours=self.hours) if text is not None else None

    def put(self, resource: Resource, document: Any | LinkError, metrics: Iterable[Metric]) -> None:
        """Notes when the document was read, and keeps its figures where there are some."""
        if isinstance(document, LinkError):
            return
        document["at"] = self.now.isoformat(timespec="seconds")
        names = [metric.path.partition(".")[2] for metric in metrics]
        text = replies.to_keep(document, names, needed=None if resource.kind == "post" and resource.params else names[0])
        if text is not None and self.hours > 0:
            self.lookups.put(f"answer/{resource}", text)
