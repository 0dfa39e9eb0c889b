"""Power BI against the contract, its specification's samples, and its own traps."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sheetsync import links
from sheetsync.connectors._dax import Question, measure_of, query, url_conditions
from sheetsync.connectors._options import conditions_of
from sheetsync.connectors.powerbi import PowerBI
from sheetsync.errors import (
    AccessDenied,
    BadCredentials,
    ConfigError,
    Incomplete,
    LinkError,
    NoSuchMetric,
    NotConnected,
    NotFound,
    NotReady,
    UnexpectedReply,
    UnsupportedLink,
)
from sheetsync.model import Link, Outcome, Reading
from sheetsync.secrets import Secret, Vault
from sheetsync.testing import Answer, ConnectorContract, Stand, account_of, run_links

SAMPLES = Path(__file__).parents[3] / "shared" / "vendor-data" / "powerbi"
TENANT, APP = "0f0f0f0f-1111-2222-3333-444444444444", "99999999-1111-2222-3333-444444444444"
SECRET, TOKEN = "canary-client-secret", "eyJ0.canary-access-token"
WORKSPACE, REPORT, MODEL = (f"{digit * 8}-bbbb-cccc-dddd-eeeeeeeeeeee" for digit in "aef")
PAGE = f"https://app.powerbi.com/groups/{WORKSPACE}/reports/{REPORT}/ReportSection"
LINK = f"{PAGE}#metric=Total Revenue"
DATASET = f"https://app.powerbi.com/groups/{WORKSPACE}/datasets/{MODEL}"
LOOK_UP, RUN = f"/v1.0/myorg/groups/{WORKSPACE}/reports/{REPORT}", f"/v1.0/myorg/datasets/{MODEL}/executeQueries"
SIGN_IN = f"/{TENANT}/oauth2/v2.0/token"
SETTINGS = {"tenant": TENANT, "client_id": APP, "client_secret": SECRET}


def answer(**row: Any) -> Any:
    return {"results": [{"tables": [{"rows": [{f"[{name}]": value for name, value in row.items()}]}]}]}


class TestContract(ConnectorContract):
    connector = PowerBI
    settings = SETTINGS
    link = LINK
    value = Decimal("1250.5")
    main = RUN
    method = "POST"
    document = answer(v0=1250.5)
    place = "results.0.tables.0.rows.0.[v0]"
    other = f"https://app.powerbi.com/groups/{WORKSPACE}/datasets/{REPORT}#metric=Leads"
    error_body = {"results": [{"tables": [{"rows": [{"[v0]": 7}], "error": {"code": "CANARY"}}]}]}
    error_type = Incomplete
    wrong_type = LinkError
    canaries = (SECRET, TOKEN)
    strangers = (
        f"https://app.powerbi.com.evil.test/groups/{WORKSPACE}/reports/{REPORT}#metric=Leads",
        f"http://app.powerbi.com/groups/{WORKSPACE}/reports/{REPORT}#metric=Leads",
        f"https://app.powerbi.com:8443/groups/{WORKSPACE}/reports/{REPORT}#metric=Leads",
        f"https://powerbi.com/groups/{WORKSPACE}/reports/{REPORT}#metric=Leads",
        f"https://app.powerbi.com/groups/{WORKSPACE}/reports/nonsense#metric=Leads",
        f"https://app.powerbi.com/groups/{WORKSPACE}/../reports/{REPORT}#metric=Leads",
        f"https://app.powerbi.com/groups/{WORKSPACE}/list",
        "https://powerbi.microsoft.com/pricing/",
    )

    def script(self, stand: Stand) -> None:
        stand.answer(SIGN_IN, {"access_token": TOKEN, "expires_in": 3599}, method="POST")
        stand.answer(LOOK_UP, {"id": REPORT, "datasetId": MODEL})
        stand.answer(RUN.replace(MODEL, REPORT), answer(v0=7), method="POST")

    def _account(self, stand: Stand, **settings: Any) -> Any:
        return super()._account(stand, login_url=f"http://127.0.0.1:{stand.port}", **settings)


def outcomes_of(stand: Stand, *texts: str, **settings: Any) -> dict[str, Any]:
    stand.answer(SIGN_IN, {"access_token": TOKEN, "expires_in": 3599}, method="POST")
    base = f"http://127.0.0.1:{stand.port}"
    return run_links([account_of(PowerBI, {**SETTINGS, "api_url": base, "login_url": base, **settings})], texts)[0]


def one(reply: Any, text: str = f"{DATASET}#metric=Leads", **settings: Any) -> Outcome:
    with Stand() as stand:
        stand.answer(RUN, reply, method="POST")
        found: Outcome = outcomes_of(stand, text, **settings)[text]
        return found


def dax(measure: str, where: str = "") -> str:
    return query([Question(measure_of(measure), conditions_of(where))])


def resolved(text: str) -> str:
    link = links.parse(text)
    assert link is not None
    return str((PowerBI.resolve(link) or pytest.fail("not understood"))[0])


# --- what is asked


@pytest.mark.parametrize(
    ("measure", "where", "asked"),
    [
        ("Total Revenue", "", "CALCULATE([Total Revenue])"),
        ("[Total Revenue]", "", "CALCULATE([Total Revenue])"),
        ("'Sales Data'[Total Revenue]", "", "CALCULATE('Sales Data'[Total Revenue])"),
        ("Revenue(net)", "", "CALCULATE([Revenue(net)])"),
        ("[sum(x)]", "", "CALCULATE([sum(x)])"),
        ("count(Orders)", "", "CALCULATE(COUNTROWS('Orders'))"),
        ("mean(Orders[Amount])", "", "CALCULATE(AVERAGE('Orders'[Amount]))"),
        ("Distinct('Orders'[Customer])", "", "CALCULATE(DISTINCTCOUNT('Orders'[Customer]))"),
        ("X", "Orders[Amount]:>=5", "CALCULATE([X], ('Orders'[Amount] >= 5 && NOT ISBLANK('Orders'[Amount])))"),
        ("X", "Orders[Amount]:<12.50", "CALCULATE([X], ('Orders'[Amount] < 12.50 && NOT ISBLANK('Orders'[Amount])))"),
        (
            "X", "Orders[Day]:2026-01-01..2026-03-31",
            "CALCULATE([X], ('Orders'[Day] >= DATE(2026, 1, 1) && 'Orders'[Day] < DATE(2026, 4, 1) "
            "&& NOT ISBLANK('Orders'[Day])))",
        ),
        ("X", "Orders[Day]:>2026-12-31", "CALCULATE([X], ('Orders'[Day] >= DATE(2027, 1, 1) && NOT ISBLANK('Orders'[Day])))"),
    ],
)  # fmt: skip
def test_measures_and_spans(measure: str, where: str, asked: str) -> None:
    assert dax(measure, where) == f'EVALUATE ROW("v0", {asked})'


@pytest.mark.parametrize(
    ("value", "predicate"),
    [
        ("Germany", "('T'[C] == \"Germany\")"),
        ('"say ""hi"""', '(\'T\'[C] == "say ""hi""")'),
        ("2026", '(\'T\'[C] & "" = "2026")'),
        ("007", "('T'[C] == \"007\")"),
        ("true", '(\'T\'[C] & "" = "true")'),
        ("12.5", "('T'[C] == 12.5)"),
        ("12%", "('T'[C] == \"12%\")"),
        ("2026-02-28", "('T'[C] >= DATE(2026, 2, 28) && 'T'[C] < DATE(2026, 3, 1))"),
    ],
)
def test_values_of_filters_are_also_looked_for(value: str, predicate: str) -> None:
    asked = dax("X", f"T[C]:{value}")
    assert asked == f'EVALUATE ROW("v0", CALCULATE([X], {predicate}), "k0_0", COUNTROWS(FILTER(ALL(\'T\'[C]), {predicate})))'


@pytest.mark.parametrize(
    "text", ["", "[a][b]", "[a]]", "a'b", "sum(Orders)", "count()", 'x"', "count(a'b)", "sum('T'[a]b)", "[", "x\ny[", "a" * 101]
)
def test_what_is_no_measure_is_refused(text: str) -> None:
    with pytest.raises(NoSuchMetric) as raised:
        measure_of(text)
    assert raised.value.advice


@given(st.text(max_size=60), st.text(max_size=60))
def test_nothing_of_a_link_leaves_its_quotes(measure: str, value: str) -> None:
    """Taking names and texts out of the query leaves only the words of our own."""
    try:
        where = 'T[C]:"' + value.replace('"', '""') + '"'
        asked = dax(measure, where)
    except NoSuchMetric:
        return
    bare = re.sub(r'"(?:[^"]|"")*"', '""', asked)
    bare = re.sub(r"'[^']*'", "''", bare)
    bare = re.sub(r"\[[^\[\]]*\]", "[]", bare)
    words = set(re.findall(r"[^\W\d]+", bare))
    assert words <= {"EVALUATE", "ROW", "CALCULATE", "COUNTROWS", "FILTER", "ALL", "SUM", "AVERAGE", "MIN", "MAX",
                     "DISTINCTCOUNT", "DATE", "NOT", "ISBLANK"}  # fmt: skip
    assert not set(bare) & set(";{}@-/")


@given(st.text(min_size=1, max_size=40))
def test_a_measure_is_read_back_as_itself(text: str) -> None:
    try:
        first = measure_of(text)
    except NoSuchMetric:
        return
    assert measure_of(first) == first


def test_figures_of_one_model_share_a_query_and_reports_are_looked_up_once() -> None:
    with Stand() as stand:
        stand.answer(LOOK_UP, {"datasetId": MODEL.upper()})

        def row(seen: Any) -> Answer:
            wanted = seen.json()["queries"][0]["query"]
            figures = {"CALCULATE([Deals])": 5, "CALCULATE([Leads])": 6, "CALCULATE(COUNTROWS('Orders'))": None}
            places = {wanted.partition(f", {asked}")[0][-4:].strip(' "'): value for asked, value in figures.items()}
            return Answer.of(answer(**places))

        stand.answer(RUN, row, method="POST")
        texts = (f"{PAGE}#metric=Deals", f"{PAGE}#metric=[Leads]", f"{PAGE}#count(Orders)")
        assert [outcome.value for outcome in outcomes_of(stand, *texts).values()] == [5, 6, 0]
        assert [seen.path for seen in stand.seen] == [SIGN_IN, LOOK_UP, RUN]
        assert stand.seen[-1].json()["serializerSettings"] == {"includeNulls": True}


def test_a_misspelt_measure_fails_alone() -> None:
    def row(seen: Any) -> Answer:
        wanted = seen.json()["queries"][0]["query"]
        if "[Leeds]" in wanted:
            return Answer.of({"error": {"code": "DatasetExecuteQueriesError"}}, status=400)
        return Answer.of(answer(**{f"v{place}": 3 for place in range(wanted.count("CALCULATE"))}))

    with Stand() as stand:
        stand.answer(RUN, row, method="POST")
        good = [f"{DATASET}#metric={name}" for name in ("Deals", "Leads", "Orders")]
        found = outcomes_of(stand, *good, f"{DATASET}#metric=Leeds")
        assert [found[text].value for text in good] == [3, 3, 3]
        assert isinstance(found[f"{DATASET}#metric=Leeds"], NoSuchMetric)


def test_a_report_that_is_gone_leaves_the_others_alone() -> None:
    with Stand() as stand:
        stand.answer(LOOK_UP, Answer.of({"error": {"code": "PowerBIEntityNotFound"}}, status=404))
        stand.answer(RUN, answer(v0=3), method="POST")
        found = outcomes_of(stand, LINK, f"{DATASET}#metric=Leads")
        assert isinstance(found[LINK], NotFound)
        assert found[f"{DATASET}#metric=Leads"].value == 3


def test_row_level_rights_of_a_person() -> None:
    with Stand() as stand:
        stand.answer(RUN, answer(v0=3), method="POST")
        outcomes_of(stand, f"{DATASET}#metric=Leads", user="anna@acme.com")
        assert stand.seen[-1].json()["impersonatedUserName"] == "anna@acme.com"


# --- addresses


@pytest.mark.parametrize(
    ("text", "resource"),
    [
        (f"https://app.powerbi.com/groups/me/reports/{REPORT.upper()}#metric=X", f"report/{REPORT}?group=me&metric=[X]"),
        (f"https://app.fabric.microsoft.com/groups/{WORKSPACE}/reports/{REPORT}/0a1b2c3d4e5f60718293?ctid={TENANT}#metric=X",
         f"report/{REPORT}?group={WORKSPACE}&metric=X"),
        (f"https://app.powerbi.com/reportEmbed?reportId={REPORT}#metric=X", f"report/{REPORT}?metric=X"),
        (f"https://app.powerbigov.us/groups/{WORKSPACE}/datahub/datasets/{MODEL}#metric=X", f"dataset/{MODEL}?metric=X"),
        (f"{PAGE}?filter=Geo/Country%20eq%20%27Germany%27%20and%20Date/Year%20ge%202025#metric=X&where=T[C]:x",
         f"report/{REPORT}?group={WORKSPACE}&metric=X&where=T[C]:x,Geo[Country]:Germany,Date[Year]:>=2025"),
        (f"{PAGE}?filter=Sales_x0020_Data~2FCountry%20eq%20%27O%27%27Neil%27#metric=X",
         f"report/{REPORT}?group={WORKSPACE}&metric=X&where=Sales Data[Country]:O'Neil"),
    ],
)  # fmt: skip
def test_addresses(text: str, resource: str) -> None:
    assert resolved(text) == resource.replace("=[X]", "=X")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (PAGE, NoSuchMetric),
        (f"{LINK}&item=x", NoSuchMetric),
        (f"{LINK}&where=Country:Germany", NoSuchMetric),
        (f"{LINK}&where=T[C]:a,T[C]:b", NoSuchMetric),
        (f"{PAGE}?filter=T/C%20eq%20%27a%27#metric=X&where=T[C]:a", NoSuchMetric),
        (f"{PAGE}?filter=T/C%20in%20(%27a%27,%27b%27)#metric=X", UnsupportedLink),
        (f"{PAGE}?filter=T/C%20eq%20%27a%27%20or%20T/D%20eq%201#metric=X", UnsupportedLink),
        (f"{PAGE}?filter=T/C%20gt%20%27a%27#metric=X", UnsupportedLink),
        (f"{PAGE}?filter=T/C%20eq%201;DROP#metric=X", UnsupportedLink),
        (f"{PAGE}?filter=a_x005D_/C%20eq%201#metric=X", UnsupportedLink),
        (f"{PAGE}?bookmarkGuid=Bookmark1#metric=X", UnsupportedLink),
        (f"{PAGE}?filter=T/C%20eq%201&filter=T/D%20nonsense#metric=X", UnsupportedLink),
    ],
)
def test_addresses_that_would_be_another_number(text: str, kind: type[LinkError]) -> None:
    with pytest.raises(kind) as raised:
        resolved(text)
    assert raised.value.advice


@given(st.text(max_size=80))
def test_a_filter_of_an_address_is_read_whole_or_not_at_all(text: str) -> None:
    try:
        found = url_conditions(text)
    except UnsupportedLink:
        return
    assert bool(found) == bool(text.strip())


def test_cloud_and_tenant_choose_the_account() -> None:
    def serves(url: str, **settings: str) -> bool:
        link = links.parse(url)
        assert link is not None
        resource, _ = PowerBI.resolve(link) or pytest.fail("not understood")
        return account_of(PowerBI, {**SETTINGS, **settings}).serves(Link(link.url), resource)

    assert serves(LINK)
    assert not serves(LINK, cloud="us-gov")
    assert serves(LINK.replace("app.powerbi.com", "app.powerbigov.us"), cloud="us-gov")
    assert serves(LINK.replace("app.powerbi.com", "app.powerbi.cn"), cloud="china")
    assert serves(f"{PAGE}?ctid={TENANT.upper()}#metric=X")
    assert not serves(f"{PAGE}?ctid={APP}#metric=X")
    assert serves(f"{PAGE}?ctid={APP}#metric=X", tenant="acme.onmicrosoft.com")


@pytest.mark.parametrize(
    ("cloud", "api", "login"),
    [
        ("world", "https://api.powerbi.com", "https://login.microsoftonline.com"),
        ("us-gov", "https://api.powerbigov.us", "https://login.microsoftonline.com"),
        ("us-gov-high", "https://api.high.powerbigov.us", "https://login.microsoftonline.us"),
        ("us-gov-mil", "https://api.mil.powerbigov.us", "https://login.microsoftonline.us"),
        ("china", "https://api.powerbi.cn", "https://login.partner.microsoftonline.cn"),
    ],
)
def test_each_cloud_has_its_own_addresses(cloud: str, api: str, login: str) -> None:
    account = account_of(PowerBI, {**SETTINGS, "cloud": cloud})
    auth = account.auth()
    assert (list(account.origins()), list(auth.origins if auth else ())) == ([api], [login])


# --- the key


def test_an_app_cannot_see_a_persons_own_workspace() -> None:
    text = f"https://app.powerbi.com/groups/me/reports/{REPORT}#metric=X"
    with Stand() as stand:
        assert isinstance(outcomes_of(stand, text)[text], AccessDenied)
        assert not any(seen.path.endswith(REPORT) for seen in stand.seen)


def test_a_person_signs_in_and_the_new_refresh_token_is_kept(tmp_path: Path) -> None:
    kept = tmp_path / "token"
    kept.write_text("canary-first")
    kept.chmod(0o600)
    text = f"https://app.powerbi.com/groups/me/reports/{REPORT}#metric=X"
    with Stand() as stand:
        token = {"access_token": TOKEN, "expires_in": 3599, "refresh_token": "canary-second"}
        stand.answer(f"/v1.0/myorg/reports/{REPORT}", {"datasetId": MODEL})
        stand.answer(RUN, answer(v0=4), method="POST")
        stand.answer(SIGN_IN, token, method="POST")
        base = f"http://127.0.0.1:{stand.port}"
        place = Secret({"file": "token"}, Vault(tmp_path, {}), "refresh")
        account = account_of(PowerBI, {**SETTINGS, "api_url": base, "login_url": base, "refresh_token": place})
        assert run_links([account], [text])[0][text].value == 4  # type: ignore[union-attr]
        form = next(seen for seen in stand.seen if seen.path == SIGN_IN).form()
        assert (form["grant_type"], form["refresh_token"]) == ("refresh_token", "canary-first")
        assert form["scope"] == "https://analysis.windows.net/powerbi/api/.default offline_access"
    assert kept.read_text().strip() == "canary-second"


def test_an_app_report_is_looked_up_in_its_app() -> None:
    text = f"https://app.powerbi.com/groups/me/apps/{APP}/reports/{REPORT}#metric=X"
    with Stand() as stand:
        stand.answer(f"/v1.0/myorg/apps/{APP}/reports/{REPORT}", {"datasetId": MODEL})
        stand.answer(RUN, answer(v0=4), method="POST")
        assert outcomes_of(stand, text)[text].value == 4


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Answer(403, headers={"x-powerbi-error-info": "TokenExpired"}), BadCredentials),
        (Answer(401, headers={"x-powerbi-error-info": "PowerBINotAuthorizedException"}), AccessDenied),
        (Answer.of({"error": {"code": "PowerBINotAuthorizedException"}}, status=401), AccessDenied),
        (Answer.of({"error": {"code": "PowerBIEntityNotFound"}}, status=404), NotFound),
        (Answer.of({"error": {"code": "DatasetExecuteQueriesError", "pbi.error": {"details": []}}}, status=400), NoSuchMetric),
    ],
)
def test_what_an_error_means(reply: Answer, kind: type[LinkError]) -> None:
    outcome = one(reply)
    assert isinstance(outcome, kind)
    assert outcome.advice


def test_a_tenant_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError):
        account_of(PowerBI, {**SETTINGS, "tenant": "a/b"}).auth()
    assert isinstance(one(answer(v0=1), tenant="a/b"), NotConnected)


def test_the_probe_asks_for_one_workspace() -> None:
    with Stand() as stand:
        stand.answer("/v1.0/myorg/groups", {"value": []})
        base = f"http://127.0.0.1:{stand.port}"
        with stand.web(base) as web:
            account_of(PowerBI, {**SETTINGS, "api_url": base}).probe(web)
        assert stand.seen[-1].param("$top") == "1"


# --- what comes of it


def test_blank_is_no_zero_unless_the_operator_says_so() -> None:
    assert isinstance(one(answer(v0=None)), NotReady)
    zero = one(answer(v0=None), blank_is_zero=True)
    assert isinstance(zero, Reading)
    assert zero.value == 0


def test_a_value_that_the_model_does_not_have_is_no_zero() -> None:
    text = f"{DATASET}#count(Orders)&where=Geo[Country]:Germny,Geo[City]:Bonn"
    assert isinstance(one(answer(v0=None, k0_0=None, k0_1=1), text, blank_is_zero=True), NotFound)
    zero = one(answer(v0=None, k0_0=1, k0_1=1), text)
    assert isinstance(zero, Reading)
    assert zero.value == 0


@pytest.mark.parametrize(
    "reply",
    [
        {**answer(v0=7), "error": {"code": "x"}},
        {"results": [{**answer(v0=7)["results"][0], "error": {"code": "More than one result table in a query"}}]},
    ],
)
def test_an_error_beside_the_data_makes_it_a_part(reply: Any) -> None:
    assert isinstance(one(reply), Incomplete)


@pytest.mark.parametrize("rows", [[], [{"[v0]": 1}, {"[v0]": 2}], None, [7]])
def test_other_answers_are_no_figure(rows: Any) -> None:
    assert isinstance(one({"results": [{"tables": [{"rows": rows}]}]}), UnexpectedReply)


def test_a_mark_before_the_json_does_not_matter() -> None:
    body = b"\xef\xbb\xbf" + json.dumps(answer(v0=1250.125)).encode()
    outcome = one(Answer(200, body, {"content-type": "application/json"}))
    assert isinstance(outcome, Reading)
    assert outcome.value == Decimal("1250.125")


def test_the_last_refresh_is_the_figures_moment() -> None:
    text = f"{DATASET}#metric=Leads"
    listed = [{"status": "Unknown"}, {"status": "Failed", "endTime": "2026-04-03T01:00:00Z"},
              {"status": "Completed", "endTime": "2026-04-02T01:00:00.123Z"}]  # fmt: skip
    for value, moment in ((listed, datetime(2026, 4, 2, 1, 0, 0, 123000, tzinfo=UTC)), ([], None)):
        with Stand() as stand:
            stand.answer(RUN, answer(v0=3), method="POST")
            stand.answer(f"/v1.0/myorg/datasets/{MODEL}/refreshes", {"value": value})
            assert outcomes_of(stand, text, refreshed=True)[text].as_of == moment


# --- the samples of the specification


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples are not part of the project")
def test_a_sample_report_leads_to_its_model() -> None:
    sample = json.loads((SAMPLES / "example_Reports_GetReportInGroup.json").read_text(encoding="utf-8"))
    group, report = sample["parameters"]["groupId"], sample["parameters"]["reportId"]
    body = sample["responses"]["200"]["body"]
    with Stand() as stand:
        stand.answer(f"/v1.0/myorg/groups/{group}/reports/{report}", body)
        stand.answer(f"/v1.0/myorg/datasets/{body['datasetId']}/executeQueries", answer(v0=9), method="POST")
        text = f"{body['webUrl']}#metric=X"
        assert outcomes_of(stand, text)[text].value == 9


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples are not part of the project")
def test_the_specification_has_what_is_asked_and_read() -> None:
    document = json.loads((SAMPLES / "powerbi_swagger_trimmed.json").read_text(encoding="utf-8"))
    assert {
        "/v1.0/myorg/datasets/{datasetId}/executeQueries", "/v1.0/myorg/datasets/{datasetId}/refreshes",
        "/v1.0/myorg/reports/{reportId}", "/v1.0/myorg/groups/{groupId}/reports/{reportId}",
        "/v1.0/myorg/apps/{appId}/reports/{reportId}", "/v1.0/myorg/groups",
    } <= set(document["paths"])  # fmt: skip
    shapes = {name.rpartition(".")[2]: shape for name, shape in document["definitions"].items()}
    for part in ("Response", "QueryResult", "TableResult"):
        assert "error" in shapes[f"DatasetExecuteQueries{part}"]["properties"], part
    assert "impersonatedUserName" in shapes["DatasetExecuteQueriesRequest"]["properties"]
