"""The one number parser: what it takes, what it refuses, and that nothing is ever half understood."""

from __future__ import annotations

import json
import time
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sheetsync.errors import UnexpectedReply
from sheetsync.values import LARGEST_EXACT, NotANumber, Parsed, exact, figure, parse_json, parse_number

TAKEN = {
    "1,234.5": "1234.5",
    "1.234,5": "1234.5",
    "1 234,5": "1234.5",
    "1\u00a0234,5": "1234.5",
    "1\u202f234,5": "1234.5",
    "1\u2009234,5": "1234.5",
    "１，２３４．５": "1234.5",
    "1'234.5": "1234.5",
    "1’234.5": "1234.5",
    "1,234,567": "1234567",
    "1.234.567": "1234567",
    "1 234": "1234",
    "12,34,567.5": "1234567.5",
    "1234.567": "1234.567",
    "1234,567": "1234.567",
    "0.123": "0.123",
    "0,123": "0.123",
    "-1,234.5": "-1234.5",
    "−3": "-3",
    "+7": "7",
    ".5": "0.5",
    "2.5e-3": "0.0025",
    "0": "0",
    "-0": "0",
    " 350 ": "350",
    "\t350\n": "350",
    "9007199254740992": "9007199254740992",
}
PERCENTAGES = {"12%": "0.12", "12 %": "0.12", "１２％": "0.12", "0%": "0", "-5.5%": "-0.055", "1,234.5 %": "12.345"}
MISSING = ["", " ", "N/A", "n/a", "-", "—", "–", "null", "None", "#N/A", "无", "\u00a0"]
REFUSED = [
    "1.234", "1,234", "-1.234", "1.234%", "12,345", "NaN", "Infinity", "-inf", "1e400", "1e-400", "true", "yes", "12 34", "1,2,3",
    "1.2.3", "1,234.5.6", "1.234,56,7", "1 23", "1,234 567", "(5)", "$5", "5 €", "350 leads", "1/2", "½", "5½", "10²", "x₂",
    "①", "5K", "3.2万", "1.5亿", "--5", "+-5", "%", "1%%", "1.", "1,", "1_000", "0x10", "9007199254740993", "1e20", "1\n2",
    "\u200b5", "5%K", "9" * 65, "9" * 1_000_000,
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), TAKEN.items())
def test_what_can_be_read_in_one_way_is_taken(text: str, value: str) -> None:
    assert parse_number(text) == Parsed(Decimal(value))


@pytest.mark.parametrize(("text", "value"), PERCENTAGES.items())
def test_a_percentage_is_a_share(text: str, value: str) -> None:
    assert parse_number(text) == Parsed(Decimal(value), percent=True)


@pytest.mark.parametrize("text", MISSING)
def test_missing_is_never_zero(text: str) -> None:
    assert parse_number(text) is None
    with pytest.raises(UnexpectedReply, match="missing figure is not zero"):
        figure(text)


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: ascii(text[:20]))
def test_what_is_unclear_is_refused(text: str) -> None:
    with pytest.raises(NotANumber):
        parse_number(text)
    with pytest.raises(UnexpectedReply):
        figure(text)


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [
        ("1.234", ".", "1.234"),
        ("1.234", ",", "1234"),
        ("1,234", ".", "1234"),
        ("1,234", ",", "1.234"),
        ("1.234,5", ",", "1234.5"),
    ],
)
def test_the_named_sign_decides(text: str, decimal: str, value: str) -> None:
    assert parse_number(text, decimal=decimal) == Parsed(Decimal(value))  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "decimal"), [("1.234,5", "."), ("1,234.5", ","), ("1234.5", ","), ("1.2.3", ".")])
def test_a_text_that_contradicts_the_named_sign_is_refused(text: str, decimal: str) -> None:
    with pytest.raises(NotANumber):
        parse_number(text, decimal=decimal)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3.2万", 32_000),
        ("1.5亿", 150_000_000),
        ("1.2K", 1_200),
        ("3M", 3_000_000),
        ("2bn", 2_000_000_000),
        ("5w", 50_000),
        ("3.2 万", 32_000),
    ],
)
def test_abbreviations_are_approximate_and_only_where_they_are_expected(text: str, value: int) -> None:
    assert parse_number(text, suffixes=True) == Parsed(Decimal(value), approximate=True)
    with pytest.raises(NotANumber, match="not known to abbreviate"):
        parse_number(text)


def test_an_abbreviated_percentage_is_refused() -> None:
    with pytest.raises(NotANumber, match="abbreviated and a percentage"):
        parse_number("5K%", suffixes=True)


def test_a_plain_number_among_abbreviations_is_exact() -> None:
    assert parse_number("350", suffixes=True) == Parsed(Decimal(350))


def test_all_digits_are_kept() -> None:
    assert parse_number("0.1234567890123456789012345678901234567890") == Parsed(
        Decimal("0.1234567890123456789012345678901234567890")
    )


@pytest.mark.parametrize(
    "value", [True, False, None, [], {}, [1], {"v": 1}, float("nan"), float("inf"), Decimal("NaN"), 2**53 + 1, b"5"]
)
def test_no_figure_is_made_of_something_else(value: object) -> None:
    with pytest.raises(UnexpectedReply):
        figure(value)


@pytest.mark.parametrize(
    ("value", "expected"), [(0, "0"), (1234.5, "1234.5"), (0.1, "0.1"), (-3, "-3"), (-0.0, "0"), (2**53 - 1, str(2**53 - 1))]
)
def test_json_numbers_pass(value: float, expected: str) -> None:
    assert figure(value).value == Decimal(expected)
    assert not figure(value).value.is_signed() or value < 0


def test_true_is_no_number() -> None:
    with pytest.raises(NotANumber, match="yes or no"):
        exact(True)


# --- properties --------------------------------------------------------------------------------------------------------

FIGURES = st.decimals(min_value=-(10**12), max_value=10**12, allow_nan=False, allow_infinity=False, places=2)
GROUPS = st.sampled_from(
    [(",", "."), (".", ","), (" ", ","), (" ", "."), ("'", "."), ("\u202f", ","), ("\u00a0", ","), ("", "."), ("", ",")]
)


@settings(deadline=None)
@given(FIGURES, GROUPS, st.sampled_from(["", " ", "\u00a0"]))
def test_a_number_written_without_ambiguity_comes_back(value: Decimal, signs: tuple[str, str], edge: str) -> None:
    group, point = signs
    text = f"{value:,.2f}".translate({ord(","): "G", ord("."): "P"}).replace("G", group).replace("P", point)
    assert parse_number(edge + text + edge) == Parsed(value)


@settings(deadline=None)
@given(FIGURES)
def test_a_percentage_comes_back(value: Decimal) -> None:
    assert parse_number(f"{value:f} %") == Parsed(value.scaleb(-2), percent=True)


@settings(deadline=None)
@given(st.integers(-LARGEST_EXACT, LARGEST_EXACT))
def test_every_exact_integer_comes_back(value: int) -> None:
    assert figure(json.loads(json.dumps(value))).value == value
    assert figure(str(value)).value == value if abs(value) > 999_999 else True


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_double_is_taken_as_it_is_or_refused(value: float) -> None:
    try:
        taken = exact(value)
    except NotANumber:
        assert abs(value) > LARGEST_EXACT or 0 < abs(value) < 1e-299
    else:
        assert float(taken) == value


@settings(deadline=None)
@given(
    st.text() | st.text(alphabet="0123456789.,' %-+eEkK万亿 \u00a0²①½", max_size=20),
    st.sampled_from(["auto", ".", ","]),
    st.booleans(),
)
@example("1.5e999", "auto", True)
@example("٣", "auto", False)
def test_no_text_raises_anything_else(text: str, decimal: str, suffixes: bool) -> None:
    try:
        parsed = parse_number(text, decimal=decimal, suffixes=suffixes)  # type: ignore[arg-type]
    except NotANumber:
        return
    assert parsed is None or (parsed.value.is_finite() and float(parsed.value) == float(str(parsed.value)))


# --- JSON --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"", b"<html>log in</html>", b'{"v":1,"v":999}', b'{"a":{"v":1,"v":1}}', b'{"v":NaN}', b'{"v":Infinity}',
        b'{"v":-Infinity}', b"{v:1}",
        b'{"v":1e400}', b'{"v":1e1000000}', b'{"v":1e99999999999999999999}', b'{"v":' + b"9" * 1_000_000 + b"}",
        b'{"v":0.' + b"1" * 1_000_000 + b"}", b"[" * 201 + b"]" * 201, b'{"a":' * 201 + b"1" + b"}" * 201, b"[" * 1_000_000,
        '{"v":1}'.encode("utf-16"), '{"v":1}'.encode("utf-16-le"), '{"v":1}'.encode("utf-32"), b'{"v":"\xff"}', b'{"v":1}{"v":2}',
    ],
    ids=lambda data: repr(data[:24]),
)  # fmt: skip
def test_a_trap_in_json_is_an_unexpected_reply(data: bytes) -> None:
    with pytest.raises(UnexpectedReply):
        parse_json(data)


def test_nesting_is_measured_outside_of_strings() -> None:
    assert parse_json(b'["' + b"]" * 1_000 + b'", "\\"[[[", 1]')[-1] == 1
    assert parse_json(b'["' + b"[" * 1_000 + b'"]')
    with pytest.raises(UnexpectedReply, match="nested too deeply"):
        parse_json(b'["' + b"]" * 1_000 + b'",' + b"[" * 300 + b"]" * 301)
    assert parse_json(b"[" * 200 + b"]" * 200)


@pytest.mark.parametrize("data", [b'["' + b'\\"' * 1_000_000, b'"' * 2_000_000, b"[" * 1_000_000 + b'"' * 1_000_000])
def test_broken_strings_are_refused_at_once(data: bytes) -> None:
    before = time.process_time()
    with pytest.raises(UnexpectedReply):
        parse_json(data)
    assert time.process_time() - before < 2


def test_json_numbers_are_exact() -> None:
    read = parse_json(
        b'{"a":0.1,"b":12345678901234567890,"c":1e5,"d":-0.0,"e":0.1000000000000000055511151231257827021181583404541015625}'
    )
    assert read == {
        "a": Decimal("0.1"), "b": 12345678901234567890, "c": Decimal(100000), "d": 0,
        "e": Decimal("0.1000000000000000055511151231257827021181583404541015625"),
    }  # fmt: skip
    assert str(read["a"]) == "0.1"


def test_a_byte_order_mark_is_no_trap() -> None:
    assert parse_json(b'\xef\xbb\xbf{"v":1}') == {"v": 1}


@settings(deadline=None)
@given(st.binary(max_size=200) | st.text(alphabet='[]{}":,0123456789eE.-+nulltruefasNIy\\ ', max_size=60).map(str.encode))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    try:
        parse_json(data)
    except UnexpectedReply as error:
        assert str(error)
