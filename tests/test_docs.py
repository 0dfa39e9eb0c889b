"""The documentation against the code: what it says is there, and what is there it says."""

from __future__ import annotations

import dataclasses
import inspect
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
import typing
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest
import typer

from sheetsync import cli, config, errors, links
from sheetsync.connectors.base import Settings
from sheetsync.connectors.registry import AnyConnector, builtin
from sheetsync.errors import ConfigError, LinkError, SheetsyncError
from sheetsync.links import OPTION_NAMES
from sheetsync.model import Column, Period, RowReport, RunReport
from sheetsync.okr import layout, scan
from sheetsync.okr.progress import COLOURS, Unmeasured
from sheetsync.secrets import Vault
from sheetsync.testing import LookupMemory
from tests import schema

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
EXAMPLE = ROOT / "config" / "sheetsync.example.toml"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
KINDS = builtin()

CODE = re.compile(r"`([^`\n]+)`")
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
QUARTER = Period(date(2027, 1, 1), date(2027, 3, 31), "2027-Q1")


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    """What stands below a heading, up to the next one of its level or above."""
    level = re.search(rf"^(#+) {re.escape(heading)}$", text, re.MULTILINE)
    assert level is not None, f"no heading {heading}"
    rest = text[level.end() :]
    end = re.search(rf"^#{{1,{len(level[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def prose(text: str) -> str:
    """The text without its code blocks."""
    return FENCE.sub("", text)


def codes(text: str) -> list[str]:
    """The code inside the text, in order."""
    return CODE.findall(prose(text))


def rows(text: str) -> Iterator[list[str]]:
    """The cells of every table row, headings and rules left out; a bar inside code does not part cells."""
    lines = prose(text).splitlines()
    for number, line in enumerate(lines):
        below = lines[number + 1] if number + 1 < len(lines) else ""
        if line.startswith("|") and not set(line) <= set("|-: ") and not (below and set(below) <= set("|-: ")):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def table(text: str) -> dict[str, list[str]]:
    """Rows by the code in their first cell."""
    return {CODE.findall(cells[0])[0]: cells[1:] for cells in rows(text) if CODE.findall(cells[0])}


# --- commands ----------------------------------------------------------------------------------------------------------

PROGRAM: Any = typer.main.get_command(cli.app)
COMMANDS: dict[str, Any] = PROGRAM.commands


def options_of(command: Any) -> set[str]:
    return {name for param in command.params if param.param_type_name == "option" for name in param.opts} | {"--help"}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_described_with_all_it_takes(name: str) -> None:
    text = section(page("commands.md"), f"sheetsync {name}")
    written = {word for code in codes(text) for word in code.split()}
    missing = options_of(COMMANDS[name]) - written - {"--help", "-c"}
    arguments = {param.name.upper() for param in COMMANDS[name].params if param.param_type_name == "argument"}
    assert missing == set()
    assert arguments <= written
    assert name in {cells[0].strip("`").split()[1] for cells in rows(page("commands.md")) if cells[0].startswith("`sheetsync ")}


def test_nothing_is_described_that_does_not_exist() -> None:
    text = page("commands.md")
    described = [heading.removeprefix("sheetsync ") for heading in HEADING.findall(text) if heading.startswith("sheetsync ")]
    assert sorted(described) == sorted(COMMANDS)
    for name in described:
        known = options_of(COMMANDS[name]) | options_of(PROGRAM)
        written = codes(section(text, f"sheetsync {name}"))
        assert {word for code in written for word in code.split() if re.match(r"--?[a-z]", word)} <= known, name
    everywhere = {word for code in codes(text) for word in code.split() if word.startswith("--")}
    assert everywhere <= set().union(options_of(PROGRAM), *map(options_of, COMMANDS.values()))
    assert options_of(PROGRAM) <= everywhere


def test_the_json_of_a_run_is_described_key_by_key() -> None:
    known = table(section(page("commands.md"), "sheetsync run"))
    told = {name for cells in rows(section(page("commands.md"), "sheetsync run")) for name in CODE.findall(cells[0])}
    row = RowReport("S", "A1", "", "", "", "", "", "fresh", None, None, None, "", "")
    document = cli.as_document(RunReport("okr.xlsx", (row,), error="No.", notes=("A word.",)))
    fields = {*document, *document["rows"][0]}
    assert told == fields
    assert known.keys() <= fields


def test_every_exit_code_is_described() -> None:
    told = {int(cells[0]) for cells in rows(section(page("commands.md"), "Exit codes"))}
    assert {kind.exit_code for kind in failures()} | {0, 70, 130} == told


def spoken() -> Iterator[tuple[str, str]]:
    """Every command that a page shows: in a code block, or in the text with its first word."""
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        for _, language, block in FENCE.findall(text):
            for line in block.splitlines() if language in {"sh", ""} else ():
                command = re.search(r"(?:^|/|&& )sheetsync( [^>|&;]*(?:\"[^\"]*\"|'[^']*')?.*)?$", line.strip())
                if command:
                    yield named(path), (command[1] or "").partition(">>")[0]
        for code in codes(text):
            if re.match(r"sheetsync( |$)", code):
                yield named(path), code.removeprefix("sheetsync")


@pytest.mark.parametrize(("where", "words"), [*spoken()])
def test_every_command_that_is_shown_can_be_typed(where: str, words: str) -> None:
    given = shlex.split(words)
    if not given or given[0].startswith("-"):
        assert set(given) <= options_of(PROGRAM), where
        return
    assert given[0] in COMMANDS, where
    try:
        COMMANDS[given[0]].make_context(given[0], [word for word in given[1:] if word != "--help"])
    except Exception as error:  # noqa: BLE001 - whatever typer complains of
        pytest.fail(f"{where}: sheetsync {words}: {error}")


# --- configuration -----------------------------------------------------------------------------------------------------


def default_of(value: Any) -> str:
    return "none" if value is None else f"`{json.dumps(value if not isinstance(value, tuple) else list(value))}`"


@pytest.mark.parametrize(
    ("heading", "model"),
    [
        ("For everything", config._Document),
        ("A workbook", config.WorkbookConfig),
        ("Alerts", config.AlertConfig),
        ("Google", config.GoogleConfig),
        ("The review on its day", config.ReviewConfig),
    ],
)
def test_every_key_is_described_with_its_default(heading: str, model: Any) -> None:
    told = table(section(page("configuration.md"), heading).partition("\n### ")[0])
    wanted = {
        name: "required" if field.is_required() else default_of(field.default) for name, field in model.model_fields.items()
    }
    assert {name: cells[0] for name, cells in told.items()} == wanted
    written = EXAMPLE.read_text(encoding="utf-8")
    for name in wanted:
        assert re.search(rf"^#? ?(\[+)?{name}( =|\]|\.)", written, re.MULTILINE), name


class Key(NamedTuple):
    """A key of an account, or of a table inside it."""

    name: str
    default: Any
    required: bool
    about: str


def keys_of(settings: type[Any]) -> Iterator[Key]:
    hints = typing.get_type_hints(settings)
    for field in dataclasses.fields(settings):
        if field.name == "base":
            continue
        made = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
        yield Key(field.name, made, made is dataclasses.MISSING, field.metadata.get("about", ""))
        for inner in typing.get_args(hints[field.name]):
            if dataclasses.is_dataclass(inner) and isinstance(inner, type):
                yield from keys_of(inner)


GENERAL = {key.name for key in keys_of(Settings)}


def test_keys_of_all_accounts_are_described() -> None:
    told = table(section(page("configuration.md"), "Accounts").partition("\n### ")[0])
    assert {name: cells[0] for name, cells in told.items()} == {key.name: default_of(key.default) for key in keys_of(Settings)}
    written = EXAMPLE.read_text(encoding="utf-8")
    assert all(re.search(rf"^#? ?{name} =", written, re.MULTILINE) for name in GENERAL)


def test_the_example_is_a_configuration_that_works() -> None:
    loaded = config.load(EXAMPLE, EXAMPLE.parent)
    kinds = {kind.name(): kind for kind in KINDS}
    assert loaded.workbooks
    assert set(loaded.accounts) <= set(kinds)
    for name, named_accounts in loaded.accounts.items():
        for account in named_accounts:
            settings = config.account_settings(loaded, name, account, kinds[name].settings_type, Vault(loaded.folder, {}))
            assert kinds[name](account, settings, LookupMemory()).account == account


@pytest.mark.parametrize("before", ["", "[[workbooks]]\n", "[connectors.file.default]\n", "[connectors.mailchimp.emea]\n"])
def test_a_key_that_is_not_known_is_refused(before: str, tmp_path: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    file = tmp_path / "sheetsync.toml"
    at = text.index(before) + len(before) if before else text.index("\nlanguage") + 1
    file.write_text(text[:at] + "nonsense = 1\n" + text[at:], encoding="utf-8")
    kinds = {kind.name(): kind for kind in KINDS}
    with pytest.raises(ConfigError, match="nonsense is not a key"):
        loaded = config.load(file, tmp_path)
        for name, accounts in loaded.accounts.items():
            for account in accounts:
                config.account_settings(loaded, name, account, kinds[name].settings_type, Vault(tmp_path, {}))


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_every_piece_of_configuration_that_is_shown_works(path: Path, tmp_path: Path) -> None:
    kinds = {kind.name(): kind for kind in KINDS}
    for _, language, block in FENCE.findall(path.read_text(encoding="utf-8")):
        if language != "toml" or "[project]" in block:
            continue
        found = tomllib.loads(inspect.cleandoc(block))
        file = tmp_path / "sheetsync.toml"
        # A piece of a table stands where it belongs.
        text = inspect.cleandoc(block)
        file.write_text(
            text if found.keys() <= config._Document.model_fields.keys() else f'[[workbooks]]\npath = "x.xlsx"\n{text}'
        )
        loaded = config.load(file, tmp_path)
        for name, accounts in loaded.accounts.items():
            for account in accounts if name in kinds else ():
                assert config.account_settings(loaded, name, account, kinds[name].settings_type, Vault(tmp_path, {}))


# --- the schema for editors --------------------------------------------------------------------------------------------


def test_the_schema_is_the_one_that_the_code_makes() -> None:
    assert schema.FILE.read_text(encoding="utf-8") == schema.text(), f"run: {schema.COMMAND}"
    assert schema.COMMAND in page("adding-a-connector.md")


def test_the_example_holds_against_the_schema() -> None:
    known = json.loads(schema.FILE.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(known)
    document = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    checker = jsonschema.Draft202012Validator(known)
    assert [error.message for error in checker.iter_errors(document)] == []
    first = EXAMPLE.read_text(encoding="utf-8").splitlines()[0]
    assert (EXAMPLE.parent / first.removeprefix("#:schema ")).resolve() == schema.FILE
    for spoilt in ({"nonsense": 1}, {"connectors": {"mailchimp": {"emea": {"api_key": "in the open"}}}}, {"workbooks": [{}]}):
        assert not checker.is_valid(spoilt), spoilt


# --- the workbook ------------------------------------------------------------------------------------------------------


def test_every_heading_is_listed_with_all_its_names() -> None:
    listed = {}
    for cells in rows(section(page("workbook.md"), "Headings")):
        names = CODE.findall(cells[1])
        meaning = layout.heading(cells[0].removesuffix(" (needed)"))
        assert meaning is not None, cells
        listed[meaning] = tuple(names)
        assert (cells[2] != "never") == (meaning in layout.WRITTEN), cells
        assert cells[0].endswith("(needed)") == (meaning in layout.NEEDED), cells
    assert listed == dict(layout.HEADINGS)
    assert set(listed) == set(Column)


def test_every_word_of_the_sheet_is_listed() -> None:
    text = page("workbook.md")
    kinds = {layout.kind(cells[0]): tuple(CODE.findall(cells[1])) for cells in rows(section(text, "Kinds of key results"))}
    assert kinds == dict(layout.KINDS)
    said = set(codes(text))
    assert {*layout.YES, *layout.NO, *layout.SUBTOTALS} <= said
    assert {word for pair in (*layout.STATUSES.values(), *layout.STATES.values()) for word in pair} <= said
    assert set(Unmeasured) <= said
    colours = {cells[0]: cells[1].split()[0].strip("`") for cells in rows(section(text, "Colours"))}
    assert colours == {str(status): colour for status, colour in COLOURS.items()}


# --- failures ----------------------------------------------------------------------------------------------------------


def failures() -> list[type[SheetsyncError]]:
    found = [thing for thing in vars(errors).values() if isinstance(thing, type) and issubclass(thing, SheetsyncError)]
    assert len(found) > 20
    return found


def test_every_failure_is_explained_where_it_belongs() -> None:
    text = page("when-something-fails.md")
    of_a_row = table(section(text, "One row: what each failure means"))
    of_a_book = table(section(text, "A whole workbook"))
    others = table(section(text, "The program"))
    for kind in failures():
        if issubclass(kind, LinkError) and kind is not LinkError:
            assert of_a_row.pop(kind.__name__)[0] == kind.state, kind
        elif kind.exit_code == errors.WorkbookError.exit_code:
            assert len(of_a_book.pop(kind.__name__)) == 3, kind
        elif kind not in (LinkError, SheetsyncError):
            assert others.pop(kind.__name__)[1] == str(kind.exit_code), kind
        else:
            assert f"`{kind.__name__}`" in text
    assert (of_a_row, of_a_book, others) == ({}, {}, {})


# --- connectors --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name())
def test_every_connector_has_a_page_that_names_what_it_can(kind: AnyConnector) -> None:
    path = DOCS / "services" / f"{kind.name()}.md"
    assert path.is_file(), f"write {named(path)}"
    text = path.read_text(encoding="utf-8")
    said = set(codes(text))
    settings = {key.name for key in keys_of(kind.settings_type)} - GENERAL
    assert settings <= said
    words = set(re.findall(r"\w+", text.casefold().replace("isation", "ization")))
    kinds = {pattern.kind for pattern in kind.links if not pattern.instead}
    assert {name for name in kinds if not {name, name.removesuffix("s"), name + "s"} & words} == set()
    # A measure that is the only one of its kind is never typed.
    assert {metric.name.casefold() for metrics in kind.metrics.values() if len(metrics) > 1 for metric in metrics} <= words
    shown = [re.compile(".+".join(map(re.escape, code.split("…")))) for code in said]
    works = any(pattern.fullmatch(example.link) for pattern in shown for example in kind.examples)
    assert works or not kind.examples, "show an address that works"
    assert re.search(r"real (service|thing)", text), "say whether it was ever run against the real service"


def shown_links() -> Iterator[tuple[str, str, bool]]:
    """Each address in a table of links.md and of a service's page; the last is whether the row says that it is refused."""
    for path in [DOCS / "links.md", *sorted((DOCS / "services").glob("*.md"))]:
        for cells in rows(path.read_text(encoding="utf-8")):
            refused = "refused" in " ".join(cells[1:]).casefold()
            for cell in cells:
                for code in CODE.findall(cell)[:1]:
                    if (
                        cell == f"`{code}`"
                        and re.match(r"(?:file|sql|manual|rollup|mail|ftp):|https?://[^/]+/", code)
                        and "…" not in code
                    ):
                        yield named(path), code, refused


def answered_by(text: str) -> str:
    """The one connector that understands the link. Raises LinkError, as a run does."""
    link = links.parse(text)
    assert link is not None, text
    link = links.fill_in(link, QUARTER, date(2027, 2, 3))
    scheme, _, rest = link.url.partition(":")
    if scheme in {"manual", "rollup"} and (scheme == "manual" or rest in scan.ROLLUPS):
        return scheme
    links.split(link.url)
    for last in (False, True):  # the one that serves any permitted address comes after all others
        claims = [kind.name() for kind in KINDS if kind.catch_all is last and kind.resolve(link) is not None]
        if claims:
            (only,) = claims
            return only
    raise errors.UnknownLink("nobody")


@pytest.mark.parametrize(("where", "text", "refused"), [*shown_links()])
def test_every_link_that_is_shown_is_understood(where: str, text: str, refused: bool) -> None:
    if refused:
        with pytest.raises(LinkError):
            answered_by(text)
        return
    name = answered_by(text)
    if where.startswith("docs/services/"):
        assert name == Path(where).stem


def test_the_links_of_readme_are_understood() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = [code for code in codes(text) if re.match(r"(?:file|sql|manual|rollup):|https://", code)]
    assert len(shown) >= 5
    assert all(answered_by(code) for code in shown if "…" not in code)


def test_every_option_is_explained() -> None:
    text = page("links.md")
    assert set(table(section(text, "Choices behind the address"))) == set(OPTION_NAMES)
    placeholders = set(table(section(text, "Placeholders")))
    assert placeholders == {"{period.start}", "{period.end}", "{today}"}


# --- the pages themselves ----------------------------------------------------------------------------------------------


def anchors(path: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    text = FENCE.sub("", path.read_text(encoding="utf-8"))
    return {
        re.sub(r"[^\w\- ]", "", heading.replace("`", "")).strip().lower().replace(" ", "-") for heading in HEADING.findall(text)
    }


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_every_link_between_pages_leads_somewhere(path: Path) -> None:
    for target in LINK.findall(prose(path.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.exists(), target
        if anchor:
            assert anchor in anchors(there), target


def test_every_page_can_be_reached_from_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        here = waiting.pop()
        reached.add(here)
        targets = (target.partition("#")[0] for target in LINK.findall(prose(here.read_text(encoding="utf-8"))))
        for target in targets:
            there = (here.parent / target).resolve()
            found = sorted(there.glob("*.md")) if there.is_dir() and there != ROOT and target else [there]
            waiting += [one for one in found if one.suffix == ".md" and one not in reached and one.is_file()]
    assert {named(path) for path in set(PAGES) - reached} == set()


@pytest.mark.parametrize("path", [*PAGES, EXAMPLE], ids=named)
def test_no_page_names_a_path_of_the_machine_it_was_written_on(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"(?<![\w.])/(?:work|tmp|root|farm|home|mnt)/\S*", text) == []
    assert str(ROOT) not in text


# --- the example of a connector ----------------------------------------------------------------------------------------


def files_in(text: str) -> dict[str, str]:
    """The code blocks of a page that are files: name -> content."""
    found = re.findall(r"^<!-- file: (\S+) -->\n```\w*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(found) == text.count("<!-- file: ")
    return dict(found)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The package of docs/adding-a-connector.md, as if it were installed in this folder."""
    for name, text in files_in(page("adding-a-connector.md")).items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    project = tomllib.loads((tmp_path / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    told = tmp_path / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    told.mkdir()
    (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    (told / "entry_points.txt").write_text(
        "".join(
            f"[{group}]\n" + "".join(f"{name} = {where}\n" for name, where in points.items())
            for group, points in project["entry-points"].items()
        )
    )
    return tmp_path


def python(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    here = {**os.environ, "PYTHONPATH": os.pathsep.join((str(folder), str(ROOT))), "PYTHONUTF8": "1", **environment}
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=here, capture_output=True, text=True, check=False, timeout=120
    )


def test_the_connector_of_the_page_passes_its_contract(package: Path) -> None:
    done = python(package, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", ".", ".")
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    contract = [
        name
        for name, _ in inspect.getmembers(__import__("sheetsync.testing").testing.ConnectorContract)
        if name.startswith("test_")
    ]
    assert int(passed[1]) == len(contract) + 1


def test_the_connector_of_the_page_is_loaded_only_where_it_is_named(package: Path) -> None:
    (link,) = re.findall(r"`sheetsync explain \"(https://app\.letterbox[^\"]+)\"`", page("adding-a-connector.md"))
    known = python(package, "-m", "sheetsync", "explain", link, "--json", LETTERBOX_KEY="canary-0123456789")
    assert known.returncode == 0, known.stdout + known.stderr
    told = json.loads(known.stdout)
    assert (told["state"], told["connector"], told["account"], told["kind"]) == ("ok", "letterbox", "main", "letter")
    (package / "sheetsync.toml").write_text("")
    listed = python(package, "-m", "sheetsync", "connectors", "--json")
    assert [one.get("loaded") for one in json.loads(listed.stdout)["connectors"] if one["name"] == "letterbox"] == [False]
    assert python(package, "-m", "sheetsync", "explain", link).returncode == 1


def test_the_workbook_of_the_page_passes_its_contract(tmp_path: Path) -> None:
    (file,) = files_in(page("adding-a-workbook.md")).items()
    (tmp_path / file[0]).write_text(file[1], encoding="utf-8")
    done = python(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", ".", ".")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\d\d passed", done.stdout)
