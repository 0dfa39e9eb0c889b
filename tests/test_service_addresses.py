"""Every form of an address that the twelve services show in a browser, at each of their hosts, and what `explain` says of it."""

from __future__ import annotations

from datetime import date
from typing import Final

import pytest

from sheetsync.connectors.registry import Registry, builtin
from sheetsync.explain import explain
from sheetsync.texts import Texts

ID: Final = "11111111-2222-3333-4444-555555555555"
GROUP: Final = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
TOKEN: Final = "BPAkhAawaMN8C17tmmNFxjZ0KOiJJ3FCQU4krShVQhg_3D"
REPORT, BOARD, VIEW = "00O5g00000ABCdeEAH", "01Z5g000000ABCdEAM", "00B5g00000ABCdeEAH"
DAYS: Final = "#metric=sessions&period=2026-01-01..2026-03-31"

REGISTRY: Final = Registry(builtin())

ANSWERED: Final = {
    ("salesforce", "report"): (
        f"https://acme.lightning.force.com/lightning/r/Report/{REPORT}/view",
        f"https://acme.my.salesforce.com/lightning/r/Report/{REPORT}/view",
        f"https://acme--uat.sandbox.lightning.force.com/lightning/r/Report/{REPORT}/view",
        f"https://acme--uat.sandbox.my.salesforce.com/lightning/r/Report/{REPORT}/view",
        f"https://acme-dev-ed.develop.lightning.force.com/lightning/r/Report/{REPORT}/view",
        f"https://acme.trailblaze.lightning.force.com/lightning/r/Report/{REPORT}/view",
        f"https://acme-dev-ed.trailblaze.my.salesforce.com/lightning/r/Report/{REPORT}/view",
        f"https://acme.my.salesforce.mil/lightning/r/Report/{REPORT}/view",
        f"https://acme.lightning.crmforce.mil/lightning/r/Report/{REPORT}/view",
        f"https://acme.lightning.sfcrmapps.cn/lightning/r/Report/{REPORT}/view",
        f"https://acme.lightning.force.com/lightning/r/Report/{REPORT[:15]}/view?queryScope=userFolders",
        f"https://acme.my.salesforce.com/{REPORT[:15]}",
        f"https://acme.my.salesforce.com/{REPORT}",
    ),
    ("salesforce", "dashboard"): (
        f"https://acme.lightning.force.com/lightning/r/Dashboard/{BOARD}/view#item=Pipeline",
        f"https://acme.my.salesforce.com/{BOARD[:15]}#item=1",
    ),
    ("salesforce", "list"): (
        "https://acme.lightning.force.com/lightning/o/Lead/list?filterName=AllOpenLeads",
        f"https://acme.lightning.force.com/lightning/o/Opportunity/list?filterName={VIEW}",
        f"https://acme.lightning.force.com/lightning/o/My_Thing__c/list?x=1&filterName={VIEW[:15]}",
        f"https://acme.my.salesforce.com/00Q?fcf={VIEW[:15]}",
    ),
    ("salesforce", "record"): (
        "https://acme.lightning.force.com/lightning/r/Campaign/7015g000000ABCdAAO/view#metric=NumberOfLeads",
        "https://acme.lightning.force.com/lightning/r/7015g000000ABCdAAO/view#metric=NumberOfLeads",
    ),
    ("hubspot", "list"): (
        "https://app.hubspot.com/contacts/12345/objectLists/321",
        "https://app-eu1.hubspot.com/contacts/12345/objectLists/321",
        "https://app-na2.hubspot.com/contacts/12345/objectLists/321",
        "https://app-na3.hubspot.com/contacts/12345/objectLists/321",
        "https://app-ap1.hubspot.com/contacts/12345/objectLists/321",
        "https://app-ca1.hubspot.com/contacts/12345/objectLists/321",
        "https://app.hubspot.com/contacts/12345/objectLists/321/filters",
        "https://app.hubspot.com/contacts/12345/lists/77",
    ),
    ("hubspot", "objects"): (
        "https://app.hubspot.com/contacts/12345/objects/0-1/views/all/list",
        "https://app.hubspot.com/contacts/12345/objects/2-9912345/views/all/list",
        "https://app.hubspot.com/contacts/12345/objects/0-3/views/all/board#where=pipeline:default",
        "https://app.hubspot.com/contacts/12345/deals/board/view/all/#where=dealstage:closedwon",
        "https://app.hubspot.com/contacts/12345/contacts/list/view/all/",
        "https://app.hubspot.com/contacts/12345/companies/list/view/all",
        "https://app.hubspot.com/contacts/12345/tickets/list/view/all/",
    ),
    ("hubspot", "record"): ("https://app.hubspot.com/contacts/12345/record/0-3/987654#column=amount",),
    ("hubspot", "email"): ("https://app.hubspot.com/email/12345/details/555666/performance",),
    ("hubspot", "campaign"): (f"https://app.hubspot.com/marketing/12345/campaigns/details/{ID}",),
    ("dynamics", "view"): (
        f"https://acme.crm.dynamics.com/main.aspx?appid={ID}&pagetype=entitylist&etn=lead&viewid={ID}&viewType=1039",
        f"https://acme.crm2.dynamics.com/main.aspx?appid={ID}&pagetype=entitylist&etn=lead&viewid={ID}&viewType=1039",
        f"https://acme.crm3.dynamics.com/main.aspx?appid={ID}&pagetype=entitylist&etn=lead&viewid={ID}&viewType=1039",
        f"https://acme.crm4.dynamics.com/main.aspx?appid={ID}&pagetype=entitylist&etn=lead&viewid={ID}&viewType=1039",
        f"https://acme.crm5.dynamics.com/main.aspx?appid={ID}&pagetype=entitylist&etn=lead&viewid={ID}&viewType=1039",
        f"https://acme.crm6.dynamics.com/main.aspx?appid={ID}&pagetype=entitylist&etn=lead&viewid={ID}&viewType=1039",
        f"https://acme.crm7.dynamics.com/main.aspx?appid={ID}&pagetype=entitylist&etn=lead&viewid={ID}&viewType=1039",
        f"https://acme.crm8.dynamics.com/main.aspx?appid={ID}&pagetype=entitylist&etn=lead&viewid={ID}&viewType=1039",
        f"https://acme.crm9.dynamics.com/main.aspx?appid={ID}&pagetype=entitylist&etn=lead&viewid={ID}&viewType=1039",
        f"https://acme.crm11.dynamics.com/main.aspx?appid={ID}&pagetype=entitylist&etn=lead&viewid={ID}&viewType=1039",
        f"https://acme.crm12.dynamics.com/main.aspx?appid={ID}&pagetype=entitylist&etn=lead&viewid={ID}&viewType=1039",
        f"https://acme.crm14.dynamics.com/main.aspx?appid={ID}&pagetype=entitylist&etn=lead&viewid={ID}&viewType=1039",
        f"https://acme.crm15.dynamics.com/main.aspx?appid={ID}&pagetype=entitylist&etn=lead&viewid={ID}&viewType=1039",
        f"https://acme.crm16.dynamics.com/main.aspx?appid={ID}&pagetype=entitylist&etn=lead&viewid={ID}&viewType=1039",
        f"https://acme.crm17.dynamics.com/main.aspx?appid={ID}&pagetype=entitylist&etn=lead&viewid={ID}&viewType=1039",
        f"https://acme.crm19.dynamics.com/main.aspx?appid={ID}&pagetype=entitylist&etn=lead&viewid={ID}&viewType=1039",
        f"https://acme.crm20.dynamics.com/main.aspx?appid={ID}&pagetype=entitylist&etn=lead&viewid={ID}&viewType=1039",
        f"https://acme.crm21.dynamics.com/main.aspx?appid={ID}&pagetype=entitylist&etn=lead&viewid={ID}&viewType=1039",
        f"https://acme.crm.microsoftdynamics.us/main.aspx?pagetype=entitylist&etn=lead&viewid=%7B{ID}%7D&viewtype=4230",
        f"https://acme.crm.appsplatform.us/main.aspx?pagetype=entitylist&etn=lead&viewid=%7B{ID}%7D&viewtype=4230",
        f"https://acme.crm.dynamics.cn/main.aspx?pagetype=entitylist&etn=lead&viewid=%7B{ID}%7D&viewtype=4230",
        f"https://acme.api.crm4.dynamics.com/main.aspx?pagetype=entitylist&etn=lead&viewid=%7B{ID}%7D&viewtype=4230",
        f"https://acme.crm4.dynamics.com/main.aspx#pagetype=entitylist&etn=lead&viewid={ID}",
    ),
    ("dynamics", "record"): (
        f"https://acme.crm4.dynamics.com/main.aspx?pagetype=entityrecord&etn=account&id={ID}#metric=revenue",
    ),
    ("pipedrive", "deals"): (
        "https://acme.pipedrive.com/pipeline/3",
        "https://acme.pipedrive.com/pipeline/3/user/77",
        "https://acme.pipedrive.com/pipeline/3/user/everyone",
        "https://acme.pipedrive.com/pipeline/3/user/everyone?x=1",
        "https://acme.pipedrive.com/pipeline/3/filter/9#where=status:open",
        "https://acme.pipedrive.com/deals/filter/12#where=status:all",
        "https://acme.pipedrive.com/deals/list/filter/12",
        "https://acme.pipedrive.com/deals/user/77#where=status:won",
        "https://acme.pipedrive.com/deals/user/everyone#where=status:won",
    ),
    ("pipedrive", "deal"): ("https://acme.pipedrive.com/deal/17",),
    ("pipedrive", "persons"): (
        "https://acme.pipedrive.com/persons/filter/28",
        "https://acme.pipedrive.com/persons/list/user/everyone",
    ),
    ("pipedrive", "organizations"): ("https://acme.pipedrive.com/organizations/list/filter/28",),
    ("pipedrive", "activities"): (
        "https://acme.pipedrive.com/activities/list/filter/9",
        "https://acme.pipedrive.com/activities/list/user/77",
    ),
    ("pipedrive", "leads"): ("https://acme.pipedrive.com/leads/inbox?filter=4",),
    ("pipedrive", "goal"): (
        "https://acme.pipedrive.com/progress/insights/goals/5665cef556ddff22606fc8f6c0004807#period=2026-01-01..2026-03-31",
        "https://acme.pipedrive.com/progress/goal/5665cef556ddff22606fc8f6c0004807#period=2026-01-01..2026-03-31",
    ),
    ("sap", "rows"): (
        "https://my300000.s4hana.cloud.sap/sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder/$count?$filter=SalesOrderType%20eq%20'OR'",
        "https://my300000-api.s4hana.cloud.sap/sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder/$count?$filter=SalesOrderType%20eq%20'OR'",
        "https://my300000.s4hana.ondemand.com/sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder/$count?$filter=SalesOrderType%20eq%20'OR'",
        "https://erp.acme.example:44300/sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder/$count?$filter=SalesOrderType%20eq%20'OR'",
        "https://sandbox.api.sap.com/s4hanacloud/sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder/$count?$filter=SalesOrderType%20eq%20'OR'",
        "https://my300000.s4hana.cloud.sap/sap/opu/odata4/sap/api_salesorder/srvd_a2x/sap/salesorder/0001/SalesOrder",
        "https://my300000.s4hana.cloud.sap/ui#SalesOrder-manage&/?sap-iapp-state=TAS1#where=SalesOrderType:OR",
        "https://erp.acme.example/sap/bc/ui2/flp?sap-client=100#SalesOrder-manage?SalesOrganization=1710",
        "https://erp.acme.example/sap/bc/ui5_ui5/ui2/ushell/shells/abap/FioriLaunchpad.html#BusinessPartner-manage?Country=DE",
        "https://erp.acme.example/sap/opu/odata/sap/API_MAINTENANCEORDER;v=0002/MaintenanceOrder",
    ),
    ("surveymonkey", "survey"): (
        f"https://www.surveymonkey.com/analyze/{TOKEN}",
        f"https://surveymonkey.com/analyze/{TOKEN}",
        f"https://eu.surveymonkey.com/analyze/{TOKEN}",
        f"https://www.surveymonkey.ca/analyze/{TOKEN}",
        f"https://www.surveymonkey.co.uk/analyze/{TOKEN}",
        f"https://www.surveymonkey.de/analyze/{TOKEN}",
        f"https://www.surveymonkey.com/analyze/browse/{TOKEN}",
        f"https://www.surveymonkey.com/analyze/data/{TOKEN}/",
        f"https://www.surveymonkey.com/summary/{TOKEN}",
        f"https://www.surveymonkey.com/create/?sm={TOKEN}",
        f"https://www.surveymonkey.com/collect/list?sm={TOKEN}",
        f"https://www.surveymonkey.com/r/Preview/?sm={TOKEN}",
        f"https://www.surveymonkey.com/r/preview/?sm={TOKEN}",
        "https://api.surveymonkey.com/v3/surveys/307785415",
    ),
    ("mailchimp", "campaign"): (
        "https://us21.admin.mailchimp.com/reports/summary?id=12",
        "https://us21.admin.mailchimp.com/reports/overview?id=12",
        "https://us21.admin.mailchimp.com/reports/show?x=1&id=12",
        "https://us21.admin.mailchimp.com/campaigns/edit?id=12",
        "https://us21.admin.mailchimp.com/campaigns/show/?id=12",
        "https://us21.admin.mailchimp.com/campaigns/wizard/confirm?id=12",
        "https://us1.campaign-archive.com/?u=0123456789abcdef&id=0a1b2c3d4e",
        "https://us6.admin.mailchimp.com/reports/summary?id=12",
    ),
    ("mailchimp", "list"): (
        "https://us21.admin.mailchimp.com/lists/members/?id=9",
        "https://us21.admin.mailchimp.com/lists/members?id=9",
        "https://us21.admin.mailchimp.com/audience/dashboard/overview?id=9",
        "https://us21.admin.mailchimp.com/lists/settings/?id=9",
        "https://us21.admin.mailchimp.com/audience/contacts?listId=9",
        "https://us21.admin.mailchimp.com/audience/contacts?id=9",
        "https://us21.admin.mailchimp.com/lists/dashboard/overview?id=9",
    ),
    ("mailchimp", "segment"): (
        "https://us21.admin.mailchimp.com/lists/segments/?id=9#filter=VIP",
        "https://us21.admin.mailchimp.com/lists/members/view?id=9&use_segment=Y#filter=VIP",
    ),
    ("powerbi", "report"): (
        f"https://app.powerbi.com/groups/{GROUP}/reports/{ID}/ReportSection1#metric=Leads",
        f"https://app.fabric.microsoft.com/groups/{GROUP}/reports/{ID}/ReportSection1#metric=Leads",
        f"https://msit.powerbi.com/groups/{GROUP}/reports/{ID}/ReportSection1#metric=Leads",
        f"https://app.powerbigov.us/groups/{GROUP}/reports/{ID}/ReportSection1#metric=Leads",
        f"https://app.high.powerbigov.us/groups/{GROUP}/reports/{ID}/ReportSection1#metric=Leads",
        f"https://app.mil.powerbigov.us/groups/{GROUP}/reports/{ID}/ReportSection1#metric=Leads",
        f"https://app.powerbi.cn/groups/{GROUP}/reports/{ID}/ReportSection1#metric=Leads",
        f"https://app.powerbi.com/groups/me/reports/{ID}?ctid={GROUP}&experience=power-bi#metric=Leads",
        f"https://app.powerbi.com/groups/{GROUP}/reports/{ID}/0123456789abcdef0123#metric=Leads",
        f"https://app.powerbi.com/groups/me/apps/{GROUP}/reports/{ID}#metric=Leads",
        f"https://app.powerbi.com/groups/me/apps/{GROUP}/reports/{ID}/ReportSection#metric=Leads",
        f"https://app.powerbi.com/reportEmbed?reportId={ID}&groupId={GROUP}#metric=Leads",
        f"https://app.powerbi.com/groups/{GROUP}/reports/{ID}?filter=Geo~2FCountry%20eq%20'DE'#metric=Leads",
    ),
    ("powerbi", "dataset"): (
        f"https://app.powerbi.com/groups/{GROUP}/datasets/{ID}/details#metric=Leads",
        f"https://app.powerbi.com/groups/{GROUP}/datahub/datasets/{ID}#metric=Leads",
        f"https://app.powerbi.com/groups/{GROUP}/modeling/{ID}#metric=Leads",
        f"https://app.powerbi.com/groups/{GROUP}/datasets/{ID}#metric=Leads",
    ),
    ("ga4", "report"): (
        f"https://analytics.google.com/analytics/web/#/a12p123456789/reports/intelligenthome{DAYS}",
        f"https://analytics.google.com/analytics/web/#/p123456789/reports/reportinghub{DAYS}",
        f"https://analytics.google.com/analytics/web/provision/#/p123456789/reports/reportinghub{DAYS}",
        f"https://analytics.google.com/analytics/web/?authuser=0#/p123456789/reports/reportinghub{DAYS}",
        f"https://analytics.google.com/analytics/web/#/p123456789/reports/dashboard?params=_u..nav%3Dmaui&r=lifecycle-traffic-acquisition-v2{DAYS}",
        f"https://analytics.google.com/analytics/web/#/p123456789/reports/explorer?params=_u..nav%3Dmaui&r=x{DAYS}",
        "https://analytics.google.com/analytics/web/#/p123456789/reports/explorer?params=_u..date00%3D20260101%26_u.date01%3D20260131&r=x",
    ),
    ("ga4", "realtime"): (
        "https://analytics.google.com/analytics/web/#/a12p123456789/realtime/overview",
        "https://analytics.google.com/analytics/web/#/p123456789/reports/realtime",
    ),
    ("bigquery", "query"): (
        "https://console.cloud.google.com/bigquery?project=acme-marketing#item=won_deals",
        "https://console.cloud.google.com/bigquery?project=acme-marketing&ws=!1m5!1m4!4m3!1sacme-marketing!2scrm!3sdeals#item=won_deals",
    ),
    ("tita", "okr"): (
        "https://www.tita.com/okr/2458586",
        "https://www.tita.com/u/110006?okrId=2458586#item=okr:2458586",
        "https://tita.com/okr/2458586",
        "https://tita.com/u/110006?okrId=2458586#item=okr:2458586",
        "https://acme.tita.com/okr/2458586",
        "https://acme.tita.com/u/110006?okrId=2458586#item=okr:2458586",
    ),
    ("tita", "kr"): (
        "https://www.tita.com/#item=kr:998877",
        "https://www.tita.com/u/110006?krId=998877",
        "https://tita.com/#item=kr:998877",
        "https://tita.com/u/110006?krId=998877",
        "https://acme.tita.com/#item=kr:998877",
        "https://acme.tita.com/u/110006?krId=998877",
    ),
}
"""Connector and kind -> addresses of that kind."""

REFUSED: Final = {
    "salesforce": (
        "https://acme.lightning.force.com/lightning/o/Lead/list?filterName=__Recent",
        "https://acme.lightning.force.com/lightning/o/Lead/list?filterName=Recent",
        "https://acme.lightning.force.com/analytics/dashboard/0FK5g000000ABCdGAM",
    ),
    "hubspot": (
        "https://app.hubspot.com/contacts/12345/objects/0-1/views/8765/list",
        "https://app.hubspot.com/contacts/12345/objects/0-1/views/my/list",
        "https://app.hubspot.com/contacts/12345/deals/list/view/4711/",
        "https://app.hubspot.com/reports-dashboard/12345/view/678",
        "https://app.hubspot.com/report-builder/12345/x",
        "https://app.hubspot.com/analyze/12345/x",
        f"https://app.hubspot.com/forms/12345/{ID}/performance",
    ),
    "dynamics": (
        "https://acme.crm4.dynamics.com/main.aspx?pagetype=entitylist&etn=lead",
        f"https://acme.crm4.dynamics.com/main.aspx?pagetype=dashboard&id={ID}",
        f"https://acme.crm4.dynamics.com/crmreports/viewer/viewer.aspx?id={ID}",
    ),
    "pipedrive": (
        "https://acme.pipedrive.com/progress/insights/report/abc",
        "https://acme.pipedrive.com/leads/inbox",
    ),
    "sap": (
        "https://my300000.s4hana.cloud.sap/ui#SalesOrder-manage&/?sap-iapp-state=TAS1",
        "https://erp.acme.example/sap/bc/gui/sap/its/webgui?~transaction=VA05",
        "https://acme.eu10.sapanalytics.cloud/sap/fpa/ui/app.html",
    ),
    "surveymonkey": (
        "https://www.surveymonkey.com/results/SM-ABC123XYZ/",
        "https://www.surveymonkey.com/r/7XGV2KP",
    ),
    "mailchimp": (
        "https://us21.admin.mailchimp.com/landing-pages/editor?id=1",
        "https://us21.admin.mailchimp.com/customer-journey/explore?id=1",
        "https://us21.admin.mailchimp.com/automations/x",
        "https://mailchi.mp/acme/summer",
    ),
    "powerbi": (
        f"https://app.powerbi.com/groups/{GROUP}/dashboards/{ID}",
        f"https://app.powerbi.com/groups/me/dashboards/{ID}",
        f"https://app.powerbi.com/groups/me/rdlreports/{ID}",
        f"https://app.powerbi.com/links/aBcDeFgH?ctid={ID}",
        "https://app.powerbi.com/view?r=eyJrIjoiMTEifQ",
        f"https://app.powerbi.com/groups/{GROUP}/scorecards/{ID}",
    ),
    "looker_studio": (
        f"https://lookerstudio.google.com/reporting/{ID}",
        f"https://lookerstudio.google.com/u/0/reporting/{ID}/page/1M",
        "https://lookerstudio.google.com/s/aBcDeFgHiJk",
        f"https://lookerstudio.google.com/embed/reporting/{ID}/page/p_1",
        f"https://lookerstudio.google.com/datasources/{ID}",
        "https://lookerstudio.google.com/reporting/create?ds.ds0.connector=bigQuery&ds.ds0.projectId=acme",
        f"https://datastudio.google.com/reporting/{ID}",
        f"https://datastudio.google.com/u/0/reporting/{ID}/page/1M",
        "https://datastudio.google.com/s/aBcDeFgHiJk",
        f"https://datastudio.google.com/embed/reporting/{ID}/page/p_1",
        f"https://datastudio.google.com/datasources/{ID}",
        "https://datastudio.google.com/reporting/create?ds.ds0.connector=bigQuery&ds.ds0.projectId=acme",
    ),
    "ga4": (
        "https://analytics.google.com/analytics/web/#/p123456789/analysis/w-0_AbCdEf",
        "https://analytics.google.com/analytics/web/#/report/visitors-overview/a1234w5678p9012/",
    ),
    "tita": ("https://www.tita.com/",),
}
"""Connector -> pages that it gives no number of."""


def explained(link: str) -> dict[str, object]:
    return explain(link, REGISTRY, Texts("en"), date(2026, 2, 3))


@pytest.mark.parametrize(("connector", "kind", "link"), [(*what, link) for what, links in ANSWERED.items() for link in links])
def test_an_address_is_understood(connector: str, kind: str, link: str) -> None:
    said = explained(link)
    assert (said["state"], said["connector"], said["kind"]) == ("ok", connector, kind), said["message"]
    assert said["resource"]
    assert said["metric"]
    assert isinstance(said["metrics"], list)


@pytest.mark.parametrize(("connector", "link"), [(connector, link) for connector, links in REFUSED.items() for link in links])
def test_a_page_without_a_number_is_answered_with_what_to_paste(connector: str, link: str) -> None:
    said = explained(link)
    assert said["state"] == "unsupported"
    assert said["connector"] == connector
    assert said["advice"]


def test_all_twelve_are_here() -> None:
    assert len({connector for connector, _ in ANSWERED} | set(REFUSED)) == 12
