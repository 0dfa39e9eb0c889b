"""Questions that fit into one call go in, an answer or an error for each comes out: a bad one spoils no other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sheetsync.errors import BadCredentials, LinkError, NoSuchMetric, NotReady, Unavailable
from sheetsync.model import Resource


def asked(wanted: Sequence[Resource], ask: Callable[[Sequence[Resource]], Mapping[Resource, Any]]) -> dict[Resource, Any]:
    """What `ask` brings for all of them, or the LinkError of each.

    A call that is refused because of its words (NoSuchMetric) is asked again in halves, until the question that is wrong stands
    alone. Raises what concerns the whole account: BadCredentials, Unavailable, RateLimited.
    """
    try:
        return dict(ask(wanted))
    except NoSuchMetric as error:
        if len(wanted) == 1:
            return {wanted[0]: error}
    except NotReady as error:
        return dict.fromkeys(wanted, error)
    except (BadCredentials, Unavailable):
        raise
    except LinkError as error:
        return dict.fromkeys(wanted, error)
    half = len(wanted) // 2
    return asked(wanted[:half], ask) | asked(wanted[half:], ask)
