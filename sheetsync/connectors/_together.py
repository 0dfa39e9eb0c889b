"""The calls of one batch go in, the document of every resource comes out, or the error that is its own.

A connector with `limits.batch` above one is asked for many resources at once, but not each kind of page has a call for many. What
fails alone fails its own rows; only what concerns the whole account is raised, so that the lane stops, pauses or tries again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from sheetsync.errors import BadCredentials, LinkError, NotReady, RateLimited, Unavailable
from sheetsync.model import Resource

Documents: TypeAlias = Mapping[Resource, Any | LinkError]
Call: TypeAlias = tuple[Sequence[Resource], Callable[[], Documents]]
"""The resources that one call brings, and the call."""


def together(calls: Iterable[Call]) -> dict[Resource, Any | LinkError]:
    """Makes the calls one after another.

    Raises BadCredentials at once; RateLimited and Unavailable where nothing was brought yet, for then it is worth another try.
    After a RateLimited that comes later, the calls that are left are not made: their rows wait for the next run.
    """
    found: dict[Resource, Any | LinkError] = {}
    slowed: RateLimited | None = None
    for resources, ask in calls:
        if slowed is not None:
            found |= dict.fromkeys(resources, slowed)
            continue
        try:
            found |= ask()
        except BadCredentials:
            raise
        except LinkError as error:
            found |= dict.fromkeys(resources, error)
            slowed = error if isinstance(error, RateLimited) else None
    outages = [one for one in found.values() if isinstance(one, Unavailable) and not isinstance(one, NotReady)]
    if outages and all(isinstance(one, LinkError) for one in found.values()):
        raise next((one for one in outages if isinstance(one, RateLimited)), outages[0])
    return found


def only_of(found: Documents, resource: Resource) -> Any:
    """The document of one resource. Raises the LinkError that stands in its place."""
    document = found[resource]
    if isinstance(document, LinkError):
        raise document
    return document
