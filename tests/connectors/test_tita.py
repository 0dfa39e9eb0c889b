"""Tita against the contract and its own traps, above all that each new token ends the one before."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sheetsync import links
from sheetsync.connectors._tita import TitaToken
from sheetsync.connectors.tita import Tita, TitaSettings
from sheetsync.errors import (
    AccessDenied,
    BadCredentials,
    Incomplete,
    LinkError,
    NoSuchMetric,
    NotConnected,
    NotFound,
    Unavailable,
    UnexpectedReply,
    UnsupportedLink,
)
from sheetsync.model import PERCENT, Reading
from sheetsync.secrets import Secret, Vault
from sheetsync.testing import Answer, ConnectorContract, LookupMemory, Seen, Stand, account_of, run_links

SECRET = "canary-secret-0123456789"
SETTINGS = {"tenant_id": "110006", "app_id": "7", "secret": SECRET}
OKR, KR = "https://www.tita.com/#item=okr:41", "https://acme.tita.com/u/1#/okr/detail?krId=52"
SEARCH = "/api/110006/okr/search"
NOW = 1_800_000_000.0


def objective(number: int, *krs: dict[str, Any], progress: int = 35) -> dict[str, Any]:
    return {"okr_id": number, "okr_name": "Grow", "progress": progress, "status": 1, "risk_level": "6", "krs": list(krs)}


def key_result(number: int, progress: int = 40, **values: Any) -> dict[str, Any]:
    listed = [{"quantifyField_code": code, "value": value} for code, value in values.items()]
    return {"kr_id": number, "kr_name": "Leads", "progress": progress, "quantify_values": listed}


def reply(*okrs: dict[str, Any], total: int | None = None) -> dict[str, Any]:
    return {"code": 0, "errorMsg": "", "data": {"total": len(okrs) if total is None else total, "okrs": list(okrs)}}


class TestContract(ConnectorContract):
    connector = Tita
    settings = SETTINGS
    link = OKR
    value = Decimal("0.35")
    unit = PERCENT
    main = SEARCH
    document = reply(objective(41, key_result(52)))
    place = "data.okrs.0.progress"
    other = KR
    error_body = {"code": 10005, "message": "CANARY"}
    error_type = BadCredentials
    canaries = (SECRET,)
    strangers = (
        "https://www.tita.com.evil.test/okr/41",
        "https://eviltita.com/okr/41",
        "https://oapi.tita.com/api/110006/okr/search?okr_ids=1",
        "http://www.tita.com/okr/41",
        "https://www.tita.com:8443/okr/41",
        "https://www.tita.com/okr/41x",
        "https://www.tita.com/okr/../kr/41",
        "https://www.tita.cn/okr/41",
        "https://www.tita.com/okr/0",
    )

    def script(self, stand: Stand) -> None:
        stand.answer("/OAuth/Token", token("token-1234567"), method="POST")


def token(value: str, expires_in: Any = 7200) -> dict[str, Any]:
    return {"access_token": value, "expires_in": expires_in, "tenant_id": "110006", "refresh_token": "r"}


def stand_of(*answers: Any) -> Stand:
    stand = Stand()
    stand.answer("/OAuth/Token", token("token-1234567"), method="POST")
    stand.answer(SEARCH, *answers)
    return stand


def outcomes_of(stand: Stand, *texts: str, **settings: Any) -> dict[str, Any]:
    account = account_of(Tita, {**SETTINGS, "api_url": f"http://127.0.0.1:{stand.port}", **settings})
    return run_links([account], texts)[0]


def searches(stand: Stand) -> list[Seen]:
    return [seen for seen in stand.seen if seen.path == SEARCH]


# --- links and figures


@pytest.mark.parametrize(
    ("text", "resource"),
    [
        ("https://tita.com/okr/41", "okr/41"),
        ("https://www.tita.com/x?okrId=41&krId=52", "kr/52"),
        ("https://www.tita.com/x?okr_id=41", "okr/41"),
        ("https://www.tita.com/x#/home?a=1&okrId=41", "okr/41"),
        ("https://www.tita.com/#/u/9/kr/detail/52?tab=1", "kr/52"),
        ("https://www.tita.com/okr/41#item=kr:52", "kr/52"),
        ("https://www.tita.com/whatever#item=KR：52", "kr/52"),
    ],
)
def test_numbers_of_pages(text: str, resource: str) -> None:
    link = links.parse(text)
    assert link is not None
    found = Tita.resolve(link)
    assert found is not None
    assert str(found[0]) == resource


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("https://www.tita.com/pricing", UnsupportedLink),
        ("https://www.tita.com/#item=task:5", NoSuchMetric),
        ("https://www.tita.com/#item=kr:5 or 1", NoSuchMetric),
        ("https://www.tita.com/okr/41#metric=achieved", NoSuchMetric),
        ("https://www.tita.com/okr/41#where=a:b", NoSuchMetric),
    ],
)
def test_links_that_say_too_little_or_too_much(text: str, error: type[LinkError]) -> None:
    link = links.parse(text)
    assert link is not None
    with pytest.raises(error):
        Tita.resolve(link)


@pytest.mark.parametrize(
    ("values", "metric", "expected", "unit"),
    [
        ({"achieveValue": "1200.5"}, "achieved", "1200.5", ""),
        ({"achieveValue": "1.234"}, "achieved", "1.234", ""),
        ({"achieveValue": 7}, "achieved", "7", ""),
        ({"achieveValue": "12%"}, "achieved", "0.12", PERCENT),
        ({"targetValue": "0", "achieveValue": "5"}, "target", "0", ""),
        ({"startValue": "3"}, "start", "3", ""),
    ],
)
def test_values_of_a_key_result(values: dict[str, Any], metric: str, expected: str, unit: str) -> None:
    link = f"{KR}#metric={metric}"
    with stand_of(reply(objective(41, key_result(51, achieveValue="99"), key_result(52, **values)))) as stand:
        outcome = outcomes_of(stand, link)[link]
        assert isinstance(outcome, Reading), outcome
        assert (outcome.value, outcome.unit) == (Decimal(expected), unit)


@pytest.mark.parametrize(
    ("document", "error"),
    [
        (reply(objective(41, key_result(52, startValue="3"))), NoSuchMetric),
        (reply(objective(41, key_result(52, achieveValue=None))), UnexpectedReply),
        (reply(objective(41, key_result(52, achieveValue="about 5"))), UnexpectedReply),
        (reply(objective(41, key_result(53, achieveValue="3"))), NotFound),
        (reply(), NotFound),
        (reply(total=4), Incomplete),
        ({"code": 0, "data": {"okrs": []}}, UnexpectedReply),
        ({"code": 0, "data": None}, UnexpectedReply),
        ({"data": {"total": 0, "okrs": []}}, UnexpectedReply),
        ({"code": False, "data": {"total": 0, "okrs": []}}, UnexpectedReply),
        (reply(objective(41, {**key_result(52), "quantify_values": [
            {"quantifyField_code": "achieveValue", "value": "1"}, {"quantifyField_code": "achieveValue", "value": "2"}]})),
         UnexpectedReply),
    ],
)  # fmt: skip
def test_answers_without_the_figure(document: Any, error: type[LinkError]) -> None:
    link = f"{KR}#metric=achieved"
    with stand_of(document) as stand:
        assert isinstance(outcomes_of(stand, link)[link], error)


def test_many_rows_cost_one_call_for_each_kind() -> None:
    okrs, krs = [f"https://www.tita.com/okr/{n}" for n in range(1, 20)], [f"https://www.tita.com/kr/{n}" for n in range(101, 121)]
    values = [f"{link}#metric=achieved" for link in krs]

    def give(seen: Seen) -> Answer:
        if seen.param("okr_ids"):
            return Answer.of(reply(*(objective(int(n), progress=int(n)) for n in str(seen.param("okr_ids")).split(","))))
        numbers = [int(n) for n in str(seen.param("kr_ids")).split(",")]
        return Answer.of(reply(objective(5, *(key_result(n, progress=50, achieveValue=str(n)) for n in numbers))))

    with stand_of(give) as stand:
        found = outcomes_of(stand, *okrs, *krs, *values)
        assert [found[link].value for link in okrs] == [Decimal(n) / 100 for n in range(1, 20)]
        assert {found[link].value for link in krs} == {Decimal("0.5")}
        assert [found[link].value for link in values] == list(range(101, 121))
        assert len(searches(stand)) == 2
        assert {seen.param("fetch_kr") for seen in searches(stand)} == {"true"}


def test_a_wrong_number_spoils_its_own_row_only() -> None:
    other = OKR.replace("41", "42")

    def give(seen: Seen) -> Answer:
        return Answer.of(reply(objective(41)) if seen.param("okr_ids") == "41" else {"code": 12004, "message": "CANARY"})

    with stand_of(give) as stand:
        found = outcomes_of(stand, OKR, other)
        assert found[OKR].value == Decimal("0.35")
        assert isinstance(found[other], NotFound)


def test_all_pages_are_read() -> None:
    first = reply(*(objective(n) for n in range(100, 120)), total=21)
    with stand_of(first, reply(objective(41), total=21)) as stand:
        assert outcomes_of(stand, OKR)[OKR].value == Decimal("0.35")
        assert [seen.param("page_num") for seen in searches(stand)] == ["1", "2"]


@pytest.mark.parametrize(
    ("code", "error"),
    [(10001, Unavailable), ("10006", Unavailable), (10003, AccessDenied), (10004, BadCredentials), (10010, BadCredentials),
     (10012, Incomplete), (12005, NotFound), (10007, UnexpectedReply), (77, UnexpectedReply)],
)  # fmt: skip
def test_codes_in_good_answers(code: Any, error: type[LinkError]) -> None:
    with stand_of({"code": code, "errorMsg": "CANARY", "data": None}) as stand:
        outcome = outcomes_of(stand, OKR)[OKR]
        assert isinstance(outcome, error)
        assert "CANARY" not in str(outcome)


# --- the token


class Kept:
    """An account whose token is kept in a file, as between runs."""

    def __init__(self, folder: Path, stand: Stand) -> None:
        self.path = folder / "tita-token"
        self.url = f"http://127.0.0.1:{stand.port}"
        self.vault = Vault(folder, {"SECRET": SECRET})
        self.secret = Secret({"env": "SECRET"}, self.vault, "connectors.tita.default.secret")
        self.place = Secret({"file": "tita-token"}, self.vault, "connectors.tita.default.token")

    def run(self, stand: Stand, *, place: Secret | None = None) -> Any:
        settings = TitaSettings(
            api_url=self.url, tenant_id="110006", app_id="7", secret=self.secret, token=place or self.place
        )  # fmt: skip
        return run_links([Tita("default", settings, LookupMemory())], [OKR])[0][OKR]

    def auth(self, now: float = NOW) -> TitaToken:
        return TitaToken(f"{self.url}/OAuth/Token", "110006", "7", self.secret, self.place, now=lambda: now)


def tokens(stand: Stand) -> list[Seen]:
    return [seen for seen in stand.seen if seen.path == "/OAuth/Token"]


def test_a_token_is_asked_for_once_and_kept_for_the_next_run(tmp_path: Path) -> None:
    with stand_of(reply(objective(41))) as stand:
        kept = Kept(tmp_path, stand)
        assert kept.run(stand).value == Decimal("0.35")
        assert kept.run(stand).value == Decimal("0.35")
        assert len(tokens(stand)) == 1
        assert tokens(stand)[0].form() == {
            "tenant_id": "110006", "app_id": "7", "grant_type": "client_credentials", "secret": SECRET,
        }  # fmt: skip
        assert {seen.headers["authorization"] for seen in searches(stand)} == {"Bearer token-1234567"}
        assert kept.path.stat().st_mode & 0o777 == 0o600
        assert "token-1234567" not in kept.vault.redact("Bearer x token-1234567")


def test_a_kept_token_that_another_program_ended_is_replaced_once(tmp_path: Path) -> None:
    def give(seen: Seen) -> Answer:
        good = seen.headers["authorization"] == "Bearer token-1234567"
        return Answer.of(reply(objective(41)) if good else {"code": 10005, "message": "no"})

    with stand_of(give) as stand:
        kept = Kept(tmp_path, stand)
        kept.place.keep(json.dumps({"access_token": "ended-elsewhere", "until": None}))
        assert kept.run(stand).value == Decimal("0.35")
        assert len(tokens(stand)) == 1
        assert json.loads(kept.path.read_text())["access_token"] == "token-1234567"


def test_a_token_that_another_program_kept_is_taken_over(tmp_path: Path) -> None:
    with stand_of(reply()) as stand, stand.web(f"http://127.0.0.1:{stand.port}") as web:
        kept = Kept(tmp_path, stand)
        auth = kept.auth()
        assert auth.credential(web).headers["Authorization"] == "Bearer token-1234567"
        kept.place.keep(json.dumps({"access_token": "of-the-other-one", "until": NOW + 5000}))
        assert auth.renew(web)
        assert auth.credential(web).headers["Authorization"] == "Bearer of-the-other-one"
        assert len(tokens(stand)) == 1


@pytest.mark.parametrize(
    ("kept_text", "asked"),
    [
        (json.dumps({"access_token": "still-good-1", "until": NOW + 3600}), 0),
        (json.dumps({"access_token": "still-good-1", "until": None}), 0),
        (json.dumps({"access_token": "ends-soon-12", "until": NOW + 60}), 1),
        (json.dumps({"access_token": "ended-long-1", "until": NOW - 60}), 1),
        (json.dumps({"access_token": "", "until": None}), 1),
        (json.dumps({"access_token": "no-end-named"}), 1),
        (json.dumps(["still-good-1"]), 1),
        ("not of our making", 1),
        (None, 1),
    ],
)
def test_only_a_kept_token_that_still_lives_is_used(tmp_path: Path, kept_text: str | None, asked: int) -> None:
    with stand_of(reply()) as stand, stand.web(f"http://127.0.0.1:{stand.port}") as web:
        kept = Kept(tmp_path, stand)
        if kept_text is not None:
            kept.place.keep(kept_text)
        assert ("still-good-1" if not asked else "token-1234567") in kept.auth().credential(web).headers["Authorization"]
        assert len(tokens(stand)) == asked


@pytest.mark.parametrize(
    ("expires_in", "until"),
    [
        (7200, NOW + 7200),
        ("7200", NOW + 7200),
        (str(int(NOW) + 900), NOW + 900),
        ("1541329215", None),
        (None, None),
        ("soon", None),
    ],
)
def test_an_end_is_a_span_or_a_moment(tmp_path: Path, expires_in: Any, until: float | None) -> None:
    with stand_of(reply()) as stand, stand.web(f"http://127.0.0.1:{stand.port}") as web:
        stand.answer("/OAuth/Token", token("token-1234567", expires_in), method="POST")
        kept = Kept(tmp_path, stand)
        auth = kept.auth()
        auth.credential(web)
        auth.credential(web)
        assert json.loads(kept.path.read_text())["until"] == until
        assert len(tokens(stand)) == 1


def test_a_token_that_cannot_be_kept_is_said(tmp_path: Path) -> None:
    with stand_of(reply(objective(41))) as stand:
        kept = Kept(tmp_path, stand)
        outcome = kept.run(stand, place=Secret({"env": "TITA_TOKEN"}, kept.vault, "connectors.tita.default.token"))
        assert isinstance(outcome, BadCredentials)
        assert "connectors.tita.default.token" in str(outcome)
        assert not searches(stand)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer.of({"code": 10004, "message": "CANARY"}), BadCredentials),
        (Answer.of({"error": "invalid_client"}, status=400), BadCredentials),
        (Answer.of({"code": 10003}), AccessDenied),
        (Answer.of({"code": 10001}), Unavailable),
        (Answer.of({"code": 0, "data": {}}), BadCredentials),
        (Answer.of({"access_token": 5}), UnexpectedReply),
        (Answer(200, b"<html>", {"content-type": "text/html"}), UnexpectedReply),
        (Answer(503), Unavailable),
    ],
)
def test_a_sign_in_that_fails(answer: Answer, error: type[LinkError]) -> None:
    with stand_of(reply()) as stand:
        stand.answer("/OAuth/Token", answer, method="POST")
        outcome = outcomes_of(stand, OKR)[OKR]
        assert isinstance(outcome, error), outcome
        assert "CANARY" not in str(outcome)
        assert not searches(stand)


def test_a_tenant_that_is_no_number_fails_in_words() -> None:
    with stand_of(reply()) as stand:
        assert isinstance(outcomes_of(stand, OKR, tenant_id="../x")[OKR], NotConnected)
        assert not stand.seen


def test_the_probe_needs_no_objective() -> None:
    with stand_of({"code": 12004}) as stand:
        account = account_of(Tita, {**SETTINGS, "api_url": f"http://127.0.0.1:{stand.port}"})
        with stand.web(*account.origins(), auth=account.auth(), refine=account.refine) as web:
            account.probe(web)
        assert len(searches(stand)) == 1
