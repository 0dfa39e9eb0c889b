"""Mailchimp: the address of a campaign's report, an audience or a segment goes in, opens, clicks or contacts come out.

API            Marketing API 3.0, https://mailchimp.com/developer/marketing/api/ (specification 3.0.55)
Key            Account & billing > Extras > API keys. Mailchimp's keys cannot be narrowed: create one for sheetsync alone.
Ids            Addresses in the browser carry the `web_id`; the API wants another id. One listing gives the ids of all rows,
               and they are kept, since they never change.
Real service   not yet run against it; checked against its specification and against recorded replies
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, Final

from sheetsync.connectors import _mailchimp as calls
from sheetsync.connectors.base import Connector, Example, Limits, LinkPattern, Metric, Settings, another_account, setting
from sheetsync.errors import ConfigError, LinkError, NoSuchMetric
from sheetsync.model import PERCENT, Link, Resource
from sheetsync.secrets import Secret
from sheetsync.web.auth import Auth, Basic, Bearer
from sheetsync.web.consent import OWN_NUMBER, Consent
from sheetsync.web.http import Reply, Web

_ADMIN: Final = r"(?P<dc>us\d{1,2})\.admin\.mailchimp\.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailchimpSettings(Settings):
    api_key: Secret = setting("API key, such as …-us21; the part behind the last hyphen is the data centre.")
    data_center: str = setting("Data centre, only where api_key holds a token of OAuth: us21.", "", asked=False)


class Mailchimp(Connector[MailchimpSettings]):
    title = "Mailchimp"
    settings_type = MailchimpSettings
    home = ("https://{data_center}.api.mailchimp.com",)
    path = "/3.0"
    # Ten connections at once are allowed for a key (https://mailchimp.com/developer/marketing/docs/fundamentals/#throttling);
    # other programs use the same key, so we take four.
    limits = Limits(concurrency=4)

    links = (
        LinkPattern("campaign", _ADMIN, r"/reports/(summary|overview|show)/?", {"id": r"\d{1,12}"}),
        LinkPattern("campaign", _ADMIN, r"/campaigns/(edit|show|wizard/\w+)/?", {"id": r"\d{1,12}"}),
        LinkPattern("campaign", r"(?P<dc>us\d{1,2})\.campaign-archive\.com", "/", {"u": r"[0-9a-f]+", "id": r"[0-9a-f]{10}"}),
        LinkPattern("segment", _ADMIN, r"/lists/segments/?", {"id": r"\d{1,12}"}),
        LinkPattern("segment", _ADMIN, r"/lists/members/view/?", {"id": r"\d{1,12}", "use_segment": "Y"}),
        LinkPattern("list", _ADMIN, r"/(lists|audience)/(members|dashboard/overview|settings|contacts)/?", {"id": r"\d{1,12}"}),
        LinkPattern("list", _ADMIN, r"/audience/contacts/?", {"listId": r"(?P<id>\d{1,12})"}),
        LinkPattern(
            "journey", _ADMIN, r"/(customer-journey|automations|landing-pages)/.*",
            instead="Paste the address of a campaign's report, an audience or a segment.",
        ),
        LinkPattern(
            "short", r"mailchi\.mp", "/.+", instead="Paste the address of the campaign's report page, not its short link.",
        ),
    )  # fmt: skip
    metrics = {
        "campaign": (
            Metric("open_rate", "recipients who opened, of those delivered", "opens.open_rate", PERCENT),
            Metric("click_rate", "recipients who clicked, of those delivered", "clicks.click_rate", PERCENT),
            Metric("emails_sent", "mails sent", "emails_sent"),
            Metric("opens", "all opens", "opens.opens_total"),
            Metric("unique_opens", "recipients who opened", "opens.unique_opens"),
            Metric("clicks", "all clicks", "clicks.clicks_total"),
            Metric("unique_clicks", "recipients who clicked", "clicks.unique_subscriber_clicks"),
            Metric("unsubscribed", "recipients who left", "unsubscribed"),
            Metric("hard_bounces", "addresses that do not exist", "bounces.hard_bounces"),
            Metric("orders", "orders of a connected shop", "ecommerce.total_orders"),
            Metric("revenue", "revenue of a connected shop", "ecommerce.total_revenue", currency="ecommerce.currency_code"),
        ),
        "list": (
            Metric("members", "contacts who are subscribed", "stats.member_count"),
            Metric("contacts", "contacts in any state, rounded by Mailchimp", "stats.total_contacts", approximate=True),
            Metric("unsubscribed", "contacts who left", "stats.unsubscribe_count"),
            Metric("cleaned", "contacts whose address does not exist", "stats.cleaned_count"),
            Metric("open_rate", "mean open rate of its campaigns", "stats.open_rate", of_hundred=True),
            Metric("click_rate", "mean click rate of its campaigns", "stats.click_rate", of_hundred=True),
        ),
        "segment": (Metric("members", "contacts in the segment", "member_count"),),
    }
    examples = (
        Example(
            "https://us21.admin.mailchimp.com/reports/summary?id=1234567", "campaign/1234567?dc=us21", "open_rate",
            {"emails_sent": 200, "opens": {"open_rate": 0.425}}, Decimal("0.425"), PERCENT,
        ),
        Example(
            "https://us21.admin.mailchimp.com/campaigns/show/?id=1234567#metric=revenue", "campaign/1234567?dc=us21", "revenue",
            {"ecommerce": {"total_revenue": 1250.5, "currency_code": "EUR"}}, Decimal("1250.5"), "EUR",
        ),
        Example(
            "https://us1.campaign-archive.com/?u=0123456789abcdef&id=0a1b2c3d4e", "campaign/0a1b2c3d4e?dc=us1&by=id", "open_rate",
        ),
        Example(
            "https://us21.admin.mailchimp.com/lists/members/?id=98765", "list/98765?dc=us21", "members",
            {"stats": {"member_count": 0}}, Decimal(0),
        ),
        Example(
            "https://us21.admin.mailchimp.com/audience/contacts?listId=98765#metric=open_rate", "list/98765?dc=us21", "open_rate",
            {"stats": {"open_rate": 31.5}}, Decimal("0.315"), PERCENT,
        ),
        Example(
            "https://us21.admin.mailchimp.com/lists/segments/?id=98765#filter=Newsletter DE",
            "segment/98765?dc=us21&name=Newsletter DE", "members", {"member_count": 412}, Decimal(412),
        ),
    )  # fmt: skip
    unsupported = (
        "https://us21.admin.mailchimp.com/customer-journey/explore?id=1",
        "https://us21.admin.mailchimp.com/landing-pages/editor?id=1",
        "https://mailchi.mp/acme/summer-sale",
    )

    def auth(self) -> Auth:
        # The user name is not looked at (https://mailchimp.com/developer/marketing/docs/fundamentals/#authenticate).
        key = self.settings.api_key
        return Bearer(key) if self.settings.data_center else Basic("sheetsync", key)

    def consent(self) -> Consent:
        # A token of OAuth does not end (https://mailchimp.com/developer/marketing/guides/access-user-data-oauth-2/).
        login = self.settings.api_url.rstrip("/") or calls.LOGIN
        return Consent(
            f"{calls.LOGIN}/oauth2/authorize", f"{login}/oauth2/token", pkce=False, redirect=OWN_NUMBER,
            settings=partial(calls.granted, login=login),
        )  # fmt: skip

    @classmethod
    def chosen(cls, kind: str, ids: Mapping[str, str], link: Link) -> tuple[Resource, str]:
        params = [("dc", ids["dc"])]
        if "u" in ids:
            params.append(("by", "id"))
        if kind == "segment":
            name = link.option("filter")
            if not name:
                raise NoSuchMetric(
                    "This page lists all segments of an audience.",
                    advice="Add #filter=NAME with the name of the segment behind the link.",
                )
            params.append(("name", name))
        return Resource(kind, ids["id"], tuple(params)), cls.metric_of(kind, link).name

    def fetch(self, resource: Resource, web: Web) -> Any:
        given, account = dict(resource.params), calls.Account(partial(self.ask, web), self.lookups)
        if given["dc"] != self._data_center():
            raise another_account(self.title, given["dc"])
        if resource.kind == "campaign":
            return account.report(resource.id, is_web_id=given.get("by") != "id")
        if resource.kind == "list":
            return account.audience(resource.id)
        return account.segment(resource.id, given["name"])

    def refine(self, reply: Reply) -> LinkError | None:
        return calls.meaning(reply)

    def probe(self, web: Web) -> None:
        self.ask(web, "/ping")

    # --- where the account lies

    def base(self) -> str:
        return (self.settings.api_url or self.home[0].format(data_center=self._data_center())).rstrip("/")

    def _data_center(self) -> str:
        center = self.settings.data_center or self.settings.api_key.reveal().rpartition("-")[2]
        if not re.fullmatch(calls.CENTER, center):
            raise ConfigError(
                "The Mailchimp key of the account {account} does not end in a data centre such as -us21.", account=self.account
            )
        return center
