"""The rules of good form: what is found, where, and what is left in peace."""

from __future__ import annotations

import string
from collections.abc import Sequence

import pytest

from sheetsync.model import KeyResult
from sheetsync.okr.rules import Finding, findings
from sheetsync.okr.scan import scan
from sheetsync.texts import Texts

from .sheets import LINK, TODAY, Value, cell, grid

HEADINGS = (
    "Group",
    "Objective",
    "Key result",
    "Type",
    "Start",
    "Target",
    "Result",
    "Data link",
    "Weight",
    "Period",
    "Aligned to",
)
GOOD: dict[str, Value] = {
    "Group": "Content",
    "Objective": "O1 Be the voice of B2B marketing",
    "Key result": "KR1.1 More readers",
    "Type": "number",
    "Start": 0,
    "Target": 100,
    "Result": 5,
    "Data link": LINK,
    "Weight": 1,
    "Period": "2027-Q1",
    "Aligned to": None,
}


def rows(*changes: dict[str, Value], headings: Sequence[str] = HEADINGS) -> list[KeyResult]:
    return scan([grid([headings, *([{**GOOD, **change}[name] for name in headings] for change in changes)])], today=TODAY)


def found(*changes: dict[str, Value], headings: Sequence[str] = HEADINGS) -> list[Finding]:
    return findings(rows(*changes, headings=headings))


def told(*changes: dict[str, Value]) -> list[tuple[str, str]]:
    return [(finding.rule, finding.ref.a1) for finding in found(*changes)]


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"Type": None},
        {"Type": "yes-no", "Target": None, "Result": "no"},
        {"Start": 100, "Target": 0},
        {"Type": "at most", "Target": 0},
        {"Result": None},
        {"Data link": None},
        {"Data link": "manual:"},
        {"Weight": 0},
        {"Weight": None},
        {"Period": None},
        {"Period": "Q2"},
        {"Aligned to": "O1 Be the voice of B2B marketing"},
        {"Objective": "O1 Win with GA4 and web3"},
        {"Objective": "目标1 成为行业标杆"},
        {"Target": cell(0.5, "0%"), "Result": cell(0.1, "0%"), "Type": None},
    ],
)
def test_a_row_in_good_form_is_left_in_peace(change: dict[str, Value]) -> None:
    assert told(change) == []


@pytest.mark.parametrize(
    ("change", "rule", "where"),
    [
        ({"Objective": None}, "no-objective", "B2"),
        ({"Objective": "O1 Reach 350 MQLs"}, "objective-with-number", "B2"),
        ({"Objective": "O1 Grow by 20%"}, "objective-with-number", "B2"),
        ({"Objective": "O1 Win by Q4"}, "objective-with-number", "B2"),
        ({"Objective": "O1 Launch before 2027-03-01"}, "objective-with-number", "B2"),
        ({"Objective": "增长30万"}, "objective-with-number", "B2"),
        ({"Target": None}, "no-target", "F2"),
        ({"Target": "many"}, "text-target", "F2"),
        ({"Target": 0}, "no-span", "F2"),
        ({"Start": 100}, "no-span", "F2"),
        ({"Target": 30, "Result": cell(0.1, "0%")}, "mixed-percent", "F2"),
        ({"Result": "soon"}, "text-result", "G2"),
        ({"Result": "soon", "Type": None}, "text-result", "G2"),
        ({"Data link": "open rate"}, "", ""),
        ({"Data link": "rollup:most"}, "link", "H2"),
        ({"Data link": "https://a.test/%zz"}, "link", "H2"),
        ({"Data link": cell("https://a.test/1", targets=("https://a.test/2",))}, "link", "H2"),
        ({"Weight": "much"}, "bad-weight", "I2"),
        ({"Weight": -1}, "bad-weight", "I2"),
        ({"Period": "some day"}, "bad-period", "J2"),
        ({"Aligned to": "KR9"}, "aligned-to-nothing", "K2"),
        ({"Aligned to": "KR1.1"}, "circular-alignment", "K2"),
    ],
)
def test_what_is_not_in_good_form_is_found_where_it_stands(change: dict[str, Value], rule: str, where: str) -> None:
    assert told(change) == ([(rule, where)] if rule else [])


def test_a_key_result_that_stands_twice_in_its_group() -> None:
    again = {"Key result": "KR1.2 MORE READERS "}
    assert told({}, again) == [("twin", "C3")]
    assert told({}, {**again, "Group": "Brand"}) == []
    assert told({}, {**again, "Period": "2027-Q2"}) == []


def test_an_objective_is_told_once_for_all_its_rows() -> None:
    named = {"Objective": "O1 Reach 350 MQLs"}
    assert told(named, {**named, "Key result": "KR1.2 Other"}) == [("objective-with-number", "B2")]


def test_without_a_column_there_is_nothing_to_find_in_it() -> None:
    assert found({}, headings=("Key result", "Target", "Result", "Data link")) == []


def test_findings_come_in_the_order_of_the_sheet() -> None:
    refs = [
        finding.ref
        for finding in found(
            {"Aligned to": "KR9", "Target": None}, {"Objective": "Reach 5", "Key result": "KR1.2 Other", "Weight": "x"}
        )
    ]
    assert refs == sorted(refs)
    assert len(refs) == 4


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_finding_says_what_why_and_how_to_mend_it(language: str) -> None:
    broken = {
        "Objective": "Reach 5",
        "Target": None,
        "Weight": "x",
        "Period": "y",
        "Aligned to": "z",
        "Result": "soon",
        "Data link": "rollup:most",
    }
    texts = Texts(language)  # type: ignore[arg-type]
    for finding in found(broken, {**broken, "Target": "text"}, {"Objective": None, "Key result": "{x} \n\x1b"}):
        for sentence in (finding.what, finding.why, finding.mend):
            said = texts.say(sentence)
            assert said
            assert said[-1] in string.punctuation + "。"
            assert "\n" not in said
