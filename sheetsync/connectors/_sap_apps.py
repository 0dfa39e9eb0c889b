"""The address of an app of SAP's launchpad goes in, the list behind it and the filter that the address states come out."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

from sheetsync.errors import UnsupportedLink
from sheetsync.links import Address

APPS: Final = {
    "SalesOrder": "/sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder",
    "BusinessPartner": "/sap/opu/odata/sap/API_BUSINESS_PARTNER/A_BusinessPartner",
    "Customer": "/sap/opu/odata/sap/API_BUSINESS_PARTNER/A_Customer",
    "Supplier": "/sap/opu/odata/sap/API_BUSINESS_PARTNER/A_Supplier",
    "PurchaseOrder": "/sap/opu/odata/sap/API_PURCHASEORDER_PROCESS_SRV/A_PurchaseOrder",
    "BillingDocument": "/sap/opu/odata/sap/API_BILLING_DOCUMENT_SRV/A_BillingDocument",
    "Product": "/sap/opu/odata/sap/API_PRODUCT_SRV/A_Product",
    "Material": "/sap/opu/odata/sap/API_PRODUCT_SRV/A_Product",
}
"""Semantic object of an app -> the list of SAP's published service that holds its business objects."""

PASTE: Final = (
    "Add what the app filters by, #where=FIELD:VALUE, or paste the address of the service itself, such as "
    "https://HOST/sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder."
)

_NAME: Final = r"[A-Za-z_]\w{0,127}"
_INTENT: Final = re.compile(r"(?P<app>[A-Za-z]\w*)-\w+(\?(?P<given>[^?]*?))?(&/(?P<route>.*))?", re.DOTALL)


def of_app(address: Address, *, explicit: bool) -> tuple[str, str]:
    """The list behind an app, and the conditions that its address states. Raises UnsupportedLink: unknown app, hidden filter."""
    match = _INTENT.fullmatch(unquote(address.fragment))
    path = APPS.get(match["app"]) if match else None
    if match is None or path is None:
        raise UnsupportedLink(
            "Which service lies behind this app of SAP is not known.",
            use_instead="Paste the address of the service itself, such as "
            "https://HOST/sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder.",
        )
    given = [part.partition("=") for part in (match["given"] or "").split("&") if part]
    plain = [(name, value) for name, _, value in given if not name.startswith("sap-")]
    hidden = bool(match["route"] and match["route"].strip("/?")) or any(name.endswith("app-state") for name, _, _ in given)
    if not explicit and (hidden or not plain):
        raise UnsupportedLink("The filter of this app of SAP does not stand in its address.", use_instead=PASTE)
    names = [name for name, _ in plain]
    if len(set(names)) != len(names):  # several values of one field are alternatives there, and would all have to hold here
        raise UnsupportedLink("The filter in the address of this app of SAP cannot be read.", use_instead=PASTE)
    if any(not re.fullmatch(_NAME, name) or '"' in value or not value for name, value in plain):
        raise UnsupportedLink("The filter in the address of this app of SAP cannot be read.", use_instead=PASTE)
    quoted = [f'{name}:"{value}"' if not re.fullmatch(r"[\w-]+", value) else f"{name}:{value}" for name, value in plain]
    return path, ",".join(quoted)
