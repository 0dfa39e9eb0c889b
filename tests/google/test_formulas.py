"""What the small evaluator computes, and the texts of numbers."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sheetsync._testing.google.document import Document, Tab
from sheetsync._testing.google.formulas import Calculation, Scalar, Wrong
from sheetsync._testing.google.references import reference, rewrite, shifted
from sheetsync._testing.google.showing import shown

CELLS: dict[tuple[int, int], Any] = {
    (0, 0): {"numberValue": 10},
    (1, 0): {"numberValue": 20},
    (2, 0): {"stringValue": "text"},
    (3, 0): {"boolValue": True},
    (5, 0): {"formulaValue": "=A1+A2"},
    (6, 0): {"formulaValue": "=A7"},
    (7, 0): {"formulaValue": "=1/0"},
}


def computed(formula: str) -> Scalar:
    tab, other = Tab.new(0, "Plan", 10, 4), Tab.new(1, "Other tab", 3, 3)
    for (row, column), value in CELLS.items():
        tab.put(row, column, {"userEnteredValue": value})
    other.put(0, 1, {"userEnteredValue": {"numberValue": 7}})
    tab.put(0, 3, {"userEnteredValue": {"formulaValue": formula}})
    document = Document("x", "x", "x", 0, [tab, other])
    document.names["1"] = {
        "namedRangeId": "1",
        "name": "Both",
        "range": {"startRowIndex": 0, "endRowIndex": 2, "endColumnIndex": 1},
    }
    return Calculation(document).value(tab, 0, 3)


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("= 1 / 1024", 0.0009765625),
        ("=4/2", 2),
        ("=2+3*4^2", 50),
        ("=-A1+1", -9),
        ("=50%", 0.5),
        ("=(1+2)*3", 9),
        ('="a"&1&TRUE', "a1TRUE"),
        ('="A"="a"', True),
        ("=A1<A2", True),
        ('=IF(A1>5,"big","small")', "big"),
        ("=IF(A9,1)", False),
        ("=SUM(A1:A4)", 30),
        ("=SUM(Both)", 30),
        ("=AVERAGE(A1:A2)", 15),
        ("=MAX(A1:A2)-MIN(A1:A2)", 10),
        ("=COUNT(A1:A4)", 2),
        ("=COUNTA(A1:A5)", 4),
        ("=ROUND(2.345,2)", 2.35),
        ("='Other tab'!B1*2", 14),
        ("=A6", 30),
        ('=IFERROR(A8,"no")', "no"),
        ('=IFNA(VLOOKUP(99,A1:A2,1,FALSE),"none")', "none"),
        ("=VLOOKUP(20,A1:A2,1,FALSE)", 20),
        ('=MATCH("B",{"a","b"},0)', 2),
        ('=AND(TRUE,OR(FALSE,ISTEXT(A3)),NOT(ISBLANK(A1)))', True),
        ('=TRIM("  a   b ")&LEN("abc")&UPPER("x")', "a b3X"),
        ('=HYPERLINK("https://x.example/","shown")', "shown"),
    ],
)  # fmt: skip
def test_a_formula_is_computed(formula: str, value: Scalar) -> None:
    assert computed(formula) == value


@pytest.mark.parametrize(
    ("formula", "sign"),
    [
        ("=1/0", "#DIV/0!"),
        ("=A7", "#REF!"),
        ("=SUM(A:A)", "#REF!"),
        ("=SUM(A8:C9)", "#DIV/0!"),
        ("=D1", "#REF!"),
        ("=Z99", "#REF!"),
        ("='Nowhere'!A1", "#REF!"),
        ("=A3+1", "#VALUE!"),
        ("=nothing", "#NAME?"),
        ("=IMPORTXML(1)", "#NAME?"),
        ("=1+", "#NAME?"),
        ("=VLOOKUP(99,A1:A2,1,FALSE)", "#N/A"),
        ("=#REF!+1", "#REF!"),
    ],
)
def test_what_goes_wrong_has_its_sign(formula: str, sign: str) -> None:
    found = computed(formula)
    assert isinstance(found, Wrong)
    assert found.sign == sign


numbers = st.integers(0, 99).map(str)
expressions = st.recursive(
    numbers,
    lambda inner: st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda parts: f"({parts[0]}{parts[1]}{parts[2]})"),
    max_leaves=8,
)


@settings(max_examples=60)
@given(expressions)
def test_arithmetic_is_what_python_says(text: str) -> None:
    found = computed(f"={text}")
    try:
        expected = float(eval(text))
    except ZeroDivisionError:
        assert isinstance(found, Wrong)
    else:
        assert isinstance(found, float)
        assert math.isclose(found, expected, rel_tol=1e-12)


@pytest.mark.parametrize("text", ["A1", "$A$1", "A$1:B2", "$A:B", "2:$7", "Plan!A1", "'It''s a tab'!A1:B2", "A2:B"])
def test_a_reference_is_spelled_as_it_was(text: str) -> None:
    assert str(reference(text)) == text


def test_what_stands_behind_a_dollar_stays_when_it_is_copied() -> None:
    assert shifted("=A1+$A$1+A$1+$A1+SUM(A1:B2)", 2, 1) == "=B3+$A$1+B$1+$A3+SUM(B3:C4)"
    assert shifted("=A1", -1, 0) == "=#REF!"
    assert shifted('="A1"&LOG10(B2)', 1, 0) == '="A1"&LOG10(B3)'
    assert rewrite("=A1", lambda old: old) == "=A1"


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (3.0, {}, "3"),
        (1 / 3, {}, "0.3333333333"),
        (0.42, {"type": "PERCENT", "pattern": "0%"}, "42%"),
        (0.425, {"type": "PERCENT", "pattern": "0.0%"}, "42.5%"),
        (1234567.891, {"type": "NUMBER", "pattern": "#,##0.00"}, "1,234,567.89"),
        (-5.0, {"type": "CURRENCY", "pattern": '"$"#,##0.00'}, "-$5.00"),
        (1.5, {"type": "NUMBER", "pattern": "0.##"}, "1.5"),
        (-5.0, {"type": "NUMBER", "pattern": "0;(0)"}, "(5)"),
        (46270.0, {"type": "DATE", "pattern": "yyyy-mm-dd"}, "2026-09-05"),
        (46270.75, {"type": "DATE_TIME", "pattern": "d/m/yy hh:mm:ss"}, "5/9/26 18:00:00"),
        (0.75, {"type": "TIME", "pattern": "h:mm AM/PM"}, "6:00 PM"),
        (12345.0, {"type": "SCIENTIFIC", "pattern": "0.00E+00"}, "1.23E+04"),
        (True, {}, "TRUE"),
        ("t", {"type": "PERCENT"}, "t"),
        (None, {}, ""),
    ],
)
def test_a_number_is_shown_by_its_format(value: Scalar, number_format: dict[str, str], text: str) -> None:
    assert shown(value, number_format) == text
