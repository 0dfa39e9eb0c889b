"""Files: a path below a permitted folder is read, and nothing else can be reached, felt or guessed."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from sheetsync import links
from sheetsync.connectors.file import File
from sheetsync.errors import (
    AccessDenied,
    Incomplete,
    LinkError,
    NoSuchMetric,
    NotFound,
    SheetsyncError,
    UnexpectedReply,
)
from sheetsync.model import Link, Outcome, Query, Reading, Resource
from sheetsync.testing import account_of, run_links

LEADS = b"stage,amount\nSQL,100\nMQL,5\nsql,0.5\n"
MOMENT = datetime(2027, 2, 3, 8, 0, tzinfo=UTC)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A folder with permitted and other files."""
    for name, content in {
        "data/leads.csv": LEADS,
        "data/deep/er/a b&c 売上.csv": LEADS,
        "secret.csv": LEADS,
        "data2/x.csv": LEADS,
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (MOMENT.timestamp(), MOMENT.timestamp()))
    return tmp_path


def outcome(base: Path, text: str, **settings: Any) -> Outcome:
    account = account_of(File, {"base": str(base), "folders": ("data",), **settings})
    outcomes, fetched = run_links([account], [text])
    assert fetched.requests <= 1
    return outcomes[text]


def direct(base: Path, path: str, **settings: Any) -> Any:
    """What `fetch` does with a resource, whoever made it."""
    account = account_of(File, {"base": str(base), "folders": ("data",), **settings})
    return account.fetch(Resource("file", path), None)  # type: ignore[arg-type]  # a file needs no network


@pytest.mark.parametrize("example", File.examples, ids=lambda example: example.link)
def test_the_examples(example: Any) -> None:
    link = links.parse(example.link)
    assert link is not None
    resource, metric = File.resolve(link) or (Resource("", ""), "")
    assert (str(resource), metric) == (example.resource, example.metric)
    if example.document is not None:
        account = account_of(File, {"folders": ("data",)})
        assert account.read(example.document, Query("file", "default", resource, metric)).value == example.value


@pytest.mark.parametrize(
    "text", [*File.strangers, "file:data/", "file:.", "file:~/a.csv", "file:data/%00.csv", "file:data%5Ca.csv"]
)
def test_strangers_are_not_taken(text: str) -> None:
    try:
        link = links.parse(text)
        assert link is None or File.resolve(link) is None
    except LinkError as error:
        assert str(error)
        assert error.advice


def test_a_file_is_read_with_its_moment(base: Path) -> None:
    found = outcome(base, "file:data/leads.csv#sum(amount)&where=stage:SQL")
    assert isinstance(found, Reading)
    assert (found.value, found.unit, found.as_of) == (Decimal("100.5"), "", MOMENT)
    assert "data/leads.csv" in found.source


@pytest.mark.parametrize("path", ["data/leads.csv", "./data/./leads.csv", "data//leads.csv", "d%61ta/leads.csv"])
def test_one_file_is_one_resource(path: str) -> None:
    found = File.resolve(Link(f"file:{path}"))
    assert found == (Resource("file", "data/leads.csv"), "value")


def test_names_of_all_kinds(base: Path) -> None:
    for name in ("data/deep/er/a b&c 売上.csv", quote("data/deep/er/a b&c 売上.csv")):
        assert isinstance(outcome(base, f"file:{name}#count"), Reading)


def test_rows_on_one_file_share_one_reading(base: Path) -> None:
    account = account_of(File, {"base": str(base), "folders": ("data",)})
    texts = [f"file:data/leads.csv#{metric}" for metric in ("count", "sum(amount)", "max(amount)", "share(stage:SQL)")]
    outcomes, fetched = run_links([account], texts)
    assert fetched.requests == 1
    assert [found.value for found in outcomes.values() if isinstance(found, Reading)][:3] == [3, Decimal("105.5"), 100]


def test_another_workbook(base: Path) -> None:
    with xlsxwriter.Workbook(str(base / "data/other.xlsx")) as book:
        sheet = book.add_worksheet("Plan")
        sheet.write("B7", 12.5)
        sheet.write_formula("B8", "=B7*2", None, 25)
        sheet.write_formula("B9", "=B7*2", None, "")
    for cell, value in {"Plan!B7": Decimal("12.5"), "Plan!B8": Decimal(25)}.items():
        found = outcome(base, f"file:data/other.xlsx#cell={cell}")
        assert isinstance(found, Reading)
        assert found.value == value
    found = outcome(base, "file:data/other.xlsx#cell=Plan!B9")
    assert isinstance(found, UnexpectedReply)
    assert "no stored result" in str(found)


@pytest.mark.parametrize(
    ("text", "kind", "settings"),
    [
        ("file:data/gone.csv", NotFound, {}),
        ("file:secret.csv", NotFound, {}),
        ("file:gone.csv", NotFound, {}),
        ("file:data2/x.csv", NotFound, {}),
        ("file:data/deep", UnexpectedReply, {}),
        ("file:data/leads.csv", Incomplete, {"max_megabytes": 0}),
        ("file:data/leads.csv#sum(x)", NoSuchMetric, {}),
        ("file:data/leads.csv#cuont", NoSuchMetric, {}),
        ("file:data/leads.csv#count&filter=stage:SQL", NoSuchMetric, {}),
        ("file:data/leads.csv", NoSuchMetric, {}),
    ],
)
def test_what_gives_no_figure(base: Path, text: str, kind: type[LinkError], settings: Mapping[str, Any]) -> None:
    found = outcome(base, text, **settings)
    assert isinstance(found, kind), found
    assert found.advice
    assert len(str(found)) <= 200
    assert str(base) not in str(found)


def test_the_same_words_for_a_file_outside_whether_it_is_there_or_not(base: Path) -> None:
    (base / "data/there").symlink_to(base / "secret.csv")
    (base / "data/gone").symlink_to(base / "nothing.csv")
    (base / "data/loop").symlink_to(base / "data/loop")
    (base / "data/up").symlink_to(base, target_is_directory=True)
    said = set()
    inside = [f"data/{path}" for path in ("there", "gone", "loop", "up/secret.csv", "up/nothing.csv", "nowhere.csv")]
    for path in [*inside, "secret.csv", "nothing.csv", "data2/x.csv", "data3/x.csv"]:
        found = outcome(base, f"file:{path}#count")
        assert isinstance(found, NotFound), (path, found)
        said.add((found.template, found.advice))
    assert len(said) == 1


@pytest.mark.parametrize("path", ["../data/leads.csv", "data/../secret.csv", "secret.csv", "/etc/passwd", "data"])
def test_fetch_holds_the_wall_by_itself(base: Path, path: str) -> None:
    """Even for a resource that `resolve` would never make."""
    with pytest.raises(NotFound):
        direct(base, path if path != "../data/leads.csv" else f"../{base.name}/secret.csv")


def test_a_link_inside_the_permitted_folders_is_followed(base: Path) -> None:
    (base / "data/alias.csv").symlink_to("leads.csv")
    (base / "data/mounted").symlink_to(base / "data2", target_is_directory=True)
    assert isinstance(outcome(base, "file:data/alias.csv#count"), Reading)
    assert isinstance(outcome(base, "file:data/mounted/x.csv#count"), NotFound)
    assert isinstance(outcome(base, "file:data/mounted/x.csv#count", folders=("data", str(base / "data2"))), Reading)
    assert isinstance(outcome(base, "file:secret.csv#count", folders=(".",)), Reading)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes in folders there")
def test_a_pipe_does_not_hang(base: Path) -> None:
    os.mkfifo(base / "data/pipe.csv")
    found = outcome(base, "file:data/pipe.csv#count")
    assert isinstance(found, UnexpectedReply)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_that_may_not_be_read(base: Path) -> None:
    (base / "data/leads.csv").chmod(0)
    assert isinstance(outcome(base, "file:data/leads.csv#count"), AccessDenied)


def test_a_folder_exchanged_for_a_link_on_the_way_is_noticed(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (base / "outside").mkdir()
    (base / "outside/a.csv").write_bytes(LEADS)
    (base / "data/sub").mkdir()
    (base / "data/sub/a.csv").write_bytes(LEADS)
    permitted = File._permitted

    def exchanged(self: File, path: str) -> tuple[Path, Path]:
        found = permitted(self, path)
        (base / "data/sub/a.csv").unlink()
        (base / "data/sub").rmdir()
        (base / "data/sub").symlink_to(base / "outside", target_is_directory=True)
        return found

    monkeypatch.setattr(File, "_permitted", exchanged)
    with pytest.raises(LinkError):
        direct(base, "data/sub/a.csv")


def test_a_file_that_changes_while_it_is_read_is_read_again(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, seen = os.fdopen, []

    def growing(descriptor: int, *args: Any, **more: Any) -> Any:
        if not seen:
            seen.append(descriptor)
            with (base / "data/leads.csv").open("ab") as file:
                file.write(b"SQL,1\n")
        return real(descriptor, *args, **more)

    monkeypatch.setattr(os, "fdopen", growing)
    found = outcome_tried(base, "file:data/leads.csv#count")
    assert isinstance(found, Reading)
    assert found.value == 4


def outcome_tried(base: Path, text: str) -> Outcome:
    outcomes, fetched = run_links([account_of(File, {"base": str(base), "folders": ("data",)})], [text])
    assert fetched.requests == 2
    return outcomes[text]


def test_two_accounts_have_folders_of_their_own(base: Path) -> None:
    accounts = [account_of(File, {"base": str(base), "folders": (folder,)}, name=folder) for folder in ("data", "data2")]
    texts = [f"file:{path}#count&account={name}" for path in ("data/leads.csv", "data2/x.csv") for name in ("data", "data2")]
    outcomes, _ = run_links(accounts, texts)
    assert [type(found) for found in outcomes.values()] == [Reading, NotFound, NotFound, Reading]


def test_an_old_encoding_is_the_operators_to_name(base: Path) -> None:
    (base / "data/gb.csv").write_bytes("阶段,金额\n赢单,5\n".encode("gb18030"))
    text = "file:data/gb.csv#sum(金额)&where=阶段:赢单"
    assert isinstance(outcome(base, text), UnexpectedReply)
    found = outcome(base, text, encoding="gb18030")
    assert isinstance(found, Reading)
    assert found.value == 5


PATHS = st.lists(
    st.sampled_from(["..", ".", "data", "a.csv", "%2e%2e", "%2F", "/", "\\", "~", "C:", "nul", "\u2025", "é", " "]), max_size=6
)


@given(st.one_of(st.text(max_size=40), PATHS.map("/".join), PATHS.map("".join)))
def test_no_text_leads_out(path: str) -> None:
    try:
        found = File.resolve(Link(f"file:{path}"))
    except SheetsyncError as error:
        assert str(error)
        return
    if found is not None:
        parts = found[0].id.split("/")
        assert ".." not in parts
        assert all(parts)
        assert not Path(found[0].id).is_absolute()
