"""The floors of the house: who may import whom. Held by the imports themselves, not by habit."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "sheetsync"
GROUND = {"errors", "model", "values", "links", "texts", "secrets", "log"}
STANDARD = set(sys.stdlib_module_names)

MAY: dict[str, set[str]] = {
    "errors": set(),
    "model": {"errors", "texts"},
    "values": {"errors"},
    "links": {"errors", "model"},
    "texts": {"errors"},
    "secrets": {"errors", "_locks"},
    "log": {"texts"},
    "okr": GROUND | {"okr"},
    "workbooks": GROUND | {"workbooks", "web"},
    "web": GROUND | {"web"},
    "connectors": GROUND | {"connectors", "web"},
    "fetch": GROUND | {"connectors"},
    "sync": GROUND | {"okr", "workbooks", "fetch"},
    "history": GROUND,
    "_locks": {"errors"},
    "config": GROUND,
    "due": set(),
    "daemon": GROUND | {"app", "_locks", "due", "fetch", "status", "asks", "process", "reminders", "tally", "watching"},
    "process": GROUND,
    "tally": GROUND | {"fetch", "status", "watching"},
    "watching": GROUND | {"config", "due", "fetch"},
    "asks": GROUND | {"_locks"},
    "reminders": GROUND | {"alerts", "app", "config", "due", "review"},
    "service": GROUND,
    "status": GROUND | {"okr"},
    "alerts": GROUND | {"okr", "web"},
    "targets": GROUND | {"alerts", "config", "web"},
    "template": GROUND | {"okr"},
    "recorder": GROUND | {"okr", "fetch", "history"},
    "explain": GROUND | {"okr", "connectors"},
    "demo": GROUND | {"okr", "template"},
    "catalogue": GROUND | {"app", "connectors"},
    "doctor": GROUND | {"app", "config", "okr", "opening", "web", "connectors"},
    "tabular": set(),
    "plot": set(),
    "provenance": GROUND | {"okr", "history", "tabular"},
    "rollover": GROUND | {"okr", "tabular"},
    "beginning": GROUND | {"app", "config", "demo", "demo_google", "okr", "service", "template"},
    "forecast": GROUND | {"okr"},
    "returns": GROUND | {"forecast"},
    "review": GROUND | {"okr", "history", "forecast", "returns"},
    "opening": GROUND | {"config", "fetch", "web", "workbooks"},
    "demo_google": GROUND | {"_testing", "app", "config"},
    "next_period": GROUND | {"app", "config", "okr", "rollover", "template", "workbooks"},
    "app": {"*"},
    "__main__": {"cli"},
    "connect": GROUND | {"app", "config", "connectors", "keeping", "web"},
    "connect_google": GROUND | {"app", "config", "connect", "connectors", "keeping", "opening", "web", "workbooks"},
    "keeping": GROUND | {"app", "config"},
    "showing": GROUND | {"app", "config", "doctor", "okr", "history", "plot", "provenance"},
    "cli": GROUND
    | {
        "app",
        "asks",
        "process",
        "showing",
        "daemon",
        "connect",
        "connect_google",
        "catalogue",
        "doctor",
        "beginning",
        "okr",
        "config",
        "review",
        "provenance",
        "next_period",
    },
    "_testing": {"*"},
    "testing": {"*"},
}
"""Room -> the rooms it may know."""

ONLY_IN: dict[str, set[str]] = {
    "httpx2": {"web"},
    "httpcore2": {"web", "_testing"},
    "pandas": {"connectors/_tables", "connectors/_measures", "connectors/_shapes", "connectors/_cells", "review"},
    "openpyxl": {"review", "_testing"},
    "xlsxwriter": {"template"},
    "python_calamine": {"connectors/_tables", "connectors/_excel", "connectors/_cells"},
    "sqlalchemy": {"connectors/sql"},
    "sqlite3": {"history", "demo"},
    "schedule": {"daemon"},
    "typer": {"cli"},
    "pydantic": {"config"},
    "pydantic_settings": {"config"},
    "filelock": {"_locks"},
    "requests": {"workbooks/_google/session", "workbooks/_google/client", "_testing"},
    "gspread": {"workbooks/_google/client"},
    "google.auth": {"workbooks/_google/session", "workbooks/_google/client", "connectors/_google", "_testing"},
    "urllib.request": set(),
    "socket": {"web", "workbooks", "process"},
}
"""A library -> the rooms (or files) that may import it."""


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module or ""
            yield from (f"{node.module}.{name.name}" for name in node.names if node.module == "sheetsync")


def breaches(name: str, source: str) -> list[str]:
    """What a file imports and must not; `name` is its path below the package, without `.py`."""
    room = room_of(PACKAGE / f"{name}.py")
    found = []
    for module in imports_of(ast.parse(source)):
        if module.startswith("sheetsync."):
            target = room_of(PACKAGE / f"{module.split('.')[1]}.py")
            allowed = MAY[room]
            if target != room and "*" not in allowed and target not in allowed and not target.startswith("__"):
                found.append(f"{name} imports {module}")
        for library, places in ONLY_IN.items():
            inside = any(name == place or name.split("/", maxsplit=1)[0] == place or room == place for place in places)
            if (module == library or module.startswith(f"{library}.")) and not inside:
                found.append(f"{name} imports {module}")
    return found


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_file_imports_above_its_floor(path: Path) -> None:
    name = str(path.relative_to(PACKAGE).with_suffix("")).replace("\\", "/")
    if name == "__init__":
        return
    assert breaches(name, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("okr/scan", "from sheetsync.workbooks.excel import Excel"),
        ("workbooks/excel", "import sheetsync.okr.plan"),
        ("connectors/mailchimp", "from sheetsync.config import Config"),
        ("connectors/mailchimp", "def f():\n    import httpx2"),
        ("connectors/sql", "import pandas as pd"),
        ("fetch", "from sheetsync.app import App"),
        ("errors", "from sheetsync.model import Link"),
    ],
)
def test_a_planted_breach_is_found(name: str, source: str) -> None:
    assert breaches(name, source)


def test_connectors_do_not_know_each_other() -> None:
    leaves = [path for path in (PACKAGE / "connectors").glob("*.py") if not path.stem.startswith("_")]
    for path in leaves:
        if path.stem in {"base", "registry"}:
            continue
        modules = imports_of(ast.parse(path.read_text(encoding="utf-8")))
        known = {module.split(".")[2] for module in modules if module.startswith("sheetsync.connectors.")}
        assert all(name == "base" or name.startswith("_") for name in known), path
        assert "environ" not in path.read_text(encoding="utf-8"), path


def test_only_the_command_line_prints() -> None:
    for path in FILES:
        calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
        assert not any(isinstance(call.func, ast.Name) and call.func.id == "print" for call in calls), path


def test_okr_asks_no_clock() -> None:
    for path in (PACKAGE / "okr").glob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert "import time" not in source, path
        assert ".now(" not in source, path
        assert ".today(" not in source, path


LONG: dict[str, str] = {
    "_testing/connectors.py": "one contract, read from top to bottom by everybody who adds a connector",
    "alerts.py": "what is told, and the five ways to tell it, are one promise: once",
    "app.py": "the only room that sees everything: each part is a few lines",
    "cli.py": "one function a command, and no logic",
    "config.py": "every key of one file",
    "connectors": "half of a connector's file are its links, measures and examples; of base.py, its words",
    "daemon.py": "one loop; its parts share one state",
    "fetch.py": "one lane's life: pace, tries, stop and breaker act on the same state",
    "forecast.py": "one method and its honesty",
    "history/store.py": "one method a question that the others ask of the past",
    "model.py": "the words of the project, all of them",
    "okr/plan.py": "all decisions about what is written stand in one place",
    "okr/scan.py": "all decisions about what a sheet means stand in one place",
    "review": "a page and its pictures",
    "template/_review.py": "one page, block after block",
    "status.py": "one page, what it says to Prometheus, and the small server that shows both",
    "web/auth.py": "the ways in, side by side",
    "web/http.py": "the one door",
    "workbooks/_files.py": "one protocol, step by step",
    "workbooks/_ooxml": "a format with six hundred pages of specification",
}
"""Files over 300 lines, or folders that may hold some -> why."""


def test_files_stay_small() -> None:
    """A file over 300 lines is a question, over 500 an answer."""
    lines = {str(path.relative_to(PACKAGE)).replace("\\", "/"): len(path.read_text("utf-8").splitlines()) for path in FILES}
    long = {name for name, count in lines.items() if count > 300}
    assert {name for name in long if lines[name] > 500} == set()
    assert {name for name in long if not any(name == place or name.startswith(f"{place}/") for place in LONG)} == set()


CONNECTORS: tuple[str, ...] = tuple(
    sorted(path.stem for path in (PACKAGE / "connectors").glob("[a-z]*.py") if path.stem not in {"base", "registry"})
)
"""Those that people copy from when they write their own."""

APART: dict[str, str] = {
    "file": "what keeps a path inside its folder stands where the path is opened",
    "google_sheet": "reads addresses of cells, and is not yet brought into the order of the others",
    "mail": "what can be wrong with a report's settings is found before anybody is asked",
    "sql": "a driver and its transaction in place of the web, and not yet brought into the order of the others",
}
"""Connectors that are not held to it -> why."""

PARTS: tuple[str, ...] = (
    "title", "settings_type", "home", "path", "limits", "local", "catch_all", "links", "metrics", "examples", "unsupported",
    "strangers", "__init__", "origins", "auth", "consent", "resolve", "match", "chosen", "serves", "fetch", "fetch_batch", "read",
    "refine", "probe", "warning",
)  # fmt: skip
"""The parts of a connector, in the order in which every file has them; what is private to it comes last."""


def parts_of(source: str) -> list[str]:
    """The parts of the one connector of a file, as they stand in it."""
    classes = [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
    kind = re.compile(r"((Batch)?Connector|Permitted)(\[|$)")
    (connector,) = (one for one in classes if any(kind.match(ast.unparse(base)) for base in one.bases))
    found = []
    for node in connector.body:
        if isinstance(node, ast.FunctionDef):
            found.append(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            found.append(ast.unparse(target))
    return found


@pytest.mark.parametrize("name", [name for name in CONNECTORS if name not in APART])
def test_a_connector_reads_as_the_first_one_does(name: str) -> None:
    """60 to 200 lines, its parts in the one order, private ones last, nothing but its settings beside it."""
    source = (PACKAGE / "connectors" / f"{name}.py").read_text(encoding="utf-8")
    assert 60 <= len(source.splitlines()) <= 200
    found = parts_of(source)
    public = [part for part in found if part in PARTS]
    assert public == sorted(public, key=PARTS.index)
    own = [part for part in found if part not in PARTS]
    assert found == public + own
    assert all(part == "base" or part.startswith("_") for part in own)
    beside = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    assert beside == []


def test_exceptions_are_connectors() -> None:
    assert APART.keys() <= set(CONNECTORS)


def test_a_planted_disorder_is_found() -> None:
    found = parts_of("class Letterbox(Connector[Settings]):\n    links = ()\n    title = ''\n\n    def probe(self): ...\n")
    assert found == ["links", "title", "probe"]
    assert found != sorted(found, key=PARTS.index)
