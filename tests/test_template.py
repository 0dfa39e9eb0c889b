"""The workbook that `sheetsync init` hands out: what is put in is found again, it is well made, built alike each time."""

from __future__ import annotations

import itertools
import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet
from python_calamine import CalamineWorkbook

from sheetsync import template
from sheetsync.errors import ConfigError
from sheetsync.model import CellEdit, Column, KeyResult, Kind
from sheetsync.okr import layout, period, rules, scan
from sheetsync.okr.progress import COLOURS, Status
from sheetsync.template import Content, PlannedGroup, PlannedKeyResult, PlannedObjective, build, write_template
from sheetsync.template._look import INK, SIGNS
from sheetsync.texts import LANGUAGES, Language
from sheetsync.workbooks.excel import Excel
from tests.conftest import Done

Command = Callable[..., Done]
COMMITTED = Path(__file__).parents[1] / "templates"
COMMITTED_PERIOD = "2027-Q1"
TODAY = date(2027, 2, 1)
SHEETS = (("2027-Q1", "People", "Review", "Guide", "Figures"), ("2027-Q1", "人员", "复盘", "使用说明", "数据"))


def rows_of(path: Path) -> list[KeyResult]:
    return scan.scan(Excel(path).read(), today=TODAY)


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> Language:
    return request.param


@pytest.fixture
def committed(language: Language) -> Path:
    return COMMITTED / f"okr.{language}.xlsx"


def test_the_committed_templates_are_what_is_built(language: Language, committed: Path, tmp_path: Path) -> None:
    """To make them again: `python -c "from pathlib import Path; from sheetsync.template import write_template as w; …"`."""
    path = tmp_path / "okr.xlsx"
    write_template(path, language, COMMITTED_PERIOD)
    assert path.read_bytes() == committed.read_bytes()


def test_scan_finds_what_was_put_in(language: Language, tmp_path: Path) -> None:
    path = tmp_path / "okr.xlsx"
    planned = Content("Team", period.quarter(2026, 4), (
        PlannedGroup("Overall", (PlannedObjective("O1 Grow", (
            PlannedKeyResult("KR1.1 Deals", Kind.NUMBER, 10, 50, 12, "rollup:sum", "Ann"),
            PlannedKeyResult("KR1.2 Share of the market", Kind.PERCENT, 0.1, 0.25, link="file:a.csv#share(stage:SQL)"),
        )),), overall=True),
        PlannedGroup("Team B", (
            PlannedObjective("O2 Save", (
                PlannedKeyResult("KR2.1 Cost", Kind.AT_MOST, 80, 60, link="https://example.com/report?id=1", aligned_to="KR1.1"),
            ), empty_rows=2),
            PlannedObjective("O3 Learn", (
                PlannedKeyResult("KR3.1 Passed", Kind.YES_NO, None, layout.YES[language == "zh"], link="manual:"),
            )),
        )),
    ), (
        PlannedGroup("Growth of Ann", (PlannedObjective("O1 Lead", (PlannedKeyResult("KR1.1 Talks", target=4, owner="Ann"),)),)),
    ), (("Ann", "Head"),))  # fmt: skip
    path.write_bytes(build(planned, language))
    rows = rows_of(path)
    found = [(r.group, r.objective_id, r.objective, r.kr_id, r.name, r.kind, r.start, r.target, r.result) for r in rows]
    assert found == [
        ("Overall", "O1", "Grow", "KR1.1", "Deals", Kind.NUMBER, Decimal(10), Decimal(50), Decimal(12)),
        ("Overall", "O1", "Grow", "KR1.2", "Share of the market", Kind.PERCENT, Decimal("0.1"), Decimal("0.25"), None),
        ("Team B", "O2", "Save", "KR2.1", "Cost", Kind.AT_MOST, Decimal(80), Decimal(60), None),
        ("Team B", "O3", "Learn", "KR3.1", "Passed", Kind.YES_NO, None, Decimal(1), None),
        ("Growth of Ann", "O1", "Lead", "KR1.1", "Talks", Kind.NUMBER, None, Decimal(4), None),
    ]
    assert [row.link_text for row in rows] == [
        "rollup:sum", "file:a.csv#share(stage:SQL)", "https://example.com/report?id=1", "manual:", "",
    ]  # fmt: skip
    assert [row.owner for row in rows] == ["Ann", "", "", "", "Ann"]
    assert [row.aligned_to for row in rows] == ["", "", "KR1.1", "", ""]
    assert all(row.period == period.quarter(2026, 4) for row in rows)
    assert [set(row.refs) - set(template.COLUMNS) for row in rows] == [set()] * 4 + [{Column.PERIOD}]
    assert all(set(template.COLUMNS) <= set(row.refs) for row in rows)


def test_the_starting_plan_is_in_good_form(committed: Path) -> None:
    rows = rows_of(committed)
    assert len({row.group for row in rows}) == len(rows) == 7
    assert {row.kind for row in rows} == set(Kind)
    assert [finding.rule for finding in rules.findings(rows)] == []
    assert all(row.result is None and row.period == period.quarter(2027, 1) for row in rows)
    assert all(row.cells[Column.PROGRESS].formula and row.cells[Column.PROGRESS].conditional for row in rows)
    assert str(rows[0].source) == "rollup:progress"
    assert {row.ref.sheet for row in rows[:5]} != {row.ref.sheet for row in rows[5:]}


@pytest.fixture
def book(committed: Path) -> Iterator[openpyxl.Workbook]:
    """As another reader sees it."""
    found = openpyxl.load_workbook(committed)
    yield found
    found.close()


def headings(sheet: Worksheet, language: Language) -> tuple[int, list[str]]:
    """The row of the headings, and what they say."""
    wanted = layout.HEADINGS[Column.KEY_RESULT][language == "zh"]
    (row,) = (row for row in sheet.iter_rows() if any(cell.value == wanted for cell in row))
    return row[0].row, [cell.value for cell in row if cell.value]


def test_how_the_tables_are_laid_out(book: openpyxl.Workbook, language: Language) -> None:
    index = language == "zh"
    assert tuple(book.sheetnames) == SHEETS[index]
    assert [sheet.sheet_state for sheet in book.worksheets] == ["visible"] * 4 + ["hidden"]
    plan, people = book.worksheets[:2]
    row, texts = headings(plan, language)
    assert texts == [layout.HEADINGS[column][index] for column in template.COLUMNS]
    assert texts.index(layout.HEADINGS[Column.DATA_LINK][index]) == texts.index(layout.HEADINGS[Column.RESULT][index]) + 1
    assert headings(people, language)[1] == [*texts, layout.HEADINGS[Column.PERIOD][index]]
    assert plan.freeze_panes == f"D{row + 1}"
    assert plan.print_title_rows == f"$1:${row}"
    for page in book.worksheets[:4]:
        assert page.page_setup.fitToWidth in (None, 1)  # 1 unless it says otherwise
        assert page.sheet_properties.pageSetUpPr.fitToPage
        assert all(sign in (part.text or "") for part, sign in ((page.oddFooter.right, "&P"), (page.oddFooter.left, "")))
        assert page.print_title_rows
        assert not page.sheet_view.showGridLines
    assert [page.page_setup.orientation for page in book.worksheets[:2]] == ["landscape"] * 2
    said = {str(cell.value) for row in book.worksheets[3].iter_rows() for cell in row}
    assert {pair[index] for pair in layout.STATES.values()} <= said
    assert {f"{SIGNS[status]} {layout.STATUSES[status][index]}" for status in Status} <= said
    assert book.properties.title and book.properties.subject and book.properties.creator == "sheetsync"


def test_choices_and_colours(book: openpyxl.Workbook, language: Language) -> None:
    index = language == "zh"
    for sheet in book.worksheets[:2]:
        lists = {rule.formula1 for rule in sheet.data_validations.dataValidation if rule.type == "list"}
        assert {"OKR_Owners", '"' + ",".join(layout.KINDS[kind][index] for kind in Kind) + '"'} <= lists
        colours: dict[str, list[str]] = {}
        for covered in sheet.conditional_formatting:
            for rule in covered.rules:
                colours.setdefault(str(covered.sqref)[0], []).append(rule.dxf.fill.bgColor.rgb[2:])
                assert sum(f'"{word}"' in rule.formula[0] for pair in layout.STATUSES.values() for word in pair) == 2
        assert colours == {"I": list(COLOURS.values()), "J": list(COLOURS.values())}
    names = book.worksheets[1]
    place = book.defined_names["OKR_Owners"].attr_text
    assert place.count(f"'{names.title}'!") == 3
    first, last = re.findall(r"\$B\$(\d+)", place)[0], re.findall(r"\$B\$(\d+)", place)[-1]
    assert [names[f"B{row}"].value for row in range(int(first), int(last) + 1)].count(None) == 5
    assert names[f"B{int(last) + 1}"].value is None
    assert names[f"B{int(last) + 2}"].value == layout.HEADINGS[Column.OBJECTIVE][index]


def test_the_box_that_asks_for_a_run(book: openpyxl.Workbook, language: Language) -> None:
    plan = book.worksheets[0]
    (label,) = (cell for row in plan.iter_rows() for cell in row if cell.value == ("Sync now", "立即同步")[language == "zh"])
    box = plan.cell(label.row, label.column + 1)
    assert box.value == "☐"
    assert label.row < headings(plan, language)[0]
    (choice,) = (rule for rule in plan.data_validations.dataValidation if box.coordinate in rule.sqref)
    assert choice.formula1 == '"☐,☑"'
    assert not any(cell.coordinate in area for area in plan.merged_cells.ranges for cell in (label, box))


def test_charts_are_drawn_in_our_own_colours(committed: Path) -> None:
    with zipfile.ZipFile(committed) as package:
        charts = [package.read(name).decode() for name in package.namelist() if name.startswith("xl/charts/")]
        anchors = ElementTree.fromstring(package.read("xl/drawings/drawing1.xml"))
    assert ["<c:barChart>" in text for text in charts] == [True, False, True]
    assert "<c:lineChart>" in charts[1]
    for text in charts:
        series = re.findall(r"<c:ser>.*?</c:ser>", text)
        assert series
        assert all("srgbClr" in one for one in series)
        assert '<c:autoTitleDeleted val="1"/>' in text
        assert not re.search(r"schemeClr|<c:style ", text)
    described = [element.get("descr") for element in anchors.iter() if element.tag.endswith("}cNvPr")]
    assert len(described) == 3
    assert all(described)
    places = []
    for anchor in anchors:
        corners = [int(found.text or "") for found in anchor.iter() if found.tag.endswith(("}row", "}col"))]
        places.append(corners)
    for one in places:  # no chart lies over another
        for other in places:
            if one is not other:
                assert one[3] < other[1] or other[3] < one[1] or one[2] < other[0] or other[2] < one[0]


def lightness(colour: str) -> float:
    """CIE L* of `RRGGBB`, 0 black to 100 white."""
    y = luminance(colour)
    return 116 * y ** (1 / 3) - 16 if y > 0.008856 else 903.3 * y


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_colours_are_told_apart_without_colour() -> None:
    assert [round(lightness(colour)) for colour in ("000000", "FFFFFF", "777777")] == [0, 100, 50]
    assert all(contrast(INK, colour) >= 4.5 for colour in COLOURS.values())
    steps = sorted(lightness(colour) for colour in COLOURS.values())
    assert all(darker + 3 <= lighter for darker, lighter in itertools.pairwise(steps)), steps
    assert len(set(SIGNS.values())) == len(Status), "and by a shape before the word"


# --- the package -------------------------------------------------------------------------------------------------------

RELATIONSHIPS = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
TYPES = "{http://schemas.openxmlformats.org/package/2006/content-types}"
KNOWN = re.compile(
    r"\[Content_Types\]\.xml|_rels/\.rels|docProps/(app|core)\.xml|xl/(workbook|styles|sharedStrings)\.xml|xl/theme/theme1\.xml"
    r"|xl/worksheets/sheet\d\.xml|xl/charts/chart\d\.xml|xl/drawings/drawing\d\.xml"
    r"|xl/_rels/workbook\.xml\.rels|xl/(worksheets|drawings)/_rels/\w+\.xml\.rels"
)


def test_the_package_is_whole(committed: Path) -> None:
    """Each part is of a known kind, has a type and is pointed to; each prefix that is named is declared."""
    with zipfile.ZipFile(committed) as package:
        parts = {name: package.read(name) for name in package.namelist()}
        assert package.testzip() is None
    assert [name for name in parts if not KNOWN.fullmatch(name)] == []
    types = ElementTree.fromstring(parts["[Content_Types].xml"])
    typed = {str(one.get("PartName")).lstrip("/") for one in types.iter(f"{TYPES}Override")}
    assert typed == {name for name in parts if not name.endswith(".rels")} - {"[Content_Types].xml"}
    reached = set()
    for name, data in parts.items():
        ElementTree.fromstring(data)
        text = data.decode("utf-8")
        ignorable = re.search(r'mc:Ignorable="([^"]*)"', text)
        for prefix in [*(ignorable[1].split() if ignorable else ()), *re.findall(r"<([A-Za-z0-9]+):", text)]:
            assert f"xmlns:{prefix}=" in text, (name, prefix)
        if name.endswith(".rels"):
            folder = PurePosixPath(name).parent.parent
            targets = [str(one.get("Target")) for one in ElementTree.fromstring(data).iter(RELATIONSHIPS)]
            reached |= {str(PurePosixPath(*_plain(folder / target))).lstrip("/") for target in targets}
    assert reached == typed


def _plain(path: PurePosixPath) -> list[str]:
    parts: list[str] = []
    for part in path.parts:
        parts = parts[:-1] if part == ".." else [*parts, part]
    return parts


def test_a_stray_part_and_a_missing_declaration_are_seen() -> None:
    assert not KNOWN.fullmatch("xl/calcChain.xml")
    assert not re.search("xmlns:x14=", '<x14:dataBar xmlns="x"/>')


def test_every_reader_reads_it(committed: Path, language: Language) -> None:
    book = CalamineWorkbook.from_path(str(committed))
    assert tuple(book.sheet_names) == SHEETS[language == "zh"]
    assert layout.HEADINGS[Column.KEY_RESULT][language == "zh"] in book.get_sheet_by_index(0).to_python()[3]
    with zipfile.ZipFile(committed) as package:
        sheets = [package.read(f"xl/worksheets/sheet{number}.xml").decode() for number in range(1, 6)]
    assert "⟦" not in "".join(sheets)
    assert not re.search(r"<f>[^<]*</f><v></v>", "".join(sheets)), "a formula without a value has none at all"
    shared = re.findall(r'<c r="([A-Z]+)(\d+)"[^>]*><f t="shared" (?:ref="([^"]*)" )?si="(\d+)"', sheets[4])
    masters = {number: area for _, _, area, number in shared if area}
    texts = re.findall(r'<f t="shared" ref="[^>]*>([^<]*)<', sheets[4])
    assert len(texts) == len(masters) > 10
    assert [text for text in texts if "!" in text or "OKR_" in text] == [], "Excel shares no formula that leaves its sheet"
    for letters, row, _, number in shared:
        first, last = (int(re.sub("[A-Z]", "", corner)) for corner in masters[number].split(":"))
        assert masters[number].startswith(letters)
        assert first <= int(row) <= last


def test_a_run_changes_figures_and_nothing_else(
    language: Language, tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Charts, choices, formats, names: what is not a cell of a row stays as it was, byte by byte."""
    monkeypatch.chdir(tmp_path)
    assert command("init", "--lang", language, "--period", COMMITTED_PERIOD).code == 0
    (tmp_path / "data" / "leads.csv").write_text("stage\nSQL\nSQL\n", encoding="utf-8")
    path = tmp_path / "okr.xlsx"
    plan = rows_of(path)
    link = next(row for row in plan if row.kind is Kind.NUMBER)
    odd = next(row for row in plan if row.kind is Kind.AT_LEAST)
    book = Excel(path)
    book.read()
    book.apply([
        CellEdit(link.refs[Column.DATA_LINK], "file:data/leads.csv#count"),
        CellEdit(odd.refs[Column.DATA_LINK], "https://nobody.example/x"),
    ])  # fmt: skip
    before = members(path)
    done = command("run", "--json")
    rows = {row["cell"]: row for row in done.json["workbooks"][0]["rows"] if row["sheet"] == COMMITTED_PERIOD}
    assert (rows[link.ref.a1]["state"], rows[link.ref.a1]["new"]) == ("fresh", 2)
    assert rows[odd.ref.a1]["state"] == "broken"
    after = members(path)
    assert before.keys() == after.keys()
    changed = {name for name in before if before[name] != after[name]}
    assert "xl/worksheets/sheet1.xml" in changed
    assert {name for name in changed if not name.startswith("xl/worksheets/sheet")} <= {"xl/styles.xml", "xl/workbook.xml"}
    for name in changed - {"xl/styles.xml", "xl/workbook.xml"}:
        assert around(before[name]) == around(after[name]), name
        cells, others = cells_of(before[name]), cells_of(after[name])
        assert [formula for _, formula in cells.values()] == [formula for _, formula in others.values()], name
        touched = {cell for cell in cells if cells[cell] != others[cell]}
        title = SHEETS[language == "zh"][int(name[-5]) - 1]
        allowed = {row.refs[column].a1 for row in plan if row.ref.sheet == title for column in layout.WRITTEN}
        assert touched <= allowed | {cell for cell in touched if cells[cell][1]}, name
    said = openpyxl.load_workbook(path).worksheets[0]
    assert said[link.refs[Column.STATUS].a1].value in {word for pair in layout.STATUSES.values() for word in pair}
    assert said[link.refs[Column.PROGRESS].a1].value.startswith("=IF(")


def test_the_next_period_is_told_by_one_cell(
    language: Language, committed: Path, tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`rollover` writes it, and all dates that hang on it are worked out anew."""
    monkeypatch.chdir(tmp_path)
    assert command("rollover", str(committed), "--to", "2027-Q2", "--out", "next.xlsx").code == 0
    book = openpyxl.load_workbook(tmp_path / "next.xlsx")
    sheet, _, cell = book.defined_names["OKR_Period"].attr_text.replace("$", "").replace("'", "").partition("!")
    assert book[sheet][cell].value == "2027-Q2"
    book.close()
    old, new = members(committed), members(tmp_path / "next.xlsx")
    for number in (1, 3):
        before, after = (parts[f"xl/worksheets/sheet{number}.xml"].decode() for parts in (old, new))
        assert "2027-01-01 – 2027-03-31" in before
        assert "2027-01-01" not in after


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as package:
        return {name: package.read(name) for name in package.namelist()}


def around(sheet: bytes) -> tuple[str, str]:
    """What stands before and after the cells: widths, panes; merges, formats, choices, print set-up, the drawing."""
    text = sheet.decode()
    return text[: text.index("<sheetData>")], text[text.index("</sheetData>") :]


def cells_of(sheet: bytes) -> dict[str, tuple[str, str]]:
    """Cell -> its whole text, and its formula."""
    found = re.findall(r'(<c r="([A-Z]+\d+)"[^>]*?(?:/>|>(.*?)</c>))', sheet.decode())
    return {cell: (whole, "".join(re.findall(r"<f.*?(?:/>|</f>)", inner))) for whole, cell, inner in found}


def test_teams_get_their_own_blocks(tmp_path: Path) -> None:
    path = tmp_path / "okr.xlsx"
    write_template(path, "en", "2027", ["Events & Fairs", " ", "Partners"])
    rows = rows_of(path)
    assert [row.group for row in rows] == [
        "Marketing overall", "Events & Fairs", "Partners", "Personal development: Name 1", "Personal development: Name 2",
    ]  # fmt: skip
    assert {row.period for row in rows} == {period.year(2027)}
    assert [finding.rule for finding in rules.findings(rows)] == []


def test_teams_in_one_word(tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = ("--team", "Events", "--teams", "Fairs & Co, 内容、 品牌，", "--period", "2027-01-15..2027-03-10", "--lang", "en")
    assert command("init", *words).code == 0
    rows = rows_of(tmp_path / "okr.xlsx")
    assert [row.group for row in rows][1:-2] == ["Events", "Fairs & Co", "内容", "品牌"]
    assert {row.period for row in rows} == {period.parse("2027-01-15..2027-03-10")}
    assert [finding.rule for finding in rules.findings(rows)] == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "okr.xlsx"
    path.write_bytes(b"mine")
    with pytest.raises(ConfigError):
        write_template(path, "en", "2027-Q1")
    assert path.read_bytes() == b"mine"


def test_no_period_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        write_template(tmp_path / "okr.xlsx", "en", "next spring")
    with pytest.raises(ConfigError):
        write_template(tmp_path / "nowhere" / "okr.xlsx", "en", "2027")
    assert list(tmp_path.iterdir()) == []
