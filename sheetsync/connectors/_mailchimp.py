"""What Mailchimp answered goes in, the error that it means or the account that it speaks of comes out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from sheetsync.connectors.base import walk_or_none
from sheetsync.errors import LinkError, NotFound, RateLimited, UnexpectedReply
from sheetsync.web.http import Reply, Web

LOGIN: Final = "https://login.mailchimp.com"
CENTER: Final = r"us\d{1,2}"


def meaning(reply: Reply) -> LinkError | None:
    """Too many connections at once, and a firewall that answers in HTML when a key is overused; neither says for how long."""
    if reply.status == 403 and "html" in reply.headers.get("content-type", ""):
        return RateLimited("Mailchimp holds this key back for a while.", wait=60.0)
    if reply.status == 404 and "/reports/" in reply.path:
        return NotFound("Mailchimp has no report of this campaign.", advice="A campaign has a report as soon as it was sent.")
    return None


def granted(answer: Mapping[str, Any], web: Web, login: str = LOGIN) -> Mapping[str, str]:
    """The settings of an account whose owner agreed. A wrong token is answered by 200 with an error: the centre is looked at."""
    token = str(answer["access_token"])
    about = web.get_json(f"{login}/oauth2/metadata", headers={"Authorization": f"OAuth {token}"}, authorised=False)
    center = walk_or_none(about, "dc")
    if not isinstance(center, str) or not re.fullmatch(CENTER, center):
        raise UnexpectedReply("Mailchimp does not say in which data centre the account lies.")
    return {"api_key": token, "data_center": center}
