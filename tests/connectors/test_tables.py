"""Tables: bytes go in, one exact number comes out, or an error that says which cell is in the way."""

from __future__ import annotations

import csv
import io
import json
import sys
import zipfile
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from sheetsync import links
from sheetsync.connectors._grammar import MEASURES, Condition
from sheetsync.connectors._tables import Choice, choice_of, evaluate, load
from sheetsync.errors import Incomplete, LinkError, NoSuchMetric, NotFound, NotReady, Refused, SheetsyncError, UnexpectedReply
from sheetsync.model import PERCENT, Link, Reading

HOSTILE = Path(__file__).parents[2] / ".." / "shared" / "hostile"

LEADS = """name,stage,country,amount,rate,date
Ann,SQL,DE,100,10%,2026-01-05
Bob,sql ,US,"1,234.5",20%,2026-02-01T23:59:00Z
Cem,MQL,DE,0,30%,2026-03-31 18:00
Dee,MQL,,20.25,40%,2026/4/1
Eve,"Lost, late",FR,,50%,
"""


def read(data: str | bytes, text: str, name: str = "leads.csv", **more: Any) -> Reading:
    raw = data.encode() if isinstance(data, str) else data
    return evaluate(load(raw, name, **more), Choice.parse(text))


# --- the measures


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("count", "5", ""),
        ("COUNT", "5", ""),
        ("count&where=stage:SQL", "2", ""),
        ("count&where=Stage: sQl ", "2", ""),
        ("count&where=stage:SQL,country:DE", "1", ""),
        ('count&where=stage:"Lost, late"', "1", ""),
        ('count&where=country:""', "1", ""),
        ("count&where=stage:never", "0", ""),
        ("count&where=amount:>100", "1", ""),
        ("count&where=amount:>=100", "2", ""),
        ("count&where=amount:<20.25", "1", ""),
        ("count&where=amount:<=20.25", "2", ""),
        ("count&where=amount:0..100", "3", ""),
        ("count&where=amount:100.0", "1", ""),
        ("count&where=date:2026-01-01..2026-03-31", "3", ""),
        ("count&where=date:>2026-03-31", "1", ""),
        ("count&where=date:2026-02-01", "1", ""),
        ("count&where=rate:>=30%", "3", ""),
        ("sum(amount)", "1354.75", ""),
        ("sum&column=amount", "1354.75", ""),
        ("sum( Amount )&where=stage:MQL", "20.25", ""),
        ("sum(amount)&where=stage:never", "0", ""),
        ("mean(amount)&where=stage:MQL", "10.125", ""),
        ("min(amount)", "0", ""),
        ("max(amount)", "1234.5", ""),
        ("last(amount)&where=stage:MQL", "20.25", ""),
        ("distinct(stage)", "3", ""),
        ("distinct(country)", "3", ""),
        ("share(stage:SQL)", "0.4", PERCENT),
        ("share&where=stage:SQL", "0.4", PERCENT),
        ("share(stage:SQL)&where=country:DE", "0.5", PERCENT),
        ("mean(rate)", "0.3", PERCENT),
        ("value(amount)&where=name:Ann", "100", ""),
        ("cell=D3", "1234.5", ""),
        ("cell=$E$2", "0.1", PERCENT),
    ],
)
def test_measures(text: str, value: str, unit: str) -> None:
    assert read(LEADS, text) == Reading(Decimal(value), unit)


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        ("sum(amuont)", NoSuchMetric, "name, stage, country, amount, rate, date"),
        ("count&where=stages:SQL", NoSuchMetric, "no column stages"),
        ("sum", NoSuchMetric, "which column"),
        ("value", NoSuchMetric, "which column"),
        ("value(amount)", NoSuchMetric, "5 rows"),
        ("sum(name)", UnexpectedReply, "Row 2 of the column name"),
        ("mean(amount)&where=stage:never", NotReady, "No row meets"),
        ("min(amount)&where=stage:never", NotReady, "No row meets"),
        ("last(amount)&where=stage:never", NotReady, "No row meets"),
        ("share(stage:SQL)&where=country:XX", NotReady, "No row meets"),
        ("last(amount)", NotReady, "missing figure is not zero"),
        ("sum(amount)&where=country:FR", NotReady, "missing figure is not zero"),
        ("cell=D6", NotReady, "D6"),
        ("cell=ZZ99", NotReady, "ZZ99"),
        ("cell=A2", UnexpectedReply, "A2"),
        ("count&where=stage:>3", UnexpectedReply, "Row 2 of the column stage"),
        ("count&where=amount:>2026-01-01", UnexpectedReply, "no date"),
        ("count&where=rate:>0.3", UnexpectedReply, "percentages"),
        ("count&sheet=Leads", NoSuchMetric, "no worksheets"),
        ("count&item=$.a", NoSuchMetric, "JSON"),
        ("select=$.a", NoSuchMetric, "JSON"),
    ],
)
def test_what_gives_no_figure(text: str, kind: type[LinkError], says: str) -> None:
    with pytest.raises(kind) as raised:
        read(LEADS, text)
    assert says in str(raised.value)
    assert raised.value.advice
    assert len(str(raised.value)) <= 200


# --- the grammar


@pytest.mark.parametrize(
    "text",
    [
        "sum(", "count(x)", "total", "sum(a)+sum(b)", "sum(a", "count;", "1", "share(stage)", "share",
        "count&where=stage", "count&where=stage=SQL", "count&where=:SQL", "count&where=stage:", "count&where=stage:!SQL",
        "count&where=stage:SQL,Stage:MQL",
        "count&where=stage:SQL*", "count&where=stage:a|b", "count&where=a:b:c", "count&where=stage:SQL，country:DE",
        "count&where=stage:>x", "count&where=stage:a..b", "count&where=n:1..2..3", "count&where=n:5..1", "count&where=n:1..",
        "count&where=d:2026-03-31..2026-01-01", "count&where=d:2026-01-01..5", "count&where=d:>2026-02-30",
        'count&where=stage:"SQL', 'count&where=stage:"SQL"x', 'count&where=stage:S"QL"', "count&where=a:1,",
        "count&where=" + ",".join(["a:1"] * 11), "count&where=a:" + "x" * 2000, "count&where=a:\x07",
        "select=a.b", "select=$..a", "select=$[*]", "select=$[?(@.a)]", "select=$[0:2]", "select=$.a()", "select=$.",
        "select=$['a\\'b']",
        "select=$" + ".a" * 17, "select=$[99999999]", "item=$.a[*]&sum(b)", "select=$.a&count", "select=$.a&where=b:1",
        "cell=7B", "cell=B0", "cell=XFE1", "cell=A1048577", "cell=A1:B2", "cell=A1&sum(b)", "cell=S!A1&sheet=T", "decimal=;",
        "count&column=a", "sum(a)&column=b", "count&count",
    ],
)  # fmt: skip
def test_what_is_not_in_the_grammar_is_refused(text: str) -> None:
    with pytest.raises(NoSuchMetric) as raised:
        Choice.parse(text)
    assert raised.value.advice
    assert len(str(raised.value)) <= 200


@pytest.mark.parametrize("option", ["filter", "period"])
def test_an_option_that_would_be_ignored_is_refused(option: str) -> None:
    with pytest.raises(NoSuchMetric) as raised:
        choice_of(Link("file:a.csv", (("metric", "count"), (option, "stage:SQL"))), default="count")
    assert option in str(raised.value)


def test_the_choice_of_a_link() -> None:
    link = links.parse("file:data/leads.csv#count&where=stage:SQL,country:DE&account=x&unit=ratio")
    assert link is not None
    assert choice_of(link, default="value") == Choice(
        "count", where=(Condition("stage", "=", "SQL"), Condition("country", "=", "DE"))
    )
    assert str(choice_of(link, default="value")) == "count&where=stage:SQL,country:DE"
    assert str(choice_of(Link("file:a.csv"), default="count")) == "count"
    assert str(choice_of(Link("file:a.xlsx", (("cell", "'My sheet'!b7"),)), default="count")) == "cell=B7&sheet=My sheet"
    assert str(choice_of(Link("x:y", (("select", "$['net revenue'][0].value"),)), default="count")) == (
        "select=$['net revenue'][0].value"
    )


NAMES = (
    st.text(st.characters(exclude_categories=("C",)), min_size=1, max_size=12)
    .map(lambda name: " ".join(name.split()))
    .filter(bool)
)
NUMBERS = st.decimals(-1000, 1000, places=2).map(lambda number: f"{number:f}")


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    test = draw(st.sampled_from(["=", ">", ">=", "<", "<=", ".."]))
    if test == "=":
        return Condition(draw(NAMES), test, draw(st.one_of(NAMES, st.just(""))))
    if test == "..":
        ends = sorted(draw(st.lists(st.decimals(-1000, 1000, places=1), min_size=2, max_size=2)))
        return Condition(draw(NAMES), test, *(f"{end:f}" for end in ends))
    return Condition(draw(NAMES), test, draw(st.one_of(NUMBERS, st.dates().map(date.isoformat))))


@st.composite
def choices(draw: st.DrawFn) -> Choice:
    decimal = draw(st.sampled_from(["auto", ",", "."]))
    steps = st.one_of(st.integers(-99, 99), NAMES.filter(lambda name: "\\" not in name and not ("'" in name and '"' in name)))
    path = st.lists(steps, max_size=16).map(tuple)
    sheet = draw(st.one_of(st.just(""), NAMES))
    form = draw(st.sampled_from(["table", "select", "cell"]))
    if form == "select":
        return Choice(select=draw(path), decimal=decimal)
    if form == "cell":
        return Choice(cell=(draw(st.integers(1, 1_048_576)), draw(st.integers(1, 16_384))), sheet=sheet, decimal=decimal)
    measure = draw(st.sampled_from(sorted(MEASURES)))
    some = st.lists(conditions(), max_size=3, unique_by=lambda one: one.column.casefold()).map(tuple)
    return Choice(
        measure,
        column="" if measure in {"count", "share"} else draw(st.one_of(st.just(""), NAMES)),
        where=draw(some),
        share=draw(some.filter(bool)) if measure == "share" else (),
        item=draw(st.one_of(st.none(), path)),
        sheet=sheet,
        decimal=decimal,
    )


@given(choices())
def test_a_choice_is_its_text(choice: Choice) -> None:
    assert Choice.parse(str(choice)) == choice


GRAMMAR = st.text(st.sampled_from("sumcountshare(stage:SQL)&where=$.a[0]'\"..<>=,;|*%25cellB7!item\\ 1-"), max_size=60)


@given(st.one_of(st.text(max_size=80), GRAMMAR, GRAMMAR.map("count&where=".__add__), GRAMMAR.map("select=$".__add__)))
def test_arbitrary_text_is_a_choice_or_a_sentence(text: str) -> None:
    try:
        choice = Choice.parse(text)
    except SheetsyncError as error:
        assert str(error)
        return
    assert Choice.parse(str(choice)) == choice
    try:
        reading = read(LEADS, text)
    except SheetsyncError as error:
        assert str(error)
    else:
        assert reading.value.is_finite()


@pytest.mark.skipif(not HOSTILE.is_dir(), reason="the corpus of hostile links lies beside the checkout only")
@pytest.mark.parametrize("file", ["links.tsv", "benign.tsv"])
def test_the_corpus_of_selectors(file: str) -> None:
    with (HOSTILE / file).open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE) if row["where"] == "selector"]
    assert len(rows) == {"links.tsv": 17, "benign.tsv": 3}[file]
    for row in rows:
        text = json.loads(row["input_json"])
        for option in ("select", "item"):
            options = ((option, text), ("metric", "count")) if option == "item" else ((option, text),)
            if row["expected"] == "ALLOW":
                assert choice_of(Link("https://data.example.org/", options), default="value")
            else:
                with pytest.raises(NoSuchMetric):
                    choice_of(Link("https://data.example.org/", options), default="value")
        if row["expected"] != "ALLOW":
            for options in ((("metric", text),), (("metric", "count"), ("where", text)), (("cell", text),)):
                with pytest.raises(NoSuchMetric):
                    choice_of(Link("https://data.example.org/", options), default="value")


# --- text


@pytest.mark.parametrize(
    ("data", "text", "value"),
    [
        ("a;b\n1,5;x\n2,5;y\n", "sum(a)", "4"),
        ("a\tb\n1\t2\n", "sum(b)", "2"),
        ("a|b\n1|2\n", "sum(b)", "2"),
        ("amount\n1,5\n2,5\n", "sum", "4"),
        ("amount\n7\n", "value", "7"),
        ("42\n", "value", "42"),
        ("a,b\r1,2\r3,4\r", "sum(b)", "6"),
        ("a,b\r\n1,2\r\n\r\n3,4\r\n\r\n", "count", "2"),
        ('a,b\n"1\n",2\n3,"4"\n', "sum(a)", "4"),
        ("Report of all leads\n2026\n\na,b\n1,2\n3,4\n", "sum(b)", "6"),
        ("region,2025,2026\nx,1,2\n", "sum(2026)", "2"),
        ("a,b,\n1,2,\n", "count", "1"),
        ("a,b,c\n1,2\n3,4,5\n", "sum(c)", "5"),
        ("Umsatz;Stufe\n1.234,50;SQL\n", "sum(umsatz)", "1234.5"),
        ("阶段,金额\nSQL,１２３\n", "sum(金额)&where=阶段:sql", "123"),
        ("id,n\n007,1\n7,2\n7.0,4\n", "sum(n)&where=id:7", "6"),
        ("id\n007\n7\n7.0\nx\nX \n", "distinct(id)", "3"),
        ("a,a,b\n1,2,3\n", "sum(b)", "3"),
        ("n\n0.1\n0.2\n", "sum", "0.3"),
        ("n\n9007199254740991\n", "sum", "9007199254740991"),
        ("x,n\nTotal,1\nother,2\n", "sum(n)", "3"),
        ("x,n\nA,1\nTotal,2\n", "sum(n)&where=x:A", "1"),
        ("x,n\nA,1\nTotal,2\n", "value(n)&where=x:Total", "2"),
    ],
)
def test_text_is_cut_and_read_exactly(data: str, text: str, value: str) -> None:
    assert read(data, text).value == Decimal(value)


@pytest.mark.parametrize(
    ("data", "text", "says"),
    [
        ("", "count", "empty"),
        (" \n \n", "count", "no table"),
        ("<!doctype html><html><body>Sign in</body></html>", "count", "web page"),
        ("\ufeff\n <html>", "count", "web page"),
        ("foo,5\nbar,6\n", "count", "headings"),
        ("2026-01-01,5\n2026-01-02,6\n", "count", "headings"),
        ("5\n6\n", "sum", "headings"),
        ("name,amount\nfoo,1,234\n", "sum(amount)", "C2"),
        ("name,amount\n" + "foo,1\n" * 150 + "foo,1,234\n", "sum(amount)", "Row 152"),
        ('a,b\n"1,2\n', "count", "quote"),
        ("a,b\n1,\0x\n", "count", "encoding"),
        ("a,a\n1,2\n", "sum(a)", "2 columns"),
        ("n\n1,234\n", "sum", "both ways"),
        ("n\n10%\n20\n", "sum", "mixes"),
        ("n\n9007199254740993\n", "sum", "digits"),
        ("n\n9007199254740991\n2\n", "sum", "exactly"),
        ("n\nNaN\n", "sum", "Row 2"),
        ("n\n1e400\n", "sum", "Row 2"),
        ("x,n\nA,1\n合计,1\n", "sum(n)", "Row 3"),
        ("x,n\na,1.234\n", "count&where=n:1234", "two numbers"),
        ("x,d\na,03/04/2026\n", "count&where=d:>2026-01-01", "no date"),
        ("a," * 501 + "\n", "count", "larger"),
        ("a,b\n" + "1,2\n" * 200_001, "count", "larger"),
    ],
)  # fmt: skip
def test_text_that_would_give_a_wrong_number_gives_none(data: str, text: str, says: str) -> None:
    with pytest.raises(LinkError) as raised:
        read(data, text)
    assert says in str(raised.value)
    assert len(str(raised.value)) <= 200


def test_a_table_of_headings_alone_has_no_rows() -> None:
    assert read("a,b\n", "count").value == 0
    assert read("a,b\n", "sum(b)").value == 0
    with pytest.raises(NotReady):
        read("a,b\n", "mean(b)")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le-bom", "utf-16-be-bom"])
def test_encodings_that_say_what_they_are(encoding: str) -> None:
    data = "阶段,金额\nSQL,5\n"
    marks = {"utf-16-le-bom": b"\xff\xfe", "utf-16-be-bom": b"\xfe\xff"}
    raw = marks.get(encoding, b"") + data.encode(encoding.removesuffix("-bom"))
    assert read(raw, "sum(金额)&where=阶段:SQL").value == 5


@pytest.mark.parametrize("encoding", ["gb18030", "big5", "cp1252", "shift_jis"])
def test_other_encodings_only_where_somebody_declares_them(encoding: str) -> None:
    word = "Größe" if encoding == "cp1252" else "金額"
    raw = f"x,{word}\na,5\n".encode(encoding)
    with pytest.raises(UnexpectedReply) as raised:
        read(raw, "count")
    assert "encoding" in str(raised.value)
    assert read(raw, f"sum({word})", encoding=encoding).value == 5
    assert read(raw, f"sum({word})", content_type=f"text/csv; charset={encoding}").value == 5
    with pytest.raises(UnexpectedReply):
        read(raw, "count", content_type="text/csv; charset=utf-7")


CELLS = st.one_of(st.none(), st.integers(-(10**6), 10**6), st.decimals(-(10**6), 10**6, places=2))


@given(st.lists(st.tuples(st.sampled_from(["SQL", "MQL", " sql"]), CELLS), max_size=30), st.sampled_from([",", ";", "\t", "|"]))
@settings(deadline=None)
def test_measures_agree_with_plain_arithmetic(rows: list[tuple[str, int | Decimal | None]], delimiter: str) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(["stage", "x", "amount"])
    writer.writerows([stage, "-", "" if amount is None else str(amount)] for stage, amount in rows)
    document = load(out.getvalue().encode(), "t.csv")
    chosen = [amount for stage, amount in rows if stage.strip().lower() == "sql"]
    numbers = [Fraction(amount) for amount in chosen if amount is not None]

    def value(text: str) -> Fraction:
        return Fraction(evaluate(document, Choice.parse(text + "&where=stage:SQL&decimal=.")).value)

    assert value("count") == len(chosen)
    assert value("distinct(amount)") == len(set(numbers))
    if rows:
        share = evaluate(document, Choice.parse("share(stage:SQL)"))
        assert abs(Fraction(share.value) - Fraction(len(chosen), len(rows))) < Fraction(1, 10**20)
    if numbers:
        assert value("sum(amount)") == sum(numbers)
        assert (value("min(amount)"), value("max(amount)")) == (min(numbers), max(numbers))
        assert abs(value("mean(amount)") - sum(numbers) / len(numbers)) < Fraction(1, 10**15)
        low, high = sorted([numbers[0], numbers[-1]])
        inside = sum(low <= number <= high for number in numbers)
        bounds = f"{Decimal(low.numerator) / low.denominator:f}..{Decimal(high.numerator) / high.denominator:f}"
        counted = evaluate(document, Choice.parse(f"count&where=stage:SQL,amount:{bounds}&decimal=."))
        assert counted.value == inside
    elif not chosen:
        assert value("sum(amount)") == 0


@given(st.binary(max_size=200), st.sampled_from(["a.csv", "a.json", "a.xlsx", "a.parquet", "a", "a.tsv"]))
@settings(deadline=None)
def test_arbitrary_bytes_are_a_document_or_a_sentence(data: bytes, name: str) -> None:
    for start in (b"", b"PK\x03\x04", b"PAR1", b"{", b"a,b\n"):
        try:
            reading = evaluate(load(start + data, name), Choice("count"))
        except SheetsyncError as error:
            assert str(error)
        else:
            assert reading.value >= 0


# --- JSON

DOCUMENT = """{"data": {"items": [
  {"id": 1, "amount": 0.1, "owner": {"country": "DE"}, "tags": ["x"]},
  {"id": 2, "amount": "0.2", "owner": {"country": "US"}},
  {"id": 3, "amount": null, "owner": {"country": "DE"}}], "total": 1234567.89, "empty": []},
  "net revenue": [{"value": "12%"}], "on": true, "big": 9007199254740993, "none": null, "list": [3, 4.5]}"""


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("select=$.data.total", "1234567.89", ""),
        ("select=$['net revenue'][0].value", "0.12", PERCENT),
        ('select=$["net revenue"][-1].value', "0.12", PERCENT),
        ("count&item=$.data.items", "3", ""),
        ("count&item=$.data.empty", "0", ""),
        ("sum(amount)&item=$.data.items", "0.3", ""),
        ("sum(id)&item=$.data.items&where=owner.country:DE", "4", ""),
        ("sum&item=$.list", "7.5", ""),
        ("last(value)&item=$.list", "4.5", ""),
    ],
)
def test_json(text: str, value: str, unit: str) -> None:
    assert read(DOCUMENT, text, "kpi.json") == Reading(Decimal(value), unit)


def test_a_list_or_a_number_is_a_whole_document() -> None:
    assert read("[1, 2.5]", "sum", "a.json").value == Decimal("3.5")
    assert read('[{"a": 1}]', "count", "", content_type="application/json; charset=utf-8").value == 1
    assert read("42.0", "value", "a.json").value == 42
    assert read('{"a": 1}'.encode("utf-16"), "select=$.a", "a.json").value == 1


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("select=$.data.nothing", NotFound),
        ("select=$.list[2]", NotFound),
        ("select=$.list.a", NotFound),
        ("select=$.data[0]", NotFound),
        ("select=$.data", NoSuchMetric),
        ("select=$.on", UnexpectedReply),
        ("select=$.big", UnexpectedReply),
        ("select=$.none", NotReady),
        ("count", NoSuchMetric),
        ("value", NoSuchMetric),
        ("count&item=$.data", NoSuchMetric),
        ("distinct(tags)&item=$.data.items", UnexpectedReply),
        ("cell=A1", NoSuchMetric),
        ("count&item=$.list&sheet=a", NoSuchMetric),
    ],
)
def test_json_without_a_figure(text: str, kind: type[LinkError]) -> None:
    with pytest.raises(kind) as raised:
        read(DOCUMENT, text, "kpi.json")
    assert raised.value.advice


@pytest.mark.parametrize("data", ['{"a": 1, "a": 2}', '{"a": NaN}', "{", "[" * 300, '{"a": 1}x'])
def test_json_that_two_readers_would_read_differently(data: str) -> None:
    with pytest.raises(UnexpectedReply):
        read(data, "select=$.a", "a.json")


# --- Excel


def workbook() -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    percent, dated = book.add_format({"num_format": "0.0%"}), book.add_format({"num_format": "yyyy-mm-dd"})
    sheet = book.add_worksheet("Q1 data")
    sheet.write_row(0, 0, ["Leads of the first quarter"])
    sheet.write_row(2, 1, ["stage", "amount", "rate", "day", "won"])
    for row, (stage, amount, rate, day, won) in enumerate([("SQL", 0.1, 0.25, 5, True), ("sql", 0.2, 0.75, 31, False)], 3):
        sheet.write(row, 1, stage)
        sheet.write(row, 2, amount)
        sheet.write(row, 3, rate, percent)
        sheet.write_datetime(row, 4, datetime(2026, 1, day, 17, 0), dated)  # a cell has no zone
        sheet.write_boolean(row, 5, won)
    other = book.add_worksheet("Other")
    other.write("A1", "text")
    other.write_formula("B1", "=1+1", None, 2)
    other.write_formula("B2", "=1/0", None, "#DIV/0!")
    other.write_formula("B3", "=1+2", None, "")
    other.write_formula("B9", "=1+2", None, "")
    other.write("B7", 0.35, percent)
    book.add_worksheet("Secret").hide()
    book.close()
    return out.getvalue()


BOOK = workbook()


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("count&sheet=Q1 data", "2", ""),
        ("sum(amount)&sheet=q1 DATA", "0.3", ""),
        ("mean(rate)&sheet=Q1 data", "0.5", PERCENT),
        ("count&sheet=Q1 data&where=stage:SQL,day:2026-01-06..2026-01-31", "1", ""),
        ("count&sheet=Q1 data&where=won:true", "1", ""),
        ("count&sheet=Q1 data&where=day:2026-01-31", "1", ""),
        ("cell='Q1 data'!C4", "0.1", ""),
        ("cell=Other!B1", "2", ""),
        ("cell=B7&sheet=Other", "0.35", PERCENT),
    ],
)
def test_excel(text: str, value: str, unit: str) -> None:
    assert read(BOOK, text, "any name") == Reading(Decimal(value), unit)


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        ("count", NoSuchMetric, "Q1 data, Other"),
        ("count&sheet=Gone", NotFound, "Q1 data, Other"),
        ("cell=Other!B2", UnexpectedReply, "#DIV/0!"),
        ("cell=Other!B3", UnexpectedReply, "no stored result"),
        ("cell=Other!B9", UnexpectedReply, "no stored result"),
        ("cell=Other!A1", UnexpectedReply, "A1"),
        ("cell='Q1 data'!E4", UnexpectedReply, "E4"),
        ("sum(won)&sheet=Q1 data", UnexpectedReply, "Row 4"),
        ("sum(stage)&sheet=Q1 data", UnexpectedReply, "Row 4"),
    ],
)
def test_excel_without_a_figure(text: str, kind: type[LinkError], says: str) -> None:
    with pytest.raises(kind) as raised:
        read(BOOK, text)
    assert says in str(raised.value)


def changed(data: bytes, change: dict[str, bytes], *, twice: str = "") -> bytes:
    """The workbook with some parts replaced or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        parts = {entry.filename: old.read(entry) for entry in old.infolist()} | change
        for name, body in parts.items():
            new.writestr(name, body)
        if twice:
            with pytest.warns(UserWarning, match="Duplicate"):
                new.writestr(twice, parts[twice])
    return out.getvalue()


SHEET = (
    b'<?xml version="1.0"?>%s<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    b"<sheetData>%s</sheetData></worksheet>"
)
FIRST = "xl/worksheets/sheet1.xml"


def sheet(rows: bytes, declared: bytes = b"") -> bytes:
    return changed(BOOK, {FIRST: SHEET % (declared, rows)})


WIDE = (SHEET % (b"", b"")).decode().replace('"1.0"', '"1.0" encoding="utf-16"').replace("<work", "<!DOCTYPE a []><work")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        pytest.param(sheet(b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'), Incomplete, id="far"),
        pytest.param(sheet(b'<row><c r="&#88;FD1"><v>1</v></c></row>'), Incomplete, id="far by reference"),
        pytest.param(sheet(b'<row r="200001"><c><v>1</v></c></row>'), Incomplete, id="many rows"),
        pytest.param(sheet(b'<row r="100001"><c r="BH100001"><v>1</v></c></row>'), Incomplete, id="a large rectangle"),
        pytest.param(sheet(b'<row><c r="sg1"><v>1</v></c></row>'), Incomplete, id="many columns in small letters"),
        pytest.param(sheet(b"<row><c><v>&a;</v></c></row>", b'<!DOCTYPE x [<!ENTITY a "1">]>'), Refused, id="entity"),
        pytest.param(sheet(b"", b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x">'), Refused, id="external"),
        pytest.param(changed(BOOK, {FIRST: WIDE.encode("utf-16")}), Refused, id="entity in another encoding"),
        pytest.param(sheet(b" " * 5_000_000), Refused, id="bomb"),
        pytest.param(changed(BOOK, {"../x.xml": b"<x/>"}), Refused, id="slip"),
        pytest.param(changed(BOOK, {f"x{n}.xml": b"<x/>" for n in range(2_001)}), Refused, id="many parts"),
        pytest.param(changed(BOOK, {}, twice=FIRST), Refused, id="twice"),
        pytest.param(changed(BOOK, {FIRST.upper(): b"<x/>"}), Refused, id="twice but for case"),
        pytest.param(BOOK[: len(BOOK) // 2], UnexpectedReply, id="half"),
        pytest.param(BOOK[:40] + bytes(200) + BOOK[240:], UnexpectedReply, id="damaged"),
        pytest.param(changed(BOOK, {FIRST: b"<worksheet>"}), UnexpectedReply, id="unfinished part"),
        pytest.param(sheet(b'<row><c t="s"><v>99999</v></c></row>'), UnexpectedReply, id="no such text"),
        pytest.param(b"<html>sign in</html>", UnexpectedReply, id="web page"),
        pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), UnexpectedReply, id="old or locked"),
    ],
)
def test_excel_files_that_are_not_read(data: bytes, kind: type[LinkError]) -> None:
    with pytest.raises(kind) as raised:
        read(data, "count&sheet=Q1 data", "report.xlsx")
    assert raised.value.advice


def test_one_long_text_used_by_every_cell_is_too_much() -> None:
    shared = (
        b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>' + b"ab1" * 10_000 + b"</t></si></sst>"
    )
    cells = b"".join(b'<row r="%d"><c t="s"><v>0</v></c></row>' % row for row in range(1, 10_001))
    with pytest.raises(Incomplete):
        read(changed(BOOK, {"xl/sharedStrings.xml": shared, FIRST: SHEET % (b"", cells)}), "count&sheet=Q1 data")


def test_a_formula_without_a_result_is_not_an_empty_cell() -> None:
    rows = b'<row><c t="inlineStr"><is><t>n</t></is></c></row><row><c><v>1</v></c></row><row><c><f>1+1</f></c></row>'
    book = changed(BOOK, {FIRST: SHEET % (b"", rows)})
    with pytest.raises(UnexpectedReply) as raised:
        read(book, "sum(n)&sheet=Q1 data")
    assert "no stored result" in str(raised.value)


# --- Parquet


def test_parquet() -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    out = io.BytesIO()
    table = arrow.table({
        "stage": ["SQL", "sql", None, "MQL"],
        "n": arrow.array([9007199254740991, None, 0, -1]),
        "amount": arrow.array([Decimal("0.10"), Decimal("0.20"), None, Decimal("1.00")]),
        "day": [date(2026, 1, 5), date(2026, 1, 31), None, date(2026, 2, 1)],
    })  # fmt: skip
    parquet.write_table(table, out)
    data = out.getvalue()
    assert read(data, "max(n)", "a.parquet").value == 9007199254740991
    assert read(data, "sum(amount)&where=stage:SQL", "a.parquet").value == Decimal("0.3")
    assert read(data, "count&where=day:2026-01-01..2026-01-31", "a.parquet").value == 2
    assert read(data, "distinct(stage)", "a.parquet").value == 2
    with pytest.raises(NoSuchMetric):
        read(data, "cell=A1", "a.parquet")
    with pytest.raises(UnexpectedReply):
        read(data[:-20] + bytes(20), "count", "a.parquet")


def test_parquet_without_its_reader_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(UnexpectedReply) as raised:
        read(b"PAR1" + bytes(20) + b"PAR1", "count", "a.parquet")
    assert "not installed" in str(raised.value)
    assert "parquet" in raised.value.advice
